//! All SQL of payments, their operations, charges and the ledger.

use super::ledger::{LedgerAccount, Posting};
use super::payment::PaymentState;
use super::provider::PaymentMethod;
use super::{Charge, LedgerLine, Op, OpKind, Payment, Purpose, commission};
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::money::Money;
use crate::{params, statements};

/// Columns of a [`Payment`].
macro_rules! payment_select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.hold_id, p.attempt, p.purpose, p.kept_from, p.seller_account, p.psp, p.appointment_id, p.method_token, p.method_brand, p.method_last4,
                p.currency, p.amount_minor, p.state, p.authorised_minor, p.captured_minor, p.refunded_minor,
                p.decline_reason, p.reference, p.updated_us, h.org_id
            FROM payment p JOIN hold h ON h.id = p.hold_id ",
            $rest
        )
    };
}

/// SQL: what a customer paid and did not get back for the appointment of a charge `h`, by all its payments. While a capture
/// is tried, and where it failed, the column says what was to be captured.
#[macro_export]
macro_rules! paid_minor {
    () => {
        "COALESCE((SELECT CAST(SUM(CASE WHEN p.psp = 'invoice'
                THEN COALESCE((SELECT SUM(i.amount_minor) FROM invoice_payment i WHERE i.payment_id = p.id), 0)
                ELSE p.captured_minor - p.refunded_minor END) AS BIGINT) FROM payment p
            WHERE p.appointment_id = h.call_id AND p.state IN ('captured', 'refunded')), 0)"
    };
}

/// SQL: what is owed of a charge `h`; what was paid back is not owed.
#[macro_export]
macro_rules! owed_minor {
    () => {
        "(h.amount_minor - COALESCE((SELECT CAST(SUM(CASE WHEN p.psp = 'invoice'
                THEN p.captured_minor - COALESCE((SELECT CASE WHEN v.open_minor > 0 THEN v.open_minor ELSE 0 END
                    FROM invoice v WHERE v.payment_id = p.id), 0)
                ELSE p.captured_minor END) AS BIGINT) FROM payment p
            WHERE p.appointment_id = h.call_id AND p.state IN ('captured', 'refunded')), 0))"
    };
}

/// SQL: whether a dispute holds the money of the appointment whose id is given.
#[macro_export]
macro_rules! is_disputed {
    ($appointment:literal) => {
        concat!(
            "EXISTS (SELECT 1 FROM dispute z WHERE z.appointment_id = ",
            $appointment,
            " AND z.state IN ('opened', 'answered', 'deciding'))"
        )
    };
}

/// SQL: whether a call `o` to a provider would take money that a dispute holds. The call waits until it is over.
#[macro_export]
macro_rules! is_held_op {
    () => {
        "(o.kind IN ('capture', 'authorise') AND EXISTS (SELECT 1 FROM payment y JOIN dispute z ON z.appointment_id = y.appointment_id
            WHERE y.id = o.payment_id AND (o.kind = 'capture' OR y.purpose = 'fee')
                AND z.state IN ('opened', 'answered', 'deciding')))"
    };
}

/// Columns of an [`Op`].
macro_rules! op_select {
    ($rest:literal) => {
        concat!(
            "SELECT o.id, o.payment_id, o.kind, o.seq, o.amount_minor, o.state, o.attempts, o.created_us, o.error,
                o.key_number, o.refund_id, o.commission_minor
            FROM payment_op o ",
            $rest
        )
    };
}

