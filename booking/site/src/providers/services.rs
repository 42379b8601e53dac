//! The provider's services: list, new, edit, remove. What is booked keeps the terms it was booked under.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use signaling_protocol::{PriceModel, PriceTerms};
use web::Notice;
use web::pages::provider_admin::{ProviderServicePage, ProviderServicesPage, ServiceRow};
use web::pages::{Check, Field, FieldError, FieldKind, ListedField};
use web::routes::{self, pattern};

use crate::error::AppResult;
use crate::extract::{Form, Path, Visit};
use crate::form;
use crate::pages::{html, html_with, shell};
use booking_core::AppState;
use booking_core::base::limits::OPEN_PER_ACCOUNT_MAX;
use booking_core::providers::{Service, ServiceDetails, owner, services};
use booking_core::search::index_provider;

const CURRENCY: &str = "NOK";
/// Largest price, kroner.
const KRONER_MAX: i64 = 100_000;
/// Time is counted by the second.
const INCREMENT_S: u32 = 1;
/// Stands for a service that is being made.
const NEW: &str = "new";

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::PROVIDER_SERVICES, get(list))
        .route(pattern::PROVIDER_SERVICE, get(page).post(save))
}

async fn list(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let services = services::of_org(&mut tx, &member.org_id)
        .await?
        .into_iter()
        .map(|service| ServiceRow {
            price: service.details.price,
            id: service.id,
            title: service.details.title,
            duration_min: u32::try_from(service.details.duration_min).unwrap_or(0),
            active: service.details.active,
        })
        .collect();
    Ok(html(&ProviderServicesPage {
        shell: shell(&visit),
        payments_off: !state.payments.takes_payments(),
        services,
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceForm {
    action: String,
    title: String,
    description: String,
    duration_min: String,
    buffer_min: String,
    notice_h: String,
    window_days: String,
    open_max: String,
    kind: String,
    amount: String,
    rate: String,
    cap: String,
    free_min: String,
    active: String,
}

/// What the form shows rounded, notice in hours and prices in kroner, stays as it is stored unless it was typed anew.
fn keep_unchanged(details: &mut ServiceDetails, stored: &ServiceDetails, shown: &ServiceForm, typed: &ServiceForm) {
    if shown.notice_h == typed.notice_h {
        details.notice_min = stored.notice_min;
    }
    let price = |form: &ServiceForm| {
        [
            &form.kind,
            &form.amount,
            &form.rate,
            &form.cap,
            &form.free_min,
            &form.duration_min,
        ]
        .map(String::clone)
    };
    if price(shown) == price(typed) {
        details.price = stored.price.clone();
    }
}

/// The price part of the form, each field on its own.
struct PriceFields {
    kind: Result<(), FieldError>,
    amount: Result<i64, FieldError>,
    rate: Result<i64, FieldError>,
    cap: Result<i64, FieldError>,
    free_min: Result<i64, FieldError>,
}

/// Coming appointments of one customer where a form does not say.
const OPEN_MAX: i64 = 5;

impl ServiceForm {
    fn open_max(&self) -> Result<i64, FieldError> {
        if self.open_max.is_empty() {
            return Ok(OPEN_MAX);
        }
        number(&self.open_max, 1, OPEN_PER_ACCOUNT_MAX)
    }

    fn of(service: &Service) -> Self {
        let kroner = |minor: i64| (minor / 100).to_string();
        let mut form = Self {
            title: service.details.title.clone(),
            description: service.details.description.clone(),
            duration_min: service.details.duration_min.to_string(),
            buffer_min: service.details.buffer_after_min.to_string(),
            notice_h: ((service.details.notice_min + 59) / 60).to_string(),
            window_days: service.details.window_days.to_string(),
            open_max: service.details.open_max.to_string(),
            active: if service.details.active { "yes" } else { "" }.to_owned(),
            ..Self::default()
        };
        match service.details.price.model {
            PriceModel::Free => form.kind = "free".to_owned(),
            PriceModel::Fixed { amount_minor } => {
                form.kind = "fixed".to_owned();
                form.amount = kroner(amount_minor);
            }
            PriceModel::PerMinute {
                rate_minor,
                free_s,
                cap_minor,
                ..
            } => {
                form.kind = "per_minute".to_owned();
                form.rate = kroner(rate_minor);
                form.cap = kroner(cap_minor);
                form.free_min = (free_s / 60).to_string();
            }
        }
        form
    }

    /// What a new service begins with.
    fn fresh(payments: bool) -> Self {
        let text = str::to_owned;
        Self {
            duration_min: text("30"),
            buffer_min: text("0"),
            notice_h: text("2"),
            window_days: text("28"),
            open_max: text("5"),
            kind: text(if payments { "per_minute" } else { "free" }),
            active: text("yes"),
            ..Self::default()
        }
    }

    fn price(&self, payments: bool) -> PriceFields {
        // Fields of the kinds that were not chosen are hidden, and not looked at.
        let unless = |kind: &str, value: Result<i64, FieldError>| if self.kind == kind { value } else { Ok(0) };
        let rate = unless("per_minute", kroner(&self.rate));
        let free_min = unless(
            "per_minute",
            if self.free_min.trim().is_empty() {
                Ok(0)
            } else {
                number(&self.free_min, 0, 60)
            },
        );
        let (free_min, cap) = match (rate, duration(&self.duration_min), free_min) {
            (Ok(_), Ok(duration), Ok(free)) if self.kind == "per_minute" && duration <= free => {
                (Err(FieldError::FreeTooLong), Ok(0))
            }
            (Ok(rate), Ok(duration), Ok(free)) => {
                let reached = rate * (duration - free);
                (free_min, unless("per_minute", cap(&self.cap, rate, reached)))
            }
            // Without the others the highest price cannot be judged; what is wrong with them is said first.
            _ => (free_min, Ok(0)),
        };
        PriceFields {
            kind: match self.kind.as_str() {
                "free" => Ok(()),
                "fixed" | "per_minute" if payments => Ok(()),
                "fixed" | "per_minute" => Err(FieldError::PaymentsOff),
                _ => Err(FieldError::AmountMissing),
            },
            amount: unless("fixed", kroner(&self.amount)),
            rate,
            cap,
            free_min,
        }
    }

    fn page(&self, payments: bool, visit: &Visit, id: Option<&str>, checked: bool) -> ProviderServicePage {
        let price = self.price(payments);
        let shown = |typed: &str, error: Option<FieldError>| Field {
            value: typed.to_owned(),
            error: error.filter(|_| checked),
        };
        let listed = |name, (label, hint), kind, typed: &str, error| ListedField {
            name,
            label,
            hint,
            kind,
            field: shown(typed, error),
        };
        let line = |name, label, typed, error| listed(name, (label, ""), FieldKind::Line, typed, error);
        let text = |name, texts, typed, error| listed(name, texts, FieldKind::Text, typed, error);
        let number_in = |name, texts, typed, error| listed(name, texts, FieldKind::Number, typed, error);
        let title = form::line(&self.title, FieldError::TitleMissing).err();
        let description = form::text(&self.description).err();
        let notice_h = number(&self.notice_h, 0, 720).err();
        let window_days = number(&self.window_days, 1, 180).err();
        let (long, gap) = (duration(&self.duration_min).err(), buffer(&self.buffer_min).err());
        ProviderServicePage {
            shell: shell(visit),
            payments_off: !payments,
            id: id.map(str::to_owned),
            about: vec![
                line("title", "label-title", &self.title, title),
                text(
                    "description",
                    ("label-description", "hint-description"),
                    &self.description,
                    description,
                ),
            ],
            times: vec![
                number_in(
                    "duration_min",
                    ("label-duration", "hint-minutes-5"),
                    &self.duration_min,
                    long,
                ),
                number_in("buffer_min", ("label-buffer", "hint-minutes-5"), &self.buffer_min, gap),
                number_in("notice_h", ("label-notice", "hint-hours"), &self.notice_h, notice_h),
                number_in(
                    "window_days",
                    ("label-window", "hint-days"),
                    &self.window_days,
                    window_days,
                ),
                number_in(
                    "open_max",
                    ("label-open-max", ""),
                    &self.open_max,
                    self.open_max().err(),
                ),
            ],
            kind: shown(&self.kind, price.kind.err()),
            amount: shown(&self.amount, price.amount.err()),
            rate: shown(&self.rate, price.rate.err()),
            cap: shown(&self.cap, price.cap.err()),
            free_min: shown(&self.free_min, price.free_min.err()),
            active: Check {
                ticked: self.active == "yes",
                error: None,
            },
        }
    }

    fn check(&self, payments: bool) -> Result<ServiceDetails, FieldError> {
        let price = self.price(payments);
        price.kind?;
        let model = match self.kind.as_str() {
            "fixed" => PriceModel::Fixed {
                amount_minor: price.amount?,
            },
            "per_minute" => PriceModel::PerMinute {
                rate_minor: price.rate?,
                increment_s: INCREMENT_S,
                free_s: u32::try_from(price.free_min? * 60).map_err(|_| FieldError::NumberMalformed)?,
                cap_minor: price.cap?,
            },
            _ => PriceModel::Free,
        };
        Ok(ServiceDetails {
            title: form::line(&self.title, FieldError::TitleMissing)?,
            description: form::text(&self.description)?,
            duration_min: duration(&self.duration_min)?,
            buffer_after_min: buffer(&self.buffer_min)?,
            notice_min: number(&self.notice_h, 0, 720)? * 60,
            window_days: number(&self.window_days, 1, 180)?,
            open_max: self.open_max()?,
            price: PriceTerms {
                currency: CURRENCY.to_owned(),
                model,
            },
            active: self.active == "yes",
        })
    }
}

fn number(typed: &str, least: i64, most: i64) -> Result<i64, FieldError> {
    let value: i64 = typed.trim().parse().map_err(|_| FieldError::NumberMalformed)?;
    if (least..=most).contains(&value) {
        Ok(value)
    } else {
        Err(FieldError::NumberMalformed)
    }
}

fn duration(typed: &str) -> Result<i64, FieldError> {
    number(typed, 5, 480)
        .ok()
        .filter(|minutes| minutes % 5 == 0)
        .ok_or(FieldError::DurationMalformed)
}

fn buffer(typed: &str) -> Result<i64, FieldError> {
    number(typed, 0, 120)
        .ok()
        .filter(|minutes| minutes % 5 == 0)
        .ok_or(FieldError::DurationMalformed)
}

/// The highest price: what the whole time costs, unless less was typed.
fn cap(typed: &str, rate: i64, reached: i64) -> Result<i64, FieldError> {
    if typed.trim().is_empty() {
        return Ok(reached);
    }
    match kroner(typed)? {
        cap if cap < rate => Err(FieldError::CapTooLow),
        cap if cap > reached => Err(FieldError::CapTooHigh),
        cap => Ok(cap),
    }
}

/// An amount in whole kroner, as minor units; more than nothing.
fn kroner(typed: &str) -> Result<i64, FieldError> {
    let compact: String = typed.chars().filter(|c| !matches!(c, ' ' | '\u{a0}')).collect();
    if compact.is_empty() {
        return Err(FieldError::AmountMissing);
    }
    // As prices stand on signs: `450 kr`, `450,-`, `450,00`.
    let compact = compact.strip_suffix("kr").unwrap_or(&compact);
    let ends = [",-", ",00", ".00"];
    let compact = ends.iter().find_map(|end| compact.strip_suffix(end)).unwrap_or(compact);
    match compact.parse::<i64>() {
        Ok(kroner) if (1..=KRONER_MAX).contains(&kroner) => Ok(kroner * 100),
        Ok(_) | Err(_) => Err(FieldError::AmountMalformed),
    }
}

async fn page(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let payments = state.payments.takes_payments();
    if id == NEW {
        return Ok(html(&ServiceForm::fresh(payments).page(payments, &visit, None, false)));
    }
    let mut tx = state.db.read().await?;
    let service = services::load_own(&mut tx, &member.org_id, &id).await?;
    Ok(html(&ServiceForm::of(&service).page(
        payments,
        &visit,
        Some(&id),
        false,
    )))
}

async fn save(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<ServiceForm>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let existing = (id != NEW).then_some(id.as_str());
    let mut tx = state.db.write().await?;
    if let (Some(id), "remove") = (existing, form.action.as_str()) {
        services::remove(&mut tx, &member.org_id, id, visit.now).await?;
        index_provider(&mut tx, &member.org_id).await?;
        tx.commit().await?;
        let list = routes::with_notice(pattern::PROVIDER_SERVICES, Notice::ServiceRemoved);
        return Ok(Redirect::to(&list).into_response());
    }
    let payments = state.payments.takes_payments();
    let Ok(mut details) = form.check(payments) else {
        return Ok(html_with(
            StatusCode::UNPROCESSABLE_ENTITY,
            &form.page(payments, &visit, existing, true),
        ));
    };
    if let Some(id) = existing {
        let stored = services::load_own(&mut tx, &member.org_id, id).await?;
        keep_unchanged(&mut details, &stored.details, &ServiceForm::of(&stored), &form);
    }
    match existing {
        Some(id) => services::save(&mut tx, &member.org_id, id, &details).await?,
        None => services::add(&mut tx, &state, &member.org_id, &details).await?,
    }
    index_provider(&mut tx, &member.org_id).await?;
    tx.commit().await?;
    Ok(Redirect::to(&routes::with_notice(pattern::PROVIDER_SERVICES, Notice::Saved)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(change: impl FnOnce(&mut ServiceForm)) -> ServiceForm {
        let mut form = ServiceForm {
            title: "Råd".into(),
            rate: "15".into(),
            cap: "420".into(),
            free_min: "2".into(),
            ..ServiceForm::fresh(true)
        };
        change(&mut form);
        form
    }

    #[test]
    fn a_price_by_the_minute_is_read_in_kroner() {
        let details = form(|_| ()).check(true).expect("a good form");
        let model = PriceModel::PerMinute {
            rate_minor: 1_500,
            increment_s: 1,
            free_s: 120,
            cap_minor: 42_000,
        };
        assert_eq!(
            details.price,
            PriceTerms {
                currency: "NOK".into(),
                model
            }
        );
    }

    #[test]
    fn the_highest_price_is_computed_where_none_is_typed() {
        let details = form(|form| form.cap = " ".into()).check(true).expect("a good form");
        assert_eq!(details.price.most_minor(), 42_000);
        let lower = form(|form| form.cap = "200".into()).check(true).expect("a good form");
        assert_eq!(lower.price.most_minor(), 20_000);
    }

    /// Trial E6: opening and saving a service made its notice of 30 minutes an hour.
    #[test]
    fn saving_what_was_opened_changes_nothing() {
        let model = PriceModel::PerMinute {
            rate_minor: 1_850,
            increment_s: 1,
            free_s: 0,
            cap_minor: 30_050,
        };
        let mut details = form(|_| ()).check(true).expect("a good form");
        details.notice_min = 30;
        details.price.model = model;
        let stored = Service {
            id: "s".into(),
            details,
        };
        let shown = ServiceForm::of(&stored);
        let mut saved = shown.check(true).expect("a good form");
        assert_ne!(saved.notice_min, 30, "the form shows whole hours");
        keep_unchanged(&mut saved, &stored.details, &shown, &shown);
        assert_eq!((saved.notice_min, &saved.price), (30, &stored.details.price));
        let typed = ServiceForm {
            notice_h: "3".into(),
            rate: "19".into(),
            ..ServiceForm::of(&stored)
        };
        let mut saved = typed.check(true).expect("a good form");
        keep_unchanged(&mut saved, &stored.details, &shown, &typed);
        assert_eq!(saved.notice_min, 180);
        assert_ne!(saved.price, stored.details.price);
    }

    #[test]
    fn only_free_services_are_offered_where_nobody_takes_payments() {
        assert_eq!(form(|_| ()).check(false).err(), Some(FieldError::PaymentsOff));
        assert!(form(|form| form.kind = "free".into()).check(false).is_ok());
        assert!(
            ServiceForm {
                title: "Råd".into(),
                ..ServiceForm::fresh(false)
            }
            .check(false)
            .is_ok()
        );
    }

    #[test]
    fn prices_are_read_as_they_stand_on_signs() {
        for typed in ["450", "450 kr", "450,-", "450,00", "450.00 kr", "\u{a0}450"] {
            assert_eq!(kroner(typed), Ok(45_000), "{typed}");
        }
        for typed in ["450,50", "kr", "4,5", ",-"] {
            assert!(kroner(typed).is_err(), "{typed}");
        }
    }

    #[test]
    fn bad_fields_are_named() {
        fn check(change: impl FnOnce(&mut ServiceForm), expect: FieldError) {
            assert_eq!(form(change).check(true).err(), Some(expect));
        }
        check(|form| form.title = " ".into(), FieldError::TitleMissing);
        check(|form| form.duration_min = "7".into(), FieldError::DurationMalformed);
        check(|form| form.duration_min = "485".into(), FieldError::DurationMalformed);
        check(|form| form.rate = "-1".into(), FieldError::AmountMalformed);
        check(
            |form| form.rate = "99999999999999999999".into(),
            FieldError::AmountMalformed,
        );
        check(|form| form.rate = String::new(), FieldError::AmountMissing);
        check(|form| form.cap = "10".into(), FieldError::CapTooLow);
        check(|form| form.kind = "gift".into(), FieldError::AmountMissing);
        // Trial B6: 30 minutes at 15 kr, 2 of them free, cost 420 kr at most.
        check(|form| form.cap = "421".into(), FieldError::CapTooHigh);
        check(|form| form.free_min = "30".into(), FieldError::FreeTooLong);
        check(|form| form.window_days = "0".into(), FieldError::NumberMalformed);
    }
}
