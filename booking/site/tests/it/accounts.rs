//! Registering, signing in and out, resetting, sessions, one's own data, deletion.

use booking_core::base::{DAY_US, HOUR_US, MINUTE_US};
use booking_core::params;
use booking_core::privacy::registry::{Kind, TABLES};

use crate::on_both;
use crate::walk::{self, PASSWORD, consumer, email_of, link_in, mails, verify_link};

on_both! {
    /// S13, S57.
    async fn a_person_registers_verifies_and_signs_in_again(app: App) {
        let mut client = consumer(app, "ola").await;
        client.get("/account").await.expect(200).expect_text("ola@example.no");
        let acceptances: Vec<(String, String, String)> =
            app.rows("SELECT kind, locale, text_hash FROM acceptance ORDER BY kind", params![]).await;
        assert_eq!(acceptances.len(), 2);
        assert_eq!((acceptances[0].0.as_str(), acceptances[1].0.as_str()), ("notice", "terms"));
        assert!(acceptances.iter().all(|(_, locale, hash)| locale == "nb" && hash.len() == 64));
        client.post("/logout", &[]).await.expect(303);
        client.get("/account").await.expect(303);
        walk::sign_in(&mut client, "ola").await;
        client.get("/account").await.expect(200);
    }
}

on_both! {
    async fn a_verification_link_works_once_and_only_by_post(app: App) {
        let mut client = app.client();
        walk::register(&mut client, "ola", "").await;
        let link = verify_link(app, &email_of("ola")).await;
        client.get(&link).await.expect(200);
        assert_eq!(app.number("SELECT COUNT(*) FROM account", params![]).await, 0);
        client.post(&link, &[]).await.expect(303);
        client.post(&link, &[]).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM account", params![]).await, 1);
        app.client().post("/verify/nonsense", &[]).await.expect(422);
    }
}

on_both! {
    async fn a_verification_link_is_good_for_a_day(app: App) {
        let mut client = app.client();
        walk::register(&mut client, "ola", "").await;
        let link = verify_link(app, &email_of("ola")).await;
        app.advance(DAY_US);
        client.post(&link, &[]).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM account", params![]).await, 0);
    }
}

on_both! {
    async fn following_the_link_elsewhere_makes_the_account_but_signs_nobody_in(app: App) {
        walk::register(&mut app.client(), "ola", "/bookings").await;
        let link = verify_link(app, &email_of("ola")).await;
        let mut elsewhere = app.client();
        let next = elsewhere.post(&link, &[]).await.expect(303).location();
        assert!(next.starts_with("/login?return_to=%2Fbookings"), "{next}");
        assert_eq!(elsewhere.cookie("booka"), None);
        elsewhere.get("/account").await.expect(303);
    }
}

on_both! {
    async fn the_mail_can_be_sent_again_by_the_same_browser_only(app: App) {
        let mut client = app.client();
        walk::register(&mut client, "ola", "").await;
        app.client().post("/verify", &[("email", "ola@example.no")]).await.expect(200);
        assert_eq!(mails(app, "ola@example.no").await.len(), 1);
        let first = verify_link(app, "ola@example.no").await;
        app.advance(MINUTE_US);
        client.post("/verify", &[("email", "Ola@Example.no"), ("return_to", "/about")]).await.expect(303);
        let second = verify_link(app, "ola@example.no").await;
        assert_ne!(first, second);
        client.post(&first, &[]).await.expect(422);
        client.post(&second, &[]).await.expect(303);
    }
}

on_both! {
    async fn nobody_learns_who_has_an_account(app: App) {
        consumer(app, "ola").await;
        let mut stranger = app.client();
        walk::register(&mut stranger, "kari", "").await;
        app.advance(MINUTE_US);
        walk::register(&mut stranger, "ola", "").await;
        assert_eq!(app.number("SELECT COUNT(*) FROM registration WHERE email_norm = 'ola@example.no'", params![]).await, 0);
        let to_ola = mails(app, "ola@example.no").await;
        assert_eq!(to_ola.last().map(|(kind, _)| kind.as_str()), Some("exists"));
        let known = stranger.post("/reset", &[("email", "ola@example.no")]).await.expect(200).text();
        let unknown = stranger.post("/reset", &[("email", "xyz@example.no")]).await.expect(200).text();
        assert_eq!(known.replace("ola@", "xyz@"), unknown);
        let wrong = |email: &'static str| [("email", email), ("password", "not the password")];
        let known = stranger.post("/login", &wrong("ola@example.no")).await.expect(422).text();
        let unknown = stranger.post("/login", &wrong("xyz@example.no")).await.expect(422).text();
        assert_eq!(known.replace("ola@", "xyz@"), unknown);
    }
}

on_both! {
    async fn bad_registrations_are_told_field_by_field(app: App) {
        let mut client = app.client();
        let form = [("name", ""), ("email", "ola"), ("phone", "12"), ("place", ""), ("password", "kort"), ("accept", "")];
        let page = client.post("/register", &form).await.expect(422).text();
        assert!(page.contains("<title>Feil:"), "{page}");
        assert!(!page.contains("value=\"kort\""), "a password comes back");
        assert_eq!(app.number("SELECT COUNT(*) FROM registration", params![]).await, 0);
        client.post("/register", &[("name", "\u{0}x")]).await.expect(422);
    }
}

