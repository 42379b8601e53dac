//! The fonts of documents: the house's own, and Noto for letters that it lacks. A name of any script is printed; what no
//! font here has is written in Latin letters.

use std::sync::LazyLock;

use krilla::text::{Font, TextDirection};
use rustybuzz::{Direction, Face, UnicodeBuffer};
use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// In the order in which they are asked. How they were made: `assets/noto/make_fonts.py`.
const FILES: [&[u8]; 9] = [
    include_bytes!("../../assets/schibsted-grotesk.ttf"),
    include_bytes!("../../assets/schibsted-grotesk-650.ttf"),
    include_bytes!("../../assets/noto/noto-latin.ttf"),
    include_bytes!("../../assets/noto/noto-hebrew.ttf"),
    include_bytes!("../../assets/noto/noto-arabic.ttf"),
    include_bytes!("../../assets/noto/noto-thai.ttf"),
    include_bytes!("../../assets/noto/noto-han.ttf"),
    include_bytes!("../../assets/noto/noto-hangul.ttf"),
    include_bytes!("../../assets/noto/noto-emoji.ttf"),
];
/// Where in [`FILES`] the fonts begin that both weights fall back to.
const FALLBACKS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    fn file(self) -> usize {
        match self {
            Self::Regular => 0,
            Self::Bold => 1,
        }
    }
}

struct Loaded {
    font: Font,
    face: Face<'static>,
}

static FONTS: LazyLock<Vec<Loaded>> = LazyLock::new(|| {
    let load = |data: &'static [u8]| Loaded {
        font: Font::new(data.into(), 0).expect("the embedded fonts are fonts"),
        face: Face::from_slice(data, 0).expect("the embedded fonts are fonts"),
    };
    FILES.map(load).into_iter().collect()
});

/// A part of a line that one font draws in one direction.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Run {
    /// Place in [`FILES`].
    file: usize,
    /// In the order in which it is read aloud.
    pub(super) text: String,
    is_rtl: bool,
}

impl Run {
    pub(super) fn font(&self) -> Font {
        FONTS[self.file].font.clone()
    }

    pub(super) fn direction(&self) -> TextDirection {
        if self.is_rtl {
            TextDirection::RightToLeft
        } else {
            TextDirection::LeftToRight
        }
    }

    /// Width in points, shaped as it is drawn.
    pub(super) fn width(&self, size: f32) -> f32 {
        let face = &FONTS[self.file].face;
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&self.text);
        buffer.set_direction(if self.is_rtl {
            Direction::RightToLeft
        } else {
            Direction::LeftToRight
        });
        buffer.guess_segment_properties();
        let shaped = rustybuzz::shape(face, &[], buffer);
        let units: i32 = shaped.glyph_positions().iter().map(|at| at.x_advance).sum();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a line has far fewer units than a float holds exactly"
        )]
        let (units, em) = (units as f32, face.units_per_em() as f32);
        units * size / em
    }
}

/// Width of a line in points.
pub(super) fn width(text: &str, size: f32, weight: Weight) -> f32 {
    runs(text, weight).iter().map(|run| run.width(size)).sum()
}

/// A line as its runs, from left to right as they are seen.
pub(super) fn runs(text: &str, weight: Weight) -> Vec<Run> {
    let text = printable(text);
    let bidi = BidiInfo::new(&text, Some(Level::ltr()));
    let mut runs = Vec::new();
    for paragraph in &bidi.paragraphs {
        let (levels, ranges) = bidi.visual_runs(paragraph, paragraph.range.clone());
        for range in ranges {
            let is_rtl = levels[range.start].is_rtl();
            let mut parts = by_font(&text[range], weight, is_rtl);
            if is_rtl {
                parts.reverse();
            }
            runs.append(&mut parts);
        }
    }
    runs
}

