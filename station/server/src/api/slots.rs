//! Slots: what stands on them, and what people do with them.

use axum::extract::State;
use firstpass_device::PortName;
use firstpass_domain::{Action, SlotId, Step};
use firstpass_line::{
    Presence,
    board::{Board, SlotState, SlotView},
    floor::{SlotPlace, Stop},
};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    batches::batch_id,
    command::command,
    extract::{Named, parsed, reason, unfit},
    wire::{Reason, Time, Told},
};
use crate::{
    AppState,
    access::{Access, Principal},
    extract::Json,
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Most slots that are started at once: as many as a station has.
const SLOTS_MAX: usize = 64;
/// Longest name of a port.
const PORT_MAX: usize = 255;

pub(super) fn routes() -> Routes {
    let run_line = Access::May(Action::RunLine);
    let map_ports = Access::May(Action::MapPorts);
    let routes = Routes::default().get("/api/v1/slots", Access::May(Action::SeeLine), list).get(
        "/api/v1/slots/{slot}",
        Access::May(Action::SeeLine),
        show,
    );
    let routes = routes
        .post("/api/v1/slots/start", run_line, command(start))
        .post("/api/v1/slots/{slot}/stop", run_line, command(stop))
        .post("/api/v1/slots/{slot}/retry", run_line, command(retry));
    routes.post("/api/v1/slots/{slot}/identify", map_ports, command(identify)).post(
        "/api/v1/slots/{slot}/map",
        map_ports,
        command(map),
    )
}

#[derive(OpenApi)]
#[openapi(paths(list, show, start, stop, retry, identify, map))]
pub(super) struct Doc;

/// The slots of the station.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SlotList {
    /// The slots, in the order in which they are set up.
    items: Vec<Slot>,
    /// Runs that passed since the station started.
    passed: u64,
    /// Runs that failed since the station started.
    failed: u64,
}

/// A slot.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Slot {
    /// Its name.
    slot: String,
    /// Its port; null for one that is not set up any more.
    port: Option<String>,
    /// How it knows that a unit is there.
    presence: Option<WirePresence>,
    /// Id of the batch that it works on; null while it works on none.
    #[schema(format = "uuid")]
    batch: Option<String>,
    /// Whether it stops after the unit that is in work.
    stopping: bool,
    /// Whether retrying has something to do.
    may_retry: bool,
    /// What it does.
    state: WireSlotState,
    /// Since when; null when it has not said anything yet.
    since: Option<Time>,
    /// The run in work, or the last one.
    #[schema(format = "uuid")]
    run: Option<String>,
    /// The unit in work, or the last one.
    mac: Option<String>,
    /// The step in work.
    #[schema(examples("flash"))]
    step: Option<&'static str>,
    /// Bytes done, in steps that move bytes.
    done: Option<u64>,
    /// Bytes in all, in steps that move bytes.
    total: Option<u64>,
    /// Why it failed or stopped.
    problem: Option<Told>,
    /// What a person should know besides.
    note: Option<String>,
}

/// How a slot knows that a unit is there.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WirePresence {
    /// By its port, which comes and goes with the unit.
    Port,
    /// By asking its loader, which resets the unit.
    Probe,
}

/// What a slot does.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireSlotState {
    /// Waits for a unit.
    Waiting,
    /// Works on one.
    Working,
    /// The last unit passed.
    Passed,
    /// The last unit failed.
    Failed,
    /// Its batch is paused.
    Paused,
    /// It cannot work, or a person must look at it.
    Stopped,
    /// It works on no batch.
    Idle,
}

impl From<SlotState> for WireSlotState {
    fn from(state: SlotState) -> Self {
        match state {
            SlotState::Waiting => Self::Waiting,
            SlotState::Working => Self::Working,
            SlotState::Passed => Self::Passed,
            SlotState::Failed => Self::Failed,
            SlotState::Paused => Self::Paused,
            SlotState::Stopped => Self::Stopped,
            SlotState::Idle => Self::Idle,
        }
    }
}

