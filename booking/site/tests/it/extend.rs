//! Going on beyond the highest price of a call by the minute: both agree, the card is asked for the sum, and only then the
//! highest price rises; the charge is one, taken from both payments.

use booking_core::AppState;
use booking_core::base::{DAY_US, MINUTE_US, Micros, SECOND_US};
use booking_core::billing::OpKind;
use booking_core::params;
use booking_core::{calls, jobs};
use signaling_protocol::SegmentEnd;
use signaling_protocol::call::{Finding, RoomReview};

use crate::desk::{ACCEPTED, DECLINED_LATER, Desk, FIXED, segment};
use crate::harness::{App, Client};
use crate::on_both;
use crate::unreliable::{Fault, unreliable};

/// 15 kr a minute, started minutes, at most 150 kr: ten of the thirty minutes.
const SHORT: &str =
    r#"{"currency":"NOK","model":"per_minute","rate_minor":1500,"increment_s":60,"free_s":0,"cap_minor":15000}"#;
/// 15 kr a minute, and all of the time may be paid.
const WHOLE: &str =
    r#"{"currency":"NOK","model":"per_minute","rate_minor":1500,"increment_s":60,"free_s":0,"cap_minor":45000}"#;

fn path(appointment: &str) -> String {
    format!("/call/{appointment}/extension")
}

/// What a page says, with ordinary spaces.
async fn said(client: &mut Client, appointment: &str) -> String {
    client
        .get(&path(appointment))
        .await
        .expect(200)
        .text()
        .replace('\u{a0}', " ")
}

async fn act(client: &mut Client, appointment: &str, action: &str) {
    let form = [("action", action), ("amount", "15000")];
    client.post(&path(appointment), &form).await.expect(303);
}

/// Both are in the call from its start on.
async fn begin(app: &App, appointment: &str, start: Micros) {
    app.set_now(start);
    let (consumer, provider) = crate::desk::seats(app, appointment).await;
    for seat in [&consumer, &provider] {
        calls::record_arrival(&app.state, appointment, seat, start, false)
            .await
            .expect("it is written");
    }
    calls::record_admission(&app.state, appointment, &consumer, start)
        .await
        .expect("it is written");
    for seat in [&consumer, &provider] {
        let key = segment(appointment, seat, 0);
        calls::open_segment(&app.state, "main", &key, start)
            .await
            .expect("it is written");
    }
}

/// Both are still there at `at`, and the clock stands there.
async fn go_on(app: &App, appointment: &str, at: Micros) {
    app.set_now(at);
    let (consumer, provider) = crate::desk::seats(app, appointment).await;
    let seen = [consumer, provider].map(|seat| (segment(appointment, &seat, 0), at));
    let lost = calls::record_checkpoint(&app.state, &seen)
        .await
        .expect("it is written");
    assert_eq!(lost, []);
}

/// Both hang up at `at`.
async fn end(app: &App, appointment: &str, at: Micros) {
    app.set_now(at);
    let (consumer, provider) = crate::desk::seats(app, appointment).await;
    for seat in [&consumer, &provider] {
        let key = segment(appointment, seat, 0);
        calls::close_segment(&app.state, &key, at, SegmentEnd::Left)
            .await
            .expect("it is written");
    }
    calls::record_call_end(&app.state, appointment, at)
        .await
        .expect("it is written");
    for _ in 0..2 {
        jobs::round(&app.state).await;
    }
}

/// Number, state, account that answered.
async fn questions(app: &App) -> Vec<(i64, String, Option<String>)> {
    app.rows(
        "SELECT number, state, answered_by FROM call_extension ORDER BY number",
        params![],
    )
    .await
}

/// Purpose and state of each payment, in order.
async fn payments(app: &App, appointment: &str) -> Vec<String> {
    let all = "SELECT purpose, state, authorised_minor, captured_minor FROM payment WHERE appointment_id = $1 ORDER BY attempt";
    let rows: Vec<(String, String, i64, i64)> = app.rows(all, params![appointment]).await;
    let line = |(purpose, state, authorised, captured)| format!("{purpose} {state} {authorised} {captured}");
    rows.into_iter().map(line).collect()
}

async fn charged(app: &App) -> Vec<i64> {
    app.rows("SELECT amount_minor FROM charge", params![]).await
}

/// What a room that knows `most_minor` is told.
async fn told(app: &App, appointment: &str, most_minor: i64) -> Vec<i64> {
    let room = RoomReview {
        call: appointment.to_owned(),
        most_minor,
        seats: Vec::new(),
    };
    let findings = calls::review_rooms(&app.state, &[room], app.now())
        .await
        .expect("it reads");
    let most = |finding| match finding {
        Finding::PriceChanged { price, .. } => price.most_minor(),
        Finding::CallOver { .. } | Finding::SeatOver { .. } => panic!("the call goes on"),
    };
    findings.into_iter().map(most).collect()
}

