//! Configuration in layers: defaults, a TOML file, `BOOKA_*` variables, flags. Unknown keys are errors.

mod check;
mod invoice;
mod load;
mod stripe;
#[cfg(test)]
mod tests;
mod variables;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::bail;
use booking_adapters::smtp::{MailServer, MailTls};
use booking_core::base::money::Currency;
use booking_core::base::{Networks, config};
use booking_core::books::tax::account_number;
use serde::{Deserialize, Serialize};

pub(crate) use invoice::InvoiceSettings;
pub(crate) use load::Flags;
pub(crate) use stripe::StripeKeys;

/// Everything an operator can set. `booka config print` shows it with secrets hidden.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where browsers reach the site: scheme, host and port, no path.
    pub public_url: String,
    /// Everything the server writes lies below this folder.
    pub data_dir: PathBuf,
    /// Name of this process among those that share a database; it must differ between them and outlive restarts. Empty
    /// means the machine's name and the listening address.
    pub node: String,
    pub http: Http,
    pub tls: Tls,
    pub media: Media,
    pub media_api: MediaApi,
    pub database: Database,
    pub mail: Mail,
    pub payments: Payments,
    pub storage: Storage,
    pub controller: Controller,
    pub platform: Platform,
    pub retention: Retention,
    pub log: Log,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    pub listen: SocketAddr,
    /// Addresses and networks of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Networks,
    /// Addresses and networks that may read `/metrics`, beside loopback.
    pub metrics_readers: Networks,
    /// How long a stop waits for requests and calls to be handed over, seconds.
    pub drain_s: u64,
}

/// How HTTPS is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TlsMode {
    /// Plain HTTP: localhost, or behind a proxy that speaks TLS.
    Off,
    /// A certificate chain and key from files, read again when they change.
    Files,
    /// Certificates from an ACME authority (TLS-ALPN-01 on the listening port).
    Acme,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    pub mode: TlsMode,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    /// Contact address for the ACME authority.
    pub acme_email: Option<String>,
    /// Use the authority's test directory, whose certificates browsers do not trust.
    pub acme_staging: bool,
    /// Directory of another authority than Let's Encrypt.
    pub acme_directory: Option<String>,
    /// Certificates (PEM) that the authority's own server is known by, in place of the public ones.
    pub acme_root: Option<PathBuf>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Media {
    /// Local addresses to bind; one socket for each address and shard.
    pub bind: Vec<IpAddr>,
    /// Port of the first shard; shard n uses `port + n`. 0 takes free ports.
    pub port: u16,
    /// Addresses told to browsers, one for each in `bind`; empty means the bound ones. Of a family with one address in
    /// `bind` there may be several.
    pub advertise: Vec<IpAddr>,
    /// Media threads; 0 means one fewer than cores, at least one.
    pub shards: usize,
    /// Send runs of equal packets in one system call (UDP_SEGMENT) where the kernel can.
    pub gso: bool,
    /// Pad long video packets to a few common lengths, so that a frame is one such run.
    pub padding: bool,
    /// Take media over TCP too, at the same addresses and ports, from browsers that UDP does not get through to.
    pub ice_tcp: bool,
}

