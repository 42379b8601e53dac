//! The Stripe adapter against Stripe itself, with a key for tests: set `BOOKA_STRIPE_TEST_KEY` to one (`sk_test_…`) and run
//! `cargo test -p booking-adapters --test it stripe_real`. No money moves.

use booking_adapters::stripe::{Stripe, is_test_key};
use booking_core::base::money::{Currency, Money};
use booking_core::billing::payment::{DeclineReason, ProviderStatus};
use booking_core::billing::provider::{
    Aim, Authorisation, Order, PaymentProvider as _, ProviderPayment, Question, RefundStatus,
};

use crate::{skip, stripe_at};

const KEY_VARIABLE: &str = "BOOKA_STRIPE_TEST_KEY";
const AMOUNT: Money = Money {
    minor: 45_000,
    currency: Currency::NOK,
};

/// Stripe, where there is a key for tests.
fn stripe() -> Option<Stripe> {
    match std::env::var(KEY_VARIABLE) {
        Ok(key) if is_test_key(&key) => Some(stripe_at("https://api.stripe.com", &key)),
        Ok(_) => panic!("{KEY_VARIABLE} is a key for real money"),
        Err(_) => {
            skip(&format!("{KEY_VARIABLE} names no key of Stripe's for tests"));
            None
        }
    }
}

/// Keys of a run of their own: Stripe remembers them for a day.
fn key(what: &str) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!("booka-test-{what}-{}", now.expect("after 1970").as_nanos())
}

async fn pay(stripe: &Stripe, aim: Aim, method: &str, kept: Option<&str>) -> ProviderPayment {
    let order = Order {
        key: &key("create"),
        payment: "0190f3c1-0000-7000-8000-000000000001",
        aim,
        kept,
        seller_account: None,
    };
    let reference = stripe.create(&order).await.expect("it is made known");
    let found = stripe
        .lookup(&reference)
        .await
        .expect("it is found")
        .expect("it exists");
    assert_eq!(found.status, ProviderStatus::Created);
    let authorisation = Authorisation {
        key: &key("authorise"),
        reference: &reference,
        method,
        kept,
        return_url: "https://booka.example/book/1/confirm",
    };
    stripe.authorise(&authorisation).await.expect("it answers")
}

#[tokio::test]
async fn an_amount_is_reserved_taken_in_part_and_paid_back() {
    let Some(stripe) = stripe() else { return };
    let paid = pay(&stripe, Aim::Reserve(AMOUNT), "pm_card_visa", None).await;
    assert_eq!(paid.status, ProviderStatus::Authorised { amount_minor: 45_000 });
    assert_eq!(paid.method.expect("a card").last4, "4242");
    let taken = Money::new(32_500, Currency::NOK);
    let once = key("capture");
    let captured = stripe.capture(&once, &paid.reference, taken).await.expect("captured");
    assert_eq!(captured.status, ProviderStatus::Captured { amount_minor: 32_500 });
    let again = stripe
        .capture(&key("capture2"), &paid.reference, taken)
        .await
        .expect("the truth");
    assert_eq!(again.status, ProviderStatus::Captured { amount_minor: 32_500 });
    let back = Money::new(2_500, Currency::NOK);
    let refunded = stripe
        .refund(&key("refund"), &paid.reference, "r1", back)
        .await
        .expect("paid back");
    let [refund] = refunded.refunds.as_slice() else {
        panic!("{:?}", refunded.refunds)
    };
    assert_eq!((refund.refund.as_deref(), refund.amount_minor), (Some("r1"), 2_500));
    assert_ne!(refund.status, RefundStatus::Failed);
}

#[tokio::test]
async fn a_declined_card_and_a_bank_that_asks_are_told() {
    let Some(stripe) = stripe() else { return };
    let declined = pay(&stripe, Aim::Reserve(AMOUNT), "pm_card_visa_chargeDeclined", None).await;
    assert_eq!(declined.status, ProviderStatus::Declined(DeclineReason::Declined));
    let asked = pay(&stripe, Aim::Reserve(AMOUNT), "pm_card_threeDSecure2Required", None).await;
    assert_eq!(asked.status, ProviderStatus::NeedsConfirmation);
    let question = stripe.question(&asked.reference).await.expect("it answers");
    assert!(matches!(question, Some(Question::Script { .. })), "{question:?}");
    let released = stripe.release(&key("release"), &asked.reference).await.expect("let go");
    assert_eq!(released.status, ProviderStatus::Released);
}

#[tokio::test]
async fn a_kept_card_is_charged_later_and_let_go_of() {
    let Some(stripe) = stripe() else { return };
    let kept = pay(&stripe, Aim::Keep(Currency::NOK), "pm_card_visa", None).await;
    assert_eq!(kept.status, ProviderStatus::Saved);
    let token = kept.method.expect("a card").token;
    let charged = pay(&stripe, Aim::Reserve(AMOUNT), &token, Some(&kept.reference)).await;
    assert_eq!(charged.status, ProviderStatus::Authorised { amount_minor: 45_000 });
    stripe
        .release(&key("release"), &charged.reference)
        .await
        .expect("let go");
    for _ in 0..2 {
        let gone = stripe.release(&key("forget"), &kept.reference).await.expect("let go");
        assert_eq!(gone.status, ProviderStatus::Released);
    }
    let found = stripe
        .lookup(&kept.reference)
        .await
        .expect("it is found")
        .expect("it exists");
    assert_eq!(found.status, ProviderStatus::Released);
}
