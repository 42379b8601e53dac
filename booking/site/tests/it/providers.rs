//! The provider's own pages: publishing, services, hours, members.

use booking_adapters::test_provider::TestProvider;
use booking_core::base::money::Money;
use booking_core::base::{DAY_US, MINUTE_US};
use booking_core::params;

use crate::desk::{ACCEPTED, CAPTURE_FAILS, Desk, FREE, METERED};
use crate::harness::{App, Client};
use crate::on_both;
use crate::walk::{self, PASSWORD, SELLER, add_service, consumer, hold, provider, tomorrow};

on_both! {
    async fn a_provider_is_published_when_it_has_services_and_hours(app: App) {
        let mut client = consumer(app, "kari").await;
        let form = |place: &'static str, orgno: &'static str, category: &'static str| {
            [("name", "Fjellfot Dyr & Co."), ("org_number", orgno), ("vat", "no"), ("category", category), ("place", place), ("about", "Råd")]
        };
        client.post("/provider/signup", &form("Atlantis", "999900003", "vet")).await.expect(422);
        client.post("/provider/signup", &form("Bergen", "999900004", "vet")).await.expect(422);
        client.post("/provider/signup", &form("Bergen", "", "wizard")).await.expect(422);
        assert_eq!(app.number("SELECT COUNT(*) FROM org", params![]).await, 0);
        client.post("/provider/signup", &form("bergen", "999900003", "vet")).await.expect(303);
        client.post("/provider/signup", &form("bergen", "999900003", "vet")).await.expect(303);
        let slugs: Vec<String> = app.rows("SELECT slug FROM org", params![]).await;
        assert_eq!(slugs, ["fjellfot-dyr-co"]);
        client.get("/provider").await.expect(200);
        client.post("/provider/profile", &[("action", "publish")]).await.expect(409);
        add_service(&mut client, app, "Råd", &[]).await;
        client.post("/provider/profile", &[("action", "publish")]).await.expect(409);
        let hours = [("action", "save"), ("d1_1_from", "09:00"), ("d1_1_to", "16:00")];
        client.post("/provider/hours", &hours).await.expect(303);
        app.client().get("/providers/fjellfot-dyr-co").await.expect(404);
        sell_with_a_mandate(app, &mut client).await;
        client.post("/provider/profile", &[("action", "publish")]).await.expect(409);
        client.post("/provider/seller", &SELLER).await.expect(303);
        client.post("/provider/profile", &[("action", "publish")]).await.expect(303);
        app.client().get("/providers/fjellfot-dyr-co").await.expect(200).expect_text("Fjellfot Dyr &#38; Co.");
        // A second provider of the same name gets an address of its own.
        let mut other = consumer(app, "nils").await;
        other.post("/provider/signup", &form("Bergen", "", "vet")).await.expect(303);
        let slugs: Vec<String> = app.rows("SELECT slug FROM org ORDER BY slug", params![]).await;
        assert_eq!(slugs, ["fjellfot-dyr-co", "fjellfot-dyr-co-2"]);
    }
}

/// What costs something is published only once the business lets the platform issue its receipts, which is kept.
async fn sell_with_a_mandate(app: &App, client: &mut Client) {
    let kept =
        "SELECT COUNT(*) FROM document_mandate m JOIN org o ON o.id = m.org_id JOIN account a ON a.id = m.account_id
        WHERE m.version <> '' AND LENGTH(m.text_hash) = 64 AND m.locale = 'nb' AND m.accepted_us > 0";
    client
        .post("/provider/profile", &[("action", "publish")])
        .await
        .expect(409);
    client.get("/provider").await.expect(200).expect_text("Gi fullmakt");
    let page = client.get("/provider/profile").await.expect(200);
    page.expect_text("utsteder vi kvitteringer og kreditnotaer i bedriftens navn");
    assert_eq!(app.number(kept, params![]).await, 0);
    for _ in 0..2 {
        client
            .post("/provider/profile", &[("action", "mandate")])
            .await
            .expect(303);
        assert_eq!(app.number(kept, params![]).await, 1);
    }
    assert!(
        !client
            .get("/provider/profile")
            .await
            .expect(200)
            .text()
            .contains("Gi fullmakten")
    );
}

