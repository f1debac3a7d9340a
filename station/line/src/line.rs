//! A station's line: its slots' tasks, its batches, and what it tells those who watch.

use std::sync::Arc;

use firstpass_device::Leases;
use firstpass_domain::{Mac, Run, RunId, SlotId, Timestamp};
use firstpass_gateway::{
    https::{Provisioner, SessionError},
    mqtt::BrokerHandle,
};
use firstpass_store::{BatchId, BatchRecord, Store};
use tokio::{sync::broadcast, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use crate::{
    Clock, Goal, Options, RunCounts, RunReport, Services, Slot, StationError, WorkOrder,
    baud::Speeds,
    event::{EVENTS_MAX, LineEvent, LineEventKind},
    job::Job,
    outage::{close_interrupted, settle},
    pump::{pump_broker, pump_gateway},
    recipe::Recipe,
    reins::Reins,
    route::Router,
    run::Context,
    upstream::Upstream,
};

/// A station's line.
pub struct Line {
    pub(crate) store: Arc<dyn Store>,
    provisioner: Arc<Provisioner>,
    pub(crate) broker: BrokerHandle,
    pub(crate) clock: Clock,
    options: Options,
    router: Arc<Router>,
    pub(crate) leases: Leases,
    speeds: Arc<Speeds>,
    events: broadcast::Sender<LineEvent>,
    _pumps: JoinSet<()>,
}

/// How a batch ended.
#[derive(Debug)]
pub struct BatchReport {
    /// Which batch.
    pub batch: BatchId,
    /// Its runs with a verdict on record, in the order in which they ended on each slot; empty for a batch without an end.
    pub runs: Vec<RunReport>,
    /// How its runs came out.
    pub counts: RunCounts,
    /// What stopped slots for good.
    pub stopped: Vec<StationError>,
    /// Why the line gave the batch up before its goal: it needs a person, and no slot waits for one.
    pub halted: Option<String>,
}

impl Line {
    /// Closes what an earlier life of this station left open, then stands ready.
    pub async fn start(services: Services) -> Result<Self, StationError> {
        let Services { store, provisioner, broker, broker_events, gateway_events, clock, options } = services;
        for run in store.start_station(clock()).await? {
            close_left_open(store.as_ref(), &run, clock()).await?;
        }
        let router = Router::new(Arc::clone(&store));
        let mut pumps = JoinSet::new();
        pumps.spawn(pump_broker(broker_events, Arc::clone(&router)));
        pumps.spawn(pump_gateway(gateway_events, Arc::clone(&router)));
        let (events, _) = broadcast::channel(EVENTS_MAX);
        Ok(Self {
            store,
            provisioner,
            broker,
            clock,
            options,
            router,
            leases: Leases::default(),
            speeds: Arc::default(),
            events,
            _pumps: pumps,
        })
    }

    /// Everything that happens from now on.
    pub fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.events.subscribe()
    }

    /// Works on a batch until its goal or its quantity is reached, it is closed, or `token` is cancelled. Every slot is a
    /// task of its own. While the batch is paused, slots take no further unit; with a goal that has an end, they wait for
    /// a person's or the provisioning service's pause to end, and for no stop of the line.
    pub async fn run_batch(
        &self,
        recipe: Recipe,
        order: &WorkOrder,
        slots: Vec<Slot>,
        goal: Goal,
        token: &CancellationToken,
    ) -> Result<BatchReport, StationError> {
        let job = self.job(recipe, order, goal).await?;
        Ok(work_on(&job, slots, token).await)
    }

    /// Opens the batch of a work order, or finds it, without working on it.
    pub async fn open_order(&self, recipe: &Recipe, order: &WorkOrder) -> Result<BatchRecord, StationError> {
        let now = (self.clock)();
        let plan = &recipe.provision;
        let fits = self.provisioner.check_workspace(plan.workspace_id, &plan.workspace_slug);
        fits.map_err(|error| does_not_fit(recipe, &error))?;
        self.store.use_recipe(&recipe.record(), &recipe.images, now).await?;
        order.open(self.store.as_ref(), recipe.hash, now).await
    }

    /// Repairs the credentials of the unit in `slot`: erases or rewrites its NVS as the recipe's kind of unit needs it,
    /// lets it provision once, and proves that it connects. One run, in a batch of its own that is closed afterwards.
    pub async fn reprovision(
        &self,
        recipe: &Recipe,
        slot: Slot,
        token: &CancellationToken,
    ) -> Result<BatchReport, StationError> {
        let name = format!("reprovision {}", Uuid::now_v7());
        let product = recipe.name.clone();
        let order = WorkOrder::Named { name, product, quantity: None, quota: None };
        self.once(recipe.reprovision(), &order, slot, None, token, "the repair is over").await
    }

    /// Takes the unit in `slot` through the line once, in a batch that is closed afterwards. With `only`, that unit and no
    /// other; when nothing is in the slot for some seconds, there is no run.
    pub(crate) async fn once(
        &self,
        recipe: Recipe,
        order: &WorkOrder,
        slot: Slot,
        only: Option<Mac>,
        token: &CancellationToken,
        reason: &str,
    ) -> Result<BatchReport, StationError> {
        let job = self.job_for(recipe, order, Goal::OncePerSlot, only).await?;
        let mut report = work_on(&job, vec![slot], token).await;
        job.demand.gate.close(reason.to_owned());
        report.stopped.extend(job.settle().await.err());
        Ok(report)
    }

    /// What slots share that work on a batch.
    pub(crate) async fn job(&self, recipe: Recipe, order: &WorkOrder, goal: Goal) -> Result<Arc<Job>, StationError> {
        self.job_for(recipe, order, goal, None).await
    }

    async fn job_for(
        &self,
        recipe: Recipe,
        order: &WorkOrder,
        goal: Goal,
        only: Option<Mac>,
    ) -> Result<Arc<Job>, StationError> {
        let batch = self.open_order(&recipe, order).await?;
        let context = self.context(recipe, batch.id, only);
        Job::begin(context, batch, goal, Upstream::of(&self.provisioner)).await
    }

    /// Finds out what became of a run that was left open, and closes it when it still is.
    pub(crate) async fn settle(&self, run: RunId) -> Result<(), StationError> {
        let cut = |username: &str| {
            self.broker.disconnect(username);
        };
        settle(self.store.as_ref(), run, (self.clock)(), cut).await.map(drop)
    }

    /// Tells those who watch of what happened on a slot.
    pub(crate) fn publish(&self, slot: &SlotId, kind: LineEventKind) {
        // Nobody listening is no error: events are views.
        let _ = self.events.send(LineEvent { at: (self.clock)(), slot: slot.clone(), kind });
    }

    fn context(&self, recipe: Recipe, batch: BatchId, only: Option<Mac>) -> Context {
        Context {
            store: Arc::clone(&self.store),
            recipe: Arc::new(recipe),
            batch,
            only,
            provisioner: Arc::clone(&self.provisioner),
            broker: self.broker.clone(),
            router: Arc::clone(&self.router),
            leases: self.leases.clone(),
            speeds: Arc::clone(&self.speeds),
            clock: Arc::clone(&self.clock),
            events: self.events.clone(),
            options: self.options.clone(),
        }
    }
}

