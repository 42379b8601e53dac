//! What the payloads of model media say, so that a receiver can tell who sent them, in which order, and unharmed.

use sfu_core::SourceKind;

const MAGIC: [u8; 4] = *b"BOOK";
/// Bytes of marks before the filling.
pub(super) const MARKS_LEN: usize = 19;

/// Bytes of the head of a VP8 keyframe that says how large it is.
pub(super) const KEYFRAME_HEAD_LEN: usize = 10;

/// The marks of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    /// Which client sent it.
    pub(super) tag: u32,
    pub(super) kind: SourceKind,
    /// Packets with content of this source before it.
    pub(super) counter: u32,
    /// Frames of this source before its own.
    pub(super) frame: u32,
    /// The encoding of a simulcast source, and the temporal layer.
    pub(super) encoding: u8,
    pub(super) temporal: u8,
    /// The frame that it depends on came so many frames before; zero for none.
    pub(super) depends: u8,
}

impl Content {
    /// Fills `out`, which is longer than the marks.
    pub(super) fn write(self, out: &mut [u8]) {
        out[..4].copy_from_slice(&MAGIC);
        out[4..8].copy_from_slice(&self.tag.to_be_bytes());
        out[8] = match self.kind {
            SourceKind::Microphone => 0,
            SourceKind::Camera => 1,
            SourceKind::Screen => 2,
            SourceKind::ScreenAudio => 3,
        };
        out[9..13].copy_from_slice(&self.counter.to_be_bytes());
        out[13..17].copy_from_slice(&self.frame.to_be_bytes());
        out[17] = self.encoding << 4 | self.temporal;
        out[18] = self.depends;
        for (at, byte) in out[MARKS_LEN..].iter_mut().enumerate() {
            *byte = self.filling(at);
        }
    }

    /// Reads marks and filling; `None` when a byte is not as written.
    pub(super) fn read(payload: &[u8]) -> Option<Self> {
        let (marks, filling) = payload.split_at_checked(MARKS_LEN)?;
        let word = |at: usize| Some(u32::from_be_bytes(marks.get(at..at + 4)?.try_into().ok()?));
        let kind = match marks[8] {
            0 => SourceKind::Microphone,
            1 => SourceKind::Camera,
            2 => SourceKind::Screen,
            3 => SourceKind::ScreenAudio,
            _ => return None,
        };
        let content = Self {
            tag: word(4)?,
            kind,
            counter: word(9)?,
            frame: word(13)?,
            encoding: marks[17] >> 4,
            temporal: marks[17] & 0x0f,
            depends: marks[18],
        };
        let unharmed = filling
            .iter()
            .enumerate()
            .all(|(at, byte)| *byte == content.filling(at));
        (marks[..4] == MAGIC && unharmed).then_some(content)
    }

    fn filling(self, at: usize) -> u8 {
        (self.counter as usize).wrapping_mul(31).wrapping_add(at).to_le_bytes()[0]
    }
}
