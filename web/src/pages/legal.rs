//! Notice, terms and about: our own texts, with the operator's name in them.

use askama::Template;

use super::Shell;
use crate::text::Locale;

/// Version of notice and terms that is accepted at registration; changes with their texts.
pub const LEGAL_VERSION: &str = "2026-11-22";

/// Who answers for the data.
#[derive(Debug, Clone, Default)]
pub struct Controller {
    pub name: String,
    /// Nine digits; empty where not configured.
    pub org_number: String,
    pub email: String,
}

/// `/notice`
#[derive(Debug, Clone, Template)]
#[template(path = "notice.html")]
pub struct NoticePage {
    pub shell: Shell,
    pub controller: Controller,
}

/// `/terms`
#[derive(Debug, Clone, Template)]
#[template(path = "terms.html")]
pub struct TermsPage {
    pub shell: Shell,
    pub controller: Controller,
}

/// `/about`
#[derive(Debug, Clone, Template)]
#[template(path = "about.html")]
pub struct AboutPage {
    pub shell: Shell,
    pub controller: Controller,
}

/// The exact text of the notice in a language, for the hash that is stored with an acceptance.
#[must_use]
pub fn notice_source(locale: Locale) -> &'static str {
    match locale {
        Locale::Nb => include_str!("../../templates/legal/notice.nb.html"),
        Locale::En => include_str!("../../templates/legal/notice.en.html"),
    }
}

/// The exact text of the terms in a language.
#[must_use]
pub fn terms_source(locale: Locale) -> &'static str {
    match locale {
        Locale::Nb => include_str!("../../templates/legal/terms.nb.html"),
        Locale::En => include_str!("../../templates/legal/terms.en.html"),
    }
}
