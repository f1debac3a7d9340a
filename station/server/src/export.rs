//! Copies of the record for auditors and other tools: a ZIP archive with the rows, a manifest and the hashes that
//! `sha256sum -c SHA256SUMS` checks. Streamed with flat memory; every one is noted in the audit log before its first byte
//! leaves, and again with its end, whole or not.
//!
//! Knows no page.

mod encode;
mod manifest;
mod row;
mod source;
mod stream;
pub(crate) mod unit;
mod zip;

use std::{io, sync::Arc};

use axum::{
    extract::State,
    http::{
        HeaderValue, Method,
        header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};
use firstpass_domain::{Action, AuditKind, Sha256Digest, Timestamp};
use firstpass_store::{Act, StoreError, UnitFilter};
use serde_json::{Value, json};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
};

pub(crate) use encode::Format;
pub(crate) use stream::{Chunks, chunks};

use crate::{
    AppState,
    access::{Access, Principal},
    extract::Query,
    pages::{audit::query::AuditQuery, units::query::UnitQuery},
    problem::{Answer, HttpProblem},
    routes::Routes,
};
use encode::Encoder;
use manifest::{Head, Manifest};
use row::Row;
use source::{FoundAudit, FoundUnits, Runs, Source, Units, WholeAudit};
use zip::Archive;

/// Exports at a time. Each holds a thread and reads the record.
const EXPORTS_MAX: usize = 2;

/// Places for exports.
pub(crate) struct Exports(Arc<Semaphore>);

impl Default for Exports {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(EXPORTS_MAX)))
    }
}

impl Exports {
    /// Takes a place for as long as the permit lives.
    pub(crate) fn enter(&self) -> Answer<OwnedSemaphorePermit> {
        Arc::clone(&self.0).try_acquire_owned().map_err(|_| {
            let why = format!("{EXPORTS_MAX} exports are under way.");
            let remedy = "Wait until one of them has ended, then try again.";
            HttpProblem::new(
                axum::http::StatusCode::TOO_MANY_REQUESTS,
                "exports_busy",
                "The station has no room for another export.",
                why,
                remedy,
            )
        })
    }
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/export/audit", Access::May(Action::ExportRecord), audit)
        .get("/export/units", Access::May(Action::ExportRecord), units)
        .get("/export/runs", Access::May(Action::ExportRecord), runs)
        .get("/export/units/{mac}", Access::May(Action::ExportRecord), unit::unit)
}

async fn audit(
    State(app): State<AppState>,
    person: Principal,
    method: Method,
    Query(query): Query<AuditQuery>,
) -> Answer {
    query.whole()?;
    let order = Order::new(&app, person, "audit", query.format()?, query.filter()).await?;
    let (store, last) = (Arc::clone(&app.services.store), order.head.seq);
    if query.filters_nothing() {
        return deliver(app, &method, order, WholeAudit::new(store, last)).await;
    }
    let search = query.search(store.as_ref()).await?;
    deliver(app, &method, order, FoundAudit::new(store, search, last)).await
}

async fn units(
    State(app): State<AppState>,
    person: Principal,
    method: Method,
    Query(query): Query<UnitQuery>,
) -> Answer {
    query.whole()?;
    let (text, standing) = (query.text()?, query.standing()?);
    let mut filter = json!({ "standing": standing.map(firstpass_store::Standing::name) });
    if !text.is_empty() {
        filter["q"] = text.into();
    }
    let order = Order::new(&app, person, "units", query.format()?, filter).await?;
    let store = Arc::clone(&app.services.store);
    if !text.is_empty() {
        let source = FoundUnits::new(store, text, standing);
        return deliver(app, &method, order, source).await;
    }
    let source = Units::new(store, UnitFilter { after: None, standing, limit: 0 });
    deliver(app, &method, order, source).await
}

async fn runs(
    State(app): State<AppState>,
    person: Principal,
    method: Method,
    Query(query): Query<UnitQuery>,
) -> Answer {
    query.everything()?;
    let order = Order::new(&app, person, "runs", query.format()?, json!({})).await?;
    let source = Runs::new(Arc::clone(&app.services.store));
    deliver(app, &method, order, source).await
}

/// What was asked for, by whom, and how the audit log stood then.
struct Order {
    what: &'static str,
    subject: String,
    format: Option<Format>,
    filter: serde_json::Value,
    act: Act,
    at: Timestamp,
    station: String,
    head: Head,
    _place: OwnedSemaphorePermit,
}

impl Order {
    async fn new(
        app: &AppState,
        person: Principal,
        what: &'static str,
        format: Format,
        filter: serde_json::Value,
    ) -> Answer<Self> {
        Self::of(app, &person, what, what.to_owned(), Some(format), filter).await
    }

    async fn of(
        app: &AppState,
        person: &Principal,
        what: &'static str,
        subject: String,
        format: Option<Format>,
        filter: serde_json::Value,
    ) -> Answer<Self> {
        let place = app.exports.enter()?;
        let services = &app.services;
        let head = Head::from(services.store.audit_head().await?);
        Ok(Self {
            what,
            subject,
            format,
            filter,
            act: person.act(""),
            at: (services.clock)(),
            station: services.store.station().to_string(),
            head,
            _place: place,
        })
    }

    fn asked(&self) -> Value {
        json!({ "what": self.what, "format": self.format.map(Format::name), "filter": self.filter })
    }

