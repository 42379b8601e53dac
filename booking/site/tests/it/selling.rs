//! What a seller must say, and what is sold where nobody takes payments (trials A2, A3, B5, B6).

use booking_core::base::{DAY_US, Micros, SECOND_US};
use booking_core::params;
use booking_core::providers::vat::is_registered;

use crate::desk::{ACCEPTED, Desk, FREE, METERED, booked, receipt};
use crate::harness::App;
use crate::on_both;
use crate::walk::{add_service, consumer, provider, tomorrow};

on_both! {
    /// Trial A2: without a provider only free services are offered, published and booked, and the pages say so.
    async fn without_payments_only_free_services_are_sold(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Bli kjent", &[("kind", "free")]).await;
        let mut off = app.client_without_payments();
        let page = off.get(&format!("/providers/{}", clinic.slug)).await.expect(200).expect_text("tar betaling");
        assert!(!page.text().contains("Råd på video"), "what has a price is not offered");
        let start = tomorrow(app, 0).to_string();
        off.post("/holds", &[("service", &clinic.service), ("start", &start)]).await.expect(409);
        off.post("/holds", &[("service", &free), ("start", &start)]).await.expect(303);
        off.get("/search?what=klinikken").await.expect(200).expect_text("Bli kjent");
        // The provider is told, and cannot save a price.
        let mut owner = clinic.client.at(&off);
        owner.get("/provider/services").await.expect(200).expect_text("tar ikke betaling");
        let priced = [
            ("title", "Dyr"), ("description", ""), ("duration_min", "30"), ("buffer_min", "0"), ("notice_h", "0"),
            ("window_days", "28"), ("kind", "fixed"), ("amount", "300"), ("active", "yes"),
        ];
        owner.post("/provider/services/new", &priced).await.expect(422).expect_text("tar ikke betaling");
        // With priced services alone there is nothing to publish.
        app.execute("UPDATE service SET active = 0 WHERE id = $1", params![&free]).await;
        owner.post("/provider/profile", &[("action", "pause")]).await.expect(303);
        owner.post("/provider/profile", &[("action", "publish")]).await.expect(409);
        app.execute("UPDATE service SET active = 1 WHERE id = $1", params![&free]).await;
        owner.post("/provider/profile", &[("action", "publish")]).await.expect(303);
    }
}

on_both! {
    /// Trial A2: a hold from before payments were turned off meets no card field and pays nothing.
    async fn a_hold_with_a_price_is_not_paid_once_payments_are_off(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let path = format!("/book/{hold}/payment");
        let mut off = desk.consumer.at(&app.client_without_payments());
        let page = off.get(&path).await.expect(200).expect_text("tar ikke betaling").text();
        assert!(!page.contains("name=\"method\"") && !page.contains("<button class=\"btn\">"), "{page}");
        let card = [("provider", "test"), ("method", ACCEPTED), ("withdrawal", "yes")];
        off.post(&path, &card).await.expect(409);
        assert_eq!(app.number("SELECT COUNT(*) FROM payment", params![]).await, 0);
    }
}

on_both! {
    /// Trial A2: everything that the test provider has a part in says test, in both languages.
    async fn whatever_is_paid_by_the_test_provider_says_test(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let path = format!("/book/{hold}/payment");
        desk.consumer.get(&path).await.expect(200).expect_text("Testbetaling.");
        // What was sent in place of a choice never comes back.
        let wrong = [("provider", "test"), ("method", "4111 1111 1111 1111"), ("withdrawal", "yes")];
        let answer = desk.consumer.post(&path, &wrong).await.expect(422).text();
        assert!(!answer.contains("4111"), "{answer}");
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).expect_text("Testbetaling: ingen penger");
        desk.talk(&appointment, Desk::slot(2), 25 * SECOND_US).await;
        desk.jobs().await;
        desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).expect_text("Testbetaling: ingen penger");
        let mails: Vec<String> = app.rows("SELECT body FROM outbox WHERE appointment_id = $1", params![&appointment]).await;
        assert!(mails.len() >= 3 && mails.iter().all(|body| body.contains("TEST")), "{mails:#?}");
        let receipt: Vec<String> = app.rows("SELECT content FROM document", params![]).await;
        assert!(receipt[0].contains("\"test\":true") && receipt[0].contains("TEST Visa"), "{receipt:?}");
        let english: Vec<String> = ["document-receipt-test", "mail-test-payment", "price-test", "test-payment-title"]
            .map(|key| web::t(web::Locale::En, key, &[]).to_lowercase())
            .to_vec();
        assert!(english.iter().all(|text| text.contains("test")), "{english:?}");
    }
}

