//! Ends a live stream with the login or the API token that it was opened with: without this, whoever was disabled would go
//! on seeing the line. While a stream is open its login, or its token, is in use.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::header::CONTENT_TYPE,
    middleware::Next,
    response::Response,
};
use firstpass_domain::{Role, Sha256Digest};
use firstpass_store::StoreError;
use futures_util::StreamExt as _;

use crate::{
    App, AppState,
    access::{Principal, Via},
    auth::identify::{USED_WITHIN, is_good, stands},
};

/// How soon a stream ends after its login, or its token.
const LOOK_EVERY: Duration = Duration::from_secs(5);

pub(crate) async fn end_with_login(State(app): State<AppState>, request: Request, next: Next) -> Response {
    let person = request.extensions().get::<Arc<Principal>>().cloned();
    let response = next.run(request).await;
    match person.filter(|_| is_live(&response)) {
        None => response,
        Some(person) => response.map(|body| {
            let ended = Box::pin(ended(app, person));
            Body::from_stream(body.into_data_stream().take_until(ended))
        }),
    }
}

fn is_live(response: &Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
    media_type.is_some_and(|media_type| media_type.starts_with(b"text/event-stream"))
}

/// Waits until a login is over. What cannot be looked up is taken as it was.
async fn ended(app: AppState, person: Arc<Principal>) {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let over = match &person.via {
            Via::Session { token, .. } => is_session_over(&app, *token).await,
            Via::Token { hash, .. } => is_token_over(&app, *hash, person.role).await,
        };
        if over.unwrap_or(false) {
            return;
        }
    }
}

async fn is_session_over(app: &App, token: Sha256Digest) -> Result<bool, StoreError> {
    let (now, store) = ((app.services.clock)(), &app.services.store);
    let session = store.session(token, now).await?;
    let Some(session) = session.filter(|session| stands(session, app.settings.session_idle(), now)) else {
        return Ok(true);
    };
    if now.since(session.seen) > USED_WITHIN {
        // The next look tries again.
        let _ = store.touch_session(token, now).await;
    }
    Ok(false)
}

/// `role`: what the token's owner was when the stream was opened. With another one they may not see what is streamed.
async fn is_token_over(app: &App, hash: Sha256Digest, role: Role) -> Result<bool, StoreError> {
    let (now, store) = ((app.services.clock)(), &app.services.store);
    let token = store.token_by_hash(hash).await?;
    let Some(token) = token.filter(|token| is_good(token, now) && token.user.role == role) else { return Ok(true) };
    if token.used.is_none_or(|used| now.since(used) > USED_WITHIN) {
        let _ = store.touch_token(token.id, now).await;
    }
    Ok(false)
}
