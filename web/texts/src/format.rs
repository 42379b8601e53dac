//! Money, dates and durations as people of each language write them.

use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::text::{Arg, Locale, t};

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// A no-break space: between an amount and its unit, and between groups of digits.
const NBSP: char = '\u{a0}';

/// U+2212, the minus of typography.
const MINUS: char = '\u{2212}';

/// An amount without needless decimals: `450 kr`, `12,50 kr`, `1 250 kr`.
#[must_use]
pub fn money(locale: Locale, minor: i64, currency: &str) -> String {
    amount(locale, minor, currency, minor % 100 != 0)
}

/// An amount with two decimals, as on receipts: `1 250,00 kr`.
#[must_use]
pub fn money_exact(locale: Locale, minor: i64, currency: &str) -> String {
    amount(locale, minor, currency, true)
}

fn amount(locale: Locale, minor: i64, currency: &str, decimals: bool) -> String {
    let mut out = String::new();
    if minor < 0 {
        out.push(MINUS);
    }
    let magnitude = minor.unsigned_abs();
    let digits = (magnitude / 100).to_string();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(NBSP);
        }
        out.push(digit);
    }
    if decimals {
        out.push(match locale {
            Locale::Nb => ',',
            Locale::En => '.',
        });
        out.push_str(&format!("{:02}", magnitude % 100));
    }
    out.push(NBSP);
    out.push_str(if currency == "NOK" { "kr" } else { currency });
    out
}

/// `1,2 km`, `14 km`
#[must_use]
pub fn distance(locale: Locale, km: f64) -> String {
    let text = if km < 10.0 {
        format!("{km:.1}")
    } else {
        format!("{km:.0}")
    };
    let text = match locale {
        Locale::Nb => text.replace('.', ","),
        Locale::En => text,
    };
    format!("{text}{NBSP}km")
}

/// `1,4 Mbit/s`, `180 kbit/s`
#[must_use]
pub fn bitrate(locale: Locale, bps: u64) -> String {
    if bps >= 1_000_000 {
        let text = format!("{}.{}", bps / 1_000_000, bps % 1_000_000 / 100_000);
        let text = match locale {
            Locale::Nb => text.replace('.', ","),
            Locale::En => text,
        };
        return format!("{text}{NBSP}Mbit/s");
    }
    format!("{}{NBSP}kbit/s", bps / 1000)
}

/// `tirsdag 24. november`, `Tuesday 24 November`
#[must_use]
pub fn day(locale: Locale, date: Date) -> String {
    format!("{} {}", weekday(locale, date.weekday()), date_only(locale, date))
}

/// `24. november`, `24 November`
#[must_use]
pub fn date_only(locale: Locale, date: Date) -> String {
    let dot = match locale {
        Locale::Nb => ".",
        Locale::En => "",
    };
    format!("{}{dot} {}", date.day(), month(locale, date.month()))
}

/// `november 2026`
#[must_use]
pub fn month_year(locale: Locale, date: Date) -> String {
    format!("{} {}", month(locale, date.month()), date.year())
}

/// `tirsdag 24. november kl. 10:00`, `Tuesday 24 November, 10:00`
#[must_use]
pub fn day_time(locale: Locale, at: i64, zone: &str) -> String {
    join(locale, &day(locale, date_of(at, zone)), &clock_clear(locale, at, zone))
}

/// `tirsdag 24. november kl. 10:00–10:30`
#[must_use]
pub fn span(locale: Locale, start: i64, end: i64, zone: &str) -> String {
    join(
        locale,
        &day(locale, date_of(start, zone)),
        &format!(
            "{}–{}",
            clock_clear(locale, start, zone),
            clock_clear(locale, end, zone)
        ),
    )
}

fn join(locale: Locale, day: &str, clock: &str) -> String {
    match locale {
        Locale::Nb => format!("{day} kl. {clock}"),
        Locale::En => format!("{day}, {clock}"),
    }
}

