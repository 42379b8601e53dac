//! Who is shown for a search, in which order, with which service and which free times.

use std::cmp::Ordering;

use jiff::Span;
use signaling_protocol::PriceTerms;
use texts::Category;
use texts::narrow::{RADII_KM, When};

use super::{Place, Position, around, distance_m, fold, queries, read_search};
use crate::availability::load::zone_named;
use crate::availability::{Calendars, OwnHolds, Reach, date_in, midnight};
use crate::base::charge::Selling;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::limits::{SEARCH_CANDIDATES_MAX, SEARCH_PAGE_SIZE};
use crate::base::{DAY_US, DEFAULT_ZONE, Micros, charge};
use crate::params;

/// Radius around a place when none was chosen, kilometres.
const USUAL_RADIUS_KM: u32 = 50;
/// Free times of one listing.
const TIMES_MAX: usize = 4;
/// Providers from elsewhere, where nobody near was found.
const ELSEWHERE_MAX: usize = 5;
/// Providers with the soonest free times.
const SOON_MAX: usize = 5;
/// Providers whose free times one request computes at most; beyond it the rest counts as not free.
const TIMES_COMPUTED_MAX: usize = 200;

/// Everything on the globe.
const EVERYWHERE: (i64, i64, i64, i64) = (-90_000_000, 90_000_000, -180_000_000, 180_000_000);

/// Where free times are had from, and who looks.
#[derive(Clone, Copy)]
pub struct TimesFor<'a> {
    pub calendars: &'a Calendars,
    /// What the browser holds already.
    pub own: &'a OwnHolds,
}

/// What somebody looks for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// Words as typed.
    pub what: String,
    pub category: Option<Category>,
    pub when: When,
    pub place: Option<Place>,
    /// `None` means no limit.
    pub radius_km: Option<u32>,
    pub now: Micros,
    /// Who can sell what has a price: only theirs is shown.
    pub selling: Selling,
}

/// A provider as results show it.
#[derive(Debug, Clone, PartialEq)]
pub struct Listing {
    pub org_id: String,
    pub slug: String,
    pub name: String,
    pub category: Category,
    pub town: String,
    /// From the searched place, metres.
    pub distance_m: Option<f64>,
    pub service: ListedService,
    /// The next free times of the service, soonest first.
    pub free_us: Vec<Micros>,
}

/// The service that price and times of a [`Listing`] belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedService {
    pub id: String,
    pub title: String,
    pub duration_min: i64,
    pub price: PriceTerms,
}

impl FromRow for ListedService {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            title: row.get("title")?,
            duration_min: row.get("duration_min")?,
            price: row.json("price_terms")?,
        })
    }
}

/// One page of results.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchResults {
    pub listings: Vec<Listing>,
    /// Providers on all pages.
    pub total: usize,
    /// From 1.
    pub page: usize,
    pub pages: usize,
    /// Who can help by video from elsewhere, when nobody near the place was found.
    pub elsewhere: Vec<Listing>,
    /// The next larger radius in which something was found, kilometres, and how many; when nothing was.
    pub wider: Option<(u32, usize)>,
}

/// Providers with the soonest free times.
#[derive(Debug, Clone, PartialEq)]
pub struct SoonFree {
    pub listings: Vec<Listing>,
    /// How many providers have a free time today.
    pub free_today: u64,
}

/// The radius that an address asks for, kilometres: none at all means the usual one around a place, an empty one no limit.
#[must_use]
pub fn radius_km(asked: Option<&str>, place: Option<&Place>) -> Option<u32> {
    let chosen = asked
        .and_then(|radius| radius.parse().ok())
        .filter(|km| RADII_KM.contains(km));
    let unlimited = asked.is_some_and(str::is_empty);
    chosen.or((place.is_some() && !unlimited).then_some(USUAL_RADIUS_KM))
}

/// Finds one page of results, the best first. A page that is not there becomes the nearest one that is.
///
/// # Errors
/// When the database fails.
pub async fn search_providers(
    tx: &mut Tx,
    times: TimesFor<'_>,
    search: &Search,
    page: usize,
) -> Result<SearchResults, DbError> {
    let matching = find_matching(tx, times, search).await?;
    let total = matching.len();
    let pages = total.div_ceil(SEARCH_PAGE_SIZE).max(1);
    let page = page.clamp(1, pages);
    let on_page = matching.into_iter().skip((page - 1) * SEARCH_PAGE_SIZE);
    let listings = load_listings(tx, times, search, on_page.take(SEARCH_PAGE_SIZE)).await?;
    let (wider, elsewhere) = if total == 0 && search.place.is_some() {
        find_beyond(tx, times, search).await?
    } else {
        (None, Vec::new())
    };
    Ok(SearchResults {
        listings,
        total,
        page,
        pages,
        elsewhere,
        wider,
    })
}

