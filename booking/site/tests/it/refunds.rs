//! Money goes back: by the business, by an operator, and above a limit by two persons; whatever the provider loses on the way.

use booking_core::base::{DAY_US, HOUR_US, MINUTE_US};
use booking_core::billing::OpKind;
use booking_core::billing::provider::RefundStatus;
use booking_core::params;

use crate::desk::{ACCEPTED, Desk, FIXED, open, signed_in};
use crate::harness::{Answer, App, Client};
use crate::on_both;
use crate::unreliable::{Fault, failing, telling_refunds, unreliable};

/// 7 000 kr: above what one pays back alone.
pub(crate) const DEAR: &str = r#"{"currency":"NOK","model":"fixed","amount_minor":700000}"#;

/// Somebody more, with a session: an operator, or somebody of a business in a role.
pub(crate) async fn somebody(app: &App, id: &str, operator: i64, role: Option<(&str, &str)>) -> Client {
    app.execute(
        "INSERT INTO account (id, email, email_norm, email_verified_us, name, phone, location, locale, is_operator, created_us)
         VALUES ($1, $2, $2, 1, $1, '', '', 'nb', $3, 1)",
        params![id, format!("{id}@example.no"), operator],
    )
    .await;
    if let Some((org, role)) = role {
        app.execute(
            "INSERT INTO member (id, org_id, account_id, role, title, created_us) VALUES ($1, $2, $1, $3, '', 1)",
            params![id, org, role],
        )
        .await;
    }
    signed_in(app, id).await
}

/// A call that took place and was paid for.
pub(crate) async fn paid(desk: &mut Desk<'_>) -> String {
    let half_hour = 30 * MINUTE_US;
    let start = (desk.app.now() / half_hour + 2) * half_hour;
    let appointment = desk.book(start, ACCEPTED).await;
    desk.talk(&appointment, start, 10 * MINUTE_US).await;
    desk.jobs().await;
    appointment
}

fn page(appointment: &str) -> String {
    format!("/bookings/{appointment}/refund")
}

async fn ask(client: &mut Client, path: &str, amount: &str, reason: &str, known: usize) -> Answer {
    let known = known.to_string();
    client
        .post(path, &[("amount", amount), ("reason", reason), ("known", &known)])
        .await
}

/// Where an answer leads, without its notice.
#[track_caller]
fn notice(answer: &Answer) -> String {
    let location = answer.location();
    location
        .split_once("?notice=")
        .map(|(_, notice)| notice.to_owned())
        .expect("a notice")
}

/// What the provider of payments, the outside system, has paid back: `amount status`.
async fn outside(app: &App) -> Vec<String> {
    let sql = "SELECT amount_minor, status FROM test_psp_refund ORDER BY reference";
    let mut rows: Vec<(i64, String)> = app.rows(sql, params![]).await;
    rows.sort();
    rows.into_iter()
        .map(|(minor, status)| format!("{minor} {status}"))
        .collect()
}

/// The refunds on record: `amount state`.
async fn refunds(app: &App) -> Vec<String> {
    let rows: Vec<(i64, String)> = app
        .rows(
            "SELECT amount_minor, state FROM refund ORDER BY created_us, id",
            params![],
        )
        .await;
    rows.into_iter()
        .map(|(minor, state)| format!("{minor} {state}"))
        .collect()
}

/// The lines of the ledger about money that went back.
async fn back(desk: &Desk<'_>, appointment: &str) -> Vec<String> {
    let mut lines = desk.ledger(appointment).await;
    lines.retain(|line| line.starts_with("refund"));
    lines
}

async fn ledger_sum(app: &App) -> i64 {
    let sql = "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry";
    app.number(sql, params![]).await
}

