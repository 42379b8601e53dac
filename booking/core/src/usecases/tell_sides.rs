//! Who is told of what happens in a dispute.

use crate::accounts;
use crate::appointments::{self, Appointment};
use crate::base::actor::MemberRole;
use crate::base::db::Tx;
use crate::base::outbox::{self, Recipient};
use crate::base::{Base, Fault};
use crate::billing::{Payment, queries};
use crate::disputes::{DisputeNews, Side, dispute_mail, waiting_mail};
use crate::providers::members;

/// Mails both sides: the consumer, whoever takes the appointment, and the owners of the business. Nobody whose account is
/// erased.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_sides(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    by: Side,
    (news, cause): (DisputeNews, &str),
) -> Result<(), Fault> {
    let mut told: Vec<(Recipient, Side)> = vec![
        (appointments::recipient_of(&appointment.consumer), Side::Consumer),
        (appointments::recipient_of(&appointment.provider), Side::Provider),
    ];
    for member in members::of_org(tx, &appointment.org_id).await? {
        let known = told
            .iter()
            .any(|(recipient, _)| recipient.account_id.as_ref() == Some(&member.account_id));
        if member.role == MemberRole::Owner && !known {
            told.push((
                accounts::load(tx, &member.account_id).await?.recipient(),
                Side::Provider,
            ));
        }
    }
    let payments = queries::of_appointment(tx, &appointment.id).await?;
    let is_test = payments.iter().any(Payment::is_test);
    for (recipient, side) in told.into_iter().filter(|(recipient, _)| !recipient.address.is_empty()) {
        let mail = dispute_mail(state, appointment, recipient, (side, by), (news, cause), is_test);
        outbox::enqueue(state, tx, &mail).await?;
    }
    Ok(())
}

/// Mails operators, but for those who are on one of its sides, that a dispute waits for them.
///
/// # Errors
/// When the database fails.
pub(super) async fn tell_operators(
    state: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    dispute: &str,
) -> Result<(), Fault> {
    let members = members::of_org(tx, &appointment.org_id).await?;
    for operator in accounts::operators(tx).await? {
        let is_side = operator.id == appointment.consumer.account_id
            || members.iter().any(|member| member.account_id == operator.id);
        if !is_side {
            let mail = waiting_mail(state, appointment, operator.recipient(), dispute);
            outbox::enqueue(state, tx, &mail).await?;
        }
    }
    Ok(())
}
