//! Holds and appointments: a slot is held, becomes an appointment once paid for, and runs its course.
//!
//! No double booking, by the database: a member owns each five-minute cell at most once (`reservation`). Every writing
//! transaction locks the member's row first, so that expired holds can be cleared and cells counted in peace.

mod bounds;
mod buyer;
mod calendar;
mod colleagues;
mod confirm;
mod draft;
mod hold;
pub(crate) mod let_downs;
mod mail_lines;
mod mails;
mod order_terms;
pub mod promo;
pub(crate) mod queries;
mod status;
mod withdrawal;

use serde::{Deserialize, Serialize};
use signaling_protocol::{PriceTerms, Role};
use texts::Locale;

use crate::base::actor::Actor;
use crate::base::db::{FromRow, Row, Tx};
use crate::base::policy::CancellationPolicy;
use crate::base::vat::VatCode;
use crate::base::{CELL_US, MINUTE_US, Micros};
use crate::base::{Fault, Result};
use crate::params;

pub use bounds::may_book;
pub use buyer::{BuyerOrg, set_buyer_org};
pub use calendar::{CalendarEntry, CalendarMethod, calendar_file};
pub use colleagues::{give_to, load_of_colleague, load_with_receipt, of_colleagues};
pub use confirm::{Confirmation, confirm_hold};
pub use draft::{Draft, keep_draft, load_draft};
pub use hold::{
    Hold, HoldEnd, HoldRefusal, SlotRequest, appointment_of_hold, attach_account, expire_holds, extend_hold,
    find_hold_end, held_by, hold_slot, keep_details, load_bookable, load_hold, load_hold_any, release_hold, set_about,
    set_contact_email,
};
pub use let_downs::{LetDowns, let_downs_of};
pub use mails::{
    AppointmentMail, MailMoney, PartyRole, appointment_mail, booking_lost_mail, calendar_of, recipient_of,
};
pub use status::{IllegalTransition, Status, Transition};
pub use withdrawal::{WITHDRAWN, WithdrawalRequest, load_withdrawal_request, withdrawn_at};

/// How long a slot is held.
pub const HOLD_US: Micros = 10 * MINUTE_US;
/// By how much a hold may be extended, once.
pub const HOLD_EXTENSION_US: Micros = 5 * MINUTE_US;

/// What was agreed about coming and cancelling, frozen at booking. A provider who cancels or does not come never costs the
/// consumer anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// The room opens this many minutes before the start.
    pub opens_before_min: i64,
    /// A side that has not come this many minutes after the start did not come.
    pub no_show_after_min: i64,
    /// What it costs the consumer to cancel, or not to come.
    #[serde(default)]
    pub cancellation: CancellationPolicy,
}

impl Policy {
    /// The terms of this release, with what a service says about cancelling.
    #[must_use]
    pub fn with(cancellation: CancellationPolicy) -> Self {
        Self {
            opens_before_min: 15,
            no_show_after_min: 10,
            cancellation,
        }
    }
}

/// A booked appointment with the names of both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appointment {
    pub id: String,
    pub hold_id: String,
    pub org_id: String,
    pub org_name: String,
    pub org_slug: String,
    /// Whether the business is registered for VAT on the day of the call.
    pub vat_registered: bool,
    /// How it is sold, as things stand for the day of the call; its charge freezes it.
    pub vat_code: VatCode,
    pub service_id: String,
    pub member_id: String,
    pub start_us: Micros,
    pub end_us: Micros,
    /// IANA name of the provider's zone.
    pub time_zone: String,
    /// The service's title at booking.
    pub title: String,
    pub price: PriceTerms,
    pub policy: Policy,
    /// What the consumer wrote.
    pub about: String,
    /// For which organisation the consumer booked.
    pub buyer_org: Option<BuyerOrg>,
    pub status: Status,
    pub created_us: Micros,
    /// How often a colleague has taken it over.
    pub handovers: u32,
    pub consumer: Person,
    /// The member who takes the call.
    pub provider: Person,
    /// The seat through which this was loaded: the actor's, or the consumer's in [`load_any`].
    pub seat: Seat,
}

/// One of the two sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub account_id: String,
    pub name: String,
    pub email: String,
    /// Empty for providers.
    pub phone: String,
    pub locale: Locale,
}

/// A person's place in the call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    pub id: String,
    pub role: Role,
}

impl Appointment {
    /// The rate of its tax on the day of the call, basis points.
    #[must_use]
    pub fn vat_bp(&self) -> u32 {
        self.vat_code.rate_bp(self.start_us)
    }

    /// From when on the room can be entered.
    #[must_use]
    pub fn opens_us(&self) -> Micros {
        self.start_us - self.policy.opens_before_min * MINUTE_US
    }

    /// When a side that has not come is said not to have come: never after the end.
    #[must_use]
    pub fn no_show_us(&self) -> Micros {
        (self.start_us + self.policy.no_show_after_min * MINUTE_US).min(self.end_us)
    }

