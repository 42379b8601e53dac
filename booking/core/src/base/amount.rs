//! Amounts as people type them.

use texts::FieldError;

use super::money::Currency;

/// No amount that somebody types is larger, in whole units.
const WHOLE_MAX: i64 = 1_000_000_000;

/// An amount in a currency as minor units, more than nothing: `450`, `450,50`, `1 450 kr`, `450,-`.
///
/// # Errors
/// What is wrong with it, in the words of forms.
pub fn read_amount(typed: &str, currency: Currency) -> Result<i64, FieldError> {
    let compact: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    if compact.is_empty() {
        return Err(FieldError::AmountMissing);
    }
    let lower = compact.to_lowercase();
    let number = lower
        .strip_suffix("kr")
        .or(lower.strip_suffix(&currency.as_str().to_lowercase()))
        .unwrap_or(&lower);
    let number = number.strip_suffix(",-").unwrap_or(number);
    read_decimal(number, currency.exponent()).ok_or(FieldError::AmountUnreadable)
}

/// A share as basis points, from nothing to everything: `10`, `7,5`, `12.25 %`.
///
/// # Errors
/// [`FieldError::PercentMalformed`].
pub fn read_percent(typed: &str) -> Result<i64, FieldError> {
    let compact: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let number = compact.strip_suffix('%').unwrap_or(&compact);
    if number == "0" {
        return Ok(0);
    }
    read_decimal(number, 2)
        .filter(|bp| *bp <= 10_000)
        .ok_or(FieldError::PercentMalformed)
}

fn read_decimal(number: &str, exponent: u32) -> Option<i64> {
    let (whole, part) = number.split_once([',', '.']).unwrap_or((number, ""));
    let has_mark = whole.len() != number.len();
    let places = u32::try_from(part.len()).ok()?;
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(part) || places > exponent || (has_mark && places == 0) {
        return None;
    }
    let whole: i64 = whole.parse().ok().filter(|whole| *whole <= WHOLE_MAX)?;
    let part: i64 = if part.is_empty() { 0 } else { part.parse().ok()? };
    let minor = whole
        .checked_mul(10_i64.pow(exponent))?
        .checked_add(part.checked_mul(10_i64.pow(exponent - places))?)?;
    (minor > 0).then_some(minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_people_write_them() {
        let nok = Currency::NOK;
        for (typed, minor) in [
            ("450", 45_000),
            ("450,5", 45_050),
            ("450.50", 45_050),
            ("1 450 kr", 145_000),
            ("1\u{a0}450,05 NOK", 145_005),
            ("450,-", 45_000),
            ("0,01", 1),
        ] {
            assert_eq!(read_amount(typed, nok), Ok(minor), "{typed}");
        }
        for typed in [
            "0",
            "-1",
            "+1",
            "1,005",
            "1.450,00",
            "1e3",
            "kr",
            ",5",
            "5,",
            "９",
            "9999999999999999999",
            "1000000001",
        ] {
            assert_eq!(read_amount(typed, nok), Err(FieldError::AmountUnreadable), "{typed}");
        }
        assert_eq!(read_amount(" ", nok), Err(FieldError::AmountMissing));
    }

    #[test]
    fn shares_are_read_as_basis_points() {
        for (typed, bp) in [
            ("10", 1_000),
            ("7,5", 750),
            (" 12.25 % ", 1_225),
            ("0", 0),
            ("100%", 10_000),
        ] {
            assert_eq!(read_percent(typed), Ok(bp), "{typed}");
        }
        for typed in ["", "%", "-1", "100,01", "1,005", "ti"] {
            assert_eq!(read_percent(typed), Err(FieldError::PercentMalformed), "{typed}");
        }
    }

    #[test]
    fn minor_units_are_the_currencys() {
        let of = |code| Currency::parse(code).expect("a currency");
        assert_eq!(read_amount("450", of("JPY")), Ok(450));
        assert_eq!(read_amount("450,5", of("JPY")), Err(FieldError::AmountUnreadable));
        assert_eq!(read_amount("4,505", of("KWD")), Ok(4_505));
    }
}
