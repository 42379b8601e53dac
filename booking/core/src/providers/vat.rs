//! Whether a business is registered for VAT: it says so itself, with the day from which it holds, and may change it.

use crate::base::db::{DbError, Tx};
use crate::base::{Base, Micros};
use crate::{params, statements};

statements! {
    /// id, org, registered, from, now
    INSERT = "INSERT INTO org_vat (id, org_id, registered, from_us, stated_us) VALUES ($1, $2, $3, $4, $5)";
    /// org: what was said last
    STATED = "SELECT registered, from_us FROM org_vat WHERE org_id = $1 ORDER BY id DESC LIMIT 1";
    /// org, moment: what holds then
    AT = "SELECT registered FROM org_vat WHERE org_id = $1 AND from_us <= $2 ORDER BY from_us DESC, id DESC LIMIT 1";
}

/// What a business says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VatStatement {
    pub registered: bool,
    /// From the beginning of this day.
    pub from_us: Micros,
}

/// What a business said last.
///
/// # Errors
/// When the database fails.
pub async fn stated(tx: &mut Tx, org: &str) -> Result<Option<VatStatement>, DbError> {
    let row: Option<(i64, i64)> = tx.optional(STATED, params![org]).await?;
    Ok(row.map(|(registered, from_us)| VatStatement {
        registered: registered == 1,
        from_us,
    }))
}

/// Whether a business is registered at a moment.
///
/// # Errors
/// When the database fails.
pub async fn is_registered(tx: &mut Tx, org: &str, at: Micros) -> Result<bool, DbError> {
    let row: Option<i64> = tx.optional(AT, params![org, at]).await?;
    Ok(row == Some(1))
}

/// Adds a statement, unless it says what the last one said. Somebody who stops being registered without naming a day
/// stops today: what was sold before keeps its tax.
///
/// # Errors
/// When the database fails.
pub async fn state_vat(state: &Base, tx: &mut Tx, org: &str, said: VatStatement) -> Result<(), DbError> {
    let before = stated(tx, org).await?;
    if before == Some(said) {
        return Ok(());
    }
    let stops = before.is_some_and(|before| before.registered) && !said.registered && said.from_us == 0;
    let from_us = if stops { state.now() } else { said.from_us };
    let row = params![state.id(), org, said.registered, from_us, state.now()];
    tx.execute(INSERT, row).await?;
    Ok(())
}
