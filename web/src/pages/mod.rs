//! One struct a page, plain data only; the template of the same name turns it into HTML.
//!
//! Times are UTC microseconds and are shown in [`Shell::zone`]; amounts are minor units. Form fields keep what was typed.

pub mod account;
pub mod appointment;
pub mod auth;
pub mod book;
pub mod books;
pub mod call;
pub mod commission;
pub mod dispute;
pub mod documents;
pub mod errors;
pub mod extension;
pub mod field;
pub mod home;
pub mod invoice;
pub mod legal;
pub mod operator;
pub mod operator_mails;
pub mod operator_retention;
pub mod pay;
pub mod payouts;
pub mod price;
pub mod promo;
pub mod provider;
pub mod provider_admin;
pub mod provider_payments;
mod record_word;
pub mod refund;
pub mod search;
pub mod seller;
mod shell;

pub use errors::{ErrorKind, ErrorPage, HoldEnd, HoldExpiredPage, HoldsFull, HoldsFullPage, SlotTakenPage};
pub use field::{Check, Field, FieldError, FieldKind, ListedField};
pub use price::{ByInvoice, PriceBox, PriceModel, PriceState, PriceTerms, Refunded};
pub use record_word::RecordWord;
pub use shell::{Shell, SignedIn};

pub use crate::notice::Notice;

/// The HTML of a page.
#[must_use]
pub fn render<P: askama::Template>(page: &P) -> String {
    page.render().expect("writing to a String does not fail")
}
