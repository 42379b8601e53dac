//! A server on a loopback port, and clients that talk to it.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use sfu_core::PeerId;
use signaling::{Count, Hub, HubConfig, RoomConfig, SocketConfig};
use signaling_protocol::{Role, Ticket, TicketKey};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{self, Message, client::IntoClientRequest as _};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::authority::{Appointment, Authority, Journal};
use crate::media::Media;

pub(crate) const ORIGIN: &str = "http://localhost:8080";
pub(crate) const CALL: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const SECOND: i64 = 1_000_000;
const KEY: [u8; 32] = [7; 32];
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Server {
    pub(crate) hub: Hub,
    pub(crate) authority: Arc<Authority>,
    pub(crate) media: Arc<Media>,
    pub(crate) journal: Journal,
    address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

pub(crate) fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    i64::try_from(since.as_micros()).expect("microseconds fit for 290,000 years")
}

pub(crate) fn config() -> HubConfig {
    HubConfig {
        room: RoomConfig {
            clock_period: Duration::from_millis(50),
            ..RoomConfig::default()
        },
        tick: Duration::from_millis(20),
        checkpoint_period: Duration::from_millis(100),
        ..HubConfig::default()
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(config(), SocketConfig::new(vec![ORIGIN.into()])).await
    }

    pub(crate) async fn with(config: HubConfig, sockets: SocketConfig) -> Self {
        let journal = Journal::default();
        let authority = Arc::new(Authority::new(journal.clone()));
        Self::serve(config, sockets, authority, journal).await
    }

    async fn serve(config: HubConfig, sockets: SocketConfig, authority: Arc<Authority>, journal: Journal) -> Self {
        let (events, mut reported) = mpsc::channel(10_000);
        let media = Media::new(journal.clone(), events);
        let hub = Hub::new(
            config,
            authority.clone(),
            media.clone(),
            TicketKey::new(KEY),
            Arc::new(now),
        );
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (served, told) = (hub.clone(), hub.clone());
        let tasks = vec![
            tokio::spawn(async move {
                axum::serve(listener, signaling::router(served, sockets, Arc::new(address_of)))
                    .await
                    .expect("the server runs");
            }),
            tokio::spawn(async move {
                while let Some(event) = reported.recv().await {
                    told.media_event(event);
                }
            }),
        ];
        let server = Self {
            hub,
            authority,
            media,
            journal,
            address,
            tasks,
        };
        server.book(CALL, 3_600 * SECOND);
        server
    }

    /// An appointment that began a minute ago and ends in `remaining` microseconds.
    pub(crate) fn book(&self, call: &str, remaining: i64) {
        let appointment = Appointment {
            opens_at: now() - 60 * SECOND,
            starts_at: now() - 60 * SECOND,
            ends_at: now() + remaining,
        };
        self.authority
            .records()
            .appointments
            .entry(call.into())
            .or_insert(appointment);
    }

    /// The process dies without a word and another one starts: same records, nothing else.
    pub(crate) async fn crash_and_restart(self) -> Self {
        for task in &self.tasks {
            task.abort();
        }
        let (authority, journal) = (self.authority.clone(), self.journal.clone());
        // From here on, whatever the dead process still tries must not reach the records.
        authority.records().down = true;
        drop(self);
        authority.recover();
        authority.records().down = false;
        Self::serve(config(), SocketConfig::new(vec![ORIGIN.into()]), authority, journal).await
    }

    pub(crate) fn ticket(&self, call: &str, seat: &str, role: Role) -> String {
        self.ticket_until(call, seat, role, 60)
    }

    pub(crate) fn ticket_until(&self, call: &str, seat: &str, role: Role, life_s: i64) -> String {
        static NONCES: AtomicU64 = AtomicU64::new(0);
        let nonce = NONCES.fetch_add(1, Ordering::Relaxed).to_string();
        let expires_at_s = now() / SECOND + life_s;
        TicketKey::new(KEY).sign(&Ticket {
            call: call.into(),
            seat: seat.into(),
            role,
            expires_at_s,
            nonce,
            session: format!("session of {seat}"),
        })
    }

    pub(crate) async fn connect(&self) -> Client {
        self.connect_from(&[ORIGIN]).await.expect("the origin is allowed")
    }

    /// Connects with these `Origin` headers.
    pub(crate) async fn connect_from(&self, origins: &[&str]) -> Result<Client, tungstenite::Error> {
        self.connect_by("127.0.0.1", origins).await
    }

    /// Connects from an address, as a proxy in front of the server would say it.
    pub(crate) async fn connect_by(&self, address: &str, origins: &[&str]) -> Result<Client, tungstenite::Error> {
        let mut request = format!("ws://{}/call/socket", self.address).into_client_request()?;
        request
            .headers_mut()
            .insert(FROM, address.parse().expect("an address is a header"));
        for origin in origins {
            request
                .headers_mut()
                .append("Origin", origin.parse().expect("an origin is a header"));
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Client { socket })
    }

    /// Connects and says hello with a fresh ticket.
    pub(crate) async fn seat(&self, call: &str, seat: &str, role: Role) -> Client {
        let mut client = self.connect().await;
        client.hello(&self.ticket(call, seat, role)).await;
        client.expect("welcome").await;
        client
    }

    /// Offers media for a client and completes its handshake.
    pub(crate) async fn media_up(&self, client: &mut Client) -> PeerId {
        client.offer().await;
        client.expect("answer").await;
        let peer = self.media.newest();
        self.media.connect(peer);
        peer
    }

    /// Provider and consumer of [`CALL`], let in and connected.
    pub(crate) async fn talking(&self) -> (Client, PeerId, Client, PeerId) {
        let mut provider = self.seat(CALL, "p", Role::Provider).await;
        let provider_peer = self.media_up(&mut provider).await;
        let mut consumer = self.seat(CALL, "c", Role::Consumer).await;
        let consumer_peer = self.media_up(&mut consumer).await;
        provider.send(json!({"type": "admit", "seat": "c"})).await;
        consumer.expect("admitted").await;
        consumer.expect("slots").await;
        (provider, provider_peer, consumer, consumer_peer)
    }

    pub(crate) fn count(&self, count: Count) -> u64 {
        self.hub.metrics().get(count)
    }

    /// The journal so far.
    pub(crate) fn journal(&self) -> Vec<String> {
        self.journal.lock().expect("the journal is only appended to").clone()
    }

    pub(crate) async fn journaled(&self, line: &str) {
        until(|| self.journal().iter().any(|entry| entry == line)).await;
    }
}

