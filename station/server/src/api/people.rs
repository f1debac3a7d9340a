//! Users and API tokens, for systems that manage people elsewhere. Shows no hash, and a token once, when it is issued.

mod tokens;

use axum::{
    extract::State,
    http::{Method, StatusCode, Uri, header::LOCATION},
    response::{AppendHeaders, IntoResponse},
};
use firstpass_domain::{Action, Language, Role};
use firstpass_store::{Login, NewUser, UserChange, UserRecord};
use serde::{Deserialize, Serialize};
use utoipa::{OpenApi, ToSchema};

use super::{
    batches::PageQuery,
    command::command,
    extract::{Named, parsed, reason, unfit},
    page::{Asked, Page},
    wire::Time,
};
use crate::{
    AppState,
    access::{Access, Principal},
    auth::{
        badge::BadgeNumber,
        manage::{check_change, check_reach, clean_name, new_password, new_pin},
        password::Typed,
    },
    extract::{Json, Query},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

pub(super) fn routes() -> Routes {
    let see = Access::May(Action::SeePeople);
    let manage = Access::May(Action::ManagePeople);
    Routes::default()
        .get("/api/v1/users", see, list)
        .post("/api/v1/users", manage, command(add))
        .get("/api/v1/users/{login}", see, show)
        .on(Method::PATCH, "/api/v1/users/{login}", manage, command(change))
        .on(Method::PUT, "/api/v1/users/{login}/password", manage, command(set_password))
        .on(Method::PUT, "/api/v1/users/{login}/pin", manage, command(set_pin))
        .merge(tokens::routes())
}

#[derive(OpenApi)]
#[openapi(
    paths(list, add, show, change, set_password, set_pin, tokens::list, tokens::issue, tokens::revoke),
    components(schemas(WireRole))
)]
pub(super) struct Doc;

/// What a user is to the station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum WireRole {
    /// Stands at the line.
    Operator,
    /// Runs it.
    Engineer,
    /// Reads everything and changes nothing.
    Auditor,
    /// Does all of it, and says who may.
    Admin,
}

impl From<WireRole> for Role {
    fn from(role: WireRole) -> Self {
        match role {
            WireRole::Operator => Self::Operator,
            WireRole::Engineer => Self::Engineer,
            WireRole::Auditor => Self::Auditor,
            WireRole::Admin => Self::Admin,
        }
    }
}

impl From<Role> for WireRole {
    fn from(role: Role) -> Self {
        match role {
            Role::Operator => Self::Operator,
            Role::Engineer => Self::Engineer,
            Role::Auditor => Self::Auditor,
            Role::Admin => Self::Admin,
        }
    }
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct User {
    /// Login name.
    login: String,
    /// Name to show.
    name: String,
    /// What they are to the station.
    role: WireRole,
    /// In which language they read; null: as their browser says.
    #[schema(examples("de"))]
    language: Option<&'static str>,
    /// Whether they have a badge.
    has_badge: bool,
    /// Whether they have a password.
    has_password: bool,
    /// Whether they have a PIN for the badge.
    has_pin: bool,
    /// Whether they may log in.
    enabled: bool,
    /// When they were added.
    created: Time,
    /// When they last logged in.
    last_login: Option<Time>,
}

impl From<UserRecord> for User {
    fn from(user: UserRecord) -> Self {
        Self {
            login: user.login.to_string(),
            name: user.name,
            role: user.role.into(),
            language: user.language.map(Language::tag),
            has_badge: user.badge.is_some(),
            has_password: user.has_password,
            has_pin: user.has_pin,
            enabled: user.disabled.is_none(),
            created: user.created.into(),
            last_login: user.last_login.map(Into::into),
        }
    }
}

/// Lists the users, disabled ones too, by login name.
#[utoipa::path(get, path = "/api/v1/users", operation_id = "list_users", tag = "people", params(PageQuery),
    responses((status = 200, description = "A page of users.", body = Page<User>)))]
