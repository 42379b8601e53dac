//! Invoices: choosing one, the booking that is paid so, and the operator's list.

use super::consumer::{pay_fields, payment};
use super::parts::{DAY, ID, NOW, appointment, operator as operator_shell, signed_in};
use crate::pages::appointment::{AppointmentPage, AppointmentStatus};
use crate::pages::invoice::{
    BankPreview, BankRow, BankWord, InvoiceRow, InvoiceStanding, OperatorBankPage, OperatorInvoicesPage,
};
use crate::pages::pay::{PayChoice, PayFields};
use crate::pages::{ByInvoice, Field, FieldError, PriceState, render};
use crate::routes;
use crate::text::Locale;

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let mut chosen = payment(locale);
    chosen.pay = by_invoice();
    let mut wrong = list(locale);
    wrong.rows[1].amount = Field::wrong("mye", FieldError::AmountUnreadable);
    let nothing = OperatorInvoicesPage {
        rows: Vec::new(),
        ..list(locale)
    };
    vec![
        ("book-payment-invoice", render(&chosen)),
        (
            "booking-invoice-later",
            booking(locale, PriceState::Estimate, ByInvoice::Later),
        ),
        ("booking-invoice-open", booking(locale, FINAL, sent(32_500))),
        ("booking-invoice-paid", booking(locale, FINAL, sent(0))),
        ("booking-invoice-back", booking(locale, FINAL, sent(-5_000))),
        ("operator-invoices", render(&list(locale))),
        ("operator-invoices-wrong", render(&wrong)),
        ("operator-invoices-nothing", render(&nothing)),
        ("operator-bank", render(&bank(locale, None))),
        (
            "operator-bank-wrong",
            render(&bank(locale, Some(FieldError::BankFileHeadings))),
        ),
        ("operator-bank-preview", render(&preview(locale))),
    ]
}

const FINAL: PriceState = PriceState::Final {
    billable_ms: 1_300_000,
    counted_s: 1_320,
    charged_minor: 32_500,
    reserved_minor: 0,
    released_minor: 0,
};

fn sent(open_minor: i64) -> ByInvoice {
    ByInvoice::Sent {
        account: "1234.56.78903".into(),
        kid: "0000012026000000019".into(),
        due_at: NOW + 14 * DAY,
        open_minor,
    }
}

/// The page of a booking that is paid by invoice.
fn booking(locale: Locale, state: PriceState, invoice: ByInvoice) -> String {
    let status = match invoice {
        ByInvoice::Later => AppointmentStatus::Confirmed,
        ByInvoice::Sent { .. } => AppointmentStatus::Completed,
    };
    let mut appointment = appointment(status, state);
    appointment.price.invoice = Some(invoice);
    render(&AppointmentPage {
        shell: signed_in(locale, &format!("/bookings/{ID}")),
        appointment,
    })
}

fn by_invoice() -> PayFields {
    let choice = |provider: &str, key, chosen| PayChoice {
        provider: provider.into(),
        key,
        chosen,
    };
    PayFields {
        provider: "invoice".into(),
        is_test: false,
        test_cards: Vec::new(),
        invoice_days: Some(14),
        choices: vec![
            choice("stripe", "pay-by-card", false),
            choice("test", "pay-by-test-card", false),
            choice("invoice", "pay-by-invoice", true),
        ],
        ..pay_fields()
    }
}

fn bank(locale: Locale, error: Option<FieldError>) -> OperatorBankPage {
    OperatorBankPage {
        shell: operator_shell(locale, routes::pattern::OPERATOR_BANK),
        file: Field {
            value: "Dato;Beløp".into(),
            error,
        },
        preview: None,
    }
}

fn preview(locale: Locale) -> OperatorBankPage {
    let row = |word| BankRow {
        line: 2,
        day: "2026-11-24".into(),
        amount_minor: 45_000,
        kid: "0000012026000000019".into(),
        number: "2026-000001".into(),
        provider: "Dyreklinikken Nordli".into(),
        word,
    };
    let words = [
        BankWord::Whole,
        BankWord::Part { left_minor: 5_000 },
        BankWord::More { over_minor: 5_000 },
        BankWord::Unknown,
        BankWord::Noted,
    ];
    OperatorBankPage {
        preview: Some(BankPreview {
            rows: words.map(row).into(),
            skipped: 2,
            unreadable: vec![4, 9],
            to_note: 3,
        }),
        ..bank(locale, None)
    }
}

fn list(locale: Locale) -> OperatorInvoicesPage {
    let row = |standing| InvoiceRow {
        id: ID.into(),
        appointment: ID.into(),
        number: "2026-000001".into(),
        provider: "Dyreklinikken Nordli".into(),
        kid: "0000012026000000019".into(),
        total_minor: 45_000,
        open_minor: 45_000,
        currency: "NOK".into(),
        due_at: NOW - DAY,
        standing,
        amount: Field::new("450,00"),
        day: Field::new("2026-11-24"),
    };
    OperatorInvoicesPage {
        shell: operator_shell(locale, routes::pattern::OPERATOR_INVOICES),
        rows: InvoiceStanding::ALL.map(row).into(),
        has_more: true,
    }
}
