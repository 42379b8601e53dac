//! What operators did and whose data they looked at, on record.

use super::db::{DbError, FromRow, Row, Tx};
use super::{Base, DAY_US, Micros, security};
use crate::{params, statements};

statements! {
    INSERT = "INSERT INTO operator_record (id, at_us, operator_id, action, subject, reason) VALUES ($1, $2, $3, $4, $5, $6)";
    NEWEST = "SELECT r.at_us, r.action, r.subject, r.reason, COALESCE(a.name, '') AS operator
              FROM operator_record r LEFT JOIN account a ON a.id = r.operator_id
              ORDER BY r.at_us DESC, r.id DESC LIMIT $1";
    /// record, person, then as in the record
    TELL = "INSERT INTO operator_look (record_id, account_id, at_us, action, reason) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (record_id, account_id) DO NOTHING";
    /// operator, subject, since: why a call or its appointment was opened last
    LAST = "SELECT action, reason FROM operator_record WHERE operator_id = $1 AND subject = $2 AND at_us > $3
            AND action IN ('call_seen', 'appointment_seen') ORDER BY at_us DESC, id DESC LIMIT 1";
    SWEEP_LOOKS = "DELETE FROM operator_look WHERE at_us < $1";
    SWEEP = "DELETE FROM operator_record WHERE at_us < $1";
}

/// How long records are kept.
pub const KEPT_US: Micros = 730 * DAY_US;

/// What an operator did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A call under way was opened.
    CallSeen,
    CaptureStarted,
    AppointmentSeen,
    /// A receipt or credit note was read.
    DocumentSeen,
    /// The list of appointments, which names businesses and has customers' initials.
    AppointmentsSeen,
    /// The list of mails, which names their recipients.
    OutboxSeen,
    /// A search for mails to somebody, or about something.
    OutboxSearched,
    MailSeen,
    MailResent,
    PeopleSearched,
    OperatorInvited,
    OperatorMade,
    /// What all businesses have on their accounts was looked at.
    MoneySeen,
    /// The yearly report of sellers was looked at.
    SellersSeen,
    /// The books of a business left as a file.
    BooksExported,
    /// The yearly report of sellers did.
    SellersExported,
    /// By command on the server: a link that signs an operator in, or makes one.
    LinkMade,
    /// What is old enough may be deleted from now on.
    RetentionApproved,
    RetentionStopped,
    /// Something is kept from being deleted.
    HoldPlaced,
    HoldLifted,
    /// The list of what waits or went wrong about money.
    RefundsSeen,
    /// The list of invoices that are open.
    InvoicesSeen,
    /// Money that came in for an invoice was noted.
    InvoicePaid,
    InvoicePaidBack,
    /// Money is paid back.
    RefundMade,
    /// Money is to be paid back, when a second person agrees.
    RefundAsked,
    RefundApproved,
    RefundDeclined,
    /// The list of disputes, which names businesses.
    DisputesSeen,
    /// A file that was handed in was opened.
    DisputeFileSeen,
    /// Words or a file of a third party were brought in.
    DisputeStatement,
    DisputeDecided,
    /// What is kept of what is booked from a day on was decided.
    CommissionSet,
    /// A file for the bank was made, handed out, said to be sent, or taken back.
    PayoutMade,
    PayoutDownloaded,
    PayoutSent,
    PayoutCancelled,
    /// A code that the operator bears was made, or ended.
    PromoMade,
    PromoStopped,
}

