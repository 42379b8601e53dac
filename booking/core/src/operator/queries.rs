//! What only the operator asks.

use signaling_protocol::PriceTerms;

use crate::appointments::Status;
use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::{paid_minor, params, statements};

statements! {
    LIST = concat!("SELECT a.id, a.start_us, a.title, a.status, o.name AS org_name, c.name AS consumer_name, a.price_terms,
                CASE WHEN h.call_id IS NULL THEN NULL ELSE ", paid_minor!(), " END AS paid_minor
            FROM appointment a JOIN org o ON o.id = a.org_id JOIN account c ON c.id = a.consumer_id
            LEFT JOIN charge h ON h.call_id = a.id
            WHERE $1 = '' OR a.status = $1
            ORDER BY a.start_us DESC, a.id DESC LIMIT $2");
    /// mail: whose it is, by account or address, and who booked what it is about
    PEOPLE_OF_MAIL = "SELECT a.id FROM account a JOIN outbox m ON m.id = $1
            WHERE a.id = m.account_id OR a.email = m.recipient
                OR a.id = (SELECT p.consumer_id FROM appointment p WHERE p.id = m.appointment_id)
            ORDER BY a.id LIMIT 10";
}

/// An appointment in the operator's list.
pub struct ListedAppointment {
    pub id: String,
    pub start: Micros,
    pub title: String,
    pub status: Status,
    pub org_name: String,
    pub consumer_name: String,
    /// What the customer paid, less what was paid back; none before the call is settled.
    pub charged_minor: Option<i64>,
    pub currency: String,
}

impl FromRow for ListedAppointment {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let terms: PriceTerms = row.json("price_terms")?;
        Ok(Self {
            id: row.get("id")?,
            start: row.get("start_us")?,
            title: row.get("title")?,
            status: row.parse("status")?,
            org_name: row.get("org_name")?,
            consumer_name: row.get("consumer_name")?,
            charged_minor: row.get("paid_minor")?,
            currency: terms.currency,
        })
    }
}

/// The accounts whose data a mail holds.
///
/// # Errors
/// When the database fails.
pub async fn people_of_mail(tx: &mut Tx, mail: &str) -> Result<Vec<String>, DbError> {
    tx.all(PEOPLE_OF_MAIL, params![mail]).await
}

/// The latest appointments, those with a status or all.
pub async fn list(tx: &mut Tx, status: Option<Status>, at_most: i64) -> Result<Vec<ListedAppointment>, DbError> {
    tx.all(LIST, params![status.map_or("", Status::as_str), at_most]).await
}
