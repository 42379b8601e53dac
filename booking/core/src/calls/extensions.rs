//! Calls by the minute that go on beyond their highest price, because both sides want it: what was asked, by whom, and what
//! came of it.

use signaling_protocol::{Discount, PriceModel, PriceTerms};

use crate::appointments::Appointment;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{MINUTE_US, Micros};
use crate::{params, statements};

/// An extension is for so much time.
pub const EXTEND_BY_US: Micros = 10 * MINUTE_US;
/// It may be asked for when the highest price is no further away than this.
pub const ASKED_WITHIN_US: Micros = 5 * MINUTE_US;
/// So long the provider has to answer.
pub const ANSWERED_WITHIN_US: Micros = 3 * MINUTE_US;
/// So long the bank has: what it says later extends nothing any more.
pub const GRANTED_WITHIN_US: Micros = MINUTE_US;
/// Questions in one call, whatever came of them.
pub const ASKED_MAX: i64 = 12;

/// Columns of an [`Extension`].
macro_rules! extension_select {
    ($rest:literal) => {
        concat!(
            "SELECT x.id, x.call_id, x.number, x.state, x.currency, x.amount_minor, x.cap_minor, x.asked_by, x.asked_us, x.answered_us,
                x.payment_id
            FROM call_extension x ",
            $rest
        )
    };
}

statements! {
    LAST = extension_select!("WHERE x.call_id = $1 ORDER BY x.number DESC LIMIT 1");
    OF_PAYMENT = extension_select!("WHERE x.payment_id = $1");
    /// id, call, number, currency, amount, cap, account, hash of the words, locale, now
    ADD = "INSERT INTO call_extension (id, call_id, number, state, currency, amount_minor, cap_minor, asked_by, text_hash, locale, asked_us)
           VALUES ($1, $2, $3, 'asked', $4, $5, $6, $7, $8, $9, $10)";
    /// id, account, payment, now
    AGREE = "UPDATE call_extension SET state = 'agreed', answered_by = $2, payment_id = $3, answered_us = $4
             WHERE id = $1 AND state = 'asked'";
    /// id, account, now
    DECLINE = "UPDATE call_extension SET state = 'declined', answered_by = $2, answered_us = $3, ended_us = $3
               WHERE id = $1 AND state = 'asked'";
    /// id, state, now
    END = "UPDATE call_extension SET state = $2, ended_us = $3 WHERE id = $1 AND state IN ('asked', 'agreed')";
    /// asked before, agreed before, limit: nobody answered in time, or the call is over
    LATE = "SELECT x.id, x.call_id FROM call_extension x JOIN appointment a ON a.id = x.call_id
            WHERE x.state IN ('asked', 'agreed') AND (a.status <> 'in_call' OR (x.state = 'asked' AND x.asked_us <= $1)
                OR (x.state = 'agreed' AND x.answered_us <= $2))
            ORDER BY x.asked_us, x.id LIMIT $3";
    /// appointment, terms
    SET_PRICE = "UPDATE appointment SET price_terms = $2 WHERE id = $1";
    /// Prices of those of sixteen calls that were extended.
    EXTENDED = "SELECT a.id, a.price_terms FROM appointment a WHERE a.id IN
                ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                AND EXISTS (SELECT 1 FROM call_extension x WHERE x.call_id = a.id AND x.state = 'granted')";
}

/// Where a question stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExtensionState {
    /// The consumer wants it, and the provider has not said.
    Asked,
    /// Both want it, and the card is being asked.
    Agreed,
    Granted,
    /// The provider would rather not.
    Declined,
    /// The bank said no, or asked somebody who was talking.
    Refused,
    /// The consumer took it back.
    Withdrawn,
    /// Nobody answered in time.
    Lapsed,
}

impl ExtensionState {
    pub const ALL: [Self; 7] = [
        Self::Asked,
        Self::Agreed,
        Self::Granted,
        Self::Declined,
        Self::Refused,
        Self::Withdrawn,
        Self::Lapsed,
    ];

    /// The word in the database and for the call page.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Agreed => "agreed",
            Self::Granted => "granted",
            Self::Declined => "declined",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether somebody still waits for an answer.
    #[must_use]
    pub fn is_open(self) -> bool {
        match self {
            Self::Asked | Self::Agreed => true,
            Self::Granted | Self::Declined | Self::Refused | Self::Withdrawn | Self::Lapsed => false,
        }
    }
}

impl std::str::FromStr for ExtensionState {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.name() == name).ok_or(())
    }
}

/// One question, with what came of it. Amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    pub id: String,
    pub call: String,
    pub number: i64,
    pub state: ExtensionState,
    pub currency: String,
    /// By so much the highest price rises.
    pub amount_minor: i64,
    /// The highest price before.
    pub cap_minor: i64,
    pub asked_by: String,
    pub asked_at: Micros,
    pub answered_at: Option<Micros>,
    pub payment: Option<String>,
}

