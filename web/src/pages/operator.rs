//! The operator's pages: live calls, appointments, people.

use askama::Template;

use super::appointment::{AppointmentStatus, DocumentLink, TimelineEntry, Tone};
use super::dispute::DisputeStatus;
use super::field::Field;
use super::provider_admin::Broken;
use super::{RecordWord, Shell};
use crate::routes;

/// How a call is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallHealth {
    /// Somebody waits in the lobby.
    Waiting,
    Good,
    Weak,
    Reconnecting,
}

impl CallHealth {
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Waiting => "health-waiting",
            Self::Good => "health-good",
            Self::Weak => "health-weak",
            Self::Reconnecting => "health-reconnecting",
        }
    }

    #[must_use]
    pub fn tone(self) -> Tone {
        match self {
            Self::Waiting => Tone::Neutral,
            Self::Good => Tone::Good,
            Self::Weak => Tone::Warn,
            Self::Reconnecting => Tone::Danger,
        }
    }
}

/// One live call in the list.
#[derive(Debug, Clone)]
pub struct LiveCallRow {
    pub id: String,
    pub health: CallHealth,
    pub started_at: i64,
    pub provider: String,
    /// Initials only.
    pub consumer: String,
    pub elapsed_ms: i64,
    pub billable_ms: i64,
    pub up_bps: u64,
    pub down_bps: u64,
    /// Thousandths of packets lost.
    pub loss_permille: u32,
}

/// `/operator`
#[derive(Debug, Clone, Template)]
#[template(path = "operator_calls.html")]
pub struct OperatorCallsPage {
    pub shell: Shell,
    /// What is missing before people can book, the worst first.
    pub missing: Vec<MissingRow>,
    pub calls: Vec<LiveCallRow>,
}

/// One thing that the server lacks, in sentences; between backticks stands what is typed as it is.
#[derive(Debug, Clone)]
pub struct MissingRow {
    pub what: String,
    pub way_out: String,
    pub is_broken: bool,
}

impl MissingRow {
    /// What to do, piece by piece: every other one is typed as it is.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (bool, &str)> {
        self.way_out
            .split('`')
            .enumerate()
            .map(|(at, piece)| (at % 2 == 1, piece))
    }
}

/// One seat of a live call. "in" is what came from the participant.
#[derive(Debug, Clone)]
pub struct LiveParticipant {
    /// Initials, or the provider's name.
    pub name: String,
    pub is_provider: bool,
    /// Key of the presence word is made from this.
    pub connected: bool,
    pub packets_in: u64,
    pub packets_out: u64,
    pub bitrate_in_bps: u64,
    pub bitrate_out_bps: u64,
    pub round_trip_ms: Option<u32>,
    pub loss_permille: u32,
}

/// What a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegSource {
    Microphone,
    Camera,
    Screen,
    ScreenAudio,
}

impl LegSource {
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Microphone => "leg-microphone",
            Self::Camera => "leg-camera",
            Self::Screen => "leg-screen",
            Self::ScreenAudio => "leg-screen-audio",
        }
    }
}

/// How a score reads, in hundredths: from 3.6 nobody complains, below 2.6 nearly everybody does.
pub(crate) fn grade(score_centi: &u32) -> (Tone, &'static str) {
    match *score_centi {
        360.. => (Tone::Good, "quality-good"),
        260.. => (Tone::Warn, "quality-fair"),
        ..260 => (Tone::Danger, "quality-poor"),
    }
}

/// One stream of a live call.
#[derive(Debug, Clone)]
pub struct LegRow {
    pub who: String,
    /// Or received.
    pub sent: bool,
    pub source: LegSource,
    /// Who publishes it.
    pub from: String,
    pub bitrate_bps: u64,
    pub lost_permille: u32,
    pub jitter_ms: u64,
    /// Spatial and temporal layer that is forwarded, and the best that is asked for.
    pub layer: Option<(u8, u8)>,
    pub wanted_layer: Option<(u8, u8)>,
    /// Mean opinion score in hundredths.
    pub score_centi: Option<u32>,
}

