//! Database, frame and guard.

use axum::body::Body;
use axum::http::{Request, header};

use crate::on_both;

on_both! {
    async fn every_statement_is_understood(app: App) {
        for sql in booking_core::statements().into_iter().chain(booking_adapters::statements()) {
            app.state.db.prepare(sql).await.unwrap_or_else(|error| panic!("{}: {error}\n{}", sql.name, sql.text));
        }
    }
}

on_both! {
    async fn a_transaction_that_is_dropped_writes_nothing(app: App) {
        let insert = "INSERT INTO place (id, name, municipality, county, lat_e6, lon_e6, weight) VALUES ($1, $2, $2, $2, 5, 5, 0)";
        let nobody = i64::MAX;
        let sql = booking_core::base::db::Sql { name: "test", text: insert };
        let mut tx = app.state.db.write().await.expect("a connection");
        assert_eq!(tx.execute(sql, booking_core::params![nobody, "a"]).await.expect("it inserts"), 1);
        drop(tx);
        assert_eq!(app.number("SELECT COUNT(*) FROM place WHERE id = $1", booking_core::params![nobody]).await, 0);
        let mut tx = app.state.db.write().await.expect("a connection");
        tx.execute(sql, booking_core::params![nobody, "a"]).await.expect("it inserts");
        tx.commit().await.expect("it commits");
        let mut tx = app.state.db.write().await.expect("a connection");
        let error = tx.execute(sql, booking_core::params![nobody, "b"]).await.expect_err("the key is taken");
        assert!(matches!(error, booking_core::base::db::DbError::Unique(_)), "{error}");
    }
}

/// Trial F1: SQLite rolls back by itself when its file may not grow, and the connection's count of open transactions is
/// then wrong. The limit of pages stands for the full disk; it belongs to the connection that must not come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f1_a_failed_write_does_not_stop_later_ones() {
    let app = crate::harness::App::start(crate::harness::Engine::Sqlite)
        .await
        .expect("SQLite is always there");
    let state = &app.state;
    let sql = |name, text| booking_core::base::db::Sql { name, text };
    let mut tx = state.db.write().await.expect("a connection");
    let pages: i64 = tx
        .one(sql("pages", "PRAGMA page_count"), vec![])
        .await
        .expect("a number");
    let limit: &'static str = format!("PRAGMA max_page_count = {pages}").leak();
    let _: i64 = tx.one(sql("limit", limit), vec![]).await.expect("it is taken");
    let long = "x".repeat(1_000_000);
    let insert = sql(
        "insert",
        "INSERT INTO job_lease (name, owner, until_us) VALUES ($1, '', 0)",
    );
    let error = tx
        .execute(insert, booking_core::params![&long])
        .await
        .expect_err("the file may not grow");
    assert!(error.is_unavailable(), "{error}");
    drop(tx);
    assert!(state.db.refuses_writes());
    // The operator's health check is what finds out that it is over.
    booking_core::jobs::try_database(state)
        .await
        .expect("a fresh connection has no limit");
    assert!(!state.db.refuses_writes());
    let mut tx = state.db.write().await.expect("a connection");
    assert_eq!(
        tx.execute(insert, booking_core::params![&long])
            .await
            .expect("it is written"),
        1
    );
    tx.commit().await.expect("it is durable");
    app.stop().await;
}

on_both! {
    async fn requests_from_other_sites_change_nothing(app: App) {
        let mut client = app.client();
        client.set_cookie("booka", "anything");
        let request = |origin: &str| {
            let builder = Request::post("/logout").header(header::ORIGIN, origin);
            builder.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(Body::empty()).expect("a request")
        };
        client.send(request("https://evil.example")).await.expect(403);
        client.send(Request::post("/logout").body(Body::empty()).expect("a request")).await.expect(403);
    }
}

on_both! {
    async fn every_answer_keeps_other_sites_out(app: App) {
        let answer = app.client().get("/nothing-here").await.expect(404);
        let policy = answer.headers.get(header::CONTENT_SECURITY_POLICY).expect("a policy").to_str().expect("ASCII");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{policy}");
        assert_eq!(answer.headers.get(header::REFERRER_POLICY).expect("a policy"), "same-origin");
    }
}

on_both! {
    /// S42.
    async fn forms_are_bounded_and_errors_speak_the_visitors_language(app: App) {
        let mut client = app.client();
        let about = "x".repeat(70_000);
        client.post("/login", &[("email", &about)]).await.expect(413);
        let norwegian = client.get("/nothing").await.expect(404).text();
        client.post("/language", &[("locale", "en"), ("return_to", "//evil.example")]).await.expect(303);
        let english = client.get("/nothing").await.expect(404).text();
        assert!(norwegian.contains("lang=\"nb\"") && english.contains("lang=\"en\""), "{english}");
        assert_eq!(client.post("/language", &[("locale", "xx")]).await.expect(400).status.as_u16(), 400);
        let request = Request::get("/account").header(header::ACCEPT, "application/json").body(Body::empty());
        let answer = client.send(request.expect("a request")).await.expect(401);
        assert_eq!(answer.text(), r#"{"error":"sign_in_first"}"#);
    }
}

on_both! {
    async fn a_nul_is_the_senders_mistake(app: App) {
        let mut client = app.client();
        for path in ["/providers/a%00b", "/verify/a%00b", "/login/link/%00"] {
            let status = client.get(path).await.status;
            assert!(!status.is_server_error(), "{path}: {status}");
        }
        let status = client.post("/login", &[("email", "a\0@example.no"), ("password", "x")]).await.status;
        assert!(status.is_client_error(), "{status}");
        let status = client.post("/holds", &[("service", "\0"), ("start", "0")]).await.status;
        assert!(status.is_client_error(), "{status}");
    }
}

on_both! {
    async fn forms_that_are_no_forms_are_refused(app: App) {
        let mut client = app.client();
        for (kind, body) in [
            ("application/x-www-form-urlencoded", "%ff%fe=%00&&&=;"),
            ("application/x-www-form-urlencoded", "email=%"),
            ("application/json", "{}"),
            ("multipart/form-data; boundary=x", "--x"),
            ("text/plain", "email=a"),
        ] {
            for path in ["/login", "/register", "/holds", "/reset", "/language", "/verify/x"] {
                let request = Request::post(path).header(header::CONTENT_TYPE, kind).body(Body::from(body));
                let status = client.send(request.expect("a request")).await.status.as_u16();
                assert!([400, 415, 422, 429].contains(&status), "{path} {kind} {body}: {status}");
            }
        }
    }
}
