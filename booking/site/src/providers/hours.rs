//! A member's hours: the week in civil times, and days that are closed.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use web::Notice;
use web::pages::appointment::AppointmentRow;
use web::pages::provider_admin::{ClosedDay, ProviderHoursPage, WeekdayHours};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::appointments::views::appointment_row;
use crate::error::AppResult;
use crate::extract::{Form, Visit};
use crate::form;
use crate::pages::{html, html_with, shell_in};
use booking_core::AppState;
use booking_core::appointments::{self, Status};
use booking_core::availability::load::zone_named;
use booking_core::availability::{DayRange, date_in, midnight};
use booking_core::base::db::Tx;
use booking_core::providers::hours::{self, WeeklySpan};
use booking_core::providers::own_org;

pub(super) fn router() -> Router<AppState> {
    Router::new().route(pattern::PROVIDER_HOURS, get(page).post(save))
}

const DAY_MIN: u16 = 24 * 60;
/// How far ahead a day may be closed: nobody plans further, and a slip of the year should not be kept.
const CLOSED_YEARS_AHEAD: i64 = 2;

type Typed = BTreeMap<String, String>;

/// A weekday's two spans as fields, and the ranges where they are good.
struct Day {
    fields: [(Field, Field); 2],
    ranges: Vec<DayRange>,
}

impl Day {
    fn is_good(&self) -> bool {
        self.fields
            .iter()
            .all(|(from, to)| from.error.is_none() && to.error.is_none())
    }
}

/// Reads the spans of a weekday: both empty, or a time before another, and the second span after the first.
fn read_day(typed: &Typed, weekday: u8) -> Day {
    let text = |span: usize, end: &str| {
        typed
            .get(&format!("d{weekday}_{span}_{end}"))
            .map_or("", |text| text.trim())
    };
    let mut day = Day {
        fields: Default::default(),
        ranges: Vec::new(),
    };
    for index in 0..2 {
        let (from, to) = (text(index + 1, "from"), text(index + 1, "to"));
        let mut fields = (Field::new(from), Field::new(to));
        if !from.is_empty() || !to.is_empty() {
            match (minutes(from), minutes(to)) {
                (Some(start), Some(end)) => {
                    // At the end of a span, midnight is the end of that day and not its beginning.
                    let end = if end == 0 { DAY_MIN } else { end };
                    let after = day.ranges.last().map_or(0, |range: &DayRange| range.end_min);
                    if start < end && start >= after {
                        day.ranges.push(DayRange {
                            start_min: start,
                            end_min: end,
                        });
                    } else {
                        fields.1.error = Some(FieldError::HoursBackwards);
                    }
                }
                (start, end) => {
                    fields.0.error = start.is_none().then_some(FieldError::TimeMalformed);
                    fields.1.error = end.is_none().then_some(FieldError::TimeMalformed);
                }
            }
        }
        day.fields[index] = fields;
    }
    day
}

/// `09:00`, `9.30`, `0930` or `9` as minutes from midnight, in steps of five; `24:00` is the end of the day. The digits of
/// some phones come without a colon.
fn minutes(text: &str) -> Option<u16> {
    let (hour, minute) = match text.split_once([':', '.', ',']) {
        Some(parts) => parts,
        None if text.len() > 2 && text.is_ascii() => text.split_at(text.len() - 2),
        None => (text, "00"),
    };
    let digits =
        |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour, 2) || !digits(minute, 2) || minute.len() != 2 {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= 1440 && minute % 5 == 0).then_some(total)
}

/// A date and nothing else: jiff would drop a time of day without a word.
fn plain_date(text: &str) -> Option<Date> {
    let text = text.trim();
    (text.len() == 10).then(|| text.parse().ok()).flatten()
}

fn clock(minutes: u16) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let member = visit.actor.member()?;
    let mut tx = state.db.read().await?;
    let week = stored_week(&mut tx, &member.id).await?;
    let suggested = week.iter().all(WeekdayHours::is_closed);
    let week = if suggested { usual_week() } else { week };
    let page = with_week(&mut tx, &visit, week).await?;
    Ok(html(&ProviderHoursPage { suggested, ..page }))
}

