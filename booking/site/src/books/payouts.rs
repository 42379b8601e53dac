//! What is held for businesses and paid out to them.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::payouts::{HeldRow, OperatorPayoutsPage, PayoutFileRow, PayoutRow, PayoutState, ProviderPayoutsPage};
use web::routes::{self, pattern};

use super::files;
use crate::documents::row as document_row;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::operator::looks;
use crate::pages;
use booking_core::AppState;
use booking_core::base::audit::Action;
use booking_core::base::{Fault, Micros};
use booking_core::documents;
use booking_core::providers::{own_org, owner};
use booking_core::usecases::{self, Held, PayoutFile, PayoutLine};

/// Files and payouts on a page.
const SHOWN: i64 = 100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PayoutForm {
    action: String,
    currency: String,
    id: String,
}

pub(super) async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::MoneySeen, "", "", &[]).await?;
    let mut tx = state.db.read().await?;
    let held = usecases::held_for_all(&mut tx).await?;
    let mut currencies: Vec<String> = held
        .iter()
        .filter(|held| held.is_payable())
        .map(|held| held.currency.clone())
        .collect();
    currencies.sort();
    currencies.dedup();
    let files = usecases::payout_files(&mut tx, SHOWN).await?;
    Ok(pages::html(&OperatorPayoutsPage {
        shell: pages::shell(&visit),
        may_pay_out: state.config.platform.payout_account.is_some(),
        held: held.into_iter().map(held_row).collect(),
        currencies,
        files: files.into_iter().map(file_row).collect(),
    }))
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<PayoutForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let (who, id) = (operator.id.as_str(), typed.id.as_str());
    let notice = match typed.action.as_str() {
        "make" => match usecases::make_payout_file(&state, who, &typed.currency).await? {
            Some(_) => Notice::PayoutMade,
            None => Notice::PayoutNothing,
        },
        "download" => {
            let bytes = match usecases::download_payout_file(&state, who, id, visit.locale).await {
                Ok(bytes) => bytes,
                Err(Fault::Conflict(_)) => return back(Notice::PayoutGone),
                Err(fault) => return Err(fault.into()),
            };
            return Ok(files::xml(&format!("booka-payouts-{id}.xml"), bytes));
        }
        "sent" => done(usecases::mark_payout_sent(&state, who, id).await)?,
        "cancel" => done(usecases::cancel_payout_file(&state, who, id).await)?,
        _ => return Err(AppError::BadRequest("no such action")),
    };
    back(notice)
}

/// Somebody else may have been faster: then the page shows what they did.
fn done(result: Result<(), Fault>) -> AppResult<Notice> {
    match result {
        Ok(()) => Ok(Notice::Saved),
        Err(Fault::Conflict(_)) => Ok(Notice::PayoutGone),
        Err(fault) => Err(fault.into()),
    }
}

fn back(notice: Notice) -> AppResult<Response> {
    let next = routes::with_notice(pattern::OPERATOR_PAYOUTS, notice);
    Ok(Redirect::to(&next).into_response())
}

pub(super) async fn own_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, member).await?;
    let held = usecases::held_for(&mut tx, &org.id).await?;
    let payouts = usecases::payouts_of(&mut tx, &org.id, SHOWN).await?;
    let documents = documents::of_platform(&mut tx, &org.id, SHOWN).await?;
    Ok(pages::html(&ProviderPayoutsPage {
        shell: pages::shell_in(&visit, &org.time_zone),
        held: held.into_iter().map(held_row).collect(),
        payouts: payouts.into_iter().map(payout_row).collect(),
        documents: documents.into_iter().map(document_row).collect(),
    }))
}

fn held_row(held: Held) -> HeldRow {
    HeldRow {
        lacks_account: held.account.is_empty(),
        org_name: held.org_name,
        currency: held.currency,
        held_minor: held.held_minor,
    }
}

fn state_of(downloaded: Option<Micros>, sent: Option<Micros>, cancelled: Option<Micros>) -> PayoutState {
    match (cancelled, sent, downloaded) {
        (Some(_), ..) => PayoutState::Cancelled,
        (None, Some(_), _) => PayoutState::Sent,
        (None, None, Some(_)) => PayoutState::Downloaded,
        (None, None, None) => PayoutState::Made,
    }
}

fn file_row(file: PayoutFile) -> PayoutFileRow {
    PayoutFileRow {
        state: state_of(file.downloaded_at, file.sent_at, file.cancelled_at),
        id: file.id,
        made_at: file.made_at,
        made_by: file.made_by,
        payouts: file.payouts,
        amount_minor: file.amount_minor,
        currency: file.currency,
    }
}

/// Whether the file was downloaded is the operator's affair.
fn payout_row(line: PayoutLine) -> PayoutRow {
    let digits = line.account.len().saturating_sub(4);
    PayoutRow {
        made_at: line.made_at,
        amount_minor: line.amount_minor,
        currency: line.currency,
        account_end: line.account.get(digits..).unwrap_or_default().to_owned(),
        state: state_of(None, line.sent_at, line.cancelled_at),
    }
}
