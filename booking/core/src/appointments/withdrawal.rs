//! The right of withdrawal of a consumer who orders at a distance: the Norwegian Act on the right of withdrawal
//! (angrerettloven) sections 18, 21 to 23 and 26.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use signaling_protocol::{PriceModel, PriceTerms, Role};

use super::{Appointment, BuyerOrg, Hold, Status, queries};
use crate::base::db::{FromRow, Row, Tx};
use crate::base::money::div_round_half_up;
use crate::base::{Micros, Result};
use crate::params;

/// Kind of the event that somebody withdrew.
pub const WITHDRAWN: &str = "withdrawn";
/// The right lasts so many days after the day of the order (section 21).
const PERIOD_DAYS: i64 = 14;

/// That a consumer asked for an appointment before the right of withdrawal ends, knowing that it ends with the appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WithdrawalRequest {
    /// Of the legal texts.
    pub version: String,
    /// SHA-256 of the words that were ticked.
    pub text_hash: String,
    /// Language of those words.
    pub locale: String,
    pub accepted_us: Micros,
}

impl FromRow for WithdrawalRequest {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            version: row.get("version")?,
            text_hash: row.get("text_hash")?,
            locale: row.get("locale")?,
            accepted_us: row.get("accepted_us")?,
        })
    }
}

impl Hold {
    /// Whether the consumer must ask for the appointment to take place before the right of withdrawal ends (section 18).
    #[must_use]
    pub fn asks_for_early_start(&self, now: Micros) -> bool {
        has_right(&self.price, self.buyer_org.as_ref()) && self.start_us < withdrawal_ends(now, &self.time_zone)
    }
}

impl Appointment {
    /// The end of the period in which it can be withdrawn from, as long as it is not performed. Nothing for whom the right does
    /// not exist.
    #[must_use]
    pub fn withdrawal_until(&self) -> Option<Micros> {
        let exists = has_right(&self.price, self.buyer_org.as_ref());
        exists.then(|| withdrawal_ends(self.created_us, &self.time_zone))
    }

    /// What its consumer owes for it, minor units, who asks at `now` for the account to be deleted: nothing where the right of
    /// withdrawal spares it.
    #[must_use]
    pub fn leaving_fee_minor(&self, now: Micros) -> i64 {
        if self.can_withdraw(now) {
            0
        } else {
            self.cancel_fee_minor(now)
        }
    }

    /// Whether whoever loaded it may withdraw at `now`. The right is lost when the service is fully performed, and neither with its
    /// start nor by not coming (section 22 c): of a call under way the part is paid that was performed (section 26).
    #[must_use]
    pub fn can_withdraw(&self, now: Micros) -> bool {
        let is_unperformed = match self.status {
            Status::Confirmed | Status::InCall | Status::NoShowConsumer => true,
            // Nothing is owed where the provider did not come, nor for what was given back.
            Status::Held | Status::Completed | Status::Cancelled | Status::NoShowProvider | Status::Expired => false,
        };
        let consumers = self.seat.role == Role::Consumer && is_unperformed;
        consumers && self.withdrawal_until().is_some_and(|until| now < until)
    }

    /// What is due for the part that was performed before its consumer withdrew, minor units: what is priced by time costs what was
    /// measured, and of a fixed price its share of the agreed time (section 26). Rounded half up, and never above the price.
    #[must_use]
    pub fn part_minor(&self, performed: Micros) -> i64 {
        let part = match self.price.model {
            PriceModel::Free => 0,
            PriceModel::PerMinute { .. } => self.price.cost_minor(performed),
            PriceModel::Fixed { amount_minor } => {
                let agreed = (self.end_us - self.start_us).max(1);
                let share = i128::from(amount_minor) * i128::from(performed.clamp(0, agreed));
                i64::try_from(div_round_half_up(share, i128::from(agreed))).unwrap_or(amount_minor)
            }
        };
        self.price.charged_minor(part)
    }
}

/// What the consumer of a held time asked for about the right of withdrawal, where that was asked.
///
/// # Errors
/// When the database fails.
pub async fn load_withdrawal_request(tx: &mut Tx, hold_id: &str) -> Result<Option<WithdrawalRequest>> {
    Ok(tx.optional(queries::WITHDRAWAL_REQUEST, params![hold_id]).await?)
}

