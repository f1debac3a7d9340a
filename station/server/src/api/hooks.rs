//! Webhooks: managed by people who may; their messages looked at and taken up again. Shows a secret once, when it is made.

use axum::{
    extract::State,
    http::{Method, StatusCode, Uri, header::LOCATION},
    response::{AppendHeaders, IntoResponse},
};
use firstpass_domain::Action;
use firstpass_store::{
    MessageFilter, MessageState, OutboxMessage, WebhookError, WebhookEvent, WebhookId, WebhookQueue, WebhookRecord,
    WebhookSettings,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, OpenApi, ToSchema};
use uuid::Uuid;

use super::{
    command::{SHOWN_ONCE, command},
    extract::{Named, reason, unfit},
    page::{Asked, Page},
    wire::{Reason, Time},
};
use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Json, Path, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
    webhooks::{self, body, manage},
};

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeePeople);
    let may = Access::May(Action::ManageWebhooks);
    let routes = Routes::default()
        .get("/api/v1/webhooks", see, list)
        .post("/api/v1/webhooks", may, command(add))
        .get("/api/v1/webhooks/{webhook}", see, show)
        .on(Method::PUT, "/api/v1/webhooks/{webhook}", may, command(change))
        .on(Method::DELETE, "/api/v1/webhooks/{webhook}", may, command(remove));
    routes
        .post("/api/v1/webhooks/{webhook}/rotate", may, command(rotate))
        .post("/api/v1/webhooks/{webhook}/resume", may, command(resume))
        .get("/api/v1/webhooks/{webhook}/messages", see, messages)
        .get("/api/v1/webhooks/{webhook}/messages/{seq}", see, message)
}

#[derive(OpenApi)]
#[openapi(
    paths(list, add, show, change, remove, rotate, resume, messages, message),
    components(schemas(body::Message))
)]
pub(super) struct Doc;

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhook {
    /// Its id.
    #[schema(format = "uuid")]
    id: String,
    /// Its name.
    name: String,
    /// Where messages go.
    #[schema(format = "uri")]
    url: String,
    /// Of what it is told.
    events: Vec<WireHookEvent>,
    /// Whether messages are made for it and sent.
    enabled: bool,
    /// When it was added.
    created: Time,
    /// Until when messages are signed with the secret before as well.
    previous_secret_until: Option<Time>,
    /// How many messages wait.
    waiting: u32,
    /// How many messages are parked.
    parked: u32,
    /// When the oldest that waits was made.
    oldest_waiting: Option<Time>,
}

/// What webhooks are told of.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
pub(super) enum WireHookEvent {
    /// A unit passed.
    #[serde(rename = "unit.passed")]
    UnitPassed,
    /// A run ended otherwise.
    #[serde(rename = "unit.failed")]
    UnitFailed,
    /// A batch was closed.
    #[serde(rename = "batch.closed")]
    BatchClosed,
}

impl From<WebhookEvent> for WireHookEvent {
    fn from(event: WebhookEvent) -> Self {
        match event {
            WebhookEvent::UnitPassed => Self::UnitPassed,
            WebhookEvent::UnitFailed => Self::UnitFailed,
            WebhookEvent::BatchClosed => Self::BatchClosed,
        }
    }
}

impl From<WireHookEvent> for WebhookEvent {
    fn from(event: WireHookEvent) -> Self {
        match event {
            WireHookEvent::UnitPassed => Self::UnitPassed,
            WireHookEvent::UnitFailed => Self::UnitFailed,
            WireHookEvent::BatchClosed => Self::BatchClosed,
        }
    }
}

fn wire(record: WebhookRecord, queues: &[WebhookQueue]) -> Webhook {
    let queue = queues.iter().find(|queue| queue.webhook == record.id);
    let WebhookSettings { name, url, events, enabled } = record.settings;
    Webhook {
        id: record.id.0.to_string(),
        name,
        url,
        events: events.into_iter().map(Into::into).collect(),
        enabled,
        created: record.created.into(),
        previous_secret_until: record.previous.map(|(_, until)| until.into()),
        waiting: queue.map_or(0, |queue| queue.waiting),
        parked: queue.map_or(0, |queue| queue.parked),
        oldest_waiting: queue.and_then(|queue| queue.oldest).map(Into::into),
    }
}

