//! People who do not come any more: warned, taken to have left, and erased; and those who come back in time.

use booking_core::base::{DAY_US, Micros};
use booking_core::params;

use crate::harness::{App, START_US};
use crate::on_both;
use crate::retention::operator;
use crate::walk::{PASSWORD, consumer, mails, provider, sign_in};

/// Everybody comes on 23 November 2026 at 09:00 in Oslo. 22 months later it is summer time there.
const FIRST_WARNING: Micros = 1_853_305_200_000_000;
/// 8 November 2028, 09:00: 23 months and 15 days later.
const SECOND_WARNING: Micros = 1_857_283_200_000_000;
/// 23 November 2028, 09:00.
const END: Micros = 1_858_579_200_000_000;

async fn at(app: &App, now: Micros) {
    app.set_now(now);
    booking_core::jobs::round(&app.state).await;
    // A second round finds nothing more to do.
    booking_core::jobs::round(&app.state).await;
}

/// Kinds of the mails about being away, the oldest first.
async fn told(app: &App, who: &str) -> Vec<String> {
    let mails = mails(app, &format!("{who}@example.no")).await;
    let kinds = mails.into_iter().map(|(kind, _)| kind);
    kinds
        .filter(|kind| ["inactive", "ended", "deletion"].contains(&kind.as_str()))
        .collect()
}

async fn is_erased(app: &App, who: &str) -> bool {
    let text = "SELECT COUNT(*) FROM account WHERE email = $1";
    app.number(text, params![format!("{who}@example.no")]).await == 0
}

on_both! {
    /// S49: whoever does not come is warned twice, and erased ninety days after the end; to the microsecond.
    async fn s49_contact_data_leave_ninety_days_after_the_relationship_ended(app: App) {
        consumer(app, "marit").await;
        operator(app).await;
        assert_eq!(app.now(), START_US);
        let notice = app.client().get("/notice").await.expect(200).text();
        let notice: Vec<&str> = notice.split_whitespace().collect();
        let promise = "uten innlogging i 24 måneder regnes den som forlatt, etter to varsler på e-post, og slettes 90 dager senere";
        assert!(notice.join(" ").contains(promise), "{notice:?}");
        at(app, FIRST_WARNING - 1).await;
        assert_eq!(told(app, "marit").await, Vec::<String>::new());
        at(app, FIRST_WARNING).await;
        assert_eq!(told(app, "marit").await, ["inactive"]);
        let (_, body) = mails(app, "marit@example.no").await.pop().expect("a mail");
        assert!(body.contains("torsdag 23. november kl. 09:00") && body.contains("/login"), "{body}");
        at(app, SECOND_WARNING - 1).await;
        assert_eq!(told(app, "marit").await, ["inactive"]);
        at(app, SECOND_WARNING).await;
        assert_eq!(told(app, "marit").await, ["inactive", "inactive"]);
        at(app, END - 1).await;
        assert_eq!(told(app, "marit").await, ["inactive", "inactive"]);
        at(app, END).await;
        assert_eq!(told(app, "marit").await, ["inactive", "inactive", "ended"]);
        let (_, body) = mails(app, "marit@example.no").await.pop().expect("a mail");
        assert!(body.contains("onsdag 21. februar kl. 09:00"), "{body}");
        at(app, END + 83 * DAY_US).await;
        at(app, END + 90 * DAY_US - 1).await;
        assert!(!is_erased(app, "marit").await);
        at(app, END + 90 * DAY_US).await;
        assert!(is_erased(app, "marit").await);
        // Proof of what she accepted is kept for three years more, and operators never count as having left.
        let accepted = async || app.number("SELECT COUNT(*) FROM acceptance y JOIN account c ON c.id = y.account_id WHERE c.is_operator = 0", params![]).await;
        assert_eq!(accepted().await, 2);
        assert!(!is_erased(app, "drift").await && told(app, "drift").await.is_empty());
        app.execute("UPDATE retention_switch SET approved_us = 1", params![]).await;
        at(app, END + (90 + 1_095) * DAY_US).await;
        app.advance(DAY_US);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(accepted().await, 2, "to the microsecond");
        app.advance(DAY_US);
        booking_core::jobs::round(&app.state).await;
        assert_eq!(accepted().await, 0);
    }
}

on_both! {
    /// S49: signing in undoes it, at every step.
    async fn s49_who_signs_in_has_not_left(app: App) {
        let mut ola = consumer(app, "ola").await;
        let mut per = consumer(app, "per").await;
        let clinic = provider(app, "kari").await;
        let status = async || -> String { app.rows("SELECT status FROM org", params![]).await.remove(0) };
        at(app, FIRST_WARNING).await;
        sign_in(&mut ola, "ola").await;
        at(app, SECOND_WARNING).await;
        at(app, END).await;
        assert_eq!(told(app, "ola").await, ["inactive"]);
        assert_eq!(told(app, "per").await, ["inactive", "inactive", "ended"]);
        sign_in(&mut per, "per").await;
        at(app, END + 83 * DAY_US).await;
        // What is asked for in her place takes her page away, as if she had asked herself.
        assert_eq!((told(app, "kari").await.len(), status().await), (2, "paused".to_owned()));
        assert_eq!(told(app, "per").await, ["ended"], "the warnings are ninety days old");
        at(app, END + 89 * DAY_US).await;
        let mut kari = clinic.client;
        sign_in(&mut kari, "kari").await;
        booking_core::jobs::round(&app.state).await;
        kari.get("/account").await.expect(200);
        assert_eq!(status().await, "active");
        at(app, END + 100 * DAY_US).await;
        for who in ["ola", "per", "kari"] {
            assert!(!is_erased(app, who).await, "{who}");
        }
        // Whoever asks for it later is not undone by having been away.
        kari.post("/account/delete", &[("action", "delete"), ("password", PASSWORD)]).await.expect(303);
        at(app, END + 108 * DAY_US).await;
        assert!(is_erased(app, "kari").await);
    }
}

on_both! {
    /// S49: a server that was off for long does not send everything at once.
    async fn s49_warnings_are_apart_however_late_they_are(app: App) {
        consumer(app, "marit").await;
        let late = END + 30 * DAY_US;
        at(app, late).await;
        assert_eq!(told(app, "marit").await, ["inactive"]);
        at(app, late + 14 * DAY_US - 1).await;
        assert_eq!(told(app, "marit").await, ["inactive"]);
        at(app, late + 14 * DAY_US).await;
        at(app, late + 28 * DAY_US).await;
        assert_eq!(told(app, "marit").await, ["inactive", "inactive", "ended"]);
        at(app, late + (28 + 83) * DAY_US).await;
        at(app, late + (28 + 90) * DAY_US).await;
        assert!(is_erased(app, "marit").await);
    }
}
