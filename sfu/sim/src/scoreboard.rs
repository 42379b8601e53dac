//! How well one viewer is served behind each kind of access: in a call of two that fits, and with more cameras than fit.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use sfu_core::{Event, LegDirection, MediaKind, Source, SourceKind};

use crate::client::{ClientConfig, Freeze, Heard, Seen};
use crate::link::{Passed, Profile};
use crate::network::Conditions;
use crate::world::World;

/// The start of a call is not judged.
const WARM_UP: Duration = Duration::from_secs(5);
/// Between two looks at the world.
const STEP: Duration = Duration::from_millis(100);
/// A rate has recovered when it is at this share, in percent, of what the end of the run shows.
const RECOVERED_PERCENT: u64 = 80;
/// A camera of which the core sent nothing for this long was paused.
const PAUSE: Duration = Duration::from_millis(300);

/// Who is in the call. Every camera is sent in three encodings of 150, 500 and 1,500 kbit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scene {
    /// Two people who see and hear each other.
    Call,
    /// Eight cameras and two voices to one viewer, who sends nothing.
    Crowd,
}

impl Scene {
    pub const ALL: [Self; 2] = [Self::Call, Self::Crowd];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Crowd => "crowd",
        }
    }

    fn cameras(self) -> usize {
        match self {
            Self::Call => 1,
            Self::Crowd => 8,
        }
    }

    fn voices(self) -> usize {
        match self {
            Self::Call => 1,
            Self::Crowd => 2,
        }
    }

    fn viewer_sources(self) -> Vec<SourceKind> {
        match self {
            Self::Call => vec![SourceKind::Microphone, SourceKind::Camera],
            Self::Crowd => Vec::new(),
        }
    }
}

/// One access and how its user fared.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub scene: Scene,
    pub profile: Profile,
    /// Of what the bottleneck could have carried, in percent; what a competing flow took is left out.
    pub utilisation: f64,
    pub queue_delay_p95: Duration,
    /// Mean over the cameras, without the time that they were paused.
    pub frozen: Duration,
    /// The longest of any camera, pauses left out.
    pub longest_freeze: Duration,
    pub longest_audio_gap: Duration,
    /// From the end of the disturbance until every picture moves and every voice is heard again.
    pub back: Option<Duration>,
    /// From then until a second's rate is what it is in the end.
    pub recovery: Option<Duration>,
    /// Mean of the encoding shown from 0 (smallest) to 2, and of the temporal layer from 0 to 2.
    pub layers: (f64, f64),
    /// Share of the time in which a camera was not sent at all, in percent.
    pub paused: f64,
}

impl Row {
    /// Time frozen of the time judged, in percent.
    #[must_use]
    pub fn frozen_percent(&self) -> f64 {
        100.0 * self.frozen.as_secs_f64() / judged_for(self.profile).as_secs_f64()
    }

    /// The lines above the rows.
    pub const HEAD: &str = "| scene | access | used | queue p95 | frozen | longest freeze | longest audio gap | back | rate back | encoding / temporal | paused |\n\
                            |---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|";
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds =
            |time: Option<Duration>| time.map_or_else(String::new, |time| format!("{:.1} s", time.as_secs_f64()));
        write!(
            f,
            "| {} | {} | {:.0} % | {} ms | {:.1} % | {:.1} s | {} ms | {} | {} | {:.1} / {:.1} | {:.0} % |",
            self.scene.name(),
            self.profile.name(),
            self.utilisation,
            self.queue_delay_p95.as_millis(),
            self.frozen_percent(),
            self.longest_freeze.as_secs_f64(),
            self.longest_audio_gap.as_millis(),
            seconds(self.back),
            seconds(self.recovery),
            self.layers.0,
            self.layers.1,
            self.paused
        )
    }
}

fn judged_for(profile: Profile) -> Duration {
    profile.length() - WARM_UP
}