/// Finds who is free within a day.
///
/// # Errors
/// When the database fails.
pub async fn find_soon_free(
    tx: &mut Tx,
    calendars: &Calendars,
    now: Micros,
    selling: Selling,
) -> Result<SoonFree, DbError> {
    let times = TimesFor {
        calendars,
        own: &OwnHolds::default(),
    };
    let search = Search {
        now,
        selling,
        ..Search::default()
    };
    let (_, tonight) = window(When::Today, now);
    let mut soon = SoonFree {
        listings: Vec::new(),
        free_today: 0,
    };
    for candidate in find_candidates(tx, &search).await?.into_iter().take(TIMES_COMPUTED_MAX) {
        let listing = load_listing(tx, times, &search, candidate, (now, now + DAY_US)).await?;
        let Some(listing) = listing else { continue };
        if let Some(first) = listing.free_us.first() {
            soon.free_today += u64::from(*first < tonight);
            soon.listings.push(listing);
        }
    }
    soon.listings.sort_by_key(|listing| listing.free_us.first().copied());
    soon.listings.truncate(SOON_MAX);
    Ok(soon)
}

/// The trades that have at least one published provider.
///
/// # Errors
/// When the database fails.
pub async fn list_categories(tx: &mut Tx) -> Result<Vec<Category>, DbError> {
    let slugs: Vec<String> = tx.all(queries::CATEGORIES, params![]).await?;
    Ok(slugs.iter().filter_map(|slug| Category::from_slug(slug)).collect())
}

/// The words in the addresses of published providers, at most so many.
///
/// # Errors
/// When the database fails.
pub async fn list_public_slugs(tx: &mut Tx, max: i64) -> Result<Vec<String>, DbError> {
    tx.all(queries::PUBLIC_PAGES, params![max]).await
}

/// A published provider that fits, how well, and how far away.
struct Candidate {
    org: Org,
    score: usize,
    distance_m: Option<f64>,
}

struct Org {
    id: String,
    slug: String,
    name: String,
    category: Category,
    town: String,
    position: Position,
    folded: String,
    /// What has a price can be ordered from it.
    seller_stands: bool,
}

impl FromRow for Org {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            slug: row.get("slug")?,
            name: row.get("name")?,
            category: row.parse("category")?,
            town: row.get("town")?,
            position: Position {
                lat_e6: row.get("lat_e6")?,
                lon_e6: row.get("lon_e6")?,
            },
            folded: row.get("folded")?,
            seller_stands: row.flag("seller_stands")?,
        })
    }
}

/// Everything that fits, best first; where a day is asked for, only providers that have a free time then.
async fn find_matching(tx: &mut Tx, times: TimesFor<'_>, search: &Search) -> Result<Vec<Candidate>, DbError> {
    let candidates = find_candidates(tx, search).await?;
    if search.when == When::Any {
        return Ok(candidates);
    }
    let wanted = window(search.when, search.now);
    let mut free = Vec::new();
    for candidate in candidates.into_iter().take(TIMES_COMPUTED_MAX) {
        let offer = choose_service(tx, times, search, &candidate.org, wanted).await?;
        if offer.is_some_and(|(_, times)| !times.is_empty()) {
            free.push(candidate);
        }
    }
    Ok(free)
}

/// Everything that fits by words, trade and place, best first.
async fn find_candidates(tx: &mut Tx, search: &Search) -> Result<Vec<Candidate>, DbError> {
    let (south, north, west, east) = match (&search.place, search.radius_km) {
        (Some(place), Some(radius)) => around(place.position, radius),
        (Some(_) | None, _) => EVERYWHERE,
    };
    let category = search.category.map_or("", Category::slug);
    let within = params![category, south, north, west, east, SEARCH_CANDIDATES_MAX];
    let orgs: Vec<Org> = tx.all(queries::CANDIDATES, within).await?;
    let asked = read_search(&search.what);
    let mut candidates: Vec<Candidate> = orgs
        .into_iter()
        .map(|org| Candidate {
            score: asked.score(org.category, &fold(&org.name), &org.folded),
            distance_m: search
                .place
                .as_ref()
                .map(|place| distance_m(place.position, org.position)),
            org,
        })
        .filter(|candidate| asked.is_empty() || candidate.score > 0)
        .filter(|candidate| match (candidate.distance_m, search.radius_km) {
            (Some(metres), Some(radius)) => metres <= f64::from(radius) * 1000.0,
            (Some(_) | None, _) => true,
        })
        .collect();
    candidates.sort_by(|a, b| {
        let nearer = a.distance_m.partial_cmp(&b.distance_m).unwrap_or(Ordering::Equal);
        b.score
            .cmp(&a.score)
            .then(nearer)
            .then_with(|| a.org.name.cmp(&b.org.name))
    });
    Ok(candidates)
}

/// The next larger radius, kilometres, and how many are found in it, if any are.
type Wider = Option<(u32, usize)>;

