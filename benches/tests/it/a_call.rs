//! Two bots in a call as the server runs it: tickets, WebSocket, lobby, media server and call clock, all real. Only the
//! appointments are made up, and live in memory.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use benches::bot::{BotConfig, Clip, Expectations, run};
use media_plane::Plane;
use sfu_driver::{DriverConfig, Listen};
use signaling::authority::{
    CallAuthority, CallGrant, Finding, RecordError, Refusal, RoomReview, SegmentEnd, SegmentKey, Standing, UtcMicros,
};
use signaling::{Hub, HubConfig, SocketConfig};
use signaling_protocol::message::EndReason;
use signaling_protocol::{PriceModel, PriceTerms, Role, Span, Spans, Ticket, TicketKey};

use super::BIND;

const CALL: &str = "01890a5d-ac96-774b-bcce-b302099a8057";
const KEY: [u8; 32] = [3; 32];
const SECOND: i64 = 1_000_000;
const STAY: Duration = Duration::from_secs(4);

/// One appointment and its records.
#[derive(Default)]
struct Appointments {
    admitted: Mutex<Vec<String>>,
    presence: Mutex<HashMap<SegmentKey, (UtcMicros, UtcMicros)>>,
}

impl Appointments {
    fn admitted(&self) -> MutexGuard<'_, Vec<String>> {
        self.admitted.lock().expect("nobody panics with it in hand")
    }

    fn presence(&self) -> MutexGuard<'_, HashMap<SegmentKey, (UtcMicros, UtcMicros)>> {
        self.presence.lock().expect("nobody panics with it in hand")
    }

    fn seen(&self, key: &SegmentKey, at: UtcMicros) {
        if let Some((_, seen)) = self.presence().get_mut(key) {
            *seen = at.max(*seen);
        }
    }

    /// Time in which both were present, by the records.
    fn billable(&self) -> i64 {
        let side = |seat: &str| {
            let mut side = Spans::default();
            for (key, (from, to)) in self.presence().iter().filter(|(key, _)| key.seat == seat) {
                assert_eq!(key.call, CALL);
                side.insert(Span { from: *from, to: *to });
            }
            side
        };
        side("consumer").overlap(&side("provider")).total()
    }
}

#[async_trait]
impl CallAuthority for Appointments {
    async fn authorise_ticket(&self, ticket: &Ticket, now: UtcMicros) -> Result<CallGrant, Refusal> {
        Ok(CallGrant {
            call: ticket.call.clone(),
            seat: ticket.seat.clone(),
            role: ticket.role,
            name: ticket.seat.clone(),
            title: "Advice".to_owned(),
            opens_at: now - 60 * SECOND,
            starts_at: now - 60 * SECOND,
            ends_at: now + 3_600 * SECOND,
            price: PriceTerms {
                currency: "NOK".to_owned(),
                discount: None,
                model: PriceModel::PerMinute {
                    rate_minor: 600,
                    increment_s: 1,
                    free_s: 0,
                    cap_minor: 100_000,
                },
            },
            admitted: ticket.role == Role::Provider || self.admitted().contains(&ticket.seat),
            left_for_good: Vec::new(),
            billed_before: 0,
            took_place: false,
            next_segment: 1,
            session: ticket.session.clone(),
        })
    }

    async fn record_arrival(&self, _: &str, _: &str, _: UtcMicros, _: bool) -> Result<Option<UtcMicros>, RecordError> {
        Ok(None)
    }

    async fn record_admission(&self, _: &str, seat: &str, _: UtcMicros) -> Result<Standing, RecordError> {
        self.admitted().push(seat.to_owned());
        Ok(Standing::Lives)
    }

    async fn record_leaving_for_good(&self, _: &str, _: &str, _: UtcMicros) -> Result<(), RecordError> {
        Ok(())
    }

    async fn open_segment(&self, key: &SegmentKey, at: UtcMicros) -> Result<Standing, RecordError> {
        self.presence().insert(key.clone(), (at, at));
        Ok(Standing::Lives)
    }

    async fn review_rooms(&self, _: &[RoomReview]) -> Result<Vec<Finding>, RecordError> {
        Ok(Vec::new())
    }

    async fn record_checkpoint(&self, seen: &[(SegmentKey, UtcMicros)]) -> Result<Vec<SegmentKey>, RecordError> {
        seen.iter().for_each(|(key, at)| self.seen(key, *at));
        Ok(Vec::new())
    }

