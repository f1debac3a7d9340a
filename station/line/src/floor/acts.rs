//! Start, stop and retry: what people tell slots about batches.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use firstpass_domain::SlotId;
use firstpass_store::{Act, BatchId, BatchRecord, BatchState, StoreError};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info_span, warn};

use super::{
    FloorError, Stop,
    line_floor::Inner,
    posts::{PostState, Work},
    refusal,
};
use crate::{
    Goal, Slot, StationError, WorkOrder, blocking::blocking, event::LineEventKind, job::Job, recipe::Recipe,
    reins::Reins, slot::Worked,
};

/// Who the record says has done it when the station itself goes on.
const LINE: &str = "line";

impl Inner {
    /// Sets slots to work, all or none. Without an act the record knows it already.
    pub(super) async fn start(
        self: &Arc<Self>,
        batch: BatchId,
        slots: &[SlotId],
        act: Option<&Act>,
    ) -> Result<(), FloorError> {
        let record = self.batch(batch).await?;
        if record.state == BatchState::Closed {
            return Err(refusal::closed(&record.batch.name, record.reason.as_deref()));
        }
        // Before the desk is taken: reading images takes its time.
        let recipe = self.recipe_of(&record).await?;
        let mut jobs = self.desk.lock().await;
        let starting = self.startable(batch, slots)?;
        if starting.is_empty() {
            return Ok(());
        }
        for slot in &starting {
            self.close_left_open(&slot.id).await?;
        }
        let job = self.job(&mut jobs, batch, &recipe).await?;
        if let Some(act) = act {
            let names: Vec<SlotId> = starting.iter().map(|slot| slot.id.clone()).collect();
            self.line.store.start_slots(batch, &names, act, (self.line.clock)()).await.map_err(not_started)?;
        }
        let by = act.map_or(LINE, |act| act.actor.as_str());
        starting.into_iter().for_each(|slot| self.work(slot, Arc::clone(&job), &record.batch.name, by));
        Ok(())
    }

    pub(super) async fn batch(&self, batch: BatchId) -> Result<BatchRecord, FloorError> {
        let found = self.line.store.batch(batch).await.map_err(StationError::from)?;
        found.ok_or_else(|| refusal::no_batch(batch))
    }

    pub(super) async fn recipe_of(&self, batch: &BatchRecord) -> Result<Arc<Recipe>, FloorError> {
        let (shelf, hash) = (Arc::clone(&self.shelf), batch.batch.recipe);
        let found = blocking("reading the recipes", move || shelf.by_hash(hash)).await.map_err(StationError::from)?;
        found.ok_or_else(|| refusal::not_on_shelf(&batch.batch.name, self.shelf.folder()))
    }

    /// Those of `slots` that are to be started; those that work on the batch already go on.
    fn startable(&self, batch: BatchId, slots: &[SlotId]) -> Result<Vec<Slot>, FloorError> {
        let mut starting: Vec<Slot> = Vec::new();
        for slot in slots {
            let at_work = self.posts.with(slot, |post| post.work().cloned())?;
            match at_work {
                Some(work) if work.batch != batch => {
                    return Err(refusal::on_other_batch(slot, &work.name));
                }
                Some(work) if work.reins.standing().stopping => return Err(refusal::stopping(slot)),
                Some(_) => {}
                None if starting.iter().any(|other| other.id == *slot) => {}
                None => starting.push(self.posts.idle(slot)?),
            }
        }
        Ok(starting)
    }

    /// What the slots of a batch share: as long as one of them works on it, the same.
    async fn job(
        &self,
        jobs: &mut HashMap<BatchId, Weak<Job>>,
        batch: BatchId,
        recipe: &Recipe,
    ) -> Result<Arc<Job>, StationError> {
        jobs.retain(|_, job| job.strong_count() > 0);
        if let Some(job) = jobs.get(&batch).and_then(Weak::upgrade) {
            return Ok(job);
        }
        let job = self.line.job(recipe.clone(), &WorkOrder::Existing(batch), Goal::Endless).await?;
        jobs.insert(batch, Arc::downgrade(&job));
        Ok(job)
    }

    /// Closes a run that an earlier worker could not close, because the record was away.
    pub(super) async fn close_left_open(&self, slot: &SlotId) -> Result<(), FloorError> {
        let Some(run) = self.posts.with(slot, |post| post.left_open)? else { return Ok(()) };
        self.line.settle(run).await?;
        self.posts.with(slot, |post| post.left_open = None)
    }

    /// Lets a slot work, and notes when it has ended.
    fn work(self: &Arc<Self>, slot: Slot, job: Arc<Job>, name: &str, by: &str) {
        let (id, batch, reins) = (slot.id.clone(), job.context.batch, Reins::of(&self.token));
        let ended = CancellationToken::new();
        let work = Work { batch, name: name.to_owned(), reins: Arc::clone(&reins), ended, stopped: None };
        // It was found to be there, and slots do not go.
        let _ = self.posts.with(&id, |post| post.state = PostState::Working(work));
        self.line.publish(&id, LineEventKind::SlotStarted { batch: name.to_owned(), by: by.to_owned() });
        let worker = job.worker(slot, reins).work().instrument(info_span!("slot", slot = %id));
        let floor = Arc::clone(self);
        self.tasks.spawn(async move {
            let worked = tokio::spawn(worker).await;
            if let Err(error) = job.settle().await {
                error!(error = &error as &dyn std::error::Error, "what was decided about the batch is not on record");
            }
            drop(job);
            floor.note_end(&id, worked);
        });
    }

