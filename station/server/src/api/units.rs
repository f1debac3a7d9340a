//! Units: found by any of their names, shown, set aside, let go, scrapped.

use axum::{extract::State, http::Uri};
use firstpass_domain::{Action, Mac};
use firstpass_store::{
    Hold, HoldKind, SessionRecord, Standing, UnitActError, UnitDetail, UnitFilter, UnitSearch, UnitSummary,
};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};

use super::{
    audit::Entry,
    batches::search_text,
    certificates::Certificate,
    command::command,
    extract::{Named, reason, unfit},
    page::{Asked, Page},
    wire::{Reason, Time, WireRun},
};
use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Json, Query},
    pages::units::proof::proof,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Newest audit entries of a unit that are shown at once.
const ENTRIES_MAX: u32 = 500;

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeeUnits);
    let routes = Routes::default()
        .get("/api/v1/units", see, list)
        .get("/api/v1/units/{mac}", see, show)
        .get("/api/v1/units/{mac}/runs", see, runs)
        .get("/api/v1/units/{mac}/audit", Access::May(Action::SeeAudit), entries);
    routes
        .post("/api/v1/units/{mac}/quarantine", Access::May(Action::QuarantineUnits), command(quarantine))
        .post("/api/v1/units/{mac}/release", Access::May(Action::ReleaseUnits), command(release))
        .post("/api/v1/units/{mac}/scrap", Access::May(Action::ScrapUnits), command(scrap))
}

#[derive(OpenApi)]
#[openapi(paths(list, show, runs, entries, quarantine, release, scrap))]
pub(super) struct Doc;

/// A unit in a list.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Unit {
    /// The unit: its eFuse MAC.
    #[schema(examples("60:55:f9:00:00:01"))]
    mac: String,
    /// Its serial number.
    serial: Option<String>,
    /// How many attempts it had, the one in work among them: no run that the rules refused, none that was cut, no repair.
    attempts: u32,
    /// How it stands; null before its first run has ended.
    standing: Option<WireStanding>,
    /// Its newest run.
    last_run: Option<WireRun>,
    /// By which of its names it was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    matched: Option<Match>,
}

/// A name that a unit was found by.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Match {
    /// Kind of the name.
    #[schema(examples("serial"))]
    by: &'static str,
    /// The whole name.
    text: String,
}

impl From<UnitSummary> for Unit {
    fn from(unit: UnitSummary) -> Self {
        Self {
            mac: unit.mac.to_string(),
            serial: unit.serial.map(|serial| serial.to_string()),
            attempts: unit.attempts,
            standing: unit.standing.map(Into::into),
            last_run: unit.last_run.as_ref().map(Into::into),
            matched: None,
        }
    }
}

/// How a unit stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireStanding {
    /// Its newest attempt passed.
    Passed,
    /// Its newest attempt failed.
    Failed,
    /// It is set aside until a person releases it.
    Quarantined,
    /// It is refused for ever.
    Scrapped,
}

impl From<Standing> for WireStanding {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Passed => Self::Passed,
            Standing::Failed => Self::Failed,
            Standing::Quarantined => Self::Quarantined,
            Standing::Scrapped => Self::Scrapped,
        }
    }
}

impl From<WireStanding> for Standing {
    fn from(standing: WireStanding) -> Self {
        match standing {
            WireStanding::Passed => Self::Passed,
            WireStanding::Failed => Self::Failed,
            WireStanding::Quarantined => Self::Quarantined,
            WireStanding::Scrapped => Self::Scrapped,
        }
    }
}

/// Everything about one unit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitShown {
    /// What a list shows of it.
    #[serde(flatten)]
    unit: Unit,
    /// Why it is set aside, when it is.
    hold: Option<WireHold>,
    /// Why a unit that stands as passed may not be good any more: what a run that is not its pass has left of it, a repair
    /// of its credentials or a golden unit's check. Neither a certificate of provisioning nor a label is given out for it.
    #[schema(examples(
        "run 01a1ff6f-3c6c-7660-8b3b-e8b5cff46e23 failed after the pass and may have changed the unit"
    ))]
    doubt: Option<String>,
    /// Its sessions, oldest first; without any secret.
    sessions: Vec<Session>,
    /// Its certificates, oldest first.
    certificates: Vec<Certificate>,
}

/// Why a unit is set aside.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Hold")]
pub(super) struct WireHold {
    /// Whether for ever.
    scrapped: bool,
    /// Why: a person's words, or the code of the diagnosis.
    reason: String,
    /// Who did it: a person, or `line`.
    by: String,
    /// Since when.
    since: Time,
}

impl From<Hold> for WireHold {
    fn from(hold: Hold) -> Self {
        let scrapped = match hold.kind {
            HoldKind::Quarantined => false,
            HoldKind::Scrapped => true,
        };
        Self { scrapped, reason: hold.reason, by: hold.actor, since: hold.since.into() }
    }
}

