//! The stream of a page that watches the line. It ends with the page, with the person's login, and with the server.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::State,
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::IntoResponse,
};
use bytes::Bytes;
use tokio::{
    sync::mpsc,
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};

use crate::{
    App, AppState,
    access::{Principal, Via},
    feed::{NoSeat, Seat},
    problem::{Answer, HttpProblem},
};

/// Frames that wait for the connection.
const QUEUE_MAX: usize = 2;
/// A connection that takes nothing for so long is gone.
const STUCK: Duration = Duration::from_secs(30);
/// How often it is looked whether the person is still logged in.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Longest stream for an API token, which may be revoked meanwhile; whoever listens asks again.
const TOKEN_STREAM_MAX: Duration = Duration::from_secs(60);
/// Tells the page that the login has ended.
const ENDED: &[u8] = b"event: ended\ndata: \n\n";

pub(super) async fn events(State(app): State<AppState>, person: Principal) -> Answer {
    let seat = app.feed.seat(&person).map_err(no_seat)?;
    let (sender, receiver) = mpsc::channel(QUEUE_MAX);
    tokio::spawn(watch(app, person, seat, sender));
    let body = Body::from_stream(ReceiverStream::new(receiver).map(Ok::<_, Infallible>));
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store")];
    // For proxies that would collect the stream first.
    Ok((headers, [("x-accel-buffering", "no")], body).into_response())
}

fn no_seat(no: NoSeat) -> HttpProblem {
    let why = no.why();
    let what = "No further page can watch the line.";
    let remedy = "Close pages that nobody looks at, then load this one again.";
    HttpProblem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_listeners", what, why, remedy)
}

/// Sends frames until one of the three ends.
async fn watch(app: Arc<App>, person: Principal, _seat: Seat, sender: mpsc::Sender<Bytes>) {
    let mut listener = app.line.listen(&app.services, person.language);
    if !send(&sender, listener.full.clone()).await {
        return;
    }
    let mut look = interval(LOOK_AGAIN);
    // What came with an API token is asked for the token again.
    let last = match &person.via {
        Via::Session { .. } => None,
        Via::Token { .. } => Some(Instant::now() + TOKEN_STREAM_MAX),
    };
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = sender.closed() => return,
            frame = listener.next(&app.line, &app.services) => {
                if !send(&sender, frame).await {
                    return;
                }
            }
            _ = look.tick() => {
                if last.is_some_and(|last| Instant::now() > last) {
                    return;
                }
                if !is_known(&app, &person).await {
                    send(&sender, Bytes::from_static(ENDED)).await;
                    return;
                }
            }
        }
    }
}

/// Whether the login that opened the stream has not ended. A record that fails ends no login.
async fn is_known(app: &App, person: &Principal) -> bool {
    match &person.via {
        Via::Session { token, .. } => {
            let session = app.services.store.session(*token, (app.services.clock)()).await;
            session.map_or(true, |session| session.is_some_and(|session| session.user.role == person.role))
        }
        Via::Token { .. } => true,
    }
}

async fn send(sender: &mpsc::Sender<Bytes>, frame: Bytes) -> bool {
    matches!(timeout(STUCK, sender.send(frame)).await, Ok(Ok(())))
}