on_both! {
    async fn a_part_and_the_rest_are_what_was_paid(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        assert_eq!(desk.payment(&appointment).await, "captured 39000 39000");
        let path = page(&appointment);
        desk.provider.get(&format!("/bookings/{appointment}")).await.expect(200).expect_text(&path);
        app.advance(MINUTE_US);
        let form = desk.provider.get(&path).await.expect(200).text();
        assert!(form.contains("390,00") && form.contains("name=\"known\" value=\"0\""), "{form}");
        let over = ask(&mut desk.provider, &path, "390,01", "Forbindelsen", 0).await.expect(422).text();
        for kept in ["390,01", "Forbindelsen", "href=\"#amount\""] {
            assert!(over.contains(kept), "{kept}: {over}");
        }
        assert_eq!(refunds(app).await, [""; 0]);
        let first = ask(&mut desk.provider, &path, "100,50", "Forbindelsen var dårlig", 0).await.expect(303);
        assert_eq!(notice(&first), "refund-sent");
        let half = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        for told in ["kostet 390", "Trukket", "390,00", "100,50", "289,50"] {
            assert!(half.contains(told), "{told}: {half}");
        }
        let rest = ask(&mut desk.provider, &path, "289,50 kr", "Resten også", 1).await.expect(303);
        assert_eq!(notice(&rest), "refund-sent");
        ask(&mut desk.provider, &path, "0,01", "En øre til", 2).await.expect(422);
        assert_eq!(refunds(app).await, ["10050 done", "28950 done"]);
        assert_eq!(outside(app).await, ["10050 done", "28950 done"]);
        assert_eq!(desk.payment(&appointment).await, "refunded 39000 39000");
        let expect = [
            "refunded psp_clearing -10050", "refunded provider_payable 8040", "refunded provider_vat 2010",
            "refunded psp_clearing -28950", "refunded provider_payable 23160", "refunded provider_vat 5790",
        ];
        let mut lines = back(&desk, &appointment).await;
        lines.sort();
        let mut expect = expect.map(str::to_owned);
        expect.sort();
        assert_eq!(lines, expect);
        assert_eq!(ledger_sum(app).await, 0);
        // One credit note for each, and one mail with it.
        let notes = "SELECT total_minor FROM document WHERE kind = 'credit_note' ORDER BY total_minor";
        assert_eq!(app.rows::<i64>(notes, params![]).await, [10_050, 28_950]);
        let mails = "SELECT body FROM outbox WHERE recipient = 'c@example.no' AND created_us >= $1 ORDER BY body LIKE '%289,50%', id";
        let [first, rest]: [String; 2] = app.rows(mails, params![app.now()]).await.try_into().expect("two mails");
        assert!(first.contains("100,50") && first.contains("«Forbindelsen var dårlig»") && first.contains("TEST"), "{first}");
        assert!(rest.contains("289,50") && rest.contains("«Resten også»"), "{rest}");
        let mine = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        for told in ["100,50", "289,50", "Forbindelsen var dårlig", "Betalt tilbake"] {
            assert!(mine.contains(told), "{told}: {mine}");
        }
        assert!(!mine.contains(&path), "nobody pays themselves back");
        desk.provider.get(&path).await.expect(200).expect_text("Alt som er betalt");
    }
}

