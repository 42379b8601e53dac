//! Handshakes that replay: certificates and signatures of one length each, whatever the keys are. Keys themselves are the
//! operating system's; nothing but the length of what they make is to be seen in a run.

use dimpl::certificate::generate_self_signed_certificate;
use dimpl::crypto::{
    Buf, CryptoProvider, HashAlgorithm, KeyProvider, SignatureAlgorithm, SigningKey, aws_lc_rs::default_provider,
};
use dimpl::{CryptoError, CryptoOperation, DtlsCertificate};

/// Bytes of half of all ECDSA signatures with P-256: one of their two numbers takes a byte for its sign.
const SIGNATURE_BYTES: usize = 71;
/// Bytes of the more usual certificates of [`generate_self_signed_certificate`].
const CERTIFICATE_BYTES: usize = 326;
/// Nearly half of all tries succeed, so that as many never fail by chance.
const TRIES_MAX: usize = 1_000;

/// What the DTLS library computes with in a simulation.
pub(crate) fn provider() -> CryptoProvider {
    CryptoProvider {
        key_provider: &EvenKeys,
        ..default_provider()
    }
}

/// A new certificate, as long as every other.
pub(crate) fn certificate() -> DtlsCertificate {
    let mut made = (0..TRIES_MAX).map(|_| generate_self_signed_certificate().expect("the system has randomness"));
    made.find(|made| made.certificate.len() == CERTIFICATE_BYTES)
        .expect("the library makes certificates of this length")
}

/// Loads private keys whose signatures are of one length.
#[derive(Debug)]
struct EvenKeys;

impl KeyProvider for EvenKeys {
    fn load_private_key(&self, key_der: &[u8]) -> Result<Box<dyn SigningKey>, CryptoError> {
        let key = default_provider().key_provider.load_private_key(key_der)?;
        Ok(Box::new(EvenKey(key)))
    }
}

#[derive(Debug)]
struct EvenKey(Box<dyn SigningKey>);

impl SigningKey for EvenKey {
    fn sign(&mut self, data: &[u8], hash_alg: HashAlgorithm, out: &mut Buf) -> Result<(), CryptoError> {
        for _ in 0..TRIES_MAX {
            self.0.sign(data, hash_alg, out)?;
            if out.len() == SIGNATURE_BYTES {
                return Ok(());
            }
        }
        Err(CryptoError::OperationFailed(CryptoOperation::Sign))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.0.hash_algorithm()
    }

    fn supported_hash_algorithms(&self) -> &[HashAlgorithm] {
        self.0.supported_hash_algorithms()
    }
}
