//! Paying back by a business or an operator: who may, how much at most, and when a second person must agree.

use texts::FieldError;

use super::{disputing, operations, refund_mails};
use crate::appointments::{self, Appointment};
use crate::base::actor::Actor;
use crate::base::audit::{self, Action};
use crate::base::db::Tx;
use crate::base::fields;
use crate::base::money::{Currency, Money};
use crate::base::{Base, Fault};
use crate::billing::{BillingError, Payment, Refund, RefundState, queries, refunds, request_refund};
use crate::carries_faults;
use crate::disputes;
use crate::providers::{self, members};
use crate::state::AppState;

/// Characters of a reason.
const REASON_CHARS: std::ops::RangeInclusive<usize> = 3..=500;
/// Refunds of one appointment, whatever became of them. One more is a conflict.
const REFUNDS_MAX: usize = 200;

/// In whose name somebody pays back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundSide {
    /// An owner of the business that was paid.
    Business,
    Operator,
}

/// What was paid for an appointment and what became of it.
#[derive(Debug, Clone)]
pub struct RefundStanding {
    /// Payments that took something, in the order in which they were made.
    pub payments: Vec<Payment>,
    /// All of the appointment, oldest first.
    pub refunds: Vec<Refund>,
    pub currency: Currency,
}

impl RefundStanding {
    /// What was taken, minor units.
    #[must_use]
    pub fn captured_minor(&self) -> i64 {
        self.payments.iter().map(|payment| payment.state.captured_minor()).sum()
    }

    /// What is paid back, or may still be, minor units.
    #[must_use]
    pub fn counted_minor(&self) -> i64 {
        self.sum(RefundState::counts)
    }

    /// The refunds in some states together, minor units.
    #[must_use]
    pub fn sum(&self, of: impl Fn(RefundState) -> bool) -> i64 {
        let refunds = self.refunds.iter().filter(|refund| of(refund.state));
        refunds.map(|refund| refund.amount.minor).sum()
    }

    /// What can still be paid back, minor units.
    #[must_use]
    pub fn left_minor(&self) -> i64 {
        (self.captured_minor() - self.counted_minor()).max(0)
    }

    /// What of a payment can still be paid back, but for the refunds `but`.
    fn room_minor(&self, payment: &Payment, but: impl Fn(&Refund) -> bool) -> i64 {
        let counted = self
            .refunds
            .iter()
            .filter(|refund| refund.payment_id == payment.id && refund.state.counts() && !but(refund));
        payment.state.captured_minor() - counted.map(|refund| refund.amount.minor).sum::<i64>()
    }

    /// How much of which payment, so that it sums to `amount_minor`; `None` where less is left.
    fn spread(&self, amount_minor: i64) -> Option<Vec<(String, i64)>> {
        let mut rest = amount_minor;
        let mut parts = Vec::new();
        for payment in &self.payments {
            let part = self.room_minor(payment, |_| false).min(rest);
            if part > 0 {
                parts.push((payment.id.clone(), part));
                rest -= part;
            }
        }
        (rest == 0 && !parts.is_empty()).then_some(parts)
    }
}

/// What somebody asks to be paid back.
#[derive(Debug, Clone, Copy)]
pub struct RefundRequest<'a> {
    pub appointment: &'a str,
    pub amount_minor: i64,
    /// From [`read_refund_reason`].
    pub reason: &'a str,
    /// How many refunds the appointment had when the form was made: what was sent twice, or beside somebody else's, is
    /// found out by it.
    pub known: usize,
}

/// What became of it at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefundAsked {
    /// The provider is asked.
    Sent,
    /// A second person must agree.
    Waits,
}

/// Why nothing is paid back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefusal {
    #[error("more than was paid, less what was paid back")]
    TooMuch,
    #[error("the refunds of the appointment have changed meanwhile")]
    Changed,
    #[error("whoever asked does not approve")]
    SamePerson,
    #[error("it was decided already")]
    Decided,
    #[error("a dispute is open, whose decision says what is paid back")]
    Disputed,
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(RefundRefusal);

