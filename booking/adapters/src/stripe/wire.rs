//! What Stripe answers, as far as it is read here.

use std::collections::BTreeMap;

use booking_core::base::money::{Currency, Money};
use booking_core::billing::payment::{DeclineReason, ProviderStatus};
use booking_core::billing::provider::{PaymentMethod, ProviderError};
use serde::Deserialize;

/// An id alone, or the whole thing where it was asked for.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Expandable<T> {
    Id(String),
    Whole(T),
}

/// A card at Stripe.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WireMethod {
    pub(super) id: String,
    #[serde(default)]
    card: Option<WireCard>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct WireCard {
    brand: Option<String>,
    last4: Option<String>,
}

impl Expandable<WireMethod> {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Whole(method) => &method.id,
        }
    }

    fn read(&self) -> PaymentMethod {
        let card = match self {
            Self::Id(_) => WireCard::default(),
            Self::Whole(method) => method.card.clone().unwrap_or_default(),
        };
        let short = |text: Option<String>| text.unwrap_or_default().chars().take(20).collect();
        PaymentMethod {
            token: self.id().to_owned(),
            brand: short(card.brand),
            last4: short(card.last4),
        }
    }
}

/// Whom a kept card belongs to at Stripe: made for one card alone.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct WireCustomer {
    pub(super) id: String,
    #[serde(default)]
    deleted: bool,
}

impl Expandable<WireCustomer> {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Id(id) => id,
            Self::Whole(customer) => &customer.id,
        }
    }

    pub(super) fn is_deleted(&self) -> bool {
        matches!(self, Self::Whole(customer) if customer.deleted)
    }
}

/// A `PaymentIntent`, which reserves, or a `SetupIntent`, which keeps a card.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Intent {
    pub(super) id: String,
    status: String,
    #[serde(default)]
    currency: String,
    #[serde(default)]
    amount_capturable: i64,
    #[serde(default)]
    amount_received: i64,
    /// What the platform got of it.
    #[serde(default)]
    pub(super) application_fee_amount: Option<i64>,
    #[serde(default)]
    pub(super) client_secret: Option<String>,
    #[serde(default, alias = "last_setup_error")]
    last_payment_error: Option<WireError>,
    #[serde(default)]
    pub(super) next_action: Option<NextAction>,
    #[serde(default)]
    pub(super) payment_method: Option<Expandable<WireMethod>>,
    #[serde(default)]
    pub(super) customer: Option<Expandable<WireCustomer>>,
    #[serde(default)]
    pub(super) metadata: Option<BTreeMap<String, String>>,
}

impl Intent {
    /// Where it stands; of `SetupIntent`s `succeeded` means that the card is kept.
    ///
    /// # Errors
    /// [`ProviderError::Unknown`] while Stripe itself does not know yet.
    pub(super) fn status(&self, keeps_card: bool) -> Result<ProviderStatus, ProviderError> {
        let declined = self.last_payment_error.as_ref().map(WireError::reason);
        match self.status.as_str() {
            "requires_payment_method" => Ok(declined.map_or(ProviderStatus::Created, ProviderStatus::Declined)),
            "requires_confirmation" => Ok(ProviderStatus::Created),
            "requires_action" => Ok(ProviderStatus::NeedsConfirmation),
            "processing" => Err(ProviderError::Unknown("Stripe is still at it".to_owned())),
            "requires_capture" => Ok(ProviderStatus::Authorised {
                amount_minor: from_wire(self.amount_capturable, &self.currency),
            }),
            "succeeded" if !keeps_card => Ok(ProviderStatus::Captured {
                amount_minor: from_wire(self.amount_received, &self.currency),
            }),
            "succeeded" if self.customer.as_ref().is_some_and(Expandable::is_deleted) => Ok(ProviderStatus::Released),
            "succeeded" => Ok(ProviderStatus::Saved),
            // What was declined is cancelled, so that nobody goes on with it.
            "canceled" => Ok(declined.map_or(ProviderStatus::Released, ProviderStatus::Declined)),
            _ => Err(ProviderError::Failed("a status that we do not know".to_owned())),
        }
    }

    pub(super) fn needs_action(&self) -> bool {
        self.status == "requires_action"
    }

    pub(super) fn is_succeeded(&self) -> bool {
        self.status == "succeeded"
    }

    pub(super) fn method(&self) -> Option<PaymentMethod> {
        self.payment_method.as_ref().map(Expandable::read)
    }
}

