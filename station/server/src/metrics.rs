//! What Prometheus is told. Counts what happens, and looks at the rest when it is asked. Every label has a bounded set of
//! values: codes of the catalogue, names of steps and slots, templates of routes.

mod http;
mod line;
mod scrape;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{counter::Counter, family::Family, info::Info},
    registry::Registry,
};

pub(crate) use http::{method, observe};
pub(crate) use scrape::routes;

use self::{http::HttpMetrics, line::LineMetrics};

/// First letters of every name.
const PREFIX: &str = "firstpass";

/// Everything that is counted as it happens.
pub(crate) struct Metrics {
    registry: Registry,
    pub(crate) line: LineMetrics,
    http: HttpMetrics,
    deliveries: Family<DeliveryLabels, Counter>,
}

/// What came of a message to a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
pub(crate) enum Delivery {
    /// It was taken.
    Sent,
    /// It is tried again.
    Failed,
    /// It was put aside.
    Parked,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DeliveryLabels {
    outcome: Delivery,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
    station: String,
}

impl Metrics {
    /// Nothing counted yet.
    pub(crate) fn new(station: &str) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let build = BuildLabels { version: env!("CARGO_PKG_VERSION"), station: station.to_owned() };
        registry.register("build", "The program and its station", Info::new(build));
        let deliveries = Family::<DeliveryLabels, Counter>::default();
        let help = "Tries to send a message to a webhook, by what came of them";
        registry.register("webhook_deliveries", help, deliveries.clone());
        for outcome in [Delivery::Sent, Delivery::Failed, Delivery::Parked] {
            drop(deliveries.get_or_create(&DeliveryLabels { outcome }));
        }
        let (line, http) = (LineMetrics::new(&mut registry), HttpMetrics::new(&mut registry));
        Self { registry, line, http, deliveries }
    }

    /// A message to a webhook was tried.
    pub(crate) fn delivered(&self, outcome: Delivery) {
        self.deliveries.get_or_create(&DeliveryLabels { outcome }).inc();
    }
}