impl From<BillingError> for RefundRefusal {
    fn from(error: BillingError) -> Self {
        Self::Fault(error.into())
    }
}

/// Checks the reason of a refund: the consumer reads it.
///
/// # Errors
/// What is wrong with it.
pub fn read_refund_reason(typed: &str) -> Result<String, FieldError> {
    let reason = fields::text(typed)?;
    match reason.chars().count() {
        0 => Err(FieldError::ReasonMissing),
        few if few < *REASON_CHARS.start() => Err(FieldError::ReasonShort),
        many if many > *REASON_CHARS.end() => Err(FieldError::TooLong),
        _ => Ok(reason),
    }
}

/// The appointment, for somebody who may pay back what was paid for it.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else, the consumer of it included: nobody pays themselves back.
pub async fn load_refundable(tx: &mut Tx, actor: &Actor, side: RefundSide, id: &str) -> Result<Appointment, Fault> {
    let appointment = match side {
        RefundSide::Business => {
            let owner = providers::owner(actor)?;
            let found = appointments::load_any(tx, id).await?;
            if found.org_id != owner.org_id {
                return Err(Fault::NotFound);
            }
            found
        }
        RefundSide::Operator => {
            actor.operator()?;
            appointments::load_any(tx, id).await?
        }
    };
    if appointment.consumer.account_id == actor.account_id() {
        return Err(Fault::NotFound);
    }
    Ok(appointment)
}

/// What was paid for an appointment and what became of it.
///
/// # Errors
/// When the database fails.
pub async fn refund_standing(tx: &mut Tx, appointment: &Appointment) -> Result<RefundStanding, Fault> {
    let currency = Currency::parse(&appointment.price.currency).map_err(|error| Fault::internal(&error))?;
    let mut payments = queries::of_appointment(tx, &appointment.id).await?;
    payments.retain(|payment| payment.state.captured_minor() > 0 && payment.amount.currency == currency);
    Ok(RefundStanding {
        payments,
        refunds: refunds::of_appointment(tx, &appointment.id).await?,
        currency,
    })
}

/// Asks for money to be paid back; above the limit it waits for a second person, else the provider is asked at once.
///
/// # Errors
/// [`RefundRefusal`]. That the provider refuses is an outcome.
pub async fn ask_refund(
    state: &AppState,
    actor: &Actor,
    side: RefundSide,
    request: &RefundRequest<'_>,
) -> Result<RefundAsked, RefundRefusal> {
    let who = actor.signed_in()?;
    let mut tx = state.db.write().await?;
    let appointment = load_refundable(&mut tx, actor, side, request.appointment).await?;
    appointments::lock(&mut tx, &appointment.id).await?;
    let standing = refund_standing(&mut tx, &appointment).await?;
    if standing.refunds.len() != request.known {
        return said_before(&standing, &who.id, request).ok_or(RefundRefusal::Changed);
    }
    if disputes::queries::open_of(&mut tx, &appointment.id).await?.is_some() {
        return Err(RefundRefusal::Disputed);
    }
    let ask = ask_within(state, &mut tx, (&who.id, side), &appointment, request).await?;
    tx.commit().await?;
    operations::run_operations(state, &ask.ops).await;
    Ok(ask.asked)
}

/// What was asked for within a transaction.
pub(super) struct Ask {
    /// The act of asking: see [`ask_of`].
    pub id: String,
    pub asked: RefundAsked,
    /// To be run after the commit.
    pub ops: Vec<String>,
}

