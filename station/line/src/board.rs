//! What stands on each slot right now, folded from the line's events. A view: the record is elsewhere.

use std::collections::BTreeMap;

use firstpass_domain::{Mac, Problem, RunId, SlotId, Step, Timestamp};
use serde::Serialize;

use crate::event::{LineEvent, LineEventKind};

/// State of every slot that has said anything.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Board {
    /// Slots by name.
    pub slots: BTreeMap<SlotId, SlotView>,
    /// Runs that passed since the station started.
    pub passed: u64,
    /// Runs that failed since the station started.
    pub failed: u64,
}

/// State of one slot.
#[derive(Debug, Clone, Serialize)]
pub struct SlotView {
    /// When it changed last.
    pub since: Timestamp,
    /// What it does.
    pub state: SlotState,
    /// Run in work, or the last one.
    pub run: Option<RunId>,
    /// Unit in work, or the last one.
    pub mac: Option<Mac>,
    /// Step in work.
    pub step: Option<Step>,
    /// Bytes done and in all, in steps that move bytes.
    pub progress: Option<(u64, u64)>,
    /// Why it failed or stopped.
    pub problem: Option<Problem>,
    /// What a person should know besides: why the batch is paused or closed, which retry this is, a reduced baud rate,
    /// who stopped the slot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Name of the batch that it works on, when that was told; a slot that works on none takes no unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
}

/// What a slot does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SlotState {
    /// Waits for a unit.
    Waiting,
    /// Works on one.
    Working,
    /// The last unit passed.
    Passed,
    /// The last unit failed.
    Failed,
    /// The batch is paused.
    Paused,
    /// The slot cannot work: the station itself failed on it, or a person must look at it.
    Stopped,
    /// The slot works on no batch, and takes no unit until a person starts it. After its last unit has passed or failed, it
    /// goes on showing that; only its `batch` is gone.
    Idle,
}

impl SlotView {
    fn new(since: Timestamp) -> Self {
        let state = SlotState::Waiting;
        Self { since, state, run: None, mac: None, step: None, progress: None, problem: None, note: None, batch: None }
    }

    /// The same slot with nothing in it.
    fn emptied(&self, since: Timestamp) -> Self {
        Self { batch: self.batch.clone(), ..Self::new(since) }
    }

    /// What the last unit came to stays to be seen, unless a person cut it short.
    fn end(&mut self, by: Option<&str>, at_once: bool, at: Timestamp) {
        let shows_end = matches!(self.state, SlotState::Passed | SlotState::Failed) && !at_once;
        if !shows_end {
            let note = self.note.take();
            *self = Self { state: SlotState::Idle, note, ..Self::new(at) };
        }
        self.batch = None;
        self.note = by.map(|by| format!("stopped by {by}")).or_else(|| self.note.take());
    }
}

impl Board {
    /// Takes one event into account.
    pub fn apply(&mut self, event: &LineEvent) {
        let view = self.slots.entry(event.slot.clone()).or_insert_with(|| SlotView::new(event.at));
        view.since = event.at;
        match &event.kind {
            LineEventKind::Waiting => *view = view.emptied(event.at),
            LineEventKind::RunBegan { run } => {
                // What was said just before, of a retry, holds for this run.
                let note = view.note.take();
                *view = SlotView { run: Some(*run), state: SlotState::Working, note, ..view.emptied(event.at) };
            }
            LineEventKind::Identified { mac, .. } => view.mac = Some(*mac),
            LineEventKind::StepBegan { step, .. } => (view.step, view.progress) = (Some(*step), None),
            LineEventKind::Progress { done, total, .. } => view.progress = Some((*done, *total)),
            LineEventKind::StepEnded { .. } => view.progress = None,
            LineEventKind::Passed { .. } => {
                self.passed += 1;
                (view.state, view.step) = (SlotState::Passed, None);
            }
            LineEventKind::Failed { problem, .. } => {
                self.failed += 1;
                (view.state, view.problem) = (SlotState::Failed, Some(problem.clone()));
            }
            LineEventKind::Retrying { retry, max, code, .. } => {
                view.note = Some(format!("retry {retry} of {max} after {code}"));
            }
            LineEventKind::BaudReduced { from, to, .. } => {
                view.note = Some(format!("{to} baud, because {from} does not hold"));
            }
            LineEventKind::Paused { reason } => {
                *view = SlotView { state: SlotState::Paused, ..view.emptied(event.at) };
                view.note = Some(reason.clone());
            }
            LineEventKind::BatchClosed { reason } => view.note = Some(reason.clone()),
            LineEventKind::SlotResumed => *view = view.emptied(event.at),
            LineEventKind::SlotStarted { batch, .. } => {
                *view = SlotView { batch: Some(batch.clone()), ..SlotView::new(event.at) };
            }
            LineEventKind::SlotStopping { by } => view.note = Some(format!("{by} stops it after this unit")),
            LineEventKind::SlotEnded { by, at_once } => view.end(by.as_deref(), *at_once, event.at),
            LineEventKind::SlotStopped { problem } => {
                (view.state, view.problem) = (SlotState::Stopped, Some(problem.clone()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use firstpass_domain::RunId;
    use uuid::Uuid;

    use super::*;

    const RUN: RunId = RunId(Uuid::from_u128(1));
    const MAC: Mac = Mac::new([2, 0, 0, 0, 0, 1]);

    fn after(kinds: Vec<LineEventKind>) -> SlotView {
        let (mut board, slot) = (Board::default(), SlotId::new("A1").unwrap());
        for kind in kinds {
            board.apply(&LineEvent { at: Timestamp::from_micros(1), slot: slot.clone(), kind });
        }
        board.slots[&slot].clone()
    }

    fn started() -> LineEventKind {
        LineEventKind::SlotStarted { batch: "W7".to_owned(), by: "ada".to_owned() }
    }

    fn ended(at_once: bool) -> LineEventKind {
        LineEventKind::SlotEnded { by: Some("ada".to_owned()), at_once }
    }

    #[test]
    fn a_slot_shows_its_batch_until_it_works_on_none() {
        let working = vec![started(), LineEventKind::Waiting, LineEventKind::RunBegan { run: RUN }];
        assert_eq!(after(working.clone()).batch.as_deref(), Some("W7"));
        let view = after([working, vec![ended(true)]].concat());
        assert_eq!((view.state, view.batch, view.note.as_deref()), (SlotState::Idle, None, Some("stopped by ada")));
        let fresh = after(vec![LineEventKind::SlotEnded { by: None, at_once: false }]);
        assert_eq!((fresh.state, fresh.note), (SlotState::Idle, None), "nobody has started it yet");
    }

    #[test]
    fn what_the_last_unit_came_to_stays_to_be_seen_unless_it_was_cut() {
        let passed = vec![started(), LineEventKind::Passed { run: RUN, mac: MAC, duration_ms: 1 }];
        let view = after([passed.clone(), vec![ended(false)]].concat());
        assert_eq!((view.state, view.batch), (SlotState::Passed, None));
        assert_eq!(after([passed, vec![ended(true)]].concat()).state, SlotState::Idle);
    }
}
