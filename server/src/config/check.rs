//! Refuses values that contradict each other, and those that whatever uses them would not take: before the start, by name.

use anyhow::{Context as _, bail};
use booking_adapters::smtp::{Smtp, is_address};
use booking_core::BookingConfig;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tracing_subscriber::EnvFilter;
use url::{Host, Url};

use super::*;

/// More media threads than this no machine has cores for.
const SHARDS_MAX: usize = 256;
/// A stop that takes longer is none.
const DRAIN_S_MAX: u64 = 3_600;

impl Config {
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        self.public_url = origin_of(&self.public_url)?;
        if self.data_dir.as_os_str().is_empty() {
            bail!("data_dir is empty: name a folder");
        }
        if self.http.drain_s > DRAIN_S_MAX {
            bail!("http.drain_s is in seconds, {DRAIN_S_MAX} at most");
        }
        check_mail(&self.mail)?;
        check_controller(&self.controller)?;
        EnvFilter::try_new(&self.log.level).with_context(|| format!("log.level `{}` is no filter", self.log.level))?;
        check_media(&self.media)?;
        self.check_payments()?;
        check_retention(&self.retention)?;
        self.partner_keys()?;
        self.check_tls()?;
        let database = &self.database.url;
        if !database.is_empty()
            && !["sqlite:", "postgres://", "postgresql://"]
                .iter()
                .any(|known| database.starts_with(known))
        {
            bail!("database.url must begin with sqlite: or postgres://");
        }
        Ok(())
    }

    fn check_payments(&self) -> anyhow::Result<()> {
        let payments = &self.payments;
        payments.stripe.check(&self.public_url)?;
        payments.invoice.check()?;
        self.platform.check(payments.stripe.operator_sells)?;
        let stripe_tests = payments.stripe.is_on() && !payments.stripe.is_live();
        if (payments.test || stripe_tests) && !payments.test_in_public && !self.is_local() {
            let which = if payments.test {
                "payments.test is on"
            } else {
                "payments.stripe has a key for tests"
            };
            bail!(
                "{which} and public_url is not localhost: people would book and no money would move. \
                 Turn it off, or set payments.test_in_public where that is what you want"
            );
        }
        if (payments.test || payments.stripe.is_on() || payments.invoice.is_on()) && payments.free_only {
            bail!("payments.free_only contradicts a payment provider that is on: leave out one of the two");
        }
        payments.refund_limits()?;
        let days = BookingConfig::DISPUTE_DAYS_MIN..=BookingConfig::DISPUTE_DAYS_MAX;
        if !days.contains(&payments.dispute_days) {
            bail!("payments.dispute_days is from {} to {}", days.start(), days.end());
        }
        Ok(())
    }

    fn check_tls(&self) -> anyhow::Result<()> {
        let tls = &self.tls;
        if tls.mode == TlsMode::Files && (tls.certificate.is_none() || tls.key.is_none()) {
            bail!("tls.mode is files: tls.certificate and tls.key must name them");
        }
        if tls.acme_email.as_deref().is_some_and(|email| !is_address(email)) {
            bail!("tls.acme_email is no address: the authority would refuse it");
        }
        if tls.mode != TlsMode::Acme {
            return Ok(());
        }
        if !self.public_url.starts_with("https://") {
            bail!("tls.mode is acme: public_url must begin with https://");
        }
        if !matches!(Host::parse(self.public_host()), Ok(Host::Domain(_))) || self.is_local() {
            bail!("tls.mode is acme: public_url must have a name that the authority can look up, not an address");
        }
        if let Some(directory) = &tls.acme_directory {
            if tls.acme_staging {
                bail!("tls.acme_directory and tls.acme_staging contradict each other");
            }
            if !Url::parse(directory).is_ok_and(|url| url.scheme() == "https") {
                bail!("tls.acme_directory is {directory:?}, and no https:// address");
            }
        }
        if tls.acme_root.is_some() && tls.acme_directory.is_none() {
            bail!("tls.acme_root is for the authority in tls.acme_directory, which names none");
        }
        Ok(())
    }
}

