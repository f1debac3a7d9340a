//! API tokens: listed, issued, revoked.

use axum::{
    extract::State,
    http::{Method, StatusCode, Uri},
    response::IntoResponse,
};
use firstpass_domain::Action;
use firstpass_store::{TokenId, TokenRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::found;
use crate::{
    AppState,
    access::{Access, Principal},
    api::{
        batches::PageQuery,
        command::{SHOWN_ONCE, command},
        extract::{Named, reason, unfit},
        page::{Asked, Page},
        wire::Time,
    },
    auth::manage::{TOKEN_DAYS, Wanted, issue_token},
    extract::{Json, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeePeople);
    let manage = Access::May(Action::ManagePeople);
    Routes::default().get("/api/v1/tokens", see, list).post("/api/v1/tokens", manage, command(issue)).on(
        Method::DELETE,
        "/api/v1/tokens/{token}",
        manage,
        command(revoke),
    )
}

/// An API token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Token {
    /// Its id.
    #[schema(format = Uuid)]
    id: String,
    /// Its name.
    name: String,
    /// Login name of its owner: it may never do more than they may.
    user: String,
    /// What it is for.
    actions: Vec<&'static str>,
    /// When it was issued.
    issued: Time,
    /// When it ends.
    expires: Time,
    /// When it was revoked.
    revoked: Option<Time>,
    /// When it was last used, to the minute or so.
    used: Option<Time>,
}

impl From<TokenRecord> for Token {
    fn from(token: TokenRecord) -> Self {
        Self {
            id: token.id.0.to_string(),
            name: token.name,
            user: token.user.login.to_string(),
            actions: token.actions.into_iter().map(Action::name).collect(),
            issued: token.issued.into(),
            expires: token.expires.into(),
            revoked: token.revoked.map(Into::into),
            used: token.used.map(Into::into),
        }
    }
}

/// Lists the API tokens, revoked and ended ones too, newest first.
#[utoipa::path(get, path = "/api/v1/tokens", operation_id = "list_tokens", tag = "people", params(PageQuery),
    responses((status = 200, description = "A page of tokens.", body = Page<Token>)))]
pub(super) async fn list(
    State(app): State<AppState>,
    uri: Uri,
    Query(query): Query<PageQuery>,
) -> Answer<Json<Page<Token>>> {
    let asked = Asked::<Uuid>::read(query.limit, query.cursor.as_deref())?;
    let tokens = app.services.store.tokens(asked.after.map(TokenId), asked.one_more()).await?;
    Ok(Json(asked.page(&uri, tokens, |token| token.id.0, Token::from)))
}

/// A token to issue.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueToken {
    /// Its name; no other token that is not revoked has it.
    #[schema(min_length = 1, max_length = 40, pattern = "^[A-Za-z0-9._-]+$", examples("mes"))]
    name: String,
    /// Login name of its owner; without it, whoever asks.
    user: Option<String>,
    /// What it is for, by name; no more than you and its owner may do.
    #[schema(min_items = 1, max_items = 64, examples(json!(["see_units", "see_batches"])))]
    actions: Vec<String>,
    /// After how many days it ends; one that is issued with a token ends with that token at the latest.
    #[schema(minimum = 1, maximum = 731, default = 90)]
    days: Option<u32>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// A token with its text.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TokenShown {
    /// What a list shows of it.
    #[serde(flatten)]
    token: Token,
    /// The token itself: `Authorization: Bearer …`. Shown this once and never again.
    #[schema(examples("fp_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))]
    secret: String,
}

/// Issues a token. It is shown once, in this answer.
#[utoipa::path(post, path = "/api/v1/tokens", operation_id = "issue_token", tag = "people", request_body = IssueToken,
    responses((status = 201, description = "It is issued.", body = TokenShown)))]
pub(super) async fn issue(State(app): State<AppState>, person: Principal, Json(body): Json<IssueToken>) -> Answer {
    let named = |name: &String| {
        let why = format!("There is no action {name:?}.");
        Action::named(name).ok_or_else(|| unfit("token_actions", why, "Take names that the description lists."))
    };
    let actions = body.actions.iter().map(named).collect::<Result<_, _>>()?;
    let owner = found(&app, body.user.as_deref().unwrap_or(&person.login)).await?;
    let wanted = Wanted { name: body.name, owner, actions, days: body.days.unwrap_or(TOKEN_DAYS) };
    let (id, secret) = issue_token(&app, &person, wanted, &reason(body.reason)?).await?;
    let token = app.services.store.token_by_hash(secret.hash()).await?;
    let token = token.filter(|token| token.id == id).ok_or_else(|| unknown(id))?;
    let answer = TokenShown { token: token.into(), secret: secret.token_text() };
    Ok((StatusCode::CREATED, [SHOWN_ONCE], Json(answer)).into_response())
}

fn unknown(id: TokenId) -> HttpProblem {
    HttpProblem::not_found(format!("There is no token {} that could be revoked.", id.0))
}

/// Revokes a token. From then on it opens nothing.
#[utoipa::path(delete, path = "/api/v1/tokens/{token}", operation_id = "revoke_token", tag = "people",
    params(("token" = String, Path, format = Uuid, description = "Id of the token.")),
    responses((status = 204, description = "It is revoked.")))]
pub(super) async fn revoke(
    State(app): State<AppState>,
    person: Principal,
    Named(id): Named<Uuid>,
) -> Answer<StatusCode> {
    let (id, now) = (TokenId(id), (app.services.clock)());
    let revoked = app.services.store.revoke_token(id, &person.act(""), now).await?;
    if revoked { Ok(StatusCode::NO_CONTENT) } else { Err(unknown(id)) }
}
