//! From a slot to the payment, and everything that can get in between.

use booking_core::base::{DAY_US, HOUR_US, MINUTE_US};
use booking_core::{calls, params};

use crate::harness::App;
use crate::on_both;
use crate::walk::{self, PASSWORD, consumer, hold, provider, tomorrow, verify_link};

on_both! {
    /// S03.
    async fn a_visitor_holds_a_slot_registers_and_comes_back_to_it(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        visitor.get("/search?what=veterin%C3%A6r&where=Bergen").await.expect(200).expect_text("Klinikken kari");
        visitor.get(&format!("/providers/{}", clinic.slug)).await.expect(200).expect_text("Råd på video");
        let start = tomorrow(app, 0);
        let page = hold(&mut visitor, &clinic.service, start).await;
        visitor.get(&page).await.expect(200);
        let form = [
            ("about", "Hunden halter"),
            ("account", "register"),
            ("name", "Ola Hansen"),
            ("email", "ola@example.no"),
            ("phone", "91234567"),
            ("place", "Bergen"),
            ("password", PASSWORD),
            ("accept", "yes"),
        ];
        assert_eq!(visitor.post(&page, &form).await.expect(303).location(), page);
        visitor.get(&page).await.expect(200).expect_text("ola@example.no");
        // Whoever mistyped the address gets the form again.
        visitor.get(&format!("{page}?change=1")).await.expect(200).expect_text("name=\"password\"");
        app.advance(5 * MINUTE_US);
        let link = verify_link(app, "ola@example.no").await;
        let next = visitor.post(&link, &[]).await.expect(303).location();
        assert!(next.starts_with(&format!("{page}/payment")), "{next}");
        visitor.get(&next).await.expect(200).expect_text("450");
        let rows: Vec<(String, i64)> = app.rows("SELECT about, start_us FROM hold", params![]).await;
        assert_eq!(rows, [("Hunden halter".to_owned(), start)]);
        // Somebody else has no part in it.
        app.client().get(&page).await.expect(404);
        consumer(app, "per").await.get(&page).await.expect(404);
    }
}

on_both! {
    /// S03.
    async fn signing_in_keeps_the_slot_too(app: App) {
        let clinic = provider(app, "kari").await;
        consumer(app, "ola").await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let wrong = [("about", "Katten"), ("account", "sign_in"), ("email", "ola@example.no"), ("password", "wrong word")];
        visitor.post(&page, &wrong).await.expect(422);
        let missing = [("about", ""), ("account", "sign_in"), ("email", "ola@example.no"), ("password", PASSWORD)];
        visitor.post(&page, &missing).await.expect(422);
        let form = [("about", "Katten"), ("account", "sign_in"), ("email", "ola@example.no"), ("password", PASSWORD)];
        assert_eq!(visitor.post(&page, &form).await.expect(303).location(), format!("{page}/payment"));
        visitor.get(&format!("{page}/payment")).await.expect(200);
    }
}

on_both! {
    async fn a_double_submit_holds_once(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let first = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let second = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        assert_eq!(first, second);
        let mut one = visitor.clone();
        let start = tomorrow(app, 60).to_string();
        let form = [("service", clinic.service.as_str()), ("start", start.as_str())];
        let (a, b) = tokio::join!(one.post("/holds", &form), visitor.post("/holds", &form));
        assert_eq!(a.expect(303).location(), b.expect(303).location());
        // The first slot was given back: a visitor who picks another time of the same member has changed their mind.
        assert_eq!(app.number("SELECT COUNT(*) FROM hold WHERE state = 'held'", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 6);
    }
}

/// Sends the same wish from so many browsers at once; how many got it, and that all others were told cleanly.
async fn race(app: &App, wishes: &[(String, i64)], racers: usize) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..racers {
        let (service, start) = wishes[number % wishes.len()].clone();
        let mut client = app.client();
        client.ip = [
            10,
            1,
            u8::try_from(number / 250).expect("few"),
            u8::try_from(number % 250).expect("few"),
        ];
        tasks.spawn(async move {
            client
                .post("/holds", &[("service", &service), ("start", &start.to_string())])
                .await
                .status
                .as_u16()
        });
    }
    let mut won = 0;
    while let Some(status) = tasks.join_next().await {
        match status.expect("no racer panics") {
            303 => won += 1,
            409 => {}
            other => panic!("a racer got {other}"),
        }
    }
    won
}

