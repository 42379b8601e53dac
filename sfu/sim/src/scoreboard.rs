//! How well one viewer is served behind each kind of access: eight cameras in three encodings and two voices reach it
//! through its bottleneck.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use sfu_core::{Event, LegDirection, MediaKind, Source, SourceKind};

use crate::client::{ClientConfig, Freeze, Heard, Seen};
use crate::link::{Passed, Profile};
use crate::network::Conditions;
use crate::world::World;

const CAMERAS: usize = 8;
const VOICES: usize = 2;
/// The start of a call is not judged.
const WARM_UP: Duration = Duration::from_secs(5);
/// Between two looks at the world.
const STEP: Duration = Duration::from_millis(500);
/// A rate has recovered when it is at this share, in percent, of what the end of the run shows.
const RECOVERED_PERCENT: u64 = 80;

/// One access and how its user fared.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub profile: Profile,
    /// Of what the bottleneck could have carried, in percent; what a competing flow took is left out.
    pub utilisation: f64,
    pub queue_delay_p95: Duration,
    /// Mean over the cameras.
    pub frozen: Duration,
    /// The longest of any camera.
    pub longest_freeze: Duration,
    pub longest_audio_gap: Duration,
    /// From the end of the disturbance until every picture moves again and the rate is back.
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
        100.0 * self.frozen.as_secs_f64() / (self.profile.length() - WARM_UP).as_secs_f64()
    }

    /// The lines above the rows.
    pub const HEAD: &str = "| access | used | queue p95 | frozen | longest freeze | longest audio gap | recovery | encoding / temporal | paused |\n\
                            |---|---|---|---|---|---|---|---|---|";
}

impl Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let recovery = self
            .recovery
            .map_or_else(|| "".to_owned(), |recovery| format!("{:.1} s", recovery.as_secs_f64()));
        write!(
            f,
            "| {} | {:.0} % | {} ms | {:.1} s, {:.1} % | {:.1} s | {} ms | {recovery} | {:.1} / {:.1} | {:.0} % |",
            self.profile.name(),
            self.utilisation,
            self.queue_delay_p95.as_millis(),
            self.frozen.as_secs_f64(),
            self.frozen_percent(),
            self.longest_freeze.as_secs_f64(),
            self.longest_audio_gap.as_millis(),
            self.layers.0,
            self.layers.1,
            self.paused
        )
    }
}

/// A run over one access; the same seed gives the same row, but for what the handshake's randomness changes.
#[must_use]
pub fn score(profile: Profile, seed: u64) -> Row {
    let mut world = World::new(seed, Conditions::PERFECT);
    for number in 0..CAMERAS {
        world.join(ClientConfig {
            seed,
            tag: u32::try_from(number).expect("a few") + 1,
            audio_slots: 0,
            video_slots: 0,
            simulcast: true,
            temporal_layers: true,
            redundancy: true,
            ..ClientConfig::default()
        });
    }
    let viewer = world.join(ClientConfig {
        seed,
        tag: 100,
        sources: Vec::new(),
        audio_slots: VOICES,
        video_slots: CAMERAS,
        redundancy: true,
        ..ClientConfig::default()
    });
    world.connect_all();
    let sources: Vec<Source> = (0..CAMERAS)
        .flat_map(|number| {
            let peer = world.peer(number);
            let microphone = (number < VOICES).then_some(SourceKind::Microphone);
            let kinds = [SourceKind::Camera].into_iter().chain(microphone);
            kinds.map(move |kind| Source { peer, kind })
        })
        .collect();
    world.show(viewer, &sources);
    for index in 0..=viewer {
        world.admit(index, true);
        let now = world.now();
        world.client(index).start_media(now);
    }
    world.attach(viewer, profile);
    let start = world.now();
    run(&mut world, profile);
    read(&mut world, viewer, profile, start)
}

/// Lets the call run, with publishers that send only what somebody watches.
fn run(world: &mut World, profile: Profile) {
    let mut heard = world.events().len();
    let end = world.now() + profile.length();
    while world.now() < end {
        world.run_for(STEP);
        let told: Vec<Event> = world.events()[heard..].to_vec();
        heard = world.events().len();
        for event in told {
            if let Event::Encodings { source, encodings } = event {
                let publisher = (0..CAMERAS).find(|index| world.peer(*index) == source.peer);
                if let Some(publisher) = publisher {
                    world.client(publisher).set_encodings(source.kind, &encodings);
                }
            }
        }
    }
}

