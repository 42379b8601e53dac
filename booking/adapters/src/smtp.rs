//! Mails by SMTP (RFC 5321).

use std::time::Duration;

use async_trait::async_trait;
use booking_core::base::outbox::{DueMail, MailFault, Mailer, NotSent};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailParameter};
use lettre::transport::smtp::{Error, response::Code};
use lettre::{Address, Message};
use tokio::time::timeout;
use url::Host;

/// Longest wait for the mail server to let us in, and then to take the mail.
const STEP_WAIT: Duration = Duration::from_secs(20);
const FAREWELL_WAIT: Duration = Duration::from_secs(1);
/// What a server says to whom it does not serve, at whatever step: it closes (RFC 5321 3.8), or wants a login (RFC 4954 6).
const CODES_FOR_EVERYBODY: [u16; 5] = [421, 530, 534, 535, 538];

/// A mail server, and how it is spoken to.
#[derive(Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Name or address.
    pub host: String,
    pub port: u16,
    pub tls: MailTls,
    /// User and password.
    pub login: Option<(String, String)>,
    /// Certificates in PEM of an authority that is believed beside the public ones.
    pub authority: Option<Vec<u8>>,
}

/// When TLS begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    Off,
    /// After a word in the clear, and not without it (RFC 3207).
    Starttls,
    /// With the first byte (RFC 8314).
    Implicit,
}

/// Sends by an SMTP server, a connection a mail. It takes the steps one by one: a refusal of our login or our sender is no
/// fault of any mail, and must not cost one.
pub struct Smtp {
    host: String,
    port: u16,
    when: MailTls,
    tls: TlsParameters,
    login: Option<Credentials>,
    hello: ClientId,
    /// Sender of all mails.
    from: Mailbox,
}

impl Smtp {
    /// Sends by `server` for `from`, `Name <address>`.
    ///
    /// # Errors
    /// Says which of the two cannot be used.
    pub fn new(server: MailServer, from: &str) -> Result<Self, String> {
        let from = sender(from).ok_or_else(|| {
            format!(
                "from is {from:?}, and no sender: Name <address>, with the name in quotes where it has a comma, such as \
                 \"Hansen, Ola\" <post@booka.example>"
            )
        })?;
        let no_host = |_| "smtp_host is no name or address of a mail server".to_owned();
        let host = match Host::parse(&server.host).map_err(no_host)? {
            Host::Domain(name) => name,
            Host::Ipv4(address) => address.to_string(),
            Host::Ipv6(address) => address.to_string(),
        };
        let mut tls = TlsParameters::builder(host.clone());
        if let Some(pem) = &server.authority {
            tls = tls.add_root_certificate(Certificate::from_pem(pem).map_err(|error| format!("smtp_ca: {error}"))?);
        }
        Ok(Self {
            tls: tls.build().map_err(|error| error.to_string())?,
            host,
            port: server.port,
            when: server.tls,
            login: server.login.map(|(user, password)| Credentials::new(user, password)),
            hello: ClientId::Domain(from.email.domain().to_owned()),
            from,
        })
    }

    /// Greets the server, logs in, and sends nothing.
    ///
    /// # Errors
    /// What the server or the way to it says.
    pub async fn try_out(&self) -> Result<(), String> {
        let connected = timeout(STEP_WAIT, self.connect()).await;
        let connected = connected.map_err(|_| format!("nothing within {} s", STEP_WAIT.as_secs()))?;
        let mut connection = connected.map_err(|error| error.to_string())?;
        drop(timeout(FAREWELL_WAIT, connection.abort()).await);
        Ok(())
    }

