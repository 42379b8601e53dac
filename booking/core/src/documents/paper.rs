//! What stands on a document of any kind, frozen when it is issued, and its page in the reader's language.

use serde::Serialize;
use texts::{Locale, format, t};

use super::DocumentKind;
use super::layout::{Item, Sheet};
use crate::base::Micros;
use crate::base::money::VatSplit;
use crate::base::vat::VatCode;

/// Everything on a document, kept beside its bytes. Amounts are minor units of `currency`; texts are in `locale`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Paper {
    pub kind: DocumentKind,
    /// Given when it is issued, as is the moment.
    pub number: String,
    pub issued_at: Micros,
    /// Of the reader.
    #[serde(serialize_with = "as_tag")]
    pub locale: Locale,
    pub time_zone: String,
    pub currency: String,
    /// Label and value, below number and date.
    pub facts: Vec<(String, String)>,
    pub seller: Party,
    pub buyer: Party,
    /// What it is about. The amounts are gross; together they are the total.
    pub lines: Vec<PaperLine>,
    /// The total by tax: gross amounts that together are the total.
    pub vat: Vec<VatLine>,
    /// By what it was paid, and amounts with their labels.
    pub payment_heading: String,
    pub payment: Vec<(String, i64)>,
    /// Sentences at the end.
    pub notes: Vec<String>,
    /// No money has moved.
    pub test: bool,
}

/// Who sells or buys.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Party {
    pub name: String,
    /// Nine digits, or empty.
    pub orgno: String,
    /// As it was when the thing was sold: "MVA" stands behind the number.
    pub vat_registered: bool,
    /// Street, town and the like.
    pub address: Vec<String>,
    /// "Foretaksregisteret" stands beside the number (bokføringsforskriften section 5-1-2).
    pub names_register: bool,
}

/// A line with its amount, which stands beside the first row of the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaperLine {
    pub text: Vec<String>,
    pub amount_minor: i64,
}

/// The part of the total that is taxed in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct VatLine {
    pub code: VatCode,
    pub rate_bp: u32,
    pub net_minor: i64,
    pub vat_minor: i64,
    pub gross_minor: i64,
}

