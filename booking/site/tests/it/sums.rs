//! One amount, said four times: the page, the charge, the ledger and the document agree to the last øre.

use booking_adapters::test_provider::TestProvider;
use booking_core::base::SECOND_US;
use booking_core::base::money::Money;
use booking_core::params;

use crate::crashes::hook;
use crate::desk::{ACCEPTED, BY_SECOND, Desk, FIXED, FREE, METERED, receipt};
use crate::documents::text_of;
use crate::harness::{App, Client};
use crate::on_both;

/// How a call was sold, and what must be said about it.
struct Case {
    price: &'static str,
    /// As the service's form names it.
    vat_code: &'static str,
    registered: bool,
    talked_s: i64,
    /// `code rate amount tax` of the charge.
    charge: &'static str,
    /// Of kinds `charged` and `captured`.
    ledger: &'static [&'static str],
    /// On the page of the booking.
    page: &'static [&'static str],
    /// On the receipt, in its order.
    document: &'static [&'static str],
    /// On neither.
    absent: &'static [&'static str],
}

const BY_MINUTE_25: Case = Case {
    price: METERED,
    vat_code: "standard",
    registered: true,
    talked_s: 25,
    charge: "standard 2500 1500 300",
    ledger: &[
        "charged consumer_receivable 1500",
        "charged provider_payable -1200",
        "charged provider_vat -300",
        "captured psp_clearing 1500",
        "captured consumer_receivable -1500",
    ],
    page: &["15,00 kr", "25 %", "3,00 kr"],
    document: &[
        "Org.nr. 923609016 MVA",
        "15,00 kr",
        "betalt tid 1 min",
        "12,00 kr",
        "Mva. 25 %",
        "3,00 kr",
        "Sum",
        "15,00 kr",
    ],
    absent: &["merverdiavgiftsloven", "ikke registrert"],
};

const FIXED_12: Case = Case {
    price: FIXED,
    vat_code: "low",
    registered: true,
    talked_s: 600,
    charge: "low 1200 39000 4179",
    ledger: &[
        "charged consumer_receivable 39000",
        "charged provider_payable -34821",
        "charged provider_vat -4179",
        "captured psp_clearing 39000",
        "captured consumer_receivable -39000",
    ],
    page: &["390,00 kr", "12 %", "41,79 kr"],
    document: &[
        "390,00 kr",
        "Fast pris",
        "348,21 kr",
        "Mva. 12 %",
        "41,79 kr",
        "Sum",
        "390,00 kr",
    ],
    absent: &["25 %", "merverdiavgiftsloven"],
};

const EXEMPT: Case = Case {
    price: FIXED,
    vat_code: "exempt_health",
    registered: true,
    talked_s: 600,
    charge: "exempt_health 0 39000 0",
    ledger: &[
        "charged consumer_receivable 39000",
        "charged provider_payable -39000",
        "captured psp_clearing 39000",
        "captured consumer_receivable -39000",
    ],
    page: &["390,00 kr"],
    document: &[
        "Org.nr. 923609016 MVA",
        "390,00 kr",
        "Helsetjenester er unntatt fra merverdiavgift, merverdiavgiftsloven § 3-2.",
        "Sum",
        "390,00 kr",
    ],
    absent: &["Mva.", "Herav", "ikke registrert"],
};

const UNREGISTERED: Case = Case {
    price: FIXED,
    vat_code: "low",
    registered: false,
    talked_s: 600,
    charge: "unregistered 0 39000 0",
    ledger: EXEMPT.ledger,
    page: &["390,00 kr"],
    document: &[
        "Org.nr. 923609016",
        "390,00 kr",
        "Selgeren er ikke registrert i Merverdiavgiftsregisteret.",
        "Sum",
        "390,00 kr",
    ],
    absent: &["MVA", "Mva.", "Herav", "merverdiavgiftsloven"],
};

