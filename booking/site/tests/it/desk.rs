//! A provider with an open desk, a consumer, an operator and a stranger, all signed in; and the usual steps of a booking.

use booking_core::AppState;
use booking_core::base::{MINUTE_US, Micros, SECOND_US, token_hash};
use booking_core::billing::Payment;
use booking_core::calls;
use booking_core::params;
use signaling_protocol::{SegmentEnd, SegmentKey};

use crate::harness::{Answer, App, Client, START_US};
use crate::walk::SELLER;

/// The choices of the test provider.
pub(crate) const ACCEPTED: &str = "accepted";
pub(crate) const DECLINED: &str = "declined";
pub(crate) const NO_FUNDS: &str = "no_funds";
pub(crate) const NEEDS_CONFIRMATION: &str = "needs_confirmation";
pub(crate) const CAPTURE_FAILS_ONCE: &str = "capture_fails_once";
pub(crate) const CAPTURE_FAILS: &str = "capture_fails";
pub(crate) const DECLINED_LATER: &str = "declined_later";

/// 15 kr a minute, started minutes, at most 450 kr.
pub(crate) const METERED: &str =
    r#"{"currency":"NOK","model":"per_minute","rate_minor":1500,"increment_s":60,"free_s":0,"cap_minor":45000}"#;
/// 15 kr a minute by the second, at most 450 kr.
pub(crate) const BY_SECOND: &str =
    r#"{"currency":"NOK","model":"per_minute","rate_minor":1500,"increment_s":1,"free_s":0,"cap_minor":45000}"#;
pub(crate) const FIXED: &str = r#"{"currency":"NOK","model":"fixed","amount_minor":39000}"#;
pub(crate) const FREE: &str = r#"{"currency":"NOK","model":"free"}"#;

pub(crate) struct Desk<'a> {
    pub(crate) app: &'a App,
    pub(crate) consumer: Client,
    pub(crate) provider: Client,
    pub(crate) operator: Client,
    pub(crate) stranger: Client,
    service: String,
}

