//! What is taken when, and what people are told meanwhile: tries that wait, fees of who did not pay, questions that are
//! answered elsewhere, and deletion that stands still.

use booking_core::base::{DAY_US, HOUR_US, SECOND_US};
use booking_core::params;

use crate::desk::{ACCEPTED, DECLINED_LATER, Desk, METERED, NEEDS_CONFIRMATION, booked, submit_payment};
use crate::harness::{App, Client, ORIGIN};
use crate::on_both;
use crate::policy::{DAY, save_policy};
use crate::unreliable::{Fault, asking_at, failing};

/// What a page says, with ordinary spaces.
async fn page(client: &mut Client, path: &str) -> String {
    client.get(path).await.expect(200).text().replace('\u{a0}', " ")
}

async fn mail(app: &App, kind: &str, recipient: &str) -> String {
    let newest = "SELECT body FROM outbox WHERE kind = $1 AND recipient = $2 ORDER BY created_us DESC, id DESC LIMIT 1";
    let mut found: Vec<String> = app.rows(newest, params![kind, recipient]).await;
    found.pop().expect("it was written").replace('\u{a0}', " ")
}

async fn charges(app: &App) -> Vec<(String, i64)> {
    app.rows("SELECT outcome, amount_minor FROM charge", params![]).await
}

on_both! {
    /// Who was told and did not pay has cancelled late: the fee of the appointment's terms is charged to the kept card, three
    /// times over two days, and the page says when it is tried again.
    async fn who_does_not_pay_anew_owes_the_fee_of_cancelling_late(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        save_policy(&mut desk, DAY).await.expect(303);
        let start = Desk::slot(2) + 10 * DAY_US;
        let appointment = desk.book(start, DECLINED_LATER).await;
        app.set_now(start - DAY_US);
        desk.jobs().await;
        let told = mail(app, "pay_anew", "c@example.no").await;
        assert!(told.contains("Da koster det 225,00 kr, som etter vilkårene for timen når noen avbestiller sent."), "{told}");
        let path = format!("/bookings/{appointment}/payment");
        let shown = desk.consumer.get(&path).await.expect(200).text().replace('\u{a0}', " ");
        assert!(shown.contains("Å ikke betale koster 225,00 kr etter vilkårene"), "{shown}");
        app.set_now(start - HOUR_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!(charges(app).await, [("cancelled".to_owned(), 22_500)]);
        let lost = mail(app, "unpaid", "c@example.no").await;
        assert!(lost.contains("Etter vilkårene for timen koster det 225,00 kr"), "{lost}");
        let theirs = mail(app, "unpaid", "p@example.no").await;
        assert!(theirs.contains("Kunden betaler 225,00 kr"), "{theirs}");
        // Declined at once at nine, and tried again six hours later.
        desk.jobs().await;
        let waits = page(&mut desk.consumer, &path).await;
        assert!(waits.contains("Vi prøver igjen i dag kl. 15:00."), "{waits}");
        let shown = page(&mut desk.consumer, &format!("/bookings/{appointment}")).await;
        assert!(shown.contains("Vi prøver igjen i dag kl. 15:00."), "{shown}");
        assert!(!shown.contains("Timen er ikke betalt"), "{shown}");
        for _ in 0..3 {
            app.advance(16 * HOUR_US);
            desk.jobs().await;
        }
        assert_eq!(page(&mut desk.consumer, &path).await.matches("Du skylder 225,00 kr").count(), 1);
        desk.consumer.post(&path, &[("provider", "test"), ("method", ACCEPTED)]).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.payment_of(&appointment, "mend", "captured").await, "22500 22500");
    }
}

on_both! {
    /// What the provider of payments failed at costs nobody anything.
    async fn whom_an_outage_hindered_from_paying_owes_nothing(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        save_policy(&mut desk, DAY).await.expect(303);
        let start = Desk::slot(2) + 10 * DAY_US;
        let appointment = desk.book(start, DECLINED_LATER).await;
        app.set_now(start - DAY_US);
        desk.jobs().await;
        // The answer never comes; the person cancels nothing, and the time runs out.
        let down = failing(app, None, vec![Some(Fault::LoseRequest); 60]);
        let mut client = desk.consumer.at(&app.client_of(down.clone()));
        let path = format!("/bookings/{appointment}/payment");
        app.set_now(start - 2 * HOUR_US);
        client.post(&path, &[("provider", "test"), ("method", ACCEPTED)]).await.expect(200).expect_text("Vi venter på svar");
        app.set_now(start - HOUR_US);
        booking_core::jobs::round(&down).await;
        assert_eq!(desk.status(&appointment).await, "confirmed", "it is being asked for");
        assert_eq!(charges(app).await, []);
    }
}

