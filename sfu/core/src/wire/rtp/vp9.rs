//! The VP9 payload descriptor (RFC 9628 4.2): what a forwarder needs to know and to rewrite.

/// What the descriptor of one packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vp9 {
    /// Bytes of descriptor; the VP9 payload follows.
    pub len: usize,
    /// 15 or 7 bits, see [`Self::picture_id_long`].
    pub picture_id: Option<u16>,
    /// The picture id has 15 bits.
    pub picture_id_long: bool,
    /// Only in non-flexible mode.
    pub tl0_pic_idx: Option<u8>,
    /// Temporal layer; zero without layers.
    pub tid: u8,
    /// Spatial layer; zero without layers.
    pub sid: u8,
    /// From this frame on the temporal layer may be raised to its own (U bit).
    pub switching_up: bool,
    /// This frame depends on the spatial layer below (D bit).
    pub inter_layer: bool,
    /// This picture depends on earlier ones (P bit).
    pub inter_picture: bool,
    /// First packet of a frame of one spatial layer (B bit).
    pub frame_start: bool,
    /// Last packet of a frame of one spatial layer (E bit).
    pub frame_end: bool,
    /// No higher spatial layer of this picture depends on this frame (Z bit).
    pub not_a_reference: bool,
    /// Spatial layers of the stream, where the packet carries the scalability structure.
    pub spatial_layers: Option<u8>,
    /// Width and height of the best of them, where it says so.
    pub largest: Option<(u16, u16)>,
    /// Offset of TL0PICIDX, valid where that is present.
    tl0_at: usize,
}

