//! Holding a slot, and what may be done with a hold until it becomes an appointment.

use signaling_protocol::PriceTerms;

use super::bounds::{check_number_of_holds, may_book};
use super::queries::NewHold;
use super::{BuyerOrg, HOLD_EXTENSION_US, HOLD_US, Policy, Status, Transition, queries, set_buyer_org};
use crate::availability::{self, Rules, Slot};
use crate::base::actor::Actor;
use crate::base::charge::Selling;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::policy::CancellationPolicy;
use crate::base::vat::VatCode;
use crate::base::{Base, CELL_US, DAY_US, Micros, charge};
use crate::base::{Fault, Result};
use crate::{carries_faults, params};

/// Nothing is booked further ahead than this, whatever a service allows.
const BOOKABLE_US_MAX: Micros = 366 * DAY_US;
/// Members whose expired holds one round of [`expire_holds`] clears.
const EXPIRE_BATCH: i64 = 100;

/// A slot that is kept while somebody books it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: String,
    pub account_id: Option<String>,
    /// Address typed at registration, until that account is verified; empty without one.
    pub contact_email: String,
    pub org_id: String,
    pub org_name: String,
    pub org_slug: String,
    /// How it is sold, as things stand for the day of the call.
    pub vat_code: VatCode,
    pub service_id: String,
    pub member_id: String,
    pub start_us: Micros,
    pub end_us: Micros,
    pub cell_first: i64,
    pub cell_end: i64,
    pub time_zone: String,
    pub title: String,
    pub price: PriceTerms,
    pub policy: Policy,
    pub about: String,
    /// For which organisation it is booked.
    pub buyer_org: Option<BuyerOrg>,
    pub state: Status,
    pub extended: bool,
    pub created_us: Micros,
    pub expires_us: Micros,
}

impl Hold {
    /// The rate of its tax, basis points.
    #[must_use]
    pub fn vat_bp(&self) -> u32 {
        self.vat_code.rate_bp(self.start_us)
    }

    /// Whether it still keeps the slot for sure. After that the slot is kept until somebody else takes it.
    #[must_use]
    pub fn is_live(&self, now: Micros) -> bool {
        self.state == Status::Held && now < self.expires_us
    }

    /// A hold ends with the start of its time, so there is nothing to extend into beyond it.
    #[must_use]
    pub fn can_extend(&self, now: Micros) -> bool {
        self.is_live(now) && !self.extended && self.expires_us < self.start_us
    }

    /// Whether its time has begun: from then on nobody can book it any more.
    #[must_use]
    pub fn has_begun(&self, now: Micros) -> bool {
        self.start_us <= now
    }
}

impl FromRow for Hold {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            account_id: row.get("account_id")?,
            contact_email: row.get("contact_email")?,
            org_id: row.get("org_id")?,
            org_name: row.get("org_name")?,
            org_slug: row.get("org_slug")?,
            vat_code: row
                .parse::<VatCode>("service_vat_code")?
                .sold_by(row.flag("vat_registered")?),
            service_id: row.get("service_id")?,
            member_id: row.get("member_id")?,
            start_us: row.get("start_us")?,
            end_us: row.get("end_us")?,
            cell_first: row.get("cell_first")?,
            cell_end: row.get("cell_end")?,
            time_zone: row.get("time_zone")?,
            title: row.get("title")?,
            price: row.json("price_terms")?,
            policy: row.json("policy")?,
            about: row.get("about")?,
            buyer_org: BuyerOrg::of_row(row)?,
            state: row.parse("state")?,
            extended: row.flag("extended")?,
            created_us: row.get("created_us")?,
            expires_us: row.get("expires_us")?,
        })
    }
}

