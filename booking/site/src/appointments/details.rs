//! The details step: what it is about, and who is booking, with registering and signing in on the same page.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use web::Notice;
use web::pages::book::{AccountStep, BookDetailsPage, BuyerFields, VisitorForm};
use web::pages::{Field, FieldError};
use web::routes;

use crate::accounts::cookies;
use crate::error::AppResult;
use crate::extract::{Form, Path, Query, Visit};
use crate::form::{self, RegistrationForm, field};
use crate::pages::{html, html_with, shell_in};
use crate::payments::view;
use booking_core::AppState;
use booking_core::accounts::register::{self, Continue, Registration};
use booking_core::accounts::sign_in;
use booking_core::appointments::{
    BuyerOrg, Draft, Hold, Status, extend_hold, keep_details, keep_draft, load_draft, load_hold, set_about,
    set_buyer_org, set_contact_email,
};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DetailsForm {
    /// Missing where the form was not on the page, as on the step of payment.
    about: Option<String>,
    /// `register` or `sign_in`, from visitors.
    account: String,
    name: String,
    email: String,
    phone: String,
    place: String,
    password: String,
    accept: String,
    /// The organisation in whose name it is booked.
    org_name: String,
    org_number: String,
    /// Where to go after the time was extended.
    return_to: String,
}

impl DetailsForm {
    /// What was typed, where the form was on the page.
    fn draft(&self) -> Option<Draft> {
        self.about.as_ref().map(|about| Draft {
            about: about.clone(),
            has_account: self.account == "sign_in",
            name: self.name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            place: self.place.clone(),
            org_name: self.org_name.clone(),
            org_number: self.org_number.clone(),
        })
    }

