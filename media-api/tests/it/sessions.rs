//! WHIP and WHEP sessions from POST to DELETE, with what RFC 9725 asks of them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, header};
use serde_json::json;
use sfu_core::Event;

use crate::server::{FRAGMENT, PUBLISHING, RECEIVING, Reply, SDP, Server, Ticket};

const RESTART: &str = "a=ice-ufrag:newu\r\na=ice-pwd:0123456789012345678901\r\n";

async fn patch(server: &Server, session: &str, ticket: &Ticket, if_match: Option<&str>, body: &str) -> Reply {
    let mut request = Request::patch(session)
        .header(header::CONTENT_TYPE, FRAGMENT)
        .header(header::AUTHORIZATION, format!("bearer {}", ticket.ticket));
    if let Some(tag) = if_match {
        request = request.header(header::IF_MATCH, tag);
    }
    server
        .send(request.body(Body::from(body.to_owned())).expect("a request"))
        .await
}

#[tokio::test]
async fn a_publisher_is_heard_by_those_who_asked_for_it() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, false).await;
    let ben = server.ticket(&room, false, true).await;
    let watching = server.begin("/whep", &ben, RECEIVING).await;
    assert!(watching.starts_with("/whep/"));
    assert!(watching.len() > "/whep/".len() + 40, "256 bits nobody guesses");
    assert_eq!(server.plane.notes(), ["join 0 []", "forward 0 true"]);
    let session = server.begin("/whip", &ada, PUBLISHING).await;
    assert_eq!(
        server.plane.notes(),
        [
            "join 1 [0=Microphone 1=Camera 2=Screen]",
            "forward 1 true",
            "map 0 a=1/Microphone v=1/Screen"
        ]
    );
    assert_eq!(server.ask("DELETE", &session, &ada.ticket, "", "").await.status, 200);
    assert_eq!(server.plane.notes(), ["leave 1", "map 0 a=nothing v=nothing"]);
    assert_eq!(
        server.ask("DELETE", &session, &ada.ticket, "", "").await.refused(404),
        "no_session"
    );
}

#[tokio::test]
async fn a_ticket_permits_what_it_says_until_it_expires() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, false).await;
    let watch = server.ask("POST", "/whep", &ada.ticket, SDP, RECEIVING).await;
    assert_eq!(watch.refused(403), "not_permitted");
    let session = server.begin("/whip", &ada, PUBLISHING).await;
    server.pass_s(3_600);
    let late = server.ask("POST", "/whip", &ada.ticket, SDP, PUBLISHING).await;
    assert_eq!(late.refused(401), "bad_ticket");
    assert_eq!(late.header("www-authenticate"), "Bearer");
    // What was begun in time can still be ended by its holder.
    assert_eq!(server.ask("DELETE", &session, &ada.ticket, "", "").await.status, 200);
}

#[tokio::test]
async fn a_session_needs_its_address_and_its_ticket() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let (ada, ben) = (
        server.ticket(&room, true, true).await,
        server.ticket(&room, true, true).await,
    );
    let session = server.begin("/whip", &ada, PUBLISHING).await;
    assert_eq!(
        server.ask("DELETE", &session, "", "", "").await.refused(401),
        "bad_ticket"
    );
    assert_eq!(
        server.ask("DELETE", &session, &ben.ticket, "", "").await.refused(404),
        "no_session"
    );
    let wrong = session.replace("whip", "whep");
    assert_eq!(
        server.ask("DELETE", &wrong, &ada.ticket, "", "").await.refused(404),
        "no_session"
    );
    for method in ["GET", "POST", "PUT"] {
        let reply = server.ask(method, &session, &ada.ticket, SDP, "").await;
        assert_eq!(reply.refused(405), "bad_method");
        assert!(reply.header("allow").contains("PATCH"));
    }
}

#[tokio::test]
async fn a_call_ticket_is_no_media_ticket() {
    let server = Server::start();
    let ticket = signaling_protocol::Ticket {
        call: "c".into(),
        seat: "s".into(),
        role: signaling_protocol::Role::Provider,
        expires_at_s: 1_800_000_060,
        nonce: "n".into(),
        session: "i".into(),
    };
    let text = signaling_protocol::TicketKey::new(crate::server::SECRET).sign(&ticket);
    let reply = server.ask("POST", "/whip", &text, SDP, PUBLISHING).await;
    assert_eq!(reply.refused(401), "bad_ticket");
}

