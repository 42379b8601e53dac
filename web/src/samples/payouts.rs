//! Pages about what is held for businesses and paid out to them.

use super::parts::{DAY, ID, NOW, operator, provider};
use crate::pages::documents::DocumentRow;
use crate::pages::payouts::{HeldRow, OperatorPayoutsPage, PayoutFileRow, PayoutRow, PayoutState, ProviderPayoutsPage};
use crate::pages::render;
use crate::text::Locale;

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let held = |held_minor, lacks_account| HeldRow {
        org_name: "Dyreklinikken Nordli".into(),
        currency: "NOK".into(),
        held_minor,
        lacks_account,
    };
    let file = |state| PayoutFileRow {
        id: ID.into(),
        made_at: NOW - DAY,
        made_by: "Siri Drift".into(),
        payouts: 12,
        amount_minor: 1_842_500,
        currency: "NOK".into(),
        state,
    };
    let full = OperatorPayoutsPage {
        shell: operator(locale, "/operator/payouts"),
        may_pay_out: true,
        held: vec![held(1_842_500, false), held(34_000, true), held(-12_000, false)],
        currencies: vec!["NOK".into()],
        files: PayoutState::ALL.map(file).to_vec(),
    };
    let off = OperatorPayoutsPage {
        may_pay_out: false,
        held: Vec::new(),
        currencies: Vec::new(),
        files: Vec::new(),
        ..full.clone()
    };
    let first = OperatorPayoutsPage {
        files: Vec::new(),
        ..full.clone()
    };
    let payout = |state| PayoutRow {
        made_at: NOW - DAY,
        amount_minor: 1_842_500,
        currency: "NOK".into(),
        account_end: "7947".into(),
        state,
    };
    let own = ProviderPayoutsPage {
        shell: provider(locale, "/provider/payouts"),
        held: vec![held(34_000, true)],
        payouts: [PayoutState::Made, PayoutState::Sent, PayoutState::Cancelled]
            .map(payout)
            .to_vec(),
        documents: vec![DocumentRow {
            id: ID.into(),
            kind: "document-payout-statement",
            number: "2026-000001".into(),
            issued_at: NOW,
            seller: String::new(),
            total_minor: 34_000,
            currency: "NOK".into(),
            appointment: None,
        }],
    };
    let nothing = ProviderPayoutsPage {
        held: Vec::new(),
        payouts: Vec::new(),
        documents: Vec::new(),
        ..own.clone()
    };
    vec![
        ("operator-payouts", render(&full)),
        ("operator-payouts-off", render(&off)),
        ("operator-payouts-first", render(&first)),
        ("provider-payouts", render(&own)),
        ("provider-payouts-none", render(&nothing)),
    ]
}
