//! The right of withdrawal until the service is performed (angrerettloven sections 18, 22 and 26).

use booking_core::base::{DAY_US, MINUTE_US, SECOND_US};
use booking_core::calls;
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, FIXED, METERED, booked, present, segment};
use crate::harness::{App, Client};
use crate::on_both;

/// A desk whose service costs everything when nobody comes.
async fn open_strict<'a>(app: &'a App, price: &str) -> Desk<'a> {
    let desk = Desk::open(app, price).await;
    let policy = r#"{"bands":[{"before_h":24,"percent":100}],"no_show_percent":100,"notice_h":0}"#;
    app.execute("UPDATE service SET cancel_policy = $1", params![policy])
        .await;
    desk
}

/// The provider waits in the room until the end of the window, and nobody comes.
async fn miss(desk: &Desk<'_>, appointment: &str, number: i64) {
    let (_, provider) = desk.seats(appointment).await;
    let start = Desk::slot(number);
    let state = &desk.app.state;
    desk.app.set_now(start);
    calls::record_arrival(state, appointment, &provider, start, false)
        .await
        .expect("it is written");
    present(state, appointment, &provider, 0, (start, start + 29 * MINUTE_US)).await;
    desk.app.set_now(start + 31 * MINUTE_US);
    desk.jobs().await;
}

async fn page(client: &mut Client, path: &str) -> String {
    client.get(path).await.expect(200).text().replace('\u{a0}', " ")
}

async fn charge(app: &App) -> (String, i64, i64) {
    app.rows("SELECT outcome, amount_minor, vat_minor FROM charge", params![])
        .await
        .pop()
        .expect("one charge")
}

/// Every account of the ledger of an appointment that is not empty.
async fn balances(desk: &Desk<'_>, appointment: &str) -> Vec<(String, i64)> {
    let sql = "SELECT e.account, CAST(SUM(e.amount_minor) AS BIGINT) AS sum FROM ledger_entry e JOIN ledger_tx t ON t.id = e.tx_id
        WHERE t.appointment_id = $1 OR t.payment_id IN (SELECT p.id FROM payment p WHERE p.appointment_id = $1)
        GROUP BY e.account HAVING SUM(e.amount_minor) <> 0 ORDER BY e.account";
    desk.app.rows(sql, params![appointment]).await
}

on_both! {
    /// Section 18: the form itself is in the mail, which outlives every page.
    async fn the_mail_about_the_booking_carries_the_form(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let hold = desk.hold(Desk::slot(4)).await;
        booked(&desk.pay(&hold, ACCEPTED).await);
        let mails: Vec<String> = app.rows("SELECT body FROM outbox WHERE kind = 'booked' AND recipient = 'c@example.no'", params![]).await;
        for part in [
            "Angreskjema. Du kan bruke dette i stedet for knappen",
            "Til Dyreklinikken Nordli AS, Foretaksregisteret, org.nr. 923609016, Storgata 1, 5003 Bergen, +47 55 00 00 00, post@nordli.example",
            "Jeg underretter herved om at jeg ønsker å gå fra min avtale om kjøp av følgende tjeneste: Videotime",
            "Forbrukerens navn: Ola Hansen", "Forbrukerens adresse: ____", "Dato: ____",
        ] {
            assert!(mails[0].contains(part), "no {part:?} in {}", mails[0]);
        }
    }
}

