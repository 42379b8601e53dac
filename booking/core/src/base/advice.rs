//! What a server still lacks, each with the way out: the same words for the command that is asked and for the operator's page.

use texts::{Locale, t};

/// One thing that is missing or unwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// Keys of two texts: what it is, and what to do. Between backticks stands what is typed as it is.
    keys: (&'static str, &'static str),
    args: Vec<(&'static str, String)>,
    /// Something does not work, rather than not for everybody or not for long.
    pub is_broken: bool,
}

impl Advice {
    /// Works, but not for everybody or not for long.
    #[must_use]
    pub fn unwise(what: &'static str, way_out: &'static str) -> Self {
        Self {
            keys: (what, way_out),
            args: Vec::new(),
            is_broken: false,
        }
    }

    /// Does not work.
    #[must_use]
    pub fn broken(what: &'static str, way_out: &'static str) -> Self {
        Self {
            is_broken: true,
            ..Self::unwise(what, way_out)
        }
    }

    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.args.push((name, value.to_string()));
        self
    }

    #[must_use]
    pub fn what(&self, locale: Locale) -> String {
        self.text(locale, self.keys.0)
    }

    #[must_use]
    pub fn way_out(&self, locale: Locale) -> String {
        self.text(locale, self.keys.1)
    }

    fn text(&self, locale: Locale, key: &str) -> String {
        let args: Vec<_> = self
            .args
            .iter()
            .map(|(name, value)| (*name, value.as_str().into()))
            .collect();
        t(locale, key, &args)
    }
}

/// Knows what this process lacks on its machine.
pub trait Advisor: Send + Sync {
    /// What is missing at this moment, the worst first.
    fn advice(&self) -> Vec<Advice>;
}
