//! A payment provider between us and the real one that loses requests and answers as told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use booking_core::AppState;
use booking_core::base::money::Money;
use booking_core::billing::invoice::InvoiceTerms;
use booking_core::billing::provider::{
    Authorisation, Hint, HookError, MethodFault, Order, PaymentFields, PaymentMethod, ProviderError, ProviderPayment,
    Question, RefundStatus,
};
use booking_core::billing::{OpKind, PaymentProvider, Payments};

use crate::harness::App;

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The request never arrives.
    LoseRequest,
    /// It is carried out, but the answer never arrives.
    LoseAnswer,
    /// It is carried out, and the answer is a failure, which the key brings again.
    FailAfterActing,
    /// Nothing happens, and the answer is a failure, which the key brings again.
    FailBefore,
}

pub(crate) struct Unreliable {
    inner: Arc<dyn PaymentProvider>,
    /// Calls of this kind only, or of any.
    kind: Option<OpKind>,
    /// What happens to the next calls, one after the other; after that all is well.
    faults: Mutex<VecDeque<Option<Fault>>>,
    /// Keys whose answer is a failure for ever, as Stripe does it.
    failed: Mutex<Vec<String>>,
    /// Questions about any other payment than this one are not answered.
    answers_for: Option<String>,
    /// Where the provider says that every refund stands, whatever it did.
    refunds_are: Option<RefundStatus>,
    /// Where the bank's question is answered, if not on a page of ours.
    asks_at: Option<String>,
    /// Where people were to be sent back to.
    returns: Arc<Mutex<Vec<String>>>,
}

impl Unreliable {
    fn told(&self, mut seen: ProviderPayment) -> ProviderPayment {
        if let Some(status) = self.refunds_are {
            seen.refunds.iter_mut().for_each(|refund| refund.status = status);
        }
        seen
    }

    fn next_fault(&self, kind: OpKind) -> Option<Fault> {
        if self.kind.is_some_and(|only| only != kind) {
            return None;
        }
        let mut faults = self.faults.lock().expect("nobody panics while holding it");
        faults.pop_front().flatten()
    }

    async fn run<T, F>(&self, kind: OpKind, key: &str, call: F) -> Result<T, ProviderError>
    where
        F: Future<Output = Result<T, ProviderError>> + Send,
    {
        let failed = || Err(ProviderError::Failed("500 Internal Server Error".into()));
        let has_failed = |key: &str| {
            let failed = self.failed.lock().expect("nobody panics while holding it");
            failed.iter().any(|other| other == key)
        };
        if has_failed(key) {
            return failed();
        }
        let fault = self.next_fault(kind);
        if matches!(fault, Some(Fault::FailAfterActing | Fault::FailBefore)) {
            let mut failed = self.failed.lock().expect("nobody panics while holding it");
            failed.push(key.to_owned());
        }
        match fault {
            Some(Fault::LoseRequest) => Err(ProviderError::Unknown("the line is dead".into())),
            Some(Fault::LoseAnswer) => {
                call.await?;
                Err(ProviderError::Unknown("the line went dead".into()))
            }
            Some(Fault::FailAfterActing) => {
                call.await?;
                failed()
            }
            Some(Fault::FailBefore) => failed(),
            None => call.await,
        }
    }
}

#[async_trait]
impl PaymentProvider for Unreliable {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn charges_again(&self) -> bool {
        self.inner.charges_again()
    }

    fn reserve_days(&self) -> i64 {
        self.inner.reserve_days()
    }

    fn fields(&self, seller_account: Option<&str>) -> PaymentFields {
        self.inner.fields(seller_account)
    }

    fn read_method(&self, method: &str) -> Result<PaymentMethod, MethodFault> {
        self.inner.read_method(method)
    }

    async fn create(&self, order: &Order<'_>) -> Result<String, ProviderError> {
        // Where one kind of call goes wrong, it is the one that moves money.
        match self.kind {
            Some(_) => self.inner.create(order).await,
            None => self.run(OpKind::Authorise, order.key, self.inner.create(order)).await,
        }
    }

    async fn authorise(&self, authorisation: &Authorisation<'_>) -> Result<ProviderPayment, ProviderError> {
        let back = authorisation.return_url.to_owned();
        self.returns.lock().expect("nobody panics while holding it").push(back);
        let call = self.inner.authorise(authorisation);
        self.run(OpKind::Authorise, authorisation.key, call).await
    }

