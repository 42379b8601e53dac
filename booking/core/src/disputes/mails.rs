//! Mails about a dispute. What anybody wrote is not in them: it is read on the page, by those who may.

use texts::{MailKind, format, routes, t};

use super::Side;
use crate::appointments::Appointment;
use crate::base::Base;
use crate::base::money::Money;
use crate::base::outbox::{Message, Recipient, marked_as_test, text};

/// What happened in a dispute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeNews {
    Opened,
    Answered,
    Added,
    Offered(Money),
    /// The offer is taken, and paid back at once.
    Accepted(Money),
    /// The offer is taken, and a second person is to agree.
    AcceptedWaits(Money),
    /// The second person did not agree to what was taken.
    Declined,
    Withdrawn,
    /// An operator brought in somebody's words.
    Statement,
    /// So much is paid back; nothing where it is zero.
    Decided(Money),
}

impl DisputeNews {
    /// Keys of the sentence for whoever did it and for everybody else.
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Opened => ("mail-dispute-opened-own", "mail-dispute-opened"),
            Self::Answered => ("mail-dispute-answered-own", "mail-dispute-answered"),
            Self::Added => ("mail-dispute-added-own", "mail-dispute-added"),
            Self::Offered(_) => ("mail-dispute-offered-own", "mail-dispute-offered"),
            Self::Accepted(_) => ("mail-dispute-accepted-own", "mail-dispute-accepted"),
            Self::AcceptedWaits(_) => ("mail-dispute-accepted-waits", "mail-dispute-accepted-waits"),
            Self::Declined => ("mail-dispute-declined", "mail-dispute-declined"),
            Self::Withdrawn => ("mail-dispute-withdrawn-own", "mail-dispute-withdrawn"),
            Self::Statement => ("mail-dispute-statement", "mail-dispute-statement"),
            Self::Decided(amount) if amount.minor == 0 => ("mail-dispute-decided-none", "mail-dispute-decided-none"),
            Self::Decided(_) => ("mail-dispute-decided", "mail-dispute-decided"),
        }
    }

    fn amount(self) -> Option<Money> {
        match self {
            Self::Offered(amount) | Self::Accepted(amount) | Self::AcceptedWaits(amount) | Self::Decided(amount) => {
                Some(amount)
            }
            Self::Opened | Self::Answered | Self::Added | Self::Declined | Self::Withdrawn | Self::Statement => None,
        }
    }

    /// Whether the money of the appointment is on hold no more.
    fn ends_hold(self) -> bool {
        match self {
            Self::Accepted(_) | Self::Withdrawn | Self::Decided(_) => true,
            Self::Opened
            | Self::Answered
            | Self::Added
            | Self::Offered(_)
            | Self::AcceptedWaits(_)
            | Self::Declined
            | Self::Statement => false,
        }
    }
}

/// The mail to somebody of a side about what happened. `cause` names the happening: it is told once.
#[must_use]
pub fn dispute_mail(
    state: &Base,
    appointment: &Appointment,
    recipient: Recipient,
    (side, by): (Side, Side),
    (news, cause): (DisputeNews, &str),
    is_test: bool,
) -> Message {
    let locale = recipient.locale;
    let amount = news
        .amount()
        .map(|amount| format::money_exact(locale, amount.minor, amount.currency.as_str()))
        .unwrap_or_default();
    let (own, others) = news.keys();
    let key = if side == by { own } else { others };
    let what = t(locale, key, &[("amount", amount.as_str().into())]);
    let hold = match news.ends_hold() {
        true => t(locale, "mail-dispute-hold-ends", &[]),
        false => t(locale, "mail-dispute-hold", &[]),
    };
    let when = format::span_in_mail(locale, appointment.start_us, appointment.end_us, &appointment.time_zone);
    let link = state.link(&routes::booking_dispute(&appointment.id));
    let args = [
        ("name", recipient.name.as_str()),
        ("what", what.as_str()),
        ("hold", hold.as_str()),
        ("org", appointment.org_name.as_str()),
        ("title", appointment.title.as_str()),
        ("when", when.as_str()),
        ("link", link.as_str()),
    ];
    let (subject, mut body) = text(locale, "mail-dispute-subject", "mail-dispute-body", &args);
    if is_test {
        body = marked_as_test(locale, body);
    }
    let account = recipient.account_id.clone().unwrap_or_default();
    Message {
        key: format!("{}:{cause}:{account}", MailKind::Dispute.word()),
        kind: MailKind::Dispute,
        recipient,
        appointment_id: Some(appointment.id.clone()),
        subject,
        body,
        ics: None,
    }
}

/// The mail to an operator about a dispute that somebody has opened.
#[must_use]
pub fn waiting_mail(state: &Base, appointment: &Appointment, recipient: Recipient, dispute: &str) -> Message {
    let locale = recipient.locale;
    let link = state.link(routes::pattern::OPERATOR_DISPUTES);
    let args = [
        ("name", recipient.name.as_str()),
        ("org", appointment.org_name.as_str()),
        ("link", link.as_str()),
    ];
    let (subject, body) = text(locale, "mail-dispute-waits-subject", "mail-dispute-waits-body", &args);
    let account = recipient.account_id.clone().unwrap_or_default();
    Message {
        key: format!("{}:{dispute}:{account}", MailKind::DisputeWaits.word()),
        kind: MailKind::DisputeWaits,
        recipient,
        appointment_id: None,
        subject,
        body,
        ics: None,
    }
}
