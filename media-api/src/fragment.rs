//! SDP fragments of trickle ICE (RFC 8840 section 9) as PATCH brings and gets them (RFC 9725 4.3).

use crate::offer;

/// What a client says in a PATCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fragment {
    /// Credentials of the ICE session that the candidates belong to.
    pub(crate) ufrag: Option<String>,
}

impl Fragment {
    /// Reads a fragment; `None` when it is none. Candidates are not looked at: we are ICE-lite and learn the client's
    /// addresses from its checks (RFC 8445 6.1.1).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let names_ufrag = text.lines().any(|line| line.starts_with("a=ice-ufrag:"));
        let ufrag = offer::ufrag(text).map(str::to_owned);
        (offer::is_typed(text) && (!names_ufrag || ufrag.is_some())).then_some(Self { ufrag })
    }
}

/// What stays the same of an answer over ICE restarts: its bundle, first m-line and our candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    before: String,
    after: String,
}

impl Frame {
    /// Keeps what a later fragment repeats of an answer.
    pub(crate) fn of(answer: &str) -> Self {
        let (mut before, mut after) = (String::new(), String::new());
        let keep = |text: &mut String, line: &str| {
            text.push_str(line);
            text.push_str("\r\n");
        };
        let mut media = 0;
        for line in answer.lines().map(str::trim_end) {
            let rejected = line.starts_with("m=") && line.split(' ').nth(1) == Some("0");
            media += usize::from(line.starts_with("m=") && !rejected);
            let own = line == "a=ice-lite"
                || line.starts_with("a=group:BUNDLE")
                || (media == 1 && !rejected && (line.starts_with("m=") || line.starts_with("a=mid:")));
            if own && media <= 1 {
                keep(&mut before, line);
            } else if media == 1 && (line.starts_with("a=candidate:") || line == "a=end-of-candidates") {
                keep(&mut after, line);
            }
        }
        Self { before, after }
    }

    /// The fragment that answers an ICE restart.
    pub(crate) fn with(&self, ufrag: &str, password: &str) -> String {
        let Self { before, after } = self;
        format!("{before}a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\n{after}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_fragment_names_its_ice_session_or_none() {
        let ufrag = |text: &str| Fragment::parse(text).map(|fragment| fragment.ufrag);
        assert_eq!(
            ufrag(
                "a=ice-ufrag:EsAw\r\na=ice-pwd:x\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 h.local 9 typ host\r\n"
            ),
            Some(Some("EsAw".into()))
        );
        assert_eq!(ufrag("a=end-of-candidates\n"), Some(None));
        for bad in ["", "\r\n", "candidate", "A=x", "a=ice-ufrag:x", "a=\u{0}"] {
            assert_eq!(ufrag(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_restart_repeats_bundle_line_and_candidates() {
        let answer = "v=0\r\na=ice-lite\r\na=group:BUNDLE 1 2\r\nm=application 0 X Y\r\na=mid:0\r\na=inactive\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=ice-ufrag:old1\r\na=ice-pwd:old\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n\
            a=end-of-candidates\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n";
        assert_eq!(
            Frame::of(answer).with("new1", "secret"),
            "a=ice-lite\r\na=group:BUNDLE 1 2\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=ice-ufrag:new1\r\n\
             a=ice-pwd:secret\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\na=end-of-candidates\r\n"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(a=ice-ufrag:|m=audio 0|[a-z]=|[ \\r\\n]|.){0,60}") {
            Fragment::parse(&text);
            Frame::of(&text);
        }
    }
}
