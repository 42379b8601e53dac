//! A process that dies behind its n-th commit, wherever that is: nothing lasts but what is committed, so these are all the places
//! there are, and the same number is the same place in every run.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::task::Poll;

use tracing::subscriber::{DefaultGuard, Interest};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

thread_local! {
    /// Commits until the end, while a future runs that is to die.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// What unwinds through whoever dies.
struct Killed;

/// Sees commits, and nothing else of what is traced.
struct Commits;

fn is_commit(metadata: &Metadata<'_>) -> bool {
    metadata.name() == "committed" && metadata.target().starts_with("booking_core")
}

impl<S: Subscriber> Layer<S> for Commits {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_commit(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        is_commit(metadata)
    }

    fn on_event(&self, _: &Event<'_>, _: Context<'_, S>) {
        match LEFT.get() {
            Some(0 | 1) => {
                LEFT.set(None);
                // Past the panic hook: nobody is to read of it.
                resume_unwind(Box::new(Killed));
            }
            Some(left) => LEFT.set(Some(left - 1)),
            None => {}
        }
    }
}

/// Watches the commits of this thread, which must be the one of its runtime, until the guard is dropped.
pub(crate) fn watch_commits() -> DefaultGuard {
    tracing::subscriber::set_default(tracing_subscriber::registry().with(Commits))
}

/// Runs a future until it is done, or dies behind its `commits`-th commit, counted from one.
pub(crate) async fn until_killed<T>(commits: u32, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    let mut left = Some(commits);
    std::future::poll_fn(move |context| {
        LEFT.set(left);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        left = LEFT.take();
        match polled {
            Ok(polled) => polled.map(Some),
            Err(cause) if cause.is::<Killed>() => Poll::Ready(None),
            Err(cause) => resume_unwind(cause),
        }
    })
    .await
}
