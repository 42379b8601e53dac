//! Mails about an account.

use web::format;

use super::{Message, Recipient, text};
use crate::state::Micros;

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountMail {
    Verify {
        link: String,
    },
    Reset {
        link: String,
    },
    /// Somebody registered with an address that has an account already.
    AlreadyRegistered {
        link: String,
    },
    DeletionAsked {
        link: String,
        erased_at: Micros,
        time_zone: String,
    },
}

/// The mail for it. `key` names the cause, for example the token's id: see [`Message::key`].
#[must_use]
pub fn account_mail(recipient: Recipient, key: &str, mail: &AccountMail) -> Message {
    let (kind, subject, body, link, when) = match mail {
        AccountMail::Verify { link } => ("verify", "mail-verify-subject", "mail-verify-body", link, String::new()),
        AccountMail::Reset { link } => ("reset", "mail-reset-subject", "mail-reset-body", link, String::new()),
        AccountMail::AlreadyRegistered { link } => {
            ("exists", "mail-exists-subject", "mail-exists-body", link, String::new())
        }
        AccountMail::DeletionAsked {
            link,
            erased_at,
            time_zone,
        } => (
            "deletion",
            "mail-deletion-subject",
            "mail-deletion-body",
            link,
            format::day_time(recipient.locale, *erased_at, time_zone),
        ),
    };
    let args = [
        ("name", recipient.name.as_str()),
        ("link", link.as_str()),
        ("when", when.as_str()),
    ];
    let (subject, body) = text(recipient.locale, subject, body, &args);
    Message {
        key: format!("{kind}:{key}"),
        kind,
        recipient,
        appointment_id: None,
        subject,
        body,
        ics: None,
    }
}

#[cfg(test)]
mod tests {
    use web::Locale;

    use super::*;

    fn recipient(locale: Locale) -> Recipient {
        Recipient {
            account_id: None,
            name: "Ola\nHansen".into(),
            address: "ola@example.no".into(),
            locale,
        }
    }

    #[test]
    fn every_mail_speaks_both_languages() {
        let link = "http://localhost:8080/verify/t0ken".to_owned();
        let mails = [
            AccountMail::Verify { link: link.clone() },
            AccountMail::Reset { link: link.clone() },
            AccountMail::AlreadyRegistered { link: link.clone() },
            AccountMail::DeletionAsked {
                link: link.clone(),
                erased_at: 1_795_510_800_000_000,
                time_zone: "Europe/Oslo".into(),
            },
        ];
        for mail in mails {
            let nb = account_mail(recipient(Locale::Nb), "k", &mail);
            let en = account_mail(recipient(Locale::En), "k", &mail);
            assert_ne!(nb.body, en.body);
            for message in [nb, en] {
                assert!(message.body.contains(&link), "{}", message.body);
                assert!(!message.subject.contains('\n'), "{}", message.subject);
                for text in [&message.subject, &message.body] {
                    assert!(!text.contains("mail-") && !text.contains("{$"), "{text}");
                }
            }
        }
    }

    #[test]
    fn the_day_of_deletion_is_named() {
        let mail = AccountMail::DeletionAsked {
            link: "l".into(),
            erased_at: 1_795_510_800_000_000,
            time_zone: "Europe/Oslo".into(),
        };
        let message = account_mail(recipient(Locale::Nb), "k", &mail);
        assert!(
            message.body.contains("tirsdag 24. november kl. 10:00"),
            "{}",
            message.body
        );
        assert_eq!(message.key, "deletion:k");
    }
}
