//! The media plane as a state machine: packets, commands and time in; packets and events out.
//!
//! No socket, thread, clock or randomness of its own: a shell or a simulator brings them.

mod allocation;
mod arrivals;
mod audio;
mod bandwidth;
mod budget;
mod candidate;
mod capture;
mod counters;
mod deadlines;
mod demux;
mod dtls;
mod event;
mod forward;
#[doc(hidden)]
pub mod fuzzing;
mod ice;
mod keyframe;
mod layers;
mod leg;
pub mod limits;
pub mod nack;
mod peer;
mod prefetch;
mod quality;
mod repeats;
mod reports;
pub mod ring;
mod room;
pub mod rtcp;
pub mod rtp;
mod sdp;
mod sfu;
mod slot;
pub mod srtp;
pub mod stun;
mod track;
mod transmit;

pub use capture::Captured;
pub use counters::Counters;
pub use demux::Protocol;
pub use dtls::{Certificate, CertificateError};

pub use event::{
    Command, DisconnectReason, Event, Join, JoinError, Joined, LegDirection, LegStats, MediaKind, Mid, PeerId,
    PeerStats, RoomId, SlotContent, SlotInfo, SlotMapping, SlotSize, Source, SourceKind,
};
pub use ice::is_ufrag;
pub use sfu::{Input, Limits, Random, Sfu, SfuConfig};
pub use transmit::{Transmit, Transmits};
