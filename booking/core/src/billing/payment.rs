//! One payment as a state machine. What the provider reports is folded in by rank, so late or repeated news cannot undo
//! what came after it.

/// Why a card was not accepted; each has its own sentence on the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeclineReason {
    Declined,
    NoFunds,
    ConfirmationFailed,
    /// The request never reached the provider (a crash before it was sent); nothing is reserved.
    NotSent,
}

impl DeclineReason {
    const NAMES: [(Self, &'static str); 4] = [
        (Self::Declined, "declined"),
        (Self::NoFunds, "no_funds"),
        (Self::ConfirmationFailed, "confirmation_failed"),
        (Self::NotSent, "not_sent"),
    ];

    /// The name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(reason, _)| *reason == self)
            .expect("every reason is listed")
            .1
    }

    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| *known == name)
            .map(|(reason, _)| *reason)
    }
}

/// What the provider says is true of a payment now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderStatus {
    NeedsConfirmation,
    Declined(DeclineReason),
    Authorised {
        amount_minor: i64,
    },
    /// Final: what was authorised above `amount_minor` is released by the same act.
    Captured {
        amount_minor: i64,
    },
    Released,
    Refunded {
        captured_minor: i64,
        refunded_minor: i64,
    },
}

/// Where a payment stands. Amounts are minor units of the payment's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentState {
    Created,
    Authorising,
    NeedsConfirmation,
    Declined {
        reason: DeclineReason,
    },
    Authorised {
        authorised_minor: i64,
    },
    Capturing {
        authorised_minor: i64,
        amount_minor: i64,
    },
    /// The provider refused the capture; it is tried again with backoff, and the operator sees it.
    CaptureFailed {
        authorised_minor: i64,
        amount_minor: i64,
    },
    Captured {
        authorised_minor: i64,
        captured_minor: i64,
    },
    Releasing {
        authorised_minor: i64,
    },
    Released {
        authorised_minor: i64,
    },
    Refunded {
        captured_minor: i64,
        refunded_minor: i64,
    },
}

/// What may happen to a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEvent {
    AuthoriseSent,
    CaptureSent { amount_minor: i64 },
    CaptureRefused,
    ReleaseSent,
    Observed(ProviderStatus),
}

/// A step that the state does not allow; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalPayment {
    #[error("a payment that is {from:?} cannot take {event:?}")]
    Step { from: PaymentState, event: PaymentEvent },
    #[error("{amount_minor} is more than the {authorised_minor} that were authorised")]
    AboveAuthorised { authorised_minor: i64, amount_minor: i64 },
    #[error("the stored state {0:?} is not known")]
    UnknownState(String),
}

/// The columns a state is stored in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredState {
    pub state: String,
    pub authorised_minor: i64,
    /// Asked for while capturing, then captured.
    pub captured_minor: i64,
    pub refunded_minor: i64,
    pub decline_reason: Option<String>,
}

impl PaymentState {
    /// Applies one event.
    ///
    /// # Errors
    /// [`IllegalPayment`] when the state does not allow the step.
    pub fn handle(self, event: PaymentEvent) -> Result<Self, IllegalPayment> {
        let illegal = Err(IllegalPayment::Step { from: self, event });
        match event {
            PaymentEvent::AuthoriseSent => match self.rank() {
                0 => Ok(Self::Authorising),
                _ => illegal,
            },
            PaymentEvent::CaptureSent { amount_minor } => match self.reserved_minor() {
                Some(authorised_minor) if amount_minor > authorised_minor => Err(IllegalPayment::AboveAuthorised {
                    authorised_minor,
                    amount_minor,
                }),
                Some(authorised_minor) if amount_minor > 0 => Ok(Self::Capturing {
                    authorised_minor,
                    amount_minor,
                }),
                Some(_) | None => illegal,
            },
            PaymentEvent::CaptureRefused => match self.reserved_minor().zip(self.wanted_minor()) {
                Some((authorised_minor, amount_minor)) => Ok(Self::CaptureFailed {
                    authorised_minor,
                    amount_minor,
                }),
                None => illegal,
            },
            PaymentEvent::ReleaseSent => match self.reserved_minor() {
                Some(authorised_minor) => Ok(Self::Releasing { authorised_minor }),
                None => illegal,
            },
            PaymentEvent::Observed(status) => self.observe(status),
        }
    }

