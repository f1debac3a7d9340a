//! A new user.

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::Role;
use firstpass_store::{Login, NewUser};
use maud::html;
use serde::Deserialize;

use super::{
    Done, Htmx, address, csrf, done, language_field, language_of, reason_field, reason_of, role_field, role_of, show,
};
use crate::{
    AppState,
    access::Principal,
    auth::{
        manage::{check_reach, clean_name, new_password, unfit},
        password::{PASSWORD_MIN, Typed},
    },
    extract::Form,
    pages::layout::Nav,
    problem::Answer,
};

pub(super) async fn page(person: Principal) -> Html<String> {
    let body = html! {
        h1 { "Add a user" }
        form.card.stack method="post" action="/people" hx-post="/people" hx-swap="none" {
            (csrf(&person))
            .field {
                label for="login" { "Login name" }
                input #login name="login" type="text" required autocomplete="off" autocapitalize="off" spellcheck="false"
                    maxlength="40" pattern="[A-Za-z0-9][A-Za-z0-9._\\-]*" aria-describedby="login-hint" autofocus;
                span.hint #login-hint { "1 to 40 of a-z 0-9 . _ -. It never changes: the audit log names people by it." }
            }
            .field {
                label for="name" { "Name" }
                input #name name="name" type="text" required autocomplete="off" maxlength="80";
            }
            (role_field(Role::Operator))
            (language_field(None, "language"))
            .field {
                label for="password" { "Password " span.muted { "(leave it empty for badge only)" } }
                input #password name="password" type="password" autocomplete="new-password" minlength=(PASSWORD_MIN)
                    maxlength="200" aria-describedby="password-hint";
                span.hint #password-hint {
                    "At least " (PASSWORD_MIN) " characters; a few words are best. Badge and PIN come on the next page."
                }
            }
            (reason_field("reason"))
            .toolbar {
                button.primary type="submit" { "Add" }
                a.button href="/people" { "Cancel" }
            }
        }
    };
    show("Add a user", &person, Nav::People, body)
}

#[derive(Debug, Deserialize)]
pub(super) struct New {
    login: String,
    name: String,
    role: String,
    #[serde(default)]
    language: String,
    #[serde(default)]
    password: Typed,
    #[serde(default)]
    reason: String,
}

pub(super) async fn add(State(app): State<AppState>, person: Principal, htmx: Htmx, Form(form): Form<New>) -> Answer {
    let login = Login::new(&form.login)
        .map_err(|error| unfit("login_unfit", format!("{error}."), "Choose another login name."))?;
    let name = clean_name(&form.name).unwrap_or_else(|| login.to_string());
    let (role, language) = (role_of(&form.role)?, language_of(&form.language)?);
    check_reach(&person, role)?;
    let password =
        if form.password.is_empty() { None } else { Some(new_password(&app, form.password, login.as_str()).await?) };
    let user = NewUser { login, name, role, language, password };
    let act = person.act(reason_of(&form.reason));
    app.services.store.add_user(&user, &act, (app.services.clock)()).await?;
    let response: Response = done(&htmx, &address(&user.login), Done::Added);
    Ok(response.into_response())
}
