//! Bookings whose accounting time is over, with everything that hangs on them. A case is an appointment; the tables of it are
//! one list, children first, and a test holds it against the keys of the schema.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::accounting_cut;
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Param, Row, Sql, Tx};
use crate::books::carried;
use crate::disputes::evidence::LET_GO_OF_CASES;
use crate::{params, statements};

statements! {
    /// after, limit: appointments in the order of their ids, which is the one in which they were booked
    WALK = "SELECT id, hold_id, time_zone, end_us FROM appointment WHERE id > $1 ORDER BY id LIMIT $2";
}

/// Keys of the appointments after `$1` up to `$2`.
macro_rules! of_appointment {
    ($column:literal) => {
        concat!($column, " > $1 AND ", $column, " <= $2")
    };
}

/// Keys of their holds.
macro_rules! of_hold {
    ($column:literal) => {
        concat!(
            $column,
            " IN (SELECT a.hold_id FROM appointment a WHERE a.id > $1 AND a.id <= $2)"
        )
    };
}

/// Keys of everything that was ever paid or tried on those holds.
macro_rules! of_payment {
    ($column:literal) => {
        concat!(
            $column,
            " IN (SELECT p.id FROM payment p JOIN appointment a ON a.hold_id = p.hold_id WHERE a.id > $1 AND a.id <= $2)"
        )
    };
}

/// A table of a case.
#[derive(Debug, Clone, Copy)]
pub struct Part {
    pub table: &'static str,
    /// Rows of the cases after `$1` up to `$2`, and the times of the oldest and the newest.
    count: Sql,
    delete: Sql,
    /// Cases after `$1` up to `$2` that ended before `$3`, and have a row of that time or later.
    young: Option<Sql>,
}

