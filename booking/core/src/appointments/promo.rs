//! Promo codes: what a business, or the operator, takes off the price of what is booked with a word. A code is typed before
//! paying and frozen with the hold, in its price; how often it was used is counted over holds, so one that runs out gives its
//! use back.

use signaling_protocol::{Discount, PriceTerms};

use super::Hold;
use crate::base::commission::CommissionTerms;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, Fault, Micros, Result};
use crate::providers::commission;
use crate::{carries_faults, params, statements};

/// Letters of a code.
const LETTERS: std::ops::RangeInclusive<usize> = 3..=32;
/// Codes of one owner.
const CODES_MAX: i64 = 200;

/// SQL: whether a hold `h` uses up one of its code at the moment `$now`: it is held, or booked and not cancelled for nothing.
macro_rules! is_use {
    ($now:literal) => {
        concat!(
            "((h.state = 'held' AND h.expires_us > ",
            $now,
            ") OR (h.state = 'confirmed' AND NOT EXISTS (SELECT 1 FROM appointment a WHERE a.hold_id = h.id AND a.status = 'cancelled'
                AND NOT EXISTS (SELECT 1 FROM charge c WHERE c.call_id = a.id))))"
        )
    };
}

/// Columns of a [`PromoCode`].
macro_rules! promo_select {
    ($rest:literal) => {
        concat!(
            "SELECT p.id, p.owner, p.code, p.percent_bp, p.fixed_minor, p.currency, p.min_price_minor, p.from_us, p.until_us, p.uses_max,
                p.per_person_max, p.stopped_us FROM promo_code p ",
            $rest
        )
    };
}

statements! {
    /// code, org: a business's own code comes before the operator's
    FIND = promo_select!("WHERE p.code = $1 AND p.owner IN ($2, '') AND p.stopped_us IS NULL ORDER BY p.owner DESC LIMIT 1");
    /// id
    LOAD = promo_select!("WHERE p.id = $1");
    /// owner: newest first
    OF_OWNER = promo_select!("WHERE p.owner = $1 ORDER BY p.created_us DESC, p.id DESC");
    /// The row stays locked until the end of the transaction: who comes second sees what the first one used.
    LOCK = "UPDATE promo_code SET version = version + 1 WHERE id = $1";
    /// id, now, hold that asks, account
    USES = concat!("SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN h.account_id = $4 THEN 1 ELSE 0 END), 0) AS BIGINT)
        FROM hold h WHERE h.promo_id = $1 AND h.id <> $3 AND ", is_use!("$2"));
    /// id, service: whether it is limited to services, and whether this is one of them
    SERVICES = "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN service_id = $2 THEN 1 ELSE 0 END), 0) AS BIGINT)
        FROM promo_service WHERE promo_id = $1";
    /// id
    TITLES = "SELECT s.title FROM promo_service x JOIN service s ON s.id = x.service_id WHERE x.promo_id = $1 ORDER BY s.title, s.id";
    /// hold, promo or null, price: while nothing is paid with it
    SET = "UPDATE hold SET promo_id = $2, price_terms = $3 WHERE id = $1 AND state = 'held'
        AND NOT EXISTS (SELECT 1 FROM payment y WHERE y.hold_id = hold.id AND y.state NOT IN ('declined', 'released'))";
    /// hold
    OF_HOLD = "SELECT promo_id FROM hold WHERE id = $1 AND promo_id IS NOT NULL";
    /// org, now: whether somebody may have one to type
    ANY = "SELECT COUNT(*) FROM promo_code WHERE owner IN ($1, '') AND stopped_us IS NULL AND from_us <= $2
        AND (until_us IS NULL OR until_us > $2)";
    /// owner
    COUNT_OF_OWNER = "SELECT COUNT(*) FROM promo_code WHERE owner = $1 AND stopped_us IS NULL";
    /// id, owner, code, percent, fixed, currency, least price, from, until, uses, uses of a person, now
    ADD = "INSERT INTO promo_code (id, owner, code, percent_bp, fixed_minor, currency, min_price_minor, from_us, until_us, uses_max,
            per_person_max, version, created_us)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0, $12) ON CONFLICT (owner, code) DO NOTHING";
    /// promo, service of the owner
    ADD_SERVICE = "INSERT INTO promo_service (promo_id, service_id) SELECT CAST($1 AS TEXT), s.id FROM service s
        WHERE s.id = $2 AND s.org_id = $3 AND s.removed_us IS NULL";
    /// id, owner, now
    STOP = "UPDATE promo_code SET stopped_us = $3 WHERE id = $1 AND owner = $2 AND stopped_us IS NULL";
}

