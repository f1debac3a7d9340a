//! What an app says when it runs without a wire: a console whose text is kept, for tests and tools.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, OnceLock, Weak};
use std::time::{Duration, Instant};

use crate::console::{Console, Fifo};
use crate::{BootClock, StopToken};

/// The text of a console. Clones share it.
#[derive(Clone, Default)]
pub struct Transcript(Arc<Shared>);

#[derive(Default)]
struct Shared {
    text: Mutex<Vec<u8>>,
    grown: Condvar,
}

impl Transcript {
    /// A console whose text goes here, at once and whole.
    #[must_use]
    pub fn console(&self, clock: BootClock, stop: StopToken) -> Console {
        let fifo: Arc<OnceLock<Weak<Fifo>>> = Arc::default();
        let (source, transcript) = (Arc::clone(&fifo), self.clone());
        let made = Fifo::new(move || {
            if let Some(fifo) = source.get().and_then(Weak::upgrade) {
                transcript.push(&fifo.take(usize::MAX));
            }
        });
        fifo.get_or_init(|| Arc::downgrade(&made));
        Console::new(made, clock, stop)
    }

    /// The text so far.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.text.lock().expect("no holder of this lock panics")).into_owned()
    }

    /// Waits until `needle` is in the text; `false` when `limit` has passed without it.
    #[must_use]
    pub fn wait_for(&self, needle: &str, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut text = self.0.text.lock().expect("no holder of this lock panics");
        while !String::from_utf8_lossy(&text).contains(needle) {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return false };
            text = self.0.grown.wait_timeout(text, left).expect("no holder of this lock panics").0;
        }
        true
    }

    fn push(&self, bytes: &[u8]) {
        self.0.text.lock().expect("no holder of this lock panics").extend_from_slice(bytes);
        self.0.grown.notify_all();
    }
}

impl fmt::Debug for Transcript {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Transcript").field(&self.text()).finish()
    }
}
