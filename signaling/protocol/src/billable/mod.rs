//! The one calculation of billable time and price: what people are shown while they talk, and what they pay afterwards.

use crate::call::UtcMicros;
use crate::price::{Discount, PriceModel, PriceTerms};

const MICROS_PER_SECOND: i64 = 1_000_000;

/// Presence of somebody, Unix microseconds, `[from, to)`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub from: UtcMicros,
    pub to: UtcMicros,
}

/// A set of moments as sorted, disjoint spans: one side of a call, or the time in which both sides were there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spans(Vec<Span>);

impl Spans {
    /// Adds the moments of a span; an empty or backward span adds none.
    pub fn insert(&mut self, span: Span) {
        if span.to <= span.from {
            return;
        }
        let first = self.0.partition_point(|known| known.to < span.from);
        let last = self.0.partition_point(|known| known.from <= span.to);
        let merged = self.0[first..last].iter().fold(span, |merged, known| Span {
            from: merged.from.min(known.from),
            to: merged.to.max(known.to),
        });
        self.0.splice(first..last, [merged]);
    }

    /// The spans, ascending.
    #[must_use]
    pub fn as_slice(&self) -> &[Span] {
        &self.0
    }

    /// Length of the set, microseconds.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.0
            .iter()
            .fold(0, |sum, span| sum.saturating_add(span.to.saturating_sub(span.from)))
    }

    /// Whether some of it lies after a moment.
    #[must_use]
    pub fn reach_past(&self, moment: UtcMicros) -> bool {
        self.0.last().is_some_and(|span| span.to > moment)
    }

    /// What both sets share: of the consumers' and the providers' presence, the billable time.
    #[must_use]
    pub fn overlap(&self, other: &Self) -> Self {
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        let mut shared = Vec::new();
        while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
            let both = Span {
                from: a.from.max(b.from),
                to: a.to.min(b.to),
            };
            if both.from < both.to {
                shared.push(both);
            }
            if a.to <= b.to {
                left.next();
            } else {
                right.next();
            }
        }
        Self(shared)
    }

    /// The length of each span in started units of `unit` microseconds. Each is the growth of the rounded running sum,
    /// so that the rows of a table add up to the rounded whole.
    #[must_use]
    pub fn rounded_lengths(&self, unit: i64) -> Vec<i64> {
        let (mut exact, mut shown) = (0_i64, 0);
        let length = |span: &Span| {
            exact = exact.saturating_add(span.to.saturating_sub(span.from));
            let before = std::mem::replace(&mut shown, started(exact, unit));
            shown - before
        };
        self.0.iter().map(length).collect()
    }
}

impl FromIterator<Span> for Spans {
    fn from_iter<T: IntoIterator<Item = Span>>(spans: T) -> Self {
        let mut set = Self::default();
        spans.into_iter().for_each(|span| set.insert(span));
        set
    }
}

impl PriceTerms {
    /// What `billable` microseconds cost, minor units, value added tax included.
    #[must_use]
    pub fn cost_minor(&self, billable: i64) -> i64 {
        self.discounted(self.full_minor(billable))
    }

    /// What they cost before a discount, minor units.
    #[must_use]
    pub fn full_minor(&self, billable: i64) -> i64 {
        if billable <= 0 {
            return 0;
        }
        match self.model {
            PriceModel::Free => 0,
            PriceModel::Fixed { amount_minor } => amount_minor.max(0),
            PriceModel::PerMinute {
                rate_minor, cap_minor, ..
            } => {
                let rate_minor = i128::from(rate_minor.max(0));
                // Rounded half up: neither factor is below zero.
                let minor = (i128::from(self.counted_s(billable)) * rate_minor + 30) / 60;
                i64::try_from(minor).unwrap_or(i64::MAX).min(cap_minor.max(0))
            }
        }
    }

    /// What is charged of `minor` units that are due: all, or nothing where it is less than a card can be charged.
    #[must_use]
    pub fn charged_minor(&self, minor: i64) -> i64 {
        if minor < least_charge_minor(&self.currency) {
            0
        } else {
            minor
        }
    }

    /// How many seconds of `billable` microseconds are paid for by the minute: whole started increments after the free time.
    /// Zero under the other models.
    #[must_use]
    pub fn counted_s(&self, billable: i64) -> i64 {
        let PriceModel::PerMinute {
            increment_s, free_s, ..
        } = self.model
        else {
            return 0;
        };
        let paid = billable.saturating_sub(i64::from(free_s) * MICROS_PER_SECOND);
        let increment_s = i64::from(increment_s.max(1));
        started(paid, increment_s * MICROS_PER_SECOND).saturating_mul(increment_s)
    }

    /// The most that can ever be due, minor units: what is reserved at booking.
    #[must_use]
    pub fn most_minor(&self) -> i64 {
        self.discounted(self.full_most_minor())
    }

    /// The most that could be due before a discount, minor units.
    #[must_use]
    pub fn full_most_minor(&self) -> i64 {
        match self.model {
            PriceModel::Free => 0,
            PriceModel::Fixed { amount_minor } => amount_minor.max(0),
            PriceModel::PerMinute { cap_minor, .. } => cap_minor.max(0),
        }
    }

    /// An amount less the discount, if there is one; what is then too little for a card is not charged.
    #[must_use]
    pub fn discounted(&self, minor: i64) -> i64 {
        let Some(discount) = self.discount else { return minor };
        let left = minor - discount.of_minor(minor);
        if left < least_charge_minor(&self.currency) {
            0
        } else {
            left
        }
    }
}

impl Discount {
    /// What is taken off an amount, minor units: the share rounded half up, once, and the fixed part; never more than the
    /// amount. What costs more before it never costs less after it, so what was shown as the most stays the most.
    #[must_use]
    pub fn of_minor(self, minor: i64) -> i64 {
        let minor = minor.max(0);
        let share = (i128::from(minor) * i128::from(self.percent_bp.min(10_000)) + 5_000) / 10_000;
        let share = i64::try_from(share).unwrap_or(i64::MAX);
        share.saturating_add(self.fixed_minor.max(0)).min(minor)
    }
}

/// The least that a card can be charged, minor units of the currency with that ISO 4217 code: what is less is not charged at
/// all, whoever moves the money. One unit in currencies that are not sold in here. Source: Stripe's minimum charge amounts
/// (docs.stripe.com/currencies), the highest among the payment providers that there are.
#[must_use]
pub fn least_charge_minor(currency: &str) -> i64 {
    match currency {
        "NOK" | "SEK" => 300,
        "DKK" => 250,
        "EUR" | "USD" | "CHF" => 50,
        "GBP" => 30,
        _ => 1,
    }
}

/// How many units a length has begun; none when it is not above zero.
fn started(length: i64, unit: i64) -> i64 {
    let length = length.max(0);
    length / unit + i64::from(length % unit != 0)
}

#[cfg(test)]
mod tests;