statements! {
    /// hold, account, version, hash of the words, locale, now
    ADD_WITHDRAWAL_REQUEST = "INSERT INTO withdrawal_request (hold_id, account_id, version, text_hash, locale, accepted_us)
                              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hold_id) DO NOTHING";
    ADD_PAYMENT = "INSERT INTO payment (id, hold_id, attempt, psp, method_token, method_brand, method_last4, currency,
                       amount_minor, state, created_us, updated_us, purpose, kept_from, seller_account, appointment_id)
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'authorising', $10, $10, $11, $12, $13, $14)
                   ON CONFLICT (hold_id, attempt) DO NOTHING";
    NEXT_ATTEMPT = "SELECT COALESCE(MAX(attempt) + 1, 0) FROM payment WHERE hold_id = $1";
    /// id, token, brand, last digits, now
    SAVE_METHOD = "UPDATE payment SET method_token = $2, method_brand = $3, method_last4 = $4, updated_us = $5 WHERE id = $1";
    /// id, reference
    SAVE_REFERENCE = "UPDATE payment SET reference = $2 WHERE id = $1 AND reference IS NULL";
    /// Also locks the row until the end of the transaction.
    LOCK_PAYMENT = "UPDATE payment SET version = version + 1 WHERE id = $1";
    PAYMENT = payment_select!("WHERE p.id = $1");
    LAST_OF_HOLD = payment_select!("WHERE p.hold_id = $1 ORDER BY p.attempt DESC LIMIT 1");
    OF_APPOINTMENT = payment_select!("WHERE p.appointment_id = $1 ORDER BY p.attempt");
    /// payment: whether a call about it is to be made
    IS_BUSY = "SELECT COUNT(*) FROM payment_op WHERE payment_id = $1 AND state = 'pending'";
    /// payment, now: when it is asked for, where nobody asked yet and it is not time
    ASKED_LATER = "SELECT next_try_us FROM payment_op WHERE payment_id = $1 AND kind = 'authorise' AND state = 'pending'
                   AND attempts = 0 AND next_try_us > $2";
    SAVE_PAYMENT = "UPDATE payment SET state = $2, authorised_minor = $3, captured_minor = $4, refunded_minor = $5,
                        decline_reason = $6, reference = COALESCE($7, reference), updated_us = $8
                    WHERE id = $1";
    LINK_PAYMENT = "UPDATE payment SET appointment_id = $2 WHERE id = $1 AND appointment_id IS NULL";
    /// Reserved or about to be, without an appointment, and the hold is over: the money goes back.
    STRANDED = "SELECT p.id FROM payment p JOIN hold h ON h.id = p.hold_id
                WHERE p.appointment_id IS NULL AND p.state IN ('authorised', 'saved', 'needs_confirmation')
                  AND (h.expires_us + $2 <= $1 OR h.state <> 'held')
                  AND NOT EXISTS (SELECT 1 FROM payment_op o WHERE o.payment_id = p.id AND o.state = 'pending')
                ORDER BY p.created_us, p.id LIMIT $3";
    /// provider, now, limit: what another provider hinted at nobody can be asked about
    DUE_HINTS = "SELECT id, payment_id, attempts FROM psp_event WHERE processed_us IS NULL AND psp = $1 AND next_try_us <= $2
                 ORDER BY next_try_us, received_us, id LIMIT $3";
    ADD_HINT = "INSERT INTO psp_event (id, psp, payment_id, received_us) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING";
    HINT_PROCESSED = "UPDATE psp_event SET processed_us = $2 WHERE id = $1";
    /// id, when
    HINT_DELAY = "UPDATE psp_event SET attempts = attempts + 1, next_try_us = $2 WHERE id = $1 AND processed_us IS NULL";
    ADD_OP = "INSERT INTO payment_op (id, payment_id, kind, seq, amount_minor, state, next_try_us, created_us, refund_id,
                  commission_minor)
              VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $8, $9)";
    /// id: the key brought a failure, which it brings for ever
    NEXT_KEY = "UPDATE payment_op SET key_number = key_number + 1 WHERE id = $1 AND state = 'pending'";
    NEXT_OP_SEQ = "SELECT COALESCE(MAX(seq) + 1, 0) FROM payment_op WHERE payment_id = $1 AND kind = $2";
    /// payment, kind
    ASKED_BEFORE = "SELECT COUNT(*) FROM payment_op WHERE payment_id = $1 AND kind = $2 AND state <> 'pending'";
    OP = op_select!("WHERE o.id = $1");
    /// Whoever changes the row may make the call; the others find it not yet due.
    CLAIM_OP = concat!("UPDATE payment_op SET attempts = attempts + 1, next_try_us = $3
                WHERE id = $1 AND state = 'pending' AND next_try_us <= $2
                AND NOT EXISTS (SELECT 1 FROM payment_op o WHERE o.id = $1 AND ", is_held_op!(), ")");
    DUE_OPS = concat!("SELECT o.id FROM payment_op o WHERE o.state = 'pending' AND o.next_try_us <= $1 AND NOT ", is_held_op!(), "
                ORDER BY o.next_try_us, o.id LIMIT $2");
    PENDING_OP = "SELECT id FROM payment_op WHERE payment_id = $1 AND kind = $2 AND state = 'pending'
                  ORDER BY seq DESC LIMIT 1";
    END_OP = "UPDATE payment_op SET state = $2, done_us = $3, error = $4 WHERE id = $1 AND state = 'pending'";
    DELAY_OP = "UPDATE payment_op SET next_try_us = $2, error = $3 WHERE id = $1 AND state = 'pending'";
    OPS_OF_APPOINTMENT = op_select!("JOIN payment p ON p.id = o.payment_id WHERE p.appointment_id = $1 ORDER BY o.created_us, o.id");
    ADD_TX = "INSERT INTO ledger_tx (id, posting_key, kind, org_id, appointment_id, payment_id, currency, created_us)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (posting_key) DO NOTHING";
    ADD_ENTRY = "INSERT INTO ledger_entry (tx_id, line, account, amount_minor) VALUES ($1, $2, $3, $4)";
    /// What belongs to an appointment, its payment's reservation before there was one included.
    LEDGER = "SELECT t.kind, t.created_us, t.currency, e.account, e.amount_minor
              FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id
              WHERE t.appointment_id = $1
                 OR t.payment_id IN (SELECT p.id FROM payment p WHERE p.appointment_id = $1)
              ORDER BY t.created_us, t.id, e.line";
    /// posting key, account
    POSTED = "SELECT CAST(COALESCE(SUM(e.amount_minor), 0) AS BIGINT) FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id
              WHERE t.posting_key = $1 AND e.account = $2";
    ADD_CHARGE = "INSERT INTO charge (call_id, outcome, billable_us, amount_minor, vat_code, vat_bp, vat_minor, currency, created_us)
                  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (call_id) DO NOTHING";
    /// account, from
    EARNED = concat!("SELECT currency, COUNT(*) AS calls, CAST(SUM(paid) AS BIGINT) AS minor
              FROM (SELECT h.currency, ", paid_minor!(), " AS paid FROM charge h
                  JOIN seat s ON s.appointment_id = h.call_id AND s.role = 'provider' AND s.account_id = $1
                  WHERE h.created_us >= $2) x
              WHERE paid > 0 GROUP BY currency ORDER BY currency");
    CHARGE = "SELECT outcome, billable_us, amount_minor, vat_code, vat_bp, vat_minor, currency, created_us
              FROM charge WHERE call_id = $1";
}

/// A payment that is about to be asked for.
pub struct NewPayment<'a> {
    pub id: &'a str,
    pub hold_id: &'a str,
    pub attempt: i64,
    pub psp: &'a str,
    pub method: &'a PaymentMethod,
    /// What is reserved, or may be reserved later.
    pub amount: Money,
    pub purpose: Purpose,
    pub kept_from: Option<&'a str>,
    pub seller_account: Option<&'a str>,
    /// Known from the beginning but for the payment that books it.
    pub appointment_id: Option<&'a str>,
}

/// Adds a payment; `false` when this attempt of the hold exists already.
pub async fn add_payment(tx: &mut Tx, new: &NewPayment<'_>, now: Micros) -> Result<bool, DbError> {
    let values = params![
        new.id,
        new.hold_id,
        new.attempt,
        new.psp,
        &new.method.token,
        &new.method.brand,
        &new.method.last4,
        new.amount.currency.as_str(),
        new.amount.minor,
        now,
        new.purpose.name(),
        new.kept_from,
        new.seller_account,
        new.appointment_id,
    ];
    Ok(tx.execute(ADD_PAYMENT, values).await? == 1)
}

/// The payment, its row locked until the end of the transaction.
pub async fn lock_payment(tx: &mut Tx, id: &str) -> Result<Option<Payment>, DbError> {
    tx.execute(LOCK_PAYMENT, params![id]).await?;
    payment(tx, id).await
}

pub async fn payment(tx: &mut Tx, id: &str) -> Result<Option<Payment>, DbError> {
    tx.optional(PAYMENT, params![id]).await
}

/// The latest attempt to pay for a hold.
pub async fn last_of_hold(tx: &mut Tx, hold: &str) -> Result<Option<Payment>, DbError> {
    tx.optional(LAST_OF_HOLD, params![hold]).await
}

/// The payments of an appointment in the order in which they were made; none when it is free.
pub async fn of_appointment(tx: &mut Tx, appointment: &str) -> Result<Vec<Payment>, DbError> {
    tx.all(OF_APPOINTMENT, params![appointment]).await
}

/// The number of the next attempt to pay for a hold.
pub async fn next_attempt(tx: &mut Tx, hold: &str) -> Result<i64, DbError> {
    tx.one(NEXT_ATTEMPT, params![hold]).await
}

/// Whether a call about a payment to its provider is still to be made or answered.
pub async fn is_busy(tx: &mut Tx, payment: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(IS_BUSY, params![payment]).await? > 0)
}

