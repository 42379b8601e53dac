//! Registering, signing in and out, resetting, sessions, one's own data, deletion.

use booking_core::base::{DAY_US, Fault, HOUR_US, MINUTE_US};
use booking_core::params;
use booking_core::privacy::erase;
use booking_core::privacy::registry::TABLES;

use crate::harness::{Engine, with_app};
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
    async fn following_the_link_elsewhere_takes_the_password_of_the_form(app: App) {
        walk::register(&mut app.client(), "ola", "/bookings").await;
        let link = verify_link(app, &email_of("ola")).await;
        let mut elsewhere = app.client();
        elsewhere.get(&link).await.expect(200).expect_text("name=\"password\"");
        elsewhere.post(&link, &[]).await.expect(422);
        elsewhere.post(&link, &[("password", "not the password")]).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM account", params![]).await, 0);
        let next = elsewhere.post(&link, &[("password", PASSWORD)]).await.expect(303).location();
        assert!(next.starts_with("/bookings?notice=email-verified"), "{next}");
        elsewhere.get("/account").await.expect(200);
    }
}

on_both! {
    /// trial F14: who followed the link handed the account to whoever had written the form.
    async fn a_stranger_who_writes_my_address_gets_no_account_and_i_get_mine(app: App) {
        let mut stranger = app.client();
        walk::register(&mut stranger, "ola", "").await;
        let link = verify_link(app, &email_of("ola")).await;
        let mut owner = app.client();
        owner.ip = [192, 0, 2, 7];
        owner.post(&link, &[]).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM account", params![]).await, 0);
        // A reset says that there is no account, so it gives the stranger's password no life either.
        owner.post("/reset", &[("email", "ola@example.no")]).await.expect(200);
        assert_eq!(mails(app, "ola@example.no").await.last().map(|(kind, _)| kind.clone()), Some("no_account".to_owned()));
        app.advance(MINUTE_US);
        walk::register(&mut owner, "ola", "").await;
        let own = verify_link(app, &email_of("ola")).await;
        assert_ne!(own, link);
        owner.post(&own, &[]).await.expect(303);
        // What the stranger wrote is gone with it.
        stranger.post(&link, &[]).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM registration", params![]).await, 0);
        // Or the owner just throws it away.
        walk::register(&mut stranger, "kari", "").await;
        let link = verify_link(app, &email_of("kari")).await;
        stranger.post("/verify", &[("email", "kari@example.no")]).await.expect(200);
        owner.post("/logout", &[]).await.expect(303);
        owner.post(&link, &[("action", "discard")]).await.expect(303);
        assert_eq!(app.number("SELECT COUNT(*) FROM registration", params![]).await, 0, "also what was sent again");
    }
}

on_both! {
    /// trial E11: sending again killed the first link.
    async fn the_mail_can_be_sent_again_by_the_same_browser_and_both_links_work(app: App) {
        let mut client = app.client();
        walk::register(&mut client, "ola", "").await;
        app.client().post("/verify", &[("email", "ola@example.no")]).await.expect(200);
        assert_eq!(mails(app, "ola@example.no").await.len(), 1);
        let first = verify_link(app, "ola@example.no").await;
        app.advance(MINUTE_US);
        client.post("/verify", &[("email", "Ola@Example.no"), ("return_to", "/about")]).await.expect(303);
        let second = verify_link(app, "ola@example.no").await;
        assert_ne!(first, second);
        client.get(&second).await.expect(200).expect_text("<button");
        client.post(&first, &[]).await.expect(303);
        client.post(&second, &[]).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM account", params![]).await, 1);
    }
}

