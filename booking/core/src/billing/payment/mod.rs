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
    /// Known there, and nothing asked for yet.
    Created,
    NeedsConfirmation,
    Declined(DeclineReason),
    /// The card is kept, to be charged later; nothing is reserved.
    Saved,
    Authorised {
        amount_minor: i64,
    },
    /// Final: what was authorised above `amount_minor` is released by the same act. What was paid back of it is told beside.
    Captured {
        amount_minor: i64,
    },
    /// Nothing is reserved or kept any more, whoever let it go.
    Released,
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
    /// The card is kept, to be charged later; nothing is reserved.
    Saved,
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
    CaptureSent {
        amount_minor: i64,
    },
    CaptureRefused,
    ReleaseSent,
    Observed(ProviderStatus),
    /// What was paid back in all. It may fall again: a bank can send a refund back.
    RefundedInAll {
        refunded_minor: i64,
    },
}

/// A step that the state does not allow; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IllegalPayment {
    #[error("a payment that is {from:?} cannot take {event:?}")]
    Step { from: PaymentState, event: PaymentEvent },
    #[error("{amount_minor} is more than the {authorised_minor} that were authorised")]
    AboveAuthorised { authorised_minor: i64, amount_minor: i64 },
    #[error("{refunded_minor} was paid back of {captured_minor}")]
    AboveCaptured { captured_minor: i64, refunded_minor: i64 },
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
                None if self == Self::Saved => Ok(Self::Releasing { authorised_minor: 0 }),
                None => illegal,
            },
            PaymentEvent::Observed(status) => self.observe(status),
            PaymentEvent::RefundedInAll { refunded_minor } => self.refund(refunded_minor),
        }
    }

    fn observe(self, status: ProviderStatus) -> Result<Self, IllegalPayment> {
        let next = match status {
            ProviderStatus::Created => Self::Authorising,
            ProviderStatus::Saved => Self::Saved,
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
        };
        if next.rank() > self.rank() { Ok(next) } else { Ok(self) }
    }

    fn refund(self, refunded_minor: i64) -> Result<Self, IllegalPayment> {
        let captured_minor = self.captured_minor();
        if self.rank() < 5 || captured_minor == 0 {
            let event = PaymentEvent::RefundedInAll { refunded_minor };
            let none = refunded_minor == 0;
            return if none {
                Ok(self)
            } else {
                Err(IllegalPayment::Step { from: self, event })
            };
        }
        match (self, refunded_minor) {
            (Self::Captured { .. }, 0) => Ok(self),
            (_, 0) => Ok(Self::Captured {
                authorised_minor: captured_minor,
                captured_minor,
            }),
            (_, _) if !(0..=captured_minor).contains(&refunded_minor) => Err(IllegalPayment::AboveCaptured {
                captured_minor,
                refunded_minor,
            }),
            (_, _) => Ok(Self::Refunded {
                captured_minor,
                refunded_minor,
            }),
        }
    }

    /// What was taken, before anything was paid back.
    #[must_use]
    pub fn captured_minor(&self) -> i64 {
        match *self {
            Self::Captured { captured_minor, .. } | Self::Refunded { captured_minor, .. } => captured_minor,
            Self::Created
            | Self::Authorising
            | Self::NeedsConfirmation
            | Self::Declined { .. }
            | Self::Saved
            | Self::Authorised { .. }
            | Self::Capturing { .. }
            | Self::CaptureFailed { .. }
            | Self::Releasing { .. }
            | Self::Released { .. } => 0,
        }
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
            | Self::Saved
            | Self::Authorised { .. }
            | Self::Capturing { .. }
            | Self::CaptureFailed { .. }
            | Self::Captured { .. }
            | Self::Releasing { .. }
            | Self::Released { .. } => 0,
        }
    }

    /// News of a lower or equal rank are old news.
    #[must_use]
    pub fn rank(&self) -> u8 {
        match self {
            Self::Created => 0,
            Self::Authorising => 1,
            Self::NeedsConfirmation => 2,
            Self::Saved | Self::Authorised { .. } => 3,
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
            | Self::Saved
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
            | Self::Saved
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
            Self::Saved => "saved",
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
            Self::Created | Self::Authorising | Self::NeedsConfirmation | Self::Declined { .. } | Self::Saved => {
                (0, 0, 0)
            }
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
            "saved" => Self::Saved,
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
mod tests;