/// Half an hour by the second would cost 450 kr: the most there is.
const CAPPED: Case = Case {
    price: r#"{"currency":"NOK","model":"per_minute","rate_minor":1500,"increment_s":1,"free_s":0,"cap_minor":10000}"#,
    vat_code: "standard",
    registered: true,
    talked_s: 1_200,
    charge: "standard 2500 10000 2000",
    ledger: &[
        "charged consumer_receivable 10000",
        "charged provider_payable -8000",
        "charged provider_vat -2000",
        "captured psp_clearing 10000",
        "captured consumer_receivable -10000",
    ],
    page: &["100,00 kr", "20,00 kr"],
    document: &[
        "100,00 kr",
        "makspris 100,00 kr",
        "80,00 kr",
        "Mva. 25 %",
        "20,00 kr",
        "Sum",
        "100,00 kr",
    ],
    absent: &["450,00"],
};

/// 25 s of a minute's 15 kr are 6,25 kr, of which the tax is 1,25 kr.
const BY_SECOND_25: Case = Case {
    price: BY_SECOND,
    vat_code: "standard",
    registered: true,
    talked_s: 25,
    charge: "standard 2500 625 125",
    ledger: &[
        "charged consumer_receivable 625",
        "charged provider_payable -500",
        "charged provider_vat -125",
        "captured psp_clearing 625",
        "captured consumer_receivable -625",
    ],
    page: &["6,25 kr", "1,25 kr"],
    document: &[
        "6,25 kr",
        "avregnet per sekund",
        "5,00 kr",
        "Mva. 25 %",
        "1,25 kr",
        "Sum",
        "6,25 kr",
        "443,75 kr",
    ],
    absent: &["15,01"],
};

/// Says about a call that was sold so what the case says.
async fn agree(app: &App, case: Case) {
    let mut desk = Desk::open(app, case.price).await;
    app.execute("UPDATE service SET vat_code = $1", params![case.vat_code])
        .await;
    app.execute("UPDATE org_vat SET registered = $1", params![case.registered])
        .await;
    let start = Desk::slot(2);
    let appointment = desk.book(start, ACCEPTED).await;
    desk.talk(&appointment, start, case.talked_s * SECOND_US).await;
    desk.jobs().await;
    let charges: Vec<(String, i64, i64, i64)> = app
        .rows(
            "SELECT vat_code, vat_bp, amount_minor, vat_minor FROM charge",
            params![],
        )
        .await;
    let charges: Vec<String> = charges
        .iter()
        .map(|(code, bp, sum, vat)| format!("{code} {bp} {sum} {vat}"))
        .collect();
    assert_eq!(charges, [case.charge]);
    let ledger = desk.ledger(&appointment).await;
    let posted = ledger
        .iter()
        .filter(|line| !line.contains("reserved"))
        .collect::<Vec<_>>();
    assert_eq!(posted, case.ledger, "{ledger:?}");
    let page = plain(
        &desk
            .consumer
            .get(&format!("/bookings/{appointment}"))
            .await
            .expect(200)
            .text(),
    );
    for part in case.page {
        assert!(page.contains(part), "no {part:?} in {page}");
    }
    let sums: Vec<(i64, i64)> = app.rows("SELECT total_minor, vat_minor FROM document", params![]).await;
    let charged: Vec<(i64, i64)> = app.rows("SELECT amount_minor, vat_minor FROM charge", params![]).await;
    assert_eq!(sums, charged);
    let Some(text) = text_of(&receipt(&mut desk.consumer, &appointment).await.bytes) else {
        return;
    };
    let text = plain(&text);
    in_order(&text, case.document);
    for part in case.absent {
        assert!(!text.contains(part), "{part:?} in {text}");
    }
}

/// With plain spaces.
pub(crate) fn plain(text: &str) -> String {
    text.replace("&nbsp;", " ").replace(['\u{a0}', '\u{202f}'], " ")
}

#[track_caller]
fn in_order(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            panic!("no {part:?} where it belongs in {text}")
        };
        rest = after;
    }
}

on_both! {
    async fn s23_s24_a_call_by_the_minute_with_25_percent_agrees(app: App) {
        agree(app, BY_MINUTE_25).await;
    }
}

on_both! {
    async fn s23_a_call_by_the_second_agrees(app: App) {
        agree(app, BY_SECOND_25).await;
    }
}

