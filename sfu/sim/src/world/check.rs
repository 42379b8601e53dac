//! A whole run from a seed: what the plan draws is done, what the clients get is held against the reference, and in the
//! end everybody must see everything and then nothing may be left.

use std::fmt::{self, Display};
use std::time::{Duration, Instant};

use sfu_core::{Command, DisconnectReason, Event, SlotContent, SlotMapping, SlotSize, Source, SourceKind};

use super::World;
use super::model::{Mapping, Model, Seat};
use super::plan::{Plan, Transition};
use crate::client::ClientConfig;
use crate::network::Conditions;

/// A handshake that began in the worst of weathers is over by then.
const CONNECT_MAX: Duration = Duration::from_secs(14);
/// On a perfect network every mapped slot shows something new within this time, also after the worst of weathers. A keyframe
/// that was asked for in vain before takes a second of it.
const FRESH_WITHIN: Duration = Duration::from_secs(2);
/// Nobody is left, and no timer after this.
const QUIET_AFTER: Duration = Duration::from_secs(40);

/// A run in which nothing was wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    pub people: usize,
    /// Packets of media that clients took.
    pub delivered: usize,
    /// Those that came on retransmission streams.
    pub repeated: usize,
    /// Packets of video that never came though they were asked for.
    pub holes: usize,
    pub lost_by_network: u64,
    pub crashes: usize,
    /// Longest time until every mapped slot showed something new.
    pub fresh_after: Duration,
    /// Of all datagrams, [`Network::transcript`](crate::Network::transcript).
    pub transcript: u64,
}

/// What was wrong, and all that happened before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub seed: u64,
    pub wrong: String,
    pub log: Vec<String>,
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}", self.seed, self.wrong)?;
        self.log.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// A world and what is expected of it.
struct Run {
    world: World,
    model: Model,
    plan: Plan,
    start: Instant,
    log: Vec<String>,
    /// Who is cut off, and until when.
    cut_off: Vec<(usize, Instant)>,
    /// Events before this were checked.
    events_checked: usize,
    report: Report,
}

impl World {
    /// A run that follows from its seed: people join, leave, publish, mute, are admitted and shown to each other, on
    /// networks that lose, repeat, reorder and break, while the core may crash.
    ///
    /// # Errors
    /// The first thing that was wrong.
    pub fn run(seed: u64) -> Result<Report, Failure> {
        let mut plan = Plan::new(seed);
        let mut world = Self::new(seed, plan.draw_weather());
        world.deliveries = Some(Vec::new());
        let start = world.now();
        let mut run = Run {
            world,
            model: Model::default(),
            plan,
            start,
            log: Vec::new(),
            cut_off: Vec::new(),
            events_checked: 0,
            report: Report::default(),
        };
        match run.run_to_end() {
            Ok(()) => Ok(run.report),
            Err(wrong) => Err(Failure {
                seed,
                wrong,
                log: run.log,
            }),
        }
    }
}

impl Run {
    fn run_to_end(&mut self) -> Result<(), String> {
        for _ in 0..2 {
            let join = self.plan.draw_join();
            self.carry_out(join);
        }
        self.pass_time(Duration::from_millis(300))?;
        for _ in 0..self.plan.draw_transition_count() {
            let next = self.plan.draw_next(&self.model);
            self.carry_out(next);
            let pause = self.plan.draw_pause();
            self.pass_time(pause)?;
        }
        self.check_everybody_sees()?;
        self.check_nothing_lacks()?;
        self.check_nothing_stays()?;
        self.report.people = self.model.seats.len();
        self.report.lost_by_network = self.world.network.lost;
        self.report.transcript = self.world.network.transcript();
        Ok(())
    }

    fn log_line(&mut self, what: &str) {
        let at = self.world.now.saturating_duration_since(self.start);
        self.log.push(format!("{:>9.3} s: {what}", at.as_secs_f64()));
    }

