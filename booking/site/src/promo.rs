//! Codes that take something off: a business makes its own, the operator those that it bears itself.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use jiff::ToSpan as _;
use jiff::civil::Date;
use web::Notice;
use web::pages::commission::CommissionWords;
use web::pages::promo::{OperatorPromoPage, PromoForm, PromoRow, PromoService, ProviderPromoPage};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::form::field;
use crate::pages;
use booking_core::AppState;
use booking_core::appointments::promo::{self, ListedCode, PromoCode, normalise_code};
use booking_core::availability::load::zone_named;
use booking_core::availability::{date_in, midnight};
use booking_core::base::amount::{read_amount, read_percent};
use booking_core::base::audit::{Action, Line};
use booking_core::base::limits::LINE_CHARS_MAX;
use booking_core::base::money::Currency;
use booking_core::base::{DEFAULT_ZONE, Micros};
use booking_core::providers::{owner, services};

/// Nothing holds further ahead than this; it must be a slip.
const AHEAD_DAYS_MAX: i32 = 3 * 366;
const USES_MAX: i64 = 1_000_000;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::PROVIDER_PROMO, get(own_page).post(own_submit))
        .route(pattern::OPERATOR_PROMO, get(operator_page).post(operator_submit))
}

/// The fields as they are typed: `service` comes as often as services are ticked.
type Typed = Vec<(String, String)>;

fn value<'a>(typed: &'a Typed, name: &str) -> &'a str {
    let found = typed.iter().find(|(key, _)| key == name);
    found.map_or("", |(_, value)| value.as_str())
}

fn ticked(typed: &Typed) -> Vec<String> {
    let services = typed.iter().filter(|(key, _)| key == "service");
    services.map(|(_, id)| id.clone()).collect()
}

/// Nothing, or an amount in kroner.
fn amount(typed: &str) -> Result<i64, FieldError> {
    match typed.trim() {
        "" | "0" => Ok(0),
        typed => read_amount(typed, Currency::NOK),
    }
}

/// Nothing for no limit, or a number.
fn count(typed: &str) -> Result<i64, FieldError> {
    match typed.trim() {
        "" => Ok(0),
        typed => match typed.parse::<i64>() {
            Ok(number) if (1..=USES_MAX).contains(&number) => Ok(number),
            Ok(_) | Err(_) => Err(FieldError::NumberMalformed),
        },
    }
}

/// A day within reach; none where nothing is typed.
fn day(typed: &str, now: Micros) -> Result<Option<Date>, FieldError> {
    if typed.trim().is_empty() {
        return Ok(None);
    }
    let day: Date = typed.trim().parse().map_err(|_| FieldError::DateMalformed)?;
    let today = date_in(&zone_named(DEFAULT_ZONE), now);
    let ahead = today.until(day).map_or(i32::MAX, |span| span.get_days());
    if (0..=AHEAD_DAYS_MAX).contains(&ahead) {
        Ok(Some(day))
    } else {
        Err(FieldError::DateOutOfReach)
    }
}

/// The code that is typed, or the form with what is wrong.
fn read(typed: &Typed, owner: &str, id: String, now: Micros) -> Result<PromoCode, Box<PromoForm>> {
    let zone = zone_named(DEFAULT_ZONE);
    let code = normalise_code(value(typed, "code")).ok_or(FieldError::PromoMalformed);
    let percent = match value(typed, "percent").trim() {
        "" => Ok(0),
        typed => read_percent(typed),
    };
    let mut fixed = amount(value(typed, "fixed"));
    if percent == Ok(0) && fixed == Ok(0) {
        fixed = Err(FieldError::AmountMissing);
    }
    let min_price = amount(value(typed, "min_price"));
    let from = day(value(typed, "from"), now);
    let mut until = day(value(typed, "until"), now);
    if let (Ok(Some(first)), Ok(Some(last))) = (&from, &until)
        && last < first
    {
        until = Err(FieldError::DateOutOfReach);
    }
    let (uses, per_person) = (count(value(typed, "uses")), count(value(typed, "per_person")));
    if let (Ok(code), Ok(percent_bp), Ok(fixed_minor), Ok(min_price_minor)) = (&code, &percent, &fixed, &min_price)
        && let (Ok(from), Ok(until), Ok(uses_max), Ok(per_person_max)) = (&from, &until, &uses, &per_person)
    {
        return Ok(PromoCode {
            id,
            owner: owner.to_owned(),
            code: code.clone(),
            percent_bp: *percent_bp,
            fixed_minor: *fixed_minor,
            currency: Currency::NOK.as_str().to_owned(),
            min_price_minor: *min_price_minor,
            from_us: from.map_or(now, |first| midnight(&zone, first).max(now)),
            until_us: until.map(|last| midnight(&zone, last.saturating_add(1.day()))),
            uses_max: *uses_max,
            per_person_max: *per_person_max,
            stopped_us: None,
        });
    }
    Err(Box::new(PromoForm {
        code: field(value(typed, "code"), &code),
        percent: field(value(typed, "percent"), &percent),
        fixed: field(value(typed, "fixed"), &fixed),
        min_price: field(value(typed, "min_price"), &min_price),
        from: field(value(typed, "from"), &from),
        until: field(value(typed, "until"), &until),
        uses: field(value(typed, "uses"), &uses),
        per_person: field(value(typed, "per_person"), &per_person),
    }))
}