/// What there is beyond a radius in which nothing fits: the next larger one in which something does, and who can help by
/// video from wherever, the nearest first among equals.
async fn find_beyond(tx: &mut Tx, times: TimesFor<'_>, search: &Search) -> Result<(Wider, Vec<Listing>), DbError> {
    let anywhere = Search {
        radius_km: None,
        ..search.clone()
    };
    let found = find_matching(tx, times, &anywhere).await?;
    let within = |km: u32| {
        let near = |candidate: &&Candidate| {
            candidate
                .distance_m
                .is_some_and(|metres| metres <= f64::from(km) * 1000.0)
        };
        found.iter().filter(near).count()
    };
    let larger = RADII_KM
        .into_iter()
        .filter(|km| search.radius_km.is_some_and(|radius| *km > radius));
    let wider = larger.map(|km| (km, within(km))).find(|(_, count)| *count > 0);
    let elsewhere = load_listings(tx, times, search, found.into_iter().take(ELSEWHERE_MAX)).await?;
    Ok((wider, elsewhere))
}

async fn load_listings(
    tx: &mut Tx,
    times: TimesFor<'_>,
    search: &Search,
    candidates: impl Iterator<Item = Candidate>,
) -> Result<Vec<Listing>, DbError> {
    let shown = window(search.when, search.now);
    let mut listings = Vec::new();
    for candidate in candidates {
        listings.extend(load_listing(tx, times, search, candidate, shown).await?);
    }
    Ok(listings)
}

/// A provider as results show it; `None` when it offers nothing.
async fn load_listing(
    tx: &mut Tx,
    times: TimesFor<'_>,
    search: &Search,
    candidate: Candidate,
    shown: (Micros, Micros),
) -> Result<Option<Listing>, DbError> {
    let Candidate { org, distance_m, .. } = candidate;
    let offer = choose_service(tx, times, search, &org, shown).await?;
    Ok(offer.map(|(service, mut free_us)| {
        free_us.truncate(TIMES_MAX);
        Listing {
            org_id: org.id,
            slug: org.slug,
            name: org.name,
            category: org.category,
            town: org.town,
            distance_m,
            service,
            free_us,
        }
    }))
}

/// A provider's first service that has free times in `wanted`, with them; else its first one, without any.
async fn choose_service(
    tx: &mut Tx,
    times: TimesFor<'_>,
    search: &Search,
    org: &Org,
    wanted: (Micros, Micros),
) -> Result<Option<(ListedService, Vec<Micros>)>, DbError> {
    let services: Vec<ListedService> = tx.all(queries::SERVICES, params![&org.id]).await?;
    let sells = org.seller_stands && search.selling.includes(&org.id);
    let mut first = None;
    for service in services {
        if !charge::can_be_sold(&service.price, sells) {
            continue;
        }
        let free = free_times(tx, times, &service.id, search.now, wanted).await?;
        if !free.is_empty() {
            return Ok(Some((service, free)));
        }
        first.get_or_insert((service, free));
    }
    Ok(first)
}

async fn free_times(
    tx: &mut Tx,
    times: TimesFor<'_>,
    service: &str,
    now: Micros,
    (from, until): (Micros, Micros),
) -> Result<Vec<Micros>, DbError> {
    let found = times
        .calendars
        .load_for(tx, times.own, service, Reach::Near, now)
        .await?;
    let starts = found
        .iter()
        .flat_map(|found| found.bookable(now))
        .map(|slot| slot.start_us);
    Ok(starts.filter(|start| (from..until).contains(start)).collect())
}

/// The time in which a free slot is wanted; any time means as far as a listing looks ahead.
fn window(when: When, now: Micros) -> (Micros, Micros) {
    let zone = zone_named(DEFAULT_ZONE);
    let today = date_in(&zone, now);
    let start_of = |days: i64| midnight(&zone, today.checked_add(Span::new().days(days)).unwrap_or(today));
    match when {
        When::Any => (now, now + Reach::Near.days() * DAY_US),
        When::Today => (now, start_of(1)),
        When::Tomorrow => (start_of(1), start_of(2)),
        When::Week => (now, start_of(7)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_radius_unless_none_is_wanted() {
        let oslo = Place {
            name: "Oslo".into(),
            municipality: "Oslo".into(),
            county: "Oslo".into(),
            postcode: String::new(),
            position: Position { lat_e6: 0, lon_e6: 0 },
        };
        assert_eq!(radius_km(None, Some(&oslo)), Some(USUAL_RADIUS_KM));
        assert_eq!(radius_km(Some("25"), Some(&oslo)), Some(25));
        assert_eq!(radius_km(Some(""), Some(&oslo)), None);
        // What no form of ours sends.
        assert_eq!(radius_km(Some("-5"), Some(&oslo)), Some(USUAL_RADIUS_KM));
        assert_eq!(radius_km(None, None), None);
        assert_eq!(radius_km(Some("25"), None), Some(25));
    }

    #[test]
    fn days_begin_at_midnight_where_people_are() {
        // 2026-03-28 20:00 UTC, the evening before summer time begins in Oslo.
        let now = 1_774_728_000_000_000;
        let hour = DAY_US / 24;
        assert_eq!(window(When::Today, now), (now, now + 3 * hour));
        assert_eq!(window(When::Tomorrow, now), (now + 3 * hour, now + 26 * hour));
        assert_eq!(window(When::Any, now), (now, now + 14 * DAY_US));
    }
}