/// The webhooks.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Webhooks {
    /// All of them, by name.
    items: Vec<Webhook>,
}

/// Lists the webhooks with what is still to be sent to them.
#[utoipa::path(get, path = "/api/v1/webhooks", operation_id = "list_webhooks", tag = "webhooks",
    responses((status = 200, description = "The webhooks.", body = Webhooks)))]
async fn list(State(app): State<AppState>) -> Answer<Json<Webhooks>> {
    let queues = app.services.store.webhook_queues().await?;
    let webhooks = app.services.store.webhooks().await?;
    Ok(Json(Webhooks { items: webhooks.into_iter().map(|record| wire(record, &queues)).collect() }))
}

async fn found(app: &AppState, id: Uuid) -> Result<WebhookRecord, HttpProblem> {
    let webhook = app.services.store.webhook(WebhookId(id)).await?;
    webhook.ok_or_else(|| HttpProblem::not_found(format!("There is no webhook {id}.")))
}

async fn shown(app: &AppState, id: Uuid) -> Result<Webhook, HttpProblem> {
    Ok(wire(found(app, id).await?, &app.services.store.webhook_queues().await?))
}

/// Shows a webhook.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}", operation_id = "show_webhook", tag = "webhooks",
    params(("webhook" = String, Path, format = "uuid", description = "Id of the webhook.")),
    responses((status = 200, description = "The webhook.", body = Webhook)))]
async fn show(State(app): State<AppState>, Named(id): Named<Uuid>) -> Answer<Json<Webhook>> {
    shown(&app, id).await.map(Json)
}

/// How a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetWebhook {
    /// Its name; no other one has it.
    #[schema(min_length = 1, max_length = 100, examples("MES"))]
    name: String,
    /// Where messages go: `https://…`, or `http://` to this machine. Everybody who may see webhooks sees it: it holds no
    /// secret.
    #[schema(format = "uri", max_length = 500, examples("https://mes.example/firstpass"))]
    url: String,
    /// Of what it is told.
    #[schema(min_items = 1)]
    events: Vec<WireHookEvent>,
    /// Whether messages are made for it and sent.
    #[serde(default = "yes")]
    enabled: bool,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

const fn yes() -> bool {
    true
}

impl SetWebhook {
    fn settings(self, app: &AppState) -> Result<(WebhookSettings, String), HttpProblem> {
        let events: Vec<WebhookEvent> = self.events.into_iter().map(Into::into).collect();
        let settings = WebhookSettings { name: self.name, url: self.url, events, enabled: self.enabled };
        let checked = manage::check(settings, &app.settings.webhooks);
        Ok((checked.map_err(|fault| unfit(fault.code, fault.why, fault.remedy))?, reason(self.reason)?))
    }
}

/// A webhook with its new secret.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct WebhookWithSecret {
    /// The webhook.
    #[serde(flatten)]
    webhook: Webhook,
    /// What its messages are signed with. Shown this once and never again.
    #[schema(examples("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))]
    secret: String,
}

/// Adds a webhook. It is told of what happens from now on. Its secret is shown once, in this answer.
#[utoipa::path(post, path = "/api/v1/webhooks", operation_id = "add_webhook", tag = "webhooks",
    request_body = SetWebhook,
    responses((status = 201, description = "It is added; `Location` says where it is.", body = WebhookWithSecret)))]
async fn add(State(app): State<AppState>, person: Principal, Json(body): Json<SetWebhook>) -> Answer {
    let (settings, reason) = body.settings(&app)?;
    let (record, secret) = manage::add(&app, &settings, &person.act(reason)).await.map_err(refused)?;
    let place = format!("/api/v1/webhooks/{}", record.id.0);
    let answer = WebhookWithSecret { webhook: shown(&app, record.id.0).await?, secret: secret.text() };
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, place)]), [SHOWN_ONCE], Json(answer)).into_response())
}

