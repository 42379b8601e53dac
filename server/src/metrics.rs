//! Prometheus metrics with bounded labels: routes and status classes, never ids of calls or people.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use booking_core::base::outbox::MailCounts;
use media_api::MediaApi;
use media_plane::Plane;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{Bucket, Counter, Gauge, Histogram, LabelPair, Metric, MetricFamily, MetricType};
use prometheus::{Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};
use sfu_driver::ShardMetrics;
use signaling::Hub;

use crate::connections::Crowd;

/// A media thread that was not heard of for this long hangs: it wakes at least every half second.
const SHARD_SILENT: Duration = Duration::from_secs(2);

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

    pub(crate) fn record_request(&self, route: &str, status: u16, took: Duration) {
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
    crowd: Arc<Crowd>,
    mail_counts: Arc<MailCounts>,
    mails: Desc,
    http: Desc,
    legs: Desc,
    media: Desc,
    sockets: Desc,
    signaling: Desc,
    media_api: Desc,
    sizes: Desc,
    forward_delays: Desc,
    joins: Desc,
}

impl Parts {
    /// # Errors
    /// When a name is no good.
    pub(crate) fn new(
        plane: Arc<Plane>,
        hub: Hub,
        api: Option<MediaApi>,
        crowd: Arc<Crowd>,
        mail_counts: Arc<MailCounts>,
    ) -> prometheus::Result<Self> {
        let times = |name: &str, help: &str| {
            let labels = std::collections::HashMap::new();
            Desc::new(name.to_owned(), help.to_owned(), Vec::new(), labels)
        };
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
            crowd,
            mail_counts,
            mails: described("booka_mail_total", "What became of mails", "what")?,
            http: described("booka_http_connections_total", "Connections of pages", "what")?,
            legs: described(
                "booka_media_legs",
                "Streams now by their score: good from 3.6, poor below 2.6",
                "score",
            )?,
            media: described(
                "booka_media_total",
                "What the media core did and dropped, all shards",
                "what",
            )?,
            sockets: described("booka_media_io_total", "What the media sockets did, all shards", "what")?,
            signaling: described("booka_signaling_total", "What signaling did and refused", "what")?,
            media_api: described("booka_media_api_total", "What the media API did and refused", "what")?,
            sizes: described("booka_now", "How much there is at this moment", "what")?,
            forward_delays: times(
                "booka_media_forward_seconds",
                "How long incoming packets were in the process until what came of them was sent",
            )?,
            joins: times(
                "booka_media_join_seconds",
                "From the command to join until the client was connected",
            )?,
        })
    }

    fn family(desc: &Desc, kind: MetricType, values: &[(&'static str, u64)]) -> MetricFamily {
        let metrics: Vec<Metric> = values
            .iter()
            .map(|(what, value)| {
                let mut label = LabelPair::default();
                label.set_name(desc.variable_labels[0].clone());
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

fn histogram(desc: &Desc, times: &sfu_driver::Histogram) -> MetricFamily {
    let buckets = times.cumulative().map(|(bound, count)| {
        let mut bucket = Bucket::default();
        bucket.set_upper_bound(bound.as_secs_f64());
        bucket.set_cumulative_count(count);
        bucket
    });
    let mut histogram = Histogram::default();
    histogram.set_bucket(buckets.collect());
    histogram.set_sample_count(times.count());
    histogram.set_sample_sum(times.sum().as_secs_f64());
    let mut metric = Metric::default();
    metric.set_histogram(histogram);
    let mut family = MetricFamily::default();
    family.set_name(desc.fq_name.clone());
    family.set_help(desc.help.clone());
    family.set_field_type(MetricType::HISTOGRAM);
    family.set_metric(vec![metric]);
    family
}

impl Collector for Parts {
    fn desc(&self) -> Vec<&Desc> {
        vec![
            &self.media,
            &self.sockets,
            &self.signaling,
            &self.media_api,
            &self.sizes,
            &self.forward_delays,
            &self.joins,
            &self.http,
            &self.legs,
            &self.mails,
        ]
    }

    fn collect(&self) -> Vec<MetricFamily> {
        let shards = self.plane.driver().metrics();
        let mut total = ShardMetrics::default();
        shards.iter().for_each(|shard| total.add(shard));
        let silent = shards.iter().filter(|shard| shard.silent_for > SHARD_SILENT).count();
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
        let summary = self.hub.quality().summary();
        let legs = [
            ("good", summary.good),
            ("fair", summary.fair),
            ("poor", summary.poor),
            ("unknown", summary.unknown),
        ];
        let sizes = [
            ("media_rooms", count(shards.iter().map(|shard| shard.rooms).sum())),
            ("media_peers", count(shards.iter().map(|shard| shard.peers).sum())),
            ("media_connections", count(total.connections)),
            ("media_packets_per_second", total.packets_per_second),
            ("media_shards_silent", count(silent)),
            ("call_rooms", count(rooms)),
            ("call_connections", count(connections)),
            ("api_rooms", count(api_rooms)),
            ("api_sessions", count(api_sessions)),
            ("media_estimates", summary.estimates),
            ("media_estimate_bps", summary.estimate_bps),
        ];
        vec![
            Self::family(&self.media, MetricType::COUNTER, &core.into_iter().collect::<Vec<_>>()),
            Self::family(&self.sockets, MetricType::COUNTER, &io.into_iter().collect::<Vec<_>>()),
            Self::family(&self.signaling, MetricType::COUNTER, &self.hub.metrics().snapshot()),
            Self::family(&self.media_api, MetricType::COUNTER, &api_counts),
            Self::family(&self.sizes, MetricType::GAUGE, &sizes),
            histogram(&self.forward_delays, &total.forward_delay),
            histogram(&self.joins, &total.joins),
            Self::family(&self.http, MetricType::COUNTER, &[("refused", self.crowd.refused())]),
            Self::family(&self.legs, MetricType::GAUGE, &legs),
            Self::family(&self.mails, MetricType::COUNTER, &self.mail_counts.snapshot()),
        ]
    }
}
