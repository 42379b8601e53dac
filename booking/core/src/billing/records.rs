//! What is on record of money: payments, calls to their provider, charges and the lines of the ledger.

use super::invoice::INVOICE_PROVIDER;
use super::payment::{PaymentState, StoredState};
use super::provider::{PaymentMethod, is_test_provider};
use crate::base::Micros;
use crate::base::db::{FromRow, Row};
use crate::base::money::{Currency, Money};
use crate::base::vat::VatCode;

/// What a payment of an appointment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Reserves the most that can be charged, at booking.
    Book,
    /// Keeps the card at booking, where the time is too far ahead to reserve.
    Save,
    /// Reserves from the kept card, the day before.
    Due,
    /// The person pays anew, after a card was declined.
    Mend,
    /// Charges the kept card afterwards.
    Fee,
    /// Reserves more in the call, because both sides go on beyond its highest price.
    Extend,
}

impl Purpose {
    pub const ALL: [Self; 6] = [Self::Book, Self::Save, Self::Due, Self::Mend, Self::Fee, Self::Extend];

    /// The word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Book => "book",
            Self::Save => "save",
            Self::Due => "due",
            Self::Mend => "mend",
            Self::Fee => "fee",
            Self::Extend => "extend",
        }
    }
}

impl std::str::FromStr for Purpose {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|purpose| purpose.name() == name).ok_or(())
    }
}

/// A payment as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: String,
    pub hold_id: String,
    pub attempt: i64,
    pub purpose: Purpose,
    /// The payment that kept the card which this one is charged from.
    pub kept_from: Option<String>,
    /// The seller's own account at the provider, where money goes to the seller directly.
    pub seller_account: Option<String>,
    /// Name of the provider that took it.
    pub psp: String,
    pub appointment_id: Option<String>,
    pub org_id: String,
    pub method: PaymentMethod,
    /// What was, or is to be, reserved.
    pub amount: Money,
    pub state: PaymentState,
    pub reference: Option<String>,
    pub updated_at: Micros,
}

impl Payment {
    /// Whether a provider for tests took it, so that no money moved.
    #[must_use]
    pub fn is_test(&self) -> bool {
        is_test_provider(&self.psp)
    }

    /// Whether the customer gets an invoice for it: then nothing is reserved, and what is captured is owed until it is paid.
    #[must_use]
    pub fn is_by_invoice(&self) -> bool {
        self.psp == INVOICE_PROVIDER
    }
}

impl FromRow for Payment {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let stored = StoredState {
            state: row.get("state")?,
            authorised_minor: row.get("authorised_minor")?,
            captured_minor: row.get("captured_minor")?,
            refunded_minor: row.get("refunded_minor")?,
            decline_reason: row.get("decline_reason")?,
        };
        let currency = Currency::parse(&row.get::<String>("currency")?).map_err(|e| sqlx::Error::Decode(e.into()))?;
        Ok(Self {
            id: row.get("id")?,
            hold_id: row.get("hold_id")?,
            attempt: row.get("attempt")?,
            purpose: row.parse("purpose")?,
            kept_from: row.get("kept_from")?,
            seller_account: row.get("seller_account")?,
            psp: row.get("psp")?,
            appointment_id: row.get("appointment_id")?,
            org_id: row.get("org_id")?,
            method: PaymentMethod {
                token: row.get("method_token")?,
                brand: row.get("method_brand")?,
                last4: row.get("method_last4")?,
            },
            amount: Money::new(row.get("amount_minor")?, currency),
            state: PaymentState::load(&stored).map_err(|e| sqlx::Error::Decode(e.into()))?,
            reference: row.get("reference")?,
            updated_at: row.get("updated_us")?,
        })
    }
}

/// Which call to the provider an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpKind {
    Authorise,
    Capture,
    Release,
    Refund,
}

impl OpKind {
    pub const ALL: [Self; 4] = [Self::Authorise, Self::Capture, Self::Release, Self::Refund];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Authorise => "authorise",
            Self::Capture => "capture",
            Self::Release => "release",
            Self::Refund => "refund",
        }
    }
}

impl std::str::FromStr for OpKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}

/// One outgoing call, on record before it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Op {
    pub id: String,
    pub payment_id: String,
    pub kind: OpKind,
    pub seq: i64,
    pub amount_minor: i64,
    /// `pending`, `done` or `failed`.
    pub state: String,
    pub attempts: i64,
    pub created_at: Micros,
    pub error: Option<String>,
    /// How many keys of this call brought a failure as their answer.
    pub key_number: i64,
    /// The refund that is asked for.
    pub refund_id: Option<String>,
    /// What the operator keeps of a capture.
    pub commission_minor: i64,
}