    /// Whether the room may be entered at `now`.
    #[must_use]
    pub fn can_join(&self, now: Micros) -> bool {
        !self.status.is_over() && now >= self.opens_us() && now < self.end_us
    }

    /// Whether whoever loaded it can still cancel at `now`: the consumer in due time, the provider until the start.
    #[must_use]
    pub fn can_cancel(&self, now: Micros) -> bool {
        let in_time = match self.seat.role {
            Role::Consumer => self.policy.cancellation.can_cancel(self.start_us, now),
            Role::Provider => now < self.start_us,
        };
        in_time && self.status.handle(Transition::Cancel).is_ok()
    }

    /// What the consumer owes who cancels at `now`, minor units. After the start that is possible only where the provider has
    /// not come or has not let the consumer in, and costs nothing.
    #[must_use]
    pub fn cancel_fee_minor(&self, now: Micros) -> i64 {
        if now >= self.start_us {
            return 0;
        }
        self.policy.cancellation.fee_minor(&self.price, self.start_us, now)
    }
}

impl FromRow for Appointment {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        let person = |account: &str, name: &str, email: &str, locale: &str| -> Result<Person, sqlx::Error> {
            Ok(Person {
                account_id: row.get(account)?,
                name: row.get(name)?,
                email: row.get(email)?,
                phone: String::new(),
                locale: Locale::from_tag(&row.get::<String>(locale)?).unwrap_or_default(),
            })
        };
        let mut consumer = person("consumer_id", "consumer_name", "consumer_email", "consumer_locale")?;
        consumer.phone = row.get("consumer_phone")?;
        let role: String = row.get("seat_role")?;
        Ok(Self {
            id: row.get("id")?,
            hold_id: row.get("hold_id")?,
            org_id: row.get("org_id")?,
            org_name: row.get("org_name")?,
            org_slug: row.get("org_slug")?,
            vat_registered: row.flag("vat_registered")?,
            vat_code: row
                .parse::<VatCode>("service_vat_code")?
                .sold_by(row.flag("vat_registered")?),
            service_id: row.get("service_id")?,
            member_id: row.get("member_id")?,
            start_us: row.get("start_us")?,
            end_us: row.get("end_us")?,
            time_zone: row.get("time_zone")?,
            title: row.get("title")?,
            price: row.json("price_terms")?,
            policy: row.json("policy")?,
            about: row.get("about")?,
            buyer_org: BuyerOrg::of_row(row)?,
            status: row.parse("status")?,
            created_us: row.get("created_us")?,
            handovers: u32::try_from(row.get::<i64>("handovers")?).unwrap_or(u32::MAX),
            consumer,
            provider: person(
                "provider_account_id",
                "provider_name",
                "provider_email",
                "provider_locale",
            )?,
            seat: Seat {
                id: row.get("seat_id")?,
                role: role_from_str(&role)?,
            },
        })
    }
}

/// The word of a role in the database.
#[must_use]
pub fn role_as_str(role: Role) -> &'static str {
    match role {
        Role::Consumer => "consumer",
        Role::Provider => "provider",
    }
}

fn role_from_str(text: &str) -> Result<Role, sqlx::Error> {
    match text {
        "consumer" => Ok(Role::Consumer),
        "provider" => Ok(Role::Provider),
        _ => Err(sqlx::Error::Decode(format!("no such role: {text}").into())),
    }
}

/// One line of what happened to an appointment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub seq: i64,
    /// [`Transition::event`], or a word of billing: see [`record_event`].
    pub kind: String,
    /// Account id, or `system`.
    pub actor: String,
    pub at_us: Micros,
    /// JSON.
    pub data: String,
}

impl FromRow for Event {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            seq: row.get("seq")?,
            kind: row.get("kind")?,
            actor: row.get("actor")?,
            at_us: row.get("at_us")?,
            data: row.get("data")?,
        })
    }
}

