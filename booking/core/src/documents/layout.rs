//! Lays a document out on A4: where each text and hairline stands, and what it is to those who have it read aloud.

use texts::{Locale, t};
use unicode_normalization::char::is_combining_mark;

use super::fonts::{Weight, printable, width};

/// A4, points.
pub(super) const PAGE: (f32, f32) = (595.28, 841.89);
pub(super) const MARGIN: f32 = 56.0;
pub(super) const RIGHT: f32 = PAGE.0 - MARGIN;
/// First baseline of a page.
const TOP: f32 = MARGIN + 24.0;
/// Last baseline above the footer; what comes after it stands on the next page.
const BOTTOM: f32 = PAGE.1 - MARGIN - 24.0;
/// Where the second column of the head begins.
const MIDDLE: f32 = 312.0;
/// Kept free for amounts.
const AMOUNTS: f32 = 110.0;
const TEXT_PT: f32 = 10.0;
const TITLE_PT: f32 = 24.0;
const NUMBER_PT: f32 = 14.0;
const FOOTER_PT: f32 = 8.0;
const LINE_PT: f32 = 15.0;
/// Lines that a text may wrap to; what is longer is cut with an ellipsis, so that the head always fits a page.
const WRAP_MAX: usize = 6;

/// What stands on the pages, as finished sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) locale: Locale,
    /// What the kind is called, for the footer.
    pub(super) name: String,
    pub(super) title: String,
    pub(super) number: String,
    /// Label and value.
    pub(super) facts: Vec<(String, String)>,
    /// Heading, then lines.
    pub(super) seller: Vec<String>,
    pub(super) buyer: Vec<String>,
    pub(super) item_heading: (String, String),
    pub(super) items: Vec<Item>,
    /// Why there is no tax.
    pub(super) tax_notes: Vec<String>,
    /// Label and amount; the last is the total.
    pub(super) totals: Vec<(String, String)>,
    /// Heading, then label and amount; nothing where there is no row.
    pub(super) payment_heading: String,
    pub(super) payment: Vec<(String, String)>,
    pub(super) notes: Vec<String>,
}

/// A line of the table; the amount stands at the first row of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) text: Vec<String>,
    pub(super) amount: String,
}

/// What is drawn, and how it hangs together.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) pages: usize,
    pub(super) marks: Vec<Mark>,
    pub(super) elements: Vec<Element>,
    /// Places in `elements`.
    pub(super) top: Vec<usize>,
}

/// Something drawn, by the left end of its baseline.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) page: usize,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) ink: Ink,
}

#[derive(Debug)]
pub(super) enum Ink {
    Text {
        text: String,
        size: f32,
        weight: Weight,
    },
    /// Of the page and not of the document.
    Footer {
        text: String,
        size: f32,
    },
    /// A hairline over the page's width.
    Rule,
}

/// A part of the document as it is read aloud (ISO 32000-1, 14.8.4).
#[derive(Debug)]
pub(super) struct Element {
    pub(super) role: Role,
    pub(super) children: Vec<Child>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Title,
    Heading,
    Paragraph,
    Table,
    Row,
    ColumnHeader,
    RowHeader,
    Cell,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Child {
    /// Places in [`Layout::elements`] and [`Layout::marks`].
    Element(usize),
    Mark(usize),
}

/// Lays a sheet out.
pub(super) fn lay_out(sheet: &Sheet) -> Layout {
    let mut pen = Pen {
        layout: Layout::default(),
        open: Vec::new(),
        page: 0,
        y: TOP,
    };
    pen.title(sheet);
    pen.facts(sheet);
    pen.parties(sheet);
    pen.items(sheet);
    pen.totals(sheet);
    pen.payment(sheet);
    pen.notes(&sheet.notes);
    pen.footers(sheet);
    pen.layout
}

struct Pen {
    layout: Layout,
    /// Elements that what is drawn belongs to, the innermost last.
    open: Vec<usize>,
    page: usize,
    y: f32,
}

impl Pen {
    /// A title that is too long to stand beside the number, as a test receipt's, goes on below.
    fn title(&mut self, sheet: &Sheet) {
        let room = RIGHT - MARGIN - width(&sheet.number, NUMBER_PT, Weight::Regular) - 24.0;
        let first = self.y;
        self.within(Role::Title, |pen| {
            for (index, part) in wrap(&sheet.title, TITLE_PT, Weight::Bold, room).iter().enumerate() {
                if index > 0 {
                    pen.y += 1.2 * TITLE_PT;
                }
                pen.text(MARGIN, TITLE_PT, Weight::Bold, part);
            }
        });
        let last = std::mem::replace(&mut self.y, first);
        self.within(Role::Paragraph, |pen| {
            pen.right(NUMBER_PT, Weight::Regular, &sheet.number);
        });
        self.y = last + 14.0;
        self.rule();
    }

