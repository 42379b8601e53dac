//! Accounts that sellers have of their own at a payment provider, so that money goes to them directly and never is the
//! operator's.

use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;

use super::payments::Payments;
use super::provider::{PaymentProvider, ProviderError};
use crate::base::charge::Selling;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Micros, UnknownWord};
use crate::providers::seller;
use crate::{params, statements};

statements! {
    /// org, psp, now: nothing is asked of the provider before this is on record
    BEGIN = "INSERT INTO seller_account (org_id, psp, reference, state, created_us, checked_us)
             VALUES ($1, $2, NULL, 'begun', $3, 0) ON CONFLICT (org_id, psp) DO NOTHING";
    /// org, psp, now: what is closed is begun anew
    BEGIN_ANEW = "UPDATE seller_account SET reference = NULL, state = 'begun', created_us = $3, checked_us = 0
                  WHERE org_id = $1 AND psp = $2 AND state = 'closed'";
    /// org, psp, begun then, now: never the same moment twice, however coarse the clock is
    BEGIN_AGAIN = "UPDATE seller_account SET created_us = CASE WHEN created_us >= $4 THEN created_us + 1 ELSE $4 END
                   WHERE org_id = $1 AND psp = $2 AND created_us = $3 AND reference IS NULL";
    /// org, psp, reference: the first one stays
    KEEP = "UPDATE seller_account SET reference = $3 WHERE org_id = $1 AND psp = $2 AND reference IS NULL";
    /// org, psp
    OF_ORG = "SELECT reference, state, created_us FROM seller_account WHERE org_id = $1 AND psp = $2";
    /// psp, reference, state, now
    SAVE_STATE = "UPDATE seller_account SET state = $3, checked_us = $4 WHERE psp = $1 AND reference = $2";
    /// psp, reference, now
    LOOKED_IN_VAIN = "UPDATE seller_account SET checked_us = $3 WHERE psp = $1 AND reference = $2";
    /// psp, reference
    NOTE_NEWS = "UPDATE seller_account SET checked_us = 0 WHERE psp = $1 AND reference = $2";
    /// psp
    READY = "SELECT org_id FROM seller_account WHERE psp = $1 AND state = 'ready'";
    /// Those asked about before `$1`, and of those begun after `$3` and not ready those asked about before `$2`; at most `$4`.
    DUE = "SELECT psp, reference FROM seller_account
           WHERE reference IS NOT NULL AND (checked_us < $1 OR (checked_us < $2 AND created_us > $3 AND state <> 'ready'))
           ORDER BY checked_us, org_id LIMIT $4";
}

/// Where a seller's account stands at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SellerState {
    /// The provider waits for what the seller has to tell it.
    Begun,
    /// The provider looks at what the seller told.
    Checked,
    /// It takes payments.
    Ready,
    /// It does not exist any more, or not for us.
    Closed,
}

impl SellerState {
    pub const ALL: [Self; 4] = [Self::Begun, Self::Checked, Self::Ready, Self::Closed];

    /// The word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Checked => "checked",
            Self::Ready => "ready",
            Self::Closed => "closed",
        }
    }
}

impl FromStr for SellerState {
    type Err = UnknownWord;

    fn from_str(name: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == name)
            .ok_or(UnknownWord)
    }
}

/// What a payment provider does for sellers who have an account of their own there.
#[async_trait]
pub trait SellerAccounts: Send + Sync {
    /// Opens an account for the business with the id `org`; its reference. Repeated under its key it opens no second one.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn open(&self, key: &str, org: &str) -> Result<String, ProviderError>;

    /// Where the seller tells the provider what it wants to know. It works once, for minutes; whoever comes too late is led
    /// to `refresh_url`, and whoever is done to `return_url`.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn link(&self, reference: &str, return_url: &str, refresh_url: &str) -> Result<String, ProviderError>;

    /// Where the account stands.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn look_up(&self, reference: &str) -> Result<SellerState, ProviderError>;

    /// The account that a hook says something new of; the hook's signature was checked before.
    fn read_hook(&self, body: &[u8]) -> Option<String>;
}

/// The account of a business as it is on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellerAccount {
    /// None before the provider answered.
    pub reference: Option<String>,
    pub state: SellerState,
    pub created_us: Micros,
}

impl FromRow for SellerAccount {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            reference: row.get("reference")?,
            state: row.parse("state")?,
            created_us: row.get("created_us")?,
        })
    }
}

/// A provider that people can pay a business by, with the business's account there where it has one.
#[derive(Clone)]
pub struct Payable {
    pub provider: Arc<dyn PaymentProvider>,
    pub seller_account: Option<String>,
}