/// Why a slot is not held, or a held slot not booked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldRefusal {
    #[error("no such service, or it cannot be booked")]
    NoService,
    /// Taken just now, or never free.
    #[error("not a free time")]
    Taken,
    #[error("it has a price, and nobody takes payments here")]
    PaymentsOff,
    #[error("it has a price, and the business has not said who sells")]
    SellerUnknown,
    #[error("the visitor holds as many slots as one may")]
    TooManyHolds,
    /// Until this moment.
    #[error("the network holds as many slots as it may")]
    NetworkFull { until: Micros },
    /// Until this moment.
    #[error("the network holds as many slots with this provider as it may")]
    ProviderFull { until: Micros },
    #[error("members do not book themselves")]
    OwnSlot,
    /// As many as one may have.
    #[error("too many coming appointments")]
    TooManyBooked,
    /// As many as the service allows with its provider.
    #[error("too many coming appointments with the provider")]
    TooManyWithProvider,
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(HoldRefusal);

/// A service that can be booked, with what is needed of its provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookableService {
    pub org_id: String,
    pub org_name: String,
    pub org_slug: String,
    pub time_zone: String,
    title: String,
    price_terms: String,
    cancellation: CancellationPolicy,
    /// What has a price can be ordered from the business.
    seller_stands: bool,
}

impl FromRow for BookableService {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            org_id: row.get("org_id")?,
            org_name: row.get("name")?,
            org_slug: row.get("slug")?,
            time_zone: row.get("time_zone")?,
            title: row.get("title")?,
            price_terms: row.get("price_terms")?,
            cancellation: row.json("cancel_policy")?,
            seller_stands: row.flag("seller_stands")?,
        })
    }
}

/// A service as somebody is about to book it.
///
/// # Errors
/// [`HoldRefusal::NoService`].
pub async fn load_bookable(tx: &mut Tx, service_id: &str) -> Result<BookableService, HoldRefusal> {
    tx.optional(queries::SERVICE_TO_HOLD, params![service_id])
        .await?
        .ok_or(HoldRefusal::NoService)
}

/// A slot that a visitor asks for.
#[derive(Debug, Clone, Copy)]
pub struct SlotRequest<'a> {
    pub service_id: &'a str,
    pub start_us: Micros,
    /// Who can sell what has a price: only theirs is held.
    pub selling: &'a Selling,
    /// Hash of the network that asks, see [`crate::base::limits::HOLDS_PER_NETWORK_MAX`].
    pub network: &'a str,
}

/// Holds a slot with the first member who is free. Asking again for what one holds already gives the same hold; other slots
/// that the visitor holds with that member are released.
///
/// # Errors
/// [`HoldRefusal`]; [`Fault::Leaving`] when the account is to be deleted.
pub async fn hold_slot(
    state: &Base,
    actor: &Actor,
    wanted: &SlotRequest<'_>,
    now: Micros,
) -> Result<String, HoldRefusal> {
    actor.is_staying()?;
    let (service_id, start_us) = (wanted.service_id, wanted.start_us);
    let mut tx = state.db.read().await?;
    if let Some(same) = find_same_hold(&mut tx, actor, wanted, now).await? {
        return Ok(same);
    }
    let service = load_bookable(&mut tx, service_id).await?;
    let price: PriceTerms = serde_json::from_str(&service.price_terms).map_err(|error| Fault::internal(&error))?;
    if !charge::can_be_sold(&price, wanted.selling.includes(&service.org_id)) {
        return Err(HoldRefusal::PaymentsOff);
    }
    if !charge::can_be_sold(&price, service.seller_stands) {
        return Err(HoldRefusal::SellerUnknown);
    }
    if start_us.rem_euclid(CELL_US) != 0 || !(now + 1..now + BOOKABLE_US_MAX).contains(&start_us) {
        return Err(HoldRefusal::Taken);
    }
    let visitor = actor.visitor_hash.as_str();
    let free = availability::of_service_for(&mut tx, visitor, service_id, now, start_us, start_us + CELL_US)
        .await?
        .ok_or(HoldRefusal::NoService)?;
    let mine: Vec<String> = tx.all(queries::MEMBERS_HELD_BY, params![visitor, now]).await?;
    drop(tx);
    let mut members: Vec<String> = free.members_free_at(start_us).map(str::to_owned).collect();
    // With whom one holds a time already, one has changed one's mind about when.
    members.sort_by_key(|member| !mine.contains(member));
    for member_id in &members {
        let attempt = Attempt {
            wanted,
            service: &service,
            member_id,
            rules: free.rules,
            slot: free.rules.slot(start_us),
        };
        match hold_with_member(state, actor, &attempt, now).await {
            Err(HoldRefusal::Taken) => {}
            result => return result,
        }
    }
    // The twin of a double submit may have taken it while this one looked.
    let mut tx = state.db.read().await?;
    find_same_hold(&mut tx, actor, wanted, now)
        .await?
        .ok_or(HoldRefusal::Taken)
}

