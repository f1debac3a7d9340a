//! Commands: carried out to their end even when whoever asked goes away, and at most once for each `Idempotency-Key`.
//!
//! The first answer to a key is kept on record for a day, and given again to whoever asks the same again. A key is free
//! again only when certainly nothing was done with it. Knows no topic.

use std::{pin::Pin, sync::Arc};

use axum::{
    body::{self, Body, Bytes},
    extract::Request,
    handler::Handler,
    http::{
        HeaderMap, HeaderName, HeaderValue, StatusCode,
        header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION},
        request::Parts,
        response,
    },
    response::{IntoResponse, Response},
};
use firstpass_domain::Sha256Digest;
use firstpass_store::{Claimed, KeptAnswer, KeyedCommand};

use crate::{
    AppState,
    access::{Principal, Via},
    extract::{Unread, in_time},
    problem::{Answer, HttpProblem},
};

/// Largest body of a command, in bytes.
const BODY_BYTES_MAX: usize = 64 * 1024;
/// Largest answer that is kept, in bytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Longest key, in characters.
const KEY_MAX: usize = 128;
/// Where the key stands.
pub(super) const KEY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer was given before.
const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotency-replayed");
/// An answer with this holds what is shown only once; it is never kept.
pub(crate) const SHOWN_ONCE: (HeaderName, HeaderValue) = (CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// Marks an answer whose act was certainly not done, and could be yet, whatever its status says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Undone;

/// A handler that changes something.
#[derive(Clone)]
pub(crate) struct Command<H>(H);

/// Makes a handler a command.
pub(crate) const fn command<H>(handler: H) -> Command<H> {
    Command(handler)
}

impl<H: Handler<T, AppState>, T: 'static> Handler<T, AppState> for Command<H> {
    type Future = Pin<Box<dyn Future<Output = Response> + Send>>;

    fn call(self, request: Request, app: AppState) -> Self::Future {
        Box::pin(async move { once(self.0, request, app).await.unwrap_or_else(IntoResponse::into_response) })
    }
}

async fn once<H: Handler<T, AppState>, T: 'static>(handler: H, request: Request, app: AppState) -> Answer {
    let (parts, body) = request.into_parts();
    let body = in_time(body::to_bytes(body, BODY_BYTES_MAX)).await?;
    let body = body.map_err(|_| HttpProblem::of_status(StatusCode::PAYLOAD_TOO_LARGE))?;
    let command = keyed(&app, &parts, &body)?;
    if let Some(command) = &command {
        match app.services.store.claim_answer(command, (app.services.clock)()).await? {
            Claimed::New => {}
            other => return again(other),
        }
    }
    let request = Request::from_parts(parts, Body::from(body));
    // On its own, so that it comes to its end although nobody may wait for it any more.
    let work = tokio::spawn(carry_out(handler, request, app, command));
    Ok(work.await.unwrap_or_else(|_| failed()))
}

async fn carry_out<H: Handler<T, AppState>, T: 'static>(
    handler: H,
    request: Request,
    app: AppState,
    command: Option<KeyedCommand>,
) -> Response {
    let own = Arc::clone(&app);
    // A task again, so that a handler that panics leaves its key as one that fails does.
    let called = tokio::spawn(async move { handler.call(request, own).await });
    let response = called.await.unwrap_or_else(|_| failed());
    match command {
        None => response,
        Some(command) => settle(&app, &command, response).await,
    }
}

fn failed() -> Response {
    HttpProblem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}

