//! Slots over zones and transitions, by example and by property.

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::base::{DAY_US, HOUR_US};

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).expect("a zone of the bundled database")
}

fn at(text: &str) -> Micros {
    text.parse::<Timestamp>().expect("a timestamp").as_microsecond()
}

fn every_day(name: &str, ranges: &[(u16, u16)]) -> Schedule {
    let ranges: Vec<DayRange> = ranges
        .iter()
        .map(|(start_min, end_min)| DayRange {
            start_min: *start_min,
            end_min: *end_min,
        })
        .collect();
    Schedule {
        zone: zone(name),
        weekly: std::array::from_fn(|_| ranges.clone()),
        overrides: BTreeMap::new(),
    }
}

fn rules(duration_min: i64) -> Rules {
    Rules {
        duration_min,
        buffer_before_min: 0,
        buffer_after_min: 0,
        step_min: duration_min,
        notice_min: 0,
        window_days: 3650,
    }
}

#[track_caller]
fn check(schedule: &Schedule, rules: &Rules, busy: &Busy, now: &str, from: &str, until: &str, expect: &[&str]) {
    let found = slots(schedule, rules, busy, at(now), at(from), at(until));
    let found: Vec<String> = found
        .iter()
        .map(|slot| {
            Timestamp::from_microsecond(slot.start_us)
                .expect("in range")
                .to_string()
        })
        .collect();
    assert_eq!(found, expect);
}

const NOV: &str = "2026-11-23T00:00:00Z";

#[test]
fn a_morning_in_oslo() {
    let schedule = every_day("Europe/Oslo", &[(540, 600)]);
    let day = ["2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"];
    let expect = ["2026-11-24T08:00:00Z", "2026-11-24T08:30:00Z"];
    check(&schedule, &rules(30), &Busy::default(), NOV, day[0], day[1], &expect);
}

#[test]
fn what_is_taken_and_its_buffers_are_not_offered() {
    let schedule = every_day("Europe/Oslo", &[(540, 660)]);
    let mut busy = Busy::default();
    busy.take_interval(at("2026-11-24T08:40:00Z"), at("2026-11-24T08:45:00Z"));
    let with_buffer = Rules {
        buffer_after_min: 15,
        step_min: 15,
        ..rules(30)
    };
    let day = ["2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"];
    let expect = [
        "2026-11-24T08:45:00Z",
        "2026-11-24T09:00:00Z",
        "2026-11-24T09:15:00Z",
        "2026-11-24T09:30:00Z",
    ];
    check(&schedule, &with_buffer, &busy, NOV, day[0], day[1], &expect);
}

#[test]
fn notice_and_window_bound_the_list() {
    let schedule = every_day("Europe/Oslo", &[(540, 600)]);
    let narrow = Rules {
        notice_min: 60,
        window_days: 2,
        ..rules(30)
    };
    let days = ["2026-11-23T00:00:00Z", "2026-12-24T00:00:00Z"];
    let expect = ["2026-11-23T08:30:00Z", "2026-11-24T08:00:00Z", "2026-11-24T08:30:00Z"];
    check(
        &schedule,
        &narrow,
        &Busy::default(),
        "2026-11-23T07:10:00Z",
        days[0],
        days[1],
        &expect,
    );
}

#[test]
fn a_day_of_its_own_replaces_the_weekly_hours() {
    let mut schedule = every_day("Europe/Oslo", &[(540, 600)]);
    schedule.overrides.insert(date(2026, 11, 24), Vec::new());
    schedule.overrides.insert(
        date(2026, 11, 25),
        vec![DayRange {
            start_min: 720,
            end_min: 750,
        }],
    );
    let days = ["2026-11-24T00:00:00Z", "2026-11-26T00:00:00Z"];
    check(
        &schedule,
        &rules(30),
        &Busy::default(),
        NOV,
        days[0],
        days[1],
        &["2026-11-25T11:00:00Z"],
    );
}