/// Midnight of 24 November 2026 in Oslo, the day after the tests begin.
const TOMORROW_US: Micros = 1_795_474_800_000_000;

/// Whether the only business is registered at each of these moments.
async fn registered_at<const N: usize>(app: &App, moments: [Micros; N]) -> [bool; N] {
    let mut tx = app.state.db.read().await.expect("a connection");
    let org: Vec<String> = app.rows("SELECT id FROM org", params![]).await;
    let mut registered = [false; N];
    for (at, moment) in registered.iter_mut().zip(moments) {
        *at = is_registered(&mut tx, &org[0], moment).await.expect("it reads");
    }
    registered
}

on_both! {
    /// Trial A3: a number alone makes nobody registered; the answer is asked, dated, and holds from its day.
    async fn vat_is_asked_dated_and_can_change(app: App) {
        let mut client = consumer(app, "kari").await;
        let form = |vat: &'static str, from: &'static str| {
            [
                ("name", "Klinikken"), ("org_number", "NO 999 900 003 MVA"), ("vat", vat), ("vat_from", from),
                ("category", "vet"), ("place", "Bergen"), ("about", "Råd"), ("action", "save"),
            ]
        };
        client.post("/provider/signup", &form("", "")).await.expect(422).expect_text("mva");
        client.post("/provider/signup", &form("yes", "")).await.expect(422);
        client.post("/provider/signup", &form("yes", "9999-12-31")).await.expect(422);
        client.post("/provider/signup", &form("no", "")).await.expect(303);
        let statements = "SELECT registered, from_us FROM org_vat ORDER BY id";
        assert_eq!(app.rows::<(i64, i64)>(statements, params![]).await, [(0, 0)]);
        client.get("/provider/profile").await.expect(200).expect_text("value=\"no\" checked");
        // Registered from tomorrow; saving the same again adds nothing.
        for _ in 0..2 {
            client.post("/provider/profile", &form("yes", "2026-11-24")).await.expect(303);
        }
        let rows: Vec<(i64, i64)> = app.rows(statements, params![]).await;
        assert_eq!(rows, [(0, 0), (1, TOMORROW_US)]);
        assert_eq!(registered_at(app, [TOMORROW_US - 1, TOMORROW_US]).await, [false, true]);
        client.post("/provider/profile", &form("no", "")).await.expect(303);
        let rows: Vec<(i64, i64)> = app.rows(statements, params![]).await;
        assert_eq!(rows[2], (0, app.now()), "who stops without a day stops today");
        // What the form shows is saved again and changes nothing.
        client.post("/provider/profile", &form("no", "2026-11-23")).await.expect(303);
        assert_eq!(app.rows::<(i64, i64)>(statements, params![]).await, rows);
    }
}

on_both! {
    /// A registration that lies ahead is called off, or moved, before its day comes and after.
    async fn a3_a_later_answer_about_vat_takes_the_place_of_an_earlier_one(app: App) {
        let mut client = consumer(app, "kari").await;
        let form = |vat: &'static str, from: &'static str| {
            [
                ("name", "Klinikken"), ("org_number", "999900003"), ("vat", vat), ("vat_from", from),
                ("category", "vet"), ("place", "Bergen"), ("about", "Råd"), ("action", "save"),
            ]
        };
        let days = |number: i64| TOMORROW_US + number * DAY_US;
        client.post("/provider/signup", &form("no", "")).await.expect(303);
        let mut say = async |vat: &'static str, from: &'static str| {
            client.post("/provider/profile", &form(vat, from)).await.expect(303);
            app.advance(SECOND_US);
        };
        say("yes", "2026-11-24").await;
        say("no", "").await;
        assert_eq!(registered_at(app, [days(0), days(30)]).await, [false, false], "called off");
        say("yes", "2026-11-24").await;
        say("yes", "2026-11-29").await;
        assert_eq!(registered_at(app, [days(0), days(5)]).await, [false, true], "moved to a later day");
        app.advance(6 * DAY_US);
        say("yes", "2026-12-04").await;
        assert_eq!(registered_at(app, [app.now(), days(10)]).await, [false, true], "moved once its day had come");
        app.advance(6 * DAY_US);
        // Who stops on a day was registered until then, also when that day is moved.
        say("no", "2026-12-14").await;
        say("no", "2026-12-19").await;
        assert_eq!(registered_at(app, [days(10), days(20), days(24), days(25)]).await, [true, true, true, false]);
        say("yes", "2026-12-04").await;
        assert_eq!(registered_at(app, [days(9), days(10), days(25)]).await, [false, true, true], "goes on");
    }
}