/// A unit's account with the service. Its password and its token are on no record.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Session {
    /// Identity of the device.
    device_id: String,
    /// Workspace part of its topics.
    workspace: String,
    /// Its broker user name.
    mqtt_username: String,
    /// Run that it was issued in.
    #[schema(format = "uuid")]
    run: String,
    /// Fingerprint of the certificate issued with it.
    certificate: Option<String>,
    /// Whether it may log in.
    live: bool,
    /// When it was issued.
    issued: Time,
    /// When it was made unusable.
    revoked: Option<Time>,
}

impl From<SessionRecord> for Session {
    fn from(record: SessionRecord) -> Self {
        let live = record.may_log_in();
        let session = record.session;
        Self {
            device_id: session.device_id.to_string(),
            workspace: session.workspace_slug,
            mqtt_username: session.mqtt_username,
            run: record.run.to_string(),
            certificate: record.certificate.map(|fingerprint| fingerprint.to_string()),
            live,
            issued: record.issued.into(),
            revoked: record.revoked.or(record.certificate_revoked).map(Into::into),
        }
    }
}

/// Which units to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UnitQuery {
    /// A MAC, serial number, device id, certificate serial number or fingerprint, or a part of at least 3 characters.
    #[param(max_length = 100)]
    text: Option<String>,
    /// Only those that stand so; not together with `text`.
    standing: Option<WireStanding>,
    /// At most so many items.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// From the `next` of the page before.
    cursor: Option<String>,
}

/// Lists units by their MAC, or finds them by any of their names.
#[utoipa::path(get, path = "/api/v1/units", operation_id = "list_units", tag = "units", params(UnitQuery),
    responses((status = 200, description = "A page of units.", body = Page<Unit>)))]
async fn list(State(app): State<AppState>, uri: Uri, Query(query): Query<UnitQuery>) -> Answer<Json<Page<Unit>>> {
    let asked = Asked::<Mac>::read(query.limit, query.cursor.as_deref())?;
    let text = search_text(query.text)?;
    if text.is_empty() {
        let filter =
            UnitFilter { after: asked.after, standing: query.standing.map(Into::into), limit: asked.one_more() };
        let units = app.services.store.units(&filter).await?;
        return Ok(Json(asked.page(&uri, units, |unit| unit.mac, Unit::from)));
    }
    if query.standing.is_some() {
        let why = "`text` and `standing` do not go together.";
        return Err(HttpProblem::bad_request("query_unfit", why, "Send one of the two."));
    }
    let search = UnitSearch { text, after: asked.after, limit: asked.one_more() };
    let hits = app.services.store.search_units(&search).await?;
    let page = asked.page(
        &uri,
        hits,
        |hit| hit.summary.mac,
        |hit| {
            let matched = Some(Match { by: hit.matched.name(), text: hit.matched_text });
            Unit { matched, ..hit.summary.into() }
        },
    );
    Ok(Json(page))
}

async fn found(app: &AppState, mac: Mac) -> Result<UnitDetail, HttpProblem> {
    let unit = app.services.store.unit(mac).await?;
    unit.ok_or_else(|| HttpProblem::not_found(format!("There is no unit {mac}.")))
}

async fn shown(app: &AppState, mac: Mac) -> Answer<Json<UnitShown>> {
    let unit = found(app, mac).await?;
    let doubt = match unit.summary.standing {
        Some(Standing::Passed) => proof(&*app.services.store, &unit).await?.err().map(|doubt| doubt.to_string()),
        Some(Standing::Failed | Standing::Quarantined | Standing::Scrapped) | None => None,
    };
    let UnitDetail { summary, hold, sessions, certificates, .. } = unit;
    Ok(Json(UnitShown {
        unit: summary.into(),
        hold: hold.map(Into::into),
        doubt,
        sessions: sessions.into_iter().map(Into::into).collect(),
        certificates: certificates.into_iter().map(Into::into).collect(),
    }))
}

/// Shows everything about one unit but its runs.
#[utoipa::path(get, path = "/api/v1/units/{mac}", operation_id = "show_unit", tag = "units",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01")),
    responses((status = 200, description = "The unit.", body = UnitShown)))]
async fn show(State(app): State<AppState>, Named(mac): Named<Mac>) -> Answer<Json<UnitShown>> {
    shown(&app, mac).await
}

/// The runs of a unit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitRuns {
    /// Its runs, oldest first.
    items: Vec<WireRun>,
}

/// Lists the runs of a unit, oldest first.
#[utoipa::path(get, path = "/api/v1/units/{mac}/runs", operation_id = "list_unit_runs", tag = "units",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01")),
    responses((status = 200, description = "Its runs.", body = UnitRuns)))]