/// WHIP, WHEP and rooms for partners.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MediaApi {
    /// SHA-256 of each partner key, hexadecimal, as `booka api-key` prints it. Empty turns the API off.
    pub key_hashes: Vec<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Database {
    /// `sqlite:PATH` or `postgres://…`; empty means SQLite below `data_dir`.
    pub url: String,
    /// File that holds the URL, for passwords.
    pub url_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailTransport {
    /// Mails stay on the operator's outbox page.
    Outbox,
    Smtp,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Mail {
    pub transport: MailTransport,
    pub from: String,
    pub smtp_host: String,
    pub smtp_port: u16,
    pub smtp_tls: SmtpTls,
    pub smtp_user: Option<String>,
    pub smtp_password: Option<String>,
    pub smtp_password_file: Option<PathBuf>,
    /// Certificates (PEM) of an authority that is believed beside the public ones.
    pub smtp_ca: Option<PathBuf>,
    /// What is in that file.
    #[serde(skip)]
    pub authority: Option<Vec<u8>>,
}

impl Mail {
    /// The mail server as the mailer takes it, by TLS unless the configuration says otherwise.
    pub(crate) fn server(&self) -> MailServer {
        MailServer {
            host: self.smtp_host.clone(),
            port: self.smtp_port,
            tls: match self.smtp_tls {
                SmtpTls::Off => MailTls::Off,
                SmtpTls::Starttls => MailTls::Starttls,
                SmtpTls::Implicit => MailTls::Implicit,
            },
            login: self.smtp_user.clone().zip(self.smtp_password.clone()),
            authority: self.authority.clone(),
        }
    }
}

/// How consumers pay. Without a provider only free services are offered.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Payments {
    /// The built-in test provider: for trying things out, no money moves.
    pub test: bool,
    /// Take test payments although `public_url` is not this machine.
    pub test_in_public: bool,
    /// That nothing can be sold is meant so: then nobody is told that a provider is missing.
    pub free_only: bool,
    pub stripe: StripeKeys,
    pub invoice: InvoiceSettings,
    /// Up to this sum of an appointment's refunds, by currency and in its smallest unit, one person pays back alone.
    pub refund_alone: BTreeMap<String, i64>,
    /// For so many days after an appointment a dispute about it can be opened.
    pub dispute_days: i64,
}

impl Payments {
    /// The limits of refunds by currency.
    ///
    /// # Errors
    /// What is no currency, or no amount.
    pub(crate) fn refund_limits(&self) -> anyhow::Result<BTreeMap<Currency, i64>> {
        let limit = |(code, minor): (&String, &i64)| {
            let currency = Currency::parse(code);
            match currency {
                Ok(currency) if *minor >= 0 => Ok((currency, *minor)),
                Ok(_) | Err(_) => bail!(
                    "payments.refund_alone has currencies and amounts in their smallest unit, such as NOK = 500000 for 5 000 kr, and not \
                     {code} = {minor}"
                ),
            }
        };
        self.refund_alone.iter().map(limit).collect()
    }
}

impl Default for Payments {
    fn default() -> Self {
        Self {
            test: false,
            test_in_public: false,
            free_only: false,
            stripe: StripeKeys::default(),
            invoice: InvoiceSettings::default(),
            refund_alone: config::BookingConfig::usual_refund_alone()
                .into_iter()
                .map(|(currency, minor)| (currency.to_string(), minor))
                .collect(),
            dispute_days: config::BookingConfig::DISPUTE_DAYS,
        }
    }
}

/// How the mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmtpTls {
    /// Plain text, for a server on this machine.
    Off,
    Starttls,
    Implicit,
}

#[derive(Debug, Clone, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Storage {
    /// Folder for documents; without one they lie below `data_dir`.
    pub folder: Option<PathBuf>,
}

/// Who answers for the data, named in the notice and the terms.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Controller {
    pub name: String,
    /// Nine digits.
    pub org_number: String,
    pub email: String,
}

/// The operator as a business that sells its service to other businesses.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Platform {
    /// ISO date since when the operator is registered for VAT; empty where it is not.
    pub vat_registered_from: String,
    /// Street, postcode and town, for its own documents.
    pub address: Vec<String>,
    /// The account that payouts to businesses leave from, in files for the bank; empty where nothing is paid out.
    pub payout_account: String,
    /// The operator declares that it has a licence to hold money for others and to pay it out.
    pub licensed_to_pay_out: bool,
}

impl Platform {
    /// As the booking side takes it; who neither sells nor has a licence pays nothing out.
    pub(crate) fn terms(&self, operator_sells: bool) -> config::Platform {
        let may_pay_out = operator_sells || self.licensed_to_pay_out;
        config::Platform {
            vat_from: config::first_moment(&self.vat_registered_from),
            address: self.address.clone(),
            payout_account: account_number(&self.payout_account).filter(|_| may_pay_out),
        }
    }

