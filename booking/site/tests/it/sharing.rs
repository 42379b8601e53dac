//! Who gets to know what a customer says, and what stands on record of an appointment.

use booking_core::base::{DAY_US, Micros};
use booking_core::params;

use crate::erasure::book_talk_and_pay;
use crate::harness::Client;
use crate::on_both;
use crate::walk::{consumer, hold, provider, staff, tomorrow};

/// The times that a provider's page offers on a day.
async fn times_on(visitor: &mut Client, slug: &str, day: &str) -> Vec<Micros> {
    let page = visitor
        .get(&format!("/providers/{slug}?day={day}"))
        .await
        .expect(200)
        .text();
    let starts = page.split("name=\"start\" value=\"").skip(1);
    starts.filter_map(|rest| rest.split('"').next()?.parse().ok()).collect()
}

on_both! {
    /// S02: all free times can be seen without an account, and none booked.
    async fn a_visitor_sees_every_free_time_and_books_none(app: App) {
        let clinic = provider(app, "kari").await;
        let mut visitor = app.client();
        for ahead in [1, 7, 14, 21, 27] {
            let at = jiff::Timestamp::from_microsecond(app.now() + ahead * DAY_US).expect("a moment");
            let day = at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
            assert!(!times_on(&mut visitor, &clinic.slug, &day).await.is_empty(), "nothing {ahead} days ahead");
        }
        let page = hold(&mut visitor, &clinic.service, tomorrow(app, 0)).await;
        for path in [page.clone(), format!("{page}/payment"), format!("{page}/confirm")] {
            let answer = visitor.post(&path, &[("about", "Hunden halter"), ("withdrawal", "yes")]).await;
            assert!(!answer.status.is_success(), "{path}: {}", answer.status);
        }
        let rows = "SELECT (SELECT COUNT(*) FROM appointment) + (SELECT COUNT(*) FROM payment) + (SELECT COUNT(*) FROM account WHERE email_norm <> 'kari@example.no')";
        assert_eq!(app.number(rows, params![]).await, 0);
    }
}

on_both! {
    /// S12: how to reach a customer is known to whoever takes the appointment, from booking on, and to no other business.
    async fn contact_is_shared_with_whoever_is_booked_and_nobody_else(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut other = provider(app, "nils").await;
        let mut marit = consumer(app, "marit").await;
        let page = hold(&mut marit, &clinic.service, tomorrow(app, 120)).await;
        marit.get(&page).await.expect(200).expect_text("Klinikken kari får navnet ditt, e-posten, telefonnummeret");
        // On the way the clinic finds name, address and number on the appointment's page.
        let appointment = book_talk_and_pay(app, &mut clinic, &mut marit).await;
        let booking = format!("/bookings/{appointment}");
        let mut stranger = consumer(app, "per").await;
        for client in [&mut other.client, &mut stranger] {
            client.get(&booking).await.expect(404);
            client.get(&format!("{booking}/receipt.pdf")).await.expect(404);
        }
        let mut employee = staff(app, &mut other, "nina").await;
        employee.get(&booking).await.expect(404);
        assert!(!other.client.get("/account/export").await.expect(200).text().contains("marit@example.no"));
    }
}

on_both! {
    /// S22: what was agreed is on record: service, both sides, time with its zone, and price.
    async fn an_appointment_has_its_record_of_what_was_agreed(app: App) {
        let mut clinic = provider(app, "kari").await;
        let mut marit = consumer(app, "marit").await;
        let agreed = tomorrow(app, 0);
        let appointment = book_talk_and_pay(app, &mut clinic, &mut marit).await;
        // What the provider changes later changes nothing that was agreed.
        let changed = [
            ("title", "Ny tittel"), ("description", "x"), ("duration_min", "60"), ("buffer_min", "0"), ("notice_h", "0"),
            ("window_days", "28"), ("kind", "per_minute"), ("rate", "99"), ("cap", "990"), ("free_min", "0"), ("active", "yes"),
        ];
        clinic.client.post(&format!("/provider/services/{}", clinic.service), &changed).await.expect(303);
        let rows: Vec<(String, i64, i64, String)> = app
            .rows(
                "SELECT a.title || ', ' || o.name || ', ' || a.time_zone, a.start_us, a.end_us, a.price_terms
                 FROM appointment a JOIN org o ON o.id = a.org_id WHERE a.id = $1",
                params![&appointment],
            )
            .await;
        let (what, start, end, price) = rows.into_iter().next().expect("one");
        assert_eq!(what, "Råd på video, Klinikken kari, Europe/Oslo");
        assert_eq!((start, end - start), (agreed, 30 * 60 * 1_000_000));
        let price: serde_json::Value = serde_json::from_str(&price).expect("JSON");
        assert!(price.to_string().contains("1500") && price["currency"] == "NOK", "{price}");
        for client in [&mut marit, &mut clinic.client] {
            let page = client.get(&format!("/bookings/{appointment}")).await.expect(200).text();
            assert!(page.contains("Råd på video") && !page.contains("Ny tittel"), "{page}");
        }
    }
}
