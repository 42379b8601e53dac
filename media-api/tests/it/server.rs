//! Requests straight into the router, and what comes back.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use media_api::{ApiConfig, MediaApi, PartnerKeys, fresh_key};
use serde_json::{Value, json};
use signaling_protocol::TicketKey;
use tower::ServiceExt as _;

use crate::plane::Plane;

pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const SDP: &str = "application/sdp";
pub(crate) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";
/// Sends sound and two pictures.
pub(crate) const PUBLISHING: &str = "v=0\r\na=ice-ufrag:puff\r\nm=audio 9 X 111\r\na=mid:0\r\na=sendonly\r\n\
    m=video 9 X 96\r\na=mid:1\r\na=sendonly\r\nm=video 9 X 96\r\na=mid:2\r\na=sendrecv\r\n";
/// Receives one of each.
pub(crate) const RECEIVING: &str = "v=0\r\na=ice-ufrag:gulp\r\nm=audio 9 X 111\r\na=mid:a\r\na=recvonly\r\n\
    m=video 9 X 96\r\na=mid:v\r\na=recvonly\r\n";

pub(crate) struct Server {
    pub(crate) api: MediaApi,
    pub(crate) plane: Arc<Plane>,
    router: Router,
    /// Two partners.
    pub(crate) keys: [String; 2],
    now_s: Arc<AtomicI64>,
}

pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error} in {:?}", self.text))
    }

    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> String {
        let value = self.headers.get(name).expect("the header is there");
        value.to_str().expect("headers are text").to_owned()
    }

    /// The code of a refusal, which is a problem in JSON with what to do next.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10));
        assert_eq!(
            matches!(status, 503 | 429),
            self.headers.contains_key("retry-after"),
            "Retry-After comes where trying again helps"
        );
        problem["code"].as_str().expect("a problem has a code").to_owned()
    }
}

/// What a partner got for a participant.
pub(crate) struct Ticket {
    pub(crate) ticket: String,
    pub(crate) participant: String,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::with_patience(media_api::limits::ANSWER_WAIT)
    }

    pub(crate) fn with_patience(answer_wait: Duration) -> Self {
        let (key, hash) = fresh_key([1; 32]);
        let (other, other_hash) = fresh_key([2; 32]);
        let plane = Arc::new(Plane::default());
        let now_s = Arc::new(AtomicI64::new(1_800_000_000));
        let clock = now_s.clone();
        let config = ApiConfig {
            keys: PartnerKeys::new(vec![hash, other_hash]),
            key: TicketKey::new(SECRET),
            clock: Arc::new(move || clock.load(Ordering::SeqCst) * 1_000_000),
            answer_wait,
        };
        let api = MediaApi::new(config, plane.clone());
        let address = |parts: &axum::http::request::Parts| {
            let told = parts
                .headers
                .get("x-test-address")
                .and_then(|value| value.to_str().ok());
            told.and_then(|text| text.parse().ok())
                .unwrap_or(IpAddr::from([192, 0, 2, 1]))
        };
        Self {
            router: media_api::router(api.clone(), Arc::new(address)),
            api,
            plane,
            keys: [key, other],
            now_s,
        }
    }

    pub(crate) fn pass_s(&self, seconds: i64) {
        self.now_s.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), 1 << 20).await.expect("the body comes");
        let text = String::from_utf8(body.to_vec()).expect("answers are text");
        Reply { status, headers, text }
    }

    /// A request with a bearer, a content type and a body.
    pub(crate) async fn ask(&self, method: &str, path: &str, bearer: &str, typed: &str, body: &str) -> Reply {
        let mut request = Request::builder()
            .method(Method::from_bytes(method.as_bytes()).expect("a method"))
            .uri(path)
            .header(header::CONTENT_TYPE, typed);
        if !bearer.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {bearer}"));
        }
        if typed == FRAGMENT {
            request = request.header(header::IF_MATCH, "*");
        }
        let request = request.body(Body::from(body.to_owned())).expect("a request");
        self.send(request).await
    }

    /// A request of the first partner.
    pub(crate) async fn partner(&self, method: &str, path: &str, body: Value) -> Reply {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.ask(method, path, &self.keys[0], "application/json", &body).await
    }

    pub(crate) async fn room(&self, body: Value) -> String {
        let reply = self.partner("POST", "/api/v1/rooms", body).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let room = reply.json()["room"].as_str().expect("a room has an id").to_owned();
        assert_eq!(reply.header("location"), format!("/api/v1/rooms/{room}"));
        room
    }

    pub(crate) async fn ticket(&self, room: &str, publish: bool, subscribe: bool) -> Ticket {
        let body = json!({"name": "Ada", "publish": publish, "subscribe": subscribe});
        let reply = self
            .partner("POST", &format!("/api/v1/rooms/{room}/tickets"), body)
            .await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let text = |name: &str| reply.json()[name].as_str().expect("it is a text").to_owned();
        Ticket {
            ticket: text("ticket"),
            participant: text("participant"),
        }
    }

    /// Begins a session and returns its address.
    pub(crate) async fn begin(&self, path: &str, ticket: &Ticket, offer: &str) -> String {
        let reply = self.ask("POST", path, &ticket.ticket, SDP, offer).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        assert_eq!(reply.header("content-type"), SDP);
        assert_eq!(reply.header("etag"), "\"1\"");
        reply.header("location")
    }
}
