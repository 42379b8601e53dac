//! A lean client: real ICE checks, a real DTLS handshake, real SRTP, and nothing that a measurement does not need.
//!
//! It counts every packet it receives by the clear header, and opens one in [`VERIFY_EVERY`].

mod connect;
mod receive;
mod send;

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use dimpl::{Dtls, DtlsCertificate};
use sfu_core::wire::srtp::{Profile, SrtpReceiver, SrtpSender};

use super::histogram::Histogram;
use super::sdp::{Local, Media, Remote};
use super::twcc::Arrivals;
use receive::Leg;
use send::Stream;

/// Of so many packets of a client one is opened and looked at.
pub(crate) const VERIFY_EVERY: u64 = 64;
/// Checks until the pair works, then consent (RFC 7675).
const CHECK_INTERVAL: Duration = Duration::from_millis(50);
const CONSENT_INTERVAL: Duration = Duration::from_millis(2_500);
/// Sender and receiver reports.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// How a stream's packets are spread over time: frames of `packets`, `interval` apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    pub packets: u32,
    pub interval: Duration,
    /// A frame's packets leave at once instead of evenly over the interval.
    pub burst: bool,
}

impl Pace {
    /// Packets a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        f64::from(self.packets) / self.interval.as_secs_f64()
    }
}

/// What a client sends on one of its streams.
#[derive(Debug, Clone, Copy)]
pub struct StreamPlan {
    pub media: Media,
    /// Bytes of RTP payload in each packet.
    pub payload_len: usize,
    pub pace: Pace,
}

/// A client before it connects.
pub struct NewClient {
    pub socket: UdpSocket,
    pub local: Local,
    pub remote: Remote,
    /// In the order of `local.sends`.
    pub sends: Vec<StreamPlan>,
    pub certificate: DtlsCertificate,
    /// When the request to join was made.
    pub asked_at: Instant,
    /// Between two transport-wide feedbacks.
    pub feedback_interval: Duration,
    /// Share of packets that are thrown away on arrival, as a lossy network would; 0 to 1.
    pub loss: f64,
    /// Distinguishes clients in what they draw.
    pub seed: u64,
}

/// What clients did; the numbers only grow.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub sent: u64,
    /// Packets that the own kernel did not take.
    pub send_failed: u64,
    /// Media packets of a first transmission.
    pub received: u64,
    pub received_bytes: u64,
    /// What sequence numbers say should have come.
    pub expected: u64,
    /// Retransmissions and padding.
    pub extra: u64,
    /// Thrown away on purpose.
    pub dropped_here: u64,
    /// Opened and found to be what was sent.
    pub verified: u64,
    /// Opened in vain, or not what was sent.
    pub broken: u64,
    pub nacked: u64,
    pub feedbacks: u64,
    pub keyframe_requests: u64,
    /// From the send stamp to the receiving kernel, of verified packets.
    pub delays: Histogram,
    /// From the request to join to the first media packet, and to the first of a picture.
    pub joins: Histogram,
    pub video_joins: Histogram,
    pub connected: u64,
    pub failed: u64,
}

macro_rules! each_number {
    ($($name:ident),*) => {
        impl Tally {
            pub fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
                self.delays.add(&other.delays);
                self.joins.add(&other.joins);
                self.video_joins.add(&other.video_joins);
            }

            /// What came after `earlier`, a former state of this tally.
            #[must_use]
            pub fn since(&self, earlier: &Self) -> Self {
                Self {
                    $($name: self.$name.wrapping_sub(earlier.$name),)*
                    delays: self.delays.since(&earlier.delays),
                    joins: self.joins.since(&earlier.joins),
                    video_joins: self.video_joins.since(&earlier.video_joins),
                }
            }
        }
    };
}

each_number!(
    sent,
    send_failed,
    received,
    received_bytes,
    expected,
    extra,
    dropped_here,
    verified,
    broken,
    nacked,
    feedbacks,
    keyframe_requests,
    connected,
    failed
);

/// Where a client stands.
enum State {
    Checking,
    Handshaking(Box<Dtls>),
    Connected(Box<Dtls>, Box<SrtpReceiver>, Box<SrtpSender>),
    Failed,
}

