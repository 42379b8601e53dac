//! Draws what happens next, from a seed and what is going on.

use std::time::Duration;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sfu_core::{MediaKind, PeerId, RoomId, SourceKind};

use super::model::{Mapping, Model};
use crate::client::ClientConfig;
use crate::network::Conditions;

/// People at once.
const PEOPLE_MAX: usize = 4;

/// Something that happens. People are given by their number.
#[derive(Debug, Clone)]
pub(super) enum Transition {
    /// `at_once`: admitted, and everybody sees everybody as far as slots are free.
    Join {
        room: RoomId,
        at_once: bool,
        config: ClientConfig,
    },
    Leave {
        who: usize,
        goodbye: bool,
    },
    Gate {
        who: usize,
        open: bool,
    },
    Send {
        who: usize,
        on: bool,
    },
    Mute {
        who: usize,
        kind: SourceKind,
        muted: bool,
    },
    Map {
        who: usize,
        slots: Vec<(usize, Mapping)>,
    },
    Size {
        who: usize,
        slot: usize,
        width: u16,
        height: u16,
    },
    AskKeyframes {
        who: usize,
    },
    RenewSsrc {
        who: usize,
        kind: SourceKind,
    },
    Weather(Conditions),
    Partition {
        who: usize,
        for_millis: u64,
    },
    Roam {
        who: usize,
    },
    RestartIce {
        who: usize,
        answer_arrives: bool,
    },
    Crash,
}

/// The dice.
pub(super) struct Plan {
    random: ChaCha8Rng,
    seed: u64,
    tags: u32,
}

impl Plan {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: ChaCha8Rng::seed_from_u64(seed ^ 0x5eed),
            seed,
            tags: 0,
        }
    }

    pub(super) fn draw_transition_count(&mut self) -> usize {
        self.random.random_range(16..40)
    }

    /// Until the next one.
    pub(super) fn draw_pause(&mut self) -> Duration {
        let most = if self.random.random_ratio(1, 4) { 1_000 } else { 250 };
        Duration::from_millis(self.random.random_range(0..most))
    }

    pub(super) fn draw_weather(&mut self) -> Conditions {
        let bad = self.random.random_ratio(2, 3);
        Conditions {
            lost: if bad { self.random.random_range(0..60) } else { 0 },
            duplicated: if bad { self.random.random_range(0..20) } else { 0 },
            delay: Duration::from_millis(self.random.random_range(1..40)),
            jitter: Duration::from_millis(self.random.random_range(0..30)),
        }
    }

    pub(super) fn draw_join(&mut self) -> Transition {
        self.tags += 1;
        let mut sources = vec![SourceKind::Microphone];
        if self.random.random_ratio(4, 5) {
            sources.push(SourceKind::Camera);
        }
        if self.random.random_ratio(1, 6) {
            sources.push(SourceKind::Screen);
        }
        let config = ClientConfig {
            seed: self.seed,
            tag: self.tags,
            sources,
            audio_slots: self.random.random_range(1..3),
            video_slots: self.random.random_range(1..3),
            declare_ssrcs: self.random.random(),
            redundancy: self.random.random_ratio(1, 3),
            simulcast: self.random.random_ratio(1, 4),
            temporal_layers: self.random.random_ratio(1, 3),
            ..ClientConfig::default()
        };
        // Few are elsewhere, so that calls are of several people.
        Transition::Join {
            room: RoomId(u128::from(self.random.random_ratio(1, 6))),
            at_once: self.random.random_ratio(2, 3),
            config,
        }
    }

    pub(super) fn draw_next(&mut self, model: &Model) -> Transition {
        let inside = model.inside();
        let Some(&who) = inside.choose(&mut self.random) else {
            return self.draw_join();
        };
        match self.random.random_range(0..100) {
            0..12 if inside.len() < PEOPLE_MAX => self.draw_join(),
            0..18 => Transition::Leave {
                who,
                goodbye: self.random.random(),
            },
            18..36 => self.draw_gate(model, who),
            36..44 => Transition::Send {
                who,
                on: self.random.random_ratio(3, 4),
            },
            44..52 => Transition::Mute {
                who,
                kind: *model.seats[who].sources.choose(&mut self.random).expect("a microphone"),
                muted: self.random.random(),
            },
            52..72 => self.draw_map(model, who),
            72..77 => self.draw_size(model, who),
            77..79 => Transition::AskKeyframes { who },
            79..82 => Transition::RenewSsrc {
                who,
                kind: *model.seats[who].sources.choose(&mut self.random).expect("a microphone"),
            },
            82..88 => Transition::Weather(self.draw_weather()),
            88..91 => Transition::Partition {
                who,
                for_millis: self.random.random_range(50..2_000),
            },
            91..95 => Transition::Roam { who },
            95..98 => Transition::RestartIce {
                who,
                answer_arrives: self.random.random_ratio(3, 4),
            },
            _ => Transition::Crash,
        }
    }

    fn draw_gate(&mut self, model: &Model, who: usize) -> Transition {
        let shut = model.inside().into_iter().find(|seat| !model.seats[*seat].admitted);
        match shut {
            Some(who) if self.random.random_ratio(3, 4) => Transition::Gate { who, open: true },
            Some(_) | None => Transition::Gate {
                who,
                open: self.random.random_ratio(2, 3),
            },
        }
    }

    /// Mostly what is there to be seen; now and then somebody elsewhere, gone, oneself, or of the wrong kind.
    fn draw_map(&mut self, model: &Model, who: usize) -> Transition {
        let anybody: Vec<(PeerId, SourceKind)> = model
            .seats
            .iter()
            .flat_map(|seat| [(seat.peer, SourceKind::Microphone), (seat.peer, SourceKind::Camera)])
            .collect();
        let mut slots = Vec::new();
        for (index, (slot, _)) in model.seats[who].slots.iter().enumerate() {
            if self.random.random_ratio(1, 4) {
                continue;
            }
            if slot.kind == MediaKind::Audio && self.random.random_ratio(1, 4) {
                slots.push((index, Mapping::Loudest));
                continue;
            }
            let others = model.sources_of_others(who, slot.kind);
            let among = if self.random.random_ratio(1, 8) {
                &anybody
            } else {
                &others
            };
            let source = among
                .choose(&mut self.random)
                .filter(|_| self.random.random_ratio(7, 8));
            slots.push((
                index,
                source.map_or(Mapping::Nothing, |(peer, kind)| Mapping::Source(*peer, *kind)),
            ));
        }
        Transition::Map { who, slots }
    }

    fn draw_size(&mut self, model: &Model, who: usize) -> Transition {
        let slot = self.random.random_range(0..model.seats[who].slots.len());
        let sizes = [(0, 0), (160, 90), (320, 180), (640, 360), (1_280, 720), (u16::MAX, 1)];
        let (width, height) = *sizes.choose(&mut self.random).expect("some sizes");
        Transition::Size {
            who,
            slot,
            width,
            height,
        }
    }

    /// A number for whatever is made anew.
    pub(super) fn draw_number(&mut self) -> u64 {
        self.random.random()
    }
}
