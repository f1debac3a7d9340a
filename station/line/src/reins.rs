//! What people tell a slot's worker, and where it stands, so that nobody tells it what does not go with that. Decides
//! nothing about a unit.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use firstpass_domain::{Mac, RunId};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

/// A worker's reins: the worker has one end, the floor the other.
#[derive(Debug)]
pub(crate) struct Reins {
    /// Cancelled: a run in work is cut, and no further one begins.
    pub(crate) now: CancellationToken,
    /// Cancelled: no further run begins. With `now`, this is cancelled too.
    pub(crate) after_unit: CancellationToken,
    seat: Mutex<Seat>,
}

/// Where the worker stands.
#[derive(Debug, Default)]
struct Seat {
    in_work: Option<RunId>,
    waits: Option<Wait>,
}

/// The worker waits, and goes on when a person lets it.
#[derive(Debug)]
struct Wait {
    mac: Option<Mac>,
    go: oneshot::Sender<()>,
}

/// The run in work; `None` in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) in_work: Option<RunId>,
    pub(crate) may_retry: bool,
    pub(crate) stopping: bool,
}

impl Reins {
    /// Reins that a batch's own end pulls as well.
    pub(crate) fn of(token: &CancellationToken) -> Arc<Self> {
        let now = token.child_token();
        let after_unit = now.child_token();
        Arc::new(Self { now, after_unit, seat: Mutex::default() })
    }

    pub(crate) fn standing(&self) -> Standing {
        let seat = self.seat();
        let may_retry = seat.waits.as_ref().is_some_and(|wait| !wait.go.is_closed());
        Standing { in_work: seat.in_work, may_retry, stopping: self.after_unit.is_cancelled() }
    }

    /// Whether a run is in work. Stays so until its verdict is on record.
    pub(crate) fn begins(&self, run: RunId) {
        self.seat().in_work = Some(run);
    }

    pub(crate) fn ended(&self) {
        self.seat().in_work = None;
    }

    /// Waits for a person to say that it goes on with the unit `mac`.
    pub(crate) fn wait(self: &Arc<Self>, mac: Option<Mac>) -> Waiting {
        let (go, said) = oneshot::channel();
        self.seat().waits = Some(Wait { mac, go });
        Waiting { reins: Arc::clone(self), said }
    }

    /// The unit that the worker would go on with, when it waits for a person to say so.
    pub(crate) fn waits_with(&self) -> Option<Option<Mac>> {
        self.seat().waits.as_ref().filter(|wait| !wait.go.is_closed()).map(|wait| wait.mac)
    }

    /// Lets the worker go on; `false` when it waits no more.
    pub(crate) fn go_on(&self) -> bool {
        let wait = self.seat().waits.take();
        wait.is_some_and(|wait| wait.go.send(()).is_ok())
    }

    fn seat(&self) -> MutexGuard<'_, Seat> {
        self.seat.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// While this stands, a person may let the worker go on.
#[derive(Debug)]
pub(crate) struct Waiting {
    reins: Arc<Reins>,
    said: oneshot::Receiver<()>,
}

impl Waiting {
    /// Completes when a person has said so.
    pub(crate) async fn go(&mut self) {
        // The sender goes only with a word, or with this.
        if (&mut self.said).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.reins.seat().waits = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_word_to_go_on_counts_once_and_only_while_it_is_waited_for() {
        let reins = Reins::of(&CancellationToken::new());
        assert!(!reins.go_on(), "nobody waits");
        let mut waiting = reins.wait(None);
        assert_eq!((reins.waits_with(), reins.standing().may_retry), (Some(None), true));
        assert!(reins.go_on());
        waiting.go().await;
        assert!(!reins.go_on(), "it was said");
        drop(waiting);
        drop(reins.wait(None));
        assert!(!reins.go_on(), "it waits no more");
    }

    #[test]
    fn who_stops_at_once_begins_nothing_more_either() {
        let batch = CancellationToken::new();
        let (first, second) = (Reins::of(&batch), Reins::of(&batch));
        first.after_unit.cancel();
        assert!(!first.now.is_cancelled(), "its unit goes on");
        second.now.cancel();
        assert!(second.after_unit.is_cancelled() && !batch.is_cancelled());
        let third = Reins::of(&batch);
        batch.cancel();
        assert!(third.now.is_cancelled() && third.standing().stopping);
    }
}
