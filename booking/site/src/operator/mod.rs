//! The operator's pages: calls under way, appointments to the last line of the ledger, and the outbox. Only operators get
//! here; for everybody else these pages do not exist.

mod bank;
pub(crate) mod disputes;
mod invoices;
mod live;
pub(crate) mod looks;
mod outbox;
mod people;
mod quality;
mod refunds;
mod retention;

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::{Redirect, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use web::pages::appointment::AppointmentStatus;
use web::pages::operator::{
    LedgerRow, LiveCallRow, MissingRow, OperatorAppointmentPage, OperatorAppointmentRow, OperatorAppointmentsPage,
    OperatorCallPage, OperatorCallsPage, PaymentRow, QualityRow, SegmentRow,
};
use web::pages::{Field, RecordWord};
use web::routes::{self, pattern};
use web::{Locale, Notice};

use self::looks::Opened;
use crate::appointments::timeline::{page_status, timeline};
use crate::appointments::views::document_link;
use crate::disputes::upload_limit;
use crate::error::{AppError, AppResult};
use crate::extract::{Form, Path, Query, Visit};
use crate::pages;
use booking_core::AppState;
use booking_core::appointments::{self, Appointment, Status};
use booking_core::base::Fault;
use booking_core::base::advice::Advice;
use booking_core::base::audit::Action;
use booking_core::base::db::Tx;
use booking_core::calls::{CAPTURE_MAX, CaptureError, queries as call_queries};
use booking_core::operator::advice;
use booking_core::operator::queries::{self, ListedAppointment};
use booking_core::{base, billing, calls, documents};
use signaling_protocol::live::Direction;
use signaling_protocol::{LiveCall, Role};

/// Rows on a page.
const PAGE_SIZE: u32 = 50;
/// Appointments that a search looks through, newest first.
const SEARCHED_MAX: i64 = 2_000;

pub(crate) fn router() -> Router<AppState> {
    Router::new()
        .route(pattern::OPERATOR, get(live_calls))
        .route(pattern::OPERATOR_CALL, get(live_call).post(looks::open_call))
        .route(pattern::OPERATOR_CALL_CAPTURE, post(capture))
        .route(pattern::OPERATOR_APPOINTMENTS, get(appointment_list))
        .route(
            pattern::OPERATOR_APPOINTMENT,
            get(appointment).post(looks::open_appointment),
        )
        .route(
            pattern::OPERATOR_APPOINTMENT_REFUND,
            get(refunds::form).post(refunds::submit_form),
        )
        .route(pattern::OPERATOR_REFUNDS, get(refunds::list).post(refunds::decide))
        .route(pattern::OPERATOR_INVOICES, get(invoices::list).post(invoices::submit))
        .route(
            pattern::OPERATOR_BANK,
            get(bank::form).post(bank::submit).layer(bank::body_limit()),
        )
        .route(pattern::OPERATOR_DISPUTES, get(disputes::list))
        .route(
            pattern::OPERATOR_APPOINTMENT_DISPUTE,
            get(disputes::page).post(disputes::submit),
        )
        .route(
            pattern::OPERATOR_APPOINTMENT_DISPUTE_FILES,
            post(disputes::hand_in).layer(upload_limit()),
        )
        .route(pattern::OPERATOR_PEOPLE, get(people::page).post(people::submit))
        .route(
            pattern::OPERATOR_RETENTION,
            get(retention::page).post(retention::submit),
        )
        .route(pattern::OPERATOR_OUTBOX, get(outbox::list).post(outbox::search))
        .route(pattern::OPERATOR_OUTBOX_MAIL, get(outbox::page).post(outbox::submit))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListQuery {
    status: String,
    q: String,
    page: String,
}

impl ListQuery {
    fn q(&self) -> String {
        self.q.trim().chars().take(base::limits::LINE_CHARS_MAX).collect()
    }
}

/// From 1; whatever is no number is the first page.
fn page_number(typed: &str) -> u32 {
    typed.parse().unwrap_or(1).clamp(1, 100_000)
}

async fn live_calls(State(state): State<AppState>, visit: Visit) -> AppResult<Response> {
    visit.actor.operator()?;
    let calls = live::calls(&state);
    let mut tx = state.db.read().await?;
    let mut rows = Vec::with_capacity(calls.len());
    for call in &calls {
        rows.push(live_row(&mut tx, call, visit.now).await?);
    }
    drop(tx);
    let missing = advice::missing(&state).await?;
    let row = |advice| missing_row(advice, visit.locale);
    Ok(pages::html(&OperatorCallsPage {
        missing: missing.iter().map(row).collect(),
        shell: pages::shell(&visit),
        calls: rows,
    }))
}

fn missing_row(advice: &Advice, locale: Locale) -> MissingRow {
    MissingRow {
        what: advice.what(locale),
        way_out: advice.way_out(locale),
        is_broken: advice.is_broken,
    }
}

async fn live_row(tx: &mut Tx, call: &LiveCall, now: i64) -> AppResult<LiveCallRow> {
    let provider = match appointments::load_any(tx, &call.call).await {
        Ok(appointment) => appointment.org_name,
        Err(Fault::NotFound) => String::new(),
        Err(error) => return Err(error.into()),
    };
    let started_at = call_queries::segments(tx, &call.call)
        .await?
        .first()
        .map(|segment| segment.started_at);
    let consumer = call.seats.iter().find(|seat| seat.role == Role::Consumer);
    let bitrate = |direction| call.seats.iter().map(|seat| live::bitrate_bps(seat, direction)).sum();
    let losses = call
        .seats
        .iter()
        .filter_map(|seat| seat.stats)
        .map(|stats| stats.loss_permille());
    Ok(LiveCallRow {
        id: call.call.clone(),
        health: live::health(call),
        started_at: started_at.unwrap_or(call.starts_at),
        provider,
        consumer: consumer.map(|seat| live::initials(&seat.name)).unwrap_or_default(),
        elapsed_ms: started_at.map_or(0, |started_at| (now - started_at).max(0) / 1000),
        billable_ms: call.billable / 1000,
        up_bps: bitrate(Direction::Sent),
        down_bps: bitrate(Direction::Received),
        loss_permille: losses.max().unwrap_or(0),
    })
}

async fn live_call(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let appointment = appointments::load_any(&mut state.db.read().await?, &id).await?;
    let calls = live::calls(&state);
    let call = calls.iter().find(|call| call.call == id).ok_or(AppError::NotFound)?;
    if looks::reason_given(&state, operator, Opened::Call, &appointment, visit.now)
        .await?
        .is_none()
    {
        let page = looks::ask(&visit, Opened::Call, &appointment, Field::default());
        return Ok(pages::html(&page));
    }
    Ok(pages::html(&OperatorCallPage {
        shell: pages::shell_in(&visit, &appointment.time_zone),
        id: id.clone(),
        provider: appointment.org_name,
        health: live::health(call),
        starts_at: call.starts_at,
        ends_at: call.ends_at,
        billable_ms: call.billable / 1000,
        participants: call.seats.iter().map(live::participant).collect(),
        legs: live::legs(call),
    }))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CaptureForm {
    minutes: String,
}

async fn capture(
    State(state): State<AppState>,
    visit: Visit,
    Path(id): Path<String>,
    Form(form): Form<CaptureForm>,
) -> AppResult<Redirect> {
    let operator = visit.actor.operator()?;
    let live = state.live_calls.get().ok_or(AppError::NotFound)?;
    live.find(&id).ok_or(AppError::NotFound)?;
    let appointment = appointments::load_any(&mut state.db.read().await?, &id).await?;
    let Some(reason) = looks::reason_given(&state, operator, Opened::Call, &appointment, visit.now).await? else {
        return Ok(Redirect::to(&routes::operator_call(&id)));
    };
    // Nothing is captured that is not on record.
    looks::record_of(&state, operator, Action::CaptureStarted, &appointment, &reason).await?;
    // Whatever is no number is the shortest time.
    let minutes = form.minutes.trim().parse::<u64>().unwrap_or(1).max(1);
    let time = Duration::from_secs(minutes.saturating_mul(60)).min(CAPTURE_MAX);
    let notice = match live.capture(&id, time) {
        Ok(()) => Notice::CaptureStarted,
        Err(CaptureError::NotHere) => return Err(AppError::NotFound),
        Err(CaptureError::Running) => Notice::CaptureRunning,
        Err(CaptureError::Failed) => Notice::CaptureFailed,
    };
    tracing::info!(call = id, "a packet capture was asked for");
    Ok(Redirect::to(&routes::with_notice(&routes::operator_call(&id), notice)))
}

async fn appointment_list(
    State(state): State<AppState>,
    visit: Visit,
    Query(query): Query<ListQuery>,
) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    looks::record(&state, operator, Action::AppointmentsSeen, "", "", &[]).await?;
    let status = AppointmentStatus::from_slug(&query.status);
    let stored = status.and_then(|status| {
        Status::ALL
            .into_iter()
            .find(|known| page_status(*known) == status && is_stored(*known))
    });
    let q = query.q();
    let rows = queries::list(&mut state.db.read().await?, stored, SEARCHED_MAX).await?;
    let rows: Vec<OperatorAppointmentRow> = rows.into_iter().map(listed).filter(|row| matches(row, &q)).collect();
    let page = Window::of(rows.len(), page_number(&query.page));
    let total = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    Ok(pages::html(&OperatorAppointmentsPage {
        shell: pages::shell(&visit),
        rows: rows.into_iter().skip(page.skip).take(PAGE_SIZE as usize).collect(),
        status,
        q,
        total,
        page: page.number,
        pages: page.of,
    }))
}

/// Whether appointments have this status, rather than holds.
fn is_stored(status: Status) -> bool {
    !matches!(status, Status::Held | Status::Expired)
}

fn listed(row: ListedAppointment) -> OperatorAppointmentRow {
    OperatorAppointmentRow {
        reference: appointments::reference(&row.id),
        id: row.id,
        starts_at: row.start,
        provider: row.org_name,
        consumer: live::initials(&row.consumer_name),
        service_title: row.title,
        status: page_status(row.status),
        charged_minor: row.charged_minor,
        currency: row.currency,
    }
}

fn matches(row: &OperatorAppointmentRow, q: &str) -> bool {
    let q = q.to_lowercase();
    q.is_empty() || row.reference.to_lowercase().contains(&q) || row.provider.to_lowercase().contains(&q) || row.id == q
}

struct Window {
    number: u32,
    of: u32,
    skip: usize,
}

impl Window {
    /// The page with that number, or the last one.
    fn of(rows: usize, wanted: u32) -> Self {
        let size = PAGE_SIZE as usize;
        let of = u32::try_from(rows.div_ceil(size)).unwrap_or(u32::MAX).max(1);
        let number = wanted.clamp(1, of);
        Self {
            number,
            of,
            skip: (number as usize - 1) * size,
        }
    }
}

async fn appointment(State(state): State<AppState>, visit: Visit, Path(id): Path<String>) -> AppResult<Response> {
    let operator = visit.actor.operator()?;
    let mut tx = state.db.read().await?;
    let appointment = appointments::load_any(&mut tx, &id).await?;
    if looks::reason_given(&state, operator, Opened::Appointment, &appointment, visit.now)
        .await?
        .is_none()
    {
        let page = looks::ask(&visit, Opened::Appointment, &appointment, Field::default());
        return Ok(pages::html(&page));
    }
    let events = appointments::events(&mut tx, &id).await?;
    let billable = calls::load_billable(&mut tx, &id).await?;
    Ok(pages::html(&OperatorAppointmentPage {
        shell: pages::shell_in(&visit, &appointment.time_zone),
        reference: appointments::reference(&id),
        status: page_status(appointment.status),
        provider: appointment.org_name.clone(),
        consumer: live::initials(&appointment.consumer.name),
        service_title: appointment.title.clone(),
        starts_at: appointment.start_us,
        ends_at: appointment.end_us,
        timeline: timeline(&events, billable),
        segments: segments(&mut tx, &appointment).await?,
        quality: course(&mut tx, &appointment).await?,
        payments: payments(&mut tx, &appointment).await?,
        ledger: ledger(&mut tx, &id).await?,
        documents: documents::of_appointment(&mut tx, &id)
            .await?
            .iter()
            .map(document_link)
            .collect(),
        dispute: booking_core::disputes::queries::of_appointment(&mut tx, &id)
            .await?
            .last()
            .map(|dispute| crate::disputes::status_of(dispute.state)),
        id,
    }))
}

async fn segments(tx: &mut Tx, appointment: &Appointment) -> AppResult<Vec<SegmentRow>> {
    let segments = call_queries::segments(tx, &appointment.id).await?;
    let row = |segment: calls::Segment| SegmentRow {
        who: if segment.role == appointments::role_as_str(Role::Provider) {
            appointment.provider.name.clone()
        } else {
            live::initials(&appointment.consumer.name)
        },
        seq: u32::try_from(segment.seq).unwrap_or(u32::MAX),
        started_at: segment.started_at,
        last_seen_at: segment.last_seen_at,
        ended_at: segment.ended_at,
        ending: segment.end_reason.as_deref().map(RecordWord::ending),
    };
    Ok(segments.into_iter().map(row).collect())
}

async fn course(tx: &mut Tx, appointment: &Appointment) -> AppResult<Vec<QualityRow>> {
    let samples = calls::quality::timeline(tx, &appointment.id).await?;
    let seats = call_queries::seats(tx, &appointment.id).await?;
    Ok(quality::rows(&samples, |seat| {
        let role = appointments::role_as_str(Role::Provider);
        let provider = seats.iter().any(|known| known.seat == seat && known.role == role);
        if provider {
            appointment.provider.name.clone()
        } else {
            live::initials(&appointment.consumer.name)
        }
    }))
}

async fn payments(tx: &mut Tx, appointment: &Appointment) -> AppResult<Vec<PaymentRow>> {
    let ops = billing::queries::ops_of_appointment(tx, &appointment.id).await?;
    let row = |op: billing::Op| PaymentRow {
        at: op.created_at,
        operation: RecordWord::operation(op.kind.name()),
        state: RecordWord::operation_state(&op.state),
        amount_minor: op.amount_minor,
        currency: appointment.price.currency.clone(),
        detail: op.error.unwrap_or_default(),
    };
    Ok(ops.into_iter().map(row).collect())
}

async fn ledger(tx: &mut Tx, appointment: &str) -> AppResult<Vec<LedgerRow>> {
    let lines = billing::queries::ledger(tx, appointment).await?;
    let row = |line: billing::LedgerLine| LedgerRow {
        at: line.at,
        transaction: RecordWord::transaction(&line.kind),
        account: RecordWord::account(&line.account),
        amount_minor: line.amount_minor,
        currency: line.currency,
    };
    Ok(lines.into_iter().map(row).collect())
}

#[cfg(test)]
mod tests {
    use booking_core::billing::OpKind;
    use booking_core::billing::ledger::{LedgerAccount, Posting};
    use signaling_protocol::SegmentEnd;

    use super::*;

    /// Trial A6: raw codes such as `connection_lost` and `consumer_receivable`.
    #[test]
    fn a6_every_word_of_the_records_has_a_text() {
        let endings = SegmentEnd::ALL.map(SegmentEnd::name);
        let words = endings.into_iter().chain(["recovered"]).map(RecordWord::ending);
        let words = words.chain(OpKind::ALL.map(|kind| RecordWord::operation(kind.name())));
        let words = words.chain(["pending", "done", "failed"].map(RecordWord::operation_state));
        let words = words.chain(Posting::KINDS.map(RecordWord::transaction));
        for word in words.chain(LedgerAccount::ALL.map(|account| RecordWord::account(account.name()))) {
            assert!(word.is_known(), "{word:?}");
        }
    }

    #[test]
    fn pages_stay_within_what_there_is() {
        let check = |rows, wanted, expect: (u32, u32, usize)| {
            let window = Window::of(rows, wanted);
            assert_eq!(
                (window.number, window.of, window.skip),
                expect,
                "{rows} rows, page {wanted}"
            );
        };
        check(0, 1, (1, 1, 0));
        check(50, 2, (1, 1, 0));
        check(51, 2, (2, 2, 50));
        check(120, 99, (3, 3, 100));
    }
}
