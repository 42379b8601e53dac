//! The built-in test provider. It plays a system outside: own tables, own transactions, answers kept by key. The card
//! number decides what happens, see [`TEST_CARDS`]; no other number is accepted, so no real card can end up here.

use async_trait::async_trait;

use booking_core::base::db::{Db, DbError, FromRow, Row, Tx};
use booking_core::base::money::Money;
use booking_core::base::{Micros, Random};
use booking_core::billing::payment::{DeclineReason, ProviderStatus};
use booking_core::billing::provider::{
    CardError, CardFaults, CardForm, CodeFault, ExpiryFault, NumberFault, PaymentMethod, PaymentProvider,
    ProviderError, ProviderPayment, TEST_PROVIDER, TestCard,
};
use booking_core::{params, statements};

statements! {
    ADD_CARD = "INSERT INTO test_psp_card (token, behaviour, created_us) VALUES ($1, $2, $3)";
    CARD = "SELECT behaviour FROM test_psp_card WHERE token = $1";
    ADD_PAYMENT = "INSERT INTO test_psp_payment (reference, merchant_payment, behaviour, currency, amount_minor, status)
                   VALUES ($1, $2, $3, $4, $5, $6)";
    /// Also locks the row, so that two requests about one payment follow each other.
    LOCK_PAYMENT = "UPDATE test_psp_payment SET status = status WHERE reference = $1";
    PAYMENT = "SELECT reference, behaviour, currency, amount_minor, status, captured_minor, refunded_minor, captures_refused
               FROM test_psp_payment WHERE reference = $1";
    PAYMENT_OF_MERCHANT = "SELECT reference, behaviour, currency, amount_minor, status, captured_minor, refunded_minor,
                               captures_refused
                           FROM test_psp_payment WHERE merchant_payment = $1";
    SAVE_PAYMENT = "UPDATE test_psp_payment SET status = $2, captured_minor = $3, refunded_minor = $4, captures_refused = $5
                    WHERE reference = $1";
    REQUEST = "SELECT request, answer FROM test_psp_request WHERE request_key = $1";
    ADD_REQUEST = "INSERT INTO test_psp_request (request_key, request, answer) VALUES ($1, $2, $3)";
}

/// The documented numbers.
pub const TEST_CARDS: [(&str, TestCard); 6] = [
    ("4242424242424242", TestCard::Accepted),
    ("4000000000000002", TestCard::Declined),
    ("4000000000009995", TestCard::NoFunds),
    ("4000002500003155", TestCard::NeedsConfirmation),
    ("4000000000000341", TestCard::CaptureFailsOnce),
    ("4000000000000259", TestCard::CaptureFails),
];

/// The provider; `clock` and `random` as everywhere.
pub struct TestProvider {
    db: Db,
    random: Random,
}

impl TestProvider {
    #[must_use]
    pub fn new(db: Db, random: Random) -> Self {
        Self { db, random }
    }

