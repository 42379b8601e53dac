//! The privacy notice, read as whoever relies on it reads it: each promise with what must then be so.

use std::collections::BTreeSet;

use booking_core::base::{DAY_US, Micros};
use booking_core::calls::quality;
use booking_core::params;
use booking_core::privacy::UNDO_US;

use crate::desk::{ACCEPTED, DECLINED, Desk, METERED, open};
use crate::erasure::{book_talk_and_pay, found_in};
use crate::on_both;
use crate::walk::{PASSWORD, consumer, hold, provider, tomorrow};

/// The notice in a language, with its line breaks as spaces.
fn notice(locale: web::Locale) -> String {
    let source = web::pages::legal::notice_source(locale);
    source.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Holds if both languages promise it in these words.
#[track_caller]
fn promised(nb: &str, en: &str) {
    for (locale, words) in [(web::Locale::Nb, nb), (web::Locale::En, en)] {
        let notice = notice(locale);
        assert!(notice.contains(words), "the notice does not say {words:?}: {notice}");
    }
}

on_both! {
    /// trial C5: notice, pages and code agree about who sees what.
    async fn c5_who_sees_what_is_as_the_notice_says(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        promised("I listene står kunder med forbokstaver.", "Lists show customers by their initials.");
        for list in ["/operator", "/operator/appointments", "/operator/outbox"] {
            let page = desk.operator.get(list).await.expect(200).text();
            assert!(!page.contains("Ola Hansen") && !page.contains("c@example.no"), "{list}: {page}");
        }
        // How each of these comes to be seen, and how long: c5_a_person_sees_when_operators_looked.
        promised(
            "Hver gang noen i driften åpner en time eller en samtale du er med i, leser en e-post til deg eller om deg, eller finner deg i et \
             søk, blir det loggført med grunnen, og du ser det under Mine data i to år. En grunn gjelder i høyst en time.",
            "Each time an operator opens an appointment or a call that you are part of, reads an e-mail to you or about you, or finds you \
             in a search, it goes on record with the reason, and you see it under My data for two years. A reason is good for an hour at most.",
        );
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        for side in [&mut desk.consumer, &mut desk.provider] {
            side.get("/account/data").await.expect(200).expect_text("Åpnet en bestilling: Ringte");
        }
        promised("Andre bedrifter får det ikke.", "Other businesses do not.");
        desk.stranger.get(&format!("/bookings/{appointment}")).await.expect(404);
        promised(
            "Under Min konto og Mine data står det hvem som kan se nettopp dine opplysninger.",
            "My data, under My account, shows who can see your own information.",
        );
        desk.consumer.get("/account/data").await.expect(200).expect_text("Dyreklinikken Nordli");
    }
}

on_both! {
    /// trial C5, S43: what is stored, and how, is as the notice says.
    async fn c5_what_is_kept_is_as_the_notice_says(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut marit = consumer(app, "marit").await;
        let [noon, after_noon] = [120, 180].map(|minutes| tomorrow(app, minutes));
        book_talk_and_pay(app, &mut clinic, &mut marit).await;
        promised("Kortnummer og sikkerhetskode lagres ikke hos oss.", "Card number and security code are not stored with us.");
        for part in ["4242424242424242", "4242 4242"] {
            assert_eq!(found_in(app, part).await, BTreeSet::new(), "{part}");
        }
        promised("Passordet lagres bare som et avtrykk", "The password is stored only as a fingerprint");
        assert_eq!(found_in(app, PASSWORD).await, BTreeSet::new());
        promised("den første delen av nettadressen (IP)", "the first part of the network address (IP)");
        let prefixes: Vec<String> = app.rows("SELECT ip_prefix FROM session", params![]).await;
        assert!(!prefixes.is_empty() && prefixes.iter().all(|prefix| prefix.ends_with(".0/24")), "{prefixes:?}");
        promised("Vi leser ikke bevegelsesdata fra enheten.", "We read no motion data from your device.");
        promised("Vi samler ikke inn posisjonen din.", "We do not collect your position.");
        for table in booking_core::privacy::registry::TABLES.iter().filter(|table| table.name != "org") {
            let place = table.personal.iter().find(|column| column.name.starts_with("lat") || column.name.contains("motion"));
            assert_eq!(place, None, "{}", table.name);
        }
        promised("Den varer i ett døgn", "It lasts for a day");
        let mut visitor = app.client();
        let held = hold_answer(&mut visitor, &clinic.service, noon).await;
        assert!(held.contains("booka_visitor=") && held.contains("Max-Age=86400"), "{held}");
        promised("Vi bruker bare de som trengs for at siden virker", "We use only those that the pages need to work");
        marit.post("/language", &[("locale", "en")]).await.expect(303);
        hold(&mut marit, &clinic.service, after_noon).await;
        let known = ["booka", "booka_device", "booka_locale", "booka_visitor"];
        for cookie in marit.cookies() {
            assert!(known.contains(&cookie.as_str()), "the notice says nothing of the cookie {cookie}");
        }
    }
}

on_both! {
    /// What is kept of a booking that is not finished, and until when.
    async fn c5_what_is_left_of_a_held_time_is_as_the_notice_says(app: App) {
        let clinic = provider(app, "kari").await;
        let held = "SELECT visitor_hash, network_hash, contact_email, about FROM hold ORDER BY created_us DESC, id DESC LIMIT 1";
        let kept = async || -> (String, String, String, String) { app.rows(held, params![]).await.remove(0) };
        promised(
            "Det slettes når du gir fra deg tiden eller har bestilt, og ellers et døgn etter at vi sluttet å holde den av.",
            "It is deleted when you give the time back or have booked it, and otherwise a day after we stopped holding it.",
        );
        promised("Det slettes når vi slutter å holde den av.", "It is deleted when we stop holding it.");
        // A visitor types an account along with the case, and gives the time back.
        let mut visitor = app.client();
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        let form = [
            ("about", "Katten"), ("name", "Tuva"), ("email", "tuva@example.no"), ("phone", "91234567"), ("place", "Bergen"),
            ("password", PASSWORD), ("accept", "yes"),
        ];
        visitor.post(&page, &form).await;
        let (_, network, email, about) = kept().await;
        assert_eq!((network.is_empty(), email.as_str(), about.as_str()), (false, "tuva@example.no", "Katten"));
        visitor.post(&format!("{page}/release"), &[]).await.expect(303);
        let (_, network, email, about) = kept().await;
        assert_eq!((network.as_str(), email.as_str(), about.as_str()), ("", "", ""));
        // One that ran out.
        app.advance(DAY_US / 24);
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 60)).await;
        visitor.post(&format!("{page}/draft"), &[("about", "Katten igjen")]).await.expect(204);
        app.advance(DAY_US / 24);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(kept().await.1, "", "the network, as soon as it is over");
        let drafts = async || app.number("SELECT COUNT(*) FROM hold_draft", params![]).await;
        assert_eq!(drafts().await, 1);
        app.advance(DAY_US);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(drafts().await, 0);
        assert_eq!(kept().await, Default::default());
    }
}

