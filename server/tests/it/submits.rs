//! Impatient people press a button more than once, and a load balancer sends each press elsewhere: one booking, one payment.

use crate::harness::{Engine, Site, Visitor, location, values};

const PROVIDER: &str = "/providers/dyreklinikken-nordli";
const EMAIL: &str = "ola@example.no";
/// The card of the test payment provider that is accepted.
const CARD: &str = "accepted";

/// The same form, sent this often at once, in turn to every server.
async fn press(site: &Site, visitor: &Visitor, path: &str, form: &[(&str, &str)], times: usize) -> Vec<(u16, String)> {
    let presses = (0..times).map(|number| {
        let visitor = visitor.through(site, number);
        async move {
            let answer = visitor.post(path, form).await;
            let status = answer.status().as_u16();
            (
                status,
                if status == 303 {
                    location(&answer)
                } else {
                    String::new()
                },
            )
        }
    });
    futures_util::future::join_all(presses).await
}

/// The link in the mail that asks for the e-mail address to be confirmed, read on the operator's outbox page.
async fn verify_link(site: &Site) -> String {
    let operator = site.visitor(901);
    let link = site
        .operator_link
        .strip_prefix(&site.public_url)
        .expect("links begin with the public address");
    assert_eq!(
        operator.post(link, &[]).await.status(),
        303,
        "the operator's link signs in"
    );
    let outbox = operator.text("/operator/outbox").await;
    for path in values(&outbox, "href=\"")
        .into_iter()
        .filter(|path| path.starts_with("/operator/outbox/"))
    {
        let mail = operator.post(path, &[("reason", "test")]).await;
        let mail = mail.text().await.expect("the mail arrives");
        if mail.contains(EMAIL)
            && let Some(start) = mail.find("/verify/")
        {
            let token = mail[start..].split(|letter: char| !(letter.is_ascii_alphanumeric() || "/-_".contains(letter)));
            return token.take(1).collect();
        }
    }
    panic!("no mail asks {EMAIL} to confirm the address");
}

async fn presses(engine: Engine, processes: usize) {
    let Some(site) = Site::start(engine, processes).await else {
        return;
    };
    let visitor = site.visitor(900);
    let page = visitor.text(PROVIDER).await;
    let service = values(&page, "name=\"service\" value=\"")[0];
    let starts = values(&page, "name=\"start\" value=\"");
    let start = starts.last().expect("a free time");
    // The first answer makes the cookie that binds the hold to this browser.
    let hold = location(&visitor.post("/holds", &[("service", service), ("start", start)]).await);
    for (status, to) in press(&site, &visitor, "/holds", &[("service", service), ("start", start)], 6).await {
        assert_eq!((status, to.as_str()), (303, hold.as_str()), "a hold is placed once");
    }

    let details = [
        ("about", "Hunden halter"),
        ("account", "register"),
        ("name", "Ola Hansen"),
        ("email", EMAIL),
        ("phone", "91234567"),
        ("place", "Bergen"),
        ("password", "tre ord til sammen"),
        ("accept", "yes"),
    ];
    assert_eq!(visitor.post(&hold, &details).await.status(), 303);
    let payment = location(&visitor.post(&verify_link(&site).await, &[]).await);
    assert!(payment.starts_with(&format!("{hold}/payment")), "{payment}");
    let form = visitor.text(&payment).await;
    let price = values(&form, "name=\"price\" value=\"")
        .first()
        .copied()
        .unwrap_or_default();
    let card = [
        ("provider", "test"),
        ("method", CARD),
        ("withdrawal", "yes"),
        ("price", price),
    ];
    let answers = press(&site, &visitor, &format!("{hold}/payment"), &card, 8).await;
    let booked = answers
        .iter()
        .find(|(_, to)| to.starts_with("/bookings/"))
        .map(|(_, to)| to.clone());
    let booked = booked.unwrap_or_else(|| panic!("nobody got through: {answers:?}"));
    for (status, to) in &answers {
        assert!(*status == 303 || *status == 409, "{status} {to}");
        assert!(
            !to.starts_with("/bookings/") || *to == booked,
            "one booking: {to} and {booked}"
        );
    }
    assert_eq!(
        site.number("SELECT COUNT(*) FROM appointment").await,
        1,
        "one appointment"
    );
    assert_eq!(
        site.number("SELECT COUNT(*) FROM test_psp_payment").await,
        1,
        "the payment provider was asked once"
    );
    assert_eq!(site.number("SELECT COUNT(*) FROM payment").await, 1, "one payment");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_booking_and_one_payment_on_sqlite() {
    presses(Engine::Sqlite, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_booking_and_one_payment_on_postgres_with_two_servers() {
    presses(Engine::Postgres, 2).await;
}