fn refused(error: WebhookError) -> HttpProblem {
    let conflict = |code, why: String, remedy: &str| {
        HttpProblem::new(StatusCode::CONFLICT, code, "The webhook stays as it is.", why, remedy)
    };
    let why = format!("{error}.");
    match error {
        WebhookError::Unknown => HttpProblem::not_found("There is no such webhook."),
        WebhookError::NameTaken => conflict("webhook_name_taken", why, "Choose another name."),
        WebhookError::TooMany => conflict("webhooks_full", why, "Remove one that is not needed."),
        WebhookError::Store(error) => error.into(),
    }
}

/// Says how a webhook is to be. One that is switched on again is told of what happens from then on.
#[utoipa::path(put, path = "/api/v1/webhooks/{webhook}", operation_id = "change_webhook", tag = "webhooks",
    params(("webhook" = String, Path, format = "uuid", description = "Id of the webhook.")), request_body = SetWebhook,
    responses((status = 200, description = "It is so.", body = Webhook)))]
async fn change(
    State(app): State<AppState>,
    person: Principal,
    Named(id): Named<Uuid>,
    Json(body): Json<SetWebhook>,
) -> Answer<Json<Webhook>> {
    let (settings, reason) = body.settings(&app)?;
    let (act, now) = (person.act(reason), (app.services.clock)());
    app.services.store.change_webhook(WebhookId(id), &settings, &act, now).await.map_err(refused)?;
    app.post.wake();
    shown(&app, id).await.map(Json)
}

/// Removes a webhook with all that was still to be sent to it.
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook}", operation_id = "remove_webhook", tag = "webhooks",
    params(("webhook" = String, Path, format = "uuid", description = "Id of the webhook.")),
    responses((status = 204, description = "It is gone.")))]
async fn remove(State(app): State<AppState>, person: Principal, Named(id): Named<Uuid>) -> Answer<StatusCode> {
    let act = person.act("");
    app.services.store.remove_webhook(WebhookId(id), &act, (app.services.clock)()).await.map_err(refused)?;
    app.post.wake();
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a webhook another secret, shown once in this answer. For a day, messages are signed with both.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/rotate", operation_id = "rotate_webhook_secret",
    tag = "webhooks", params(("webhook" = String, Path, format = "uuid", description = "Id of the webhook.")),
    request_body = Reason, responses((status = 200, description = "Its new secret.", body = WebhookWithSecret)))]
async fn rotate(
    State(app): State<AppState>,
    person: Principal,
    Named(id): Named<Uuid>,
    Json(body): Json<Reason>,
) -> Answer {
    let act = person.act(reason(body.reason)?);
    let secret = manage::rotate(&app, WebhookId(id), &act).await.map_err(refused)?;
    let answer = WebhookWithSecret { webhook: shown(&app, id).await?, secret: secret.text() };
    Ok(([SHOWN_ONCE], Json(answer)).into_response())
}

/// Which parked messages are taken up again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResumeMessages {
    /// The one of this audit entry; without it, all.
    #[schema(minimum = 1)]
    seq: Option<i64>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// How many messages were taken up again.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Resumed {
    /// So many.
    messages: u64,
}

/// Takes parked messages up again. They are sent as soon as it is their turn, the oldest first.
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/resume", operation_id = "resume_webhook_messages",
    tag = "webhooks", params(("webhook" = String, Path, format = "uuid", description = "Id of the webhook.")),
    request_body = ResumeMessages, responses((status = 200, description = "They wait again.", body = Resumed)))]
async fn resume(
    State(app): State<AppState>,
    person: Principal,
    Named(id): Named<Uuid>,
    Json(body): Json<ResumeMessages>,
) -> Answer<Json<Resumed>> {
    found(&app, id).await?;
    let (act, now) = (person.act(reason(body.reason)?), (app.services.clock)());
    let messages = app.services.store.resume_messages(WebhookId(id), body.seq, &act, now).await?;
    app.post.wake();
    Ok(Json(Resumed { messages }))
}

