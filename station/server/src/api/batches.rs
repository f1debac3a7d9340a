//! Batches (work orders): listed, opened, shown with their figures, paused, resumed, closed, changed.

use std::sync::Arc;

use axum::{
    extract::State,
    http::{StatusCode, Uri, header::LOCATION},
    response::{AppendHeaders, IntoResponse},
};
use firstpass_domain::{Action, RunId, Sha256Digest};
use firstpass_store::{BatchId, BatchRecord, BatchSearch, BatchSize, BatchState, NewBatch, RunPoint, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::{
    command::command,
    extract::{Named, parsed, reason, unfit},
    figures::{self, Figures},
    page::{Asked, Page},
    wire::{Reason, Time, WireRunState, code},
};
use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Json, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Longest name of a batch or a product.
const NAME_MAX: usize = 100;

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeeBatches);
    let manage = Access::May(Action::ManageBatches);
    let routes = Routes::default()
        .get("/api/v1/batches", see, list)
        .post("/api/v1/batches", manage, command(open))
        .get("/api/v1/batches/{batch}", see, show)
        .get("/api/v1/batches/{batch}/figures", see, batch_figures)
        .get("/api/v1/batches/{batch}/runs", see, runs);
    routes
        .on(http::Method::PATCH, "/api/v1/batches/{batch}", manage, command(change))
        .post("/api/v1/batches/{batch}/pause", manage, command(pause))
        .post("/api/v1/batches/{batch}/resume", manage, command(resume))
        .post("/api/v1/batches/{batch}/close", manage, command(close))
}

#[derive(OpenApi)]
#[openapi(paths(list, open, show, batch_figures, runs, change, pause, resume, close))]
pub(super) struct Doc;

/// A work order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Batch {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Its name; no other batch that is not closed has it.
    name: String,
    /// What is made.
    product: String,
    /// Hash of the recipe.
    recipe: String,
    /// How many units were ordered.
    quantity: Option<u32>,
    /// Most units that may have a place in it at a time; null: as many as were ordered.
    quota: Option<u32>,
    /// How it stands.
    state: WireBatchState,
    /// Why it stands so.
    reason: Option<String>,
    /// The station whose provisioning service it waits for.
    waits_for: Option<String>,
    /// When it was opened.
    opened: Time,
    /// When it was closed.
    closed: Option<Time>,
}

impl From<BatchRecord> for Batch {
    fn from(record: BatchRecord) -> Self {
        let BatchRecord { id, batch, state, reason, opened, closed, waits_for } = record;
        Self {
            id: id.0.to_string(),
            name: batch.name,
            product: batch.product,
            recipe: batch.recipe.to_string(),
            quantity: batch.quantity,
            quota: batch.quota,
            state: state.into(),
            reason,
            waits_for: waits_for.map(|station| station.to_string()),
            opened: opened.into(),
            closed: closed.map(Into::into),
        }
    }
}

/// How a batch stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireBatchState {
    /// It takes units.
    Open,
    /// It takes none until it is resumed.
    Paused,
    /// It takes none any more.
    Closed,
}

impl From<BatchState> for WireBatchState {
    fn from(state: BatchState) -> Self {
        match state {
            BatchState::Open => Self::Open,
            BatchState::Paused => Self::Paused,
            BatchState::Closed => Self::Closed,
        }
    }
}

impl From<WireBatchState> for BatchState {
    fn from(state: WireBatchState) -> Self {
        match state {
            WireBatchState::Open => Self::Open,
            WireBatchState::Paused => Self::Paused,
            WireBatchState::Closed => Self::Closed,
        }
    }
}

/// The id of a batch in a request.
pub(super) fn batch_id(text: &str) -> Result<BatchId, HttpProblem> {
    parsed::<Uuid>(text).map(BatchId)
}

async fn found(app: &AppState, id: Uuid) -> Result<BatchRecord, HttpProblem> {
    let batch = app.services.store.batch(BatchId(id)).await?;
    batch.ok_or_else(|| HttpProblem::not_found(format!("There is no batch {id}.")))
}

