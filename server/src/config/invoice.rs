//! `[payments.invoice]`: payment by invoice. It is on where there is an account number.

use anyhow::bail;
use booking_core::billing::invoice::{DUE_DAYS, InvoiceTerms, is_account_number};
use serde::{Deserialize, Serialize};

/// Highest fee of a reminder that anybody may set, øre; the law's limit of the day is lower.
const FEE_MINOR_MAX: i64 = 10_000;

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct InvoiceSettings {
    /// The account that customers pay to: eleven digits, with or without dots.
    pub account: Option<String>,
    /// The operator declares that it is the seller itself, or licensed to pay out to others: the account is its own.
    pub operator_sells: bool,
    /// Days until an invoice is due.
    pub days: i64,
    /// Whether customers are reminded who have not paid.
    pub reminders: bool,
    /// What a reminder costs, øre. Never more than the law lets it cost on its day.
    pub reminder_fee_minor: i64,
}

impl Default for InvoiceSettings {
    fn default() -> Self {
        Self {
            account: None,
            operator_sells: false,
            days: 14,
            reminders: true,
            reminder_fee_minor: 0,
        }
    }
}

impl InvoiceSettings {
    pub(crate) fn is_on(&self) -> bool {
        self.account
            .as_deref()
            .is_some_and(|account| !account.trim().is_empty())
    }

    fn digits(&self) -> String {
        let account = self.account.as_deref().unwrap_or_default();
        account.chars().filter(|letter| !matches!(letter, '.' | ' ')).collect()
    }

    /// Refuses an account that money cannot go to, and terms that the law does not let stand.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if !self.is_on() {
            if self.operator_sells || self.reminder_fee_minor != 0 {
                bail!("[payments.invoice]: there is no account, so invoices are off; set it, or leave the rest out");
            }
            return Ok(());
        }
        if !is_account_number(&self.digits()) {
            bail!(
                "[payments.invoice]: account is no Norwegian account number: eleven digits, and the last one checks the others"
            );
        }
        if !self.operator_sells {
            bail!(
                "[payments.invoice]: what customers pay lands on your account, and you may not be allowed to hold it for others: set \
                 operator_sells = true where you are the seller yourself or are licensed to pay out"
            );
        }
        if !DUE_DAYS.contains(&self.days) {
            bail!(
                "[payments.invoice]: days until an invoice is due are {} to {}",
                DUE_DAYS.start(),
                DUE_DAYS.end()
            );
        }
        if !(0..=FEE_MINOR_MAX).contains(&self.reminder_fee_minor) {
            bail!(
                "[payments.invoice]: reminder_fee_minor is an amount in øre, such as 3500 for 35 kr, and at most {FEE_MINOR_MAX}"
            );
        }
        Ok(())
    }

    /// How invoices are to be paid, where they are on.
    pub(crate) fn terms(&self) -> Option<InvoiceTerms> {
        self.is_on().then(|| InvoiceTerms {
            account: self.digits(),
            days: self.days,
            reminds: self.reminders,
            fee_minor: self.reminder_fee_minor,
        })
    }
}