/// What most people begin with: nothing of it holds before it is saved.
fn usual_week() -> Vec<WeekdayHours> {
    let day = |weekday| {
        let mut spans: [(Field, Field); 2] = Default::default();
        if weekday <= 5 {
            spans[0] = (Field::new("09:00"), Field::new("16:00"));
        }
        WeekdayHours { weekday, spans }
    };
    (1..=7).map(day).collect()
}

/// What is booked on a day with the member, closed or not.
async fn booked_on(tx: &mut Tx, visit: &Visit, zone: &TimeZone, day: Date) -> AppResult<Vec<AppointmentRow>> {
    let (from, until) = (midnight(zone, day), midnight(zone, day.saturating_add(1.day())));
    let found = appointments::of_provider(tx, &visit.actor, from, until).await?;
    let coming = found
        .iter()
        .filter(|one| matches!(one.status, Status::Confirmed | Status::InCall));
    Ok(coming.map(|one| appointment_row(one, visit.now)).collect())
}

/// The week as it is stored.
async fn stored_week(tx: &mut Tx, member_id: &str) -> AppResult<Vec<WeekdayHours>> {
    let week = hours::load_week(tx, member_id).await?;
    Ok((1..=7_u8)
        .map(|weekday| {
            let mut spans: [(Field, Field); 2] = Default::default();
            let of_day = week.iter().filter(|span| span.weekday == i64::from(weekday));
            for (fields, span) in spans.iter_mut().zip(of_day) {
                let text = |minutes: i64| clock(u16::try_from(minutes).unwrap_or(0));
                *fields = (Field::new(text(span.start_min)), Field::new(text(span.end_min)));
            }
            WeekdayHours { weekday, spans }
        })
        .collect())
}

async fn with_week(tx: &mut Tx, visit: &Visit, week: Vec<WeekdayHours>) -> AppResult<ProviderHoursPage> {
    let member = visit.actor.member()?;
    let org = own_org(tx, member).await?;
    let zone = zone_named(&org.time_zone);
    let today = date_in(&zone, visit.now);
    let mut closed = Vec::new();
    for day in hours::closed_days(tx, &member.id, &today.to_string()).await? {
        let Ok(date) = day.day.parse() else { continue };
        closed.push(ClosedDay {
            date,
            booked: booked_on(tx, visit, &zone, date).await?,
            id: day.day,
            reason: day.reason,
        });
    }
    Ok(ProviderHoursPage {
        shell: shell_in(visit, &org.time_zone),
        member: visit.actor.signed_in()?.name.clone(),
        week,
        suggested: false,
        closed,
        date: Field::default(),
        reason: Field::default(),
    })
}

async fn save(State(state): State<AppState>, visit: Visit, Form(typed): Form<Typed>) -> AppResult<Response> {
    let member = visit.actor.member()?;
    let text = |name: &str| typed.get(name).map_or("", String::as_str);
    let mut tx = state.db.write().await?;
    let mut notice = Notice::Saved;
    match text("action") {
        "close" => {
            let date = plain_date(text("date")).ok_or(FieldError::DateMalformed);
            let reason = form::text(text("reason"));
            let (Ok(date), Ok(reason)) = (&date, &reason) else {
                return wrong_day(&mut tx, &visit, &typed, date.err(), reason.err()).await;
            };
            let zone = zone_named(&own_org(&mut tx, member).await?.time_zone);
            let today = date_in(&zone, visit.now);
            if *date < today || *date > today.saturating_add(CLOSED_YEARS_AHEAD.years()) {
                return wrong_day(&mut tx, &visit, &typed, Some(FieldError::DateOutOfReach), None).await;
            }
            let closed = hours::ClosedDay {
                day: date.to_string(),
                reason: reason.clone(),
            };
            hours::close_day(&mut tx, &member.id, &closed, &today.to_string()).await?;
            if !booked_on(&mut tx, &visit, &zone, *date).await?.is_empty() {
                notice = Notice::ClosedWhileBooked;
            }
        }
        "open" => hours::open_day(&mut tx, &member.id, text("id")).await?,
        _ => {
            let days: Vec<Day> = (1..=7).map(|weekday| read_day(&typed, weekday)).collect();
            if !days.iter().all(Day::is_good) {
                let fields = (1..=7)
                    .zip(days)
                    .map(|(weekday, day)| WeekdayHours {
                        weekday,
                        spans: day.fields,
                    })
                    .collect();
                let page = with_week(&mut tx, &visit, fields).await?;
                return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
            }
            let spans = |(weekday, day): (i64, &Day)| {
                day.ranges
                    .iter()
                    .map(|range| WeeklySpan {
                        weekday,
                        start_min: i64::from(range.start_min),
                        end_min: i64::from(range.end_min),
                    })
                    .collect::<Vec<_>>()
            };
            let week: Vec<WeeklySpan> = (1..).zip(&days).flat_map(spans).collect();
            hours::save_week(&mut tx, &member.id, &week).await?;
        }
    }
    tx.commit().await?;
    Ok(Redirect::to(&routes::with_notice(pattern::PROVIDER_HOURS, notice)).into_response())
}

