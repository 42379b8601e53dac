//! From the payment form to the ledger's last entry, with amounts as literals.

use std::collections::BTreeSet;

use booking_core::base::{MINUTE_US, SECOND_US};
use booking_core::calls;
use booking_core::params;

use crate::desk::{
    ACCEPTED, BY_SECOND, CAPTURE_FAILS, CAPTURE_FAILS_ONCE, DECLINED, Desk, FIXED, FREE, METERED, NEEDS_CONFIRMATION,
    NO_FUNDS, booked, open, present, segment, submit_payment,
};
use crate::on_both;

const RESERVED: [&str; 2] = ["authorised reserved 45000", "authorised reserved_contra -45000"];
const RELEASED: [&str; 2] = ["released reserved -45000", "released reserved_contra 45000"];

on_both! {
    async fn an_accepted_card_is_charged_for_the_measured_time(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        assert_eq!(desk.payment(&appointment).await, "authorised 45000 0");
        assert_eq!(desk.ledger(&appointment).await, RESERVED);
        assert_eq!(desk.mails(&appointment).await, ["booked c@example.no", "booked p@example.no"]);
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        assert_eq!(desk.status(&appointment).await, "in_call");
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "completed");
        assert_eq!(desk.payment(&appointment).await, "captured 45000 1500");
        assert_eq!(desk.outside(&appointment).await, ["captured 1500"]);
        let ledger = desk.ledger(&appointment).await;
        let expect = [
            "authorised reserved 45000",
            "authorised reserved_contra -45000",
            "charged consumer_receivable 1500",
            "charged provider_payable -1200",
            "charged provider_vat -300",
            "captured psp_clearing 1500",
            "captured consumer_receivable -1500",
            "captured reserved -45000",
            "captured reserved_contra 45000",
        ];
        assert_eq!(ledger.iter().collect::<BTreeSet<_>>(), expect.map(str::to_owned).iter().collect());
        assert_eq!(ledger.len(), expect.len());
        let billable = app.number("SELECT billable_us FROM charge WHERE call_id = $1", params![&appointment]).await;
        assert_eq!(billable, 25_000_000);
        let mails = desk.mails(&appointment).await;
        assert_eq!(mails.last().map(String::as_str), Some("receipt c@example.no"));
        // Later rounds find nothing to do.
        app.advance(3_600 * SECOND_US);
        desk.jobs().await;
        assert_eq!(desk.ledger(&appointment).await, ledger);
        assert_eq!(desk.mails(&appointment).await, mails);
    }
}

on_both! {
    async fn other_prices_end_in_their_own_amounts(app: App) {
        let mut desk = Desk::open(app, BY_SECOND).await;
        let start = Desk::slot(2);
        let by_second = desk.book(start, ACCEPTED).await;
        desk.talk(&by_second, start, (21 * 60 + 40) * SECOND_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment(&by_second).await, "captured 45000 32500");
        desk.offer("fixed", FIXED).await;
        let start = Desk::slot(6);
        let fixed = desk.book(start, ACCEPTED).await;
        desk.talk(&fixed, start, SECOND_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment(&fixed).await, "captured 39000 39000");
        let ledger = desk.ledger(&fixed).await;
        assert!(ledger.contains(&"charged provider_vat -7800".to_owned()), "{ledger:?}");
    }
}

on_both! {
    async fn a_free_service_needs_no_card(app: App) {
        let mut desk = Desk::open(app, FREE).await;
        let start = Desk::slot(2);
        let hold = desk.hold(start).await;
        let form = [("withdrawal", "yes")];
        let answer = desk.consumer.post(&format!("/book/{hold}/payment"), &form).await;
        let appointment = booked(&answer);
        desk.talk(&appointment, start, 60 * SECOND_US).await;
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "completed");
        assert_eq!(desk.ledger(&appointment).await, [""; 0]);
        assert_eq!(app.number("SELECT COUNT(*) FROM payment", params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM charge WHERE amount_minor = 0", params![]).await, 1);
    }
}

on_both! {
    async fn a_declined_card_keeps_the_slot_for_another_card(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        desk.pay(&hold, DECLINED).await.expect(422).expect_text("avviste kortet");
        desk.pay(&hold, NO_FUNDS).await.expect(422).expect_text("dekning");
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM ledger_tx", params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM hold WHERE state = 'held'", params![]).await, 1);
        let appointment = booked(&desk.pay(&hold, ACCEPTED).await);
        assert_eq!(desk.ledger(&appointment).await, RESERVED);
        assert_eq!(app.number("SELECT COUNT(*) FROM payment", params![]).await, 3);
    }
}

