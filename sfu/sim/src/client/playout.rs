//! What a viewer and listener would notice: frames shown and pictures that freeze, sound that breaks off.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Packets kept behind the one that is waited for.
const PIECES_MAX: usize = 2_048;
/// Frames whose intervals make the mean.
const INTERVALS: usize = 30;
/// A frame later than the mean by this much is a freeze...
const FREEZE_MORE: Duration = Duration::from_millis(150);
/// ...and also by this factor (W3C webrtc-stats, `freezeCount`).
const FREEZE_FACTOR: u32 = 3;
/// A decoder that waits this long asks for a keyframe.
const PATIENCE: Duration = Duration::from_millis(500);

/// A packet of video as the decoder's queue sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    /// First of its frame.
    pub(super) first: bool,
    /// Last of its frame.
    pub(super) last: bool,
    pub(super) keyframe: bool,
    /// Padding only.
    pub(super) empty: bool,
}

/// A time in which the picture stood still.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freeze {
    pub from: Instant,
    pub until: Instant,
}

/// What was seen of a video slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// When each frame was shown.
    pub frames: Vec<Instant>,
    pub freezes: Vec<Freeze>,
}

impl Seen {
    /// Time frozen in all.
    #[must_use]
    pub fn frozen(&self) -> Duration {
        self.freezes.iter().map(|freeze| freeze.until - freeze.from).sum()
    }
}

/// A slot's decoder: shows each frame that is whole and follows the one before it.
#[derive(Debug, Default)]
pub(super) struct Picture {
    pieces: BTreeMap<u64, Piece>,
    /// The packet that the next frame begins with.
    next: Option<u64>,
    intervals: VecDeque<Duration>,
    /// Since when packets wait for one that is missing.
    stuck_since: Option<Instant>,
    pub(super) seen: Seen,
}

impl Picture {
    pub(super) fn received(&mut self, index: u64, piece: Piece, now: Instant) {
        if self.next.is_some_and(|next| index < next) {
            return;
        }
        self.pieces.insert(index, piece);
        if self.pieces.len() > PIECES_MAX {
            self.pieces.pop_first();
        }
        while self.show_next(now) {}
        self.stuck_since = if self.pieces.is_empty() {
            None
        } else {
            self.stuck_since.or(Some(now))
        };
    }

    /// True when the decoder has waited too long, after which it waits anew.
    pub(super) fn wants_keyframe(&mut self, now: Instant) -> bool {
        let stuck = self.stuck_since.is_some_and(|since| now >= since + PATIENCE);
        if stuck {
            self.stuck_since = Some(now);
        }
        stuck
    }

    /// When to ask [`Self::wants_keyframe`].
    pub(super) fn keyframe_due(&self) -> Option<Instant> {
        self.stuck_since.map(|since| since + PATIENCE)
    }

    fn show_next(&mut self, now: Instant) -> bool {
        if let Some(next) = self.next
            && let Some(end) = self.whole_from(next)
        {
            return self.show(next, end, now);
        }
        // Whatever is missing, a keyframe makes up for it.
        let starts = self.pieces.iter().filter(|(_, piece)| piece.first && piece.keyframe);
        let Some((start, end)) = starts.filter_map(|(at, _)| Some((*at, self.whole_from(*at)?))).next() else {
            return false;
        };
        self.show(start, end, now)
    }

    /// The end of the frame from `start` on, when it is all there.
    fn whole_from(&self, start: u64) -> Option<u64> {
        let mut begun = false;
        for index in start.. {
            let piece = self.pieces.get(&index)?;
            begun |= piece.first;
            if !begun && !piece.empty {
                return None;
            }
            if piece.last {
                return Some(index);
            }
        }
        None
    }

    fn show(&mut self, start: u64, end: u64, now: Instant) -> bool {
        debug_assert!(start <= end, "a frame ends after it begins");
        self.next = Some(end + 1);
        self.pieces = self.pieces.split_off(&(end + 1));
        self.stuck_since = None;
        let Some(before) = self.seen.frames.last().copied() else {
            self.seen.frames.push(now);
            return true;
        };
        self.seen.frames.push(now);
        let interval = now - before;
        if self.intervals.len() == INTERVALS {
            let mean = self.intervals.iter().sum::<Duration>() / u32::try_from(INTERVALS).expect("a few");
            if interval >= (mean * FREEZE_FACTOR).max(mean + FREEZE_MORE) {
                self.seen.freezes.push(Freeze {
                    from: before,
                    until: now,
                });
            }
            self.intervals.pop_front();
        }
        self.intervals.push_back(interval);
        true
    }
}

/// What was heard of an audio slot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Heard {
    pub frames: usize,
    /// Frames that were not there when it was their turn.
    pub missing: usize,
    /// The longest time without sound.
    pub longest_gap: Duration,
}

impl Heard {
    /// Another 20 ms without sound.
    fn stop(&mut self, gap: &mut Duration) {
        self.missing += 1;
        *gap += FRAME;
        self.longest_gap = self.longest_gap.max(*gap);
    }
}

