//! One webhook with its messages, and the body of one of them.

use axum::{extract::State, response::Html};
use firstpass_domain::Action;
use firstpass_store::{MessageFilter, MessageState, OutboxMessage, WebhookId, WebhookQueue, WebhookRecord};
use maud::{Markup, html};
use serde::Deserialize;
use uuid::Uuid;

use super::{PLACE, ago, csrf, fields, list::status, page as whole, reason_field};
use crate::{
    AppState,
    access::Principal,
    extract::{Path, Query},
    pages::{
        people::{Tab, tabs},
        when,
    },
    problem::{Answer, HttpProblem},
    webhooks::body,
};

/// Messages on the page.
const SHOWN_MAX: u32 = 100;

#[derive(Debug, Deserialize)]
pub(super) struct Shown {
    before: Option<i64>,
}

/// The webhook of an address.
pub(super) async fn find(app: &AppState, id: &str) -> Answer<WebhookRecord> {
    let unknown = || HttpProblem::not_found("There is no such webhook.");
    let id = WebhookId(Uuid::parse_str(id).map_err(|_| unknown())?);
    app.services.store.webhook(id).await?.ok_or_else(unknown)
}

pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Path(id): Path<String>,
    Query(shown): Query<Shown>,
) -> Answer<Html<String>> {
    let webhook = find(&app, &id).await?;
    let store = &app.services.store;
    let queue = store.webhook_queues().await?.into_iter().find(|queue| queue.webhook == webhook.id);
    let filter = MessageFilter { webhook: webhook.id, state: None, before: shown.before, limit: SHOWN_MAX };
    let messages = store.messages(&filter).await?;
    let manages = person.may(Action::ManageWebhooks);
    let stuck = store.next_message(webhook.id).await?.and_then(|message| message.last_words);
    let body = html! {
        h1 { "People" }
        (tabs(Tab::Webhooks))
        h2 { "Webhook " (webhook.settings.name) " " (status(&webhook, queue.as_ref())) }
        @if queue.as_ref().is_some_and(|queue| queue.parked > 0) {
            (parked(&person, &webhook, queue.as_ref(), manages))
        }
        @if let Some(words) = stuck.as_deref() { (waits(words)) }
        (facts(&webhook))
        .card.flush { (table(&person, &webhook, &messages, manages)) }
        @if let Some(last) = messages.last().filter(|_| messages.len() == SHOWN_MAX as usize) {
            p { a href={ (PLACE) "/" (webhook.id.0) "?before=" (last.seq) } { "Older messages" } }
        }
        @if manages { (forms(&person, &webhook)) }
    };
    Ok(whole(&webhook.settings.name, &person, body))
}

fn facts(webhook: &WebhookRecord) -> Markup {
    html! {
        .card {
            dl.facts {
                dt { "Address" } dd.mono { (webhook.settings.url) }
                dt { "Told of" }
                dd { @for event in &webhook.settings.events { div { code { (event.name()) } } } }
                dt { "Added" } dd { (when::time(webhook.created)) }
                @if let Some((_, until)) = &webhook.previous {
                    dt { "Old secret" } dd { "signs too until " (when::time(*until)) }
                }
            }
        }
    }
}

/// The message whose turn it is was tried and not taken.
fn waits(words: &str) -> Markup {
    html! {
        .problem.warn {
            p.what { "The receiver does not take messages." }
            p.why { "The last try: " (words) "." }
            p.remedy { "Check the address and the receiver. The messages wait, and are sent in order when it is back." }
        }
    }
}

fn parked(person: &Principal, webhook: &WebhookRecord, queue: Option<&WebhookQueue>, manages: bool) -> Markup {
    html! {
        .problem {
            p.what { (queue.map_or(0, |queue| queue.parked)) " messages are parked." }
            p.why { "The receiver refused them, or failed too often. The messages after them were sent all the same." }
            p.remedy { "Mend the receiver, then take them up again." }
            @if manages {
                form.inline method="post" action={ (PLACE) "/" (webhook.id.0) "/resume" } {
                    (csrf(person))
                    (reason_field("resume-reason"))
                    button.primary type="submit" { "Take all up again" }
                }
            }
        }
    }
}

