//! Booked appointments: list, page, confirmation, cancelling, after the call.

use askama::Template;

use super::book::HeldTime;
use super::commission::AppointmentCommission;
use super::dispute::DisputeLink;
use super::refund::RefundLine;
use super::{PriceBox, PriceState, Shell};

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

    /// The word in addresses.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::InCall => "in_call",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShowConsumer => "no_show_consumer",
            Self::NoShowProvider => "no_show_provider",
        }
    }

    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.slug() == slug)
    }

    /// Name of the icon that stands for it.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Confirmed => "check-circle",
            Self::InCall => "video-camera",
            Self::Completed => "check",
            Self::Cancelled => "x",
            Self::NoShowConsumer | Self::NoShowProvider => "warning",
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
    /// By mail, that the customer waits.
    ProviderTold,
    TakenOver,
    CallStarted,
    /// Billable milliseconds.
    CallEnded(i64),
    /// Both sides went on; the highest price since, minor units, and its currency.
    Extended(i64, String),
    Charged(i64, String),
    Released(i64, String),
    Refunded(i64, String),
    ChargeFailed,
    RefundFailed,
    /// The provider was asked to pay back.
    RefundAsked(i64, String),
    DisputeOpened,
    /// Something was said in a dispute, or brought in.
    DisputeSaid,
    DisputeOffered(i64, String),
    DisputeAccepted(i64, String),
    DisputeWithdrawn,
    /// So much is paid back; nothing where it is zero.
    DisputeDecided(i64, String),
    Cancelled,
    /// By right of withdrawal.
    Withdrawn,
    NoShowConsumer,
    NoShowProvider,
    /// Number of the document.
    Receipt(String),
    CreditNote(String),
    Invoice(String),
    /// Money came in for an invoice.
    InvoicePaid(i64, String),
    InvoicePaidBack(i64, String),
    /// Number of the reminder.
    InvoiceReminded(i64),
}

impl TimelineEvent {
    /// The sentence of this event.
    #[must_use]
    pub fn text(&self, shell: &Shell) -> String {
        let amount = |key: &str, minor: &i64, currency: &str| shell.t1(key, "amount", shell.money(minor, currency));
        match self {
            Self::Booked => shell.t("event-booked"),
            Self::Reserved(minor, currency) => amount("event-reserved", minor, currency),
            Self::RoomOpens => shell.t("event-room-opens"),
            Self::Starts => shell.t("event-starts"),
            Self::ProviderTold => shell.t("event-provider-told"),
            Self::TakenOver => shell.t("event-taken-over"),
            Self::CallStarted => shell.t("event-call-started"),
            Self::CallEnded(millis) => shell.t1("event-call-ended", "duration", shell.duration(millis)),
            Self::Extended(minor, currency) => amount("event-extended", minor, currency),
            Self::Charged(minor, currency) => amount("event-charged", minor, currency),
            Self::Released(minor, currency) => amount("event-released", minor, currency),
            Self::Refunded(minor, currency) => amount("event-refunded", minor, currency),
            Self::ChargeFailed => shell.t("event-charge-failed"),
            Self::RefundFailed => shell.t("event-refund-failed"),
            Self::RefundAsked(minor, currency) => amount("event-refund-asked", minor, currency),
            Self::DisputeOpened => shell.t("event-dispute-opened"),
            Self::DisputeSaid => shell.t("event-dispute-said"),
            Self::DisputeOffered(minor, currency) => amount("event-dispute-offered", minor, currency),
            Self::DisputeAccepted(minor, currency) => amount("event-dispute-accepted", minor, currency),
            Self::DisputeWithdrawn => shell.t("event-dispute-withdrawn"),
            Self::DisputeDecided(0, _) => shell.t("event-dispute-decided-none"),
            Self::DisputeDecided(minor, currency) => amount("event-dispute-decided", minor, currency),
            Self::Cancelled => shell.t("event-cancelled"),
            Self::Withdrawn => shell.t("event-withdrawn"),
            Self::NoShowConsumer => shell.t("event-no-show-consumer"),
            Self::NoShowProvider => shell.t("event-no-show-provider"),
            Self::Receipt(number) => shell.t1("event-receipt", "number", number),
            Self::CreditNote(number) => shell.t1("event-credit-note", "number", number),
            Self::Invoice(number) => shell.t1("event-invoice", "number", number),
            Self::InvoicePaid(minor, currency) => amount("event-invoice-paid-sum", minor, currency),
            Self::InvoicePaidBack(minor, currency) => amount("event-invoice-paid-back-sum", minor, currency),
            Self::InvoiceReminded(number) => shell.t1("event-invoice-reminded", "number", number.to_string()),
        }
    }
}

