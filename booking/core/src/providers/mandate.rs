//! The mandate of a business: that the platform issues receipts and credit notes in its name (bokføringsforskriften § 5-2-1).
//! It is on record who said so, when, and to which words; and who withdrew it. What was ordered under it is documented to the
//! end, since the order was accepted on these terms; from the withdrawal on nothing that has a price is ordered.

use sha2::{Digest as _, Sha256};
use texts::{Locale, t};

use crate::base::db::{DbError, Tx};
use crate::base::{Base, Micros, hex};
use crate::{params, statements};

/// Version of the words; changes with them.
pub const MANDATE_VERSION: &str = "2026-11-30";
/// Key of the words that are agreed to.
pub const MANDATE_KEY: &str = "mandate-text";

statements! {
    /// id, org, account, version, hash of the words, locale, now
    ADD = "INSERT INTO document_mandate (id, org_id, account_id, version, text_hash, locale, accepted_us)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (org_id, version) WHERE withdrawn_us IS NULL DO NOTHING";
    /// org, version
    COUNT = "SELECT COUNT(*) FROM document_mandate WHERE org_id = $1 AND version = $2 AND withdrawn_us IS NULL";
    /// org: when what was given last was given and withdrawn
    LAST = "SELECT accepted_us, withdrawn_us FROM document_mandate WHERE org_id = $1 ORDER BY accepted_us DESC, id DESC LIMIT 1";
    /// org, now, account
    WITHDRAW = "UPDATE document_mandate SET withdrawn_us = $2, withdrawn_by = $3 WHERE org_id = $1 AND withdrawn_us IS NULL";
}

/// Where the mandate of a business stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MandateStanding {
    /// It was never given.
    Never,
    Given {
        at: Micros,
    },
    Withdrawn {
        at: Micros,
    },
}

/// Whether a business has given the mandate, in its present words.
///
/// # Errors
/// When the database fails.
pub async fn has_mandate(tx: &mut Tx, org: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(COUNT, params![org, MANDATE_VERSION]).await? > 0)
}

/// Where the mandate of a business stands, in whatever words it was given.
///
/// # Errors
/// When the database fails.
pub async fn standing(tx: &mut Tx, org: &str) -> Result<MandateStanding, DbError> {
    let last: Option<(Micros, Option<Micros>)> = tx.optional(LAST, params![org]).await?;
    Ok(match last {
        None => MandateStanding::Never,
        Some((at, None)) => MandateStanding::Given { at },
        Some((_, Some(at))) => MandateStanding::Withdrawn { at },
    })
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

/// Keeps that an account withdrew the mandate for a business; a second time changes nothing.
///
/// # Errors
/// When the database fails.
pub async fn withdraw_mandate(tx: &mut Tx, org: &str, account: &str, now: Micros) -> Result<(), DbError> {
    tx.execute(WITHDRAW, params![org, now, account]).await.map(drop)
}
