//! A slot: takes a unit that appears, works on it, and waits until it goes away. What stops one slot stops no other.

use std::sync::Arc;

use firstpass_domain::{DiagnosisCode, Mac, RunId};
use firstpass_store::StoreError;
use tokio_util::sync::CancellationToken;
use tracing::error;
use uuid::Uuid;

use crate::{
    Goal, RunCounts, RunReport, Slot, StationError,
    after::{After, after_failure},
    batch::Place,
    demand::Demand,
    event::{LineEvent, LineEventKind},
    gate::Standing,
    outage,
    presence::{stays, wait_for_same, wait_for_unit, wait_until_gone, wait_until_usable},
    reins::Reins,
    run::{Context, Driver},
};

/// Works on one slot.
pub(crate) struct Worker {
    context: Arc<Context>,
    slot: Slot,
    demand: Arc<Demand>,
    reins: Arc<Reins>,
    counts: RunCounts,
    /// The runs with a verdict, unless the batch has no end.
    reports: Vec<RunReport>,
    /// Outages in a row, without a verdict between them.
    outages: u32,
    /// Stops in a row that seemed to be over by themselves, without a unit that was worked on between them.
    returns: u32,
}

/// What became of a slot's work.
#[derive(Debug)]
pub(crate) struct Worked {
    /// Its runs with a verdict on record, in order; empty for a batch without an end, which may have any number.
    pub(crate) runs: Vec<RunReport>,
    /// How they came out.
    pub(crate) counts: RunCounts,
    /// What stopped it for good.
    pub(crate) stopped: Option<StationError>,
}

/// What a slot does after it has worked.
enum Next {
    /// Waits until this unit has left; one that has failed may be told to run again.
    Leave { mac: Option<Mac>, failed: bool },
    /// Looks at the slot again: no verdict came of the unit.
    Again,
}

/// How the wait for a unit's leaving ended.
enum Left {
    /// There is room for the next one, or a person wants the same again.
    Free,
    /// The slot is no longer needed.
    Over,
}

impl Worker {
    pub(crate) fn new(context: Arc<Context>, slot: Slot, demand: Arc<Demand>, reins: Arc<Reins>) -> Self {
        let (counts, reports) = (RunCounts::default(), Vec::new());
        Self { context, slot, demand, reins, counts, reports, outages: 0, returns: 0 }
    }

    /// Works until the batch wants no more, the reins are pulled, or the slot is stopped; in a batch without an end, a
    /// slot that was stopped waits for a person to let it go on, or until its port can be used again.
    pub(crate) async fn work(mut self) -> Worked {
        loop {
            let Err(stop) = self.work_until_stopped().await else { return self.end(None) };
            // An outage was told when it began.
            if !stop.is_outage() {
                error!(error = &stop as &dyn std::error::Error, "slot stopped");
                self.publish(LineEventKind::SlotStopped { problem: stop.problem() });
            }
            if !self.is_resumed(&stop).await {
                return self.end(Some(stop));
            }
            self.publish(LineEventKind::SlotResumed);
        }
    }

    fn end(self, stopped: Option<StationError>) -> Worked {
        Worked { runs: self.reports, counts: self.counts, stopped }
    }

    async fn is_resumed(&mut self, stop: &StationError) -> bool {
        if self.demand.counter.goal() != Goal::Endless {
            return false;
        }
        let (mut waiting, token) = (self.reins.wait(None), &self.reins.after_unit);
        tokio::select! {
            () = token.cancelled() => false,
            () = waiting.go() => true,
            () = wait_until_usable(&self.slot, &self.context.leases, self.returns, token), if stop.is_of_port() => {
                self.returns = self.returns.saturating_add(1);
                true
            }
        }
    }

    async fn work_until_stopped(&mut self) -> Result<(), StationError> {
        let demand = Arc::clone(&self.demand);
        loop {
            self.publish(LineEventKind::Waiting);
            let Some(place) = self.next_unit(&demand).await else {
                if let Standing::Closed { reason } = demand.gate.standing() {
                    self.publish(LineEventKind::BatchClosed { reason });
                }
                return Ok(());
            };
            if self.reins.after_unit.is_cancelled() {
                return Ok(());
            }
            let Next::Leave { mac, failed } = self.unit(&demand, place).await? else { continue };
            if demand.counter.goal() == Goal::OncePerSlot {
                return Ok(());
            }
            match self.leaves(&demand, mac, failed).await {
                Left::Free => {}
                Left::Over => return Ok(()),
            }
        }
    }

