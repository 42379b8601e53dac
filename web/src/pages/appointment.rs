//! Booked appointments: list, page, confirmation, cancelling, after the call.

use askama::Template;

use super::{PriceBox, Shell};

/// Where an appointment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AppointmentStatus {
    Confirmed,
    InCall,
    Completed,
    Cancelled,
    NoShowConsumer,
    NoShowProvider,
}

/// How a status chip looks; the word carries the meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Neutral,
    Warn,
    Danger,
}

impl Tone {
    /// Class of the chip.
    #[must_use]
    pub fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Neutral => "neutral",
            Self::Warn => "warn",
            Self::Danger => "danger",
        }
    }

    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Good => "check-circle",
            Self::Neutral => "clock",
            Self::Warn => "warning",
            Self::Danger => "warning-circle",
        }
    }
}

impl AppointmentStatus {
    pub const ALL: [Self; 6] = [
        Self::Confirmed,
        Self::InCall,
        Self::Completed,
        Self::Cancelled,
        Self::NoShowConsumer,
        Self::NoShowProvider,
    ];

    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Confirmed => "status-confirmed",
            Self::InCall => "status-in-call",
            Self::Completed => "status-completed",
            Self::Cancelled => "status-cancelled",
            Self::NoShowConsumer => "status-no-show-consumer",
            Self::NoShowProvider => "status-no-show-provider",
        }
    }

    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Confirmed | Self::InCall => Tone::Good,
            Self::Completed | Self::Cancelled => Tone::Neutral,
            Self::NoShowConsumer | Self::NoShowProvider => Tone::Warn,
        }
    }
}

/// What happened, for the timeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimelineEvent {
    Booked,
    /// Amount reserved, minor units, and the currency.
    Reserved(i64, String),
    RoomOpens,
    Starts,
    CallStarted,
    /// Billable milliseconds.
    CallEnded(i64),
    Charged(i64, String),
    Released(i64, String),
    Refunded(i64, String),
    ChargeFailed,
    Cancelled,
    NoShowConsumer,
    NoShowProvider,
    /// Number of the document.
    Receipt(String),
}

impl TimelineEvent {
    /// The sentence of this event.
    #[must_use]
    pub fn text(&self, shell: &Shell) -> String {
        let amount = |key: &str, minor: &i64, currency: &str| shell.t1(key, "amount", &shell.money(minor, currency));
        match self {
            Self::Booked => shell.t("event-booked"),
            Self::Reserved(minor, currency) => amount("event-reserved", minor, currency),
            Self::RoomOpens => shell.t("event-room-opens"),
            Self::Starts => shell.t("event-starts"),
            Self::CallStarted => shell.t("event-call-started"),
            Self::CallEnded(millis) => shell.t1("event-call-ended", "duration", &shell.duration(millis)),
            Self::Charged(minor, currency) => amount("event-charged", minor, currency),
            Self::Released(minor, currency) => amount("event-released", minor, currency),
            Self::Refunded(minor, currency) => amount("event-refunded", minor, currency),
            Self::ChargeFailed => shell.t("event-charge-failed"),
            Self::Cancelled => shell.t("event-cancelled"),
            Self::NoShowConsumer => shell.t("event-no-show-consumer"),
            Self::NoShowProvider => shell.t("event-no-show-provider"),
            Self::Receipt(number) => shell.t1("event-receipt", "number", number),
        }
    }
}

/// One line of the timeline; later than [`Shell::now`] means it is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    pub at: i64,
    pub event: TimelineEvent,
}

/// What every page about one appointment knows.
#[derive(Debug, Clone)]
pub struct AppointmentView {
    pub id: String,
    /// Short reference for people, for example `B7K-42Q`.
    pub reference: String,
    pub service_title: String,
    pub provider_name: String,
    pub provider_slug: String,
    /// The person on the other side.
    pub other_name: String,
    /// The viewer is the provider's side.
    pub viewer_is_provider: bool,
    pub starts_at: i64,
    pub ends_at: i64,
    /// From when on the room can be entered.
    pub opens_at: i64,
    pub can_join: bool,
    pub can_cancel: bool,
    pub status: AppointmentStatus,
    /// What the consumer wrote.
    pub about: String,
    pub price: PriceBox,
    /// Number of the receipt, when there is one.
    pub receipt: Option<String>,
    /// Oldest first; the page shows the newest on top.
    pub timeline: Vec<TimelineEntry>,
}

/// `/bookings/{id}?new=1`
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_new.html")]
pub struct AppointmentNewPage {
    pub shell: Shell,
    pub appointment: AppointmentView,
    /// Where the confirmation was sent.
    pub email: String,
}

/// `/bookings/{id}` before the call, and after it was cancelled or missed.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment.html")]
pub struct AppointmentPage {
    pub shell: Shell,
    pub appointment: AppointmentView,
}

/// `/bookings/{id}` after a completed call.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_after.html")]
pub struct AppointmentAfterPage {
    pub shell: Shell,
    pub appointment: AppointmentView,
    /// Times during which both were connected: start, end.
    pub measured: Vec<(i64, i64)>,
}

/// `/bookings/{id}/cancel`; a POST cancels.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_cancel.html")]
pub struct AppointmentCancelPage {
    pub shell: Shell,
    pub appointment: AppointmentView,
    /// What cancelling now costs, minor units.
    pub fee_minor: i64,
    /// What is released when cancelling now.
    pub released_minor: i64,
}

/// One line of a list of appointments.
#[derive(Debug, Clone)]
pub struct AppointmentRow {
    pub id: String,
    pub starts_at: i64,
    pub ends_at: i64,
    /// The other side: the provider's name for consumers.
    pub with: String,
    pub service_title: String,
    pub status: AppointmentStatus,
    pub can_join: bool,
    pub tint: u8,
}

/// `/bookings`
#[derive(Debug, Clone, Template)]
#[template(path = "appointments.html")]
pub struct AppointmentsPage {
    pub shell: Shell,
    /// Soonest first.
    pub upcoming: Vec<AppointmentRow>,
    /// Newest first.
    pub past: Vec<AppointmentRow>,
}
