//! What pages show of holds and appointments.

use signaling_protocol::Role;
use web::pages::appointment::{AppointmentRow, AppointmentView, BuyerOrg, Contact, DocumentLink};
use web::pages::book::HeldTime;
use web::pages::commission::AppointmentCommission;
use web::pages::provider::TimeSlot;

use super::timeline::{page_status, timeline};
use crate::disputes;
use crate::error::AppResult;
use crate::extract::Visit;
use crate::payments::view;
use crate::refunds;
use booking_core::AppState;
use booking_core::appointments::{self, Appointment, Hold, reference};
use booking_core::base::actor::Actor;
use booking_core::base::db::Tx;
use booking_core::base::{DAY_US, Micros};
use booking_core::billing::MoneyView;
use booking_core::documents::Document;
use booking_core::usecases::{self, Mending};
use booking_core::{availability, billing, calls, documents, providers};

/// Free times that a page offers in place of one that is gone.
const NEAREST: usize = 4;

/// Everything that the page of an appointment shows, for the side that looks at it.
pub(crate) async fn appointment_view(
    state: &AppState,
    tx: &mut Tx,
    actor: &Actor,
    appointment: &Appointment,
    now: Micros,
) -> AppResult<AppointmentView> {
    let money = billing::money_of(tx, &appointment.id).await?;
    let billable = match &money.charge {
        Some(charge) => charge.billable,
        None => calls::load_billable(tx, &appointment.id).await?,
    };
    let events = appointments::events(tx, &appointment.id).await?;
    let is_provider = appointment.seat.role == Role::Provider;
    let mending = match is_provider {
        true => Mending::NotNeeded,
        false => usecases::mending_of(tx, appointment, now).await?,
    };
    let pay_later = match &mending {
        Mending::Later { at, .. } => Some(*at),
        Mending::NotNeeded | Mending::Pay { .. } | Mending::NeedsConfirmation(_) | Mending::Unknown => None,
    };
    Ok(AppointmentView {
        id: appointment.id.clone(),
        reference: reference(&appointment.id),
        service_title: appointment.title.clone(),
        provider_name: appointment.org_name.clone(),
        provider_slug: appointment.org_slug.clone(),
        other_name: other_name(appointment),
        viewer_is_provider: is_provider,
        contact: is_provider.then(|| Contact {
            email: appointment.consumer.email.clone(),
            phone: appointment.consumer.phone.clone(),
        }),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        opens_at: appointment.opens_us(),
        can_join: appointment.can_join(now),
        can_cancel: calls::can_cancel(tx, appointment, now).await?,
        pay_anew: mending != Mending::NotNeeded && pay_later.is_none(),
        pay_later,
        status: page_status(appointment.status),
        about: appointment.about.clone(),
        price: view::appointment_price(appointment, &money, now),
        buyer_org: appointment.buyer_org.as_ref().map(|buyer| BuyerOrg {
            name: buyer.name.clone(),
            number: buyer.orgno.clone(),
        }),
        withdraw_until: appointment.withdrawal_until().filter(|_| appointment.can_withdraw(now)),
        receipt: documents::receipt_number(tx, &appointment.id).await?,
        documents: documents::of_appointment(tx, &appointment.id)
            .await?
            .iter()
            .map(document_link)
            .collect(),
        refunds: refunds::lines(&billing::refunds::of_appointment(tx, &appointment.id).await?),
        can_refund: can_refund(actor, appointment, &money),
        dispute: disputes::link_of(state, tx, appointment, now).await?,
        timeline: timeline(&events, billable),
        commission: match is_provider {
            true => kept_of(tx, appointment).await?,
            false => None,
        },
    })
}

/// What the operator keeps, as was agreed when it was booked.
async fn kept_of(tx: &mut Tx, appointment: &Appointment) -> AppResult<Option<AppointmentCommission>> {
    let terms = providers::commission::frozen(tx, &appointment.id).await?;
    if terms.is_none() || appointment.price.most_minor() == 0 {
        return Ok(None);
    }
    Ok(Some(AppointmentCommission {
        terms: crate::commission::words(&terms),
        kept_minor: billing::commission::kept_of(tx, &appointment.id).await?,
        currency: appointment.price.currency.clone(),
    }))
}

/// A document as a page links to it.
pub(crate) fn document_link(document: &Document) -> DocumentLink {
    DocumentLink {
        id: document.id.clone(),
        kind: document.kind.key(),
        number: document.name(),
    }
}

/// Whether something was taken that the actor, an owner of the business, may pay back.
pub(crate) fn can_refund(actor: &Actor, appointment: &Appointment, money: &MoneyView) -> bool {
    money.captured_minor > 0
        && providers::owner(actor).is_ok_and(|owner| owner.org_id == appointment.org_id)
        && appointment.consumer.account_id != actor.account_id()
}

fn other_name(appointment: &Appointment) -> String {
    match appointment.seat.role {
        Role::Consumer => appointment.provider.name.clone(),
        Role::Provider => appointment.consumer.name.clone(),
    }
}

/// What the visitor holds now, for every page on which somebody may have come back to choose.
pub(crate) async fn held(tx: &mut Tx, visit: &Visit) -> AppResult<Vec<HeldTime>> {
    let account = visit.actor.account.as_ref();
    let to_pay = |hold: &Hold| {
        let owner = account.filter(|account| account.email_verified && hold.account_id.as_ref() == Some(&account.id));
        owner.is_some() && !hold.about.trim().is_empty()
    };
    let holds = appointments::held_by(tx, &visit.actor, visit.now).await?;
    let held = holds.into_iter().map(|hold| HeldTime {
        to_pay: to_pay(&hold),
        id: hold.id,
        service: hold.service_id,
        provider_name: hold.org_name,
        starts_at: hold.start_us,
        expires_at: hold.expires_us,
    });
    Ok(held.collect())
}

/// One line of a list of appointments.
pub(crate) fn appointment_row(appointment: &Appointment, now: Micros) -> AppointmentRow {
    let with = match appointment.seat.role {
        Role::Consumer => appointment.org_name.clone(),
        Role::Provider => appointment.consumer.name.clone(),
    };
    AppointmentRow {
        id: appointment.id.clone(),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        with,
        service_title: appointment.title.clone(),
        status: page_status(appointment.status),
        can_join: appointment.can_join(now),
        tint: tint(&appointment.org_id),
    }
}

/// Colour of the initials of somebody: 0 to 7, from the id.
pub(crate) fn tint(id: &str) -> u8 {
    id.bytes()
        .fold(0_u8, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte))
        % 8
}

/// Free times near a moment, in order.
pub(crate) async fn nearest(tx: &mut Tx, service_id: &str, wanted: Micros, now: Micros) -> AppResult<Vec<TimeSlot>> {
    let (from, until) = (wanted - DAY_US, wanted + 7 * DAY_US);
    let Some(free) = availability::of_service(tx, service_id, now, from, until).await? else {
        return Ok(Vec::new());
    };
    let mut slots = free.merged();
    slots.sort_by_key(|slot| (slot.start_us - wanted).abs());
    slots.truncate(NEAREST);
    slots.sort_unstable();
    Ok(slots
        .into_iter()
        .map(|slot| TimeSlot {
            start: slot.start_us,
            end: slot.end_us,
        })
        .collect())
}