on_both! {
    async fn s23_a_fixed_price_with_12_percent_agrees(app: App) {
        agree(app, FIXED_12).await;
    }
}

on_both! {
    async fn s23_a_capped_call_agrees(app: App) {
        agree(app, CAPPED).await;
    }
}

on_both! {
    async fn s23_an_exempt_service_agrees_and_names_the_law(app: App) {
        agree(app, EXEMPT).await;
    }
}

on_both! {
    async fn s23_a_seller_who_is_not_registered_agrees_whatever_the_code_says(app: App) {
        agree(app, UNREGISTERED).await;
    }
}

on_both! {
    async fn s23_a_free_call_leaves_no_document_and_nothing_in_the_books(app: App) {
        let mut desk = Desk::open(app, FREE).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let booked = desk.consumer.post(&format!("/book/{hold}/payment"), &[("withdrawal", "yes")]).await;
        let appointment = crate::desk::booked(&booked);
        desk.talk(&appointment, Desk::slot(2), 60 * SECOND_US).await;
        desk.jobs().await;
        assert_eq!(app.rows::<i64>("SELECT amount_minor FROM charge", params![]).await, [0]);
        for table in ["SELECT COUNT(*) FROM document", "SELECT COUNT(*) FROM document_series", "SELECT COUNT(*) FROM ledger_tx"] {
            assert_eq!(app.number(table, params![]).await, 0, "{table}");
        }
        desk.consumer.get(&format!("/bookings/{appointment}/receipt.pdf")).await.expect(404);
    }
}