async fn list(State(app): State<AppState>, uri: Uri, Query(query): Query<PageQuery>) -> Answer<Json<Page<User>>> {
    let asked = Asked::<String>::read(query.limit, query.cursor.as_deref())?;
    let after = asked.after.as_deref().map(|login| Login::new(login).map_err(|_| unknown_cursor())).transpose()?;
    let users = app.services.store.users_page(after.as_ref(), asked.one_more()).await?;
    Ok(Json(asked.page(&uri, users, |user| user.login.to_string(), User::from)))
}

fn unknown_cursor() -> HttpProblem {
    let why = "`cursor` is none that this station has given.";
    HttpProblem::bad_request("cursor_unfit", why, "Follow `next` as it stands, or begin without `cursor`.")
}

pub(super) async fn found(app: &AppState, login: &str) -> Result<UserRecord, HttpProblem> {
    let login = login_name(login)?;
    let user = app.services.store.user_by_login(login.as_str()).await?;
    user.ok_or_else(|| HttpProblem::not_found(format!("There is no user {login}.")))
}

fn login_name(text: &str) -> Result<Login, HttpProblem> {
    Login::new(text).map_err(|error| unfit("login_unfit", format!("{error}."), "Choose another login name."))
}

/// Shows a user.
#[utoipa::path(get, path = "/api/v1/users/{login}", operation_id = "show_user", tag = "people",
    params(("login" = String, Path, description = "Login name.")),
    responses((status = 200, description = "The user.", body = User)))]
async fn show(State(app): State<AppState>, Named(login): Named<String>) -> Answer<Json<User>> {
    let login = Login::new(&login).map_err(|_| HttpProblem::not_found("There is no such user."))?;
    Ok(Json(found(&app, login.as_str()).await?.into()))
}

/// A user to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AddUser {
    /// Login name; it is never changed, because the audit log names people by it.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-zA-Z0-9][a-zA-Z0-9._-]*$", examples("grace"))]
    login: String,
    /// Name to show.
    #[schema(min_length = 1, max_length = 80, examples("Grace Hopper"))]
    name: String,
    /// What they are to the station.
    role: WireRole,
    /// In which language they read: `en`, `de` or `zh-Hans`.
    #[schema(examples("de"))]
    language: Option<String>,
    /// Password; without one they cannot log in with a password.
    #[schema(value_type = Option<String>, format = Password, min_length = 10, max_length = 200)]
    password: Option<Typed>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Adds a user.
#[utoipa::path(post, path = "/api/v1/users", operation_id = "add_user", tag = "people", request_body = AddUser,
    responses((status = 201, description = "The user is added; `Location` says where.", body = User)))]
async fn add(State(app): State<AppState>, person: Principal, Json(body): Json<AddUser>) -> Answer {
    let login = login_name(&body.login)?;
    let name = clean_name(&body.name).ok_or_else(|| unfit("name_empty", "A name to show is missing.", "Give one."))?;
    let language = body.language.as_deref().map(parsed).transpose()?;
    check_reach(&person, body.role.into())?;
    let act = person.act(reason(body.reason)?);
    let password = match body.password {
        Some(typed) => Some(new_password(&app, typed, login.as_str()).await?),
        None => None,
    };
    let user = NewUser { login: login.clone(), name, role: body.role.into(), language, password };
    app.services.store.add_user(&user, &act, (app.services.clock)()).await?;
    let added: User = found(&app, login.as_str()).await?.into();
    let place = format!("/api/v1/users/{login}");
    Ok((StatusCode::CREATED, AppendHeaders([(LOCATION, place)]), Json(added)).into_response())
}

/// What is to be changed of a user; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeUser {
    /// Name to show.
    #[schema(min_length = 1, max_length = 80)]
    name: Option<String>,
    /// What they are to the station. Ends their logins.
    role: Option<WireRole>,
    /// In which language they read; empty: as their browser says.
    language: Option<String>,
    /// Number of their badge; empty takes it away. It is kept as a keyed hash.
    #[schema(value_type = Option<String>, max_length = 64)]
    badge: Option<BadgeNumber>,
    /// Whether they may log in. Disabling ends their logins.
    enabled: Option<bool>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Changes a user. The last administrator who is enabled stays one.
