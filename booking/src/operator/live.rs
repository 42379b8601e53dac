//! Calls under way, as whoever runs them reports them, and what the operator's page makes of it.

use std::collections::HashMap;
use std::time::Duration;

use web::pages::operator::{CallHealth, LegRow, LiveParticipant};

use super::quality::source;
use crate::calls::quality::{Direction, Leg};
use crate::state::{AppState, Micros};

/// Between the two looks that a bitrate is taken from.
pub(super) const RATE_WINDOW: Duration = Duration::from_millis(400);
/// From here on a connection counts as weak.
const WEAK_LOSS_PERMILLE: u32 = 50;
const WEAK_ROUND_TRIP_MS: u32 = 400;

/// Longest time of one packet capture.
pub const CAPTURE_MAX: Duration = Duration::from_secs(600);

/// Why no packets are captured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaptureError {
    #[error("the call is not here, or nobody in it has media")]
    NotHere,
    #[error("another capture runs")]
    Running,
    #[error("the file cannot be written")]
    Failed,
}

/// Knows the calls under way in this process.
pub trait LiveCalls: Send + Sync + 'static {
    fn snapshot(&self) -> Vec<LiveCall>;

    /// Copies the headers of a call's packets into a file for so long, at most [`CAPTURE_MAX`].
    ///
    /// # Errors
    /// See [`CaptureError`].
    fn capture(&self, call: &str, time: Duration) -> Result<(), CaptureError>;

    /// Sends everybody out of the call of a cancelled appointment, if it is here.
    fn cancel(&self, call: &str);
}

/// A call under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveCall {
    /// The appointment's id.
    pub call: String,
    pub starts_at: Micros,
    pub ends_at: Micros,
    /// Billable time so far, microseconds.
    pub billable: Micros,
    pub seats: Vec<LiveSeat>,
}

/// A person in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveSeat {
    pub seat: String,
    pub name: String,
    pub is_provider: bool,
    /// In the lobby, not let in yet.
    pub waiting: bool,
    /// The media connection is up.
    pub connected: bool,
    /// Counters of the media connection, if there is one.
    pub stats: Option<LiveStats>,
    /// How each of its streams does.
    pub legs: Vec<Leg>,
}

/// Counters since the media connection began. "in" is what came from the participant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LiveStats {
    pub packets_in: u64,
    pub packets_out: u64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    pub packets_lost_in: u64,
    pub packets_lost_out: u64,
    pub round_trip_ms: Option<u32>,
}

/// Calls with the bitrates of the last moment.
pub(super) struct Look {
    pub(super) calls: Vec<LiveCall>,
    /// In and out, bits per second, by seat.
    rates: HashMap<String, (u64, u64)>,
}

impl Look {
    /// Looks twice, so that counters become rates. Empty where no calls run.
    pub(super) async fn take(state: &AppState) -> Self {
        let Some(live) = state.live_calls.get() else {
            return Self {
                calls: Vec::new(),
                rates: HashMap::new(),
            };
        };
        let before = live.snapshot();
        if before.is_empty() {
            return Self {
                calls: before,
                rates: HashMap::new(),
            };
        }
        tokio::time::sleep(RATE_WINDOW).await;
        let calls = live.snapshot();
        let rates = rates(&before, &calls, RATE_WINDOW);
        Self { calls, rates }
    }

    pub(super) fn rate(&self, seat: &LiveSeat) -> (u64, u64) {
        self.rates.get(&seat.seat).copied().unwrap_or_default()
    }

    /// The seat as the page shows it.
    pub(super) fn participant(&self, seat: &LiveSeat) -> LiveParticipant {
        let stats = seat.stats.unwrap_or_default();
        let (bitrate_in_bps, bitrate_out_bps) = self.rate(seat);
        LiveParticipant {
            name: if seat.is_provider {
                seat.name.clone()
            } else {
                initials(&seat.name)
            },
            is_provider: seat.is_provider,
            connected: seat.connected,
            packets_in: stats.packets_in,
            packets_out: stats.packets_out,
            bitrate_in_bps,
            bitrate_out_bps,
            round_trip_ms: stats.round_trip_ms,
            loss_permille: stats.loss_permille(),
        }
    }
}

impl LiveStats {
    /// The worse of the two directions, thousandths of the packets.
    pub(super) fn loss_permille(&self) -> u32 {
        let permille = |lost: u64, came: u64| {
            let share = (u128::from(lost) * 1000).checked_div(u128::from(lost) + u128::from(came));
            share.map_or(0, |permille| u32::try_from(permille).unwrap_or(1000))
        };
        let out = permille(
            self.packets_lost_out,
            self.packets_out.saturating_sub(self.packets_lost_out),
        );
        permille(self.packets_lost_in, self.packets_in).max(out)
    }
}