/// As [`ask_refund`], in the caller's transaction and in the name of `who`, whom the caller has checked. The appointment's
/// row must be locked.
///
/// # Errors
/// [`RefundRefusal`]; then the transaction must not be committed.
pub(super) async fn ask_within(
    state: &AppState,
    tx: &mut Tx,
    (who, side): (&str, RefundSide),
    appointment: &Appointment,
    request: &RefundRequest<'_>,
) -> Result<Ask, RefundRefusal> {
    let standing = refund_standing(tx, appointment).await?;
    if standing.refunds.len() >= REFUNDS_MAX {
        return Err(Fault::Conflict("the appointment has had too many refunds").into());
    }
    let parts = standing.spread(request.amount_minor).ok_or(RefundRefusal::TooMuch)?;
    let in_all = standing.counted_minor().checked_add(request.amount_minor);
    let alone = in_all.is_some_and(|sum| sum <= state.config.refund_alone_minor(standing.currency));
    let asked = if alone { RefundAsked::Sent } else { RefundAsked::Waits };
    let (id, now) = (state.random.id(state.now()), state.now());
    let mut ops = Vec::new();
    for (number, (payment_id, minor)) in parts.into_iter().enumerate() {
        let refund = Refund {
            id: part_id(&id, number),
            payment_id,
            amount: Money::new(minor, standing.currency),
            reason: request.reason.to_owned(),
            state: if alone {
                RefundState::Asked
            } else {
                RefundState::Waiting
            },
            asked_by: who.to_owned(),
            approved_by: String::new(),
            reference: None,
            created_at: now,
        };
        refunds::add(tx, &refund).await?;
        if alone {
            ops.push(request_refund(state, tx, &refund).await?);
        }
    }
    let amount = Money::new(request.amount_minor, standing.currency);
    let (event, action) = match asked {
        RefundAsked::Sent => ("refund_asked", Action::RefundMade),
        RefundAsked::Waits => ("refund_waits", Action::RefundAsked),
    };
    record(state, tx, who, appointment, (event, amount)).await?;
    audit_operator(state, tx, (who, side), appointment, (action, request.reason)).await?;
    if asked == RefundAsked::Waits {
        refund_mails::tell_second_persons(state, tx, (who, side), appointment, (&id, amount)).await?;
    }
    Ok(Ask { id, asked, ops })
}

/// What a form that was sent twice came to the first time; `None` where something else happened meanwhile.
fn said_before(standing: &RefundStanding, who: &str, request: &RefundRequest<'_>) -> Option<RefundAsked> {
    let since = standing.refunds.get(request.known..)?;
    let first = since.first()?;
    let is_same = |refund: &Refund| refund.asked_by == who && refund.reason == request.reason;
    let sum: i64 = since.iter().map(|refund| refund.amount.minor).sum();
    let is_one = since
        .iter()
        .all(|refund| ask_of(refund) == ask_of(first) && is_same(refund));
    (is_one && sum == request.amount_minor).then_some(match first.state {
        RefundState::Waiting | RefundState::Declined => RefundAsked::Waits,
        RefundState::Asked | RefundState::Pending | RefundState::Done | RefundState::Failed => RefundAsked::Sent,
    })
}

/// One act of asking may take from several payments: each part is a refund of its own.
fn part_id(ask: &str, number: usize) -> String {
    match number {
        0 => ask.to_owned(),
        _ => format!("{ask}:{number}"),
    }
}

/// By which act of asking a refund came about; its own id where it was made at the provider's pages.
#[must_use]
pub fn ask_of(refund: &Refund) -> &str {
    if refund.asked_by.is_empty() {
        return &refund.id;
    }
    refund.id.split(':').next().unwrap_or(&refund.id)
}

/// Whether somebody who may see a refund that waits may also decide about it: never who asked; about what an operator
/// asked for another operator, about what an owner asked for another owner, too.
///
/// # Errors
/// When the database fails.
pub async fn may_decide(
    tx: &mut Tx,
    actor: &Actor,
    side: RefundSide,
    appointment: &Appointment,
    refund: &Refund,
) -> Result<bool, Fault> {
    if refund.state != RefundState::Waiting || refund.asked_by == actor.account_id() {
        return Ok(false);
    }
    Ok(match side {
        RefundSide::Operator => true,
        RefundSide::Business => members::of_org(tx, &appointment.org_id)
            .await?
            .iter()
            .any(|member| member.account_id == refund.asked_by),
    })
}