/// Splits a text of one direction at changes of font, in the order in which it is read.
fn by_font(text: &str, weight: Weight, is_rtl: bool) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for word in text.split_inclusive(' ') {
        // A word is set in one font, where one has all of it.
        let whole = files(weight).find(|file| word.chars().all(|c| has(*file, c)));
        for c in word.chars() {
            let before = runs.last().map(|run| run.file);
            let file = whole.unwrap_or_else(|| match before {
                Some(before) if joins(c) || has(before, c) => before,
                _ => files(weight).find(|file| has(*file, c)).unwrap_or(weight.file()),
            });
            match runs.last_mut() {
                Some(run) if run.file == file => run.text.push(c),
                Some(_) | None => runs.push(Run {
                    file,
                    text: c.to_string(),
                    is_rtl,
                }),
            }
        }
    }
    runs
}

/// The fonts that may draw text of a weight, the best first.
fn files(weight: Weight) -> impl Iterator<Item = usize> {
    std::iter::once(weight.file()).chain(FALLBACKS..FILES.len())
}

fn has(file: usize, c: char) -> bool {
    FONTS[file].face.glyph_index(c).is_some()
}

/// Whether a character belongs to the one before it: a mark on it, or what ties it to the next.
fn joins(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\u{200c}' | '\u{200d}')
}

/// The text as fonts can draw it: composed, with plain spaces, without what cannot be seen, and in Latin letters where no
/// font has the original.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.nfc() {
        // Every kind of space becomes the plain one: a copied or searched amount is then what one would type.
        if c.is_whitespace() {
            out.push(' ');
        } else if is_hidden(c) {
            // Directions are worked out from the letters, and a line cannot be turned over by what stands in it.
        } else if files(Weight::Regular).any(|file| has(file, c)) {
            out.push(c);
        } else {
            let unknown = if is_combining_mark(c) { "" } else { "\u{b7}" };
            out.push_str(deunicode::deunicode_char(c).unwrap_or(unknown));
        }
    }
    out
}

/// Controls, marks of direction, and choices between the forms of an emoji.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(text: &str) -> Vec<(usize, String, bool)> {
        let runs = runs(text, Weight::Regular).into_iter();
        runs.map(|run| (run.file, run.text, run.is_rtl)).collect()
    }

    /// Trial B7: a receipt printed "?" for these.
    #[test]
    fn b07_every_script_finds_a_font() {
        for (text, file) in [
            ("Åse Ødegård", 0),
            ("A\u{30a}se", 0),
            ("Анна Петрова", 2),
            ("Γιώργος", 2),
            ("Nguyễn", 2),
            ("№", 2),
            ("דוד", 3),
            ("محمد", 4),
            ("สมชาย", 5),
            ("王小明", 6),
            ("ひらがな", 6),
            ("김민준", 7),
            ("🐶", 8),
            ("👩‍⚕️", 8),
        ] {
            let runs = drawn(text);
            assert!(runs.iter().all(|run| run.0 == file), "{text}: {runs:?}");
            assert!(width(text, 10.0, Weight::Regular) > 0.0, "{text}");
        }
    }

    #[test]
    fn a_line_of_two_directions_is_laid_out_from_left_to_right() {
        let runs = drawn("Kari אבג דה 12");
        let seen: Vec<&str> = runs.iter().map(|run| run.1.as_str()).collect();
        assert_eq!(seen.concat().chars().filter(|c| *c != ' ').count(), 11, "{runs:?}");
        assert_eq!(runs[0], (0, "Kari ".into(), false));
        assert!(runs.iter().any(|run| run.2 && run.1.contains("אבג")), "{runs:?}");
        // Nothing that somebody types turns the rest of the line over.
        assert_eq!(drawn("\u{202e}Kari\u{202c}"), [(0, "Kari".into(), false)]);
    }

    #[test]
    fn what_no_font_has_is_written_in_latin_letters() {
        assert_eq!(printable("ქეთი"), "k`et`i");
        assert_eq!(printable("a\u{0}\u{a0}b\u{200b}"), "a b");
        assert_eq!(printable("\u{e000}"), "·");
        for text in ["የኢትዮጵያ", "தமிழ்", "नमस्ते"] {
            let printed = printable(text);
            assert!(
                printed.is_ascii() && !printed.contains('?') && printed.len() > 3,
                "{printed}"
            );
        }
    }
}
