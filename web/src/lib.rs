//! Everything a browser gets: pages rendered from plain data, texts in two languages, styles and the embedded client.
//!
//! Handlers elsewhere fill a struct of [`pages`] and call [`render`]; of our own crates only `texts` is known here.

pub mod assets;
mod notice;
pub mod pages;
pub mod routes;

pub use askama::Template as Page;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use notice::Notice;
pub use pages::{Field, Shell, SignedIn, render};
pub use texts::{Locale, format, t, text};
