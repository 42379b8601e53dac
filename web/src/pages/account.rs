//! My account: details, my data, sessions, deletion.

use askama::Template;

use super::{Field, FieldError, Shell};

/// `/account`. Form fields: `name`, `phone`, `place`, `locale`.
#[derive(Debug, Clone, Template)]
#[template(path = "account.html")]
pub struct AccountPage {
    pub shell: Shell,
    pub email: String,
    pub email_verified: bool,
    pub name: Field,
    pub phone: Field,
    pub place: Field,
}

/// `/account/email`. Form fields: `email`, `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "account_email.html")]
pub struct AccountEmailPage {
    pub shell: Shell,
    /// The present address.
    pub current: String,
    /// The address whose link was not followed yet.
    pub waiting: Option<String>,
    pub email: Field,
    pub password: Option<FieldError>,
}

/// `/account/email/{token}`: a button that posts.
#[derive(Debug, Clone, Template)]
#[template(path = "account_email_change.html")]
pub struct AccountEmailChangePage {
    pub shell: Shell,
    pub token: String,
    /// The new address; `None` when the link is no good.
    pub email: Option<String>,
}

/// `/account/password`. Form fields: `password`, `new_password`.
#[derive(Debug, Clone, Template)]
#[template(path = "account_password.html")]
pub struct AccountPasswordPage {
    pub shell: Shell,
    pub email: String,
    pub password: Option<FieldError>,
    pub new_password: Option<FieldError>,
}

/// One thing we know about a person.
#[derive(Debug, Clone)]
pub struct DataRow {
    /// What it is, in words.
    pub label: String,
    pub value: String,
}

/// A group of what we know, for example one table.
#[derive(Debug, Clone)]
pub struct DataSection {
    pub title: String,
    /// Why we have it and how long we keep it.
    pub reason: String,
    /// How many rows there are; the page has the newest of them.
    pub total: i64,
    pub records: Vec<Vec<DataRow>>,
}

/// Who else can see some of it.
#[derive(Debug, Clone)]
pub struct DataReader {
    pub who: String,
    pub what: String,
}

/// One look of an operator at something about the person.
#[derive(Debug, Clone)]
pub struct DataLook {
    pub at: i64,
    /// The name in the record, for example `mail_seen`.
    pub action: String,
    pub reason: String,
}

impl DataLook {
    fn key(&self) -> &'static str {
        super::operator::look_key(&self.action)
    }
}

impl DataSection {
    fn is_cut(&self) -> bool {
        usize::try_from(self.total).is_ok_and(|total| total > self.records.len())
    }
}

/// `/account/data`
#[derive(Debug, Clone, Template)]
#[template(path = "account_data.html")]
pub struct AccountDataPage {
    pub shell: Shell,
    pub sections: Vec<DataSection>,
    pub readers: Vec<DataReader>,
    pub looks: Vec<DataLook>,
}

/// A provider that asks the person to work for it.
#[derive(Debug, Clone)]
pub struct InvitationRow {
    pub id: String,
    pub org_name: String,
    pub town: String,
    pub expires_at: i64,
}

/// `/account/invitations`. A POST with `id` and `action` (`accept`, `decline`) answers; `action=leave` ends the membership.
#[derive(Debug, Clone, Template)]
#[template(path = "account_invitations.html")]
pub struct AccountInvitationsPage {
    pub shell: Shell,
    pub invitations: Vec<InvitationRow>,
    /// Name of the provider whose member the person is.
    pub works_for: Option<String>,
    pub can_leave: bool,
}

/// One sign-in.
#[derive(Debug, Clone)]
pub struct SessionRow {
    pub id: String,
    /// For example "Firefox på Windows".
    pub device: String,
    pub created_at: i64,
    pub seen_at: i64,
    pub current: bool,
}

/// `/account/sessions`. A POST with `session` ends one; with `session=others` all but this one.
#[derive(Debug, Clone, Template)]
#[template(path = "account_sessions.html")]
pub struct AccountSessionsPage {
    pub shell: Shell,
    pub sessions: Vec<SessionRow>,
}

/// `/account/delete`. Form fields: `password`, and `fee`, as [`AccountDeletePage::fee_minor`] was.
#[derive(Debug, Clone, Template)]
#[template(path = "account_delete.html")]
pub struct AccountDeletePage {
    pub shell: Shell,
    /// Whose password is asked for.
    pub email: String,
    pub password: Option<FieldError>,
    pub open_appointments: u32,
    /// Appointments of customers with the person, who are told that they are cancelled.
    pub customers_appointments: u32,
    pub is_provider: bool,
    /// Whoever becomes owner in the person's place, with the business.
    pub heirs: Vec<(String, String)>,
    /// What is released by cancelling them, by currency: minor units.
    pub released: Vec<(String, i64)>,
    /// What cancelling them costs, likewise.
    pub fees: Vec<(String, i64)>,
    /// It came to cost more since the page was opened, and nothing was done.
    pub changed: bool,
    pub undo_days: u32,
}

impl AccountPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("name", self.name.error),
            ("phone", self.phone.error),
            ("place", self.place.error),
        ])
    }
}

impl AccountEmailPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell
            .problems(&[("email", self.email.error), ("password", self.password)])
    }
}

impl AccountPasswordPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell
            .problems(&[("password", self.password), ("new_password", self.new_password)])
    }
}

impl AccountDeletePage {
    /// The sum of what cancelling costs, whatever the currencies: it grows where any of the amounts does.
    #[must_use]
    pub fn fee_minor(&self) -> i64 {
        self.fees.iter().map(|(_, minor)| minor).sum()
    }

    /// `450 kr`, and one amount for each further currency
    fn words(&self, amounts: &[(String, i64)]) -> String {
        let amounts: Vec<_> = amounts
            .iter()
            .map(|(currency, minor)| self.shell.money(*minor, currency))
            .collect();
        amounts.join(", ")
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("password", self.password)])
    }
}
