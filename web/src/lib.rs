//! Everything a browser gets: pages rendered from plain data, texts in two languages, styles and the embedded client.
//!
//! Handlers elsewhere fill a struct of [`pages`] and call [`render`]; no other crate of ours is known here.

pub mod assets;
pub mod format;
pub mod pages;
pub mod routes;
pub mod text;

pub use askama::Template as Page;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;

pub use pages::{Field, Notice, Shell, SignedIn, render};
pub use text::{Locale, t};
