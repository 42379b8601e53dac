//! Cards that are kept for one later charge. Each has a customer of its own at Stripe, so that letting go of the one lets go of
//! the other, and nothing else.

use booking_core::billing::payment::ProviderStatus;
use booking_core::billing::provider::{Order, ProviderError, ProviderPayment};

use super::Stripe;
use super::client::{Call, CallError};
use super::intents::name;
use super::reference::Reference;
use super::wire::Identified;

/// What charging a kept card takes.
pub(super) struct Kept {
    pub(super) customer: String,
    pub(super) method: String,
}

impl Stripe {
    /// Makes known that a card will be kept.
    pub(super) async fn create_keeping(&self, order: &Order<'_>) -> Result<String, ProviderError> {
        let key = format!("{}.customer", order.key);
        let about = [("metadata[payment]", order.payment)];
        let call = Call::new("customers", order.seller_account).key(&key).fields(&about);
        let customer: Result<Identified, CallError> = self.client.post(call).await;
        let customer = customer.map_err(CallError::into_provider)?;
        let fields = [
            ("customer", customer.id.as_str()),
            ("usage", "off_session"),
            ("payment_method_types[]", "card"),
            ("metadata[payment]", order.payment),
        ];
        let call = Call::new("setup_intents", order.seller_account);
        let made: Result<Identified, CallError> = self.client.post(call.key(order.key).fields(&fields)).await;
        let made = made.map_err(CallError::into_provider)?;
        name(order.seller_account, &made.id)
    }

    pub(super) async fn load_kept(&self, reference: Reference<'_>) -> Result<Kept, ProviderError> {
        let intent = self.intent(reference).await.map_err(CallError::into_provider)?;
        let gone = || ProviderError::Refused("the card is not kept any more".to_owned());
        let customer = intent
            .customer
            .filter(|customer| !customer.is_deleted())
            .ok_or_else(gone)?;
        let method = intent.payment_method.ok_or_else(gone)?;
        Ok(Kept {
            customer: customer.id().to_owned(),
            method: method.id().to_owned(),
        })
    }

    /// Takes the card from its customer, and the customer away. What is gone already counts as done.
    pub(super) async fn forget_card(
        &self,
        key: &str,
        reference: Reference<'_>,
    ) -> Result<ProviderPayment, ProviderError> {
        let intent = self.intent(reference).await.map_err(CallError::into_provider)?;
        if intent.is_succeeded() {
            if let Some(method) = &intent.payment_method {
                self.detach(key, reference, method.id()).await?;
            }
        } else {
            let key = format!("{key}.cancel");
            let path = format!("{}/cancel", reference.path());
            let call = Call::new(&path, reference.account).key(&key);
            let cancelled: Result<Identified, CallError> = self.client.post(call).await;
            done_or_gone(cancelled)?;
        }
        if let Some(customer) = intent.customer.as_ref().filter(|customer| !customer.is_deleted()) {
            let path = format!("customers/{}", customer.id());
            let call = Call::new(&path, reference.account);
            let deleted: Result<Identified, CallError> = self.client.delete(call).await;
            done_or_gone(deleted)?;
        }
        Ok(ProviderPayment::new(reference.to_string(), ProviderStatus::Released))
    }

    async fn detach(&self, key: &str, reference: Reference<'_>, method: &str) -> Result<(), ProviderError> {
        let key = format!("{key}.detach");
        let path = format!("payment_methods/{method}/detach");
        let call = Call::new(&path, reference.account).key(&key);
        match self.client.post::<Identified>(call).await {
            // Refused is what it answers of a card that no customer has; the customer's end decides.
            Ok(_) | Err(CallError::Other(ProviderError::Refused(_))) => Ok(()),
            Err(error) => done_or_gone(Err(error)),
        }
    }
}

fn done_or_gone(result: Result<Identified, CallError>) -> Result<(), ProviderError> {
    match result {
        Ok(_) | Err(CallError::Missing | CallError::NotNow(_)) => Ok(()),
        Err(error) => Err(error.into_provider()),
    }
}
