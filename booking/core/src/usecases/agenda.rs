//! What a provider had and has to do in a stretch of time: its appointments with their receipts, and what came of them.

use crate::appointments::Status;
use crate::base::Micros;
use crate::base::actor::{MemberRole, Membership};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{owed_minor, paid_minor, params, statements};

/// The appointments of the stretch that a member may see: those of the business for its owner, else the member's own.
macro_rules! in_stretch {
    () => {
        "a.org_id = $1 AND ($2 = '' OR a.member_id = $2) AND a.start_us >= $3 AND a.start_us < $4"
    };
}

statements! {
    /// org, member or nothing, from, until, limit, offset
    AGENDA_ROWS = concat!("SELECT a.id, a.start_us, a.end_us, a.title, a.status, c.name AS consumer_name, w.name AS member_name,
            ", paid_minor!(), " AS paid_minor, ", owed_minor!(), " AS owed_minor, h.currency, d.year, d.number
        FROM appointment a JOIN account c ON c.id = a.consumer_id JOIN member m ON m.id = a.member_id JOIN account w ON w.id = m.account_id
        LEFT JOIN charge h ON h.call_id = a.id
        LEFT JOIN document d ON d.id = (SELECT r.id FROM document r
            WHERE r.appointment_id = a.id AND r.kind IN ('receipt', 'invoice') AND r.refers_to IS NULL ORDER BY r.issued_us DESC, r.id DESC LIMIT 1)
        WHERE ", in_stretch!(), " ORDER BY a.start_us, a.id LIMIT $5 OFFSET $6");
    /// org, member or nothing, from, until
    AGENDA_COUNT = concat!("SELECT COUNT(*) FROM appointment a WHERE ", in_stretch!());
    /// org, member or nothing, from, until: the tax in what was paid is rounded half up, as everywhere
    AGENDA_EARNED = concat!("SELECT t.currency, CAST(SUM(CASE WHEN t.paid > 0 THEN 1 ELSE 0 END) AS BIGINT) AS calls,
            CAST(SUM(t.paid) AS BIGINT) AS gross_minor, CAST(SUM(t.owed) AS BIGINT) AS owed_minor,
            CAST(SUM((2 * t.paid * t.vat_bp + 10000 + t.vat_bp) / (2 * (10000 + t.vat_bp))) AS BIGINT) AS vat_minor
        FROM (SELECT h.currency, h.vat_bp, ", paid_minor!(), " AS paid, ", owed_minor!(), " AS owed
            FROM appointment a JOIN charge h ON h.call_id = a.id
            WHERE h.amount_minor > 0 AND ", in_stretch!(), ") t GROUP BY t.currency ORDER BY t.currency");
}

/// Which appointments: those that begin from `from` until before `until`.
#[derive(Debug, Clone, Copy)]
pub struct Stretch<'a> {
    pub member: &'a Membership,
    pub from: Micros,
    pub until: Micros,
}

impl Stretch<'_> {
    /// Whose alone, or nothing for the whole business.
    fn only(&self) -> &str {
        match self.member.role {
            MemberRole::Owner => "",
            MemberRole::Staff => &self.member.id,
        }
    }
}

/// One appointment of a stretch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaRow {
    pub id: String,
    pub starts_at: Micros,
    pub ends_at: Micros,
    pub title: String,
    pub status: Status,
    pub member: String,
    /// Empty once the account is erased.
    pub consumer: String,
    /// Once the call is settled.
    pub money: Option<AgendaMoney>,
    /// Year and number of the receipt.
    pub receipt: Option<(i64, i64)>,
}

/// What a settled call brought, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgendaMoney {
    pub currency: String,
    /// What the customer paid, less what was paid back.
    pub paid_minor: i64,
    /// What could not be captured, or not yet.
    pub owed_minor: i64,
}

impl FromRow for AgendaRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let currency: Option<String> = row.get("currency")?;
        let year: Option<i64> = row.get("year")?;
        Ok(Self {
            id: row.get("id")?,
            starts_at: row.get("start_us")?,
            ends_at: row.get("end_us")?,
            title: row.get("title")?,
            status: row.parse("status")?,
            member: row.get("member_name")?,
            consumer: row.get("consumer_name")?,
            money: match currency {
                Some(currency) => Some(AgendaMoney {
                    currency,
                    paid_minor: row.get("paid_minor")?,
                    owed_minor: row.get("owed_minor")?,
                }),
                None => None,
            },
            receipt: match year {
                Some(year) => Some((year, row.get("number")?)),
                None => None,
            },
        })
    }
}

/// What the calls of a stretch came to, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earnings {
    pub currency: String,
    /// Calls that somebody paid for.
    pub calls: i64,
    /// What customers paid, less what was paid back, minor units.
    pub gross_minor: i64,
    /// The VAT in it.
    pub vat_minor: i64,
    /// What could not be captured, or not yet.
    pub owed_minor: i64,
}

impl FromRow for Earnings {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            currency: row.get("currency")?,
            calls: row.get("calls")?,
            gross_minor: row.get("gross_minor")?,
            vat_minor: row.get("vat_minor")?,
            owed_minor: row.get("owed_minor")?,
        })
    }
}

/// Appointments of a stretch in order, and how many there are in all.
///
/// # Errors
/// When the database fails.
pub async fn agenda(
    tx: &mut Tx,
    stretch: Stretch<'_>,
    limit: i64,
    offset: i64,
) -> Result<(Vec<AgendaRow>, i64), DbError> {
    let Stretch { member, from, until } = stretch;
    let rows = params![&member.org_id, stretch.only(), from, until, limit, offset];
    let rows = tx.all(AGENDA_ROWS, rows).await?;
    let count = params![&member.org_id, stretch.only(), from, until];
    Ok((rows, tx.one(AGENDA_COUNT, count).await?))
}

/// What the calls of a stretch came to, by currency; nothing where nothing was to be paid.
///
/// # Errors
/// When the database fails.
pub async fn earnings(tx: &mut Tx, stretch: Stretch<'_>) -> Result<Vec<Earnings>, DbError> {
    let Stretch { member, from, until } = stretch;
    tx.all(AGENDA_EARNED, params![&member.org_id, stretch.only(), from, until])
        .await
}
