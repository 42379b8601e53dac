//! From a ticket to a seat: genuine, unused, granted by the authority, and into the room.

use std::sync::Arc;

use signaling_protocol::ServerMessage;
use signaling_protocol::message::ErrorCode;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::nonces::Use;
use super::state::OpenRoom;
use super::{Inner, records, room_id};
use crate::authority::{CallGrant, Refusal};
use crate::clock::Now;
use crate::limits::{ANSWER_WAIT, RECORDS_QUEUE};
use crate::metrics::Count;
use crate::room::{CloseCode, ConnectionId, Input, Room};

/// Why a `hello` came to nothing: what the client is told, and how its socket is closed.
type Rejection = (ErrorCode, &'static str, CloseCode);

fn rejection(refusal: Refusal) -> Rejection {
    match refusal {
        Refusal::Unknown => (ErrorCode::BadTicket, "the ticket is not valid", CloseCode::BadTicket),
        Refusal::NotOpen => (ErrorCode::NotOpen, "the room is not open", CloseCode::NotOpen),
        Refusal::Ended => (ErrorCode::NotOpen, "the call is over", CloseCode::NotOpen),
        Refusal::Cancelled => (ErrorCode::NotOpen, "the appointment was cancelled", CloseCode::NotOpen),
        Refusal::SignedOut => (ErrorCode::BadTicket, "the sign-in is over", CloseCode::BadTicket),
        Refusal::Unavailable => (
            ErrorCode::Internal,
            "the records cannot be reached",
            CloseCode::Unavailable,
        ),
    }
}

impl Inner {
    /// Exchanges a ticket for a seat.
    pub(super) async fn hello(self: &Arc<Self>, connection: ConnectionId, ticket: &str) {
        if let Err((code, message, close)) = self.try_hello(connection, ticket).await {
            let mut state = self.lock();
            let message = ServerMessage::Error {
                code,
                message: message.to_owned(),
                fatal: true,
            };
            state.send(&self.metrics, connection, message);
            state.close(connection, close);
        }
    }

    async fn try_hello(self: &Arc<Self>, connection: ConnectionId, text: &str) -> Result<(), Rejection> {
        const BAD_TICKET: Rejection = (ErrorCode::BadTicket, "the ticket is not valid", CloseCode::BadTicket);
        let now = (self.clock)();
        let now_s = now.div_euclid(1_000_000);
        let ticket = self.key.verify(text, now_s).map_err(|error| {
            self.metrics.add(Count::TicketsBad);
            tracing::debug!(%error, "a ticket was refused");
            BAD_TICKET
        })?;
        match self.lock().nonces.use_up(&ticket.nonce, ticket.expires_at_s, now_s) {
            Use::First => {}
            Use::Again => {
                self.metrics.add(Count::TicketsReused);
                return Err(BAD_TICKET);
            }
            Use::Full => return Err((ErrorCode::Full, "the server is full", CloseCode::Unavailable)),
        }
        let grant = match timeout(ANSWER_WAIT, self.authority.authorise_ticket(&ticket, now)).await {
            Ok(answer) => answer,
            Err(_) => Err(Refusal::Unavailable),
        };
        let grant = grant.map_err(|refusal| {
            self.metrics.add(Count::GrantsRefused);
            tracing::info!(call = ticket.call, %refusal, "a seat was refused");
            rejection(refusal)
        })?;
        self.enter(connection, grant)
    }

    /// Puts a connection into the room of its grant, opening the room if it is the first.
    fn enter(self: &Arc<Self>, connection: ConnectionId, grant: CallGrant) -> Result<(), Rejection> {
        let now = self.now();
        let mut state = self.lock();
        let state = &mut *state;
        let draining = state.draining;
        if !state.connections.contains_key(&connection) {
            return Ok(());
        }
        let call = grant.call.clone();
        if !state.rooms.contains_key(&call) {
            if draining {
                let retry_after_ms = u32::try_from(self.config.room.moving_retry.as_millis()).unwrap_or(u32::MAX);
                state.send(&self.metrics, connection, ServerMessage::Moving { retry_after_ms });
                state.close(connection, CloseCode::Moving);
                return Ok(());
            }
            if now.utc < grant.opens_at || now.utc >= grant.ends_at {
                return Err((ErrorCode::NotOpen, "the room is not open", CloseCode::NotOpen));
            }
            if state.rooms.len() >= self.config.rooms_max {
                return Err((ErrorCode::Full, "the server is full", CloseCode::Unavailable));
            }
            state.open_room(call.clone(), self.open_room(now, &grant));
        }
        if let Some(entry) = state.connections.get_mut(&connection) {
            entry.call = Some(call.clone());
        }
        self.handle_in(state, now, &call, Input::Hello { connection, grant });
        Ok(())
    }

    fn open_room(self: &Arc<Self>, now: Now, grant: &CallGrant) -> OpenRoom {
        let room = Room::new(self.config.room, room_id(&grant.call), now, grant);
        let (records, receiver) = mpsc::channel(RECORDS_QUEUE);
        tokio::spawn(records::write_records(
            Arc::downgrade(self),
            grant.call.clone(),
            receiver,
        ));
        self.metrics.add(Count::RoomsOpened);
        OpenRoom { room, records }
    }
}
