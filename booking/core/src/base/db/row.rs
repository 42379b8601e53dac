//! Values in and rows out, the same for both engines.

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Postgres, Row as _, Sqlite};

use super::Sql;

/// One parameter of a statement. A null still has a type, because PostgreSQL wants to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Param {
    Int(Option<i64>),
    Text(Option<String>),
}

impl From<i64> for Param {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<i32> for Param {
    fn from(value: i32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<u32> for Param {
    fn from(value: u32) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

/// Booleans are stored as 0 and 1.
impl From<bool> for Param {
    fn from(value: bool) -> Self {
        Self::Int(Some(i64::from(value)))
    }
}

impl From<Option<i64>> for Param {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<String> for Param {
    fn from(value: String) -> Self {
        Self::Text(Some(value))
    }
}

impl From<&String> for Param {
    fn from(value: &String) -> Self {
        Self::Text(Some(value.clone()))
    }
}

impl From<&str> for Param {
    fn from(value: &str) -> Self {
        Self::Text(Some(value.to_owned()))
    }
}

impl From<Option<String>> for Param {
    fn from(value: Option<String>) -> Self {
        Self::Text(value)
    }
}

impl From<Option<&str>> for Param {
    fn from(value: Option<&str>) -> Self {
        Self::Text(value.map(str::to_owned))
    }
}

pub(super) fn bind_sqlite(sql: Sql, params: Vec<Param>) -> Query<'static, Sqlite, SqliteArguments> {
    params
        .into_iter()
        .fold(sqlx::query(sql.text), |query, param| match param {
            Param::Int(value) => query.bind(value),
            Param::Text(value) => query.bind(value),
        })
}

pub(super) fn bind_postgres(sql: Sql, params: Vec<Param>) -> Query<'static, Postgres, PgArguments> {
    params
        .into_iter()
        .fold(sqlx::query(sql.text), |query, param| match param {
            Param::Int(value) => query.bind(value),
            Param::Text(value) => query.bind(value),
        })
}

/// A row of either engine.
pub enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// The types a column may have: `i64`, `String` and their options.
pub trait Column:
    for<'r> sqlx::Decode<'r, Sqlite> + sqlx::Type<Sqlite> + for<'r> sqlx::Decode<'r, Postgres> + sqlx::Type<Postgres>
{
}

impl Column for i64 {}
impl Column for String {}
impl Column for Option<i64> {}
impl Column for Option<String> {}

impl Row {
    /// The value in the column of that name.
    ///
    /// # Errors
    /// When there is no such column or it has another type.
    pub fn get<T: Column>(&self, name: &str) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(name),
            Self::Postgres(row) => row.try_get(name),
        }
    }

    /// The value in the column at `index`, from 0.
    ///
    /// # Errors
    /// When there is no such column or it has another type.
    pub fn at<T: Column>(&self, index: usize) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
    }

    /// A stored boolean.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn flag(&self, name: &str) -> Result<bool, sqlx::Error> {
        Ok(self.get::<i64>(name)? != 0)
    }

    /// A column whose text must parse into a type of ours, such as an enum.
    ///
    /// # Errors
    /// As [`Row::get`], and when the text means nothing to `T`.
    pub fn parse<T: std::str::FromStr>(&self, name: &str) -> Result<T, sqlx::Error> {
        let text: String = self.get(name)?;
        text.parse()
            .map_err(|_| sqlx::Error::Decode(format!("{name} holds an unknown word: {text}").into()))
    }

    /// A column that holds JSON.
    ///
    /// # Errors
    /// As [`Row::get`], and when the text is no JSON of a `T`.
    pub fn json<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, sqlx::Error> {
        let text: String = self.get(name)?;
        serde_json::from_str(&text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
    }
}

/// A plain type that a row maps to.
pub trait FromRow: Sized {
    /// # Errors
    /// When the row has other columns or types than this expects.
    fn from_row(row: &Row) -> Result<Self, sqlx::Error>;
}

impl<T: Column> FromRow for T {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        row.at(0)
    }
}

impl<A: Column, B: Column> FromRow for (A, B) {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok((row.at(0)?, row.at(1)?))
    }
}

impl<A: Column, B: Column, C: Column> FromRow for (A, B, C) {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok((row.at(0)?, row.at(1)?, row.at(2)?))
    }
}

impl<A: Column, B: Column, C: Column, D: Column> FromRow for (A, B, C, D) {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok((row.at(0)?, row.at(1)?, row.at(2)?, row.at(3)?))
    }
}
