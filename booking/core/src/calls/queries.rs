//! Calls, who came, and the ledger of presence.

use signaling_protocol::call::SeatSession;
use signaling_protocol::{SegmentKey, Span};

use crate::appointments::Status;
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Param, Row, Tx};
use crate::{params, statements};

/// Columns of a [`SeatRow`].
macro_rules! seat_select {
    ($rest:literal) => {
        concat!(
            "SELECT s.id AS seat_id, s.role, s.account_id, c.id AS call_id, c.opens_us, c.starts_us, c.ends_us, c.ended_us,
                t.arrived_us, t.admitted_us, t.left_us
            FROM seat s JOIN call c ON c.id = s.appointment_id
            LEFT JOIN call_attendance t ON t.call_id = c.id AND t.seat_id = s.id ",
            $rest
        )
    };
}

statements! {
    CREATE = "INSERT INTO call (id, opens_us, starts_us, ends_us, created_us) VALUES ($1, $2, $3, $4, $5)
              ON CONFLICT (id) DO NOTHING";
    /// Also locks the call's row until the end of the transaction.
    LOCK = "UPDATE call SET version = version + 1 WHERE id = $1";
    SEAT = seat_select!("WHERE s.id = $1 AND c.id = $2");
    SEAT_OF_ACCOUNT = seat_select!("WHERE s.account_id = $1 AND c.id = $2 ORDER BY s.role LIMIT 1");
    SEATS = seat_select!("WHERE c.id = $1 ORDER BY s.role, s.id");
    ARRIVED = "INSERT INTO call_attendance (call_id, seat_id, arrived_us) VALUES ($1, $2, $3)
               ON CONFLICT (call_id, seat_id) DO NOTHING";
    ADMITTED = "INSERT INTO call_attendance (call_id, seat_id, arrived_us, admitted_us) VALUES ($1, $2, $3, $3)
                ON CONFLICT (call_id, seat_id) DO UPDATE SET admitted_us = excluded.admitted_us
                WHERE call_attendance.admitted_us IS NULL";
    LEFT_FOR_GOOD = "UPDATE call_attendance SET left_us = $3 WHERE call_id = $1 AND seat_id = $2 AND left_us IS NULL";
    /// session, account, now
    SESSION_LASTS = "SELECT COUNT(*) FROM session WHERE id = $1 AND account_id = $2 AND expires_us > $3";
    /// [`REVIEW_BATCH`] calls
    STATUSES = "SELECT id, status FROM appointment WHERE id IN
                ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
    /// now, [`REVIEW_BATCH`] sessions
    SESSIONS_THAT_LAST = "SELECT id FROM session WHERE expires_us > $1 AND id IN
                ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    /// now, [`REVIEW_BATCH`] seats, as many sign-ins: whose account has which seat
    SEATS_OF_SESSIONS = "SELECT t.id, s.id FROM seat t JOIN session s ON s.account_id = t.account_id WHERE s.expires_us > $1
                AND t.id IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
                AND s.id IN ($18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33)";
    OPEN_SEGMENT = "INSERT INTO call_segment (call_id, seat_id, seq, node, started_us, last_seen_us)
                    VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (call_id, seat_id, seq) DO NOTHING";
    /// Changes a row, forward or not, as long as it is open.
    CHECKPOINT = "UPDATE call_segment SET last_seen_us = CASE WHEN last_seen_us < $4 THEN $4 ELSE last_seen_us END
                  WHERE call_id = $1 AND seat_id = $2 AND seq = $3 AND ended_us IS NULL";
    CLOSE_SEGMENT = "UPDATE call_segment SET ended_us = $4, end_reason = $5,
                         last_seen_us = CASE WHEN last_seen_us < $4 THEN $4 ELSE last_seen_us END
                     WHERE call_id = $1 AND seat_id = $2 AND seq = $3 AND ended_us IS NULL AND started_us <= $4";
    /// A segment whose end would lie before its start has no length.
    CLOSE_EMPTY = "UPDATE call_segment SET ended_us = started_us, end_reason = $4
                   WHERE call_id = $1 AND seat_id = $2 AND seq = $3 AND ended_us IS NULL";
    NODE_SEEN = "SELECT COALESCE(MAX(last_seen_us), 0) FROM call_segment WHERE ended_us IS NULL AND node = $1";
    RECOVER_NODE = "UPDATE call_segment SET ended_us = last_seen_us, end_reason = 'recovered'
                    WHERE ended_us IS NULL AND node = $1";
    NODES_MEASURING = "SELECT node, MAX(last_seen_us) FROM call_segment WHERE ended_us IS NULL AND node <> $1
                       GROUP BY node ORDER BY node LIMIT 1000";
    RECOVER_SILENT = "UPDATE call_segment SET ended_us = last_seen_us, end_reason = 'recovered'
                      WHERE ended_us IS NULL AND node = $1 AND last_seen_us <= $2";
    NEXT_SEGMENT = "SELECT COALESCE(MAX(seq) + 1, 0) FROM call_segment WHERE call_id = $1 AND seat_id = $2";
    ROLES_PRESENT = "SELECT COUNT(DISTINCT s.role) FROM call_segment g JOIN seat s ON s.id = g.seat_id
                     WHERE g.call_id = $1 AND g.ended_us IS NULL";
    SEGMENTS = "SELECT g.seat_id, s.role, g.seq, g.started_us, g.last_seen_us, g.ended_us, g.end_reason
                FROM call_segment g JOIN seat s ON s.id = g.seat_id
                WHERE g.call_id = $1 ORDER BY g.started_us, g.seat_id, g.seq";
    END = "UPDATE call SET ended_us = $2 WHERE id = $1 AND ended_us IS NULL";
    /// now, limit: begun with both sides in them, and not said to be under way
    TO_BEGIN = "SELECT c.id FROM call_segment g JOIN seat s ON s.id = g.seat_id JOIN call c ON c.id = g.call_id
                JOIN appointment a ON a.id = c.id
                WHERE g.ended_us IS NULL AND a.status = 'confirmed' AND c.starts_us <= $1
                GROUP BY c.id HAVING COUNT(DISTINCT s.role) = 2 ORDER BY c.id LIMIT $2";
    TO_FINALISE = "SELECT c.id FROM call c JOIN appointment a ON a.id = c.id
                   LEFT JOIN charge h ON h.call_id = c.id
                   WHERE h.call_id IS NULL AND a.status IN ('confirmed', 'in_call')
                     AND (c.ended_us IS NOT NULL OR c.ends_us <= $1
                          OR (c.starts_us <= $2 AND NOT EXISTS (
                              SELECT 1 FROM call_attendance t JOIN seat s ON s.id = t.seat_id
                              WHERE t.call_id = c.id AND s.role = 'provider')))
                   ORDER BY c.ends_us, c.id LIMIT $3";
}

