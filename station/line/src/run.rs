//! Takes one unit through the line: judge, act, record, publish, again.
//!
//! What to do next is the verdict's decision (`firstpass_domain::judge`); this module only does it.

mod attest;
mod end;
mod field;
mod flash;
mod hardware;
mod identify;
mod known;
mod prepare;
mod report;
mod watch;

use std::{sync::Arc, time::Instant};

use firstpass_device::{Fixture, Leases, PortName, Redactor};
use firstpass_domain::{
    Evidence, Fact, Mac, Policy, Run, RunId, SlotId, Step, StepOutcome, Timestamp, Verdict, evidence::UartFact, judge,
};
use firstpass_gateway::{
    https::{Confidence, Offer, Provisioner, Tenancy},
    mqtt::BrokerHandle,
};
use firstpass_store::{BatchId, NewRun, Store};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use hardware::Hardware;
pub use report::{RunCounts, RunReport};
use watch::{Hold, Ping};

use crate::{
    Clock, Options, Presence, StationError,
    baud::Speeds,
    blocking::blocking,
    crash::{self, CrashPoint, Edge},
    event::{LineEvent, LineEventKind},
    recipe::Recipe,
    route::{Inbox, Router, Witnessed},
};

/// What all runs of a batch share.
pub(crate) struct Context {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) recipe: Arc<Recipe>,
    pub(crate) batch: BatchId,
    /// The only unit that may be worked on; `None` is whichever is in the slot.
    pub(crate) only: Option<Mac>,
    pub(crate) provisioner: Arc<Provisioner>,
    pub(crate) broker: BrokerHandle,
    pub(crate) router: Arc<Router>,
    pub(crate) leases: Leases,
    pub(crate) speeds: Arc<Speeds>,
    pub(crate) clock: Clock,
    pub(crate) events: broadcast::Sender<LineEvent>,
    pub(crate) options: Options,
}

/// A fixture position with its port and its means of reset.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Name of the position.
    pub id: SlotId,
    /// Its serial port.
    pub port: PortName,
    /// How it resets the unit.
    pub fixture: Fixture,
    /// How it knows that a unit is there.
    pub presence: Presence,
}

/// One run in work.
pub(crate) struct Driver {
    context: Arc<Context>,
    slot: Slot,
    run: Run,
    began: Instant,
    evidence: Vec<Evidence>,
    inbox: Inbox,
    hardware: Hardware,
    gift: Option<prepare::Gift>,
    /// The update that the unit is offered while this stands.
    offer: Option<Offer>,
    /// Takes this unit's secrets out of its log.
    redactor: Redactor,
    /// Tells the redactor what the gateway makes for this run, while this stands.
    _confidence: Confidence,
    /// Tells the gateway which workspace the unit belongs to, while this stands.
    _tenancy: Tenancy,
    /// The rate at which the unit's link held last.
    rate: Option<u32>,
    /// The last move of its port.
    moved: Option<(String, String)>,
    pinged: Option<Ping>,
    hold: Option<Hold>,
    /// Where in the evidence the stage began that is in work; what a connection before it says is the last stage's.
    stage_began: usize,
    /// Facts that the unit's log gave.
    uart_facts: usize,
    step: Step,
    token: CancellationToken,
    /// Cancelled when the run is stopped, or when blocking work on the unit is out of time.
    hands: CancellationToken,
}

impl Driver {
    /// Begins the run `id` on a slot. The unit is not known yet.
    pub(crate) async fn begin(
        context: Arc<Context>,
        slot: Slot,
        id: RunId,
        token: CancellationToken,
    ) -> Result<Self, StationError> {
        let new_run = NewRun { id, slot: slot.id.clone(), batch: context.batch, recipe: context.recipe.hash };
        let inbox = context.router.open(id);
        let run = context.store.begin_run(&new_run, (context.clock)()).await?;
        let redactor = Redactor::default();
        // A unit has them whatever this run writes: it may keep what an earlier one wrote.
        context.recipe.nvs.secrets.iter().for_each(|secret| redactor.hide(secret));
        let hidden = redactor.clone();
        let confidence = context.provisioner.confide(id, Arc::new(move |secret| hidden.hide(secret)));
        let plan = &context.recipe.provision;
        let tenancy = context.provisioner.house(id, plan.workspace_id, &plan.workspace_slug);
        let driver = Self {
            hardware: Hardware::Free,
            began: Instant::now(),
            evidence: Vec::new(),
            gift: None,
            offer: None,
            redactor,
            _confidence: confidence,
            _tenancy: tenancy,
            rate: None,
            moved: None,
            pinged: None,
            hold: None,
            stage_began: 0,
            uart_facts: 0,
            step: Step::Identify,
            context,
            slot,
            run,
            inbox,
            hands: token.child_token(),
            token,
        };
        driver.publish(LineEventKind::RunBegan { run: id });
        Ok(driver)
    }

    /// Works until there is a verdict on record. When the station itself fails, the run stays open: its caller settles
    /// it, once the record lets it.
    pub(crate) async fn drive(mut self) -> Result<RunReport, StationError> {
        let ended = self.work().await;
        self.release().await;
        ended
    }

    /// Gives the port back. Ending a capture waits for its thread, which must not hold up the tasks of other slots.
    async fn release(&mut self) {
        let hardware = std::mem::replace(&mut self.hardware, Hardware::Free);
        if blocking("giving the port back", move || drop(hardware)).await.is_err() {
            warn!(slot = %self.slot.id, "giving the port back panicked");
        }
    }

