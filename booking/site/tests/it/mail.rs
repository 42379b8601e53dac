//! Mails: what they say in both languages, and how they leave by SMTP.

use std::sync::{Arc, Mutex};

use booking_adapters::smtp::{MailServer, MailTls, Smtp};
use booking_core::AppState;
use booking_core::base::{MINUTE_US, SECOND_US};
use booking_core::params;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tracing::instrument::WithSubscriber as _;

use crate::desk::{ACCEPTED, CAPTURE_FAILS, Desk, FREE, METERED};
use crate::harness::App;
use crate::on_both;

/// What a mail server answers, step by step.
#[derive(Clone, Copy)]
struct Script {
    greeting: &'static str,
    login: &'static str,
    sender: &'static str,
    recipient: &'static str,
    /// To the text of the mail.
    text: &'static str,
}

/// Takes everything from everybody.
const YES: Script = Script {
    greeting: "220 test",
    login: "235 come in",
    sender: "250 ok",
    recipient: "250 ok",
    text: "250 kept",
};
const LATER: Script = Script {
    recipient: "451 later",
    ..YES
};
/// With the address in its words, as many servers do.
const NEVER: Script = Script {
    recipient: "550 5.1.1 <c@example.no> is unknown here",
    ..YES
};

/// What was said to a mail server.
#[derive(Default)]
struct Heard {
    greetings: Vec<String>,
    mails: Vec<String>,
}

/// A mail server (RFC 5321) that keeps what it is sent, and answers by a script.
struct TestServer {
    port: u16,
    heard: Arc<Mutex<Heard>>,
}

impl TestServer {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let heard = Arc::new(Mutex::new(Heard::default()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(converse(stream, script, Arc::clone(&kept)));
            }
        });
        Self { port, heard }
    }

    /// The same state, but mails leave by this server.
    fn used_by(&self, app: &App) -> AppState {
        let mut state = app.state.clone();
        let from = state.config.mail_from.clone();
        let server = MailServer {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            tls: MailTls::Off,
            login: Some(("booka".to_owned(), "hemmelig".to_owned())),
            authority: None,
        };
        state.base.mailer = Some(Arc::new(Smtp::new(server, &from).expect("a sender and a server")));
        state
    }

    fn taken(&self) -> Vec<String> {
        self.heard.lock().expect("nobody panics while holding it").mails.clone()
    }

    fn greetings(&self) -> Vec<String> {
        self.heard
            .lock()
            .expect("nobody panics while holding it")
            .greetings
            .clone()
    }
}

async fn converse(stream: TcpStream, script: Script, heard: Arc<Mutex<Heard>>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mut mail: Option<String> = None;
    let mut answer = script.greeting;
    loop {
        if writer.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
        answer = loop {
            let Ok(Some(line)) = lines.next_line().await else {
                return;
            };
            let mut heard = heard.lock().expect("nobody panics while holding it");
            match &mut mail {
                Some(text) if line == "." => {
                    heard.mails.push(std::mem::take(text));
                    mail = None;
                    break script.text;
                }
                Some(text) => {
                    text.push_str(&line);
                    text.push('\n');
                }
                None if line == "DATA" => {
                    mail = Some(String::new());
                    break "354 go on";
                }
                None => break reply(&script, line, &mut heard),
            }
        };
    }
}

fn reply(script: &Script, line: String, heard: &mut Heard) -> &'static str {
    match line.split([' ', ':']).next().unwrap_or_default() {
        "EHLO" | "HELO" => {
            heard.greetings.push(line);
            "250-test\r\n250 AUTH PLAIN"
        }
        "AUTH" => script.login,
        "MAIL" => script.sender,
        "RCPT" => script.recipient,
        _ => "250 ok",
    }
}

