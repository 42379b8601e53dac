//! What may be sold. What a call costs is [`PriceTerms::cost_minor`], which signaling shows while people talk.

use signaling_protocol::PriceTerms;

/// Whether a service can be sold: a priced one needs somebody who takes the money.
#[must_use]
pub fn can_be_sold(price: &PriceTerms, takes_payments: bool) -> bool {
    takes_payments || price.most_minor() == 0
}
