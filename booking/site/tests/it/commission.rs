//! What the operator keeps: rules from a day on, frozen when something is booked, posted with the payment, given back with
//! refunds, invoiced when the month is over. Amounts are literals.

use std::sync::Arc;

use booking_core::base::config::Platform;
use booking_core::base::{Base, DAY_US, MINUTE_US, Micros};
use booking_core::{AppState, BookingConfig, params};

use crate::books::check_schema;
use crate::desk::{ACCEPTED, Desk, FIXED, METERED};
use crate::documents::text_of;
use crate::harness::{App, START_US};
use crate::on_both;
use crate::sums::plain;

/// 2 December 2026, 12:00 in Oslo: November has been over for more than a day.
pub(crate) const DECEMBER_US: Micros = 1_796_209_200_000_000;
const RULES: &str = "/operator/commission";
const DOCUMENTS: &str = "SELECT COUNT(*) FROM document WHERE kind = $1";

/// The same server, run by an operator that is a business in that way.
pub(crate) fn run_by(app: &App, platform: Platform) -> AppState {
    let config = BookingConfig {
        platform,
        ..(*app.state.config).clone()
    };
    AppState {
        base: Base {
            config: Arc::new(config),
            ..app.state.base.clone()
        },
        ..app.state.clone()
    }
}

/// Sets a rule from now on.
pub(crate) async fn set_rule(desk: &mut Desk<'_>, scope: &str, percent: &str, fixed: &str) {
    let form = [
        ("action", "add"),
        ("scope", scope),
        ("percent", percent),
        ("fixed", fixed),
    ];
    desk.operator.post(RULES, &form).await.expect(303);
    desk.app.advance(MINUTE_US);
}

/// A call of ten minutes that is over and paid.
async fn paid(desk: &mut Desk<'_>, slot: i64) -> String {
    let start = Desk::slot(slot);
    let appointment = desk.book(start, ACCEPTED).await;
    desk.talk(&appointment, start, 10 * MINUTE_US).await;
    desk.jobs().await;
    appointment
}

/// The lines of the ledger about commission.
async fn kept(desk: &Desk<'_>, appointment: &str) -> Vec<String> {
    let mut lines = desk.ledger(appointment).await;
    lines.retain(|line| line.starts_with("commission"));
    lines.sort();
    lines
}

async fn refund(desk: &mut Desk<'_>, appointment: &str, amount: &str, known: &str) {
    let form = [("amount", amount), ("reason", "Forbindelsen"), ("known", known)];
    let path = format!("/bookings/{appointment}/refund");
    desk.provider.post(&path, &form).await.expect(303);
    desk.jobs().await;
}

on_both! {
    async fn a_rule_holds_for_what_is_booked_after_it_and_is_given_back_with_refunds(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        let before = desk.book(Desk::slot(2), ACCEPTED).await;
        set_rule(&mut desk, "", "10", "5").await;
        desk.talk(&before, Desk::slot(2), 10 * MINUTE_US).await;
        desk.jobs().await;
        assert_eq!(kept(&desk, &before).await, [""; 0], "what was booked before is not touched");
        let after = paid(&mut desk, 6).await;
        // 10 % of 390 kr and 5 kr.
        assert_eq!(kept(&desk, &after).await, ["commission commission 4400", "commission psp_clearing -4400"]);
        let page = plain(&desk.provider.get(&format!("/bookings/{after}")).await.expect(200).text());
        assert!(page.contains("10 % + 5,00 kr") && page.contains("Holdt tilbake så langt: 44,00 kr"), "{page}");
        let theirs = desk.consumer.get(&format!("/bookings/{after}")).await.expect(200).text();
        assert!(!theirs.contains("Provisjon"), "it is none of the customer's business: {theirs}");
        let books = plain(&desk.provider.get("/provider/money").await.expect(200).text());
        for part in ["Provisjon uten mva.", "44,00 kr", "736,00 kr", "10 % + 5,00 kr"] {
            assert!(books.contains(part), "no {part:?} in {books}");
        }
        refund(&mut desk, &after, "97,50", "0").await;
        refund(&mut desk, &after, "292,50", "1").await;
        let back: Vec<String> = kept(&desk, &after).await.into_iter().filter(|line| line.contains("_refunded commission ")).collect();
        // A quarter, and the rest.
        assert_eq!(back, ["commission_refunded commission -1100", "commission_refunded commission -3300"]);
        let sum = "SELECT CAST(COALESCE(SUM(e.amount_minor), 0) AS BIGINT) FROM ledger_entry e WHERE e.account = 'commission'";
        assert_eq!(app.number(sum, params![]).await, 0);
    }
}

