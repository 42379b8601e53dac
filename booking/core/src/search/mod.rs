//! Finding providers: folded words, distance on the globe, and whether there is a free time. No account needed.

mod places;
pub(crate) mod queries;
mod results;
mod soon;
mod words;

pub use places::{Place, PlaceMatch, find_place};
pub use results::{
    ListedService, Listing, Search, SearchResults, SoonFree, TimesFor, find_soon_free, list_categories,
    list_public_slugs, radius_km, search_providers,
};
pub use soon::SoonList;
pub use words::{Asked, read_search};

use crate::base::db::{DbError, Tx};
use crate::params;
use texts::Category;
use texts::Locale;
use texts::t;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Positions are published on this grid, millionths of a degree: about one kilometre from south to north.
const GRID_E6: i64 = 10_000;

/// Mean radius of the earth, metres (IUGG).
const EARTH_M: f64 = 6_371_008.8;

/// A place on the map, millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub lat_e6: i64,
    pub lon_e6: i64,
}

/// Small letters of ASCII, digits and single spaces: what is stored for searching, and what is searched for.
#[must_use]
pub fn fold(text: &str) -> String {
    // Symbols are no words: without this a picture of a dog would be the word for it.
    let letters: String = text
        .chars()
        .map(|letter| match letter.is_alphanumeric() || is_combining_mark(letter) {
            true => letter,
            false => ' ',
        })
        .nfkd()
        .filter(|letter| !is_combining_mark(*letter))
        .collect();
    let plain = deunicode::deunicode(&letters).to_ascii_lowercase();
    let words: Vec<&str> = plain
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

/// A coordinate on the grid that is published. Distances are measured from here, so that nobody can find a home by asking
/// from several sides.
#[must_use]
pub fn snap(degrees_e6: i64) -> i64 {
    (degrees_e6 + GRID_E6 / 2).div_euclid(GRID_E6) * GRID_E6
}

/// Writes anew what a provider is found by: its name and words, its trade in every language, its services and its town.
/// Call it after changing one of them.
///
/// # Errors
/// When the database fails.
pub async fn index_provider(tx: &mut Tx, org: &str) -> Result<(), DbError> {
    let (category, words): (String, String) = tx.one(queries::INDEXED_WORDS, params![org]).await?;
    let titles: Vec<String> = tx.all(queries::INDEXED_TITLES, params![org]).await?;
    let trades: Vec<String> = Category::from_slug(&category)
        .into_iter()
        .flat_map(|category| Locale::ALL.iter().map(move |locale| t(*locale, category.key(), &[])))
        .collect();
    let folded = fold(&[words, trades.join(" "), titles.join(" ")].join(" "));
    tx.execute(queries::INDEX, params![org, folded]).await?;
    Ok(())
}

/// Metres between two positions along the globe (haversine).
#[must_use]
pub fn distance_m(a: Position, b: Position) -> f64 {
    let radians = |e6: i64| degrees(e6).to_radians();
    let (lat_a, lat_b) = (radians(a.lat_e6), radians(b.lat_e6));
    let (half_lat, half_lon) = ((lat_b - lat_a) / 2.0, (radians(b.lon_e6) - radians(a.lon_e6)) / 2.0);
    let h = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * EARTH_M * h.clamp(0.0, 1.0).sqrt().asin()
}

#[expect(clippy::cast_precision_loss, reason = "coordinates are below 2^53")]
fn degrees(e6: i64) -> f64 {
    e6 as f64 / 1e6
}

/// Latitudes and longitudes that hold everything within a radius: `(south, north, west, east)`, a little generous.
#[must_use]
pub fn around(centre: Position, radius_km: u32) -> (i64, i64, i64, i64) {
    // A degree of latitude is at least 110.5 km; of longitude as much times the cosine.
    let lat = i64::from(radius_km) * 1_000_000 / 110 + GRID_E6;
    let widest = degrees(centre.lat_e6.abs() + lat).min(89.0).to_radians().cos();
    #[expect(clippy::cast_possible_truncation, reason = "a few million at most, rounded up")]
    let lon = ((degrees(lat) / widest) * 1e6).ceil() as i64;
    (
        centre.lat_e6 - lat,
        centre.lat_e6 + lat,
        centre.lon_e6 - lon,
        centre.lon_e6 + lon,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn norwegian_letters_fold() {
        assert_eq!(
            fold("  Bjørn ØDEGÅRD, Ærfugl-vegen 3b "),
            "bjorn odegard aerfugl vegen 3b"
        );
    }

    #[test]
    fn bergen_is_305_km_from_oslo() {
        let oslo = Position {
            lat_e6: 59_912_730,
            lon_e6: 10_746_090,
        };
        let bergen = Position {
            lat_e6: 60_392_990,
            lon_e6: 5_324_150,
        };
        let km = distance_m(oslo, bergen) / 1000.0;
        assert!((km - 305.0).abs() < 3.0, "{km}");
    }

    /// Trial F15: what is kept until something is written must be forgotten by every write that it depends on.
    #[test]
    fn f15_every_table_that_lists_are_read_from_is_watched() {
        let fixed = ["place", "place_name", "postcode"];
        let statements = crate::availability::queries::STATEMENTS
            .iter()
            .chain(queries::STATEMENTS);
        let mut read = std::collections::BTreeSet::new();
        for sql in statements.filter(|sql| sql.text.starts_with("SELECT")) {
            let words: Vec<&str> = sql
                .text
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .collect();
            let after = words.windows(2).filter(|pair| ["FROM", "JOIN"].contains(&pair[0]));
            read.extend(after.map(|pair| pair[1]).filter(|table| !fixed.contains(table)));
        }
        let watched = crate::base::db::CHOICE_TABLES.into_iter().collect();
        assert_eq!(read, watched);
    }

    proptest! {
        #[test]
        fn the_box_holds_everything_within_the_radius(
            lat in 50_000_000_i64..75_000_000, lon in 0_i64..30_000_000, dlat in -2_000_000_i64..2_000_000, dlon in -4_000_000_i64..4_000_000, radius in 1_u32..100,
        ) {
            let centre = Position { lat_e6: lat, lon_e6: lon };
            let other = Position { lat_e6: lat + dlat, lon_e6: lon + dlon };
            if distance_m(centre, other) <= f64::from(radius) * 1000.0 {
                let (south, north, west, east) = around(centre, radius);
                prop_assert!((south..=north).contains(&other.lat_e6) && (west..=east).contains(&other.lon_e6));
            }
        }

        #[test]
        fn distance_is_symmetric_and_never_negative(a in 0_i64..80_000_000, b in 0_i64..30_000_000, c in 0_i64..80_000_000, d in 0_i64..30_000_000) {
            let (p, q) = (Position { lat_e6: a, lon_e6: b }, Position { lat_e6: c, lon_e6: d });
            let there = distance_m(p, q);
            prop_assert!(there >= 0.0 && (there - distance_m(q, p)).abs() < 1e-6);
        }

        #[test]
        fn folding_twice_changes_nothing(text in ".{0,60}") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
        }
    }
}
