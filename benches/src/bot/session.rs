//! One visit to a call, from the ticket to the report.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use signaling_protocol::message::{Clock, EndReason, Participant, Presence, PublishedSource, SourceKind};
use signaling_protocol::{ClientMessage, PROTOCOL_VERSION, Role, ServerMessage};
use tokio::time::{Instant, timeout, timeout_at};

use super::clip::Clip;
use super::peer::{Peer, ReceiveSlots};
use super::received::{Received, Totals};
use super::send::{Sending, SentTotals};
use super::signaling::Signaling;

/// How long the server may take to answer `hello` and the offer, and the media path to come up.
const STEP_MAX: Duration = Duration::from_secs(15);
/// How far a measured tone may lie from the expected one, Hz.
const TONE_TOLERANCE_HZ: u32 = 8;
/// In how many windows of 200 ms the expected tone must prevail.
const TONE_WINDOWS_MIN: u64 = 5;
/// How many frames must arrive whole where video is expected.
const VIDEO_FRAMES_MIN: u64 = 15;

/// What the bot is to do.
#[derive(Debug, Clone)]
pub struct BotConfig {
    /// `ws://host:port/call/socket`.
    pub url: String,
    /// A join ticket, as the booking page hands it to the call page.
    pub ticket: String,
    /// Shown as the bot's camera.
    pub clip: Arc<Clip>,
    /// The bot's microphone, Hz.
    pub tone_hz: f64,
    /// How long to stay once let in and connected.
    pub stay: Duration,
    /// How long to wait in the lobby.
    pub lobby_max: Duration,
    /// As provider: let everybody in who waits, and end the call when somebody has left for good.
    pub admit: bool,
    /// Say goodbye at the end, as consumer for good; otherwise vanish as a killed browser does.
    pub leave: bool,
    /// Local address of the media socket.
    pub bind: IpAddr,
    pub expect: Expectations,
}

/// What must have been seen for the visit to count as a success.
#[derive(Debug, Clone, Default)]
pub struct Expectations {
    /// A tone heard from somebody, Hz.
    pub tone_hz: Option<u32>,
    /// Somebody's picture.
    pub video: bool,
    /// Exactly the frames of this clip.
    pub clip: Option<Arc<Clip>>,
}

/// What the visit brought, printed as one line of JSON.
#[derive(Debug, Serialize)]
pub struct Report {
    pub ok: bool,
    /// What was expected and did not come.
    pub missing: Vec<String>,
    pub call: String,
    pub seat: String,
    pub role: Role,
    /// From `hello` to being let in, milliseconds.
    pub admitted_after_ms: Option<u64>,
    /// From the offer to a media path, milliseconds.
    pub connected_after_ms: u64,
    /// The server's end of the media path, `address:port/protocol`.
    pub remote_candidate: Option<String>,
    pub sent: SentTotals,
    pub received: Totals,
    /// Samples decoded from all audio, at 48 kHz.
    pub audio_samples: u64,
    /// The prevailing tone, Hz, and in how many windows of 200 ms it prevailed.
    pub tone_hz: Option<u32>,
    pub tone_windows: u64,
    /// Why the server ended the call, if it did.
    pub ended: Option<EndReason>,
    /// The server's last word on time and cost.
    pub clock: Option<Clock>,
}

/// Joins, stays, leaves, and says what was seen.
///
/// # Errors
/// When the server refuses the ticket or the offer, when the media path does not come up, or when nobody lets the
/// bot in. What was merely not seen is in the report.
pub async fn run(config: &BotConfig) -> Result<Report> {
    let mut visit = Visit::join(config).await?;
    visit.negotiate(config).await?;
    timeout(STEP_MAX, visit.peer.connected())
        .await
        .context("the media path did not come up in time")??;
    visit.connected_after = visit.offered_at.elapsed();
    let mut sending = Sending::start(&visit.peer, Arc::clone(&config.clip), config.tone_hz).await?;
    visit.wait_for_admission(config).await?;
    visit.stay(Instant::now() + config.stay, config.admit).await?;
    sending.check()?;
    let report = visit.report(&config.expect, sending.totals()).await?;
    drop(sending);
    if config.leave && visit.ended.is_none() {
        let for_good = visit.role == Role::Consumer;
        visit.signaling.send(&ClientMessage::Leave { for_good }).await?;
        visit.peer.close().await?;
    }
    Ok(report)
}

