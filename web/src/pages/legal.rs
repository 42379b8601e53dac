//! Notice, terms and about: our own texts, with the operator's name in them.

use askama::Template;

use super::Shell;
pub use texts::legal::{Controller, LEGAL_VERSION, notice_source, terms_source};

/// `/notice`
#[derive(Debug, Clone, Template)]
#[template(path = "notice.html")]
pub struct NoticePage {
    pub shell: Shell,
    pub controller: Controller,
    /// How long accounting records are kept after the end of their year.
    pub accounting_years: i64,
    /// After how many months without a sign-in an account counts as left.
    pub inactive_months: i64,
}

/// `/terms`
#[derive(Debug, Clone, Template)]
#[template(path = "terms.html")]
pub struct TermsPage {
    pub shell: Shell,
    pub controller: Controller,
    /// For how many days after an appointment a dispute about it can be opened.
    pub dispute_days: i64,
}

/// `/about`
#[derive(Debug, Clone, Template)]
#[template(path = "about.html")]
pub struct AboutPage {
    pub shell: Shell,
    pub controller: Controller,
}