    fn observe(self, status: ProviderStatus) -> Result<Self, IllegalPayment> {
        let next = match status {
            ProviderStatus::NeedsConfirmation => Self::NeedsConfirmation,
            ProviderStatus::Declined(reason) => Self::Declined { reason },
            ProviderStatus::Authorised { amount_minor } => Self::Authorised {
                authorised_minor: amount_minor,
            },
            ProviderStatus::Captured { amount_minor } => {
                let authorised_minor = self.reserved_minor().unwrap_or(amount_minor);
                if amount_minor > authorised_minor {
                    return Err(IllegalPayment::AboveAuthorised {
                        authorised_minor,
                        amount_minor,
                    });
                }
                Self::Captured {
                    authorised_minor,
                    captured_minor: amount_minor,
                }
            }
            ProviderStatus::Released => Self::Released {
                authorised_minor: self.reserved_minor().unwrap_or(0),
            },
            ProviderStatus::Refunded {
                captured_minor,
                refunded_minor,
            } => Self::Refunded {
                captured_minor,
                refunded_minor,
            },
        };
        let is_news = next.rank() > self.rank() || next.refunded_minor() > self.refunded_minor();
        if is_news { Ok(next) } else { Ok(self) }
    }

    /// What was paid back in all.
    #[must_use]
    pub fn refunded_minor(&self) -> i64 {
        match *self {
            Self::Refunded { refunded_minor, .. } => refunded_minor,
            Self::Created
            | Self::Authorising
            | Self::NeedsConfirmation
            | Self::Declined { .. }
            | Self::Authorised { .. }
            | Self::Capturing { .. }
            | Self::CaptureFailed { .. }
            | Self::Captured { .. }
            | Self::Releasing { .. }
            | Self::Released { .. } => 0,
        }
    }