    /// Greets the server and logs in.
    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let tls = |when| (self.when == when).then(|| self.tls.clone());
        let server = (self.host.as_str(), self.port);
        let mut connection =
            AsyncSmtpConnection::connect_tokio1(server, Some(STEP_WAIT), &self.hello, tls(MailTls::Implicit), None)
                .await?;
        if let Some(tls) = tls(MailTls::Starttls) {
            connection.starttls(tls, &self.hello).await?;
        }
        if let Some(login) = &self.login {
            connection.auth(DEFAULT_MECHANISMS, login).await?;
        }
        Ok(connection)
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, mail: &DueMail) -> Result<(), NotSent> {
        // What cannot be composed now cannot be later.
        let message = compose(&self.from, mail).map_err(|reason| NotSent {
            reason,
            fault: MailFault::Never,
        })?;
        let silent = |_| NotSent {
            reason: format!("{} does not answer", self.host),
            fault: MailFault::Server,
        };
        let connected = timeout(STEP_WAIT, self.connect()).await.map_err(silent)?;
        let mut connection = connected.map_err(|error| of_server(&error))?;
        let handed = timeout(STEP_WAIT, talk(&mut connection, &message))
            .await
            .map_err(silent);
        // Whatever is said to a farewell: the mail is taken, or it is not.
        drop(timeout(FAREWELL_WAIT, connection.abort()).await);
        handed?
    }
}

/// One mail, step by step (RFC 5321 3.3).
async fn talk(connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), NotSent> {
    let envelope = message.envelope();
    let mut parameters = Vec::new();
    let mut addresses = envelope.to().iter().chain(envelope.from());
    if addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            return Err(NotSent {
                reason: "the mail server takes no addresses with other letters than those of ASCII".to_owned(),
                fault: MailFault::Never,
            });
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    let from = Mail::new(envelope.from().cloned(), parameters);
    connection.command(from).await.map_err(|error| of_server(&error))?;
    for recipient in envelope.to() {
        let recipient = Rcpt::new(recipient.clone(), Vec::new());
        connection.command(recipient).await.map_err(|error| of_mail(&error))?;
    }
    connection.command(Data).await.map_err(|error| of_mail(&error))?;
    let taken = connection.message(&message.formatted()).await;
    taken.map(drop).map_err(|error| of_mail(&error))
}

fn of_server(error: &Error) -> NotSent {
    NotSent {
        reason: error.to_string(),
        fault: MailFault::Server,
    }
}

/// An answer to a recipient or to what a mail says is about this mail, but for a few that say that nobody's mail is taken
/// from us: some servers ask for the login only here, and others refuse to pass mail on for strangers.
fn of_mail(error: &Error) -> NotSent {
    let reason = error.to_string();
    let for_everybody = |code: Code| CODES_FOR_EVERYBODY.contains(&u16::from(code));
    let relays = reason.to_ascii_lowercase().contains("relay");
    let fault = match error.status() {
        Some(code) if !for_everybody(code) && !relays => {
            if error.is_permanent() {
                MailFault::Never
            } else {
                MailFault::Later
            }
        }
        Some(_) | None => MailFault::Server,
    };
    NotSent { reason, fault }
}

/// Whether mail can be sent to this address.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.parse::<Address>().is_ok()
}

/// The domain in ASCII: we say it to mail servers and in the ids of mails (RFC 5321 4.1.1.1, RFC 5322 3.6.4).
fn sender(text: &str) -> Option<Mailbox> {
    let Mailbox { name, email } = text.parse().ok()?;
    let domain = idna::domain_to_ascii(email.domain()).ok()?;
    Some(Mailbox::new(name, Address::new(email.user(), domain).ok()?))
}