/// All slots as they stand on a board.
pub(super) fn listed(app: &AppState, board: &Board) -> SlotList {
    let places = app.services.floor.slots();
    let strangers = board.slots.iter().filter(|(slot, _)| places.iter().all(|place| place.slot != **slot));
    let strangers: Vec<Slot> = strangers.map(|(slot, view)| wire(slot, None, Some(view))).collect();
    let known = places.iter().map(|place| wire(&place.slot, Some(place), board.slots.get(&place.slot)));
    SlotList { items: known.chain(strangers).collect(), passed: board.passed, failed: board.failed }
}

fn wire(slot: &SlotId, place: Option<&SlotPlace>, view: Option<&SlotView>) -> Slot {
    let progress = view.and_then(|view| view.progress);
    Slot {
        slot: slot.to_string(),
        port: place.map(|place| place.port.to_string()),
        presence: place.map(|place| match place.presence {
            Presence::Port => WirePresence::Port,
            Presence::Probe => WirePresence::Probe,
        }),
        batch: place.and_then(|place| place.batch).map(|batch| batch.0.to_string()),
        stopping: place.is_some_and(|place| place.stopping),
        may_retry: place.is_some_and(|place| place.may_retry),
        state: view.map_or(WireSlotState::Idle, |view| view.state.into()),
        since: view.map(|view| view.since.into()),
        run: view.and_then(|view| view.run).map(|run| run.to_string()),
        mac: view.and_then(|view| view.mac).map(|mac| mac.to_string()),
        step: view.and_then(|view| view.step).map(Step::name),
        done: progress.map(|(done, _)| done),
        total: progress.map(|(_, total)| total),
        problem: view.and_then(|view| view.problem.clone()).map(Into::into),
        note: view.and_then(|view| view.note.clone()),
    }
}

/// Lists the slots as they stand.
#[utoipa::path(get, path = "/api/v1/slots", operation_id = "list_slots", tag = "slots",
    responses((status = 200, description = "The slots.", body = SlotList)))]
async fn list(State(app): State<AppState>) -> Json<SlotList> {
    Json(listed(&app, &app.feed.board()))
}

/// Shows one slot.
#[utoipa::path(get, path = "/api/v1/slots/{slot}", operation_id = "show_slot", tag = "slots",
    params(("slot" = String, Path, description = "Name of the slot.", example = "A1")),
    responses((status = 200, description = "The slot.", body = Slot)))]
async fn show(State(app): State<AppState>, Named(slot): Named<SlotId>) -> Answer<Json<Slot>> {
    shown(&app, &slot).map(Json)
}

fn shown(app: &AppState, slot: &SlotId) -> Result<Slot, HttpProblem> {
    let found = listed(app, &app.feed.board()).items.into_iter().find(|listed| listed.slot == slot.as_str());
    found.ok_or_else(|| HttpProblem::not_found(format!("There is no slot {slot}.")))
}

/// Which slots work on which batch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StartSlots {
    /// Id of the batch.
    #[schema(format = "uuid")]
    batch: String,
    /// Names of the slots.
    #[schema(min_items = 1, max_items = 64, examples(json!(["A1", "A2"])))]
    slots: Vec<String>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Sets slots to work on a batch: all of them, or none.
#[utoipa::path(post, path = "/api/v1/slots/start", operation_id = "start_slots", tag = "slots",
    request_body = StartSlots, responses((status = 200, description = "They work on it.", body = SlotList)))]
async fn start(State(app): State<AppState>, person: Principal, Json(body): Json<StartSlots>) -> Answer<Json<SlotList>> {
    if body.slots.is_empty() || body.slots.len() > SLOTS_MAX {
        return Err(unfit("slots_unfit", "1 to 64 slots are started at once.", "Name the slots that are to work."));
    }
    let slots: Vec<SlotId> = body.slots.iter().map(|slot| parsed(slot)).collect::<Result<_, _>>()?;
    let act = person.act(reason(body.reason)?);
    app.services.floor.start(batch_id(&body.batch)?, &slots, &act).await?;
    Ok(Json(listed(&app, &app.feed.board())))
}

