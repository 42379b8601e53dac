//! Master keys from DTLS and the session keys derived from them (RFC 3711 4.3, RFC 7714 11).

use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};

use super::{Profile, SrtpError};

/// Which stream a session key serves; the value is the label of its encryption key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Rtp = 0,
    Rtcp = 3,
}

/// Master key and salt of one direction.
#[derive(Clone)]
pub struct Keys {
    pub(super) profile: Profile,
    key: [u8; 32],
    /// The salt of the GCM profiles has 12 bytes and is extended by zeros (RFC 7714 11).
    salt: [u8; 14],
}

/// Session secrets of one stream; only the first bytes count, as long as the profile says.
pub(super) struct Session {
    pub(super) key: [u8; 32],
    pub(super) auth: [u8; 20],
    pub(super) salt: [u8; 14],
}

impl Keys {
    /// Splits what DTLS exported (client key, server key, client salt, server salt; RFC 5764 4.2) into (inbound,
    /// outbound). `server_side` says which DTLS role we had.
    pub fn from_dtls(profile: Profile, material: &[u8], server_side: bool) -> Result<(Self, Self), SrtpError> {
        let (key_len, salt_len) = (profile.key_len(), profile.salt_len());
        if material.len() != 2 * (key_len + salt_len) {
            return Err(SrtpError::KeyLength);
        }
        let (keys, salts) = material.split_at(2 * key_len);
        let client = Self::new(profile, &keys[..key_len], &salts[..salt_len])?;
        let server = Self::new(profile, &keys[key_len..], &salts[salt_len..])?;
        Ok(if server_side {
            (client, server)
        } else {
            (server, client)
        })
    }

    /// One direction's master key and salt.
    pub fn new(profile: Profile, key: &[u8], salt: &[u8]) -> Result<Self, SrtpError> {
        if key.len() != profile.key_len() || salt.len() != profile.salt_len() {
            return Err(SrtpError::KeyLength);
        }
        let mut keys = Self {
            profile,
            key: [0; 32],
            salt: [0; 14],
        };
        keys.key[..key.len()].copy_from_slice(key);
        keys.salt[..salt.len()].copy_from_slice(salt);
        Ok(keys)
    }

    pub(super) fn derive(&self, stream: Stream) -> Session {
        let label = stream as u8;
        let mut session = Session {
            key: [0; 32],
            auth: [0; 20],
            salt: [0; 14],
        };
        self.expand(label, &mut session.key[..self.profile.key_len()]);
        self.expand(label + 1, &mut session.auth);
        self.expand(label + 2, &mut session.salt[..self.profile.salt_len()]);
        session
    }

    /// The AES-CM pseudo-random function with a key derivation rate of zero (RFC 3711 4.3.3).
    fn expand(&self, label: u8, out: &mut [u8]) {
        let mut counter = [0; 16];
        counter[..14].copy_from_slice(&self.salt);
        counter[7] ^= label;
        let algorithm = if self.profile.key_len() == 32 {
            &AES_256
        } else {
            &AES_128
        };
        let key = UnboundCipherKey::new(algorithm, &self.key[..self.profile.key_len()])
            .and_then(EncryptingKey::ctr)
            .expect("the key has the length of its algorithm");
        out.fill(0);
        key.less_safe_encrypt(out, EncryptionContext::Iv128(counter.into()))
            .expect("counter mode takes any length");
    }
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Keys")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