/// The visitor's own live hold of the very slot.
async fn find_same_hold(
    tx: &mut Tx,
    actor: &Actor,
    wanted: &SlotRequest<'_>,
    now: Micros,
) -> Result<Option<String>, DbError> {
    let same = params![&actor.visitor_hash, wanted.service_id, wanted.start_us, now];
    tx.optional(queries::HOLD_SAME, same).await
}

/// The wanted slot with one member who is free.
struct Attempt<'a> {
    wanted: &'a SlotRequest<'a>,
    service: &'a BookableService,
    member_id: &'a str,
    rules: Rules,
    slot: Slot,
}

/// One attempt with one member, in one transaction; dropping it rolls back.
async fn hold_with_member(
    state: &Base,
    actor: &Actor,
    attempt: &Attempt<'_>,
    now: Micros,
) -> Result<String, HoldRefusal> {
    let (member, visitor) = (attempt.member_id, actor.visitor_hash.as_str());
    let (cell_first, cell_end) = attempt.rules.cells(attempt.slot);
    let mut tx = state.db.write().await?;
    if !lock_member(&mut tx, member).await? {
        return Err(HoldRefusal::Taken);
    }
    clear_expired(&mut tx, member, now).await?;
    // A double submit that arrives while the first is under way waited for the lock and finds its hold here.
    if let Some(same) = find_same_hold(&mut tx, actor, attempt.wanted, now).await? {
        return Ok(same);
    }
    let mine: Vec<String> = tx
        .all(queries::HOLDS_OF_VISITOR_WITH, params![visitor, member, now])
        .await?;
    for id in &mine {
        end_hold(&mut tx, id, Status::Cancelled).await?;
    }
    check_number_of_holds(&mut tx, visitor, attempt.wanted.network, &attempt.service.org_id, now).await?;
    let interval = params![member, cell_end * CELL_US, cell_first * CELL_US];
    let blocks: i64 = tx.one(queries::BLOCKS_OVERLAPPING, interval).await?;
    if blocks > 0 {
        return Err(HoldRefusal::Taken);
    }
    let id = state.id();
    let policy =
        serde_json::to_string(&Policy::with(attempt.service.cancellation.clone())).expect("a policy is plain numbers");
    let hold = NewHold {
        id: &id,
        visitor_hash: visitor,
        network_hash: attempt.wanted.network,
        account_id: actor.account.as_ref().map(|account| account.id.as_str()),
        org_id: &attempt.service.org_id,
        service_id: attempt.wanted.service_id,
        member_id: member,
        start_us: attempt.slot.start_us,
        end_us: attempt.slot.end_us,
        cell_first,
        cell_end,
        time_zone: &attempt.service.time_zone,
        title: &attempt.service.title,
        price_terms: &attempt.service.price_terms,
        policy: &policy,
        created_us: now,
        expires_us: (now + HOLD_US).min(attempt.slot.start_us),
    };
    tx.execute(queries::HOLD_INSERT, hold.into_params()).await?;
    let typed_before = params![&id, visitor, &attempt.service.org_id, now];
    tx.execute(queries::DRAFT_TAKE_OVER, typed_before).await?;
    let cells = tx
        .execute(queries::CELLS_INSERT, params![member, cell_first, cell_end, &id])
        .await?;
    if i64::try_from(cells) != Ok(cell_end - cell_first) {
        return Err(HoldRefusal::Taken);
    }
    tx.commit().await?;
    Ok(id)
}