on_both! {
    async fn of_two_hundred_racers_for_a_slot_one_wins(app: App) {
        let clinic = provider(app, "kari").await;
        assert_eq!(race(app, &[(clinic.service.clone(), tomorrow(app, 0))], 200).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 6);
    }
}

on_both! {
    async fn of_two_hundred_racers_for_overlapping_slots_one_wins(app: App) {
        let mut clinic = provider(app, "kari").await;
        // Starts every 15 minutes, 30 minutes long: neighbours overlap by half.
        let service = walk::add_service(&mut clinic.client, app, "Tett", &[]).await;
        app.execute("UPDATE service SET step_min = 15 WHERE id = $1", params![&service]).await;
        let wishes = [(service.clone(), tomorrow(app, 0)), (service.clone(), tomorrow(app, 15))];
        assert_eq!(race(app, &wishes, 200).await, 1);
    }
}

on_both! {
    async fn of_two_hundred_racers_for_two_services_of_one_member_one_wins(app: App) {
        let mut clinic = provider(app, "kari").await;
        let other = walk::add_service(&mut clinic.client, app, "Lang", &[("duration_min", "60")]).await;
        let wishes = [(clinic.service.clone(), tomorrow(app, 0)), (other, tomorrow(app, 0))];
        assert_eq!(race(app, &wishes, 200).await, 1);
    }
}

on_both! {
    async fn two_members_take_two_and_the_third_is_told(app: App) {
        let mut clinic = provider(app, "kari").await;
        walk::staff(app, &mut clinic, "per").await;
        let copy = "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min)
            SELECT o.id, w.weekday, w.start_min, w.end_min FROM weekly_rule w JOIN member o ON o.id <> w.member_id";
        assert_eq!(app.execute(copy, params![]).await, 7);
        assert_eq!(race(app, &[(clinic.service.clone(), tomorrow(app, 0))], 30).await, 2);
    }
}

on_both! {
    async fn holds_run_out_and_are_taken_over(app: App) {
        let clinic = provider(app, "kari").await;
        let (mut first, mut second) = (app.client(), app.client());
        let start = tomorrow(app, 0);
        let page = hold(&mut first, &clinic.service, start).await;
        let wish = [("service", clinic.service.as_str()), ("start", &start.to_string())];
        let taken = second.post("/holds", &wish).await.expect(409);
        assert!(taken.text().contains("/holds"), "the nearest free times are offered");
        app.advance(9 * MINUTE_US);
        first.post(&format!("{page}/extend"), &[]).await.expect(303);
        first.post(&format!("{page}/extend"), &[]).await.expect(303);
        app.advance(5 * MINUTE_US);
        first.get(&page).await.expect(200);
        second.post("/holds", &wish).await.expect(409);
        app.advance(MINUTE_US);
        first.get(&page).await.expect(410);
        second.post("/holds", &wish).await.expect(303);
        first.get(&page).await.expect(410);
        assert_eq!(app.number("SELECT COUNT(*) FROM hold WHERE state = 'expired'", params![]).await, 1);
    }
}

on_both! {
    async fn a_released_hold_frees_its_slot(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        app.client().post(&format!("{page}/release"), &[]).await.expect(404);
        visitor.post(&format!("{page}/release"), &[]).await.expect(303);
        visitor.post(&format!("{page}/release"), &[]).await.expect(409);
        assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 0);
        hold(&mut app.client(), &clinic.service, tomorrow(app, 0)).await;
    }
}

