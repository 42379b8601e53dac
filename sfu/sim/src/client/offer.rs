//! The model client's offer, and what it reads from the answer.

use std::fmt::Write;
use std::net::SocketAddr;

use sfu_core::SourceKind;

use super::ClientConfig;
use super::coding::RIDS;
use super::sender::Sender;

pub(super) const OPUS: u8 = 111;
pub(super) const VP8: u8 = 96;
pub(super) const RTX: u8 = 97;
pub(super) const RED: u8 = 63;
pub(super) const AUDIO_LEVEL_EXTENSION: u8 = 1;
pub(super) const MID_EXTENSION: u8 = 4;
pub(super) const TRANSPORT_CC_EXTENSION: u8 = 3;
pub(super) const RID_EXTENSION: u8 = 5;
pub(super) const REPAIRED_RID_EXTENSION: u8 = 6;

/// A receive slot as the answer describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnsweredSlot {
    pub(super) mid: String,
    pub(super) video: bool,
    pub(super) ssrc: u32,
    pub(super) rtx_ssrc: Option<u32>,
}

/// What the answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) ufrag: String,
    pub(super) password: String,
    pub(super) fingerprint: String,
    pub(super) candidate: SocketAddr,
    pub(super) slots: Vec<AnsweredSlot>,
}

fn is_video(kind: SourceKind) -> bool {
    matches!(kind, SourceKind::Camera | SourceKind::Screen)
}

/// Writes the offer: a sending m-line for each sender, then the slots.
pub(super) fn write(config: &ClientConfig, senders: &[Sender], ufrag: &str, password: &str, hash: &str) -> String {
    let sources = config.sources.len();
    let lines = sources + config.audio_slots + config.video_slots;
    let mut out = String::from("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE");
    for mid in 0..lines {
        let _ = write!(out, " {mid}");
    }
    out.push_str("\r\n");
    for mid in 0..lines {
        let sender = senders.iter().find(|sender| sender.mid == mid.to_string());
        let video = sender.map_or(mid >= sources + config.audio_slots, |sender| is_video(sender.kind));
        let _ = if video {
            write!(out, "m=video 9 UDP/TLS/RTP/SAVPF {VP8} {RTX}\r\n")
        } else {
            let red = if config.redundancy {
                format!("{RED} ")
            } else {
                String::new()
            };
            write!(out, "m=audio 9 UDP/TLS/RTP/SAVPF {red}{OPUS}\r\n")
        };
        let setup = if config.dtls_server { "passive" } else { "actpass" };
        let _ = write!(
            out,
            "c=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\na=fingerprint:sha-256 {hash}\r\n\
             a=setup:{setup}\r\na=mid:{mid}\r\na=rtcp-mux\r\na=rtcp-rsize\r\n\
             a=extmap:{MID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
             a=extmap:{TRANSPORT_CC_EXTENSION} \
             http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
        );
        let h264 = "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42e01f\r\n\
            a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n";
        out.push_str(if video && sender.is_none() && config.h264_slots {
            h264
        } else if video && config.fir_only && sender.is_some() {
            "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 ccm fir\r\n"
        } else if video {
            "a=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 goog-remb\r\n\
             a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
        } else {
            "a=rtpmap:111 opus/48000/2\r\n"
        });
        let browsers = !(sender.is_none() && config.h264_slots || sender.is_some() && config.fir_only);
        if !config.reports_seldom && (browsers || !video) {
            let payload_type = if video { VP8 } else { OPUS };
            let _ = write!(out, "a=rtcp-fb:{payload_type} transport-cc\r\n");
        }
        if !video {
            let _ = write!(
                out,
                "a=extmap:{AUDIO_LEVEL_EXTENSION} urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
            );
        }
        if !video && config.redundancy {
            let _ = write!(out, "a=rtpmap:{RED} red/48000/2\r\na=fmtp:{RED} {OPUS}/{OPUS}\r\n");
        }
        let Some(sender) = sender else {
            out.push_str("a=recvonly\r\n");
            continue;
        };
        write_sender(&mut out, config, sender, video);
    }
    out
}

/// The rest of an m-line that sends: its encodings, or its SSRCs where they are to be named.
fn write_sender(out: &mut String, config: &ClientConfig, sender: &Sender, video: bool) {
    out.push_str("a=sendonly\r\n");
    if sender.coding.encoding.is_some() {
        let _ = write!(
            out,
            "a=extmap:{RID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n\
             a=extmap:{REPAIRED_RID_EXTENSION} urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id\r\n"
        );
        let mut rids = RIDS;
        if config.largest_first {
            rids.reverse();
        }
        for rid in rids {
            let _ = write!(out, "a=rid:{rid} send\r\n");
        }
        let _ = write!(out, "a=simulcast:send {}\r\n", rids.join(";"));
    } else if config.declare_ssrcs {
        if video {
            let _ = write!(out, "a=ssrc-group:FID {} {}\r\n", sender.ssrc, sender.rtx_ssrc);
            let _ = write!(out, "a=ssrc:{} cname:x\r\n", sender.rtx_ssrc);
        }
        let _ = write!(out, "a=ssrc:{} cname:x\r\n", sender.ssrc);
    }
}

/// Reads an answer of the core; `None` when something is missing.
pub(super) fn read(answer: &str) -> Option<Answered> {
    let value = |prefix: &str| {
        answer
            .lines()
            .find_map(|line| line.strip_prefix(prefix))
            .map(str::to_owned)
    };
    let candidate = value("a=candidate:")?;
    let mut words = candidate.split(' ').skip(4);
    let candidate = SocketAddr::new(words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let mut slots = Vec::new();
    for section in answer
        .split("\r\nm=")
        .skip(1)
        .filter(|section| section.contains("\r\na=sendonly\r\n"))
    {
        let value = |prefix: &str| section.lines().find_map(|line| line.strip_prefix(prefix));
        let rtx_ssrc = value("a=ssrc-group:FID ").and_then(|pair| pair.split(' ').nth(1)?.parse().ok());
        slots.push(AnsweredSlot {
            mid: value("a=mid:")?.to_owned(),
            video: section.starts_with("video"),
            ssrc: value("a=ssrc:")?.split(' ').next()?.parse().ok()?,
            rtx_ssrc,
        });
    }
    Some(Answered {
        ufrag: value("a=ice-ufrag:")?,
        password: value("a=ice-pwd:")?,
        fingerprint: value("a=fingerprint:sha-256 ")?,
        candidate,
        slots,
    })
}