/// Says from which address a connection is.
const FROM: &str = "x-from";

fn address_of(parts: &axum::http::request::Parts) -> IpAddr {
    let from = parts.headers.get(FROM).and_then(|from| from.to_str().ok());
    from.and_then(|from| from.parse().ok())
        .expect("every client of the tests says so")
}

/// Waits until something is so, looking often, and fails after a while.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        let mut looks = tokio::time::interval(Duration::from_millis(5));
        while !condition() {
            looks.tick().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("it comes to pass in time");
}

/// Does something again and again until something is so.
pub(crate) async fn repeat_until(again: impl Fn(), condition: impl Fn() -> bool) {
    let seen = Mutex::new(false);
    until(|| {
        again();
        *seen.lock().expect("one caller") |= condition();
        *seen.lock().expect("one caller")
    })
    .await;
}

pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub(crate) async fn send(&mut self, message: Value) {
        self.send_text(message.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.expect("the server listens");
    }

    /// Sends a frame that the server may no longer want.
    pub(crate) async fn try_send(&mut self, message: Message) -> bool {
        self.socket.send(message).await.is_ok()
    }

    pub(crate) async fn hello(&mut self, ticket: &str) {
        self.send(json!({"type": "hello", "protocol": 1, "ticket": ticket}))
            .await;
    }

    pub(crate) async fn offer(&mut self) {
        let sources = json!([{"mid": "0", "source": "microphone"}, {"mid": "1", "source": "camera"}]);
        self.send(json!({"type": "offer", "id": 3, "sdp": "v=0 offer", "sources": sources}))
            .await;
    }

    /// The next message of a type; others are skipped.
    pub(crate) async fn expect(&mut self, kind: &str) -> Value {
        self.expect_where(kind, |_| true).await
    }

    pub(crate) async fn expect_where(&mut self, kind: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let message = timeout_at(until, self.socket.next())
                .await
                .unwrap_or_else(|_| panic!("no {kind} came"));
            let message = message
                .expect("the connection stays open")
                .expect("frames are well formed");
            if let Message::Text(text) = message {
                let value: Value = serde_json::from_str(&text).expect("the server speaks JSON");
                if value["type"] == kind && fits(&value) {
                    return value;
                }
            }
        }
    }

    /// The error that comes next.
    pub(crate) async fn refusal(&mut self) -> (String, bool) {
        let error = self.expect("error").await;
        let code = error["code"].as_str().expect("an error has a code").to_owned();
        (code, error["fatal"].as_bool().expect("an error is fatal or not"))
    }

    /// Reads to the end and tells the code it came with.
    pub(crate) async fn close_code(&mut self) -> Option<u16> {
        let read = async {
            while let Some(message) = self.socket.next().await {
                match message {
                    Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                    Ok(_) => {}
                    Err(_) => return None,
                }
            }
            None
        };
        timeout(PATIENCE, read).await.expect("the server closes the connection")
    }
}
