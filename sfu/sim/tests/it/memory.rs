//! What a core holds: nothing of those who are gone, and no more after minutes of a call than after seconds.
#![expect(unsafe_code, reason = "counting bytes takes a GlobalAlloc; it only passes calls on")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Duration;

use sfu_core::{Command, SourceKind};
use sfu_sim::{ClientConfig, Conditions, World};

/// The system's allocator, counting what each thread holds.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// Bytes; memory that another thread frees makes both wrong, which a world never does.
    static HELD: Cell<i64> = const { Cell::new(0) };
}

fn count_bytes(bytes: usize, sign: i64) {
    HELD.set(HELD.get() + sign * i64::try_from(bytes).expect("less than half of all memory"));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count_bytes(layout.size(), 1);
        // SAFETY: the caller keeps GlobalAlloc's contract, and we pass it on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count_bytes(layout.size(), -1);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Bytes that the world's core holds beyond those of an empty one. Ends the core.
fn held_by_core(mut world: World) -> i64 {
    let before = HELD.get();
    world.crash(1);
    before - HELD.get()
}

fn join(world: &mut World, count: u32) -> Vec<usize> {
    let joined: Vec<usize> = (1..=count)
        .map(|tag| {
            world.join(ClientConfig {
                tag,
                simulcast: true,
                redundancy: true,
                ..ClientConfig::default()
            })
        })
        .collect();
    let connected = world.run_until(Duration::from_secs(14), |world| {
        joined.iter().all(|index| world.client(*index).is_connected())
    });
    assert!(connected, "somebody did not connect");
    joined
}

fn begin(world: &mut World, indices: &[usize]) {
    let now = world.now();
    for index in indices {
        world.admit(*index, true);
        world.client(*index).start_media(now);
    }
}

/// What a core holds after calls of three came and went one after another, on a network that loses packets.
fn after_calls(count: usize) -> i64 {
    let conditions = Conditions {
        lost: 20,
        duplicated: 5,
        delay: Duration::from_millis(10),
        jitter: Duration::from_millis(5),
    };
    let mut world = World::new(3, conditions);
    for _ in 0..count {
        let members = join(&mut world, 3);
        begin(&mut world, &members);
        for (position, index) in members.iter().enumerate() {
            let next = members[(position + 1) % members.len()];
            let sources = [SourceKind::Microphone, SourceKind::Camera].map(|kind| sfu_core::Source {
                peer: world.peer(next),
                kind,
            });
            world.show(*index, &sources);
        }
        world.run_for(Duration::from_secs(2));
        for index in members {
            let peer = world.peer(index);
            world.command(Command::Leave { peer });
        }
        world.run_for(Duration::from_secs(1));
        assert!(world.sfu().is_empty());
    }
    held_by_core(world)
}

#[test]
fn those_who_are_gone_leave_nothing() {
    let (few, many) = (after_calls(4), after_calls(24));
    // One address or name of each of the 60 who came in between would be more. Certificates differ by a few bytes.
    assert!(many - few < 1_024, "{few} bytes after 4 calls, {many} after 24");
}

/// What the core holds of a call of two that has gone on for so long.
fn during_call(duration: Duration) -> i64 {
    let mut world = World::new(5, Conditions::PERFECT);
    let members = join(&mut world, 2);
    world.show_everybody();
    begin(&mut world, &members);
    world.run_for(duration);
    held_by_core(world)
}

#[test]
fn a_long_call_holds_no_more_than_a_short_one() {
    // By then every ring and every log of packets has been round once.
    let short = during_call(Duration::from_secs(90));
    let long = during_call(Duration::from_secs(600));
    // Eight bytes for each of the last 1,024 checks of both, against replays, which consent fills in three quarters of
    // an hour.
    let checks = 2 * 1_024 * 8;
    assert!(long - short < checks, "{short} bytes after 90 s, {long} after 600 s");
}