/// When a payment is asked for that waits for its time; `None` where it was asked for, or is due.
///
/// # Errors
/// When the database fails.
pub async fn asked_later(tx: &mut Tx, payment: &str, now: Micros) -> Result<Option<Micros>, DbError> {
    tx.optional(ASKED_LATER, params![payment, now]).await
}

pub async fn save_method(tx: &mut Tx, id: &str, method: &PaymentMethod, now: Micros) -> Result<(), DbError> {
    let values = params![id, &method.token, &method.brand, &method.last4, now];
    tx.execute(SAVE_METHOD, values).await.map(drop)
}

/// Keeps the provider's reference, the first time that it is known.
pub async fn save_reference(tx: &mut Tx, id: &str, reference: &str) -> Result<(), DbError> {
    tx.execute(SAVE_REFERENCE, params![id, reference]).await.map(drop)
}

pub async fn save_payment(
    tx: &mut Tx,
    id: &str,
    state: PaymentState,
    reference: Option<&str>,
    now: Micros,
) -> Result<(), DbError> {
    let stored = state.store();
    let values = params![
        id,
        stored.state,
        stored.authorised_minor,
        stored.captured_minor,
        stored.refunded_minor,
        stored.decline_reason,
        reference,
        now,
    ];
    tx.execute(SAVE_PAYMENT, values).await.map(drop)
}

