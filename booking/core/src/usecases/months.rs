//! What the end of a month asks for: invoices of the operator's commission, and statements of what is held for businesses.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::Date;
use texts::{Locale, routes, t};

use crate::availability::date_in;
use crate::availability::load::zone_named;
use crate::base::{Base, DAY_US, DEFAULT_ZONE, Micros, Result};
use crate::billing::ledger::Posting;
use crate::books::Period;
use crate::books::months::{self, CommissionOf, Moved};
use crate::documents::{self, About};

/// A month is closed this long after its end, when nothing of it is under way any more.
const AFTER_US: Micros = DAY_US;
/// Months that one round closes; a server that was away for longer goes on with the next round.
const MONTHS_MAX: usize = 3;
/// What moves nothing that is held has no words of its own.
const OTHER: &str = "record-other";
/// In `month_closed`.
const KIND: &str = "documents";

/// Closes the months that are over: everybody's documents first, then the note that they are there. Repeating any of it
/// issues nothing twice. A business for which something fails holds up none of the others.
///
/// # Errors
/// When the database fails; then the next round goes on.
pub async fn close_months(base: &Base) -> Result<()> {
    // A month stays open until everybody has its documents, and so do those after it: nobody else waits for them.
    let mut is_whole = true;
    for first in months_to_close(base).await? {
        let zone = zone_named(DEFAULT_ZONE);
        let period = Period::month(&zone, first);
        let due = months::commission_due(&mut base.db.read().await?, period.until).await?;
        for of in &due {
            if let Err(error) = invoice_commission(base, of, first, period).await {
                tracing::error!(org = of.org_id, month = %first, %error, "commission is not invoiced");
                is_whole = false;
            }
        }
        let moved = months::moved(&mut base.db.read().await?, period).await?;
        for place in by_place(moved) {
            if let Err(error) = issue_statement(base, &place, first, period).await {
                tracing::error!(org = place.org_id, month = %first, %error, "a business has no statement of its month");
                is_whole = false;
            }
        }
        if !is_whole {
            continue;
        }
        let mut tx = base.db.write().await?;
        months::close(&mut tx, KIND, &routes::month_name(first), base.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// The first days of the months that are over and not closed, oldest first.
async fn months_to_close(base: &Base) -> Result<Vec<Date>> {
    let zone = zone_named(DEFAULT_ZONE);
    let over = date_in(&zone, base.now() - AFTER_US).first_of_month();
    let mut tx = base.db.read().await?;
    let last = months::last_closed(&mut tx, KIND).await?;
    let next: Option<Date> = match format!("{last}-01").parse::<Date>() {
        Ok(last) => Some(last.saturating_add(1.month())),
        Err(_) => months::first_posting(&mut tx)
            .await?
            .map(|at| date_in(&zone, at).first_of_month()),
    };
    let Some(next) = next else { return Ok(Vec::new()) };
    let all = std::iter::successors(Some(next), |month| Some(month.saturating_add(1.month())));
    Ok(all.take_while(|month| *month < over).take(MONTHS_MAX).collect())
}

/// What is given back with refunds beyond what was kept is taken into account by the invoice of a later month.
async fn invoice_commission(base: &Base, of: &CommissionOf, first: Date, period: Period) -> Result<()> {
    let mut tx = base.db.write().await?;
    let vat_from = base.config.platform.vat_from;
    let (parts, since) = months::commission_to_invoice(&mut tx, of, period.until, vat_from).await?;
    let about = About {
        org_id: &of.org_id,
        currency: &of.currency,
        is_test: of.is_test,
        period: (since.min(period.from), period.until),
        cause: &cause(first, &of.currency, false, of.is_test),
        locale: documents::language_of(&mut tx, &of.org_id).await?,
    };
    if documents::issue_commission_invoice(base, &mut tx, about, &parts)
        .await?
        .is_some()
    {
        months::set_invoiced(&mut tx, of, period.until).await?;
    }
    tx.commit().await.map_err(Into::into)
}

/// `2026-11:NOK`
fn cause(first: Date, currency: &str, is_own: bool, is_test: bool) -> String {
    let own = if is_own { ":own" } else { "" };
    let test = if is_test { ":test" } else { "" };
    format!("{}:{currency}{own}{test}", routes::month_name(first))
}

/// Where money of a business lies, and what was done there in a month.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    org_id: String,
    currency: String,
    is_own: bool,
    is_test: bool,
    before_minor: i64,
    /// By kind of posting.
    moved: BTreeMap<String, i64>,
}

/// Gathers rows of one place, which follow each other. Places where nothing lies and nothing was done are left out.
fn by_place(rows: Vec<Moved>) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for row in rows {
        let same = |last: &Place| {
            last.org_id == row.org_id
                && last.currency == row.currency
                && last.is_own == row.is_own
                && last.is_test == row.is_test
        };
        if !places.last().is_some_and(same) {
            places.push(Place {
                org_id: row.org_id,
                currency: row.currency,
                is_own: row.is_own,
                is_test: row.is_test,
                before_minor: 0,
                moved: BTreeMap::new(),
            });
        }
        if let Some(place) = places.last_mut() {
            place.before_minor += row.before_minor;
            if row.moved_minor != 0 {
                place.moved.insert(row.kind, row.moved_minor);
            }
        }
    }
    // What lies at the seller's own account afterwards is told by the provider, and what tests brought lies nowhere.
    places.retain(|place| {
        let is_held = !place.is_own && !place.is_test && place.before_minor != 0;
        !place.moved.is_empty() || is_held
    });
    places
}

async fn issue_statement(base: &Base, place: &Place, first: Date, period: Period) -> Result<()> {
    let mut tx = base.db.write().await?;
    let locale = documents::language_of(&mut tx, &place.org_id).await?;
    let about = About {
        org_id: &place.org_id,
        currency: &place.currency,
        is_test: place.is_test,
        period: (period.from, period.until),
        cause: &cause(first, &place.currency, place.is_own, place.is_test),
        locale,
    };
    documents::issue_statement(base, &mut tx, about, lines_of(place, locale), notes_of(place, locale)).await?;
    tx.commit().await.map_err(Into::into)
}

/// The balance before, then what was done, in the order in which the ledger names it.
fn lines_of(place: &Place, locale: Locale) -> Vec<(String, i64)> {
    let mut lines = Vec::new();
    if !place.is_own {
        lines.push((t(locale, "statement-before", &[]), place.before_minor));
    }
    for kind in Posting::KINDS {
        if let Some(minor) = place.moved.get(kind) {
            lines.push((t(locale, words_of(kind), &[]), *minor));
        }
    }
    lines
}

/// Key of what a kind of posting is on a statement.
fn words_of(kind: &str) -> &'static str {
    match kind {
        "captured" => "statement-captured",
        "refunded" => "statement-refunded",
        "refund_returned" => "statement-refund-returned",
        "invoice_paid" => "statement-invoice-paid",
        "invoice_paid_back" => "statement-invoice-paid-back",
        "commission" => "statement-commission",
        "commission_refunded" => "statement-commission-refunded",
        "commission_returned" => "statement-commission-returned",
        "paid_out" => "statement-paid-out",
        "payout_cancelled" => "statement-payout-cancelled",
        _ => OTHER,
    }
}

