//! The books: balances by month, time, tax details, and the operator's view of all sellers.

use askama::Template;
use jiff::ToSpan as _;
use jiff::civil::Date;

use super::commission::CommissionWords;
use super::{Field, RecordWord, Shell};
use crate::routes;

/// The month of a page, and the ways to others.
#[derive(Debug, Clone)]
pub struct MonthNav {
    /// Of the page.
    pub path: &'static str,
    /// Its first day.
    pub first: Date,
    /// A day of the month that it is now.
    pub today: Date,
}

impl MonthNav {
    fn earlier_url(&self) -> String {
        routes::books_month(self.path, self.first.saturating_sub(1.month()), 1)
    }

    fn later_url(&self) -> String {
        routes::books_month(self.path, self.first.saturating_add(1.month()), 1)
    }

    fn now_url(&self) -> String {
        routes::books_month(self.path, self.today, 1)
    }

    fn page_url(&self, page: u32) -> String {
        routes::books_month(self.path, self.first, page)
    }

    fn is_now(&self) -> bool {
        self.first == self.today.first_of_month()
    }

    /// Whether there can be nothing after it.
    fn is_last(&self) -> bool {
        self.first >= self.today.first_of_month()
    }

    /// `2026-11`, as forms send it.
    fn name(&self) -> String {
        routes::month_name(self.first)
    }

    fn heading(&self, shell: &Shell) -> String {
        shell.capital(shell.month_year(self.first))
    }
}

/// An account before the month and after it, minor units.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BalanceRow {
    pub before_minor: i64,
    pub after_minor: i64,
}

impl BalanceRow {
    fn moved_minor(&self) -> i64 {
        self.after_minor.saturating_sub(self.before_minor)
    }
}

/// What a business has in one currency. What it sold and the tax in it are positive.
#[derive(Debug, Clone)]
pub struct BalanceBox {
    pub currency: String,
    pub sales: BalanceRow,
    pub vat: BalanceRow,
    pub owed: BalanceRow,
    pub held: BalanceRow,
    /// What the operator kept, and the tax in that.
    pub commission: BalanceRow,
    pub commission_vat: BalanceRow,
    pub paid_out: BalanceRow,
}

impl BalanceBox {
    /// The accounts with the keys of their names; commission and payouts where there ever were any.
    fn rows(&self) -> Vec<(&'static str, BalanceRow)> {
        let mut rows = vec![
            ("books-sales", self.sales),
            ("books-vat", self.vat),
            ("books-owed", self.owed),
            ("books-held", self.held),
        ];
        let more = [
            ("books-commission", self.commission),
            ("books-commission-vat", self.commission_vat),
            ("books-paid-out", self.paid_out),
        ];
        rows.extend(more.into_iter().filter(|(_, row)| *row != BalanceRow::default()));
        rows
    }

    /// What the business has coming, or owes, in a sentence.
    fn words(&self, shell: &Shell) -> String {
        let amount = |minor: i64| shell.money_exact(minor, &self.currency);
        match self.held.after_minor {
            0 => shell.t("books-held-none"),
            minor if minor < 0 => shell.t1("books-held-negative", "amount", amount(minor.saturating_neg())),
            minor => shell.t1("books-held-words", "amount", amount(minor)),
        }
    }

    fn is_negative(&self) -> bool {
        self.held.after_minor < 0
    }
}

/// One posting.
#[derive(Debug, Clone)]
pub struct MoneyLine {
    pub at: i64,
    pub transaction: RecordWord,
    /// Where there is one.
    pub appointment: Option<String>,
    pub service_title: String,
    /// Empty once the account is erased, or without an appointment.
    pub consumer: String,
    pub method: String,
    pub document: Option<String>,
    pub currency: String,
    /// What was sold, without tax.
    pub net_minor: i64,
    pub vat_minor: i64,
    /// What came in, or went out.
    pub held_minor: i64,
}

/// A file that left.
#[derive(Debug, Clone)]
pub struct ExportRow {
    pub at: i64,
    pub file: String,
    pub period: String,
    /// Empty once the account is erased.
    pub who: String,
    pub by_operator: bool,
    pub reason: String,
}

/// `/provider/money?month=&page=`. Sent with `month` and `file`, one of `transactions` and `saft`, it answers with the file.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_money.html")]
pub struct ProviderMoneyPage {
    pub shell: Shell,
    pub month: MonthNav,
    /// By currency.
    pub balances: Vec<BalanceBox>,
    /// Those of this page, oldest first.
    pub lines: Vec<MoneyLine>,
    /// How many the month has.
    pub total: u32,
    pub page: u32,
    pub pages: u32,
    /// Some of it was paid by test cards.
    pub has_test: bool,
    pub lacks_tax: bool,
    /// What the operator keeps of what is booked now; none where nothing.
    pub commission: Option<CommissionWords>,
    pub exports: Vec<ExportRow>,
}

impl ProviderMoneyPage {
    fn time_url(&self) -> String {
        routes::books_month(routes::pattern::PROVIDER_TIME, self.month.first, 1)
    }

