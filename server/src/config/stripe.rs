//! `[payments.stripe]`: cards by Stripe. It is on where there is a secret key.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use booking_adapters::stripe::{CALL_TIME_MAX, Stripe, StripeSettings, is_test_key};
use serde::{Deserialize, Serialize};
use url::Url;

use super::load::read_secret;

/// More secrets than this are no change of secrets under way.
const WEBHOOK_SECRETS_MAX: usize = 4;

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StripeKeys {
    /// `sk_…`, or a restricted key `rk_…`. Keys for tests move no money.
    pub secret_key: Option<String>,
    pub secret_key_file: Option<PathBuf>,
    /// `pk_…`, which payment pages show.
    pub publishable_key: Option<String>,
    /// `whsec_…` of the webhook endpoint; two while one is changed.
    pub webhook_secrets: Vec<String>,
    /// A file with them, one a line.
    pub webhook_secrets_file: Option<PathBuf>,
    /// Each business has an account of its own at Stripe and is paid directly (Connect).
    pub connect: bool,
    /// The operator declares that it is the seller itself, or licensed to pay out to others: without `connect` all money is its.
    pub operator_sells: bool,
    /// Where Stripe's interface is.
    pub api: String,
    /// The script that draws Stripe's card fields on the payment page.
    pub script: String,
}

impl Default for StripeKeys {
    fn default() -> Self {
        Self {
            secret_key: None,
            secret_key_file: None,
            publishable_key: None,
            webhook_secrets: Vec::new(),
            webhook_secrets_file: None,
            connect: false,
            operator_sells: false,
            api: "https://api.stripe.com".to_owned(),
            script: "https://js.stripe.com/v3/".to_owned(),
        }
    }
}

/// Without the secrets: configurations are logged.
impl std::fmt::Debug for StripeKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StripeKeys")
            .field("is_on", &self.is_on())
            .field("connect", &self.connect)
            .field("api", &self.api)
            .finish_non_exhaustive()
    }
}

impl StripeKeys {
    pub(crate) fn is_on(&self) -> bool {
        self.key().is_some()
    }

    /// Whether what is paid is real money.
    pub(crate) fn is_live(&self) -> bool {
        self.key().is_some_and(|key| !is_test_key(key))
    }

    fn key(&self) -> Option<&str> {
        self.secret_key.as_deref().filter(|key| !key.is_empty())
    }

    pub(super) fn read_secret_files(&mut self) -> anyhow::Result<()> {
        if let Some(file) = &self.secret_key_file {
            self.secret_key = Some(read_secret(file)?);
        }
        if let Some(file) = &self.webhook_secrets_file {
            let lines = read_secret(file)?;
            let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
            self.webhook_secrets = lines.map(str::to_owned).collect();
        }
        Ok(())
    }

    pub(super) fn hide_secrets(&mut self) {
        const HIDDEN: &str = "(hidden)";
        if self.is_on() {
            self.secret_key = Some(HIDDEN.to_owned());
        }
        self.webhook_secrets.fill(HIDDEN.to_owned());
    }

    /// Refuses what Stripe would, and keys for real money where cards would travel unprotected.
    pub(super) fn check(&self, public_url: &str) -> anyhow::Result<()> {
        let Some(key) = self.key() else {
            let mentioned = self.publishable_key.as_deref().is_some_and(|key| !key.is_empty());
            if mentioned || !self.webhook_secrets.is_empty() || self.connect {
                bail!("[payments.stripe]: there is no secret_key, so Stripe is off; set it, or leave the rest out");
            }
            return Ok(());
        };
        if !["sk_live_", "sk_test_", "rk_live_", "rk_test_"]
            .iter()
            .any(|begin| key.starts_with(begin))
        {
            bail!("[payments.stripe]: secret_key is none: they begin with sk_live_, sk_test_, rk_live_ or rk_test_");
        }
        let mode = if is_test_key(key) { "pk_test_" } else { "pk_live_" };
        if !self
            .publishable_key
            .as_deref()
            .is_some_and(|public| public.starts_with(mode))
        {
            bail!("[payments.stripe]: to this secret_key belongs a publishable_key that begins with {mode}");
        }
        let secrets = &self.webhook_secrets;
        if secrets.is_empty()
            || secrets.len() > WEBHOOK_SECRETS_MAX
            || secrets.iter().any(|one| !one.starts_with("whsec_"))
        {
            bail!("[payments.stripe]: webhook_secrets are one to {WEBHOOK_SECRETS_MAX} texts that begin with whsec_");
        }
        if !is_test_key(key) && !public_url.starts_with("https://") {
            bail!("[payments.stripe]: the secret_key is for real money: public_url must begin with https://");
        }
        if !is_test_key(key) && !self.connect && !self.operator_sells {
            bail!(
                "[payments.stripe]: the secret_key is for real money, and without connect all that customers pay lands with you, who may \
                 not be allowed to hold it for others: set connect = true, or operator_sells = true where you are the seller yourself \
                 or are licensed to pay out"
            );
        }
        for (name, address) in [("api", &self.api), ("script", &self.script)] {
            let url = Url::parse(address).with_context(|| format!("[payments.stripe]: {name} is no address"))?;
            let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
            if url.scheme() != "https" && !(local && is_test_key(key)) {
                bail!("[payments.stripe]: {name} must begin with https://");
            }
        }
        self.make(key).map(drop)
    }

    /// The provider, where it is on.
    ///
    /// # Errors
    /// When a setting cannot be used.
    pub(crate) fn provider(&self) -> anyhow::Result<Option<Stripe>> {
        self.key().map(|key| self.make(key)).transpose()
    }

    fn make(&self, key: &str) -> anyhow::Result<Stripe> {
        let settings = StripeSettings {
            secret_key: key.to_owned(),
            publishable_key: self.publishable_key.clone().unwrap_or_default(),
            webhook_secrets: self.webhook_secrets.clone(),
            api: self.api.clone(),
            script: self.script.clone(),
            connect: self.connect,
            call_time_max: CALL_TIME_MAX,
        };
        Stripe::new(settings).map_err(|wrong| anyhow::anyhow!("[payments.stripe]: {wrong}"))
    }
}
