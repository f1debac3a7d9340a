//! A run as a timeline: its steps, and under each step what the witnesses saw while it went on.

use firstpass_domain::{Evidence, Language, StepOutcome, Timestamp};
use firstpass_store::{BatchRecord, RunDetail, StepRecord};
use maud::{Markup, html};

use super::{Replayed, checks, decisive, state_badge, words};
use crate::pages::when::{duration, time};

/// Pieces of evidence that a page shows of a run; all of them are in the unit's export.
const EVIDENCE_SHOWN_MAX: usize = 400;

/// A run with what its page needs beside it.
pub(crate) struct Shown {
    pub(crate) detail: RunDetail,
    pub(crate) batch: Option<BatchRecord>,
    pub(crate) replayed: Replayed,
    decisive: Option<usize>,
}

impl Shown {
    pub(crate) fn of(detail: RunDetail, batch: Option<BatchRecord>) -> Self {
        let replayed = Replayed::of(&detail);
        let decisive = decisive(&detail);
        Self { detail, batch, replayed, decisive }
    }
}

/// What a run was: where, for what, and how it came out.
pub(crate) fn head(shown: &Shown) -> Markup {
    let Shown { detail, batch, .. } = shown;
    let run = &detail.run;
    html! {
        dl.facts {
            dt { "Run" } dd.mono { a href={ "/runs/" (run.id) } { (run.id) } }
            dt { "Came out" }
            dd {
                (state_badge(run.state))
                @if run.repair { " " span.badge.info { "repair of credentials" } }
            }
            dt { "Began" } dd { (time(run.began)) }
            @if let Some(ended) = run.ended {
                dt { "Took" } dd { (duration(ended.since(run.began))) }
            }
            dt { "Station, slot" } dd { (run.station) ", " (run.slot) }
            dt { "Work order" }
            dd {
                @match batch {
                    Some(batch) => { a href={ "/batches/" (batch.id.0) } { (batch.batch.name) } }
                    None => { span.muted { "not known" } }
                }
            }
            dt { "Recipe" } dd { (detail.recipe_name) br; span.mono.small { (run.recipe) } }
            dt { "Attempt" } dd { @if run.attempt == 0 { "none" } @else { (run.attempt) } }
        }
    }
}

/// Why a run failed, in the person's language.
pub(crate) fn diagnosis(detail: &RunDetail, language: Language) -> Markup {
    let Some(diagnosis) = &detail.diagnosis else { return html! {} };
    let problem = diagnosis.problem_in(language);
    let (owner, next) = (diagnosis.code.owner().words(language), diagnosis.code.next_action().words(language));
    html! {
        .problem {
            p.what { (problem.what) }
            p.why { (problem.why) }
            p.remedy { (problem.remedy) }
            p.code { (problem.code) " · " (diagnosis.step) " · " (owner) " · " (next) }
        }
    }
}

/// The verdict that is computed again.
pub(crate) fn verdict(shown: &Shown) -> Markup {
    checks(&shown.detail, &shown.replayed)
}

/// Steps and evidence in the order of time.
pub(crate) fn timeline(shown: &Shown) -> Markup {
    let Shown { detail, .. } = shown;
    let shown_len = detail.evidence.len().min(EVIDENCE_SHOWN_MAX);
    let mut rows: Vec<(usize, &Evidence)> = detail.evidence[..shown_len].iter().enumerate().collect();
    // What a witness saw may have been put on record after what another saw later.
    rows.sort_by_key(|(_, evidence)| evidence.at);
    let mut rest = &rows[..];
    html! {
        (counts(detail))
        .table-wrap {
            table.data.dense.timeline {
                caption.visually-hidden { "Steps and evidence of run " (detail.run.id) }
                thead { tr {
                    th.num scope="col" { "After" } th scope="col" { "Step or witness" } th scope="col" { "What was seen" }
                    th scope="col" { "Took" }
                } }
                @for (index, step) in detail.steps.iter().enumerate() {
                    @let next = detail.steps.get(index + 1).map(|next| next.began);
                    @let before = take(&mut rest, Some(step.began));
                    @if !before.is_empty() { tbody { @for row in before { (evidence_row(shown, *row)) } } }
                    tbody {
                        (step_row(detail, step))
                        @for row in take(&mut rest, next) { (evidence_row(shown, *row)) }
                    }
                }
                @if !rest.is_empty() { tbody { @for row in rest { (evidence_row(shown, *row)) } } }
            }
        }
        @if detail.evidence.len() > shown_len {
            p.muted { (detail.evidence.len() - shown_len) " further pieces of evidence are in the unit's export." }
        }
        @if detail.steps.is_empty() && detail.evidence.is_empty() {
            p.muted { "The run ended before its first step." }
        }
    }
}

