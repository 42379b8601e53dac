//! Every address of the product: patterns for routers, and functions that fill them for links.

use std::fmt::Write as _;

use jiff::civil::Date;

/// Router patterns, in the syntax of axum 0.8.
pub mod pattern {
    pub const HOME: &str = "/";
    pub const SEARCH: &str = "/search";
    pub const PROVIDER_PAGE: &str = "/providers/{slug}";
    pub const HOLDS: &str = "/holds";
    pub const BOOK: &str = "/book/{hold}";
    pub const BOOK_PAYMENT: &str = "/book/{hold}/payment";
    pub const BOOK_CONFIRM: &str = "/book/{hold}/confirm";
    pub const BOOK_DRAFT: &str = "/book/{hold}/draft";
    pub const BOOK_EXTEND: &str = "/book/{hold}/extend";
    pub const BOOK_RELEASE: &str = "/book/{hold}/release";
    pub const REGISTER: &str = "/register";
    pub const LOGIN: &str = "/login";
    pub const LOGIN_LINK: &str = "/login/link/{token}";
    pub const LOGOUT: &str = "/logout";
    pub const VERIFY_RESEND: &str = "/verify";
    pub const VERIFY: &str = "/verify/{token}";
    pub const INVITATION: &str = "/invitation/{token}";
    pub const RESET: &str = "/reset";
    pub const RESET_TOKEN: &str = "/reset/{token}";
    pub const ACCOUNT: &str = "/account";
    pub const ACCOUNT_EMAIL: &str = "/account/email";
    pub const ACCOUNT_EMAIL_CHANGE: &str = "/account/email/{token}";
    pub const ACCOUNT_PASSWORD: &str = "/account/password";
    pub const ACCOUNT_DATA: &str = "/account/data";
    pub const ACCOUNT_EXPORT: &str = "/account/export";
    pub const ACCOUNT_DELETE: &str = "/account/delete";
    pub const ACCOUNT_INVITATIONS: &str = "/account/invitations";
    pub const ACCOUNT_SESSIONS: &str = "/account/sessions";
    pub const BOOKINGS: &str = "/bookings";
    pub const BOOKING: &str = "/bookings/{id}";
    pub const BOOKING_CANCEL: &str = "/bookings/{id}/cancel";
    pub const BOOKING_TAKE_OVER: &str = "/bookings/{id}/take-over";
    pub const BOOKING_CALENDAR: &str = "/bookings/{id}/calendar.ics";
    pub const BOOKING_RECEIPT: &str = "/bookings/{id}/receipt.pdf";
    pub const CALL: &str = "/call/{id}";
    pub const CALL_TICKET: &str = "/call/{id}/ticket";
    pub const CALL_OTHER: &str = "/call/{id}/other";
    pub const CALL_SOCKET: &str = "/call/socket";
    pub const DEVICE_CHECK: &str = "/device-check";
    pub const PROVIDER: &str = "/provider";
    pub const PROVIDER_SIGNUP: &str = "/provider/signup";
    pub const PROVIDER_APPOINTMENTS: &str = "/provider/appointments";
    pub const PROVIDER_SERVICES: &str = "/provider/services";
    /// `{id}` is a service, or `new`.
    pub const PROVIDER_SERVICE: &str = "/provider/services/{id}";
    pub const PROVIDER_HOURS: &str = "/provider/hours";
    pub const PROVIDER_MEMBERS: &str = "/provider/members";
    pub const PROVIDER_PROFILE: &str = "/provider/profile";
    pub const OPERATOR: &str = "/operator";
    pub const OPERATOR_CALL: &str = "/operator/calls/{id}";
    pub const OPERATOR_CALL_CAPTURE: &str = "/operator/calls/{id}/capture";
    pub const OPERATOR_APPOINTMENTS: &str = "/operator/appointments";
    pub const OPERATOR_APPOINTMENT: &str = "/operator/appointments/{id}";
    pub const OPERATOR_OUTBOX: &str = "/operator/outbox";
    pub const OPERATOR_OUTBOX_MAIL: &str = "/operator/outbox/{id}";
    pub const OPERATOR_PEOPLE: &str = "/operator/people";
    pub const OPERATOR_SETUP: &str = "/operator/setup/{token}";
    pub const NOTICE: &str = "/notice";
    pub const TERMS: &str = "/terms";
    pub const ABOUT: &str = "/about";
    pub const ROBOTS: &str = "/robots.txt";
    pub const SITEMAP: &str = "/sitemap.xml";
    pub const LANGUAGE: &str = "/language";
    pub const STATIC: &str = "/static/{file}";
}

/// What a search asks for; empty texts and `None` stay out of the address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchQuery<'a> {
    pub what: &'a str,
    pub place: &'a str,
    /// Slug of a category.
    pub category: &'a str,
    /// Slug of a time: `today`, `tomorrow` or `week`.
    pub when: &'a str,
    pub radius_km: Option<u32>,
    /// From 1.
    pub page: Option<u32>,
}

