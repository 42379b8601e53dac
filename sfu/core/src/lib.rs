//! The media plane as a state machine: packets, commands and time in; packets and events out.
//!
//! No socket, thread, clock or randomness of its own: a shell or a simulator brings them.

mod counters;
mod event;
#[doc(hidden)]
pub mod fuzzing;
mod handles;
pub mod limits;
mod packet;
mod prefetch;
mod publish;
mod quality;
pub mod repair;
mod room;
mod sfu;
mod subscribe;
mod transport;
pub mod wire;

pub use counters::Counters;
pub use event::{
    Command, DisconnectReason, Event, HandshakeFailure, Join, JoinError, Joined, LegDirection, LegStats, MediaKind,
    Mid, PeerId, PeerStats, RoomId, SlotContent, SlotInfo, SlotMapping, SlotSize, Source, SourceKind,
};
pub use sfu::{Captured, Input, Limits, Random, Sfu, SfuConfig};
pub use transport::ice::is_ufrag;
pub use transport::transmit::{Transmit, Transmits};
pub use wire::candidate::Protocol;
pub use wire::dtls::{Certificate, CertificateError};
pub use wire::network::network_of;