on_both! {
    /// S63: above a limit two persons, and the sum counts, so that splitting does not pass it.
    async fn s63_above_the_limit_an_operator_needs_a_second_one(app: App) {
        let mut desk = Desk::open(app, DEAR).await;
        let appointment = paid(&mut desk).await;
        let mut second = somebody(app, "o2", 1, None).await;
        let path = format!("/operator/appointments/{appointment}/refund");
        desk.operator.get(&path).await.expect(200).expect_text("name=\"reason\"").expect_text("/operator/appointments");
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        desk.operator.get(&path).await.expect(200).expect_text("7\u{a0}000,00");
        let alone = ask(&mut desk.operator, &path, "5000", "Legen kom ikke", 0).await;
        assert_eq!(notice(&alone), "refund-sent");
        let more = ask(&mut desk.operator, &path, "0,01", "Litt til", 1).await;
        assert_eq!(notice(&more), "refund-waits", "the sum counts");
        assert_eq!(refunds(app).await, ["500000 done", "1 waiting"]);
        assert_eq!(outside(app).await, ["500000 done"]);
        let ids: Vec<String> = app.rows("SELECT id FROM refund WHERE state = 'waiting'", params![]).await;
        let mails: Vec<String> = app.rows("SELECT recipient FROM outbox WHERE kind = 'refund_waits'", params![]).await;
        assert_eq!(mails, ["o2@example.no"], "one mail, and none to who asked");
        let yes = [("action", "approve"), ("id", ids[0].as_str())];
        let own = desk.operator.get("/operator/refunds").await.expect(200).expect_text("Penger som venter (1)").text();
        assert!(own.contains("en annen må godkjenne") && !own.contains("value=\"approve\""), "{own}");
        desk.operator.post("/operator/refunds", &yes).await.expect(409);
        desk.operator.post(&path, &yes).await.expect(409);
        for stranger in [&mut desk.consumer, &mut desk.stranger, &mut desk.provider] {
            stranger.post("/operator/refunds", &yes).await.expect(404);
        }
        desk.provider.post(&page(&appointment), &yes).await.expect(404);
        assert_eq!(refunds(app).await, ["500000 done", "1 waiting"]);
        second.get("/operator/refunds").await.expect(200).expect_text("value=\"approve\"").expect_text("Litt til");
        let agreed = second.post("/operator/refunds", &yes).await.expect(303);
        assert_eq!(notice(&agreed), "refund-sent");
        second.post("/operator/refunds", &yes).await.expect(409);
        assert_eq!(refunds(app).await, ["500000 done", "1 done"]);
        assert_eq!(outside(app).await, ["1 done", "500000 done"]);
        let record = "SELECT action FROM operator_record WHERE action LIKE 'refund_%' AND action <> 'refunds_seen' ORDER BY at_us, id";
        assert_eq!(app.rows::<String>(record, params![]).await, ["refund_made", "refund_asked", "refund_approved"]);
        let who = "SELECT COUNT(*) FROM refund WHERE asked_by = 'o' AND approved_by = 'o2'";
        assert_eq!(app.number(who, params![]).await, 1);
        second.get("/operator/refunds").await.expect(200).expect_text("Ingenting venter");
        assert_eq!(ledger_sum(app).await, 0);
    }
}

on_both! {
    /// S63, for owners: another owner or an operator agrees, and a no ends it.
    async fn s63_above_the_limit_an_owner_needs_another_owner_or_an_operator(app: App) {
        let mut desk = Desk::open(app, DEAR).await;
        let appointment = paid(&mut desk).await;
        let mut owner = somebody(app, "p2", 0, Some(("org", "owner"))).await;
        let mut staff = somebody(app, "s", 0, Some(("org", "staff"))).await;
        let path = page(&appointment);
        assert_eq!(notice(&ask(&mut desk.provider, &path, "6000", "Legen kom ikke", 0).await), "refund-waits");
        let mails = "SELECT recipient FROM outbox WHERE kind = 'refund_waits' ORDER BY recipient";
        assert_eq!(app.rows::<String>(mails, params![]).await, ["o@example.no", "p2@example.no"]);
        let id: Vec<String> = app.rows("SELECT id FROM refund", params![]).await;
        let (yes, no) = ([("action", "approve"), ("id", id[0].as_str())], [("action", "decline"), ("id", id[0].as_str())]);
        desk.provider.post(&path, &yes).await.expect(409);
        staff.post(&path, &yes).await.expect(404);
        assert_eq!(outside(app).await, [""; 0]);
        let mine = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        assert!(!mine.contains("Legen kom ikke"), "nothing is promised: {mine}");
        owner.get(&path).await.expect(200).expect_text("value=\"approve\"");
        assert_eq!(notice(&owner.post(&path, &no).await), "refund-declined");
        owner.post(&path, &yes).await.expect(409);
        assert_eq!(refunds(app).await, ["600000 declined"]);
        // What was declined does not count, and can be asked for again.
        assert_eq!(notice(&ask(&mut owner, &path, "7000", "Hele beløpet", 1).await), "refund-waits");
        let id: Vec<String> = app.rows("SELECT id FROM refund WHERE state = 'waiting'", params![]).await;
        let yes = [("action", "approve"), ("id", id[0].as_str())];
        desk.operator.post("/operator/refunds", &yes).await.expect(303);
        assert_eq!(refunds(app).await, ["600000 declined", "700000 done"]);
        assert_eq!(outside(app).await, ["700000 done"]);
    }
}

