//! What a payment provider shows on a page of ours. No field of ours takes a card number.

use askama::Template;
use texts::FieldError;

use super::appointment::AppointmentView;
use super::book::{PaymentProblem, TestCardOutcome};
use super::shell::Shell;

/// The part of a form that says how to pay. Form fields: `provider` and `method`.
#[derive(Debug, Clone, Default)]
pub struct PayFields {
    /// Name of the provider.
    pub provider: String,
    /// What it takes is no money.
    pub is_test: bool,
    /// Cards of the test provider; none with any other.
    pub test_cards: Vec<TestChoice>,
    /// The provider's own fields, put on the page by its script.
    pub script: Option<PayScript>,
    /// Paying anew keeps the card: it is too early to reserve anything.
    pub keeps_card: bool,
    /// Days that are left to pay an invoice; none where it is paid in another way.
    pub invoice_days: Option<i64>,
    /// The ways to pay where there are several, this one among them.
    pub choices: Vec<PayChoice>,
    pub error: Option<FieldError>,
}

/// A way to pay that can be chosen instead.
#[derive(Debug, Clone)]
pub struct PayChoice {
    /// Name of the provider, for the address.
    pub provider: String,
    /// Key of what people call it.
    pub key: &'static str,
    pub chosen: bool,
}

/// A card that moves no money.
#[derive(Debug, Clone)]
pub struct TestChoice {
    /// What the form sends.
    pub name: &'static str,
    pub outcome: TestCardOutcome,
    pub chosen: bool,
}

/// What the provider's script needs on the page.
#[derive(Debug, Clone)]
pub struct PayScript {
    pub address: String,
    pub key: String,
    /// The seller's own account; empty without one.
    pub seller_account: String,
    /// The secret of a payment that the bank asks about; empty before.
    pub secret: String,
    /// Hosts that the page's content policy opens for.
    pub hosts: Vec<String>,
}

/// Paying anew for an appointment, before it or after. Form fields as [`PayFields`], or `answer` where the bank asks.
#[derive(Debug, Clone, Template)]
#[template(path = "appointment_payment.html")]
pub struct AppointmentPaymentPage {
    pub shell: Shell,
    pub appointment: AppointmentView,
    pub amount_minor: i64,
    pub currency: String,
    /// Until when it may be paid anew; none where it is owed.
    pub until: Option<i64>,
    /// What it costs not to; nothing where nothing is said.
    pub fee_minor: i64,
    pub problem: Option<PaymentProblem>,
    pub state: PayAnew,
}

/// Where paying anew stands.
#[derive(Debug, Clone)]
pub enum PayAnew {
    Form(PayFields),
    /// The test provider asks in place of a bank.
    TestBank,
    /// The provider's script asks.
    Bank(PayScript),
    /// The person answers at this address, and comes back.
    Link(String),
    /// The provider has not said yet.
    Unknown,
    /// The kept card is charged once more then.
    Later(i64),
}

impl AppointmentPaymentPage {
    fn amount(&self) -> String {
        self.shell.money_exact(self.amount_minor, &self.currency)
    }

    fn fee(&self) -> String {
        self.shell.money_exact(self.fee_minor, &self.currency)
    }

    fn problems(&self) -> Vec<(&'static str, String)> {
        match &self.state {
            PayAnew::Form(fields) => self.shell.problems(&[("method", fields.error)]),
            PayAnew::TestBank | PayAnew::Bank(_) | PayAnew::Link(_) | PayAnew::Unknown | PayAnew::Later(_) => {
                Vec::new()
            }
        }
    }
}