impl Action {
    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CallSeen => "call_seen",
            Self::CaptureStarted => "capture_started",
            Self::AppointmentSeen => "appointment_seen",
            Self::DocumentSeen => "document_seen",
            Self::AppointmentsSeen => "appointments_seen",
            Self::OutboxSeen => "outbox_seen",
            Self::OutboxSearched => "outbox_searched",
            Self::MailSeen => "mail_seen",
            Self::MailResent => "mail_resent",
            Self::PeopleSearched => "people_searched",
            Self::OperatorInvited => "operator_invited",
            Self::OperatorMade => "operator_made",
            Self::MoneySeen => "money_seen",
            Self::SellersSeen => "sellers_seen",
            Self::BooksExported => "books_exported",
            Self::SellersExported => "sellers_exported",
            Self::LinkMade => "link_made",
            Self::RetentionApproved => "retention_approved",
            Self::RetentionStopped => "retention_stopped",
            Self::HoldPlaced => "hold_placed",
            Self::HoldLifted => "hold_lifted",
            Self::RefundsSeen => "refunds_seen",
            Self::InvoicesSeen => "invoices_seen",
            Self::InvoicePaid => "invoice_paid",
            Self::InvoicePaidBack => "invoice_paid_back",
            Self::RefundMade => "refund_made",
            Self::RefundAsked => "refund_asked",
            Self::RefundApproved => "refund_approved",
            Self::RefundDeclined => "refund_declined",
            Self::DisputesSeen => "disputes_seen",
            Self::DisputeFileSeen => "dispute_file_seen",
            Self::DisputeStatement => "dispute_statement",
            Self::DisputeDecided => "dispute_decided",
            Self::CommissionSet => "commission_set",
            Self::PayoutMade => "payout_made",
            Self::PayoutDownloaded => "payout_downloaded",
            Self::PayoutSent => "payout_sent",
            Self::PayoutCancelled => "payout_cancelled",
            Self::PromoMade => "promo_made",
            Self::PromoStopped => "promo_stopped",
        }
    }
}

/// One line of the record.
pub struct Recorded {
    pub at: Micros,
    pub operator: String,
    pub action: String,
    pub reason: String,
}

impl FromRow for Recorded {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            at: row.get("at_us")?,
            operator: row.get("operator")?,
            action: row.get("action")?,
            reason: row.get("reason")?,
        })
    }
}

/// Writes a line in the caller's transaction. `subject` is an id; `None` as the operator is the console of the server.
///
/// # Errors
/// When the database fails.
pub async fn write(
    tx: &mut Tx,
    state: &Base,
    operator: Option<&str>,
    action: Action,
    subject: &str,
    reason: &str,
) -> Result<(), DbError> {
    let line = Line {
        operator,
        action,
        subject,
        reason,
    };
    line.write(tx, state, &[]).await
}

/// Puts a look at somebody's data on record before it is shown; the `people` whose data it is see it among their own.
///
/// # Errors
/// When the database fails; then nothing may be shown.
pub async fn look(state: &Base, line: &Line<'_>, people: &[String]) -> Result<(), DbError> {
    let mut tx = state.db.write().await?;
    line.write(&mut tx, state, people).await?;
    tx.commit().await
}

/// Why an operator has opened a call or its appointment since then, and which of the two.
///
/// # Errors
/// When the database fails.
pub async fn last_look(
    tx: &mut Tx,
    operator: &str,
    subject: &str,
    since: Micros,
) -> Result<Option<(String, String)>, DbError> {
    tx.optional(LAST, params![operator, subject, since]).await
}

/// One line for the record.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// `None` for the console of the server.
    pub operator: Option<&'a str>,
    pub action: Action,
    /// An id, or nothing.
    pub subject: &'a str,
    /// Empty where none is asked for.
    pub reason: &'a str,
}

impl Line<'_> {
    /// Writes the line in the caller's transaction; the `people` whose data it is about see it among their own.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn write(&self, tx: &mut Tx, state: &Base, people: &[String]) -> Result<(), DbError> {
        let (now, action) = (state.now(), self.action.name());
        let id = state.random.id(now);
        let operator = self.operator.map(str::to_owned);
        let row = params![&id, now, operator, action, self.subject, self.reason];
        tx.execute(INSERT, row).await?;
        for person in people {
            tx.execute(TELL, params![&id, person, now, action, self.reason]).await?;
        }
        security::note_operator(self.operator.unwrap_or_default(), action, self.subject);
        Ok(())
    }
}

/// The newest lines.
///
/// # Errors
/// When the database fails.
pub async fn newest(tx: &mut Tx, at_most: i64) -> Result<Vec<Recorded>, DbError> {
    tx.all(NEWEST, params![at_most]).await
}

/// Deletes what is older than [`KEPT_US`]. Returns how many lines.
///
/// # Errors
/// When the database fails.
pub async fn sweep(state: &Base) -> Result<u64, DbError> {
    let mut tx = state.db.write().await?;
    tx.execute(SWEEP_LOOKS, params![state.now() - KEPT_US]).await?;
    let gone = tx.execute(SWEEP, params![state.now() - KEPT_US]).await?;
    tx.commit().await?;
    Ok(gone)
}
