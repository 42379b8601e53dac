//! Invoices as operators see them: what is open, what is to be paid back, and what came in.

use askama::Template;
use texts::routes;

use super::field::Field;
use super::shell::Shell;

/// How an open invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvoiceStanding {
    /// There is time left to pay it.
    Sent,
    Overdue,
    /// So many reminders went out.
    Reminded(i64),
    /// The last reminder brought no money either.
    ForCollection,
    /// More came in than was owed.
    ToPayBack,
}

impl InvoiceStanding {
    pub const ALL: [Self; 5] = [
        Self::Sent,
        Self::Overdue,
        Self::Reminded(1),
        Self::ForCollection,
        Self::ToPayBack,
    ];

    fn text(self, shell: &Shell) -> String {
        match self {
            Self::Sent => shell.t("invoice-sent"),
            Self::Overdue => shell.t("invoice-overdue"),
            Self::Reminded(times) => shell.t1("invoice-reminded", "n", times.to_string()),
            Self::ForCollection => shell.t("invoice-for-collection"),
            Self::ToPayBack => shell.t("invoice-to-pay-back"),
        }
    }
}

/// An invoice of which something is open.
#[derive(Debug, Clone)]
pub struct InvoiceRow {
    /// Id of its payment.
    pub id: String,
    pub appointment: String,
    /// `2026-000001`
    pub number: String,
    pub provider: String,
    pub kid: String,
    pub total_minor: i64,
    /// What is to be paid, or to be paid back: never negative.
    pub open_minor: i64,
    pub currency: String,
    pub due_at: i64,
    pub standing: InvoiceStanding,
    /// As typed.
    pub amount: Field,
    pub day: Field,
}

impl InvoiceRow {
    fn path(&self) -> String {
        routes::operator_appointment(&self.appointment)
    }

    /// What the form of the row does.
    fn action(&self) -> &'static str {
        match self.standing {
            InvoiceStanding::ToPayBack => "paid_back",
            InvoiceStanding::Sent
            | InvoiceStanding::Overdue
            | InvoiceStanding::Reminded(_)
            | InvoiceStanding::ForCollection => "paid",
        }
    }
}

/// `/operator/invoices`. Form fields: `action` (`paid`, `paid_back`), `id`, `amount` and `day`.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_invoices.html")]
pub struct OperatorInvoicesPage {
    pub shell: Shell,
    pub rows: Vec<InvoiceRow>,
    /// More are open than the page shows.
    pub has_more: bool,
}

/// How a line of the bank and the invoices go together; sums are minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankWord {
    Whole,
    Part { left_minor: i64 },
    More { over_minor: i64 },
    Unknown,
    Noted,
}

impl BankWord {
    fn text(self, shell: &Shell) -> String {
        let sum = |minor: i64| shell.money_exact(minor, "NOK");
        match self {
            Self::Whole => shell.t("bank-whole"),
            Self::Part { left_minor } => shell.t1("bank-part", "amount", sum(left_minor)),
            Self::More { over_minor } => shell.t1("bank-more", "amount", sum(over_minor)),
            Self::Unknown => shell.t("bank-unknown"),
            Self::Noted => shell.t("bank-noted"),
        }
    }
}

/// A line of the bank.
#[derive(Debug, Clone)]
pub struct BankRow {
    pub line: usize,
    /// ISO date.
    pub day: String,
    pub amount_minor: i64,
    pub kid: String,
    /// Number of the invoice, and the business; empty where there is none.
    pub number: String,
    pub provider: String,
    pub word: BankWord,
}

/// What a file of the bank says, before anything of it is noted.
#[derive(Debug, Clone)]
pub struct BankPreview {
    pub rows: Vec<BankRow>,
    /// Lines of what went out.
    pub skipped: usize,
    pub unreadable: Vec<usize>,
    /// How many would be noted.
    pub to_note: usize,
}

impl BankPreview {
    fn unreadable_lines(&self) -> String {
        let numbers: Vec<String> = self.unreadable.iter().take(20).map(ToString::to_string).collect();
        numbers.join(", ")
    }
}

/// `/operator/invoices/bank`. Form fields: `file`, the text of the bank's file, and `action` (`look`, `note`).
#[derive(Debug, Clone, Template)]
#[template(path = "operator_bank.html")]
pub struct OperatorBankPage {
    pub shell: Shell,
    pub file: Field,
    pub preview: Option<BankPreview>,
}

impl OperatorBankPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("file", self.file.error)])
    }
}

impl OperatorInvoicesPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        let wrong = |row: &&InvoiceRow| row.amount.error.is_some() || row.day.error.is_some();
        match self.rows.iter().find(wrong) {
            Some(row) => self
                .shell
                .problems(&[("wrong", row.amount.error), ("wrong", row.day.error)]),
            None => Vec::new(),
        }
    }
}