on_both! {
    /// S63: what was mistyped does not wait for a second person for ever; approving stays another's.
    async fn s63_whoever_asked_takes_it_back_and_never_approves(app: App) {
        let mut desk = Desk::open(app, DEAR).await;
        let appointment = paid(&mut desk).await;
        open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        let (theirs, mine) = (format!("/operator/appointments/{appointment}/refund"), page(&appointment));
        let cases = [(&mut desk.operator, theirs, "/operator/refunds"), (&mut desk.provider, mine.clone(), mine.as_str())];
        for (known, (client, path, decides)) in cases.into_iter().enumerate() {
            assert_eq!(notice(&ask(client, &path, "7000", "Skulle vært 700", known).await), "refund-waits");
            let id: Vec<String> = app.rows("SELECT id FROM refund WHERE state = 'waiting'", params![]).await;
            let (yes, no) = ([("action", "approve"), ("id", id[0].as_str())], [("action", "decline"), ("id", id[0].as_str())]);
            let shown = client.get(decides).await.expect(200).text();
            assert!(shown.contains("Trekk tilbake") && !shown.contains("value=\"approve\""), "{shown}");
            client.post(decides, &yes).await.expect(409);
            assert_eq!(notice(&client.post(decides, &no).await.expect(303)), "refund-declined");
            client.post(decides, &no).await.expect(409);
        }
        assert_eq!(refunds(app).await, ["700000 declined", "700000 declined"]);
        assert_eq!(outside(app).await, [""; 0]);
        assert_eq!(notice(&ask(&mut desk.provider, &mine, "700", "Kulanse", 2).await), "refund-sent");
    }
}

on_both! {
    async fn only_owners_of_the_business_and_operators_pay_back(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        app.execute(
            "INSERT INTO org (id, slug, name, orgno, category, headline, description, address, postcode, town, lat_e6, lon_e6,
                 email, phone, time_zone, status, folded, created_us)
             SELECT 'org2', 'annen', 'Annen klinikk', orgno, category, '', '', address, postcode, town, lat_e6, lon_e6, email, phone,
                 time_zone, status, 'annen', 1 FROM org WHERE id = 'org'",
            params![],
        ).await;
        let mut staff = somebody(app, "s", 0, Some(("org", "staff"))).await;
        let mut other = somebody(app, "y", 0, Some(("org2", "owner"))).await;
        let (mine, theirs) = (page(&appointment), format!("/operator/appointments/{appointment}/refund"));
        for client in [&mut staff, &mut other, &mut desk.stranger, &mut desk.consumer, &mut desk.operator] {
            client.get(&mine).await.expect(404);
            ask(client, &mine, "10", "Kulanse", 0).await.expect(404);
        }
        for client in [&mut staff, &mut other, &mut desk.stranger, &mut desk.consumer, &mut desk.provider] {
            client.get(&theirs).await.expect(404);
            ask(client, &theirs, "10", "Kulanse", 0).await.expect(404);
        }
        assert_eq!(refunds(app).await, [""; 0]);
        // An owner who was not in the call pays back, too.
        let mut owner = somebody(app, "p2", 0, Some(("org", "owner"))).await;
        owner.get(&mine).await.expect(200);
        assert_eq!(notice(&ask(&mut owner, &mine, "10", "Kulanse", 0).await), "refund-sent");
    }
}

on_both! {
    async fn a_form_that_comes_twice_pays_once(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let path = page(&appointment);
        for _ in 0..3 {
            assert_eq!(notice(&ask(&mut desk.provider, &path, "100", "Kulanse", 0).await), "refund-sent");
        }
        assert_eq!(outside(app).await, ["10000 done"]);
        let mut other = desk.provider.clone();
        let late = ask(&mut other, &path, "200", "Noe annet", 0).await.expect(409).text();
        for kept in ["i mellomtiden", "value=\"200\"", "Noe annet", "name=\"known\" value=\"1\""] {
            assert!(late.contains(kept), "{kept}: {late}");
        }
        desk.provider.post(&path, &[("amount", "50"), ("reason", "Uten tall")]).await.expect(409);
        assert_eq!(outside(app).await, ["10000 done"]);
        // Two at once, whoever is first.
        let (one, two) = tokio::join!(
            ask(&mut desk.provider, &path, "150", "Samtidig", 1),
            ask(&mut other, &path, "150", "Samtidig", 1)
        );
        assert_eq!((notice(&one), notice(&two)), ("refund-sent".to_owned(), "refund-sent".to_owned()));
        assert_eq!(outside(app).await, ["10000 done", "15000 done"]);
    }
}

