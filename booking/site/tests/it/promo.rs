//! Promo codes: made, typed before paying, frozen with the hold, counted, and on the receipt. Amounts are literals.

use booking_core::appointments::promo;
use booking_core::base::{DAY_US, MINUTE_US};
use booking_core::params;

use crate::commission::set_rule;
use crate::desk::{ACCEPTED, Desk, FIXED, METERED, booked, receipt, signed_in};
use crate::documents::text_of;
use crate::harness::{Answer, App, Client};
use crate::on_both;
use crate::sums::plain;

const OWN: &str = "/provider/promo";
const SAID: &str = "Koden kan ikke brukes her";

async fn make(client: &mut Client, path: &str, code: &str, more: &[(&str, &str)]) {
    let mut form = vec![("action", "add"), ("code", code)];
    form.extend(more);
    client.post(path, &form).await.expect(303);
}

/// Types a code at the payment step.
async fn type_code(client: &mut Client, hold: &str, code: &str) -> Answer {
    client
        .post(
            &format!("/book/{hold}/payment"),
            &[("action", "promo"), ("promo", code)],
        )
        .await
}

async fn page(client: &mut Client, hold: &str) -> String {
    plain(&client.get(&format!("/book/{hold}/payment")).await.expect(200).text())
}

on_both! {
    /// S24: off the final charge, and a line on the receipt before the tax.
    async fn s24_a_code_is_on_the_button_in_the_charge_and_on_the_receipt(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let start = Desk::slot(2);
        let hold = desk.hold(start).await;
        assert!(!page(&mut desk.consumer, &hold).await.contains("Rabattkode"), "nobody has a code to type");
        make(&mut desk.provider, OWN, "sommer-26", &[("percent", "10"), ("fixed", "11")]).await;
        let before = page(&mut desk.consumer, &hold).await;
        assert!(before.contains("name=\"promo\"") && before.contains("390 kr"), "{before}");
        type_code(&mut desk.consumer, &hold, " Sommer 26").await.expect(303);
        let after = page(&mut desk.consumer, &hold).await;
        // 390 kr less 39 kr and 11 kr.
        for part in ["Bestill og betal 340 kr", "10 % + 11,00 kr er trukket fra", "value=\"no-promo\""] {
            assert!(after.contains(part), "no {part:?} in {after}");
        }
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        desk.talk(&appointment, start, 10 * MINUTE_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 34000 34000");
        let shown = plain(&desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text());
        assert!(shown.contains("340,00 kr") && shown.contains("Rabattkode"), "{shown}");
        let Some(text) = text_of(&receipt(&mut desk.consumer, &appointment).await.bytes) else { return };
        let text = plain(&text).replace('−', "-");
        let mut rest = text.as_str();
        for part in ["390,00 kr", "Rabattkode", "-50,00 kr", "272,00 kr", "Mva. 25 %", "68,00 kr", "340,00 kr"] {
            let (_, after) = rest.split_once(part).unwrap_or_else(|| panic!("no {part:?} where it belongs in {text}"));
            rest = after;
        }
    }
}

on_both! {
    /// By the minute the cap and the charge are less alike, and the whole price comes back with the code taken away.
    async fn a_code_is_taken_off_the_minutes_and_the_cap(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        make(&mut desk.provider, OWN, "TIENDE", &[("percent", "10")]).await;
        let start = Desk::slot(2);
        let hold = desk.hold(start).await;
        type_code(&mut desk.consumer, &hold, "tiende").await.expect(303);
        assert!(page(&mut desk.consumer, &hold).await.contains("405 kr"));
        desk.consumer.post(&format!("/book/{hold}/payment"), &[("action", "no-promo")]).await.expect(303);
        assert!(page(&mut desk.consumer, &hold).await.contains("450 kr"));
        // A page that is older than that does not make anybody pay more than it said.
        let old = [("provider", "test"), ("method", ACCEPTED), ("withdrawal", "yes"), ("sum", "40500")];
        desk.consumer.post(&format!("/book/{hold}/payment"), &old).await.expect(409).expect_text("450");
        type_code(&mut desk.consumer, &hold, "tiende").await.expect(303);
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        // Ten minutes at 15 kr.
        desk.talk(&appointment, start, 10 * MINUTE_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 40500 13500");
    }
}

on_both! {
    async fn a_code_for_everything_books_without_a_card(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        make(&mut desk.provider, OWN, "GAVE", &[("percent", "100")]).await;
        let hold = desk.hold(Desk::slot(2)).await;
        type_code(&mut desk.consumer, &hold, "gave").await.expect(303);
        let form = [("withdrawal", "yes")];
        let appointment = booked(&desk.consumer.post(&format!("/book/{hold}/payment"), &form).await);
        desk.talk(&appointment, Desk::slot(2), 10 * MINUTE_US).await;
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM payment", params![]).await, 0);
        assert_eq!(app.number("SELECT amount_minor FROM charge", params![]).await, 0);
    }
}

on_both! {
    /// Every limit says the same, so that nobody learns which codes there are; and who guesses is stopped.
    async fn limits_hold_and_tell_nothing(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        desk.offer("other", FIXED).await;
        desk.choose("service");
        make(&mut desk.provider, OWN, "OTHER", &[("percent", "10"), ("service", "other")]).await;
        make(&mut desk.provider, OWN, "DEAR", &[("percent", "10"), ("min_price", "391")]).await;
        make(&mut desk.provider, OWN, "LATER", &[("percent", "10"), ("from", "2026-11-25")]).await;
        make(&mut desk.provider, OWN, "SHORT", &[("percent", "10"), ("until", "2026-11-23")]).await;
        make(&mut desk.provider, OWN, "ENDED", &[("percent", "10")]).await;
        let ended: String = desk.text("SELECT id FROM promo_code WHERE code = $1", "ENDED").await;
        desk.stranger.post(OWN, &[("action", "stop"), ("id", &ended)]).await.expect(404);
        desk.provider.post(OWN, &[("action", "stop"), ("id", &ended)]).await.expect(303);
        let hold = desk.hold(Desk::slot(60)).await;
        for code in ["NOBODY", "OTHER", "DEAR", "LATER", "ENDED", "a!"] {
            let answer = type_code(&mut desk.consumer, &hold, code).await.expect(422);
            let text = answer.text();
            assert!(text.contains(SAID) && text.contains(&format!("value=\"{code}\"")), "{code}: {text}");
        }
        type_code(&mut desk.consumer, &hold, " ").await.expect(422).expect_text("Skriv rabattkoden");
        type_code(&mut desk.consumer, &hold, "short").await.expect(303);
        for _ in 0..3 {
            type_code(&mut desk.consumer, &hold, "GUESS").await.expect(422);
        }
        type_code(&mut desk.consumer, &hold, "GUESS").await.expect(429);
        app.advance(DAY_US);
        desk.choose("other");
        let hold = desk.hold(Desk::slot(100)).await;
        type_code(&mut desk.consumer, &hold, "short").await.expect(422);
        type_code(&mut desk.consumer, &hold, "other").await.expect(303);
        // What is wrong with a code that somebody makes is told field by field.
        for (field, form) in [
            ("code", [("code", "a"), ("percent", "10"), ("uses", "")]),
            ("code", [("code", "other"), ("percent", "10"), ("uses", "")]),
            ("percent", [("code", "fine"), ("percent", "101"), ("uses", "")]),
            ("fixed", [("code", "fine"), ("percent", ""), ("uses", "")]),
            ("uses", [("code", "fine"), ("percent", "10"), ("uses", "-1")]),
        ] {
            let mut form = form.to_vec();
            form.push(("action", "add"));
            let page = desk.provider.post(OWN, &form).await.expect(422).text();
            assert!(page.contains(&format!("href=\"#{field}\"")), "{field}: {page}");
        }
    }
}

on_both! {
    /// The last use is somebody's while the hold lasts, and free again after it.
    async fn the_last_use_goes_to_one_and_comes_back_with_the_hold(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        make(&mut desk.provider, OWN, "LAST", &[("fixed", "100"), ("uses", "1")]).await;
        let mine = desk.hold(Desk::slot(2)).await;
        let mut other = signed_in_anew(app).await;
        let theirs = hold_of(&mut other, Desk::slot(6)).await;
        let (a, b) = tokio::join!(type_code(&mut desk.consumer, &mine, "last"), type_code(&mut other, &theirs, "last"));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 422], "the database decides who has it");
        let used = "SELECT COUNT(*) FROM hold WHERE promo_id IS NOT NULL";
        assert_eq!(app.number(used, params![]).await, 1);
        // Both holds run out; whoever comes next has it.
        app.advance(20 * MINUTE_US);
        desk.jobs().await;
        let next = hold_of(&mut other, Desk::slot(10)).await;
        type_code(&mut other, &next, "last").await.expect(303);
        let appointment = booked(&crate::desk::submit_payment(&mut other, &next, ACCEPTED).await);
        let again = desk.hold(Desk::slot(14)).await;
        type_code(&mut desk.consumer, &again, "last").await.expect(422);
        // Cancelled for nothing, it is free again.
        other.post(&format!("/bookings/{appointment}/cancel"), &[]).await.expect(303);
        type_code(&mut desk.consumer, &again, "last").await.expect(303);
        let mut tx = app.state.db.read().await.expect("a connection");
        let codes = promo::codes_of(&mut tx, "org", app.now()).await.expect("it reads");
        assert_eq!(codes.iter().map(|code| code.used).collect::<Vec<_>>(), [1]);
    }
}

