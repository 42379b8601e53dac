//! Draws a document as PDF: one A4 page, text only, from finished sentences. Equal input gives equal bytes.

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use unicode_normalization::char::is_combining_mark;

use super::fonts::{Weight, printable, runs, width};

/// A4, points.
const PAGE: (f32, f32) = (595.28, 841.89);
const MARGIN: f32 = 56.0;
const RIGHT: f32 = PAGE.0 - MARGIN;
/// Where the second column of the head begins.
const MIDDLE: f32 = 312.0;
const TEXT_PT: f32 = 10.0;
const TITLE_PT: f32 = 24.0;
const NUMBER_PT: f32 = 14.0;
const LINE_PT: f32 = 15.0;
/// Lines that a text may wrap to; what is longer is cut with an ellipsis, so that everything fits the page.
const WRAP_MAX: usize = 6;

/// What stands on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    /// BCP 47 tag.
    pub(super) language: String,
    pub(super) title: String,
    pub(super) number: String,
    /// Label and value.
    pub(super) facts: Vec<(String, String)>,
    /// Heading, then lines.
    pub(super) seller: Vec<String>,
    pub(super) buyer: Vec<String>,
    pub(super) item_heading: (String, String),
    /// Lines of the description; the amount stands at the first.
    pub(super) item: Vec<String>,
    pub(super) item_amount: String,
    /// Label and amount; the last is the total.
    pub(super) totals: Vec<(String, String)>,
    /// Heading, then label and amount.
    pub(super) payment_heading: String,
    pub(super) payment: Vec<(String, String)>,
    pub(super) footer: String,
}

/// The PDF could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the PDF could not be made: {0}")]
pub(super) struct RenderError(String);

/// Draws the page.
///
/// # Errors
/// When the PDF library refuses it.
pub(super) fn render(sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
    let mut document = Document::new();
    let settings = PageSettings::from_wh(PAGE.0, PAGE.1).expect("A4 has a size");
    let mut page = document.start_page_with(settings);
    let mut surface = page.surface();
    let mut pen = Pen {
        surface: &mut surface,
        y: MARGIN + 24.0,
    };
    pen.head(sheet);
    pen.body(sheet);
    surface.finish();
    page.finish();
    document.set_metadata(
        Metadata::new()
            .title(format!("{} {}", sheet.title, sheet.number))
            .language(sheet.language.clone())
            .creator("Booka".to_owned()),
    );
    document.finish().map_err(|error| RenderError(format!("{error:?}")))
}

struct Pen<'a, 'b> {
    surface: &'a mut Surface<'b>,
    y: f32,
}

impl Pen<'_, '_> {
    fn head(&mut self, sheet: &Sheet) {
        self.title(sheet);
        self.y += 14.0;
        self.rule();
        for (label, value) in &sheet.facts {
            self.y += LINE_PT;
            self.text(MARGIN, TEXT_PT, Weight::Regular, label);
            self.text(MARGIN + 110.0, TEXT_PT, Weight::Regular, value);
        }
        self.y += 2.0 * LINE_PT;
        let top = self.y;
        let mut lowest = top;
        for (x, lines) in [(MARGIN, &sheet.seller), (MIDDLE, &sheet.buyer)] {
            self.y = top;
            for (index, line) in lines.iter().enumerate() {
                let weight = if index == 0 { Weight::Bold } else { Weight::Regular };
                for part in wrap(line, TEXT_PT, weight, MIDDLE - MARGIN - 24.0) {
                    self.text(x, TEXT_PT, weight, &part);
                    self.y += LINE_PT;
                }
            }
            lowest = lowest.max(self.y);
        }
        self.y = lowest;
    }

    /// A title that is too long to stand beside the number, as a test receipt's, goes on below.
    fn title(&mut self, sheet: &Sheet) {
        let room = RIGHT - MARGIN - width(&sheet.number, NUMBER_PT, Weight::Regular) - 24.0;
        self.right(RIGHT, NUMBER_PT, Weight::Regular, &sheet.number);
        for (index, part) in wrap(&sheet.title, TITLE_PT, Weight::Bold, room).iter().enumerate() {
            if index > 0 {
                self.y += 1.2 * TITLE_PT;
            }
            self.text(MARGIN, TITLE_PT, Weight::Bold, part);
        }
    }

    fn body(&mut self, sheet: &Sheet) {
        self.y += 1.5 * LINE_PT;
        self.text(MARGIN, TEXT_PT, Weight::Bold, &sheet.item_heading.0);
        self.right(RIGHT, TEXT_PT, Weight::Bold, &sheet.item_heading.1);
        self.y += 8.0;
        self.rule();
        for (index, line) in sheet.item.iter().enumerate() {
            for (row, part) in wrap(line, TEXT_PT, Weight::Regular, RIGHT - MARGIN - 110.0)
                .iter()
                .enumerate()
            {
                self.y += LINE_PT;
                self.text(MARGIN, TEXT_PT, Weight::Regular, part);
                if index == 0 && row == 0 {
                    self.right(RIGHT, TEXT_PT, Weight::Regular, &sheet.item_amount);
                }
            }
        }
        self.y += 12.0;
        self.rule();
        for (index, (label, amount)) in sheet.totals.iter().enumerate() {
            let weight = if index + 1 == sheet.totals.len() {
                Weight::Bold
            } else {
                Weight::Regular
            };
            self.row(label, amount, weight);
        }
        self.y += 2.0 * LINE_PT;
        self.text(MARGIN, TEXT_PT, Weight::Bold, &sheet.payment_heading);
        self.y += 8.0;
        self.rule();
        for (label, amount) in &sheet.payment {
            self.row(label, amount, Weight::Regular);
        }
        self.y = PAGE.1 - MARGIN;
        self.text(MARGIN, 8.0, Weight::Regular, &sheet.footer);
    }

