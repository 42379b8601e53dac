//! What stands on the accounts at a date: derived from the ledger each time it is asked for.

use std::collections::BTreeMap;

use super::Period;
use super::postings::Part;
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::billing::ledger::LedgerAccount;
use crate::{params, statements};

/// SQL: every entry from before a moment, and as the oldest ones what is carried of those that have left.
macro_rules! entries_before {
    ($moment:literal, $transactions:literal, $carried:literal) => {
        concat!(
            "(SELECT t.org_id, t.currency, e.account, e.amount_minor, t.created_us FROM ledger_tx t
                JOIN ledger_entry e ON e.tx_id = t.id WHERE t.created_us < ", $moment, $transactions, "
            UNION ALL SELECT c.org_id, c.currency, c.account, c.amount_minor, CAST(0 AS BIGINT) FROM ledger_carried c", $carried, ") AS x"
        )
    };
}

statements! {
    /// org, from, until
    OF_SELLER = concat!("SELECT x.org_id, '' AS name, x.currency, x.account, CAST(SUM(x.amount_minor) AS BIGINT) AS after_minor,
            CAST(SUM(CASE WHEN x.created_us < $2 THEN x.amount_minor ELSE 0 END) AS BIGINT) AS before_minor
        FROM ", entries_before!("$3", " AND t.org_id = $1", " WHERE c.org_id = $1"), "
        GROUP BY x.org_id, x.currency, x.account ORDER BY x.currency, x.account");
    /// from, until
    OF_ALL = concat!("SELECT x.org_id, o.name, x.currency, x.account, CAST(SUM(x.amount_minor) AS BIGINT) AS after_minor,
            CAST(SUM(CASE WHEN x.created_us < $1 THEN x.amount_minor ELSE 0 END) AS BIGINT) AS before_minor
        FROM ", entries_before!("$2", "", ""), " JOIN org o ON o.id = x.org_id
        GROUP BY x.org_id, o.name, x.currency, x.account ORDER BY o.name, x.org_id, x.currency, x.account");
    UNBALANCED = "SELECT COUNT(*) FROM (SELECT tx_id FROM ledger_entry GROUP BY tx_id HAVING SUM(amount_minor) <> 0) AS wrong";
}

/// An account before a period and after it, minor units; debits are positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    pub before_minor: i64,
    pub after_minor: i64,
}

impl Standing {
    /// What the period changed.
    #[must_use]
    pub fn moved_minor(self) -> i64 {
        self.after_minor.saturating_sub(self.before_minor)
    }

    /// The same, seen from the other side: a credit becomes positive.
    #[must_use]
    pub fn turned(self) -> Self {
        Self {
            before_minor: self.before_minor.saturating_neg(),
            after_minor: self.after_minor.saturating_neg(),
        }
    }

    fn add(&mut self, other: Self) {
        self.before_minor = self.before_minor.saturating_add(other.before_minor);
        self.after_minor = self.after_minor.saturating_add(other.after_minor);
    }
}

/// What a business has on its accounts, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    pub org_id: String,
    pub org_name: String,
    pub currency: String,
    /// Every account, the memo accounts too.
    pub accounts: BTreeMap<LedgerAccount, Standing>,
}

impl Balance {
    /// What the accounts of one part come to.
    #[must_use]
    pub fn of(&self, part: Part) -> Standing {
        let mut sum = Standing::default();
        for (account, standing) in &self.accounts {
            if Part::of(*account) == part {
                sum.add(*standing);
            }
        }
        sum
    }

    /// What the business earned without tax, as credits: what it sold, and fees of reminders.
    #[must_use]
    pub fn earned(&self) -> Standing {
        let mut sum = self.of(Part::Sales).turned();
        sum.add(self.of(Part::Fees).turned());
        sum
    }

    /// The sum over every account, which is zero where the books are whole.
    #[must_use]
    pub fn sum_minor(&self) -> i64 {
        self.accounts
            .values()
            .fold(0, |sum, standing| sum.saturating_add(standing.after_minor))
    }
}

