//! Mails about an appointment, to either side.

use texts::{Locale, MailKind, format, routes, t};

use super::calendar::{CalendarEntry, CalendarMethod, calendar_file};
use super::mail_lines::{fee_line, money_line, price_line};
use super::order_terms::order_terms;
use super::{Appointment, Hold, Person, Status, WithdrawalRequest};
use crate::base::outbox::{Message, Recipient, marked_as_test, text};
use crate::base::{Base, Micros};
use crate::providers::seller::Seller;

/// Which side a mail goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyRole {
    Consumer,
    Provider,
}

/// Amounts of a payment as mails name them, minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailMoney {
    pub currency: String,
    /// `Visa **** 4242`; empty without a card.
    pub card: String,
    /// The test provider has it.
    pub test: bool,
    pub reserved_minor: i64,
    pub charged_minor: i64,
    /// The most that will be reserved from a kept card; nothing where none is kept.
    pub kept_minor: i64,
    /// The most that an invoice will be of; nothing where none comes.
    pub invoiced_minor: i64,
    /// What the consumer asked for about the right of withdrawal; only the mail about the booking tells it.
    pub withdrawal: Option<WithdrawalRequest>,
    /// Who sells; only the mail about the booking tells it.
    pub seller: Option<Seller>,
}

impl MailMoney {
    /// For a mail that names no amounts.
    #[must_use]
    pub fn none(currency: &str) -> Self {
        Self {
            currency: currency.to_owned(),
            card: String::new(),
            test: false,
            reserved_minor: 0,
            charged_minor: 0,
            kept_minor: 0,
            invoiced_minor: 0,
            withdrawal: None,
            seller: None,
        }
    }
}

/// What happened to an appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppointmentMail {
    Booked,
    /// The customer is in the waiting room since then, and nobody is there.
    Waits {
        since: Micros,
    },
    /// A colleague takes it from now on.
    TakenOver {
        at: Micros,
    },
    /// The provider's side takes it from now on, in a colleague's stead.
    TakesOver {
        at: Micros,
    },
    Cancelled,
    NoShowProvider,
    NoShowConsumer,
    /// Both were there, but never in the call together.
    NeverMet,
    Receipt {
        number: String,
        billable: Micros,
    },
    /// Money was paid back.
    CreditNote {
        /// Id of the document.
        document: String,
        number: String,
        refunded_minor: i64,
        /// Empty where it was made at the provider's own pages.
        reason: String,
    },
    /// As [`Self::Receipt`], for what a consumer owes who cancelled late, or who missed the appointment.
    FeeReceipt {
        number: String,
        missed: bool,
    },
    /// The charge could not be captured, and we have given up.
    PaymentFailed,
    /// A coming appointment is not paid for; until then the person may pay anew.
    PayAnew {
        until: Micros,
        /// What it costs not to, minor units.
        fee_minor: i64,
        /// The number of the payment that was lost: each is told once.
        attempt: i64,
    },
    /// Nobody paid, and the time was given back.
    Unpaid {
        /// What that costs the consumer, minor units.
        fee_minor: i64,
    },
}

