//! The operator's pages: there for operators, and for nobody else.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use booking_core::AppState;
use booking_core::base::SECOND_US;
use booking_core::base::db::Sql;
use booking_core::calls::{CaptureError, LiveCalls, quality};
use booking_core::params;
use booking_core::privacy;
use signaling_protocol::live::{Direction, Leg};
use signaling_protocol::message::{Presence, SourceKind};
use signaling_protocol::{LiveCall, LiveSeat, LiveStats, Role};

use crate::desk::{ACCEPTED, Desk, METERED, open};
use crate::harness::App;
use crate::on_both;

/// One call under way, whose captures begin only once they are on record.
pub(crate) struct OneCall {
    pub(crate) call: LiveCall,
    /// Where the record is.
    pub(crate) state: AppState,
    pub(crate) captures: AtomicI64,
}

impl OneCall {
    pub(crate) fn new(app: &App, call: LiveCall) -> Self {
        Self {
            call,
            state: app.state.clone(),
            captures: AtomicI64::new(0),
        }
    }

    fn captures_on_record(&self) -> i64 {
        let record = async {
            let mut tx = self.state.db.read().await.expect("a connection");
            let text = "SELECT COUNT(*) FROM operator_record WHERE action = 'capture_started'";
            tx.one::<i64>(Sql { name: "test", text }, params![])
                .await
                .expect("it is read")
        };
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(record))
    }
}

impl LiveCalls for OneCall {
    fn snapshot(&self) -> Vec<LiveCall> {
        vec![self.call.clone()]
    }

    fn find(&self, call: &str) -> Option<LiveCall> {
        (call == self.call.call).then(|| self.call.clone())
    }

    fn capture(&self, call: &str, time: Duration) -> Result<(), CaptureError> {
        assert!((60..=600).contains(&time.as_secs()), "{time:?}");
        let before = self.captures.fetch_add(1, Ordering::SeqCst);
        assert_eq!(
            self.captures_on_record(),
            before + 1,
            "a capture begins before it is on record"
        );
        match call == self.call.call {
            true if time.as_secs() == 600 => Err(CaptureError::Running),
            true => Ok(()),
            false => Err(CaptureError::NotHere),
        }
    }

    fn review(&self) {}

    fn cancel(&self, _call: &str) {}
}

on_both! {
    async fn pages_of_the_operator_do_not_exist_for_others(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let mail: Vec<String> = app.rows("SELECT id FROM outbox LIMIT 1", params![]).await;
        let paths = [
            "/operator".to_owned(),
            "/operator/appointments".to_owned(),
            format!("/operator/appointments/{appointment}"),
            format!("/operator/calls/{appointment}"),
            "/operator/outbox".to_owned(),
            format!("/operator/outbox/{}", mail[0]),
        ];
        for path in &paths {
            for client in [&mut desk.consumer, &mut desk.provider, &mut desk.stranger] {
                client.get(path).await.expect(404);
            }
            assert!(app.client().get(path).await.location().starts_with("/login"), "{path}");
            let status = if path.contains("/calls/") { 404 } else { 200 };
            desk.operator.get(path).await.expect(status);
        }
    }
}

on_both! {
    async fn an_appointment_is_shown_to_its_last_line(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        let page = open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        for part in ["psp_clearing", "Hos betalingsleverandøren", "provider_payable", "authorise", "capture", "2026-000001", "O.H."] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        assert!(!page.contains("Ola Hansen"), "names of consumers are masked");
        for (query, found) in
            [("", true), ("?q=nordli", true), ("?q=nobody", false), ("?status=completed", true), ("?status=cancelled", false)]
        {
            let list = desk.operator.get(&format!("/operator/appointments{query}")).await.expect(200).text();
            assert_eq!(list.contains(&appointment), found, "{query}");
        }
        desk.operator.get("/operator/appointments?page=99999999999&status=x&q=%25%27").await.expect(200);
    }
}

