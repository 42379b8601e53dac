//! The built-in test provider. It plays a system outside: own tables, own transactions, answers kept by key. People choose
//! what happens from a list of cards that move no money, so no real card can end up here.
//!
//! A hook's body is `{"id": "…", "payment": "…"}` with our id of the payment; its header `booka-signature` is described at
//! [`booking_core::billing::hooks`].

use async_trait::async_trait;

use booking_core::base::db::{Db, DbError, FromRow, Row, Tx};
use booking_core::base::money::Money;
use booking_core::base::{Micros, Random, SECOND_US};
use booking_core::billing::hooks::is_signed;
use booking_core::billing::payment::{DeclineReason, ProviderStatus};
use booking_core::billing::provider::{
    Aim, Authorisation, Hint, HookError, MethodFault, Order, PaymentFields, PaymentMethod, PaymentProvider,
    ProviderError, ProviderPayment, ProviderRefund, Question, RefundStatus, TEST_PROVIDER, TestCard,
};
use booking_core::{params, statements};

/// Columns of a [`PaymentRow`].
macro_rules! payment_select {
    ($rest:literal) => {
        concat!(
            "SELECT reference, behaviour, currency, amount_minor, keeps, status, captured_minor, captures_refused
            FROM test_psp_payment ",
            $rest
        )
    };
}

statements! {
    ADD_PAYMENT = "INSERT INTO test_psp_payment (reference, merchant_payment, behaviour, currency, amount_minor, keeps, status)
                   VALUES ($1, $2, '', $3, $4, $5, 'created')";
    /// Also locks the row, so that two requests about one payment follow each other.
    LOCK_PAYMENT = "UPDATE test_psp_payment SET status = status WHERE reference = $1";
    PAYMENT = payment_select!("WHERE reference = $1");
    SAVE_PAYMENT = "UPDATE test_psp_payment SET status = $2, captured_minor = $3, captures_refused = $4, behaviour = $5
                    WHERE reference = $1";
    ADD_REFUND = "INSERT INTO test_psp_refund (reference, payment, merchant_refund, amount_minor, status)
                  VALUES ($1, $2, $3, $4, 'done')";
    REFUNDS = "SELECT reference, merchant_refund, amount_minor, status FROM test_psp_refund WHERE payment = $1 ORDER BY reference";
    REQUEST = "SELECT request, answer FROM test_psp_request WHERE request_key = $1";
    ADD_REQUEST = "INSERT INTO test_psp_request (request_key, request, answer) VALUES ($1, $2, $3)";
}

/// Longest id in a hook that is looked at, bytes.
const ID_BYTES_MAX: usize = 100;
/// As long as most banks keep an amount reserved, less a day.
const RESERVE_DAYS: i64 = 6;

/// The provider; `clock` and `random` as everywhere.
pub struct TestProvider {
    db: Db,
    random: Random,
    /// Signs hooks.
    hook_secret: [u8; 32],
}

impl TestProvider {
    #[must_use]
    pub fn new(db: Db, random: Random, hook_secret: [u8; 32]) -> Self {
        Self {
            db,
            random,
            hook_secret,
        }
    }

