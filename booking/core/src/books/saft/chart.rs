//! The accounts of a seller's audit file, with the groups of the tax office's list "Næringsspesifikasjon" (Grouping Category
//! Code 2025-2026) and its standard tax codes.

use crate::books::postings::Part;

/// An account of the file, numbered as Norwegian accounts are (NS 4102).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum BookAccount {
    /// What customers owe.
    Receivable,
    /// What came in and the operator's payment provider holds.
    Held,
    /// What was sold in the years before.
    Equity,
    Vat,
    SalesTaxed,
    SalesOutside,
}

impl BookAccount {
    /// Where a part of the ledger stands in the file; the memo accounts stand nowhere.
    pub(super) fn of(part: Part, vat_bp: u32) -> Option<Self> {
        match part {
            Part::Memo => None,
            Part::Owed => Some(Self::Receivable),
            Part::Held => Some(Self::Held),
            Part::Sales => Some(TaxCode::of(vat_bp).sales),
            Part::Vat => Some(Self::Vat),
        }
    }

    /// Number in the file.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Receivable => "1500",
            Self::Held => "1570",
            Self::Equity => "2050",
            Self::Vat => "2700",
            Self::SalesTaxed => "3000",
            Self::SalesOutside => "3200",
        }
    }

    /// Key of its name.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Receivable => "saft-receivable",
            Self::Held => "saft-held",
            Self::Equity => "saft-equity",
            Self::Vat => "saft-vat",
            Self::SalesTaxed => "saft-sales-taxed",
            Self::SalesOutside => "saft-sales-outside",
        }
    }

    /// Category and code of the tax office's list.
    pub(super) fn group(self) -> (&'static str, &'static str) {
        match self {
            Self::Receivable => ("balanseverdiForOmloepsmiddel", "1500"),
            Self::Held => ("balanseverdiForOmloepsmiddel", "1570"),
            Self::Equity => ("egenkapital", "2050"),
            Self::Vat => ("kortsiktigGjeld", "2740"),
            Self::SalesTaxed => ("salgsinntekt", "3000"),
            Self::SalesOutside => ("salgsinntekt", "3200"),
        }
    }

    /// Whether it begins at zero each year.
    pub(super) fn is_of_the_year(self) -> bool {
        match self {
            Self::SalesTaxed | Self::SalesOutside => true,
            Self::Receivable | Self::Held | Self::Equity | Self::Vat => false,
        }
    }
}

/// How a sale is taxed, in the words of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TaxCode {
    /// The seller's own code is the standard one where there is one.
    pub(super) own: &'static str,
    /// Of `Standard_Tax_Codes.csv`; `NA` where none fits.
    pub(super) standard: &'static str,
    /// Key of its description.
    pub(super) key: &'static str,
    pub(super) sales: BookAccount,
}

impl TaxCode {
    /// The code of a rate, basis points.
    pub(super) fn of(vat_bp: u32) -> Self {
        let taxed = |code, key| Self {
            own: code,
            standard: code,
            key,
            sales: BookAccount::SalesTaxed,
        };
        match vat_bp {
            2_500 => taxed("3", "saft-tax-regular"),
            1_500 => taxed("31", "saft-tax-middle"),
            1_200 => taxed("33", "saft-tax-low"),
            0 => Self {
                own: "7",
                standard: "7",
                key: "saft-tax-none",
                sales: BookAccount::SalesOutside,
            },
            _ => Self {
                own: "X",
                standard: "NA",
                key: "saft-tax-other",
                sales: BookAccount::SalesTaxed,
            },
        }
    }
}
