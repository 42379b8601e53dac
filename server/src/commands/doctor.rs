//! `booka doctor`: what is missing or unwise, each with the way out.

use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use booking_core::base::db::Inspected;
use rustix::fs::{Access, access};
use sfu_driver::DriverConfig;

use crate::config::{Config, MailTransport, TlsMode};
use crate::terminal::say;
use crate::{lock, secrets};

/// Smallest kernel limit for socket buffers that a busy media port is happy with, bytes.
const SOCKET_BUFFER_BYTES_MIN: u64 = 2 * 1024 * 1024;

/// Open files that one busy server needs.
const OPEN_FILES_MIN: u64 = 16_384;

enum Finding {
    Good(String),
    /// Works, but not for everybody or not for long.
    Unwise(String),
    /// Does not work.
    Broken(String),
}

/// Prints every finding.
///
/// # Errors
/// When something is broken, so that scripts notice.
pub(crate) async fn doctor(config: &Config) -> anyhow::Result<()> {
    let mut findings = vec![
        cameras(config),
        client(),
        data_dir(&config.data_dir),
        secret(&config.data_dir),
        http_port(config),
        media_ports(config),
        proxies(config),
        advertised(config),
        certificates(config),
        mail(config),
        controller(config),
        payments(config),
        number(
            "net.core.rmem_max",
            "/proc/sys/net/core/rmem_max",
            SOCKET_BUFFER_BYTES_MIN,
        ),
        open_files(),
    ];
    findings.push(database(config).await);
    let mut broken = 0;
    for finding in findings {
        match finding {
            Finding::Good(text) => say(&format!("ok      {text}\n"))?,
            Finding::Unwise(text) => say(&format!("unwise  {text}\n"))?,
            Finding::Broken(text) => {
                broken += 1;
                say(&format!("BROKEN  {text}\n"))?;
            }
        }
    }
    if broken > 0 {
        anyhow::bail!("{broken} of these must be mended before the server can work");
    }
    Ok(())
}

fn cameras(config: &Config) -> Finding {
    let url = &config.public_url;
    if config.cameras_work() {
        Finding::Good(format!("browsers allow cameras on {url}"))
    } else {
        Finding::Broken(format!(
            "browsers allow no camera on {url}: use https (tls.mode, or a proxy), or localhost"
        ))
    }
}

fn client() -> Finding {
    if web::assets::built() {
        Finding::Good("the browser client is built in".to_owned())
    } else {
        Finding::Broken(
            "this binary was built without the browser client: run `cargo xtask web` and build again".to_owned(),
        )
    }
}

