//! What a call costs: a pure function of the recorded presence and the price agreed at booking.

use signaling_protocol::{PriceModel, PriceTerms};

use crate::base::money::div_round_half_up;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Presence of somebody, Unix microseconds, `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: i64,
    pub to: i64,
}

/// The time, in microseconds, in which at least one consumer and at least one provider were both there.
#[must_use]
pub fn billable(consumer: &[Span], provider: &[Span]) -> i64 {
    together(consumer, provider)
        .iter()
        .fold(0_i64, |sum, span| sum.saturating_add(span.to.saturating_sub(span.from)))
}

/// When at least one of either side were there: disjoint spans, ascending.
#[must_use]
pub fn together(consumer: &[Span], provider: &[Span]) -> Vec<Span> {
    let (consumer, provider) = (union(consumer), union(provider));
    let (mut at_consumer, mut at_provider, mut spans) = (0, 0, Vec::new());
    while let (Some(c), Some(p)) = (consumer.get(at_consumer), provider.get(at_provider)) {
        let both = Span {
            from: c.from.max(p.from),
            to: c.to.min(p.to),
        };
        if both.from < both.to {
            spans.push(both);
        }
        if c.to <= p.to {
            at_consumer += 1;
        } else {
            at_provider += 1;
        }
    }
    spans
}

/// Overlapping and touching spans made one, ascending; empty and backward ones dropped.
fn union(spans: &[Span]) -> Vec<Span> {
    let mut sorted: Vec<Span> = spans.iter().copied().filter(|span| span.from < span.to).collect();
    sorted.sort_by_key(|span| (span.from, span.to));
    let mut merged: Vec<Span> = Vec::with_capacity(sorted.len());
    for span in sorted {
        match merged.last_mut() {
            Some(last) if span.from <= last.to => last.to = last.to.max(span.to),
            Some(_) | None => merged.push(span),
        }
    }
    merged
}

/// What `billable` microseconds cost, minor units, value added tax included.
#[must_use]
pub fn amount(price: &PriceTerms, billable: i64) -> i64 {
    if billable <= 0 {
        return 0;
    }
    match price.model {
        PriceModel::Free => 0,
        PriceModel::Fixed { amount_minor } => amount_minor.max(0),
        PriceModel::PerMinute {
            rate_minor,
            increment_s,
            free_s,
            cap_minor,
        } => per_minute(billable, rate_minor, increment_s, free_s).min(cap_minor.max(0)),
    }
}

fn per_minute(billable: i64, rate_minor: i64, increment_s: u32, free_s: u32) -> i64 {
    let paid = billable.saturating_sub(i64::from(free_s) * MICROS_PER_SECOND).max(0);
    let increment_s = i64::from(increment_s.max(1));
    let increment = increment_s * MICROS_PER_SECOND;
    let started = paid / increment + i64::from(paid % increment != 0);
    let seconds = i128::from(started) * i128::from(increment_s);
    let minor = div_round_half_up(seconds * i128::from(rate_minor.max(0)), 60);
    i64::try_from(minor).unwrap_or(i64::MAX)
}

/// The most that can ever be due: what is reserved at booking.
#[must_use]
pub fn max_payable(price: &PriceTerms) -> i64 {
    match price.model {
        PriceModel::Free => 0,
        PriceModel::Fixed { amount_minor } => amount_minor.max(0),
        PriceModel::PerMinute { cap_minor, .. } => cap_minor.max(0),
    }
}

/// Whether a service can be sold: a priced one needs somebody who takes the money.
#[must_use]
pub fn can_be_sold(price: &PriceTerms, takes_payments: bool) -> bool {
    takes_payments || max_payable(price) == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const S: i64 = MICROS_PER_SECOND;

    fn terms(model: PriceModel) -> PriceTerms {
        PriceTerms {
            currency: "NOK".into(),
            model,
        }
    }

    fn metered(rate_minor: i64, increment_s: u32, free_s: u32, cap_minor: i64) -> PriceTerms {
        terms(PriceModel::PerMinute {
            rate_minor,
            increment_s,
            free_s,
            cap_minor,
        })
    }

    fn spans(pairs: &[(i64, i64)]) -> Vec<Span> {
        pairs.iter().map(|&(from, to)| Span { from, to }).collect()
    }

    #[test]
    fn only_time_together_counts() {
        let check = |consumer: &[(i64, i64)], provider: &[(i64, i64)], expect: i64| {
            let (consumer, provider) = (spans(consumer), spans(provider));
            assert_eq!(billable(&consumer, &provider), expect);
            assert_eq!(billable(&provider, &consumer), expect, "sides swapped");
        };
        check(&[], &[], 0);
        check(&[(0, 10)], &[], 0);
        check(&[(0, 10)], &[(10, 20)], 0);
        check(&[(0, 10)], &[(4, 20)], 6);
        check(&[(0, 10), (12, 20)], &[(5, 15)], 8);
        // A reconnect that overlaps the old connection counts once.
        check(&[(0, 10), (8, 20)], &[(0, 100)], 20);
        // Two people of the provider count once.
        check(&[(0, 10)], &[(0, 6), (3, 9)], 9);
        check(&[(10, 0)], &[(0, 10)], 0);
        check(&[(0, 100)], &[(10, 20), (30, 40), (50, 60)], 30);
    }

    #[test]
    fn amounts_follow_the_agreed_price() {
        let check = |price: &PriceTerms, billable: i64, expect: i64| {
            assert_eq!(amount(price, billable), expect, "{price:?} for {billable} us");
        };
        let vet = metered(1_500, 60, 0, 45_000);
        check(&vet, 0, 0);
        check(&vet, 1, 1_500);
        check(&vet, 25 * S, 1_500);
        check(&vet, 60 * S, 1_500);
        check(&vet, 60 * S + 1, 3_000);
        check(&vet, (21 * 60 + 40) * S, 33_000);
        check(&vet, 30 * 60 * S, 45_000);
        check(&vet, 31 * 60 * S, 45_000);
        let by_second = metered(1_500, 1, 0, 45_000);
        check(&by_second, (21 * 60 + 40) * S, 32_500);
        check(&by_second, S, 25);
        let odd = metered(1_990, 1, 0, 100_000);
        check(&odd, S, 33);
        check(&odd, 3 * S, 100);
        let free_first = metered(1_200, 30, 120, 60_000);
        check(&free_first, 120 * S, 0);
        check(&free_first, 120 * S + 1, 600);
        check(&free_first, 155 * S, 1_200);
        check(&terms(PriceModel::Free), 3_600 * S, 0);
        check(&terms(PriceModel::Fixed { amount_minor: 39_000 }), 0, 0);
        check(&terms(PriceModel::Fixed { amount_minor: 39_000 }), 1, 39_000);
        check(&metered(1_500, 0, 0, 45_000), S, 25);
        check(&metered(i64::MAX, u32::MAX, 0, i64::MAX), i64::MAX, i64::MAX);
        check(&metered(-5, 60, 0, 45_000), S, 0);
    }

    #[test]
    fn the_most_payable_is_known_at_booking() {
        assert_eq!(max_payable(&metered(1_500, 60, 0, 45_000)), 45_000);
        assert_eq!(max_payable(&terms(PriceModel::Fixed { amount_minor: 39_000 })), 39_000);
        assert_eq!(max_payable(&terms(PriceModel::Free)), 0);
    }

    fn any_spans() -> impl Strategy<Value = Vec<Span>> {
        proptest::collection::vec((0i64..1_000, 0i64..200), 0..8).prop_map(|raw| {
            raw.into_iter()
                .map(|(from, len)| Span { from, to: from + len })
                .collect()
        })
    }

    fn any_price() -> impl Strategy<Value = PriceTerms> {
        prop_oneof![
            Just(terms(PriceModel::Free)),
            (0i64..1_000_000).prop_map(|amount_minor| terms(PriceModel::Fixed { amount_minor })),
            (0i64..100_000, 1u32..120, 0u32..600, 0i64..1_000_000)
                .prop_map(|(rate, increment, free, cap)| metered(rate, increment, free, cap)),
        ]
    }

    proptest! {
        #[test]
        fn overlap_equals_counting_the_ticks(consumer in any_spans(), provider in any_spans()) {
            let inside = |spans: &[Span], t: i64| spans.iter().any(|s| s.from <= t && t < s.to);
            let ticks = (0..1_300).filter(|&t| inside(&consumer, t) && inside(&provider, t)).count();
            prop_assert_eq!(usize::try_from(billable(&consumer, &provider)), Ok(ticks));
        }

        #[test]
        fn more_time_never_costs_less(price in any_price(), a in 0i64..7_200 * S, more in 0i64..7_200 * S) {
            prop_assert!(amount(&price, a) <= amount(&price, a + more));
        }

        #[test]
        fn nothing_is_ever_above_the_cap_or_below_zero(price in any_price(), t in any::<i64>()) {
            let due = amount(&price, t);
            prop_assert!(0 <= due && due <= max_payable(&price));
            prop_assert_eq!(amount(&price, 0), 0);
        }
    }
}
