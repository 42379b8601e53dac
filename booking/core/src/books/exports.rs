//! Who took which books out: on record before the file leaves, and shown to whom the books are about.

use texts::Locale;

use crate::base::audit::{Action, KEPT_US, Line};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::base::{Base, Micros};
use crate::{params, statements};

statements! {
    /// id, now, org or null, account, by an operator, kind, period, reason
    ADD_EXPORT = "INSERT INTO book_export (id, at_us, org_id, account_id, by_operator, kind, period, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    /// org, limit
    EXPORTS_OF_SELLER = "SELECT x.at_us, x.kind, x.period, x.reason, x.by_operator, a.name FROM book_export x
        JOIN account a ON a.id = x.account_id WHERE x.org_id = $1 ORDER BY x.at_us DESC, x.id DESC LIMIT $2";
    /// org
    OWNERS = "SELECT account_id FROM member WHERE org_id = $1 AND role = 'owner' AND active = 1 ORDER BY id LIMIT 50";
    /// before
    SWEEP_EXPORTS = "DELETE FROM book_export WHERE at_us < $1";
}

/// What kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportKind {
    /// Transactions as CSV.
    Transactions,
    /// SAF-T Financial.
    Saft,
    /// The time report as CSV.
    Time,
    /// The platform's yearly report of its sellers as CSV.
    Sellers,
}

impl ExportKind {
    pub const ALL: [Self; 4] = [Self::Transactions, Self::Saft, Self::Time, Self::Sellers];

    /// The word in the database and in forms.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::Saft => "saft",
            Self::Time => "time",
            Self::Sellers => "sellers",
        }
    }

    /// Key of its name.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Transactions => "books-file-transactions",
            Self::Saft => "books-file-saft",
            Self::Time => "books-file-time",
            Self::Sellers => "books-file-sellers",
        }
    }

    fn action(self) -> Action {
        match self {
            Self::Transactions | Self::Saft | Self::Time => Action::BooksExported,
            Self::Sellers => Action::SellersExported,
        }
    }
}

impl std::str::FromStr for ExportKind {
    type Err = ();

    fn from_str(word: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.word() == word).ok_or(())
    }
}

/// A file that is about to leave.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// `None` for a file about all businesses.
    pub org: Option<&'a str>,
    pub account: &'a str,
    pub kind: ExportKind,
    /// `2026`, `2026-11`
    pub period: &'a str,
}

/// Puts the export of an owner's own books on record.
///
/// # Errors
/// When the database fails; then nothing may leave.
pub async fn record_own(base: &Base, export: Export<'_>) -> Result<(), DbError> {
    let mut tx = base.db.write().await?;
    add(&mut tx, base, export, false, "").await?;
    tx.commit().await
}

/// Puts an operator's export on record with its reason, also among the looks of operators; the owners of the business see it
/// among their own data.
///
/// # Errors
/// When the database fails; then nothing may leave.
pub async fn record_operators(base: &Base, export: Export<'_>, reason: &str) -> Result<(), DbError> {
    let mut tx = base.db.write().await?;
    add(&mut tx, base, export, true, reason).await?;
    let owners: Vec<String> = match export.org {
        Some(org) => tx.all(OWNERS, params![org]).await?,
        None => Vec::new(),
    };
    let line = Line {
        operator: Some(export.account),
        action: export.kind.action(),
        subject: export.org.unwrap_or_default(),
        reason,
    };
    line.write(&mut tx, base, &owners).await?;
    tx.commit().await
}

async fn add(tx: &mut Tx, base: &Base, export: Export<'_>, by_operator: bool, reason: &str) -> Result<(), DbError> {
    let row = params![
        base.id(),
        base.now(),
        export.org,
        export.account,
        by_operator,
        export.kind.word(),
        export.period,
        reason,
    ];
    tx.execute(ADD_EXPORT, row).await.map(drop)
}

/// A file that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    pub at: Micros,
    pub kind: String,
    pub period: String,
    /// Empty where an owner took it.
    pub reason: String,
    pub by_operator: bool,
    /// Empty once the account is erased.
    pub who: String,
}

impl FromRow for Exported {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            at: row.get("at_us")?,
            kind: row.get("kind")?,
            period: row.get("period")?,
            reason: row.get("reason")?,
            by_operator: row.flag("by_operator")?,
            who: row.get("name")?,
        })
    }
}

impl Exported {
    /// What the file was, in words.
    #[must_use]
    pub fn kind_words(&self, locale: Locale) -> String {
        let kind: Result<ExportKind, ()> = self.kind.parse();
        texts::t(locale, kind.map_or("record-other", ExportKind::key), &[])
    }
}

/// The newest files with the books of a business.
///
/// # Errors
/// When the database fails.
pub async fn of_seller(tx: &mut Tx, org: &str, at_most: i64) -> Result<Vec<Exported>, DbError> {
    tx.all(EXPORTS_OF_SELLER, params![org, at_most]).await
}

/// Deletes lines as old as the records of operators are kept. Returns how many.
///
/// # Errors
/// When the database fails.
pub async fn sweep(base: &Base) -> Result<u64, DbError> {
    let mut tx = base.db.write().await?;
    let gone = tx.execute(SWEEP_EXPORTS, params![base.now() - KEPT_US]).await?;
    tx.commit().await?;
    Ok(gone)
}
