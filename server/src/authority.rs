//! The booking side as signaling's authority: every question goes to the booking side's own function.

use async_trait::async_trait;
use booking_core::AppState;
use booking_core::calls;
use signaling::authority::{Finding, RecordError, RoomReview};
use signaling::{CallAuthority, CallGrant, Refusal, SegmentEnd, SegmentKey, Standing};
use signaling_protocol::{Ticket, UtcMicros};

/// Answers signaling from the appointments on record.
pub(crate) struct Appointments {
    pub(crate) state: AppState,
    /// The name of this process, kept with the segments it measures.
    pub(crate) node: String,
}

fn record<T>(result: Result<T, impl ToString>) -> Result<T, RecordError> {
    result.map_err(|error| RecordError(error.to_string()))
}

#[async_trait]
impl CallAuthority for Appointments {
    async fn authorise_ticket(&self, ticket: &Ticket, now: UtcMicros) -> Result<CallGrant, Refusal> {
        calls::authorise_ticket(&self.state, ticket, now).await
    }

    async fn record_arrival(
        &self,
        call: &str,
        seat: &str,
        at: UtcMicros,
        unattended: bool,
    ) -> Result<Option<UtcMicros>, RecordError> {
        record(calls::record_arrival(&self.state, call, seat, at, unattended).await)
    }

    async fn record_admission(&self, call: &str, seat: &str, at: UtcMicros) -> Result<Standing, RecordError> {
        record(calls::record_admission(&self.state, call, seat, at).await)
    }

    async fn record_leaving_for_good(&self, call: &str, seat: &str, at: UtcMicros) -> Result<(), RecordError> {
        record(calls::record_leaving_for_good(&self.state, call, seat, at).await)
    }

    async fn open_segment(&self, key: &SegmentKey, started_at: UtcMicros) -> Result<Standing, RecordError> {
        record(calls::open_segment(&self.state, &self.node, key, started_at).await)
    }

    async fn record_checkpoint(&self, seen: &[(SegmentKey, UtcMicros)]) -> Result<Vec<SegmentKey>, RecordError> {
        record(calls::record_checkpoint(&self.state, seen).await)
    }

    async fn review_rooms(&self, rooms: &[RoomReview]) -> Result<Vec<Finding>, RecordError> {
        record(calls::review_rooms(&self.state, rooms, self.state.now()).await)
    }

    async fn close_segment(&self, key: &SegmentKey, ended_at: UtcMicros, end: SegmentEnd) -> Result<(), RecordError> {
        record(calls::close_segment(&self.state, key, ended_at, end).await)
    }

    async fn record_call_end(&self, call: &str, at: UtcMicros) -> Result<(), RecordError> {
        record(calls::record_call_end(&self.state, call, at).await)
    }
}
