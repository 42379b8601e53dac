//! Pages of one's own account.

use super::parts::{DAY, HOUR, ID, MINUTE, NOW, TEN, signed_in};
use crate::pages::account::{
    AccountDataPage, AccountDeletePage, AccountEmailChangePage, AccountEmailPage, AccountInvitationsPage, AccountPage,
    AccountPasswordPage, AccountSessionsPage, DataLook, DataReader, DataRow, DataSection, InvitationRow, SessionRow,
};
use crate::pages::{Field, FieldError, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

pub(super) fn account(locale: Locale) -> Pages {
    let mut leaving = signed_in(locale, "/account");
    if let Some(person) = &mut leaving.signed_in {
        person.deletion_at = Some(NOW + 6 * DAY);
    }
    let account = AccountPage {
        shell: leaving,
        email: "ola@example.no".into(),
        email_verified: false,
        name: Field::new("Ola Hansen"),
        phone: Field::new("91 23 45 67"),
        place: Field::new("Bergen"),
    };
    let line = |label: &str, value: &str| DataRow {
        label: label.into(),
        value: value.into(),
    };
    let data = AccountDataPage {
        shell: signed_in(locale, "/account/data"),
        sections: vec![DataSection {
            title: "Konto".into(),
            reason: "Så lenge du har konto, og 90 dager etterpå.".into(),
            total: 134,
            records: vec![vec![line("Navn", "Ola Hansen"), line("E-post", "ola@example.no")]],
        }],
        looks: vec![DataLook {
            at: NOW - HOUR,
            action: "mail_seen".into(),
            reason: "Ringte om kvitteringen".into(),
        }],
        readers: vec![DataReader {
            who: "Dyreklinikken Nordli".into(),
            what: "Navn, e-post og telefon".into(),
        }],
    };
    let session = |device: &str, current| SessionRow {
        id: ID.into(),
        device: device.into(),
        created_at: NOW - 3 * DAY,
        seen_at: NOW - 5 * MINUTE,
        current,
    };
    let sessions = AccountSessionsPage {
        shell: signed_in(locale, "/account/sessions"),
        sessions: vec![session("Firefox, Windows", true), session("Safari, iPhone", false)],
    };
    let delete = AccountDeletePage {
        heirs: vec![("Per Ås".into(), "Dyreklinikken Nordli".into())],
        shell: signed_in(locale, "/account/delete"),
        email: "ola@example.no".into(),
        password: Some(FieldError::PasswordWrong),
        open_appointments: 2,
        customers_appointments: 3,
        is_provider: true,
        released: vec![("NOK".into(), 45_000)],
        fees: vec![("NOK".into(), 22_500)],
        changed: true,
        undo_days: 7,
    };
    vec![
        ("account", render(&account)),
        ("account-data", render(&data)),
        ("account-sessions", render(&sessions)),
        ("account-delete", render(&delete)),
    ]
}

pub(super) fn credentials(locale: Locale) -> Pages {
    let email = AccountEmailPage {
        shell: signed_in(locale, "/account/email"),
        current: "ola@example.no".into(),
        waiting: Some("ny@example.no".into()),
        email: Field::wrong("ny", FieldError::EmailMalformed),
        password: Some(FieldError::PasswordWrong),
    };
    let change = |email: Option<&str>| {
        render(&AccountEmailChangePage {
            shell: signed_in(locale, "/account/email/x"),
            token: "x".into(),
            email: email.map(str::to_owned),
        })
    };
    let password = AccountPasswordPage {
        shell: signed_in(locale, "/account/password"),
        email: "ola@example.no".into(),
        password: None,
        new_password: Some(FieldError::PasswordShort),
    };
    vec![
        ("account-email", render(&email)),
        ("account-email-change", change(Some("ny@example.no"))),
        ("account-email-change-expired", change(None)),
        ("account-password", render(&password)),
    ]
}

pub(super) fn invitations(locale: Locale) -> Pages {
    let invitations = AccountInvitationsPage {
        shell: signed_in(locale, "/account/invitations"),
        invitations: vec![InvitationRow {
            id: ID.into(),
            org_name: "Dyreklinikken Nordli".into(),
            town: "Bergen".into(),
            expires_at: TEN + 14 * 24 * HOUR,
        }],
        works_for: None,
        can_leave: false,
    };
    let working = AccountInvitationsPage {
        works_for: Some("Fjellfot Dyr".into()),
        can_leave: true,
        ..invitations.clone()
    };
    vec![
        ("account-invitations", render(&invitations)),
        ("account-invitations-working", render(&working)),
    ]
}
