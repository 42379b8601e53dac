//! What somebody types in the form of a held time, kept beside the hold: extending it, going back, and taking a time
//! again that ran out lose nothing. It goes with the hold, and never holds a password.

use super::{Hold, Status, queries};
use crate::base::Result;
use crate::base::db::{FromRow, Row, Tx};
use crate::base::limits::{LINE_CHARS_MAX, TEXT_CHARS_MAX};
use crate::params;

/// The fields of the form as they were typed, right or wrong. Lines are kept up to [`LINE_CHARS_MAX`] characters, the
/// text up to [`TEXT_CHARS_MAX`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Draft {
    pub about: String,
    /// Somebody who wants to sign in instead of registering.
    pub has_account: bool,
    pub name: String,
    pub email: String,
    pub phone: String,
    pub place: String,
    /// The organisation in whose name it is booked.
    pub org_name: String,
    pub org_number: String,
}

impl FromRow for Draft {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            about: row.get("about")?,
            has_account: row.flag("has_account")?,
            name: row.get("name")?,
            email: row.get("email")?,
            phone: row.get("phone")?,
            place: row.get("place")?,
            org_name: row.get("buyer_org_name")?,
            org_number: row.get("buyer_orgno")?,
        })
    }
}

/// Keeps what was typed, in place of what was kept before. A time that was given back, or booked, keeps nothing.
///
/// # Errors
/// When the database fails.
pub async fn keep_draft(tx: &mut Tx, hold: &Hold, draft: &Draft) -> Result<()> {
    if !matches!(hold.state, Status::Held | Status::Expired) {
        return Ok(());
    }
    let row = params![
        &hold.id,
        kept(&draft.about, TEXT_CHARS_MAX),
        draft.has_account,
        kept(&draft.name, LINE_CHARS_MAX),
        kept(&draft.email, LINE_CHARS_MAX),
        kept(&draft.phone, LINE_CHARS_MAX),
        kept(&draft.place, LINE_CHARS_MAX),
        kept(&draft.org_name, LINE_CHARS_MAX),
        kept(&draft.org_number, LINE_CHARS_MAX),
    ];
    tx.execute(queries::DRAFT_KEEP, row).await?;
    Ok(())
}

/// What was typed for a hold so far.
///
/// # Errors
/// When the database fails.
pub async fn load_draft(tx: &mut Tx, hold_id: &str) -> Result<Option<Draft>> {
    Ok(tx.optional(queries::DRAFT_LOAD, params![hold_id]).await?)
}

/// What the columns take: so many characters, and none that PostgreSQL refuses.
fn kept(typed: &str, chars_max: usize) -> String {
    let plain = |c: &char| !c.is_control() || matches!(c, '\n' | '\t');
    typed.chars().filter(plain).take(chars_max).collect()
}
