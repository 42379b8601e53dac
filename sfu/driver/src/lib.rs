//! The I/O shell of the media plane: a thread and a port for each shard, datagrams in batches, commands in, events out.

mod config;
mod driver;
mod egress;
#[doc(hidden)]
pub mod fuzzing;
mod histogram;
mod metrics;
pub mod pcapng;
mod placement;
mod shard;
mod tcp;

pub use config::{DriverConfig, Listen};
pub use driver::{CommandError, Driver};
pub use histogram::Histogram;
pub use metrics::{IoCounters, ShardMetrics};
