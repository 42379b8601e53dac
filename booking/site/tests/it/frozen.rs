//! What a document says of its seller is what held when the thing was sold, whatever the business states afterwards about that day.

use booking_core::base::SECOND_US;
use booking_core::billing::OpKind;
use booking_core::params;

use crate::crashes::hook;
use crate::desk::{ACCEPTED, Desk, METERED};
use crate::harness::App;
use crate::on_both;
use crate::sums::pay_back;
use crate::unreliable::{Fault, unreliable};

/// The business states in its profile that it was not registered, or was, from the beginning of the year on.
async fn state_registered(desk: &mut Desk<'_>, vat: &str) {
    desk.app.advance(SECOND_US);
    let form = [
        ("action", "save"),
        ("name", "Dyreklinikken Nordli"),
        ("org_number", "923609016"),
        ("vat", vat),
        ("vat_from", "2026-01-01"),
        ("category", "vet"),
        ("place", "Bergen"),
        ("about", "Råd"),
    ];
    desk.provider.post("/provider/profile", &form).await.expect(303);
}

/// The documents in their order: kind, whether the seller's number has MVA behind it, and the tax in it.
async fn documents(app: &App) -> Vec<String> {
    let rows: Vec<(String, String, i64)> = app
        .rows(
            "SELECT kind, content, vat_minor FROM document ORDER BY issued_us, id",
            params![],
        )
        .await;
    let told = rows.into_iter().map(|(kind, content, vat)| {
        let content: serde_json::Value = serde_json::from_str(&content).expect("JSON");
        let registered = content["seller"]["vat_registered"].as_bool().expect("it says so");
        format!("{kind} {} {vat}", if registered { "MVA" } else { "-" })
    });
    told.collect()
}

/// A call of 15 kr; what is paid back of it in two parts, of which the first comes back.
async fn correct(app: &App, desk: &mut Desk<'_>, stated: &str) {
    let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
    desk.talk(&appointment, Desk::slot(2), 25 * SECOND_US).await;
    desk.jobs().await;
    state_registered(desk, stated).await;
    pay_back(app, desk, &appointment, &[("r1", 501), ("r2", 500)]).await;
    app.advance(SECOND_US);
    app.execute(
        "UPDATE test_psp_refund SET status = 'failed' WHERE amount_minor = 501",
        params![],
    )
    .await;
    let payment = desk.paid(&appointment).await;
    let hint = format!(r#"{{"id":"came-back","payment":"{}"}}"#, payment.id);
    hook(app, &hint, &app.state.config.hook_secret()).await.expect(204);
    desk.jobs().await;
    desk.jobs().await;
}

on_both! {
    /// S23: a credit note, and the receipt that takes it back, say what the receipt said.
    async fn s23_what_corrects_a_document_names_the_seller_as_it_did(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        correct(app, &mut desk, "no").await;
        let expected = ["receipt MVA 300", "credit_note MVA 100", "credit_note MVA 100", "receipt MVA 100"];
        assert_eq!(documents(app).await, expected);
    }
}

on_both! {
    /// S23: where the law exempts the service, the tax tells nothing of the seller.
    async fn s23_what_corrects_an_exempt_sale_names_the_seller_as_it_did(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        app.execute("UPDATE service SET vat_code = 'exempt_health'", params![]).await;
        correct(app, &mut desk, "no").await;
        assert_eq!(documents(app).await, ["receipt MVA 0", "credit_note MVA 0", "credit_note MVA 0", "receipt MVA 0"]);
    }
}

/// A call that is charged before the business states something new, and paid afterwards.
async fn pay_late(app: &App, desk: &mut Desk<'_>, stated: &str) {
    let appointment = desk.book(Desk::slot(2), ACCEPTED).await;
    desk.talk(&appointment, Desk::slot(2), 25 * SECOND_US).await;
    booking_core::jobs::round(&unreliable(app, OpKind::Capture, Fault::LoseRequest)).await;
    assert_eq!(documents(app).await, [""; 0]);
    state_registered(desk, stated).await;
    app.advance(120 * SECOND_US);
    desk.jobs().await;
}

on_both! {
    /// S23: the tax of the charge and the seller's number agree on a receipt that is issued late.
    async fn s23_a_late_receipt_with_tax_is_a_registered_sellers(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        pay_late(app, &mut desk, "no").await;
        assert_eq!(documents(app).await, ["receipt MVA 300"]);
    }
}

on_both! {
    async fn s23_a_late_receipt_of_an_unregistered_seller_has_no_mva(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        app.execute("UPDATE org_vat SET registered = 0", params![]).await;
        pay_late(app, &mut desk, "yes").await;
        assert_eq!(documents(app).await, ["receipt - 0"]);
    }
}
