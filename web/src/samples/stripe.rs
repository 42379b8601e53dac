//! Pages on which a payment provider's own script takes the card, and accounts of sellers.

use super::consumer::payment;
use super::parts::provider;
use crate::pages::book::{Bank, BookConfirmPage, BookPaymentPage};
use crate::pages::pay::{PayFields, PayScript};
use crate::pages::provider_payments::{ProviderPaymentsPage, SellerStanding};
use crate::pages::{FieldError, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

pub(super) fn pages(locale: Locale) -> Pages {
    let script = |secret: &str| PayScript {
        address: "https://js.stripe.com/v3/".into(),
        key: "pk_live_1".into(),
        seller_account: "acct_1".into(),
        secret: secret.into(),
        hosts: vec!["https://js.stripe.com".into()],
    };
    let fields = |is_test, error| PayFields {
        provider: "stripe".into(),
        is_test,
        script: Some(script("")),
        error,
        ..PayFields::default()
    };
    let pay = payment(locale);
    let confirm = BookConfirmPage {
        shell: pay.shell.clone(),
        hold: pay.hold.clone(),
        bank: Bank::Script(script("pi_1_secret_1")),
    };
    let elsewhere = BookConfirmPage {
        bank: Bank::Link("https://api.vipps.no/pay/1".into()),
        ..confirm.clone()
    };
    let card = BookPaymentPage {
        pay: fields(false, None),
        ..pay.clone()
    };
    let wrong = BookPaymentPage {
        pay: fields(true, Some(FieldError::MethodMissing)),
        ..pay
    };
    let mut pages = vec![
        ("book-payment-card", render(&card)),
        ("book-payment-card-missing", render(&wrong)),
        ("book-confirm-bank", render(&confirm)),
        ("book-confirm-link", render(&elsewhere)),
    ];
    for standing in [
        SellerStanding::None,
        SellerStanding::Begun,
        SellerStanding::Checked,
        SellerStanding::Ready,
        SellerStanding::Closed,
        SellerStanding::Link("https://connect.stripe.com/setup/1".into()),
        SellerStanding::Unavailable,
    ] {
        let page = ProviderPaymentsPage {
            shell: provider(locale, "/provider/payments"),
            standing,
        };
        pages.push(("provider-payments", render(&page)));
    }
    pages
}