impl AppointmentMail {
    /// Its kind, and the keys of subject and body for a side; `None` where that side gets no mail.
    fn keys(&self, role: PartyRole) -> Option<(MailKind, &'static str, &'static str)> {
        use PartyRole::{Consumer, Provider};
        match (self, role) {
            (Self::Booked, Consumer) => Some((
                MailKind::Booked,
                "mail-booked-consumer-subject",
                "mail-booked-consumer-body",
            )),
            (Self::Booked, Provider) => Some((
                MailKind::Booked,
                "mail-booked-provider-subject",
                "mail-booked-provider-body",
            )),
            (Self::TakenOver { .. }, Consumer) => Some((
                MailKind::TakenOver,
                "mail-taken-over-consumer-subject",
                "mail-taken-over-consumer-body",
            )),
            (Self::TakenOver { .. }, Provider) => Some((
                MailKind::TakenOver,
                "mail-taken-over-provider-subject",
                "mail-taken-over-provider-body",
            )),
            (Self::TakesOver { .. }, Provider) => {
                Some((MailKind::TakenOver, "mail-takes-over-subject", "mail-takes-over-body"))
            }
            (Self::Waits { .. }, Provider) => Some((MailKind::Waits, "mail-waits-subject", "mail-waits-body")),
            (Self::Cancelled, Consumer) => Some((
                MailKind::Cancelled,
                "mail-cancelled-consumer-subject",
                "mail-cancelled-consumer-body",
            )),
            (Self::Cancelled, Provider) => Some((
                MailKind::Cancelled,
                "mail-cancelled-provider-subject",
                "mail-cancelled-provider-body",
            )),
            (Self::NoShowProvider, Consumer) => Some((
                MailKind::NoShow,
                "mail-no-show-provider-consumer-subject",
                "mail-no-show-provider-consumer-body",
            )),
            (Self::NoShowProvider, Provider) => Some((
                MailKind::NoShow,
                "mail-no-show-provider-provider-subject",
                "mail-no-show-provider-provider-body",
            )),
            (Self::NoShowConsumer, Consumer) => Some((
                MailKind::NoShow,
                "mail-no-show-consumer-consumer-subject",
                "mail-no-show-consumer-consumer-body",
            )),
            (Self::NoShowConsumer, Provider) => Some((
                MailKind::NoShow,
                "mail-no-show-consumer-provider-subject",
                "mail-no-show-consumer-provider-body",
            )),
            (Self::NeverMet, Consumer) => Some((MailKind::NotHeld, "mail-not-held-subject", "mail-not-held-body")),
            (
                Self::Receipt { .. }
                | Self::CreditNote { .. }
                | Self::FeeReceipt { .. }
                | Self::PaymentFailed
                | Self::PayAnew { .. }
                | Self::Unpaid { .. },
                Consumer | Provider,
            ) => self.money_keys(role),
            (Self::NeverMet, Provider) | (Self::Waits { .. } | Self::TakesOver { .. }, Consumer) => None,
        }
    }

    /// As [`Self::keys`], of mails about money.
    fn money_keys(&self, role: PartyRole) -> Option<(MailKind, &'static str, &'static str)> {
        let keys = match (self, role) {
            (Self::Receipt { .. }, PartyRole::Consumer) => {
                (MailKind::Receipt, "mail-receipt-subject", "mail-receipt-body")
            }
            (Self::CreditNote { .. }, PartyRole::Consumer) => {
                (MailKind::CreditNote, "mail-credit-subject", "mail-credit-body")
            }
            (Self::FeeReceipt { missed, .. }, PartyRole::Consumer) => {
                let bodies = ["mail-fee-cancelled-body", "mail-fee-missed-body"];
                (MailKind::Receipt, "mail-receipt-subject", bodies[usize::from(*missed)])
            }
            (Self::PaymentFailed, PartyRole::Consumer) => (
                MailKind::PaymentFailed,
                "mail-payment-failed-subject",
                "mail-payment-failed-body",
            ),
            (Self::PayAnew { .. }, PartyRole::Consumer) => {
                (MailKind::PayAnew, "mail-pay-anew-subject", "mail-pay-anew-body")
            }
            (Self::Unpaid { .. }, PartyRole::Consumer) => (
                MailKind::Unpaid,
                "mail-unpaid-consumer-subject",
                "mail-unpaid-consumer-body",
            ),
            (Self::Unpaid { .. }, PartyRole::Provider) => (
                MailKind::Unpaid,
                "mail-unpaid-provider-subject",
                "mail-unpaid-provider-body",
            ),
            _ => return None,
        };
        Some(keys)
    }

    /// Where the mail leads.
    fn path(&self, appointment: &Appointment, role: PartyRole) -> String {
        match (self, role) {
            (
                Self::Cancelled | Self::NoShowProvider | Self::NoShowConsumer | Self::NeverMet | Self::Unpaid { .. },
                PartyRole::Consumer,
            ) => routes::provider_page(&appointment.org_slug),
            (Self::PayAnew { .. } | Self::PaymentFailed, PartyRole::Consumer) => {
                routes::booking_payment(&appointment.id)
            }
            (Self::Receipt { .. } | Self::FeeReceipt { .. }, PartyRole::Consumer) => {
                routes::booking_receipt(&appointment.id)
            }
            (Self::CreditNote { document, .. }, PartyRole::Consumer) => routes::document(document),
            (Self::Waits { .. }, PartyRole::Consumer | PartyRole::Provider) => routes::call(&appointment.id),
            (Self::Booked | Self::TakenOver { .. } | Self::TakesOver { .. }, PartyRole::Consumer)
            | (
                Self::Booked
                | Self::TakenOver { .. }
                | Self::TakesOver { .. }
                | Self::Cancelled
                | Self::NoShowProvider
                | Self::NoShowConsumer
                | Self::NeverMet
                | Self::Receipt { .. }
                | Self::CreditNote { .. }
                | Self::FeeReceipt { .. }
                | Self::PaymentFailed
                | Self::PayAnew { .. }
                | Self::Unpaid { .. },
                PartyRole::Provider,
            ) => routes::booking(&appointment.id),
        }
    }

