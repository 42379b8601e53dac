//! The provider's appointments by week or month, past and coming, with receipts and what they came to.

use axum::extract::State;
use axum::response::Response;
use jiff::civil::{Date, Weekday};
use jiff::{ToSpan as _, tz::TimeZone};
use serde::Deserialize;
use web::pages::provider_admin::{AgendaEntry, AgendaPeriod, EarnedRow, EntryMoney, ProviderAppointmentsPage};

use crate::appointments::timeline::page_status;
use crate::error::AppResult;
use crate::extract::{Query, Visit};
use crate::pages::{html, shell_in};
use booking_core::AppState;
use booking_core::availability::load::zone_named;
use booking_core::availability::{date_in, midnight};
use booking_core::documents;
use booking_core::providers::own_org;
use booking_core::usecases::agenda::{self, AgendaRow, Stretch};

/// Rows on a page.
const PAGE_SIZE: u32 = 50;
/// Years that can be looked at: others are slips, or mischief.
const YEARS: std::ops::RangeInclusive<i16> = 2020..=2100;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct AgendaQuery {
    by: String,
    day: String,
    page: String,
}

/// The first days of the period that `day` lies in and of the next one.
fn days_of(period: AgendaPeriod, day: Date) -> (Date, Date) {
    match period {
        AgendaPeriod::Week => {
            let since_monday = i64::from(day.weekday().since(Weekday::Monday));
            let monday = day.saturating_sub(since_monday.days());
            (monday, monday.saturating_add(7.days()))
        }
        AgendaPeriod::Month => (day.first_of_month(), day.last_of_month().saturating_add(1.days())),
    }
}

/// The day that was asked for, or today where that is none.
fn day_of(typed: &str, zone: &TimeZone, now: i64) -> Date {
    let asked: Option<Date> = typed.parse().ok();
    asked
        .filter(|day| YEARS.contains(&day.year()))
        .unwrap_or_else(|| date_in(zone, now))
}

pub(super) async fn page(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<AgendaQuery>,
) -> AppResult<Response> {
    let member = visit.actor.member()?;
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, member).await?;
    let zone = zone_named(&org.time_zone);
    let period = if query.by == "month" {
        AgendaPeriod::Month
    } else {
        AgendaPeriod::Week
    };
    let (first, next) = days_of(period, day_of(&query.day, &zone, visit.now));
    let stretch = Stretch {
        member,
        from: midnight(&zone, first),
        until: midnight(&zone, next),
    };
    let number: u32 = query.page.parse().unwrap_or(1).clamp(1, 10_000);
    let offset = i64::from(number - 1) * i64::from(PAGE_SIZE);
    let (rows, total) = agenda::agenda(&mut tx, stretch, i64::from(PAGE_SIZE), offset).await?;
    let earned = agenda::earnings(&mut tx, stretch).await?;
    let total = u32::try_from(total).unwrap_or(u32::MAX);
    Ok(html(&ProviderAppointmentsPage {
        shell: shell_in(&visit, &org.time_zone),
        period,
        today: date_in(&zone, visit.now),
        first,
        last: next.saturating_sub(1.days()),
        entries: rows.into_iter().map(entry).collect(),
        total,
        earned: earned
            .into_iter()
            .map(|sum| EarnedRow {
                calls: u32::try_from(sum.calls).unwrap_or(u32::MAX),
                gross_minor: sum.gross_minor,
                vat_minor: sum.vat_minor,
                owed_minor: sum.owed_minor,
                currency: sum.currency,
            })
            .collect(),
        page: number,
        pages: total.div_ceil(PAGE_SIZE).max(1),
    }))
}

fn entry(row: AgendaRow) -> AgendaEntry {
    AgendaEntry {
        id: row.id,
        starts_at: row.starts_at,
        ends_at: row.ends_at,
        consumer: row.consumer,
        service_title: row.title,
        member: row.member,
        status: page_status(row.status),
        money: row.money.map(|money| EntryMoney {
            paid_minor: money.paid_minor,
            owed_minor: money.owed_minor,
            currency: money.currency,
        }),
        receipt: row.receipt.map(|(year, number)| documents::number_name(year, number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_begin_on_mondays_and_firsts() {
        let check = |period, day: &str, first: &str, next: &str| {
            let (from, until) = days_of(period, day.parse().expect("a day"));
            assert_eq!(
                (from.to_string(), until.to_string()),
                (first.to_owned(), next.to_owned()),
                "{day}"
            );
        };
        check(AgendaPeriod::Week, "2026-11-29", "2026-11-23", "2026-11-30");
        check(AgendaPeriod::Week, "2026-11-30", "2026-11-30", "2026-12-07");
        check(AgendaPeriod::Week, "2027-01-01", "2026-12-28", "2027-01-04");
        check(AgendaPeriod::Month, "2026-12-31", "2026-12-01", "2027-01-01");
        check(AgendaPeriod::Month, "2028-02-10", "2028-02-01", "2028-03-01");
    }

    #[test]
    fn what_is_no_day_is_today() {
        let now = 1_795_420_800_000_000;
        for typed in ["", "x", "2026-13-01", "0001-01-01", "9999-12-31", "-009999-01-01"] {
            assert_eq!(day_of(typed, &TimeZone::UTC, now).to_string(), "2026-11-23", "{typed}");
        }
        assert_eq!(day_of("2026-10-01", &TimeZone::UTC, now).to_string(), "2026-10-01");
    }
}
