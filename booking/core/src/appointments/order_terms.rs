//! What the mail about a booking says of its terms: who sells (angrerettloven section 8), what cancelling costs, and the right
//! of withdrawal with what the consumer asked for (sections 18 and 22).

use texts::{Locale, format, routes, t};

use super::{Appointment, MailMoney, reference};
use crate::base::Base;
use crate::providers::seller::Seller;

/// The terms of an appointment that was booked just now, each on a line of its own.
pub(super) fn order_terms(state: &Base, locale: Locale, appointment: &Appointment, money: &MailMoney) -> String {
    let (policy, start, zone) = (&appointment.policy, appointment.start_us, &appointment.time_zone);
    let terms = policy
        .cancellation
        .terms(&appointment.price, start, appointment.created_us);
    let mut lines = terms.map_or_else(Vec::new, |terms| terms.sentences(locale, zone));
    if let Some(until) = appointment.withdrawal_until() {
        lines.push(String::new());
        let link = state.link(&routes::booking_withdraw(&appointment.id));
        let until = format::day_time(locale, until, zone);
        let args = [("until", until.into()), ("link", link.into())];
        lines.push(t(locale, "mail-withdrawal-right", &args));
    }
    if let Some(request) = &money.withdrawal {
        let said_in = Locale::from_tag(&request.locale).unwrap_or_default();
        let args = [
            (
                "when",
                format::short_with_year(locale, request.accepted_us, zone).into(),
            ),
            ("words", t(said_in, "withdrawal-consent", &[]).into()),
            ("version", request.version.as_str().into()),
        ];
        lines.push(t(locale, "mail-withdrawal-asked", &args));
    }
    if let Some(seller) = &money.seller {
        lines.push(String::new());
        lines.push(t(locale, "seller-heading", &[]));
        lines.extend(seller.lines(locale));
    }
    if appointment.withdrawal_until().is_some() {
        lines.push(String::new());
        lines.extend(withdrawal_form(locale, appointment, money.seller.as_ref()));
    }
    lines.join("\n")
}

/// The form of the law, which a consumer is given on a durable medium (angrerettloven sections 8 and 18), filled in as far as we
/// know.
fn withdrawal_form(locale: Locale, appointment: &Appointment, seller: Option<&Seller>) -> Vec<String> {
    const BLANK: &str = "________________";
    let zone = &appointment.time_zone;
    let line = |key: &str, name: &str, value: &str| t(locale, key, &[(name, value.into())]);
    let to = seller.map_or_else(|| vec![appointment.org_name.clone()], |seller| seller.lines(locale));
    let notice = [
        ("title", appointment.title.as_str().into()),
        (
            "when",
            format::span_in_mail(locale, appointment.start_us, appointment.end_us, zone).into(),
        ),
        ("reference", reference(&appointment.id).into()),
    ];
    vec![
        t(locale, "mail-withdrawal-form", &[]),
        String::new(),
        line("withdraw-form-to", "name", &to.join(", ")),
        t(locale, "withdraw-form-notice", &notice),
        line(
            "withdraw-form-ordered",
            "when",
            &format::day_time(locale, appointment.created_us, zone),
        ),
        line("withdraw-form-buyer", "name", &appointment.consumer.name),
        line("withdraw-form-address", "address", BLANK),
        line("withdraw-form-date", "day", BLANK),
    ]
}
