//! What the operator decides about this part; the binary fills it from its layered configuration.

use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use crate::base::Networks;

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
    /// Up to this sum of an appointment's refunds, minor units, one person pays back alone.
    pub refund_alone_minor: i64,
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
    /// 5 000 kr.
    pub const REFUND_ALONE_MINOR: i64 = 500_000;

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
