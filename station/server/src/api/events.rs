//! Live events of the slots for other systems: server-sent events that go on where they broke off.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
};
use firstpass_domain::{Action, Problem};
use firstpass_line::{
    board::Board,
    event::{LineEvent, LineEventKind},
};
use serde::Serialize;
use tokio::sync::{
    broadcast::error::{RecvError, TryRecvError},
    mpsc,
};
use tokio_stream::wrappers::ReceiverStream;
use utoipa::{OpenApi, ToSchema};

use super::{
    slots::{self, SlotList},
    wire::{Time, Told},
};
use crate::{
    AppState,
    access::{Access, Principal},
    feed::{FeedEvent, Following, NoSeat, Seat},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

/// Silence after which a comment shows that the connection lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Events that wait for a listener's socket; the feed keeps more for a while, and a listener that is behind even that is
/// dropped, and may come back with the last id that it saw.
const WAITING_MAX: usize = 64;
/// How long a listener that has gone comes back after, in milliseconds: for clients that know `retry`.
const RETRY: Duration = Duration::from_secs(2);
/// How long a socket that takes nothing is waited for.
const STUCK_MAX: Duration = Duration::from_secs(30);

pub(super) fn routes() -> Routes {
    Routes::default().get("/api/v1/events", Access::May(Action::SeeLine), events)
}

#[derive(OpenApi)]
#[openapi(paths(events), components(schemas(WireEvent, SlotList)))]
pub(super) struct Doc;

/// Something happened on a slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(title = "Event")]
pub(super) struct WireEvent {
    /// When.
    at: Time,
    /// Where.
    slot: String,
    /// What.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    kind: serde_json::Value,
}

impl From<&LineEvent> for WireEvent {
    fn from(event: &LineEvent) -> Self {
        // Its own names are promises too; the problem in it is told as everywhere.
        let mut kind = serde_json::to_value(&event.kind).unwrap_or_default();
        if let (Some(fields), Some(problem)) = (kind.as_object_mut(), problem(&event.kind)) {
            let told = serde_json::to_value(Told::from(problem.clone())).unwrap_or_default();
            fields.insert("problem".to_owned(), told);
        }
        Self { at: event.at.into(), slot: event.slot.to_string(), kind }
    }
}

fn problem(kind: &LineEventKind) -> Option<&Problem> {
    if let LineEventKind::Failed { problem, .. } | LineEventKind::SlotStopped { problem } = kind {
        Some(problem)
    } else {
        None
    }
}

/// Streams what happens on the slots, as server-sent events with JSON data.
///
/// First comes `reset` with all slots as they stand, unless `Last-Event-ID` names an event that is still kept: then what
/// was missed comes. Every event of a slot comes with its name in `event` and a number in `id`. A listener that is too
/// slow is dropped, and comes back with the last id that it saw.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "stream_events", tag = "slots",
    params(("Last-Event-ID" = Option<String>, Header, description = "Number of the last event that was seen.")),
    responses((status = 200, description = "Events, until either side ends it.", body = String,
        content_type = "text/event-stream")))]
async fn events(State(app): State<AppState>, person: Principal, headers: HeaderMap) -> Answer {
    let seat = app.feed.seat(&person).map_err(full)?;
    let last = headers.get("last-event-id").and_then(|value| value.to_str().ok()?.trim().parse().ok());
    // An id that cannot be read is one that is not kept.
    let last = if headers.contains_key("last-event-id") { Some(last.unwrap_or(0)) } else { None };
    let (sender, stream) = mpsc::channel(WAITING_MAX);
    let following = app.feed.listen(last);
    tokio::spawn(async move {
        let stopping = app.stopping.clone();
        tokio::select! {
            () = stopping.cancelled() => {}
            _ended = follow(app, seat, following, last.is_none(), sender) => {}
        }
    });
    let alive = KeepAlive::new().interval(HEARTBEAT).text("still here");
    Ok(Sse::new(ReceiverStream::new(stream)).keep_alive(alive).into_response())
}

fn full(no: NoSeat) -> HttpProblem {
    let (what, why) = ("No more listeners can be taken.", no.why());
    let remedy = "End a stream that is not needed, or try again later.";
    HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "listeners_full", what, why, remedy)
}

/// What an end means: nobody wants more.
struct Ended;

async fn follow(
    app: AppState,
    _seat: Seat,
    following: Following,
    is_new: bool,
    to: mpsc::Sender<Result<Event, Infallible>>,
) -> Result<(), Ended> {
    let Following { board, last, missed, mut coming } = following;
    match missed {
        Ok(missed) if !is_new => {
            for event in &missed {
                send(&to, told(event)).await?;
            }
        }
        Ok(_) | Err(_) => send(&to, reset(&app, &board, last)).await?,
    }
    loop {
        let event = match coming.try_recv() {
            Ok(event) => event,
            Err(TryRecvError::Empty) => tokio::select! {
                event = coming.recv() => event.map_err(dropped)?,
                () = to.closed() => return Err(Ended),
            },
            Err(TryRecvError::Lagged(skipped)) => return Err(dropped(RecvError::Lagged(skipped))),
            Err(TryRecvError::Closed) => return Err(Ended),
        };
        send(&to, told(&event)).await?;
    }
}

/// It comes back with the last id that it saw, and is told what it missed, or how all slots stand.
fn dropped(error: RecvError) -> Ended {
    if let RecvError::Lagged(skipped) = error {
        tracing::info!(skipped, "a listener was too slow and is dropped");
    }
    Ended
}

async fn send(to: &mpsc::Sender<Result<Event, Infallible>>, event: Event) -> Result<(), Ended> {
    match tokio::time::timeout(STUCK_MAX, to.send(Ok(event))).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(Ended),
    }
}

fn told(event: &Arc<FeedEvent>) -> Event {
    let wire = WireEvent::from(&event.event);
    let name = wire.kind.get("event").and_then(|name| name.as_str()).unwrap_or("event").to_owned();
    let sse = Event::default().id(event.id.to_string()).event(name);
    sse.json_data(wire).unwrap_or_default()
}

fn reset(app: &AppState, board: &Board, last: u64) -> Event {
    let sse = Event::default().id(last.to_string()).event("reset").retry(RETRY);
    sse.json_data(slots::listed(app, board)).unwrap_or_default()
}
