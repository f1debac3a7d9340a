//! Ends a live stream with the login that it was opened with: without this, whoever was disabled would go on seeing the
//! line. While a stream is open its login is in use.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::header::CONTENT_TYPE,
    middleware::Next,
    response::Response,
};
use firstpass_domain::Sha256Digest;
use futures_util::StreamExt as _;

use crate::{
    App, AppState,
    access::{Principal, Via},
    auth::identify::{USED_WITHIN, stands},
};

/// How soon a stream ends after its login.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub(crate) async fn end_with_login(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let session = request.extensions().get::<Arc<Principal>>().and_then(|person| match &person.via {
        Via::Session { token, .. } => Some(*token),
        Via::Token { .. } => None,
    });
    let response = next.run(request).await;
    match session.filter(|_| is_live(&response)) {
        None => response,
        Some(session) => response.map(|body| {
            let ended = Box::pin(ended(app, session));
            Body::from_stream(body.into_data_stream().take_until(ended))
        }),
    }
}

fn is_live(response: &Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    media_type.is_some_and(|media_type| media_type.starts_with(b"text/event-stream"))
}

/// Waits until a login is over. What cannot be looked up is taken as it was.
async fn ended(app: AppState, session: Sha256Digest) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if is_over(&app, session).await {
            return;
        }
    }
}

async fn is_over(app: &App, token: Sha256Digest) -> bool {
    let now = (app.services.clock)();
    let store = &app.services.store;
    match store.session(token, now).await {
        Ok(Some(session)) if stands(&session, app.settings.session_idle(), now) => {
            if now.since(session.seen) > USED_WITHIN {
                // The next look tries again.
                let _ = store.touch_session(token, now).await;
            }
            false
        }
        Ok(_) => true,
        Err(_) => false,
    }
}
