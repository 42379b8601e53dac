//! The shell around the rooms: connections, the media plane and the authority on one side, pure rooms on the other.
//!
//! Inputs are handled one at a time under one short lock, and their effects are started before it is given back, so
//! the media plane hears commands in the order in which the rooms decided them. Nothing under the lock waits.

mod hello;
mod nonces;
mod outbox;
mod records;
mod state;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sfu_core::{Command, Event, Join, JoinError, RoomId};
use signaling_protocol::message::{EndReason, ErrorCode};
use signaling_protocol::{LiveCall, ServerMessage, TicketKey};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::authority::{CallAuthority, RoomReview, SegmentEnd, SegmentKey, UtcMicros};
use crate::clock::{Now, SegmentId};
use crate::limits::{ANSWER_WAIT, OVER_KEPT};
use crate::media::MediaPlane;
use crate::metrics::{Count, Metrics};
use crate::peers::{PeerIds, PeerOwner};
use crate::quality::QualityBoard;
use crate::room::{CloseCode, ConnectionId, Effect, Input, Record, RoomConfig};
use crate::session::Step;
use outbox::outbox;
pub(crate) use outbox::{Outgoing, Outgoings};
use state::{Connection, State};

/// How long things take, and how much there may be.
#[derive(Debug, Clone, Copy)]
pub struct HubConfig {
    pub room: RoomConfig,
    /// Interval at which rooms pass time.
    pub tick: Duration,
    /// Between two checkpoints. With the second in which the media plane reports and a write's time, what a crash can
    /// lose stays below 5 s.
    pub checkpoint_period: Duration,
    /// How long [`Hub::drain`] waits for the records.
    pub drain_wait: Duration,
    /// Rooms at once; one more is refused as `full`.
    pub rooms_max: usize,
    /// Connections at once; one more is refused before its upgrade.
    pub connections_max: usize,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            room: RoomConfig::default(),
            tick: Duration::from_millis(250),
            checkpoint_period: Duration::from_secs(3),
            drain_wait: Duration::from_secs(5),
            rooms_max: 10_000,
            connections_max: 20_000,
        }
    }
}

/// All rooms of one process. Cheap to clone; the last clone's end stops its tasks.
#[derive(Clone)]
pub struct Hub {
    inner: Arc<Inner>,
}

struct Inner {
    config: HubConfig,
    authority: Arc<dyn CallAuthority>,
    media: Arc<dyn MediaPlane>,
    key: TicketKey,
    clock: Arc<dyn Fn() -> UtcMicros + Send + Sync>,
    metrics: Metrics,
    quality: QualityBoard,
    connections: AtomicU64,
    peers: PeerIds,
    state: Mutex<State>,
    /// Notified whenever a record was written, for those who wait for the last one.
    progress: Notify,
}

