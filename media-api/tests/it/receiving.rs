//! Whom a receiver gets.

use serde_json::json;

use crate::server::{PUBLISHING, RECEIVING, SDP, Server};

const SOUND: &str = "v=0\r\na=ice-ufrag:puff\r\nm=audio 9 X 111\r\na=mid:0\r\na=sendonly\r\n";

#[tokio::test]
async fn named_publishers_come_into_their_slots_as_they_come() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let (ada, ben) = (
        server.ticket(&room, true, true).await,
        server.ticket(&room, true, true).await,
    );
    let eve = server.ticket(&room, true, true).await;
    let path = format!("/whep?publisher={}&publisher={}", ben.participant, ada.participant);
    server.begin("/whip", &eve, SOUND).await;
    server.begin("/whip", &ada, SOUND).await;
    server.plane.notes();
    server.begin(&path, &eve, RECEIVING).await;
    assert_eq!(
        server.plane.notes(),
        ["join 2 []", "forward 2 true", "map 2 a=1/Microphone"]
    );
    // Named first, so it gets the only slot.
    server.begin("/whip", &ben, SOUND).await;
    assert!(server.plane.notes().contains(&"map 2 a=3/Microphone".to_owned()));

    for (query, status, code) in [
        ("publisher=00000000000000000000000000000000", 404, "no_participant"),
        ("publisher=x", 404, "no_participant"),
        ("publishers=x", 422, "bad_value"),
    ] {
        let reply = server
            .ask("POST", &format!("/whep?{query}"), &ada.ticket, SDP, RECEIVING)
            .await;
        assert_eq!(reply.refused(status), code, "{query}");
    }
}

#[tokio::test]
async fn without_names_one_gets_all_others_and_the_loudest_when_they_are_too_many() {
    let server = Server::start();
    let room = server.room(json!({})).await;
    let mut tickets = Vec::new();
    for _ in 0..3 {
        tickets.push(server.ticket(&room, true, true).await);
    }
    server.begin("/whip", &tickets[0], PUBLISHING).await;
    server.begin("/whep", &tickets[0], RECEIVING).await;
    let notes = server.plane.notes();
    assert!(
        !notes.iter().any(|note| note.starts_with("map")),
        "nobody gets itself: {notes:?}"
    );
    let second = server.begin("/whip", &tickets[1], SOUND).await;
    assert!(server.plane.notes().contains(&"map 1 a=2/Microphone".to_owned()));
    server.begin("/whip", &tickets[2], SOUND).await;
    assert!(server.plane.notes().contains(&"map 1 a=loudest".to_owned()));
    server.ask("DELETE", &second, &tickets[1].ticket, "", "").await;
    assert!(server.plane.notes().contains(&"map 1 a=3/Microphone".to_owned()));
}

#[tokio::test]
async fn sizes_go_to_the_media_plane_for_slots_that_exist() {
    const JSON: &str = "application/json";
    let server = Server::start();
    let room = server.room(json!({})).await;
    let (ada, ben) = (
        server.ticket(&room, true, true).await,
        server.ticket(&room, true, true).await,
    );
    let session = server.begin("/whep", &ada, RECEIVING).await;
    server.plane.notes();
    let path = format!("{session}/sizes");
    let size = |mid: &str| format!(r#"{{"mid":"{mid}","width":320,"height":180}}"#);
    let sizes = |list: &[String]| format!(r#"{{"slots":[{}]}}"#, list.join(","));
    let send = sizes(&[size("v"), size("w")]);
    let reply = server.ask("POST", &path, &ada.ticket, JSON, &send).await;
    assert_eq!(reply.status.as_u16(), 204, "{}", reply.text);
    assert_eq!(server.plane.notes(), ["size 0 v=320x180"]);
    let many = sizes(&vec![size("v"); media_api::limits::SIZES_MAX + 1]);
    for (ticket, media_type, send, status, code) in [
        (&ben, JSON, send.as_str(), 404, "no_session"),
        (&ada, SDP, &send, 415, "bad_type"),
        (&ada, JSON, "{", 400, "bad_json"),
        (&ada, JSON, "{}", 422, "bad_value"),
        (
            &ada,
            JSON,
            r#"{"slots":[{"mid":"v","width":-1,"height":0}]}"#,
            422,
            "bad_value",
        ),
        (&ada, JSON, &many, 422, "bad_value"),
    ] {
        let reply = server.ask("POST", &path, &ticket.ticket, media_type, send).await;
        assert_eq!(reply.refused(status), code, "{send}");
    }
    assert!(server.plane.notes().is_empty());
}
