//! Calls under way, as the service that runs them reports them.

use std::time::Duration;

use signaling_protocol::LiveCall;

/// Longest time of one packet capture.
pub const CAPTURE_MAX: Duration = Duration::from_secs(600);
/// How long captures are kept: they hold the addresses of people.
pub const CAPTURES_KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

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

    /// One of them, if it is under way here.
    fn find(&self, call: &str) -> Option<LiveCall>;

    /// Copies the headers of a call's packets into a file for so long, at most [`CAPTURE_MAX`].
    ///
    /// # Errors
    /// See [`CaptureError`].
    fn capture(&self, call: &str, time: Duration) -> Result<(), CaptureError>;

    /// Sends out whoever may not go on: something was decided about it.
    fn review(&self);

    /// Sends everybody out of the call of a cancelled appointment, if it is here.
    fn cancel(&self, call: &str);
}