    /// Pays back `amount` of what was captured, as somebody does at the provider's own console: nothing here asks for it, and
    /// it is learned of by a hook.
    ///
    /// # Errors
    /// See [`ProviderError`].
    pub async fn refund_at_console(
        &self,
        key: &str,
        reference: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        let refund = None;
        self.once(
            key,
            Request::Refund {
                reference,
                refund,
                amount,
            },
        )
        .await
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
            return match answer.strip_prefix("refused: ") {
                Some(reason) => Err(ProviderError::Refused(reason.to_owned())),
                None => view(&mut tx, &answer).await,
            };
        }
        let result = self.act(&mut tx, request).await;
        let answer = match &result {
            Ok(payment) => payment.reference.clone(),
            Err(ProviderError::Refused(reason)) => format!("refused: {reason}"),
            // Nothing was decided, so nothing is kept and nothing of it stays.
            Err(ProviderError::Failed(_) | ProviderError::Unknown(_)) => return result,
        };
        tx.execute(ADD_REQUEST, params![key, &said, &answer])
            .await
            .map_err(no_answer)?;
        tx.commit().await.map_err(no_answer)?;
        result
    }

    async fn act(&self, tx: &mut Tx, request: Request<'_>) -> Result<ProviderPayment, ProviderError> {
        let refused = |reason: &str| Err(ProviderError::Refused(reason.to_owned()));
        let reference = match request {
            Request::Create { payment, aim } => return self.new_payment(tx, payment, aim).await,
            Request::Authorise {
                reference,
                method,
                away,
            } => {
                let mut row = load(tx, reference).await?;
                let Some(card) = TestCard::from_name(method) else {
                    return refused("no such card");
                };
                if row.status == Status::Created {
                    row.authorise(card, away);
                    save(tx, &row).await?;
                }
                reference
            }
            Request::Capture { reference, amount } => {
                let mut row = load(tx, reference).await?;
                let refusal = row.capture(amount);
                save(tx, &row).await?;
                if let Some(reason) = refusal {
                    return refused(reason);
                }
                reference
            }
            Request::Release { reference } => {
                let mut row = load(tx, reference).await?;
                if !matches!(row.status, Status::Authorised | Status::Challenged | Status::Kept) {
                    return refused("nothing is reserved");
                }
                row.status = Status::Released;
                save(tx, &row).await?;
                reference
            }
            Request::Refund {
                reference,
                refund,
                amount,
            } => {
                let row = load(tx, reference).await?;
                let rest = row.captured_minor - refunded_minor(&refunds(tx, reference).await?);
                if row.status != Status::Captured || amount.minor <= 0 || amount.minor > rest {
                    return refused("there is not so much to pay back");
                }
                let values = params![self.new_id("tr"), reference, refund, amount.minor];
                tx.execute(ADD_REFUND, values).await.map_err(no_answer)?;
                reference
            }
        };
        view(tx, reference).await
    }

    async fn new_payment(&self, tx: &mut Tx, payment: &str, aim: Aim) -> Result<ProviderPayment, ProviderError> {
        let reference = self.new_id("tp");
        let (currency, minor, keeps) = match aim {
            Aim::Reserve(amount) if amount.minor < amount.currency.least_charge_minor() => {
                return Err(ProviderError::Refused("less than a card can be charged".to_owned()));
            }
            Aim::Reserve(amount) => (amount.currency, amount.minor, false),
            Aim::Keep(currency) => (currency, 0, true),
        };
        let values = params![&reference, payment, currency.as_str(), minor, keeps];
        tx.execute(ADD_PAYMENT, values).await.map_err(no_answer)?;
        view(tx, &reference).await
    }

    fn new_id(&self, prefix: &str) -> String {
        format!("{prefix}_{}", booking_core::base::hex(&self.random.bytes::<12>()))
    }
}

/// A hook's body.
#[derive(serde::Deserialize)]
struct Hook {
    id: String,
    payment: String,
}

#[async_trait]
impl PaymentProvider for TestProvider {
    fn name(&self) -> &'static str {
        TEST_PROVIDER
    }

    fn reserve_days(&self) -> i64 {
        RESERVE_DAYS
    }

    fn fields(&self, _seller_account: Option<&str>) -> PaymentFields {
        PaymentFields::TestCards(&TestCard::ALL)
    }

    fn read_method(&self, method: &str) -> Result<PaymentMethod, MethodFault> {
        if method.is_empty() {
            return Err(MethodFault::Missing);
        }
        TestCard::from_name(method).map(shown).ok_or(MethodFault::Unknown)
    }

    async fn create(&self, order: &Order<'_>) -> Result<String, ProviderError> {
        let request = Request::Create {
            payment: order.payment,
            aim: order.aim,
        };
        self.once(order.key, request).await.map(|made| made.reference)
    }

    fn charges_again(&self) -> bool {
        true
    }

    async fn authorise(&self, authorisation: &Authorisation<'_>) -> Result<ProviderPayment, ProviderError> {
        let request = Request::Authorise {
            reference: authorisation.reference,
            method: authorisation.method,
            away: authorisation.kept.is_some(),
        };
        self.once(authorisation.key, request).await
    }

    async fn question(&self, reference: &str) -> Result<Option<Question>, ProviderError> {
        let mut tx = self.db.read().await.map_err(no_answer)?;
        let row: Option<PaymentRow> = tx.optional(PAYMENT, params![reference]).await.map_err(no_answer)?;
        let asks = row.is_some_and(|row| row.status == Status::Challenged);
        Ok(asks.then_some(Question::TestBank))
    }

    async fn answer(&self, reference: &str, approved: bool) -> Result<ProviderPayment, ProviderError> {
        let mut tx = self.db.write().await.map_err(no_answer)?;
        let mut row = load(&mut tx, reference).await?;
        if row.status == Status::Challenged {
            row.status = match (approved, row.keeps) {
                (true, true) => Status::Kept,
                (true, false) => Status::Authorised,
                (false, _) => Status::Declined(DeclineReason::ConfirmationFailed),
            };
            save(&mut tx, &row).await?;
        }
        let seen = view(&mut tx, reference).await?;
        tx.commit().await.map_err(no_answer)?;
        Ok(seen)
    }

    async fn capture(&self, key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError> {
        self.once(key, Request::Capture { reference, amount }).await
    }

    async fn release(&self, key: &str, reference: &str) -> Result<ProviderPayment, ProviderError> {
        self.once(key, Request::Release { reference }).await
    }

    async fn refund(
        &self,
        key: &str,
        reference: &str,
        refund: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        let refund = Some(refund);
        self.once(
            key,
            Request::Refund {
                reference,
                refund,
                amount,
            },
        )
        .await
    }

    async fn lookup(&self, reference: &str) -> Result<Option<ProviderPayment>, ProviderError> {
        let mut tx = self.db.read().await.map_err(no_answer)?;
        let row: Option<PaymentRow> = tx.optional(PAYMENT, params![reference]).await.map_err(no_answer)?;
        match row {
            Some(row) => Ok(Some(row.view(refunds(&mut tx, reference).await?))),
            None => Ok(None),
        }
    }

    fn read_hook(
        &self,
        header: &(dyn for<'a> Fn(&'a str) -> Option<String> + Sync),
        body: &[u8],
        now: Micros,
    ) -> Result<Hint, HookError> {
        let signature = header("booka-signature").unwrap_or_default();
        if !is_signed(&self.hook_secret, &signature, body, now / SECOND_US) {
            return Err(HookError::NotSigned);
        }
        let hook: Hook = serde_json::from_slice(body).map_err(|_| HookError::Unreadable)?;
        if hook.id.is_empty() || hook.id.len().max(hook.payment.len()) > ID_BYTES_MAX {
            return Err(HookError::Unreadable);
        }
        Ok(Hint {
            id: hook.id,
            payment: Some(hook.payment),
        })
    }
}