    async fn question(&self, reference: &str) -> Result<Option<Question>, ProviderError> {
        let asked = self.inner.question(reference).await?;
        Ok(asked.map(|question| self.asks_at.clone().map_or(question, Question::Redirect)))
    }

    async fn answer(&self, reference: &str, approved: bool) -> Result<ProviderPayment, ProviderError> {
        self.inner.answer(reference, approved).await
    }

    async fn capture(&self, key: &str, reference: &str, amount: Money) -> Result<ProviderPayment, ProviderError> {
        self.run(OpKind::Capture, key, self.inner.capture(key, reference, amount))
            .await
    }

    async fn release(&self, key: &str, reference: &str) -> Result<ProviderPayment, ProviderError> {
        self.run(OpKind::Release, key, self.inner.release(key, reference)).await
    }

    async fn refund(
        &self,
        key: &str,
        reference: &str,
        refund: &str,
        amount: Money,
    ) -> Result<ProviderPayment, ProviderError> {
        let call = self.inner.refund(key, reference, refund, amount);
        Ok(self.told(self.run(OpKind::Refund, key, call).await?))
    }

    async fn lookup(&self, reference: &str) -> Result<Option<ProviderPayment>, ProviderError> {
        if self.answers_for.as_ref().is_some_and(|only| only != reference) {
            return Err(ProviderError::Unknown("the line is dead".into()));
        }
        Ok(self.inner.lookup(reference).await?.map(|seen| self.told(seen)))
    }

    fn invoice_terms(&self) -> Option<&InvoiceTerms> {
        self.inner.invoice_terms()
    }

    fn read_hook(
        &self,
        header: &(dyn for<'a> Fn(&'a str) -> Option<String> + Sync),
        body: &[u8],
        now: i64,
    ) -> Result<Hint, HookError> {
        self.inner.read_hook(header, body, now)
    }
}

fn with(app: &App, change: impl FnOnce(&mut Unreliable)) -> AppState {
    let mut unreliable = Unreliable {
        inner: Arc::clone(app.provider()),
        kind: None,
        faults: Mutex::default(),
        failed: Mutex::default(),
        answers_for: None,
        refunds_are: None,
        asks_at: None,
        returns: Arc::default(),
    };
    change(&mut unreliable);
    AppState {
        payments: Payments::new(vec![Arc::new(unreliable)]),
        ..app.state.clone()
    }
}

/// The same state with a provider that fails as told.
pub(crate) fn failing(app: &App, kind: Option<OpKind>, faults: Vec<Option<Fault>>) -> AppState {
    with(app, |unreliable| {
        unreliable.kind = kind;
        unreliable.faults = Mutex::new(faults.into());
    })
}

/// A server with cards and invoices, both of which fail as told.
pub(crate) fn failing_with_invoices(calm: &AppState, faults: &[Option<Fault>]) -> AppState {
    let offered = calm.payments.offered().iter().map(|inner| {
        let unreliable: Arc<dyn PaymentProvider> = Arc::new(Unreliable {
            inner: Arc::clone(inner),
            kind: None,
            faults: Mutex::new(faults.to_vec().into()),
            failed: Mutex::default(),
            answers_for: None,
            refunds_are: None,
            asks_at: None,
            returns: Arc::default(),
        });
        unreliable
    });
    AppState {
        payments: Payments::new(offered.collect()),
        ..calm.clone()
    }
}

/// The same state with a provider that tells about one payment only, by its reference there.
pub(crate) fn answering_for(app: &App, reference: &str) -> AppState {
    with(app, |unreliable| unreliable.answers_for = Some(reference.to_owned()))
}

/// The same state with a provider that says of every refund that it stands there.
pub(crate) fn telling_refunds(app: &App, status: RefundStatus) -> AppState {
    with(app, |unreliable| unreliable.refunds_are = Some(status))
}

/// The same state with a provider that fails once.
pub(crate) fn unreliable(app: &App, kind: OpKind, fault: Fault) -> AppState {
    failing(app, Some(kind), vec![Some(fault)])
}

/// The same state with a provider whose questions are answered at an address of its own, and where it was to send people
/// back to.
pub(crate) fn asking_at(app: &App, address: &str) -> (AppState, Arc<Mutex<Vec<String>>>) {
    let returns = Arc::<Mutex<Vec<String>>>::default();
    let state = with(app, |unreliable| {
        unreliable.asks_at = Some(address.to_owned());
        unreliable.returns = Arc::clone(&returns);
    });
    (state, returns)
}
