//! The slots as they are shown right now, and what is sent to the pages that watch them: what has changed within a tick
//! is drawn once for each language and shared by all listeners. Knows no connection and no person.

mod facts;
mod frame;
mod state;

use std::{
    convert::Infallible,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use firstpass_domain::{Language, Mac, SlotId};
use maud::Markup;
use tokio::{
    sync::{
        Notify,
        broadcast::{self, error::RecvError, error::TryRecvError},
    },
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    Services,
    feed::{Feed, FeedEvent},
};
use frame::Frame;
use state::State;

/// Changes within this time of one another are sent together. With the way to the page it stays well below the 200 ms in
/// which a page must show what happened.
const TICK: Duration = Duration::from_millis(100);
/// How often the station says that it is there, and looks for what is over its time.
const BEAT: Duration = Duration::from_secs(1);
/// How many frames a slow page may lag behind before it gets everything anew.
const FRAMES_MAX: usize = 16;

/// The live state of the line page.
pub(crate) struct Live {
    state: Mutex<State>,
    frames: broadcast::Sender<Arc<Frame>>,
    /// How many pages listen in each language.
    readers: Arc<[AtomicUsize; LANGUAGES]>,
    /// The record has to be asked anew.
    stale: Notify,
    /// What the record said has changed what is shown.
    told: Notify,
}

/// How many languages there are.
const LANGUAGES: usize = Language::ALL.len();

/// The place of a language in a frame.
const fn place_of(language: Language) -> usize {
    match language {
        Language::English => 0,
        Language::German => 1,
        Language::SimplifiedChinese => 2,
    }
}

/// A page that listens.
pub(super) struct Listener {
    /// Everything as it stands, with which the stream begins.
    pub(super) full: Bytes,
    frames: broadcast::Receiver<Arc<Frame>>,
    language: Language,
    readers: Arc<[AtomicUsize; LANGUAGES]>,
}

impl Live {
    /// With nothing known yet.
    pub(crate) fn new() -> Self {
        Self {
            state: Mutex::new(State::default()),
            frames: broadcast::channel(FRAMES_MAX).0,
            readers: Arc::default(),
            stale: Notify::new(),
            told: Notify::new(),
        }
    }

    /// Follows the line and the record; never ends.
    pub(crate) async fn run(&self, services: &Services, feed: &Feed) -> Infallible {
        self.state().begin(services.floor.slots());
        tokio::select! {
            never = self.follow(services, feed) => never,
            never = facts::follow(self, services) => never,
        }
    }

    /// Strip and slots, as they stand in a page.
    pub(super) fn page(&self, services: &Services, language: Language) -> Markup {
        let mut state = self.state();
        state.set_plan(services.floor.slots());
        state.all(language, (services.clock)())
    }

    /// Listens from now on: nothing is missing between `full` and the first frame.
    pub(super) fn listen(&self, services: &Services, language: Language) -> Listener {
        let readers = Arc::clone(&self.readers);
        readers[place_of(language)].fetch_add(1, Ordering::Relaxed);
        let mut state = self.state();
        state.set_plan(services.floor.slots());
        let full = frame::full(&state, language, (services.clock)());
        Listener { full, frames: self.frames.subscribe(), language, readers }
    }

    /// The unit that is in a slot, or was the last one.
    pub(super) fn unit_on(&self, slot: &SlotId) -> Option<Mac> {
        self.state().board.slots.get(slot).and_then(|view| view.mac)
    }

    /// The slot on which a unit is, or was the last one.
    pub(super) fn slot_of(&self, mac: Mac) -> Option<SlotId> {
        let state = self.state();
        state.board.slots.iter().find(|(_, view)| view.mac == Some(mac)).map(|(slot, _)| slot.clone())
    }

    async fn follow(&self, services: &Services, feed: &Feed) -> Infallible {
        let following = feed.listen(None);
        self.state().board = following.board;
        let mut coming = following.coming;
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut sent = Instant::now();
        loop {
            let beats = tokio::select! {
                event = coming.recv() => { self.take(event, feed); false }
                () = self.told.notified() => false,
                _ = beat.tick() => true,
            };
            // What follows within the tick goes with it.
            sleep_until(sent + TICK).await;
            loop {
                match coming.try_recv() {
                    Ok(event) => self.take(Ok(event), feed),
                    Err(TryRecvError::Lagged(skipped)) => self.take(Err(RecvError::Lagged(skipped)), feed),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            sent = Instant::now();
            self.send(services, beats);
        }
    }

    fn take(&self, event: Result<Arc<FeedEvent>, RecvError>, feed: &Feed) {
        match event {
            Ok(event) => {
                if self.state().take(&event.event) {
                    self.stale.notify_one();
                }
            }
            Err(RecvError::Lagged(skipped)) => {
                tracing::warn!(skipped, "the line page missed events, and is drawn anew");
                self.state().start_over(feed.board());
            }
            // The feed lives as long as the server.
            Err(RecvError::Closed) => {}
        }
    }

    /// Sends what has changed to whoever listens.
    fn send(&self, services: &Services, beats: bool) {
        let now = (services.clock)();
        let mut state = self.state();
        if beats || state.plan_stale {
            state.set_plan(services.floor.slots());
        }
        if beats {
            state.look_at_the_clock(now);
        }
        let read = |language| self.readers[place_of(language)].load(Ordering::Relaxed) > 0;
        let frame = Frame::of(&mut state, now, beats, read);
        // Sent under the lock, so that whoever begins to listen misses nothing; nobody listening is no error.
        if let Some(frame) = frame {
            let _ = self.frames.send(Arc::new(frame));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listener {
    /// What comes next. A page that lags too far behind gets everything as it stands.
    pub(super) async fn next(&mut self, live: &Live, services: &Services) -> Bytes {
        loop {
            match self.frames.recv().await {
                Ok(frame) => {
                    if let Some(text) = frame.text(self.language) {
                        return text;
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    let state = live.state();
                    self.frames = live.frames.subscribe();
                    return frame::full(&state, self.language, (services.clock)());
                }
                // The line lives as long as the server.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.readers[place_of(self.language)].fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