on_both! {
    /// What was charged with tax is shown with it, whatever is stated afterwards about that day.
    async fn a3_the_page_of_a_charged_booking_keeps_the_tax_of_its_receipt(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        desk.jobs().await;
        let path = format!("/bookings/{appointment}");
        let tax = "25 %";
        desk.consumer.get(&path).await.expect(200).expect_text(tax);
        app.execute("INSERT INTO org_vat (id, org_id, registered, from_us, stated_us) VALUES ('w', 'org', 0, 1, $1)", params![app.now()]).await;
        assert_eq!(registered_at(app, [start]).await, [false]);
        desk.consumer.get(&path).await.expect(200).expect_text(tax);
    }
}

on_both! {
    /// Trial A3: the receipt follows what held when the call took place, with tax and without.
    async fn receipts_are_with_and_without_vat(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        // Registered only from the second appointment on.
        app.execute("UPDATE org_vat SET from_us = $1", params![Desk::slot(4)]).await;
        for (slot, vat_minor) in [(2, 0), (6, 300)] {
            let start = Desk::slot(slot);
            let appointment = desk.book(start, ACCEPTED).await;
            desk.talk(&appointment, start, 25 * SECOND_US).await;
            desk.jobs().await;
            let charge = "SELECT amount_minor, vat_minor FROM charge WHERE call_id = $1";
            assert_eq!(app.rows::<(i64, i64)>(charge, params![&appointment]).await, [(1500, vat_minor)]);
            let pdf = receipt(&mut desk.consumer, &appointment).await;
            let Some(text) = crate::documents::text_of(&pdf.bytes) else { continue };
            assert_eq!(text.contains("923609016 MVA"), vat_minor > 0, "{text}");
            assert_eq!(text.contains("Mva. 25 %"), vat_minor > 0, "{text}");
            assert_eq!(text.contains("ikke registrert i Merverdiavgiftsregisteret"), vat_minor == 0, "{text}");
        }
    }
}

on_both! {
    /// Trial B5, S57: the tick is asked where the law asks it, and kept with its words and time.
    async fn the_request_to_begin_before_the_withdrawal_period_ends_is_kept(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        desk.consumer.get(&format!("/book/{hold}/payment")).await.expect(200).expect_text("name=\"withdrawal\"");
        let kept = "SELECT COUNT(*) FROM withdrawal_request";
        let card = [("provider", "test"), ("method", ACCEPTED)];
        desk.consumer.post(&format!("/book/{hold}/payment"), &card).await.expect(422);
        assert_eq!(app.number(kept, params![]).await, 0);
        booked(&desk.pay(&hold, ACCEPTED).await);
        let rows: Vec<(String, String, String, i64)> = app
            .rows("SELECT hold_id, version, locale, accepted_us FROM withdrawal_request", params![])
            .await;
        assert_eq!(rows, [(hold, web::pages::legal::LEGAL_VERSION.to_owned(), "nb".to_owned(), app.now())]);
        // Beyond the fourteen days nothing is asked, and nothing kept.
        let far = desk.hold(Desk::slot(2) + 15 * DAY_US).await;
        let page = desk.consumer.get(&format!("/book/{far}/payment")).await.expect(200).text();
        assert!(!page.contains("name=\"withdrawal\""));
        booked(&desk.consumer.post(&format!("/book/{far}/payment"), &card).await);
        assert_eq!(app.number(kept, params![]).await, 1);
    }
}

