//! The ledger of presence in a simulated world: joins, losses, restarts and slow records from a seed, against a model
//! that knows only which packets were sent.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use sfu_core::{Command, DisconnectReason, Event, Joined, PeerId, RoomId};
use signaling::QualityBoard;
use signaling::authority::{CallGrant, SegmentKey, Standing};
use signaling::clock::Now;
use signaling::limits::SILENCE_MAX;
use signaling::room::{ConnectionId, Effect, Input, Offer, Record, Request, Room, RoomConfig};
use signaling_protocol::{PriceModel, PriceTerms, Role, ServerMessage, Span, Spans};

/// One step of the world, milliseconds; every time in it is a multiple, so the model can count steps.
const STEP_MS: u64 = 50;
const STEPS: u64 = 120_000 / STEP_MS;
const WINDOW_MS: u64 = 110_000;
/// As the server is set up: the media plane reports every second, checkpoints come every three.
const REPORT_MS: u64 = 1_000;
const CHECKPOINT_MS: u64 = 3_000;
const CONSENT_MS: u64 = 30_000;
const TICK_MS: u64 = 250;
const SEEDS: u64 = 300;

/// One person with a browser.
struct Person {
    seat: &'static str,
    role: Role,
    connection: Option<ConnectionId>,
    media: Media,
    /// When to come (again), if not here.
    returns_ms: u64,
    /// No packet arrives before this.
    muted_until_ms: u64,
}

enum Media {
    None,
    /// The handshake completes at this time.
    Shaking {
        peer: PeerId,
        up_ms: u64,
    },
    Up {
        peer: PeerId,
        since_ms: u64,
        last_ms: u64,
        reported_ms: u64,
        absent: bool,
    },
}

/// A row of the records: beginning, last seen, closed.
type Row = (i64, i64, bool);

struct World {
    seed: u64,
    random: ChaCha8Rng,
    base: Instant,
    ms: u64,
    room: Option<Room>,
    people: [Person; 2],
    ids: u64,
    /// Records on their way, each with the time at which it is written.
    writing: VecDeque<(u64, Record)>,
    rows: BTreeMap<(String, u32), Row>,
    admitted: bool,
    /// Since when the consumer may be heard.
    let_in_ms: Option<u64>,
    over: bool,
    /// Who made the last offer.
    asker: usize,
    interruptions: u32,
    /// Packets that arrived while their sender was let in, per person: (time, peer).
    heard: [Vec<(u64, PeerId)>; 2],
}

impl World {
    fn new(seed: u64) -> Self {
        let person = |seat, role, returns_ms| Person {
            seat,
            role,
            connection: None,
            media: Media::None,
            returns_ms,
            muted_until_ms: 0,
        };
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let first = random.random_range(0..100) * STEP_MS;
        Self {
            seed,
            random,
            base: Instant::now(),
            ms: 0,
            room: None,
            people: [person("p", Role::Provider, first), person("c", Role::Consumer, 500)],
            ids: 0,
            writing: VecDeque::new(),
            rows: BTreeMap::new(),
            admitted: false,
            let_in_ms: None,
            over: false,
            asker: 0,
            interruptions: 0,
            heard: [Vec::new(), Vec::new()],
        }
    }

    fn run(mut self) -> i64 {
        for step in 0..STEPS {
            self.ms = step * STEP_MS;
            self.write_records();
            for place in 0..2 {
                self.arrive(place);
                self.send_packets(place);
                self.mishap(place);
            }
            if self.ms.is_multiple_of(CHECKPOINT_MS) {
                self.checkpoint();
            }
            if self.chance(5_000) {
                self.crash();
            }
            if self.ms.is_multiple_of(TICK_MS) {
                self.give(Input::Tick);
            }
        }
        while !self.writing.is_empty() {
            self.ms += STEP_MS;
            self.write_records();
        }
        self.check()
    }

    /// Once in so many steps.
    fn chance(&mut self, steps: u32) -> bool {
        self.random.random_ratio(1, steps)
    }

    fn at(&self, ms: u64) -> Instant {
        self.base + Duration::from_millis(ms)
    }