on_both! {
    /// What a booking leaves behind, a payment that was declined, and the cookie.
    async fn c5_payments_and_the_cookie_are_as_the_notice_says(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        promised("også når betalingen ble avvist", "also of a payment that was declined");
        let hold = desk.hold(Desk::slot(4)).await;
        desk.pay(&hold, DECLINED).await;
        let card = "SELECT COUNT(*) FROM payment WHERE method_last4 = '0002'";
        assert_eq!(app.number(card, params![]).await, 1);
        desk.consumer.get("/account/data").await.expect(200).expect_text("0002");
        desk.consumer.get("/account/export").await.expect(200).expect_text("0002");
        assert!(!desk.stranger.get("/account/data").await.expect(200).text().contains("0002"));
        desk.book(Desk::slot(6), ACCEPTED).await;
        let browser: Vec<(String, String, String)> =
            app.rows("SELECT visitor_hash, network_hash, contact_email FROM hold WHERE state = 'confirmed'", params![]).await;
        assert_eq!(browser, [Default::default()]);
        promised(
            "kortet til en betaling det ikke ble noen time av, til kontoen slettes",
            "the card of a payment that no appointment came of, until the account is deleted",
        );
        app.execute("UPDATE account SET deletion_asked_us = 1 WHERE id = 'c'", params![]).await;
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        assert_eq!(app.number(card, params![]).await, 0);
        let booked = "SELECT COUNT(*) FROM payment WHERE method_last4 = '4242' AND appointment_id IS NOT NULL";
        assert_eq!(app.number(booked, params![]).await, 1);

        promised(
            "Oppretter du konto, kjenner vi nettleseren igjen på den når du åpner lenken vi sender deg. Den brukes ikke til noe annet.",
            "If you create an account, we recognise the browser by it when you open the link that we send you. It is used for nothing else.",
        );
        let mut here = app.client();
        crate::walk::register(&mut here, "tuva", "").await;
        assert!(here.cookies().contains(&"booka_visitor".to_owned()));
        let link = crate::walk::verify_link(app, "tuva@example.no").await;
        let elsewhere = app.client().get(&link).await.expect(200).text();
        assert!(elsewhere.contains("name=\"password\"") && !here.get(&link).await.expect(200).text().contains("name=\"password\""));
    }
}

