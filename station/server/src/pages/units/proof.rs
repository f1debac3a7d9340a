//! What the runs of a unit have left of it: whether it is as good as its newest pass says, and by which credentials and
//! firmware it lives. Asks the record only; certificates and labels say what is found here.
//!
//! A run that is not the pass, a repair of credentials or a golden unit's check, leaves how a unit stands as it was. It
//! does write to the unit, so that a pass counts only for what no later run has touched or has proved anew.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use firstpass_domain::{
    Fact, Injection, Policy, Run, RunId, RunState, Sha256Digest, Timestamp,
    policy::{AppPolicy, FieldPolicy, NVS_REGION, OtaPolicy, RegionPolicy},
};
use firstpass_store::{CertificateRecord, HoldKind, RunDetail, SessionRecord, Standing, Store, StoreError, UnitDetail};

use crate::pages::when::utc;

/// A unit that is good.
pub(crate) struct Proof {
    /// The newest run that tested it, and passed.
    pub(crate) pass: RunDetail,
    /// The run in which it proved its credentials since, when the pass is not what they come from.
    pub(crate) repair: Option<RunDetail>,
    /// What it lives by.
    pub(crate) credentials: Option<Credentials>,
}

/// A session that may log in, and what was issued with it.
pub(crate) struct Credentials {
    pub(crate) session: SessionRecord,
    pub(crate) certificate: Option<CertificateRecord>,
}

/// Why a unit is not good, or may not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// A run of it is under way.
    InWork(RunId),
    /// A person or a rule set it aside.
    Held { kind: HoldKind, since: Timestamp, reason: String },
    /// Its newest test failed.
    Failed,
    /// No run has passed it.
    Untested,
    /// A run that is not the pass failed after it, and no later one has proved anew what that one wrote.
    Spoilt(RunId),
    /// A run that is not the pass wrote other firmware after it.
    Rewritten(RunId),
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InWork(run) => write!(f, "it is in work: run {run} has not ended"),
            Self::Held { kind: HoldKind::Quarantined, since, reason } => {
                write!(f, "it is in quarantine since {}: {reason}", utc(*since))
            }
            Self::Held { kind: HoldKind::Scrapped, since, reason } => {
                write!(f, "it is scrapped since {}: {reason}", utc(*since))
            }
            Self::Failed => f.write_str("its newest test failed"),
            Self::Untested => f.write_str("no run of it has passed"),
            Self::Spoilt(run) => write!(f, "run {run} failed after the pass and may have changed the unit"),
            Self::Rewritten(run) => write!(f, "run {run} wrote other firmware than what passed"),
        }
    }
}

/// Whether a unit is good, and by what.
pub(crate) async fn proof(store: &dyn Store, unit: &UnitDetail) -> Result<Result<Box<Proof>, Doubt>, StoreError> {
    let (pass, later) = match pass_of(unit) {
        Ok(found) => found,
        Err(doubt) => return Ok(Err(doubt)),
    };
    let Some(pass) = store.run(pass.id).await? else { return Ok(Err(Doubt::Untested)) };
    if let Some(doubt) = spoilt(store, &pass, &later).await? {
        return Ok(Err(doubt));
    }
    let repair = match later.first() {
        Some(newest) => store.run(newest.id).await?,
        None => None,
    };
    let credentials = credentials_of(unit, repair.as_ref().unwrap_or(&pass));
    Ok(Ok(Box::new(Proof { pass, repair, credentials })))
}

/// What a unit has of the credentials of its newest run, good or not: nothing, when those were revoked.
pub(crate) async fn credentials(store: &dyn Store, unit: &UnitDetail) -> Result<Option<Credentials>, StoreError> {
    let Some(newest) = admitted(unit).next() else { return Ok(None) };
    let detail = store.run(newest.id).await?;
    Ok(detail.and_then(|detail| credentials_of(unit, &detail)))
}

/// The newest run that tested a unit to its end.
pub(crate) fn tested(unit: &UnitDetail) -> Option<&Run> {
    admitted(unit).find(|run| run.ended.is_some() && !run.repair)
}

/// The app that a run leaves its unit with: what was flashed last, or what the unit was updated to.
pub(crate) fn final_app(run: &RunDetail) -> Option<AppPolicy> {
    if let Some(field) = &run.policy.field {
        return field.app.clone();
    }
    if let Some(ota) = update(run) {
        return Some(ota.app.clone());
    }
    let app = run.policy.app.as_ref()?;
    let own = run.evidence.iter().rev().find_map(|seen| match &seen.fact {
        Fact::Prepared { app, .. } => app.as_ref().map(|own| own.app_sha256),
        _ => None,
    });
    Some(AppPolicy { version: app.version.clone(), sha256: own.unwrap_or(app.sha256) })
}

/// The update that a run brings its unit: only one that provisions itself is offered any.
pub(crate) fn update(run: &RunDetail) -> Option<&OtaPolicy> {
    let on_behalf = run.evidence.iter().rev().find_map(|seen| match &seen.fact {
        Fact::ProvisionAccepted { on_behalf, .. } => Some(*on_behalf),
        Fact::SessionKept { .. } => Some(true),
        _ => None,
    });
    run.policy.ota.as_ref().filter(|_| on_behalf != Some(true))
}

