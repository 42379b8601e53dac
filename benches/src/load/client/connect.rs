//! How a client connects: checks as the controlling agent, then the handshake in either role.

use std::sync::Arc;
use std::time::{Duration, Instant};

use dimpl::{Config, Dtls, KeyingMaterial, Output, SrtpProfile};
use sfu_core::wire::srtp::{Keys, Profile, SrtpReceiver, SrtpSender};
use sfu_core::wire::stun::{self, BindingRequest, Response};

use super::{CHECK_INTERVAL, CONSENT_INTERVAL, Client, REPORT_INTERVAL, State, Tally};

/// Sources that one client may hear.
const SOURCES_MAX: usize = 256;
/// Room for the largest DTLS record.
const RECORD_LEN: usize = 3_000;

impl Client {
    pub(super) fn check(&mut self, now: Instant) {
        for byte in &mut self.transaction {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            *byte = self.random.to_le_bytes()[3];
        }
        let request = stun::Request {
            transaction: self.transaction,
            username: &format!("{}:{}", self.remote.ufrag, self.local.ufrag),
            password: self.remote.password.as_bytes(),
            priority: 1 << 24,
            // With one pair there is nothing to choose (RFC 8445 8.1.1).
            use_candidate: true,
            tie_breaker: self.random,
        };
        stun::write_request(&mut self.scratch, &request);
        let _ = self.socket.send(&self.scratch);
        self.check_at = now
            + match self.state {
                State::Checking => CHECK_INTERVAL,
                State::Handshaking(_) | State::Connected(..) => CONSENT_INTERVAL,
                State::Failed => Duration::from_secs(3_600),
            };
    }

    pub(super) fn stun(&mut self, bytes: &[u8], now: Instant, tally: &mut Tally) {
        if let Ok(request) = BindingRequest::parse(bytes) {
            // A full agent checks us too.
            if request.verify(self.local.password.as_bytes()) {
                let password = self.local.password.as_bytes();
                stun::write_success(&mut self.scratch, request.transaction, self.remote.candidate, password);
                let _ = self.socket.send(&self.scratch);
            }
            return;
        }
        let Ok(Response::Success { transaction, .. }) = stun::parse_response(bytes, self.remote.password.as_bytes())
        else {
            return;
        };
        if transaction == self.transaction && matches!(self.state, State::Checking) {
            self.begin_handshake(now, tally);
        }
    }

    fn begin_handshake(&mut self, now: Instant, tally: &mut Tally) {
        let config = Config::builder()
            .use_server_cookie(false)
            .flight_start_rto(Duration::from_millis(200))
            .flight_retries(8)
            .build()
            .expect("a configuration of constants");
        let mut dtls = Dtls::new_12(Arc::new(config), self.certificate.clone(), now);
        dtls.set_active(!self.remote.active);
        let begun = dtls.handle_timeout(now).is_ok();
        self.state = State::Handshaking(Box::new(dtls));
        self.check_at = now + CONSENT_INTERVAL;
        if begun {
            self.drain_dtls(now, tally);
        } else {
            self.fail(tally);
        }
    }

    pub(super) fn dtls(&mut self, bytes: &[u8], now: Instant, tally: &mut Tally) {
        // The other side may begin before its answer to our check has come.
        if matches!(self.state, State::Checking) {
            self.begin_handshake(now, tally);
        }
        let (State::Handshaking(dtls) | State::Connected(dtls, ..)) = &mut self.state else {
            return;
        };
        let handled = dtls.handle_timeout(now).and_then(|()| dtls.handle_packet(bytes));
        self.drain_dtls(now, tally);
        if handled.is_err() {
            self.fail(tally);
        }
    }

    pub(super) fn dtls_timeout(&mut self, now: Instant, tally: &mut Tally) {
        self.dtls_at = None;
        let (State::Handshaking(dtls) | State::Connected(dtls, ..)) = &mut self.state else {
            return;
        };
        if dtls.handle_timeout(now).is_err() {
            self.fail(tally);
            return;
        }
        self.drain_dtls(now, tally);
    }

    fn drain_dtls(&mut self, now: Instant, tally: &mut Tally) {
        let (State::Handshaking(dtls) | State::Connected(dtls, ..)) = &mut self.state else {
            return;
        };
        let mut buffer = [0; RECORD_LEN];
        let (mut keys, mut over) = (None, false);
        loop {
            match dtls.poll_output(&mut buffer) {
                Output::Packet(packet) => {
                    let _ = self.socket.send(packet);
                }
                Output::Timeout(at) => {
                    self.dtls_at = Some(at);
                    break;
                }
                Output::PeerCert(der) => {
                    let seen = dimpl::certificate::calculate_fingerprint(der);
                    self.verified = dimpl::certificate::format_fingerprint(&seen) == self.remote.fingerprint;
                }
                Output::KeyingMaterial(material, profile) => keys = Some((material, profile)),
                Output::CloseNotify | Output::BufferTooSmall { .. } => {
                    over = true;
                    break;
                }
                Output::Connected | Output::ApplicationData(_) | _ => {}
            }
        }
        if let Some((material, profile)) = keys {
            self.connect(&material, profile, now, tally);
        }
        if over {
            self.fail(tally);
        }
    }

    fn connect(&mut self, material: &KeyingMaterial, profile: SrtpProfile, now: Instant, tally: &mut Tally) {
        let keys = Profile::from_dtls(profile)
            .filter(|_| self.verified)
            .and_then(|profile| {
                Keys::from_dtls(profile, material, self.remote.active)
                    .ok()
                    .map(|keys| (profile, keys))
            });
        let state = std::mem::replace(&mut self.state, State::Failed);
        let (Some((profile, (inbound, outbound))), State::Handshaking(dtls)) = (keys, state) else {
            tally.failed += 1;
            return;
        };
        let receiver = SrtpReceiver::new(&inbound, SOURCES_MAX);
        self.state = State::Connected(dtls, Box::new(receiver), Box::new(SrtpSender::new(&outbound)));
        self.profile = Some(profile);
        tally.connected += 1;
        self.report_at = Some(now + REPORT_INTERVAL);
        // Feedback of many clients is spread over the interval, as it is between strangers.
        let share = self.draw();
        self.feedback_at = Some(now + self.feedback_interval.mul_f64(share));
        if self.sending {
            self.start_sending(now);
        }
    }

    fn fail(&mut self, tally: &mut Tally) {
        if !matches!(self.state, State::Failed) {
            tally.failed += 1;
        }
        self.state = State::Failed;
        self.dtls_at = None;
        self.feedback_at = None;
        self.report_at = None;
    }

    /// Says goodbye.
    pub(crate) fn close(&mut self) {
        if let State::Connected(dtls, ..) = &mut self.state
            && dtls.close().is_ok()
        {
            let mut buffer = [0; RECORD_LEN];
            while let Output::Packet(packet) = dtls.poll_output(&mut buffer) {
                let _ = self.socket.send(packet);
            }
        }
        self.state = State::Failed;
    }
}
