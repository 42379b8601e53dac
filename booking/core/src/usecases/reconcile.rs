//! Holds every payment that is not over against what its provider says, so that hooks are a matter of speed only. What
//! cannot be folded in is put on record for the operator, and holds up none of the others.

use super::{operations, provider_calls};
use crate::base::{DAY_US, MINUTE_US, Micros};
use crate::billing::differences::{self, DifferenceKind};
use crate::billing::payment::{PaymentState, ProviderStatus};
use crate::billing::provider::{ProviderError, ProviderPayment};
use crate::billing::{BillingError, Op, OpKind, Payment, backoff, queries, request_release};
use crate::state::AppState;

/// A payment is compared at most once in this time.
const COMPARE_EVERY_US: Micros = 60 * MINUTE_US;
/// What is over is compared for so long after its last change: what is paid back at the provider's own pages shows late.
const COMPARE_FOR_US: Micros = 30 * DAY_US;
/// Payments that one round of the job compares.
const BATCH_MAX: i64 = 50;

type Result<T> = std::result::Result<T, BillingError>;

/// Compares the payments whose turn it is.
///
/// # Errors
/// When the database fails.
pub async fn reconcile_payments(state: &AppState) -> Result<usize> {
    let now = state.now();
    let mut tx = state.db.read().await?;
    let due = differences::to_compare(&mut tx, now - COMPARE_FOR_US, now - COMPARE_EVERY_US, BATCH_MAX).await?;
    drop(tx);
    for payment in &due {
        // One that cannot be compared waits for its next turn like the others.
        if let Err(error) = compare(state, payment).await {
            tracing::warn!(payment, %error, "a payment could not be compared with its provider");
        }
    }
    Ok(due.len())
}

async fn compare(state: &AppState, id: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    differences::compared(&mut tx, id, state.now()).await?;
    tx.commit().await?;
    let payment = queries::payment(&mut state.db.read().await?, id)
        .await?
        .ok_or(BillingError::NoPayment)?;
    let Some(reference) = &payment.reference else {
        return Ok(());
    };
    let Ok(provider) = provider_calls::provider_of(state, &payment) else {
        return note(state, &payment, DifferenceKind::NoProvider, &payment.psp).await;
    };
    let seen = match provider.lookup(reference).await {
        Ok(Some(seen)) => seen,
        Ok(None) => return note(state, &payment, DifferenceKind::NotThere, reference).await,
        // No answer is no difference.
        Err(ProviderError::Unknown(_) | ProviderError::Failed(_)) => return Ok(()),
        Err(ProviderError::Refused(reason)) => return note(state, &payment, DifferenceKind::NotThere, &reason).await,
    };
    match operations::fold_seen(state, id, &seen).await {
        Ok(ops) => operations::run_operations(state, &ops).await,
        Err(error) if !error.is_passing() => {
            tracing::warn!(payment = id, %error, "what the payment provider says cannot be taken into the books");
            return note(state, &payment, DifferenceKind::Status, &describe(&seen)).await;
        }
        Err(error) => return Err(error),
    }
    operations::finish_booking(state, id).await?;
    let payment = queries::payment(&mut state.db.read().await?, id)
        .await?
        .ok_or(BillingError::NoPayment)?;
    if matches!(payment.state, PaymentState::Releasing { .. }) {
        let mut tx = state.db.write().await?;
        if queries::pending_op(&mut tx, id, OpKind::Release).await?.is_none() {
            request_release(state, &mut tx, id).await?;
        }
        tx.commit().await?;
    }
    match difference(&payment, &seen) {
        Some(kind) => note(state, &payment, kind, &describe(&seen)).await,
        None => solve(state, id).await,
    }
}

/// What a call brought cannot be taken into the books, for example because more was taken than was reserved: it stays on record
/// with the reason, is made again later and later, and the operator sees in what both differ.
///
/// # Errors
/// When the database fails; then the call is made again as soon as one that was interrupted.
pub(super) async fn hold_back(
    state: &AppState,
    op: &Op,
    seen: Option<&ProviderPayment>,
    error: &BillingError,
) -> Result<()> {
    let mut tx = state.db.write().await?;
    let next_try = state.now() + backoff(op.attempts - 1);
    queries::delay_op(&mut tx, &op.id, next_try, &error.to_string()).await?;
    let payment = queries::payment(&mut tx, &op.payment_id).await?;
    tx.commit().await?;
    match (payment, seen) {
        (Some(payment), Some(seen)) if !error.is_passing() => {
            note(state, &payment, DifferenceKind::Status, &describe(seen)).await
        }
        (_, _) => Ok(()),
    }
}

async fn note(state: &AppState, payment: &Payment, kind: DifferenceKind, theirs: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    let ours = payment.state.store();
    let ours = format!(
        "{} {}/{}/{}",
        ours.state, ours.authorised_minor, ours.captured_minor, ours.refunded_minor
    );
    let theirs: String = theirs.chars().take(200).collect();
    differences::note(&mut tx, &payment.id, kind, (&ours, &theirs), state.now()).await?;
    tracing::warn!(
        payment = payment.id,
        ours,
        theirs,
        "the payment provider says something else than the books"
    );
    Ok(tx.commit().await?)
}

async fn solve(state: &AppState, payment: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    differences::solved(&mut tx, payment).await?;
    Ok(tx.commit().await?)
}

/// In what the books and the provider differ, once all news are folded in.
fn difference(payment: &Payment, seen: &ProviderPayment) -> Option<DifferenceKind> {
    let refunded: i64 = seen
        .refunds
        .iter()
        .filter(|refund| refund.status == crate::billing::provider::RefundStatus::Done)
        .map(|refund| refund.amount_minor)
        .sum();
    match (payment.state, seen.status) {
        (state, ProviderStatus::Captured { amount_minor }) if state.captured_minor() > 0 => {
            (state.captured_minor() != amount_minor || state.refunded_minor() != refunded)
                .then_some(DifferenceKind::Amount)
        }
        (PaymentState::Authorised { authorised_minor }, ProviderStatus::Authorised { amount_minor }) => {
            (authorised_minor != amount_minor).then_some(DifferenceKind::Amount)
        }
        // It was to be let go of, and was not.
        (PaymentState::Releasing { .. }, ProviderStatus::Authorised { .. } | ProviderStatus::Saved) => {
            Some(DifferenceKind::Status)
        }
        (_, ProviderStatus::Captured { .. }) => Some(DifferenceKind::Status),
        (PaymentState::Captured { .. } | PaymentState::Refunded { .. }, _) => Some(DifferenceKind::Status),
        (PaymentState::Released { .. } | PaymentState::Declined { .. }, ProviderStatus::Authorised { .. }) => {
            Some(DifferenceKind::Status)
        }
        (_, _) => None,
    }
}

fn describe(seen: &ProviderPayment) -> String {
    let status = match seen.status {
        ProviderStatus::Created => "created".to_owned(),
        ProviderStatus::NeedsConfirmation => "needs_confirmation".to_owned(),
        ProviderStatus::Declined(reason) => format!("declined {}", reason.name()),
        ProviderStatus::Saved => "saved".to_owned(),
        ProviderStatus::Authorised { amount_minor } => format!("authorised {amount_minor}"),
        ProviderStatus::Captured { amount_minor } => format!("captured {amount_minor}"),
        ProviderStatus::Released => "released".to_owned(),
    };
    let refunds: Vec<String> = seen
        .refunds
        .iter()
        .map(|refund| format!("{:?} {}", refund.status, refund.amount_minor).to_lowercase())
        .collect();
    [status, refunds.join(", ")].join(" ").trim().to_owned()
}