    fn row(&mut self, label: &str, amount: &str, weight: Weight) {
        self.y += LINE_PT;
        self.text(MARGIN, TEXT_PT, weight, label);
        self.right(RIGHT, TEXT_PT, weight, amount);
    }

    fn text(&mut self, mut x: f32, size: f32, weight: Weight, text: &str) {
        for run in runs(text, weight) {
            self.surface.set_fill(Some(ink(26)));
            let at = Point::from_xy(x, self.y);
            self.surface
                .draw_text(at, run.font(), size, &run.text, false, run.direction());
            x += run.width(size);
        }
    }

    fn right(&mut self, x: f32, size: f32, weight: Weight, text: &str) {
        self.text(x - width(text, size, weight), size, weight, text);
    }

    /// A hairline over the page's width, under the current line.
    fn rule(&mut self) {
        let rect = Rect::from_xywh(MARGIN, self.y, RIGHT - MARGIN, 0.6).expect("the page has a width");
        let mut path = PathBuilder::new();
        path.push_rect(rect);
        self.surface.set_fill(Some(ink(150)));
        self.surface.draw_path(&path.finish().expect("a rectangle is a path"));
        self.y += 4.0;
    }
}

fn ink(grey: u8) -> Fill {
    Fill {
        paint: rgb::Color::new(grey, grey, grey).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

/// Breaks a text into lines of at most `max` points, at spaces, and in words that are longer than a line.
fn wrap(text: &str, size: f32, weight: Weight, max: f32) -> Vec<String> {
    let text = printable(text);
    let mut lines = vec![String::new()];
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        for piece in pieces(word, size, weight, max) {
            let line = lines.last_mut().expect("there is always a line");
            let joined = if line.is_empty() {
                piece.clone()
            } else {
                format!("{line} {piece}")
            };
            if width(&joined, size, weight) <= max {
                *line = joined;
            } else {
                lines.push(piece);
            }
        }
    }
    if lines.len() > WRAP_MAX {
        lines.truncate(WRAP_MAX);
        if let Some(last) = lines.last_mut() {
            last.push('…');
        }
    }
    lines
}

/// A word in pieces that each fit a line.
fn pieces(word: &str, size: f32, weight: Weight, max: f32) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for c in word.chars() {
        let piece = pieces.last_mut().expect("there is always a piece");
        piece.push(c);
        if piece.chars().count() > 1 && !is_combining_mark(c) && width(piece, size, weight) > max {
            piece.pop();
            pieces.push(c.to_string());
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|&(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    fn sheet() -> Sheet {
        Sheet {
            language: "nb".into(),
            title: "Kvittering".into(),
            number: "2026-000001".into(),
            facts: pairs(&[("Dato", "24. november 2026")]),
            seller: vec!["Selger".into(), "Dyreklinikken Nordli AS".into()],
            buyer: vec!["Kjøper".into(), "Ola Hansen".into()],
            item_heading: ("Beskrivelse".into(), "Beløp".into()),
            item: vec!["Videotime".into(), "Tid sammen 25 s".into()],
            item_amount: "15,00\u{a0}kr".into(),
            totals: pairs(&[("Uten mva.", "12,00 kr"), ("Mva. 25 %", "3,00 kr"), ("Sum", "15,00 kr")]),
            payment_heading: "Betaling".into(),
            payment: pairs(&[("Reservert", "450,00 kr"), ("Trukket", "15,00 kr")]),
            footer: "Kvittering 2026-000001".into(),
        }
    }

    #[test]
    fn equal_input_gives_equal_bytes() {
        let bytes = render(&sheet()).expect("renders");
        assert!(bytes.starts_with(b"%PDF-"));
        assert_eq!(bytes, render(&sheet()).expect("renders"));
    }

    #[test]
    fn hostile_texts_still_make_a_page() {
        let mut hostile = sheet();
        hostile.item = vec![
            "x".repeat(5_000),
            "\u{0}\u{202e}\r\n漢字 🐕 \u{301}".into(),
            String::new(),
        ];
        hostile.seller = vec![" ".repeat(3_000), "a b ".repeat(2_000)];
        assert!(render(&hostile).is_ok());
    }

    #[test]
    fn long_texts_wrap_within_their_width() {
        let max = 120.0;
        for text in ["kort", "en lang setning som må brytes flere steder", &"W".repeat(60)] {
            let lines = wrap(text, TEXT_PT, Weight::Regular, max);
            assert!(
                lines.iter().all(|line| width(line, TEXT_PT, Weight::Regular) <= max),
                "{lines:?}"
            );
        }
    }
}
