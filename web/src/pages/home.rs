//! The front page.

use askama::Template;

use super::Shell;
use super::book::HeldTime;
use super::search::{Category, ProviderCard, SearchForm};

#[derive(Debug, Clone, Template)]
#[template(path = "home.html")]
pub struct HomePage {
    pub shell: Shell,
    pub held: Vec<HeldTime>,
    pub form: SearchForm,
    /// Categories that have at least one published provider.
    pub categories: Vec<Category>,
    /// Town of the strip "free now", when known.
    pub town: Option<String>,
    /// A few providers with the soonest free times.
    pub soon: Vec<ProviderCard>,
    /// How many providers have a free time today, for the link behind the strip.
    pub soon_total: u64,
}
