//! What is to be done about the money of an appointment, decided in one place from what is owed and where its payments
//! stand. Pure; [`crate::usecases`] carries it out.

use super::payment::PaymentState;
use super::records::{Payment, Purpose};

/// Charges to a kept card while the person is away, before it is left to the person.
const TRIES_MAX: usize = 3;

/// A payment as it stands.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    pub payment: &'a Payment,
    /// A call about it to its provider is still under way or due.
    pub is_busy: bool,
    /// It was for an extension that there is not: nothing may be taken from it.
    pub is_void: bool,
    /// Nobody answered the bank's question for so long that nobody will.
    pub is_left: bool,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Take so much of what this payment has reserved; the rest is let go of by the same act.
    Capture { payment: String, amount_minor: i64 },
    /// Let go of what is reserved or kept; also of what could not be taken after all tries.
    Release { payment: String },
    /// Charge the card that this payment kept.
    ChargeKept { payment: String, amount_minor: i64 },
    /// Nothing is left to take it from: the consumer owes it, and is told.
    GiveUp { owed_minor: i64 },
}

impl Step {
    /// Whether it takes something of the consumer, or says that it is owed.
    #[must_use]
    pub fn takes_money(&self) -> bool {
        match self {
            Self::Capture { .. } | Self::ChargeKept { .. } | Self::GiveUp { .. } => true,
            Self::Release { .. } => false,
        }
    }
}