on_both! {
    /// trial C5: the notice promises initials in lists; the outbox had full names and addresses, and showed every mail at once.
    async fn c5_the_outbox_lists_initials_and_shows_a_mail_for_a_reason_on_record(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        crate::walk::register(&mut app.client(), "tuva", "").await;
        let all = desk.operator.get("/operator/outbox").await.expect(200).text();
        for part in ["O.H.", "K.N. (", "t…@example.no", "Time bestilt"] {
            assert!(all.contains(part), "no {part} in {all}");
        }
        for part in ["Ola Hansen", "Ola", "c@example.no", "tuva@"] {
            assert!(!all.contains(part), "{part} in {all}");
        }
        let id: Vec<String> = app.rows("SELECT id FROM outbox WHERE recipient = 'c@example.no'", params![]).await;
        // No address is part of an address: a search is a form, has a reason and is on record.
        let search = [("q", "c@example"), ("reason", "Ringte om en lenke")];
        let searched = "SELECT COUNT(*) FROM operator_record WHERE action = 'outbox_searched' AND reason = 'Ringte om en lenke'";
        let asked = desk.operator.get("/operator/outbox?q=c%40example").await.expect(200).text();
        assert!(asked.contains("K.N. ("), "an address narrows nothing: {asked}");
        for wrong in [[search[0], ("reason", " ")], [("q", "c"), search[1]]] {
            desk.operator.post("/operator/outbox", &wrong).await.expect(422);
        }
        assert_eq!(app.number(searched, params![]).await, 0);
        let list = desk.operator.post("/operator/outbox", &search).await.expect(200).text();
        assert_eq!(app.number(searched, params![]).await, 1);
        assert!(list.contains(&id[0]) && list.contains("O.H.") && !list.contains("K.N. ("), "{list}");
        let path = format!("/operator/outbox/{}", id[0]);
        let looks = "SELECT COUNT(*) FROM operator_record WHERE action = 'mail_seen' AND reason = 'Ringte' AND subject = $1";
        for closed in [desk.operator.get(&path).await.expect(200), desk.operator.post(&path, &[("reason", " ")]).await.expect(422)] {
            let closed = closed.text();
            assert!(closed.contains("O.H.") && !closed.contains("Ola") && !closed.contains(&appointment), "{closed}");
        }
        assert_eq!(app.number(looks, params![&id[0]]).await, 0);
        let mail = desk.operator.post(&path, &[("reason", "Ringte")]).await.expect(200).text();
        for part in [appointment.as_str(), "booka.ics", "c@example.no", "Ola Hansen"] {
            assert!(mail.contains(part), "no {part} in {mail}");
        }
        assert_eq!(app.number(looks, params![&id[0]]).await, 1);
        desk.operator.get("/operator/outbox/nothing").await.expect(404);
        desk.stranger.post(&path, &[("reason", "Ringte")]).await.expect(404);
    }
}

on_both! {
    async fn a_live_call_shows_what_its_participants_get(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let (consumer, provider) = desk.seats(&appointment).await;
        let stats = LiveStats { packets_in: 4_321, round_trip_ms: Some(37), ..LiveStats::default() };
        let leg = |direction, from: &str| Leg {
            seat: provider.clone(),
            direction,
            source: SourceKind::Camera,
            from_seat: from.to_owned(),
            bitrate_bps: 1_250_000,
            lost_permille: 12,
            jitter_us: 8_400,
            layer: Some((1, 2)),
            wanted_layer: Some((2, 2)),
            score_centi: Some(312),
        };
        let legs = vec![leg(Direction::Sent, &provider), leg(Direction::Received, &consumer)];
        let seat = |seat: String, name: &str, role: Role| LiveSeat {
            legs: if role == Role::Provider { legs.clone() } else { Vec::new() },
            seat,
            name: name.to_owned(),
            role,
            presence: Presence::Connected,
            here: true,
            stats: Some(stats),
        };
        let call = LiveCall {
            call: appointment.clone(),
            starts_at: Desk::slot(2),
            ends_at: Desk::slot(3),
            billable: 25 * SECOND_US,
            running: true,
            seats: vec![seat(consumer.clone(), "Ola Hansen", Role::Consumer), seat(provider.clone(), "Kari Nordli", Role::Provider)],
        };
        assert!(app.state.live_calls.set(Arc::new(OneCall::new(app, call))).is_ok(), "nobody else has set it");
        let list = desk.operator.get("/operator").await.expect(200).text();
        assert!(list.contains(&format!("/operator/calls/{appointment}")) && list.contains("O.H."), "{list}");
        let path = format!("/operator/calls/{appointment}");
        let capture = format!("{path}/capture");
        let captures = async || app.number("SELECT COUNT(*) FROM operator_record WHERE action = 'capture_started'", params![]).await;
        assert_eq!(desk.operator.post(&capture, &[("minutes", "2")]).await.location(), path, "first it is said why");
        desk.operator.post(&path, &[("reason", "")]).await.expect(422);
        assert_eq!(captures().await, 0);
        let page = open(&mut desk.operator, &path).await;
        assert!(page.contains("Kari Nordli") && page.contains("O.H.") && page.contains("37"), "{page}");
        assert!(!page.contains("Ola Hansen"), "{page}");
        for (minutes, notice) in [("2", "capture-started"), ("99999999999999999", "capture-running"), ("", "capture-started")] {
            let answer = desk.operator.post(&capture, &[("minutes", minutes)]).await.expect(303);
            assert!(answer.location().contains(notice), "{minutes}: {}", answer.location());
        }
        desk.operator.post("/operator/calls/other/capture", &[("minutes", "2")]).await.expect(404);
        desk.provider.post(&capture, &[("minutes", "2")]).await.expect(404);
        assert_eq!(captures().await, 3);
        // The reason is good for the call's appointment, too, and for an hour.
        let booking = format!("/operator/appointments/{appointment}");
        desk.operator.get(&booking).await.expect(200).expect_text("Videotime");
        let reasons = "SELECT COUNT(*) FROM operator_record WHERE subject = $1 AND reason = 'Ringte'";
        assert_eq!(app.number(reasons, params![&appointment]).await, 5, "the call, three captures and the appointment");
        app.advance(61 * 60 * SECOND_US);
        for path in [&path, &booking] {
            desk.operator.get(path).await.expect(200).expect_text("name=\"reason\"");
        }
        for shown in ["Sender kamera", "Får kamera fra O.H.", "3,1", "Brukbar", "8 ms", "S1 T2 / S2 T2"] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
    }
}

