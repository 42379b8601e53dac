//! What the operator keeps of sales: its rules, each from a day on.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use jiff::civil::Date;
use serde::Deserialize;
use web::Notice;
use web::pages::commission::{CommissionRow, CommissionWords, OperatorCommissionPage};
use web::pages::search::Category;
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};

use crate::error::{AppError, AppResult};
use crate::extract::{Form, Visit};
use crate::form::field;
use crate::pages;
use booking_core::AppState;
use booking_core::availability::load::zone_named;
use booking_core::availability::{date_in, midnight};
use booking_core::base::amount::{read_amount, read_percent};
use booking_core::base::audit::{Action, Line};
use booking_core::base::commission::CommissionTerms;
use booking_core::base::money::Currency;
use booking_core::base::{DEFAULT_ZONE, Micros};
use booking_core::providers::commission::{self, CommissionRule, Scope};

/// Rules on the page.
const RULES_SHOWN: i64 = 500;
/// Nothing is decided further ahead than this; it must be a slip.
const AHEAD_DAYS_MAX: i64 = 2 * 366;

pub(crate) fn router() -> Router<AppState> {
    Router::new().route(pattern::OPERATOR_COMMISSION, get(page).post(submit))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CommissionForm {
    action: String,
    scope: String,
    percent: String,
    fixed: String,
    from: String,
}

impl CommissionForm {
    fn scope(&self) -> Result<Scope, FieldError> {
        if self.scope.is_empty() {
            return Ok(Scope::Everybody);
        }
        if let Some(slug) = self.scope.strip_prefix("category:") {
            let known = Category::from_slug(slug).ok_or(FieldError::CategoryMissing)?;
            return Ok(Scope::Category(known.slug().to_owned()));
        }
        let org = self.scope.strip_prefix("org:").ok_or(FieldError::BusinessMissing)?;
        Ok(Scope::Org(org.to_owned()))
    }

    fn fixed(&self) -> Result<i64, FieldError> {
        match self.fixed.trim() {
            "" | "0" => Ok(0),
            typed => read_amount(typed, Currency::NOK),
        }
    }

    /// The day's beginning; today, or where none is named, now.
    fn from(&self, now: Micros) -> Result<Micros, FieldError> {
        let zone = zone_named(DEFAULT_ZONE);
        let today = date_in(&zone, now);
        let typed = self.from.trim();
        if typed.is_empty() {
            return Ok(now);
        }
        let day: Date = typed.parse().map_err(|_| FieldError::DateMalformed)?;
        let ahead = i64::from(today.until(day).map_or(i32::MAX, |span| span.get_days()));
        match ahead {
            0 => Ok(now),
            1..=AHEAD_DAYS_MAX => Ok(midnight(&zone, day)),
            _ => Err(FieldError::DateOutOfReach),
        }
    }
}

async fn page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    visit.actor.operator()?;
    Ok(pages::html(&blank(&state, &visit).await?))
}

async fn submit(State(state): State<AppState>, visit: Visit, Form(typed): Form<CommissionForm>) -> AppResult<Response> {
    visit.actor.operator()?;
    match typed.action.as_str() {
        "add" => add(&state, &visit, &typed).await,
        "end" => {
            let scope = typed.scope().map_err(|_| AppError::BadRequest("no such rule"))?;
            if scope == Scope::Everybody {
                return Err(AppError::BadRequest("there is no wider rule"));
            }
            keep(&state, &visit, &scope, None, visit.now).await
        }
        _ => Err(AppError::BadRequest("no such action")),
    }
}

async fn add(state: &AppState, visit: &Visit, typed: &CommissionForm) -> AppResult<Response> {
    let (mut scope, percent) = (typed.scope(), read_percent(&typed.percent));
    let (fixed, from) = (typed.fixed(), typed.from(visit.now));
    if let Ok(Scope::Org(org)) = &scope {
        let known = commission::choices(&mut state.db.read().await?).await?;
        if !known.iter().any(|(id, _)| id == org) {
            scope = Err(FieldError::BusinessMissing);
        }
    }
    if let (Ok(scope), Ok(percent_bp), Ok(fixed_minor), Ok(from)) = (&scope, &percent, &fixed, &from) {
        let terms = CommissionTerms {
            percent_bp: *percent_bp,
            fixed_minor: *fixed_minor,
            currency: Currency::NOK.as_str().to_owned(),
        };
        return keep(state, visit, scope, Some(&terms), *from).await;
    }
    let mut page = blank(state, visit).await?;
    page.scope = field(&typed.scope, &scope);
    page.percent = field(&typed.percent, &percent);
    page.fixed = field(&typed.fixed, &fixed);
    page.from = field(&typed.from, &from);
    Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
}

/// Keeps the rule, and that this operator made it.
async fn keep(
    state: &AppState,
    visit: &Visit,
    scope: &Scope,
    terms: Option<&CommissionTerms>,
    from: Micros,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let mut tx = state.db.write().await?;
    // The clock went on since the form was read.
    let from = from.max(state.now());
    let id = commission::add_rule(state, &mut tx, scope, terms, from).await?;
    let line = Line {
        operator: Some(&operator.id),
        action: Action::CommissionSet,
        subject: &id,
        reason: "",
    };
    line.write(&mut tx, state, &[]).await?;
    tx.commit().await?;
    let next = routes::with_notice(pattern::OPERATOR_COMMISSION, Notice::Saved);
    Ok(Redirect::to(&next).into_response())
}

async fn blank(state: &AppState, visit: &Visit) -> AppResult<OperatorCommissionPage> {
    let mut tx = state.db.read().await?;
    let rules = commission::rules(&mut tx, RULES_SHOWN).await?;
    let vat_from = state.config.platform.vat_from;
    Ok(OperatorCommissionPage {
        shell: pages::shell(visit),
        orgs: commission::choices(&mut tx).await?,
        rules: rows(rules, visit.now),
        is_vat_registered: vat_from.is_some_and(|from| from <= visit.now),
        scope: Field::default(),
        percent: Field::default(),
        fixed: Field::default(),
        from: Field::default(),
    })
}

/// Newest first: of each scope the first that has begun holds.
fn rows(rules: Vec<CommissionRule>, now: Micros) -> Vec<CommissionRow> {
    let mut holding: Vec<Scope> = Vec::new();
    let mut rows = Vec::with_capacity(rules.len());
    for rule in rules {
        let is_ahead = rule.from_us > now;
        let holds = !is_ahead && !holding.contains(&rule.scope);
        if holds {
            holding.push(rule.scope.clone());
        }
        rows.push(CommissionRow {
            scope: match &rule.scope {
                Scope::Everybody => String::new(),
                Scope::Category(slug) => format!("category:{slug}"),
                Scope::Org(id) => format!("org:{id}"),
            },
            org_name: rule.org_name,
            can_end: holds && rule.terms.is_some() && rule.scope != Scope::Everybody,
            terms: rule.terms.as_ref().map(words),
            from: rule.from_us,
            is_ahead,
        });
    }
    rows
}

/// Terms as pages say them.
pub(crate) fn words(terms: &CommissionTerms) -> CommissionWords {
    CommissionWords {
        percent_bp: terms.percent_bp,
        fixed_minor: terms.fixed_minor,
        currency: match terms.currency.as_str() {
            "" => Currency::NOK.as_str().to_owned(),
            currency => currency.to_owned(),
        },
    }
}