/// How a card is named wherever it is shown.
fn shown(card: TestCard) -> PaymentMethod {
    let last4 = match card {
        TestCard::Accepted => "4242",
        TestCard::Declined => "0002",
        TestCard::NoFunds => "9995",
        TestCard::NeedsConfirmation => "3155",
        TestCard::CaptureFailsOnce => "0341",
        TestCard::CaptureFails => "0259",
        TestCard::DeclinedLater => "0069",
    };
    PaymentMethod {
        token: card.name().to_owned(),
        brand: "TEST Visa".to_owned(),
        last4: last4.to_owned(),
    }
}

enum Request<'a> {
    Create {
        payment: &'a str,
        aim: Aim,
    },
    Authorise {
        reference: &'a str,
        method: &'a str,
        /// The person is away: nobody answers a bank's question.
        away: bool,
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
        refund: Option<&'a str>,
        amount: Money,
    },
}

impl Request<'_> {
    fn text(&self) -> String {
        match self {
            Self::Create { payment, aim } => format!("create {payment} {aim:?}"),
            Self::Authorise { reference, method, .. } => format!("authorise {reference} {method}"),
            Self::Capture { reference, amount } => format!("capture {reference} {} {}", amount.minor, amount.currency),
            Self::Release { reference } => format!("release {reference}"),
            Self::Refund {
                reference,
                refund,
                amount,
            } => {
                let refund = refund.unwrap_or_default();
                format!("refund {reference} {refund} {} {}", amount.minor, amount.currency)
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Created,
    Challenged,
    Declined(DeclineReason),
    Kept,
    Authorised,
    Captured,
    Released,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Challenged => "challenged",
            Self::Declined(reason) => reason.name(),
            Self::Kept => "kept",
            Self::Authorised => "authorised",
            Self::Captured => "captured",
            Self::Released => "released",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        let plain = [
            Self::Created,
            Self::Challenged,
            Self::Kept,
            Self::Authorised,
            Self::Captured,
            Self::Released,
        ];
        let known = plain.into_iter().find(|status| status.name() == name);
        known
            .or_else(|| DeclineReason::from_name(name).map(Self::Declined))
            .ok_or(())
    }
}

struct PaymentRow {
    reference: String,
    /// None before it is authorised.
    card: Option<TestCard>,
    currency: String,
    amount_minor: i64,
    keeps: bool,
    status: Status,
    captured_minor: i64,
    captures_refused: i64,
}

impl FromRow for PaymentRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            reference: row.get("reference")?,
            card: TestCard::from_name(&row.get::<String>("behaviour")?),
            currency: row.get("currency")?,
            amount_minor: row.get("amount_minor")?,
            keeps: row.flag("keeps")?,
            status: row.parse("status")?,
            captured_minor: row.get("captured_minor")?,
            captures_refused: row.get("captures_refused")?,
        })
    }
}

