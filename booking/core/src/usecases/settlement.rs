//! The end of a call: its outcome, and its charge, which is made once.

use signaling_protocol::Role;

use super::collection::collect_payment;
use crate::appointments::{self, Appointment, AppointmentMail, Moved, Status, Transition, role_as_str};
use crate::base::db::Tx;
use crate::base::money::{Currency, Money, split_vat};
use crate::base::{Base, Fault, Micros, Result, SECOND_US};
use crate::billing::ledger::Posting;
use crate::billing::queries::{self, PostingOf};
use crate::billing::{Charge, NO_SHOW_CONSUMER, mail_both_sides};
use crate::calls;
use crate::calls::queries as call_queries;
use crate::state::AppState;

/// A call that nobody ended is closed this long after its booked window.
pub(super) const WINDOW_GRACE_US: Micros = 15 * SECOND_US;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Both were in the call together after its start.
    TookPlace,
    /// Both came, but were never in the call together after its start: nothing is due.
    NeverMet,
    NoShowConsumer,
    /// The provider did not come, or nobody did: the consumer is never asked to pay for that.
    NoShowProvider,
}

impl Outcome {
    /// The word in `charge.outcome`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::TookPlace => "held",
            Self::NeverMet => "not_held",
            Self::NoShowConsumer => NO_SHOW_CONSUMER,
            Self::NoShowProvider => "no_show_provider",
        }
    }

    fn transition(self) -> Transition {
        match self {
            Self::TookPlace | Self::NeverMet => Transition::CallEnded,
            Self::NoShowConsumer => Transition::ConsumerMissed,
            Self::NoShowProvider => Transition::ProviderMissed,
        }
    }

    fn mail(self) -> Option<AppointmentMail> {
        match self {
            Self::TookPlace => None,
            Self::NeverMet => Some(AppointmentMail::NeverMet),
            Self::NoShowConsumer => Some(AppointmentMail::NoShowConsumer),
            Self::NoShowProvider => Some(AppointmentMail::NoShowProvider),
        }
    }
}

/// What is known about a call when its outcome is asked for. Times are Unix microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallFacts {
    pub starts_at: Micros,
    pub ends_at: Micros,
    /// When a side that has not come is said not to have come.
    pub no_show_at: Micros,
    /// Signaling said that the call is over: both had agreed to end it, or its window ended.
    pub ended: bool,
    pub consumer_came: bool,
    pub provider_came: bool,
    /// Segments that are still being measured.
    pub open_segments: bool,
    /// Both were in the call together after its start.
    pub took_place: bool,
    pub billable: Micros,
}

/// The outcome of the call, or `None` while it is undecided.
#[must_use]
pub fn decide_outcome(facts: &CallFacts, now: Micros) -> Option<Outcome> {
    if facts.open_segments {
        return None;
    }
    // Nothing is settled before the start, nor before the end unless both agreed to it.
    let over = (facts.ended && now >= facts.starts_at) || now >= facts.ends_at + WINDOW_GRACE_US;
    if over {
        return Some(match (facts.consumer_came, facts.provider_came) {
            _ if facts.took_place => Outcome::TookPlace,
            (true, true) => Outcome::NeverMet,
            (false, true) => Outcome::NoShowConsumer,
            (true | false, false) => Outcome::NoShowProvider,
        });
    }
    let waited_in_vain = facts.consumer_came && !facts.provider_came && now >= facts.no_show_at;
    waited_in_vain.then_some(Outcome::NoShowProvider)
}

/// Charges a call whose outcome is decided: charge, status, ledger and the operation at the payment provider in one
/// transaction. Repeating it, in this process or another, charges nothing more. Returns the operations to run.
///
/// # Errors
/// When the database fails.
pub async fn finalise_call(state: &AppState, call: &str) -> Result<Vec<String>> {
    let now = state.now();
    let mut tx = state.db.write().await?;
    if !call_queries::lock_call(&mut tx, call).await? || queries::charge(&mut tx, call).await?.is_some() {
        return Ok(Vec::new());
    }
    let appointment = appointments::load_any(&mut tx, call).await?;
    let facts = load_facts(&mut tx, &appointment).await?;
    let Some(outcome) = decide_outcome(&facts, now) else {
        return Ok(Vec::new());
    };
    match appointments::set_status(&mut tx, call, outcome.transition(), "system", now).await? {
        Moved::To(_) => {}
        // Cancelled, or moved on by somebody else: then there is nothing to charge.
        Moved::Refused(_) if appointment.status != Status::InCall => return Ok(Vec::new()),
        Moved::Refused(illegal) => return Err(Fault::internal(&illegal)),
    }
    // Read again, now that nobody else changes it: the highest price may have risen.
    let appointment = appointments::load_any(&mut tx, call).await?;
    let charge = charge_of(&appointment, outcome, facts.billable, now)?;
    if !queries::add_charge(&mut tx, call, &charge).await? {
        return Ok(Vec::new());
    }
    let ops = post_charge(state, &mut tx, &appointment, &charge).await?;
    if let Some(what) = outcome.mail() {
        mail_both_sides(state, &mut tx, &appointment, &what).await?;
    }
    tx.commit().await?;
    Ok(ops)
}

