//! Payment by invoice: booked without a card, owed after the call, and settled when the money has come in.

use std::sync::Arc;

use booking_core::AppState;
use booking_core::base::{DAY_US, MINUTE_US, SECOND_US};
use booking_core::billing::invoice::InvoiceTerms;
use booking_core::billing::{InvoiceProvider, PaymentProvider, Payments};
use booking_core::params;

use crate::books::{check_schema, saft};
use crate::desk::{Desk, FIXED, METERED, booked};
use crate::documents::text_of;
use crate::harness::{Answer, App};
use crate::on_both;
use crate::policy::save_policy;
use crate::sums::plain;

/// The reference of the first invoice of the first seller in 2026.
const KID: &str = "0000012026000000019";

/// How invoices are to be paid here: within 14 days, and a reminder may cost what the law allows.
pub(crate) fn terms() -> InvoiceTerms {
    InvoiceTerms {
        account: "12345678903".to_owned(),
        days: 14,
        reminds: true,
        fee_minor: 3_500,
    }
}

/// The server with cards and invoices, or with invoices alone.
pub(crate) fn invoicing(app: &App, cards: bool) -> AppState {
    let mut offered: Vec<Arc<dyn PaymentProvider>> = Vec::new();
    if cards {
        offered.push(Arc::clone(app.provider()));
    }
    offered.push(Arc::new(InvoiceProvider::new(app.state.db.clone(), terms())));
    AppState {
        payments: Payments::new(offered),
        ..app.state.clone()
    }
}

/// A desk whose people are at a server with invoices.
async fn open<'a>(app: &'a App, price: &str, cards: bool) -> (Desk<'a>, AppState) {
    let mut desk = Desk::open(app, price).await;
    let state = invoicing(app, cards);
    let there = app.client_of(state.clone());
    desk.consumer = desk.consumer.at(&there);
    desk.provider = desk.provider.at(&there);
    desk.operator = desk.operator.at(&there);
    desk.stranger = desk.stranger.at(&there);
    (desk, state)
}

async fn book(desk: &mut Desk<'_>, start: i64) -> String {
    let hold = desk.hold(start).await;
    let form = [("provider", "invoice"), ("withdrawal", "yes")];
    booked(&desk.consumer.post(&format!("/book/{hold}/payment"), &form).await)
}

/// A call of ten minutes that an invoice was sent for.
async fn invoiced(desk: &mut Desk<'_>, state: &AppState) -> String {
    let start = Desk::slot(2);
    let appointment = book(desk, start).await;
    desk.talk(&appointment, start, 10 * MINUTE_US).await;
    booking_core::jobs::round(state).await;
    appointment
}

/// Notes money as an operator does.
async fn note(desk: &mut Desk<'_>, action: &str, amount: &str, day: &str) -> Answer {
    let payment = invoice_payment(desk.app).await;
    let form = [("action", action), ("id", &payment), ("amount", amount), ("day", day)];
    desk.operator.post("/operator/invoices", &form).await
}

async fn invoice_payment(app: &App) -> String {
    let rows: Vec<String> = app.rows("SELECT payment_id FROM invoice", params![]).await;
    rows.into_iter().next().expect("an invoice")
}

async fn open_minor(app: &App) -> i64 {
    app.number("SELECT open_minor FROM invoice", params![]).await
}

/// What the ledger says that consumers owe.
async fn receivable(app: &App) -> i64 {
    let sum =
        "SELECT CAST(COALESCE(SUM(amount_minor), 0) AS BIGINT) FROM ledger_entry WHERE account = 'consumer_receivable'";
    app.number(sum, params![]).await
}

/// The text of the newest document of a kind, as the customer opens it; none where there is no pdftotext.
async fn document(desk: &mut Desk<'_>, kind: &'static str) -> Option<String> {
    let sql = "SELECT id FROM document WHERE kind = $1 ORDER BY issued_us DESC, id DESC";
    let id: Vec<String> = desk.app.rows(sql, params![kind]).await;
    let pdf = desk.consumer.get(&format!("/documents/{}", id[0])).await.expect(200);
    text_of(&pdf.bytes).map(|text| plain(&text))
}

