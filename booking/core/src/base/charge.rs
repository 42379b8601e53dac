//! What may be sold. What a call costs is [`PriceTerms::cost_minor`], which signaling shows while people talk.

use std::collections::BTreeSet;
use std::sync::Arc;

use signaling_protocol::PriceTerms;

/// Whether a service can be sold: a priced one needs somebody who takes the money, and a price that a card can be charged.
#[must_use]
pub fn can_be_sold(price: &PriceTerms, takes_payments: bool) -> bool {
    let most = price.most_minor();
    most == 0 || takes_payments && price.charged_minor(most) == most
}

/// Who can sell what has a price.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Selling {
    #[default]
    Nobody,
    Everybody,
    /// The businesses with these ids: those that have an account of their own for it.
    These(Arc<BTreeSet<String>>),
}

impl Selling {
    #[must_use]
    pub fn includes(&self, org: &str) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::These(orgs) => orgs.contains(org),
        }
    }

    /// With these businesses besides.
    #[must_use]
    pub fn and_these(self, more: Vec<String>) -> Self {
        match self {
            Self::Everybody => Self::Everybody,
            Self::Nobody => Self::These(Arc::new(more.into_iter().collect())),
            Self::These(orgs) => Self::These(Arc::new(orgs.iter().cloned().chain(more).collect())),
        }
    }
}