/// The second person's word about what waits; whoever asked may take it back, and no more. Returns the appointment.
///
/// # Errors
/// [`RefundRefusal`].
pub async fn decide_refund(
    state: &AppState,
    actor: &Actor,
    side: RefundSide,
    ask: &str,
    approves: bool,
) -> Result<String, RefundRefusal> {
    let who = actor.signed_in()?;
    let mut tx = state.db.write().await?;
    let appointment = appointment_of(&mut tx, ask).await?;
    let appointment = load_refundable(&mut tx, actor, side, &appointment).await?;
    appointments::lock(&mut tx, &appointment.id).await?;
    let standing = refund_standing(&mut tx, &appointment).await?;
    let parts: Vec<&Refund> = standing.refunds.iter().filter(|refund| ask_of(refund) == ask).collect();
    let first = *parts.first().ok_or(Fault::NotFound)?;
    let takes_back = first.asked_by == who.id;
    if takes_back && approves {
        return Err(RefundRefusal::SamePerson);
    }
    if parts.iter().any(|part| part.state != RefundState::Waiting) {
        return Err(RefundRefusal::Decided);
    }
    if !takes_back && !may_decide(&mut tx, actor, side, &appointment, first).await? {
        return Err(Fault::NotFound.into());
    }
    let dispute = disputes::queries::open_of(&mut tx, &appointment.id).await?;
    if approves && dispute.is_some_and(|dispute| dispute.refund_id.as_deref() != Some(ask)) {
        return Err(RefundRefusal::Disputed);
    }
    let next = if approves {
        RefundState::Asked
    } else {
        RefundState::Declined
    };
    let mut ops = Vec::new();
    for part in &parts {
        let payment = standing.payments.iter().find(|payment| payment.id == part.payment_id);
        let room = payment.map_or(0, |payment| standing.room_minor(payment, |other| ask_of(other) == ask));
        if approves && room < part.amount.minor {
            return Err(RefundRefusal::TooMuch);
        }
        if !refunds::decide(&mut tx, &part.id, &who.id, next, state.now()).await? {
            return Err(RefundRefusal::Decided);
        }
        if approves {
            ops.push(request_refund(state, &mut tx, part).await?);
        }
    }
    let amount = Money::new(parts.iter().map(|part| part.amount.minor).sum(), standing.currency);
    let (event, action) = match approves {
        true => ("refund_asked", Action::RefundApproved),
        false => ("refund_declined", Action::RefundDeclined),
    };
    record(state, &mut tx, &who.id, &appointment, (event, amount)).await?;
    audit_operator(state, &mut tx, (&who.id, side), &appointment, (action, &first.reason)).await?;
    ops.extend(disputing::follow_decision(state, &mut tx, &who.id, ask, approves).await?);
    tx.commit().await?;
    operations::run_operations(state, &ops).await;
    Ok(appointment.id)
}

async fn appointment_of(tx: &mut Tx, refund: &str) -> Result<String, Fault> {
    let refund = refunds::load(tx, refund).await?.ok_or(Fault::NotFound)?;
    let payment = queries::payment(tx, &refund.payment_id).await?;
    payment
        .and_then(|payment| payment.appointment_id)
        .ok_or(Fault::NotFound)
}

/// What happened, in the record of the appointment.
async fn record(
    state: &Base,
    tx: &mut Tx,
    who: &str,
    appointment: &Appointment,
    (event, amount): (&str, Money),
) -> Result<(), Fault> {
    let data = serde_json::json!({ "minor": amount.minor, "currency": amount.currency.as_str() });
    appointments::record_event(tx, &appointment.id, event, who, state.now(), &data).await
}

