//! Tells the code that runs on a unit that its power or its reset line has gone. Knows no chip and no thread.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// A flag that is set once, when the unit is reset or powered off, and never cleared: every boot has its own.
#[derive(Clone, Default)]
pub struct StopToken(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    stopped: bool,
    hooks: Vec<Box<dyn FnOnce() + Send>>,
}

impl StopToken {
    /// A token that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether the unit has been reset or powered off.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.lock().stopped
    }

    /// Sleeps for at most `duration`; returns early, with `true`, when the unit is stopped.
    #[must_use]
    pub fn wait(&self, duration: Duration) -> bool {
        let deadline = Instant::now() + duration;
        let mut state = self.lock();
        while !state.stopped {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return false };
            state = self.0.changed.wait_timeout(state, left).expect("no holder of this lock panics").0;
        }
        true
    }

    /// Runs `hook` when the unit is stopped (at once if it already is). It must be short: it can close a socket
    /// or notify a runtime, so that a blocked read ends without being polled.
    pub fn on_stop(&self, hook: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        if state.stopped {
            drop(state);
            hook();
        } else {
            state.hooks.push(Box::new(hook));
        }
    }

    /// Sets the flag, wakes every sleeper and runs the hooks.
    pub fn stop(&self) {
        let mut state = self.lock();
        state.stopped = true;
        let hooks = std::mem::take(&mut state.hooks);
        drop(state);
        self.0.changed.notify_all();
        hooks.into_iter().for_each(|hook| hook());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().expect("no holder of this lock panics")
    }
}

impl fmt::Debug for StopToken {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("StopToken").field(&self.is_stopped()).finish()
    }
}