    /// Pays back `amount` of what was captured, as somebody does at the provider's own console: nothing here asks for it, and
    /// it is learned of by a hook.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn refund(&self, key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError> {
        self.once(key, Request::Refund { reference, amount }).await
    }

    /// Answers a request once and remembers the answer: the same key brings it again, a failure too.
    async fn once(&self, key: &str, request: Request<'_>) -> Result<ProviderPayment, ProviderError> {
        let mut tx = self.db.write().await.map_err(no_answer)?;
        let said = request.text();
        if let Some((before, answer)) = tx
            .optional::<(String, String)>(REQUEST, params![key])
            .await
            .map_err(no_answer)?
        {
            if before != said {
                return Err(ProviderError::Refused("this key was used for another request".into()));
            }
            return self.replay(&mut tx, &answer).await;
        }
        let result = self.act(&mut tx, request).await;
        let answer = match &result {
            Ok(payment) => payment.reference.clone(),
            Err(ProviderError::Refused(reason)) => format!("refused: {reason}"),
            // Nothing was decided, so nothing is kept and nothing of it stays.
            Err(ProviderError::Unknown(_)) => return result,
        };
        tx.execute(ADD_REQUEST, params![key, &said, &answer])
            .await
            .map_err(no_answer)?;
        tx.commit().await.map_err(no_answer)?;
        result
    }

    async fn replay(&self, tx: &mut Tx, answer: &str) -> Result<ProviderPayment, ProviderError> {
        match answer.strip_prefix("refused: ") {
            Some(reason) => Err(ProviderError::Refused(reason.to_owned())),
            None => load(tx, answer).await.map(|row| row.view()),
        }
    }

    async fn act(&self, tx: &mut Tx, request: Request<'_>) -> Result<ProviderPayment, ProviderError> {
        match request {
            Request::Authorise {
                payment,
                method,
                amount,
            } => self.new_payment(tx, payment, method, amount).await,
            Request::Capture { reference, amount } => {
                let mut row = load(tx, reference).await?;
                let refusal = row.capture(amount);
                save(tx, &row).await?;
                refusal.map_or_else(
                    || Ok(row.view()),
                    |reason| Err(ProviderError::Refused(reason.to_owned())),
                )
            }
            Request::Release { reference } => {
                let mut row = load(tx, reference).await?;
                if !matches!(row.status, Status::Authorised | Status::Challenged) {
                    return Err(ProviderError::Refused("nothing is reserved".into()));
                }
                row.status = Status::Released;
                save(tx, &row).await?;
                Ok(row.view())
            }
            Request::Refund { reference, amount } => {
                let mut row = load(tx, reference).await?;
                let rest = row.captured_minor - row.refunded_minor;
                if row.status != Status::Captured || amount.minor <= 0 || amount.minor > rest {
                    return Err(ProviderError::Refused("there is not so much to pay back".into()));
                }
                row.refunded_minor += amount.minor;
                save(tx, &row).await?;
                Ok(row.view())
            }
        }
    }

    async fn new_payment(
        &self,
        tx: &mut Tx,
        payment: &str,
        method: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        let behaviour: Option<String> = tx.optional(CARD, params![method]).await.map_err(no_answer)?;
        let Some(card) = behaviour.as_deref().and_then(TestCard::from_name) else {
            return Err(ProviderError::Refused("no such card".into()));
        };
        let status = match card {
            TestCard::Accepted | TestCard::CaptureFailsOnce | TestCard::CaptureFails => Status::Authorised,
            TestCard::Declined => Status::Declined(DeclineReason::Declined),
            TestCard::NoFunds => Status::Declined(DeclineReason::NoFunds),
            TestCard::NeedsConfirmation => Status::Challenged,
        };
        let reference = format!("tp_{}", booking_core::base::hex(&self.random.bytes::<12>()));
        let values = params![
            &reference,
            payment,
            card.name(),
            amount.currency.as_str(),
            amount.minor,
            status.name()
        ];
        tx.execute(ADD_PAYMENT, values).await.map_err(no_answer)?;
        load(tx, &reference).await.map(|row| row.view())
    }
}