fn notes_of(place: &Place, locale: Locale) -> Vec<String> {
    let after = place.moved.values().sum::<i64>() + place.before_minor;
    let key = match (place.is_own, after < 0) {
        (true, _) => "statement-note-own",
        (false, true) => "statement-note-negative",
        (false, false) => "statement-note-held",
    };
    vec![t(locale, key, &[])]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(is_own: bool, kind: &str, before_minor: i64, moved_minor: i64) -> Moved {
        Moved {
            org_id: "org".to_owned(),
            currency: "NOK".to_owned(),
            is_own,
            is_test: false,
            kind: kind.to_owned(),
            before_minor,
            moved_minor,
        }
    }

    #[test]
    fn a_statement_leads_from_one_balance_to_the_next() {
        let rows = vec![
            row(false, "", 500, 0),
            row(false, "captured", 1_000, 39_000),
            row(false, "commission", -100, -3_900),
            row(true, "captured", 7_000, 0),
        ];
        let places = by_place(rows);
        let [place] = places.as_slice() else {
            panic!("one place: {places:?}")
        };
        let amounts: Vec<i64> = lines_of(place, Locale::Nb)
            .into_iter()
            .map(|(_, minor)| minor)
            .collect();
        assert_eq!(amounts, [1_400, 39_000, -3_900]);
    }

    #[test]
    fn every_posting_that_moves_what_is_held_has_its_words() {
        for kind in Posting::KINDS {
            let still = ["authorised", "charged", "released", "credited", "reminder_fee"];
            let moves = !still.contains(&kind);
            assert_eq!(words_of(kind) != OTHER, moves, "{kind}");
        }
    }

    #[test]
    fn documents_of_a_month_are_told_apart() {
        let first = Date::constant(2026, 11, 1);
        assert_eq!(cause(first, "NOK", false, false), "2026-11:NOK");
        assert_eq!(cause(first, "NOK", true, true), "2026-11:NOK:own:test");
    }
}
