//! A run that is judged again on the spot, and held against the audit log. Decides nothing anew: it shows whether what
//! stands on record still follows from the rest of it.

use firstpass_domain::{AuditEntry, AuditKind, RunState, Verdict, judge};
use firstpass_line::replay::{Difference, differences, is_end, verdict_text};
use firstpass_store::RunDetail;
use maud::{Markup, html};

/// What came out.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// The verdict of policy and evidence as they stand on record now.
    pub(crate) verdict: Verdict,
    /// What does not agree; looked for only when the run has ended.
    pub(crate) differences: Vec<Difference>,
    /// Positions of entries about the run's beginning and end that do not match their own hash.
    pub(crate) changed: Vec<i64>,
}

impl Replayed {
    /// Judges again.
    pub(crate) fn of(detail: &RunDetail) -> Self {
        let ended = detail.run.state != RunState::Open;
        Self {
            verdict: judge(&detail.policy, &detail.evidence),
            differences: if ended { differences(detail) } else { Vec::new() },
            changed: changed(&detail.entries),
        }
    }

    /// Whether everything agrees.
    pub(crate) const fn agrees(&self) -> bool {
        self.differences.is_empty() && self.changed.is_empty()
    }
}

fn changed(entries: &[AuditEntry]) -> Vec<i64> {
    entries.iter().filter(|entry| entry.computed_hash() != entry.hash).map(|entry| entry.seq).collect()
}

/// What was held against what, and how it came out.
pub(crate) fn checks(detail: &RunDetail, replayed: &Replayed) -> Markup {
    let verdict = verdict_text(&replayed.verdict);
    let end = detail.entries.iter().find(|entry| is_end(entry.kind));
    let began = detail.entries.iter().find(|entry| entry.kind == AuditKind::RunBegan);
    html! {
        p {
            @if detail.run.state == RunState::Open {
                span.badge.info { "in work" } " So far the evidence says: " strong { (verdict) } "."
            } @else if replayed.agrees() {
                span.badge.ok { "agrees" } " The record's " (detail.evidence.len())
                " pieces of evidence make the verdict: " strong { (verdict) } "."
            } @else {
                span.badge.bad { "does not agree" } " Policy and evidence make the verdict: " strong { (verdict) } "."
            }
        }
        @if !replayed.agrees() { (problems(replayed)) }
        dl.facts {
            dt { "Recipe" } dd.mono.small { (detail.run.recipe) }
            dt { "Evidence" } dd.mono.small { (detail.evidence_digest) }
            @for (word, entry) in [("Log: began", began), ("Log: ended", end)] {
                @if let Some(entry) = entry {
                    dt { (word) }
                    dd { a href={ "/audit/" (entry.seq) } { "entry " (entry.seq) } " " span.mono.small { (entry.hash) } }
                }
            }
        }
    }
}

fn problems(replayed: &Replayed) -> Markup {
    html! {
        .problem role="alert" {
            p.what { "The record of this run was changed, or is damaged." }
            ul {
                @for difference in &replayed.differences {
                    li {
                        (difference.kind.words()) ": recorded " span.break { (difference.recorded) }
                        ", but " span.break { (difference.computed) }
                    }
                }
                @for seq in &replayed.changed {
                    li { a href={ "/audit/" (seq) } { "Audit entry " (seq) } " does not match its own hash." }
                }
            }
            p.remedy { "Keep the record as it is, verify the audit log, and compare with an earlier export." }
        }
    }
}
