//! A provider's public page with the slot picker.

use askama::Template;
use jiff::civil::Date;

use super::search::Category;
use super::{Price, PriceBox, Shell};

/// One service to choose.
#[derive(Debug, Clone)]
pub struct ServiceOption {
    pub id: String,
    pub title: String,
    pub description: String,
    pub duration_min: u32,
    pub price: Price,
    pub selected: bool,
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
