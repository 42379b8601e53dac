//! The words that records are kept under, as people read them.

/// A word of the records. Pages show its text; the raw one is there for programs only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordWord {
    pub(crate) raw: String,
    pub(crate) key: &'static str,
}

/// What stands for a word of a newer server's.
const OTHER: &str = "record-other";

impl RecordWord {
    /// Why a span of presence ended.
    #[must_use]
    pub fn ending(raw: &str) -> Self {
        Self::new(
            raw,
            match raw {
                "left" => "ending-left",
                "connection_lost" => "ending-connection-lost",
                "taken_over" => "ending-taken-over",
                "window_ended" => "ending-window-ended",
                "shutdown" => "ending-shutdown",
                "recovered" => "ending-recovered",
                _ => OTHER,
            },
        )
    }

    /// What the payment provider was asked for.
    #[must_use]
    pub fn operation(raw: &str) -> Self {
        Self::new(
            raw,
            match raw {
                "authorise" => "operation-authorise",
                "capture" => "operation-capture",
                "release" => "operation-release",
                "refund" => "operation-refund",
                _ => OTHER,
            },
        )
    }

    /// How far that has come.
    #[must_use]
    pub fn operation_state(raw: &str) -> Self {
        Self::new(
            raw,
            match raw {
                "pending" => "operation-pending",
                "done" => "operation-done",
                "failed" => "operation-failed",
                _ => OTHER,
            },
        )
    }

    /// What a transaction of the ledger tells.
    #[must_use]
    pub fn transaction(raw: &str) -> Self {
        Self::new(
            raw,
            match raw {
                "authorised" => "transaction-authorised",
                "charged" => "transaction-charged",
                "captured" => "transaction-captured",
                "released" => "transaction-released",
                "refunded" => "transaction-refunded",
                "refund_returned" => "transaction-refund-returned",
                "credited" => "transaction-credited",
                "invoice_paid" => "transaction-invoice-paid",
                "invoice_paid_back" => "transaction-invoice-paid-back",
                "reminder_fee" => "transaction-reminder-fee",
                "commission" => "transaction-commission",
                "commission_refunded" => "transaction-commission-refunded",
                "commission_returned" => "transaction-commission-returned",
                "paid_out" => "transaction-paid-out",
                "payout_cancelled" => "transaction-payout-cancelled",
                _ => OTHER,
            },
        )
    }

    /// An account of the ledger.
    #[must_use]
    pub fn account(raw: &str) -> Self {
        Self::new(
            raw,
            match raw {
                "reserved" => "account-reserved",
                "reserved_contra" => "account-reserved-contra",
                "consumer_receivable" => "account-consumer-receivable",
                "psp_clearing" => "account-psp-clearing",
                "bank" => "account-bank",
                "reminder_fees" => "account-reminder-fees",
                "provider_payable" => "account-provider-payable",
                "provider_vat" => "account-provider-vat",
                "seller_clearing" => "account-seller-clearing",
                "test_clearing" => "account-test-clearing",
                "commission" => "account-commission",
                "commission_vat" => "account-commission-vat",
                "provider_bank" => "account-provider-bank",
                _ => OTHER,
            },
        )
    }

    fn new(raw: &str, key: &'static str) -> Self {
        Self {
            raw: raw.to_owned(),
            key,
        }
    }

    /// Whether it has a text of its own.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.key != OTHER
    }
}