/// `"table", dated "column" of "joins of its row x" by "link to the appointment a": condition;`
macro_rules! parts {
    ($($table:literal $(, dated $dated:literal $($(of $joins:literal)? by $link:literal)?)?: $of:expr;)+) => {
        &[$(Part {
            table: $table,
            count: Sql {
                name: concat!("RETENTION_COUNT_", $table),
                text: concat!("SELECT COUNT(*), ", parts!(@ends $($dated)?), " FROM ", $table, " WHERE ", $of),
            },
            delete: Sql {
                name: concat!("RETENTION_DELETE_", $table),
                text: concat!("DELETE FROM ", $table, " WHERE ", $of),
            },
            young: parts!(@young $table $($($dated $link $($joins)?)?)?),
        }),+]
    };
    (@ends) => { "CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)" };
    (@ends $dated:literal) => { concat!("MIN(", $dated, "), MAX(", $dated, ")") };
    (@young $table:literal) => { None };
    (@young $table:literal $dated:literal $link:literal) => {
        parts!(@young $table $dated $link concat!($table, " x"))
    };
    (@young $table:literal $dated:literal $link:literal $joins:expr) => {
        Some(Sql {
            name: concat!("RETENTION_YOUNG_", $table),
            text: concat!("SELECT a.id FROM appointment a WHERE a.id > $1 AND a.id <= $2 AND a.end_us < $3
                AND EXISTS (SELECT 1 FROM ", $joins, " WHERE ", $link, " AND x.", $dated, " >= $3)"),
        })
    };
}

/// Postings that name a payment and no appointment, said so that no engine looks for them among all that name none.
macro_rules! of_no_appointment {
    ($column:literal) => {
        concat!("COALESCE(", $column, ", '') = ''")
    };
}

/// Every table of a case but its hold, children first. A row that is linked to its appointment by a time of its own keeps the
/// whole case while it is younger than the accounting time.
pub const PARTS: &[Part] = parts! {
    "ledger_entry": concat!("tx_id IN (SELECT t.id FROM ledger_tx t WHERE ", of_appointment!("t.appointment_id"), ")");
    "ledger_entry": concat!("tx_id IN (SELECT t.id FROM ledger_tx t WHERE ", of_no_appointment!("t.appointment_id"), " AND ", of_payment!("t.payment_id"), ")");
    "ledger_tx", dated "created_us" by "x.appointment_id = a.id": of_appointment!("appointment_id");
    "ledger_tx", dated "created_us" of "payment p JOIN ledger_tx x ON x.payment_id = p.id" by "p.hold_id = a.hold_id":
        concat!(of_no_appointment!("appointment_id"), " AND ", of_payment!("payment_id"));
    "invoice_payment", dated "noted_us" of "payment p JOIN invoice_payment x ON x.payment_id = p.id" by "p.hold_id = a.hold_id":
        of_payment!("payment_id");
    "invoice_reminder", dated "sent_us" of "payment p JOIN invoice_reminder x ON x.payment_id = p.id" by "p.hold_id = a.hold_id":
        of_payment!("payment_id");
    "invoice", dated "issued_us" by "x.appointment_id = a.id": of_appointment!("appointment_id");
    "dispute_file": of_appointment!("appointment_id");
    "dispute_entry": of_appointment!("appointment_id");
    "dispute": of_appointment!("appointment_id");
    "refund", dated "created_us" of "payment p JOIN refund x ON x.payment_id = p.id" by "p.hold_id = a.hold_id":
        of_payment!("payment_id");
    "money_difference": of_payment!("payment_id");
    "payment_op", dated "created_us" of "payment p JOIN payment_op x ON x.payment_id = p.id" by "p.hold_id = a.hold_id":
        of_payment!("payment_id");
    "outbox", dated "created_us": of_appointment!("appointment_id");
    "document", dated "issued_us" by "x.appointment_id = a.id": of_appointment!("appointment_id");
    "document", dated "issued_us" of "payment p JOIN document x ON x.payment_id = p.id" by "p.hold_id = a.hold_id":
        concat!(of_no_appointment!("appointment_id"), " AND ", of_payment!("payment_id"));
    "call_extension", dated "asked_us" by "x.call_id = a.id": of_appointment!("call_id");
    "charge", dated "created_us" by "x.call_id = a.id": of_appointment!("call_id");
    "call_quality", dated "at_us": of_appointment!("call_id");
    "call_segment", dated "last_seen_us" by "x.call_id = a.id": of_appointment!("call_id");
    "call_attendance": of_appointment!("call_id");
    "call": of_appointment!("id");
    "appointment_event", dated "at_us" by "x.appointment_id = a.id": of_appointment!("appointment_id");
    "seat": of_appointment!("appointment_id");
    "payment", dated "updated_us" by "x.hold_id = a.hold_id": of_hold!("hold_id");
    "retention_hold": of_appointment!("appointment_id");
    "withdrawal_request": of_hold!("hold_id");
    "hold_draft": of_hold!("hold_id");
    "reservation": of_hold!("hold_id");
    "appointment", dated "end_us": of_appointment!("id");
};

/// Why an appointment stays that is old enough, and which ones do: after `$1` up to `$2`, ended before `$3`, as it was at `$4`.
pub const BLOCKS: &[(&str, Sql)] = &[
    (
        "legal_hold",
        Sql {
            name: "RETENTION_LEGAL_HOLD",
            text: "SELECT a.id FROM appointment a WHERE a.id > $1 AND a.id <= $2 AND a.end_us < $3
            AND EXISTS (SELECT 1 FROM retention_hold h WHERE (h.appointment_id = a.id OR h.account_id = a.consumer_id
                    OR h.account_id = (SELECT m.account_id FROM member m WHERE m.id = a.member_id))
                AND (h.lifted_us IS NULL OR h.lifted_us > $4))",
        },
    ),
    (
        "unfinished",
        Sql {
            name: "RETENTION_UNFINISHED",
            text: "SELECT a.id FROM appointment a WHERE a.id > $1 AND a.id <= $2 AND a.end_us < $3 AND $3 <= $4
            AND (a.status IN ('confirmed', 'in_call')
                OR EXISTS (SELECT 1 FROM dispute z WHERE z.appointment_id = a.id AND z.state IN ('opened', 'answered', 'deciding'))
                OR EXISTS (SELECT 1 FROM document d WHERE d.appointment_id = a.id AND d.unstored IS NOT NULL)
                OR EXISTS (SELECT 1 FROM payment p JOIN document d ON d.payment_id = p.id
                    WHERE p.hold_id = a.hold_id AND d.unstored IS NOT NULL)
                OR EXISTS (SELECT 1 FROM payment p JOIN refund r ON r.payment_id = p.id
                    WHERE p.hold_id = a.hold_id AND r.state IN ('waiting', 'asked', 'pending'))
                OR EXISTS (SELECT 1 FROM invoice i WHERE i.appointment_id = a.id AND i.open_minor <> 0)
                OR EXISTS (SELECT 1 FROM payment p JOIN payment_op o ON o.payment_id = p.id
                    WHERE p.hold_id = a.hold_id AND o.state = 'pending'))",
        },
    ),
];

/// The reason of those that only have a younger record, for example a refund of a later year.
pub const YOUNG: &str = "younger_record";

/// The hold that an appointment was booked from: counted here, and deleted by its id after the appointment.
const COUNT_HOLDS: Sql = Sql {
    name: "RETENTION_COUNT_hold",
    text: "SELECT COUNT(*), MIN(created_us), MAX(created_us) FROM hold
        WHERE id IN (SELECT a.hold_id FROM appointment a WHERE a.id > $1 AND a.id <= $2)",
};

/// A hundred ids.
macro_rules! hundred {
    () => {
        "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,
         $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50,
         $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74, $75,
         $76, $77, $78, $79, $80, $81, $82, $83, $84, $85, $86, $87, $88, $89, $90, $91, $92, $93, $94, $95, $96, $97, $98, $99, $100"
    };
}
pub(super) use hundred;

const DELETE_HOLDS: Sql = Sql {
    name: "RETENTION_DELETE_hold",
    text: concat!("DELETE FROM hold WHERE id IN (", hundred!(), ")"),
};

/// Every statement here, for the test that prepares them.
pub(super) fn registered_statements() -> impl Iterator<Item = Sql> {
    let parts = PARTS
        .iter()
        .flat_map(|part| [Some(part.count), Some(part.delete), part.young].into_iter().flatten());
    let blocks = BLOCKS.iter().map(|(_, sql)| *sql);
    parts.chain(blocks).chain([COUNT_HOLDS, DELETE_HOLDS])
}

/// An appointment on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub id: String,
    pub hold_id: String,
    pub time_zone: String,
    pub end_us: Micros,
}