/// What is to be done. `owed_minor` is the charge of the appointment, or nothing while there is none; `is_over` says that
/// nothing more can come to be owed. Payments in the order in which they were made.
#[must_use]
pub fn decide_collection(owed_minor: i64, is_over: bool, payments: &[Standing<'_>]) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut rest = owed_minor
        - payments
            .iter()
            .map(|at| at.payment.state.captured_minor() + underway_minor(at.payment.state, at.is_busy))
            .sum::<i64>();
    // Less than a card can be charged is not owed.
    let least = payments
        .first()
        .map_or(1, |at| at.payment.amount.currency.least_charge_minor());
    if rest < least {
        rest = 0;
    }
    let mut waits = false;
    // The newest reservation first: what was paid anew stands in for what came before it. An extension stands beside it, and
    // is taken from when the rest is used up.
    let (added, main): (Vec<&Standing<'_>>, Vec<&Standing<'_>>) = payments.iter().partition(|at| extends(at.payment));
    let mut has_reserved = false;
    for at in main.into_iter().rev().chain(added) {
        let payment = at.payment.id.clone();
        match at.payment.state {
            PaymentState::Authorised { .. } | PaymentState::NeedsConfirmation if at.is_void && !at.is_busy => {
                steps.push(Step::Release { payment });
            }
            PaymentState::Created | PaymentState::Authorising => waits = true,
            PaymentState::Authorised { .. } if at.is_busy => waits = true,
            PaymentState::Authorised { authorised_minor } | PaymentState::CaptureFailed { authorised_minor, .. }
                if !at.is_busy =>
            {
                let fresh = matches!(at.payment.state, PaymentState::Authorised { .. });
                let amount_minor = taken_minor(rest, authorised_minor, least, payments);
                if amount_minor > 0 && fresh {
                    rest -= amount_minor;
                    rest = if rest < least { 0 } else { rest };
                    steps.push(Step::Capture { payment, amount_minor });
                } else if is_over && !fresh || rest <= 0 && (is_over || has_reserved && !extends(at.payment)) {
                    steps.push(Step::Release { payment });
                }
                has_reserved = true;
            }
            PaymentState::NeedsConfirmation if is_over && (rest <= 0 || at.is_left) && !at.is_busy => {
                steps.push(Step::Release { payment });
            }
            PaymentState::NeedsConfirmation
            | PaymentState::Declined { .. }
            | PaymentState::Saved
            | PaymentState::Authorised { .. }
            | PaymentState::Capturing { .. }
            | PaymentState::CaptureFailed { .. }
            | PaymentState::Captured { .. }
            | PaymentState::Releasing { .. }
            | PaymentState::Released { .. }
            | PaymentState::Refunded { .. } => {}
        }
    }
    if is_over && !waits {
        steps.extend(take_from_kept(rest, payments));
    }
    steps
}

/// What is taken from one reservation. Where another is to bring the rest, so much is left to it as a card can be charged.
fn taken_minor(rest: i64, authorised_minor: i64, least: i64, payments: &[Standing<'_>]) -> i64 {
    let most = rest.min(authorised_minor);
    let left = rest - most;
    let is_open =
        |at: &&Standing<'_>| matches!(at.payment.state, PaymentState::Authorised { .. }) && !at.is_busy && !at.is_void;
    let shared = payments.iter().filter(is_open).count() > 1;
    if shared && (1..least).contains(&left) && most >= 2 * least {
        most - (least - left)
    } else {
        most
    }
}

fn extends(payment: &Payment) -> bool {
    payment.purpose == Purpose::Extend
}

/// What a capture under way will bring.
fn underway_minor(state: PaymentState, is_busy: bool) -> i64 {
    match state {
        PaymentState::Capturing { amount_minor, .. } => amount_minor,
        PaymentState::CaptureFailed { amount_minor, .. } if is_busy => amount_minor,
        PaymentState::CaptureFailed { .. }
        | PaymentState::Created
        | PaymentState::Authorising
        | PaymentState::NeedsConfirmation
        | PaymentState::Declined { .. }
        | PaymentState::Saved
        | PaymentState::Authorised { .. }
        | PaymentState::Captured { .. }
        | PaymentState::Releasing { .. }
        | PaymentState::Released { .. }
        | PaymentState::Refunded { .. } => 0,
    }
}

/// What is still owed is charged to the kept card; a kept card that nothing is owed on is let go of.
fn take_from_kept(rest: i64, payments: &[Standing<'_>]) -> Vec<Step> {
    let mut kept = payments
        .iter()
        .filter(|at| at.payment.state == PaymentState::Saved && !at.is_busy)
        .map(|at| at.payment.id.clone());
    if rest <= 0 {
        return kept.map(|payment| Step::Release { payment }).collect();
    }
    let tries = payments.iter().filter(|at| at.payment.purpose == Purpose::Fee).count();
    match kept.next_back() {
        Some(payment) if tries < TRIES_MAX => vec![Step::ChargeKept {
            payment,
            amount_minor: rest,
        }],
        Some(payment) => vec![Step::Release { payment }, Step::GiveUp { owed_minor: rest }],
        None => vec![Step::GiveUp { owed_minor: rest }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::money::{Currency, Money};
    use crate::billing::payment::DeclineReason;
    use crate::billing::provider::PaymentMethod;
    use proptest::prelude::*;

    fn payment(id: &str, purpose: Purpose, state: PaymentState) -> Payment {
        Payment {
            id: id.to_owned(),
            hold_id: "h".into(),
            attempt: 0,
            purpose,
            kept_from: None,
            seller_account: None,
            psp: "test".into(),
            appointment_id: Some("a".into()),
            org_id: "o".into(),
            method: PaymentMethod::default(),
            amount: Money::new(45_000, Currency::NOK),
            state,
            reference: None,
            updated_at: 0,
        }
    }

    fn decide(owed: i64, is_over: bool, payments: &[Payment]) -> Vec<Step> {
        let standings: Vec<Standing<'_>> = payments
            .iter()
            .map(|payment| Standing {
                payment,
                is_busy: false,
                is_void: false,
                is_left: false,
            })
            .collect();
        decide_collection(owed, is_over, &standings)
    }

    fn capture(payment: &str, amount_minor: i64) -> Step {
        Step::Capture {
            payment: payment.into(),
            amount_minor,
        }
    }

    fn release(payment: &str) -> Step {
        Step::Release {
            payment: payment.into(),
        }
    }

    const RESERVED: PaymentState = PaymentState::Authorised {
        authorised_minor: 45_000,
    };
    const DECLINED: PaymentState = PaymentState::Declined {
        reason: DeclineReason::Declined,
    };

    #[test]
    fn what_is_owed_is_taken_and_the_rest_let_go_of() {
        let one = [payment("1", Purpose::Book, RESERVED)];
        assert_eq!(decide(0, false, &one), []);
        assert_eq!(decide(1_500, true, &one), [capture("1", 1_500)]);
        assert_eq!(
            decide(50_000, true, &one),
            [capture("1", 45_000), Step::GiveUp { owed_minor: 5_000 }]
        );
        assert_eq!(decide(0, true, &one), [release("1")]);
    }

    #[test]
    fn a_kept_card_is_charged_for_a_fee_and_then_let_go_of() {
        let kept = payment("1", Purpose::Save, PaymentState::Saved);
        assert_eq!(decide(0, false, std::slice::from_ref(&kept)), []);
        let charge = Step::ChargeKept {
            payment: "1".into(),
            amount_minor: 9_000,
        };
        assert_eq!(decide(9_000, true, std::slice::from_ref(&kept)), [charge]);
        let asked = [kept.clone(), payment("2", Purpose::Fee, PaymentState::Authorising)];
        assert_eq!(decide(9_000, true, &asked), [], "one at a time");
        let taken = PaymentState::Captured {
            authorised_minor: 9_000,
            captured_minor: 9_000,
        };
        assert_eq!(
            decide(9_000, true, &[kept.clone(), payment("2", Purpose::Fee, taken)]),
            [release("1")]
        );
        let refused = [
            kept,
            payment("2", Purpose::Fee, DECLINED),
            payment("3", Purpose::Fee, DECLINED),
            payment("4", Purpose::Fee, DECLINED),
        ];
        assert_eq!(
            decide(9_000, true, &refused),
            [release("1"), Step::GiveUp { owed_minor: 9_000 }]
        );
    }

    #[test]
    fn nothing_is_given_up_while_the_card_is_being_asked() {
        let asked = [
            payment("1", Purpose::Save, PaymentState::Saved),
            payment("2", Purpose::Due, PaymentState::Authorising),
        ];
        assert_eq!(decide(9_000, true, &asked), []);
    }

    #[test]
    fn a_question_that_nobody_answers_is_let_go_of() {
        let asked = payment("1", Purpose::Mend, PaymentState::NeedsConfirmation);
        let decide = |is_left| {
            let at = Standing {
                payment: &asked,
                is_busy: false,
                is_void: false,
                is_left,
            };
            decide_collection(9_000, true, &[at])
        };
        assert_eq!(decide(false), [Step::GiveUp { owed_minor: 9_000 }]);
        assert_eq!(decide(true), [release("1"), Step::GiveUp { owed_minor: 9_000 }]);
    }

    #[test]
    fn what_is_paid_anew_stands_in_for_what_was_reserved_before() {
        let two = [
            payment("1", Purpose::Due, RESERVED),
            payment("2", Purpose::Mend, RESERVED),
        ];
        assert_eq!(decide(0, false, &two), [release("1")]);
        assert_eq!(decide(1_500, true, &two), [capture("2", 1_500), release("1")]);
    }

    #[test]
    fn what_could_not_be_captured_is_owed() {
        let failed = PaymentState::CaptureFailed {
            authorised_minor: 45_000,
            amount_minor: 1_500,
        };
        let one = [payment("1", Purpose::Book, failed)];
        assert_eq!(
            decide(1_500, true, &one),
            [release("1"), Step::GiveUp { owed_minor: 1_500 }]
        );
        let paid = PaymentState::Captured {
            authorised_minor: 1_500,
            captured_minor: 1_500,
        };
        let mended = [one[0].clone(), payment("2", Purpose::Mend, paid)];
        assert_eq!(decide(1_500, true, &mended), [release("1")]);
    }

    #[test]
    fn what_no_card_can_be_charged_is_not_owed() {
        let one = [payment("1", Purpose::Book, RESERVED)];
        assert_eq!(decide(299, true, &one), [release("1")]);
        assert_eq!(decide(300, true, &one), [capture("1", 300)]);
        let taken = PaymentState::Captured {
            authorised_minor: 45_000,
            captured_minor: 44_900,
        };
        assert_eq!(decide(45_000, true, &[payment("1", Purpose::Book, taken)]), []);
    }

    #[test]
    fn no_reservation_is_left_to_bring_less_than_a_card_can_be_charged() {
        let reserved = |id, authorised_minor| payment(id, Purpose::Mend, PaymentState::Authorised { authorised_minor });
        let two = [reserved("1", 45_000), reserved("2", 15_000)];
        assert_eq!(decide(15_001, true, &two), [capture("2", 14_701), capture("1", 300)]);
        assert_eq!(decide(15_300, true, &two), [capture("2", 15_000), capture("1", 300)]);
        assert_eq!(
            decide(15_001, true, &two[1..]),
            [capture("2", 15_000)],
            "nobody brings the rest"
        );
    }

    fn an_extension_stands_beside_what_is_reserved_and_is_taken_last() {
        let two = [
            payment("1", Purpose::Book, RESERVED),
            payment(
                "2",
                Purpose::Extend,
                PaymentState::Authorised {
                    authorised_minor: 15_000,
                },
            ),
        ];
        assert_eq!(decide(0, false, &two), [], "both are kept while the call goes on");
        assert_eq!(decide(48_000, true, &two), [capture("1", 45_000), capture("2", 3_000)]);
        assert_eq!(decide(45_000, true, &two), [capture("1", 45_000), release("2")]);
        assert_eq!(decide(0, true, &two), [release("1"), release("2")]);
        let lost = payment(
            "2",
            Purpose::Extend,
            PaymentState::Released {
                authorised_minor: 15_000,
            },
        );
        let rest = Step::GiveUp { owed_minor: 3_000 };
        assert_eq!(
            decide(48_000, true, &[two[0].clone(), lost]),
            [capture("1", 45_000), rest]
        );
    }

    #[test]
    fn nothing_is_given_up_while_a_call_about_a_reservation_is_under_way() {
        let payment = payment("1", Purpose::Extend, RESERVED);
        let at = Standing {
            payment: &payment,
            is_busy: true,
            is_void: false,
            is_left: false,
        };
        assert_eq!(decide_collection(3_000, true, &[at]), []);
    }

    #[test]
    fn what_extends_nothing_is_let_go_of_at_once() {
        let late = payment(
            "1",
            Purpose::Extend,
            PaymentState::Authorised {
                authorised_minor: 15_000,
            },
        );
        let asked = payment("2", Purpose::Extend, PaymentState::NeedsConfirmation);
        let decide = |payment: &Payment, owed| {
            let at = Standing {
                payment,
                is_busy: false,
                is_void: true,
                is_left: false,
            };
            decide_collection(owed, false, &[at])
        };
        assert_eq!(decide(&late, 0), [release("1")]);
        assert_eq!(decide(&late, 48_000), [release("1")], "and never taken from");
        assert_eq!(decide(&asked, 0), [release("2")]);
    }

    fn any_state() -> impl Strategy<Value = PaymentState> {
        prop_oneof![
            Just(PaymentState::Authorising),
            Just(PaymentState::NeedsConfirmation),
            Just(DECLINED),
            Just(PaymentState::Saved),
            (1i64..1_000).prop_map(|authorised_minor| PaymentState::Authorised { authorised_minor }),
            (1i64..1_000).prop_map(|minor| PaymentState::Captured {
                authorised_minor: minor,
                captured_minor: minor
            }),
            (1i64..1_000).prop_map(|minor| PaymentState::CaptureFailed {
                authorised_minor: minor,
                amount_minor: minor
            }),
            Just(PaymentState::Released { authorised_minor: 1 }),
        ]
    }

    proptest! {
        /// Never more than is owed, never more than is reserved, and no payment is both taken and let go of.
        #[test]
        fn no_more_is_taken_than_is_owed(owed in 0i64..2_000, over in any::<bool>(),
            states in proptest::collection::vec((any_state(), any::<bool>()), 0..6)) {
            let purpose = |extends| if extends { Purpose::Extend } else { Purpose::Book };
            let payments: Vec<Payment> = states.iter().enumerate()
                .map(|(at, (state, extends))| payment(&at.to_string(), purpose(*extends), *state)).collect();
            let steps = decide(owed, over, &payments);
            let taken: i64 = payments.iter().map(|payment| payment.state.captured_minor()).sum();
            let mut takes = 0;
            let mut touched = Vec::new();
            for step in &steps {
                match step {
                    Step::Capture { payment, amount_minor } => {
                        let at: usize = payment.parse().expect("a number");
                        prop_assert!(payments[at].state.reserved_minor().is_some_and(|most| *amount_minor <= most));
                        takes += amount_minor;
                        touched.push(payment);
                    }
                    Step::ChargeKept { amount_minor, .. } => takes += amount_minor,
                    Step::Release { payment } => touched.push(payment),
                    Step::GiveUp { .. } => {}
                }
            }
            prop_assert!(takes == 0 || taken + takes <= owed);
            let before = touched.len();
            touched.sort();
            touched.dedup();
            prop_assert_eq!(touched.len(), before);
        }
    }
}