on_both! {
    async fn mails_leave_once_with_their_calendar_file(app: App) {
        let server = TestServer::start(YES).await;
        let state = server.used_by(app);
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        for _ in 0..3 {
            booking_core::jobs::round(&state).await;
        }
        let taken = server.taken();
        assert_eq!(taken.len(), 2, "one to each side, once: {taken:?}");
        let mine = taken.iter().find(|mail| mail.contains("To: c@example.no")).expect("a mail to the consumer");
        for part in ["From: Booka <post@booka.example>", "text/calendar", "method=REQUEST", "Message-ID: <"] {
            assert!(mine.contains(part), "no {part} in {mine}");
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE state = 'sent'", params![]).await, 2);
        assert_eq!(desk.status(&appointment).await, "confirmed");
    }
}

on_both! {
    async fn links_that_grant_access_do_not_stay_and_old_mails_do_not_leave(app: App) {
        let server = TestServer::start(YES).await;
        let state = server.used_by(app);
        let mut client = app.client();
        Desk::open(app, METERED).await;
        for email in ["c@example.no", "x@example.no"] {
            client.post("/reset", &[("email", email)]).await;
            if email == "c@example.no" {
                app.advance(4 * 24 * 60 * MINUTE_US);
            }
        }
        booking_core::jobs::round(&state).await;
        let taken = server.taken();
        assert_eq!(taken.len(), 1, "{taken:?}");
        assert!(taken[0].contains("To: x@example.no") && taken[0].contains("/reset/"), "{taken:?}");
        let left: Vec<(String, String)> =
            app.rows("SELECT state, body FROM outbox WHERE recipient = 'x@example.no'", params![]).await;
        assert_eq!(left, [("sent".to_owned(), String::new())]);
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE state = 'queued'", params![]).await, 1);
    }
}

on_both! {
    async fn a_mail_server_that_refuses_is_tried_again_and_given_up(app: App) {
        let server = TestServer::start(LATER).await;
        let state = server.used_by(app);
        let mut desk = Desk::open(app, FREE).await;
        let hold = desk.hold(Desk::slot(2)).await;
        desk.consumer.post(&format!("/book/{hold}/payment"), &[("withdrawal", "yes")]).await.expect(303);
        booking_core::jobs::round(&state).await;
        booking_core::jobs::round(&state).await;
        let queued = "SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND attempts = 1";
        assert_eq!(app.number(queued, params![]).await, 2, "the second round waits");
        for _ in 0..9 {
            app.advance(360 * MINUTE_US);
            booking_core::base::outbox::send_due(&state).await.expect("the database works");
        }
        let failed = "SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND attempts = 8 AND error LIKE '%451%'";
        assert_eq!(app.number(failed, params![]).await, 2);
        assert!(server.taken().is_empty());
    }
}

on_both! {
    /// What a server says against our login, our sender, or everybody, is no fault of any mail, and costs none.
    async fn a_mail_server_that_refuses_us_costs_no_mail(app: App) {
        let mut desk = Desk::open(app, FREE).await;
        desk.book(Desk::slot(40), "").await;
        let waiting = "SELECT COUNT(*) FROM outbox WHERE state = 'queued' AND attempts = 0";
        for (refusal, script) in [
            ("554 5.7.1 not you", Script { greeting: "554 5.7.1 not you", ..YES }),
            ("421 busy", Script { greeting: "421 busy", ..YES }),
            ("535 5.7.8 wrong password", Script { login: "535 5.7.8 wrong password", ..YES }),
            ("550 no such sender", Script { sender: "550 no such sender", ..YES }),
            ("451 sender later", Script { sender: "451 sender later", ..YES }),
            ("530 5.7.0 log in first", Script { recipient: "530 5.7.0 log in first", ..YES }),
            ("554 5.7.1 Relay access denied", Script { recipient: "554 5.7.1 Relay access denied", ..YES }),
        ] {
            let server = TestServer::start(script).await;
            let state = server.used_by(app);
            for _ in 0..2 {
                booking_core::base::outbox::send_due(&state).await.expect("the database works");
            }
            assert!(server.greetings().len() <= 1, "{refusal}: it is asked once, and then waited for");
            assert_eq!(app.number(waiting, params![]).await, 2, "{refusal}");
            let held = booking_core::base::outbox::held_up(&state).await.expect("it reads").expect(refusal);
            let said = refusal.split_once(' ').map(|(_, said)| said).expect("a code and words");
            assert!(held.mails == 2 && held.reason.contains(said), "{held:?}");
            assert_eq!(state.mail_counts.snapshot().map(|(_, count)| count > 0), [false, false, true], "{refusal}");
            app.advance(2 * MINUTE_US);
        }
        let server = TestServer::start(YES).await;
        let mut operator = desk.operator.at(&app.client_of(server.used_by(app)));
        for page in ["/operator", "/operator/outbox"] {
            operator.get(page).await.expect(200).expect_text("Relay access denied").expect_text("smtp_password");
        }
        booking_core::base::outbox::send_due(&server.used_by(app)).await.expect("the database works");
        assert_eq!(server.taken().len(), 2, "nothing was lost");
        let list = operator.get("/operator/outbox").await.expect(200).text();
        assert!(!list.contains("smtp_password"), "{list}");
    }
}

on_both! {
    /// The one mail that a server stumbles over does not keep the others from leaving.
    async fn the_mail_after_one_that_nobody_takes_leaves(app: App) {
        let server = TestServer::start(Script { text: "554 looks like spam", ..YES }).await;
        let state = server.used_by(app);
        Desk::open(app, FREE).await.book(Desk::slot(4), "").await;
        booking_core::base::outbox::send_due(&state).await.expect("the database works");
        assert_eq!(server.greetings().len(), 2, "a refusal of one mail ends no round");
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND attempts = 1", params![]).await, 2);
        assert_eq!(booking_core::base::outbox::held_up(&state).await.expect("it reads"), None);
    }
}

on_both! {
    /// What was given up is sent again by an operator, on record.
    async fn an_operator_sends_a_failed_mail_again(app: App) {
        let refusing = TestServer::start(NEVER).await;
        let mut desk = Desk::open(app, FREE).await;
        desk.book(Desk::slot(4), "").await;
        booking_core::base::outbox::send_due(&refusing.used_by(app)).await.expect("the database works");
        let failed: Vec<String> = app.rows("SELECT id FROM outbox WHERE state = 'failed' ORDER BY id", params![]).await;
        let page = format!("/operator/outbox/{}", failed[0]);
        let resend = [("action", "resend")];
        // Days later: what is sent again is no old news.
        app.advance(4 * 24 * 60 * MINUTE_US);
        let good = TestServer::start(YES).await;
        let at = app.client_of(good.used_by(app));
        let mut operator = desk.operator.at(&at);
        operator.get(&page).await.expect(200).expect_text("Send på nytt");
        desk.consumer.at(&at).post(&page, &resend).await.expect(404);
        assert!(operator.post(&page, &resend).await.expect(303).location().contains("mail-resent"));
        booking_core::base::outbox::send_due(&good.used_by(app)).await.expect("the database works");
        assert_eq!(good.taken().len(), 1);
        operator.post(&page, &resend).await.expect(409);
        let seen = operator.get(&page).await.expect(200).text();
        assert!(!seen.contains("Send på nytt"), "{seen}");
        let record = "SELECT COUNT(*) FROM operator_record WHERE action = 'mail_resent' AND subject = $1 AND operator_id = 'o'";
        assert_eq!(app.number(record, params![&failed[0]]).await, 1);
    }
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn dispatch(&self) -> tracing::Dispatch {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
        subscriber.with_writer(move || log.clone()).finish().into()
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().expect("nobody panics while holding it").clone();
        String::from_utf8(bytes).expect("logs are text")
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panics while holding it").extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

on_both! {
    /// Trial E18.
    async fn e18_a_permanent_no_is_not_asked_again_and_the_log_names_nobody(app: App) {
        // A place in the code that logged while nobody listened may be passed over for a while after.
        crate::log::keep();
        let log = Log::default();
        let server = TestServer::start(NEVER).await;
        let state = server.used_by(app);
        Desk::open(app, FREE).await;
        app.client().post("/reset", &[("email", "c@example.no")]).await.expect(200);
        for _ in 0..3 {
            let round = booking_core::base::outbox::send_due(&state).with_subscriber(log.dispatch());
            round.await.expect("the database works");
            app.advance(360 * MINUTE_US);
        }
        let failed = "SELECT COUNT(*) FROM outbox WHERE state = 'failed' AND attempts = 1 AND error LIKE '%550%'";
        assert_eq!(app.number(failed, params![]).await, 1);
        assert_eq!(server.greetings(), ["EHLO booka.example"], "our name, once");
        let log = log.text();
        assert!(log.contains("a mail was not sent") && !log.contains("example.no"), "{log}");
    }
}

on_both! {
    /// S42.
    async fn every_mail_is_whole_in_its_readers_language(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        app.execute("UPDATE account SET locale = 'en' WHERE id = 'c'", params![]).await;
        let held = desk.book(Desk::slot(2), ACCEPTED).await;
        let unpaid = desk.book(Desk::slot(3), CAPTURE_FAILS).await;
        let missed = desk.book(Desk::slot(4), ACCEPTED).await;
        let cancelled = desk.book(Desk::slot(5), ACCEPTED).await;
        desk.provider.post(&format!("/bookings/{cancelled}/cancel"), &[]).await.expect(303);
        desk.talk(&held, Desk::slot(2), 25 * SECOND_US).await;
        desk.talk(&unpaid, Desk::slot(3), 25 * SECOND_US).await;
        for _ in 0..12 {
            desk.jobs().await;
            app.advance(240 * MINUTE_US);
        }
        assert_eq!(desk.status(&missed).await, "no_show_provider");
        let mails: Vec<(String, String, String, String)> =
            app.rows("SELECT kind, recipient, subject, body FROM outbox", params![]).await;
        let kinds: std::collections::BTreeSet<&str> = mails.iter().map(|mail| mail.0.as_str()).collect();
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["booked", "cancelled", "no_show", "payment_failed", "receipt"]);
        for (kind, recipient, subject, body) in &mails {
            for text in [subject, body] {
                assert!(!text.contains('{') && !text.contains("mail-"), "{kind}: {text}");
            }
            assert!(body.contains("http://localhost:8080/"), "{kind} leads somewhere: {body}");
            let english = recipient == "c@example.no";
            assert_eq!(body.starts_with("Hello "), english, "{kind} to {recipient}: {body}");
            assert_eq!(body.starts_with("Hei "), !english, "{kind} to {recipient}: {body}");
        }
        let receipt = mails.iter().find(|mail| mail.0 == "receipt").expect("a receipt");
        let body = receipt.3.replace('\u{a0}', " ");
        for part in ["25 s", "450.00 kr", "15.00 kr", "435.00 kr", "2026-000001"] {
            assert!(body.contains(part), "no {part} in {body}");
        }
    }
}