/// Runs that the rules let go on, newest first. One that they refused left the unit as it was.
fn admitted(unit: &UnitDetail) -> impl Iterator<Item = &Run> {
    let refused: BTreeSet<RunId> = unit.refused.iter().copied().collect();
    unit.runs.iter().rev().filter(move |run| !refused.contains(&run.id))
}

/// The newest pass and the runs after it, newest first, of a unit of which nothing on record stands against it.
fn pass_of(unit: &UnitDetail) -> Result<(&Run, Vec<&Run>), Doubt> {
    if let Some(open) = unit.runs.iter().rev().find(|run| run.state == RunState::Open) {
        return Err(Doubt::InWork(open.id));
    }
    if let Some(hold) = &unit.hold {
        return Err(Doubt::Held { kind: hold.kind, since: hold.since, reason: hold.reason.clone() });
    }
    match unit.summary.standing {
        Some(Standing::Passed) => {}
        Some(Standing::Failed | Standing::Quarantined | Standing::Scrapped) => return Err(Doubt::Failed),
        None => return Err(Doubt::Untested),
    }
    let mut later = Vec::new();
    for run in admitted(unit) {
        match run.state {
            RunState::Passed if !run.repair => return Ok((run, later)),
            RunState::Failed { .. } if !run.repair => return Err(Doubt::Failed),
            RunState::Open | RunState::Passed | RunState::Failed { .. } => later.push(run),
        }
    }
    Err(Doubt::Untested)
}

/// What runs after a pass (newest first) have made of the unit: the newest must have passed, and so must the newest that
/// wrote firmware, which must be what the pass proved.
async fn spoilt(store: &dyn Store, pass: &RunDetail, later: &[&Run]) -> Result<Option<Doubt>, StoreError> {
    if let Some(newest) = later.first().filter(|newest| newest.state != RunState::Passed) {
        return Ok(Some(Doubt::Spoilt(newest.id)));
    }
    // A unit has many runs by few recipes.
    let mut writes: HashMap<Sha256Digest, Writes> = HashMap::new();
    for run in later {
        let what = match writes.get(&run.recipe) {
            Some(what) => *what,
            None => {
                let what = Writes::of(store, run.recipe, pass).await?;
                writes.insert(run.recipe, what);
                what
            }
        };
        match (what, run.state) {
            (Writes::Credentials, _) => {}
            (Writes::Same, RunState::Passed) => return Ok(None),
            (Writes::Other, RunState::Passed) => return Ok(Some(Doubt::Rewritten(run.id))),
            (Writes::Same | Writes::Other, RunState::Open | RunState::Failed { .. }) => {
                return Ok(Some(Doubt::Spoilt(run.id)));
            }
        }
    }
    Ok(None)
}

/// What a run writes to a unit that has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    /// Nothing but credentials.
    Credentials,
    /// Firmware as well, that which passed.
    Same,
    /// Firmware as well, and another.
    Other,
}

impl Writes {
    async fn of(store: &dyn Store, recipe: Sha256Digest, pass: &RunDetail) -> Result<Self, StoreError> {
        Ok(store.recipe(recipe).await?.map_or(Self::Other, |used| Self::by(&used.recipe.policy, pass)))
    }

    /// Such a run never keeps a session, so that its unit is offered the update unless the line provisions for it.
    fn by(policy: &Policy, pass: &RunDetail) -> Self {
        let only_nvs = policy.field.is_none() && policy.regions.iter().all(|region| region.name == NVS_REGION);
        let offered = policy.ota.as_ref().filter(|_| policy.injection != Injection::Session);
        if only_nvs && offered.is_none() {
            return Self::Credentials;
        }
        // An update leaves alone what was flashed beside the app.
        let same_base = only_nvs || base(policy) == base(&pass.policy);
        if same_base && offered == update(pass) { Self::Same } else { Self::Other }
    }
}

/// What is flashed to a unit, without what is made for it alone.
fn base(policy: &Policy) -> (&[RegionPolicy], Option<&FieldPolicy>, Option<&AppPolicy>, Option<Sha256Digest>) {
    let Policy { regions, field, app, app_template, .. } = policy;
    (regions, field.as_ref(), app.as_ref(), *app_template)
}

/// The session that a run left the unit with, while it may log in: its own, or the one that the unit kept in it.
fn credentials_of(unit: &UnitDetail, run: &RunDetail) -> Option<Credentials> {
    let kept = run.evidence.iter().find_map(|seen| match &seen.fact {
        Fact::SessionKept { mqtt_username, .. } => Some(mqtt_username),
        _ => None,
    });
    let mut living = unit.sessions.iter().rev().filter(|session| session.may_log_in());
    let session = match kept {
        Some(user) => living.find(|session| session.session.mqtt_username == *user),
        None => living.find(|session| session.run == run.run.id),
    };
    let session = session?.clone();
    let is_its = |known: &&CertificateRecord| Some(known.certificate.fingerprint) == session.certificate;
    let certificate = unit.certificates.iter().find(is_its).cloned();
    Some(Credentials { session, certificate })
}
