//! Balances by month: a business's own with its postings, and those of all businesses for the operator.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use jiff::civil::Date;
use serde::Deserialize;
use web::pages::books::{ExportRow, MoneyLine, OperatorMoneyPage, ProviderMoneyPage, SellerBalance, SellerChoice};
use web::pages::{Field, FieldError, RecordWord};
use web::routes::{self, pattern};
use web::{Locale, Notice};

use super::{balance_box, files, month_nav, month_of, page_number};
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Query, Visit};
use crate::form::{self, field};
use crate::operator::looks;
use crate::pages;
use booking_core::AppState;
use booking_core::availability::load::zone_named;
use booking_core::base::audit::Action;
use booking_core::base::db::Tx;
use booking_core::base::{DEFAULT_ZONE, Fault};
use booking_core::books::balances::{self, Balance};
use booking_core::books::exports::{self, Export, ExportKind, Exported};
use booking_core::books::postings::{self, Cursor, Method, Part, Posted, Selection};
use booking_core::books::saft::AuditFile;
use booking_core::books::transactions::TransactionSheet;
use booking_core::books::{self, Period, Seller, find_seller, tax, time};
use booking_core::providers::{commission, own_org, owner};

/// Rows on a page.
const PAGE_SIZE: u32 = 50;
/// Downloads on the page.
const EXPORTS_SHOWN: i64 = 10;
const NOK: &str = "NOK";

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct MonthQuery {
    month: String,
    page: String,
}

fn pages_of(total: u32) -> u32 {
    total.div_ceil(PAGE_SIZE).max(1)
}

pub(super) async fn own_page(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<MonthQuery>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let mut tx = state.db.read().await?;
    let org = own_org(&mut tx, member).await?;
    let zone = zone_named(&org.time_zone);
    let first = month_of(&query.month, &zone, visit.now);
    let period = Period::month(&zone, first);
    let what = Selection {
        org: &org.id,
        currency: "",
        until: period.until,
    };
    let cursor = Cursor::at(period);
    let total = u32::try_from(postings::count(&mut tx, what, &cursor).await?).unwrap_or(u32::MAX);
    let page = page_number(&query.page).min(pages_of(total));
    let window = (i64::from(PAGE_SIZE), i64::from(page - 1) * i64::from(PAGE_SIZE));
    let posted = postings::read(&mut tx, what, &cursor, window).await?;
    let balances = balances::of_seller(&mut tx, &org.id, period).await?;
    let exported = exports::of_seller(&mut tx, &org.id, EXPORTS_SHOWN).await?;
    let lacks_tax = tax::find(&mut tx, &org.id).await?.is_none();
    let terms = commission::terms_at(&mut tx, &org.id, visit.now).await?;
    Ok(pages::html(&ProviderMoneyPage {
        shell: pages::shell_in(&visit, &org.time_zone),
        month: month_nav(pattern::PROVIDER_MONEY, first, &zone, visit.now),
        balances: balances.iter().map(balance_box).collect(),
        has_test: posted.iter().any(Posted::is_test),
        lines: posted.into_iter().map(|one| line(one, visit.locale)).collect(),
        total,
        page,
        pages: pages_of(total),
        lacks_tax,
        commission: (!terms.is_none()).then(|| crate::commission::words(&terms)),
        exports: exported.into_iter().map(|one| export_row(one, visit.locale)).collect(),
    }))
}

fn line(posted: Posted, locale: Locale) -> MoneyLine {
    MoneyLine {
        at: posted.at,
        transaction: RecordWord::transaction(&posted.kind),
        net_minor: posted.net_minor(),
        vat_minor: posted.minor(Part::Vat).saturating_neg(),
        held_minor: posted.minor(Part::Held),
        method: posted.method.as_ref().map(Method::words).unwrap_or_default(),
        appointment: posted.about.as_ref().map(|about| about.appointment_id.clone()),
        service_title: posted
            .about
            .as_ref()
            .map(|about| about.title.clone())
            .unwrap_or_default(),
        consumer: posted
            .about
            .as_ref()
            .map(|about| about.consumer.clone())
            .unwrap_or_default(),
        document: posted.about.and_then(|about| about.document_words(locale)),
        currency: posted.currency,
    }
}

