//! Accounts: registration, sign-in, sessions, one's own data, deletion.

pub mod password;
pub(crate) mod queries;
pub(crate) mod sessions;
