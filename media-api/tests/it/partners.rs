//! Rooms, tickets and participants.

use serde_json::{Value, json};

use crate::server::{PUBLISHING, RECEIVING, SDP, Server};

#[tokio::test]
async fn a_room_is_made_shown_and_ended_by_its_partner_only() {
    let server = Server::start();
    let room = server.room(json!({"name": "Vakt", "participants_max": 2})).await;
    let path = format!("/api/v1/rooms/{room}");
    let shown = server.partner("GET", &path, Value::Null).await.json();
    assert_eq!(
        shown,
        json!({"room": room, "name": "Vakt", "participants_max": 2, "created_at": 1_800_000_000, "present": 0, "participants": []})
    );
    let listed = server.partner("GET", "/api/v1/rooms", Value::Null).await.json();
    assert_eq!(listed["rooms"][0]["room"], room.as_str());
    let other = server.keys[1].as_str();
    assert_eq!(
        server.ask("GET", "/api/v1/rooms", other, "", "").await.json(),
        json!({"rooms": []})
    );
    for method in ["GET", "DELETE"] {
        assert_eq!(server.ask(method, &path, other, "", "").await.refused(404), "no_room");
    }
    assert_eq!(server.partner("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(server.plane.notes(), ["stop"]);
    assert_eq!(
        server.partner("DELETE", &path, Value::Null).await.refused(404),
        "no_room"
    );
}

/// Trial D3: a picture that is not sent on shows in the figures of whoever misses it.
#[tokio::test]
async fn withheld_pictures_are_counted_until_they_come() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let viewer = server.ticket(&room, false, true).await;
    server.begin("/whep", &viewer, RECEIVING).await;
    let peer = server.plane.newest();
    let stats = sfu_core::PeerStats::default();
    server.api.media_event(sfu_core::Event::Stats { peer, stats });
    for slots in [vec![sfu_core::Mid("1".into())], Vec::new()] {
        let withheld = slots.len();
        server.api.media_event(sfu_core::Event::Withheld { peer, slots });
        let shown = server
            .partner("GET", &format!("/api/v1/rooms/{room}"), Value::Null)
            .await;
        let figures = &shown.json()["participants"][0]["stats"]["receiving"];
        assert_eq!(figures["pictures_withheld"], withheld);
    }
}

/// Why the last sessions of a participant ended, as its room shows it.
async fn ended(server: &Server, room: &str, participant: &str) -> Value {
    let path = format!("/api/v1/rooms/{room}");
    let shown = server.partner("GET", &path, Value::Null).await.json();
    let mut listed = shown["participants"].as_array().expect("it is a list").iter();
    let own = listed.find(|one| one["participant"] == participant);
    own.expect("its ticket holds")["ended"].clone()
}

/// Trials D5 and D7: what keeps a client from connecting, its own program may not say; the room does.
#[tokio::test]
async fn d5_why_a_session_ended_is_shown_until_the_next_one() {
    use sfu_core::DisconnectReason::{Closed, ConsentExpired, HandshakeFailed, RoomFailed};
    use sfu_core::HandshakeFailure::{NoPath, OtherCertificate, Refused, TimedOut, UnusableCertificate};
    let server = Server::start();
    let room = server.room(json!({})).await;
    let document = include_str!("../../../docs/media-api.md");
    for (reason, word) in [
        (Closed, "closed"),
        (ConsentExpired, "not_heard"),
        (HandshakeFailed(NoPath), "no_path"),
        (HandshakeFailed(TimedOut), "handshake_timed_out"),
        (HandshakeFailed(OtherCertificate), "other_certificate"),
        (HandshakeFailed(UnusableCertificate), "unusable_certificate"),
        (HandshakeFailed(Refused), "handshake_refused"),
        (RoomFailed, "server"),
    ] {
        let ada = server.ticket(&room, true, true).await;
        let none = json!({"publishing": null, "receiving": null});
        for (at, offer, receives) in [("/whip", PUBLISHING, false), ("/whep", RECEIVING, true)] {
            assert_eq!(ended(&server, &room, &ada.participant).await, none);
            server.begin(at, &ada, offer).await;
            let peer = server.plane.newest();
            server.api.media_event(sfu_core::Event::Disconnected {
                peer,
                present_until: None,
                reason,
            });
            let shown = if receives {
                json!({"publishing": null, "receiving": word})
            } else {
                json!({"publishing": word, "receiving": null})
            };
            assert_eq!(ended(&server, &room, &ada.participant).await, shown);
            server.begin(at, &ada, offer).await;
        }
        assert!(document.contains(&format!("| `{word}` |")), "{word} is explained");
    }
}

#[tokio::test]
async fn participants_are_listed_muted_and_removed() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let ada = server.ticket(&room, true, true).await;
    let path = format!("/api/v1/rooms/{room}/participants/{}", ada.participant);
    let mute = format!("{path}/mute");
    let microphone = json!({"source": "microphone", "muted": true});
    assert_eq!(
        server.partner("POST", &mute, microphone.clone()).await.refused(409),
        "not_published"
    );
    let session = server.begin("/whip", &ada, PUBLISHING).await;
    let peer = server.plane.newest();
    server.api.media_event(sfu_core::Event::Connected {
        peer,
        at: std::time::Instant::now(),
    });
    let stats = sfu_core::PeerStats {
        packets_in: 5,
        over_rate_in: 6,
        codec_not_taken_in: 7,
        ..sfu_core::PeerStats::default()
    };
    server.api.media_event(sfu_core::Event::Stats { peer, stats });
    server.plane.notes();
    assert_eq!(server.partner("POST", &mute, microphone).await.status, 204);
    assert_eq!(server.plane.notes(), ["mute 0 Microphone true"]);
    let shown = server
        .partner("GET", &format!("/api/v1/rooms/{room}"), Value::Null)
        .await;
    let listed = &shown.json()["participants"][0];
    assert_eq!(listed["name"], "Ada");
    assert_eq!(listed["publishes"], true);
    assert_eq!(listed["subscribes"], false);
    assert_eq!(listed["connected"], true);
    let publishing = &listed["stats"]["publishing"];
    assert_eq!(publishing["packets_in"], 5);
    // Trial D9: what a client sends in vain, its partner sees.
    assert_eq!(publishing["packets_over_rate"], 6);
    assert_eq!(publishing["packets_codec_not_taken"], 7);
    assert_eq!(listed["stats"]["receiving"], Value::Null);
    let sources = json!([
        {"source": "microphone", "muted": true}, {"source": "camera", "muted": false}, {"source": "screen", "muted": false}
    ]);
    assert_eq!(listed["sources"], sources);
    // A session in place of the former one is muted as well, before it is forwarded.
    server.begin("/whip", &ada, PUBLISHING).await;
    assert_eq!(
        server.plane.notes(),
        [
            "join 1 [0=Microphone 1=Camera 2=Screen]",
            "mute 1 Microphone true",
            "forward 1 true",
            "leave 0"
        ]
    );
    let gone = server.ask("DELETE", &session, &ada.ticket, "", "").await;
    assert_eq!(gone.refused(404), "no_session");

    assert_eq!(server.partner("DELETE", &path, Value::Null).await.status, 204);
    assert_eq!(server.plane.notes(), ["leave 1"]);
    let again = server.ask("POST", "/whip", &ada.ticket, SDP, PUBLISHING).await;
    assert_eq!(again.refused(403), "removed");
    assert_eq!(
        server.partner("DELETE", &path, Value::Null).await.refused(404),
        "no_participant"
    );
}