#[async_trait]
impl PaymentProvider for TestProvider {
    fn name(&self) -> &'static str {
        TEST_PROVIDER
    }

    fn test_cards(&self) -> &'static [(&'static str, TestCard)] {
        &TEST_CARDS
    }

    fn card_faults(&self, card: &CardForm, now: Micros) -> CardFaults {
        check_card(card, now).err().unwrap_or_default()
    }

    async fn tokenise(&self, card: &CardForm, now: Micros) -> Result<PaymentMethod, CardError> {
        let (card, digits) = check_card(card, now).map_err(CardError::Typed)?;
        let token = format!("tm_{}", booking_core::base::hex(&self.random.bytes::<12>()));
        let store = async {
            let mut tx = self.db.write().await?;
            tx.execute(ADD_CARD, params![&token, card.name(), now]).await?;
            tx.commit().await
        };
        store
            .await
            .map_err(|error: DbError| CardError::Unavailable(error.to_string()))?;
        Ok(PaymentMethod {
            token,
            brand: "TEST Visa".into(),
            last4: digits[digits.len() - 4..].to_owned(),
        })
    }

    async fn authorise(
        &self,
        key: &str,
        payment: &str,
        method: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        self.once(
            key,
            Request::Authorise {
                payment,
                method,
                amount,
            },
        )
        .await
    }

    async fn confirm(&self, reference: &str, approved: bool) -> Result<ProviderPayment, ProviderError> {
        let mut tx = self.db.write().await.map_err(no_answer)?;
        let mut row = load(&mut tx, reference).await?;
        if row.status == Status::Challenged {
            row.status = if approved {
                Status::Authorised
            } else {
                Status::Declined(DeclineReason::ConfirmationFailed)
            };
            save(&mut tx, &row).await?;
            tx.commit().await.map_err(no_answer)?;
        }
        Ok(row.view())
    }

    async fn capture(&self, key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError> {
        self.once(key, Request::Capture { reference, amount }).await
    }

    async fn release(&self, key: &str, reference: &str) -> Result<ProviderPayment, ProviderError> {
        self.once(key, Request::Release { reference }).await
    }

    async fn lookup(&self, payment: &str) -> Result<Option<ProviderPayment>, ProviderError> {
        let mut tx = self.db.read().await.map_err(no_answer)?;
        let row: Option<PaymentRow> = tx
            .optional(PAYMENT_OF_MERCHANT, params![payment])
            .await
            .map_err(no_answer)?;
        Ok(row.map(|row| row.view()))
    }
}

enum Request<'a> {
    Authorise {
        payment: &'a str,
        method: &'a str,
        amount: Money,
    },
    Capture {
        reference: &'a str,
        amount: Money,
    },
    Release {
        reference: &'a str,
    },
    Refund {
        reference: &'a str,
        amount: Money,
    },
}

impl Request<'_> {
    fn text(&self) -> String {
        match self {
            Self::Authorise {
                payment,
                method,
                amount,
            } => {
                format!("authorise {payment} {method} {} {}", amount.minor, amount.currency)
            }
            Self::Capture { reference, amount } => format!("capture {reference} {} {}", amount.minor, amount.currency),
            Self::Release { reference } => format!("release {reference}"),
            Self::Refund { reference, amount } => format!("refund {reference} {} {}", amount.minor, amount.currency),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Challenged,
    Declined(DeclineReason),
    Authorised,
    Captured,
    Released,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Challenged => "challenged",
            Self::Declined(reason) => reason.name(),
            Self::Authorised => "authorised",
            Self::Captured => "captured",
            Self::Released => "released",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let plain = [Self::Challenged, Self::Authorised, Self::Captured, Self::Released];
        let known = plain.into_iter().find(|status| status.name() == name);
        known
            .or_else(|| DeclineReason::from_name(name).map(Self::Declined))
            .ok_or(())
    }
}

struct PaymentRow {
    reference: String,
    card: TestCard,
    currency: String,
    amount_minor: i64,
    status: Status,
    captured_minor: i64,
    refunded_minor: i64,
    captures_refused: i64,
}

impl FromRow for PaymentRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let behaviour: String = row.get("behaviour")?;
        Ok(Self {
            reference: row.get("reference")?,
            card: TestCard::from_name(&behaviour).ok_or_else(|| sqlx::Error::Decode(behaviour.into()))?,
            currency: row.get("currency")?,
            amount_minor: row.get("amount_minor")?,
            status: row.parse("status")?,
            captured_minor: row.get("captured_minor")?,
            refunded_minor: row.get("refunded_minor")?,
            captures_refused: row.get("captures_refused")?,
        })
    }
}

