//! What the tax office is told about a seller, as the business says it: who it is, where, by which number, and which account
//! its money goes to. The list is that of the OECD's Model Reporting Rules for Digital Platforms, section III B and C, which
//! Norway follows (Prop. 91 L (2024–2025) chapter 1).

use jiff::civil::Date;
use texts::{FieldError, format};

use crate::base::db::{DbError, Tx};
use crate::base::{DEFAULT_ZONE, Micros, fields};
use crate::{columns, params, statements};

columns! {
    /// The tax data of a business.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SellerTax as tax_columns {
        /// A sole person, and no company.
        is_person: i64,
        legal_name: String,
        /// Tax identification number: organisation number, national identity number, or another country's.
        tin: String,
        /// ISO date; empty for a company.
        birth_date: String,
        address: String,
        postcode: String,
        town: String,
        /// ISO 3166-1 alpha-2.
        country: String,
        /// Norwegian account number or IBAN, without spaces.
        bank_account: String,
    }
}

statements! {
    /// org
    SELLER_TAX = concat!("SELECT ", tax_columns!(names), " FROM seller_tax WHERE org_id = $1");
    /// the columns, then org and now
    STATE_SELLER_TAX = concat!("INSERT INTO seller_tax (", tax_columns!(names), ", org_id, stated_us)
        VALUES (", tax_columns!(binds from 1), ", $10, $11)
        ON CONFLICT (org_id) DO UPDATE SET is_person = excluded.is_person, legal_name = excluded.legal_name, tin = excluded.tin,
            birth_date = excluded.birth_date, address = excluded.address, postcode = excluded.postcode, town = excluded.town,
            country = excluded.country, bank_account = excluded.bank_account, stated_us = excluded.stated_us");
}

/// What somebody typed, unchecked.
#[derive(Debug, Clone, Default)]
pub struct TaxInput {
    /// `person` or `company`.
    pub kind: String,
    pub legal_name: String,
    pub tin: String,
    pub birth_date: String,
    pub address: String,
    pub postcode: String,
    pub town: String,
    pub country: String,
    pub bank_account: String,
}

/// What is wrong with it, field by field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaxProblems {
    pub kind: Option<FieldError>,
    pub legal_name: Option<FieldError>,
    pub tin: Option<FieldError>,
    pub birth_date: Option<FieldError>,
    pub address: Option<FieldError>,
    pub postcode: Option<FieldError>,
    pub town: Option<FieldError>,
    pub country: Option<FieldError>,
    pub bank_account: Option<FieldError>,
}

/// The tax data of a business, once it has given them.
///
/// # Errors
/// When the database fails.
pub async fn find(tx: &mut Tx, org: &str) -> Result<Option<SellerTax>, DbError> {
    tx.optional(SELLER_TAX, params![org]).await
}

/// Keeps what a business says; what it said before is gone.
///
/// # Errors
/// When the database fails.
pub async fn state(tx: &mut Tx, org: &str, tax: SellerTax, now: Micros) -> Result<(), DbError> {
    let mut row = tax.into_params();
    row.extend(params![org, now]);
    tx.execute(STATE_SELLER_TAX, row).await.map(drop)
}

impl TaxInput {
    /// Checks every field.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn check(&self, now: Micros) -> Result<SellerTax, TaxProblems> {
        let is_person = match self.kind.as_str() {
            "person" => Ok(true),
            "company" => Ok(false),
            _ => Err(FieldError::SellerKindMissing),
        };
        let country = fields::country(&self.country);
        let is_norwegian = country.as_deref() == Ok("NO");
        let tin = tin(&self.tin, is_norwegian, is_person != Ok(false));
        let birth_date = birth_date(&self.birth_date, is_person == Ok(true), now);
        let legal_name = fields::line(&self.legal_name, FieldError::NameMissing);
        let address = fields::line(&self.address, FieldError::AddressMissing);
        let postcode = fields::line(&self.postcode, FieldError::PostcodeMissing);
        let town = fields::line(&self.town, FieldError::PlaceMissing);
        let bank_account = bank_account(&self.bank_account);
        match (
            is_person,
            legal_name,
            tin,
            birth_date,
            address,
            postcode,
            town,
            country,
            bank_account,
        ) {
            (
                Ok(is_person),
                Ok(legal_name),
                Ok(tin),
                Ok(birth_date),
                Ok(address),
                Ok(postcode),
                Ok(town),
                Ok(country),
                Ok(bank_account),
            ) => Ok(SellerTax {
                is_person: i64::from(is_person),
                legal_name,
                tin,
                birth_date,
                address,
                postcode,
                town,
                country,
                bank_account,
            }),
            (kind, legal_name, tin, birth_date, address, postcode, town, country, bank_account) => Err(TaxProblems {
                kind: kind.err(),
                legal_name: legal_name.err(),
                tin: tin.err(),
                birth_date: birth_date.err(),
                address: address.err(),
                postcode: postcode.err(),
                town: town.err(),
                country: country.err(),
                bank_account: bank_account.err(),
            }),
        }
    }
}

