//! Walks through the states of a payment, and laws that hold for every walk.

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
fn a_kept_card_is_let_go_of_and_holds_no_money() {
    let saved = run(&[E::AuthoriseSent, E::Observed(S::Saved)]);
    assert_eq!(saved, Ok(P::Saved));
    assert_eq!(P::Saved.reserved_minor(), None);
    assert!(P::Saved.handle(E::CaptureSent { amount_minor: 1 }).is_err());
    let released = run(&[
        E::AuthoriseSent,
        E::Observed(S::Saved),
        E::ReleaseSent,
        E::Observed(S::Released),
    ]);
    assert_eq!(released, Ok(P::Released { authorised_minor: 0 }));
}

#[test]
fn what_was_paid_back_can_come_back() {
    let captured = P::Captured {
        authorised_minor: 45_000,
        captured_minor: 1_500,
    };
    let refunded = |refunded_minor| P::Refunded {
        captured_minor: 1_500,
        refunded_minor,
    };
    let back = |refunded_minor| E::RefundedInAll { refunded_minor };
    assert_eq!(captured.handle(back(0)), Ok(captured));
    assert_eq!(captured.handle(back(500)), Ok(refunded(500)));
    assert_eq!(refunded(500).handle(back(1_500)), Ok(refunded(1_500)));
    assert_eq!(refunded(1_500).handle(back(500)), Ok(refunded(500)));
    let whole = P::Captured {
        authorised_minor: 1_500,
        captured_minor: 1_500,
    };
    assert_eq!(refunded(500).handle(back(0)), Ok(whole));
    let too_much = IllegalPayment::AboveCaptured {
        captured_minor: 1_500,
        refunded_minor: 1_501,
    };
    assert_eq!(captured.handle(back(1_501)), Err(too_much));
    assert!(P::Saved.handle(back(1)).is_err());
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
        Just(E::Observed(S::Created)),
        Just(E::Observed(S::Saved)),
        Just(E::Observed(S::Released)),
        (0i64..100).prop_map(|refunded_minor| E::RefundedInAll { refunded_minor }),
    ]
}

proptest! {
    #[test]
    fn ranks_never_fall_and_every_state_survives_storing(events in proptest::collection::vec(any_event(), 0..30)) {
        let mut state = P::Created;
        for event in events {
            let Ok(next) = state.handle(event) else { continue };
            let returned = matches!((state, next), (P::Refunded { .. }, P::Captured { .. }));
            prop_assert!(next.rank() >= state.rank() || returned);
            prop_assert!(next.refunded_minor() <= next.captured_minor());
            if let P::Captured { authorised_minor, captured_minor } = next {
                prop_assert!(captured_minor <= authorised_minor);
            }
            prop_assert_eq!(P::load(&next.store()), Ok(next));
            state = next;
        }
    }
}