/// The form as it was typed, where the code is there already.
fn taken(typed: &Typed) -> PromoForm {
    let kept = |name: &str| Field::new(value(typed, name).chars().take(LINE_CHARS_MAX).collect::<String>());
    PromoForm {
        code: Field::wrong(kept("code").value, FieldError::PromoTaken),
        percent: kept("percent"),
        fixed: kept("fixed"),
        min_price: kept("min_price"),
        from: kept("from"),
        until: kept("until"),
        uses: kept("uses"),
        per_person: kept("per_person"),
    }
}

fn row(listed: ListedCode) -> PromoRow {
    let promo = listed.promo;
    PromoRow {
        id: promo.id,
        code: promo.code,
        off: CommissionWords {
            percent_bp: promo.percent_bp,
            fixed_minor: promo.fixed_minor,
            currency: promo.currency,
        },
        min_price_minor: promo.min_price_minor,
        from: promo.from_us,
        until: promo.until_us,
        used: listed.used,
        uses_max: promo.uses_max,
        per_person_max: promo.per_person_max,
        services: listed.services,
        is_stopped: promo.stopped_us.is_some(),
    }
}

async fn own_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    Ok(pages::html(&own(&state, &visit, &Typed::new()).await?))
}

async fn own(state: &AppState, visit: &Visit, typed: &Typed) -> AppResult<ProviderPromoPage> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let chosen = ticked(typed);
    let offered = services::of_org(&mut tx, &member.org_id).await?;
    let codes = promo::codes_of(&mut tx, &member.org_id, visit.now).await?;
    let service = |service: booking_core::providers::Service| PromoService {
        ticked: chosen.contains(&service.id),
        title: service.details.title,
        id: service.id,
    };
    Ok(ProviderPromoPage {
        shell: pages::shell(visit),
        codes: codes.into_iter().map(row).collect(),
        form: PromoForm::default(),
        services: offered.into_iter().map(service).collect(),
    })
}

async fn own_submit(State(state): State<AppState>, visit: Visit, Form(typed): Form<Typed>) -> AppResult<Response> {
    let org = owner(&visit.actor)?.org_id.clone();
    match value(&typed, "action") {
        "add" => {}
        "stop" => {
            let mut tx = state.db.write().await?;
            promo::stop_code(&mut tx, &org, value(&typed, "id"), visit.now).await?;
            tx.commit().await?;
            return saved(pattern::PROVIDER_PROMO);
        }
        _ => return Err(AppError::BadRequest("no such action")),
    }
    let form = match read(&typed, &org, state.id(), visit.now) {
        Ok(code) => {
            let mut tx = state.db.write().await?;
            if promo::add_code(&state, &mut tx, &code, &ticked(&typed)).await? {
                tx.commit().await?;
                return saved(pattern::PROVIDER_PROMO);
            }
            taken(&typed)
        }
        Err(form) => *form,
    };
    let page = ProviderPromoPage {
        form,
        ..own(&state, &visit, &typed).await?
    };
    Ok(wrong(&page))
}

async fn operator_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    Ok(pages::html(&operators(&state, &visit).await?))
}

async fn operators(state: &AppState, visit: &Visit) -> AppResult<OperatorPromoPage> {
    visit.actor.operator()?;
    let codes = promo::codes_of(&mut state.db.read().await?, "", visit.now).await?;
    Ok(OperatorPromoPage {
        shell: pages::shell(visit),
        codes: codes.into_iter().map(row).collect(),
        form: PromoForm::default(),
    })
}

async fn operator_submit(State(state): State<AppState>, visit: Visit, Form(typed): Form<Typed>) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let line = |action, subject| Line {
        operator: Some(&operator.id),
        action,
        subject,
        reason: "",
    };
    match value(&typed, "action") {
        "add" => {}
        "stop" => {
            let id = value(&typed, "id");
            let mut tx = state.db.write().await?;
            promo::stop_code(&mut tx, "", id, visit.now).await?;
            line(Action::PromoStopped, id).write(&mut tx, &state, &[]).await?;
            tx.commit().await?;
            return saved(pattern::OPERATOR_PROMO);
        }
        _ => return Err(AppError::BadRequest("no such action")),
    }
    let form = match read(&typed, "", state.id(), visit.now) {
        Ok(code) => {
            let mut tx = state.db.write().await?;
            if promo::add_code(&state, &mut tx, &code, &[]).await? {
                line(Action::PromoMade, &code.id).write(&mut tx, &state, &[]).await?;
                tx.commit().await?;
                return saved(pattern::OPERATOR_PROMO);
            }
            taken(&typed)
        }
        Err(form) => *form,
    };
    let page = OperatorPromoPage {
        form,
        ..operators(&state, &visit).await?
    };
    Ok(wrong(&page))
}

fn saved(path: &str) -> AppResult<Response> {
    Ok(Redirect::to(&routes::with_notice(path, Notice::Saved)).into_response())
}

fn wrong(page: &impl web::Page) -> Response {
    pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, page)
}
