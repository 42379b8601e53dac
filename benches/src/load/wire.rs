//! A wire between two network devices that both belong to this process. What is sent on one is received on the other; the
//! work of receiving is done by the wire's own thread on the clients' cores, so that a server pays for handing a packet to
//! its device, as it pays a network card, and for nothing behind it.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often an idle wire looks: network cards hold their interrupts back about as long.
const LOOK_EVERY: Duration = Duration::from_micros(50);
/// The longest packet with its header: a run of datagrams that is still to be cut.
const PACKET_MAX: usize = 66_000;
/// Packets of one direction before the other has its turn.
const TURN: usize = 64;

/// The running wire; dropping it ends it.
pub(super) struct Wire {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Wire {
    /// Joins both devices, on `cores` (anywhere when empty).
    pub(super) fn start(one: File, other: File, cores: &[usize]) -> io::Result<Self> {
        let ended = Arc::new(AtomicBool::new(false));
        let (end, cores) = (Arc::clone(&ended), cores.to_vec());
        let thread = std::thread::Builder::new().name("wire".to_owned()).spawn(move || {
            if !cores.is_empty() {
                // Without the privilege the scheduler decides, which the report of idle time shows.
                let _ = sfu_syscalls::pin_thread(&cores);
            }
            let mut packet = vec![0; PACKET_MAX];
            while !end.load(Ordering::Relaxed) {
                let there = carry(&one, &other, &mut packet);
                let back = carry(&other, &one, &mut packet);
                if !there && !back {
                    // Not woken by the device: that would cost the sender an interrupt of this core for each packet.
                    std::thread::park_timeout(LOOK_EVERY);
                }
            }
        })?;
        Ok(Self {
            ended,
            thread: Some(thread),
        })
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed where it happened.
            let _ = thread.join();
        }
    }
}

/// Carries what waits, up to a turn; whether there was something. What the far end refuses is lost, as on a wire, and
/// shows as loss.
fn carry(mut from: &File, mut to: &File, packet: &mut [u8]) -> bool {
    for number in 0..TURN {
        match from.read(packet) {
            Ok(len) => {
                let _ = to.write(&packet[..len]);
            }
            Err(_) => return number > 0,
        }
    }
    true
}