impl Hub {
    /// A hub without rooms, and its tasks on the current tokio runtime.
    ///
    /// `clock` tells the wall clock's time in Unix microseconds. The methods of `media` that are not `async` are called
    /// under a lock: they must not block, nor call back into the hub before they return.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(
        config: HubConfig,
        authority: Arc<dyn CallAuthority>,
        media: Arc<dyn MediaPlane>,
        key: TicketKey,
        clock: Arc<dyn Fn() -> UtcMicros + Send + Sync>,
    ) -> Self {
        let inner = Arc::new(Inner {
            config,
            authority,
            media,
            key,
            clock,
            metrics: Metrics::default(),
            quality: QualityBoard::default(),
            connections: AtomicU64::new(1),
            peers: PeerIds::new(PeerOwner::Calls),
            state: Mutex::default(),
            progress: Notify::new(),
        });
        tokio::spawn(tick_for_ever(Arc::downgrade(&inner), config.tick));
        tokio::spawn(records::checkpoint_for_ever(
            Arc::downgrade(&inner),
            config.checkpoint_period,
        ));
        Self { inner }
    }

    /// Takes one report of the media plane.
    pub fn media_event(&self, event: Event) {
        self.inner.media_event(event);
    }

    /// Every live call, for the operator's view.
    #[must_use]
    pub fn snapshot(&self) -> Vec<LiveCall> {
        let now = Instant::now();
        let mut calls: Vec<_> = self
            .inner
            .lock()
            .rooms
            .values()
            .map(|open| open.room.snapshot(now, &self.inner.quality))
            .collect();
        calls.sort_by(|a, b| (a.starts_at, &a.call).cmp(&(b.starts_at, &b.call)));
        calls
    }

    /// One live call.
    #[must_use]
    pub fn find(&self, call: &str) -> Option<LiveCall> {
        let now = Instant::now();
        let state = self.inner.lock();
        state
            .rooms
            .get(call)
            .map(|open| open.room.snapshot(now, &self.inner.quality))
    }

    /// The appointment was cancelled: its call, if one is live, is over. The next review would find it, too; this is sooner.
    pub fn cancel(&self, call: &str) {
        self.inner.handle(call, Input::AppointmentOver(EndReason::Cancelled));
    }

    /// Something was decided about who may be where: whoever may not go on is sent out. The next review would find it, too;
    /// this is sooner.
    pub fn review(&self) {
        let inner = Arc::clone(&self.inner);
        tokio::spawn(async move { records::review(&inner).await });
    }

    /// Gets ready to stop: nobody new comes in, clients are told to come back later, segments are closed and written.
    /// Returns when everything is on record, or after [`HubConfig::drain_wait`]; true when it is.
    pub async fn drain(&self) -> bool {
        let inner = &self.inner;
        let calls: Vec<_> = {
            let mut state = inner.lock();
            state.draining = true;
            state.rooms.keys().cloned().collect()
        };
        for call in &calls {
            inner.handle(call, Input::Drain);
        }
        let settled = async {
            loop {
                let progress = inner.progress.notified();
                if inner.lock().rooms.values().all(|open| open.room.settled()) {
                    return;
                }
                progress.await;
            }
        };
        timeout(inner.config.drain_wait, settled).await.is_ok()
    }

    /// How every stream does. The reader of the media plane's reports records them all here, also those of peers that
    /// are in no call.
    #[must_use]
    pub fn quality(&self) -> &QualityBoard {
        &self.inner.quality
    }

    /// The counters since the hub began.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// How many rooms and connections there are now.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        let state = self.inner.lock();
        (state.rooms.len(), state.connections.len())
    }

    /// Opens a connection, unless there are too many.
    pub(crate) fn connect(&self) -> Option<(ConnectionId, Outgoings)> {
        let mut state = self.inner.lock();
        if state.connections.len() >= self.inner.config.connections_max {
            self.inner.metrics.add(Count::ConnectionsRefusedFull);
            return None;
        }
        let id = ConnectionId(self.inner.connections.fetch_add(1, Ordering::Relaxed));
        let (outbox, outgoings) = outbox();
        state.connections.insert(id, Connection { outbox, call: None });
        self.inner.metrics.add(Count::ConnectionsOpened);
        Some((id, outgoings))
    }

    /// A connection is gone.
    pub(crate) fn disconnect(&self, connection: ConnectionId) {
        self.inner.metrics.add(Count::ConnectionsClosed);
        let call = self
            .inner
            .lock()
            .connections
            .remove(&connection)
            .and_then(|connection| connection.call);
        if let Some(call) = call {
            self.inner.handle(&call, Input::Closed { connection });
        }
    }

    /// Does what a frame asks for, except what only the socket can do.
    pub(crate) async fn perform(&self, connection: ConnectionId, step: Step) {
        let inner = &self.inner;
        match step {
            Step::Hello { ticket } => inner.hello(connection, &ticket).await,
            Step::Offer(offer) => {
                let peer = inner.peers.issue();
                inner.from_connection(
                    connection,
                    Input::Offer {
                        connection,
                        peer,
                        offer,
                    },
                );
            }
            Step::Request(request) => inner.from_connection(connection, Input::Request { connection, request }),
            Step::Reply(message) => inner.lock().send(&inner.metrics, connection, message),
            Step::Refuse { code, message, close } => {
                let mut state = inner.lock();
                let fatal = close.is_some();
                state.send(
                    &inner.metrics,
                    connection,
                    ServerMessage::Error { code, message, fatal },
                );
                if let Some(code) = close {
                    state.close(connection, code);
                }
            }
        }
    }
}

