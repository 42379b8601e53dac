//! Who sells: what a business must say of itself before anything that has a price is ordered, and where consumers see it.

use booking_core::base::SECOND_US;
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, FIXED, FREE, METERED, booked, receipt};
use crate::harness::App;
use crate::on_both;
use crate::walk::{SELLER, consumer, staff};

/// The form with some fields changed.
fn seller_with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form: Vec<(&str, &str)> = SELLER.to_vec();
    for (name, value) in changes {
        form.retain(|(key, _)| key != name);
        form.push((name, value));
    }
    form
}

/// A business from before anybody asked who sells.
async fn forget_seller(app: &App) {
    app.execute(
        "UPDATE org SET legal_name = '', legal_form = '', address = '', office_postcode = '', office_town = '',
             office_country = ''",
        params![],
    )
    .await;
}

on_both! {
    /// Everything that is wrong is said at once, and what was typed stays.
    async fn the_form_checks_every_field(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let wrong = [
            ("legal_form", "person"), ("address", ""), ("postcode", "503"), ("country", "Norge"), ("phone", "12"), ("email", "post@"),
        ];
        let page = desk.provider.post("/provider/seller", &seller_with(&wrong)).await.expect(422).text();
        for part in [
            "Bedriften har et organisasjonsnummer", "Skriv adressen", "Skriv landet", "Telefonnummeret må", "E-postadressen må",
            "value=\"Norge\"", "value=\"post@\"",
        ] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        let page = desk.provider.post("/provider/seller", &seller_with(&[("postcode", "503")])).await.expect(422);
        page.expect_text("fire sifre");
        let after = desk.provider.post("/provider/seller", &SELLER).await.expect(303);
        assert_eq!(after.location(), "/provider/seller?notice=seller-stated");
        let page = desk.provider.get("/provider/seller").await.expect(200).text();
        for part in ["value=\"Dyreklinikken Nordli AS\"", "value=\"as\" selected", "value=\"+47 55 00 00 00\"", "923609016"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
    }
}

on_both! {
    /// Only the owners say it; nobody else sees that there is such a page.
    async fn the_form_is_the_owners(app: App) {
        let mut clinic = crate::walk::provider(app, "kari").await;
        let mut helper = staff(app, &mut clinic, "per").await;
        let mut ola = consumer(app, "ola").await;
        for other in [&mut helper, &mut ola] {
            other.get("/provider/seller").await.expect(404);
            other.post("/provider/seller", &SELLER).await.expect(404);
        }
        clinic.client.get("/provider/seller").await.expect(200);
    }
}

on_both! {
    /// Angrerettloven section 8: name, number, address, phone and e-mail stand on the page, at the payment and in the mail.
    async fn consumers_see_who_sells_before_and_after_they_order(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let hold = desk.hold(Desk::slot(4)).await;
        let page = app.client().get("/providers/nordli").await.expect(200).text();
        let payment = desk.consumer.get(&format!("/book/{hold}/payment")).await.expect(200).text();
        booked(&desk.pay(&hold, ACCEPTED).await);
        let sql = "SELECT body FROM outbox WHERE kind = 'booked' AND recipient = $1";
        let consumers: Vec<String> = app.rows(sql, params!["c@example.no"]).await;
        let providers: Vec<String> = app.rows(sql, params!["p@example.no"]).await;
        assert!(payment.contains("Du kjøper av") && consumers[0].contains("Du kjøper av"));
        for part in [
            "Dyreklinikken Nordli AS", "Foretaksregisteret, org.nr. 923609016", "Storgata 1", "5003 Bergen", "+47 55 00 00 00",
            "post@nordli.example",
        ] {
            for (name, text) in [("page", &page), ("payment", &payment), ("mail", &consumers[0])] {
                assert!(text.contains(part), "no {part:?} on the {name}: {text}");
            }
        }
        assert!(!providers[0].contains("Storgata"), "the business knows who it is: {}", providers[0]);
    }
}

on_both! {
    /// Bokføringsforskriften section 5-1-2: a company's documents name the register beside the number; a sole proprietor's do not.
    async fn receipts_take_the_seller_from_the_form(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let mut texts = Vec::new();
        let forms: [&[(&str, &str)]; 2] = [&[], &[("legal_form", "sole"), ("legal_name", "Veterinær Kari Nordli"), ("country", "SE"), ("postcode", "111 20")]];
        for (number, changes) in (0..).zip(forms) {
            desk.provider.post("/provider/seller", &seller_with(changes)).await.expect(303);
            let start = Desk::slot(2 + 4 * number);
            let appointment = desk.book(start, ACCEPTED).await;
            desk.talk(&appointment, start, 60 * SECOND_US).await;
            desk.jobs().await;
            receipt(&mut desk.consumer, &appointment).await;
            let content: String = desk.text("SELECT content FROM document WHERE appointment_id = $1", &appointment).await;
            texts.push(serde_json::from_str::<serde_json::Value>(&content).expect("JSON")["seller"].clone());
        }
        let expect = serde_json::json!([
            { "name": "Dyreklinikken Nordli AS", "orgno": "923609016", "vat_registered": true, "names_register": true,
              "address": ["Dyreklinikken Nordli", "Storgata 1", "5003 Bergen"] },
            { "name": "Veterinær Kari Nordli", "orgno": "923609016", "vat_registered": true, "names_register": false,
              "address": ["Dyreklinikken Nordli", "Storgata 1", "111 20 Bergen", "SE"] },
        ]);
        assert_eq!(serde_json::Value::from(texts), expect);
    }
}

on_both! {
    /// A business that does not say who sells is not sold for: not found, not held, not ordered, and its owner is told.
    async fn nothing_with_a_price_is_ordered_from_whom_nobody_knows(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let agreed = desk.book(Desk::slot(20), ACCEPTED).await;
        let held = desk.hold(Desk::slot(6)).await;
        forget_seller(app).await;
        let page = app.client().get("/providers/nordli").await.expect(200).expect_text("det som loven krever av den som selger").text();
        assert!(!page.contains("name=\"start\""), "{page}");
        assert!(!app.client().get("/search?what=nordli").await.expect(200).text().contains("/providers/nordli?"));
        let slot = Desk::slot(8).to_string();
        desk.stranger.post("/holds", &[("service", "service"), ("start", &slot)]).await.expect(409);
        // What was held before is not ordered either, and the page says why.
        let payment = format!("/book/{held}/payment");
        desk.consumer.get(&payment).await.expect(200).expect_text("det som loven krever av den som selger");
        desk.pay(&held, ACCEPTED).await.expect(409);
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 1);
        // What was ordered stands.
        desk.consumer.get(&format!("/bookings/{agreed}")).await.expect(200);
        desk.provider.get("/provider").await.expect(200).expect_text("Si hvem kundene kjøper av").expect_text("href=\"/provider/seller\"");
        desk.provider.get("/provider/services").await.expect(200).expect_text("href=\"/provider/seller\"");
        // What is free is booked all the same.
        desk.offer("free", FREE).await;
        desk.stranger.post("/holds", &[("service", "free"), ("start", &slot)]).await.expect(303);
        desk.provider.post("/provider/seller", &SELLER).await.expect(303);
        booked(&desk.pay(&held, ACCEPTED).await);
    }
}

