//! Puts the layers of the configuration together, and refuses what contradicts itself.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use booking_adapters::smtp::{MailServer, MailTls, Smtp, is_address};
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use media_api::KeyHash;
use tracing_subscriber::EnvFilter;
use url::Url;

use super::*;

/// What the command line may set.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Flags {
    /// Configuration file (TOML).
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Folder for everything the server writes.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address and port to serve HTTP on.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Where browsers reach the site.
    #[arg(long, global = true, value_name = "URL")]
    pub public_url: Option<String>,
}

/// Variables of the test suite share our prefix and are no configuration.
const TEST_VARIABLES: &str = "test_";

impl Config {
    /// Puts the layers together and checks the result.
    ///
    /// # Errors
    /// An unreadable file, an unknown key, a value of the wrong type, or values that contradict each other.
    pub(crate) fn load(flags: &Flags) -> anyhow::Result<Self> {
        let mut figment = Figment::from(Serialized::defaults(Self::default()));
        if let Some(file) = &flags.config {
            if !file.is_file() {
                bail!("there is no configuration file {}", file.display());
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        figment = figment.merge(
            Env::prefixed("BOOKA_")
                .filter(|key| !key.as_str().to_ascii_lowercase().starts_with(TEST_VARIABLES))
                .split("__"),
        );
        let mut config: Self = figment
            .extract()
            .map_err(|error| anyhow::anyhow!("configuration: {error}"))?;
        if let Some(data_dir) = &flags.data_dir {
            config.data_dir.clone_from(data_dir);
        }
        if let Some(listen) = flags.listen {
            config.http.listen = listen;
        }
        if let Some(public_url) = &flags.public_url {
            config.public_url.clone_from(public_url);
        }
        config.read_secret_files()?;
        config.check()?;
        Ok(config)
    }

    fn read_secret_files(&mut self) -> anyhow::Result<()> {
        if let Some(file) = &self.database.url_file {
            self.database.url = read_secret(file)?;
        }
        if let Some(file) = &self.mail.smtp_password_file {
            self.mail.smtp_password = Some(read_secret(file)?);
        }
        Ok(())
    }

    fn check(&mut self) -> anyhow::Result<()> {
        self.public_url = origin_of(&self.public_url)?;
        check_mail(&self.mail)?;
        check_controller(&self.controller)?;
        EnvFilter::try_new(&self.log.level).with_context(|| format!("log.level `{}` is no filter", self.log.level))?;
        if self.media.bind.is_empty() {
            bail!("media.bind needs at least one address");
        }
        let Some(advertised) = self.media.advertised() else {
            bail!("media.advertise must name an address of the same family for each in media.bind, or none");
        };
        let mut pairs = self.media.bind.iter().zip(&advertised);
        if pairs.any(|(bind, advertise)| bind.is_unspecified() && advertise.is_empty()) {
            bail!("media.bind is a wildcard address: say in media.advertise which addresses browsers can reach");
        }
        if self.payments.test && !self.payments.test_in_public && !self.is_local() {
            bail!(
                "payments.test is on and public_url is not localhost: people would book and no money would move. \
                 Turn it off, or set payments.test_in_public where that is what you want"
            );
        }
        if self.payments.test && self.payments.free_only {
            bail!("payments.test and payments.free_only contradict each other");
        }
        self.partner_keys()?;
        if self.tls.mode == TlsMode::Files && (self.tls.certificate.is_none() || self.tls.key.is_none()) {
            bail!("tls.mode is files: tls.certificate and tls.key must name them");
        }
        if self.tls.mode == TlsMode::Acme && !self.public_url.starts_with("https://") {
            bail!("tls.mode is acme: public_url must begin with https://");
        }
        if !self.database.url.is_empty()
            && !["sqlite:", "postgres://", "postgresql://"]
                .iter()
                .any(|known| self.database.url.starts_with(known))
        {
            bail!("database.url must begin with sqlite: or postgres://");
        }
        Ok(())
    }

    /// The partner keys of the media API; none when it is off.
    ///
    /// # Errors
    /// When one is no hash.
    pub(crate) fn partner_keys(&self) -> anyhow::Result<Vec<KeyHash>> {
        let hashes = self.media_api.key_hashes.iter();
        hashes
            .map(|text| {
                KeyHash::from_hex(text)
                    .context("media_api.key_hashes: each is 64 hexadecimal digits from `booka api-key`")
            })
            .collect()
    }

    /// The host name of `public_url`, without port.
    pub(crate) fn public_host(&self) -> &str {
        let host = self
            .public_url
            .split_once("://")
            .map_or(self.public_url.as_str(), |(_, host)| host);
        match host.strip_prefix('[') {
            Some(v6) => v6.split(']').next().unwrap_or(v6),
            None => host.split(':').next().unwrap_or(host),
        }
    }

    /// Whether browsers will allow cameras: HTTPS, or this very machine.
    pub(crate) fn cameras_work(&self) -> bool {
        self.public_url.starts_with("https://") || self.is_local()
    }

    /// Whether only browsers on this machine reach the site.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.public_host(), "localhost" | "127.0.0.1" | "::1")
    }

    /// The database in use.
    pub(crate) fn database_url(&self) -> String {
        if self.database.url.is_empty() {
            format!("sqlite:{}", self.data_dir.join("booka.sqlite").display())
        } else {
            self.database.url.clone()
        }
    }

    /// The file of the database, where it is SQLite.
    pub(crate) fn sqlite_file(&self) -> Option<PathBuf> {
        let url = self.database_url();
        let path = url.strip_prefix("sqlite:")?;
        let path = path.strip_prefix("//").unwrap_or(path);
        Some(PathBuf::from(path.split('?').next().unwrap_or(path)))
    }

    /// The name of this process.
    pub(crate) fn node_name(&self) -> String {
        if !self.node.is_empty() {
            return self.node.clone();
        }
        // The unit hides the file below /proc that has the name, too.
        let system = rustix::system::uname();
        format!("{}/{}", system.nodename().to_string_lossy(), self.http.listen)
    }

    /// Where documents are stored.
    pub(crate) fn storage_folder(&self) -> PathBuf {
        self.storage.folder.clone().unwrap_or_else(|| self.data_dir.clone())
    }

    /// The configuration in use as TOML, secrets hidden.
    ///
    /// # Errors
    /// When the values cannot be written as TOML.
    pub(crate) fn print(&self) -> anyhow::Result<String> {
        let mut shown = self.clone();
        if shown.mail.smtp_password.is_some() {
            shown.mail.smtp_password = Some("(hidden)".to_owned());
        }
        if shown.database.url.starts_with("postgres") {
            // A password may also stand among the parameters, and hold an `@` of its own.
            let plain = shown.database.url.split('?').next().unwrap_or_default();
            let (scheme, rest) = plain.split_once("://").unwrap_or(("postgres", plain));
            shown.database.url = match rest.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://(hidden)@{host}"),
                None => format!("{scheme}://{rest}"),
            };
        }
        toml::to_string(&shown).context("cannot show the configuration")
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

/// What the mailer cannot send by is found out before the first mail.
fn check_mail(mail: &Mail) -> anyhow::Result<()> {
    Smtp::new(mail_server(mail), &mail.from)
        .map(drop)
        .map_err(|wrong| anyhow::anyhow!("[mail]: {wrong}"))
}

/// The notice names both to everybody, and people write there.
fn check_controller(controller: &Controller) -> anyhow::Result<()> {
    const DIGITS: usize = 9;
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

/// The mail server as the mailer takes it, by TLS unless the configuration says otherwise. Who has no password does not log
/// in.
pub(crate) fn mail_server(mail: &Mail) -> MailServer {
    MailServer {
        host: mail.smtp_host.clone(),
        port: mail.smtp_port,
        tls: match mail.smtp_tls {
            SmtpTls::Off => MailTls::Off,
            SmtpTls::Starttls => MailTls::Starttls,
            SmtpTls::Implicit => MailTls::Implicit,
        },
        login: mail.smtp_user.clone().zip(mail.smtp_password.clone()),
    }
}

fn read_secret(file: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the secret in {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