impl PaymentRow {
    /// Captures, or says why not.
    fn capture(&mut self, amount: Money) -> Option<&'static str> {
        if self.status != Status::Authorised {
            return Some("nothing is reserved");
        }
        if amount.currency.as_str() != self.currency || amount.minor <= 0 || amount.minor > self.amount_minor {
            return Some("not an amount that is reserved");
        }
        let fails = match self.card {
            TestCard::CaptureFails => true,
            TestCard::CaptureFailsOnce => self.captures_refused == 0,
            TestCard::Accepted | TestCard::Declined | TestCard::NoFunds | TestCard::NeedsConfirmation => false,
        };
        if fails {
            self.captures_refused += 1;
            return Some("the issuer does not answer");
        }
        self.status = Status::Captured;
        self.captured_minor = amount.minor;
        None
    }

    fn view(&self) -> ProviderPayment {
        let status = match self.status {
            Status::Challenged => ProviderStatus::NeedsConfirmation,
            Status::Declined(reason) => ProviderStatus::Declined(reason),
            Status::Authorised => ProviderStatus::Authorised {
                amount_minor: self.amount_minor,
            },
            Status::Captured if self.refunded_minor > 0 => ProviderStatus::Refunded {
                captured_minor: self.captured_minor,
                refunded_minor: self.refunded_minor,
            },
            Status::Captured => ProviderStatus::Captured {
                amount_minor: self.captured_minor,
            },
            Status::Released => ProviderStatus::Released,
        };
        ProviderPayment {
            reference: self.reference.clone(),
            status,
        }
    }
}

async fn load(tx: &mut Tx, reference: &str) -> Result<PaymentRow, ProviderError> {
    tx.execute(LOCK_PAYMENT, params![reference]).await.map_err(no_answer)?;
    let row = tx.optional(PAYMENT, params![reference]).await.map_err(no_answer)?;
    row.ok_or_else(|| ProviderError::Refused("no such payment".into()))
}

async fn save(tx: &mut Tx, row: &PaymentRow) -> Result<(), ProviderError> {
    let values = params![
        &row.reference,
        row.status.name(),
        row.captured_minor,
        row.refunded_minor,
        row.captures_refused
    ];
    tx.execute(SAVE_PAYMENT, values).await.map(drop).map_err(no_answer)
}

fn no_answer(error: DbError) -> ProviderError {
    ProviderError::Unknown(error.to_string())
}

/// The card behind what was typed, and its digits.
fn check_card(form: &CardForm, now: Micros) -> Result<(TestCard, String), CardFaults> {
    let digits: String = form
        .number
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let faults = CardFaults {
        number: number_fault(&digits),
        expiry: expiry_fault(&form.expiry, now),
        code: code_fault(form.code.trim()),
    };
    match documented(&digits) {
        Some(card) if faults.is_none() => Ok((card, digits)),
        Some(_) | None => Err(faults),
    }
}

fn documented(digits: &str) -> Option<TestCard> {
    let known = TEST_CARDS.iter().find(|(number, _)| *number == digits);
    known.map(|(_, card)| *card)
}

/// The first thing that is wrong with a number, in the order in which somebody would mend it.
fn number_fault(digits: &str) -> Option<NumberFault> {
    if digits.is_empty() {
        Some(NumberFault::Missing)
    } else if digits.len() != 16 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        Some(NumberFault::Length)
    } else if !check_digit_fits(digits) {
        Some(NumberFault::CheckDigit)
    } else {
        documented(digits).is_none().then_some(NumberFault::NotATestCard)
    }
}

/// ISO/IEC 7812-1 annex B: doubled from the right, every second one, the digits sum to a multiple of ten.
fn check_digit_fits(digits: &str) -> bool {
    let digits = digits.bytes().rev().map(|byte| u32::from(byte - b'0')).enumerate();
    let counted = digits.map(|(place, digit)| match place % 2 {
        1 => digit * 2 / 10 + digit * 2 % 10,
        _ => digit,
    });
    counted.sum::<u32>().is_multiple_of(10)
}

fn code_fault(code: &str) -> Option<CodeFault> {
    let good = (3..=4).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_digit());
    match code {
        "" => Some(CodeFault::Missing),
        _ => (!good).then_some(CodeFault::Malformed),
    }
}

/// A card is valid through the end of its month.
fn expiry_fault(text: &str, now: Micros) -> Option<ExpiryFault> {
    if text.trim().is_empty() {
        return Some(ExpiryFault::Missing);
    }
    let Some((year, month)) = read_expiry(text) else {
        return Some(ExpiryFault::Malformed);
    };
    let today = jiff::Timestamp::from_microsecond(now)
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    ((year, month) < (today.year(), i16::from(today.month()))).then_some(ExpiryFault::Past)
}

