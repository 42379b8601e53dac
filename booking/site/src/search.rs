//! The front page and the results.

use std::cmp::Ordering;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use serde::Deserialize;
use signaling_protocol::PriceTerms;
use web::pages::home::HomePage;
use web::pages::search::{Category, FreeTime, PlaceFound, ProviderCard, RADII_KM, SearchForm, SearchPage, When, Wider};
use web::routes::pattern;

use crate::appointments::views;
use crate::error::{AppError, AppResult};
use crate::extract::{Query, Visit};
use crate::pages::{html, shell};
use crate::payments::view::price_of;
use booking_core::AppState;
use booking_core::availability;
use booking_core::availability::load::zone_named;
use booking_core::base::DEFAULT_ZONE;
use booking_core::base::db::{FromRow, Row, RowError, Tx};
use booking_core::base::limits::{LINE_CHARS_MAX, SEARCH_CANDIDATES_MAX, SEARCH_PAGE_SIZE};
use booking_core::base::{DAY_US, Micros};
use booking_core::params;
use booking_core::search::{Place, PlaceMatch, Position, around, distance_m, find_place, fold, queries, read_search};

/// Radius around a place when none was chosen, kilometres.
const RADIUS_KM: u32 = 50;
/// Free times on a card.
const TIMES_ON_CARD: usize = 4;
/// How far ahead a card looks for free times, days.
const CARD_DAYS: i64 = 14;
/// Providers from elsewhere, where nobody near was found.
const ELSEWHERE_MAX: usize = 5;
/// Providers on the front page.
const SOON_MAX: usize = 5;
/// Providers whose free times one request computes at most; beyond it the rest counts as not free.
const TIMES_COMPUTED_MAX: usize = 200;

/// Everything on the globe.
const EVERYWHERE: (i64, i64, i64, i64) = (-90_000_000, 90_000_000, -180_000_000, 180_000_000);

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

struct Candidate {
    id: String,
    slug: String,
    name: String,
    category: Category,
    town: String,
    position: Position,
    folded: String,
}

impl FromRow for Candidate {
    fn from_row(row: &Row) -> Result<Self, RowError> {
        let category: String = row.get("category")?;
        Ok(Self {
            id: row.get("id")?,
            slug: row.get("slug")?,
            name: row.get("name")?,
            category: Category::from_slug(&category).ok_or_else(|| RowError::ColumnNotFound(category))?,
            town: row.get("town")?,
            position: Position {
                lat_e6: row.get("lat_e6")?,
                lon_e6: row.get("lon_e6")?,
            },
            folded: row.get("folded")?,
        })
    }
}

struct Offered {
    id: String,
    title: String,
    duration_min: i64,
    price_terms: String,
}

impl FromRow for Offered {
    fn from_row(row: &Row) -> Result<Self, RowError> {
        Ok(Self {
            id: row.get("id")?,
            title: row.get("title")?,
            duration_min: row.get("duration_min")?,
            price_terms: row.get("price_terms")?,
        })
    }
}

/// A candidate that fits, how well, and how far away.
struct Found {
    candidate: Candidate,
    score: usize,
    metres: Option<f64>,
}

/// When somebody looks, and whether priced services can be had here at all.
#[derive(Clone, Copy)]
struct At {
    now: Micros,
    sells: bool,
}

impl At {
    fn of(state: &AppState, visit: &Visit) -> Self {
        Self {
            now: visit.now,
            sells: state.payments.takes_payments(),
        }
    }
}

async fn home(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    state.limits.search_by_ip.check(&visit.ip_key())?;
    let mut tx = state.db.read().await?;
    let categories: Vec<String> = tx.all(queries::CATEGORIES, params![]).await?;
    let form = SearchForm {
        radius_km: None,
        ..SearchForm::default()
    };
    let at = At::of(&state, &visit);
    let today = window(When::Today, visit.now);
    let mut soon = Vec::new();
    let mut soon_total = 0;
    for found in find(&mut tx, &form, None).await?.into_iter().take(TIMES_COMPUTED_MAX) {
        let Some(card) = card(&mut tx, found, at, (visit.now, visit.now + DAY_US)).await? else {
            continue;
        };
        if let Some(first) = card.next.first() {
            soon_total += u64::from(first.start < today.1);
            soon.push(card);
        }
    }
    soon.sort_by_key(|card| card.next.first().map(|time| time.start));
    soon.truncate(SOON_MAX);
    Ok(html(&HomePage {
        shell: shell(&visit),
        form: SearchForm::default(),
        categories: categories.iter().filter_map(|slug| Category::from_slug(slug)).collect(),
        town: None,
        soon,
        soon_total,
    }))
}

