//! Frames of RFC 4571 in a stream of bytes: two bytes of length, then as many of content.

use sfu_core::limits;

/// Bytes of a frame's length.
pub(crate) const FRAME_HEAD: usize = 2;

/// What the next bytes are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A frame's content, from and to.
    Frame(usize, usize),
    /// Not a whole frame.
    Partial,
    /// Longer than anything of ours.
    TooLong,
}

pub(crate) fn next_frame(bytes: &[u8]) -> Next {
    let Some(head) = bytes.first_chunk::<FRAME_HEAD>() else {
        return Next::Partial;
    };
    let len = usize::from(u16::from_be_bytes(*head));
    if len > limits::DATAGRAM_BYTES_MAX {
        return Next::TooLong;
    }
    let end = FRAME_HEAD + len;
    if bytes.len() < end {
        return Next::Partial;
    }
    Next::Frame(FRAME_HEAD, end)
}

/// The beginning of a frame that has not come in whole: shorter than the longest frame.
#[derive(Debug, Default)]
pub(crate) struct Partial(Vec<u8>);

impl Partial {
    /// Keeps what [`next_frame`] has called [`Next::Partial`].
    pub(crate) fn keep(&mut self, bytes: &[u8]) {
        self.0.clear();
        self.0.extend_from_slice(bytes);
    }

    /// Puts it at the beginning of a buffer, so that what comes next can be read behind it; returns its length.
    pub(crate) fn restore(&self, buffer: &mut [u8]) -> usize {
        buffer[..self.0.len()].copy_from_slice(&self.0);
        self.0.len()
    }
}