/// How many rows one statement of a review asks about.
pub const REVIEW_BATCH: usize = 16;

/// A person's place in a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeatRow {
    pub call: String,
    pub seat: String,
    /// `consumer` or `provider`.
    pub role: String,
    pub account_id: String,
    pub opens_at: Micros,
    pub starts_at: Micros,
    pub ends_at: Micros,
    pub ended_at: Option<Micros>,
    pub arrived_at: Option<Micros>,
    pub admitted_at: Option<Micros>,
    /// When the person left for good.
    pub left_at: Option<Micros>,
}

impl FromRow for SeatRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            call: row.get("call_id")?,
            seat: row.get("seat_id")?,
            role: row.get("role")?,
            account_id: row.get("account_id")?,
            opens_at: row.get("opens_us")?,
            starts_at: row.get("starts_us")?,
            ends_at: row.get("ends_us")?,
            ended_at: row.get("ended_us")?,
            arrived_at: row.get("arrived_us")?,
            admitted_at: row.get("admitted_us")?,
            left_at: row.get("left_us")?,
        })
    }
}

/// A span of verified presence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    pub seat: String,
    pub role: String,
    pub seq: i64,
    pub started_at: Micros,
    pub last_seen_at: Micros,
    pub ended_at: Option<Micros>,
    pub end_reason: Option<String>,
}

