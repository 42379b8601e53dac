//! Accounts of sellers at Stripe (Connect), which Stripe itself asks for what the law wants to know of them.

use async_trait::async_trait;
use booking_core::billing::provider::ProviderError;
use booking_core::billing::sellers::{SellerAccounts, SellerState};

use super::Stripe;
use super::client::{Call, CallError};
use super::hooks::changed_account;
use super::wire::{Identified, WireAccount, WireLink, is_word};

#[async_trait]
impl SellerAccounts for Stripe {
    async fn open(&self, key: &str, org: &str) -> Result<String, ProviderError> {
        // A seller with an account of the standard kind answers to buyers and to Stripe itself.
        let fields = [("type", "standard"), ("metadata[org]", org)];
        let call = Call::new("accounts", None).key(key).fields(&fields);
        let made: Result<Identified, CallError> = self.client.post(call).await;
        let made = made.map_err(CallError::into_provider)?;
        if made.id.starts_with("acct_") && is_word(&made.id) {
            return Ok(made.id);
        }
        Err(ProviderError::Failed("the answer names no account".to_owned()))
    }

    async fn link(&self, reference: &str, return_url: &str, refresh_url: &str) -> Result<String, ProviderError> {
        let fields = [
            ("account", reference),
            ("return_url", return_url),
            ("refresh_url", refresh_url),
            ("type", "account_onboarding"),
        ];
        let link: Result<WireLink, CallError> =
            self.client.post(Call::new("account_links", None).fields(&fields)).await;
        let url = link.map_err(CallError::into_provider)?.url;
        if url.starts_with("https://") || url.starts_with("http://") {
            return Ok(url);
        }
        Err(ProviderError::Failed("the answer has no address".to_owned()))
    }

    async fn look_up(&self, reference: &str) -> Result<SellerState, ProviderError> {
        if !is_word(reference) {
            return Err(ProviderError::Refused("this is no account of Stripe's".to_owned()));
        }
        let path = format!("accounts/{reference}");
        match self.client.get::<WireAccount>(Call::new(&path, None)).await {
            Ok(account) if account.charges_enabled => Ok(SellerState::Ready),
            Ok(account) if account.details_submitted => Ok(SellerState::Checked),
            Ok(_) => Ok(SellerState::Begun),
            Err(CallError::Missing) => Ok(SellerState::Closed),
            Err(CallError::Other(ProviderError::Refused(said))) if said.contains("account_invalid") => {
                Ok(SellerState::Closed)
            }
            Err(error) => Err(error.into_provider()),
        }
    }

    fn read_hook(&self, body: &[u8]) -> Option<String> {
        changed_account(body)
    }
}
