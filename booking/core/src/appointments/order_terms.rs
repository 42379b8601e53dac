//! What the mail about a booking says of its terms: who sells (angrerettloven section 8), what cancelling costs, and the right
//! of withdrawal with what the consumer asked for (sections 18 and 22).

use texts::{Locale, format, routes, t};

use super::{Appointment, MailMoney};
use crate::base::Base;

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
    lines.join("\n")
}