pub async fn link_payment(tx: &mut Tx, id: &str, appointment: &str) -> Result<(), DbError> {
    tx.execute(LINK_PAYMENT, params![id, appointment]).await.map(drop)
}

/// Payments whose hold ran out `grace` ago, or was given back, before there was an appointment.
pub async fn stranded(tx: &mut Tx, now: Micros, grace: Micros, at_most: i64) -> Result<Vec<String>, DbError> {
    tx.all(STRANDED, params![now, grace, at_most]).await
}

pub async fn add_hint(tx: &mut Tx, id: &str, psp: &str, payment: &str, now: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(ADD_HINT, params![id, psp, payment, now]).await? == 1)
}

/// Hints of a provider that are to be followed now: their id, the payment they are about, and how often it was tried.
pub async fn due_hints(
    tx: &mut Tx,
    psp: &str,
    now: Micros,
    at_most: i64,
) -> Result<Vec<(String, String, i64)>, DbError> {
    tx.all(DUE_HINTS, params![psp, now, at_most]).await
}

pub async fn delay_hint(tx: &mut Tx, id: &str, next_try: Micros) -> Result<(), DbError> {
    tx.execute(HINT_DELAY, params![id, next_try]).await.map(drop)
}

pub async fn hint_processed(tx: &mut Tx, id: &str, now: Micros) -> Result<(), DbError> {
    tx.execute(HINT_PROCESSED, params![id, now]).await.map(drop)
}

