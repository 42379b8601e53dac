//! From a held slot to a booking: details, payment, the bank's question.

use askama::Template;

use super::commission::CommissionWords;
use super::pay::{PayFields, PayScript};
use super::seller::SellerView;
use super::{Check, Field, FieldError, PriceBox, PriceModel, Shell};
use crate::routes;

/// What the pages of a booking show about the held time.
#[derive(Debug, Clone)]
pub struct HoldView {
    pub id: String,
    pub starts_at: i64,
    pub ends_at: i64,
    pub expires_at: i64,
    /// A hold may be extended once.
    pub can_extend: bool,
    pub service: String,
    pub service_title: String,
    pub provider_name: String,
    pub provider_slug: String,
    pub price: PriceBox,
}

/// A time that the visitor holds, on a page outside the steps of booking.
#[derive(Debug, Clone)]
pub struct HeldTime {
    pub id: String,
    pub service: String,
    pub provider_name: String,
    pub starts_at: i64,
    pub expires_at: i64,
    /// Everything but the payment is done.
    pub to_pay: bool,
}

impl HeldTime {
    /// What is held, and until when.
    pub(crate) fn sentence(&self, shell: &Shell) -> String {
        let args = [
            ("when", shell.day_time(self.starts_at).into()),
            ("name", self.provider_name.as_str().into()),
            ("until", shell.clock(self.expires_at).into()),
        ];
        crate::text::t(shell.locale, "held-until", &args)
    }

    /// Where booking it goes on.
    pub(crate) fn url(&self) -> String {
        if self.to_pay {
            routes::book_payment(&self.id)
        } else {
            routes::book(&self.id)
        }
    }
}

/// The details step. Form fields: `about`, those of [`BuyerFields`], and by [`AccountStep`] those of [`VisitorForm`].
#[derive(Debug, Clone, Template)]
#[template(path = "book_details.html")]
pub struct BookDetailsPage {
    pub shell: Shell,
    pub hold: HoldView,
    pub about: Field,
    pub buyer: BuyerFields,
    pub account: AccountStep,
}

/// The organisation in whose name somebody books, if any. Form fields: `org_name`, `org_number`.
#[derive(Debug, Clone, Default)]
pub struct BuyerFields {
    pub name: Field,
    pub number: Field,
}

impl BuyerFields {
    /// Something was typed, or is wrong.
    fn is_open(&self) -> bool {
        [&self.name, &self.number]
            .iter()
            .any(|field| !field.value.is_empty() || field.error.is_some())
    }
}

/// Who is booking, as far as we know.
#[derive(Debug, Clone)]
pub enum AccountStep {
    SignedIn {
        name: String,
        email: String,
    },
    /// Signed in, but the e-mail address is not verified: the page asks to open the mail, and offers to send it again.
    Unverified {
        email: String,
        /// The person said that it is verified.
        claimed: bool,
    },
    Visitor(VisitorForm),
}

/// Inline registration and sign-in in one form. Field names: `account` (`register` or `sign_in`), `email`, `password`,
/// and for registration `name`, `phone`, `place`, `accept` (`yes`).
#[derive(Debug, Clone, Default)]
pub struct VisitorForm {
    pub has_account: bool,
    pub email: Field,
    /// The password itself never comes back.
    pub password: Option<FieldError>,
    pub name: Field,
    pub phone: Field,
    pub place: Field,
    pub accept: Check,
}

impl VisitorForm {
    /// Tells password managers whether to make a password up or fill one in.
    fn password_kind(&self) -> &'static str {
        if self.has_account {
            "current-password"
        } else {
            "new-password"
        }
    }
}

impl BookDetailsPage {
    fn step(&self) -> u32 {
        2
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("about", self.about.error)];
        if let AccountStep::Visitor(form) = &self.account {
            fields.extend([
                ("name", form.name.error),
                ("email", form.email.error),
                ("phone", form.phone.error),
                ("place", form.place.error),
                ("password", form.password),
                ("accept", form.accept.error),
            ]);
        }
        fields.extend([
            ("org_name", self.buyer.name.error),
            ("org_number", self.buyer.number.error),
        ]);
        self.shell.problems(&fields)
    }
}

/// Why a payment did not go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentProblem {
    Declined,
    NoFunds,
    /// The bank could not confirm that it was the holder.
    NotConfirmed,
    /// We do not know: must not be tried again.
    Unknown,
    /// Our fault.
    Fault,
    /// Nobody takes payments on this server.
    Off,
    /// The business has not said who sells.
    SellerUnknown,
}

impl PaymentProblem {
    pub const ALL: [Self; 7] = [
        Self::Declined,
        Self::NoFunds,
        Self::NotConfirmed,
        Self::Unknown,
        Self::Fault,
        Self::Off,
        Self::SellerUnknown,
    ];

    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Declined => "payment-declined",
            Self::NoFunds => "payment-no-funds",
            Self::NotConfirmed => "payment-not-confirmed",
            Self::Unknown => "payment-unknown",
            Self::Fault => "payment-fault",
            Self::Off => "payment-off",
            Self::SellerUnknown => "payment-seller-unknown",
        }
    }
}

/// What a card of the test provider does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestCardOutcome {
    Accepted,
    Declined,
    NoFunds,
    NeedsConfirmation,
    CaptureFailsOnce,
    CaptureFails,
    DeclinedLater,
}

