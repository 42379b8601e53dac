//! Mails by SMTP (RFC 5321).

use std::time::Duration;

use async_trait::async_trait;
use booking_core::base::outbox::{DueMail, Mailer, NotSent};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

/// Longest wait for the mail server.
const SEND_WAIT: Duration = Duration::from_secs(20);

/// An SMTP server.
pub struct Smtp {
    /// As lettre reads it: `smtps://user:password@host:465` or `smtp://host:587?tls=required`.
    url: String,
    /// Sender of all mails, `Name <address>`.
    from: String,
}

impl Smtp {
    #[must_use]
    pub fn new(url: String, from: String) -> Self {
        Self { url, from }
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
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&self.url)
            .map_err(|_| NotSent {
                reason: "the SMTP address cannot be read".to_owned(),
                is_permanent: false,
            })?
            .hello_name(ClientId::Domain(domain(&self.from)))
            .timeout(Some(SEND_WAIT))
            .build();
        transport.send(message).await.map(drop).map_err(|error| NotSent {
            reason: error.to_string(),
            is_permanent: error.is_permanent(),
        })
    }
}

/// The domain we send for: our name to the mail server (RFC 5321 4.1.1.1) and in the ids of mails (RFC 5322 3.6.4).
fn domain(from: &str) -> String {
    let mailbox = from.parse::<Mailbox>();
    mailbox.map_or_else(|_| "localhost".to_owned(), |mailbox| mailbox.email.domain().to_owned())
}

fn compose(from: &str, mail: &DueMail) -> Result<lettre::Message, String> {
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|_| format!("not an address: {text}"));
    let builder = lettre::Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(&mail.recipient)?)
        .message_id(Some(format!("<{}@{}>", mail.id, domain(from))))
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

    /// Trial E13: mail programs want `text/calendar; method=REQUEST` as an alternative part.
    #[test]
    fn a_calendar_is_another_form_of_the_text_with_its_method() {
        let message = compose(
            "Booka <post@booka.example>",
            &mail("ola@example.no", Some("METHOD:CANCEL")),
        )
        .expect("fits");
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
        let message = compose("Booka <post@booka.example>", &odd).expect("fits");
        let text = String::from_utf8(message.formatted()).expect("mails are ASCII");
        assert!(text.contains("Message-ID: <0190@booka.example>"), "{text}");
        assert!(text.contains("Auto-Submitted: auto-generated"), "{text}");
        assert!(!text.contains("=?utf-8?B?SGVp?="), "{text}");
        assert_eq!(domain("Booka <post@booka.example>"), "booka.example");
    }

    #[test]
    fn an_address_that_is_none_is_an_error() {
        for bad in ["", "ola", "ola@example.no\r\nBcc: all@example.no"] {
            assert!(compose("post@booka.example", &mail(bad, None)).is_err(), "{bad}");
        }
    }
}
