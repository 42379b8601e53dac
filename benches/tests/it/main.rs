//! The independent peer against itself, and against our media server over real sockets.

mod a_call;
mod direct;
mod load;
mod through_the_server;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use benches::bot::{Expectations, Received};

const BIND: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Longest wait for anything; reached only when the test fails.
const WAIT_MAX: Duration = Duration::from_secs(30);

/// Waits until everything expected was received, and says what is missing if it never is.
async fn wait_for(expect: Expectations, received: &Received) {
    let mut look = tokio::time::interval(Duration::from_millis(50));
    let all_there = async {
        while !expect.missing(&received.totals()).is_empty() {
            look.tick().await;
        }
    };
    let outcome = tokio::time::timeout(WAIT_MAX, all_there).await;
    assert!(
        outcome.is_ok(),
        "missing: {:?} of {:?}",
        expect.missing(&received.totals()),
        received.totals()
    );
}
