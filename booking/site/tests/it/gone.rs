//! Nobody holds or books a time with somebody who goes at that very moment, and nobody goes with a booking unseen.

use booking_core::base::db::{Sql, Tx};
use booking_core::{appointments, calls, params};
use tokio::task::yield_now;

use crate::desk::{ACCEPTED, Desk, FREE, METERED};
use crate::harness::{App, Engine};
use crate::on_both;
use crate::walk::{PASSWORD, consumer, hold, provider, tomorrow};

/// Tries until a request that must wait is seen waiting.
const LOOKS_MAX: u32 = 20_000;

/// What somebody does to go.
const REMOVED: &str = "UPDATE member SET active = 0";
const LEAVING: &str = "UPDATE account SET deletion_asked_us = 1 WHERE id IN (SELECT account_id FROM member)";

/// Waits until some request waits for a lock of another transaction. On SQLite there is nothing to see: whoever writes
/// waits for the one writer.
async fn somebody_waits(app: &App) {
    if app.engine == Engine::Sqlite {
        return;
    }
    let waiting =
        "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    for _ in 0..LOOKS_MAX {
        if app.number(waiting, params![]).await > 0 {
            return;
        }
        yield_now().await;
    }
    panic!("nobody waits");
}

async fn change(tx: &mut Tx, text: &'static str) {
    let sql = Sql { name: "test", text };
    assert_eq!(tx.execute(sql, params![]).await.expect("it runs"), 1);
}

on_both! {
    async fn a_hold_with_somebody_who_has_gone_becomes_no_appointment(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        for (slot, gone, back) in [
            (2, REMOVED, "UPDATE member SET active = 1"),
            (3, LEAVING, "UPDATE account SET deletion_asked_us = NULL"),
        ] {
            let held = desk.hold(Desk::slot(slot)).await;
            app.execute(gone, params![]).await;
            desk.pay(&held, ACCEPTED).await.expect(303);
            desk.jobs().await;
            assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 0, "{gone}");
            app.execute(back, params![]).await;
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'released'", params![]).await, 2);
    }
}

on_both! {
    async fn a_time_is_not_held_with_somebody_who_goes_meanwhile(app: App) {
        let desk = Desk::open(app, FREE).await;
        for (slot, gone) in [(2, LEAVING), (3, REMOVED)] {
            app.execute("UPDATE account SET deletion_asked_us = NULL", params![]).await;
            let mut tx = app.state.db.write().await.expect("a connection");
            change(&mut tx, "UPDATE member SET version = version + 1").await;
            let mut visitor = desk.consumer.clone();
            let start = Desk::slot(slot).to_string();
            let asking = tokio::spawn(async move {
                visitor.post("/holds", &[("service", "service"), ("start", &start)]).await
            });
            somebody_waits(app).await;
            change(&mut tx, gone).await;
            tx.commit().await.expect("it commits");
            asking.await.expect("it answers").expect(409);
            assert_eq!(app.number("SELECT COUNT(*) FROM reservation", params![]).await, 0, "{gone}");
        }
    }
}

on_both! {
    async fn a_booking_made_while_its_provider_asks_for_deletion_is_cancelled_too(app: App) {
        let clinic = provider(app, "kari").await;
        let mut ola = consumer(app, "ola").await;
        let page = hold(&mut ola, &clinic.service, tomorrow(app, 0)).await;
        ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
        let id = page.trim_start_matches("/book/");
        let account: Vec<String> = app.rows("SELECT account_id FROM hold WHERE id = $1", params![id]).await;
        let mut tx = app.state.db.write().await.expect("a connection");
        let booked = appointments::confirm_hold(&mut tx, &app.state, id, &account[0], app.now()).await;
        let Ok(appointments::Confirmation::Booked(booked)) = booked else { panic!("{booked:?}") };
        let appointment = appointments::load_any(&mut tx, &booked).await.expect("just made");
        calls::create_call(&mut tx, &appointment, app.now()).await.expect("it is written");
        let mut owner = clinic.client.clone();
        let leaving = tokio::spawn(async move {
            owner.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await
        });
        somebody_waits(app).await;
        tx.commit().await.expect("it commits");
        leaving.await.expect("it answers").expect(303);
        let statuses: Vec<String> = app.rows("SELECT status FROM appointment", params![]).await;
        assert_eq!(statuses, ["cancelled"]);
    }
}