/// A call to the provider that is to be made.
pub struct NewOp<'a> {
    pub id: &'a str,
    pub payment_id: &'a str,
    pub kind: OpKind,
    pub amount_minor: i64,
    /// When a job makes it, unless somebody made it before.
    pub due: Micros,
    /// Of a [`OpKind::Refund`].
    pub refund_id: Option<&'a str>,
}

/// Puts an outgoing call on record.
pub async fn add_op(tx: &mut Tx, new: &NewOp<'_>, now: Micros) -> Result<(), DbError> {
    let seq: i64 = tx.one(NEXT_OP_SEQ, params![new.payment_id, new.kind.name()]).await?;
    let commission_minor = match new.kind {
        OpKind::Capture => commission::of_capture(tx, new.payment_id, new.amount_minor).await?,
        OpKind::Authorise | OpKind::Release | OpKind::Refund => 0,
    };
    let values = params![
        new.id,
        new.payment_id,
        new.kind.name(),
        seq,
        new.amount_minor,
        new.due,
        now,
        new.refund_id,
        commission_minor,
    ];
    tx.execute(ADD_OP, values).await.map(drop)
}

/// How many calls of a kind about a payment are over.
pub async fn asked_before(tx: &mut Tx, payment: &str, kind: OpKind) -> Result<i64, DbError> {
    tx.one(ASKED_BEFORE, params![payment, kind.name()]).await
}

/// Gives an operation another key, because the one it had brings a failure for ever.
pub async fn next_key(tx: &mut Tx, id: &str) -> Result<(), DbError> {
    tx.execute(NEXT_KEY, params![id]).await.map(drop)
}

pub async fn op(tx: &mut Tx, id: &str) -> Result<Option<Op>, DbError> {
    tx.optional(OP, params![id]).await
}

/// Takes an operation that is due; until `lease` nobody else may. `false` when somebody else has it, or it is over.
pub async fn claim_op(tx: &mut Tx, id: &str, now: Micros, lease: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(CLAIM_OP, params![id, now, lease]).await? == 1)
}

pub async fn due_ops(tx: &mut Tx, now: Micros, at_most: i64) -> Result<Vec<String>, DbError> {
    tx.all(DUE_OPS, params![now, at_most]).await
}

pub async fn pending_op(tx: &mut Tx, payment: &str, kind: OpKind) -> Result<Option<String>, DbError> {
    tx.optional(PENDING_OP, params![payment, kind.name()]).await
}

/// Ends an operation as `done` or `failed`.
pub async fn end_op(tx: &mut Tx, id: &str, state: &str, error: Option<&str>, now: Micros) -> Result<(), DbError> {
    tx.execute(END_OP, params![id, state, now, error]).await.map(drop)
}

pub async fn delay_op(tx: &mut Tx, id: &str, next_try: Micros, error: &str) -> Result<(), DbError> {
    tx.execute(DELAY_OP, params![id, next_try, error]).await.map(drop)
}

pub async fn ops_of_appointment(tx: &mut Tx, appointment: &str) -> Result<Vec<Op>, DbError> {
    tx.all(OPS_OF_APPOINTMENT, params![appointment]).await
}

