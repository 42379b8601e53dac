//! The bot's peer connection, on the `webrtc` crate: sends clip and tone, receives what others send.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use rtc::media_stream::MediaStreamTrack;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtp_transceiver::rtp_sender::{RTCRtpCodec, RTCRtpCodingParameters, RTCRtpEncodingParameters, RtpCodecKind};
use rtc::rtp_transceiver::{RTCRtpTransceiverDirection, RTCRtpTransceiverInit};
use tokio::sync::watch;
use tokio::time::Instant;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler, RTCIceGatheringState, RTCPeerConnectionState,
    RTCSessionDescription, Registry, register_default_interceptors,
};
use webrtc::rtp_transceiver::RtpTransceiver;

use super::engine::{KeyframeListener, KeyframeRequests, MID_EXTENSION, media_engine, opus_codec, vp8_codec};
use super::received::{AudioTrack, Received, VideoTrack};

/// Asks for a keyframe at most this often.
const KEYFRAME_REQUEST_EVERY: Duration = Duration::from_millis(500);
/// Where the interceptor that hears keyframe requests stands: after all others.
const KEYFRAME_SLOT: usize = 12_500;
/// Gathering is local, so this is generous.
const GATHERING_MAX: Duration = Duration::from_secs(5);

/// How many receive slots the offer has.
#[derive(Debug, Clone, Copy)]
pub struct ReceiveSlots {
    pub audio: usize,
    pub video: usize,
}

impl ReceiveSlots {
    /// What a page offers for a one-to-one call.
    pub const ONE_TO_ONE: Self = Self { audio: 3, video: 2 };
}

/// An offer and the m-lines the bot sends on.
#[derive(Debug, Clone)]
pub struct Offer {
    pub sdp: String,
    pub microphone_mid: String,
    pub camera_mid: String,
}

/// A peer connection with one microphone and one camera track to send on.
pub struct Peer {
    connection: Arc<dyn PeerConnection>,
    microphone: Outgoing,
    camera: Outgoing,
    keyframe_requests: Arc<KeyframeRequests>,
    state: watch::Receiver<RTCPeerConnectionState>,
    gathered: watch::Receiver<bool>,
}

/// A track to send on and the transceiver that carries it.
struct Outgoing {
    track: Arc<TrackLocalStaticRTP>,
    transceiver: Arc<dyn RtpTransceiver>,
    ssrc: u32,
}

/// What a sending task needs to know of its track.
#[derive(Clone)]
pub(super) struct SendTrack {
    track: Arc<TrackLocalStaticRTP>,
    pub(super) ssrc: u32,
    mid: Option<(u8, Bytes)>,
}

impl SendTrack {
    /// Sends one packet, stamped with the m-line's mid where that was negotiated.
    pub(super) async fn write(&self, mut packet: rtc::rtp::Packet) -> Result<()> {
        if let Some((id, mid)) = &self.mid {
            packet.header.set_extension(*id, mid.clone()).context("stamp the mid")?;
        }
        self.track.write_rtp(packet).await.context("send a packet")
    }
}

impl Peer {
    /// Binds to a free UDP port of `bind` and prepares the two tracks to send on.
    ///
    /// # Errors
    /// When no socket can be bound or the library refuses the configuration.
    pub async fn new(bind: IpAddr, received: Received) -> Result<Self> {
        let mut engine = media_engine()?;
        let keyframe_requests = Arc::new(KeyframeRequests::default());
        let registry = register_default_interceptors(Registry::new(), &mut engine)?.with(
            KEYFRAME_SLOT.into(),
            KeyframeListener::new(Arc::clone(&keyframe_requests)),
        );
        let (state_sender, state) = watch::channel(RTCPeerConnectionState::New);
        let (gathered_sender, gathered) = watch::channel(false);
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_interceptor_registry(registry)
            .with_handler(Arc::new(Handler {
                received,
                state: state_sender,
                gathered: gathered_sender,
            }))
            .with_udp_addrs(vec![SocketAddr::new(bind, 0)])
            .build()
            .await
            .context("build the peer connection")?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let microphone = Outgoing::new(connection.as_ref(), RtpCodecKind::Audio, opus_codec()).await?;
        let camera = Outgoing::new(connection.as_ref(), RtpCodecKind::Video, vp8_codec()).await?;
        Ok(Self {
            connection,
            microphone,
            camera,
            keyframe_requests,
            state,
            gathered,
        })
    }

