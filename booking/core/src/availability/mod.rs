//! Free slots: a pure function of opening hours in civil time, a service's rules, what is taken, and the moment.

mod calendars;
pub mod load;
mod open;
pub mod queries;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::base::{CELL_US, MINUTE_US, Micros};

pub use calendars::{Calendars, FreeTimes, OwnHolds, Reach};
pub use load::{MemberSlots, ServiceSlots, of_service, of_service_for};

/// A civil range of a day, minutes from midnight; the end may be 1440.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayRange {
    pub start_min: u16,
    pub end_min: u16,
}

/// When a member takes calls.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub zone: TimeZone,
    /// Ranges of each weekday, Monday first.
    pub weekly: [Vec<DayRange>; 7],
    /// Days with hours of their own; without any they are closed.
    pub overrides: BTreeMap<Date, Vec<DayRange>>,
}

/// How a service may be booked. Minutes are multiples of five.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    pub duration_min: i64,
    pub buffer_before_min: i64,
    pub buffer_after_min: i64,
    /// Distance between possible starts.
    pub step_min: i64,
    /// Shortest time between booking and start.
    pub notice_min: i64,
    /// How many civil days ahead may be booked, today included.
    pub window_days: i64,
}

/// The five-minute cells of a member that are taken.
#[derive(Debug, Clone, Default)]
pub struct Busy(BTreeSet<i64>);

impl Busy {
    /// Takes the cells from `first` up to, not including, `end`.
    pub fn take(&mut self, first: i64, end: i64) {
        self.0.extend(first..end);
    }

    /// Takes every cell that an interval touches.
    pub fn take_interval(&mut self, start: Micros, end: Micros) {
        self.take(start.div_euclid(CELL_US), (end + CELL_US - 1).div_euclid(CELL_US));
    }

    /// The taken cells from `first` on, in order.
    fn cells_from(&self, first: i64) -> impl Iterator<Item = i64> + '_ {
        self.0.range(first..).copied()
    }
}

/// A time that can be booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    pub start_us: Micros,
    pub end_us: Micros,
}

impl Rules {
    /// The slot that begins at `start_us`.
    #[must_use]
    pub fn slot(&self, start_us: Micros) -> Slot {
        Slot {
            start_us,
            end_us: start_us + self.duration_min * MINUTE_US,
        }
    }

    /// The cells a slot takes, buffers included: the first, and the one after the last.
    #[must_use]
    pub fn cells(&self, slot: Slot) -> (i64, i64) {
        let first = (slot.start_us - self.buffer_before_min * MINUTE_US).div_euclid(CELL_US);
        let end = (slot.end_us + self.buffer_after_min * MINUTE_US + CELL_US - 1).div_euclid(CELL_US);
        (first, end)
    }
}

/// The free slots that begin in `from..until`, in order.
#[must_use]
pub fn slots(schedule: &Schedule, rules: &Rules, busy: &Busy, now: Micros, from: Micros, until: Micros) -> Vec<Slot> {
    // A time that begins this very moment can no longer be held.
    let from = from.max(now + rules.notice_min * MINUTE_US).max(now + 1);
    let until = until.min(window_end(&schedule.zone, now, rules.window_days));
    if from >= until || rules.duration_min <= 0 || rules.step_min <= 0 {
        return Vec::new();
    }
    let open = open::intervals(schedule, from, until + rules.duration_min * MINUTE_US);
    let mut starts = Vec::new();
    for range in &open.ranges {
        let step = rules.step_min * MINUTE_US;
        let skipped = (from - range.start_us).max(0) + step - 1;
        let mut start = range.start_us + skipped.div_euclid(step) * step;
        while start < range.end_us && start < until {
            starts.push(start);
            start += step;
        }
    }
    // Ranges may overlap.
    starts.sort_unstable();
    starts.dedup();
    free_slots(rules, &starts, &open, busy)
}

/// The slots that are open and not taken. Starts come in order, so opening hours and taken cells are walked along with
/// them once: half a year of five-minute steps costs a fraction of a millisecond.
fn free_slots(rules: &Rules, starts: &[Micros], open: &open::Open, busy: &Busy) -> Vec<Slot> {
    let mut hours = open.walk();
    let first_cell = starts.first().map_or(0, |start| rules.cells(rules.slot(*start)).0);
    let mut taken = busy.cells_from(first_cell).peekable();
    let mut free = Vec::with_capacity(starts.len());
    for start in starts {
        let slot = rules.slot(*start);
        let (first, end) = rules.cells(slot);
        while taken.next_if(|cell| *cell < first).is_some() {}
        if hours.covers(slot) && taken.peek().is_none_or(|cell| *cell >= end) {
            free.push(slot);
        }
    }
    free
}

/// The slots of an ordered list that begin on a civil day.
#[must_use]
pub fn of_day<'a>(slots: &'a [Slot], zone: &TimeZone, day: Date) -> &'a [Slot] {
    let next = day.checked_add(Span::new().days(1)).unwrap_or(Date::MAX);
    let before = |moment: Micros| slots.partition_point(|slot| slot.start_us < moment);
    let (first, end) = (before(midnight(zone, day)), before(midnight(zone, next)));
    &slots[first..end.max(first)]
}

/// The end of the last civil day that may be booked.
fn window_end(zone: &TimeZone, now: Micros, window_days: i64) -> Micros {
    let today = date_in(zone, now);
    let after = today
        .checked_add(Span::new().days(window_days.clamp(0, 3650)))
        .unwrap_or(Date::MAX);
    midnight(zone, after)
}

/// The civil date in `zone` at a moment.
#[must_use]
pub fn date_in(zone: &TimeZone, at: Micros) -> Date {
    let timestamp = Timestamp::from_microsecond(at).unwrap_or(Timestamp::MAX);
    zone.to_datetime(timestamp).date()
}

/// The first moment of a civil day.
#[must_use]
pub fn midnight(zone: &TimeZone, date: Date) -> Micros {
    open::day_start(zone, date)
}
