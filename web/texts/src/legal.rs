//! Notice and terms as they are accepted at registration, and who answers for the data.

use crate::text::Locale;

/// Version of notice and terms that is accepted at registration; changes with their texts.
pub const LEGAL_VERSION: &str = "2026-11-30";

/// Who answers for the data.
#[derive(Debug, Clone, Default)]
pub struct Controller {
    pub name: String,
    /// Nine digits; empty where not configured.
    pub org_number: String,
    pub email: String,
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
