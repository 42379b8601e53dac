//! The media plane as a state machine: packets, commands and time in; packets and events out.
//!
//! No socket, thread, clock or randomness of its own: a shell or a simulator brings them.

mod event;
pub mod nack;
pub mod ring;
pub mod rtcp;
pub mod rtp;
pub mod srtp;
pub mod stun;

pub use event::{
    Command, DisconnectReason, Event, Join, JoinError, Joined, MediaKind, Mid, PeerId, PeerStats,
    RoomId, SlotInfo, SlotMapping, Source, SourceKind,
};
