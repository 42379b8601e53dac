//! What every page has in common: language, who is signed in, and the words and dates that templates ask for.

use askama::filters::Safe;
use jiff::civil::Date;

use super::{FieldError, PriceModel, PriceTerms};
use crate::notice::Notice;
use crate::text::{Arg, Locale, t};
use crate::{assets, format};

/// The frame of every page.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    pub locale: Locale,
    /// Where the site is reached from outside: scheme and host, without a slash at the end.
    pub origin: String,
    /// Path and query of this page, to come back to after a change of language.
    pub path: String,
    /// UTC microseconds of the request.
    pub now: i64,
    /// IANA name of the zone in which times are shown, for example `Europe/Oslo`.
    pub zone: String,
    pub signed_in: Option<SignedIn>,
    pub notice: Option<Notice>,
    /// How much of the money waits for an operator; counted on the operator's pages only.
    pub money_waits: i64,
    /// How many disputes are open; counted on the operator's pages only.
    pub disputes_wait: i64,
}

/// The person behind a session.
#[derive(Debug, Clone, Default)]
pub struct SignedIn {
    pub name: String,
    pub is_provider: bool,
    /// Of the business that it works for.
    pub is_owner: bool,
    pub is_operator: bool,
    /// When the account is to be erased; every page offers to undo that.
    pub deletion_at: Option<i64>,
}

