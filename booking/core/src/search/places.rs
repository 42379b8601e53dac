//! Which place somebody means: by postcode, by any of its names, by the beginning of one, or in spite of a typing mistake.

use super::{Position, fold, queries};
use crate::base::db::{DbError, FromRow, Row, Tx};
use crate::params;

/// Words of a place that are looked at; the rest is left out.
const PLACE_WORDS_MAX: usize = 6;

/// Places proposed when the text fits none, or more than one.
const PROPOSED_MAX: usize = 3;

/// Names compared letter by letter for one text; beyond it the rarest are left out.
const COMPARED_MAX: i64 = 600;

/// From this length on a name may hold one typing mistake, and from the next on a proposal may be two away.
const FORGIVING_CHARS: usize = 4;
const TWO_MISTAKES_CHARS: usize = 6;

/// Words around a place's name that say nothing about which place it is.
const AROUND: [&str; 12] = [
    "norge",
    "norway",
    "noreg",
    "norwegen",
    "norvege",
    "norga",
    "no",
    "n",
    "kommune",
    "sentrum",
    "municipality",
    "centre",
];

/// A town, village or municipality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub name: String,
    pub municipality: String,
    pub county: String,
    /// Empty where the place was not named by one.
    pub postcode: String,
    pub position: Position,
}

impl Place {
    /// Words that name this place and no other of its name.
    #[must_use]
    pub fn full_name(&self) -> String {
        if self.municipality == self.name {
            format!("{}, {}", self.name, self.county)
        } else {
            format!("{}, {}", self.name, self.municipality)
        }
    }

    fn lies_in(&self, folded: &str) -> bool {
        [&self.county, &self.municipality]
            .iter()
            .any(|area| fold(area) == folded)
    }
}

impl FromRow for Place {
    fn from_row(row: &Row) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: row.get("name")?,
            municipality: row.get("municipality")?,
            county: row.get("county")?,
            postcode: row.get("postcode")?,
            position: Position {
                lat_e6: row.get("lat_e6")?,
                lon_e6: row.get("lon_e6")?,
            },
        })
    }
}

/// What became of a place that somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlaceMatch {
    /// None was typed.
    Empty,
    /// A postcode or a name; others are called the same or begin the same.
    Named { place: Place, others: Vec<Place> },
    /// No name reads so, but this one nearly does.
    Guessed { place: Place, others: Vec<Place> },
    /// None fits; these come closest.
    Unknown { nearest: Vec<Place> },
}

impl PlaceMatch {
    /// The place, if there is one.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Named { place, .. } | Self::Guessed { place, .. } => Some(place),
            Self::Empty | Self::Unknown { .. } => None,
        }
    }

    fn named(mut found: Vec<Place>) -> Option<Self> {
        if found.is_empty() {
            return None;
        }
        let place = found.remove(0);
        found.truncate(PROPOSED_MAX);
        Some(Self::Named { place, others: found })
    }
}

/// What of a typed text can name a place.
#[derive(Debug, PartialEq, Eq)]
struct Typed {
    postcode: Option<String>,
    /// Phrases between commas, folded, without country and postcode.
    parts: Vec<String>,
}

fn read_typed(text: &str) -> Typed {
    let mut postcode = None;
    let mut left = PLACE_WORDS_MAX;
    let mut parts = Vec::new();
    for part in text.split([',', ';', '(']) {
        let folded = fold(part);
        let mut words = Vec::new();
        for word in folded.split(' ').filter(|word| !word.is_empty()).take(left) {
            left -= 1;
            if word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit()) {
                postcode.get_or_insert_with(|| word.to_owned());
            } else {
                words.push(word);
            }
        }
        let naming: Vec<&str> = words.iter().copied().filter(|word| !AROUND.contains(word)).collect();
        if !naming.is_empty() {
            parts.push(naming.join(" "));
        }
    }
    Typed { postcode, parts }
}

