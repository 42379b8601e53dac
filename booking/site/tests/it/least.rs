//! What is less than a card can be charged: it is not charged, not owed, and no such price is sold.

use booking_core::base::SECOND_US;
use booking_core::base::money::{Currency, Money};
use booking_core::billing::provider::{Aim, Order, ProviderError};
use booking_core::params;

use crate::desk::{ACCEPTED, BY_SECOND, Desk};
use crate::on_both;

on_both! {
    /// 15 kr a minute by the second: five seconds came to 1.25, which was tried in vain and mailed as a debt.
    async fn what_no_card_can_be_charged_costs_nothing(app: App) {
        let mut desk = Desk::open(app, BY_SECOND).await;
        let mut ends = Vec::new();
        for (slot, seconds) in [(2, 5), (4, 11), (6, 12)] {
            let appointment = desk.book(Desk::slot(slot), ACCEPTED).await;
            desk.talk(&appointment, Desk::slot(slot), seconds * SECOND_US).await;
            desk.jobs().await;
            desk.jobs().await;
            ends.push(desk.payment(&appointment).await);
            if seconds == 5 {
                let page = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text().replace('\u{a0}', " ");
                assert!(page.contains("Blir det mindre enn 3 kr, betaler du ingenting"), "{page}");
            }
        }
        assert_eq!(ends, ["released 45000 0", "released 45000 0", "captured 45000 300"]);
        let charged: Vec<i64> = app.rows("SELECT amount_minor FROM charge ORDER BY created_us", params![]).await;
        assert_eq!(charged, [0, 0, 300]);
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'payment_failed'", params![]).await, 0);
    }
}

on_both! {
    async fn a_price_that_no_card_can_be_charged_is_not_sold(app: App) {
        let mut desk = Desk::open(app, r#"{"currency":"NOK","model":"fixed","amount_minor":299}"#).await;
        let form = [("service", "service"), ("start", &Desk::slot(2).to_string())];
        let answer = desk.consumer.post("/holds", &form).await;
        assert_ne!(answer.status, 303, "{}", answer.text());
        let amount = Money::new(299, Currency::NOK);
        let order = Order { key: "k", payment: "p", aim: Aim::Reserve(amount), kept: None, seller_account: None };
        assert!(matches!(app.provider().create(&order).await, Err(ProviderError::Refused(_))));
    }
}
