//! What is known of one slot beside its place on the board: since when, how long it usually takes, who is in it.
//! Knows no page.

use std::{sync::Arc, time::Duration};

use firstpass_domain::{Mac, SerialNumber, Step, Timestamp};
use firstpass_line::{
    board::{SlotState, SlotView},
    event::{LineEvent, LineEventKind},
};

/// A step may take half as long again as usual before it counts as late,
const LATE_PER_HUNDRED: u32 = 150;
/// and in any case this much longer.
const LATE_AT_LEAST: Duration = Duration::from_secs(3);

/// How long a recipe's steps usually take.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Usual {
    /// The recipe's steps in order, each with its usual time where one is on record.
    pub(super) steps: Vec<(Step, Option<Duration>)>,
}

impl Usual {
    /// The usual time of a step.
    pub(super) fn step(&self, step: Step) -> Option<Duration> {
        self.steps.iter().find(|(known, _)| *known == step).and_then(|(_, usual)| *usual)
    }

    /// The usual time of a whole run; `None` unless every step has one.
    pub(super) fn run(&self) -> Option<Duration> {
        let all = self.steps.iter().map(|(_, usual)| *usual).sum::<Option<Duration>>();
        all.filter(|_| !self.steps.is_empty())
    }
}

/// What a person should know besides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Note {
    /// The unit runs again where it is.
    Retry { retry: u32, max: u32, code: String },
    /// The link did not hold.
    Baud { from: u32, to: u32 },
    /// Somebody stops it after the unit that is in work.
    Stopping { by: String },
    /// Somebody stopped it.
    Stopped { by: String },
    /// Why the batch is paused or closed, as it stands on record.
    Reason(String),
}

/// What the events say of a slot that its board does not keep.
#[derive(Debug, Clone, Default)]
pub(super) struct Extra {
    /// When the run in work, or the last one, began.
    pub(super) run_began: Option<Timestamp>,
    /// When the step in work began.
    pub(super) step_began: Option<Timestamp>,
    /// Which attempt on this unit, from 1; 0 until it is known.
    pub(super) attempt: u32,
    /// How long the last run took.
    pub(super) took: Option<Duration>,
    /// What a person should know besides.
    pub(super) note: Option<Note>,
    /// The unit's serial number, once it is on record.
    pub(super) serial: Option<(Mac, SerialNumber)>,
    /// Of whom the record was last asked for the serial number, and whether the unit was prepared then.
    pub(super) asked: Option<(Mac, bool)>,
    /// How long the steps usually take.
    pub(super) usual: Arc<Usual>,
    /// Whether it takes longer than usual.
    pub(super) late: bool,
    /// Whether the slot was last heard of working on no batch.
    pub(super) idle: bool,
    /// Whether the run in work, or the last one, is no batch's: a golden unit's check.
    pub(super) check: bool,
}

impl Extra {
    /// Takes one event into account.
    pub(super) fn apply(&mut self, event: &LineEvent) {
        match &event.kind {
            LineEventKind::Waiting | LineEventKind::SlotResumed => self.empty(),
            LineEventKind::SlotStarted { .. } => {
                self.empty();
                self.idle = false;
            }
            LineEventKind::RunBegan { .. } => {
                let note = self.note.take();
                self.empty();
                (self.run_began, self.note, self.check) = (Some(event.at), note, self.idle);
            }
            LineEventKind::Identified { attempt, .. } => self.attempt = *attempt,
            LineEventKind::StepBegan { .. } => self.step_began = Some(event.at),
            LineEventKind::Progress { .. } | LineEventKind::StepEnded { .. } | LineEventKind::SlotStopped { .. } => {}
            LineEventKind::Passed { duration_ms, .. } | LineEventKind::Failed { duration_ms, .. } => {
                self.took = Some(Duration::from_millis(*duration_ms));
            }
            LineEventKind::Retrying { retry, max, code, .. } => {
                self.note = Some(Note::Retry { retry: *retry, max: *max, code: code.clone() });
            }
            LineEventKind::BaudReduced { from, to, .. } => self.note = Some(Note::Baud { from: *from, to: *to }),
            LineEventKind::Paused { reason } => {
                self.empty();
                self.note = Some(Note::Reason(reason.clone()));
            }
            LineEventKind::BatchClosed { reason } => self.note = Some(Note::Reason(reason.clone())),
            LineEventKind::SlotStopping { by } => self.note = Some(Note::Stopping { by: by.clone() }),
            LineEventKind::SlotEnded { by, .. } => {
                self.idle = true;
                self.note = by.clone().map(|by| Note::Stopped { by }).or_else(|| self.note.take());
            }
        }
    }

