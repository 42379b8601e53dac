//! Writes and seals packets of a slot into the arena.

use std::time::Instant;

use super::{Passed, Path, Slot, SlotExtensions, low, roll_over};
use crate::limits;
use crate::packet::MediaPacket;
use crate::subscribe::forward::Numbers;
use crate::wire::rtp::Fields;
use crate::wire::rtp::red::{self, Block};
use crate::wire::sdp::OfferedCodec;

/// Payloads from this length on are padded; shorter ones are rarely one of several of a frame.
const PADDED_FROM: usize = 300;
/// Browsers cut a frame into packets of nearly, but not quite, one length. Padded up to multiples of this they become
/// equal, and equal datagrams to one client can be given to the kernel as one. Costs 3.5 bytes a packet on average.
const PADDING_UNIT: usize = 8;

/// A payload to be sent.
pub(super) struct Body<'a> {
    pub(super) codec: OfferedCodec,
    pub(super) marker: bool,
    /// Frames of sound to go along, oldest first; there are some only where the client takes redundant sound.
    pub(super) earlier: &'a [Block<'a>],
    pub(super) payload: &'a [u8],
    /// Bytes of the datagram that it came in.
    pub(super) came_bytes: usize,
}

impl Body<'_> {
    fn payload_type(&self) -> u8 {
        let red = self.codec.red.filter(|_| !self.earlier.is_empty());
        red.unwrap_or(self.codec.payload_type)
    }

    pub(super) fn len(&self) -> usize {
        if self.earlier.is_empty() {
            self.payload.len()
        } else {
            red::written_len(self.earlier, self.payload.len())
        }
    }

    fn write(&self, out: &mut [u8]) {
        if self.earlier.is_empty() {
            out.copy_from_slice(self.payload);
        } else {
            red::write(out, self.codec.payload_type, self.earlier, self.payload);
        }
    }
}

/// A packet of a slot before it is sealed, without its body.
pub(super) struct Outgoing<'a> {
    pub(super) ssrc: u32,
    pub(super) payload_type: u8,
    pub(super) marker: bool,
    pub(super) timestamp: u32,
    /// `roc << 16 | sequence`. With GCM a second packet under one index would give the key away.
    pub(super) index: u64,
    pub(super) extensions: SlotExtensions,
    pub(super) descriptor: Option<&'a Passed>,
    pub(super) body_len: usize,
    /// Bytes of padding after the body.
    pub(super) padding: u8,
    /// Bytes of the datagram that came; zero for a packet of our own making.
    pub(super) came_bytes: usize,
}

/// A packet that was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sealed {
    /// Bytes of header and body.
    pub(super) bytes: usize,
    /// Bytes that left.
    pub(super) datagram_bytes: usize,
    /// It carries a transport-wide number.
    pub(super) numbered: bool,
}

/// What of a packet fits. One without a transport-wide number is one of which the client's feedback says nothing.
struct Fitted {
    extensions: SlotExtensions,
    header_len: usize,
    padding: u8,
}

impl Outgoing<'_> {
    /// Leaves out what would make it longer than `plain_max` bytes before its seal of `seal_len`.
    fn fit(&self, plain_max: usize, seal_len: usize) -> Fitted {
        let mut extensions = self.extensions;
        let mut header_len = extensions.header_len(self.descriptor);
        if header_len + self.body_len > plain_max {
            extensions.transport_cc = None;
            header_len = extensions.header_len(self.descriptor);
        }
        let padded = header_len + self.body_len + usize::from(self.padding) + seal_len;
        let padding = if padded <= limits::PADDED_BYTES_MAX {
            self.padding
        } else {
            0
        };
        Fitted {
            extensions,
            header_len,
            padding,
        }
    }
}

