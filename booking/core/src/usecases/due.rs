//! What was booked far ahead: its price is reserved from the kept card the day before, and its time given back where nobody
//! pays.

use super::collection::charge_kept;
use super::mending::{MEND_FOR_US, MEND_UNTIL_US, is_unpaid, unpaid_fee_minor};
use super::{cancellation, operations};
use crate::appointments;
use crate::base::db::Param;
use crate::base::{DAY_US, Micros};
use crate::billing::{BillingError, Payment, PaymentState, Purpose, queries};
use crate::state::AppState;
use crate::{params, statements};

/// So long before the start the price is reserved from the kept card.
const RESERVE_BEFORE_US: Micros = DAY_US;
/// Appointments that one round of a job looks at.
const BATCH_MAX: i64 = 100;

/// SQL: that an appointment `a` is not paid for, and there was time to. Time runs from what was lost: what the person tries
/// meanwhile adds none, once it is over, and while the bank asks only if it was begun in time.
macro_rules! unpaid {
    () => {
        "a.status = 'confirmed' AND a.start_us > $1 AND a.start_us <= $2
           AND EXISTS (SELECT 1 FROM payment p WHERE p.appointment_id = a.id
               AND p.state IN ('declined', 'needs_confirmation', 'released'))
           AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.appointment_id = a.id
               AND p.state IN ('created', 'authorising', 'authorised', 'capturing', 'capture_failed', 'captured', 'refunded'))
           AND NOT EXISTS (SELECT 1 FROM payment p WHERE p.appointment_id = a.id AND p.updated_us > $3
               AND (p.state = 'releasing' OR p.state = 'released' AND (p.authorised_minor > 0 OR p.purpose <> 'mend')
                   OR p.state IN ('declined', 'needs_confirmation') AND p.purpose <> 'mend'
                   OR p.state = 'needs_confirmation' AND p.purpose = 'mend'
                       AND (p.created_us <= a.start_us - $4
                           OR EXISTS (SELECT 1 FROM payment l WHERE l.appointment_id = a.id AND l.updated_us > p.created_us - $5
                               AND (l.purpose <> 'mend' OR l.state = 'released' AND l.authorised_minor > 0)))))"
    };
}

statements! {
    /// now, latest start, limit: to be reserved from a kept card, and not tried yet
    TO_RESERVE = "SELECT a.id FROM appointment a
                  WHERE a.status = 'confirmed' AND a.start_us > $1 AND a.start_us <= $2
                    AND EXISTS (SELECT 1 FROM payment s WHERE s.appointment_id = a.id AND s.state = 'saved'
                        AND NOT EXISTS (SELECT 1 FROM payment d WHERE d.appointment_id = a.id AND d.purpose IN ('due', 'mend')
                            AND d.attempt > s.attempt))
                  ORDER BY a.start_us, a.id LIMIT $3";
    /// now, latest start, latest change, so long before the start, for so long, limit: not paid for, and there was time to
    TO_GIVE_BACK = concat!("SELECT a.id FROM appointment a WHERE ", unpaid!(), " ORDER BY a.start_us, a.id LIMIT $6");
    /// now, latest start, latest change, so long before the start, for so long, id: whether it still is so
    IS_TO_GIVE_BACK = concat!("SELECT COUNT(*) FROM appointment a WHERE ", unpaid!(), " AND a.id = $6");
    /// id: what the bank asks about; its answer may be there, and not told yet
    ASKED = "SELECT id FROM payment WHERE appointment_id = $1 AND state = 'needs_confirmation' ORDER BY attempt";
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
    let kept = payments.iter().rfind(|payment| payment.state == PaymentState::Saved);
    let is_tried = |kept: &Payment| {
        let mut later = payments.iter().filter(|payment| payment.attempt > kept.attempt);
        later.any(|payment| matches!(payment.purpose, Purpose::Due | Purpose::Mend))
    };
    let Some(kept) = kept.filter(|kept| !is_tried(kept) && !appointment.status.is_over()) else {
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
    let values = unpaid_at(state.now(), BATCH_MAX.into());
    let unpaid: Vec<String> = state.db.read().await?.all(TO_GIVE_BACK, values).await?;
    for appointment in unpaid {
        match give_back(state, &appointment).await {
            Ok(ops) => operations::run_operations(state, &ops).await,
            Err(error) => tracing::error!(appointment, %error, "an unpaid appointment was not given back"),
        }
    }
    Ok(())
}

fn unpaid_at(now: Micros, last: Param) -> Vec<Param> {
    params![
        now,
        now + MEND_UNTIL_US,
        now - MEND_FOR_US,
        MEND_UNTIL_US,
        MEND_FOR_US,
        last
    ]
}

async fn give_back(state: &AppState, id: &str) -> Result<Vec<String>> {
    let asked: Vec<String> = state.db.read().await?.all(ASKED, params![id]).await?;
    for payment in asked {
        if !operations::is_heard(state, &payment).await? {
            return Ok(Vec::new());
        }
    }
    let now = state.now();
    let mut tx = state.db.write().await?;
    appointments::lock(&mut tx, id).await?;
    let appointment = appointments::load_any(&mut tx, id).await?;
    let payments = queries::of_appointment(&mut tx, id).await?;
    // Somebody may have begun to pay since it was looked for.
    let still: i64 = tx.one(IS_TO_GIVE_BACK, unpaid_at(now, id.into())).await?;
    if still == 0 || !is_unpaid(&appointment, &payments, now) {
        return Ok(Vec::new());
    }
    // As it was told: a job that comes later makes nothing dearer.
    let told_at = now.min(appointment.start_us - MEND_UNTIL_US);
    let fee_minor = unpaid_fee_minor(&appointment, &payments, told_at);
    let ops = cancellation::call_off_unpaid(&mut tx, state, &appointment, fee_minor, now).await?;
    tx.commit().await?;
    Ok(ops)
}
