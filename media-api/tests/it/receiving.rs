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
