//! Stopping: the first signal drains, the second ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

/// Turns SIGTERM and SIGINT into a flag that everybody can wait for.
///
/// # Errors
/// When the system does not let us listen for signals.
pub(crate) fn listen() -> anyhow::Result<watch::Receiver<bool>> {
    let (stop, stopping) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        for round in 0.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if round > 0 {
                tracing::warn!("second signal: stopping at once");
                std::process::exit(130);
            }
            stop.send_replace(true);
        }
    });
    Ok(stopping)
}

/// Waits until the flag is up.
pub(crate) async fn requested(mut stopping: watch::Receiver<bool>) {
    // The sender lives as long as the process; if it were gone, stopping is the right answer too.
    let outcome = stopping.wait_for(|stop| *stop).await;
    drop(outcome);
}
