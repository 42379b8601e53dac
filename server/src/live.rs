//! The running calls for the booking side: shown to operators, and recorded while they go on.

use std::time::{Duration, Instant};

use booking_core::AppState;
use booking_core::calls::quality::{self, Sampler};
use booking_core::calls::{CaptureError, LiveCalls};
use signaling::Hub;
use signaling_protocol::LiveCall;
use tokio::sync::watch;

use crate::capture::Captures;
use crate::shutdown;

/// Interval at which the quality of calls is sampled.
const SAMPLE_EVERY: Duration = Duration::from_secs(10);

/// What the operator's pages ask about calls.
pub(crate) struct Live {
    pub(crate) hub: Hub,
    pub(crate) captures: Captures,
}

impl LiveCalls for Live {
    fn snapshot(&self) -> Vec<LiveCall> {
        self.hub.snapshot()
    }

    fn find(&self, id: &str) -> Option<LiveCall> {
        self.hub.find(id)
    }

    fn capture(&self, call: &str, time: Duration) -> Result<(), CaptureError> {
        self.captures.start(call, time)
    }

    fn review(&self) {
        self.hub.review();
    }

    fn cancel(&self, call: &str) {
        self.hub.cancel(call);
    }
}

/// Stores how the calls do until the server stops.
pub(crate) async fn record_quality(state: AppState, hub: Hub, stopping: watch::Receiver<bool>) {
    let mut sampler = Sampler::default();
    let mut ticks = tokio::time::interval(SAMPLE_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let stop = shutdown::requested(stopping);
    tokio::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = ticks.tick() => {}
        }
        let rows = sampler.choose(Instant::now(), hub.snapshot());
        if rows.is_empty() {
            continue;
        }
        // A gap in the course of the quality harms nobody, so what cannot be stored is not tried again.
        if let Err(error) = quality::record(&state, state.now(), &rows).await {
            tracing::warn!(%error, "how the calls do could not be stored");
        }
    }
}