    fn facts(&mut self, sheet: &Sheet) {
        self.within(Role::Table, |pen| {
            for (label, value) in &sheet.facts {
                pen.within(Role::Row, |pen| {
                    pen.y += LINE_PT;
                    pen.within(Role::RowHeader, |pen| pen.plain(MARGIN, label));
                    pen.within(Role::Cell, |pen| pen.plain(MARGIN + AMOUNTS, value));
                });
            }
        });
        self.y += 2.0 * LINE_PT;
    }

    /// Seller and buyer, side by side.
    fn parties(&mut self, sheet: &Sheet) {
        let top = self.y;
        let mut lowest = top;
        for (x, lines) in [(MARGIN, &sheet.seller), (MIDDLE, &sheet.buyer)] {
            self.y = top;
            for (index, line) in lines.iter().enumerate() {
                let (role, weight) = if index == 0 {
                    (Role::Heading, Weight::Bold)
                } else {
                    (Role::Paragraph, Weight::Regular)
                };
                self.within(role, |pen| {
                    for part in wrap(line, TEXT_PT, weight, MIDDLE - MARGIN - 24.0) {
                        pen.text(x, TEXT_PT, weight, &part);
                        pen.y += LINE_PT;
                    }
                });
            }
            lowest = lowest.max(self.y);
        }
        self.y = lowest + 1.5 * LINE_PT;
    }

    fn items(&mut self, sheet: &Sheet) {
        self.within(Role::Table, |pen| {
            pen.within(Role::Row, |pen| {
                pen.within(Role::ColumnHeader, |pen| {
                    pen.text(MARGIN, TEXT_PT, Weight::Bold, &sheet.item_heading.0);
                });
                pen.within(Role::ColumnHeader, |pen| {
                    pen.right(TEXT_PT, Weight::Bold, &sheet.item_heading.1);
                });
            });
            pen.y += 8.0;
            pen.rule();
            for item in &sheet.items {
                pen.item(item);
            }
        });
        self.y += 12.0;
        self.rule();
    }

    fn item(&mut self, item: &Item) {
        self.within(Role::Row, |pen| {
            let mut first = None;
            pen.within(Role::Cell, |pen| {
                for part in item.text.iter().flat_map(|line| {
                    let parts = wrap(line, TEXT_PT, Weight::Regular, RIGHT - MARGIN - AMOUNTS);
                    parts.into_iter()
                }) {
                    pen.advance(LINE_PT);
                    first.get_or_insert((pen.page, pen.y));
                    pen.plain(MARGIN, &part);
                }
            });
            let last = (pen.page, pen.y);
            (pen.page, pen.y) = first.unwrap_or(last);
            pen.within(Role::Cell, |pen| pen.right(TEXT_PT, Weight::Regular, &item.amount));
            (pen.page, pen.y) = last;
        });
    }

    fn totals(&mut self, sheet: &Sheet) {
        self.notes(&sheet.tax_notes);
        let last = sheet.totals.len().saturating_sub(1);
        self.rows(&sheet.totals, |index| {
            if index == last { Weight::Bold } else { Weight::Regular }
        });
        self.y += LINE_PT;
    }

    fn payment(&mut self, sheet: &Sheet) {
        if sheet.payment.is_empty() {
            return;
        }
        self.advance(LINE_PT);
        self.within(Role::Heading, |pen| {
            pen.wrapped(&sheet.payment_heading, Weight::Bold, RIGHT - MARGIN);
        });
        self.y += 8.0;
        self.rule();
        self.rows(&sheet.payment, |_| Weight::Regular);
        self.y += LINE_PT;
    }

    fn rows(&mut self, rows: &[(String, String)], weight: impl Fn(usize) -> Weight) {
        self.within(Role::Table, |pen| {
            for (index, (label, amount)) in rows.iter().enumerate() {
                pen.advance(LINE_PT);
                pen.within(Role::Row, |pen| {
                    pen.within(Role::RowHeader, |pen| {
                        pen.text(MARGIN, TEXT_PT, weight(index), label);
                    });
                    pen.within(Role::Cell, |pen| pen.right(TEXT_PT, weight(index), amount));
                });
            }
        });
    }

    fn notes(&mut self, notes: &[String]) {
        for note in notes {
            self.advance(LINE_PT);
            self.within(Role::Paragraph, |pen| {
                pen.wrapped(note, Weight::Regular, RIGHT - MARGIN);
            });
        }
    }

