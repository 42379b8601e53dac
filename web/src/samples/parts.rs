//! The pieces that samples are made of.

use crate::pages::appointment::{
    AppointmentRow, AppointmentStatus, AppointmentView, BuyerOrg, DocumentLink, TimelineEntry, TimelineEvent as Event,
};
use crate::pages::book::{HeldTime, HoldView};
use crate::pages::dispute::DisputeLink;
use crate::pages::price::Vat;
use crate::pages::search::{Category, FreeTime, ProviderCard};
use crate::pages::{PriceBox, PriceModel, PriceState, PriceTerms, Shell, SignedIn};
use crate::text::Locale;
use texts::{CancelMoment, CancelStep, CancelTerms};

pub(super) const MINUTE: i64 = 60_000_000;
pub(super) const HOUR: i64 = 60 * MINUTE;
pub(super) const DAY: i64 = 24 * HOUR;
/// Monday 23 November 2026, 09:40 in Oslo.
pub(super) const NOW: i64 = 1_795_423_200_000_000;
/// Tuesday 24 November 2026, 10:00 in Oslo.
pub(super) const TEN: i64 = 1_795_510_800_000_000;
pub(super) const ID: &str = "0193a5c0-7a00-7000-8000-000000000001";

pub(super) fn shell(locale: Locale, path: &str) -> Shell {
    Shell {
        locale,
        origin: "https://booka.example".into(),
        path: path.into(),
        now: NOW,
        zone: "Europe/Oslo".into(),
        signed_in: None,
        notice: None,
        money_waits: 0,
        disputes_wait: 0,
    }
}

pub(super) fn signed_in(locale: Locale, path: &str) -> Shell {
    let person = SignedIn {
        name: "Ola Hansen".into(),
        is_provider: false,
        is_owner: false,
        is_operator: false,
        deletion_at: None,
    };
    Shell {
        signed_in: Some(person),
        ..shell(locale, path)
    }
}

pub(super) fn provider(locale: Locale, path: &str) -> Shell {
    let person = SignedIn {
        name: "Kari Nordli".into(),
        is_provider: true,
        is_owner: true,
        is_operator: false,
        deletion_at: None,
    };
    Shell {
        signed_in: Some(person),
        ..shell(locale, path)
    }
}

pub(super) fn operator(locale: Locale, path: &str) -> Shell {
    let person = SignedIn {
        name: "Drift".into(),
        is_provider: false,
        is_owner: false,
        is_operator: true,
        deletion_at: None,
    };
    Shell {
        signed_in: Some(person),
        ..shell(locale, path)
    }
}

fn nok(model: PriceModel) -> PriceTerms {
    PriceTerms {
        currency: "NOK".into(),
        discount: None,
        model,
    }
}

pub(super) fn by_minute() -> PriceTerms {
    nok(PriceModel::PerMinute {
        rate_minor: 1_500,
        increment_s: 1,
        free_s: 0,
        cap_minor: 45_000,
    })
}

pub(super) fn fixed() -> PriceTerms {
    nok(PriceModel::Fixed { amount_minor: 39_000 })
}

pub(super) fn free() -> PriceTerms {
    nok(PriceModel::Free)
}

pub(super) fn price_box(price: PriceTerms, state: PriceState) -> PriceBox {
    let amount_minor = match state {
        PriceState::Final { charged_minor, .. } => charged_minor / 5,
        PriceState::Owed { owed_minor, paid_minor } => (owed_minor + paid_minor) / 5,
        PriceState::Estimate | PriceState::Reserved { .. } | PriceState::Released { .. } | PriceState::Fee { .. } => {
            price.most_minor() / 5
        }
    };
    PriceBox {
        duration_min: 30,
        provider_name: "Dyreklinikken Nordli".into(),
        vat: (price.most_minor() > 0).then_some(Vat {
            percent: 25,
            amount_minor,
        }),
        cancel: Some(cancel_terms(price.most_minor())),
        test: false,
        state,
        refunded: None,
        invoice: None,
        price,
    }
}

/// Half from a moment before the start on, and everything for who does not come.
fn cancel_terms(most_minor: i64) -> CancelTerms {
    CancelTerms {
        currency: "NOK".into(),
        fee_minor: 0,
        steps: vec![CancelStep {
            after: CancelMoment::At(TEN - 12 * HOUR),
            fee_minor: most_minor / 2,
        }],
        until: CancelMoment::At(TEN - HOUR),
        until_start: false,
        no_show_minor: most_minor,
    }
}