/// Booked, begun, and at nine minutes of the ten that are paid.
async fn near_the_cap(app: &App, desk: &mut Desk<'_>, card: &str) -> String {
    let start = Desk::slot(2);
    let appointment = desk.book(start, card).await;
    begin(app, &appointment, start).await;
    go_on(app, &appointment, start + 9 * MINUTE_US).await;
    appointment
}

on_both! {
    async fn both_go_on_and_one_charge_is_taken_from_both_payments(app: App) {
        let mut desk = Desk::open(app, SHORT).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        begin(app, &appointment, start).await;
        go_on(app, &appointment, start + 4 * MINUTE_US).await;
        assert!(said(&mut desk.consumer, &appointment).await.contains("Det er ingenting å forlenge nå."));
        go_on(app, &appointment, start + 9 * MINUTE_US).await;
        let offer = said(&mut desk.consumer, &appointment).await;
        assert!(offer.contains("Ny makspris blir 300,00 kr.") && offer.contains("forplikter deg til å betale"), "{offer}");
        assert!(offer.contains("Forleng og betal inntil 150,00 kr"), "{offer}");
        assert!(!said(&mut desk.provider, &appointment).await.contains("value=\"ask\""));
        desk.stranger.get(&path(&appointment)).await.expect(404);
        act(&mut desk.consumer, &appointment, "ask").await;
        act(&mut desk.consumer, &appointment, "ask").await;
        assert_eq!(questions(app).await, [(0, "asked".to_owned(), None)], "one question at a time");
        assert_eq!(payments(app, &appointment).await, ["book authorised 15000 0"], "nothing before both want it");
        let asks = said(&mut desk.provider, &appointment).await;
        assert!(asks.contains("Ola Hansen vil forlenge for inntil 150,00 kr. Ny makspris blir 300,00 kr."), "{asks}");
        desk.consumer.post(&path(&appointment), &[("action", "agree")]).await.expect(404);
        act(&mut desk.provider, &appointment, "agree").await;
        act(&mut desk.provider, &appointment, "agree").await;
        assert_eq!(questions(app).await, [(0, "granted".to_owned(), Some("p".to_owned()))]);
        let both = ["book authorised 15000 0", "extend authorised 15000 0"];
        assert_eq!(payments(app, &appointment).await, both);
        assert_eq!(told(app, &appointment, 15_000).await, [30_000], "the room hears what is on record");
        assert_eq!(told(app, &appointment, 30_000).await, [0; 0]);
        assert!(said(&mut desk.provider, &appointment).await.contains("Ny makspris er 300,00 kr."));
        jobs::round(&app.state).await;
        assert_eq!(payments(app, &appointment).await, both, "both stay while the call goes on");
        end(app, &appointment, start + 16 * MINUTE_US).await;
        assert_eq!(charged(app).await, [24_000]);
        assert_eq!(payments(app, &appointment).await, ["book captured 15000 15000", "extend captured 15000 9000"]);
        let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text().replace('\u{a0}', " ");
        for line in ["Samtalen er forlenget, makspris er 300 kr", "<dd>240,00 kr</dd>", "<dd>300,00 kr</dd>", "<dd>60,00 kr</dd>"] {
            assert!(page.contains(line), "no {line:?} in {page}");
        }
        let open = "SELECT CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entry WHERE account IN ('reserved', 'consumer_receivable')";
        assert_eq!(app.number(open, params![]).await, 0);
        let totals: Vec<(i64, i64)> = app.rows("SELECT total_minor, vat_minor FROM document ORDER BY number", params![]).await;
        assert_eq!(totals, [(15_000, 3_000), (9_000, 1_800)]);
    }
}

on_both! {
    /// What was booked far ahead has a card that is kept: that is asked for more, and let go of afterwards.
    async fn a_kept_card_is_asked_for_more_and_let_go_of_afterwards(app: App) {
        let mut desk = Desk::open(app, SHORT).await;
        let start = Desk::slot(2) + 10 * DAY_US;
        let appointment = desk.book(start, ACCEPTED).await;
        app.set_now(start - DAY_US);
        jobs::round(&app.state).await;
        begin(app, &appointment, start).await;
        go_on(app, &appointment, start + 9 * MINUTE_US).await;
        act(&mut desk.consumer, &appointment, "ask").await;
        act(&mut desk.provider, &appointment, "agree").await;
        let stand = ["save saved 0 0", "due authorised 15000 0", "extend authorised 15000 0"];
        assert_eq!(payments(app, &appointment).await, stand);
        let from = "SELECT k.purpose FROM payment p JOIN payment k ON k.id = p.kept_from WHERE p.purpose = 'extend'";
        assert_eq!(app.rows::<String>(from, params![]).await, ["save"]);
        end(app, &appointment, start + 16 * MINUTE_US).await;
        let done = ["save released 0 0", "due captured 15000 15000", "extend captured 15000 9000"];
        assert_eq!(payments(app, &appointment).await, done);
    }
}

