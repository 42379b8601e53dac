//! By what a search for providers is narrowed, besides trades: the words of its form and its addresses.

/// When a free time is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum When {
    #[default]
    Any,
    Today,
    Tomorrow,
    /// The coming seven days.
    Week,
}

impl When {
    pub const ALL: [Self; 4] = [Self::Any, Self::Today, Self::Tomorrow, Self::Week];

    /// The word in addresses; empty for [`When::Any`].
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::Today => "today",
            Self::Tomorrow => "tomorrow",
            Self::Week => "week",
        }
    }

    /// Anything unknown means any time.
    #[must_use]
    pub fn from_slug(slug: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|when| when.slug() == slug)
            .unwrap_or_default()
    }

    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Any => "when-any",
            Self::Today => "when-today",
            Self::Tomorrow => "when-tomorrow",
            Self::Week => "when-week",
        }
    }
}

/// Radii around a place, kilometres, the smallest first.
pub const RADII_KM: [u32; 5] = [5, 10, 25, 50, 100];