/// Locks a member's row until the end of the transaction. Says whether times with the person are there to be taken: the
/// person works for the provider, and stays. What was read of it before the lock may be past.
pub(super) async fn lock_member(tx: &mut Tx, member_id: &str) -> Result<bool> {
    tx.execute(queries::MEMBER_LOCK, params![member_id]).await?;
    Ok(tx.one::<i64>(queries::MEMBER_STAYS, params![member_id]).await? == 1)
}

/// Gives back what expired holds of a member kept. The member's row must be locked.
pub(super) async fn clear_expired(tx: &mut Tx, member_id: &str, now: Micros) -> Result<()> {
    tx.execute(queries::EXPIRED_CELLS_DELETE, params![member_id, now])
        .await?;
    tx.execute(queries::EXPIRED_HOLDS_END, params![member_id, now]).await?;
    Ok(())
}

async fn end_hold(tx: &mut Tx, id: &str, state: Status) -> Result<()> {
    tx.execute(queries::CELLS_DELETE, params![id]).await?;
    tx.execute(queries::HOLD_END, params![id, state.as_str()]).await?;
    Ok(())
}

/// Gives back what expired holds kept; for a job. Correctness does not wait for it: holding a slot clears the expired
/// holds of its member first.
///
/// # Errors
/// When the database fails.
pub async fn expire_holds(state: &Base, now: Micros) -> Result<usize> {
    let mut tx = state.db.read().await?;
    let members: Vec<String> = tx.all(queries::EXPIRED_MEMBERS, params![now, EXPIRE_BATCH]).await?;
    drop(tx);
    for member in &members {
        if let Err(error) = expire_holds_of(state, member, now).await {
            tracing::error!(member, %error, "holds that ran out are still there");
        }
    }
    Ok(members.len())
}

async fn expire_holds_of(state: &Base, member: &str, now: Micros) -> Result<()> {
    let mut tx = state.db.write().await?;
    lock_member(&mut tx, member).await?;
    clear_expired(&mut tx, member, now).await?;
    tx.commit().await?;
    Ok(())
}

/// Loads a hold for the browser that placed it or the account it is bound to.
///
/// # Errors
/// [`Fault::NotFound`] for everybody else.
pub async fn load_hold(tx: &mut Tx, actor: &Actor, id: &str) -> Result<Hold> {
    let params = params![id, &actor.visitor_hash, actor.account_id()];
    tx.optional(queries::HOLD_LOAD, params).await?.ok_or(Fault::NotFound)
}

/// Loads a hold for jobs.
///
/// # Errors
/// [`Fault::NotFound`].
pub async fn load_hold_any(tx: &mut Tx, id: &str) -> Result<Hold> {
    tx.optional(queries::HOLD_LOAD_ANY, params![id])
        .await?
        .ok_or(Fault::NotFound)
}

/// The appointment that a hold became.
///
/// # Errors
/// [`Fault::NotFound`] when it became none.
pub async fn appointment_of_hold(tx: &mut Tx, hold: &Hold) -> Result<String> {
    tx.optional(queries::APPOINTMENT_OF_HOLD, params![&hold.id])
        .await?
        .ok_or(Fault::NotFound)
}

/// Why a hold keeps its slot no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HoldEnd {
    /// Its time has begun.
    Begun,
    /// It was not booked within the time for which it was held.
    RanOut {
        held_us: Micros,
    },
    GivenBack,
    /// The visitor holds another time with the member instead.
    Replaced {
        hold: String,
        start_us: Micros,
    },
}

