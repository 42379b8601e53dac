//! The commands beside `serve`.

pub(crate) mod api_key;
pub(crate) mod doctor;
pub(crate) mod operator_link;
pub(crate) mod retention;
pub(crate) mod seed;
