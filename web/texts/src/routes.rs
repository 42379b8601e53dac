//! Every address of the product: patterns for routers, and functions that fill them for links.

use std::fmt::Write as _;

use jiff::civil::Date;

/// Router patterns, in the syntax of axum 0.8.
pub mod pattern {
    /// Declares the patterns. At one that is marked `form_only` there is nothing to be opened: forms are sent there.
    macro_rules! patterns {
        (@is_form_only form_only) => { true };
        (@is_form_only) => { false };
        ($($(#[$meta:meta])* $name:ident = $path:literal $(, $mark:ident)?;)+) => {
            $($(#[$meta])* pub const $name: &str = $path;)+

            /// Every pattern, and whether it is the address of a form alone.
            pub const ALL: &[(&str, bool)] = &[$(($path, patterns!(@is_form_only $($mark)?))),+];
        };
    }

    patterns! {
        HOME = "/";
        SEARCH = "/search";
        PROVIDER_PAGE = "/providers/{slug}";
        HOLDS = "/holds", form_only;
        BOOK = "/book/{hold}";
        BOOK_PAYMENT = "/book/{hold}/payment";
        BOOK_CONFIRM = "/book/{hold}/confirm";
        BOOK_DRAFT = "/book/{hold}/draft", form_only;
        BOOK_EXTEND = "/book/{hold}/extend", form_only;
        BOOK_RELEASE = "/book/{hold}/release", form_only;
        REGISTER = "/register";
        LOGIN = "/login";
        LOGIN_LINK = "/login/link/{token}";
        LOGOUT = "/logout", form_only;
        VERIFY_RESEND = "/verify", form_only;
        VERIFY = "/verify/{token}";
        INVITATION = "/invitation/{token}";
        RESET = "/reset";
        RESET_TOKEN = "/reset/{token}";
        ACCOUNT = "/account";
        ACCOUNT_EMAIL = "/account/email";
        ACCOUNT_EMAIL_CHANGE = "/account/email/{token}";
        ACCOUNT_PASSWORD = "/account/password";
        ACCOUNT_DOCUMENTS = "/account/documents";
        ACCOUNT_DATA = "/account/data";
        ACCOUNT_EXPORT = "/account/export";
        ACCOUNT_DELETE = "/account/delete";
        ACCOUNT_INVITATIONS = "/account/invitations";
        ACCOUNT_SESSIONS = "/account/sessions";
        BOOKINGS = "/bookings";
        BOOKING = "/bookings/{id}";
        BOOKING_CANCEL = "/bookings/{id}/cancel";
        BOOKING_PAYMENT = "/bookings/{id}/payment";
        BOOKING_WITHDRAW = "/bookings/{id}/withdraw";
        BOOKING_REFUND = "/bookings/{id}/refund";
        /// What the sides of an appointment disagree about.
        BOOKING_DISPUTE = "/bookings/{id}/dispute";
        BOOKING_DISPUTE_FILES = "/bookings/{id}/dispute/files", form_only;
        /// A file that was handed in.
        DISPUTE_FILE = "/disputes/files/{id}";
        BOOKING_TAKE_OVER = "/bookings/{id}/take-over", form_only;
        BOOKING_CALENDAR = "/bookings/{id}/calendar.ics";
        BOOKING_RECEIPT = "/bookings/{id}/receipt.pdf";
        DOCUMENT = "/documents/{id}";
        CALL = "/call/{id}";
        CALL_TICKET = "/call/{id}/ticket", form_only;
        CALL_OTHER = "/call/{id}/other";
        CALL_EXTENSION = "/call/{id}/extension";
        CALL_SOCKET = "/call/socket";
        DEVICE_CHECK = "/device-check";
        PROVIDER = "/provider";
        PROVIDER_SIGNUP = "/provider/signup";
        PROVIDER_APPOINTMENTS = "/provider/appointments";
        PROVIDER_DOCUMENTS = "/provider/documents";
        PROVIDER_SERVICES = "/provider/services";
        /// `{id}` is a service, or `new`.
        PROVIDER_SERVICE = "/provider/services/{id}";
        PROVIDER_HOURS = "/provider/hours";
        PROVIDER_MEMBERS = "/provider/members";
        PROVIDER_PAYMENTS = "/provider/payments";
        PROVIDER_PROFILE = "/provider/profile";
        /// Who sells, as customers are told before they order.
        PROVIDER_SELLER = "/provider/seller";
        /// What the business has on its accounts; files of its books are sent for there.
        PROVIDER_MONEY = "/provider/money";
        PROVIDER_PAYOUTS = "/provider/payouts";
        PROVIDER_PROMO = "/provider/promo";
        PROVIDER_TIME = "/provider/time";
        PROVIDER_TAX = "/provider/tax";
        OPERATOR = "/operator";
        OPERATOR_CALL = "/operator/calls/{id}";
        OPERATOR_CALL_CAPTURE = "/operator/calls/{id}/capture", form_only;
        OPERATOR_APPOINTMENTS = "/operator/appointments";
        OPERATOR_APPOINTMENT = "/operator/appointments/{id}";
        OPERATOR_APPOINTMENT_REFUND = "/operator/appointments/{id}/refund";
        OPERATOR_APPOINTMENT_DISPUTE = "/operator/appointments/{id}/dispute";
        OPERATOR_APPOINTMENT_DISPUTE_FILES = "/operator/appointments/{id}/dispute/files", form_only;
        OPERATOR_REFUNDS = "/operator/refunds";
        OPERATOR_INVOICES = "/operator/invoices";
        OPERATOR_BANK = "/operator/invoices/bank";
        OPERATOR_DISPUTES = "/operator/disputes";
        OPERATOR_OUTBOX = "/operator/outbox";
        OPERATOR_OUTBOX_MAIL = "/operator/outbox/{id}";
        OPERATOR_PEOPLE = "/operator/people";
        OPERATOR_RETENTION = "/operator/retention";
        OPERATOR_MONEY = "/operator/money";
        OPERATOR_SELLERS = "/operator/sellers";
        OPERATOR_COMMISSION = "/operator/commission";
        OPERATOR_PROMO = "/operator/promo";
        OPERATOR_PAYOUTS = "/operator/payouts";
        OPERATOR_SETUP = "/operator/setup/{token}";
        NOTICE = "/notice";
        TERMS = "/terms";
        ABOUT = "/about";
        ROBOTS = "/robots.txt";
        SITEMAP = "/sitemap.xml";
        LANGUAGE = "/language", form_only;
        STATIC = "/static/{file}";
    }

    /// Whether nothing can be opened at a pattern, since forms are sent there and nothing else.
    #[must_use]
    pub fn is_form_only(pattern: &str) -> bool {
        ALL.iter().any(|(path, form_only)| *form_only && *path == pattern)
    }
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

/// A page of books in the month that a day lies in, `?month=2026-11`.
#[must_use]
pub fn books_month(path: &str, day: Date, page: u32) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    with_query(path, &[("month", &month_name(day)), ("page", &page)])
}

/// A page of books in a year, `?year=2026`.
#[must_use]
pub fn books_year(path: &str, year: i16) -> String {
    with_query(path, &[("year", &year.to_string())])
}

/// `2026-11`
#[must_use]
pub fn month_name(day: Date) -> String {
    format!("{:04}-{:02}", day.year(), day.month())
}

/// A provider's documents of the month that a day lies in.
#[must_use]
pub fn provider_documents(day: Date, page: u32) -> String {
    let page = if page > 1 { page.to_string() } else { String::new() };
    with_query(
        pattern::PROVIDER_DOCUMENTS,
        &[("day", &day.to_string()), ("page", &page)],
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
    booking_payment = BOOKING_PAYMENT;
    booking_withdraw = BOOKING_WITHDRAW;
    booking_refund = BOOKING_REFUND;
    booking_dispute = BOOKING_DISPUTE;
    booking_dispute_files = BOOKING_DISPUTE_FILES;
    dispute_file = DISPUTE_FILE;
    booking_take_over = BOOKING_TAKE_OVER;
    booking_calendar = BOOKING_CALENDAR;
    booking_receipt = BOOKING_RECEIPT;
    document = DOCUMENT;
    call = CALL;
    call_ticket = CALL_TICKET;
    call_other = CALL_OTHER;
    call_extension = CALL_EXTENSION;
    provider_service = PROVIDER_SERVICE;
    operator_call = OPERATOR_CALL;
    operator_call_capture = OPERATOR_CALL_CAPTURE;
    operator_appointment = OPERATOR_APPOINTMENT;
    operator_appointment_refund = OPERATOR_APPOINTMENT_REFUND;
    operator_appointment_dispute = OPERATOR_APPOINTMENT_DISPUTE;
    operator_appointment_dispute_files = OPERATOR_APPOINTMENT_DISPUTE_FILES;
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
