//! What is held for businesses and paid out to them: the operator's page with files for the bank, and the business's own.

use askama::Template;

use super::Shell;
use super::documents::DocumentRow;

/// What is held for a business in one currency.
#[derive(Debug, Clone)]
pub struct HeldRow {
    pub org_name: String,
    pub currency: String,
    /// Minor units; below zero where it is carried over.
    pub held_minor: i64,
    /// It gave no account to pay to.
    pub lacks_account: bool,
}

impl HeldRow {
    fn key(&self) -> &'static str {
        match (self.held_minor > 0, self.lacks_account) {
            (false, _) => "payout-carried",
            (true, true) => "payout-no-account",
            (true, false) => "payout-ready",
        }
    }
}

/// A file for the bank.
#[derive(Debug, Clone)]
pub struct PayoutFileRow {
    pub id: String,
    pub made_at: i64,
    pub made_by: String,
    pub payouts: i64,
    pub amount_minor: i64,
    pub currency: String,
    pub state: PayoutState,
}

/// Where a file stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayoutState {
    Made,
    Downloaded,
    Sent,
    Cancelled,
}

impl PayoutState {
    pub const ALL: [Self; 4] = [Self::Made, Self::Downloaded, Self::Sent, Self::Cancelled];

    fn key(self) -> &'static str {
        match self {
            Self::Made => "payout-made",
            Self::Downloaded => "payout-downloaded",
            Self::Sent => "payout-sent",
            Self::Cancelled => "payout-cancelled",
        }
    }

    fn can_download(self) -> bool {
        self == Self::Made
    }

    fn can_send(self) -> bool {
        self == Self::Downloaded
    }

    fn can_cancel(self) -> bool {
        matches!(self, Self::Made | Self::Downloaded)
    }
}

/// `/operator/payouts`. Form fields: `action` (`make` with `currency`; `download`, `sent`, `cancel` with the `id` of a file).
#[derive(Debug, Clone, Template)]
#[template(path = "operator_payouts.html")]
pub struct OperatorPayoutsPage {
    pub shell: Shell,
    /// The operator sells itself, or is licensed, and has an account that payouts leave from.
    pub may_pay_out: bool,
    pub held: Vec<HeldRow>,
    /// Currencies in which something can be paid.
    pub currencies: Vec<String>,
    pub files: Vec<PayoutFileRow>,
}

/// A payout as the business reads it.
#[derive(Debug, Clone)]
pub struct PayoutRow {
    pub made_at: i64,
    pub amount_minor: i64,
    pub currency: String,
    /// Its last digits.
    pub account_end: String,
    pub state: PayoutState,
}

/// `/provider/payouts`
#[derive(Debug, Clone, Template)]
#[template(path = "provider_payouts.html")]
pub struct ProviderPayoutsPage {
    pub shell: Shell,
    /// By currency.
    pub held: Vec<HeldRow>,
    pub payouts: Vec<PayoutRow>,
    /// Statements and invoices of commission, newest first.
    pub documents: Vec<DocumentRow>,
}
