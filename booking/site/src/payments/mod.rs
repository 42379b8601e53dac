//! The payment step, the bank's question, and the hooks of payment providers.

pub(crate) mod fields;
mod hooks;
mod promo;
pub(crate) mod view;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use signaling_protocol::Role;
use web::pages::book::{Bank, BookConfirmPage, BookPaymentPage, Overlap, PaymentProblem};
use web::pages::legal::LEGAL_VERSION;
use web::pages::pay::PayFields;
use web::pages::{Check, FieldError};
use web::routes::{self, pattern};
use web::t;

use self::hooks::HOOKS;
use crate::error::AppResult;
use crate::extract::{Form, Path, Query, Visit};
use crate::pages;
use crate::seller_view::seller_view;
use booking_core::AppState;
use booking_core::appointments::{self, Appointment, Hold, Status};
use booking_core::base::{Micros, charge, token_hash};
use booking_core::billing::payment::DeclineReason;
use booking_core::billing::provider::Question;
use booking_core::billing::queries;
use booking_core::billing::sellers::{self, Payable};
use booking_core::providers::seller::find_seller;
use booking_core::usecases::{self as checkout, CheckoutOutcome, CheckoutRefusal};

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::BOOK_PAYMENT, get(payment_page).post(pay))
        .route(pattern::BOOK_CONFIRM, get(confirm_page).post(confirm))
        .route(HOOKS, post(hooks::receive))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PaymentForm {
    provider: String,
    method: String,
    withdrawal: String,
    /// The most that could be charged as the page said, minor units.
    sum: String,
    /// Nothing where it is paid; see [`promo`].
    action: String,
    promo: String,
}

/// Which way to pay the page shows: the name of a provider.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChoiceQuery {
    pub(crate) by: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ConfirmForm {
    answer: String,
}

/// A hold that may be paid for now, or where to go instead.
enum Standing {
    Hold(Box<Hold>),
    Elsewhere(Response),
}

/// The step needs a signed-in, verified person and the details of the step before.
async fn load_payable(state: &AppState, visit: &Visit, id: &str) -> AppResult<Standing> {
    let hold = appointments::load_hold(&mut state.db.read().await?, &visit.actor, id).await?;
    let details = || Redirect::to(&routes::book(id)).into_response();
    let Some(account) = &visit.actor.account else {
        return Ok(Standing::Elsewhere(details()));
    };
    if hold.state == Status::Confirmed {
        return resume_booked(state, visit, &hold, &account.id)
            .await
            .map(Standing::Elsewhere);
    }
    if !account.email_verified || hold.account_id.as_ref() != Some(&account.id) {
        return Ok(Standing::Elsewhere(details()));
    }
    if hold.is_live(visit.now) && hold.about.trim().is_empty() {
        return Ok(Standing::Elsewhere(details()));
    }
    if hold.is_live(visit.now) {
        return Ok(Standing::Hold(Box::new(hold)));
    }
    // Too late to begin, but what was begun in time goes on. A question of the bank must be answered in time.
    match checkout::resume_checkout(state, &hold, &account.id).await? {
        CheckoutOutcome::NotStarted | CheckoutOutcome::Declined(_) | CheckoutOutcome::NeedsConfirmation => {
            Ok(Standing::Elsewhere(details()))
        }
        begun @ (CheckoutOutcome::Booked(_) | CheckoutOutcome::Unknown | CheckoutOutcome::HoldLost) => {
            Ok(Standing::Elsewhere(show_outcome(state, visit, &hold, begun).await?))
        }
    }
}

/// Where a hold leads that became an appointment.
async fn resume_booked(state: &AppState, visit: &Visit, hold: &Hold, account: &str) -> AppResult<Response> {
    let outcome = if hold.price.most_minor() == 0 {
        checkout::book_free(state, hold, account).await?
    } else {
        checkout::resume_checkout(state, hold, account).await?
    };
    show_outcome(state, visit, hold, outcome).await
}

