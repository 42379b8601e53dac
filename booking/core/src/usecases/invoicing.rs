//! Payment by invoice after the call: the invoice itself, and what comes in for it.

use jiff::ToSpan as _;
use jiff::civil::Date;
use texts::{MailKind, format, routes, t};

use super::fold::{post, post_invoice_commission};
use super::provider_calls::provider_of;
use crate::appointments::{self, Appointment};
use crate::availability::load::zone_named;
use crate::availability::{date_in, midnight};
use crate::base::actor::Actor;
use crate::base::db::Tx;
use crate::base::money::Money;
use crate::base::outbox::{self, Message};
use crate::base::{Base, Fault, Micros};
use crate::billing::invoice::account_words;
use crate::billing::invoices::{self, Invoice, NewInvoice, NewInvoicePayment};
use crate::billing::ledger::Posting;
use crate::billing::{BillingError, Payment, queries, record_amount};
use crate::documents::{self, InvoiceBasis};
use crate::state::AppState;

/// The most that one payment of an invoice can be, minor units: more is a slip.
const PAYMENT_MINOR_MAX: i64 = 100_000_000_000;
/// How long before today a payment can have come in, days.
const PAID_DAYS_MAX: i32 = 3_650;

/// What was captured is owed by invoice: the document, its record, its event and its mail.
pub(super) async fn record_invoice(
    state: &AppState,
    tx: &mut Tx,
    payment: &Payment,
    appointment: &str,
    amount_minor: i64,
) -> Result<(), BillingError> {
    let appointment = appointments::load_any(tx, appointment).await?;
    let Some(charge) = queries::charge(tx, &appointment.id).await? else {
        return Ok(());
    };
    let provider = provider_of(state, payment)?;
    let terms = provider
        .invoice_terms()
        .ok_or_else(|| Fault::Internal(format!("{} takes no invoices", payment.psp)))?;
    let now = state.now();
    let zone = zone_named(&appointment.time_zone);
    let due = date_in(&zone, now).saturating_add(terms.days.days());
    let basis = InvoiceBasis {
        account: &terms.account,
        due,
        seller_number: invoices::seller_number(tx, &appointment.org_id).await?,
        amount_minor,
    };
    let (document, kid) = documents::issue_invoice(state, tx, &appointment, &charge, payment, basis).await?;
    let new = NewInvoice {
        payment_id: &payment.id,
        appointment_id: &appointment.id,
        org_id: &appointment.org_id,
        document_id: &document.id,
        kid: &kid,
        account: &terms.account,
        total: Money::new(amount_minor, payment.amount.currency),
        issued_at: now,
        due_at: midnight(&zone, due.saturating_add(1.day())),
    };
    invoices::add(tx, &new).await?;
    let currency = payment.amount.currency;
    record_amount(state, tx, &appointment.id, "invoiced", amount_minor, currency.as_str()).await?;
    let data = serde_json::json!({ "number": document.name() });
    appointments::record_event(tx, &appointment.id, "invoice", "system", now, &data).await?;
    if let Some(invoice) = invoices::of_payment(tx, &payment.id).await? {
        let message = invoice_mail(state, &appointment, &invoice, &document.id, None);
        outbox::enqueue(state, tx, &message).await?;
    }
    Ok(())
}

/// What the mail of a reminder says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reminding {
    pub(super) fee_minor: i64,
    /// The next thing that can happen is collection.
    pub(super) is_last: bool,
}

/// The mail with an invoice, or of a reminder of it, with what is needed to pay. `key` tells it from others of its kind.
pub(super) fn invoice_mail(
    state: &Base,
    appointment: &Appointment,
    invoice: &Invoice,
    key: &str,
    reminding: Option<Reminding>,
) -> Message {
    let to = &appointment.consumer;
    let exact = |minor| format::money_exact(to.locale, minor, invoice.total.currency.as_str());
    let zone = &appointment.time_zone;
    let (kind, subject, body) = match reminding {
        Some(_) => (
            MailKind::InvoiceReminder,
            "mail-invoice-reminder-subject",
            "mail-invoice-reminder-body",
        ),
        None => (MailKind::Invoice, "mail-invoice-subject", "mail-invoice-body"),
    };
    let fee_line = match reminding.map_or(0, |reminding| reminding.fee_minor) {
        0 => t(to.locale, "mail-reminder-no-fee", &[]),
        minor => t(to.locale, "mail-reminder-fee", &[("fee", exact(minor).into())]),
    };
    let last_line = match reminding.is_some_and(|reminding| reminding.is_last) {
        true => t(to.locale, "mail-reminder-last", &[]),
        false => String::new(),
    };
    let args = [
        ("name", to.name.clone()),
        ("other", appointment.org_name.clone()),
        ("title", appointment.title.clone()),
        (
            "when",
            format::span_in_mail(to.locale, appointment.start_us, appointment.end_us, zone),
        ),
        ("number", documents::number_name(invoice.year, invoice.number)),
        ("fee_line", fee_line),
        ("last_line", last_line),
        ("amount", exact(invoice.open_minor)),
        ("due", format::day(to.locale, format::date_of(invoice.due_at - 1, zone))),
        ("kid", invoice.kid.clone()),
        ("account", account_words(&invoice.account)),
        ("link", state.link(&routes::document(&invoice.document_id))),
    ];
    let args: Vec<(&str, &str)> = args.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (subject, body) = outbox::text(to.locale, subject, body, &args);
    Message {
        key: format!("{}:{key}", kind.word()),
        kind,
        recipient: appointments::recipient_of(to),
        appointment_id: Some(appointment.id.clone()),
        subject,
        body,
        ics: None,
    }
}

