//! What an operator who has only the manual is told: by the doctor, the commands and the log.

use std::process::Output;

use crate::plain::Plain;

fn words(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

async fn run(site: &Plain, arguments: &[&str]) -> Output {
    let (first, rest) = arguments.split_first().expect("a command");
    let output = site.command(first).args(rest).output().await;
    output.expect("it can be run")
}

/// Trial F13: the lines were there, but nothing in them said of what they are.
#[tokio::test]
async fn f13_the_log_can_be_searched_for_who_was_turned_away() {
    for (format, security) in [
        ("pretty", " security: turned away"),
        ("json", "\"target\":\"security\""),
    ] {
        let site = Plain::start_logged(&[
            ("BOOKA_LOG__LEVEL", "warn,security=info".to_owned()),
            ("BOOKA_LOG__FORMAT", format.to_owned()),
            ("BOOKA_MEDIA_API__KEY_HASHES", format!("[\"{}\"]", "0".repeat(64))),
        ])
        .await;
        let form = [("email", "ola@example.no"), ("password", "hemmelig gjetning")];
        assert_eq!(site.post("/login", &form).await, 422);
        let socket = site
            .visitor()
            .get(format!("{}/call/socket", site.url))
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("origin", "https://evil.example");
        assert_eq!(socket.send().await.expect("it answers").status(), 403);
        let rooms = site.visitor().get(format!("{}/api/v1/rooms", site.url));
        let refused = rooms.bearer_auth("booka_geheim").send().await.expect("it answers");
        assert_eq!(refused.status(), 401);
        let log = site.log();
        let found: Vec<&str> = log.lines().filter(|line| line.contains(security)).collect();
        for (event, route) in [
            ("sign_in_failed", "127.0.0.0/24"),
            ("origin_refused", "/call/socket"),
            ("key_refused", "/api/v1/rooms"),
        ] {
            let fits = |line: &&&str| line.contains(event) && line.contains(route) && line.contains("127.0.0.0/24");
            assert_eq!(found.iter().filter(fits).count(), 1, "{event}: {log}");
        }
        for never in ["\u{1b}", "hemmelig", "geheim", "ola@", "127.0.0.2", "evil"] {
            assert!(!log.contains(never), "{never} in {log}");
        }
    }
}

/// Whoever forgets `--config` made a database of its own in the folder where they stood, with a link to nowhere.
#[tokio::test]
async fn a_link_for_operators_is_made_for_a_server_that_is_there_only() {
    let site = Plain::prepare(&[]);
    let output = run(&site, &["operator-link"]).await;
    let said = words(&output);
    assert!(
        !output.status.success() && said.contains("--config") && said.contains("booka.sqlite"),
        "{said}"
    );
    assert!(!site.folder.exists(), "nothing is made");
    let doctor = words(&run(&site, &["doctor"]).await);
    assert!(doctor.contains("no file is named (--config)"), "{doctor}");
}

/// A mail server that is not there, or wants no mail of ours, was first found out by people who waited for a link.
#[tokio::test]
async fn the_doctor_signs_in_at_the_mail_server() {
    let site = Plain::prepare(&[
        ("BOOKA_MAIL__TRANSPORT", "smtp".to_owned()),
        ("BOOKA_MAIL__SMTP_HOST", "127.0.0.1".to_owned()),
        ("BOOKA_MAIL__SMTP_PORT", "9".to_owned()),
    ]);
    let output = run(&site, &["doctor"]).await;
    let said = words(&output);
    assert!(
        said.contains("BROKEN  the mail server 127.0.0.1:9 does not take our mails"),
        "{said}"
    );
    assert!(!output.status.success());
}

#[tokio::test]
async fn the_doctor_says_which_address_is_not_of_this_machine() {
    let site = Plain::prepare(&[
        ("BOOKA_HTTP__LISTEN", "203.0.113.250:8080".to_owned()),
        ("BOOKA_MEDIA__BIND", "[\"203.0.113.251\"]".to_owned()),
        ("BOOKA_MEDIA__PORT", "8189".to_owned()),
    ]);
    let said = words(&run(&site, &["doctor"]).await);
    assert!(
        said.contains("203.0.113.250:8080 cannot be bound: this machine has no such address"),
        "{said}"
    );
    assert!(said.contains("this machine has no address 203.0.113.251"), "{said}");
}

/// Digits are no number where a text is meant, and what a compose file passes on empty is not set.
#[tokio::test]
async fn variables_of_texts_are_taken_as_they_are() {
    let site = Plain::prepare(&[
        ("BOOKA_CONTROLLER__ORG_NUMBER", "974760673".to_owned()),
        ("BOOKA_CONTROLLER__NAME", "\"True\"".to_owned()),
        ("BOOKA_MAIL__SMTP_USER", "0012".to_owned()),
        ("BOOKA_MAIL__SMTP_PASSWORD", "true".to_owned()),
        ("BOOKA_MAIL__FROM", "\"Hansen, Ola\" <post@booka.example>".to_owned()),
        ("BOOKA_TLS__ACME_EMAIL", String::new()),
        ("BOOKA_NODE", "[1]".to_owned()),
        ("BOOKA_HTTP__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]".to_owned()),
    ]);
    let output = run(&site, &["config", "print"]).await;
    let said = words(&output);
    for line in [
        "org_number = \"974760673\"",
        "name = \"True\"",
        "smtp_user = \"0012\"",
        "smtp_password = \"(hidden)\"",
        "from = \"\\\"Hansen, Ola\\\" <post@booka.example>\"",
        "node = \"[1]\"",
        "trusted_proxies = [\"10.0.0.0/8\"]",
    ] {
        assert!(said.lines().any(|shown| shown == line), "{line}: {said}");
    }
    assert!(!said.contains("acme_email"), "{said}");
}
