//! How much a publisher may send. The limit is constant per source until there is an estimate to go by.

use crate::event::SourceKind;

/// Enough for what a browser sends of this source in good quality, in bits a second.
fn ceiling_bps(kind: SourceKind) -> u64 {
    match kind {
        SourceKind::Microphone | SourceKind::ScreenAudio => 128_000,
        SourceKind::Camera => 2_500_000,
        SourceKind::Screen => 3_000_000,
    }
}

/// What one publisher may send in all its sources together, in bits a second.
pub(crate) fn receive_limit_bps(sources: impl Iterator<Item = SourceKind>) -> u64 {
    sources.map(ceiling_bps).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_does_not_eat_the_camera() {
        let camera = receive_limit_bps([SourceKind::Microphone, SourceKind::Camera].into_iter());
        let both = receive_limit_bps([SourceKind::Microphone, SourceKind::Camera, SourceKind::Screen].into_iter());
        assert_eq!((camera, both), (2_628_000, 5_628_000));
    }
}