impl Op {
    /// The idempotency key of the next try.
    #[must_use]
    pub fn key(&self) -> String {
        match self.key_number {
            0 => self.id.clone(),
            number => format!("{}.{number}", self.id),
        }
    }
}

/// Money that goes back to a consumer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refund {
    pub id: String,
    pub payment_id: String,
    pub amount: Money,
    pub reason: String,
    pub state: RefundState,
    /// Account id; empty where somebody did it at the provider's own pages.
    pub asked_by: String,
    /// Account id of the second person, where one was needed.
    pub approved_by: String,
    pub reference: Option<String>,
    pub created_at: Micros,
}

/// Where a refund stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefundState {
    /// For a second person to approve.
    Waiting,
    /// The second person said no.
    Declined,
    /// The provider is asked.
    Asked,
    /// The provider has it, and the money is on its way.
    Pending,
    Done,
    Failed,
}

impl RefundState {
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Declined,
        Self::Asked,
        Self::Pending,
        Self::Done,
        Self::Failed,
    ];

    /// The word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Declined => "declined",
            Self::Asked => "asked",
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// Whether its money is gone, or may still go.
    #[must_use]
    pub fn counts(self) -> bool {
        match self {
            Self::Waiting | Self::Asked | Self::Pending | Self::Done => true,
            Self::Declined | Self::Failed => false,
        }
    }
}

impl std::str::FromStr for RefundState {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(())
    }
}

impl FromRow for Refund {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let currency = Currency::parse(&row.get::<String>("currency")?).map_err(|e| sqlx::Error::Decode(e.into()))?;
        Ok(Self {
            id: row.get("id")?,
            payment_id: row.get("payment_id")?,
            amount: Money::new(row.get("amount_minor")?, currency),
            reason: row.get("reason")?,
            state: row.parse("state")?,
            asked_by: row.get("asked_by")?,
            approved_by: row.get("approved_by")?,
            reference: row.get("reference")?,
            created_at: row.get("created_us")?,
        })
    }
}

impl FromRow for Op {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            payment_id: row.get("payment_id")?,
            kind: row.parse("kind")?,
            seq: row.get("seq")?,
            amount_minor: row.get("amount_minor")?,
            state: row.get("state")?,
            attempts: row.get("attempts")?,
            created_at: row.get("created_us")?,
            error: row.get("error")?,
            key_number: row.get("key_number")?,
            refund_id: row.get("refund_id")?,
            commission_minor: row.get("commission_minor")?,
        })
    }
}

/// One line of the ledger with its transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    pub kind: String,
    pub at: Micros,
    pub currency: String,
    pub account: String,
    pub amount_minor: i64,
}

impl FromRow for LedgerLine {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.get("kind")?,
            at: row.get("created_us")?,
            currency: row.get("currency")?,
            account: row.get("account")?,
            amount_minor: row.get("amount_minor")?,
        })
    }
}

/// `charge.outcome` of an appointment that was cancelled so late that it costs something.
pub const CANCELLED: &str = "cancelled";
/// `charge.outcome` of an appointment whose consumer did not come.
pub const NO_SHOW_CONSUMER: &str = "no_show_consumer";

/// What is charged where no call took place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fee {
    /// The consumer cancelled late.
    Cancelled,
    /// The consumer did not come.
    Missed,
}

/// What a call came to. There is at most one for a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    pub outcome: String,
    pub billable: Micros,
    pub amount: Money,
    pub vat_code: VatCode,
    pub vat_bp: u32,
    pub vat_minor: i64,
    pub at: Micros,
}

impl Charge {
    /// Which fee it is, if it is one.
    #[must_use]
    pub fn fee(&self) -> Option<Fee> {
        match self.outcome.as_str() {
            _ if self.amount.minor == 0 => None,
            CANCELLED => Some(Fee::Cancelled),
            NO_SHOW_CONSUMER => Some(Fee::Missed),
            _ => None,
        }
    }
}

impl FromRow for Charge {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let currency = Currency::parse(&row.get::<String>("currency")?).map_err(|e| sqlx::Error::Decode(e.into()))?;
        Ok(Self {
            outcome: row.get("outcome")?,
            billable: row.get("billable_us")?,
            amount: Money::new(row.get("amount_minor")?, currency),
            vat_code: row.parse("vat_code")?,
            vat_bp: u32::try_from(row.get::<i64>("vat_bp")?).map_err(|e| sqlx::Error::Decode(e.into()))?,
            vat_minor: row.get("vat_minor")?,
            at: row.get("created_us")?,
        })
    }
}
