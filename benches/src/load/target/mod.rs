//! Media servers under load, behind one face: rooms, people who publish, people who watch.

mod bare;
mod booka;
mod janus;
mod process;
mod whip;

use anyhow::Result;
use async_trait::async_trait;

use super::sdp::{Local, Remote};

pub use bare::{Bare, BareHost, serve as serve_bare};
pub use booka::Booka;
pub use janus::Janus;
pub use whip::Whip;

/// What a client of the target has to name to be watched or to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    pub room: String,
    pub id: String,
}

/// A server that forwards media.
#[async_trait]
pub trait Target: Send + Sync {
    fn name(&self) -> &'static str;

    /// The process to be measured.
    fn pid(&self) -> Option<u32>;

    /// Opens a room for at most `people` who publish.
    async fn open_room(&self, people: usize) -> Result<String>;

    /// Joins as one who sends what `local` says.
    async fn publish(&self, room: &str, local: &Local) -> Result<(Participant, Remote)>;

    /// Joins as one who receives what `publishers` of the room send; `local` has slots enough.
    async fn watch(&self, room: &str, local: &Local, publishers: &[Participant]) -> Result<(Participant, Remote)>;

    /// Takes somebody out.
    async fn leave(&self, participant: &Participant) -> Result<()>;

    /// What the server counted itself, for the report.
    async fn counters(&self) -> Result<Vec<(String, u64)>> {
        Ok(Vec::new())
    }

    /// Ends the server.
    async fn stop(&self) -> Result<()>;
}
