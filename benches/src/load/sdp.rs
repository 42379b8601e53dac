//! The little SDP that lean clients need: one offer, the answer to another's offer, and what the other side said.

use std::fmt::Write;
use std::net::SocketAddr;

pub(crate) const OPUS: u8 = 111;
pub(crate) const VP8: u8 = 96;
const VP8_RTX: u8 = 97;

const MID_URI: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
const LEVEL_URI: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
const TWCC_URI: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";

/// Sound or picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    Audio,
    Video,
}

/// Our side of a connection, as the other side is told.
#[derive(Debug, Clone)]
pub struct Local {
    pub ufrag: String,
    pub password: String,
    /// SHA-256, colon separated.
    pub fingerprint: String,
    pub address: SocketAddr,
    /// Transport-wide congestion control is offered.
    pub transport_cc: bool,
    /// What is sent, in the order of the m-lines.
    pub sends: Vec<LocalStream>,
    /// Receive slots, after those.
    pub slots: Vec<Media>,
}

/// One stream that we send.
#[derive(Debug, Clone, Copy)]
pub struct LocalStream {
    pub media: Media,
    pub ssrc: u32,
}

/// The other side of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    pub ufrag: String,
    pub password: String,
    pub fingerprint: String,
    pub candidate: SocketAddr,
    /// The other side begins the DTLS handshake.
    pub active: bool,
    /// Ids of header extensions, where they were agreed on.
    pub transport_cc: Option<u8>,
    pub mid: Option<u8>,
    pub audio_level: Option<u8>,
    /// Payload types of retransmissions.
    pub rtx: Vec<u8>,
    /// Payload types of pictures.
    pub video: Vec<u8>,
}

impl Local {
    /// m-lines of the offer: mid and medium of what is sent.
    pub fn sending_mids(&self) -> impl Iterator<Item = (String, Media)> {
        self.sends
            .iter()
            .enumerate()
            .map(|(mid, stream)| (mid.to_string(), stream.media))
    }

    /// An offer that begins the DTLS handshake itself.
    #[must_use]
    pub fn offer(&self) -> String {
        let lines = self.sends.len() + self.slots.len();
        let mids: Vec<String> = (0..lines).map(|mid| mid.to_string()).collect();
        let mut out = session(&mids);
        for (mid, stream) in self.sends.iter().enumerate() {
            self.line(&mut out, mid, stream.media);
            let _ = write!(
                out,
                "a=sendonly\r\na=msid:load {mid}\r\na=ssrc:{ssrc} cname:load\r\na=ssrc:{ssrc} msid:load {mid}\r\n",
                ssrc = stream.ssrc
            );
        }
        for (index, media) in self.slots.iter().enumerate() {
            self.line(&mut out, self.sends.len() + index, *media);
            out.push_str("a=recvonly\r\n");
        }
        out
    }

    fn line(&self, out: &mut String, mid: usize, media: Media) {
        let _ = match media {
            Media::Audio => write!(
                out,
                "m=audio 9 UDP/TLS/RTP/SAVPF {OPUS}\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:{OPUS} opus/48000/2\r\n\
                 a=fmtp:{OPUS} minptime=10;useinbandfec=1\r\na=extmap:1 {LEVEL_URI}\r\n"
            ),
            Media::Video => write!(
                out,
                "m=video 9 UDP/TLS/RTP/SAVPF {VP8} {VP8_RTX}\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:{VP8} VP8/90000\r\n\
                 a=rtcp-fb:{VP8} nack\r\na=rtcp-fb:{VP8} nack pli\r\na=rtcp-fb:{VP8} ccm fir\r\n\
                 a=rtpmap:{VP8_RTX} rtx/90000\r\na=fmtp:{VP8_RTX} apt={VP8}\r\n"
            ),
        };
        if self.transport_cc {
            let payload_type = match media {
                Media::Audio => OPUS,
                Media::Video => VP8,
            };
            let _ = write!(
                out,
                "a=rtcp-fb:{payload_type} transport-cc\r\na=extmap:3 {TWCC_URI}\r\n"
            );
        }
        let _ = write!(
            out,
            "a=mid:{mid}\r\na=extmap:4 {MID_URI}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n"
        );
        self.transport(out);
    }