    /// Lets time pass, and checks what came of it.
    fn pass_time(&mut self, duration: Duration) -> Result<(), String> {
        let end = self.world.now + duration;
        while let Some((who, until)) = self.cut_off.iter().min_by_key(|(_, until)| *until).copied()
            && until <= end
        {
            self.world.run_for(until.saturating_duration_since(self.world.now));
            let address = self.world.address_of(who);
            self.world.network.cut_off.remove(&address);
            self.cut_off.retain(|(one, _)| *one != who);
        }
        self.world.run_for(end.saturating_duration_since(self.world.now));
        self.check_arrived()
    }

    /// Holds what came in against the reference.
    fn check_arrived(&mut self) -> Result<(), String> {
        let deliveries = self.world.deliveries.replace(Vec::new()).unwrap_or_default();
        for delivery in deliveries {
            let taken = &delivery.taken;
            self.report.delivered += 1;
            self.report.repeated += usize::from(taken.repeated);
            let what = (taken.tag, taken.kind);
            if !self.model.may_carry(delivery.client, &taken.mid, delivery.sent, what) {
                let at = delivery.sent.saturating_duration_since(self.start).as_secs_f64();
                return Err(format!(
                    "sent at {at:.3} s to client {}, not to be seen: {taken:?}",
                    delivery.client
                ));
            }
        }
        for event in &self.world.events[self.events_checked..] {
            if let Event::Disconnected { peer, reason, .. } = event
                && *reason != DisconnectReason::Removed
            {
                return Err(format!("{peer:?} was thrown out: {reason:?}"));
            }
        }
        self.events_checked = self.world.events.len();
        if self.world.sfu.counters().rooms_failed > 0 {
            return Err("a room failed".to_owned());
        }
        Ok(())
    }

    fn carry_out(&mut self, transition: Transition) {
        self.log_line(&format!("{transition:?}"));
        match transition {
            Transition::Join { room, at_once, config } => {
                self.join_client(room, config);
                if at_once {
                    let last = self.model.seats.len() - 1;
                    self.set_gate(last, true);
                    self.fill_slots();
                }
            }
            Transition::Leave { who, goodbye } => self.remove_client(who, goodbye),
            Transition::Gate { who, open } => self.set_gate(who, open),
            Transition::Send { who, on } => self.set_sending(who, on),
            Transition::Mute { who, kind, muted } => self.set_muted(who, kind, muted),
            Transition::Map { who, slots } => self.map_slots(who, &slots),
            Transition::Size {
                who,
                slot,
                width,
                height,
            } => self.size_slot(who, slot, (width, height)),
            Transition::AskKeyframes { who } => self.world.client(who).request_keyframes(),
            Transition::RenewSsrc { who, kind } => self.world.client(who).renew_ssrc(kind),
            Transition::Weather(conditions) => self.world.network.conditions = conditions,
            Transition::Partition { who, for_millis } => self.cut_off_client(who, Duration::from_millis(for_millis)),
            Transition::Roam { who } => {
                self.join_again(who);
                self.world.roam(who);
            }
            Transition::RestartIce { who, answer_arrives } => self.restart_ice(who, answer_arrives),
            Transition::Crash => self.crash_core(),
        }
        self.model.record_history(self.world.now);
    }

    fn join_client(&mut self, room: sfu_core::RoomId, config: ClientConfig) {
        let (tag, sources) = (config.tag, config.sources.clone());
        let index = self.world.join_room(room, config);
        debug_assert_eq!(index, self.model.seats.len(), "seats are numbered as members are");
        let slots = self.world.members[index].slots.iter().cloned();
        self.model.seats.push(Seat {
            room,
            peer: self.world.peer(index),
            tag,
            inside: true,
            admitted: false,
            sources,
            muted: Default::default(),
            slots: slots.map(|slot| (slot, Mapping::Nothing)).collect(),
        });
        self.set_sending(index, true);
    }

    fn set_gate(&mut self, who: usize, open: bool) {
        self.model.seats[who].admitted = open;
        self.world.admit(who, open);
    }

    /// Shows something of others on every slot that carries nothing.
    fn fill_slots(&mut self) {
        for who in self.model.inside() {
            let slots = self.model.seats[who].slots.clone();
            for (index, (slot, mapping)) in slots.iter().enumerate() {
                let others = self.model.sources_of_others(who, slot.kind);
                if let (Mapping::Nothing, Some((peer, kind))) = (mapping, others.get(index % others.len().max(1))) {
                    self.map_slots(who, &[(index, Mapping::Source(*peer, *kind))]);
                }
            }
        }
    }

