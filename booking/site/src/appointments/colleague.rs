//! An appointment as a colleague of whoever takes it sees it, and taking it over.

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use web::Notice;
use web::pages::appointment::AppointmentColleaguePage;
use web::routes;

use super::timeline::page_status;
use super::views;
use crate::disputes;
use crate::error::AppResult;
use crate::extract::{Path, Visit};
use crate::pages::{html, shell_in};
use booking_core::AppState;
use booking_core::appointments::{self, reference};
use booking_core::base::Fault;
use booking_core::base::db::Tx;
use booking_core::{billing, calls, documents, usecases};

/// When and with whom; what the customer wrote is for whoever takes the appointment (S12).
pub(super) async fn page(state: &AppState, tx: &mut Tx, visit: &Visit, id: &str) -> AppResult<Response> {
    let found = appointments::load_of_colleague(tx, &visit.actor, id).await?;
    let (issued, dispute) = match appointments::load_with_receipt(tx, &visit.actor, id).await {
        Ok(_) => (
            documents::of_appointment(tx, id).await?,
            disputes::link_of(state, tx, &found, visit.now).await?,
        ),
        Err(Fault::NotFound) => (Vec::new(), None),
        Err(fault) => return Err(fault.into()),
    };
    Ok(html(&AppointmentColleaguePage {
        shell: shell_in(visit, &found.time_zone),
        reference: reference(id),
        waiting: found.can_join(visit.now) && calls::customer_waits(tx, id).await?,
        can_take_over: found.can_be_taken_over(visit.now),
        documents: issued.iter().map(views::document_link).collect(),
        dispute,
        can_refund: views::can_refund(&visit.actor, &found, &billing::money_of(tx, id).await?),
        status: page_status(found.status),
        id: found.id,
        service_title: found.title,
        customer: found.consumer.name,
        member: found.provider.name,
        starts_at: found.start_us,
        ends_at: found.end_us,
    }))
}

pub(super) async fn take_over(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
) -> AppResult<Response> {
    let mut tx = state.db.write().await?;
    let notice = if usecases::take_over_appointment(&mut tx, &state, &visit.actor, &id, visit.now).await? {
        tx.commit().await?;
        // Whoever sits in the room in the colleague's stead lets nobody in any more.
        state.review_calls();
        Notice::TakenOver
    } else {
        Notice::TakeOverBusy
    };
    Ok(Redirect::to(&routes::with_notice(&routes::booking(&id), notice)).into_response())
}
