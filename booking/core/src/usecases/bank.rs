//! What the bank says came in, held against the invoices: shown first, and noted when somebody says so.

use super::invoicing::{InvoiceMoney, InvoiceRefusal, note_invoice_paid};
use crate::base::Result;
use crate::base::actor::Actor;
use crate::base::db::Tx;
use crate::billing::bank_file::{BankFile, BankLine};
use crate::billing::invoice::is_kid;
use crate::billing::invoices::{self, Invoice};
use crate::state::AppState;

/// How a line of the bank and the invoices go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankMatch {
    /// As much as is open.
    Whole,
    /// So much stays open, minor units.
    Part { left_minor: i64 },
    /// So much is to be paid back, minor units.
    More { over_minor: i64 },
    /// No invoice has this reference, or there is none.
    Unknown,
    /// This line was noted before.
    Noted,
}

/// A line of the bank with what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchedLine {
    pub line: BankLine,
    pub invoice: Option<Invoice>,
    pub found: BankMatch,
}

/// Finds the invoices of a file's lines, each as it stands after the lines before it. Operators may.
///
/// # Errors
/// [`Fault::NotFound`](crate::base::Fault::NotFound) for everybody else; when the database fails.
pub async fn match_bank_file(tx: &mut Tx, actor: &Actor, file: BankFile) -> Result<Vec<MatchedLine>> {
    actor.operator()?;
    let mut matched: Vec<MatchedLine> = Vec::with_capacity(file.lines.len());
    let mut open: std::collections::HashMap<String, Invoice> = std::collections::HashMap::new();
    for line in file.lines {
        if !open.contains_key(&line.kid)
            && is_kid(&line.kid)
            && let Some(invoice) = invoices::of_kid(tx, &line.kid).await?
        {
            open.insert(line.kid.clone(), invoice);
        }
        let noted = invoices::is_noted(tx, &line.key).await?;
        let known = open.get_mut(&line.kid);
        let found = match &known {
            _ if noted => BankMatch::Noted,
            None => BankMatch::Unknown,
            Some(invoice) => compare(invoice.open_minor, line.amount_minor),
        };
        let invoice = known.map(|invoice| {
            let shown = invoice.clone();
            if found != BankMatch::Noted {
                invoice.open_minor = invoice.open_minor.saturating_sub(line.amount_minor);
            }
            shown
        });
        matched.push(MatchedLine { line, invoice, found });
    }
    Ok(matched)
}

fn compare(open_minor: i64, amount_minor: i64) -> BankMatch {
    match open_minor.saturating_sub(amount_minor) {
        0 => BankMatch::Whole,
        left_minor @ 1.. => BankMatch::Part { left_minor },
        over => BankMatch::More {
            over_minor: over.saturating_neg(),
        },
    }
}

/// Notes what came in by the lines that have an invoice, each in a transaction of its own: what was noted stays noted, and
/// the same file again goes on where it ended. Returns how many were noted now.
///
/// # Errors
/// As [`match_bank_file`].
pub async fn note_bank_file(state: &AppState, actor: &Actor, file: BankFile) -> Result<usize> {
    let matched = match_bank_file(&mut state.db.read().await?, actor, file).await?;
    let mut noted = 0;
    for one in matched {
        let (Some(invoice), true) = (&one.invoice, one.found != BankMatch::Noted) else {
            continue;
        };
        let money = InvoiceMoney {
            payment: &invoice.payment_id,
            amount_minor: one.line.amount_minor,
            day: one.line.day,
            bank_line: Some(&one.line.key),
        };
        let mut tx = state.db.write().await?;
        match note_invoice_paid(state, &mut tx, actor, money).await {
            Ok(true) => {
                tx.commit().await?;
                noted += 1;
            }
            // Another request was faster.
            Ok(false) => {}
            // A day to come, or a sum that cannot be: the line stays among those that were not noted.
            Err(InvoiceRefusal::Amount | InvoiceRefusal::Day) => {}
            Err(InvoiceRefusal::Fault(fault)) => return Err(fault),
        }
    }
    Ok(noted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_the_whole_a_part_or_more() {
        assert_eq!(compare(45_000, 45_000), BankMatch::Whole);
        assert_eq!(compare(45_000, 40_000), BankMatch::Part { left_minor: 5_000 });
        assert_eq!(compare(45_000, 50_000), BankMatch::More { over_minor: 5_000 });
        assert_eq!(compare(-5_000, 1), BankMatch::More { over_minor: 5_001 });
    }
}
