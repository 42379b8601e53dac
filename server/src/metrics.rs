//! Prometheus metrics with bounded labels: routes and status classes, never ids of calls or people.

use std::time::Duration;

use prometheus::{Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

/// Everything `/metrics` shows.
pub(crate) struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
}

impl Metrics {
    /// # Errors
    /// When two metrics have one name.
    pub(crate) fn new() -> prometheus::Result<Self> {
        let registry = Registry::new();
        let requests =
            IntCounterVec::new(Opts::new("booka_http_requests_total", "Requests by route and status class"), &["route", "class"])?;
        let durations = HistogramVec::new(
            HistogramOpts::new("booka_http_request_seconds", "Time to answer by route")
                .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
            &["route"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Self { registry, requests, durations })
    }

    /// Adds a part's own metrics.
    ///
    /// # Errors
    /// When a name is taken.
    pub(crate) fn add(&self, part: Box<dyn prometheus::core::Collector>) -> prometheus::Result<()> {
        self.registry.register(part)
    }

    pub(crate) fn request(&self, route: &str, status: u16, took: Duration) {
        let class = match status {
            ..200 => "1xx",
            200..300 => "2xx",
            300..400 => "3xx",
            400..500 => "4xx",
            500.. => "5xx",
        };
        self.requests.with_label_values(&[route, class]).inc();
        self.durations.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// The text that Prometheus reads.
    ///
    /// # Errors
    /// When a metric cannot be written.
    pub(crate) fn text(&self) -> prometheus::Result<Vec<u8>> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }
}