on_both! {
    async fn s24_a_call_is_booked_by_invoice_invoiced_and_marked_paid_by_hand(app: App) {
        let (mut desk, state) = open(app, METERED, false).await;
        let start = Desk::slot(2);
        let hold = desk.hold(start).await;
        desk.stranger.get("/providers/nordli").await.expect(200).expect_text("Betales mot faktura");
        let page = desk.consumer.get(&format!("/book/{hold}/payment")).await.expect(200);
        page.expect_text("Du betaler mot faktura").expect_text("Bestill og betal inntil");
        let form = [("provider", "invoice"), ("withdrawal", "yes")];
        let appointment = booked(&desk.consumer.post(&format!("/book/{hold}/payment"), &form).await);
        assert_eq!(desk.payment(&appointment).await, "authorised 45000 0");
        assert_eq!(desk.ledger(&appointment).await, Vec::<String>::new(), "a promise reserves nothing");
        let mail = desk.text("SELECT body FROM outbox WHERE appointment_id = $1 AND kind = 'booked' AND account_id = 'c'", &appointment).await;
        assert!(mail.contains("Du betaler mot faktura"), "{mail}");
        let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200);
        page.expect_text("Betales mot faktura");
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        booking_core::jobs::round(&state).await;
        assert_eq!(desk.ledger(&appointment).await, [
            "charged consumer_receivable 1500",
            "charged provider_payable -1200",
            "charged provider_vat -300",
        ]);
        assert_eq!(open_minor(app).await, 1_500);
        let mail = desk.text("SELECT body FROM outbox WHERE appointment_id = $1 AND kind = 'invoice'", &appointment).await;
        for part in ["15,00", "7. desember", "1234.56.78903", KID] {
            assert!(mail.contains(part), "no {part:?} in {mail}");
        }
        let page = plain(&desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text());
        for part in ["Fakturert", "15,00 kr", "3,00 kr", KID, "Faktura 2026-000001"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        assert!(!page.contains("Reservert"), "{page}");
        if let Some(text) = document(&mut desk, "invoice").await {
            for part in ["Faktura 2026-000001", "Forfall", "2026-12-07", "1234.56.78903", KID, "Mva. 25 %", "3,00 kr", "15,00 kr"] {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
            assert!(!text.contains("TEST") && !text.contains("Kvittering"), "{text}");
        }
        let list = desk.operator.get("/operator/invoices").await.expect(200);
        list.expect_text(KID).expect_text("15,00").expect_text("Sendt");
        assert_eq!(note(&mut desk, "paid", "15,00", "2026-11-23").await.location(), "/operator/invoices?notice=invoice-paid");
        assert_eq!(open_minor(app).await, 0);
        assert_eq!(desk.ledger(&appointment).await[3..], ["invoice_paid bank 1500", "invoice_paid consumer_receivable -1500"]);
        desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).expect_text("er betalt på fakturaen");
        desk.operator.get("/operator/invoices").await.expect(200).expect_text("Ingen fakturaer er åpne");
    }
}

on_both! {
    async fn what_cannot_have_been_paid_is_refused_and_nothing_typed_is_lost(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        invoiced(&mut desk, &state).await;
        for (amount, day) in [("mye", "2026-11-23"), ("0", "2026-11-23"), ("390", "i går"), ("390", "2026-11-24"), ("390", "1999-01-01")] {
            let page = note(&mut desk, "paid", amount, day).await.expect(422);
            page.expect_text(&format!("value=\"{amount}\"")).expect_text(&format!("value=\"{day}\""));
        }
        note(&mut desk, "paid_back", "1", "2026-11-23").await.expect(422);
        let payment = invoice_payment(app).await;
        let form = [("action", "paid"), ("id", payment.as_str()), ("amount", "390"), ("day", "2026-11-23")];
        desk.provider.post("/operator/invoices", &form).await.expect(404);
        desk.operator.post("/operator/invoices", &[("action", "paid"), ("id", "nothing")]).await.expect(404);
        assert_eq!((open_minor(app).await, receivable(app).await), (39_000, 39_000));
    }
}

