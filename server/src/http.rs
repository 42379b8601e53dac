//! What surrounds every request: headers, limits, logs without personal data, files, health and metrics.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody as _};
use axum::extract::{ConnectInfo, MatchedPath, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use booking_core::base::Networks;
use booking_core::base::limits::UPLOAD_BYTES_MAX;
use futures_util::{StreamExt as _, stream};
use tokio::time::timeout;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};
use tower_http::limit::RequestBodyLimitLayer;

use crate::config::Config;
use crate::metrics::Metrics;

/// Largest request body, bytes: a file that is handed in. Forms and JSON take less, which their handlers see to.
const BODY_BYTES_MAX: usize = UPLOAD_BYTES_MAX + 64 * 1024;

/// Longest time a request may take. The call's WebSocket is answered at once and lives on outside of it.
const REQUEST_TIME_MAX: Duration = Duration::from_secs(30);

/// Hashed names never change their content.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Names without a hash may have another content after an update.
const FOR_A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// Answers whether the server can do its work: an error names what is missing.
pub(crate) type ReadyCheck =
    Arc<dyn Fn() -> futures_util::future::BoxFuture<'static, Result<(), String>> + Send + Sync>;

#[derive(Clone)]
struct Edge {
    headers: Arc<Vec<(HeaderName, HeaderValue)>>,
    metrics: Arc<Metrics>,
    metrics_readers: Arc<Networks>,
    ready: ReadyCheck,
}

/// Puts the site and the call socket behind the common surroundings.
pub(crate) fn surround(
    config: &Config,
    site: Router,
    socket: Router,
    metrics: Arc<Metrics>,
    ready: ReadyCheck,
) -> Router {
    let edge = Edge {
        headers: Arc::new(booking_site::security_headers(&config.public_url)),
        metrics,
        metrics_readers: Arc::new(config.http.metrics_readers.clone()),
        ready,
    };
    let limited = site
        .layer(CompressionLayer::new())
        .layer(middleware::from_fn(in_time))
        .layer(RequestBodyLimitLayer::new(BODY_BYTES_MAX));
    // Fonts are compressed as they are.
    let compressed =
        CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::const_new("font/")));
    let own = Router::new()
        .route("/healthz", get(|| async { "alive\n" }))
        .route("/readyz", get(ready_page))
        .route("/metrics", get(metrics_page))
        .route("/static/{file}", get(file).layer(compressed))
        .with_state(edge.clone());
    limited
        .merge(socket)
        .merge(own)
        .layer(middleware::from_fn_with_state(edge, around))
}

/// Ends what takes too long. Whoever sends a body slower than that is told so: it is no fault of ours, and must not look like
/// one in the log and the metrics.
async fn in_time(request: Request, next: Next) -> Response {
    let came_whole = Arc::new(AtomicBool::new(request.body().is_end_stream()));
    let request = if request.body().is_end_stream() {
        request
    } else {
        let came_whole = Arc::clone(&came_whole);
        request.map(|body| {
            let end = stream::poll_fn(move |_| {
                came_whole.store(true, Ordering::Relaxed);
                Poll::Ready(None)
            });
            Body::from_stream(body.into_data_stream().chain(end))
        })
    };
    match timeout(REQUEST_TIME_MAX, next.run(request)).await {
        Ok(response) => response,
        Err(_) if came_whole.load(Ordering::Relaxed) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "the request did not come whole\n").into_response(),
    }
}

/// One request: measured, logged by route (never by address, which may name people), headers set.
async fn around(State(edge): State<Edge>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(none)".to_owned(), |path| path.as_str().to_owned());
    let mut response = next.run(request).await;
    let took = begin.elapsed();
    let status = response.status();
    edge.metrics.record_request(&route, status.as_u16(), took);
    if status.is_server_error() {
        // The same id as on the page that the person sees.
        let id = response
            .headers()
            .get("x-request-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or("");
        tracing::warn!(%method, %route, status = status.as_u16(), ms = took.as_millis(), request_id = id, "request failed");
    } else {
        tracing::debug!(%method, %route, status = status.as_u16(), ms = took.as_millis(), "request");
    }
    let headers = response.headers_mut();
    for (name, value) in edge.headers.iter() {
        // The payment page has a content policy of its own.
        headers.entry(name).or_insert_with(|| value.clone());
    }
    // Pages show what belongs to one person; no cache between us and them may keep it.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

async fn ready_page(State(edge): State<Edge>) -> Response {
    match (edge.ready)().await {
        Ok(()) => (StatusCode::OK, "ready\n").into_response(),
        Err(missing) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {missing}\n")).into_response(),
    }
}

/// Whether metrics are for this reader. A request that a proxy passed on comes from wherever, not from this machine.
fn may_read_metrics(from: IpAddr, headers: &HeaderMap, readers: &Networks) -> bool {
    let passed_on = headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED);
    !passed_on && (from.to_canonical().is_loopback() || readers.contains(from))
}

async fn metrics_page(
    State(edge): State<Edge>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !may_read_metrics(from.ip(), &headers, &edge.metrics_readers) {
        return (StatusCode::FORBIDDEN, Json(serde_json::json!({ "error": "forbidden" }))).into_response();
    }
    match edge.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn file(Path(name): Path<String>) -> Response {
    match web::assets::get(&name) {
        Some(asset) => Response::builder()
            .header(header::CONTENT_TYPE, asset.content_type)
            .header(header::CACHE_CONTROL, if asset.immutable { FOREVER } else { FOR_A_DAY })
            .body(Body::from(asset.bytes))
            .unwrap_or_else(|_| StatusCode::INTERNAL_SERVER_ERROR.into_response()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_not_read_through_a_proxy() {
        let ip = |text: &str| text.parse::<IpAddr>().expect("an address");
        let readers = Networks::try_from(vec!["192.0.2.7".to_owned(), "198.51.100.0/24".to_owned()]);
        let readers = readers.expect("good ones");
        let mut headers = HeaderMap::new();
        assert!(may_read_metrics(ip("127.0.0.1"), &headers, &readers));
        assert!(may_read_metrics(ip("192.0.2.7"), &headers, &readers));
        assert!(may_read_metrics(ip("::ffff:198.51.100.9"), &headers, &readers));
        assert!(!may_read_metrics(ip("203.0.113.5"), &headers, &readers));
        headers.insert("x-forwarded-for", HeaderValue::from_static("203.0.113.5"));
        assert!(!may_read_metrics(ip("127.0.0.1"), &headers, &readers));
    }
}
