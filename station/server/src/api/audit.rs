//! The audit log: searched, and verified in the order in which it was written.

use axum::{extract::State, http::Uri};
use firstpass_domain::{
    Action, AuditEntry, AuditKind, StationId, Timestamp,
    audit::{ChainError, ChainVerifier, GENESIS},
};
use firstpass_store::AuditSearch;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    batches::batch_id,
    extract::parsed,
    page::{Asked, Page},
    wire::{self, Time},
};
use crate::{
    AppState,
    access::Access,
    extract::{Json, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Most entries that one request verifies; the next goes on where it ended.
const VERIFY_MAX: u32 = 50_000;
/// Entries that are in memory at a time.
const PAGE_ENTRIES: u32 = 1000;
/// Longest text that a filter holds.
const FILTER_MAX: usize = 200;

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeeAudit);
    Routes::default().get("/api/v1/audit", see, search).get("/api/v1/audit/head", see, head).get(
        "/api/v1/audit/verify",
        see,
        verify,
    )
}

#[derive(OpenApi)]
#[openapi(paths(search, head, verify))]
pub(super) struct Doc;

/// An entry of the audit log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entry {
    /// Its position, from 1 without gaps.
    seq: i64,
    /// When it was written.
    at: Time,
    /// Which station wrote it.
    station: String,
    /// Who caused it: `line`, `unit`, or a person's login name.
    actor: String,
    /// What kind of act; kinds are only ever added.
    #[schema(examples("run.passed"))]
    kind: &'static str,
    /// What it is about: a run id, a MAC, a certificate's serial number.
    subject: String,
    /// Details: JSON, exactly as hashed.
    body: String,
    /// Hash of the entry before.
    prev: String,
    /// Hash of this entry.
    hash: String,
}

impl From<AuditEntry> for Entry {
    fn from(entry: AuditEntry) -> Self {
        let AuditEntry { seq, at, station, actor, kind, subject, body, prev, hash } = entry;
        let (prev, hash) = (prev.to_string(), hash.to_string());
        Self { seq, at: at.into(), station: station.to_string(), actor, kind: kind.name(), subject, body, prev, hash }
    }
}

/// Which entries to find: those that fit everything that is given.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntryQuery {
    /// Written at this time or later (RFC 3339).
    #[param(format = DateTime)]
    from: Option<String>,
    /// Written before this time (RFC 3339).
    #[param(format = DateTime)]
    to: Option<String>,
    /// Caused by exactly this one: `line`, `unit`, or a person's login name.
    #[param(max_length = 200)]
    actor: Option<String>,
    /// Written by this station.
    #[param(max_length = 64)]
    station: Option<String>,
    /// About the batch of this id.
    #[param(format = "uuid")]
    batch: Option<String>,
    /// Of these kinds: names with commas between them, such as `run.passed,run.failed`.
    #[param(max_length = 2000)]
    kinds: Option<String>,
    /// About exactly this: a run id, a MAC, a certificate's serial number.
    #[param(max_length = 200)]
    subject: Option<String>,
    /// At most so many items.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// From the `next` of the page before.
    cursor: Option<String>,
}

impl EntryQuery {
    fn search(self, asked: &Asked<i64>) -> Result<AuditSearch, HttpProblem> {
        Ok(AuditSearch {
            from: self.from.as_deref().map(time).transpose()?,
            to: self.to.as_deref().map(time).transpose()?,
            actor: self.actor.map(filter).transpose()?,
            station: self.station.as_deref().map(parsed::<StationId>).transpose()?,
            batch: self.batch.as_deref().map(batch_id).transpose()?,
            kinds: self.kinds.as_deref().map_or(Ok(Vec::new()), kinds)?,
            subject: self.subject.map(filter).transpose()?,
            before: asked.after,
            limit: asked.one_more(),
        })
    }
}

fn time(text: &str) -> Result<Timestamp, HttpProblem> {
    wire::timestamp(text).ok_or_else(|| {
        let remedy = "Write it as RFC 3339: 2026-11-21T15:22:01Z; in an address, + is %2B.";
        HttpProblem::bad_request("time_malformed", format!("{text:?} is no time."), remedy)
    })
}

fn filter(text: String) -> Result<String, HttpProblem> {
    if text.len() > FILTER_MAX || text.chars().any(char::is_control) {
        let why = "No name is so long, or holds control characters.";
        return Err(HttpProblem::bad_request("text_unfit", why, "Send a name as entries show it."));
    }
    Ok(text)
}

