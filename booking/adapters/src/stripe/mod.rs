//! Stripe, by its REST interface: amounts are reserved and captured by hand (`PaymentIntent`s), cards are kept for one later
//! charge (`SetupIntent`s), and where sellers have accounts of their own there, money goes to those directly.
//!
//! The card number is typed into Stripe's own fields and never comes here.

mod client;
mod connect;
mod hooks;
mod intents;
mod kept;
mod reference;
mod refunds;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use booking_core::base::Micros;
use booking_core::base::money::Money;
use booking_core::billing::provider::{
    Aim, Authorisation, Hint, HookError, MethodFault, Order, PaymentFields, PaymentMethod, PaymentProvider,
    ProviderError, ProviderPayment, Question, ScriptFields,
};
use booking_core::billing::sellers::SellerAccounts;
use url::Url;

use self::client::{CallError, Client};
use self::hooks::Ours;
use self::reference::Reference;
use self::wire::is_word;

/// Name in `payment.psp` of what is paid in real money.
pub const STRIPE: &str = "stripe";
/// Name in `payment.psp` of what is paid with a key for tests: whatever key follows, it stays a test.
pub const STRIPE_TEST: &str = "stripe_test";
/// How long an answer of Stripe's is waited for. A booking makes two requests and must be answered within 30 s.
pub const CALL_TIME_MAX: Duration = Duration::from_secs(12);
/// Cards keep a reservation for seven days; one is left for captures that must be repeated.
const RESERVE_DAYS: i64 = 6;

/// How Stripe is reached, and as whom.
#[derive(Clone)]
pub struct StripeSettings {
    /// `sk_…` or `rk_…`.
    pub secret_key: String,
    /// `pk_…`, which pages show.
    pub publishable_key: String,
    /// `whsec_…`, any of which may have signed a hook.
    pub webhook_secrets: Vec<String>,
    /// Scheme, host and port of the interface.
    pub api: String,
    /// Address of the script for payment pages.
    pub script: String,
    /// Whether each seller has an account there and is paid directly.
    pub connect: bool,
    pub call_time_max: Duration,
}

/// Whether a key is for tests, so that it moves no money.
#[must_use]
pub fn is_test_key(secret_key: &str) -> bool {
    !secret_key.starts_with("sk_live_") && !secret_key.starts_with("rk_live_")
}

pub struct Stripe {
    client: Client,
    settings: StripeSettings,
    /// Hosts that payment pages open for.
    hosts: Vec<String>,
    is_test: bool,
}

impl Stripe {
    /// # Errors
    /// A text for people, when a setting cannot be used.
    pub fn new(settings: StripeSettings) -> Result<Self, String> {
        let client = Client::new(&settings.api, &settings.secret_key, settings.call_time_max)?;
        Ok(Self {
            client,
            hosts: page_hosts(&settings.api, &settings.script)?,
            is_test: is_test_key(&settings.secret_key),
            settings,
        })
    }

    /// Asks who the key belongs to, and changes nothing.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn try_out(&self) -> Result<(), ProviderError> {
        let call = client::Call::new("payment_intents", None).fields(&[("limit", "1")]);
        let list: Result<wire::List<wire::Identified>, CallError> = self.client.get(call).await;
        list.map(drop).map_err(CallError::into_provider)
    }

    fn script_fields(&self, account: Option<&str>) -> ScriptFields {
        ScriptFields {
            script: self.settings.script.clone(),
            key: self.settings.publishable_key.clone(),
            seller_account: account.map(str::to_owned),
            hosts: self.hosts.clone(),
        }
    }
}

/// What the script of payment pages loads, frames and asks: its own host and the interface's; Stripe's own script frames
/// further hosts of its.
fn page_hosts(api: &str, script: &str) -> Result<Vec<String>, String> {
    const STRIPES_OWN: &str = "js.stripe.com";
    let parse = |text: &str| match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) | Err(_) => Err(format!("{text:?} is no http address")),
    };
    let (api, script) = (parse(api)?, parse(script)?);
    let mut hosts = vec![script.origin().ascii_serialization()];
    let asked = api.origin().ascii_serialization();
    if asked != hosts[0] {
        hosts.push(asked);
    }
    if script.host_str() == Some(STRIPES_OWN) {
        hosts.extend([
            "https://*.js.stripe.com".to_owned(),
            "https://hooks.stripe.com".to_owned(),
        ]);
    }
    Ok(hosts)
}

