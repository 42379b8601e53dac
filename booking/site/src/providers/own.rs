//! The provider's own pages: signing up, today, profile and publishing.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use web::Notice;
use web::pages::provider_admin::{
    BusinessFields, DayAppointment, EarnedToday, ProviderProfilePage, ProviderSignupPage, ProviderTodayPage,
};
use web::pages::search::Category;
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use super::vat::{VatFields, read_vat};
use crate::appointments::timeline::page_status;
use crate::error::AppResult;
use crate::extract::{Form, Visit};
use crate::form::{self, field, org_number};
use crate::pages::{html, html_with, shell, shell_in};
use booking_core::AppState;
use booking_core::appointments::{self, Appointment};
use booking_core::availability::load::zone_named;
use booking_core::availability::{date_in, midnight};
use booking_core::base::DEFAULT_ZONE;
use booking_core::base::actor::MemberRole;
use booking_core::base::db::Tx;
use booking_core::base::{DAY_US, Micros};
use booking_core::billing::queries::{Earned, earned_since};
use booking_core::billing::sellers;
use booking_core::calls;
use booking_core::providers::mandate::{self, MandateStanding, give_mandate, withdraw_mandate};
use booking_core::providers::vat::stated;
use booking_core::providers::{
    Org, OrgStatus, ProviderRefusal, SetupStep, missing_steps, orgs, own_org, owner, services,
};
use booking_core::search::{self, PlaceMatch};
use booking_core::usecases::{self, BusinessInput};
use web::pages::provider_admin;

/// How far ahead the page of today looks, days.
const TODAY_DAYS: i64 = 14;

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::PROVIDER, get(today))
        .route(pattern::PROVIDER_SIGNUP, get(signup_page).post(signup))
        .route(pattern::PROVIDER_PROFILE, get(profile_page).post(profile))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct OrgForm {
    name: String,
    org_number: String,
    vat: String,
    vat_from: String,
    category: String,
    place: String,
    about: String,
    action: String,
}

/// A form that was checked.
enum Checked {
    Fine(Box<BusinessInput>),
    /// What was typed, with what is wrong with it.
    Wrong(Box<BusinessFields>),
}

async fn check_form(tx: &mut Tx, form: &OrgForm, now: Micros) -> AppResult<Checked> {
    let name = form::line(&form.name, FieldError::NameMissing);
    let orgno = org_number(&form.org_number);
    // A number that is wrong is said at the number, and not once more at the question below it.
    let given = orgno.as_ref().map_or(form.org_number.as_str(), String::as_str);
    let vat = read_vat(&form.vat, &form.vat_from, given, DEFAULT_ZONE, now);
    let category = Category::from_slug(&form.category).ok_or(FieldError::CategoryMissing);
    let typed_place = form::line(&form.place, FieldError::PlaceMissing);
    let place = match &typed_place {
        Ok(text) => match search::find_place(tx, text).await? {
            PlaceMatch::Named { place, .. } => Ok(place),
            // A business says where it is; a guess of ours would send its customers elsewhere.
            PlaceMatch::Empty | PlaceMatch::Guessed { .. } | PlaceMatch::Unknown { .. } => {
                Err(FieldError::PlaceUnknown)
            }
        },
        Err(error) => Err(*error),
    };
    let about = form::text(&form.about);
    let shown_vat = vat.as_ref().map_or_else(
        |fields| (**fields).clone(),
        |said| VatFields::of(Some(*said), DEFAULT_ZONE),
    );
    let fields = BusinessFields {
        name: field(&form.name, &name),
        org_number: field(&form.org_number, &orgno),
        vat: shown_vat.answer,
        vat_from: shown_vat.from,
        category: field(&form.category, &category),
        place: field(&form.place, &place),
        about: field(&form.about, &about),
    };
    Ok(match (name, orgno, vat, category, place, about) {
        (Ok(name), Ok(orgno), Ok(vat), Ok(category), Ok(place), Ok(about)) => Checked::Fine(Box::new(BusinessInput {
            name,
            orgno,
            vat,
            category,
            place,
            about,
        })),
        _ => Checked::Wrong(Box::new(fields)),
    })
}

