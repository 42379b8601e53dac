//! Prices and money as the pages show them.

use signaling_protocol::Role;
use web::pages::book::HoldView;
use web::pages::price::{CancelTerms, Vat};
use web::pages::{ByInvoice, PriceBox, PriceState, Refunded};

use booking_core::appointments::{Appointment, Hold};
use booking_core::base::money::split_vat;
use booking_core::base::{MINUTE_US, Micros};
use booking_core::billing::invoice::account_words;
use booking_core::billing::{Fee, MoneyView, Payment, PaymentState};

/// What the pages of a booking show about the held time.
#[must_use]
pub(crate) fn hold_view(hold: &Hold, now: Micros) -> HoldView {
    HoldView {
        id: hold.id.clone(),
        starts_at: hold.start_us,
        ends_at: hold.end_us,
        expires_at: hold.expires_us,
        can_extend: hold.can_extend(now),
        service: hold.service_id.clone(),
        service_title: hold.title.clone(),
        provider_name: hold.org_name.clone(),
        provider_slug: hold.org_slug.clone(),
        price: PriceBox {
            price: hold.price.clone(),
            duration_min: minutes(hold.end_us - hold.start_us),
            provider_name: hold.org_name.clone(),
            vat: vat(hold.vat_bp(), hold.price.most_minor()),
            cancel: hold.policy.cancellation.terms(&hold.price, hold.start_us, now),
            test: false,
            state: PriceState::Estimate,
            refunded: None,
            invoice: None,
        },
    }
}

/// The price box of an appointment, as its money stands at `now`.
#[must_use]
pub(crate) fn appointment_price(appointment: &Appointment, money: &MoneyView, now: Micros) -> PriceBox {
    let state = money_state(appointment, money);
    let total = match &state {
        PriceState::Final { charged_minor, .. } | PriceState::Fee { charged_minor, .. } => *charged_minor,
        PriceState::Owed { owed_minor, paid_minor } => owed_minor + paid_minor,
        PriceState::Estimate | PriceState::Reserved { .. } | PriceState::Released { .. } => {
            appointment.price.most_minor()
        }
    };
    PriceBox {
        price: appointment.price.clone(),
        duration_min: minutes(appointment.end_us - appointment.start_us),
        provider_name: appointment.org_name.clone(),
        // What was charged keeps its rate, whatever the provider states later.
        vat: vat(
            money
                .charge
                .as_ref()
                .map_or_else(|| appointment.vat_bp(), |charge| charge.vat_bp),
            total,
        ),
        cancel: cancel_terms(appointment, now),
        test: money.payment.as_ref().is_some_and(Payment::is_test),
        state,
        refunded: (money.refunded_minor > 0).then(|| Refunded {
            refunded_minor: money.refunded_minor,
            kept_minor: money.captured_minor - money.refunded_minor,
        }),
        invoice: by_invoice(money),
    }
}

/// How far the invoice has come, where one comes.
fn by_invoice(money: &MoneyView) -> Option<ByInvoice> {
    money.payment.as_ref().filter(|payment| payment.is_by_invoice())?;
    Some(match &money.invoice {
        None => ByInvoice::Later,
        Some(invoice) => ByInvoice::Sent {
            account: account_words(&invoice.account),
            kid: invoice.kid.clone(),
            due_at: invoice.due_at - 1,
            open_minor: invoice.open_minor,
        },
    })
}

/// What cancelling costs whoever looks: a provider pays nothing for it.
fn cancel_terms(appointment: &Appointment, now: Micros) -> Option<CancelTerms> {
    let consumers = appointment.seat.role == Role::Consumer;
    let cancellation = &appointment.policy.cancellation;
    cancellation
        .terms(&appointment.price, appointment.start_us, now)
        .filter(|_| consumers)
}

fn money_state(appointment: &Appointment, money: &MoneyView) -> PriceState {
    let payment = money.payment.as_ref().map(|payment| payment.state);
    // What could not be taken, and is owed, is not shown as taken.
    if money.owed_minor > 0 {
        return PriceState::Owed {
            owed_minor: money.owed_minor,
            paid_minor: money.captured_minor,
        };
    }
    let charged = money.charge.as_ref().map(|charge| charge.amount.minor);
    let promised = money.payment.as_ref().is_some_and(Payment::is_by_invoice);
    let released_minor = match charged {
        _ if promised => 0,
        // By several payments: what is decided about all of them, whatever each has come to.
        Some(charged) if money.extended => (money.reserved_minor - charged).max(0),
        Some(_) | None => released(payment, charged).unwrap_or(money.released_minor),
    };
    if let Some((charge, fee)) = money.charge.as_ref().and_then(|charge| Some((charge, charge.fee()?))) {
        return PriceState::Fee {
            missed: fee == Fee::Missed,
            charged_minor: charge.amount.minor,
            reserved_minor: money.reserved_minor,
            released_minor,
        };
    }
    match &money.charge {
        Some(charge) if charge.billable > 0 || charge.amount.minor > 0 => PriceState::Final {
            billable_ms: (charge.billable + 999) / 1000,
            counted_s: appointment.price.counted_s(charge.billable),
            charged_minor: charge.amount.minor,
            reserved_minor: money.reserved_minor,
            released_minor,
        },
        Some(_) => PriceState::Released { released_minor },
        None if appointment.status.is_over() => PriceState::Released { released_minor },
        None if money.reserved_minor > 0 => PriceState::Reserved {
            reserved_minor: money.reserved_minor,
        },
        None => PriceState::Estimate,
    }
}

/// What is let go of as soon as the payment provider has answered: what is decided is told at once, so that the sums of a page
/// add up meanwhile, too.
fn released(payment: Option<PaymentState>, charged_minor: Option<i64>) -> Option<i64> {
    match payment? {
        PaymentState::Authorised { authorised_minor } => Some(authorised_minor - charged_minor?),
        PaymentState::Capturing {
            authorised_minor,
            amount_minor,
        } => Some(authorised_minor - amount_minor),
        PaymentState::Releasing { authorised_minor } => Some(authorised_minor),
        PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Declined { .. }
        | PaymentState::Saved
        | PaymentState::CaptureFailed { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => None,
    }
}

/// The tax inside an amount at a rate, or none where there is none.
pub(crate) fn vat(rate_bp: u32, gross_minor: i64) -> Option<Vat> {
    (rate_bp > 0 && gross_minor > 0).then(|| Vat {
        percent: rate_bp / 100,
        amount_minor: split_vat(gross_minor, rate_bp).vat_minor,
    })
}

fn minutes(span: Micros) -> u32 {
    u32::try_from(span / MINUTE_US).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn e21_what_is_decided_adds_up_before_the_payment_provider_has_answered() {
        let authorised_minor = 9_000;
        let capturing = PaymentState::Capturing {
            authorised_minor,
            amount_minor: 1_800,
        };
        let authorised = PaymentState::Authorised { authorised_minor };
        assert_eq!(released(Some(authorised), Some(1_800)), Some(7_200));
        assert_eq!(released(Some(authorised), None), None, "nothing is decided");
        assert_eq!(released(Some(capturing), Some(1_800)), Some(7_200));
        let releasing = PaymentState::Releasing { authorised_minor };
        assert_eq!(released(Some(releasing), None), Some(9_000));
        let told = PaymentState::Released { authorised_minor };
        assert_eq!(released(Some(told), None), None, "as the books say");
    }
}
