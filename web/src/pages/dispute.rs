//! Disputes: what the sides of an appointment disagree about, and the operators' pages that decide.

use askama::Template;

use super::appointment::{TimelineEntry, Tone};
use super::field::Field;
use super::operator::{LedgerRow, PaymentRow, QualityRow, SegmentRow};
use super::{FieldError, PriceBox, Shell};
use crate::routes;

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeStatus {
    Opened,
    Answered,
    /// What is to be paid back waits for a second person.
    Deciding,
    Decided,
    Withdrawn,
}

impl DisputeStatus {
    pub const ALL: [Self; 5] = [
        Self::Opened,
        Self::Answered,
        Self::Deciding,
        Self::Decided,
        Self::Withdrawn,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Opened => "dispute-state-opened",
            Self::Answered => "dispute-state-answered",
            Self::Deciding => "dispute-state-deciding",
            Self::Decided => "dispute-state-decided",
            Self::Withdrawn => "dispute-state-withdrawn",
        }
    }

    pub(crate) fn tone(self) -> Tone {
        match self {
            Self::Opened | Self::Answered | Self::Deciding => Tone::Warn,
            Self::Decided => Tone::Good,
            Self::Withdrawn => Tone::Neutral,
        }
    }

    /// Whether money is on hold by it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Opened | Self::Answered | Self::Deciding => true,
            Self::Decided | Self::Withdrawn => false,
        }
    }
}

/// What the page of an appointment shows of its dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeLink {
    /// One can be opened.
    CanOpen,
    /// Where the newest one stands.
    Is(DisputeStatus),
}

/// Who speaks, as whoever looks names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeWho {
    You,
    Consumer,
    Provider,
    Operator,
}

impl DisputeWho {
    pub const ALL: [Self; 4] = [Self::You, Self::Consumer, Self::Provider, Self::Operator];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::You => "dispute-who-you",
            Self::Consumer => "dispute-who-consumer",
            Self::Provider => "dispute-who-provider",
            Self::Operator => "dispute-who-operator",
        }
    }
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeWord {
    Opened,
    Answered,
    Added,
    Offered,
    Accepted,
    Withdrawn,
    Statement,
    Proposed,
    Decided,
    Declined,
}

impl DisputeWord {
    pub const ALL: [Self; 10] = [
        Self::Opened,
        Self::Answered,
        Self::Added,
        Self::Offered,
        Self::Accepted,
        Self::Withdrawn,
        Self::Statement,
        Self::Proposed,
        Self::Decided,
        Self::Declined,
    ];

    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Opened => "dispute-entry-opened",
            Self::Answered => "dispute-entry-answered",
            Self::Added => "dispute-entry-added",
            Self::Offered => "dispute-entry-offered",
            Self::Accepted => "dispute-entry-accepted",
            Self::Withdrawn => "dispute-entry-withdrawn",
            Self::Statement => "dispute-entry-statement",
            Self::Proposed => "dispute-entry-proposed",
            Self::Decided => "dispute-entry-decided",
            Self::Declined => "dispute-entry-declined",
        }
    }
}

/// One thing that was said or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeEntryRow {
    pub at: i64,
    pub who: DisputeWho,
    pub word: DisputeWord,
    /// Whose words an operator brought in; empty otherwise.
    pub source: String,
    pub body: String,
    pub amount_minor: Option<i64>,
}

/// One file that was handed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeFileRow {
    pub id: String,
    pub at: i64,
    pub who: DisputeWho,
    pub source: String,
    pub name: String,
    pub size_bytes: i64,
}

impl DisputeFileRow {
    /// Thousands of bytes, at least one.
    fn kilobytes(&self) -> i64 {
        (self.size_bytes / 1_000).max(1)
    }
}

/// A dispute as one side of it, or an operator, reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeView {
    pub status: DisputeStatus,
    pub opened_by_consumer: bool,
    pub opened_at: i64,
    pub currency: String,
    pub offer_minor: Option<i64>,
    /// What was decided, once it is.
    pub refund_minor: Option<i64>,
    pub entries: Vec<DisputeEntryRow>,
    pub files: Vec<DisputeFileRow>,
    /// How many entries there were when the form was made.
    pub known: usize,
    pub can_say: bool,
    pub can_offer: bool,
    pub can_accept: bool,
    pub can_withdraw: bool,
    /// What can still be paid back, minor units.
    pub left_minor: i64,
}

