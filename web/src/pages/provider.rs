//! A provider's public page with the slot picker.

use askama::Template;
use jiff::civil::Date;

use super::book::HeldTime;
use super::search::Category;
use super::seller::SellerView;
use super::shell::Day;
use super::{PriceBox, PriceTerms, Shell};
use crate::{format, routes};

/// One service to choose.
#[derive(Debug, Clone)]
pub struct ServiceOption {
    pub id: String,
    pub title: String,
    pub description: String,
    /// What stands before the price.
    pub facts: Vec<ServiceFact>,
    pub price: PriceTerms,
    pub selected: bool,
}

/// Something about a service in a few words, such as how long it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFact {
    /// Of the text that says it with `$value`.
    pub key: &'static str,
    pub value: String,
}

/// One day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCell {
    pub date: Date,
    /// Number of free times.
    pub free: u32,
}

/// A free time of the chosen day: pressing it posts `service` and `start` to `/holds`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeSlot {
    /// UTC microseconds.
    pub start: i64,
    pub end: i64,
}

/// The month that is shown.
#[derive(Debug, Clone)]
pub struct Calendar {
    /// Every day of the month, or of the part of it that can be booked, in order.
    pub days: Vec<DayCell>,
    pub today: Date,
    pub selected: Date,
    /// A day of the month before, when something there can be booked.
    pub earlier: Option<Date>,
    pub later: Option<Date>,
}

#[derive(Debug, Clone, Template)]
#[template(path = "provider.html")]
pub struct ProviderPage {
    pub shell: Shell,
    /// What the visitor holds, here or elsewhere.
    pub held: Vec<HeldTime>,
    pub slug: String,
    pub name: String,
    pub category: Category,
    pub town: String,
    pub about: String,
    /// Names of the people one meets.
    pub members: Vec<String>,
    /// Nine digits, when given.
    pub org_number: Option<String>,
    pub tint: u8,
    pub services: Vec<ServiceOption>,
    /// `None` when there is no service to book.
    pub picker: Option<Picker>,
    /// Key of the sentence that says why services that have a price cannot be booked, where there are such.
    pub unsold: Option<&'static str>,
    /// Who sells, once the business has said so.
    pub seller: Option<SellerView>,
}

/// Times of the chosen service.
#[derive(Debug, Clone)]
pub struct Picker {
    pub service: String,
    pub calendar: Calendar,
    /// Times of the selected day.
    pub times: Vec<TimeSlot>,
    /// The next free time after the selected day, when that day has none; UTC microseconds.
    pub next_free: Option<i64>,
    pub price: PriceBox,
}

/// Numbers of the weekdays, Monday first.
pub(crate) const WEEKDAYS: [u8; 7] = [1, 2, 3, 4, 5, 6, 7];

/// One row of the calendar.
struct Week {
    days: [Option<DayCell>; 7],
    /// The selected day is in it.
    chosen: bool,
}

impl Calendar {
    /// The days in rows from Monday to Sunday.
    fn weeks(&self) -> Vec<Week> {
        let mut weeks: Vec<(Date, Week)> = Vec::new();
        for cell in &self.days {
            let offset = cell.date.weekday().to_monday_zero_offset();
            let monday = cell.date.saturating_sub(jiff::Span::new().days(i64::from(offset)));
            if weeks.last().is_none_or(|(held, _)| *held != monday) {
                weeks.push((
                    monday,
                    Week {
                        days: [None; 7],
                        chosen: false,
                    },
                ));
            }
            if let Some((_, week)) = weeks.last_mut() {
                week.days[usize::try_from(offset).unwrap_or(0)] = Some(*cell);
                week.chosen |= cell.date == self.selected;
            }
        }
        weeks.into_iter().map(|(_, week)| week).collect()
    }
}

/// Times of one part of the day, under its heading.
struct DayPart {
    key: &'static str,
    times: Vec<TimeSlot>,
}

/// Times of one part of the day that stand open; more are a press away.
const TIMES_SHOWN: usize = 12;

impl DayPart {
    fn shown(&self) -> &[TimeSlot] {
        &self.times[..self.times.len().min(TIMES_SHOWN)]
    }

    fn folded(&self) -> &[TimeSlot] {
        &self.times[self.times.len().min(TIMES_SHOWN)..]
    }
}

impl ProviderPage {
    /// The visitor's own hold of this service and time, if it is one.
    fn own(&self, picker: &Picker, time: &TimeSlot) -> Option<&HeldTime> {
        let own = |held: &&HeldTime| held.service == picker.service && held.starts_at == time.start;
        self.held.iter().find(own)
    }

    fn day_url(&self, picker: &Picker, day: impl Day) -> String {
        routes::provider_day(&self.slug, &picker.service, day.date())
    }

    fn weekday_short(&self, number: &u8) -> String {
        self.shell.weekday(number).chars().take(2).collect()
    }

    fn day_parts(&self, picker: &Picker) -> Vec<DayPart> {
        let hours = [
            ("part-night", 0..6),
            ("part-morning", 6..12),
            ("part-afternoon", 12..17),
            ("part-evening", 17..24),
        ];
        let part = |(key, range): (&'static str, std::ops::Range<i8>)| {
            let here = |slot: &&TimeSlot| range.contains(&format::hour_of(slot.start, &self.shell.zone));
            DayPart {
                key,
                times: picker.times.iter().filter(here).copied().collect(),
            }
        };
        hours
            .into_iter()
            .map(part)
            .filter(|part| !part.times.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_fall_into_weeks_from_monday() {
        let day = |d| DayCell {
            date: Date::constant(2026, 11, d),
            free: 0,
        };
        let selected = Date::constant(2026, 11, 24);
        let days = (20..=30).map(day).collect();
        let weeks = Calendar {
            days,
            today: selected,
            selected,
            earlier: None,
            later: None,
        }
        .weeks();
        let shape: Vec<(usize, bool)> = weeks
            .iter()
            .map(|week| (week.days.iter().flatten().count(), week.chosen))
            .collect();
        // 20 November 2026 is a Friday, 30 November a Monday.
        assert_eq!(shape, [(3, false), (7, true), (1, false)]);
        assert_eq!(weeks[0].days[4], Some(day(20)));
    }
}
