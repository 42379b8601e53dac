//! A way in for the fuzz targets to what is not public; of no use to anybody else.

use crate::tcp::frame::{Next, Partial, next_frame};

/// The frames of a TCP stream that comes in pieces of `piece` bytes, up to one that is too long.
#[must_use]
pub fn frames(piece: usize, stream: &[u8]) -> Vec<Vec<u8>> {
    let mut frames = Vec::new();
    let mut partial = Partial::default();
    let mut buffer = vec![0; 2 * 1_024 + piece];
    for piece in stream.chunks(piece.max(1)) {
        let before = partial.restore(&mut buffer);
        let end = before + piece.len();
        buffer[before..end].copy_from_slice(piece);
        let mut at = 0;
        loop {
            match next_frame(&buffer[at..end]) {
                Next::Frame(from, to) => {
                    frames.push(buffer[at + from..at + to].to_vec());
                    at += to;
                }
                Next::Partial => break partial.keep(&buffer[at..end]),
                Next::TooLong => return frames,
            }
        }
    }
    frames
}
