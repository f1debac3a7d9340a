//! Which baud rates a slot's link is tried at. A rate that did not hold is not tried again for every unit: the slot
//! stays at the lower one, on record, and tries the next faster one after a number of good units. Pure.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use firstpass_domain::SlotId;

/// Good units after which a slower slot tries the next faster rate.
const GOOD_UNITS: u32 = 20;
/// Most good units that are waited for; a trial that fails doubles the wait up to here.
const GOOD_UNITS_MAX: u32 = 320;

/// What every slot of this station has learnt of its rate.
#[derive(Debug, Default)]
pub(crate) struct Speeds(Mutex<HashMap<SlotId, Speed>>);

/// What a slot has learnt of its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Speed {
    /// Fastest rate that held.
    rate: u32,
    /// Units flashed at it in a row.
    good: u32,
    /// So many are wanted before the next faster rate is tried.
    wanted: u32,
}

impl Speeds {
    /// The rates to try for the next unit, the fastest first, out of a recipe's. `remembered` is the rate on record.
    pub(crate) fn to_try(&self, slot: &SlotId, bauds: &[u32], remembered: Option<u32>) -> Vec<u32> {
        let mut speeds = self.lock();
        let speed = match (speeds.get(slot), remembered) {
            (Some(speed), _) => *speed,
            (None, Some(rate)) => *speeds.entry(slot.clone()).or_insert(Speed::at(rate)),
            (None, None) => return bauds.to_vec(),
        };
        let trial = (speed.good >= speed.wanted).then(|| next_faster(bauds, speed.rate)).flatten();
        let fastest = trial.unwrap_or(speed.rate);
        let slower: Vec<u32> = bauds.iter().copied().filter(|baud| *baud <= fastest).collect();
        // A recipe whose every rate is faster than what the slot holds still has its slowest one.
        if slower.is_empty() { bauds.last().copied().into_iter().collect() } else { slower }
    }

    /// A unit's whole flash was written at `rate`, with this many rates given up before; the rate to remember on record
    /// when that is news.
    pub(crate) fn held(&self, slot: &SlotId, rate: u32, reduced: bool) -> Option<u32> {
        let mut speeds = self.lock();
        let Some(speed) = speeds.get_mut(slot) else {
            if reduced {
                speeds.insert(slot.clone(), Speed::at(rate));
            }
            return reduced.then_some(rate);
        };
        let before = *speed;
        *speed = match rate.cmp(&before.rate) {
            // A trial that failed, or a good unit.
            std::cmp::Ordering::Equal if reduced => {
                Speed { good: 0, wanted: before.wanted.saturating_mul(2).min(GOOD_UNITS_MAX), ..before }
            }
            std::cmp::Ordering::Equal => Speed { good: before.good.saturating_add(1), ..before },
            std::cmp::Ordering::Less | std::cmp::Ordering::Greater => Speed { rate, good: 0, wanted: before.wanted },
        };
        (rate != before.rate).then_some(rate)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SlotId, Speed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Speed {
    const fn at(rate: u32) -> Self {
        Self { rate, good: 0, wanted: GOOD_UNITS }
    }
}

/// The slowest of `bauds` that is faster than `rate`.
fn next_faster(bauds: &[u32], rate: u32) -> Option<u32> {
    bauds.iter().copied().filter(|baud| *baud > rate).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAUDS: [u32; 3] = [921_600, 460_800, 115_200];

    fn slot() -> SlotId {
        SlotId::new("A1").unwrap()
    }

    #[test]
    fn a_slot_begins_at_the_fastest_rate_or_at_the_one_on_record() {
        let speeds = Speeds::default();
        assert_eq!(speeds.to_try(&slot(), &BAUDS, None), BAUDS);
        assert_eq!(speeds.to_try(&slot(), &BAUDS, Some(460_800)), [460_800, 115_200]);
        assert_eq!(speeds.to_try(&slot(), &[2_000_000, 921_600], None), [921_600], "it has learnt of 460800");
    }

    #[test]
    fn a_reduced_rate_is_news_once_and_then_kept() {
        let speeds = Speeds::default();
        assert_eq!(speeds.held(&slot(), 921_600, false), None);
        assert_eq!(speeds.held(&slot(), 460_800, true), Some(460_800));
        assert_eq!(speeds.to_try(&slot(), &BAUDS, Some(921_600)), [460_800, 115_200]);
        assert_eq!(speeds.held(&slot(), 460_800, false), None);
    }

    #[test]
    fn a_faster_rate_is_tried_after_good_units_and_more_rarely_after_every_failed_trial() {
        let speeds = Speeds::default();
        speeds.held(&slot(), 460_800, true);
        let mut wanted = GOOD_UNITS;
        for _ in 0..8 {
            for _ in 0..wanted {
                assert_eq!(speeds.to_try(&slot(), &BAUDS, None)[0], 460_800);
                speeds.held(&slot(), 460_800, false);
            }
            assert_eq!(speeds.to_try(&slot(), &BAUDS, None)[0], 921_600);
            assert_eq!(speeds.held(&slot(), 460_800, true), None, "the record knows it");
            wanted = (wanted * 2).min(GOOD_UNITS_MAX);
        }
    }

    #[test]
    fn a_faster_rate_that_holds_is_kept() {
        let speeds = Speeds::default();
        speeds.held(&slot(), 115_200, true);
        for _ in 0..GOOD_UNITS {
            speeds.held(&slot(), 115_200, false);
        }
        assert_eq!(speeds.to_try(&slot(), &BAUDS, None), [460_800, 115_200], "one step at a time");
        assert_eq!(speeds.held(&slot(), 460_800, false), Some(460_800));
        assert_eq!(speeds.to_try(&slot(), &BAUDS, None), [460_800, 115_200]);
    }
}
