//! Invoices that are open, and what came in for them by hand.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::civil::Date;
use serde::Deserialize;
use web::Notice;
use web::pages::invoice::{InvoiceRow, InvoiceStanding, OperatorInvoicesPage};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use super::looks;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::pages;
use booking_core::AppState;
use booking_core::availability::date_in;
use booking_core::availability::load::zone_named;
use booking_core::base::amount::read_amount;
use booking_core::base::audit::Action;
use booking_core::base::{DEFAULT_ZONE, Fault, Micros};
use booking_core::billing::invoices::{self, Invoice};
use booking_core::documents::number_name;
use booking_core::usecases::{self, InvoiceMoney, InvoiceRefusal};

/// Invoices on the page.
const SHOWN_MAX: usize = 200;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct InvoiceForm {
    /// `paid` or `paid_back`.
    action: String,
    id: String,
    amount: String,
    day: String,
}

/// What is open. Nobody is named on it but businesses.
pub(super) async fn list(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::InvoicesSeen, "", "", &[]).await?;
    Ok(pages::html(&page(&state, &visit).await?))
}

async fn page(state: &AppState, visit: &Visit) -> AppResult<OperatorInvoicesPage> {
    let most = i64::try_from(SHOWN_MAX + 1).unwrap_or(i64::MAX);
    let mut open = invoices::open(&mut state.db.read().await?, most).await?;
    let has_more = open.len() > SHOWN_MAX;
    open.truncate(SHOWN_MAX);
    Ok(OperatorInvoicesPage {
        shell: pages::shell(visit),
        rows: open.iter().map(|invoice| row(invoice, visit.now)).collect(),
        has_more,
    })
}

fn row(invoice: &Invoice, now: Micros) -> InvoiceRow {
    let currency = invoice.total.currency.as_str().to_owned();
    let open_minor = invoice.open_minor.abs();
    InvoiceRow {
        id: invoice.payment_id.clone(),
        appointment: invoice.appointment_id.clone(),
        number: number_name(invoice.year, invoice.number),
        provider: invoice.org_name.clone(),
        kid: invoice.kid.clone(),
        total_minor: invoice.total.minor,
        open_minor,
        due_at: invoice.due_at - 1,
        standing: standing(invoice, now),
        amount: Field::new(format!("{},{:02}", open_minor / 100, open_minor % 100)),
        day: Field::new(date_in(&zone_named(DEFAULT_ZONE), now).to_string()),
        currency,
    }
}

fn standing(invoice: &Invoice, now: Micros) -> InvoiceStanding {
    if invoice.open_minor < 0 {
        InvoiceStanding::ToPayBack
    } else if invoice.is_for_collection(now) {
        InvoiceStanding::ForCollection
    } else if invoice.reminders > 0 {
        InvoiceStanding::Reminded(invoice.reminders)
    } else if invoice.due_at <= now {
        InvoiceStanding::Overdue
    } else {
        InvoiceStanding::Sent
    }
}

/// Notes that money came in, or was paid back.
pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<InvoiceForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let back = match form.action.as_str() {
        "paid" => false,
        "paid_back" => true,
        _ => return Err(AppError::BadRequest("no such action")),
    };
    let invoice = invoices::of_payment(&mut state.db.read().await?, &form.id).await?;
    let invoice = invoice.ok_or(Fault::NotFound)?;
    let amount = read_amount(&form.amount, invoice.total.currency);
    let day = form.day.trim().parse::<Date>().map_err(|_| FieldError::DayUnreadable);
    let (amount_minor, day) = match (amount, day) {
        (Ok(amount), Ok(day)) => (amount, day),
        (amount, day) => return again(&state, &visit, &form, (amount.err(), day.err())).await,
    };
    let money = InvoiceMoney {
        payment: &invoice.payment_id,
        amount_minor,
        day,
        bank_line: None,
    };
    let mut tx = state.db.write().await?;
    let noted = match back {
        true => usecases::note_invoice_paid_back(&state, &mut tx, &visit.actor, money).await,
        false => usecases::note_invoice_paid(&state, &mut tx, &visit.actor, money).await,
    };
    match noted {
        Ok(_) => tx.commit().await?,
        Err(refusal) => {
            drop(tx);
            let wrong = match refusal {
                InvoiceRefusal::Amount => (Some(FieldError::RefundTooMuch), None),
                InvoiceRefusal::Day => (None, Some(FieldError::DayUnreadable)),
                InvoiceRefusal::Fault(fault) => return Err(fault.into()),
            };
            return again(&state, &visit, &form, wrong).await;
        }
    }
    let (action, notice) = match back {
        true => (Action::InvoicePaidBack, Notice::InvoicePaidBack),
        false => (Action::InvoicePaid, Notice::InvoicePaid),
    };
    looks::record(&state, operator, action, &invoice.appointment_id, "", &[]).await?;
    Ok(Redirect::to(&routes::with_notice(pattern::OPERATOR_INVOICES, notice)).into_response())
}

/// The page again, with what was typed and what is wrong with it.
async fn again(
    state: &AppState,
    visit: &Visit,
    form: &InvoiceForm,
    (amount, day): (Option<FieldError>, Option<FieldError>),
) -> AppResult<Response> {
    let mut page = page(state, visit).await?;
    if let Some(row) = page.rows.iter_mut().find(|row| row.id == form.id) {
        row.amount = Field {
            value: form.amount.clone(),
            error: amount,
        };
        row.day = Field {
            value: form.day.clone(),
            error: day,
        };
    }
    Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
}
