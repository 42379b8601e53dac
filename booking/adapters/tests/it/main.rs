//! The adapters against outside programs and services.

mod stripe_interface;
mod stripe_real;

use std::io::Write as _;
use std::time::Duration;

use booking_adapters::stripe::{Stripe, StripeSettings};

/// Past the test harness, which would keep it to itself; `cargo xtask test` counts these lines.
fn skip(reason: &str) {
    writeln!(std::io::stdout(), "skipped: {reason}").expect("output is open");
}

fn stripe_at(api: &str, secret_key: &str) -> Stripe {
    let settings = StripeSettings {
        secret_key: secret_key.to_owned(),
        publishable_key: "pk_test_123".to_owned(),
        webhook_secrets: vec!["whsec_123".to_owned()],
        api: api.to_owned(),
        script: "https://js.stripe.com/v3/".to_owned(),
        connect: true,
        call_time_max: Duration::from_secs(30),
    };
    Stripe::new(settings).expect("these settings can be used")
}
