//! Pages on which an operator says why.

use super::parts::{ID, MINUTE, NOW, TEN, operator as operator_shell};
use crate::pages::operator::{MissingRow, OperatorLookPage};
use crate::pages::operator_mails::{Letter, MailState, OperatorMailPage, OperatorOutboxPage, OutboxRow};
use crate::pages::{Field, FieldError, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

pub(super) fn mails(locale: Locale) -> Pages {
    let mail = |state| OutboxRow {
        id: ID.into(),
        at: NOW,
        to: "O.H.".into(),
        kind: "booked".into(),
        state,
    };
    let outbox = OperatorOutboxPage {
        shell: operator_shell(locale, "/operator/outbox"),
        held_up: Some(MissingRow {
            what: "12 e-poster venter: e-postserveren slipper oss ikke til.".into(),
            way_out: "Sjekk `mail.smtp_password`.".into(),
            is_broken: true,
        }),
        mails: MailState::ALL.map(mail).to_vec(),
        q: Field::new("ola"),
        reason: Field::new("Ringte"),
        is_search: true,
        total: 140,
        page: 2,
        pages: 3,
    };
    let all = OperatorOutboxPage {
        q: Field::wrong("o", FieldError::TermTooShort),
        reason: Field::wrong("", FieldError::LookReasonMissing),
        is_search: false,
        ..outbox.clone()
    };
    let closed = OperatorMailPage {
        shell: operator_shell(locale, &format!("/operator/outbox/{ID}")),
        mail: mail(MailState::Failed),
        reason: Field::wrong("", FieldError::LookReasonMissing),
        letter: None,
        can_resend: true,
    };
    let letter = OperatorMailPage {
        reason: Field::new("Ringte"),
        letter: Some(Letter {
            to: "ola@example.no".into(),
            subject: "Timen din er bestilt".into(),
            body: "Hei Ola\n\nTimen er bestilt: http://localhost:8080/bookings/1\n".into(),
            attachments: vec!["time.ics".into()],
            error: Some("421 prøv igjen".into()),
        }),
        ..closed.clone()
    };
    let empty = OperatorOutboxPage {
        held_up: None,
        mails: Vec::new(),
        total: 0,
        ..outbox.clone()
    };
    vec![
        ("operator-outbox", render(&all)),
        ("operator-outbox-search", render(&outbox)),
        ("operator-outbox-empty", render(&empty)),
        ("operator-mail-closed", render(&closed)),
        ("operator-mail", render(&letter)),
    ]
}

pub(super) fn looks(locale: Locale) -> Pages {
    let call = OperatorLookPage {
        shell: operator_shell(locale, &format!("/operator/calls/{ID}")),
        path: format!("/operator/calls/{ID}"),
        list: "/operator",
        is_call: true,
        reference: "B7K-42Q".into(),
        provider: "Dyreklinikken Nordli".into(),
        consumer: "O.H.".into(),
        starts_at: TEN,
        ends_at: TEN + 30 * MINUTE,
        reason: Field::wrong("", FieldError::LookReasonMissing),
    };
    let appointment = OperatorLookPage {
        shell: operator_shell(locale, &format!("/operator/appointments/{ID}")),
        path: format!("/operator/appointments/{ID}"),
        list: "/operator/appointments",
        is_call: false,
        reason: Field::default(),
        ..call.clone()
    };
    vec![
        ("operator-call-closed", render(&call)),
        ("operator-appointment-closed", render(&appointment)),
    ]
}