async fn runs(State(app): State<AppState>, Named(mac): Named<Mac>) -> Answer<Json<UnitRuns>> {
    Ok(Json(UnitRuns { items: found(&app, mac).await?.runs.iter().map(Into::into).collect() }))
}

/// The audit entries of a unit.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UnitEntries {
    /// Entries about it, its runs and its certificates, in order: the newest 500.
    items: Vec<Entry>,
}

/// Lists the audit entries about a unit, its runs and its certificates.
#[utoipa::path(get, path = "/api/v1/units/{mac}/audit", operation_id = "list_unit_entries", tag = "units",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01")),
    responses((status = 200, description = "Its entries.", body = UnitEntries)))]
async fn entries(State(app): State<AppState>, Named(mac): Named<Mac>) -> Answer<Json<UnitEntries>> {
    found(&app, mac).await?;
    let entries = app.services.store.audit_of_unit(mac, ENTRIES_MAX).await?;
    Ok(Json(UnitEntries { items: entries.into_iter().map(Into::into).collect() }))
}

/// Sets a unit aside until a person releases it. A reason is needed.
#[utoipa::path(post, path = "/api/v1/units/{mac}/quarantine", operation_id = "quarantine_unit", tag = "units",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01")), request_body = Reason,
    responses((status = 200, description = "It is set aside.", body = UnitShown)))]
async fn quarantine(
    State(app): State<AppState>,
    person: Principal,
    Named(mac): Named<Mac>,
    Json(body): Json<Reason>,
) -> Answer<Json<UnitShown>> {
    let act = person.act(reason(body.reason)?);
    let done = app.services.store.quarantine_unit(mac, &act, (app.services.clock)()).await;
    acted(&app, mac, done).await
}

/// Lets a unit out of quarantine; its attempts count anew. A reason is needed.
#[utoipa::path(post, path = "/api/v1/units/{mac}/release", operation_id = "release_unit", tag = "units",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01")), request_body = Reason,
    responses((status = 200, description = "It may run again.", body = UnitShown)))]
async fn release(
    State(app): State<AppState>,
    person: Principal,
    Named(mac): Named<Mac>,
    Json(body): Json<Reason>,
) -> Answer<Json<UnitShown>> {
    let act = person.act(reason(body.reason)?);
    let done = app.services.store.release_unit(mac, &act, (app.services.clock)()).await;
    acted(&app, mac, done).await
}

/// Refuses a unit for ever, and revokes all that it lives by. A reason is needed.
#[utoipa::path(post, path = "/api/v1/units/{mac}/scrap", operation_id = "scrap_unit", tag = "units",
    params(("mac" = String, Path, description = "The unit.", example = "60:55:f9:00:00:01")), request_body = Reason,
    responses((status = 200, description = "It is scrapped.", body = UnitShown)))]
async fn scrap(
    State(app): State<AppState>,
    person: Principal,
    Named(mac): Named<Mac>,
    Json(body): Json<Reason>,
) -> Answer<Json<UnitShown>> {
    let act = person.act(reason(body.reason)?);
    let done = app.services.store.scrap_unit(mac, &act, (app.services.clock)()).await;
    acted(&app, mac, done).await
}

/// Open connections outlive a login that was revoked; they are cut.
async fn acted(app: &AppState, mac: Mac, done: Result<Vec<String>, UnitActError>) -> Answer<Json<UnitShown>> {
    let ended = done.map_err(|error| refused(mac, error))?;
    app.services.floor.cut(&ended);
    shown(app, mac).await
}

fn refused(mac: Mac, error: UnitActError) -> HttpProblem {
    let why = format!("{error}.");
    let conflict = |code, what: &str, remedy: &str| {
        HttpProblem::new(StatusCode::CONFLICT, code, format!("Unit {mac} {what}."), why.as_str(), remedy)
    };
    match error {
        UnitActError::UnknownUnit => HttpProblem::not_found(format!("There is no unit {mac}.")),
        UnitActError::Unexplained => {
            unfit("act_unexplained", "This is done with a reason only.", "Say why in `reason`.")
        }
        UnitActError::InWork { .. } => {
            conflict("unit_in_work", "is in work", "Wait for the end of its run, or take it off its slot.")
        }
        UnitActError::Quarantined => {
            conflict("unit_quarantined", "is in quarantine already", "Look at the reason in its `hold`.")
        }
        UnitActError::NotQuarantined => {
            conflict("unit_not_quarantined", "needs no release", "A unit that failed may run again without one.")
        }
        UnitActError::Scrapped => conflict("unit_scrapped", "was scrapped", "Scrap is for ever; use another unit."),
        UnitActError::Store(error) => error.into(),
    }
}