async fn payment_page(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Query(choice): Query<ChoiceQuery>,
) -> AppResult<Response> {
    let hold = match load_payable(&state, &visit, &id).await? {
        Standing::Hold(hold) => hold,
        Standing::Elsewhere(response) => return Ok(response),
    };
    let account = visit.actor.signed_in()?;
    if hold.price.most_minor() > 0 {
        match checkout::resume_checkout(&state, &hold, &account.id).await? {
            CheckoutOutcome::NotStarted | CheckoutOutcome::Declined(_) => {}
            begun @ (CheckoutOutcome::Booked(_)
            | CheckoutOutcome::NeedsConfirmation
            | CheckoutOutcome::Unknown
            | CheckoutOutcome::HoldLost) => {
                return show_outcome(&state, &visit, &hold, begun).await;
            }
        }
    }
    let page = form_page(&state, &visit, &hold, &choice.by).await?;
    Ok(show_page(StatusCode::OK, &page))
}

async fn pay(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<PaymentForm>,
) -> AppResult<Response> {
    let hold = match load_payable(&state, &visit, &id).await? {
        Standing::Hold(hold) => hold,
        Standing::Elsewhere(response) => return Ok(response),
    };
    let account = visit.actor.signed_in()?;
    if matches!(form.action.as_str(), promo::APPLY | promo::REMOVE) {
        return promo::submit(&state, &visit, &hold, &form).await;
    }
    // A code was taken away in another tab: nobody pays more than the button said.
    if form.sum.parse::<i64>().is_ok_and(|sum| sum < hold.price.most_minor()) {
        let page = form_page(&state, &visit, &hold, &form.provider).await?;
        return Ok(show_page(StatusCode::CONFLICT, &page));
    }
    let payable = payable_by(&state, &hold).await?;
    let sold = charge::can_be_sold(&hold.price, !payable.is_empty());
    let costs = hold.price.most_minor() > 0;
    // Everything that is wrong is told at once.
    let unpaid = if costs && sold {
        fields::fault_of(&payable, &form.provider, &form.method)
    } else {
        None
    };
    let unasked = hold.asks_for_early_start(visit.now) && form.withdrawal != "yes";
    if unasked || unpaid.is_some() {
        let mut page = typed_page(&state, &visit, &hold, &form).await?;
        if let Some(check) = page.withdrawal.as_mut().filter(|_| unasked) {
            check.error = Some(FieldError::WithdrawalMissing);
        }
        page.pay.error = unpaid;
        return Ok(show_page(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    if hold.asks_for_early_start(visit.now) {
        keep_withdrawal_request(&state, &visit, &hold, &account.id).await?;
    }
    if !costs {
        let outcome = checkout::book_free(&state, &hold, &account.id).await?;
        return show_outcome(&state, &visit, &hold, outcome).await;
    }
    if !sold {
        let page = form_page(&state, &visit, &hold, &form.provider).await?;
        return Ok(show_page(StatusCode::CONFLICT, &page));
    }
    state.limits.hold_by_ip.check(&visit.ip_key())?;
    let with = (form.provider.as_str(), form.method.as_str());
    match checkout::pay_for_hold(&state, &hold, &account.id, with).await {
        Ok(outcome) => show_outcome(&state, &visit, &hold, outcome).await,
        Err(CheckoutRefusal::Method(_)) => {
            let mut page = typed_page(&state, &visit, &hold, &form).await?;
            page.pay.error = Some(FieldError::MethodMissing);
            Ok(show_page(StatusCode::UNPROCESSABLE_ENTITY, &page))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

/// Keeps what was ticked, in which words, before anything is paid.
async fn keep_withdrawal_request(state: &AppState, visit: &Visit, hold: &Hold, account: &str) -> AppResult<()> {
    let words = t(visit.locale, "withdrawal-consent", &[]);
    let words_hash = token_hash(&words);
    let said = (LEGAL_VERSION, words_hash.as_str());
    let mut tx = state.db.write().await?;
    queries::add_withdrawal_request(&mut tx, &hold.id, account, said, visit.locale.tag(), visit.now).await?;
    tx.commit().await?;
    Ok(())
}

async fn confirm_page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let hold = match load_payable(&state, &visit, &id).await? {
        Standing::Hold(hold) => hold,
        Standing::Elsewhere(response) => return Ok(response),
    };
    let account = visit.actor.signed_in()?;
    match checkout::resume_checkout(&state, &hold, &account.id).await? {
        CheckoutOutcome::NeedsConfirmation => show_question(&state, &visit, &hold, &account.id).await,
        CheckoutOutcome::NotStarted => Ok(Redirect::to(&routes::book_payment(&hold.id)).into_response()),
        outcome @ (CheckoutOutcome::Booked(_)
        | CheckoutOutcome::Declined(_)
        | CheckoutOutcome::Unknown
        | CheckoutOutcome::HoldLost) => show_outcome(&state, &visit, &hold, outcome).await,
    }
}

/// The bank's question; where it is asked elsewhere a link leads there.
async fn show_question(state: &AppState, visit: &Visit, hold: &Hold, account: &str) -> AppResult<Response> {
    let payment = queries::last_of_hold(&mut state.db.read().await?, &hold.id).await?;
    let question = match &payment {
        Some(payment) => checkout::question_of(state, payment).await?,
        None => None,
    };
    let bank = match question {
        Some(Question::Redirect(address)) => Bank::Link(address),
        Some(Question::Script { fields, secret }) => Bank::Script(fields::script_of(fields, secret)),
        Some(Question::TestBank) => Bank::Test,
        // It was answered elsewhere, and nobody has told us yet.
        None => {
            let outcome = checkout::answer_confirmation(state, hold, account, true).await?;
            return match outcome {
                CheckoutOutcome::NeedsConfirmation => show_outcome(state, visit, hold, CheckoutOutcome::Unknown).await,
                outcome @ (CheckoutOutcome::Booked(_)
                | CheckoutOutcome::Declined(_)
                | CheckoutOutcome::Unknown
                | CheckoutOutcome::HoldLost
                | CheckoutOutcome::NotStarted) => show_outcome(state, visit, hold, outcome).await,
            };
        }
    };
    let page = BookConfirmPage {
        shell: pages::shell_in(visit, &hold.time_zone),
        hold: view::hold_view(hold, visit.now),
        bank,
    };
    let script = match &page.bank {
        Bank::Script(script) => Some(script),
        Bank::Test | Bank::Link(_) => None,
    };
    Ok(fields::with_script(pages::html(&page), script))
}

async fn confirm(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<ConfirmForm>,
) -> AppResult<Response> {
    let hold = match load_payable(&state, &visit, &id).await? {
        Standing::Hold(hold) => hold,
        Standing::Elsewhere(response) => return Ok(response),
    };
    let account = visit.actor.signed_in()?;
    if form.answer == "leave" {
        checkout::leave_confirmation(&state, &hold).await?;
        return Ok(Redirect::to(&routes::book_payment(&hold.id)).into_response());
    }
    let approved = form.answer == "approve";
    let outcome = checkout::answer_confirmation(&state, &hold, &account.id, approved).await?;
    show_outcome(&state, &visit, &hold, outcome).await
}

/// The page or redirect for where a checkout stands.
async fn show_outcome(state: &AppState, visit: &Visit, hold: &Hold, outcome: CheckoutOutcome) -> AppResult<Response> {
    let problem = match outcome {
        CheckoutOutcome::Booked(id) => return Ok(Redirect::to(&routes::booking_new(&id)).into_response()),
        CheckoutOutcome::NeedsConfirmation => {
            return Ok(Redirect::to(&routes::book_confirm(&hold.id)).into_response());
        }
        // The page of the hold says that it is gone, and what else is free.
        CheckoutOutcome::HoldLost => return Ok(Redirect::to(&routes::book(&hold.id)).into_response()),
        CheckoutOutcome::NotStarted => None,
        CheckoutOutcome::Unknown => Some(PaymentProblem::Unknown),
        CheckoutOutcome::Declined(reason) => Some(problem_of(reason)),
    };
    tracing::debug!(hold = hold.id, ?problem, "a payment did not go through");
    let withdrawal = hold.asks_for_early_start(visit.now).then_some(Check {
        ticked: problem.is_some(),
        error: None,
    });
    let page = BookPaymentPage {
        problem,
        withdrawal,
        ..form_page(state, visit, hold, "").await?
    };
    Ok(show_page(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

pub(crate) fn problem_of(reason: DeclineReason) -> PaymentProblem {
    match reason {
        DeclineReason::NoFunds => PaymentProblem::NoFunds,
        DeclineReason::ConfirmationFailed => PaymentProblem::NotConfirmed,
        DeclineReason::Declined => PaymentProblem::Declined,
        DeclineReason::NotSent => PaymentProblem::Fault,
    }
}

/// The form with what was chosen.
async fn typed_page(state: &AppState, visit: &Visit, hold: &Hold, form: &PaymentForm) -> AppResult<BookPaymentPage> {
    Ok(BookPaymentPage {
        pay: fields::pay_fields(&payable_by(state, hold).await?, &form.provider, &form.method),
        withdrawal: hold.asks_for_early_start(visit.now).then_some(Check {
            ticked: form.withdrawal == "yes",
            error: None,
        }),
        ..form_page(state, visit, hold, &form.provider).await?
    })
}

async fn form_page(state: &AppState, visit: &Visit, hold: &Hold, by: &str) -> AppResult<BookPaymentPage> {
    let mut tx = state.db.read().await?;
    let payable = sellers::orderable_by(&mut tx, &state.payments, &hold.org_id).await?;
    let off = if sellers::sells(&mut tx, &state.payments, &hold.org_id).await? {
        PaymentProblem::SellerUnknown
    } else {
        PaymentProblem::Off
    };
    let seller = find_seller(&mut tx, &hold.org_id).await?;
    let during = appointments::during(&mut tx, &visit.actor, hold.start_us, hold.end_us).await?;
    Ok(BookPaymentPage {
        overlaps: during.into_iter().map(overlap).collect(),
        shell: pages::shell_in(visit, &hold.time_zone),
        hold: view::hold_view(hold, visit.now),
        problem: (!charge::can_be_sold(&hold.price, !payable.is_empty())).then_some(off),
        keeps_card: keeps_card(&payable, by, hold, visit.now),
        pay: if hold.price.most_minor() > 0 {
            fields::pay_fields(&payable, by, "")
        } else {
            PayFields::default()
        },
        withdrawal: hold.asks_for_early_start(visit.now).then(Check::default),
        promo: promo::field_of(&mut tx, hold, visit.now).await?,
        seller: seller.map(|seller| seller_view(seller, visit.locale)),
    })
}

/// Whether the time is too far ahead for its price to be reserved now.
fn keeps_card(payable: &[Payable], by: &str, hold: &Hold, now: Micros) -> bool {
    fields::chosen(payable, by)
        .is_some_and(|payable| checkout::keeps_card(payable.provider.as_ref(), hold.start_us, now))
}

/// The providers that the held time can be paid by.
async fn payable_by(state: &AppState, hold: &Hold) -> AppResult<Vec<Payable>> {
    let mut tx = state.db.read().await?;
    Ok(sellers::orderable_by(&mut tx, &state.payments, &hold.org_id).await?)
}

fn show_page(status: StatusCode, page: &BookPaymentPage) -> Response {
    fields::with_script(pages::html_with(status, page), page.pay.script.as_ref())
}

fn overlap(appointment: Appointment) -> Overlap {
    Overlap {
        with: match appointment.seat.role {
            Role::Consumer => appointment.org_name,
            Role::Provider => appointment.consumer.name,
        },
        id: appointment.id,
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        service_title: appointment.title,
    }
}
