//! The operator's page about what leaves by age.

use super::parts::{DAY, ID, NOW, operator as operator_shell};
use crate::pages::operator_retention::{
    DeletionRow, HoldRow, KeptRow, OperatorRetentionPage, RetentionReport, RetentionRow, StandingRun,
};
use crate::pages::{Field, FieldError, render};
use crate::text::Locale;

/// Every table that a run may name, and one of a newer server's.
const TABLES: [&str; 28] = [
    "acceptance",
    "appointment",
    "appointment_event",
    "call",
    "call_attendance",
    "call_quality",
    "call_segment",
    "charge",
    "document",
    "hold",
    "hold_draft",
    "ledger_entry",
    "ledger_tx",
    "outbox",
    "payment",
    "payment_op",
    "payout",
    "payout_file",
    "psp_event",
    "money_difference",
    "refund",
    "reservation",
    "retention_hold",
    "seller_tax",
    "seat",
    "withdrawal_request",
    "call_extension",
    "of_tomorrow",
];

fn hold(email: &str, appointment: &str) -> HoldRow {
    HoldRow {
        id: ID.into(),
        email: email.into(),
        appointment: appointment.into(),
        reference: "B7K-42Q".into(),
        reason: "Klagesak 12".into(),
        placed_at: NOW - 30 * DAY,
    }
}

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let row = |table: &str| RetentionRow {
        table: table.into(),
        rows: 1_204,
        oldest: (table != "ledger_entry").then_some(NOW - 2_000 * DAY),
        newest: (table != "ledger_entry").then_some(NOW - 1_900 * DAY),
    };
    let kept = |reason: &str, appointments| KeptRow {
        reason: reason.into(),
        appointments,
    };
    let run = |ended_at| DeletionRow {
        started_at: NOW - DAY,
        ended_at,
        as_of: NOW - 2 * DAY,
        appointments: 1_204,
        rows: 31_877,
    };
    let standing = StandingRun {
        since: NOW - DAY,
        words: "disk I/O error".into(),
    };
    let full = OperatorRetentionPage {
        shell: operator_shell(locale, "/operator/retention"),
        accounting_years: 5,
        approved_at: Some(NOW - 3 * DAY),
        standing: Some(standing),
        report: Some(RetentionReport {
            as_of: NOW,
            rows: TABLES.map(row).to_vec(),
            kept: vec![
                kept("legal_hold", 1),
                kept("unfinished", 2),
                kept("younger_record", 3),
                kept("other", 4),
            ],
        }),
        deletions: vec![run(None), run(Some(NOW))],
        holds: vec![hold("ola@example.no", ""), hold("", ID)],
        subject: Field::wrong("x", FieldError::KeepSubjectUnknown),
        reason: Field::wrong("", FieldError::LookReasonMissing),
    };
    let nothing = OperatorRetentionPage {
        approved_at: None,
        standing: None,
        report: Some(RetentionReport {
            as_of: NOW,
            rows: Vec::new(),
            kept: Vec::new(),
        }),
        deletions: Vec::new(),
        holds: Vec::new(),
        subject: Field::wrong(ID, FieldError::KeepTooLate),
        reason: Field::new("Klagesak 12"),
        ..full.clone()
    };
    let first = OperatorRetentionPage {
        report: None,
        subject: Field::default(),
        reason: Field::default(),
        ..nothing.clone()
    };
    vec![
        ("operator-retention", render(&full)),
        ("operator-retention-nothing", render(&nothing)),
        ("operator-retention-first", render(&first)),
    ]
}
