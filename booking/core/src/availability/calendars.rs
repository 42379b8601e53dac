//! The free times of each service, computed once for all visitors until something is written that they depend on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::tz::TimeZone;
use tokio::sync::OnceCell;

use super::{Rules, Slot, load, queries};
use crate::base::db::{DbError, Tx};
use crate::base::{CELL_US, DAY_US, MINUTE_US, Micros};
use crate::params;

/// How long a list is shown at most: other processes write, too, holds run out, and days begin.
const KEPT_US: Micros = MINUTE_US;
/// Free times that are kept in all, 16 bytes each; then all are forgotten. A list counts as [`LIST_WEIGHT`] more, so that
/// empty ones have a bound, too.
const WEIGHT_MAX: usize = 2_000_000;
const LIST_WEIGHT: usize = 64;
/// What one browser holds is looked at for so many services.
const OWN_MAX: i64 = 200;

/// How far ahead somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// As lists of providers do: 14 days.
    Near,
    /// As far as a service can be booked, 190 days at most.
    Whole,
}

impl Reach {
    #[must_use]
    pub fn days(self) -> i64 {
        match self {
            Self::Near => 14,
            Self::Whole => 190,
        }
    }
}

/// The free times of a service, each once, whichever member takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeTimes {
    pub zone: TimeZone,
    rules: Rules,
    slots: Vec<Slot>,
}

impl FreeTimes {
    /// Those that can still be booked at `now`, in order.
    #[must_use]
    pub fn bookable(&self, now: Micros) -> &[Slot] {
        let earliest = (now + self.rules.notice_min * MINUTE_US).max(now + 1);
        &self.slots[self.slots.partition_point(|slot| slot.start_us < earliest)..]
    }

    async fn compute(tx: &mut Tx, service: &str, reach: Reach, now: Micros) -> Result<Option<Arc<Self>>, DbError> {
        let found = load::of_service(tx, service, now, now, now + reach.days() * DAY_US).await?;
        Ok(found.map(|found| {
            Arc::new(Self {
                slots: found.merged(),
                rules: found.rules,
                zone: found.zone,
            })
        }))
    }
}

/// What a browser holds: for itself those times are in nobody's way, since choosing another gives them back.
#[derive(Debug, Default)]
pub struct OwnHolds {
    visitor: String,
    /// Service that the holding member takes, first cell, and the one after the last.
    cells: Vec<(String, i64, i64)>,
}

impl OwnHolds {
    /// What the browser with this hash holds; an empty hash holds nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(tx: &mut Tx, visitor: &str, now: Micros) -> Result<Self, DbError> {
        if visitor.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self {
            visitor: visitor.to_owned(),
            cells: tx.all(queries::OWN_CELLS, params![visitor, now, OWN_MAX]).await?,
        })
    }
}

/// The kept lists. Of many who ask for one at once, one computes it and the others wait.
#[derive(Default)]
pub struct Calendars {
    kept: Mutex<Kept>,
}

type List = Arc<OnceCell<Option<Arc<FreeTimes>>>>;

#[derive(Default)]
struct Kept {
    /// See [`Tx::choice_version`]: what was read by a transaction of this version or a later one.
    version: u64,
    since: Micros,
    weight: usize,
    lists: HashMap<(String, Reach), List>,
}

impl Calendars {
    /// The free times of a service as they are now, or were within the last minute if nothing was written since;
    /// `None` when there is no such service.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(
        &self,
        tx: &mut Tx,
        service: &str,
        reach: Reach,
        now: Micros,
    ) -> Result<Option<Arc<FreeTimes>>, DbError> {
        let Some(list) = self.list(tx.choice_version(), service, reach, now) else {
            return FreeTimes::compute(tx, service, reach, now).await;
        };
        let mut computed = false;
        let note = &mut computed;
        let found = list
            .get_or_try_init(|| async move {
                *note = true;
                FreeTimes::compute(tx, service, reach, now).await
            })
            .await?
            .clone();
        if computed {
            self.weigh(found.as_ref().map_or(0, |found| found.slots.len()));
        }
        Ok(found)
    }

    /// As [`Self::load`], for a browser that holds something.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load_for(
        &self,
        tx: &mut Tx,
        own: &OwnHolds,
        service: &str,
        reach: Reach,
        now: Micros,
    ) -> Result<Option<Arc<FreeTimes>>, DbError> {
        let Some(shared) = self.load(tx, service, reach, now).await? else {
            return Ok(None);
        };
        let rules = shared.rules;
        let mut seen = shared;
        for (_, first, end) in own.cells.iter().filter(|(of, ..)| of == service) {
            // The starts of all slots that share a cell with the hold.
            let from = first * CELL_US - (rules.duration_min + rules.buffer_after_min) * MINUTE_US - CELL_US;
            let until = end * CELL_US + rules.buffer_before_min * MINUTE_US + CELL_US;
            let until = until.min(now + reach.days() * DAY_US);
            if let Some(beside) = load::of_service_for(tx, &own.visitor, service, now, from, until).await? {
                let free = Arc::make_mut(&mut seen);
                free.slots = load::union(&free.slots, &beside.merged());
            }
        }
        Ok(Some(seen))
    }

    /// Where a list is or will be; `None` for a transaction that may not see what the kept ones were computed from.
    fn list(&self, version: u64, service: &str, reach: Reach, now: Micros) -> Option<List> {
        let mut kept = self.lock();
        if version < kept.version {
            return None;
        }
        if version > kept.version || !(kept.since..kept.since + KEPT_US).contains(&now) {
            *kept = Kept {
                version,
                since: now,
                ..Kept::default()
            };
        }
        let key = (service.to_owned(), reach);
        Some(Arc::clone(kept.lists.entry(key).or_default()))
    }

    fn weigh(&self, slots: usize) {
        let mut kept = self.lock();
        kept.weight += slots + LIST_WEIGHT;
        if kept.weight > WEIGHT_MAX {
            kept.lists.clear();
            kept.weight = 0;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().expect("nobody panics while holding it")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn f15_lists_are_kept_by_version_and_time_and_within_a_bound() {
        let calendars = Calendars::default();
        let list = |version, service: &str, now| calendars.list(version, service, Reach::Near, now);
        let first = list(1, "a", 1_000).expect("it is new");
        assert!(Arc::ptr_eq(&first, &list(1, "a", 1_001).expect("kept")));
        assert!(
            list(0, "a", 1_001).is_none(),
            "an older transaction neither gets nor gives"
        );
        assert!(!Arc::ptr_eq(
            &first,
            &calendars.list(1, "a", Reach::Whole, 1_001).expect("another")
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &list(1, "a", 1_000 + KEPT_US).expect("time goes on")
        ));
        assert!(!Arc::ptr_eq(
            &first,
            &list(1, "a", 1_000).expect("the clock was set back")
        ));
        let newer = list(2, "a", 1_000).expect("something was written");
        assert_eq!(calendars.lock().lists.len(), 1);
        calendars.weigh(WEIGHT_MAX - LIST_WEIGHT);
        assert!(Arc::ptr_eq(&newer, &list(2, "a", 1_000).expect("kept")));
        calendars.weigh(0);
        assert_eq!(calendars.lock().lists.len(), 0, "full");
    }
}
