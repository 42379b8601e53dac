//! Bounds on connections: how many at once, of one address, and how long without a request.
//!
//! A connection is closed when it is silent for too long, and soon after a stop was asked for unless a request of its is
//! being answered. What an address may hold open, and all of them together, leaves descriptors for ourselves.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::http::{Request, Response, StatusCode};
use axum_server::accept::Accept;
use booking_core::base::Networks;
use futures_util::future::BoxFuture;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep_until, timeout};
use tower::Service;

use crate::shutdown;

/// Longest time from the connection to its first bytes, for a TLS handshake, and for the head of a request.
pub(crate) const HEAD_TIME_MAX: Duration = Duration::from_secs(10);
/// Longest silence of a connection that has said something. Call sockets are pinged far more often.
const IDLE_MAX: Duration = Duration::from_secs(60);
/// Longest silence after a stop was asked for.
const IDLE_WHILE_STOPPING: Duration = Duration::from_secs(1);
/// Connections of one address (IPv6: one /64); one more is closed at once. A large office behind one address fits.
const PER_ADDRESS_MAX: usize = 256;
/// Descriptors that connections may not take: database, files, media, mail.
const DESCRIPTORS_KEPT: u64 = 512;

/// Counts connections and refuses those too many.
pub(crate) struct Crowd {
    by_address: Mutex<HashMap<IpAddr, usize>>,
    at_most: usize,
    per_address: usize,
    /// Proxies bring everybody's connections.
    exempt: Networks,
    refused: AtomicU64,
}

/// One counted connection; dropping it counts it off.
struct Permit {
    crowd: Arc<Crowd>,
    address: IpAddr,
}

impl Crowd {
    /// As many as this process may open, with [`DESCRIPTORS_KEPT`] left for everything else. Where the system allows more
    /// descriptors than it begins with, they are taken.
    pub(crate) fn new(exempt: Networks) -> Arc<Self> {
        let limit = getrlimit(Resource::Nofile);
        let raised = Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        };
        let current = match setrlimit(Resource::Nofile, raised) {
            Ok(()) => limit.maximum,
            Err(_) => limit.current,
        };
        let descriptors = current.unwrap_or(u64::from(u32::MAX));
        // Half of a very small limit must do for ourselves.
        let left = descriptors.saturating_sub(DESCRIPTORS_KEPT).max(descriptors / 2);
        let at_most = usize::try_from(left).unwrap_or(usize::MAX);
        Arc::new(Self {
            by_address: Mutex::default(),
            at_most,
            per_address: PER_ADDRESS_MAX.min(at_most / 4).max(1),
            exempt,
            refused: AtomicU64::new(0),
        })
    }

    /// Connections that were closed at once, since the start.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn enter(self: &Arc<Self>, from: IpAddr) -> Option<Permit> {
        let address = network(from.to_canonical());
        let mut by_address = self.counts();
        let all: usize = by_address.values().sum();
        let here = by_address.get(&address).copied().unwrap_or_default();
        let crowded = here >= self.per_address && !self.exempt.contains(from);
        if all >= self.at_most || crowded {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        by_address.insert(address, here + 1);
        drop(by_address);
        Some(Permit {
            crowd: Arc::clone(self),
            address,
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut by_address = self.crowd.counts();
        if let Some(here) = by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                by_address.remove(&self.address);
            }
        }
    }
}

/// A household has all of an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64)),
    }
}

/// Lets connections in, and watches them.
#[derive(Clone)]
pub(crate) struct Doorkeeper<A> {
    inner: A,
    crowd: Arc<Crowd>,
    stopping: watch::Receiver<bool>,
}

impl<A> Doorkeeper<A> {
    pub(crate) fn new(inner: A, crowd: Arc<Crowd>, stopping: watch::Receiver<bool>) -> Self {
        Self { inner, crowd, stopping }
    }
}

