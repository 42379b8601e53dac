//! Codes that take something off: the pages on which a business, or the operator, makes and ends them.

use askama::Template;

use super::Shell;
use super::commission::CommissionWords;
use super::field::Field;

/// A code with its limits.
#[derive(Debug, Clone)]
pub struct PromoRow {
    pub id: String,
    pub code: String,
    pub off: CommissionWords,
    pub min_price_minor: i64,
    pub from: i64,
    /// The last moment is before this one; none where it holds until it is ended.
    pub until: Option<i64>,
    pub used: i64,
    /// Zero where there is no limit.
    pub uses_max: i64,
    pub per_person_max: i64,
    /// Titles; all where there are none.
    pub services: Vec<String>,
    pub is_stopped: bool,
}

impl PromoRow {
    /// What limits it, in sentences.
    fn limits(&self, shell: &Shell) -> String {
        let mut parts = Vec::new();
        if self.min_price_minor > 0 {
            let amount = shell.money_exact(self.min_price_minor, &self.off.currency);
            parts.push(shell.t1("promo-min-price", "amount", amount));
        }
        if self.per_person_max > 0 {
            parts.push(shell.t1("promo-per-person", "n", self.per_person_max.to_string()));
        }
        if !self.services.is_empty() {
            parts.push(shell.t1("promo-services", "titles", self.services.join(", ")));
        }
        parts.join(" ")
    }

    fn period(&self, shell: &Shell) -> String {
        let from = shell.short_with_year(self.from);
        match self.until {
            Some(until) => shell.t2("promo-period", "from", from, "until", shell.short_with_year(until)),
            None => shell.t1("promo-period-open", "from", from),
        }
    }

    fn uses(&self) -> String {
        match self.uses_max {
            0 => self.used.to_string(),
            most => format!("{} / {most}", self.used),
        }
    }
}

/// What the form has, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct PromoForm {
    pub code: Field,
    pub percent: Field,
    pub fixed: Field,
    pub min_price: Field,
    pub from: Field,
    pub until: Field,
    pub uses: Field,
    pub per_person: Field,
}

impl PromoForm {
    fn problems(&self, shell: &Shell) -> Vec<(&'static str, String)> {
        shell.problems(&[
            ("code", self.code.error),
            ("percent", self.percent.error),
            ("fixed", self.fixed.error),
            ("min_price", self.min_price.error),
            ("from", self.from.error),
            ("until", self.until.error),
            ("uses", self.uses.error),
            ("per_person", self.per_person.error),
        ])
    }
}

/// A service that a code can be for.
#[derive(Debug, Clone)]
pub struct PromoService {
    pub id: String,
    pub title: String,
    pub ticked: bool,
}

/// `/provider/promo`. Form fields: `action` (`add`, `stop` with the `id`), those of [`PromoForm`], and `service` as often as
/// there are services.
#[derive(Debug, Clone, Template)]
#[template(path = "provider_promo.html")]
pub struct ProviderPromoPage {
    pub shell: Shell,
    pub codes: Vec<PromoRow>,
    pub form: PromoForm,
    pub services: Vec<PromoService>,
}

/// `/operator/promo`, likewise.
#[derive(Debug, Clone, Template)]
#[template(path = "operator_promo.html")]
pub struct OperatorPromoPage {
    pub shell: Shell,
    pub codes: Vec<PromoRow>,
    pub form: PromoForm,
}

impl ProviderPromoPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.form.problems(&self.shell)
    }
}

impl OperatorPromoPage {
    fn problems(&self) -> Vec<(&'static str, String)> {
        self.form.problems(&self.shell)
    }

    /// The operator's codes are for every service of whoever leaves the operator enough.
    fn services(&self) -> &[PromoService] {
        &[]
    }
}
