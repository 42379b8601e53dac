//! What waits to be sent on one connection, bounded: a newer state replaces an older one that was not sent yet.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use signaling_protocol::ServerMessage;
use signaling_protocol::message::StateOf;
use tokio::sync::Notify;

use crate::limits::OUTGOING_MAX;
use crate::room::CloseCode;

/// What a socket is to send.
#[derive(Debug)]
pub(crate) enum Outgoing {
    Message(ServerMessage),
    Close(CloseCode),
}

/// The reader was too slow: its queue is full, and takes nothing more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooSlow;

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Outgoing>,
    /// Nothing more comes; what waits is still sent.
    cut_off: bool,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<Queue>,
    news: Notify,
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The hub's end.
#[derive(Debug)]
pub(super) struct Outbox(Arc<Shared>);

/// The socket's end; there is one.
#[derive(Debug)]
pub(crate) struct Outgoings(Arc<Shared>);

pub(super) fn outbox() -> (Outbox, Outgoings) {
    let shared = Arc::<Shared>::default();
    (Outbox(Arc::clone(&shared)), Outgoings(shared))
}

impl Outbox {
    /// Queues at the end. An older message that this one makes pointless goes. A full queue is cut off.
    pub(super) fn push(&self, outgoing: Outgoing) -> Result<(), TooSlow> {
        let mut queue = self.0.queue();
        if queue.cut_off {
            return Ok(());
        }
        if let Some(state) = state_of(&outgoing) {
            queue.waiting.retain(|old| state_of(old) != Some(state));
        }
        if queue.waiting.len() >= OUTGOING_MAX {
            queue.cut_off = true;
        } else {
            queue.waiting.push_back(outgoing);
        }
        let result = if queue.cut_off { Err(TooSlow) } else { Ok(()) };
        drop(queue);
        self.0.news.notify_one();
        result
    }
}

impl Outgoings {
    /// The next message to send; `None` when the reader was cut off. May be dropped while it waits.
    pub(crate) async fn recv(&mut self) -> Option<Outgoing> {
        loop {
            let news = self.0.news.notified();
            {
                let mut queue = self.0.queue();
                if let Some(next) = queue.waiting.pop_front() {
                    return Some(next);
                }
                if queue.cut_off {
                    return None;
                }
            }
            news.await;
        }
    }
}

fn state_of(outgoing: &Outgoing) -> Option<StateOf> {
    match outgoing {
        Outgoing::Message(message) => message.state(),
        Outgoing::Close(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use signaling_protocol::message::SourceKind;

    use super::*;

    fn pong(at: usize) -> Outgoing {
        let at = i64::try_from(at).expect("small");
        Outgoing::Message(ServerMessage::Pong { at })
    }

    fn speakers(seat: &str) -> Outgoing {
        let seats = vec![seat.to_owned()];
        Outgoing::Message(ServerMessage::Speakers { seats })
    }

    fn all(outgoings: &Outgoings) -> Vec<String> {
        let mut queue = outgoings.0.queue();
        queue.waiting.drain(..).map(|one| format!("{one:?}")).collect()
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_gets_what_waited_and_then_the_end() {
        let (outbox, mut outgoings) = outbox();
        for at in 0..OUTGOING_MAX {
            assert_eq!(outbox.push(pong(at)), Ok(()));
        }
        assert_eq!(outbox.push(pong(0)), Err(TooSlow));
        assert_eq!(outbox.push(pong(0)), Ok(()), "it is told once");
        for _ in 0..OUTGOING_MAX {
            assert!(outgoings.recv().await.is_some());
        }
        assert!(outgoings.recv().await.is_none());
    }

    #[test]
    fn a_newer_state_takes_the_place_of_an_older_one_at_the_end() {
        let (outbox, outgoings) = outbox();
        for at in 0..10 * OUTGOING_MAX {
            let seat = if at % 2 == 0 { "a" } else { "b" };
            assert_eq!(outbox.push(speakers(seat)), Ok(()));
        }
        outbox.push(pong(1)).expect("there is room");
        outbox.push(speakers("c")).expect("there is room");
        let encodings = |source| {
            Outgoing::Message(ServerMessage::Encodings {
                source,
                encodings: Vec::new(),
            })
        };
        outbox.push(encodings(SourceKind::Camera)).expect("there is room");
        outbox.push(encodings(SourceKind::Screen)).expect("there is room");
        outbox.push(encodings(SourceKind::Camera)).expect("there is room");
        let expected = [
            pong(1),
            speakers("c"),
            encodings(SourceKind::Screen),
            encodings(SourceKind::Camera),
        ];
        assert_eq!(all(&outgoings), expected.map(|one| format!("{one:?}")));
    }
}
