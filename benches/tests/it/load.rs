//! The load tool's clients against our media server in this process: everything that is sent arrives, opens and is
//! on time to be counted.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use benches::load::{
    BareHost, Local, Media, Network, Pace, Participant, Pool, Remote, Report, Run, Scenario, StreamPlan, Target,
};

/// The media server in this process.
struct InProcess(Mutex<BareHost>);

impl InProcess {
    fn join(&self, local: &Local, watched: &[u64]) -> Result<(Participant, Remote)> {
        let sends = local.sending_mids().map(|(mid, media)| (mid, media == Media::Video));
        let mut host = self.0.lock().expect("nobody panics while holding it");
        let (peer, answer) = host.join(1, local.offer(), sends.collect(), watched)?;
        let participant = Participant {
            room: "1".to_owned(),
            id: peer.to_string(),
        };
        Ok((participant, Remote::read(&answer).context("an answer")?))
    }
}

#[async_trait]
impl Target for InProcess {
    fn name(&self) -> &'static str {
        "in-process"
    }

    fn pid(&self) -> Option<u32> {
        Some(std::process::id())
    }

    async fn open_room(&self, _people: usize) -> Result<String> {
        Ok("1".to_owned())
    }

    async fn publish(&self, _room: &str, local: &Local) -> Result<(Participant, Remote)> {
        self.join(local, &[])
    }

    async fn watch(&self, _room: &str, local: &Local, publishers: &[Participant]) -> Result<(Participant, Remote)> {
        let watched: Vec<u64> = publishers
            .iter()
            .map(|publisher| publisher.id.parse().expect("a number of the host's own"))
            .collect();
        self.join(local, &watched)
    }

    async fn leave(&self, participant: &Participant) -> Result<()> {
        self.0
            .lock()
            .expect("nobody panics while holding it")
            .leave(participant.id.parse()?)
    }

    async fn stop(&self) -> Result<()> {
        Ok(())
    }
}

fn scenario(measured: Duration) -> Scenario {
    let stream = |media, payload_len, packets, millis| StreamPlan {
        media,
        payload_len,
        pace: Pace {
            packets,
            interval: Duration::from_millis(millis),
            burst: true,
        },
    };
    Scenario {
        name: "small".to_owned(),
        rooms: 1,
        publishers: 1,
        watchers: Some(2),
        streams: vec![stream(Media::Audio, 80, 1, 20), stream(Media::Video, 1_100, 5, 33)],
        transport_cc: true,
        feedback_interval: Duration::from_millis(50),
        loss: 0.0,
        warm_up: Duration::from_millis(500),
        measured,
        join_over: None,
        churn: None,
    }
}

async fn measure(scenario: &Scenario) -> Report {
    let network = Network::loopback(&[]).expect("threads and sockets");
    let host = BareHost::start(IpAddr::V4(Ipv4Addr::LOCALHOST), 1).expect("a free port");
    let pool = Pool::start(&[]).expect("threads and sockets");
    let target = InProcess(Mutex::new(host));
    Run::new(scenario, &target, &network, &pool)
        .expect("a certificate")
        .measure()
        .await
        .expect("everybody connects")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_arrives_at_all_who_watch() {
    let report = measure(&scenario(Duration::from_secs(1))).await;
    let tally = &report.tally;
    assert!(tally.sent > 0 && tally.verified > 0, "{tally:?}");
    assert_eq!((tally.broken, report.failed), (0, 0), "{tally:?}");
    // A slow machine sends less, but what it sends arrives, but for what is on its way at either end.
    let wanted = tally.sent * 2;
    assert!(tally.received.abs_diff(wanted) <= 40, "{} of {wanted}", tally.received);
    assert_eq!(report.total_joins.count(), 2);
    assert!(tally.delays.quantile(0.5).is_some());
    assert!(report.row().contains("small"));
    let line: serde_json::Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(line["delivered_packets"], tally.received);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_packets_are_asked_for() {
    let report = measure(&Scenario {
        loss: 0.2,
        ..scenario(Duration::from_secs(1))
    })
    .await;
    let tally = &report.tally;
    assert!(tally.dropped_here > 0 && tally.nacked > 0, "{tally:?}");
    assert!(
        tally.extra > 0,
        "the server sends again what it is asked for: {tally:?}"
    );
}