impl FromRow for Case {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            hold_id: row.get("hold_id")?,
            time_zone: row.get("time_zone")?,
            end_us: row.get("end_us")?,
        })
    }
}

/// Appointments that lie together, by their ids, and may all leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    /// The id before the first one.
    pub after: String,
    pub last: String,
    /// Everything of them is from before this moment.
    pub cut: Micros,
    pub holds: Vec<String>,
}

/// What a stretch of appointments comes to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stretch {
    /// The last id that was looked at; `None` when there was none any more.
    pub last: Option<String>,
    pub ranges: Vec<Range>,
    /// How many are old enough and stay, by reason.
    pub kept: BTreeMap<&'static str, i64>,
}

/// Looks at the next `at_most` appointments after an id, as it was at a moment; records stay so many years.
pub(super) async fn look(
    tx: &mut Tx,
    after: &str,
    at_most: i64,
    as_of: Micros,
    years: i64,
) -> Result<Stretch, DbError> {
    let cases: Vec<Case> = tx.all(WALK, params![after, at_most]).await?;
    let Some(last) = cases.last().map(|case| case.id.clone()) else {
        return Ok(Stretch::default());
    };
    let mut stays: BTreeMap<String, &'static str> = BTreeMap::new();
    let zones: BTreeSet<&str> = cases.iter().map(|case| case.time_zone.as_str()).collect();
    let cuts: BTreeMap<&str, Micros> = zones
        .into_iter()
        .map(|zone| (zone, accounting_cut(as_of, zone, years)))
        .collect();
    for (zone, cut) in &cuts {
        if !cases.iter().any(|case| case.time_zone == *zone && case.end_us < *cut) {
            continue;
        }
        for (reason, sql) in BLOCKS {
            let found: Vec<String> = tx.all(*sql, params![after, &last, *cut, as_of]).await?;
            for id in found {
                stays.entry(id).or_insert(reason);
            }
        }
        for sql in PARTS.iter().filter_map(|part| part.young) {
            let found: Vec<String> = tx.all(sql, params![after, &last, *cut]).await?;
            for id in found {
                stays.entry(id).or_insert(YOUNG);
            }
        }
    }
    Ok(judge(after, &cases, &stays, &cuts))
}