on_both! {
    /// trial F16: asking took longer where there is an account.
    async fn a_reset_writes_as_much_with_an_account_as_without(app: App) {
        consumer(app, "ola").await;
        let mut written = Vec::new();
        for email in ["ola@example.no", "xyz@example.no"] {
            let rows = "SELECT (SELECT COUNT(*) FROM account_token) + 1000 * (SELECT COUNT(*) FROM outbox)";
            let before = app.number(rows, params![]).await;
            app.client().post("/reset", &[("email", email)]).await.expect(200);
            written.push(app.number(rows, params![]).await - before);
        }
        assert_eq!(written, [1001, 1001]);
        let to_nobody = mails(app, "xyz@example.no").await;
        assert!(!to_nobody[0].1.contains("/reset/"), "{to_nobody:?}");
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
        for _ in 0..10 {
            thief.post("/login", &guess).await.expect(422);
        }
        // The limit is on the network: another address of it does not help.
        thief.ip = [203, 0, 113, 99];
        let answer = thief.post("/login", &guess).await.expect(429);
        assert!(answer.headers.contains_key("retry-after"));
        thief.post("/login", &[("email", "ola@example.no"), ("password", PASSWORD)]).await.expect(429);
        app.advance(HOUR_US);
        thief.post("/login", &[("email", "ola@example.no"), ("password", PASSWORD)]).await.expect(303);
    }
}

on_both! {
    /// trial F8: ten wrong passwords from anywhere locked the owner out.
    async fn nobody_locks_the_owner_out(app: App) {
        let mut known = consumer(app, "ola").await;
        known.post("/logout", &[]).await.expect(303);
        let right = [("email", "ola@example.no"), ("password", PASSWORD)];
        let wrong = [("email", "ola@example.no"), ("password", "guess number one")];
        let mut thief = app.client();
        for _ in 0..12 {
            thief.post("/login", &wrong).await;
        }
        thief.post("/login", &wrong).await.expect(429);
        // From another network the owner comes in, in any browser.
        let mut elsewhere = app.client();
        elsewhere.ip = [192, 0, 2, 1];
        elsewhere.post("/login", &right).await.expect(303);
        // Behind the thief's own address it takes the browser that was in before; its cookie is for nobody else's account.
        let mut stranger = app.client();
        stranger.post("/login", &right).await.expect(429);
        known.ip = thief.ip;
        known.post("/login", &right).await.expect(303);
        let device = known.cookie("booka_device").expect("a known browser");
        consumer(app, "kari").await;
        let mut forger = app.client();
        forger.set_cookie("booka_device", &device);
        for _ in 0..12 {
            forger.post("/login", &[("email", "kari@example.no"), ("password", "guess number one")]).await;
        }
        forger.post("/login", &[("email", "kari@example.no"), ("password", PASSWORD)]).await.expect(429);
        // A known browser has tries of its own, and no more than others.
        known.post("/logout", &[]).await.expect(303);
        for _ in 0..10 {
            known.post("/login", &wrong).await.expect(422);
        }
        known.post("/login", &right).await.expect(429);
    }
}

on_both! {
    /// trial F8: five resets from anywhere blocked registering, and the owner's own resets.
    async fn resets_asked_for_by_strangers_block_nothing(app: App) {
        let mut known = consumer(app, "ola").await;
        known.post("/logout", &[]).await.expect(303);
        for network in 0..30 {
            let mut stranger = app.client();
            stranger.ip = [10, 1, network, 1];
            for email in ["ola@example.no", "ny@example.no"] {
                stranger.post("/reset", &[("email", email)]).await;
            }
        }
        let to_ola = mails(app, "ola@example.no").await.iter().filter(|(kind, _)| kind == "reset").count();
        assert_eq!(to_ola, 20, "an address gets no more in an hour, from however many networks");
        known.post("/reset", &[("email", "ola@example.no")]).await.expect(200);
        consumer(app, "ny").await;
    }
}