impl TestCardOutcome {
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Accepted => "test-card-accepted",
            Self::Declined => "test-card-declined",
            Self::NoFunds => "test-card-no-funds",
            Self::NeedsConfirmation => "test-card-needs-confirmation",
            Self::CaptureFailsOnce => "test-card-capture-fails-once",
            Self::CaptureFails => "test-card-capture-fails",
            Self::DeclinedLater => "test-card-declined-later",
        }
    }
}

/// An appointment of the person's own at the time that is being booked.
#[derive(Debug, Clone)]
pub struct Overlap {
    pub id: String,
    pub starts_at: i64,
    pub ends_at: i64,
    /// The other side.
    pub with: String,
    pub service_title: String,
}

/// The payment step. Form fields as [`PayFields`], but for a free service; and `withdrawal` (`yes`) where it is asked.
#[derive(Debug, Clone, Template)]
#[template(path = "book_payment.html")]
pub struct BookPaymentPage {
    pub shell: Shell,
    pub hold: HoldView,
    pub problem: Option<PaymentProblem>,
    /// The person's own appointments at the same time: a warning, no refusal.
    pub overlaps: Vec<Overlap>,
    /// How to pay.
    pub pay: PayFields,
    /// The card is kept, and the amount reserved a day before.
    pub keeps_card: bool,
    /// Asked where the appointment takes place before the right of withdrawal ends.
    pub withdrawal: Option<Check>,
    /// Who sells, once the business has said so.
    pub seller: Option<SellerView>,
    /// A code to type, or the one that is used; none where there are none.
    pub promo: Option<PromoField>,
}

/// The form for a promo code. Form fields: `action` (`promo` with `promo`, or `no-promo`).
#[derive(Debug, Clone)]
pub struct PromoField {
    /// Something is off the price already.
    pub is_used: bool,
    pub code: Field,
}

/// The bank's question, or the test provider's in place of it. Form field: `answer` (`approve`, `refuse`, or `leave` to pay in
/// another way).
#[derive(Debug, Clone, Template)]
#[template(path = "book_confirm.html")]
pub struct BookConfirmPage {
    pub shell: Shell,
    pub hold: HoldView,
    pub bank: Bank,
}

/// Who asks, and where.
#[derive(Debug, Clone)]
pub enum Bank {
    /// The test provider, on this page.
    Test,
    /// The provider's script.
    Script(PayScript),
    /// The person answers at this address, and comes back.
    Link(String),
}

impl BookPaymentPage {
    fn step(&self) -> u32 {
        3
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("promo", self.promo.as_ref().and_then(|promo| promo.code.error)),
            ("method", self.pay.error),
            ("withdrawal", self.withdrawal.and_then(|check| check.error)),
        ])
    }

    fn heading(&self) -> String {
        self.shell.t(if self.hold.price.is_free() {
            "payment-title-free"
        } else {
            "payment-title"
        })
    }

    /// The most that can be charged, in words.
    fn most(&self) -> String {
        let price = &self.hold.price.price;
        self.shell.money(price.most_minor(), &price.currency)
    }

    /// What the code takes off, in words.
    fn off(&self) -> String {
        let price = &self.hold.price.price;
        price.discount.map_or_else(String::new, |discount| {
            let words = CommissionWords {
                percent_bp: i64::from(discount.percent_bp),
                fixed_minor: discount.fixed_minor,
                currency: price.currency.clone(),
            };
            words.words(&self.shell)
        })
    }

    /// What the button does, in words that fit the price.
    fn button(&self) -> String {
        let key = match self.hold.price.price.model {
            _ if self.hold.price.is_free() => return self.shell.t("book-free"),
            PriceModel::Free => return self.shell.t("book-free"),
            PriceModel::Fixed { .. } if self.pay.invoice_days.is_some() => "book-and-invoice-fixed",
            PriceModel::PerMinute { .. } if self.pay.invoice_days.is_some() => "book-and-invoice",
            PriceModel::Fixed { .. } if self.keeps_card => "book-and-keep-fixed",
            PriceModel::PerMinute { .. } if self.keeps_card => "book-and-keep",
            PriceModel::Fixed { .. } => "book-and-pay-fixed",
            PriceModel::PerMinute { .. } => "book-and-pay",
        };
        self.shell.t1(key, "amount", self.most())
    }

    /// Whether the price can be paid here.
    fn can_book(&self) -> bool {
        !matches!(self.problem, Some(PaymentProblem::Off | PaymentProblem::SellerUnknown))
    }

    /// What is reserved now, and what is charged later.
    fn promise(&self) -> String {
        if self.keeps_card {
            return self.shell.t1("payment-keep-text", "amount", self.most());
        }
        if self.pay.invoice_days.is_some() {
            return self.shell.t1("payment-promise-invoice", "amount", self.most());
        }
        let key = match self.hold.price.price.model {
            PriceModel::PerMinute { .. } => "payment-promise-minutes",
            PriceModel::Fixed { .. } | PriceModel::Free => "payment-promise-fixed",
        };
        self.shell.t1(key, "amount", self.most())
    }
}

impl BookConfirmPage {
    /// What the bank asks, in words that fit the price.
    fn question(&self) -> String {
        let price = &self.hold.price.price;
        let key = match price.model {
            PriceModel::Fixed { .. } => "bank-text-fixed",
            PriceModel::PerMinute { .. } | PriceModel::Free => "bank-text",
        };
        let amount = self.shell.money_exact(price.most_minor(), &price.currency);
        self.shell.t2(key, "amount", amount, "name", &self.hold.provider_name)
    }

    fn step(&self) -> u32 {
        3
    }
}
