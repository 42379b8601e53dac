//! The question whether a business is registered for VAT, and how its answer is read.

use jiff::civil::Date;
use web::pages::{Field, FieldError};

use booking_core::availability::load::zone_named;
use booking_core::availability::{date_in, midnight};
use booking_core::base::{DAY_US, Micros};
use booking_core::providers::vat::VatStatement;

/// A registration may be entered this long before it holds.
const AHEAD_US_MAX: Micros = 366 * DAY_US;

/// The two fields of the form with what is wrong with them.
#[derive(Debug, Clone, Default)]
pub(crate) struct VatFields {
    pub(crate) answer: Field,
    pub(crate) from: Field,
}

impl VatFields {
    /// What was stated before, as the form shows it.
    pub(crate) fn of(statement: Option<VatStatement>, zone: &str) -> Self {
        let Some(statement) = statement else {
            return Self::default();
        };
        let day = date_in(&zone_named(zone), statement.from_us).to_string();
        Self {
            answer: Field::new(if statement.registered { "yes" } else { "no" }),
            from: Field::new(if statement.from_us == 0 { String::new() } else { day }),
        }
    }
}

/// Reads the answer: registering needs a company number and a day; whoever never was registered needs none.
pub(crate) fn read_vat(
    answer: &str,
    from: &str,
    orgno: &str,
    zone: &str,
    now: Micros,
) -> Result<VatStatement, Box<VatFields>> {
    let mut fields = VatFields {
        answer: Field::new(answer),
        from: Field::new(from.trim()),
    };
    let registered = match answer {
        "yes" if orgno.is_empty() => {
            fields.answer.error = Some(FieldError::VatNeedsNumber);
            None
        }
        "yes" => Some(true),
        "no" => Some(false),
        _ => {
            fields.answer.error = Some(FieldError::VatMissing);
            None
        }
    };
    let from_us = match (from.trim(), registered) {
        ("", Some(true)) => Err(FieldError::VatFromMissing),
        ("", Some(false) | None) => Ok(0),
        (typed, _) => typed
            .parse::<Date>()
            .ok()
            .map(|day| midnight(&zone_named(zone), day))
            .filter(|from| (0..=now + AHEAD_US_MAX).contains(from))
            .ok_or(FieldError::VatFromMalformed),
    };
    fields.from.error = from_us.err();
    match (registered, from_us) {
        (Some(registered), Ok(from_us)) => Ok(VatStatement { registered, from_us }),
        _ => Err(Box::new(fields)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_795_420_800_000_000;

    fn read(answer: &str, from: &str, orgno: &str) -> Result<VatStatement, (Option<FieldError>, Option<FieldError>)> {
        read_vat(answer, from, orgno, "Europe/Oslo", NOW).map_err(|fields| (fields.answer.error, fields.from.error))
    }

    #[test]
    fn the_answer_is_asked_and_dated() {
        assert_eq!(read("", "", "999900003"), Err((Some(FieldError::VatMissing), None)));
        assert_eq!(
            read("yes", "2020-01-01", ""),
            Err((Some(FieldError::VatNeedsNumber), None))
        );
        assert_eq!(
            read("yes", "", "999900003"),
            Err((None, Some(FieldError::VatFromMissing)))
        );
        for day in ["2020-13-01", "1.1.2020", "9999-12-31", "1960-01-01"] {
            assert_eq!(
                read("yes", day, "999900003"),
                Err((None, Some(FieldError::VatFromMalformed))),
                "{day}"
            );
        }
        let said = read("yes", "2020-01-01", "999900003").expect("a good answer");
        assert_eq!(
            (said.registered, said.from_us),
            (true, 1_577_833_200_000_000),
            "midnight in Oslo"
        );
        assert_eq!(
            read("no", "", ""),
            Ok(VatStatement {
                registered: false,
                from_us: 0
            })
        );
    }
}
