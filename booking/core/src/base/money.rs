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

/// The rate of what is sold by somebody who is registered for VAT, or not.
#[must_use]
pub fn vat_rate_bp(registered: bool) -> u32 {
    if registered { VAT_STANDARD_BP } else { 0 }
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

    proptest! {
        #[test]
        fn the_parts_always_make_the_whole(gross in any::<i64>(), rate in 0u32..10_000) {
            let split = split_vat(gross, rate);
            prop_assert_eq!(split.net_minor + split.vat_minor, gross);
            prop_assert!(split.vat_minor.unsigned_abs() <= gross.unsigned_abs());
        }

        #[test]
        fn rounding_is_never_off_by_more_than_half(a in any::<i64>(), b in 1i64..1_000_000) {
            let q = div_round_half_up(i128::from(a), i128::from(b));
            prop_assert!((q * i128::from(b) - i128::from(a)).abs() * 2 <= i128::from(b));
        }
    }
}
