//! `booka doctor`: what is missing or unwise, each with the way out. Nothing is made or changed: whoever asks may be another
//! user than the server.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::path::Path;

use booking_adapters::smtp::Smtp;
use booking_core::base::db::Inspected;
use booking_core::billing::provider::PaymentProvider as _;
use booking_core::operator::advice::inspect;
use rustix::fs::{Access, access};
use sfu_driver::DriverConfig;
use texts::Locale;

use crate::advice::{Finding, look};
use crate::config::{Config, MailTransport};
use crate::terminal::say;
use crate::{lock, secrets};

/// Prints every finding.
///
/// # Errors
/// When something is broken, so that scripts notice.
pub(crate) async fn doctor(config: &Config, file: Option<&Path>) -> anyhow::Result<()> {
    let mut findings = vec![configured_by(file)];
    findings.extend(look(config));
    findings.extend([
        folder(&config.data_dir),
        secret(&config.data_dir),
        http_port(config),
        media_ports(config),
    ]);
    findings.extend(config.storage.folder.as_deref().map(folder));
    if config.mail.transport == MailTransport::Smtp {
        findings.push(mail_server(config).await);
    }
    findings.extend(stripe(config).await);
    findings.extend(database(config).await);
    let mut broken = 0;
    for finding in findings {
        match finding {
            Finding::Good(text) => say(&format!("ok      {text}\n"))?,
            Finding::Unknown(text) => say(&format!("unknown {text}\n"))?,
            Finding::Broken(text) => {
                broken += 1;
                say(&format!("BROKEN  {text}\n"))?;
            }
            Finding::Advice(advice) => {
                broken += i32::from(advice.is_broken);
                let word = if advice.is_broken { "BROKEN " } else { "unwise " };
                let (what, way_out) = (advice.what(Locale::En), advice.way_out(Locale::En));
                say(&format!("{word} {what} {way_out}\n"))?;
            }
        }
    }
    if broken > 0 {
        anyhow::bail!("{broken} of these must be mended before the server can work");
    }
    Ok(())
}

/// Whoever forgets the file asks about a server that is not theirs.
fn configured_by(file: Option<&Path>) -> Finding {
    match file {
        Some(file) => Finding::Good(format!("asked about the configuration in {}", file.display())),
        None => Finding::Unknown(
            "whether this is the server's configuration: no file is named (--config), so these are the defaults and variables"
                .to_owned(),
        ),
    }
}

/// Signs in as the server would, and sends nothing.
async fn mail_server(config: &Config) -> Finding {
    let mail = &config.mail;
    let place = format!("the mail server {}:{}", mail.smtp_host, mail.smtp_port);
    let tried = match Smtp::new(mail.server(), &mail.from) {
        Ok(smtp) => smtp.try_out().await,
        Err(wrong) => Err(wrong),
    };
    match tried {
        Ok(()) if mail.smtp_user.is_some() => Finding::Good(format!("{place} takes our user and password")),
        Ok(()) => Finding::Good(format!("{place} answers")),
        Err(error) => Finding::Broken(format!(
            "{place} does not take our mails: {error}. Port 587 goes with smtp_tls = \"starttls\", 465 with \"implicit\""
        )),
    }
}

/// Asks Stripe whether it takes our key, and changes nothing there.
async fn stripe(config: &Config) -> Option<Finding> {
    let stripe = match config.payments.stripe.provider() {
        Ok(Some(stripe)) => stripe,
        Ok(None) => return None,
        Err(error) => return Some(Finding::Broken(format!("{error:#}"))),
    };
    let (url, name) = (&config.public_url, stripe.name());
    Some(match stripe.try_out().await {
        Ok(()) => Finding::Good(format!(
            "Stripe takes our key; its webhooks go to {url}/hooks/payments/{name}"
        )),
        Err(error) => Finding::Broken(format!("Stripe does not take our key: {error}")),
    })
}

fn folder(folder: &Path) -> Finding {
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
        // The unit gives the server the right to it, and this command has none.
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Finding::Unknown(format!(
            "whether {address} is free: ports this low are for the service (AmbientCapabilities of its unit) and root"
        )),
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => Finding::Broken(format!(
            "{address} cannot be bound: this machine has no such address. 0.0.0.0 in `http.listen` means all it has"
        )),
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
            if error.kind() == ErrorKind::AddrNotAvailable {
                return Finding::Broken(format!(
                    "this machine has no address {}: name its own in `media.bind`, and the public one in `media.advertise`",
                    address.ip()
                ));
            }
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

/// The database, and what it says that is missing.
async fn database(config: &Config) -> Vec<Finding> {
    let good = |text: &str| vec![Finding::Good(text.to_owned())];
    let broken = |text: &str| vec![Finding::Broken(text.to_owned())];
    let (inspected, missing) = match inspect(&config.database_url(), &config.public_url).await {
        Ok(found) => found,
        Err(error) => return broken(&format!("the database does not answer: {error:#}")),
    };
    let mut findings = match inspected {
        Inspected::Missing => good("the database is made at the first start"),
        Inspected::EmptyFile => broken(
            "the database file is empty, and that is no new installation: restore it from a backup, or delete it to begin anew",
        ),
        Inspected::Unused => good("the database answers; the next start makes its tables"),
        Inspected::Behind(steps) => good(&format!(
            "the database answers; the next start updates it by {steps} steps: back up first"
        )),
        Inspected::Current(_) => good("the database answers"),
        Inspected::Newer => broken("a newer booka was on this database: install that one, or restore a backup"),
    };
    findings.extend(missing.into_iter().map(Finding::Advice));
    findings
}
