//! What the operator keeps of a payment: decided when the money is asked for, posted when it came in, and given back with
//! refunds in the same share.

use super::ledger::LedgerAccount;
use super::queries;
use super::{Payment, Refund};
use crate::base::Micros;
use crate::base::commission::CommissionTerms;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::money::{VatSplit, share_of_vat, split_vat};
use crate::{params, statements};

statements! {
    /// payment: what was agreed, and what other payments of its appointment brought
    AGREED = "SELECT a.commission, p.currency, COALESCE((SELECT CAST(SUM(q.captured_minor) AS BIGINT) FROM payment q
            WHERE q.appointment_id = a.id AND q.id <> p.id AND q.state IN ('captured', 'refunded')), 0) AS before_minor
        FROM payment p JOIN appointment a ON a.id = p.appointment_id WHERE p.id = $1";
    /// payment, amount: as it was put on record before the provider was asked
    ASKED = "SELECT commission_minor FROM payment_op WHERE payment_id = $1 AND kind = 'capture' AND amount_minor = $2
        ORDER BY seq DESC LIMIT 1";
    /// payment: commission and its tax, and what of both was given back
    POSTED = "SELECT CAST(COALESCE(SUM(CASE WHEN t.kind = 'commission' THEN e.amount_minor ELSE 0 END), 0) AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN t.kind = 'commission' AND e.account = 'commission_vat' THEN e.amount_minor ELSE 0 END), 0) AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN t.kind <> 'commission' THEN -e.amount_minor ELSE 0 END), 0) AS BIGINT),
            CAST(COALESCE(SUM(CASE WHEN t.kind <> 'commission' AND e.account = 'commission_vat' THEN -e.amount_minor ELSE 0 END), 0) AS BIGINT)
        FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id
        WHERE t.payment_id = $1 AND e.account IN ('commission', 'commission_vat')";
    /// payment
    PAID_FOR_INVOICE = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM invoice_payment WHERE payment_id = $1";
    /// payment, refund: what other refunds of it have paid back
    PAID_BACK = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM refund WHERE payment_id = $1 AND id <> $2 AND state = 'done'";
    /// appointment: what is kept of it as the ledger stands
    KEPT = "SELECT CAST(COALESCE(SUM(e.amount_minor), 0) AS BIGINT) FROM payment p JOIN ledger_tx t ON t.payment_id = p.id
        JOIN ledger_entry e ON e.tx_id = t.id WHERE p.appointment_id = $1 AND e.account IN ('commission', 'commission_vat')";
}

struct Agreed {
    terms: CommissionTerms,
    currency: String,
    before_minor: i64,
}

impl FromRow for Agreed {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            terms: row.json("commission")?,
            currency: row.get("currency")?,
            before_minor: row.get("before_minor")?,
        })
    }
}

/// What is kept of an amount that is to be captured, by what was agreed for the appointment; minor units.
///
/// # Errors
/// When the database fails.
pub(super) async fn of_capture(tx: &mut Tx, payment: &str, amount_minor: i64) -> Result<i64, DbError> {
    let agreed: Option<Agreed> = tx.optional(AGREED, params![payment]).await?;
    Ok(agreed.map_or(0, |agreed| {
        agreed
            .terms
            .of_next_minor(agreed.before_minor, amount_minor, &agreed.currency)
    }))
}

/// What is kept of an amount that was captured, with the tax in it: what the provider was asked for, where it was asked.
///
/// # Errors
/// When the database fails.
pub async fn of_captured(tx: &mut Tx, payment: &str, amount_minor: i64, vat_bp: u32) -> Result<VatSplit, DbError> {
    let asked: Option<i64> = tx.optional(ASKED, params![payment, amount_minor]).await?;
    let kept = match asked {
        Some(kept) => kept,
        None => of_capture(tx, payment, amount_minor).await?,
    };
    Ok(split_vat(kept, vat_bp))
}

/// What is kept of money that came in for an invoice over `sold_minor`, the last `paid_minor` of it just now, with the tax in
/// it; and what came in so far of what was sold.
///
/// # Errors
/// When the database fails.
pub async fn of_invoice(
    tx: &mut Tx,
    payment: &str,
    (sold_minor, paid_minor): (i64, i64),
    vat_bp: u32,
) -> Result<(i64, VatSplit), DbError> {
    let all: i64 = tx.one(PAID_FOR_INVOICE, params![payment]).await?;
    let after = all.clamp(0, sold_minor.max(0));
    let before = all.saturating_sub(paid_minor).clamp(0, after);
    let agreed: Option<Agreed> = tx.optional(AGREED, params![payment]).await?;
    let kept = agreed.map_or(0, |agreed| {
        agreed
            .terms
            .of_next_minor(agreed.before_minor + before, after - before, &agreed.currency)
    });
    Ok((after, split_vat(kept, vat_bp)))
}

/// What of the commission of a payment is given back with a refund that is done: its share of what was captured, so that
/// refunds of everything give back all of it.
///
/// # Errors
/// When the database fails.
pub async fn of_refund(tx: &mut Tx, payment: &Payment, refund: &Refund) -> Result<Option<VatSplit>, DbError> {
    let (kept, kept_vat, back, back_vat): (i64, i64, i64, i64) = tx.one(POSTED, params![&payment.id]).await?;
    let before: i64 = tx.one(PAID_BACK, params![&payment.id, &refund.id]).await?;
    let captured = payment.state.captured_minor();
    let share = share_of_vat((captured, kept), (before, back), refund.amount.minor, 0);
    let gross = share.map_or(0, |share| share.vat_minor);
    Ok(share_of_vat((kept, kept_vat), (back, back_vat), gross, 0))
}

/// What a posting about a refund gave back, to be turned round where the refund itself came back.
///
/// # Errors
/// When the database fails.
pub async fn given_back(tx: &mut Tx, key: &str) -> Result<VatSplit, DbError> {
    let net = -queries::posted_minor(tx, key, LedgerAccount::Commission).await?;
    let vat = -queries::posted_minor(tx, key, LedgerAccount::CommissionVat).await?;
    Ok(VatSplit {
        net_minor: net,
        vat_minor: vat,
        gross_minor: net + vat,
        rate_bp: 0,
    })
}

/// What is kept of an appointment as things stand, minor units.
///
/// # Errors
/// When the database fails.
pub async fn kept_of(tx: &mut Tx, appointment: &str) -> Result<i64, DbError> {
    tx.one(KEPT, params![appointment]).await
}

/// The rate of the tax in the operator's commission at a moment, basis points; the operator is registered from `from` on.
#[must_use]
pub fn vat_bp_at(from: Option<Micros>, at: Micros) -> u32 {
    match from {
        Some(from) if from <= at => crate::base::vat::VatCode::Standard.rate_bp(at),
        Some(_) | None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_declares_tax_from_the_day_of_its_registration() {
        const NOW: Micros = 1_795_420_800_000_000;
        assert_eq!(vat_bp_at(None, NOW), 0);
        assert_eq!(vat_bp_at(Some(NOW + 1), NOW), 0);
        assert_eq!(vat_bp_at(Some(NOW), NOW), 2_500);
    }
}
