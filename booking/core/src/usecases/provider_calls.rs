//! One call to a payment provider, made so that it can be made again: what was interrupted is looked up first, and every
//! refusal is held against the truth.

use std::sync::Arc;

use super::extending;
use crate::appointments::{self, Status};
use crate::base::Fault;
use crate::base::money::Money;
use crate::billing::payment::ProviderStatus;
use crate::billing::provider::{Aim, Authorisation, Order, ProviderError, ProviderPayment};
use crate::billing::{Op, OpKind, Payment, PaymentProvider, Purpose, queries};
use crate::state::AppState;

/// What came of a call.
pub(super) struct Answer {
    /// The payment as the provider knows it, where it told.
    pub(super) seen: Option<ProviderPayment>,
    pub(super) outcome: Outcome,
}

/// Whether the call did what it was for.
pub(super) enum Outcome {
    Done,
    /// It did not, and will not.
    Refused(String),
    /// Nobody knows, and its key brings this failure again.
    Failed(String),
    /// Nobody knows.
    Unknown(String),
}

/// The provider that took a payment.
///
/// # Errors
/// When it is not set up any more: not a refusal, since the payment is not over because of that.
pub(super) fn provider_of<'a>(
    state: &'a AppState,
    payment: &Payment,
) -> Result<&'a Arc<dyn PaymentProvider>, ProviderError> {
    let missing = || ProviderError::Unknown(format!("the payment provider {} is not set up", payment.psp));
    state.payments.find(&payment.psp).ok_or_else(missing)
}

/// Makes the call that is on record.
pub(super) async fn ask_provider(state: &AppState, op: &Op, payment: &Payment) -> Answer {
    let asked = match op.kind {
        OpKind::Authorise => authorise(state, op, payment).await,
        OpKind::Capture | OpKind::Release | OpKind::Refund => change(state, op, payment).await,
    };
    match asked {
        Ok(seen) if has_effect(op, &seen) => Answer {
            seen: Some(seen),
            outcome: Outcome::Done,
        },
        Ok(seen) => Answer {
            seen: Some(seen),
            outcome: Outcome::Refused("the provider did something else".into()),
        },
        Err(ProviderError::Refused(reason)) => refused(state, op, payment, reason).await,
        Err(ProviderError::Failed(reason)) => Answer {
            seen: None,
            outcome: Outcome::Failed(reason),
        },
        Err(ProviderError::Unknown(reason)) => Answer {
            seen: None,
            outcome: Outcome::Unknown(reason),
        },
    }
}

/// A refusal is believed only when the truth agrees: the effect may be there from an earlier try.
async fn refused(state: &AppState, op: &Op, payment: &Payment, reason: String) -> Answer {
    let refused = |seen, reason| Answer {
        seen,
        outcome: Outcome::Refused(reason),
    };
    let (Ok(provider), Some(reference)) = (provider_of(state, payment), &payment.reference) else {
        return refused(None, reason);
    };
    match provider.lookup(reference).await {
        Ok(Some(seen)) if has_effect(op, &seen) => Answer {
            seen: Some(seen),
            outcome: Outcome::Done,
        },
        Ok(Some(seen)) if seen.status != ProviderStatus::Created => refused(Some(seen), reason),
        Ok(_) => refused(None, reason),
        Err(error) => Answer {
            seen: None,
            outcome: Outcome::Unknown(error.to_string()),
        },
    }
}

/// The payment is made known first, and its reference kept, so that from then on the truth can be asked for.
async fn authorise(state: &AppState, op: &Op, payment: &Payment) -> Result<ProviderPayment, ProviderError> {
    let provider = provider_of(state, payment)?;
    let kept = kept_reference(state, payment).await?;
    let over = || ProviderError::Refused("not sent: nobody waits for it any more".into());
    let key = op.key();
    let reference = match &payment.reference {
        Some(reference) => {
            if op.attempts > 1
                && let Some(seen) = provider.lookup(reference).await?
                && seen.status != ProviderStatus::Created
            {
                return Ok(seen);
            }
            reference.clone()
        }
        None if !is_still_wanted(state, op, payment).await? => return Err(over()),
        None => {
            let order = Order {
                key: &format!("{key}-create"),
                payment: &payment.id,
                aim: aim_of(payment),
                kept: kept.as_deref(),
                seller_account: payment.seller_account.as_deref(),
            };
            let reference = provider.create(&order).await?;
            keep_reference(state, payment, &reference).await?;
            reference
        }
    };
    if !is_still_wanted(state, op, payment).await? {
        return Err(over());
    }
    let back = match &payment.appointment_id {
        Some(appointment) => texts::routes::booking_payment(appointment),
        None => texts::routes::book_confirm(&payment.hold_id),
    };
    let return_url = state.link(&back);
    let authorisation = Authorisation {
        key: &key,
        reference: &reference,
        method: &payment.method.token,
        kept: kept.as_deref(),
        return_url: &return_url,
    };
    provider.authorise(&authorisation).await
}

fn aim_of(payment: &Payment) -> Aim {
    match payment.purpose {
        Purpose::Save => Aim::Keep(payment.amount.currency),
        Purpose::Book | Purpose::Due | Purpose::Mend | Purpose::Fee | Purpose::Extend => Aim::Reserve(payment.amount),
    }
}

async fn kept_reference(state: &AppState, payment: &Payment) -> Result<Option<String>, ProviderError> {
    let Some(kept) = &payment.kept_from else {
        return Ok(None);
    };
    let unread = |error: crate::base::db::DbError| ProviderError::Unknown(error.to_string());
    let mut tx = state.db.read().await.map_err(unread)?;
    let kept = queries::payment(&mut tx, kept).await.map_err(unread)?;
    Ok(kept.and_then(|kept| kept.reference))
}