/// A code and its limits; where one is zero there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromoCode {
    pub id: String,
    /// Id of the business that made it and bears it; empty for the operator's.
    pub owner: String,
    pub code: String,
    pub percent_bp: i64,
    pub fixed_minor: i64,
    /// Of the amounts.
    pub currency: String,
    /// The most that can be charged must be so much, before it.
    pub min_price_minor: i64,
    pub from_us: Micros,
    pub until_us: Option<Micros>,
    pub uses_max: i64,
    pub per_person_max: i64,
    pub stopped_us: Option<Micros>,
}

impl FromRow for PromoCode {
    fn from_row(row: &Row) -> std::result::Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.get("id")?,
            owner: row.get("owner")?,
            code: row.get("code")?,
            percent_bp: row.get("percent_bp")?,
            fixed_minor: row.get("fixed_minor")?,
            currency: row.get("currency")?,
            min_price_minor: row.get("min_price_minor")?,
            from_us: row.get("from_us")?,
            until_us: row.get("until_us")?,
            uses_max: row.get("uses_max")?,
            per_person_max: row.get("per_person_max")?,
            stopped_us: row.get("stopped_us")?,
        })
    }
}

impl PromoCode {
    /// What it takes off.
    #[must_use]
    pub fn discount(&self) -> Discount {
        Discount {
            percent_bp: u32::try_from(self.percent_bp.clamp(0, 10_000)).expect("clamped"),
            fixed_minor: self.fixed_minor.max(0),
        }
    }

    /// Whether it holds for a price at a moment, by itself.
    fn fits(&self, price: &PriceTerms, now: Micros) -> bool {
        let begun = self.from_us <= now && self.until_us.is_none_or(|until| now < until);
        let most = price.full_most_minor();
        let same = self.currency == price.currency || (self.fixed_minor == 0 && self.min_price_minor == 0);
        self.stopped_us.is_none() && begun && same && most > 0 && most >= self.min_price_minor
    }
}

/// Why a code takes nothing off. Which codes there are is nobody's business, so all that a stranger learns is one thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PromoRefusal {
    /// There is none of that name, or it is not for this time, this person, or this moment.
    #[error("no such code, or not here")]
    NotHere,
    /// Something is being paid with the price as it was.
    #[error("a payment has begun")]
    TooLate,
    #[error(transparent)]
    Fault(#[from] Fault),
}

carries_faults!(PromoRefusal);

/// A code as it is compared: capitals and digits, without spaces and hyphens; none where it cannot be one.
#[must_use]
pub fn normalise_code(typed: &str) -> Option<String> {
    let kept = typed
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, '-' | '_' | '.'));
    let code: String = kept.flat_map(char::to_uppercase).collect();
    let fits = LETTERS.contains(&code.chars().count()) && code.chars().all(char::is_alphanumeric);
    fits.then_some(code)
}

