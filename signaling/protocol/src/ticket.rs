//! Tickets: signed, expiring permission to take one seat of one call in one role, or to send media into a room of the
//! media API and receive from it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use ts_rs::TS;

/// Longest ticket text that is read, bytes.
pub const TICKET_BYTES_MAX: usize = 1024;

/// Longest life a ticket may be given, seconds.
pub const TICKET_LIFE_S_MAX: i64 = 300;

/// Longest life a media ticket may be given, seconds.
pub const MEDIA_TICKET_LIFE_S_MAX: i64 = 86_400;

/// What stands before the signed text of a media ticket. It is no base64url, so that neither kind of ticket ever passes
/// for the other.
const MEDIA_DOMAIN: &str = "media:";

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
    /// The sign-in that asked for it: the ticket opens nothing once that is over.
    pub session: String,
}

/// What a ticket of the media API permits one participant of one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaTicket {
    pub room: String,
    pub participant: String,
    pub publish: bool,
    pub subscribe: bool,
    /// Unix seconds after which nothing new may be begun with it.
    pub expires_at_s: i64,
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
        self.seal("", ticket)
    }

    /// Checks signature, form and expiry at `now_s` (Unix seconds).
    ///
    /// # Errors
    /// See [`TicketError`].
    pub fn verify(&self, text: &str, now_s: i64) -> Result<Ticket, TicketError> {
        let ticket: Ticket = self.unseal("", text)?;
        if now_s >= ticket.expires_at_s || ticket.expires_at_s - now_s > TICKET_LIFE_S_MAX {
            return Err(TicketError::Expired);
        }
        Ok(ticket)
    }

    /// Signs a media ticket; the text looks like that of [`TicketKey::sign`].
    #[must_use]
    pub fn sign_media(&self, ticket: &MediaTicket) -> String {
        self.seal(MEDIA_DOMAIN, ticket)
    }

    /// Checks signature and form of a media ticket, whose holder may end what it began after the ticket expired; see
    /// [`MediaTicket::expired`].
    ///
    /// # Errors
    /// See [`TicketError`].
    pub fn verify_media(&self, text: &str) -> Result<MediaTicket, TicketError> {
        self.unseal(MEDIA_DOMAIN, text)
    }

    fn seal(&self, domain: &str, ticket: &impl Serialize) -> String {
        let json = serde_json::to_vec(ticket).expect("a ticket is plain strings and numbers");
        let payload = URL_SAFE_NO_PAD.encode(json);
        let mac = URL_SAFE_NO_PAD.encode(self.mac(domain, &payload).finalize().into_bytes());
        format!("{payload}.{mac}")
    }

    fn unseal<T: DeserializeOwned>(&self, domain: &str, text: &str) -> Result<T, TicketError> {
        if text.len() > TICKET_BYTES_MAX {
            return Err(TicketError::Malformed);
        }
        let (payload, mac) = text.split_once('.').ok_or(TicketError::Malformed)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| TicketError::Malformed)?;
        self.mac(domain, payload)
            .verify_slice(&mac)
            .map_err(|_| TicketError::BadSignature)?;
        let json = URL_SAFE_NO_PAD.decode(payload).map_err(|_| TicketError::Malformed)?;
        serde_json::from_slice(&json).map_err(|_| TicketError::Malformed)
    }

    fn mac(&self, domain: &str, payload: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(domain.as_bytes());
        mac.update(payload.as_bytes());
        mac
    }
}

impl MediaTicket {
    /// Whether it permits nothing new at `now_s` (Unix seconds): too late, or made for longer than is allowed.
    #[must_use]
    pub fn expired(&self, now_s: i64) -> bool {
        now_s >= self.expires_at_s || self.expires_at_s.saturating_sub(now_s) > MEDIA_TICKET_LIFE_S_MAX
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
            session: "i".into(),
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

    #[test]
    fn a_media_ticket_is_no_call_ticket_and_a_call_ticket_no_media_ticket() {
        let key = TicketKey::new([7; 32]);
        let media = MediaTicket {
            room: "r".into(),
            participant: "p".into(),
            publish: true,
            subscribe: false,
            expires_at_s: 1_000,
        };
        let text = key.sign_media(&media);
        assert_eq!(key.verify_media(&text), Ok(media.clone()));
        assert_eq!(key.verify(&text, 999), Err(TicketError::BadSignature));
        assert_eq!(key.verify_media(&key.sign(&ticket())), Err(TicketError::BadSignature));
        assert!(!media.expired(999));
        assert!(media.expired(1_000));
        assert!(media.expired(1_000 - MEDIA_TICKET_LIFE_S_MAX - 1));
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