#[async_trait]
impl PaymentProvider for Stripe {
    fn name(&self) -> &'static str {
        if self.is_test { STRIPE_TEST } else { STRIPE }
    }

    fn is_test(&self) -> bool {
        self.is_test
    }

    fn reserve_days(&self) -> i64 {
        RESERVE_DAYS
    }

    fn fields(&self, seller_account: Option<&str>) -> PaymentFields {
        PaymentFields::Script(self.script_fields(seller_account))
    }

    fn read_method(&self, method: &str) -> Result<PaymentMethod, MethodFault> {
        let token = method.trim();
        if token.is_empty() {
            return Err(MethodFault::Missing);
        }
        if !token.starts_with("pm_") || !is_word(token) {
            return Err(MethodFault::Unknown);
        }
        Ok(PaymentMethod {
            token: token.to_owned(),
            ..PaymentMethod::default()
        })
    }

    async fn create(&self, order: &Order<'_>) -> Result<String, ProviderError> {
        match order.aim {
            Aim::Reserve(amount) => self.create_payment(order, amount).await,
            Aim::Keep(_) => self.create_keeping(order).await,
        }
    }

    async fn authorise(&self, authorisation: &Authorisation<'_>) -> Result<ProviderPayment, ProviderError> {
        self.confirm(authorisation).await
    }

    async fn question(&self, reference: &str) -> Result<Option<Question>, ProviderError> {
        self.ask_bank(Reference::parse(reference)?).await
    }

    async fn answer(&self, reference: &str, _approved: bool) -> Result<ProviderPayment, ProviderError> {
        let reference = Reference::parse(reference)?;
        let payment = self.load(reference).await?;
        self.close_if_declined(reference, &payment).await;
        Ok(payment)
    }

    async fn capture(&self, key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError> {
        self.capture_reserved(key, Reference::parse(reference)?, amount, 0)
            .await
    }

    async fn capture_with_fee(
        &self,
        key: &str,
        reference: &str,
        amount: Money,
        fee_minor: i64,
    ) -> Result<ProviderPayment, ProviderError> {
        self.capture_reserved(key, Reference::parse(reference)?, amount, fee_minor)
            .await
    }

    async fn release(&self, key: &str, reference: &str) -> Result<ProviderPayment, ProviderError> {
        let reference = Reference::parse(reference)?;
        if reference.keeps_card() {
            self.forget_card(key, reference).await
        } else {
            self.cancel(key, reference).await
        }
    }

    async fn refund(
        &self,
        key: &str,
        reference: &str,
        refund: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        self.pay_back(key, Reference::parse(reference)?, refund, amount).await
    }

    async fn lookup(&self, reference: &str) -> Result<Option<ProviderPayment>, ProviderError> {
        self.find(Reference::parse(reference)?).await
    }

    fn read_hook(
        &self,
        header: &(dyn for<'a> Fn(&'a str) -> Option<String> + Sync),
        body: &[u8],
        now: Micros,
    ) -> Result<Hint, HookError> {
        let signature = header("stripe-signature").unwrap_or_default();
        let ours = Ours {
            live: !self.is_test,
            connect: self.settings.connect,
        };
        hooks::read_hook(&self.settings.webhook_secrets, ours, &signature, body, now)
    }

    fn seller_accounts(&self) -> Option<&dyn SellerAccounts> {
        self.settings.connect.then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripe(secret_key: &str, api: &str, script: &str) -> Result<Stripe, String> {
        Stripe::new(StripeSettings {
            secret_key: secret_key.to_owned(),
            publishable_key: "pk_test_1".to_owned(),
            webhook_secrets: vec!["whsec_1".to_owned()],
            api: api.to_owned(),
            script: script.to_owned(),
            connect: false,
            call_time_max: CALL_TIME_MAX,
        })
    }

    #[test]
    fn a_page_opens_for_the_hosts_that_the_script_needs() {
        let usual = stripe("sk_live_1", "https://api.stripe.com", "https://js.stripe.com/v3/").expect("settings");
        let expected = [
            "https://js.stripe.com",
            "https://api.stripe.com",
            "https://*.js.stripe.com",
            "https://hooks.stripe.com",
        ];
        assert_eq!(usual.hosts, expected);
        assert_eq!((usual.name(), usual.is_test()), ("stripe", false));
        let local = "http://127.0.0.1:8420";
        let local = stripe("sk_test_1", local, "http://127.0.0.1:8420/js.stripe.com/v3/").expect("settings");
        assert_eq!(local.hosts, ["http://127.0.0.1:8420"]);
        assert_eq!((local.name(), local.is_test()), ("stripe_test", true));
        assert!(stripe("sk_test_1", "javascript:x", "https://js.stripe.com/v3/").is_err());
        assert!(stripe("sk_test_\n", "https://api.stripe.com", "https://js.stripe.com/v3/").is_err());
    }

    #[test]
    fn s17_only_a_token_of_stripes_is_taken_from_the_page() {
        let stripe = stripe("sk_test_1", "https://api.stripe.com", "https://js.stripe.com/v3/").expect("settings");
        assert_eq!(stripe.read_method(" "), Err(MethodFault::Missing));
        for text in ["4242424242424242", "tok_1", "pm_1/../refunds", "pm_ 1"] {
            assert_eq!(stripe.read_method(text), Err(MethodFault::Unknown), "{text}");
        }
        assert_eq!(
            stripe.read_method("pm_1Abc").map(|method| method.token),
            Ok("pm_1Abc".to_owned())
        );
    }
}