fn kinds(names: &str) -> Result<Vec<AuditKind>, HttpProblem> {
    let known = |name: &str| AuditKind::ALL.iter().copied().find(|kind| kind.name() == name);
    let kinds = names.split(',').map(|name| {
        known(name).ok_or_else(|| {
            let why = format!("{name:?} is no kind of entry.");
            HttpProblem::bad_request("kind_unknown", why, "Send kinds as entries show them, with commas between.")
        })
    });
    kinds.collect()
}

/// Finds audit entries, newest first.
#[utoipa::path(get, path = "/api/v1/audit", operation_id = "search_audit", tag = "audit", params(EntryQuery),
    responses((status = 200, description = "A page of entries.", body = Page<Entry>)))]
async fn search(State(app): State<AppState>, uri: Uri, Query(query): Query<EntryQuery>) -> Answer<Json<Page<Entry>>> {
    let asked = Asked::<i64>::read(query.limit, query.cursor.as_deref())?;
    let entries = app.services.store.search_audit(&query.search(&asked)?).await?;
    Ok(Json(asked.page(&uri, entries, |entry| entry.seq, Entry::from)))
}

/// The end of the audit log. Whoever keeps it can tell later whether the end was cut off.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Head {
    /// Position of the newest entry; 0 when there is none.
    seq: i64,
    /// Its hash.
    hash: String,
}

/// Shows the end of the audit log.
#[utoipa::path(get, path = "/api/v1/audit/head", operation_id = "show_audit_head", tag = "audit",
    responses((status = 200, description = "Its end.", body = Head)))]
async fn head(State(app): State<AppState>) -> Answer<Json<Head>> {
    let (seq, hash) = app.services.store.audit_head().await?.unwrap_or((0, GENESIS));
    Ok(Json(Head { seq, hash: hash.to_string() }))
}

/// Which part of the log to verify.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct VerifyQuery {
    /// Entries after this position; 0 begins with the first.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// At most so many.
    #[param(minimum = 1, maximum = 50000)]
    limit: Option<u32>,
}

/// Whether a part of the audit chain is whole.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Verified {
    /// Whether every entry of the part has the hash that its words make, and names the hash of the one before.
    whole: bool,
    /// What is broken, and where.
    problem: Option<String>,
    /// How many entries were verified.
    entries: u32,
    /// Position of the last of them: where the next request goes on with `after`.
    last: i64,
    /// Its hash.
    hash: String,
    /// Whether that is the end of the log.
    end: bool,
}

/// Verifies a part of the audit chain.
#[utoipa::path(get, path = "/api/v1/audit/verify", operation_id = "verify_audit", tag = "audit", params(VerifyQuery),
    responses((status = 200, description = "Whether it is whole.", body = Verified)))]
async fn verify(State(app): State<AppState>, Query(query): Query<VerifyQuery>) -> Answer<Json<Verified>> {
    let (after, limit) = (query.after.unwrap_or(0), query.limit.unwrap_or(VERIFY_MAX));
    if after < 0 || !(1..=VERIFY_MAX).contains(&limit) {
        let why = format!("`after` is not negative, and `limit` lies between 1 and {VERIFY_MAX}.");
        return Err(HttpProblem::bad_request("query_unfit", why, "Go on with `after` where the last part ended."));
    }
    Ok(Json(verified(&app, after, limit).await?))
}

async fn verified(app: &AppState, after: i64, limit: u32) -> Result<Verified, HttpProblem> {
    let store = &app.services.store;
    let mut verifier = match after {
        0 => ChainVerifier::new(),
        after => match store.audit_entries(after - 1, 1).await?.first().filter(|entry| entry.seq == after) {
            Some(before) => ChainVerifier::after(before),
            None => return Err(HttpProblem::not_found(format!("There is no audit entry {after}."))),
        },
    };
    let (mut entries, mut broken, mut end) = (0, None, false);
    while entries < limit && broken.is_none() && !end {
        let page = store.audit_entries(after + i64::from(entries), PAGE_ENTRIES.min(limit - entries)).await?;
        end = page.is_empty();
        broken = page.iter().find_map(|entry| verifier.check(entry).err());
        entries = u32::try_from(verifier.checked() - after).unwrap_or(limit);
    }
    end = end || store.audit_head().await?.is_none_or(|(seq, _)| seq <= verifier.checked());
    Ok(Verified {
        whole: broken.is_none(),
        problem: broken.as_ref().map(ChainError::to_string),
        entries,
        last: verifier.checked(),
        hash: verifier.head().to_string(),
        end,
    })
}
