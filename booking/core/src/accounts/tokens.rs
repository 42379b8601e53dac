//! One-time links: 256 random bits in a mail or on a screen, their hash in the database, one purpose each.

use super::queries;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::limits;
use crate::base::{Base, DAY_US, HOUR_US, Micros, Token, token_hash};
use crate::params;

/// What a link is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Setting a new password.
    Reset,
    /// Signing in without a password, once.
    Login,
    /// Making the first operator; belongs to no account yet.
    OperatorSetup,
    /// Making one more operator; belongs to no account yet.
    OperatorInvite,
}

impl Purpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::Login => "login",
            Self::OperatorSetup => "operator_setup",
            Self::OperatorInvite => "operator_invite",
        }
    }

    fn life_us(self) -> Micros {
        match self {
            Self::Reset => HOUR_US,
            Self::Login => DAY_US,
            Self::OperatorSetup | Self::OperatorInvite => 7 * DAY_US,
        }
    }
}

/// A link that is still good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub id: String,
    pub account_id: Option<String>,
    pub next_path: String,
    pub name: Option<String>,
    pub email: Option<String>,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            account_id: row.get("account_id")?,
            next_path: row.get("next_path")?,
            name: row.get("name")?,
            email: row.get("email")?,
        })
    }
}

/// Makes a link's token. The oldest of an account go when there are too many.
pub async fn issue(
    tx: &mut Tx,
    state: &Base,
    purpose: Purpose,
    account_id: Option<&str>,
    next_path: &str,
) -> Result<Token, DbError> {
    let token = state.random.token();
    let now = state.now();
    let row = params![
        state.random.id(now),
        token.hash(),
        purpose.as_str(),
        account_id,
        next_path,
        now,
        now + purpose.life_us()
    ];
    tx.execute(queries::TOKEN_INSERT, row).await?;
    let trim = params![
        account_id.unwrap_or_default(),
        purpose.as_str(),
        limits::TOKENS_PER_ACCOUNT_MAX
    ];
    tx.execute(queries::TOKEN_TRIM, trim).await?;
    Ok(token)
}

/// Looks a link up without using it.
pub async fn find(tx: &mut Tx, purpose: Purpose, secret: &str, now: Micros) -> Result<Option<Found>, DbError> {
    tx.optional(queries::TOKEN_FIND, params![token_hash(secret), purpose.as_str(), now])
        .await
}

/// Uses a link up. Of two at once, one gets it.
pub async fn take(tx: &mut Tx, purpose: Purpose, secret: &str, now: Micros) -> Result<Option<Found>, DbError> {
    let Some(found) = find(tx, purpose, secret, now).await? else {
        return Ok(None);
    };
    let used = tx.execute(queries::TOKEN_USE, params![&found.id, now]).await?;
    Ok((used == 1).then_some(found))
}
