//! What the payment provider shows on our pages.

use axum::response::Response;
use booking_core::billing::provider::{MethodFault, PaymentFields, ScriptFields, TestCard};
use booking_core::billing::sellers::Payable;
use web::pages::FieldError;
use web::pages::book::TestCardOutcome;
use web::pages::pay::{PayChoice, PayFields, PayScript, TestChoice};

use crate::policy::OpenFor;

/// The provider of that name, or the one that is offered first.
pub(crate) fn chosen<'a>(payable: &'a [Payable], by: &str) -> Option<&'a Payable> {
    let named = payable.iter().find(|payable| payable.provider.name() == by);
    named.or_else(|| payable.first())
}

/// The fields of the provider named `by`, or of the one that is offered first, with the method that was chosen before.
pub(crate) fn pay_fields(payable: &[Payable], by: &str, method: &str) -> PayFields {
    let Some(Payable {
        provider,
        seller_account,
    }) = chosen(payable, by)
    else {
        return PayFields::default();
    };
    let fields = PayFields {
        provider: provider.name().to_owned(),
        is_test: provider.is_test(),
        choices: payable
            .iter()
            .map(|other| choice(other, other.provider.name() == provider.name()))
            .collect(),
        ..PayFields::default()
    };
    match provider.fields(seller_account.as_deref()) {
        PaymentFields::TestCards(cards) => PayFields {
            test_cards: cards.iter().map(|card| test_choice(*card, method, cards)).collect(),
            ..fields
        },
        PaymentFields::Script(script) => PayFields {
            script: Some(script_of(script, String::new())),
            ..fields
        },
        PaymentFields::Invoice { days } => PayFields {
            invoice_days: Some(days),
            ..fields
        },
    }
}

fn choice(payable: &Payable, chosen: bool) -> PayChoice {
    PayChoice {
        provider: payable.provider.name().to_owned(),
        key: match payable.provider.fields(payable.seller_account.as_deref()) {
            PaymentFields::TestCards(_) => "pay-by-test-card",
            PaymentFields::Script(_) => "pay-by-card",
            PaymentFields::Invoice { .. } => "pay-by-invoice",
        },
        chosen,
    }
}

/// What is wrong with what was chosen, as far as it shows without asking anybody.
pub(crate) fn fault_of(payable: &[Payable], provider: &str, method: &str) -> Option<FieldError> {
    let read = match payable.iter().find(|payable| payable.provider.name() == provider) {
        Some(payable) => payable.provider.read_method(method).map(drop),
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
        hosts: fields.hosts,
    }
}

/// A page on which the provider's script runs, if it does: the content policy opens for its hosts, there and nowhere else.
pub(crate) fn with_script(mut response: Response, script: Option<&PayScript>) -> Response {
    if let Some(script) = script {
        response.extensions_mut().insert(OpenFor(script.hosts.clone()));
    }
    response
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