/// Takes a code off the price of a hold, in place of one that was there. The hold is the account's.
///
/// # Errors
/// [`PromoRefusal`].
pub async fn apply_code(
    tx: &mut Tx,
    hold: &Hold,
    account: &str,
    typed: &str,
    now: Micros,
) -> std::result::Result<(), PromoRefusal> {
    let code = normalise_code(typed).ok_or(PromoRefusal::NotHere)?;
    let found: Option<PromoCode> = tx.optional(FIND, params![code, &hold.org_id]).await?;
    let found = found.ok_or(PromoRefusal::NotHere)?;
    tx.execute(LOCK, params![&found.id]).await?;
    let promo: PromoCode = tx.one(LOAD, params![&found.id]).await?;
    let (limited, listed): (i64, i64) = tx.one(SERVICES, params![&promo.id, &hold.service_id]).await?;
    let for_service = limited == 0 || listed > 0;
    if !promo.fits(&hold.price, now) || !for_service || !is_borne(tx, &promo, hold, now).await? {
        return Err(PromoRefusal::NotHere);
    }
    let (all, own): (i64, i64) = tx.one(USES, params![&promo.id, now, &hold.id, account]).await?;
    let is_left = |max: i64, used: i64| max <= 0 || used < max;
    if !is_left(promo.uses_max, all) || !is_left(promo.per_person_max, own) {
        return Err(PromoRefusal::NotHere);
    }
    set_price(tx, hold, Some((&promo.id, promo.discount()))).await
}

/// Gives a hold its whole price again, and the code its use.
///
/// # Errors
/// [`PromoRefusal::TooLate`].
pub async fn remove_code(tx: &mut Tx, hold: &Hold) -> std::result::Result<(), PromoRefusal> {
    set_price(tx, hold, None).await
}

async fn set_price(tx: &mut Tx, hold: &Hold, promo: Option<(&str, Discount)>) -> std::result::Result<(), PromoRefusal> {
    let price = PriceTerms {
        discount: promo.map(|(_, discount)| discount),
        ..hold.price.clone()
    };
    let row = params![&hold.id, promo.map(|(id, _)| id), price];
    match tx.execute(SET, row).await? {
        1 => Ok(()),
        _ => Err(PromoRefusal::TooLate),
    }
}

/// The operator bears its codes out of its commission, so one that takes more than that is not for this business.
async fn is_borne(tx: &mut Tx, promo: &PromoCode, hold: &Hold, now: Micros) -> Result<bool> {
    if !promo.owner.is_empty() {
        return Ok(true);
    }
    let terms = commission::terms_at(tx, &hold.org_id, now).await?;
    let fixed = if terms.currency == hold.price.currency {
        terms.fixed_minor
    } else {
        0
    };
    Ok(promo.percent_bp <= terms.percent_bp && promo.fixed_minor <= fixed)
}

/// Whether a hold that is booked may keep its code: one that ran out before may have lost the last use to somebody else.
pub(super) async fn keeps_use(tx: &mut Tx, hold: &Hold, now: Micros) -> Result<bool> {
    let Some(id) = tx.optional::<String>(OF_HOLD, params![&hold.id]).await? else {
        return Ok(true);
    };
    tx.execute(LOCK, params![&id]).await?;
    let promo: PromoCode = tx.one(LOAD, params![&id]).await?;
    let account = hold.account_id.as_deref().unwrap_or_default();
    let (all, own): (i64, i64) = tx.one(USES, params![&id, now, &hold.id, account]).await?;
    let is_left = |max: i64, used: i64| max <= 0 || used < max;
    Ok(is_left(promo.uses_max, all) && is_left(promo.per_person_max, own))
}

/// What the operator keeps of what is booked with this hold: less what its own code takes off.
pub(super) async fn commission_of(tx: &mut Tx, hold: &Hold, now: Micros) -> Result<CommissionTerms> {
    let terms = commission::terms_at(tx, &hold.org_id, now).await?;
    let Some(id) = tx.optional::<String>(OF_HOLD, params![&hold.id]).await? else {
        return Ok(terms);
    };
    let promo: PromoCode = tx.one(LOAD, params![&id]).await?;
    Ok(match promo.owner.is_empty() {
        true => terms.less(promo.percent_bp, promo.fixed_minor),
        false => terms,
    })
}

/// Whether somebody who books with a business may have a code to type.
///
/// # Errors
/// When the database fails.
pub async fn has_codes(tx: &mut Tx, org: &str, now: Micros) -> std::result::Result<bool, DbError> {
    Ok(tx.one::<i64>(ANY, params![org, now]).await? > 0)
}

