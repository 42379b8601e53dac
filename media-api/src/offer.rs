//! The little that this side reads of an offer: its m-lines, to say what each is for, and its `ice-ufrag`. Everything
//! else, and whether it is usable at all, is the media plane's business.

use sfu_core::{MediaKind, Mid, SourceKind, is_ufrag};

use crate::limits::MEDIA_LINES_MAX;

/// One m-line with media.
#[derive(Debug, Clone, PartialEq, Eq)]
struct MediaLine {
    kind: Option<MediaKind>,
    mid: Option<Mid>,
    sends: bool,
}

fn media_lines(offer: &str) -> Vec<MediaLine> {
    let mut lines: Vec<MediaLine> = Vec::new();
    for line in offer.lines().map(str::trim_end) {
        if let Some(rest) = line.strip_prefix("m=") {
            if lines.len() >= MEDIA_LINES_MAX {
                break;
            }
            let kind = match rest.split(' ').next() {
                Some("audio") => Some(MediaKind::Audio),
                Some("video") => Some(MediaKind::Video),
                Some(_) | None => None,
            };
            lines.push(MediaLine {
                kind,
                mid: None,
                sends: true,
            });
        } else if let Some(current) = lines.last_mut() {
            match line {
                "a=recvonly" | "a=inactive" => current.sends = false,
                _ => {
                    if let Some(mid) = line.strip_prefix("a=mid:") {
                        current.mid = Some(Mid(mid.to_owned()));
                    }
                }
            }
        }
    }
    lines
}

/// The m-lines with media, the one that is alone under the name that the media plane gives it where it has none.
fn named_lines(offer: &str) -> Vec<MediaLine> {
    let mut lines = media_lines(offer);
    if let [alone] = lines.as_mut_slice() {
        alone.mid.get_or_insert_with(Mid::unnamed);
    }
    lines
}

/// Whether every line of a text is one of SDP: a letter, `=`, and a value without control characters (RFC 8866 5).
pub(crate) fn is_typed(text: &str) -> bool {
    let mut lines = text
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.is_empty())
        .peekable();
    let typed = |line: &str| {
        matches!(line.as_bytes(), [kind, b'=', ..] if kind.is_ascii_lowercase()) && !line.chars().any(char::is_control)
    };
    lines.peek().is_some() && lines.all(typed)
}

/// Whether a text is a session description at all, usable or not.
pub(crate) fn is_description(text: &str) -> bool {
    text.starts_with("v=0") && is_typed(text)
}

/// Whether an offer sends more than [`published`] takes.
pub(crate) fn sends_too_much(offer: &str) -> bool {
    let sending = named_lines(offer);
    let sending = sending
        .iter()
        .filter(|line| line.sends && line.kind.is_some() && line.mid.is_some());
    sending.count() > published(offer).len()
}

/// The first of these m-lines that an answer rejects.
pub(crate) fn rejected<'a>(answer: &str, mids: &'a [Mid]) -> Option<&'a Mid> {
    let mut rejected = false;
    for line in answer.lines().map(str::trim_end) {
        if line.starts_with("m=") {
            rejected = line.split(' ').nth(1) == Some("0");
        } else if let Some(mid) = line.strip_prefix("a=mid:").filter(|_| rejected)
            && let Some(found) = mids.iter().find(|one| one.0 == mid)
        {
            return Some(found);
        }
    }
    None
}

/// What the sending m-lines of a WHIP offer are for: the first of sound is the microphone, the first of picture the
/// camera, the second of picture a screen. Further ones are not taken.
pub(crate) fn published(offer: &str) -> Vec<(Mid, SourceKind)> {
    let mut audio = [SourceKind::Microphone].into_iter();
    let mut video = [SourceKind::Camera, SourceKind::Screen].into_iter();
    named_lines(offer)
        .into_iter()
        .filter(|line| line.sends)
        .filter_map(|line| {
            let source = match line.kind? {
                MediaKind::Audio => audio.next(),
                MediaKind::Video => video.next(),
            };
            Some((line.mid?, source?))
        })
        .collect()
}

