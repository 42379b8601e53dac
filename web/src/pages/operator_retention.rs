//! The operator's page about what leaves by age: the newest report, what was deleted, and what is kept back.

use askama::Template;

use super::Shell;
use super::field::Field;
use crate::routes;

/// What a run comes to in one table.
#[derive(Debug, Clone)]
pub struct RetentionRow {
    /// The table's name in the database.
    pub table: String,
    pub rows: i64,
    pub oldest: Option<i64>,
    pub newest: Option<i64>,
}

impl RetentionRow {
    /// What is in the table, in words; one that has none is shown by its name.
    fn words(&self, shell: &Shell) -> String {
        match table_key(&self.table) {
            Some(key) => shell.t(key),
            None => self.table.replace('_', " "),
        }
    }
}

/// Appointments that are old enough and stay all the same.
#[derive(Debug, Clone)]
pub struct KeptRow {
    /// The reason in the database.
    pub reason: String,
    pub appointments: i64,
}

impl KeptRow {
    fn key(&self) -> &'static str {
        match self.reason.as_str() {
            "legal_hold" => "retention-kept-hold",
            "unfinished" => "retention-kept-unfinished",
            "younger_record" => "retention-kept-younger",
            _ => "retention-kept-other",
        }
    }
}

/// A run that fails each time it is gone on with.
#[derive(Debug, Clone)]
pub struct StandingRun {
    pub since: i64,
    /// What the database or the store of files says.
    pub words: String,
}

/// The newest report.
#[derive(Debug, Clone)]
pub struct RetentionReport {
    pub as_of: i64,
    pub rows: Vec<RetentionRow>,
    pub kept: Vec<KeptRow>,
}

/// A run that deleted.
#[derive(Debug, Clone)]
pub struct DeletionRow {
    pub started_at: i64,
    /// None while it goes on.
    pub ended_at: Option<i64>,
    /// The moment of the report that it carries out.
    pub as_of: i64,
    pub appointments: i64,
    pub rows: i64,
}

/// Something that is kept back.
#[derive(Debug, Clone)]
pub struct HoldRow {
    pub id: String,
    /// Address of the account that is kept whole; empty for one appointment.
    pub email: String,
    /// Id and reference of the appointment; empty for an account.
    pub appointment: String,
    pub reference: String,
    pub reason: String,
    pub placed_at: i64,
}

impl HoldRow {
    fn path(&self) -> String {
        routes::operator_appointment(&self.appointment)
    }
}

/// `/operator/retention`. Form fields: `action` (`approve`, `stop`, `keep`, `lift`), `subject` and `reason` of what is to be
/// kept, `id` of what is to be let go.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_retention.html")]
pub struct OperatorRetentionPage {
    pub shell: Shell,
    pub accounting_years: i64,
    /// Since when it may be deleted what reports have; until then they are only shown.
    pub approved_at: Option<i64>,
    /// None where all is well.
    pub standing: Option<StandingRun>,
    /// None before the first one.
    pub report: Option<RetentionReport>,
    pub deletions: Vec<DeletionRow>,
    pub holds: Vec<HoldRow>,
    pub subject: Field,
    pub reason: Field,
}

impl OperatorRetentionPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell
            .problems(&[("subject", self.subject.error), ("reason", self.reason.error)])
    }
}

fn table_key(table: &str) -> Option<&'static str> {
    Some(match table {
        "acceptance" => "retention-acceptance",
        "appointment" => "retention-appointment",
        "appointment_event" => "retention-event",
        "call" => "retention-call",
        "call_attendance" => "retention-attendance",
        "call_quality" => "retention-quality",
        "call_segment" => "retention-segment",
        "charge" => "retention-charge",
        "dispute" => "registry-disputes",
        "dispute_entry" => "retention-dispute-entries",
        "dispute_file" => "registry-dispute-files",
        "document" => "retention-document",
        "hold" => "retention-hold",
        "hold_draft" => "retention-draft",
        "ledger_entry" => "retention-entry",
        "ledger_tx" => "retention-tx",
        "outbox" => "retention-outbox",
        "payment" => "retention-payment",
        "payment_op" => "retention-op",
        "payout" => "registry-payout",
        "payout_file" => "registry-payout-file",
        "psp_event" => "retention-hook",
        "money_difference" => "retention-difference",
        "invoice" => "registry-invoice",
        "invoice_payment" => "registry-invoice-payment",
        "invoice_reminder" => "registry-invoice-reminder",
        "refund" => "retention-refund",
        "reservation" => "retention-reservation",
        "retention_hold" => "retention-lifted",
        "seller_tax" => "registry-seller-tax",
        "seat" => "retention-seat",
        "call_extension" => "retention-extension",
        "withdrawal_request" => "retention-withdrawal",
        _ => return None,
    })
}