/// A visit under way.
struct Visit {
    signaling: Signaling,
    peer: Peer,
    received: Received,
    call: String,
    seat: String,
    role: Role,
    joined_at: Instant,
    admitted_after: Option<Duration>,
    offered_at: Instant,
    connected_after: Duration,
    answer: Option<String>,
    ended: Option<EndReason>,
    clock: Option<Clock>,
    /// Seats in the lobby that the bot has not asked the server to let in.
    waiting: Vec<String>,
    /// Seats in the lobby that it has asked for.
    asked: Vec<String>,
    /// Somebody has left for good.
    deserted: bool,
}

impl Visit {
    async fn join(config: &BotConfig) -> Result<Self> {
        let joined_at = Instant::now();
        let received = Received::new(config.expect.clip.clone());
        let peer = Peer::new(config.bind, received.clone()).await?;
        let mut signaling = timeout(STEP_MAX, Signaling::connect(&config.url))
            .await
            .context("connect in time")??;
        signaling
            .send(&ClientMessage::Hello {
                protocol: PROTOCOL_VERSION,
                ticket: config.ticket.clone(),
            })
            .await?;
        let first = timeout(STEP_MAX, signaling.next())
            .await
            .context("no answer to hello in time")??;
        let (call, seat, role, admitted) = match first {
            Some(ServerMessage::Welcome {
                call,
                seat,
                role,
                admitted,
                ..
            }) => (call.id, seat, role, admitted),
            Some(ServerMessage::Error { code, message, .. }) => bail!("hello was refused: {code:?}, {message}"),
            other => bail!("hello was answered by {other:?}"),
        };
        Ok(Self {
            signaling,
            peer,
            received,
            call,
            seat,
            role,
            joined_at,
            admitted_after: admitted.then(|| joined_at.elapsed()),
            offered_at: joined_at,
            connected_after: Duration::ZERO,
            answer: None,
            ended: None,
            clock: None,
            waiting: Vec::new(),
            asked: Vec::new(),
            deserted: false,
        })
    }

    /// The one offer and its answer. It does not wait for admission: the server keeps its gate shut until then.
    async fn negotiate(&mut self, config: &BotConfig) -> Result<()> {
        let offer = self.peer.offer(ReceiveSlots::ONE_TO_ONE).await?;
        let sources = vec![
            PublishedSource {
                mid: offer.microphone_mid,
                source: SourceKind::Microphone,
            },
            PublishedSource {
                mid: offer.camera_mid,
                source: SourceKind::Camera,
            },
        ];
        self.offered_at = Instant::now();
        self.signaling
            .send(&ClientMessage::Offer {
                id: 1,
                sdp: offer.sdp,
                sources,
            })
            .await?;
        self.signaling
            .send(&ClientMessage::Media {
                microphone: true,
                camera: true,
                screen: false,
            })
            .await?;
        let deadline = Instant::now() + STEP_MAX;
        let answer = loop {
            if let Some(answer) = self.answer.take() {
                break answer;
            }
            if !self.turn(deadline, config.admit).await? {
                bail!("the offer was not answered");
            }
        };
        self.peer.accept_answer(answer).await
    }

    async fn wait_for_admission(&mut self, config: &BotConfig) -> Result<()> {
        let deadline = Instant::now() + config.lobby_max;
        while self.admitted_after.is_none() {
            if !self.turn(deadline, config.admit).await? {
                bail!("nobody let the bot in (ended: {:?})", self.ended);
            }
        }
        Ok(())
    }

    async fn stay(&mut self, until: Instant, admit: bool) -> Result<()> {
        while self.turn(until, admit).await? {}
        Ok(())
    }

