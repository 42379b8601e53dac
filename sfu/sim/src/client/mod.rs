//! A model client: controlling ICE, DTLS client, sends its sources, receives and checks its slots. No input or output
//! of its own, so that the simulator, the driver's loopback test and the bench all can carry its datagrams.

mod coding;
mod config;
mod connect;
mod content;
mod feedback;
mod observe;
mod offer;
mod playout;
mod publish;
mod receiver;
mod sender;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use dimpl::{Dtls, DtlsCertificate};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sfu_core::wire::rtcp::{self, Rtcp};
use sfu_core::wire::rtp::{Header, is_media, is_rtcp};
use sfu_core::wire::srtp::{Profile, RTCP_OVERHEAD, SrtpReceiver};
use sfu_core::wire::stun;
use sfu_core::{Mid, SlotInfo, SourceKind};

pub use self::config::ClientConfig;
use self::feedback::{FeedbackWriter, read_feedback};
use self::offer::{Answered, TRANSPORT_CC_EXTENSION};
pub use self::playout::{Freeze, Heard, Seen};
pub use self::receiver::ReceivedStream;
use self::receiver::Receiver;
pub(crate) use self::receiver::Taken;
use self::sender::{Outlet, Sender};
use crate::crypto;

const CHECK_INTERVAL: Duration = Duration::from_millis(100);
const CONSENT_INTERVAL: Duration = Duration::from_millis(2_500);
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What a client got, after its checks passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub streams: Vec<ReceivedStream>,
    /// Keyframe requests that reached its sources.
    pub keyframe_requests: u64,
    /// Packets it sent again on request.
    pub retransmitted: u64,
    /// Highest bitrate that it was allowed, in bits a second.
    pub allowed_bps: u64,
    /// Packets of its own that the core reported to have arrived, and to be lost.
    pub reported_arrived: u64,
    pub reported_lost: u64,
    pub sender_reports: u64,
}

/// The model client.
pub struct Client {
    config: ClientConfig,
    random: ChaCha8Rng,
    ufrag: String,
    /// Ours after a restart that is not answered yet.
    next_ufrag: Option<String>,
    password: String,
    certificate: DtlsCertificate,
    remote: Option<Answered>,
    /// When the next check goes out.
    check_at: Option<Instant>,
    /// The last checks sent, since an answer may take longer than the next check.
    transactions: VecDeque<[u8; 12]>,
    validated: bool,
    /// The last check from this address was answered.
    answered: bool,
    dtls: Option<Dtls>,
    dtls_timeout: Option<Instant>,
    srtp: Option<(SrtpReceiver, Outlet)>,
    closed: bool,
    failed: Option<String>,
    senders: Vec<Sender>,
    receivers: Vec<Receiver>,
    report_at: Option<Instant>,
    feedback: FeedbackWriter,
    epoch: Instant,
    allowed_bps: u64,
    reported_arrived: u64,
    reported_lost: u64,
    out: VecDeque<Vec<u8>>,
}