pub(super) fn card(index: u8) -> ProviderCard {
    let (name, category, price, title) = match index {
        0 => (
            "Dyreklinikken Nordli",
            Category::Vet,
            by_minute(),
            "Videotime med veterinær",
        ),
        1 => (
            "Elektro Vest",
            Category::Electrician,
            fixed(),
            "Hjelp med sikringsskapet",
        ),
        _ => (
            "Advokatfirmaet Fjeld & Sønn",
            Category::Lawyer,
            free(),
            "Første samtale",
        ),
    };
    let next = (0..4)
        .map(|n| FreeTime {
            start: NOW + 40 * MINUTE + n * 20 * MINUTE,
        })
        .collect();
    ProviderCard {
        slug: "dyreklinikken-nordli".into(),
        name: name.into(),
        category,
        town: "Bergen".into(),
        distance_km: Some(3.2),
        service: ID.into(),
        service_title: title.into(),
        duration_min: 30,
        price,
        next,
        tint: index * 2,
    }
}

/// A time that is held, so many hours after ten.
pub(super) fn held(hours: i64) -> HeldTime {
    HeldTime {
        id: ID.into(),
        service: ID.into(),
        provider_name: "Dyreklinikken Nordli".into(),
        starts_at: TEN + hours * HOUR,
        expires_at: NOW + 8 * MINUTE,
        to_pay: hours > 0,
    }
}

/// A document of a kind that can be opened.
pub(super) fn document(kind: &'static str) -> DocumentLink {
    DocumentLink {
        id: ID.into(),
        kind,
        number: "2026-000183".into(),
    }
}

pub(super) fn hold(price: PriceTerms, expires_in: i64) -> HoldView {
    HoldView {
        id: ID.into(),
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
        expires_at: NOW + expires_in,
        can_extend: expires_in < 5 * MINUTE,
        service: ID.into(),
        service_title: "Videotime med veterinær".into(),
        provider_name: "Dyreklinikken Nordli".into(),
        provider_slug: "dyreklinikken-nordli".into(),
        price: price_box(price, PriceState::Estimate),
    }
}

pub(super) fn appointment(status: AppointmentStatus, state: PriceState) -> AppointmentView {
    let open = matches!(status, AppointmentStatus::Confirmed);
    AppointmentView {
        id: ID.into(),
        reference: "B7K-42Q".into(),
        service_title: "Videotime med veterinær".into(),
        provider_name: "Dyreklinikken Nordli".into(),
        provider_slug: "dyreklinikken-nordli".into(),
        other_name: "Kari Nordli".into(),
        viewer_is_provider: false,
        contact: None,
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
        opens_at: TEN - 15 * MINUTE,
        can_join: matches!(status, AppointmentStatus::InCall),
        can_cancel: open,
        pay_anew: false,
        pay_later: None,
        status,
        about: "Hunden har spist lite siden i går og virker slapp.".into(),
        price: price_box(by_minute(), state),
        buyer_org: Some(BuyerOrg {
            name: "Hansen Rør AS".into(),
            number: "999900003".into(),
        }),
        withdraw_until: open.then_some(TEN),
        receipt: matches!(status, AppointmentStatus::Completed).then(|| "2026-000183".into()),
        documents: if matches!(status, AppointmentStatus::Completed) {
            vec![document("document-receipt")]
        } else {
            Vec::new()
        },
        refunds: Vec::new(),
        can_refund: true,
        dispute: Some(DisputeLink::CanOpen),
        timeline: timeline(open),
        commission: None,
    }
}

pub(super) fn timeline(open: bool) -> Vec<TimelineEntry> {
    let nok = || "NOK".to_owned();
    let mut events = vec![
        (NOW - HOUR, Event::Booked),
        (NOW - HOUR, Event::Reserved(45_000, nok())),
        (TEN - 15 * MINUTE, Event::RoomOpens),
        (TEN, Event::Starts),
    ];
    if !open {
        events.extend([
            (TEN, Event::CallStarted),
            (TEN + 22 * MINUTE, Event::CallEnded(1_300_000)),
            (TEN + 20 * MINUTE, Event::Extended(60_000, nok())),
            (TEN + 22 * MINUTE, Event::Charged(32_500, nok())),
            (TEN + 22 * MINUTE, Event::Released(12_500, nok())),
            (TEN + 22 * MINUTE, Event::Receipt("2026-000183".into())),
            (TEN + 23 * MINUTE, Event::ChargeFailed),
            (TEN + 23 * MINUTE, Event::RefundAsked(32_500, nok())),
            (TEN + 23 * MINUTE, Event::RefundFailed),
            (TEN + 24 * MINUTE, Event::Cancelled),
            (TEN + 24 * MINUTE, Event::Withdrawn),
            (TEN + 24 * MINUTE, Event::NoShowConsumer),
            (TEN + 24 * MINUTE, Event::NoShowProvider),
            (TEN + DAY, Event::Refunded(32_500, nok())),
        ]);
    }
    events
        .into_iter()
        .map(|(at, event)| TimelineEntry { at, event })
        .collect()
}

pub(super) fn row(status: AppointmentStatus, starts_at: i64, can_join: bool) -> AppointmentRow {
    AppointmentRow {
        id: ID.into(),
        starts_at,
        ends_at: starts_at + 30 * MINUTE,
        with: "Dyreklinikken Nordli".into(),
        service_title: "Videotime med veterinær".into(),
        status,
        can_join,
        tint: 4,
    }
}
