//! The form for what the tax office is told about a business.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::books::ProviderTaxPage;
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::error::AppResult;
use crate::extract::{Form, Visit};
use crate::pages;
use booking_core::AppState;
use booking_core::base::limits::LINE_CHARS_MAX;
use booking_core::books::tax::{self, TaxInput, TaxProblems};
use booking_core::books::{Seller, find_seller};
use booking_core::providers::owner;

/// The fields as they are typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TaxForm {
    seller_kind: String,
    legal_name: String,
    tin: String,
    birth_date: String,
    address: String,
    postcode: String,
    town: String,
    country: String,
    bank_account: String,
}

impl TaxForm {
    fn into_input(self) -> TaxInput {
        TaxInput {
            kind: self.seller_kind,
            legal_name: self.legal_name,
            tin: self.tin,
            birth_date: self.birth_date,
            address: self.address,
            postcode: self.postcode,
            town: self.town,
            country: self.country,
            bank_account: self.bank_account,
        }
    }
}

/// What is known of a business that has not given its tax details, to begin with.
fn suggested(seller: Seller) -> TaxInput {
    TaxInput {
        legal_name: seller.name,
        tin: seller.orgno,
        address: seller.address,
        postcode: seller.postcode,
        town: seller.town,
        country: "NO".to_owned(),
        ..TaxInput::default()
    }
}

fn form_page(visit: &Visit, input: TaxInput, problems: TaxProblems) -> ProviderTaxPage {
    let field = |typed: String, error: Option<FieldError>| Field {
        value: typed.chars().take(LINE_CHARS_MAX).collect(),
        error,
    };
    ProviderTaxPage {
        shell: pages::shell(visit),
        seller_kind: field(input.kind, problems.kind),
        legal_name: field(input.legal_name, problems.legal_name),
        tin: field(input.tin, problems.tin),
        birth_date: field(input.birth_date, problems.birth_date),
        address: field(input.address, problems.address),
        postcode: field(input.postcode, problems.postcode),
        town: field(input.town, problems.town),
        country: field(input.country, problems.country),
        bank_account: field(input.bank_account, problems.bank_account),
    }
}

pub(super) async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let input = match tax::find(&mut tx, &member.org_id).await? {
        Some(given) => given.to_input(),
        None => find_seller(&mut tx, &member.org_id)
            .await?
            .map(suggested)
            .unwrap_or_default(),
    };
    Ok(pages::html(&form_page(&visit, input, TaxProblems::default())))
}

pub(super) async fn submit(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<TaxForm>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let input = typed.into_input();
    let given = match input.check(visit.now) {
        Ok(given) => given,
        Err(problems) => {
            let page = form_page(&visit, input, problems);
            return Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
        }
    };
    let mut tx = state.db.write().await?;
    tax::state(&mut tx, &member.org_id, given, visit.now).await?;
    tx.commit().await?;
    let next = routes::with_notice(pattern::PROVIDER_MONEY, Notice::Saved);
    Ok(Redirect::to(&next).into_response())
}
