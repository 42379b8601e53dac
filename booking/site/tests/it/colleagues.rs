//! Colleagues of one business: what they see of each other's appointments, taking one over, and owners who go.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use booking_core::base::{DAY_US, MINUTE_US, SECOND_US};
use booking_core::calls::{self, CaptureError, LiveCalls};
use booking_core::params;
use signaling_protocol::LiveCall;
use signaling_protocol::call::{Finding, RoomReview, SeatSession};
use signaling_protocol::message::EndReason;

use crate::desk::{ACCEPTED, booked, seats, segment, submit_payment};
use crate::harness::{App, Client};
use crate::on_both;
use crate::walk::{PASSWORD, Provider, consumer, hold, mails, provider, staff, tomorrow};

const ABOUT: &str = "Hunden har spist en kjennetegnet sokk";

/// Books a time of the provider, so many minutes after tomorrow's ten o'clock.
async fn book(app: &App, client: &mut Client, clinic: &Provider, minutes: i64) -> String {
    let page = hold(client, &clinic.service, tomorrow(app, minutes)).await;
    client.post(&page, &[("about", ABOUT)]).await.expect(303);
    booked(&submit_payment(client, page.trim_start_matches("/book/"), ACCEPTED).await)
}

async fn kinds(app: &App, to: &str) -> Vec<String> {
    mails(app, to).await.into_iter().map(|(kind, _)| kind).collect()
}

