//! Search results.

use askama::Template;

use super::book::HeldTime;
use super::{PriceTerms, Shell};
use crate::routes;
pub use texts::Category;
pub use texts::narrow::{RADII_KM, When};

/// What is in the search form. GET parameters: `what`, `where`, `category`, `when`, `radius`, `page`.
#[derive(Debug, Clone, Default)]
pub struct SearchForm {
    pub what: String,
    /// Place as typed (`where`).
    pub place: String,
    pub category: Option<Category>,
    pub when: When,
    /// `None` means no limit.
    pub radius_km: Option<u32>,
}

impl SearchForm {
    /// The address of these results on another page.
    #[must_use]
    pub fn url(&self, page: u32) -> String {
        self.address(self.radius_km, Some(page))
    }

    /// The address of this search within another radius.
    #[must_use]
    pub fn url_within(&self, radius_km: &u32) -> String {
        self.address(Some(*radius_km), None)
    }

    /// The address of this search at another place.
    #[must_use]
    pub fn url_at(&self, place: &str) -> String {
        routes::search(&routes::SearchQuery {
            what: &self.what,
            place,
            category: self.category.map_or("", Category::slug),
            when: self.when.slug(),
            ..routes::SearchQuery::default()
        })
    }

    /// The address of this search without its filters.
    #[must_use]
    pub fn url_without_filters(&self) -> String {
        routes::search(&routes::SearchQuery {
            what: &self.what,
            place: &self.place,
            ..routes::SearchQuery::default()
        })
    }

    fn address(&self, radius_km: Option<u32>, page: Option<u32>) -> String {
        routes::search(&routes::SearchQuery {
            what: &self.what,
            place: &self.place,
            category: self.category.map_or("", Category::slug),
            when: self.when.slug(),
            radius_km,
            page,
        })
    }

    fn is_in(&self, category: &Category) -> bool {
        self.category == Some(*category)
    }

    fn is_within(&self, radius_km: &u32) -> bool {
        self.radius_km == Some(*radius_km)
    }

    /// Nothing was asked for: whoever is not found is not there.
    fn is_blank(&self) -> bool {
        self.what.trim().is_empty() && self.place.trim().is_empty() && !self.has_filters()
    }

    #[must_use]
    pub fn has_filters(&self) -> bool {
        self.category.is_some() || self.when != When::Any || self.radius_km.is_some()
    }
}

/// What became of the place that was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceFound {
    /// None was typed.
    None,
    Known {
        /// Name as we know it.
        name: String,
        /// It was guessed: nothing is called what was typed.
        guessed: bool,
        /// Others that may have been meant, each by its full name.
        others: Vec<String>,
    },
    /// Not in our list; results are from everywhere.
    Unknown {
        /// What comes closest.
        nearest: Vec<String>,
    },
}

/// A free time that a link or button leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FreeTime {
    /// UTC microseconds.
    pub start: i64,
}

/// One provider in a list.
#[derive(Debug, Clone)]
pub struct ProviderCard {
    pub slug: String,
    pub name: String,
    pub category: Category,
    pub town: String,
    /// From the searched place, kilometres.
    pub distance_km: Option<f64>,
    /// The service that price and times belong to.
    pub service: String,
    pub service_title: String,
    pub duration_min: u32,
    pub price: PriceTerms,
    /// Up to four next free times of that service, soonest first.
    pub next: Vec<FreeTime>,
    /// 0 to 7, from a hash of the id: colour of the initials.
    pub tint: u8,
}

/// A larger radius in which something was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wider {
    pub radius_km: u32,
    pub count: u64,
}

#[derive(Debug, Clone, Template)]
#[template(path = "search.html")]
pub struct SearchPage {
    pub shell: Shell,
    pub held: Vec<HeldTime>,
    pub form: SearchForm,
    pub place: PlaceFound,
    pub cards: Vec<ProviderCard>,
    pub total: u64,
    /// From 1.
    pub page: u32,
    pub pages: u32,
    /// Who can help by video from elsewhere, when nobody near the place was found.
    pub elsewhere: Vec<ProviderCard>,
    /// Offered when nothing was found.
    pub wider: Option<Wider>,
}

impl SearchPage {
    /// What was found, in one sentence.
    fn heading(&self) -> String {
        if self.total == 0 {
            return self.shell.t("search-none");
        }
        let key = match self.form.when {
            When::Any => "search-found",
            When::Today => "search-found-today",
            When::Tomorrow => "search-found-tomorrow",
            When::Week => "search-found-week",
        };
        self.shell.tn(key, self.total)
    }

    /// Nobody near the place, but somebody elsewhere.
    fn elsewhere_heading(&self) -> String {
        let name = match &self.place {
            PlaceFound::Known { name, .. } => name.as_str(),
            PlaceFound::None | PlaceFound::Unknown { .. } => "",
        };
        self.shell.t1("search-elsewhere", "place", name)
    }

    /// The visitor's own hold of this time, if it is one.
    fn own(&self, card: &ProviderCard, time: &FreeTime) -> Option<&HeldTime> {
        let own = |held: &&HeldTime| held.service == card.service && held.starts_at == time.start;
        self.held.iter().find(own)
    }

    fn before_url(&self) -> String {
        self.form.url(self.page.saturating_sub(1))
    }

    fn next_url(&self) -> String {
        self.form.url(self.page.saturating_add(1))
    }
}
