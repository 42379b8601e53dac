//! Making operators: the first by a link from the console of the server, more by links from an operator.

use texts::routes::{self, pattern};

use super::register::{NewAccount, create_account};
use super::tokens::{self, Purpose};
use super::{Account, find_by_email, queries};
use crate::base::actor::Requester;
use crate::base::audit::{self, Action};
use crate::base::db::{DbError, Tx};
use crate::base::fields::Email;
use crate::base::{Base, Fault, Micros, Result};
use crate::{carries_faults, params};

/// The link by which the first operator is made; `None` once there is one. Every call makes a new link, good for a week,
/// and links made before stay good: all of them are shown at the console of the server only.
///
/// # Errors
/// When the database fails.
pub async fn operator_setup_link(state: &Base) -> Result<Option<String>> {
    let mut tx = state.db.write().await?;
    if has_operator(&mut tx).await? {
        return Ok(None);
    }
    let token = tokens::issue(&mut tx, state, Purpose::OperatorSetup, None, pattern::OPERATOR).await?;
    tx.commit().await?;
    Ok(Some(state.link(&routes::operator_setup(token.secret()))))
}

/// The accounts of all operators.
///
/// # Errors
/// When the database fails.
pub async fn operators(tx: &mut Tx) -> Result<Vec<Account>, DbError> {
    tx.all(queries::OPERATOR_ACCOUNTS, params![]).await
}

async fn has_operator(tx: &mut Tx) -> Result<bool, DbError> {
    let operators: i64 = tx.one(queries::OPERATORS, params![]).await?;
    Ok(operators > 0)
}

/// What a link makes: the first operator as long as there is none, or one more. `None` when it is good for neither.
///
/// # Errors
/// When the database fails.
pub async fn operator_link_purpose(tx: &mut Tx, secret: &str, now: Micros) -> Result<Option<Purpose>, DbError> {
    for purpose in [Purpose::OperatorSetup, Purpose::OperatorInvite] {
        let is_late = purpose == Purpose::OperatorSetup && has_operator(tx).await?;
        if !is_late && tokens::find(tx, purpose, secret, now).await?.is_some() {
            return Ok(Some(purpose));
        }
    }
    Ok(None)
}

/// What a new operator says about itself, checked.
#[derive(Debug, Clone)]
pub struct OperatorInput<'a> {
    pub name: &'a str,
    pub email: &'a Email,
    pub password_hash: String,
}

/// Why no operator was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorRefusal {
    #[error("the link is good no more")]
    LinkExpired,
    #[error("the address has an account")]
    EmailTaken,
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(OperatorRefusal);

/// Makes an operator and uses the link up; of the links for the first operator, all are. Returns the new account.
///
/// # Errors
/// [`OperatorRefusal`].
pub async fn make_operator(
    tx: &mut Tx,
    state: &Base,
    visit: &Requester,
    secret: &str,
    new: OperatorInput<'_>,
) -> Result<String, OperatorRefusal> {
    let purpose = operator_link_purpose(tx, secret, visit.now).await?;
    let purpose = purpose.ok_or(OperatorRefusal::LinkExpired)?;
    if find_by_email(tx, &new.email.norm).await?.is_some() {
        return Err(OperatorRefusal::EmailTaken);
    }
    let used = tokens::take(tx, purpose, secret, visit.now).await?;
    used.ok_or(OperatorRefusal::LinkExpired)?;
    let account = NewAccount {
        email: &new.email.text,
        name: new.name,
        phone: "",
        location: "",
        locale: visit.locale,
        password_hash: Some(new.password_hash),
        is_operator: true,
    };
    let account_id = create_account(tx, state, &account).await?;
    audit::write(tx, state, Some(&account_id), Action::OperatorMade, "", "").await?;
    Ok(account_id)
}