impl Path<'_> {
    /// Bytes that the seal of this path's cipher adds.
    fn seal_len(&self) -> usize {
        self.sender.profile().tag_len()
    }

    /// Bytes before the seal that a packet may have which came in a datagram of so many ([`limits::PATH_BYTES`]). One that
    /// came under a shorter seal may be longer with nothing but what it cannot do without; it then leaves so.
    pub(super) fn plain_bytes_max(&self, came_bytes: usize) -> usize {
        came_bytes.max(limits::PATH_BYTES) - self.seal_len()
    }

    /// Gives a packet its transport-wide number, lets `write_body` write its body, and seals it: the one way out for media,
    /// retransmissions and probes. `None` when the arena is full; the index is then still unused.
    pub(super) fn seal(
        &mut self,
        packet: &Outgoing<'_>,
        now: Instant,
        write_body: impl FnOnce(&mut [u8]),
    ) -> Option<Sealed> {
        let seal_len = self.seal_len();
        let Fitted {
            extensions,
            header_len,
            padding,
        } = packet.fit(self.plain_bytes_max(packet.came_bytes), seal_len);
        let body_end = header_len + packet.body_len;
        let plain_len = body_end + usize::from(padding);
        let fields = Fields {
            marker: packet.marker,
            padding: padding > 0,
            payload_type: packet.payload_type,
            sequence: low(packet.index),
            timestamp: packet.timestamp,
            ssrc: packet.ssrc,
        };
        let number = extensions
            .transport_cc
            .and_then(|_| self.number(plain_len + seal_len, now));
        let mut datagram_bytes = 0;
        let sender = &mut *self.sender;
        let sent = self.arena.push(self.destination, plain_len + seal_len, |out| {
            extensions.write(out, &fields, number, packet.descriptor);
            write_body(&mut out[header_len..body_end]);
            if padding > 0 {
                // The count stands in the last byte, behind zeros (RFC 3550 5.1).
                out[body_end..plain_len - 1].fill(0);
                out[plain_len - 1] = padding;
            }
            datagram_bytes = sender.seal_rtp(roll_over(packet.index), out, header_len, plain_len);
            Some(datagram_bytes)
        });
        self.counters.arena_full += u64::from(!sent);
        sent.then_some(Sealed {
            bytes: body_end,
            datagram_bytes,
            numbered: number.is_some(),
        })
    }
}

impl Slot {
    pub(super) fn seal_media(
        &self,
        packet: &MediaPacket,
        body: &Body<'_>,
        passed: Option<&Passed>,
        numbers: Numbers,
        now: Instant,
        path: &mut Path<'_>,
    ) -> Option<Sealed> {
        let outgoing = Outgoing {
            ssrc: self.ssrc,
            payload_type: body.payload_type(),
            marker: body.marker,
            timestamp: packet.header.timestamp.wrapping_add(numbers.offsets.timestamp),
            index: numbers.index,
            extensions: self.extensions,
            descriptor: passed,
            body_len: body.len(),
            padding: if self.padding { padding_len(body.len()) } else { 0 },
            came_bytes: body.came_bytes,
        };
        path.seal(&outgoing, now, |out| {
            body.write(out);
            if !body.payload.is_empty() {
                packet.descriptor.rewrite(out, numbers.offsets);
            }
        })
    }
}