/// Why a payment of an invoice was not noted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvoiceRefusal {
    /// No amount above nothing, or one that cannot be.
    #[error("no amount that can have been paid")]
    Amount,
    /// Later than today, or very long ago.
    #[error("no day on which it can have been paid")]
    Day,
    #[error(transparent)]
    Fault(#[from] Fault),
}

crate::carries_faults!(InvoiceRefusal);

/// Money for an invoice.
#[derive(Debug, Clone, Copy)]
pub struct InvoiceMoney<'a> {
    /// Id of the payment that the invoice is of.
    pub payment: &'a str,
    /// Minor units, above zero in either direction.
    pub amount_minor: i64,
    pub day: Date,
    /// Names the line of the bank's file, where it came from one.
    pub bank_line: Option<&'a str>,
}

/// Notes that money came in for an invoice. More than is open is noted too, and is to be paid back. `false` when that line
/// of the bank was noted before. Operators may: the account on the invoices is theirs.
///
/// # Errors
/// [`InvoiceRefusal`]; [`Fault::NotFound`] for everybody else, and where there is no such invoice.
pub async fn note_invoice_paid(
    state: &AppState,
    tx: &mut Tx,
    actor: &Actor,
    money: InvoiceMoney<'_>,
) -> Result<bool, InvoiceRefusal> {
    let noted_by = actor.operator()?.id.clone();
    let (invoice, payment) = lock_invoice(tx, money.payment).await?;
    check(state, &invoice, money)?;
    let amount = Money::new(money.amount_minor, invoice.total.currency);
    let posting = Posting::InvoicePaid { amount };
    let is_new = note(state, tx, (&invoice, &payment), money, &noted_by, &posting).await?;
    if is_new {
        post_invoice_commission(state, tx, &payment, money.amount_minor)
            .await
            .map_err(Fault::from)?;
    }
    Ok(is_new)
}

/// Notes that so much of what came in for an invoice was paid back by hand.
///
/// # Errors
/// As [`note_invoice_paid`]; [`InvoiceRefusal::Amount`], too, for more than is to be paid back.
pub async fn note_invoice_paid_back(
    state: &AppState,
    tx: &mut Tx,
    actor: &Actor,
    money: InvoiceMoney<'_>,
) -> Result<bool, InvoiceRefusal> {
    let noted_by = actor.operator()?.id.clone();
    let (invoice, payment) = lock_invoice(tx, money.payment).await?;
    check(state, &invoice, money)?;
    if money.amount_minor > -invoice.open_minor {
        return Err(InvoiceRefusal::Amount);
    }
    let amount = Money::new(money.amount_minor, invoice.total.currency);
    let posting = Posting::InvoicePaidBack { amount };
    let back = InvoiceMoney {
        amount_minor: -money.amount_minor,
        ..money
    };
    note(state, tx, (&invoice, &payment), back, &noted_by, &posting).await
}

/// The rows of the appointment and of the payment are locked in that order, as everywhere.
pub(super) async fn lock_invoice(tx: &mut Tx, payment: &str) -> Result<(Invoice, Payment), Fault> {
    let invoice = invoices::of_payment(tx, payment).await?.ok_or(Fault::NotFound)?;
    appointments::lock(tx, &invoice.appointment_id).await?;
    let payment = queries::lock_payment(tx, payment).await?.ok_or(Fault::NotFound)?;
    let invoice = invoices::of_payment(tx, &payment.id).await?.ok_or(Fault::NotFound)?;
    Ok((invoice, payment))
}

fn check(state: &Base, invoice: &Invoice, money: InvoiceMoney<'_>) -> Result<(), InvoiceRefusal> {
    if !(1..=PAYMENT_MINOR_MAX).contains(&money.amount_minor) {
        return Err(InvoiceRefusal::Amount);
    }
    let today = date_in(
        &zone_named(crate::base::DEFAULT_ZONE),
        state.now().max(invoice.issued_at),
    );
    let oldest = today.saturating_sub(PAID_DAYS_MAX.days());
    if money.day > today || money.day < oldest {
        return Err(InvoiceRefusal::Day);
    }
    Ok(())
}

async fn note(
    state: &AppState,
    tx: &mut Tx,
    (invoice, payment): (&Invoice, &Payment),
    money: InvoiceMoney<'_>,
    noted_by: &str,
    posting: &Posting,
) -> Result<bool, InvoiceRefusal> {
    let now: Micros = state.now();
    let id = state.random.id(now);
    let new = NewInvoicePayment {
        id: &id,
        payment_id: &payment.id,
        amount_minor: money.amount_minor,
        paid_on: &money.day.to_string(),
        bank_line: money.bank_line,
        noted_by,
    };
    if !invoices::add_payment(tx, &new, now).await? {
        return Ok(false);
    }
    invoices::count_open(tx, &payment.id).await?;
    let key = format!("{}:{id}", posting.kind());
    post(state, tx, payment, posting, &key).await.map_err(Fault::from)?;
    let (appointment, minor) = (&invoice.appointment_id, money.amount_minor.abs());
    let currency = invoice.total.currency;
    record_amount(state, tx, appointment, posting.kind(), minor, currency.as_str()).await?;
    Ok(true)
}