on_both! {
    async fn what_is_typed_wrong_is_told_and_kept(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let path = page(&appointment);
        for amount in ["", "0", "-5", "abc", "1,005", "99999999999999999999"] {
            let again = ask(&mut desk.provider, &path, amount, "Kulanse", 0).await.expect(422).text();
            assert!(again.contains("href=\"#amount\"") && again.contains("Kulanse"), "{amount}: {again}");
        }
        for reason in ["", "ok", &"å".repeat(501)] {
            let again = ask(&mut desk.provider, &path, "12,30", reason, 0).await.expect(422).text();
            assert!(again.contains("href=\"#reason\"") && again.contains("value=\"12,30\""), "{reason}: {again}");
        }
        assert_eq!(refunds(app).await, [""; 0]);
    }
}

on_both! {
    async fn a_refund_on_its_way_arrives(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let slow = telling_refunds(app, RefundStatus::Pending);
        let mut provider = desk.provider.at(&app.client_of(slow.clone()));
        ask(&mut provider, &page(&appointment), "390", "Kulanse", 0).await.expect(303);
        assert_eq!(refunds(app).await, ["39000 pending"]);
        assert_eq!(back(&desk, &appointment).await, [""; 0], "nothing is posted before it arrived");
        desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).expect_text("På vei");
        // Weeks later, too, it is asked about.
        app.advance(40 * DAY_US);
        booking_core::jobs::round(&slow).await;
        assert_eq!(refunds(app).await, ["39000 pending"]);
        app.advance(2 * HOUR_US);
        desk.jobs().await;
        assert_eq!(refunds(app).await, ["39000 done"]);
        assert_eq!(desk.payment(&appointment).await, "refunded 39000 39000");
        assert_eq!(back(&desk, &appointment).await.len(), 3);
    }
}

on_both! {
    async fn a_refund_that_failed_can_be_asked_for_again(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let path = page(&appointment);
        let slow = telling_refunds(app, RefundStatus::Pending);
        let mut provider = desk.provider.at(&app.client_of(slow));
        ask(&mut provider, &path, "390", "Kulanse", 0).await.expect(303);
        app.advance(2 * HOUR_US);
        app.execute("UPDATE test_psp_refund SET status = 'failed'", params![]).await;
        desk.jobs().await;
        assert_eq!(refunds(app).await, ["39000 failed"]);
        assert_eq!(back(&desk, &appointment).await, [""; 0]);
        let returned = "SELECT COUNT(*) FROM outbox WHERE kind = 'refund_returned'";
        assert_eq!(app.number(returned, params![]).await, 0, "nobody was told that it arrived");
        let failed: Vec<String> = app.rows("SELECT body FROM outbox WHERE kind = 'refund_failed' AND recipient = 'o@example.no'", params![]).await;
        assert!(failed.len() == 1 && failed[0].contains("390,00") && failed[0].contains("/operator/refunds"), "{failed:?}");
        let list = desk.operator.get("/operator/refunds").await.expect(200).text();
        assert!(list.contains("ikke kom fram") && list.contains("Penger som venter (1)"), "{list}");
        assert_eq!(notice(&ask(&mut desk.provider, &path, "390", "Kulanse", 1).await), "refund-sent");
        assert_eq!(refunds(app).await, ["39000 failed", "39000 done"]);
        assert_eq!(outside(app).await, ["39000 done", "39000 failed"]);
        assert_eq!(back(&desk, &appointment).await.len(), 3);
        desk.operator.get("/operator/refunds").await.expect(200).expect_text("Ingenting venter");
    }
}

