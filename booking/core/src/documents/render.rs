//! Draws a layout as tagged PDF: headings, paragraphs and tables can be read aloud. Equal input gives equal bytes.

use std::num::NonZeroU16;

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, SpanTag, TableHeaderScope, Tag, TagGroup, TagKind, TagTree,
};

use super::fonts::{Weight, runs};
use super::layout::{Child, Ink, Layout, MARGIN, Mark, PAGE, RIGHT, Role, Sheet, lay_out};

/// The PDF could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the PDF could not be made: {0}")]
pub(super) struct RenderError(String);

/// Draws the pages.
///
/// # Errors
/// When the PDF library refuses them.
pub(super) fn render(sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
    render_in(Document::new(), sheet)
}

fn render_in(mut document: Document, sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
    let layout = lay_out(sheet);
    let mut identifiers = vec![None; layout.marks.len()];
    for number in 0..layout.pages {
        let settings = PageSettings::from_wh(PAGE.0, PAGE.1).expect("A4 has a size");
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for (mark, identifier) in layout.marks.iter().zip(&mut identifiers) {
            if mark.page == number {
                *identifier = draw(&mut surface, mark);
            }
        }
        surface.finish();
        page.finish();
    }
    document.set_tag_tree(tree(&layout, &identifiers, sheet));
    document.set_metadata(
        Metadata::new()
            .title(format!("{} {}", sheet.title, sheet.number))
            .language(sheet.locale.tag().to_owned())
            .creator("Booka".to_owned()),
    );
    document.finish().map_err(|error| RenderError(format!("{error:?}")))
}

/// Draws a mark; what belongs to the document has an identifier.
fn draw(surface: &mut Surface<'_>, mark: &Mark) -> Option<Identifier> {
    let of_page = |kind| ContentTag::Artifact(Artifact::with_kind(kind));
    let identifier = match &mark.ink {
        Ink::Text { text, size, weight } => {
            let identifier = surface.start_tagged(ContentTag::Span(SpanTag::empty()));
            draw_text(surface, mark, text, *size, *weight);
            Some(identifier)
        }
        Ink::Footer { text, size } => {
            surface.start_tagged(of_page(ArtifactType::Footer));
            draw_text(surface, mark, text, *size, Weight::Regular);
            None
        }
        Ink::Rule => {
            surface.start_tagged(of_page(ArtifactType::Layout));
            let rect = Rect::from_xywh(MARGIN, mark.y, RIGHT - MARGIN, 0.6).expect("the page has a width");
            let mut path = PathBuilder::new();
            path.push_rect(rect);
            surface.set_fill(Some(ink(150)));
            surface.draw_path(&path.finish().expect("a rectangle is a path"));
            None
        }
    };
    surface.end_tagged();
    identifier
}

fn draw_text(surface: &mut Surface<'_>, mark: &Mark, text: &str, size: f32, weight: Weight) {
    let mut x = mark.x;
    for run in runs(text, weight) {
        surface.set_fill(Some(ink(26)));
        let at = Point::from_xy(x, mark.y);
        surface.draw_text(at, run.font(), size, &run.text, false, run.direction());
        x += run.width(size);
    }
}

fn ink(grey: u8) -> Fill {
    Fill {
        paint: rgb::Color::new(grey, grey, grey).into(),
        opacity: NormalizedF32::ONE,
        rule: FillRule::NonZero,
    }
}

fn tree(layout: &Layout, identifiers: &[Option<Identifier>], sheet: &Sheet) -> TagTree {
    let mut tree = TagTree::new().with_lang(Some(sheet.locale.tag().to_owned()));
    for &index in &layout.top {
        tree.push(group(layout, identifiers, index));
    }
    tree
}

fn group(layout: &Layout, identifiers: &[Option<Identifier>], index: usize) -> TagGroup {
    let element = &layout.elements[index];
    let mut group = TagGroup::new(tag(layout, index));
    for child in &element.children {
        match *child {
            Child::Element(index) => group.push(self::group(layout, identifiers, index)),
            Child::Mark(index) => {
                if let Some(identifier) = identifiers[index] {
                    group.push(identifier);
                }
            }
        }
    }
    group
}

fn tag(layout: &Layout, index: usize) -> TagKind {
    let heading = |level| {
        let level = NonZeroU16::new(level).expect("headings begin at 1");
        TagKind::from(Tag::Hn(level, Some(text_of(layout, index))))
    };
    match layout.elements[index].role {
        Role::Title => heading(1),
        Role::Heading => heading(2),
        Role::Paragraph => Tag::P.into(),
        Role::Table => Tag::Table.into(),
        Role::Row => Tag::TR.into(),
        Role::ColumnHeader => Tag::TH(TableHeaderScope::Column).into(),
        Role::RowHeader => Tag::TH(TableHeaderScope::Row).into(),
        Role::Cell => Tag::TD.into(),
    }
}

/// What an element says itself.
fn text_of(layout: &Layout, index: usize) -> String {
    let said = layout.elements[index].children.iter().filter_map(|child| match *child {
        Child::Mark(mark) => match &layout.marks[mark].ink {
            Ink::Text { text, .. } => Some(text.as_str()),
            Ink::Footer { .. } | Ink::Rule => None,
        },
        Child::Element(_) => None,
    });
    said.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::paper::tests::paper;
    use super::*;
    use texts::Locale;

    #[test]
    fn equal_input_gives_equal_bytes() {
        let sheet = paper(Locale::Nb).sheet();
        let bytes = render(&sheet).expect("renders");
        assert!(bytes.starts_with(b"%PDF-"));
        assert_eq!(bytes, render(&sheet).expect("renders"));
    }

    #[test]
    fn hostile_texts_still_make_a_page() {
        let mut hostile = paper(Locale::En);
        hostile.lines[0].text = vec![
            "x".repeat(5_000),
            "\u{0}\u{202e}\r\n漢字 🐕 \u{301}".into(),
            String::new(),
        ];
        hostile.seller.name = " ".repeat(3_000);
        hostile.seller.address = vec!["a b ".repeat(2_000); 3];
        hostile.notes = vec!["\u{200b}".into(), "ж".repeat(4_000)];
        assert!(render(&hostile.sheet()).is_ok());
    }
}