/// Letters and digits alone, in capitals.
fn compact(typed: &str) -> String {
    let kept = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '.' | '-'));
    kept.flat_map(char::to_uppercase).collect()
}

fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|letter| letter.to_digit(10)).collect()
}

/// The weighted sum of the first digits, modulo 11, as Norwegian numbers are checked by.
fn modulo_11(digits: &[u32], weights: &[u32]) -> u32 {
    digits
        .iter()
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum::<u32>()
        % 11
}

/// Whether nine digits can be an organisation number: the last one is a check digit.
#[must_use]
pub fn is_org_number(number: &str) -> bool {
    let Some(digits) = digits(number).filter(|digits| digits.len() == 9) else {
        return false;
    };
    (11 - modulo_11(&digits, &[3, 2, 7, 6, 5, 4, 3, 2])) % 11 == digits[8]
}

/// Whether eleven digits can be a Norwegian national identity number, or a D number: the last two are check digits.
fn is_identity_number(number: &str) -> bool {
    let Some(digits) = digits(number).filter(|digits| digits.len() == 11) else {
        return false;
    };
    modulo_11(&digits, &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]) == 0
        && modulo_11(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) == 0
}

fn tin(typed: &str, is_norwegian: bool, may_be_person: bool) -> Result<String, FieldError> {
    let number = compact(typed);
    if number.is_empty() {
        return Err(FieldError::TinMissing);
    }
    if !is_norwegian {
        let fits = number.len() <= 20
            && number
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '/');
        return if fits {
            Ok(number)
        } else {
            Err(FieldError::TinMalformed)
        };
    }
    let number = number.strip_prefix("NO").unwrap_or(&number);
    let number = number.strip_suffix("MVA").unwrap_or(number);
    if is_org_number(number) || (may_be_person && is_identity_number(number)) {
        Ok(number.to_owned())
    } else {
        Err(FieldError::TinMalformed)
    }
}

fn birth_date(typed: &str, is_person: bool, now: Micros) -> Result<String, FieldError> {
    let typed = typed.trim();
    if !is_person {
        return Ok(String::new());
    }
    let date: Date = typed.parse().map_err(|_| FieldError::BirthDateMissing)?;
    let today = format::date_of(now, DEFAULT_ZONE);
    if (1900..).contains(&date.year()) && date < today {
        Ok(date.to_string())
    } else {
        Err(FieldError::BirthDateMissing)
    }
}

/// An account number, without spaces, where it is one by its check digits.
#[must_use]
pub fn account_number(typed: &str) -> Option<String> {
    bank_account(typed).ok()
}

/// A Norwegian account number with its check digit, or an IBAN with its two (ISO 13616).
fn bank_account(typed: &str) -> Result<String, FieldError> {
    let number = compact(typed);
    if number.is_empty() {
        return Err(FieldError::BankAccountMissing);
    }
    if let Some(digits) = digits(&number) {
        let fits = digits.len() == 11 && modulo_11(&digits, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]) == 0;
        return if fits {
            Ok(number)
        } else {
            Err(FieldError::BankAccountMalformed)
        };
    }
    if is_iban(&number) {
        Ok(number)
    } else {
        Err(FieldError::BankAccountMalformed)
    }
}

