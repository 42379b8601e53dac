//! Connections on loopback with time standing still.

use sfu_syscalls::{Waits, Waker};

use super::*;

struct Bench {
    tcp: Tcp,
    io: IoCounters,
    now: Instant,
    local: SocketAddr,
    clients: Vec<TcpStream>,
}

impl Bench {
    fn new() -> Self {
        let listener = sfu_syscalls::listen("127.0.0.1:0".parse().unwrap()).unwrap();
        let local = listener.local_addr().unwrap();
        let now = Instant::now();
        Self {
            tcp: Tcp::new(vec![listener], now).unwrap(),
            io: IoCounters::default(),
            now,
            local,
            clients: Vec::new(),
        }
    }

    /// Whatever comes in while the time stands still, until `done`.
    fn poll_until(&mut self, mut done: impl FnMut(&Self) -> bool) -> Vec<String> {
        let mut seen = Vec::new();
        while !done(self) {
            let waker = Waker::new().unwrap();
            let mut waits = Waits::new([self.tcp.as_raw_fd()], &waker);
            let readable = waits.wait(Duration::from_secs(10), &waker).any(|readable| readable);
            assert!(readable, "nothing more comes: {:?}", self.io);
            seen.extend(self.poll());
        }
        seen
    }

    fn poll(&mut self) -> Vec<String> {
        self.tcp.poll(true, self.now, &mut self.io);
        let mut seen = Vec::new();
        while let Some(arrived) = self.tcp.next(self.now, &mut self.io) {
            seen.push(match arrived {
                Arrived::Frame { bytes, .. } => format!("{bytes:?}"),
                Arrived::Closed { .. } => "closed".to_owned(),
            });
        }
        seen
    }

    /// A connection that has sent a check, and the core's answer to it if it is to have one.
    fn connect(&mut self, answered: bool) -> SocketAddr {
        let mut client = TcpStream::connect(self.local).unwrap();
        client.write_all(&[0, 1, 0]).unwrap();
        let frames = self.io.frames_received;
        let seen = self.poll_until(|bench| bench.io.frames_received > frames);
        assert_eq!(seen, ["[0]"]);
        let address = client.local_addr().unwrap();
        if answered {
            self.tcp.push(address, self.local, &[1], self.now, &mut self.io);
            self.tcp.flush(&mut self.io);
        }
        self.clients.push(client);
        address
    }
}

#[test]
fn time_ends_what_is_never_answered_and_what_falls_silent() {
    let mut bench = Bench::new();
    bench.connect(false);
    let answered = bench.connect(true);
    bench.now += UNANSWERED_TIMEOUT - Duration::from_millis(1);
    assert_eq!((bench.poll(), bench.tcp.len()), (Vec::new(), 2));
    bench.now += SWEEP_INTERVAL;
    assert_eq!((bench.poll(), bench.tcp.len()), (vec!["closed".to_owned()], 1));
    bench.tcp.push(answered, bench.local, &[2], bench.now, &mut bench.io);
    bench.now += IDLE_TIMEOUT - Duration::from_millis(1);
    assert_eq!((bench.poll(), bench.tcp.len()), (Vec::new(), 1));
    bench.now += SWEEP_INTERVAL;
    assert_eq!((bench.poll(), bench.tcp.len()), (vec!["closed".to_owned()], 0));
    assert_eq!(bench.io.connections_idle, 2);
    assert!(bench.tcp.by_ends.is_empty() && bench.tcp.by_remote.is_empty() && bench.tcp.unanswered_count == 0);
}

#[test]
fn one_remote_has_no_more_than_its_share() {
    let mut bench = Bench::new();
    for _ in 0..CONNECTIONS_PER_REMOTE_MAX {
        bench.connect(true);
    }
    let more = TcpStream::connect(bench.local).unwrap();
    bench.poll_until(|bench| bench.io.connections_refused == 1);
    assert_eq!(bench.tcp.len(), CONNECTIONS_PER_REMOTE_MAX);
    drop((more, bench.clients.pop()));
    bench.poll_until(|bench| bench.tcp.len() < CONNECTIONS_PER_REMOTE_MAX);
    bench.connect(true);
}

#[test]
fn media_leaves_room_for_what_is_more_important() {
    let mut bench = Bench::new();
    let to = bench.connect(true);
    let media = [128; 1_000];
    let check = [0; 100];
    // Nothing is written before the flush.
    for _ in 0..100 {
        bench.tcp.push(to, bench.local, &media, bench.now, &mut bench.io);
    }
    let fitting = (QUEUE_MEDIA_BYTES_MAX / (FRAME_HEAD + media.len())) as u64;
    assert_eq!(bench.io.frames_dropped, 100 - fitting);
    bench.tcp.push(to, bench.local, &check, bench.now, &mut bench.io);
    assert_eq!(
        (bench.io.frames_sent, bench.io.frames_dropped),
        (1 + fitting + 1, 100 - fitting)
    );
    bench
        .tcp
        .push(bench.local, bench.local, &check, bench.now, &mut bench.io);
    assert_eq!(
        bench.io.frames_dropped,
        100 - fitting + 1,
        "there is no such connection"
    );
}