#[must_use]
pub fn search(query: &SearchQuery<'_>) -> String {
    let radius = query.radius_km.map(|km| km.to_string()).unwrap_or_default();
    let page = query
        .page
        .filter(|page| *page > 1)
        .map(|page| page.to_string())
        .unwrap_or_default();
    with_query(
        pattern::SEARCH,
        &[
            ("what", query.what),
            ("where", query.place),
            ("category", query.category),
            ("when", query.when),
            ("radius", &radius),
            ("page", &page),
        ],
    )
}

/// A provider's public page.
#[must_use]
pub fn provider_page(slug: &str) -> String {
    fill(pattern::PROVIDER_PAGE, slug)
}

/// A provider's public page with a service and a day chosen.
#[must_use]
pub fn provider_day(slug: &str, service: &str, day: Date) -> String {
    with_query(&provider_page(slug), &[("service", service), ("day", &day.to_string())])
}

/// A provider's public page with a service chosen.
#[must_use]
pub fn provider_service_page(slug: &str, service: &str) -> String {
    with_query(&provider_page(slug), &[("service", service)])
}

/// A list of the operator's with its filters.
#[must_use]
pub fn operator_list(path: &str, status: &str, q: &str, page: u32) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    with_query(path, &[("status", status), ("q", q), ("page", &page)])
}

/// A provider's appointments in the week, or else the month, that a day lies in.
#[must_use]
pub fn provider_appointments(by_month: bool, day: Date, page: u32) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    let by = if by_month { "month" } else { "" };
    with_query(
        pattern::PROVIDER_APPOINTMENTS,
        &[("by", by), ("day", &day.to_string()), ("page", &page)],
    )
}

/// An address that leads back to `return_to` after signing in.
#[must_use]
pub fn login_then(return_to: &str) -> String {
    with_query(pattern::LOGIN, &[("return_to", return_to)])
}

/// The form for a new account, which leads to `return_to` afterwards.
#[must_use]
pub fn register_then(return_to: &str) -> String {
    with_query(pattern::REGISTER, &[("return_to", return_to)])
}

/// The page that confirms a fresh booking.
#[must_use]
pub fn booking_new(id: &str) -> String {
    with_query(&booking(id), &[("new", "1")])
}

macro_rules! filled {
    ($($name:ident = $pattern:ident;)*) => {$(
        #[doc = concat!("[`pattern::", stringify!($pattern), "`] with its one part filled in.")]
        #[must_use]
        pub fn $name(part: &str) -> String {
            fill(pattern::$pattern, part)
        }
    )*};
}

filled! {
    book = BOOK;
    book_payment = BOOK_PAYMENT;
    book_confirm = BOOK_CONFIRM;
    book_draft = BOOK_DRAFT;
    book_extend = BOOK_EXTEND;
    book_release = BOOK_RELEASE;
    login_link = LOGIN_LINK;
    verify = VERIFY;
    email_change = ACCOUNT_EMAIL_CHANGE;
    invitation = INVITATION;
    reset_token = RESET_TOKEN;
    booking = BOOKING;
    booking_cancel = BOOKING_CANCEL;
    booking_take_over = BOOKING_TAKE_OVER;
    booking_calendar = BOOKING_CALENDAR;
    booking_receipt = BOOKING_RECEIPT;
    call = CALL;
    call_ticket = CALL_TICKET;
    call_other = CALL_OTHER;
    provider_service = PROVIDER_SERVICE;
    operator_call = OPERATOR_CALL;
    operator_call_capture = OPERATOR_CALL_CAPTURE;
    operator_appointment = OPERATOR_APPOINTMENT;
    operator_outbox_mail = OPERATOR_OUTBOX_MAIL;
    operator_setup = OPERATOR_SETUP;
    static_file = STATIC;
}

/// Puts `part`, percent-encoded, in the place of the pattern's one `{…}`.
fn fill(pattern: &str, part: &str) -> String {
    let (before, rest) = pattern.split_once('{').expect("the pattern has a part to fill");
    let (_, after) = rest.split_once('}').expect("the pattern's brace is closed");
    format!("{before}{}{after}", encode(part))
}

/// `path` with the pairs that have a value as its query, or added to the query it has.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut url = path.to_owned();
    let mut separator = if path.contains('?') { '&' } else { '?' };
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        url.push(separator);
        separator = '&';
        url.push_str(name);
        url.push('=');
        url.push_str(&encode(value));
    }
    url
}

/// Percent-encodes everything but the unreserved characters (RFC 3986 section 2.3).
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String does not fail");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_filled_and_encoded() {
        assert_eq!(booking_receipt("0190"), "/bookings/0190/receipt.pdf");
        assert_eq!(login_link("a/b?c"), "/login/link/a%2Fb%3Fc");
        assert_eq!(search(&SearchQuery::default()), "/search");
        let query = SearchQuery {
            what: "syk hund",
            place: "Tromsø",
            radius_km: Some(10),
            ..SearchQuery::default()
        };
        assert_eq!(search(&query), "/search?what=syk%20hund&where=Troms%C3%B8&radius=10");
        assert_eq!(
            provider_day("nordli", "0190", Date::constant(2026, 11, 24)),
            "/providers/nordli?service=0190&day=2026-11-24"
        );
    }
}