on_both! {
    async fn a_visitor_cannot_hoard(app: App) {
        let mut visitor = app.client();
        let mut services = Vec::new();
        for name in ["a1", "b2", "c3", "d4"] {
            let mut clinic = provider(app, name).await;
            services.push(walk::add_service(&mut clinic.client, app, &format!("Tjeneste {name}"), &[]).await);
        }
        for service in &services[..3] {
            hold(&mut visitor, service, tomorrow(app, 0)).await;
        }
        let start = tomorrow(app, 0).to_string();
        visitor.post("/holds", &[("service", &services[3]), ("start", &start)]).await.expect(429);
    }
}

on_both! {
    async fn times_that_are_never_free_are_refused(app: App) {
        let clinic = provider(app, "kari").await;
        let mut client = app.client();
        let mut check = async |start: i64, expect: u16| {
            client.post("/holds", &[("service", &clinic.service), ("start", &start.to_string())]).await.expect(expect);
        };
        check(tomorrow(app, 0) + 1, 409).await;
        check(tomorrow(app, 0) + 5 * MINUTE_US, 409).await;
        check(tomorrow(app, 0) + 14 * HOUR_US, 409).await;
        check(app.now() - HOUR_US, 409).await;
        check(app.now() + 400 * DAY_US, 409).await;
        check(i64::MAX, 409).await;
        check(i64::MIN, 409).await;
        client.post("/holds", &[("service", "nonsense"), ("start", "0")]).await.expect(404);
        client.post("/holds", &[("service", &clinic.service), ("start", "soon")]).await.expect(400);
        client.post("/holds", &[]).await.expect(400);
        assert_eq!(app.number("SELECT COUNT(*) FROM hold", params![]).await, 0);
    }
}

on_both! {
    async fn what_is_not_published_is_not_there(app: App) {
        let mut clinic = provider(app, "kari").await;
        clinic.client.post("/provider/profile", &[("action", "pause")]).await.expect(303);
        let page = format!("/providers/{}", clinic.slug);
        app.client().get(&page).await.expect(404);
        clinic.client.get(&page).await.expect(200);
        let start = tomorrow(app, 0).to_string();
        app.client().post("/holds", &[("service", &clinic.service), ("start", &start)]).await.expect(404);
    }
}

on_both! {
    async fn closed_days_have_no_times(app: App) {
        let mut clinic = provider(app, "kari").await;
        let close = [("action", "close"), ("date", "2026-11-24"), ("reason", "Kurs")];
        clinic.client.post("/provider/hours", &close).await.expect(303);
        clinic.client.get("/provider/hours").await.expect(200).expect_text("Kurs");
        let start = tomorrow(app, 0).to_string();
        let wish = [("service", clinic.service.as_str()), ("start", start.as_str())];
        app.client().post("/holds", &wish).await.expect(409);
        clinic.client.post("/provider/hours", &[("action", "open"), ("id", "2026-11-24")]).await.expect(303);
        app.client().post("/holds", &wish).await.expect(303);
    }
}

on_both! {
    async fn a_free_booking_is_cancelled_and_its_slot_is_free_again(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = walk::add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        let pay = [("withdrawal", "yes")];
        let payment = format!("{page}/payment");
        let mut twin = ola.clone();
        let (one, two) = tokio::join!(ola.post(&payment, &pay), twin.post(&payment, &pay));
        let booked = one.expect(303).location();
        assert_eq!(two.expect(303).location(), booked);
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM seat", params![]).await, 2);
        ola.get(&booked).await.expect(200).expect_text("ola@example.no");
        let page = booked.trim_end_matches("?new=1").to_owned();
        ola.get("/bookings").await.expect(200).expect_text(&page);
        clinic.client.get("/provider").await.expect(200).expect_text("Hunden halter");
        let calendar = ola.get(&format!("{page}/calendar.ics")).await.expect(200).text();
        assert!(calendar.contains("DTSTART:20261124T090000Z"), "{calendar}");
        ola.post(&format!("{page}/cancel"), &[]).await.expect(303);
        ola.post(&format!("{page}/cancel"), &[]).await.expect(303);
        assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 0);
        let kinds: Vec<String> = app.rows("SELECT kind FROM appointment_event ORDER BY seq", params![]).await;
        assert_eq!(kinds, ["booked", "cancelled"]);
        hold(&mut app.client(), &free, tomorrow(app, 0)).await;
    }
}