/// The place that somebody typed.
///
/// # Errors
/// When the database fails.
pub async fn find_place(tx: &mut Tx, text: &str) -> Result<PlaceMatch, DbError> {
    let typed = read_typed(text);
    if let Some(code) = &typed.postcode {
        let found: Option<Place> = tx.optional(queries::PLACE_OF_POSTCODE, params![code]).await?;
        if let Some(place) = found {
            return Ok(PlaceMatch::Named {
                place,
                others: Vec::new(),
            });
        }
    }
    if typed.parts.is_empty() {
        return Ok(match typed.postcode {
            Some(_) => PlaceMatch::Unknown { nearest: Vec::new() },
            None => PlaceMatch::Empty,
        });
    }
    for (number, part) in typed.parts.iter().enumerate() {
        let area = typed.parts.get(number + 1).map_or("", String::as_str);
        if let Some(found) = named_within(tx, part, area).await? {
            return Ok(found);
        }
    }
    for part in &typed.parts {
        // The character after the last one of the alphabet ends the range of names that begin with the text.
        let end = format!("{part}~");
        let beginning = tx.all(queries::PLACES_BEGINNING, params![part, end]).await?;
        if let Some(found) = PlaceMatch::named(beginning) {
            return Ok(found);
        }
    }
    guess(tx, &typed.parts[0]).await
}

/// A place by its whole name; what follows the name, or the next part, may say where it lies: `Sand, Ullensaker`.
async fn named_within(tx: &mut Tx, part: &str, area: &str) -> Result<Option<PlaceMatch>, DbError> {
    let words: Vec<&str> = part.split(' ').collect();
    for len in (1..=words.len()).rev() {
        for first in 0..=words.len() - len {
            let name = words[first..first + len].join(" ");
            let rest = words[first + len..].join(" ");
            let area = if rest.is_empty() { area } else { rest.as_str() };
            let mut found: Vec<Place> = tx.all(queries::PLACES_NAMED, params![name]).await?;
            found.sort_by_key(|place| !place.lies_in(area));
            if let Some(found) = PlaceMatch::named(found) {
                return Ok(Some(found));
            }
        }
    }
    Ok(None)
}

/// The place whose name is one typing mistake away, else those that come closest.
async fn guess(tx: &mut Tx, part: &str) -> Result<PlaceMatch, DbError> {
    let len = part.chars().count();
    if len < FORGIVING_CHARS {
        return Ok(PlaceMatch::Unknown { nearest: Vec::new() });
    }
    // One mistake is seldom at both ends of a word. Folded text is ASCII without signs, so none is a wildcard.
    let (first, last) = (&part[..1], &part[len - 2..]);
    let length = i64::try_from(len).unwrap_or(i64::MAX);
    let row = params![
        first,
        format!("{first}~"),
        format!("%{last}"),
        length - 2,
        length + 2,
        COMPARED_MAX
    ];
    let names: Vec<(String, i64)> = tx.all(queries::NAMES_LIKE, row).await?;
    let far = if len < TWO_MISTAKES_CHARS { 1 } else { 2 };
    let mut close: Vec<(usize, i64)> = names
        .iter()
        .map(|(name, place)| (strsim::osa_distance(part, name), *place))
        .filter(|(mistakes, _)| *mistakes <= far)
        .collect();
    // They come by weight, and the sort is stable.
    close.sort_by_key(|(mistakes, _)| *mistakes);
    let guessed = close.first().is_some_and(|(mistakes, _)| *mistakes == 1);
    let mut places: Vec<Place> = Vec::new();
    for (_, id) in close {
        let place: Place = tx.one(queries::PLACE_BY_ID, params![id]).await?;
        if !places.contains(&place) {
            places.push(place);
        }
        if places.len() > PROPOSED_MAX {
            break;
        }
    }
    if !guessed {
        places.truncate(PROPOSED_MAX);
        return Ok(PlaceMatch::Unknown { nearest: places });
    }
    let place = places.remove(0);
    Ok(PlaceMatch::Guessed { place, others: places })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn country_and_postcode_are_told_from_the_name() {
        let typed = |text: &str| {
            let Typed { postcode, parts } = read_typed(text);
            (postcode.unwrap_or_default(), parts.join("|"))
        };
        let both = |code: &str, parts: &str| (code.to_owned(), parts.to_owned());
        assert_eq!(typed("5003 Bergen"), both("5003", "bergen"));
        assert_eq!(typed("N-5003 Bergen, Norge"), both("5003", "bergen"));
        assert_eq!(typed("Bergen, Norway"), both("", "bergen"));
        assert_eq!(typed("Bergen kommune"), both("", "bergen"));
        assert_eq!(typed("Sand, Ullensaker"), both("", "sand|ullensaker"));
        assert_eq!(typed(" , ,"), both("", ""));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".{0,80}") {
            let typed = read_typed(&text);
            prop_assert!(typed.parts.iter().all(|part| !part.is_empty()));
        }
    }
}
