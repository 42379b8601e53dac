//! Sealing and opening one packet whose index is known; no state but the session keys.

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::{constant_time, hmac};

use super::keys::{Keys, Session, Stream};
use super::{Profile, SrtpError, read_u32};

/// The E bit of the SRTCP index word: the compound is encrypted.
const ENCRYPTED: u32 = 0x8000_0000;
/// Bytes of an RTCP compound that stay in the clear.
const RTCP_CLEAR: usize = 8;

/// Session keys of one stream of one direction.
pub(super) enum Cipher {
    Gcm {
        key: LessSafeKey,
        salt: [u8; 12],
    },
    /// Boxed because its key schedules would make every cipher large.
    Cm(Box<Cm>),
}

pub(super) struct Cm {
    key: EncryptingKey,
    salt: [u8; 14],
    auth: hmac::Key,
}

impl Cipher {
    pub(super) fn new(keys: &Keys, stream: Stream) -> Self {
        Self::from_session(keys.profile, &keys.derive(stream))
    }

    pub(super) fn from_session(profile: Profile, session: &Session) -> Self {
        let key = &session.key[..profile.key_len()];
        let gcm = |algorithm| Self::Gcm {
            key: LessSafeKey::new(UnboundKey::new(algorithm, key).expect("the key has the length of its algorithm")),
            salt: session.salt[..12].try_into().expect("twelve bytes were sliced"),
        };
        match profile {
            Profile::AeadAes128Gcm => gcm(&AES_128_GCM),
            Profile::AeadAes256Gcm => gcm(&AES_256_GCM),
            Profile::AesCm128HmacSha1_80 => Self::Cm(Box::new(Cm {
                key: UnboundCipherKey::new(&AES_128, key)
                    .and_then(EncryptingKey::ctr)
                    .expect("the key has the length of its algorithm"),
                salt: session.salt,
                auth: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &session.auth),
            })),
        }
    }

    pub(super) fn tag_len(&self) -> usize {
        match self {
            Self::Gcm { .. } => 16,
            Self::Cm(_) => 10,
        }
    }

    /// Seals `packet[..plain_len]`; the tag goes behind it. Returns the sealed length.
    pub(super) fn seal_rtp(&self, roc: u32, packet: &mut [u8], header_len: usize, plain_len: usize) -> usize {
        let sealed_len = plain_len + self.tag_len();
        let ssrc = read_u32(packet, 8);
        let sequence = [packet[2], packet[3]];
        let (plain, rest) = packet.split_at_mut(plain_len);
        let (header, payload) = plain.split_at_mut(header_len);
        match self {
            Self::Gcm { key, salt } => {
                let tag = key
                    .seal_in_place_separate_tag(rtp_nonce(salt, ssrc, roc, sequence), Aad::from(header), payload)
                    .expect("a packet is far below the limit of the algorithm");
                rest[..16].copy_from_slice(tag.as_ref());
            }
            Self::Cm(cm) => {
                let Cm { key, salt, auth } = &**cm;
                crypt(key, cm_counter(salt, ssrc, roc, sequence), payload);
                rest[..10].copy_from_slice(&cm_tag(auth, plain, roc));
            }
        }
        sealed_len
    }

    /// Authenticates and decrypts a whole packet; returns its plain length.
    pub(super) fn open_rtp(&self, roc: u32, packet: &mut [u8], header_len: usize) -> Result<usize, SrtpError> {
        let plain_len = packet.len().checked_sub(self.tag_len()).ok_or(SrtpError::Malformed)?;
        if plain_len < header_len {
            return Err(SrtpError::Malformed);
        }
        let ssrc = read_u32(packet, 8);
        let sequence = [packet[2], packet[3]];
        match self {
            Self::Gcm { key, salt } => {
                let (header, sealed) = packet.split_at_mut(header_len);
                key.open_in_place(rtp_nonce(salt, ssrc, roc, sequence), Aad::from(header), sealed)
                    .map_err(|_| SrtpError::Forged)?;
            }
            Self::Cm(cm) => {
                let Cm { key, salt, auth } = &**cm;
                let (plain, tag) = packet.split_at_mut(plain_len);
                let expected = cm_tag(auth, plain, roc);
                constant_time::verify_slices_are_equal(&expected, tag).map_err(|_| SrtpError::Forged)?;
                crypt(key, cm_counter(salt, ssrc, roc, sequence), &mut plain[header_len..]);
            }
        }
        Ok(plain_len)
    }

    /// Seals `packet[..plain_len]`; tag and index word go behind it. Returns the sealed length.
    pub(super) fn seal_rtcp(&self, index: u32, packet: &mut [u8], plain_len: usize) -> usize {
        let word = (ENCRYPTED | index).to_be_bytes();
        let ssrc = read_u32(packet, 4);
        match self {
            Self::Gcm { key, salt } => {
                let aad = rtcp_aad(packet, word);
                let (plain, rest) = packet.split_at_mut(plain_len);
                let tag = key
                    .seal_in_place_separate_tag(rtcp_nonce(salt, ssrc, index), Aad::from(aad), &mut plain[RTCP_CLEAR..])
                    .expect("a packet is far below the limit of the algorithm");
                rest[..16].copy_from_slice(tag.as_ref());
                rest[16..20].copy_from_slice(&word);
            }
            Self::Cm(cm) => {
                let Cm { key, salt, auth } = &**cm;
                let (plain, rest) = packet.split_at_mut(plain_len);
                crypt(key, rtcp_counter(salt, ssrc, index), &mut plain[RTCP_CLEAR..]);
                rest[..4].copy_from_slice(&word);
                rest[4..14].copy_from_slice(&cm_tag(auth, plain, ENCRYPTED | index));
            }
        }
        plain_len + 4 + self.tag_len()
    }

    /// The index word of a sealed compound. Compounds that are only authenticated are refused: WebRTC encrypts all
    /// (RFC 8827 6.5).
    pub(super) fn rtcp_index(&self, packet: &[u8]) -> Result<u32, SrtpError> {
        if packet.len() < RTCP_CLEAR + 4 + self.tag_len() || packet[0] >> 6 != 2 {
            return Err(SrtpError::Malformed);
        }
        let at = match self {
            Self::Gcm { .. } => packet.len() - 4,
            Self::Cm(_) => packet.len() - 14,
        };
        let word = read_u32(packet, at);
        if word & ENCRYPTED == 0 {
            Err(SrtpError::Malformed)
        } else {
            Ok(word & !ENCRYPTED)
        }
    }

    /// Authenticates and decrypts a compound that has passed [`Self::rtcp_index`]; returns its plain length.
    pub(super) fn open_rtcp(&self, index: u32, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let plain_len = packet.len() - 4 - self.tag_len();
        let word = (ENCRYPTED | index).to_be_bytes();
        let ssrc = read_u32(packet, 4);
        match self {
            Self::Gcm { key, salt } => {
                let aad = rtcp_aad(packet, word);
                key.open_in_place(
                    rtcp_nonce(salt, ssrc, index),
                    Aad::from(aad),
                    &mut packet[RTCP_CLEAR..plain_len + 16],
                )
                .map_err(|_| SrtpError::Forged)?;
            }
            Self::Cm(cm) => {
                let Cm { key, salt, auth } = &**cm;
                let (plain, rest) = packet.split_at_mut(plain_len);
                let expected = cm_tag(auth, plain, ENCRYPTED | index);
                constant_time::verify_slices_are_equal(&expected, &rest[4..]).map_err(|_| SrtpError::Forged)?;
                crypt(key, rtcp_counter(salt, ssrc, index), &mut plain[RTCP_CLEAR..]);
            }
        }
        Ok(plain_len)
    }
}