impl Shell {
    /// Whether the person owns the business that it works for: staff take calls and keep their hours.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.signed_in.as_ref().is_some_and(|person| person.is_owner)
    }

    /// A text without arguments.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        t(self.locale, key, &[])
    }

    /// A text with one argument.
    #[must_use]
    pub fn t1(&self, key: &str, name: &str, value: impl AsRef<str>) -> String {
        t(self.locale, key, &[(name, value.as_ref().into())])
    }

    /// A text with two arguments.
    #[must_use]
    pub fn t2(&self, key: &str, name: &str, value: impl AsRef<str>, name2: &str, value2: impl AsRef<str>) -> String {
        t(
            self.locale,
            key,
            &[(name, value.as_ref().into()), (name2, value2.as_ref().into())],
        )
    }

    /// A text that counts: its one argument is `n`.
    #[must_use]
    pub fn tn(&self, key: &str, n: impl Count) -> String {
        t(self.locale, key, &[("n", Arg::from(n.count()))])
    }

    /// A text that counts and names something.
    #[must_use]
    pub fn tn1(&self, key: &str, n: impl Count, name: &str, value: impl AsRef<str>) -> String {
        t(
            self.locale,
            key,
            &[("n", Arg::from(n.count())), (name, value.as_ref().into())],
        )
    }

    /// Address of a built file such as `style.css`.
    #[must_use]
    pub fn asset(&self, logical: &str) -> String {
        assets::url(logical)
    }

    /// Whether the client was built: where it was not, the page says so in place of looking broken.
    #[must_use]
    pub fn assets_built(&self) -> bool {
        assets::built()
    }

    /// `450 kr`
    #[must_use]
    pub fn money(&self, minor: impl Count, currency: impl AsRef<str>) -> String {
        format::money(self.locale, minor.count(), currency.as_ref())
    }

    /// `450,00 kr`
    #[must_use]
    pub fn money_exact(&self, minor: impl Count, currency: impl AsRef<str>) -> String {
        format::money_exact(self.locale, minor.count(), currency.as_ref())
    }

    /// `tirsdag 24. november kl. 10:00–10:30`
    #[must_use]
    pub fn span(&self, start: impl Count, end: impl Count) -> String {
        format::span(self.locale, start.count(), end.count(), &self.zone)
    }

    /// `tirsdag 24. november kl. 10:00`
    #[must_use]
    pub fn day_time(&self, at: impl Count) -> String {
        format::day_time(self.locale, at.count(), &self.zone)
    }

    /// `tirsdag 24. november`
    #[must_use]
    pub fn day(&self, at: impl Count) -> String {
        format::day(self.locale, format::date_of(at.count(), &self.zone))
    }

    /// `tirsdag 24. november`, from a date.
    #[must_use]
    pub fn date(&self, date: impl Day) -> String {
        format::day(self.locale, date.date())
    }

    /// `24. nov. 14:03`
    #[must_use]
    pub fn short(&self, at: impl Count) -> String {
        format::short(self.locale, at.count(), &self.zone)
    }

    /// `24. nov. 2026 14:03`
    #[must_use]
    pub fn short_with_year(&self, at: impl Count) -> String {
        format::short_with_year(self.locale, at.count(), &self.zone)
    }

    /// `10:00`
    #[must_use]
    pub fn clock(&self, at: impl Count) -> String {
        format::clock_clear(self.locale, at.count(), &self.zone)
    }

    /// `10:00–10:30`
    #[must_use]
    pub fn clock_span(&self, start: impl Count, end: impl Count) -> String {
        format::clock_span(start.count(), end.count(), &self.zone)
    }

    /// `I dag`, `I morgen`, else the weekday and date.
    #[must_use]
    pub fn near_day(&self, at: impl Count) -> String {
        format::near_day(self.locale, at.count(), self.now, &self.zone)
    }

    /// `om 12 min`, `for 3 dager siden`
    #[must_use]
    pub fn relative(&self, at: impl Count) -> String {
        format::relative(self.locale, at.count(), self.now)
    }

    /// `21 min 40,3 s`
    #[must_use]
    pub fn duration_exact(&self, millis: impl Count) -> String {
        format::duration_exact(self.locale, millis.count())
    }

    /// `21 min 40 s`
    #[must_use]
    pub fn duration(&self, millis: impl Count) -> String {
        format::duration(self.locale, millis.count())
    }

    /// For `<time datetime>`: RFC 3339 in UTC.
    #[must_use]
    pub fn machine(&self, at: impl Count) -> String {
        format::machine(at.count())
    }

    /// Whole minutes from now until `at`, rounded up, never below zero.
    #[must_use]
    pub fn minutes_left(&self, at: impl Count) -> i64 {
        format::minutes_until(at.count(), self.now)
    }

    /// `Europe/Oslo` → `Oslo`
    #[must_use]
    pub fn zone_city(&self) -> String {
        self.zone.rsplit('/').next().unwrap_or(&self.zone).replace('_', " ")
    }

    /// `kl. 10:00`, `10:00`
    #[must_use]
    pub fn near(&self, at: impl Count) -> String {
        format::near(self.locale, at.count(), self.now, &self.zone)
    }

    /// `1,2 km`
    #[must_use]
    pub fn distance(&self, km: &f64) -> String {
        format::distance(self.locale, *km)
    }

    /// `1,4 Mbit/s`
    #[must_use]
    pub fn bitrate(&self, bps: &u64) -> String {
        format::bitrate(self.locale, *bps)
    }

    /// `0,1 %` from thousandths.
    #[must_use]
    pub fn permille(&self, permille: &u32) -> String {
        format::permille(self.locale, *permille)
    }

    /// `4,2` from hundredths.
    #[must_use]
    pub fn score(&self, centi: &u32) -> String {
        format::score(self.locale, *centi)
    }

    /// `24. november`
    #[must_use]
    pub fn date_only(&self, date: impl Day) -> String {
        format::date_only(self.locale, date.date())
    }

    /// `november 2026`
    #[must_use]
    pub fn month_year(&self, date: impl Day) -> String {
        format::month_year(self.locale, date.date())
    }

    /// `mandag`, from 1 to 7.
    #[must_use]
    pub fn weekday(&self, number: &u8) -> &'static str {
        format::weekday_name(self.locale, *number)
    }

    /// `10:00:05`
    #[must_use]
    pub fn clock_seconds(&self, at: impl Count) -> String {
        format::clock_seconds(at.count(), &self.zone)
    }

    /// The same sentence with a capital letter first.
    #[must_use]
    pub fn capital(&self, text: impl AsRef<str>) -> String {
        let mut chars = text.as_ref().chars();
        chars
            .next()
            .map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
    }

    /// A person's name, or what stands for it once the account is erased.
    #[must_use]
    pub fn person(&self, name: &str) -> String {
        if name.is_empty() {
            self.t("person-gone")
        } else {
            name.to_owned()
        }
    }

    /// Up to two letters that stand for a name.
    #[must_use]
    pub fn initials(&self, name: &str) -> String {
        let mut words = name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty());
        let first = words.next().and_then(|word| word.chars().next());
        let last = words.next_back().and_then(|word| word.chars().next());
        first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
    }

    /// A price in one line: `15 kr per minutt, maks 450 kr`.
    #[must_use]
    pub fn price_words(&self, price: &PriceTerms) -> String {
        let currency = &price.currency;
        match &price.model {
            PriceModel::Free => self.t("price-free"),
            PriceModel::Fixed { amount_minor } => self.t1(
                "price-fixed",
                "amount",
                self.money(price.discounted(*amount_minor), currency),
            ),
            PriceModel::PerMinute {
                rate_minor, cap_minor, ..
            } => self.t2(
                "price-per-minute",
                "rate",
                self.money(rate_minor, currency),
                "cap",
                self.money(price.discounted(*cap_minor), currency),
            ),
        }
    }

    /// An icon of the sprite, hidden from screen readers: a word always stands beside it.
    #[must_use]
    pub fn icon(&self, name: &str) -> Safe<String> {
        let sprite = assets::url("icons.svg");
        Safe(format!(
            r##"<svg class="i" aria-hidden="true"><use href="{sprite}#{name}"/></svg>"##
        ))
    }

    /// The errors among these fields, as (id, sentence), for the summary on top of a form.
    #[must_use]
    pub fn problems(&self, fields: &[(&'static str, Option<FieldError>)]) -> Vec<(&'static str, String)> {
        fields
            .iter()
            .filter_map(|(id, error)| error.map(|error| (*id, self.t(error.key()))))
            .collect()
    }
}

/// Dates, by value or reference, as templates hand them over.
pub trait Day {
    fn date(self) -> Date;
}

impl Day for Date {
    fn date(self) -> Date {
        self
    }
}

impl<T: Day + Copy> Day for &T {
    fn date(self) -> Date {
        (*self).date()
    }
}

/// Numbers that a text may count.
pub trait Count {
    fn count(self) -> i64;
}

macro_rules! count {
    ($($number:ty),*) => {$(
        impl Count for $number {
            fn count(self) -> i64 {
                i64::try_from(self).unwrap_or(i64::MAX)
            }
        }
    )*};
}

count!(i32, i64, u32, u64, usize);

impl<T: Count + Copy> Count for &T {
    fn count(self) -> i64 {
        (*self).count()
    }
}