impl<A, S> Accept<TcpStream, S> for Doorkeeper<A>
where
    A: Accept<Watched, S>,
    A::Future: Send + 'static,
    A::Stream: Send,
    A::Service: Send,
{
    type Stream = A::Stream;
    type Service = Answering<A::Service>;
    type Future = BoxFuture<'static, io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let permit = stream
            .peer_addr()
            .ok()
            .map(|from: SocketAddr| self.crowd.enter(from.ip()));
        let Some(Some(permit)) = permit else {
            return Box::pin(async { Err(io::ErrorKind::ConnectionRefused.into()) });
        };
        let work = Arc::new(Work::default());
        let watched = Watched::new(stream, Arc::clone(&work), self.stopping.clone(), permit);
        let accepted = self.inner.accept(watched, service);
        Box::pin(async move {
            let (stream, inner) = timeout(HEAD_TIME_MAX, accepted).await??;
            Ok((stream, Answering { inner, work }))
        })
    }
}

/// What a connection is busy with.
#[derive(Default)]
struct Work {
    requests: AtomicUsize,
    /// It became a call socket, which has its own clocks and its own end.
    upgraded: AtomicBool,
}

/// One request being answered.
struct UnderWay(Arc<Work>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The service of one connection, which says when a request is being answered.
#[derive(Clone)]
pub(crate) struct Answering<S> {
    inner: S,
    work: Arc<Work>,
}

impl<S, B, R> Service<Request<R>> for Answering<S>
where
    S: Service<Request<R>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<R>) -> Self::Future {
        self.work.requests.fetch_add(1, Ordering::Relaxed);
        let under_way = UnderWay(Arc::clone(&self.work));
        let answer = self.inner.call(request);
        Box::pin(async move {
            let response = answer.await?;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                under_way.0.upgraded.store(true, Ordering::Relaxed);
            }
            drop(under_way);
            Ok(response)
        })
    }
}

/// A connection that ends when it is silent for too long.
pub(crate) struct Watched {
    stream: TcpStream,
    work: Arc<Work>,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    stops: bool,
    /// Nothing came yet.
    fresh: bool,
    heard_at: Instant,
    alarm: Pin<Box<Sleep>>,
    _permit: Permit,
}

impl Watched {
    fn new(stream: TcpStream, work: Arc<Work>, stopping: watch::Receiver<bool>, permit: Permit) -> Self {
        let now = Instant::now();
        Self {
            stream,
            work,
            stopping: Box::pin(shutdown::requested(stopping)),
            stops: false,
            fresh: true,
            heard_at: now,
            alarm: Box::pin(sleep_until(now + HEAD_TIME_MAX)),
            _permit: permit,
        }
    }

    fn silence_max(&self) -> Duration {
        match (self.stops && !self.work.upgraded.load(Ordering::Relaxed), self.fresh) {
            (true, _) => IDLE_WHILE_STOPPING,
            (false, true) => HEAD_TIME_MAX,
            (false, false) => IDLE_MAX,
        }
    }

    fn heard(&mut self) {
        self.fresh = false;
        self.heard_at = Instant::now();
    }

    /// What came of a write: one that takes something is a sign of life, one that waits fails when the silence is over.
    fn watch_write(&mut self, context: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.heard_at = Instant::now();
        } else if written.is_pending() {
            ready!(self.poll_silent(context));
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        written
    }

    /// Ready when the silence has lasted too long.
    fn poll_silent(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.stops && self.stopping.as_mut().poll(context).is_ready() {
            self.stops = true;
            self.alarm.as_mut().reset(Instant::now() + IDLE_WHILE_STOPPING);
        }
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let until = self.heard_at + self.silence_max();
            let busy = self.work.requests.load(Ordering::Relaxed) > 0;
            let now = Instant::now();
            if now >= until && !busy {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(until.max(now + IDLE_WHILE_STOPPING));
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                self.heard();
            }
            return read;
        }
        ready!(self.poll_silent(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch_write(context, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.watch_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
