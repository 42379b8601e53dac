//! Mails about an account.

use texts::format;

use crate::base::Micros;
use crate::base::outbox::{Message, Recipient, text};

/// What happened to an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountMail {
    Verify {
        link: String,
    },
    Reset {
        link: String,
    },
    /// Somebody asked for a new password for an address that has no account.
    NoAccount {
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
    /// A link that makes one more operator.
    OperatorInvited {
        link: String,
    },
    /// The last owner of a provider is gone, and the person owns it now.
    OwnerNow {
        link: String,
        org: String,
    },
    /// A provider asks the person to work for it.
    Invitation {
        link: String,
        org: String,
    },
}

/// Longest name of a stranger's choosing in a mail, characters.
const STRANGERS_NAME_MAX: usize = 40;

/// A name that somebody chose who need not be the one who gets the mail: short, and nothing in it that a mail program
/// makes a link of. Mail from us must not carry another's message.
fn plain_name(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "'’-&".contains(c) {
                c
            } else {
                ' '
            }
        })
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ").chars().take(STRANGERS_NAME_MAX).collect()
}

/// The person and the business that a mail names.
fn named(recipient: &Recipient, mail: &AccountMail) -> (String, String) {
    // These reach addresses that have not shown to be the ones of whoever typed the name.
    match mail {
        AccountMail::Verify { .. } => (plain_name(&recipient.name), String::new()),
        AccountMail::Invitation { org, .. } => (String::new(), plain_name(org)),
        AccountMail::OwnerNow { org, .. } => (recipient.name.clone(), org.clone()),
        AccountMail::NoAccount { .. } | AccountMail::OperatorInvited { .. } => (String::new(), String::new()),
        AccountMail::Reset { .. } | AccountMail::AlreadyRegistered { .. } | AccountMail::DeletionAsked { .. } => {
            (recipient.name.clone(), String::new())
        }
    }
}

/// The mail for it. `key` names the cause, for example the token's id: see [`Message::key`].
#[must_use]
pub fn account_mail(recipient: Recipient, key: &str, mail: &AccountMail) -> Message {
    let (kind, subject, body, link, when) = match mail {
        AccountMail::Verify { link } => ("verify", "mail-verify-subject", "mail-verify-body", link, String::new()),
        AccountMail::Reset { link } => ("reset", "mail-reset-subject", "mail-reset-body", link, String::new()),
        AccountMail::NoAccount { link } => (
            "no_account",
            "mail-no-account-subject",
            "mail-no-account-body",
            link,
            String::new(),
        ),
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
        AccountMail::OperatorInvited { link } => (
            "operator",
            "mail-operator-subject",
            "mail-operator-body",
            link,
            String::new(),
        ),
        AccountMail::OwnerNow { link, .. } => (
            "owner_now",
            "mail-owner-now-subject",
            "mail-owner-now-body",
            link,
            String::new(),
        ),
        AccountMail::Invitation { link, .. } => (
            "invitation",
            "mail-invitation-subject",
            "mail-invitation-body",
            link,
            String::new(),
        ),
    };
    let (name, org) = named(&recipient, mail);
    let args = [
        ("name", name.as_str()),
        ("org", org.as_str()),
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
    use texts::Locale;

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
            AccountMail::NoAccount { link: link.clone() },
            AccountMail::AlreadyRegistered { link: link.clone() },
            AccountMail::DeletionAsked {
                link: link.clone(),
                erased_at: 1_795_510_800_000_000,
                time_zone: "Europe/Oslo".into(),
            },
            AccountMail::OperatorInvited { link: link.clone() },
            AccountMail::OwnerNow {
                link: link.clone(),
                org: "Klinikken".into(),
            },
            AccountMail::Invitation {
                link: link.clone(),
                org: "Klinikken".into(),
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

    /// trial F16: 200 characters of a stranger's choosing went into mails from our domain.
    #[test]
    fn names_of_strangers_are_short_and_carry_no_link() {
        fn check(typed: &str, expect: &str) {
            assert_eq!(plain_name(typed), expect);
        }
        check("Ola Hansen", "Ola Hansen");
        check("Fjellfot Dyr & Co.", "Fjellfot Dyr & Co");
        check("Anne-Marie O’Brien", "Anne-Marie O’Brien");
        check(
            "Vinn! Gå til https://evil.example/x?y=1",
            "Vinn Gå til https evil example x y 1",
        );
        check(&"Gratis ".repeat(30), "Gratis Gratis Gratis Gratis Gratis Grati");
        let to = Recipient {
            name: "www.evil.example".into(),
            ..recipient(Locale::En)
        };
        let mail = account_mail(to, "k", &AccountMail::Verify { link: "l".into() });
        assert!(
            mail.body.contains("www evil example") && !mail.body.contains("evil.example"),
            "{}",
            mail.body
        );
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