    fn grant(&self, place: usize) -> CallGrant {
        let person = &self.people[place];
        let own = |row: &&(String, u32)| row.0 == person.seat;
        CallGrant {
            call: "call".into(),
            seat: person.seat.into(),
            role: person.role,
            name: person.seat.into(),
            title: "Advice".into(),
            opens_at: 0,
            starts_at: 0,
            ends_at: micros(WINDOW_MS),
            price: PriceTerms {
                currency: "NOK".into(),
                discount: None,
                model: PriceModel::Free,
            },
            admitted: person.role == Role::Provider || self.admitted,
            left_for_good: Vec::new(),
            session: String::new(),
            billed_before: self.on_record(|row| row.2),
            took_place: self.on_record(|row| row.2) > 0,
            next_segment: self.rows.keys().filter(own).map(|row| row.1 + 1).max().unwrap_or(1),
        }
    }

    /// Overlap by the records.
    fn on_record(&self, counts: impl Fn(&Row) -> bool) -> i64 {
        let side = |seat: &str| {
            let mut side = Spans::default();
            for (_, row) in self.rows.iter().filter(|(key, row)| key.0 == seat && counts(row)) {
                side.insert(Span { from: row.0, to: row.1 });
            }
            side
        };
        side("p").overlap(&side("c")).total()
    }

    fn give(&mut self, input: Input) {
        let now = Now {
            utc: micros(self.ms),
            mono: self.at(self.ms),
        };
        let Some(room) = &mut self.room else { return };
        let effects = room.handle(now, input);
        for effect in effects {
            self.follow(effect);
        }
    }

    /// The world does what the room wants.
    fn follow(&mut self, effect: Effect) {
        match effect {
            Effect::Record(record) => {
                // Records are written in order, sometimes late.
                let delay = if self.chance(20) {
                    self.random.random_range(0..50) * STEP_MS
                } else {
                    STEP_MS
                };
                let after = self.writing.back().map_or(0, |(at, _)| *at);
                self.writing.push_back((after.max(self.ms + delay), record));
            }
            Effect::Join(join) => {
                let joined = Joined {
                    answer: "v=0".into(),
                    slots: Vec::new(),
                };
                let up_ms = self.ms + self.random.random_range(1..30) * STEP_MS;
                self.people[self.asker].media = Media::Shaking { peer: join.peer, up_ms };
                self.give(Input::Joined {
                    peer: join.peer,
                    result: Ok(joined),
                });
            }
            Effect::Media(Command::Leave { peer }) => self.media_gone(peer, DisconnectReason::Removed),
            Effect::Close { connection, .. } => {
                for person in &mut self.people {
                    person.connection = person.connection.filter(|held| *held != connection);
                }
            }
            Effect::Send {
                connection,
                message: ServerMessage::Admitted {},
            } => self.let_in(connection),
            Effect::Send {
                connection,
                message: ServerMessage::Welcome { admitted: true, .. },
            } => self.let_in(connection),
            Effect::Send { .. } | Effect::Media(_) => {}
        }
    }

    fn let_in(&mut self, connection: ConnectionId) {
        if self.people[1].connection == Some(connection) {
            self.let_in_ms.get_or_insert(self.ms);
        }
    }

    fn media_gone(&mut self, gone: PeerId, reason: DisconnectReason) {
        for place in 0..2 {
            let last = match self.people[place].media {
                Media::Up { peer, last_ms, .. } if peer == gone => Some(last_ms),
                Media::Shaking { peer, .. } if peer == gone => None,
                Media::None | Media::Shaking { .. } | Media::Up { .. } => continue,
            };
            self.people[place].media = Media::None;
            let present_until = last.map(|ms| self.at(ms));
            self.give(Input::Media(Event::Disconnected {
                peer: gone,
                present_until,
                reason,
            }));
        }
    }

    fn write_records(&mut self) {
        while self.writing.front().is_some_and(|(at, _)| *at <= self.ms) {
            let Some((_, record)) = self.writing.pop_front() else {
                return;
            };
            match &record {
                Record::Arrived { .. } | Record::LeftForGood { .. } => {}
                Record::Admitted { .. } => self.admitted = true,
                Record::Open { segment, started_at } => {
                    self.rows
                        .entry((segment.seat.clone(), segment.seq))
                        .or_insert((*started_at, *started_at, false));
                }
                Record::Close { segment, ended_at, .. } => {
                    let row = self
                        .rows
                        .get_mut(&(segment.seat.clone(), segment.seq))
                        .expect("opened before it is closed");
                    *row = (row.0, row.1.max(*ended_at), true);
                }
                Record::CallEnded { .. } => {
                    assert!(
                        self.rows.values().all(|row| row.2),
                        "seed {}: ended with open segments",
                        self.seed
                    );
                    self.over = true;
                }
            }
            self.give(Input::Recorded {
                record,
                standing: Standing::Lives,
            });
        }
    }