/// A WHEP offer of which every m-line only receives: a player that also says it could send is answered as one that
/// does not, which the draft allows.
pub(crate) fn receiving_only(offer: &str) -> String {
    let mut out = String::with_capacity(offer.len() + 64);
    let mut directed = true;
    for line in offer.lines().map(str::trim_end) {
        match line {
            "a=sendrecv" => {
                directed = true;
                out.push_str("a=recvonly\r\n");
                continue;
            }
            "a=sendonly" | "a=recvonly" | "a=inactive" => directed = true,
            _ if line.starts_with("m=") => {
                close_media(&mut out, directed);
                directed = false;
            }
            _ => {}
        }
        out.push_str(line);
        out.push_str("\r\n");
    }
    close_media(&mut out, directed);
    out
}

/// An m-line that says no direction means both (RFC 8866 6.7).
fn close_media(out: &mut String, directed: bool) {
    if !directed {
        out.push_str("a=recvonly\r\n");
    }
}

/// The first `ice-ufrag`, if it is one.
pub(crate) fn ufrag(text: &str) -> Option<&str> {
    text.lines()
        .find_map(|line| line.trim_end().strip_prefix("a=ice-ufrag:"))
        .filter(|ufrag| is_ufrag(ufrag))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFER: &str = "v=0\r\na=ice-ufrag:abcd\r\nm=audio 9 X 111\r\na=mid:a\r\na=sendonly\r\n\
        m=video 9 X 96\r\na=mid:b\r\na=recvonly\r\nm=video 9 X 96\r\na=mid:c\r\na=sendrecv\r\n\
        m=video 9 X 96\r\na=mid:d\r\nm=video 9 X 96\r\na=mid:e\r\nm=audio 9 X 111\r\na=mid:f\r\n\
        m=application 9 Y Z\r\na=mid:g\r\n";

    #[test]
    fn sending_lines_become_sources_in_their_order() {
        let sources: Vec<_> = published(OFFER).into_iter().map(|(mid, kind)| (mid.0, kind)).collect();
        assert_eq!(
            sources,
            [
                ("a".to_owned(), SourceKind::Microphone),
                ("c".to_owned(), SourceKind::Camera),
                ("d".to_owned(), SourceKind::Screen)
            ]
        );
        assert_eq!(ufrag(OFFER), Some("abcd"));
    }

    /// Trial D7.
    #[test]
    fn d7_an_m_line_that_is_alone_needs_no_mid() {
        let alone = "v=0\r\nm=video 9 X 96\r\na=sendonly\r\n";
        assert_eq!(published(alone), [(Mid::unnamed(), SourceKind::Camera)]);
        assert!(!sends_too_much(alone));
        let two = format!("{alone}m=audio 9 X 111\r\n");
        assert_eq!(published(&two), [], "of two it cannot be said which is which");
    }

    #[test]
    fn what_could_send_too_is_asked_to_receive() {
        let offer = receiving_only(OFFER);
        assert!(!offer.contains("sendrecv"));
        // c said both, d to g said nothing; b said it itself.
        assert_eq!(offer.matches("a=recvonly").count(), 6, "{offer}");
        assert_eq!(offer.matches("a=sendonly").count(), 1);
        assert_eq!(receiving_only("v=0\r\n"), "v=0\r\n");
    }

    #[test]
    fn a_ufrag_is_four_characters_of_ice_or_more() {
        for bad in ["a=ice-ufrag:abc", "a=ice-ufrag:ab cd", "a=ice-pwd:abcd", ""] {
            assert_eq!(ufrag(bad), None, "{bad}");
        }
        assert_eq!(ufrag(&format!("a=ice-ufrag:{}", "a".repeat(257))), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(m=(audio|video)|a=mid:|a=send|[ \\r\\n]|.){0,80}") {
            prop_assert!(published(&text).len() <= 3);
            receiving_only(&text);
            ufrag(&text);
        }
    }
}
