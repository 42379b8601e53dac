//! What the operator keeps of a payment: a share and a fixed part, decided before it is booked and frozen with the
//! appointment. Pure; as prices do, a commission contains its tax.

use serde::{Deserialize, Serialize};

use super::money::div_round_half_up;

/// All of an amount, in basis points.
pub const WHOLE_BP: i64 = 10_000;

/// The terms of a commission. Without fields nothing is kept, which is what was agreed before there were any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CommissionTerms {
    /// Share of what a customer paid, basis points: 1000 is 10 %.
    pub percent_bp: i64,
    /// What is kept besides of each paid appointment, minor units of `currency`.
    pub fixed_minor: i64,
    /// Of the fixed part, which what is sold in another currency is not charged.
    pub currency: String,
}

impl CommissionTerms {
    /// Whether nothing is kept.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.percent_bp <= 0 && self.fixed_minor <= 0
    }

    /// What is kept of all that a customer paid for an appointment, minor units of `currency`; never more than was paid.
    #[must_use]
    pub fn of_minor(&self, paid_minor: i64, currency: &str) -> i64 {
        if paid_minor <= 0 {
            return 0;
        }
        let bp = self.percent_bp.clamp(0, WHOLE_BP);
        let share = div_round_half_up(i128::from(paid_minor) * i128::from(bp), i128::from(WHOLE_BP));
        let share = i64::try_from(share).expect("a share of an amount is not above the amount");
        let fixed = if self.currency == currency {
            self.fixed_minor.max(0)
        } else {
            0
        };
        share.saturating_add(fixed).min(paid_minor)
    }

    /// The terms where the operator gives up a share and a fixed part of the price itself, by a code of its own, which take
    /// no more than the commission: of what is then paid so much is kept that the seller gets what it would have got. The
    /// share is exact to a basis point.
    #[must_use]
    pub fn less(&self, percent_bp: i64, fixed_minor: i64) -> Self {
        let paid_bp = i128::from(WHOLE_BP - percent_bp.clamp(0, WHOLE_BP));
        let left_bp = i128::from((self.percent_bp - percent_bp).max(0));
        let of_paid = |amount: i128| match paid_bp {
            0 => 0,
            paid_bp => i64::try_from(div_round_half_up(amount * left_bp, paid_bp)).unwrap_or(i64::MAX),
        };
        Self {
            percent_bp: of_paid(i128::from(WHOLE_BP)).min(WHOLE_BP),
            fixed_minor: (self.fixed_minor - fixed_minor)
                .max(0)
                .saturating_add(of_paid(i128::from(fixed_minor.max(0)))),
            currency: self.currency.clone(),
        }
    }

    /// What is kept of a payment that comes after others, which came to `before_minor`: all payments of an appointment
    /// together are charged as one would be.
    #[must_use]
    pub fn of_next_minor(&self, before_minor: i64, paid_minor: i64, currency: &str) -> i64 {
        let after_minor = before_minor.saturating_add(paid_minor.max(0));
        let kept = self.of_minor(after_minor, currency) - self.of_minor(before_minor, currency);
        kept.clamp(0, paid_minor.max(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn terms(percent_bp: i64, fixed_minor: i64) -> CommissionTerms {
        CommissionTerms {
            percent_bp,
            fixed_minor,
            currency: "NOK".to_owned(),
        }
    }

    #[test]
    fn a_share_and_a_fixed_part_are_kept() {
        let check =
            |bp, fixed, paid, expect| assert_eq!(terms(bp, fixed).of_minor(paid, "NOK"), expect, "{bp} {fixed} {paid}");
        check(1_000, 0, 39_000, 3_900);
        check(1_000, 500, 39_000, 4_400);
        check(1_250, 0, 1_500, 188);
        check(0, 500, 300, 300);
        check(10_000, 500, 39_000, 39_000);
        check(1_000, 500, 0, 0);
        assert_eq!(
            terms(1_000, 500).of_minor(39_000, "EUR"),
            3_900,
            "the fixed part is in kroner"
        );
        assert_eq!(CommissionTerms::default().of_minor(39_000, "NOK"), 0);
    }

    #[test]
    fn terms_of_older_appointments_are_none() {
        let old: CommissionTerms = serde_json::from_str("{}").expect("no fields are fields");
        assert!(old.is_none());
    }

    #[test]
    fn a_code_of_the_operators_costs_the_seller_nothing() {
        let seller_gets = |terms: &CommissionTerms, paid: i64| paid - terms.of_minor(paid, "NOK");
        // 390 kr at 20 % and 5 kr leave 307 kr; with 10 % and 5 kr off 346 kr are paid, of which 39 kr are kept.
        let whole = terms(2_000, 500);
        let less = whole.less(1_000, 500);
        assert_eq!((less.percent_bp, less.fixed_minor), (1_111, 56));
        assert_eq!(seller_gets(&whole, 39_000), 30_700);
        assert_eq!(seller_gets(&less, 34_600), 30_700);
        assert_eq!(terms(1_000, 0).less(1_000, 0), terms(0, 0), "all of the commission");
        assert_eq!(terms(1_000, 300).less(0, 200), terms(1_000, 120));
    }

    proptest! {
        /// However a sum comes in, what is kept of it is the same, and no payment is charged more than it brings.
        #[test]
        fn parts_are_charged_as_the_whole(
            parts in proptest::collection::vec(0i64..200_000, 1..8), bp in 0i64..=10_000, fixed in 0i64..20_000
        ) {
            let terms = terms(bp, fixed);
            let (mut before, mut kept) = (0, 0);
            for part in parts {
                let of_part = terms.of_next_minor(before, part, "NOK");
                prop_assert!((0..=part).contains(&of_part));
                before += part;
                kept += of_part;
            }
            prop_assert_eq!(kept, terms.of_minor(before, "NOK"));
        }

        #[test]
        fn no_amount_is_too_large(paid in any::<i64>(), bp in any::<i64>(), fixed in any::<i64>()) {
            let kept = terms(bp, fixed).of_minor(paid, "NOK");
            prop_assert!(kept >= 0 && kept <= paid.max(0));
        }
    }
}
