//! Sees to it that a session reaches the unit that bought it, or waits for the unit's next try.
//!
//! A session is on record before its answer leaves. When nobody waits for the answer any more at that moment (the unit
//! hung up, or was told that the station is busy), a retry with the same code would be refused for a code that bought
//! the unit nothing. So the answer is kept in memory until the same request comes again. That stays "one time":
//! an answer is handed to a connection once, and whoever asks again shows what the first one showed. It stays off the
//! record, and it is the same session, not a second one.
//!
//! An answer that was handed to a connection and lost behind it, or with the station's end, is not given again: nobody
//! can tell whether another unit has read it. The same code, the same body, the same MAC and the same address prove
//! nothing: a copy of the unit's flash shows the first three, and all units behind one router show the last. Were it
//! given again, copy and unit would share one session, both would work, and nothing on record would tell. So that unit
//! gets 409, which is evidence, and is flashed anew with another code.
//!
//! In the same place, under the same turn, lies what a service has granted and the record has not taken yet, so that a
//! code buys at most one session there as well.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use firstpass_contract::ProvisionRequest;
use firstpass_domain::{CodeHash, Mac, RunId, Timestamp};
use firstpass_store::CodeRecord;
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

use super::{IssuedSession, Refusal, draft::Draft};

/// Codes that are looked after at once. Beyond it, answers that wait are given up; their units are flashed anew.
const CODES_MAX: usize = 4096;

/// The codes for which requests are at work or answers wait.
#[derive(Default)]
pub(super) struct Handovers {
    places: Mutex<HashMap<CodeHash, Place>>,
}

type Place = Arc<Turns<Option<Waiting>>>;

/// What is kept for a code.
struct Waiting {
    kept: Kept,
    /// When the code expires.
    expires: Timestamp,
}

enum Kept {
    /// An answer that no connection has taken.
    Issued { request: ProvisionRequest, issued: IssuedSession },
    /// A session that a service granted, and that is not on record yet.
    Unrecorded { request: ProvisionRequest, grant: Grant },
    /// What every further request with this code is told: a service has granted something for it that is of no use.
    Spoilt(Refusal),
}

/// A service's grant. It is not forgotten without a word.
struct Grant {
    run: RunId,
    mac: Mac,
    draft: Option<Draft>,
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(draft) = &self.draft {
            let (run, mac, device) = (self.run, self.mac, &draft.session.device_id);
            tracing::error!(%run, %mac, %device, "the service made a device that no unit will be: no time to record it");
        }
    }
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
        match self.0.as_ref() {
            Some(Waiting { kept: Kept::Issued { request: same, issued }, expires }) => {
                (same == request && now < *expires).then_some(issued)
            }
            Some(Waiting { kept: Kept::Unrecorded { .. } | Kept::Spoilt(_), .. }) | None => None,
        }
    }

    /// Takes the session that a service has granted to this very request and that is not on record.
    pub(super) fn unrecorded(&mut self, request: &ProvisionRequest) -> Option<Draft> {
        match self.0.as_mut().map(|waiting| &mut waiting.kept) {
            Some(Kept::Unrecorded { request: same, grant }) if same == request => grant.draft.take(),
            Some(Kept::Issued { .. } | Kept::Unrecorded { .. } | Kept::Spoilt(_)) | None => None,
        }
    }

    /// Why no request with this code can be granted any more, when that is so.
    pub(super) fn spoilt(&self) -> Option<Refusal> {
        match self.0.as_ref().map(|waiting| &waiting.kept) {
            Some(Kept::Spoilt(refusal)) => Some(refusal.clone()),
            Some(Kept::Issued { .. } | Kept::Unrecorded { .. }) | None => None,
        }
    }

    /// Keeps a session that a service has granted, until the record takes it.
    pub(super) fn park(&mut self, request: ProvisionRequest, code: &CodeRecord, draft: Draft) {
        let grant = Grant { run: code.run, mac: code.mac, draft: Some(draft) };
        *self.0 = Some(Waiting { kept: Kept::Unrecorded { request, grant }, expires: code.expires });
    }

    /// Refuses every further request with this code.
    pub(super) fn spoil(&mut self, refusal: Refusal, expires: Timestamp) {
        *self.0 = Some(Waiting { kept: Kept::Spoilt(refusal), expires });
    }

    /// Takes care of a session that was just issued.
    pub(super) fn keep(mut self, request: ProvisionRequest, issued: IssuedSession, expires: Timestamp) -> Handover {
        *self.0 = Some(Waiting { kept: Kept::Issued { request, issued }, expires });
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
        match self.0.0.take()?.kept {
            Kept::Issued { issued, .. } => Some(issued),
            Kept::Unrecorded { .. } | Kept::Spoilt(_) => None,
        }
    }
}
