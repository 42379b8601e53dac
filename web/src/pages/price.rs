//! Prices as pages show them: one box from the slot picker to the receipt.

pub use signaling_protocol::{Discount, PriceModel, PriceTerms};
pub use texts::CancelTerms;

use super::Shell;
use super::commission::CommissionWords;

/// The price box: what it costs, what is reserved, what happens if nobody comes.
#[derive(Debug, Clone)]
pub struct PriceBox {
    pub price: PriceTerms,
    pub duration_min: u32,
    /// The other side's name, for "if … does not come".
    pub provider_name: String,
    /// Value added tax contained in the total that the box shows; `None` where the service is exempt.
    pub vat: Option<Vat>,
    /// What cancelling costs the customer; `None` where the customer cannot cancel, and for the other side.
    pub cancel: Option<CancelTerms>,
    /// The test provider has it: no money moves.
    pub test: bool,
    pub state: PriceState,
    /// What was paid back of what was charged; `None` where nothing was.
    pub refunded: Option<Refunded>,
    /// How it is paid where an invoice comes; `None` where it is paid in another way.
    pub invoice: Option<ByInvoice>,
}

/// How far an invoice has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByInvoice {
    /// It comes after the appointment, if anything is due.
    Later,
    Sent {
        /// The account that the money goes to, as people write it.
        account: String,
        kid: String,
        /// Within the last day for paying.
        due_at: i64,
        /// What is to be paid still; negative where money comes back.
        open_minor: i64,
    },
}

impl PriceBox {
    /// Key of the words beside what is charged.
    pub(crate) fn charged_key(&self) -> &'static str {
        match self.invoice {
            Some(_) => "price-invoiced",
            None => "price-charged",
        }
    }

    /// Key of the words beside what was paid back, or no longer is to be paid.
    pub(crate) fn refunded_key(&self) -> &'static str {
        match self.invoice {
            Some(_) => "price-credited",
            None => "price-refunded",
        }
    }

    /// Whether an invoice is still to come.
    pub(crate) fn says_invoice_comes(&self) -> bool {
        self.invoice == Some(ByInvoice::Later) && self.cancel.is_some() && !self.is_free()
    }

    /// Whether the box says what was reserved of what is charged.
    pub(crate) fn says_reserved(&self) -> bool {
        self.refunded.is_none() && self.invoice.is_none()
    }

    /// Class of the row of what was charged: it is the last word unless something was paid back.
    pub(crate) fn charged_class(&self) -> &'static str {
        if self.refunded.is_none() { "total" } else { "" }
    }

    /// Whether nothing is ever due.
    pub(crate) fn is_free(&self) -> bool {
        self.price.most_minor() == 0
    }

    /// What a promo code takes off, in words.
    pub(crate) fn discount(&self, shell: &Shell) -> Option<String> {
        let discount = self.price.discount?;
        let words = CommissionWords {
            percent_bp: i64::from(discount.percent_bp),
            fixed_minor: discount.fixed_minor,
            currency: self.price.currency.clone(),
        };
        Some(format!("−{}", words.words(shell)))
    }

    /// Key of the words beside the most that can be charged: a ceiling only where time is counted.
    pub(crate) fn most_key(&self) -> &'static str {
        match self.price.model {
            PriceModel::PerMinute { .. } => "price-most",
            PriceModel::Fixed { .. } | PriceModel::Free => "price-total",
        }
    }

    /// The amount in the line that the box folds to.
    pub(crate) fn short(&self, shell: &Shell) -> String {
        let amount = shell.money(self.price.most_minor(), &self.price.currency);
        match self.price.model {
            PriceModel::PerMinute { .. } => shell.t1("price-most-short", "amount", amount),
            PriceModel::Fixed { .. } | PriceModel::Free => amount,
        }
    }

    /// The least that is charged, where time is counted, and where nothing was because it came to less; minor units.
    pub(crate) fn least_minor(&self) -> Option<i64> {
        let least = signaling_protocol::least_charge_minor(&self.price.currency);
        let told = match self.state {
            PriceState::Estimate | PriceState::Reserved { .. } => true,
            PriceState::Final { charged_minor, .. } => charged_minor == 0,
            PriceState::Fee { .. } | PriceState::Released { .. } | PriceState::Owed { .. } => false,
        };
        match self.price.model {
            PriceModel::PerMinute { .. } => (told && !self.is_free()).then_some(least),
            PriceModel::Fixed { .. } | PriceModel::Free => None,
        }
    }

    /// What cancelling costs, line by line, while there still is something to cancel.
    pub(crate) fn cancel_lines(&self, shell: &Shell) -> Vec<String> {
        match self.state {
            PriceState::Estimate | PriceState::Reserved { .. } => self
                .cancel
                .as_ref()
                .map_or_else(Vec::new, |terms| terms.sentences(shell.locale, &shell.zone)),
            PriceState::Final { .. }
            | PriceState::Fee { .. }
            | PriceState::Released { .. }
            | PriceState::Owed { .. } => Vec::new(),
        }
    }
}

/// Value added tax inside an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vat {
    pub percent: u32,
    pub amount_minor: i64,
}

/// How far the money has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PriceState {
    /// Nothing is reserved yet; the total is the most that can be charged.
    Estimate,
    /// The cap is reserved.
    Reserved { reserved_minor: i64 },
    /// The call is over and charged.
    Final {
        billable_ms: i64,
        /// Seconds that are paid for by the minute: whole started steps after the free time. Zero under other models.
        counted_s: i64,
        charged_minor: i64,
        reserved_minor: i64,
        released_minor: i64,
    },
    /// Charged without a call: the customer cancelled late, or missed the appointment.
    Fee {
        missed: bool,
        charged_minor: i64,
        reserved_minor: i64,
        released_minor: i64,
    },
    /// Everything was given back: cancelled, or somebody did not come.
    Released { released_minor: i64 },
    /// Charged, but not taken, or a part of it only: a payment did not go through.
    Owed { owed_minor: i64, paid_minor: i64 },
}

/// What was paid back, and what the business keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refunded {
    pub refunded_minor: i64,
    pub kept_minor: i64,
}
