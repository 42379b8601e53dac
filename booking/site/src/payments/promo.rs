//! A promo code at the payment step: a form of its own, so that nothing typed beside it is sent along.

use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use web::pages::book::PromoField;
use web::pages::{Field, FieldError};
use web::routes;

use super::{PaymentForm, form_page, show_outcome, show_page};
use crate::error::AppResult;
use crate::extract::Visit;
use booking_core::AppState;
use booking_core::appointments::promo::{self, PromoRefusal};
use booking_core::appointments::{self, Hold};
use booking_core::base::Fault;
use booking_core::base::db::Tx;
use booking_core::base::limits::LINE_CHARS_MAX;
use booking_core::usecases::{self as checkout, CheckoutOutcome};

/// Words of the form's field `action`.
pub(super) const APPLY: &str = "promo";
pub(super) const REMOVE: &str = "no-promo";

/// What the page shows of it: nothing where nobody has a code to type.
pub(super) async fn field_of(tx: &mut Tx, hold: &Hold, now: i64) -> AppResult<Option<PromoField>> {
    let is_used = hold.price.discount.is_some();
    if !is_used && (hold.price.most_minor() == 0 || !promo::has_codes(tx, &hold.org_id, now).await?) {
        return Ok(None);
    }
    Ok(Some(PromoField {
        is_used,
        code: Field::default(),
    }))
}

/// Takes the code off the price, or gives the whole price back; the page follows with the new sum on its button.
pub(super) async fn submit(state: &AppState, visit: &Visit, hold: &Hold, form: &PaymentForm) -> AppResult<Response> {
    let account = visit.actor.signed_in()?;
    match checkout::resume_checkout(state, hold, &account.id).await? {
        CheckoutOutcome::NotStarted | CheckoutOutcome::Declined(_) => {}
        begun @ (CheckoutOutcome::Booked(_)
        | CheckoutOutcome::NeedsConfirmation
        | CheckoutOutcome::Unknown
        | CheckoutOutcome::HoldLost) => return show_outcome(state, visit, hold, begun).await,
    }
    // Tries are counted as those at passwords are: by network, and failed ones by account.
    state.limits.sign_in_by_ip.check(&visit.ip_key())?;
    let typed = (form.action != REMOVE).then_some(form.promo.as_str());
    match change_price(state, visit, &hold.id, &account.id, typed).await {
        Ok(()) => Ok(Redirect::to(&routes::book_payment(&hold.id)).into_response()),
        Err(PromoRefusal::TooLate) => Err(Fault::Conflict("a payment has begun").into()),
        Err(PromoRefusal::Fault(fault)) => Err(fault.into()),
        Err(PromoRefusal::NotHere) => {
            state.limits.failed_sign_in.check(&format!("promo {}", account.id))?;
            show_wrong(state, visit, hold, &form.promo).await
        }
    }
}

async fn show_wrong(state: &AppState, visit: &Visit, hold: &Hold, typed: &str) -> AppResult<Response> {
    let mut page = form_page(state, visit, hold, "").await?;
    let error = if typed.trim().is_empty() {
        FieldError::PromoMissing
    } else {
        FieldError::PromoNotHere
    };
    page.promo = Some(PromoField {
        is_used: hold.price.discount.is_some(),
        code: Field::wrong(typed.chars().take(LINE_CHARS_MAX).collect::<String>(), error),
    });
    Ok(show_page(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

/// Puts a code on the hold, or takes it away.
async fn change_price(
    state: &AppState,
    visit: &Visit,
    hold: &str,
    account: &str,
    typed: Option<&str>,
) -> Result<(), PromoRefusal> {
    let mut tx = state.db.write().await?;
    // As it is now: another tab may have changed its price.
    let hold = appointments::load_hold(&mut tx, &visit.actor, hold).await?;
    match typed {
        Some(typed) => promo::apply_code(&mut tx, &hold, account, typed, visit.now).await?,
        None => promo::remove_code(&mut tx, &hold).await?,
    }
    Ok(tx.commit().await?)
}
