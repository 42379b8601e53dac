//! What signaling needs to know from, and tell to, whoever owns appointments.

use async_trait::async_trait;
use signaling_protocol::{PriceTerms, Role, Ticket};

/// Unix microseconds, UTC.
pub type UtcMicros = i64;

/// What a good ticket opens: one seat of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallGrant {
    pub call: String,
    pub seat: String,
    pub role: Role,
    /// Name shown to the others.
    pub name: String,
    /// What the call is about, for example the service's title.
    pub title: String,
    /// The room opens here (start minus the lead time).
    pub opens_at: UtcMicros,
    pub starts_at: UtcMicros,
    /// The booked window ends here, and the call with it.
    pub ends_at: UtcMicros,
    pub price: PriceTerms,
    /// Whether this seat was let in before (a reconnect, or a restart of the server). Providers always are.
    pub admitted: bool,
    /// Billable time of this call that is already on record from closed segments, microseconds.
    pub billed_before: i64,
    /// The next unused segment number of this seat.
    pub next_segment: u32,
}

/// Why a ticket that is genuine opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such call, or not for this seat")]
    Unknown,
    #[error("the room is not open")]
    NotOpen,
    #[error("the call is over")]
    Ended,
    #[error("the call was cancelled")]
    Cancelled,
    #[error("the records cannot be reached")]
    Unavailable,
}

/// Names one span of verified presence.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentKey {
    pub call: String,
    pub seat: String,
    pub seq: u32,
}

/// Why a segment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentEnd {
    Left,
    ConnectionLost,
    TakenOver,
    WindowEnded,
    Shutdown,
}

/// The records could not be written; the caller keeps the facts and tries again.
#[derive(Debug, thiserror::Error)]
#[error("the records could not be written: {0}")]
pub struct RecordError(pub String);

/// The booking side, as signaling sees it. All times are the media server's measure on the wall clock's anchor.
#[async_trait]
pub trait CallAuthority: Send + Sync + 'static {
    /// Looks up what a genuine, unexpired ticket opens at `now`.
    async fn authorise(&self, ticket: &Ticket, now: UtcMicros) -> Result<CallGrant, Refusal>;

    /// Somebody arrived at the lobby or in the room; repeated arrivals change nothing.
    async fn arrived(&self, call: &str, seat: &str, at: UtcMicros) -> Result<(), RecordError>;

    /// The provider let a seat in. Recorded before any media flows.
    async fn admitted(&self, call: &str, seat: &str, at: UtcMicros) -> Result<(), RecordError>;

    /// A span of presence begins. Opening the same key twice changes nothing.
    async fn open_segment(&self, key: &SegmentKey, started_at: UtcMicros) -> Result<(), RecordError>;

    /// Moves the last-seen times of open segments forward, all in one transaction. Returns those that are not open on
    /// record, whose time is therefore lost.
    async fn checkpoint(&self, seen: &[(SegmentKey, UtcMicros)]) -> Result<Vec<SegmentKey>, RecordError>;

    /// A span of presence is over; `ended_at` is its last authenticated packet.
    async fn close_segment(&self, key: &SegmentKey, ended_at: UtcMicros, end: SegmentEnd) -> Result<(), RecordError>;

    /// The call is over for good and all its segments are closed: time to charge. Repeats change nothing.
    async fn call_ended(&self, call: &str, at: UtcMicros) -> Result<(), RecordError>;

    /// What `billable` microseconds cost under `price`, minor units: the same pure function the charge uses.
    fn cost_minor(&self, price: &PriceTerms, billable: i64) -> i64;
}