impl Segment {
    /// What of it is proven: up to its end, or while it is open up to the last checkpoint, and never past `until`.
    #[must_use]
    pub fn span(&self, until: Micros) -> Span {
        Span {
            from: self.started_at,
            to: self.ended_at.unwrap_or(self.last_seen_at).min(until),
        }
    }
}

impl FromRow for Segment {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seat: row.get("seat_id")?,
            role: row.get("role")?,
            seq: row.get("seq")?,
            started_at: row.get("started_us")?,
            last_seen_at: row.get("last_seen_us")?,
            ended_at: row.get("ended_us")?,
            end_reason: row.get("end_reason")?,
        })
    }
}

pub async fn add_call(
    tx: &mut Tx,
    call: &str,
    opens_at: Micros,
    starts_at: Micros,
    ends_at: Micros,
    now: Micros,
) -> Result<(), DbError> {
    tx.execute(CREATE, params![call, opens_at, starts_at, ends_at, now])
        .await
        .map(drop)
}

/// Takes the call's row for the rest of the transaction; `false` when there is no such call.
pub async fn lock_call(tx: &mut Tx, call: &str) -> Result<bool, DbError> {
    Ok(tx.execute(LOCK, params![call]).await? == 1)
}

pub async fn seat(tx: &mut Tx, call: &str, seat: &str) -> Result<Option<SeatRow>, DbError> {
    tx.optional(SEAT, params![seat, call]).await
}

pub async fn seat_of_account(tx: &mut Tx, call: &str, account: &str) -> Result<Option<SeatRow>, DbError> {
    tx.optional(SEAT_OF_ACCOUNT, params![account, call]).await
}

pub async fn seats(tx: &mut Tx, call: &str) -> Result<Vec<SeatRow>, DbError> {
    tx.all(SEATS, params![call]).await
}

pub async fn record_arrival(tx: &mut Tx, call: &str, seat: &str, at: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(ARRIVED, params![call, seat, at]).await? == 1)
}

pub async fn record_admission(tx: &mut Tx, call: &str, seat: &str, at: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(ADMITTED, params![call, seat, at]).await? == 1)
}

pub async fn record_leaving_for_good(tx: &mut Tx, call: &str, seat: &str, at: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(LEFT_FOR_GOOD, params![call, seat, at]).await? == 1)
}

/// Whether a sign-in of this account has not ended.
pub async fn session_lasts(tx: &mut Tx, session: &str, account: &str, now: Micros) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(SESSION_LASTS, params![session, account, now]).await? == 1)
}

/// The statuses of at most [`REVIEW_BATCH`] appointments.
pub async fn statuses<'a>(tx: &mut Tx, calls: impl Iterator<Item = &'a str>) -> Result<Vec<(String, Status)>, DbError> {
    let rows: Vec<StatusRow> = tx.all(STATUSES, padded(Vec::new(), calls)).await?;
    Ok(rows.into_iter().map(|row| (row.call, row.status)).collect())
}

/// Which of at most [`REVIEW_BATCH`] sign-ins have not ended.
pub async fn sessions_that_last<'a>(
    tx: &mut Tx,
    sessions: impl Iterator<Item = &'a str>,
    now: Micros,
) -> Result<Vec<String>, DbError> {
    tx.all(SESSIONS_THAT_LAST, padded(params![now], sessions)).await
}

/// Which of at most [`REVIEW_BATCH`] seats are the account's whose sign-in took them, each with that sign-in.
pub async fn seats_of_sessions(
    tx: &mut Tx,
    taken: &[&SeatSession],
    now: Micros,
) -> Result<Vec<(String, String)>, DbError> {
    let seats = padded(params![now], taken.iter().map(|taken| taken.seat.as_str()));
    let both = padded(seats, taken.iter().map(|taken| taken.session.as_str()));
    tx.all(SEATS_OF_SESSIONS, both).await
}

