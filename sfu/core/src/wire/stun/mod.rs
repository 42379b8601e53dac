//! STUN binding requests and answers for ICE-lite (RFC 8489, RFC 8445 section 7): parse, verify and write, no state.

#[cfg(test)]
mod tests;
mod write;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use aws_lc_rs::{constant_time, hmac};

pub(crate) use write::write_error;
pub use write::{Request, write_request, write_success};

const COOKIE: [u8; 4] = 0x2112_a442_u32.to_be_bytes();
const HEADER_LEN: usize = 20;
const FINGERPRINT_XOR: u32 = 0x5354_554e;
/// Unknown comprehension-required attributes remembered for a 420 answer; further ones are not listed.
const UNKNOWN_MAX: usize = 8;

const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;

const MAPPED_ADDRESS: u16 = 0x0001;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000a;
const REALM: u16 = 0x0014;
const NONCE: u16 = 0x0015;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802a;

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
    #[error("missing or wrong message integrity")]
    Integrity,
}

/// Tells STUN from DTLS and SRTP on one port (RFC 7983).
#[must_use]
pub fn is_stun(datagram: &[u8]) -> bool {
    datagram.first().is_some_and(|first| *first < 4)
}

/// A parsed binding request; borrowed from the datagram.
#[derive(Debug, Clone, Copy)]
pub struct BindingRequest<'a> {
    pub transaction: [u8; 12],
    username: Option<&'a str>,
    priority: Option<u32>,
    use_candidate: bool,
    ice_controlled: bool,
    unknown: [u16; UNKNOWN_MAX],
    unknown_count: usize,
    integrity: Option<Integrity<'a>>,
}

impl<'a> BindingRequest<'a> {
    /// Reads a request; a FINGERPRINT that is present must be right, MESSAGE-INTEGRITY is left to [`Self::verify`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, StunError> {
        let message = Message::parse(bytes)?;
        if message.kind != BINDING_REQUEST {
            return Err(StunError::Unexpected);
        }
        let mut request = Self {
            transaction: message.transaction,
            username: None,
            priority: None,
            use_candidate: false,
            ice_controlled: false,
            unknown: [0; UNKNOWN_MAX],
            unknown_count: 0,
            integrity: message.integrity,
        };
        for (kind, value) in message.attributes() {
            request.take(kind, value)?;
        }
        Ok(request)
    }

    fn take(&mut self, kind: u16, value: &'a [u8]) -> Result<(), StunError> {
        match kind {
            USERNAME => {
                let text = std::str::from_utf8(value).map_err(|_| StunError::Attribute)?;
                self.username.get_or_insert(text);
            }
            PRIORITY => {
                let value = value.try_into().map_err(|_| StunError::Attribute)?;
                self.priority.get_or_insert(u32::from_be_bytes(value));
            }
            USE_CANDIDATE => self.use_candidate = true,
            ICE_CONTROLLED => self.ice_controlled = true,
            MAPPED_ADDRESS | ERROR_CODE | UNKNOWN_ATTRIBUTES | REALM | NONCE | XOR_MAPPED_ADDRESS => {}
            MESSAGE_INTEGRITY => {}
            required if required < 0x8000 && self.unknown_count < UNKNOWN_MAX => {
                self.unknown[self.unknown_count] = required;
                self.unknown_count += 1;
            }
            _ => {}
        }
        Ok(())
    }

    /// USERNAME as (ours, theirs): the receiver's fragment comes first (RFC 8445 7.2.2). `None` when absent or without
    /// a colon.
    #[must_use]
    pub fn username(&self) -> Option<(&'a str, &'a str)> {
        self.username?.split_once(':')
    }

    /// The controlling agent nominates this pair.
    #[must_use]
    pub fn use_candidate(&self) -> bool {
        self.use_candidate
    }

    /// PRIORITY of the candidate the check would make (RFC 8445 7.1.1).
    #[must_use]
    pub fn priority(&self) -> Option<u32> {
        self.priority
    }

    /// The agent said it is controlled (RFC 8445 7.3.1.1): we are controlled too, answer 487.
    #[must_use]
    pub fn ice_controlled(&self) -> bool {
        self.ice_controlled
    }

    /// Comprehension-required attributes we do not know, at most 8: answer 420 when not empty.
    #[must_use]
    pub fn unknown(&self) -> &[u16] {
        &self.unknown[..self.unknown_count]
    }

    /// Checks MESSAGE-INTEGRITY with the password of the fragment named first in USERNAME.
    #[must_use]
    pub fn verify(&self, password: &[u8]) -> bool {
        self.integrity.is_some_and(|integrity| integrity.verify(password))
    }
}

/// A parsed answer to [`write_request`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    Success { transaction: [u8; 12], mapped: SocketAddr },
    Error { transaction: [u8; 12], code: u16 },
}

/// Parses a binding response. A success must carry MESSAGE-INTEGRITY under `password`.
pub fn parse_response(bytes: &[u8], password: &[u8]) -> Result<Response, StunError> {
    let message = Message::parse(bytes)?;
    let transaction = message.transaction;
    match message.kind {
        BINDING_SUCCESS => {
            if !message.integrity.is_some_and(|integrity| integrity.verify(password)) {
                return Err(StunError::Integrity);
            }
            let value = message.find(XOR_MAPPED_ADDRESS).ok_or(StunError::Attribute)?;
            let mapped = read_address(value, &transaction).ok_or(StunError::Attribute)?;
            Ok(Response::Success { transaction, mapped })
        }
        BINDING_ERROR => {
            let value = message
                .find(ERROR_CODE)
                .filter(|value| value.len() >= 4)
                .ok_or(StunError::Attribute)?;
            let code = u16::from(value[2] & 7) * 100 + u16::from(value[3]);
            Ok(Response::Error { transaction, code })
        }
        _ => Err(StunError::Unexpected),
    }
}

