//! Every upper bound of the media plane, with what happens when it is reached.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Rooms in one core; a join that needs one more is refused.
pub const ROOMS_MAX: usize = 4_096;
/// Peers in one core; a further join is refused.
pub const PEERS_MAX: usize = 8_192;
/// Peers in one room; a further join is refused.
pub const PEERS_PER_ROOM_MAX: usize = 1_024;

/// Bytes of an offer; a longer one is refused.
pub const OFFER_BYTES_MAX: usize = 64 * 1024;
/// m-lines of an offer; one with more is refused.
pub const MEDIA_LINES_MAX: usize = 64;
/// Lines of an offer that reach the parser, which is quadratic in them; an offer with more is refused.
pub const OFFER_LINES_MAX: usize = 4_096;
/// Bytes of a mid (RFC 8843 with RFC 8285 one-byte extensions); an offer with a longer one is refused.
pub const MID_BYTES_MAX: usize = 16;
/// Codecs of one m-line; further ones are left out of the answer.
pub const CODECS_PER_LINE_MAX: usize = 6;
/// Parameter lines of one m-line (`fmtp`, `rid`, encodings of `simulcast`); further ones are ignored.
pub const FORMATS_PER_LINE_MAX: usize = 64;
/// Encodings of one simulcast source; of more, those in the middle of the line are left out of the answer, since the best
/// and the smallest stand at its ends. At most 8.
pub const RIDS_PER_LINE_MAX: usize = 4;
/// Bytes of a RID (RFC 8851 with RFC 8285 one-byte extensions); a longer one is left out of the answer.
pub const RID_BYTES_MAX: usize = 16;
/// Microphones of a room that are carried in slots for the loudest; the quieter ones are not heard there.
pub const LOUDEST: usize = 5;

/// Validated address pairs of one peer; a further one replaces the one checked longest ago.
pub const PAIRS_PER_PEER_MAX: usize = 16;
/// Receiving SRTP states of one peer. One is kept free: an SSRC that belongs to nothing is given up for it, else one that
/// another has taken the place of. Where none can be, packets of a further SSRC are dropped.
pub const SSRCS_PER_PEER_MAX: usize = 64;
/// SSRCs that one encoding may have, those of retransmission apart; a further one takes the place of the oldest, whose
/// packets are dropped from then on.
pub const SSRCS_PER_TRACK_MAX: usize = 8;
/// Undeclared SSRCs of one encoding a second, also the burst; packets of further ones are dropped. An encoder that is
/// made anew takes two.
pub const NEW_SSRCS_PER_SECOND_MAX: u32 = 4;
/// SSRCs that one peer may give up; after that, packets of a further one are dropped. What was sent under them must not be
/// taken a second time, so they are never forgotten.
pub const SSRCS_RETIRED_MAX: usize = 4_096;
/// How long after its last sign of life a peer keeps an address pair that another peer claims. Longer than the six
/// seconds that consent checks may lie apart (RFC 7675 5.1), shorter than a handshake may take.
pub const PAIR_KEPT: Duration = Duration::from_secs(10);
/// Length of an `ice-ufrag` (RFC 8839 5.4); an offer with another is refused, a restart ignored.
pub const UFRAG_BYTES: RangeInclusive<usize> = 4..=256;
/// Authentic checks a second from one peer, also the burst; more are not answered.
pub const CHECKS_PER_SECOND_MAX: u32 = 200;
/// DTLS datagrams a second from the address pairs of one peer, also the burst; more are dropped unread.
pub const HANDSHAKES_PER_SECOND_MAX: u32 = 200;
/// Authentic RTP and RTCP packets a second from one peer, also the burst; more are dropped. Forged ones do not count,
/// or a forger of an address could silence its owner.
pub const PACKETS_PER_SECOND_MAX: u32 = 4_000;

/// Packets sent again to one subscriber a second, also the burst; further requests are not answered.
pub const RETRANSMISSIONS_PER_SECOND_MAX: u32 = 1_000;

/// Events waiting for the driver above which periodic ones (alive, stats) are left out.
pub const EVENTS_WAITING_MAX: usize = 16_384;
/// Copies of headers waiting for the driver while a room is captured; further ones are dropped and counted.
pub const CAPTURED_WAITING_MAX: usize = 8_192;
/// Bytes of packets waiting for the driver; more are dropped.
pub const ARENA_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The longest datagram that is handled or sent; longer ones are dropped.
pub const DATAGRAM_BYTES_MAX: usize = 1_500;

/// Bytes of a datagram that a path of Ethernet's 1,500 carries, the headers of IPv6 and UDP counted. A packet that would
/// become longer by what we add leaves without that, so that it is no longer than it came, but for the two bytes that a
/// retransmission takes; the seal of either cipher counts. Only one that came bare under a seal of ten bytes and leaves under
/// one of sixteen is longer by that.
pub const PATH_BYTES: usize = 1_452;
/// Bytes of a datagram that every path of IPv6 carries; none is padded beyond.
pub const PADDED_BYTES_MAX: usize = 1_232;

/// Packets of a core that wait to be sent a second time; a further one is sent once.
pub const REPEATS_WAITING_MAX: usize = 4_096;
/// Bytes that a slot may send a second time in a second, unless an eighth of what it sends is more.
pub const REPEATED_BYTES_PER_SECOND: u64 = 16_000;

/// Sent video packets that one slot can retransmit; a NACK for an older one is not answered.
pub const SENT_VIDEO_PACKETS: usize = 1_024;
/// Sent audio packets that one slot remembers, so that none is sealed twice.
pub const SENT_AUDIO_PACKETS: usize = 128;
/// Retransmissions that one feedback packet may ask for; the rest is not answered.
pub const NACKS_PER_FEEDBACK_MAX: usize = 128;

/// Packets that one transport-wide feedback may speak of; one that claims more is dropped.
pub const FEEDBACK_STATUSES_MAX: usize = 4_096;
/// Packets of pictures that wait for one subscriber's path; when as many do, later ones are dropped.
pub const PACED_PACKETS_MAX: usize = 256;
/// The estimate of a subscriber's path stays between these, in bits a second.
pub const ESTIMATE_BPS_MIN: u64 = 30_000;
pub const ESTIMATE_BPS_MAX: u64 = 100_000_000;

/// From the join until DTLS must be up; then the peer is removed.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(15);
/// Without an authenticated packet for this long, consent is over (RFC 7675) and the peer is removed.
pub const CONSENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Silence for which a peer is still taken to be there; after more, nothing is forwarded from it or to it until it is heard
/// again, and nothing was counted since its last packet.
pub const SILENCE_MAX: Duration = Duration::from_secs(10);
/// Least time between two keyframe requests to one publisher: a request makes it code all its layers anew.
pub const KEYFRAME_REQUEST_INTERVAL: Duration = Duration::from_millis(500);
/// Keyframes that one slot's client may ask for in a row, before it has to wait: every viewer pays for each.
pub const KEYFRAME_CREDIT_MAX: u8 = 4;
/// In such a time a slot's client earns one more.
pub const KEYFRAME_CREDIT_INTERVAL: Duration = Duration::from_secs(2);
/// Least time between two retransmissions of one packet to one subscriber.
pub const RETRANSMIT_INTERVAL: Duration = Duration::from_millis(30);
/// Between two sender or receiver reports.
pub const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// Between two counters events of one peer.
pub const STATS_INTERVAL: Duration = Duration::from_secs(2);