    /// Name of the file for the client.
    fn file_name(&self) -> String {
        let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
        let subject: String = self.subject.chars().map(safe).collect();
        let format = self.format.map(|format| format!("-{}", format.name())).unwrap_or_default();
        format!("firstpass-{}-{subject}{format}-{}.zip", self.station, self.head.seq)
    }
}

/// How far an export came.
#[derive(Debug, Default)]
struct Done {
    rows: u64,
    files: Vec<(String, Sha256Digest)>,
    /// Length and hash of the archive, once it is whole.
    archive: Option<(u64, Sha256Digest)>,
}

/// Why an export broke off.
#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the stream to the client ended early")]
    Stream(#[from] io::Error),
    #[error("the record could not be read")]
    Record(#[from] StoreError),
}

/// Answers with the rows of `source` as an archive.
async fn deliver<S: Source>(app: AppState, method: &Method, order: Order, source: S) -> Answer {
    send(app, method, order, move |app, order, archive, done| rows(app, order, source, archive, done)).await
}

/// Answers with the archive that `fill` makes on a thread of its own.
async fn send<F>(app: AppState, method: &Method, order: Order, fill: F) -> Answer
where
    F: FnOnce(&AppState, &Order, Archive<Chunks>, &mut Done) -> Result<Archive<Chunks>, Broken> + Send + 'static,
{
    let name = format!("attachment; filename=\"{}\"", order.file_name());
    let disposition = HeaderValue::from_str(&name).expect("names of files are plain");
    let (chunks, body) = chunks(app.stopping.clone());
    if *method != Method::HEAD {
        note(&app, &order, AuditKind::ExportBegun, order.asked()).await?;
        let runtime = Handle::current();
        tokio::task::spawn_blocking(move || produce(&app, &runtime, &order, chunks, fill));
    }
    let mut response: Response = body.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(CONTENT_DISPOSITION, disposition);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Makes the archive, notes it, and only then sends its end: no whole copy leaves that is not in the log.
fn produce<F>(app: &AppState, runtime: &Handle, order: &Order, chunks: Chunks, fill: F)
where
    F: FnOnce(&AppState, &Order, Archive<Chunks>, &mut Done) -> Result<Archive<Chunks>, Broken>,
{
    let mut done = Done::default();
    let made = fill(app, order, Archive::new(chunks), &mut done).and_then(|archive| {
        done.files = archive.written().iter().map(|file| (file.name.clone(), file.sha256)).collect();
        let mut archive = archive;
        archive.sink_mut().hold();
        let chunks = archive.finish()?;
        done.archive = Some(chunks.sum());
        Ok(chunks)
    });
    let noted = runtime.block_on(note(app, order, AuditKind::ExportMade, told(order, &done)));
    match (made, noted) {
        (Ok(chunks), Ok(())) => drop(chunks.finish()),
        (Ok(chunks), Err(error)) => {
            tracing::error!(error = &error as &dyn std::error::Error, "an export could not be noted; it is cut off");
            drop(chunks);
        }
        (Err(Broken::Stream(error)), _) if error.kind() == io::ErrorKind::BrokenPipe => {
            tracing::info!(what = order.what, rows = done.rows, "the client went away during an export");
        }
        (Err(error), _) => {
            tracing::error!(error = &error as &dyn std::error::Error, what = order.what, "an export broke off");
        }
    }
}

async fn note(app: &AppState, order: &Order, kind: AuditKind, body: Value) -> Result<(), StoreError> {
    let now = (app.services.clock)();
    app.services.store.note(kind, &order.subject, body, &order.act, now).await
}

/// What an export came to.
fn told(order: &Order, done: &Done) -> Value {
    let files: serde_json::Map<_, _> =
        done.files.iter().map(|(name, sha256)| (name.clone(), sha256.to_string().into())).collect();
    let mut body = order.asked();
    body["complete"] = done.archive.is_some().into();
    body["rows"] = done.rows.into();
    body["files"] = files.into();
    body["bytes"] = done.archive.map(|(bytes, _)| bytes).into();
    body["sha256"] = done.archive.map(|(_, sha256)| sha256.to_string()).into();
    body
}

/// Writes the rows, the manifest and the hashes.
fn rows<S: Source>(
    app: &AppState,
    order: &Order,
    mut source: S,
    archive: Archive<Chunks>,
    done: &mut Done,
) -> Result<Archive<Chunks>, Broken> {
    let format = order.format.unwrap_or(Format::Jsonl);
    let name = format!("{}.{}", order.what, format.name());
    let mut encoder = Encoder::begin::<S::Row>(format, archive.member(name)?)?;
    let runtime = Handle::current();
    while let Some(page) = runtime.block_on(source.next())? {
        for row in &page {
            encoder.row(row)?;
        }
        done.rows += page.len() as u64;
    }
    let archive = encoder.finish()?.finish()?;
    let end = Head::from(runtime.block_on(app.services.store.audit_head())?);
    let manifest = Manifest::of(order, done, archive.written(), end)
        .of_one_moment(source.is_of_one_moment())
        .with_columns(S::Row::COLUMNS, format)
        .with_order(source.order())
        .with_chain(source.chain());
    let manifest = manifest::text(&manifest);
    Ok(manifest::seal(archive, &manifest)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bounded_number_of_exports_runs_at_a_time() {
        let places = Exports::default();
        let mut taken: Vec<_> = (0..EXPORTS_MAX).map(|_| places.enter().unwrap()).collect();
        assert_eq!(places.enter().unwrap_err().problem.code, "exports_busy");
        taken.pop();
        assert!(places.enter().is_ok());
    }
}
