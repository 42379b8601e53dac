//! Amounts that are reserved, taken and let go of.

use booking_core::base::money::Money;
use booking_core::billing::payment::{DeclineReason, ProviderStatus};
use booking_core::billing::provider::{Authorisation, Order, ProviderError, ProviderPayment, Question};

use super::Stripe;
use super::client::{Call, CallError};
use super::reference::Reference;
use super::wire::{Identified, Intent, currency_code, is_word, to_wire, to_wire_charge};

/// So that brand and last digits come along.
const WITH_METHOD: (&str, &str) = ("expand[]", "payment_method");

impl Stripe {
    /// Makes a payment known whose amount is captured by hand later.
    pub(super) async fn create_payment(&self, order: &Order<'_>, amount: Money) -> Result<String, ProviderError> {
        let (minor, currency) = (to_wire_charge(amount)?.to_string(), currency_code(amount.currency));
        let mut fields = vec![
            ("amount", minor.as_str()),
            ("currency", currency.as_str()),
            ("capture_method", "manual"),
            ("payment_method_types[]", "card"),
            ("metadata[payment]", order.payment),
        ];
        let kept = match order.kept {
            Some(kept) => Some(self.load_kept(Reference::parse(kept)?).await?),
            None => None,
        };
        if let Some(kept) = &kept {
            fields.push(("customer", &kept.customer));
            fields.push(("payment_method", &kept.method));
        }
        let call = Call::new("payment_intents", order.seller_account);
        let made: Result<Identified, CallError> = self.client.post(call.key(order.key).fields(&fields)).await;
        let made = made.map_err(CallError::into_provider)?;
        name(order.seller_account, &made.id)
    }

    /// Reserves, or keeps the card. Nobody is there to answer the bank where a kept card is charged.
    pub(super) async fn confirm(&self, authorisation: &Authorisation<'_>) -> Result<ProviderPayment, ProviderError> {
        let reference = Reference::parse(authorisation.reference)?;
        let mut fields = vec![WITH_METHOD, ("payment_method", authorisation.method)];
        if authorisation.kept.is_some() {
            fields.push(("off_session", "true"));
        } else {
            fields.push(("use_stripe_sdk", "true"));
            fields.push(("return_url", authorisation.return_url));
        }
        let path = format!("{}/confirm", reference.path());
        let call = Call::new(&path, reference.account)
            .key(authorisation.key)
            .fields(&fields);
        let payment = match self.client.post::<Intent>(call).await {
            Ok(intent) => self.read(reference, &intent)?,
            Err(CallError::Declined(error)) => declined(reference, error.reason()),
            Err(CallError::NotNow(said)) => self.load_settled(reference, said).await?,
            Err(error) => return Err(error.into_provider()),
        };
        let unanswerable = authorisation.kept.is_some() && payment.status == ProviderStatus::NeedsConfirmation;
        let payment = if unanswerable {
            declined(reference, DeclineReason::ConfirmationFailed)
        } else {
            payment
        };
        self.close_if_declined(reference, &payment).await;
        Ok(payment)
    }

    /// Lets nobody go on with what was declined: another card is another payment. What cannot be closed now does no harm,
    /// as only the secret key brings a card.
    pub(super) async fn close_if_declined(&self, reference: Reference<'_>, payment: &ProviderPayment) {
        if !matches!(payment.status, ProviderStatus::Declined(_)) {
            return;
        }
        let path = format!("{}/cancel", reference.path());
        let closed: Result<Identified, CallError> = self.client.post(Call::new(&path, reference.account)).await;
        drop(closed);
    }

    /// What the bank asks the person, if it does.
    pub(super) async fn ask_bank(&self, reference: Reference<'_>) -> Result<Option<Question>, ProviderError> {
        let intent = self.intent(reference).await.map_err(CallError::into_provider)?;
        if !intent.needs_action() {
            return Ok(None);
        }
        let redirect = intent.next_action.and_then(|action| action.redirect_to_url?.url);
        if let Some(url) = redirect.filter(|url| url.starts_with("https://")) {
            return Ok(Some(Question::Redirect(url)));
        }
        let secret = intent
            .client_secret
            .ok_or_else(|| ProviderError::Failed("there is no secret for the bank's question".to_owned()))?;
        Ok(Some(Question::Script {
            fields: self.script_fields(reference.account),
            secret,
        }))
    }

