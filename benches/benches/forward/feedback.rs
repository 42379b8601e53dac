//! What transport-wide feedback costs: every subscriber of a camera tells of each packet, as browsers do. Beside one
//! datagram of feedback stands the forwarding that it tells of, in turns.

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use sfu_core::wire::rtp::{Header, is_media, is_rtcp};
use sfu_core::{Input, SourceKind};
use sfu_sim::World;

use crate::{Cold, allocations, connect};

/// 220 packets a second: a camera of 2 Mbit/s.
const PACKET_INTERVAL: Duration = Duration::from_micros(4_545);
const PAYLOAD_LEN: usize = 1_100;
const SUBSCRIBERS: usize = 100;
/// Ticks of an arrival time in a unit of the reference time.
const TICKS_PER_REFERENCE: i64 = 256;
const MICROS_PER_TICK: u128 = 250;
const ROUNDS: usize = 40;
/// Until the paths are known to be wide, and nothing is held or probed any more.
const WARM_UP_ROUNDS: usize = 120;
const COLD_ROUNDS: usize = 3;
/// So many datagrams of feedback come between two packets of the camera; cold, the caches are emptied before those.
const TOGETHER: usize = 9;

/// What one round cost, in nanoseconds in all.
struct Cost {
    forward_ns: f64,
    feedback_ns: f64,
    allocations: u64,
}

/// A row for feedback every 50 and every 100 ms, between which browsers stay.
pub(crate) fn table(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "\n| subscribers | packets packets_each of | ns per feedback datagram | ns per packet packets_each of | forwarding one ns | share | cold ns per datagram | cold share | allocations per datagram |"
    )?;
    writeln!(out, "|---:|---:|---:|---:|---:|---:|---:|---:|---:|")?;
    for packets_each in [11, 22] {
        let mut calls = Calls::new();
        for _ in 0..WARM_UP_ROUNDS {
            calls.round(packets_each, None);
        }
        let forwarded = calls.world.sfu().counters().forwarded;
        let rounds: Vec<Cost> = (0..ROUNDS).map(|_| calls.round(packets_each, None)).collect();
        let mut cold = Cold::new();
        let cold: Vec<Cost> = (0..COLD_ROUNDS)
            .map(|_| calls.round(packets_each, Some(&mut cold)))
            .collect();
        let counters = calls.world.sfu().counters();
        let expected = (ROUNDS + COLD_ROUNDS) * packets_each * SUBSCRIBERS;
        assert_eq!(
            counters.forwarded - forwarded,
            expected as u64,
            "everything is forwarded at once"
        );
        assert_eq!(counters.feedback_bad + counters.rate_limited, 0, "all of it was read");
        let best = |rounds: &[Cost], of: fn(&Cost) -> f64| rounds.iter().map(of).fold(f64::MAX, f64::min);
        let datagrams = SUBSCRIBERS as f64;
        let packets = (SUBSCRIBERS * packets_each) as f64;
        let (forward, feedback) = (
            best(&rounds, |cost| cost.forward_ns),
            best(&rounds, |cost| cost.feedback_ns),
        );
        let cold_feedback = best(&cold, |cost| cost.feedback_ns);
        let allocations: u64 = rounds.iter().map(|cost| cost.allocations).sum();
        writeln!(
            out,
            "| {SUBSCRIBERS} | {packets_each} | {:.0} | {:.0} | {:.0} | {:.0} % | {:.0} | {:.0} % | {:.4} |",
            feedback / datagrams,
            feedback / packets,
            forward / packets,
            100.0 * feedback / forward,
            cold_feedback / datagrams,
            100.0 * cold_feedback / best(&cold, |cost| cost.forward_ns),
            allocations as f64 / (ROUNDS * SUBSCRIBERS) as f64,
        )?;
    }
    Ok(())
}

/// A packet that came out: its transport-wide number, and when in ticks.
#[derive(Debug, Clone, Copy)]
struct Sent {
    number: u16,
    ticks: i64,
}

/// A camera and its subscribers.
struct Calls {
    world: World,
    now: Instant,
    epoch: Instant,
    subscribers: HashMap<SocketAddr, usize>,
}

impl Calls {
    fn new() -> Self {
        let world = connect(SUBSCRIBERS);
        let now = world.now();
        let subscribers = (0..SUBSCRIBERS).map(|index| (world.address_of(index + 1), index));
        let subscribers = subscribers.collect();
        Self {
            world,
            now,
            epoch: now,
            subscribers,
        }
    }

