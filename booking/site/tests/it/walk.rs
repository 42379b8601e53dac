//! Steps that many tests share: a provider, a consumer, and what came by mail.

use booking_core::base::{DAY_US, MINUTE_US, Micros};
use booking_core::params;

use crate::harness::{App, Client};

pub(crate) const PASSWORD: &str = "blåbær og rømme";

/// A published provider with one member and one service, open every day from 08:00 to 20:00 in Oslo.
pub(crate) struct Provider {
    pub(crate) slug: String,
    pub(crate) member: String,
    pub(crate) service: String,
    pub(crate) client: Client,
}

/// Registers, verifies and signs in a person.
pub(crate) async fn consumer(app: &App, name: &str) -> Client {
    let mut client = app.client();
    client.ip = address_of(name);
    register(&mut client, name, "").await;
    let link = verify_link(app, &email_of(name)).await;
    client.get(&link).await.expect(200);
    let next = client.post(&link, &[]).await.expect(303).location();
    assert!(next.contains("notice=email-verified"), "{next}");
    client
}

pub(crate) fn email_of(name: &str) -> String {
    format!("{name}@example.no")
}

/// Tests with many people must not look like one household to the limits.
fn address_of(name: &str) -> [u8; 4] {
    let sum = name
        .bytes()
        .fold(7_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte)));
    let [_, b, c, d] = sum.to_be_bytes();
    [198, b, c, d]
}

pub(crate) async fn register(client: &mut Client, name: &str, return_to: &str) {
    let email = email_of(name);
    let form = [
        ("name", name),
        ("email", email.as_str()),
        ("phone", "91 23 45 67"),
        ("place", "Bergen"),
        ("password", PASSWORD),
        ("accept", "yes"),
        ("return_to", return_to),
    ];
    client.post("/register", &form).await.expect(200).expect_text(&email);
}

pub(crate) async fn sign_in(client: &mut Client, name: &str) {
    let email = email_of(name);
    client
        .post("/login", &[("email", &email), ("password", PASSWORD)])
        .await
        .expect(303);
}

/// Mails to an address, newest last: kind and body.
pub(crate) async fn mails(app: &App, to: &str) -> Vec<(String, String)> {
    app.rows(
        "SELECT kind, body FROM outbox WHERE recipient = $1 ORDER BY created_us, id",
        params![to],
    )
    .await
}

/// The path of a link in the newest mail of a kind.
pub(crate) async fn link_in(app: &App, to: &str, kind: &str, path: &str) -> String {
    let mails = mails(app, to).await;
    let (_, body) = mails
        .iter()
        .rev()
        .find(|(found, _)| found == kind)
        .unwrap_or_else(|| panic!("no {kind} in {mails:?}"));
    let start = body.find(path).unwrap_or_else(|| panic!("no {path} in {body}"));
    body[start..]
        .split_whitespace()
        .next()
        .expect("the link has an end")
        .to_owned()
}

pub(crate) async fn verify_link(app: &App, to: &str) -> String {
    link_in(app, to, "verify", "/verify/").await
}

/// Who sells, as a company with a number says it.
pub(crate) const SELLER: [(&str, &str); 8] = [
    ("legal_form", "as"),
    ("legal_name", "Dyreklinikken Nordli AS"),
    ("address", "Storgata 1"),
    ("postcode", "5003"),
    ("town", "Bergen"),
    ("country", "NO"),
    ("phone", "55 00 00 00"),
    ("email", "post@nordli.example"),
];

/// Signs up a provider through its pages and publishes it.
pub(crate) async fn provider(app: &App, name: &str) -> Provider {
    let mut client = consumer(app, name).await;
    let business = format!("Klinikken {name}");
    let form = [
        ("name", business.as_str()),
        ("org_number", "999 900 003"),
        ("vat", "yes"),
        ("vat_from", "2020-01-01"),
        ("category", "vet"),
        ("place", "Bergen"),
        ("about", "Råd om hund og katt"),
    ];
    client.post("/provider/signup", &form).await.expect(303);
    let service = add_service(&mut client, app, "Råd på video", &[]).await;
    let mut hours: Vec<(String, &str)> = vec![("action".to_owned(), "save")];
    for day in 1..=7 {
        hours.push((format!("d{day}_1_from"), "08:00"));
        hours.push((format!("d{day}_1_to"), "20:00"));
    }
    let hours: Vec<(&str, &str)> = hours.iter().map(|(key, value)| (key.as_str(), *value)).collect();
    client.post("/provider/hours", &hours).await.expect(303);
    client.post("/provider/seller", &SELLER).await.expect(303);
    client
        .post("/provider/profile", &[("action", "mandate")])
        .await
        .expect(303);
    client
        .post("/provider/profile", &[("action", "publish")])
        .await
        .expect(303);
    let (org, slug): (String, String) = app
        .rows("SELECT id, slug FROM org WHERE name = $1", params![&business])
        .await
        .pop()
        .expect("it was made");
    let member = app
        .rows("SELECT id FROM member WHERE org_id = $1", params![&org])
        .await
        .pop()
        .expect("its owner");
    Provider {
        slug,
        member,
        service,
        client,
    }
}

/// Invites a new person, who registers and accepts.
pub(crate) async fn staff(app: &App, clinic: &mut Provider, name: &str) -> Client {
    let email = email_of(name);
    let form = [("action", "add"), ("email", email.as_str())];
    clinic.client.post("/provider/members", &form).await.expect(303);
    let mut client = consumer(app, name).await;
    accept(app, &mut client, &email).await;
    client
}

/// Accepts the newest invitation of an address.
pub(crate) async fn accept(app: &App, client: &mut Client, email: &str) {
    client.get("/account/invitations").await.expect(200);
    let id: String = app
        .rows(
            "SELECT id FROM invitation WHERE email_norm = $1 ORDER BY created_us DESC",
            params![email],
        )
        .await
        .into_iter()
        .next()
        .expect("an invitation");
    let form = [("action", "accept"), ("id", id.as_str())];
    client.post("/account/invitations", &form).await.expect(303);
}

/// Adds a service by the minute, 30 minutes long, and returns its id; `changes` replace fields.
pub(crate) async fn add_service(client: &mut Client, app: &App, title: &str, changes: &[(&str, &str)]) -> String {
    let mut form = vec![
        ("title", title),
        ("description", "Vi ser på dyret sammen"),
        ("duration_min", "30"),
        ("buffer_min", "0"),
        ("notice_h", "0"),
        ("window_days", "28"),
        ("kind", "per_minute"),
        ("rate", "15"),
        ("cap", "450"),
        ("free_min", "0"),
        ("active", "yes"),
    ];
    for (name, value) in changes {
        form.retain(|(key, _)| key != name);
        form.push((name, value));
    }
    client.post("/provider/services/new", &form).await.expect(303);
    app.rows("SELECT id FROM service WHERE title = $1", params![title])
        .await
        .pop()
        .expect("it was made")
}

/// Tomorrow at 10:00 in Oslo and so many minutes later.
pub(crate) fn tomorrow(app: &App, minutes: i64) -> Micros {
    let today = crate::harness::START_US - crate::harness::START_US % DAY_US;
    assert!(
        app.now() < today + DAY_US,
        "the test has not moved the clock to another day yet"
    );
    today + DAY_US + (9 * 60 + minutes) * MINUTE_US
}

/// Holds a slot; the path of its page.
pub(crate) async fn hold(client: &mut Client, service: &str, start: Micros) -> String {
    let start = start.to_string();
    client
        .post("/holds", &[("service", service), ("start", &start)])
        .await
        .expect(303)
        .location()
}