on_both! {
    async fn s23_a_credit_note_reduces_what_is_owed_and_what_was_paid_is_paid_back_by_hand(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        let appointment = invoiced(&mut desk, &state).await;
        let credit = async |desk: &mut Desk<'_>, amount: &str, known: &str| {
            let form = [("amount", amount), ("reason", "Dårlig lyd"), ("known", known)];
            desk.provider.post(&format!("/bookings/{appointment}/refund"), &form).await.expect(303);
            booking_core::jobs::round(&state).await;
        };
        credit(&mut desk, "90", "0").await;
        assert_eq!((open_minor(app).await, receivable(app).await), (30_000, 30_000));
        if let Some(text) = document(&mut desk, "credit_note").await {
            for part in ["Kreditnota 2026-000001", "Gjelder faktura", "Kreditert av faktura 2026-000001", "90,00 kr"] {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
        }
        note(&mut desk, "paid", "350", "2026-11-23").await.expect(303);
        assert_eq!((open_minor(app).await, receivable(app).await), (-5_000, -5_000), "more came in than was owed");
        credit(&mut desk, "100", "1").await;
        assert_eq!((open_minor(app).await, receivable(app).await), (-15_000, -15_000));
        desk.operator.get("/operator/invoices").await.expect(200).expect_text("Skal betales tilbake");
        note(&mut desk, "paid_back", "151", "2026-11-23").await.expect(422);
        note(&mut desk, "paid_back", "150", "2026-11-23").await.expect(303);
        assert_eq!((open_minor(app).await, receivable(app).await), (0, 0));
        let bank = "SELECT CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entry WHERE account = 'bank'";
        assert_eq!(app.number(bank, params![]).await, 20_000);
        assert_eq!(app.number("SELECT COUNT(*) FROM (SELECT tx_id FROM ledger_entry GROUP BY tx_id HAVING SUM(amount_minor) <> 0) x", params![]).await, 0);
    }
}

