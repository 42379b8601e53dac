//! The WebSocket shell: frames in, frames out, and the patience of both sides.

use std::error::Error as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use signaling_protocol::message::ErrorCode;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{self, error::CapacityError};

use crate::crowd::{Crowd, Permit};
use crate::hub::{Hub, Outgoing, Outgoings};
use crate::limits::{GOODBYE_WAIT, MESSAGE_BYTES_MAX, UNSEATED_PER_ADDRESS_MAX};
use crate::metrics::Count;
use crate::room::{CloseCode, ConnectionId};
use crate::session::{Session, Step};

/// Who may connect, and how long a socket may keep silent.
#[derive(Debug, Clone)]
pub struct SocketConfig {
    /// Origins (`https://example.org`) whose pages may connect. A client without an `Origin` is no page of anyone's.
    pub allowed_origins: Vec<String>,
    /// Connections from one IPv4 address or IPv6 /64 that have not said `hello`; one more is refused before its upgrade.
    pub unseated_per_address_max: usize,
    /// From the upgrade to `hello`.
    pub hello_wait: Duration,
    /// Between two pings of the server.
    pub ping_period: Duration,
    /// Silence after which a socket counts as dead.
    pub silence_max: Duration,
    /// How long one frame may take to be written.
    pub write_wait: Duration,
}

impl SocketConfig {
    /// The usual patience, for pages of the sites at these addresses.
    #[must_use]
    pub fn new(allowed: Vec<String>) -> Self {
        Self {
            allowed_origins: allowed.iter().map(|url| origin_of(url)).collect(),
            unseated_per_address_max: UNSEATED_PER_ADDRESS_MAX,
            hello_wait: Duration::from_secs(10),
            ping_period: Duration::from_secs(10),
            silence_max: Duration::from_secs(30),
            write_wait: Duration::from_secs(10),
        }
    }
}

/// Whose request it is, by address: the peer's own, or what a trusted proxy says.
pub type ClientAddress = Arc<dyn Fn(&Parts) -> IpAddr + Send + Sync>;

/// What every upgrade needs.
#[derive(Clone)]
struct Door {
    hub: Hub,
    config: Arc<SocketConfig>,
    client_address: ClientAddress,
    crowd: Crowd,
}

/// `GET /call/socket`.
pub fn router(hub: Hub, config: SocketConfig, client_address: ClientAddress) -> Router {
    Router::new().route("/call/socket", get(upgrade)).with_state(Door {
        hub,
        config: Arc::new(config),
        client_address,
        crowd: Crowd::default(),
    })
}

async fn upgrade(State(door): State<Door>, upgrade: WebSocketUpgrade, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let Door {
        hub,
        config,
        client_address,
        crowd,
    } = door;
    if !origin_allowed(&parts.headers, &config.allowed_origins) {
        hub.metrics().add(Count::OriginsRefused);
        return (StatusCode::FORBIDDEN, "this origin may not connect").into_response();
    }
    let Some(permit) = crowd.enter(client_address(&parts), config.unseated_per_address_max) else {
        hub.metrics().add(Count::ConnectionsRefusedCrowded);
        let message = "too many connections of this address have not said hello";
        return (StatusCode::TOO_MANY_REQUESTS, message).into_response();
    };
    let Some((connection, outgoing)) = hub.connect() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the server is full").into_response();
    };
    let open = OpenConnection { hub, connection };
    upgrade
        .max_message_size(MESSAGE_BYTES_MAX)
        .max_frame_size(MESSAGE_BYTES_MAX)
        .on_upgrade(move |socket| serve(open, permit, outgoing, config, socket))
}

/// The origin of an address as browsers write it (RFC 6454 6.1): lower case, without path and default port.
fn origin_of(url: &str) -> String {
    let url = url.to_ascii_lowercase();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url;
    };
    let host = rest.split('/').next().unwrap_or_default();
    let host = match scheme {
        "https" | "wss" => host.strip_suffix(":443"),
        "http" | "ws" => host.strip_suffix(":80"),
        _ => None,
    }
    .unwrap_or(host);
    format!("{scheme}://{host}")
}

/// Exactly one `Origin`, and a known one; or none at all.
fn origin_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()),
        (Some(_), Some(_)) => false,
    }
}

/// A connection that the hub forgets when this is dropped, however the socket ends.
struct OpenConnection {
    hub: Hub,
    connection: ConnectionId,
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.hub.disconnect(self.connection);
    }
}

/// What a socket has to attend to next.
enum Turn {
    Incoming(Option<Result<Message, axum::Error>>),
    Outgoing(Option<Outgoing>),
    Time,
}

