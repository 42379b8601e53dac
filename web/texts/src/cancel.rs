//! What cancelling costs and from when on, in sentences: before the booking, on the page of the appointment and in its mail.

use crate::text::{Locale, t};
use crate::{format, text};

/// A moment on the way to the start of an appointment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelMoment {
    /// UTC microseconds.
    At(i64),
    /// So many hours before a start that is not chosen yet; 0 is the start.
    HoursBefore(i64),
}

/// From a moment on cancelling costs so much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelStep {
    pub after: CancelMoment,
    /// Minor units.
    pub fee_minor: i64,
}

/// What cancelling costs from now on. Amounts are minor units of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancelTerms {
    pub currency: String,
    /// What it costs at this moment.
    pub fee_minor: i64,
    /// When it comes to cost more, soonest first.
    pub steps: Vec<CancelStep>,
    /// The last moment at which it can be cancelled.
    pub until: CancelMoment,
    /// The appointment can be cancelled until it starts.
    pub until_start: bool,
    /// What not coming costs.
    pub no_show_minor: i64,
}

impl CancelTerms {
    /// The terms in sentences, each on a line of its own. Times are those of `zone`.
    #[must_use]
    pub fn sentences(&self, locale: Locale, zone: &str) -> Vec<String> {
        let money = |minor| text::Arg::from(format::money(locale, minor, &self.currency));
        let said = |moment, at: &str, before: &str, amount: Option<i64>| {
            let mut args = match moment {
                CancelMoment::At(at) => vec![("when", format::day_time(locale, at, zone).into())],
                CancelMoment::HoursBefore(hours) => vec![("hours", hours.into())],
            };
            args.extend(amount.map(|minor| ("amount", money(minor))));
            let key = match moment {
                CancelMoment::At(_) => at,
                CancelMoment::HoursBefore(_) => before,
            };
            t(locale, key, &args)
        };
        let mut lines = Vec::new();
        if self.fee_minor == 0 {
            let end = self.steps.first().map_or(self.until, |step| step.after);
            lines.push(said(end, "price-cancel-until", "cancel-free-before", None));
        } else {
            lines.push(t(locale, "cancel-costs-now", &[("amount", money(self.fee_minor))]));
        }
        for step in &self.steps {
            lines.push(said(
                step.after,
                "cancel-costs-after",
                "cancel-costs-before",
                Some(step.fee_minor),
            ));
        }
        if !self.until_start {
            lines.push(said(self.until, "cancel-last", "cancel-last-before", None));
        }
        if self.no_show_minor > 0 {
            lines.push(t(locale, "no-show-costs", &[("amount", money(self.no_show_minor))]));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tuesday 24 November 2026, 10:00 in Oslo.
    const TEN: i64 = 1_795_510_800_000_000;
    const HOUR: i64 = 3_600_000_000;

    fn lines(terms: &CancelTerms) -> Vec<String> {
        let lines = terms.sentences(Locale::Nb, "Europe/Oslo").into_iter();
        lines.map(|line| line.replace('\u{a0}', " ")).collect()
    }

    #[test]
    fn a_chosen_time_has_dates_and_sums() {
        let terms = CancelTerms {
            currency: "NOK".into(),
            fee_minor: 0,
            steps: vec![CancelStep {
                after: CancelMoment::At(TEN),
                fee_minor: 22_500,
            }],
            until: CancelMoment::At(TEN + 20 * HOUR),
            until_start: false,
            no_show_minor: 45_000,
        };
        let expect = [
            "Gratis avbestilling til tirsdag 24. november kl. 10:00.",
            "Avbestiller du etter tirsdag 24. november kl. 10:00, koster det 225 kr.",
            "Etter onsdag 25. november kl. 06:00 kan timen ikke avbestilles.",
            "Møter du ikke, koster det 450 kr.",
        ];
        assert_eq!(lines(&terms), expect);
        let late = CancelTerms {
            fee_minor: 22_500,
            steps: Vec::new(),
            until_start: true,
            ..terms
        };
        let expect = [
            "Avbestiller du nå, koster det 225 kr.",
            "Møter du ikke, koster det 450 kr.",
        ];
        assert_eq!(lines(&late), expect);
    }

    #[test]
    fn before_a_time_is_chosen_the_hours_are_said() {
        let terms = CancelTerms {
            currency: "NOK".into(),
            fee_minor: 0,
            steps: vec![CancelStep {
                after: CancelMoment::HoursBefore(24),
                fee_minor: 19_500,
            }],
            until: CancelMoment::HoursBefore(1),
            until_start: false,
            no_show_minor: 0,
        };
        let expect = [
            "Gratis avbestilling til 24 timer før timen begynner.",
            "Avbestiller du senere enn 24 timer før, koster det 195 kr.",
            "Den siste timen før start kan timen ikke avbestilles.",
        ];
        assert_eq!(lines(&terms), expect);
        let free = CancelTerms {
            steps: Vec::new(),
            until: CancelMoment::HoursBefore(0),
            until_start: true,
            ..terms
        };
        assert_eq!(lines(&free), ["Gratis avbestilling til timen begynner."]);
    }
}
