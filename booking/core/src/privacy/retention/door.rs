//! The only way by which rows leave that otherwise stay for ever. Triggers look for its row; the schema refuses a commit while
//! that is there.

use crate::base::Micros;
use crate::base::db::{DbError, Tx};
use crate::{params, statements};

statements! {
    /// cut
    OPEN = "INSERT INTO retention_door (id, cut_us, shut) VALUES (1, $1, 2)";
    SHUT = "DELETE FROM retention_door";
}

/// Opens the door in this transaction for what is from before `cut`.
///
/// # Errors
/// When the database fails, or the door is open.
pub async fn open(tx: &mut Tx, cut: Micros) -> Result<(), DbError> {
    tx.execute(OPEN, params![cut]).await.map(drop)
}

/// Shuts it.
///
/// # Errors
/// When the database fails.
pub async fn shut(tx: &mut Tx) -> Result<(), DbError> {
    tx.execute(SHUT, params![]).await.map(drop)
}
