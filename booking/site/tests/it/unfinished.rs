//! Bookings that were begun and not finished: what was typed, where they are found again, and why a time is refused.

use axum::body::Body;
use axum::http::{Request, header};
use booking_core::base::{DAY_US, MINUTE_US};
use booking_core::params;

use crate::harness::{App, Client, ORIGIN};
use crate::on_both;
use crate::walk::{self, PASSWORD, add_service, consumer, hold, provider, tomorrow, verify_link};

const TYPED: [(&str, &str); 8] = [
    ("about", "Hunden halter på venstre fot"),
    ("account", "register"),
    ("name", "Ola Hansen"),
    ("email", "ola@example.no"),
    ("phone", "912 34 567"),
    ("place", "Bergen"),
    ("password", "noe hemmelig noe"),
    ("accept", "yes"),
];

/// What the page of a hold shows of [`TYPED`]: all but the password.
#[track_caller]
fn shows_what_was_typed(page: &str) {
    for part in [
        "Hunden halter på venstre fot",
        "Ola Hansen",
        "ola@example.no",
        "912 34 567",
        "Bergen",
    ] {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    assert!(!page.contains("noe hemmelig noe"), "the password comes back");
}

async fn drafts(app: &App) -> i64 {
    app.number("SELECT COUNT(*) FROM hold_draft", params![]).await
}

on_both! {
    /// Trial E19: "keep it five minutes more" wiped what was written.
    async fn e19_extending_keeps_what_was_typed(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let before = visitor.get(&page).await.expect(200).text();
        assert!(before.contains(&format!("form=\"details\" formaction=\"{page}/extend\"")), "{before}");
        let back = visitor.post(&format!("{page}/extend"), &TYPED).await.expect(303).location();
        shows_what_was_typed(&visitor.get(&back).await.expect(200).text());
        let kept: i64 = app.number("SELECT expires_us - created_us FROM hold", params![]).await;
        assert_eq!(kept, 15 * MINUTE_US);
        // The step of payment has no such fields, and its button takes nothing away.
        visitor.post(&format!("{page}/extend"), &[("return_to", page.as_str())]).await.expect(303);
        shows_what_was_typed(&visitor.get(&page).await.expect(200).text());
    }
}

on_both! {
    /// Trial E19: with a script the page stays, and is told until when the time is held.
    async fn e19_a_script_extends_without_a_reload(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let ask = || {
            let request = Request::post(format!("{page}/extend"))
                .header(header::ORIGIN, ORIGIN)
                .header(header::ACCEPT, "application/json")
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            request.body(Body::from("about=Hunden+halter")).expect("a request")
        };
        let until = app.now() + 15 * MINUTE_US;
        let first = visitor.send(ask()).await.expect(200).text();
        assert_eq!(first, format!("{{\"expires\":{until},\"extended\":true}}"));
        let second = visitor.send(ask()).await.expect(200).text();
        assert_eq!(second, format!("{{\"expires\":{until},\"extended\":false}}"));
        visitor.get(&page).await.expect(200).expect_text("Hunden halter");
    }
}

on_both! {
    /// Trial E19: a hold that ran out and is taken again came back with an empty form.
    async fn e19_a_time_taken_again_comes_back_with_what_was_typed(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let start = tomorrow(app, 0);
        let page = hold(&mut visitor, &clinic.service, start).await;
        // While it is typed a script sends it; nobody else may.
        visitor.post(&format!("{page}/draft"), &TYPED[..3]).await.expect(204);
        app.client().post(&format!("{page}/draft"), &TYPED).await.expect(404);
        app.advance(11 * MINUTE_US);
        booking_core::appointments::expire_holds(&app.state, app.now()).await.expect("it works");
        // Sent too late, it is kept all the same.
        visitor.post(&page, &TYPED).await.expect(410).expect_text("Hold av på nytt");
        let again = hold(&mut visitor, &clinic.service, start).await;
        assert_ne!(again, page);
        shows_what_was_typed(&visitor.get(&again).await.expect(200).text());
        assert_eq!(visitor.get(&page).await.expect(303).location(), again, "the old page leads on");
        assert_eq!(drafts(app).await, 1);
        let everything: Vec<String> = app.rows("SELECT about || name || email || phone || place FROM hold_draft", params![]).await;
        assert!(!everything[0].contains("hemmelig"), "{everything:?}");
    }
}

on_both! {
    /// Trial E19: what was wrong stays to be mended, after a reload too, and after choosing another time.
    async fn e19_another_time_with_the_same_provider_keeps_the_form(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let wrong: Vec<(&str, &str)> = TYPED.iter().filter(|(name, _)| *name != "accept").copied().collect();
        visitor.post(&page, &wrong).await.expect(422);
        shows_what_was_typed(&visitor.get(&page).await.expect(200).text());
        let other = hold(&mut visitor, &clinic.service, tomorrow(app, 60)).await;
        shows_what_was_typed(&visitor.get(&other).await.expect(200).text());
        visitor.get(&page).await.expect(410).expect_text("Du valgte en annen tid");
    }
}

on_both! {
    /// Trial E19: nothing that was typed outlives the hold.
    async fn e19_what_was_typed_goes_with_the_hold(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&format!("{page}/draft"), &TYPED).await.expect(204);
        assert_eq!(drafts(app).await, 1);
        ola.post(&format!("{page}/release"), &[]).await.expect(303);
        assert_eq!(drafts(app).await, 0, "given back");
        ola.post(&format!("{page}/draft"), &TYPED).await.expect(204);
        assert_eq!(drafts(app).await, 0, "nothing is kept for it any more");
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &TYPED).await.expect(303);
        assert_eq!(drafts(app).await, 1);
        ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await.expect(303);
        assert_eq!(drafts(app).await, 0, "booked");
        let page = hold(&mut ola, &free, tomorrow(app, 60)).await;
        ola.post(&format!("{page}/draft"), &TYPED).await.expect(204);
        app.advance(11 * MINUTE_US);
        booking_core::appointments::expire_holds(&app.state, app.now()).await.expect("it works");
        booking_core::privacy::erase_due(&app.state).await.expect("it works");
        assert_eq!(drafts(app).await, 1);
        app.advance(DAY_US);
        booking_core::privacy::erase_due(&app.state).await.expect("it works");
        assert_eq!(drafts(app).await, 0, "run out a day ago");
    }
}

