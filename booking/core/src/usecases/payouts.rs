//! What is held for businesses, paid out by a file for the operator's bank. Making the file takes the sums out of what is
//! held, in the same transaction, so that none of them can be in a second file.

use texts::Locale;

use crate::base::audit::{self, Action};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::money::{Currency, Money};
use crate::base::{Base, DEFAULT_ZONE, Fault, Micros, Result};
use crate::billing::ledger::Posting;
use crate::billing::queries::{self, PostingOf};
use crate::books::bank::{Payer, Transfer, write_transfers};
use crate::{is_disputed, is_test_payment, params, statements};

/// SQL: what is held for businesses, where it is not nothing, and where it is to go. What tests brought is no money,
/// what is to be paid back to customers of invoices is not the seller's, and what a dispute is about waits for its end, also where it was paid out before: then it comes out of what is held besides.
macro_rules! held {
    ($transactions:literal, $carried:literal, $invoices:literal) => {
        concat!(
            "SELECT x.org_id, o.name, x.currency, CAST(SUM(x.amount_minor) AS BIGINT) AS held_minor,
                COALESCE(s.bank_account, '') AS account, COALESCE(s.legal_name, '') AS legal_name
            FROM (SELECT t.org_id, t.currency, e.amount_minor FROM ledger_tx t
                    JOIN ledger_entry e ON e.tx_id = t.id AND e.account IN ('psp_clearing', 'bank')
                    LEFT JOIN payment p ON p.id = t.payment_id WHERE (p.id IS NULL OR NOT ",
            is_test_payment!("p"),
            ") AND NOT ",
            is_disputed!("COALESCE(t.appointment_id, p.appointment_id)"),
            $transactions,
            "
                UNION ALL SELECT c.org_id, c.currency, c.amount_minor FROM ledger_carried c WHERE c.account IN ('psp_clearing', 'bank')",
            $carried,
            "
                UNION ALL SELECT i.org_id, i.currency, i.open_minor FROM invoice i WHERE i.open_minor < 0 AND NOT ",
            is_disputed!("i.appointment_id"),
            $invoices,
            ") x
            JOIN org o ON o.id = x.org_id LEFT JOIN seller_tax s ON s.org_id = x.org_id
            GROUP BY x.org_id, o.name, x.currency, s.bank_account, s.legal_name HAVING SUM(x.amount_minor) <> 0
            ORDER BY o.name, x.org_id, x.currency"
        )
    };
}

statements! {
    HELD = held!("", "", "");
    /// org
    HELD_FOR = held!(" AND t.org_id = $1", " AND c.org_id = $1", " AND i.org_id = $1");
    /// Whoever makes or ends a file waits here for others who do.
    LOCK = "UPDATE payout_switch SET version = version + 1 WHERE id = 1";
    /// id, currency, who, now
    ADD_FILE = "INSERT INTO payout_file (id, currency, made_by, made_us) VALUES ($1, $2, $3, $4)";
    /// id, file, org, currency, amount, account, name, now
    ADD_PAYOUT = "INSERT INTO payout (id, file_id, org_id, currency, amount_minor, account, name, created_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// limit: newest first
    FILES = "SELECT f.id, f.currency, f.made_us, f.downloaded_us, f.sent_us, f.cancelled_us, COALESCE(a.name, '') AS made_by,
            (SELECT COUNT(*) FROM payout p WHERE p.file_id = f.id) AS payouts,
            CAST(COALESCE((SELECT SUM(p.amount_minor) FROM payout p WHERE p.file_id = f.id), 0) AS BIGINT) AS amount_minor
        FROM payout_file f LEFT JOIN account a ON a.id = f.made_by ORDER BY f.made_us DESC, f.id DESC LIMIT $1";
    /// file
    FILE = "SELECT currency, made_us FROM payout_file WHERE id = $1";
    /// file
    OF_FILE = "SELECT id, org_id, name, account, amount_minor FROM payout WHERE file_id = $1 ORDER BY id";
    /// org, limit: newest first
    OF_ORG = "SELECT p.currency, p.amount_minor, p.account, p.created_us, f.sent_us, f.cancelled_us FROM payout p
        JOIN payout_file f ON f.id = p.file_id WHERE p.org_id = $1 ORDER BY p.created_us DESC, p.id DESC LIMIT $2";
    /// file, now: once
    DOWNLOADED = "UPDATE payout_file SET downloaded_us = $2 WHERE id = $1 AND downloaded_us IS NULL AND cancelled_us IS NULL";
    /// file, now: what was not downloaded was not sent
    SENT = "UPDATE payout_file SET sent_us = $2 WHERE id = $1 AND downloaded_us IS NOT NULL AND sent_us IS NULL AND cancelled_us IS NULL";
    /// file, now
    CANCELLED = "UPDATE payout_file SET cancelled_us = $2 WHERE id = $1 AND sent_us IS NULL AND cancelled_us IS NULL";
}

/// What is held for a business in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    pub org_id: String,
    pub org_name: String,
    pub currency: String,
    /// Below zero where more was paid back than there was: that is carried over.
    pub held_minor: i64,
    /// Empty where the business gave none.
    pub account: String,
    /// As the bank knows the owner of the account.
    pub legal_name: String,
}

impl Held {
    /// Whether a file pays it.
    #[must_use]
    pub fn is_payable(&self) -> bool {
        self.held_minor > 0 && !self.account.is_empty()
    }
}

impl FromRow for Held {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            org_id: row.get("org_id")?,
            org_name: row.get("name")?,
            currency: row.get("currency")?,
            held_minor: row.get("held_minor")?,
            account: row.get("account")?,
            legal_name: row.get("legal_name")?,
        })
    }
}

