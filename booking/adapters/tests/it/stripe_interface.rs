//! Every request that the Stripe adapter makes, held against Stripe's own description of its interface (OpenAPI) by
//! stripe-mock, which answers what does not fit with an error.

use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use booking_adapters::stripe::Stripe;
use booking_core::base::money::{Currency, Money};
use booking_core::billing::provider::{Aim, Authorisation, Order, PaymentProvider as _, ProviderError};

use crate::{skip, stripe_at};

/// Of the Go module proxy.
const STRIPE_MOCK: &str = "github.com/stripe/stripe-mock@v0.203.0";
const START_TIME_MAX: Duration = Duration::from_secs(20);

/// The program, built once and kept below the target folder; or why there is none.
fn install() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(STRIPE_MOCK.replace(['/', '@'], "-"));
    let program = folder.join("stripe-mock");
    if program.is_file() {
        return Ok(program);
    }
    let go = ["go", "/usr/local/go/bin/go"]
        .into_iter()
        .find(|go| {
            Command::new(go)
                .arg("version")
                .output()
                .is_ok_and(|out| out.status.success())
        })
        .ok_or("there is no Go to build stripe-mock with")?;
    let built = Command::new(go)
        .args(["install", STRIPE_MOCK])
        .env("GOBIN", &folder)
        .env("GOTOOLCHAIN", "local")
        .output()
        .map_err(|error| format!("stripe-mock cannot be built: {error}"))?;
    if built.status.success() {
        return Ok(program);
    }
    let said = String::from_utf8_lossy(&built.stderr);
    Err(format!(
        "stripe-mock cannot be built: {}",
        said.lines().last().unwrap_or_default()
    ))
}

struct Mock {
    child: Child,
    api: String,
}

impl Mock {
    fn start(program: &Path) -> Self {
        let port = {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            listener.local_addr().expect("it is bound").port()
        };
        let mut child = Command::new(program)
            .args(["-http-addr", &format!("127.0.0.1:{port}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("stripe-mock starts");
        // Its log is read, so that a full pipe never stops it.
        let log = child.stdout.take().expect("its output is read");
        std::thread::spawn(move || BufReader::new(log).lines().for_each(drop));
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begin.elapsed() < START_TIME_MAX, "stripe-mock does not listen");
            std::thread::yield_now();
        }
        Self {
            child,
            api: format!("http://127.0.0.1:{port}"),
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What its fixtures answer fits no story, so that only refusals count: they say that a request does not fit.
#[track_caller]
fn fits<T>(what: &str, result: Result<T, ProviderError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(ProviderError::Unknown(_)) => None,
        Err(error @ (ProviderError::Refused(_) | ProviderError::Failed(_))) => panic!("{what}: {error}"),
    }
}

const ACCOUNT: Option<&str> = Some("acct_123");

fn order<'a>(key: &'a str, aim: Aim, kept: Option<&'a str>) -> Order<'a> {
    Order {
        key,
        payment: "0190f3c1-0000-7000-8000-000000000001",
        aim,
        kept,
        seller_account: ACCOUNT,
    }
}

async fn authorise(stripe: &Stripe, reference: &str, kept: Option<&str>) {
    let authorisation = Authorisation {
        key: "k2",
        reference,
        method: "pm_123",
        kept,
        return_url: "https://booka.example/book/1/confirm",
    };
    fits("authorise", stripe.authorise(&authorisation).await);
}

// S62: what goes out is what the provider's own description of its interface takes.
#[tokio::test]
async fn s62_every_request_fits_stripes_description_of_its_interface() {
    let program = match install() {
        Ok(program) => program,
        Err(reason) => return skip(&reason),
    };
    let mock = Mock::start(&program);
    let stripe = stripe_at(&mock.api, "sk_test_123");
    let amount = Money::new(45_000, Currency::NOK);
    fits("try out", stripe.try_out().await);
    let made = fits("create", stripe.create(&order("k1", Aim::Reserve(amount), None)).await);
    let payment = made.expect("its reference");
    assert!(payment.starts_with("acct_123/pi_"), "{payment}");
    authorise(&stripe, &payment, None).await;
    fits("question", stripe.question(&payment).await);
    fits("answer", stripe.answer(&payment, true).await);
    fits("capture", stripe.capture("k3", &payment, amount).await);
    fits("refund", stripe.refund("k4", &payment, "r1", amount).await);
    fits("look up", stripe.lookup(&payment).await);
    fits("release", stripe.release("k5", &payment).await);
    let made = fits(
        "keep",
        stripe.create(&order("k6", Aim::Keep(Currency::NOK), None)).await,
    );
    let kept = made.expect("its reference");
    assert!(kept.starts_with("acct_123/seti_"), "{kept}");
    authorise(&stripe, &kept, None).await;
    fits("look up the kept card", stripe.lookup(&kept).await);
    fits("let go of the kept card", stripe.release("k7", &kept).await);
    let charge = order("k9", Aim::Reserve(amount), Some(&kept));
    fits("charge the kept card", stripe.create(&charge).await);
    authorise(&stripe, &payment, Some(&kept)).await;
    let sellers = stripe.seller_accounts().expect("sellers have accounts");
    let account = fits("open an account", sellers.open("k8", "org1").await).expect("its reference");
    let url = "https://booka.example/provider/money";
    fits("link", sellers.link(&account, url, url).await);
    fits("look up the account", sellers.look_up(&account).await);
}
