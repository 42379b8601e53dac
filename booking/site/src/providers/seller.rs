//! Who sells: the form in which a business says it.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use web::Notice;
use web::pages::seller::ProviderSellerPage;
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::error::AppResult;
use crate::extract::{Form, Visit};
use crate::pages;
use booking_core::AppState;
use booking_core::base::fields::spaced_phone;
use booking_core::base::limits::LINE_CHARS_MAX;
use booking_core::providers::seller::{self, LegalForm, SellerIdentity, SellerInput, SellerProblems};
use booking_core::providers::{Org, contact_email, own_org, owner};

pub(super) fn router() -> Router<AppState> {
    Router::new().route(pattern::PROVIDER_SELLER, get(page).post(submit))
}

/// The fields as they are typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SellerForm {
    legal_form: String,
    legal_name: String,
    address: String,
    postcode: String,
    town: String,
    country: String,
    phone: String,
    email: String,
}

impl SellerForm {
    fn into_input(self) -> SellerInput {
        SellerInput {
            legal_form: self.legal_form,
            legal_name: self.legal_name,
            address: self.address,
            postcode: self.postcode,
            town: self.town,
            country: self.country,
            phone: self.phone,
            email: self.email,
        }
    }
}

/// What is known of a business that has not said who sells, to begin with.
fn suggested(org: &Org, email: String) -> SellerInput {
    SellerInput {
        legal_form: if org.orgno.is_empty() {
            LegalForm::Person.word().to_owned()
        } else {
            String::new()
        },
        legal_name: org.name.clone(),
        postcode: org.postcode.clone(),
        town: org.town.clone(),
        country: "NO".to_owned(),
        email,
        ..SellerInput::default()
    }
}

fn typed(identity: SellerIdentity) -> SellerInput {
    SellerInput {
        legal_form: identity.legal_form.word().to_owned(),
        legal_name: identity.legal_name,
        address: identity.address,
        postcode: identity.office_postcode,
        town: identity.office_town,
        country: identity.office_country,
        phone: spaced_phone(&identity.phone),
        email: identity.email,
    }
}

fn form_page(visit: &Visit, org: Org, is_whole: bool, input: SellerInput, wrong: SellerProblems) -> ProviderSellerPage {
    let field = |typed: String, error: Option<FieldError>| Field {
        value: typed.chars().take(LINE_CHARS_MAX).collect(),
        error,
    };
    ProviderSellerPage {
        shell: pages::shell(visit),
        is_whole,
        org_number: org.orgno,
        legal_form: field(input.legal_form, wrong.legal_form),
        legal_name: field(input.legal_name, wrong.legal_name),
        address: field(input.address, wrong.address),
        postcode: field(input.postcode, wrong.postcode),
        town: field(input.town, wrong.town),
        country: field(input.country, wrong.country),
        phone: field(input.phone, wrong.phone),
        email: field(input.email, wrong.email),
    }
}

async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, owner(&visit.actor)?).await?;
    let is_whole = seller::is_whole(&mut tx, &org.id).await?;
    let input = match seller::find_seller(&mut tx, &org.id).await? {
        Some(seller) => typed(seller.identity),
        None => suggested(&org, contact_email(&mut tx, &org.id).await?),
    };
    let page = form_page(&visit, org, is_whole, input, SellerProblems::default());
    Ok(pages::html(&page))
}

async fn submit(State(state): State<AppState>, visit: Visit, Form(form): Form<SellerForm>) -> AppResult<Response> {
    let mut tx = state.db.write().await?;
    let org = own_org(&mut tx, owner(&visit.actor)?).await?;
    let input = form.into_input();
    let identity = match input.check(&org.orgno) {
        Ok(identity) => identity,
        Err(wrong) => {
            let is_whole = seller::is_whole(&mut tx, &org.id).await?;
            let page = form_page(&visit, org, is_whole, input, wrong);
            return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    seller::state_identity(&mut tx, &org.id, identity).await?;
    tx.commit().await?;
    let next = routes::with_notice(pattern::PROVIDER_SELLER, Notice::SellerStated);
    Ok(Redirect::to(&next).into_response())
}
