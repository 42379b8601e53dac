//! How calls begin: who joins, who sees whom, and strangers who sit in nobody's seat.

use std::time::Duration;

use sfu_core::{
    Command, Event, Join, Joined, MediaKind, PeerId, SlotContent, SlotInfo, SlotMapping, Source, SourceKind,
};

use super::{ROOM, World};
use crate::client::{Client, ClientConfig};
use crate::network::Conditions;

impl World {
    /// A call of these, whose tags count from one: all are connected, let in and send.
    ///
    /// # Panics
    /// When the core refuses one, or one does not connect within 14 seconds.
    #[must_use]
    pub fn call<const PEOPLE: usize>(seed: u64, conditions: Conditions, people: [ClientConfig; PEOPLE]) -> Self {
        let mut world = Self::new(seed, conditions);
        for (tag, config) in (1..).zip(people) {
            world.join(ClientConfig { tag, ..config });
        }
        world.begin(PEOPLE);
        world
    }

    /// Lets a peer join the room by an offer that need not be of the client which takes the answer. It talks to the core by
    /// [`World::run_with_stranger`].
    ///
    /// # Panics
    /// When the core refuses the offer, or the client the answer.
    pub fn join_stranger(&mut self, client: &mut Client, peer: PeerId, offer: String) {
        let joined = self.join_core(Join {
            room: ROOM,
            peer,
            offer,
            sources: client.sources(),
            counted: true,
        });
        let accepted = client.accept(&joined.answer, &joined.slots, self.now);
        accepted.unwrap_or_else(|wrong| panic!("{wrong}"));
    }

    pub(super) fn join_core(&mut self, join: Join) -> Joined {
        let peer = join.peer;
        self.command(Command::Join(join));
        let joined = self.events.iter().rev().find_map(|event| {
            if let Event::Joined { peer: of, joined } = event
                && *of == peer
            {
                Some(joined.clone())
            } else {
                None
            }
        });
        joined.unwrap_or_else(|| panic!("refused: {:?}", self.events.last()))
    }

    /// Maps the first free-standing slots of a client to the sources of others, in order.
    pub fn show(&mut self, index: usize, sources: &[Source]) {
        let member = &self.members[index];
        let mut left: Vec<&SlotInfo> = member.slots.iter().collect();
        let mut slots = Vec::new();
        for source in sources {
            let Some(first) = left.iter().position(|slot| slot.kind == source.kind.media()) else {
                continue;
            };
            slots.push(SlotMapping {
                mid: left.remove(first).mid.clone(),
                content: SlotContent::Source(*source),
            });
        }
        slots.extend(left.into_iter().map(|slot| SlotMapping {
            mid: slot.mid.clone(),
            content: SlotContent::Nothing,
        }));
        let peer = member.peer;
        self.command(Command::MapSlots { peer, slots });
    }

    /// Runs until every client is connected.
    ///
    /// # Panics
    /// When one is not within 14 seconds.
    pub fn connect_all(&mut self) {
        let connected = self.run_until(Duration::from_secs(14), |world| {
            world.members.iter().all(|member| member.client.is_connected())
        });
        assert!(connected, "not connected: {:?}", self.events);
    }

    /// Shows everybody's sources to everybody else, as far as slots reach.
    pub fn show_everybody(&mut self) {
        let all: Vec<(PeerId, Vec<SourceKind>)> = self
            .members
            .iter()
            .map(|member| {
                (
                    member.peer,
                    member.client.sources().into_iter().map(|(_, kind)| kind).collect(),
                )
            })
            .collect();
        for index in 0..self.members.len() {
            let own = self.peer(index);
            let sources: Vec<Source> = all
                .iter()
                .filter(|(peer, _)| *peer != own)
                .flat_map(|(peer, kinds)| {
                    kinds.iter().map(|kind| Source {
                        peer: *peer,
                        kind: *kind,
                    })
                })
                .collect();
            self.show(index, &sources);
        }
    }

    /// Begins a call: everybody connects and is shown everybody else, and the first `talking` are let in and send.
    ///
    /// # Panics
    /// When somebody does not connect within 14 seconds.
    pub fn begin(&mut self, talking: usize) {
        self.connect_all();
        self.show_everybody();
        for index in 0..talking {
            self.admit(index, true);
            let now = self.now();
            self.client(index).start_media(now);
        }
    }

    /// Slots of a kind that a client has.
    #[must_use]
    pub fn slot_mids(&self, index: usize, kind: MediaKind) -> Vec<String> {
        let slots = self.members[index].slots.iter();
        slots
            .filter(|slot| slot.kind == kind)
            .map(|slot| slot.mid.0.clone())
            .collect()
    }
}