#[test]
fn a_gap_is_clipped() {
    // In Oslo 29 March 2026 has no 02:00 to 03:00.
    let day = ["2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"];
    let expect = ["2026-03-29T01:00:00Z"];
    let now = "2026-03-01T00:00:00Z";
    check(
        &every_day("Europe/Oslo", &[(150, 210)]),
        &rules(30),
        &Busy::default(),
        now,
        day[0],
        day[1],
        &expect,
    );
    check(
        &every_day("Europe/Oslo", &[(120, 180)]),
        &rules(30),
        &Busy::default(),
        now,
        day[0],
        day[1],
        &[],
    );
    let expect = ["2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"];
    check(
        &every_day("Europe/Oslo", &[(90, 210)]),
        &rules(30),
        &Busy::default(),
        now,
        day[0],
        day[1],
        &expect,
    );
}

#[test]
fn a_fold_is_one_piece() {
    // In Oslo 25 October 2026 has 02:00 to 03:00 twice.
    let day = ["2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"];
    let expect = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"];
    let now = "2026-10-01T00:00:00Z";
    check(
        &every_day("Europe/Oslo", &[(120, 180)]),
        &rules(60),
        &Busy::default(),
        now,
        day[0],
        day[1],
        &expect,
    );
}

#[test]
fn a_fold_repeats_no_minute_that_is_closed() {
    // In St. John's 1 November 2026 has 01:00 to 02:00 twice: at 03:30 and at 04:30 UTC.
    let day = ["2026-11-01T00:00:00Z", "2026-11-01T12:00:00Z"];
    let now = "2026-10-01T00:00:00Z";
    let offered = |hours: (u16, u16), expect: &[&str]| {
        let schedule = every_day("America/St_Johns", &[hours]);
        check(&schedule, &rules(30), &Busy::default(), now, day[0], day[1], expect);
    };
    offered((30, 60), &["2026-11-01T03:00:00Z"]);
    offered(
        (30, 90),
        &["2026-11-01T03:00:00Z", "2026-11-01T03:30:00Z", "2026-11-01T04:30:00Z"],
    );
    offered(
        (90, 150),
        &["2026-11-01T04:00:00Z", "2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z"],
    );
    offered((60, 75), &[]);
    offered((120, 150), &["2026-11-01T05:30:00Z"]);
}

#[test]
fn round_the_clock_runs_over_midnight() {
    let schedule = every_day("Europe/Oslo", &[(0, 1440)]);
    let rules = Rules {
        step_min: 60,
        ..rules(120)
    };
    let found = |now| slots(&schedule, &rules, &Busy::default(), now, at(NOV), at(NOV) + DAY_US).len();
    assert_eq!(found(at(NOV) - 1), 24);
    assert_eq!(found(at(NOV)), 23, "what begins this moment can no longer be booked");
}

