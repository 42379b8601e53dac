//! What signaling asks and tells the owner of appointments.

use async_trait::async_trait;
use signaling_protocol::Ticket;

pub use signaling_protocol::call::{
    CallGrant, Finding, Refusal, RoomReview, SeatSession, SegmentEnd, SegmentKey, Standing, UtcMicros,
};

/// The records could not be written or read; the caller keeps the facts and tries again.
#[derive(Debug, thiserror::Error)]
#[error("the records could not be reached: {0}")]
pub struct RecordError(pub String);

/// The booking side, as signaling sees it. All times are the media server's measure on the wall clock's anchor.
#[async_trait]
pub trait CallAuthority: Send + Sync + 'static {
    /// Looks up what a genuine, unexpired ticket opens at `now`.
    async fn authorise_ticket(&self, ticket: &Ticket, now: UtcMicros) -> Result<CallGrant, Refusal>;

    /// Somebody arrived at the lobby or in the room; repeated arrivals change nothing. `unattended` when they wait and nobody
    /// of the provider is here: then gives when the provider was told so, if they were.
    async fn record_arrival(
        &self,
        call: &str,
        seat: &str,
        at: UtcMicros,
        unattended: bool,
    ) -> Result<Option<UtcMicros>, RecordError>;

    /// The provider let a seat in. Recorded before any media flows, unless the appointment lives no more.
    async fn record_admission(&self, call: &str, seat: &str, at: UtcMicros) -> Result<Standing, RecordError>;

    /// Somebody left and will not come back. Repeats change nothing.
    async fn record_leaving_for_good(&self, call: &str, seat: &str, at: UtcMicros) -> Result<(), RecordError>;

    /// A span of presence begins, unless the appointment lives no more. Opening the same key twice changes nothing.
    async fn open_segment(&self, key: &SegmentKey, started_at: UtcMicros) -> Result<Standing, RecordError>;

    /// Moves the last-seen times of open segments forward, all in one transaction. Returns those that are not open on
    /// record, whose time is therefore lost.
    async fn record_checkpoint(&self, seen: &[(SegmentKey, UtcMicros)]) -> Result<Vec<SegmentKey>, RecordError>;

    /// Asked as often as there are checkpoints: which of these calls are cancelled or settled, and which of these sign-ins
    /// are over, however they ended, and on whichever server.
    async fn review_rooms(&self, rooms: &[RoomReview]) -> Result<Vec<Finding>, RecordError>;

    /// A span of presence is over; `ended_at` is its last authenticated packet.
    async fn close_segment(&self, key: &SegmentKey, ended_at: UtcMicros, end: SegmentEnd) -> Result<(), RecordError>;

    /// The call is over for good, by its window or by agreement, and all its segments are closed: time to charge. Repeats
    /// change nothing.
    async fn record_call_end(&self, call: &str, at: UtcMicros) -> Result<(), RecordError>;
}