impl Client {
    /// # Panics
    /// When the system has no randomness for a certificate.
    #[must_use]
    pub fn new(config: ClientConfig, now: Instant) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(config.seed ^ (u64::from(config.tag) << 32));
        let mut senders = Vec::new();
        for (mid, kind) in config.sources.iter().enumerate() {
            let encodings: &[Option<u8>] = if config.simulcast && *kind == SourceKind::Camera {
                &[Some(0), Some(1), Some(2)]
            } else {
                &[None]
            };
            for encoding in encodings {
                senders.push(Sender::new(*kind, mid.to_string(), *encoding, &config, &mut random));
            }
        }
        Self {
            ufrag: format!("c{:08x}", random.random::<u32>()),
            next_ufrag: None,
            password: format!("{:032x}", random.random::<u128>()),
            certificate: crypto::certificate(),
            random,
            config,
            remote: None,
            check_at: None,
            transactions: VecDeque::new(),
            validated: false,
            answered: false,
            dtls: None,
            dtls_timeout: None,
            srtp: None,
            closed: false,
            failed: None,
            senders,
            receivers: Vec::new(),
            report_at: None,
            feedback: FeedbackWriter::new(now),
            epoch: now,
            allowed_bps: 0,
            reported_arrived: 0,
            reported_lost: 0,
            out: VecDeque::new(),
        }
    }

    /// The offer for [`sfu_core::Join`].
    #[must_use]
    pub fn offer(&self) -> String {
        let hash = self.certificate.fingerprint_str();
        offer::write(&self.config, &self.senders, &self.ufrag, &self.password, &hash)
    }

    /// The sources for [`sfu_core::Join`].
    #[must_use]
    pub fn sources(&self) -> Vec<(Mid, SourceKind)> {
        let kinds = self.config.sources.iter().enumerate();
        kinds.map(|(mid, kind)| (Mid(mid.to_string()), *kind)).collect()
    }

    #[must_use]
    pub fn tag(&self) -> u32 {
        self.config.tag
    }

    /// Takes the answer and begins to connect.
    ///
    /// # Errors
    /// The answer lacks something, or its slots are not those that were reported.
    pub fn accept(&mut self, answer: &str, slots: &[SlotInfo], now: Instant) -> Result<(), String> {
        let answered = offer::read(answer).ok_or_else(|| format!("not usable: {answer}"))?;
        let mids: Vec<&str> = answered.slots.iter().map(|slot| slot.mid.as_str()).collect();
        let reported: Vec<&str> = slots.iter().map(|slot| slot.mid.0.as_str()).collect();
        if mids != reported || mids.len() != self.config.audio_slots + self.config.video_slots {
            return Err(format!("slots {mids:?} in the answer, {reported:?} reported"));
        }
        self.receivers = answered.slots.iter().cloned().map(Receiver::new).collect();
        self.remote = Some(answered);
        self.check_at = Some(now);
        Ok(())
    }

    /// Where its datagrams go.
    #[must_use]
    pub fn remote(&self) -> Option<SocketAddr> {
        self.remote.as_ref().map(|remote| remote.candidate)
    }

    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.srtp.is_some() && !self.closed
    }

    /// What DTLS agreed on to protect media with.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        self.srtp.as_ref().map(|(_, outlet)| outlet.srtp.profile())
    }

    /// The core said goodbye.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// Begins to send media; only what is connected goes out.
    pub fn start_media(&mut self, now: Instant) {
        for sender in &mut self.senders {
            sender.start(now);
        }
    }

    /// How loud its microphone says it is from now on, in decibels below the loudest; `None` sends nothing at all, as in
    /// a pause of speech.
    pub fn speak(&mut self, below_full: Option<u8>, now: Instant) {
        for sender in &mut self.senders {
            if sender.kind == SourceKind::Microphone {
                sender.speak(below_full, now);
            }
        }
    }

    pub fn stop_media(&mut self) {
        for sender in &mut self.senders {
            sender.stop();
        }
    }

    /// Begins an ICE restart; the fragment is for [`sfu_core::Command::Restart`]. Until the answer, all goes on as before.
    pub fn restart(&mut self) -> String {
        let ufrag = format!("r{:08x}", self.random.random::<u32>());
        self.next_ufrag = Some(ufrag.clone());
        ufrag
    }

    /// Takes the answer to a restart: checks begin anew, with the new credentials.
    pub fn restarted(&mut self, ufrag: &str, password: &str, now: Instant) {
        let (Some(remote), Some(own)) = (&mut self.remote, self.next_ufrag.take()) else {
            return;
        };
        (remote.ufrag, remote.password) = (ufrag.to_owned(), password.to_owned());
        self.ufrag = own;
        self.validated = false;
        self.moved(now);
    }

    /// Its address changed: checks from the new one begin at once.
    pub fn moved(&mut self, now: Instant) {
        self.check_at = self.check_at.map(|_| now);
        self.answered = false;
        self.transactions.clear();
        self.timeout(now);
    }

    /// Says goodbye; the datagram is in [`Client::poll_transmit`].
    pub fn close(&mut self) {
        if let Some(dtls) = &mut self.dtls
            && dtls.close().is_ok()
        {
            self.drain_dtls();
        }
        self.check_at = None;
        self.stop_media();
    }

    /// A datagram to send to [`Client::remote`].
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.out.pop_front()
    }

    /// One sealed media packet of a source for measurements; `None` before the connection or without the source.
    pub fn media_packet(&mut self, kind: SourceKind, payload_len: usize) -> Option<Vec<u8>> {
        let sender = self.senders.iter_mut().find(|sender| sender.kind == kind)?;
        let (_, outlet) = self.srtp.as_mut()?;
        Some(sender.single(payload_len, outlet))
    }

    /// One sealed packet of a source with any payload type, extension block (profile and values, without the length)
    /// and payload; the last byte of `payload` counts padding if `padding`. For what an authentic but hostile client
    /// may send.
    pub fn raw_media(
        &mut self,
        kind: SourceKind,
        payload_type: u8,
        extension: Option<(u16, &[u8])>,
        payload: &[u8],
        padding: bool,
    ) -> Option<Vec<u8>> {
        let sender = self.senders.iter_mut().find(|sender| sender.kind == kind)?;
        let (_, outlet) = self.srtp.as_mut()?;
        Some(sender.raw(payload_type, extension, payload, padding, outlet))
    }

    /// A sealed RTCP packet of any bytes (at least eight), for the same purpose.
    pub fn raw_rtcp(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        let (_, outlet) = self.srtp.as_mut()?;
        let mut bytes = plain.to_vec();
        bytes.resize(plain.len() + RTCP_OVERHEAD, 0);
        let sealed = outlet.srtp.seal_rtcp(&mut bytes, plain.len());
        bytes.truncate(sealed);
        Some(bytes)
    }

    /// The SSRCs of its sources and slots.
    #[must_use]
    pub fn ssrcs(&self) -> Vec<u32> {
        let sent = self.senders.iter().map(|sender| sender.ssrc);
        sent.chain(self.receivers.iter().map(|receiver| receiver.slot.ssrc))
            .collect()
    }

    /// From now on a source uses another SSRC, as after a browser's encoder was made anew.
    pub fn renew_ssrc(&mut self, kind: SourceKind) {
        if let Some(sender) = self.senders.iter_mut().find(|sender| sender.kind == kind) {
            sender.ssrc = self.random.random();
            sender.restart_numbers(self.random.random());
        }
    }

    /// The same for every encoding of a source and its retransmissions.
    pub fn renew_ssrcs(&mut self, kind: SourceKind) {
        for sender in self.senders.iter_mut().filter(|sender| sender.kind == kind) {
            sender.ssrc = self.random.random::<u32>() | 1;
            sender.rtx_ssrc = self.random.random::<u32>() & !1;
            sender.restart_numbers(self.random.random());
        }
    }

    /// The newest packet of a source once more, as if it had been asked for.
    pub fn repeat_newest(&mut self, kind: SourceKind) -> Option<Vec<u8>> {
        let sender = self.senders.iter_mut().find(|sender| sender.kind == kind)?;
        let (_, outlet) = self.srtp.as_mut()?;
        sender.repeat_newest(outlet)
    }

    /// Packets with content that a source made so far.
    #[must_use]
    pub fn made(&self, kind: SourceKind) -> u32 {
        self.senders
            .iter()
            .find(|sender| sender.kind == kind)
            .map_or(0, Sender::made)
    }

    /// When [`Client::timeout`] is to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Instant> {
        let mut times = vec![self.check_at, self.dtls_timeout];
        if self.is_connected() {
            times.extend([self.report_at, self.feedback.due_at()]);
            times.extend(self.senders.iter().map(Sender::next_at));
            times.extend(self.receivers.iter().map(Receiver::next_due));
        }
        times.into_iter().flatten().min()
    }

    /// Does what is due by time.
    pub fn timeout(&mut self, now: Instant) {
        if self.check_at.is_some_and(|at| at <= now) {
            self.send_check(now);
        }
        if self.dtls_timeout.is_some_and(|at| at <= now)
            && let Some(dtls) = &mut self.dtls
        {
            if let Err(error) = dtls.handle_timeout(now) {
                self.failed = Some(error.to_string());
                self.dtls = None;
                self.dtls_timeout = None;
                return;
            }
            self.drain_dtls();
        }
        if !self.is_connected() {
            return;
        }
        let Some((_, outlet)) = &mut self.srtp else { return };
        for sender in &mut self.senders {
            sender.tick(now, &mut self.random, outlet, &mut |packet| self.out.push_back(packet));
        }
        self.request_lost(now);
        self.send_feedback(now);
        if self.report_at.is_some_and(|at| at <= now) {
            self.send_report(now);
        }
    }

    /// Takes a datagram from the core.
    pub fn receive(&mut self, bytes: &mut [u8], now: Instant) {
        if stun::is_stun(bytes) {
            self.handle_check_answer(bytes, now);
        } else if is_media(bytes) {
            if is_rtcp(bytes) {
                self.handle_rtcp(bytes, now)
            } else {
                self.handle_rtp(bytes, now)
            }
        } else if let Some(dtls) = &mut self.dtls {
            if let Err(error) = dtls.handle_timeout(now).and_then(|()| dtls.handle_packet(bytes)) {
                self.failed = Some(error.to_string());
                self.dtls = None;
                return;
            }
            self.drain_dtls();
        }
    }

    fn handle_rtp(&mut self, bytes: &mut [u8], now: Instant) {
        let Some((srtp, _)) = &mut self.srtp else { return };
        // A duplicate of the network's making, or what came before the keys: both are normal.
        let Ok(opened) = srtp.open_rtp(bytes) else { return };
        let packet = &bytes[..opened.len];
        let Ok(header) = Header::parse(packet) else { return };
        if let Some(&[high, low]) = header.extension(packet, TRANSPORT_CC_EXTENSION) {
            self.feedback.received(u16::from_be_bytes([high, low]), opened.len, now);
        }
        for receiver in &mut self.receivers {
            if receiver.slot.ssrc == header.ssrc {
                return receiver.media(packet, opened.index, now);
            }
            if receiver.slot.rtx_ssrc == Some(header.ssrc) {
                return receiver.retransmission(packet, now);
            }
        }
        self.failed = Some(format!(
            "media of an SSRC that the answer does not name: {}",
            header.ssrc
        ));
    }

    fn handle_rtcp(&mut self, bytes: &mut [u8], now: Instant) {
        let Some((srtp, outlet)) = &mut self.srtp else { return };
        let Ok(len) = srtp.open_rtcp(bytes) else { return };
        for packet in rtcp::parse(&bytes[..len]) {
            match packet {
                Ok(Rtcp::Nack { media_ssrc, lost }) => {
                    let Some(sender) = self.senders.iter_mut().find(|sender| sender.ssrc == media_ssrc) else {
                        continue;
                    };
                    for sequence in lost.iter() {
                        self.out.extend(sender.retransmit(sequence, outlet));
                    }
                }
                // What it did not offer it does not know.
                Ok(Rtcp::PictureLoss { .. }) if self.config.fir_only => {}
                Ok(Rtcp::PictureLoss { media_ssrc } | Rtcp::FullIntra { media_ssrc }) => {
                    // Like browsers, it codes all encodings of the source anew.
                    let asked = self.senders.iter().find(|sender| sender.ssrc == media_ssrc);
                    let kind = asked.map(|sender| sender.kind);
                    for sender in self.senders.iter_mut().filter(|sender| Some(sender.kind) == kind) {
                        sender.request_keyframe();
                    }
                }
                Ok(Rtcp::SenderReport(report, _)) => {
                    let mut slots = self.receivers.iter_mut();
                    if let Some(receiver) = slots.find(|receiver| receiver.slot.ssrc == report.ssrc) {
                        receiver.last_sr = Some((report.ntp, now));
                        receiver.clock = Some((report.ntp, report.rtp_timestamp));
                        receiver.sender_reports += 1;
                    }
                }
                Ok(Rtcp::TransportFeedback(packet)) => {
                    let (arrived, lost) = read_feedback(packet);
                    self.reported_arrived += arrived;
                    self.reported_lost += lost;
                }
                Ok(Rtcp::Remb { bitrate_bps }) => self.allowed_bps = self.allowed_bps.max(bitrate_bps),
                Ok(Rtcp::ReceiverReport { .. } | Rtcp::Bye { .. } | Rtcp::Other { .. }) => {}
                Err(_) => self.failed = Some("malformed RTCP from the core".to_owned()),
            }
        }
    }

    fn request_lost(&mut self, now: Instant) {
        let mut compound = Vec::new();
        let mut lost = Vec::new();
        for receiver in &mut self.receivers {
            lost.clear();
            receiver.due(now, &mut lost);
            if !lost.is_empty() && self.config.requests {
                rtcp::write_nack(&mut compound, 1, receiver.slot.ssrc, &lost);
            }
            if receiver.picture.wants_keyframe(now) {
                rtcp::write_pli(&mut compound, 1, receiver.slot.ssrc);
            }
        }
        self.send_rtcp(compound);
    }

    /// Feedback about the core's packets, on its own as in browsers.
    fn send_feedback(&mut self, now: Instant) {
        let media_ssrc = self.receivers.first().map_or(0, |receiver| receiver.slot.ssrc);
        let mut packet = Vec::new();
        self.feedback.write_due(now, media_ssrc, &mut packet);
        if self.config.reports {
            self.send_rtcp(packet);
        }
    }

    /// What was seen on a video slot.
    #[must_use]
    pub fn seen(&self, mid: &str) -> Option<&Seen> {
        let slot = self.receivers.iter().find(|receiver| receiver.slot.mid == mid)?;
        slot.slot.video.then_some(&slot.picture.seen)
    }

    /// What was heard on an audio slot.
    #[must_use]
    pub fn heard(&self, mid: &str) -> Option<Heard> {
        let slot = self.receivers.iter().find(|receiver| receiver.slot.mid == mid)?;
        (!slot.slot.video).then(|| slot.heard())
    }

    fn send_report(&mut self, now: Instant) {
        let interval = if self.config.reports_seldom {
            Duration::from_millis(self.random.random_range(2_500..7_500))
        } else {
            REPORT_INTERVAL
        };
        self.report_at = Some(now + interval);
        // The client's clock is its own: far from the core's.
        let elapsed = now.saturating_duration_since(self.epoch);
        let ntp = (2_000_000_000u64 << 32)
            + (u64::from(self.config.tag) << 40)
            + (elapsed.as_secs() << 32)
            + (u64::from(elapsed.subsec_nanos()) << 32) / 1_000_000_000;
        let blocks: Vec<_> = self
            .receivers
            .iter_mut()
            .filter_map(|receiver| receiver.report(now))
            .filter(|_| self.config.reports)
            .collect();
        let mut compound = Vec::new();
        for sender in &self.senders {
            rtcp::write_sender_report(&mut compound, &sender.report(ntp), &[]);
        }
        rtcp::write_receiver_report(&mut compound, 1, &blocks);
        rtcp::write_cname(&mut compound, 1, "model");
        self.send_rtcp(compound);
    }

    fn send_rtcp(&mut self, mut compound: Vec<u8>) {
        let Some((_, outlet)) = &mut self.srtp else { return };
        if compound.is_empty() {
            return;
        }
        let len = compound.len();
        compound.resize(len + RTCP_OVERHEAD, 0);
        let sealed = outlet.srtp.seal_rtcp(&mut compound, len);
        compound.truncate(sealed);
        self.out.push_back(compound);
    }

    /// Asks for a keyframe on every video slot, as a browser does after loss.
    pub fn request_keyframes(&mut self) {
        let mut compound = Vec::new();
        for receiver in self.receivers.iter().filter(|receiver| receiver.slot.video) {
            rtcp::write_pli(&mut compound, 1, receiver.slot.ssrc);
        }
        self.send_rtcp(compound);
    }

    /// Checks everything received so far.
    ///
    /// # Errors
    /// Says what is not as a decoder needs it.
    pub fn check_received(&self) -> Result<Received, String> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        Ok(Received {
            streams: self.receivers.iter().map(Receiver::check).collect::<Result<_, _>>()?,
            keyframe_requests: self.senders.iter().map(|sender| sender.keyframe_requests).sum(),
            retransmitted: self.senders.iter().map(|sender| sender.retransmitted).sum(),
            allowed_bps: self.allowed_bps,
            reported_arrived: self.reported_arrived,
            reported_lost: self.reported_lost,
            sender_reports: self.receivers.iter().map(|receiver| receiver.sender_reports).sum(),
        })
    }
}
