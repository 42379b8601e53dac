//! My account: details, what we know, export, sessions, deletion.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use web::pages::account::{
    AccountDataPage, AccountDeletePage, AccountPage, AccountSessionsPage, DataLook, DataReader, DataRow, DataSection,
    SessionRow,
};
use web::pages::{Field, FieldError};
use web::routes::{self, pattern};
use web::{Locale, Notice};

use crate::error::AppResult;
use crate::extract::{Form, Visit, set_cookie};
use crate::form::{self, field};
use crate::pages::{html, html_with, shell};
use booking_core::AppState;
use booking_core::accounts::{self, Account, Correction, sessions, sign_in};
use booking_core::appointments::{self, Status};
use booking_core::base::DAY_US;
use booking_core::base::actor::SignedIn;
use booking_core::base::security::{self, SecurityEvent};
use booking_core::privacy::{UNDO_US, erase, export_all, overview};
use booking_core::providers::{members, orgs};

pub(super) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::ACCOUNT, get(account_page).post(account_post))
        .route(pattern::ACCOUNT_DATA, get(data_page))
        .route(pattern::ACCOUNT_EXPORT, get(export))
        .route(pattern::ACCOUNT_SESSIONS, get(sessions_page).post(sessions_post))
        .route(pattern::ACCOUNT_DELETE, get(delete_page).post(delete_post))
}

/// The row of the signed-in account.
async fn own(state: &AppState, who: &SignedIn) -> AppResult<Account> {
    let mut tx = state.db.read().await?;
    Ok(accounts::load(&mut tx, &who.id).await?)
}

async fn account_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let account = own(&state, visit.actor.signed_in()?).await?;
    Ok(html(&AccountPage {
        shell: shell(&visit),
        email: account.email,
        email_verified: true,
        name: Field::new(account.name),
        phone: Field::new(account.phone),
        place: Field::new(account.location),
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct AccountForm {
    name: String,
    phone: String,
    place: String,
    locale: String,
}

async fn account_post(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<AccountForm>,
) -> AppResult<Response> {
    let account = own(&state, visit.actor.signed_in()?).await?;
    let name = form::line(&form.name, FieldError::NameMissing);
    let phone = form::phone(&form.phone);
    let place = form::line(&form.place, FieldError::PlaceMissing);
    let locale = Locale::from_tag(&form.locale).unwrap_or(account.locale);
    let (Ok(name), Ok(phone), Ok(place)) = (&name, &phone, &place) else {
        let page = AccountPage {
            shell: shell(&visit),
            email: account.email,
            email_verified: true,
            name: field(&form.name, &name),
            phone: field(&form.phone, &phone),
            place: field(&form.place, &place),
        };
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    };
    let corrected = Correction {
        name,
        phone,
        location: place,
        locale,
    };
    let mut tx = state.db.write().await?;
    accounts::correct(&mut tx, &account.id, &corrected).await?;
    tx.commit().await?;
    let cookie = set_cookie(&state, crate::extract::LOCALE_COOKIE, locale.tag(), 365 * 86_400);
    let headers = super::cookies::cookie_header(&cookie);
    Ok((
        headers,
        Redirect::to(&routes::with_notice(pattern::ACCOUNT, Notice::Saved)),
    )
        .into_response())
}

async fn data_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let sections = overview::sections(&mut tx, &who.id, visit.locale).await?;
    let readers = overview::readers(&mut tx, &who.id, visit.locale).await?;
    let looks = overview::looks(&mut tx, &who.id).await?;
    Ok(html(&AccountDataPage {
        shell: shell(&visit),
        sections: sections.into_iter().map(shown_section).collect(),
        readers: readers
            .into_iter()
            .map(|overview::DataReader { who, what }| DataReader { who, what })
            .collect(),
        looks: looks
            .into_iter()
            .map(|overview::DataLook { at, action, reason }| DataLook { at, action, reason })
            .collect(),
    }))
}

fn shown_section(section: overview::DataSection) -> DataSection {
    let shown = |rows: Vec<overview::DataRow>| {
        rows.into_iter()
            .map(|overview::DataRow { label, value }| DataRow { label, value })
            .collect()
    };
    DataSection {
        title: section.title,
        reason: section.reason,
        total: section.total,
        records: section.records.into_iter().map(shown).collect(),
    }
}

/// Everything that is linked to the account, as JSON.
async fn export(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    state.limits.export_by_account.check(&who.id)?;
    let data = export_all(&state, &who.id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"booka.json\""),
    ];
    Ok((headers, data).into_response())
}

async fn sessions_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.read().await?;
    let sessions = sessions::list_sessions(&mut tx, who, visit.now)
        .await?
        .into_iter()
        .map(|session| SessionRow {
            current: session.id == who.session_id,
            id: session.id,
            device: device(&session.user_agent),
            created_at: session.created_us,
            seen_at: session.last_seen_us,
        })
        .collect();
    Ok(html(&AccountSessionsPage {
        shell: shell(&visit),
        sessions,
    }))
}