fn table(person: &Principal, webhook: &WebhookRecord, messages: &[OutboxMessage], manages: bool) -> Markup {
    html! {
        @if messages.is_empty() {
            .empty { h3 { "No message yet" } p { "It is told of what happens from the moment it was added." } }
        } @else {
            .table-wrap {
                table.data.dense {
                    caption.visually-hidden { "Messages, newest first" }
                    thead {
                        tr {
                            th.num scope="col" { "Entry" }
                            th scope="col" { "Event" }
                            th scope="col" { "Happened" }
                            th scope="col" { "Status" }
                            th.num scope="col" { "Tries" }
                            th scope="col" { "Last answer" }
                            @if manages { th.actions scope="col" { span.visually-hidden { "Actions" } } }
                        }
                    }
                    tbody { @for message in messages { (row(person, webhook, message, manages)) } }
                }
            }
        }
    }
}

fn row(person: &Principal, webhook: &WebhookRecord, message: &OutboxMessage, manages: bool) -> Markup {
    let place = format!("{PLACE}/{}", webhook.id.0);
    html! {
        tr {
            th.num scope="row" { a href={ (place) "/messages/" (message.seq) } { (message.seq) } }
            td { code { (message.event.name()) } }
            td.nowrap { (when::time(message.at)) }
            td { (standing(message)) }
            td.num { (message.tries) }
            td.break { (message.last_words.as_deref().unwrap_or("")) }
            @if manages {
                td.actions {
                    @if message.state == MessageState::Parked {
                        form method="post" action={ (place) "/resume" } {
                            (csrf(person))
                            input type="hidden" name="seq" value=(message.seq);
                            button type="submit" aria-label={ "Take up message " (message.seq) } { "Take up" }
                        }
                    }
                }
            }
        }
    }
}

fn standing(message: &OutboxMessage) -> Markup {
    html! {
        @match message.state {
            MessageState::Sent => span.badge.ok { "sent" },
            MessageState::Parked => span.badge.bad { "parked" },
            MessageState::Waiting => {
                @if message.tried.is_some() { span.badge.warn { "next " (ago(message.due)) } }
                @else { span.badge.info { "waiting" } }
            },
        }
    }
}

fn forms(person: &Principal, webhook: &WebhookRecord) -> Markup {
    let place = format!("{PLACE}/{}", webhook.id.0);
    html! {
        .grid {
            details.card {
                summary { "Change" }
                form.stack method="post" action=(place) hx-post=(place) hx-target="#main" hx-select="#main" hx-swap="outerHTML" {
                    (csrf(person))
                    (fields(Some(&webhook.settings)))
                    (reason_field("change-reason"))
                    button.primary type="submit" { "Save" }
                }
            }
            .card {
                h3 { "Secret" }
                p { "A new secret is shown once. For a day, messages are signed with both." }
                form method="post" action={ (place) "/rotate" } data-confirm="Make a new secret?"
                    data-confirm-text="Give it to the receiver within a day." data-confirm-button="Make a new secret" {
                    (csrf(person))
                    button type="submit" { "Make a new secret" }
                }
            }
            .card {
                h3 { "Remove" }
                p { "Messages that were not sent yet are dropped." }
                form method="post" action={ (place) "/remove" } data-confirm={ "Remove " (webhook.settings.name) "?" }
                    data-confirm-text="Messages that were not sent yet are dropped. The audit log keeps what happened."
                    data-confirm-button="Remove" data-confirm-danger {
                    (csrf(person))
                    button.danger type="submit" { "Remove" }
                }
            }
        }
    }
}

pub(super) async fn message(
    State(app): State<AppState>,
    person: Principal,
    Path((id, seq)): Path<(String, i64)>,
) -> Answer<Html<String>> {
    let webhook = find(&app, &id).await?;
    let filter = MessageFilter { webhook: webhook.id, state: None, before: seq.checked_add(1), limit: 1 };
    let messages = app.services.store.messages(&filter).await?;
    let message = messages.into_iter().find(|message| message.seq == seq);
    let message = message.ok_or_else(|| HttpProblem::not_found("There is no such message."))?;
    let text = serde_json::to_string_pretty(&body::of(&message)).unwrap_or_default();
    let body = html! {
        h1 { "People" }
        (tabs(Tab::Webhooks))
        h2 { "Message " (body::id(&message)) " " (standing(&message)) }
        p { a href={ (PLACE) "/" (webhook.id.0) } { "Webhook " (webhook.settings.name) } }
        .card { pre.mono.break { (text) } }
    };
    Ok(whole("Message", &person, body))
}
