//! The pages of webhooks: which there are, what is still to be sent, and what was parked. Shows a secret once.

mod acts;
mod list;
mod show;

use axum::response::Html;
use firstpass_domain::{Action, Timestamp};
use firstpass_store::{WebhookEvent, WebhookSettings};
use maud::{Markup, html};

use super::{
    layout::{Nav, Page},
    when,
};
use crate::{
    access::{Access, Principal, Via},
    routes::Routes,
};

/// Where the list lies.
const PLACE: &str = "/people/webhooks";

pub(crate) fn routes() -> Routes {
    let (see, manage) = (Access::May(Action::SeePeople), Access::May(Action::ManageWebhooks));
    Routes::default()
        .get("/people/webhooks", see, list::page)
        .post("/people/webhooks", manage, acts::add)
        .get("/people/webhooks/{webhook}", see, show::page)
        .post("/people/webhooks/{webhook}", manage, acts::change)
        .post("/people/webhooks/{webhook}/rotate", manage, acts::rotate)
        .post("/people/webhooks/{webhook}/remove", manage, acts::remove)
        .post("/people/webhooks/{webhook}/resume", manage, acts::resume)
        .get("/people/webhooks/{webhook}/messages/{seq}", see, show::message)
}

fn page(title: &str, person: &Principal, body: Markup) -> Html<String> {
    Html(Page { title, nav: Nav::People, person: Some(person), scripts: &[], body }.render().into_string())
}

/// The field that keeps other sites from sending a form in the person's name.
fn csrf(person: &Principal) -> Markup {
    html! {
        @if let Via::Session { csrf, .. } = &person.via { input type="hidden" name="csrf" value=(csrf); }
    }
}

fn ago(at: Timestamp) -> Markup {
    html! { time datetime=(when::utc(at)) data-as="ago" { (when::utc(at)) } }
}

/// What an event is called for people.
const fn words(event: WebhookEvent) -> &'static str {
    match event {
        WebhookEvent::UnitPassed => "a unit passed",
        WebhookEvent::UnitFailed => "a unit failed",
        WebhookEvent::BatchClosed => "a batch was closed",
    }
}

/// The fields of a webhook, as they stand or empty.
fn fields(settings: Option<&WebhookSettings>) -> Markup {
    let is_told = |event| settings.is_none_or(|settings| settings.events.contains(&event));
    html! {
        .field {
            label for="hook-name" { "Name" }
            input #hook-name name="name" type="text" required maxlength="100" autocomplete="off"
                value=[settings.map(|settings| &settings.name)];
        }
        .field {
            label for="hook-url" { "Address" }
            input #hook-url name="url" type="url" required maxlength="500" autocomplete="off" spellcheck="false"
                placeholder="https://mes.example/firstpass" aria-describedby="hook-url-hint"
                value=[settings.map(|settings| &settings.url)];
            span.hint #hook-url-hint {
                "https://, or http:// to this machine. Everybody who may see this page sees it: put no secret in it."
            }
        }
        fieldset.actions {
            legend { "It is told when" }
            @for event in WebhookEvent::ALL {
                label.choice {
                    input type="checkbox" name="event" value=(event.name()) checked[is_told(event)];
                    span { (words(event)) " " code { (event.name()) } }
                }
            }
        }
        label.choice {
            input type="checkbox" name="enabled" value="yes"
                checked[settings.is_none_or(|settings| settings.enabled)];
            span { "Send messages. What happens while this is off, it is never told." }
        }
    }
}

fn reason_field(id: &str) -> Markup {
    html! {
        .field {
            label for=(id) { "Reason" }
            input id=(id) name="reason" type="text" maxlength="500" autocomplete="off"
                placeholder="Goes on record with your name";
        }
    }
}