/// Year and month from `12/29`, `1/29` and what browsers fill in: `12/2029`, `2029-12`, `1229`, `122029`.
fn read_expiry(text: &str) -> Option<(i16, i16)> {
    let separators = |c: char| c.is_whitespace() || matches!(c, '/' | '-' | '.');
    let parts: Vec<&str> = text.split(separators).filter(|part| !part.is_empty()).collect();
    let (month, year) = match parts[..] {
        [year, month] if year.len() == 4 && month.len() <= 2 => (month, year),
        [month, year] if month.len() <= 2 && matches!(year.len(), 2 | 4) => (month, year),
        [together] if together.is_ascii() && matches!(together.len(), 4 | 6) => together.split_at(2),
        _ => return None,
    };
    let number = |text: &str| {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i16>().ok()).flatten()
    };
    let (month, mut full_year) = (number(month)?, number(year)?);
    if year.len() == 2 {
        full_year += 2000;
    }
    ((1..=12).contains(&month) && full_year >= 2000).then_some((full_year, month))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24
    const NOW: Micros = 1_795_510_800_000_000;

    fn faults(number: &str, expiry: &str, code: &str) -> CardFaults {
        let form = CardForm {
            number: number.into(),
            expiry: expiry.into(),
            code: code.into(),
        };
        check_card(&form, NOW).err().unwrap_or_default()
    }

    /// Trial E21: a valid number, and one without its last block, both read "needs 16 digits".
    #[test]
    fn e21_the_first_thing_wrong_with_a_number_is_told() {
        for (number, expect) in [
            ("4242 4242 4242 4242", None),
            ("4000-0000-0000-0002", None),
            ("", Some(NumberFault::Missing)),
            ("4111 1111 1111", Some(NumberFault::Length)),
            ("4111 1111 1111 11111", Some(NumberFault::Length)),
            ("4111 1111 1111 111x", Some(NumberFault::Length)),
            ("4111 1111 1111 1112", Some(NumberFault::CheckDigit)),
            ("4111 1111 1111 1111", Some(NumberFault::NotATestCard)),
        ] {
            assert_eq!(faults(number, "12/30", "123").number, expect, "{number}");
        }
    }

    /// Trial E10: browsers fill in expiry dates in several forms.
    #[test]
    fn e10_an_expiry_is_read_as_browsers_fill_it_in() {
        for good in [
            "11/26",
            " 01 / 30 ",
            "1/30",
            "12/2029",
            "2029-12",
            "1229",
            "122029",
            "12-29",
            "12.29",
            "12 29",
        ] {
            assert_eq!(faults("4242424242424242", good, "123"), CardFaults::default(), "{good}");
        }
        for (bad, expect) in [
            ("", ExpiryFault::Missing),
            ("10/26", ExpiryFault::Past),
            ("2026-10", ExpiryFault::Past),
            ("13/30", ExpiryFault::Malformed),
            ("0/30", ExpiryFault::Malformed),
            ("1330", ExpiryFault::Malformed),
            ("12/3", ExpiryFault::Malformed),
            ("12/30/1", ExpiryFault::Malformed),
            ("+1/30", ExpiryFault::Malformed),
            ("æøåæ", ExpiryFault::Malformed),
            ("desember 2029", ExpiryFault::Malformed),
        ] {
            assert_eq!(faults("4242424242424242", bad, "123").expiry, Some(expect), "{bad}");
        }
    }

    /// Trial E11: errors came one at a time.
    #[test]
    fn e11_everything_wrong_is_told_at_once() {
        let expect = CardFaults {
            number: Some(NumberFault::Length),
            expiry: Some(ExpiryFault::Past),
            code: Some(CodeFault::Malformed),
        };
        assert_eq!(faults("4242", "10/26", "12e"), expect);
        assert_eq!(faults("4242424242424242", "12/30", "").code, Some(CodeFault::Missing));
        assert_eq!(faults("4242424242424242", "12/30", "1234").code, None);
    }

    #[test]
    fn every_documented_number_has_its_check_digit() {
        for (number, _) in TEST_CARDS {
            assert!(check_digit_fits(number), "{number}");
        }
    }
}