on_both! {
    async fn s22_who_does_not_come_gets_an_invoice_of_the_fee(app: App) {
        let (mut desk, state) = open(app, METERED, false).await;
        let policy = [("policy", "own"), ("policy_free_h", "24"), ("policy_percent", "50"), ("policy_no_show", "33")];
        save_policy(&mut desk, &policy).await.expect(303);
        let start = Desk::slot(2);
        let appointment = book(&mut desk, start).await;
        let (_, provider) = desk.seats(&appointment).await;
        crate::desk::present(&state, &appointment, &provider, 0, (start, start + 20 * MINUTE_US)).await;
        app.set_now(start + 31 * MINUTE_US);
        booking_core::jobs::round(&state).await;
        booking_core::jobs::round(&state).await;
        assert_eq!(desk.status(&appointment).await, "no_show_consumer");
        assert_eq!((open_minor(app).await, receivable(app).await), (14_850, 14_850));
        assert_eq!(desk.ledger(&appointment).await, [
            "charged consumer_receivable 14850",
            "charged provider_payable -11880",
            "charged provider_vat -2970",
        ]);
        if let Some(text) = document(&mut desk, "invoice").await {
            for part in ["Kunden kom ikke", "148,50 kr", "118,80 kr", "Mva. 25 %", "29,70 kr"] {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
        }
    }
}

on_both! {
    async fn s22_who_cancels_late_gets_an_invoice_of_the_fee(app: App) {
        let (mut desk, state) = open(app, METERED, false).await;
        save_policy(&mut desk, crate::policy::DAY).await.expect(303);
        let appointment = book(&mut desk, Desk::slot(2)).await;
        let form = [("fee", "22500")];
        desk.consumer.post(&format!("/bookings/{appointment}/cancel"), &form).await.expect(303);
        booking_core::jobs::round(&state).await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!((open_minor(app).await, receivable(app).await), (22_500, 22_500));
        let page = plain(&desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text());
        for part in ["Fakturert", "225,00 kr", KID] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
    }
}

on_both! {
    async fn a_free_ending_leaves_no_invoice_and_nothing_in_the_books(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        let appointment = book(&mut desk, Desk::slot(20)).await;
        desk.provider.post(&format!("/bookings/{appointment}/cancel"), &[("fee", "0")]).await.expect(303);
        booking_core::jobs::round(&state).await;
        assert_eq!(desk.payment(&appointment).await, "released 39000 0");
        assert_eq!(desk.ledger(&appointment).await, Vec::<String>::new());
        assert_eq!(app.number("SELECT COUNT(*) FROM invoice", params![]).await, 0);
    }
}

on_both! {
    async fn the_way_to_pay_is_chosen_on_the_page_without_script(app: App) {
        let (mut desk, state) = open(app, FIXED, true).await;
        let start = Desk::slot(2);
        let hold = desk.hold(start).await;
        let path = format!("/book/{hold}/payment");
        let first = desk.consumer.get(&path).await.expect(200).text();
        assert!(first.contains(&format!("{path}?by=invoice")) && first.contains("value=\"test\""), "{first}");
        let chosen = desk.consumer.get(&format!("{path}?by=invoice")).await.expect(200);
        let chosen = chosen.expect_text("Du betaler mot faktura").expect_text("name=\"provider\" value=\"invoice\"").text();
        assert!(!chosen.contains("name=\"method\""), "{chosen}");
        // What is wrong with the form keeps the choice.
        let wrong = desk.consumer.post(&path, &[("provider", "invoice")]).await.expect(422);
        wrong.expect_text("name=\"provider\" value=\"invoice\"");
        let answer = desk.consumer.post(&path, &[("provider", "invoice"), ("withdrawal", "yes")]).await;
        let appointment = booked(&answer);
        desk.talk(&appointment, start, 10 * MINUTE_US).await;
        booking_core::jobs::round(&state).await;
        assert_eq!(desk.payment(&appointment).await, "captured 39000 39000");
        assert_eq!(open_minor(app).await, 39_000);
    }
}

/// The reminders that went out: `number fee`.
async fn reminders(app: &App) -> Vec<String> {
    let rows: Vec<(i64, i64)> = app
        .rows(
            "SELECT number, fee_minor FROM invoice_reminder ORDER BY number",
            params![],
        )
        .await;
    rows.into_iter()
        .map(|(number, fee)| format!("{number} {fee}"))
        .collect()
}

/// Rounds of the jobs until the moment, one a day.
async fn live_until(app: &App, state: &AppState, at: i64) {
    while app.now() < at {
        app.set_now((app.now() + DAY_US).min(at));
        booking_core::jobs::round(state).await;
    }
}

/// The end of 7 December in Oslo, when the first invoice of the tests is due.
const DUE_US: i64 = 1_796_684_400_000_000;

on_both! {
    /// "Done when" 5 of the money issue: reminders by time travel, with the limits of inkassoforskriften.
    async fn reminders_come_two_weeks_after_the_due_date_cost_what_the_law_allows_and_end_in_collection(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        app.execute("UPDATE session SET expires_us = $1", params![app.now() + 400 * DAY_US]).await;
        let appointment = invoiced(&mut desk, &state).await;
        assert_eq!(app.number("SELECT due_us FROM invoice", params![]).await, DUE_US);
        live_until(app, &state, DUE_US + 14 * DAY_US - SECOND_US).await;
        assert_eq!(reminders(app).await, Vec::<String>::new(), "not a second too early");
        desk.operator.get("/operator/invoices").await.expect(200).expect_text("Forfalt");
        live_until(app, &state, DUE_US + 14 * DAY_US).await;
        assert_eq!(reminders(app).await, ["1 3500"]);
        assert_eq!((open_minor(app).await, receivable(app).await), (42_500, 42_500));
        let mail = "SELECT body FROM outbox WHERE appointment_id = $1 AND kind = 'invoice_reminder' ORDER BY created_us DESC";
        let first: Vec<String> = app.rows(mail, params![appointment.as_str()]).await;
        for part in ["425,00", "Purregebyr: 35,00", "5. januar", KID] {
            assert!(first[0].replace('\u{a0}', " ").contains(part), "no {part:?} in {}", first[0]);
        }
        assert!(!first[0].contains("inkasso"), "{}", first[0]);
        live_until(app, &state, DUE_US + 29 * DAY_US - SECOND_US).await;
        assert_eq!(reminders(app).await, ["1 3500"], "two weeks are left to pay");
        live_until(app, &state, DUE_US + 29 * DAY_US).await;
        assert_eq!(reminders(app).await, ["1 3500", "2 3500"]);
        let second: Vec<String> = app.rows(mail, params![appointment.as_str()]).await;
        assert!(second[0].contains("inkasso") && second.len() == 2, "{second:?}");
        live_until(app, &state, DUE_US + 60 * DAY_US).await;
        assert_eq!(reminders(app).await, ["1 3500", "2 3500"], "there is no third");
        assert_eq!((open_minor(app).await, receivable(app).await), (46_000, 46_000));
        let ledger = desk.ledger(&appointment).await;
        assert_eq!(ledger.iter().filter(|line| *line == "reminder_fee reminder_fees -3500").count(), 2, "{ledger:?}");
        desk.operator.get("/operator/invoices").await.expect(200).expect_text("Til inkasso");
    }
}

on_both! {
    async fn who_paid_what_was_sold_is_charged_no_fee_for_the_fee(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        invoiced(&mut desk, &state).await;
        live_until(app, &state, DUE_US + 14 * DAY_US).await;
        note(&mut desk, "paid", "390", "2026-12-21").await.expect(303);
        assert_eq!(open_minor(app).await, 3_500);
        live_until(app, &state, DUE_US + 40 * DAY_US).await;
        assert_eq!(reminders(app).await, ["1 3500", "2 0"]);
        assert_eq!(open_minor(app).await, 3_500);
    }
}

on_both! {
    async fn who_pays_in_time_is_not_reminded(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        invoiced(&mut desk, &state).await;
        note(&mut desk, "paid", "390", "2026-11-23").await.expect(303);
        live_until(app, &state, DUE_US + 40 * DAY_US).await;
        assert_eq!(reminders(app).await, Vec::<String>::new());
    }
}

on_both! {
    async fn a_file_of_the_bank_is_shown_first_and_noted_once(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        invoiced(&mut desk, &state).await;
        let file = format!(
            "Dato;Beløp;KID;Arkivref\n23.11.2026;-12,00;;a\n23.11.2026;200,00;{KID};b\n23.11.2026;200,00;{KID};c\n\
             23.11.2026;5,00;0000012026000000027;d\n23.11.2026;fem;{KID};e\n24.11.2026;1,00;{KID};f\n"
        );
        let path = "/operator/invoices/bank";
        let look = [("action", "look"), ("file", file.as_str())];
        desk.provider.post(path, &look).await.expect(404);
        let page = plain(&desk.operator.post(path, &look).await.expect(200).text());
        for part in ["Delbetaling, 190,00 kr gjenstår", "10,00 kr for mye", "Ingen faktura har denne KID", "blir ikke notert: 6", "Én linje uten"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
        assert_eq!(open_minor(app).await, 39_000, "looking notes nothing");
        let noting = [("action", "note"), ("file", file.as_str())];
        desk.operator.post(path, &noting).await.expect(303);
        assert_eq!((open_minor(app).await, receivable(app).await), (-1_000, -1_000), "a day to come is not noted");
        desk.operator.post(path, &noting).await.expect(303);
        assert_eq!(open_minor(app).await, -1_000, "the same file twice");
        assert_eq!(app.number("SELECT COUNT(*) FROM invoice_payment", params![]).await, 2);
        desk.operator.post(path, &look).await.expect(200).expect_text("Notert før");
        for wrong in ["", "Dato;Beløp\n1;2", "\u{0}\u{1}"] {
            desk.operator.post(path, &[("action", "look"), ("file", wrong)]).await.expect(422);
        }
        let long = "x".repeat(70 * 1024);
        desk.operator.post(path, &[("action", "look"), ("file", &long)]).await.expect(422);
        let longer = "x".repeat(300 * 1024);
        desk.operator.post(path, &[("action", "look"), ("file", &longer)]).await.expect(413);
    }
}

on_both! {
    /// S23: in SAF-T an invoice is a receivable, its payment the operator's to pass on, and a reminder's fee no sale.
    async fn s23_the_books_have_the_receivable_the_payment_and_the_fee(app: App) {
        let (mut desk, state) = open(app, METERED, false).await;
        let appointment = invoiced(&mut desk, &state).await;
        live_until(app, &state, DUE_US + 14 * DAY_US).await;
        note(&mut desk, "paid", "185", "2026-12-21").await.expect(303);
        assert_eq!(desk.ledger(&appointment).await, [
            "charged consumer_receivable 15000",
            "charged provider_payable -12000",
            "charged provider_vat -3000",
            "reminder_fee consumer_receivable 3500",
            "reminder_fee reminder_fees -3500",
            "invoice_paid bank 18500",
            "invoice_paid consumer_receivable -18500",
        ]);
        let xml = saft(&mut desk.provider, "2026-12").await;
        check_schema(xml.as_bytes(), &format!("invoice_{:?}", app.engine));
        let (_, entries) = xml.split_once("<GeneralLedgerEntries>").expect("entries");
        let lines: Vec<String> = entries
            .split("<AccountID>")
            .skip(1)
            .filter_map(|part| {
                let (account, rest) = part.split_once("</AccountID>")?;
                let (line, _) = rest.split_once("</Line>")?;
                let (_, amount) = line.split_once("<Amount>")?;
                let side = if line.contains("<DebitAmount>") { "debit" } else { "credit" };
                Some(format!("{account} {side} {}", amount.split('<').next()?))
            })
            .collect();
        assert_eq!(lines, [
            "1500 debit 150.00",
            "3000 credit 120.00",
            "2700 credit 30.00",
            "1500 debit 35.00",
            "3900 credit 35.00",
            "1570 debit 185.00",
            "1500 credit 185.00",
        ]);
        assert!(xml.contains("Faktura 2026-000001"), "{xml}");
    }
}

on_both! {
    async fn s11_the_invoice_of_an_organisation_names_it(app: App) {
        let (mut desk, state) = open(app, FIXED, false).await;
        let start = Desk::slot(2);
        let hold = desk.hold(start).await;
        let typed = [("about", "Røret lekker"), ("org_name", "Hansen Rør AS"), ("org_number", "999900003")];
        desk.consumer.post(&format!("/book/{hold}"), &typed).await.expect(303);
        let answer = desk.consumer.post(&format!("/book/{hold}/payment"), &[("provider", "invoice")]).await;
        let appointment = booked(&answer);
        desk.talk(&appointment, start, 10 * MINUTE_US).await;
        booking_core::jobs::round(&state).await;
        if let Some(text) = document(&mut desk, "invoice").await {
            for part in ["Hansen Rør AS", "Org.nr. 999900003", "Ola Hansen", KID, "2026-12-07"] {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
        }
    }
}