    /// Number of the document, and the time that was measured, microseconds.
    fn figures(&self) -> (&str, Micros) {
        match self {
            Self::Receipt { number, billable } => (number, *billable),
            Self::CreditNote { number, .. } => (number, 0),
            Self::FeeReceipt { number, .. } => (number, 0),
            Self::Booked
            | Self::Waits { .. }
            | Self::TakenOver { .. }
            | Self::TakesOver { .. }
            | Self::Cancelled
            | Self::NoShowProvider
            | Self::NoShowConsumer
            | Self::NeverMet
            | Self::PaymentFailed
            | Self::PayAnew { .. }
            | Self::Unpaid { .. } => ("", 0),
        }
    }

    /// Until when the person may pay anew, in words.
    fn until(&self, locale: Locale, time_zone: &str) -> String {
        match self {
            Self::PayAnew { until, .. } => format::day_time(locale, *until, time_zone),
            Self::Booked
            | Self::Waits { .. }
            | Self::TakenOver { .. }
            | Self::TakesOver { .. }
            | Self::Cancelled
            | Self::NoShowProvider
            | Self::NoShowConsumer
            | Self::NeverMet
            | Self::Receipt { .. }
            | Self::CreditNote { .. }
            | Self::FeeReceipt { .. }
            | Self::PaymentFailed
            | Self::Unpaid { .. } => String::new(),
        }
    }

    /// What it costs the consumer not to pay anew in time, as a sentence.
    fn unpaid_sentence(&self, locale: Locale, exact: impl Fn(i64) -> String) -> String {
        let (free, costs, fee_minor) = match self {
            Self::PayAnew { fee_minor, .. } => ("mail-pay-anew-free", "mail-pay-anew-fee", *fee_minor),
            Self::Unpaid { fee_minor } => ("mail-unpaid-free", "mail-unpaid-fee", *fee_minor),
            Self::Booked
            | Self::Waits { .. }
            | Self::TakenOver { .. }
            | Self::TakesOver { .. }
            | Self::Cancelled
            | Self::NoShowProvider
            | Self::NoShowConsumer
            | Self::NeverMet
            | Self::Receipt { .. }
            | Self::CreditNote { .. }
            | Self::FeeReceipt { .. }
            | Self::PaymentFailed => return String::new(),
        };
        match fee_minor {
            0 => t(locale, free, &[]),
            minor => t(locale, costs, &[("amount", exact(minor).into())]),
        }
    }

    /// Why money was paid back, as a sentence behind another; empty where nobody said.
    fn reason_sentence(&self, locale: Locale) -> String {
        match self {
            Self::CreditNote { reason, .. } if !reason.is_empty() => {
                // Whoever wrote it is no part of our letter: it stays within its sentence.
                let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
                format!(
                    " {}",
                    t(locale, "mail-credit-reason", &[("reason", reason.as_str().into())])
                )
            }
            Self::CreditNote { .. }
            | Self::FeeReceipt { .. }
            | Self::Booked
            | Self::Waits { .. }
            | Self::TakenOver { .. }
            | Self::TakesOver { .. }
            | Self::Cancelled
            | Self::NoShowProvider
            | Self::NoShowConsumer
            | Self::NeverMet
            | Self::Receipt { .. }
            | Self::PaymentFailed
            | Self::PayAnew { .. }
            | Self::Unpaid { .. } => String::new(),
        }
    }

    /// The amount that it is about, minor units.
    fn amount_minor(&self, money: &MailMoney) -> i64 {
        match self {
            Self::CreditNote { refunded_minor, .. } => *refunded_minor,
            Self::PaymentFailed | Self::PayAnew { .. } => money.charged_minor,
            Self::Booked
            | Self::Waits { .. }
            | Self::TakenOver { .. }
            | Self::TakesOver { .. }
            | Self::Cancelled
            | Self::NoShowProvider
            | Self::NoShowConsumer
            | Self::NeverMet
            | Self::Receipt { .. }
            | Self::FeeReceipt { .. }
            | Self::Unpaid { .. } => money.reserved_minor,
        }
    }

