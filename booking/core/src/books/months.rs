//! What a month came to for each business: the commission that is to be invoiced, and what its statement says.

use super::Period;
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::documents::CommissionPart;
use crate::{is_test_payment, params, statements};

/// SQL: whether an entry `e` with the payment `p` is money of a test, 1 or 0.
macro_rules! test_flag {
    () => {
        concat!(
            "CASE WHEN e.account = 'test_clearing' OR ",
            is_test_payment!("p"),
            " THEN CAST(1 AS BIGINT) ELSE 0 END"
        )
    };
}

statements! {
    /// kind: the last month that is closed, or nothing
    LAST_CLOSED = "SELECT COALESCE(MAX(month), '') FROM month_closed WHERE kind = $1";
    /// kind, month, now
    CLOSE = "INSERT INTO month_closed (kind, month, closed_us) VALUES ($1, $2, $3) ON CONFLICT (kind, month) DO NOTHING";
    FIRST_POSTING = "SELECT COALESCE(MIN(created_us), 0) FROM ledger_tx";
    /// until: whose commission was posted before, and is not invoiced
    COMMISSION_DUE = concat!("SELECT x.org_id, x.currency, x.is_test FROM (SELECT t.org_id, t.currency, ", test_flag!(), " AS is_test,
                MAX(t.created_us) AS last_us
            FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id AND e.account = 'commission' LEFT JOIN payment p ON p.id = t.payment_id
            WHERE t.kind IN ('commission', 'commission_refunded', 'commission_returned') AND t.created_us < $1
            GROUP BY t.org_id, t.currency, ", test_flag!(), ") x
        LEFT JOIN commission_invoiced i ON i.org_id = x.org_id AND i.currency = x.currency AND i.is_test = x.is_test
        WHERE x.last_us >= COALESCE(i.until_us, 0) ORDER BY x.org_id, x.currency, x.is_test");
    /// org, currency, test: the row stays locked until the end of the transaction
    LOCK_INVOICED = "INSERT INTO commission_invoiced (org_id, currency, is_test, until_us) VALUES ($1, $2, $3, 0)
        ON CONFLICT (org_id, currency, is_test) DO UPDATE SET until_us = commission_invoiced.until_us";
    /// org, currency, test
    INVOICED_UNTIL = "SELECT until_us FROM commission_invoiced WHERE org_id = $1 AND currency = $2 AND is_test = $3";
    /// org, currency, test, until
    SET_INVOICED = "UPDATE commission_invoiced SET until_us = $4 WHERE org_id = $1 AND currency = $2 AND is_test = $3";
    /// org, currency, test, from, until, since when the operator declares tax: a refund is taxed as what it gives back
    COMMISSION = concat!("SELECT y.is_taxed,
            CAST(SUM(CASE WHEN y.kind = 'commission_refunded' THEN 0 ELSE y.amount_minor END) AS BIGINT) AS kept_minor,
            CAST(SUM(CASE WHEN y.kind = 'commission_refunded' OR y.account = 'commission' THEN 0 ELSE y.amount_minor END) AS BIGINT)
                AS kept_vat_minor,
            CAST(SUM(CASE WHEN y.kind = 'commission_refunded' THEN -y.amount_minor ELSE 0 END) AS BIGINT) AS back_minor,
            CAST(SUM(CASE WHEN y.kind = 'commission_refunded' AND y.account = 'commission_vat' THEN -y.amount_minor ELSE 0 END) AS BIGINT)
                AS back_vat_minor, MIN(y.created_us) AS first_us
        FROM (SELECT t.kind, t.created_us, e.account, e.amount_minor,
                CASE WHEN COALESCE((SELECT MIN(o.created_us) FROM ledger_tx o WHERE o.payment_id = t.payment_id AND o.kind = 'commission'),
                    t.created_us) >= $6 THEN CAST(1 AS BIGINT) ELSE 0 END AS is_taxed
            FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id AND e.account IN ('commission', 'commission_vat')
            LEFT JOIN payment p ON p.id = t.payment_id
            WHERE t.org_id = $1 AND t.currency = $2 AND ", test_flag!(), " = $3 AND t.created_us >= $4 AND t.created_us < $5) y
        GROUP BY y.is_taxed ORDER BY 1");
    /// from, until: by business and place, what each kind of posting moved, and what it came to before
    MOVED = concat!("SELECT x.org_id, x.currency, x.is_own, x.is_test, x.kind, CAST(SUM(x.before_minor) AS BIGINT) AS before_minor,
            CAST(SUM(x.moved_minor) AS BIGINT) AS moved_minor
        FROM (SELECT t.org_id, t.currency, CASE WHEN e.account = 'seller_clearing' THEN CAST(1 AS BIGINT) ELSE 0 END AS is_own, ", test_flag!(), " AS is_test, t.kind,
                CASE WHEN t.created_us < $1 THEN e.amount_minor ELSE 0 END AS before_minor,
                CASE WHEN t.created_us >= $1 THEN e.amount_minor ELSE 0 END AS moved_minor
            FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id AND e.account IN ('psp_clearing', 'bank', 'seller_clearing', 'test_clearing')
            LEFT JOIN payment p ON p.id = t.payment_id WHERE t.created_us < $2
            UNION ALL SELECT c.org_id, c.currency, CASE WHEN c.account = 'seller_clearing' THEN CAST(1 AS BIGINT) ELSE 0 END,
                CASE WHEN c.account = 'test_clearing' THEN CAST(1 AS BIGINT) ELSE 0 END, '', c.amount_minor, CAST(0 AS BIGINT)
            FROM ledger_carried c WHERE c.account IN ('psp_clearing', 'bank', 'seller_clearing', 'test_clearing')) x
        GROUP BY x.org_id, x.currency, x.is_own, x.is_test, x.kind ORDER BY x.org_id, x.currency, x.is_own, x.is_test, x.kind");
}

/// Whose commission: a business in one currency, of real money or of tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissionOf {
    pub org_id: String,
    pub currency: String,
    pub is_test: bool,
}

impl FromRow for CommissionOf {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            org_id: row.get("org_id")?,
            currency: row.get("currency")?,
            is_test: row.flag("is_test")?,
        })
    }
}

