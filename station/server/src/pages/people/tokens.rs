//! API tokens: the list, and the form that issues one.

use axum::{extract::State, response::Html};
use firstpass_domain::{Action, Timestamp};
use firstpass_store::{TokenRecord, UserRecord};
use maud::{Markup, html};

use super::{Before, Tab, csrf, reason_field, show, tabs, time};
use crate::{
    AppState,
    access::Principal,
    auth::manage::{TOKEN_DAYS, TOKEN_DAYS_MAX, TOKEN_NAME_MAX},
    extract::Query,
    pages::layout::Nav,
    problem::Answer,
};

/// Tokens on the page: the newest.
const SHOWN_MAX: u32 = 500;

pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Query(before): Query<Before>,
) -> Answer<Html<String>> {
    let tokens = app.services.store.tokens(None, SHOWN_MAX).await?;
    let manages = person.may(Action::ManagePeople);
    let users = if manages { app.services.store.users().await? } else { Vec::new() };
    let now = (app.services.clock)();
    let body = html! {
        h1 { "People" }
        (tabs(Tab::Tokens))
        (before.said())
        @if tokens.is_empty() {
            .empty { h2 { "No API token" } p { "Other systems, such as an MES, use one to talk to this station." } }
        } @else {
            .card.flush { (table(&person, &tokens, now, manages)) }
        }
        @if manages { (form(&person, &users)) }
    };
    Ok(show("API tokens", &person, Nav::People, body))
}

fn table(person: &Principal, tokens: &[TokenRecord], now: Timestamp, manages: bool) -> Markup {
    html! {
        .table-wrap {
            table.data {
                thead {
                    tr {
                        th scope="col" { "Name" }
                        th scope="col" { "Owner" }
                        th scope="col" { "May" }
                        th scope="col" { "Ends" }
                        th scope="col" { "Last used" }
                        th scope="col" { "Status" }
                        @if manages { th.actions scope="col" { span.visually-hidden { "Actions" } } }
                    }
                }
                tbody { @for token in tokens { (row(person, token, now, manages)) } }
            }
        }
    }
}

fn row(person: &Principal, token: &TokenRecord, now: Timestamp, manages: bool) -> Markup {
    html! {
        tr {
            th.mono scope="row" { (token.name) }
            td { (token.user.login) }
            td { ul.scopes { @for action in &token.actions { li { (words(*action)) } } } }
            td { (time(token.expires, "date")) }
            td { @match token.used { Some(at) => (time(at, "ago")), None => span.muted { "never" } } }
            td { (status(token, now)) }
            @if manages {
                td.actions {
                    @if token.revoked.is_none() { (revoke(person, token)) }
                }
            }
        }
    }
}

fn status(token: &TokenRecord, now: Timestamp) -> Markup {
    html! {
        @if token.revoked.is_some() { span.badge.idle { "revoked" } }
        @else if token.expires <= now { span.badge.idle { "ended" } }
        @else if token.user.disabled.is_some() { span.badge.warn { "owner disabled" } }
        @else { span.badge.ok { "good" } }
    }
}

fn revoke(person: &Principal, token: &TokenRecord) -> Markup {
    html! {
        form method="post" action={ "/people/tokens/" (token.id.0) "/revoke" }
            data-confirm={ "Revoke " (token.name) "?" } data-confirm-text="Whatever uses it is refused at once."
            data-confirm-button="Revoke" data-confirm-danger {
            (csrf(person))
            button.danger type="submit" aria-label={ "Revoke " (token.name) } { "Revoke" }
        }
    }
}

fn form(person: &Principal, users: &[UserRecord]) -> Markup {
    html! {
        form.card.stack.wide method="post" action="/people/tokens" hx-post="/people/tokens" hx-target="#main"
            hx-select="#main" hx-swap="outerHTML" {
            h2 { "Issue a token" }
            (csrf(person))
            .field {
                label for="token-name" { "Name" }
                input #token-name name="name" type="text" required maxlength=(TOKEN_NAME_MAX) autocomplete="off"
                    pattern="[A-Za-z0-9._\\-]+" spellcheck="false" aria-describedby="token-name-hint";
                span.hint #token-name-hint { "After the program that is to have it, such as mes-2. It stands in the audit log." }
            }
            .field {
                label for="owner" { "Owner" }
                select #owner name="user" aria-describedby="owner-hint" {
                    @for user in users.iter().filter(|user| user.disabled.is_none()) {
                        option value=(user.login) selected[user.id == person.user] { (user.login) " · " (user.name) }
                    }
                }
                span.hint #owner-hint { "It may never do more than its owner, and ends when the owner is disabled." }
            }
            fieldset.actions {
                legend { "What it is for" }
                @for action in Action::ALL {
                    label.choice {
                        input type="checkbox" name="action" value=(action.name());
                        span { (words(*action)) }
                    }
                }
            }
            .field {
                label for="days" { "Ends after (days)" }
                input #days name="days" type="number" required min="1" max=(TOKEN_DAYS_MAX) value=(TOKEN_DAYS);
            }
            (reason_field("token-reason"))
            button.primary type="submit" { "Issue" }
        }
    }
}

/// An action as people read it.
fn words(action: Action) -> String {
    action.name().replace('_', " ")
}
