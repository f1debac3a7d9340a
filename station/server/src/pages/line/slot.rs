//! A slot as it is drawn, for the page and for the live stream alike. Reads no clock and no record.

use std::time::Duration;

use firstpass_domain::{DiagnosisCode, Language, Problem, Step, Timestamp};
use firstpass_line::{
    board::{SlotState, SlotView},
    floor::SlotPlace,
};
use maud::{Markup, html};

use super::{
    place::{Extra, Note},
    told::told,
};
use crate::words::{LineWords, fill, line};

/// Steps of a recipe of one stage, as long as the batch's own is not known.
const STEPS: [Step; 7] =
    [Step::Identify, Step::Prepare, Step::Flash, Step::Boot, Step::Provision, Step::Connect, Step::Attest];

/// All that is drawn of a slot.
pub(super) struct Card<'a> {
    /// Its place in the order of the slots, which names it in the page.
    pub(super) index: usize,
    /// How it is set up.
    pub(super) plan: &'a SlotPlace,
    /// How it stands on the board; `None` before anything happened on it.
    pub(super) view: Option<&'a SlotView>,
    /// What else is known.
    pub(super) extra: &'a Extra,
    /// When it is drawn.
    pub(super) now: Timestamp,
}

impl Card<'_> {
    /// The whole card.
    pub(super) fn render(&self, language: Language) -> Markup {
        let words = line(language);
        let (tone, state) = self.tone(words);
        let slot = self.plan.slot.as_str();
        html! {
            article.slot.(tone) id={ "slot-" (self.index) } hx-swap-oob="true" data-slot=(slot) data-state=(self.state_name())
                data-mac=[self.view.and_then(|view| view.mac)] aria-label={ (slot) ", " (state) }
            {
                header {
                    button.pick type="button" aria-pressed="false" data-pick=(slot) { (slot) }
                    span.state.shape { (state) }
                }
                .inside {
                    (self.unit(words))
                    (self.meter(language))
                    (self.note(words))
                    @if let Some(problem) = self.problem() { (failure(problem, language)) }
                }
                (self.buttons(words))
            }
        }
    }

    /// Step, progress and time: what changes many times a second.
    pub(super) fn meter(&self, language: Language) -> Markup {
        let words = line(language);
        let view = self.view.filter(|view| view.state == SlotState::Working);
        html! {
            .meter id={ "meter-" (self.index) } hx-swap-oob="true" {
                @if let Some(view) = view {
                    (self.pips(view, words))
                    .step { span.name { (view.step.map_or("", |step| step_word(step, words))) } (self.running(words)) }
                } @else if let Some(took) = self.extra.took {
                    .step { span.took { (fill(words.took, &[&clock(took)])) } }
                }
            }
        }
    }

    fn unit(&self, words: &LineWords) -> Markup {
        let mac = self.view.and_then(|view| view.mac);
        let serial = self.extra.serial.as_ref().filter(|(of, _)| Some(*of) == mac).map(|(_, serial)| serial);
        html! {
            .unit {
                @if let Some(serial) = serial { span.serial.mono { (serial) } }
                @if let Some(mac) = mac { span.mac.mono { (mac) } }
                @if self.extra.attempt > 1 { span.attempt { (fill(words.attempt, &[&self.extra.attempt.to_string()])) } }
            }
        }
    }

    /// One bar for each step; that of the step in work fills.
    fn pips(&self, view: &SlotView, words: &LineWords) -> Markup {
        let known: Vec<Step> = self.extra.usual.steps.iter().map(|(step, _)| *step).collect();
        let fits = |steps: &[Step]| !steps.is_empty() && view.step.is_none_or(|step| steps.contains(&step));
        let steps = [known.as_slice(), &STEPS].into_iter().find(|steps| fits(steps)).unwrap_or(&Step::ALL);
        let current = view.step.and_then(|step| steps.iter().position(|known| *known == step));
        let nth = current.map_or(0, |current| current + 1).to_string();
        html! {
            .pips role="img" aria-label=(fill(words.steps_done, &[&nth, &steps.len().to_string()])) {
                @for (index, step) in steps.iter().enumerate() {
                    @match current {
                        Some(current) if index < current => i.done {},
                        Some(current) if index == current => (self.filling(view, *step, words)),
                        Some(_) | None => i {},
                    }
                }
            }
        }
    }

    /// The bar of the step in work: by bytes where it moves bytes, by the clock where the usual time is known.
    fn filling(&self, view: &SlotView, step: Step, words: &LineWords) -> Markup {
        let usual = self.extra.usual.step(step);
        let label = words.progress;
        match (view.progress, self.extra.step_began, usual) {
            (Some((done, total)), _, _) => html! { progress aria-label=(label) value=(done) max=(total.max(1)) {} },
            (None, Some(began), Some(usual)) => {
                let (done, all) = (self.now.since(began).as_millis(), usual.as_millis().max(1));
                html! {
                    progress aria-label=(label) value=(done.min(all)) max=(all) data-began=(millis(began)) data-usual=(all) {}
                }
            }
            (None, _, _) => html! { progress aria-label=(label) {} },
        }
    }

    fn running(&self, words: &LineWords) -> Markup {
        let Some(began) = self.extra.run_began else { return html! {} };
        html! {
            span.time {
                span.clock data-began=(millis(began)) { (clock(self.now.since(began))) }
                @if let Some(usual) = self.extra.usual.run() {
                    span.usual title=(fill(words.usual, &[&clock(usual)])) { " / " (clock(usual)) }
                }
            }
        }
    }

    fn note(&self, words: &LineWords) -> Markup {
        let text = match &self.extra.note {
            Some(Note::Retry { retry, max, code }) => {
                Some(fill(words.retry_note, &[&retry.to_string(), &max.to_string(), code]))
            }
            Some(Note::Baud { from, to }) => Some(fill(words.baud_note, &[&to.to_string(), &from.to_string()])),
            Some(Note::Stopping { by }) => Some(fill(words.stopping_by, &[by])),
            Some(Note::Stopped { by }) => Some(fill(words.stopped_by, &[by])),
            Some(Note::Reason(reason)) => Some(reason.clone()),
            None if self.plan.stopping => Some(words.stopping.to_owned()),
            None => self.plan.busy.map(|busy| fill(words.busy, &[busy])),
        };
        html! { @if let Some(text) = text { p.said { (text) } } }
    }

    /// What can be done with the slot as it stands; who may is the page's matter.
    fn buttons(&self, words: &LineWords) -> Markup {
        let slot = self.plan.slot.as_str();
        let mac = self.view.and_then(|view| view.mac);
        let failed = matches!(self.state(), SlotState::Failed | SlotState::Stopped);
        html! {
            footer {
                @if self.plan.may_retry {
                    button.small type="button" data-act="retry" data-slot=(slot) data-needs="run" { (words.retry) }
                }
                // A golden unit's check says something of the slot alone.
                @if failed && mac.is_some() && !self.extra.check {
                    button.small.danger type="button" data-act="quarantine" data-slot=(slot) data-needs="quarantine" { (words.quarantine) }
                }
                @if self.plan.batch.is_none() && self.plan.busy.is_none() {
                    button.small type="button" data-act="start" data-slot=(slot) data-needs="run" { (words.start) }
                }
                @if mac.is_some() {
                    button.small.quiet type="button" data-act="open" data-slot=(slot) { (words.open_unit) }
                }
            }
        }
    }

    fn state(&self) -> SlotState {
        let unheard = if self.plan.batch.is_some() { SlotState::Waiting } else { SlotState::Idle };
        self.view.map_or(unheard, |view| view.state)
    }

    /// Why it failed or cannot work.
    fn problem(&self) -> Option<&Problem> {
        self.view.and_then(|view| view.problem.as_ref())
    }

    /// The class of its colour and shape, and the word for it.
    fn tone(&self, words: &LineWords) -> (&'static str, &'static str) {
        match self.state() {
            SlotState::Waiting => ("idle", words.waiting),
            SlotState::Working if self.extra.late => ("warn", words.late),
            SlotState::Working => ("info", words.working),
            SlotState::Passed => ("ok", words.passed),
            SlotState::Failed => ("bad", words.failed),
            SlotState::Paused => ("warn", words.paused),
            SlotState::Stopped => ("bad", words.stopped),
            SlotState::Idle => ("idle", words.idle),
        }
    }

    fn state_name(&self) -> &'static str {
        match self.state() {
            SlotState::Waiting => "waiting",
            SlotState::Working => "working",
            SlotState::Passed => "passed",
            SlotState::Failed => "failed",
            SlotState::Paused => "paused",
            SlotState::Stopped => "stopped",
            SlotState::Idle => "idle",
        }
    }
}