fn compose(from: &Mailbox, mail: &DueMail) -> Result<Message, String> {
    let recipient = mail.recipient.parse::<Mailbox>();
    let builder = Message::builder()
        .from(from.clone())
        .to(recipient.map_err(|_| format!("not an address: {}", mail.recipient))?)
        .message_id(Some(format!("<{}@{}>", mail.id, from.email.domain())))
        // No holiday replies (RFC 3834 5).
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        ))
        // A name that looks like an encoded word (RFC 2047) stays what was typed.
        .subject(mail.subject.replace("=?", "= ?"));
    let text = SinglePart::plain(mail.body.clone());
    let message = match &mail.ics {
        None => builder.singlepart(text),
        Some(ics) => {
            let method = if ics.contains("METHOD:CANCEL") {
                "CANCEL"
            } else {
                "REQUEST"
            };
            let kind = ContentType::parse(&format!("text/calendar; charset=utf-8; method={method}"))
                .map_err(|error| error.to_string())?;
            // Mail programs offer to take part only where the calendar is another form of the text (RFC 6047), not a file.
            let calendar = SinglePart::builder().header(kind).body(ics.clone());
            builder.multipart(MultiPart::alternative().singlepart(text).singlepart(calendar))
        }
    };
    message.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mail(recipient: &str, ics: Option<&str>) -> DueMail {
        DueMail {
            id: "0190".into(),
            recipient: recipient.into(),
            subject: "Bestilt: Videotime æøå".into(),
            body: "Hei\n".into(),
            ics: ics.map(str::to_owned),
            attempts: 0,
        }
    }

    fn booka() -> Mailbox {
        sender("Booka <post@booka.example>").expect("an address")
    }

    /// Trial E17: with an unquoted comma every mail failed, and the configuration was called good.
    #[test]
    fn e17_a_sender_that_no_mail_can_have_is_refused_beforehand() {
        let check = |from: &str, host: &str| {
            let server = MailServer {
                host: host.to_owned(),
                port: 25,
                tls: MailTls::Off,
                login: None,
                authority: None,
            };
            Smtp::new(server, from).err()
        };
        for good in [
            "post@booka.example",
            "Booka <post@booka.example>",
            "\"Hansen, Ola\" <post@booka.example>",
            "Bøker på nett <post@bøker.no>",
        ] {
            assert_eq!(check(good, "localhost"), None, "{good}");
        }
        for bad in [
            "Hansen, Ola <post@booka.example>",
            "Booka",
            "",
            "Booka <post>",
            "a@b.no, c@d.no",
        ] {
            assert!(check(bad, "localhost").expect(bad).starts_with("from is"), "{bad}");
        }
        for host in ["127.0.0.1", "[::1]", "mail.bøker.no"] {
            assert_eq!(check("post@booka.example", host), None, "{host}");
        }
        for host in ["mail server", "", "mail/server"] {
            assert!(check("post@booka.example", host).is_some(), "{host}");
        }
        let from = sender("Bøker <post@bøker.no>").expect("an address");
        assert_eq!(from.email.domain(), "xn--bker-gra.no");
    }

    /// Trial E13: mail programs want `text/calendar; method=REQUEST` as an alternative part.
    #[test]
    fn a_calendar_is_another_form_of_the_text_with_its_method() {
        let message = compose(&booka(), &mail("ola@example.no", Some("METHOD:CANCEL"))).expect("fits");
        let text = String::from_utf8(message.formatted()).expect("mails are ASCII");
        assert!(
            text.contains("method=CANCEL") && text.contains("To: ola@example.no"),
            "{text}"
        );
        assert!(
            text.contains("multipart/alternative") && !text.contains("multipart/mixed"),
            "{text}"
        );
        assert!(
            text.contains("Content-Type: text/calendar") && !text.contains("attachment"),
            "{text}"
        );
    }

    /// Trial E18.
    #[test]
    fn e18_a_mail_says_whose_it_is_and_that_a_machine_wrote_it() {
        let mut odd = mail("ola@example.no", None);
        odd.subject = "Bestilt av =?utf-8?B?SGVp?=".into();
        let message = compose(&booka(), &odd).expect("fits");
        let text = String::from_utf8(message.formatted()).expect("mails are ASCII");
        assert!(text.contains("Message-ID: <0190@booka.example>"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
        assert!(!text.contains("=?utf-8?B?SGVp?="), "{text}");
    }

    #[test]
    fn an_address_that_is_none_is_an_error() {
        for bad in ["", "ola", "ola@example.no\r\nBcc: all@example.no"] {
            assert!(compose(&booka(), &mail(bad, None)).is_err(), "{bad}");
        }
    }
}
