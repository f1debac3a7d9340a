//! The list of webhooks, and the form that adds one.

use axum::{extract::State, response::Html};
use firstpass_domain::Action;
use firstpass_store::{WebhookQueue, WebhookRecord};
use maud::{Markup, html};

use super::{PLACE, ago, csrf, fields, page as whole, reason_field};
use crate::{
    AppState,
    access::Principal,
    pages::people::{Tab, tabs},
    problem::Answer,
};

pub(super) async fn page(State(app): State<AppState>, person: Principal) -> Answer<Html<String>> {
    let store = &app.services.store;
    let (webhooks, queues) = (store.webhooks().await?, store.webhook_queues().await?);
    let body = html! {
        h1 { "People" }
        (tabs(Tab::Webhooks))
        @if webhooks.is_empty() {
            .empty {
                h2 { "No webhook" }
                p { "An MES that gives an address is told of every unit that passes or fails, and of every batch that closes." }
            }
        } @else {
            .card.flush { (table(&webhooks, &queues)) }
        }
        @if person.may(Action::ManageWebhooks) { (form(&person)) }
    };
    Ok(whole("Webhooks", &person, body))
}

fn table(webhooks: &[WebhookRecord], queues: &[WebhookQueue]) -> Markup {
    html! {
        .table-wrap {
            table.data {
                thead {
                    tr {
                        th scope="col" { "Name" }
                        th scope="col" { "Address" }
                        th scope="col" { "Told of" }
                        th.num scope="col" { "Waiting" }
                        th.num scope="col" { "Parked" }
                        th scope="col" { "Status" }
                    }
                }
                tbody {
                    @for webhook in webhooks {
                        (row(webhook, queues.iter().find(|queue| queue.webhook == webhook.id)))
                    }
                }
            }
        }
    }
}

fn row(webhook: &WebhookRecord, queue: Option<&WebhookQueue>) -> Markup {
    let settings = &webhook.settings;
    html! {
        tr {
            th scope="row" { a href={ (PLACE) "/" (webhook.id.0) } { (settings.name) } }
            td.mono.break { (settings.url) }
            td { @for event in &settings.events { .nowrap { code { (event.name()) } } } }
            td.num { (queue.map_or(0, |queue| queue.waiting)) }
            td.num { (queue.map_or(0, |queue| queue.parked)) }
            td { (status(webhook, queue)) }
        }
    }
}

/// How it stands, in one word and shape.
pub(super) fn status(webhook: &WebhookRecord, queue: Option<&WebhookQueue>) -> Markup {
    let parked = queue.is_some_and(|queue| queue.parked > 0);
    let oldest = queue.and_then(|queue| queue.oldest);
    html! {
        @if !webhook.settings.enabled { span.badge.idle { "off" } }
        @else if parked { span.badge.bad { "messages parked" } }
        @else if let Some(oldest) = oldest { span.badge.warn { "sending" } " " span.muted { "since " (ago(oldest)) } }
        @else { span.badge.ok { "all sent" } }
    }
}

fn form(person: &Principal) -> Markup {
    html! {
        form.card.stack.wide method="post" action=(PLACE) hx-post=(PLACE) hx-target="#main" hx-select="#main"
            hx-swap="outerHTML" {
            h2 { "Add a webhook" }
            p.muted {
                "Its messages are signed by the rules of Standard Webhooks, sent at least once and in order, and tried "
                "again while the receiver is away. The secret is shown once, after this."
            }
            (csrf(person))
            (fields(None))
            (reason_field("hook-reason"))
            button.primary type="submit" { "Add" }
        }
    }
}
