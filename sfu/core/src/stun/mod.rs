//! STUN binding requests and answers for ICE-lite (RFC 8489, RFC 8445 section 7): parse, verify and write, no state.

use std::net::SocketAddr;

/// Why bytes are not a binding message that we handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StunError {
    #[error("truncated or overlong message")]
    Length,
    #[error("not a STUN message")]
    NotStun,
    #[error("not of the class and method expected here")]
    Unexpected,
    #[error("malformed attribute")]
    Attribute,
    #[error("wrong fingerprint")]
    Fingerprint,
}

/// A parsed binding request; borrowed from the datagram.
#[derive(Debug, Clone, Copy)]
pub struct BindingRequest<'a> {
    pub transaction: [u8; 12],
    bytes: &'a [u8],
}

/// Tells STUN from DTLS and SRTP on one port (RFC 7983).
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
}

impl<'a> BindingRequest<'a> {
    pub fn parse(bytes: &'a [u8]) -> Result<Self, StunError> {
        unimplemented!("{bytes:?}")
    }

    /// USERNAME as (ours, theirs): the receiver's fragment comes first (RFC 8445 7.2.2). `None` when absent or without a colon.
    pub fn username(&self) -> Option<(&'a str, &'a str)> {
        unimplemented!()
    }

    pub fn use_candidate(&self) -> bool {
        unimplemented!()
    }

    pub fn priority(&self) -> Option<u32> {
        unimplemented!()
    }

    /// The agent said it is controlled (RFC 8445 7.3.1.1): we are controlled too, answer 487.
    pub fn ice_controlled(&self) -> bool {
        unimplemented!()
    }

    /// Comprehension-required attributes we do not know, at most 8: answer 420 when not empty.
    pub fn unknown(&self) -> &[u16] {
        unimplemented!()
    }

    /// MESSAGE-INTEGRITY was present at all (else answer 400, RFC 8489 9.1.3).
    pub fn has_integrity(&self) -> bool {
        unimplemented!()
    }

    /// Checks MESSAGE-INTEGRITY with the password of the fragment named first in USERNAME.
    pub fn verify(&self, password: &[u8]) -> bool {
        unimplemented!("{password:?}")
    }
}

/// Replaces the content of `out` by a success response.
pub fn write_success(out: &mut Vec<u8>, transaction: [u8; 12], mapped: SocketAddr, password: &[u8]) {
    unimplemented!("{out:?}{transaction:?}{mapped}{password:?}")
}

/// Replaces the content of `out` by an error response (400, 401, 420 or 487). `password` only where the request was authenticated.
pub fn write_error(out: &mut Vec<u8>, transaction: [u8; 12], code: u16, unknown: &[u16], password: Option<&[u8]>) {
    unimplemented!("{out:?}{transaction:?}{code}{unknown:?}{password:?}")
}

/// What a client's check says.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    pub transaction: [u8; 12],
    /// "theirs:ours", the receiver's fragment first.
    pub username: &'a str,
    pub password: &'a [u8],
    pub priority: u32,
    pub use_candidate: bool,
    pub tie_breaker: u64,
}

/// Replaces the content of `out` by a controlling agent's binding request.
pub fn write_request(out: &mut Vec<u8>, request: &Request<'_>) {
    unimplemented!("{out:?}{request:?}")
}

/// A parsed answer to [`write_request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    Success { transaction: [u8; 12], mapped: SocketAddr },
    Error { transaction: [u8; 12], code: u16 },
}

/// Parses a binding response. A success must carry MESSAGE-INTEGRITY under `password`.
pub fn parse_response(bytes: &[u8], password: &[u8]) -> Result<Response, StunError> {
    unimplemented!("{bytes:?}{password:?}")
}