impl LegRow {
    fn layers(&self) -> Option<String> {
        let text = |(spatial, temporal): (u8, u8)| format!("S{spatial} T{temporal}");
        match (self.layer, self.wanted_layer) {
            (Some(layer), Some(wanted)) if layer == wanted => Some(text(layer)),
            (Some(layer), Some(wanted)) => Some(format!("{} / {}", text(layer), text(wanted))),
            (Some(layer), None) => Some(text(layer)),
            (None, Some(wanted)) => Some(format!("– / {}", text(wanted))),
            (None, None) => None,
        }
    }
}

/// One stream of a call that was, over its whole time.
#[derive(Debug, Clone)]
pub struct QualityRow {
    pub who: String,
    pub sent: bool,
    pub source: LegSource,
    pub from: String,
    pub from_at: i64,
    pub to_at: i64,
    /// Mean opinion score in hundredths.
    pub lowest_centi: u32,
    pub mean_centi: u32,
    pub lost_permille_max: u32,
    /// Points of polylines in a field of 120 by 24, best on top.
    pub lines: Vec<String>,
}

/// `/operator/calls/{id}`
#[derive(Debug, Clone, Template)]
#[template(path = "operator_call.html")]
pub struct OperatorCallPage {
    pub shell: Shell,
    pub id: String,
    pub provider: String,
    pub health: CallHealth,
    pub starts_at: i64,
    pub ends_at: i64,
    pub billable_ms: i64,
    pub participants: Vec<LiveParticipant>,
    pub legs: Vec<LegRow>,
}

/// One appointment in the operator's list.
#[derive(Debug, Clone)]
pub struct OperatorAppointmentRow {
    pub id: String,
    pub reference: String,
    pub starts_at: i64,
    pub provider: String,
    pub consumer: String,
    pub service_title: String,
    pub status: AppointmentStatus,
    pub charged_minor: Option<i64>,
    pub currency: String,
}

/// `/operator/appointments?status=&q=&page=`
#[derive(Debug, Clone, Template)]
#[template(path = "operator_appointments.html")]
pub struct OperatorAppointmentsPage {
    pub shell: Shell,
    pub rows: Vec<OperatorAppointmentRow>,
    /// Filter: by status, or all.
    pub status: Option<AppointmentStatus>,
    /// Filter: reference or provider.
    pub q: String,
    pub total: u64,
    pub page: u32,
    pub pages: u32,
}

/// One span of verified presence.
#[derive(Debug, Clone)]
pub struct SegmentRow {
    pub who: String,
    pub seq: u32,
    pub started_at: i64,
    pub last_seen_at: i64,
    pub ended_at: Option<i64>,
    /// None while it goes on.
    pub ending: Option<RecordWord>,
}

/// One operation of a payment.
#[derive(Debug, Clone)]
pub struct PaymentRow {
    pub at: i64,
    pub operation: RecordWord,
    pub state: RecordWord,
    pub amount_minor: i64,
    pub currency: String,
    /// What the provider said, or the error to be tried again.
    pub detail: String,
}

/// One side of a ledger transaction.
#[derive(Debug, Clone)]
pub struct LedgerRow {
    pub at: i64,
    pub transaction: RecordWord,
    pub account: RecordWord,
    /// Signed: debit above zero.
    pub amount_minor: i64,
    pub currency: String,
}

/// `/operator/appointments/{id}`
#[derive(Debug, Clone, Template)]
#[template(path = "operator_appointment.html")]
pub struct OperatorAppointmentPage {
    pub shell: Shell,
    pub id: String,
    pub reference: String,
    pub status: AppointmentStatus,
    pub provider: String,
    pub consumer: String,
    pub service_title: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub timeline: Vec<TimelineEntry>,
    pub segments: Vec<SegmentRow>,
    pub quality: Vec<QualityRow>,
    pub payments: Vec<PaymentRow>,
    pub ledger: Vec<LedgerRow>,
    /// Oldest first; that one is read goes on record.
    pub documents: Vec<DocumentLink>,
    /// Where the newest dispute about it stands, if there was one.
    pub dispute: Option<DisputeStatus>,
}

/// A person that a search found.
#[derive(Debug, Clone)]
pub struct PersonRow {
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    /// Empty without one.
    pub business: String,
    pub is_operator: bool,
    pub since: i64,
    /// Of the business.
    pub let_downs: Broken,
}

/// One of the operators.
#[derive(Debug, Clone)]
pub struct OperatorRow {
    pub name: String,
    pub email: String,
    pub since: i64,
}

