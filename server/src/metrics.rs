//! Prometheus metrics with bounded labels: routes and status classes, never ids of calls or people.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use media_api::MediaApi;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Counter, Gauge, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};
use signaling::Hub;

use crate::media::Plane;

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
        let requests = IntCounterVec::new(
            Opts::new("booka_http_requests_total", "Requests by route and status class"),
            &["route", "class"],
        )?;
        let durations = HistogramVec::new(
            HistogramOpts::new("booka_http_request_seconds", "Time to answer by route")
                .buckets(vec![0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0]),
            &["route"],
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(durations.clone()))?;
        Ok(Self {
            registry,
            requests,
            durations,
        })
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

/// Reads the counters of media and signaling when Prometheus asks, so that the packet path knows nothing of it.
pub(crate) struct Parts {
    plane: Arc<Plane>,
    hub: Hub,
    api: Option<MediaApi>,
    media: Desc,
    sockets: Desc,
    signaling: Desc,
    media_api: Desc,
    sizes: Desc,
}

impl Parts {
    /// # Errors
    /// When a name is no good.
    pub(crate) fn new(plane: Arc<Plane>, hub: Hub, api: Option<MediaApi>) -> prometheus::Result<Self> {
        let described = |name: &str, help: &str, label: &str| {
            Desc::new(
                name.to_owned(),
                help.to_owned(),
                vec![label.to_owned()],
                std::collections::HashMap::new(),
            )
        };
        Ok(Self {
            plane,
            hub,
            api,
            media: described(
                "booka_media_total",
                "What the media core did and dropped, all shards",
                "what",
            )?,
            sockets: described("booka_media_io_total", "What the media sockets did, all shards", "what")?,
            signaling: described("booka_signaling_total", "What signaling did and refused", "what")?,
            media_api: described("booka_media_api_total", "What the media API did and refused", "what")?,
            sizes: described("booka_now", "How much there is at this moment", "what")?,
        })
    }

    fn family(desc: &Desc, kind: MetricType, values: &[(&'static str, u64)]) -> MetricFamily {
        let metrics: Vec<Metric> = values
            .iter()
            .map(|(what, value)| {
                let mut label = LabelPair::default();
                label.set_name("what".to_owned());
                label.set_value((*what).to_owned());
                let mut metric = Metric::from_label(vec![label]);
                // Counters of packets stay below 2^53 for centuries.
                #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
                let value = *value as f64;
                if kind == MetricType::COUNTER {
                    let mut counter = Counter::default();
                    counter.set_value(value);
                    metric.set_counter(counter);
                } else {
                    let mut gauge = Gauge::default();
                    gauge.set_value(value);
                    metric.set_gauge(gauge);
                }
                metric
            })
            .collect();
        let mut family = MetricFamily::default();
        family.set_name(desc.fq_name.clone());
        family.set_help(desc.help.clone());
        family.set_field_type(kind);
        family.set_metric(metrics);
        family
    }
}

impl Collector for Parts {
    fn desc(&self) -> Vec<&Desc> {
        vec![
            &self.media,
            &self.sockets,
            &self.signaling,
            &self.media_api,
            &self.sizes,
        ]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let shards = self.plane.metrics();
        let mut core: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut io: BTreeMap<&'static str, u64> = BTreeMap::new();
        for shard in &shards {
            for (what, value) in shard.core.iter() {
                *core.entry(what).or_default() += value;
            }
            for (what, value) in shard.io.iter() {
                *io.entry(what).or_default() += value;
            }
        }
        let (rooms, connections) = self.hub.sizes();
        let (api_rooms, api_sessions) = self.api.as_ref().map(MediaApi::sizes).unwrap_or_default();
        let api_counts = self
            .api
            .as_ref()
            .map(|api| api.metrics().snapshot())
            .unwrap_or_default();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let sizes = [
            ("media_rooms", count(shards.iter().map(|shard| shard.rooms).sum())),
            ("media_peers", count(shards.iter().map(|shard| shard.peers).sum())),
            (
                "media_connections",
                count(shards.iter().map(|shard| shard.connections).sum()),
            ),
            ("call_rooms", count(rooms)),
            ("call_connections", count(connections)),
            ("api_rooms", count(api_rooms)),
            ("api_sessions", count(api_sessions)),
        ];
        vec![
            Self::family(&self.media, MetricType::COUNTER, &core.into_iter().collect::<Vec<_>>()),
            Self::family(&self.sockets, MetricType::COUNTER, &io.into_iter().collect::<Vec<_>>()),
            Self::family(&self.signaling, MetricType::COUNTER, &self.hub.metrics().snapshot()),
            Self::family(&self.media_api, MetricType::COUNTER, &api_counts),
            Self::family(&self.sizes, MetricType::GAUGE, &sizes),
        ]
    }
}