    /// Waits until the unit has left, or, when it has failed, until a person wants it to run again where it is.
    async fn leaves(&self, demand: &Demand, mac: Option<Mac>, failed: bool) -> Left {
        let mut waiting = failed.then(|| self.reins.wait(mac));
        let again = async {
            match &mut waiting {
                Some(waiting) => waiting.go().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            gone = wait_until_gone(&self.slot, mac, &self.context.leases, demand, &self.reins.after_unit) => {
                if gone { Left::Free } else { Left::Over }
            }
            () = again => Left::Free,
        }
    }

    /// Waits until a unit is there and the batch has room for it; `None` when the slot is no longer needed.
    async fn next_unit<'a>(&self, demand: &'a Demand) -> Option<Place<'a>> {
        let (mut count_changes, mut standing) = (demand.counter.changes(), demand.gate.watch());
        let mut told = None;
        loop {
            let token = &self.reins.after_unit;
            if !self.gate_opens().await || !self.unit_comes(demand, token).await {
                return None;
            }
            if demand.gate.standing() != Standing::Open {
                continue;
            }
            if let Some(place) = demand.counter.try_begin() {
                return Some(place);
            }
            self.tell_held(&mut told).await;
            tokio::select! {
                () = self.reins.after_unit.cancelled() => return None,
                () = count_changes.next() => {}
                changed = standing.changed() => if changed.is_err() { return None },
            }
        }
    }

    /// Waits for a unit; not for long when it is to be one that was there already.
    async fn unit_comes(&self, demand: &Demand, token: &CancellationToken) -> bool {
        let leases = &self.context.leases;
        match self.context.only {
            None => wait_for_unit(&self.slot, leases, demand, token).await,
            Some(_) => wait_for_same(&self.slot, leases, demand, token).await,
        }
    }

    /// Says what a full order waits for, when that is a person; a batch with an end does not wait for one.
    async fn tell_held(&self, told: &mut Option<String>) {
        let held = self.demand.held().await;
        if held == *told {
            return;
        }
        match &held {
            Some(reason) => {
                self.publish(LineEventKind::Paused { reason: reason.clone() });
                self.demand.halt(reason.clone());
            }
            None => self.publish(LineEventKind::Waiting),
        }
        *told = held;
    }

    /// Waits while the batch is paused, and says so; `false` when the slot is no longer needed.
    async fn gate_opens(&self) -> bool {
        let (mut standing, mut counts) = (self.demand.gate.watch(), self.demand.counter.changes());
        let mut told = None;
        loop {
            let now = standing.borrow_and_update().clone();
            match now {
                _ if self.demand.is_over() => return false,
                Standing::Open => break,
                Standing::Closed { .. } => return false,
                Standing::Paused { reason } => {
                    if told.as_ref() != Some(&reason) {
                        self.publish(LineEventKind::Paused { reason: reason.clone() });
                    }
                    told = Some(reason);
                }
            }
            tokio::select! {
                () = self.reins.after_unit.cancelled() => return false,
                changed = standing.changed() => if changed.is_err() { return false },
                () = counts.next() => {}
            }
        }
        if told.is_some() {
            self.publish(LineEventKind::Waiting);
        }
        true
    }

    /// Takes the unit in the slot through the line, and again where the recipe's rule for retries says so.
    async fn unit(&mut self, demand: &Demand, mut place: Place<'_>) -> Result<Next, StationError> {
        let (mut retries, mut mac) = (0, None);
        let mut tried_before = false;
        loop {
            let Some(report) = self.run_to_verdict(RunId(Uuid::now_v7())).await? else { return Ok(Next::Again) };
            place.end(report.passed);
            self.outages = 0;
            let is_other = report.mac.is_some() && mac.is_some() && report.mac != mac;
            if is_other {
                // Somebody has put another unit in; the tries were the first one's, which has failed.
                retries = 0;
            }
            self.keep(&report, tried_before && !is_other);
            mac = report.mac.or(mac);
            let Some(code) = report.code() else {
                self.returns = 0;
                demand.count_pass().await;
                return Ok(Next::Leave { mac, failed: false });
            };
            let after = after_failure(&self.context.recipe.policy, code, retries);
            if after != After::StopSlot {
                self.returns = 0;
            }
            match after {
                After::NextUnit => return Ok(Next::Leave { mac, failed: true }),
                After::StopLine => return Ok(self.stop_line(code, &report)),
                After::StopSlot => return self.stop_slot(report),
                After::Retry { retry, max } => {
                    let Some(next) = self.place_for_retry(demand).await else {
                        return Ok(Next::Leave { mac, failed: true });
                    };
                    (place, retries, tried_before) = (next, retry, true);
                    self.tell_retry(&report, retry, max);
                }
            }
        }
    }

    /// Counts a run; one that the rule for retries let follow another of its unit takes the place of that.
    fn keep(&mut self, report: &RunReport, takes_place: bool) {
        if takes_place {
            self.counts.retry();
        }
        self.counts.count(report.passed);
        // A batch without an end may have any number of runs; the record has them all.
        if self.demand.counter.goal() == Goal::Endless {
            return;
        }
        if let Some(before) = self.reports.last_mut().filter(|_| takes_place) {
            before.retried = true;
        }
        self.reports.push(report.clone());
    }

    /// A place for the same unit, when it is still there and the batch still wants units.
    async fn place_for_retry<'a>(&self, demand: &'a Demand) -> Option<Place<'a>> {
        // A person who stops the batch wants no retry either, whatever the rule says of a cancelled run.
        let token = &self.reins.after_unit;
        let goes_on = !token.is_cancelled()
            && demand.gate.standing() == Standing::Open
            && stays(&self.slot, &self.context.leases, token).await;
        if goes_on { demand.counter.try_begin() } else { None }
    }

    fn tell_retry(&self, report: &RunReport, retry: u32, max: u32) {
        let code = report.code().map(DiagnosisCode::name).unwrap_or_default().to_owned();
        self.publish(LineEventKind::Retrying { run: report.run, retry, max, code });
    }

    fn stop_line(&self, code: DiagnosisCode, report: &RunReport) -> Next {
        let what = report.problem.as_ref().map(|problem| problem.what.clone()).unwrap_or_default();
        let why = format!("{} on slot {}: {what}", code.name(), self.slot.id);
        match code {
            DiagnosisCode::UpstreamAway => self.demand.gate.pause_for_upstream(&why),
            _ => self.demand.stop(why),
        }
        Next::Leave { mac: report.mac, failed: true }
    }

    fn stop_slot(&self, report: RunReport) -> Result<Next, StationError> {
        match (self.demand.counter.goal(), report.problem) {
            // The slot is done in any case, and the failure says why.
            (Goal::OncePerSlot, _) | (_, None) => Ok(Next::Leave { mac: report.mac, failed: true }),
            (Goal::Passes(_) | Goal::Endless, Some(problem)) => Err(StationError::NeedsPerson { problem }),
        }
    }

    /// One run until there is a verdict on record; `None` when an outage cut it, or the batch took no unit any more. With
    /// an error, the run may be open on record still: the reins name it.
    async fn run_to_verdict(&mut self, run: RunId) -> Result<Option<RunReport>, StationError> {
        self.reins.begins(run);
        let ended = self.drive(run).await;
        if ended.is_ok() {
            self.reins.ended();
        }
        ended
    }

    async fn drive(&mut self, run: RunId) -> Result<Option<RunReport>, StationError> {
        let token = self.reins.now.clone();
        let driven = match Driver::begin(Arc::clone(&self.context), self.slot.clone(), run, token).await {
            Ok(driver) => driver.drive().await,
            // The batch was paused or closed in this moment.
            Err(StationError::Store(StoreError::BatchNotOpen { .. })) => match self.demand.gate.refresh(false).await {
                Ok(()) => return Ok(None),
                Err(error) => Err(error.into()),
            },
            Err(error) => Err(error),
        };
        let failed = match driven {
            Ok(report) => return Ok(Some(report)),
            Err(failed) => failed,
        };
        error!(error = &failed as &dyn std::error::Error, %run, "the station itself failed in a run");
        if failed.is_outage() {
            return self.recover(run, failed).await;
        }
        // Its unit is not to go on with credentials that nobody answers for.
        match self.settle(run).await {
            Ok(_) => self.reins.ended(),
            Err(error) => {
                error!(error = &error as &dyn std::error::Error, %run, "could not close the run; the next start will");
            }
        }
        Err(failed)
    }

    /// Waits until the record is back, settles the run that was cut, and says so.
    async fn recover(&mut self, run: RunId, failed: StationError) -> Result<Option<RunReport>, StationError> {
        self.outages = self.outages.saturating_add(1);
        self.publish(LineEventKind::SlotStopped { problem: failed.problem() });
        loop {
            if !outage::wait_until_over(&self.context, self.outages, &self.reins.now).await {
                return Err(failed);
            }
            match self.settle(run).await {
                Ok(ended) => {
                    self.publish(LineEventKind::SlotResumed);
                    ended.iter().filter_map(RunReport::event).for_each(|event| self.publish(event));
                    return Ok(ended);
                }
                Err(error) if error.is_outage() => {
                    error!(error = &error as &dyn std::error::Error, %run, "the record is away again");
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn settle(&self, run: RunId) -> Result<Option<RunReport>, StationError> {
        let Context { store, clock, broker, .. } = &*self.context;
        outage::settle(store.as_ref(), run, clock(), |username| {
            broker.disconnect(username);
        })
        .await
    }

    fn publish(&self, kind: LineEventKind) {
        let event = LineEvent { at: (self.context.clock)(), slot: self.slot.id.clone(), kind };
        // Nobody listening is no error: events are views.
        let _ = self.context.events.send(event);
    }
}