impl<'a> Desk<'a> {
    /// Everybody is there, and the service costs `price`.
    pub(crate) async fn open(app: &'a App, price: &str) -> Self {
        for (id, name, operator) in [
            ("c", "Ola Hansen", 0),
            ("p", "Kari Nordli", 0),
            ("o", "Anne Drift", 1),
            ("x", "Per Fremmed", 0),
        ] {
            let email = format!("{id}@example.no");
            app.execute(
                "INSERT INTO account (id, email, email_norm, email_verified_us, name, phone, location, locale, is_operator,
                     created_us)
                 VALUES ($1, $2, $2, 1, $3, '+4791234567', 'Bergen', 'nb', $4, 1)",
                params![id, email, name, operator],
            )
            .await;
        }
        app.execute(
            "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town,
                 lat_e6, lon_e6, email, phone, time_zone, status, folded, created_us)
             VALUES ('org', 'nordli', 'Dyreklinikken Nordli', '923609016', 'vet', '', '', 'Storgata 1', '5003', 'Bergen',
                 60392000, 5324000, 'post@nordli.example', '+4755000000', 'Europe/Oslo', 'active', 'nordli', 1)",
            params![],
        )
        .await;
        app.execute(
            "INSERT INTO org_vat (id, org_id, registered, from_us, stated_us) VALUES ('v', 'org', 1, 0, 1)",
            params![],
        )
        .await;
        app.execute(
            "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ('m', 'org', 'p', 'owner', 'Vet', 1)",
            params![],
        )
        .await;
        for weekday in 1..=7 {
            app.execute(
                "INSERT INTO weekly_rule (member_id, weekday, start_min, end_min) VALUES ('m', $1, 0, 1440)",
                params![weekday],
            )
            .await;
        }
        let mut desk = Self {
            app,
            consumer: signed_in(app, "c").await,
            provider: signed_in(app, "p").await,
            operator: signed_in(app, "o").await,
            stranger: signed_in(app, "x").await,
            service: String::new(),
        };
        desk.provider.post("/provider/seller", &SELLER).await.expect(303);
        desk.offer("service", price).await;
        desk
    }

    /// Offers a service and makes it the one that is booked from now on.
    pub(crate) async fn offer(&mut self, id: &str, price: &str) {
        self.app
            .execute(
                "INSERT INTO service (id, org_id, title, description, duration_min, buffer_before_min, buffer_after_min,
                     step_min, notice_min, window_days, open_max, price_terms, created_us)
                 VALUES ($1, 'org', 'Videotime', '', 30, 0, 0, 30, 0, 30, 30, $2, 1)",
                params![id, price],
            )
            .await;
        self.app
            .execute(
                "INSERT INTO service_member (service_id, member_id) VALUES ($1, 'm')",
                params![id],
            )
            .await;
        self.service = id.to_owned();
    }

    /// Makes a service that is offered the one that is booked from now on.
    pub(crate) fn choose(&mut self, id: &str) {
        self.service = id.to_owned();
    }

    /// Half hours after the test's beginning.
    pub(crate) fn slot(number: i64) -> Micros {
        START_US + number * 30 * MINUTE_US
    }

    /// Holds a slot and fills in the details. Returns the hold's id.
    pub(crate) async fn hold(&mut self, start: Micros) -> String {
        let form = [("service", self.service.as_str()), ("start", &start.to_string())];
        let location = self.consumer.post("/holds", &form).await.expect(303).location();
        let id = location.trim_start_matches("/book/").to_owned();
        let answer = self
            .consumer
            .post(&location, &[("about", "Hunden spiser ikke")])
            .await
            .expect(303);
        assert_eq!(answer.location(), format!("/book/{id}/payment"));
        id
    }

    /// Submits the payment form.
    pub(crate) async fn pay(&mut self, hold: &str, card: &str) -> Answer {
        submit_payment(&mut self.consumer, hold, card).await
    }

    /// Books a slot with a card that is accepted. Returns the appointment's id.
    pub(crate) async fn book(&mut self, start: Micros, card: &str) -> String {
        let hold = self.hold(start).await;
        booked(&self.pay(&hold, card).await)
    }

    /// As [`seats`].
    pub(crate) async fn seats(&self, appointment: &str) -> (String, String) {
        seats(self.app, appointment).await
    }

    /// As [`talk`].
    pub(crate) async fn talk(&self, appointment: &str, from: Micros, length: Micros) {
        talk(self.app, appointment, from, length).await;
    }

    /// One round of the jobs.
    pub(crate) async fn jobs(&self) {
        booking_core::jobs::round(&self.app.state).await;
    }

    /// The ledger of an appointment, line by line: `kind account amount`.
    pub(crate) async fn ledger(&self, appointment: &str) -> Vec<String> {
        let rows: Vec<(String, String, i64)> = self
            .app
            .rows(
                "SELECT t.kind, e.account, e.amount_minor FROM ledger_tx t JOIN ledger_entry e ON e.tx_id = t.id
                 JOIN appointment a ON a.id = $1
                 WHERE t.appointment_id = a.id OR t.payment_id IN (SELECT id FROM payment WHERE appointment_id = a.id)
                 ORDER BY t.created_us, t.id, e.line",
                params![appointment],
            )
            .await;
        rows.into_iter()
            .map(|(kind, account, amount)| format!("{kind} {account} {amount}"))
            .collect()
    }

    pub(crate) async fn status(&self, appointment: &str) -> String {
        self.text("SELECT status FROM appointment WHERE id = $1", appointment)
            .await
    }

    /// `state authorised captured` of the appointment's payment.
    pub(crate) async fn payment(&self, appointment: &str) -> String {
        let rows: Vec<(String, i64, i64)> = self
            .app
            .rows(
                "SELECT state, authorised_minor, captured_minor FROM payment WHERE appointment_id = $1",
                params![appointment],
            )
            .await;
        let [(state, authorised, captured)] = rows.try_into().expect("one payment");
        format!("{state} {authorised} {captured}")
    }

    /// `authorised captured` of the one payment with that purpose and state.
    pub(crate) async fn payment_of(&self, appointment: &str, purpose: &str, state: &str) -> String {
        let sql = "SELECT authorised_minor, captured_minor FROM payment WHERE appointment_id = $1 AND purpose = $2 AND state = $3";
        let rows: Vec<(i64, i64)> = self.app.rows(sql, params![appointment, purpose, state]).await;
        let [(authorised, captured)] = rows.try_into().expect("one payment");
        format!("{authorised} {captured}")
    }

    /// What the provider of payments, the outside system, has for the appointment: `status captured`.
    pub(crate) async fn outside(&self, appointment: &str) -> Vec<String> {
        let rows: Vec<(String, i64)> = self
            .app
            .rows(
                "SELECT o.status, o.captured_minor FROM test_psp_payment o JOIN payment p ON p.reference = o.reference
                 WHERE p.appointment_id = $1",
                params![appointment],
            )
            .await;
        rows.into_iter()
            .map(|(status, captured)| format!("{status} {captured}"))
            .collect()
    }

    /// Kinds of the mails about an appointment with their recipients, in order.
    pub(crate) async fn mails(&self, appointment: &str) -> Vec<String> {
        let rows: Vec<(String, String)> = self
            .app
            .rows(
                "SELECT kind, recipient FROM outbox WHERE appointment_id = $1 ORDER BY created_us, kind, recipient",
                params![appointment],
            )
            .await;
        rows.into_iter()
            .map(|(kind, recipient)| format!("{kind} {recipient}"))
            .collect()
    }

    pub(crate) async fn text(&self, sql: &'static str, id: &str) -> String {
        self.app.rows(sql, params![id]).await.pop().expect("one row")
    }

    /// The payment as the product sees it.
    pub(crate) async fn paid(&self, appointment: &str) -> Payment {
        let mut tx = self.app.state.db.read().await.expect("a connection");
        let view = booking_core::billing::money_of(&mut tx, appointment)
            .await
            .expect("it reads");
        view.payment.expect("the appointment has a payment")
    }
}