    fn remove_client(&mut self, who: usize, goodbye: bool) {
        if goodbye {
            self.world.client(who).close();
            self.world.flush_client(who);
        }
        let peer = self.world.peer(who);
        self.world.command(Command::Leave { peer });
        self.world.members[who].inside = false;
        self.model.remove_seat(who);
    }

    fn set_sending(&mut self, who: usize, on: bool) {
        let now = self.world.now;
        let client = self.world.client(who);
        if on {
            client.start_media(now)
        } else {
            client.stop_media()
        }
    }

    fn set_muted(&mut self, who: usize, kind: SourceKind, muted: bool) {
        let peer = self.world.peer(who);
        let source = Source { peer, kind };
        self.world.command(Command::Mute { source, muted });
        let all = &mut self.model.seats[who].muted;
        let _ = if muted { all.insert(kind) } else { all.remove(&kind) };
    }

    fn map_slots(&mut self, who: usize, slots: &[(usize, Mapping)]) {
        let mut mappings = Vec::new();
        for (index, mapping) in slots {
            let content = match *mapping {
                Mapping::Nothing => SlotContent::Nothing,
                Mapping::Source(peer, kind) => SlotContent::Source(Source { peer, kind }),
                Mapping::Loudest => SlotContent::Loudest,
            };
            mappings.push(SlotMapping {
                mid: self.model.seats[who].slots[*index].0.mid.clone(),
                content,
            });
            self.model.map_slot(who, *index, *mapping);
        }
        let peer = self.world.peer(who);
        self.world.command(Command::MapSlots { peer, slots: mappings });
    }

    fn size_slot(&mut self, who: usize, slot: usize, (width, height): (u16, u16)) {
        let mid = self.model.seats[who].slots[slot].0.mid.clone();
        let peer = self.world.peer(who);
        let sizes = vec![SlotSize { mid, width, height }];
        self.world.command(Command::SizeSlots { peer, sizes });
    }

    fn cut_off_client(&mut self, who: usize, duration: Duration) {
        let address = self.world.address_of(who);
        self.world.network.cut_off.insert(address);
        self.cut_off.push((who, self.world.now + duration));
    }

    fn join_again(&mut self, who: usize) {
        let address = self.world.address_of(who);
        self.world.network.cut_off.remove(&address);
        self.cut_off.retain(|(one, _)| *one != who);
    }

    fn restart_ice(&mut self, who: usize, answer_arrives: bool) {
        let peer = self.world.peer(who);
        let ufrag = self.world.client(who).restart();
        self.world.command(Command::Restart { peer, ufrag });
        let now = self.world.now;
        if let Some(Event::Restarted { ufrag, password, .. }) = self.world.events.last().cloned()
            && answer_arrives
        {
            self.world.client(who).restarted(&ufrag, &password, now);
        }
    }

    /// The core dies; whoever was there comes again, into its room, as somebody new.
    fn crash_core(&mut self) {
        let before = self.model.inside();
        self.world.crash(self.plan.draw_number());
        for who in &before {
            self.model.remove_seat(*who);
        }
        self.report.crashes += 1;
        for who in before {
            let Transition::Join { config, .. } = self.plan.draw_join() else {
                continue;
            };
            let seat = &self.model.seats[who];
            let (room, admitted, sources) = (seat.room, seat.admitted, seat.sources.clone());
            self.join_client(room, ClientConfig { sources, ..config });
            let again = self.model.seats.len() - 1;
            self.set_gate(again, admitted);
        }
    }

    /// Makes everything good: then everybody sees something new on every slot.
    fn check_everybody_sees(&mut self) -> Result<(), String> {
        self.log_line("all is made good");
        self.world.network.conditions = Conditions::PERFECT;
        self.world.network.cut_off.clear();
        self.cut_off.clear();
        if self.model.inside().len() < 2 {
            let join = self.plan.draw_join();
            self.carry_out(join);
        }
        let inside = self.model.inside();
        let members = inside.clone();
        let connected = self.world.run_until(CONNECT_MAX, |world| {
            members.iter().all(|who| world.members[*who].client.is_connected())
        });
        if !connected {
            return Err("not everybody is connected".to_owned());
        }
        self.check_arrived()?;
        for who in inside {
            for kind in self.model.seats[who].sources.clone() {
                self.set_muted(who, kind, false);
            }
            self.set_gate(who, true);
            self.set_sending(who, true);
            for index in 0..self.model.seats[who].slots.len() {
                self.size_slot(who, index, (1_280, 720));
            }
        }
        self.fill_slots();
        self.model.record_history(self.world.now);
        self.wait_for_news()
    }

