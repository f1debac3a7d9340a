//! Checks of a station that serves: clock, disk, record, certificates, recipes, labels. Looks only; changes nothing.

use std::{path::Path, time::Duration};

use firstpass_domain::{Timestamp, audit::ChainVerifier};
use firstpass_store::{BatchSearch, BatchState};
use rustix::fs::statvfs;

use super::versions::blocking;
use crate::{App, pages::when, problem::Answer};

/// A clock before 2024 was never set.
const CLOCK_MIN: Timestamp = Timestamp::from_micros(1_704_067_200_000_000);
/// How far another station's clock may be ahead before it is told.
const AHEAD_MAX: Duration = Duration::from_secs(5);
/// Free space below which a line should not start a shift, in bytes.
const SPACE_WARN: u64 = 1024 * 1024 * 1024;
/// Free space below which the record could fill the disk within minutes, in bytes.
const SPACE_BAD: u64 = 64 * 1024 * 1024;
/// Entries at the end of the audit chain that are checked; the audit page checks them all.
const ENTRIES: i64 = 1000;
/// A certificate of the authority that ends within this time is told.
const ENDS_SOON: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// Paused batches that are looked at.
const PAUSED_MAX: u32 = 100;
const MIB: u64 = 1024 * 1024;

/// What one check found.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) tone: Tone,
    pub(super) found: String,
    pub(super) remedy: Option<String>,
}

/// How it came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Ok,
    Warn,
    Bad,
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, tone: Tone::Ok, found: found.into(), remedy: None }
    }

    fn told(name: &'static str, tone: Tone, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { name, tone, found: found.into(), remedy: Some(remedy.into()) }
    }
}

/// Every check, also after one that fails.
pub(super) async fn all(app: &App) -> Answer<Vec<Check>> {
    let now = (app.services.clock)();
    let mut checks = vec![clock(app, now).await?];
    if let Some(folder) = app.settings.data_dir.clone() {
        checks.extend(blocking(move || disk(&folder)).await?);
    }
    checks.push(chain(app).await?);
    checks.extend(certificates(app, now).await?);
    checks.push(service(app).await?);
    checks.push(recipes(app));
    checks.push(labels(app));
    checks.push(Check::ok("version", env!("CARGO_PKG_VERSION")));
    Ok(checks)
}

/// The clock must have been set, and must not be behind what is on record.
async fn clock(app: &App, now: Timestamp) -> Answer<Check> {
    const NAME: &str = "clock";
    let remedy = "Set the clock (see `timedatectl`): certificates and the record depend on it.";
    if now < CLOCK_MIN {
        return Ok(Check::told(NAME, Tone::Bad, format!("{}, which is long ago", when::utc(now)), remedy));
    }
    let last = match app.services.store.audit_head().await? {
        Some((seq, _)) => app.services.store.audit_entries(seq - 1, 1).await?.pop(),
        None => None,
    };
    Ok(match last.filter(|entry| entry.at.since(now) > AHEAD_MAX) {
        Some(entry) => {
            let found = format!("{}, but the record was written at {}", when::utc(now), when::utc(entry.at));
            Check::told(
                NAME,
                Tone::Warn,
                found,
                format!("One of the two clocks is wrong (station {}). {remedy}", entry.station),
            )
        }
        None => Check::ok(NAME, when::utc(now)),
    })
}

/// Room for the record and the logs, and how much they take.
fn disk(folder: &Path) -> Vec<Check> {
    let mut checks = vec![free_space(folder)];
    let record = folder.join("record.sqlite");
    if let Ok(file) = std::fs::metadata(&record) {
        let wal = std::fs::metadata(folder.join("record.sqlite-wal")).map_or(0, |file| file.len());
        let found =
            format!("{}: {} MiB, and {} MiB not yet moved into it", record.display(), file.len() / MIB, wal / MIB);
        checks.push(Check::ok("record's file", found));
    }
    checks
}

fn free_space(folder: &Path) -> Check {
    const NAME: &str = "free space";
    let remedy = "Make room on the disk of the data folder.";
    let free = match statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => return Check::told(NAME, Tone::Warn, format!("{}: {error}", folder.display()), remedy),
    };
    let found = format!("{} MiB for {}", free / MIB, folder.display());
    match free {
        ..SPACE_BAD => Check::told(NAME, Tone::Bad, found, remedy),
        SPACE_BAD..SPACE_WARN => Check::told(NAME, Tone::Warn, found, remedy),
        SPACE_WARN.. => Check::ok(NAME, found),
    }
}

