//! A business opens an account of its own at a payment provider, and sells from the moment on when the provider says that it
//! takes payments.

use std::sync::Arc;

use crate::base::{DAY_US, Fault, MINUTE_US, Micros, Result};
use crate::billing::PaymentProvider;
use crate::billing::provider::ProviderError;
use crate::billing::sellers::{self, SellerAccounts, SellerState};
use crate::carries_faults;
use crate::state::AppState;

/// How often the provider is asked about an account of which it has no news, and about a young one that is not ready yet.
const EVERY_US: Micros = DAY_US;
const YOUNG_EVERY_US: Micros = MINUTE_US;
const YOUNG_US: Micros = 2 * DAY_US;
/// Accounts that one round asks about.
const ACCOUNTS_MAX: i64 = 20;

/// Why no account was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SellerRefusal {
    /// Money goes to the operator here, or nobody takes any.
    #[error("sellers have no accounts of their own here")]
    NotOffered,
    /// The provider did not do it; it can be tried again.
    #[error("the payment provider did not open the account: {0}")]
    Unavailable(ProviderError),
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(SellerRefusal);

/// The provider that pays sellers directly, where one does.
#[must_use]
pub fn seller_provider(state: &AppState) -> Option<&Arc<dyn PaymentProvider>> {
    let mut offered = state.payments.offered().iter();
    offered.find(|provider| provider.seller_accounts().is_some())
}

fn accounts(provider: &Arc<dyn PaymentProvider>) -> Result<&dyn SellerAccounts, SellerRefusal> {
    provider.seller_accounts().ok_or(SellerRefusal::NotOffered)
}

/// Where the account of a business stands, as the provider says now; none where it has opened none. What is new is kept by a
/// job.
///
/// # Errors
/// [`SellerRefusal`].
pub async fn look_at_account(state: &AppState, org: &str) -> Result<Option<SellerState>, SellerRefusal> {
    let provider = seller_provider(state).ok_or(SellerRefusal::NotOffered)?;
    let mut tx = state.db.read().await.map_err(Fault::from)?;
    let known = sellers::of_org(&mut tx, org, provider.name())
        .await
        .map_err(Fault::from)?;
    drop(tx);
    let Some(known) = known else { return Ok(None) };
    let Some(reference) = &known.reference else {
        return Ok(Some(known.state));
    };
    match accounts(provider)?.look_up(reference).await {
        Ok(seen) => Ok(Some(seen)),
        // What is on record is shown, until the provider answers.
        Err(_) => Ok(Some(known.state)),
    }
}

/// Opens an account for a business unless it has one; where its owner goes on at the provider. `page` is the address of the
/// business's page about it.
///
/// # Errors
/// [`SellerRefusal`].
pub async fn open_account(state: &AppState, org: &str, page: &str) -> Result<String, SellerRefusal> {
    let provider = seller_provider(state).ok_or(SellerRefusal::NotOffered)?;
    let (psp, accounts) = (provider.name(), accounts(provider)?);
    let mut tx = state.db.write().await.map_err(Fault::from)?;
    sellers::begin(&mut tx, org, psp, state.now())
        .await
        .map_err(Fault::from)?;
    let known = sellers::of_org(&mut tx, org, psp).await.map_err(Fault::from)?;
    tx.commit().await.map_err(Fault::from)?;
    let known = known.ok_or(Fault::NotFound)?;
    let reference = match known.reference {
        Some(reference) => reference,
        None => open_begun(state, (org, psp), accounts, known.created_us).await?,
    };
    let link = accounts.link(&reference, page, page).await;
    link.map_err(SellerRefusal::Unavailable)
}

/// Opens the account that is on record as begun then. The provider brings what it answered under a key for a day: after a
/// definite answer the next try has another key, and where none came, the same. An account that was opened all the same by a
/// call whose answer was a failure stays empty.
async fn open_begun(
    state: &AppState,
    (org, psp): (&str, &str),
    accounts: &dyn SellerAccounts,
    begun: Micros,
) -> Result<String, SellerRefusal> {
    let opened = accounts.open(&format!("seller-{org}-{begun}"), org).await;
    let mut tx = state.db.write().await.map_err(Fault::from)?;
    let kept = match &opened {
        Ok(reference) => sellers::keep_reference(&mut tx, org, psp, reference).await,
        Err(ProviderError::Refused(_) | ProviderError::Failed(_)) => {
            sellers::begin_again(&mut tx, org, psp, begun, state.now()).await
        }
        Err(ProviderError::Unknown(_)) => Ok(()),
    };
    kept.map_err(Fault::from)?;
    tx.commit().await.map_err(Fault::from)?;
    opened.map_err(SellerRefusal::Unavailable)
}

/// Asks the provider about the accounts that it has news of, or was not asked about for long.
///
/// # Errors
/// When the database fails.
pub async fn follow_accounts(state: &AppState) -> Result<()> {
    let now = state.now();
    let mut tx = state.db.read().await?;
    let due = sellers::due(
        &mut tx,
        now - EVERY_US,
        (now - YOUNG_US, now - YOUNG_EVERY_US),
        ACCOUNTS_MAX,
    )
    .await?;
    drop(tx);
    for (psp, reference) in due {
        let provider = state.payments.find(&psp);
        let accounts = provider.and_then(|provider| provider.seller_accounts());
        let seen = match accounts {
            Some(accounts) => accounts.look_up(&reference).await.map_err(|error| error.to_string()),
            None => Err("its provider is not set up".to_owned()),
        };
        if let Err(error) = save_look(state, (&psp, &reference), seen, now).await {
            tracing::error!(psp, %error, "where a seller's account stands is not on record");
        }
    }
    Ok(())
}

async fn save_look(
    state: &AppState,
    (psp, reference): (&str, &str),
    seen: Result<SellerState, String>,
    now: Micros,
) -> Result<()> {
    let mut tx = state.db.write().await?;
    match seen {
        Ok(seen) => sellers::save_state(&mut tx, psp, reference, seen, now).await?,
        Err(error) => {
            tracing::warn!(psp, error, "a seller's account cannot be looked up");
            // Its turn comes again after all the others.
            sellers::looked_in_vain(&mut tx, psp, reference, now).await?;
        }
    }
    tx.commit().await?;
    Ok(())
}

/// Notes that a hook told of a seller's account: a job asks about it.
///
/// # Errors
/// When the database fails.
pub async fn note_account_news(state: &AppState, psp: &str, reference: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    sellers::note_news(&mut tx, psp, reference).await?;
    tx.commit().await?;
    state.jobs_wanted.notify_one();
    Ok(())
}