/// A code with how often it was used, and for which services it is; for all where none is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedCode {
    pub promo: PromoCode,
    pub used: i64,
    pub services: Vec<String>,
}

/// The codes of a business, or where that is empty the operator's, newest first. The caller has checked who asks.
///
/// # Errors
/// When the database fails.
pub async fn codes_of(tx: &mut Tx, owner: &str, now: Micros) -> std::result::Result<Vec<ListedCode>, DbError> {
    let codes: Vec<PromoCode> = tx.all(OF_OWNER, params![owner]).await?;
    let mut listed = Vec::with_capacity(codes.len());
    for promo in codes {
        let (used, _): (i64, i64) = tx.one(USES, params![&promo.id, now, "", ""]).await?;
        let services = tx.all(TITLES, params![&promo.id]).await?;
        listed.push(ListedCode { promo, used, services });
    }
    Ok(listed)
}

/// Adds a code for these services of its owner, or for all where none is named; `false` where there is one of that name, or
/// the owner has too many.
///
/// # Errors
/// When the database fails.
pub async fn add_code(base: &Base, tx: &mut Tx, promo: &PromoCode, services: &[String]) -> Result<bool> {
    if tx.one::<i64>(COUNT_OF_OWNER, params![&promo.owner]).await? >= CODES_MAX {
        return Ok(false);
    }
    let row = params![
        &promo.id,
        &promo.owner,
        &promo.code,
        promo.percent_bp,
        promo.fixed_minor,
        &promo.currency,
        promo.min_price_minor,
        promo.from_us,
        promo.until_us,
        promo.uses_max,
        promo.per_person_max,
        base.now()
    ];
    if tx.execute(ADD, row).await? == 0 {
        return Ok(false);
    }
    for service in services {
        if tx
            .execute(ADD_SERVICE, params![&promo.id, service, &promo.owner])
            .await?
            == 0
        {
            return Err(Fault::NotFound);
        }
    }
    Ok(true)
}

/// Ends a code; what was booked with it stays.
///
/// # Errors
/// [`Fault::NotFound`] where the owner has no such code that can be used.
pub async fn stop_code(tx: &mut Tx, owner: &str, id: &str, now: Micros) -> Result<()> {
    match tx.execute(STOP, params![id, owner, now]).await? {
        1 => Ok(()),
        _ => Err(Fault::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signaling_protocol::PriceModel;

    #[test]
    fn codes_are_compared_without_what_people_add() {
        for (typed, expect) in [
            (" sommer-26 ", Some("SOMMER26")),
            ("Påske 2027", Some("PÅSKE2027")),
            ("ab", None),
            ("", None),
            ("a b!c", None),
            ("x'; DROP TABLE hold", None),
        ] {
            assert_eq!(normalise_code(typed).as_deref(), expect, "{typed}");
        }
        assert_eq!(normalise_code(&"A".repeat(33)), None);
    }

    #[test]
    fn limits_of_a_code_are_its_own() {
        let promo = PromoCode {
            id: String::new(),
            owner: "org".to_owned(),
            code: "SOMMER".to_owned(),
            percent_bp: 1_000,
            fixed_minor: 0,
            currency: "NOK".to_owned(),
            min_price_minor: 30_000,
            from_us: 100,
            until_us: Some(200),
            uses_max: 0,
            per_person_max: 0,
            stopped_us: None,
        };
        let price = |amount_minor, currency: &str| PriceTerms {
            currency: currency.to_owned(),
            discount: None,
            model: PriceModel::Fixed { amount_minor },
        };
        let nok = price(30_000, "NOK");
        assert!(!promo.fits(&nok, 99) && promo.fits(&nok, 100) && promo.fits(&nok, 199) && !promo.fits(&nok, 200));
        assert!(!promo.fits(&price(29_999, "NOK"), 150));
        assert!(!promo.fits(&price(30_000, "EUR"), 150), "the least price is in kroner");
        let stopped = PromoCode {
            stopped_us: Some(120),
            ..promo
        };
        assert!(!stopped.fits(&nok, 150));
    }
}