/// Works on slots, each a task of its own, until the job wants no more of any.
async fn work_on(job: &Arc<Job>, slots: Vec<Slot>, token: &CancellationToken) -> BatchReport {
    let mut tasks = JoinSet::new();
    for slot in slots {
        let span = info_span!("slot", slot = %slot.id);
        tasks.spawn(job.worker(slot, Reins::of(token)).work().instrument(span));
    }
    let (batch, counts) = (job.context.batch, RunCounts::default());
    let mut report = BatchReport { batch, runs: Vec::new(), counts, stopped: Vec::new(), halted: None };
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(worked) => {
                report.runs.extend(worked.runs);
                report.counts.add(worked.counts);
                report.stopped.extend(worked.stopped);
            }
            // The other slots go on; this one's run is closed at the next start.
            Err(_) => report.stopped.push(StationError::Panicked { operation: "a slot" }),
        }
    }
    report.halted = job.demand.halted();
    report.stopped.extend(job.settle().await.err());
    report
}

/// Sessions of the recipe's workspace would be too long for a unit's buffers, which is known before one is flashed.
fn does_not_fit(recipe: &Recipe, error: &SessionError) -> StationError {
    let why = error.problem().why;
    StationError::Batch { batch: recipe.name.clone(), why: why.trim_end_matches('.').to_owned() }
}

/// Closes a run that was open when its station died.
async fn close_left_open(store: &dyn Store, run: &Run, now: Timestamp) -> Result<(), StationError> {
    let detail = store.run(run.id).await?.ok_or(StationError::RecordDisagrees { run: run.id })?;
    // Nobody is connected yet; what ended needs no cutting.
    close_interrupted(store, &detail, now).await.map(drop)
}
