//! Slots and runs: decide, act, record, publish.
//!
//! The verdict decides (`firstpass_domain`), the device acts (`firstpass_device`), the store records, and whoever
//! subscribes is told. Knows no page, no command line, and not whether a unit is real.

mod batch;
mod blocking;
pub mod board;
mod crash;
mod error;
pub mod event;
mod presence;
pub mod recipe;
mod route;
mod run;
mod secret;
mod slot;
mod witness;

use std::{path::PathBuf, sync::Arc};

use firstpass_device::Leases;
use firstpass_domain::{Evidence, Fact, Run, Step, Timestamp, Verdict, judge};
use firstpass_gateway::{
    https::{GatewayEvent, Provisioner},
    mqtt::{BrokerEvent, BrokerHandle},
};
use firstpass_store::{BatchId, BatchState, NewBatch, RunEnd, Store};
use tokio::{
    sync::{broadcast, mpsc},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span, warn};

use batch::BatchCounter;
pub use batch::{Goal, Tally};
pub use crash::{CrashPoint, Edge};
pub use error::{StationError, store_problem};
use event::{EVENTS_MAX, LineEvent};
pub use presence::Presence;
use recipe::Recipe;
use route::{Router, Witnessed};
pub use run::{RunReport, Slot};

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

/// A station's line.
pub struct Line {
    store: Arc<dyn Store>,
    provisioner: Arc<Provisioner>,
    broker: BrokerHandle,
    clock: Clock,
    options: Options,
    router: Arc<Router>,
    leases: Leases,
    events: broadcast::Sender<LineEvent>,
    _pumps: JoinSet<()>,
}

/// How a batch ended.
#[derive(Debug)]
pub struct BatchReport {
    /// Its runs with a verdict on record, in the order in which they ended.
    pub runs: Vec<RunReport>,
    /// What stopped slots without being a unit's fault.
    pub stopped: Vec<StationError>,
}

impl Line {
    /// Closes what an earlier life of this station left open, then stands ready.
    pub async fn start(services: Services) -> Result<Self, StationError> {
        let Services { store, provisioner, broker, broker_events, gateway_events, clock, options } = services;
        for run in store.start_station(clock()).await? {
            close_interrupted(store.as_ref(), &run, clock()).await?;
        }
        let router = Router::new(Arc::clone(&store));
        let mut pumps = JoinSet::new();
        pumps.spawn(pump_broker(broker_events, Arc::clone(&router)));
        pumps.spawn(pump_gateway(gateway_events, Arc::clone(&router)));
        let (events, _) = broadcast::channel(EVENTS_MAX);
        let leases = Leases::default();
        Ok(Self { store, provisioner, broker, clock, options, router, leases, events, _pumps: pumps })
    }

    /// Everything that happens from now on.
    pub fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.events.subscribe()
    }

    /// Works on a batch until its goal is reached or `token` is cancelled. Every slot is a task of its own.
    pub async fn run_batch(
        &self,
        recipe: Recipe,
        batch: &str,
        quota: Option<u32>,
        slots: Vec<Slot>,
        goal: Goal,
        token: &CancellationToken,
    ) -> Result<BatchReport, StationError> {
        let context = Arc::new(self.open_batch(recipe, batch, quota).await?);
        let counter = Arc::new(BatchCounter::new(goal));
        let mut tasks = JoinSet::new();
        for slot in slots {
            let span = info_span!("slot", slot = %slot.id);
            let work = slot::work(Arc::clone(&context), slot, Arc::clone(&counter), token.clone());
            tasks.spawn(work.instrument(span));
        }
        let mut report = BatchReport { runs: Vec::new(), stopped: Vec::new() };
        while let Some(ended) = tasks.join_next().await {
            match ended {
                Ok((runs, stopped)) => {
                    report.runs.extend(runs);
                    report.stopped.extend(stopped);
                }
                // The other slots go on; this one's run is closed at the next start.
                Err(_) => report.stopped.push(StationError::Panicked { operation: "a slot" }),
            }
        }
        Ok(report)
    }

    async fn open_batch(&self, recipe: Recipe, name: &str, quota: Option<u32>) -> Result<run::Context, StationError> {
        let now = (self.clock)();
        self.store.use_recipe(&recipe.record(), &recipe.images, now).await?;
        let batch: BatchId = match self.store.batch_by_name(name).await? {
            Some(batch) if batch.state != BatchState::Closed => batch.id,
            Some(_) | None => {
                let (name, product) = (name.to_owned(), String::new());
                let new_batch = NewBatch { name, product, recipe: recipe.hash, quantity: None, quota };
                self.store.open_batch(&new_batch, now).await?
            }
        };
        Ok(run::Context {
            store: Arc::clone(&self.store),
            recipe: Arc::new(recipe),
            batch,
            provisioner: Arc::clone(&self.provisioner),
            broker: self.broker.clone(),
            router: Arc::clone(&self.router),
            leases: self.leases.clone(),
            clock: Arc::clone(&self.clock),
            events: self.events.clone(),
            options: self.options.clone(),
        })
    }
}

/// Gives a run that was open when its station died a reason: never a pass, whatever its evidence says.
async fn close_interrupted(store: &dyn Store, run: &Run, now: Timestamp) -> Result<(), StationError> {
    let Some(detail) = store.run(run.id).await? else {
        return Err(StationError::RecordDisagrees { run: run.id });
    };
    let step = detail.steps.last().map_or(Step::Identify, |last| last.step);
    let interrupted = Evidence { at: now, fact: Fact::Interrupted { step, cancelled: false } };
    let mut evidence = detail.evidence;
    evidence.push(interrupted.clone());
    let Verdict::Fail(diagnosis) = judge(&detail.policy, &evidence) else {
        return Err(StationError::RecordDisagrees { run: run.id });
    };
    warn!(run = %run.id, slot = %run.slot, unit = ?run.mac, code = diagnosis.code.name(), "closed a run left open");
    store.finish_run(run.id, &RunEnd::Failed(diagnosis), &[interrupted], now).await?;
    Ok(())
}

async fn pump_broker(mut events: mpsc::Receiver<BrokerEvent>, router: Arc<Router>) {
    while let Some(event) = events.recv().await {
        router.deliver_broker(&event).await;
    }
}

async fn pump_gateway(mut events: mpsc::Receiver<GatewayEvent>, router: Arc<Router>) {
    while let Some(event) = events.recv().await {
        match event {
            GatewayEvent::Provisioned { run, evidence } => {
                router.deliver(run, Witnessed { evidence, recorded: true });
            }
            GatewayEvent::ProvisionRefused { run: Some(run), evidence, .. } => {
                router.deliver(run, Witnessed { evidence, recorded: true });
            }
            GatewayEvent::ProvisionRefused { run: None, .. } | GatewayEvent::HandshakeFailed { .. } => {}
            GatewayEvent::UpstreamFailed { run, evidence } => {
                router.deliver(run, Witnessed { evidence, recorded: true });
            }
            GatewayEvent::FirmwareServed { run, evidence } => {
                router.deliver(run, Witnessed { evidence, recorded: false });
            }
        }
    }
}
