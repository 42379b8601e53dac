//! A partner's room in the built server: one publishes by WHIP, one watches by WHEP, and the media crosses over UDP.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION};
use reqwest::{Client as Http, Response, StatusCode};
use serde_json::{Value, json};
use sfu_core::{MediaKind, Mid, SlotInfo, SourceKind};
use sfu_sim::{Client, ClientConfig};

use crate::harness::{Engine, PARTNER_KEY, Site};

/// Nothing here takes longer, on however busy a machine.
const LIMIT: Duration = Duration::from_secs(30);
/// How long one client's socket is listened at before the other has its turn.
const TURN: Duration = Duration::from_millis(1);

/// A model client on a socket.
struct Member {
    client: Client,
    socket: UdpSocket,
    session: String,
    ticket: String,
}

impl Member {
    fn turn(&mut self) {
        self.client.timeout(Instant::now());
        self.send();
        let mut buffer = [0; 2_048];
        while let Ok((len, _)) = self.socket.recv_from(&mut buffer) {
            self.client.receive(&mut buffer[..len], Instant::now());
            self.send();
            if self.client.next_timeout().is_some_and(|at| at <= Instant::now()) {
                break;
            }
        }
    }

    fn send(&mut self) {
        let Some(to) = self.client.remote() else { return };
        while let Some(bytes) = self.client.poll_transmit() {
            self.socket.send_to(&bytes, to).expect("loopback takes it");
        }
    }
}

fn run_until(members: &mut [Member], what: &str, done: impl Fn(&[Member]) -> bool) {
    let end = Instant::now() + LIMIT;
    while !done(members) {
        assert!(Instant::now() < end, "{what} did not come");
        members.iter_mut().for_each(Member::turn);
    }
}

struct Partner {
    http: Http,
    base: String,
}

impl Partner {
    async fn post(&self, path: &str, body: Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).bearer_auth(PARTNER_KEY);
        let response = request.json(&body).send().await.expect("the server answers");
        assert_eq!(response.status(), StatusCode::CREATED, "{path}");
        response.json().await.expect("it is JSON")
    }

    async fn show(&self, room: &str) -> Value {
        let request = self.http.get(format!("{}/api/v1/rooms/{room}", self.base));
        let response = request
            .bearer_auth(PARTNER_KEY)
            .send()
            .await
            .expect("the server answers");
        response.json().await.expect("it is JSON")
    }

    /// Joins a client by WHIP or WHEP.
    async fn join(&self, room: &str, endpoint: &str, config: ClientConfig) -> Member {
        let body = json!({"name": endpoint, "publish": endpoint == "/whip", "subscribe": endpoint == "/whep"});
        let made = self.post(&format!("/api/v1/rooms/{room}/tickets"), body).await;
        let ticket = made["ticket"].as_str().expect("a ticket is text").to_owned();
        let senders = config.sources.len();
        let kinds = [
            (config.audio_slots, MediaKind::Audio),
            (config.video_slots, MediaKind::Video),
        ];
        let mut client = Client::new(config, Instant::now());
        let response = self
            .http
            .post(format!("{}{endpoint}", self.base))
            .header(AUTHORIZATION, format!("Bearer {ticket}"))
            .header(CONTENT_TYPE, "application/sdp")
            .body(client.offer())
            .send()
            .await
            .expect("the server answers");
        assert_eq!(response.status(), StatusCode::CREATED);
        let session = text(&response, LOCATION.as_str());
        let answer = response.text().await.expect("an answer is text");
        let kinds = kinds
            .iter()
            .flat_map(|(count, kind)| std::iter::repeat_n(*kind, *count));
        let slots: Vec<_> = kinds
            .zip(senders..)
            .map(|(kind, mid)| SlotInfo {
                mid: Mid(mid.to_string()),
                kind,
            })
            .collect();
        client.accept(&answer, &slots, Instant::now()).expect("a good answer");
        let socket = UdpSocket::bind("127.0.0.1:0").expect("loopback has free ports");
        socket.set_read_timeout(Some(TURN)).expect("the time is not zero");
        Member {
            client,
            socket,
            session,
            ticket,
        }
    }

    async fn end(&self, member: &Member) -> StatusCode {
        let request = self.http.delete(format!("{}{}", self.base, member.session));
        let response = request.bearer_auth(&member.ticket).send().await;
        response.expect("the server answers").status()
    }
}

fn text(response: &Response, name: &str) -> String {
    let value = response.headers().get(name).expect("the header is there");
    value.to_str().expect("headers are text").to_owned()
}

fn received(member: &Member) -> Vec<usize> {
    let received = member
        .client
        .check_received()
        .expect("what arrives is one whole stream");
    received.streams.iter().map(|stream| stream.packets).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_publishes_by_whip_another_gets_by_whep() {
    let site = Site::start(Engine::Sqlite, 1).await.expect("SQLite is always there");
    let partner = Partner {
        http: Http::new(),
        base: site.public_url.clone(),
    };
    let made = partner.post("/api/v1/rooms", json!({"name": "Vakt"})).await;
    let room = made["room"].as_str().expect("an id is text").to_owned();
    let watching = ClientConfig {
        seed: 7,
        tag: 1,
        sources: Vec::new(),
        ..ClientConfig::default()
    };
    let publishing = ClientConfig {
        seed: 7,
        tag: 2,
        audio_slots: 0,
        video_slots: 0,
        ..ClientConfig::default()
    };
    let mut members = vec![
        partner.join(&room, "/whep", watching).await,
        partner.join(&room, "/whip", publishing).await,
    ];
    run_until(&mut members, "the connection", |members| {
        members.iter().all(|member| member.client.is_connected())
    });
    members[1].client.start_media(Instant::now());
    run_until(&mut members, "sound and picture", |members| {
        let received = received(&members[0]);
        received.len() == 2 && received.iter().all(|packets| *packets > 50)
    });
    assert!(members[1].client.made(SourceKind::Camera) > 50);

    let shown = partner.show(&room).await;
    let publisher = shown["participants"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["name"] == "/whip"))
        .expect("the publisher is listed");
    assert_eq!(publisher["connected"], true);
    assert_eq!(publisher["publishes"], true);

    assert_eq!(partner.end(&members[1]).await, StatusCode::OK);
    run_until(&mut members[1..], "the goodbye", |members| {
        members[0].client.is_closed()
    });
    assert_eq!(partner.end(&members[1]).await, StatusCode::NOT_FOUND);
    let shown = partner.show(&room).await;
    assert_eq!(shown["present"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_configured_there_is_no_api() {
    let site = Site::without_partners().await;
    for path in ["/api/v1/rooms", "/whip", "/whep"] {
        let response = Http::new()
            .post(format!("{}{path}", site.public_url))
            .bearer_auth(PARTNER_KEY)
            .send()
            .await
            .expect("the server answers");
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}
