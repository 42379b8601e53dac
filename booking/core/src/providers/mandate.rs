//! The mandate of a business: that the platform issues receipts and credit notes in its name (bokføringsforskriften § 5-2-1).
//! It is on record who said so, when, and to which words.

use sha2::{Digest as _, Sha256};
use texts::{Locale, t};

use crate::base::db::{DbError, Tx};
use crate::base::{Base, hex};
use crate::{params, statements};

/// Version of the words; changes with them.
pub const MANDATE_VERSION: &str = "2026-11-30";
/// Key of the words that are agreed to.
pub const MANDATE_KEY: &str = "mandate-text";

statements! {
    /// id, org, account, version, hash of the words, locale, now
    ADD = "INSERT INTO document_mandate (id, org_id, account_id, version, text_hash, locale, accepted_us)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, version) DO NOTHING";
    /// org, version
    COUNT = "SELECT COUNT(*) FROM document_mandate WHERE org_id = $1 AND version = $2";
}

/// Whether a business has given the mandate, in its present words.
///
/// # Errors
/// When the database fails.
pub async fn has_mandate(tx: &mut Tx, org: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(COUNT, params![org, MANDATE_VERSION]).await? > 0)
}

/// Keeps that an account gave the mandate for a business; a second time changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn give_mandate(state: &Base, tx: &mut Tx, org: &str, account: &str, locale: Locale) -> Result<(), DbError> {
    let words = t(locale, MANDATE_KEY, &[]);
    let hash = hex(&Sha256::digest(words.as_bytes()));
    let row = params![
        state.id(),
        org,
        account,
        MANDATE_VERSION,
        hash,
        locale.tag(),
        state.now()
    ];
    tx.execute(ADD, row).await.map(drop)
}
