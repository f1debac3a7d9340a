//! How many units a batch still wants. Knows no unit by name.

use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use tokio::sync::watch;

/// When a batch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// After this many passes.
    Passes(u32),
    /// After one run on every slot.
    OncePerSlot,
    /// Never by itself.
    Endless,
}

/// Counts of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Runs that passed.
    pub passed: u32,
    /// Runs that failed.
    pub failed: u32,
    /// Runs in work.
    pub in_work: u32,
}

/// The batch in work, shared by all slots.
#[derive(Debug)]
pub(crate) struct BatchCounter {
    goal: Goal,
    tally: Mutex<Tally>,
    changed: watch::Sender<Tally>,
}

impl BatchCounter {
    pub(crate) fn new(goal: Goal) -> Self {
        Self { goal, tally: Mutex::default(), changed: watch::Sender::new(Tally::default()) }
    }

    pub(crate) const fn goal(&self) -> Goal {
        self.goal
    }

    pub(crate) fn tally(&self) -> Tally {
        *self.changed.borrow()
    }

    /// Whether the goal is reached, so that no slot needs to wait for another unit.
    pub(crate) fn is_reached(&self) -> bool {
        matches!(self.goal, Goal::Passes(wanted) if self.tally().passed >= wanted)
    }

    /// Takes a place for one more run; `None` while the runs in work may reach the goal by themselves.
    pub(crate) fn try_begin(&self) -> Option<Place<'_>> {
        let wanted = match self.goal {
            Goal::Passes(wanted) => wanted,
            Goal::OncePerSlot | Goal::Endless => u32::MAX,
        };
        let open = self.update(|tally| {
            let open = tally.passed.saturating_add(tally.in_work) < wanted;
            tally.in_work += u32::from(open);
            open
        });
        // Lazily: a place that is made and dropped would give back what was never taken.
        open.then(|| Place { counter: self, ended: false })
    }

    /// Completes when the tally changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Tally> {
        self.changed.subscribe()
    }

    fn update<T>(&self, change: impl FnOnce(&mut Tally) -> T) -> T {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut tally);
        self.changed.send_replace(*tally);
        result
    }
}

/// A run's place in the batch; dropping it without a verdict gives the place back.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    counter: &'a BatchCounter,
    ended: bool,
}

impl Place<'_> {
    /// The run ended with a verdict on record.
    pub(crate) fn end(mut self, passed: bool) {
        self.ended = true;
        self.counter.update(|tally| {
            tally.in_work -= 1;
            if passed { tally.passed += 1 } else { tally.failed += 1 }
        });
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.counter.update(|tally| tally.in_work -= 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_runs_begin_than_passes_are_wanted() {
        let counter = BatchCounter::new(Goal::Passes(2));
        let first = counter.try_begin().unwrap();
        let second = counter.try_begin().unwrap();
        assert!(counter.try_begin().is_none());
        first.end(true);
        assert!(counter.try_begin().is_none());
        second.end(false);
        counter.try_begin().unwrap().end(true);
        assert!(counter.is_reached());
        assert_eq!(counter.tally(), Tally { passed: 2, failed: 1, in_work: 0 });
    }

    #[test]
    fn a_run_without_verdict_gives_its_place_back() {
        let counter = BatchCounter::new(Goal::Passes(1));
        drop(counter.try_begin().unwrap());
        assert!(counter.try_begin().is_some());
    }
}