/// A file as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutFile {
    pub id: String,
    pub currency: String,
    pub made_at: Micros,
    /// Empty once the account is erased.
    pub made_by: String,
    pub downloaded_at: Option<Micros>,
    pub sent_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
    pub payouts: i64,
    pub amount_minor: i64,
}

impl FromRow for PayoutFile {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            currency: row.get("currency")?,
            made_at: row.get("made_us")?,
            made_by: row.get("made_by")?,
            downloaded_at: row.get("downloaded_us")?,
            sent_at: row.get("sent_us")?,
            cancelled_at: row.get("cancelled_us")?,
            payouts: row.get("payouts")?,
            amount_minor: row.get("amount_minor")?,
        })
    }
}

/// A payout as the business reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutLine {
    pub currency: String,
    pub amount_minor: i64,
    pub account: String,
    pub made_at: Micros,
    pub sent_at: Option<Micros>,
    pub cancelled_at: Option<Micros>,
}

impl FromRow for PayoutLine {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            currency: row.get("currency")?,
            amount_minor: row.get("amount_minor")?,
            account: row.get("account")?,
            made_at: row.get("created_us")?,
            sent_at: row.get("sent_us")?,
            cancelled_at: row.get("cancelled_us")?,
        })
    }
}

struct PayoutRow {
    org_id: String,
    transfer: Transfer,
}

impl FromRow for PayoutRow {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            org_id: row.get("org_id")?,
            transfer: Transfer {
                id: row.get("id")?,
                name: row.get("name")?,
                account: row.get("account")?,
                amount_minor: row.get("amount_minor")?,
            },
        })
    }
}

/// What is held for every business, by name. The caller has checked that an operator asks.
///
/// # Errors
/// When the database fails.
pub async fn held_for_all(tx: &mut Tx) -> std::result::Result<Vec<Held>, DbError> {
    tx.all(HELD, params![]).await
}

/// What is held for one business. The caller has checked that an owner asks.
///
/// # Errors
/// When the database fails.
pub async fn held_for(tx: &mut Tx, org: &str) -> std::result::Result<Vec<Held>, DbError> {
    tx.all(HELD_FOR, params![org]).await
}

/// The newest files.
///
/// # Errors
/// When the database fails.
pub async fn payout_files(tx: &mut Tx, at_most: i64) -> std::result::Result<Vec<PayoutFile>, DbError> {
    tx.all(FILES, params![at_most]).await
}

/// What a business was paid out, newest first. The caller has checked that an owner asks.
///
/// # Errors
/// When the database fails.
pub async fn payouts_of(tx: &mut Tx, org: &str, at_most: i64) -> std::result::Result<Vec<PayoutLine>, DbError> {
    tx.all(OF_ORG, params![org, at_most]).await
}

/// Makes a file that pays out all that is held in a currency for businesses with an account; its id, or nothing where there
/// is nothing to pay.
///
/// # Errors
/// [`Fault::NotFound`] where the operator may not pay out.
pub async fn make_payout_file(base: &Base, operator: &str, currency: &str) -> Result<Option<String>> {
    may_pay_out(base)?;
    let of = Currency::parse(currency).map_err(|_| Fault::BadRequest("not a currency"))?;
    let mut tx = base.db.write().await?;
    tx.execute(LOCK, params![]).await?;
    let now = base.now();
    let held = held_for_all(&mut tx).await?;
    let payable: Vec<Held> = held
        .into_iter()
        .filter(|held| held.currency == currency && held.is_payable())
        .collect();
    if payable.is_empty() {
        return Ok(None);
    }
    let file = base.random.id(now);
    tx.execute(ADD_FILE, params![&file, currency, operator, now]).await?;
    for held in &payable {
        let id = base.random.id(now);
        let name = if held.legal_name.is_empty() {
            &held.org_name
        } else {
            &held.legal_name
        };
        let row = params![
            &id,
            &file,
            &held.org_id,
            currency,
            held.held_minor,
            &held.account,
            name,
            now
        ];
        tx.execute(ADD_PAYOUT, row).await?;
        let amount = Money::new(held.held_minor, of);
        post(
            base,
            &mut tx,
            &held.org_id,
            &Posting::PaidOut { amount },
            &format!("paid_out:{id}"),
        )
        .await?;
    }
    audit::write(&mut tx, base, Some(operator), Action::PayoutMade, &file, "").await?;
    tx.commit().await?;
    Ok(Some(file))
}