on_both! {
    async fn a_refund_that_came_back_is_turned_round_and_told(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let path = page(&appointment);
        ask(&mut desk.provider, &path, "100", "Kulanse", 0).await.expect(303);
        ask(&mut desk.provider, &path, "200", "Mer kulanse", 1).await.expect(303);
        app.advance(2 * DAY_US);
        app.execute("UPDATE test_psp_refund SET status = 'failed' WHERE amount_minor = 10000", params![]).await;
        desk.jobs().await;
        desk.jobs().await;
        assert_eq!(refunds(app).await, ["10000 failed", "20000 done"]);
        assert_eq!(desk.paid(&appointment).await.state.refunded_minor(), 20_000);
        let lines = back(&desk, &appointment).await;
        let returned: Vec<&String> = lines.iter().filter(|line| line.starts_with("refund_returned")).collect();
        assert_eq!(returned.len(), 3, "{lines:?}");
        assert!(lines.contains(&"refund_returned psp_clearing 10000".to_owned()), "{lines:?}");
        assert_eq!(ledger_sum(app).await, 0);
        let mails: Vec<String> = app.rows("SELECT body FROM outbox WHERE kind = 'refund_returned'", params![]).await;
        let [mail] = mails.try_into().expect("one mail");
        assert!(mail.contains("100,00") && mail.contains("TEST"), "{mail}");
        // A refund that was made between does not hide it.
        let list = desk.operator.get("/operator/refunds").await.expect(200).text();
        assert!(list.contains("100,00") && list.contains("Kulanse"), "{list}");
        ask(&mut desk.provider, &path, "290,01", "For mye", 2).await.expect(422);
        assert_eq!(notice(&ask(&mut desk.provider, &path, "190", "Resten", 2).await), "refund-sent");
        assert_eq!(desk.payment(&appointment).await, "refunded 39000 39000");
    }
}

async fn refund_with(app: &App, faults: Vec<Option<Fault>>) {
    let mut desk = Desk::open(app, FIXED).await;
    let appointment = paid(&mut desk).await;
    let bad = failing(app, Some(OpKind::Refund), faults);
    let mut provider = desk.provider.at(&app.client_of(bad.clone()));
    ask(&mut provider, &page(&appointment), "123,45", "Kulanse", 0)
        .await
        .expect(303);
    for _ in 0..6 {
        app.advance(61 * MINUTE_US);
        booking_core::jobs::round(&bad).await;
    }
    assert_eq!(refunds(app).await, ["12345 done"]);
    assert_eq!(outside(app).await, ["12345 done"]);
    assert_eq!(back(&desk, &appointment).await.len(), 3);
    assert_eq!(ledger_sum(app).await, 0);
    let pending = "SELECT COUNT(*) FROM payment_op WHERE state = 'pending'";
    assert_eq!(app.number(pending, params![]).await, 0);
}

on_both! {
    async fn answers_about_a_refund_may_get_lost(app: App) {
        refund_with(app, vec![Some(Fault::LoseAnswer), Some(Fault::LoseAnswer)]).await;
    }
}

on_both! {
    async fn requests_for_a_refund_may_get_lost(app: App) {
        refund_with(app, vec![Some(Fault::LoseRequest), Some(Fault::FailBefore), Some(Fault::LoseRequest)]).await;
    }
}

on_both! {
    async fn a_stored_failure_about_a_refund_that_was_made_pays_once(app: App) {
        refund_with(app, vec![Some(Fault::FailAfterActing)]).await;
    }
}

on_both! {
    async fn what_brings_no_answer_is_on_the_operators_page(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let appointment = paid(&mut desk).await;
        let dead = unreliable(app, OpKind::Refund, Fault::LoseRequest);
        let mut provider = desk.provider.at(&app.client_of(dead));
        ask(&mut provider, &page(&appointment), "100", "Kulanse", 0).await.expect(303);
        desk.provider.get(&page(&appointment)).await.expect(200).expect_text("På vei");
        desk.operator.get("/operator/refunds").await.expect(200).expect_text("Ingenting venter");
        app.advance(16 * MINUTE_US);
        let list = desk.operator.get("/operator/refunds").await.expect(200).text();
        assert!(list.contains("the line is dead") && list.contains("Betale tilbake"), "{list}");
        desk.jobs().await;
        desk.operator.get("/operator/refunds").await.expect(200).expect_text("Ingenting venter");
        // The provider knows nothing of a payment any more: that, too, is there with what to do.
        app.execute("UPDATE test_psp_payment SET reference = 'lost'", params![]).await;
        app.advance(2 * HOUR_US);
        desk.jobs().await;
        let list = desk.operator.get("/operator/refunds").await.expect(200).text();
        assert!(list.contains("kjenner ikke betalingen") && list.contains("Penger som venter (1)"), "{list}");
        assert!(!list.contains("Ola Hansen"), "nobody is named: {list}");
    }
}