fn judged(seat: &str, from: &str, score: u32) -> Leg {
    Leg {
        seat: seat.to_owned(),
        direction: if seat == from {
            Direction::Sent
        } else {
            Direction::Received
        },
        source: SourceKind::Microphone,
        from_seat: from.to_owned(),
        bitrate_bps: 40_000,
        lost_permille: 20,
        jitter_us: 3_000,
        layer: None,
        wanted_layer: None,
        score_centi: Some(score),
    }
}

on_both! {
    async fn the_quality_of_a_call_is_stored_shown_and_forgotten(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let (consumer, provider) = desk.seats(&appointment).await;
        let at = Desk::slot(2);
        let legs = vec![judged(&consumer, &consumer, 420), judged(&consumer, &provider, 190), judged("nobody", &provider, 100)];
        let record = async |at| {
            let calls = [(appointment.clone(), legs.clone())];
            quality::record(&app.state, at, &calls).await.expect("it is stored");
        };
        record(at).await;
        record(at).await;
        record(at + 10 * SECOND_US).await;
        let count = async || app.rows::<i64>("SELECT COUNT(*) FROM call_quality", params![]).await[0];
        assert_eq!(count().await, 4, "once each time, and nothing of seats that are not in the call");
        let page = open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        for shown in ["Kvalitet på forbindelsen", "Sender lyd", "Får lyd fra Kari Nordli", "4,2", "1,9", "2,0\u{a0}%", "<polyline"] {
            assert!(page.contains(shown), "{shown} in {page}");
        }
        assert!(!page.contains("Ola Hansen"), "{page}");

        privacy::erase_due(&app.state).await.expect("it runs");
        assert_eq!(count().await, 4);
        app.execute("UPDATE account SET deletion_asked_us = 1 WHERE id = 'p'", params![]).await;
        privacy::erase_due(&app.state).await.expect("it runs");
        assert_eq!(count().await, 0, "with the account of either side");

        record(app.state.now() - quality::KEPT_US - 1).await;
        record(app.state.now() - quality::KEPT_US + SECOND_US).await;
        privacy::erase_due(&app.state).await.expect("it runs");
        assert_eq!(count().await, 2, "what is older than thirty days is gone");
    }
}

on_both! {
    async fn the_quality_of_a_call_has_a_bounded_number_of_rows(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let (consumer, provider) = desk.seats(&appointment).await;
        // One statement makes all but one of the rows there may be.
        app.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
             INSERT INTO call_quality (call_id, seat_id, direction, source, from_seat_id, at_us, bitrate_bps, lost_permille, jitter_us)
             SELECT $1, $2, 'sent', 'camera', $2, i, 0, 0, 0 FROM n",
            params![&appointment, &consumer],
        )
        .await;
        let legs = vec![judged(&consumer, &consumer, 420), judged(&consumer, &provider, 190)];
        quality::record(&app.state, Desk::slot(2), &[(appointment, legs)]).await.expect("it is stored");
        let count: Vec<i64> = app.rows("SELECT COUNT(*) FROM call_quality", params![]).await;
        assert_eq!(count, [quality::ROWS_MAX]);
    }
}

