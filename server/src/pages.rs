//! Threads of their own for the pages: what somebody makes us compute there keeps no call waiting.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;
use tower_http::compression::CompressionLayer;

/// The runtime of the pages. One core is left to signaling and media, where there is more than one.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn start() -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Builder::new_multi_thread()
        .worker_threads((cores - 1).max(1))
        .thread_name("pages")
        .enable_all()
        .build()
}

/// Answers every request to `site` on that runtime, compression included. As everywhere, an answer that nobody waits for
/// any more is not computed to its end.
pub(crate) fn run_on(runtime: Handle, site: Router) -> Router {
    site.layer(CompressionLayer::new())
        .layer(middleware::from_fn_with_state(runtime, pass_on))
}

async fn pass_on(State(runtime): State<Handle>, request: Request, next: Next) -> Response {
    let mut task = JoinSet::new();
    task.spawn_on(async move { whole(next.run(request).await).await }, &runtime);
    match task.join_next().await.expect("one task was spawned") {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
    }
}

/// The answer with its body written out: what is computed on the way out is computed there, too.
async fn whole(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => Response::from_parts(parts, Body::from(bytes)),
        Err(error) => {
            tracing::error!(%error, "a page could not be written out");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, Condvar, Mutex};
    use std::time::Duration;

    use axum::routing::get;
    use tokio::sync::mpsc;
    use tower::ServiceExt as _;

    use super::*;

    /// A test that fails waits so long.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// More than any machine has cores to answer at once.
    const SEARCHES: usize = 512;

    async fn ask(app: Router, path: &str) -> StatusCode {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        app.oneshot(request).await.expect("the router always answers").status()
    }

    /// Trial F15: one address could keep busy the very threads that signaling runs on.
    #[test]
    fn f15_pages_that_keep_every_thread_of_theirs_busy_hold_up_no_call() {
        let pages = start().expect("threads");
        let (released, gave_up) = (
            Arc::new((Mutex::new(false), Condvar::new())),
            Arc::new(AtomicBool::new(false)),
        );
        let (begun, mut beginnings) = mpsc::channel(SEARCHES);
        let costly = {
            let (released, gave_up) = (Arc::clone(&released), Arc::clone(&gave_up));
            async move || {
                begun
                    .try_send(())
                    .expect("the test listens, and each search sends once");
                let (lock, freed) = &*released;
                let lock = lock.lock().expect("nobody panics while holding it");
                let waited = freed.wait_timeout_while(lock, PATIENCE, |free| !*free);
                let timed_out = waited.expect("nobody panics while holding it").1.timed_out();
                gave_up.fetch_or(timed_out, Ordering::SeqCst);
                "computed"
            }
        };
        let site = run_on(pages.handle().clone(), Router::new().route("/search", get(costly)));
        let app = site.merge(Router::new().route("/call/socket", get(|| async { "here" })));
        let signaling = Builder::new_current_thread().enable_all().build().expect("a thread");
        signaling.block_on(async {
            let searches: Vec<_> = (0..SEARCHES)
                .map(|_| tokio::spawn(ask(app.clone(), "/search")))
                .collect();
            beginnings.recv().await.expect("a search is under way");
            assert_eq!(ask(app.clone(), "/call/socket").await, StatusCode::OK);
            assert!(!gave_up.load(Ordering::SeqCst), "the call waited for a page");
            *released.0.lock().expect("nobody panics while holding it") = true;
            released.1.notify_all();
            for search in searches {
                assert_eq!(search.await.expect("it ends"), StatusCode::OK);
            }
        });
        pages.shutdown_background();
    }
}
