//! The provider's list of appointments.

use jiff::civil::Date;

use super::parts::{HOUR, ID, MINUTE, TEN, provider as member};
use crate::pages::appointment::AppointmentStatus;
use crate::pages::provider_admin::{AgendaEntry, AgendaPeriod, EarnedRow, EntryMoney, ProviderAppointmentsPage};
use crate::pages::render;
use crate::text::Locale;

pub(super) fn agenda(locale: Locale) -> Vec<(&'static str, String)> {
    let entry = |starts_at, consumer: &str, status, charged: Option<i64>| AgendaEntry {
        id: ID.into(),
        starts_at,
        ends_at: starts_at + 30 * MINUTE,
        consumer: consumer.into(),
        service_title: "Videotime".into(),
        member: "Kari Nordli".into(),
        status,
        money: charged.map(|minor| EntryMoney {
            currency: "NOK".to_owned(),
            paid_minor: minor,
            owed_minor: if minor == 0 { 1_500 } else { 0 },
        }),
        receipt: charged.filter(|minor| *minor > 0).map(|_| "2026-000017".to_owned()),
    };
    let page = ProviderAppointmentsPage {
        shell: member(locale, "/provider/appointments"),
        period: AgendaPeriod::Week,
        today: Date::constant(2026, 11, 24),
        first: Date::constant(2026, 11, 23),
        last: Date::constant(2026, 11, 29),
        entries: vec![
            entry(TEN - HOUR, "Ola Hansen", AppointmentStatus::Completed, Some(32_500)),
            entry(TEN, "", AppointmentStatus::Completed, Some(7_650)),
            entry(TEN + HOUR, "Per Vik", AppointmentStatus::Completed, Some(0)),
            entry(TEN + 48 * HOUR, "Mia Kristoffersen", AppointmentStatus::Confirmed, None),
        ],
        total: 53,
        earned: vec![EarnedRow {
            currency: "NOK".into(),
            calls: 2,
            gross_minor: 40_150,
            vat_minor: 8_030,
            owed_minor: 1_500,
        }],
        page: 1,
        pages: 2,
    };
    let empty = ProviderAppointmentsPage {
        period: AgendaPeriod::Month,
        first: Date::constant(2026, 10, 1),
        last: Date::constant(2026, 10, 31),
        entries: Vec::new(),
        total: 0,
        earned: Vec::new(),
        pages: 1,
        ..page.clone()
    };
    vec![
        ("provider-appointments", render(&page)),
        ("provider-appointments-none", render(&empty)),
    ]
}