async fn post(base: &Base, tx: &mut Tx, org: &str, posting: &Posting, key: &str) -> Result<()> {
    let now = base.now();
    let of = PostingOf {
        org_id: org,
        appointment_id: None,
        payment_id: None,
        at_seller: false,
    };
    queries::post(tx, &base.random.id(now), key, posting, &of, now).await?;
    Ok(())
}

/// The file, once: whoever loses it cancels it and makes another one.
///
/// # Errors
/// [`Fault::NotFound`] where there is no such file, or the operator may not pay out; [`Fault::Conflict`] where it was handed
/// out before, or cancelled.
pub async fn download_payout_file(base: &Base, operator: &str, file: &str, locale: Locale) -> Result<Vec<u8>> {
    let account = may_pay_out(base)?;
    let mut tx = base.db.write().await?;
    tx.execute(LOCK, params![]).await?;
    let found: Option<(String, Micros)> = tx.optional(FILE, params![file]).await?;
    let (currency, made_at) = found.ok_or(Fault::NotFound)?;
    if tx.execute(DOWNLOADED, params![file, base.now()]).await? == 0 {
        return Err(Fault::Conflict("the file was handed out already, or cancelled"));
    }
    let rows: Vec<PayoutRow> = tx.all(OF_FILE, params![file]).await?;
    let transfers: Vec<Transfer> = rows.into_iter().map(|row| row.transfer).collect();
    let controller = &base.config.controller;
    let payer = Payer {
        name: &controller.name,
        orgno: &controller.org_number,
        account,
    };
    let currency = Currency::parse(&currency).map_err(|error| Fault::internal(&error))?;
    let made = jiff::Timestamp::from_microsecond(made_at).unwrap_or_default();
    let moments = (
        made.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        texts::format::date_of(base.now(), DEFAULT_ZONE).to_string(),
    );
    let text = texts::t(locale, "payout-text", &[("platform", controller.name.as_str().into())]);
    let bytes = write_transfers(file, (&moments.0, &moments.1), &payer, currency, &transfers, &text);
    audit::write(&mut tx, base, Some(operator), Action::PayoutDownloaded, file, "").await?;
    tx.commit().await?;
    Ok(bytes)
}

/// Notes that the bank has the file.
///
/// # Errors
/// [`Fault::Conflict`] where it was not downloaded, or is ended.
pub async fn mark_payout_sent(base: &Base, operator: &str, file: &str) -> Result<()> {
    let mut tx = base.db.write().await?;
    tx.execute(LOCK, params![]).await?;
    if tx.execute(SENT, params![file, base.now()]).await? == 0 {
        return Err(Fault::Conflict(
            "the file was not downloaded, or it is sent or cancelled",
        ));
    }
    audit::write(&mut tx, base, Some(operator), Action::PayoutSent, file, "").await?;
    tx.commit().await?;
    Ok(())
}

/// Takes back a file that the bank never got: what it would have paid is held again.
///
/// # Errors
/// [`Fault::Conflict`] where it is sent or cancelled.
pub async fn cancel_payout_file(base: &Base, operator: &str, file: &str) -> Result<()> {
    let mut tx = base.db.write().await?;
    tx.execute(LOCK, params![]).await?;
    let found: Option<(String, Micros)> = tx.optional(FILE, params![file]).await?;
    let (currency, _) = found.ok_or(Fault::NotFound)?;
    if tx.execute(CANCELLED, params![file, base.now()]).await? == 0 {
        return Err(Fault::Conflict("the file is sent or cancelled"));
    }
    let currency = Currency::parse(&currency).map_err(|error| Fault::internal(&error))?;
    let rows: Vec<PayoutRow> = tx.all(OF_FILE, params![file]).await?;
    for row in rows {
        let amount = Money::new(row.transfer.amount_minor, currency);
        let key = format!("payout_cancelled:{}", row.transfer.id);
        post(base, &mut tx, &row.org_id, &Posting::PayoutCancelled { amount }, &key).await?;
    }
    audit::write(&mut tx, base, Some(operator), Action::PayoutCancelled, file, "").await?;
    tx.commit().await?;
    Ok(())
}

/// The account that payouts leave from: only an operator that sells itself or is licensed has one.
fn may_pay_out(base: &Base) -> Result<&str> {
    base.config.platform.payout_account.as_deref().ok_or(Fault::NotFound)
}
