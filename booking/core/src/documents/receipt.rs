//! What stands on a receipt, as sentences in the buyer's language.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use signaling_protocol::{PriceModel, PriceTerms};
use texts::{Locale, format, t};

use super::render::Sheet;
use crate::base::Micros;
use crate::base::money::VatSplit;
use crate::billing::{CANCELLED, NO_SHOW_CONSUMER};

/// Everything on the receipt, frozen when it is issued and kept beside the bytes. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receipt {
    pub number: String,
    /// For people, such as `B7K-42Q`.
    pub reference: String,
    pub locale: String,
    pub issued_at: Micros,
    pub time_zone: String,
    pub seller: SellerPart,
    /// All that the receipt has of the buyer: it outlives the account by years.
    pub buyer_name: String,
    /// The organisation that the buyer booked for, with its number.
    #[serde(default)]
    pub buyer_org: Option<(String, String)>,
    /// [`Charge::outcome`](crate::billing::Charge::outcome).
    #[serde(default)]
    pub outcome: String,
    pub title: String,
    /// First and last moment together.
    pub from: Micros,
    pub to: Micros,
    pub billable: Micros,
    pub price: PriceTerms,
    pub net_minor: i64,
    pub vat_minor: i64,
    pub gross_minor: i64,
    pub vat_bp: u32,
    pub method_brand: String,
    pub method_last4: String,
    pub reserved_minor: i64,
    pub charged_minor: i64,
    pub released_minor: i64,
    /// The test provider took the payment.
    #[serde(default)]
    pub test: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SellerPart {
    pub name: String,
    pub orgno: String,
    pub vat_registered: bool,
    pub address: String,
    pub town: String,
}

impl Receipt {
    pub(super) fn set_split(&mut self, split: VatSplit) {
        self.net_minor = split.net_minor;
        self.vat_minor = split.vat_minor;
        self.gross_minor = split.gross_minor;
        self.vat_bp = split.rate_bp;
    }

    /// The page.
    pub(super) fn sheet(&self) -> Sheet {
        let locale = Locale::from_tag(&self.locale).unwrap_or_default();
        let text = |key: &str| t(locale, key, &[]);
        let money = |minor| format::money_exact(locale, minor, &self.price.currency);
        let clock = |at| format::clock_seconds(at, &self.time_zone);
        let day = format::day(locale, format::date_of(self.from, &self.time_zone));
        let carried_out = t(
            locale,
            "document-service-time",
            &[
                ("from", format!("{day} {}", clock(self.from)).into()),
                ("to", clock(self.to).into()),
            ],
        );
        let card = t(
            locale,
            "document-method",
            &[
                ("brand", self.method_brand.as_str().into()),
                ("last4", self.method_last4.as_str().into()),
            ],
        );
        Sheet {
            language: locale.tag().to_owned(),
            title: text(if self.test {
                "document-receipt-test"
            } else {
                "document-receipt"
            }),
            number: self.number.clone(),
            facts: vec![
                (text("document-number"), self.number.clone()),
                (text("document-issued"), self.issue_date()),
                (text("document-booking"), self.reference.clone()),
            ],
            seller: self.seller_lines(locale),
            buyer: self.buyer_lines(locale),
            item_heading: (text("document-item"), text("document-amount")),
            item: match self.outcome.as_str() {
                CANCELLED => vec![self.title.clone(), text("document-fee-cancelled")],
                NO_SHOW_CONSUMER => vec![self.title.clone(), text("document-fee-missed")],
                _ => vec![self.title.clone(), carried_out, self.measured(locale)],
            },
            item_amount: money(self.gross_minor),
            totals: self.totals(locale),
            payment_heading: format!("{}: {card}", text("document-payment")),
            payment: vec![
                (text("document-reserved"), money(self.reserved_minor)),
                (text("document-charged"), money(self.charged_minor)),
                (text("document-released"), money(self.released_minor)),
            ],
            footer: t(locale, "document-page", &[("number", self.number.as_str().into())]),
        }
    }

