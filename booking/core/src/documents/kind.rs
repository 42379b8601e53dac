//! What a document is, and who issues it.

use std::str::FromStr;

use crate::base::UnknownWord;
use crate::base::db::{FromColumn, Param, Row, RowError};

/// Whose series the platform's own documents are numbered in.
pub(super) const PLATFORM: &str = "platform";

/// What a document is. Each seller numbers each kind on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DocumentKind {
    /// A business to a customer who has paid.
    Receipt,
    /// A business to a customer who is to pay.
    Invoice,
    /// A business to a customer: it takes back all or a part of another document.
    CreditNote,
    /// The platform to a business: its share of what was sold.
    CommissionInvoice,
    /// The platform to a business: what was paid out, and for what.
    PayoutStatement,
}

impl DocumentKind {
    pub const ALL: [Self; 5] = [
        Self::Receipt,
        Self::Invoice,
        Self::CreditNote,
        Self::CommissionInvoice,
        Self::PayoutStatement,
    ];

    /// The word in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::CommissionInvoice => "commission_invoice",
            Self::PayoutStatement => "payout_statement",
        }
    }

    /// Key of its name.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Receipt => "document-receipt",
            Self::Invoice => "document-invoice",
            Self::CreditNote => "document-credit-note",
            Self::CommissionInvoice => "document-commission-invoice",
            Self::PayoutStatement => "document-payout-statement",
        }
    }

    /// Key of the heading where no money has moved.
    pub(super) fn test_key(self) -> &'static str {
        match self {
            Self::Receipt => "document-receipt-test",
            Self::Invoice => "document-invoice-test",
            Self::CreditNote => "document-credit-note-test",
            Self::CommissionInvoice => "document-commission-invoice-test",
            Self::PayoutStatement => "document-payout-statement-test",
        }
    }

    /// 1, or -1 where it takes something back.
    #[must_use]
    pub fn sign(self) -> i64 {
        match self {
            Self::Receipt | Self::Invoice | Self::CommissionInvoice | Self::PayoutStatement => 1,
            Self::CreditNote => -1,
        }
    }

    /// Who numbers it: the business, or the platform.
    pub(super) fn seller(self, org: &str) -> &str {
        match self {
            Self::Receipt | Self::Invoice | Self::CreditNote => org,
            Self::CommissionInvoice | Self::PayoutStatement => PLATFORM,
        }
    }
}

impl FromStr for DocumentKind {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == word)
            .ok_or(UnknownWord)
    }
}

impl FromColumn for DocumentKind {
    fn from_column(row: &Row, name: &str) -> Result<Self, RowError> {
        row.parse(name)
    }
}

impl From<DocumentKind> for Param {
    fn from(kind: DocumentKind) -> Self {
        Self::from(kind.word())
    }
}

impl serde::Serialize for DocumentKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use texts::{Locale, t};

    #[test]
    fn every_kind_has_names_of_its_own_in_both_languages_and_says_test() {
        for locale in Locale::ALL {
            let names: BTreeSet<String> = DocumentKind::ALL
                .iter()
                .map(|kind| t(locale, kind.key(), &[]))
                .collect();
            assert_eq!(names.len(), DocumentKind::ALL.len());
            for kind in DocumentKind::ALL {
                assert!(t(locale, kind.test_key(), &[]).contains("TEST"), "{kind:?}");
            }
        }
        for kind in DocumentKind::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
        }
        assert_eq!("reciept".parse::<DocumentKind>(), Err(UnknownWord));
    }

    #[test]
    fn the_platform_numbers_what_it_sells_to_businesses() {
        let sellers = DocumentKind::ALL.map(|kind| kind.seller("org"));
        assert_eq!(sellers, ["org", "org", "org", "platform", "platform"]);
    }
}