/// What a person's wish meets on record is not the station's fault.
fn refused(error: StoreError) -> HttpProblem {
    match error {
        StoreError::Conflict { conflict, .. } => {
            let (what, why) = ("The batch stays as it is.", format!("{conflict}."));
            HttpProblem::new(
                StatusCode::CONFLICT,
                "batch_conflict",
                what,
                why,
                "Look at the batch, and ask for what fits it.",
            )
        }
        other => other.into(),
    }
}

/// Which batches to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct BatchQuery {
    /// Only those whose name or product holds this.
    #[param(max_length = 100)]
    text: Option<String>,
    /// Only those that stand so.
    state: Option<WireBatchState>,
    /// At most so many items.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// From the `next` of the page before.
    cursor: Option<String>,
}

/// Lists batches, newest first.
#[utoipa::path(get, path = "/api/v1/batches", operation_id = "list_batches", tag = "batches", params(BatchQuery),
    responses((status = 200, description = "A page of batches.", body = Page<Batch>)))]
async fn list(State(app): State<AppState>, uri: Uri, Query(query): Query<BatchQuery>) -> Answer<Json<Page<Batch>>> {
    let asked = Asked::<Uuid>::read(query.limit, query.cursor.as_deref())?;
    let text = search_text(query.text)?;
    let (state, before) = (query.state.map(Into::into), asked.after.map(BatchId));
    let search = BatchSearch { text, state, before, limit: asked.one_more() };
    let batches = app.services.store.batch_page(&search).await?;
    Ok(Json(asked.page(&uri, batches, |batch| batch.id.0, Batch::from)))
}

/// A text to look for.
pub(super) fn search_text(text: Option<String>) -> Result<String, HttpProblem> {
    let text = text.unwrap_or_default();
    if text.chars().count() > firstpass_store::SEARCH_TEXT_MAX || text.chars().any(char::is_control) {
        let why = "No name is so long, or holds control characters.";
        return Err(HttpProblem::bad_request("text_unfit", why, "Look for a part of a name."));
    }
    Ok(text)
}

/// A batch to open.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OpenBatch {
    /// Its name; no other batch that is not closed may have it.
    #[schema(min_length = 1, max_length = 100, examples("WO-4711"))]
    name: String,
    /// What is made.
    #[serde(default)]
    #[schema(max_length = 100)]
    product: String,
    /// Hash of a recipe that the station has.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    recipe: String,
    /// How many units are ordered.
    #[schema(minimum = 1)]
    quantity: Option<u32>,
    /// Most units that may have a place in it at a time; without it, as many as are ordered.
    #[schema(minimum = 1)]
    quota: Option<u32>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Opens a batch.
#[utoipa::path(post, path = "/api/v1/batches", operation_id = "open_batch", tag = "batches", request_body = OpenBatch,
    responses((status = 201, description = "It is open; `Location` says where it is.", body = Batch)))]
async fn open(State(app): State<AppState>, person: Principal, Json(body): Json<OpenBatch>) -> Answer {
    let recipe: Sha256Digest = parsed(&body.recipe)?;
    let (name, product) = (name(&body.name, "name")?, name(&body.product, "product")?);
    if name.is_empty() {
        return Err(unfit("name_unfit", "A batch has a name.", "Send the number of the work order as `name`."));
    }
    check_size(body.quantity, body.quota)?;
    let act = person.act(reason(body.reason)?);
    use_recipe(&app, recipe).await?;
    let batch = NewBatch { name, product, recipe, quantity: body.quantity, quota: body.quota };
    let now = (app.services.clock)();
    let id = app.services.store.order_batch(&batch, &act, now).await.map_err(refused)?;
    let place = format!("/api/v1/batches/{}", id.0);
    let batch = Batch::from(found(&app, id.0).await?);
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, place)]), Json(batch)).into_response())
}

