//! Signaling as a client meets it: a real WebSocket server, an authority that keeps its records in memory, and a small
//! honest model of the media plane.

mod authority;
mod document;
mod harness;
mod hostile;
mod lobby;
mod media;
mod outage;
mod presence;
mod seats;
