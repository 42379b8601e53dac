//! What forwarding costs: the real core with real handshakes, one publisher and N subscribers, no sockets.
//!
//! A packet counts from the sealed datagram that came in to the sealed datagrams in the send arena, grouped by
//! destination. Beside it the bare AEAD seal of the same bytes under as many keys is measured in turns, so that both
//! see the same machine; of each the best slice counts, since neighbours on the machine only ever make it slower.
//! Cold is the same with the caches emptied before every packet, as other work does between two packets of a camera.

mod allocations;
mod feedback;

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sfu_core::wire::srtp::Profile;
use sfu_core::{Input, Limits, Source, SourceKind};
use sfu_sim::{ClientConfig, Conditions, World};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Bytes of an RTP header as the core writes it.
const HEADER_LEN: usize = 12;
/// Virtual time from packet to packet; below the rate that one peer may send at.
const PACKET_INTERVAL: Duration = Duration::from_micros(500);
/// Slices measured of each kind; the best counts.
const SLICES: usize = 40;
/// Slices before those: buffers grow to their size, and every subscriber gets its start.
const WARM_UP_SLICES: usize = 3;
/// Forwarded packets of one slice, about; a slice takes a few milliseconds.
const SLICE_FORWARDS: usize = 4_000;
/// Slices measured cold, and packets of each.
const COLD_SLICES: usize = 8;
const COLD_PACKETS: usize = 10;
/// Bytes that are written to empty the caches: more than any of them holds.
const EVICTED: usize = 96 << 20;

/// One row of the table.
struct Row {
    subscribers: usize,
    payload_len: usize,
    profile: Profile,
    forward_ns: f64,
    seal_ns: f64,
    cold_forward_ns: f64,
    cold_seal_ns: f64,
    allocations: f64,
}

fn main() -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(
        out,
        "| subscribers | payload bytes | profile | ns per forwarded packet | bare seal ns | ratio | cold ns | cold seal ns | allocations per packet |"
    )?;
    writeln!(out, "|---:|---:|---|---:|---:|---:|---:|---:|---:|")?;
    for payload_len in [100, 1_100] {
        for subscribers in [1, 10, 100, 1_000] {
            let row = measure(subscribers, payload_len);
            writeln!(
                out,
                "| {} | {} | {:?} | {:.0} | {:.0} | {:.2} | {:.0} | {:.0} | {:.4} |",
                row.subscribers,
                row.payload_len,
                row.profile,
                row.forward_ns,
                row.seal_ns,
                row.forward_ns / row.seal_ns,
                row.cold_forward_ns,
                row.cold_seal_ns,
                row.allocations,
            )?;
        }
    }
    feedback::table(&mut out)
}

fn measure(subscribers: usize, payload_len: usize) -> Row {
    let mut world = connect(subscribers);
    let profile = world.client(1).profile().expect("it is connected");
    let mut seals = Seals::new(profile, subscribers, payload_len);
    let packets = (SLICE_FORWARDS / subscribers).max(40);
    let mut now = world.now();
    let mut cold = Cold::new();
    let mut slice = |world: &mut World, packets: usize, cold: Option<&mut Cold>| {
        let sealed: Vec<Vec<u8>> = (0..packets)
            .map(|_| {
                world
                    .client(0)
                    .media_packet(SourceKind::Camera, payload_len)
                    .expect("it is connected")
            })
            .collect();
        forward(world, sealed, &mut now, cold)
    };
    for _ in 0..WARM_UP_SLICES {
        let sent = slice(&mut world, packets, None).sent;
        assert_eq!(sent, packets * subscribers, "everything is forwarded to everybody");
    }
    let (mut forward_ns, mut seal_ns) = (f64::MAX, f64::MAX);
    let mut allocations = 0;
    for _ in 0..SLICES {
        let cost = slice(&mut world, packets, None);
        forward_ns = forward_ns.min(cost.nanos / (packets * subscribers) as f64);
        seal_ns = seal_ns.min(seals.nanos(packets, None));
        allocations += cost.allocations;
    }
    let (mut cold_forward_ns, mut cold_seal_ns) = (f64::MAX, f64::MAX);
    for _ in 0..COLD_SLICES {
        let cost = slice(&mut world, COLD_PACKETS, Some(&mut cold));
        cold_forward_ns = cold_forward_ns.min(cost.nanos / (COLD_PACKETS * subscribers) as f64);
        cold_seal_ns = cold_seal_ns.min(seals.nanos(COLD_PACKETS, Some(&mut cold)));
    }
    let forwarded = (SLICES * packets * subscribers) as f64;
    Row {
        subscribers,
        payload_len,
        profile,
        forward_ns,
        seal_ns,
        cold_forward_ns,
        cold_seal_ns,
        allocations: allocations as f64 / forwarded,
    }
}