on_both! {
    /// Trial E11: four round trips, one for each thing that was wrong. S17: no field takes a card number.
    async fn e11_s17_everything_wrong_with_a_payment_is_told_at_once(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let path = format!("/book/{hold}/payment");
        let form = desk.consumer.get(&path).await.expect(200).text();
        assert!(form.contains("value=\"accepted\" checked") && !form.contains("autocomplete=\"cc-"), "{form}");
        for (provider, method) in [("test", ""), ("test", "4242424242424242"), ("test", "<script>"), ("stripe", "accepted"), ("", "")] {
            let page = desk.consumer.post(&path, &[("provider", provider), ("method", method)]).await.expect(422).text();
            for id in ["method", "withdrawal"] {
                assert!(page.contains(&format!("href=\"#{id}\"")), "{id}: {page}");
            }
            assert!(!page.contains("<script>4") && !page.contains("4242424242424242"), "{page}");
        }
        assert_eq!(app.number("SELECT COUNT(*) FROM payment", params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM withdrawal_request", params![]).await, 0);
        desk.stranger.get(&path).await.expect(404);
        desk.stranger.post(&path, &[("provider", "test"), ("method", ACCEPTED)]).await.expect(404);
        booked(&desk.pay(&hold, ACCEPTED).await);
    }
}

on_both! {
    async fn a_bank_that_asks_is_answered_first(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let confirm = format!("/book/{hold}/confirm");
        assert_eq!(desk.pay(&hold, NEEDS_CONFIRMATION).await.location(), confirm);
        desk.consumer.get(&confirm).await.expect(200);
        // Paying again in the meantime leads to the same question, with no second payment.
        assert_eq!(desk.pay(&hold, ACCEPTED).await.location(), confirm);
        desk.consumer.post(&confirm, &[("answer", "refuse")]).await.expect(422);
        assert_eq!(desk.pay(&hold, NEEDS_CONFIRMATION).await.location(), confirm);
        let answer = desk.consumer.post(&confirm, &[("answer", "approve")]).await;
        let appointment = booked(&answer);
        assert_eq!(desk.payment(&appointment).await, "authorised 45000 0");
        assert_eq!(desk.ledger(&appointment).await, RESERVED);
        let again = desk.consumer.post(&confirm, &[("answer", "approve")]).await;
        assert_eq!(booked(&again), appointment);
    }
}

on_both! {
    async fn a_question_nobody_answers_is_given_back(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        desk.pay(&hold, NEEDS_CONFIRMATION).await.expect(303);
        app.advance(20 * MINUTE_US);
        // An answer that comes too late meets the page of the lost slot, and not itself over and over.
        let late = desk.consumer.post(&format!("/book/{hold}/confirm"), &[("answer", "approve")]).await;
        assert_eq!(late.location(), format!("/book/{hold}"));
        desk.consumer.get(&late.location()).await.expect(410);
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment WHERE status = 'released'", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM ledger_tx", params![]).await, 0);
        assert_eq!(app.number("SELECT COUNT(*) FROM outbox WHERE kind = 'booking_lost'", params![]).await, 1);
    }
}

on_both! {
    async fn a_capture_that_fails_once_is_tried_again(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, CAPTURE_FAILS_ONCE).await;
        desk.talk(&appointment, start, 61 * SECOND_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "capture_failed 45000 3000");
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 0);
        app.advance(MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 45000 3000");
        assert_eq!(desk.outside(&appointment).await, ["captured 3000"]);
        assert_eq!(app.number("SELECT COUNT(*) FROM payment_op WHERE kind = 'capture'", params![]).await, 2);
        let ledger = desk.ledger(&appointment).await;
        assert_eq!(ledger.iter().filter(|line| line.starts_with("captured psp_clearing")).count(), 1);
        assert!(!desk.mails(&appointment).await.iter().any(|mail| mail.starts_with("payment_failed")));
    }
}