    fn checkpoint(&mut self) {
        let seen: Vec<(SegmentKey, i64)> = self.room.iter().flat_map(Room::open_segments).collect();
        for (key, at) in seen {
            let row = self
                .rows
                .get_mut(&(key.seat, key.seq))
                .expect("only what is on record is checkpointed");
            assert!(!row.2 && at >= row.1, "seed {}: a checkpoint moves forward", self.seed);
            row.1 = at;
        }
    }

    /// The process dies: what was not written is lost, and open segments end at their last checkpoint.
    fn crash(&mut self) {
        if self.room.take().is_none() {
            return;
        }
        self.interruptions += 1;
        self.writing.clear();
        self.rows.values_mut().for_each(|row| row.2 = true);
        for person in &mut self.people {
            person.connection = None;
            person.media = Media::None;
            person.returns_ms = self.ms + self.random.random_range(10..200) * STEP_MS;
        }
    }

    /// Whoever is due comes, with media; the provider lets the consumer in.
    fn arrive(&mut self, place: usize) {
        if self.over || self.ms >= WINDOW_MS || self.ms < self.people[place].returns_ms {
            return;
        }
        if self.people[place].connection.is_none() {
            self.hello(place);
        }
        self.offer(place);
        let provider = self.people[0]
            .connection
            .filter(|_| self.people[1].connection.is_some());
        if let Some(connection) = provider
            && !self.admitted
            && self.chance(25)
        {
            self.give(Input::Request {
                connection,
                request: Request::Admit { seat: "c".into() },
            });
        }
    }

    fn hello(&mut self, place: usize) {
        let grant = self.grant(place);
        if self.room.is_none() {
            let now = Now {
                utc: micros(self.ms),
                mono: self.at(self.ms),
            };
            self.room = Some(Room::new(RoomConfig::default(), RoomId(1), now, &grant));
        }
        self.ids += 1;
        let connection = ConnectionId(self.ids);
        self.people[place].connection = Some(connection);
        self.give(Input::Hello { connection, grant });
    }

    /// Offers media where there is none.
    fn offer(&mut self, place: usize) {
        let person = &self.people[place];
        let (Some(connection), Media::None) = (person.connection, &person.media) else {
            return;
        };
        self.ids += 1;
        self.asker = place;
        let offer = Offer {
            id: 1,
            sdp: "v=0".into(),
            sources: Vec::new(),
        };
        self.give(Input::Offer {
            connection,
            peer: PeerId(self.ids),
            offer,
        });
    }

    fn send_packets(&mut self, place: usize) {
        let ms = self.ms;
        let person = &mut self.people[place];
        match &mut person.media {
            Media::None => {}
            Media::Shaking { peer, up_ms } if ms >= *up_ms => {
                let peer = *peer;
                person.media = Media::Up {
                    peer,
                    since_ms: ms,
                    last_ms: ms,
                    reported_ms: ms,
                    absent: false,
                };
                self.heard[place].push((ms, peer));
                self.give(Input::Media(Event::Connected { peer, at: self.at(ms) }));
            }
            Media::Shaking { .. } => {}
            Media::Up { .. } => self.stay(place),
        }
    }