/// Bytes of padding for a payload of this length.
fn padding_len(payload_len: usize) -> u8 {
    if payload_len < PADDED_FROM {
        return 0;
    }
    u8::try_from(payload_len.next_multiple_of(PADDING_UNIT) - payload_len).expect("below the unit")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::counters::Counters;
    use crate::handles::PeerIndex;
    use crate::subscribe::bandwidth::Estimator;
    use crate::transport::demux::Tuple;
    use crate::transport::transmit::{Arena, Destination};
    use crate::wire::candidate::Protocol;
    use crate::wire::rtp::dependency_descriptor::VALUE_LEN_MAX;
    use crate::wire::srtp::{Keys, Profile, SrtpSender};

    const PROFILES: [Profile; 2] = [Profile::AeadAes128Gcm, Profile::AesCm128HmacSha1_80];

    /// Seals a packet and returns what is said of it with the length of the datagram.
    fn seal(profile: Profile, outgoing: &Outgoing<'_>) -> (Sealed, usize) {
        let now = Instant::now();
        let keys = Keys::new(profile, &[1; 16], &[2; 14][..profile.salt_len()]).unwrap();
        let tuple = Tuple {
            protocol: Protocol::Udp,
            remote: ([127, 0, 0, 1], 1).into(),
            local: ([127, 0, 0, 1], 2).into(),
        };
        let destination = Destination {
            tuple,
            peer: PeerIndex::new(0),
        };
        let (mut arena, mut counters) = (Arena::default(), Counters::default());
        let mut path = Path {
            destination,
            sender: &mut SrtpSender::new(&keys),
            estimator: Some(&mut Estimator::new(now)),
            arena: &mut arena,
            counters: &mut counters,
        };
        let sealed = path.seal(outgoing, now, |out| out.fill(7)).unwrap();
        let len = arena.drain().iter().next().unwrap().bytes.len();
        (sealed, len)
    }

    fn outgoing(came_bytes: usize, payload_len: usize, padding: u8, descriptor: Option<&Passed>) -> Outgoing<'_> {
        Outgoing {
            ssrc: 1,
            payload_type: 96,
            marker: false,
            timestamp: 0,
            index: 1,
            extensions: SlotExtensions {
                transport_cc: Some(3),
                dependency_descriptor: descriptor.map(|_| 4),
            },
            descriptor,
            body_len: payload_len,
            padding,
            came_bytes,
        }
    }

    /// Trial D9.
    #[test]
    fn d9_what_we_add_is_left_out_where_it_would_not_fit() {
        let seal = |outgoing| seal(Profile::AeadAes128Gcm, &outgoing);
        // The longest that Ethernet carries by IPv4, without any extension.
        let (sealed, len) = seal(outgoing(1_472, 1_444, 4, None));
        assert_eq!((sealed.numbered, sealed.bytes, len), (false, 1_456, 1_472));
        // As browsers send them: numbered and padded.
        let (sealed, len) = seal(outgoing(1_193, 1_157, 3, None));
        assert_eq!((sealed.numbered, sealed.bytes, len), (true, 1_177, 1_180 + 16));
        // As GStreamer sends them: numbered, since it fits, but not padded.
        let (sealed, len) = seal(outgoing(1_416, 1_388, 4, None));
        assert_eq!((sealed.numbered, len), (true, 1_408 + 16));
        assert_eq!(sealed.datagram_bytes, len);
    }

    /// Trial D9: a number fits behind a shorter seal than the packet came with, and not behind a longer one.
    #[test]
    fn d9_the_seals_of_both_ciphers_are_counted() {
        let [gcm, cm] = PROFILES;
        // Both came with eight bytes of extensions.
        let (sealed, len) = seal(gcm, &outgoing(12 + 8 + 1_440 + 10, 1_440, 0, None));
        assert_eq!((sealed.numbered, len), (false, 12 + 1_440 + 16));
        let (sealed, len) = seal(cm, &outgoing(12 + 8 + 1_440 + 16, 1_440, 0, None));
        assert_eq!((sealed.numbered, len), (true, 20 + 1_440 + 10));
    }

    proptest! {
        /// Trial D9: whatever came, with whatever extensions, leaves no longer than it came or than a path surely carries,
        /// unless its bare header and content are under the seal of another cipher.
        #[test]
        fn d9_no_packet_outgrows_its_path(
            header_len in (0usize..10).prop_map(|words| 12 + 4 * words),
            payload_len in 0usize..1_400,
            padding in 0u8..8,
            descriptor in prop::option::of(3usize..40),
            came_under in 0usize..2,
            leaves_under in 0usize..2,
        ) {
            let [came_under, leaves_under] = [came_under, leaves_under].map(|cipher| PROFILES[cipher]);
            let value = |len: usize| Passed { id: 4, bytes: [0; VALUE_LEN_MAX], len };
            let passed = descriptor.map(value);
            // What came had the descriptor, too.
            let own = SlotExtensions::default().header_len(passed.as_ref());
            let came_bytes = header_len.max(own) + payload_len + came_under.tag_len();
            let (sealed, len) = seal(leaves_under, &outgoing(came_bytes, payload_len, padding, passed.as_ref()));
            let bare = own + payload_len + leaves_under.tag_len();
            prop_assert!(len <= came_bytes.max(limits::PATH_BYTES).max(bare), "{came_bytes} became {len}");
            prop_assert!(len == sealed.bytes + leaves_under.tag_len() || len <= limits::PADDED_BYTES_MAX);
        }
    }

    #[test]
    fn packets_of_nearly_one_length_become_equal() {
        let padded = |len: usize| len + usize::from(padding_len(len));
        assert_eq!([1_097, 1_098, 1_103, 1_104].map(padded), [1_104; 4]);
        assert_eq!((padded(PADDED_FROM - 1), padded(PADDED_FROM)), (PADDED_FROM - 1, 304));
    }
}