/// What MESSAGE-INTEGRITY covers, and its value.
#[derive(Debug, Clone, Copy)]
struct Integrity<'a> {
    covered: &'a [u8],
    tag: &'a [u8],
}

impl Integrity<'_> {
    fn verify(&self, password: &[u8]) -> bool {
        let expected = integrity_tag(self.covered, password);
        constant_time::verify_slices_are_equal(expected.as_ref(), self.tag).is_ok()
    }
}

/// HMAC-SHA1 over the message up to the attribute, with the length field as if the message ended behind it (RFC 8489
/// 14.5).
fn integrity_tag(covered: &[u8], password: &[u8]) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password);
    let mut context = hmac::Context::with_key(&key);
    let length = u16::try_from(covered.len() - HEADER_LEN + 24).expect("a datagram is shorter than 64 KiB");
    context.update(&covered[..2]);
    context.update(&length.to_be_bytes());
    context.update(&covered[4..]);
    context.sign()
}

/// A message whose attribute lengths have been checked.
struct Message<'a> {
    kind: u16,
    transaction: [u8; 12],
    integrity: Option<Integrity<'a>>,
    /// Attributes that count: up to and with MESSAGE-INTEGRITY, or all when there is none.
    body: &'a [u8],
}

impl<'a> Message<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, StunError> {
        if bytes.len() < HEADER_LEN || bytes.len() > usize::from(u16::MAX) {
            return Err(StunError::Length);
        }
        if bytes[0] >= 0x40 || bytes[4..8] != COOKIE {
            return Err(StunError::NotStun);
        }
        let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        if HEADER_LEN + length != bytes.len() || !length.is_multiple_of(4) {
            return Err(StunError::Length);
        }
        let mut message = Self {
            kind: u16::from_be_bytes([bytes[0], bytes[1]]),
            transaction: bytes[8..20].try_into().expect("twelve bytes were sliced"),
            integrity: None,
            body: &bytes[HEADER_LEN..],
        };
        let mut at = HEADER_LEN;
        while at < bytes.len() {
            let (kind, value, next) = attribute(bytes, at)?;
            if kind == FINGERPRINT {
                check_fingerprint(&bytes[..at], value)?;
                if next != bytes.len() {
                    return Err(StunError::Attribute);
                }
            } else if kind == MESSAGE_INTEGRITY && message.integrity.is_none() {
                if value.len() != 20 {
                    return Err(StunError::Attribute);
                }
                message.integrity = Some(Integrity {
                    covered: &bytes[..at],
                    tag: value,
                });
                // What follows is not covered and is ignored, but for FINGERPRINT (RFC 8489 14.5).
                message.body = &bytes[HEADER_LEN..next];
            }
            at = next;
        }
        Ok(message)
    }

    fn attributes(&self) -> impl Iterator<Item = (u16, &'a [u8])> + use<'a> {
        let body = self.body;
        let mut at = 0;
        std::iter::from_fn(move || {
            let (kind, value, next) = attribute(body, at).ok()?;
            at = next;
            Some((kind, value))
        })
    }

    fn find(&self, wanted: u16) -> Option<&'a [u8]> {
        self.attributes()
            .find(|(kind, _)| *kind == wanted)
            .map(|(_, value)| value)
    }
}

/// Type, value and the offset behind the padded attribute at `at`.
fn attribute(bytes: &[u8], at: usize) -> Result<(u16, &[u8], usize), StunError> {
    let head = bytes.get(at..at + 4).ok_or(StunError::Attribute)?;
    let kind = u16::from_be_bytes([head[0], head[1]]);
    let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let next = at + 4 + len.next_multiple_of(4);
    if next > bytes.len() {
        return Err(StunError::Attribute);
    }
    Ok((kind, &bytes[at + 4..at + 4 + len], next))
}

fn check_fingerprint(covered: &[u8], value: &[u8]) -> Result<(), StunError> {
    let expected = (crc32fast::hash(covered) ^ FINGERPRINT_XOR).to_be_bytes();
    if value == expected {
        Ok(())
    } else {
        Err(StunError::Fingerprint)
    }
}

fn read_address(value: &[u8], transaction: &[u8; 12]) -> Option<SocketAddr> {
    let (head, address) = value.split_at_checked(4)?;
    let port = u16::from_be_bytes([head[2] ^ COOKIE[0], head[3] ^ COOKIE[1]]);
    let mask = COOKIE.iter().chain(transaction);
    let ip = match head[1] {
        1 => {
            let mut octets: [u8; 4] = address.try_into().ok()?;
            octets.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V4(Ipv4Addr::from(octets))
        }
        2 => {
            let mut octets: [u8; 16] = address.try_into().ok()?;
            octets.iter_mut().zip(mask).for_each(|(octet, mask)| *octet ^= mask);
            IpAddr::V6(Ipv6Addr::from(octets))
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, port))
}
