//! Lists of documents: a customer's own, and those of a business by month.

use askama::Template;
use jiff::civil::Date;

use super::Shell;
use crate::routes;

/// One document in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    pub id: String,
    /// Key of what it is called.
    pub kind: &'static str,
    pub number: String,
    pub issued_at: i64,
    /// Who sold, for customers; empty for the business itself.
    pub seller: String,
    /// The appointment that it is about.
    pub appointment: Option<String>,
    /// Minor units; less than nothing where it takes something back.
    pub total_minor: i64,
    pub currency: String,
}

/// What the documents of a kind come to in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSum {
    pub kind: &'static str,
    pub count: u32,
    pub total_minor: i64,
    pub vat_minor: i64,
    pub currency: String,
}

/// `/account/documents?page=`
#[derive(Debug, Clone, Template)]
#[template(path = "account_documents.html")]
pub struct AccountDocumentsPage {
    pub shell: Shell,
    /// Newest first, those of this page.
    pub documents: Vec<DocumentRow>,
    pub page: u32,
    pub pages: u32,
}

impl AccountDocumentsPage {
    fn url(&self, page: u32) -> String {
        let page = if page > 1 { page.to_string() } else { String::new() };
        routes::with_query(routes::pattern::ACCOUNT_DOCUMENTS, &[("page", &page)])
    }

    fn before_url(&self) -> String {
        self.url(self.page.saturating_sub(1))
    }

    fn next_url(&self) -> String {
        self.url(self.page.saturating_add(1))
    }
}

/// `/provider/documents?day=&page=`
#[derive(Debug, Clone, Template)]
#[template(path = "provider_documents.html")]
pub struct ProviderDocumentsPage {
    pub shell: Shell,
    /// First and last day of the month.
    pub first: Date,
    pub last: Date,
    /// Oldest first, those of this page.
    pub documents: Vec<DocumentRow>,
    pub sums: Vec<DocumentSum>,
    pub page: u32,
    pub pages: u32,
}

impl ProviderDocumentsPage {
    fn heading(&self) -> String {
        self.shell.capital(self.shell.month_year(self.first))
    }

    fn earlier_url(&self) -> String {
        routes::provider_documents(self.first.yesterday().unwrap_or(self.first), 1)
    }

    fn later_url(&self) -> String {
        routes::provider_documents(self.last.tomorrow().unwrap_or(self.last), 1)
    }

    fn before_url(&self) -> String {
        routes::provider_documents(self.first, self.page.saturating_sub(1))
    }

    fn next_url(&self) -> String {
        routes::provider_documents(self.first, self.page.saturating_add(1))
    }
}
