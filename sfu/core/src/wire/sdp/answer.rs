//! Writes the answer by hand: it is short, and every line of it is a decision (RFC 8829 5.3, RFC 8839, RFC 9143).

use std::fmt::{self, Write};

use super::{Codec, Line, OfferedCodec, OfferedMedia, Role};
use crate::event::MediaKind;
use crate::wire::candidate::Candidate;

/// CNAME of all our streams: one clock feeds them all.
pub(crate) const CNAME: &str = "booka";

/// What the answer says about us.
#[derive(Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) session_id: u64,
    pub(crate) candidates: &'a [Candidate],
    pub(crate) ufrag: &'a str,
    pub(crate) password: &'a str,
    /// SHA-256, colon separated.
    pub(crate) fingerprint: &'a str,
    /// The m-lines were offered as one bundle, which only then may be confirmed (RFC 9143 7.3).
    pub(crate) bundle: bool,
    /// Our DTLS role.
    pub(crate) setup: &'a str,
}

/// The answer to an offer whose lines were negotiated.
pub(crate) fn write(answer: &Answer<'_>, lines: &[Line<'_>]) -> String {
    let mut out = String::with_capacity(4_096);
    write_all(&mut out, answer, lines).expect("a String takes everything");
    out
}

fn write_all(out: &mut String, answer: &Answer<'_>, lines: &[Line<'_>]) -> fmt::Result {
    // The session id has 63 bits (RFC 8829 5.2.1).
    write!(
        out,
        "v=0\r\no=- {} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n",
        answer.session_id >> 1
    )?;
    out.push_str("a=ice-lite\r\n");
    if answer.bundle {
        out.push_str("a=group:BUNDLE");
        for line in lines.iter().filter(|line| line.role != Role::Rejected) {
            write!(out, " {}", line.media.mid.0)?;
        }
        out.push_str("\r\n");
    }
    let mut slots = Slots::default();
    for line in lines {
        match line.role {
            Role::Rejected => write_rejected(out, line.media)?,
            role @ (Role::Inactive | Role::Publish(_) | Role::Slot { .. }) => {
                write_head(out, answer, role, line.media)?;
                // The bundle's transport is that of its first m-line (RFC 9143 7.2), and browsers look nowhere else;
                // aiortc takes the candidates of the last m-line that shares a transport.
                write_candidates(out, answer.candidates)?;
                write_direction(out, role, line.media, &mut slots)?;
            }
        }
    }
    Ok(())
}

fn write_rejected(out: &mut String, media: &OfferedMedia) -> fmt::Result {
    write!(out, "m={} 0 {} {}\r\n", media.media, media.protocol, media.formats)?;
    out.push_str("c=IN IP4 0.0.0.0\r\n");
    write_mid(out, media)?;
    out.push_str("a=inactive\r\n");
    Ok(())
}

fn write_mid(out: &mut String, media: &OfferedMedia) -> fmt::Result {
    if media.has_mid {
        write!(out, "a=mid:{}\r\n", media.mid.0)?;
    }
    Ok(())
}

fn write_head(out: &mut String, answer: &Answer<'_>, role: Role, media: &OfferedMedia) -> fmt::Result {
    write!(out, "m={} 9 {}", media.media, media.protocol)?;
    for payload_type in media.codecs.payload_types() {
        write!(out, " {payload_type}")?;
    }
    out.push_str("\r\nc=IN IP4 0.0.0.0\r\n");
    write_mid(out, media)?;
    write!(out, "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", answer.ufrag, answer.password)?;
    write!(
        out,
        "a=fingerprint:sha-256 {}\r\na=setup:{}\r\n",
        answer.fingerprint, answer.setup
    )?;
    out.push_str("a=rtcp-mux\r\n");
    if media.mux_only {
        out.push_str("a=rtcp-mux-only\r\n");
    }
    out.push_str("a=rtcp-rsize\r\n");
    for codec in media.codecs.iter() {
        write_codec(out, codec, matches!(role, Role::Slot { .. }))?;
    }
    if media.mixed_extensions {
        out.push_str("a=extmap-allow-mixed\r\n");
    }
    // What was offered one way only is answered with our side of it (RFC 8285 6).
    let ours = if media.direction.receives_only() {
        "sendonly"
    } else {
        "recvonly"
    };
    for (id, uri, one_way) in media.extensions.iter() {
        if one_way {
            write!(out, "a=extmap:{id}/{ours} {uri}\r\n")?;
        } else {
            write!(out, "a=extmap:{id} {uri}\r\n")?;
        }
    }
    Ok(())
}