on_both! {
    async fn a_capture_that_always_fails_stays_a_debt(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, CAPTURE_FAILS).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        for _ in 0..12 {
            desk.jobs().await;
            app.advance(240 * MINUTE_US);
        }
        assert_eq!(desk.payment(&appointment).await, "released 45000 0", "it is paid in another way");
        assert_eq!(app.number("SELECT COUNT(*) FROM payment_op WHERE kind = 'capture'", params![]).await, 5);
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 0);
        let ledger = desk.ledger(&appointment).await;
        assert_eq!(ledger.last().map(String::as_str), Some("released reserved_contra 45000"));
        assert!(ledger.contains(&"charged provider_vat -300".to_owned()), "{ledger:?}");
        let mails = desk.mails(&appointment).await;
        assert_eq!(mails.iter().filter(|mail| mail.as_str() == "payment_failed c@example.no").count(), 1);
        let page = open(&mut desk.operator, &format!("/operator/appointments/{appointment}")).await;
        assert!(page.contains("the issuer does not answer"), "the operator sees why");
        let mine = desk.consumer.get(&format!("/bookings/{appointment}")).await.expect(200).text();
        assert!(!mine.contains("Trukket"), "what was not taken is not shown as taken: {mine}");
        assert!(mine.contains("Ikke betalt") && mine.contains("15,00"), "what is owed is shown: {mine}");
    }
}

on_both! {
    async fn cancelling_releases_everything(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let appointment = desk.book(Desk::slot(4), ACCEPTED).await;
        desk.consumer.post(&format!("/bookings/{appointment}/cancel"), &[]).await.expect(303);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "cancelled");
        assert_eq!(desk.payment(&appointment).await, "released 45000 0");
        assert_eq!(desk.outside(&appointment).await, ["released 0"]);
        assert_eq!(desk.ledger(&appointment).await, [RESERVED, RELEASED].concat());
        let mails = desk.mails(&appointment).await;
        assert!(mails.contains(&"cancelled c@example.no".to_owned()), "{mails:?}");
        assert!(mails.contains(&"cancelled p@example.no".to_owned()), "{mails:?}");
        // The window passes; nothing is charged for what was cancelled.
        app.advance(600 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM charge", params![]).await, 0);
    }
}

on_both! {
    async fn a_provider_who_does_not_come_is_never_paid(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        let (consumer, _) = desk.seats(&appointment).await;
        calls::record_arrival(&app.state, &appointment, &consumer, start - MINUTE_US, false).await.expect("it is written");
        app.set_now(start + 10 * MINUTE_US - 1);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed");
        app.set_now(start + 10 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "no_show_provider");
        assert_eq!(desk.ledger(&appointment).await, [RESERVED, RELEASED].concat());
        let mails = desk.mails(&appointment).await;
        assert_eq!(mails[2..], ["no_show c@example.no", "no_show p@example.no"]);
    }
}

on_both! {
    async fn a_consumer_who_does_not_come_pays_by_the_policy(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        let (_, provider) = desk.seats(&appointment).await;
        calls::record_arrival(&app.state, &appointment, &provider, start, false).await.expect("it is written");
        present(&app.state, &appointment, &provider, 0, (start, start + 30 * MINUTE_US)).await;
        app.set_now(start + 30 * MINUTE_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "confirmed", "the consumer has until the last second");
        app.advance(15 * SECOND_US);
        desk.jobs().await;
        assert_eq!(desk.status(&appointment).await, "no_show_consumer");
        assert_eq!(desk.ledger(&appointment).await, [RESERVED, RELEASED].concat());
        assert_eq!(app.number("SELECT amount_minor FROM charge", params![]).await, 0);
    }
}

on_both! {
    async fn a_call_without_an_end_is_charged_at_its_last_checkpoint(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        let (consumer, provider) = desk.seats(&appointment).await;
        for seat in [&consumer, &provider] {
            calls::record_arrival(&app.state, &appointment, seat, start, false).await.expect("it is written");
            let key = &segment(&appointment, seat, 0);
            calls::open_segment(&app.state, "gone", key, start).await.expect("it is written");
            calls::record_checkpoint(&app.state, &[(key.clone(), start + 90 * SECOND_US)]).await.expect("it is written");
        }
        app.set_now(start + 31 * MINUTE_US);
        desk.jobs().await;
        // Whoever measured it is gone when it has written nothing for a minute.
        for _ in 0..6 {
            app.advance(10 * SECOND_US);
            desk.jobs().await;
        }
        assert_eq!(desk.payment(&appointment).await, "captured 45000 3000");
        assert_eq!(app.number("SELECT billable_us FROM charge", params![]).await, 90_000_000);
        let reasons: Vec<String> = app.rows("SELECT DISTINCT end_reason FROM call_segment", params![]).await;
        assert_eq!(reasons, ["recovered"]);
    }
}

