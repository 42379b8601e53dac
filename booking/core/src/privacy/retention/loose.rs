//! What leaves by age alone and belongs to no appointment: payments that none came of, documents and postings of other
//! causes, holds, hooks, and what is left of accounts that were erased.

use super::cases::{Counted, as_count, by_hundreds, hundred, hundred_params};
use super::rules::{LOOSE_US, accounting_cut};
use crate::base::db::{DbError, Sql, Tx};
use crate::base::{DAY_US, DEFAULT_ZONE, Micros};
use crate::books::carried::carry_sql;
use crate::{params, statements};

/// What acceptances and lifted holds of operators are kept for after their end.
const PROOF_US: Micros = 3 * 365 * DAY_US;
/// What the tax office was told about a seller is kept for after it was last said, and after the last posting.
const TOLD_US: Micros = 5 * 365 * DAY_US;

/// Which account a business was paid out to is kept for, from when the file was made.
const PAID_OUT_US: Micros = 2_192 * DAY_US;

statements! {
    ZONES = "SELECT DISTINCT time_zone FROM org ORDER BY time_zone LIMIT 600";
}

/// Accounting records that hang on no appointment, in lists that are gone through one after the other.
pub struct List {
    /// Ids after `$1`, with everything from before `$2`, at most `$3`, as it was at `$4`.
    find: Sql,
    /// The files of a hundred of them.
    files: Option<Sql>,
    /// Carries what the postings of a hundred of them come to, where there are any.
    carry: Option<Sql>,
    /// Whether an operator may keep some back.
    pub can_be_kept: bool,
    /// The tables, children first.
    parts: &'static [Part],
}

/// A table that loses rows of a hundred ids.
struct Part {
    table: &'static str,
    count: Sql,
    delete: Sql,
}

macro_rules! parts {
    ($($table:literal, $ends:literal: $column:literal in $before:literal $after:literal;)+) => {
        &[$(Part {
            table: $table,
            count: Sql {
                name: concat!("RETENTION_COUNT_LISTED_", $table),
                text: concat!("SELECT COUNT(*), ", $ends, " FROM ", $table, " WHERE ", $column, " IN (", $before, hundred!(), $after, ")"),
            },
            delete: Sql {
                name: concat!("RETENTION_DELETE_LISTED_", $table),
                text: concat!("DELETE FROM ", $table, " WHERE ", $column, " IN (", $before, hundred!(), $after, ")"),
            },
        }),+]
    };
}

/// Payments that no appointment came of and whose books are closed; one that others were made from, or that a document names,
/// leaves by a later report, after them. Then documents, for example of commission, and postings of no payment.
pub const LISTS: &[List] = &[
    List {
        find: Sql {
            name: "RETENTION_UNBOOKED",
            text: "SELECT p.id FROM payment p WHERE p.appointment_id IS NULL AND p.id > $1 AND p.updated_us < $2
                AND p.state NOT IN ('authorised', 'saved', 'needs_confirmation')
                AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.hold_id = p.hold_id)
                AND NOT EXISTS (SELECT 1 FROM ledger_tx t WHERE t.payment_id = p.id AND t.created_us >= $2)
                AND NOT EXISTS (SELECT 1 FROM payment_op o WHERE o.payment_id = p.id AND o.state = 'pending')
                AND NOT EXISTS (SELECT 1 FROM payment d WHERE d.kept_from = p.id)
                AND NOT EXISTS (SELECT 1 FROM document d WHERE d.payment_id = p.id)
                AND NOT EXISTS (SELECT 1 FROM hold h JOIN retention_hold k ON k.account_id = h.account_id
                    WHERE h.id = p.hold_id AND (k.lifted_us IS NULL OR k.lifted_us > $4))
            ORDER BY p.id LIMIT $3",
        },
        files: None,
        carry: Some(Sql {
            name: "RETENTION_CARRY_UNBOOKED",
            text: carry_sql!(concat!("t.payment_id IN (", hundred!(), ")")),
        }),
        can_be_kept: true,
        parts: parts! {
            "ledger_entry", "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)":
                "tx_id" in "SELECT t.id FROM ledger_tx t WHERE t.payment_id IN (" ")";
            "ledger_tx", "MIN(created_us), MAX(created_us)": "payment_id" in "" "";
            "refund", "MIN(created_us), MAX(created_us)": "payment_id" in "" "";
            "money_difference", "MIN(found_us), MAX(seen_us)": "payment_id" in "" "";
            "payment_op", "MIN(created_us), MAX(created_us)": "payment_id" in "" "";
            "payment", "MIN(updated_us), MAX(updated_us)": "id" in "" "";
        },
    },
    List {
        find: Sql {
            name: "RETENTION_DOCUMENTS",
            text: "SELECT d.id FROM document d WHERE d.appointment_id IS NULL AND d.id > $1 AND d.issued_us < $2 AND $2 <= $4
                AND d.unstored IS NULL
                AND NOT EXISTS (SELECT 1 FROM payment p JOIN appointment a ON a.hold_id = p.hold_id WHERE p.id = d.payment_id)
            ORDER BY d.id LIMIT $3",
        },
        files: Some(Sql {
            name: "RETENTION_DOCUMENT_FILES",
            text: concat!("SELECT path FROM document WHERE id IN (", hundred!(), ")"),
        }),
        carry: None,
        can_be_kept: false,
        parts: parts! { "document", "MIN(issued_us), MAX(issued_us)": "id" in "" ""; },
    },
    List {
        find: Sql {
            name: "RETENTION_POSTINGS",
            text: "SELECT t.id FROM ledger_tx t WHERE t.appointment_id IS NULL AND t.payment_id IS NULL AND t.id > $1
                AND t.created_us < $2 AND $2 <= $4
            ORDER BY t.id LIMIT $3",
        },
        files: None,
        carry: Some(Sql {
            name: "RETENTION_CARRY_POSTINGS",
            text: carry_sql!(concat!("t.id IN (", hundred!(), ")")),
        }),
        can_be_kept: false,
        parts: parts! {
            "ledger_entry", "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)": "tx_id" in "" "";
            "ledger_tx", "MIN(created_us), MAX(created_us)": "id" in "" "";
        },
    },
];

