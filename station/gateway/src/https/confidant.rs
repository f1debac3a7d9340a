//! Who hears a run's secrets before its unit does: whoever must know them to keep them out of what the unit prints.
//! Knows no log.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firstpass_contract::{ProvisionResponse, Secret};
use firstpass_domain::RunId;

use super::Provisioner;

/// Hears each secret of a run. Called before anything is answered, so it must not block.
pub type Confidant = Arc<dyn Fn(&Secret) + Send + Sync>;

/// The confidants of the runs in work.
#[derive(Default)]
pub(super) struct Confidants {
    by_run: Mutex<HashMap<RunId, Confidant>>,
}

/// A confidant hears until this is dropped.
#[must_use = "the confidant hears nothing more when this is dropped"]
pub struct Confidence {
    confidants: Arc<Confidants>,
    run: RunId,
}

impl Provisioner {
    /// Lets `confidant` hear every password, token and private key that is made for the run, or granted to it by a
    /// service, before it leaves this station. There is one confidant to a run.
    pub fn confide(&self, run: RunId, confidant: Confidant) -> Confidence {
        self.confidants.lock().insert(run, confidant);
        Confidence { confidants: Arc::clone(&self.confidants), run }
    }
}

impl Confidants {
    /// Tells what is secret in an answer to the run's unit.
    pub(super) fn hear(&self, run: RunId, answer: &ProvisionResponse) {
        // Called without the lock: what a confidant does is its own affair.
        let Some(confidant) = self.lock().get(&run).cloned() else { return };
        let more = [answer.device_http_token.as_ref(), answer.private_key_pem.as_ref()];
        std::iter::once(&answer.mqtt_password).chain(more.into_iter().flatten()).for_each(|secret| confidant(secret));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, Confidant>> {
        // Every change is one insertion or removal.
        self.by_run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Confidence {
    fn drop(&mut self) {
        self.confidants.lock().remove(&self.run);
    }
}