/// `24. nov. 2026 10:00`
#[must_use]
pub fn short_with_year(locale: Locale, at: i64, zone: &str) -> String {
    let zoned = zoned(at, zone);
    let text = short(locale, at, zone);
    let (date, clock) = text.rsplit_once(' ').unwrap_or((&text, ""));
    format!("{date} {} {clock}", zoned.year())
}

/// `24. nov. 14:03`, `24 Nov 14:03`
#[must_use]
pub fn short(locale: Locale, at: i64, zone: &str) -> String {
    let zoned = zoned(at, zone);
    let name = month(locale, zoned.month());
    let month: String = name.chars().take(3).collect();
    let date = match locale {
        Locale::Nb if name.chars().count() > 4 => format!("{}. {month}.", zoned.day()),
        Locale::Nb => format!("{}. {name}", zoned.day()),
        Locale::En => format!("{} {month}", zoned.day()),
    };
    format!("{date} {:02}:{:02}", zoned.hour(), zoned.minute())
}

/// `10:00`
#[must_use]
pub fn clock(at: i64, zone: &str) -> String {
    let zoned = zoned(at, zone);
    format!("{:02}:{:02}", zoned.hour(), zoned.minute())
}

/// `02:00`, and in the night in which an hour comes twice `02:00 sommertid` or `02:00 vintertid`.
#[must_use]
pub fn clock_clear(locale: Locale, at: i64, zone: &str) -> String {
    let zoned = zoned(at, zone);
    let comes_twice = zoned
        .time_zone()
        .to_ambiguous_timestamp(zoned.datetime())
        .is_ambiguous();
    if !comes_twice {
        return clock(at, zone);
    }
    let is_summer = zoned.time_zone().to_offset_info(zoned.timestamp()).dst().is_dst();
    let key = if is_summer { "clock-summer" } else { "clock-winter" };
    t(locale, key, &[("clock", Arg::from(clock(at, zone)))])
}

/// `10:00:05`
#[must_use]
pub fn clock_seconds(at: i64, zone: &str) -> String {
    let zoned = zoned(at, zone);
    format!("{:02}:{:02}:{:02}", zoned.hour(), zoned.minute(), zoned.second())
}

/// `tirsdag 24. november 2026 kl. 10:00–10:30 (Oslo-tid)`: for mails, which nothing around them puts in time and place.
#[must_use]
pub fn span_in_mail(locale: Locale, start: i64, end: i64, zone: &str) -> String {
    let date = date_of(start, zone);
    let clocks = format!(
        "{}–{}",
        clock_clear(locale, start, zone),
        clock_clear(locale, end, zone)
    );
    let when = join(locale, &format!("{} {}", day(locale, date), date.year()), &clocks);
    let city = zone.rsplit('/').next().unwrap_or(zone).replace('_', " ");
    t(
        locale,
        "time-in-zone",
        &[("when", Arg::from(when)), ("city", Arg::from(city))],
    )
}

/// `10:00–10:30`
#[must_use]
pub fn clock_span(start: i64, end: i64, zone: &str) -> String {
    format!("{}–{}", clock(start, zone), clock(end, zone))
}

/// `i dag`, `i morgen`, `i går`, else the weekday and date.
#[must_use]
pub fn near_day(locale: Locale, at: i64, now: i64, zone: &str) -> String {
    let date = date_of(at, zone);
    let today = date_of(now, zone);
    let key = match date.since(today).map(|span| span.get_days()) {
        Ok(0) => "day-today",
        Ok(1) => "day-tomorrow",
        Ok(-1) => "day-yesterday",
        Ok(_) | Err(_) => return day(locale, date),
    };
    t(locale, key, &[])
}

/// `i dag kl. 10:20`, `onsdag 25. november kl. 08:40`
#[must_use]
pub fn near(locale: Locale, at: i64, now: i64, zone: &str) -> String {
    join(locale, &near_day(locale, at, now, zone), &clock(at, zone))
}

/// `0,1 %` from thousandths.
#[must_use]
pub fn permille(locale: Locale, permille: u32) -> String {
    let point = match locale {
        Locale::Nb => ',',
        Locale::En => '.',
    };
    format!("{}{point}{}{NBSP}%", permille / 10, permille % 10)
}