    pub(super) async fn capture_reserved(
        &self,
        key: &str,
        reference: Reference<'_>,
        amount: Money,
        fee_minor: i64,
    ) -> Result<ProviderPayment, ProviderError> {
        let minor = to_wire_charge(amount)?.to_string();
        let fee = match fee_minor {
            ..=0 => String::new(),
            fee_minor => to_wire(Money::new(fee_minor, amount.currency))?.to_string(),
        };
        let mut fields = vec![WITH_METHOD, ("amount_to_capture", minor.as_str())];
        // Stripe takes a fee of what goes to an account of a seller's own only.
        if !fee.is_empty() && reference.account.is_some() {
            fields.push(("application_fee_amount", fee.as_str()));
        }
        let path = format!("{}/capture", reference.path());
        let call = Call::new(&path, reference.account).key(key).fields(&fields);
        match self.client.post::<Intent>(call).await {
            Ok(intent) => self.read(reference, &intent),
            Err(CallError::NotNow(said)) => self.load_settled(reference, said).await,
            Err(error) => Err(error.into_provider()),
        }
    }

    pub(super) async fn cancel(&self, key: &str, reference: Reference<'_>) -> Result<ProviderPayment, ProviderError> {
        let path = format!("{}/cancel", reference.path());
        let call = Call::new(&path, reference.account).key(key);
        match self.client.post::<Intent>(call).await {
            Ok(_) => Ok(ProviderPayment::new(reference.to_string(), ProviderStatus::Released)),
            Err(CallError::NotNow(said)) => self.load_settled(reference, said).await,
            Err(error) => Err(error.into_provider()),
        }
    }

    /// The truth, where a request came too late to change it; a refusal where nothing is settled.
    async fn load_settled(&self, reference: Reference<'_>, said: String) -> Result<ProviderPayment, ProviderError> {
        let payment = self.load(reference).await?;
        match payment.status {
            ProviderStatus::Authorised { .. }
            | ProviderStatus::Captured { .. }
            | ProviderStatus::Released
            | ProviderStatus::Saved
            | ProviderStatus::NeedsConfirmation
            | ProviderStatus::Declined(_) => Ok(payment),
            ProviderStatus::Created => Err(ProviderError::Refused(said)),
        }
    }

    /// The payment, which is known to exist.
    pub(super) async fn load(&self, reference: Reference<'_>) -> Result<ProviderPayment, ProviderError> {
        let found = self.find(reference).await?;
        found.ok_or_else(|| ProviderError::Refused("there is no such payment".to_owned()))
    }

    /// The truth about a payment, with what was paid back of it.
    pub(super) async fn find(&self, reference: Reference<'_>) -> Result<Option<ProviderPayment>, ProviderError> {
        let intent = match self.intent(reference).await {
            Ok(intent) => intent,
            Err(CallError::Missing) => return Ok(None),
            Err(error) => return Err(error.into_provider()),
        };
        let mut payment = self.read(reference, &intent)?;
        if matches!(payment.status, ProviderStatus::Captured { .. }) {
            payment.refunds = self.refunds_of(reference).await?;
        }
        Ok(Some(payment))
    }

    pub(super) async fn intent(&self, reference: Reference<'_>) -> Result<Intent, CallError> {
        let mut fields = vec![WITH_METHOD];
        if reference.keeps_card() {
            fields.push(("expand[]", "customer"));
        }
        let path = reference.path();
        self.client
            .get(Call::new(&path, reference.account).fields(&fields))
            .await
    }

    fn read(&self, reference: Reference<'_>, intent: &Intent) -> Result<ProviderPayment, ProviderError> {
        if intent.id != reference.id {
            return Err(ProviderError::Failed("the answer is about another payment".to_owned()));
        }
        Ok(ProviderPayment {
            method: intent.method(),
            ..ProviderPayment::new(reference.to_string(), intent.status(reference.keeps_card())?)
        })
    }
}

fn declined(reference: Reference<'_>, reason: DeclineReason) -> ProviderPayment {
    ProviderPayment::new(reference.to_string(), ProviderStatus::Declined(reason))
}

/// The reference of something that Stripe just made.
pub(super) fn name(account: Option<&str>, id: &str) -> Result<String, ProviderError> {
    if !is_word(id) {
        return Err(ProviderError::Failed("the answer names nothing".to_owned()));
    }
    Ok(Reference::new(account, id).to_string())
}