    /// What the media plane tells of a peer that is up, by its own rule of silence.
    fn stay(&mut self, place: usize) {
        let (ms, base) = (self.ms, self.base);
        let at = |ms| base + Duration::from_millis(ms);
        let person = &mut self.people[place];
        let Media::Up {
            peer,
            since_ms,
            last_ms,
            reported_ms,
            absent,
        } = &mut person.media
        else {
            return;
        };
        let peer = *peer;
        let mut told = Vec::new();
        if !*absent && Duration::from_millis(ms - *last_ms) > SILENCE_MAX {
            *absent = true;
            let present_until = at(*last_ms);
            told.push(Event::Absent { peer, present_until });
        }
        if ms >= person.muted_until_ms {
            *last_ms = ms;
            self.heard[place].push((ms, peer));
            if std::mem::take(absent) {
                told.push(Event::Present { peer, at: at(ms) });
            }
        }
        let due = (ms - *since_ms).is_multiple_of(REPORT_MS) && *last_ms > *reported_ms;
        if due && !*absent {
            *reported_ms = *last_ms;
            let present_until = at(*last_ms);
            told.push(Event::Alive { peer, present_until });
        }
        let gone = ms - *last_ms > CONSENT_MS;
        for event in told {
            self.give(Input::Media(event));
        }
        if gone {
            self.media_gone(peer, DisconnectReason::ConsentExpired);
        }
    }

    /// Networks fail, sockets die, people reload and come back.
    fn mishap(&mut self, place: usize) {
        if self.chance(1_500) {
            self.people[place].muted_until_ms = self.ms + self.random.random_range(1..2_000) * STEP_MS;
        }
        if self.chance(2_000)
            && let Some(connection) = self.people[place].connection.take()
        {
            self.people[place].returns_ms = self.ms + self.random.random_range(1..100) * STEP_MS;
            self.give(Input::Closed { connection });
        }
        if self.chance(3_000) && self.people[place].connection.is_some() && !self.over {
            self.hello(place);
        }
        if self.chance(3_000)
            && let Media::Up { peer, .. } = self.people[place].media
        {
            self.media_gone(peer, DisconnectReason::Closed);
        }
        if self.chance(4_000)
            && let Some(connection) = self.people[place].connection
        {
            self.people[place].returns_ms = self.ms + self.random.random_range(1..400) * STEP_MS;
            self.give(Input::Request {
                connection,
                request: Request::Leave { for_good: false },
            });
        }
    }

    /// Which steps one person was truly present in: between two packets of one peer that are not too far apart.
    fn truly_present(&self, place: usize) -> Vec<bool> {
        let mut present = vec![false; usize::try_from(STEPS).expect("small")];
        for pair in self.heard[place].windows(2) {
            let ((from, peer), (till, next)) = (pair[0], pair[1]);
            if peer != next || Duration::from_millis(till - from) > SILENCE_MAX {
                continue;
            }
            for step in from / STEP_MS..till / STEP_MS {
                present[usize::try_from(step).expect("small")] = true;
            }
        }
        present
    }

    /// True common time; silences up to the limit count as presence.
    fn truth(&self) -> i64 {
        let (provider, consumer) = (self.truly_present(0), self.truly_present(1));
        let counts = |step: usize| {
            let ms = u64::try_from(step).expect("small") * STEP_MS;
            ms < WINDOW_MS && self.let_in_ms.is_some_and(|from| from <= ms)
        };
        let both = (0..provider.len())
            .filter(|&step| provider[step] && consumer[step] && counts(step))
            .count();
        i64::try_from(both).expect("small") * micros(STEP_MS)
    }

    /// Billed time against the truth.
    fn check(self) -> i64 {
        let (seed, billed) = (self.seed, self.on_record(|_| true));
        let most = self.truth();
        assert!(billed <= most, "seed {seed}: {billed} billed of {most}");
        let slack = i64::from(self.interruptions) * 5_000_000;
        assert!(billed + slack >= most, "seed {seed}: {billed} billed of {most}");
        if let Some(room) = self.room.filter(|_| self.over) {
            assert_eq!(
                room.snapshot(self.base, &QualityBoard::default()).billable,
                billed,
                "seed {seed}: the page showed what is charged"
            );
        }
        billed
    }
}

fn micros(ms: u64) -> i64 {
    i64::try_from(ms).expect("small") * 1_000
}

#[test]
fn billed_time_is_never_above_the_truth_and_at_most_five_seconds_short_an_interruption() {
    let billed: Vec<_> = (0..SEEDS).map(|seed| World::new(seed).run()).collect();
    // The worlds are not trivial: in most of them people did talk.
    let talked = billed.iter().filter(|billed| **billed > 10_000_000).count();
    assert!(talked * 2 > billed.len(), "{talked} of {}", billed.len());
}
