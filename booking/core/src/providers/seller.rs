//! Who sells, as a consumer is told before the order (angrerettloven section 8; e-handelsloven section 8): the business says it
//! once, and its page, the payment step, the mail about the booking and every document take it from here. What has a price is
//! not sold before it is whole.

use std::str::FromStr;

use texts::{FieldError, Locale, t};

use crate::base::db::{DbError, FromColumn, FromRow, Param, Row, Tx};
use crate::base::{UnknownWord, fields};
use crate::{columns, params, statements};

/// SQL: whether a row `o` of businesses has said who sells, and its number fits that: a person has none, everybody else has one.
#[macro_export]
macro_rules! seller_is_whole {
    () => {
        "(o.legal_name <> '' AND (o.legal_form = 'person') = (o.orgno = ''))"
    };
}

/// SQL: whether what has a price can be ordered from a row `o` of businesses, 1 or 0: it has said who sells, and has not withdrawn the
/// mandate to issue documents in its name.
#[macro_export]
macro_rules! seller_stands {
    () => {
        concat!(
            "CAST(CASE WHEN ",
            $crate::seller_is_whole!(),
            " AND (NOT EXISTS (SELECT 1 FROM document_mandate w WHERE w.org_id = o.id)
                OR EXISTS (SELECT 1 FROM document_mandate w WHERE w.org_id = o.id AND w.withdrawn_us IS NULL))
                THEN 1 ELSE 0 END AS BIGINT)"
        )
    };
}

columns! {
    /// What a business says of itself as a seller.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SellerIdentity as identity_columns {
        /// As in the register, or a person's own name.
        legal_name: String,
        legal_form: LegalForm,
        /// Street and number.
        address: String,
        office_postcode: String,
        office_town: String,
        /// ISO 3166-1 alpha-2.
        office_country: String,
        /// E.164.
        phone: String,
        email: String,
    }
}

statements! {
    /// org
    WHOLE = concat!("SELECT COUNT(*) FROM org o WHERE o.id = $1 AND ", seller_is_whole!());
    /// org
    STANDS = concat!("SELECT ", seller_stands!(), " FROM org o WHERE o.id = $1");
    /// org, once it has said who it is
    IDENTITY = concat!("SELECT name, orgno, ", identity_columns!(names), " FROM org WHERE id = $1 AND legal_name <> ''");
    /// the columns, then org
    STATE_IDENTITY = concat!("UPDATE org SET (", identity_columns!(names), ") = (", identity_columns!(binds from 1), ") WHERE id = $9");
}

/// How a seller is organised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegalForm {
    /// A natural person without an organisation number.
    Person,
    /// A sole proprietorship, enkeltpersonforetak.
    Sole,
    /// Aksjeselskap.
    As,
    /// Allmennaksjeselskap.
    Asa,
    /// The Norwegian branch of a foreign company.
    Nuf,
    /// Partnerships, associations, co-operatives and the like.
    Other,
}

impl LegalForm {
    pub const ALL: [Self; 6] = [Self::Person, Self::Sole, Self::As, Self::Asa, Self::Nuf, Self::Other];

    /// The word in the database and in forms.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Sole => "sole",
            Self::As => "as",
            Self::Asa => "asa",
            Self::Nuf => "nuf",
            Self::Other => "other",
        }
    }

    /// Whether its sales documents must say "Foretaksregisteret" (bokføringsforskriften section 5-1-2).
    #[must_use]
    pub fn names_register(self) -> bool {
        match self {
            Self::As | Self::Asa | Self::Nuf => true,
            Self::Person | Self::Sole | Self::Other => false,
        }
    }
}

impl FromStr for LegalForm {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|form| form.word() == word)
            .ok_or(UnknownWord)
    }
}

impl FromColumn for LegalForm {
    fn from_column(row: &Row, name: &str) -> Result<Self, sqlx::Error> {
        row.parse(name)
    }
}

impl From<LegalForm> for Param {
    fn from(form: LegalForm) -> Self {
        Self::from(form.word())
    }
}

/// Who sells, with its number and the name that customers know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    /// As on its page.
    pub name: String,
    /// Nine digits; empty for a person.
    pub orgno: String,
    pub identity: SellerIdentity,
}

impl FromRow for Seller {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.get("name")?,
            orgno: row.get("orgno")?,
            identity: SellerIdentity::from_row(row)?,
        })
    }
}

