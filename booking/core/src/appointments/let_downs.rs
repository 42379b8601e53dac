//! How often customers were let down: appointments that the provider's side cancelled, or did not come to.

use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{DAY_US, Micros};
use crate::{params, statements};

/// Appointments of so long back count.
const COUNTED_US: Micros = 365 * DAY_US;

statements! {
    /// org, since: by member, without those who let nobody down
    LET_DOWNS = "SELECT m.id AS member_id, CAST(SUM(CASE WHEN e.kind = 'cancelled' THEN 1 ELSE 0 END) AS BIGINT) AS cancelled,
            CAST(SUM(CASE WHEN e.kind = 'no_show_provider' THEN 1 ELSE 0 END) AS BIGINT) AS missed
        FROM member m JOIN appointment a ON a.member_id = m.id AND a.start_us >= $2
        JOIN appointment_event e ON e.appointment_id = a.id
            AND (e.kind = 'no_show_provider' OR (e.kind = 'cancelled' AND e.actor NOT IN (a.consumer_id, 'system')))
        WHERE m.org_id = $1 GROUP BY m.id ORDER BY m.id";
}

/// How often a member let customers down in the last year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetDowns {
    pub member_id: String,
    pub cancelled: i64,
    pub missed: i64,
}

impl FromRow for LetDowns {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            member_id: row.get("member_id")?,
            cancelled: row.get("cancelled")?,
            missed: row.get("missed")?,
        })
    }
}

/// Who of a provider let customers down, for its owner and for operators, whom the caller has checked.
///
/// # Errors
/// When the database fails.
pub async fn let_downs_of(tx: &mut Tx, org_id: &str, now: Micros) -> Result<Vec<LetDowns>, DbError> {
    tx.all(LET_DOWNS, params![org_id, now - COUNTED_US]).await
}
