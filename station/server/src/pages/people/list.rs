//! The list of users.

use axum::{extract::State, response::Html};
use firstpass_domain::Action;
use firstpass_store::UserRecord;
use maud::{Markup, html};

use super::{Before, Tab, address, role_word, show, tabs, time};
use crate::{AppState, access::Principal, extract::Query, pages::layout::Nav, problem::Answer};

pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Query(before): Query<Before>,
) -> Answer<Html<String>> {
    let users = app.services.store.users().await?;
    let body = html! {
        .toolbar {
            h1 { "People" }
            @if person.may(Action::ManagePeople) { a.button.primary.push href="/people/new" { "Add a user" } }
        }
        (tabs(Tab::Users))
        (before.said())
        .card.flush { (table(&users)) }
    };
    Ok(show("People", &person, Nav::People, body))
}

fn table(users: &[UserRecord]) -> Markup {
    html! {
        .table-wrap {
            table.data {
                thead {
                    tr {
                        th scope="col" { "Login name" }
                        th scope="col" { "Name" }
                        th scope="col" { "Role" }
                        th scope="col" { "Logs in with" }
                        th scope="col" { "Last login" }
                        th scope="col" { "Status" }
                    }
                }
                tbody { @for user in users { (row(user)) } }
            }
        }
    }
}

fn row(user: &UserRecord) -> Markup {
    html! {
        tr {
            th scope="row" { a.mono href=(address(&user.login)) { (user.login) } }
            td { (user.name) }
            td { (role_word(user.role)) }
            td { (ways(user)) }
            td { @match user.last_login { Some(at) => (time(at, "minute")), None => span.muted { "never" } } }
            td { (status(user)) }
        }
    }
}

/// How a user can log in.
pub(super) fn ways(user: &UserRecord) -> Markup {
    let ways =
        [user.has_password.then_some("password"), (user.badge.is_some() && user.has_pin).then_some("badge + PIN")];
    let ways: Vec<&str> = ways.into_iter().flatten().collect();
    html! { @if ways.is_empty() { span.muted { "nothing yet" } } @else { (ways.join(", ")) } }
}

/// Whether a user may log in.
pub(super) fn status(user: &UserRecord) -> Markup {
    html! {
        @if user.disabled.is_some() { span.badge.bad { "disabled" } } @else { span.badge.ok { "enabled" } }
    }
}
