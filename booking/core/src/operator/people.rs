//! Finding people by what they say on the phone, and who the operators are.

use crate::base::Micros;
use crate::base::db::{DbError, FromRow, Param, Row, Tx, pattern_within};
use crate::{params, small_letters, statements};

/// People of one search.
const FOUND_MAX: i64 = 50;
/// Digits of a phone number that are worth a search.
const DIGITS_MIN: usize = 4;

statements! {
    /// part of name or e-mail in lower case, digits of a phone number or nothing, limit
    FIND = concat!("SELECT a.id, a.name, a.email, a.phone, a.created_us, a.is_operator, COALESCE(o.name, '') AS business,
                COALESCE(o.id, '') AS org_id
            FROM account a LEFT JOIN member m ON m.account_id = a.id AND m.active = 1 LEFT JOIN org o ON o.id = m.org_id
            WHERE a.erased_us IS NULL AND (", small_letters!("a.name"), " LIKE $1 ESCAPE '!'
                OR a.email_norm LIKE $1 ESCAPE '!' OR ($2 <> '' AND a.phone LIKE $2))
            ORDER BY a.name, a.id LIMIT $3");
    OPERATORS = "SELECT name, email, created_us FROM account WHERE is_operator = 1 AND erased_us IS NULL
                 ORDER BY created_us, id LIMIT 1000";
}

/// A person that a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub since: Micros,
    pub is_operator: bool,
    /// Empty without one.
    pub business: String,
    /// Likewise.
    pub org_id: String,
}

impl FromRow for Person {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            phone: row.get("phone")?,
            since: row.get("created_us")?,
            is_operator: row.flag("is_operator")?,
            business: row.get("business")?,
            org_id: row.get("org_id")?,
        })
    }
}

/// People whose name, e-mail or phone number holds `q`.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, q: &str) -> Result<Vec<Person>, DbError> {
    tx.all(FIND, matching(q)).await
}

/// Name, e-mail and beginning of every operator.
///
/// # Errors
/// When the database fails.
pub async fn operators(tx: &mut Tx) -> Result<Vec<(String, String, Micros)>, DbError> {
    tx.all(OPERATORS, params![]).await
}

fn matching(q: &str) -> Vec<Param> {
    let digits: String = q.chars().filter(char::is_ascii_digit).collect();
    let digits = digits
        .strip_prefix("0047")
        .or(digits.strip_prefix("47"))
        .unwrap_or(&digits);
    let phone = if digits.len() >= DIGITS_MIN {
        format!("%{digits}%")
    } else {
        String::new()
    };
    params![pattern_within(&q.to_lowercase()), phone, FOUND_MAX]
}
