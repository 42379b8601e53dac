//! The shell around the rooms: asks the media plane, matches its answers to requests, lets time pass.
//!
//! As in signaling's hub, inputs are handled under one short lock and their effects are started before it is given back.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sfu_core::{Command, Event, JoinError, RoomId};
use signaling::authority::UtcMicros;
use signaling::clock::Now;
use signaling::{MediaPlane, PeerIds, PeerOwner};
use signaling_protocol::TicketKey;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::keys::PartnerKeys;
use crate::limits::TICK;
use crate::metrics::{Count, Metrics};
use crate::rooms::{Direction, Effect, NewSession, ParticipantId, Refusal, Restarted, Rooms, SessionId};

/// What the API is started with.
pub struct ApiConfig {
    pub keys: PartnerKeys,
    /// Signs media tickets.
    pub key: TicketKey,
    /// The wall clock, Unix microseconds.
    pub clock: Arc<dyn Fn() -> UtcMicros + Send + Sync>,
    /// How long the media plane may take to answer; usually [`crate::limits::ANSWER_WAIT`].
    pub answer_wait: Duration,
}

/// All rooms of the media API. Cheap to clone; the last clone's end stops its task.
#[derive(Clone)]
pub struct MediaApi {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) keys: PartnerKeys,
    pub(crate) key: TicketKey,
    pub(crate) metrics: Metrics,
    clock: Arc<dyn Fn() -> UtcMicros + Send + Sync>,
    media: Arc<dyn MediaPlane>,
    answer_wait: Duration,
    peers: PeerIds,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    rooms: Rooms,
    /// Requests that wait for the answer to an ICE restart, by its number.
    restarts: HashMap<(SessionId, u64), oneshot::Sender<Restarted>>,
}

impl MediaApi {
    /// An API without rooms, and its task on the current tokio runtime. The methods of `media` that are not `async` are
    /// called under a lock: they must not block, nor call back before they return.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn new(config: ApiConfig, media: Arc<dyn MediaPlane>) -> Self {
        let inner = Arc::new(Inner {
            keys: config.keys,
            key: config.key,
            metrics: Metrics::default(),
            clock: config.clock,
            media,
            answer_wait: config.answer_wait,
            peers: PeerIds::new(PeerOwner::MediaApi),
            state: Mutex::default(),
        });
        tokio::spawn(tick_for_ever(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// Takes one report of the media plane.
    pub fn media_event(&self, event: Event) {
        self.inner.with(|rooms, now| rooms.media_event(now, event));
    }

    /// The counters since the start.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.inner.metrics
    }

    /// How many rooms and sessions there are now.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        self.inner.lock().rooms.sizes()
    }

    /// Ends every room; nothing new begins.
    pub fn stop(&self) {
        self.inner.with(|rooms, _| rooms.stop());
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Now {
        Now {
            utc: (self.clock)(),
            mono: Instant::now(),
        }
    }

    /// Unix seconds.
    pub(crate) fn now_s(&self) -> i64 {
        (self.clock)().div_euclid(1_000_000)
    }

    /// Asks the rooms something and starts what follows from it.
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&mut Rooms, Now) -> T) -> T {
        let mut state = self.lock();
        let answer = ask(&mut state.rooms, self.now());
        for effect in state.rooms.take_effects() {
            self.start(&mut state, effect);
        }
        answer
    }

    fn start(&self, state: &mut State, effect: Effect) {
        match effect {
            Effect::Media(command) => self.media.command(command),
            Effect::Answer {
                session,
                restart,
                restarted,
            } => {
                let waiting = state.restarts.remove(&(session, restart));
                if waiting.is_none_or(|waiting| waiting.send(restarted).is_err()) {
                    tracing::debug!("nobody waits for the answer to this ICE restart any more");
                }
            }
        }
    }

    /// Begins a session and returns its id, answer and ETag. Goes on when the request that asked is dropped, so that no
    /// session is left half begun.
    pub(crate) async fn begin(
        self: &Arc<Self>,
        direction: Direction,
        holder: (RoomId, ParticipantId),
        offer: String,
        publishers: Vec<ParticipantId>,
    ) -> Result<(SessionId, String, String), Refusal> {
        let (inner, session) = (Arc::clone(self), random_session());
        let new = NewSession {
            session: session.clone(),
            peer: self.peers.issue(),
            direction,
            room: holder.0,
            participant: holder.1,
            offer,
            publishers,
        };
        let task = tokio::spawn(async move { inner.ask_media(new).await });
        let result = match task.await {
            Ok(result) => result,
            Err(error) => {
                tracing::error!(%error, "a session could not be begun");
                Err(Refusal::MediaSilent)
            }
        };
        self.metrics.add(match result {
            Ok(_) => Count::SessionsBegun,
            Err(_) => Count::SessionsRefused,
        });
        result.map(|(answer, etag)| (session, answer, etag))
    }

    async fn ask_media(&self, new: NewSession) -> Result<(String, String), Refusal> {
        let (session, peer) = (new.session.clone(), new.peer);
        let join = self.with(|rooms, now| rooms.begin(now, new))?;
        let result = match timeout(self.answer_wait, self.media.join(join)).await {
            Ok(result) => result,
            Err(_) => {
                // The media plane may still answer; nobody waits for that peer any more.
                self.media.command(Command::Leave { peer });
                Err(JoinError::Stopped)
            }
        };
        self.with(|rooms, now| rooms.answered(now, &session, peer, result))
    }

    /// Takes a fragment; waits for our credentials when it begins an ICE restart.
    pub(crate) async fn patch(
        &self,
        session: &SessionId,
        direction: Direction,
        holder: (RoomId, ParticipantId),
        if_match: &str,
        ufrag: Option<String>,
    ) -> Result<Option<Restarted>, Refusal> {
        let (restart, answered) = {
            let mut state = self.lock();
            let restart = state.rooms.patch(session, direction, holder, if_match, ufrag)?;
            let Some(restart) = restart else { return Ok(None) };
            let (answer, answered) = oneshot::channel();
            state.restarts.insert((session.clone(), restart), answer);
            for effect in state.rooms.take_effects() {
                self.start(&mut state, effect);
            }
            (restart, answered)
        };
        match timeout(self.answer_wait, answered).await {
            Ok(Ok(restarted)) => {
                self.metrics.add(Count::Restarts);
                Ok(Some(restarted))
            }
            Ok(Err(_)) | Err(_) => {
                self.metrics.add(Count::RestartsUnanswered);
                let mut state = self.lock();
                state.restarts.remove(&(session.clone(), restart));
                state.rooms.give_restart_up(session, restart);
                Err(Refusal::MediaSilent)
            }
        }
    }
}

async fn tick_for_ever(inner: Weak<Inner>) {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(inner) = inner.upgrade() else { return };
        let ended = inner.with(|rooms, now| rooms.tick(now));
        for _ in 0..ended {
            inner.metrics.add(Count::RoomsEndedIdle);
        }
    }
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng
        .try_fill_bytes(&mut bytes)
        .expect("a system that gives no randomness runs no server");
    bytes
}

/// A fresh id of a room or participant.
pub(crate) fn random_id() -> u128 {
    u128::from_be_bytes(random())
}

fn random_session() -> SessionId {
    SessionId(URL_SAFE_NO_PAD.encode(random::<32>()))
}
