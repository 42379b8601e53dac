//! Payment by invoice as a payment provider: who chooses it is trusted until the call is over, and owes then what it came
//! to. There is no outside that could know more than our own records, so every request is answered from them, and asking
//! again changes nothing.

use async_trait::async_trait;

use super::invoice::{INVOICE_PROVIDER, InvoiceTerms, status_of};
use super::payment::ProviderStatus;
use super::provider::{
    Authorisation, Hint, HookError, MethodFault, Order, PaymentFields, PaymentMethod, PaymentProvider, ProviderError,
    ProviderPayment, ProviderRefund, Question, RefundStatus,
};
use super::{Payment, RefundState, queries, refunds};
use crate::base::Micros;
use crate::base::db::{Db, DbError};
use crate::base::money::Money;

/// What a promise to pay is good for, days: longer than anybody books ahead.
const PROMISE_DAYS: i64 = 3_650;
/// Before the id of our payment in a reference.
const PREFIX: &str = "invoice_";

/// The provider.
pub struct InvoiceProvider {
    db: Db,
    terms: InvoiceTerms,
}

impl InvoiceProvider {
    #[must_use]
    pub fn new(db: Db, terms: InvoiceTerms) -> Self {
        Self { db, terms }
    }

    async fn find(&self, reference: &str) -> Result<Option<(Payment, ProviderPayment)>, ProviderError> {
        let Some(id) = reference.strip_prefix(PREFIX) else {
            return Ok(None);
        };
        let mut tx = self.db.read().await.map_err(no_answer)?;
        let Some(payment) = queries::payment(&mut tx, id).await.map_err(no_answer)? else {
            return Ok(None);
        };
        let known = refunds::of_payment(&mut tx, id).await.map_err(no_answer)?;
        let mut seen = ProviderPayment::new(reference, status_of(&payment));
        for refund in known {
            if let Some(status) = status_of_refund(refund.state) {
                seen.refunds.push(credited(&refund.id, refund.amount.minor, status));
            }
        }
        Ok(Some((payment, seen)))
    }

    async fn load(&self, reference: &str) -> Result<(Payment, ProviderPayment), ProviderError> {
        let found = self.find(reference).await?;
        found.ok_or_else(|| ProviderError::Refused("there is no such payment".into()))
    }
}

/// A refund that was not asked for yet is not known.
fn status_of_refund(state: RefundState) -> Option<RefundStatus> {
    match state {
        RefundState::Waiting | RefundState::Declined | RefundState::Asked => None,
        RefundState::Pending => Some(RefundStatus::Pending),
        RefundState::Done => Some(RefundStatus::Done),
        RefundState::Failed => Some(RefundStatus::Failed),
    }
}

fn credited(refund: &str, amount_minor: i64, status: RefundStatus) -> ProviderRefund {
    ProviderRefund {
        reference: format!("credit_{refund}"),
        refund: Some(refund.to_owned()),
        amount_minor,
        status,
    }
}

fn no_answer(error: DbError) -> ProviderError {
    ProviderError::Unknown(error.to_string())
}

#[async_trait]
impl PaymentProvider for InvoiceProvider {
    fn name(&self) -> &'static str {
        INVOICE_PROVIDER
    }

    fn reserve_days(&self) -> i64 {
        PROMISE_DAYS
    }

    fn fields(&self, _seller_account: Option<&str>) -> PaymentFields {
        PaymentFields::Invoice { days: self.terms.days }
    }

    /// Nothing is to be chosen but the invoice itself.
    fn read_method(&self, _method: &str) -> Result<PaymentMethod, MethodFault> {
        Ok(PaymentMethod::default())
    }

    async fn create(&self, order: &Order<'_>) -> Result<String, ProviderError> {
        Ok(format!("{PREFIX}{}", order.payment))
    }

    async fn authorise(&self, authorisation: &Authorisation<'_>) -> Result<ProviderPayment, ProviderError> {
        let (payment, mut seen) = self.load(authorisation.reference).await?;
        if seen.status == ProviderStatus::Created {
            seen.status = ProviderStatus::Authorised {
                amount_minor: payment.amount.minor,
            };
        }
        Ok(seen)
    }

    async fn question(&self, _reference: &str) -> Result<Option<Question>, ProviderError> {
        Ok(None)
    }

    async fn answer(&self, reference: &str, _approved: bool) -> Result<ProviderPayment, ProviderError> {
        Ok(self.load(reference).await?.1)
    }

    async fn capture(&self, _key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError> {
        let (_, mut seen) = self.load(reference).await?;
        match seen.status {
            ProviderStatus::Authorised { amount_minor } if (1..=amount_minor).contains(&amount.minor) => {
                seen.status = ProviderStatus::Captured {
                    amount_minor: amount.minor,
                };
                Ok(seen)
            }
            ProviderStatus::Captured { .. } => Ok(seen),
            ProviderStatus::Created
            | ProviderStatus::NeedsConfirmation
            | ProviderStatus::Declined(_)
            | ProviderStatus::Saved
            | ProviderStatus::Authorised { .. }
            | ProviderStatus::Released => Err(ProviderError::Refused("so much was never promised".into())),
        }
    }

    async fn release(&self, _key: &str, reference: &str) -> Result<ProviderPayment, ProviderError> {
        let (_, mut seen) = self.load(reference).await?;
        match seen.status {
            ProviderStatus::Authorised { .. } | ProviderStatus::Released => {
                seen.status = ProviderStatus::Released;
                Ok(seen)
            }
            ProviderStatus::Created
            | ProviderStatus::NeedsConfirmation
            | ProviderStatus::Declined(_)
            | ProviderStatus::Saved
            | ProviderStatus::Captured { .. } => Err(ProviderError::Refused("nothing is promised".into())),
        }
    }

    /// A credit note takes effect at once; whether money is to go back, too, is seen by what was paid.
    async fn refund(
        &self,
        _key: &str,
        reference: &str,
        refund: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        let (payment, mut seen) = self.load(reference).await?;
        if seen.refunds.iter().any(|known| known.refund.as_deref() == Some(refund)) {
            return Ok(seen);
        }
        let done = seen.refunds.iter().filter(|known| known.status == RefundStatus::Done);
        let credited_minor: i64 = done.map(|known| known.amount_minor).sum();
        let left_minor = payment.state.captured_minor() - credited_minor;
        if amount.minor <= 0 || amount.minor > left_minor {
            return Err(ProviderError::Refused("there is not so much to credit".into()));
        }
        seen.refunds.push(credited(refund, amount.minor, RefundStatus::Done));
        Ok(seen)
    }

    async fn lookup(&self, reference: &str) -> Result<Option<ProviderPayment>, ProviderError> {
        Ok(self.find(reference).await?.map(|(_, seen)| seen))
    }

    fn read_hook(
        &self,
        _header: &(dyn for<'a> Fn(&'a str) -> Option<String> + Sync),
        _body: &[u8],
        _now: Micros,
    ) -> Result<Hint, HookError> {
        Err(HookError::NotSigned)
    }

    fn invoice_terms(&self) -> Option<&InvoiceTerms> {
        Some(&self.terms)
    }
}
