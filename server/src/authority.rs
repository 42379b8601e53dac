//! The booking side as signaling's authority: the same facts in the other one's words.

use async_trait::async_trait;
use booking_core::AppState;
use booking_core::base::db::DbError;
use booking_core::calls::{self, EndReason, GrantError, SegmentId};
use signaling::authority::{RecordError, UtcMicros};
use signaling::{CallAuthority, CallGrant, Refusal, SegmentEnd, SegmentKey};
use signaling_protocol::{PriceTerms, Ticket};

/// Answers signaling from the appointments on record.
pub(crate) struct Appointments {
    pub(crate) state: AppState,
    /// The name of this process, kept with the segments it measures.
    pub(crate) node: String,
}

fn id(key: &SegmentKey) -> SegmentId<'_> {
    (&key.call, &key.seat, key.seq)
}

fn record(result: Result<(), DbError>) -> Result<(), RecordError> {
    result.map_err(|error| RecordError(error.to_string()))
}

#[async_trait]
impl CallAuthority for Appointments {
    async fn authorise(&self, ticket: &Ticket, now: UtcMicros) -> Result<CallGrant, Refusal> {
        let grant = calls::authorise_ticket(&self.state, ticket, now)
            .await
            .map_err(|error| match error {
                GrantError::Unknown => Refusal::Unknown,
                GrantError::NotOpen => Refusal::NotOpen,
                GrantError::Ended => Refusal::Ended,
                GrantError::Cancelled => Refusal::Cancelled,
                GrantError::Unavailable(reason) => {
                    tracing::error!(%reason, "a ticket cannot be looked up");
                    Refusal::Unavailable
                }
            })?;
        Ok(CallGrant {
            call: grant.call,
            seat: grant.seat,
            role: grant.role,
            name: grant.name,
            title: grant.title,
            opens_at: grant.opens_at,
            starts_at: grant.starts_at,
            ends_at: grant.ends_at,
            price: grant.price,
            admitted: grant.admitted,
            billed_before: grant.billed_before,
            next_segment: grant.next_segment,
        })
    }

    async fn arrived(&self, call: &str, seat: &str, at: UtcMicros) -> Result<(), RecordError> {
        record(calls::arrived(&self.state, call, seat, at).await)
    }

    async fn admitted(&self, call: &str, seat: &str, at: UtcMicros) -> Result<(), RecordError> {
        record(calls::admitted(&self.state, call, seat, at).await)
    }

    async fn open_segment(&self, key: &SegmentKey, started_at: UtcMicros) -> Result<(), RecordError> {
        calls::open_segment(&self.state, &self.node, id(key), started_at)
            .await
            .map_err(|error| RecordError(error.to_string()))
    }

    async fn checkpoint(&self, seen: &[(SegmentKey, UtcMicros)]) -> Result<Vec<SegmentKey>, RecordError> {
        let ids: Vec<_> = seen.iter().map(|(key, at)| (id(key), *at)).collect();
        let not_open = calls::checkpoint(&self.state, &ids).await;
        let not_open = not_open.map_err(|error| RecordError(error.to_string()))?;
        let keys = seen.iter().map(|(key, _)| key);
        Ok(keys.filter(|key| not_open.contains(&id(key))).cloned().collect())
    }

    async fn close_segment(&self, key: &SegmentKey, ended_at: UtcMicros, end: SegmentEnd) -> Result<(), RecordError> {
        let reason = match end {
            SegmentEnd::Left => EndReason::Left,
            SegmentEnd::ConnectionLost => EndReason::ConnectionLost,
            SegmentEnd::TakenOver => EndReason::TakenOver,
            SegmentEnd::WindowEnded => EndReason::WindowEnded,
            SegmentEnd::Shutdown => EndReason::Shutdown,
        };
        record(calls::close_segment(&self.state, id(key), ended_at, reason).await)
    }

    async fn call_ended(&self, call: &str, at: UtcMicros) -> Result<(), RecordError> {
        record(calls::call_ended(&self.state, call, at).await)
    }

    fn cost_minor(&self, price: &PriceTerms, billable: i64) -> i64 {
        calls::cost_minor(price, billable)
    }
}