/// What failed, why, and what to do now.
pub(super) fn failure(problem: &Problem, language: Language) -> Markup {
    let words = line(language);
    let Problem { code, what, why, remedy } = told(problem, language);
    let fate = problem.diagnosis();
    html! {
        .told {
            p.what { (what) }
            p.why { (why) }
            p.remedy { span.label { (words.what_now) ": " } (remedy) }
            p.code {
                (code)
                @if let Some(fate) = fate { " · " (fault(fate, language)) }
            }
        }
    }
}

/// Where the fault lies and what the line does next.
fn fault(code: DiagnosisCode, language: Language) -> String {
    let words = line(language);
    let (owner, next) = (code.owner().words(language), code.next_action().words(language));
    format!("{}: {owner} · {}: {next}", words.fault, words.next)
}

/// The word for a step.
pub(super) const fn step_word(step: Step, words: &LineWords) -> &'static str {
    match step {
        Step::Identify => words.identify,
        Step::Prepare => words.prepare,
        Step::Flash => words.flash,
        Step::Boot => words.boot,
        Step::Provision => words.provision,
        Step::Connect => words.connect,
        Step::FieldFlash => words.field_flash,
        Step::FieldConnect => words.field_connect,
        Step::Attest => words.attest,
    }
}

/// Minutes and seconds.
pub(super) fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

fn millis(at: Timestamp) -> i64 {
    at.as_micros() / 1000
}

#[cfg(test)]
mod tests;