/// The page speaks to visitors too; the form is for those who are signed in.
async fn signup_page(visit: Visit) -> Response {
    if visit
        .actor
        .account
        .as_ref()
        .is_some_and(|account| account.member.is_some())
    {
        return Redirect::to(pattern::PROVIDER).into_response();
    }
    html(&ProviderSignupPage {
        shell: shell(&visit),
        fields: BusinessFields::default(),
    })
}

async fn signup(State(state): State<AppState>, visit: Visit, Form(form): Form<OrgForm>) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    if who.member.is_some() {
        return Ok(Redirect::to(pattern::PROVIDER).into_response());
    }
    let mut tx = state.db.write().await?;
    let input = match check_form(&mut tx, &form, visit.now).await? {
        Checked::Fine(input) => input,
        Checked::Wrong(fields) => {
            let page = ProviderSignupPage {
                shell: shell(&visit),
                fields: *fields,
            };
            return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    match usecases::sign_up_business(&mut tx, &state, who, &input, visit.now).await {
        Ok(()) => tx.commit().await?,
        // A double submit: the first one made the provider.
        Err(ProviderRefusal::WorksElsewhere) => {}
        Err(refusal) => return Err(refusal.into()),
    }
    Ok(Redirect::to(pattern::PROVIDER).into_response())
}

async fn today(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    if visit.actor.signed_in()?.member.is_none() {
        return Ok(Redirect::to(pattern::PROVIDER_SIGNUP).into_response());
    }
    let member = visit.actor.member()?;
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, member).await?;
    let zone = zone_named(&org.time_zone);
    let day_start = midnight(&zone, date_in(&zone, visit.now));
    let until = visit.now + TODAY_DAYS * DAY_US;
    let found = appointments::of_provider(&mut tx, &visit.actor, visit.now, until).await?;
    let mut rows = Vec::new();
    for appointment in found.iter().filter(|appointment| !appointment.status.is_over()) {
        rows.push(day_appointment(&mut tx, appointment, visit.now).await?);
    }
    let mut colleagues = Vec::new();
    for appointment in &appointments::of_colleagues(&mut tx, &visit.actor, visit.now, until).await? {
        colleagues.push(day_appointment(&mut tx, appointment, visit.now).await?);
    }
    let earned = earned_since(&mut tx, visit.actor.account_id(), day_start).await?;
    let missing = match member.role {
        MemberRole::Owner => load_steps(&state, &mut tx, &org).await?,
        MemberRole::Staff => Vec::new(),
    };
    Ok(html(&ProviderTodayPage {
        shell: shell_in(&visit, &org.time_zone),
        published: org.status == OrgStatus::Active,
        org_name: org.name,
        slug: org.slug,
        missing,
        appointments: rows,
        colleagues,
        earned: earned.into_iter().map(earned_today).collect(),
    }))
}

fn earned_today(sum: Earned) -> EarnedToday {
    EarnedToday {
        currency: sum.currency,
        calls: u32::try_from(sum.calls).unwrap_or(u32::MAX),
        minor: sum.minor,
    }
}

/// What is still to do, in the words of the pages. Where only an account for payments is missing for a service to be offered,
/// that is said.
async fn load_steps(state: &AppState, tx: &mut Tx, org: &Org) -> AppResult<Vec<provider_admin::SetupStep>> {
    let sells = sellers::sells(tx, &state.payments, &org.id).await?;
    let opens_account = !sells && usecases::seller_provider(state).is_some();
    let has_service = services::of_org(tx, &org.id)
        .await?
        .iter()
        .any(|service| service.is_offered(true));
    let shown = |step: &SetupStep| match step {
        SetupStep::Service if opens_account && has_service => provider_admin::SetupStep::Payments,
        SetupStep::Service => provider_admin::SetupStep::Service,
        SetupStep::Hours => provider_admin::SetupStep::Hours,
        SetupStep::Seller => provider_admin::SetupStep::Seller,
        SetupStep::Mandate => provider_admin::SetupStep::Mandate,
        SetupStep::Publish => provider_admin::SetupStep::Publish,
    };
    Ok(missing_steps(tx, org, sells).await?.iter().map(shown).collect())
}