fn read(world: &mut World, viewer: usize, profile: Profile, start: Instant) -> Row {
    let videos = world.slot_mids(viewer, MediaKind::Video);
    let voices = world.slot_mids(viewer, MediaKind::Audio);
    let client = world.client(viewer);
    let seen: Vec<Seen> = videos.iter().filter_map(|mid| client.seen(mid).cloned()).collect();
    let heard: Vec<Heard> = voices.iter().filter_map(|mid| client.heard(mid)).collect();
    let from = start + WARM_UP;
    let freezes: Vec<Duration> = seen
        .iter()
        .flat_map(|seen| &seen.freezes)
        .map(|Freeze { from: begin, until }| until.saturating_duration_since(*begin.max(&from)))
        .collect();
    let (layers, paused) = layers(world, viewer, start + WARM_UP);
    let link = &world.access(viewer).expect("it was attached").down;
    let judged: Vec<Passed> = link
        .stats
        .passed
        .iter()
        .filter(|passed| passed.at >= WARM_UP)
        .copied()
        .collect();
    let mut delays: Vec<Duration> = judged.iter().map(|passed| passed.queued).collect();
    delays.sort_unstable();
    let carried = judged.iter().map(|passed| passed.bytes as u64 * 8).sum::<u64>();
    let outage: Duration = link.config().outages.iter().map(|(from, until)| *until - *from).sum();
    let judged_for = (profile.length() - WARM_UP).as_secs_f64();
    let could = link.config().rate.capacity(WARM_UP, profile.length()) as f64
        * (1.0 - outage.as_secs_f64() / judged_for)
        - link.stats.competing_bytes as f64 * 8.0;
    Row {
        profile,
        utilisation: 100.0 * carried as f64 / could.max(1.0),
        queue_delay_p95: delays.get(delays.len() * 95 / 100).copied().unwrap_or_default(),
        frozen: freezes.iter().sum::<Duration>() / u32::try_from(CAMERAS).expect("a few"),
        longest_freeze: freezes.into_iter().max().unwrap_or_default(),
        longest_audio_gap: heard.iter().map(|heard| heard.longest_gap).max().unwrap_or_default(),
        recovery: profile
            .disturbance()
            .map(|(_, until)| recovery(&judged, &seen, start, until)),
        layers,
        paused,
    }
}

/// When, after `until`, every picture has moved and a second's rate is what it is in the end.
fn recovery(passed: &[Passed], seen: &[Seen], start: Instant, until: Duration) -> Duration {
    let pictures = seen.iter().filter_map(|seen| {
        let moved = seen.frames.iter().find(|at| **at >= start + until)?;
        Some(*moved - (start + until))
    });
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
    let rate = rate.unwrap_or(end.saturating_sub(until));
    pictures.max().unwrap_or(rate).max(rate)
}

/// Mean encoding and temporal layer of what was shown, and how often nothing was, in percent.
fn layers(world: &World, viewer: usize, from: Instant) -> ((f64, f64), f64) {
    let viewer = world.peer(viewer);
    let (mut encoding, mut temporal, mut shown, mut all) = (0.0, 0.0, 0.0f64, 0.0f64);
    let mut since = None;
    for event in world.events() {
        match event {
            Event::Alive { last_packet_at, .. } => since = since.max(Some(*last_packet_at)),
            Event::Legs { peer, legs } if *peer == viewer && since >= Some(from) => {
                let pictures = legs.iter().filter(|leg| {
                    leg.direction == LegDirection::Receives
                        && leg.source.is_some_and(|source| source.kind == SourceKind::Camera)
                });
                for leg in pictures {
                    all += 1.0;
                    if let Some((spatial, layer)) = leg.layer {
                        shown += 1.0;
                        encoding += f64::from(spatial);
                        temporal += f64::from(layer);
                    }
                }
            }
            Event::Joined { .. }
            | Event::Refused { .. }
            | Event::Connected { .. }
            | Event::Disconnected { .. }
            | Event::Stats { .. }
            | Event::Restarted { .. }
            | Event::Encodings { .. }
            | Event::Legs { .. }
            | Event::Loudest { .. }
            | Event::Speakers { .. } => {}
        }
    }
    let means = (encoding / shown.max(1.0), temporal / shown.max(1.0));
    (means, 100.0 * (all - shown) / all.max(1.0))
}