/// A message to a webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HookMessage {
    /// Its id, the same with every try and for every webhook.
    id: String,
    /// Position of the audit entry that it tells of.
    seq: i64,
    /// Of what it tells.
    event: WireHookEvent,
    /// How it stands.
    state: WireMessageState,
    /// How often it was tried, without tries that did not reach the receiver.
    tries: u32,
    /// When it was made, or taken up again.
    made: Time,
    /// When it was tried last.
    tried: Option<Time>,
    /// When it is tried next, at the earliest; null unless it waits.
    due: Option<Time>,
    /// What came of the last try.
    outcome: Option<String>,
}

/// How a message stands.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireMessageState {
    /// It is sent as soon as it is its turn.
    Waiting,
    /// It was taken.
    Sent,
    /// It was given up until a person takes it up again.
    Parked,
}

impl From<MessageState> for WireMessageState {
    fn from(state: MessageState) -> Self {
        match state {
            MessageState::Waiting => Self::Waiting,
            MessageState::Sent => Self::Sent,
            MessageState::Parked => Self::Parked,
        }
    }
}

impl From<WireMessageState> for MessageState {
    fn from(state: WireMessageState) -> Self {
        match state {
            WireMessageState::Waiting => Self::Waiting,
            WireMessageState::Sent => Self::Sent,
            WireMessageState::Parked => Self::Parked,
        }
    }
}

impl From<OutboxMessage> for HookMessage {
    fn from(message: OutboxMessage) -> Self {
        let due = (message.state == MessageState::Waiting).then(|| message.due.into());
        Self {
            id: webhooks::body::id(&message),
            seq: message.seq,
            event: message.event.into(),
            state: message.state.into(),
            tries: message.tries,
            made: message.made.into(),
            tried: message.tried.map(Into::into),
            due,
            outcome: message.last_words,
        }
    }
}

/// Which messages to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct MessageQuery {
    /// Only those that stand so.
    state: Option<WireMessageState>,
    /// At most so many items.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// From the `next` of the page before.
    cursor: Option<String>,
}

/// Lists the messages to a webhook, newest first: all that wait or are parked, and the newest 200 that were taken.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/messages", operation_id = "list_webhook_messages",
    tag = "webhooks", params(("webhook" = String, Path, format = "uuid", description = "Id of the webhook."), MessageQuery),
    responses((status = 200, description = "A page of messages.", body = Page<HookMessage>)))]
async fn messages(
    State(app): State<AppState>,
    uri: Uri,
    Named(id): Named<Uuid>,
    Query(query): Query<MessageQuery>,
) -> Answer<Json<Page<HookMessage>>> {
    let asked = Asked::<i64>::read(query.limit, query.cursor.as_deref())?;
    found(&app, id).await?;
    let (state, before, limit) = (query.state.map(Into::into), asked.after, asked.one_more());
    let filter = MessageFilter { webhook: WebhookId(id), state, before, limit };
    let messages = app.services.store.messages(&filter).await?;
    Ok(Json(asked.page(&uri, messages, |message| message.seq, HookMessage::from)))
}

/// Shows the body of a message, as it is or was sent.
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/messages/{seq}", operation_id = "show_webhook_message",
    tag = "webhooks",
    params(("webhook" = String, Path, format = "uuid", description = "Id of the webhook."),
        ("seq" = i64, Path, description = "Position of the audit entry that it tells of.")),
    responses((status = 200, description = "Its body.", body = body::Message)))]
async fn message(State(app): State<AppState>, Path((id, seq)): Path<(Uuid, i64)>) -> Answer<Json<body::Message>> {
    let filter = MessageFilter { webhook: WebhookId(id), state: None, before: seq.checked_add(1), limit: 1 };
    let messages = app.services.store.messages(&filter).await?;
    let message = messages.into_iter().find(|message| message.seq == seq);
    let message = message.ok_or_else(|| HttpProblem::not_found(format!("There is no message {seq}.")))?;
    Ok(Json(body::of(&message)))
}