#[utoipa::path(patch, path = "/api/v1/users/{login}", operation_id = "change_user", tag = "people",
    params(("login" = String, Path, description = "Login name.")), request_body = ChangeUser,
    responses((status = 200, description = "The user as they are now.", body = User)))]
async fn change(
    State(app): State<AppState>,
    person: Principal,
    Named(login): Named<String>,
    Json(body): Json<ChangeUser>,
) -> Answer<Json<User>> {
    let user = found(&app, &login).await?;
    let act = person.act(reason(body.reason.clone())?);
    let change = user_change(&app, &body)?;
    check_change(&person, &user, &change)?;
    app.services.store.change_user(user.id, &change, &act, (app.services.clock)()).await?;
    Ok(Json(found(&app, &login).await?.into()))
}

fn user_change(app: &AppState, body: &ChangeUser) -> Result<UserChange, HttpProblem> {
    let name = body.name.as_deref().map(|name| {
        clean_name(name).ok_or_else(|| unfit("name_empty", "A name to show is missing.", "Give one, or leave it out."))
    });
    let language = body.language.as_deref().map(|tag| if tag.is_empty() { Ok(None) } else { parsed(tag).map(Some) });
    let badge =
        body.badge.as_ref().map(BadgeNumber::as_str).map(|number| match (number, app.auth.badges.hash(number)) {
            ("", _) => Ok(None),
            (_, Some(hash)) => Ok(Some(hash)),
            (_, None) => Err(unfit("badge_unfit", "This is no badge's number.", "Scan the badge again.")),
        });
    Ok(UserChange {
        name: name.transpose()?,
        role: body.role.map(Into::into),
        language: language.transpose()?,
        badge: badge.transpose()?,
        enabled: body.enabled,
    })
}

/// A password to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPassword {
    /// The password.
    #[schema(value_type = String, format = Password, min_length = 10, max_length = 200)]
    password: Typed,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Sets a user's password, and ends their logins.
#[utoipa::path(put, path = "/api/v1/users/{login}/password", operation_id = "set_password", tag = "people",
    params(("login" = String, Path, description = "Login name.")), request_body = SetPassword,
    responses((status = 204, description = "It is set.")))]
async fn set_password(
    State(app): State<AppState>,
    person: Principal,
    Named(login): Named<String>,
    Json(body): Json<SetPassword>,
) -> Answer<StatusCode> {
    let user = found(&app, &login).await?;
    check_reach(&person, user.role)?;
    let act = person.act(reason(body.reason)?);
    let hash = new_password(&app, body.password, user.login.as_str()).await?;
    app.services.store.set_password(user.id, &hash, &act, (app.services.clock)()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A PIN to set.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SetPin {
    /// The PIN, digits only; null takes it away.
    #[schema(value_type = Option<String>, format = Password, pattern = "^[0-9]{6,12}$")]
    pin: Option<Typed>,
    /// Why; goes on record with the person's name.
    #[schema(max_length = 500)]
    reason: Option<String>,
}

/// Sets the PIN of a user's badge, and ends what was opened with it.
#[utoipa::path(put, path = "/api/v1/users/{login}/pin", operation_id = "set_pin", tag = "people",
    params(("login" = String, Path, description = "Login name.")), request_body = SetPin,
    responses((status = 204, description = "It is so.")))]
async fn set_pin(
    State(app): State<AppState>,
    person: Principal,
    Named(login): Named<String>,
    Json(body): Json<SetPin>,
) -> Answer<StatusCode> {
    let user = found(&app, &login).await?;
    check_reach(&person, user.role)?;
    let act = person.act(reason(body.reason)?);
    let hash = match body.pin {
        Some(typed) => Some(new_pin(&app, typed).await?),
        None => None,
    };
    app.services.store.set_pin(user.id, hash.as_ref(), &act, (app.services.clock)()).await?;
    Ok(StatusCode::NO_CONTENT)
}
