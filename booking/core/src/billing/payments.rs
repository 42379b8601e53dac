//! The payment providers of this server: those that people may choose, and those that old payments are finished with.

use std::sync::Arc;

use super::provider::PaymentProvider;

/// The providers that are set up; cheap to clone. With none, only what is free of charge can be sold.
#[derive(Clone, Default)]
pub struct Payments {
    /// In the operator's order.
    offered: Vec<Arc<dyn PaymentProvider>>,
}

impl Payments {
    #[must_use]
    pub fn new(offered: Vec<Arc<dyn PaymentProvider>>) -> Self {
        Self { offered }
    }

    /// The providers that people may choose.
    #[must_use]
    pub fn offered(&self) -> &[Arc<dyn PaymentProvider>] {
        &self.offered
    }

    /// The provider with that name in `payment.psp`; none where it is not set up (any more). What was paid by it then waits.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<dyn PaymentProvider>> {
        self.offered.iter().find(|provider| provider.name() == name)
    }

    /// The provider that people get who choose none.
    #[must_use]
    pub fn first(&self) -> Option<&Arc<dyn PaymentProvider>> {
        self.offered.first()
    }

    /// Whether everything that costs anything is paid by invoice.
    #[must_use]
    pub fn takes_invoices_only(&self) -> bool {
        !self.offered.is_empty() && self.offered.iter().all(|provider| provider.invoice_terms().is_some())
    }

    /// Whether anybody can pay here at all; without it only free services are offered.
    #[must_use]
    pub fn takes_payments(&self) -> bool {
        !self.offered.is_empty()
    }
}
