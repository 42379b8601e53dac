//! What the payment provider shows on our pages.

use booking_core::AppState;
use booking_core::billing::provider::{MethodFault, PaymentFields, ScriptFields, TestCard};
use web::pages::FieldError;
use web::pages::book::TestCardOutcome;
use web::pages::pay::{PayFields, PayScript, TestChoice};

/// The fields of the provider that is offered first, with what was chosen before.
pub(crate) fn pay_fields(state: &AppState, chosen: &str) -> PayFields {
    let Some(provider) = state.payments.first() else {
        return PayFields::default();
    };
    let fields = PayFields {
        provider: provider.name().to_owned(),
        ..PayFields::default()
    };
    match provider.fields(None) {
        PaymentFields::TestCards(cards) => PayFields {
            test_cards: cards.iter().map(|card| test_choice(*card, chosen, cards)).collect(),
            ..fields
        },
        PaymentFields::Script(script) => PayFields {
            script: Some(script_of(script, String::new())),
            ..fields
        },
    }
}

/// What is wrong with what was chosen, as far as it shows without asking anybody.
pub(crate) fn fault_of(state: &AppState, provider: &str, method: &str) -> Option<FieldError> {
    let read = match state.payments.find(provider) {
        Some(provider) => provider.read_method(method).map(drop),
        None => Err(MethodFault::Missing),
    };
    read.err().map(|_| FieldError::MethodMissing)
}

/// What the provider's script needs, and the secret of a payment that the bank asks about.
pub(crate) fn script_of(fields: ScriptFields, secret: String) -> PayScript {
    PayScript {
        address: fields.script,
        key: fields.key,
        seller_account: fields.seller_account.unwrap_or_default(),
        secret,
    }
}

/// The first card is chosen until another is.
fn test_choice(card: TestCard, chosen: &str, cards: &[TestCard]) -> TestChoice {
    let known = TestCard::from_name(chosen).or_else(|| cards.first().copied());
    TestChoice {
        name: card.name(),
        chosen: known == Some(card),
        outcome: match card {
            TestCard::Accepted => TestCardOutcome::Accepted,
            TestCard::Declined => TestCardOutcome::Declined,
            TestCard::NoFunds => TestCardOutcome::NoFunds,
            TestCard::NeedsConfirmation => TestCardOutcome::NeedsConfirmation,
            TestCard::CaptureFailsOnce => TestCardOutcome::CaptureFailsOnce,
            TestCard::CaptureFails => TestCardOutcome::CaptureFails,
            TestCard::DeclinedLater => TestCardOutcome::DeclinedLater,
        },
    }
}
