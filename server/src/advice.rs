//! What a server lacks, by its configuration and its machine: asked by `booka doctor`, at the start, and by the operator's
//! first page of a server that runs.

use std::net::IpAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use booking_core::base::advice::{Advice, Advisor};

use crate::config::{Config, MailTransport, TlsMode};
use crate::tls;

/// Smallest kernel limit for socket buffers that a busy media port is happy with, bytes.
const SOCKET_BUFFER_BYTES_MIN: u64 = 2 * 1024 * 1024;

/// Open files that one busy server needs.
const OPEN_FILES_MIN: u64 = 16_384;

/// Where an ACME authority looks for us (RFC 8737 section 3).
const HTTPS_PORT: u16 = 443;

/// Whoever renews certificates by a program has a new one by then.
const CERTIFICATE_DAYS_MIN: i64 = 14;

/// What a look at one thing gives.
#[derive(Debug)]
pub(crate) enum Finding {
    Good(String),
    Broken(String),
    Advice(Advice),
    /// It cannot be seen from here, for example since the unit hides it.
    Unknown(String),
}

/// Everything that can be looked at again and again, by the server itself, too.
pub(crate) fn look(config: &Config) -> Vec<Finding> {
    vec![
        cameras(config),
        client(),
        proxies(config),
        advertised(config),
        certificate(config),
        mail(config),
        controller(config),
        payments(config),
        clock(),
        socket_buffers(),
        open_files(),
    ]
}

/// What is not as it should be, the worst first.
pub(crate) fn missing(config: &Config) -> Vec<Advice> {
    let mut missing: Vec<Advice> = look(config)
        .into_iter()
        .filter_map(|finding| match finding {
            Finding::Advice(advice) => Some(advice),
            Finding::Good(_) | Finding::Broken(_) | Finding::Unknown(_) => None,
        })
        .collect();
    missing.sort_by_key(|advice| !advice.is_broken);
    missing
}

impl Advisor for Config {
    fn advice(&self) -> Vec<Advice> {
        missing(self)
    }
}

fn good(text: impl Into<String>) -> Finding {
    Finding::Good(text.into())
}

fn cameras(config: &Config) -> Finding {
    let url = &config.public_url;
    if config.cameras_work() {
        return good(format!("browsers allow cameras on {url}"));
    }
    Finding::Advice(Advice::broken("advice-cameras", "advice-cameras-do").with("url", url))
}

fn client() -> Finding {
    if web::assets::built() {
        return good("the browser client is built in");
    }
    Finding::Advice(Advice::broken("advice-client", "advice-client-do"))
}

/// Without it all visitors have the proxy's address, and share what one address may do.
fn proxies(config: &Config) -> Finding {
    let behind_proxy = config.tls.mode == TlsMode::Off && config.public_url.starts_with("https://");
    let trusted: Vec<String> = config.http.trusted_proxies.clone().into();
    match (behind_proxy, trusted.is_empty()) {
        (true, true) => Finding::Advice(Advice::broken("advice-proxies", "advice-proxies-do")),
        (false, true) => good("no proxy is believed"),
        (_, false) => good(format!("believed about who asks: {}", trusted.join(", "))),
    }
}

fn advertised(config: &Config) -> Finding {
    let told = if config.media.advertise.is_empty() {
        &config.media.bind
    } else {
        &config.media.advertise
    };
    if !config.is_local() && told.iter().all(IpAddr::is_loopback) {
        return Finding::Advice(Advice::broken("advice-loopback", "advice-loopback-do"));
    }
    good(format!("browsers are told to send media to {told:?}"))
}

fn certificate(config: &Config) -> Finding {
    match (config.tls.mode, &config.tls.certificate, &config.tls.key) {
        (TlsMode::Off, _, _) if config.public_url.starts_with("https://") => good("TLS is left to a proxy in front"),
        (TlsMode::Off, _, _) => good("plain HTTP"),
        (TlsMode::Acme, _, _) => by_acme(config),
        (TlsMode::Files, Some(certificate), Some(key)) => {
            match tls::try_files(certificate, key, config.public_host()) {
                Ok(runs_out_at) => running_out(certificate, runs_out_at),
                Err(error) => {
                    let advice = Advice::broken("advice-certificate", "advice-certificate-do");
                    Finding::Advice(advice.with("error", format!("{error:#}")))
                }
            }
        }
        (TlsMode::Files, _, _) => Finding::Unknown("tls.certificate and tls.key name no files".to_owned()),
    }
}

