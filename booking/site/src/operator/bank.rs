//! The bank's file of what came in: what it means is shown first, and noted when an operator says so.

use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::invoice::{BankPreview, BankRow, BankWord, OperatorBankPage};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use super::looks;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::pages;
use booking_core::AppState;
use booking_core::base::audit::Action;
use booking_core::base::limits::FORM_BYTES_MAX;
use booking_core::billing::bank_file::{BankFileError, FILE_BYTES_MAX, read_bank_file};
use booking_core::documents::number_name;
use booking_core::usecases::{self, BankMatch, MatchedLine};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BankForm {
    /// `look` or `note`.
    action: String,
    file: String,
}

fn page(visit: &Visit, file: Field, preview: Option<BankPreview>) -> OperatorBankPage {
    OperatorBankPage {
        shell: pages::shell(visit),
        file,
        preview,
    }
}

/// The longest form of a file: as a form most signs of it take three bytes.
pub(super) fn body_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(3 * FILE_BYTES_MAX + FORM_BYTES_MAX / 4)
}

pub(super) async fn form(visit: Visit) -> AppResult<Response> {
    visit.actor.operator()?;
    Ok(pages::html(&page(&visit, Field::default(), None)))
}

/// Shows what a file means, or notes it.
pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<BankForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let notes = match form.action.as_str() {
        "look" => false,
        "note" => true,
        _ => return Err(AppError::BadRequest("no such action")),
    };
    let file = match read_bank_file(&form.file) {
        Ok(file) => file,
        Err(wrong) => {
            let error = match wrong {
                BankFileError::Empty => FieldError::BankFileEmpty,
                BankFileError::TooLong => FieldError::TooLong,
                BankFileError::NoHeadings => FieldError::BankFileHeadings,
            };
            let page = page(&visit, Field::wrong(form.file, error), None);
            return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    if notes {
        usecases::note_bank_file(&state, &visit.actor, file).await?;
        looks::record(&state, operator, Action::InvoicePaid, "", "", &[]).await?;
        let list = routes::with_notice(pattern::OPERATOR_INVOICES, Notice::InvoicePaid);
        return Ok(Redirect::to(&list).into_response());
    }
    looks::record(&state, operator, Action::InvoicesSeen, "", "", &[]).await?;
    let (skipped, unreadable) = (file.skipped, file.unreadable.clone());
    let matched = usecases::match_bank_file(&mut state.db.read().await?, &visit.actor, file).await?;
    let rows: Vec<BankRow> = matched.into_iter().map(row).collect();
    let preview = BankPreview {
        to_note: rows
            .iter()
            .filter(|row| !matches!(row.word, BankWord::Unknown | BankWord::Noted))
            .count(),
        rows,
        skipped,
        unreadable,
    };
    Ok(pages::html(&page(&visit, Field::new(form.file), Some(preview))))
}

fn row(matched: MatchedLine) -> BankRow {
    let (number, provider) = match matched.invoice {
        Some(invoice) => (number_name(invoice.year, invoice.number), invoice.org_name),
        None => (String::new(), String::new()),
    };
    BankRow {
        line: matched.line.line,
        day: matched.line.day.to_string(),
        amount_minor: matched.line.amount_minor,
        kid: matched.line.kid,
        number,
        provider,
        word: match matched.found {
            BankMatch::Whole => BankWord::Whole,
            BankMatch::Part { left_minor } => BankWord::Part { left_minor },
            BankMatch::More { over_minor } => BankWord::More { over_minor },
            BankMatch::Unknown => BankWord::Unknown,
            BankMatch::Noted => BankWord::Noted,
        },
    }
}
