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
    async fn authorise(&self, ticket: &Ticket, now: UtcMicros) -> Result<CallGrant, Refusal> {
        calls::authorise_ticket(&self.state, ticket, now).await
    }

    async fn arrived(
        &self,
        call: &str,
        seat: &str,
        at: UtcMicros,
        unattended: bool,
    ) -> Result<Option<UtcMicros>, RecordError> {
        record(calls::arrived(&self.state, call, seat, at, unattended).await)
    }

    async fn admitted(&self, call: &str, seat: &str, at: UtcMicros) -> Result<Standing, RecordError> {
        record(calls::admitted(&self.state, call, seat, at).await)
    }

    async fn left_for_good(&self, call: &str, seat: &str, at: UtcMicros) -> Result<(), RecordError> {
        record(calls::left_for_good(&self.state, call, seat, at).await)
    }

    async fn open_segment(&self, key: &SegmentKey, started_at: UtcMicros) -> Result<Standing, RecordError> {
        record(calls::open_segment(&self.state, &self.node, key, started_at).await)
    }

    async fn checkpoint(&self, seen: &[(SegmentKey, UtcMicros)]) -> Result<Vec<SegmentKey>, RecordError> {
        record(calls::checkpoint(&self.state, seen).await)
    }

    async fn review(&self, rooms: &[RoomReview]) -> Result<Vec<Finding>, RecordError> {
        record(calls::review(&self.state, rooms, self.state.now()).await)
    }

    async fn close_segment(&self, key: &SegmentKey, ended_at: UtcMicros, end: SegmentEnd) -> Result<(), RecordError> {
        record(calls::close_segment(&self.state, key, ended_at, end).await)
    }

    async fn call_ended(&self, call: &str, at: UtcMicros) -> Result<(), RecordError> {
        record(calls::call_ended(&self.state, call, at).await)
    }
}
