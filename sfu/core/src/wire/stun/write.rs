//! Writing binding requests, success and error responses.

use std::net::{IpAddr, SocketAddr};

use super::{
    BINDING_ERROR, BINDING_REQUEST, BINDING_SUCCESS, COOKIE, ERROR_CODE, FINGERPRINT, FINGERPRINT_XOR, HEADER_LEN,
    ICE_CONTROLLING, MESSAGE_INTEGRITY, PRIORITY, UNKNOWN_ATTRIBUTES, USE_CANDIDATE, USERNAME, XOR_MAPPED_ADDRESS,
    integrity_tag,
};

/// Replaces the content of `out` by a success response.
pub fn write_success(out: &mut Vec<u8>, transaction: [u8; 12], mapped: SocketAddr, password: &[u8]) {
    begin(out, BINDING_SUCCESS, transaction);
    let mut value = [0; 20];
    let port = mapped.port().to_be_bytes();
    value[2..4].copy_from_slice(&[port[0] ^ COOKIE[0], port[1] ^ COOKIE[1]]);
    // A dual-stack socket shows IPv4 clients as mapped IPv6; the client must see the family it used.
    let len = match mapped.ip().to_canonical() {
        IpAddr::V4(ip) => {
            value[1] = 1;
            value[4..8].copy_from_slice(&ip.octets());
            8
        }
        IpAddr::V6(ip) => {
            value[1] = 2;
            value[4..20].copy_from_slice(&ip.octets());
            20
        }
    };
    let mask = COOKIE.iter().chain(&transaction);
    value[4..len]
        .iter_mut()
        .zip(mask)
        .for_each(|(byte, mask)| *byte ^= mask);
    attribute(out, XOR_MAPPED_ADDRESS, &value[..len]);
    finish(out, Some(password));
}

/// Replaces the content of `out` by an error response (400, 401, 420 or 487). `unknown` is listed where it is not empty;
/// `password` only where the request was authenticated.
pub(crate) fn write_error(
    out: &mut Vec<u8>,
    transaction: [u8; 12],
    code: u16,
    unknown: &[u16],
    password: Option<&[u8]>,
) {
    begin(out, BINDING_ERROR, transaction);
    let reason: &[u8] = match code {
        401 => b"Unauthenticated",
        420 => b"Unknown Attribute",
        487 => b"Role Conflict",
        _ => b"Bad Request",
    };
    let mut value = [0; 24];
    value[2] = u8::try_from(code / 100 % 8).expect("a value below 8");
    value[3] = u8::try_from(code % 100).expect("a value below 100");
    value[4..4 + reason.len()].copy_from_slice(reason);
    attribute(out, ERROR_CODE, &value[..4 + reason.len()]);
    if !unknown.is_empty() {
        let mut list = [0; 16];
        for (slot, kind) in list.chunks_exact_mut(2).zip(unknown) {
            slot.copy_from_slice(&kind.to_be_bytes());
        }
        attribute(out, UNKNOWN_ATTRIBUTES, &list[..unknown.len().min(8) * 2]);
    }
    finish(out, password);
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
    begin(out, BINDING_REQUEST, request.transaction);
    attribute(out, USERNAME, request.username.as_bytes());
    attribute(out, PRIORITY, &request.priority.to_be_bytes());
    attribute(out, ICE_CONTROLLING, &request.tie_breaker.to_be_bytes());
    if request.use_candidate {
        attribute(out, USE_CANDIDATE, &[]);
    }
    finish(out, Some(request.password));
}

fn begin(out: &mut Vec<u8>, kind: u16, transaction: [u8; 12]) {
    out.clear();
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&COOKIE);
    out.extend_from_slice(&transaction);
}

fn attribute(out: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let len = u16::try_from(value.len()).expect("attributes we write are short");
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
}

fn finish(out: &mut Vec<u8>, password: Option<&[u8]>) {
    if let Some(password) = password {
        let tag = integrity_tag(out, password);
        attribute(out, MESSAGE_INTEGRITY, tag.as_ref());
    }
    // FINGERPRINT covers the header with the final length (RFC 8489 14.7).
    let length = u16::try_from(out.len() + 8 - HEADER_LEN).expect("messages we write are short");
    out[2..4].copy_from_slice(&length.to_be_bytes());
    let fingerprint = crc32fast::hash(out) ^ FINGERPRINT_XOR;
    attribute(out, FINGERPRINT, &fingerprint.to_be_bytes());
}
