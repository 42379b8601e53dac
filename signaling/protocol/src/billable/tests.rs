//! The calculation against counting moment by moment, and prices by example and by law.

use proptest::prelude::*;

use super::*;

const S: i64 = MICROS_PER_SECOND;

fn terms(model: PriceModel) -> PriceTerms {
    PriceTerms {
        currency: "NOK".into(),
        discount: None,
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

fn set(pairs: &[(i64, i64)]) -> Spans {
    pairs.iter().map(|&(from, to)| Span { from, to }).collect()
}

#[test]
fn only_time_together_counts() {
    let check = |consumer: &[(i64, i64)], provider: &[(i64, i64)], expect: i64| {
        let (consumer, provider) = (set(consumer), set(provider));
        assert_eq!(consumer.overlap(&provider).total(), expect);
        assert_eq!(provider.overlap(&consumer).total(), expect, "sides swapped");
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
        assert_eq!(price.cost_minor(billable), expect, "{price:?} for {billable} us");
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
    assert_eq!(metered(1_500, 60, 0, 45_000).most_minor(), 45_000);
    assert_eq!(terms(PriceModel::Fixed { amount_minor: 39_000 }).most_minor(), 39_000);
    assert_eq!(terms(PriceModel::Fixed { amount_minor: -1 }).most_minor(), 0);
    assert_eq!(terms(PriceModel::Free).most_minor(), 0);
}

/// Trial B4: five rows that were floored one by one read 51 s, and 53 s were billed.
#[test]
fn rows_add_up_to_what_is_billed() {
    let lengths_ms = [9_480, 3_390, 9_450, 19_310, 11_290];
    let mut at = 0;
    let spans: Spans = lengths_ms
        .map(|ms| {
            let from = at;
            at += ms * 1_000 + S;
            Span {
                from,
                to: from + ms * 1_000,
            }
        })
        .into_iter()
        .collect();
    let tenths = spans.rounded_lengths(S / 10);
    assert_eq!(tenths, [95, 34, 95, 193, 113]);
    assert_eq!(tenths.iter().sum::<i64>(), 530);
    assert_eq!(metered(1_500, 1, 0, 45_000).counted_s(spans.total()), 53);
}

fn pairs() -> impl Strategy<Value = Vec<(i64, i64)>> {
    proptest::collection::vec((0i64..100, 0i64..100), 0..12)
}

/// The same by brute force: one flag a moment.
fn flags(pairs: &[(i64, i64)]) -> Vec<bool> {
    (0..100)
        .map(|at| pairs.iter().any(|&(from, to)| from <= at && at < to))
        .collect()
}

fn count(flags: impl Iterator<Item = bool>) -> i64 {
    flags.map(i64::from).sum()
}

fn any_price() -> impl Strategy<Value = PriceTerms> {
    prop_oneof![
        Just(terms(PriceModel::Free)),
        (0i64..1_000_000).prop_map(|amount_minor| terms(PriceModel::Fixed { amount_minor })),
        (0i64..100_000, 1u32..120, 0u32..600, 0i64..1_000_000)
            .prop_map(|(rate, increment, free, cap)| metered(rate, increment, free, cap)),
    ]
}

fn any_discount() -> impl Strategy<Value = Discount> {
    (0u32..12_000, -1_000i64..1_000_000).prop_map(|(percent_bp, fixed_minor)| Discount {
        percent_bp,
        fixed_minor,
    })
}

#[test]
fn a_discount_is_taken_off_the_charge_and_the_cap_alike() {
    let tenth = Some(Discount {
        percent_bp: 1_000,
        fixed_minor: 500,
    });
    let vet = PriceTerms {
        discount: tenth,
        ..metered(1_500, 60, 0, 45_000)
    };
    // Ten minutes cost 150 kr, less 15 kr and 5 kr; at most 450 kr, less 45 kr and 5 kr.
    assert_eq!((vet.full_minor(600 * S), vet.cost_minor(600 * S)), (15_000, 13_000));
    assert_eq!((vet.full_most_minor(), vet.most_minor()), (45_000, 40_000));
    assert_eq!(vet.cost_minor(3_600 * S), 40_000);
    assert_eq!(vet.cost_minor(0), 0);
    let whole = Discount {
        percent_bp: 10_000,
        fixed_minor: 1,
    };
    assert_eq!(
        (whole.of_minor(39_000), whole.of_minor(0), whole.of_minor(-5)),
        (39_000, 0, 0)
    );
    assert_eq!(
        Discount {
            percent_bp: 0,
            fixed_minor: 500
        }
        .of_minor(300),
        300
    );
    assert_eq!(
        Discount {
            percent_bp: 1_250,
            fixed_minor: 0
        }
        .of_minor(1_500),
        188,
        "rounded half up"
    );
}

#[test]
fn what_a_discount_leaves_too_little_of_is_not_charged() {
    let almost = |fixed_minor| PriceTerms {
        discount: Some(Discount {
            percent_bp: 0,
            fixed_minor,
        }),
        ..terms(PriceModel::Fixed { amount_minor: 39_000 })
    };
    assert_eq!((almost(38_700).cost_minor(S), almost(38_700).most_minor()), (300, 300));
    assert_eq!((almost(38_701).cost_minor(S), almost(38_701).most_minor()), (0, 0));
}

#[test]
fn terms_without_a_discount_are_stored_as_before() {
    let old = r#"{"currency":"NOK","model":"fixed","amount_minor":39000}"#;
    let read: PriceTerms = serde_json::from_str(old).expect("it reads");
    assert_eq!(read, terms(PriceModel::Fixed { amount_minor: 39_000 }));
    assert_eq!(serde_json::to_string(&read).expect("it writes"), old);
}

proptest! {
    /// What was shown as the most stays the most, and nothing is ever below zero.
    #[test]
    fn a_discounted_charge_is_between_nothing_and_what_was_shown(
        price in any_price(), discount in any_discount(), t in any::<i64>(), more in 0i64..7_200 * S
    ) {
        let price = PriceTerms { discount: Some(discount), ..price };
        let due = price.cost_minor(t);
        prop_assert!(0 <= due && due <= price.most_minor() && due <= price.full_minor(t));
        prop_assert!(due <= price.cost_minor(t.saturating_add(more)));
        prop_assert!(price.most_minor() <= price.full_most_minor());
    }

    #[test]
    fn union_and_overlap_are_those_of_the_moments(a in pairs(), b in pairs()) {
        prop_assert_eq!(set(&a).total(), count(flags(&a).into_iter()));
        let both = count(flags(&a).into_iter().zip(flags(&b)).map(|(x, y)| x && y));
        prop_assert_eq!(set(&a).overlap(&set(&b)).total(), both);
        prop_assert_eq!(set(&a).overlap(&set(&b)), set(&b).overlap(&set(&a)));
    }

    #[test]
    fn order_does_not_matter(mut a in pairs()) {
        let forward = set(&a);
        a.reverse();
        prop_assert_eq!(set(&a), forward);
    }

    /// What is on record from before a restart and what came after it add up.
    #[test]
    fn overlap_is_additive_over_disjoint_parts(a in pairs(), b in pairs(), cut in 0i64..100) {
        let clip = |low: i64, high: i64| -> Vec<(i64, i64)> {
            a.iter().map(|&(from, to)| (from.max(low), to.min(high))).collect()
        };
        let shared = |part: &[(i64, i64)]| set(part).overlap(&set(&b)).total();
        prop_assert_eq!(shared(&a), shared(&clip(0, cut)) + shared(&clip(cut, 100)));
    }

    /// Trial B4: rows are never further than one unit from their length, and their sum is the rounded whole.
    #[test]
    fn rounded_rows_sum_to_the_rounded_whole(a in pairs(), unit in 1i64..30) {
        let spans = set(&a);
        let rows = spans.rounded_lengths(unit);
        prop_assert_eq!(rows.iter().sum::<i64>(), (spans.total() + unit - 1) / unit);
        for (row, span) in rows.iter().zip(spans.as_slice()) {
            prop_assert!((row * unit - (span.to - span.from)).abs() < unit);
        }
    }

    /// A person can follow the sum: what is shown in tenths, rounded up to the increment, is what is paid.
    #[test]
    fn the_amount_follows_from_what_is_shown(price in any_price(), billable in 0i64..7_200 * S) {
        let shown = started(billable, S / 10) * (S / 10);
        prop_assert_eq!(price.cost_minor(shown), price.cost_minor(billable));
    }

    #[test]
    fn more_time_never_costs_less(price in any_price(), a in 0i64..7_200 * S, more in 0i64..7_200 * S) {
        prop_assert!(price.cost_minor(a) <= price.cost_minor(a + more));
    }

    #[test]
    fn nothing_is_ever_above_the_cap_or_below_zero(price in any_price(), t in any::<i64>()) {
        let due = price.cost_minor(t);
        prop_assert!(0 <= due && due <= price.most_minor());
        prop_assert_eq!(price.cost_minor(0), 0);
    }
}
