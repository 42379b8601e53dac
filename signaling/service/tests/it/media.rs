//! A model of the media plane: gates, slots, and packets that pass only where both allow it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use async_trait::async_trait;
use sfu_core::{
    Command, DisconnectReason, Event, Join, JoinError, Joined, MediaKind, Mid, PeerId, PeerStats, RoomId, SlotContent,
    SlotInfo, SlotSize,
};
use signaling::MediaPlane;
use tokio::sync::mpsc;

use crate::authority::Journal;

#[derive(Debug)]
pub(crate) struct ModelPeer {
    room: RoomId,
    pub(crate) forwarding: bool,
    pub(crate) slots: BTreeMap<String, Option<PeerId>>,
    pub(crate) connected: bool,
    present_until: Option<Instant>,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) peers: BTreeMap<PeerId, ModelPeer>,
    /// Packets that left the model towards a subscriber.
    pub(crate) forwarded: u64,
}

pub(crate) struct Media {
    world: Mutex<World>,
    journal: Journal,
    events: mpsc::Sender<Event>,
}

impl Media {
    pub(crate) fn new(journal: Journal, events: mpsc::Sender<Event>) -> Arc<Self> {
        Arc::new(Self {
            world: Mutex::default(),
            journal,
            events,
        })
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().expect("no test panics with the world in hand")
    }

    /// The newest peer, which is the one of the last answered offer.
    pub(crate) fn newest(&self) -> PeerId {
        *self.world().peers.keys().next_back().expect("somebody has joined")
    }

    /// The handshake of a peer completes.
    pub(crate) fn connect(&self, peer: PeerId) {
        let at = Instant::now();
        let mut world = self.world();
        let own = world.peers.get_mut(&peer).expect("the peer has joined");
        own.connected = true;
        own.present_until = Some(at);
        self.report(Event::Connected { peer, at });
    }

    /// A peer sends one packet; it goes to every subscriber who may have it.
    pub(crate) fn packet(&self, from: PeerId) {
        let at = Instant::now();
        let mut world = self.world();
        let Some(sender) = world.peers.get_mut(&from).filter(|sender| sender.connected) else {
            return;
        };
        sender.present_until = Some(at);
        let (open, room) = (sender.forwarding, sender.room);
        let takes = |peer: &&ModelPeer| {
            peer.room == room
                && peer.connected
                && peer.forwarding
                && peer.slots.values().any(|slot| *slot == Some(from))
        };
        let subscribers = world.peers.values().filter(takes).count();
        if open {
            world.forwarded += u64::try_from(subscribers).expect("few subscribers");
        }
        let stats = PeerStats {
            packets_in: 1,
            ..PeerStats::default()
        };
        self.report(Event::Alive {
            peer: from,
            present_until: at,
        });
        self.report(Event::Stats { peer: from, stats });
    }

    /// A peer's browser vanishes; the media plane notices.
    pub(crate) fn lose(&self, peer: PeerId) {
        self.remove(&mut self.world(), peer, DisconnectReason::ConsentExpired);
    }

    fn remove(&self, world: &mut World, peer: PeerId, reason: DisconnectReason) {
        if let Some(own) = world.peers.remove(&peer) {
            self.report(Event::Disconnected {
                peer,
                present_until: own.present_until,
                reason,
            });
        }
    }

    fn report(&self, event: Event) {
        // The receiver is gone when the test is over, or the server is meant to be dead.
        let _ = self.events.try_send(event);
    }

    fn note(&self, what: String) {
        self.journal.lock().expect("the journal is only appended to").push(what);
    }
}

#[async_trait]
impl MediaPlane for Media {
    async fn join(&self, join: Join) -> Result<Joined, JoinError> {
        if !join.offer.starts_with("v=0") {
            return Err(JoinError::BadOffer("no session".into()));
        }
        self.note(format!("join {} with {}", join.peer.0, join.sources.len()));
        let slot = |mid: &str, kind| SlotInfo {
            mid: Mid(mid.into()),
            kind,
        };
        let slots = vec![
            slot("a", MediaKind::Audio),
            slot("v", MediaKind::Video),
            slot("w", MediaKind::Video),
        ];
        let empty = slots.iter().map(|slot| (slot.mid.0.clone(), None)).collect();
        let peer = ModelPeer {
            room: join.room,
            forwarding: false,
            slots: empty,
            connected: false,
            present_until: None,
        };
        self.world().peers.insert(join.peer, peer);
        Ok(Joined {
            answer: "v=0 answer".into(),
            slots,
        })
    }

    fn command(&self, command: Command) {
        match command {
            Command::Join(_) | Command::Capture { .. } => unreachable!("signaling does not ask for this here"),
            Command::Leave { peer } => {
                self.note(format!("leave {}", peer.0));
                self.remove(&mut self.world(), peer, DisconnectReason::Removed);
            }
            Command::SetForwarding { peer, allowed } => {
                self.note(format!("forward {} {allowed}", peer.0));
                if let Some(own) = self.world().peers.get_mut(&peer) {
                    own.forwarding = allowed;
                }
            }
            Command::MapSlots { peer, slots } => {
                if let Some(own) = self.world().peers.get_mut(&peer) {
                    for slot in slots {
                        let known = own.slots.insert(slot.mid.0, peer_of(slot.content));
                        assert!(known.is_some(), "only slots that exist are mapped");
                    }
                }
            }
            Command::SizeSlots { peer, sizes } => {
                for SlotSize { mid, width, height } in sizes {
                    self.note(format!("size {} {} {width}x{height}", peer.0, mid.0));
                }
            }
            Command::Mute { source, muted } => self.note(format!("mute {} {:?} {muted}", source.peer.0, source.kind)),
            Command::Restart { peer, ufrag } => self.note(format!("restart {} {ufrag}", peer.0)),
            Command::CloseRoom { room } => self.close_room(room),
        }
    }
}

impl Media {
    fn close_room(&self, room: RoomId) {
        self.note("stop".into());
        let mut world = self.world();
        let peers: Vec<_> = world
            .peers
            .iter()
            .filter(|(_, peer)| peer.room == room)
            .map(|(id, _)| *id)
            .collect();
        for peer in peers {
            self.remove(&mut world, peer, DisconnectReason::Removed);
        }
    }
}

fn peer_of(content: SlotContent) -> Option<PeerId> {
    match content {
        SlotContent::Source(source) => Some(source.peer),
        SlotContent::Nothing | SlotContent::Loudest => None,
    }
}