/// A frame of sound.
const FRAME: Duration = Duration::from_millis(20);
/// Frames waiting before the first one is played.
const FILL: u32 = 3;
/// With more than this waiting, a frame is left out to catch up: it is not heard as a gap.
const FILL_MAX: usize = 8;

/// Plays frames as a jitter buffer does: one each 20 ms; it waits when nothing is there, and passes over what is missing
/// once it was silent for as long. `arrived` maps the number of each frame to when it first was there, with numbers of one source.
pub(super) fn listen(arrived: &BTreeMap<u64, Instant>) -> Heard {
    let mut heard = Heard::default();
    let Some((first, at)) = arrived.iter().next() else {
        return heard;
    };
    let (mut next, mut now) = (*first, *at + FRAME * FILL);
    let mut gap = Duration::ZERO;
    while let Some((last, _)) = arrived.last_key_value()
        && next <= *last
    {
        let mut waiting = arrived
            .range(next..)
            .take(64)
            .filter(|(_, at)| **at <= now)
            .map(|(index, _)| *index);
        let Some(first) = waiting.next() else {
            heard.stop(&mut gap);
            now += FRAME;
            continue;
        };
        // The silence so far stands for as many of the frames that are missing.
        if FRAME * u32::try_from(first - next).unwrap_or(u32::MAX) > gap {
            heard.stop(&mut gap);
        } else {
            heard.frames += 1;
            gap = Duration::ZERO;
            next = first + 1 + u64::from(waiting.count() >= FILL_MAX);
        }
        now += FRAME;
    }
    heard
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Piece = Piece {
        first: true,
        last: true,
        keyframe: false,
        empty: false,
    };

    /// Shows frames of one packet, given by number and millisecond; those of `keyframes` need none before them.
    fn show(arrivals: &[(u64, u64)], keyframes: &[u64]) -> (Seen, Instant) {
        let start = Instant::now();
        let mut picture = Picture::default();
        for (index, millis) in arrivals {
            let keyframe = keyframes.contains(index);
            let piece = Piece { keyframe, ..WHOLE };
            picture.received(*index, piece, start + Duration::from_millis(*millis));
        }
        (picture.seen, start)
    }

    #[test]
    fn a_late_frame_freezes_the_picture_and_a_keyframe_ends_it() {
        let mut arrivals: Vec<(u64, u64)> = (0..40).map(|number| (number, number * 50)).collect();
        assert!(show(&arrivals, &[0]).0.freezes.is_empty());
        // Frame 40 never comes, and 50 is a keyframe.
        arrivals.extend((41..60).map(|number| (number, number * 50)));
        let (seen, start) = show(&arrivals, &[0, 50]);
        let at = |millis| start + Duration::from_millis(millis);
        let freeze = Freeze {
            from: at(39 * 50),
            until: at(50 * 50),
        };
        assert_eq!((seen.freezes.as_slice(), seen.frames.len()), ([freeze].as_slice(), 50));
        assert_eq!(seen.frozen(), Duration::from_millis(550));
        assert!(
            show(&arrivals[1..], &[]).0.frames.is_empty(),
            "nothing is shown before a keyframe"
        );
    }

    #[test]
    fn a_frame_waits_for_all_its_packets() {
        let now = Instant::now();
        let mut picture = Picture::default();
        let piece = |first, last, empty| Piece {
            first,
            last,
            keyframe: first,
            empty,
        };
        for (index, piece) in [(7, piece(false, true, false)), (5, piece(true, false, false))] {
            picture.received(index, piece, now);
            assert!(picture.seen.frames.is_empty());
        }
        picture.received(6, piece(false, false, false), now);
        assert_eq!(picture.seen.frames.len(), 1);
        // Padding between frames is passed over.
        let delta = Piece {
            keyframe: false,
            ..piece(true, true, false)
        };
        picture.received(9, delta, now);
        assert!(!picture.wants_keyframe(now) && picture.seen.frames.len() == 1);
        assert!(picture.wants_keyframe(now + PATIENCE));
        picture.received(8, piece(false, false, true), now);
        assert_eq!(picture.seen.frames.len(), 2);
    }

    #[test]
    fn sound_breaks_off_when_frames_are_late_or_lost() {
        let start = Instant::now();
        let heard = |late: &dyn Fn(u64) -> Option<u64>| {
            let frames = (0..500).filter_map(|number| Some((number, late(number)?)));
            let arrived = frames.map(|(number, late)| (number, start + Duration::from_millis(number * 20 + late)));
            listen(&arrived.collect())
        };
        let gap = |late: &dyn Fn(u64) -> Option<u64>| heard(late).longest_gap.as_millis();
        assert_eq!(gap(&|_| Some(30)), 0);
        assert_eq!(gap(&|number| Some(number * 7 % 50)), 0);
        assert_eq!(gap(&|number| (number % 10 > 2).then_some(0)), 60);
        // 300 ms in which nothing arrives: what is waiting bridges 60.
        let burst = |number: u64| {
            Some(if (100..115).contains(&number) {
                (115 - number) * 20
            } else {
                0
            })
        };
        assert!((200..=300).contains(&gap(&burst)), "{}", gap(&burst));
    }
}