struct AccountRow {
    org_id: String,
    org_name: String,
    currency: String,
    account: LedgerAccount,
    standing: Standing,
}

impl FromRow for AccountRow {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            org_id: row.get("org_id")?,
            org_name: row.get("name")?,
            currency: row.get("currency")?,
            account: super::postings::account_named(&row.get::<String>("account")?)?,
            standing: Standing {
                before_minor: row.get("before_minor")?,
                after_minor: row.get("after_minor")?,
            },
        })
    }
}

/// Gathers rows of one business and currency, which follow each other.
fn gather(rows: Vec<AccountRow>) -> Vec<Balance> {
    let mut balances: Vec<Balance> = Vec::new();
    for row in rows {
        let same = |last: &Balance| last.org_id == row.org_id && last.currency == row.currency;
        if !balances.last().is_some_and(same) {
            balances.push(Balance {
                org_id: row.org_id,
                org_name: row.org_name,
                currency: row.currency,
                accounts: BTreeMap::new(),
            });
        }
        if let Some(last) = balances.last_mut() {
            last.accounts.insert(row.account, row.standing);
        }
    }
    balances
}

/// What a business has on its accounts before and after a period, by currency.
///
/// # Errors
/// When the database fails.
pub async fn of_seller(tx: &mut Tx, org: &str, period: Period) -> Result<Vec<Balance>, DbError> {
    let rows = tx.all(OF_SELLER, params![org, period.from, period.until]).await?;
    Ok(gather(rows))
}

/// The same of every business that has postings, by name.
///
/// # Errors
/// When the database fails.
pub async fn of_all(tx: &mut Tx, period: Period) -> Result<Vec<Balance>, DbError> {
    Ok(gather(tx.all(OF_ALL, params![period.from, period.until]).await?))
}

/// The sums of all businesses, by currency. The fields that name one are empty.
#[must_use]
pub fn add_up(balances: &[Balance]) -> Vec<Balance> {
    let mut totals: BTreeMap<&str, BTreeMap<LedgerAccount, Standing>> = BTreeMap::new();
    for balance in balances {
        let total = totals.entry(&balance.currency).or_default();
        for (account, standing) in &balance.accounts {
            total.entry(*account).or_default().add(*standing);
        }
    }
    let total = |(currency, accounts): (&str, _)| Balance {
        org_id: String::new(),
        org_name: String::new(),
        currency: currency.to_owned(),
        accounts,
    };
    totals.into_iter().map(total).collect()
}

/// How many transactions do not sum to zero: none, or somebody changed the database by hand.
///
/// # Errors
/// When the database fails.
pub async fn count_unbalanced(tx: &mut Tx) -> Result<i64, DbError> {
    tx.one(UNBALANCED, params![]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(org: &str, account: LedgerAccount, before_minor: i64, after_minor: i64) -> AccountRow {
        AccountRow {
            org_id: org.to_owned(),
            org_name: org.to_owned(),
            currency: "NOK".to_owned(),
            account,
            standing: Standing {
                before_minor,
                after_minor,
            },
        }
    }

    #[test]
    fn balances_add_up_to_zero_and_show_what_moved() {
        let rows = vec![
            row("a", LedgerAccount::PspClearing, 0, 32_500),
            row("a", LedgerAccount::ProviderPayable, 0, -26_000),
            row("a", LedgerAccount::ProviderVat, 0, -6_500),
            row("b", LedgerAccount::PspClearing, 100, -12_000),
            row("b", LedgerAccount::ProviderPayable, -100, 12_000),
        ];
        let balances = gather(rows);
        assert_eq!(balances.len(), 2);
        assert!(balances.iter().all(|balance| balance.sum_minor() == 0));
        assert_eq!(balances[1].of(Part::Held).moved_minor(), -12_100);
        assert_eq!(balances[1].of(Part::Sales).turned().after_minor, -12_000);
        let total = &add_up(&balances)[0];
        assert_eq!(total.of(Part::Held).after_minor, 20_500);
        assert_eq!(total.sum_minor(), 0);
    }
}
