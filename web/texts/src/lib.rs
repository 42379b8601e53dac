//! What pages and mails both say: texts in two languages, formats of money and time, addresses of pages, and the words for
//! trades and for what is wrong with something typed. No HTML.

mod cancel;
mod category;
mod field_error;
pub mod format;
pub mod legal;
mod mail_kind;
pub mod narrow;
pub mod routes;
pub mod text;

pub use cancel::{CancelMoment, CancelStep, CancelTerms};
pub use category::Category;
pub use field_error::FieldError;
pub use mail_kind::MailKind;
pub use text::{Locale, report_missing, t};