/// A short name of a device from its user agent: browser and system, as far as known.
fn device(user_agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(part, _)| user_agent.contains(part))
            .map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ]);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser}, {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "?".to_owned(),
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SessionForm {
    session: String,
}

async fn sessions_post(
    State(state): State<AppState>,
    visit: Visit,
    Form(form): Form<SessionForm>,
) -> AppResult<Response> {
    let who = visit.actor.signed_in()?;
    let mut tx = state.db.write().await?;
    if form.session == "others" {
        sessions::end_other_sessions(&mut tx, who).await?;
    } else {
        sessions::end_session(&mut tx, who, &form.session).await?;
    }
    tx.commit().await?;
    security::note(SecurityEvent::SessionsEnded, &who.id, &visit);
    if form.session == who.session_id {
        let home = routes::with_notice(pattern::HOME, Notice::SignedOut);
        return Ok((super::cookies::forget(&state), Redirect::to(&home)).into_response());
    }
    Ok(Redirect::to(&routes::with_notice(pattern::ACCOUNT_SESSIONS, Notice::SessionEnded)).into_response())
}

async fn delete_page(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    visit.actor.signed_in()?;
    Ok(html(&deletion(&state, &visit).await?))
}

/// The page with the consequences: what is cancelled and released.
async fn deletion(state: &AppState, visit: &Visit) -> AppResult<AccountDeletePage> {
    let mut tx = state.db.read().await?;
    let (coming, _) = appointments::of_consumer(&mut tx, &visit.actor, visit.now).await?;
    let open: Vec<_> = coming
        .iter()
        .filter(|appointment| appointment.status == Status::Confirmed && visit.now < appointment.start_us)
        .collect();
    let (mut released, mut fees) = (BTreeMap::new(), BTreeMap::new());
    for appointment in &open {
        let fee_minor = appointment.leaving_fee_minor(visit.now);
        let currency = &appointment.price.currency;
        *released.entry(currency.clone()).or_default() += appointment.price.most_minor() - fee_minor;
        if fee_minor > 0 {
            *fees.entry(currency.clone()).or_default() += fee_minor;
        }
    }
    let customers_appointments = erase::count_customers_appointments(&mut tx, &visit.actor).await?;
    let mut heirs = Vec::new();
    for (org, heir) in members::heirs(&mut tx, visit.actor.account_id()).await? {
        heirs.push((heir.name, orgs::name(&mut tx, &org).await?));
    }
    Ok(AccountDeletePage {
        shell: shell(visit),
        email: visit.actor.signed_in()?.email.clone(),
        heirs,
        password: None,
        fees: fees.into_iter().collect(),
        changed: false,
        open_appointments: u32::try_from(open.len()).unwrap_or(u32::MAX),
        customers_appointments,
        is_provider: visit
            .actor
            .account
            .as_ref()
            .is_some_and(|account| account.member.is_some()),
        released: released.into_iter().collect(),
        undo_days: u32::try_from(UNDO_US / DAY_US).expect("a few days"),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DeleteForm {
    password: String,
    action: String,
    /// What cancelling costs, as the page showed it: the sum of the amounts, whatever their currency.
    fee: i64,
}

async fn delete_post(State(state): State<AppState>, visit: Visit, Form(form): Form<DeleteForm>) -> AppResult<Response> {
    let account = own(&state, visit.actor.signed_in()?).await?;
    if form.action == "undo" {
        let mut tx = state.db.write().await?;
        erase::undo(&mut tx, &account.id).await?;
        tx.commit().await?;
        security::note(SecurityEvent::DeletionUndone, &account.id, &visit);
        return Ok(Redirect::to(&routes::with_notice(pattern::ACCOUNT, Notice::DeletionUndone)).into_response());
    }
    if sign_in::check_password(&state, &visit, &account.email, &form.password)
        .await?
        .is_none()
    {
        let page = AccountDeletePage {
            password: Some(FieldError::PasswordWrong),
            ..deletion(&state, &visit).await?
        };
        return Ok(html_with(StatusCode::UNPROCESSABLE_ENTITY, &page));
    }
    let page = deletion(&state, &visit).await?;
    if page.fee_minor() > form.fee {
        let page = AccountDeletePage { changed: true, ..page };
        return Ok(html_with(StatusCode::CONFLICT, &page));
    }
    let mut tx = state.db.write().await?;
    erase::ask(&mut tx, &state, &account, visit.now).await?;
    tx.commit().await?;
    // The soonest at once: somebody may be waiting in the room. The jobs cancel what is left, and again what failed.
    if let Err(error) = erase::cancel_batch(&state, &account.id).await {
        tracing::warn!(account = account.id, %error, "the jobs cancel the appointments of an account that is to be deleted");
    }
    security::note(SecurityEvent::DeletionAsked, &account.id, &visit);
    Ok(Redirect::to(&routes::with_notice(pattern::ACCOUNT, Notice::DeletionAsked)).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_have_short_names() {
        fn check(user_agent: &str, expect: &str) {
            assert_eq!(device(user_agent), expect);
        }
        check(
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox, Linux",
        );
        check(
            "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML) Chrome/140.0 Mobile Safari/537.36",
            "Chrome, Android",
        );
        check(
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Safari/604.1",
            "Safari, iPhone",
        );
        check("curl/8", "?");
    }
}