/// A call of one camera and `subscribers` viewers, connected and admitted.
fn connect(subscribers: usize) -> World {
    let limits = Limits {
        peers_per_room: subscribers + 1,
        ..Limits::default()
    };
    let mut world = World::with_limits(1, Conditions::PERFECT, limits);
    let publisher = ClientConfig {
        sources: vec![SourceKind::Camera],
        audio_slots: 0,
        video_slots: 0,
        ..ClientConfig::default()
    };
    world.join(publisher);
    for number in 0..subscribers {
        let tag = u32::try_from(number).expect("few subscribers") + 2;
        world.join(ClientConfig {
            tag,
            sources: Vec::new(),
            audio_slots: 0,
            ..ClientConfig::default()
        });
    }
    world.connect_all();
    let camera = Source {
        peer: world.peer(0),
        kind: SourceKind::Camera,
    };
    for number in 0..=subscribers {
        world.admit(number, true);
        if number > 0 {
            world.show(number, &[camera]);
        }
    }
    world
}

/// What one slice cost.
struct Cost {
    nanos: f64,
    allocations: u64,
    /// Media datagrams that came out.
    sent: usize,
}

/// Memory that fills every cache when it is written.
struct Cold(Vec<u8>);

impl Cold {
    fn new() -> Self {
        Self(vec![1; EVICTED])
    }

    fn evict(&mut self) {
        for line in self.0.chunks_mut(64) {
            line[0] = line[0].wrapping_add(1);
        }
        black_box(&self.0);
    }
}

/// Hands every packet to the core and takes what comes out.
fn forward(world: &mut World, mut sealed: Vec<Vec<u8>>, now: &mut Instant, mut cold: Option<&mut Cold>) -> Cost {
    let (from, local) = (world.address_of(0), world.address());
    let sfu = world.sfu();
    let forwarded_before = sfu.counters().forwarded;
    let allocations_before = allocations::count();
    let mut spent = Duration::ZERO;
    for bytes in &mut sealed {
        if let Some(cold) = &mut cold {
            cold.evict();
        }
        let start = Instant::now();
        *now += PACKET_INTERVAL;
        sfu.handle(*now, Input::Datagram { from, local, bytes });
        for transmit in sfu.transmits().iter() {
            black_box(transmit);
        }
        spent += start.elapsed();
    }
    let nanos = spent.as_nanos() as f64;
    let allocations = allocations::count() - allocations_before;
    while sfu.poll_event().is_some() {}
    let sent = usize::try_from(sfu.counters().forwarded - forwarded_before).expect("few packets");
    Cost {
        nanos,
        allocations,
        sent,
    }
}

/// The bare seals of the same bytes, one key a subscriber.
struct Seals {
    keys: Vec<LessSafeKey>,
    packet: Vec<u8>,
    sequence: u64,
}

impl Seals {
    fn new(profile: Profile, subscribers: usize, payload_len: usize) -> Self {
        let algorithm = match profile {
            Profile::AeadAes128Gcm => &AES_128_GCM,
            Profile::AeadAes256Gcm => &AES_256_GCM,
            Profile::AesCm128HmacSha1_80 => panic!("the core prefers an AEAD, and the model client offers all"),
        };
        let key = |number: usize| {
            let bytes = [u8::try_from(number % 251).expect("below 251"); 32];
            let key = UnboundKey::new(algorithm, &bytes[..algorithm.key_len()]);
            LessSafeKey::new(key.expect("the key has the length of its algorithm"))
        };
        Self {
            keys: (0..subscribers).map(key).collect(),
            packet: vec![7; HEADER_LEN + payload_len],
            sequence: 0,
        }
    }

    /// Nanoseconds of one seal.
    fn nanos(&mut self, packets: usize, mut cold: Option<&mut Cold>) -> f64 {
        let mut spent = Duration::ZERO;
        for _ in 0..packets {
            if let Some(cold) = &mut cold {
                cold.evict();
            }
            let start = Instant::now();
            self.sequence += 1;
            let mut nonce = [0; 12];
            nonce[4..].copy_from_slice(&self.sequence.to_be_bytes());
            for key in &self.keys {
                let (header, payload) = self.packet.split_at_mut(HEADER_LEN);
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&*header), payload);
                let _ = black_box(tag.expect("a packet is far below the limit of the algorithm"));
            }
            spent += start.elapsed();
        }
        spent.as_nanos() as f64 / (packets * self.keys.len()) as f64
    }
}
