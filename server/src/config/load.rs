//! Puts the layers of the configuration together.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use media_api::KeyHash;

use super::variables::Texts;
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
        let variables = Env::prefixed("BOOKA_")
            .filter(|key| !key.as_str().to_ascii_lowercase().starts_with(TEST_VARIABLES))
            .split("__");
        figment = figment.merge(variables.clone()).merge(Texts(variables));
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
        self.payments.stripe.read_secret_files()?;
        if let Some(file) = &self.mail.smtp_ca {
            let pem = std::fs::read(file).with_context(|| format!("cannot read mail.smtp_ca {}", file.display()))?;
            self.mail.authority = Some(pem);
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

    /// The database in use, without its password.
    pub(crate) fn database_shown(&self) -> String {
        let url = self.database_url();
        if !url.starts_with("postgres") {
            return url;
        }
        // A password may also stand among the parameters, and hold an `@` of its own.
        let plain = url.split('?').next().unwrap_or_default();
        let (scheme, rest) = plain.split_once("://").unwrap_or(("postgres", plain));
        match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://(hidden)@{host}"),
            None => format!("{scheme}://{rest}"),
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
        shown.payments.stripe.hide_secrets();
        if !shown.database.url.is_empty() {
            shown.database.url = self.database_shown();
        }
        toml::to_string(&shown).context("cannot show the configuration")
    }
}

pub(super) fn read_secret(file: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the secret in {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
