//! Join tickets: short-lived, signed permission to take one seat of one call in one role.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use ts_rs::TS;

/// Longest ticket text that is looked at, bytes.
pub const TICKET_BYTES_MAX: usize = 1024;

/// Longest life a ticket may be given, seconds.
pub const TICKET_LIFE_S_MAX: i64 = 300;

/// In which role somebody sits in a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Consumer,
    Provider,
}

/// What a ticket permits. `call` and `seat` are ids of the booking side; `nonce` makes it single use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    pub call: String,
    pub seat: String,
    pub role: Role,
    /// Unix seconds after which the ticket is void.
    pub expires_at_s: i64,
    /// Random, at least 128 bits, as text.
    pub nonce: String,
}

/// Why a ticket is refused. Which one it was is for logs; clients learn only that it is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error("the ticket is not well formed")]
    Malformed,
    #[error("the ticket's signature does not fit")]
    BadSignature,
    #[error("the ticket has expired")]
    Expired,
}

/// The key that signs and checks tickets (HMAC-SHA-256, RFC 2104).
#[derive(Clone)]
pub struct TicketKey([u8; 32]);

impl TicketKey {
    #[must_use]
    pub fn new(secret: [u8; 32]) -> Self {
        Self(secret)
    }

    /// Signs a ticket: `base64url(json) "." base64url(mac)`.
    #[must_use]
    pub fn sign(&self, ticket: &Ticket) -> String {
        let json = serde_json::to_vec(ticket).expect("a ticket is plain strings and numbers");
        let payload = URL_SAFE_NO_PAD.encode(json);
        let mac = URL_SAFE_NO_PAD.encode(self.mac(&payload).finalize().into_bytes());
        format!("{payload}.{mac}")
    }

    /// Checks signature, form and expiry at `now_s` (Unix seconds).
    ///
    /// # Errors
    /// See [`TicketError`].
    pub fn verify(&self, text: &str, now_s: i64) -> Result<Ticket, TicketError> {
        if text.len() > TICKET_BYTES_MAX {
            return Err(TicketError::Malformed);
        }
        let (payload, mac) = text.split_once('.').ok_or(TicketError::Malformed)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| TicketError::Malformed)?;
        self.mac(payload)
            .verify_slice(&mac)
            .map_err(|_| TicketError::BadSignature)?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TicketError::Malformed)?;
        let ticket: Ticket = serde_json::from_slice(&json).map_err(|_| TicketError::Malformed)?;
        if now_s >= ticket.expires_at_s || ticket.expires_at_s - now_s > TICKET_LIFE_S_MAX {
            return Err(TicketError::Expired);
        }
        Ok(ticket)
    }

    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(payload.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ticket() -> Ticket {
        Ticket {
            call: "c".into(),
            seat: "s".into(),
            role: Role::Consumer,
            expires_at_s: 1_000,
            nonce: "n".into(),
        }
    }

    #[test]
    fn a_signed_ticket_comes_back_until_it_expires() {
        let key = TicketKey::new([7; 32]);
        let text = key.sign(&ticket());
        assert_eq!(key.verify(&text, 999), Ok(ticket()));
        assert_eq!(key.verify(&text, 1_000), Err(TicketError::Expired));
        assert_eq!(
            key.verify(&text, 1_000 - TICKET_LIFE_S_MAX - 1),
            Err(TicketError::Expired)
        );
        assert_eq!(
            TicketKey::new([8; 32]).verify(&text, 999),
            Err(TicketError::BadSignature)
        );
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_noticed(at in 0usize..100, with in 0u8..128) {
            let key = TicketKey::new([7; 32]);
            let mut bytes = key.sign(&ticket()).into_bytes();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != with);
            bytes[at] = with;
            let text = String::from_utf8(bytes).expect("ASCII stays ASCII");
            prop_assert!(key.verify(&text, 999).is_err());
        }

        #[test]
        fn any_text_is_answered_without_panic(text in ".{0,200}") {
            prop_assert!(TicketKey::new([7; 32]).verify(&text, 0).is_err());
        }
    }
}
