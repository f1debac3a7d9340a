//! Holds a run on record against what follows from its evidence, and against the audit entries of its beginning and
//! end. Pure, but for the walk through the log in `pages`: knows no database and prints nothing.

mod pages;

use firstpass_domain::{AuditEntry, AuditKind, Diagnosis, Mac, RunState, Sha256Digest, Verdict, judge};
use firstpass_store::RunDetail;
use serde::{Deserialize, Serialize};

pub use pages::{AuditPages, cause};

/// Something that stands on record of a run and does not agree with the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What does not agree.
    pub kind: Kind,
    /// What the record says.
    pub recorded: String,
    /// What follows from the rest of the record, or what the audit log says.
    pub computed: String,
}

/// Every difference of a run that has ended.
pub fn differences(detail: &RunDetail) -> Vec<Difference> {
    verdict(detail).into_iter().chain(recipe(detail)).chain(log(detail)).collect()
}

/// Kind of a difference; its name stands in the output for programs, its words in the one for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The recorded verdict does not follow from policy and evidence.
    Verdict,
    /// The recipe's text or policy is not what its hash says.
    Recipe,
    /// The run names another recipe than the log.
    RecipeSwapped,
    /// The log tells the run's beginning or end not, or more than once.
    Log,
    /// The run's state is not its end in the log.
    End,
    /// The run names another unit than the log.
    Unit,
    /// The run's diagnosis is not the one in the log.
    Diagnosis,
    /// The evidence is not what was sealed at the run's end.
    Evidence,
    /// The run cannot be read.
    Unreadable,
    /// The run is not on record, and the log tells its end.
    Missing,
}

impl Kind {
    /// What does not agree, in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Verdict => "policy and evidence make another verdict than the recorded one",
            Self::Recipe => "the recipe's text and policy do not make the hash that the run names",
            Self::RecipeSwapped => "the run names another recipe than the audit log",
            Self::Log => "the audit log does not tell one beginning and one end of the run",
            Self::End => "the run's state is not the one that the audit log tells of its end",
            Self::Unit => "the run names another unit than the audit log",
            Self::Diagnosis => "the run's diagnosis is not the one in the audit log",
            Self::Evidence => "the evidence was changed after the run ended",
            Self::Unreadable => "the run cannot be read",
            Self::Missing => "the audit log tells the end of a run that is not on record",
        }
    }
}

fn differs(kind: Kind, recorded: impl ToString, computed: impl ToString) -> Difference {
    Difference { kind, recorded: recorded.to_string(), computed: computed.to_string() }
}

fn verdict(detail: &RunDetail) -> Option<Difference> {
    let computed = judge(&detail.policy, &detail.evidence);
    let agrees = match (detail.run.state, &computed) {
        (RunState::Passed, Verdict::Pass) => true,
        (RunState::Failed { code }, Verdict::Fail(diagnosis)) => code == diagnosis.code,
        (RunState::Open, _) | (RunState::Passed | RunState::Failed { .. }, _) => false,
    };
    (!agrees).then(|| differs(Kind::Verdict, state_text(detail.run.state), verdict_text(&computed)))
}

fn recipe(detail: &RunDetail) -> Option<Difference> {
    let computed = detail.policy.recipe_hash(&detail.recipe_text);
    (computed != detail.run.recipe).then(|| differs(Kind::Recipe, detail.run.recipe, computed))
}

/// What `run.began` says.
#[derive(Debug, Deserialize)]
struct Began {
    recipe: Sha256Digest,
}

/// What `run.passed` or `run.failed` says.
#[derive(Debug, Deserialize)]
struct Ended {
    recipe: Sha256Digest,
    mac: Option<Mac>,
    diagnosis: Option<Diagnosis>,
    evidence_digest: Sha256Digest,
}

fn log(detail: &RunDetail) -> Vec<Difference> {
    let (ends, begins): (Vec<&AuditEntry>, _) = detail.entries.iter().partition(|entry| is_end(entry.kind));
    let ([begin], [end]) = (&begins[..], &ends[..]) else {
        let found = format!("{} beginnings and {} ends in the log", begins.len(), ends.len());
        return vec![differs(Kind::Log, state_text(detail.run.state), found)];
    };
    let Ok(began) = serde_json::from_str::<Began>(&begin.body) else { return vec![unreadable(detail, begin)] };
    let Ok(ended) = serde_json::from_str::<Ended>(&end.body) else { return vec![unreadable(detail, end)] };
    let run = &detail.run;
    let recipe = [began.recipe, ended.recipe].into_iter().find(|logged| *logged != run.recipe);
    let recipe = recipe.map(|logged| differs(Kind::RecipeSwapped, run.recipe, logged));
    let unit = (ended.mac != run.mac).then(|| differs(Kind::Unit, unit_text(run.mac), unit_text(ended.mac)));
    let evidence = (ended.evidence_digest != detail.evidence_digest)
        .then(|| differs(Kind::Evidence, ended.evidence_digest, detail.evidence_digest));
    let state = state(detail, end.kind, ended.diagnosis.as_ref());
    [recipe, state, unit, evidence].into_iter().flatten().collect()
}

fn unreadable(detail: &RunDetail, entry: &AuditEntry) -> Difference {
    let found = format!("entry {} does not hold what {} says", entry.seq, entry.kind.name());
    differs(Kind::Log, state_text(detail.run.state), found)
}

fn state(detail: &RunDetail, end: AuditKind, diagnosis: Option<&Diagnosis>) -> Option<Difference> {
    let recorded = match detail.run.state {
        RunState::Open => "open",
        RunState::Passed => PASSED,
        RunState::Failed { .. } => FAILED,
    };
    if recorded != end_text(end) {
        return Some(differs(Kind::End, recorded, end_text(end)));
    }
    let text = |diagnosis: Option<&Diagnosis>| {
        diagnosis.map_or("none".to_owned(), |diagnosis| {
            format!("{} in {}: {}", diagnosis.code.name(), diagnosis.step, diagnosis.seen)
        })
    };
    let recorded = detail.diagnosis.as_ref();
    (recorded != diagnosis).then(|| differs(Kind::Diagnosis, text(recorded), text(diagnosis)))
}

const PASSED: &str = "passed";
const FAILED: &str = "failed";

/// Whether an entry of this kind tells the end of a run.
pub const fn is_end(kind: AuditKind) -> bool {
    matches!(kind, AuditKind::RunPassed | AuditKind::RunFailed)
}

/// How an entry for which [`is_end`] holds says that its run ended.
pub const fn end_text(kind: AuditKind) -> &'static str {
    if matches!(kind, AuditKind::RunPassed) { PASSED } else { FAILED }
}

/// A run's unit in words.
pub fn unit_text(mac: Option<Mac>) -> String {
    mac.map_or("(not identified)".to_owned(), |mac| mac.to_string())
}

/// A run's state in words, with the code of a failure.
pub fn state_text(state: RunState) -> String {
    match state {
        RunState::Open => "open".to_owned(),
        RunState::Passed => PASSED.to_owned(),
        RunState::Failed { code } => format!("{FAILED}: {}", code.name()),
    }
}

/// A verdict in the same words as [`state_text`].
pub fn verdict_text(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Pass => PASSED.to_owned(),
        Verdict::Fail(diagnosis) => format!("{FAILED}: {}", diagnosis.code.name()),
        Verdict::Open { step } => format!("open: {step} is not complete"),
    }
}