/// The providers that people can pay a business by, in the operator's order.
///
/// # Errors
/// When the database fails.
pub async fn payable_by(tx: &mut Tx, payments: &Payments, org: &str) -> Result<Vec<Payable>, DbError> {
    let mut payable = Vec::new();
    for provider in payments.offered() {
        let mut seller_account = None;
        if provider.seller_accounts().is_some() {
            let account = of_org(tx, org, provider.name()).await?;
            let ready = account.filter(|account| account.state == SellerState::Ready);
            let Some(reference) = ready.and_then(|account| account.reference) else {
                continue;
            };
            seller_account = Some(reference);
        }
        payable.push(Payable {
            provider: Arc::clone(provider),
            seller_account,
        });
    }
    Ok(payable)
}

/// The providers that a new order with a business can be paid by: none where consumers could not know who sells.
///
/// # Errors
/// When the database fails.
pub async fn orderable_by(tx: &mut Tx, payments: &Payments, org: &str) -> Result<Vec<Payable>, DbError> {
    if seller::stands(tx, org).await? {
        payable_by(tx, payments, org).await
    } else {
        Ok(Vec::new())
    }
}

/// Who can be paid for what has a price.
///
/// # Errors
/// When the database fails.
pub async fn selling(tx: &mut Tx, payments: &Payments) -> Result<Selling, DbError> {
    let mut ready = Selling::Nobody;
    for provider in payments.offered() {
        if provider.seller_accounts().is_none() {
            return Ok(Selling::Everybody);
        }
        ready = ready.and_these(tx.all(READY, params![provider.name()]).await?);
    }
    Ok(ready)
}

/// Whether a business can be paid for what has a price.
///
/// # Errors
/// When the database fails.
pub async fn sells(tx: &mut Tx, payments: &Payments, org: &str) -> Result<bool, DbError> {
    Ok(!payable_by(tx, payments, org).await?.is_empty())
}

/// The account of a business at a provider.
///
/// # Errors
/// When the database fails.
pub async fn of_org(tx: &mut Tx, org: &str, psp: &str) -> Result<Option<SellerAccount>, DbError> {
    tx.optional(OF_ORG, params![org, psp]).await
}

/// Puts on record that a business wants an account, or a new one in place of one that is closed.
///
/// # Errors
/// When the database fails.
pub async fn begin(tx: &mut Tx, org: &str, psp: &str, now: Micros) -> Result<(), DbError> {
    tx.execute(BEGIN, params![org, psp, now]).await?;
    tx.execute(BEGIN_ANEW, params![org, psp, now]).await.map(drop)
}

/// Puts on record that the account begun at `begun` was not opened, so that the next try is another one; unless somebody did
/// already.
///
/// # Errors
/// When the database fails.
pub async fn begin_again(tx: &mut Tx, org: &str, psp: &str, begun: Micros, now: Micros) -> Result<(), DbError> {
    tx.execute(BEGIN_AGAIN, params![org, psp, begun, now]).await.map(drop)
}

/// Keeps the provider's id of an account.
///
/// # Errors
/// When the database fails.
pub async fn keep_reference(tx: &mut Tx, org: &str, psp: &str, reference: &str) -> Result<(), DbError> {
    tx.execute(KEEP, params![org, psp, reference]).await.map(drop)
}

/// Saves what the provider said of an account.
///
/// # Errors
/// When the database fails.
pub async fn save_state(
    tx: &mut Tx,
    psp: &str,
    reference: &str,
    state: SellerState,
    now: Micros,
) -> Result<(), DbError> {
    tx.execute(SAVE_STATE, params![psp, reference, state.name(), now])
        .await
        .map(drop)
}

/// An account that could not be looked up has had its turn.
///
/// # Errors
/// When the database fails.
pub async fn looked_in_vain(tx: &mut Tx, psp: &str, reference: &str, now: Micros) -> Result<(), DbError> {
    tx.execute(LOOKED_IN_VAIN, params![psp, reference, now]).await.map(drop)
}

/// Notes that the provider has news of an account; of one that is not ours nothing is noted.
///
/// # Errors
/// When the database fails.
pub async fn note_news(tx: &mut Tx, psp: &str, reference: &str) -> Result<(), DbError> {
    tx.execute(NOTE_NEWS, params![psp, reference]).await.map(drop)
}

/// Accounts, by provider and reference, that the provider is to be asked about again: it was asked before `before`, or, where
/// the account was begun after `young_since` and is not ready, before `young_before`.
///
/// # Errors
/// When the database fails.
pub async fn due(
    tx: &mut Tx,
    before: Micros,
    (young_since, young_before): (Micros, Micros),
    most: i64,
) -> Result<Vec<(String, String)>, DbError> {
    tx.all(DUE, params![before, young_before, young_since, most]).await
}
