//! Pages of booked appointments, as consumers see them.

use super::consumer::pay_fields;
use super::parts::{DAY, HOUR, ID, MINUTE, NOW, TEN, appointment, held, row, signed_in};
use crate::pages::appointment::{
    AppointmentAfterPage, AppointmentCancelPage, AppointmentNewPage, AppointmentPage, AppointmentStatus,
    AppointmentWithdrawPage, AppointmentsPage, MeasuredRow,
};
use crate::pages::book::PaymentProblem;
use crate::pages::pay::{AppointmentPaymentPage, PayAnew, PayFields};
use crate::pages::{FieldError, PriceState, Refunded, Shell, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

const RESERVED: PriceState = PriceState::Reserved { reserved_minor: 45_000 };
const FINAL: PriceState = PriceState::Final {
    billable_ms: 1_300_000,
    counted_s: 1_300,
    charged_minor: 32_500,
    reserved_minor: 45_000,
    released_minor: 12_500,
};

pub(super) fn pages(locale: Locale) -> Pages {
    use AppointmentStatus::{Cancelled, Completed, Confirmed, InCall, NoShowConsumer, NoShowProvider};
    let shell = signed_in(locale, &format!("/bookings/{ID}"));
    let page = |status, state| {
        render(&AppointmentPage {
            shell: shell.clone(),
            appointment: appointment(status, state),
        })
    };
    let released = PriceState::Released { released_minor: 45_000 };
    let new = AppointmentNewPage {
        shell: shell.clone(),
        appointment: appointment(Confirmed, RESERVED),
        email: "ola@example.no".into(),
    };
    let fee = |missed| PriceState::Fee {
        missed,
        charged_minor: 22_500,
        reserved_minor: 45_000,
        released_minor: if missed { 0 } else { 22_500 },
    };
    let mut refunded = AppointmentPage {
        shell: shell.clone(),
        appointment: appointment(Cancelled, fee(false)),
    };
    refunded.appointment.refunds = super::refunds::lines();
    refunded.appointment.price.refunded = Some(Refunded {
        refunded_minor: 10_000,
        kept_minor: 12_500,
    });
    let mut pages = vec![
        ("appointment-new", render(&new)),
        ("appointment", page(Confirmed, RESERVED)),
        ("appointment-in-call", page(InCall, RESERVED)),
        ("appointment-cancelled", page(Cancelled, released.clone())),
        ("appointment-no-show-provider", page(NoShowProvider, released.clone())),
        ("appointment-no-show-consumer", page(NoShowConsumer, released)),
        ("appointment-refunded", render(&refunded)),
        (
            "appointment-owed",
            page(
                Cancelled,
                PriceState::Owed {
                    owed_minor: 22_500,
                    paid_minor: 0,
                },
            ),
        ),
        (
            "appointment-part-owed",
            page(
                Completed,
                PriceState::Owed {
                    owed_minor: 7_500,
                    paid_minor: 15_000,
                },
            ),
        ),
        ("appointment-after", render(&after_call(&shell))),
        ("appointment-cancelled-late", page(Cancelled, fee(false))),
        ("appointment-missed", page(NoShowConsumer, fee(true))),
    ];
    pages.extend(paying_anew(&shell));
    pages
}

/// Both talked, twice.
fn after_call(shell: &Shell) -> AppointmentAfterPage {
    AppointmentAfterPage {
        shell: Shell {
            now: TEN + HOUR,
            ..shell.clone()
        },
        appointment: appointment(AppointmentStatus::Completed, FINAL),
        measured: vec![
            MeasuredRow {
                from: TEN + 2 * MINUTE,
                to: TEN + 20 * MINUTE,
                tenths: 10_800,
            },
            MeasuredRow {
                from: TEN + 21 * MINUTE,
                to: TEN + 24 * MINUTE + 40_000_000,
                tenths: 2_200,
            },
        ],
    }
}

/// A card was declined, before the call or after it.
fn paying_anew(shell: &Shell) -> Pages {
    use AppointmentStatus::Confirmed;
    let anew = |until, problem, state| {
        render(&AppointmentPaymentPage {
            shell: shell.clone(),
            appointment: appointment(Confirmed, RESERVED),
            amount_minor: 45_000,
            currency: "NOK".into(),
            until,
            fee_minor: until.map_or(0, |_| 22_500),
            problem,
            state,
        })
    };
    let wrong = PayFields {
        error: Some(FieldError::MethodMissing),
        ..pay_fields()
    };
    let kept = PayFields {
        keeps_card: true,
        ..pay_fields()
    };
    let declined = Some(PaymentProblem::Declined);
    vec![
        (
            "appointment-payment-keep",
            anew(Some(TEN - HOUR), None, PayAnew::Form(kept)),
        ),
        (
            "appointment-payment",
            anew(Some(TEN - HOUR), None, PayAnew::Form(pay_fields())),
        ),
        ("appointment-payment-owed", anew(None, declined, PayAnew::Form(wrong))),
        ("appointment-payment-bank", anew(None, None, PayAnew::TestBank)),
        ("appointment-payment-unknown", anew(None, None, PayAnew::Unknown)),
        (
            "appointment-payment-later",
            anew(None, None, PayAnew::Later(TEN + 6 * HOUR)),
        ),
        (
            "appointment-payment-link",
            anew(None, None, PayAnew::Link("https://api.vipps.no/pay/1".into())),
        ),
    ]
}

pub(super) fn cancelling(locale: Locale) -> Pages {
    use AppointmentStatus::Confirmed;
    let shell = signed_in(locale, &format!("/bookings/{ID}/cancel"));
    let cancel = |released_minor, fee_minor, changed| {
        render(&AppointmentCancelPage {
            shell: shell.clone(),
            appointment: appointment(Confirmed, RESERVED),
            fee_minor,
            released_minor,
            changed,
        })
    };
    let withdraw = AppointmentWithdrawPage {
        shell: shell.clone(),
        appointment: appointment(Confirmed, RESERVED),
        until: TEN,
        ordered_at: NOW - HOUR,
        seller_name: "Dyreklinikken Nordli".into(),
        seller_email: "post@nordli.example".into(),
        consumer_name: "Ola Hansen".into(),
    };
    vec![
        ("appointment-withdraw", render(&withdraw)),
        ("appointment-cancel", cancel(45_000, 0, false)),
        ("appointment-cancel-free", cancel(0, 0, false)),
        ("appointment-cancel-late", cancel(22_500, 22_500, false)),
        ("appointment-cancel-changed", cancel(0, 45_000, true)),
    ]
}

pub(super) fn lists(locale: Locale) -> Pages {
    use AppointmentStatus::{Cancelled, Completed, Confirmed, NoShowConsumer, NoShowProvider};
    let list = AppointmentsPage {
        shell: signed_in(locale, "/bookings"),
        held: vec![held(1)],
        upcoming: vec![row(Confirmed, NOW + 10 * MINUTE, true), row(Confirmed, TEN, false)],
        cancelled: vec![row(Cancelled, TEN + DAY, false)],
        past: [Completed, Cancelled, NoShowConsumer, NoShowProvider]
            .map(|status| row(status, TEN - 9 * DAY, false))
            .to_vec(),
    };
    let only_past = AppointmentsPage {
        held: Vec::new(),
        upcoming: Vec::new(),
        cancelled: Vec::new(),
        ..list.clone()
    };
    let empty = AppointmentsPage {
        held: Vec::new(),
        upcoming: Vec::new(),
        cancelled: Vec::new(),
        past: Vec::new(),
        ..list.clone()
    };
    vec![
        ("appointments", render(&list)),
        ("appointments-past", render(&only_past)),
        ("appointments-empty", render(&empty)),
    ]
}
