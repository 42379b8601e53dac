//! Going on beyond the highest price of a call by the minute: the page without script of what the call page asks in place.

use askama::Template;

use super::Shell;

/// Where the newest question about extending stands, or what may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionStep {
    /// There is nothing to ask for.
    Nothing,
    /// The consumer may ask.
    Offered,
    Asked,
    Agreed,
    Granted,
    Declined,
    Refused,
    Withdrawn,
    Lapsed,
}

impl ExtensionStep {
    /// The key of what it means for a side.
    #[must_use]
    pub fn key(self, is_provider: bool) -> &'static str {
        match (self, is_provider) {
            (Self::Nothing, _) | (Self::Offered, true) => "call-extend-none",
            (Self::Offered, false) => "call-extend-offer",
            (Self::Asked, false) => "call-extend-asked",
            (Self::Asked, true) => "call-extend-asks",
            (Self::Agreed, _) => "call-extend-agreed",
            (Self::Granted, _) => "call-extend-granted",
            (Self::Declined, false) => "call-extend-declined",
            (Self::Declined, true) => "call-extend-declined-by-you",
            (Self::Refused, _) => "call-extend-refused",
            (Self::Withdrawn, _) => "call-extend-withdrawn",
            (Self::Lapsed, _) => "call-extend-lapsed",
        }
    }
}

/// `/call/{id}/extension`. Form fields: `action` (`ask`, `withdraw`, `agree`, `decline`) and `amount` of what is asked for,
/// minor units.
#[derive(Debug, Clone, Template)]
#[template(path = "call_extension.html")]
pub struct CallExtensionPage {
    pub shell: Shell,
    pub call: String,
    pub is_provider: bool,
    pub other_name: String,
    pub step: ExtensionStep,
    /// What may be asked for besides, where the newest question is over.
    pub offered: bool,
    pub currency: String,
    /// The sum of the question or the offer, and the highest price with it; of what is over the highest price as it is.
    pub amount_minor: i64,
    pub cap_minor: i64,
    /// Of the offer.
    pub offer_amount_minor: i64,
    pub offer_cap_minor: i64,
}

impl CallExtensionPage {
    fn money(&self, minor: &i64) -> String {
        self.shell.money_exact(minor, &self.currency)
    }

    fn words(&self, key: &str, amount: &i64, cap: &i64) -> String {
        let (amount, cap) = (self.money(amount), self.money(cap));
        let args = [
            ("name", self.other_name.as_str().into()),
            ("amount", amount.as_str().into()),
            ("cap", cap.as_str().into()),
        ];
        crate::text::t(self.shell.locale, key, &args)
    }

    fn said(&self) -> String {
        self.words(self.step.key(self.is_provider), &self.amount_minor, &self.cap_minor)
    }

    fn offer(&self, key: &str) -> String {
        self.words(key, &self.offer_amount_minor, &self.offer_cap_minor)
    }

    fn can_answer(&self) -> bool {
        self.is_provider && self.step == ExtensionStep::Asked
    }

    fn can_withdraw(&self) -> bool {
        !self.is_provider && self.step == ExtensionStep::Asked
    }

    fn can_ask(&self) -> bool {
        !self.is_provider && self.offered
    }
}