on_both! {
    /// Trial E19, E3: "Back" hid that a time is held, and an unfinished booking was nowhere.
    async fn e19_pages_before_the_form_say_what_is_held_until_when(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let shop = format!("/providers/{}?service={}", clinic.slug, clinic.service);
        for path in ["/", "/search?what=hund", shop.as_str()] {
            let shown = visitor.get(path).await.expect(200).text();
            assert!(shown.contains("fram til kl. 09:10"), "{path}: {shown}");
            assert!(shown.contains(&format!("href=\"{page}\"")), "{path}");
            assert!(shown.contains(&format!("action=\"{page}/release\"")), "{path}");
            assert!(!app.client().get(path).await.text().contains("fram til kl."), "{path}");
        }
        let back = visitor.post(&format!("{page}/release"), &[("return_to", "/search?what=hund")]).await.expect(303);
        assert_eq!(back.location(), "/search?what=hund&notice=hold-released");
        assert!(!visitor.get("/").await.text().contains("fram til kl."));
    }
}

on_both! {
    /// Trial E3: one's own hold hid its neighbours, so that nobody could change one's mind by a quarter of an hour.
    async fn e03_ones_own_time_is_shown_as_own_and_hides_no_neighbour(app: App) {
        let clinic = provider(app, "kari").await;
        app.execute("UPDATE service SET step_min = 15", params![]).await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let shop = format!("/providers/{}?service={}&day=2026-11-24", clinic.slug, clinic.service);
        let button = |minutes| format!("name=\"start\" value=\"{}\"", tomorrow(app, minutes));
        let mine = visitor.get(&shop).await.expect(200).text();
        assert!(mine.contains(&format!("class=\"time own\" href=\"{page}\"")), "{mine}");
        assert!(!mine.contains(&button(0)) && mine.contains(&button(-15)) && mine.contains(&button(15)), "{mine}");
        let theirs = app.client().get(&shop).await.expect(200).text();
        assert!(!theirs.contains(&button(15)) && !theirs.contains("class=\"time own\""), "{theirs}");
        let other = hold(&mut visitor, &clinic.service, tomorrow(app, 15)).await;
        visitor.get(&page).await.expect(410).expect_text(&format!("href=\"{other}\""));
        assert_eq!(app.number("SELECT COUNT(*) FROM hold WHERE state = 'held'", params![]).await, 1);
    }
}