/// The cookie that holding a time sets.
async fn hold_answer(client: &mut crate::harness::Client, service: &str, start: Micros) -> String {
    let start = start.to_string();
    let answer = client
        .post("/holds", &[("service", service), ("start", &start)])
        .await
        .expect(303);
    let cookies = answer.headers.get_all("set-cookie").iter();
    cookies
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join("\n")
}

on_both! {
    /// trial C5: how long things are kept is as the notice says. Captures are the server's: its own test keeps their week.
    async fn c5_how_long_is_as_the_notice_says(app: App) {
        promised("du kan angre i 7 dager, deretter slettes den", "you can undo that for 7 days, then it is erased");
        assert_eq!(UNDO_US, 7 * DAY_US);
        promised("30 dager, eller til kontoen til noen i samtalen slettes", "30 days, or until the account of anybody in it is deleted");
        assert_eq!(quality::KEPT_US, 30 * DAY_US);
        promised("90 dager, eller til kontoen slettes", "90 days, or until the account is deleted");
        promised("8 dager", "8 days");
        consumer(app, "ola").await;
        let link = "INSERT INTO outbox (id, message_key, kind, account_id, recipient, locale, subject, body, state, attempts, next_try_us, created_us)
            SELECT $1, $1, 'booked', a.id, a.email, 'nb', '', '', 'sent', 0, 0, $2 FROM account a";
        app.execute("DELETE FROM outbox", params![]).await;
        app.execute(link, params!["kept", app.now()]).await;
        app.client().post("/reset", &[("email", "ingen@example.no")]).await.expect(200);
        let kept = async || app.number("SELECT COUNT(*) FROM outbox", params![]).await;
        for (days, mails) in [(7, 2), (9, 1), (89, 1), (91, 0)] {
            app.set_now(crate::harness::START_US + days * DAY_US);
            booking_core::base::outbox::sweep(&app.state).await.expect("it works");
            assert_eq!(kept().await, mails, "after {days} days");
        }
        promised("to år", "two years");
        assert_eq!(booking_core::base::audit::KEPT_US, 2 * 365 * DAY_US);
    }
}

on_both! {
    /// trial C5: the rights that the notice names have their page.
    async fn c5_the_rights_of_the_notice_can_be_used(app: App) {
        let mut ola = consumer(app, "ola").await;
        promised("Se alt vi har om deg, og last det ned, under Mine data.", "See everything we have about you, and download it, under My data.");
        ola.get("/account/data").await.expect(200).expect_text("/account/export");
        ola.get("/account/export").await.expect(200).expect_text("ola@example.no");
        promised("Rett det som er feil, under Min konto.", "Correct what is wrong, under My account.");
        let page = ola.get("/account").await.expect(200).text();
        for part in ["name=\"name\"", "name=\"phone\"", "name=\"place\"", "/account/email", "/account/password"] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        promised("Slett kontoen under Min konto.", "Delete the account under My account.");
        ola.get("/account/delete").await.expect(200).expect_text("name=\"password\"");
        promised("får den ny versjon", "it gets a new version");
        let version: Vec<String> = app.rows("SELECT DISTINCT version FROM acceptance", params![]).await;
        assert_eq!(version, [web::pages::legal::LEGAL_VERSION]);
    }
}