async fn keep_reference(state: &AppState, payment: &Payment, reference: &str) -> Result<(), ProviderError> {
    let unwritten = |error: crate::base::db::DbError| ProviderError::Unknown(error.to_string());
    let mut tx = state.db.write().await.map_err(unwritten)?;
    queries::save_reference(&mut tx, &payment.id, reference)
        .await
        .map_err(unwritten)?;
    tx.commit().await.map_err(unwritten)
}

/// A capture, a release or a refund. One that was interrupted before is first looked up.
async fn change(state: &AppState, op: &Op, payment: &Payment) -> Result<ProviderPayment, ProviderError> {
    let provider = provider_of(state, payment)?;
    let Some(reference) = &payment.reference else {
        return Err(ProviderError::Refused("the provider knows no such payment".into()));
    };
    if op.attempts > 1
        && let Some(seen) = provider.lookup(reference).await?
        && has_effect(op, &seen)
    {
        return Ok(seen);
    }
    let key = op.key();
    let amount = Money::new(op.amount_minor, payment.amount.currency);
    match op.kind {
        OpKind::Capture if payment.seller_account.is_some() && op.commission_minor > 0 => {
            provider
                .capture_with_fee(&key, reference, amount, op.commission_minor)
                .await
        }
        OpKind::Capture => provider.capture(&key, reference, amount).await,
        OpKind::Refund => {
            let refund = op.refund_id.as_deref().unwrap_or_default();
            provider.refund(&key, reference, refund, amount).await
        }
        OpKind::Release | OpKind::Authorise => provider.release(&key, reference).await,
    }
}

/// An authorisation that was interrupted before it reached the provider is sent only while somebody waits for it. What cannot
/// be read says neither yes nor no.
async fn is_still_wanted(state: &AppState, op: &Op, payment: &Payment) -> Result<bool, ProviderError> {
    if op.attempts <= 1 {
        return Ok(true);
    }
    let unread = |error: Fault| ProviderError::Unknown(error.to_string());
    let mut tx = state.db.read().await.map_err(|error| unread(error.into()))?;
    let wanted = match (payment.purpose, &payment.appointment_id) {
        (_, None) => appointments::load_hold_any(&mut tx, &payment.hold_id)
            .await
            .map(|hold| hold.is_live(state.now())),
        (Purpose::Book | Purpose::Save | Purpose::Due | Purpose::Mend, Some(appointment)) => {
            appointments::load_any(&mut tx, appointment)
                .await
                .map(|appointment| appointment.status != Status::Cancelled)
        }
        (Purpose::Fee, Some(_)) => Ok(true),
        (Purpose::Extend, Some(_)) => extending::is_void(&mut tx, payment)
            .await
            .map(|void| !void)
            .map_err(Fault::from),
    };
    match wanted {
        Err(Fault::NotFound) => Ok(false),
        wanted => wanted.map_err(unread),
    }
}

/// Whether a payment shows what an operation was for.
fn has_effect(op: &Op, seen: &ProviderPayment) -> bool {
    if op.kind == OpKind::Refund {
        return seen.refunds.iter().any(|refund| refund.refund == op.refund_id);
    }
    match seen.status {
        ProviderStatus::Created => false,
        ProviderStatus::NeedsConfirmation | ProviderStatus::Authorised { .. } | ProviderStatus::Saved => {
            op.kind == OpKind::Authorise
        }
        ProviderStatus::Declined(_) | ProviderStatus::Released => op.kind != OpKind::Capture,
        ProviderStatus::Captured { .. } => matches!(op.kind, OpKind::Capture | OpKind::Authorise),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::payment::DeclineReason;
    use crate::billing::provider::{ProviderRefund, RefundStatus};

    fn op(kind: OpKind) -> Op {
        Op {
            id: "op".into(),
            payment_id: "p".into(),
            kind,
            seq: 0,
            amount_minor: 1,
            state: "pending".into(),
            attempts: 1,
            created_at: 0,
            error: None,
            key_number: 0,
            refund_id: (kind == OpKind::Refund).then(|| "r".to_owned()),
            commission_minor: 0,
        }
    }

    #[test]
    fn an_operation_is_done_by_its_own_effect_only() {
        let check = |kind, status, expect| {
            assert_eq!(
                has_effect(&op(kind), &ProviderPayment::new("x", status)),
                expect,
                "{kind:?} {status:?}"
            );
        };
        let captured = ProviderStatus::Captured { amount_minor: 1 };
        check(OpKind::Capture, captured, true);
        check(OpKind::Release, captured, false);
        check(OpKind::Capture, ProviderStatus::Authorised { amount_minor: 1 }, false);
        check(OpKind::Release, ProviderStatus::Released, true);
        check(OpKind::Authorise, ProviderStatus::Created, false);
        check(OpKind::Authorise, ProviderStatus::Saved, true);
        check(
            OpKind::Authorise,
            ProviderStatus::Declined(DeclineReason::NoFunds),
            true,
        );
        check(OpKind::Refund, captured, false);
        let mut seen = ProviderPayment::new("x", captured);
        seen.refunds.push(ProviderRefund {
            reference: "re".into(),
            refund: Some("r".into()),
            amount_minor: 1,
            status: RefundStatus::Pending,
        });
        assert!(has_effect(&op(OpKind::Refund), &seen));
    }

    #[test]
    fn a_key_that_failed_is_not_used_again() {
        let mut op = op(OpKind::Refund);
        assert_eq!(op.key(), "op");
        op.key_number = 2;
        assert_eq!(op.key(), "op.2");
    }
}