    fn transport(&self, out: &mut String) {
        let _ = write!(
            out,
            "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:active\r\n\
             a=candidate:1 1 udp 2130706431 {} {} typ host\r\na=end-of-candidates\r\n",
            self.ufrag,
            self.password,
            self.fingerprint,
            self.address.ip(),
            self.address.port()
        );
    }

    /// Takes everything that is offered, and begins the DTLS handshake.
    #[must_use]
    pub fn answer(&self, offer: &str) -> String {
        const KEPT: [&str; 5] = ["a=mid:", "a=rtpmap:", "a=fmtp:", "a=rtcp-mux", "a=rtcp-rsize"];
        let sections: Vec<&str> = offer.split("\r\nm=").skip(1).collect();
        let mids: Vec<String> = sections.iter().filter_map(|section| value(section, "a=mid:")).collect();
        let mut out = session(&mids);
        for section in sections {
            let _ = write!(
                out,
                "m={}\r\nc=IN IP4 0.0.0.0\r\n",
                section.lines().next().unwrap_or_default()
            );
            for line in section.lines().skip(1) {
                let kept = KEPT.iter().any(|prefix| line.starts_with(prefix));
                let feedback = line.starts_with("a=rtcp-fb:") || line.starts_with("a=extmap:");
                let transport_cc = line.contains("transport-cc") || line.contains(TWCC_URI);
                if kept || (feedback && (self.transport_cc || !transport_cc)) {
                    let _ = write!(out, "{line}\r\n");
                }
            }
            out.push_str("a=recvonly\r\n");
            self.transport(&mut out);
        }
        out
    }
}

fn session(mids: &[String]) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\na=msid-semantic: WMS *\r\n",
        mids.join(" ")
    )
}

impl Remote {
    /// Reads an offer or an answer; `None` when something that we need is missing.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let candidate = text
            .lines()
            .filter_map(|line| line.strip_prefix("a=candidate:"))
            .find_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                let udp = words.get(2)?.eq_ignore_ascii_case("udp");
                (udp && words.get(1) == Some(&"1")).then_some(())?;
                Some(SocketAddr::new(
                    words.get(4)?.parse().ok()?,
                    words.get(5)?.parse().ok()?,
                ))
            })?;
        let fingerprint = text
            .lines()
            .filter_map(|line| line.strip_prefix("a=fingerprint:"))
            .find_map(|line| {
                line.split_once(' ')
                    .filter(|(hash, _)| hash.eq_ignore_ascii_case("sha-256"))
            })?
            .1;
        let extension = |uri: &str| {
            text.lines()
                .filter_map(|line| line.strip_prefix("a=extmap:"))
                .find_map(|line| {
                    let (id, rest) = line.split_once(' ')?;
                    let id = id.split('/').next()?;
                    rest.starts_with(uri).then(|| id.parse().ok()).flatten()
                })
        };
        let payload_types = |name: &str| {
            text.lines()
                .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split_once(' '))
                .filter(|(_, codec)| codec.to_ascii_lowercase().starts_with(name))
                .filter_map(|(number, _)| number.parse().ok())
                .collect()
        };
        Some(Self {
            ufrag: value(text, "a=ice-ufrag:")?,
            password: value(text, "a=ice-pwd:")?,
            fingerprint: fingerprint.to_ascii_uppercase(),
            candidate,
            active: value(text, "a=setup:")? == "active",
            transport_cc: extension(TWCC_URI),
            mid: extension(MID_URI),
            audio_level: extension(LEVEL_URI),
            rtx: payload_types("rtx/"),
            video: payload_types("vp8/"),
        })
    }
}

fn value(text: &str, prefix: &str) -> Option<String> {
    text.lines()
        .find_map(|line| line.strip_prefix(prefix))
        .map(|value| value.trim().to_owned())
}