on_both! {
    async fn the_narrowest_rule_holds_and_none_begins_in_the_past(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        set_rule(&mut desk, "", "20", "").await;
        set_rule(&mut desk, "category:vet", "10", "").await;
        let of_category = desk.book(Desk::slot(2), ACCEPTED).await;
        set_rule(&mut desk, "org:org", "0", "30").await;
        let own = desk.book(Desk::slot(4), ACCEPTED).await;
        desk.operator.post(RULES, &[("action", "end"), ("scope", "org:org")]).await.expect(303);
        app.advance(MINUTE_US);
        let again = desk.book(Desk::slot(6), ACCEPTED).await;
        let terms = |id: String| async move {
            let sql = "SELECT commission FROM appointment WHERE id = $1";
            app.rows::<String>(sql, params![id]).await.pop().expect("an appointment")
        };
        assert_eq!(terms(of_category).await, r#"{"percent_bp":1000,"fixed_minor":0,"currency":"NOK"}"#);
        assert_eq!(terms(own).await, r#"{"percent_bp":0,"fixed_minor":3000,"currency":"NOK"}"#);
        assert_eq!(terms(again).await, r#"{"percent_bp":1000,"fixed_minor":0,"currency":"NOK"}"#);
        for (field, form) in [
            ("from", [("percent", "10"), ("from", "2026-11-22"), ("scope", "")]),
            ("percent", [("percent", "101"), ("from", ""), ("scope", "")]),
            ("percent", [("percent", ""), ("from", ""), ("scope", "")]),
            ("scope", [("percent", "10"), ("from", ""), ("scope", "org:nobody")]),
        ] {
            let mut form = form.to_vec();
            form.push(("action", "add"));
            let page = desk.operator.post(RULES, &form).await.expect(422).text();
            assert!(page.contains(&format!("href=\"#{field}\"")), "{field}: {page}");
        }
        let page = plain(&desk.operator.get(RULES).await.expect(200).text());
        for part in ["Alle", "20 %", "Veterinær", "10 %", "Dyreklinikken Nordli", "30,00 kr", "Ingen egen regel"] {
            assert!(page.contains(part), "no {part:?} in {page}");
        }
    }
}

on_both! {
    /// S22: the invoice comes in the first days of the next month, once, with the operator's tax, and the statement with it.
    async fn s22_commission_is_invoiced_when_the_month_is_over(app: App) {
        let platform = Platform {
            vat_from: Some(START_US),
            address: vec!["Torget 2".to_owned(), "0155 Oslo".to_owned()],
            payout_account: None,
        };
        let state = run_by(app, platform);
        let mut desk = Desk::open(app, FIXED).await;
        set_rule(&mut desk, "", "10", "5").await;
        let first = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.talk(&first, Desk::slot(2), 10 * MINUTE_US).await;
        booking_core::jobs::round(&state).await;
        let lines = ["commission commission 3520", "commission commission_vat 880", "commission psp_clearing -4400"];
        assert_eq!(kept(&desk, &first).await, lines);
        let file = |name| [("month", "2026-11"), ("file", name)];
        let xml = desk.provider.post("/provider/money", &file("saft")).await.expect(200).text();
        check_schema(xml.as_bytes(), &format!("commission_{:?}", app.engine));
        for part in ["<AccountID>7200</AccountID>", "<AccountID>2710</AccountID>", "<ClosingDebitBalance>35.20<", "<ClosingDebitBalance>346.00<"] {
            assert!(xml.contains(part), "no {part} in {xml}");
        }
        let sheet = desk.provider.post("/provider/money", &file("transactions")).await.expect(200).text();
        let line = sheet.lines().find(|line| line.contains(";Provisjon;")).expect("a line of its own");
        assert!(line.contains(";44,00;0,00;-44,00;NOK;"), "{line}");
        app.set_now(DECEMBER_US - 2 * DAY_US);
        booking_core::jobs::round(&state).await;
        assert_eq!(app.number(DOCUMENTS, params!["commission_invoice"]).await, 0, "the month is not over");
        app.set_now(DECEMBER_US);
        for _ in 0..2 {
            booking_core::jobs::round(&state).await;
        }
        assert_eq!(app.number(DOCUMENTS, params!["commission_invoice"]).await, 1);
        assert_eq!(app.number(DOCUMENTS, params!["payout_statement"]).await, 1);
        let page = desk.provider.get("/provider/payouts").await.expect(200).text();
        let paths: Vec<String> = page.split("href=\"").filter_map(|rest| rest.split('"').next())
            .filter(|path| path.starts_with("/documents/")).map(str::to_owned).collect();
        assert_eq!(paths.len(), 2, "{page}");
        let mut texts = Vec::new();
        for path in &paths {
            desk.consumer.get(path).await.expect(404);
            let pdf = desk.provider.get(path).await.expect(200).bytes;
            let Some(text) = text_of(&pdf) else { return };
            texts.push(plain(&text));
        }
        texts.sort_by_key(|text| text.contains("Saldo"));
        for part in ["2026-000001", "Dyreklinikken Nordli", "Torget 2", "Provisjon av salg", "35,20 kr", "Mva. 25 %", "8,80 kr", "44,00 kr", "TEST"] {
            assert!(texts[0].contains(part), "no {part:?} in {}", texts[0]);
        }
        for part in ["Saldo før perioden", "0,00 kr", "390,00 kr", "-44,00 kr", "346,00 kr", "Saldo etter perioden"] {
            assert!(texts[1].replace('−', "-").contains(part), "no {part:?} in {}", texts[1]);
        }
    }
}

on_both! {
    /// A month in which more is given back than kept asks for nothing, and the next invoice takes it into account.
    async fn what_is_given_back_later_is_taken_off_the_next_invoice(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        set_rule(&mut desk, "", "10", "").await;
        // Ten minutes cost 150 kr.
        let first = paid(&mut desk, 2).await;
        app.set_now(DECEMBER_US);
        desk.jobs().await;
        refund(&mut desk, &first, "100", "0").await;
        // 2 January 2027, 01:00 in Oslo.
        app.set_now(DECEMBER_US + 30 * DAY_US + 13 * 60 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(app.number(DOCUMENTS, params!["commission_invoice"]).await, 1, "nothing was kept in December");
        let start = app.now() / (30 * MINUTE_US) * 30 * MINUTE_US + 60 * MINUTE_US;
        let second = desk.book(start, ACCEPTED).await;
        desk.talk(&second, start, 10 * MINUTE_US).await;
        desk.jobs().await;
        app.set_now(DECEMBER_US + 62 * DAY_US);
        desk.jobs().await;
        let totals: Vec<i64> = app
            .rows("SELECT total_minor FROM document WHERE kind = 'commission_invoice' ORDER BY number", params![])
            .await;
        // 15 kr, then 15 kr less the 10 kr that went back.
        assert_eq!(totals, [1_500, 500]);
        let statements: Vec<i64> = app
            .rows("SELECT total_minor FROM document WHERE kind = 'payout_statement' ORDER BY issued_us, id", params![])
            .await;
        assert_eq!(statements, [13_500, 4_500, 18_000]);
    }
}