on_both! {
    /// Trial A4: whoever runs the server gets back in without mail, and makes further operators; so do operators.
    async fn a4_operators_come_back_in_and_make_others(app: App) {
        use booking_core::operator::{OperatorLink, further_operator_link, operator_link};
        let form = |email: &'static str| [("name", "Siri Drift"), ("email", email), ("password", "rett hest batteri")];
        let path = |link: &str| link.strip_prefix(crate::harness::ORIGIN).expect("an address of ours").to_owned();
        let Ok(OperatorLink::First(link)) = operator_link(&app.state, None).await else { panic!("there is none yet") };
        let mut first = app.client();
        first.post(&path(&link), &form("siri@example.no")).await.expect(303);
        // Her password is lost, and no mail is sent.
        let Ok(OperatorLink::SignIn { email, link }) = operator_link(&app.state, None).await else { panic!("there is one") };
        assert_eq!(email, "siri@example.no");
        let mut again = app.client();
        again.post(&path(&link), &[]).await.expect(303);
        again.get("/operator").await.expect(200);
        app.client().post(&path(&link), &[]).await.expect(422);
        // One more, by command; a link is good once, and no address has two accounts.
        let link = further_operator_link(&app.state).await.expect("it is made");
        app.client().post(&path(&link), &form("siri@example.no")).await.expect(422);
        app.client().post(&path(&link), &form("per@example.no")).await.expect(303);
        app.client().post(&path(&link), &form("eva@example.no")).await.expect(422);
        // And one by mail, from the page.
        again.post("/operator/people", &[("action", "invite"), ("email", "ida@example.no")]).await.expect(303);
        let bodies: Vec<String> = app.rows("SELECT body FROM outbox WHERE kind = 'operator'", params![]).await;
        let link = bodies[0].split_whitespace().find(|word| word.contains("/operator/setup/")).expect("a link");
        app.client().post(&path(link), &form("ida@example.no")).await.expect(303);
        let Ok(OperatorLink::Which(all)) = operator_link(&app.state, None).await else { panic!("there are three") };
        assert_eq!(all.len(), 3);
        // Her address is one however its domain is written.
        let link = further_operator_link(&app.state).await.expect("it is made");
        app.client().post(&path(&link), &form("kari@blåbær.no")).await.expect(303);
        let found = operator_link(&app.state, Some(" Kari@Blåbær.no")).await;
        assert!(matches!(found, Ok(OperatorLink::SignIn { .. })), "{found:?}");
        let named = operator_link(&app.state, Some("per@example.no")).await;
        assert!(matches!(named, Ok(OperatorLink::SignIn { .. })), "{named:?}");
        let made: i64 = app.number("SELECT COUNT(*) FROM operator_record WHERE action = 'operator_made'", params![]).await;
        assert_eq!(made, 4, "it is on record");
    }
}

on_both! {
    /// Trial A6: people are found by name, e-mail and phone, with a reason, and the look is on record.
    async fn a6_people_are_found_with_a_reason_and_on_record(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        desk.book(Desk::slot(2), ACCEPTED).await;
        let find = |q: &'static str, reason: &'static str| [("action", "find"), ("q", q), ("reason", reason)];
        desk.operator.post("/operator/people", &find("Hansen", "")).await.expect(422);
        desk.operator.post("/operator/people", &find("ha", "Ringte")).await.expect(422);
        desk.stranger.post("/operator/people", &find("Hansen", "Ringte")).await.expect(404);
        let looks = "SELECT COUNT(*) FROM operator_record WHERE action = 'people_searched' AND reason = 'Ringte'";
        assert_eq!(app.number(looks, params![]).await, 0);
        // trial E15: the letters of names, in capitals and small, and signs of patterns as themselves.
        app.execute("UPDATE account SET name = 'Ola Hansen Åsgård_1' WHERE id = 'c'", params![]).await;
        for q in ["hansen", "Ola", "ÅSGÅRD", "åsgård", "Åsgård_1"] {
            let page = desk.operator.post("/operator/people", &find(q, "Ringte")).await.expect(200).text();
            assert!(page.contains("Ola Hansen"), "{q}: {page}");
        }
        for q in ["%%%", "a_gård"] {
            let page = desk.operator.post("/operator/people", &find(q, "Ringte")).await.expect(200).text();
            assert!(!page.contains("Ola Hansen"), "{q}");
        }
        assert_eq!(app.number(looks, params![]).await, 7);
    }
}

on_both! {
    /// Trial C2: mails to nobody's account and links that ran out are swept, the others when they are old.
    async fn c2_the_outbox_is_swept(app: App) {
        let mut visitor = app.client();
        visitor.post("/register", &[("name", "Feil Adresse"), ("email", "feil@exampel.no"), ("phone", "91234567"),
            ("place", "Bergen"), ("password", "rett hest batteri"), ("accept", "yes")]).await.expect(200);
        let mails = "SELECT COUNT(*) FROM outbox";
        assert_eq!(app.number(mails, params![]).await, 1);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(app.number(mails, params![]).await, 1);
        app.advance(9 * 24 * 3600 * SECOND_US);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(app.number(mails, params![]).await, 0);
    }
}