on_both! {
    /// Trial B5: a free appointment asks nothing and says nothing of withdrawing.
    async fn a_free_appointment_asks_for_no_tick(app: App) {
        let mut desk = Desk::open(app, FREE).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let page = desk.consumer.get(&format!("/book/{hold}/payment")).await.expect(200).text();
        assert!(!page.contains("withdrawal") && !page.contains("name=\"method\""));
        booked(&desk.consumer.post(&format!("/book/{hold}/payment"), &[]).await);
    }
}

on_both! {
    /// Trial B6: more than can be reached is refused, none typed is computed.
    async fn a_highest_price_is_what_can_be_reached(app: App) {
        let mut clinic = provider(app, "kari").await;
        let rate = [("title", "Dyr"), ("description", "x"), ("duration_min", "30"), ("buffer_min", "0"), ("notice_h", "0"),
            ("window_days", "28"), ("kind", "per_minute"), ("rate", "20"), ("free_min", "0"), ("active", "yes")];
        let mut form = rate.to_vec();
        form.push(("cap", "1000"));
        clinic.client.post("/provider/services/new", &form).await.expect(422).expect_text("mer enn samtalen kan koste");
        let service = add_service(&mut clinic.client, app, "Uten tak", &[("rate", "20"), ("cap", "")]).await;
        let terms: Vec<String> = app.rows("SELECT price_terms FROM service WHERE id = $1", params![&service]).await;
        assert!(terms[0].contains("\"cap_minor\":60000"), "{terms:?}");
    }
}

on_both! {
    /// Trial B6: a fixed price is no ceiling, and the words say so.
    async fn a_fixed_price_is_not_worded_as_a_ceiling(app: App) {
        let mut desk = Desk::open(app, crate::desk::FIXED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let page = desk.consumer.get(&format!("/book/{hold}/payment")).await.expect(200).text();
        for word in ["inntil", "maks ", "Makspris"] {
            assert!(!page.contains(word), "{word}");
        }
    }
}

on_both! {
    /// Trial B8: the calendar file that somebody keeps says that a cancelled appointment is cancelled, and asks nothing.
    async fn a_kept_calendar_file_follows_the_appointment(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        let path = format!("/bookings/{appointment}/calendar.ics");
        let booked = desk.consumer.get(&path).await.expect(200).text();
        assert!(booked.contains("STATUS:CONFIRMED") && booked.contains("LOCATION:") && !booked.contains("METHOD:"), "{booked}");
        desk.consumer.post(&format!("/bookings/{appointment}/cancel"), &[]).await.expect(303);
        let cancelled = desk.consumer.get(&path).await.expect(200).text();
        assert!(cancelled.contains("STATUS:CANCELLED") && cancelled.contains("SEQUENCE:1"), "{cancelled}");
        let mailed: Vec<String> = app
            .rows("SELECT ics FROM outbox WHERE kind = 'cancelled' AND ics IS NOT NULL", params![])
            .await;
        assert!(mailed.iter().all(|ics| ics.contains("METHOD:CANCEL")), "{mailed:?}");
    }
}

on_both! {
    /// Trial E15: letters beyond ASCII are found in capitals and small, and signs of patterns mean themselves.
    async fn the_outbox_is_searched_in_every_letter(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        app.execute("UPDATE account SET name = 'Åshild Ødegård_1' WHERE id = 'c'", params![]).await;
        desk.book(Desk::slot(4), ACCEPTED).await;
        app.execute("UPDATE outbox SET subject = 'Ny time: Åshild Ødegård_1'", params![]).await;
        let mut found = async |q: &str| {
            let form = [("q", q), ("reason", "Ringte")];
            desk.operator.post("/operator/outbox", &form).await.expect(200).text().contains("href=\"/operator/outbox/")
        };
        for q in ["Åshild", "åshild", "ØDEGÅRD", "d_1"] {
            assert!(found(q).await, "{q}");
        }
        for q in ["Å_hild", "%hild%x", "!!!", "ødegårdx1"] {
            assert!(!found(q).await, "{q}");
        }
    }
}