impl Seller {
    /// Street, postcode and town, and the country where it is not Norway, each on a line of its own.
    #[must_use]
    pub fn postal_lines(&self) -> Vec<String> {
        let identity = &self.identity;
        let mut lines = vec![
            identity.address.clone(),
            format!("{} {}", identity.office_postcode, identity.office_town),
        ];
        if identity.office_country != "NO" {
            lines.push(identity.office_country.clone());
        }
        lines
    }

    /// The organisation number in words; nothing for a person.
    #[must_use]
    pub fn number_line(&self, locale: Locale) -> Option<String> {
        let key = if self.identity.legal_form.names_register() {
            "seller-number-register"
        } else {
            "seller-number"
        };
        let number = t(locale, key, &[("number", self.orgno.as_str().into())]);
        (!self.orgno.is_empty()).then_some(number)
    }

    /// The name, the number where it has one, the postal address, phone and e-mail: a line each.
    #[must_use]
    pub fn lines(&self, locale: Locale) -> Vec<String> {
        let mut lines = vec![self.identity.legal_name.clone()];
        lines.extend(self.number_line(locale));
        lines.extend(self.postal_lines());
        lines.push(fields::spaced_phone(&self.identity.phone));
        lines.push(self.identity.email.clone());
        lines
    }
}

/// What somebody typed, unchecked.
#[derive(Debug, Clone, Default)]
pub struct SellerInput {
    /// A word of [`LegalForm`].
    pub legal_form: String,
    pub legal_name: String,
    pub address: String,
    pub postcode: String,
    pub town: String,
    pub country: String,
    pub phone: String,
    pub email: String,
}

/// What is wrong with it, field by field.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SellerProblems {
    pub legal_form: Option<FieldError>,
    pub legal_name: Option<FieldError>,
    pub address: Option<FieldError>,
    pub postcode: Option<FieldError>,
    pub town: Option<FieldError>,
    pub country: Option<FieldError>,
    pub phone: Option<FieldError>,
    pub email: Option<FieldError>,
}

impl SellerInput {
    /// Checks every field, for a business with this organisation number; empty for one without.
    ///
    /// # Errors
    /// What is wrong, field by field.
    pub fn check(&self, orgno: &str) -> Result<SellerIdentity, SellerProblems> {
        let legal_form = legal_form(&self.legal_form, orgno);
        let legal_name = fields::line(&self.legal_name, FieldError::NameMissing);
        let address = fields::line(&self.address, FieldError::AddressMissing);
        let country = fields::country(&self.country);
        let postcode = fields::postcode(&self.postcode, country.as_deref() == Ok("NO"));
        let town = fields::line(&self.town, FieldError::PlaceMissing);
        let phone = fields::phone(&self.phone);
        let email = fields::email(&self.email);
        match (legal_form, legal_name, address, postcode, town, country, phone, email) {
            (
                Ok(legal_form),
                Ok(legal_name),
                Ok(address),
                Ok(office_postcode),
                Ok(office_town),
                Ok(office_country),
                Ok(phone),
                Ok(email),
            ) => Ok(SellerIdentity {
                legal_name,
                legal_form,
                address,
                office_postcode,
                office_town,
                office_country,
                phone,
                email: email.text,
            }),
            (legal_form, legal_name, address, postcode, town, country, phone, email) => Err(SellerProblems {
                legal_form: legal_form.err(),
                legal_name: legal_name.err(),
                address: address.err(),
                postcode: postcode.err(),
                town: town.err(),
                country: country.err(),
                phone: phone.err(),
                email: email.err(),
            }),
        }
    }
}

/// A person has no number; whoever has one is something else, and everybody else has one.
fn legal_form(typed: &str, orgno: &str) -> Result<LegalForm, FieldError> {
    let form = LegalForm::from_str(typed).map_err(|_| FieldError::LegalFormMissing)?;
    match (form, orgno.is_empty()) {
        (LegalForm::Person, false) => Err(FieldError::LegalFormHasNumber),
        (LegalForm::Person, true) => Ok(form),
        (LegalForm::Sole | LegalForm::As | LegalForm::Asa | LegalForm::Nuf | LegalForm::Other, true) => {
            Err(FieldError::LegalFormNeedsNumber)
        }
        (LegalForm::Sole | LegalForm::As | LegalForm::Asa | LegalForm::Nuf | LegalForm::Other, false) => Ok(form),
    }
}

