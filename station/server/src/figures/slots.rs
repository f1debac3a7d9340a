//! Slots held against one another: does one fail more often than chance makes, and in which way? Knows no batch.

use firstpass_domain::{
    DiagnosisCode,
    diagnosis::{Owner, Phase},
};

use super::{binomial::Share, fisher};

/// A difference counts when chance makes one like it at most so often, over all slots together.
const SIGNIFICANT: f64 = 0.01;
/// A difference that is smaller is no work for anyone, however sure it is.
const TIMES_MIN: f64 = 1.5;
/// Fewer failures than these are no pattern.
const FAILURES_MIN: u32 = 3;

/// How the runs on one slot ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SlotCounts<N> {
    /// Its name.
    pub(crate) slot: N,
    /// Runs that passed.
    pub(crate) passed: u32,
    /// Runs that failed, by their diagnoses.
    pub(crate) failures: Vec<(DiagnosisCode, u32)>,
}

/// What a slot's failures are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    /// Nothing stands out.
    Even,
    /// Failures of the fixture stand out: cable, pins, supply.
    Fixture,
    /// Only failures of the units stand out.
    Units,
    /// Failures stand out that are usually not the slot's: of network, service or recipe.
    Elsewhere,
}

/// Failures of one slot beside those of the others together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Contrast {
    /// Its runs that failed so, of those that could.
    pub(crate) here: Share,
    /// The same of the others together.
    pub(crate) others: Share,
    /// How likely so many are by chance (Fisher's exact test, one-sided), times the number of slots that were looked at.
    pub(crate) chance: f64,
}

/// A diagnosis that is more frequent on one slot than on the others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Excess {
    /// Its code.
    pub(crate) code: DiagnosisCode,
    /// On this slot.
    pub(crate) here: Share,
    /// On the others together.
    pub(crate) others: Share,
}

/// One slot against the others together.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Health<N> {
    /// Its name.
    pub(crate) slot: N,
    /// Failures because of unit or fixture.
    pub(crate) usual: Contrast,
    /// The failures that the finding is about: those, or with [`Finding::Elsewhere`] all.
    pub(crate) found: Contrast,
    /// What that means.
    pub(crate) finding: Finding,
    /// Which diagnoses make the difference, the most frequent first.
    pub(crate) excess: Vec<Excess>,
}

impl Contrast {
    /// How many times as often it fails; `None` when the others never do, or nothing ran.
    pub(crate) fn times(&self) -> Option<f64> {
        match (self.here.ratio()?, self.others.ratio()?) {
            (_, 0.0) => None,
            (here, others) => Some(here / others),
        }
    }

    /// Whether there is something to do about it.
    fn stands_out(&self) -> bool {
        let is_large = match self.times() {
            Some(times) => times >= TIMES_MIN,
            // The others ran and never failed.
            None => self.others.whole > 0,
        };
        self.here.part >= FAILURES_MIN && is_large && self.chance < SIGNIFICANT
    }
}

/// Whether the run says something about the slot: a run that the rules refused or a person ended does not.
fn tells(code: DiagnosisCode) -> bool {
    code.phase() != Phase::Prepare && !matches!(code, DiagnosisCode::Interrupted | DiagnosisCode::Cancelled)
}

/// Whether the slot may be the cause: failures of the network, a service, the recipe or the station meet every slot.
pub(crate) fn may_be_the_slot(code: DiagnosisCode) -> bool {
    tells(code)
        && match code.owner() {
            Owner::Unit | Owner::Fixture => true,
            Owner::Recipe | Owner::Network | Owner::Service | Owner::Station | Owner::Person => false,
        }
}

/// Every slot against the others, in the given order.
pub(crate) fn compare<N: Clone>(slots: &[SlotCounts<N>]) -> Vec<Health<N>> {
    let looked_at = slots.iter().filter(|slot| slot.runs() > 0).count();
    let looks = f64::from(u32::try_from(looked_at).unwrap_or(u32::MAX).max(1));
    (0..slots.len()).map(|at| health(slots, at, looks)).collect()
}

fn health<N: Clone>(slots: &[SlotCounts<N>], at: usize, looks: f64) -> Health<N> {
    let contrast = |counts: fn(DiagnosisCode) -> bool| contrast(slots, at, looks, counts);
    let (usual, all) = (contrast(may_be_the_slot), contrast(tells));
    let fixture = contrast(|code| may_be_the_slot(code) && code.owner() == Owner::Fixture);
    let (finding, found) = match () {
        () if fixture.stands_out() => (Finding::Fixture, usual),
        () if usual.stands_out() => (Finding::Units, usual),
        () if all.stands_out() => (Finding::Elsewhere, all),
        () => (Finding::Even, usual),
    };
    let excess = match finding {
        Finding::Even => Vec::new(),
        Finding::Fixture | Finding::Units => excess(slots, at, looks, may_be_the_slot),
        Finding::Elsewhere => excess(slots, at, looks, tells),
    };
    Health { slot: slots[at].slot.clone(), usual, found, finding, excess }
}

/// The failures that count, here and on the other slots, of the runs that could show them. With Bonferroni's correction:
/// who looks at many slots finds one that is bad by chance.
fn contrast<N>(slots: &[SlotCounts<N>], at: usize, looks: f64, counts: impl Fn(DiagnosisCode) -> bool) -> Contrast {
    let sum = |is_here: bool| {
        let chosen = slots.iter().enumerate().filter(|(other, _)| (*other == at) == is_here);
        chosen.fold(Share::default(), |sum, (_, slot)| Share {
            part: sum.part.saturating_add(slot.failed(&counts)),
            whole: sum.whole.saturating_add(slot.runs()),
        })
    };
    let (here, others) = (sum(true), sum(false));
    Contrast { here, others, chance: (fisher::at_least(here, others) * looks).min(1.0) }
}

/// The diagnoses that alone are more frequent here; when none is by itself, the most frequent one, which leads.
fn excess<N>(slots: &[SlotCounts<N>], at: usize, looks: f64, counts: fn(DiagnosisCode) -> bool) -> Vec<Excess> {
    let of_code = |code: DiagnosisCode| {
        let Contrast { here, others, chance } = contrast(slots, at, looks, |other| other == code);
        (Excess { code, here, others }, chance)
    };
    let codes = slots[at].failures.iter().map(|(code, _)| *code).filter(|code| counts(*code));
    let mut all: Vec<(Excess, f64)> = codes.map(of_code).collect();
    all.sort_by_key(|(excess, _)| (std::cmp::Reverse(excess.here.part), excess.code.name()));
    let found: Vec<Excess> =
        all.iter().filter(|(_, chance)| *chance < SIGNIFICANT).map(|(excess, _)| *excess).collect();
    if found.is_empty() { all.into_iter().map(|(excess, _)| excess).take(1).collect() } else { found }
}

impl<N> SlotCounts<N> {
    fn runs(&self) -> u32 {
        self.passed.saturating_add(self.failed(tells))
    }

    fn failed(&self, counts: impl Fn(DiagnosisCode) -> bool) -> u32 {
        let counted = self.failures.iter().filter(|(code, _)| counts(*code));
        counted.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests;
