//! How a sale is treated under the Norwegian law on value added tax (merverdiavgiftsloven, "mval."). A change of law is a
//! line in [`RATES`].

use std::str::FromStr;

use jiff::civil::{Date, date};
use texts::format;

use super::db::{FromColumn, Param, Row, RowError};
use super::{DEFAULT_ZONE, Micros, UnknownWord};

/// The treatment of a service; what it is called in the database is [`Self::word`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VatCode {
    /// mval. § 5-1.
    Standard,
    /// mval. § 5-2.
    Middle,
    /// mval. §§ 5-3 to 5-11.
    Low,
    /// Taxed at 0 %: mval. chapter 6.
    Zero,
    /// mval. § 3-2.
    ExemptHealth,
    /// mval. § 3-4.
    ExemptSocial,
    /// mval. § 3-5.
    ExemptTeaching,
    /// mval. § 3-6.
    ExemptFinance,
    /// mval. § 3-7.
    ExemptCulture,
    /// mval. § 3-8.
    ExemptSport,
    /// The seller is not in the VAT register (mval. § 2-1) and may not charge the tax.
    Unregistered,
}

/// Code, the day from which it holds, and the rate in basis points of the net amount; later lines replace earlier ones.
/// Stortingets vedtak om merverdiavgift, the yearly decision; the low rate was halved from April 2020 until October 2021.
const RATES: &[(VatCode, Date, u32)] = &[
    (VatCode::Standard, date(2005, 1, 1), 2_500),
    (VatCode::Middle, date(2012, 1, 1), 1_500),
    (VatCode::Low, date(2018, 1, 1), 1_200),
    (VatCode::Low, date(2020, 4, 1), 600),
    (VatCode::Low, date(2021, 10, 1), 1_200),
];

impl VatCode {
    pub const ALL: [Self; 11] = [
        Self::Standard,
        Self::Middle,
        Self::Low,
        Self::Zero,
        Self::ExemptHealth,
        Self::ExemptSocial,
        Self::ExemptTeaching,
        Self::ExemptFinance,
        Self::ExemptCulture,
        Self::ExemptSport,
        Self::Unregistered,
    ];

    /// The word in the database.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Middle => "middle",
            Self::Low => "low",
            Self::Zero => "zero",
            Self::ExemptHealth => "exempt_health",
            Self::ExemptSocial => "exempt_social",
            Self::ExemptTeaching => "exempt_teaching",
            Self::ExemptFinance => "exempt_finance",
            Self::ExemptCulture => "exempt_culture",
            Self::ExemptSport => "exempt_sport",
            Self::Unregistered => "unregistered",
        }
    }

    /// What the treatment is when this code stands at a service: who is not registered sells without the tax whatever the
    /// code says. What the law exempts is exempt whoever sells it.
    #[must_use]
    pub fn sold_by(self, registered: bool) -> Self {
        match self {
            Self::Standard | Self::Middle | Self::Low | Self::Zero if !registered => Self::Unregistered,
            Self::Standard
            | Self::Middle
            | Self::Low
            | Self::Zero
            | Self::ExemptHealth
            | Self::ExemptSocial
            | Self::ExemptTeaching
            | Self::ExemptFinance
            | Self::ExemptCulture
            | Self::ExemptSport
            | Self::Unregistered => self,
        }
    }

    /// The rate at a moment, basis points of the net amount. The day is that of Norway.
    #[must_use]
    pub fn rate_bp(self, at: Micros) -> u32 {
        let day = format::date_of(at, DEFAULT_ZONE);
        let of_code = || RATES.iter().filter(|(code, ..)| *code == self);
        let held = of_code().rfind(|(_, from, _)| *from <= day);
        held.or_else(|| of_code().next()).map_or(0, |(_, _, bp)| *bp)
    }

    /// Whether there is a tax, at whatever rate, so that a document shows it as a line.
    #[must_use]
    pub fn is_taxed(self) -> bool {
        match self {
            Self::Standard | Self::Middle | Self::Low | Self::Zero => true,
            Self::ExemptHealth
            | Self::ExemptSocial
            | Self::ExemptTeaching
            | Self::ExemptFinance
            | Self::ExemptCulture
            | Self::ExemptSport
            | Self::Unregistered => false,
        }
    }

    /// The standard tax code of SAF-T Financial: Skatteetaten, `Standard_Tax_Codes.csv` beside the schema version 1.30.
    #[must_use]
    pub fn saft(self) -> &'static str {
        match self {
            Self::Standard => "3",
            Self::Middle => "31",
            Self::Low => "33",
            Self::Zero => "5",
            Self::ExemptHealth
            | Self::ExemptSocial
            | Self::ExemptTeaching
            | Self::ExemptFinance
            | Self::ExemptCulture
            | Self::ExemptSport => "6",
            Self::Unregistered => "7",
        }
    }

    /// Key of its name in forms.
    #[must_use]
    pub fn name_key(self) -> &'static str {
        match self {
            Self::Standard => "vat-standard",
            Self::Middle => "vat-middle",
            Self::Low => "vat-low",
            Self::Zero => "vat-zero",
            Self::ExemptHealth => "vat-health",
            Self::ExemptSocial => "vat-social",
            Self::ExemptTeaching => "vat-teaching",
            Self::ExemptFinance => "vat-finance",
            Self::ExemptCulture => "vat-culture",
            Self::ExemptSport => "vat-sport",
            Self::Unregistered => "vat-unregistered",
        }
    }

    /// Key of the sentence that a document carries instead of a tax, with the law it rests on; none where tax is charged.
    #[must_use]
    pub fn legal_key(self) -> Option<&'static str> {
        match self {
            Self::Standard | Self::Middle | Self::Low => None,
            Self::Zero => Some("vat-zero-law"),
            Self::ExemptHealth => Some("vat-health-law"),
            Self::ExemptSocial => Some("vat-social-law"),
            Self::ExemptTeaching => Some("vat-teaching-law"),
            Self::ExemptFinance => Some("vat-finance-law"),
            Self::ExemptCulture => Some("vat-culture-law"),
            Self::ExemptSport => Some("vat-sport-law"),
            Self::Unregistered => Some("document-no-vat"),
        }
    }
}

