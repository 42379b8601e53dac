//! A provider's public page: services and the slot picker. Open to everybody, without an account or a cookie.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use web::pages::provider::{Calendar, DayCell, Picker, ProviderPage, ServiceOption, TimeSlot};
use web::pages::{ByInvoice, PriceBox, PriceState};
use web::routes::pattern;

use crate::appointments::views::{held, tint};
use crate::error::{AppError, AppResult};
use crate::extract::{Path, Query, Visit};
use crate::pages::{html, shell_in};
use crate::payments::view;
use crate::providers::service_form::facts;
use crate::seller_view::seller_view;
use booking_core::AppState;
use booking_core::availability::{OwnHolds, Reach, Slot, date_in, midnight, of_day};
use booking_core::base::db::Tx;
use booking_core::billing::sellers;
use booking_core::providers::vat::is_registered;
use booking_core::providers::{Org, Service, members, public_org, seller, services};

pub(super) fn router() -> Router<AppState> {
    Router::new().route(pattern::PROVIDER_PAGE, get(page))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PickerQuery {
    service: String,
    day: String,
}

async fn page(
    State(state): State<AppState>,
    visit: Visit,
    Path(slug): Path<String>,
    Query(query): Query<PickerQuery>,
) -> AppResult<Response> {
    state.limits.search_by_ip.check(&visit.ip_key())?;
    let mut tx = state.db.read().await?;
    let org = public_org(&mut tx, &visit.actor, &slug).await?;
    let members = members::names_met(&mut tx, &org.id).await?;
    let mut services = services::of_org(&mut tx, &org.id).await?;
    let offered = services.iter().filter(|service| service.details.active).count();
    let (paid, stands) = (
        sellers::sells(&mut tx, &state.payments, &org.id).await?,
        seller::stands(&mut tx, &org.id).await?,
    );
    services.retain(|service| service.is_offered(paid && stands));
    let unsold = (services.len() < offered).then_some(if paid {
        "provider-seller-unknown"
    } else {
        "provider-payments-off"
    });
    let seller = seller::find_seller(&mut tx, &org.id).await?;
    let chosen = services
        .iter()
        .find(|service| service.id == query.service)
        .or(services.first());
    let picker = match chosen {
        Some(service) => Some(picker(&state, &mut tx, &org, service, query.day.parse().ok(), &visit).await?),
        None => None,
    };
    let chosen = chosen.map(|service| service.id.clone());
    let held = held(&mut tx, &visit).await?;
    let options = services
        .into_iter()
        .map(|service| ServiceOption {
            selected: Some(&service.id) == chosen.as_ref(),
            facts: facts(&service.details),
            price: service.details.price_terms,
            id: service.id,
            title: service.details.title,
            description: service.details.description,
        })
        .collect();
    Ok(html(&ProviderPage {
        shell: shell_in(&visit, &org.time_zone),
        held,
        tint: tint(&org.id),
        slug: org.slug,
        name: org.name,
        category: org.category,
        town: org.town,
        about: org.description,
        members,
        org_number: (!org.orgno.is_empty()).then_some(org.orgno),
        services: options,
        unsold,
        seller: seller.map(|seller| seller_view(seller, visit.locale)),
        picker,
    }))
}

async fn picker(
    state: &AppState,
    tx: &mut Tx,
    org: &Org,
    service: &Service,
    day: Option<Date>,
    visit: &Visit,
) -> AppResult<Picker> {
    let now = visit.now;
    let window = service.details.window_days.clamp(1, Reach::Whole.days());
    let own = OwnHolds::load(tx, &visit.actor.visitor_hash, now).await?;
    let free = state.calendars.load_for(tx, &own, &service.id, Reach::Whole, now);
    let free = free.await?.ok_or(AppError::NotFound)?;
    let slots = free.bookable(now);
    let today = date_in(&free.zone, now);
    let last = today.saturating_add(Span::new().days(window - 1));
    let first_free = slots.first().map(|slot| date_in(&free.zone, slot.start_us));
    let selected = day
        .filter(|day| (today..=last).contains(day))
        .or(first_free)
        .unwrap_or(today);
    let times: Vec<TimeSlot> = of_day(slots, &free.zone, selected)
        .iter()
        .map(|slot| TimeSlot {
            start: slot.start_us,
            end: slot.end_us,
        })
        .collect();
    let next_free = match times.is_empty() {
        true => {
            let tomorrow = midnight(&free.zone, selected.saturating_add(Span::new().days(1)));
            let after = slots.partition_point(|slot| slot.start_us < tomorrow);
            slots.get(after).map(|slot| slot.start_us)
        }
        false => None,
    };
    // What is sold is taxed as on its day.
    let moment = times.first().map_or(now, |time| time.start);
    let registered = is_registered(tx, &org.id, moment).await?;
    let price = PriceBox {
        price: service.details.price_terms.clone(),
        duration_min: u32::try_from(service.details.duration_min).unwrap_or(0),
        provider_name: org.name.clone(),
        vat: view::vat(
            service.details.vat_code.sold_by(registered).rate_bp(moment),
            service.details.price_terms.most_minor(),
        ),
        cancel: Some(
            service
                .details
                .cancel_policy
                .terms_in_hours(&service.details.price_terms),
        ),
        test: false,
        state: PriceState::Estimate,
        refunded: None,
        invoice: state.payments.takes_invoices_only().then_some(ByInvoice::Later),
    };
    let calendar = calendar(&free.zone, slots, today, last, selected);
    Ok(Picker {
        service: service.id.clone(),
        calendar,
        times,
        next_free,
        price,
    })
}

/// So many days are shown at least, where they can be booked: the end of a month runs on into the next one.
const CALENDAR_DAYS_MIN: i64 = 14;

/// The bookable days of the selected day's month, with their numbers of free times.
fn calendar(zone: &TimeZone, slots: &[Slot], today: Date, last: Date, selected: Date) -> Calendar {
    let (month_first, month_last) = (selected.first_of_month(), selected.last_of_month());
    let one_day = Span::new().days(1);
    let mut days = Vec::new();
    let mut date = month_first.max(today);
    let shown_last = month_last.max(date.saturating_add(Span::new().days(CALENDAR_DAYS_MIN - 1)));
    while date <= shown_last.min(last) {
        days.push(DayCell {
            date,
            free: u32::try_from(of_day(slots, zone, date).len()).unwrap_or(u32::MAX),
        });
        date = date.saturating_add(one_day);
    }
    let before = month_first.saturating_sub(one_day);
    let after = month_last.saturating_add(one_day);
    Calendar {
        days,
        today,
        selected,
        earlier: (before >= today).then(|| before.first_of_month().max(today)),
        later: (after <= last).then_some(after),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    /// Trial E22: at the end of November two days were all there was to choose from.
    #[test]
    fn the_end_of_a_month_runs_on_into_the_next() {
        let check =
            |today: Date, last: Date, selected: Date, first_shown: Date, last_shown: Date, later: Option<Date>| {
                let calendar = calendar(&TimeZone::UTC, &[], today, last, selected);
                let shown = (
                    calendar.days.first().map(|day| day.date),
                    calendar.days.last().map(|day| day.date),
                );
                assert_eq!(shown, (Some(first_shown), Some(last_shown)));
                assert_eq!(calendar.later, later);
            };
        let (today, far) = (date(2026, 11, 29), date(2027, 3, 1));
        check(today, far, today, today, date(2026, 12, 12), Some(date(2026, 12, 1)));
        check(
            today,
            far,
            date(2026, 12, 3),
            date(2026, 12, 1),
            date(2026, 12, 31),
            Some(date(2027, 1, 1)),
        );
        let soon = date(2026, 12, 4);
        check(today, soon, today, today, soon, Some(date(2026, 12, 1)));
        let early = date(2026, 11, 5);
        check(early, far, early, early, date(2026, 11, 30), Some(date(2026, 12, 1)));
    }
}