/// A recipe on the station's shelf goes on record with its first batch. Finding it reads files.
async fn use_recipe(app: &AppState, hash: Sha256Digest) -> Result<(), HttpProblem> {
    let shelf = Arc::clone(&app.services.shelf);
    let found = tokio::task::spawn_blocking(move || shelf.by_hash(hash)).await.ok().flatten();
    match found {
        Some(recipe) => {
            let now = (app.services.clock)();
            Ok(app.services.store.use_recipe(&recipe.record(), &recipe.images, now).await?)
        }
        // It may be on record from before; else the batch is refused.
        None => Ok(()),
    }
}

fn name(text: &str, field: &str) -> Result<String, HttpProblem> {
    let text = text.trim();
    if text.chars().count() > NAME_MAX || text.chars().any(char::is_control) {
        let why = format!("`{field}` has at most {NAME_MAX} characters, and no control characters.");
        return Err(unfit("name_unfit", why, "Choose a shorter one."));
    }
    Ok(text.to_owned())
}

fn check_size(quantity: Option<u32>, quota: Option<u32>) -> Result<(), HttpProblem> {
    if [quantity, quota].contains(&Some(0)) {
        return Err(unfit("size_unfit", "A batch is of one unit at least.", "Leave the number out for no limit."));
    }
    Ok(())
}

/// Shows a batch.
#[utoipa::path(get, path = "/api/v1/batches/{batch}", operation_id = "show_batch", tag = "batches",
    params(("batch" = String, Path, format = "uuid", description = "Id of the batch.")),
    responses((status = 200, description = "The batch.", body = Batch)))]
async fn show(State(app): State<AppState>, Named(id): Named<Uuid>) -> Answer<Json<Batch>> {
    Ok(Json(found(&app, id).await?.into()))
}

/// Shows how a batch comes out: yields, diagnoses, times of steps and slots, units by the hour.
#[utoipa::path(get, path = "/api/v1/batches/{batch}/figures", operation_id = "show_batch_figures", tag = "batches",
    params(("batch" = String, Path, format = "uuid", description = "Id of the batch.")),
    responses((status = 200, description = "Its figures.", body = Figures)))]
async fn batch_figures(State(app): State<AppState>, Named(id): Named<Uuid>) -> Answer<Json<Figures>> {
    found(&app, id).await?;
    Ok(Json(figures::wire(app.services.store.batch_figures(BatchId(id)).await?)))
}

/// A run of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BatchRun {
    /// Its id; ids sort by time.
    #[schema(format = "uuid")]
    id: String,
    /// The unit, once it is identified.
    mac: Option<String>,
    /// The station.
    station: String,
    /// The slot.
    slot: String,
    /// How it stands.
    state: WireRunState,
    /// Code of the failure.
    code: Option<&'static str>,
    /// Whether the rules let the unit go on.
    admitted: bool,
    /// Whether it only repaired the unit's credentials.
    repair: bool,
    /// When it began.
    began: Time,
    /// When it ended.
    ended: Option<Time>,
}

impl From<RunPoint> for BatchRun {
    fn from(run: RunPoint) -> Self {
        Self {
            id: run.run.to_string(),
            mac: run.mac.map(|mac| mac.to_string()),
            station: run.station.to_string(),
            slot: run.slot.to_string(),
            state: run.state.into(),
            code: code(run.state),
            admitted: run.admitted,
            repair: run.repair,
            began: run.began.into(),
            ended: run.ended.map(Into::into),
        }
    }
}

/// Which part of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageQuery {
    /// At most so many items.
    #[param(minimum = 1, maximum = 500)]
    pub(super) limit: Option<u32>,
    /// From the `next` of the page before.
    pub(super) cursor: Option<String>,
}

/// Lists the runs of a batch, newest first.
#[utoipa::path(get, path = "/api/v1/batches/{batch}/runs", operation_id = "list_batch_runs", tag = "batches",
    params(("batch" = String, Path, format = "uuid", description = "Id of the batch."), PageQuery),
    responses((status = 200, description = "A page of runs.", body = Page<BatchRun>)))]
