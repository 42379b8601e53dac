//! Getting in: register, sign in, verify, reset, one-time links.

use askama::Template;

use super::{Check, Field, FieldError, Shell};

/// Form fields: `name`, `email`, `phone`, `place`, `password`, `accept` (`yes`), `return_to`.
#[derive(Debug, Clone, Template)]
#[template(path = "register.html")]
pub struct RegisterPage {
    pub shell: Shell,
    pub name: Field,
    pub email: Field,
    pub phone: Field,
    pub place: Field,
    pub password: Option<FieldError>,
    pub accept: Check,
    /// A path of this site, or empty.
    pub return_to: String,
}

/// Form fields: `email`, `password`, `return_to`.
#[derive(Debug, Clone, Template)]
#[template(path = "login.html")]
pub struct LoginPage {
    pub shell: Shell,
    pub email: Field,
    pub password: Option<FieldError>,
    pub return_to: String,
}

/// Why a mail is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailPurpose {
    /// After registering; a POST of `email` to `/verify` sends it again.
    Verify,
    /// After asking for a new password: says nothing about whether the account exists.
    Reset,
    /// To a new address of an account.
    NewAddress,
}

#[derive(Debug, Clone, Template)]
#[template(path = "check_mail.html")]
pub struct CheckMailPage {
    pub shell: Shell,
    pub email: String,
    pub purpose: MailPurpose,
}

/// `/verify/{token}`: a button that posts, so that mail scanners verify nothing. Form field: `password`, in another browser
/// than the one that registered; `action=discard` throws the registration away.
#[derive(Debug, Clone, Template)]
#[template(path = "verify.html")]
pub struct VerifyPage {
    pub shell: Shell,
    pub token: String,
    /// The link is used up or too old.
    pub expired: bool,
    pub email: String,
    /// This is not the browser that registered.
    pub ask_password: bool,
    pub password: Option<FieldError>,
}

impl VerifyPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("password", self.password)])
    }
}

/// `/reset`. Form field: `email`.
#[derive(Debug, Clone, Template)]
#[template(path = "reset.html")]
pub struct ResetPage {
    pub shell: Shell,
    pub email: Field,
}

/// `/reset/{token}`. Form field: `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "reset_token.html")]
pub struct ResetTokenPage {
    pub shell: Shell,
    pub token: String,
    pub password: Option<FieldError>,
    pub expired: bool,
    /// Whose password it is; empty when expired.
    pub email: String,
}

/// `/login/link/{token}`: a button that posts.
#[derive(Debug, Clone, Template)]
#[template(path = "login_link.html")]
pub struct LoginLinkPage {
    pub shell: Shell,
    pub token: String,
    /// Whom the link signs in; empty when expired.
    pub name: String,
    pub expired: bool,
}

/// `/invitation/{token}`: a POST declines. Accepting takes an account with the address.
#[derive(Debug, Clone, Template)]
#[template(path = "invitation.html")]
pub struct InvitationPage {
    pub shell: Shell,
    pub token: String,
    pub org_name: String,
    pub town: String,
    pub email: String,
    pub expired: bool,
}

/// `/operator/setup/{token}`. Form fields: `name`, `email`, `password`.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_setup.html")]
pub struct OperatorSetupPage {
    pub shell: Shell,
    pub token: String,
    pub name: Field,
    pub email: Field,
    pub password: Option<FieldError>,
    pub expired: bool,
}

impl RegisterPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("name", self.name.error),
            ("email", self.email.error),
            ("phone", self.phone.error),
            ("place", self.place.error),
            ("password", self.password),
            ("accept", self.accept.error),
        ])
    }
}

impl LoginPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell
            .problems(&[("email", self.email.error), ("password", self.password)])
    }
}

impl ResetPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("email", self.email.error)])
    }
}

impl ResetTokenPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("password", self.password)])
    }
}

impl OperatorSetupPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("name", self.name.error),
            ("email", self.email.error),
            ("password", self.password),
        ])
    }
}
