//! Loads what slots are computed from, and computes them for a service and its members.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{Busy, DayRange, Rules, Schedule, Slot, date_in, queries, slots};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{CELL_US, DAY_US, Micros};
use crate::params;

/// The free slots of one member for one service.
#[derive(Debug, Clone)]
pub struct MemberSlots {
    pub member_id: String,
    pub slots: Vec<Slot>,
}

/// The free slots of a service, by member, in the order in which members are asked.
#[derive(Debug, Clone)]
pub struct ServiceSlots {
    pub rules: Rules,
    pub zone: TimeZone,
    pub members: Vec<MemberSlots>,
}

impl ServiceSlots {
    /// What a visitor sees: each time once, whichever member takes it.
    #[must_use]
    pub fn merged(&self) -> Vec<Slot> {
        let each = self.members.iter().map(|member| member.slots.as_slice());
        each.fold(Vec::new(), |all, slots| union(&all, slots))
    }

    /// The members who can take a slot that begins at `start_us`.
    pub fn members_free_at(&self, start_us: Micros) -> impl Iterator<Item = &str> {
        self.members
            .iter()
            .filter(move |member| {
                member
                    .slots
                    .binary_search_by_key(&start_us, |slot| slot.start_us)
                    .is_ok()
            })
            .map(|member| member.member_id.as_str())
    }
}

/// The slots of two lists that are in order, each once and in order.
pub(super) fn union(one: &[Slot], other: &[Slot]) -> Vec<Slot> {
    let mut all = Vec::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (one.iter().copied().peekable(), other.iter().copied().peekable());
    while let Some(next) = one.peek().copied().into_iter().chain(other.peek().copied()).min() {
        one.next_if_eq(&next);
        other.next_if_eq(&next);
        all.push(next);
    }
    all
}

struct RulesRow {
    rules: Rules,
    zone: TimeZone,
}

impl FromRow for RulesRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let zone: String = row.get("time_zone")?;
        Ok(Self {
            rules: Rules {
                duration_min: row.get("duration_min")?,
                buffer_before_min: row.get("buffer_before_min")?,
                buffer_after_min: row.get("buffer_after_min")?,
                step_min: row.get("step_min")?,
                notice_min: row.get("notice_min")?,
                window_days: row.get("window_days")?,
            },
            zone: zone_named(&zone),
        })
    }
}

/// A zone by its IANA name. Names are checked before they are stored; should one be unknown all the same, times are
/// computed in UTC.
pub fn zone_named(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The free slots of a service that begin in `from..until`; `None` when there is no such service.
///
/// # Errors
/// When the database fails.
pub async fn of_service(
    tx: &mut Tx,
    service_id: &str,
    now: Micros,
    from: Micros,
    until: Micros,
) -> Result<Option<ServiceSlots>, DbError> {
    of_service_for(tx, "", service_id, now, from, until).await
}

/// As [`of_service`], for the browser with this hash: what it holds itself is in nobody's way, since choosing another
/// time gives it back.
///
/// # Errors
/// When the database fails.
pub async fn of_service_for(
    tx: &mut Tx,
    visitor: &str,
    service_id: &str,
    now: Micros,
    from: Micros,
    until: Micros,
) -> Result<Option<ServiceSlots>, DbError> {
    let Some(RulesRow { rules, zone }) = tx.optional(queries::SERVICE_RULES, params![service_id]).await? else {
        return Ok(None);
    };
    let ids: Vec<String> = tx.all(queries::SERVICE_MEMBERS, params![service_id]).await?;
    let mut members = Vec::with_capacity(ids.len());
    for member_id in ids {
        let seen = Seen {
            visitor,
            now,
            from,
            until,
        };
        let slots = of_member(tx, &member_id, &zone, &rules, seen).await?;
        members.push(MemberSlots { member_id, slots });
    }
    Ok(Some(ServiceSlots { rules, zone, members }))
}

/// Who looks for slots, when, and which: those that begin in `from..until`.
#[derive(Clone, Copy)]
struct Seen<'a> {
    visitor: &'a str,
    now: Micros,
    from: Micros,
    until: Micros,
}

