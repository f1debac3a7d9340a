//! Which faults are put together into one unit.

use super::{FAULTS, Fault, How, Phase};

/// The recipe that a case runs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recipe {
    /// The demo's: a code in NVS, one stage.
    Plain,
    /// The same with a field image over the factory image.
    TwoStage,
}

/// One unit with its faults.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is wrong with it.
    pub faults: Vec<&'static Fault>,
    /// The recipe that it runs with.
    pub recipe: Recipe,
}

impl Case {
    fn of(faults: Vec<&'static Fault>) -> Self {
        let special = faults.iter().map(|fault| fault.recipe).find(|recipe| *recipe != Recipe::Plain);
        Self { recipe: special.unwrap_or(Recipe::Plain), faults }
    }

    /// Names of its faults; `good` without any.
    pub fn name(&self) -> String {
        if self.faults.is_empty() {
            return "good".to_owned();
        }
        self.faults.iter().map(|fault| fault.name).collect::<Vec<_>>().join("+")
    }

    /// Codes that name it rightly: those of the fault that shows first. Empty when it must pass.
    pub fn codes(&self) -> Vec<&'static str> {
        let failing = self.faults.iter().filter(|fault| !fault.codes.is_empty());
        let Some(first) = failing.clone().map(|fault| fault.phase).min() else { return Vec::new() };
        failing.filter(|fault| fault.phase == first).flat_map(|fault| fault.codes).copied().collect()
    }
}

/// Every fault alone.
pub fn singles() -> Vec<Case> {
    FAULTS.iter().map(|fault| Case::of(vec![fault])).collect()
}

/// Units without a fault, but with every kind of legal delay.
pub fn good_units(count: usize) -> Vec<Case> {
    let legal: Vec<&'static Fault> = FAULTS.iter().filter(|fault| fault.phase == Phase::Never).collect();
    (0..count).map(|n| Case::of(legal.get(n % (legal.len() + 1)).into_iter().copied().collect())).collect()
}

/// Pairs of faults that can be there at once, `count` of them spread evenly over all; all when `count` is `None`.
pub fn pairs(count: Option<usize>) -> Vec<Case> {
    let all: Vec<Case> = FAULTS
        .iter()
        .enumerate()
        .flat_map(|(index, one)| FAULTS[index + 1..].iter().map(move |other| (one, other)))
        .filter(|(one, other)| fit_together(one, other))
        .map(|(one, other)| Case::of(vec![one, other]))
        .collect();
    let Some(count) = count.filter(|count| *count < all.len()) else { return all };
    (0..count).map(|n| all[n * all.len() / count].clone()).collect()
}

/// A network has one fault at a time, and a unit one of each kind.
fn fit_together(one: &Fault, other: &Fault) -> bool {
    let both_legal = one.codes.is_empty() && other.codes.is_empty();
    let same_network = match (one.how, other.how) {
        (How::Unit(one), How::Unit(other)) => kind(one) == kind(other),
        (How::Unit(_), _) | (_, How::Unit(_)) => false,
        (How::Https(_), How::Mqtt(_)) | (How::Mqtt(_), How::Https(_)) => false,
        (How::Https(_) | How::Mqtt(_) | How::Everywhere(_), _) => true,
    };
    // Telemetry that waits between its messages is no flood.
    let slowed = |one: &Fault, other: &Fault| one.name == "mqtt_flood" && other.name == "jitter";
    !both_legal && !same_network && !slowed(one, other) && !slowed(other, one)
}

fn kind(fault: &str) -> &str {
    fault.split(['"']).nth(3).unwrap_or(fault)
}
