//! Which processes are gone: by how long, on our own steady clock, they have written nothing down.
//!
//! Clocks of machines differ and are set forward and back, so times on record are compared with each other only.

use std::collections::HashMap;
use std::sync::Mutex;

use super::queries;
use crate::base::db::DbError;
use crate::base::{Base, MINUTE_US, Micros, SECOND_US};

/// A process that checkpointed nothing for so long, while it had open segments and the database answered us, is gone.
const SILENT_US: Micros = MINUTE_US;

/// Whoever measures a call writes it down more often than this: every three seconds, and not much later.
const CHECKPOINT_OVERDUE_US: Micros = 5 * SECOND_US;

/// A longer pause between two looks says nothing about the others: perhaps nobody could write.
const LOOK_PAUSE_MAX_US: Micros = 10 * SECOND_US;

/// When each other process was last seen to write down the time of its calls.
#[derive(Debug, Default)]
pub struct Silence(Mutex<Looks>);

#[derive(Debug, Default)]
struct Looks {
    newest: Micros,
    /// By name: its newest checkpoint, and since when, on our steady clock, there was no newer one.
    nodes: HashMap<String, (Micros, Micros)>,
}

impl Silence {
    /// Takes what is on record now; returns the processes that are gone, each with its last checkpoint.
    fn look(&self, now: Micros, on_record: Vec<(String, Micros)>) -> Vec<(String, Micros)> {
        let mut looks = self.0.lock().expect("nobody panics while holding it");
        let fresh = now - looks.newest > LOOK_PAUSE_MAX_US;
        let before = std::mem::take(&mut looks.nodes);
        looks.newest = now;
        let mut gone = Vec::new();
        for (node, seen_at) in on_record {
            let since = match before.get(&node) {
                Some((then, since)) if *then == seen_at && !fresh => *since,
                Some(_) | None => now,
            };
            if now - since >= SILENT_US {
                gone.push((node.clone(), seen_at));
            }
            looks.nodes.insert(node, (seen_at, since));
        }
        gone
    }
}

/// Closes the segments of processes that are gone without saying so, at their last checkpoint; never this one's own.
///
/// # Errors
/// When the database fails.
pub async fn recover_silent(state: &Base, silence: &Silence) -> Result<(), DbError> {
    let on_record = queries::nodes_measuring(&mut state.db.read().await?, &state.config.node).await?;
    for (node, seen_at) in silence.look(state.clock.steady(), on_record) {
        match recover_node(state, &node, seen_at).await {
            Ok(closed) => tracing::warn!(node, closed, "closed segments that nobody measured any more"),
            Err(error) => tracing::error!(node, %error, "segments that nobody measures any more are still open"),
        }
    }
    Ok(())
}

async fn recover_node(state: &Base, node: &str, seen_at: Micros) -> Result<u64, DbError> {
    let mut tx = state.db.write().await?;
    let closed = queries::recover_silent(&mut tx, node, seen_at).await?;
    tx.commit().await?;
    Ok(closed)
}

/// Whether another process of one name measures calls, from whom [`super::recover`] would take their time.
#[derive(Debug)]
pub struct Namesake<'a> {
    node: &'a str,
    /// When somebody of an open segment of this name was last there, at the first look.
    seen_at: Micros,
    /// The first look, on our steady clock.
    begun: Micros,
}

impl<'a> Namesake<'a> {
    /// The first look.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn watch(state: &Base, node: &'a str) -> Result<Self, DbError> {
        let seen_at = queries::node_seen(&mut state.db.read().await?, node).await?;
        Ok(Self {
            node,
            seen_at,
            begun: state.clock.steady(),
        })
    }

    /// Another look: `None` while a checkpoint of what was left open may still come, then whether one came.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look(&self, state: &Base) -> Result<Option<bool>, DbError> {
        let seen_at = queries::node_seen(&mut state.db.read().await?, self.node).await?;
        let is_there = seen_at > self.seen_at;
        let overdue = seen_at == 0 || state.clock.steady() >= self.begun + CHECKPOINT_OVERDUE_US;
        Ok((is_there || overdue).then_some(is_there))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(of: &[(&str, Micros)]) -> Vec<(String, Micros)> {
        of.iter().map(|(node, at)| ((*node).to_owned(), *at)).collect()
    }

    #[test]
    fn who_writes_nothing_for_a_minute_is_gone() {
        let silence = Silence::default();
        for second in 0..60 {
            let seen = nodes(&[("a", 5), ("b", second)]);
            assert_eq!(silence.look(second * SECOND_US, seen), [], "{second}");
        }
        assert_eq!(
            silence.look(60 * SECOND_US, nodes(&[("a", 5), ("b", 60)])),
            nodes(&[("a", 5)])
        );
    }

    #[test]
    fn an_outage_of_the_database_is_nobodys_silence() {
        let silence = Silence::default();
        assert_eq!(silence.look(0, nodes(&[("a", 5)])), []);
        let back = 120 * SECOND_US;
        assert_eq!(silence.look(back, nodes(&[("a", 5)])), []);
        assert_eq!(silence.look(back + SECOND_US, nodes(&[("a", 6)])), []);
    }
}