impl VatLine {
    #[must_use]
    pub fn new(code: VatCode, split: VatSplit) -> Self {
        Self {
            code,
            rate_bp: split.rate_bp,
            net_minor: split.net_minor,
            vat_minor: split.vat_minor,
            gross_minor: split.gross_minor,
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn as_tag<S: serde::Serializer>(locale: &Locale, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(locale.tag())
}

impl Paper {
    /// What the lines come to; `None` where that leaves the range of amounts.
    #[must_use]
    pub fn total_minor(&self) -> Option<i64> {
        sum(self.lines.iter().map(|line| line.amount_minor))
    }

    /// The tax in the total; `None` where that leaves the range of amounts.
    #[must_use]
    pub fn vat_minor(&self) -> Option<i64> {
        sum(self.vat.iter().map(|line| line.vat_minor))
    }

    /// Whether the taxed parts make up the total, each of net and tax.
    pub(super) fn adds_up(&self) -> bool {
        // A statement sells nothing, so there is no tax in it.
        if self.kind == DocumentKind::PayoutStatement {
            return self.vat.is_empty() && self.total_minor().is_some();
        }
        let parts = sum(self.vat.iter().map(|line| line.gross_minor));
        let split = |line: &VatLine| line.net_minor.checked_add(line.vat_minor) == Some(line.gross_minor);
        parts.is_some() && parts == self.total_minor() && self.vat.iter().all(split)
    }

    /// The page.
    pub(super) fn sheet(&self) -> Sheet {
        let text = |key: &str| t(self.locale, key, &[]);
        let mut facts = vec![
            (text("document-number"), self.number.clone()),
            (text("document-issued"), self.issue_date()),
        ];
        facts.extend(self.facts.iter().cloned());
        let items = self.lines.iter().map(|line| Item {
            text: line.text.clone(),
            amount: self.money(line.amount_minor),
        });
        let payment = self.payment.iter();
        Sheet {
            locale: self.locale,
            name: text(self.kind.key()),
            title: text(if self.test {
                self.kind.test_key()
            } else {
                self.kind.key()
            }),
            number: self.number.clone(),
            facts,
            seller: self.party("document-seller", &self.seller),
            buyer: self.party("document-buyer", &self.buyer),
            item_heading: (text("document-item"), text("document-amount")),
            items: items.collect(),
            tax_notes: self.tax_notes(),
            totals: self.totals(),
            payment_heading: self.payment_heading.clone(),
            payment: payment
                .map(|(label, minor)| (label.clone(), self.money(*minor)))
                .collect(),
            notes: self.notes.clone(),
        }
    }

    /// An amount with two decimals, in the document's currency.
    pub(super) fn money(&self, minor: i64) -> String {
        format::money_exact(self.locale, minor, &self.currency)
    }

    /// ISO 8601, which nobody mistakes.
    fn issue_date(&self) -> String {
        format::date_of(self.issued_at, &self.time_zone).to_string()
    }

    /// Why there is no tax, a sentence for each reason.
    fn tax_notes(&self) -> Vec<String> {
        let mut keys: Vec<&str> = self.vat.iter().filter_map(|line| line.code.legal_key()).collect();
        keys.dedup();
        keys.into_iter().map(|key| t(self.locale, key, &[])).collect()
    }

    /// Base and tax of every rate, and the sum.
    fn totals(&self) -> Vec<(String, String)> {
        let several = self.vat.len() > 1;
        let mut rows = Vec::new();
        for line in &self.vat {
            let rate = percent(line.rate_bp, self.locale);
            let label = |key: &str| t(self.locale, key, &[("rate", rate.as_str().into())]);
            match (line.code.is_taxed(), several) {
                (true, false) => rows.push((label("document-net"), self.money(line.net_minor))),
                (true, true) => rows.push((label("document-net-rate"), self.money(line.net_minor))),
                (false, true) => rows.push((label("document-untaxed"), self.money(line.gross_minor))),
                (false, false) => {}
            }
            if line.code.is_taxed() {
                rows.push((label("document-vat"), self.money(line.vat_minor)));
            }
        }
        let total = self.total_minor().unwrap_or_default();
        let label = match self.kind {
            DocumentKind::PayoutStatement => "document-closing",
            DocumentKind::Receipt
            | DocumentKind::Invoice
            | DocumentKind::CreditNote
            | DocumentKind::CommissionInvoice => "document-total",
        };
        rows.push((t(self.locale, label, &[]), self.money(total)));
        rows
    }

    /// Heading, name, address and number.
    fn party(&self, heading: &str, party: &Party) -> Vec<String> {
        let mut lines = vec![t(self.locale, heading, &[]), party.name.clone()];
        lines.extend(party.address.iter().cloned());
        if !party.orgno.is_empty() {
            let key = if party.vat_registered {
                "document-orgno-vat"
            } else {
                "document-orgno"
            };
            let mut number = t(self.locale, key, &[("orgno", party.orgno.as_str().into())]);
            // The register's name is not translated: it is what the regulation wants to be read.
            if party.names_register {
                number.push_str(", Foretaksregisteret");
            }
            lines.push(number);
        }
        lines.retain(|line| !line.trim().is_empty());
        lines
    }
}

fn sum(mut amounts: impl Iterator<Item = i64>) -> Option<i64> {
    amounts.try_fold(0_i64, i64::checked_add)
}

/// `25`, or `12,5`.
fn percent(basis_points: u32, locale: Locale) -> String {
    let (whole, rest) = (basis_points / 100, basis_points % 100);
    if rest == 0 {
        return whole.to_string();
    }
    let separator = match locale {
        Locale::Nb => ',',
        Locale::En => '.',
    };
    format!("{whole}{separator}{rest:02}").trim_end_matches('0').to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::base::money::split_vat;

    /// A commission invoice with two ways of being taxed.
    pub(in crate::documents) fn paper(locale: Locale) -> Paper {
        Paper {
            kind: DocumentKind::CommissionInvoice,
            number: "2026-000007".into(),
            issued_at: 1_795_431_600_000_000,
            locale,
            time_zone: "Europe/Oslo".into(),
            currency: "NOK".into(),
            facts: Vec::new(),
            seller: Party {
                name: "Booka AS".into(),
                orgno: "999900003".into(),
                vat_registered: true,
                address: vec!["Storgata 1".into(), "5003 Bergen".into()],
                names_register: true,
            },
            buyer: Party {
                name: "Dyreklinikken Nordli".into(),
                ..Party::default()
            },
            lines: vec![
                PaperLine {
                    text: vec!["Andel".into()],
                    amount_minor: 12_500,
                },
                PaperLine {
                    text: vec!["Utlegg".into()],
                    amount_minor: 1_000,
                },
            ],
            vat: vec![
                VatLine::new(VatCode::Standard, split_vat(12_500, 2_500)),
                VatLine::new(VatCode::ExemptFinance, split_vat(1_000, 0)),
            ],
            payment_heading: String::new(),
            payment: Vec::new(),
            notes: Vec::new(),
            test: false,
        }
    }

    #[test]
    fn each_rate_has_its_base_and_its_tax() {
        let sheet = paper(Locale::Nb).sheet();
        let rows: Vec<(String, String)> = sheet
            .totals
            .into_iter()
            .map(|(label, amount)| (label, amount.replace('\u{a0}', " ")))
            .collect();
        let expect = [
            ("Grunnlag, mva. 25 %", "100,00 kr"),
            ("Mva. 25 %", "25,00 kr"),
            ("Uten mva.", "10,00 kr"),
            ("Sum", "135,00 kr"),
        ];
        assert_eq!(rows, expect.map(|(label, amount)| (label.into(), amount.into())));
        assert_eq!(
            sheet.tax_notes,
            ["Finansielle tjenester er unntatt fra merverdiavgift, merverdiavgiftsloven § 3-6."]
        );
        assert_eq!(
            sheet.seller.last().map(String::as_str),
            Some("Org.nr. 999900003 MVA, Foretaksregisteret")
        );
        assert_eq!(sheet.buyer.len(), 2, "no number, no line for it");
    }

    #[test]
    fn what_does_not_add_up_is_noticed() {
        let good = paper(Locale::En);
        assert!(good.adds_up());
        assert_eq!((good.total_minor(), good.vat_minor()), (Some(13_500), Some(2_500)));
        let mut more = good.clone();
        more.lines[0].amount_minor += 1;
        assert!(!more.adds_up());
        let mut other = good.clone();
        other.vat[0].vat_minor += 1;
        assert!(!other.adds_up());
        let mut huge = good;
        huge.lines[0].amount_minor = i64::MAX;
        assert!(!huge.adds_up());
    }

    #[test]
    fn rates_of_tax_have_no_needless_decimals() {
        assert_eq!(percent(2_500, Locale::Nb), "25");
        assert_eq!(percent(1_250, Locale::Nb), "12,5");
        assert_eq!(percent(1_111, Locale::En), "11.11");
        assert_eq!(percent(0, Locale::En), "0");
    }
}