on_both! {
    /// A business that is published already is asked, and puts nothing more up for money before it has answered.
    async fn a_published_business_without_a_mandate_is_asked_for_it(app: App) {
        let mut desk = Desk::open(app, FREE).await;
        let owner = &mut desk.provider;
        assert!(!owner.get("/provider/profile").await.expect(200).text().contains("Gi fullmakten"), "nothing is sold");
        let form = [
            ("title", "Råd"), ("kind", "fixed"), ("amount", "390"), ("duration_min", "30"), ("buffer_min", "0"), ("notice_h", "2"),
            ("window_days", "30"), ("active", "yes"), ("vat_code", "exempt_health"), ("action", "save"),
        ];
        let refused = owner.post("/provider/services/new", &form).await.expect(422);
        refused.expect_text("først gi fullmakt").expect_text("value=\"exempt_health\" selected");
        let mut resting = form;
        resting[7].1 = "";
        owner.post("/provider/services/new", &resting).await.expect(303);
        owner.post("/provider/profile", &[("action", "mandate")]).await.expect(303);
        owner.post("/provider/services/new", &form).await.expect(303);
        let codes: Vec<(i64, String)> =
            app.rows("SELECT active, vat_code FROM service WHERE title = 'Råd' ORDER BY active", params![]).await;
        assert_eq!(codes, [(0, "exempt_health".to_owned()), (1, "exempt_health".to_owned())]);
    }
}

