//! Sees to it that a session reaches the unit that bought it, or waits for the unit's next try.
//!
//! A session is on record before its answer leaves. When nobody waits for the answer any more at that moment (the unit
//! hung up, or was told that the station is busy), a retry with the same code would be refused for a code that bought
//! the unit nothing. So the answer is kept in memory until the same request comes again. That stays "one time":
//! an answer is handed to a connection once, and whoever asks again shows what the first one showed. It stays off the
//! record, and it is the same session, not a second one.
//!
//! An answer that was handed to a connection and lost behind it, or with the station's end, is not given again: nobody
//! can tell whether another unit has read it. That unit gets 409 and is flashed anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use firstpass_contract::ProvisionRequest;
use firstpass_domain::{CodeHash, Timestamp};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

use super::IssuedSession;

/// Codes that are looked after at once. Beyond it, answers that wait are given up; their units are flashed anew.
const CODES_MAX: usize = 4096;

/// The codes for which requests are at work or answers wait.
#[derive(Default)]
pub(super) struct Handovers {
    places: Mutex<HashMap<CodeHash, Place>>,
}

type Place = Arc<Turns<Option<Waiting>>>;

/// An answer that no connection has taken.
struct Waiting {
    request: ProvisionRequest,
    issued: IssuedSession,
    /// When its code expires.
    expires: Timestamp,
}

/// A request's turn at its code; others with the same code wait until it is dropped.
pub(super) struct Turn(OwnedMutexGuard<Option<Waiting>>);

/// An issued session on its way to a connection. Dropped before that, it waits for the next try.
pub(super) struct Handover(Turn);

impl Handovers {
    /// Waits for the turn.
    pub(super) async fn turn(&self, code: CodeHash, now: Timestamp) -> Turn {
        Turn(self.place(code, now).lock_owned().await)
    }

    fn place(&self, code: CodeHash, now: Timestamp) -> Place {
        // Only whole places are ever put there.
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.retain(|_, place| is_at_work(place) || keeps(place, now));
        if places.len() >= CODES_MAX {
            places.retain(|_, place| is_at_work(place));
        }
        Arc::clone(places.entry(code).or_default())
    }
}

/// Whether a request has it, or waits for it.
fn is_at_work(place: &Place) -> bool {
    Arc::strong_count(place) > 1
}

fn keeps(place: &Place, now: Timestamp) -> bool {
    place.try_lock().is_ok_and(|place| place.as_ref().is_some_and(|waiting| now < waiting.expires))
}

impl Turn {
    /// The session that this very request has bought and not got.
    pub(super) fn waiting(&self, request: &ProvisionRequest, now: Timestamp) -> Option<&IssuedSession> {
        let waiting = self.0.as_ref().filter(|waiting| waiting.request == *request && now < waiting.expires);
        waiting.map(|waiting| &waiting.issued)
    }

    /// Takes care of a session that was just issued.
    pub(super) fn keep(mut self, request: ProvisionRequest, issued: IssuedSession, expires: Timestamp) -> Handover {
        *self.0 = Some(Waiting { request, issued, expires });
        Handover(self)
    }

    /// Gives out what waits, if anything does.
    pub(super) fn again(self) -> Handover {
        Handover(self)
    }
}

impl Handover {
    /// Takes the session, to be handed to a connection at once.
    pub(super) fn deliver(mut self) -> Option<IssuedSession> {
        self.0.0.take().map(|waiting| waiting.issued)
    }
}
