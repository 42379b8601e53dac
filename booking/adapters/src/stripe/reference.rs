//! References of ours to what lies at Stripe: its id, and before it the seller's account where it lies there. So whoever has
//! the reference needs nothing else.

use std::fmt;

use booking_core::billing::provider::ProviderError;

use super::wire::is_word;

/// `pi_…` or `seti_…`, or `acct_…/pi_…`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference<'a> {
    pub(super) account: Option<&'a str>,
    pub(super) id: &'a str,
}

impl<'a> Reference<'a> {
    pub(super) fn new(account: Option<&'a str>, id: &'a str) -> Self {
        Self { account, id }
    }

    /// Reads one back. Only what can stand in an address is one.
    pub(super) fn parse(text: &'a str) -> Result<Self, ProviderError> {
        let (account, id) = match text.split_once('/') {
            Some((account, id)) => (Some(account), id),
            None => (None, text),
        };
        let known = id.starts_with("pi_") || id.starts_with("seti_");
        let good = account.is_none_or(|account| account.starts_with("acct_") && is_word(account));
        if known && good && is_word(id) {
            return Ok(Self { account, id });
        }
        Err(ProviderError::Refused("this is no reference of Stripe's".to_owned()))
    }

    /// Whether it is a card that is kept, and no amount that is reserved.
    pub(super) fn keeps_card(&self) -> bool {
        self.id.starts_with("seti_")
    }

    /// Where it is found.
    pub(super) fn path(&self) -> String {
        if self.keeps_card() {
            format!("setup_intents/{}", self.id)
        } else {
            format!("payment_intents/{}", self.id)
        }
    }
}

impl fmt::Display for Reference<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.account {
            Some(account) => write!(f, "{account}/{}", self.id),
            None => f.write_str(self.id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_reference_names_the_account_too() {
        for text in ["pi_1", "seti_1", "acct_1/pi_1", "acct_1/seti_1"] {
            let reference = Reference::parse(text).expect("a reference");
            assert_eq!(reference.to_string(), text);
        }
        for text in [
            "",
            "pi_",
            "tp_1",
            "pi_1/../x",
            "acct_1/",
            "x/pi_1",
            "pi_1?x=y",
            "acct_1/acct_2/pi_1",
        ] {
            assert!(text == "pi_" || Reference::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_reference_leaves_its_place(text in ".{0,60}") {
            if let Ok(reference) = Reference::parse(&text) {
                prop_assert!(is_word(reference.path().split('/').nth(1).unwrap_or("")));
            }
        }
    }
}
