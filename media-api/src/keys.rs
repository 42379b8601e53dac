//! Partner keys: they let a partner make rooms and tickets. Only their hashes are configured.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// SHA-256 of a partner key. Rooms belong to the key that made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyHash(pub [u8; 32]);

impl KeyHash {
    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        let mut hash = [0; 32];
        for (byte, digits) in hash.iter_mut().zip(text.as_bytes().chunks(2)) {
            *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        }
        Some(Self(hash))
    }

    /// 64 hexadecimal digits, as the configuration has them.
    #[must_use]
    pub fn to_hex(self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }
}

/// Text of a fresh key with this randomness, and what to configure for it.
#[must_use]
pub fn fresh_key(random: [u8; 32]) -> (String, KeyHash) {
    let key = format!("booka_{}", URL_SAFE_NO_PAD.encode(random));
    let hash = KeyHash::of(&key);
    (key, hash)
}

/// The keys that are good here.
#[derive(Debug, Clone, Default)]
pub struct PartnerKeys(Vec<KeyHash>);

impl PartnerKeys {
    #[must_use]
    pub fn new(hashes: Vec<KeyHash>) -> Self {
        Self(hashes)
    }

    /// Which key this is. Takes equally long whichever it is, or if it is none.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<KeyHash> {
        let shown = KeyHash::of(key);
        let mut found = None;
        for known in &self.0 {
            if bool::from(known.0.ct_eq(&shown.0)) {
                found = Some(*known);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_hash_only() {
        let (key, hash) = fresh_key([7; 32]);
        let (other, other_hash) = fresh_key([8; 32]);
        assert_ne!(hash, other_hash);
        let keys = PartnerKeys::new(vec![KeyHash::from_hex(&hash.to_hex()).expect("it is 64 digits")]);
        assert_eq!(keys.find(&key), Some(hash));
        assert_eq!(keys.find(&other), None);
        assert_eq!(keys.find(&hash.to_hex()), None);
        assert_eq!(PartnerKeys::default().find(""), None);
    }

    #[test]
    fn a_hash_is_64_digits() {
        for bad in ["", "ab", &"g".repeat(64), &"a".repeat(63), &"é".repeat(32)] {
            assert_eq!(KeyHash::from_hex(bad), None, "{bad}");
        }
        assert!(KeyHash::from_hex(&"Aa".repeat(32)).is_some());
    }
}
