//! The laws of the call clock.

use std::time::{Duration, Instant};

use proptest::prelude::*;
use signaling_protocol::Role;

use super::{CallClock, Now, SegmentId};

const FAR: i64 = i64::MAX / 4;

/// One segment of the test: who, when from and till, and whether its beginning was recorded.
#[derive(Debug, Clone)]
struct Span {
    role: Role,
    from_ms: u64,
    seen_ms: Vec<u64>,
    recorded: bool,
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let span = (
        any::<bool>(),
        0u64..1_000,
        proptest::collection::vec(0u64..2_000, 0..5),
        proptest::bool::weighted(0.9),
    )
        .prop_map(|(consumer, from_ms, seen_ms, recorded)| Span {
            role: if consumer { Role::Consumer } else { Role::Provider },
            from_ms,
            seen_ms,
            recorded,
        });
    proptest::collection::vec(span, 0..8)
}

fn id(at: usize) -> SegmentId {
    SegmentId {
        seat: format!("s{at}"),
        seq: 1,
    }
}

/// Replays the spans into a clock, the events of all in the order given by `keys`; ends those of even number.
fn replay(spans: &[Span], keys: &[u64], ends_ms: i64, billed_before: i64) -> CallClock {
    let base = Instant::now();
    let at = |ms: u64| base + Duration::from_millis(ms);
    let mut clock = CallClock::new("c", Now { utc: 0, mono: base }, ends_ms * 1_000, billed_before);
    for (number, span) in spans.iter().enumerate() {
        clock.begin(id(number), span.role, at(span.from_ms));
    }
    let mut events: Vec<(usize, Option<u64>)> = Vec::new();
    for (number, span) in spans.iter().enumerate() {
        events.extend(span.seen_ms.iter().map(|&ms| (number, Some(ms))));
        events.extend(span.recorded.then_some((number, None)));
    }
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|&index| keys.get(index).copied().unwrap_or(0));
    for index in order {
        match events[index] {
            (number, Some(ms)) => clock.seen(&id(number), at(ms)),
            (number, None) => clock.recorded(&id(number)),
        }
    }
    for number in (0..spans.len()).step_by(2) {
        clock.end(&id(number));
    }
    clock
}

/// Presence of one side by brute force, one flag a millisecond.
fn present(spans: &[Span], role: Role, ends_ms: u64) -> Vec<bool> {
    let covers = |span: &Span, ms: u64| {
        let till = span.seen_ms.iter().copied().max().unwrap_or(0);
        span.role == role && span.recorded && span.from_ms <= ms && ms < till
    };
    (0..2_000.min(ends_ms))
        .map(|ms| spans.iter().any(|span| covers(span, ms)))
        .collect()
}

fn count_ms(flags: impl Iterator<Item = bool>) -> i64 {
    flags.map(i64::from).sum()
}

proptest! {
    #[test]
    fn billable_is_the_overlap_of_both_sides(spans in spans(), ends_ms in 1u64..3_000) {
        let clock = replay(&spans, &[], i64::try_from(ends_ms).expect("small"), 0);
        let consumers = present(&spans, Role::Consumer, ends_ms);
        let providers = present(&spans, Role::Provider, ends_ms);
        let both = count_ms(consumers.iter().zip(&providers).map(|(a, b)| *a && *b));
        prop_assert_eq!(clock.billable(), both * 1_000);
        prop_assert!(clock.billable() <= count_ms(consumers.into_iter()) * 1_000);
        prop_assert!(clock.billable() <= count_ms(providers.into_iter()) * 1_000);
    }

    #[test]
    fn the_order_of_events_does_not_matter(
        spans in spans(),
        keys in proptest::collection::vec(any::<u64>(), 40),
    ) {
        prop_assert_eq!(replay(&spans, &keys, FAR / 1_000, 0).billable(), replay(&spans, &[], FAR / 1_000, 0).billable());
    }

    #[test]
    fn what_was_billed_before_is_added(spans in spans(), before in 0i64..1_000_000) {
        let alone = replay(&spans, &[], FAR / 1_000, 0).billable();
        prop_assert_eq!(replay(&spans, &[], FAR / 1_000, before).billable(), before + alone);
    }
}

#[test]
fn an_ended_segment_hears_nothing_more() {
    let base = Instant::now();
    let mut clock = CallClock::new("c", Now { utc: 1_000, mono: base }, FAR, 0);
    assert_eq!(clock.begin(id(0), Role::Consumer, base), 1_000);
    clock.recorded(&id(0));
    clock.seen(&id(0), base + Duration::from_secs(2));
    assert_eq!(clock.end(&id(0)), Some(2_001_000));
    clock.seen(&id(0), base + Duration::from_secs(9));
    assert_eq!(clock.end(&id(0)), None);
    assert_eq!(clock.open().count(), 0);
}

#[test]
fn running_needs_both_sides_heard_lately() {
    let base = Instant::now();
    let at = |s| base + Duration::from_secs(s);
    let mut clock = CallClock::new("c", Now { utc: 0, mono: base }, FAR, 0);
    clock.begin(id(0), Role::Consumer, base);
    clock.begin(id(1), Role::Provider, base);
    clock.recorded(&id(0));
    assert!(!clock.running(at(1)));
    clock.recorded(&id(1));
    assert!(clock.running(at(1)));
    clock.seen(&id(0), at(20));
    assert!(!clock.running(at(20)));
    clock.seen(&id(1), at(19));
    assert!(clock.running(at(20)));
}