fn schedules() -> impl Strategy<Value = Schedule> {
    let zones = prop::sample::select(vec![
        "Europe/Oslo",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Pacific/Apia",
        "Africa/Casablanca",
        "America/Santiago",
        "Asia/Tehran",
        "UTC",
    ]);
    let range = (0u16..288, 1u16..150).prop_map(|(start, length)| DayRange {
        start_min: start * 5,
        end_min: ((start + length) * 5).min(1440),
    });
    let day = prop::collection::vec(range, 0..3);
    (zones, prop::array::uniform7(day)).prop_map(|(name, weekly)| Schedule {
        zone: zone(name),
        weekly,
        overrides: BTreeMap::new(),
    })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    (1i64..25, 0i64..4, 0i64..4, 1i64..13, 0i64..200, 1i64..40).prop_map(
        |(duration, before, after, step, notice, window)| Rules {
            duration_min: duration * 5,
            buffer_before_min: before * 5,
            buffer_after_min: after * 5,
            step_min: step * 5,
            notice_min: notice * 5,
            window_days: window,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Every minute of a slot is open by its civil time, nothing taken is offered, and lengths are equal, whenever in
    /// three years (six transitions a zone) it is.
    #[test]
    fn slots_keep_the_rules(
        schedule in schedules(), rules in any_rules(), hour in 0i64..26_000, taken in prop::collection::vec(0i64..864, 0..40),
    ) {
        let now = at("2025-01-01T00:00:00Z") + hour * HOUR_US;
        let mut busy = Busy::default();
        for cell in &taken {
            busy.take(now.div_euclid(CELL_US) + cell, now.div_euclid(CELL_US) + cell + 1);
        }
        let found = slots(&schedule, &rules, &busy, now, now, now + 3 * DAY_US);
        for slot in &found {
            prop_assert_eq!(slot.end_us - slot.start_us, rules.duration_min * MINUTE_US);
            prop_assert_eq!(slot.start_us % CELL_US, 0);
            prop_assert!(slot.start_us >= now + rules.notice_min * MINUTE_US);
            let (first, end) = rules.cells(*slot);
            prop_assert!(!taken.iter().any(|cell| (first..end).contains(&(now.div_euclid(CELL_US) + cell))));
            for minute in 0..rules.duration_min {
                prop_assert!(is_open(&schedule, slot.start_us + minute * MINUTE_US), "{:?} minute {}", slot, minute);
            }
        }
        prop_assert!(found.is_sorted());
    }

    /// What is taken takes away the slots that touch it, and no others.
    #[test]
    fn f15_walking_along_what_is_taken_misses_nothing(
        schedule in schedules(), rules in any_rules(), hour in 0i64..26_000, taken in prop::collection::vec(0i64..864, 0..40),
    ) {
        let now = at("2025-01-01T00:00:00Z") + hour * HOUR_US;
        let taken: Vec<i64> = taken.iter().map(|cell| now.div_euclid(CELL_US) + cell).collect();
        let mut busy = Busy::default();
        for cell in &taken {
            busy.take(*cell, cell + 1);
        }
        let touches = |slot: &Slot| {
            let (first, end) = rules.cells(*slot);
            taken.iter().any(|cell| (first..end).contains(cell))
        };
        let mut expect = slots(&schedule, &rules, &Busy::default(), now, now, now + 3 * DAY_US);
        expect.retain(|slot| !touches(slot));
        prop_assert_eq!(slots(&schedule, &rules, &busy, now, now, now + 3 * DAY_US), expect);
    }

    /// Each day has the slots whose civil date it is.
    #[test]
    fn f15_days_part_the_list(schedule in schedules(), rules in any_rules(), hour in 0i64..26_000) {
        let now = at("2025-01-01T00:00:00Z") + hour * HOUR_US;
        let whole = slots(&schedule, &rules, &Busy::default(), now, now, now + 6 * DAY_US);
        let mut day = date_in(&schedule.zone, now);
        for _ in 0..8 {
            let expect: Vec<Slot> =
                whole.iter().copied().filter(|slot| date_in(&schedule.zone, slot.start_us) == day).collect();
            prop_assert_eq!(of_day(&whole, &schedule.zone, day), expect);
            day = day.saturating_add(Span::new().days(1));
        }
    }

    /// Asking for a part gives that part of the whole.
    #[test]
    fn a_part_of_the_list_is_the_list_of_the_part(
        schedule in schedules(), rules in any_rules(), hour in 0i64..26_000, from in 0i64..72, length in 0i64..72,
    ) {
        let now = at("2025-01-01T00:00:00Z") + hour * HOUR_US;
        let (start, end) = (now + from * HOUR_US, now + (from + length) * HOUR_US);
        let busy = Busy::default();
        let whole = slots(&schedule, &rules, &busy, now, now, now + 6 * DAY_US);
        let part = slots(&schedule, &rules, &busy, now, start, end);
        let expect: Vec<Slot> = whole.into_iter().filter(|slot| (start..end).contains(&slot.start_us)).collect();
        prop_assert_eq!(part, expect);
    }
}

/// The rules read the other way round: from the instant to its civil time, then the ranges of that day. A second
/// opinion that shares nothing with the code under test.
fn is_open(schedule: &Schedule, instant: Micros) -> bool {
    let civil = schedule
        .zone
        .to_datetime(Timestamp::from_microsecond(instant).expect("in range"));
    let minute = u16::try_from(i32::from(civil.hour()) * 60 + i32::from(civil.minute())).expect("a time of day");
    let weekday = usize::try_from(civil.date().weekday().to_monday_zero_offset()).expect("0 to 6");
    schedule.weekly[weekday]
        .iter()
        .any(|range| (range.start_min..range.end_min).contains(&minute))
}