struct PartRow {
    part: CommissionPart,
    first_us: Micros,
}

impl FromRow for PartRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            part: CommissionPart {
                is_taxed: row.flag("is_taxed")?,
                kept_minor: row.get("kept_minor")?,
                kept_vat_minor: row.get("kept_vat_minor")?,
                back_minor: row.get("back_minor")?,
                back_vat_minor: row.get("back_vat_minor")?,
            },
            first_us: row.get("first_us")?,
        })
    }
}

/// What one kind of posting did at one place where money of a business lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    pub org_id: String,
    pub currency: String,
    /// At the seller's own account, and never with the operator.
    pub is_own: bool,
    pub is_test: bool,
    /// Of the posting; empty for what is carried of postings that have left.
    pub kind: String,
    pub before_minor: i64,
    pub moved_minor: i64,
}

impl FromRow for Moved {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            org_id: row.get("org_id")?,
            currency: row.get("currency")?,
            is_own: row.flag("is_own")?,
            is_test: row.flag("is_test")?,
            kind: row.get("kind")?,
            before_minor: row.get("before_minor")?,
            moved_minor: row.get("moved_minor")?,
        })
    }
}

/// The last month that was closed, `2026-11`; empty before the first.
///
/// # Errors
/// When the database fails.
pub async fn last_closed(tx: &mut Tx, kind: &str) -> Result<String, DbError> {
    tx.one(LAST_CLOSED, params![kind]).await
}

/// Notes that all documents of a month are issued.
///
/// # Errors
/// When the database fails.
pub async fn close(tx: &mut Tx, kind: &str, month: &str, now: Micros) -> Result<(), DbError> {
    tx.execute(CLOSE, params![kind, month, now]).await.map(drop)
}

/// The moment of the oldest posting; none where there is none.
///
/// # Errors
/// When the database fails.
pub async fn first_posting(tx: &mut Tx) -> Result<Option<Micros>, DbError> {
    let at: Micros = tx.one(FIRST_POSTING, params![]).await?;
    Ok((at > 0).then_some(at))
}

/// Whose commission of before a moment is not invoiced.
///
/// # Errors
/// When the database fails.
pub async fn commission_due(tx: &mut Tx, until: Micros) -> Result<Vec<CommissionOf>, DbError> {
    tx.all(COMMISSION_DUE, params![until]).await
}

/// What the commission of a business comes to that was posted before a moment and is not invoiced, by its tax, and since
/// when. Whoever else asks waits until the end of the transaction.
///
/// # Errors
/// When the database fails.
pub async fn commission_to_invoice(
    tx: &mut Tx,
    of: &CommissionOf,
    until: Micros,
    vat_from: Option<Micros>,
) -> Result<(Vec<CommissionPart>, Micros), DbError> {
    let key = params![&of.org_id, &of.currency, of.is_test];
    tx.execute(LOCK_INVOICED, key.clone()).await?;
    let from: Micros = tx.one(INVOICED_UNTIL, key).await?;
    let never = Micros::MAX;
    let row = params![
        &of.org_id,
        &of.currency,
        of.is_test,
        from,
        until,
        vat_from.unwrap_or(never)
    ];
    let rows: Vec<PartRow> = tx.all(COMMISSION, row).await?;
    let first = rows.iter().map(|row| row.first_us).min().unwrap_or(until);
    Ok((rows.into_iter().map(|row| row.part).collect(), first))
}

/// Notes that the commission of a business is invoiced up to a moment.
///
/// # Errors
/// When the database fails.
pub async fn set_invoiced(tx: &mut Tx, of: &CommissionOf, until: Micros) -> Result<(), DbError> {
    let row = params![&of.org_id, &of.currency, of.is_test, until];
    tx.execute(SET_INVOICED, row).await.map(drop)
}

/// What was moved in a period at every place where money of businesses lies, and what stood there before.
///
/// # Errors
/// When the database fails.
pub async fn moved(tx: &mut Tx, period: Period) -> Result<Vec<Moved>, DbError> {
    tx.all(MOVED, params![period.from, period.until]).await
}
