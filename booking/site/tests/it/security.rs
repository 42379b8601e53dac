//! The security log: what of it is written, and what never is.

use axum::body::Body;
use axum::http::{Request, header};
use booking_core::base::MINUTE_US;
use booking_core::base::security::SecurityEvent;
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, METERED};
use crate::harness::{App, Client, Engine};
use crate::log::{keep, lines_with};
use crate::on_both;
use crate::walk::{self, PASSWORD, consumer, link_in};

/// The events of an account or a network, in order.
fn events(of: &str) -> Vec<String> {
    let word = |line: &String| {
        line.split(" event=")
            .nth(1)
            .and_then(|rest| rest.split(' ').next())
            .map(str::to_owned)
    };
    lines_with(of)
        .iter()
        .filter(|line| line.starts_with("security "))
        .filter_map(word)
        .collect()
}

/// Ids repeat from one test to the next, since their randomness does: each test has a network of its own.
fn network_of(client: &Client) -> String {
    format!("network={}.{}.{}.0/24", client.ip[0], client.ip[1], client.ip[2])
}

fn on_engine(app: &App, sqlite: u8, postgres: u8) -> [u8; 4] {
    match app.engine {
        Engine::Sqlite => [100, 64, sqlite, 9],
        Engine::Postgres => [100, 64, postgres, 9],
    }
}

on_both! {
    /// trial F13: nothing of it was logged.
    async fn f13_who_came_in_and_who_did_not_is_logged_without_secrets(app: App) {
        keep();
        let ip = on_engine(app, 1, 2);
        let browser = || {
            let mut client = app.client();
            client.ip = ip;
            client
        };
        consumer(app, "ola").await;
        let mut ola = browser();
        walk::sign_in(&mut ola, "ola").await;
        let wrong = [("email", "ola@example.no"), ("password", "hemmelig gjetning")];
        browser().post("/login", &wrong).await.expect(422);
        walk::sign_in(&mut browser(), "ola").await;
        ola.post("/account/sessions", &[("session", "others")]).await.expect(303);
        browser().post("/reset", &[("email", "ola@example.no")]).await.expect(200);
        let reset = link_in(app, "ola@example.no", "reset", "/reset/").await;
        let change = [("password", PASSWORD), ("new_password", "rosa elefant i tre")];
        ola.post("/account/password", &change).await.expect(303);
        let address = [("email", "ny@example.no"), ("password", "rosa elefant i tre")];
        ola.post("/account/email", &address).await.expect(200);
        let confirm = link_in(app, "ny@example.no", "new_address", "/account/email/").await;
        ola.post(&confirm, &[]).await.expect(303);
        ola.post("/account/delete", &[("action", "delete"), ("password", "rosa elefant i tre")]).await.expect(303);
        ola.post("/account/delete", &[("action", "undo")]).await.expect(303);
        ola.post("/logout", &[]).await.expect(303);
        app.advance(MINUTE_US);
        browser().post("/reset", &[("email", "ny@example.no")]).await.expect(200);
        let again = link_in(app, "ny@example.no", "reset", "/reset/").await;
        browser().post(&again, &[("password", "enda et nytt passord")]).await.expect(303);
        let network = network_of(&ola);
        assert_eq!(
            events(&network),
            [
                "signed_in", "sign_in_failed", "signed_in", "sessions_ended", "reset_asked", "password_changed",
                "email_change_asked", "email_changed", "deletion_asked", "deletion_undone", "signed_out", "reset_asked",
                "password_reset",
            ]
        );
        let account: String = app.rows("SELECT id FROM account", params![]).await.pop().expect("one");
        assert!(lines_with(&network).iter().all(|line| line.contains(&format!("account={account} "))));
        let secret = |link: &str| link.rsplit('/').next().expect("a token").to_owned();
        for line in lines_with(&network) {
            for part in ["@", PASSWORD, "hemmelig", "elefant", &secret(&reset), &secret(&confirm), "ola"] {
                assert!(!line.contains(part), "{part} in {line}");
            }
            assert!(!line.contains("100.64.1.9") && !line.contains("100.64.2.9"), "a whole address in {line}");
        }
    }
}

on_both! {
    /// trial F13: a refused origin and a limit that is reached.
    async fn f13_who_is_turned_away_at_the_door_is_logged(app: App) {
        keep();
        let mut thief = app.client();
        thief.ip = on_engine(app, 3, 4);
        let network = network_of(&thief);
        let foreign = Request::post("/login").header(header::ORIGIN, "https://evil.example").body(Body::empty());
        thief.send(foreign.expect("a request")).await.expect(403);
        for _ in 0..10 {
            thief.post("/login", &[("email", "ingen@example.no"), ("password", "gjetning nummer en")]).await.expect(422);
        }
        thief.post("/login", &[("email", "ingen@example.no"), ("password", "gjetning nummer en")]).await.expect(429);
        let mut expect = vec!["origin_refused"];
        expect.extend(["sign_in_failed"; 10]);
        expect.push("limit_reached");
        assert_eq!(events(&network), expect);
        for line in lines_with(&network) {
            assert!(!line.contains('@') && !line.contains("gjetning") && !line.contains(".9 "), "{line}");
        }
        let limit = lines_with(&network).pop().expect("a line");
        assert!(limit.contains("route=/login"), "{limit}");
    }
}

on_both! {
    /// trial F13: an operator read a mail, an appointment, and looked for a person.
    async fn f13_what_operators_look_at_is_logged_and_on_record(app: App) {
        keep();
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        let mail: Vec<String> = app.rows("SELECT id FROM outbox WHERE recipient = 'c@example.no'", params![]).await;
        desk.operator.post(&format!("/operator/outbox/{}", mail[0]), &[("reason", "Ringte fra 91234567")]).await.expect(200);
        let look = [("reason", "Ringte fra 91234567")];
        desk.operator.post(&format!("/operator/appointments/{appointment}"), &look).await.expect(303);
        let find = [("action", "find"), ("q", "Hansen"), ("reason", "Ringte fra 91234567")];
        desk.operator.post("/operator/people", &find).await.expect(200);
        desk.operator.get("/operator/appointments").await.expect(200);
        desk.operator.get("/operator/outbox").await.expect(200);
        let all = &String::new();
        for (subject, action) in
            [(&mail[0], "mail_seen"), (&appointment, "appointment_seen"), (all, "appointments_seen"), (all, "outbox_seen")]
        {
            let lines = lines_with(&format!("action={action} subject={subject}"));
            assert!(lines.iter().any(|line| line.contains("event=operator_acted account=o ")), "{lines:?}");
            let records = "SELECT COUNT(*) FROM operator_record WHERE operator_id = 'o' AND action = $1 AND subject = $2";
            assert_eq!(app.number(records, params![action, subject]).await, 1);
        }
        for line in lines_with("event=operator_acted") {
            assert!(!line.contains("91234567") && !line.contains("Hansen"), "what was typed stays in the record: {line}");
        }
    }
}

/// trial F13: the page for those who run the server lists every event, and no other.
#[test]
fn f13_every_event_is_explained() {
    let page = include_str!("../../../../docs/operations.md");
    let (_, section) = page.split_once("### The security log").expect("the section is there");
    let section = section.split("\n#").next().expect("it ends");
    let listed: Vec<&str> = section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    assert_eq!(listed, SecurityEvent::ALL.map(SecurityEvent::name));
}
