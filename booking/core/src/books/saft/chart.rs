//! The accounts of a seller's audit file, with the groups of the tax office's list "Næringsspesifikasjon" (Grouping Category
//! Code 2025-2026) and its standard tax codes.

use crate::base::vat::VatCode;
use crate::books::postings::{Part, Tax};

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
    SalesZero,
    SalesOutside,
    /// What reminders of invoices cost.
    Fees,
    /// What the operator kept of sales: a cost.
    Commission,
    /// The tax in it that the seller may take off its own.
    InputVat,
    OwnBank,
}

impl BookAccount {
    /// Where a part of the ledger stands in the file; the memo accounts stand nowhere.
    pub(super) fn of(part: Part, tax: Tax) -> Option<Self> {
        match part {
            Part::Memo => None,
            Part::Owed => Some(Self::Receivable),
            Part::Held => Some(Self::Held),
            Part::Sales => Some(sales_of(tax.code)),
            Part::Vat => Some(Self::Vat),
            Part::Fees => Some(Self::Fees),
            // Who sells without tax takes none off (merverdiavgiftsloven § 8-1): then it is a part of the cost.
            Part::CommissionVat if tax.code.is_taxed() => Some(Self::InputVat),
            Part::Commission | Part::CommissionVat => Some(Self::Commission),
            Part::PaidOut => Some(Self::OwnBank),
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
            Self::SalesZero => "3100",
            Self::SalesOutside => "3200",
            Self::Fees => "3900",
            Self::Commission => "7200",
            Self::InputVat => "2710",
            Self::OwnBank => "1920",
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
            Self::SalesZero => "saft-sales-zero",
            Self::SalesOutside => "saft-sales-outside",
            Self::Fees => "saft-fees",
            Self::Commission => "saft-commission",
            Self::InputVat => "saft-input-vat",
            Self::OwnBank => "saft-bank",
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
            Self::SalesZero => ("salgsinntekt", "3100"),
            Self::SalesOutside => ("salgsinntekt", "3200"),
            Self::Fees => ("annenDriftsinntekt", "3900"),
            Self::Commission => ("annenDriftskostnad", "7295"),
            Self::InputVat => ("kortsiktigGjeld", "2740"),
            Self::OwnBank => ("balanseverdiForOmloepsmiddel", "1920"),
        }
    }

    /// Whether it begins at zero each year.
    pub(super) fn is_of_the_year(self) -> bool {
        match self {
            Self::SalesTaxed | Self::SalesZero | Self::SalesOutside | Self::Fees | Self::Commission => true,
            Self::Receivable | Self::Held | Self::Equity | Self::Vat | Self::InputVat | Self::OwnBank => false,
        }
    }

    /// Whether it is sold there, so that its lines say how they are taxed.
    pub(super) fn is_of_sales(self) -> bool {
        match self {
            Self::SalesTaxed | Self::SalesZero | Self::SalesOutside => true,
            Self::Receivable
            | Self::Held
            | Self::Equity
            | Self::Vat
            | Self::Fees
            | Self::Commission
            | Self::InputVat
            | Self::OwnBank => false,
        }
    }
}

/// The account that a sale of this treatment is booked on.
fn sales_of(code: VatCode) -> BookAccount {
    match code {
        VatCode::Standard | VatCode::Middle | VatCode::Low => BookAccount::SalesTaxed,
        VatCode::Zero => BookAccount::SalesZero,
        VatCode::ExemptHealth
        | VatCode::ExemptSocial
        | VatCode::ExemptTeaching
        | VatCode::ExemptFinance
        | VatCode::ExemptCulture
        | VatCode::ExemptSport
        | VatCode::Unregistered => BookAccount::SalesOutside,
    }
}

/// Key of the description of a standard tax code in the file's table; several exemptions have one.
pub(super) fn tax_key(code: VatCode) -> &'static str {
    match code {
        VatCode::Standard => "saft-tax-regular",
        VatCode::Middle => "saft-tax-middle",
        VatCode::Low => "saft-tax-low",
        VatCode::Zero => "saft-tax-zero",
        VatCode::ExemptHealth
        | VatCode::ExemptSocial
        | VatCode::ExemptTeaching
        | VatCode::ExemptFinance
        | VatCode::ExemptCulture
        | VatCode::ExemptSport => "saft-tax-exempt",
        VatCode::Unregistered => "saft-tax-none",
    }
}
