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

impl Goal {
    /// Passes that it wants at most.
    const fn passes(self) -> u32 {
        match self {
            Self::Passes(wanted) => wanted,
            Self::OncePerSlot | Self::Endless => u32::MAX,
        }
    }
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
    counts: Mutex<Counts>,
    changed: watch::Sender<Counts>,
}

/// What there is, and how many passes of this process are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    tally: Tally,
    wanted: u32,
    halted: bool,
}

impl BatchCounter {
    pub(crate) fn new(goal: Goal) -> Self {
        let counts = Counts { tally: Tally::default(), wanted: goal.passes(), halted: false };
        Self { goal, counts: Mutex::new(counts), changed: watch::Sender::new(counts) }
    }

    pub(crate) const fn goal(&self) -> Goal {
        self.goal
    }

    #[cfg(test)]
    pub(crate) fn tally(&self) -> Tally {
        self.changed.borrow().tally
    }

    /// Passes of this process so far.
    pub(crate) fn passed(&self) -> u32 {
        self.changed.borrow().tally.passed
    }

    /// The batch wants `passes` of this process in all by its quantity. That bounds what is begun; whether the batch is
    /// over is for its gate to say, because the record may know of passes that are not counted here yet.
    pub(crate) fn want(&self, passes: u32) {
        let goal = self.goal.passes();
        self.update(|counts| counts.wanted = passes.min(goal));
    }

    /// No slot needs to wait for another unit, whatever the goal.
    pub(crate) fn halt(&self) {
        self.update(|counts| counts.halted = true);
    }

    /// Whether the goal's own passes are there, or it was given up.
    pub(crate) fn is_reached(&self) -> bool {
        let counts = *self.changed.borrow();
        let goal = self.goal.passes();
        counts.halted || (goal < u32::MAX && counts.tally.passed >= goal)
    }

    /// Takes a place for one more run; `None` while the runs in work may reach the goal by themselves.
    pub(crate) fn try_begin(&self) -> Option<Place<'_>> {
        let open = self.update(|counts| {
            let open = !counts.halted && counts.tally.passed.saturating_add(counts.tally.in_work) < counts.wanted;
            counts.tally.in_work += u32::from(open);
            open
        });
        // Lazily: a place that is made and dropped would give back what was never taken.
        open.then(|| Place { counter: self, ended: false })
    }

    /// Tells of changes.
    pub(crate) fn changes(&self) -> Changes {
        Changes(self.changed.subscribe())
    }

    fn update<T>(&self, change: impl FnOnce(&mut Counts) -> T) -> T {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut counts);
        self.changed.send_if_modified(|told| std::mem::replace(told, *counts) != *counts);
        result
    }
}

/// Tells when a count has changed.
#[derive(Debug)]
pub(crate) struct Changes(watch::Receiver<Counts>);

impl Changes {
    /// Completes when a count has changed since the last time.
    pub(crate) async fn next(&mut self) {
        // The sender outlives every slot; were it gone, nothing would change any more.
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
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
        self.counter.update(|Counts { tally, .. }| {
            tally.in_work -= 1;
            if passed { tally.passed += 1 } else { tally.failed += 1 }
        });
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.ended {
            self.counter.update(|counts| counts.tally.in_work -= 1);
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

    #[test]
    fn a_quantity_bounds_what_is_begun_and_never_widens_a_goal() {
        let endless = BatchCounter::new(Goal::Endless);
        endless.want(1);
        endless.try_begin().unwrap().end(true);
        assert!(endless.try_begin().is_none());
        assert!(!endless.is_reached(), "an order is over when the gate says so");
        let two = BatchCounter::new(Goal::Passes(2));
        two.want(10);
        two.try_begin().unwrap().end(true);
        two.try_begin().unwrap().end(true);
        assert!(two.is_reached());
    }

    #[test]
    fn a_batch_that_is_given_up_begins_nothing_more() {
        let counter = BatchCounter::new(Goal::Passes(2));
        counter.halt();
        assert!(counter.is_reached() && counter.try_begin().is_none());
    }
}
