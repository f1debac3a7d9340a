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
    /// The station itself failed on this slot.
    Stopped,
}

impl SlotView {
    fn new(since: Timestamp) -> Self {
        Self { since, state: SlotState::Waiting, run: None, mac: None, step: None, progress: None, problem: None }
    }
}

impl Board {
    /// Takes one event into account.
    pub fn apply(&mut self, event: &LineEvent) {
        let view = self.slots.entry(event.slot.clone()).or_insert_with(|| SlotView::new(event.at));
        view.since = event.at;
        match &event.kind {
            LineEventKind::Waiting => *view = SlotView::new(event.at),
            LineEventKind::RunBegan { run } => {
                *view = SlotView { run: Some(*run), state: SlotState::Working, ..SlotView::new(event.at) };
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
            LineEventKind::SlotStopped { problem } => {
                (view.state, view.problem) = (SlotState::Stopped, Some(problem.clone()));
            }
        }
    }
}