on_both! {
    /// Who needs less than the highest price before pays from the first payment alone.
    async fn what_is_not_needed_is_let_go_of(app: App) {
        let mut desk = Desk::open(app, SHORT).await;
        let appointment = near_the_cap(app, &mut desk, ACCEPTED).await;
        act(&mut desk.consumer, &appointment, "ask").await;
        act(&mut desk.provider, &appointment, "agree").await;
        end(app, &appointment, Desk::slot(2) + 10 * MINUTE_US).await;
        assert_eq!(charged(app).await, [15_000]);
        assert_eq!(payments(app, &appointment).await, ["book captured 15000 15000", "extend released 15000 0"]);
        let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        assert!(!page.contains("ikke betalt"), "{page}");
    }
}

on_both! {
    /// A bank that says no, or asks somebody who talks, extends nothing and costs nothing.
    async fn a_bank_that_says_no_extends_nothing(app: App) {
        let mut desk = Desk::open(app, SHORT).await;
        let appointment = near_the_cap(app, &mut desk, DECLINED_LATER).await;
        act(&mut desk.consumer, &appointment, "ask").await;
        act(&mut desk.provider, &appointment, "agree").await;
        assert_eq!(questions(app).await, [(0, "refused".to_owned(), Some("p".to_owned()))]);
        let no = said(&mut desk.consumer, &appointment).await;
        assert!(no.contains("Banken godtok ikke beløpet") && no.contains("Makspris er fortsatt 150,00 kr"), "{no}");
        assert!(!no.contains("value=\"ask\""), "nobody asks again and again: {no}");
        end(app, &appointment, Desk::slot(2) + 16 * MINUTE_US).await;
        assert_eq!(charged(app).await, [15_000]);
        assert_eq!(payments(app, &appointment).await, ["book captured 15000 15000", "extend declined 0 0"]);
        let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        assert!(!page.contains("ikke betalt"), "{page}");
    }
}

on_both! {
    async fn who_says_no_and_who_takes_it_back_ends_the_question(app: App) {
        let mut desk = Desk::open(app, SHORT).await;
        let appointment = near_the_cap(app, &mut desk, ACCEPTED).await;
        act(&mut desk.consumer, &appointment, "ask").await;
        act(&mut desk.consumer, &appointment, "withdraw").await;
        act(&mut desk.consumer, &appointment, "ask").await;
        // Nobody answers for three minutes.
        go_on(app, &appointment, Desk::slot(2) + 12 * MINUTE_US).await;
        jobs::round(&app.state).await;
        act(&mut desk.provider, &appointment, "agree").await;
        act(&mut desk.consumer, &appointment, "ask").await;
        act(&mut desk.provider, &appointment, "decline").await;
        act(&mut desk.provider, &appointment, "agree").await;
        act(&mut desk.consumer, &appointment, "ask").await;
        let expect = [(0, "withdrawn"), (1, "lapsed"), (2, "declined")].map(|(number, state)| (number, state.to_owned()));
        let found = questions(app).await.into_iter().map(|(number, state, _)| (number, state));
        assert_eq!(found.collect::<Vec<_>>(), expect);
        assert!(said(&mut desk.consumer, &appointment).await.contains("Kari Nordli kan ikke forlenge."));
        assert_eq!(payments(app, &appointment).await, ["book authorised 15000 0"]);
    }
}

/// The provider agrees at a server whose payment provider fails so.
async fn agree_at(app: &App, desk: &Desk<'_>, appointment: &str, fault: Fault) -> AppState {
    let state = unreliable(app, OpKind::Authorise, fault);
    let mut client = desk.provider.at(&app.client_of(state.clone()));
    act(&mut client, appointment, "agree").await;
    state
}

