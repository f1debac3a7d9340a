//! What is shown, and which of it has changed since it was last sent.

use std::{collections::BTreeMap, sync::Arc};

use firstpass_domain::{Language, Mac, SlotId, Step, Timestamp};
use firstpass_line::{
    board::{Board, SlotState},
    event::{LineEvent, LineEventKind},
    floor::SlotPlace,
};
use firstpass_store::BatchId;
use maud::{Markup, html};

use super::super::{
    place::{Extra, Usual},
    slot::Card,
    strip::{Counts, Order, strip},
};
use crate::words::line;

/// Most outcomes that are told of in one frame: every slot once.
const OUTCOMES_MAX: usize = 64;

/// How much of a slot has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Step, progress and time.
    Meter,
    /// All of it.
    Whole,
}

/// A unit has come to an end.
#[derive(Debug, Clone)]
pub(super) struct Outcome {
    pub(super) slot: SlotId,
    pub(super) passed: bool,
}

/// The slots with all that is drawn of them.
#[derive(Default)]
pub(super) struct State {
    pub(super) board: Board,
    plan: Vec<SlotPlace>,
    extras: BTreeMap<SlotId, Extra>,
    orders: Vec<Order>,
    pub(super) changed: BTreeMap<SlotId, Change>,
    pub(super) outcomes: Vec<Outcome>,
    /// The strip has changed.
    pub(super) strip_changed: bool,
    /// There are other slots than before.
    pub(super) all_changed: bool,
    /// The floor has to be asked how the slots are set up.
    pub(super) plan_stale: bool,
}

impl State {
    /// Takes an event into account. Whether the record may tell something new since.
    pub(super) fn take(&mut self, event: &LineEvent) -> bool {
        self.board.apply(event);
        self.extras.entry(event.slot.clone()).or_default().apply(event);
        let (change, passed) = match &event.kind {
            LineEventKind::Progress { .. } | LineEventKind::StepEnded { .. } => (Change::Meter, None),
            LineEventKind::Passed { .. } => (Change::Whole, Some(true)),
            LineEventKind::Failed { .. } => (Change::Whole, Some(false)),
            LineEventKind::Waiting
            | LineEventKind::RunBegan { .. }
            | LineEventKind::Identified { .. }
            | LineEventKind::StepBegan { .. }
            | LineEventKind::Retrying { .. }
            | LineEventKind::BaudReduced { .. }
            | LineEventKind::Paused { .. }
            | LineEventKind::BatchClosed { .. }
            | LineEventKind::SlotStopped { .. }
            | LineEventKind::SlotResumed
            | LineEventKind::SlotStarted { .. }
            | LineEventKind::SlotStopping { .. }
            | LineEventKind::SlotEnded { .. } => (Change::Whole, None),
        };
        self.note_change(&event.slot, change);
        if let Some(passed) = passed
            && self.outcomes.len() < OUTCOMES_MAX
        {
            self.outcomes.push(Outcome { slot: event.slot.clone(), passed });
        }
        let whole = change == Change::Whole;
        self.plan_stale |= whole;
        self.strip_changed |= whole;
        whole
    }

    /// Takes over how the slots are set up before anybody watches them.
    pub(super) fn begin(&mut self, plan: Vec<SlotPlace>) {
        self.set_plan(plan);
        (self.all_changed, self.strip_changed) = (false, false);
    }

    /// The board of the feed, after events were missed.
    pub(super) fn start_over(&mut self, board: Board) {
        self.board = board;
        for extra in self.extras.values_mut() {
            *extra = Extra { usual: Arc::clone(&extra.usual), ..Extra::default() };
        }
        (self.all_changed, self.strip_changed, self.plan_stale) = (true, true, true);
    }

    pub(super) fn note_change(&mut self, slot: &SlotId, change: Change) {
        let noted = self.changed.entry(slot.clone()).or_insert(change);
        *noted = change.max(*noted);
    }

    /// Takes over how the slots are set up.
    pub(super) fn set_plan(&mut self, plan: Vec<SlotPlace>) {
        self.plan_stale = false;
        let same = plan.len() == self.plan.len() && plan.iter().zip(&self.plan).all(|(new, old)| new.slot == old.slot);
        if same {
            let differ = plan.iter().zip(&self.plan).filter(|(new, old)| shown(new) != shown(old));
            let slots: Vec<SlotId> = differ.map(|(new, _)| new.slot.clone()).collect();
            slots.iter().for_each(|slot| self.note_change(slot, Change::Whole));
        } else {
            (self.all_changed, self.strip_changed) = (true, true);
        }
        self.plan = plan;
    }

    /// Takes over what the record says of the work orders in work.
    pub(super) fn set_orders(&mut self, orders: Vec<Order>) -> bool {
        let changed = self.orders != orders;
        self.strip_changed |= changed;
        self.orders = orders;
        changed
    }

