//! Texts in Norwegian (bokmål) and English: Fluent files, one an area, embedded and shared with the browser.

use std::sync::{LazyLock, OnceLock};

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};
use rust_embed::RustEmbed;

/// An argument of a text; made from `&str`, `String` and numbers by `into()`.
pub use fluent_bundle::FluentValue as Arg;

#[derive(RustEmbed)]
#[folder = "nb"]
struct NorwegianFiles;

#[derive(RustEmbed)]
#[folder = "en"]
struct EnglishFiles;

/// A language that pages, mails and documents exist in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Locale {
    /// Norwegian bokmål.
    #[default]
    Nb,
    /// English.
    En,
}

impl Locale {
    pub const ALL: [Self; 2] = [Self::Nb, Self::En];

    /// The tag used in HTML, in the database and in form values: `nb` or `en`.
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::Nb => "nb",
            Self::En => "en",
        }
    }

    /// The language's own name for itself.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Nb => "Norsk (bokmål)",
            Self::En => "English",
        }
    }

    /// Reads a language tag; Norwegian in any form is bokmål, anything unknown is `None`.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag
            .trim()
            .split(['-', '_'])
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        match primary.as_str() {
            "nb" | "no" | "nn" => Some(Self::Nb),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// Picks from an `Accept-Language` header (RFC 9110 section 12.5.4); bokmål when nothing fits.
    #[must_use]
    pub fn from_accept_language(header: &str) -> Self {
        let mut best: Option<(u32, Self)> = None;
        for part in header.split(',').take(16) {
            let mut pieces = part.split(';');
            let Some(locale) = pieces.next().and_then(Self::from_tag) else {
                continue;
            };
            let quality = pieces
                .find_map(|piece| piece.trim().strip_prefix("q="))
                .and_then(|text| text.trim().parse::<f32>().ok())
                .map_or(1000, |quality| (quality.clamp(0.0, 1.0) * 1000.0) as u32);
            if quality > 0 && best.is_none_or(|(held, _)| quality > held) {
                best = Some((quality, locale));
            }
        }
        best.map_or(Self::Nb, |(_, locale)| locale)
    }
}

/// What the program does about a key that does not exist; set once, by [`report_missing`].
static REPORT: OnceLock<fn(Locale, &str)> = OnceLock::new();

/// Calls `report` for every key that is asked for and does not exist. Only the first call of this function counts.
pub fn report_missing(report: fn(Locale, &str)) {
    let _ = REPORT.set(report);
}

static NB: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Locale::Nb));
static EN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Locale::En));

/// The text of `key`. A key that does not exist comes back as itself; a test sees to it that none is missing.
#[must_use]
pub fn t(locale: Locale, key: &str, args: &[(&str, Arg<'_>)]) -> String {
    let bundle = of(locale);
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        if let Some(report) = REPORT.get() {
            report(locale, key);
        }
        return key.to_owned();
    };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, isolated(value))).collect();
    bundle
        .format_pattern(pattern, Some(&args), &mut Vec::new())
        .into_owned()
}

/// What is written from right to left is kept from turning the sentence around it over: it stands between marks that
/// cannot be seen (FSI and PDI, Unicode Standard Annex 9). Everything else stays as it is.
fn isolated<'a>(value: &Arg<'a>) -> Arg<'a> {
    if let Arg::String(text) = value
        && text.chars().any(is_written_from_the_right)
    {
        return format!("\u{2068}{text}\u{2069}").into();
    }
    value.clone()
}

/// Whether a letter is of a script that is written from right to left, by the blocks that Unicode keeps for them.
fn is_written_from_the_right(c: char) -> bool {
    matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}' | '\u{10800}'..='\u{10fff}'
        | '\u{1e800}'..='\u{1efff}')
}

/// Whether `key` exists in `locale`.
#[must_use]
pub fn has(locale: Locale, key: &str) -> bool {
    of(locale).has_message(key)
}

/// The source of one text file, for example `call`, so that a page can hand it to its script.
#[must_use]
pub fn source(locale: Locale, area: &str) -> Option<String> {
    let name = format!("{area}.ftl");
    let file = match locale {
        Locale::Nb => NorwegianFiles::get(&name),
        Locale::En => EnglishFiles::get(&name),
    }?;
    String::from_utf8(file.data.into_owned()).ok()
}

/// Names of the text files of a language, sorted, without their ending.
#[must_use]
pub fn areas(locale: Locale) -> Vec<String> {
    let area = |file: std::borrow::Cow<'static, str>| file.strip_suffix(".ftl").map(str::to_owned);
    let mut areas: Vec<String> = match locale {
        Locale::Nb => NorwegianFiles::iter().filter_map(area).collect(),
        Locale::En => EnglishFiles::iter().filter_map(area).collect(),
    };
    areas.sort();
    areas
}

fn of(locale: Locale) -> &'static FluentBundle<FluentResource> {
    match locale {
        Locale::Nb => &NB,
        Locale::En => &EN,
    }
}

fn bundle(locale: Locale) -> FluentBundle<FluentResource> {
    let language = locale.tag().parse().expect("our tags are language identifiers");
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    // Direction marks around arguments would end up in mails, documents and page titles.
    bundle.set_use_isolating(false);
    for area in areas(locale) {
        let text = source(locale, &area).unwrap_or_default();
        // Mistakes in a file and keys defined twice are found by a test; here the rest of the file still counts.
        let resource = FluentResource::try_new(text).unwrap_or_else(|(resource, _)| resource);
        let _ = bundle.add_resource(resource);
    }
    bundle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_follows_the_browser() {
        fn check(header: &str, expect: Locale) {
            assert_eq!(Locale::from_accept_language(header), expect, "{header}");
        }
        check("", Locale::Nb);
        check("en-GB,en;q=0.9,nb;q=0.8", Locale::En);
        check("de,en;q=0.3,nn;q=0.7", Locale::Nb);
        check("en;q=0,no", Locale::Nb);
        check("*;q=x,,;;", Locale::Nb);
    }

    #[test]
    fn an_unknown_key_is_shown_as_it_is() {
        assert_eq!(t(Locale::Nb, "no-such-key", &[]), "no-such-key");
    }

    /// How long accounting records are kept is a setting (`retention.accounting_years`).
    #[test]
    fn no_text_says_how_many_years_receipts_are_kept() {
        for locale in Locale::ALL {
            for area in areas(locale) {
                let text = source(locale, &area).expect("it is listed");
                for line in text.lines() {
                    for years in ["fem år", "5 år", "five years", "5 years"] {
                        assert!(!line.to_lowercase().contains(years), "{area}: {line}");
                    }
                }
            }
        }
    }
}