    /// The sum, and its tax where the seller is registered.
    fn totals(&self, locale: Locale) -> Vec<(String, String)> {
        let money = |minor| format::money_exact(locale, minor, &self.price.currency);
        let total = (t(locale, "document-total", &[]), money(self.gross_minor));
        if !self.seller.vat_registered {
            return vec![(t(locale, "document-no-vat", &[]), String::new()), total];
        }
        let rate = percent(self.vat_bp, locale);
        vec![
            (t(locale, "document-net", &[]), money(self.net_minor)),
            (
                t(locale, "document-vat", &[("rate", rate.into())]),
                money(self.vat_minor),
            ),
            total,
        ]
    }

    /// ISO 8601, which nobody mistakes.
    fn issue_date(&self) -> String {
        format::date_of(self.issued_at, &self.time_zone).to_string()
    }

    fn seller_lines(&self, locale: Locale) -> Vec<String> {
        let seller = &self.seller;
        let key = if seller.vat_registered {
            "document-orgno-vat"
        } else {
            "document-orgno"
        };
        let mut lines = vec![
            t(locale, "document-seller", &[]),
            seller.name.clone(),
            seller.address.clone(),
            seller.town.clone(),
            t(locale, key, &[("orgno", seller.orgno.as_str().into())]),
        ];
        lines.retain(|line| !line.trim().is_empty());
        lines
    }

    /// The buyer: a person, or the organisation and who booked for it.
    fn buyer_lines(&self, locale: Locale) -> Vec<String> {
        let mut lines = vec![t(locale, "document-buyer", &[])];
        if let Some((name, orgno)) = &self.buyer_org {
            lines.push(name.clone());
            lines.push(t(locale, "document-orgno", &[("orgno", orgno.as_str().into())]));
        }
        lines.push(self.buyer_name.clone());
        lines
    }

    /// How the amount follows from the measured time.
    fn measured(&self, locale: Locale) -> String {
        let duration = measured_time(locale, self.billable);
        let counted = format::duration(locale, self.price.counted_s(self.billable) * 1000);
        let money = |minor| format::money_exact(locale, minor, &self.price.currency);
        match self.price.model {
            PriceModel::Free => t(locale, "document-free", &[("duration", duration.into())]),
            PriceModel::Fixed { .. } => t(locale, "document-fixed", &[("duration", duration.into())]),
            PriceModel::PerMinute {
                rate_minor,
                increment_s,
                free_s,
                cap_minor,
            } => {
                let key = if free_s == 0 {
                    "document-metered"
                } else {
                    "document-metered-free"
                };
                t(
                    locale,
                    key,
                    &[
                        ("duration", duration.into()),
                        ("counted", counted.into()),
                        ("rate", money(rate_minor).into()),
                        ("increment", increment_s.into()),
                        ("free", free_s.to_string().into()),
                        ("cap", money(cap_minor).into()),
                    ],
                )
            }
        }
    }
}

/// `1 min 25,4 s`, as the page of the booking shows it.
pub(super) fn measured_time(locale: Locale, billable: Micros) -> String {
    format::duration_exact(locale, (billable.max(0) + 999) / 1000)
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
    format!("{whole}{separator}{rest:02}")
}

/// The calendar year of a moment where the seller is: a series of numbers begins anew with it.
pub(super) fn year_of(at: Micros, time_zone: &str) -> i64 {
    let zone = TimeZone::get(time_zone).unwrap_or(TimeZone::UTC);
    let at = jiff::Timestamp::from_microsecond(at).unwrap_or_default();
    i64::from(at.to_zoned(zone).year())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measured_time_is_in_started_tenths() {
        for (billable, expect) in [
            (0, "0,0 s"),
            (25_999_999, "26,0 s"),
            (1_300_000_000, "21 min 40,0 s"),
            (3_605_000_001, "1 t 5,1 s"),
        ] {
            assert_eq!(measured_time(Locale::Nb, billable).replace('\u{a0}', " "), expect);
        }
    }

    #[test]
    fn the_year_is_the_sellers() {
        // 2026-12-31 23:30 in UTC is 2027 in Oslo.
        assert_eq!(year_of(1_798_759_800_000_000, "Europe/Oslo"), 2027);
        assert_eq!(year_of(1_798_759_800_000_000, "UTC"), 2026);
    }

    #[test]
    fn rates_of_tax_have_no_needless_decimals() {
        assert_eq!(percent(2_500, Locale::Nb), "25");
        assert_eq!(percent(1_111, Locale::Nb), "11,11");
        assert_eq!(percent(0, Locale::En), "0");
    }
}