/// A rule by age.
pub struct Age {
    pub table: &'static str,
    /// How much older than the moment of the run.
    pub kept_us: Micros,
    /// Rows from before `$1`, and the times of the oldest and the newest.
    count: Sql,
    /// At most `$2` of them.
    delete: Sql,
}

/// `"table" x, dated "column" by "key", kept for: condition on x with $1;`
macro_rules! ages {
    ($($table:literal x $joins:literal, dated $dated:literal by $key:literal, kept $kept:expr; $of:expr;)+) => {
        &[$(Age {
            table: $table,
            kept_us: $kept,
            count: Sql {
                name: concat!("RETENTION_COUNT_OLD_", $table),
                text: concat!("SELECT COUNT(*), MIN(", $dated, "), MAX(", $dated, ") FROM ", $table, " x ", $joins, " WHERE ", $of),
            },
            delete: Sql {
                name: concat!("RETENTION_DELETE_OLD_", $table),
                text: concat!("DELETE FROM ", $table, " WHERE ", $key, " IN (SELECT x.", $key, " FROM ", $table, " x ", $joins,
                    " WHERE ", $of, " LIMIT $2)"),
            },
        }),+]
    };
}

/// A hold `h` that is over since before `$1` and that nothing came of.
macro_rules! abandoned {
    () => {
        "h.state IN ('cancelled', 'expired') AND h.expires_us < $1
            AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.hold_id = h.id)
            AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.hold_id = h.id)"
    };
}

/// Every rule by age, children first.
pub const AGES: &[Age] = ages! {
    "withdrawal_request" x "JOIN hold h ON h.id = x.hold_id", dated "h.expires_us" by "hold_id", kept LOOSE_US; abandoned!();
    "hold_draft" x "JOIN hold h ON h.id = x.hold_id", dated "h.expires_us" by "hold_id", kept LOOSE_US; abandoned!();
    "hold" x "JOIN hold h ON h.id = x.id", dated "h.expires_us" by "id", kept LOOSE_US;
        concat!(abandoned!(), " AND NOT EXISTS (SELECT 1 FROM reservation r WHERE r.hold_id = h.id)");
    "psp_event" x "", dated "x.received_us" by "id", kept LOOSE_US; "x.received_us < $1";
    "acceptance" x "JOIN account c ON c.id = x.account_id", dated "x.accepted_us" by "id", kept PROOF_US; "c.erased_us < $1";
    "retention_hold" x "", dated "x.lifted_us" by "id", kept PROOF_US; "x.lifted_us < $1";
    "payout" x "", dated "x.created_us" by "id", kept PAID_OUT_US; "x.created_us < $1";
    "payout_file" x "", dated "x.made_us" by "id", kept PAID_OUT_US;
        "x.made_us < $1 AND NOT EXISTS (SELECT 1 FROM payout p WHERE p.file_id = x.id)";
    "seller_tax" x "", dated "x.stated_us" by "org_id", kept TOLD_US; "x.stated_us < $1
        AND NOT EXISTS (SELECT 1 FROM ledger_tx t WHERE t.org_id = x.org_id AND t.created_us >= $1)
        AND NOT EXISTS (SELECT 1 FROM member o JOIN account c ON c.id = o.account_id WHERE o.org_id = x.org_id
            AND o.role = 'owner' AND o.active = 1 AND c.erased_us IS NULL)";
};

