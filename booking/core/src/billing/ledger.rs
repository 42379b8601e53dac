//! The double-entry ledger: append-only, every transaction sums to zero. This half is pure; [`super::queries`] writes it.
//!
//! While money is only reserved it stands in a pair of memo accounts, which are empty again at the end of every payment.

use crate::base::money::{Money, VatSplit};

/// The chart. Debits are positive, credits negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LedgerAccount {
    /// Memo: reserved by the payment provider.
    Reserved,
    /// Memo: the other side of [`Self::Reserved`].
    ReservedContra,
    /// What the consumer owes for a call.
    ConsumerReceivable,
    /// What the payment provider holds for us.
    PspClearing,
    /// What customers paid into the account that stands on invoices.
    Bank,
    /// What reminders of invoices cost consumers: no part of what was sold.
    ReminderFees,
    /// What the provider's own account at the payment provider got, which never was the operator's.
    SellerClearing,
    /// What test cards brought, once its postings have left: no money.
    TestClearing,
    /// What the provider has coming, without tax.
    ProviderPayable,
    /// The tax in the price: the provider, as the seller, declares it.
    ProviderVat,
    /// What the operator keeps of what came in, without tax: a cost of the provider.
    Commission,
    /// The tax in it, which the operator declares.
    CommissionVat,
    /// What was paid out to the provider's bank.
    ProviderBank,
}

impl LedgerAccount {
    pub const ALL: [Self; 13] = [
        Self::Reserved,
        Self::ReservedContra,
        Self::ConsumerReceivable,
        Self::PspClearing,
        Self::Bank,
        Self::ReminderFees,
        Self::SellerClearing,
        Self::TestClearing,
        Self::ProviderPayable,
        Self::ProviderVat,
        Self::Commission,
        Self::CommissionVat,
        Self::ProviderBank,
    ];

    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::ReservedContra => "reserved_contra",
            Self::ConsumerReceivable => "consumer_receivable",
            Self::PspClearing => "psp_clearing",
            Self::Bank => "bank",
            Self::ReminderFees => "reminder_fees",
            Self::SellerClearing => "seller_clearing",
            Self::TestClearing => "test_clearing",
            Self::ProviderPayable => "provider_payable",
            Self::ProviderVat => "provider_vat",
            Self::Commission => "commission",
            Self::CommissionVat => "commission_vat",
            Self::ProviderBank => "provider_bank",
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posting {
    Authorised {
        amount: Money,
    },
    Charged {
        split: VatSplit,
        of: Money,
    },
    /// `captured` came in, `released` was let go of: together all that was reserved.
    Captured {
        captured: Money,
        released: Money,
    },
    Released {
        amount: Money,
    },
    Refunded {
        split: VatSplit,
        of: Money,
    },
    /// A refund that was done came back.
    RefundReturned {
        split: VatSplit,
        of: Money,
    },
    /// A credit note of an invoice: so much less is owed, or is to be paid back where it was paid.
    Credited {
        split: VatSplit,
        of: Money,
    },
    /// Money came in for an invoice.
    InvoicePaid {
        amount: Money,
    },
    /// Money that came in for an invoice was paid back.
    InvoicePaidBack {
        amount: Money,
    },
    /// A reminder of an invoice costs so much.
    ReminderFee {
        amount: Money,
    },
    /// The operator keeps its commission of what came in.
    Commission {
        split: VatSplit,
        of: Money,
    },
    /// It gives back its share with a refund.
    CommissionRefunded {
        split: VatSplit,
        of: Money,
    },
    /// And takes it again, where the refund came back.
    CommissionReturned {
        split: VatSplit,
        of: Money,
    },
    /// What was held goes to the provider's bank.
    PaidOut {
        amount: Money,
    },
    /// A payout that never left.
    PayoutCancelled {
        amount: Money,
    },
}

/// One line of a transaction, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub account: LedgerAccount,
    pub amount_minor: i64,
}

impl Posting {
    /// Every [`kind`](Self::kind).
    pub const KINDS: [&str; 15] = [
        "authorised",
        "charged",
        "captured",
        "released",
        "refunded",
        "refund_returned",
        "credited",
        "invoice_paid",
        "invoice_paid_back",
        "reminder_fee",
        "commission",
        "commission_refunded",
        "commission_returned",
        "paid_out",
        "payout_cancelled",
    ];

