//! What the sides of an appointment disagree about: opened, answered, settled or decided, with the money on hold meanwhile.

use axum::body::Body;
use axum::http::{Request, header};
use booking_core::base::{DAY_US, HOUR_US, MINUTE_US};
use booking_core::params;

use crate::desk::{ACCEPTED, CAPTURE_FAILS_ONCE, Desk, FIXED, open};
use crate::harness::{Answer, App, Client, ORIGIN};
use crate::on_both;
use crate::refunds::{DEAR, paid, somebody};

const COMPLAINT: &str = "Lyden var borte i ti minutter, og jeg fikk ikke svar.";

fn page(appointment: &str) -> String {
    format!("/bookings/{appointment}/dispute")
}

fn desk_page(appointment: &str) -> String {
    format!("/operator/appointments/{appointment}/dispute")
}

#[track_caller]
fn notice(answer: &Answer) -> String {
    let location = answer.location();
    let found = location.split_once("?notice=");
    found.map(|(_, notice)| notice.to_owned()).expect("a notice")
}

async fn act(client: &mut Client, path: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
    let form = [&[("action", action)], fields].concat();
    client.post(path, &form).await
}

/// A browser's form with a file.
pub(crate) async fn hand_in(client: &mut Client, path: &str, source: Option<&str>, name: &str, bytes: &[u8]) -> Answer {
    let mut body = Vec::new();
    if let Some(source) = source {
        let part = format!("--edge\r\nContent-Disposition: form-data; name=\"file_source\"\r\n\r\n{source}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: text/html\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    let request = Request::post(path)
        .header(header::ORIGIN, ORIGIN)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=edge")
        .body(Body::from(body));
    client.send(request.expect("a request")).await
}

/// The smallest picture that is one: a PNG of one pixel.
pub(crate) const PIXEL: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0\x3a\x7e\x9bU\0\0\0\x0aIDAT\x78\x9c\x63\x60\0\0\0\x02\0\x01H\xaf\xa4\x71\0\0\0\0IEND\xaeB\x60\x82";

async fn states(app: &App) -> Vec<String> {
    app.rows("SELECT state FROM dispute ORDER BY opened_us, id", params![])
        .await
}

async fn refunds(app: &App) -> Vec<String> {
    let rows: Vec<(i64, String)> = app
        .rows(
            "SELECT amount_minor, state FROM refund ORDER BY created_us, id",
            params![],
        )
        .await;
    rows.into_iter()
        .map(|(minor, state)| format!("{minor} {state}"))
        .collect()
}

async fn events(app: &App, appointment: &str) -> Vec<String> {
    let sql = "SELECT kind FROM appointment_event WHERE appointment_id = $1 AND kind LIKE 'dispute%' ORDER BY seq";
    app.rows(sql, params![appointment]).await
}

/// Mails about disputes, by recipient.
async fn told(app: &App) -> Vec<String> {
    let sql = "SELECT recipient FROM outbox WHERE kind = 'dispute' ORDER BY created_us, id";
    app.rows(sql, params![]).await
}

on_both! {
    /// S32: from the complaint to the refund, with all that was measured beside it.
    async fn s32_an_operator_decides_with_a_refund_in_one_step(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let (mine, theirs) = (page(&appointment), desk_page(&appointment));
        desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).expect_text(&mine);
        desk.consumer.get(&mine).await.expect(200).expect_text("value=\"open\"");
        let opened = act(&mut desk.consumer, &mine, "open", &[("body", COMPLAINT)]).await.expect(303);
        assert_eq!(notice(&opened), "dispute-opened");
        assert_eq!(told(app).await.len(), 2, "both sides");
        let waits = "SELECT COUNT(*) FROM outbox WHERE kind = 'dispute_waits' AND recipient = 'o@example.no'";
        assert_eq!(app.number(waits, params![]).await, 1);
        app.advance(HOUR_US);
        let read = desk.provider.get(&mine).await.expect(200).text();
        assert!(read.contains(COMPLAINT) && !read.contains("value=\"withdraw\"") && read.contains("Kunden"), "{read}");
        let answer = [("body", "Lyden var borte i to minutter, ikke ti."), ("known", "1")];
        assert_eq!(notice(&act(&mut desk.provider, &mine, "say", &answer).await), "dispute-said");
        assert_eq!(states(app).await, ["answered"]);
        desk.consumer.get(&mine).await.expect(200).expect_text("ikke ti").expect_text("Besvart");
        app.advance(22 * DAY_US);
        let list = desk.operator.get("/operator/disputes").await.expect(200).text();
        for shown in ["Saker (1)", "Dyreklinikken Nordli", "390,00", "for 22 dager siden"] {
            assert!(list.contains(shown), "{shown}: {list}");
        }
        assert!(!list.contains("Ola Hansen"), "nobody is named: {list}");
        desk.operator.get(&theirs).await.expect(200).expect_text("name=\"reason\"").expect_text("/operator/appointments");
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        let beside = desk.operator.get(&theirs).await.expect(200).text();
        for shown in ["ikke ti", "Åpnet for 22 dager siden", "Det kunden så", "data-records=\"segments\"", "Kari Nordli", "390,00"] {
            assert!(beside.contains(shown), "{shown}: {beside}");
        }
        let decision = [("amount", "150,50"), ("reason", "Lyden var borte, det viser målingene"), ("known", "2")];
        let decided = act(&mut desk.operator, &theirs, "decide", &decision).await.expect(303);
        assert_eq!(notice(&decided), "dispute-decided");
        assert_eq!(notice(&act(&mut desk.operator, &theirs, "decide", &decision).await), "dispute-decided", "sent twice");
        assert_eq!((states(app).await, refunds(app).await), (vec!["decided".to_owned()], vec!["15050 done".to_owned()]));
        assert_eq!(desk.payment(&appointment).await, "refunded 39000 39000");
        assert_eq!(desk.paid(&appointment).await.state.refunded_minor(), 15_050);
        for client in [&mut desk.consumer, &mut desk.provider] {
            let read = client.get(&mine).await.expect(200).text();
            assert!(read.contains("150,50") && read.contains("det viser målingene") && read.contains("Avgjort"), "{read}");
            act(client, &mine, "open", &[("body", COMPLAINT)]).await.expect(409);
            client.get(&format!("/bookings/{appointment}")).await.expect(200).expect_text("Sak avgjort: 150,50");
        }
        assert_eq!(events(app, &appointment).await, ["dispute_opened", "dispute_answered", "dispute_decided"]);
        assert_eq!(told(app).await.len(), 6, "both sides at each step");
        let audit = "SELECT action FROM operator_record WHERE action IN ('dispute_decided', 'refund_made') ORDER BY at_us, id";
        assert_eq!(app.rows::<String>(audit, params![]).await, ["refund_made", "dispute_decided"]);
        let looks = "SELECT COUNT(*) FROM operator_look WHERE action = 'dispute_decided'";
        assert_eq!(app.number(looks, params![]).await, 2, "both sides see who decided about them");
        desk.operator.get("/operator/disputes").await.expect(200).expect_text("Ingen saker er åpne").expect_text("150,50");
    }
}

on_both! {
    /// S32: while it is open nothing is paid back but by its decision.
    async fn s32_refunds_wait_for_the_decision(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        act(&mut desk.consumer, &page(&appointment), "open", &[("body", COMPLAINT)]).await.expect(303);
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        let pays = [("amount", "100"), ("reason", "Kulanse"), ("known", "0")];
        let (mine, theirs) = (format!("/bookings/{appointment}/refund"), format!("/operator/appointments/{appointment}/refund"));
        for (client, path) in [(&mut desk.provider, &mine), (&mut desk.operator, &theirs)] {
            client.get(path).await.expect(200).expect_text("åpen sak");
            client.post(path, &pays).await.expect(409);
        }
        assert_eq!(refunds(app).await, [""; 0]);
        assert_eq!(notice(&act(&mut desk.consumer, &page(&appointment), "withdraw", &[]).await), "dispute-withdrawn");
        desk.provider.post(&mine, &pays).await.expect(303);
        assert_eq!(refunds(app).await, ["10000 done"]);
    }
}

on_both! {
    /// S32: what was not taken yet when the dispute was opened is not taken before it is over.
    async fn s32_nothing_is_taken_while_it_is_open(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let half_hour = 30 * MINUTE_US;
        let start = (app.now() / half_hour + 2) * half_hour;
        let appointment = desk.book(start, CAPTURE_FAILS_ONCE).await;
        desk.talk(&appointment, start, 10 * MINUTE_US).await;
        desk.jobs().await;
        assert_eq!(desk.outside(&appointment).await, ["authorised 0"], "the first try failed");
        act(&mut desk.consumer, &page(&appointment), "open", &[("body", COMPLAINT)]).await.expect(303);
        for _ in 0..3 {
            app.advance(2 * HOUR_US);
            desk.jobs().await;
        }
        assert_eq!(desk.outside(&appointment).await, ["authorised 0"]);
        desk.operator.get("/operator/refunds").await.expect(200).expect_text("Ingenting venter");
        act(&mut desk.consumer, &page(&appointment), "withdraw", &[]).await.expect(303);
        for _ in 0..3 {
            app.advance(2 * HOUR_US);
            desk.jobs().await;
        }
        assert_eq!(desk.outside(&appointment).await, ["captured 39000"]);
        assert_eq!(desk.payment(&appointment).await, "captured 39000 39000");
    }
}

on_both! {
    /// S32: the business offers, the customer takes it, and that is the end.
    async fn s32_an_offer_that_is_taken_is_paid_back(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let mine = page(&appointment);
        act(&mut desk.consumer, &mine, "open", &[("body", COMPLAINT)]).await.expect(303);
        let over = [("amount", "390,01"), ("offer_body", "Vi beklager"), ("known", "1")];
        act(&mut desk.provider, &mine, "offer", &over).await.expect(422).expect_text("value=\"390,01\"");
        let first = [("amount", "100"), ("offer_body", "Vi beklager lyden"), ("known", "1")];
        assert_eq!(notice(&act(&mut desk.provider, &mine, "offer", &first).await), "dispute-said");
        act(&mut desk.consumer, &mine, "offer", &[("amount", "390"), ("offer_body", "Til meg"), ("known", "2")]).await.expect(404);
        desk.consumer.get(&mine).await.expect(200).expect_text("value=\"10000\"");
        let second = [("amount", "200"), ("offer_body", "Litt mer da"), ("known", "2")];
        act(&mut desk.provider, &mine, "offer", &second).await.expect(303);
        // What was shown is what is taken.
        act(&mut desk.consumer, &mine, "accept", &[("amount", "10000")]).await.expect(409);
        act(&mut desk.provider, &mine, "accept", &[("amount", "20000")]).await.expect(404);
        for _ in 0..2 {
            let taken = act(&mut desk.consumer, &mine, "accept", &[("amount", "20000")]).await.expect(303);
            assert_eq!(notice(&taken), "dispute-decided");
        }
        assert_eq!((states(app).await, refunds(app).await), (vec!["decided".to_owned()], vec!["20000 done".to_owned()]));
        let by = "SELECT asked_by FROM refund";
        assert_eq!(app.rows::<String>(by, params![]).await, ["p"], "in the name of who offered");
        desk.consumer.get(&mine).await.expect(200).expect_text("200,00\u{a0}kr betales tilbake");
        assert_eq!(events(app, &appointment).await, ["dispute_opened", "dispute_offered", "dispute_offered", "dispute_accepted"]);
    }
}

on_both! {
    /// S32: above the limit of refunds a second operator agrees, and nothing is promised before.
    async fn s32_above_the_limit_two_persons_decide(app: App) {
        let mut desk = Desk::open(app, DEAR).await;
        let appointment = paid(&mut desk).await;
        let mut second = somebody(app, "o2", 1, None).await;
        let (mine, theirs) = (page(&appointment), desk_page(&appointment));
        act(&mut desk.consumer, &mine, "open", &[("body", COMPLAINT)]).await.expect(303);
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        let all = [("amount", "7000"), ("reason", "Legen kom ikke"), ("known", "1")];
        for _ in 0..2 {
            assert_eq!(notice(&act(&mut desk.operator, &theirs, "decide", &all).await), "dispute-waits");
        }
        assert_eq!((states(app).await, refunds(app).await), (vec!["deciding".to_owned()], vec!["700000 waiting".to_owned()]));
        let read = desk.consumer.get(&mine).await.expect(200).text();
        assert!(!read.contains("Legen kom ikke") && !read.contains("7\u{a0}000") && read.contains("Under avgjørelse"), "{read}");
        act(&mut desk.consumer, &mine, "withdraw", &[]).await.expect(409);
        let ask: Vec<String> = app.rows("SELECT id FROM refund", params![]).await;
        let (yes, no) = ([("action", "approve"), ("id", ask[0].as_str())], [("action", "decline"), ("id", ask[0].as_str())]);
        desk.operator.post("/operator/refunds", &yes).await.expect(409);
        second.post("/operator/refunds", &no).await.expect(303);
        assert_eq!((states(app).await, refunds(app).await), (vec!["opened".to_owned()], vec!["700000 declined".to_owned()]));
        let again = [("amount", "6000"), ("reason", "Legen kom for sent"), ("known", "3")];
        assert_eq!(notice(&act(&mut desk.operator, &theirs, "decide", &again).await), "dispute-waits");
        let ask: Vec<String> = app.rows("SELECT id FROM refund WHERE state = 'waiting'", params![]).await;
        second.post("/operator/refunds", &[("action", "approve"), ("id", ask[0].as_str())]).await.expect(303);
        assert_eq!(states(app).await, ["decided"]);
        assert_eq!(refunds(app).await, ["700000 declined", "600000 done"]);
        desk.consumer.get(&mine).await.expect(200).expect_text("Legen kom for sent").expect_text("6\u{a0}000,00");
    }
}

on_both! {
    /// S32: others' disputes do not exist, and one is open at a time, whoever presses twice or at once.
    async fn s32_disputes_are_the_sides_alone_and_one_at_a_time(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let (mine, theirs) = (page(&appointment), desk_page(&appointment));
        let mut staff = somebody(app, "s", 0, Some(("org", "staff"))).await;
        for client in [&mut staff, &mut desk.stranger, &mut desk.operator] {
            client.get(&mine).await.expect(404);
            act(client, &mine, "open", &[("body", COMPLAINT)]).await.expect(404);
        }
        for short in ["", "for kort", &"å".repeat(4_001)] {
            act(&mut desk.consumer, &mine, "open", &[("body", short)]).await.expect(422).expect_text("href=\"#body\"");
        }
        let mut other = desk.consumer.clone();
        let (complaint, answer) = ([("body", COMPLAINT)], [("body", "Kunden var uhøflig hele tiden.")]);
        let (one, two, three) = tokio::join!(
            act(&mut desk.consumer, &mine, "open", &complaint),
            act(&mut other, &mine, "open", &complaint),
            act(&mut desk.provider, &mine, "open", &answer)
        );
        let mut met: Vec<u16> = [&one, &two, &three].map(|answer| answer.status.as_u16()).to_vec();
        met.sort_unstable();
        assert!(met == [303, 303, 409] || met == [303, 409, 409], "{met:?}");
        assert_eq!(states(app).await, ["opened"], "{met:?}");
        // An owner who was not in the call is the business, too.
        let mut owner = somebody(app, "p2", 0, Some(("org", "owner"))).await;
        owner.get(&mine).await.expect(200);
        for client in [&mut staff, &mut desk.stranger, &mut desk.consumer, &mut desk.provider] {
            client.get(&theirs).await.expect(404);
            act(client, &theirs, "decide", &[("amount", "1"), ("reason", "Jeg selv"), ("known", "1")]).await.expect(404);
        }
        let late = [("body", "Noe helt annet enn det."), ("known", "0")];
        act(&mut owner, &mine, "say", &late).await.expect(409).expect_text("Noe helt annet");
    }
}

on_both! {
    /// S32: for so many days after the appointment, and no longer.
    async fn s32_it_is_opened_within_sixty_days(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let half_hour = 30 * MINUTE_US;
        let start = (app.now() / half_hour + 2) * half_hour;
        let appointment = desk.book(start, ACCEPTED).await;
        let mine = page(&appointment);
        let early = desk.consumer.get(&mine).await.expect(200).text();
        assert!(!early.contains("value=\"open\""), "{early}");
        act(&mut desk.consumer, &mine, "open", &[("body", COMPLAINT)]).await.expect(409);
        desk.talk(&appointment, start, 10 * MINUTE_US).await;
        desk.jobs().await;
        let end = start + 30 * MINUTE_US;
        let secret = "UPDATE session SET expires_us = $1";
        app.execute(secret, params![end + 90 * DAY_US]).await;
        app.set_now(end + 60 * DAY_US);
        desk.consumer.get(&mine).await.expect(200).expect_text("value=\"open\"");
        app.set_now(end + 60 * DAY_US + 1);
        act(&mut desk.consumer, &mine, "open", &[("body", COMPLAINT)]).await.expect(409);
        assert_eq!(states(app).await, [""; 0]);
        app.set_now(end + 60 * DAY_US);
        act(&mut desk.consumer, &mine, "open", &[("body", COMPLAINT)]).await.expect(303);
    }
}