/// `4,2` from hundredths.
#[must_use]
pub fn score(locale: Locale, centi: u32) -> String {
    let point = match locale {
        Locale::Nb => ',',
        Locale::En => '.',
    };
    let tenths = (centi + 5) / 10;
    format!("{}{point}{}", tenths / 10, tenths % 10)
}

/// `om 12 min`, `for 3 dager siden`, `nå`
#[must_use]
pub fn relative(locale: Locale, at: i64, now: i64) -> String {
    let micros = at.saturating_sub(now);
    let minutes = micros.saturating_abs().saturating_add(MICROS_PER_MINUTE / 2) / MICROS_PER_MINUTE;
    let (key, n) = match (micros >= 0, minutes) {
        (_, 0) => ("relative-now", 0),
        (true, 1..=59) => ("relative-in-minutes", minutes),
        (true, 60..=1439) => ("relative-in-hours", (minutes + 30) / 60),
        (true, _) => ("relative-in-days", (minutes + 720) / 1440),
        (false, 1..=59) => ("relative-minutes-ago", minutes),
        (false, 60..=1439) => ("relative-hours-ago", (minutes + 30) / 60),
        (false, _) => ("relative-days-ago", (minutes + 720) / 1440),
    };
    t(locale, key, &[("n", Arg::from(n))])
}

/// Whole minutes until `at`, rounded up, never below zero.
#[must_use]
pub fn minutes_until(at: i64, now: i64) -> i64 {
    let micros = at.saturating_sub(now).max(0);
    micros.saturating_add(MICROS_PER_MINUTE - 1) / MICROS_PER_MINUTE
}

/// `21 min 40,3 s`, `1 t 5 min 0,0 s`, `45,1 s`: in started tenths of a second, as measured times are shown beside a bill.
#[must_use]
pub fn duration_exact(locale: Locale, millis: i64) -> String {
    let tenths = millis.max(0).saturating_add(99) / 100;
    let (minutes, rest) = (tenths / 600, tenths % 600);
    let point = match locale {
        Locale::Nb => ',',
        Locale::En => '.',
    };
    let seconds = format!("{}{point}{}{NBSP}s", rest / 10, rest % 10);
    if minutes == 0 {
        return seconds;
    }
    let whole = duration(locale, minutes.saturating_mul(60_000));
    format!("{whole} {seconds}")
}

/// `21 min 40 s`, `1 t 5 min`, `45 s`; seconds are cut, as a clock cuts them.
#[must_use]
pub fn duration(locale: Locale, millis: i64) -> String {
    let seconds = millis.max(0) / 1000;
    let hour = match locale {
        Locale::Nb => "t",
        Locale::En => "h",
    };
    let (hours, minutes, rest) = (seconds / 3600, seconds % 3600 / 60, seconds % 60);
    let mut parts = Vec::new();
    if hours > 0 {
        parts.push(format!("{hours}{NBSP}{hour}"));
    }
    if minutes > 0 || (hours > 0 && rest > 0) {
        parts.push(format!("{minutes}{NBSP}min"));
    }
    if rest > 0 || parts.is_empty() {
        parts.push(format!("{rest}{NBSP}s"));
    }
    parts.join(" ")
}

/// RFC 3339 in UTC, for machines.
#[must_use]
pub fn machine(at: i64) -> String {
    timestamp(at).to_string()
}

/// The civil date of an instant in a zone.
#[must_use]
pub fn date_of(at: i64, zone: &str) -> Date {
    zoned(at, zone).date()
}

/// The hour of day of an instant in a zone, 0 to 23.
#[must_use]
pub fn hour_of(at: i64, zone: &str) -> i8 {
    zoned(at, zone).hour()
}

fn zoned(at: i64, zone: &str) -> Zoned {
    timestamp(at).to_zoned(TimeZone::get(zone).unwrap_or(TimeZone::UTC))
}