/// Finds out why a hold that became no appointment keeps its slot no longer.
///
/// # Errors
/// When the database fails.
pub async fn find_hold_end(tx: &mut Tx, actor: &Actor, hold: &Hold, now: Micros) -> Result<HoldEnd> {
    if hold.has_begun(now) {
        return Ok(HoldEnd::Begun);
    }
    if hold.state != Status::Cancelled {
        let extension = if hold.extended { HOLD_EXTENSION_US } else { 0 };
        return Ok(HoldEnd::RanOut {
            held_us: HOLD_US + extension,
        });
    }
    let instead = params![&actor.visitor_hash, &hold.member_id, now];
    let instead: Option<(String, Micros)> = tx.optional(queries::HOLD_INSTEAD, instead).await?;
    Ok(
        instead.map_or(HoldEnd::GivenBack, |(hold, start_us)| HoldEnd::Replaced {
            hold,
            start_us,
        }),
    )
}

/// Keeps a live hold five minutes longer, once. Says whether it did.
///
/// # Errors
/// When the database fails.
pub async fn extend_hold(tx: &mut Tx, hold: &Hold, now: Micros) -> Result<bool> {
    if !hold.can_extend(now) {
        return Ok(false);
    }
    Ok(tx
        .execute(
            queries::HOLD_EXTEND,
            params![&hold.id, (hold.expires_us + HOLD_EXTENSION_US).min(hold.start_us)],
        )
        .await?
        == 1)
}

/// Gives a hold back before its time. One that became an appointment stays.
///
/// # Errors
/// [`Fault::Conflict`] when it is no longer held.
pub async fn release_hold(tx: &mut Tx, hold: &Hold) -> Result<()> {
    tx.execute(queries::MEMBER_LOCK, params![&hold.member_id]).await?;
    let current = load_hold_any(tx, &hold.id).await?;
    let next = current
        .state
        .handle(Transition::Cancel)
        .map_err(|_| Fault::Conflict("the hold is over"))?;
    if current.state != Status::Held {
        return Err(Fault::Conflict("the hold is over"));
    }
    tx.execute(queries::DRAFT_DELETE, params![&hold.id]).await?;
    end_hold(tx, &hold.id, next).await
}

/// What the actor holds now, in order of time: in this browser, or bound to the account.
///
/// # Errors
/// When the database fails.
pub async fn held_by(tx: &mut Tx, actor: &Actor, now: Micros) -> Result<Vec<Hold>> {
    let holder = params![&actor.visitor_hash, actor.account_id(), now];
    Ok(tx.all(queries::HELD_BY, holder).await?)
}

/// Notes what the consumer writes about the matter.
///
/// # Errors
/// When the database fails.
pub async fn set_about(tx: &mut Tx, hold: &Hold, about: &str) -> Result<()> {
    tx.execute(queries::HOLD_ABOUT, params![&hold.id, about]).await?;
    Ok(())
}

/// Keeps what the account wants help with and for whom, and binds the hold to it.
///
/// # Errors
/// [`HoldRefusal::OwnSlot`], or as [`may_book`].
pub async fn keep_details(
    tx: &mut Tx,
    hold: &Hold,
    account_id: &str,
    (about, buyer): (&str, Option<&BuyerOrg>),
    now: Micros,
) -> Result<(), HoldRefusal> {
    let provider: String = tx.one(queries::MEMBER_ACCOUNT, params![&hold.member_id]).await?;
    if provider == account_id {
        return Err(HoldRefusal::OwnSlot);
    }
    may_book(tx, account_id, hold, now).await?;
    set_about(tx, hold, about).await?;
    set_buyer_org(tx, hold, buyer).await?;
    Ok(attach_account(tx, &hold.id, account_id).await?)
}

/// Binds a hold to an account, so that it can be continued in any browser of that account.
///
/// # Errors
/// When the database fails.
pub async fn attach_account(tx: &mut Tx, hold_id: &str, account_id: &str) -> Result<()> {
    tx.execute(queries::HOLD_ACCOUNT, params![hold_id, account_id]).await?;
    Ok(())
}

/// Notes the address that was typed at registration: the page says where the mail went, whether or not there was an
/// account already.
///
/// # Errors
/// When the database fails.
pub async fn set_contact_email(tx: &mut Tx, hold: &Hold, email: &str) -> Result<()> {
    tx.execute(queries::HOLD_CONTACT, params![&hold.id, email]).await?;
    Ok(())
}