#[tokio::test]
async fn candidates_are_taken_and_a_restart_is_answered() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, false).await;
    let session = server.begin("/whip", &ada, PUBLISHING).await;
    let candidates =
        "a=ice-ufrag:puff\r\na=ice-pwd:x\r\nm=audio 9 X 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.9 9 typ host\r\n";
    let trickled = patch(&server, &session, &ada, Some("\"1\""), candidates).await;
    assert_eq!(trickled.status, 204);
    assert!(!trickled.headers.contains_key("etag"));
    assert_eq!(
        patch(&server, &session, &ada, None, candidates).await.refused(428),
        "no_if_match"
    );
    assert_eq!(
        patch(&server, &session, &ada, Some("\"7\""), candidates)
            .await
            .refused(412),
        "etag_differs"
    );
    assert_eq!(
        patch(&server, &session, &ada, Some("*"), "nonsense").await.refused(400),
        "bad_fragment"
    );
    let wrong = server.ask("PATCH", &session, &ada.ticket, SDP, candidates).await;
    assert_eq!(wrong.refused(415), "bad_type");

    server.plane.notes();
    let api = server.api.clone();
    let plane = server.plane.clone();
    let peer = plane.newest();
    let answers = async move {
        // The plane is asked before the request waits, so this ends.
        while !plane.notes().contains(&"restart 0 newu".to_owned()) {
            tokio::task::yield_now().await;
        }
        api.media_event(Event::Restarted {
            peer,
            ufrag: "srvu".into(),
            password: "secret".into(),
        });
    };
    let (restarted, ()) = tokio::join!(patch(&server, &session, &ada, Some("*"), RESTART), answers);
    assert_eq!(restarted.status, 200);
    assert_eq!(restarted.header("etag"), "\"2\"");
    assert_eq!(restarted.header("content-type"), FRAGMENT);
    assert_eq!(
        restarted.text,
        "a=ice-lite\r\nm=audio 9 X 111\r\na=mid:0\r\na=ice-ufrag:srvu\r\na=ice-pwd:secret\r\n\
         a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n"
    );
    // Candidates of the old ICE session come too late; those of the new one are fine.
    assert_eq!(
        patch(&server, &session, &ada, Some("\"1\""), candidates)
            .await
            .refused(412),
        "etag_differs"
    );
    assert_eq!(patch(&server, &session, &ada, Some("\"2\""), RESTART).await.status, 204);
}

#[tokio::test]
async fn a_restart_that_nobody_answers_can_be_tried_again() {
    let server = Server::with_patience(Duration::from_millis(100));
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, false).await;
    let session = server.begin("/whip", &ada, PUBLISHING).await;
    let first = patch(&server, &session, &ada, Some("*"), RESTART);
    let second = patch(&server, &session, &ada, Some("*"), RESTART);
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.refused(503), "media_silent");
    assert_eq!(second.refused(409), "restart_under_way");
    server.plane.notes();
    let again = patch(&server, &session, &ada, Some("*"), RESTART).await;
    assert_eq!(again.refused(503), "media_silent");
    assert_eq!(server.plane.notes(), ["restart 0 newu"]);
}

#[tokio::test]
async fn browsers_of_any_origin_may_use_it() {
    let server = Server::start();
    for (path, name, takes) in [
        ("/whip", "accept-post", SDP),
        ("/whep", "accept-post", SDP),
        ("/whip/x", "accept-patch", FRAGMENT),
        ("/whep/x", "accept-patch", FRAGMENT),
    ] {
        let reply = server.ask("OPTIONS", path, "", "", "").await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header(name), takes);
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert!(reply.header("access-control-allow-headers").contains("Authorization"));
    }
    // Trial D7: a page reads why it was refused, too, whatever was wrong with its request.
    for (method, path, status, code) in [
        ("POST", "/whip/", 404, "no_address"),
        ("OPTIONS", "/whep/", 404, "no_address"),
        ("DELETE", "/whip/x/", 404, "no_address"),
        ("POST", "/whip/x/sizes", 404, "no_address"),
        ("GET", "/whep/x/sizes/y", 404, "no_address"),
        ("GET", "/whep/x/sizes", 405, "bad_method"),
        ("GET", "/whip", 405, "bad_method"),
        ("PUT", "/whep/x", 405, "bad_method"),
    ] {
        let reply = server.ask(method, path, "", SDP, "").await;
        assert_eq!(reply.refused(status), code, "{method} {path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{method} {path}");
        assert_eq!(reply.headers.contains_key("allow"), status == 405, "{method} {path}");
    }
    for (method, path, status) in [
        ("GET", "/api/v1", 404),
        ("POST", "/api/v1/rooms/", 404),
        ("PUT", "/api/v1/rooms", 405),
    ] {
        let reply = server.partner(method, path, serde_json::Value::Null).await;
        let code = if status == 404 { "no_address" } else { "bad_method" };
        assert_eq!(reply.refused(status), code, "{method} {path}");
    }
    let refused = server.ask("POST", "/whip", "", SDP, "").await;
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert!(refused.header("access-control-expose-headers").contains("Location"));
    let rooms = server.partner("GET", "/api/v1/rooms", serde_json::Value::Null).await;
    assert!(
        !rooms.headers.contains_key("access-control-allow-origin"),
        "partner keys have no business in a page"
    );
}
