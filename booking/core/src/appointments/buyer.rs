//! An organisation in whose name somebody books.

use super::{Hold, queries};
use crate::base::Result;
use crate::base::db::{Row, Tx};
use crate::params;

/// The organisation that buys, as the consumer stated it. It is no consumer: the right of withdrawal is not its.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuyerOrg {
    pub name: String,
    /// Nine digits, of which the last checks the others.
    pub orgno: String,
}

impl BuyerOrg {
    /// Reads the columns `buyer_org_name` and `buyer_orgno`, which are empty for a person.
    pub(super) fn of_row(row: &Row) -> Result<Option<Self>, sqlx::Error> {
        let (name, orgno): (String, String) = (row.get("buyer_org_name")?, row.get("buyer_orgno")?);
        Ok((!name.is_empty()).then_some(Self { name, orgno }))
    }
}

/// Notes for which organisation a held time is booked, or that a person books it.
///
/// # Errors
/// When the database fails.
pub async fn set_buyer_org(tx: &mut Tx, hold: &Hold, buyer: Option<&BuyerOrg>) -> Result<()> {
    let (name, orgno) = buyer.map_or(("", ""), |buyer| (buyer.name.as_str(), buyer.orgno.as_str()));
    tx.execute(queries::HOLD_BUYER, params![&hold.id, name, orgno]).await?;
    Ok(())
}