    /// Forwards `packets_each` packets to everybody, and takes everybody's feedback on them and on what was sent beside them.
    fn round(&mut self, packets_each: usize, mut cold: Option<&mut Cold>) -> Cost {
        let mut forward = Duration::ZERO;
        let mut sent = vec![Vec::new(); SUBSCRIBERS];
        let (camera, local) = (self.world.address_of(0), self.world.address());
        for _ in 0..packets_each {
            let packet = self.world.client(0).media_packet(SourceKind::Camera, PAYLOAD_LEN);
            let mut packet = packet.expect("it is connected");
            self.now += PACKET_INTERVAL;
            // Probes and reports are due; what they cost is not counted.
            while self.world.sfu().next_timeout().is_some_and(|at| at <= self.now) {
                self.handle(Input::Timeout, &mut None, &mut sent);
            }
            let input = Input::Datagram {
                from: camera,
                local,
                bytes: &mut packet,
            };
            forward += self.handle(input, &mut cold, &mut sent);
        }
        let mut feedback = Duration::ZERO;
        let mut allocations = 0;
        for (index, sent) in sent.iter().enumerate() {
            let plain = Self::feedback(sent);
            let sealed = self.world.client(index + 1).raw_rtcp(&plain);
            let mut sealed = sealed.expect("it is connected");
            let input = Input::Datagram {
                from: self.world.address_of(index + 1),
                local,
                bytes: &mut sealed,
            };
            let before = allocations::count();
            let mut cold = cold.as_deref_mut().filter(|_| index % TOGETHER == 0);
            feedback += self.handle(input, &mut cold, &mut []);
            allocations += allocations::count() - before;
        }
        while self.world.sfu().poll_event().is_some() {}
        Cost {
            forward_ns: forward.as_nanos() as f64,
            feedback_ns: feedback.as_nanos() as f64,
            allocations,
        }
    }

    /// Hands this to the core, and notes what comes out for each subscriber.
    fn handle(&mut self, input: Input<'_>, cold: &mut Option<&mut Cold>, sent: &mut [Vec<Sent>]) -> Duration {
        if let Some(cold) = cold {
            cold.evict();
        }
        let ticks = (self.now - self.epoch).as_micros() / MICROS_PER_TICK;
        let ticks = i64::try_from(ticks).expect("a short run");
        let sfu = self.world.sfu();
        let start = Instant::now();
        sfu.handle(self.now, input);
        let transmits = sfu.transmits();
        black_box(transmits.is_empty());
        let spent = start.elapsed();
        for transmit in transmits.iter() {
            let index = self.subscribers.get(&transmit.to).copied();
            let sent = index.and_then(|index| sent.get_mut(index));
            if let (Some(sent), Some(number)) = (sent, number(transmit.bytes)) {
                sent.push(Sent { number, ticks });
            }
        }
        spent
    }

    /// Feedback on these packets: one run, as where nothing is lost.
    fn feedback(sent: &[Sent]) -> Vec<u8> {
        let count = u16::try_from(sent.len()).expect("a few");
        let reference = sent[0].ticks / TICKS_PER_REFERENCE;
        let mut out = vec![0x8f, 205, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2];
        out.extend(sent[0].number.to_be_bytes());
        out.extend(count.to_be_bytes());
        out.extend(&reference.to_be_bytes()[5..]);
        out.push(0);
        out.extend((1 << 13 | count).to_be_bytes());
        let mut last = reference * TICKS_PER_REFERENCE;
        for packet in sent {
            out.push(u8::try_from(packet.ticks - last).expect("a run of packets has short gaps"));
            last = packet.ticks;
        }
        out.resize(out.len().next_multiple_of(4), 0);
        let words = u16::try_from(out.len() / 4 - 1).expect("a few");
        out[2..4].copy_from_slice(&words.to_be_bytes());
        out
    }
}

/// The transport-wide number of a packet, if it has one: the only extension that a slot sends here.
fn number(packet: &[u8]) -> Option<u16> {
    let header = Header::parse(packet)
        .ok()
        .filter(|_| is_media(packet) && !is_rtcp(packet))?;
    let value = (1..15).find_map(|id| header.extension(packet, id))?;
    Some(u16::from_be_bytes(*value.first_chunk()?))
}