    fn registration(&self) -> RegistrationForm {
        RegistrationForm {
            name: self.name.clone(),
            email: self.email.clone(),
            phone: self.phone.clone(),
            place: self.place.clone(),
            password: self.password.clone(),
            accept: self.accept.clone(),
            return_to: String::new(),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct DetailsQuery {
    /// `1` from somebody who typed the wrong address.
    change: String,
    /// `1` from somebody who says that the address is confirmed.
    confirmed: String,
}

pub(super) async fn page(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Query(query): Query<DetailsQuery>,
) -> AppResult<Response> {
    let mut tx = state.db.read().await?;
    let mut hold = load_hold(&mut tx, &visit.actor, &id).await?;
    let draft = load_draft(&mut tx, &hold.id).await?;
    drop(tx);
    if !hold.is_live(visit.now) {
        return super::show_hold_end(&state, &visit, &hold).await;
    }
    if query.change == "1" && hold.account_id.is_none() {
        hold.contact_email.clear();
    }
    let about = draft.as_ref().map_or(&hold.about, |draft| &draft.about);
    let about = Field::new(about.clone());
    let buyer = buyer_before(&hold, draft.as_ref());
    let visitor = draft.map(typed_before).unwrap_or_default();
    let mut page = details(&visit, &hold, Typed { about, buyer, visitor });
    if let AccountStep::Unverified { claimed, .. } = &mut page.account {
        *claimed = query.confirmed == "1";
    }
    Ok(html(&page))
}

fn buyer_before(hold: &Hold, draft: Option<&Draft>) -> BuyerFields {
    let kept = hold.buyer_org.as_ref().map(|buyer| (&buyer.name, &buyer.orgno));
    let typed = draft.map(|draft| (&draft.org_name, &draft.org_number));
    typed
        .or(kept)
        .map_or_else(BuyerFields::default, |(name, number)| BuyerFields {
            name: Field::new(name),
            number: Field::new(number),
        })
}

fn typed_before(draft: Draft) -> VisitorForm {
    VisitorForm {
        has_account: draft.has_account,
        email: Field::new(draft.email),
        name: Field::new(draft.name),
        phone: Field::new(draft.phone),
        place: Field::new(draft.place),
        ..VisitorForm::default()
    }
}

/// Keeps what is typed while it is typed; a script sends it.
pub(super) async fn keep(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<DetailsForm>,
) -> AppResult<StatusCode> {
    state.limits.draft_by_ip.check(&visit.ip_key())?;
    keep_typed(&state, &visit, &id, &form).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The hold, with what was typed kept beside it.
async fn keep_typed(state: &AppState, visit: &Visit, id: &str, form: &DetailsForm) -> AppResult<Hold> {
    let Some(draft) = form.draft() else {
        return Ok(load_hold(&mut state.db.read().await?, &visit.actor, id).await?);
    };
    let mut tx = state.db.write().await?;
    let hold = load_hold(&mut tx, &visit.actor, id).await?;
    keep_draft(&mut tx, &hold, &draft).await?;
    tx.commit().await?;
    Ok(hold)
}

/// Holds the time five minutes longer. With a script the page stays as it is and is told until when; without one it is
/// loaded again, with what was typed.
pub(super) async fn extend(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<DetailsForm>,
) -> AppResult<Response> {
    let hold = keep_typed(&state, &visit, &id, &form).await?;
    let mut tx = state.db.write().await?;
    let extended = extend_hold(&mut tx, &hold, visit.now).await?;
    let until = load_hold(&mut tx, &visit.actor, &id).await?.expires_us;
    tx.commit().await?;
    if visit.wants_json {
        return Ok(Json(serde_json::json!({ "extended": extended, "expires": until })).into_response());
    }
    let back = form::safe_path(&form.return_to, &routes::book(&id));
    let back = if extended {
        routes::with_notice(&back, Notice::HoldExtended)
    } else {
        back
    };
    Ok(Redirect::to(&back).into_response())
}

/// The fields of the form, with what is wrong with them.
struct Typed {
    about: Field,
    buyer: BuyerFields,
    visitor: VisitorForm,
}

fn details(visit: &Visit, hold: &Hold, typed: Typed) -> BookDetailsPage {
    let Typed { about, buyer, visitor } = typed;
    let account = match &visit.actor.account {
        Some(account) => AccountStep::SignedIn {
            name: account.name.clone(),
            email: account.email.clone(),
        },
        None if hold.contact_email.is_empty() || visitor.email.error.is_some() => AccountStep::Visitor(visitor),
        // Verified in another browser: here the password is needed.
        None if hold.account_id.is_some() => AccountStep::Visitor(VisitorForm {
            has_account: true,
            email: Field::new(&hold.contact_email),
            ..visitor
        }),
        None => AccountStep::Unverified {
            email: hold.contact_email.clone(),
            claimed: false,
        },
    };
    let shell = shell_in(visit, &hold.time_zone);
    BookDetailsPage {
        shell,
        hold: view::hold_view(hold, visit.now),
        about,
        buyer,
        account,
    }
}

/// What a booking is about, and for which organisation it is.
struct Matter {
    about: String,
    buyer: Option<BuyerOrg>,
}

/// Checks what it is about and for whom; the fields come back either way, for other errors.
fn check_matter(form: &DetailsForm) -> (Option<Matter>, Typed) {
    let typed_about = form.about.as_deref().unwrap_or_default();
    let about = form::text(typed_about).and_then(|text| match text.is_empty() {
        true => Err(FieldError::AboutMissing),
        false => Ok(text),
    });
    let (buyer, buyer_fields) = check_buyer(form);
    let typed = Typed {
        about: field(typed_about, &about),
        buyer: buyer_fields,
        visitor: VisitorForm::default(),
    };
    let matter = about.ok().zip(buyer.ok());
    (matter.map(|(about, buyer)| Matter { about, buyer }), typed)
}

/// The organisation that buys, where one is named: both its name and its number, or neither.
fn check_buyer(form: &DetailsForm) -> (Result<Option<BuyerOrg>, FieldError>, BuyerFields) {
    if form.org_name.trim().is_empty() && form.org_number.trim().is_empty() {
        return (Ok(None), BuyerFields::default());
    }
    let name = form::line(&form.org_name, FieldError::BuyerNameMissing);
    let number = match form::org_number(&form.org_number) {
        Ok(number) if number.is_empty() => Err(FieldError::BuyerNumberMissing),
        number => number,
    };
    let fields = BuyerFields {
        name: field(&form.org_name, &name),
        number: field(&form.org_number, &number),
    };
    let buyer = name.and_then(|name| number.map(|orgno| Some(BuyerOrg { name, orgno })));
    (buyer, fields)
}

/// What a visitor wants to do about an account, checked.
enum AccountChoice {
    Register(Registration),
    SignIn,
}

pub(super) async fn submit(
    State(state): State<AppState>,
    mut visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<DetailsForm>,
) -> AppResult<Response> {
    let hold = keep_typed(&state, &visit, &id, &form).await?;
    if hold.state != Status::Held || hold.has_begun(visit.now) {
        return super::show_hold_end(&state, &visit, &hold).await;
    }
    let (matter, typed) = check_matter(&form);
    if let Some(account) = visit.actor.account.clone() {
        let Some(matter) = matter else {
            return Ok(show_problems(&visit, &hold, typed));
        };
        return keep_and_go_on(&state, &hold, &account.id, &matter)
            .await
            .map(IntoResponse::into_response);
    }
    let (choice, visitor) = match check_account_part(&form) {
        Ok(checked) => checked,
        Err(visitor) => {
            let visitor = *visitor;
            return Ok(show_problems(&visit, &hold, Typed { visitor, ..typed }));
        }
    };
    let Some(matter) = matter else {
        return Ok(show_problems(&visit, &hold, Typed { visitor, ..typed }));
    };
    match choice {
        AccountChoice::SignIn => {
            let Some(account) = sign_in::check_password(&state, &visit, &form.email, &form.password).await? else {
                let email = Field::wrong(form.email.trim(), FieldError::SignInFailed);
                let visitor = VisitorForm { email, ..visitor };
                return Ok(show_problems(&visit, &hold, Typed { visitor, ..typed }));
            };
            let headers = cookies::begin_now(&state, &visit, &account.id).await?;
            let next = keep_and_go_on(&state, &hold, &account.id, &matter).await?;
            Ok((headers, next).into_response())
        }
        AccountChoice::Register(registration) => {
            let cookie = cookies::visitor(&state, &mut visit);
            let next_path = routes::book_payment(&hold.id);
            let then = Continue {
                hold_id: Some(&hold.id),
                next_path: &next_path,
            };
            register::register(&state, &visit, &registration, &then).await?;
            let mut tx = state.db.write().await?;
            set_about(&mut tx, &hold, &matter.about).await?;
            set_buyer_org(&mut tx, &hold, matter.buyer.as_ref()).await?;
            set_contact_email(&mut tx, &hold, &registration.email.text).await?;
            tx.commit().await?;
            Ok((cookie, Redirect::to(&routes::book(&hold.id))).into_response())
        }
    }
}

/// Checks the account part of the form, by what the visitor chose; the form comes back either way, for other errors.
fn check_account_part(form: &DetailsForm) -> Result<(AccountChoice, VisitorForm), Box<VisitorForm>> {
    if form.account == "sign_in" {
        let email = form::email(&form.email);
        let password = form.password.is_empty().then_some(FieldError::PasswordMissing);
        let visitor = VisitorForm {
            has_account: true,
            email: field(&form.email, &email),
            password,
            ..VisitorForm::default()
        };
        return if email.is_ok() && password.is_none() {
            Ok((AccountChoice::SignIn, visitor))
        } else {
            Err(Box::new(visitor))
        };
    }
    let typed = VisitorForm {
        has_account: false,
        email: Field::new(&form.email),
        name: Field::new(&form.name),
        phone: Field::new(&form.phone),
        place: Field::new(&form.place),
        accept: web::pages::Check {
            ticked: form.accept == "yes",
            error: None,
        },
        password: None,
    };
    match form.registration().check() {
        Ok(registration) => Ok((AccountChoice::Register(registration), typed)),
        Err(problems) => Err(Box::new(VisitorForm {
            has_account: false,
            email: problems.email,
            password: problems.password,
            name: problems.name,
            phone: problems.phone,
            place: problems.place,
            accept: problems.accept,
        })),
    }
}

fn show_problems(visit: &Visit, hold: &Hold, typed: Typed) -> Response {
    html_with(StatusCode::UNPROCESSABLE_ENTITY, &details(visit, hold, typed))
}

/// Keeps the details, binds the hold to the account and goes on to the payment.
async fn keep_and_go_on(state: &AppState, hold: &Hold, account_id: &str, matter: &Matter) -> AppResult<Redirect> {
    let mut tx = state.db.write().await?;
    let details = (matter.about.as_str(), matter.buyer.as_ref());
    keep_details(&mut tx, hold, account_id, details, state.now()).await?;
    tx.commit().await?;
    Ok(Redirect::to(&routes::book_payment(&hold.id)))
}