    /// Makes the one offer: the two tracks to send, then the receive slots.
    ///
    /// # Errors
    /// When the library cannot make the offer.
    pub async fn offer(&self, slots: ReceiveSlots) -> Result<Offer> {
        for (kind, count) in [(RtpCodecKind::Audio, slots.audio), (RtpCodecKind::Video, slots.video)] {
            for _ in 0..count {
                self.connection
                    .add_transceiver_from_kind(kind, Some(init(RTCRtpTransceiverDirection::Recvonly)))
                    .await?;
            }
        }
        let offer = self.connection.create_offer(None).await.context("create the offer")?;
        let sdp = self.apply_local(offer).await?;
        Ok(Offer {
            sdp,
            microphone_mid: self.microphone.mid().await?,
            camera_mid: self.camera.mid().await?,
        })
    }

    /// Applies the answer to the offer.
    ///
    /// # Errors
    /// When the answer does not parse or does not fit the offer.
    pub async fn accept_answer(&self, sdp: String) -> Result<()> {
        let answer = RTCSessionDescription::answer(sdp).context("parse the answer")?;
        self.connection
            .set_remote_description(answer)
            .await
            .context("apply the answer")
    }

    /// Answers an offer, for two bots without a server between them.
    ///
    /// # Errors
    /// When the offer does not parse or cannot be answered.
    pub async fn answer(&self, sdp: String) -> Result<String> {
        let offer = RTCSessionDescription::offer(sdp).context("parse the offer")?;
        self.connection
            .set_remote_description(offer)
            .await
            .context("apply the offer")?;
        let answer = self.connection.create_answer(None).await.context("create the answer")?;
        self.apply_local(answer).await
    }

    async fn apply_local(&self, description: RTCSessionDescription) -> Result<String> {
        self.connection
            .set_local_description(description)
            .await
            .context("apply the local description")?;
        let mut gathered = self.gathered.clone();
        tokio::time::timeout(GATHERING_MAX, gathered.wait_for(|done| *done))
            .await
            .context("gather candidates")??;
        Ok(self
            .connection
            .local_description()
            .await
            .context("the local description is set")?
            .sdp)
    }

    /// Waits until media can flow.
    ///
    /// # Errors
    /// When the connection fails instead.
    pub async fn connected(&self) -> Result<()> {
        let mut state = self.state.clone();
        let reached = *state
            .wait_for(|state| {
                matches!(
                    state,
                    RTCPeerConnectionState::Connected | RTCPeerConnectionState::Failed | RTCPeerConnectionState::Closed
                )
            })
            .await?;
        if reached != RTCPeerConnectionState::Connected {
            bail!("the peer connection is {reached}");
        }
        Ok(())
    }

    /// Keyframe requests received so far.
    #[must_use]
    pub fn keyframe_requests(&self) -> u64 {
        self.keyframe_requests.count()
    }

    pub(super) fn keyframe_listener(&self) -> Arc<KeyframeRequests> {
        Arc::clone(&self.keyframe_requests)
    }

    pub(super) async fn microphone(&self) -> Result<SendTrack> {
        self.send_track(&self.microphone).await
    }

    pub(super) async fn camera(&self) -> Result<SendTrack> {
        self.send_track(&self.camera).await
    }

    async fn send_track(&self, outgoing: &Outgoing) -> Result<SendTrack> {
        let remote = self
            .connection
            .remote_description()
            .await
            .context("negotiation comes first")?;
        let mid = outgoing.mid().await?;
        let id = extension_id(&remote.sdp, &mid, MID_EXTENSION);
        Ok(SendTrack {
            track: Arc::clone(&outgoing.track),
            ssrc: outgoing.ssrc,
            mid: id.map(|id| (id, Bytes::from(mid))),
        })
    }

    /// The remote end of the candidate pair in use, as `address:port/protocol`.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn remote_candidate(&self) -> Result<Option<String>> {
        let sender = self
            .microphone
            .transceiver
            .sender()
            .await?
            .context("a track to send has a sender")?;
        let Some(transport) = sender.transport().await? else {
            return Ok(None);
        };
        let pair = transport.ice_transport().get_selected_candidate_pair().await?;
        Ok(pair.map(|pair| {
            let remote = pair.remote();
            format!("{}:{}/{}", remote.address, remote.port, remote.protocol)
        }))
    }

    /// Closes the connection, which tells the other side by DTLS.
    ///
    /// # Errors
    /// When it was closed already.
    pub async fn close(&self) -> Result<()> {
        self.connection.close().await.context("close the peer connection")
    }
}