impl Inner {
    /// A panic in a room leaves the others as they were, so the state is used on.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Now {
        Now {
            utc: (self.clock)(),
            mono: Instant::now(),
        }
    }

    fn from_connection(self: &Arc<Self>, connection: ConnectionId, input: Input) {
        let mut state = self.lock();
        let call = state
            .connections
            .get(&connection)
            .and_then(|connection| connection.call.clone());
        if let Some(call) = call {
            self.handle_in(&mut state, self.now(), &call, input);
        }
    }

    fn media_event(self: &Arc<Self>, event: Event) {
        let (peer, gone) = match &event {
            Event::Speakers { room, .. } => {
                let mut state = self.lock();
                if let Some(call) = state.calls.get(room).cloned() {
                    self.handle_in(&mut state, self.now(), &call, Input::Media(event));
                }
                return;
            }
            Event::Disconnected { peer, .. } => (*peer, true),
            Event::Connected { peer, .. }
            | Event::Alive { peer, .. }
            | Event::Absent { peer, .. }
            | Event::Present { peer, .. }
            | Event::PathLost { peer }
            | Event::Stats { peer, .. }
            | Event::Legs { peer, .. }
            | Event::Restarted { peer, .. }
            | Event::Withheld { peer, .. }
            | Event::Loudest { peer, .. } => (*peer, false),
            Event::Encodings { source, .. } => (source.peer, false),
            Event::Joined { .. } | Event::Refused { .. } => return,
        };
        let mut state = self.lock();
        let call = if gone {
            state.peers.remove(&peer)
        } else {
            state.peers.get(&peer).cloned()
        };
        if let Some(call) = call {
            self.handle_in(&mut state, self.now(), &call, Input::Media(event));
        }
    }

    fn handle(self: &Arc<Self>, call: &str, input: Input) {
        let recorded = matches!(input, Input::Recorded { .. });
        self.handle_in(&mut self.lock(), self.now(), call, input);
        if recorded {
            self.progress.notify_waiters();
        }
    }

    fn handle_in(self: &Arc<Self>, state: &mut State, now: Now, call: &str, input: Input) {
        let Some(open) = state.rooms.get_mut(call) else { return };
        match catch_unwind(AssertUnwindSafe(|| open.room.handle(now, input))) {
            Ok(effects) => effects.into_iter().for_each(|effect| self.start(state, call, effect)),
            Err(_) => self.room_failed(state, call),
        }
    }

    /// A broken invariant costs its room, nothing else: segments are closed, and everyone may come again.
    fn room_failed(&self, state: &mut State, call: &str) {
        self.metrics.add(Count::RoomsFailed);
        tracing::error!(call, "a room failed and was dropped");
        let Some(open) = state.remove_room(call) else { return };
        self.media.command(Command::CloseRoom { room: room_id(call) });
        for (key, ended_at) in open.room.open_segments() {
            let segment = SegmentId {
                seat: key.seat,
                seq: key.seq,
            };
            let close = Record::Close {
                segment,
                ended_at,
                end: SegmentEnd::ConnectionLost,
            };
            if open.records.try_send(close).is_err() {
                self.metrics.add(Count::RecordsLost);
            }
        }
        let here =
            |(id, connection): (&ConnectionId, &Connection)| (connection.call.as_deref() == Some(call)).then_some(*id);
        let connections: Vec<_> = state.connections.iter().filter_map(here).collect();
        for connection in connections {
            let message = "the server made a mistake".to_owned();
            state.send(
                &self.metrics,
                connection,
                ServerMessage::Error {
                    code: ErrorCode::Internal,
                    message,
                    fatal: true,
                },
            );
            state.close(connection, CloseCode::Unavailable);
        }
    }

    fn start(self: &Arc<Self>, state: &mut State, call: &str, effect: Effect) {
        match effect {
            Effect::Send { connection, message } => {
                self.count_message(&message);
                state.send(&self.metrics, connection, message);
            }
            Effect::Close { connection, code } => state.close(connection, code),
            Effect::Join(join) => {
                state.peers.insert(join.peer, call.to_owned());
                tokio::spawn(Arc::clone(self).join(call.to_owned(), join));
            }
            Effect::Media(command) => self.media.command(command),
            Effect::Record(record) => {
                let lost = state
                    .rooms
                    .get(call)
                    .is_none_or(|open| open.records.try_send(record).is_err());
                if lost {
                    self.metrics.add(Count::RecordsLost);
                    tracing::error!(call, "the queue of records is full");
                }
            }
        }
    }

    fn count_message(&self, message: &ServerMessage) {
        let count = if matches!(message, ServerMessage::Welcome { .. }) {
            Count::SeatsTaken
        } else if matches!(message, ServerMessage::TakenOver {}) {
            Count::SeatsTakenOver
        } else if matches!(message, ServerMessage::Admitted {}) {
            Count::SeatsAdmitted
        } else if matches!(message, ServerMessage::Answer { .. }) {
            Count::OffersAnswered
        } else {
            return;
        };
        self.metrics.add(count);
    }

    async fn join(self: Arc<Self>, call: String, join: Join) {
        let peer = join.peer;
        let result = match timeout(ANSWER_WAIT, self.media.join(join)).await {
            Ok(result) => result,
            Err(_) => {
                // The media plane may still answer; nobody waits for that peer any more.
                self.media.command(Command::Leave { peer });
                Err(JoinError::Stopped)
            }
        };
        if result.is_err() {
            self.metrics.add(Count::OffersRefused);
            self.lock().peers.remove(&peer);
        } else if !self.lock().rooms.contains_key(&call) {
            self.media.command(Command::Leave { peer });
        }
        self.handle(&call, Input::Joined { peer, result });
    }

    /// Lets time pass in every room and forgets those that have been over for a while.
    fn tick(self: &Arc<Self>) {
        let now = self.now();
        let mut state = self.lock();
        let calls: Vec<_> = state.rooms.keys().cloned().collect();
        for call in calls {
            self.handle_in(&mut state, now, &call, Input::Tick);
            let over = state.rooms.get(&call).and_then(|open| open.room.over_since());
            if over.is_some_and(|since| now.mono.saturating_duration_since(since) >= OVER_KEPT) {
                state.remove_room(&call);
                self.metrics.add(Count::RoomsClosed);
            }
        }
    }

    /// Who is in which room, and by which sign-in: what a review asks about.
    fn rooms_to_review(&self) -> Vec<RoomReview> {
        self.lock()
            .rooms
            .values()
            .filter_map(|open| open.room.review())
            .collect()
    }

    fn open_segments(&self) -> Vec<(SegmentKey, UtcMicros)> {
        self.lock()
            .rooms
            .values()
            .flat_map(|open| open.room.open_segments())
            .collect()
    }
}

async fn tick_for_ever(inner: Weak<Inner>, period: Duration) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(hub) = inner.upgrade() else { return };
        hub.tick();
    }
}

/// The media plane's id for a call: its UUID, or a hash of any other id.
#[must_use]
pub fn room_id(call: &str) -> RoomId {
    let digits: String = call.chars().filter(|letter| *letter != '-').collect();
    let uuid = (digits.len() == 32 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        .then(|| u128::from_str_radix(&digits, 16).ok())
        .flatten();
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        (salt, call).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    RoomId(uuid.unwrap_or_else(|| (half(0) << 64) | half(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_the_number_of_its_call() {
        let id = room_id("01890a5d-ac96-774b-bcce-b302099a8057");
        assert_eq!(id, RoomId(0x0189_0a5d_ac96_774b_bcce_b302_099a_8057));
        assert_ne!(room_id("one"), room_id("two"));
        assert_eq!(room_id("one"), room_id("one"));
    }
}
