//! `docs/protocol.md` tells the close codes and limits that the server has.

use std::path::PathBuf;

use signaling::limits;
use signaling::room::CloseCode;

#[test]
fn close_codes_and_limits_are_those_of_the_server() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.md");
    let document = std::fs::read_to_string(path).expect("the document is there");
    let mut rows: Vec<_> = CloseCode::ALL
        .iter()
        .map(|code| format!("| {} |", code.number()))
        .collect();
    rows.extend([
        format!("| length of a message | {} bytes |", limits::MESSAGE_BYTES_MAX),
        format!("| messages at once | {} |", limits::MESSAGES_BURST),
        format!("| messages a second, for long | {} |", limits::MESSAGES_PER_S),
        format!("| offers at once | {} |", limits::OFFERS_BURST),
        format!("| time until one more offer | {} s |", limits::OFFER_REFILL.as_secs()),
        format!(
            "| restarts | counted as offers, {} waiting |",
            limits::RESTARTS_WAITING_MAX
        ),
        format!("| sizes of one message | {} |", limits::SIZES_MAX),
        format!(
            "| length of a ufrag | {} to {} bytes |",
            limits::UFRAG_BYTES.start(),
            limits::UFRAG_BYTES.end()
        ),
        format!(
            "| pause between two `quality` | {} s |",
            limits::QUALITY_PERIOD.as_secs()
        ),
        format!("| refused messages of one connection | {} |", limits::STRIKES_MAX),
        format!("| sources of an offer | {} |", limits::SOURCES_MAX),
        format!("| length of a mid | {} bytes |", limits::MID_BYTES_MAX),
        format!("| length of a seat's id | {} bytes |", limits::SEAT_BYTES_MAX),
        format!("| messages waiting for a slow reader | {} |", limits::OUTGOING_MAX),
        format!("| seats of a call | {} |", limits::SEATS_MAX),
        format!(
            "| pause after being turned away | {} s |",
            limits::DISMISSED_PAUSE.as_secs()
        ),
        format!("nothing heard for {} s", limits::STALE_AFTER.as_secs()),
        format!("Silence of more than {} s", limits::SILENCE_MAX.as_secs()),
    ]);
    for row in rows {
        assert!(document.contains(&row), "missing: {row}");
    }
    // And no code that the server never sends.
    let told = document
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.get(..4)?.parse::<u16>().ok())
        .count();
    assert_eq!(told, CloseCode::ALL.len());
}
