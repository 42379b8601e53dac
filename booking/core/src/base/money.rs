//! Amounts: integer minor units with a currency. No floats, checked sums, 128-bit products, and one rounding a line.

use std::fmt;

/// Value added tax on consultations in Norway (mva), basis points of the net amount.
pub const VAT_STANDARD_BP: u32 = 2_500;

/// An ISO 4217 code such as `NOK`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Why two amounts do not combine, or a text is no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    #[error("not an ISO 4217 code")]
    NotACurrency,
    #[error("amounts of two currencies do not combine")]
    CurrencyMismatch,
    #[error("the amount is out of range")]
    OutOfRange,
}

impl Currency {
    pub const NOK: Self = Self(*b"NOK");

    /// Reads a three-letter code.
    ///
    /// # Errors
    /// [`MoneyError::NotACurrency`] unless it is three capital ASCII letters.
    pub fn parse(code: &str) -> Result<Self, MoneyError> {
        match code.as_bytes() {
            [a, b, c] if [a, b, c].iter().all(|byte| byte.is_ascii_uppercase()) => Ok(Self([*a, *b, *c])),
            _ => Err(MoneyError::NotACurrency),
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only capital ASCII letters are let in")
    }

    /// The least that a card can be charged, minor units.
    #[must_use]
    pub fn least_charge_minor(&self) -> i64 {
        signaling_protocol::least_charge_minor(self.as_str())
    }

    /// Decimal places of the minor unit (ISO 4217). Unlisted currencies have two.
    #[must_use]
    pub fn exponent(&self) -> u32 {
        match &self.0 {
            b"CLP" | b"ISK" | b"JPY" | b"KRW" | b"VND" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"JOD" | b"KWD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An amount in minor units (øre) of one currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    pub minor: i64,
    pub currency: Currency,
}

impl Money {
    #[must_use]
    pub fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// # Errors
    /// When the currencies differ or the sum leaves the range of 64 bits.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_add(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    /// # Errors
    /// When the currencies differ or the difference leaves the range of 64 bits.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        let minor = self.minor.checked_sub(other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::CurrencyMismatch)
        }
    }
}

/// A gross amount taken apart: `net + vat == gross`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VatSplit {
    pub net_minor: i64,
    pub vat_minor: i64,
    pub gross_minor: i64,
    /// Basis points of the net amount: 2500 is 25 %.
    pub rate_bp: u32,
}

/// Takes the tax that is contained in `gross_minor` out of it, rounded half up, once.
#[must_use]
pub fn split_vat(gross_minor: i64, rate_bp: u32) -> VatSplit {
    let vat = div_round_half_up(
        i128::from(gross_minor) * i128::from(rate_bp),
        10_000 + i128::from(rate_bp),
    );
    let vat_minor = i64::try_from(vat).expect("tax contained in an amount is not above the amount");
    VatSplit {
        net_minor: gross_minor - vat_minor,
        vat_minor,
        gross_minor,
        rate_bp,
    }
}

/// The part of a sum that grew from `before_minor` to `after_minor`, both gross. The parts of a sum taken one after the
/// other have exactly its tax together, and no few of them have more: each is a difference of running totals.
///
/// # Panics
/// When the sum did not grow within the range of amounts.
#[must_use]
pub fn split_vat_between(before_minor: i64, after_minor: i64, rate_bp: u32) -> VatSplit {
    let (before, after) = (split_vat(before_minor, rate_bp), split_vat(after_minor, rate_bp));
    let grown = |after: i64, before: i64| after.checked_sub(before).expect("amounts of one payment");
    VatSplit {
        net_minor: grown(after.net_minor, before.net_minor),
        vat_minor: grown(after.vat_minor, before.vat_minor),
        gross_minor: grown(after.gross_minor, before.gross_minor),
        rate_bp,
    }
}

/// The tax of the next part that is taken back of a document, whose sum and tax are `whole`, after `taken`, sum and tax, was
/// taken back of it. `None` where more is taken back than there is left, or nothing. What is taken back in all has its share
/// of the tax, rounded half up once, so the parts of the whole document have its tax to the last minor unit.
#[must_use]
pub fn share_of_vat(whole: (i64, i64), taken: (i64, i64), amount_minor: i64, rate_bp: u32) -> Option<VatSplit> {
    let after_minor = taken.0.checked_add(amount_minor)?;
    if amount_minor <= 0 || taken.0 < 0 || after_minor > whole.0 {
        return None;
    }
    let share = div_round_half_up(i128::from(whole.1) * i128::from(after_minor), i128::from(whole.0));
    let share = i64::try_from(share).expect("a share of a tax is not above the tax");
    let vat_minor = share.saturating_sub(taken.1).clamp(0, amount_minor);
    Some(VatSplit {
        net_minor: amount_minor - vat_minor,
        vat_minor,
        gross_minor: amount_minor,
        rate_bp,
    })
}