async fn serve(
    open: OpenConnection,
    permit: Permit,
    mut outgoing: Outgoings,
    config: Arc<SocketConfig>,
    socket: WebSocket,
) {
    let mut unseated = Some(permit);
    let mut session = Session::new(Instant::now());
    let (opened_at, mut heard_at) = (Instant::now(), Instant::now());
    let mut ticks = tokio::time::interval(config.ping_period.min(config.hello_wait));
    let (mut sink, mut stream) = socket.split();
    loop {
        let turn = tokio::select! {
            biased;
            message = outgoing.recv() => Turn::Outgoing(message),
            message = stream.next() => Turn::Incoming(message),
            _ = ticks.tick() => Turn::Time,
        };
        let metrics = open.hub.metrics();
        let frame = match turn {
            Turn::Outgoing(Some(Outgoing::Message(message))) => text(&message),
            Turn::Outgoing(Some(Outgoing::Close(code))) => return close(sink, stream, &config, code).await,
            Turn::Outgoing(None) => return close(sink, stream, &config, CloseCode::TooSlow).await,
            Turn::Incoming(Some(Ok(message))) => {
                heard_at = Instant::now();
                let taken = receive(&open, &mut session, message);
                if session.seated() {
                    drop(unseated.take());
                }
                match taken {
                    Taken::Step(step) => open.hub.perform(open.connection, step).await,
                    Taken::Nothing => {}
                    Taken::Closed => return,
                }
                continue;
            }
            Turn::Incoming(Some(Err(error))) => {
                if is_too_big(&error) {
                    metrics.add(Count::MessagesTooBig);
                    close(sink, stream, &config, CloseCode::TooBig).await;
                }
                return;
            }
            Turn::Incoming(None) => return,
            Turn::Time if !session.seated() && opened_at.elapsed() >= config.hello_wait => {
                metrics.add(Count::HellosLate);
                return close(sink, stream, &config, CloseCode::Silent).await;
            }
            Turn::Time if heard_at.elapsed() >= config.silence_max => {
                metrics.add(Count::SocketsSilent);
                return close(sink, stream, &config, CloseCode::Silent).await;
            }
            Turn::Time => Message::Ping(bytes::Bytes::new()),
        };
        if !write(&mut sink, &config, frame).await {
            return;
        }
    }
}

/// What a frame came to.
enum Taken {
    Step(Step),
    Nothing,
    Closed,
}

fn receive(open: &OpenConnection, session: &mut Session, message: Message) -> Taken {
    let step = match message {
        Message::Text(text) => session.receive(Instant::now(), text.as_str()),
        Message::Binary(_) => session.receive_binary(),
        Message::Ping(_) | Message::Pong(_) => match session.receive_control(Instant::now()) {
            Some(step) => step,
            None => return Taken::Nothing,
        },
        Message::Close(_) => return Taken::Closed,
    };
    let metrics = open.hub.metrics();
    metrics.add(Count::Messages);
    if let Step::Refuse { code, .. } = &step {
        metrics.add(match code {
            ErrorCode::RateLimited => Count::MessagesRateLimited,
            ErrorCode::BadHello => Count::HellosBad,
            ErrorCode::BadTicket => Count::TicketsBad,
            ErrorCode::BadMessage
            | ErrorCode::NotOpen
            | ErrorCode::TurnedAway
            | ErrorCode::Forbidden
            | ErrorCode::UnknownSeat
            | ErrorCode::TooEarly
            | ErrorCode::BadOffer
            | ErrorCode::Full
            | ErrorCode::Internal => Count::MessagesBad,
        });
    }
    Taken::Step(step)
}

fn text(message: &signaling_protocol::ServerMessage) -> Message {
    let json = serde_json::to_string(message).expect("messages are plain strings and numbers");
    Message::Text(json.into())
}

type Sink = SplitSink<WebSocket, Message>;

async fn write(sink: &mut Sink, config: &SocketConfig, frame: Message) -> bool {
    matches!(timeout(config.write_wait, sink.send(frame)).await, Ok(Ok(())))
}

/// Says goodbye and reads on until the peer has answered: a socket closed over unread frames would be reset, and the
/// last messages with it.
async fn close(mut sink: Sink, mut stream: SplitStream<WebSocket>, config: &SocketConfig, code: CloseCode) {
    let frame = CloseFrame {
        code: code.number(),
        reason: "".into(),
    };
    if !write(&mut sink, config, Message::Close(Some(frame))).await {
        return;
    }
    let goodbye = async { while let Some(Ok(_)) = stream.next().await {} };
    // A peer that does not answer in time is dropped.
    let _ = timeout(GOODBYE_WAIT, goodbye).await;
}

/// Whether the peer sent more than a message may hold.
fn is_too_big(error: &axum::Error) -> bool {
    let refused = error
        .source()
        .and_then(|error| error.downcast_ref::<tungstenite::Error>());
    matches!(
        refused,
        Some(tungstenite::Error::Capacity(CapacityError::MessageTooLong { .. }))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_do() {
        let check = |url: &str, origin: &str| assert_eq!(origin_of(url), origin);
        check("http://localhost:8080", "http://localhost:8080");
        check("https://Booka.example/", "https://booka.example");
        check("https://booka.example:443/call?x=1", "https://booka.example");
        check("http://booka.example:80", "http://booka.example");
        check("http://[::1]:8080/", "http://[::1]:8080");
    }
}
