//! A media plane that answers offers with one slot for each receiving m-line, and writes down what it is told.

use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use sfu_core::{
    Command, Join, JoinError, Joined, MediaKind, Mid, PeerId, SlotContent, SlotInfo, SlotMapping, SlotSize,
};
use signaling::MediaPlane;

#[derive(Default)]
pub(crate) struct Plane {
    joins: Mutex<Vec<Join>>,
    notes: Mutex<Vec<String>>,
}

impl Plane {
    /// What came since the last look; peers are counted from zero.
    pub(crate) fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.lock())
    }

    pub(crate) fn joins(&self) -> Vec<Join> {
        self.joins.lock().expect("tests hold it shortly").clone()
    }

    pub(crate) fn newest(&self) -> PeerId {
        self.joins().last().expect("somebody joined").peer
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.notes.lock().expect("tests hold it shortly")
    }

    fn note(&self, what: String) {
        self.lock().push(what);
    }
}

fn number(peer: PeerId) -> u64 {
    peer.0 & 0xffff
}

#[async_trait]
impl MediaPlane for Plane {
    async fn join(&self, join: Join) -> Result<Joined, JoinError> {
        let kinds: Vec<_> = join
            .sources
            .iter()
            .map(|(mid, kind)| format!("{}={kind:?}", mid.0))
            .collect();
        self.note(format!("join {} [{}]", number(join.peer), kinds.join(" ")));
        let refused = join
            .offer
            .contains("refuse")
            .then(|| JoinError::BadOffer("refused".into()));
        let full = join.offer.contains("overflow").then_some(JoinError::RoomFull);
        let slots = slots(&join.offer);
        let rejected = if join.offer.contains("H265") {
            "m=video 0 X 96\r\na=mid:1\r\na=inactive\r\n"
        } else {
            ""
        };
        self.joins.lock().expect("tests hold it shortly").push(join);
        match refused.or(full) {
            Some(error) => Err(error),
            None => Ok(Joined {
                answer: format!(
                    "v=0\r\na=ice-lite\r\nm=audio 9 X 111\r\na=mid:0\r\n\
                     a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n{rejected}"
                ),
                slots,
            }),
        }
    }

    fn command(&self, command: Command) {
        self.note(match command {
            Command::Join(_) | Command::Capture { .. } => unreachable!("the media API does not ask for this here"),
            Command::Leave { peer } => format!("leave {}", number(peer)),
            Command::SetForwarding { peer, allowed } => format!("forward {} {allowed}", number(peer)),
            Command::MapSlots { peer, slots } => {
                let mapped: Vec<_> = slots.iter().map(mapped).collect();
                format!("map {} {}", number(peer), mapped.join(" "))
            }
            Command::SizeSlots { peer, sizes } => {
                let size = |size: &SlotSize| format!("{}={}x{}", size.mid.0, size.width, size.height);
                let sizes: Vec<_> = sizes.iter().map(size).collect();
                format!("size {} {}", number(peer), sizes.join(" "))
            }
            Command::Mute { source, muted } => format!("mute {} {:?} {muted}", number(source.peer), source.kind),
            Command::Restart { peer, ufrag } => format!("restart {} {ufrag}", number(peer)),
            Command::CloseRoom { .. } => "stop".to_owned(),
        });
    }
}

fn mapped(slot: &SlotMapping) -> String {
    match slot.content {
        SlotContent::Nothing => format!("{}=nothing", slot.mid.0),
        SlotContent::Loudest => format!("{}=loudest", slot.mid.0),
        SlotContent::Source(source) => format!("{}={}/{:?}", slot.mid.0, number(source.peer), source.kind),
    }
}

fn slots(offer: &str) -> Vec<SlotInfo> {
    let media = offer.split("m=").skip(1).filter(|media| media.contains("a=recvonly"));
    media
        .map(|media| SlotInfo {
            mid: Mid(media
                .lines()
                .find_map(|line| line.strip_prefix("a=mid:"))
                .expect("test offers name their mids")
                .to_owned()),
            kind: if media.starts_with("audio") {
                MediaKind::Audio
            } else {
                MediaKind::Video
            },
        })
        .collect()
}
