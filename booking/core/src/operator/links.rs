//! Links for operators, made at the console of the server: the way in when there is no operator yet, when a password is
//! lost on a server that sends no mail, and for one more operator.

use texts::routes::{self, pattern};

use crate::accounts::tokens::{self, Purpose};
use crate::accounts::{login_link, operator_setup_link};
use crate::base::audit::{self, Action};
use crate::base::db::{DbError, Tx};
use crate::base::{Base, Result, fields};
use crate::{params, statements};

statements! {
    /// normalised e-mail, or nothing for all
    OPERATORS = "SELECT id, email FROM account WHERE is_operator = 1 AND erased_us IS NULL AND ($1 = '' OR email_norm = $1)
                 ORDER BY created_us, id LIMIT 1000";
}

/// What [`operator_link`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OperatorLink {
    /// Makes the first operator.
    First(String),
    /// Signs this one in.
    SignIn { email: String, link: String },
    /// There are several, or none with that address; these are there.
    Which(Vec<String>),
}

/// A one-time link that makes the first operator, or signs in the one who is there; with several, the one with `email`.
///
/// # Errors
/// When the database fails.
pub async fn operator_link(state: &Base, email: Option<&str>) -> Result<OperatorLink> {
    if let Some(link) = operator_setup_link(state).await? {
        return Ok(OperatorLink::First(link));
    }
    let mut tx = state.db.write().await?;
    let norm = email.map_or_else(String::new, fields::email_norm);
    let found: Vec<(String, String)> = tx.all(OPERATORS, params![norm]).await?;
    let [(id, email)] = found.as_slice() else {
        let all: Vec<(String, String)> = tx.all(OPERATORS, params![""]).await?;
        return Ok(OperatorLink::Which(all.into_iter().map(|(_, email)| email).collect()));
    };
    let link = login_link(&mut tx, state, id, pattern::OPERATOR).await?;
    audit::write(&mut tx, state, None, Action::LinkMade, id, "").await?;
    tx.commit().await?;
    Ok(OperatorLink::SignIn {
        email: email.clone(),
        link,
    })
}

/// A link, good once, by which somebody becomes one more operator.
///
/// # Errors
/// When the database fails.
pub async fn further_operator_link(state: &Base) -> Result<String> {
    let mut tx = state.db.write().await?;
    let link = further(&mut tx, state).await?;
    audit::write(&mut tx, state, None, Action::LinkMade, "", "").await?;
    tx.commit().await?;
    Ok(link)
}

/// As [`further_operator_link`], in the caller's transaction.
///
/// # Errors
/// When the database fails.
pub async fn further(tx: &mut Tx, state: &Base) -> std::result::Result<String, DbError> {
    let token = tokens::issue(tx, state, Purpose::OperatorInvite, None, pattern::OPERATOR).await?;
    Ok(state.link(&routes::operator_setup(token.secret())))
}
