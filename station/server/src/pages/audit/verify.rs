//! Verifies the whole audit log while a page looks on: one page of entries in memory, one walk at a time, and none
//! without a listener.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use firstpass_domain::{
    AuditEntry, Sha256Digest,
    audit::{ChainError, ChainVerifier},
};
use firstpass_line::replay::{AuditPages, cause};
use firstpass_store::StoreError;
use serde::{Deserialize, Serialize};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;

use crate::{
    AppState,
    extract::Query,
    problem::{Answer, HttpProblem},
};

/// Messages that wait for the page.
const MESSAGES_MAX: usize = 4;
/// How often the page is told how far the walk came.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// The place for the one verification at a time.
pub(crate) struct Verifications(Arc<Semaphore>);

impl Default for Verifications {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Verifications {
    fn enter(&self) -> Answer<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            let (what, why) = ("The log is being verified already.", "One verification runs at a time.");
            let remedy = "Wait for its end, then try again.";
            HttpProblem::new(StatusCode::CONFLICT, "verification_busy", what, why, remedy)
        })
    }
}

/// An entry that the auditor knows from earlier.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KnownQuery {
    seq: String,
    hash: String,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    seq: i64,
    hash: Sha256Digest,
}

impl KnownQuery {
    fn parse(&self) -> Answer<Option<Known>> {
        let (seq, hash) = (self.seq.trim(), self.hash.trim());
        if seq.is_empty() && hash.is_empty() {
            return Ok(None);
        }
        let wrong = |why: &str| {
            let remedy = "Give position and hash (64 hexadecimal digits) of the entry, or neither.";
            HttpProblem::bad_request("known_entry_wrong", why, remedy)
        };
        let seq = seq.parse().map_err(|_| wrong("The position of the known entry is no number."))?;
        let hash = hash.parse().map_err(|_| wrong("The hash of the known entry is none."))?;
        Ok(Some(Known { seq, hash }))
    }
}

/// What the page is told. Names are promises.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Told {
    /// How far it came.
    Progress { checked: i64, last: i64 },
    /// Everything is right.
    Intact { checked: i64, head: Sha256Digest, known: Option<bool> },
    /// The first entry that is not.
    Broken { seq: i64, checked: i64, head: Sha256Digest, why: String },
    /// The record could not be read any further.
    Failed { checked: i64, why: String },
}

pub(super) async fn verify(State(app): State<AppState>, Query(known): Query<KnownQuery>) -> Answer<Response> {
    let known = known.parse()?;
    let place = app.verifications.enter()?;
    let last = app.services.store.audit_head().await?.map_or(0, |(seq, _)| seq);
    let (sender, receiver) = mpsc::channel(MESSAGES_MAX);
    tokio::spawn(async move {
        let walk =
            Walk { app: &app, verifier: ChainVerifier::new(), known, known_is_there: None, last, sender: &sender };
        tokio::select! {
            () = walk.run() => {}
            // The page was closed, or the server stops: nobody waits for the result.
            () = sender.closed() => {}
            () = app.stopping.cancelled() => {}
        }
        drop(place);
    });
    let events = tokio_stream::StreamExt::map(ReceiverStream::new(receiver), |told: Told| {
        Ok::<_, Infallible>(Event::default().json_data(told).unwrap_or_default())
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()).into_response())
}

/// A walk through the log, up to the entry that was the last when it began.
struct Walk<'a> {
    app: &'a AppState,
    verifier: ChainVerifier,
    known: Option<Known>,
    known_is_there: Option<bool>,
    last: i64,
    sender: &'a mpsc::Sender<Told>,
}

impl Walk<'_> {
    async fn run(mut self) {
        let told = match self.walk().await {
            Ok(None) => self.intact(),
            Ok(Some((seq, why))) => self.broken(seq, why),
            // An entry that cannot even be read was changed, too.
            Err(error @ StoreError::Corrupt { .. }) => {
                let seq = self.verifier.checked() + 1;
                self.broken(seq, format!("entry {seq} cannot be read: {}", cause(&error)))
            }
            Err(error) => {
                Told::Failed { checked: self.verifier.checked(), why: format!("{error}. {}", error.remedy()) }
            }
        };
        // When the page is gone, nobody is to be told.
        let _ = self.sender.send(told).await;
    }

    /// Checks entry by entry; returns position and reason when one is wrong.
    async fn walk(&mut self) -> Result<Option<(i64, String)>, StoreError> {
        let mut pages = AuditPages::new();
        let mut tell = tokio::time::interval(TELL_EVERY);
        while let Some(page) = pages.next(self.app.services.store.as_ref()).await? {
            let last = self.last;
            for entry in page.iter().take_while(|entry| entry.seq <= last) {
                if let Err(error) = self.check(entry) {
                    return Ok(Some((position(&error), error.to_string())));
                }
            }
            if page.last().is_none_or(|entry| entry.seq >= self.last) {
                break;
            }
            tokio::select! {
                biased;
                _ = tell.tick() => self.tell().await,
                () = tokio::task::yield_now() => {}
            }
        }
        Ok(self.cut_off())
    }

    fn check(&mut self, entry: &AuditEntry) -> Result<(), ChainError> {
        self.verifier.check(entry)?;
        if let Some(known) = self.known.filter(|known| known.seq == entry.seq) {
            self.known_is_there = Some(known.hash == entry.hash);
        }
        Ok(())
    }

    /// Entries that were there when the walk began must still be.
    fn cut_off(&self) -> Option<(i64, String)> {
        let checked = self.verifier.checked();
        (checked < self.last)
            .then(|| (checked + 1, format!("entry {} is missing: the log ends before it", checked + 1)))
    }

    async fn tell(&self) {
        let _ = self.sender.send(Told::Progress { checked: self.verifier.checked(), last: self.last }).await;
    }

    fn intact(&self) -> Told {
        let (checked, head) = (self.verifier.checked(), self.verifier.head());
        Told::Intact { checked, head, known: self.known.map(|_| self.known_is_there.unwrap_or(false)) }
    }

    fn broken(&self, seq: i64, why: String) -> Told {
        Told::Broken { seq, checked: self.verifier.checked(), head: self.verifier.head(), why }
    }
}

const fn position(error: &ChainError) -> i64 {
    match error {
        ChainError::Gap { expected, .. } => *expected,
        ChainError::Unlinked { seq } | ChainError::Changed { seq } => *seq,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_verification_runs_at_a_time() {
        let places = Verifications::default();
        let first = places.enter().unwrap();
        assert_eq!(places.enter().unwrap_err().status, StatusCode::CONFLICT);
        drop(first);
        assert!(places.enter().is_ok());
    }
}
