//! Going on beyond the highest price of a call.

use super::parts::{ID, shell};
use crate::pages::extension::{CallExtensionPage, ExtensionStep};
use crate::pages::render;
use crate::text::Locale;

pub(super) fn pages(locale: Locale) -> Vec<(&'static str, String)> {
    let page = |step, is_provider| {
        render(&CallExtensionPage {
            shell: shell(locale, &format!("/call/{ID}/extension")),
            call: ID.into(),
            is_provider,
            other_name: "Kari Nordli".into(),
            step,
            offered: step == ExtensionStep::Offered || step == ExtensionStep::Lapsed,
            currency: "NOK".into(),
            amount_minor: 15_000,
            cap_minor: 45_000,
            offer_amount_minor: 15_000,
            offer_cap_minor: 60_000,
        })
    };
    let mut pages = Vec::new();
    for step in [
        ExtensionStep::Nothing,
        ExtensionStep::Offered,
        ExtensionStep::Asked,
        ExtensionStep::Agreed,
        ExtensionStep::Granted,
        ExtensionStep::Declined,
        ExtensionStep::Refused,
        ExtensionStep::Withdrawn,
        ExtensionStep::Lapsed,
    ] {
        pages.push(("call-extension", page(step, false)));
        pages.push(("call-extension-provider", page(step, true)));
    }
    pages
}
