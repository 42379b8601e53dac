//! The built-in test provider. It plays a system outside: own tables, own transactions, answers kept by key. The card
//! number decides what happens, see [`TEST_CARDS`]; no other number is accepted, so no real card can end up here.

use async_trait::async_trait;

use booking_core::base::db::{Db, DbError, FromRow, Row, Tx};
use booking_core::base::money::Money;
use booking_core::base::{Micros, Random};
use booking_core::billing::payment::{DeclineReason, ProviderStatus};
use booking_core::billing::provider::{
    CardError, CardForm, PaymentMethod, PaymentProvider, ProviderError, ProviderPayment, TEST_PROVIDER, TestCard,
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

    async fn tokenise(&self, card: &CardForm, now: Micros) -> Result<PaymentMethod, CardError> {
        let (card, digits) = check_card(card, now)?;
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
fn check_card(form: &CardForm, now: Micros) -> Result<(TestCard, String), CardError> {
    let digits: String = form.number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let card = TEST_CARDS
        .iter()
        .find(|(number, _)| *number == digits)
        .map(|(_, card)| *card);
    let card = card.ok_or(CardError::Number)?;
    if !expiry_is_to_come(&form.expiry, now) {
        return Err(CardError::Expiry);
    }
    let code = form.code.trim();
    if !(3..=4).contains(&code.len()) || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(CardError::Code);
    }
    Ok((card, digits))
}

/// `MM/YY`, valid through the end of its month.
fn expiry_is_to_come(text: &str, now: Micros) -> bool {
    let number = |text: &str| text.trim().parse::<i16>().ok().filter(|_| text.trim().len() == 2);
    let Some((Some(month), Some(year))) = text.split_once('/').map(|(month, year)| (number(month), number(year)))
    else {
        return false;
    };
    let today = jiff::Timestamp::from_microsecond(now)
        .unwrap_or_default()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    (1..=12).contains(&month) && (2000 + year, month) >= (today.year(), i16::from(today.month()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24
    const NOW: Micros = 1_795_510_800_000_000;

    #[test]
    fn only_documented_cards_are_cards() {
        fn check(number: &str, expiry: &str, code: &str, expect: Result<TestCard, CardError>) {
            let form = CardForm {
                number: number.into(),
                expiry: expiry.into(),
                code: code.into(),
            };
            assert_eq!(
                check_card(&form, NOW).map(|(card, _)| card),
                expect,
                "{number} {expiry} {code}"
            );
        }
        check("4242 4242 4242 4242", "11/26", "123", Ok(TestCard::Accepted));
        check("4000-0000-0000-0002", " 01 / 30 ", "1234", Ok(TestCard::Declined));
        check("4111111111111111", "12/30", "123", Err(CardError::Number));
        check("", "12/30", "123", Err(CardError::Number));
        check("4242424242424242", "10/26", "123", Err(CardError::Expiry));
        check("4242424242424242", "13/30", "123", Err(CardError::Expiry));
        check("4242424242424242", "1230", "123", Err(CardError::Expiry));
        check("4242424242424242", "1/30", "123", Err(CardError::Expiry));
        check("4242424242424242", "12/30", "12", Err(CardError::Code));
        check("4242424242424242", "12/30", "12e", Err(CardError::Code));
    }

    #[test]
    fn every_documented_number_has_its_check_digit() {
        for (number, _) in TEST_CARDS {
            let sum: u32 = number
                .bytes()
                .rev()
                .map(|byte| u32::from(byte - b'0'))
                .enumerate()
                .map(|(place, digit)| {
                    if place % 2 == 1 {
                        digit * 2 / 10 + digit * 2 % 10
                    } else {
                        digit
                    }
                })
                .sum();
            assert_eq!(sum % 10, 0, "{number}");
        }
    }
}
