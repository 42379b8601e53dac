//! Every page with believable content, for the tests that render them all.

mod account;
mod agenda;
mod appointments;
mod books;
mod colleagues;
mod commission;
mod consumer;
mod disputes;
mod documents;
mod extension;
mod frame;
mod invoices;
mod parts;
mod payouts;
mod promo;
mod reasons;
mod refunds;
mod retention;
mod seller;
mod staff;
mod stripe;

use crate::text::Locale;

/// Name and HTML of every page in every state worth looking at.
pub(crate) fn all(locale: Locale) -> Vec<(&'static str, String)> {
    let mut pages = consumer::visiting(locale);
    pages.extend(consumer::providers(locale));
    pages.extend(consumer::booking(locale));
    pages.extend(appointments::pages(locale));
    pages.extend(appointments::cancelling(locale));
    pages.extend(appointments::lists(locale));
    pages.extend(consumer::entering(locale));
    pages.extend(consumer::links(locale));
    pages.extend(account::account(locale));
    pages.extend(account::credentials(locale));
    pages.extend(documents::documents(locale));
    pages.extend(account::invitations(locale));
    pages.extend(staff::provider(locale));
    pages.extend(colleagues::colleagues(locale));
    pages.extend(agenda::agenda(locale));
    pages.extend(staff::first_hours(locale));
    pages.extend(staff::operator(locale));
    pages.extend(stripe::pages(locale));
    pages.extend(reasons::mails(locale));
    pages.extend(reasons::looks(locale));
    pages.extend(refunds::pages(locale));
    pages.extend(invoices::pages(locale));
    pages.extend(disputes::pages(locale));
    pages.extend(retention::pages(locale));
    pages.extend(seller::pages(locale));
    pages.extend(commission::pages(locale));
    pages.extend(payouts::pages(locale));
    pages.extend(promo::pages(locale));
    pages.extend(extension::pages(locale));
    pages.extend(books::provider(locale));
    pages.extend(books::all_sellers(locale));
    pages.extend(frame::frame(locale));
    pages
}