impl PaymentRow {
    fn authorise(&mut self, card: TestCard, away: bool) {
        self.card = Some(card);
        let accepted = if self.keeps { Status::Kept } else { Status::Authorised };
        self.status = match card {
            TestCard::Accepted | TestCard::CaptureFailsOnce | TestCard::CaptureFails => accepted,
            TestCard::Declined => Status::Declined(DeclineReason::Declined),
            TestCard::NoFunds => Status::Declined(DeclineReason::NoFunds),
            TestCard::NeedsConfirmation if away => Status::Declined(DeclineReason::ConfirmationFailed),
            TestCard::NeedsConfirmation => Status::Challenged,
            TestCard::DeclinedLater if away => Status::Declined(DeclineReason::Declined),
            TestCard::DeclinedLater => accepted,
        };
    }

    /// Captures, or says why not.
    fn capture(&mut self, amount: Money) -> Option<&'static str> {
        if self.status != Status::Authorised {
            return Some("nothing is reserved");
        }
        if amount.currency.as_str() != self.currency || amount.minor <= 0 || amount.minor > self.amount_minor {
            return Some("not an amount that is reserved");
        }
        if amount.minor < amount.currency.least_charge_minor() {
            return Some("less than a card can be charged");
        }
        let fails = match self.card {
            Some(TestCard::CaptureFails) => true,
            Some(TestCard::CaptureFailsOnce) => self.captures_refused == 0,
            Some(
                TestCard::Accepted
                | TestCard::Declined
                | TestCard::NoFunds
                | TestCard::NeedsConfirmation
                | TestCard::DeclinedLater,
            )
            | None => false,
        };
        if fails {
            self.captures_refused += 1;
            return Some("the issuer does not answer");
        }
        self.status = Status::Captured;
        self.captured_minor = amount.minor;
        None
    }

    fn view(&self, refunds: Vec<ProviderRefund>) -> ProviderPayment {
        let status = match self.status {
            Status::Created => ProviderStatus::Created,
            Status::Challenged => ProviderStatus::NeedsConfirmation,
            Status::Declined(reason) => ProviderStatus::Declined(reason),
            Status::Kept => ProviderStatus::Saved,
            Status::Authorised => ProviderStatus::Authorised {
                amount_minor: self.amount_minor,
            },
            Status::Captured => ProviderStatus::Captured {
                amount_minor: self.captured_minor,
            },
            Status::Released => ProviderStatus::Released,
        };
        ProviderPayment {
            reference: self.reference.clone(),
            status,
            method: self.card.map(shown),
            refunds,
        }
    }
}

struct RefundRow(ProviderRefund);

impl FromRow for RefundRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let status: String = row.get("status")?;
        Ok(Self(ProviderRefund {
            reference: row.get("reference")?,
            refund: row.get("merchant_refund")?,
            amount_minor: row.get("amount_minor")?,
            status: match status.as_str() {
                "pending" => RefundStatus::Pending,
                "failed" => RefundStatus::Failed,
                _ => RefundStatus::Done,
            },
        }))
    }
}

async fn refunds(tx: &mut Tx, reference: &str) -> Result<Vec<ProviderRefund>, ProviderError> {
    let rows: Vec<RefundRow> = tx.all(REFUNDS, params![reference]).await.map_err(no_answer)?;
    Ok(rows.into_iter().map(|row| row.0).collect())
}

fn refunded_minor(refunds: &[ProviderRefund]) -> i64 {
    let gone = refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
    gone.map(|refund| refund.amount_minor).sum()
}

async fn load(tx: &mut Tx, reference: &str) -> Result<PaymentRow, ProviderError> {
    tx.execute(LOCK_PAYMENT, params![reference]).await.map_err(no_answer)?;
    let row = tx.optional(PAYMENT, params![reference]).await.map_err(no_answer)?;
    row.ok_or_else(|| ProviderError::Refused("no such payment".into()))
}

async fn view(tx: &mut Tx, reference: &str) -> Result<ProviderPayment, ProviderError> {
    let row = load(tx, reference).await?;
    Ok(row.view(refunds(tx, reference).await?))
}

async fn save(tx: &mut Tx, row: &PaymentRow) -> Result<(), ProviderError> {
    let values = params![
        &row.reference,
        row.status.name(),
        row.captured_minor,
        row.captures_refused,
        row.card.map_or("", TestCard::name)
    ];
    tx.execute(SAVE_PAYMENT, values).await.map(drop).map_err(no_answer)
}

fn no_answer(error: DbError) -> ProviderError {
    ProviderError::Unknown(error.to_string())
}