/// How a slot is stopped.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StopSlot {
    /// When; after the unit that is in work, unless said otherwise.
    #[serde(default)]
    when: When,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// When a slot stops.
#[derive(Debug, Default, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum When {
    /// After the unit that is in work.
    #[default]
    AfterUnit,
    /// At once; the run in work is cancelled and uses up no attempt.
    Now,
}

/// Stops a slot.
#[utoipa::path(post, path = "/api/v1/slots/{slot}/stop", operation_id = "stop_slot", tag = "slots",
    params(("slot" = String, Path, description = "Name of the slot.", example = "A1")), request_body = StopSlot,
    responses((status = 200, description = "It has stopped, or will after its unit.", body = Slot)))]
async fn stop(
    State(app): State<AppState>,
    person: Principal,
    Named(slot): Named<SlotId>,
    Json(body): Json<StopSlot>,
) -> Answer<Json<Slot>> {
    let how = match body.when {
        When::AfterUnit => Stop::AfterUnit,
        When::Now => Stop::Now,
    };
    app.services.floor.stop(&slot, how, &person.act(reason(body.reason)?)).await?;
    shown(&app, &slot).map(Json)
}

/// Runs the unit in a slot again, or lets a slot go on that waits for a person.
#[utoipa::path(post, path = "/api/v1/slots/{slot}/retry", operation_id = "retry_slot", tag = "slots",
    params(("slot" = String, Path, description = "Name of the slot.", example = "A1")), request_body = Reason,
    responses((status = 200, description = "It runs again.", body = Slot)))]
async fn retry(
    State(app): State<AppState>,
    person: Principal,
    Named(slot): Named<SlotId>,
    Json(body): Json<Reason>,
) -> Answer<Json<Slot>> {
    app.services.floor.retry(&slot, &person.act(reason(body.reason)?)).await?;
    shown(&app, &slot).map(Json)
}

/// Who is in a slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Occupant")]
pub(super) struct WireOccupant {
    /// The unit.
    #[schema(examples("60:55:f9:00:00:01"))]
    mac: String,
    /// Its chip with revision, as the loader names it.
    #[schema(examples("ESP32-C3 v0.4"))]
    chip: String,
}

/// Asks the loader who is in a slot, which resets the unit.
#[utoipa::path(post, path = "/api/v1/slots/{slot}/identify", operation_id = "identify_slot", tag = "slots",
    params(("slot" = String, Path, description = "Name of the slot.", example = "A1")),
    responses((status = 200, description = "Who is there.", body = WireOccupant)))]
async fn identify(
    State(app): State<AppState>,
    person: Principal,
    Named(slot): Named<SlotId>,
) -> Answer<Json<WireOccupant>> {
    let occupant = app.services.floor.identify(&slot, &person.act("who is in the slot")).await?;
    Ok(Json(WireOccupant { mac: occupant.mac.to_string(), chip: occupant.chip }))
}

/// Which port a slot gets.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MapSlot {
    /// The port.
    #[schema(min_length = 1, max_length = 255, examples("/dev/serial/by-path/pci-0000:00:14.0-usb-0:2:1.0-port0"))]
    port: String,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Gives a stopped slot another port, which it keeps over restarts.
#[utoipa::path(post, path = "/api/v1/slots/{slot}/map", operation_id = "map_slot", tag = "slots",
    params(("slot" = String, Path, description = "Name of the slot.", example = "A1")), request_body = MapSlot,
    responses((status = 200, description = "It has the port.", body = Slot)))]
async fn map(
    State(app): State<AppState>,
    person: Principal,
    Named(slot): Named<SlotId>,
    Json(body): Json<MapSlot>,
) -> Answer<Json<Slot>> {
    if body.port.is_empty() || body.port.len() > PORT_MAX || body.port.chars().any(char::is_control) {
        return Err(unfit("port_unfit", "This is no name of a port.", "Take one that `station ports` lists."));
    }
    app.services.floor.map(&slot, &PortName::new(body.port), &person.act(reason(body.reason)?)).await?;
    shown(&app, &slot).map(Json)
}
