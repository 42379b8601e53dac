//! Mails about an account.

use texts::{MailKind, format};

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
    /// The person has not been here for long; the relationship ends then unless they sign in.
    Inactive {
        link: String,
        ends_at: Micros,
        time_zone: String,
    },
    /// We take it that the person has left; what we know about them is erased then unless they sign in.
    RelationshipEnded {
        link: String,
        erased_at: Micros,
        time_zone: String,
    },
    /// To a new address: the link makes it the account's.
    ConfirmAddress {
        link: String,
    },
    /// Somebody asked for an address that has an account already.
    AddressAlreadyUsed {
        link: String,
    },
    /// To the old address.
    AddressChanged {
        link: String,
        email: String,
    },
    PasswordChanged {
        link: String,
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

impl AccountMail {
    /// Its kind, for the operator's list, and the keys of its subject and its body.
    fn texts(&self) -> (MailKind, &'static str, &'static str) {
        match self {
            Self::Verify { .. } => (MailKind::Verify, "mail-verify-subject", "mail-verify-body"),
            Self::Reset { .. } => (MailKind::Reset, "mail-reset-subject", "mail-reset-body"),
            Self::NoAccount { .. } => (MailKind::NoAccount, "mail-no-account-subject", "mail-no-account-body"),
            Self::AlreadyRegistered { .. } => (MailKind::Exists, "mail-exists-subject", "mail-exists-body"),
            Self::DeletionAsked { .. } => (MailKind::Deletion, "mail-deletion-subject", "mail-deletion-body"),
            Self::Inactive { .. } => (MailKind::Inactive, "mail-inactive-subject", "mail-inactive-body"),
            Self::RelationshipEnded { .. } => (MailKind::Ended, "mail-ended-subject", "mail-ended-body"),
            Self::ConfirmAddress { .. } => (
                MailKind::NewAddress,
                "mail-new-address-subject",
                "mail-new-address-body",
            ),
            Self::AddressAlreadyUsed { .. } => (
                MailKind::AddressUsed,
                "mail-address-used-subject",
                "mail-address-used-body",
            ),
            Self::AddressChanged { .. } => (
                MailKind::AddressChanged,
                "mail-address-changed-subject",
                "mail-address-changed-body",
            ),
            Self::PasswordChanged { .. } => (
                MailKind::PasswordChanged,
                "mail-password-changed-subject",
                "mail-password-changed-body",
            ),
            Self::OwnerNow { .. } => (MailKind::OwnerNow, "mail-owner-now-subject", "mail-owner-now-body"),
            Self::OperatorInvited { .. } => (MailKind::Operator, "mail-operator-subject", "mail-operator-body"),
            Self::Invitation { .. } => (MailKind::Invitation, "mail-invitation-subject", "mail-invitation-body"),
        }
    }

    fn link(&self) -> &str {
        match self {
            Self::Verify { link }
            | Self::Reset { link }
            | Self::NoAccount { link }
            | Self::AlreadyRegistered { link }
            | Self::DeletionAsked { link, .. }
            | Self::Inactive { link, .. }
            | Self::RelationshipEnded { link, .. }
            | Self::ConfirmAddress { link }
            | Self::AddressAlreadyUsed { link }
            | Self::AddressChanged { link, .. }
            | Self::PasswordChanged { link }
            | Self::OperatorInvited { link }
            | Self::OwnerNow { link, .. }
            | Self::Invitation { link, .. } => link,
        }
    }

    /// Whom it greets. Where the address has not shown to be the one of whoever typed the name, that is short and plain, or
    /// nobody.
    fn greeted(&self, recipient: &Recipient) -> String {
        match self {
            Self::Verify { .. } => plain_name(&recipient.name),
            Self::Invitation { .. }
            | Self::NoAccount { .. }
            | Self::ConfirmAddress { .. }
            | Self::OperatorInvited { .. } => String::new(),
            Self::Reset { .. }
            | Self::AlreadyRegistered { .. }
            | Self::DeletionAsked { .. }
            | Self::Inactive { .. }
            | Self::RelationshipEnded { .. }
            | Self::AddressAlreadyUsed { .. }
            | Self::AddressChanged { .. }
            | Self::OwnerNow { .. }
            | Self::PasswordChanged { .. } => recipient.name.clone(),
        }
    }
}

/// The mail for it. `key` names the cause, for example the token's id: see [`Message::key`].
#[must_use]
pub fn account_mail(recipient: Recipient, key: &str, mail: &AccountMail) -> Message {
    let (mut org, mut when, mut email) = (String::new(), String::new(), "");
    match mail {
        AccountMail::Invitation { org: name, .. } => org = plain_name(name),
        AccountMail::OwnerNow { org: name, .. } => org.clone_from(name),
        AccountMail::DeletionAsked {
            erased_at, time_zone, ..
        }
        | AccountMail::RelationshipEnded {
            erased_at, time_zone, ..
        }
        | AccountMail::Inactive {
            ends_at: erased_at,
            time_zone,
            ..
        } => when = format::day_time(recipient.locale, *erased_at, time_zone),
        AccountMail::AddressChanged { email: new, .. } => email = new,
        AccountMail::Verify { .. }
        | AccountMail::Reset { .. }
        | AccountMail::NoAccount { .. }
        | AccountMail::AlreadyRegistered { .. }
        | AccountMail::ConfirmAddress { .. }
        | AccountMail::AddressAlreadyUsed { .. }
        | AccountMail::PasswordChanged { .. }
        | AccountMail::OperatorInvited { .. } => {}
    }
    let name = mail.greeted(&recipient);
    let args = [
        ("name", name.as_str()),
        ("org", org.as_str()),
        ("link", mail.link()),
        ("when", when.as_str()),
        ("email", email),
    ];
    let (kind, subject, body) = mail.texts();
    let (subject, body) = text(recipient.locale, subject, body, &args);
    Message {
        key: format!("{}:{key}", kind.word()),
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
            AccountMail::Inactive {
                link: link.clone(),
                ends_at: 1_795_510_800_000_000,
                time_zone: "Europe/Oslo".into(),
            },
            AccountMail::RelationshipEnded {
                link: link.clone(),
                erased_at: 1_795_510_800_000_000,
                time_zone: "Europe/Oslo".into(),
            },
            AccountMail::ConfirmAddress { link: link.clone() },
            AccountMail::AddressAlreadyUsed { link: link.clone() },
            AccountMail::AddressChanged {
                link: link.clone(),
                email: "ny@example.no".into(),
            },
            AccountMail::PasswordChanged { link: link.clone() },
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
