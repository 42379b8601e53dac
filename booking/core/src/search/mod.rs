//! Finding providers: folded words, distance on the globe, and whether there is a free time. No account needed.

mod places;
pub mod queries;

pub use places::{Place, PlaceMatch, find_place};

use texts::Category;
use texts::Locale;
use texts::t;
use unicode_normalization::UnicodeNormalization as _;

/// Positions are published on this grid, millionths of a degree: about one kilometre from south to north.
const GRID_E6: i64 = 10_000;

/// Mean radius of the earth, metres (IUGG).
const EARTH_M: f64 = 6_371_008.8;

/// Words of a search that are looked at; the rest is left out.
const WORDS_MAX: usize = 8;

/// From this length on a word may hold one typing mistake.
const FORGIVING_CHARS: usize = 5;

/// A place on the map, millionths of a degree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub lat_e6: i64,
    pub lon_e6: i64,
}

/// Small letters of ASCII, digits and single spaces: what is stored for searching, and what is searched for.
#[must_use]
pub fn fold(text: &str) -> String {
    let plain = deunicode::deunicode(&text.nfkd().collect::<String>()).to_ascii_lowercase();
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

/// What a provider is found by: its names and words, and its trade in every language. Stored folded, beside the row.
#[must_use]
pub fn provider_text(name: &str, category: Category, headline: &str, description: &str, town: &str) -> String {
    let trades: Vec<String> = Locale::ALL
        .iter()
        .map(|locale| t(*locale, category.key(), &[]))
        .collect();
    fold(&[name, &trades.join(" "), headline, description, town].join(" "))
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

/// The words of a search, folded.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(' ')
        .filter(|word| !word.is_empty())
        .take(WORDS_MAX)
        .map(str::to_owned)
        .collect()
}

/// How many of the words a folded text has, as the beginning of a word of its own or with one typing mistake.
#[must_use]
pub fn hits(words: &[String], folded: &str) -> usize {
    words
        .iter()
        .filter(|word| {
            folded
                .split(' ')
                .any(|own| own.starts_with(word.as_str()) || nearly(word, own))
        })
        .count()
}

/// Whether one insertion, deletion, replacement or swap of neighbours makes the words equal.
fn nearly(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().min(b.len()) < FORGIVING_CHARS || a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], _) | (_, []) => true,
        ([x, a @ ..], [y, b @ ..]) => {
            let swapped =
                matches!((a.first(), b.first()), (Some(x2), Some(y2)) if x == y2 && y == x2) && a[1..] == b[1..];
            a == b || swapped || a == [&[*y][..], b].concat() || b == [&[*x][..], a].concat()
        }
    }
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
    fn words_hit_by_beginning_and_with_one_mistake() {
        let text = fold("Dyreklinikken Nordli veterinær Bergen");
        let count = |search: &str| hits(&words(search), &text);
        assert_eq!(count("vet"), 1);
        assert_eq!(count("veterinær bergen"), 2);
        assert_eq!(count("vetrinær"), 1);
        assert_eq!(count("beregn"), 1);
        assert_eq!(count("berge n0rdli"), 2);
        assert_eq!(count("rgen"), 0);
        assert_eq!(count("oslo"), 0);
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

        #[test]
        fn any_words_are_compared_without_panic(a in "[a-e]{0,8}", b in "[a-e]{0,8}") {
            prop_assert_eq!(nearly(&a, &b), nearly(&b, &a));
        }
    }
}