    /// What may happen more than once is told each time.
    fn key_suffix(&self) -> String {
        match self {
            Self::Waits { since: at } | Self::TakenOver { at } => format!(":{at}"),
            Self::TakesOver { at } => format!(":to:{at}"),
            Self::PayAnew { attempt, .. } => format!(":{attempt}"),
            Self::Receipt { number, .. } | Self::FeeReceipt { number, .. } | Self::CreditNote { number, .. } => {
                format!(":{number}")
            }
            Self::Booked
            | Self::Cancelled
            | Self::NoShowProvider
            | Self::NoShowConsumer
            | Self::NeverMet
            | Self::PaymentFailed
            | Self::Unpaid { .. } => String::new(),
        }
    }

    /// What it does to the calendar of a side. A customer's entry names the business, whoever takes the appointment.
    fn calendar_method(&self, role: PartyRole) -> Option<CalendarMethod> {
        match (self, role) {
            (Self::Booked, PartyRole::Consumer | PartyRole::Provider)
            | (Self::TakesOver { .. }, PartyRole::Provider) => Some(CalendarMethod::Request),
            (Self::Cancelled | Self::Unpaid { .. }, PartyRole::Consumer | PartyRole::Provider)
            | (Self::TakenOver { .. }, PartyRole::Provider) => Some(CalendarMethod::Cancel),
            (
                Self::Waits { .. }
                | Self::NoShowProvider
                | Self::NoShowConsumer
                | Self::NeverMet
                | Self::Receipt { .. }
                | Self::CreditNote { .. }
                | Self::FeeReceipt { .. }
                | Self::PaymentFailed
                | Self::PayAnew { .. },
                PartyRole::Consumer | PartyRole::Provider,
            )
            | (Self::TakenOver { .. } | Self::TakesOver { .. }, PartyRole::Consumer) => None,
        }
    }
}

/// The mail about it for one side, if that side gets one. What the consumer wrote and how to reach them is not in it: mail
/// that was sent cannot be taken back, so the provider is sent to the page.
#[must_use]
pub fn appointment_mail(
    state: &Base,
    appointment: &Appointment,
    role: PartyRole,
    mail: &AppointmentMail,
    money: &MailMoney,
) -> Option<Message> {
    let (kind, subject, body) = mail.keys(role)?;
    // A credit note of an invoice pays nothing back by itself.
    let is_credited = matches!(mail, AppointmentMail::CreditNote { .. }) && money.invoiced_minor > 0;
    let body = if is_credited { "mail-credit-invoice-body" } else { body };
    let recipient = match role {
        PartyRole::Consumer => recipient_of(&appointment.consumer),
        PartyRole::Provider => recipient_of(&appointment.provider),
    };
    let locale = recipient.locale;
    let (number, billable) = mail.figures();
    let exact = |minor| format::money_exact(locale, minor, &money.currency);
    let amount = exact(mail.amount_minor(money));
    let args = [
        ("name", recipient.name.clone()),
        ("other", other_name(appointment, role).to_owned()),
        ("title", appointment.title.clone()),
        (
            "when",
            format::span_in_mail(locale, appointment.start_us, appointment.end_us, &appointment.time_zone),
        ),
        (
            "opens",
            format::clock_clear(locale, appointment.opens_us(), &appointment.time_zone),
        ),
        ("price_line", price_line(locale, &exact(money.reserved_minor), money)),
        ("money_line", money_line(locale, exact, money)),
        ("fee_line", fee_line(locale, exact, money)),
        ("terms", order_terms(state, locale, appointment, money)),
        ("card", money.card.clone()),
        ("until", mail.until(locale, &appointment.time_zone)),
        ("amount", amount),
        ("reason", mail.reason_sentence(locale)),
        ("unpaid_line", mail.unpaid_sentence(locale, exact)),
        ("number", number.to_owned()),
        ("duration", format::duration(locale, billable / 1000)),
        ("reserved", exact(money.reserved_minor)),
        ("charged", exact(money.charged_minor)),
        ("released", exact(money.reserved_minor - money.charged_minor)),
        ("link", state.link(&mail.path(appointment, role))),
    ];
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (subject, mut body) = text(locale, subject, body, &args);
    if money.test {
        body = marked_as_test(locale, body);
    }
    let ics = mail
        .calendar_method(role)
        .map(|method| calendar(state, appointment, role, method, true));
    let side = match role {
        PartyRole::Consumer => "consumer",
        PartyRole::Provider => "provider",
    };
    Some(Message {
        key: format!("{}:{}:{side}{}", kind.word(), appointment.id, mail.key_suffix()),
        kind,
        recipient,
        appointment_id: Some(appointment.id.clone()),
        subject,
        body,
        ics,
    })
}

