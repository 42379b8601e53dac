//! In place of a payment provider where none is set up: nothing can be paid, and what was paid before waits.

use async_trait::async_trait;

use super::provider::{CardError, CardForm, PaymentMethod, PaymentProvider, ProviderError, ProviderPayment};
use crate::base::money::Money;

/// Takes no payments.
pub struct NoProvider;

fn not_set_up<T>() -> Result<T, ProviderError> {
    // Not a refusal: a payment of an earlier provider is not over because none is set up now.
    Err(ProviderError::Unknown("no payment provider is set up".into()))
}

#[async_trait]
impl PaymentProvider for NoProvider {
    fn name(&self) -> &'static str {
        "none"
    }

    fn takes_payments(&self) -> bool {
        false
    }

    async fn tokenise(&self, _card: &CardForm, _now: i64) -> Result<PaymentMethod, CardError> {
        Err(CardError::Unavailable("no payment provider is set up".into()))
    }

    async fn authorise(
        &self,
        _key: &str,
        _payment: &str,
        _method: &str,
        _amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        not_set_up()
    }

    async fn confirm(&self, _reference: &str, _approved: bool) -> Result<ProviderPayment, ProviderError> {
        not_set_up()
    }

    async fn capture(&self, _key: &str, _reference: &str, _amount: Money) -> Result<ProviderPayment, ProviderError> {
        not_set_up()
    }

    async fn release(&self, _key: &str, _reference: &str) -> Result<ProviderPayment, ProviderError> {
        not_set_up()
    }

    async fn lookup(&self, _payment: &str) -> Result<Option<ProviderPayment>, ProviderError> {
        not_set_up()
    }
}
