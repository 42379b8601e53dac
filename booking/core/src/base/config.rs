//! What the operator decides about this part; the binary fills it from its layered configuration.

use std::collections::BTreeMap;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::base::money::Currency;
use crate::base::{DEFAULT_ZONE, Micros, Networks};

/// Settings of the booking side.
#[derive(Debug, Clone)]
pub struct BookingConfig {
    /// Name of this process among those that share the database; it outlives restarts.
    pub node: String,
    /// `sqlite:<path>` or `postgres://…`.
    pub database_url: String,
    /// Folder for stored documents.
    pub data_dir: PathBuf,
    /// Where browsers reach us, scheme and authority without a path: `https://booka.example`.
    pub public_url: String,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// Signs call tickets; shared with signaling.
    pub ticket_secret: [u8; 32],
    /// Sender of all mails, `Name <address>`.
    pub mail_from: String,
    /// Who answers for the data, named in notice and terms.
    pub controller: texts::legal::Controller,
    /// How long records are kept.
    pub retention: Retention,
    /// Up to this sum of an appointment's refunds, minor units by currency, one person pays back alone. In a currency that is
    /// not named two persons always decide.
    pub refund_alone: BTreeMap<Currency, i64>,
    /// For so many days after an appointment either side can open a dispute about it.
    pub dispute_days: i64,
    /// The operator as a business of its own.
    pub platform: Platform,
}

/// The operator as a business that sells its service to other businesses, and may pay out to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// Since when it is registered for VAT; none where it is not.
    pub vat_from: Option<Micros>,
    /// Street, postcode and town, for its documents.
    pub address: Vec<String>,
    /// The account that payouts to businesses leave from; none where the operator may not hold their money.
    pub payout_account: Option<String>,
}

/// The beginning of a day in Norway that is written as an ISO date.
#[must_use]
pub fn first_moment(day: &str) -> Option<Micros> {
    let day: jiff::civil::Date = day.trim().parse().ok()?;
    let midnight = day.in_tz(DEFAULT_ZONE).ok()?;
    Some(midnight.timestamp().as_microsecond())
}

/// How long is kept what the operator may decide about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Whole years after the end of the accounting year for which its records are kept; at least
    /// [`ACCOUNTING_YEARS_MIN`](Self::ACCOUNTING_YEARS_MIN).
    pub accounting_years: i64,
    /// Months without a sign-in after which somebody counts as having left; at least
    /// [`INACTIVE_MONTHS_MIN`](Self::INACTIVE_MONTHS_MIN).
    pub inactive_months: i64,
}

impl Retention {
    /// What Norwegian law wants (bokføringsloven § 13); some countries want more.
    pub const ACCOUNTING_YEARS_MIN: i64 = 5;
    /// Longer terms are none.
    pub const ACCOUNTING_YEARS_MAX: i64 = 30;
    /// Warnings go out two months and half a month before.
    pub const INACTIVE_MONTHS_MIN: i64 = 6;
    /// Longer terms are none.
    pub const INACTIVE_MONTHS_MAX: i64 = 120;
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            accounting_years: Self::ACCOUNTING_YEARS_MIN,
            inactive_months: 24,
        }
    }
}

impl BookingConfig {
    /// Norwegian kroner that one person pays back alone, unless configured otherwise: 5 000 kr.
    pub const REFUND_ALONE_MINOR: i64 = 500_000;
    /// Two months, as long as the law gives at least to complain about a service (håndverkertjenesteloven section 22).
    pub const DISPUTE_DAYS: i64 = 60;
    /// Shorter is no chance to think.
    pub const DISPUTE_DAYS_MIN: i64 = 14;
    /// Payment providers pay back for about half a year.
    pub const DISPUTE_DAYS_MAX: i64 = 180;

    /// The limits of refunds that hold where nothing is configured.
    #[must_use]
    pub fn usual_refund_alone() -> BTreeMap<Currency, i64> {
        BTreeMap::from([(Currency::NOK, Self::REFUND_ALONE_MINOR)])
    }

    /// Up to this sum of an appointment's refunds one person pays back alone, minor units of the currency.
    #[must_use]
    pub fn refund_alone_minor(&self, currency: Currency) -> i64 {
        self.refund_alone.get(&currency).copied().unwrap_or(0)
    }

    /// The key that the test provider signs its hooks with, made from the ticket secret so that there is one to keep.
    #[must_use]
    pub fn hook_secret(&self) -> [u8; 32] {
        self.derived_secret("booka payment hooks")
    }

    /// The key of the cookies by which browsers are known again, see `accounts::device`.
    #[must_use]
    pub fn device_secret(&self) -> [u8; 32] {
        self.derived_secret("booka known browsers")
    }

    fn derived_secret(&self, purpose: &str) -> [u8; 32] {
        let mut digest = Sha256::new();
        digest.update(purpose);
        digest.update(self.ticket_secret);
        digest.finalize().into()
    }

    /// Whether browsers reach us by TLS, which decides the cookies' names and attributes.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }
}