    /// Forgets the unit, not how long its like takes, nor whether the slot works.
    fn empty(&mut self) {
        *self = Self { usual: Arc::clone(&self.usual), idle: self.idle, ..Self::default() };
    }

    /// Whether the step or the run in work has taken longer than it usually does, by more than a little.
    pub(super) fn is_late(&self, view: &SlotView, now: Timestamp) -> bool {
        let over = |began: Option<Timestamp>, usual: Option<Duration>| {
            began.zip(usual).is_some_and(|(began, usual)| {
                now.since(began) > (usual * LATE_PER_HUNDRED / 100).max(usual + LATE_AT_LEAST)
            })
        };
        let step = view.step.and_then(|step| self.usual.step(step));
        view.state == SlotState::Working && (over(self.step_began, step) || over(self.run_began, self.usual.run()))
    }
}

#[cfg(test)]
mod tests {
    use firstpass_domain::{RunId, SlotId};
    use firstpass_line::board::Board;
    use uuid::Uuid;

    use super::*;

    const RUN: RunId = RunId(Uuid::nil());

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn usual(flash_s: u64, boot_s: u64) -> Arc<Usual> {
        let times = [(Step::Flash, flash_s), (Step::Boot, boot_s)];
        Arc::new(Usual { steps: times.map(|(step, seconds)| (step, Some(Duration::from_secs(seconds)))).to_vec() })
    }

    fn working(extra: &mut Extra) -> SlotView {
        let slot = SlotId::new("A1").unwrap();
        let mut board = Board::default();
        let kinds = [LineEventKind::RunBegan { run: RUN }, LineEventKind::StepBegan { run: RUN, step: Step::Flash }];
        for kind in kinds {
            let event = LineEvent { at: at(100), slot: slot.clone(), kind };
            board.apply(&event);
            extra.apply(&event);
        }
        board.slots.remove(&slot).unwrap()
    }

    #[test]
    fn a_step_is_late_half_over_its_usual_time_and_a_short_one_not_before_three_seconds() {
        for (flash_s, after_s, late) in [(20, 30, false), (20, 31, true), (1, 4, false), (1, 5, true)] {
            let mut extra = Extra { usual: usual(flash_s, 1000), ..Extra::default() };
            let view = working(&mut extra);
            assert_eq!(extra.is_late(&view, at(100 + after_s)), late, "{after_s} s of {flash_s} s");
        }
    }

    #[test]
    fn nothing_is_late_while_no_usual_time_is_on_record() {
        let mut extra = Extra::default();
        let view = working(&mut extra);
        assert!(!extra.is_late(&view, at(100_000)));
        assert_eq!(Usual::default().run(), None);
    }

    #[test]
    fn a_slot_that_is_emptied_keeps_only_how_long_its_units_usually_take() {
        let mut extra = Extra { usual: usual(20, 5), ..Extra::default() };
        working(&mut extra);
        extra.apply(&LineEvent { at: at(130), slot: SlotId::new("A1").unwrap(), kind: LineEventKind::Waiting });
        assert_eq!((extra.run_began, extra.usual.run()), (None, Some(Duration::from_secs(25))));
    }
}