/// A run over one access; the same seed gives the same row, but for what the handshake's randomness changes.
#[must_use]
pub fn score(scene: Scene, profile: Profile, seed: u64) -> Row {
    let mut world = World::new(seed, Conditions::PERFECT);
    let config = ClientConfig {
        seed,
        audio_slots: 0,
        video_slots: 0,
        simulcast: true,
        temporal_layers: true,
        full_rate: true,
        redundancy: true,
        ..ClientConfig::default()
    };
    let viewer_sources = scene.viewer_sources();
    let slots = usize::from(!viewer_sources.is_empty());
    for number in 0..scene.cameras() {
        world.join(ClientConfig {
            tag: u32::try_from(number).expect("a few") + 1,
            audio_slots: slots,
            video_slots: slots,
            ..config.clone()
        });
    }
    let viewer = world.join(ClientConfig {
        tag: 100,
        sources: viewer_sources.clone(),
        audio_slots: scene.voices(),
        video_slots: scene.cameras(),
        ..config
    });
    world.connect_all();
    let shown: Vec<Source> = (0..scene.cameras())
        .flat_map(|number| {
            let peer = world.peer(number);
            let microphone = (number < scene.voices()).then_some(SourceKind::Microphone);
            let kinds = [SourceKind::Camera].into_iter().chain(microphone);
            kinds.map(move |kind| Source { peer, kind })
        })
        .collect();
    world.show(viewer, &shown);
    let peer = world.peer(viewer);
    let own: Vec<Source> = viewer_sources.into_iter().map(|kind| Source { peer, kind }).collect();
    for index in 0..viewer {
        world.show(index, &own);
    }
    for index in 0..=viewer {
        world.admit(index, true);
        let now = world.now();
        world.client(index).start_media(now);
    }
    world.attach(viewer, profile);
    let start = world.now();
    run(&mut world, viewer, profile);
    read(&mut world, viewer, (scene, profile), start)
}

/// Lets the call run, with publishers that send only what somebody watches.
fn run(world: &mut World, viewer: usize, profile: Profile) {
    let mut heard = world.events().len();
    let end = world.now() + profile.length();
    while world.now() < end {
        world.run_for(STEP);
        let told: Vec<Event> = world.events()[heard..].to_vec();
        heard = world.events().len();
        for event in told {
            if let Event::Encodings { source, encodings } = event {
                let publisher = (0..=viewer).find(|index| world.peer(*index) == source.peer);
                if let Some(publisher) = publisher {
                    world.client(publisher).set_encodings(source.kind, &encodings);
                }
            }
        }
    }
}

/// A span of time.
#[derive(Debug, Clone, Copy)]
struct Span {
    from: Instant,
    until: Instant,
}

impl Span {
    /// The time of it that lies within another.
    fn within(self, other: Self) -> Duration {
        let from = self.from.max(other.from);
        self.until.min(other.until).saturating_duration_since(from)
    }
}

/// When nothing of a stream was sent within `judged`, given when its packets were.
fn pauses(sent: &[Instant], judged: Span) -> Vec<Span> {
    let starts = std::iter::once(judged.from).chain(sent.iter().copied());
    let ends = sent.iter().copied().chain(std::iter::once(judged.until));
    starts
        .zip(ends)
        .map(|(from, until)| Span {
            from: from.max(judged.from),
            until: until.min(judged.until),
        })
        .filter(|span| span.until.saturating_duration_since(span.from) > PAUSE)
        .collect()
}

fn read(world: &mut World, viewer: usize, (scene, profile): (Scene, Profile), start: Instant) -> Row {
    let videos = world.slot_mids(viewer, MediaKind::Video);
    let voices = world.slot_mids(viewer, MediaKind::Audio);
    let client = world.client(viewer);
    let seen: Vec<(u32, Seen)> = videos
        .iter()
        .filter_map(|mid| Some((client.slot_ssrc(mid)?, client.seen(mid)?.clone())))
        .collect();
    let heard: Vec<Heard> = voices.iter().filter_map(|mid| client.heard(mid)).collect();
    let sound = voices.iter().filter_map(|mid| client.heard_at(mid)).collect::<Vec<_>>();
    let judged = Span {
        from: start + WARM_UP,
        until: start + profile.length(),
    };
    let access = world.access(viewer).expect("it was attached");
    let cameras = u32::try_from(scene.cameras()).expect("a few");
    let (mut paused, mut frozen, mut longest_freeze) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    for (ssrc, seen) in &seen {
        let sent = access.streams.get(ssrc).map_or(&[][..], Vec::as_slice);
        let sent: Vec<Instant> = sent.iter().map(|at| start + *at).collect();
        let pauses = pauses(&sent, judged);
        paused += pauses.iter().map(|pause| pause.within(judged)).sum::<Duration>();
        for Freeze { from, until } in &seen.freezes {
            let freeze = Span {
                from: *from.max(&judged.from),
                until: *until,
            };
            let all = freeze.within(judged);
            let own = all.saturating_sub(pauses.iter().map(|pause| pause.within(freeze)).sum());
            frozen += own;
            longest_freeze = longest_freeze.max(own);
        }
    }
    let passed = access.down.stats.passed.iter();
    let passed: Vec<Passed> = passed.filter(|passed| passed.at >= WARM_UP).copied().collect();
    let mut delays: Vec<Duration> = passed.iter().map(|passed| passed.queued).collect();
    delays.sort_unstable();
    let after = profile.disturbance().map(|(_, until)| until);
    Row {
        scene,
        profile,
        utilisation: utilisation(world, viewer, profile, &passed),
        queue_delay_p95: delays.get(delays.len() * 95 / 100).copied().unwrap_or_default(),
        frozen: frozen / cameras,
        longest_freeze,
        longest_audio_gap: heard.iter().map(|heard| heard.longest_gap).max().unwrap_or_default(),
        back: after.map(|after| {
            let pictures = seen.iter().map(|(_, seen)| seen.frames.as_slice());
            back(pictures.chain(sound.iter().map(Vec::as_slice)), start + after)
        }),
        recovery: after.map(|after| recovery(&passed, after)),
        layers: layers(world, viewer, judged.from),
        paused: 100.0 * paused.as_secs_f64() / (judged_for(profile) * cameras).as_secs_f64(),
    }
}