impl Extension {
    /// The highest price with it.
    #[must_use]
    pub fn new_cap_minor(&self) -> i64 {
        self.cap_minor.saturating_add(self.amount_minor)
    }
}

impl FromRow for Extension {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            call: row.get("call_id")?,
            number: row.get("number")?,
            state: row.parse("state")?,
            currency: row.get("currency")?,
            amount_minor: row.get("amount_minor")?,
            cap_minor: row.get("cap_minor")?,
            asked_by: row.get("asked_by")?,
            asked_at: row.get("asked_us")?,
            answered_at: row.get("answered_us")?,
            payment: row.get("payment_id")?,
        })
    }
}

/// By how much a price may rise, minor units: what ten minutes cost. Nothing where time is not counted, while the highest
/// price is still far, and where the booked time is over before it.
#[must_use]
pub fn extension_minor(price: &PriceTerms, billable: Micros, remaining: Micros) -> Option<i64> {
    let PriceModel::PerMinute { cap_minor, .. } = &price.model else {
        return None;
    };
    let near = price.full_minor(billable.saturating_add(ASKED_WITHIN_US)) >= *cap_minor;
    let would_cost = uncapped(price).full_minor(billable.saturating_add(remaining.max(0)));
    // Of what is dearer before a promo code, too, only what it leaves is paid.
    let higher = cap_minor.checked_add(rate_minor(price, EXTEND_BY_US))?;
    let amount_minor = price.discounted(higher) - price.most_minor();
    (remaining > 0 && near && would_cost > *cap_minor && amount_minor > 0).then_some(amount_minor)
}

/// The price with its highest amount raised, or nothing where that leaves the range of amounts.
#[must_use]
pub fn raised(price: &PriceTerms, by_minor: i64) -> Option<PriceTerms> {
    let mut price = price.clone();
    if let PriceModel::PerMinute { cap_minor, .. } = &mut price.model {
        *cap_minor = match price.discount {
            None => cap_minor.checked_add(by_minor)?,
            Some(discount) => highest_below(discount, *cap_minor, by_minor)?,
        };
        return Some(price);
    }
    None
}

/// The highest amount before a discount of which so much more is left after it than of `from_minor`, and no more.
fn highest_below(discount: Discount, from_minor: i64, by_minor: i64) -> Option<i64> {
    let left = |minor: i64| minor - discount.of_minor(minor);
    let target = left(from_minor).checked_add(by_minor)?;
    // What is left never falls as the amount rises, so halving finds it.
    let (mut low, mut high) = (from_minor, i64::MAX / 2);
    while low < high {
        let middle = low + (high - low) / 2 + (high - low) % 2;
        if left(middle) <= target {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    Some(low)
}

fn uncapped(price: &PriceTerms) -> PriceTerms {
    let mut price = price.clone();
    if let PriceModel::PerMinute { cap_minor, .. } = &mut price.model {
        *cap_minor = i64::MAX;
    }
    price
}

/// What so much more time costs, with no free time in it.
fn rate_minor(price: &PriceTerms, time: Micros) -> i64 {
    let mut price = uncapped(price);
    if let PriceModel::PerMinute {
        free_s, increment_s, ..
    } = &mut price.model
    {
        *free_s = 0;
        *increment_s = 1;
    }
    price.full_minor(time)
}

/// The newest question about a call.
///
/// # Errors
/// When the database fails.
pub async fn last(tx: &mut Tx, call: &str) -> Result<Option<Extension>, DbError> {
    tx.optional(LAST, params![call]).await
}

/// The question that a payment was made for.
///
/// # Errors
/// When the database fails.
pub async fn of_payment(tx: &mut Tx, payment: &str) -> Result<Option<Extension>, DbError> {
    tx.optional(OF_PAYMENT, params![payment]).await
}

/// Keeps that the consumer asks, in words with this hash and locale; the appointment's row must be locked and no question open.
///
/// # Errors
/// When the database fails.
pub async fn add(
    tx: &mut Tx,
    (id, number): (&str, i64),
    appointment: &Appointment,
    amount_minor: i64,
    (text_hash, locale): (&str, &str),
    now: Micros,
) -> Result<(), DbError> {
    let row = params![
        id,
        &appointment.id,
        number,
        &appointment.price.currency,
        amount_minor,
        appointment.price.most_minor(),
        &appointment.consumer.account_id,
        text_hash,
        locale,
        now
    ];
    tx.execute(ADD, row).await.map(drop)
}

/// The provider agrees; `false` where that was answered before.
///
/// # Errors
/// When the database fails.
pub async fn agree(tx: &mut Tx, id: &str, account: &str, payment: &str, now: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(AGREE, params![id, account, payment, now]).await? == 1)
}

/// The provider would rather not; `false` where that was answered before.
///
/// # Errors
/// When the database fails.
pub async fn decline(tx: &mut Tx, id: &str, account: &str, now: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(DECLINE, params![id, account, now]).await? == 1)
}