/// Loads an appointment for somebody who has a seat in it; those who took it for a provider have one while they work there.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else.
pub async fn load(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Appointment> {
    tx.optional(queries::APPOINTMENT_LOAD, params![id, actor.account_id()])
        .await?
        .ok_or(Fault::NotFound)
}

/// Loads an appointment for jobs and for operators, whom the caller has checked.
///
/// # Errors
/// [`Fault::NotFound`].
pub async fn load_any(tx: &mut Tx, id: &str) -> Result<Appointment> {
    tx.optional(queries::APPOINTMENT_LOAD_ANY, params![id])
        .await?
        .ok_or(Fault::NotFound)
}

/// What happened to an appointment, oldest first.
///
/// # Errors
/// When the database fails.
pub async fn events(tx: &mut Tx, id: &str) -> Result<Vec<Event>> {
    Ok(tx.all(queries::EVENTS, params![id]).await?)
}

/// Adds a line to what happened. The appointment's row must be locked ([`lock`], [`set_status`]) where two may write at
/// once. Kinds besides those of [`Transition::event`]: `reserved`, `charged`, `released`, `refunded`, `charge_failed` with
/// data `{"minor": 45000, "currency": "NOK"}`, and `receipt` and `credit_note` with `{"number": "2026-000001"}`; and
/// `withdrawn` by right of withdrawal, before a cancelling or while the call is under way.
///
/// # Errors
/// When the database fails.
pub async fn record_event(
    tx: &mut Tx,
    id: &str,
    kind: &str,
    actor: &str,
    now: Micros,
    data: &serde_json::Value,
) -> Result<()> {
    tx.execute(queries::EVENT_INSERT, params![id, kind, actor, now, data.to_string()])
        .await?;
    Ok(())
}

/// Locks an appointment's row until the end of the transaction.
///
/// # Errors
/// [`Fault::NotFound`].
pub async fn lock(tx: &mut Tx, id: &str) -> Result<()> {
    let changed = tx.execute(queries::APPOINTMENT_LOCK, params![id]).await?;
    if changed == 1 { Ok(()) } else { Err(Fault::NotFound) }
}

/// The result of an attempt to move an appointment on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moved {
    To(Status),
    /// Not from there; nothing was changed.
    Refused(IllegalTransition),
}

/// Moves an appointment on, with its event; cancelling also gives its cells back. `actor` is an account id or `system`.
///
/// # Errors
/// [`Fault::NotFound`], or when the database fails.
pub async fn set_status(tx: &mut Tx, id: &str, transition: Transition, actor: &str, now: Micros) -> Result<Moved> {
    lock(tx, id).await?;
    let (word, hold_id): (String, String) = tx.one(queries::APPOINTMENT_STATUS, params![id]).await?;
    let status: Status = word.parse().map_err(|error| Fault::internal(&error))?;
    let next = match status.handle(transition) {
        Ok(next) => next,
        Err(illegal) => return Ok(Moved::Refused(illegal)),
    };
    if next != status {
        tx.execute(queries::APPOINTMENT_SET_STATUS, params![id, next.as_str()])
            .await?;
        record_event(tx, id, transition.event(), actor, now, &serde_json::json!({})).await?;
    }
    if next == Status::Cancelled {
        tx.execute(queries::CELLS_DELETE, params![hold_id]).await?;
    }
    Ok(Moved::To(next))
}

/// Gives back what of an appointment's slot lies after `at`, but for the buffer that follows it.
///
/// # Errors
/// When the database fails.
pub async fn free_rest(tx: &mut Tx, id: &str, at: Micros) -> Result<()> {
    let cell = at.div_euclid(CELL_US) + i64::from(at.rem_euclid(CELL_US) != 0);
    tx.execute(queries::CELLS_DELETE_FROM, params![id, cell, CELL_US])
        .await?;
    Ok(())
}

/// Coming appointments of a consumer, soonest first, and past or cancelled ones, newest first.
///
/// # Errors
/// When the database fails.
pub async fn of_consumer(tx: &mut Tx, actor: &Actor, now: Micros) -> Result<(Vec<Appointment>, Vec<Appointment>)> {
    let coming = tx
        .all(queries::APPOINTMENTS_COMING, params![actor.account_id(), now])
        .await?;
    let past = tx
        .all(queries::APPOINTMENTS_PAST, params![actor.account_id(), now])
        .await?;
    Ok((coming, past))
}

/// Appointments that a member takes between two moments, in order.
///
/// # Errors
/// When the database fails.
pub async fn of_provider(tx: &mut Tx, actor: &Actor, from: Micros, until: Micros) -> Result<Vec<Appointment>> {
    Ok(tx
        .all(
            queries::APPOINTMENTS_OF_PROVIDER,
            params![actor.account_id(), from, until],
        )
        .await?)
}

/// The actor's coming appointments, on either side, that fall into a time.
///
/// # Errors
/// When the database fails.
pub async fn during(tx: &mut Tx, actor: &Actor, start: Micros, end: Micros) -> Result<Vec<Appointment>> {
    let time = params![actor.account_id(), start, end];
    Ok(tx.all(queries::APPOINTMENTS_DURING, time).await?)
}

/// A short name of an appointment for people: letters and digits that are not mistaken for one another.
#[must_use]
pub fn reference(id: &str) -> String {
    const LETTERS: &[u8; 28] = b"23456789BCDFGHJKLMNPQRSTVWXZ";
    let number = id.bytes().fold(0_u64, |sum, byte| {
        sum.wrapping_mul(0x0100_0000_01b3).wrapping_add(u64::from(byte))
    });
    let mut text = String::with_capacity(7);
    let mut rest = number ^ (number >> 29);
    for place in 0..6 {
        if place == 3 {
            text.push('-');
        }
        let index = usize::try_from(rest % 28).expect("below 28");
        text.push(char::from(LETTERS[index]));
        rest /= 28;
    }
    text
}
