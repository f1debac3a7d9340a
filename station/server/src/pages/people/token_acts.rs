//! API tokens are issued and revoked.

use axum::{
    extract::{RawForm, State},
    response::IntoResponse,
};
use firstpass_domain::Action;
use firstpass_store::TokenId;
use maud::html;
use uuid::Uuid;

use super::{Done, Htmx, done, find, reason_of, show};
use crate::{
    AppState,
    access::Principal,
    auth::manage::{Wanted, issue_token},
    extract::Path,
    pages::layout::Nav,
    problem::{Answer, HttpProblem},
};

/// What the form says. A box that is ticked is a field of its own, so that it is read by hand.
#[derive(Debug, Default)]
struct Issue {
    name: String,
    user: String,
    actions: Vec<Action>,
    days: u32,
    reason: String,
}

impl Issue {
    fn read(body: &[u8]) -> Answer<Self> {
        let mut issue = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "name" => issue.name = value.into_owned(),
                "user" => issue.user = value.into_owned(),
                "action" => issue.actions.push(Action::named(&value).ok_or_else(unknown_action)?),
                "days" => issue.days = value.parse().map_err(|_| no_days())?,
                "reason" => issue.reason = reason_of(&value),
                _ => {}
            }
        }
        Ok(issue)
    }
}

fn unknown_action() -> HttpProblem {
    HttpProblem::bad_request("token_actions", "It names an action that is not known.", "Load the page anew.")
}

fn no_days() -> HttpProblem {
    HttpProblem::bad_request("token_days", "The days are no number.", "Write digits only.")
}

/// Issues a token and shows it, this once.
pub(super) async fn issue(State(app): State<AppState>, person: Principal, RawForm(body): RawForm) -> Answer {
    let Issue { name, user, actions, days, reason } = Issue::read(&body)?;
    let owner = find(&app, if user.is_empty() { &person.login } else { &user }).await?;
    let wanted = Wanted { name: name.clone(), owner, actions, days };
    let (_, secret) = issue_token(&app, &person, wanted, &reason).await?;
    let body = html! {
        h1 { "Token " (name) }
        .card {
            p.note role="status" { "It is shown this once: copy it into the program that is to have it." }
            p.mono.secret.break #secret { (secret.token_text()) }
            p.muted { "Sent as " code { "Authorization: Bearer …" } "." }
            p { a.button href="/people/tokens" { "Done" } }
        }
    };
    Ok(show("New token", &person, Nav::People, body).into_response())
}

pub(super) async fn revoke(
    State(app): State<AppState>,
    person: Principal,
    htmx: Htmx,
    Path(id): Path<String>,
) -> Answer {
    let unknown = || HttpProblem::not_found("There is no such token that could be revoked.");
    let id = TokenId(Uuid::parse_str(&id).map_err(|_| unknown())?);
    let revoked = app.services.store.revoke_token(id, &person.act(""), (app.services.clock)()).await?;
    if revoked { Ok(done(&htmx, "/people/tokens", Done::Revoked)) } else { Err(unknown()) }
}
