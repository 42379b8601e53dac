//! A thread that runs many lean clients: one wait on all their sockets, one heap of what is due.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io;
use std::net::UdpSocket;
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use sfu_core::wire::srtp::Profile;
use sfu_syscalls::{Epoll, ReceiveBatch};

use super::client::{Client, NewClient, Tally};

/// Requests waiting for the thread; whoever asks more waits.
const REQUESTS_MAX: usize = 1_024;
/// The longest wait without anything to do.
const WAIT_MAX: Duration = Duration::from_millis(200);
/// The number of the line that ends a wait; clients have smaller ones.
const WAKE: u64 = u64::MAX;

enum Request {
    Add(u64, Box<NewClient>),
    Remove(u64, Sender<()>),
    /// All clients that are there and that will come send from now on.
    StartSending,
    Report(Sender<State>),
    Stop,
}

/// What the pool did so far.
#[derive(Debug, Clone)]
pub struct State {
    pub tally: Tally,
    /// CPU time of its thread.
    pub cpu: Duration,
    /// What the connected clients agreed on, without repetitions.
    pub profiles: Vec<Profile>,
}

/// The handle.
pub struct Pool {
    requests: SyncSender<Request>,
    waker: UdpSocket,
    thread: Option<JoinHandle<()>>,
    next: std::sync::atomic::AtomicU64,
}

impl Pool {
    /// Starts the thread on `cores` (anywhere when empty).
    ///
    /// # Errors
    /// When the system gives no thread or socket.
    pub fn start(cores: &[usize]) -> Result<Self> {
        let (requests, receiver) = mpsc::sync_channel(REQUESTS_MAX);
        let (waker, line) = wake_line().context("open the line that wakes the clients")?;
        let mut running = Running::new(line, receiver)?;
        let cores = cores.to_vec();
        let thread = std::thread::Builder::new().name("clients".to_owned()).spawn(move || {
            // Without the privilege the scheduler decides, which the report of idle time shows.
            if !cores.is_empty() {
                let _ = sfu_syscalls::pin_thread(&cores);
            }
            running.run();
        })?;
        Ok(Self {
            requests,
            waker,
            thread: Some(thread),
            next: std::sync::atomic::AtomicU64::new(0),
        })
    }

    fn ask(&self, request: Request) -> Result<()> {
        self.requests
            .send(request)
            .ok()
            .context("the clients' thread is gone")?;
        // A full line wakes too.
        let _ = self.waker.send(&[0]);
        Ok(())
    }

    /// Adds a client and names it.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn add(&self, client: NewClient) -> Result<u64> {
        let number = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.ask(Request::Add(number, Box::new(client)))?;
        Ok(number)
    }

    /// Lets a client say goodbye and forgets it; it is gone on return, so that the server's goodbye is not taken for a
    /// failure.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn remove(&self, number: u64) -> Result<()> {
        let (sender, receiver) = mpsc::channel();
        self.ask(Request::Remove(number, sender))?;
        receiver.recv().context("the clients' thread is gone")
    }

    /// Lets all streams send, also those of clients to come.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn start_sending(&self) -> Result<()> {
        self.ask(Request::StartSending)
    }

    /// What happened so far.
    ///
    /// # Errors
    /// When the thread is gone.
    pub fn state(&self) -> Result<State> {
        let (sender, receiver) = mpsc::channel();
        self.ask(Request::Report(sender))?;
        receiver.recv().context("the clients' thread is gone")
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.ask(Request::Stop).is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A panic of the thread has been printed where it happened.
            let _ = thread.join();
        }
    }
}

fn wake_line() -> io::Result<(UdpSocket, UdpSocket)> {
    let line = UdpSocket::bind("127.0.0.1:0")?;
    let waker = UdpSocket::bind("127.0.0.1:0")?;
    waker.connect(line.local_addr()?)?;
    line.connect(waker.local_addr()?)?;
    line.set_nonblocking(true)?;
    waker.set_nonblocking(true)?;
    Ok((waker, line))
}

struct Scheduled {
    client: Client,
    /// The earliest entry of the heap that is still good for it.
    due: Instant,
}

struct Running {
    epoll: Epoll,
    line: UdpSocket,
    requests: Receiver<Request>,
    clients: HashMap<u64, Scheduled>,
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    tally: Tally,
    sending: bool,
}

impl Running {
    fn new(line: UdpSocket, requests: Receiver<Request>) -> Result<Self> {
        let epoll = Epoll::new()?;
        epoll.add(&line, WAKE)?;
        Ok(Self {
            epoll,
            line,
            requests,
            clients: HashMap::new(),
            due: BinaryHeap::new(),
            tally: Tally::default(),
            sending: false,
        })
    }