    async fn work(&mut self) -> Result<RunReport, StationError> {
        let mut last = None;
        loop {
            match judge(&self.context.recipe.policy, &self.evidence) {
                Verdict::Pass if self.has_late_evidence().await? => {}
                Verdict::Pass => return self.end_passed().await,
                Verdict::Fail(diagnosis) => return self.end_failed(diagnosis).await,
                Verdict::Open { step } if last == Some(step) => return Err(StationError::Stuck { step }),
                Verdict::Open { step } => {
                    let next = next_step(&self.context.recipe.policy, last, step);
                    last = Some(next);
                    self.perform(next).await?;
                }
            }
        }
    }

    /// Does one step between two entries of the record.
    async fn perform(&mut self, step: Step) -> Result<(), StationError> {
        let (run, crash_at, began) = (self.run.id, self.context.options.crash_at, Instant::now());
        self.step = step;
        self.context.store.begin_step(run, step, self.now()).await?;
        self.publish(LineEventKind::StepBegan { run, step });
        crash::reach(crash_at, CrashPoint::Step(step, Edge::Begun));
        match step {
            Step::Identify => self.identify().await?,
            Step::Prepare => self.prepare().await?,
            Step::Flash => self.flash().await?,
            Step::Boot => self.boot().await?,
            Step::Provision | Step::Connect => self.watch(step).await?,
            Step::FieldFlash => self.flash_field().await?,
            Step::FieldConnect => self.connect_field().await?,
            Step::Attest => self.attest().await?,
        }
        crash::reach(crash_at, CrashPoint::Step(step, Edge::Done));
        let outcome = self.outcome_of(step);
        self.context.store.end_step(run, step, outcome, self.now()).await?;
        crash::reach(crash_at, CrashPoint::Step(step, Edge::Ended));
        let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        info!(unit = ?self.run.mac, %step, ?outcome, duration_ms, "step ended");
        if outcome == StepOutcome::Done {
            self.publish(LineEventKind::StepEnded { run, step, duration_ms });
        }
        Ok(())
    }

    fn outcome_of(&self, step: Step) -> StepOutcome {
        match judge(&self.context.recipe.policy, &self.evidence) {
            Verdict::Fail(_) => StepOutcome::Failed,
            Verdict::Open { step: next } if next <= step => StepOutcome::Failed,
            Verdict::Open { .. } | Verdict::Pass => StepOutcome::Done,
        }
    }

    /// Puts one fact on record.
    async fn testify(&mut self, fact: Fact) -> Result<(), StationError> {
        let evidence = Evidence { at: self.now(), fact };
        self.take_in(vec![Witnessed { evidence, recorded: false }]).await
    }

    /// Puts evidence on record, where it does not stand there already, and only then takes it into account.
    async fn take_in(&mut self, witnessed: Vec<Witnessed>) -> Result<(), StationError> {
        let fresh: Vec<Evidence> = witnessed.iter().filter(|w| !w.recorded).map(|w| w.evidence.clone()).collect();
        if !fresh.is_empty() {
            self.context.store.add_evidence(self.run.id, &fresh).await?;
        }
        for Witnessed { evidence, .. } in witnessed {
            self.heed(&evidence.fact);
            self.evidence.push(evidence);
        }
        Ok(())
    }

    /// What the router and the bounds of a run must know of a fact.
    fn heed(&mut self, fact: &Fact) {
        let Fact::Uart(line) = fact else { return };
        self.uart_facts += 1;
        if let UartFact::NetworkUp { ip: Some(ip) } = line {
            self.inbox.has_address(*ip);
        }
    }

    /// Takes in what has arrived meanwhile; whether anything had.
    async fn has_late_evidence(&mut self) -> Result<bool, StationError> {
        let before = self.evidence.len();
        self.take_in_rest(Vec::new()).await?;
        Ok(self.evidence.len() > before)
    }

    /// Takes in what was seen, with all that has arrived besides: a contradiction must not be overlooked because it came
    /// late.
    async fn take_in_rest(&mut self, witnessed: Vec<Witnessed>) -> Result<(), StationError> {
        let witnessed = self.with_those_that_wait(witnessed)?;
        self.take_in(witnessed).await
    }

    fn now(&self) -> Timestamp {
        (self.context.clock)()
    }

    fn publish(&self, kind: LineEventKind) {
        // Nobody listening is no error: events are views.
        let _ = self.context.events.send(LineEvent { at: self.now(), slot: self.slot.id.clone(), kind });
    }
}

/// The step to do after `last` when `open` is the first one that lacks evidence. A step whose evidence came early is not
/// left out: it stands on record like every other.
fn next_step(policy: &Policy, last: Option<Step>, open: Step) -> Step {
    let next = policy.steps().find(|step| last.is_none_or(|last| *step > last));
    next.map_or(open, |next| next.min(open))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_whose_evidence_came_early_is_still_done() {
        let flash_size = "4MB".parse().unwrap();
        let policy = Policy::plain(firstpass_domain::Injection::Nvs, firstpass_domain::Chip::Esp32c3, flash_size);
        let next_step = |last, open| next_step(&policy, last, open);
        assert_eq!(next_step(None, Step::Identify), Step::Identify);
        assert_eq!(next_step(Some(Step::Boot), Step::Provision), Step::Provision);
        assert_eq!(next_step(Some(Step::Provision), Step::Attest), Step::Connect);
        assert_eq!(next_step(Some(Step::Connect), Step::Attest), Step::Attest);
    }
}
