//! Money on its way back.

use booking_core::base::money::Money;
use booking_core::billing::provider::{ProviderError, ProviderPayment, ProviderRefund, RefundStatus};

use super::Stripe;
use super::client::{Call, CallError};
use super::reference::Reference;
use super::wire::{Identified, List, WireRefund, from_wire, to_wire};

/// Refunds of one payment that are read; more than that nobody makes.
const PAGES_MAX: usize = 10;
const PAGE_SIZE: &str = "100";

impl Stripe {
    /// Pays back, and tells the whole payment. Its hooks name our payment, too.
    pub(super) async fn pay_back(
        &self,
        key: &str,
        reference: Reference<'_>,
        refund: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        let minor = to_wire(amount)?.to_string();
        let intent = self.intent(reference).await.map_err(CallError::into_provider)?;
        let had_fee = intent.application_fee_amount.is_some_and(|fee| fee > 0);
        let payment = intent
            .metadata
            .and_then(|mut about| about.remove("payment"))
            .unwrap_or_default();
        let mut fields = vec![
            ("payment_intent", reference.id),
            ("amount", minor.as_str()),
            ("metadata[refund]", refund),
            ("metadata[payment]", payment.as_str()),
        ];
        if had_fee {
            // The share of what is paid back.
            fields.push(("refund_application_fee", "true"));
        }
        let call = Call::new("refunds", reference.account).key(key).fields(&fields);
        let made: Result<Identified, CallError> = self.client.post(call).await;
        made.map_err(CallError::into_provider)?;
        // It is done. Whatever hinders us from looking, the same key brings the same refund.
        let looked = self.load(reference).await;
        looked.map_err(|error| ProviderError::Unknown(error.to_string()))
    }

    /// What was paid back of a payment.
    pub(super) async fn refunds_of(&self, reference: Reference<'_>) -> Result<Vec<ProviderRefund>, ProviderError> {
        let mut refunds = Vec::new();
        let mut last = String::new();
        for _ in 0..PAGES_MAX {
            let mut fields = vec![("payment_intent", reference.id), ("limit", PAGE_SIZE)];
            if !last.is_empty() {
                fields.push(("starting_after", &last));
            }
            let call = Call::new("refunds", reference.account).fields(&fields);
            let page: Result<List<WireRefund>, CallError> = self.client.get(call).await;
            let page = page.map_err(CallError::into_provider)?;
            let next = page.data.last().map(|refund| refund.id.clone());
            let has_more = page.has_more;
            refunds.extend(page.data.into_iter().filter_map(read));
            match next {
                Some(id) if has_more => last = id,
                Some(_) | None => return Ok(refunds),
            }
        }
        Err(ProviderError::Failed("there is no end of refunds".to_owned()))
    }
}

/// None for what was reserved and not captured: some list that as paid back, though nothing moved.
fn read(refund: WireRefund) -> Option<ProviderRefund> {
    let ours = refund.metadata.and_then(|mut about| about.remove("refund"));
    if ours.is_none() && refund.balance_transaction.is_none_or(|moved| moved.is_null()) {
        return None;
    }
    Some(ProviderRefund {
        reference: refund.id,
        refund: ours,
        amount_minor: from_wire(refund.amount, &refund.currency),
        status: match refund.status.as_deref() {
            Some("succeeded") => RefundStatus::Done,
            Some("failed" | "canceled") => RefundStatus::Failed,
            // `pending`, `requires_action`, or none told.
            Some(_) | None => RefundStatus::Pending,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Option<(Option<String>, i64, RefundStatus)> {
        let refund: WireRefund = serde_json::from_str(json).expect("a refund");
        read(refund).map(|refund| (refund.refund, refund.amount_minor, refund.status))
    }

    #[test]
    fn every_refund_is_told_and_what_was_never_taken_is_none() {
        let ours = r#"{"id":"re_1","amount":500,"currency":"nok","status":"pending","metadata":{"refund":"r1"}}"#;
        assert_eq!(check(ours), Some((Some("r1".to_owned()), 500, RefundStatus::Pending)));
        let by_hand = r#"{"id":"re_2","amount":500,"currency":"nok","status":"succeeded","metadata":{},
            "balance_transaction":"txn_1"}"#;
        assert_eq!(check(by_hand), Some((None, 500, RefundStatus::Done)));
        let sent_back = by_hand.replace("succeeded", "failed");
        assert_eq!(check(&sent_back), Some((None, 500, RefundStatus::Failed)));
        let let_go = r#"{"id":"re_3","amount":500,"status":"succeeded","balance_transaction":null}"#;
        assert_eq!(check(let_go), None);
    }
}
