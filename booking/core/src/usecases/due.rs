//! What was booked far ahead: its price is reserved from the kept card the day before, and its time given back where nobody
//! pays.

use super::collection::charge_kept;
use super::mending::{MEND_FOR_US, MEND_UNTIL_US, is_unpaid, unpaid_fee_minor};
use super::{cancellation, operations};
use crate::appointments;
use crate::base::{DAY_US, Micros};
use crate::billing::{BillingError, PaymentState, Purpose, queries};
use crate::state::AppState;
use crate::{params, statements};

/// So long before the start the price is reserved from the kept card.
const RESERVE_BEFORE_US: Micros = DAY_US;
/// Appointments that one round of a job looks at.
const BATCH_MAX: i64 = 100;

statements! {
    /// now, latest start, limit: to be reserved from a kept card, and not tried yet
    TO_RESERVE = "SELECT a.id FROM appointment a
                  WHERE a.status = 'confirmed' AND a.start_us > $1 AND a.start_us <= $2
                    AND EXISTS (SELECT 1 FROM payment s WHERE s.appointment_id = a.id AND s.state = 'saved')
                    AND NOT EXISTS (SELECT 1 FROM payment d WHERE d.appointment_id = a.id AND d.purpose IN ('due', 'mend'))
                  ORDER BY a.start_us, a.id LIMIT $3";
    /// now, latest start, latest change, limit: not paid for, and there was time to
    TO_GIVE_BACK = "SELECT a.id FROM appointment a
                    WHERE a.status = 'confirmed' AND a.start_us > $1 AND a.start_us <= $2
                      AND EXISTS (SELECT 1 FROM payment p WHERE p.appointment_id = a.id
                          AND p.state IN ('declined', 'needs_confirmation', 'released'))
                      AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.appointment_id = a.id AND p.state <> 'saved'
                          AND (p.updated_us > $3
                              OR p.state IN ('created', 'authorising', 'authorised', 'capturing', 'capture_failed', 'captured',
                                  'refunded')))
                    ORDER BY a.start_us, a.id LIMIT $4";
}

type Result<T> = std::result::Result<T, BillingError>;

/// Reserves what takes place within a day from the cards that were kept for it.
///
/// # Errors
/// When the database fails.
pub async fn reserve_due(state: &AppState) -> Result<()> {
    let now = state.now();
    let values = params![now, now + RESERVE_BEFORE_US, BATCH_MAX];
    let due: Vec<String> = state.db.read().await?.all(TO_RESERVE, values).await?;
    for appointment in due {
        match request_reservation(state, &appointment).await {
            Ok(ops) => operations::run_operations(state, &ops).await,
            Err(error) => tracing::error!(appointment, %error, "nothing was reserved for a coming appointment"),
        }
    }
    Ok(())
}

async fn request_reservation(state: &AppState, id: &str) -> Result<Vec<String>> {
    let mut tx = state.db.write().await?;
    appointments::lock(&mut tx, id).await?;
    let appointment = appointments::load_any(&mut tx, id).await?;
    let payments = queries::of_appointment(&mut tx, id).await?;
    let tried = payments
        .iter()
        .any(|payment| matches!(payment.purpose, Purpose::Due | Purpose::Mend));
    let kept = payments.iter().rfind(|payment| payment.state == PaymentState::Saved);
    let Some(kept) = kept.filter(|_| !tried && !appointment.status.is_over()) else {
        return Ok(Vec::new());
    };
    let most = appointment.price.most_minor();
    let op = charge_kept(state, &mut tx, &appointment, kept, (Purpose::Due, most, state.now())).await?;
    tx.commit().await?;
    Ok(op.into_iter().collect())
}

/// Gives back the time of appointments that nobody paid for, although there was time to. A provider that does not answer
/// costs nobody their appointment.
///
/// # Errors
/// When the database fails.
pub async fn give_back_unpaid(state: &AppState) -> Result<()> {
    let now = state.now();
    let values = params![now, now + MEND_UNTIL_US, now - MEND_FOR_US, BATCH_MAX];
    let unpaid: Vec<String> = state.db.read().await?.all(TO_GIVE_BACK, values).await?;
    for appointment in unpaid {
        match give_back(state, &appointment).await {
            Ok(ops) => operations::run_operations(state, &ops).await,
            Err(error) => tracing::error!(appointment, %error, "an unpaid appointment was not given back"),
        }
    }
    Ok(())
}

async fn give_back(state: &AppState, id: &str) -> Result<Vec<String>> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    appointments::lock(&mut tx, id).await?;
    let appointment = appointments::load_any(&mut tx, id).await?;
    let payments = queries::of_appointment(&mut tx, id).await?;
    // Somebody may have begun to pay since it was looked for.
    let is_tried = payments
        .iter()
        .any(|payment| payment.state != PaymentState::Saved && payment.updated_at > now - MEND_FOR_US);
    if is_tried || !is_unpaid(&appointment, &payments, now) {
        return Ok(Vec::new());
    }
    let fee_minor = unpaid_fee_minor(&appointment, &payments, now);
    let ops = cancellation::call_off_unpaid(&mut tx, state, &appointment, fee_minor, now).await?;
    tx.commit().await?;
    Ok(ops)
}