fn is_iban(number: &str) -> bool {
    let shape = (15..=34).contains(&number.len())
        && number.is_ascii()
        && number[..2].bytes().all(|letter| letter.is_ascii_uppercase())
        && number[2..4].bytes().all(|letter| letter.is_ascii_digit());
    let value = |letter: char| letter.to_digit(36);
    let moved = || number[4..].chars().chain(number[..4].chars()).map(value);
    shape
        && moved().all(|value| value.is_some())
        && moved()
            .flatten()
            .fold(0, |rest, value| (rest * if value > 9 { 100 } else { 10 } + value) % 97)
            == 1
}

impl SellerTax {
    /// As it was typed, for the form.
    #[must_use]
    pub fn to_input(&self) -> TaxInput {
        TaxInput {
            kind: if self.is_person == 1 { "person" } else { "company" }.to_owned(),
            legal_name: self.legal_name.clone(),
            tin: self.tin.clone(),
            birth_date: self.birth_date.clone(),
            address: self.address.clone(),
            postcode: self.postcode.clone(),
            town: self.town.clone(),
            country: self.country.clone(),
            bank_account: self.bank_account.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_795_420_800_000_000;

    fn good() -> TaxInput {
        let text = str::to_owned;
        TaxInput {
            kind: text("company"),
            legal_name: text("Dyreklinikken Nordli AS"),
            tin: text("NO 923 609 016 MVA"),
            birth_date: String::new(),
            address: text("Storgata 1"),
            postcode: text("5003"),
            town: text("Bergen"),
            country: text("no"),
            bank_account: text("8601 11 17947"),
        }
    }

    #[test]
    fn what_is_whole_is_taken_and_cleaned() {
        let tax = good().check(NOW).expect("it is whole");
        assert_eq!((tax.tin.as_str(), tax.country.as_str()), ("923609016", "NO"));
        assert_eq!(
            (tax.bank_account.as_str(), tax.birth_date.as_str()),
            ("86011117947", "")
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let problems = TaxInput::default().check(NOW).expect_err("nothing is there");
        let expect = TaxProblems {
            kind: Some(FieldError::SellerKindMissing),
            legal_name: Some(FieldError::NameMissing),
            tin: Some(FieldError::TinMissing),
            birth_date: None,
            address: Some(FieldError::AddressMissing),
            postcode: Some(FieldError::PostcodeMissing),
            town: Some(FieldError::PlaceMissing),
            country: Some(FieldError::CountryMalformed),
            bank_account: Some(FieldError::BankAccountMissing),
        };
        assert_eq!(problems, expect);
    }

    #[test]
    fn numbers_are_checked_by_their_check_digits() {
        let tin_of = |kind: &str, country: &str, tin: &str| {
            let input = TaxInput {
                kind: kind.to_owned(),
                country: country.to_owned(),
                tin: tin.to_owned(),
                birth_date: "1980-02-29".to_owned(),
                ..good()
            };
            input.check(NOW).map(|tax| tax.tin).map_err(|problems| problems.tin)
        };
        let wrong = Err(Some(FieldError::TinMalformed));
        assert_eq!(tin_of("company", "NO", "923609017"), wrong);
        // A made-up identity number that its check digits fit; a company has none.
        assert_eq!(tin_of("person", "NO", "010190 09900"), Ok("01019009900".to_owned()));
        assert_eq!(tin_of("person", "NO", "01019009901"), wrong);
        assert_eq!(tin_of("company", "NO", "01019009900"), wrong);
        assert_eq!(tin_of("company", "SE", "556012-5790"), Ok("5560125790".to_owned()));
        assert_eq!(tin_of("company", "SE", "=cmd|x"), wrong);
        for (typed, fits) in [
            ("86011117947", true),
            ("86011117948", false),
            ("NO93 8601 1117 947", true),
            ("NO94 8601 1117 947", false),
            ("GB82 WEST 1234 5698 7654 32", true),
            ("GB82 WÆST 1234 5698 7654 32", false),
            ("12345", false),
        ] {
            assert_eq!(bank_account(typed).is_ok(), fits, "{typed}");
        }
    }

    #[test]
    fn a_person_has_a_date_of_birth() {
        for (typed, fits) in [
            ("1980-02-29", true),
            ("", false),
            ("1981-02-29", false),
            ("2027-01-01", false),
            ("1850-01-01", false),
        ] {
            assert_eq!(birth_date(typed, true, NOW).is_ok(), fits, "{typed}");
        }
    }
}
