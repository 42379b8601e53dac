//! Disputes: one side of an appointment says that something was wrong, the other answers, and they agree or an operator
//! decides. While one is open, money of the appointment does not move: nothing is taken, paid back or paid out.

pub mod evidence;
mod mails;
pub mod queries;

use crate::base::db::{FromRow, Row};
use crate::base::money::Currency;
use crate::base::{DAY_US, Micros};

pub use mails::{DisputeNews, dispute_mail, waiting_mail};

/// Disputes of one appointment, also those that were withdrawn. One more is a conflict.
pub const PER_APPOINTMENT_MAX: usize = 4;
/// What was said in one dispute. One more is a conflict.
pub const ENTRIES_MAX: usize = 200;
/// Characters of what somebody says.
pub const BODY_CHARS: std::ops::RangeInclusive<usize> = 10..=4_000;
/// Characters of the name of whose words an operator brings in.
pub const SOURCE_CHARS: std::ops::RangeInclusive<usize> = 2..=200;

/// Where a dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisputeState {
    /// The other side has not answered.
    Opened,
    Answered,
    /// What is to be paid back waits for a second person.
    Deciding,
    Decided,
    /// Whoever opened it took it back.
    Withdrawn,
}

/// What moves a dispute on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The other side says something.
    Answer,
    /// Whoever opened it adds something, or an operator does; or an offer is made.
    Add,
    /// A decision that costs nothing, or that one person makes alone; the taking of an offer, too.
    Decide,
    /// A decision that a second person must agree to.
    Propose,
    /// The second person agrees.
    Approve,
    /// The second person does not, or whoever proposed takes it back.
    Decline {
        was_answered: bool,
    },
    Withdraw,
}

/// A step that is none from where the dispute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{step:?} is no step from {state:?}")]
pub struct IllegalStep {
    pub state: DisputeState,
    pub step: Step,
}

impl DisputeState {
    pub const ALL: [Self; 5] = [
        Self::Opened,
        Self::Answered,
        Self::Deciding,
        Self::Decided,
        Self::Withdrawn,
    ];

    /// The word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Answered => "answered",
            Self::Deciding => "deciding",
            Self::Decided => "decided",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether money is on hold by it.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Opened | Self::Answered | Self::Deciding => true,
            Self::Decided | Self::Withdrawn => false,
        }
    }

    /// Where a step leads.
    ///
    /// # Errors
    /// [`IllegalStep`]; what is over stays over.
    pub fn handle(self, step: Step) -> Result<Self, IllegalStep> {
        match (self, step) {
            (Self::Opened | Self::Answered, Step::Answer) => Ok(Self::Answered),
            (Self::Opened | Self::Answered | Self::Deciding, Step::Add) => Ok(self),
            (Self::Opened | Self::Answered, Step::Decide) | (Self::Deciding, Step::Approve) => Ok(Self::Decided),
            (Self::Opened | Self::Answered, Step::Propose) => Ok(Self::Deciding),
            (Self::Deciding, Step::Decline { was_answered: true }) => Ok(Self::Answered),
            (Self::Deciding, Step::Decline { was_answered: false }) => Ok(Self::Opened),
            (Self::Opened | Self::Answered, Step::Withdraw) => Ok(Self::Withdrawn),
            (Self::Deciding, Step::Answer | Step::Decide | Step::Propose | Step::Withdraw)
            | (Self::Opened | Self::Answered, Step::Approve | Step::Decline { .. })
            | (
                Self::Decided | Self::Withdrawn,
                Step::Answer
                | Step::Add
                | Step::Decide
                | Step::Propose
                | Step::Approve
                | Step::Decline { .. }
                | Step::Withdraw,
            ) => Err(IllegalStep { state: self, step }),
        }
    }
}

impl std::str::FromStr for DisputeState {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(())
    }
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Consumer,
    /// Whoever takes the appointment, and the owners of the business.
    Provider,
    Operator,
}

impl Side {
    /// The word in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Consumer => "consumer",
            Self::Provider => "provider",
            Self::Operator => "operator",
        }
    }
}

impl std::str::FromStr for Side {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        [Self::Consumer, Self::Provider, Self::Operator]
            .into_iter()
            .find(|side| side.name() == name)
            .ok_or(())
    }
}

