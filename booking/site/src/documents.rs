//! Documents as downloads, for those who may read them, their lists, and where an appointment's receipt is.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jiff::ToSpan as _;
use jiff::civil::Date;
use serde::Deserialize;
use web::pages::documents::{AccountDocumentsPage, DocumentRow, DocumentSum, ProviderDocumentsPage};
use web::routes::{self, pattern};

use crate::error::AppResult;
use crate::extract::{Path, Query, Visit};
use crate::operator::looks::{self, DocumentLook};
use crate::pages::{html, shell, shell_in};
use booking_core::AppState;
use booking_core::appointments;
use booking_core::availability::load::zone_named;
use booking_core::availability::{date_in, midnight};
use booking_core::base::Fault;
use booking_core::documents::{self, Document, KindSum, load_bytes};
use booking_core::providers::{own_org, owner};

/// Rows on a page.
const PAGE_SIZE: i64 = 50;
/// Years that can be looked at: others are slips, or mischief.
const YEARS: std::ops::RangeInclusive<i16> = 2020..=2100;

/// The routes of this feature.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::ACCOUNT_DOCUMENTS, get(own))
        .route(pattern::PROVIDER_DOCUMENTS, get(of_business))
        .route(pattern::DOCUMENT, get(document))
        .route(pattern::BOOKING_RECEIPT, get(receipt))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    day: String,
    page: String,
}

impl ListQuery {
    fn page(&self) -> u32 {
        self.page.parse().unwrap_or(1).clamp(1, 10_000)
    }

    fn offset(&self) -> i64 {
        i64::from(self.page() - 1) * PAGE_SIZE
    }
}

fn pages(total: i64) -> u32 {
    u32::try_from((total + PAGE_SIZE - 1) / PAGE_SIZE)
        .unwrap_or(u32::MAX)
        .max(1)
}

async fn own(State(state): State<AppState>, visit: Visit, Query(query): Query<ListQuery>) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let (documents, total) = documents::of_consumer(&mut tx, &who.id, PAGE_SIZE, query.offset()).await?;
    let row = |document: Document| DocumentRow {
        seller: document.org_name.clone(),
        ..row(document)
    };
    Ok(html(&AccountDocumentsPage {
        shell: shell(&visit),
        documents: documents.into_iter().map(row).collect(),
        page: query.page(),
        pages: pages(total),
    }))
}

async fn of_business(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<ListQuery>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, member).await?;
    let zone = zone_named(&org.time_zone);
    let asked = query.day.parse::<Date>().ok().filter(|day| YEARS.contains(&day.year()));
    let first = asked.unwrap_or_else(|| date_in(&zone, visit.now)).first_of_month();
    let last = first.last_of_month();
    let span = (midnight(&zone, first), midnight(&zone, last.saturating_add(1.day())));
    let sums = documents::sums_of_org(&mut tx, &org.id, span).await?;
    let documents = documents::of_org(&mut tx, &org.id, span, PAGE_SIZE, query.offset()).await?;
    Ok(html(&ProviderDocumentsPage {
        shell: shell_in(&visit, &org.time_zone),
        first,
        last,
        documents: documents.into_iter().map(row).collect(),
        pages: pages(sums.iter().map(|sum| sum.documents).sum()),
        sums: sums.into_iter().map(sum).collect(),
        page: query.page(),
    }))
}

pub(crate) fn row(document: Document) -> DocumentRow {
    DocumentRow {
        kind: document.kind.key(),
        number: document.name(),
        issued_at: document.issued_at,
        seller: String::new(),
        total_minor: document.kind.sign() * document.total_minor,
        currency: document.currency,
        appointment: document.appointment_id,
        id: document.id,
    }
}

fn sum(sum: KindSum) -> DocumentSum {
    DocumentSum {
        kind: sum.kind.key(),
        count: u32::try_from(sum.documents).unwrap_or(u32::MAX),
        total_minor: sum.kind.sign() * sum.total_minor,
        vat_minor: sum.kind.sign() * sum.vat_minor,
        currency: sum.currency,
    }
}

async fn document(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    visit.actor.signed_in()?;
    let found = documents::load(&mut state.db.read().await?, &visit.actor, &id).await;
    let document = match found {
        Err(Fault::NotFound) => match looks::read_document(&state, &visit, &id).await? {
            DocumentLook::Read(document) => *document,
            DocumentLook::AskWhy(page) => return Ok(Redirect::to(&page).into_response()),
        },
        found => found?,
    };
    let bytes = load_bytes(&state, &document).await?;
    let kind = document.kind.word().replace('_', "-");
    let disposition = format!("inline; filename=\"booka-{kind}-{}.pdf\"", document.name());
    Ok((
        [
            (header::CONTENT_TYPE, "application/pdf".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        bytes,
    )
        .into_response())
}

/// The address that mails name, which is known before there is a receipt: it leads to the newest one.
async fn receipt(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Redirect> {
    visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let appointment = appointments::load_with_receipt(&mut tx, &visit.actor, &id).await?;
    let receipt = documents::receipt_of(&mut tx, &appointment.id).await?;
    let receipt = receipt.ok_or(Fault::NotFound)?;
    Ok(Redirect::to(&routes::document(&receipt.id)))
}