on_both! {
    async fn tries_at_a_password_run_out_and_come_back(app: App) {
        consumer(app, "ola").await;
        let mut thief = app.client();
        let guess = [("email", "ola@example.no"), ("password", "guess number one")];
        for _ in 0..9 {
            thief.post("/login", &guess).await.expect(422);
        }
        // The limit is on the account: another address does not help.
        thief.ip = [192, 0, 2, 1];
        thief.post("/login", &guess).await.expect(422);
        let answer = thief.post("/login", &guess).await.expect(429);
        assert!(answer.headers.contains_key("retry-after"));
        app.advance(HOUR_US);
        thief.post("/login", &[("email", "ola@example.no"), ("password", PASSWORD)]).await.expect(303);
    }
}

on_both! {
    async fn a_reset_ends_every_session(app: App) {
        let mut client = consumer(app, "ola").await;
        let mut forgetful = app.client();
        forgetful.post("/reset", &[("email", "ola@example.no")]).await.expect(200);
        let link = link_in(app, "ola@example.no", "reset", "/reset/").await;
        forgetful.get(&link).await.expect(200);
        forgetful.post(&link, &[("password", "kort")]).await.expect(422);
        forgetful.post(&link, &[("password", "et helt nytt passord")]).await.expect(303);
        forgetful.post(&link, &[("password", "enda et nytt passord")]).await.expect(422);
        client.get("/account").await.expect(303);
        forgetful.post("/login", &[("email", "ola@example.no"), ("password", PASSWORD)]).await.expect(422);
        forgetful.post("/login", &[("email", "ola@example.no"), ("password", "et helt nytt passord")]).await.expect(303);
    }
}

on_both! {
    async fn sessions_are_listed_and_ended(app: App) {
        let mut here = consumer(app, "ola").await;
        app.advance(MINUTE_US);
        let mut there = app.client();
        walk::sign_in(&mut there, "ola").await;
        here.get("/account/sessions").await.expect(200);
        let ids: Vec<String> = app.rows("SELECT id FROM session ORDER BY created_us, id", params![]).await;
        assert_eq!(ids.len(), 2);
        consumer(app, "kari").await.post("/account/sessions", &[("session", &ids[1])]).await.expect(404);
        here.post("/account/sessions", &[("session", &ids[1])]).await.expect(303);
        there.get("/account").await.expect(303);
        here.get("/account").await.expect(200);
        app.advance(31 * DAY_US);
        here.get("/account").await.expect(303);
    }
}

on_both! {
    async fn details_are_corrected_and_checked(app: App) {
        let mut client = consumer(app, "ola").await;
        client.post("/account", &[("name", ""), ("phone", "x"), ("place", "Oslo")]).await.expect(422);
        let form = [("name", "Ola Æ. Hansen"), ("phone", "+46701234567"), ("place", "Tromsø"), ("locale", "en")];
        client.post("/account", &form).await.expect(303);
        let rows: Vec<(String, String, String, String)> =
            app.rows("SELECT name, phone, location, locale FROM account", params![]).await;
        let expect = ["Ola Æ. Hansen", "+46701234567", "Tromsø", "en"].map(str::to_owned);
        assert_eq!(rows, [expect.into()]);
    }
}

on_both! {
    /// S56.
    async fn an_account_is_deleted_after_a_week_in_which_it_can_be_undone(app: App) {
        let mut client = consumer(app, "ola").await;
        client.post("/account/delete", &[("action", "delete"), ("password", "wrong password")]).await.expect(422);
        client.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        app.advance(6 * DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(0));
        client.post("/account/delete", &[("action", "undo")]).await.expect(303);
        app.advance(2 * DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(0));
        client.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        app.advance(7 * DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        client.get("/account").await.expect(303);
        for table in TABLES {
            for column in table.personal.iter().filter(|column| column.kind == Kind::Text) {
                let text = format!("SELECT COUNT(*) FROM {} WHERE {} LIKE '%ola@example.no%'", table.name, column.name);
                let text: &'static str = Box::leak(text.into_boxed_str());
                assert_eq!(app.number(text, params![]).await, 0, "{}.{}", table.name, column.name);
            }
        }
        // The address is free again.
        app.advance(DAY_US);
        consumer(app, "ola").await;
    }
}

on_both! {
    async fn the_first_operator_is_made_by_a_link_and_only_the_first(app: App) {
        let link = booking_core::accounts::operator_setup_link(&app.state).await.expect("it works").expect("there is none yet");
        let path = link.strip_prefix("http://localhost:8080").expect("a link of ours").to_owned();
        let mut client = app.client();
        client.get(&path).await.expect(200);
        client.get("/operator").await.expect(303);
        let form = [("name", "Drift"), ("email", "drift@example.no"), ("password", PASSWORD)];
        client.post(&path, &[("name", "Drift"), ("email", "drift"), ("password", "")]).await.expect(422);
        client.post(&path, &form).await.expect(303);
        client.get("/operator").await.expect(200);
        app.client().post(&path, &form).await.expect(422);
        assert_eq!(booking_core::accounts::operator_setup_link(&app.state).await, Ok(None));
        consumer(app, "ola").await.get("/operator").await.expect(404);
    }
}

on_both! {
    async fn one_time_links_sign_in_once(app: App) {
        consumer(app, "ola").await;
        let id: String = app.rows("SELECT id FROM account", params![]).await.pop().expect("one");
        let mut tx = app.state.db.write().await.expect("a connection");
        let link = booking_core::accounts::login_link(&mut tx, &app.state, &id, "/bookings").await.expect("it works");
        tx.commit().await.expect("it commits");
        let path = link.strip_prefix("http://localhost:8080").expect("a link of ours").to_owned();
        let mut client = app.client();
        client.get(&path).await.expect(200).expect_text("ola");
        assert_eq!(client.post(&path, &[]).await.expect(303).location(), "/bookings");
        client.get("/account").await.expect(200);
        app.client().post(&path, &[]).await.expect(422);
    }
}