impl DisputeView {
    /// Whole days since it was opened.
    fn age_days(&self, shell: &Shell) -> i64 {
        (shell.now - self.opened_at).max(0) / 86_400_000_000
    }
}

/// What a page about a dispute says about its appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeHead {
    pub id: String,
    pub reference: String,
    pub provider: String,
    /// The other side, or for operators its initials.
    pub consumer: String,
    pub service_title: String,
    pub starts_at: i64,
    pub ends_at: i64,
}

/// `/bookings/{id}/dispute`. Form fields: `action` (`open`, `say`, `offer`, `accept`, `withdraw`), `known`, `body`, `amount`,
/// `offer_body`; files go to `/bookings/{id}/dispute/files` as `file`.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_dispute.html")]
pub struct DisputePage {
    pub shell: Shell,
    pub head: DisputeHead,
    /// None where there is none yet.
    pub dispute: Option<DisputeView>,
    pub can_open: bool,
    /// Until when one can be opened.
    pub open_until: i64,
    /// What was sent changed nothing, since somebody was faster.
    pub changed: bool,
    pub body: Field,
    pub amount: Field,
    pub offer_body: Field,
    pub file: Option<FieldError>,
}

impl DisputePage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("body", self.body.error),
            ("amount", self.amount.error),
            ("offer_body", self.offer_body.error),
            ("file", self.file),
        ])
    }
}

/// `/operator/appointments/{id}/dispute`. Form fields: `action` (`decide`, `statement`), `known`, `amount`, `reason`,
/// `source`, `statement`; files go to `/operator/appointments/{id}/dispute/files` as `file_source` and `file`.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_dispute.html")]
pub struct OperatorDisputePage {
    pub shell: Shell,
    pub head: DisputeHead,
    pub dispute: DisputeView,
    /// When the price and the rules were frozen.
    pub booked_at: i64,
    /// What the customer was shown before the click.
    pub shown: PriceBox,
    /// What it came to.
    pub price: PriceBox,
    pub timeline: Vec<TimelineEntry>,
    pub segments: Vec<SegmentRow>,
    pub quality: Vec<QualityRow>,
    pub payments: Vec<PaymentRow>,
    pub ledger: Vec<LedgerRow>,
    /// Up to this sum of all refunds one person decides alone.
    pub alone_minor: i64,
    pub changed: bool,
    pub amount: Field,
    pub reason: Field,
    pub source: Field,
    pub statement: Field,
    pub file_source: Field,
    pub file: Option<FieldError>,
}

impl OperatorDisputePage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("amount", self.amount.error),
            ("reason", self.reason.error),
            ("source", self.source.error),
            ("statement", self.statement.error),
            ("file_source", self.file_source.error),
            ("file", self.file),
        ])
    }
}

/// A dispute in the operators' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DisputeRow {
    /// Of the appointment.
    pub id: String,
    pub reference: String,
    pub provider: String,
    pub service_title: String,
    pub status: DisputeStatus,
    pub opened_by_consumer: bool,
    /// What the business offers, or what was decided.
    pub amount_minor: Option<i64>,
    /// What is on hold.
    pub held_minor: i64,
    pub currency: String,
    pub opened_at: i64,
    /// When something was said last, or it ended.
    pub last_at: i64,
}

impl DisputeRow {
    fn path(&self) -> String {
        routes::operator_appointment_dispute(&self.id)
    }

    fn opener(&self) -> &'static str {
        match self.opened_by_consumer {
            true => DisputeWho::Consumer.key(),
            false => DisputeWho::Provider.key(),
        }
    }
}

/// `/operator/disputes`
#[derive(Debug, Clone, Template)]
#[template(path = "operator_disputes.html")]
pub struct OperatorDisputesPage {
    pub shell: Shell,
    /// Oldest first.
    pub open: Vec<DisputeRow>,
    /// Newest first.
    pub closed: Vec<DisputeRow>,
}
