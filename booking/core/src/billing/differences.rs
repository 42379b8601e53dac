//! Where a payment provider says something else than our books, until both say the same.

use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{params, statements};

statements! {
    /// now, older than, limit: payments with a provider's reference that were not compared lately;
    /// a call that is to be made or answered finds out by itself
    TO_COMPARE = "SELECT p.id FROM payment p
                  WHERE p.compared_us <= $2 AND p.reference IS NOT NULL AND p.created_us <= $2
                    AND NOT EXISTS (SELECT 1 FROM payment_op o WHERE o.payment_id = p.id AND o.state = 'pending')
                    AND p.id IN (
                        SELECT q.id FROM payment q WHERE q.state IN ('authorising', 'needs_confirmation', 'saved', 'authorised',
                            'capturing', 'capture_failed', 'releasing')
                        UNION SELECT q.id FROM payment q WHERE q.updated_us >= $1
                        UNION SELECT r.payment_id FROM refund r WHERE r.state IN ('asked', 'pending')
                        UNION SELECT d.payment_id FROM money_difference d)
                  ORDER BY p.compared_us, p.id LIMIT $3";
    /// payment, now
    COMPARED = "UPDATE payment SET compared_us = $2 WHERE id = $1";
    /// payment, now, older than
    MAY_ASK = "UPDATE payment SET compared_us = $2 WHERE id = $1 AND compared_us <= $3";
    /// payment, kind, ours, theirs, now
    NOTE = "INSERT INTO money_difference (payment_id, kind, ours, theirs, found_us, seen_us)
            VALUES ($1, $2, $3, $4, $5, $5)
            ON CONFLICT (payment_id) DO UPDATE SET kind = excluded.kind, ours = excluded.ours, theirs = excluded.theirs,
                seen_us = excluded.seen_us";
    SOLVED = "DELETE FROM money_difference WHERE payment_id = $1";
    LIST = "SELECT d.payment_id, p.appointment_id, p.psp, d.kind, d.ours, d.theirs, d.found_us, d.seen_us
            FROM money_difference d JOIN payment p ON p.id = d.payment_id ORDER BY d.found_us, d.payment_id LIMIT $1";
}

/// What kind of difference it is; each has its own sentence and advice on the operator's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DifferenceKind {
    /// The provider does not know the payment.
    NotThere,
    /// It stands elsewhere than here, and what is told cannot follow from it.
    Status,
    /// Another sum was taken or paid back.
    Amount,
    /// The provider is not set up any more, so nobody can be asked.
    NoProvider,
}

impl DifferenceKind {
    pub const ALL: [Self; 4] = [Self::NotThere, Self::Status, Self::Amount, Self::NoProvider];

    /// The word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotThere => "not_there",
            Self::Status => "status",
            Self::Amount => "amount",
            Self::NoProvider => "no_provider",
        }
    }
}

impl std::str::FromStr for DifferenceKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}

/// A difference that was not solved yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub payment_id: String,
    pub appointment_id: Option<String>,
    pub psp: String,
    pub kind: DifferenceKind,
    /// What our books say, in words for operators.
    pub ours: String,
    pub theirs: String,
    pub found_at: Micros,
    /// When it was last seen.
    pub seen_at: Micros,
}

impl FromRow for Difference {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            payment_id: row.get("payment_id")?,
            appointment_id: row.get("appointment_id")?,
            psp: row.get("psp")?,
            kind: row.parse("kind")?,
            ours: row.get("ours")?,
            theirs: row.get("theirs")?,
            found_at: row.get("found_us")?,
            seen_at: row.get("seen_us")?,
        })
    }
}

/// Payments to compare now: all that are not over or differ, and what changed since `since`, each at most once since `before`.
///
/// # Errors
/// When the database fails.
pub async fn to_compare(tx: &mut Tx, since: Micros, before: Micros, at_most: i64) -> Result<Vec<String>, DbError> {
    tx.all(TO_COMPARE, params![since, before, at_most]).await
}

/// # Errors
/// When the database fails.
pub async fn compared(tx: &mut Tx, payment: &str, now: Micros) -> Result<(), DbError> {
    tx.execute(COMPARED, params![payment, now]).await.map(drop)
}

/// Takes the turn to ask about a payment; `false` where somebody asked since `before`.
///
/// # Errors
/// When the database fails.
pub async fn may_ask(tx: &mut Tx, payment: &str, now: Micros, before: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(MAY_ASK, params![payment, now, before]).await? == 1)
}

/// Puts a difference on record, or that it is still there.
///
/// # Errors
/// When the database fails.
pub async fn note(
    tx: &mut Tx,
    payment: &str,
    kind: DifferenceKind,
    (ours, theirs): (&str, &str),
    now: Micros,
) -> Result<(), DbError> {
    tx.execute(NOTE, params![payment, kind.name(), ours, theirs, now])
        .await
        .map(drop)
}

/// Both say the same again.
///
/// # Errors
/// When the database fails.
pub async fn solved(tx: &mut Tx, payment: &str) -> Result<(), DbError> {
    tx.execute(SOLVED, params![payment]).await.map(drop)
}

/// All that are not solved, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn list(tx: &mut Tx, at_most: i64) -> Result<Vec<Difference>, DbError> {
    tx.all(LIST, params![at_most]).await
}
