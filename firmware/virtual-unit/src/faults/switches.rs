//! Which faults of a unit are switched on. Knows no fault by name.

use std::sync::{Arc, Mutex, MutexGuard};

use super::Fault;

/// The faults of one unit that are switched on. Clones share them, so a change is seen at once.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Vec<Fault>>>);

impl Faults {
    /// Switches on all of `faults`.
    #[must_use]
    pub fn new(faults: impl IntoIterator<Item = Fault>) -> Self {
        let handle = Self::default();
        faults.into_iter().for_each(|fault| handle.set(fault));
        handle
    }

    /// Switches `fault` on; one of the same kind is replaced.
    pub fn set(&self, fault: Fault) {
        let mut faults = self.lock();
        faults.retain(|other| std::mem::discriminant(other) != std::mem::discriminant(&fault));
        faults.push(fault);
    }

    /// Switches everything off.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// What is switched on.
    #[must_use]
    pub fn list(&self) -> Vec<Fault> {
        self.lock().clone()
    }

    /// Whether exactly `fault` is switched on: `faults.is_on(&Fault::NoNetwork)`.
    #[must_use]
    pub fn is_on(&self, fault: &Fault) -> bool {
        self.lock().contains(fault)
    }

    /// Looks for a fault with a value: `faults.find(|fault| if let Fault::Vanish { bytes } = fault { … })`.
    pub fn find<T>(&self, pick: impl FnMut(&Fault) -> Option<T>) -> Option<T> {
        self.lock().iter().find_map(pick)
    }

    /// Lowers the counter of each fault that waits for an event, and returns those that fire and are thereby used up.
    pub(crate) fn count(&self, mut step: impl FnMut(&mut Fault) -> bool) -> Vec<Fault> {
        self.lock().extract_if(.., |fault| step(fault)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().expect("no holder of this lock panics")
    }
}