/// As many ids as the statement has places for; no id is empty.
pub(super) fn padded<'a>(mut params: Vec<Param>, ids: impl Iterator<Item = &'a str>) -> Vec<Param> {
    let ids = ids.chain(std::iter::repeat("")).take(REVIEW_BATCH);
    params.extend(ids.map(Param::from));
    params
}

struct StatusRow {
    call: String,
    status: Status,
}

impl FromRow for StatusRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            call: row.get("id")?,
            status: row.parse("status")?,
        })
    }
}

pub async fn open_segment(tx: &mut Tx, key: &SegmentKey, node: &str, at: Micros) -> Result<bool, DbError> {
    let row = params![&key.call, &key.seat, key.seq, node, at];
    Ok(tx.execute(OPEN_SEGMENT, row).await? == 1)
}

pub async fn record_checkpoint(tx: &mut Tx, key: &SegmentKey, at: Micros) -> Result<u64, DbError> {
    tx.execute(CHECKPOINT, params![&key.call, &key.seat, key.seq, at]).await
}

pub async fn close_segment(tx: &mut Tx, key: &SegmentKey, at: Micros, reason: &str) -> Result<(), DbError> {
    let row = params![&key.call, &key.seat, key.seq, at, reason];
    if tx.execute(CLOSE_SEGMENT, row).await? == 0 {
        let row = params![&key.call, &key.seat, key.seq, reason];
        tx.execute(CLOSE_EMPTY, row).await?;
    }
    Ok(())
}

/// When the process called `node` last wrote down that somebody of an open segment was there; zero without such segments.
pub async fn node_seen(tx: &mut Tx, node: &str) -> Result<Micros, DbError> {
    tx.one(NODE_SEEN, params![node]).await
}

pub async fn recover_node(tx: &mut Tx, node: &str) -> Result<u64, DbError> {
    tx.execute(RECOVER_NODE, params![node]).await
}

/// The other processes with open segments, each with its newest checkpoint.
pub async fn nodes_measuring(tx: &mut Tx, own: &str) -> Result<Vec<(String, Micros)>, DbError> {
    tx.all(NODES_MEASURING, params![own]).await
}

/// Closes the segments of a process that has written nothing since `seen_at`.
pub async fn recover_silent(tx: &mut Tx, node: &str, seen_at: Micros) -> Result<u64, DbError> {
    tx.execute(RECOVER_SILENT, params![node, seen_at]).await
}

pub async fn next_segment(tx: &mut Tx, call: &str, seat: &str) -> Result<i64, DbError> {
    tx.one(NEXT_SEGMENT, params![call, seat]).await
}

/// How many of the two sides have an open segment.
pub async fn roles_present(tx: &mut Tx, call: &str) -> Result<i64, DbError> {
    tx.one(ROLES_PRESENT, params![call]).await
}

pub async fn segments(tx: &mut Tx, call: &str) -> Result<Vec<Segment>, DbError> {
    tx.all(SEGMENTS, params![call]).await
}

pub async fn record_end(tx: &mut Tx, call: &str, at: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(END, params![call, at]).await? == 1)
}

/// Calls whose start has come, whose sides are both there, and which are not under way on record.
pub async fn to_begin(tx: &mut Tx, now: Micros, at_most: i64) -> Result<Vec<String>, DbError> {
    tx.all(TO_BEGIN, params![now, at_most]).await
}

/// Calls without a charge that are over, whose window ended before `ended`, or that began before `begun` without a
/// provider.
pub async fn to_finalise(tx: &mut Tx, ended: Micros, begun: Micros, at_most: i64) -> Result<Vec<String>, DbError> {
    tx.all(TO_FINALISE, params![ended, begun, at_most]).await
}
