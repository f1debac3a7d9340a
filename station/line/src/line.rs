//! A station's line: its slots' tasks, its batches, and what it tells those who watch.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use firstpass_device::Leases;
use firstpass_domain::{Run, SlotId, Timestamp};
use firstpass_gateway::{https::Provisioner, mqtt::BrokerHandle};
use firstpass_store::{BatchId, BatchRecord, Store};
use tokio::{
    sync::{Notify, broadcast},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use crate::{
    Clock, Goal, Options, RunReport, Services, Slot, StationError, WorkOrder,
    baud::Speeds,
    demand::Demand,
    event::{EVENTS_MAX, LineEvent},
    outage::close_interrupted,
    pump::{pump_broker, pump_gateway},
    recipe::Recipe,
    route::Router,
    run::Context,
    slot::Worker,
    upstream::Upstream,
};

/// A station's line.
pub struct Line {
    store: Arc<dyn Store>,
    provisioner: Arc<Provisioner>,
    broker: BrokerHandle,
    clock: Clock,
    options: Options,
    router: Arc<Router>,
    leases: Leases,
    speeds: Arc<Speeds>,
    events: broadcast::Sender<LineEvent>,
    /// Wakes a slot that was stopped and waits for a person.
    resumes: Mutex<BTreeMap<SlotId, Arc<Notify>>>,
    _pumps: JoinSet<()>,
}

/// How a batch ended.
#[derive(Debug)]
pub struct BatchReport {
    /// Which batch.
    pub batch: BatchId,
    /// Its runs with a verdict on record, in the order in which they ended on each slot.
    pub runs: Vec<RunReport>,
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
            resumes: Mutex::default(),
            _pumps: pumps,
        })
    }

    /// Everything that happens from now on.
    pub fn events(&self) -> broadcast::Receiver<LineEvent> {
        self.events.subscribe()
    }

    /// Lets a slot go on that was stopped in a batch without an end; whether there is such a slot.
    pub fn resume_slot(&self, slot: &SlotId) -> bool {
        let resumes = self.resumes.lock().unwrap_or_else(PoisonError::into_inner);
        let resume = resumes.get(slot);
        // Not lost either when the slot is about to stop.
        resume.into_iter().for_each(|resume| resume.notify_one());
        resume.is_some()
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
        let (context, demand) = self.open(recipe, order, goal).await?;
        Ok(self.work_on(context, demand, slots, token).await)
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
        let (context, demand) = self.open(recipe.reprovision(), &order, Goal::OncePerSlot).await?;
        let mut report = self.work_on(context, Arc::clone(&demand), vec![slot], token).await;
        demand.gate.close("the repair is over".to_owned());
        report.stopped.extend(demand.gate.settle().await.err().map(StationError::from));
        Ok(report)
    }

    async fn work_on(
        &self,
        context: Arc<Context>,
        demand: Arc<Demand>,
        slots: Vec<Slot>,
        token: &CancellationToken,
    ) -> BatchReport {
        let upstream = Upstream::of(&self.provisioner);
        // Dropped, and with it ended, when the slots are done.
        let mut keeper = JoinSet::new();
        keeper.spawn({
            let demand = Arc::clone(&demand);
            async move { demand.keep(upstream).await }
        });
        let mut tasks = JoinSet::new();
        for slot in slots {
            let span = info_span!("slot", slot = %slot.id);
            let resumed = self.resume_of(&slot.id);
            let worker = Worker::new(Arc::clone(&context), slot, Arc::clone(&demand), resumed, token.clone());
            tasks.spawn(worker.work().instrument(span));
        }
        let mut report = BatchReport { batch: context.batch, runs: Vec::new(), stopped: Vec::new(), halted: None };
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
        keeper.shutdown().await;
        report.halted = demand.halted();
        report.stopped.extend(demand.gate.settle().await.err().map(StationError::from));
        report
    }

    fn resume_of(&self, slot: &SlotId) -> Arc<Notify> {
        let mut resumes = self.resumes.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(resumes.entry(slot.clone()).or_default())
    }

    async fn open(
        &self,
        recipe: Recipe,
        order: &WorkOrder,
        goal: Goal,
    ) -> Result<(Arc<Context>, Arc<Demand>), StationError> {
        let now = (self.clock)();
        self.store.use_recipe(&recipe.record(), &recipe.images, now).await?;
        let batch: BatchRecord = order.open(self.store.as_ref(), recipe.hash, now).await?;
        let context = self.context(recipe, batch.id);
        let demand = Demand::new(Arc::clone(&self.store), Arc::clone(&self.clock), batch, goal);
        demand.count().await?;
        Ok((Arc::new(context), Arc::new(demand)))
    }

    fn context(&self, recipe: Recipe, batch: BatchId) -> Context {
        Context {
            store: Arc::clone(&self.store),
            recipe: Arc::new(recipe),
            batch,
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

/// Closes a run that was open when its station died.
async fn close_left_open(store: &dyn Store, run: &Run, now: Timestamp) -> Result<(), StationError> {
    let detail = store.run(run.id).await?.ok_or(StationError::RecordDisagrees { run: run.id })?;
    // Nobody is connected yet; what ended needs no cutting.
    close_interrupted(store, &detail, now).await.map(drop)
}
