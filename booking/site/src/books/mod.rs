//! The books: what a business has on its accounts, its time, its tax details, and the operator's view of all of them. Every
//! file is sent for by a form, since its leaving goes on record.

mod files;
mod money;
mod payouts;
mod sellers;
mod tax;
mod time;

use axum::Router;
use axum::routing::get;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use web::pages::books::{BalanceBox, BalanceRow, MonthNav};
use web::routes::pattern;

use booking_core::AppState;
use booking_core::availability::date_in;
use booking_core::base::Micros;
use booking_core::books::balances::{Balance, Standing};
use booking_core::books::postings::Part;

/// Years that can be looked at: others are slips, or mischief.
const YEARS: std::ops::RangeInclusive<i16> = 2020..=2100;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::PROVIDER_MONEY, get(money::own_page).post(money::own_file))
        .route(pattern::PROVIDER_TIME, get(time::page).post(time::file))
        .route(pattern::PROVIDER_TAX, get(tax::page).post(tax::submit))
        .route(pattern::PROVIDER_PAYOUTS, get(payouts::own_page))
        .route(pattern::OPERATOR_PAYOUTS, get(payouts::page).post(payouts::submit))
        .route(pattern::OPERATOR_MONEY, get(money::all_page).post(money::seller_file))
        .route(pattern::OPERATOR_SELLERS, get(sellers::page).post(sellers::file))
}

/// The first day of the month that was asked for, or of this one where that is none.
fn month_of(typed: &str, zone: &TimeZone, now: Micros) -> Date {
    let asked: Option<Date> = format!("{typed}-01").parse().ok();
    asked
        .filter(|day| YEARS.contains(&day.year()))
        .unwrap_or_else(|| date_in(zone, now).first_of_month())
}

/// The year that was asked for, or this one where that is none.
fn year_of(typed: &str, zone: &TimeZone, now: Micros) -> i16 {
    let asked: Option<i16> = typed.trim().parse().ok();
    asked
        .filter(|year| YEARS.contains(year))
        .unwrap_or_else(|| date_in(zone, now).year())
}

/// From 1; whatever is no number is the first page.
fn page_number(typed: &str) -> u32 {
    typed.parse().unwrap_or(1).clamp(1, 100_000)
}

fn month_nav(path: &'static str, first: Date, zone: &TimeZone, now: Micros) -> MonthNav {
    MonthNav {
        path,
        first,
        today: date_in(zone, now),
    }
}

fn balance_box(balance: &Balance) -> BalanceBox {
    let row = |standing: Standing| BalanceRow {
        before_minor: standing.before_minor,
        after_minor: standing.after_minor,
    };
    BalanceBox {
        currency: balance.currency.clone(),
        sales: row(balance.earned()),
        vat: row(balance.of(Part::Vat).turned()),
        owed: row(balance.of(Part::Owed)),
        held: row(balance.of(Part::Held)),
        commission: row(balance.of(Part::Commission)),
        commission_vat: row(balance.of(Part::CommissionVat)),
        paid_out: row(balance.of(Part::PaidOut)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_795_420_800_000_000;

    #[test]
    fn what_is_no_month_or_year_is_this_one() {
        let zone = TimeZone::UTC;
        for typed in ["", "x", "2026-13", "0001-01", "9999-12", "2026-11-01", "-1"] {
            assert_eq!(month_of(typed, &zone, NOW).to_string(), "2026-11-01", "{typed}");
        }
        assert_eq!(month_of("2025-02", &zone, NOW).to_string(), "2025-02-01");
        for typed in ["", "x", "1", "99999", "-2026"] {
            assert_eq!(year_of(typed, &zone, NOW), 2026, "{typed}");
        }
        assert_eq!(year_of("2024", &zone, NOW), 2024);
    }
}
