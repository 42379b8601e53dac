//! How a model client connects: checks as the controlling agent, then the handshake as the DTLS client, or its server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, Output};
use rand::Rng;
use sfu_core::wire::srtp::{Keys, Profile, SrtpReceiver, SrtpSender};
use sfu_core::wire::stun::{self, Response};

use super::sender::Outlet;
use super::{CHECK_INTERVAL, CONSENT_INTERVAL, Client, REPORT_INTERVAL};
use crate::crypto;

impl Client {
    pub(super) fn send_check(&mut self, now: Instant) {
        let Some(remote) = &self.remote else { return };
        let transaction: [u8; 12] = self.random.random();
        self.transactions.push_back(transaction);
        if self.transactions.len() > 8 {
            self.transactions.pop_front();
        }
        let mut bytes = Vec::new();
        let request = stun::Request {
            transaction,
            username: &format!("{}:{}", remote.ufrag, self.ufrag),
            password: remote.password.as_bytes(),
            priority: 1 << 24,
            use_candidate: self.validated && !(self.config.nominates_once && self.srtp.is_some()),
            tie_breaker: self.config.seed,
        };
        stun::write_request(&mut bytes, &request);
        self.out.push_back(bytes);
        let interval = if self.srtp.is_some() && self.answered {
            CONSENT_INTERVAL
        } else {
            CHECK_INTERVAL
        };
        self.check_at = Some(now + interval);
    }

    pub(super) fn handle_check_answer(&mut self, bytes: &[u8], now: Instant) {
        let Some(remote) = &self.remote else { return };
        let answer = stun::parse_response(bytes, remote.password.as_bytes());
        let Ok(Response::Success { transaction, .. }) = answer else {
            return;
        };
        if !self.transactions.contains(&transaction) {
            return;
        }
        self.answered = true;
        if self.validated {
            return;
        }
        self.validated = true;
        // The pair works: nominate it and begin the handshake over it.
        self.send_check(now);
        if self.dtls.is_some() {
            return;
        }
        let config = Config::builder()
            .flight_start_rto(Duration::from_millis(200))
            .flight_retries(8)
            .with_crypto_provider(crypto::provider())
            // No draw of the generator that all else follows from: the handshake has a stream of its own.
            .dangerously_set_rng_seed(self.config.seed ^ u64::from(self.config.tag).rotate_left(48))
            .build();
        let config = config.expect("a configuration of constants");
        let mut dtls = Dtls::new_12(Arc::new(config), self.certificate.clone(), now);
        dtls.set_active(!self.config.dtls_server);
        if dtls.handle_timeout(now).is_ok() {
            self.dtls = Some(dtls);
            self.report_at = Some(now + REPORT_INTERVAL);
            self.drain_dtls();
        }
    }

    pub(super) fn drain_dtls(&mut self) {
        let Some(dtls) = &mut self.dtls else { return };
        let mut buffer = [0; 3_000];
        loop {
            match dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => self.out.push_back(packet.to_vec()),
                Output::Timeout(at) => {
                    self.dtls_timeout = Some(at);
                    return;
                }
                Output::PeerCert(der) => {
                    let seen = dimpl::certificate::calculate_fingerprint(der);
                    let seen = dimpl::certificate::format_fingerprint(&seen);
                    if self.remote.as_ref().is_none_or(|remote| remote.fingerprint != seen) {
                        self.failed = Some("another certificate than the answer promised".to_owned());
                    }
                }
                Output::KeyingMaterial(material, profile) => {
                    let Some(profile) = Profile::from_dtls(profile) else {
                        continue;
                    };
                    match Keys::from_dtls(profile, &material, self.config.dtls_server) {
                        Ok((inbound, outbound)) => {
                            self.srtp = Some((
                                SrtpReceiver::new(&inbound, 64),
                                Outlet {
                                    srtp: SrtpSender::new(&outbound),
                                    number: self.random.random(),
                                },
                            ));
                        }
                        Err(error) => self.failed = Some(error.to_string()),
                    }
                }
                Output::CloseNotify => {
                    self.closed = true;
                    self.check_at = None;
                }
                // The buffer is larger than any record, and nobody sends data.
                Output::BufferTooSmall { .. } | Output::Connected | Output::ApplicationData(_) | _ => {}
            }
        }
    }
}
