//! Sessions: a token that a browser keeps, its hash in the database, and the account behind it.

use texts::Locale;

use super::queries;
use crate::base::actor::{Membership, Requester, SignedIn};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::limits;
use crate::base::security::{self, SecurityEvent};
use crate::base::{Base, DAY_US, HOUR_US, Micros, Token};
use crate::base::{Fault, Result};
use crate::params;

/// A session ends this long after it began, used or not.
pub const SESSION_LIFE_US: Micros = 30 * DAY_US;
/// The time of last use is kept no finer than this, so that reading pages seldom writes.
const LAST_SEEN_GRAIN_US: Micros = HOUR_US;

struct Found {
    account: SignedIn,
    last_seen_us: Micros,
}

impl FromRow for Found {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let member_id: Option<String> = row.get("member_id")?;
        let member = match member_id {
            Some(id) => Some(Membership {
                id,
                org_id: row.get("org_id")?,
                role: row.parse("role")?,
            }),
            None => None,
        };
        let account = SignedIn {
            id: row.get("account_id")?,
            name: row.get("name")?,
            email: row.get("email")?,
            email_verified: row.get::<Option<i64>>("email_verified_us")?.is_some(),
            locale: Locale::from_tag(&row.get::<String>("locale")?).unwrap_or_default(),
            is_operator: row.flag("is_operator")?,
            session_id: row.get("session_id")?,
            member,
            deletion_asked_us: row.get("deletion_asked_us")?,
        };
        Ok(Found {
            account,
            last_seen_us: row.get("last_seen_us")?,
        })
    }
}

/// The account behind a session cookie, while the session lasts.
pub async fn find(state: &Base, token_hash: &str, now: Micros) -> Result<Option<SignedIn>> {
    let mut tx = state.db.read().await?;
    let found: Option<Found> = tx.optional(queries::SESSION_FIND, params![token_hash, now]).await?;
    drop(tx);
    let Some(found) = found else { return Ok(None) };
    if now - found.last_seen_us >= LAST_SEEN_GRAIN_US {
        let mut tx = state.db.write().await?;
        tx.execute(queries::SESSION_TOUCH, params![now, &found.account.session_id])
            .await?;
        tx.execute(queries::ACTIVITY_SEEN, params![&found.account.id, now])
            .await?;
        tx.commit().await?;
    }
    Ok(Some(found.account))
}

/// Begins a session and returns its token. An earlier session of this browser ends: a token from before the sign-in grants
/// nothing after it.
pub async fn begin(tx: &mut Tx, base: &Base, requester: &Requester, account_id: &str) -> Result<Token, DbError> {
    if let Some(before) = &requester.actor.account {
        sign_out(tx, before).await?;
    }
    let token = base.random.token();
    tx.execute(
        queries::SESSION_INSERT,
        params![
            base.id(),
            token.hash(),
            account_id,
            requester.now,
            requester.now + SESSION_LIFE_US,
            &requester.user_agent,
            requester.ip_prefix()
        ],
    )
    .await?;
    tx.execute(
        queries::SESSION_TRIM,
        params![account_id, limits::SESSIONS_PER_ACCOUNT_MAX],
    )
    .await?;
    tx.execute(queries::ACTIVITY_SEEN, params![account_id, requester.now])
        .await?;
    security::note(SecurityEvent::SignedIn, account_id, requester);
    Ok(token)
}

/// A session of an account that has not run out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSession {
    pub id: String,
    pub created_us: Micros,
    pub last_seen_us: Micros,
    pub user_agent: String,
}

impl FromRow for OpenSession {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            created_us: row.get("created_us")?,
            last_seen_us: row.get("last_seen_us")?,
            user_agent: row.get("user_agent")?,
        })
    }
}

/// The open sessions of an account, the last used one first.
///
/// # Errors
/// When the database fails.
pub async fn list_sessions(tx: &mut Tx, who: &SignedIn, now: Micros) -> Result<Vec<OpenSession>, DbError> {
    tx.all(queries::SESSION_LIST, params![&who.id, now]).await
}

/// Ends the session that asks. One that has ended in the meantime is no error.
///
/// # Errors
/// When the database fails.
pub async fn sign_out(tx: &mut Tx, who: &SignedIn) -> Result<(), DbError> {
    let own = params![&who.session_id, &who.id];
    tx.execute(queries::SESSION_END, own).await.map(drop)
}

/// Ends one of the account's own sessions.
///
/// # Errors
/// [`Fault::NotFound`] for sessions of others, and for those that have ended.
pub async fn end_session(tx: &mut Tx, who: &SignedIn, id: &str) -> Result<()> {
    match tx.execute(queries::SESSION_END, params![id, &who.id]).await? {
        0 => Err(Fault::NotFound),
        _ => Ok(()),
    }
}

/// Ends all sessions of the account but the one that asks.
///
/// # Errors
/// When the database fails.
pub async fn end_other_sessions(tx: &mut Tx, who: &SignedIn) -> Result<(), DbError> {
    let but_this = params![&who.id, &who.session_id];
    tx.execute(queries::SESSION_END_OTHERS, but_this).await.map(drop)
}
