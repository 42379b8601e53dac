//! How well the seats' media passes and who speaks, as far as each seat may know.

use std::time::Instant;

use sfu_core::{LegDirection, LegStats, PeerId};
use signaling_protocol::ServerMessage;
use signaling_protocol::message::{Quality, SeatQuality};

use super::Room;
use super::seat::Seat;
use super::vocabulary::Effect;
use crate::limits::QUALITY_PERIOD;

impl Room {
    /// The worst leg decides, each way by itself.
    pub(super) fn set_quality(&mut self, peer: PeerId, legs: &[LegStats]) {
        let seat = self.seats.values_mut().find(|seat| seat.has_peer(peer));
        if let Some(own) = seat.and_then(|seat| seat.peer.as_mut()) {
            own.quality = (
                worst(legs, LegDirection::Publishes),
                worst(legs, LegDirection::Receives),
            );
        }
    }

    /// Sends the quality to each seat for which it changed, at most once a period.
    pub(super) fn refresh_quality(&mut self, now: Instant) {
        if now < self.next_quality_at {
            return;
        }
        self.next_quality_at = now + QUALITY_PERIOD;
        self.send_changes(
            |room, viewer| {
                let seen = room.in_order().filter(|seat| viewer.sees(seat));
                seen.filter_map(Seat::quality).collect::<Vec<_>>()
            },
            |connection| &mut connection.quality,
            |seats| ServerMessage::Quality { seats },
        );
    }

    pub(super) fn set_speakers(&mut self, peers: &[PeerId]) {
        let seat_of = |peer: &PeerId| self.seats.values().find(|seat| seat.has_peer(*peer));
        self.speakers = peers
            .iter()
            .filter_map(|peer| Some(seat_of(peer)?.id.clone()))
            .collect();
    }

    pub(super) fn refresh_speakers(&mut self) {
        self.send_changes(
            |room, viewer| {
                let heard = |id: &&String| {
                    viewer.admitted()
                        && room
                            .seats
                            .get(*id)
                            .is_some_and(|seat| seat.admitted() && viewer.sees(seat))
                };
                room.speakers.iter().filter(heard).cloned().collect::<Vec<_>>()
            },
            |connection| &mut connection.speakers,
            |seats| ServerMessage::Speakers { seats },
        );
    }

    /// Sends each connection what its seat may know, if that is not what it was sent last.
    fn send_changes<T: Clone + PartialEq>(
        &mut self,
        known: impl Fn(&Self, &Seat) -> T,
        last: impl Fn(&mut super::seat::Connection) -> &mut T,
        message: impl Fn(T) -> ServerMessage,
    ) {
        let viewers = self.seats.values().filter(|seat| seat.connection.is_some());
        let news: Vec<_> = viewers.map(|seat| (seat.id.clone(), known(self, seat))).collect();
        for (id, news) in news {
            let Some(connection) = self.seats.get_mut(&id).and_then(|seat| seat.connection.as_mut()) else {
                continue;
            };
            let sent = last(connection);
            if *sent != news {
                sent.clone_from(&news);
                let connection = connection.id;
                self.effects.push(Effect::Send {
                    connection,
                    message: message(news),
                });
            }
        }
    }
}

impl Seat {
    /// `None` without a peer that was judged.
    fn quality(&self) -> Option<SeatQuality> {
        let (sends, receives) = self.peer.as_ref()?.quality;
        (sends.is_some() || receives.is_some()).then(|| SeatQuality {
            seat: self.id.clone(),
            sends,
            receives,
        })
    }
}

fn worst(legs: &[LegStats], direction: LegDirection) -> Option<Quality> {
    let judged = legs.iter().filter(|leg| leg.direction == direction);
    judged.filter_map(|leg| leg.score).map(Quality::of_score).min()
}
