//! Paying back: the form for owners and operators, what consumers read of it, and the operator's page of what waits.

use askama::Template;

use super::appointment::Tone;
use super::field::Field;
use super::{RecordWord, Shell};
use crate::routes;

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    /// A second person must agree.
    Waiting,
    Declined,
    /// Asked for, or known to the payment provider.
    OnItsWay,
    Done,
    Failed,
}

impl RefundStatus {
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Declined, Self::OnItsWay, Self::Done, Self::Failed];

    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Waiting => "refund-state-waiting",
            Self::Declined => "refund-state-declined",
            Self::OnItsWay => "refund-state-pending",
            Self::Done => "refund-state-done",
            Self::Failed => "refund-state-failed",
        }
    }

    pub(super) fn tone(self) -> Tone {
        match self {
            Self::Waiting | Self::OnItsWay | Self::Declined => Tone::Neutral,
            Self::Done => Tone::Good,
            Self::Failed => Tone::Warn,
        }
    }
}

/// One refund as the sides of an appointment read it.
#[derive(Debug, Clone)]
pub struct RefundLine {
    pub at: i64,
    pub amount_minor: i64,
    pub currency: String,
    /// Empty where it was made at the provider's own pages.
    pub reason: String,
    pub status: RefundStatus,
}

/// One refund on the page that pays back.
#[derive(Debug, Clone)]
pub struct RefundRow {
    /// What a decision names.
    pub id: String,
    pub line: RefundLine,
    /// Who asked; empty where nobody of ours did.
    pub asked_by: String,
    pub can_decide: bool,
    /// Whoever looks asked for it, and it waits.
    pub can_take_back: bool,
}

/// What a page that pays back shows and asks. Form fields: `amount`, `reason` and `known`; or `action` (`approve`,
/// `decline`) with the `id` of what waits.
#[derive(Debug, Clone)]
pub struct RefundForm {
    /// Where the form goes.
    pub path: String,
    /// Where the page leads back to.
    pub back: String,
    pub reference: String,
    /// The other side, or for operators its initials.
    pub consumer: String,
    pub provider: String,
    pub service_title: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub currency: String,
    pub paid_minor: i64,
    pub back_minor: i64,
    /// Asked for, and not with the consumer yet.
    pub on_its_way_minor: i64,
    pub waiting_minor: i64,
    pub left_minor: i64,
    /// Up to this sum of all refunds one person decides alone.
    pub alone_minor: i64,
    /// The test provider took it, so that no money moves.
    pub is_test: bool,
    pub refunds: Vec<RefundRow>,
    /// How many refunds there were when the form was made.
    pub known: usize,
    /// A dispute is open, whose decision says what is paid back.
    pub disputed: bool,
    /// Somebody was faster, and what was sent changed nothing.
    pub changed: bool,
    pub amount: Field,
    pub reason: Field,
}

impl RefundForm {
    fn problems(&self, shell: &Shell) -> Vec<(&'static str, String)> {
        shell.problems(&[("amount", self.amount.error), ("reason", self.reason.error)])
    }
}

/// `/bookings/{id}/refund`, for owners.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_refund.html")]
pub struct AppointmentRefundPage {
    pub shell: Shell,
    pub form: RefundForm,
}

/// `/operator/appointments/{id}/refund`
#[derive(Debug, Clone, Template)]
#[template(path = "operator_refund.html")]
pub struct OperatorRefundPage {
    pub shell: Shell,
    pub form: RefundForm,
}

/// A refund in the operator's lists.
#[derive(Debug, Clone)]
pub struct WaitingRefundRow {
    pub id: String,
    /// Id and reference of the appointment.
    pub appointment: String,
    pub reference: String,
    pub provider: String,
    pub amount_minor: i64,
    pub currency: String,
    pub reason: String,
    /// Empty where nobody of ours asked.
    pub asked_by: String,
    pub at: i64,
    /// Whoever looks did not ask for it.
    pub can_decide: bool,
}

impl WaitingRefundRow {
    fn path(&self) -> String {
        routes::operator_appointment_refund(&self.appointment)
    }
}

/// Which difference between the books and a payment provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceWord {
    NotThere,
    Status,
    Amount,
    NoProvider,
}

impl DifferenceWord {
    pub const ALL: [Self; 4] = [Self::NotThere, Self::Status, Self::Amount, Self::NoProvider];

    /// Keys of what it is, and of what to do.
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::NotThere => ("difference-not-there", "difference-not-there-do"),
            Self::Status => ("difference-status", "difference-status-do"),
            Self::Amount => ("difference-amount", "difference-amount-do"),
            Self::NoProvider => ("difference-no-provider", "difference-no-provider-do"),
        }
    }
}

/// A payment whose provider says something else than the books.
#[derive(Debug, Clone)]
pub struct DifferenceRow {
    pub payment: String,
    /// Empty for a payment that never became an appointment's.
    pub appointment: String,
    pub reference: String,
    pub psp: String,
    pub word: DifferenceWord,
    pub ours: String,
    pub theirs: String,
    pub found_at: i64,
    pub seen_at: i64,
}

/// A call to a payment provider that brings no answer.
#[derive(Debug, Clone)]
pub struct StuckRow {
    pub operation: RecordWord,
    /// Empty for a payment that never became an appointment's.
    pub appointment: String,
    pub reference: String,
    pub psp: String,
    pub amount_minor: i64,
    pub currency: String,
    pub attempts: i64,
    pub error: String,
    pub since: i64,
    pub next_at: i64,
}

/// `/operator/refunds`: what of the money waits for an operator. Form fields: `action` (`approve`, `decline`) and `id`.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_refunds.html")]
pub struct OperatorRefundsPage {
    pub shell: Shell,
    pub waiting: Vec<WaitingRefundRow>,
    pub failed: Vec<WaitingRefundRow>,
    pub differences: Vec<DifferenceRow>,
    pub stuck: Vec<StuckRow>,
}

impl OperatorRefundsPage {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.failed.is_empty() && self.differences.is_empty() && self.stuck.is_empty()
    }
}
