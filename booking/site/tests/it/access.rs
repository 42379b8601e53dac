//! Who may ask for what: every route with every kind of actor, in one table. A route without a row fails the test.

use std::collections::BTreeSet;

use booking_core::params;
use web::routes::pattern;

use crate::harness::{App, Client};
use crate::on_both;
use crate::walk::{PASSWORD, Provider, add_service, consumer, hold, provider, staff, tomorrow};

/// The actors of a row, in this order, and one for whom it says nothing of its own.
const ACTORS: [&str; 7] = [
    "visitor",
    "the consumer",
    "another consumer",
    "the provider",
    "another provider",
    "the operator",
    "removed staff",
];
/// Whoever took the appointment, and was removed from the provider since, is nobody to it any more.
const AS_ANOTHER_CONSUMER: usize = 2;

struct Row {
    method: &'static str,
    pattern: &'static str,
    /// Status for each of [`ACTORS`] but the last: 303 leads to the sign-in page, or on after a change.
    expect: [u16; 6],
}

const fn get(pattern: &'static str, expect: [u16; 6]) -> Row {
    Row {
        method: "GET",
        pattern,
        expect,
    }
}

const fn post(pattern: &'static str, expect: [u16; 6]) -> Row {
    Row {
        method: "POST",
        pattern,
        expect,
    }
}

const ALL: [u16; 6] = [200; 6];
const SIGNED_IN: [u16; 6] = [303, 200, 200, 200, 200, 200];
const BOTH_SIDES: [u16; 6] = [303, 200, 404, 200, 404, 404];
const HOLDER: [u16; 6] = [404, 200, 404, 404, 404, 404];
const PROVIDERS: [u16; 6] = [303, 404, 404, 200, 200, 404];
const OPERATOR: [u16; 6] = [303, 404, 404, 404, 404, 200];
const POST_ONLY: [u16; 6] = [405; 6];

