//! What crosses the wire between a call page and the server, the tickets that open it, and what signaling and booking must
//! agree on: the facts of a call, and the one calculation of what is billable and what it costs.
//!
//! `docs/protocol.md` is the specification; the TypeScript types are generated from [`message`].

pub mod billable;
pub mod call;
pub mod live;
pub mod message;
pub mod price;
pub mod ticket;

pub use billable::{Span, Spans, least_charge_minor};
pub use call::{CallGrant, Refusal, SegmentEnd, SegmentKey, Standing, UtcMicros};
pub use live::{LiveCall, LiveSeat, LiveStats};
pub use message::{ClientMessage, ServerMessage};
pub use price::{Discount, PriceModel, PriceTerms};
pub use ticket::{MediaTicket, Role, Ticket, TicketError, TicketKey};

/// The version of the protocol that this code speaks; sent in `hello` and `welcome`.
pub const PROTOCOL_VERSION: u32 = 1;
