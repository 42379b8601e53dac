//! What a payment provider must be able to do. Each call that changes something carries an idempotency key that was on
//! record before the call.
//!
//! A payment begins with [`PaymentProvider::create`], which moves no money and brings the provider's reference; only when
//! that is on record is anything reserved. So whatever happens in between, [`PaymentProvider::lookup`] finds it.

use async_trait::async_trait;

use super::invoice::InvoiceTerms;
use super::payment::ProviderStatus;
use super::sellers::SellerAccounts;
use crate::base::Micros;
use crate::base::money::{Currency, Money};

/// Name of the test provider in `payment.psp`. What it took moved no money, and whatever is printed of it says so.
pub const TEST_PROVIDER: &str = "test";
/// How the name of another provider ends while it moves no money, by a key for tests.
const TEST_ENDING: &str = "_test";

/// Whether what the provider of this name took moved no money.
#[must_use]
pub fn is_test_provider(psp: &str) -> bool {
    psp == TEST_PROVIDER || psp.ends_with(TEST_ENDING)
}

/// A means of payment as the provider knows it. The card number itself is never ours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaymentMethod {
    pub token: String,
    /// `visa`, `mastercard`, …; empty before the provider told.
    pub brand: String,
    pub last4: String,
}

/// A payment as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderPayment {
    /// The provider's own id.
    pub reference: String,
    pub status: ProviderStatus,
    /// What it is paid with, once the provider knows; of a kept card the token that may be charged later.
    pub method: Option<PaymentMethod>,
    /// What was paid back of it, or is on its way back.
    pub refunds: Vec<ProviderRefund>,
}

impl ProviderPayment {
    /// One of which nothing more is known than where it stands.
    #[must_use]
    pub fn new(reference: impl Into<String>, status: ProviderStatus) -> Self {
        Self {
            reference: reference.into(),
            status,
            method: None,
            refunds: Vec::new(),
        }
    }
}

/// Money on its way back to the person, as the provider knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRefund {
    /// The provider's own id of it.
    pub reference: String,
    /// The id of our refund, where we asked for it; none where somebody did it at the provider's own pages.
    pub refund: Option<String>,
    pub amount_minor: i64,
    pub status: RefundStatus,
}

/// Where a refund stands. What is done may still fail: the person's bank can send it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundStatus {
    Pending,
    Done,
    Failed,
}

/// Why a call brought no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// The provider said no; nothing happened.
    #[error("refused: {0}")]
    Refused(String),
    /// The provider answered that it failed. Nobody knows whether it happened, and the key brings the same answer again:
    /// look it up, and repeat under another key.
    #[error("failed: {0}")]
    Failed(String),
    /// No answer. Nobody knows whether it happened: look it up, or repeat under the same key.
    #[error("no answer: {0}")]
    Unknown(String),
}

/// What a payment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// An amount is reserved.
    Reserve(Money),
    /// The card is kept, with consent, to be charged once in this currency while the person is away; nothing is reserved.
    Keep(Currency),
}

/// A payment that is to exist at the provider.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    pub key: &'a str,
    /// Our id of the payment; hooks name it.
    pub payment: &'a str,
    pub aim: Aim,
    /// The reference of the payment that kept the card, where one is charged while the person is away; of one that reserved
    /// an amount where [`PaymentProvider::charges_again`].
    pub kept: Option<&'a str>,
    /// The seller's own account at the provider, where money goes to the seller directly.
    pub seller_account: Option<&'a str>,
}

/// The order to go on with a payment that exists at the provider.
#[derive(Debug, Clone, Copy)]
pub struct Authorisation<'a> {
    pub key: &'a str,
    /// From [`PaymentProvider::create`].
    pub reference: &'a str,
    /// What the page's fields brought, or the token of a kept card.
    pub method: &'a str,
    /// The reference of the payment that kept the card, where the person is away.
    pub kept: Option<&'a str>,
    /// Where the bank sends the person back to.
    pub return_url: &'a str,
}

/// What the payment page shows for a provider. No field of ours takes a card number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaymentFields {
    /// A choice among cards that move no money. Form field: `method`.
    TestCards(&'static [TestCard]),
    /// The provider's own fields, put on the page by its script. They fill the form field `method`.
    Script(ScriptFields),
    /// Nothing to fill in: an invoice comes afterwards, and so many days are left to pay it.
    Invoice { days: i64 },
}

/// What the provider's script on the payment page needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptFields {
    /// Address of the provider's script.
    pub script: String,
    /// The key that may be public.
    pub key: String,
    /// The seller's own account, where money goes to the seller directly.
    pub seller_account: Option<String>,
    /// Hosts that the page's content policy opens for: scripts, frames and requests.
    pub hosts: Vec<String>,
}

/// What the bank asks of the person before it lets a payment pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// The test provider asks on a page of ours. Form field: `answer` (`approve` or `refuse`).
    TestBank,
    /// The provider's script asks, with this secret of the payment.
    Script { fields: ScriptFields, secret: String },
    /// The person goes to this address and comes back.
    Redirect(String),
}