    /// Handles one message. `false` once `until` has come or the call is over.
    async fn turn(&mut self, until: Instant, admit: bool) -> Result<bool> {
        if self.ended.is_some() {
            return Ok(false);
        }
        let Ok(message) = timeout_at(until, self.signaling.next()).await else {
            return Ok(false);
        };
        match message? {
            Some(message) => self.heed(message)?,
            None => bail!("the server closed the connection"),
        }
        if admit {
            for seat in std::mem::take(&mut self.waiting) {
                self.signaling
                    .send(&ClientMessage::Admit { seat: seat.clone() })
                    .await?;
                self.asked.push(seat);
            }
            if std::mem::take(&mut self.deserted) {
                self.signaling.send(&ClientMessage::End {}).await?;
            }
        }
        Ok(true)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a client passes over what it has no use for"
    )]
    fn heed(&mut self, message: ServerMessage) -> Result<()> {
        match message {
            ServerMessage::Answer { sdp, .. } => self.answer = Some(sdp),
            ServerMessage::Admitted {} => self.admitted_after = Some(self.joined_at.elapsed()),
            ServerMessage::Participants { participants } => {
                let lobby = lobby(&participants);
                let gone = |other: &Participant| other.presence == Presence::LeftForGood;
                self.deserted = participants.iter().any(gone);
                self.asked.retain(|seat| lobby.contains(seat));
                self.waiting = lobby.into_iter().filter(|seat| !self.asked.contains(seat)).collect();
            }
            ServerMessage::Clock(clock) => self.clock = Some(clock),
            ServerMessage::Ended { reason, clock } => {
                self.ended = Some(reason);
                self.clock = Some(clock);
            }
            ServerMessage::Error { code, message, .. } => bail!("the server refused: {code:?}, {message}"),
            ServerMessage::TakenOver {} => bail!("another connection took the seat"),
            ServerMessage::Moving { .. } => bail!("the server is going down"),
            ServerMessage::Welcome { .. } => bail!("welcomed twice"),
            _ => {}
        }
        Ok(())
    }

    async fn report(&self, expect: &Expectations, sent: SentTotals) -> Result<Report> {
        let received = self.received.totals();
        let dominant = received.heard.dominant();
        let missing = expect.missing(&received);
        Ok(Report {
            ok: missing.is_empty(),
            missing,
            call: self.call.clone(),
            seat: self.seat.clone(),
            role: self.role,
            admitted_after_ms: self.admitted_after.map(millis),
            connected_after_ms: millis(self.connected_after),
            remote_candidate: self.peer.remote_candidate().await?,
            sent,
            audio_samples: received.heard.samples,
            tone_hz: dominant.map(|(hz, _)| hz),
            tone_windows: dominant.map_or(0, |(_, windows)| windows),
            received,
            ended: self.ended,
            clock: self.clock.clone(),
        })
    }
}

impl Expectations {
    /// What of it did not come, in words.
    #[must_use]
    pub fn missing(&self, received: &Totals) -> Vec<String> {
        let mut missing = Vec::new();
        if let Some(hz) = self.tone_hz {
            let windows = received.heard.windows_near(hz, TONE_TOLERANCE_HZ);
            let prevails = received
                .heard
                .dominant()
                .is_some_and(|(heard, _)| heard.abs_diff(hz) <= TONE_TOLERANCE_HZ);
            if windows < TONE_WINDOWS_MIN || !prevails {
                missing.push(format!("a tone of {hz} Hz (heard {:?})", received.heard.tones));
            }
        }
        if self.video && (received.video_frames < VIDEO_FRAMES_MIN || received.video_keyframes == 0) {
            missing.push(format!("video (whole frames: {})", received.video_frames));
        }
        if self.clip.is_some() && received.video_clip_frames < VIDEO_FRAMES_MIN {
            missing.push(format!(
                "the expected clip (frames of it: {})",
                received.video_clip_frames
            ));
        }
        missing
    }
}

fn lobby(participants: &[Participant]) -> Vec<String> {
    participants
        .iter()
        .filter(|one| one.presence == Presence::Lobby)
        .map(|one| one.seat.clone())
        .collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::tone::Heard;

    #[test]
    fn what_did_not_come_is_named() {
        let expect = Expectations {
            tone_hz: Some(660),
            video: true,
            clip: Some(Arc::new(Clip::magenta())),
        };
        assert_eq!(expect.missing(&Totals::default()).len(), 3);
        let heard = |tones: &[(u32, u64)]| Heard {
            tones: tones.iter().copied().collect(),
            ..Heard::default()
        };
        let good = Totals {
            video_frames: 20,
            video_keyframes: 1,
            video_clip_frames: 20,
            heard: heard(&[(659, 6), (440, 2)]),
            ..Totals::default()
        };
        assert_eq!(expect.missing(&good), Vec::<String>::new());
        let other_tone = Totals {
            heard: heard(&[(659, 6), (440, 7)]),
            ..good
        };
        assert_eq!(expect.missing(&other_tone).len(), 1);
    }
}
