//! `docs/protocol.md` shows every message and names every word, and shows nothing that is not a message.

use std::collections::BTreeSet;

use serde_json::Value;
use signaling_protocol::message::{EndReason, ErrorCode, Presence, Quality, SlotKind, SourceKind};
use signaling_protocol::ticket::TICKET_BYTES_MAX;
use signaling_protocol::{ClientMessage, PriceModel, Role, ServerMessage};
use ts_rs::TS;

fn document() -> String {
    std::fs::read_to_string(crate::root().join("docs/protocol.md")).expect("the document is there")
}

/// The examples: every block that is marked as JSON.
fn examples(document: &str) -> Vec<Value> {
    let block = |rest: &str| {
        let json = rest.split_once("```").expect("a block is closed").0.to_owned();
        serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error} in {json}"))
    };
    document.split("```json\n").skip(1).map(block).collect()
}

/// The quoted words of a TypeScript declaration that fit.
fn words<T: TS>(before: &str) -> BTreeSet<String> {
    let declaration = T::decl();
    let quoted = declaration
        .split(before)
        .skip(1)
        .filter_map(|rest| rest.strip_prefix('"')?.split_once('"'));
    quoted.map(|(word, _)| word.to_owned()).collect()
}

#[test]
fn every_example_is_a_message_and_every_message_has_one() {
    let document = document();
    let mut shown = BTreeSet::new();
    for example in examples(&document) {
        let client = serde_json::from_value::<ClientMessage>(example.clone()).map(serde_json::to_value);
        let server = serde_json::from_value::<ServerMessage>(example.clone()).map(serde_json::to_value);
        let same = |again: Result<Result<Value, _>, serde_json::Error>| {
            again.is_ok_and(|again| again.is_ok_and(|again: Value| again == example))
        };
        assert!(same(client) || same(server), "this is not a message: {example}");
        shown.insert(example["type"].as_str().expect("messages have a type").to_owned());
    }
    let mut all = words::<ClientMessage>("\"type\": ");
    all.extend(words::<ServerMessage>("\"type\": "));
    assert!(all.len() > 20, "the declarations are read right: {all:?}");
    assert_eq!(shown, all);
}

#[test]
fn every_word_is_named() {
    let document = document();
    let mut named = words::<ErrorCode>("= ");
    for more in [
        words::<ErrorCode>("| "),
        words::<EndReason>("= "),
        words::<EndReason>("| "),
        words::<Presence>("= "),
        words::<Presence>("| "),
        words::<SourceKind>("= "),
        words::<SourceKind>("| "),
        words::<SlotKind>("= "),
        words::<SlotKind>("| "),
        words::<Quality>("= "),
        words::<Quality>("| "),
        words::<Role>("= "),
        words::<Role>("| "),
        words::<PriceModel>("\"model\": "),
    ] {
        named.extend(more);
    }
    // Two words, `left` and `left_for_good`, are both reasons and presences.
    assert_eq!(
        named.len(),
        12 + 9 + 6 + 4 + 2 + 3 + 2 + 3 - 2,
        "the declarations are read right: {named:?}"
    );
    for word in named {
        assert!(document.contains(&format!("`{word}`")), "{word} is not named");
    }
    assert!(document.contains(&format!("| length of a ticket | {TICKET_BYTES_MAX} bytes |")));
}