    /// Takes over how long a work order's steps usually take.
    pub(super) fn set_usual(&mut self, batch: BatchId, usual: &Arc<Usual>) {
        let slots = self.plan.iter().filter(|place| place.batch == Some(batch)).map(|place| place.slot.clone());
        for slot in slots.collect::<Vec<_>>() {
            let extra = self.extras.entry(slot.clone()).or_default();
            if extra.usual != *usual {
                extra.usual = Arc::clone(usual);
                self.note_change(&slot, Change::Meter);
            }
        }
    }

    /// The work orders that slots work on, in the order of the slots.
    pub(super) fn batches(&self) -> Vec<BatchId> {
        let mut batches: Vec<BatchId> = Vec::new();
        for batch in self.plan.iter().filter_map(|place| place.batch) {
            if !batches.contains(&batch) {
                batches.push(batch);
            }
        }
        batches
    }

    /// Units whose serial number is not known. Each is asked for once before it is prepared, when it may have one of an
    /// earlier run, and once after, when it has been given one.
    pub(super) fn nameless(&mut self) -> Vec<(SlotId, Mac)> {
        let mut nameless = Vec::new();
        for (slot, extra) in &mut self.extras {
            let view = self.board.slots.get(slot);
            let Some((mac, view)) = view.and_then(|view| Some((view.mac?, view))) else { continue };
            let known = extra.serial.as_ref().is_some_and(|(of, _)| *of == mac);
            let asks = Some((mac, !matches!(view.step, Some(Step::Identify | Step::Prepare))));
            if !known && extra.asked != asks {
                extra.asked = asks;
                nameless.push((slot.clone(), mac));
            }
        }
        nameless
    }

    /// What is known of a slot beside the board.
    pub(super) fn extra(&mut self, slot: &SlotId) -> &mut Extra {
        self.extras.entry(slot.clone()).or_default()
    }

    /// Finds what is over its time now, or no more.
    pub(super) fn look_at_the_clock(&mut self, now: Timestamp) {
        let mut changed = Vec::new();
        for (slot, extra) in &mut self.extras {
            let late = self.board.slots.get(slot).is_some_and(|view| extra.is_late(view, now));
            if late != extra.late {
                extra.late = late;
                changed.push(slot.clone());
            }
        }
        self.strip_changed |= !changed.is_empty();
        changed.iter().for_each(|slot| self.note_change(slot, Change::Whole));
    }

    /// Strip and slots.
    pub(super) fn all(&self, language: Language, now: Timestamp) -> Markup {
        html! { (self.strip(language)) (self.grid(language, now)) }
    }

    pub(super) fn strip(&self, language: Language) -> Markup {
        let mut counts = Counts::default();
        for place in &self.plan {
            let late = self.extras.get(&place.slot).is_some_and(|extra| extra.late);
            let unheard = if place.batch.is_some() { SlotState::Waiting } else { SlotState::Idle };
            counts.add(self.board.slots.get(&place.slot).map_or(unheard, |view| view.state), late);
        }
        strip(&self.orders, counts, language)
    }

    /// Every slot.
    pub(super) fn grid(&self, language: Language, now: Timestamp) -> Markup {
        let words = line(language);
        html! {
            section.slots.(density(self.plan.len())) #slots hx-swap-oob="true" aria-label=(words.slots) {
                @for index in 0..self.plan.len() { @if let Some(card) = self.card(index, now, language, Change::Whole) { (card) } }
                @if self.plan.is_empty() {
                    .empty { strong { (words.no_slots) } p { (words.no_slots_do) } }
                }
            }
        }
    }

    /// What has changed of a slot.
    pub(super) fn changed_part(
        &self,
        slot: &SlotId,
        change: Change,
        language: Language,
        now: Timestamp,
    ) -> Option<Markup> {
        let index = self.plan.iter().position(|place| place.slot == *slot)?;
        self.card(index, now, language, change)
    }

    fn card(&self, index: usize, now: Timestamp, language: Language, change: Change) -> Option<Markup> {
        let plan = self.plan.get(index)?;
        let none = Extra::default();
        let extra = self.extras.get(&plan.slot).unwrap_or(&none);
        let card = Card { index, plan, view: self.board.slots.get(&plan.slot), extra, now };
        Some(match change {
            Change::Meter => card.meter(language),
            Change::Whole => card.render(language),
        })
    }
}

/// What is shown of how a slot is set up.
fn shown(place: &SlotPlace) -> (Option<BatchId>, bool, bool, Option<&'static str>) {
    (place.batch, place.stopping, place.may_retry, place.busy)
}

/// How large the slots can be drawn: the class of the grid.
const fn density(slots: usize) -> &'static str {
    match slots {
        0..=4 => "few",
        5..=8 => "some",
        9..=16 => "many",
        17..=32 => "lots",
        _ => "full",
    }
}