    fn year(&self) -> String {
        self.month.first.year().to_string()
    }
}

/// A day's time of one member with one customer.
#[derive(Debug, Clone)]
pub struct TimeLine {
    pub day: Date,
    pub member: String,
    pub consumer: String,
    pub calls: u32,
    pub billable_ms: i64,
}

/// `/provider/time?month=`. Sent with `month` it answers with the file.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_time.html")]
pub struct ProviderTimePage {
    pub shell: Shell,
    pub month: MonthNav,
    pub rows: Vec<TimeLine>,
    /// Calls whose time is not settled yet.
    pub unsettled: u32,
}

impl ProviderTimePage {
    fn sum_ms(&self) -> i64 {
        self.rows.iter().map(|row| row.billable_ms).sum()
    }
}

/// `/provider/tax`. Form fields: as named here, `seller_kind` being `person` or `company`.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_tax.html")]
pub struct ProviderTaxPage {
    pub shell: Shell,
    pub seller_kind: Field,
    pub legal_name: Field,
    pub tin: Field,
    /// ISO date.
    pub birth_date: Field,
    pub address: Field,
    pub postcode: Field,
    pub town: Field,
    pub country: Field,
    pub bank_account: Field,
}

impl ProviderTaxPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("seller_kind", self.seller_kind.error),
            ("legal_name", self.legal_name.error),
            ("tin", self.tin.error),
            ("birth_date", self.birth_date.error),
            ("address", self.address.error),
            ("postcode", self.postcode.error),
            ("town", self.town.error),
            ("country", self.country.error),
            ("bank_account", self.bank_account.error),
        ])
    }
}

/// What one business has, for the operator.
#[derive(Debug, Clone)]
pub struct SellerBalance {
    /// Empty for the sum of all.
    pub name: String,
    pub balance: BalanceBox,
    /// The sum over every account, memo accounts too: zero, or something is wrong.
    pub sum_minor: i64,
}

/// A business to choose.
#[derive(Debug, Clone)]
pub struct SellerChoice {
    pub id: String,
    /// Its name.
    pub label: String,
}

/// `/operator/money?month=&page=`. Sent with `month`, `org`, `file` and `reason` it answers with the file.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_money.html")]
pub struct OperatorMoneyPage {
    pub shell: Shell,
    pub month: MonthNav,
    pub sellers: Vec<SellerBalance>,
    /// By currency.
    pub totals: Vec<SellerBalance>,
    /// Some of it was paid without money, by a provider for tests.
    pub has_test: bool,
    /// Transactions that do not sum to zero.
    pub unbalanced: u32,
    /// How many businesses there are.
    pub total: u32,
    pub page: u32,
    pub pages: u32,
    /// All that have postings.
    pub choices: Vec<SellerChoice>,
    pub org: Field,
    pub file: Field,
    pub reason: Field,
}

impl OperatorMoneyPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("org", self.org.error),
            ("file", self.file.error),
            ("reason", self.reason.error),
        ])
    }

    /// Kinds of files with the keys of their names.
    fn files(&self) -> [(&'static str, &'static str); 3] {
        [
            ("saft", "books-file-saft"),
            ("transactions", "books-file-transactions"),
            ("time", "books-file-time"),
        ]
    }

    fn wrong(&self) -> Vec<&SellerBalance> {
        self.totals.iter().filter(|total| total.sum_minor != 0).collect()
    }
}

/// What a seller got in a quarter, or in the year, minor units.
#[derive(Debug, Clone, Copy, Default)]
pub struct SellerQuarter {
    pub paid_minor: i64,
    pub fees_minor: i64,
    pub activities: i64,
}

/// A seller's year in one currency.
#[derive(Debug, Clone)]
pub struct SellerRow {
    pub name: String,
    pub orgno: String,
    pub has_tax: bool,
    pub currency: String,
    pub quarters: [SellerQuarter; 4],
    pub total: SellerQuarter,
}

/// `/operator/sellers?year=`. Sent with `year` and `reason` it answers with the file.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_sellers.html")]
pub struct OperatorSellersPage {
    pub shell: Shell,
    pub year: i16,
    pub this_year: i16,
    /// Some of it was paid without money, by a provider for tests.
    pub has_test: bool,
    /// Those that were paid something.
    pub rows: Vec<SellerRow>,
    /// Names of those whose tax details are missing.
    pub lacking: Vec<String>,
    /// Nobody can be booked, or could be.
    pub is_empty: bool,
    pub reason: Field,
}

impl OperatorSellersPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[("reason", self.reason.error)])
    }

    fn earlier_url(&self) -> String {
        routes::books_year(routes::pattern::OPERATOR_SELLERS, self.year - 1)
    }

    fn later_url(&self) -> String {
        routes::books_year(routes::pattern::OPERATOR_SELLERS, self.year + 1)
    }

    fn quarter_name(&self, index: &usize) -> String {
        self.shell.t1("books-quarter", "n", (index + 1).to_string())
    }
}