    async fn close_segment(&self, key: &SegmentKey, at: UtcMicros, _: SegmentEnd) -> Result<(), RecordError> {
        self.seen(key, at);
        Ok(())
    }

    async fn record_call_end(&self, _: &str, _: UtcMicros) -> Result<(), RecordError> {
        Ok(())
    }
}

fn now() -> UtcMicros {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is past 1970");
    i64::try_from(since.as_micros()).expect("microseconds fit for ages")
}

/// Starts signaling and the media server; returns where the socket is and the media port.
async fn serve(records: Arc<Appointments>) -> anyhow::Result<(String, u16)> {
    let listen = Listen {
        bind: BIND,
        advertise: Vec::new(),
    };
    let (plane, events) = Plane::start(DriverConfig {
        shards: 1,
        ..DriverConfig::new(vec![listen], 0)
    })?;
    let media_port = plane.driver().candidates()[0][0].port();
    let hub = Hub::new(
        HubConfig::default(),
        records,
        plane.clone(),
        TicketKey::new(KEY),
        Arc::new(now),
    );
    std::thread::spawn({
        let hub = hub.clone();
        move || plane.pump(&events, |event| hub.media_event(event))
    });
    let listener = tokio::net::TcpListener::bind((BIND, 0)).await?;
    let url = format!("ws://{}/call/socket", listener.local_addr()?);
    let router = signaling::router(
        hub,
        SocketConfig::new(Vec::new()),
        Arc::new(|_| Ipv4Addr::LOCALHOST.into()),
    );
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok((url, media_port))
}

fn bot(url: &str, role: Role, clip: &Arc<Clip>) -> BotConfig {
    let (seat, tone_hz, expect_hz) = match role {
        Role::Consumer => ("consumer", 523.0, 660),
        Role::Provider => ("provider", 660.0, 523),
    };
    let ticket = Ticket {
        call: CALL.to_owned(),
        seat: seat.to_owned(),
        role,
        expires_at_s: now() / SECOND + 60,
        nonce: format!("only ever for the {seat}"),
        session: format!("session of the {seat}"),
    };
    BotConfig {
        url: url.to_owned(),
        ticket: TicketKey::new(KEY).sign(&ticket),
        clip: Arc::clone(clip),
        tone_hz,
        stay: STAY,
        lobby_max: Duration::from_secs(20),
        admit: role == Role::Provider,
        leave: role == Role::Consumer,
        bind: BIND,
        expect: Expectations {
            tone_hz: Some(expect_hz),
            video: true,
            clip: Some(Arc::clone(clip)),
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_bots_meet_through_the_lobby_and_their_time_is_measured() {
    let records = Arc::new(Appointments::default());
    let (url, media_port) = serve(Arc::clone(&records)).await.unwrap();
    let clip = Arc::new(Clip::magenta());
    let consumer = bot(&url, Role::Consumer, &clip);
    // The provider stays until the consumer has left for good, and then ends the call.
    let provider = BotConfig {
        stay: Duration::from_secs(60),
        ..bot(&url, Role::Provider, &clip)
    };
    let (consumer, provider) = tokio::join!(run(&consumer), run(&provider));
    let (consumer, provider) = (consumer.unwrap(), provider.unwrap());

    assert!(consumer.ok, "{consumer:?}");
    assert!(provider.ok, "{provider:?}");
    for report in [&consumer, &provider] {
        assert_eq!(report.remote_candidate, Some(format!("127.0.0.1:{media_port}/udp")));
    }
    assert_eq!(*records.admitted(), ["consumer"], "let in by the provider, once");
    assert_eq!(provider.ended, Some(EndReason::EndedByProvider));
    let stay = i64::try_from(STAY.as_micros()).unwrap();
    let billable = records.billable();
    assert!(
        (stay - SECOND..=stay + SECOND).contains(&billable),
        "stayed {stay} us, billed {billable} us"
    );
    let clock = provider.clock.expect("the end says how long it was");
    assert_eq!(clock.billable_ms, billable / 1_000, "told and recorded time are one");
    let started_seconds = (billable + SECOND - 1) / SECOND;
    assert_eq!(
        clock.cost_minor,
        started_seconds * 10,
        "600 a minute, by the started second"
    );
}