/// Instants outside of what a calendar can show are pinned to its edge: a page is no place to panic.
fn timestamp(at: i64) -> Timestamp {
    Timestamp::from_microsecond(at).unwrap_or(if at < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

fn weekday(locale: Locale, weekday: Weekday) -> &'static str {
    let index = usize::try_from(weekday.to_monday_zero_offset()).unwrap_or(0);
    match locale {
        Locale::Nb => ["mandag", "tirsdag", "onsdag", "torsdag", "fredag", "lørdag", "søndag"][index],
        Locale::En => [
            "Monday",
            "Tuesday",
            "Wednesday",
            "Thursday",
            "Friday",
            "Saturday",
            "Sunday",
        ][index],
    }
}

/// Name of a weekday, 1 being Monday.
#[must_use]
pub fn weekday_name(locale: Locale, number: u8) -> &'static str {
    let offset = i8::try_from(number.clamp(1, 7)).unwrap_or(1);
    weekday(
        locale,
        Weekday::from_monday_one_offset(offset).unwrap_or(Weekday::Monday),
    )
}

fn month(locale: Locale, month: i8) -> &'static str {
    let index = usize::try_from(month - 1).unwrap_or(0).min(11);
    match locale {
        Locale::Nb => [
            "januar",
            "februar",
            "mars",
            "april",
            "mai",
            "juni",
            "juli",
            "august",
            "september",
            "oktober",
            "november",
            "desember",
        ][index],
        Locale::En => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ][index],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OSLO: &str = "Europe/Oslo";
    /// 2026-11-24 10:00 in Oslo.
    const TEN: i64 = 1_795_510_800_000_000;

    #[test]
    fn money_has_its_unit_and_no_break() {
        fn check(minor: i64, short: &str, exact: &str) {
            assert_eq!(money(Locale::Nb, minor, "NOK"), short);
            assert_eq!(money_exact(Locale::Nb, minor, "NOK"), exact);
        }
        check(45_000, "450\u{a0}kr", "450,00\u{a0}kr");
        check(125_000, "1\u{a0}250\u{a0}kr", "1\u{a0}250,00\u{a0}kr");
        check(1_550, "15,50\u{a0}kr", "15,50\u{a0}kr");
        check(-5, "\u{2212}0,05\u{a0}kr", "\u{2212}0,05\u{a0}kr");
        check(
            100_000_000,
            "1\u{a0}000\u{a0}000\u{a0}kr",
            "1\u{a0}000\u{a0}000,00\u{a0}kr",
        );
        assert_eq!(money_exact(Locale::En, 1_550, "EUR"), "15.50\u{a0}EUR");
        assert_eq!(
            money_exact(Locale::En, i64::MIN, "NOK").chars().next(),
            Some('\u{2212}')
        );
    }

    /// Trial E9: in the doubled hour both were "02:00", and mails named neither zone nor year.
    #[test]
    fn an_hour_that_comes_twice_is_told_apart_and_mails_say_where() {
        // 2026-10-25 00:00 UTC is 02:00 in summer time, an hour later it is 02:00 in winter time.
        let summer = 1_792_886_400_000_000;
        let hour = 3_600_000_000;
        assert_eq!(clock_clear(Locale::Nb, summer, OSLO), "02:00 sommertid");
        assert_eq!(clock_clear(Locale::Nb, summer + hour, OSLO), "02:00 vintertid");
        assert_eq!(clock_clear(Locale::En, summer + hour, OSLO), "02:00 winter time");
        assert_eq!(clock_clear(Locale::Nb, summer - hour, OSLO), "01:00");
        assert_eq!(clock_clear(Locale::Nb, summer + 2 * hour, OSLO), "03:00");
        assert_eq!(
            span_in_mail(Locale::Nb, TEN, TEN + 1_800_000_000, OSLO),
            "tirsdag 24. november 2026 kl. 10:00–10:30 (Oslo-tid)"
        );
        assert_eq!(
            span_in_mail(Locale::En, TEN, TEN + 1_800_000_000, "America/New_York"),
            "Tuesday 24 November 2026, 04:00–04:30 (New York time)"
        );
    }

    #[test]
    fn dates_have_their_weekday() {
        assert_eq!(
            span(Locale::Nb, TEN, TEN + 1_800_000_000, OSLO),
            "tirsdag 24. november kl. 10:00–10:30"
        );
        assert_eq!(
            span(Locale::En, TEN, TEN + 1_800_000_000, OSLO),
            "Tuesday 24 November, 10:00–10:30"
        );
        assert_eq!(day_time(Locale::En, TEN, "Europe/London"), "Tuesday 24 November, 09:00");
        assert_eq!(short(Locale::Nb, TEN, OSLO), "24. nov. 10:00");
        assert_eq!(short(Locale::En, TEN, OSLO), "24 Nov 10:00");
        assert_eq!(short_with_year(Locale::Nb, TEN, OSLO), "24. nov. 2026 10:00");
        assert_eq!(machine(TEN), "2026-11-24T09:00:00Z");
        assert_eq!(day_time(Locale::Nb, TEN, "No/Where"), "tirsdag 24. november kl. 09:00");
        assert_eq!(near_day(Locale::Nb, TEN, TEN - 86_400_000_000, OSLO), "i morgen");
        assert_eq!(
            near_day(Locale::Nb, TEN, TEN - 864_000_000_000, OSLO),
            "tirsdag 24. november"
        );
    }

    #[test]
    fn instants_beyond_the_calendar_do_not_panic() {
        for at in [i64::MIN, i64::MAX] {
            for locale in Locale::ALL {
                assert!(!day_time(locale, at, OSLO).is_empty());
                assert!(!near_day(locale, at, 0, OSLO).is_empty());
                assert!(!relative(locale, at, 0).is_empty());
                assert!(minutes_until(at, 0) >= 0);
            }
        }
    }

    #[test]
    fn exact_durations_are_in_started_tenths() {
        let check = |millis, nb: &str, en: &str| {
            assert_eq!(duration_exact(Locale::Nb, millis).replace(NBSP, " "), nb);
            assert_eq!(duration_exact(Locale::En, millis).replace(NBSP, " "), en);
        };
        check(0, "0,0 s", "0.0 s");
        check(9_401, "9,5 s", "9.5 s");
        check(60_000, "1 min 0,0 s", "1 min 0.0 s");
        check(61_250, "1 min 1,3 s", "1 min 1.3 s");
        check(3_905_100, "1 t 5 min 5,1 s", "1 h 5 min 5.1 s");
    }

    #[test]
    fn durations_are_cut_to_seconds() {
        fn check(millis: i64, expect: &str) {
            assert_eq!(duration(Locale::Nb, millis).replace(NBSP, " "), expect);
        }
        check(0, "0 s");
        check(999, "0 s");
        check(45_999, "45 s");
        check(1_300_000, "21 min 40 s");
        check(3_600_000, "1 t");
        check(3_605_000, "1 t 0 min 5 s");
        check(3_900_000, "1 t 5 min");
        check(-1, "0 s");
        assert_eq!(duration(Locale::En, 3_900_000).replace(NBSP, " "), "1 h 5 min");
    }

    #[test]
    fn relative_times_count() {
        fn check(minutes: i64, expect: &str) {
            assert_eq!(
                relative(Locale::Nb, minutes * MICROS_PER_MINUTE, 0).replace(NBSP, " "),
                expect
            );
        }
        check(0, "nå");
        check(12, "om 12 min");
        check(-1, "for 1 min siden");
        check(60, "om 1 time");
        check(180, "om 3 timer");
        check(-2880, "for 2 dager siden");
        assert_eq!(minutes_until(MICROS_PER_MINUTE + 1, 0), 2);
    }

    #[test]
    fn distances_and_bitrates_are_short() {
        assert_eq!(distance(Locale::Nb, 1.24), "1,2\u{a0}km");
        assert_eq!(distance(Locale::En, 14.4), "14\u{a0}km");
        assert_eq!(bitrate(Locale::Nb, 1_450_000), "1,4\u{a0}Mbit/s");
        assert_eq!(bitrate(Locale::En, 180_900), "180\u{a0}kbit/s");
    }
}
