//! Which reports on streams are stored: what changes, and each stream once a minute.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use signaling_protocol::LiveCall;
use signaling_protocol::live::{Direction, Leg};
use signaling_protocol::message::SourceKind;

/// Longest time without a row while a stream does not change.
const ROW_AT_LEAST_EVERY: Duration = Duration::from_secs(60);
/// Change of a score, in hundredths, and of loss, in thousandths, that is worth a row.
const SCORE_CHANGE: u32 = 20;
const LOSS_CHANGE: u32 = 10;

#[derive(PartialEq, Eq, Hash)]
struct Stream {
    call: String,
    seat: String,
    direction: Direction,
    source: SourceKind,
    from_seat: String,
}

/// Which legs are worth a row now: new ones, changed ones, and each once a minute.
#[derive(Default)]
pub struct Sampler {
    written: HashMap<Stream, (Instant, Leg)>,
}

impl Sampler {
    /// Call by call, the legs of the calls under way that [`record`](super::record) is to store.
    pub fn choose(&mut self, now: Instant, calls: Vec<LiveCall>) -> Vec<(String, Vec<Leg>)> {
        let mut seen = HashMap::new();
        let mut chosen = Vec::new();
        for LiveCall { call, seats, .. } in calls {
            let mut rows = Vec::new();
            for leg in seats.into_iter().flat_map(|seat| seat.legs) {
                let key = Stream {
                    call: call.clone(),
                    seat: leg.seat.clone(),
                    direction: leg.direction,
                    source: leg.source,
                    from_seat: leg.from_seat.clone(),
                };
                let last = self.written.remove(&key);
                let stays = last.filter(|(at, before)| {
                    now.saturating_duration_since(*at) < ROW_AT_LEAST_EVERY && !differs(before, &leg)
                });
                let kept = stays.unwrap_or_else(|| {
                    rows.push(leg.clone());
                    (now, leg)
                });
                seen.insert(key, kept);
            }
            if !rows.is_empty() {
                chosen.push((call, rows));
            }
        }
        // What is not there any more is forgotten.
        self.written = seen;
        chosen
    }
}

fn differs(before: &Leg, after: &Leg) -> bool {
    let score = match (before.score_centi, after.score_centi) {
        (Some(before), Some(after)) => before.abs_diff(after) >= SCORE_CHANGE,
        (before, after) => before != after,
    };
    score
        || before.layer != after.layer
        || before.wanted_layer != after.wanted_layer
        || before.lost_permille.abs_diff(after.lost_permille) >= LOSS_CHANGE
}

#[cfg(test)]
mod tests {
    use signaling_protocol::message::Presence;
    use signaling_protocol::{LiveSeat, Role};

    use super::*;

    fn leg(score_centi: Option<u32>) -> Leg {
        Leg {
            seat: "s".into(),
            direction: Direction::Sent,
            source: SourceKind::Camera,
            from_seat: "s".into(),
            bitrate_bps: 0,
            lost_permille: 0,
            jitter_us: 0,
            layer: Some((0, 0)),
            wanted_layer: None,
            score_centi,
        }
    }

    fn call(leg: Leg) -> LiveCall {
        let seat = LiveSeat {
            seat: "s".into(),
            name: String::new(),
            role: Role::Provider,
            presence: Presence::Connected,
            here: true,
            stats: None,
            legs: vec![leg],
        };
        LiveCall {
            call: "c".into(),
            starts_at: 0,
            ends_at: 1,
            billable: 0,
            running: true,
            seats: vec![seat],
        }
    }

    #[test]
    fn a_row_is_written_on_change_and_each_minute() {
        let (mut sampler, begin) = (Sampler::default(), Instant::now());
        let mut at = |seconds, leg: Leg| {
            let calls = vec![call(leg)];
            sampler.choose(begin + Duration::from_secs(seconds), calls).len()
        };
        assert_eq!(at(0, leg(Some(400))), 1);
        assert_eq!(at(10, leg(Some(395))), 0, "hardly a change");
        assert_eq!(at(20, leg(Some(380))), 1);
        assert_eq!(at(30, leg(None)), 1);
        let layer = Leg {
            layer: Some((1, 0)),
            ..leg(None)
        };
        assert_eq!(at(40, layer.clone()), 1);
        assert_eq!(at(99, layer.clone()), 0);
        assert_eq!(at(100, layer), 1);
        assert!(sampler.choose(begin, Vec::new()).is_empty());
        assert!(sampler.written.is_empty());
    }
}
