//! Calls under way, as the service that runs them reports them.

use std::time::Duration;

use super::quality::Leg;
use crate::base::Micros;

/// Longest time of one packet capture.
pub const CAPTURE_MAX: Duration = Duration::from_secs(600);

/// Why no packets are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    #[error("the call is not here, or nobody in it has media")]
    NotHere,
    #[error("another capture runs")]
    Running,
    #[error("the file cannot be written")]
    Failed,
}

/// Knows the calls under way in this process.
pub trait LiveCalls: Send + Sync + 'static {
    fn snapshot(&self) -> Vec<LiveCall>;

    /// Copies the headers of a call's packets into a file for so long, at most [`CAPTURE_MAX`].
    ///
    /// # Errors
    /// See [`CaptureError`].
    fn capture(&self, call: &str, time: Duration) -> Result<(), CaptureError>;

    /// Sends everybody out of the call of a cancelled appointment, if it is here.
    fn cancel(&self, call: &str);
}

/// A call under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// The appointment's id.
    pub call: String,
    pub starts_at: Micros,
    pub ends_at: Micros,
    /// Billable time so far, microseconds.
    pub billable: Micros,
    pub seats: Vec<LiveSeat>,
}

/// A person in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSeat {
    pub seat: String,
    pub name: String,
    pub is_provider: bool,
    /// In the lobby, not let in yet.
    pub waiting: bool,
    /// The media connection is up.
    pub connected: bool,
    /// Counters of the media connection, if there is one.
    pub stats: Option<LiveStats>,
    /// How each of its streams does.
    pub legs: Vec<Leg>,
}

/// Counters since the media connection began. "in" is what came from the participant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LiveStats {
    pub packets_in: u64,
    pub packets_out: u64,
    pub packets_lost_in: u64,
    pub packets_lost_out: u64,
    pub round_trip_ms: Option<u32>,
}

impl LiveStats {
    /// The worse of the two directions, thousandths of the packets.
    #[must_use]
    pub fn loss_permille(&self) -> u32 {
        let permille = |lost: u64, came: u64| {
            let share = (u128::from(lost) * 1000).checked_div(u128::from(lost) + u128::from(came));
            share.map_or(0, |permille| u32::try_from(permille).unwrap_or(1000))
        };
        let out = permille(
            self.packets_lost_out,
            self.packets_out.saturating_sub(self.packets_lost_out),
        );
        permille(self.packets_lost_in, self.packets_in).max(out)
    }
}
