//! `docs/media-api.md`: its requests work, its answers have the shape that comes, its codes are those there are.

use std::path::Path;

use serde_json::{Value, json};

use crate::server::{PUBLISHING, RECEIVING, Server};

fn document() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("crates lie in the workspace");
    std::fs::read_to_string(root.join("docs/media-api.md")).expect("the document is there")
}

fn examples(document: &str) -> Vec<Value> {
    let block = |rest: &str| {
        let json = rest.split_once("```").expect("a block is closed").0.to_owned();
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error} in {json}"))
    };
    document.split("```json\n").skip(1).map(block).collect()
}

/// Same names everywhere, same kinds of values; what an array shows stands for all of it.
fn same_shape(shown: &Value, got: &Value) -> bool {
    match (shown, got) {
        (Value::Object(shown), Value::Object(got)) => {
            shown.len() == got.len()
                && shown
                    .iter()
                    .all(|(name, value)| got.get(name).is_some_and(|got| same_shape(value, got)))
        }
        (Value::Array(shown), Value::Array(got)) => shown
            .first()
            .is_none_or(|first| got.iter().all(|got| same_shape(first, got))),
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_))
        | (Value::Null, Value::Null) => true,
        _ => false,
    }
}

#[tokio::test]
async fn every_example_works_as_shown() {
    let server = Server::start();
    let (mut room, mut participant, mut answer) = (String::new(), String::new(), Value::Null);
    let mut requests = 0;
    for example in examples(&document()) {
        if example["post"].as_str().is_some_and(|path| path.starts_with("/whep/")) {
            let viewer = server.ticket(&room, false, true).await;
            let session = server.begin("/whep", &viewer, RECEIVING).await;
            let path = example["post"].as_str().expect("it was");
            let path = path.replace("/whep/{session}", &session);
            let send = example["send"].to_string();
            let reply = server
                .ask("POST", &path, &viewer.ticket, "application/json", &send)
                .await;
            assert_eq!(json!(reply.status.as_u16()), example["get"], "{path}: {}", reply.text);
            requests += 1;
        } else if let Some(path) = example["post"].as_str() {
            let path = path.replace("{room}", &room).replace("{participant}", &participant);
            if path.ends_with("/mute") {
                let other = server.ticket(&room, true, true).await;
                server.begin("/whip", &other, PUBLISHING).await;
                participant.clone_from(&other.participant);
            }
            let path = example["post"].as_str().expect("it was");
            let path = path.replace("{room}", &room).replace("{participant}", &participant);
            let reply = server.partner("POST", &path, example["send"].clone()).await;
            assert_eq!(json!(reply.status.as_u16()), example["get"], "{path}: {}", reply.text);
            answer = if reply.text.is_empty() {
                Value::Null
            } else {
                reply.json()
            };
            for (name, kept) in [("room", &mut room), ("participant", &mut participant)] {
                if let Some(id) = answer[name].as_str() {
                    id.clone_into(kept);
                }
            }
            requests += 1;
        } else if example.get("answer").is_some() {
            assert!(
                same_shape(&example["answer"], &answer),
                "{example} is not like {answer}"
            );
        } else if example.get("participant").is_some() {
            let shown = server
                .partner("GET", &format!("/api/v1/rooms/{room}"), Value::Null)
                .await
                .json();
            let listed = shown["participants"].as_array().expect("it is a list");
            let same = listed.iter().find(|one| one["participant"] == participant.as_str());
            let same = same.expect("who published is listed");
            assert!(
                same_shape(&example["participant"], same),
                "{example} is not like {same}"
            );
        } else {
            let reply = server.partner("GET", "/api/v1/rooms/0", Value::Null).await;
            assert_eq!(reply.json(), example["problem"]);
        }
    }
    assert_eq!(requests, 4);
}

#[test]
fn the_codes_are_those_there_are() {
    let document = document();
    let table = document
        .split("| status | codes |")
        .nth(1)
        .expect("there is a table of codes");
    let mut named: Vec<&str> = table
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
        .collect();
    let source = concat!(
        include_str!("../../src/http/body.rs"),
        include_str!("../../src/http/problem.rs"),
        include_str!("../../src/http/partner.rs"),
        include_str!("../../src/http/sessions.rs")
    );
    named.sort_unstable();
    let after_status = |rest: &'static str| {
        let (status, rest) = rest.split_once(',')?;
        let status = status.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        let rest = status.then_some(rest)?;
        rest.trim_start().strip_prefix('"')?.split('"').next()
    };
    let mut codes: Vec<_> = source.split("StatusCode::").skip(1).filter_map(after_status).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(named, codes);
}
