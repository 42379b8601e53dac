//! What a payment provider must be able to do. Each call carries an idempotency key that was on record before the call.

use async_trait::async_trait;

use super::payment::ProviderStatus;
use crate::base::money::Money;

/// Name of the test provider in `payment.psp`. What it took moved no money, and whatever is printed of it says so.
pub const TEST_PROVIDER: &str = "test";

/// A means of payment as the provider knows it. The card number itself is never ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentMethod {
    pub token: String,
    /// `visa`, `mastercard`, …
    pub brand: String,
    pub last4: String,
}

/// A payment as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderPayment {
    /// The provider's own id.
    pub reference: String,
    pub status: ProviderStatus,
}

/// Why a call brought no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider said no; nothing happened.
    #[error("refused: {0}")]
    Refused(String),
    /// Nobody knows whether it happened: ask by [`PaymentProvider::lookup`], or repeat under the same key.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// Card data as typed into the provider's own fields.
#[derive(Clone)]
pub struct CardForm {
    pub number: String,
    /// `MM/YY`, or as browsers fill it in.
    pub expiry: String,
    pub code: String,
}

/// What is wrong with typed card data, field by field: everything is told at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CardFaults {
    pub number: Option<NumberFault>,
    pub expiry: Option<ExpiryFault>,
    pub code: Option<CodeFault>,
}

impl CardFaults {
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberFault {
    Missing,
    /// Not 16 digits.
    Length,
    /// Its check digit does not fit: one of the digits is wrong.
    CheckDigit,
    /// A card of somebody's, and none that can be used here.
    NotATestCard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpiryFault {
    Missing,
    Malformed,
    /// The month is over.
    Past,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeFault {
    Missing,
    /// Not three or four digits.
    Malformed,
}

/// Why typed card data brought no card.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    #[error("no card can be read from what was typed: {0:?}")]
    Typed(CardFaults),
    #[error("the provider cannot be reached: {0}")]
    Unavailable(String),
}

/// What a card of the test provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestCard {
    Accepted,
    Declined,
    NoFunds,
    NeedsConfirmation,
    CaptureFailsOnce,
    CaptureFails,
}

impl TestCard {
    const NAMES: [(Self, &'static str); 6] = [
        (Self::Accepted, "accepted"),
        (Self::Declined, "declined"),
        (Self::NoFunds, "no_funds"),
        (Self::NeedsConfirmation, "needs_confirmation"),
        (Self::CaptureFailsOnce, "capture_fails_once"),
        (Self::CaptureFails, "capture_fails"),
    ];

    /// The word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(card, _)| *card == self)
            .expect("every card is listed")
            .1
    }

    /// The card with that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(card, _)| *card)
    }
}

/// The outside system that moves money. Repeating a call under its key changes nothing and returns the first answer.
#[async_trait]
pub trait PaymentProvider: Send + Sync + 'static {
    /// The name in `payment.psp`.
    fn name(&self) -> &'static str;

    /// Whether anybody can pay here at all; without it only free services are offered.
    fn takes_payments(&self) -> bool {
        true
    }

    /// Numbers of cards that move no money, for people to try; none where money is real. Where there are some, the payment
    /// page shows the fields for them, and everything that is printed says test.
    fn test_cards(&self) -> &'static [(&'static str, TestCard)] {
        &[]
    }

    /// What is wrong with typed card data, as far as it shows without asking anybody.
    fn card_faults(&self, _card: &CardForm, _now: i64) -> CardFaults {
        CardFaults::default()
    }

    /// Turns what was typed into a token.
    ///
    /// # Errors
    /// [`CardError`].
    async fn tokenise(&self, card: &CardForm, now: i64) -> Result<PaymentMethod, CardError>;

    /// Reserves `amount` for the payment with our id `payment`.
    ///
    /// # Errors
    /// See [`ProviderError`]. A declined card is no error but a status.
    async fn authorise(
        &self,
        key: &str,
        payment: &str,
        method: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError>;

    /// The person's answer to a confirmation asked for by the bank.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn confirm(&self, reference: &str, approved: bool) -> Result<ProviderPayment, ProviderError>;

    /// Takes `amount` of what is reserved and releases the rest.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn capture(&self, key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError>;

    /// Lets go of what is reserved.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn release(&self, key: &str, reference: &str) -> Result<ProviderPayment, ProviderError>;

    /// The truth about the payment with our id `payment`; `None` when the provider never heard of it.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn lookup(&self, payment: &str) -> Result<Option<ProviderPayment>, ProviderError>;
}
