//! What postings came to that have left since: accounting records go after five years, and what a business has coming, or
//! owes, stays.

use crate::base::db::{DbError, Tx};
use crate::{params, statements};

/// SQL: adds the postings of transactions `t` to what is carried; the condition says which.
macro_rules! carry_sql {
    ($of:expr) => {
        concat!(
            "INSERT INTO ledger_carried (org_id, currency, account, amount_minor)
            SELECT x.org_id, x.currency, x.account, CAST(SUM(x.amount_minor) AS BIGINT)
            FROM (SELECT t.org_id, t.currency, e.amount_minor,
                    CASE WHEN e.account = 'psp_clearing' AND ",
            $crate::is_test_payment!("p"),
            " THEN 'test_clearing' ELSE e.account END AS account
                FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id LEFT JOIN payment p ON p.id = t.payment_id WHERE ",
            $of,
            ") x
            GROUP BY x.org_id, x.currency, x.account HAVING SUM(x.amount_minor) <> 0
            ON CONFLICT (org_id, currency, account)
            DO UPDATE SET amount_minor = ledger_carried.amount_minor + excluded.amount_minor"
        )
    };
}

pub(crate) use carry_sql;

statements! {
    /// after, last: of these appointments
    CARRY_APPOINTMENTS = carry_sql!("t.appointment_id > $1 AND t.appointment_id <= $2");
    /// after, last: of payments on their holds that name no appointment
    CARRY_PAYMENTS = carry_sql!("t.appointment_id IS NULL AND t.payment_id IN (SELECT p.id FROM payment p
        JOIN appointment a ON a.hold_id = p.hold_id WHERE a.id > $1 AND a.id <= $2)");
}

/// Carries what the postings of the appointments after an id, up to another one, come to. They must leave in this transaction.
///
/// # Errors
/// When the database fails.
pub async fn carry(tx: &mut Tx, after: &str, last: &str) -> Result<(), DbError> {
    for sql in [CARRY_APPOINTMENTS, CARRY_PAYMENTS] {
        tx.execute(sql, params![after, last]).await?;
    }
    Ok(())
}