/// Opens an appointment or a call as an operator does: the page asks why.
pub(crate) async fn open(operator: &mut Client, path: &str) -> String {
    operator.get(path).await.expect(200).expect_text("name=\"reason\"");
    let answer = operator.post(path, &[("reason", "Ringte")]).await.expect(303);
    assert_eq!(answer.location(), path);
    operator.get(path).await.expect(200).text()
}

/// The receipt of an appointment, from the address that mails name.
pub(crate) async fn receipt(client: &mut Client, appointment: &str) -> Answer {
    let newest = client
        .get(&format!("/bookings/{appointment}/receipt.pdf"))
        .await
        .expect(303);
    client.get(&newest.location()).await.expect(200)
}

/// A browser with a session of that account.
pub(crate) async fn signed_in(app: &App, account: &str) -> Client {
    let secret = format!("secret-of-{account}");
    app.execute(
        "INSERT INTO session (id, token_hash, account_id, created_us, last_seen_us, expires_us, user_agent, ip_prefix)
         VALUES ($1, $2, $1, $3, $3, $4, '', '')",
        params![
            account,
            token_hash(&secret),
            START_US,
            START_US + 40 * 86_400 * SECOND_US
        ],
    )
    .await;
    let mut client = app.client();
    client.set_cookie("booka", &secret);
    client
}

pub(crate) async fn submit_payment(client: &mut Client, hold: &str, card: &str) -> Answer {
    let form = [("provider", "test"), ("method", card), ("withdrawal", "yes")];
    client.post(&format!("/book/{hold}/payment"), &form).await
}

/// The appointment that an answer leads to.
#[track_caller]
pub(crate) fn booked(answer: &Answer) -> String {
    let location = answer.location();
    let id = location
        .strip_prefix("/bookings/")
        .and_then(|rest| rest.strip_suffix("?new=1"));
    id.unwrap_or_else(|| panic!("leads to {location}")).to_owned()
}

/// Names a segment.
pub(crate) fn segment(call: &str, seat: &str, seq: u32) -> SegmentKey {
    SegmentKey {
        call: call.to_owned(),
        seat: seat.to_owned(),
        seq,
    }
}

/// A span of presence from its first to its last packet.
pub(crate) async fn present(state: &AppState, call: &str, seat: &str, seq: u32, (from, to): (Micros, Micros)) {
    let key = &segment(call, seat, seq);
    calls::open_segment(state, "main", key, from)
        .await
        .expect("it is written");
    calls::record_checkpoint(state, &[(key.clone(), from + (to - from) / 2)])
        .await
        .expect("it is written");
    calls::close_segment(state, key, to, SegmentEnd::Left)
        .await
        .expect("it is written");
}

/// The seats of an appointment: the consumer's, the provider's.
pub(crate) async fn seats(app: &App, appointment: &str) -> (String, String) {
    let rows: Vec<String> = app
        .rows(
            "SELECT id FROM seat WHERE appointment_id = $1 ORDER BY role",
            params![appointment],
        )
        .await;
    let [consumer, provider] = rows.try_into().expect("two seats");
    (consumer, provider)
}

/// Both come and talk for `length` from `from` on; then the call ends and the clock stands at its end.
pub(crate) async fn talk(app: &App, appointment: &str, from: Micros, length: Micros) {
    let (consumer, provider) = seats(app, appointment).await;
    let state = &app.state;
    app.set_now(from);
    for (seat, ahead) in [(&consumer, 5 * SECOND_US), (&provider, 10 * SECOND_US)] {
        calls::record_arrival(state, appointment, seat, from - ahead, false)
            .await
            .expect("it is written");
    }
    calls::record_admission(state, appointment, &consumer, from)
        .await
        .expect("it is written");
    // The provider is there a little longer on both sides: only the overlap counts.
    let mine = &segment(appointment, &consumer, 0);
    calls::open_segment(state, "main", mine, from)
        .await
        .expect("it is written");
    let span = (from - 2 * SECOND_US, from + length + SECOND_US);
    present(state, appointment, &provider, 0, span).await;
    calls::close_segment(state, mine, from + length, SegmentEnd::Left)
        .await
        .expect("it is written");
    app.set_now(from + length + SECOND_US);
    calls::record_call_end(state, appointment, from + length + SECOND_US)
        .await
        .expect("it is written");
}
