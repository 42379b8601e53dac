//! Mails by SMTP (RFC 5321).

use std::time::Duration;

use async_trait::async_trait;
use booking_core::base::outbox::{DueMail, Mailer, NotSent};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::extension::ClientId;
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

/// Longest wait for the mail server.
const SEND_WAIT: Duration = Duration::from_secs(20);

/// An SMTP server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    /// Sender of all mails.
    from: Mailbox,
}

impl Smtp {
    /// Sends by the server at `url`, as lettre reads it (`smtps://user:password@host:465` or
    /// `smtp://host:587?tls=required`), for `from`, `Name <address>`.
    ///
    /// # Errors
    /// Says which of the two cannot be used; a URL may hold a password and is not repeated.
    pub fn new(url: &str, from: &str) -> Result<Self, String> {
        let from = sender(from).ok_or_else(|| {
            format!(
                "from is {from:?}, and no sender: Name <address>, with the name in quotes where it has a comma, such as \
                 \"Hansen, Ola\" <post@booka.example>"
            )
        })?;
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| "smtp_host and smtp_port are no address of a mail server".to_owned())?;
        let transport = builder
            .hello_name(ClientId::Domain(from.email.domain().to_owned()))
            .timeout(Some(SEND_WAIT))
            .build();
        Ok(Self { transport, from })
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, mail: &DueMail) -> Result<(), NotSent> {
        // What cannot be composed now cannot be later.
        let message = compose(&self.from, mail).map_err(|reason| NotSent {
            reason,
            is_permanent: true,
        })?;
        self.transport.send(message).await.map(drop).map_err(|error| NotSent {
            reason: error.to_string(),
            is_permanent: error.is_permanent(),
        })
    }
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

fn compose(from: &Mailbox, mail: &DueMail) -> Result<lettre::Message, String> {
    let recipient = mail.recipient.parse::<Mailbox>();
    let builder = lettre::Message::builder()
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
        let check = |from: &str, url: &str| Smtp::new(url, from).err();
        let url = "smtp://localhost:25";
        for good in [
            "post@booka.example",
            "Booka <post@booka.example>",
            "\"Hansen, Ola\" <post@booka.example>",
            "Bøker på nett <post@bøker.no>",
        ] {
            assert_eq!(check(good, url), None, "{good}");
        }
        for bad in [
            "Hansen, Ola <post@booka.example>",
            "Booka",
            "",
            "Booka <post>",
            "a@b.no, c@d.no",
        ] {
            assert!(check(bad, url).expect(bad).starts_with("from is"), "{bad}");
        }
        assert!(check("post@booka.example", "smtp://mail server:25").is_some());
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
