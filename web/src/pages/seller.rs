//! Who sells: what a business says of itself, and how consumers are shown it.

use askama::Template;

use super::{Field, Shell};

/// Who sells, as its page and the payment step show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SellerView {
    /// In the register, or a person's own.
    pub name: String,
    /// Organisation number and postal address, a line each.
    pub lines: Vec<String>,
    /// With spaces.
    pub phone: String,
    pub email: String,
}

/// Words of the legal forms, with the keys of their names.
pub const LEGAL_FORMS: [(&str, &str); 6] = [
    ("person", "legal-form-person"),
    ("sole", "legal-form-sole"),
    ("as", "legal-form-as"),
    ("asa", "legal-form-asa"),
    ("nuf", "legal-form-nuf"),
    ("other", "legal-form-other"),
];

/// `/provider/seller`. Form fields: as named here; `legal_form` is a word of [`LEGAL_FORMS`].
#[derive(Debug, Clone, Template)]
#[template(path = "provider_seller.html")]
pub struct ProviderSellerPage {
    pub shell: Shell,
    /// Nothing that has a price can be ordered before it is whole.
    pub is_whole: bool,
    /// Nine digits, changed on the page of the profile; empty where there is none.
    pub org_number: String,
    pub legal_form: Field,
    pub legal_name: Field,
    pub address: Field,
    pub postcode: Field,
    pub town: Field,
    pub country: Field,
    pub phone: Field,
    pub email: Field,
}

impl ProviderSellerPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("legal_form", self.legal_form.error),
            ("legal_name", self.legal_name.error),
            ("address", self.address.error),
            ("postcode", self.postcode.error),
            ("town", self.town.error),
            ("country", self.country.error),
            ("phone", self.phone.error),
            ("email", self.email.error),
        ])
    }
}