/// The end of the audit chain.
async fn chain(app: &App) -> Answer<Check> {
    const NAME: &str = "audit chain";
    let store = &app.services.store;
    let Some((total, head)) = store.audit_head().await? else { return Ok(Check::ok(NAME, "empty")) };
    let mut before = (total - ENTRIES).max(0);
    let mut verifier = ChainVerifier::new();
    if before > 0
        && let Some(trusted) = store.audit_entries(before - 1, 1).await?.pop()
    {
        before = trusted.seq;
        verifier = ChainVerifier::after(&trusted);
    }
    let limit = u32::try_from(total - before).unwrap_or(u32::MAX);
    let entries = store.audit_entries(before, limit).await?;
    let checked = entries.iter().try_for_each(|entry| verifier.check(entry));
    let remedy = "Verify the whole chain on the audit page, and keep the record as it is.";
    Ok(match checked {
        Err(error) => Check::told(NAME, Tone::Bad, error.to_string(), remedy),
        Ok(()) if verifier.head() != head => Check::told(NAME, Tone::Bad, "its end is missing", remedy),
        Ok(()) => Check::ok(NAME, format!("{total} entries, the last {} are intact", total - before)),
    })
}

/// The authority's own certificates and that of the server.
async fn certificates(app: &App, now: Timestamp) -> Answer<Vec<Check>> {
    let Some(authority) = app.services.authority.clone() else {
        return Ok(vec![Check::told("authority", Tone::Warn, "this station has none", "Start it with a data folder.")]);
    };
    let [root, intermediate] = authority.certificates();
    let server = blocking(move || authority.server_certificate(now)).await?;
    let mut checks = vec![
        validity("root certificate", root.not_after, now, true),
        validity("intermediate certificate", intermediate.not_after, now, true),
    ];
    checks.push(match server {
        Ok(identity) => validity("server certificate", identity.info.not_after, now, false),
        Err(error) => Check::told("server certificate", Tone::Bad, error.to_string(), error.problem().remedy),
    });
    Ok(checks)
}

/// A certificate that renews itself need not be told of before its end.
fn validity(name: &'static str, not_after: Timestamp, now: Timestamp, tell_early: bool) -> Check {
    let found = format!("until {}", when::utc(not_after));
    let remedy = "Renew the intermediate with the root's key; a root that ends needs a new authority.";
    if now > not_after {
        return Check::told(name, Tone::Bad, format!("ended {found}"), remedy);
    }
    if tell_early && not_after.since(now) < ENDS_SOON {
        return Check::told(name, Tone::Warn, found, remedy);
    }
    Check::ok(name, found)
}

/// Whether a batch waits for the provisioning service of this station.
async fn service(app: &App) -> Answer<Check> {
    const NAME: &str = "provisioning service";
    let search = BatchSearch { state: Some(BatchState::Paused), limit: PAUSED_MAX, ..BatchSearch::default() };
    let paused = app.services.store.batch_page(&search).await?;
    let waits = paused.iter().find(|batch| batch.waits_for.as_ref() == Some(&app.services.station));
    Ok(match waits {
        None => Check::ok(NAME, "no batch waits for it"),
        Some(batch) => {
            let why = batch.reason.as_deref().unwrap_or("it does not answer");
            let found = format!("batch {} waits for it: {why}", batch.batch.name);
            Check::told(NAME, Tone::Warn, found, "Check [upstream] and the network; the batch goes on by itself.")
        }
    })
}

fn recipes(app: &App) -> Check {
    const NAME: &str = "recipes";
    let entries = app.services.shelf.entries();
    let broken: Vec<&str> =
        entries.iter().filter(|entry| entry.result.is_err()).map(|entry| entry.name.as_str()).collect();
    let remedy = "The tab Recipes tells line and column.";
    match (app.services.shelf.problem(), broken.as_slice()) {
        (Some(problem), _) => Check::told(NAME, Tone::Warn, problem.why, problem.remedy),
        (None, []) => Check::ok(NAME, format!("{} can be used", entries.len())),
        (None, broken) => Check::told(NAME, Tone::Warn, format!("cannot be used: {}", broken.join(", ")), remedy),
    }
}

fn labels(app: &App) -> Check {
    const NAME: &str = "labels";
    let held = app.labels.following().problem;
    match (held, crate::labels::templates(app)) {
        (Some(problem), _) => Check::told(NAME, Tone::Warn, problem.why, problem.remedy),
        (None, Err(error)) => Check::told(NAME, Tone::Warn, error.problem.why, error.problem.remedy),
        (None, Ok(entries)) => {
            let broken: Vec<_> =
                entries.iter().filter(|entry| entry.result.is_err()).map(|entry| entry.id.as_str()).collect();
            match broken.as_slice() {
                [] => Check::ok(NAME, format!("{} templates can be used", entries.len())),
                broken => {
                    let remedy = "The tab Labels tells line and column.";
                    Check::told(NAME, Tone::Warn, format!("cannot be used: {}", broken.join(", ")), remedy)
                }
            }
        }
    }
}