/// What a posting belongs to.
pub struct PostingOf<'a> {
    pub org_id: &'a str,
    pub appointment_id: Option<&'a str>,
    pub payment_id: Option<&'a str>,
    /// Whether the money goes to the seller's own account at the payment provider.
    pub at_seller: bool,
}

/// Writes a ledger transaction; the same key a second time changes nothing.
///
/// # Panics
/// When the lines do not sum to zero: [`Posting::entries`] makes them so.
pub async fn post(
    tx: &mut Tx,
    id: &str,
    key: &str,
    posting: &Posting,
    of: &PostingOf<'_>,
    now: Micros,
) -> Result<bool, DbError> {
    let entries = posting.entries();
    assert_eq!(
        entries.iter().map(|entry| i128::from(entry.amount_minor)).sum::<i128>(),
        0,
        "postings balance"
    );
    if entries.is_empty() {
        return Ok(false);
    }
    let currency = posting.currency();
    let values = params![
        id,
        key,
        posting.kind(),
        of.org_id,
        of.appointment_id,
        of.payment_id,
        currency.as_str(),
        now
    ];
    if tx.execute(ADD_TX, values).await? == 0 {
        return Ok(false);
    }
    for (line, entry) in (0_i64..).zip(&entries) {
        let account = if of.at_seller && entry.account == LedgerAccount::PspClearing {
            LedgerAccount::SellerClearing
        } else {
            entry.account
        };
        tx.execute(ADD_ENTRY, params![id, line, account.name(), entry.amount_minor])
            .await?;
    }
    Ok(true)
}

/// What one posting wrote to an account; nothing where there is no such posting.
pub async fn posted_minor(tx: &mut Tx, key: &str, account: LedgerAccount) -> Result<i64, DbError> {
    tx.one(POSTED, params![key, account.name()]).await
}

/// The ledger of an appointment, oldest first.
pub async fn ledger(tx: &mut Tx, appointment: &str) -> Result<Vec<LedgerLine>, DbError> {
    tx.all(LEDGER, params![appointment]).await
}

/// Adds the charge of a call; `false` when there is one already.
pub async fn add_charge(tx: &mut Tx, call: &str, charge: &Charge) -> Result<bool, DbError> {
    let values = params![
        call,
        &charge.outcome,
        charge.billable,
        charge.amount.minor,
        charge.vat_code,
        charge.vat_bp,
        charge.vat_minor,
        charge.amount.currency.as_str(),
        charge.at,
    ];
    Ok(tx.execute(ADD_CHARGE, values).await? == 1)
}

/// What customers paid for a member's calls, less what they got back, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earned {
    pub currency: String,
    pub calls: i64,
    pub minor: i64,
}

impl FromRow for Earned {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            currency: row.get("currency")?,
            calls: row.get("calls")?,
            minor: row.get("minor")?,
        })
    }
}

/// What was earned by a member's calls that were settled since a moment; nothing where nobody paid.
///
/// # Errors
/// When the database fails.
pub async fn earned_since(tx: &mut Tx, account: &str, from: Micros) -> Result<Vec<Earned>, DbError> {
    tx.all(EARNED, params![account, from]).await
}

pub async fn charge(tx: &mut Tx, call: &str) -> Result<Option<Charge>, DbError> {
    tx.optional(CHARGE, params![call]).await
}

/// Keeps that a consumer asked for the appointment before the right of withdrawal ends, the first time it is said.
///
/// # Errors
/// When the database fails.
pub async fn add_withdrawal_request(
    tx: &mut Tx,
    hold: &str,
    account: &str,
    (version, text_hash): (&str, &str),
    locale: &str,
    now: Micros,
) -> Result<(), DbError> {
    let row = params![hold, account, version, text_hash, locale, now];
    tx.execute(ADD_WITHDRAWAL_REQUEST, row).await?;
    Ok(())
}
