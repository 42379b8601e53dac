//! Configuration in layers: defaults, a TOML file, `BOOKA_*` variables, flags. Unknown keys are errors.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use media_api::KeyHash;
use serde::{Deserialize, Serialize};

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
    pub log: Log,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Http {
    pub listen: SocketAddr,
    /// Addresses of reverse proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Addresses that may read `/metrics`, beside loopback.
    pub metrics_readers: Vec<IpAddr>,
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
}

/// How consumers pay. Without a provider only free services are offered.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Payments {
    /// The built-in test provider: for trying things out, no money moves.
    pub test: bool,
    /// Take test payments although `public_url` is not this machine.
    pub test_in_public: bool,
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
            log: Log::default(),
        }
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            trusted_proxies: Vec::new(),
            metrics_readers: Vec::new(),
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
            let told: Vec<IpAddr> = self.advertise.iter().copied().filter(of_family).collect();
            match bound[..] {
                _ if told.is_empty() => {}
                [only] => advertised[only] = told,
                _ if bound.len() == told.len() => {
                    for (number, ip) in bound.into_iter().zip(told) {
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
        self.public_url = self.public_url.trim_end_matches('/').to_owned();
        let Some((scheme, host)) = self.public_url.split_once("://") else {
            bail!("public_url must begin with http:// or https://");
        };
        if !matches!(scheme, "http" | "https") || host.is_empty() || host.contains(['/', '?', '#', '@']) {
            bail!("public_url must be scheme, host and port only, for example https://booka.example");
        }
        // A proxy's address is compared as connections have it, however it was written.
        for proxy in &mut self.http.trusted_proxies {
            *proxy = proxy.to_canonical();
        }
        if self.media.bind.is_empty() {
            bail!("media.bind needs at least one address");
        }
        let Some(advertised) = self.media.advertised() else {
            bail!("media.advertise must name an address of the same family for each in media.bind, or none");
        };
        let mut told = self.media.bind.iter().zip(&advertised);
        if told.any(|(bind, advertise)| bind.is_unspecified() && advertise.is_empty()) {
            bail!("media.bind is a wildcard address: say in media.advertise which addresses browsers can reach");
        }
        if self.payments.test && !self.payments.test_in_public && !self.is_local() {
            bail!(
                "payments.test is on and public_url is not localhost: people would book and no money would move. \
                 Turn it off, or set payments.test_in_public where that is what you want"
            );
        }
        self.partner_keys()?;
        if self.tls.mode == TlsMode::Files && (self.tls.certificate.is_none() || self.tls.key.is_none()) {
            bail!("tls.mode is files: tls.certificate and tls.key must name them");
        }
        if self.tls.mode == TlsMode::Acme && scheme != "https" {
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
        let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        format!("{}/{}", machine.trim(), self.http.listen)
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

fn read_secret(file: &Path) -> anyhow::Result<String> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read the secret in {}", file.display()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str) -> Result<Config, String> {
        let file = std::env::temp_dir().join(format!("booka-config-{}-{:x}.toml", std::process::id(), hash(toml)));
        std::fs::write(&file, toml).expect("the temporary folder can be written");
        let result = Config::load(&Flags {
            config: Some(file.clone()),
            ..Flags::default()
        });
        std::fs::remove_file(file).expect("it was just written");
        result.map_err(|error| error.to_string())
    }

    fn hash(text: &str) -> u64 {
        text.bytes()
            .fold(5381, |hash, byte| hash.wrapping_mul(33) ^ u64::from(byte))
    }

    #[test]
    fn defaults_serve_localhost_with_sqlite() {
        let config = load("").expect("no file is a good configuration");
        assert!(config.cameras_work());
        assert_eq!(config.database_url(), "sqlite:data/booka.sqlite");
    }

    #[test]
    fn the_example_shows_every_default() {
        let example = include_str!("../../deploy/config.example.toml");
        let shown = |config: &Config| config.print().expect("it can be printed");
        let defaults = shown(&Config::default());
        assert_eq!(shown(&load(example).expect("the example is good")), defaults);
        for line in defaults.lines().filter(|line| !line.is_empty()) {
            assert!(example.lines().any(|shown| shown == line), "the example lacks: {line}");
        }
    }

    #[test]
    fn two_processes_of_one_machine_have_two_names() {
        let one = load("[http]\nlisten = \"127.0.0.1:8080\"").expect("a good configuration");
        let other = load("[http]\nlisten = \"127.0.0.1:8081\"").expect("a good configuration");
        assert_ne!(one.node_name(), other.node_name());
        assert_eq!(one.node_name(), one.clone().node_name());
        let named = load("node = \"eu-1\"").expect("a good configuration");
        assert_eq!(named.node_name(), "eu-1");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = load("[media]\nprot = 1\n").expect_err("prot is a typing mistake");
        assert!(error.contains("prot"), "{error}");
    }

    #[test]
    fn advertised_addresses_are_matched_by_family() {
        let check = |bind: &str, advertise: &str, expect: Option<&str>| {
            let loaded = load(&format!("[media]\nbind = [{bind}]\nadvertise = [{advertise}]"));
            let told = loaded
                .ok()
                .map(|config| format!("{:?}", config.media.advertised().expect("it was checked")));
            assert_eq!(told.as_deref(), expect, "{bind} as {advertise}");
        };
        let (v4, v6) = ("\"10.0.0.1\"", "\"2001:db8::1\"");
        let both = format!("{v4}, {v6}");
        check(v4, "", Some("[[]]"));
        check(v4, "\"192.0.2.1\", \"192.0.2.2\"", Some("[[192.0.2.1, 192.0.2.2]]"));
        check(&both, "\"192.0.2.1\"", Some("[[192.0.2.1], []]"));
        check(
            &both,
            "\"2001:db8::7\", \"192.0.2.1\"",
            Some("[[192.0.2.1], [2001:db8::7]]"),
        );
        check(
            "\"10.0.0.1\", \"10.0.0.2\"",
            "\"192.0.2.1\", \"192.0.2.2\"",
            Some("[[192.0.2.1], [192.0.2.2]]"),
        );
        check("\"10.0.0.1\", \"10.0.0.2\"", "\"192.0.2.1\"", None);
        check(v4, "\"2001:db8::7\"", None);
        check("\"0.0.0.0\", \"::\"", "\"192.0.2.1\"", None);
    }

    #[test]
    fn contradictions_are_refused() {
        for (toml, word) in [
            ("public_url = \"booka.example\"", "public_url"),
            ("public_url = \"https://booka.example/path\"", "public_url"),
            ("[tls]\nmode = \"files\"", "certificate"),
            ("[tls]\nmode = \"acme\"", "https"),
            ("[media]\nbind = [\"0.0.0.0\"]", "advertise"),
            ("[media]\nbind = []", "bind"),
            ("[media_api]\nkey_hashes = [\"booka_key\"]", "key_hashes"),
            ("[database]\nurl = \"mysql://x\"", "database.url"),
        ] {
            let error = load(toml).expect_err(toml);
            assert!(error.contains(word), "{toml}: {error}");
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let config = load("[database]\nurl = \"postgres://u:geheim@db/booka\"\n[mail]\nsmtp_password = \"geheim\"\n")
            .expect("a good configuration");
        let shown = config.print().expect("it can be printed");
        assert!(!shown.contains("geheim"), "{shown}");
        assert!(shown.contains("@db/booka"), "{shown}");
        for url in [
            "postgres://u:gehe@geheim@db/booka",
            "postgres://db/booka?user=u&password=geheim",
        ] {
            let config = load(&format!("[database]\nurl = \"{url}\"\n")).expect("a good configuration");
            let shown = config.print().expect("it can be printed");
            assert!(!shown.contains("gehe") && shown.contains("db/booka"), "{shown}");
        }
    }
}