on_both! {
    /// Trial E3: with two members the second time of the same browser is the first one's, moved.
    async fn e03_who_chooses_again_keeps_one_time_only(app: App) {
        let mut clinic = provider(app, "kari").await;
        walk::staff(app, &mut clinic, "per").await;
        let copy = "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min)
            SELECT o.id, w.weekday, w.start_min, w.end_min FROM weekly_rule w JOIN member o ON o.id <> w.member_id";
        app.execute(copy, params![]).await;
        // The first member is taken at ten, so this browser gets the second.
        hold(&mut app.client(), &clinic.service, tomorrow(app, 0)).await;
        let mut visitor = app.client();
        hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        hold(&mut visitor, &clinic.service, tomorrow(app, 60)).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM hold WHERE state = 'held'", params![]).await, 2);
    }
}

on_both! {
    /// Trial E3: who verified the address in another tab found the booking nowhere.
    async fn e03_an_unfinished_booking_stands_among_ones_bookings(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let form: Vec<(&str, &str)> =
            TYPED.iter().map(|(name, value)| (*name, if *name == "password" { PASSWORD } else { *value })).collect();
        visitor.post(&page, &form).await.expect(303);
        let link = verify_link(app, "ola@example.no").await;
        visitor.post(&link, &[]).await.expect(303);
        let list = visitor.get("/bookings").await.expect(200).text();
        assert!(list.contains("Ikke ferdig bestilt"), "{list}");
        assert!(list.contains(&format!("href=\"{page}/payment\"")), "{list}");
        // In another browser of the same account, too.
        let mut phone = app.client();
        phone.post("/login", &[("email", "ola@example.no"), ("password", PASSWORD)]).await.expect(303);
        phone.get("/bookings").await.expect(200).expect_text(&format!("href=\"{page}/payment\""));
        phone.get(&format!("{page}/payment")).await.expect(200);
        phone.post(&format!("{page}/release"), &[("return_to", "/bookings")]).await.expect(303);
        let list = visitor.get("/bookings").await.expect(200).text();
        assert!(!list.contains("Ikke ferdig bestilt"), "{list}");
    }
}

async fn refused(client: &mut Client, service: &str, app: &App, minutes: i64) -> String {
    let start = tomorrow(app, minutes).to_string();
    client
        .post("/holds", &[("service", service), ("start", &start)])
        .await
        .expect(429)
        .text()
}

