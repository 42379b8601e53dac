//! Structs whose fields are columns. Names, binds and values of a statement come from one list, so that no value can end
//! up in another's column, and a further column is one line.

use signaling_protocol::PriceTerms;

use super::{Column, Param, Row};

/// A type that a column is read as by [`columns!`](crate::columns).
pub trait FromColumn: Sized {
    /// # Errors
    /// When there is no such column or it holds something else.
    fn from_column(row: &Row, name: &str) -> Result<Self, sqlx::Error>;
}

impl<T: Column> FromColumn for T {
    fn from_column(row: &Row, name: &str) -> Result<Self, sqlx::Error> {
        row.get(name)
    }
}

impl FromColumn for bool {
    fn from_column(row: &Row, name: &str) -> Result<Self, sqlx::Error> {
        row.flag(name)
    }
}

impl FromColumn for PriceTerms {
    fn from_column(row: &Row, name: &str) -> Result<Self, sqlx::Error> {
        row.json(name)
    }
}

impl From<PriceTerms> for Param {
    fn from(terms: PriceTerms) -> Self {
        let text = serde_json::to_string(&terms).expect("price terms are plain strings and numbers");
        Self::Text(Some(text))
    }
}

/// Declares a struct whose fields are the columns of the same names. `into_params` gives their values; the macro named
/// after `as` writes what goes with them into a statement: `(names)` as `a, b` and `(binds from 4)` as `$4, $5`. One that
/// borrows nothing can be read from a row, too.
#[macro_export]
macro_rules! columns {
    ($(#[$meta:meta])* $vis:vis struct $name:ident as $texts:ident {
        $($(#[$doc:meta])* $column:ident: $type:ty),+ $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name {
            $($(#[$doc])* $vis $column: $type),+
        }

        impl $crate::base::db::FromRow for $name {
            fn from_row(row: &$crate::base::db::Row) -> Result<Self, $crate::base::db::RowError> {
                Ok(Self {
                    $($column: $crate::base::db::FromColumn::from_column(row, stringify!($column))?),+
                })
            }
        }

        impl $name {
            /// The values, in the order of the columns.
            fn into_params(self) -> Vec<$crate::base::db::Param> {
                $crate::params![$(self.$column),+]
            }
        }

        $crate::column_texts!($texts $($column)+);
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident<$life:lifetime> as $texts:ident {
        $($(#[$doc:meta])* $column:ident: $type:ty),+ $(,)?
    }) => {
        $(#[$meta])*
        $vis struct $name<$life> {
            $($(#[$doc])* $vis $column: $type),+
        }

        impl $name<'_> {
            /// The values, in the order of the columns.
            $vis fn into_params(self) -> Vec<$crate::base::db::Param> {
                $crate::params![$(self.$column),+]
            }
        }

        $crate::column_texts!($texts $($column)+);
    };
}

/// Declares the macro that writes columns into a statement.
#[macro_export]
macro_rules! column_texts {
    ($texts:ident $first:ident $($column:ident)*) => {
        macro_rules! $texts {
            (names) => {
                concat!(stringify!($first) $(, ", ", stringify!($column))*)
            };
            (binds from 1) => {
                $crate::binds!([$first $($column)*] "$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13" "$14"
                    "$15" "$16" "$17" "$18" "$19" "$20" "$21" "$22" "$23" "$24" "$25" "$26" "$27" "$28")
            };
            (binds from 4) => {
                $crate::binds!([$first $($column)*] "$4" "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13" "$14"
                    "$15" "$16" "$17" "$18" "$19" "$20" "$21" "$22" "$23" "$24" "$25" "$26" "$27" "$28")
            };
            (binds from 5) => {
                $crate::binds!([$first $($column)*] "$5" "$6" "$7" "$8" "$9" "$10" "$11" "$12" "$13" "$14"
                    "$15" "$16" "$17" "$18" "$19" "$20" "$21" "$22" "$23" "$24" "$25" "$26" "$27" "$28")
            };
        }
    };
}

/// As many of the binds as there are columns, with commas.
#[macro_export]
macro_rules! binds {
    ([$last:ident] $bind:literal $($unused:literal)*) => {
        $bind
    };
    ([$column:ident $($more:ident)+] $bind:literal $($rest:literal)+) => {
        concat!($bind, ", ", $crate::binds!([$($more)+] $($rest)+))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    columns! {
        struct Wish<'a> as wish_columns {
            title: &'a str,
            minutes: i64,
            about: Option<&'a str>,
        }
    }

    #[test]
    fn names_binds_and_values_are_in_one_order() {
        assert_eq!(wish_columns!(names), "title, minutes, about");
        assert_eq!(wish_columns!(binds from 1), "$1, $2, $3");
        assert_eq!(wish_columns!(binds from 5), "$5, $6, $7");
        let wish = Wish {
            about: None,
            title: "Råd",
            minutes: 30,
        };
        let values = [Param::from("Råd"), Param::from(30_i64), Param::from(None::<&str>)];
        assert_eq!(wish.into_params(), values);
    }
}
