//! Elements one after the other, with texts that no reader stumbles over.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

/// Pieces of a document, as they are written.
#[derive(Default)]
pub(in crate::books) struct Xml {
    writer: Inner,
}

struct Inner(Writer<Vec<u8>>);

impl Default for Inner {
    fn default() -> Self {
        Self(Writer::new(Vec::new()))
    }
}

impl Xml {
    fn write(&mut self, event: Event<'_>) {
        self.writer
            .0
            .write_event(event)
            .expect("memory takes what is written to it");
    }

    /// The beginning of a document and its first element.
    pub(in crate::books) fn begin(&mut self, root: &str, namespace: &str) {
        self.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
        let mut start = BytesStart::new(root);
        start.push_attribute(("xmlns", namespace));
        self.write(Event::Start(start));
    }

    pub(in crate::books) fn open(&mut self, name: &str) {
        self.write(Event::Text(BytesText::new("\n")));
        self.write(Event::Start(BytesStart::new(name)));
    }

    pub(in crate::books) fn close(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element with a text of at most `chars_max` characters; what a document cannot hold is left out.
    pub(in crate::books) fn text(&mut self, name: &str, text: &str, chars_max: usize) {
        let clean: String = text
            .chars()
            .filter(|letter| is_allowed(*letter))
            .take(chars_max)
            .collect();
        self.write(Event::Start(BytesStart::new(name)));
        self.write(Event::Text(BytesText::new(&clean)));
        self.close(name);
    }

    /// As [`Self::text`], where there is a text.
    pub(in crate::books) fn text_if_any(&mut self, name: &str, text: &str, chars_max: usize) {
        if !text.trim().is_empty() {
            self.text(name, text, chars_max);
        }
    }

    /// An element with a text of our own, which is short.
    pub(in crate::books) fn word(&mut self, name: &str, word: &str) {
        self.text(name, word, usize::MAX);
    }

    /// As [`Self::word`], of an element with an attribute.
    pub(in crate::books) fn word_with(&mut self, name: &str, attribute: (&str, &str), word: &str) {
        let mut start = BytesStart::new(name);
        start.push_attribute(attribute);
        self.write(Event::Start(start));
        self.write(Event::Text(BytesText::new(word)));
        self.close(name);
    }

    pub(in crate::books) fn into_bytes(self) -> Vec<u8> {
        self.writer.0.into_inner()
    }
}

/// XML 1.0, production 2; line ends and tabs go, too, since every text here is one line.
fn is_allowed(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_texts() {
        let mut xml = Xml::default();
        xml.text(
            "Name",
            "</Name><Evil a=\"1\">&\u{0}\u{1b}\u{b}\u{85}]]>\u{ffff}Ærlig",
            100,
        );
        let expect = "<Name>&lt;/Name&gt;&lt;Evil a=&quot;1&quot;&gt;&amp;]]&gt;Ærlig</Name>";
        assert_eq!(String::from_utf8(xml.into_bytes()).expect("UTF-8"), expect);
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let mut xml = Xml::default();
        xml.text("Name", "æøåæøå", 4);
        xml.text_if_any("Town", "  ", 4);
        assert_eq!(String::from_utf8(xml.into_bytes()).expect("UTF-8"), "<Name>æøåæ</Name>");
    }
}