/// One line of the timeline; later than [`Shell::now`] means it is still to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    pub at: i64,
    pub event: TimelineEvent,
}

/// How the customer can be reached; empty texts once the account is erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub email: String,
    pub phone: String,
}

/// A document that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLink {
    pub id: String,
    /// Key of what it is called.
    pub kind: &'static str,
    pub number: String,
}

/// An organisation that buys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyerOrg {
    pub name: String,
    /// Nine digits.
    pub number: String,
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
    /// How to reach the other side; only the provider's side gets it.
    pub contact: Option<Contact>,
    pub starts_at: i64,
    pub ends_at: i64,
    /// From when on the room can be entered.
    pub opens_at: i64,
    pub can_join: bool,
    pub can_cancel: bool,
    /// The card was declined, and the viewer may pay anew.
    pub pay_anew: bool,
    /// When a kept card that was declined is charged once more.
    pub pay_later: Option<i64>,
    pub status: AppointmentStatus,
    /// What the consumer wrote.
    pub about: String,
    pub price: PriceBox,
    /// For which organisation it is booked.
    pub buyer_org: Option<BuyerOrg>,
    /// Until when the viewer can withdraw from it at no cost.
    pub withdraw_until: Option<i64>,
    /// Number of the receipt, when there is one.
    pub receipt: Option<String>,
    /// All that was issued about it, oldest first.
    pub documents: Vec<DocumentLink>,
    /// What was paid back, or is on its way, oldest first.
    pub refunds: Vec<RefundLine>,
    /// The viewer owns the business, and something was paid.
    pub can_refund: bool,
    /// What the sides disagree about, or the way to say so.
    pub dispute: Option<DisputeLink>,
    /// Oldest first; the page shows the newest on top.
    pub timeline: Vec<TimelineEntry>,
    /// For the business; none where nothing is kept.
    pub commission: Option<AppointmentCommission>,
}

impl AppointmentView {
    fn newest_first(&self) -> Vec<TimelineEntry> {
        let mut entries = self.timeline.clone();
        entries.sort_by_key(|entry| entry.at);
        entries.reverse();
        entries
    }

    fn money(&self, shell: &Shell, minor: i64) -> String {
        shell.money(minor, &self.price.price.currency)
    }

    /// What an appointment that was cancelled or missed by the customer came to.
    fn ending(&self, shell: &Shell) -> String {
        let missed = self.status == AppointmentStatus::NoShowConsumer;
        let (free, costs, costs_all) = match missed {
            true => (
                "no-show-consumer-text",
                "no-show-consumer-fee-text",
                "no-show-consumer-fee-all-text",
            ),
            false => ("cancelled-text", "cancelled-fee-text", "cancelled-fee-all-text"),
        };
        match self.price.state {
            PriceState::Fee {
                charged_minor,
                released_minor,
                ..
            } => {
                let key = if released_minor > 0 { costs } else { costs_all };
                shell.t1(key, "amount", self.money(shell, charged_minor))
            }
            PriceState::Owed { owed_minor, paid_minor } => {
                shell.t1(costs_all, "amount", self.money(shell, owed_minor + paid_minor))
            }
            PriceState::Estimate
            | PriceState::Reserved { .. }
            | PriceState::Final { .. }
            | PriceState::Released { .. } => shell.t(free),
        }
    }
}

impl AppointmentPage {
    fn newest_first(&self) -> Vec<TimelineEntry> {
        self.appointment.newest_first()
    }
}

impl AppointmentAfterPage {
    fn newest_first(&self) -> Vec<TimelineEntry> {
        self.appointment.newest_first()
    }

    /// All rows together, milliseconds.
    fn measured_ms(&self) -> i64 {
        self.measured.iter().map(|row| row.tenths * 100).sum()
    }

    /// What the call cost, in one sentence.
    fn result(&self) -> Option<String> {
        let PriceState::Final {
            billable_ms,
            charged_minor,
            released_minor,
            ..
        } = self.appointment.price.state
        else {
            return None;
        };
        let (shell, duration) = (&self.shell, self.shell.duration_exact(billable_ms));
        let charged = self.appointment.money(shell, charged_minor);
        let cost = if charged_minor == 0 {
            shell.t1("result-free", "duration", &duration)
        } else {
            shell.t2("result-cost", "duration", &duration, "amount", &charged)
        };
        if released_minor == 0 {
            return Some(cost);
        }
        let released = self.appointment.money(shell, released_minor);
        Some(format!("{cost} {}", shell.t1("result-released", "amount", &released)))
    }
}

