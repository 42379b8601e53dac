//! A small VP8 clip in an IVF file, played in a loop.
//!
//! The bot cannot encode, so it answers a keyframe request by jumping to the clip's next keyframe.

use std::sync::Arc;

use bytes::Bytes;

/// The clip that is used when none is named: 320x180, 15 frames a second, magenta with a moving test pattern.
static MAGENTA: &[u8] = include_bytes!("../../assets/magenta-320x180.ivf");

/// IVF file header, bytes.
const FILE_HEADER: usize = 32;
/// IVF frame header, bytes: size (u32) and timestamp (u64), little endian.
const FRAME_HEADER: usize = 12;
/// More frames than a looped clip needs; a longer file is refused.
const FRAMES_MAX: usize = 10_000;

/// Why a clip file is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClipError {
    #[error("not an IVF file with VP8")]
    NotVp8,
    #[error("the file ends inside a frame")]
    CutOff,
    #[error("the frame rate is zero or above 120")]
    FrameRate,
    #[error("the clip has no frame, or more than {FRAMES_MAX}")]
    Frames,
    #[error("the clip does not begin with a keyframe")]
    NoKeyframe,
}

/// The frames of a clip and how fast they follow each other.
#[derive(Debug)]
pub struct Clip {
    frames: Vec<Bytes>,
    frames_per_second: u32,
}

impl Clip {
    /// Reads an IVF file.
    ///
    /// # Errors
    /// See [`ClipError`].
    pub fn parse(ivf: &[u8]) -> Result<Self, ClipError> {
        let header = ivf.get(..FILE_HEADER).ok_or(ClipError::NotVp8)?;
        if &header[..4] != b"DKIF" || &header[8..12] != b"VP80" {
            return Err(ClipError::NotVp8);
        }
        let frames_per_second = word(header, 16) / word(header, 20).max(1);
        if !(1..=120).contains(&frames_per_second) {
            return Err(ClipError::FrameRate);
        }
        let mut frames = Vec::new();
        let mut rest = &ivf[FILE_HEADER..];
        while !rest.is_empty() {
            let size = rest
                .get(..FRAME_HEADER)
                .map(|header| word(header, 0) as usize)
                .ok_or(ClipError::CutOff)?;
            let end = FRAME_HEADER.checked_add(size).ok_or(ClipError::CutOff)?;
            let frame = rest.get(FRAME_HEADER..end).ok_or(ClipError::CutOff)?;
            frames.push(Bytes::copy_from_slice(frame));
            if frames.len() > FRAMES_MAX {
                return Err(ClipError::Frames);
            }
            rest = &rest[end..];
        }
        let first = frames.first().ok_or(ClipError::Frames)?;
        if keyframe_size(first).is_none() {
            return Err(ClipError::NoKeyframe);
        }
        Ok(Self {
            frames,
            frames_per_second,
        })
    }

    /// The clip that is part of this crate.
    #[must_use]
    pub fn magenta() -> Self {
        Self::parse(MAGENTA).expect("a test reads the committed clip")
    }

    #[must_use]
    pub fn frames_per_second(&self) -> u32 {
        self.frames_per_second
    }

    /// Whether these bytes are one of the clip's frames, so that it arrived unchanged.
    #[must_use]
    pub fn contains(&self, frame: &[u8]) -> bool {
        self.frames.iter().any(|own| own.as_ref() == frame)
    }
}

/// Plays a clip over and over.
#[derive(Debug)]
pub struct ClipPlayer {
    clip: Arc<Clip>,
    next: usize,
}

impl ClipPlayer {
    #[must_use]
    pub fn new(clip: Arc<Clip>) -> Self {
        Self { clip, next: 0 }
    }

    /// The next frame to send; with `keyframe_wanted` the next keyframe, skipping what lies before it.
    pub fn next_frame(&mut self, keyframe_wanted: bool) -> Bytes {
        let frames = &self.clip.frames;
        if keyframe_wanted {
            while keyframe_size(&frames[self.next]).is_none() {
                self.next = (self.next + 1) % frames.len();
            }
        }
        let frame = frames[self.next].clone();
        self.next = (self.next + 1) % frames.len();
        frame
    }
}

/// Width and height in pixels if this VP8 frame is a keyframe (RFC 6386 section 9.1).
#[must_use]
pub fn keyframe_size(frame: &[u8]) -> Option<(u16, u16)> {
    let [tag, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = *frame else {
        return None;
    };
    let size = |low, high| u16::from_le_bytes([low, high]) & 0x3fff;
    (tag & 1 == 0).then(|| (size(w0, w1), size(h0, h1)))
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_clip_has_a_keyframe_every_second() {
        let clip = Clip::magenta();
        assert_eq!(clip.frames_per_second(), 15);
        assert_eq!(clip.frames.len(), 45);
        for second in clip.frames.chunks(15) {
            assert_eq!(keyframe_size(&second[0]), Some((320, 180)));
            assert!(second[1..].iter().all(|frame| keyframe_size(frame).is_none()));
        }
    }

    #[test]
    fn a_keyframe_request_jumps_and_the_end_wraps() {
        let clip = Arc::new(Clip::magenta());
        let mut player = ClipPlayer::new(Arc::clone(&clip));
        assert_eq!(player.next_frame(false), clip.frames[0]);
        assert_eq!(player.next_frame(false), clip.frames[1]);
        assert_eq!(player.next_frame(true), clip.frames[15]);
        assert_eq!(player.next_frame(false), clip.frames[16]);
        assert_eq!(player.next_frame(true), clip.frames[30]);
        assert_eq!(player.next_frame(true), clip.frames[0]);
    }

    #[test]
    fn damaged_files_are_refused() {
        let cut = |at: usize, with: u8| {
            let mut bytes = MAGENTA.to_vec();
            bytes[at] = with;
            Clip::parse(&bytes).err()
        };
        assert_eq!(Clip::parse(&MAGENTA[..20]).err(), Some(ClipError::NotVp8));
        assert_eq!(Clip::parse(&MAGENTA[..32]).err(), Some(ClipError::Frames));
        assert_eq!(Clip::parse(&MAGENTA[..40]).err(), Some(ClipError::CutOff));
        assert_eq!(
            Clip::parse(&MAGENTA[..MAGENTA.len() - 1]).err(),
            Some(ClipError::CutOff)
        );
        assert_eq!(cut(8, b'X'), Some(ClipError::NotVp8));
        assert_eq!(cut(16, 0), Some(ClipError::FrameRate));
        assert_eq!(cut(35, 0xff), Some(ClipError::CutOff));
        assert_eq!(cut(44, MAGENTA[44] | 1), Some(ClipError::NoKeyframe));
    }
}
