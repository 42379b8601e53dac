//! Records that cannot be written, servers that die, and servers that go down in good order.

use std::time::Duration;

use serde_json::json;
use signaling::{Count, SegmentEnd};
use signaling_protocol::Role;

use crate::harness::{CALL, Server, repeat_until, until};

#[tokio::test]
async fn calls_go_on_while_the_records_are_down_and_nothing_is_lost() {
    let server = Server::start().await;
    let (mut provider, a, mut consumer, b) = server.talking().await;
    let talk = || {
        server.media.packet(a);
        server.media.packet(b);
    };
    server.authority.records().down = true;
    let mut guest = server.connect().await;
    guest.hello(&server.ticket(CALL, "c2", Role::Consumer)).await;
    assert_eq!(guest.refusal().await, ("internal".into(), true));
    let billable = server.hub.snapshot()[0].billable;
    repeat_until(talk, || server.hub.snapshot()[0].billable > billable + 300_000).await;
    assert!(server.count(Count::CheckpointsFailed) > 0);
    consumer.send(json!({"type": "leave"})).await;
    consumer.expect("ended").await;
    provider.send(json!({"type": "end"})).await;
    provider.expect("ended").await;
    until(|| server.count(Count::RecordsFailed) > 2).await;
    assert!(!server.journal().contains(&"ended".to_owned()));
    server.authority.records().down = false;
    server.journaled("ended").await;
    let journal = server.journal();
    let at = |line: &str| {
        journal
            .iter()
            .position(|entry| entry == line)
            .unwrap_or_else(|| panic!("{line}: {journal:?}"))
    };
    assert!(at("close c1 Left") < at("close p1 Left") && at("close p1 Left") < at("ended"));
    assert!(server.authority.billed(CALL) > billable + 300_000);
}

#[tokio::test]
async fn an_admission_waits_until_it_is_on_record() {
    let server = Server::start().await;
    let mut provider = server.seat(CALL, "p", Role::Provider).await;
    let a = server.media_up(&mut provider).await;
    let mut consumer = server.seat(CALL, "c", Role::Consumer).await;
    let b = server.media_up(&mut consumer).await;
    server.journaled("arrived c").await;
    server.authority.records().down = true;
    provider.send(json!({"type": "admit", "seat": "c"})).await;
    let talk = || {
        server.media.packet(a);
        server.media.packet(b);
    };
    repeat_until(talk, || server.count(Count::RecordsFailed) > 2).await;
    assert_eq!(server.media.world().forwarded, 0);
    assert!(!server.media.world().peers[&b].forwarding);
    server.authority.records().down = false;
    consumer.expect("admitted").await;
    repeat_until(talk, || server.media.world().forwarded > 0).await;
}

#[tokio::test]
async fn a_killed_server_bills_never_more_than_the_true_time_and_goes_on_where_it_was() {
    let mut server = Server::start().await;
    let mut talked = Duration::ZERO;
    for round in 1..=3 {
        let (mut provider, mut consumer) = (server.seat(CALL, "p", Role::Provider).await, server.connect().await);
        consumer.hello(&server.ticket(CALL, "c", Role::Consumer)).await;
        let welcome = consumer.expect("welcome").await;
        assert_eq!(welcome["admitted"], round > 1, "an admission outlives the process");
        if round == 1 {
            provider.send(json!({"type": "admit", "seat": "c"})).await;
            consumer.expect("admitted").await;
        }
        let before = server.hub.snapshot()[0].billable;
        assert_eq!(before, server.authority.billed(CALL));
        let began = std::time::Instant::now();
        let (a, b) = (
            server.media_up(&mut provider).await,
            server.media_up(&mut consumer).await,
        );
        let talk = || {
            server.media.packet(a);
            server.media.packet(b);
        };
        repeat_until(talk, || server.authority.checkpointed(CALL) > before + 400_000).await;
        talked += began.elapsed();
        server = server.crash_and_restart().await;
        let billed = Duration::from_micros(server.authority.billed(CALL).unsigned_abs());
        assert!(
            billed > Duration::from_millis(400) * round,
            "{billed:?} after round {round}"
        );
        assert!(billed <= talked, "{billed:?} billed of {talked:?}");
    }
}

#[tokio::test]
async fn going_down_closes_segments_and_sends_everyone_elsewhere() {
    let server = Server::start().await;
    let (mut provider, a, mut consumer, b) = server.talking().await;
    let talk = || {
        server.media.packet(a);
        server.media.packet(b);
    };
    repeat_until(talk, || server.hub.snapshot()[0].billable > 100_000).await;
    assert!(server.hub.drain().await);
    for client in [&mut provider, &mut consumer] {
        assert_eq!(client.expect("moving").await["retry_after_ms"], 1_000);
        assert_eq!(client.close_code().await, Some(1001));
    }
    let rows: Vec<_> = server.authority.records().rows.values().map(|row| row.end).collect();
    assert_eq!(rows, [Some(SegmentEnd::Shutdown); 2]);
    assert!(server.authority.records().ended.is_empty());
    server.book("another", 60_000_000);
    let mut late = server.connect().await;
    late.hello(&server.ticket("another", "p", Role::Provider)).await;
    late.expect("moving").await;
}
