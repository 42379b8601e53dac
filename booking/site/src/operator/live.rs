//! What the operator's page makes of calls under way.

use web::pages::operator::{CallHealth, LegRow, LiveParticipant};

use super::quality::source;
use booking_core::AppState;
use signaling_protocol::live::{Direction, Leg};
use signaling_protocol::message::Presence;
use signaling_protocol::{LiveCall, LiveSeat, Role};

/// From here on a connection counts as weak.
const WEAK_LOSS_PERMILLE: u32 = 50;
const WEAK_ROUND_TRIP_MS: u32 = 400;

/// The calls under way in this process.
pub(super) fn calls(state: &AppState) -> Vec<LiveCall> {
    state.live_calls.get().map(|live| live.snapshot()).unwrap_or_default()
}

/// A seat as the page shows it.
pub(super) fn participant(seat: &LiveSeat) -> LiveParticipant {
    let stats = seat.stats.unwrap_or_default();
    LiveParticipant {
        name: shown_name(seat),
        is_provider: seat.role == Role::Provider,
        connected: seat.presence == Presence::Connected,
        packets_in: stats.packets_in,
        packets_out: stats.packets_out,
        bitrate_in_bps: bitrate_bps(seat, Direction::Sent),
        bitrate_out_bps: bitrate_bps(seat, Direction::Received),
        round_trip_ms: stats.round_trip_ms,
        loss_permille: stats.loss_permille(),
    }
}

/// Bits per second of all of a seat's streams in one direction.
pub(super) fn bitrate_bps(seat: &LiveSeat, direction: Direction) -> u64 {
    let legs = seat.legs.iter().filter(|leg| leg.direction == direction);
    legs.map(|leg| leg.bitrate_bps).sum()
}

/// Every stream of a call, participant by participant, what it sends first.
pub(super) fn legs(call: &LiveCall) -> Vec<LegRow> {
    let name = |id: &str| {
        call.seats
            .iter()
            .find(|seat| seat.seat == id)
            .map(shown_name)
            .unwrap_or_default()
    };
    let mut legs: Vec<&Leg> = call.seats.iter().flat_map(|seat| &seat.legs).collect();
    legs.sort_by_key(|leg| (&leg.seat, leg.direction, leg.source.name(), &leg.from_seat));
    let row = |leg: &Leg| LegRow {
        who: name(&leg.seat),
        sent: leg.direction == Direction::Sent,
        source: source(leg.source),
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
    if call.seats.iter().any(|seat| seat.presence == Presence::Lobby) {
        return CallHealth::Waiting;
    }
    if call.seats.iter().any(|seat| seat.presence != Presence::Connected) {
        return CallHealth::Reconnecting;
    }
    let weak = call.seats.iter().filter_map(|seat| seat.stats).any(|stats| {
        stats.loss_permille() >= WEAK_LOSS_PERMILLE || stats.round_trip_ms.is_some_and(|ms| ms >= WEAK_ROUND_TRIP_MS)
    });
    if weak { CallHealth::Weak } else { CallHealth::Good }
}

/// Providers by their names, consumers by initials.
fn shown_name(seat: &LiveSeat) -> String {
    match seat.role {
        Role::Provider => seat.name.clone(),
        Role::Consumer => initials(&seat.name),
    }
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
    use signaling_protocol::LiveStats;
    use signaling_protocol::message::SourceKind;

    use super::*;

    fn call(stats: Option<LiveStats>) -> LiveCall {
        let seat = LiveSeat {
            seat: "s".into(),
            name: "Ola Hansen".into(),
            role: Role::Consumer,
            here: true,
            presence: if stats.is_some() {
                Presence::Connected
            } else {
                Presence::Reconnecting
            },
            stats,
            legs: Vec::new(),
        };
        LiveCall {
            call: "c".into(),
            starts_at: 0,
            ends_at: 1,
            billable: 0,
            running: false,
            seats: vec![seat],
        }
    }

    #[test]
    fn a_participant_has_the_bitrates_of_its_streams() {
        let mut live = call(Some(LiveStats::default()));
        let leg = |direction, bitrate_bps| Leg {
            seat: "s".into(),
            direction,
            source: SourceKind::Camera,
            from_seat: "s".into(),
            bitrate_bps,
            lost_permille: 0,
            jitter_us: 0,
            layer: None,
            wanted_layer: None,
            score_centi: None,
        };
        live.seats[0].legs = vec![
            leg(Direction::Sent, 1_000),
            leg(Direction::Sent, 200),
            leg(Direction::Received, 30),
        ];
        let shown = participant(&live.seats[0]);
        assert_eq!((shown.bitrate_in_bps, shown.bitrate_out_bps), (1_200, 30));
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
        waiting.seats[0].presence = Presence::Lobby;
        assert_eq!(health(&waiting), CallHealth::Waiting);
    }

    #[test]
    fn names_become_initials() {
        assert_eq!(initials("Ola  Nordmann Hansen jr."), "O.N.H.");
        assert_eq!(initials(""), "");
    }
}