    fn wait_for_news(&mut self) -> Result<(), String> {
        let since = self.world.now;
        let mut awaited = Vec::new();
        for who in self.model.inside() {
            let seat = &self.model.seats[who];
            for (slot, mapping) in &seat.slots {
                // Who is loudest depends on what is said, so only a certain source can be waited for.
                if let (Mapping::Source(..), &[(tag, kind)]) = (mapping, self.model.allowed(seat, *mapping).as_slice())
                {
                    let made = self.packets_made(tag, kind);
                    awaited.push((who, slot.mid.0.clone(), (tag, kind), made));
                }
            }
        }
        let all = awaited.clone();
        let begun = self.world.now;
        let seen = self.world.run_until(FRESH_WITHIN, |world| {
            awaited.retain(|(who, mid, what, made)| !world.shows(*who, mid, *what, *made, since));
            awaited.is_empty()
        });
        self.report.fresh_after = self.report.fresh_after.max(self.world.now - begun);
        self.check_arrived()?;
        if !seen {
            return Err(format!("nothing new on {awaited:?} of {all:?}"));
        }
        Ok(())
    }

    fn packets_made(&self, tag: u32, kind: SourceKind) -> u32 {
        let seat = self.model.seats.iter().rposition(|seat| seat.tag == tag);
        seat.map_or(0, |who| self.world.members[who].client.made(kind))
    }

    /// Stops all media, lets the last losses be repaired, and asks the clients for what is not as it should be.
    fn check_nothing_lacks(&mut self) -> Result<(), String> {
        for who in self.model.inside() {
            self.world.client(who).stop_media();
        }
        self.pass_time(Duration::from_secs(1))?;
        let inside = self.model.inside();
        for who in 0..self.model.seats.len() {
            let client = &self.world.members[who].client;
            let received = client.check_received();
            let received = received.map_err(|wrong| format!("client {who}: {wrong}"))?;
            if !inside.contains(&who) {
                continue;
            }
            for stream in received.streams.iter().filter(|stream| stream.video) {
                self.report.holes += stream.holes;
                let changes = self.model.changes_of(who, &stream.mid);
                let unexplained = client.unexplained(&stream.mid, &changes);
                if !unexplained.is_empty() {
                    return Err(format!("client {who} lacks {unexplained:?} of slot {}", stream.mid));
                }
            }
        }
        Ok(())
    }

    /// All leave, and the core is as if nobody had ever been there.
    fn check_nothing_stays(&mut self) -> Result<(), String> {
        for who in self.model.inside() {
            self.remove_client(who, true);
        }
        self.model.record_history(self.world.now);
        self.world.run_for(QUIET_AFTER);
        self.check_arrived()?;
        if !self.world.sfu.is_empty() || self.world.sfu.next_timeout().is_some() {
            let load = self.world.sfu.load();
            return Err(format!(
                "something is left: {load:?}, next at {:?}",
                self.world.sfu.next_timeout()
            ));
        }
        let arena = self.world.sfu.counters().arena_full;
        (arena == 0)
            .then_some(())
            .ok_or_else(|| format!("{arena} packets dropped inside"))
    }
}

impl World {
    /// A slot shows this source, made after `made` packets of it; a picture also was put together since.
    fn shows(&self, who: usize, mid: &str, what: (u32, SourceKind), made: u32, since: Instant) -> bool {
        let client = &self.members[who].client;
        let newest = client
            .newest(mid)
            .is_some_and(|(tag, kind, counter)| (tag, kind) == what && counter >= made);
        let seen = client.seen(mid);
        newest && seen.is_none_or(|seen| seen.frames.last().is_some_and(|last| *last > since))
    }
}
