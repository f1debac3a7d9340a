//! Slots and runs: decide, act, record, publish.
//!
//! The verdict decides (`firstpass_domain`), the device acts (`firstpass_device`), the store records, and whoever
//! subscribes is told. Knows no page, no command line, and not whether a unit is real.

mod after;
mod batch;
mod baud;
mod blocking;
pub mod board;
mod crash;
mod demand;
mod error;
pub mod event;
pub mod floor;
mod gate;
mod job;
mod line;
mod order;
mod outage;
mod presence;
mod pump;
pub mod recipe;
mod reins;
pub mod replay;
mod route;
mod run;
mod secret;
mod slot;
#[cfg(test)]
mod testing;
mod upstream;
mod witness;

use std::{path::PathBuf, sync::Arc};

use firstpass_domain::Timestamp;
use firstpass_gateway::{
    https::{GatewayEvent, Provisioner},
    mqtt::{BrokerEvent, BrokerHandle},
};
use firstpass_store::Store;
use tokio::sync::mpsc;

pub use batch::{Goal, Tally};
pub use crash::{CrashPoint, Edge};
pub use error::{StationError, store_problem};
pub use line::{BatchReport, Line};
pub use order::WorkOrder;
pub use presence::Presence;
pub use run::{RunCounts, RunReport, Slot};

/// The station's clock. Injected, so that tests can turn it.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a line is built from.
pub struct Services {
    /// The record.
    pub store: Arc<dyn Store>,
    /// Issues sessions; shared with the HTTPS endpoint.
    pub provisioner: Arc<Provisioner>,
    /// The line's hand on the broker.
    pub broker: BrokerHandle,
    /// What the broker sees.
    pub broker_events: mpsc::Receiver<BrokerEvent>,
    /// What the provisioning endpoint sees.
    pub gateway_events: mpsc::Receiver<GatewayEvent>,
    /// The station's clock.
    pub clock: Clock,
    /// How this station is set up.
    pub options: Options,
}

/// How a station is set up.
#[derive(Debug, Clone)]
pub struct Options {
    /// Folder for UART logs, one file per run.
    pub uart_dir: PathBuf,
    /// Base URL of this station's provisioning endpoint as units see it, without trailing slash.
    pub provision_url: String,
    /// PEM of the trust anchor that units get.
    pub ca_pem: String,
    /// Where to die, for recovery tests.
    pub crash_at: Option<CrashPoint>,
}
