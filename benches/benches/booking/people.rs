//! People who book through the real pages, one after another: hold a time, say what it is about, confirm or pay.

use std::fmt;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, header};
use booking_core::base::{DAY_US, MINUTE_US, Micros, token_hash};
use booking_core::{AppState, params};
use tower::ServiceExt as _;

use super::booking::write;
use super::fill::fill_account;

/// Pause after a booking.
const PAUSE: Duration = Duration::from_millis(50);
/// Bookings at the most; each is another person's.
const BOOKINGS_MAX: usize = 8_000;
/// Times that the ten members have, a quarter of an hour each, from two days on.
const BEGINS_US: Micros = 2 * DAY_US;

/// How long bookings took, in milliseconds.
pub(crate) struct Bookings(Vec<f64>);

impl fmt::Display for Bookings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |percent: usize| {
            self.0
                .get((self.0.len() * percent / 100).min(self.0.len().saturating_sub(1)))
        };
        let [middle, most] = [50, 99].map(|percent| at(percent).copied().unwrap_or(f64::NAN));
        write!(f, "{middle:.1} and {most:.1} of {}", self.0.len())
    }
}

/// Where people book.
pub(crate) struct Desk {
    router: Router,
    begins: Micros,
    pub(crate) next: usize,
    state: AppState,
}

pub(crate) fn open(state: &AppState) -> Desk {
    let quarter = 15 * MINUTE_US;
    Desk {
        router: booking_site::router(state.clone()),
        begins: (state.now() + BEGINS_US) / quarter * quarter,
        next: 0,
        state: state.clone(),
    }
}

impl Desk {
    /// Books until then, or until it is done.
    pub(crate) async fn book_until(&mut self, end: Instant, done: &AtomicBool) -> Bookings {
        let mut took = Vec::new();
        while Instant::now() < end && !done.load(Ordering::SeqCst) && self.next < BOOKINGS_MAX {
            let person = format!("new{}", self.next);
            self.sign_in(&person).await;
            // Ten people take each time.
            let number = i64::try_from(self.next / 10).expect("small");
            let start = self.begins + number * 15 * MINUTE_US;
            let begun = Instant::now();
            self.book(&person, ("large", start), "withdrawal=yes").await;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
            self.next += 1;
            tokio::time::sleep(PAUSE).await;
        }
        took.sort_by(f64::total_cmp);
        Bookings(took)
    }

    pub(crate) async fn sign_in(&self, person: &str) {
        fill_account(&self.state, person).await;
        let now = self.state.now();
        let session = "INSERT INTO session (id, token_hash, account_id, created_us, last_seen_us, expires_us, user_agent, ip_prefix)
            VALUES ($1, $2, $1, $3, $3, $4, '', '')";
        write(
            &self.state,
            session,
            params![person, token_hash(person), now, now + 20 * DAY_US],
        )
        .await;
    }

    /// Returns the appointment.
    pub(crate) async fn book(&self, person: &str, (service, start): (&str, Micros), payment: &str) -> String {
        let mut visitor = String::new();
        let form = format!("service={service}&start={start}");
        let held = self.post(person, &mut visitor, "/holds", &form).await;
        let page = location(&held);
        let said = self.post(person, &mut visitor, &page, "about=Hunden+halter").await;
        let booked = self.post(person, &mut visitor, &location(&said), payment).await;
        let location = location(&booked);
        let appointment = location
            .strip_prefix("/bookings/")
            .and_then(|rest| rest.split('?').next());
        appointment.unwrap_or_else(|| panic!("leads to {location}")).to_owned()
    }

    async fn post(&self, person: &str, visitor: &mut String, path: &str, form: &str) -> Response<Body> {
        let mut request = Request::post(path)
            .header(header::ORIGIN, "http://localhost:8080")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::COOKIE, format!("booka={person}; {visitor}"))
            .body(Body::from(form.to_owned()))
            .expect("a request");
        let [.., high, low] = self.next.to_be_bytes();
        request
            .extensions_mut()
            .insert(ConnectInfo(SocketAddr::from(([203, high, low, 7], 40_000))));
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router always answers");
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let pair = cookie
                .to_str()
                .expect("cookies are ASCII")
                .split(';')
                .next()
                .unwrap_or_default();
            *visitor = format!("{visitor}; {pair}");
        }
        if !answer.status().is_redirection() {
            let status = answer.status();
            let body = to_bytes(answer.into_body(), 1 << 20).await.expect("the body arrives");
            panic!("{path}: {status} {}", String::from_utf8_lossy(&body));
        }
        answer
    }
}

fn location(answer: &Response<Body>) -> String {
    let target = answer.headers().get(header::LOCATION).expect("it leads on");
    target.to_str().expect("addresses are ASCII").to_owned()
}