/// Rows that read come first; then those that write, with what they are refused or answered for an empty form.
const TABLE: &[Row] = &[
    get(pattern::HOME, ALL),
    get(pattern::SEARCH, ALL),
    get(pattern::PROVIDER_PAGE, ALL),
    get(pattern::NOTICE, ALL),
    get(pattern::TERMS, ALL),
    get(pattern::ABOUT, ALL),
    get(pattern::ROBOTS, ALL),
    get(pattern::SITEMAP, ALL),
    get(pattern::DEVICE_CHECK, ALL),
    get(pattern::REGISTER, ALL),
    get(pattern::LOGIN, ALL),
    get(pattern::LOGIN_LINK, ALL),
    get(pattern::VERIFY, ALL),
    get(pattern::RESET, ALL),
    get(pattern::RESET_TOKEN, ALL),
    get(pattern::OPERATOR_SETUP, ALL),
    get(pattern::HOLDS, POST_ONLY),
    get(pattern::LOGOUT, POST_ONLY),
    get(pattern::VERIFY_RESEND, POST_ONLY),
    get(pattern::LANGUAGE, POST_ONLY),
    get(pattern::BOOK_DRAFT, POST_ONLY),
    get(pattern::BOOK_EXTEND, POST_ONLY),
    get(pattern::BOOK_RELEASE, POST_ONLY),
    get(pattern::CALL_TICKET, POST_ONLY),
    get(pattern::BOOKING_TAKE_OVER, POST_ONLY),
    get(pattern::OPERATOR_CALL_CAPTURE, POST_ONLY),
    get(pattern::BOOKING_DISPUTE, BOTH_SIDES),
    // Nobody has handed anything in.
    get(pattern::DISPUTE_FILE, [303, 404, 404, 404, 404, 404]),
    get(pattern::BOOKING_DISPUTE_FILES, POST_ONLY),
    get(pattern::BOOKING_REFUND, [303, 404, 404, 200, 404, 404]),
    get(pattern::BOOK, HOLDER),
    get(pattern::BOOK_PAYMENT, [404, 303, 404, 404, 404, 404]),
    get(pattern::BOOK_CONFIRM, [404, 303, 404, 404, 404, 404]),
    get(pattern::ACCOUNT, SIGNED_IN),
    get(pattern::ACCOUNT_EMAIL, SIGNED_IN),
    get(pattern::ACCOUNT_EMAIL_CHANGE, SIGNED_IN),
    get(pattern::ACCOUNT_PASSWORD, SIGNED_IN),
    get(pattern::ACCOUNT_DATA, SIGNED_IN),
    get(pattern::ACCOUNT_DOCUMENTS, SIGNED_IN),
    get(pattern::ACCOUNT_EXPORT, SIGNED_IN),
    get(pattern::ACCOUNT_DELETE, SIGNED_IN),
    get(pattern::ACCOUNT_SESSIONS, SIGNED_IN),
    get(pattern::ACCOUNT_INVITATIONS, SIGNED_IN),
    get(pattern::INVITATION, ALL),
    get(pattern::BOOKINGS, SIGNED_IN),
    get(pattern::BOOKING, BOTH_SIDES),
    get(pattern::BOOKING_CANCEL, BOTH_SIDES),
    // Nothing is to be paid anew.
    get(pattern::BOOKING_PAYMENT, [303, 303, 404, 404, 404, 404]),
    // Nothing is withdrawn from what is free of charge.
    get(pattern::BOOKING_WITHDRAW, [303, 303, 404, 404, 404, 404]),
    get(pattern::BOOKING_CALENDAR, BOTH_SIDES),
    // There is no receipt before the call.
    get(pattern::BOOKING_RECEIPT, [303, 404, 404, 404, 404, 404]),
    get(pattern::DOCUMENT, [303, 404, 404, 404, 404, 404]),
    get(pattern::CALL, [303, 303, 404, 303, 404, 404]),
    get(pattern::CALL_OTHER, [303, 200, 404, 200, 404, 404]),
    get(pattern::CALL_EXTENSION, [303, 200, 404, 200, 404, 404]),
    get(pattern::PROVIDER, [303, 303, 303, 200, 200, 303]),
    get(pattern::PROVIDER_SIGNUP, [200, 200, 200, 303, 303, 200]),
    get(pattern::PROVIDER_APPOINTMENTS, PROVIDERS),
    get(pattern::PROVIDER_DOCUMENTS, PROVIDERS),
    get(pattern::PROVIDER_SERVICES, PROVIDERS),
    get(pattern::PROVIDER_SERVICE, [303, 404, 404, 200, 404, 404]),
    get(pattern::PROVIDER_HOURS, PROVIDERS),
    get(pattern::PROVIDER_MEMBERS, PROVIDERS),
    // Nobody has an account of their own for payments here.
    get(pattern::PROVIDER_PAYMENTS, [303, 404, 404, 404, 404, 404]),
    get(pattern::PROVIDER_PROFILE, PROVIDERS),
    get(pattern::PROVIDER_SELLER, PROVIDERS),
    get(pattern::PROVIDER_MONEY, PROVIDERS),
    get(pattern::PROVIDER_PAYOUTS, PROVIDERS),
    get(pattern::PROVIDER_PROMO, PROVIDERS),
    get(pattern::PROVIDER_TIME, PROVIDERS),
    get(pattern::PROVIDER_TAX, PROVIDERS),
    get(pattern::OPERATOR, OPERATOR),
    // No call is under way.
    get(pattern::OPERATOR_CALL, [303, 404, 404, 404, 404, 404]),
    get(pattern::OPERATOR_APPOINTMENTS, OPERATOR),
    get(pattern::OPERATOR_APPOINTMENT, OPERATOR),
    get(pattern::OPERATOR_PEOPLE, OPERATOR),
    get(pattern::OPERATOR_RETENTION, OPERATOR),
    get(pattern::OPERATOR_MONEY, OPERATOR),
    get(pattern::OPERATOR_SELLERS, OPERATOR),
    get(pattern::OPERATOR_COMMISSION, OPERATOR),
    get(pattern::OPERATOR_PROMO, OPERATOR),
    get(pattern::OPERATOR_PAYOUTS, OPERATOR),
    get(pattern::OPERATOR_APPOINTMENT_REFUND, OPERATOR),
    get(pattern::OPERATOR_REFUNDS, OPERATOR),
    get(pattern::OPERATOR_INVOICES, OPERATOR),
    get(pattern::OPERATOR_BANK, OPERATOR),
    get(pattern::OPERATOR_DISPUTES, OPERATOR),
    // No dispute was opened about it.
    get(pattern::OPERATOR_APPOINTMENT_DISPUTE, [303, 404, 404, 404, 404, 404]),
    get(pattern::OPERATOR_APPOINTMENT_DISPUTE_FILES, POST_ONLY),
    get(pattern::OPERATOR_OUTBOX, OPERATOR),
    get(pattern::OPERATOR_OUTBOX_MAIL, OPERATOR),
    post(pattern::HOLDS, [400; 6]),
    post(pattern::LANGUAGE, [400; 6]),
    post(pattern::REGISTER, [422; 6]),
    post(pattern::LOGIN, [422; 6]),
    post(pattern::LOGIN_LINK, [422; 6]),
    post(pattern::VERIFY, [422; 6]),
    post(pattern::VERIFY_RESEND, [400; 6]),
    post(pattern::RESET, [422; 6]),
    post(pattern::RESET_TOKEN, [422; 6]),
    post(pattern::OPERATOR_CALL, [303, 404, 404, 404, 404, 404]),
    post(pattern::OPERATOR_APPOINTMENT, [303, 404, 404, 404, 404, 422]),
    post(pattern::OPERATOR_CALL_CAPTURE, [303, 404, 404, 404, 404, 404]),
    post(pattern::OPERATOR_PEOPLE, [303, 404, 404, 404, 404, 400]),
    post(pattern::OPERATOR_APPOINTMENT_REFUND, [303, 404, 404, 404, 404, 422]),
    post(pattern::OPERATOR_APPOINTMENT_DISPUTE, [303, 404, 404, 404, 404, 404]),
    post(
        pattern::OPERATOR_APPOINTMENT_DISPUTE_FILES,
        [303, 404, 404, 404, 404, 404],
    ),
    post(pattern::OPERATOR_REFUNDS, [303, 404, 404, 404, 404, 400]),
    post(pattern::OPERATOR_INVOICES, [303, 404, 404, 404, 404, 400]),
    post(pattern::OPERATOR_BANK, [303, 404, 404, 404, 404, 400]),
    post(pattern::OPERATOR_RETENTION, [303, 404, 404, 404, 404, 400]),
    post(pattern::OPERATOR_OUTBOX, [303, 404, 404, 404, 404, 422]),
    post(pattern::OPERATOR_OUTBOX_MAIL, [303, 404, 404, 404, 404, 422]),
    post(pattern::OPERATOR_MONEY, [303, 404, 404, 404, 404, 422]),
    post(pattern::OPERATOR_SELLERS, [303, 404, 404, 404, 404, 422]),
    post(pattern::OPERATOR_COMMISSION, [303, 404, 404, 404, 404, 400]),
    post(pattern::OPERATOR_PROMO, [303, 404, 404, 404, 404, 400]),
    post(pattern::PROVIDER_PROMO, [303, 404, 404, 400, 400, 404]),
    post(pattern::OPERATOR_PAYOUTS, [303, 404, 404, 404, 404, 400]),
    post(pattern::OPERATOR_SETUP, [422; 6]),
    post(pattern::BOOK, [404, 422, 404, 404, 404, 404]),
    post(pattern::BOOK_DRAFT, [404, 204, 404, 404, 404, 404]),
    post(pattern::BOOK_EXTEND, [404, 303, 404, 404, 404, 404]),
    post(pattern::BOOK_PAYMENT, [404, 303, 404, 404, 404, 404]),
    post(pattern::BOOK_CONFIRM, [404, 303, 404, 404, 404, 404]),
    post(pattern::BOOK_RELEASE, [404, 303, 404, 404, 404, 404]),
    post(pattern::ACCOUNT, [303, 422, 422, 422, 422, 422]),
    post(pattern::ACCOUNT_EMAIL, [303, 422, 422, 422, 422, 422]),
    post(pattern::ACCOUNT_EMAIL_CHANGE, [303, 422, 422, 422, 422, 422]),
    post(pattern::ACCOUNT_PASSWORD, [303, 422, 422, 422, 422, 422]),
    post(pattern::ACCOUNT_DELETE, [303, 422, 422, 422, 422, 422]),
    post(pattern::INVITATION, [422; 6]),
    post(pattern::ACCOUNT_INVITATIONS, [303, 404, 404, 404, 404, 404]),
    post(pattern::ACCOUNT_SESSIONS, [303, 404, 404, 404, 404, 404]),
    post(pattern::CALL_TICKET, [401, 409, 404, 409, 404, 404]),
    post(pattern::CALL_EXTENSION, [303, 400, 404, 400, 404, 404]),
    post(pattern::PROVIDER_SIGNUP, [303, 422, 422, 303, 303, 422]),
    post(pattern::PROVIDER_SERVICE, [303, 404, 404, 422, 404, 404]),
    post(pattern::PROVIDER_HOURS, [303, 404, 404, 303, 303, 404]),
    post(pattern::PROVIDER_MEMBERS, [303, 404, 404, 422, 422, 404]),
    post(pattern::PROVIDER_PAYMENTS, [303, 404, 404, 404, 404, 404]),
    post(pattern::PROVIDER_PROFILE, [303, 404, 404, 422, 422, 404]),
    post(pattern::PROVIDER_SELLER, [303, 404, 404, 422, 422, 404]),
    post(pattern::PROVIDER_MONEY, [303, 404, 404, 400, 400, 404]),
    post(pattern::PROVIDER_TIME, [303, 404, 404, 200, 200, 404]),
    post(pattern::PROVIDER_TAX, [303, 404, 404, 422, 422, 404]),
    post(pattern::BOOKING_TAKE_OVER, [303, 404, 404, 303, 404, 404]),
    post(pattern::BOOKING_WITHDRAW, [303, 409, 404, 404, 404, 404]),
    post(pattern::BOOKING_CANCEL, [303, 303, 404, 303, 404, 404]),
    post(pattern::BOOKING_DISPUTE, [303, 400, 404, 400, 404, 404]),
    post(pattern::BOOKING_DISPUTE_FILES, [303, 409, 404, 409, 404, 404]),
    post(pattern::BOOKING_REFUND, [303, 404, 404, 422, 404, 404]),
    post(pattern::BOOKING_PAYMENT, [303, 303, 404, 404, 404, 404]),
    post(pattern::LOGOUT, [303; 6]),
];

