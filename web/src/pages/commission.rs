//! What the operator keeps of sales: the operator's page of its rules, and the words that businesses read.

use askama::Template;

use super::Shell;
use super::field::Field;
use super::search::Category;

/// The terms of a commission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissionWords {
    /// Basis points of what a customer paid.
    pub percent_bp: i64,
    /// Minor units, besides.
    pub fixed_minor: i64,
    pub currency: String,
}

impl CommissionWords {
    /// `10 %`, `7,5 % + 5,00 kr`, `5,00 kr`
    pub(crate) fn words(&self, shell: &Shell) -> String {
        let whole = self.percent_bp / 100;
        let rest = format!("{:02}", self.percent_bp % 100);
        let rest = rest.trim_end_matches('0');
        let comma = shell.t("decimal-comma");
        let percent = match rest {
            "" => format!("{whole}\u{a0}%"),
            rest => format!("{whole}{comma}{rest}\u{a0}%"),
        };
        match (self.percent_bp, self.fixed_minor) {
            (_, ..=0) => percent,
            (0, fixed) => shell.money_exact(fixed, &self.currency),
            (_, fixed) => format!("{percent} + {}", shell.money_exact(fixed, &self.currency)),
        }
    }
}

/// What is kept of an appointment, for the business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppointmentCommission {
    pub terms: CommissionWords,
    /// So far, minor units.
    pub kept_minor: i64,
    pub currency: String,
}

impl AppointmentCommission {
    pub(crate) fn words(&self, shell: &Shell) -> String {
        let kept = shell.money_exact(self.kept_minor, &self.currency);
        shell.t2(
            "commission-of-booking",
            "terms",
            self.terms.words(shell),
            "amount",
            kept,
        )
    }
}

/// A rule on the operator's page.
#[derive(Debug, Clone)]
pub struct CommissionRow {
    /// As the form names it: nothing for everybody, `category:vet`, `org:` and the id of a business.
    pub scope: String,
    /// Name of the business, or nothing.
    pub org_name: String,
    /// None where from then on the next wider rule holds.
    pub terms: Option<CommissionWords>,
    pub from: i64,
    /// Begins later.
    pub is_ahead: bool,
    /// Holds now, and can be ended so that a wider one holds.
    pub can_end: bool,
}

impl CommissionRow {
    fn whom(&self, shell: &Shell) -> String {
        if !self.org_name.is_empty() {
            return self.org_name.clone();
        }
        match self.scope.strip_prefix("category:").and_then(Category::from_slug) {
            Some(category) => shell.t(category.key()),
            None => shell.t("commission-everybody"),
        }
    }
}

/// `/operator/commission`. Form fields: `action` (`add`, `end`), `scope`, `percent`, `fixed`, `from`.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_commission.html")]
pub struct OperatorCommissionPage {
    pub shell: Shell,
    pub rules: Vec<CommissionRow>,
    /// Businesses by id and name.
    pub orgs: Vec<(String, String)>,
    pub is_vat_registered: bool,
    pub scope: Field,
    pub percent: Field,
    pub fixed: Field,
    pub from: Field,
}

impl OperatorCommissionPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.shell.problems(&[
            ("scope", self.scope.error),
            ("percent", self.percent.error),
            ("fixed", self.fixed.error),
            ("from", self.from.error),
        ])
    }
}