/// The page again, with what is wrong with the day to be closed, and the week as it is stored.
async fn wrong_day(
    tx: &mut Tx,
    visit: &Visit,
    typed: &Typed,
    date: Option<FieldError>,
    reason: Option<FieldError>,
) -> AppResult<Response> {
    let week = stored_week(tx, &visit.actor.member()?.id).await?;
    let mut page = with_week(tx, visit, week).await?;
    let text = |name: &str| typed.get(name).cloned().unwrap_or_default();
    page.date = Field {
        value: text("date"),
        error: date,
    };
    page.reason = Field {
        value: text("reason"),
        error: reason,
    };
    Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, expect) in [
            ("09:00", Some(540)),
            ("9", Some(540)),
            ("9.30", Some(570)),
            ("9,30", Some(570)),
            ("930", Some(570)),
            ("0930", Some(570)),
            ("2400", Some(1440)),
            ("00930", None),
            ("æøå", None),
            ("24:00", Some(1440)),
            ("24:05", None),
            ("12:61", None),
            ("12:3", None),
            ("12:33", None),
            ("+9", None),
            ("", None),
            ("æ:00", None),
        ] {
            assert_eq!(minutes(text), expect, "{text}");
        }
    }

    /// Trial E6: a date with a time was saved as that day.
    #[test]
    fn a_date_with_a_time_is_none() {
        assert_eq!(plain_date(" 2026-12-24 "), Some(jiff::civil::date(2026, 12, 24)));
        for bad in [
            "2026-12-24T10:00",
            "2026-12-24 10:00",
            "24.12.2026",
            "2026-02-30",
            "20261224",
            "",
        ] {
            assert_eq!(plain_date(bad), None, "{bad}");
        }
    }

    #[test]
    fn spans_must_follow_each_other() {
        fn check(pairs: &[(&str, &str)], good: bool, ranges: usize) {
            let typed = pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
            let day = read_day(&typed, 1);
            assert_eq!((day.is_good(), day.ranges.len()), (good, ranges), "{pairs:?}");
        }
        check(&[], true, 0);
        check(&[("d1_1_from", "09:00"), ("d1_1_to", "12:00")], true, 1);
        check(
            &[
                ("d1_1_from", "09:00"),
                ("d1_1_to", "12:00"),
                ("d1_2_from", "12:00"),
                ("d1_2_to", "16:00"),
            ],
            true,
            2,
        );
        check(
            &[
                ("d1_1_from", "09:00"),
                ("d1_1_to", "12:00"),
                ("d1_2_from", "11:00"),
                ("d1_2_to", "16:00"),
            ],
            false,
            1,
        );
        check(&[("d1_1_from", "12:00"), ("d1_1_to", "09:00")], false, 0);
        // Trial E9: "00:00" as an end.
        check(&[("d1_1_from", "18:00"), ("d1_1_to", "00:00")], true, 1);
        check(&[("d1_1_from", "18:00"), ("d1_1_to", "24:00")], true, 1);
        // Trial E12: "9".
        check(&[("d1_1_from", "9"), ("d1_1_to", "17")], true, 1);
        check(&[("d1_1_from", "12:00")], false, 0);
        check(&[("d2_1_from", "12:00")], true, 0);
    }
}