on_both! {
    /// A lost answer extends nothing until it is found out: in time it counts, and after a minute it is let go of.
    async fn a_lost_answer_extends_nothing_until_it_is_found_out(app: App) {
        let mut desk = Desk::open(app, SHORT).await;
        for (slot, found_after, state, payment) in [
            (2, 30 * SECOND_US, "granted", "extend authorised 15000 0"),
            (4, 3 * MINUTE_US, "lapsed", "extend released 15000 0"),
        ] {
            let start = Desk::slot(slot);
            let appointment = desk.book(start, ACCEPTED).await;
            begin(app, &appointment, start).await;
            go_on(app, &appointment, start + 9 * MINUTE_US).await;
            act(&mut desk.consumer, &appointment, "ask").await;
            agree_at(app, &desk, &appointment, Fault::LoseAnswer).await;
            let last = || async {
                let newest = "SELECT state FROM call_extension WHERE call_id = $1";
                app.rows::<String>(newest, params![&appointment]).await.pop().expect("one")
            };
            assert_eq!(last().await, "agreed");
            assert!(said(&mut desk.consumer, &appointment).await.contains("Banken blir spurt om 150,00 kr."));
            assert_eq!(told(app, &appointment, 15_000).await, [0; 0]);
            // The provider's own news, or our question, brings the truth.
            go_on(app, &appointment, start + 9 * MINUTE_US + found_after).await;
            jobs::round(&app.state).await;
            hint(app, &appointment).await;
            jobs::round(&app.state).await;
            assert_eq!(last().await, state);
            assert_eq!(payments(app, &appointment).await, ["book authorised 15000 0", payment]);
            end(app, &appointment, start + 16 * MINUTE_US).await;
        }
        assert_eq!(charged(app).await.iter().sum::<i64>(), 24_000 + 15_000);
    }
}

/// A hook about the newest payment.
async fn hint(app: &App, appointment: &str) {
    let newest = "SELECT id FROM payment WHERE appointment_id = $1 ORDER BY attempt DESC LIMIT 1";
    let payment: String = app.rows(newest, params![appointment]).await.remove(0);
    let hint = booking_core::billing::provider::Hint {
        id: payment.clone(),
        payment: Some(payment),
    };
    booking_core::usecases::note_hint(&app.state, "test", &hint)
        .await
        .expect("it is written");
}

on_both! {
    /// A part was taken and the rest was let go of by the bank: the page says what is paid and what is owed.
    async fn a_part_that_was_taken_is_not_shown_as_all(app: App) {
        let mut desk = Desk::open(app, SHORT).await;
        let appointment = near_the_cap(app, &mut desk, ACCEPTED).await;
        act(&mut desk.consumer, &appointment, "ask").await;
        act(&mut desk.provider, &appointment, "agree").await;
        let extend = "SELECT reference FROM payment WHERE appointment_id = $1 AND purpose = 'extend'";
        let reference: String = app.rows(extend, params![&appointment]).await.remove(0);
        app.provider().release("bank", &reference).await.expect("it is let go of");
        end(app, &appointment, Desk::slot(2) + 16 * MINUTE_US).await;
        assert_eq!(payments(app, &appointment).await, ["book captured 15000 15000", "extend released 15000 0"]);
        let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text().replace('\u{a0}', " ");
        for line in ["Timen er ikke betalt", "<dt>Trukket</dt>", "<dd>150,00 kr</dd>", "<dt>Ikke betalt</dt>", "<dd>90,00 kr</dd>"] {
            assert!(page.contains(line), "no {line:?} in {page}");
        }
        let pdf = crate::desk::receipt(&mut desk.consumer, &appointment).await;
        if let Some(receipt) = crate::documents::text_of(&pdf.bytes) {
            for line in ["Timen kostet i alt", "240,00", "Gjenstår å betale", "90,00"] {
                assert!(receipt.contains(line), "no {line:?} in {receipt}");
            }
        }
        let again = [("provider", "test"), ("method", ACCEPTED)];
        desk.consumer.post(&format!("/bookings/{appointment}/payment"), &again).await.expect(303);
        jobs::round(&app.state).await;
        assert_eq!(desk.payment_of(&appointment, "mend", "captured").await, "9000 9000");
        let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        assert!(!page.contains("ikke betalt"), "{page}");
    }
}

on_both! {
    /// Not for fixed prices, nor where all of the time may be paid already.
    async fn what_has_nothing_to_extend_offers_nothing(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        for (slot, price) in [(2, None), (4, Some(WHOLE))] {
            if let Some(price) = price {
                desk.offer("other", price).await;
            }
            let start = Desk::slot(slot);
            let appointment = desk.book(start, ACCEPTED).await;
            begin(app, &appointment, start).await;
            go_on(app, &appointment, start + 29 * MINUTE_US).await;
            assert!(said(&mut desk.consumer, &appointment).await.contains("Det er ingenting å forlenge nå."));
            act(&mut desk.consumer, &appointment, "ask").await;
            assert_eq!(questions(app).await, []);
            end(app, &appointment, start + 29 * MINUTE_US).await;
        }
    }
}
