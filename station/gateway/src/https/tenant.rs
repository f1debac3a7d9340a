//! Which workspace a run's unit belongs to: several recipes may be worked by at a time. Knows no recipe.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use firstpass_domain::{Mac, RunId};
use uuid::Uuid;

use super::{
    Provisioner,
    draft::{CertificateWish, Draft, FirmwareOffer, SessionError, Workspace},
};

/// The workspaces of the runs in work.
#[derive(Default)]
pub(super) struct Tenants {
    by_run: Mutex<HashMap<RunId, (Uuid, String)>>,
}

/// A run's unit belongs to its workspace until this is dropped.
#[must_use = "the run's unit belongs to the station's own workspace when this is dropped"]
pub struct Tenancy {
    tenants: Arc<Tenants>,
    run: RunId,
}

impl Provisioner {
    /// Lets the run's unit belong to the workspace `id`, whose part of topics is `slug`, instead of the station's own.
    pub fn house(&self, run: RunId, id: Uuid, slug: &str) -> Tenancy {
        self.tenants.lock().insert(run, (id, slug.to_owned()));
        Tenancy { tenants: Arc::clone(&self.tenants), run }
    }

    /// Fails when sessions of such a workspace would not fit a unit's buffers.
    pub fn check_workspace(&self, id: Uuid, slug: &str) -> Result<(), SessionError> {
        let workspace = Workspace { id, slug: slug.to_owned(), ..self.workspace.clone() };
        let (mac, longest) = (Mac::new([0; 6]), FirmwareOffer::longest());
        let now = (self.clock)();
        Draft::make(&workspace, &self.authority, mac, CertificateWish::FreshKey, Some(&longest), now).map(drop)
    }

    /// The workspace of a run's unit.
    pub(super) fn workspace_of(&self, run: RunId) -> Workspace {
        match self.tenants.lock().get(&run).cloned() {
            Some((id, slug)) => Workspace { id, slug, ..self.workspace.clone() },
            None => self.workspace.clone(),
        }
    }
}

impl Tenants {
    fn lock(&self) -> MutexGuard<'_, HashMap<RunId, (Uuid, String)>> {
        // Every change is one insertion or removal.
        self.by_run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Tenancy {
    fn drop(&mut self) {
        self.tenants.lock().remove(&self.run);
    }
}