/// Nothing is made or written: whoever asks the doctor may be another user than the server.
fn data_dir(folder: &Path) -> Finding {
    let able = Access::WRITE_OK | Access::EXEC_OK;
    if folder.exists() {
        return match access(folder, able) {
            Ok(()) => Finding::Good(format!("{} can be written", folder.display())),
            Err(error) => Finding::Broken(format!("{} cannot be written: {error}", folder.display())),
        };
    }
    let above = folder.ancestors().skip(1).find(|above| above.exists());
    let above = above
        .filter(|above| !above.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match access(above, able) {
        Ok(()) => Finding::Good(format!("{} is made at the first start", folder.display())),
        Err(error) => Finding::Broken(format!("{} cannot be made: {error}", folder.display())),
    }
}

fn secret(folder: &Path) -> Finding {
    match secrets::inspect(folder, "tickets") {
        Ok(()) => Finding::Good("the secrets can be used, or are made at the first start".to_owned()),
        Err(error) => Finding::Broken(format!("{error:#}")),
    }
}

fn http_port(config: &Config) -> Finding {
    let address = config.http.listen;
    if lock::is_taken(config) {
        return Finding::Good(format!(
            "a server is running on these data, on {address} and its media ports"
        ));
    }
    match TcpListener::bind(address) {
        Ok(_) => Finding::Good(format!("{address} is free")),
        Err(error) => Finding::Broken(format!("{address} cannot be bound ({error}): another program has it")),
    }
}

/// Every port that `serve` would bind: one a media thread.
fn media_ports(config: &Config) -> Finding {
    let shards = match config.media.shards {
        0 => DriverConfig::new(Vec::new(), config.media.port).shards,
        shards => shards,
    };
    let protocols = if config.media.ice_tcp { "udp and tcp" } else { "udp" };
    let Some(last) = (config.media.port..=u16::MAX).nth(shards - 1) else {
        return Finding::Broken(format!(
            "there are no {shards} ports from media.port {}",
            config.media.port
        ));
    };
    let named = format!("media ports {} to {last} ({protocols})", config.media.port);
    if config.media.port == 0 || lock::is_taken(config) {
        return Finding::Good(format!("{named}: open them in the firewall"));
    }
    for (address, port) in config
        .media
        .bind
        .iter()
        .flat_map(|ip| (config.media.port..=last).map(move |port| (*ip, port)))
    {
        let address = SocketAddr::new(address, port);
        if let Err(error) = UdpSocket::bind(address) {
            return Finding::Broken(format!("media port {address}/udp cannot be bound: {error}"));
        }
        if config.media.ice_tcp
            && let Err(error) = TcpListener::bind(address)
        {
            return Finding::Broken(format!("media port {address}/tcp cannot be bound: {error}"));
        }
    }
    Finding::Good(format!("{named} are free; open them in the firewall"))
}

/// Without it all visitors have the proxy's address, and share what one address may do.
fn proxies(config: &Config) -> Finding {
    let behind_proxy = config.tls.mode == TlsMode::Off && config.public_url.starts_with("https://");
    if behind_proxy && config.http.trusted_proxies.is_empty() {
        return Finding::Broken(
            "https comes from a proxy, but http.trusted_proxies names none: all visitors would share one address's limits"
                .to_owned(),
        );
    }
    Finding::Good(match config.http.trusted_proxies.len() {
        0 => "no proxy is believed".to_owned(),
        some => format!("{some} proxies are believed"),
    })
}

fn advertised(config: &Config) -> Finding {
    let told = if config.media.advertise.is_empty() {
        &config.media.bind
    } else {
        &config.media.advertise
    };
    let local = matches!(config.public_host(), "localhost" | "127.0.0.1" | "::1");
    if !local && told.iter().all(std::net::IpAddr::is_loopback) {
        return Finding::Broken(
            "media.bind and media.advertise name only loopback: calls work on this machine alone; set the public address".to_owned(),
        );
    }
    Finding::Good(format!("browsers are told to send media to {told:?}"))
}

fn payments(config: &Config) -> Finding {
    if config.payments.test {
        Finding::Unwise("payments.test is on: people can book, and no money moves".to_owned())
    } else {
        Finding::Unwise("no payment provider is set up: only free services can be offered and booked".to_owned())
    }
}

fn certificates(config: &Config) -> Finding {
    match config.tls.mode {
        TlsMode::Off if config.public_url.starts_with("https://") => {
            Finding::Good("TLS is left to a proxy in front; trust its address in http.trusted_proxies".to_owned())
        }
        TlsMode::Off => Finding::Good("plain HTTP".to_owned()),
        TlsMode::Acme => Finding::Good("certificates come by ACME; port 443 must be reachable from outside".to_owned()),
        TlsMode::Files => {
            let missing = [&config.tls.certificate, &config.tls.key]
                .into_iter()
                .flatten()
                .find(|file| std::fs::read(file).is_err());
            match missing {
                Some(file) => Finding::Broken(format!("{} cannot be read", file.display())),
                None => Finding::Good("the certificate files can be read".to_owned()),
            }
        }
    }
}

/// Whoever signs up reads in the notice who answers for the data.
fn controller(config: &Config) -> Finding {
    let controller = &config.controller;
    if controller.email.ends_with("@localhost") || controller.org_number.is_empty() {
        return Finding::Unwise(format!(
            "the privacy notice names {:?} with {} as who answers for the data: fill in [controller]",
            controller.name, controller.email
        ));
    }
    Finding::Good(format!("{} answers for the data", controller.name))
}

fn mail(config: &Config) -> Finding {
    match config.mail.transport {
        MailTransport::Smtp => Finding::Good(format!(
            "mail goes to {}:{}",
            config.mail.smtp_host, config.mail.smtp_port
        )),
        MailTransport::Outbox => Finding::Unwise(
            "mail is not sent, only shown on the operator's outbox page: set mail.transport = \"smtp\"".to_owned(),
        ),
    }
}

fn number(name: &str, file: &str, least: u64) -> Finding {
    match std::fs::read_to_string(file)
        .ok()
        .and_then(|text| text.trim().parse::<u64>().ok())
    {
        Some(value) if value >= least => Finding::Good(format!("{name} is {value}")),
        Some(value) => Finding::Unwise(format!(
            "{name} is {value}: bursts may be lost; sysctl -w {name}={least}"
        )),
        None => Finding::Unwise(format!("{name} cannot be read here; at least {least} is good")),
    }
}

fn open_files() -> Finding {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let soft = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    match soft {
        Some(soft) if soft >= OPEN_FILES_MIN => Finding::Good(format!("{soft} open files are allowed")),
        Some(soft) => Finding::Unwise(format!(
            "only {soft} open files are allowed: raise LimitNOFILE to {OPEN_FILES_MIN}"
        )),
        None => Finding::Unwise("the limit of open files cannot be read here".to_owned()),
    }
}

async fn database(config: &Config) -> Finding {
    match booking_core::base::db::inspect(&config.database_url()).await {
        Ok(Inspected::Missing) => Finding::Good("the database is made at the first start".to_owned()),
        Ok(Inspected::EmptyFile) => Finding::Broken(
            "the database file is empty, and that is no new installation: restore it from a backup, or delete it to begin anew"
                .to_owned(),
        ),
        Ok(Inspected::Unused) => Finding::Good("the database answers; the next start makes its tables".to_owned()),
        Ok(Inspected::Behind(steps)) => Finding::Good(format!(
            "the database answers; the next start updates it by {steps} steps: back up first"
        )),
        Ok(Inspected::Current) => Finding::Good("the database answers".to_owned()),
        Ok(Inspected::Newer) => {
            Finding::Broken("a newer booka was on this database: install that one, or restore a backup".to_owned())
        }
        Err(error) => Finding::Broken(format!("the database does not answer: {error:#}")),
    }
}
