//! The trades of providers: their word in addresses and in the database, their name and their icon.

use crate::routes;

/// What providers do. The slug is the word in addresses and in the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Category {
    Vet,
    Electrician,
    Lawyer,
    Psychologist,
    Plumber,
    Accountant,
    Doctor,
    Dentist,
    Carpenter,
    Computer,
}

impl std::str::FromStr for Category {
    type Err = ();

    fn from_str(slug: &str) -> Result<Self, ()> {
        Self::from_slug(slug).ok_or(())
    }
}

impl Category {
    pub const ALL: [Self; 10] = [
        Self::Vet,
        Self::Electrician,
        Self::Lawyer,
        Self::Psychologist,
        Self::Plumber,
        Self::Accountant,
        Self::Doctor,
        Self::Dentist,
        Self::Carpenter,
        Self::Computer,
    ];

    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Vet => "vet",
            Self::Electrician => "electrician",
            Self::Lawyer => "lawyer",
            Self::Psychologist => "psychologist",
            Self::Plumber => "plumber",
            Self::Accountant => "accountant",
            Self::Doctor => "doctor",
            Self::Dentist => "dentist",
            Self::Carpenter => "carpenter",
            Self::Computer => "computer",
        }
    }

    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.slug() == slug)
    }

    /// Key of the profession's name, for example "Veterinær".
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Vet => "category-vet",
            Self::Electrician => "category-electrician",
            Self::Lawyer => "category-lawyer",
            Self::Psychologist => "category-psychologist",
            Self::Plumber => "category-plumber",
            Self::Accountant => "category-accountant",
            Self::Doctor => "category-doctor",
            Self::Dentist => "category-dentist",
            Self::Carpenter => "category-carpenter",
            Self::Computer => "category-computer",
        }
    }

    /// Name of the icon in the sprite.
    #[must_use]
    pub fn icon(self) -> &'static str {
        match self {
            Self::Vet => "paw-print",
            Self::Electrician => "lightning",
            Self::Lawyer => "scales",
            Self::Psychologist => "brain",
            Self::Plumber => "wrench",
            Self::Accountant => "calculator",
            Self::Doctor => "stethoscope",
            Self::Dentist => "tooth",
            Self::Carpenter => "hammer",
            Self::Computer => "laptop",
        }
    }

    /// Search results of this category alone.
    #[must_use]
    pub fn url(self) -> String {
        routes::search(&routes::SearchQuery {
            category: self.slug(),
            ..routes::SearchQuery::default()
        })
    }
}