/// RFC 7714 8.1.
fn rtp_nonce(salt: &[u8; 12], ssrc: u32, roc: u32, sequence: [u8; 2]) -> Nonce {
    let mut nonce = [0; 12];
    nonce[2..6].copy_from_slice(&ssrc.to_be_bytes());
    nonce[6..10].copy_from_slice(&roc.to_be_bytes());
    nonce[10..].copy_from_slice(&sequence);
    nonce.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
    Nonce::assume_unique_for_key(nonce)
}

/// RFC 7714 9.1.
fn rtcp_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> Nonce {
    let index = index.to_be_bytes();
    rtp_nonce(
        salt,
        ssrc,
        u32::from_be_bytes([0, 0, index[0], index[1]]),
        [index[2], index[3]],
    )
}

/// RFC 7714 9.3: the clear header and the index word.
fn rtcp_aad(packet: &[u8], word: [u8; 4]) -> [u8; 12] {
    let mut aad = [0; 12];
    aad[..8].copy_from_slice(&packet[..8]);
    aad[8..].copy_from_slice(&word);
    aad
}

/// RFC 3711 4.1.1.
fn cm_counter(salt: &[u8; 14], ssrc: u32, roc: u32, sequence: [u8; 2]) -> [u8; 16] {
    let mut counter = [0; 16];
    counter[4..8].copy_from_slice(&ssrc.to_be_bytes());
    counter[8..12].copy_from_slice(&roc.to_be_bytes());
    counter[12..14].copy_from_slice(&sequence);
    counter.iter_mut().zip(salt).for_each(|(byte, salt)| *byte ^= salt);
    counter
}

fn rtcp_counter(salt: &[u8; 14], ssrc: u32, index: u32) -> [u8; 16] {
    let index = index.to_be_bytes();
    cm_counter(
        salt,
        ssrc,
        u32::from_be_bytes([0, 0, index[0], index[1]]),
        [index[2], index[3]],
    )
}

fn crypt(key: &EncryptingKey, counter: [u8; 16], data: &mut [u8]) {
    key.less_safe_encrypt(data, EncryptionContext::Iv128(counter.into()))
        .expect("counter mode takes any length");
}

/// RFC 3711 4.2: over the packet and the roll-over counter, or for SRTCP the index word; cut to 80 bits.
fn cm_tag(auth: &hmac::Key, plain: &[u8], trailer: u32) -> [u8; 10] {
    let mut context = hmac::Context::with_key(auth);
    context.update(plain);
    context.update(&trailer.to_be_bytes());
    context.sign().as_ref()[..10].try_into().expect("ten bytes were sliced")
}