/// A client under way. Everything it needs of time comes as a parameter.
pub(crate) struct Client {
    socket: UdpSocket,
    local: Local,
    remote: Remote,
    certificate: DtlsCertificate,
    asked_at: Instant,
    feedback_interval: Duration,
    loss: f64,
    random: u64,
    state: State,
    profile: Option<Profile>,
    /// The other side's certificate is the promised one.
    verified: bool,
    transaction: [u8; 12],
    check_at: Instant,
    dtls_at: Option<Instant>,
    report_at: Option<Instant>,
    feedback_at: Option<Instant>,
    streams: Vec<Stream>,
    /// Streams send; before that they wait.
    sending: bool,
    number: u16,
    legs: Vec<Leg>,
    last_leg: usize,
    arrivals: Arrivals,
    seen: u64,
    heard: bool,
    pictured: bool,
    scratch: Vec<u8>,
}

impl Client {
    pub(crate) fn new(new: NewClient, now: Instant) -> Self {
        let streams = new.sends.iter().zip(&new.local.sends).enumerate();
        Self {
            streams: streams
                .map(|(mid, (plan, local))| Stream::new(*plan, local.ssrc, mid))
                .collect(),
            socket: new.socket,
            local: new.local,
            remote: new.remote,
            certificate: new.certificate,
            asked_at: new.asked_at,
            feedback_interval: new.feedback_interval,
            loss: new.loss,
            random: new.seed | 1,
            state: State::Checking,
            profile: None,
            verified: false,
            transaction: [0; 12],
            check_at: now,
            dtls_at: None,
            report_at: None,
            feedback_at: None,
            sending: false,
            number: 0,
            legs: Vec::new(),
            last_leg: 0,
            arrivals: Arrivals::default(),
            seen: 0,
            heard: false,
            pictured: false,
            scratch: Vec::with_capacity(2_048),
        }
    }

    pub(crate) fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// What DTLS agreed on.
    pub(crate) fn profile(&self) -> Option<Profile> {
        self.profile
    }

    /// Lets the streams send from `at` on, once connected.
    pub(crate) fn start_sending(&mut self, at: Instant) {
        self.sending = true;
        for stream in &mut self.streams {
            stream.begin(at);
        }
    }

    /// When [`Self::tick`] has something to do.
    pub(crate) fn next_due(&self) -> Instant {
        let mut due = self.check_at;
        let connected = matches!(self.state, State::Connected(..));
        let streams = self.streams.iter().filter(|_| connected && self.sending);
        let times = [self.dtls_at, self.report_at, self.feedback_at];
        for at in times.into_iter().flatten().chain(streams.map(Stream::due)) {
            due = due.min(at);
        }
        due
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Instant, tally: &mut Tally) {
        if self.check_at <= now {
            self.check(now);
        }
        if self.dtls_at.is_some_and(|at| at <= now) {
            self.dtls_timeout(now, tally);
        }
        if matches!(self.state, State::Connected(..)) {
            if self.sending {
                self.send_due(now, tally);
            }
            if self.feedback_at.is_some_and(|at| at <= now) {
                self.feedback_at = Some(now + self.feedback_interval);
                self.send_feedback(tally);
            }
            if self.report_at.is_some_and(|at| at <= now) {
                self.report_at = Some(now + REPORT_INTERVAL);
                self.send_reports(now);
            }
        }
    }

    /// A draw between 0 and 1 (xorshift).
    fn draw(&mut self) -> f64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn send_feedback(&mut self, tally: &mut Tally) {
        let ours = self.local.sends.first().map_or(1, |stream| stream.ssrc);
        let Some(media) = self.legs.first().map(|leg| leg.ssrc) else {
            return;
        };
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        self.arrivals.write(ours, media, &mut out);
        tally.feedbacks += u64::from(!out.is_empty());
        for leg in &mut self.legs {
            tally.nacked += leg.write_nack(ours, &mut out);
        }
        self.send_compound(&mut out);
        self.scratch = out;
    }

    fn send_reports(&mut self, now: Instant) {
        let ours = self.local.sends.first().map_or(1, |stream| stream.ssrc);
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        for stream in &self.streams {
            stream.write_report(now, &mut out);
        }
        if !self.legs.is_empty() {
            let blocks: Vec<_> = self.legs.iter_mut().take(31).map(Leg::report).collect();
            sfu_core::wire::rtcp::write_receiver_report(&mut out, ours, &blocks);
        }
        self.send_compound(&mut out);
        self.scratch = out;
    }

    /// Seals and sends a compound, if there is anything in it.
    fn send_compound(&mut self, out: &mut Vec<u8>) {
        let State::Connected(_, _, sender) = &mut self.state else {
            return;
        };
        if out.is_empty() {
            return;
        }
        let plain_len = out.len();
        out.resize(plain_len + sfu_core::wire::srtp::RTCP_OVERHEAD, 0);
        let len = sender.seal_rtcp(out, plain_len);
        // Feedback that a full socket does not take is lost, as on a network.
        let _ = self.socket.send(&out[..len]);
    }
}