on_both! {
    /// A paid service is published once it is known who sells it; the page says what is missing, and leads there.
    async fn a_paid_service_is_published_once_it_is_known_who_sells(app: App) {
        let mut clinic = crate::walk::provider(app, "kari").await;
        let person = |orgno: &'static str, action: &'static str| [
            ("action", action), ("name", "Klinikken kari"), ("org_number", orgno), ("vat", "no"), ("vat_from", ""),
            ("category", "vet"), ("place", "Bergen"), ("about", "Råd"),
        ];
        // Without its number the company is not the one that said who it is.
        clinic.client.post("/provider/profile", &person("", "save")).await.expect(303);
        let paid = [
            ("title", "Ny vurdering"), ("description", ""), ("duration_min", "30"), ("buffer_min", "0"), ("notice_h", "0"),
            ("window_days", "28"), ("kind", "fixed"), ("amount", "390"), ("active", "yes"),
        ];
        let page = clinic.client.post("/provider/services/new", &paid).await.expect(422);
        page.expect_text("Kundene må få vite hvem de kjøper av").expect_text("href=\"/provider/seller\"");
        // A natural person states a postal address, too.
        let natural = [("legal_form", "person"), ("legal_name", "Kari Nordli")];
        clinic.client.post("/provider/seller", &seller_with(&[natural[0], natural[1], ("address", "")])).await.expect(422);
        clinic.client.post("/provider/seller", &seller_with(&natural)).await.expect(303);
        clinic.client.post("/provider/services/new", &paid).await.expect(303);
        let page = app.client().get(&format!("/providers/{}", clinic.slug)).await.expect(200).text();
        assert!(page.contains("Kari Nordli") && page.contains("Storgata 1") && !page.contains("Foretaksregisteret"), "{page}");
        // Publishing waits for it as well.
        for (action, expect) in [("pause", 303), ("publish", 303)] {
            clinic.client.post("/provider/profile", &[("action", action)]).await.expect(expect);
        }
        clinic.client.post("/provider/profile", &[("action", "pause")]).await.expect(303);
        forget_seller(app).await;
        clinic.client.post("/provider/profile", &[("action", "publish")]).await.expect(409);
    }
}
