//! What cancelling late and not coming cost: decided by the provider for each service, frozen at booking. Pure: the price and
//! the times are parameters.

use serde::{Deserialize, Serialize};
use signaling_protocol::PriceTerms;
use texts::{CancelMoment, CancelStep, CancelTerms};

use super::db::{FromColumn, Param, Row};
use super::money::div_round_half_up;
use super::{HOUR_US, Micros};

/// From so many hours before the start on, cancelling costs a share of the most that can be charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeeBand {
    pub before_h: i64,
    pub percent: i64,
}

/// What a consumer who cancels late or does not come owes. Fields that a stored policy lacks say what was agreed before
/// there were any: nothing is owed, and it can be cancelled until the start.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CancellationPolicy {
    /// In any order; where two apply, the dearer one counts, so that it never becomes cheaper to wait.
    pub bands: Vec<FeeBand>,
    /// Share of the most that can be charged, for a consumer who does not come.
    pub no_show_percent: i64,
    /// The consumer can cancel until so many hours before the start.
    pub notice_h: i64,
}

impl CancellationPolicy {
    /// Half from 24 hours before the start on, and everything for who does not come.
    #[must_use]
    pub fn one_day() -> Self {
        Self {
            bands: vec![FeeBand {
                before_h: 24,
                percent: 50,
            }],
            no_show_percent: 100,
            notice_h: 0,
        }
    }

    /// Half from 48 hours before the start on, everything from 24 hours on and for who does not come.
    #[must_use]
    pub fn strict() -> Self {
        let band = |before_h, percent| FeeBand { before_h, percent };
        Self {
            bands: vec![band(48, 50), band(24, 100)],
            no_show_percent: 100,
            notice_h: 0,
        }
    }

    /// What the consumer owes who cancels at `now`, minor units. The last moment of a band still belongs to the one before:
    /// what is free until ten is free at ten.
    #[must_use]
    pub fn fee_minor(&self, price: &PriceTerms, start: Micros, now: Micros) -> i64 {
        let begun = self
            .bands
            .iter()
            .filter(|band| now > hours_before(start, band.before_h));
        share(price, begun.map(|band| band.percent).max().unwrap_or(0))
    }

    /// What the consumer owes who does not come, minor units.
    #[must_use]
    pub fn no_show_minor(&self, price: &PriceTerms) -> i64 {
        share(price, self.no_show_percent)
    }

    /// Whether there is time enough left to cancel at `now`.
    #[must_use]
    pub fn can_cancel(&self, start: Micros, now: Micros) -> bool {
        now < start && now <= hours_before(start, self.notice_h)
    }

    /// The terms from `now` on for an appointment that starts at `start`, or nothing where it can no longer be cancelled.
    #[must_use]
    pub fn terms(&self, price: &PriceTerms, start: Micros, now: Micros) -> Option<CancelTerms> {
        self.can_cancel(start, now).then(|| {
            let at = |hours| CancelMoment::At(hours_before(start, hours));
            let ahead = |band: &FeeBand| hours_before(start, band.before_h) >= now;
            self.terms_from(price, self.fee_minor(price, start, now), ahead, at)
        })
    }

    /// The terms before a time is chosen.
    #[must_use]
    pub fn terms_in_hours(&self, price: &PriceTerms) -> CancelTerms {
        self.terms_from(price, 0, |_| true, CancelMoment::HoursBefore)
    }

    fn terms_from(
        &self,
        price: &PriceTerms,
        fee_minor: i64,
        ahead: impl Fn(&FeeBand) -> bool,
        moment: impl Fn(i64) -> CancelMoment,
    ) -> CancelTerms {
        let notice_h = self.notice_h.max(0);
        let reached = |band: &&FeeBand| ahead(band) && band.before_h > notice_h;
        let mut bands: Vec<&FeeBand> = self.bands.iter().filter(reached).collect();
        bands.sort_by_key(|band| -band.before_h);
        let (mut owed, mut steps) = (fee_minor, Vec::new());
        for band in bands {
            let fee_minor = share(price, band.percent);
            if fee_minor > owed {
                owed = fee_minor;
                let after = moment(band.before_h);
                steps.push(CancelStep { after, fee_minor });
            }
        }
        CancelTerms {
            currency: price.currency.clone(),
            fee_minor,
            steps,
            until: moment(notice_h),
            until_start: notice_h == 0,
            no_show_minor: self.no_show_minor(price),
        }
    }
}

fn hours_before(start: Micros, hours: i64) -> Micros {
    start.saturating_sub(hours.max(0).saturating_mul(HOUR_US))
}

/// A share of the most that can be charged, rounded half up, once; nothing where it is less than a card can be charged.
fn share(price: &PriceTerms, percent: i64) -> i64 {
    let shared = i128::from(price.most_minor()) * i128::from(percent.clamp(0, 100));
    let minor = i64::try_from(div_round_half_up(shared, 100)).expect("a share of an amount is not above the amount");
    price.charged_minor(minor)
}

impl FromColumn for CancellationPolicy {
    fn from_column(row: &Row, name: &str) -> Result<Self, sqlx::Error> {
        row.json(name)
    }
}

