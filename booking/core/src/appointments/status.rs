//! Where a booking stands, from the hold to the end, and the only ways to get from one to the next.

use std::str::FromStr;

use crate::base::UnknownWord;

/// The states of a hold (the first, and how it ends) and of the appointment that it becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// A slot is kept while somebody books it.
    Held,
    /// Booked and paid for as agreed.
    Confirmed,
    /// Both sides have been in the call together since its start.
    InCall,
    /// The call is over.
    Completed,
    /// Given back: a hold that was released, or an appointment that was cancelled.
    Cancelled,
    NoShowConsumer,
    NoShowProvider,
    /// A hold that ran out.
    Expired,
}

/// What may happen to a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// The hold becomes an appointment.
    Confirm,
    /// Both sides are in the call at its start or after it; also again after an interruption.
    CallStarted,
    /// The call is over for good.
    CallEnded,
    /// The consumer or the provider cancels, or a hold is released.
    Cancel,
    /// The consumer withdraws from what was not performed.
    Withdraw,
    /// The consumer did not come.
    ConsumerMissed,
    /// The provider did not come.
    ProviderMissed,
    /// A hold ran out.
    Expire,
}

/// This cannot happen in that state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{transition:?} cannot happen to a booking that is {status:?}")]
pub struct IllegalTransition {
    pub status: Status,
    pub transition: Transition,
}

impl Status {
    pub const ALL: [Self; 8] = [
        Self::Held,
        Self::Confirmed,
        Self::InCall,
        Self::Completed,
        Self::Cancelled,
        Self::NoShowConsumer,
        Self::NoShowProvider,
        Self::Expired,
    ];

    /// The state after a transition.
    ///
    /// # Errors
    /// [`IllegalTransition`] where there is no such way.
    pub fn handle(self, transition: Transition) -> Result<Self, IllegalTransition> {
        let next = match (self, transition) {
            (Self::Held, Transition::Confirm) => Some(Self::Confirmed),
            (Self::Held | Self::Confirmed, Transition::Cancel) => Some(Self::Cancelled),
            (Self::Confirmed | Self::NoShowConsumer, Transition::Withdraw) => Some(Self::Cancelled),
            (Self::Held, Transition::Expire) => Some(Self::Expired),
            (Self::Confirmed | Self::InCall, Transition::CallStarted) => Some(Self::InCall),
            (Self::Confirmed | Self::InCall, Transition::CallEnded) => Some(Self::Completed),
            (Self::Confirmed, Transition::ConsumerMissed) => Some(Self::NoShowConsumer),
            (Self::Confirmed, Transition::ProviderMissed) => Some(Self::NoShowProvider),
            (
                Self::Held
                | Self::Confirmed
                | Self::InCall
                | Self::Completed
                | Self::Cancelled
                | Self::NoShowConsumer
                | Self::NoShowProvider
                | Self::Expired,
                Transition::Confirm
                | Transition::CallStarted
                | Transition::CallEnded
                | Transition::Cancel
                | Transition::Withdraw
                | Transition::ConsumerMissed
                | Transition::ProviderMissed
                | Transition::Expire,
            ) => None,
        };
        next.ok_or(IllegalTransition {
            status: self,
            transition,
        })
    }

    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::InCall => "in_call",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
            Self::NoShowConsumer => "no_show_consumer",
            Self::NoShowProvider => "no_show_provider",
            Self::Expired => "expired",
        }
    }

    /// Whether nothing more can happen.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Held | Self::Confirmed | Self::InCall => false,
            Self::Completed | Self::Cancelled | Self::NoShowConsumer | Self::NoShowProvider | Self::Expired => true,
        }
    }
}

impl FromStr for Status {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(UnknownWord)
    }
}

impl Transition {
    /// The kind of the event that records it.
    #[must_use]
    pub fn event(self) -> &'static str {
        match self {
            Self::Confirm => "booked",
            Self::CallStarted => "call_started",
            Self::CallEnded => "call_ended",
            Self::Cancel | Self::Withdraw => "cancelled",
            Self::ConsumerMissed => "no_show_consumer",
            Self::ProviderMissed => "no_show_provider",
            Self::Expire => "expired",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_stays_over() {
        let transitions = [
            Transition::Confirm,
            Transition::CallStarted,
            Transition::CallEnded,
            Transition::Cancel,
            Transition::ConsumerMissed,
            Transition::ProviderMissed,
            Transition::Expire,
        ];
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
            let ways = transitions
                .iter()
                .filter(|transition| status.handle(**transition).is_ok())
                .count();
            assert_eq!(ways == 0, status.is_over(), "{status:?}");
        }
    }

    #[test]
    fn a_booking_runs_its_course() {
        let course = [
            (Transition::Confirm, Status::Confirmed),
            (Transition::CallStarted, Status::InCall),
            (Transition::CallStarted, Status::InCall),
            (Transition::CallEnded, Status::Completed),
        ];
        let mut status = Status::Held;
        for (transition, expect) in course {
            status = status.handle(transition).expect("the course is legal");
            assert_eq!(status, expect);
        }
        let error = Status::InCall.handle(Transition::Cancel).expect_err("too late");
        assert_eq!(
            error,
            IllegalTransition {
                status: Status::InCall,
                transition: Transition::Cancel
            }
        );
    }
}
