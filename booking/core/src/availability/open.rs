//! Opening hours as instants: each civil day on its own, with the zone's gaps clipped and its folds kept in one piece.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Span, Timestamp};

use super::{DayRange, Schedule, Slot, date_in};
use crate::base::{CELL_US, Micros};

/// Which end of a range a civil time is: it decides which of two equal civil times in a fold is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Start,
    End,
}

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
        ranges.extend(of_day.iter().filter_map(|range| instants(&schedule.zone, day, *range)));
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

/// One range of one day; `None` when a gap swallows it.
fn instants(zone: &TimeZone, day: Date, range: DayRange) -> Option<Slot> {
    let start = instant(zone, day, range.start_min, Side::Start);
    let end = instant(zone, day, range.end_min, Side::End);
    // Cells are the grain of reservations; a zone whose transition is off the grain loses the odd minutes.
    let start = (start + CELL_US - 1).div_euclid(CELL_US) * CELL_US;
    (start < end).then_some(Slot {
        start_us: start,
        end_us: end,
    })
}

/// The instant of a civil time of a day. In a gap it is the moment of the transition; in a fold a start is the earlier
/// and an end the later of the two.
pub(super) fn instant(zone: &TimeZone, day: Date, minute: u16, side: Side) -> Micros {
    let (day, minute) = if minute >= 1440 {
        (day.checked_add(Span::new().days(1)).unwrap_or(Date::MAX), 0)
    } else {
        (day, minute)
    };
    let hour = i8::try_from(minute / 60).expect("below 24");
    let time = Time::new(hour, i8::try_from(minute % 60).expect("below 60"), 0, 0).expect("a time of day");
    let civil = day.to_datetime(time);
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    let timestamp = match (ambiguous.offset(), side) {
        (AmbiguousOffset::Gap { before, .. }, _) => {
            let after_gap = before.to_timestamp(civil).unwrap_or(Timestamp::MAX);
            // The first time of the gap is the transition itself, which only counts as past a moment later.
            let later = after_gap + SignedDuration::from_secs(1);
            zone.preceding(later)
                .next()
                .map_or(after_gap, |transition| transition.timestamp())
        }
        (AmbiguousOffset::Fold { before, .. }, Side::Start) => before.to_timestamp(civil).unwrap_or(Timestamp::MAX),
        (AmbiguousOffset::Fold { after, .. }, Side::End) => after.to_timestamp(civil).unwrap_or(Timestamp::MAX),
        (AmbiguousOffset::Unambiguous { offset }, _) => offset.to_timestamp(civil).unwrap_or(Timestamp::MAX),
    };
    timestamp.as_microsecond()
}
