//! What crosses the wire between a call page and the server, and the tickets that open it.
//!
//! `docs/protocol.md` is the specification; the TypeScript types are generated from [`message`].

pub mod message;
pub mod price;
pub mod ticket;

pub use message::{ClientMessage, ServerMessage};
pub use price::{PriceModel, PriceTerms};
pub use ticket::{MediaTicket, Role, Ticket, TicketError, TicketKey};

/// The version of the protocol that this code speaks; sent in `hello` and `welcome`.
pub const PROTOCOL_VERSION: u32 = 1;
