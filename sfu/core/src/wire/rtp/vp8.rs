//! The VP8 payload descriptor (RFC 7741 4.2): what a forwarder needs to know and to rewrite.

/// What the descriptor of one packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp8 {
    /// Bytes of descriptor; the VP8 payload follows.
    pub len: usize,
    /// First packet of a frame (S bit and partition 0).
    pub frame_start: bool,
    /// First packet of a key frame.
    pub keyframe: bool,
    /// 15 or 7 bits, see [`Self::picture_id_long`].
    pub picture_id: Option<u16>,
    pub tl0_pic_idx: Option<u8>,
    /// Temporal layer.
    pub tid: Option<u8>,
    /// This frame depends on the base layer only (Y bit).
    pub layer_sync: bool,
    /// The picture id has 15 bits.
    pub picture_id_long: bool,
    /// Offset of TL0PICIDX, valid where that is present.
    pub(super) tl0_at: usize,
}

impl Vp8 {
    /// Reads the descriptor; `None` when it does not fit into the payload or nothing follows it.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let first = *payload.first()?;
        let mut descriptor = Self {
            len: 1,
            frame_start: first & 0x17 == 0x10,
            keyframe: false,
            picture_id: None,
            tl0_pic_idx: None,
            tid: None,
            layer_sync: false,
            picture_id_long: false,
            tl0_at: 0,
        };
        if first & 0x80 != 0 {
            descriptor.parse_extended(payload)?;
        }
        let frame = *payload.get(descriptor.len)?;
        // The P bit of the frame header is clear on key frames (RFC 6386 9.1).
        descriptor.keyframe = descriptor.frame_start && frame & 1 == 0;
        Some(descriptor)
    }

    fn parse_extended(&mut self, payload: &[u8]) -> Option<()> {
        let flags = *payload.get(1)?;
        self.len = 2;
        if flags & 0x80 != 0 {
            let high = *payload.get(self.len)?;
            self.picture_id_long = high & 0x80 != 0;
            self.picture_id = Some(if self.picture_id_long {
                u16::from_be_bytes([high & 0x7f, *payload.get(self.len + 1)?])
            } else {
                u16::from(high)
            });
            self.len += 1 + usize::from(self.picture_id_long);
        }
        if flags & 0x40 != 0 {
            self.tl0_pic_idx = Some(*payload.get(self.len)?);
            self.tl0_at = self.len;
            self.len += 1;
        }
        if flags & 0x30 != 0 {
            let layers = *payload.get(self.len)?;
            if flags & 0x20 != 0 {
                self.tid = Some(layers >> 6);
                self.layer_sync = layers & 0x20 != 0;
            }
            self.len += 1;
        }
        Some(())
    }

    /// Width and height of a key frame's picture, from its first packet (RFC 6386 9.1).
    #[must_use]
    pub fn picture_size(&self, payload: &[u8]) -> Option<(u16, u16)> {
        let frame: &[u8; 10] = payload.get(self.len..)?.first_chunk()?;
        if !self.keyframe || frame[3..6] != [0x9d, 0x01, 0x2a] {
            return None;
        }
        let side = |low: u8, high: u8| u16::from_le_bytes([low, high & 0x3f]);
        Some((side(frame[6], frame[7]), side(frame[8], frame[9])))
    }

    /// Overwrites picture id (cut to the width that is there) and TL0PICIDX, where present, in a payload that has this
    /// descriptor.
    pub fn rewrite(&self, payload: &mut [u8], picture_id: u16, tl0_pic_idx: u8) {
        if self.picture_id.is_some() {
            let [high, low] = picture_id.to_be_bytes();
            if self.picture_id_long {
                payload[2..4].copy_from_slice(&[0x80 | high, low]);
            } else {
                payload[2] = low & 0x7f;
            }
        }
        if self.tl0_pic_idx.is_some() {
            payload[self.tl0_at] = tl0_pic_idx;
        }
    }
}
