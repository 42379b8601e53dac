//! Following the link of a registration: the account is made, and the slot that waited for it becomes the account's.

use crate::accounts::register::{self, Verified};
use crate::appointments;
use crate::base::actor::Requester;
use crate::base::db::Tx;
use crate::base::{Base, Result};

/// Makes the account and binds the held slot to it. `None` when the link is no good, or the address got an account in the
/// meantime.
///
/// # Errors
/// When the database fails.
pub async fn verify_address(tx: &mut Tx, base: &Base, requester: &Requester, secret: &str) -> Result<Option<Verified>> {
    let verified = register::verify(tx, base, requester, secret).await?;
    if let Some((hold_id, account_id)) = verified
        .as_ref()
        .and_then(|it| Some((it.hold_id.as_ref()?, &it.account_id)))
    {
        appointments::attach_account(tx, hold_id, account_id).await?;
    }
    Ok(verified)
}