on_both! {
    /// Trial E20, S12: how to reach the customer is for whoever takes the appointment; colleagues see when it is, and may take
    /// it over; nobody else sees anything.
    async fn a_colleague_sees_the_appointment_and_takes_it_over(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut per = staff(app, &mut clinic, "per").await;
        let mut other = provider(app, "eva").await;
        let mut ola = consumer(app, "ola").await;
        let held = hold(&mut ola, &clinic.service, tomorrow(app, 0)).await;
        ola.get(&held).await.expect(200).expect_text("telefonnummeret");
        let id = book(app, &mut ola, &clinic, 30).await;
        let (page, take_over) = (format!("/bookings/{id}"), format!("/bookings/{id}/take-over"));
        let secrets = [ABOUT, "ola@example.no", "91234567"];

        let today = per.get("/provider").await.expect(200).expect_text("Timer hos kolleger").text();
        let seen = per.get(&page).await.expect(200).expect_text("kari tar denne timen").text();
        for secret in secrets {
            assert!(!today.contains(secret) && !seen.contains(secret), "{secret} is shown to a colleague");
        }
        assert_eq!(per.get(&format!("/call/{id}")).await.location(), page);
        per.post(&format!("/call/{id}/ticket"), &[]).await.expect(404);
        for client in [&mut other.client, &mut ola] {
            client.post(&take_over, &[]).await.expect(404);
        }
        other.client.get(&page).await.expect(404);

        assert_eq!(per.post(&take_over, &[]).await.location(), format!("{page}?notice=taken-over"));
        let mine = per.get(&page).await.expect(200).text();
        for secret in secrets {
            assert!(mine.contains(secret), "no {secret} for whoever takes it");
        }
        let theirs = clinic.client.get(&page).await.expect(200).expect_text("per tar denne timen").text();
        assert!(!theirs.contains(ABOUT));
        ola.get(&page).await.expect(200).expect_text("En kollega i samme virksomhet overtok timen");
        for to in ["ola@example.no", "kari@example.no"] {
            assert!(kinds(app, to).await.contains(&"taken_over".to_owned()), "{to}");
        }
        let rows = app.number("SELECT COUNT(*) FROM reservation r JOIN member m ON m.id = r.member_id
            JOIN account a ON a.id = m.account_id WHERE a.email = 'per@example.no'", params![]).await;
        assert_eq!(rows, 6, "thirty minutes are his now");
        app.set_now(tomorrow(app, 30) - MINUTE_US);
        per.post(&format!("/call/{id}/ticket"), &[]).await.expect(200);
        clinic.client.post(&format!("/call/{id}/ticket"), &[]).await.expect(404);
        // Back again: it is a colleague's, whoever that is.
        clinic.client.post(&take_over, &[]).await.expect(303);
        clinic.client.post(&format!("/call/{id}/ticket"), &[]).await.expect(200);
    }
}

on_both! {
    /// Trial E20: nobody is in two calls at once, and a call under way is whose it is.
    async fn what_is_busy_or_under_way_is_not_taken_over(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut per = staff(app, &mut clinic, "per").await;
        let (mut ola, mut mia) = (consumer(app, "ola").await, consumer(app, "mia").await);
        let first = book(app, &mut ola, &clinic, 0).await;
        per.post(&format!("/bookings/{first}/take-over"), &[]).await.expect(303);
        // The time is free again with the one who gave it away.
        let second = book(app, &mut mia, &clinic, 0).await;
        let answer = per.post(&format!("/bookings/{second}/take-over"), &[]).await;
        assert_eq!(answer.location(), format!("/bookings/{second}?notice=take-over-busy"));
        clinic.client.get(&format!("/bookings/{second}")).await.expect(200).expect_text(ABOUT);

        let start = tomorrow(app, 0);
        app.set_now(start);
        let (customer, taker) = seats(app, &first).await;
        for seat in [&customer, &taker] {
            calls::open_segment(&app.state, "main", &segment(&first, seat, 0), start).await.expect("it is written");
        }
        clinic.client.post(&format!("/bookings/{first}/take-over"), &[]).await.expect(409);
    }
}

on_both! {
    /// Trial E16: a business was left without an owner when the one it had was gone.
    async fn whoever_has_worked_there_longest_owns_after_the_last_owner(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut per = staff(app, &mut clinic, "per").await;
        app.advance(SECOND_US);
        let mut mia = staff(app, &mut clinic, "mia").await;
        per.get("/provider/members").await.expect(404);
        let menu = per.get("/provider").await.expect(200).text();
        assert!(!menu.contains("href=\"/provider/members\""), "what is not there is not offered (E20)");
        clinic.client.get("/account/delete").await.expect(200).expect_text("blir per eier av Klinikken kari");
        clinic.client.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        per.get("/provider/members").await.expect(404);
        app.advance(7 * DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        per.get("/provider/members").await.expect(200);
        mia.get("/provider/members").await.expect(404);
        assert!(kinds(app, "per@example.no").await.contains(&"owner_now".to_owned()));
        per.get("/provider/profile").await.expect(200).expect_text("Klinikken kari").expect_text("Råd om hund og katt");
        // Whether the page is shown is up to the heir: changing one's own mind about leaving shows nothing.
        per.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        per.post("/account/delete", &[("action", "undo")]).await.expect(303);
        let page = format!("/providers/{}", clinic.slug);
        app.client().get(&page).await.expect(404);
        per.post("/provider/hours", &[("action", "save"), ("d2_1_from", "09:00"), ("d2_1_to", "12:00")]).await.expect(303);
        per.post("/provider/profile", &[("action", "publish")]).await.expect(303);
        is_found_as_it_was(app, &clinic).await;
    }
}

/// The page of the business says what it said, and its words find it; nothing of it is Kari's address.
async fn is_found_as_it_was(app: &App, clinic: &Provider) {
    let page = format!("/providers/{}", clinic.slug);
    let mut visitor = app.client();
    visitor.get(&page).await.expect(200).expect_text("Råd om hund og katt");
    for words in ["katt", "klinikken"] {
        let found = visitor
            .get(&format!("/search?what={words}&where=Bergen"))
            .await
            .expect(200);
        found.expect_text(&page);
    }
    assert_eq!(
        crate::erasure::found_in(app, "kari@example.no").await,
        std::collections::BTreeSet::new()
    );
}

on_both! {
    /// What an owner decides about the page is not taken back by an older change of mind.
    async fn a_page_that_was_taken_off_stays_so(app: App) {
        let mut clinic = provider(app, "kari").await;
        let page = format!("/providers/{}", clinic.slug);
        clinic.client.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        clinic.client.post("/provider/profile", &[("action", "pause")]).await.expect(303);
        clinic.client.post("/account/delete", &[("action", "undo")]).await.expect(303);
        app.client().get(&page).await.expect(404);
        clinic.client.post("/provider/profile", &[("action", "publish")]).await.expect(303);
        app.client().get(&page).await.expect(200);
    }
}

/// Notes whose calls are ended, and `review` where those who may not go on are looked for.
struct Ended(Arc<Mutex<Vec<String>>>);

impl LiveCalls for Ended {
    fn snapshot(&self) -> Vec<LiveCall> {
        Vec::new()
    }

    fn find(&self, _call: &str) -> Option<LiveCall> {
        None
    }

    fn capture(&self, _call: &str, _time: Duration) -> Result<(), CaptureError> {
        Err(CaptureError::NotHere)
    }

    fn review(&self) {
        self.0
            .lock()
            .expect("nobody panics while holding it")
            .push("review".to_owned());
    }

    fn cancel(&self, call: &str) {
        self.0
            .lock()
            .expect("nobody panics while holding it")
            .push(call.to_owned());
    }
}

/// Of the mails about an appointment with a file for the calendar: to whom, what it does, and its sequence.
async fn calendar_mails(app: &App) -> Vec<String> {
    let files: Vec<(String, String)> = app
        .rows(
            "SELECT recipient, ics FROM outbox WHERE ics IS NOT NULL AND recipient <> 'ola@example.no' ORDER BY created_us, id",
            params![],
        )
        .await;
    let line = |ics: &str, name: &str| {
        ics.lines()
            .find_map(|line| line.strip_prefix(name).map(str::to_owned))
            .expect("it has one")
    };
    let told = files
        .iter()
        .map(|(to, ics)| format!("{to} {} {}", line(ics, "METHOD:"), line(ics, "SEQUENCE:")));
    told.collect()
}

on_both! {
    /// Whoever gave the appointment away sits in the room no more, and the calendars of both follow.
    async fn taking_over_empties_the_colleagues_seat_and_moves_the_calendar_entry(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut per = staff(app, &mut clinic, "per").await;
        let mut ola = consumer(app, "ola").await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        assert!(app.state.live_calls.set(Arc::new(Ended(Arc::clone(&asked)))).is_ok(), "nobody else has set it");
        let id = book(app, &mut ola, &clinic, 30).await;
        app.set_now(tomorrow(app, 30) - MINUTE_US);
        let (_, seat) = seats(app, &id).await;
        let session: String = app
            .rows("SELECT s.id FROM session s JOIN account a ON a.id = s.account_id WHERE a.email = 'kari@example.no'", params![])
            .await
            .remove(0);
        let karis = SeatSession { seat, session };
        let room = [RoomReview { call: id.clone(), most_minor: 0, seats: vec![karis.clone()] }];
        assert_eq!(calls::review_rooms(&app.state, &room, app.now()).await.expect("it is read"), []);
        let take_over = format!("/bookings/{id}/take-over");
        per.post(&take_over, &[]).await.expect(303);
        assert_eq!(*asked.lock().expect("nobody panics while holding it"), ["review"], "after the commit, at once");
        let gone = Finding::SeatOver { call: id.clone(), seat: karis, reason: EndReason::HandedOver };
        assert_eq!(calls::review_rooms(&app.state, &room, app.now()).await.expect("it is read"), [gone]);
        let first = ["kari@example.no REQUEST 0", "kari@example.no CANCEL 1", "per@example.no REQUEST 1"];
        assert_eq!(calendar_mails(app).await, first);
        assert!(mails(app, "per@example.no").await.iter().any(|(_, body)| body.contains("du har overtatt denne timen")));
        // And back: what is newer wins over what was taken out, and so does the end.
        app.advance(SECOND_US);
        clinic.client.post(&take_over, &[]).await.expect(303);
        app.advance(SECOND_US);
        ola.post(&format!("/bookings/{id}/cancel"), &[]).await.expect(303);
        let then = ["per@example.no CANCEL 2", "kari@example.no REQUEST 2", "kari@example.no CANCEL 3"];
        assert_eq!(calendar_mails(app).await[3..], then);
    }
}

on_both! {
    /// Trial F3: whoever waits in the room of somebody who deletes the account is told at once.
    async fn deleting_an_account_ends_its_open_rooms_at_once(app: App) {
        let clinic = provider(app, "kari").await;
        let mut ola = consumer(app, "ola").await;
        let ended = Arc::new(Mutex::new(Vec::new()));
        assert!(app.state.live_calls.set(Arc::new(Ended(Arc::clone(&ended)))).is_ok(), "nobody else has set it");
        let id = book(app, &mut ola, &clinic, 0).await;
        ola.post("/account/delete", &[("action", "delete"), ("password", "wrong password")]).await.expect(422);
        assert!(ended.lock().expect("nobody panics while holding it").is_empty());
        ola.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        assert_eq!(*ended.lock().expect("nobody panics while holding it"), [id]);
    }
}
