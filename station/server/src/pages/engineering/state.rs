//! What the engineer's pages keep between requests: golden checks under way, what was read of images, the last list of
//! revoked certificates. All of it can be lost without harm.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use firstpass_authority::Crl;
use firstpass_device::image::ImageReport;
use firstpass_domain::{Problem, Sha256Digest, SlotId, Timestamp};

/// Most images whose reports are kept.
const REPORTS_MAX: usize = 512;

/// Kept between requests.
#[derive(Debug, Default)]
pub(crate) struct State {
    checks: Mutex<BTreeMap<SlotId, Check>>,
    reports: Mutex<BTreeMap<Sha256Digest, ImageReport>>,
    /// Held while a list is made, so that many who ask at once make one.
    pub(super) list: tokio::sync::Mutex<Option<Listed>>,
}

/// A golden unit's check on a slot, as a person began it.
#[derive(Debug, Clone)]
pub(super) struct Check {
    /// When.
    pub(super) began: Timestamp,
    /// How it came out; `None` while it is under way.
    pub(super) ended: Option<Result<Option<Problem>, Problem>>,
}

/// A list of revoked certificates, and when it was made.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) at: Timestamp,
    pub(super) list: Crl,
}

impl State {
    /// The checks since the server started, one for each slot.
    pub(super) fn checks(&self) -> MutexGuard<'_, BTreeMap<SlotId, Check>> {
        self.checks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was read of an image.
    pub(super) fn report(&self, hash: Sha256Digest) -> Option<ImageReport> {
        self.reports.lock().unwrap_or_else(PoisonError::into_inner).get(&hash).cloned()
    }

    /// Keeps what was read of an image.
    pub(super) fn keep_report(&self, hash: Sha256Digest, report: ImageReport) {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        if reports.len() >= REPORTS_MAX {
            reports.pop_first();
        }
        reports.insert(hash, report);
    }
}
