//! A dispute with its appointment, locked: the pieces that the steps of [`super::disputing`] are made of.

use super::collection::collect_payment;
use super::disputing::{DisputeEnd, DisputeRefusal};
use super::refunding::{RefundAsked, RefundRequest, RefundSide, ask_within};
use super::{operations, tell_sides};
use crate::appointments::{self, Appointment};
use crate::base::Fault;
use crate::base::audit::{Action, Line};
use crate::base::db::Tx;
use crate::disputes::queries::{self, NewEntry};
use crate::disputes::{Dispute, DisputeNews, DisputeState, ENTRIES_MAX, EntryKind, Side, Step};
use crate::state::AppState;

type Result<T, E = DisputeRefusal> = std::result::Result<T, E>;

pub(super) fn speak<'a>(side: Side, account_id: &'a str, kind: EntryKind, body: &'a str) -> NewEntry<'a> {
    NewEntry {
        kind,
        side,
        account_id,
        source: "",
        body,
        amount_minor: None,
    }
}

pub(super) fn end_of(dispute: &Dispute) -> DisputeEnd {
    match dispute.state {
        DisputeState::Deciding => DisputeEnd::Waits,
        DisputeState::Opened | DisputeState::Answered | DisputeState::Decided | DisputeState::Withdrawn => {
            DisputeEnd::Decided
        }
    }
}

/// What was asked of the money, and the operations to run after the commit.
pub(super) struct Asked {
    pub(super) end: DisputeEnd,
    pub(super) ops: Vec<String>,
}

/// A dispute with its appointment, whose row is locked.
pub(super) struct Case {
    pub(super) appointment: Appointment,
    pub(super) dispute: Dispute,
}

impl Case {
    /// The newest dispute of an appointment, open or not.
    pub(super) async fn lock(tx: &mut Tx, id: &str) -> Result<Self> {
        appointments::lock(tx, id).await?;
        let appointment = appointments::load_any(tx, id).await?;
        let dispute = queries::of_appointment(tx, id).await?.pop().ok_or(Fault::NotFound)?;
        Ok(Self { appointment, dispute })
    }

    /// Whether the form was sent before, and did what it was to do.
    pub(super) async fn was_said(
        &self,
        tx: &mut Tx,
        known: usize,
        (who, body): (&str, &str),
        kinds: &[EntryKind],
    ) -> Result<bool> {
        let entries = queries::entries(tx, &self.dispute.id).await?;
        if entries.len() == known {
            // Nobody fills a dispute so that it cannot be decided.
            let is_operators = kinds
                .iter()
                .all(|kind| !matches!(kind, EntryKind::Answered | EntryKind::Added | EntryKind::Offered));
            return match is_operators || entries.len() < ENTRIES_MAX {
                true => Ok(false),
                false => Err(Fault::Conflict("the dispute has had too many entries").into()),
            };
        }
        let said = entries.get(known).filter(|_| entries.len() == known + 1);
        match said.is_some_and(|entry| entry.account_id == who && entry.body == body && kinds.contains(&entry.kind)) {
            true => Ok(true),
            false => Err(DisputeRefusal::Changed),
        }
    }

    pub(super) async fn take(&self, state: &AppState, tx: &mut Tx, step: Step) -> Result<()> {
        let next = self.dispute.state.handle(step)?;
        if next != self.dispute.state && !queries::move_on(tx, &self.dispute, next, state.now()).await? {
            return Err(DisputeRefusal::Changed);
        }
        Ok(())
    }

    /// Asks for the refund and moves the dispute on to what that comes to.
    pub(super) async fn pay_back(
        &self,
        state: &AppState,
        tx: &mut Tx,
        (payer, side): (&str, RefundSide),
        (minor, reason): (i64, &str),
        decided_by: &str,
    ) -> Result<Asked> {
        if !self.dispute.state.is_open() {
            return Err(DisputeRefusal::Changed);
        }
        let (mut end, mut ask, mut ops) = (DisputeEnd::Decided, None, Vec::new());
        if minor > 0 {
            let request = RefundRequest {
                appointment: &self.appointment.id,
                amount_minor: minor,
                reason,
                known: 0,
            };
            let asked = ask_within(state, tx, (payer, side), &self.appointment, &request).await?;
            if asked.asked == RefundAsked::Waits {
                end = DisputeEnd::Waits;
            }
            ask = Some(asked.id);
            ops = asked.ops;
        }
        let step = match end {
            DisputeEnd::Decided => Step::Decide,
            DisputeEnd::Waits => Step::Propose,
        };
        self.take(state, tx, step).await?;
        queries::set_decision(tx, &self.dispute.id, Some(minor), Some(decided_by), ask.as_deref()).await?;
        Ok(Asked { end, ops })
    }

    /// Commits, and goes on with the money where it is on hold no more.
    pub(super) async fn finish(&self, state: &AppState, mut tx: Tx, asked: Asked) -> Result<DisputeEnd> {
        let mut ops = asked.ops;
        if asked.end == DisputeEnd::Decided {
            ops.extend(collect_payment(state, &mut tx, &self.appointment).await?);
        }
        tx.commit().await?;
        operations::run_operations(state, &ops).await;
        // What waited through the dispute is due now.
        state.payments_wanted.notify_one();
        Ok(asked.end)
    }

    /// Entry, event of the appointment, and mails to both sides.
    pub(super) async fn record(
        &self,
        state: &AppState,
        tx: &mut Tx,
        entry: &NewEntry<'_>,
        news: Option<DisputeNews>,
    ) -> Result<()> {
        let (id, now) = (state.random.id(state.now()), state.now());
        queries::add_entry(tx, &id, &self.dispute, entry, now).await?;
        let data = match entry.amount_minor {
            Some(minor) => serde_json::json!({ "minor": minor, "currency": self.dispute.currency.as_str() }),
            None => serde_json::json!({}),
        };
        let event = format!("dispute_{}", entry.kind.name());
        appointments::record_event(tx, &self.appointment.id, &event, entry.account_id, now, &data).await?;
        match news {
            Some(news) => self.tell(state, tx, entry.side, (news, &id)).await,
            None => Ok(()),
        }
    }

    pub(super) async fn tell(
        &self,
        state: &AppState,
        tx: &mut Tx,
        by: Side,
        (news, cause): (DisputeNews, &str),
    ) -> Result<()> {
        Ok(tell_sides::tell_sides(state, tx, &self.appointment, by, (news, cause)).await?)
    }

    /// What operators do is in their record, and both sides see it among their data.
    pub(super) async fn audit(
        &self,
        state: &AppState,
        tx: &mut Tx,
        who: &str,
        action: Action,
        reason: &str,
    ) -> Result<()> {
        let people = [&self.appointment.consumer, &self.appointment.provider].map(|person| person.account_id.clone());
        let line = Line {
            operator: Some(who),
            action,
            subject: &self.appointment.id,
            reason,
        };
        Ok(line.write(tx, state, &people).await?)
    }
}