/// Pays back at the provider, as its console does, and lets us hear of it.
pub(crate) async fn pay_back(app: &App, desk: &Desk<'_>, appointment: &str, parts: &[(&str, i64)]) {
    let payment = desk.paid(appointment).await;
    let reference = payment.reference.clone().expect("known since it was authorised");
    let console = TestProvider::new(app.state.db.clone(), app.state.random.clone(), [0; 32]);
    for (event, minor) in parts {
        let amount = Money::new(*minor, payment.amount.currency);
        console
            .refund_at_console(event, &reference, amount)
            .await
            .expect("it is paid back");
        let hint = format!(r#"{{"id":"{event}","payment":"{}"}}"#, payment.id);
        hook(app, &hint, &app.state.config.hook_secret()).await.expect(204);
        // Heard of twice, it is written once.
        desk.jobs().await;
        desk.jobs().await;
    }
}

async fn credit_note(client: &mut Client, app: &App, number: i64) -> String {
    let ids: Vec<String> = app
        .rows(
            "SELECT id FROM document WHERE kind = 'credit_note' AND number = $1",
            params![number],
        )
        .await;
    let [id] = ids.try_into().expect("one credit note of that number");
    let pdf = client.get(&format!("/documents/{id}")).await.expect(200).bytes;
    text_of(&pdf).map_or_else(String::new, |text| plain(&text))
}

on_both! {
    /// 15 kr of which 3 kr are tax, in three parts whose taxes rounded each on its own would be 3,01 kr.
    async fn s23_refunds_take_back_the_tax_of_the_receipt_to_the_last_øre(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.talk(&appointment, Desk::slot(2), 25 * SECOND_US).await;
        desk.jobs().await;
        let before = desk.ledger(&appointment).await.len();
        pay_back(app, &desk, &appointment, &[("r1", 498), ("r2", 503), ("r3", 499)]).await;
        let notes: Vec<(i64, i64, i64)> = app
            .rows("SELECT number, total_minor, vat_minor FROM document WHERE kind = 'credit_note' ORDER BY number", params![])
            .await;
        assert_eq!(notes, [(1, 498, 100), (2, 503, 100), (3, 499, 100)]);
        let ledger = desk.ledger(&appointment).await;
        let back = [
            "refunded provider_payable 398", "refunded provider_vat 100", "refunded psp_clearing -498",
            "refunded provider_payable 403", "refunded provider_vat 100", "refunded psp_clearing -503",
            "refunded provider_payable 399", "refunded provider_vat 100", "refunded psp_clearing -499",
        ];
        assert_eq!(ledger[before..], back);
        let mails = desk.mails(&appointment).await;
        assert_eq!(mails.iter().filter(|mail| *mail == "credit_note c@example.no").count(), 3, "{mails:?}");
        let page = plain(&desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text());
        in_order(&page, &["Kvittering 2026-000001 (PDF)", "Kreditnota 2026-000001 (PDF)", "Kreditnota 2026-000003 (PDF)"]);
        let text = credit_note(&mut desk.consumer, app, 2).await;
        if text.is_empty() { return }
        in_order(&text, &[
            "TEST: ingen kreditnota", "2026-000002", "Gjelder kvittering", "2026-000001", "Dyreklinikken Nordli",
            "5,03 kr", "Tilbakebetalt av kvittering 2026-000001", "Uten mva.", "4,03 kr", "Mva. 25 %", "1,00 kr", "Sum", "5,03 kr",
            "TEST Visa **** 4242", "5,03 kr", "Utstedt av", "side 1 av 1",
        ]);
    }
}

on_both! {
    /// The rate of the day of the call, and the code that stood at the service then, are those of its refunds for ever.
    async fn s23_a_credit_note_follows_its_receipt_and_not_what_was_stated_since(app: App) {
        let mut desk = Desk::open(app, FIXED).await;
        app.execute("UPDATE service SET vat_code = 'low'", params![]).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.talk(&appointment, Desk::slot(2), 600 * SECOND_US).await;
        desk.jobs().await;
        app.execute("UPDATE service SET vat_code = 'exempt_health'", params![]).await;
        app.execute("UPDATE account SET name = 'Ole Hansen' WHERE id = 'c'", params![]).await;
        pay_back(app, &desk, &appointment, &[("r1", 39_000)]).await;
        let sums: Vec<(String, i64, i64)> =
            app.rows("SELECT kind, total_minor, vat_minor FROM document ORDER BY kind", params![]).await;
        assert_eq!(sums, [("credit_note".to_owned(), 39_000, 4_179), ("receipt".to_owned(), 39_000, 4_179)]);
        let text = credit_note(&mut desk.consumer, app, 1).await;
        if text.is_empty() { return }
        in_order(&text, &["Ola Hansen", "390,00 kr", "348,21 kr", "Mva. 12 %", "41,79 kr", "390,00 kr"]);
    }
}

on_both! {
    /// Money that was paid back and came back to us: the credit note is taken back, and the same may be paid back anew.
    async fn s23_a_refund_that_comes_back_takes_its_credit_note_with_it(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
        desk.talk(&appointment, Desk::slot(2), 25 * SECOND_US).await;
        desk.jobs().await;
        pay_back(app, &desk, &appointment, &[("r1", 501), ("r2", 999)]).await;
        // As the outside system says it when a bank sends money back.
        app.execute("UPDATE test_psp_refund SET status = 'failed' WHERE amount_minor = 501", params![]).await;
        let payment = desk.paid(&appointment).await;
        let hint = format!(r#"{{"id":"came-back","payment":"{}"}}"#, payment.id);
        hook(app, &hint, &app.state.config.hook_secret()).await.expect(204);
        desk.jobs().await;
        desk.jobs().await;
        pay_back(app, &desk, &appointment, &[("r3", 501)]).await;
        let documents: Vec<(String, i64, i64)> =
            app.rows("SELECT kind, total_minor, vat_minor FROM document ORDER BY kind, number", params![]).await;
        let documents: Vec<(&str, i64, i64)> = documents.iter().map(|(kind, sum, vat)| (kind.as_str(), *sum, *vat)).collect();
        let expect = [
            ("credit_note", 501, 100), ("credit_note", 999, 200), ("credit_note", 501, 100),
            ("receipt", 1_500, 300), ("receipt", 501, 100),
        ];
        assert_eq!(documents, expect);
        let vat: Vec<i64> = app
            .rows("SELECT CAST(SUM(amount_minor) AS BIGINT) FROM ledger_entry WHERE account = 'provider_vat'", params![])
            .await;
        assert_eq!(vat, [0], "all was paid back, and all of its tax with it");
        assert_eq!(app.rows::<i64>("SELECT next_number FROM document_series ORDER BY kind", params![]).await, [4, 3]);
    }
}