on_both! {
    async fn a_call_that_has_begun_cannot_be_cancelled(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = walk::add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let start = tomorrow(app, 0);
        let page = hold(&mut ola, &free, start).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        let booked = ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await.expect(303).location();
        let page = booked.trim_end_matches("?new=1").to_owned();
        app.set_now(start);
        let id = page.trim_start_matches("/bookings/");
        let (_, provider) = crate::desk::seats(app, id).await;
        calls::record_arrival(&app.state, id, &provider, start, false).await.expect("it is written");
        ola.post(&format!("{page}/cancel"), &[]).await.expect(409);
        ola.get(&format!("{page}/cancel")).await.expect(303);
        assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 6);
    }
}

on_both! {
    async fn deleting_an_account_cancels_what_it_booked(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = walk::add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await.expect(303);
        ola.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        let statuses: Vec<String> = app.rows("SELECT status FROM appointment", params![]).await;
        assert_eq!(statuses, ["cancelled"]);
        assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 0);
        let about: Vec<String> = app.rows("SELECT about FROM appointment", params![]).await;
        assert_eq!(about, ["Hunden halter"]);
        app.advance(7 * DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        let about: Vec<String> = app.rows("SELECT about FROM appointment", params![]).await;
        assert_eq!(about, [""]);
    }
}

on_both! {
    async fn nobody_books_themselves(app: App) {
        let mut clinic = provider(app, "kari").await;
        let page = hold(&mut clinic.client, &clinic.service, tomorrow(app, 0)).await;
        clinic.client.post(&page, &[("about", "Meg selv")]).await.expect(409);
    }
}

on_both! {
    async fn an_abandoned_booking_leaves_no_words_behind(app: App) {
        let clinic = provider(app, "kari").await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &clinic.service, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        app.advance(11 * MINUTE_US);
        booking_core::appointments::expire_holds(&app.state, app.now()).await.expect("it works");
        booking_core::privacy::erase_due(&app.state).await.expect("it works");
        assert_eq!(app.rows::<String>("SELECT about FROM hold", params![]).await, ["Hunden halter"]);
        app.advance(DAY_US);
        booking_core::privacy::erase_due(&app.state).await.expect("it works");
        assert_eq!(app.rows::<String>("SELECT about FROM hold", params![]).await, [""]);
    }
}

on_both! {
    async fn who_verified_elsewhere_signs_in_and_goes_on(app: App) {
        let clinic = provider(app, "kari").await;
        let mut laptop = app.client();
        let page = hold(&mut laptop, &clinic.service, tomorrow(app, 0)).await;
        let form = [
            ("about", "Hunden halter"),
            ("account", "register"),
            ("name", "Ola Hansen"),
            ("email", "ola@example.no"),
            ("phone", "91234567"),
            ("place", "Bergen"),
            ("password", PASSWORD),
            ("accept", "yes"),
        ];
        laptop.post(&page, &form).await.expect(303);
        let link = verify_link(app, "ola@example.no").await;
        app.client().post(&link, &[("password", PASSWORD)]).await.expect(303);
        laptop.get(&page).await.expect(200).expect_text("value=\"sign_in\" checked");
        let form = [("about", "Hunden halter"), ("account", "sign_in"), ("email", "ola@example.no"), ("password", PASSWORD)];
        laptop.post(&page, &form).await.expect(303);
        laptop.get(&format!("{page}/payment")).await.expect(200);
        // After signing out the browser knows nothing of it.
        laptop.post("/logout", &[]).await.expect(303);
        laptop.get(&page).await.expect(404);
    }
}
