//! Paying back, and the operator's page of what of the money waits.

use super::parts::{DAY, HOUR, ID, MINUTE, NOW, TEN, operator as operator_shell, provider as provider_shell};
use crate::pages::refund::{
    AppointmentRefundPage, DifferenceRow, DifferenceWord, OperatorRefundPage, OperatorRefundsPage, RefundForm,
    RefundLine, RefundRow, RefundStatus, StuckRow, WaitingRefundRow,
};
use crate::pages::{Field, FieldError, RecordWord, Shell, render};
use crate::routes;
use crate::text::Locale;

/// One refund in each state.
pub(super) fn lines() -> Vec<RefundLine> {
    let line = |status| RefundLine {
        at: NOW,
        amount_minor: 12_050,
        currency: "NOK".into(),
        reason: "Forbindelsen var dårlig".into(),
        status,
    };
    RefundStatus::ALL.map(line).to_vec()
}

fn form() -> RefundForm {
    let row = |line: RefundLine| RefundRow {
        id: ID.into(),
        asked_by: "Kari Nordli".into(),
        can_decide: line.status == RefundStatus::Waiting,
        can_take_back: false,
        line,
    };
    let mut refunds: Vec<RefundRow> = lines().into_iter().map(row).collect();
    let own = refunds[0].clone();
    refunds.push(RefundRow {
        can_decide: false,
        can_take_back: true,
        ..own
    });
    refunds[3].asked_by.clear();
    refunds[3].line.reason.clear();
    RefundForm {
        path: routes::booking_refund(ID),
        back: routes::booking(ID),
        reference: "B7K-42Q".into(),
        consumer: "Ola Hansen".into(),
        provider: "Dyreklinikken Nordli".into(),
        service_title: "Videotime med veterinær".into(),
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
        currency: "NOK".into(),
        paid_minor: 45_000,
        back_minor: 12_050,
        on_its_way_minor: 12_050,
        waiting_minor: 12_050,
        left_minor: 8_850,
        alone_minor: 500_000,
        is_test: true,
        refunds,
        known: 5,
        disputed: false,
        changed: false,
        amount: Field::wrong("90", FieldError::RefundTooMuch),
        reason: Field::wrong("ok", FieldError::ReasonShort),
    }
}

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let owner = |form| {
        render(&AppointmentRefundPage {
            shell: provider_shell(locale, &routes::booking_refund(ID)),
            form,
        })
    };
    let changed = RefundForm {
        changed: true,
        amount: Field::wrong("x", FieldError::AmountUnreadable),
        reason: Field::new("Kulanse"),
        ..form()
    };
    let bare = |paid_minor| RefundForm {
        paid_minor,
        back_minor: paid_minor,
        on_its_way_minor: 0,
        waiting_minor: 0,
        left_minor: 0,
        refunds: Vec::new(),
        known: 0,
        is_test: false,
        ..form()
    };
    let operators = OperatorRefundPage {
        shell: operator_shell(locale, &routes::operator_appointment_refund(ID)),
        form: changed,
    };
    vec![
        ("appointment-refund", owner(form())),
        ("appointment-refund-nothing", owner(bare(0))),
        ("appointment-refund-all", owner(bare(45_000))),
        ("operator-refund", render(&operators)),
        ("operator-refunds", render(&waiting(locale))),
        ("operator-refunds-nothing", render(&nothing(locale))),
    ]
}

fn nothing(locale: Locale) -> OperatorRefundsPage {
    OperatorRefundsPage {
        shell: operator_shell(locale, routes::pattern::OPERATOR_REFUNDS),
        waiting: Vec::new(),
        failed: Vec::new(),
        differences: Vec::new(),
        stuck: Vec::new(),
    }
}

fn waiting(locale: Locale) -> OperatorRefundsPage {
    let refund = |asked_by: &str, reason: &str, can_decide| WaitingRefundRow {
        id: ID.into(),
        appointment: ID.into(),
        reference: "B7K-42Q".into(),
        provider: "Dyreklinikken Nordli".into(),
        amount_minor: 640_000,
        currency: "NOK".into(),
        reason: reason.into(),
        asked_by: asked_by.into(),
        at: NOW - DAY,
        can_decide,
    };
    let difference = |word, appointment: &str| DifferenceRow {
        payment: ID.into(),
        appointment: appointment.into(),
        reference: "B7K-42Q".into(),
        psp: "stripe".into(),
        word,
        ours: "captured 45000/32500/0".into(),
        theirs: "captured 45000".into(),
        found_at: NOW - DAY,
        seen_at: NOW - HOUR,
    };
    let stuck = |appointment: &str| StuckRow {
        operation: RecordWord::operation("refund"),
        appointment: appointment.into(),
        reference: "B7K-42Q".into(),
        psp: "stripe".into(),
        amount_minor: 32_500,
        currency: "NOK".into(),
        attempts: 4,
        error: "no answer: the line is dead".into(),
        since: NOW - 2 * HOUR,
        next_at: NOW + HOUR,
    };
    OperatorRefundsPage {
        shell: Shell {
            money_waits: 10,
            ..operator_shell(locale, routes::pattern::OPERATOR_REFUNDS)
        },
        waiting: vec![
            refund("Kari Nordli", "Legen kom ikke", true),
            refund("Drift", "Feil beløp", false),
        ],
        failed: vec![refund("Kari Nordli", "Kulanse", true), refund("", "", true)],
        differences: DifferenceWord::ALL
            .map(|word| difference(word, ID))
            .into_iter()
            .chain([difference(DifferenceWord::NotThere, "")])
            .collect(),
        stuck: vec![stuck(ID), stuck("")],
    }
}