async fn day_appointment(tx: &mut Tx, appointment: &Appointment, now: Micros) -> AppResult<DayAppointment> {
    let can_join = appointment.can_join(now);
    let waiting = can_join && calls::customer_waits(tx, &appointment.id).await?;
    Ok(DayAppointment {
        id: appointment.id.clone(),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        consumer: appointment.consumer.name.clone(),
        service_title: appointment.title.clone(),
        about: appointment.about.clone(),
        member: appointment.provider.name.clone(),
        status: page_status(appointment.status),
        can_join,
        waiting,
    })
}

async fn profile_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, owner(&visit.actor)?).await?;
    let vat = VatFields::of(stated(&mut tx, &org.id).await?, &org.time_zone);
    let fields = BusinessFields {
        name: Field::new(&org.name),
        org_number: Field::new(&org.orgno),
        vat: vat.answer,
        vat_from: vat.from,
        category: Field::new(org.category.slug()),
        place: Field::new(format!("{} {}", org.postcode, org.town).trim()),
        about: Field::new(&org.description),
    };
    Ok(html(&profile_with(&state, &mut tx, &visit, &org, fields).await?))
}

async fn profile_with(
    state: &AppState,
    tx: &mut Tx,
    visit: &Visit,
    org: &Org,
    fields: BusinessFields,
) -> AppResult<ProviderProfilePage> {
    let (mandate_given_at, mandate_withdrawn_at) = match mandate::standing(tx, &org.id).await? {
        MandateStanding::Never => (None, None),
        MandateStanding::Given { at } => (Some(at), None),
        MandateStanding::Withdrawn { at } => (None, Some(at)),
    };
    Ok(ProviderProfilePage {
        mandate_given_at,
        mandate_withdrawn_at,
        shell: shell_in(visit, &org.time_zone),
        slug: org.slug.clone(),
        published: org.status == OrgStatus::Active,
        missing: load_steps(state, tx, org).await?,
        fields,
    })
}

async fn profile(State(state): State<AppState>, visit: Visit, Form(form): Form<OrgForm>) -> AppResult<Response> {
    let mut tx = state.db.write().await?;
    let org = own_org(&mut tx, owner(&visit.actor)?).await?;
    let notice = match form.action.as_str() {
        "publish" => {
            visit.actor.is_staying()?;
            let sells = sellers::sells(&mut tx, &state.payments, &org.id).await?;
            usecases::publish_business(&mut tx, &org, sells).await?;
            Notice::Published
        }
        "mandate" => {
            let who = visit.actor.signed_in()?;
            give_mandate(&state, &mut tx, &org.id, &who.id, visit.locale).await?;
            Notice::MandateGiven
        }
        "withdraw" => {
            let who = visit.actor.signed_in()?;
            withdraw_mandate(&mut tx, &org.id, &who.id, visit.now).await?;
            Notice::MandateWithdrawn
        }
        "pause" => {
            orgs::set_status(&mut tx, &org.id, OrgStatus::Paused).await?;
            Notice::Paused
        }
        _ => {
            let input = match check_form(&mut tx, &form, visit.now).await? {
                Checked::Fine(input) => input,
                Checked::Wrong(fields) => {
                    let page = profile_with(&state, &mut tx, &visit, &org, *fields).await?;
                    return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
                }
            };
            usecases::save_business(&mut tx, &state, &org, &input).await?;
            Notice::Saved
        }
    };
    tx.commit().await?;
    Ok(Redirect::to(&routes::with_notice(pattern::PROVIDER_PROFILE, notice)).into_response())
}
