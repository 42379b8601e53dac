//! The operator's page of commission.

use super::parts::{DAY, ID, NOW, operator};
use crate::pages::commission::{CommissionRow, CommissionWords, OperatorCommissionPage};
use crate::pages::{Field, FieldError, render};
use crate::text::Locale;

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let row = |scope: &str, org_name: &str, terms: Option<(i64, i64)>, from| CommissionRow {
        scope: scope.into(),
        org_name: org_name.into(),
        terms: terms.map(|(percent_bp, fixed_minor)| CommissionWords {
            percent_bp,
            fixed_minor,
            currency: "NOK".into(),
        }),
        from,
        is_ahead: from > NOW,
        can_end: from <= NOW && !scope.is_empty() && terms.is_some(),
    };
    let full = OperatorCommissionPage {
        shell: operator(locale, "/operator/commission"),
        rules: vec![
            row("", "", Some((1_250, 500)), NOW + 7 * DAY),
            row("category:vet", "", Some((750, 0)), NOW - DAY),
            row("org:1", "Dyreklinikken Nordli", None, NOW - DAY),
            row("org:1", "Dyreklinikken Nordli", Some((0, 1_000)), NOW - 9 * DAY),
            row("", "", Some((1_000, 0)), NOW - 90 * DAY),
        ],
        orgs: vec![(ID.into(), "Dyreklinikken Nordli".into())],
        is_vat_registered: true,
        scope: Field::new("category:vet"),
        percent: Field::wrong("110", FieldError::PercentMalformed),
        fixed: Field::wrong("x", FieldError::AmountUnreadable),
        from: Field::wrong("2020-01-01", FieldError::DateOutOfReach),
    };
    let first = OperatorCommissionPage {
        rules: Vec::new(),
        is_vat_registered: false,
        scope: Field::default(),
        percent: Field::default(),
        fixed: Field::default(),
        from: Field::default(),
        ..full.clone()
    };
    vec![
        ("operator-commission", render(&full)),
        ("operator-commission-first", render(&first)),
    ]
}
