//! Delays that are legal: everything happens, only later. The same unit draws the same delays. Knows no wire.

use std::time::Duration;

use crate::faults::{Fault, Faults};
use crate::mac::Mac;
use crate::random::Random;

/// Draws delays while `Fault::Jitter` is switched on.
#[derive(Debug)]
pub(crate) struct Jitter {
    faults: Faults,
    random: Random,
}

impl Jitter {
    /// Delays that follow from the unit's MAC.
    pub(crate) fn new(faults: Faults, mac: Mac) -> Self {
        let seed = mac.0.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        Self { faults, random: Random::new(seed) }
    }

    /// The next delay; zero on a unit without jitter.
    pub(crate) fn next(&mut self) -> Duration {
        let most = |fault: &Fault| if let Fault::Jitter { ms } = fault { Some(*ms) } else { None };
        let most = self.faults.find(most).unwrap_or(0);
        Duration::from_millis(self.random.below(most.saturating_add(1)).into())
    }
}