/// What is wrong with what the page's fields brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MethodFault {
    #[error("no means of payment was chosen")]
    Missing,
    #[error("there is no such means of payment")]
    Unknown,
}

/// News by a hook: believed in nothing, but worth asking about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// The provider's id of the news; the same news twice are one.
    pub id: String,
    /// Our id of the payment that it is about; none where it is about something else.
    pub payment: Option<String>,
}

/// Why a hook was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HookError {
    #[error("the hook is not signed, or too old")]
    NotSigned,
    #[error("the hook cannot be read")]
    Unreadable,
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
    /// Can be kept, but is declined when it is charged while the person is away.
    DeclinedLater,
}

impl TestCard {
    pub const ALL: [Self; 7] = [
        Self::Accepted,
        Self::Declined,
        Self::NoFunds,
        Self::NeedsConfirmation,
        Self::CaptureFailsOnce,
        Self::CaptureFails,
        Self::DeclinedLater,
    ];

    /// The word in forms and in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Declined => "declined",
            Self::NoFunds => "no_funds",
            Self::NeedsConfirmation => "needs_confirmation",
            Self::CaptureFailsOnce => "capture_fails_once",
            Self::CaptureFails => "capture_fails",
            Self::DeclinedLater => "declined_later",
        }
    }

    /// The card with that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|card| card.name() == name)
    }
}

/// The outside system that moves money. Repeating a call under its key changes nothing and returns the first answer.
#[async_trait]
pub trait PaymentProvider: Send + Sync + 'static {
    /// The name in `payment.psp`.
    fn name(&self) -> &'static str;

    /// Whether what it takes is real money.
    fn is_test(&self) -> bool {
        is_test_provider(self.name())
    }

    /// For how many days an amount stays reserved at least. What takes place later keeps the card first.
    fn reserve_days(&self) -> i64;

    /// Whether the card of an amount that is reserved can be charged once more while the person is away, as one that was kept.
    fn charges_again(&self) -> bool {
        false
    }

    /// What the payment page shows; `seller_account` where money goes to the seller directly.
    fn fields(&self, seller_account: Option<&str>) -> PaymentFields;

    /// Reads what the page's fields brought into what [`Authorisation::method`] takes.
    ///
    /// # Errors
    /// [`MethodFault`].
    fn read_method(&self, method: &str) -> Result<PaymentMethod, MethodFault>;

    /// Makes a payment known, without any money moving; its reference.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn create(&self, order: &Order<'_>) -> Result<String, ProviderError>;

    /// Reserves what was ordered, or keeps the card.
    ///
    /// # Errors
    /// See [`ProviderError`]. A declined card is no error but a status.
    async fn authorise(&self, authorisation: &Authorisation<'_>) -> Result<ProviderPayment, ProviderError>;

    /// What the bank asks of the person; none when it asks nothing (any more).
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn question(&self, reference: &str) -> Result<Option<Question>, ProviderError>;

    /// The payment after the person answered the bank. `approved` is what our page was told; providers whose bank hears
    /// the answer itself do not believe it.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn answer(&self, reference: &str, approved: bool) -> Result<ProviderPayment, ProviderError>;

    /// Takes `amount` of what is reserved and releases the rest.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn capture(&self, key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError>;

    /// Takes `amount` of what is reserved on a seller's own account, `fee_minor` of it for the operator, and releases the
    /// rest. What is paid back of it takes its share of the fee along. Only providers where sellers have accounts of their
    /// own are asked for this.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn capture_with_fee(
        &self,
        _key: &str,
        _reference: &str,
        _amount: Money,
        _fee_minor: i64,
    ) -> Result<ProviderPayment, ProviderError> {
        Err(ProviderError::Refused("no seller has an account there".to_owned()))
    }

    /// Lets go of what is reserved, or of the card that is kept.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn release(&self, key: &str, reference: &str) -> Result<ProviderPayment, ProviderError>;

    /// Pays `amount` of what was captured back, for our refund with the id `refund`.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn refund(
        &self,
        key: &str,
        reference: &str,
        refund: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError>;

    /// The truth about a payment; `None` when the provider does not know it.
    ///
    /// # Errors
    /// See [`ProviderError`].
    async fn lookup(&self, reference: &str) -> Result<Option<ProviderPayment>, ProviderError>;

    /// Reads a hook: `header` brings a header's value by its lower-case name.
    ///
    /// # Errors
    /// [`HookError`].
    fn read_hook(
        &self,
        header: &(dyn for<'a> Fn(&'a str) -> Option<String> + Sync),
        body: &[u8],
        now: Micros,
    ) -> Result<Hint, HookError>;

    /// How what is captured is paid by the customer afterwards; none where the provider takes it at once.
    fn invoice_terms(&self) -> Option<&InvoiceTerms> {
        None
    }

    /// The accounts of sellers there, where each has one of its own.
    fn seller_accounts(&self) -> Option<&dyn SellerAccounts> {
        None
    }
}