/// Ends an open question; `false` where it is over already.
///
/// # Errors
/// When the database fails.
pub async fn end(tx: &mut Tx, id: &str, state: ExtensionState, now: Micros) -> Result<bool, DbError> {
    Ok(tx.execute(END, params![id, state.name(), now]).await? == 1)
}

/// Open questions that nobody answered in time, each with its call.
///
/// # Errors
/// When the database fails.
pub async fn late(tx: &mut Tx, now: Micros, at_most: i64) -> Result<Vec<(String, String)>, DbError> {
    let values = params![now - ANSWERED_WITHIN_US, now - GRANTED_WITHIN_US, at_most];
    tx.all(LATE, values).await
}

/// Sets the price of an appointment whose row is locked.
///
/// # Errors
/// When the database fails.
pub async fn set_price(tx: &mut Tx, appointment: &str, price: &PriceTerms) -> Result<(), DbError> {
    let terms = serde_json::to_string(price).expect("a price is plain numbers and words");
    tx.execute(SET_PRICE, params![appointment, terms]).await.map(drop)
}

struct Priced(String, PriceTerms);

impl FromRow for Priced {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self(row.get("id")?, row.json("price_terms")?))
    }
}

/// The prices of those of at most sixteen calls that were extended.
///
/// # Errors
/// When the database fails.
pub(super) async fn extended<'a>(
    tx: &mut Tx,
    calls: impl Iterator<Item = &'a str>,
) -> Result<Vec<(String, PriceTerms)>, DbError> {
    let rows: Vec<Priced> = tx.all(EXTENDED, super::queries::padded(Vec::new(), calls)).await?;
    Ok(rows.into_iter().map(|Priced(call, price)| (call, price)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 15 kr a minute.
    fn price(cap_minor: i64, free_s: u32) -> PriceTerms {
        PriceTerms {
            currency: "NOK".into(),
            discount: None,
            model: PriceModel::PerMinute {
                rate_minor: 1_500,
                increment_s: 60,
                free_s,
                cap_minor,
            },
        }
    }

    #[test]
    fn ten_minutes_more_are_offered_near_the_cap_while_the_time_goes_beyond_it() {
        let check = |price: &PriceTerms, billable_min: i64, remaining_min: i64, expect: Option<i64>| {
            let offer = extension_minor(price, billable_min * MINUTE_US, remaining_min * MINUTE_US);
            assert_eq!(offer, expect, "after {billable_min} with {remaining_min} left");
        };
        let twenty = price(30_000, 0);
        check(&twenty, 14, 16, None);
        check(&twenty, 15, 15, Some(15_000));
        check(&twenty, 20, 10, Some(15_000));
        check(&twenty, 25, 5, Some(15_000));
        check(&twenty, 16, 4, None);
        check(&twenty, 20, 0, None);
        let whole = price(45_000, 0);
        check(&whole, 28, 2, None);
        let free = price(30_000, 600);
        check(&free, 24, 6, None);
        check(&free, 25, 6, Some(15_000));
        let fixed = PriceTerms {
            currency: "NOK".into(),
            discount: None,
            model: PriceModel::Fixed { amount_minor: 1 },
        };
        check(&fixed, 30, 10, None);
    }

    #[test]
    fn what_a_code_takes_off_comes_off_an_extension_too() {
        let tenth = PriceTerms {
            discount: Some(Discount {
                percent_bp: 1_000,
                fixed_minor: 500,
            }),
            ..price(30_000, 0)
        };
        assert_eq!(tenth.most_minor(), 26_500);
        assert_eq!(extension_minor(&tenth, 20 * MINUTE_US, 10 * MINUTE_US), Some(13_500));
        let raised = raised(&tenth, 13_500).expect("in range");
        assert_eq!(raised.most_minor(), 40_000);
        assert_eq!(raised.cost_minor(22 * MINUTE_US), 29_200);
    }

    #[test]
    fn a_raised_price_charges_beyond_the_old_cap() {
        let raised = raised(&price(30_000, 0), 15_000).expect("in range");
        assert_eq!(raised.most_minor(), 45_000);
        assert_eq!(raised.cost_minor(22 * MINUTE_US), 33_000);
        assert_eq!(super::raised(&price(i64::MAX, 0), 1), None);
    }

    #[test]
    fn words_of_states_come_back() {
        for state in ExtensionState::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
    }
}