impl Outgoing {
    async fn new(connection: &dyn PeerConnection, kind: RtpCodecKind, codec: RTCRtpCodec) -> Result<Self> {
        let ssrc = rand::random();
        let track = Arc::new(TrackLocalStaticRTP::new(MediaStreamTrack::new(
            "bot".to_owned(),
            format!("bot-{kind}"),
            format!("bot-{kind}"),
            kind,
            vec![RTCRtpEncodingParameters {
                rtp_coding_parameters: RTCRtpCodingParameters {
                    ssrc: Some(ssrc),
                    ..Default::default()
                },
                codec,
                ..Default::default()
            }],
        )));
        let transceiver = connection
            .add_transceiver_from_track(
                Arc::clone(&track) as Arc<dyn TrackLocal>,
                Some(init(RTCRtpTransceiverDirection::Sendonly)),
            )
            .await
            .context("add a track to send")?;
        Ok(Self {
            track,
            transceiver,
            ssrc,
        })
    }

    async fn mid(&self) -> Result<String> {
        self.transceiver
            .mid()
            .await?
            .context("negotiation gives every transceiver a mid")
    }
}

/// What the connection tells us, passed on.
struct Handler {
    received: Received,
    state: watch::Sender<RTCPeerConnectionState>,
    gathered: watch::Sender<bool>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Handler {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.send_replace(true);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let received = self.received.clone();
        if track.kind().await == RtpCodecKind::Audio {
            tokio::spawn(receive_audio(track, received));
        } else {
            tokio::spawn(receive_video(track, received));
        }
    }
}

async fn receive_audio(track: Arc<dyn TrackRemote>, received: Received) {
    let Ok(mut audio) = AudioTrack::new(received) else {
        return;
    };
    while let Some(event) = track.poll().await {
        if let TrackRemoteEvent::OnRtpPacket(packet) = event {
            audio.packet(&packet);
        }
    }
}

async fn receive_video(track: Arc<dyn TrackRemote>, received: Received) {
    let mut video = VideoTrack::new(received);
    let mut asked: Option<Instant> = None;
    while let Some(event) = track.poll().await {
        let TrackRemoteEvent::OnRtpPacket(packet) = event else {
            continue;
        };
        let keyframe_needed = video.packet(&packet);
        if keyframe_needed && asked.is_none_or(|at| at.elapsed() >= KEYFRAME_REQUEST_EVERY) {
            asked = Some(Instant::now());
            let request = PictureLossIndication {
                sender_ssrc: 0,
                media_ssrc: packet.header.ssrc,
            };
            if track.write_rtcp(vec![Box::new(request)]).await.is_err() {
                return;
            }
        }
    }
}

fn init(direction: RTCRtpTransceiverDirection) -> RTCRtpTransceiverInit {
    RTCRtpTransceiverInit {
        direction,
        streams: Vec::new(),
        send_encodings: Vec::new(),
    }
}

/// The id that the m-line `mid` of an SDP gives a header extension (RFC 8285 section 5), if that is a one-byte id.
fn extension_id(sdp: &str, mid: &str, uri: &str) -> Option<u8> {
    let section = sdp.split("\nm=").skip(1).find(|section| {
        section
            .lines()
            .any(|line| line.strip_prefix("a=mid:").is_some_and(|own| own.trim_end() == mid))
    })?;
    section.lines().find_map(|line| {
        let (id, rest) = line.trim_end().strip_prefix("a=extmap:")?.split_once(' ')?;
        let id = id.split('/').next()?.parse().ok()?;
        (rest.split(' ').next() == Some(uri) && (1..=14).contains(&id)).then_some(id)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_id_is_that_of_its_m_line() {
        let check = |line: &str, expect| {
            let sdp = format!("v=0\r\nm=audio 9\r\na=mid:0\r\n{line}\r\nm=video 9\r\na=mid:1\r\n");
            assert_eq!(extension_id(&sdp, "0", MID_EXTENSION), expect);
            assert_eq!(extension_id(&sdp, "1", MID_EXTENSION), None);
            assert_eq!(extension_id(&sdp, "2", MID_EXTENSION), None);
        };
        check("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", Some(4));
        check("a=extmap:9/sendonly urn:ietf:params:rtp-hdrext:sdes:mid", Some(9));
        check("a=extmap:15 urn:ietf:params:rtp-hdrext:sdes:mid", None);
        check("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid2", None);
        check("a=extmap:x urn:ietf:params:rtp-hdrext:sdes:mid", None);
    }
}