    pub(super) fn check(&self, operator_sells: bool) -> anyhow::Result<()> {
        let day = self.vat_registered_from.trim();
        if !day.is_empty() && config::first_moment(day).is_none() {
            bail!("[platform]: vat_registered_from is a day such as 2026-01-31");
        }
        if self.payout_account.trim().is_empty() {
            return Ok(());
        }
        if account_number(&self.payout_account).is_none() {
            bail!("[platform]: payout_account is no account number: eleven digits of a Norwegian one, or an IBAN");
        }
        if !operator_sells && !self.licensed_to_pay_out {
            bail!(
                "[platform]: payout_account pays others what you hold for them, which needs a licence (finansforetaksloven § 2-3): \
                 set licensed_to_pay_out = true where you have one, or payments.stripe.operator_sells = true where you are the seller"
            );
        }
        Ok(())
    }
}

/// How long records are kept, where the law of a country wants more than ours.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    /// Whole years after the end of the accounting year.
    pub accounting_years: i64,
    /// Months without a sign-in after which somebody counts as having left.
    pub inactive_months: i64,
}

impl Retention {
    /// As the booking side takes it.
    pub(crate) fn terms(&self) -> config::Retention {
        config::Retention {
            accounting_years: self.accounting_years,
            inactive_months: self.inactive_months,
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        let terms = config::Retention::default();
        Self {
            accounting_years: terms.accounting_years,
            inactive_months: terms.inactive_months,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    Pretty,
    Json,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    pub format: LogFormat,
    /// A tracing filter, for example `info` or `info,signaling=debug`.
    pub level: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            public_url: "http://localhost:8080".to_owned(),
            data_dir: PathBuf::from("data"),
            node: String::new(),
            http: Http::default(),
            tls: Tls::default(),
            media: Media::default(),
            media_api: MediaApi::default(),
            database: Database::default(),
            mail: Mail::default(),
            payments: Payments::default(),
            storage: Storage::default(),
            controller: Controller::default(),
            platform: Platform::default(),
            retention: Retention::default(),
            log: Log::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            trusted_proxies: Networks::default(),
            metrics_readers: Networks::default(),
            drain_s: 20,
        }
    }
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            mode: TlsMode::Off,
            certificate: None,
            key: None,
            acme_email: None,
            acme_staging: false,
            acme_directory: None,
            acme_root: None,
        }
    }
}

impl Media {
    /// What browsers are told in place of each address in `bind`: nothing where that is told itself, by family where
    /// it has one address only, else one for one. `None` when the two lists do not fit together.
    pub(crate) fn advertised(&self) -> Option<Vec<Vec<IpAddr>>> {
        let mut advertised = vec![Vec::new(); self.bind.len()];
        for ipv6 in [false, true] {
            let of_family = |ip: &IpAddr| ip.is_ipv6() == ipv6;
            let bound: Vec<usize> = (0..self.bind.len())
                .filter(|number| of_family(&self.bind[*number]))
                .collect();
            let of_this_family: Vec<IpAddr> = self.advertise.iter().copied().filter(of_family).collect();
            match bound[..] {
                _ if of_this_family.is_empty() => {}
                [only] => advertised[only] = of_this_family,
                _ if bound.len() == of_this_family.len() => {
                    for (number, ip) in bound.into_iter().zip(of_this_family) {
                        advertised[number].push(ip);
                    }
                }
                _ => return None,
            }
        }
        Some(advertised)
    }
}

impl Default for Media {
    fn default() -> Self {
        Self {
            bind: vec![IpAddr::V4(Ipv4Addr::LOCALHOST)],
            port: 8189,
            advertise: Vec::new(),
            shards: 0,
            gso: true,
            padding: true,
            ice_tcp: true,
        }
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            transport: MailTransport::Outbox,
            from: "Booka <booka@localhost>".to_owned(),
            smtp_host: "localhost".to_owned(),
            smtp_port: 587,
            smtp_tls: SmtpTls::Starttls,
            smtp_user: None,
            smtp_password: None,
            smtp_password_file: None,
            smtp_ca: None,
            authority: None,
        }
    }
}

impl Default for Controller {
    fn default() -> Self {
        Self {
            name: "Booka".to_owned(),
            org_number: String::new(),
            email: "personvern@localhost".to_owned(),
        }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
            level: "info".to_owned(),
        }
    }
}