/// The command with its key, when it came with one.
fn keyed(app: &AppState, parts: &Parts, body: &Bytes) -> Result<Option<KeyedCommand>, HttpProblem> {
    let Some(key) = key(&parts.headers)? else { return Ok(None) };
    let person = parts.extensions.get::<Arc<Principal>>().ok_or_else(HttpProblem::not_logged_in)?;
    let asker = match &person.via {
        Via::Session { .. } => person.login.clone(),
        Via::Token { name, .. } => format!("{}/{name}", person.login),
    };
    let request = [parts.method.as_str().as_bytes(), b" ", parts.uri.to_string().as_bytes(), b"\n", body].concat();
    Ok(Some(KeyedCommand { asker, key, request: Sha256Digest::of(&request), life: app.life }))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, HttpProblem> {
    let Some(value) = headers.get(KEY_HEADER) else { return Ok(None) };
    let key = value.to_str().ok().filter(|key| (1..=KEY_MAX).contains(&key.len()));
    let key = key.filter(|key| key.chars().all(|c| c.is_ascii_graphic()));
    key.map(|key| Some(key.to_owned())).ok_or_else(|| {
        let why = "The header Idempotency-Key has 1 to 128 visible ASCII characters.";
        HttpProblem::bad_request("key_malformed", why, "Send a new UUID for each command.")
    })
}

/// What is said to a key that was seen before.
fn again(claimed: Claimed) -> Answer {
    let conflict = |code, what: &str, why: &str, remedy: &str| {
        Err(HttpProblem::new(StatusCode::CONFLICT, code, what, why, remedy))
    };
    match claimed {
        Claimed::New => Err(HttpProblem::of_status(StatusCode::INTERNAL_SERVER_ERROR)),
        Claimed::Answered(answer) => given_again(answer),
        Claimed::InWork => conflict(
            "command_in_work",
            "The command is being carried out.",
            "A request with the same Idempotency-Key has not been answered yet.",
            "Wait for a moment, then send the same again.",
        ),
        Claimed::Unknown => conflict(
            "command_outcome_unknown",
            "Nobody knows whether the command was carried out.",
            "The station ended or failed while it carried out a request with the same Idempotency-Key.",
            "Look whether it is done; if it is not, send it with another key.",
        ),
        Claimed::OtherRequest => Err(HttpProblem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "key_of_another_command",
            "The key belongs to another command.",
            "A request with the same Idempotency-Key had another path or body.",
            "Send a new key with each new command.",
        )),
        Claimed::TooMany => Err(HttpProblem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "keys_unanswered",
            "Too many commands have no answer yet.",
            "They came with an Idempotency-Key, and are being carried out, or nobody knows how far they came.",
            "Look what became of them. Their keys are forgotten a day after they came.",
        )),
    }
}

fn given_again(answer: KeptAnswer) -> Answer {
    let Some(body) = answer.body else {
        return Err(HttpProblem::new(
            StatusCode::CONFLICT,
            "answer_shown_once",
            "The command was carried out before.",
            "Its answer held a secret, which is shown only once and kept nowhere.",
            "If the secret is lost, make a new one.",
        ));
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, body).into_response();
    let headers = [(CONTENT_TYPE, answer.media_type), (LOCATION, answer.location)];
    for (name, value) in headers {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    Ok(response)
}

/// What becomes of a key.
enum Fate {
    /// The same request gets the same answer.
    Kept(KeptAnswer),
    /// Nothing was done: the same request is as good as new.
    Freed,
    /// It may have been done.
    Doubted,
}

/// Notes what becomes of the key, and passes the answer on.
async fn settle(app: &AppState, command: &KeyedCommand, response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let read = body::to_bytes(body, ANSWER_BYTES_MAX).await;
    let fate = read.as_ref().map_or(Fate::Doubted, |bytes| fate(&parts, bytes));
    let store = &app.services.store;
    let noted = match &fate {
        Fate::Kept(answer) => store.keep_answer(command, answer).await,
        Fate::Freed => store.release_answer(command).await,
        Fate::Doubted => store.doubt_answer(command).await,
    };
    if let Err(error) = noted {
        // Who asks again is told that the outcome is not known, after the station's next start.
        tracing::error!(error = &error as &dyn std::error::Error, "what became of a command could not be noted");
    }
    read.map_or_else(|_| failed(), |bytes| Response::from_parts(parts, Body::from(bytes)))
}

fn fate(answer: &response::Parts, body: &Bytes) -> Fate {
    let marked = answer.extensions.get::<Unread>().is_some() || answer.extensions.get::<Undone>().is_some();
    if marked || is_refused_at_the_door(answer.status) {
        return Fate::Freed;
    }
    if answer.status.is_server_error() {
        return Fate::Doubted;
    }
    let text = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let shown_once = answer.headers.get(SHOWN_ONCE.0) == Some(&SHOWN_ONCE.1);
    let body = (!shown_once).then(|| body.to_vec());
    let (status, media_type, location) = (answer.status.as_u16(), text(CONTENT_TYPE), text(LOCATION));
    Fate::Kept(KeptAnswer { status, media_type, location, body })
}

/// What is answered so was not begun.
fn is_refused_at_the_door(status: StatusCode) -> bool {
    [
        StatusCode::BAD_REQUEST,
        StatusCode::UNAUTHORIZED,
        StatusCode::FORBIDDEN,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::PAYLOAD_TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        StatusCode::TOO_MANY_REQUESTS,
    ]
    .contains(&status)
}