    fn footers(&mut self, sheet: &Sheet) {
        self.layout.pages = self.page + 1;
        for page in 0..self.layout.pages {
            let args = [
                ("name", sheet.name.as_str().into()),
                ("number", sheet.number.as_str().into()),
                ("page", (page + 1).to_string().into()),
                ("pages", self.layout.pages.to_string().into()),
            ];
            let text = t(sheet.locale, "document-page", &args);
            let ink = Ink::Footer { text, size: FOOTER_PT };
            let (x, y) = (MARGIN, PAGE.1 - MARGIN);
            self.layout.marks.push(Mark { page, x, y, ink });
        }
    }

    /// Draws an element's parts.
    fn within(&mut self, role: Role, draw: impl FnOnce(&mut Self)) {
        let index = self.layout.elements.len();
        let element = Element {
            role,
            children: Vec::new(),
        };
        self.layout.elements.push(element);
        self.adopt(Child::Element(index));
        self.open.push(index);
        draw(self);
        self.open.pop();
    }

    fn adopt(&mut self, child: Child) {
        match (self.open.last(), child) {
            (Some(&parent), child) => self.layout.elements[parent].children.push(child),
            (None, Child::Element(index)) => self.layout.top.push(index),
            (None, Child::Mark(_)) => {}
        }
    }

    /// The next line, on the next page where this one is full.
    fn advance(&mut self, by: f32) {
        self.y += by;
        if self.y > BOTTOM {
            self.page += 1;
            self.y = TOP;
        }
    }

    /// The first line stands at the pen, the others below.
    fn wrapped(&mut self, text: &str, weight: Weight, max: f32) {
        for (index, part) in wrap(text, TEXT_PT, weight, max).iter().enumerate() {
            if index > 0 {
                self.advance(LINE_PT);
            }
            self.text(MARGIN, TEXT_PT, weight, part);
        }
    }

    fn plain(&mut self, x: f32, text: &str) {
        self.text(x, TEXT_PT, Weight::Regular, text);
    }

    fn text(&mut self, x: f32, size: f32, weight: Weight, text: &str) {
        if text.is_empty() {
            return;
        }
        let ink = Ink::Text {
            text: text.to_owned(),
            size,
            weight,
        };
        self.adopt(Child::Mark(self.layout.marks.len()));
        self.push(x, ink);
    }

    fn right(&mut self, size: f32, weight: Weight, text: &str) {
        self.text(RIGHT - width(text, size, weight), size, weight, text);
    }

    fn rule(&mut self) {
        self.push(MARGIN, Ink::Rule);
        self.y += 4.0;
    }

    fn push(&mut self, x: f32, ink: Ink) {
        let (page, y) = (self.page, self.y);
        self.layout.marks.push(Mark { page, x, y, ink });
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
    if width(word, size, weight) <= max {
        return vec![word.to_owned()];
    }
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
    use super::super::paper::tests::paper;
    use super::*;

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

    #[test]
    fn what_does_not_fit_a_page_goes_on_with_the_next() {
        let mut paper = paper(Locale::Nb);
        paper.lines = vec![paper.lines[0].clone(); 120];
        let layout = lay_out(&paper.sheet());
        assert_eq!(layout.pages, 4);
        for page in 0..4 {
            let marks: Vec<&Mark> = layout.marks.iter().filter(|mark| mark.page == page).collect();
            assert!(marks.iter().all(|mark| mark.y <= PAGE.1 - MARGIN), "{marks:?}");
            let footer = format!("side {} av 4", page + 1);
            let has = |mark: &&Mark| matches!(&mark.ink, Ink::Footer { text, .. } if text.contains(&footer));
            assert_eq!(marks.iter().filter(|mark| has(mark)).count(), 1, "{footer}");
        }
    }

    #[test]
    fn everything_that_is_said_belongs_to_the_document() {
        let layout = lay_out(&paper(Locale::En).sheet());
        let owned = layout.elements.iter().flat_map(|element| &element.children);
        let marks = owned.filter(|child| matches!(child, Child::Mark(_))).count();
        let texts = layout
            .marks
            .iter()
            .filter(|mark| matches!(mark.ink, Ink::Text { .. }))
            .count();
        assert_eq!(marks, texts);
        let first = &layout.elements[layout.top[0]];
        assert_eq!(first.role, Role::Title);
        let tables = layout
            .elements
            .iter()
            .filter(|element| element.role == Role::Table)
            .count();
        assert_eq!(tables, 3, "facts, items and totals; nothing was paid");
    }
}
