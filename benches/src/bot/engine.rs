//! What the `webrtc` crate is set up with: codecs, header extensions, and an ear for keyframe requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use rtc::interceptor::{Interceptor, Packet as Intercepted, StreamInfo, TaggedPacket};
use rtc::peer_connection::configuration::media_engine::{MIME_TYPE_OPUS, MIME_TYPE_VP8};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::{
    RTCPFeedback, RTCRtpCodec, RTCRtpCodecParameters, RTCRtpHeaderExtensionCapability, RtpCodecKind,
};
use rtc::sansio::Protocol;
use webrtc::peer_connection::MediaEngine;

pub(super) const OPUS_PAYLOAD_TYPE: u8 = 111;
pub(super) const VP8_PAYLOAD_TYPE: u8 = 96;
const VP8_RTX_PAYLOAD_TYPE: u8 = 97;

/// The header extension that names the m-line a packet belongs to (RFC 9143 section 14).
pub(super) const MID_EXTENSION: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";

/// Keyframe requests from the other side.
#[derive(Debug, Default)]
pub(super) struct KeyframeRequests {
    seen: AtomicU64,
}

impl KeyframeRequests {
    pub(super) fn count(&self) -> u64 {
        self.seen.load(Ordering::Relaxed)
    }
}

/// Counts keyframe requests on their way in and lets everything pass.
pub(super) struct KeyframeListener {
    requests: Arc<KeyframeRequests>,
    inbound: VecDeque<TaggedPacket>,
    outbound: VecDeque<TaggedPacket>,
}

impl KeyframeListener {
    pub(super) fn new(requests: Arc<KeyframeRequests>) -> Self {
        Self {
            requests,
            inbound: Default::default(),
            outbound: Default::default(),
        }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for KeyframeListener {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = webrtc::error::Error;
    type Time = std::time::Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Self::Error> {
        if let Intercepted::Rtcp(parts) = &packet.message.packet {
            let asks = |any: &dyn std::any::Any| any.is::<PictureLossIndication>() || any.is::<FullIntraRequest>();
            let count = parts.iter().filter(|part| asks(part.as_any())).count() as u64;
            self.requests.seen.fetch_add(count, Ordering::Relaxed);
        }
        self.inbound.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<Self::Rout> {
        self.inbound.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Self::Error> {
        self.outbound.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<Self::Wout> {
        self.outbound.pop_front()
    }
}

impl Interceptor for KeyframeListener {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

pub(super) fn media_engine() -> Result<MediaEngine> {
    let mut engine = MediaEngine::default();
    let mut register = |rtp_codec, payload_type, kind| {
        engine
            .register_codec(
                RTCRtpCodecParameters {
                    rtp_codec,
                    payload_type,
                },
                kind,
            )
            .context("register a codec")
    };
    register(opus_codec(), OPUS_PAYLOAD_TYPE, RtpCodecKind::Audio)?;
    register(vp8_codec(), VP8_PAYLOAD_TYPE, RtpCodecKind::Video)?;
    let rtx = codec("video/rtx", 90_000, 0, &format!("apt={VP8_PAYLOAD_TYPE}"), &[]);
    register(rtx, VP8_RTX_PAYLOAD_TYPE, RtpCodecKind::Video)?;
    // The default set names the m-line in video only; browsers do it in audio too.
    let mid = RTCRtpHeaderExtensionCapability {
        uri: MID_EXTENSION.to_owned(),
    };
    engine
        .register_header_extension(mid, RtpCodecKind::Audio, None)
        .context("register the mid extension")?;
    Ok(engine)
}

pub(super) fn opus_codec() -> RTCRtpCodec {
    codec(MIME_TYPE_OPUS, 48_000, 2, "minptime=10;useinbandfec=1", &[])
}

pub(super) fn vp8_codec() -> RTCRtpCodec {
    codec(
        MIME_TYPE_VP8,
        90_000,
        0,
        "",
        &[("ccm", "fir"), ("nack", ""), ("nack", "pli")],
    )
}

fn codec(mime_type: &str, clock_rate: u32, channels: u16, fmtp: &str, feedback: &[(&str, &str)]) -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: mime_type.to_owned(),
        clock_rate,
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: feedback
            .iter()
            .map(|(typ, parameter)| RTCPFeedback {
                typ: (*typ).to_owned(),
                parameter: (*parameter).to_owned(),
            })
            .collect(),
    }
}