impl From<CancellationPolicy> for Param {
    fn from(policy: CancellationPolicy) -> Self {
        let text = serde_json::to_string(&policy).expect("a policy is plain numbers");
        Self::Text(Some(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use signaling_protocol::PriceModel;

    use super::*;

    const START: Micros = 1_795_510_800_000_000;

    fn fixed(currency: &str, amount_minor: i64) -> PriceTerms {
        PriceTerms {
            currency: currency.into(),
            discount: None,
            model: PriceModel::Fixed { amount_minor },
        }
    }

    fn metered(cap_minor: i64) -> PriceTerms {
        PriceTerms {
            currency: "NOK".into(),
            discount: None,
            model: PriceModel::PerMinute {
                rate_minor: 1_500,
                increment_s: 1,
                free_s: 0,
                cap_minor,
            },
        }
    }

    #[test]
    fn bands_begin_after_their_last_microsecond() {
        let check = |before: Micros, expect: i64| {
            let fee = CancellationPolicy::strict().fee_minor(&metered(45_000), START, START - before);
            assert_eq!(fee, expect, "{before} before");
        };
        check(48 * HOUR_US + 1, 0);
        check(48 * HOUR_US, 0);
        check(48 * HOUR_US - 1, 22_500);
        check(24 * HOUR_US, 22_500);
        check(24 * HOUR_US - 1, 45_000);
        check(0, 45_000);
        check(-1, 45_000);
    }

    #[test]
    fn shares_are_rounded_once_in_any_currency() {
        let half = CancellationPolicy::one_day();
        assert_eq!(half.fee_minor(&fixed("NOK", 39_001), START, START), 19_501);
        assert_eq!(
            half.fee_minor(&fixed("JPY", 4_999), START, START),
            2_500,
            "no minor unit"
        );
        assert_eq!(half.fee_minor(&fixed("KWD", 1), START, START), 1);
        assert_eq!(half.fee_minor(&fixed("NOK", 599), START, START), 300);
        assert_eq!(
            half.fee_minor(&fixed("NOK", 598), START, START),
            0,
            "a card cannot be charged 2.99"
        );
        assert_eq!(
            half.fee_minor(&fixed("NOK", i64::MAX), START, START),
            4_611_686_018_427_387_904
        );
        assert_eq!(half.no_show_minor(&metered(45_000)), 45_000);
    }

    /// What was booked before there were policies.
    #[test]
    fn a_policy_without_fields_is_free_until_the_start() {
        let policy: CancellationPolicy = serde_json::from_str("{}").expect("every field has a default");
        assert_eq!(policy, CancellationPolicy::default());
        assert_eq!(policy.fee_minor(&metered(45_000), START, START), 0);
        assert_eq!(policy.no_show_minor(&metered(45_000)), 0);
        assert!(policy.can_cancel(START, START - 1));
        assert!(!policy.can_cancel(START, START));
    }

    #[test]
    fn notice_ends_after_its_last_microsecond() {
        let policy = CancellationPolicy {
            notice_h: 2,
            ..CancellationPolicy::strict()
        };
        assert!(policy.can_cancel(START, START - 2 * HOUR_US));
        assert!(!policy.can_cancel(START, START - 2 * HOUR_US + 1));
        assert_eq!(policy.terms(&metered(1), START, START - HOUR_US), None);
    }

    #[test]
    fn terms_name_what_is_still_ahead() {
        let terms = |now| {
            let terms = CancellationPolicy::strict()
                .terms(&metered(45_000), START, now)
                .expect("in time");
            let steps = terms.steps.iter().map(|step| (step.after, step.fee_minor));
            (terms.fee_minor, steps.collect::<Vec<_>>())
        };
        let (first, second) = (START - 48 * HOUR_US, START - 24 * HOUR_US);
        let both = vec![(CancelMoment::At(first), 22_500), (CancelMoment::At(second), 45_000)];
        assert_eq!(terms(first), (0, both));
        assert_eq!(terms(first + 1), (22_500, vec![(CancelMoment::At(second), 45_000)]));
        assert_eq!(terms(second + 1), (45_000, vec![]));
        let free = CancellationPolicy::strict().terms_in_hours(&fixed("NOK", 0));
        assert_eq!(
            (free.steps, free.no_show_minor),
            (vec![], 0),
            "a share of nothing is nothing"
        );
    }

    fn any_policy() -> impl Strategy<Value = CancellationPolicy> {
        let bands = proptest::collection::vec((-5i64..2_000, -20i64..200), 0..5);
        (bands, -20i64..200, -5i64..2_000).prop_map(|(bands, no_show_percent, notice_h)| CancellationPolicy {
            bands: bands
                .into_iter()
                .map(|(before_h, percent)| FeeBand { before_h, percent })
                .collect(),
            no_show_percent,
            notice_h,
        })
    }

    proptest! {
        #[test]
        fn waiting_is_never_cheaper_and_never_above_the_price(
            policy in any_policy(), amount in 0i64..i64::MAX, early in 0i64..3_000 * HOUR_US, later in 0i64..100 * HOUR_US,
        ) {
            let price = fixed("NOK", amount);
            let at = START - early;
            let fee = policy.fee_minor(&price, START, at);
            prop_assert!(fee <= policy.fee_minor(&price, START, at + later));
            prop_assert!((0..=amount).contains(&fee));
            prop_assert!((0..=amount).contains(&policy.no_show_minor(&price)));
        }

        /// What the page says about a moment is what is taken at it.
        #[test]
        fn the_terms_are_the_fees(policy in any_policy(), now in 0i64..3_000 * HOUR_US, at in 0i64..3_000 * HOUR_US) {
            let (now, at) = (START - now.max(at), START - now.min(at));
            let price = metered(45_000);
            if let Some(terms) = policy.terms(&price, START, now).filter(|_| policy.can_cancel(START, at)) {
                let begun = terms.steps.iter().rev().find(|step| matches!(step.after, CancelMoment::At(after) if at > after));
                prop_assert_eq!(begun.map_or(terms.fee_minor, |step| step.fee_minor), policy.fee_minor(&price, START, at));
            }
        }
    }
}