fn rates(before: &[LiveCall], after: &[LiveCall], window: Duration) -> HashMap<String, (u64, u64)> {
    let counters = |calls: &[LiveCall]| -> HashMap<String, LiveStats> {
        let seats = calls.iter().flat_map(|call| &call.seats);
        seats
            .filter_map(|seat| Some((seat.seat.clone(), seat.stats?)))
            .collect()
    };
    let (before, after) = (counters(before), counters(after));
    let millis = u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1);
    let bps = |now: u64, then: u64| now.saturating_sub(then).saturating_mul(8_000) / millis;
    after
        .iter()
        .filter_map(|(seat, now)| {
            let then = before.get(seat)?;
            Some((
                seat.clone(),
                (bps(now.bytes_in, then.bytes_in), bps(now.bytes_out, then.bytes_out)),
            ))
        })
        .collect()
}

/// Every stream of a call, participant by participant, what it sends first.
pub(super) fn legs(call: &LiveCall) -> Vec<LegRow> {
    let shown = |seat: &LiveSeat| {
        if seat.is_provider {
            seat.name.clone()
        } else {
            initials(&seat.name)
        }
    };
    let name = |id: &str| {
        call.seats
            .iter()
            .find(|seat| seat.seat == id)
            .map(shown)
            .unwrap_or_default()
    };
    let mut legs: Vec<&Leg> = call.seats.iter().flat_map(|seat| &seat.legs).collect();
    legs.sort_by_key(|leg| (&leg.seat, leg.direction, &leg.source, &leg.from_seat));
    let row = |leg: &Leg| LegRow {
        who: name(&leg.seat),
        sent: leg.direction == Direction::Sent,
        source: source(&leg.source),
        from: name(&leg.from_seat),
        bitrate_bps: leg.bitrate_bps,
        lost_permille: leg.lost_permille,
        jitter_ms: (leg.jitter_us + 500) / 1_000,
        layer: leg.layer,
        wanted_layer: leg.wanted_layer,
        score_centi: leg.score_centi,
    };
    legs.into_iter().map(row).collect()
}

/// The worst that holds for anybody in the call.
pub(super) fn health(call: &LiveCall) -> CallHealth {
    if call.seats.iter().any(|seat| seat.waiting) {
        return CallHealth::Waiting;
    }
    if call.seats.iter().any(|seat| !seat.connected) {
        return CallHealth::Reconnecting;
    }
    let weak = call.seats.iter().filter_map(|seat| seat.stats).any(|stats| {
        stats.loss_permille() >= WEAK_LOSS_PERMILLE || stats.round_trip_ms.is_some_and(|ms| ms >= WEAK_ROUND_TRIP_MS)
    });
    if weak { CallHealth::Weak } else { CallHealth::Good }
}

/// `O.H.` for Ola Hansen: enough to follow a call, and no more.
pub(super) fn initials(name: &str) -> String {
    name.split_whitespace()
        .take(3)
        .filter_map(|word| word.chars().next())
        .map(|c| format!("{c}."))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(stats: Option<LiveStats>) -> LiveCall {
        let seat = LiveSeat {
            seat: "s".into(),
            name: "Ola Hansen".into(),
            is_provider: false,
            waiting: false,
            connected: stats.is_some(),
            stats,
            legs: Vec::new(),
        };
        LiveCall {
            call: "c".into(),
            starts_at: 0,
            ends_at: 1,
            billable: 0,
            seats: vec![seat],
        }
    }

    #[test]
    fn counters_become_rates() {
        let at = |bytes_in, bytes_out| {
            call(Some(LiveStats {
                bytes_in,
                bytes_out,
                ..LiveStats::default()
            }))
        };
        let rates = rates(&[at(1_000, 0)], &[at(51_000, 25_000)], Duration::from_millis(400));
        assert_eq!(rates.get("s"), Some(&(1_000_000, 500_000)));
        let restarted = super::rates(&[at(9_000, 0)], &[at(10, 0)], Duration::from_millis(400));
        assert_eq!(restarted.get("s"), Some(&(0, 0)));
    }

    #[test]
    fn health_is_the_worst_of_anybody() {
        assert_eq!(health(&call(None)), CallHealth::Reconnecting);
        assert_eq!(health(&call(Some(LiveStats::default()))), CallHealth::Good);
        let lossy = LiveStats {
            packets_in: 90,
            packets_lost_in: 10,
            ..LiveStats::default()
        };
        assert_eq!(lossy.loss_permille(), 100);
        assert_eq!(health(&call(Some(lossy))), CallHealth::Weak);
        let mut waiting = call(None);
        waiting.seats[0].waiting = true;
        assert_eq!(health(&waiting), CallHealth::Waiting);
    }

    #[test]
    fn names_become_initials() {
        assert_eq!(initials("Ola  Nordmann Hansen jr."), "O.N.H.");
        assert_eq!(initials(""), "");
    }
}
