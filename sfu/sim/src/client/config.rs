//! What a model client is to be like.

use sfu_core::SourceKind;

/// What a client publishes and receives.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    pub seed: u64,
    /// Marks this client's media.
    pub tag: u32,
    pub sources: Vec<SourceKind>,
    pub audio_slots: usize,
    pub video_slots: usize,
    /// Name SSRCs in the offer; else the core learns them by the mid.
    pub declare_ssrcs: bool,
    /// Its packets carry no mid, so that what the offer does not declare only the payload type tells.
    pub without_mid: bool,
    /// Waits for the core's handshake instead of beginning it.
    pub dtls_server: bool,
    /// Its pictures are asked for by full intra request, not by picture loss indication.
    pub fir_only: bool,
    /// Sends sound with the frame before it, and takes such (RFC 2198).
    pub redundancy: bool,
    /// Its video slots take H.264 only, which no model client sends.
    pub h264_slots: bool,
    /// Sends the camera in three encodings.
    pub simulcast: bool,
    /// Names the largest of them first.
    pub largest_first: bool,
    /// Their pictures are a quarter as high as is usual.
    pub low_pictures: bool,
    /// Sends pictures in three temporal layers.
    pub temporal_layers: bool,
    /// Sends the camera as browsers do: 30 frames a second, encodings of 150, 500 and 1,500 kbit/s, long keyframes.
    pub full_rate: bool,
    /// Asks for what it lost.
    pub requests: bool,
    /// Reports what came to it.
    pub reports: bool,
    /// Reports as RFC 3550 6.2 has it, every five seconds spread by half, and nothing transport-wide.
    pub reports_seldom: bool,
    /// Its time is counted.
    pub counted: bool,
    /// Says only once which pair it means, as Firefox does.
    pub nominates_once: bool,
}

impl Default for ClientConfig {
    /// Microphone and camera, and a slot for each of another's.
    fn default() -> Self {
        Self {
            seed: 0,
            tag: 1,
            sources: vec![SourceKind::Microphone, SourceKind::Camera],
            audio_slots: 1,
            video_slots: 1,
            declare_ssrcs: true,
            without_mid: false,
            dtls_server: false,
            fir_only: false,
            redundancy: false,
            h264_slots: false,
            simulcast: false,
            largest_first: false,
            low_pictures: false,
            temporal_layers: false,
            requests: true,
            reports: true,
            reports_seldom: false,
            counted: true,
            nominates_once: false,
            full_rate: false,
        }
    }
}