/// Every statement here that no list declares, for the test that prepares them.
pub(super) fn registered_statements() -> impl Iterator<Item = Sql> {
    let parts = LISTS.iter().flat_map(|list| list.parts);
    let finds = LISTS
        .iter()
        .flat_map(|list| [Some(list.find), list.files, list.carry].into_iter().flatten());
    finds
        .chain(parts.flat_map(|part| [part.count, part.delete]))
        .chain(AGES.iter().flat_map(|age| [age.count, age.delete]))
}

/// The tables that these rules empty.
#[cfg(test)]
pub(super) fn tables() -> impl Iterator<Item = &'static str> {
    let parts = LISTS.iter().flat_map(|list| list.parts);
    parts.map(|part| part.table).chain(AGES.iter().map(|age| age.table))
}

/// From when on records stay that hang on no appointment: the latest moment at which the accounting year is over for every
/// seller, whose zones differ.
pub(super) async fn latest_cut(tx: &mut Tx, as_of: Micros, years: i64) -> Result<Micros, DbError> {
    let zones: Vec<String> = tx.all(ZONES, params![]).await?;
    let cuts = zones.iter().map(|zone| accounting_cut(as_of, zone, years));
    Ok(cuts.fold(accounting_cut(as_of, DEFAULT_ZONE, years), Micros::min))
}

impl List {
    /// The next ids after one, as it was at a moment; records stay so many years.
    pub(super) async fn next(
        &self,
        tx: &mut Tx,
        after: &str,
        (as_of, years): (Micros, i64),
        at_most: i64,
    ) -> Result<Vec<String>, DbError> {
        let cut = latest_cut(tx, as_of, years).await?;
        tx.all(self.find, params![after, cut, at_most, as_of]).await
    }

    /// Counts what these would take along.
    pub(super) async fn count(&self, tx: &mut Tx, ids: &[String]) -> Result<Vec<Counted>, DbError> {
        let mut counted = Vec::new();
        for part in self.parts {
            for some in ids.chunks(100) {
                let (rows, oldest, newest): (i64, Option<i64>, Option<i64>) =
                    tx.one(part.count, hundred_params(some)).await?;
                counted.push((part.table, rows, oldest, newest));
            }
        }
        Ok(counted)
    }

    /// The paths of their files.
    pub(super) async fn files(&self, tx: &mut Tx, ids: &[String]) -> Result<Vec<String>, DbError> {
        let mut paths = Vec::new();
        if let Some(sql) = self.files {
            for some in ids.chunks(100) {
                paths.extend(tx.all::<String>(sql, hundred_params(some)).await?);
            }
        }
        Ok(paths)
    }

    /// Deletes them; what their postings came to is carried. The door must be open.
    pub(super) async fn delete(&self, tx: &mut Tx, ids: &[String]) -> Result<Vec<Counted>, DbError> {
        if let Some(carry) = self.carry {
            by_hundreds(tx, carry, ids).await?;
        }
        let mut counted = Vec::with_capacity(self.parts.len());
        for part in self.parts {
            let rows = by_hundreds(tx, part.delete, ids).await?;
            counted.push((part.table, rows, None, None));
        }
        Ok(counted)
    }
}

/// Counts what a rule would delete.
pub(super) async fn count_old(tx: &mut Tx, age: &Age, as_of: Micros) -> Result<Counted, DbError> {
    let (rows, oldest, newest): (i64, Option<i64>, Option<i64>) =
        tx.one(age.count, params![as_of - age.kept_us]).await?;
    Ok((age.table, rows, oldest, newest))
}

/// Deletes at most so many rows by a rule.
pub(super) async fn delete_old(tx: &mut Tx, age: &Age, as_of: Micros, at_most: i64) -> Result<i64, DbError> {
    let rows = tx.execute(age.delete, params![as_of - age.kept_us, at_most]).await?;
    Ok(as_count(rows))
}
