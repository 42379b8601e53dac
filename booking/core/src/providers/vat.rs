//! Whether a business is registered for VAT: it says so itself, with the day from which it holds, and may change it.

use texts::format;

use crate::base::db::{DbError, Tx};
use crate::base::{Base, DEFAULT_ZONE, Micros};
use crate::{params, statements};

/// SQL: whether the business `$org` is registered at `$moment`, 1 or 0. Of the statements whose day has come by then, the
/// one made last holds. A statement is void where a later one was made before its day came, or the very next one gave the
/// same answer and so corrected its day.
#[macro_export]
macro_rules! vat_at {
    ($org:literal, $moment:literal) => {
        concat!(
            "COALESCE((SELECT v.registered FROM org_vat v WHERE v.org_id = ",
            $org,
            " AND v.from_us <= ",
            $moment,
            " AND NOT EXISTS (SELECT 1 FROM org_vat l
                    WHERE l.org_id = v.org_id AND (l.stated_us, l.id) > (v.stated_us, v.id)
                        AND (l.stated_us < v.from_us OR (l.registered = v.registered AND NOT EXISTS (SELECT 1 FROM org_vat b
                            WHERE b.org_id = v.org_id AND (b.stated_us, b.id) > (v.stated_us, v.id)
                                AND (b.stated_us, b.id) < (l.stated_us, l.id)))))
                ORDER BY v.stated_us DESC, v.id DESC LIMIT 1), 0)"
        )
    };
}

statements! {
    /// id, org, registered, from, now
    INSERT = "INSERT INTO org_vat (id, org_id, registered, from_us, stated_us) VALUES ($1, $2, $3, $4, $5)";
    /// org: what was said last
    STATED = "SELECT registered, from_us FROM org_vat WHERE org_id = $1 ORDER BY stated_us DESC, id DESC LIMIT 1";
    /// org, moment: what holds then
    AT = concat!("SELECT ", vat_at!("$1", "$2"));
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
    Ok(tx.one::<i64>(AT, params![org, at]).await? == 1)
}

/// Adds a statement, unless it says what the last one said, with the same day. Somebody who stops being registered without
/// naming a day stops now: what was sold before keeps its tax.
///
/// # Errors
/// When the database fails.
pub async fn state_vat(state: &Base, tx: &mut Tx, org: &str, said: VatStatement) -> Result<(), DbError> {
    let before = stated(tx, org).await?;
    let day = |at| format::date_of(at, DEFAULT_ZONE);
    if before.is_some_and(|last| last.registered == said.registered && day(last.from_us) == day(said.from_us)) {
        return Ok(());
    }
    let stops = before.is_some_and(|before| before.registered) && !said.registered && said.from_us == 0;
    let from_us = if stops { state.now() } else { said.from_us };
    let row = params![state.id(), org, said.registered, from_us, state.now()];
    tx.execute(INSERT, row).await?;
    Ok(())
}
