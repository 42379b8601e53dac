//! Every upper bound of signaling, and what happens there.

use std::time::Duration;

/// Longest message, bytes; a longer one closes the connection (1009).
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Connections from one IPv4 address or IPv6 /64 that have not said `hello`; one more is refused before its upgrade. A
/// whole office behind one address comes back at once when a server starts anew.
pub const UNSEATED_PER_ADDRESS_MAX: usize = 256;
/// Messages that may come at once; one more is refused as `rate_limited`.
pub const MESSAGES_BURST: u32 = 40;
/// Messages a second that may come for ever.
pub const MESSAGES_PER_S: u32 = 10;
/// Offers that may come at once on one connection; one more is refused as `rate_limited`.
pub const OFFERS_BURST: u32 = 4;
/// Pause after which one more offer may come.
pub const OFFER_REFILL: Duration = Duration::from_secs(3);
/// Refused messages (`bad_message`, `bad_hello`, `rate_limited`) after which a connection is closed.
pub const STRIKES_MAX: u32 = 3;
/// m-lines an offer may name as sources; more make it a `bad_message`.
pub const SOURCES_MAX: usize = 8;
/// Longest media identification, bytes.
pub const MID_BYTES_MAX: usize = 16;
/// Longest seat id in a message, bytes.
pub const SEAT_BYTES_MAX: usize = 128;
/// Video slots that one `sizes` may name; more make it a `bad_message`.
pub const SIZES_MAX: usize = 64;
/// Shortest and longest `ice-ufrag` (RFC 8839 5.4); any other makes a `restart` a `bad_message`.
pub use sfu_core::limits::UFRAG_BYTES;
/// ICE restarts of one seat that wait for their answer; one more is refused as `rate_limited`.
pub const RESTARTS_WAITING_MAX: usize = 4;
/// Between two `quality` messages of one room.
pub const QUALITY_PERIOD: Duration = Duration::from_secs(2);
/// Messages waiting for one slow reader, of which whatever tells a newer state replaces the older; one more closes its
/// connection.
pub const OUTGOING_MAX: usize = 64;
/// Seats of one room; one more is refused as `full`.
pub const SEATS_MAX: usize = 32;
/// Records of one room that wait for the authority. From here on nobody new comes in and no segment is opened (time
/// that cannot be recorded is not counted); what is already open can always be closed.
pub const RECORDS_WAITING_MAX: usize = 256;
/// Room for the records of what was open when [`RECORDS_WAITING_MAX`] was reached.
pub const RECORDS_QUEUE: usize = 2 * RECORDS_WAITING_MAX;
/// How long a removed peer's last packet time is waited for before the last one known is used.
pub const CLOSE_WAIT: Duration = Duration::from_secs(2);
/// Silence that parts one segment from the next: the media plane counts it, and forwards nothing of what it does not count.
pub use sfu_core::limits::SILENCE_MAX;
/// Silence after which a participant is shown as reconnecting and the clock as standing. Browsers check every 2.5 to
/// 5 s even when they send nothing else.
pub const STALE_AFTER: Duration = Duration::from_secs(7);
/// How long a page that is back may take to make its media anew and is still shown as reconnecting.
pub const RETURN_WAIT: Duration = Duration::from_secs(3);
/// How long a seat that was turned away may not knock again.
pub const DISMISSED_PAUSE: Duration = Duration::from_secs(30);
/// How long a room that is over is remembered, so that a late arrival cannot open it again.
pub const OVER_KEPT: Duration = Duration::from_secs(60);
/// First and longest pause before a record is tried again.
pub const RECORD_RETRY_MIN: Duration = Duration::from_millis(100);
/// See [`RECORD_RETRY_MIN`].
pub const RECORD_RETRY_MAX: Duration = Duration::from_secs(2);
/// How long the authority or the media plane may take to answer one question.
pub const ANSWER_WAIT: Duration = Duration::from_secs(8);
/// How long a closed connection is read on until the peer has closed it too.
pub const GOODBYE_WAIT: Duration = Duration::from_secs(2);