async fn search(State(state): State<AppState>, visit: Visit, Query(asked): Query<SearchParams>) -> AppResult<Response> {
    state.limits.search_by_ip.check(&visit.ip_key())?;
    if asked.what.chars().count() > LINE_CHARS_MAX || asked.r#where.chars().count() > LINE_CHARS_MAX {
        return Err(AppError::BadRequest("the search is too long"));
    }
    let mut tx = state.db.read().await?;
    let place_match = find_place(&mut tx, &asked.r#where).await?;
    let place = place_match.place();
    let mut form = SearchForm {
        what: asked.what,
        place: asked.r#where,
        category: Category::from_slug(&asked.category),
        when: When::from_slug(&asked.when),
        radius_km: asked
            .radius
            .as_ref()
            .and_then(|radius| radius.parse().ok())
            .filter(|km| RADII_KM.contains(km)),
    };
    let unlimited = asked.radius.is_some_and(|radius| radius.is_empty());
    if place.is_some() && form.radius_km.is_none() && !unlimited {
        form.radius_km = Some(RADIUS_KM);
    }
    let at = At::of(&state, &visit);
    let matching = matching(&mut tx, &form, place, at).await?;
    let total = matching.len();
    let pages = total.div_ceil(SEARCH_PAGE_SIZE).max(1);
    let page = asked.page.parse::<usize>().unwrap_or(1).clamp(1, pages);
    let mut cards = Vec::new();
    let shown = window(form.when, visit.now);
    for found in matching
        .into_iter()
        .skip((page - 1) * SEARCH_PAGE_SIZE)
        .take(SEARCH_PAGE_SIZE)
    {
        cards.extend(card(&mut tx, found, at, shown).await?);
    }
    let wider = if total == 0 {
        wider(&mut tx, &form, place, at).await?
    } else {
        None
    };
    let elsewhere = match (total, place) {
        (0, Some(_)) => elsewhere(&mut tx, &form, place, at).await?,
        _ => Vec::new(),
    };
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(html(&SearchPage {
        shell: shell(&visit),
        place: place_found(&place_match),
        elsewhere,
        form,
        cards,
        total: u64::from(number(total)),
        page: number(page),
        pages: number(pages),
        wider,
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

/// Who can help by video although nobody near the place can, the nearest first among equals.
async fn elsewhere(tx: &mut Tx, form: &SearchForm, place: Option<&Place>, at: At) -> AppResult<Vec<ProviderCard>> {
    let anywhere = SearchForm {
        radius_km: None,
        ..form.clone()
    };
    let shown = window(form.when, at.now);
    let mut cards = Vec::new();
    for found in matching(tx, &anywhere, place, at)
        .await?
        .into_iter()
        .take(ELSEWHERE_MAX)
    {
        cards.extend(card(tx, found, at, shown).await?);
    }
    Ok(cards)
}

/// Everything that fits, best first; with a wish for a day, only providers that have a free time then.
async fn matching(tx: &mut Tx, form: &SearchForm, place: Option<&Place>, at: At) -> AppResult<Vec<Found>> {
    let found = find(tx, form, place).await?;
    if form.when == When::Any {
        return Ok(found);
    }
    let wanted = window(form.when, at.now);
    let mut free = Vec::new();
    for one in found.into_iter().take(TIMES_COMPUTED_MAX) {
        let offered = offered(tx, &one.candidate.id, at, wanted).await?;
        if offered.is_some_and(|(_, times)| !times.is_empty()) {
            free.push(one);
        }
    }
    Ok(free)
}

/// Everything that fits by words, trade and place, best first.
async fn find(tx: &mut Tx, form: &SearchForm, place: Option<&Place>) -> AppResult<Vec<Found>> {
    let (south, north, west, east) = match (place, form.radius_km) {
        (Some(place), Some(radius)) => around(place.position, radius),
        (Some(_) | None, _) => EVERYWHERE,
    };
    let category = form.category.map_or("", Category::slug);
    let candidates: Vec<Candidate> = tx
        .all(
            queries::CANDIDATES,
            params![category, south, north, west, east, SEARCH_CANDIDATES_MAX],
        )
        .await?;
    let asked = read_search(&form.what);
    let mut found: Vec<Found> = candidates
        .into_iter()
        .map(|candidate| Found {
            score: asked.score(candidate.category, &fold(&candidate.name), &candidate.folded),
            metres: place.map(|place| distance_m(place.position, candidate.position)),
            candidate,
        })
        .filter(|found| asked.is_empty() || found.score > 0)
        .filter(|found| match (found.metres, form.radius_km) {
            (Some(metres), Some(radius)) => metres <= f64::from(radius) * 1000.0,
            (Some(_) | None, _) => true,
        })
        .collect();
    found.sort_by(|a, b| {
        let nearer = a.metres.partial_cmp(&b.metres).unwrap_or(Ordering::Equal);
        b.score
            .cmp(&a.score)
            .then(nearer)
            .then_with(|| a.candidate.name.cmp(&b.candidate.name))
    });
    Ok(found)
}

/// The next larger radius in which something fits.
async fn wider(tx: &mut Tx, form: &SearchForm, place: Option<&Place>, at: At) -> AppResult<Option<Wider>> {
    let (Some(_), Some(radius)) = (place, form.radius_km) else {
        return Ok(None);
    };
    for radius_km in RADII_KM.into_iter().filter(|km| *km > radius) {
        let form = SearchForm {
            radius_km: Some(radius_km),
            ..form.clone()
        };
        let count = matching(tx, &form, place, at).await?.len();
        if count > 0 {
            return Ok(Some(Wider {
                radius_km,
                count: u64::try_from(count).unwrap_or(u64::MAX),
            }));
        }
    }
    Ok(None)
}

/// A provider as results show it; `None` when it offers nothing.
async fn card(tx: &mut Tx, found: Found, at: At, shown: (Micros, Micros)) -> AppResult<Option<ProviderCard>> {
    let Found {
        candidate,
        metres,
        score: _,
    } = found;
    let Some((service, next)) = offered(tx, &candidate.id, at, shown).await? else {
        return Ok(None);
    };
    let terms: PriceTerms = serde_json::from_str(&service.price_terms).map_err(|error| AppError::internal(&error))?;
    Ok(Some(ProviderCard {
        tint: views::tint(&candidate.id),
        slug: candidate.slug,
        name: candidate.name,
        category: candidate.category,
        town: candidate.town,
        distance_km: metres.map(|metres| metres / 1000.0),
        service: service.id,
        service_title: service.title,
        duration_min: u32::try_from(service.duration_min).unwrap_or(0),
        price: price_of(&terms),
        next: next.into_iter().take(TIMES_ON_CARD).collect(),
    }))
}

/// A provider's first service that has free times in `wanted`, with them; else its first one, without any.
async fn offered(
    tx: &mut Tx,
    org: &str,
    at: At,
    wanted: (Micros, Micros),
) -> AppResult<Option<(Offered, Vec<FreeTime>)>> {
    let services: Vec<Offered> = tx.all(queries::SERVICES, params![org]).await?;
    let mut first = None;
    for service in services {
        let price: PriceTerms =
            serde_json::from_str(&service.price_terms).map_err(|error| AppError::internal(&error))?;
        if !at.sells && price.most_minor() > 0 {
            continue;
        }
        let times = free_times(tx, &service.id, at.now, wanted).await?;
        if !times.is_empty() {
            return Ok(Some((service, times)));
        }
        first.get_or_insert((service, times));
    }
    Ok(first)
}

async fn free_times(
    tx: &mut Tx,
    service: &str,
    now: Micros,
    (from, until): (Micros, Micros),
) -> AppResult<Vec<FreeTime>> {
    let slots = availability::of_service(tx, service, now, from, until).await?;
    Ok(slots.map_or_else(Vec::new, |slots| {
        slots
            .merged()
            .into_iter()
            .map(|slot| FreeTime { start: slot.start_us })
            .collect()
    }))
}

/// The time in which a free slot is wanted; any time means as far as a card looks ahead.
fn window(when: When, now: Micros) -> (Micros, Micros) {
    let zone = zone_named(DEFAULT_ZONE);
    let today = Timestamp::from_microsecond(now)
        .unwrap_or(Timestamp::UNIX_EPOCH)
        .to_zoned(zone.clone())
        .date();
    let midnight = |days: i64| start_of(today, days, &zone);
    match when {
        When::Any => (now, now + CARD_DAYS * DAY_US),
        When::Today => (now, midnight(1)),
        When::Tomorrow => (midnight(1), midnight(2)),
        When::Week => (now, midnight(7)),
    }
}

/// The first moment of the day that is `days` after `today`.
fn start_of(today: Date, days: i64, zone: &TimeZone) -> Micros {
    let day = today.checked_add(days.days()).unwrap_or(today);
    day.to_zoned(zone.clone())
        .map_or(0, |start| start.timestamp().as_microsecond())
}
