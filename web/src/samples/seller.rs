//! Who sells.

use super::parts::provider as member;
use crate::pages::seller::{ProviderSellerPage, SellerView};
use crate::pages::{Field, FieldError, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

/// Who sells, as consumers see it.
pub(super) fn seller() -> SellerView {
    SellerView {
        name: "Dyreklinikken Nordli AS".into(),
        lines: vec![
            "Foretaksregisteret, org.nr. 918621415".into(),
            "Storgata 1".into(),
            "5003 Bergen".into(),
        ],
        phone: "+47 55 00 00 00".into(),
        email: "post@nordli.example".into(),
    }
}

/// The form of a business that sells, and of one that has just begun.
pub(super) fn pages(locale: Locale) -> Pages {
    let whole = ProviderSellerPage {
        shell: member(locale, "/provider/seller"),
        is_whole: true,
        org_number: "918621415".into(),
        legal_form: Field::new("as"),
        legal_name: Field::new("Dyreklinikken Nordli AS"),
        address: Field::new("Storgata 1"),
        postcode: Field::new("5003"),
        town: Field::new("Bergen"),
        country: Field::new("NO"),
        phone: Field::new("+47 55 00 00 00"),
        email: Field::new("post@nordli.example"),
    };
    let wrong = ProviderSellerPage {
        is_whole: false,
        org_number: String::new(),
        legal_form: Field::wrong("as", FieldError::LegalFormNeedsNumber),
        address: Field::wrong("", FieldError::AddressMissing),
        postcode: Field::wrong("503", FieldError::PostcodeMalformed),
        phone: Field::wrong("", FieldError::PhoneMissing),
        ..whole.clone()
    };
    vec![
        ("provider-seller", render(&whole)),
        ("provider-seller-wrong", render(&wrong)),
    ]
}