on_both! {
    /// Trial E3: a fourth provider got "Too many attempts. Wait 10 minutes".
    async fn e03_each_refusal_of_a_hold_says_why(app: App) {
        let mut services = Vec::new();
        for name in ["a1", "b2", "c3", "d4"] {
            let mut clinic = provider(app, name).await;
            services.push(add_service(&mut clinic.client, app, &format!("Tjeneste {name}"), &[]).await);
        }
        let mut visitor = app.client();
        let mut pages = Vec::new();
        for service in &services[..3] {
            pages.push(hold(&mut visitor, service, tomorrow(app, 0)).await);
        }
        let told = refused(&mut visitor, &services[3], app, 0).await;
        assert!(told.contains("Du holder allerede av 3 tider"), "{told}");
        for page in &pages {
            assert!(told.contains(&format!("href=\"{page}\"")) && told.contains(&format!("{page}/release")), "{told}");
        }
        visitor.post(&format!("{}/release", pages[0]), &[]).await.expect(303);
        hold(&mut visitor, &services[3], tomorrow(app, 0)).await;
        // Other browsers of the same network: with one provider, then with all.
        for number in 1..6 {
            hold(&mut app.client(), &services[3], tomorrow(app, 30 * number)).await;
        }
        let told = refused(&mut app.client(), &services[3], app, 300).await;
        assert!(told.contains("Fra nettverket ditt holdes det av så mange tider hos Klinikken d4"), "{told}");
        assert!(told.contains("kl. 09:10"), "{told}");
        for number in 1..5 {
            hold(&mut app.client(), &services[0], tomorrow(app, 30 * number)).await;
        }
        let told = refused(&mut app.client(), &services[0], app, 300).await;
        assert!(told.contains("Fra nettverket ditt holdes det av så mange tider som vi tillater"), "{told}");
    }
}

on_both! {
    /// Trial E13: without cookies the form was a 404 that never named them.
    async fn e13_a_browser_without_cookies_is_told_what_it_lacks(app: App) {
        let clinic = provider(app, "kari").await;
        let page = hold(&mut app.client(), &clinic.service, tomorrow(app, 0)).await;
        for path in [page.clone(), format!("{page}/payment")] {
            app.client().get(&path).await.expect(404).expect_text("<h1>Nettleseren må ta imot informasjonskapsler</h1>");
        }
        let mut other = app.client();
        hold(&mut other, &clinic.service, tomorrow(app, 60)).await;
        assert!(!other.get(&page).await.expect(404).text().contains("informasjonskapsler</h1>"), "it has them");
        assert!(!app.client().get("/nowhere").await.expect(404).text().contains("informasjonskapsler</h1>"));
    }
}

on_both! {
    /// Trial E13: signing in without cookies led back to signing in, without a word.
    async fn e13_signing_in_without_cookies_names_them(app: App) {
        let path = |from: &str| {
            let request = Request::get("/bookings").header(header::REFERER, format!("{ORIGIN}{from}"));
            request.body(Body::empty()).expect("a request")
        };
        for from in ["/login", "/login?return_to=%2Fbookings"] {
            let told = app.client().send(path(from)).await.expect(303).location();
            assert_eq!(told, "/login?return_to=%2Fbookings&notice=cookies-needed");
            app.client().get(&told).await.expect(200).expect_text("tar ikke imot informasjonskapsler");
        }
        assert_eq!(app.client().send(path("/")).await.location(), "/login?return_to=%2Fbookings");
        let mut other = app.client();
        other.set_cookie("booka_locale", "nb");
        assert_eq!(other.send(path("/login")).await.location(), "/login?return_to=%2Fbookings");
    }
}

on_both! {
    /// Trial E13: nobody was warned of own appointments that overlap.
    async fn e13_an_appointment_at_the_same_time_is_warned_of_before_payment(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut other = provider(app, "nils").await;
        let theirs = add_service(&mut other.client, app, "Samtidig", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        let booked = ola.post(&format!("{page}/payment"), &[]).await.expect(303).location();
        let booked = booked.trim_end_matches("?new=1").to_owned();
        for (minutes, overlaps) in [(-15, true), (15, true), (-30, false), (30, false)] {
            app.execute("UPDATE service SET step_min = 15", params![]).await;
            let page = hold(&mut ola, &theirs, tomorrow(app, minutes)).await;
            ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
            let shown = ola.get(&format!("{page}/payment")).await.expect(200).text();
            let warned = shown.contains("Du har en annen time samtidig") && shown.contains(&format!("href=\"{booked}\""));
            assert_eq!(warned, overlaps, "{minutes}: {shown}");
        }
    }
}