/// What the person has to do.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct NextAction {
    #[serde(default)]
    pub(super) redirect_to_url: Option<RedirectTo>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct RedirectTo {
    #[serde(default)]
    pub(super) url: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireErrorBody {
    pub(super) error: WireError,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireError {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) code: Option<String>,
    decline_code: Option<String>,
}

impl WireError {
    /// The codes alone: the message may quote what somebody typed.
    pub(super) fn said(&self) -> String {
        let codes = [Some(&self.kind), self.code.as_ref(), self.decline_code.as_ref()];
        let mut said = String::new();
        for code in codes.into_iter().flatten().filter(|code| is_word(code)) {
            said.push_str(if said.is_empty() { "" } else { " " });
            said.push_str(code);
        }
        said
    }

    pub(super) fn reason(&self) -> DeclineReason {
        let code = self.code.as_deref().unwrap_or_default();
        if self.decline_code.as_deref() == Some("insufficient_funds") {
            DeclineReason::NoFunds
        } else if code == "authentication_required" || code.ends_with("authentication_failure") {
            DeclineReason::ConfirmationFailed
        } else {
            DeclineReason::Declined
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct WireRefund {
    pub(super) id: String,
    pub(super) amount: i64,
    #[serde(default)]
    pub(super) currency: String,
    #[serde(default)]
    pub(super) status: Option<String>,
    #[serde(default)]
    pub(super) metadata: Option<BTreeMap<String, String>>,
    /// The movement on the account; what was only reserved and let go of has none.
    #[serde(default)]
    pub(super) balance_transaction: Option<serde_json::Value>,
}

/// What has an id, where nothing else is asked.
#[derive(Debug, Deserialize)]
pub(super) struct Identified {
    pub(super) id: String,
}

/// A seller's account.
#[derive(Debug, Deserialize)]
pub(super) struct WireAccount {
    #[serde(default)]
    pub(super) charges_enabled: bool,
    #[serde(default)]
    pub(super) details_submitted: bool,
}

/// A link that expires.
#[derive(Debug, Deserialize)]
pub(super) struct WireLink {
    pub(super) url: String,
}

/// Whether a text is an id or code: what stands in addresses and logs.
pub(super) fn is_word(text: &str) -> bool {
    const BYTES_MAX: usize = 100;
    (1..=BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Currencies that Stripe counts in whole units while we count in hundredths.
const WHOLE_THERE: [&str; 8] = ["BIF", "DJF", "GNF", "KMF", "MGA", "PYG", "RWF", "VUV"];
/// Stripe counts it in hundredths although it has no minor unit.
const HUNDREDTHS_THERE: &str = "ISK";

/// An amount as Stripe counts it.
///
/// # Errors
/// [`ProviderError::Refused`] for what Stripe would count otherwise than we do.
pub(super) fn to_wire(amount: Money) -> Result<i64, ProviderError> {
    let refused = |why: &str| ProviderError::Refused(why.to_owned());
    let code = amount.currency.as_str();
    if amount.minor <= 0 {
        return Err(refused("not an amount"));
    }
    if WHOLE_THERE.contains(&code) {
        return Err(refused("not a currency that is paid in here"));
    }
    let minor = if code == HUNDREDTHS_THERE {
        amount.minor.checked_mul(100)
    } else {
        Some(amount.minor)
    };
    let minor = minor.ok_or_else(|| refused("more than can be paid"))?;
    // Cards know no thousandths, though three decimals are sent.
    if amount.currency.exponent() == 3 && minor % 10 != 0 {
        return Err(refused("an amount in thousandths"));
    }
    Ok(minor)
}

/// An amount that is reserved or taken, as Stripe counts it.
///
/// # Errors
/// As [`to_wire`], and for less than a card can be charged: Stripe answers `amount_too_small`.
pub(super) fn to_wire_charge(amount: Money) -> Result<i64, ProviderError> {
    if amount.minor < amount.currency.least_charge_minor() {
        return Err(ProviderError::Refused("less than a card can be charged".to_owned()));
    }
    to_wire(amount)
}

/// An amount of Stripe's as we count it.
pub(super) fn from_wire(amount: i64, currency: &str) -> i64 {
    if currency.eq_ignore_ascii_case(HUNDREDTHS_THERE) {
        amount / 100
    } else {
        amount
    }
}

/// A currency as Stripe writes it.
pub(super) fn currency_code(currency: Currency) -> String {
    currency.as_str().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(json: &str, keeps_card: bool) -> Result<ProviderStatus, ProviderError> {
        serde_json::from_str::<Intent>(json)
            .expect("an intent")
            .status(keeps_card)
    }

    #[test]
    fn every_status_has_its_meaning() {
        let intent =
            |status: &str, rest: &str| format!(r#"{{"id":"pi_1","currency":"nok","status":"{status}"{rest}}}"#);
        let error =
            r#","last_payment_error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds"}"#;
        let none = |status: &str| check(&intent(status, ""), false);
        assert_eq!(none("requires_payment_method"), Ok(ProviderStatus::Created));
        assert_eq!(none("requires_confirmation"), Ok(ProviderStatus::Created));
        assert_eq!(none("requires_action"), Ok(ProviderStatus::NeedsConfirmation));
        assert_eq!(none("canceled"), Ok(ProviderStatus::Released));
        assert!(matches!(none("processing"), Err(ProviderError::Unknown(_))));
        assert!(matches!(none("new_one"), Err(ProviderError::Failed(_))));
        for status in ["requires_payment_method", "canceled"] {
            let declined = check(&intent(status, error), false);
            assert_eq!(declined, Ok(ProviderStatus::Declined(DeclineReason::NoFunds)));
        }
        let reserved = check(&intent("requires_capture", r#","amount_capturable":45000"#), false);
        assert_eq!(reserved, Ok(ProviderStatus::Authorised { amount_minor: 45_000 }));
        let captured = check(&intent("succeeded", r#","amount_received":32500"#), false);
        assert_eq!(captured, Ok(ProviderStatus::Captured { amount_minor: 32_500 }));
    }

    #[test]
    fn a_kept_card_is_kept_until_its_customer_is_deleted() {
        let kept = r#"{"id":"seti_1","status":"succeeded","customer":"cus_1","payment_method":"pm_1"}"#;
        assert_eq!(check(kept, true), Ok(ProviderStatus::Saved));
        let gone = r#"{"id":"seti_1","status":"succeeded","customer":{"id":"cus_1","deleted":true}}"#;
        assert_eq!(check(gone, true), Ok(ProviderStatus::Released));
        let refused = r#"{"id":"seti_1","status":"requires_payment_method",
            "last_setup_error":{"code":"setup_intent_authentication_failure"}}"#;
        let not_confirmed = ProviderStatus::Declined(DeclineReason::ConfirmationFailed);
        assert_eq!(check(refused, true), Ok(not_confirmed));
    }

    #[test]
    fn amounts_are_counted_as_stripe_counts() {
        let wire = |minor, code| to_wire(Money::new(minor, Currency::parse(code).expect("a currency"))).ok();
        assert_eq!(wire(45_000, "NOK"), Some(45_000));
        assert_eq!(wire(450, "JPY"), Some(450));
        assert_eq!(wire(450, "ISK"), Some(45_000));
        assert_eq!(from_wire(45_000, "isk"), 450);
        assert_eq!(wire(1_230, "KWD"), Some(1_230));
        assert_eq!(wire(1_234, "KWD"), None);
        assert_eq!(wire(100, "RWF"), None);
        assert_eq!(wire(0, "NOK"), None);
        assert_eq!(wire(i64::MAX, "ISK"), None);
        assert_eq!(wire(i64::MAX, "NOK"), Some(i64::MAX));
        let charge = |minor| to_wire_charge(Money::new(minor, Currency::NOK)).ok();
        assert_eq!((charge(299), charge(300)), (None, Some(300)));
        assert_eq!(wire(1, "NOK"), Some(1), "so little may be paid back");
    }

    #[test]
    fn what_is_said_holds_nothing_that_somebody_typed() {
        let json = r#"{"type":"card_error","code":"incorrect_number","decline_code":"kari@example.no 4242"}"#;
        let error: WireError = serde_json::from_str(json).expect("an error");
        assert_eq!(error.said(), "card_error incorrect_number");
    }

    proptest! {
        #[test]
        fn any_text_is_an_intent_or_none(text in ".{0,200}", status in ".{0,30}", amount in any::<i64>()) {
            drop(serde_json::from_str::<Intent>(&text));
            let json = serde_json::json!({"id": text, "status": status, "amount_received": amount, "currency": text});
            if let Ok(intent) = serde_json::from_value::<Intent>(json) {
                drop(intent.status(amount % 2 == 0));
            }
        }
    }
}
