//! What a connection may ask for: each message of a client becomes a request here, or says what is wrong with it; and what
//! the room does about a request.

use std::time::Instant;

use sfu_core::SlotSize;
use signaling_protocol::message::{ErrorCode, PublishedSource, SlotSize as TypedSize};
use signaling_protocol::{ClientMessage, Role};

use super::{ConnectionId, Room};
use crate::limits::{MID_BYTES_MAX, SEAT_BYTES_MAX, SIZES_MAX, SOURCES_MAX};
use crate::media::media_size;

/// A message, checked for size and form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    /// To take the seat of a ticket.
    Hello {
        protocol: u32,
        ticket: String,
    },
    /// To be answered at once.
    Ping {
        at: i64,
    },
    Offer(Offer),
    Request(Request),
}

/// An offer that has been checked for size and form, not for its SDP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub id: u32,
    pub sdp: String,
    pub sources: Vec<PublishedSource>,
}

/// What a connection that holds a seat may ask for, checked for size and form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Media(MediaFlags),
    /// How large the video slots are shown.
    Sizes(Vec<SlotSize>),
    /// An ICE restart with the client's new `ice-ufrag`.
    Restart {
        id: u32,
        ufrag: String,
    },
    Admit {
        seat: String,
    },
    Dismiss {
        seat: String,
    },
    /// To come back until the window ends, or not to come back.
    Leave {
        for_good: bool,
    },
    /// The call is over for everybody.
    End,
}

/// Which sources carry something at the moment, as their sender says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MediaFlags {
    pub microphone: bool,
    pub camera: bool,
    pub screen: bool,
}

/// What a message asks for, or what is wrong with it.
pub(crate) fn check_message(message: ClientMessage) -> Result<Asked, &'static str> {
    let request = match message {
        ClientMessage::Hello { protocol, ticket } => return Ok(Asked::Hello { protocol, ticket }),
        ClientMessage::Ping { at } => return Ok(Asked::Ping { at }),
        ClientMessage::Offer { id, sdp, sources } => {
            check_sources(&sources)?;
            return Ok(Asked::Offer(Offer { id, sdp, sources }));
        }
        ClientMessage::Media {
            microphone,
            camera,
            screen,
        } => Request::Media(MediaFlags {
            microphone,
            camera,
            screen,
        }),
        ClientMessage::Sizes { slots } => {
            check_sizes(&slots)?;
            Request::Sizes(slots.into_iter().map(media_size).collect())
        }
        ClientMessage::Restart { id, ufrag } if sfu_core::is_ufrag(&ufrag) => Request::Restart { id, ufrag },
        ClientMessage::Restart { .. } => return Err("a ufrag is 4 to 256 letters of ICE"),
        ClientMessage::Admit { seat } => Request::Admit {
            seat: check_seat(seat)?,
        },
        ClientMessage::Dismiss { seat } => Request::Dismiss {
            seat: check_seat(seat)?,
        },
        ClientMessage::Leave { for_good } => Request::Leave { for_good },
        ClientMessage::End {} => Request::End,
    };
    Ok(Asked::Request(request))
}

impl Room {
    /// Decides about what the holder of a seat asks for.
    pub(super) fn handle_request(&mut self, now: Instant, connection: ConnectionId, request: Request) {
        let Some(seat) = self.seats.values_mut().find(|seat| seat.held_by(connection)) else {
            return;
        };
        let provider = seat.role == Role::Provider;
        match request {
            Request::Media(flags) => seat.flags = flags,
            Request::Sizes(sizes) => self.size_slots(connection, sizes),
            Request::Restart { id, ufrag } => self.restart(connection, id, ufrag),
            Request::Leave { for_good: true } if provider => {
                self.refuse(connection, ErrorCode::Forbidden, "only the consumer may leave for good");
            }
            Request::Leave { for_good } => {
                let seat = seat.id.clone();
                self.leave(now, connection, &seat, for_good);
            }
            Request::Admit { .. } | Request::Dismiss { .. } | Request::End if !provider => {
                self.refuse(connection, ErrorCode::Forbidden, "only the provider may do that");
            }
            Request::End => self.end_for_all(now, connection),
            Request::Admit { seat } => self.admit(now, connection, &seat),
            Request::Dismiss { seat } => self.dismiss(now, connection, &seat),
        }
    }
}

fn check_seat(seat: String) -> Result<String, &'static str> {
    if seat.len() > SEAT_BYTES_MAX {
        return Err("the seat's id is too long");
    }
    Ok(seat)
}

fn check_sources(sources: &[PublishedSource]) -> Result<(), &'static str> {
    let repeated = |at: usize| {
        sources[..at]
            .iter()
            .any(|other| other.mid == sources[at].mid || other.source == sources[at].source)
    };
    if sources.len() > SOURCES_MAX {
        Err("too many sources")
    } else if sources.iter().any(|source| !is_mid(&source.mid)) {
        Err("a mid is 1 to 16 bytes long")
    } else if (0..sources.len()).any(repeated) {
        Err("a mid or a source is named twice")
    } else {
        Ok(())
    }
}

fn check_sizes(sizes: &[TypedSize]) -> Result<(), &'static str> {
    let repeated = |at: usize| sizes[..at].iter().any(|other| other.mid == sizes[at].mid);
    if sizes.len() > SIZES_MAX {
        Err("too many sizes")
    } else if sizes.iter().any(|size| !is_mid(&size.mid)) {
        Err("a mid is 1 to 16 bytes long")
    } else if (0..sizes.len()).any(repeated) {
        Err("a mid is named twice")
    } else {
        Ok(())
    }
}

fn is_mid(text: &str) -> bool {
    (1..=MID_BYTES_MAX).contains(&text.len())
}
