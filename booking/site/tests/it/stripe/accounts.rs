//! A business opens its account at Stripe, and something goes wrong on the way.

use super::Till;
use super::server::Trouble;
use crate::on_both;

const PAGE: &str = "/provider/payments";

on_both! {
    /// Stripe brings what it answered under a key for a day; the next press must not get the same no.
    async fn s62_an_account_that_was_not_opened_is_opened_by_the_next_press(app: App) {
        let mut till = Till::open(app, true).await;
        for trouble in [Trouble::Fails, Trouble::Refuses] {
            till.server.next("POST accounts", trouble);
            till.desk.provider.post(PAGE, &[]).await.expect(200).expect_text("Stripe svarte ikke");
        }
        till.desk.provider.post(PAGE, &[]).await.expect(200).expect_text("https://connect.example/acct_1");
        assert_eq!(till.server.count("POST accounts"), 3);
    }
}

on_both! {
    /// Where no answer came, the same key finds the account that is there already.
    async fn an_account_whose_answer_was_lost_is_not_opened_twice(app: App) {
        let mut till = Till::open(app, true).await;
        till.server.next("POST accounts", Trouble::SilentAfterActing);
        till.desk.provider.post(PAGE, &[]).await.expect(200).expect_text("Stripe svarte ikke");
        till.desk.provider.post(PAGE, &[]).await.expect(200).expect_text("https://connect.example/acct_1");
        assert_eq!(till.server.count("POST accounts"), 2);
    }
}
