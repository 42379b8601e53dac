//! Opening hours as instants: each civil day on its own, with the zone's gaps clipped and what folds repeat open twice.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

use super::{DayRange, Schedule, Slot, date_in};
use crate::base::{CELL_US, Micros};

/// Opening hours within some days.
pub(super) struct Open {
    /// As the rules say, each with its own start, in order of days.
    pub(super) ranges: Vec<Slot>,
    /// The same time with touching and overlapping ranges joined, in order.
    merged: Vec<Slot>,
}

impl Open {
    /// Opening hours as one walks through them in time.
    pub(super) fn walk(&self) -> Walk<'_> {
        Walk { rest: &self.merged }
    }
}

/// The opening hours that have not been passed yet.
pub(super) struct Walk<'a> {
    rest: &'a [Slot],
}

impl Walk<'_> {
    /// Whether a slot lies wholly within opening hours; it may run over the border between two ranges. Slots must come in
    /// order of their starts.
    pub(super) fn covers(&mut self, slot: Slot) -> bool {
        while let [_, next, ..] = self.rest
            && next.start_us <= slot.start_us
        {
            self.rest = &self.rest[1..];
        }
        self.rest
            .first()
            .is_some_and(|open| open.start_us <= slot.start_us && slot.end_us <= open.end_us)
    }
}

/// The opening hours that touch `from..until`.
pub(super) fn intervals(schedule: &Schedule, from: Micros, until: Micros) -> Open {
    let one_day = Span::new().days(1);
    let mut day = date_in(&schedule.zone, from).checked_sub(one_day).unwrap_or(Date::MIN);
    let last = date_in(&schedule.zone, until).checked_add(one_day).unwrap_or(Date::MAX);
    let mut ranges = Vec::new();
    while day <= last {
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).expect("0 to 6");
        let of_day = schedule.overrides.get(&day).unwrap_or(&schedule.weekly[weekday]);
        ranges.extend(of_day.iter().flat_map(|range| instants(&schedule.zone, day, *range)));
        let Ok(next) = day.checked_add(one_day) else { break };
        day = next;
    }
    ranges.sort_unstable();
    let mut merged: Vec<Slot> = Vec::new();
    for range in &ranges {
        match merged.last_mut() {
            Some(last) if range.start_us <= last.end_us => last.end_us = last.end_us.max(range.end_us),
            Some(_) | None => merged.push(*range),
        }
    }
    Open { ranges, merged }
}

/// One range of one day. A gap may swallow it; a fold that it begins or ends in parts it in two, since every minute of
/// it comes twice and the others of that hour lie between.
fn instants(zone: &TimeZone, day: Date, range: DayRange) -> impl Iterator<Item = Slot> {
    let (start, end) = (civil(day, range.start_min), civil(day, range.end_min));
    let pieces = match fold_around(zone, start).or_else(|| fold_around(zone, end)) {
        Some(fold) => fold.pieces(start, end),
        None => [Some((instant(zone, start), instant(zone, end))), None],
    };
    // Cells are the grain of reservations; a zone whose transition is off the grain loses the odd minutes.
    let whole_cells = |(start, end): (Micros, Micros)| Slot {
        start_us: (start + CELL_US - 1).div_euclid(CELL_US) * CELL_US,
        end_us: end,
    };
    pieces
        .into_iter()
        .flatten()
        .map(whole_cells)
        .filter(|slot| slot.start_us < slot.end_us)
}

/// An hour that comes twice: the clock is set back at `at`.
struct Fold {
    before: Offset,
    after: Offset,
    at: Micros,
}

impl Fold {
    /// A civil range with an end in this fold, as it passes before and after the clock is set back; in one piece where
    /// the two touch.
    fn pieces(&self, start: DateTime, end: DateTime) -> [Option<(Micros, Micros)>; 2] {
        let by =
            |offset: Offset, civil: DateTime| offset.to_timestamp(civil).unwrap_or(Timestamp::MAX).as_microsecond();
        let first = (by(self.before, start), by(self.before, end).min(self.at));
        let second = (by(self.after, start).max(self.at), by(self.after, end));
        let some = |(start, end)| (start < end).then_some((start, end));
        match (some(first), some(second)) {
            (Some((start, middle)), Some((again, end))) if middle == again => [Some((start, end)), None],
            both => both.into(),
        }
    }
}

/// The fold that a civil time lies in.
fn fold_around(zone: &TimeZone, civil: DateTime) -> Option<Fold> {
    let AmbiguousOffset::Fold { before, after } = zone.to_ambiguous_timestamp(civil).offset() else {
        return None;
    };
    let transition = zone.following(before.to_timestamp(civil).ok()?).next()?;
    Some(Fold {
        before,
        after,
        at: transition.timestamp().as_microsecond(),
    })
}

/// A minute of a day; 1440 is the next day's first.
fn civil(day: Date, minute: u16) -> DateTime {
    let (day, minute) = if minute >= 1440 {
        (day.checked_add(Span::new().days(1)).unwrap_or(Date::MAX), 0)
    } else {
        (day, minute)
    };
    let hour = i8::try_from(minute / 60).expect("below 24");
    let time = Time::new(hour, i8::try_from(minute % 60).expect("below 60"), 0, 0).expect("a time of day");
    day.to_datetime(time)
}

/// The first instant of a day.
pub(super) fn day_start(zone: &TimeZone, day: Date) -> Micros {
    instant(zone, civil(day, 0))
}

/// The instant of a civil time: of two the earlier, in a gap the moment of the transition.
fn instant(zone: &TimeZone, civil: DateTime) -> Micros {
    let timestamp = match zone.to_ambiguous_timestamp(civil).offset() {
        AmbiguousOffset::Gap { before, .. } => {
            let after_gap = before.to_timestamp(civil).unwrap_or(Timestamp::MAX);
            // The first time of the gap is the transition itself, which only counts as past a moment later.
            let later = after_gap + SignedDuration::from_secs(1);
            zone.preceding(later)
                .next()
                .map_or(after_gap, |transition| transition.timestamp())
        }
        AmbiguousOffset::Fold { before: offset, .. } | AmbiguousOffset::Unambiguous { offset } => {
            offset.to_timestamp(civil).unwrap_or(Timestamp::MAX)
        }
    };
    timestamp.as_microsecond()
}