on_both! {
    /// The operator bears its own: the business gets what it would have got, and where the commission is less it does not hold.
    async fn a_code_of_the_operators_is_taken_off_its_commission(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        make(&mut desk.operator, "/operator/promo", "BOOKA", &[("percent", "10"), ("fixed", "5"), ("per_person", "1")]).await;
        let hold = desk.hold(Desk::slot(2)).await;
        type_code(&mut desk.consumer, &hold, "booka").await.expect(422);
        set_rule(&mut desk, "", "20", "5").await;
        type_code(&mut desk.consumer, &hold, "booka").await.expect(303);
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        desk.talk(&appointment, Desk::slot(2), 10 * MINUTE_US).await;
        desk.jobs().await;
        // 390 kr less 39 kr and 5 kr; of 78 kr and 5 kr commission 39 kr are left.
        assert_eq!(desk.payment(&appointment).await, "captured 34600 34600");
        let held = "SELECT CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entry WHERE account = 'psp_clearing'";
        assert_eq!(app.number(held, params![]).await, 30_700, "as without a code");
        let again = desk.hold(Desk::slot(20)).await;
        type_code(&mut desk.consumer, &again, "booka").await.expect(422);
        let page = plain(&desk.operator.get("/operator/promo").await.expect(200).text());
        assert!(page.contains("BOOKA") && page.contains("Høyst 1 ganger per person"), "{page}");
    }
}

async fn signed_in_anew(app: &App) -> Client {
    app.execute(
        "INSERT INTO account (id, email, email_norm, email_verified_us, name, phone, location, locale, is_operator, created_us)
         VALUES ('d', 'd@example.no', 'd@example.no', 1, 'Dina', '+4791234568', 'Bergen', 'nb', 0, 1)",
        params![],
    )
    .await;
    signed_in(app, "d").await
}

async fn hold_of(client: &mut Client, start: i64) -> String {
    let form = [("service", "service"), ("start", &start.to_string())];
    let location = client.post("/holds", &form).await.expect(303).location();
    client.post(&location, &[("about", "Katten")]).await.expect(303);
    location.trim_start_matches("/book/").to_owned()
}