on_both! {
    /// trial E5: the forms of one address were three accounts, and none of them could sign in by another.
    async fn an_address_with_letters_in_its_domain_is_one_account(app: App) {
        let mut client = app.client();
        let form = |email: &'static str| [
            ("name", "Per"), ("email", email), ("phone", "(+47) 912 34 567"), ("place", "Bergen"), ("password", PASSWORD),
            ("accept", "yes"),
        ];
        client.post("/register", &form("per@blåbær.no")).await.expect(200);
        let link = verify_link(app, "per@xn--blbr-roah.no").await;
        client.post(&link, &[]).await.expect(303);
        app.advance(MINUTE_US);
        for again in ["per@xn--blbr-roah.no", "Per@bla\u{30a}bær.no"] {
            app.client().post("/register", &form(again)).await.expect(200);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM registration", params![]).await, 0);
        for typed in ["per@blåbær.no", "PER@xn--blbr-roah.no", "per@bla\u{30a}bær.no"] {
            app.client().post("/login", &[("email", typed), ("password", PASSWORD)]).await.expect(303);
        }
        // trial E13: and the password however its letters are composed.
        let decomposed = "bla\u{30a}bær og rømme";
        app.client().post("/login", &[("email", "per@blåbær.no"), ("password", decomposed)]).await.expect(303);
        assert_eq!(app.rows::<String>("SELECT phone FROM account", params![]).await, ["+4791234567"]);
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
    /// trial C5: neither address nor password could be changed.
    async fn c5_an_address_is_changed_once_its_link_is_followed(app: App) {
        let mut ola = consumer(app, "ola").await;
        let ask = |email: &'static str, password: &'static str| [("email", email), ("password", password)];
        ola.post("/account/email", &ask("ny@example", PASSWORD)).await.expect(422);
        ola.post("/account/email", &ask("ny@example.no", "wrong password")).await.expect(422);
        assert!(mails(app, "ny@example.no").await.is_empty());
        ola.post("/account/email", &ask("Ny@example.no", PASSWORD)).await.expect(200).expect_text("Ny@example.no");
        ola.get("/account/email").await.expect(200).expect_text("Ny@example.no");
        let link = link_in(app, "Ny@example.no", "new_address", "/account/email/").await;
        // A reset link of the old mailbox, which must not outlive the change.
        app.client().post("/reset", &[("email", "ola@example.no")]).await.expect(200);
        let reset = link_in(app, "ola@example.no", "reset", "/reset/").await;
        // Who gets the link by a slip of the fingers has nothing of it, signed in or not.
        let mut stranger = consumer(app, "kari").await;
        stranger.post(&link, &[]).await.expect(422);
        assert!(app.client().post(&link, &[]).await.expect(303).location().starts_with("/login"));
        assert!(app.client().get(&link).await.expect(303).location().contains("return_to"));
        ola.get(&link).await.expect(200).expect_text("<button class=\"btn\">");
        assert!(ola.post(&link, &[]).await.expect(303).location().contains("email-changed"));
        ola.post(&link, &[]).await.expect(422);
        ola.get("/account").await.expect(200).expect_text("Ny@example.no");
        app.client().post(&reset, &[("password", "et helt nytt passord")]).await.expect(422);
        app.client().post("/login", &ask("ola@example.no", PASSWORD)).await.expect(422);
        app.client().post("/login", &ask("ny@example.no", PASSWORD)).await.expect(303);
        let to_old = mails(app, "ola@example.no").await;
        let (kind, body) = to_old.last().expect("the old address is told");
        assert_eq!((kind.as_str(), body.contains("Ny@example.no")), ("address_changed", true));
    }
}

on_both! {
    /// trial C5: who asks does not learn whether the new address has an account; its owner does.
    async fn c5_an_address_that_has_an_account_is_not_taken(app: App) {
        consumer(app, "kari").await;
        let mut ola = consumer(app, "ola").await;
        let ask = |email: &'static str| [("email", email), ("password", PASSWORD)];
        let free = ola.post("/account/email", &ask("fri@example.no")).await.expect(200).text();
        app.advance(MINUTE_US);
        let taken = ola.post("/account/email", &ask("kari@example.no")).await.expect(200).text();
        assert_eq!(taken.replace("kari@", "fri@"), free);
        assert_eq!(mails(app, "kari@example.no").await.last().map(|(kind, _)| kind.clone()), Some("address_used".to_owned()));
        // Registered by somebody else in the meantime: first come.
        let link = link_in(app, "fri@example.no", "new_address", "/account/email/").await;
        consumer(app, "fri").await;
        ola.post(&link, &[]).await.expect(422);
        ola.get("/account").await.expect(200).expect_text("ola@example.no");
        // After a day the link is no good, and nothing of it is kept.
        ola.post("/account/email", &ask("sen@example.no")).await.expect(200);
        let late = link_in(app, "sen@example.no", "new_address", "/account/email/").await;
        app.advance(DAY_US);
        ola.post(&late, &[]).await.expect(422);
        booking_core::privacy::erase_due(&app.state).await.expect("it works");
        assert_eq!(app.number("SELECT COUNT(*) FROM email_change", params![]).await, 0);
    }
}

on_both! {
    /// trial C5: it could not be changed.
    async fn c5_a_password_is_changed_by_who_knows_it_and_ends_other_sessions(app: App) {
        let mut here = consumer(app, "ola").await;
        let mut there = app.client();
        walk::sign_in(&mut there, "ola").await;
        here.post("/account/email", &[("email", "ny@example.no"), ("password", PASSWORD)]).await.expect(200);
        let change = |old: &'static str, new: &'static str| [("password", old), ("new_password", new)];
        here.post("/account/password", &change("wrong password", "et helt nytt passord")).await.expect(422);
        here.post("/account/password", &change(PASSWORD, "kort")).await.expect(422);
        there.get("/account").await.expect(200);
        here.post("/account/password", &change(PASSWORD, "et helt nytt passord")).await.expect(303);
        here.get("/account").await.expect(200);
        there.get("/account").await.expect(303);
        let sign_in = |password: &'static str| [("email", "ola@example.no"), ("password", password)];
        app.client().post("/login", &sign_in(PASSWORD)).await.expect(422);
        app.client().post("/login", &sign_in("et helt nytt passord")).await.expect(303);
        assert_eq!(mails(app, "ola@example.no").await.last().map(|(kind, _)| kind.clone()), Some("password_changed".to_owned()));
        // An address that was asked for before is asked for anew.
        let link = link_in(app, "ny@example.no", "new_address", "/account/email/").await;
        here.post(&link, &[]).await.expect(422);
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
            for column in table.personal.iter().filter(|column| column.kind.is_text()) {
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
    /// The page said "undone", and the job that had read the account before erased it.
    async fn what_was_undone_is_not_erased_by_a_job_that_began_before(app: App) {
        let mut client = consumer(app, "ola").await;
        let account: String = app.rows("SELECT id FROM account", params![]).await.remove(0);
        client.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        app.advance(7 * DAY_US);
        client.post("/account/delete", &[("action", "undo")]).await.expect(303);
        assert_eq!(erase::erase_account(&app.state, &account).await, Ok(false));
        client.get("/account").await.expect(200).expect_text("ola@example.no");
        // And the other way round: what is erased is not said to be undone.
        client.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        assert_eq!(erase::erase_account(&app.state, &account).await, Ok(false));
        app.advance(7 * DAY_US);
        assert_eq!(erase::erase_account(&app.state, &account).await, Ok(true));
        let mut tx = app.state.db.write().await.expect("a connection");
        assert_eq!(erase::undo(&mut tx, &account).await, Err(Fault::NotFound));
        drop(tx);
        assert_eq!(erase::erase_account(&app.state, &account).await, Ok(false));
    }
}

/// As above, while the undo is being written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_undo_under_way_is_waited_for() {
    with_app(Engine::Postgres, |app| {
        Box::pin(async move {
            let mut client = consumer(app, "ola").await;
            let account: String = app.rows("SELECT id FROM account", params![]).await.remove(0);
            let delete = [("action", "delete"), ("password", PASSWORD)];
            client.post("/account/delete", &delete).await.expect(303);
            app.advance(7 * DAY_US);
            let mut tx = app.state.db.write().await.expect("a connection");
            erase::undo(&mut tx, &account).await.expect("it is not erased yet");
            let state = app.state.clone();
            let job = tokio::spawn(async move { booking_core::privacy::erase_due(&state).await });
            let waiting = "SELECT COUNT(*) FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
                WHERE NOT l.granted AND a.datname = current_database()";
            while !job.is_finished() && app.number(waiting, params![]).await == 0 {
                tokio::task::yield_now().await;
            }
            tx.commit().await.expect("it commits");
            assert_eq!(job.await.expect("it ends"), Ok(0));
            client.get("/account").await.expect(200).expect_text("ola@example.no");
        })
    })
    .await;
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