async fn load_facts(tx: &mut Tx, appointment: &Appointment) -> Result<CallFacts> {
    let seats = call_queries::seats(tx, &appointment.id).await?;
    let segments = call_queries::segments(tx, &appointment.id).await?;
    let together = calls::load_measured(tx, &appointment.id).await?;
    let came = |role: Role| {
        let role = role_as_str(role);
        seats.iter().any(|seat| seat.role == role && seat.arrived_at.is_some())
            || segments.iter().any(|segment| segment.role == role)
    };
    Ok(CallFacts {
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        no_show_at: appointment.no_show_us(),
        ended: seats.iter().any(|seat| seat.ended_at.is_some()),
        consumer_came: came(Role::Consumer),
        provider_came: came(Role::Provider),
        open_segments: segments.iter().any(|segment| segment.ended_at.is_none()),
        took_place: calls::took_place(&together, appointment.start_us),
        billable: together.total(),
    })
}

/// What is due, by the price and the policy that were agreed.
fn charge_of(appointment: &Appointment, outcome: Outcome, billable: Micros, now: Micros) -> Result<Charge> {
    let (billable, amount_minor) = match outcome {
        Outcome::TookPlace => {
            let price = &appointment.price;
            (billable, price.charged_minor(price.cost_minor(billable)))
        }
        Outcome::NoShowConsumer => (0, appointment.policy.cancellation.no_show_minor(&appointment.price)),
        // A hello before the start is not paid for.
        Outcome::NeverMet | Outcome::NoShowProvider => (0, 0),
    };
    charge_amount(appointment, outcome.name(), billable, amount_minor, now)
}

/// A charge of an amount in minor units, with the tax in it.
pub(super) fn charge_amount(
    appointment: &Appointment,
    outcome: &str,
    billable: Micros,
    amount_minor: i64,
    now: Micros,
) -> Result<Charge> {
    let currency = Currency::parse(&appointment.price.currency).map_err(|error| Fault::internal(&error))?;
    let vat_bp = appointment.vat_bp();
    Ok(Charge {
        outcome: outcome.to_owned(),
        billable,
        amount: Money::new(amount_minor, currency),
        vat_code: appointment.vat_code,
        vat_bp,
        vat_minor: split_vat(amount_minor, vat_bp).vat_minor,
        at: now,
    })
}

/// Puts a charge in the ledger, and asks for its money. Returns the operations to run.
pub(super) async fn post_charge(
    base: &Base,
    tx: &mut Tx,
    appointment: &Appointment,
    charge: &Charge,
) -> Result<Vec<String>> {
    let now = base.now();
    if charge.amount.minor > 0 {
        let of = PostingOf {
            org_id: &appointment.org_id,
            appointment_id: Some(&appointment.id),
            payment_id: None,
            at_seller: false,
        };
        let posting = Posting::Charged {
            split: split_vat(charge.amount.minor, charge.vat_bp),
            of: charge.amount,
        };
        let key = format!("charged:{}", appointment.id);
        queries::post(tx, &base.random.id(now), &key, &posting, &of, now).await?;
    }
    Ok(collect_payment(base, tx, appointment).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: CallFacts = CallFacts {
        starts_at: 20 * SECOND_US,
        ends_at: 1_000 * SECOND_US,
        no_show_at: 600 * SECOND_US,
        ended: false,
        consumer_came: false,
        provider_came: false,
        open_segments: false,
        took_place: false,
        billable: 0,
    };

    #[test]
    fn outcomes_follow_from_who_came_and_when() {
        let check = |facts: CallFacts, now_s: i64, expect: Option<Outcome>| {
            assert_eq!(
                decide_outcome(&facts, now_s * SECOND_US),
                expect,
                "{facts:?} at {now_s} s"
            );
        };
        let waiting = CallFacts {
            consumer_came: true,
            ..BASE
        };
        check(waiting, 599, None);
        check(waiting, 600, Some(Outcome::NoShowProvider));
        check(BASE, 900, None);
        check(BASE, 1_014, None);
        check(BASE, 1_015, Some(Outcome::NoShowProvider));
        let alone = CallFacts {
            provider_came: true,
            ..BASE
        };
        check(alone, 700, None);
        check(alone, 1_015, Some(Outcome::NoShowConsumer));
        let never_met = CallFacts {
            consumer_came: true,
            provider_came: true,
            ..BASE
        };
        check(never_met, 700, None);
        check(never_met, 1_015, Some(Outcome::NeverMet));
        let hello_before_the_start = CallFacts {
            billable: 3 * SECOND_US,
            ..never_met
        };
        check(hello_before_the_start, 1_015, Some(Outcome::NeverMet));
        let talked = CallFacts {
            took_place: true,
            billable: 25 * SECOND_US,
            ..never_met
        };
        check(talked, 700, None);
        check(CallFacts { ended: true, ..talked }, 30, Some(Outcome::TookPlace));
        // Trial B3: never before the start.
        check(CallFacts { ended: true, ..talked }, 19, None);
        check(
            CallFacts {
                ended: true,
                open_segments: true,
                ..talked
            },
            30,
            None,
        );
        check(
            CallFacts {
                open_segments: true,
                ..talked
            },
            2_000,
            None,
        );
        check(talked, 1_015, Some(Outcome::TookPlace));
    }
}