fn write_codec(out: &mut String, codec: &OfferedCodec, we_send: bool) -> fmt::Result {
    let payload_type = codec.payload_type;
    let name = codec.codec.name();
    let clock_rate = codec.codec.clock_rate();
    let channels = if codec.codec == Codec::Opus { "/2" } else { "" };
    write!(out, "a=rtpmap:{payload_type} {name}/{clock_rate}{channels}\r\n")?;
    codec.parameters.write(out, codec.codec, payload_type, we_send)?;
    if let Some(rtx) = codec.rtx {
        write!(out, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload_type}\r\n")?;
    }
    if let Some(red) = codec.red {
        write!(out, "a=rtpmap:{red} red/{clock_rate}{channels}\r\n")?;
        write!(out, "a=fmtp:{red} {payload_type}/{payload_type}\r\n")?;
    }
    let feedback = [
        (codec.nack, "nack"),
        (codec.pli, "nack pli"),
        (codec.fir, "ccm fir"),
        (codec.remb, "goog-remb"),
        (codec.transport_cc, "transport-cc"),
    ];
    for (_, name) in feedback.into_iter().filter(|(offered, _)| *offered) {
        write!(out, "a=rtcp-fb:{payload_type} {name}\r\n")?;
    }
    Ok(())
}

fn write_candidates(out: &mut String, candidates: &[Candidate]) -> fmt::Result {
    for candidate in candidates {
        write!(out, "a=candidate:{candidate}\r\n")?;
    }
    out.push_str("a=end-of-candidates\r\n");
    Ok(())
}

/// Slots written so far, by kind: the n-th sound and the n-th picture belong together, so that a browser keeps them
/// in step when they come from one publisher.
#[derive(Debug, Default)]
struct Slots {
    audio: usize,
    video: usize,
}

impl Slots {
    fn next(&mut self, kind: Option<MediaKind>) -> usize {
        let count = match kind {
            Some(MediaKind::Video) => &mut self.video,
            Some(MediaKind::Audio) | None => &mut self.audio,
        };
        *count += 1;
        *count
    }
}

fn write_direction(out: &mut String, role: Role, media: &OfferedMedia, slots: &mut Slots) -> fmt::Result {
    match role {
        Role::Publish(_) => {
            out.push_str("a=recvonly\r\n");
            for rid in &media.rids {
                write!(out, "a=rid:{} recv\r\n", rid.0)?;
            }
            for (index, rid) in media.rids.iter().enumerate() {
                out.push_str(if index == 0 { "a=simulcast:recv " } else { ";" });
                out.push_str(&rid.0);
            }
            if !media.rids.is_empty() {
                out.push_str("\r\n");
            }
        }
        Role::Slot { ssrc, rtx_ssrc } => {
            let mid = &media.mid.0;
            write!(
                out,
                "a=sendonly\r\na=msid:slot{} track-{mid}\r\n",
                slots.next(media.kind)
            )?;
            if let Some(rtx_ssrc) = rtx_ssrc {
                write!(out, "a=ssrc-group:FID {ssrc} {rtx_ssrc}\r\n")?;
                write!(
                    out,
                    "a=ssrc:{ssrc} cname:{CNAME}\r\na=ssrc:{rtx_ssrc} cname:{CNAME}\r\n"
                )?;
            } else {
                write!(out, "a=ssrc:{ssrc} cname:{CNAME}\r\n")?;
            }
        }
        Role::Inactive | Role::Rejected => out.push_str("a=inactive\r\n"),
    }
    Ok(())
}
