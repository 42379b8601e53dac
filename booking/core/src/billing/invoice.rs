//! What the law and the banks say about invoices: references, account numbers, and what a reminder may cost. Pure.

use jiff::civil::{Date, date};

use super::payment::{PaymentState, ProviderStatus};

/// Name in `payment.psp` of what is paid by invoice.
pub const INVOICE_PROVIDER: &str = "invoice";

/// Days after the due date before a reminder may cost anything, and days that it must leave for paying
/// (inkassoforskriften § 1-2, inkassoloven § 9).
pub const REMIND_AFTER_DAYS: i64 = 14;
/// Reminders of one invoice that may cost anything (inkassoforskriften § 1-2), and more are not sent.
pub const REMINDERS_MAX: i64 = 2;
/// Longest and shortest time for paying an invoice, days.
pub const DUE_DAYS: std::ops::RangeInclusive<i64> = 7..=60;

/// From which day the inkassosats is so many øre, and by what it is divided for the highest fee of a reminder; later lines
/// replace earlier ones. Inkassoforskriften § 1-1 and § 1-2: a tenth, since October 2020 a twentieth.
const REMINDER_RATES: &[(Date, i64, i64)] = &[(date(2017, 1, 1), 70_000, 10), (date(2020, 10, 1), 70_000, 20)];

/// Width of the parts of a reference: the seller's number, the year, and the invoice's number in the seller's series.
const SELLER_DIGITS: usize = 6;
const NUMBER_DIGITS: usize = 8;

/// How invoices are to be paid, as the operator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceTerms {
    /// Eleven digits, see [`is_account_number`].
    pub account: String,
    /// Days until an invoice is due, of [`DUE_DAYS`].
    pub days: i64,
    /// Whether reminders are sent at all.
    pub reminds: bool,
    /// What a reminder costs, øre; never more than [`reminder_fee_max`].
    pub fee_minor: i64,
}

/// Whether a text is a Norwegian account number: eleven digits, the last of which is the check digit by modulus 11.
#[must_use]
pub fn is_account_number(text: &str) -> bool {
    const WEIGHTS: [u32; 11] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1];
    let digits: Option<Vec<u32>> = text.chars().map(|letter| letter.to_digit(10)).collect();
    digits.is_some_and(|digits| {
        digits.len() == WEIGHTS.len()
            && digits
                .iter()
                .zip(WEIGHTS)
                .map(|(digit, weight)| digit * weight)
                .sum::<u32>()
                % 11
                == 0
    })
}

/// `1234.56.78903`
#[must_use]
pub fn account_words(account: &str) -> String {
    match (account.get(..4), account.get(4..6), account.get(6..)) {
        (Some(bank), Some(kind), Some(rest)) => format!("{bank}.{kind}.{rest}"),
        _ => account.to_owned(),
    }
}

/// The customer identification (KID) of an invoice: seller, year and number, and a check digit by modulus 10. Two invoices
/// never have the same. `None` where a number is too large for its place.
#[must_use]
pub fn kid(seller: i64, year: i64, number: i64) -> Option<String> {
    let digits = format!("{seller:0SELLER_DIGITS$}{year:04}{number:0NUMBER_DIGITS$}");
    let fits = seller > 0 && (0..10_000).contains(&year) && number > 0;
    (fits && digits.len() == SELLER_DIGITS + 4 + NUMBER_DIGITS).then(|| {
        let check = (10 - luhn_sum(&digits, true) % 10) % 10;
        format!("{digits}{check}")
    })
}

/// Whether a text is a reference of ours: its length, its digits and its check digit are right.
#[must_use]
pub fn is_kid(text: &str) -> bool {
    text.len() == SELLER_DIGITS + 4 + NUMBER_DIGITS + 1
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && luhn_sum(text, false).is_multiple_of(10)
}

/// The sum of modulus 10: every second digit from the right counts double, by its digits.
fn luhn_sum(digits: &str, last_doubles: bool) -> u32 {
    let mut doubles = last_doubles;
    let mut sum = 0;
    for digit in digits.chars().rev().filter_map(|letter| letter.to_digit(10)) {
        let value = if doubles { digit * 2 } else { digit };
        sum += value / 10 + value % 10;
        doubles = !doubles;
    }
    sum
}

/// The most that a reminder of that day may cost, øre, rounded down to whole kroner as the official rates are.
#[must_use]
pub fn reminder_fee_max(day: Date) -> i64 {
    let held = REMINDER_RATES.iter().rfind(|(from, ..)| *from <= day);
    held.map_or(0, |(_, rate_minor, share)| rate_minor / share / 100 * 100)
}

/// The status of a payment by invoice. There is no outside: what is on record is the truth.
pub(super) fn status_of(payment: &super::Payment) -> ProviderStatus {
    match payment.state {
        PaymentState::Created | PaymentState::Authorising | PaymentState::NeedsConfirmation => ProviderStatus::Created,
        PaymentState::Declined { reason } => ProviderStatus::Declined(reason),
        PaymentState::Saved => ProviderStatus::Saved,
        PaymentState::Authorised { authorised_minor }
        | PaymentState::Capturing { authorised_minor, .. }
        | PaymentState::CaptureFailed { authorised_minor, .. }
        | PaymentState::Releasing { authorised_minor } => ProviderStatus::Authorised {
            amount_minor: authorised_minor,
        },
        PaymentState::Captured { captured_minor, .. } | PaymentState::Refunded { captured_minor, .. } => {
            ProviderStatus::Captured {
                amount_minor: captured_minor,
            }
        }
        PaymentState::Released { .. } => ProviderStatus::Released,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn references_have_the_check_digit_of_the_banks() {
        assert_eq!(kid(1, 2026, 1).as_deref(), Some("0000012026000000019"));
        assert_eq!(kid(12, 2026, 345).as_deref(), Some("0000122026000003457"));
        assert_eq!(kid(0, 2026, 1), None);
        assert_eq!(kid(1_000_000, 2026, 1), None);
        assert_eq!(kid(1, 2026, 100_000_000), None);
        assert!(is_kid("0000012026000000019"));
        assert!(!is_kid("0000012026000000012"));
        assert!(!is_kid("000001202600000001"));
        assert!(!is_kid("00000120260000000æ"));
    }

    #[test]
    fn account_numbers_are_checked_by_modulus_11() {
        assert!(is_account_number("12345678903"));
        assert!(!is_account_number("12345678904"));
        assert!(!is_account_number("1234.56.78903"));
        assert!(!is_account_number(""));
        assert_eq!(account_words("12345678903"), "1234.56.78903");
    }

    #[test]
    fn a_reminder_costs_at_most_what_the_rate_of_its_day_says() {
        assert_eq!(reminder_fee_max(date(2016, 12, 31)), 0);
        assert_eq!(reminder_fee_max(date(2020, 9, 30)), 7_000);
        assert_eq!(reminder_fee_max(date(2026, 11, 30)), 3_500);
    }

    proptest! {
        /// One wrong digit is always noticed.
        #[test]
        fn a_slip_in_a_reference_is_noticed(seller in 1i64..1_000_000, number in 1i64..100_000_000, at in 0usize..19, by in 1u32..10) {
            let right = kid(seller, 2026, number).expect("it fits");
            prop_assert!(is_kid(&right));
            let wrong: String = right.chars().enumerate()
                .map(|(index, letter)| match letter.to_digit(10) {
                    Some(digit) if index == at => char::from_digit((digit + by) % 10, 10).expect("a digit"),
                    _ => letter,
                })
                .collect();
            prop_assert!(!is_kid(&wrong));
        }
    }
}