on_both! {
    /// The right does not end with the start: who waits in vain, or comes late, withdraws at no cost.
    async fn the_right_outlives_the_start(app: App) {
        let mut desk = open_strict(app, FIXED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        app.set_now(Desk::slot(4) + 5 * MINUTE_US);
        let path = format!("/bookings/{appointment}/withdraw");
        assert!(page(&mut desk.consumer, &path).await.contains("Gå fra avtalen gratis"));
        desk.consumer.post(&path, &[]).await.expect(303);
        desk.jobs().await;
        assert_eq!((desk.status(&appointment).await, desk.payment(&appointment).await), ("cancelled".into(), "released 39000 0".into()));
        assert_eq!(balances(&desk, &appointment).await, []);
    }
}

on_both! {
    /// Who did not come has had nothing performed: the fee goes back, with a credit note, and the books are empty.
    async fn who_did_not_come_withdraws_and_gets_the_fee_back(app: App) {
        let mut desk = open_strict(app, FIXED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        miss(&desk, &appointment, 4).await;
        assert_eq!(charge(app).await, ("no_show_consumer".into(), 39_000, 7_800));
        assert_eq!(desk.payment(&appointment).await, "captured 39000 39000");
        app.advance(3 * DAY_US);
        let path = format!("/bookings/{appointment}");
        assert!(page(&mut desk.consumer, &path).await.contains(&format!("{path}/withdraw")));
        assert!(page(&mut desk.consumer, &format!("{path}/withdraw")).await.contains("faller gebyret bort"));
        desk.provider.post(&format!("{path}/withdraw"), &[]).await.expect(404);
        for _ in 0..2 {
            desk.consumer.post(&format!("{path}/withdraw"), &[]).await.expect(303);
            desk.jobs().await;
        }
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!(desk.payment(&appointment).await, "refunded 39000 39000");
        assert_eq!(balances(&desk, &appointment).await, []);
        let refunds: Vec<(i64, String, String)> = app.rows("SELECT amount_minor, state, reason FROM refund", params![]).await;
        assert_eq!(refunds, [(39_000, "done".into(), "Kunden brukte angreretten.".into())]);
        assert_eq!(app.number("SELECT COUNT(*) FROM document WHERE kind = 'credit_note' AND total_minor = 39000", params![]).await, 1);
        let shown = page(&mut desk.consumer, &path).await;
        assert!(shown.contains("Kunden brukte angreretten") && !shown.contains(&format!("{path}/withdraw")), "{shown}");
    }
}

on_both! {
    /// After fourteen days the fee stays.
    async fn who_did_not_come_withdraws_no_later_than_others(app: App) {
        let mut desk = open_strict(app, FIXED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        miss(&desk, &appointment, 4).await;
        app.advance(15 * DAY_US);
        desk.consumer.post(&format!("/bookings/{appointment}/withdraw"), &[]).await.expect(409);
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 39000 39000");
    }
}

on_both! {
    /// A fee that could not be taken is owed no more, and nothing is left of it in the books.
    async fn a_fee_that_was_not_taken_is_dropped(app: App) {
        let mut desk = open_strict(app, FIXED).await;
        let appointment = desk.book(Desk::slot(4), crate::desk::CAPTURE_FAILS).await;
        miss(&desk, &appointment, 4).await;
        for _ in 0..8 {
            app.advance(60 * MINUTE_US);
            desk.jobs().await;
        }
        assert_eq!(balances(&desk, &appointment).await.iter().filter(|(account, _)| account == "consumer_receivable").count(), 1);
        desk.consumer.post(&format!("/bookings/{appointment}/withdraw"), &[]).await.expect(303);
        desk.jobs().await;
        assert_eq!(charge(app).await, ("no_show_consumer".into(), 0, 0));
        assert_eq!(balances(&desk, &appointment).await, []);
        assert_eq!(app.number("SELECT COUNT(*) FROM refund", params![]).await, 0);
    }
}

/// Both talk from the start on, and are sent out after so long.
async fn talk_and_withdraw(desk: &mut Desk<'_>, appointment: &str, number: i64, minutes: i64) {
    let (app, state, start) = (desk.app, &desk.app.state, Desk::slot(number));
    let (consumer, provider) = desk.seats(appointment).await;
    app.set_now(start);
    for seat in [&consumer, &provider] {
        calls::record_arrival(state, appointment, seat, start, false)
            .await
            .expect("it is written");
    }
    calls::record_admission(state, appointment, &consumer, start)
        .await
        .expect("it is written");
    for seat in [&consumer, &provider] {
        calls::open_segment(state, "main", &segment(appointment, seat, 0), start)
            .await
            .expect("it is written");
    }
    let at = start + minutes * MINUTE_US;
    for seat in [&consumer, &provider] {
        calls::record_checkpoint(state, &[(segment(appointment, seat, 0), at)])
            .await
            .expect("it is written");
    }
    app.set_now(at);
    let path = format!("/bookings/{appointment}/withdraw");
    assert_eq!(desk.status(appointment).await, "in_call");
    assert!(
        page(&mut desk.consumer, &path)
            .await
            .contains("du betaler bare for den delen som er gjennomført")
    );
    desk.consumer.post(&path, &[]).await.expect(303);
    // The last packets arrive a little later, and cost nothing.
    for seat in [&consumer, &provider] {
        let key = &segment(appointment, seat, 0);
        calls::close_segment(state, key, at + 2 * SECOND_US, signaling_protocol::SegmentEnd::Left)
            .await
            .expect("it is written");
    }
    app.advance(3 * SECOND_US);
    desk.jobs().await;
}

on_both! {
    /// Section 26: a fixed price is paid by its share of the agreed time, 10 of 30 minutes of 390 kr.
    async fn of_a_fixed_price_the_performed_part_is_paid(app: App) {
        let mut desk = open_strict(app, FIXED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        talk_and_withdraw(&mut desk, &appointment, 4, 10).await;
        assert_eq!(charge(app).await, ("withdrawn".into(), 13_000, 2_600));
        assert_eq!((desk.status(&appointment).await, desk.payment(&appointment).await), ("completed".into(), "captured 39000 13000".into()));
        let content = desk.text("SELECT content FROM document WHERE appointment_id = $1", &appointment).await;
        assert!(content.contains("Kunden brukte angreretten underveis"), "{content}");
        // Once is enough, and nothing comes back of what was performed.
        desk.consumer.post(&format!("/bookings/{appointment}/withdraw"), &[]).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 39000 13000");
    }
}

on_both! {
    /// By the minute the measured time is paid: 10 minutes of 15 kr.
    async fn by_the_minute_the_measured_part_is_paid(app: App) {
        let mut desk = open_strict(app, METERED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        talk_and_withdraw(&mut desk, &appointment, 4, 10).await;
        assert_eq!(charge(app).await, ("withdrawn".into(), 15_000, 3_000));
        assert_eq!(desk.payment(&appointment).await, "captured 45000 15000");
    }
}

on_both! {
    /// What has taken place is not withdrawn from.
    async fn the_right_ends_when_the_service_is_performed(app: App) {
        let mut desk = open_strict(app, FIXED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        desk.talk(&appointment, Desk::slot(4), 5 * MINUTE_US).await;
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "completed");
        let path = format!("/bookings/{appointment}");
        assert_eq!(desk.consumer.get(&format!("{path}/withdraw")).await.location(), path);
        desk.consumer.post(&format!("{path}/withdraw"), &[]).await.expect(409);
        assert_eq!(desk.payment(&appointment).await, "captured 39000 39000");
    }
}
