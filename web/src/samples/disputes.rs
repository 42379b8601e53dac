//! Disputes in every state, for both sides and for operators.

use super::parts::{
    DAY, HOUR, ID, MINUTE, NOW, TEN, by_minute, operator as operator_shell, price_box, provider as provider_shell,
    signed_in,
};
use super::staff;
use crate::pages::dispute::{
    DisputeEntryRow, DisputeFileRow, DisputeHead, DisputePage, DisputeRow, DisputeStatus, DisputeView, DisputeWho,
    DisputeWord, OperatorDisputePage, OperatorDisputesPage,
};
use crate::pages::{Field, FieldError, PriceState, Shell, render};
use crate::routes;
use crate::text::Locale;

fn head() -> DisputeHead {
    DisputeHead {
        id: ID.into(),
        reference: "B7K-42Q".into(),
        provider: "Dyreklinikken Nordli".into(),
        consumer: "Ola Hansen".into(),
        service_title: "Videotime med veterinær".into(),
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
    }
}

fn entries() -> Vec<DisputeEntryRow> {
    let who = DisputeWho::ALL.into_iter().cycle();
    let with_amount = [
        DisputeWord::Offered,
        DisputeWord::Accepted,
        DisputeWord::Proposed,
        DisputeWord::Decided,
    ];
    let wordless = [DisputeWord::Accepted, DisputeWord::Withdrawn];
    let row = |(word, who): (DisputeWord, DisputeWho)| DisputeEntryRow {
        at: NOW - DAY,
        who,
        word,
        source: if word == DisputeWord::Statement {
            "Verkstedet på hjørnet".into()
        } else {
            String::new()
        },
        body: if wordless.contains(&word) {
            String::new()
        } else {
            "Lyden var borte i ti minutter.\nJeg ringte opp igjen to ganger.".into()
        },
        amount_minor: with_amount.contains(&word).then_some(20_000),
    };
    DisputeWord::ALL.into_iter().zip(who).map(row).collect()
}

fn view(status: DisputeStatus) -> DisputeView {
    let file = |name: &str, source: &str| DisputeFileRow {
        id: ID.into(),
        at: NOW - HOUR,
        who: DisputeWho::Consumer,
        source: source.into(),
        name: name.into(),
        size_bytes: 482_113,
    };
    let is_moving = matches!(status, DisputeStatus::Opened | DisputeStatus::Answered);
    DisputeView {
        status,
        opened_by_consumer: true,
        opened_at: NOW - 3 * DAY,
        currency: "NOK".into(),
        offer_minor: Some(20_000),
        refund_minor: (status == DisputeStatus::Decided).then_some(20_000),
        entries: entries(),
        files: vec![
            file("skjermbilde.png", ""),
            file("rapport.pdf", "Verkstedet på hjørnet"),
        ],
        known: 10,
        can_say: is_moving,
        can_offer: is_moving,
        can_accept: is_moving,
        can_withdraw: is_moving,
        left_minor: 32_500,
    }
}

fn page(shell: Shell, dispute: Option<DisputeView>) -> DisputePage {
    DisputePage {
        shell,
        head: head(),
        can_open: dispute.is_none(),
        dispute,
        open_until: TEN + 60 * DAY,
        changed: false,
        body: Field::default(),
        amount: Field::default(),
        offer_body: Field::default(),
        file: None,
    }
}

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let path = routes::booking_dispute(ID);
    let consumer = || signed_in(locale, &path);
    let wrong = DisputePage {
        changed: true,
        body: Field::wrong("kort", FieldError::DisputeBodyShort),
        amount: Field::wrong("90000", FieldError::RefundTooMuch),
        offer_body: Field::wrong("ok", FieldError::ReasonShort),
        file: Some(FieldError::FileTooLarge),
        ..page(provider_shell(locale, &path), Some(view(DisputeStatus::Answered)))
    };
    let late = DisputePage {
        can_open: false,
        ..page(consumer(), None)
    };
    let none = DisputeView {
        refund_minor: Some(0),
        files: Vec::new(),
        ..view(DisputeStatus::Decided)
    };
    vec![
        ("dispute-new", render(&page(consumer(), None))),
        ("dispute-late", render(&late)),
        (
            "dispute-opened",
            render(&page(consumer(), Some(view(DisputeStatus::Opened)))),
        ),
        ("dispute-wrong", render(&wrong)),
        (
            "dispute-deciding",
            render(&page(consumer(), Some(view(DisputeStatus::Deciding)))),
        ),
        (
            "dispute-decided",
            render(&page(consumer(), Some(view(DisputeStatus::Decided)))),
        ),
        ("dispute-decided-none", render(&page(consumer(), Some(none)))),
        (
            "dispute-withdrawn",
            render(&page(consumer(), Some(view(DisputeStatus::Withdrawn)))),
        ),
        ("operator-dispute", render(&operator(locale, DisputeStatus::Opened))),
        (
            "operator-dispute-deciding",
            render(&operator(locale, DisputeStatus::Deciding)),
        ),
        ("operator-disputes", render(&list(locale, DisputeStatus::ALL.to_vec()))),
        ("operator-disputes-none", render(&list(locale, Vec::new()))),
    ]
}

fn operator(locale: Locale, status: DisputeStatus) -> OperatorDisputePage {
    let record = staff::inspected(locale);
    let is_open = status == DisputeStatus::Opened;
    OperatorDisputePage {
        shell: operator_shell(locale, &routes::operator_appointment_dispute(ID)),
        head: head(),
        dispute: view(status),
        booked_at: NOW - 9 * DAY,
        shown: price_box(by_minute(), PriceState::Estimate),
        price: price_box(
            by_minute(),
            PriceState::Owed {
                owed_minor: 32_500,
                paid_minor: 0,
            },
        ),
        timeline: record.timeline,
        segments: record.segments,
        quality: record.quality,
        payments: record.payments,
        ledger: record.ledger,
        alone_minor: if is_open { 500_000 } else { 0 },
        changed: is_open,
        amount: Field::wrong("x", FieldError::AmountUnreadable),
        reason: Field::wrong("", FieldError::ReasonMissing),
        source: Field::wrong("", FieldError::SourceMissing),
        statement: Field::wrong("", FieldError::DisputeBodyMissing),
        file_source: Field::default(),
        file: Some(FieldError::FileUnknownKind),
    }
}

fn list(locale: Locale, states: Vec<DisputeStatus>) -> OperatorDisputesPage {
    let row = |status: DisputeStatus| DisputeRow {
        id: ID.into(),
        reference: "B7K-42Q".into(),
        provider: "Dyreklinikken Nordli".into(),
        service_title: "Videotime".into(),
        status,
        opened_by_consumer: status != DisputeStatus::Answered,
        amount_minor: (status != DisputeStatus::Opened).then_some(20_000),
        held_minor: 32_500,
        currency: "NOK".into(),
        opened_at: NOW - 23 * DAY,
        last_at: NOW - DAY,
    };
    let (open, closed): (Vec<_>, Vec<_>) = states.into_iter().map(row).partition(|row| row.status.is_open());
    OperatorDisputesPage {
        shell: Shell {
            disputes_wait: i64::try_from(open.len()).expect("a few"),
            ..operator_shell(locale, routes::pattern::OPERATOR_DISPUTES)
        },
        open,
        closed,
    }
}