    fn run(&mut self) {
        let mut batch = ReceiveBatch::with_receive_times();
        let mut ready = Vec::new();
        loop {
            let now = Instant::now();
            let next = self.due.peek().map_or(now + WAIT_MAX, |Reverse((at, _))| *at);
            self.epoll
                .wait(next.saturating_duration_since(now).min(WAIT_MAX), &mut ready);
            for number in ready.iter().map(|one| one.token) {
                if number == WAKE {
                    if !self.take_requests() {
                        return;
                    }
                } else {
                    self.receive(number, &mut batch);
                }
                // Senders keep their time however much comes in.
                self.tick();
            }
            self.tick();
        }
    }

    fn take_requests(&mut self) -> bool {
        let mut byte = [0; 8];
        while self.line.recv(&mut byte).is_ok() {}
        while let Ok(request) = self.requests.try_recv() {
            match request {
                Request::Add(number, new) => self.add(number, *new),
                Request::Remove(number, sender) => {
                    if let Some(mut scheduled) = self.clients.remove(&number) {
                        scheduled.client.close();
                    }
                    // Who asked may have given up.
                    let _ = sender.send(());
                }
                Request::StartSending => {
                    self.sending = true;
                    let now = Instant::now();
                    for (number, scheduled) in &mut self.clients {
                        scheduled.client.start_sending(now);
                        schedule(&mut self.due, *number, scheduled);
                    }
                }
                Request::Report(sender) => {
                    let mut profiles: Vec<Profile> = Vec::new();
                    for profile in self.clients.values().filter_map(|scheduled| scheduled.client.profile()) {
                        if !profiles.contains(&profile) {
                            profiles.push(profile);
                        }
                    }
                    // Who asked may have given up.
                    let _ = sender.send(State {
                        tally: self.tally.clone(),
                        cpu: sfu_syscalls::thread_cpu(),
                        profiles,
                    });
                }
                Request::Stop => return false,
            }
        }
        true
    }

    fn add(&mut self, number: u64, new: NewClient) {
        let now = Instant::now();
        // Other senders' datagrams stay out, and each send spares its address.
        if new.socket.connect(new.remote.candidate).is_err() {
            self.tally.failed += 1;
            return;
        }
        let mut client = Client::new(new, now);
        if self.sending {
            client.start_sending(now);
        }
        if self.epoll.add(client.socket(), number).is_err() {
            self.tally.failed += 1;
            return;
        }
        let mut scheduled = Scheduled { due: now, client };
        scheduled.client.tick(now, &mut self.tally);
        scheduled.due = scheduled.client.next_due();
        self.due.push(Reverse((scheduled.due, number)));
        self.clients.insert(number, scheduled);
    }

    fn receive(&mut self, number: u64, batch: &mut ReceiveBatch) {
        let Some(scheduled) = self.clients.get_mut(&number) else {
            return;
        };
        let Ok(count) = batch.receive(scheduled.client.socket()) else {
            return;
        };
        let now = Instant::now();
        let mut changed = false;
        for index in 0..count {
            // Zero is a time that the kernel did not say.
            let at = batch.received_at_ns(index).unwrap_or(0);
            if let Some((_, bytes)) = batch.datagram(index) {
                changed |= scheduled.client.receive(bytes, at, now, &mut self.tally);
            }
        }
        if changed {
            schedule(&mut self.due, number, scheduled);
        }
    }

    fn tick(&mut self) {
        let now = Instant::now();
        while let Some(Reverse((at, number))) = self.due.peek().copied() {
            if at > now {
                return;
            }
            self.due.pop();
            let Some(scheduled) = self.clients.get_mut(&number) else {
                continue;
            };
            // An entry that was overtaken by an earlier one is not good any more.
            if scheduled.due != at {
                continue;
            }
            scheduled.client.tick(now, &mut self.tally);
            scheduled.due = scheduled.client.next_due().max(now + Duration::from_nanos(1));
            self.due.push(Reverse((scheduled.due, number)));
        }
    }
}

/// Notes an earlier time than the known one.
fn schedule(due: &mut BinaryHeap<Reverse<(Instant, u64)>>, number: u64, scheduled: &mut Scheduled) {
    let next = scheduled.client.next_due();
    if next < scheduled.due {
        scheduled.due = next;
        due.push(Reverse((next, number)));
    }
}
