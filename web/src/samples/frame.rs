//! What frames all pages: errors, notices, our own texts, and the call page.

use super::parts::{HOUR, ID, MINUTE, NOW, TEN, held, shell};
use crate::pages::call::{CallFacts, CallPage, DeviceCheckPage};
use crate::pages::legal::{AboutPage, Controller, NoticePage, TermsPage};
use crate::pages::provider::TimeSlot;
use crate::pages::{ErrorKind, ErrorPage, HoldEnd, HoldExpiredPage, HoldsFull, HoldsFullPage, SlotTakenPage, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

pub(super) fn frame(locale: Locale) -> Pages {
    let controller = Controller {
        name: "North Vision AS".into(),
        org_number: "918621415".into(),
        email: "hei@example.no".into(),
    };
    let facts = CallFacts {
        call: ID.into(),
        role: "consumer".into(),
        name: "Ola Hansen".into(),
        other_name: "Kari Nordli".into(),
        business: Some("Dyreklinikken Nordli".into()),
        title: "Videotime".into(),
        opens_at: TEN - 15 * MINUTE,
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
        price: serde_json::json!({"currency": "NOK", "model": "free"}),
        after_url: "/bookings/1".into(),
        back_url: "/bookings/1".into(),
    };
    let legal = controller.clone();
    let mut pages = vec![
        (
            "notice",
            render(&NoticePage {
                shell: shell(locale, "/notice"),
                controller: legal,
                accounting_years: 5,
                inactive_months: 24,
            }),
        ),
        (
            "terms",
            render(&TermsPage {
                shell: shell(locale, "/terms"),
                controller: controller.clone(),
                dispute_days: 60,
            }),
        ),
        (
            "about",
            render(&AboutPage {
                shell: shell(locale, "/about"),
                controller,
            }),
        ),
        ("call", render(&CallPage::new(shell(locale, "/call/1"), facts))),
        (
            "device-check",
            render(&DeviceCheckPage::new(
                shell(locale, "/device-check"),
                "/bookings".into(),
            )),
        ),
    ];
    pages.extend(wrong(locale));
    pages
}

fn lost_times(locale: Locale) -> Pages {
    let nearest: Vec<TimeSlot> = (0..3)
        .map(|n| TimeSlot {
            start: TEN + n * HOUR,
            end: TEN + n * HOUR + 30 * MINUTE,
        })
        .collect();
    let taken = SlotTakenPage {
        shell: shell(locale, "/holds"),
        start: TEN,
        provider_name: "Dyreklinikken Nordli".into(),
        provider_slug: "dyreklinikken-nordli".into(),
        service: ID.into(),
        nearest: nearest.clone(),
    };
    let expired = |reason, still_free| HoldExpiredPage {
        shell: shell(locale, "/book/x"),
        start: TEN,
        provider_name: "Dyreklinikken Nordli".into(),
        provider_slug: "dyreklinikken-nordli".into(),
        service: ID.into(),
        reason,
        still_free,
        nearest: nearest.clone(),
    };
    let full = |why, held| HoldsFullPage {
        shell: shell(locale, "/holds"),
        why,
        start: TEN,
        provider_name: "Dyreklinikken Nordli".into(),
        provider_slug: "dyreklinikken-nordli".into(),
        service: ID.into(),
        held,
    };
    let until = NOW + 8 * MINUTE;
    let ran_out = HoldEnd::RanOut { minutes: 10 };
    let replaced = HoldEnd::Replaced {
        hold: ID.into(),
        start: TEN,
    };
    vec![
        ("slot-taken", render(&taken)),
        (
            "holds-full",
            render(&full(HoldsFull::Own, vec![held(0), held(1), held(2)])),
        ),
        (
            "holds-full-network",
            render(&full(HoldsFull::Network { until }, Vec::new())),
        ),
        (
            "holds-full-provider",
            render(&full(HoldsFull::Provider { until }, vec![held(0)])),
        ),
        ("hold-expired", render(&expired(ran_out.clone(), true))),
        ("hold-expired-taken", render(&expired(ran_out, false))),
        ("hold-expired-begun", render(&expired(HoldEnd::Begun, false))),
        ("hold-expired-given-back", render(&expired(HoldEnd::GivenBack, true))),
        ("hold-expired-replaced", render(&expired(replaced, true))),
    ]
}

fn wrong(locale: Locale) -> Pages {
    let mut pages = lost_times(locale);
    for kind in [
        ErrorKind::BadRequest,
        ErrorKind::Forbidden,
        ErrorKind::NotFound,
        ErrorKind::NoCookies,
        ErrorKind::Conflict,
        ErrorKind::TooLarge,
        ErrorKind::WrongMethod,
        ErrorKind::TooMany { retry_after_s: 90 },
        ErrorKind::Fault,
        ErrorKind::Unavailable,
    ] {
        pages.push((
            "error",
            render(&ErrorPage {
                shell: shell(locale, "/x"),
                kind,
                // As the server makes them: only faults of ours have one.
                request_id: if kind.status() >= 500 {
                    "01936b2c-5f3e-7a41-9c6d-2f84be10a7d3"
                } else {
                    ""
                }
                .into(),
            }),
        ));
    }
    pages
}
