//! What every page has in common: language, who is signed in, and the words and dates that templates ask for.

use jiff::civil::Date;

use super::Field;
use crate::text::{Arg, Locale, t};
use crate::{assets, format};

/// The frame of every page.
#[derive(Debug, Clone, Default)]
pub struct Shell {
    pub locale: Locale,
    /// Path and query of this page, to come back to after a change of language.
    pub path: String,
    /// UTC microseconds of the request.
    pub now: i64,
    /// IANA name of the zone in which times are shown, for example `Europe/Oslo`.
    pub zone: String,
    pub signed_in: Option<SignedIn>,
    pub notice: Option<Notice>,
}

/// The person behind a session.
#[derive(Debug, Clone, Default)]
pub struct SignedIn {
    pub name: String,
    pub is_provider: bool,
    pub is_operator: bool,
}

macro_rules! notices {
    ($($name:ident, $code:literal, $key:literal;)*) => {
        /// A sentence that the next page shows on top, carried in the address as `?notice=code`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Notice {
            $($name,)*
        }

        impl Notice {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|notice| notice.code() == code)
            }

            #[must_use]
            pub fn key(self) -> &'static str {
                match self {
                    $(Self::$name => $key,)*
                }
            }
        }
    };
}

notices! {
    Saved, "saved", "notice-saved";
    SignedOut, "signed-out", "notice-signed-out";
    EmailVerified, "email-verified", "notice-email-verified";
    VerifyMailSent, "verify-sent", "notice-verify-sent";
    PasswordChanged, "password-changed", "notice-password-changed";
    SessionEnded, "session-ended", "notice-session-ended";
    HoldExtended, "hold-extended", "notice-hold-extended";
    HoldReleased, "hold-released", "notice-hold-released";
    AppointmentCancelled, "cancelled", "notice-cancelled";
    DeletionAsked, "deletion-asked", "notice-deletion-asked";
    DeletionUndone, "deletion-undone", "notice-deletion-undone";
    Published, "published", "notice-published";
    Paused, "paused", "notice-paused";
    MemberAdded, "member-added", "notice-member-added";
    MemberRemoved, "member-removed", "notice-member-removed";
    ServiceRemoved, "service-removed", "notice-service-removed";
}

impl Shell {
    /// A text without arguments.
    #[must_use]
    pub fn t(&self, key: &str) -> String {
        t(self.locale, key, &[])
    }

    /// A text with one argument.
    #[must_use]
    pub fn t1(&self, key: &str, name: &str, value: &str) -> String {
        t(self.locale, key, &[(name, value.into())])
    }

    /// A text with two arguments.
    #[must_use]
    pub fn t2(&self, key: &str, one: (&str, &str), two: (&str, &str)) -> String {
        t(self.locale, key, &[(one.0, one.1.into()), (two.0, two.1.into())])
    }

    /// A text with three arguments.
    #[must_use]
    pub fn t3(&self, key: &str, one: (&str, &str), two: (&str, &str), three: (&str, &str)) -> String {
        t(
            self.locale,
            key,
            &[(one.0, one.1.into()), (two.0, two.1.into()), (three.0, three.1.into())],
        )
    }

    /// A text that counts: its one argument is `n`.
    #[must_use]
    pub fn tn(&self, key: &str, n: impl Count) -> String {
        t(self.locale, key, &[("n", Arg::from(n.count()))])
    }

    /// A text that counts and names something.
    #[must_use]
    pub fn tn1(&self, key: &str, n: impl Count, name: &str, value: &str) -> String {
        t(self.locale, key, &[("n", Arg::from(n.count())), (name, value.into())])
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
    pub fn money(&self, minor: &i64, currency: &str) -> String {
        format::money(self.locale, *minor, currency)
    }

    /// `450,00 kr`
    #[must_use]
    pub fn money_exact(&self, minor: &i64, currency: &str) -> String {
        format::money_exact(self.locale, *minor, currency)
    }

    /// `tirsdag 24. november kl. 10:00–10:30`
    #[must_use]
    pub fn span(&self, start: &i64, end: &i64) -> String {
        format::span(self.locale, *start, *end, &self.zone)
    }

    /// `tirsdag 24. november kl. 10:00`
    #[must_use]
    pub fn day_time(&self, at: &i64) -> String {
        format::day_time(self.locale, *at, &self.zone)
    }

    /// `tirsdag 24. november`
    #[must_use]
    pub fn day(&self, at: &i64) -> String {
        format::day(self.locale, format::date_of(*at, &self.zone))
    }

    /// `tirsdag 24. november`, from a date.
    #[must_use]
    pub fn date(&self, date: &Date) -> String {
        format::day(self.locale, *date)
    }

    /// `24. nov. 14:03`
    #[must_use]
    pub fn short(&self, at: &i64) -> String {
        format::short(self.locale, *at, &self.zone)
    }

    /// `10:00`
    #[must_use]
    pub fn clock(&self, at: &i64) -> String {
        format::clock(*at, &self.zone)
    }

    /// `10:00–10:30`
    #[must_use]
    pub fn clock_span(&self, start: &i64, end: &i64) -> String {
        format::clock_span(*start, *end, &self.zone)
    }

    /// `I dag`, `I morgen`, else the weekday and date.
    #[must_use]
    pub fn near_day(&self, at: &i64) -> String {
        format::near_day(self.locale, *at, self.now, &self.zone)
    }

    /// `om 12 min`, `for 3 dager siden`
    #[must_use]
    pub fn relative(&self, at: &i64) -> String {
        format::relative(self.locale, *at, self.now)
    }

    /// `21 min 40 s`
    #[must_use]
    pub fn duration(&self, millis: &i64) -> String {
        format::duration(self.locale, *millis)
    }

    /// For `<time datetime>`: RFC 3339 in UTC.
    #[must_use]
    pub fn machine(&self, at: &i64) -> String {
        format::machine(*at)
    }

    /// Whole minutes from now until `at`, rounded up, never below zero.
    #[must_use]
    pub fn minutes_left(&self, at: &i64) -> i64 {
        format::minutes_until(*at, self.now)
    }

    /// `Europe/Oslo` → `Oslo`
    #[must_use]
    pub fn zone_city(&self) -> String {
        self.zone.rsplit('/').next().unwrap_or(&self.zone).replace('_', " ")
    }

    /// The fields that have an error, as (id, sentence), for the summary on top of a form.
    #[must_use]
    pub fn problems(&self, fields: &[(&'static str, &Field)]) -> Vec<(&'static str, String)> {
        fields
            .iter()
            .filter_map(|(id, field)| field.error.map(|error| (*id, self.t(error.key()))))
            .collect()
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
        impl Count for &$number {
            fn count(self) -> i64 {
                i64::try_from(*self).unwrap_or(i64::MAX)
            }
        }
    )*};
}

count!(i64, u32, u64, usize);
