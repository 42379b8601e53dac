//! Going on beyond the highest price of a call: asked and answered from the call page, or on a page without script.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Json, Router};
use booking_core::AppState;
use booking_core::appointments::{self, Appointment};
use booking_core::base::token_hash;
use booking_core::calls::extensions::ExtensionState;
use booking_core::usecases::extending::{
    self, ExtensionOffer, ExtensionRefusal, ExtensionStanding, answer_extension, ask_extension, extension_standing,
};
use serde::Deserialize;
use signaling_protocol::Role;
use web::pages::extension::{CallExtensionPage, ExtensionStep};
use web::routes::{self, pattern};
use web::{format, t};

use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Visit};
use crate::pages;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route(pattern::CALL_EXTENSION, get(page).post(submit))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ExtensionForm {
    action: String,
    /// What was shown, minor units.
    amount: i64,
}

async fn load(state: &AppState, visit: &Visit, id: &str) -> AppResult<Appointment> {
    visit.actor.signed_in()?;
    Ok(appointments::load(&mut state.db.read().await?, &visit.actor, id).await?)
}

async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let found = load(&state, &visit, &id).await?;
    let standing = extension_standing(&state, &found).await?;
    Ok(show(&visit, &found, &standing))
}

async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<ExtensionForm>,
) -> AppResult<Response> {
    let found = load(&state, &visit, &id).await?;
    let account = visit.actor.signed_in()?;
    let standing = match form.action.as_str() {
        "ask" => match ask(&state, &visit, &found, form.amount).await {
            Ok(standing) => standing,
            // What is offered now is shown in its place.
            Err(ExtensionRefusal::NotOffered) => extension_standing(&state, &found).await?,
            Err(ExtensionRefusal::Fault(fault)) => return Err(fault.into()),
        },
        "withdraw" => extending::withdraw_extension(&state, &found).await?,
        "agree" => answer_extension(&state, &found, &account.id, true).await?,
        "decline" => answer_extension(&state, &found, &account.id, false).await?,
        _ => return Err(AppError::BadRequest("no such action")),
    };
    if visit.wants_json {
        return Ok(show(&visit, &found, &standing));
    }
    Ok(Redirect::to(&routes::call_extension(&id)).into_response())
}

/// Asks, with the words that were agreed to kept by their hash.
async fn ask(
    state: &AppState,
    visit: &Visit,
    found: &Appointment,
    amount_minor: i64,
) -> Result<ExtensionStanding, ExtensionRefusal> {
    let amount = format::money_exact(visit.locale, amount_minor, &found.price.currency);
    let args = [
        ("amount", amount.as_str().into()),
        ("name", found.provider.name.as_str().into()),
    ];
    let words = t(visit.locale, "call-extend-consent", &args);
    ask_extension(state, found, amount_minor, (&token_hash(&words), visit.locale.tag())).await
}

fn show(visit: &Visit, found: &Appointment, standing: &ExtensionStanding) -> Response {
    let step = step_of(standing);
    let cap_minor = found.price.most_minor();
    let (amount_minor, cap_minor) = match (&standing.last, &standing.offer) {
        (Some(last), _) if last.state.is_open() => (last.amount_minor, last.new_cap_minor()),
        (Some(last), _) if last.state == ExtensionState::Granted => (last.amount_minor, last.new_cap_minor()),
        (Some(last), _) => (last.amount_minor, cap_minor),
        (None, Some(offer)) => (offer.amount_minor, offer.new_cap_minor()),
        (None, None) => (0, cap_minor),
    };
    if visit.wants_json {
        let offer = |offer: &ExtensionOffer| serde_json::json!({ "amount_minor": offer.amount_minor, "cap_minor": offer.new_cap_minor() });
        let last = standing.last.as_ref().map(|last| {
            serde_json::json!({ "number": last.number, "state": last.state.name(), "amount_minor": amount_minor,
                "cap_minor": cap_minor })
        });
        let told = serde_json::json!({ "last": last, "offer": standing.offer.as_ref().map(offer) });
        return Json(told).into_response();
    }
    let other_name = match found.seat.role {
        Role::Consumer => found.provider.name.clone(),
        Role::Provider => found.consumer.name.clone(),
    };
    let offer = standing.offer.as_ref();
    pages::html(&CallExtensionPage {
        shell: pages::shell_in(visit, &found.time_zone),
        call: found.id.clone(),
        is_provider: found.seat.role == Role::Provider,
        other_name,
        step,
        offered: offer.is_some(),
        currency: found.price.currency.clone(),
        amount_minor,
        cap_minor,
        offer_amount_minor: offer.map_or(0, |offer| offer.amount_minor),
        offer_cap_minor: offer.map_or(0, ExtensionOffer::new_cap_minor),
    })
}

fn step_of(standing: &ExtensionStanding) -> ExtensionStep {
    match (&standing.last, &standing.offer) {
        (None, None) => ExtensionStep::Nothing,
        (None, Some(_)) => ExtensionStep::Offered,
        (Some(last), _) => match last.state {
            ExtensionState::Asked => ExtensionStep::Asked,
            ExtensionState::Agreed => ExtensionStep::Agreed,
            ExtensionState::Granted => ExtensionStep::Granted,
            ExtensionState::Declined => ExtensionStep::Declined,
            ExtensionState::Refused => ExtensionStep::Refused,
            ExtensionState::Withdrawn => ExtensionStep::Withdrawn,
            ExtensionState::Lapsed => ExtensionStep::Lapsed,
        },
    }
}
