//! Disputes from beginning to end: who may open one, answer, offer, take an offer, hand something in, and decide; and what
//! becomes of the money.

use texts::FieldError;

use super::collection::collect_payment;
use super::dispute_case::{Asked, Case, end_of, speak};
use super::refunding::{RefundRefusal, RefundSide, load_refundable, refund_standing};
use super::tell_sides;
use crate::appointments::{self, Appointment};
use crate::base::actor::Actor;
use crate::base::audit::Action;
use crate::base::db::{DbError, Tx};
use crate::base::fields;
use crate::base::money::{Currency, Money};
use crate::base::{Fault, Micros};
use crate::billing::BillingError;
use crate::carries_faults;
use crate::disputes::evidence::{self, FILES_PER_SIDE_MAX, StoredFile};
use crate::disputes::queries::{self, NewEntry};
use crate::disputes::{
    BODY_CHARS, Dispute, DisputeNews, DisputeState, Entry, EntryKind, IllegalStep, PER_APPOINTMENT_MAX, SOURCE_CHARS,
    Side, Step, open_until,
};
use crate::providers::{self, members};
use crate::state::AppState;
use signaling_protocol::Role;

/// Why a step in a dispute is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DisputeRefusal {
    /// The appointment is not over, or over for too long; or it was decided about already.
    #[error("no dispute can be opened now")]
    NotNow,
    #[error("a dispute is open already")]
    Exists,
    /// Somebody was faster, or it is over.
    #[error("the dispute has changed meanwhile")]
    Changed,
    #[error("the side has handed in too much")]
    TooManyFiles,
    #[error("more than was paid, less what was paid back")]
    TooMuch,
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(DisputeRefusal);

impl From<IllegalStep> for DisputeRefusal {
    fn from(_: IllegalStep) -> Self {
        Self::Changed
    }
}