/// The free slots of a member under some rules.
async fn of_member(
    tx: &mut Tx,
    member_id: &str,
    zone: &TimeZone,
    rules: &Rules,
    seen: Seen<'_>,
) -> Result<Vec<Slot>, DbError> {
    let Seen { now, from, until, .. } = seen;
    // A slot's cells reach beyond its start by its length and buffers, all below a day; a day more costs little.
    let (from, until) = (from.max(now), until.max(from.max(now)));
    let schedule = schedule(tx, member_id, zone, from - 2 * DAY_US, until + 2 * DAY_US).await?;
    let wide = Seen {
        from: from - DAY_US,
        until: until + 2 * DAY_US,
        ..seen
    };
    let busy = busy(tx, member_id, wide).await?;
    Ok(slots(&schedule, rules, &busy, now, from, until))
}

async fn schedule(
    tx: &mut Tx,
    member_id: &str,
    zone: &TimeZone,
    from: Micros,
    until: Micros,
) -> Result<Schedule, DbError> {
    let mut weekly: [Vec<DayRange>; 7] = Default::default();
    let rows: Vec<(i64, i64, i64)> = tx.all(queries::WEEKLY, params![member_id]).await?;
    for (weekday, start, end) in rows {
        let day = usize::try_from(weekday - 1)
            .ok()
            .and_then(|index| weekly.get_mut(index));
        if let (Some(day), Some(range)) = (day, day_range(start, end)) {
            day.push(range);
        }
    }
    let days = params![
        member_id,
        date_in(zone, from).to_string(),
        date_in(zone, until).to_string()
    ];
    let rows: Vec<(String, i64, i64)> = tx.all(queries::OVERRIDES, days).await?;
    let mut overrides: BTreeMap<Date, Vec<DayRange>> = BTreeMap::new();
    for (day, start, end) in rows {
        if let Ok(day) = day.parse::<Date>() {
            overrides.entry(day).or_default().extend(day_range(start, end));
        }
    }
    Ok(Schedule {
        zone: zone.clone(),
        weekly,
        overrides,
    })
}

/// A stored range; an empty one stands for a day that is closed.
fn day_range(start: i64, end: i64) -> Option<DayRange> {
    let range = DayRange {
        start_min: u16::try_from(start).ok()?,
        end_min: u16::try_from(end).ok()?,
    };
    (range.start_min < range.end_min && range.end_min <= 1440).then_some(range)
}

async fn busy(tx: &mut Tx, member_id: &str, seen: Seen<'_>) -> Result<Busy, DbError> {
    let Seen {
        visitor,
        now,
        from,
        until,
    } = seen;
    let mut busy = Busy::default();
    let cells = params![
        member_id,
        from.div_euclid(CELL_US),
        until.div_euclid(CELL_US) + 1,
        now,
        visitor
    ];
    let cells: Vec<i64> = tx.all(queries::BUSY_CELLS, cells).await?;
    for cell in cells {
        busy.take(cell, cell + 1);
    }
    let blocks: Vec<(i64, i64)> = tx.all(queries::BUSY_BLOCKS, params![member_id, until, from]).await?;
    for (start, end) in blocks {
        busy.take_interval(start.max(from), end.min(until));
    }
    Ok(busy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn slots() -> impl Strategy<Value = Vec<Slot>> {
        prop::collection::btree_set(0_i64..40, 0..20).prop_map(|starts| {
            let slot = |start_us| Slot {
                start_us,
                end_us: start_us + 6,
            };
            starts.into_iter().map(slot).collect()
        })
    }

    proptest! {
        #[test]
        fn f15_each_time_is_shown_once_whoever_takes_it(lists in prop::collection::vec(slots(), 0..5)) {
            let members = lists.iter().map(|slots| MemberSlots { member_id: String::new(), slots: slots.clone() });
            let rules = Rules {
                duration_min: 5,
                buffer_before_min: 0,
                buffer_after_min: 0,
                step_min: 5,
                notice_min: 0,
                window_days: 1,
            };
            let all = ServiceSlots { rules, zone: TimeZone::UTC, members: members.collect() };
            let expect: std::collections::BTreeSet<Slot> = lists.concat().into_iter().collect();
            prop_assert_eq!(all.merged(), expect.into_iter().collect::<Vec<_>>());
        }
    }
}