/// When the consumer of an appointment withdrew from it, if that happened.
///
/// # Errors
/// When the database fails.
pub async fn withdrawn_at(tx: &mut Tx, id: &str) -> Result<Option<Micros>> {
    let events = super::events(tx, id).await?;
    let withdrawn = events.into_iter().find(|event| event.kind == WITHDRAWN);
    Ok(withdrawn.map(|event| event.at_us))
}

/// Consumers have the right where they pay; organisations are no consumers.
fn has_right(price: &PriceTerms, buyer: Option<&BuyerOrg>) -> bool {
    price.most_minor() > 0 && buyer.is_none()
}

/// The first moment after the period of an order: midnight after its last day, which is a working day (section 21).
fn withdrawal_ends(ordered: Micros, time_zone: &str) -> Micros {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let at = Timestamp::from_microsecond(ordered).unwrap_or_default();
    let mut last = days_after(zone.to_datetime(at).date(), PERIOD_DAYS);
    while !is_working_day(last) {
        last = days_after(last, 1);
    }
    let midnight = days_after(last, 1).to_zoned(zone).map(|midnight| midnight.timestamp());
    midnight.map_or(ordered, Timestamp::as_microsecond)
}

fn days_after(date: Date, days: i64) -> Date {
    date.saturating_add(Span::new().days(days))
}

/// Monday to Friday, without Norwegian public holidays.
fn is_working_day(date: Date) -> bool {
    const FIXED: [(i8, i8); 5] = [(1, 1), (5, 1), (5, 17), (12, 25), (12, 26)];
    // Days after Easter Sunday: Maundy Thursday, Good Friday, Easter Monday, Ascension Day, Whit Monday.
    const MOVABLE: [i64; 5] = [-3, -2, 1, 39, 50];
    let easter = easter_sunday(date.year());
    let free =
        FIXED.contains(&(date.month(), date.day())) || MOVABLE.iter().any(|days| days_after(easter, *days) == date);
    !free && !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// Easter Sunday of a Gregorian year, by the anonymous computus (Meeus, Astronomical Algorithms, chapter 8).
fn easter_sunday(year: i16) -> Date {
    let year = i64::from(year);
    let (a, b, c) = (year % 19, year / 100, year % 100);
    let h = (19 * a + b - b / 4 - (b - (b + 8) / 25 + 1) / 3 + 15) % 30;
    let l = (32 + 2 * (b % 4) + 2 * (c / 4) - h - c % 4) % 7;
    let m = (a + 11 * h + 22 * l) / 451;
    let days = h + l - 7 * m + 21;
    days_after(Date::constant(i16::try_from(year).unwrap_or(0), 3, 1), days)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn easter_is_where_the_almanac_has_it() {
        for (year, expect) in [
            (2024, date(2024, 3, 31)),
            (2025, date(2025, 4, 20)),
            (2026, date(2026, 4, 5)),
            (2027, date(2027, 3, 28)),
            (2038, date(2038, 4, 25)),
        ] {
            assert_eq!(easter_sunday(year), expect);
        }
    }

    #[test]
    fn the_period_ends_with_a_working_day() {
        let check = |ordered: Date, expect: Date| {
            let zone = TimeZone::get("Europe/Oslo").expect("a zone");
            let at = |day: Date, hour| {
                day.at(hour, 0, 0, 0)
                    .to_zoned(zone.clone())
                    .expect("a time")
                    .timestamp()
            };
            let ends = withdrawal_ends(at(ordered, 15).as_microsecond(), "Europe/Oslo");
            assert_eq!(ends, at(expect, 0).as_microsecond(), "{ordered}");
        };
        // Monday 23 November 2026: the last day is Monday 7 December.
        check(date(2026, 11, 23), date(2026, 12, 8));
        // Saturday 12 December becomes Monday.
        check(date(2026, 11, 28), date(2026, 12, 15));
        // Friday 25 December becomes Monday 28, after a weekend that holds the other holiday.
        check(date(2026, 12, 11), date(2026, 12, 29));
        // Maundy Thursday 2027 becomes Tuesday after Easter.
        check(date(2027, 3, 11), date(2027, 3, 31));
    }
}
