//! Buffers that every piece of work uses anew, so that a warm core allocates nothing.

use super::layer_choice::Start;
use crate::event::Source;
use crate::limits;
use crate::packet::LayerRate;
use crate::subscribe::allocation::Demand;
use crate::subscribe::earlier::Earlier;

/// What is in them lasts until the next piece of work.
#[derive(Debug)]
pub(super) struct Scratch {
    /// An answer to a check, or a compound of RTCP.
    pub(super) message: Vec<u8>,
    /// A packet copied out of a publisher's ring.
    pub(super) stored: Vec<u8>,
    /// A frame taken out of redundant sound.
    pub(super) unpacked: Vec<u8>,
    /// The frames of sound before a packet.
    pub(super) earlier: Earlier,
    /// How loud a room's microphones are.
    pub(super) levels: Vec<(Source, f32)>,
    /// Sequence numbers of a NACK.
    pub(super) sequences: Vec<u16>,
    /// What a subscriber's slots ask for, what their layers cost, and what has to come for those that are given.
    pub(super) demands: Vec<Demand>,
    pub(super) rates: Vec<LayerRate>,
    pub(super) starts: Vec<Start>,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self {
            message: Vec::with_capacity(limits::DATAGRAM_BYTES_MAX),
            stored: Vec::with_capacity(limits::DATAGRAM_BYTES_MAX),
            unpacked: Vec::with_capacity(limits::DATAGRAM_BYTES_MAX),
            earlier: Earlier::default(),
            levels: Vec::new(),
            sequences: Vec::with_capacity(64),
            demands: Vec::new(),
            rates: Vec::new(),
            starts: Vec::new(),
        }
    }
}