    /// News of a lower or equal rank are old news, but for more that was paid back.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Created => 0,
            Self::Authorising => 1,
            Self::NeedsConfirmation => 2,
            Self::Authorised { .. } => 3,
            Self::Capturing { .. } | Self::CaptureFailed { .. } | Self::Releasing { .. } => 4,
            Self::Declined { .. } | Self::Captured { .. } | Self::Released { .. } => 5,
            Self::Refunded { .. } => 6,
        }
    }

    /// What the provider still holds for us, when it does.
    #[must_use]
    pub fn reserved_minor(&self) -> Option<i64> {
        match *self {
            Self::Authorised { authorised_minor }
            | Self::Capturing { authorised_minor, .. }
            | Self::CaptureFailed { authorised_minor, .. }
            | Self::Releasing { authorised_minor } => Some(authorised_minor),
            Self::Created
            | Self::Authorising
            | Self::NeedsConfirmation
            | Self::Declined { .. }
            | Self::Captured { .. }
            | Self::Released { .. }
            | Self::Refunded { .. } => None,
        }
    }

    fn wanted_minor(&self) -> Option<i64> {
        match *self {
            Self::Capturing { amount_minor, .. } | Self::CaptureFailed { amount_minor, .. } => Some(amount_minor),
            Self::Created
            | Self::Authorising
            | Self::NeedsConfirmation
            | Self::Declined { .. }
            | Self::Authorised { .. }
            | Self::Captured { .. }
            | Self::Releasing { .. }
            | Self::Released { .. }
            | Self::Refunded { .. } => None,
        }
    }

    /// The name in the database.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Authorising => "authorising",
            Self::NeedsConfirmation => "needs_confirmation",
            Self::Declined { .. } => "declined",
            Self::Authorised { .. } => "authorised",
            Self::Capturing { .. } => "capturing",
            Self::CaptureFailed { .. } => "capture_failed",
            Self::Captured { .. } => "captured",
            Self::Releasing { .. } => "releasing",
            Self::Released { .. } => "released",
            Self::Refunded { .. } => "refunded",
        }
    }

    /// The columns to write.
    #[must_use]
    pub fn store(&self) -> StoredState {
        let (authorised_minor, captured_minor, refunded_minor) = match *self {
            Self::Created | Self::Authorising | Self::NeedsConfirmation | Self::Declined { .. } => (0, 0, 0),
            Self::Authorised { authorised_minor }
            | Self::Releasing { authorised_minor }
            | Self::Released { authorised_minor } => (authorised_minor, 0, 0),
            Self::Capturing {
                authorised_minor,
                amount_minor,
            }
            | Self::CaptureFailed {
                authorised_minor,
                amount_minor,
            } => (authorised_minor, amount_minor, 0),
            Self::Captured {
                authorised_minor,
                captured_minor,
            } => (authorised_minor, captured_minor, 0),
            Self::Refunded {
                captured_minor,
                refunded_minor,
            } => (captured_minor, captured_minor, refunded_minor),
        };
        let decline_reason = if let Self::Declined { reason } = self {
            Some(reason.name().to_owned())
        } else {
            None
        };
        StoredState {
            state: self.name().to_owned(),
            authorised_minor,
            captured_minor,
            refunded_minor,
            decline_reason,
        }
    }

    /// Reads the columns back.
    ///
    /// # Errors
    /// [`IllegalPayment::UnknownState`] when they were not written by [`Self::store`].
    pub fn load(stored: &StoredState) -> Result<Self, IllegalPayment> {
        let authorised_minor = stored.authorised_minor;
        let (captured_minor, refunded_minor) = (stored.captured_minor, stored.refunded_minor);
        let unknown = || IllegalPayment::UnknownState(stored.state.clone());
        Ok(match stored.state.as_str() {
            "created" => Self::Created,
            "authorising" => Self::Authorising,
            "needs_confirmation" => Self::NeedsConfirmation,
            "declined" => {
                let reason = stored.decline_reason.as_deref().and_then(DeclineReason::from_name);
                Self::Declined {
                    reason: reason.ok_or_else(unknown)?,
                }
            }
            "authorised" => Self::Authorised { authorised_minor },
            "capturing" => Self::Capturing {
                authorised_minor,
                amount_minor: captured_minor,
            },
            "capture_failed" => Self::CaptureFailed {
                authorised_minor,
                amount_minor: captured_minor,
            },
            "captured" => Self::Captured {
                authorised_minor,
                captured_minor,
            },
            "releasing" => Self::Releasing { authorised_minor },
            "released" => Self::Released { authorised_minor },
            "refunded" => Self::Refunded {
                captured_minor,
                refunded_minor,
            },
            _ => return Err(unknown()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use PaymentEvent as E;
    use PaymentState as P;
    use ProviderStatus as S;
    use proptest::prelude::*;

    fn run(events: &[PaymentEvent]) -> Result<PaymentState, IllegalPayment> {
        events.iter().try_fold(P::Created, |state, &event| state.handle(event))
    }

    const AUTHORISED: E = E::Observed(S::Authorised { amount_minor: 45_000 });

    #[test]
    fn the_usual_walk() {
        let end = run(&[
            E::AuthoriseSent,
            AUTHORISED,
            E::CaptureSent { amount_minor: 32_500 },
            E::Observed(S::Captured { amount_minor: 32_500 }),
        ]);
        assert_eq!(
            end,
            Ok(P::Captured {
                authorised_minor: 45_000,
                captured_minor: 32_500
            })
        );
    }

    #[test]
    fn other_walks() {
        let declined = E::Observed(S::Declined(DeclineReason::NoFunds));
        assert_eq!(
            run(&[E::AuthoriseSent, declined]),
            Ok(P::Declined {
                reason: DeclineReason::NoFunds
            })
        );
        let confirm = E::Observed(S::NeedsConfirmation);
        assert_eq!(
            run(&[
                E::AuthoriseSent,
                confirm,
                AUTHORISED,
                E::ReleaseSent,
                E::Observed(S::Released)
            ]),
            Ok(P::Released {
                authorised_minor: 45_000
            })
        );
        let capture = E::CaptureSent { amount_minor: 1_500 };
        let failed = P::CaptureFailed {
            authorised_minor: 45_000,
            amount_minor: 1_500,
        };
        assert_eq!(
            run(&[E::AuthoriseSent, AUTHORISED, capture, E::CaptureRefused]),
            Ok(failed)
        );
        assert_eq!(
            failed.handle(capture),
            Ok(P::Capturing {
                authorised_minor: 45_000,
                amount_minor: 1_500
            })
        );
    }

    #[test]
    fn late_news_change_nothing() {
        let captured = P::Captured {
            authorised_minor: 45_000,
            captured_minor: 1_500,
        };
        for late in [
            S::NeedsConfirmation,
            S::Authorised { amount_minor: 45_000 },
            S::Captured { amount_minor: 1 },
        ] {
            assert_eq!(captured.handle(E::Observed(late)), Ok(captured));
        }
        let capturing = P::Capturing {
            authorised_minor: 45_000,
            amount_minor: 1_500,
        };
        assert_eq!(capturing.handle(AUTHORISED), Ok(capturing));
    }

    #[test]
    fn illegal_steps_have_names() {
        let authorised = P::Authorised {
            authorised_minor: 45_000,
        };
        assert_eq!(
            authorised.handle(E::CaptureSent { amount_minor: 45_001 }),
            Err(IllegalPayment::AboveAuthorised {
                authorised_minor: 45_000,
                amount_minor: 45_001
            })
        );
        assert_eq!(
            P::Capturing {
                authorised_minor: 10,
                amount_minor: 5
            }
            .handle(E::Observed(S::Captured { amount_minor: 11 })),
            Err(IllegalPayment::AboveAuthorised {
                authorised_minor: 10,
                amount_minor: 11
            })
        );
        for state in [P::Created, P::NeedsConfirmation, P::Released { authorised_minor: 1 }] {
            assert!(state.handle(E::CaptureSent { amount_minor: 1 }).is_err(), "{state:?}");
            assert!(state.handle(E::ReleaseSent).is_err(), "{state:?}");
        }
        assert!(authorised.handle(E::AuthoriseSent).is_err());
    }

    fn any_event() -> impl Strategy<Value = PaymentEvent> {
        prop_oneof![
            Just(E::AuthoriseSent),
            (0i64..100).prop_map(|amount_minor| E::CaptureSent { amount_minor }),
            Just(E::CaptureRefused),
            Just(E::ReleaseSent),
            Just(E::Observed(S::NeedsConfirmation)),
            Just(E::Observed(S::Declined(DeclineReason::Declined))),
            (0i64..100).prop_map(|amount_minor| E::Observed(S::Authorised { amount_minor })),
            (0i64..100).prop_map(|amount_minor| E::Observed(S::Captured { amount_minor })),
            Just(E::Observed(S::Released)),
            (1i64..100).prop_map(|refunded_minor| E::Observed(S::Refunded {
                captured_minor: 99,
                refunded_minor
            })),
        ]
    }

    proptest! {
        #[test]
        fn ranks_never_fall_and_every_state_survives_storing(events in proptest::collection::vec(any_event(), 0..30)) {
            let mut state = P::Created;
            for event in events {
                let Ok(next) = state.handle(event) else { continue };
                prop_assert!(next.rank() >= state.rank() && next.refunded_minor() >= state.refunded_minor());
                if let P::Captured { authorised_minor, captured_minor } = next {
                    prop_assert!(captured_minor <= authorised_minor);
                }
                prop_assert_eq!(P::load(&next.store()), Ok(next));
                state = next;
            }
        }
    }
}
