//! Requests that are wrong, too many, or too much.

use axum::body::Body;
use axum::http::{Request, header};
use media_api::Count;
use serde_json::{Value, json};

use crate::server::{PUBLISHING, RECEIVING, SDP, Server};

#[tokio::test]
async fn a_bad_offer_costs_nobody_the_session_that_runs() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, true).await;
    let session = server.begin("/whip", &ada, PUBLISHING).await;
    server.plane.notes();
    for (offer, status, code) in [
        (format!("{PUBLISHING}a=refuse\r\n"), 422, "bad_offer"),
        (format!("{PUBLISHING}a=overflow\r\n"), 503, "room_full"),
        (RECEIVING.to_owned(), 422, "bad_offer"),
    ] {
        let reply = server.ask("POST", "/whip", &ada.ticket, SDP, &offer).await;
        assert_eq!(reply.refused(status), code, "{offer}");
    }
    let notes = server.plane.notes();
    assert!(!notes.contains(&"leave 0".to_owned()), "{notes:?}");
    assert_eq!(server.ask("DELETE", &session, &ada.ticket, "", "").await.status, 200);
    assert_eq!(server.api.sizes(), (1, 0));
}

#[tokio::test]
async fn an_offer_is_taken_whole_or_refused() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    for (offer, status, code) in [
        // Two sounds; and a picture that nobody here understands.
        (format!("{PUBLISHING}m=audio 9 X 111\r\na=mid:3\r\n"), 422, "bad_offer"),
        (format!("{PUBLISHING}a=rtpmap:96 H265/90000\r\n"), 422, "bad_offer"),
        (PUBLISHING.replace("v=0", "v=1"), 400, "bad_sdp"),
        (format!("{PUBLISHING}nonsense\r\n"), 400, "bad_sdp"),
        ("{\"sdp\":\"v=0\"}".to_owned(), 400, "bad_sdp"),
    ] {
        let ada = server.ticket(&room, true, true).await;
        let reply = server.ask("POST", "/whip", &ada.ticket, SDP, &offer).await;
        assert_eq!(reply.refused(status), code, "{offer}");
    }
    assert_eq!(
        server.plane.notes().last().expect("one was asked"),
        "leave 1",
        "the half session"
    );
    assert_eq!(server.api.sizes(), (1, 0));
}

#[tokio::test]
async fn bodies_are_of_one_type_and_bounded() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, true).await;
    let post = async |typed: &str, body: &str| server.ask("POST", "/whip", &ada.ticket, typed, body).await;
    assert_eq!(post("text/plain", PUBLISHING).await.refused(415), "bad_type");
    assert_eq!(post(SDP, &"a".repeat(64 * 1024 + 1)).await.refused(413), "too_long");
    assert_eq!(post(SDP, "").await.refused(400), "bad_sdp");
    let request = Request::post("/whip")
        .header(header::CONTENT_TYPE, "Application/SDP; charset=utf-8")
        .header(header::AUTHORIZATION, format!("Bearer {}", ada.ticket))
        .body(Body::from(vec![0xff, 0xfe]))
        .expect("a request");
    assert_eq!(server.send(request).await.refused(400), "bad_text");
}

#[tokio::test]
async fn wrong_keys_are_refused_and_then_slowed_down() {
    let server = Server::start();
    let wrong = async |address: &str| {
        let request = Request::get("/api/v1/rooms")
            .header("x-test-address", address)
            .header(header::AUTHORIZATION, "Bearer booka_wrong")
            .body(Body::empty())
            .expect("a request");
        server.send(request).await
    };
    for _ in 0..media_api::limits::ADDRESS_FAILURES_BURST {
        assert_eq!(wrong("192.0.2.9").await.refused(401), "bad_key");
    }
    assert_eq!(wrong("192.0.2.9").await.refused(429), "rate_limited");
    assert_eq!(wrong("192.0.2.10").await.refused(401), "bad_key");
    assert!(server.api.metrics().get(Count::KeysBad) > 30);
    // Who has a good key is not held back by others behind the same address.
    let good = server.partner("GET", "/api/v1/rooms", Value::Null).await;
    assert_eq!(good.status, 200);
}

#[tokio::test]
async fn one_ticket_begins_few_sessions_at_once() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, true).await;
    for _ in 0..media_api::limits::TICKET_POSTS_BURST {
        server.begin("/whip", &ada, PUBLISHING).await;
    }
    let reply = server.ask("POST", "/whip", &ada.ticket, SDP, PUBLISHING).await;
    assert_eq!(reply.refused(429), "rate_limited");
    assert_eq!(server.api.sizes(), (1, 1), "each took the former one's place");
}

#[tokio::test]
async fn a_request_given_up_leaves_no_half_session() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, false).await;
    {
        let post = server.ask("POST", "/whip", &ada.ticket, SDP, PUBLISHING);
        tokio::pin!(post);
        // One look, and its sender is gone.
        let once = std::future::poll_fn(|context| {
            let poll = post.as_mut().poll(context);
            std::task::Poll::Ready(poll.is_pending())
        });
        assert!(once.await, "the media plane is asked on a task of its own");
    }
    while !server.plane.notes().contains(&"forward 0 true".to_owned()) {
        tokio::task::yield_now().await;
    }
    server.api.media_event(sfu_core::Event::Disconnected {
        peer: server.plane.newest(),
        present_until: None,
        reason: sfu_core::DisconnectReason::Closed,
    });
    assert_eq!(server.api.sizes(), (1, 0));
}

#[tokio::test]
async fn a_stopping_server_ends_rooms_and_takes_no_new_ones() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, false).await;
    server.begin("/whip", &ada, PUBLISHING).await;
    server.api.stop();
    assert!(server.plane.notes().contains(&"stop".to_owned()));
    assert_eq!(server.api.sizes(), (0, 0));
    let reply = server.ask("POST", "/whip", &ada.ticket, SDP, PUBLISHING).await;
    assert_eq!(reply.refused(503), "stopping");
    let reply = server.partner("POST", "/api/v1/rooms", json!({})).await;
    assert_eq!(reply.refused(503), "stopping");
}
