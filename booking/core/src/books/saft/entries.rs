//! The transactions of an audit file.

use texts::t;

use super::AuditFile;
use super::chart::BookAccount;
use super::customers::customer_id;
use super::head::{LINE, LONG, MIDDLE, SHORT, percentage};
use super::writer::Xml;
use crate::appointments::reference;
use crate::availability::date_in;
use crate::base::Base;
use crate::base::db::DbError;
use crate::books::postings::{self, Cursor, Part, Posted, Selection, Tax};
use crate::books::transactions::kind_words;

/// Transactions that are read at a time.
const BATCH: i64 = 200;

impl AuditFile {
    /// What stands before the first transaction.
    pub(super) fn begin_entries(&self, xml: &mut Xml) {
        xml.open("GeneralLedgerEntries");
        xml.word("NumberOfEntries", &self.totals.transactions.to_string());
        xml.word("TotalDebit", &self.amount(self.totals.debit_minor));
        xml.word("TotalCredit", &self.amount(self.totals.debit_minor));
        xml.open("Journal");
        xml.word("JournalID", "BOOKA");
        xml.text("Description", &t(self.locale, "saft-journal", &[]), LONG);
        xml.word("Type", "BOOKA");
    }

    /// Writes some transactions; gives where to go on, or nothing after the last.
    pub(super) async fn write_entries(
        &mut self,
        base: &Base,
        xml: &mut Xml,
        mut cursor: Cursor,
    ) -> Result<Option<Cursor>, DbError> {
        let what = Selection {
            org: &self.seller.id,
            currency: self.currency.as_str(),
            until: self.period.until,
        };
        let posted = postings::read(&mut base.db.read().await?, what, &cursor, (BATCH, 0)).await?;
        cursor.advance(&posted);
        for one in &posted {
            self.write_transaction(xml, one);
            self.written.transactions += 1;
            let debits = one.entries.iter().map(|(_, minor)| (*minor).max(0));
            self.written.debit_minor += debits.sum::<i64>();
        }
        let is_more = i64::try_from(posted.len()).unwrap_or(i64::MAX) == BATCH;
        Ok(is_more.then_some(cursor))
    }

    fn write_transaction(&self, xml: &mut Xml, posted: &Posted) {
        let day = date_in(&self.zone, posted.at);
        xml.open("Transaction");
        xml.text("TransactionID", &posted.id, LINE);
        xml.word("Period", &day.month().to_string());
        xml.word("PeriodYear", &day.year().to_string());
        xml.word("TransactionDate", &day.to_string());
        xml.text("TransactionType", &posted.kind, SHORT);
        let words = self.describe(posted);
        xml.text("Description", &words, LONG);
        xml.word("SystemEntryDate", &day.to_string());
        xml.word("GLPostingDate", &day.to_string());
        for (index, (account, minor)) in posted.entries.iter().enumerate() {
            if let Some(number) = BookAccount::of(Part::of(*account), tax_of(posted)) {
                self.write_line(xml, posted, index + 1, (number, *minor), &words);
            }
        }
        xml.close("Transaction");
    }

    /// `Samtalen er gjort opp, K7M-2RD, Videotime`
    fn describe(&self, posted: &Posted) -> String {
        let mut words = kind_words(self.locale, &posted.kind);
        if let Some(about) = &posted.about {
            words = format!("{words}, {}, {}", reference(&about.appointment_id), about.title);
        }
        if posted.is_test() {
            format!("TEST: {words}")
        } else {
            words
        }
    }

    fn write_line(
        &self,
        xml: &mut Xml,
        posted: &Posted,
        number: usize,
        (account, minor): (BookAccount, i64),
        words: &str,
    ) {
        xml.open("Line");
        xml.word("RecordID", &number.to_string());
        xml.word("AccountID", account.id());
        if let Some(about) = &posted.about {
            let voucher = about.document_words(self.locale);
            let voucher = voucher.unwrap_or_else(|| reference(&about.appointment_id));
            xml.text("SourceDocumentID", &voucher, MIDDLE);
            if account == BookAccount::Receivable {
                xml.text("CustomerID", &customer_id(&about.consumer_id), MIDDLE);
            }
        }
        xml.text("Description", words, LONG);
        let (amount, tax) = if minor < 0 {
            ("CreditAmount", "CreditTaxAmount")
        } else {
            ("DebitAmount", "DebitTaxAmount")
        };
        xml.open(amount);
        xml.word("Amount", &self.amount(minor));
        xml.close(amount);
        if account.is_of_sales() {
            self.write_tax(xml, posted, minor, tax);
        }
        xml.close("Line");
    }

    fn write_tax(&self, xml: &mut Xml, posted: &Posted, base_minor: i64, side: &str) {
        let tax = tax_of(posted);
        xml.open("TaxInformation");
        xml.word("TaxType", "MVA");
        xml.word("TaxCode", tax.code.saft());
        xml.word("TaxPercentage", &percentage(tax.bp));
        xml.word("Country", "NO");
        xml.word("TaxBase", &self.amount(base_minor));
        xml.open(side);
        xml.word("Amount", &self.amount(posted.minor(Part::Vat)));
        xml.close(side);
        if let Some(law) = tax.code.legal_key() {
            xml.text("TaxExemptionReason", &t(self.locale, law, &[]), LINE);
        }
        xml.close("TaxInformation");
    }
}

fn tax_of(posted: &Posted) -> Tax {
    posted.about.as_ref().map_or(Tax::NONE, |about| about.tax)
}
