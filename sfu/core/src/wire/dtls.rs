//! The DTLS 1.2 association with one peer, as its server or its client: handshake, certificate check before keys, keys for SRTP (RFC 5764, RFC 8827).

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use dimpl::crypto::CryptoProvider;
use dimpl::{Config, Dtls, DtlsCertificate, KeyingMaterial, Output, SrtpProfile};

use crate::event::HandshakeFailure;
use crate::limits;
use crate::wire::srtp::{Keys, Profile};

/// Our certificate and private key; made anew for each process (ASVS 17.2.1).
#[derive(Debug, Clone)]
pub struct Certificate {
    inner: DtlsCertificate,
}

/// No certificate could be made.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot make a DTLS certificate: {0}")]
pub struct CertificateError(String);

impl Certificate {
    /// Makes a self-signed ECDSA P-256 certificate; draws on the randomness of the operating system.
    pub fn generate() -> Result<Self, CertificateError> {
        let inner = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|error| CertificateError(error.to_string()))?;
        Ok(Self { inner })
    }

    /// SHA-256 in the form of `a=fingerprint` (RFC 8122), without the name of the hash.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.inner.fingerprint_str()
    }
}

impl From<DtlsCertificate> for Certificate {
    /// One that was made elsewhere, of ECDSA P-256.
    fn from(inner: DtlsCertificate) -> Self {
        Self { inner }
    }
}

/// A hash of at least 256 bits (RFC 8827 6.5, ASVS 17.2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// What the offer promised about the peer's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    pub(crate) hash: Hash,
    pub(crate) bytes: Vec<u8>,
}

impl Fingerprint {
    fn fits(&self, certificate_der: &[u8]) -> bool {
        let algorithm = match self.hash {
            Hash::Sha256 => &digest::SHA256,
            Hash::Sha384 => &digest::SHA384,
            Hash::Sha512 => &digest::SHA512,
        };
        digest::digest(algorithm, certificate_der).as_ref() == self.bytes
    }
}

/// What a simulation replaces, so that the same handshakes are made again.
pub(crate) struct Simulated {
    pub(crate) crypto: CryptoProvider,
    /// Of hello messages, nonces, and the times after which flights are repeated.
    pub(crate) seed: u64,
}

/// One configuration for all peers of a core. Outside a simulation all its randomness is the operating system's.
pub(crate) fn config(simulated: Option<Simulated>) -> Arc<Config> {
    let mut config = Config::builder()
        // An association is only made for an address pair that passed an ICE check, so a cookie would add a round trip
        // and no protection.
        .use_server_cookie(false)
        .flight_start_rto(Duration::from_millis(200))
        .flight_retries(6)
        .handshake_timeout(limits::HANDSHAKE_TIMEOUT);
    if let Some(Simulated { crypto, seed }) = simulated {
        config = config.with_crypto_provider(crypto).dangerously_set_rng_seed(seed);
    }
    Arc::new(
        config
            .build()
            .expect("a configuration of constants that was tried before"),
    )
}

/// Our side of an association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The peer begins the handshake.
    Server,
    /// We do, since it waits for us.
    Client,
}

impl Role {
    /// Its name in `a=setup` (RFC 8842).
    pub(crate) fn setup(self) -> &'static str {
        match self {
            Self::Server => "passive",
            Self::Client => "active",
        }
    }
}

/// What happened in the association.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress {
    Nothing,
    /// The handshake is over and the keys are there, by [`Association::take_keys`].
    Connected,
    /// The peer said goodbye.
    Closed,
    /// There will be no keys.
    Failed(HandshakeFailure),
}

/// The DTLS association with one peer. Made only once a check has validated an address pair.
pub(crate) struct Association {
    dtls: Dtls,
    role: Role,
    expected: Fingerprint,
    state: State,
    keys: Option<(Keys, Keys)>,
    /// The handshake ran to its end.
    finished: bool,
    next_timeout: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Handshaking,
    /// The certificate is the promised one.
    Verified,
    Connected,
    Over,
}