/// The mail to somebody whose hold became no appointment, because its payment came to nothing or came too late. While the
/// time is still held, it says until when the payment can be finished.
#[must_use]
pub fn booking_lost_mail(state: &Base, recipient: Recipient, hold: &Hold) -> Message {
    let (locale, zone) = (recipient.locale, &hold.time_zone);
    let is_open = hold.is_live(state.now());
    let when = format::span_in_mail(locale, hold.start_us, hold.end_us, zone);
    let link = state.link(&if is_open {
        routes::book_payment(&hold.id)
    } else {
        routes::provider_page(&hold.org_slug)
    });
    let until = format::clock_clear(locale, hold.expires_us, zone);
    let args = [
        ("name", recipient.name.as_str()),
        ("other", hold.org_name.as_str()),
        ("title", hold.title.as_str()),
        ("when", when.as_str()),
        ("until", until.as_str()),
        ("link", link.as_str()),
    ];
    let (subject, body, key) = if is_open {
        ("mail-booking-open-subject", "mail-booking-open-body", "booking_open")
    } else {
        ("mail-booking-lost-subject", "mail-booking-lost-body", "booking_lost")
    };
    let (subject, body) = text(locale, subject, body, &args);
    Message {
        key: format!("{key}:{}", hold.id),
        kind: MailKind::BookingLost,
        recipient,
        appointment_id: None,
        subject,
        body,
        ics: None,
    }
}

/// The calendar file of a confirmed appointment for one side, for download.
#[must_use]
pub fn calendar_of(state: &Base, appointment: &Appointment, role: PartyRole) -> String {
    let method = if appointment.status == Status::Cancelled {
        CalendarMethod::Cancel
    } else {
        CalendarMethod::Request
    };
    calendar(state, appointment, role, method, false)
}

fn calendar(state: &Base, appointment: &Appointment, role: PartyRole, method: CalendarMethod, mailed: bool) -> String {
    let attendee = match role {
        PartyRole::Consumer => &appointment.consumer.email,
        PartyRole::Provider => &appointment.provider.email,
    };
    calendar_file(&CalendarEntry {
        method,
        mailed,
        uid: &format!("{}@booka", appointment.id),
        // It grows with each hand that the appointment goes through, and once more when the entry is taken out.
        sequence: match method {
            CalendarMethod::Request => appointment.handovers,
            CalendarMethod::Cancel => appointment.handovers.saturating_add(1),
        },
        stamp: state.now(),
        start: appointment.start_us,
        end: appointment.end_us,
        summary: &format!("{}, {}", appointment.title, other_name(appointment, role)),
        description: &state.link(&routes::call(&appointment.id)),
        url: &state.link(&routes::booking(&appointment.id)),
        location: &state.link(&routes::call(&appointment.id)),
        alarm_before_min: appointment.policy.opens_before_min,
        organizer: bare_address(&state.config.mail_from),
        attendee,
    })
}

/// A side of an appointment as the recipient of a mail.
#[must_use]
pub fn recipient_of(person: &Person) -> Recipient {
    Recipient {
        account_id: Some(person.account_id.clone()),
        name: person.name.clone(),
        address: person.email.clone(),
        locale: person.locale,
    }
}

fn other_name(appointment: &Appointment, role: PartyRole) -> &str {
    match role {
        PartyRole::Consumer => &appointment.org_name,
        PartyRole::Provider => &appointment.consumer.name,
    }
}

/// `a@b` of `Name <a@b>`.
fn bare_address(from: &str) -> &str {
    from.rsplit_once('<')
        .map_or(from, |(_, rest)| rest.trim_end_matches('>'))
        .trim()
}
