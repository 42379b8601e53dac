//! Reminders of invoices that were not paid in time: as many as may cost anything, each with time left to pay, and never more
//! than the law lets them cost. After the last one an invoice is for collection, which people decide about.

use jiff::ToSpan as _;

use super::fold::post;
use super::invoicing::{Reminding, invoice_mail, lock_invoice};
use crate::appointments;
use crate::availability::load::zone_named;
use crate::availability::{date_in, midnight};
use crate::base::money::Money;
use crate::base::{DAY_US, Fault, Micros, Result, outbox};
use crate::billing::invoice::{INVOICE_PROVIDER, InvoiceTerms, REMIND_AFTER_DAYS, REMINDERS_MAX, reminder_fee_max};
use crate::billing::invoices::{self, Invoice, Reminder};
use crate::billing::ledger::Posting;
use crate::state::AppState;

/// Invoices that one round of the job reminds of.
const BATCH_MAX: i64 = 50;

/// Sends the reminders whose time has come.
///
/// # Errors
/// When the database fails.
pub async fn remind_of_invoices(state: &AppState) -> Result<()> {
    let provider = state.payments.find(INVOICE_PROVIDER);
    let terms = provider.and_then(|provider| provider.invoice_terms());
    let Some(terms) = terms.filter(|terms| terms.reminds) else {
        return Ok(());
    };
    let (now, wait) = (state.now(), REMIND_AFTER_DAYS * DAY_US);
    let due = invoices::to_remind(&mut state.db.read().await?, now, wait, (REMINDERS_MAX, BATCH_MAX)).await?;
    for payment in due {
        if let Err(error) = remind(state, terms, &payment, wait).await {
            tracing::error!(payment, %error, "a reminder of an invoice was not sent");
        }
    }
    Ok(())
}

/// When an invoice may be reminded of next: two weeks after it was due, and at once when a reminder's own time is over.
fn next_reminder_at(invoice: &Invoice, wait: Micros) -> Micros {
    match invoice.reminders {
        0 => invoice.due_at + wait,
        _ => invoice.due_at,
    }
}

async fn remind(state: &AppState, terms: &InvoiceTerms, id: &str, wait: Micros) -> Result<()> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    let (invoice, payment) = lock_invoice(&mut tx, id).await?;
    // Somebody may have paid, or another process have reminded, since it was looked for.
    if invoice.open_minor <= 0 || invoice.reminders >= REMINDERS_MAX || next_reminder_at(&invoice, wait) > now {
        return Ok(());
    }
    let appointment = appointments::load_any(&mut tx, &invoice.appointment_id).await?;
    let zone = zone_named(&appointment.time_zone);
    let today = date_in(&zone, now);
    let fees_minor = invoices::fees_minor(&mut tx, id).await?;
    let fee_minor = match invoice.open_minor > fees_minor {
        true => terms.fee_minor.min(reminder_fee_max(today)),
        // Only fees are left to pay, and a fee is not charged for a fee.
        false => 0,
    };
    // The day of sending does not count, and the last day does as a whole.
    let last_day = today.saturating_add(REMIND_AFTER_DAYS.days());
    let reminder = Reminder {
        payment_id: id,
        number: invoice.reminders + 1,
        sent_at: now,
        due_at: midnight(&zone, last_day.saturating_add(1.day())),
        fee_minor,
    };
    if !invoices::add_reminder(&mut tx, &reminder).await? {
        return Ok(());
    }
    if fee_minor > 0 {
        let amount = Money::new(fee_minor, invoice.total.currency);
        let key = format!("reminder_fee:{id}:{}", reminder.number);
        let posting = Posting::ReminderFee { amount };
        post(state, &mut tx, &payment, &posting, &key)
            .await
            .map_err(Fault::from)?;
    }
    let data = serde_json::json!({ "number": reminder.number });
    appointments::record_event(&mut tx, &appointment.id, "invoice_reminded", "system", now, &data).await?;
    if let Some(invoice) = invoices::of_payment(&mut tx, id).await? {
        let reminding = Reminding {
            fee_minor,
            is_last: reminder.number >= REMINDERS_MAX,
        };
        let key = format!("{id}:{}", reminder.number);
        let message = invoice_mail(state, &appointment, &invoice, &key, Some(reminding));
        outbox::enqueue(state, &mut tx, &message).await?;
    }
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::Currency;

    #[test]
    fn the_first_reminder_waits_two_weeks_and_the_second_for_the_first_ones_deadline() {
        let invoice = |reminders| Invoice {
            payment_id: "p".into(),
            appointment_id: "a".into(),
            org_id: "o".into(),
            org_name: "Nordli".into(),
            document_id: "d".into(),
            year: 2026,
            number: 1,
            kid: String::new(),
            account: String::new(),
            total: Money::new(45_000, Currency::NOK),
            open_minor: 45_000,
            issued_at: 0,
            due_at: 100 * DAY_US,
            reminders,
        };
        assert_eq!(next_reminder_at(&invoice(0), 14 * DAY_US), 114 * DAY_US);
        assert_eq!(next_reminder_at(&invoice(1), 14 * DAY_US), 100 * DAY_US);
        assert!(!invoice(1).is_for_collection(101 * DAY_US));
        assert!(invoice(2).is_for_collection(101 * DAY_US));
        assert!(!invoice(2).is_for_collection(99 * DAY_US));
    }
}