/// The rows before a time; all when there is none. What was seen in the moment of a step's beginning belongs to it.
fn take<'a, 'b>(rest: &mut &'a [(usize, &'b Evidence)], before: Option<Timestamp>) -> &'a [(usize, &'b Evidence)] {
    let len = before
        .map_or(rest.len(), |before| rest.iter().position(|(_, evidence)| evidence.at >= before).unwrap_or(rest.len()));
    let (taken, left) = rest.split_at(len);
    *rest = left;
    taken
}

/// How much each witness said.
fn counts(detail: &RunDetail) -> Markup {
    let count = |witness| detail.evidence.iter().filter(|evidence| evidence.fact.witness() == witness).count();
    html! {
        ul.witnesses {
            @for witness in words::WITNESSES {
                @let count = count(witness);
                li {
                    // The script of the page brings it to life: pressed, the witness is heard.
                    button type="button" aria-pressed="true" data-witness=(key(witness)) disabled {
                        span class={ "witness w-" (key(witness)) } { (words::witness(witness)) } " " b { (count) }
                    }
                }
            }
        }
    }
}

fn step_row(detail: &RunDetail, step: &StepRecord) -> Markup {
    let took = step.ended.map(|(ended, _)| ended.since(step.began));
    let tone = match step.ended {
        Some((_, StepOutcome::Done)) => "ok",
        Some((_, StepOutcome::Failed)) => "bad",
        None => "info",
    };
    let word = match step.ended {
        Some((_, StepOutcome::Done)) => "done",
        Some((_, StepOutcome::Failed)) => "failed",
        None => "not ended",
    };
    html! {
        tr.step {
            td.num { (after(detail, step.began)) }
            th scope="rowgroup" { (step.step.name().replace('_', " ")) }
            td { span.step-bar { span class={ "badge " (tone) } { (word) } (bar(detail, step, tone)) } }
            td.nowrap { @if let Some(took) = took { (duration(took)) } }
        }
    }
}

/// Where in the run the step lies, drawn; the numbers stand beside it.
fn bar(detail: &RunDetail, step: &StepRecord, tone: &str) -> Markup {
    /// Width of the drawing.
    const WIDTH: u128 = 1000;
    let end = detail.run.ended.or_else(|| detail.steps.iter().filter_map(|step| step.ended).map(|(at, _)| at).max());
    let whole = end.map_or(0, |end| end.since(detail.run.began).as_micros());
    let Some(whole) = Some(whole).filter(|whole| *whole > 0) else { return html! {} };
    let place = |at: Timestamp| (at.since(detail.run.began).as_micros() * WIDTH / whole).min(WIDTH);
    let from = place(step.began);
    let to = step.ended.map_or(WIDTH, |(at, _)| place(at)).max(from + 4);
    html! {
        svg.bar viewBox="0 0 1004 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.track x="0" y="3" width="1004" height="4" {}
            rect class=(tone) x=(from) y="0" width=(to - from) height="10" {}
        }
    }
}

fn evidence_row(shown: &Shown, (index, evidence): (usize, &Evidence)) -> Markup {
    let witness = evidence.fact.witness();
    let decisive = shown.decisive == Some(index);
    let raw = serde_json::to_string_pretty(&evidence.fact).unwrap_or_default();
    html! {
        tr class=[decisive.then_some("decisive")] data-witness=(key(witness)) {
            td.num { (after(&shown.detail, evidence.at)) }
            td { span class={ "witness w-" (key(witness)) } { (words::witness(witness)) } }
            td.break colspan="2" {
                @if decisive { span.badge.bad { "decided the run" } " " }
                (words::seen(evidence))
                details.raw.no-print {
                    summary { "JSON" }
                    pre { (raw) }
                }
            }
        }
    }
}

/// The name of a witness in class names.
const fn key(witness: firstpass_domain::Witness) -> &'static str {
    use firstpass_domain::Witness;
    match witness {
        Witness::Flasher => "flasher",
        Witness::Uart => "uart",
        Witness::Provisioning => "provisioning",
        Witness::Broker => "broker",
        Witness::Line => "line",
    }
}

/// How long after the run's beginning.
fn after(detail: &RunDetail, at: Timestamp) -> String {
    let millis = at.since(detail.run.began).as_millis();
    format!("+{}.{:03} s", millis / 1000, millis % 1000)
}
