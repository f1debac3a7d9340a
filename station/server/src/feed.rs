//! What has just happened on the slots: numbered, so that a listener who lost the connection goes on where it was, and
//! folded into the board.

mod seats;

use std::{
    collections::VecDeque,
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firstpass_domain::Timestamp;
use firstpass_line::{board::Board, event::LineEvent};
use tokio::sync::broadcast::{self, error::RecvError};

use crate::access::Principal;
use seats::Seats;
pub(crate) use seats::{NoSeat, Seat};

/// How many events are kept for those who come back.
const KEPT_MAX: usize = 8192;
/// How many events a slow listener may lag behind before it must ask again.
const LAG_MAX: usize = 4096;

/// One event with its number.
#[derive(Debug, Clone)]
pub(crate) struct FeedEvent {
    /// Counts up from the microsecond in which the server started, so that no later life of it repeats a number.
    pub(crate) id: u64,
    /// What happened.
    pub(crate) event: LineEvent,
}

/// The events since the server started, as far as they are kept, and the board that they make.
pub(crate) struct Feed {
    kept: Mutex<Kept>,
    sender: broadcast::Sender<Arc<FeedEvent>>,
    seats: Arc<Seats>,
}

struct Kept {
    next: u64,
    events: VecDeque<Arc<FeedEvent>>,
    board: Board,
}

/// The listener's last event is not kept any more, or is from another life of the server: it must ask anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gap;

/// What has happened and what will: no event is missing between the two.
pub(crate) struct Following {
    /// The board with everything in `missed` and before.
    pub(crate) board: Board,
    /// Number of the last event in `board`.
    pub(crate) last: u64,
    /// What the listener has missed.
    pub(crate) missed: Result<Vec<Arc<FeedEvent>>, Gap>,
    /// What comes.
    pub(crate) coming: broadcast::Receiver<Arc<FeedEvent>>,
}

impl Feed {
    pub(crate) fn new(now: Timestamp) -> Self {
        let next = u64::try_from(now.as_micros()).unwrap_or_default() + 1;
        let kept = Kept { next, events: VecDeque::new(), board: Board::default() };
        Self { kept: Mutex::new(kept), sender: broadcast::channel(LAG_MAX).0, seats: Arc::default() }
    }

    /// The slots as they stand.
    pub(crate) fn board(&self) -> Board {
        self.kept().board.clone()
    }

    /// A place for somebody to listen from.
    pub(crate) fn seat(&self, person: &Principal) -> Result<Seat, NoSeat> {
        self.seats.take(person)
    }

    /// How many listen.
    pub(crate) fn listeners(&self) -> usize {
        self.seats.count()
    }

    /// Listens from the event after `last` on; without it, from now on.
    pub(crate) fn listen(&self, last: Option<u64>) -> Following {
        let kept = self.kept();
        let missed = match last {
            None => Ok(Vec::new()),
            Some(last) => kept.after(last),
        };
        Following { board: kept.board.clone(), last: kept.next - 1, missed, coming: self.sender.subscribe() }
    }

    /// Takes the line's events; never ends.
    pub(crate) async fn follow(&self, mut events: broadcast::Receiver<LineEvent>) -> Infallible {
        loop {
            match events.recv().await {
                Ok(event) => self.take(event),
                Err(RecvError::Lagged(skipped)) => tracing::warn!(skipped, "the board missed events"),
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    fn take(&self, event: LineEvent) {
        let mut kept = self.kept();
        kept.board.apply(&event);
        let numbered = Arc::new(FeedEvent { id: kept.next, event });
        kept.next += 1;
        if kept.events.len() == KEPT_MAX {
            kept.events.pop_front();
        }
        kept.events.push_back(Arc::clone(&numbered));
        // Nobody listening is no error. Sent under the lock, so that the numbers come in order.
        let _ = self.sender.send(numbered);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn after(&self, last: u64) -> Result<Vec<Arc<FeedEvent>>, Gap> {
        let oldest = self.events.front().map_or(self.next, |event| event.id);
        if last.saturating_add(1) < oldest || last >= self.next {
            return Err(Gap);
        }
        Ok(self.events.iter().filter(|event| event.id > last).cloned().collect())
    }
}