/// The authority knocks at port 443, whatever port is ours.
fn by_acme(config: &Config) -> Finding {
    let port = config.http.listen.port();
    if port == HTTPS_PORT {
        return good("certificates come by ACME; port 443 must be reachable from outside");
    }
    let advice = Advice::unwise("advice-acme-port", "advice-acme-port-do");
    Finding::Advice(advice.with("port", port))
}

/// `runs_out_at` in seconds since 1970.
fn running_out(certificate: &Path, runs_out_at: i64) -> Finding {
    const DAY_S: i64 = 24 * 3600;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs();
    let left_s = runs_out_at - i64::try_from(now).unwrap_or(i64::MAX);
    let file = certificate.display();
    if left_s <= 0 {
        return Finding::Advice(Advice::broken("advice-certificate-old", "advice-certificate-new").with("file", file));
    }
    let days = left_s / DAY_S;
    if days < CERTIFICATE_DAYS_MIN {
        let advice = Advice::unwise("advice-certificate-ends", "advice-certificate-new");
        return Finding::Advice(advice.with("file", file).with("days", days));
    }
    good(format!("{file} can be used, for {days} days"))
}

fn mail(config: &Config) -> Finding {
    let mail = &config.mail;
    match mail.transport {
        MailTransport::Outbox => Finding::Advice(Advice::unwise("advice-mail", "advice-mail-do")),
        MailTransport::Smtp if mail.from.contains("@localhost") => {
            Finding::Advice(Advice::unwise("advice-sender", "advice-sender-do").with("from", &mail.from))
        }
        MailTransport::Smtp => good(format!(
            "mail goes to {}:{} for {}",
            mail.smtp_host, mail.smtp_port, mail.from
        )),
    }
}

/// Whoever signs up reads in the notice who answers for the data.
fn controller(config: &Config) -> Finding {
    let controller = &config.controller;
    if controller.email.ends_with("@localhost") || controller.org_number.is_empty() {
        let advice = Advice::unwise("advice-controller", "advice-controller-do");
        return Finding::Advice(advice.with("name", &controller.name).with("email", &controller.email));
    }
    good(format!("{} answers for the data", controller.name))
}

fn payments(config: &Config) -> Finding {
    let (stripe, invoice) = (&config.payments.stripe, &config.payments.invoice);
    if stripe.is_live() && !config.payments.test {
        return good(match invoice.is_on() {
            true => "cards are taken by Stripe, for real money, and invoices are sent",
            false => "cards are taken by Stripe, for real money",
        });
    }
    if stripe.is_on() {
        return Finding::Advice(Advice::unwise(
            "advice-payments-stripe-test",
            "advice-payments-stripe-test-do",
        ));
    }
    if config.payments.test {
        return Finding::Advice(Advice::unwise("advice-payments-test", "advice-payments-test-do"));
    }
    if invoice.is_on() {
        return good("what is sold is paid by invoice");
    }
    if config.payments.free_only {
        return good("only free services are offered, and that is meant so");
    }
    Finding::Advice(Advice::unwise("advice-payments-none", "advice-payments-none-do"))
}

fn clock() -> Finding {
    match sfu_syscalls::is_clock_synchronised() {
        Some(true) => good("the clock follows a time server"),
        Some(false) => Finding::Advice(Advice::unwise("advice-clock", "advice-clock-do")),
        None => Finding::Unknown("whether the clock follows a time server; `timedatectl` says".to_owned()),
    }
}

fn socket_buffers() -> Finding {
    let text = std::fs::read_to_string("/proc/sys/net/core/rmem_max").ok();
    match text.and_then(|text| text.trim().parse::<u64>().ok()) {
        Some(bytes) if bytes >= SOCKET_BUFFER_BYTES_MIN => good(format!("net.core.rmem_max is {bytes}")),
        Some(bytes) => {
            let advice = Advice::unwise("advice-buffers", "advice-buffers-do");
            Finding::Advice(advice.with("bytes", bytes).with("least", SOCKET_BUFFER_BYTES_MIN))
        }
        None => Finding::Unknown(format!("net.core.rmem_max; at least {SOCKET_BUFFER_BYTES_MIN} is good")),
    }
}

fn open_files() -> Finding {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let allowed = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    match allowed {
        Some(files) if files >= OPEN_FILES_MIN => good(format!("{files} open files are allowed")),
        Some(files) => {
            let advice = Advice::unwise("advice-files", "advice-files-do");
            Finding::Advice(advice.with("files", files).with("least", OPEN_FILES_MIN))
        }
        None => Finding::Unknown("the limit of open files".to_owned()),
    }
}