/// One line of the record of what operators did.
#[derive(Debug, Clone)]
pub struct LookRow {
    pub at: i64,
    /// Empty where it was done at the console of the server.
    pub operator: String,
    /// The name in the record, for example `mail_seen`.
    pub action: String,
    pub reason: String,
}

impl LookRow {
    fn key(&self) -> &'static str {
        look_key(&self.action)
    }
}

/// Key of the words for what an operator did.
pub(super) fn look_key(action: &str) -> &'static str {
    match action {
        "call_seen" => "look-call-seen",
        "capture_started" => "look-capture-started",
        "appointment_seen" => "look-appointment-seen",
        "document_seen" => "look-document-seen",
        "appointments_seen" => "look-appointments-seen",
        "outbox_seen" => "look-outbox-seen",
        "outbox_searched" => "look-outbox-searched",
        "mail_seen" => "look-mail-seen",
        "mail_resent" => "look-mail-resent",
        "people_searched" => "look-people-searched",
        "operator_invited" => "look-operator-invited",
        "operator_made" => "look-operator-made",
        "money_seen" => "look-money-seen",
        "sellers_seen" => "look-sellers-seen",
        "books_exported" => "look-books-exported",
        "sellers_exported" => "look-sellers-exported",
        "link_made" => "look-link-made",
        "retention_approved" => "look-retention-approved",
        "retention_stopped" => "look-retention-stopped",
        "hold_placed" => "look-hold-placed",
        "hold_lifted" => "look-hold-lifted",
        "refunds_seen" => "look-refunds-seen",
        "invoices_seen" => "look-invoices-seen",
        "invoice_paid" => "event-invoice-paid",
        "invoice_paid_back" => "event-invoice-paid-back",
        "refund_made" => "look-refund-made",
        "refund_asked" => "look-refund-asked",
        "refund_approved" => "look-refund-approved",
        "refund_declined" => "look-refund-declined",
        "commission_set" => "look-commission-set",
        "payout_made" => "look-payout-made",
        "payout_downloaded" => "look-payout-downloaded",
        "payout_sent" => "look-payout-sent",
        "payout_cancelled" => "look-payout-cancelled",
        "promo_made" => "look-promo-made",
        "promo_stopped" => "look-promo-stopped",
        _ => "look-other",
    }
}

/// `/operator/people`
#[derive(Debug, Clone, Template)]
#[template(path = "operator_people.html")]
pub struct OperatorPeoplePage {
    pub shell: Shell,
    pub q: Field,
    pub reason: Field,
    /// Of a new operator.
    pub email: Field,
    /// None before a search.
    pub found: Option<Vec<PersonRow>>,
    pub operators: Vec<OperatorRow>,
    pub looks: Vec<LookRow>,
}

impl OperatorPeoplePage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("q", self.q.error),
            ("reason", self.reason.error),
            ("email", self.email.error),
        ])
    }
}

/// `/operator/appointments/{id}` and `/operator/calls/{id}` before the reason is given. Form field: `reason`.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_look.html")]
pub struct OperatorLookPage {
    pub shell: Shell,
    /// Where the form goes, and what it opens.
    pub path: String,
    /// The list that it was found in.
    pub list: &'static str,
    /// Whether that is the list of calls under way.
    pub is_call: bool,
    pub reference: String,
    pub provider: String,
    /// Initials only.
    pub consumer: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub reason: Field,
}

impl OperatorLookPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("reason", self.reason.error)])
    }
}

impl OperatorCallsPage {
    /// How many calls need a look.
    fn troubled(&self) -> usize {
        self.calls
            .iter()
            .filter(|call| matches!(call.health, CallHealth::Weak | CallHealth::Reconnecting))
            .count()
    }

    /// Whether something does not work at all.
    fn is_broken(&self) -> bool {
        self.missing.iter().any(|row| row.is_broken)
    }
}

impl OperatorAppointmentsPage {
    fn is_filtered(&self, status: &AppointmentStatus) -> bool {
        self.status == Some(*status)
    }

    fn url(&self, page: u32) -> String {
        let status = self.status.map_or("", AppointmentStatus::slug);
        routes::operator_list(routes::pattern::OPERATOR_APPOINTMENTS, status, &self.q, page)
    }

    fn before_url(&self) -> String {
        self.url(self.page.saturating_sub(1))
    }

    fn next_url(&self) -> String {
        self.url(self.page.saturating_add(1))
    }
}