#[tokio::test]
async fn a_room_takes_as_many_participants_as_it_says() {
    let server = Server::start();
    let room = server.room(json!({"participants_max": 1})).await;
    let (ada, ben) = (
        server.ticket(&room, true, true).await,
        server.ticket(&room, true, true).await,
    );
    server.begin("/whip", &ada, PUBLISHING).await;
    let session = server.begin("/whep", &ada, RECEIVING).await;
    let refused = server.ask("POST", "/whep", &ben.ticket, SDP, RECEIVING).await;
    assert_eq!(refused.refused(503), "room_full");
    assert_eq!(server.ask("DELETE", &session, &ada.ticket, "", "").await.status, 200);
    let refused = server.ask("POST", "/whep", &ben.ticket, SDP, RECEIVING).await;
    assert_eq!(refused.refused(503), "room_full", "one of two sessions is left");
    server.api.media_event(sfu_core::Event::Disconnected {
        peer: server.plane.joins()[0].peer,
        present_until: None,
        reason: sfu_core::DisconnectReason::ConsentExpired,
    });
    server.begin("/whep", &ben, RECEIVING).await;
}

#[tokio::test]
async fn requests_are_held_to_their_form() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let tickets = format!("/api/v1/rooms/{room}/tickets");
    let long = "x".repeat(101);
    for (path, body, status, code) in [
        ("/api/v1/rooms", json!({"name": long}), 422, "bad_value"),
        ("/api/v1/rooms", json!({"participants_max": 0}), 422, "bad_value"),
        ("/api/v1/rooms", json!({"participants_max": 513}), 422, "bad_value"),
        ("/api/v1/rooms", json!({"size": 1}), 422, "bad_value"),
        ("/api/v1/rooms", json!([]), 422, "bad_value"),
        ("/api/v1/rooms", Value::Null, 400, "bad_json"),
        (&tickets, json!({"name": "a"}), 422, "bad_value"),
        (
            &tickets,
            json!({"name": "a", "publish": false, "subscribe": false}),
            422,
            "bad_value",
        ),
        (
            &tickets,
            json!({"name": "a\nb", "publish": true, "subscribe": false}),
            422,
            "bad_value",
        ),
        (
            &tickets,
            json!({"name": "a", "publish": true, "subscribe": false, "expires_in_s": 86_401}),
            422,
            "bad_value",
        ),
        ("/api/v1/rooms/1/tickets", json!({}), 404, "no_room"),
    ] {
        let reply = server.partner("POST", path, body.clone()).await;
        assert_eq!(reply.refused(status), code, "{path} {body}");
    }
    let text = server
        .ask("POST", "/api/v1/rooms", &server.keys[0], "text/plain", "{}")
        .await;
    assert_eq!(text.refused(415), "bad_type");
    let huge = server
        .partner("POST", "/api/v1/rooms", json!({"name": "x".repeat(70_000)}))
        .await;
    assert_eq!(huge.refused(413), "too_long");
    let put = server.partner("PUT", "/api/v1/rooms", json!({})).await;
    assert_eq!(put.refused(405), "bad_method");
    assert!(put.header("allow").contains("POST"));
}