on_both! {
    /// A provider that sends people to pages of its own and back, as Vipps does: a link leads there, since no form of ours
    /// may, and the content policy stays shut.
    async fn a_question_that_is_asked_elsewhere_is_a_link_there_and_back(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let (state, returns) = asking_at(app, "https://betal.example/1?a=b&c=d");
        let mut client = desk.consumer.at(&app.client_of(state));
        let hold = desk.hold(Desk::slot(2)).await;
        let confirm = submit_payment(&mut client, &hold, NEEDS_CONFIRMATION).await.expect(303).location();
        assert_eq!(confirm, format!("/book/{hold}/confirm"));
        let asked = client.get(&confirm).await.expect(200).expect_text("Gå videre til betalingstjenesten");
        let policy = asked.headers.get("content-security-policy").expect("every page has one").to_str().expect("ASCII");
        assert!(policy.contains("form-action 'self'; ") && !policy.contains("betal.example"), "{policy}");
        assert!(asked.text().contains(r#"href="https://betal.example/1?a=b&#38;c=d" rel="noreferrer""#), "{}", asked.text());
        let back = returns.lock().expect("nobody panics while holding it").pop();
        assert_eq!(back, Some(format!("{ORIGIN}{confirm}")));
        let reference: String = app.rows("SELECT reference FROM payment WHERE hold_id = $1", params![&hold]).await.remove(0);
        app.provider().answer(&reference, true).await.expect("they confirm it there");
        booked(&client.get(&confirm).await);
    }
}

on_both! {
    async fn what_is_paid_anew_elsewhere_comes_back_to_the_appointment(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2) + 10 * DAY_US;
        let appointment = desk.book(start, DECLINED_LATER).await;
        app.set_now(start - DAY_US);
        desk.jobs().await;
        let (state, returns) = asking_at(app, "https://betal.example/2");
        let mut client = desk.consumer.at(&app.client_of(state));
        let path = format!("/bookings/{appointment}/payment");
        let pay = [("provider", "test"), ("method", NEEDS_CONFIRMATION)];
        client.post(&path, &pay).await.expect(200).expect_text(r#"href="https://betal.example/2""#);
        client.get(&path).await.expect(200).expect_text(r#"href="https://betal.example/2""#);
        let back = returns.lock().expect("nobody panics while holding it").pop();
        assert_eq!(back, Some(format!("{ORIGIN}{path}")));
        let newest = "SELECT reference FROM payment WHERE appointment_id = $1 ORDER BY attempt DESC LIMIT 1";
        let reference: String = app.rows(newest, params![&appointment]).await.remove(0);
        app.provider().answer(&reference, true).await.expect("they confirm it there");
        assert_eq!(client.get(&path).await.location(), format!("/bookings/{appointment}"));
        assert_eq!(desk.payment_of(&appointment, "mend", "authorised").await, "45000 0");
    }
}

on_both! {
    /// A statement that fails is told to operators, until it does not any more.
    async fn deletion_that_stands_still_is_told(app: App) {
        let mut operator = crate::retention::operator(app).await;
        app.execute("ALTER TABLE acceptance RENAME TO acceptance_away", params![]).await;
        booking_core::jobs::round(&app.state).await;
        app.advance(SECOND_US);
        booking_core::jobs::round(&app.state).await;
        let shown = page(&mut operator, "/operator/retention").await;
        assert!(shown.contains("Slettingen står stille siden") && shown.contains("acceptance"), "{shown}");
        operator.get("/operator").await.expect(200).expect_text("Slettingen av det som er gammelt nok, står stille.");
        app.execute("ALTER TABLE acceptance_away RENAME TO acceptance", params![]).await;
        booking_core::jobs::round(&app.state).await;
        let shown = page(&mut operator, "/operator/retention").await;
        assert!(!shown.contains("står stille"), "{shown}");
    }
}
