//! Pages of the books.

use jiff::civil::Date;

use super::parts::{ID, TEN, operator, provider as member};
use crate::pages::books::{
    BalanceBox, BalanceRow, ExportRow, MoneyLine, MonthNav, OperatorMoneyPage, OperatorSellersPage, ProviderMoneyPage,
    ProviderTaxPage, ProviderTimePage, SellerBalance, SellerChoice, SellerQuarter, SellerRow, TimeLine,
};
use crate::pages::commission::CommissionWords;
use crate::pages::{Field, FieldError, RecordWord, render};
use crate::text::Locale;

type Pages = Vec<(&'static str, String)>;

fn month(path: &'static str) -> MonthNav {
    MonthNav {
        path,
        first: Date::constant(2026, 10, 1),
        today: Date::constant(2026, 11, 24),
    }
}

fn balance(held_minor: i64) -> BalanceBox {
    let row = |before_minor, after_minor| BalanceRow {
        before_minor,
        after_minor,
    };
    BalanceBox {
        currency: "NOK".into(),
        sales: row(1_240_000, 1_500_000),
        vat: row(310_000, 375_000),
        owed: row(0, 32_500),
        held: row(1_550_000, held_minor),
        commission: row(124_000, 150_000),
        commission_vat: row(31_000, 37_500),
        paid_out: BalanceRow::default(),
    }
}

fn line(kind: &str, net_minor: i64, vat_minor: i64, held_minor: i64) -> MoneyLine {
    MoneyLine {
        at: TEN,
        transaction: RecordWord::transaction(kind),
        appointment: Some(ID.into()),
        service_title: "Videotime".into(),
        consumer: "Ola Hansen".into(),
        method: "TEST Visa **** 4242".into(),
        document: Some("Kvittering 2026-000183".into()),
        currency: "NOK".into(),
        net_minor,
        vat_minor,
        held_minor,
    }
}

/// Pages of a business.
pub(super) fn provider(locale: Locale) -> Pages {
    let export = |by_operator, reason: &str| ExportRow {
        at: TEN,
        file: "SAF-T".into(),
        period: "2026".into(),
        who: "Kari Nordli".into(),
        by_operator,
        reason: reason.into(),
    };
    let money = ProviderMoneyPage {
        shell: member(locale, "/provider/money"),
        month: month("/provider/money"),
        balances: vec![balance(1_842_500)],
        lines: vec![
            line("charged", 26_000, 6_500, 0),
            line("captured", 0, 0, 32_500),
            line("refunded", -8_000, -2_000, -10_000),
        ],
        total: 53,
        page: 1,
        pages: 2,
        has_test: true,
        lacks_tax: true,
        commission: Some(CommissionWords {
            percent_bp: 1_000,
            fixed_minor: 500,
            currency: "NOK".into(),
        }),
        exports: vec![export(false, ""), export(true, "Bokettersyn")],
    };
    let owing = ProviderMoneyPage {
        balances: vec![balance(-12_000), balance(0)],
        lines: Vec::new(),
        exports: Vec::new(),
        has_test: false,
        lacks_tax: false,
        commission: None,
        ..money.clone()
    };
    let time = ProviderTimePage {
        shell: member(locale, "/provider/time"),
        month: month("/provider/time"),
        rows: vec![TimeLine {
            day: Date::constant(2026, 10, 23),
            member: "Kari Nordli".into(),
            consumer: "Ola Hansen".into(),
            calls: 2,
            billable_ms: 1_300_300,
        }],
        unsettled: 1,
    };
    let quiet = ProviderTimePage {
        rows: Vec::new(),
        unsettled: 0,
        ..time.clone()
    };
    vec![
        ("provider-money", render(&money)),
        ("provider-money-owing", render(&owing)),
        ("provider-time", render(&time)),
        ("provider-time-empty", render(&quiet)),
        ("provider-tax", render(&tax(locale))),
    ]
}

fn tax(locale: Locale) -> ProviderTaxPage {
    ProviderTaxPage {
        shell: member(locale, "/provider/tax"),
        seller_kind: Field::wrong("", FieldError::SellerKindMissing),
        legal_name: Field::new("Dyreklinikken Nordli AS"),
        tin: Field::wrong("12", FieldError::TinMalformed),
        birth_date: Field::wrong("", FieldError::BirthDateMissing),
        address: Field::new("Storgata 1"),
        postcode: Field::new("5003"),
        town: Field::new("Bergen"),
        country: Field::new("NO"),
        bank_account: Field::wrong("1", FieldError::BankAccountMalformed),
    }
}

/// Pages of the operator.
pub(super) fn all_sellers(locale: Locale) -> Pages {
    let seller = |name: &str, sum_minor| SellerBalance {
        name: name.into(),
        balance: balance(1_842_500),
        sum_minor,
    };
    let money = OperatorMoneyPage {
        shell: operator(locale, "/operator/money"),
        month: month("/operator/money"),
        sellers: vec![seller("Dyreklinikken Nordli", 0)],
        totals: vec![seller("", 0)],
        has_test: true,
        unbalanced: 0,
        total: 1,
        page: 1,
        pages: 1,
        choices: vec![SellerChoice {
            id: ID.into(),
            label: "Dyreklinikken Nordli".into(),
        }],
        org: Field::default(),
        file: Field::new("saft"),
        reason: Field::default(),
    };
    let wrong = OperatorMoneyPage {
        totals: vec![seller("", 1)],
        unbalanced: 1,
        org: Field::wrong("", FieldError::BusinessMissing),
        reason: Field::wrong("", FieldError::LookReasonMissing),
        ..money.clone()
    };
    let empty = OperatorMoneyPage {
        sellers: Vec::new(),
        totals: Vec::new(),
        ..money.clone()
    };
    let mut pages = vec![
        ("operator-money", render(&money)),
        ("operator-money-wrong", render(&wrong)),
        ("operator-money-empty", render(&empty)),
    ];
    pages.extend(sellers(locale));
    pages
}

/// The yearly report.
fn sellers(locale: Locale) -> Pages {
    let quarter = SellerQuarter {
        paid_minor: 32_500,
        fees_minor: 0,
        activities: 1,
    };
    let sellers = OperatorSellersPage {
        shell: operator(locale, "/operator/sellers"),
        year: 2025,
        this_year: 2026,
        has_test: true,
        rows: vec![SellerRow {
            name: "Dyreklinikken Nordli".into(),
            orgno: "923609016".into(),
            has_tax: false,
            currency: "NOK".into(),
            quarters: [
                SellerQuarter::default(),
                SellerQuarter::default(),
                SellerQuarter::default(),
                quarter,
            ],
            total: quarter,
        }],
        lacking: vec!["Dyreklinikken Nordli".into()],
        is_empty: false,
        reason: Field::wrong("", FieldError::LookReasonMissing),
    };
    let nobody = OperatorSellersPage {
        rows: Vec::new(),
        lacking: Vec::new(),
        is_empty: true,
        ..sellers.clone()
    };
    vec![
        ("operator-sellers", render(&sellers)),
        ("operator-sellers-empty", render(&nobody)),
    ]
}