    /// The name in the database.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Authorised { .. } => Self::KINDS[0],
            Self::Charged { .. } => Self::KINDS[1],
            Self::Captured { .. } => Self::KINDS[2],
            Self::Released { .. } => Self::KINDS[3],
            Self::Refunded { .. } => Self::KINDS[4],
            Self::RefundReturned { .. } => Self::KINDS[5],
            Self::Credited { .. } => Self::KINDS[6],
            Self::InvoicePaid { .. } => Self::KINDS[7],
            Self::InvoicePaidBack { .. } => Self::KINDS[8],
            Self::ReminderFee { .. } => Self::KINDS[9],
            Self::Commission { .. } => Self::KINDS[10],
            Self::CommissionRefunded { .. } => Self::KINDS[11],
            Self::CommissionReturned { .. } => Self::KINDS[12],
            Self::PaidOut { .. } => Self::KINDS[13],
            Self::PayoutCancelled { .. } => Self::KINDS[14],
        }
    }

    /// The currency of all lines.
    #[must_use]
    pub fn currency(&self) -> crate::base::money::Currency {
        match self {
            Self::Authorised { amount: money }
            | Self::Charged { of: money, .. }
            | Self::Captured { captured: money, .. }
            | Self::Released { amount: money }
            | Self::Refunded { of: money, .. }
            | Self::RefundReturned { of: money, .. }
            | Self::Credited { of: money, .. }
            | Self::InvoicePaid { amount: money }
            | Self::InvoicePaidBack { amount: money }
            | Self::ReminderFee { amount: money }
            | Self::Commission { of: money, .. }
            | Self::CommissionRefunded { of: money, .. }
            | Self::CommissionReturned { of: money, .. }
            | Self::PaidOut { amount: money }
            | Self::PayoutCancelled { amount: money } => money.currency,
        }
    }

    /// The lines, without empty ones; they sum to zero.
    #[must_use]
    pub fn entries(&self) -> Vec<Entry> {
        use LedgerAccount as A;
        let lines: Vec<(LedgerAccount, i64)> = match self {
            Self::Authorised { amount } => vec![(A::Reserved, amount.minor), (A::ReservedContra, -amount.minor)],
            Self::Released { amount } => vec![(A::Reserved, -amount.minor), (A::ReservedContra, amount.minor)],
            Self::Charged { split, .. } => vec![
                (A::ConsumerReceivable, split.gross_minor),
                (A::ProviderPayable, -split.net_minor),
                (A::ProviderVat, -split.vat_minor),
            ],
            Self::Captured { captured, released } => {
                let reserved = captured.minor + released.minor;
                vec![
                    (A::PspClearing, captured.minor),
                    (A::ConsumerReceivable, -captured.minor),
                    (A::Reserved, -reserved),
                    (A::ReservedContra, reserved),
                ]
            }
            Self::Refunded { split, .. } => vec![
                (A::ProviderPayable, split.net_minor),
                (A::ProviderVat, split.vat_minor),
                (A::PspClearing, -split.gross_minor),
            ],
            Self::RefundReturned { split, .. } => vec![
                (A::ProviderPayable, -split.net_minor),
                (A::ProviderVat, -split.vat_minor),
                (A::PspClearing, split.gross_minor),
            ],
            Self::Credited { split, .. } => vec![
                (A::ProviderPayable, split.net_minor),
                (A::ProviderVat, split.vat_minor),
                (A::ConsumerReceivable, -split.gross_minor),
            ],
            Self::InvoicePaid { amount } => vec![(A::Bank, amount.minor), (A::ConsumerReceivable, -amount.minor)],
            Self::ReminderFee { amount } => {
                vec![(A::ConsumerReceivable, amount.minor), (A::ReminderFees, -amount.minor)]
            }
            Self::InvoicePaidBack { amount } => vec![(A::ConsumerReceivable, amount.minor), (A::Bank, -amount.minor)],
            Self::Commission { split, .. } | Self::CommissionReturned { split, .. } => vec![
                (A::Commission, split.net_minor),
                (A::CommissionVat, split.vat_minor),
                (A::PspClearing, -split.gross_minor),
            ],
            Self::CommissionRefunded { split, .. } => vec![
                (A::Commission, -split.net_minor),
                (A::CommissionVat, -split.vat_minor),
                (A::PspClearing, split.gross_minor),
            ],
            Self::PaidOut { amount } => vec![(A::ProviderBank, amount.minor), (A::PspClearing, -amount.minor)],
            Self::PayoutCancelled { amount } => vec![(A::ProviderBank, -amount.minor), (A::PspClearing, amount.minor)],
        };
        lines
            .into_iter()
            .filter(|(_, amount_minor)| *amount_minor != 0)
            .map(|(account, amount_minor)| Entry { account, amount_minor })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::base::money::{Currency, VAT_STANDARD_BP, split_vat};
    use proptest::prelude::*;

    fn nok(minor: i64) -> Money {
        Money::new(minor, Currency::NOK)
    }

    fn balances(postings: &[Posting]) -> BTreeMap<&'static str, i64> {
        let mut sums = BTreeMap::new();
        for entry in postings.iter().flat_map(Posting::entries) {
            *sums.entry(entry.account.name()).or_insert(0) += entry.amount_minor;
        }
        sums.retain(|_, sum| *sum != 0);
        sums
    }

    #[test]
    fn a_metered_call_ends_with_the_provider_owed_what_came_in() {
        let split = split_vat(32_500, VAT_STANDARD_BP);
        let postings = [
            Posting::Authorised { amount: nok(45_000) },
            Posting::Charged { split, of: nok(32_500) },
            Posting::Captured {
                captured: nok(32_500),
                released: nok(12_500),
            },
        ];
        let expect = BTreeMap::from([
            ("provider_payable", -26_000),
            ("provider_vat", -6_500),
            ("psp_clearing", 32_500),
        ]);
        assert_eq!(balances(&postings), expect);
    }

    #[test]
    fn a_released_reservation_leaves_nothing() {
        let postings = [
            Posting::Authorised { amount: nok(45_000) },
            Posting::Released { amount: nok(45_000) },
        ];
        assert_eq!(balances(&postings), BTreeMap::new());
    }

    #[test]
    fn a_capture_that_never_came_is_a_debt_of_the_consumer() {
        let split = split_vat(1_500, VAT_STANDARD_BP);
        let postings = [
            Posting::Authorised { amount: nok(45_000) },
            Posting::Charged { split, of: nok(1_500) },
        ];
        assert_eq!(balances(&postings).get("consumer_receivable"), Some(&1_500));
    }

    proptest! {
        #[test]
        fn every_transaction_sums_to_zero(a in 0i64..1 << 40, b in 0i64..1 << 40, rate in 0u32..5_000) {
            let split = split_vat(a, rate);
            for posting in [
                Posting::Authorised { amount: nok(a) },
                Posting::Charged { split, of: nok(a) },
                Posting::Captured { captured: nok(a), released: nok(b) },
                Posting::Released { amount: nok(a) },
                Posting::Refunded { split, of: nok(a) },
                Posting::RefundReturned { split, of: nok(a) },
                Posting::Credited { split, of: nok(a) },
                Posting::InvoicePaid { amount: nok(a) },
                Posting::InvoicePaidBack { amount: nok(a) },
                Posting::ReminderFee { amount: nok(a) },
                Posting::Commission { split, of: nok(a) },
                Posting::CommissionRefunded { split, of: nok(a) },
                Posting::CommissionReturned { split, of: nok(a) },
                Posting::PaidOut { amount: nok(a) },
                Posting::PayoutCancelled { amount: nok(a) },
            ] {
                prop_assert_eq!(posting.entries().iter().map(|e| e.amount_minor).sum::<i64>(), 0, "{:?}", posting);
            }
        }

        #[test]
        fn a_payment_that_ended_leaves_no_reservation(authorised in 0i64..1 << 40, share in 0i64..=100) {
            let captured = authorised / 100 * share;
            let sums = balances(&[
                Posting::Authorised { amount: nok(authorised) },
                Posting::Charged { split: split_vat(captured, VAT_STANDARD_BP), of: nok(captured) },
                Posting::Captured { captured: nok(captured), released: nok(authorised - captured) },
            ]);
            prop_assert_eq!(sums.get("reserved"), None);
            prop_assert_eq!(sums.get("consumer_receivable"), None);
            prop_assert_eq!(sums.get("psp_clearing").copied().unwrap_or(0), captured);
        }
    }
}
