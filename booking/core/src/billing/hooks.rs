//! Hooks of the payment provider: signed, stored before they are answered, and believed in nothing. The job asks for the
//! truth, so a hook that is late, doubled, or never sent changes only how soon we know.
//!
//! The body is `{"id": "…", "payment": "…"}` with our id of the payment. The header `booka-signature` is
//! `t=<Unix seconds>,v1=<hex HMAC-SHA-256 of "<t>.<body>">` (RFC 2104).

use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::base::hex;

/// How far a hook's time may be from ours, seconds, so that an old one cannot be sent again for ever.
const TOLERANCE_S: i64 = 300;

/// The value of the signature header for a body, as the test provider makes it.
#[must_use]
pub fn sign_hook(secret: &[u8], at_s: i64, body: &str) -> String {
    format!(
        "t={at_s},v1={}",
        hex(&mac(secret, at_s, body.as_bytes()).finalize().into_bytes())
    )
}

/// Checks time and signature; the comparison takes as long for a good guess as for a bad one.
#[must_use]
pub fn is_signed(secret: &[u8], header: &str, body: &[u8], now_s: i64) -> bool {
    let Some((time, signature)) = header.split_once(',') else {
        return false;
    };
    let at_s = time.strip_prefix("t=").and_then(|text| text.parse::<i64>().ok());
    let signature = signature.strip_prefix("v1=").and_then(from_hex);
    let (Some(at_s), Some(signature)) = (at_s, signature) else {
        return false;
    };
    now_s.abs_diff(at_s) <= TOLERANCE_S.unsigned_abs() && mac(secret, at_s, body).verify_slice(&signature).is_ok()
}

fn mac(secret: &[u8], at_s: i64, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length");
    mac.update(format!("{at_s}.").as_bytes());
    mac.update(body);
    mac
}

/// The bytes of a SHA-256 in hexadecimal.
fn from_hex(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_a_fresh_signature_of_this_very_body_counts() {
        let header = sign_hook(b"secret", 1_000, "body");
        assert!(is_signed(b"secret", &header, b"body", 1_000));
        assert!(is_signed(b"secret", &header, b"body", 1_300));
        for (secret, body, now_s) in [
            ("secret", "body", 1_301),
            ("secret", "body", 699),
            ("secret", "bodies", 1_000),
            ("other", "body", 1_000),
        ] {
            assert!(
                !is_signed(secret.as_bytes(), &header, body.as_bytes(), now_s),
                "{secret} {body} {now_s}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_header_is_answered_without_panic(header in ".{0,120}", now_s in any::<i64>()) {
            prop_assert!(!is_signed(b"secret", &header, b"body", now_s));
            let timed = ["t=", &now_s.to_string(), ",v1=", &header].concat();
            prop_assert!(!is_signed(b"secret", &timed, b"body", now_s));
        }
    }
}