/// Served by the binary and not by this crate's router.
const ELSEWHERE: [&str; 2] = [pattern::CALL_SOCKET, pattern::STATIC];

#[test]
fn every_route_has_a_row() {
    let declared: BTreeSet<&str> = pattern::ALL.iter().map(|(pattern, _)| *pattern).collect();
    let opened: BTreeSet<&str> = TABLE
        .iter()
        .filter(|row| row.method == "GET")
        .map(|row| row.pattern)
        .chain(ELSEWHERE)
        .collect();
    assert_eq!(declared, opened);
}

/// Trial E4: the language button leads back to what was seen; where nothing can be opened it must not lead.
#[test]
fn e4_routes_that_cannot_be_opened_are_marked_where_they_are_declared() {
    for row in TABLE.iter().filter(|row| row.method == "GET") {
        let opens_nothing = row.expect == POST_ONLY;
        assert_eq!(pattern::is_form_only(row.pattern), opens_nothing, "{}", row.pattern);
    }
}

on_both! {
    async fn every_actor_gets_what_is_theirs_and_nothing_else(app: App) {
        let mut stage = stage(app).await;
        let mut wrong = Vec::new();
        for row in TABLE {
            let path = stage.fill(row.pattern, &stage.booking);
            let once_theirs = stage.fill(row.pattern, &stage.taken_once);
            let expected = row.expect.iter().chain([&row.expect[AS_ANOTHER_CONSUMER]]);
            for (index, expect) in expected.enumerate() {
                let client = &mut stage.clients[index];
                let path = if ACTORS[index] == "removed staff" { &once_theirs } else { &path };
                let status = match row.method {
                    "GET" => client.get(path).await,
                    _ => client.post(path, &[]).await,
                };
                if status.status.as_u16() != *expect {
                    wrong.push(format!("{} {} for {}: {} instead of {expect}", row.method, row.pattern, ACTORS[index], status.status));
                }
                // No limit is tested here, and the table is long.
                app.advance(30_000_000 * i64::from(row.method == "POST"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

/// An appointment and a hold of the consumer's, and everybody signed in.
struct Stage {
    clients: Vec<Client>,
    hold: String,
    booking: String,
    /// An appointment that the removed staff took.
    taken_once: String,
    service: String,
    slug: String,
    mail: String,
}

impl Stage {
    fn fill(&self, pattern: &str, booking: &str) -> String {
        let id = match pattern {
            pattern::PROVIDER_SERVICE => &self.service,
            pattern::OPERATOR_OUTBOX_MAIL => &self.mail,
            _ => booking,
        };
        pattern
            .replace("{hold}", &self.hold)
            .replace("{slug}", &self.slug)
            .replace("{token}", "nonsense")
            .replace("{id}", id)
    }
}

/// Books the free service so many minutes after tomorrow's ten o'clock.
async fn book(app: &App, ola: &mut Client, free: &str, minutes: i64) -> String {
    let page = hold(ola, free, tomorrow(app, minutes)).await;
    ola.post(&page, &[("about", "Hunden halter")]).await.expect(303);
    let booked = ola.post(&format!("{page}/payment"), &[("withdrawal", "yes")]).await;
    let id = booked.expect(303).location();
    id.trim_start_matches("/bookings/")
        .trim_end_matches("?new=1")
        .to_owned()
}

/// Somebody who took an appointment of Ola's, which was cancelled then, and whom the provider removed.
async fn removed_staff(app: &App, clinic: &mut Provider, ola: &mut Client, free: &str) -> (Client, String) {
    let mut mia = staff(app, clinic, "mia").await;
    let id = book(app, ola, free, 60).await;
    mia.post(&format!("/bookings/{id}/take-over"), &[]).await.expect(303);
    let page = format!("/bookings/{id}");
    mia.get(&page).await.expect(200).expect_text("ola@example.no");
    ola.post(&format!("{page}/cancel"), &[]).await.expect(303);
    let member: String = app
        .rows(
            "SELECT m.id FROM member m JOIN account a ON a.id = m.account_id WHERE a.email_norm = 'mia@example.no'",
            params![],
        )
        .await
        .remove(0);
    let remove = [("action", "remove"), ("id", member.as_str())];
    clinic.client.post("/provider/members", &remove).await.expect(303);
    (mia, id)
}

async fn stage(app: &App) -> Stage {
    let mut clinic = provider(app, "kari").await;
    let other = provider(app, "nils").await;
    let free = add_service(&mut clinic.client, app, "Gratis råd", &[("kind", "free")]).await;
    let mut ola = consumer(app, "ola").await;
    let per = consumer(app, "per").await;
    let booking = book(app, &mut ola, &free, 0).await;
    let (removed, taken_once) = removed_staff(app, &mut clinic, &mut ola, &free).await;
    let page = hold(&mut ola, &clinic.service, tomorrow(app, 120)).await;
    // A hold that lasts as long as the table is.
    app.execute(
        "UPDATE hold SET expires_us = expires_us + 36000000000 WHERE state = 'held'",
        params![],
    )
    .await;
    let link = booking_core::accounts::operator_setup_link(&app.state)
        .await
        .expect("it works")
        .expect("none yet");
    let mut operator = app.client();
    let form = [("name", "Drift"), ("email", "drift@example.no"), ("password", PASSWORD)];
    operator
        .post(link.strip_prefix("http://localhost:8080").expect("ours"), &form)
        .await
        .expect(303);
    Stage {
        clients: vec![app.client(), ola, per, clinic.client, other.client, operator, removed],
        hold: page.trim_start_matches("/book/").to_owned(),
        booking,
        taken_once,
        service: clinic.service,
        slug: clinic.slug,
        mail: app
            .rows("SELECT id FROM outbox ORDER BY id LIMIT 1", params![])
            .await
            .pop()
            .expect("a mail"),
    }
}