/// What operators do is in their record, too.
async fn audit_operator(
    state: &Base,
    tx: &mut Tx,
    (who, side): (&str, RefundSide),
    appointment: &Appointment,
    (action, reason): (Action, &str),
) -> Result<(), Fault> {
    match side {
        RefundSide::Business => Ok(()),
        RefundSide::Operator => Ok(audit::write(tx, state, Some(who), action, &appointment.id, reason).await?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::billing::provider::PaymentMethod;
    use crate::billing::{PaymentState, Purpose};

    fn payment(id: &str, captured_minor: i64) -> Payment {
        Payment {
            id: id.to_owned(),
            hold_id: "h".into(),
            attempt: 0,
            purpose: Purpose::Book,
            kept_from: None,
            seller_account: None,
            psp: "test".into(),
            appointment_id: Some("a".into()),
            org_id: "o".into(),
            method: PaymentMethod::default(),
            amount: Money::new(captured_minor, Currency::NOK),
            state: PaymentState::Captured {
                authorised_minor: captured_minor,
                captured_minor,
            },
            reference: None,
            updated_at: 0,
        }
    }

    fn refund(id: &str, payment: &str, minor: i64, state: RefundState) -> Refund {
        Refund {
            id: id.to_owned(),
            payment_id: payment.to_owned(),
            amount: Money::new(minor, Currency::NOK),
            reason: "Kulanse".into(),
            state,
            asked_by: "p".into(),
            approved_by: String::new(),
            reference: None,
            created_at: 0,
        }
    }

    fn standing(refunds: Vec<Refund>) -> RefundStanding {
        RefundStanding {
            payments: vec![payment("1", 1_000), payment("2", 500)],
            refunds,
            currency: Currency::NOK,
        }
    }

    #[test]
    fn what_is_paid_back_is_spread_over_what_was_taken() {
        let parts = |standing: &RefundStanding, amount| standing.spread(amount);
        let fresh = standing(Vec::new());
        assert_eq!(parts(&fresh, 400), Some(vec![("1".into(), 400)]));
        assert_eq!(parts(&fresh, 1_500), Some(vec![("1".into(), 1_000), ("2".into(), 500)]));
        assert_eq!(parts(&fresh, 1_501), None);
        assert_eq!(parts(&fresh, i64::MAX), None);
        let some = standing(vec![
            refund("x", "1", 700, RefundState::Done),
            refund("y", "1", 200, RefundState::Failed),
            refund("z", "2", 100, RefundState::Waiting),
        ]);
        assert_eq!((some.counted_minor(), some.left_minor()), (800, 700));
        assert_eq!(parts(&some, 700), Some(vec![("1".into(), 300), ("2".into(), 400)]));
        assert_eq!(parts(&some, 701), None);
    }

    #[test]
    fn a_form_that_comes_twice_is_known_again() {
        let request = |amount_minor, reason| RefundRequest {
            appointment: "a",
            amount_minor,
            reason,
            known: 1,
        };
        let after = standing(vec![
            refund("x", "1", 700, RefundState::Done),
            refund("y", "1", 300, RefundState::Asked),
            refund("y:1", "2", 100, RefundState::Asked),
        ]);
        assert_eq!(
            said_before(&after, "p", &request(400, "Kulanse")),
            Some(RefundAsked::Sent)
        );
        assert_eq!(said_before(&after, "p", &request(300, "Kulanse")), None, "another sum");
        assert_eq!(said_before(&after, "p", &request(400, "Feil")), None, "another reason");
        assert_eq!(
            said_before(&after, "o", &request(400, "Kulanse")),
            None,
            "somebody else"
        );
        let ahead = RefundRequest {
            known: 9,
            ..request(400, "Kulanse")
        };
        assert_eq!(said_before(&after, "p", &ahead), None);
    }

    #[test]
    fn a_reason_has_words_in_it() {
        assert_eq!(read_refund_reason("  "), Err(FieldError::ReasonMissing));
        assert_eq!(read_refund_reason("ok"), Err(FieldError::ReasonShort));
        assert_eq!(read_refund_reason(&"å".repeat(501)), Err(FieldError::TooLong));
        assert_eq!(read_refund_reason(" Kulanse ").as_deref(), Ok("Kulanse"));
    }
}
