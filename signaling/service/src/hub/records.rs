//! Writes what rooms want recorded: one room's facts in order, each again and again until it is on record.

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::Inner;
use crate::authority::{CallAuthority, Finding, RecordError, SegmentKey, Standing, UtcMicros};
use crate::clock::SegmentId;
use crate::limits::{ANSWER_WAIT, RECORD_RETRY_MAX, RECORD_RETRY_MIN};
use crate::metrics::Count;
use crate::room::{Input, Record};

/// Writes one room's records until the room is gone.
pub(super) async fn write_records(inner: Weak<Inner>, call: String, mut records: mpsc::Receiver<Record>) {
    while let Some(record) = records.recv().await {
        let mut pause = RECORD_RETRY_MIN;
        loop {
            let Some(hub) = inner.upgrade() else { return };
            match write(hub.authority.as_ref(), &call, &record).await {
                Ok((standing, told)) => {
                    hub.metrics.add(Count::RecordsWritten);
                    if matches!(record, Record::CallEnded { .. }) {
                        hub.metrics.add(Count::CallsEnded);
                    }
                    if let (Record::Arrived { seat, .. }, Some(at)) = (&record, told) {
                        let seat = seat.clone();
                        hub.handle(&call, Input::ProviderTold { seat, at });
                    }
                    hub.handle(&call, Input::Recorded { record, standing });
                    break;
                }
                Err(error) => {
                    hub.metrics.add(Count::RecordsFailed);
                    tracing::warn!(call, %error, "a record waits");
                }
            }
            drop(hub);
            sleep(pause).await;
            pause = (pause * 2).min(RECORD_RETRY_MAX);
        }
    }
}

/// Gives whether the appointment lives, and when the provider was told that somebody waits.
async fn write(
    authority: &dyn CallAuthority,
    call: &str,
    record: &Record,
) -> Result<(Standing, Option<UtcMicros>), RecordError> {
    let lives = |written: Result<(), RecordError>| written.map(|()| (Standing::Lives, None));
    let stands = |written: Result<Standing, RecordError>| written.map(|standing| (standing, None));
    let key = |segment: &SegmentId| SegmentKey {
        call: call.to_owned(),
        seat: segment.seat.clone(),
        seq: segment.seq,
    };
    let written = async {
        match record {
            Record::Arrived { seat, at, unattended } => {
                let told = authority.record_arrival(call, seat, *at, *unattended).await;
                told.map(|told| (Standing::Lives, told))
            }
            Record::Admitted { seat, at } => stands(authority.record_admission(call, seat, *at).await),
            Record::LeftForGood { seat, at } => lives(authority.record_leaving_for_good(call, seat, *at).await),
            Record::Open { segment, started_at } => stands(authority.open_segment(&key(segment), *started_at).await),
            Record::Close { segment, ended_at, end } => {
                lives(authority.close_segment(&key(segment), *ended_at, *end).await)
            }
            Record::CallEnded { at } => lives(authority.record_call_end(call, *at).await),
        }
    };
    match timeout(ANSWER_WAIT, written).await {
        Ok(result) => result,
        Err(_) => Err(RecordError("no answer in time".to_owned())),
    }
}

/// Moves the last-seen times of all open segments forward, every room's in one write, and asks which rooms and seats may
/// not go on. What fails needs no memory: the next time says and asks the same and more.
pub(super) async fn checkpoint_for_ever(inner: Weak<Inner>, period: Duration) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(hub) = inner.upgrade() else { return };
        checkpoint(&hub).await;
        review(&hub).await;
    }
}

/// Ends the rooms whose appointment is over and the seats that are no longer whose they were, however that came.
pub(super) async fn review(hub: &Arc<Inner>) {
    let rooms = hub.rooms_to_review();
    if rooms.is_empty() {
        return;
    }
    let findings = match timeout(ANSWER_WAIT, hub.authority.review_rooms(&rooms)).await {
        Ok(Ok(findings)) => findings,
        Ok(Err(error)) => {
            hub.metrics.add(Count::ReviewsFailed);
            tracing::warn!(%error, rooms = rooms.len(), "nobody knows whether the calls may go on");
            return;
        }
        Err(_) => {
            hub.metrics.add(Count::ReviewsFailed);
            tracing::warn!(rooms = rooms.len(), "a review took too long");
            return;
        }
    };
    for finding in findings {
        match finding {
            Finding::CallOver { call, reason } => hub.handle(&call, Input::AppointmentOver(reason)),
            Finding::PriceChanged { call, price } => hub.handle(&call, Input::PriceChanged(price)),
            Finding::SeatOver { call, seat, reason } => hub.handle(&call, Input::SeatOver(seat, reason)),
        }
    }
}

pub(super) async fn checkpoint(hub: &Arc<Inner>) {
    let seen = hub.open_segments();
    if seen.is_empty() {
        return;
    }
    let result = timeout(ANSWER_WAIT, hub.authority.record_checkpoint(&seen)).await;
    match result {
        Ok(Ok(not_open)) => {
            hub.metrics.add(Count::Checkpoints);
            if !not_open.is_empty() {
                alarm(hub, &not_open);
            }
        }
        Ok(Err(error)) => {
            hub.metrics.add(Count::CheckpointsFailed);
            tracing::warn!(%error, segments = seen.len(), "a checkpoint failed");
        }
        Err(_) => {
            hub.metrics.add(Count::CheckpointsFailed);
            tracing::warn!(segments = seen.len(), "a checkpoint took too long");
        }
    }
}

/// Somebody closed what we measure: its time is lost from now on. What ended here meanwhile is no loss.
fn alarm(hub: &Arc<Inner>, not_open: &[SegmentKey]) {
    let open = hub.open_segments();
    for key in not_open.iter().filter(|key| open.iter().any(|(ours, _)| ours == *key)) {
        hub.metrics.add(Count::CheckpointsNotOpen);
        tracing::error!(
            call = key.call,
            seat = key.seat,
            seq = key.seq,
            "a running segment is closed on record: its time is lost"
        );
    }
}