impl Vp9 {
    /// Reads the descriptor; `None` when it does not fit into the payload or nothing follows it.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let flags = *payload.first()?;
        let flag = |bit: u8| flags & bit != 0;
        let mut read = Self {
            len: 1,
            picture_id: None,
            picture_id_long: false,
            tl0_pic_idx: None,
            tid: 0,
            sid: 0,
            switching_up: false,
            inter_layer: false,
            inter_picture: flag(0x40),
            frame_start: flag(0x08),
            frame_end: flag(0x04),
            not_a_reference: flag(0x01),
            spatial_layers: None,
            largest: None,
            tl0_at: 0,
        };
        let flexible = flag(0x10);
        if flag(0x80) {
            let high = read.byte(payload)?;
            read.picture_id_long = high & 0x80 != 0;
            read.picture_id = Some(if read.picture_id_long {
                u16::from_be_bytes([high & 0x7f, read.byte(payload)?])
            } else {
                u16::from(high)
            });
        }
        if flag(0x20) {
            let layers = read.byte(payload)?;
            read.tid = layers >> 5;
            read.switching_up = layers & 0x10 != 0;
            read.sid = layers >> 1 & 7;
            read.inter_layer = layers & 1 != 0;
            if !flexible {
                read.tl0_at = read.len;
                read.tl0_pic_idx = Some(read.byte(payload)?);
            }
        }
        if flexible && read.inter_picture {
            read.skip_references(payload)?;
        }
        if flag(0x02) {
            read.scalability_structure(payload)?;
        }
        (read.len < payload.len()).then_some(read)
    }

    /// First packet of a picture that depends on no other, in its lowest spatial layer.
    #[must_use]
    pub fn keyframe(&self) -> bool {
        self.frame_start && !self.inter_picture && self.sid == 0
    }

    fn byte(&mut self, payload: &[u8]) -> Option<u8> {
        let byte = *payload.get(self.len)?;
        self.len += 1;
        Some(byte)
    }

    /// At most three differences of picture ids (RFC 9628 4.2).
    fn skip_references(&mut self, payload: &[u8]) -> Option<()> {
        for _ in 0..3 {
            if self.byte(payload)? & 1 == 0 {
                return Some(());
            }
        }
        // A fourth is announced, which there may not be.
        None
    }

    fn scalability_structure(&mut self, payload: &[u8]) -> Option<()> {
        let head = self.byte(payload)?;
        let layers = (head >> 5) + 1;
        self.spatial_layers = Some(layers);
        if head & 0x10 != 0 {
            for _ in 0..layers {
                let mut side = || Some(u16::from_be_bytes([self.byte(payload)?, self.byte(payload)?]));
                self.largest = Some((side()?, side()?));
            }
        }
        if head & 0x08 != 0 {
            for _ in 0..self.byte(payload)? {
                let picture = self.byte(payload)?;
                self.len += usize::from(picture >> 2 & 3);
            }
        }
        Some(())
    }

    /// Overwrites picture id (cut to the width that is there) and TL0PICIDX, where present, in a payload that has this
    /// descriptor.
    pub fn rewrite(&self, payload: &mut [u8], picture_id: u16, tl0_pic_idx: u8) {
        if self.picture_id.is_some() {
            let [high, low] = picture_id.to_be_bytes();
            if self.picture_id_long {
                payload[1..3].copy_from_slice(&[0x80 | high, low]);
            } else {
                payload[1] = low & 0x7f;
            }
        }
        if self.tl0_pic_idx.is_some() {
            payload[self.tl0_at] = tl0_pic_idx;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_a_keyframe_of_three_spatial_layers() {
        // I, L, B, V; picture id of 15 bits; TID 0, SID 0; TL0PICIDX; three sizes; one picture in the group.
        let mut payload = vec![0xaa, 0x92, 0x34, 0x00, 0x07, 0x58];
        payload.extend([1, 64, 0, 180, 2, 128, 1, 104, 5, 0, 2, 208]);
        payload.extend([1, 0x14, 1, 0x82]);
        let read = Vp9::parse(&payload).unwrap();
        assert_eq!(read.len, payload.len() - 1);
        assert_eq!((read.picture_id, read.picture_id_long), (Some(0x1234), true));
        assert_eq!((read.tl0_pic_idx, read.spatial_layers), (Some(7), Some(3)));
        assert!(read.keyframe() && read.frame_start && !read.frame_end);
        read.rewrite(&mut payload, 0x7fff, 9);
        let rewritten = Vp9::parse(&payload).unwrap();
        assert_eq!((rewritten.picture_id, rewritten.tl0_pic_idx), (Some(0x7fff), Some(9)));
    }

    #[test]
    fn reads_layers_of_an_inter_picture() {
        // I, P, L, B, E; picture id of 7 bits; TID 2, U, SID 1, D.
        let read = Vp9::parse(&[0xec, 0x11, 0x53, 5, 0]).unwrap();
        assert_eq!((read.tid, read.sid, read.picture_id), (2, 1, Some(0x11)));
        assert!(read.switching_up && read.inter_layer && read.frame_end && !read.keyframe());
        // The upper spatial layer of a key picture is no place to begin.
        assert!(!Vp9::parse(&[0xac, 0x11, 0x03, 5, 0]).unwrap().keyframe());
        // Flexible mode: two references, no TL0PICIDX.
        let flexible = Vp9::parse(&[0xf8, 0x11, 0x20, 0x03, 0x04, 0]).unwrap();
        assert_eq!((flexible.len, flexible.tl0_pic_idx, flexible.tid), (5, None, 1));
    }

    #[test]
    fn what_does_not_fit_is_not_read() {
        let cut: [&[u8]; 7] = [
            &[],
            &[0x08],
            &[0x80],
            &[0x80, 0x81],
            &[0xa0, 1, 0],
            &[0xd0, 1, 3, 3, 3, 0],
            &[0x0a, 0xf8, 0, 0],
        ];
        for payload in cut {
            assert_eq!(Vp9::parse(payload), None, "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_and_rewritten_in_place(
            payload in prop::collection::vec(any::<u8>(), 0..64),
            picture_id in 0u16..0x8000,
            tl0_pic_idx in any::<u8>(),
        ) {
            if let Some(read) = Vp9::parse(&payload) {
                prop_assert!(read.len < payload.len());
                let mut rewritten = payload.clone();
                read.rewrite(&mut rewritten, picture_id, tl0_pic_idx);
                let again = Vp9::parse(&rewritten).expect("of the same shape");
                let width = if read.picture_id_long { 0x7fff } else { 0x7f };
                prop_assert_eq!(again.picture_id, read.picture_id.map(|_| picture_id & width));
                prop_assert_eq!(again.tl0_pic_idx, read.tl0_pic_idx.map(|_| tl0_pic_idx));
                prop_assert_eq!(&rewritten[read.len..], &payload[read.len..]);
            }
        }
    }
}