/// Who a business is as a seller, once it has said so.
///
/// # Errors
/// When the database fails.
pub async fn find_seller(tx: &mut Tx, org: &str) -> Result<Option<Seller>, DbError> {
    tx.optional(IDENTITY, params![org]).await
}

/// Whether a business has said who sells, so that it fits its number.
///
/// # Errors
/// When the database fails.
pub async fn is_whole(tx: &mut Tx, org: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(WHOLE, params![org]).await? == 1)
}

/// Whether what has a price can be ordered from a business: it has said who sells, and not withdrawn its mandate.
///
/// # Errors
/// When the database fails, or there is no such business.
pub async fn stands(tx: &mut Tx, org: &str) -> Result<bool, DbError> {
    Ok(tx.one::<i64>(STANDS, params![org]).await? == 1)
}

/// Keeps what a business says of itself as a seller; what it said before is gone, but for the documents that have it.
///
/// # Errors
/// When the database fails.
pub async fn state_identity(tx: &mut Tx, org: &str, identity: SellerIdentity) -> Result<(), DbError> {
    let mut row = identity.into_params();
    row.extend(params![org]);
    tx.execute(STATE_IDENTITY, row).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> SellerInput {
        let text = str::to_owned;
        SellerInput {
            legal_form: text("as"),
            legal_name: text("Dyreklinikken Nordli AS"),
            address: text(" Storgata 1 "),
            postcode: text("5003"),
            town: text("Bergen"),
            country: text("no"),
            phone: text("55 00 00 00"),
            email: text("post@nordli.example"),
        }
    }

    #[test]
    fn what_is_whole_is_taken_and_cleaned() {
        let identity = good().check("923609016").expect("it is whole");
        let seller = Seller {
            name: "Nordli".to_owned(),
            orgno: "923609016".to_owned(),
            identity,
        };
        assert_eq!(
            seller.lines(Locale::Nb),
            [
                "Dyreklinikken Nordli AS",
                "Foretaksregisteret, org.nr. 923609016",
                "Storgata 1",
                "5003 Bergen",
                "+47 55 00 00 00",
                "post@nordli.example"
            ]
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once() {
        let problems = SellerInput::default().check("").expect_err("nothing is there");
        let expect = SellerProblems {
            legal_form: Some(FieldError::LegalFormMissing),
            legal_name: Some(FieldError::NameMissing),
            address: Some(FieldError::AddressMissing),
            postcode: Some(FieldError::PostcodeMissing),
            town: Some(FieldError::PlaceMissing),
            country: Some(FieldError::CountryMalformed),
            phone: Some(FieldError::PhoneMissing),
            email: Some(FieldError::EmailMissing),
        };
        assert_eq!(problems, expect);
    }

    #[test]
    fn the_form_fits_the_number_and_the_postcode_the_country() {
        let with = |form: &str, orgno: &str, postcode: &str, country: &str| {
            let input = SellerInput {
                legal_form: form.to_owned(),
                postcode: postcode.to_owned(),
                country: country.to_owned(),
                ..good()
            };
            input
                .check(orgno)
                .map_err(|problems| (problems.legal_form, problems.postcode))
                .err()
        };
        assert_eq!(with("person", "", "5003", "NO"), None);
        assert_eq!(
            with("person", "923609016", "5003", "NO"),
            Some((Some(FieldError::LegalFormHasNumber), None))
        );
        for form in ["sole", "as", "asa", "nuf", "other"] {
            assert_eq!(with(form, "923609016", "5003", "NO"), None, "{form}");
            assert_eq!(
                with(form, "", "5003", "NO"),
                Some((Some(FieldError::LegalFormNeedsNumber), None)),
                "{form}"
            );
        }
        for wrong in ["503", "50033", "50O3"] {
            let expect = Some((None, Some(FieldError::PostcodeMalformed)));
            assert_eq!(with("as", "923609016", wrong, "NO"), expect, "{wrong}");
        }
        assert_eq!(with("nuf", "923609016", "SW1A 1AA", "GB"), None);
    }

    #[test]
    fn companies_name_the_register() {
        let names = LegalForm::ALL.map(LegalForm::names_register);
        assert_eq!(names, [false, false, true, true, true, false]);
        for form in LegalForm::ALL {
            assert_eq!(form.word().parse(), Ok(form));
        }
    }
}