impl FromStr for VatCode {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|code| code.word() == word)
            .ok_or(UnknownWord)
    }
}

impl FromColumn for VatCode {
    fn from_column(row: &Row, name: &str) -> Result<Self, RowError> {
        row.parse(name)
    }
}

impl From<VatCode> for Param {
    fn from(code: VatCode) -> Self {
        Self::from(code.word())
    }
}

impl serde::Serialize for VatCode {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use texts::{Locale, t};

    /// 23 November 2026, noon.
    const NOW: Micros = 1_795_431_600_000_000;

    #[test]
    fn rates_are_those_of_the_day() {
        let check = |code: VatCode, at, expect| assert_eq!(code.rate_bp(at), expect, "{code:?} at {at}");
        check(VatCode::Standard, NOW, 2_500);
        check(VatCode::Middle, NOW, 1_500);
        check(VatCode::Low, NOW, 1_200);
        for code in VatCode::ALL.into_iter().filter(|code| !code.is_taxed()) {
            check(code, NOW, 0);
        }
        check(VatCode::Zero, NOW, 0);
        // Midnight in Oslo at the end of 30 September 2021 is 22:00 in UTC.
        check(VatCode::Low, 1_633_039_199_999_999, 600);
        check(VatCode::Low, 1_633_039_200_000_000, 1_200);
        // Before the first line that one holds.
        check(VatCode::Standard, 0, 2_500);
    }

    #[test]
    fn who_is_not_registered_sells_without_the_tax_whatever_the_code_says() {
        for code in VatCode::ALL {
            assert_eq!(code.sold_by(true), code);
            let sold = code.sold_by(false);
            assert_eq!(sold.rate_bp(NOW), 0, "{code:?}");
            assert_eq!(
                sold == VatCode::Unregistered,
                code.is_taxed() || code == VatCode::Unregistered
            );
        }
    }

    #[test]
    fn every_code_has_its_words_in_both_languages() {
        for code in VatCode::ALL {
            assert_eq!(code.word().parse(), Ok(code));
        }
        for locale in Locale::ALL {
            let names: BTreeSet<String> = VatCode::ALL
                .iter()
                .map(|code| t(locale, code.name_key(), &[]))
                .collect();
            assert_eq!(names.len(), VatCode::ALL.len());
            for code in VatCode::ALL.into_iter().filter(|code| code.rate_bp(NOW) == 0) {
                let law = t(locale, code.legal_key().expect("no tax has a reason"), &[]);
                assert!(law.contains('§') || !law.contains("-law"), "{law}");
            }
        }
        assert_eq!("moms".parse::<VatCode>(), Err(UnknownWord));
    }
}