on_both! {
    async fn signing_up_twice_at_once_makes_one_provider(app: App) {
        let kari = consumer(app, "kari").await;
        let form = [("name", "Klinikken"), ("vat", "no"), ("category", "vet"), ("place", "Bergen"), ("about", "Råd")];
        let (mut a, mut b, mut c) = (kari.clone(), kari.clone(), kari);
        let path = "/provider/signup";
        let (a, b, c) = tokio::join!(a.post(path, &form), b.post(path, &form), c.post(path, &form));
        for answer in [a, b, c] {
            answer.expect(303);
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM org", params![]).await, 1);
    }
}

on_both! {
    async fn what_is_held_keeps_its_terms(app: App) {
        let mut clinic = provider(app, "kari").await;
        let page = hold(&mut app.client(), &clinic.service, tomorrow(app, 0)).await;
        let terms = "SELECT price_terms FROM hold";
        let before: Vec<String> = app.rows(terms, params![]).await;
        let form = [
            ("title", "Dyrere råd"),
            ("duration_min", "45"),
            ("buffer_min", "5"),
            ("notice_h", "1"),
            ("window_days", "7"),
            ("kind", "fixed"),
            ("amount", "1 250"),
            ("active", "yes"),
        ];
        let path = format!("/provider/services/{}", clinic.service);
        clinic.client.post(&path, &form[..7]).await.expect(303);
        app.client().get(&format!("/providers/{}", clinic.slug)).await.expect(200);
        clinic.client.post(&path, &form).await.expect(303);
        clinic.client.get(&path).await.expect(200).expect_text("1250");
        assert_eq!(app.rows::<String>(terms, params![]).await, before, "{page}");
        let now: Vec<String> = app.rows("SELECT price_terms FROM service", params![]).await;
        assert_eq!(now, [r#"{"currency":"NOK","model":"fixed","amount_minor":125000}"#]);
        clinic.client.post(&path, &[("action", "remove")]).await.expect(303);
        clinic.client.post(&path, &[("action", "remove")]).await.expect(404);
        clinic.client.get(&path).await.expect(404);
        let start = tomorrow(app, 60).to_string();
        app.client().post("/holds", &[("service", &clinic.service), ("start", &start)]).await.expect(404);
    }
}

on_both! {
    async fn hours_that_make_no_sense_change_nothing(app: App) {
        let mut clinic = provider(app, "kari").await;
        let week = "SELECT COUNT(*) FROM weekly_rule";
        assert_eq!(app.number(week, params![]).await, 7);
        for bad in [("12:00", "09:00"), ("9:77", "10:00"), ("", "10:00"), ("09:00", "25:00"), ("ni", "ti")] {
            let form = [("action", "save"), ("d3_1_from", bad.0), ("d3_1_to", bad.1)];
            clinic.client.post("/provider/hours", &form).await.expect(422);
        }
        clinic.client.post("/provider/hours", &[("action", "close"), ("date", "i går")]).await.expect(422);
        assert_eq!(app.number(week, params![]).await, 7);
        let around = [("action", "save"), ("d1_1_from", "00:00"), ("d1_1_to", "24:00")];
        clinic.client.post("/provider/hours", &around).await.expect(303);
        let rows: Vec<(i64, i64, i64)> =
            app.rows("SELECT weekday, start_min, end_min FROM weekly_rule", params![]).await;
        assert_eq!(rows, [(1, 0, 1440)]);
        clinic.client.get("/provider/hours").await.expect(200).expect_text("24:00");
    }
}

on_both! {
    async fn staff_have_hours_and_calls_of_their_own_and_nothing_more(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut per = walk::staff(app, &mut clinic, "per").await;
        let again = [("action", "add"), ("email", "per@example.no")];
        clinic.client.post("/provider/members", &again).await.expect(422);
        clinic.client.post("/provider/members", &[("action", "add"), ("email", "x")]).await.expect(422);
        per.get("/provider").await.expect(200);
        per.post("/provider/hours", &[("action", "save"), ("d2_1_from", "09:00"), ("d2_1_to", "10:00")]).await.expect(303);
        for path in ["/provider/services", "/provider/members", "/provider/profile"] {
            per.get(path).await.expect(404);
        }
        per.post("/provider/profile", &[("action", "pause")]).await.expect(404);
        per.post("/provider/members", &again).await.expect(404);
        let member: String = app
            .rows("SELECT id FROM member WHERE role = 'staff'", params![])
            .await
            .pop()
            .expect("Per's");
        let mut other = provider(app, "nils").await;
        other.client.post("/provider/members", &[("action", "remove"), ("id", &member)]).await.expect(404);
        clinic.client.post("/provider/members", &[("action", "remove"), ("id", &clinic.member)]).await.expect(404);
        // Kari gets the first hold of a time, Per the second; when Per goes, nobody can go on to book with him.
        for _ in 0..2 {
            hold(&mut app.client(), &clinic.service, tomorrow(app, -60)).await;
        }
        let held = "SELECT COUNT(*) FROM hold WHERE member_id = $1 AND state = 'held'";
        let cells = "SELECT COUNT(*) FROM reservation WHERE member_id = $1";
        assert_eq!(app.number(held, params![&member]).await, 1);
        clinic.client.post("/provider/members", &[("action", "remove"), ("id", &member)]).await.expect(303);
        assert_eq!(app.number(held, params![&member]).await, 0);
        assert_eq!(app.number(cells, params![&member]).await, 0);
        assert_eq!(app.number(held, params![&clinic.member]).await, 1);
        per.get("/provider/hours").await.expect(404);
    }
}

on_both! {
    async fn a_provider_who_deletes_the_account_leaves_nobody_waiting(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await.expect(303);
        clinic.client.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        assert_eq!(app.rows::<String>("SELECT status FROM appointment", params![]).await, ["cancelled"]);
        assert_eq!(app.rows::<String>("SELECT status FROM org", params![]).await, ["paused"]);
        let mails = walk::mails(app, "ola@example.no").await;
        assert_eq!(mails.last().map(|(kind, _)| kind.as_str()), Some("cancelled"));
        app.advance(7 * booking_core::base::DAY_US);
        assert_eq!(booking_core::privacy::erase_due(&app.state).await, Ok(1));
        assert_eq!(app.rows::<String>("SELECT email FROM org", params![]).await, [""]);
        app.client().get(&format!("/providers/{}", clinic.slug)).await.expect(404);
    }
}

on_both! {
    /// Trial E6: closing a day said nothing of the appointments on it.
    async fn e06_closing_a_day_names_what_is_booked_on_it(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        let booked = ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await.expect(303).location();
        let booked = booked.trim_end_matches("?new=1").to_owned();
        let close = |day: &'static str| [("action", "close"), ("date", day), ("reason", "Kurs")];
        let told = clinic.client.post("/provider/hours", &close("2026-11-25")).await.expect(303).location();
        assert!(told.ends_with("notice=saved"), "{told}");
        let told = clinic.client.post("/provider/hours", &close("2026-11-24")).await.expect(303).location();
        assert!(told.ends_with("notice=closed-while-booked"), "{told}");
        let shown = clinic.client.get(&told).await.expect(200).text();
        assert!(shown.contains("En time er alt bestilt denne dagen"), "{shown}");
        assert!(shown.contains(&format!("href=\"{booked}\"")) && shown.contains("<bdi>ola</bdi>"), "{shown}");
        ola.post(&format!("{booked}/cancel"), &[]).await.expect(303);
        let shown = clinic.client.get("/provider/hours").await.expect(200).text();
        assert!(!shown.contains("alt bestilt"), "{shown}");
    }
}

on_both! {
    /// Trial E12: 28 empty fields and no default.
    async fn e12_hours_begin_with_a_suggestion_that_holds_only_once_it_is_saved(app: App) {
        let mut client = consumer(app, "kari").await;
        let form = [("name", "Klinikken"), ("vat", "no"), ("category", "vet"), ("place", "Bergen"), ("about", "Råd")];
        client.post("/provider/signup", &form).await.expect(303);
        let page = client.get("/provider/hours").await.expect(200).text();
        assert!(page.contains("Dette er et forslag"), "{page}");
        assert_eq!((page.matches("value=\"09:00\"").count(), page.matches("value=\"16:00\"").count()), (5, 5), "{page}");
        assert_eq!(app.number("SELECT COUNT(*) FROM weekly_rule", params![]).await, 0);
        client.post("/provider/hours", &[("action", "save"), ("d1_1_from", "9"), ("d1_1_to", "17")]).await.expect(303);
        let page = client.get("/provider/hours").await.expect(200).text();
        assert!(!page.contains("Dette er et forslag"), "{page}");
        assert_eq!((page.matches("value=\"09:00\"").count(), page.matches("value=\"17:00\"").count()), (1, 1), "{page}");
    }
}

on_both! {
    /// trial E8: the provider saw the next fortnight only; no history, no receipts, no income.
    async fn e8_appointments_are_listed_by_week_and_month_with_receipts_and_income(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        desk.provider.get("/provider/appointments").await.expect(200).expect_text("Ingen timer i dette tidsrommet.");
        let held = desk.book(Desk::slot(2), ACCEPTED).await;
        let gone = desk.book(Desk::slot(6), ACCEPTED).await;
        let coming = desk.book(Desk::slot(2) + 8 * DAY_US, ACCEPTED).await;
        desk.consumer.post(&format!("/bookings/{gone}/cancel"), &[]).await.expect(303);
        desk.talk(&held, Desk::slot(2), 12 * MINUTE_US).await;
        desk.jobs().await;
        let week = desk.provider.get("/provider/appointments").await.expect(200).text();
        let (charged, vat): (i64, i64) =
            app.rows("SELECT amount_minor, vat_minor FROM charge WHERE amount_minor > 0", params![]).await[0];
        let kroner = |minor| web::format::money_exact(web::Locale::Nb, minor, "NOK");
        let receipt = format!("/bookings/{held}/receipt.pdf");
        for part in [
            "Ola Hansen", "2 timer", "Avbestilt", "Betalt av kunden for 1 samtale", receipt.as_str(), "Kvittering 2026-000001",
            kroner(charged).as_str(), kroner(vat).as_str(), kroner(charged - vat).as_str(), "Uke 48: 23. november – 29. november 2026",
        ] {
            assert!(week.contains(part), "no {part} in {week}");
        }
        assert!(!week.contains(&coming), "that is next week");
        desk.provider.get(&receipt).await.expect(303);
        let next = desk.provider.get("/provider/appointments?day=2026-12-01").await.expect(200).text();
        assert!(next.contains(&coming) && !next.contains(&held) && !next.contains("Inntekt"), "{next}");
        let month = desk.provider.get("/provider/appointments?by=month&day=2026-11-30").await.expect(200).text();
        assert!(month.contains("November 2026") && month.contains(&held) && !month.contains(&coming), "{month}");
        // The last month with nothing in it, in the other language.
        desk.provider.language = "en".to_owned();
        desk.provider.post("/language", &[("locale", "en")]).await.expect(303);
        let past = desk.provider.get("/provider/appointments?by=month&day=2026-10-31").await.expect(200);
        past.expect_text("No appointments in this period.");
        desk.provider.get("/provider/appointments?by=x&day=9999-99-99&page=-1").await.expect(200);
    }
}

on_both! {
    /// What nobody paid, or got back, is no income; what is owed stands beside it.
    async fn e8_income_is_what_was_paid_and_not_paid_back(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let paid = desk.book(Desk::slot(2), ACCEPTED).await;
        let unpaid = desk.book(Desk::slot(3), CAPTURE_FAILS).await;
        let back = desk.book(Desk::slot(4), ACCEPTED).await;
        for (call, slot, minutes) in [(&paid, 2, 4), (&unpaid, 3, 3), (&back, 4, 2)] {
            desk.talk(call, Desk::slot(slot), minutes * MINUTE_US).await;
            desk.jobs().await;
        }
        let payment = desk.paid(&back).await;
        let reference = payment.reference.clone().expect("known since it was authorised");
        let console = TestProvider::new(app.state.db.clone(), app.state.random.clone(), [0; 32]);
        console.refund_at_console("r", &reference, Money::new(2_000, payment.amount.currency)).await.expect("it is paid back");
        let mut tx = app.state.db.write().await.expect("a connection");
        let now = app.now();
        booking_core::billing::queries::add_hint(&mut tx, "e", "test", &payment.id, now).await.expect("it is written");
        tx.commit().await.expect("it commits");
        for _ in 0..9 {
            desk.jobs().await;
            app.advance(60 * MINUTE_US);
        }
        assert_eq!(desk.payment(&unpaid).await, "released 45000 0");
        let kroner = |minor| web::format::money_exact(web::Locale::Nb, minor, "NOK");
        let page = desk.provider.get("/provider/appointments").await.expect(200).text();
        // 60 kr, and 30 kr of which 20 kr went back; 14 kr of it are VAT. 45 kr are owed.
        let owes = format!("Ikke betalt: {}", kroner(4_500));
        for part in ["Betalt av kundene for 2 samtaler", "Ikke betalt ennå", &owes, &kroner(7_000), &kroner(1_400), &kroner(5_600)] {
            assert!(page.contains(part), "no {part} in {page}");
        }
        let today = desk.provider.get("/provider").await.expect(200).text();
        assert!(today.contains("2 samtaler") && today.contains(&kroner(7_000)), "{today}");
        let list = desk.operator.get("/operator/appointments").await.expect(200).text();
        assert!(list.contains(&kroner(6_000)) && list.contains(&kroner(1_000)) && !list.contains(&kroner(4_500)), "{list}");
    }
}

on_both! {
    /// trial E8: staff see their own appointments, the owner those of the business, and nobody another's.
    async fn e8_staff_see_their_own_appointments_and_the_owner_all(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut staff = walk::staff(app, &mut clinic, "nina").await;
        let mut other = provider(app, "nils").await;
        let mut ola = consumer(app, "ola").await;
        let free = add_service(&mut clinic.client, app, "Gratis råd", &[("kind", "free")]).await;
        app.execute("DELETE FROM service_member WHERE service_id = $1 AND member_id <> $2", params![&free, &clinic.member]).await;
        let page = hold(&mut ola, &free, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await.expect(303);
        let list = clinic.client.get("/provider/appointments").await.expect(200).text();
        assert!(list.contains("Gratis råd") && list.contains("1 time"), "{list}");
        for client in [&mut staff, &mut other.client] {
            client.get("/provider/appointments").await.expect(200).expect_text("Ingen timer");
        }
    }
}

on_both! {
    /// trial E8: what a colleague has done stood in the owner's list and led nowhere, nor did its receipt.
    async fn e8_the_owner_opens_what_colleagues_have_done(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let done = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.talk(&done, Desk::slot(2), 12 * MINUTE_US).await;
        desk.jobs().await;
        for (member, account, role) in [("m2", "o", "owner"), ("m3", "x", "staff")] {
            app.execute(
                "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ($1, 'org', $2, $3, '', 2)",
                params![member, account, role],
            )
            .await;
        }
        let (page, receipt) = (format!("/bookings/{done}"), format!("/bookings/{done}/receipt.pdf"));
        let list = desk.operator.get("/provider/appointments").await.expect(200).text();
        for link in [&page, &receipt] {
            assert!(list.contains(&format!("href=\"{link}\"")), "no link to {link} in {list}");
        }
        let refund = [("amount", "10"), ("reason", "Kulanse"), ("known", "0")];
        desk.operator.post(&format!("{page}/refund"), &refund).await.expect(303);
        desk.jobs().await;
        let seen = desk.operator.get(&page).await.expect(200).expect_text("Timen var hos Kari Nordli").text();
        assert!(!seen.contains("Hunden spiser ikke") && !seen.contains("Overta"), "{seen}");
        let issued: Vec<String> = app.rows("SELECT id FROM document ORDER BY kind", params![]).await;
        assert_eq!(issued.len(), 2, "a credit note and a receipt");
        for id in &issued {
            assert!(seen.contains(&format!("href=\"/documents/{id}\"")), "no link to {id} in {seen}");
            desk.operator.get(&format!("/documents/{id}")).await.expect(200);
        }
        let document = desk.operator.get(&receipt).await.expect(303).location();
        // Staff see that it was, and not what was paid.
        let seen = desk.stranger.get(&page).await.expect(200).text();
        assert!(!seen.contains("/documents/"), "{seen}");
        for path in [&receipt, &document] {
            desk.stranger.get(path).await.expect(404);
        }
    }
}
