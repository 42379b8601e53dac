//! The cookies of sessions and of holds.

use axum::http::{HeaderMap, HeaderValue, header};
use booking_core::AppState;
use booking_core::accounts::device::{self, DEVICE_LIFE_US};
use booking_core::accounts::sessions::{self, SESSION_LIFE_US};
use booking_core::base::SECOND_US;
use booking_core::base::db::{DbError, Tx};

use crate::error::AppResult;
use crate::extract::{Visit, device_cookie, session_cookie, set_cookie, visitor_cookie};

/// Begins a session and returns the headers that hand its cookie over, and the one by which the browser is known again.
pub(crate) async fn begin(
    tx: &mut Tx,
    state: &AppState,
    visit: &Visit,
    account_id: &str,
) -> Result<HeaderMap, DbError> {
    let token = sessions::begin(tx, state, visit, account_id).await?;
    let session = set_cookie(
        state,
        session_cookie(state),
        token.secret(),
        SESSION_LIFE_US / SECOND_US,
    );
    let known = device::remember(state, account_id);
    let known = set_cookie(state, device_cookie(state), &known, DEVICE_LIFE_US / SECOND_US);
    let mut headers = cookie_header(&session);
    headers.append(
        header::SET_COOKIE,
        HeaderValue::from_str(&known).expect("our cookies are ASCII"),
    );
    Ok(headers)
}

/// Begins a session in a transaction of its own.
pub(crate) async fn begin_now(state: &AppState, visit: &Visit, account_id: &str) -> AppResult<HeaderMap> {
    let mut tx = state.db.write().await?;
    let headers = begin(&mut tx, state, visit, account_id).await?;
    tx.commit().await?;
    Ok(headers)
}

/// The headers that take the session's cookie away, and the one of its holds: the next person at this browser sees neither.
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
