//! Every upper bound of the media API, and what happens there.

use std::time::Duration;

/// Rooms at once; one more is refused with 503.
pub const ROOMS_MAX: usize = 2_048;
/// Participants of one room that have a session at once, where the room names no fewer; one more is refused with 503.
pub const PARTICIPANTS_MAX: usize = 512;
/// Participants of one room that hold a ticket or a session; one more ticket is refused with 503.
pub const TICKETS_PER_ROOM_MAX: usize = 2_048;
/// Sessions at once; one more is refused with 503.
pub const SESSIONS_MAX: usize = 8_192;
/// Characters of a name of a room or participant; a longer one is refused with 422.
pub const NAME_CHARS_MAX: usize = 100;
/// ICE restarts of one session that wait for the media plane; one more is refused with 409.
pub const RESTARTS_WAITING_MAX: usize = 8;
/// Publishers that a WHEP request may name; more are refused with 422.
pub const PUBLISHERS_MAX: usize = 64;
/// Slots that a request may give sizes of; more are refused with 422.
pub const SIZES_MAX: usize = 64;

/// Bytes of a request; a longer one is refused with 413.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// m-lines that are read in an offer; one with more is refused by the media plane.
pub const MEDIA_LINES_MAX: usize = 64;

/// WHIP or WHEP sessions that one ticket may begin at once; one more is refused with 429.
pub const TICKET_POSTS_BURST: u32 = 4;
/// Pause after which the ticket may begin one more.
pub const TICKET_POSTS_REFILL: Duration = Duration::from_secs(3);
/// Sessions that may be begun at once from one address (the first 64 bits of IPv6); one more is refused with 429.
pub const ADDRESS_POSTS_BURST: u32 = 2_000;
/// Pause after which the address may begin one more.
pub const ADDRESS_POSTS_REFILL: Duration = Duration::from_millis(5);
/// Wrong keys and tickets that may come at once from one address; from there on it is refused with 429.
pub const ADDRESS_FAILURES_BURST: u32 = 30;
/// Pause after which one more may come.
pub const ADDRESS_FAILURES_REFILL: Duration = Duration::from_secs(1);
/// Addresses that are remembered. When full, those that did nothing lately are forgotten; the rest share one limit.
pub const ADDRESSES_MAX: usize = 4_096;

/// How long a room is kept in which nobody sends or receives.
pub const ROOM_IDLE_MAX: Duration = Duration::from_secs(600);
/// How long the media plane may take to answer one question; after that the request fails with 503.
pub const ANSWER_WAIT: Duration = Duration::from_secs(8);
/// Interval at which what has run out is forgotten.
pub const TICK: Duration = Duration::from_secs(1);
/// What `Retry-After` says with 429 and 503.
pub const RETRY_AFTER: Duration = Duration::from_secs(5);
/// Life of a ticket that names none.
pub const TICKET_LIFE_S: i64 = 3_600;
