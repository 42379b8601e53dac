//! How much one person, one account and one network can keep from others; and what an account may that is to be deleted.

use booking_core::params;
use booking_core::privacy::erase::erase_due;

use crate::harness::{App, Client};
use crate::on_both;
use crate::walk::{PASSWORD, add_service, consumer, hold, provider, tomorrow};

async fn book_free(app: &App, client: &mut Client, service: &str, minutes: i64) -> u16 {
    let page = hold(client, service, tomorrow(app, minutes)).await;
    let next = client
        .post(&page, &[("about", "Hunden halter")])
        .await
        .expect(303)
        .location();
    if !next.ends_with("/payment") {
        return 0;
    }
    client.post(&next, &[("withdrawal", "yes")]).await.status.as_u16()
}

on_both! {
    /// trial F11: one verified account booked 60 free appointments in a second.
    async fn an_account_books_as_many_times_as_the_service_allows(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Gratis", &[("kind", "free"), ("open_max", "3")]).await;
        let mut ola = consumer(app, "ola").await;
        for number in 0..3 {
            assert_eq!(book_free(app, &mut ola, &free, 30 * number).await, 303);
        }
        assert_eq!(book_free(app, &mut ola, &free, 120).await, 0, "the details lead nowhere");
        let page = hold(&mut ola, &free, tomorrow(app, 150)).await;
        let told = ola.post(&page, &[("about", "Hunden halter")]).await.expect(303).location();
        assert!(told.starts_with("/bookings?notice=too-many-with-provider"), "{told}");
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 3);
        // Giving one back makes room.
        let one: String = app.rows("SELECT id FROM appointment ORDER BY id", params![]).await.remove(0);
        ola.post(&format!("/bookings/{one}/cancel"), &[]).await.expect(303);
        assert_eq!(book_free(app, &mut ola, &free, 180).await, 303);
    }
}

on_both! {
    /// trial F11: one address without cookies kept 60 slots held.
    async fn one_network_holds_a_few_times_only(app: App) {
        let clinic = provider(app, "kari").await;
        let mut held = 0;
        for number in 0..20 {
            let start = tomorrow(app, 30 * number).to_string();
            let form = [("service", clinic.service.as_str()), ("start", start.as_str())];
            held += u32::from(app.client().post("/holds", &form).await.status == 303);
        }
        assert_eq!(held, 6);
        // Everybody else books on.
        let mut other = app.client();
        other.ip = [192, 0, 2, 9];
        hold(&mut other, &clinic.service, tomorrow(app, 300)).await;
    }
}

on_both! {
    /// trial C4, E16: the page said nothing of customers, undoing left the page down, and one could book meanwhile.
    async fn who_leaves_is_told_what_is_cancelled_books_nothing_and_comes_back_whole(app: App) {
        let mut clinic = provider(app, "kari").await;
        let free = add_service(&mut clinic.client, app, "Gratis", &[("kind", "free")]).await;
        let mut ola = consumer(app, "ola").await;
        for number in 0..2 {
            assert_eq!(book_free(app, &mut ola, &free, 30 * number).await, 303);
        }
        let page = clinic.client.get("/account/delete").await.expect(200).text();
        assert!(page.contains("2 timer som kunder har hos deg"), "{page}");
        let delete = [("action", "delete"), ("password", PASSWORD)];
        clinic.client.post("/account/delete", &delete).await.expect(303);
        let cancelled = "SELECT COUNT(*) FROM appointment WHERE status = 'cancelled'";
        assert_eq!(app.number(cancelled, params![]).await, 2, "as many as the page said");
        let public = format!("/providers/{}", clinic.slug);
        app.client().get(&public).await.expect(404);
        // Every page says so and offers to undo it.
        for path in ["/", "/bookings", "/provider"] {
            clinic.client.get(path).await.expect(200).expect_text("name=\"action\" value=\"undo\"");
        }
        let refused = clinic.client.post("/provider/profile", &[("action", "publish")]).await.expect(303).location();
        assert!(refused.starts_with("/account?notice=leaving"), "{refused}");
        clinic.client.post("/account/delete", &[("action", "undo")]).await.expect(303);
        app.client().get(&public).await.expect(200);
        assert_eq!(app.number(cancelled, params![]).await, 2);
        // A customer who leaves holds and books nothing, also not what was held before.
        let page = hold(&mut ola, &free, tomorrow(app, 120)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        ola.post("/account/delete", &delete).await.expect(303);
        let late = ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await.expect(303).location();
        assert!(late.starts_with("/account?notice=leaving"), "{late}");
        let start = tomorrow(app, 180).to_string();
        let held = ola.post("/holds", &[("service", &free), ("start", &start)]).await.expect(303).location();
        assert!(held.starts_with("/account?notice=leaving"), "{held}");
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment WHERE status = 'confirmed'", params![]).await, 0);
        assert_eq!(erase_due(&app.state).await, Ok(0));
    }
}