/// Which of these appointments, all that there are after an id, may leave.
fn judge(
    after: &str,
    cases: &[Case],
    stays: &BTreeMap<String, &'static str>,
    cuts: &BTreeMap<&str, Micros>,
) -> Stretch {
    let mut stretch = Stretch::default();
    let mut before = after;
    // Whether the one before may leave as well, and so lies in the last range.
    let mut open = false;
    for case in cases {
        let cut = cuts[case.time_zone.as_str()];
        let reason = stays.get(&case.id);
        if case.end_us >= cut || reason.is_some() {
            if let Some(reason) = reason.filter(|_| case.end_us < cut) {
                *stretch.kept.entry(reason).or_default() += 1;
            }
            open = false;
        } else {
            match stretch.ranges.last_mut().filter(|range| open && range.cut == cut) {
                Some(range) => {
                    range.last.clone_from(&case.id);
                    range.holds.push(case.hold_id.clone());
                }
                None => stretch.ranges.push(Range {
                    after: before.to_owned(),
                    last: case.id.clone(),
                    cut,
                    holds: vec![case.hold_id.clone()],
                }),
            }
            open = true;
        }
        before = &case.id;
    }
    stretch.last = Some(before.to_owned());
    stretch
}

/// How many rows a table loses, and the times of the oldest and the newest where it has any.
pub(super) type Counted = (&'static str, i64, Option<Micros>, Option<Micros>);

/// Counts what a range would take along, table by table.
pub(super) async fn count(tx: &mut Tx, range: &Range) -> Result<Vec<Counted>, DbError> {
    let mut counted = Vec::with_capacity(PARTS.len() + 1);
    let all = PARTS.iter().map(|part| (part.table, part.count));
    for (table, sql) in all.chain([("hold", COUNT_HOLDS)]) {
        let (rows, oldest, newest): (i64, Option<i64>, Option<i64>) =
            tx.one(sql, params![&range.after, &range.last]).await?;
        counted.push((table, rows, oldest, newest));
    }
    Ok(counted)
}

/// Deletes a range, table by table; what its postings came to is carried. The door must be open.
pub(super) async fn delete(tx: &mut Tx, range: &Range) -> Result<Vec<Counted>, DbError> {
    carried::carry(tx, &range.after, &range.last).await?;
    tx.execute(LET_GO_OF_CASES, params![&range.after, &range.last]).await?;
    let mut counted = Vec::with_capacity(PARTS.len() + 1);
    for part in PARTS {
        let rows = tx.execute(part.delete, params![&range.after, &range.last]).await?;
        counted.push((part.table, as_count(rows), None, None));
    }
    let rows = by_hundreds(tx, DELETE_HOLDS, &range.holds).await?;
    counted.push(("hold", rows, None, None));
    Ok(counted)
}

pub(super) fn as_count(rows: u64) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Executes a statement about a hundred ids for all of these; returns how many rows it changed.
pub(super) async fn by_hundreds(tx: &mut Tx, sql: Sql, ids: &[String]) -> Result<i64, DbError> {
    let mut rows = 0;
    for some in ids.chunks(100) {
        rows += tx.execute(sql, hundred_params(some)).await?;
    }
    Ok(as_count(rows))
}

/// A hundred parameters from at most as many ids, of which there must be one.
pub(super) fn hundred_params(ids: &[String]) -> Vec<Param> {
    let last = ids.last().expect("chunks are never empty");
    let all = ids.iter().chain(std::iter::repeat_n(last, 100 - ids.len()));
    all.map(Into::into).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_together_leaves_together() {
        let case = |id: &str, time_zone: &str, end_us| Case {
            id: id.into(),
            hold_id: format!("h{id}"),
            time_zone: time_zone.into(),
            end_us,
        };
        let cases = [
            case("a", "O", 1),
            case("b", "O", 2),
            case("c", "O", 10),
            case("d", "O", 3),
            case("e", "O", 4),
            case("f", "L", 4),
            case("g", "L", 5),
        ];
        let stays = BTreeMap::from([("d".to_owned(), "legal_hold"), ("c".to_owned(), "unfinished")]);
        let stretch = judge("0", &cases, &stays, &BTreeMap::from([("O", 10), ("L", 5)]));
        let range = |after: &str, last: &str, cut, holds: &[&str]| Range {
            after: after.into(),
            last: last.into(),
            cut,
            holds: holds.iter().map(|id| (*id).to_owned()).collect(),
        };
        assert_eq!(
            stretch.ranges,
            [
                range("0", "b", 10, &["ha", "hb"]),
                range("d", "e", 10, &["he"]),
                range("e", "f", 5, &["hf"])
            ]
        );
        // What is not old enough is not held back.
        assert_eq!(stretch.kept, BTreeMap::from([("legal_hold", 1)]));
        assert_eq!(stretch.last.as_deref(), Some("g"));
    }
}
