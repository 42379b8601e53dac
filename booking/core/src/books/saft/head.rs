//! Header, accounts and taxes of an audit file.

use std::collections::BTreeMap;

use texts::t;

use super::chart::{BookAccount, tax_key};
use super::writer::Xml;
use super::{AuditFile, NAMESPACE, VERSION};
use crate::books::postings::Tax;

/// Longest texts of the schema, characters.
pub(super) const SHORT: usize = 18;
pub(super) const MIDDLE: usize = 35;
pub(super) const LINE: usize = 70;
pub(super) const LONG: usize = 256;

impl AuditFile {
    /// From the beginning to the accounts.
    pub(super) fn write_head(&self, xml: &mut Xml) {
        xml.begin("AuditFile", NAMESPACE);
        xml.open("Header");
        xml.word("AuditFileVersion", VERSION);
        xml.word("AuditFileCountry", "NO");
        xml.word("AuditFileDateCreated", &self.day(self.now));
        xml.word("SoftwareCompanyName", "Booka");
        xml.word("SoftwareID", "Booka");
        xml.text("SoftwareVersion", env!("CARGO_PKG_VERSION"), SHORT);
        self.write_company(xml);
        xml.word("DefaultCurrencyCode", self.currency.as_str());
        xml.open("SelectionCriteria");
        xml.word("SelectionStartDate", &self.day(self.period.from));
        xml.word(
            "SelectionEndDate",
            &self.day(self.period.until.saturating_sub(1).max(self.period.from)),
        );
        xml.close("SelectionCriteria");
        if self.has_test {
            xml.text("HeaderComment", &t(self.locale, "saft-test", &[]), LONG);
        }
        xml.word("TaxAccountingBasis", "A");
        xml.close("Header");
        xml.open("MasterFiles");
        if !self.accounts.is_empty() {
            xml.open("GeneralLedgerAccounts");
            for (account, standing) in &self.accounts {
                self.write_account(xml, *account, *standing);
            }
            xml.close("GeneralLedgerAccounts");
        }
    }

    fn write_company(&self, xml: &mut Xml) {
        let seller = &self.seller;
        xml.open("Company");
        xml.text("RegistrationNumber", self.number(), MIDDLE);
        xml.text("Name", &seller.name, LONG);
        xml.open("Address");
        match &self.tax {
            Some(tax) => {
                xml.text_if_any("StreetName", &tax.address, LONG);
                xml.text_if_any("City", &tax.town, LONG);
                xml.text_if_any("PostalCode", &tax.postcode, LINE);
                xml.text("Country", &tax.country, 2);
            }
            None => {
                xml.text_if_any("StreetName", &seller.address, LONG);
                xml.text_if_any("City", &seller.town, LONG);
                xml.text_if_any("PostalCode", &seller.postcode, LINE);
                xml.word("Country", "NO");
            }
        }
        xml.close("Address");
        xml.open("Contact");
        xml.open("ContactPerson");
        // The schema's own word for a name that is not taken apart.
        xml.word("FirstName", "NotUsed");
        let owner = if seller.owner.is_empty() {
            &seller.name
        } else {
            &seller.owner
        };
        xml.text("LastName", owner, LINE);
        xml.close("ContactPerson");
        xml.text_if_any("Telephone", &seller.phone, SHORT);
        xml.text_if_any("Email", &seller.email, LINE);
        xml.close("Contact");
        if self.is_registered && !seller.orgno.is_empty() {
            xml.open("TaxRegistration");
            xml.text("TaxRegistrationNumber", &format!("{}MVA", seller.orgno), MIDDLE);
            xml.word("TaxAuthority", "Skatteetaten");
            xml.close("TaxRegistration");
        }
        xml.close("Company");
    }

    fn write_account(&self, xml: &mut Xml, account: BookAccount, (before_minor, after_minor): (i64, i64)) {
        let (category, code) = account.group();
        xml.open("Account");
        xml.word("AccountID", account.id());
        xml.text("AccountDescription", &t(self.locale, account.key(), &[]), LONG);
        xml.word("GroupingCategory", category);
        xml.word("GroupingCode", code);
        xml.word("AccountType", "GL");
        self.write_standing(xml, before_minor, after_minor);
        xml.close("Account");
    }

    /// What an account stood at before the period and after it.
    pub(super) fn write_standing(&self, xml: &mut Xml, before_minor: i64, after_minor: i64) {
        let side = |minor: i64, debit, credit| if minor < 0 { credit } else { debit };
        let opening = side(before_minor, "OpeningDebitBalance", "OpeningCreditBalance");
        let closing = side(after_minor, "ClosingDebitBalance", "ClosingCreditBalance");
        xml.word(opening, &self.amount(before_minor));
        xml.word(closing, &self.amount(after_minor));
    }

    /// The taxes that sales of the file have, and the end of the master files.
    pub(super) fn write_tax_table(&self, xml: &mut Xml) {
        // By the standard code, of which the exemptions have one: the reason stands at each sale.
        let taxes: BTreeMap<&str, Tax> = self.taxes.iter().map(|tax| (tax.code.saft(), *tax)).collect();
        if !taxes.is_empty() {
            xml.open("TaxTable");
            xml.open("TaxTableEntry");
            xml.word("TaxType", "MVA");
            xml.word("Description", "Merverdiavgift");
            for (code, tax) in taxes {
                xml.open("TaxCodeDetails");
                xml.word("TaxCode", code);
                xml.text("Description", &t(self.locale, tax_key(tax.code), &[]), LONG);
                xml.word("TaxPercentage", &percentage(tax.bp));
                xml.word("Country", "NO");
                xml.word("StandardTaxCode", code);
                xml.word("Compensation", "false");
                xml.word("BaseRate", "100");
                xml.close("TaxCodeDetails");
            }
            xml.close("TaxTableEntry");
            xml.close("TaxTable");
        }
        xml.close("MasterFiles");
    }
}

/// `25`, `11.11`
pub(super) fn percentage(vat_bp: u32) -> String {
    let digits = crate::books::sheet::decimal(i64::from(vat_bp), 2, '.');
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}