fn export_row(exported: Exported, locale: Locale) -> ExportRow {
    ExportRow {
        at: exported.at,
        file: exported.kind_words(locale),
        period: exported.period,
        who: exported.who,
        by_operator: exported.by_operator,
        reason: exported.reason,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct FileForm {
    month: String,
    file: String,
    org: String,
    reason: String,
}

/// What of a business's books a file is about.
struct Wanted {
    seller: Seller,
    kind: ExportKind,
    first: Date,
}

impl Wanted {
    /// `2026` for what covers the year, else `2026-11`.
    fn period_name(&self) -> String {
        match self.kind {
            ExportKind::Saft | ExportKind::Sellers => self.first.year().to_string(),
            ExportKind::Transactions | ExportKind::Time => routes::month_name(self.first),
        }
    }
}

/// Kinds of files that are about one business.
fn seller_kind(typed: &str) -> Result<ExportKind, AppError> {
    let kind = typed.parse().map_err(|()| AppError::BadRequest("no such file"))?;
    match kind {
        ExportKind::Transactions | ExportKind::Saft | ExportKind::Time => Ok(kind),
        ExportKind::Sellers => Err(AppError::BadRequest("the file is not about one business")),
    }
}

pub(super) async fn own_file(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<FileForm>,
) -> AppResult<Response> {
    let member = owner(&visit.actor)?;
    let kind = seller_kind(&typed.file)?;
    let seller = find_seller(&mut state.db.read().await?, &member.org_id).await?;
    let seller = seller.ok_or(AppError::NotFound)?;
    let first = month_of(&typed.month, &zone_named(&seller.time_zone), visit.now);
    let wanted = Wanted { seller, kind, first };
    let audit_file = match open_audit_file(&state, &visit, &wanted).await {
        Ok(file) => file,
        // The one thing that keeps books in kroner from being written: no number to name the business by.
        Err(Fault::Conflict(_)) => {
            let form = routes::with_notice(pattern::PROVIDER_TAX, Notice::TaxNeeded);
            return Ok(Redirect::to(&form).into_response());
        }
        Err(fault) => return Err(fault.into()),
    };
    let export = Export {
        org: Some(&wanted.seller.id),
        account: visit.actor.account_id(),
        kind,
        period: &wanted.period_name(),
    };
    exports::record_own(&state, export).await?;
    send(state.clone(), &visit, wanted, audit_file).await
}

/// The audit file that is wanted, if one is: opened before anything goes on record, because it may be refused.
async fn open_audit_file(state: &AppState, visit: &Visit, wanted: &Wanted) -> Result<Option<AuditFile>, Fault> {
    if wanted.kind != ExportKind::Saft {
        return Ok(None);
    }
    let seller = &wanted.seller.id;
    let currencies = books::currencies(&mut state.db.read().await?, seller).await?;
    let currency = currencies
        .iter()
        .find(|currency| *currency == NOK)
        .or(currencies.first());
    let currency = currency.map_or(NOK, String::as_str);
    AuditFile::open(state, seller, wanted.first.year(), currency, visit.locale)
        .await
        .map(Some)
}

/// The file, which is on record by now.
async fn send(state: AppState, visit: &Visit, wanted: Wanted, audit_file: Option<AuditFile>) -> AppResult<Response> {
    if let Some(file) = audit_file {
        return Ok(files::audit_file(state, file));
    }
    let seller = &wanted.seller;
    let zone = zone_named(&seller.time_zone);
    let period = Period::month(&zone, wanted.first);
    let name = format!("booka-{}-{}.csv", wanted.kind.word(), wanted.period_name());
    if wanted.kind == ExportKind::Time {
        let bytes = time::write_sheet(&state, &seller.id, &zone, period, visit.locale).await?;
        return Ok(files::sheet(&name, bytes));
    }
    let file = TransactionSheet::new(&seller.id, period, &seller.time_zone, visit.locale);
    Ok(files::transactions(state, &name, file))
}

pub(super) async fn all_page(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<MonthQuery>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::MoneySeen, "", "", &[]).await?;
    Ok(pages::html(&all(&state, &visit, &query).await?))
}

/// What all businesses have at the end of a month.
async fn all(state: &AppState, visit: &Visit, query: &MonthQuery) -> AppResult<OperatorMoneyPage> {
    let zone = zone_named(DEFAULT_ZONE);
    let first = month_of(&query.month, &zone, visit.now);
    let period = Period::month(&zone, first);
    let mut tx = state.db.read().await?;
    let balances = balances::of_all(&mut tx, period).await?;
    let unbalanced = count_unbalanced(&mut tx).await?;
    // What stands on the accounts is of any age.
    let has_test = postings::has_test(&mut tx, Period { from: 0, ..period }).await?;
    drop(tx);
    let total = u32::try_from(balances.len()).unwrap_or(u32::MAX);
    let page = page_number(&query.page).min(pages_of(total));
    let skip = (page as usize - 1) * PAGE_SIZE as usize;
    let mut choices: Vec<SellerChoice> = balances
        .iter()
        .map(|balance| SellerChoice {
            id: balance.org_id.clone(),
            label: balance.org_name.clone(),
        })
        .collect();
    choices.dedup_by(|one, other| one.id == other.id);
    Ok(OperatorMoneyPage {
        shell: pages::shell(visit),
        month: month_nav(pattern::OPERATOR_MONEY, first, &zone, visit.now),
        sellers: balances
            .iter()
            .skip(skip)
            .take(PAGE_SIZE as usize)
            .map(seller_balance)
            .collect(),
        totals: balances::add_up(&balances).iter().map(seller_balance).collect(),
        has_test,
        unbalanced,
        total,
        page,
        pages: pages_of(total),
        choices,
        org: Field::default(),
        file: Field::new(ExportKind::Saft.word()),
        reason: Field::default(),
    })
}

async fn count_unbalanced(tx: &mut Tx) -> AppResult<u32> {
    Ok(u32::try_from(balances::count_unbalanced(tx).await?).unwrap_or(u32::MAX))
}

fn seller_balance(balance: &Balance) -> SellerBalance {
    SellerBalance {
        name: balance.org_name.clone(),
        balance: balance_box(balance),
        sum_minor: balance.sum_minor(),
    }
}

/// The books of one business for the operator, who says why.
pub(super) async fn seller_file(
    State(state): State<AppState>,
    visit: Visit,
    Form(typed): Form<FileForm>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let seller = find_seller(&mut state.db.read().await?, &typed.org).await?;
    let (Ok(reason), Some(seller)) = (&reason, seller) else {
        return ask_again(&state, &visit, &typed, FieldError::BusinessMissing).await;
    };
    let kind = seller_kind(&typed.file)?;
    let first = month_of(&typed.month, &zone_named(&seller.time_zone), visit.now);
    let wanted = Wanted { seller, kind, first };
    let audit_file = match open_audit_file(&state, &visit, &wanted).await {
        Ok(file) => file,
        Err(Fault::Conflict(_)) => return ask_again(&state, &visit, &typed, FieldError::BusinessWithoutNumber).await,
        Err(fault) => return Err(fault.into()),
    };
    let export = Export {
        org: Some(&wanted.seller.id),
        account: &operator.id,
        kind,
        period: &wanted.period_name(),
    };
    exports::record_operators(&state, export, reason).await?;
    send(state.clone(), &visit, wanted, audit_file).await
}

/// The page with what was typed, and what is wrong with it. A business that is known is wrong only where it has no number.
async fn ask_again(state: &AppState, visit: &Visit, typed: &FileForm, wrong: FieldError) -> AppResult<Response> {
    let query = MonthQuery {
        month: typed.month.clone(),
        page: String::new(),
    };
    let reason = form::line(&typed.reason, FieldError::LookReasonMissing);
    let mut page = all(state, visit, &query).await?;
    page.reason = field(&typed.reason, &reason);
    page.file = Field::new(typed.file.clone());
    let is_known = page.choices.iter().any(|choice| choice.id == typed.org);
    let is_wrong = !is_known || wrong == FieldError::BusinessWithoutNumber;
    page.org = Field {
        value: typed.org.clone(),
        error: is_wrong.then_some(wrong),
    };
    Ok(pages::html_with(StatusCode::UNPROCESSABLE_ENTITY, &page))
}