impl Association {
    /// A client's first flight leaves with the first timeout, which is due at once.
    pub(crate) fn new(
        config: Arc<Config>,
        certificate: &Certificate,
        role: Role,
        expected: Fingerprint,
        now: Instant,
    ) -> Self {
        let mut dtls = Dtls::new_12(config, certificate.inner.clone(), now);
        dtls.set_active(role == Role::Client);
        Self {
            dtls,
            role,
            expected,
            state: State::Handshaking,
            keys: None,
            finished: false,
            next_timeout: Some(now),
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.next_timeout
    }

    /// (inbound, outbound), once.
    pub(crate) fn take_keys(&mut self) -> Option<(Keys, Keys)> {
        self.keys.take()
    }

    pub(crate) fn receive(&mut self, now: Instant, datagram: &[u8], send: &mut dyn FnMut(&[u8])) -> Progress {
        if self.state == State::Over {
            return Progress::Nothing;
        }
        let handled = self
            .dtls
            .handle_timeout(now)
            .and_then(|()| self.dtls.handle_packet(datagram));
        // What is waiting is sent even after an error: it may be the alert that says why.
        let progress = self.drain(send);
        self.settle_error(handled, progress)
    }

    pub(crate) fn timeout(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) -> Progress {
        if self.state == State::Over {
            return Progress::Nothing;
        }
        let handled = self.dtls.handle_timeout(now);
        let progress = self.drain(send);
        self.settle_error(handled, progress)
    }

    /// Says goodbye.
    pub(crate) fn close(&mut self, send: &mut dyn FnMut(&[u8])) {
        if self.state == State::Connected && self.dtls.close().is_ok() {
            self.drain(send);
        }
        self.state = State::Over;
    }

    /// What follows from an input, given what its output came to. An error is the end, unless that came with the output.
    fn settle_error(&mut self, handled: Result<(), dimpl::Error>, progress: Progress) -> Progress {
        match handled {
            Err(error) if self.state != State::Over => self.fail(failure_of(&error)),
            Ok(()) | Err(_) => progress,
        }
    }

    fn fail(&mut self, failure: HandshakeFailure) -> Progress {
        let progress = if self.state == State::Connected {
            Progress::Closed
        } else {
            Progress::Failed(failure)
        };
        self.state = State::Over;
        self.next_timeout = None;
        progress
    }

    fn drain(&mut self, send: &mut dyn FnMut(&[u8])) -> Progress {
        let mut buffer = [0; 2 * limits::DATAGRAM_BYTES_MAX];
        loop {
            match self.dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => send(packet),
                Output::Timeout(at) => {
                    self.next_timeout = Some(at);
                    return self.settle();
                }
                Output::PeerCert(der) => {
                    if !self.expected.fits(der) {
                        return self.fail(HandshakeFailure::OtherCertificate);
                    }
                    self.state = State::Verified;
                }
                Output::KeyingMaterial(material, profile) => {
                    let installed = self.install(&material, profile);
                    if !installed {
                        return self.fail(HandshakeFailure::Refused);
                    }
                }
                Output::Connected => self.finished = true,
                Output::CloseNotify => {
                    self.state = State::Over;
                    return Progress::Closed;
                }
                // The buffer holds two of the largest records there can be; we negotiate no data channel.
                Output::BufferTooSmall { .. } => return self.fail(HandshakeFailure::Refused),
                Output::ApplicationData(_) => {}
                _ => {}
            }
        }
    }

    /// Connected once the handshake is over, the certificate fits and the keys are there, in whatever order they came.
    fn settle(&mut self) -> Progress {
        if self.state == State::Verified && self.finished && self.keys.is_some() {
            self.state = State::Connected;
            return Progress::Connected;
        }
        Progress::Nothing
    }

    fn install(&mut self, material: &KeyingMaterial, profile: SrtpProfile) -> bool {
        if self.state != State::Verified {
            return false;
        }
        let server_side = self.role == Role::Server;
        let profile = Profile::from_dtls(profile);
        self.keys = profile.and_then(|profile| Keys::from_dtls(profile, material, server_side).ok());
        self.keys.is_some()
    }
}

/// What an error of the library means to whoever waits for keys. Its enums may grow.
fn failure_of(error: &dimpl::Error) -> HandshakeFailure {
    use dimpl::{CryptoError, Error};
    let certificate = matches!(
        error,
        Error::CertificateError(_)
            | Error::CryptoError(
                CryptoError::UnsupportedSignatureAlgorithm(_)
                    | CryptoError::UnsupportedSignatureVerification { .. }
                    | CryptoError::SignatureVerificationFailed { .. }
                    | CryptoError::UnsupportedPublicKeyAlgorithm
                    | CryptoError::UnsupportedEcCurve
                    | CryptoError::CertificateParseFailed
                    | CryptoError::MissingEcCurveParameter
                    | CryptoError::InvalidEcCurveParameter
                    | CryptoError::InvalidSubjectPublicKey,
            )
    );
    if certificate {
        HandshakeFailure::UnusableCertificate
    } else if matches!(error, Error::Timeout(_)) {
        HandshakeFailure::TimedOut
    } else {
        HandshakeFailure::Refused
    }
}