async fn runs(
    State(app): State<AppState>,
    uri: Uri,
    Named(id): Named<Uuid>,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<BatchRun>>> {
    let asked = Asked::<RunId>::read(query.limit, query.cursor.as_deref())?;
    found(&app, id).await?;
    let runs = app.services.store.runs_of_batch(BatchId(id), asked.after, asked.one_more()).await?;
    Ok(Json(asked.page(&uri, runs, |run| run.run, BatchRun::from)))
}

/// How many units a batch is to make; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeBatch {
    /// How many units are ordered.
    #[schema(minimum = 1)]
    quantity: Option<u32>,
    /// Most units that may have a place in it at a time.
    #[schema(minimum = 1)]
    quota: Option<u32>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Changes how many units a batch is to make.
#[utoipa::path(patch, path = "/api/v1/batches/{batch}", operation_id = "change_batch", tag = "batches",
    params(("batch" = String, Path, format = "uuid", description = "Id of the batch.")), request_body = ChangeBatch,
    responses((status = 200, description = "It is so.", body = Batch)))]
async fn change(
    State(app): State<AppState>,
    person: Principal,
    Named(id): Named<Uuid>,
    Json(body): Json<ChangeBatch>,
) -> Answer<Json<Batch>> {
    check_size(body.quantity, body.quota)?;
    found(&app, id).await?;
    let size = BatchSize { quantity: body.quantity, quota: body.quota };
    let act = person.act(reason(body.reason)?);
    let changed = app.services.store.change_batch(BatchId(id), &size, &act, (app.services.clock)()).await;
    changed.map_err(refused)?;
    Ok(Json(found(&app, id).await?.into()))
}

/// Lets a batch take no further unit until it is resumed; what is in work goes on.
#[utoipa::path(post, path = "/api/v1/batches/{batch}/pause", operation_id = "pause_batch", tag = "batches",
    params(("batch" = String, Path, format = "uuid", description = "Id of the batch.")), request_body = Reason,
    responses((status = 200, description = "It is paused.", body = Batch)))]
async fn pause(app: State<AppState>, person: Principal, id: Named<Uuid>, body: Json<Reason>) -> Answer<Json<Batch>> {
    set_state(app, person, id, body, BatchState::Paused).await
}

/// Lets a paused batch take units again.
#[utoipa::path(post, path = "/api/v1/batches/{batch}/resume", operation_id = "resume_batch", tag = "batches",
    params(("batch" = String, Path, format = "uuid", description = "Id of the batch.")), request_body = Reason,
    responses((status = 200, description = "It is open.", body = Batch)))]
async fn resume(app: State<AppState>, person: Principal, id: Named<Uuid>, body: Json<Reason>) -> Answer<Json<Batch>> {
    set_state(app, person, id, body, BatchState::Open).await
}

/// Closes a batch for good.
#[utoipa::path(post, path = "/api/v1/batches/{batch}/close", operation_id = "close_batch", tag = "batches",
    params(("batch" = String, Path, format = "uuid", description = "Id of the batch.")), request_body = Reason,
    responses((status = 200, description = "It is closed.", body = Batch)))]
async fn close(app: State<AppState>, person: Principal, id: Named<Uuid>, body: Json<Reason>) -> Answer<Json<Batch>> {
    set_state(app, person, id, body, BatchState::Closed).await
}

async fn set_state(
    State(app): State<AppState>,
    person: Principal,
    Named(id): Named<Uuid>,
    Json(body): Json<Reason>,
    state: BatchState,
) -> Answer<Json<Batch>> {
    found(&app, id).await?;
    let act = person.act(reason(body.reason)?);
    let changed = app.services.store.set_batch_state(BatchId(id), state, &act, (app.services.clock)()).await;
    changed.map_err(refused)?;
    Ok(Json(found(&app, id).await?.into()))
}