fn utilisation(world: &World, viewer: usize, profile: Profile, passed: &[Passed]) -> f64 {
    let link = &world.access(viewer).expect("it was attached").down;
    let carried = passed.iter().map(|passed| passed.bytes as u64 * 8).sum::<u64>();
    let outage: Duration = link.config().outages.iter().map(|(from, until)| *until - *from).sum();
    let could = link.config().rate.capacity(WARM_UP, profile.length()) as f64
        * (1.0 - outage.as_secs_f64() / judged_for(profile).as_secs_f64())
        - link.stats.competing_bytes as f64 * 8.0;
    100.0 * carried as f64 / could.max(1.0)
}

/// How long after `until` each of these has gone on.
fn back<'a>(times: impl Iterator<Item = &'a [Instant]>, until: Instant) -> Duration {
    let after = times.map(|times| {
        let next = times.iter().filter(|at| **at >= until).min();
        next.map_or(Duration::MAX, |at| *at - until)
    });
    after.max().unwrap_or_default()
}

/// How long after `until` a second's rate is near what it is in the end.
fn recovery(passed: &[Passed], until: Duration) -> Duration {
    let bits = |from: Duration, to: Duration| {
        let within = passed.iter().filter(|passed| passed.at >= from && passed.at < to);
        within.map(|passed| passed.bytes as u64 * 8).sum::<u64>()
    };
    let end = passed.last().map_or(until, |passed| passed.at);
    let second = Duration::from_secs(1);
    let good = bits(end.saturating_sub(second * 10), end) / 10 * RECOVERED_PERCENT / 100;
    let rate = (0..400u32)
        .map(|step| Duration::from_millis(100) * step)
        .find(|after| bits(until + *after, until + *after + second) >= good);
    rate.unwrap_or(end.saturating_sub(until))
}

/// Mean encoding and temporal layer of what was shown.
fn layers(world: &World, viewer: usize, from: Instant) -> (f64, f64) {
    let viewer = world.peer(viewer);
    let (mut encoding, mut temporal, mut shown) = (0.0, 0.0, 0.0f64);
    let mut since = None;
    for event in world.events() {
        if let Event::Alive { present_until, .. } = event {
            since = since.max(Some(*present_until));
        }
        let Event::Legs { peer, legs } = event else { continue };
        if *peer != viewer || since < Some(from) {
            continue;
        }
        let pictures = legs.iter().filter(|leg| {
            leg.direction == LegDirection::Receives
                && leg.source.is_some_and(|source| source.kind == SourceKind::Camera)
        });
        for (spatial, layer) in pictures.filter_map(|leg| leg.layer) {
            shown += 1.0;
            encoding += f64::from(spatial);
            temporal += f64::from(layer);
        }
    }
    (encoding / shown.max(1.0), temporal / shown.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_what_was_not_sent_for_long() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let judged = Span {
            from: at(1_000),
            until: at(5_000),
        };
        let sent: Vec<Instant> = [900, 1_100, 1_300, 2_000, 2_100, 4_000].map(at).to_vec();
        let found: Vec<_> = pauses(&sent, judged)
            .iter()
            .map(|span| (span.from - start, span.until - start))
            .collect();
        let millis = |from, until| (Duration::from_millis(from), Duration::from_millis(until));
        assert_eq!(
            found,
            [millis(1_300, 2_000), millis(2_100, 4_000), millis(4_000, 5_000)]
        );
        let all = pauses(&[], judged);
        assert!(all.len() == 1 && all[0].within(judged) == Duration::from_secs(4));
    }
}
