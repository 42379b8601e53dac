//! The lines of an offer that matter. The parser gives up on a whole offer for one odd line and is quadratic in their
//! number, so it sees only some of them, and those with a grammar of their own (`fmtp`, `rid`, `simulcast`) are read
//! here.

use super::extension;
use crate::event::JoinError;
use crate::limits;

/// Prefixes of what the parser gets.
const KEPT: &[&str] = &[
    "v=",
    "o=",
    "s=",
    "t=",
    "c=",
    "m=",
    "a=group:BUNDLE",
    "a=mid:",
    "a=rtpmap:",
    "a=sendrecv",
    "a=sendonly",
    "a=recvonly",
    "a=inactive",
    "a=ice-ufrag:",
    "a=ice-pwd:",
    "a=fingerprint:",
    "a=setup:",
    "a=ssrc:",
    "a=ssrc-group:FID",
    "a=rtcp-mux",
    "a=bundle-only",
];
const KEPT_FEEDBACK: &[&str] = &["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];

/// Name of one encoding of a simulcast source: 1 to 16 letters and digits (RFC 8851, RFC 8852).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Rid(pub(crate) String);

/// What is read here of one m-line.
#[derive(Debug, Default)]
pub(super) struct Section<'a> {
    /// Payload type and parameters of each `fmtp`.
    formats: Vec<(u8, &'a str)>,
    /// RIDs that the client can send.
    sending: Vec<&'a str>,
    /// The first alternative of each encoding, in the order of the `simulcast` line (RFC 8853 5.1).
    simulcast: Vec<&'a str>,
    /// Header extensions in one-byte and two-byte form may be mixed (RFC 8285 section 6).
    pub(super) mixed_extensions: bool,
    /// RTCP has no port of its own, not even as a way out (RFC 8858).
    pub(super) mux_only: bool,
}

impl<'a> Section<'a> {
    /// The parameters of a payload type as they stand.
    pub(super) fn format(&self, payload_type: u8) -> Option<&'a str> {
        let found = self.formats.iter().find(|(of, _)| *of == payload_type)?;
        Some(found.1)
    }

    /// One `name=value` of a payload type's parameters.
    pub(super) fn parameter(&self, payload_type: u8, name: &str) -> Option<&'a str> {
        self.format(payload_type)?.split(';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The encodings of a simulcast source, in the client's order, at most [`limits::RIDS_PER_LINE_MAX`]; none without
    /// simulcast.
    pub(super) fn rids(&self) -> Vec<Rid> {
        let mut rids: Vec<Rid> = Vec::new();
        for &rid in &self.simulcast {
            let fits = (1..=limits::RID_BYTES_MAX).contains(&rid.len())
                && rid.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && self.sending.contains(&rid)
                && rids.iter().all(|other| other.0 != rid);
            if fits {
                rids.push(Rid(rid.to_owned()));
            }
        }
        while rids.len() > limits::RIDS_PER_LINE_MAX {
            rids.remove(rids.len() / 2);
        }
        rids
    }

    /// Takes a line that is read here; false for any other.
    fn read(&mut self, line: &'a str) -> bool {
        if let Some(format) = line.strip_prefix("a=fmtp:") {
            let read = format
                .split_once(' ')
                .and_then(|(of, text)| Some((of.parse().ok()?, text)));
            self.formats
                .extend(read.filter(|_| self.formats.len() < limits::FORMATS_PER_LINE_MAX));
        } else if let Some(rid) = line.strip_prefix("a=rid:") {
            let mut words = rid.split(' ');
            let name = words.next().filter(|_| words.next() == Some("send"));
            self.sending
                .extend(name.filter(|_| self.sending.len() < limits::FORMATS_PER_LINE_MAX));
        } else if let Some(simulcast) = line.strip_prefix("a=simulcast:") {
            let mut words = simulcast.split(' ').filter(|word| !word.is_empty());
            while let Some(direction) = words.next() {
                let Some(encodings) = words.next().filter(|_| direction == "send") else {
                    continue;
                };
                let first = |encoding: &'a str| encoding.split(',').next().unwrap_or_default().trim_start_matches('~');
                self.simulcast = encodings
                    .split(';')
                    .take(limits::FORMATS_PER_LINE_MAX)
                    .map(first)
                    .collect();
            }
        } else if line == "a=extmap-allow-mixed" {
            self.mixed_extensions = true;
        } else if line == "a=rtcp-mux-only" {
            self.mux_only = true;
        } else {
            return false;
        }
        true
    }
}

/// An offer sifted.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    /// For the parser.
    pub(super) text: String,
    /// Before the first m-line.
    pub(super) session: Section<'a>,
    /// One for each m-line.
    pub(super) media: Vec<Section<'a>>,
}

/// Sifts an offer; refused when it has more lines than the parser may see.
pub(super) fn sift(text: &str) -> Result<Lines<'_>, JoinError> {
    let mut sifted = Lines {
        text: String::with_capacity(text.len()),
        session: Section::default(),
        media: Vec::new(),
    };
    let mut lines = 0;
    for line in text.lines() {
        let line = line.trim_end();
        let is_media = line.starts_with("m=");
        if is_media {
            sifted.media.push(Section::default());
        }
        let section = sifted.media.last_mut().unwrap_or(&mut sifted.session);
        if section.read(line) || !is_kept(line) {
            continue;
        }
        lines += 1;
        if lines > limits::OFFER_LINES_MAX || sifted.media.len() > limits::MEDIA_LINES_MAX {
            return super::bad("it has too many lines");
        }
        push_line(&mut sifted.text, line);
    }
    Ok(sifted)
}

/// Hands a line on as the parser knows it: the name of a hash and that of a feedback may be in any case (RFC 8122 5,
/// RFC 4585 4.2).
fn push_line(text: &mut String, line: &str) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let lowered = match (name, value.split_once(' ')) {
        ("a=fingerprint", Some((hash, bytes))) => Some(format!("{name}:{} {bytes}", hash.to_ascii_lowercase())),
        ("a=rtcp-fb", Some(_)) => Some(line.to_ascii_lowercase()),
        _ => None,
    };
    text.push_str(lowered.as_deref().unwrap_or(line));
    text.push_str("\r\n");
}

fn is_kept(line: &str) -> bool {
    KEPT.iter().any(|prefix| line.starts_with(prefix))
        || line.strip_prefix("a=extmap:").is_some_and(extension::is_of_use)
        || line.strip_prefix("a=rtcp-fb:").is_some_and(|rest| {
            rest.split_once(' ')
                .is_some_and(|(_, feedback)| KEPT_FEEDBACK.iter().any(|kept| kept.eq_ignore_ascii_case(feedback)))
        })
}
