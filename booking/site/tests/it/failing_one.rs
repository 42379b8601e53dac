//! A job that goes through a list: one that fails is logged, and holds up none of the others.

use booking_core::base::{DAY_US, Micros, SECOND_US};
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, METERED};
use crate::harness::{App, Engine};
use crate::on_both;
use crate::walk::{PASSWORD, consumer};

/// Everybody comes on 23 November 2026 at 09:00 in Oslo; 22 months and 24 months later.
const FIRST_WARNING: Micros = 1_853_305_200_000_000;
const SECOND_WARNING: Micros = 1_857_283_200_000_000;
const END: Micros = 1_858_579_200_000_000;

fn sql(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// From now on the database takes no change of the rows of a table that one account has.
async fn stick(app: &App, table: &str, key: &str, account: &str) {
    match app.engine {
        Engine::Sqlite => {
            let text = format!(
                "CREATE TRIGGER stuck BEFORE UPDATE ON {table} WHEN OLD.{key} = '{account}'
                 BEGIN SELECT RAISE(ABORT, 'stuck'); END"
            );
            app.execute(sql(text), params![]).await;
        }
        Engine::Postgres => {
            let function = "CREATE OR REPLACE FUNCTION stick() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN RAISE EXCEPTION ''stuck''; END'";
            app.execute(function, params![]).await;
            let text = format!(
                "CREATE TRIGGER stuck BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.{key} = '{account}')
                 EXECUTE FUNCTION stick()"
            );
            app.execute(sql(text), params![]).await;
        }
    }
}

async fn free(app: &App, table: &str) {
    let text = match app.engine {
        Engine::Sqlite => "DROP TRIGGER stuck".to_owned(),
        Engine::Postgres => format!("DROP TRIGGER stuck ON {table}"),
    };
    app.execute(sql(text), params![]).await;
}

async fn round(app: &App) {
    booking_core::jobs::round(&app.state).await;
}

/// The account that comes first wherever accounts are gone through, and the other one.
async fn two(app: &App) -> (String, String) {
    consumer(app, "marit").await;
    consumer(app, "ola").await;
    let ids: Vec<String> = app.rows("SELECT id FROM account ORDER BY id", params![]).await;
    let [first, second] = ids.try_into().expect("two accounts");
    (first, second)
}

/// How many of the mails about being away each of the two got.
async fn told(app: &App, who: [&String; 2]) -> [i64; 2] {
    let mut counts = [0; 2];
    for (count, account) in counts.iter_mut().zip(who) {
        let text = "SELECT COUNT(*) FROM outbox WHERE account_id = $1 AND kind IN ('inactive', 'ended')";
        *count = app.number(text, params![account]).await;
    }
    counts
}

async fn leaving(app: &App) -> Vec<String> {
    let text = "SELECT id FROM account WHERE deletion_asked_us IS NOT NULL AND erased_us IS NULL ORDER BY id";
    app.rows(text, params![]).await
}

async fn erased(app: &App) -> Vec<String> {
    let text = "SELECT id FROM account WHERE erased_us IS NOT NULL ORDER BY id";
    app.rows(text, params![]).await
}

on_both! {
    /// S46, S49: warned, taken to have left, erased; one account that cannot be stops nobody else's.
    async fn s49_one_account_that_fails_holds_up_no_other(app: App) {
        let (first, second) = two(app).await;
        app.set_now(FIRST_WARNING);
        stick(app, "account_activity", "account_id", &first).await;
        round(app).await;
        assert_eq!(told(app, [&first, &second]).await, [0, 1]);
        free(app, "account_activity").await;
        round(app).await;
        assert_eq!(told(app, [&first, &second]).await, [1, 1]);
        for at in [SECOND_WARNING, END] {
            app.set_now(at);
            round(app).await;
        }
        assert_eq!(told(app, [&first, &second]).await, [3, 3]);
        app.set_now(END + 83 * DAY_US);
        stick(app, "account", "id", &first).await;
        round(app).await;
        assert_eq!(leaving(app).await, std::slice::from_ref(&second));
        free(app, "account").await;
        round(app).await;
        assert_eq!(leaving(app).await, [first.clone(), second.clone()]);
        stick(app, "account", "id", &first).await;
        app.set_now(END + 90 * DAY_US);
        round(app).await;
        assert_eq!((erased(app).await, leaving(app).await), (vec![second.clone()], vec![first.clone()]));
        free(app, "account").await;
        round(app).await;
        assert_eq!(erased(app).await, [first, second]);
    }
}

on_both! {
    /// S46: what is swept beside it holds up no erasing either.
    async fn s46_a_sweep_that_fails_holds_up_no_erasing(app: App) {
        let mut marit = consumer(app, "marit").await;
        let form = [("action", "delete"), ("password", PASSWORD)];
        marit.post("/account/delete", &form).await.expect(303);
        consumer(app, "per").await;
        app.advance(7 * DAY_US);
        // As when something still refers to a session that has run out.
        app.execute("UPDATE session SET expires_us = 2 WHERE account_id = (SELECT id FROM account WHERE email = 'per@example.no')", params![]).await;
        app.execute("CREATE TABLE stuck (session_id TEXT NOT NULL REFERENCES session (id))", params![]).await;
        app.execute("INSERT INTO stuck (session_id) SELECT id FROM session WHERE expires_us = 2", params![]).await;
        round(app).await;
        assert_eq!(app.number("SELECT COUNT(*) FROM session WHERE expires_us = 2", params![]).await, 1);
        assert_eq!(erased(app).await.len(), 1);
    }
}

on_both! {
    /// S23: a receipt whose file cannot be written holds up none of the others, and is written later.
    async fn s23_one_document_that_cannot_be_stored_holds_up_no_other(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let folder = app.state.config.data_dir.join("documents");
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::write(&folder, "no folder").expect("the folder above is ours");
        for slot in [2, 6] {
            let appointment = desk.book(Desk::slot(slot), ACCEPTED).await;
            desk.talk(&appointment, Desk::slot(slot), 25 * SECOND_US).await;
            round(app).await;
        }
        let unstored = "SELECT path FROM document WHERE unstored IS NOT NULL ORDER BY issued_us";
        let paths: Vec<String> = app.rows(unstored, params![]).await;
        assert_eq!(paths.len(), 2);
        std::fs::remove_file(&folder).expect("it is there");
        let first = app.state.config.data_dir.join(&paths[0]);
        std::fs::create_dir_all(first.join("full")).expect("the folder is ours");
        round(app).await;
        assert_eq!(app.rows::<String>(unstored, params![]).await, [paths[0].clone()]);
        std::fs::remove_dir_all(&first).expect("the folder is ours");
        round(app).await;
        assert_eq!(app.rows::<String>(unstored, params![]).await, [""; 0]);
    }
}
