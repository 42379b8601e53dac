//! How much one person and one network may keep from others: times that are held, and appointments to come.

use super::{Hold, HoldRefusal, queries};
use crate::base::db::Tx;
use crate::base::{Fault, Micros, limits};
use crate::params;

/// Whether the visitor, and the network it comes from, may hold one more slot, with the provider of that id.
///
/// # Errors
/// [`HoldRefusal::TooManyHolds`], [`HoldRefusal::NetworkFull`], [`HoldRefusal::ProviderFull`].
pub(super) async fn check_number_of_holds(
    tx: &mut Tx,
    visitor: &str,
    network: &str,
    org_id: &str,
    now: Micros,
) -> Result<(), HoldRefusal> {
    let of_visitor: i64 = tx.one(queries::HOLDS_OF_VISITOR, params![visitor, now]).await?;
    if of_visitor >= limits::HOLDS_PER_VISITOR_MAX {
        return Err(HoldRefusal::TooManyHolds);
    }
    let (of_network, until): (i64, Micros) = tx.one(queries::HOLDS_OF_NETWORK, params![network, now]).await?;
    if of_network >= limits::HOLDS_PER_NETWORK_MAX {
        return Err(HoldRefusal::NetworkFull { until });
    }
    let with_provider = params![network, org_id, now];
    let (with_provider, until): (i64, Micros) = tx.one(queries::HOLDS_OF_NETWORK_WITH, with_provider).await?;
    if with_provider >= limits::HOLDS_PER_NETWORK_AND_PROVIDER_MAX {
        return Err(HoldRefusal::ProviderFull { until });
    }
    Ok(())
}

/// Whether the account may book what it holds.
///
/// # Errors
/// [`Fault::Leaving`] when the account is to be deleted; [`HoldRefusal::TooManyBooked`],
/// [`HoldRefusal::TooManyWithProvider`].
pub async fn may_book(tx: &mut Tx, account_id: &str, hold: &Hold, now: Micros) -> Result<(), HoldRefusal> {
    let leaving: i64 = tx.one(queries::LEAVING, params![account_id]).await?;
    if leaving > 0 {
        return Err(Fault::Leaving.into());
    }
    let open_max: i64 = tx.one(queries::OPEN_MAX, params![&hold.service_id]).await?;
    let open: i64 = tx.one(queries::OPEN, params![account_id, now]).await?;
    let with_provider: i64 = tx
        .one(queries::OPEN_WITH, params![account_id, &hold.org_id, now])
        .await?;
    if open >= limits::OPEN_PER_ACCOUNT_MAX {
        return Err(HoldRefusal::TooManyBooked);
    }
    if with_provider >= open_max {
        return Err(HoldRefusal::TooManyWithProvider);
    }
    Ok(())
}
