//! The worker that sends what is in the outbox by SMTP (RFC 5321). It sends at least once: a crash between the server's
//! answer and our note of it sends a mail twice, never not at all.

use std::time::Duration;

use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::OutboxState;
use super::queries::{self, DueMail};
use crate::config::SmtpConfig;
use crate::db::DbError;
use crate::state::{AppState, DAY_US, MINUTE_US, Micros};

/// Tries before a mail is given up; the operator then sees it as failed.
pub(crate) const ATTEMPTS_MAX: i64 = 8;
/// Mails of one round.
const BATCH_MAX: i64 = 20;
/// While somebody sends a mail, nobody else sends it.
const LEASE_US: Micros = MINUTE_US;
/// What has waited longer is news no more, and stays: a mail server that is configured late brings no old links.
const STALE_AFTER_US: Micros = 3 * DAY_US;
/// Longest wait for the mail server.
const SEND_WAIT: Duration = Duration::from_secs(20);

/// Sends the mails that are due, and returns how many went out. Without a mail server none is due.
///
/// # Errors
/// When the database fails. What the mail server refuses is noted at the mail.
pub async fn send_due(state: &AppState) -> Result<usize, DbError> {
    let Some(smtp) = &state.config.smtp else { return Ok(0) };
    let since = state.now() - STALE_AFTER_US;
    let due = queries::due(&mut state.db.read().await?, state.now(), since, BATCH_MAX).await?;
    let mut sent = 0;
    for mail in due {
        let now = state.now();
        let mut tx = state.db.write().await?;
        let mine = queries::claim(&mut tx, &mail.id, now, now + LEASE_US).await?;
        tx.commit().await?;
        if !mine {
            continue;
        }
        let result = send(smtp, &state.config.mail_from, &mail).await;
        let now = state.now();
        let mut tx = state.db.write().await?;
        match result {
            Ok(()) => {
                queries::mark_sent(&mut tx, &mail.id, now).await?;
                sent += 1;
            }
            Err(error) => {
                tracing::warn!(mail = mail.id, error, "a mail was not sent");
                let next = if mail.attempts + 1 >= ATTEMPTS_MAX {
                    OutboxState::Failed
                } else {
                    OutboxState::Queued
                };
                queries::mark_failed(&mut tx, &mail.id, next, now + backoff(mail.attempts), &error).await?;
            }
        }
        tx.commit().await?;
    }
    Ok(sent)
}

/// One minute, then four, sixteen, and at most six hours.
fn backoff(attempts: i64) -> Micros {
    let exponent = u32::try_from(attempts.clamp(0, 10)).expect("clamped");
    (MINUTE_US * 4_i64.pow(exponent)).min(360 * MINUTE_US)
}

async fn send(smtp: &SmtpConfig, from: &str, mail: &DueMail) -> Result<(), String> {
    let message = compose(from, mail)?;
    let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(&smtp.url)
        .map_err(|_| "the SMTP address cannot be read".to_owned())?
        .timeout(Some(SEND_WAIT))
        .build();
    transport
        .send(message)
        .await
        .map(drop)
        .map_err(|error| error.to_string())
}

fn compose(from: &str, mail: &DueMail) -> Result<lettre::Message, String> {
    let mailbox = |text: &str| text.parse::<Mailbox>().map_err(|_| format!("not an address: {text}"));
    let builder = lettre::Message::builder()
        .from(mailbox(from)?)
        .to(mailbox(&mail.recipient)?)
        .message_id(Some(format!("<{}@booka>", mail.id)))
        .subject(mail.subject.clone());
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
            let file = Attachment::new("booka.ics".to_owned()).body(ics.clone(), kind);
            builder.multipart(MultiPart::mixed().singlepart(text).singlepart(file))
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

    #[test]
    fn a_calendar_file_is_attached_with_its_method() {
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
        assert!(text.contains("Message-ID: <0190@booka>"), "{text}");
    }

    #[test]
    fn an_address_that_is_none_is_an_error() {
        for bad in ["", "ola", "ola@example.no\r\nBcc: all@example.no"] {
            assert!(compose("post@booka.example", &mail(bad, None)).is_err(), "{bad}");
        }
    }

    #[test]
    fn waits_grow_to_six_hours() {
        let minutes: Vec<i64> = (0..6).map(|attempts| backoff(attempts) / MINUTE_US).collect();
        assert_eq!(minutes, [1, 4, 16, 64, 256, 360]);
    }
}