impl AppointmentCancelPage {
    /// What cancelling costs and gives back.
    fn consequence(&self) -> String {
        let (shell, view) = (&self.shell, &self.appointment);
        if view.viewer_is_provider {
            return shell.t("cancel-as-provider");
        }
        let released = view.money(shell, self.released_minor);
        let fee = view.money(shell, self.fee_minor);
        match (self.fee_minor, self.released_minor) {
            (0, ..=0) => shell.t("cancel-nothing"),
            (0, 1..) => shell.t1("cancel-free", "released", &released),
            (_, ..=0) => shell.t1("cancel-fee-all", "amount", &fee),
            (_, 1..) => shell.t2("cancel-fee", "amount", &fee, "released", &released),
        }
    }

    /// Until when the right of withdrawal spares the customer the fee.
    fn free_until(&self) -> Option<i64> {
        self.appointment.withdraw_until.filter(|_| self.fee_minor > 0)
    }

    /// What the button does, with the sum.
    fn button(&self) -> String {
        if self.fee_minor == 0 {
            return self.shell.t("cancel-button");
        }
        let fee = self.appointment.money(&self.shell, self.fee_minor);
        self.shell.t1("cancel-button-fee", "amount", fee)
    }
}

impl AppointmentWithdrawPage {
    /// The sentence of the form that withdraws.
    fn notice(&self) -> String {
        let (shell, view) = (&self.shell, &self.appointment);
        let args = [
            ("title", view.service_title.as_str().into()),
            ("when", shell.span(view.starts_at, view.ends_at).into()),
            ("reference", view.reference.as_str().into()),
        ];
        crate::text::t(shell.locale, "withdraw-form-notice", &args)
    }
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
    /// Times during which both were connected.
    pub measured: Vec<MeasuredRow>,
}

/// One time during which both were connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MeasuredRow {
    pub from: i64,
    pub to: i64,
    /// Its length in tenths of a second, rounded so that the rows add up to the whole.
    pub tenths: i64,
}

/// `/bookings/{id}/cancel`; a POST cancels. Form field: `fee`, the sum in minor units that was shown.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_cancel.html")]
pub struct AppointmentCancelPage {
    pub shell: Shell,
    pub appointment: AppointmentView,
    /// What cancelling now costs whoever looks.
    pub fee_minor: i64,
    /// What is released when cancelling now.
    pub released_minor: i64,
    /// It came to cost more since the page was opened, and nothing was done.
    pub changed: bool,
}

/// `/bookings/{id}/withdraw`; a POST withdraws. It holds the form of the law (angrerettloven section 8), filled in.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_withdraw.html")]
pub struct AppointmentWithdrawPage {
    pub shell: Shell,
    pub appointment: AppointmentView,
    pub until: i64,
    pub ordered_at: i64,
    pub seller_name: String,
    /// Empty where the seller states none.
    pub seller_email: String,
    pub consumer_name: String,
}

/// `/bookings/{id}` for a colleague of whoever takes it: when and with whom, and nothing that the customer wrote.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_colleague.html")]
pub struct AppointmentColleaguePage {
    pub shell: Shell,
    pub id: String,
    pub reference: String,
    pub service_title: String,
    pub customer: String,
    /// Who takes it.
    pub member: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub status: AppointmentStatus,
    /// The customer is in the waiting room.
    pub waiting: bool,
    /// Oldest first, for whoever may read them.
    pub documents: Vec<DocumentLink>,
    /// The viewer owns the business, and something was paid.
    pub can_refund: bool,
    pub dispute: Option<DisputeLink>,
    pub can_take_over: bool,
}

impl AppointmentColleaguePage {
    /// Who takes it, or took it.
    fn taken_by(&self) -> String {
        let key = match self.status {
            AppointmentStatus::Confirmed | AppointmentStatus::InCall => "colleague-takes",
            AppointmentStatus::Completed
            | AppointmentStatus::Cancelled
            | AppointmentStatus::NoShowConsumer
            | AppointmentStatus::NoShowProvider => "colleague-took",
        };
        self.shell.t1(key, "name", &self.member)
    }
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
    /// Begun and not booked yet.
    pub held: Vec<HeldTime>,
    /// Soonest first.
    pub upcoming: Vec<AppointmentRow>,
    /// Ahead in time but not coming; newest first.
    pub cancelled: Vec<AppointmentRow>,
    /// Newest first.
    pub past: Vec<AppointmentRow>,
}