    fn note_end(&self, slot: &SlotId, worked: Result<Worked, JoinError>) {
        match worked {
            Ok(worked) => {
                let mut report = self.report();
                report.counts.add(worked.counts);
                report.stopped.extend(worked.stopped.filter(|_| self.token.is_cancelled()));
            }
            Err(_) => {
                let problem = StationError::Panicked { operation: "a slot" }.problem();
                self.line.publish(slot, LineEventKind::SlotStopped { problem });
            }
        }
        let ended = self.posts.with(slot, |post| {
            let work = post.work().cloned()?;
            post.left_open = work.reins.standing().in_work;
            post.state = PostState::Idle;
            Some(work)
        });
        let Ok(Some(work)) = ended else { return };
        // A station that ends says so otherwise, and goes on with the slot at its next start.
        if !self.token.is_cancelled() {
            let (by, at_once) = work.stopped.map_or((None, false), |(by, at_once)| (Some(by), at_once));
            self.line.publish(slot, LineEventKind::SlotEnded { by, at_once });
        }
        work.ended.cancel();
    }

    pub(super) async fn stop(&self, slot: &SlotId, how: Stop, act: &Act) -> Result<(), FloorError> {
        let desk = self.desk.lock().await;
        let (work, busy) = self.posts.with(slot, |post| match &post.state {
            PostState::Idle => (None, None),
            PostState::Busy(busy) => (None, Some(busy.clone())),
            PostState::Working(work) => (Some(work.clone()), None),
        })?;
        if work.is_none() && busy.is_none() {
            return Ok(());
        }
        let at_once = how == Stop::Now;
        let store = &self.line.store;
        store.stop_slot(slot, at_once, act, (self.line.clock)()).await.map_err(StationError::from)?;
        if let Some(busy) = busy {
            drop(desk);
            busy.token.cancel();
            busy.ended.cancelled().await;
            return Ok(());
        }
        let Some(work) = work else { return Ok(()) };
        self.posts.with(slot, |post| {
            if let PostState::Working(work) = &mut post.state {
                work.stopped = Some((act.actor.clone(), at_once));
            }
        })?;
        match how {
            Stop::AfterUnit => {
                work.reins.after_unit.cancel();
                if work.reins.standing().in_work.is_some() {
                    self.line.publish(slot, LineEventKind::SlotStopping { by: act.actor.clone() });
                }
            }
            Stop::Now => {
                work.reins.now.cancel();
                // Whoever tells another slot something need not wait for this one's hardware.
                drop(desk);
                work.ended.cancelled().await;
            }
        }
        Ok(())
    }

    pub(super) async fn retry(&self, slot: &SlotId, act: &Act) -> Result<(), FloorError> {
        let _desk = self.desk.lock().await;
        let work = self.posts.with(slot, |post| post.work().cloned())?;
        let work = work.ok_or_else(|| refusal::idle(slot))?;
        let mac = work.waits_with(slot)?;
        let store = &self.line.store;
        store.note_retry(slot, mac, act, (self.line.clock)()).await.map_err(StationError::from)?;
        // Meanwhile the unit may have been taken out.
        if work.reins.go_on() { Ok(()) } else { Err(refusal::nothing_to_retry(slot)) }
    }

    /// Goes on where the slots were when the station ended; those that nobody was told of work on `otherwise`.
    pub(super) async fn resume(self: &Arc<Self>, otherwise: Option<BatchId>) -> Result<(), StationError> {
        let plans = self.line.store.slot_plans().await?;
        let slots: Vec<SlotId> = self.posts.lock().iter().map(|post| post.slot.id.clone()).collect();
        let mut by_batch: HashMap<BatchId, Vec<SlotId>> = HashMap::new();
        for slot in slots {
            let plan = plans.iter().find(|plan| plan.slot == slot);
            let told = plan.filter(|plan| plan.batch.is_some() || plan.stopped);
            let batch = told.map_or(otherwise, |plan| plan.batch);
            match (batch, self.posts.idle(&slot)) {
                (None, _) => self.line.publish(&slot, LineEventKind::SlotEnded { by: None, at_once: false }),
                (Some(batch), Ok(_)) => by_batch.entry(batch).or_default().push(slot),
                (Some(_), Err(error)) => self.tell_not_resumed(&slot, &error),
            }
        }
        for (batch, slots) in by_batch {
            if let Err(error) = self.start(batch, &slots, None).await {
                slots.iter().for_each(|slot| self.tell_not_resumed(slot, &error));
            }
        }
        Ok(())
    }

    fn tell_not_resumed(&self, slot: &SlotId, error: &FloorError) {
        warn!(%slot, error = error as &dyn std::error::Error, "the slot does not go on with what it worked on");
        self.line.publish(slot, LineEventKind::SlotEnded { by: None, at_once: false });
        let problem = match error {
            // It was closed meanwhile: nothing to tell of.
            FloorError::Refused(problem) if problem.code == "batch_closed" => return,
            FloorError::Refused(problem) => problem.clone(),
            FloorError::Station(error) => error.problem(),
            FloorError::NoSuchSlot(_) => return,
        };
        self.line.publish(slot, LineEventKind::SlotStopped { problem });
    }
}

/// The batch may have been closed in this moment.
fn not_started(error: StoreError) -> FloorError {
    match error {
        StoreError::BatchNotOpen { batch, reason, .. } => refusal::closed(&batch, reason.as_deref()),
        other => StationError::from(other).into(),
    }
}