/// The origin as browsers send it: lower case, the host in ASCII (UTS 46), no port where it is the usual one.
fn origin_of(public_url: &str) -> anyhow::Result<String> {
    const MEANT: &str = "public_url must be scheme, host and port only, for example https://booka.example";
    let url = Url::parse(public_url.trim()).with_context(|| format!("{MEANT}; {public_url:?} is no URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        bail!("public_url must begin with http:// or https://");
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        bail!("{MEANT}; {public_url:?} has more");
    }
    Ok(url.origin().ascii_serialization())
}

fn check_media(media: &Media) -> anyhow::Result<()> {
    if media.bind.is_empty() {
        bail!("media.bind needs at least one address");
    }
    let Some(advertised) = media.advertised() else {
        bail!("media.advertise must name an address of the same family for each in media.bind, or none");
    };
    let mut pairs = media.bind.iter().zip(&advertised);
    if pairs.any(|(bind, advertise)| bind.is_unspecified() && advertise.is_empty()) {
        bail!("media.bind is a wildcard address: say in media.advertise which addresses browsers can reach");
    }
    if media.advertise.iter().any(std::net::IpAddr::is_unspecified) {
        bail!("media.advertise has a wildcard address, which no browser can reach");
    }
    if media.shards > SHARDS_MAX {
        bail!("media.shards is at most {SHARDS_MAX}");
    }
    if media.port != 0 && usize::from(media.port) + media.shards.saturating_sub(1) > usize::from(u16::MAX) {
        bail!("media.port: there are no {} ports from {} on", media.shards, media.port);
    }
    Ok(())
}

/// What the mailer cannot send by is found out before the first mail.
fn check_mail(mail: &Mail) -> anyhow::Result<()> {
    let password = mail.smtp_password.as_deref().filter(|password| !password.is_empty());
    match (&mail.smtp_user, password) {
        (Some(_), None) => bail!("[mail]: there is a smtp_user, and no password for it in smtp_password_file"),
        (None, Some(_)) => bail!("[mail]: there is a password, and no smtp_user"),
        (Some(_), Some(_)) | (None, None) => {}
    }
    if let Some(pem) = &mail.authority {
        let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
        if !certificates.is_ok_and(|found| !found.is_empty()) {
            bail!("[mail]: there is no certificate (PEM) in the file of smtp_ca");
        }
    }
    if mail.smtp_port == 0 {
        bail!("[mail]: smtp_port is 0, and no port of a mail server");
    }
    Smtp::new(mail.server(), &mail.from)
        .map(drop)
        .map_err(|wrong| anyhow::anyhow!("[mail]: {wrong}"))
}

/// The notice names all of it to everybody, and people write there.
fn check_controller(controller: &Controller) -> anyhow::Result<()> {
    const DIGITS: usize = 9;
    if controller.name.trim().is_empty() {
        bail!("controller.name is empty");
    }
    if !is_address(&controller.email) {
        bail!(
            "controller.email is {:?}, and no address that mail can be sent to",
            controller.email
        );
    }
    let number: String = controller.org_number.split_whitespace().collect();
    let is_number = number.len() == DIGITS && number.bytes().all(|digit| digit.is_ascii_digit());
    if !number.is_empty() && !is_number {
        bail!(
            "controller.org_number is {:?}, and not nine digits",
            controller.org_number
        );
    }
    Ok(())
}

fn check_retention(retention: &Retention) -> anyhow::Result<()> {
    use booking_core::base::config::Retention as Terms;
    let (least, most) = (Terms::ACCOUNTING_YEARS_MIN, Terms::ACCOUNTING_YEARS_MAX);
    if !(least..=most).contains(&retention.accounting_years) {
        bail!(
            "retention.accounting_years is {least} to {most}: the law wants accounting records kept for {least} years"
        );
    }
    let (least, most) = (Terms::INACTIVE_MONTHS_MIN, Terms::INACTIVE_MONTHS_MAX);
    if !(least..=most).contains(&retention.inactive_months) {
        bail!("retention.inactive_months is {least} to {most}");
    }
    Ok(())
}
