//! The price as agreed at booking: frozen in the appointment, shown in the call, charged after it.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A price model with its currency. Amounts are minor units (øre), value added tax included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct PriceTerms {
    /// ISO 4217 code, for example `NOK`.
    pub currency: String,
    /// What a promo code takes off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub discount: Option<Discount>,
    #[serde(flatten)]
    pub model: PriceModel,
}

/// How the amount follows from the time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum PriceModel {
    Free,
    /// One amount, due when the call took place, however long it was.
    Fixed {
        #[ts(type = "number")]
        amount_minor: i64,
    },
    /// `rate_minor` per 60 s, counted in started increments of `increment_s` after the first `free_s`, never above
    /// `cap_minor`.
    PerMinute {
        #[ts(type = "number")]
        rate_minor: i64,
        increment_s: u32,
        free_s: u32,
        #[ts(type = "number")]
        cap_minor: i64,
    },
}

/// What is taken off whatever is due: a share of it and a fixed part, never more than there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Discount {
    /// Basis points: 1000 is 10 %.
    pub percent_bp: u32,
    /// Minor units, besides.
    #[ts(type = "number")]
    pub fixed_minor: i64,
}
