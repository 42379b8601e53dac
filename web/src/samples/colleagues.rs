//! An appointment as colleagues of whoever takes it see it.

use super::parts::{ID, MINUTE, TEN, document, provider as member};
use crate::pages::appointment::{AppointmentColleaguePage, AppointmentStatus};
use crate::pages::dispute::{DisputeLink, DisputeStatus};
use crate::pages::render;
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

pub(super) fn colleagues(locale: Locale) -> Pages {
    let now = AppointmentColleaguePage {
        shell: member(locale, &format!("/bookings/{ID}")),
        id: ID.into(),
        reference: "K7M-2RD".into(),
        service_title: "Videotime".into(),
        customer: "Ola Hansen".into(),
        member: "Per Ås".into(),
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
        status: AppointmentStatus::Confirmed,
        waiting: true,
        documents: Vec::new(),
        can_refund: false,
        dispute: None,
        can_take_over: true,
    };
    let past = AppointmentColleaguePage {
        status: AppointmentStatus::Completed,
        waiting: false,
        documents: vec![document("document-receipt"), document("document-credit-note")],
        can_refund: true,
        dispute: Some(DisputeLink::Is(DisputeStatus::Opened)),
        can_take_over: false,
        ..now.clone()
    };
    vec![
        ("appointment-colleague", render(&now)),
        ("appointment-colleague-past", render(&past)),
    ]
}
