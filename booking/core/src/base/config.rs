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
}

impl BookingConfig {
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