macro_rules! entry_kinds {
    ($($(#[$about:meta])* $name:ident = $word:literal;)+) => {
        /// What an entry is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum EntryKind {
            $($(#[$about])* $name,)+
        }

        impl EntryKind {
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// The word in the database.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

entry_kinds! {
    Opened = "opened";
    Answered = "answered";
    /// By whoever opened it, or once more by the other side.
    Added = "added";
    /// The business offers to pay back.
    Offered = "offered";
    /// The consumer takes the offer.
    Accepted = "accepted";
    Withdrawn = "withdrawn";
    /// Words of a third party, which an operator brings in (S33).
    Statement = "statement";
    /// An operator decides, and a second person is to agree.
    Proposed = "proposed";
    Decided = "decided";
    /// The second person did not agree.
    Declined = "declined";
}

impl std::str::FromStr for EntryKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name).ok_or(())
    }
}

/// A dispute about an appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispute {
    pub id: String,
    pub appointment_id: String,
    /// Account id.
    pub opened_by: String,
    /// Who opened it.
    pub side: Side,
    pub state: DisputeState,
    pub currency: Currency,
    /// What the business offers to pay back, minor units.
    pub offer_minor: Option<i64>,
    /// Account id of the owner who offers.
    pub offered_by: Option<String>,
    /// What is paid back by the decision, minor units; `None` before it.
    pub refund_minor: Option<i64>,
    /// The act of asking for the refund, where there is one: see `usecases::ask_of`.
    pub refund_id: Option<String>,
    pub opened_at: Micros,
    pub answered_at: Option<Micros>,
    pub closed_at: Option<Micros>,
}

impl FromRow for Dispute {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let currency: String = row.get("currency")?;
        Ok(Self {
            id: row.get("id")?,
            appointment_id: row.get("appointment_id")?,
            opened_by: row.get("opened_by")?,
            side: row.parse("side")?,
            state: row.parse("state")?,
            currency: Currency::parse(&currency).map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
            offer_minor: row.get("offer_minor")?,
            offered_by: row.get("offered_by")?,
            refund_minor: row.get("refund_minor")?,
            refund_id: row.get("refund_id")?,
            opened_at: row.get("opened_us")?,
            answered_at: row.get("answered_us")?,
            closed_at: row.get("closed_us")?,
        })
    }
}

/// One thing that was said or done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: String,
    pub kind: EntryKind,
    pub side: Side,
    pub account_id: String,
    pub source: String,
    pub body: String,
    pub amount_minor: Option<i64>,
    pub at: Micros,
}

impl FromRow for Entry {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            kind: row.parse("kind")?,
            side: row.parse("side")?,
            account_id: row.get("account_id")?,
            source: row.get("source")?,
            body: row.get("body")?,
            amount_minor: row.get("amount_minor")?,
            at: row.get("at_us")?,
        })
    }
}

/// Until when a dispute about an appointment can be opened that ended, or was to end, at a moment.
#[must_use]
pub fn open_until(end: Micros, days: i64) -> Micros {
    end.saturating_add(days.saturating_mul(DAY_US))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 8] = [
        Step::Answer,
        Step::Add,
        Step::Decide,
        Step::Propose,
        Step::Approve,
        Step::Decline { was_answered: true },
        Step::Decline { was_answered: false },
        Step::Withdraw,
    ];

    #[test]
    fn what_is_over_stays_over_and_what_is_open_can_end() {
        for state in DisputeState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
            let ways = STEPS.iter().filter(|step| state.handle(**step).is_ok()).count();
            assert_eq!(ways == 0, !state.is_open(), "{state:?}");
        }
    }

    #[test]
    fn a_dispute_runs_its_course() {
        use DisputeState::{Answered, Decided, Deciding, Opened, Withdrawn};
        let check = |from: DisputeState, step, expect| assert_eq!(from.handle(step).ok(), expect, "{from:?} {step:?}");
        check(Opened, Step::Answer, Some(Answered));
        check(Answered, Step::Answer, Some(Answered));
        check(Answered, Step::Propose, Some(Deciding));
        check(Opened, Step::Decide, Some(Decided));
        check(Deciding, Step::Approve, Some(Decided));
        check(Deciding, Step::Decline { was_answered: false }, Some(Opened));
        check(Deciding, Step::Decline { was_answered: true }, Some(Answered));
        check(Answered, Step::Withdraw, Some(Withdrawn));
        // While a second person is asked, nobody takes it back or decides otherwise.
        check(Deciding, Step::Withdraw, None);
        check(Deciding, Step::Decide, None);
        check(Opened, Step::Approve, None);
    }

    #[test]
    fn it_can_be_opened_for_so_many_days() {
        assert_eq!(open_until(5, 2), 5 + 2 * DAY_US);
        assert_eq!(open_until(5, i64::MAX), i64::MAX);
    }
}
