//! The business's own account at the payment provider.

use askama::Template;

use super::Shell;

/// Where the account of a business stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SellerStanding {
    /// It has none.
    None,
    /// The provider waits for the business.
    Begun,
    /// The business waits for the provider.
    Checked,
    Ready,
    Closed,
    /// Where the business goes on; good once, for minutes.
    Link(String),
    /// The provider did not answer.
    Unavailable,
}

/// `/provider/payments`, where sellers are paid directly.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_payments.html")]
pub struct ProviderPaymentsPage {
    pub shell: Shell,
    pub standing: SellerStanding,
}

impl ProviderPaymentsPage {
    fn text(&self) -> &'static str {
        match self.standing {
            SellerStanding::None => "seller-none",
            SellerStanding::Begun => "seller-begun",
            SellerStanding::Checked => "seller-checked",
            SellerStanding::Ready => "seller-ready",
            SellerStanding::Closed => "seller-closed",
            SellerStanding::Link(_) => "seller-link",
            SellerStanding::Unavailable => "seller-unavailable",
        }
    }

    /// What the button does that asks the provider for a way on.
    fn button(&self) -> Option<&'static str> {
        match self.standing {
            SellerStanding::None => Some("seller-open"),
            SellerStanding::Closed => Some("seller-open-anew"),
            SellerStanding::Begun => Some("seller-go-on"),
            SellerStanding::Checked => Some("seller-look"),
            SellerStanding::Unavailable => Some("seller-try-again"),
            SellerStanding::Ready | SellerStanding::Link(_) => None,
        }
    }

    fn link(&self) -> Option<&str> {
        if let SellerStanding::Link(url) = &self.standing {
            Some(url)
        } else {
            None
        }
    }

    fn is_ready(&self) -> bool {
        self.standing == SellerStanding::Ready
    }
}