/// `dividend / divisor` rounded to the nearest integer, halves away from zero.
///
/// # Panics
/// When `divisor` is not positive: divisors are constants of the price rules.
#[must_use]
pub fn div_round_half_up(dividend: i128, divisor: i128) -> i128 {
    assert!(divisor > 0, "divisors of amounts are positive");
    let half = divisor / 2 + divisor % 2;
    let (quotient, rest) = (dividend / divisor, (dividend % divisor).abs());
    if rest >= half {
        quotient + dividend.signum()
    } else {
        quotient
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vat_is_contained_in_the_price() {
        let check = |gross, net, vat| {
            let split = split_vat(gross, VAT_STANDARD_BP);
            assert_eq!((split.net_minor, split.vat_minor, split.gross_minor), (net, vat, gross));
        };
        check(45_000, 36_000, 9_000);
        check(32_500, 26_000, 6_500);
        check(1_500, 1_200, 300);
        check(0, 0, 0);
        check(1, 1, 0);
        check(3, 2, 1);
        check(99, 79, 20);
        check(-32_500, -26_000, -6_500);
        assert_eq!(split_vat(45_000, 0).vat_minor, 0);
    }

    #[test]
    fn currencies_are_three_capital_letters() {
        assert_eq!(Currency::parse("NOK"), Ok(Currency::NOK));
        for bad in ["", "no", "nok", "NOKK", "NØ", "N1K"] {
            assert_eq!(Currency::parse(bad), Err(MoneyError::NotACurrency), "{bad}");
        }
        assert_eq!(Currency::parse("JPY").map(|c| c.exponent()), Ok(0));
        assert_eq!(Currency::NOK.exponent(), 2);
    }

    #[test]
    fn amounts_of_two_currencies_do_not_combine() {
        let nok = Money::new(100, Currency::NOK);
        let eur = Money::new(100, Currency::parse("EUR").expect("a currency"));
        assert_eq!(nok.checked_add(eur), Err(MoneyError::CurrencyMismatch));
        assert_eq!(
            nok.checked_sub(Money::new(130, Currency::NOK)).map(|m| m.minor),
            Ok(-30)
        );
        assert_eq!(
            Money::new(i64::MAX, Currency::NOK).checked_add(nok),
            Err(MoneyError::OutOfRange)
        );
    }

    #[test]
    fn a_part_of_a_document_has_its_part_of_the_tax() {
        let check = |before, amount, expect| {
            let taken = (
                before,
                share_of_vat((1_500, 300), (0, 0), before, 0).map_or(0, |split| split.vat_minor),
            );
            let split = share_of_vat((1_500, 300), taken, amount, VAT_STANDARD_BP);
            assert_eq!(
                split.map(|split| (split.net_minor, split.vat_minor)),
                expect,
                "{before} {amount}"
            );
        };
        check(0, 1_500, Some((1_200, 300)));
        check(0, 499, Some((399, 100)));
        check(499, 1_001, Some((801, 200)));
        check(0, 1, Some((1, 0)));
        check(1_500, 1, None);
        check(0, 0, None);
        check(0, 1_501, None);
        check(i64::MAX, 1, None);
    }

    proptest! {
        /// Refunds in any number of parts never give back more tax than the receipt had, nor more net, and all of it in the
        /// end, whatever rounding made of the receipt itself.
        #[test]
        fn credit_notes_take_back_the_tax_of_their_receipt(
            parts in proptest::collection::vec(1i64..200_000, 1..12), rate in 0u32..5_000, earlier in 0i64..1_000
        ) {
            let total: i64 = parts.iter().sum();
            let receipt = split_vat_between(earlier, earlier + total, rate);
            let (mut gross, mut vat) = (0, 0);
            for part in parts {
                let split = share_of_vat((total, receipt.vat_minor), (gross, vat), part, rate).expect("there is that much left");
                prop_assert_eq!((split.gross_minor, split.net_minor + split.vat_minor), (part, part));
                prop_assert!(split.vat_minor >= 0 && split.net_minor >= 0, "{:?}", split);
                gross += part;
                vat += split.vat_minor;
                prop_assert!(vat <= receipt.vat_minor && gross - vat <= receipt.net_minor, "{} of {:?}", vat, receipt);
            }
            prop_assert_eq!(vat, receipt.vat_minor);
            prop_assert_eq!(share_of_vat((total, receipt.vat_minor), (gross, vat), 1, rate), None);
        }

        #[test]
        fn the_parts_always_make_the_whole(gross in any::<i64>(), rate in 0u32..10_000) {
            let split = split_vat(gross, rate);
            prop_assert_eq!(split.net_minor + split.vat_minor, gross);
            prop_assert!(split.vat_minor.unsigned_abs() <= gross.unsigned_abs());
        }

        /// Refunds in any number of parts never give back more tax than the receipt had, nor more net, and all of it in the end.
        #[test]
        fn the_parts_of_a_sum_have_its_tax(parts in proptest::collection::vec(0i64..200_000, 1..12), rate in 0u32..5_000) {
            let whole = split_vat(parts.iter().sum(), rate);
            let (mut gross, mut vat) = (0, 0);
            for part in parts {
                let split = split_vat_between(gross, gross + part, rate);
                prop_assert_eq!((split.gross_minor, split.net_minor + split.vat_minor), (part, part));
                prop_assert!(split.vat_minor >= 0 && split.net_minor >= 0, "{:?}", split);
                gross += part;
                vat += split.vat_minor;
                prop_assert!(vat <= whole.vat_minor && gross - vat <= whole.net_minor, "{} of {:?}", vat, whole);
            }
            prop_assert_eq!(vat, whole.vat_minor);
        }

        #[test]
        fn rounding_is_never_off_by_more_than_half(a in any::<i64>(), b in 1i64..1_000_000) {
            let q = div_round_half_up(i128::from(a), i128::from(b));
            prop_assert!((q * i128::from(b) - i128::from(a)).abs() * 2 <= i128::from(b));
        }
    }
}
