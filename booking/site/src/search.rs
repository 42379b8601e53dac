//! The front page and the results.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use serde::Deserialize;
use web::pages::home::HomePage;
use web::pages::search::{Category, FreeTime, PlaceFound, ProviderCard, SearchForm, SearchPage, When, Wider};
use web::routes::pattern;

use crate::appointments::views;
use crate::error::{AppError, AppResult};
use crate::extract::{Query, Visit};
use crate::pages::{html, shell};
use booking_core::AppState;
use booking_core::availability::OwnHolds;
use booking_core::base::limits::LINE_CHARS_MAX;
use booking_core::billing::sellers;
use booking_core::search::{
    Listing, Place, PlaceMatch, Search, TimesFor, find_place, list_categories, radius_km, search_providers,
};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::HOME, get(home))
        .route(pattern::SEARCH, get(search))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SearchParams {
    what: String,
    r#where: String,
    category: String,
    when: String,
    /// Missing means the usual one around a place; empty means no limit.
    radius: Option<String>,
    page: String,
}

async fn home(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    state.limits.search_by_ip.check(&visit.ip_key())?;
    let mut tx = state.db.read().await?;
    let selling = sellers::selling(&mut tx, &state.payments).await?;
    drop(tx);
    let soon = state.soon.load(&state, &state.calendars, selling).await?;
    let mut tx = state.db.read().await?;
    let categories = list_categories(&mut tx).await?;
    Ok(html(&HomePage {
        shell: shell(&visit),
        held: views::held(&mut tx, &visit).await?,
        form: SearchForm::default(),
        categories,
        town: None,
        soon: soon.listings.iter().cloned().map(card).collect(),
        soon_total: soon.free_today,
    }))
}

async fn search(State(state): State<AppState>, visit: Visit, Query(asked): Query<SearchParams>) -> AppResult<Response> {
    state.limits.search_by_ip.check(&visit.ip_key())?;
    if asked.what.chars().count() > LINE_CHARS_MAX || asked.r#where.chars().count() > LINE_CHARS_MAX {
        return Err(AppError::BadRequest("the search is too long"));
    }
    let mut tx = state.db.read().await?;
    let place_match = find_place(&mut tx, &asked.r#where).await?;
    let wanted = Search {
        what: asked.what,
        category: Category::from_slug(&asked.category),
        when: When::from_slug(&asked.when),
        radius_km: radius_km(asked.radius.as_deref(), place_match.place()),
        place: place_match.place().cloned(),
        now: visit.now,
        selling: sellers::selling(&mut tx, &state.payments).await?,
    };
    let own = OwnHolds::load(&mut tx, &visit.actor.visitor_hash, visit.now).await?;
    let times = TimesFor {
        calendars: &state.calendars,
        own: &own,
    };
    let results = search_providers(&mut tx, times, &wanted, asked.page.parse().unwrap_or(1)).await?;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let cards = |listings: Vec<Listing>| listings.into_iter().map(card).collect();
    Ok(html(&SearchPage {
        shell: shell(&visit),
        held: views::held(&mut tx, &visit).await?,
        place: place_found(&place_match),
        elsewhere: cards(results.elsewhere),
        form: SearchForm {
            what: wanted.what,
            place: asked.r#where,
            category: wanted.category,
            when: wanted.when,
            radius_km: wanted.radius_km,
        },
        cards: cards(results.listings),
        total: u64::from(number(results.total)),
        page: number(results.page),
        pages: number(results.pages),
        wider: results.wider.map(|(radius_km, count)| Wider {
            radius_km,
            count: u64::from(number(count)),
        }),
    }))
}

/// What became of the place that was typed, in the words of the page.
fn place_found(found: &PlaceMatch) -> PlaceFound {
    let names = |places: &[Place]| places.iter().map(Place::full_name).collect();
    match found {
        PlaceMatch::Empty => PlaceFound::None,
        PlaceMatch::Named { place, others } => PlaceFound::Known {
            name: place.name.clone(),
            guessed: false,
            others: names(others),
        },
        PlaceMatch::Guessed { place, others } => PlaceFound::Known {
            name: place.name.clone(),
            guessed: true,
            others: names(others),
        },
        PlaceMatch::Unknown { nearest } => PlaceFound::Unknown {
            nearest: names(nearest),
        },
    }
}

/// A provider in a list of the page.
fn card(listing: Listing) -> ProviderCard {
    ProviderCard {
        tint: views::tint(&listing.org_id),
        slug: listing.slug,
        name: listing.name,
        category: listing.category,
        town: listing.town,
        distance_km: listing.distance_m.map(|metres| metres / 1000.0),
        service: listing.service.id,
        service_title: listing.service.title,
        duration_min: u32::try_from(listing.service.duration_min).unwrap_or(0),
        price: listing.service.price,
        next: listing.free_us.into_iter().map(|start| FreeTime { start }).collect(),
    }
}
