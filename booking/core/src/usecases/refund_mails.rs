//! Mails about refunds to those who decide about them.

use texts::{MailKind, format, routes};

use super::refunding::RefundSide;
use crate::accounts;
use crate::appointments::{self, Appointment};
use crate::base::actor::MemberRole;
use crate::base::db::Tx;
use crate::base::money::Money;
use crate::base::outbox::{self, Message, Recipient};
use crate::base::{Base, Fault};
use crate::providers::members;

/// Mails those who may decide, once: operators, and where an owner asked the other owners.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_second_persons(
    state: &Base,
    tx: &mut Tx,
    (who, side): (&str, RefundSide),
    appointment: &Appointment,
    (ask, amount): (&str, Money),
) -> Result<(), Fault> {
    let page = state.link(routes::pattern::OPERATOR_REFUNDS);
    let mut told: Vec<(Recipient, String)> = accounts::operators(tx)
        .await?
        .iter()
        .map(|operator| (operator.recipient(), page.clone()))
        .collect();
    if side == RefundSide::Business {
        for member in members::of_org(tx, &appointment.org_id).await? {
            let known = told
                .iter()
                .any(|(recipient, _)| recipient.account_id.as_ref() == Some(&member.account_id));
            if member.role == MemberRole::Owner && !known {
                let owner = accounts::load(tx, &member.account_id).await?;
                told.push((owner.recipient(), state.link(&routes::booking_refund(&appointment.id))));
            }
        }
    }
    for (recipient, link) in told {
        let account = recipient.account_id.clone().unwrap_or_default();
        if account != who && account != appointment.consumer.account_id {
            let message = waits_mail(recipient, appointment, &format!("{ask}:{account}"), (amount, &link));
            outbox::enqueue(state, tx, &message).await?;
        }
    }
    Ok(())
}

fn waits_mail(recipient: Recipient, appointment: &Appointment, key: &str, (amount, link): (Money, &str)) -> Message {
    let locale = recipient.locale;
    let amount = format::money_exact(locale, amount.minor, amount.currency.as_str());
    let args = [
        ("name", recipient.name.as_str()),
        ("org", appointment.org_name.as_str()),
        ("amount", amount.as_str()),
        ("link", link),
    ];
    let (subject, body) = outbox::text(locale, "mail-refund-waits-subject", "mail-refund-waits-body", &args);
    Message {
        key: format!("{}:{key}", MailKind::RefundWaits.word()),
        kind: MailKind::RefundWaits,
        recipient,
        appointment_id: None,
        subject,
        body,
        ics: None,
    }
}

/// Mails operators, once, that money which was to be paid back did not arrive, and waits for them.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_failed(
    state: &Base,
    tx: &mut Tx,
    appointment: &str,
    (refund, amount): (&str, Money),
) -> Result<(), Fault> {
    let appointment = appointments::load_any(tx, appointment).await?;
    let link = state.link(routes::pattern::OPERATOR_REFUNDS);
    for operator in accounts::operators(tx).await? {
        let recipient = operator.recipient();
        let amount = format::money_exact(recipient.locale, amount.minor, amount.currency.as_str());
        let args = [
            ("name", recipient.name.as_str()),
            ("org", appointment.org_name.as_str()),
            ("amount", amount.as_str()),
            ("link", link.as_str()),
        ];
        let locale = recipient.locale;
        let (subject, body) = outbox::text(locale, "mail-refund-failed-subject", "mail-refund-failed-body", &args);
        let message = Message {
            key: format!("{}:{refund}:{}", MailKind::RefundFailed.word(), operator.id),
            kind: MailKind::RefundFailed,
            recipient,
            appointment_id: None,
            subject,
            body,
            ics: None,
        };
        outbox::enqueue(state, tx, &message).await?;
    }
    Ok(())
}