impl From<BillingError> for DisputeRefusal {
    fn from(error: BillingError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<RefundRefusal> for DisputeRefusal {
    fn from(refusal: RefundRefusal) -> Self {
        match refusal {
            RefundRefusal::TooMuch => Self::TooMuch,
            RefundRefusal::Changed | RefundRefusal::SamePerson | RefundRefusal::Decided | RefundRefusal::Disputed => {
                Self::Changed
            }
            RefundRefusal::Fault(fault) => Self::Fault(fault),
        }
    }
}

type Result<T, E = DisputeRefusal> = std::result::Result<T, E>;

/// Somebody who is on one side of an appointment.
#[derive(Debug, Clone)]
pub struct Party {
    pub appointment: Appointment,
    pub side: Side,
    /// May offer money of the business.
    pub is_owner: bool,
}

/// How a dispute came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeEnd {
    Decided,
    /// A second person must agree to what is paid back.
    Waits,
}

/// Checks what somebody says in a dispute.
///
/// # Errors
/// What is wrong with it.
pub fn read_body(typed: &str) -> std::result::Result<String, FieldError> {
    let body = fields::text(typed)?;
    match body.chars().count() {
        0 => Err(FieldError::DisputeBodyMissing),
        few if few < *BODY_CHARS.start() => Err(FieldError::DisputeBodyShort),
        many if many > *BODY_CHARS.end() => Err(FieldError::TooLong),
        _ => Ok(body),
    }
}

/// Checks whose words an operator brings in.
///
/// # Errors
/// What is wrong with it.
pub fn read_source(typed: &str) -> std::result::Result<String, FieldError> {
    let source = fields::line(typed, FieldError::SourceMissing)?;
    match source.chars().count() {
        few if few < *SOURCE_CHARS.start() => Err(FieldError::SourceMissing),
        _ => Ok(source),
    }
}

/// The appointment, for somebody on one of its sides: its consumer, whoever takes it, and the owners of the business.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else.
pub async fn load_party(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Party, Fault> {
    actor.signed_in()?;
    let appointment = appointments::load_with_receipt(tx, actor, id).await?;
    let side = match appointment.seat.role {
        Role::Consumer => Side::Consumer,
        Role::Provider => Side::Provider,
    };
    let owns = providers::owner(actor).is_ok_and(|owner| owner.org_id == appointment.org_id);
    Ok(Party {
        is_owner: side == Side::Provider && owns && appointment.consumer.account_id != actor.account_id(),
        appointment,
        side,
    })
}

/// The appointment, for an operator who is on none of its sides.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else.
pub async fn load_for_operator(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Appointment, Fault> {
    let appointment = load_refundable(tx, actor, RefundSide::Operator, id).await?;
    let of_business = members::of_org(tx, &appointment.org_id).await?;
    if of_business.iter().any(|member| member.account_id == actor.account_id()) {
        return Err(Fault::NotFound);
    }
    Ok(appointment)
}

/// Whether a dispute about an appointment can be opened now; `disputes` are all there were.
#[must_use]
pub fn can_open(state: &AppState, appointment: &Appointment, disputes: &[Dispute], now: Micros) -> bool {
    appointment.status.is_over()
        && now <= open_until(appointment.end_us, state.config.dispute_days)
        && disputes.len() < PER_APPOINTMENT_MAX
        && disputes.iter().all(|dispute| dispute.state == DisputeState::Withdrawn)
}

/// Opens a dispute, which holds the money of the appointment. What is sent twice opens one.
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn open_dispute(state: &AppState, actor: &Actor, id: &str, body: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    let party = load_party(&mut tx, actor, id).await?;
    appointments::lock(&mut tx, id).await?;
    let appointment = appointments::load_any(&mut tx, id).await?;
    let (who, now) = (actor.account_id(), state.now());
    let disputes = queries::of_appointment(&mut tx, id).await?;
    if let Some(open) = disputes.iter().find(|dispute| dispute.state.is_open()) {
        let entries = queries::entries(&mut tx, &open.id).await?;
        let is_same = |entry: &Entry| entry.account_id == who && entry.body == body && entry.kind == EntryKind::Opened;
        return match entries.first().is_some_and(is_same) {
            true => Ok(()),
            false => Err(DisputeRefusal::Exists),
        };
    }
    if !can_open(state, &appointment, &disputes, now) {
        return Err(DisputeRefusal::NotNow);
    }
    let dispute = Dispute {
        id: state.random.id(now),
        appointment_id: id.to_owned(),
        opened_by: who.to_owned(),
        side: party.side,
        state: DisputeState::Opened,
        currency: Currency::parse(&appointment.price.currency).map_err(|error| Fault::internal(&error))?,
        offer_minor: None,
        offered_by: None,
        refund_minor: None,
        refund_id: None,
        opened_at: now,
        answered_at: None,
        closed_at: None,
    };
    match queries::add(&mut tx, &dispute).await {
        Ok(()) => {}
        Err(DbError::Unique(_)) => return Err(DisputeRefusal::Exists),
        Err(error) => return Err(error.into()),
    }
    let case = Case { appointment, dispute };
    let entry = speak(party.side, who, EntryKind::Opened, body);
    case.record(state, &mut tx, &entry, Some(DisputeNews::Opened)).await?;
    tell_sides::tell_operators(state, &mut tx, &case.appointment, &case.dispute.id).await?;
    tx.commit().await?;
    Ok(())
}

/// Says something: the other side answers, or either adds to what it said. `known` is how many entries there were when the
/// form was made.
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn say(state: &AppState, actor: &Actor, id: &str, known: usize, body: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    let party = load_party(&mut tx, actor, id).await?;
    let case = Case::lock(&mut tx, id).await?;
    let who = actor.account_id();
    if case
        .was_said(&mut tx, known, (who, body), &[EntryKind::Answered, EntryKind::Added])
        .await?
    {
        return Ok(());
    }
    let is_answer = party.side != case.dispute.side && case.dispute.state == DisputeState::Opened;
    let (kind, step, news) = match is_answer {
        true => (EntryKind::Answered, Step::Answer, DisputeNews::Answered),
        false => (EntryKind::Added, Step::Add, DisputeNews::Added),
    };
    case.take(state, &mut tx, step).await?;
    let entry = speak(party.side, who, kind, body);
    case.record(state, &mut tx, &entry, Some(news)).await?;
    tx.commit().await?;
    Ok(())
}

/// Offers to pay back so much, as an owner of the business; a later offer stands in for an earlier one.
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn offer(state: &AppState, actor: &Actor, id: &str, known: usize, (minor, body): (i64, &str)) -> Result<()> {
    let mut tx = state.db.write().await?;
    let party = load_party(&mut tx, actor, id).await?;
    if !party.is_owner {
        return Err(Fault::NotFound.into());
    }
    let case = Case::lock(&mut tx, id).await?;
    let who = actor.account_id();
    if case
        .was_said(&mut tx, known, (who, body), &[EntryKind::Offered])
        .await?
    {
        return Ok(());
    }
    if minor > refund_standing(&mut tx, &case.appointment).await?.left_minor() {
        return Err(DisputeRefusal::TooMuch);
    }
    let step = match case.dispute.side {
        Side::Provider => Step::Add,
        Side::Consumer | Side::Operator => Step::Answer,
    };
    case.take(state, &mut tx, step).await?;
    queries::set_offer(&mut tx, &case.dispute.id, minor, who).await?;
    let entry = NewEntry {
        amount_minor: Some(minor),
        ..speak(party.side, who, EntryKind::Offered, body)
    };
    let news = DisputeNews::Offered(Money::new(minor, case.dispute.currency));
    case.record(state, &mut tx, &entry, Some(news)).await?;
    tx.commit().await?;
    Ok(())
}

/// The consumer takes the offer of `minor`, which is paid back in the name of the owner who made it.
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn accept(state: &AppState, actor: &Actor, id: &str, minor: i64) -> Result<DisputeEnd> {
    let mut tx = state.db.write().await?;
    let party = load_party(&mut tx, actor, id).await?;
    if party.side != Side::Consumer {
        return Err(Fault::NotFound.into());
    }
    let case = Case::lock(&mut tx, id).await?;
    let who = actor.account_id();
    let entries = queries::entries(&mut tx, &case.dispute.id).await?;
    if entries
        .last()
        .is_some_and(|last| last.kind == EntryKind::Accepted && last.amount_minor == Some(minor))
    {
        return Ok(end_of(&case.dispute));
    }
    let owner = case
        .dispute
        .offered_by
        .clone()
        .filter(|_| case.dispute.offer_minor == Some(minor));
    let owner = owner.ok_or(DisputeRefusal::Changed)?;
    let reason = entries.iter().rev().find(|entry| entry.kind == EntryKind::Offered);
    let reason = reason.map_or("", |entry| entry.body.as_str());
    let amount = Money::new(minor, case.dispute.currency);
    let asked = case
        .pay_back(state, &mut tx, (&owner, RefundSide::Business), (minor, reason), who)
        .await?;
    let entry = NewEntry {
        amount_minor: Some(minor),
        ..speak(Side::Consumer, who, EntryKind::Accepted, "")
    };
    let news = match asked.end {
        DisputeEnd::Decided => DisputeNews::Accepted(amount),
        DisputeEnd::Waits => DisputeNews::AcceptedWaits(amount),
    };
    case.record(state, &mut tx, &entry, Some(news)).await?;
    case.finish(state, tx, asked).await
}

/// Takes a dispute back, by the side that opened it. The money is on hold no more.
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn withdraw(state: &AppState, actor: &Actor, id: &str) -> Result<()> {
    let mut tx = state.db.write().await?;
    let party = load_party(&mut tx, actor, id).await?;
    let case = Case::lock(&mut tx, id).await?;
    let who = actor.account_id();
    if party.side != case.dispute.side || !(party.is_owner || case.dispute.opened_by == who) {
        return Err(Fault::NotFound.into());
    }
    if case.dispute.state == DisputeState::Withdrawn {
        return Ok(());
    }
    case.take(state, &mut tx, Step::Withdraw).await?;
    let entry = speak(party.side, who, EntryKind::Withdrawn, "");
    case.record(state, &mut tx, &entry, Some(DisputeNews::Withdrawn))
        .await?;
    let asked = Asked {
        end: DisputeEnd::Decided,
        ops: Vec::new(),
    };
    case.finish(state, tx, asked).await.map(drop)
}

/// Hands a file in, which is in the store already. An operator says whose it is.
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn hand_in(
    state: &AppState,
    actor: &Actor,
    id: &str,
    (file, name): (&StoredFile, &str),
    source: Option<&str>,
) -> Result<()> {
    let mut tx = state.db.write().await?;
    let side = match source {
        Some(_) => load_for_operator(&mut tx, actor, id).await.map(|_| Side::Operator)?,
        None => load_party(&mut tx, actor, id).await?.side,
    };
    let case = Case::lock(&mut tx, id).await?;
    case.dispute.state.handle(Step::Add)?;
    let (who, now) = (actor.account_id(), state.now());
    if evidence::is_known(&mut tx, &case.dispute.id, who, &file.given_sha256).await? {
        return Ok(());
    }
    if evidence::count(&mut tx, &case.dispute.id, side).await? >= FILES_PER_SIDE_MAX {
        return Err(DisputeRefusal::TooManyFiles);
    }
    let key = state.random.id(now);
    let from = (side, who, source.unwrap_or_default());
    evidence::name_stored(&mut tx, &key, &case.dispute, from, (file, name), now).await?;
    if let Some(source) = source {
        case.audit(state, &mut tx, who, Action::DisputeStatement, source)
            .await?;
    }
    case.tell(state, &mut tx, side, (DisputeNews::Added, &key)).await?;
    tx.commit().await?;
    Ok(())
}

/// Brings in the words of a third party, marked with whose they are (S33).
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn add_statement(
    state: &AppState,
    actor: &Actor,
    id: &str,
    known: usize,
    (source, body): (&str, &str),
) -> Result<()> {
    let mut tx = state.db.write().await?;
    load_for_operator(&mut tx, actor, id).await?;
    let case = Case::lock(&mut tx, id).await?;
    let who = actor.account_id();
    if case
        .was_said(&mut tx, known, (who, body), &[EntryKind::Statement])
        .await?
    {
        return Ok(());
    }
    case.take(state, &mut tx, Step::Add).await?;
    let entry = NewEntry {
        source,
        ..speak(Side::Operator, who, EntryKind::Statement, body)
    };
    case.record(state, &mut tx, &entry, Some(DisputeNews::Statement))
        .await?;
    case.audit(state, &mut tx, who, Action::DisputeStatement, source)
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Decides, with what is paid back in the same step: nothing, a part, or all. Above the limit for refunds it waits for a
/// second person, and so does the end of the dispute.
///
/// # Errors
/// [`DisputeRefusal`].
pub async fn decide(
    state: &AppState,
    actor: &Actor,
    id: &str,
    known: usize,
    (minor, reason): (i64, &str),
) -> Result<DisputeEnd> {
    let mut tx = state.db.write().await?;
    load_for_operator(&mut tx, actor, id).await?;
    let case = Case::lock(&mut tx, id).await?;
    let who = actor.account_id();
    let kinds = [EntryKind::Decided, EntryKind::Proposed];
    if case.was_said(&mut tx, known, (who, reason), &kinds).await? {
        return Ok(end_of(&case.dispute));
    }
    let asked = case
        .pay_back(state, &mut tx, (who, RefundSide::Operator), (minor, reason), who)
        .await?;
    let (kind, news) = match asked.end {
        DisputeEnd::Decided => {
            let amount = Money::new(minor, case.dispute.currency);
            (EntryKind::Decided, Some(DisputeNews::Decided(amount)))
        }
        // Nothing is promised before the second person agrees.
        DisputeEnd::Waits => (EntryKind::Proposed, None),
    };
    let entry = NewEntry {
        amount_minor: Some(minor),
        ..speak(Side::Operator, who, kind, reason)
    };
    case.record(state, &mut tx, &entry, news).await?;
    case.audit(state, &mut tx, who, Action::DisputeDecided, reason).await?;
    case.finish(state, tx, asked).await
}

/// What follows for a dispute when a second person has decided about a refund that came of it; nothing where none did. The
/// appointment's row must be locked. Returns the operations to run after the commit.
///
/// # Errors
/// When the database fails.
pub(super) async fn follow_decision(
    state: &AppState,
    tx: &mut Tx,
    who: &str,
    ask: &str,
    approves: bool,
) -> Result<Vec<String>, Fault> {
    let Some(dispute) = queries::of_refund(tx, ask).await? else {
        return Ok(Vec::new());
    };
    if dispute.state != DisputeState::Deciding {
        return Ok(Vec::new());
    }
    let appointment = appointments::load_any(tx, &dispute.appointment_id).await?;
    let case = Case { appointment, dispute };
    let entries = queries::entries(tx, &case.dispute.id).await?;
    let proposal = entries
        .iter()
        .rev()
        .find(|entry| matches!(entry.kind, EntryKind::Proposed | EntryKind::Accepted));
    let was_taken = proposal.is_some_and(|entry| entry.kind == EntryKind::Accepted);
    let reason = proposal.map_or("", |entry| entry.body.as_str());
    let step = match approves {
        true => Step::Approve,
        false => Step::Decline {
            was_answered: case.dispute.answered_at.is_some(),
        },
    };
    let fault = |refusal| {
        if let DisputeRefusal::Fault(fault) = refusal {
            fault
        } else {
            Fault::internal(&refusal)
        }
    };
    case.take(state, tx, step).await.map_err(fault)?;
    let minor = case.dispute.refund_minor.unwrap_or(0);
    let (kind, news) = match approves {
        true => {
            let amount = Money::new(minor, case.dispute.currency);
            (EntryKind::Decided, Some(DisputeNews::Decided(amount)))
        }
        false => (EntryKind::Declined, was_taken.then_some(DisputeNews::Declined)),
    };
    let entry = NewEntry {
        amount_minor: Some(minor),
        ..speak(Side::Operator, who, kind, reason)
    };
    case.record(state, tx, &entry, news).await.map_err(fault)?;
    if !approves {
        queries::set_decision(tx, &case.dispute.id, None, None, None).await?;
        return Ok(Vec::new());
    }
    Ok(collect_payment(state, tx, &case.appointment).await?)
}
