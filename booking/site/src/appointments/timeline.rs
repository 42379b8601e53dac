//! What happened to an appointment, in the words of the pages.

use web::pages::appointment::{AppointmentStatus, TimelineEntry, TimelineEvent};

use booking_core::appointments::{Event, Status};
use booking_core::base::Micros;

/// The status that pages show. A hold has none: it is no appointment yet.
#[must_use]
pub(crate) fn page_status(status: Status) -> AppointmentStatus {
    match status {
        Status::Held | Status::Confirmed => AppointmentStatus::Confirmed,
        Status::InCall => AppointmentStatus::InCall,
        Status::Completed => AppointmentStatus::Completed,
        Status::Cancelled | Status::Expired => AppointmentStatus::Cancelled,
        Status::NoShowConsumer => AppointmentStatus::NoShowConsumer,
        Status::NoShowProvider => AppointmentStatus::NoShowProvider,
    }
}

/// The stored events as the pages tell them, oldest first. `billable` is the measured time of the call.
#[must_use]
pub(crate) fn timeline(events: &[Event], billable: Micros) -> Vec<TimelineEntry> {
    events
        .iter()
        .filter_map(|event| {
            Some(TimelineEntry {
                at: event.at_us,
                event: told(event, billable)?,
            })
        })
        .collect()
}

fn told(event: &Event, billable: Micros) -> Option<TimelineEvent> {
    let data: serde_json::Value = serde_json::from_str(&event.data).ok()?;
    let minor = || data.get("minor").and_then(serde_json::Value::as_i64);
    let text = |name: &str| data.get(name).and_then(serde_json::Value::as_str).map(str::to_owned);
    let currency = || text("currency");
    Some(match event.kind.as_str() {
        "booked" => TimelineEvent::Booked,
        "waits" => TimelineEvent::ProviderTold,
        "taken_over" => TimelineEvent::TakenOver,
        "reserved" => TimelineEvent::Reserved(minor()?, currency()?),
        "call_started" => TimelineEvent::CallStarted,
        "call_ended" => TimelineEvent::CallEnded(billable / 1000),
        "extended" => TimelineEvent::Extended(minor()?, currency()?),
        "charged" => TimelineEvent::Charged(minor()?, currency()?),
        "released" => TimelineEvent::Released(minor()?, currency()?),
        "refunded" => TimelineEvent::Refunded(minor()?, currency()?),
        "charge_failed" => TimelineEvent::ChargeFailed,
        "refund_asked" => TimelineEvent::RefundAsked(minor()?, currency()?),
        "refund_failed" => TimelineEvent::RefundFailed,
        "dispute_opened" => TimelineEvent::DisputeOpened,
        "dispute_answered" | "dispute_added" | "dispute_statement" => TimelineEvent::DisputeSaid,
        "dispute_offered" => TimelineEvent::DisputeOffered(minor()?, currency()?),
        "dispute_accepted" => TimelineEvent::DisputeAccepted(minor()?, currency()?),
        "dispute_withdrawn" => TimelineEvent::DisputeWithdrawn,
        "dispute_decided" => TimelineEvent::DisputeDecided(minor()?, currency()?),
        "cancelled" => TimelineEvent::Cancelled,
        "withdrawn" => TimelineEvent::Withdrawn,
        "no_show_consumer" => TimelineEvent::NoShowConsumer,
        "no_show_provider" => TimelineEvent::NoShowProvider,
        "credit_note" => TimelineEvent::CreditNote(text("number")?),
        "receipt" => TimelineEvent::Receipt(text("number")?),
        "invoice" => TimelineEvent::Invoice(text("number")?),
        "invoice_paid" => TimelineEvent::InvoicePaid(minor()?, currency()?),
        "invoice_paid_back" => TimelineEvent::InvoicePaidBack(minor()?, currency()?),
        "invoice_reminded" => TimelineEvent::InvoiceReminded(data.get("number").and_then(serde_json::Value::as_i64)?),
        _ => return None,
    })
}
