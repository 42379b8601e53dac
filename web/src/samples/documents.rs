//! Lists of documents.

use jiff::civil::Date;

use super::parts::{DAY, ID, TEN, provider, signed_in};
use crate::pages::documents::{AccountDocumentsPage, DocumentRow, DocumentSum, ProviderDocumentsPage};
use crate::pages::render;
use crate::text::Locale;

pub(super) fn documents(locale: Locale) -> Vec<(&'static str, String)> {
    let row = |kind, number: &str, days: i64, total_minor| DocumentRow {
        id: ID.into(),
        kind,
        number: number.into(),
        issued_at: TEN - days * DAY,
        seller: "Dyreklinikken Nordli".into(),
        appointment: Some(ID.into()),
        total_minor,
        currency: "NOK".into(),
    };
    let rows = vec![
        row("document-credit-note", "2026-000002", 1, -15_000),
        row("document-receipt", "2026-000183", 3, 32_500),
        row("document-receipt", "2026-000017", 40, 39_000),
    ];
    let own = AccountDocumentsPage {
        shell: signed_in(locale, "/account/documents"),
        documents: rows.clone(),
        page: 1,
        pages: 2,
    };
    let none = AccountDocumentsPage {
        documents: Vec::new(),
        pages: 1,
        ..own.clone()
    };
    let sum = |kind, count, total_minor, vat_minor| DocumentSum {
        kind,
        count,
        total_minor,
        vat_minor,
        currency: "NOK".into(),
    };
    let business = ProviderDocumentsPage {
        shell: provider(locale, "/provider/documents"),
        first: Date::constant(2026, 11, 1),
        last: Date::constant(2026, 11, 30),
        documents: rows
            .into_iter()
            .map(|row| DocumentRow {
                seller: String::new(),
                ..row
            })
            .collect(),
        sums: vec![
            sum("document-receipt", 53, 1_872_500, 374_500),
            sum("document-credit-note", 1, -15_000, -3_000),
        ],
        page: 1,
        pages: 1,
    };
    vec![
        ("account-documents", render(&own)),
        ("account-documents-none", render(&none)),
        ("provider-documents", render(&business)),
    ]
}
