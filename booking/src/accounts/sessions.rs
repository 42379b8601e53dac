//! Sessions: an opaque cookie, its hash in the database, and who stands behind it.

use axum::http::{HeaderMap, HeaderValue, header};
use web::Locale;

use super::queries;
use crate::db::{DbError, FromRow, Row, Tx};
use crate::error::AppResult;
use crate::extract::{Membership, SignedIn, Visit, session_cookie, set_cookie, visitor_cookie};
use crate::state::{AppState, DAY_US, HOUR_US, Micros};
use crate::{limits, params};

/// A session ends this long after it began, used or not.
const SESSION_LIFE_US: Micros = 30 * DAY_US;
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
        };
        Ok(Found {
            account,
            last_seen_us: row.get("last_seen_us")?,
        })
    }
}

/// The account behind a session cookie, while the session lasts.
pub(crate) async fn find(state: &AppState, token_hash: &str, now: Micros) -> AppResult<Option<SignedIn>> {
    let mut tx = state.db.read().await?;
    let found: Option<Found> = tx.optional(queries::SESSION_FIND, params![token_hash, now]).await?;
    drop(tx);
    let Some(found) = found else { return Ok(None) };
    if now - found.last_seen_us >= LAST_SEEN_GRAIN_US {
        let mut tx = state.db.write().await?;
        tx.execute(queries::SESSION_TOUCH, params![now, &found.account.session_id])
            .await?;
        tx.commit().await?;
    }
    Ok(Some(found.account))
}

/// Begins a session and returns the header that hands its cookie over. An earlier session of this browser ends: a
/// cookie from before the sign-in grants nothing after it.
pub(crate) async fn begin(
    tx: &mut Tx,
    state: &AppState,
    visit: &Visit,
    account_id: &str,
) -> Result<HeaderMap, DbError> {
    if let Some(before) = &visit.actor.account {
        tx.execute(queries::SESSION_END, params![&before.session_id, &before.id])
            .await?;
    }
    let token = state.random.token();
    tx.execute(
        queries::SESSION_INSERT,
        params![
            state.id(),
            token.hash(),
            account_id,
            visit.now,
            visit.now + SESSION_LIFE_US,
            &visit.user_agent,
            visit.ip_prefix()
        ],
    )
    .await?;
    tx.execute(
        queries::SESSION_TRIM,
        params![account_id, limits::SESSIONS_PER_ACCOUNT_MAX],
    )
    .await?;
    Ok(cookie_header(&set_cookie(
        state,
        session_cookie(state),
        token.secret(),
        SESSION_LIFE_US / 1_000_000,
    )))
}

/// The headers that take the session's cookie away, and the one of its holds: whoever sits down next sees neither.
pub(crate) fn forget(state: &AppState) -> HeaderMap {
    let mut headers = cookie_header(&set_cookie(state, session_cookie(state), "", 0));
    let visitor = cookie_header(&set_cookie(state, visitor_cookie(state), "", 0));
    for value in visitor.into_iter().map(|(_, value)| value) {
        headers.append(header::SET_COOKIE, value);
    }
    headers
}

/// One `Set-Cookie` header.
pub(crate) fn cookie_header(cookie: &str) -> HeaderMap {
    let value = HeaderValue::from_str(cookie).expect("our cookies are ASCII");
    HeaderMap::from_iter([(header::SET_COOKIE, value)])
}

/// How long a browser is remembered for the holds it placed.
const VISITOR_LIFE_S: i64 = 86_400;

/// Makes sure that the browser has the cookie that holds are bound to; the header sets it where it was missing.
pub(crate) fn visitor(state: &AppState, visit: &mut Visit) -> HeaderMap {
    if !visit.actor.visitor_hash.is_empty() {
        return HeaderMap::new();
    }
    let token = state.random.token();
    visit.actor.visitor_hash = token.hash();
    cookie_header(&set_cookie(
        state,
        visitor_cookie(state),
        token.secret(),
        VISITOR_LIFE_S,
    ))
}