on_both! {
    async fn time_past_the_window_is_not_billed(app: App) {
        let mut desk = Desk::open(app, BY_SECOND).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start + 29 * MINUTE_US, 5 * MINUTE_US).await;
        desk.jobs().await;
        assert_eq!(desk.payment(&appointment).await, "captured 45000 1500");
    }
}

on_both! {
    async fn a_call_is_charged_once_however_often_it_is_tried(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        let tries = (0..20).map(|_| {
            let (state, appointment) = (app.state.clone(), appointment.clone());
            tokio::spawn(async move {
                let ops = booking_core::usecases::finalise_call(&state, &appointment).await.expect("no try fails");
                booking_core::usecases::run_operations(&state, &ops).await;
                booking_core::jobs::round(&state).await;
                ops.len()
            })
        });
        let mut ops = 0;
        for task in tries.collect::<Vec<_>>() {
            ops += task.await.expect("no try panics");
        }
        assert_eq!(ops, 1, "one try got to charge");
        desk.jobs().await;
        assert_eq!(app.number("SELECT COUNT(*) FROM charge", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM payment_op WHERE kind = 'capture'", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM document", params![]).await, 1);
        assert_eq!(desk.outside(&appointment).await, ["captured 1500"]);
        assert_eq!(desk.ledger(&appointment).await.len(), 9);
    }
}

on_both! {
    async fn a_double_submit_books_once_and_charges_once(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let hold = desk.hold(Desk::slot(2)).await;
        let submits: Vec<_> = (0..8)
            .map(|_| {
                let (mut client, hold) = (desk.consumer.clone(), hold.clone());
                tokio::spawn(async move { booked(&submit_payment(&mut client, &hold, ACCEPTED).await) })
            })
            .collect();
        let mut appointments = BTreeSet::new();
        for submit in submits {
            appointments.insert(submit.await.expect("every submit is answered with the booking"));
        }
        assert_eq!(appointments.len(), 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM appointment", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM payment", params![]).await, 1);
        assert_eq!(app.number("SELECT COUNT(*) FROM test_psp_payment", params![]).await, 1);
        let appointment = appointments.pop_first().expect("one");
        assert_eq!(desk.ledger(&appointment).await, RESERVED);
        assert_eq!(desk.mails(&appointment).await.len(), 2);
        assert_eq!(booked(&desk.pay(&hold, ACCEPTED).await), appointment, "and again much later");
    }
}

on_both! {
    async fn the_ledger_and_the_segments_cannot_be_changed(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        for text in [
            "UPDATE ledger_entry SET amount_minor = 0",
            "DELETE FROM ledger_entry",
            "UPDATE ledger_tx SET kind = 'x'",
            "DELETE FROM ledger_tx",
            "DELETE FROM call_segment",
        ] {
            let mut tx = app.state.db.write().await.expect("a connection");
            let result = tx.execute(booking_core::base::db::Sql { name: "test", text }, params![]).await;
            assert!(result.is_err(), "{text}");
        }
        let unbalanced = "SELECT COUNT(*) FROM (SELECT tx_id FROM ledger_entry GROUP BY tx_id HAVING SUM(amount_minor) <> 0) u";
        assert_eq!(app.number(unbalanced, params![]).await, 0);
    }
}

on_both! {
    async fn two_workers_share_the_jobs(app: App) {
        let mut desk = Desk::open(app, METERED).await;
        let start = Desk::slot(2);
        let appointment = desk.book(start, ACCEPTED).await;
        desk.talk(&appointment, start, 25 * SECOND_US).await;
        // A worker that is told to stop at once finishes its first round: the calls are charged, then the money asked for.
        let worker = || booking_core::jobs::run(app.state.clone(), std::future::ready(()));
        tokio::join!(worker(), worker());
        tokio::join!(worker(), worker());
        assert_eq!(desk.payment(&appointment).await, "captured 45000 1500");
        let free = "SELECT COUNT(*) FROM job_lease WHERE until_us = 0";
        assert_eq!(app.number(free, params![]).await, 5, "all leases are given back");
        assert_eq!(desk.ledger(&appointment).await.len(), 9);
    }
}
