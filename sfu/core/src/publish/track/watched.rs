//! Which encodings anybody watches, so that the publisher can save the others.

use std::time::{Duration, Instant};

use super::Track;
use crate::packet::bit;

/// An encoding that nobody needs is given up after this long: somebody may want it back in a moment.
const HOLD: Duration = Duration::from_secs(5);
/// An encoding that was asked for in vain is not asked for again before this is over.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Whether one encoding is watched.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    /// What the publisher was told last; it begins by sending everything.
    given_up: bool,
    needed_at: Option<Instant>,
    retry_at: Option<Instant>,
}

impl Watched {
    /// The publisher does not send it because nobody watches it, and would if somebody did.
    pub(super) fn can_be_had(&self, now: Instant) -> bool {
        self.given_up && self.retry_at.is_none_or(|at| at <= now)
    }

    /// Takes note of whether it is needed; true when that is news for the publisher.
    fn update(&mut self, needed: bool, arrives: bool, now: Instant) -> bool {
        let since = *self.needed_at.get_or_insert(now);
        if needed {
            self.needed_at = Some(now);
            return std::mem::replace(&mut self.given_up, false);
        }
        if self.given_up || now < since + HOLD {
            return false;
        }
        self.given_up = true;
        self.retry_at = (!arrives).then(|| now + RETRY_AFTER);
        true
    }
}

impl Track {
    /// Sums up what its subscriptions take, after one of them changed.
    pub(crate) fn sum_interest(&mut self) {
        self.interest = self.subscriptions.iter().fold(0, |sum, one| sum | one.interest);
    }

    /// Which encodings of a simulcast source are watched, if that is news for the publisher: up at once, down after a
    /// while.
    pub(crate) fn update_watched(&mut self, now: Instant) -> Option<Vec<(String, bool)>> {
        let needed = self.subscriptions.iter().fold(0, |sum, one| sum | one.needed);
        let mut news = false;
        for (encoding_index, encoding) in self.encodings.iter_mut().enumerate() {
            let began = encoding.stream.is_some() || needed & bit(encoding_index) > 0;
            if began {
                news |= encoding
                    .watched
                    .update(needed & bit(encoding_index) > 0, encoding.arrives, now);
            }
        }
        let named = |encoding: &super::Encoding| Some((encoding.rid.as_ref()?.0.clone(), !encoding.watched.given_up));
        let all: Vec<_> = self.encodings.iter().filter_map(named).collect();
        (news && !all.is_empty()).then_some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_up_after_a_while_and_wanted_back_at_once() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut watched = Watched::default();
        let mut review = |needed, arrives, seconds| {
            let news = watched.update(needed, arrives, at(seconds));
            (news, watched.can_be_had(at(seconds)))
        };
        assert_eq!(review(false, true, 0), (false, false));
        assert_eq!(review(true, true, 4), (false, false));
        assert_eq!(review(false, true, 8), (false, false));
        assert_eq!(review(false, true, 9), (true, true));
        assert_eq!(review(false, false, 20), (false, true));
        assert_eq!(review(true, false, 21), (true, false));
        // It never came, so it is not to be had for a while.
        assert_eq!(review(false, false, 26), (true, false));
        assert_eq!(review(false, false, 55), (false, false));
        assert_eq!(review(false, false, 56), (false, true));
    }
}
