//! The pages of people: users with their badges, API tokens, and everybody's own account. Checks nothing itself.

mod account;
mod account_acts;
mod acts;
mod list;
mod new;
mod token_acts;
mod tokens;
mod user;

use std::convert::Infallible;

use axum::{
    extract::FromRequestParts,
    http::{HeaderName, HeaderValue, StatusCode, header::LOCATION, request::Parts},
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::{Action, Language, Role, Timestamp};
use firstpass_store::{Login, LoginVia, UserRecord};
use maud::{Markup, html};

use super::{
    layout::{Nav, Page},
    when::utc,
};
use crate::{
    App,
    access::{Access, Principal, Via},
    problem::{Answer, HttpProblem},
    routes::Routes,
};

pub(crate) fn routes() -> Routes {
    let (see, manage) = (Access::May(Action::SeePeople), Access::May(Action::ManagePeople));
    let users = Routes::default()
        .get("/people", see, list::page)
        .get("/people/new", manage, new::page)
        .post("/people", manage, new::add)
        .get("/people/users/{login}", see, user::page)
        .post("/people/users/{login}", manage, acts::change)
        .post("/people/users/{login}/badge", manage, acts::set_badge)
        .post("/people/users/{login}/pin", manage, acts::set_pin)
        .post("/people/users/{login}/password", manage, acts::reset_password)
        .post("/people/users/{login}/enabled", manage, acts::set_enabled)
        .post("/people/users/{login}/logins/end", manage, acts::end_logins);
    let tokens = Routes::default()
        .get("/people/tokens", see, tokens::page)
        .post("/people/tokens", manage, token_acts::issue)
        .post("/people/tokens/{id}/revoke", manage, token_acts::revoke);
    let account = Routes::default()
        .get("/account", Access::Session, account::page)
        .post("/account/language", Access::Session, account_acts::set_language)
        .post("/account/password", Access::Own, account_acts::set_password)
        .post("/account/pin", Access::Own, account_acts::set_pin)
        .post("/account/logins/end", Access::Own, account_acts::end_login)
        .post("/account/logins/end-others", Access::Own, account_acts::end_others);
    users.merge(tokens).merge(account)
}

/// The parts of this area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Users.
    Users,
    /// API tokens.
    Tokens,
    /// Webhooks.
    Webhooks,
}

/// The way from one part to another.
pub(crate) fn tabs(current: Tab) -> Markup {
    let tab = |tab: Tab, href: &str, word: &str| {
        html! { a href=(href) aria-current=[(tab == current).then_some("page")] { (word) } }
    };
    html! {
        nav.tabs aria-label="People" {
            (tab(Tab::Users, "/people", "Users"))
            (tab(Tab::Tokens, "/people/tokens", "API tokens"))
            (tab(Tab::Webhooks, "/people/webhooks", "Webhooks"))
        }
    }
}

fn show(title: &str, person: &Principal, nav: Nav, body: Markup) -> Html<String> {
    Html(Page { title, nav, person: Some(person), scripts: &[], body }.render().into_string())
}

/// The user of an address.
async fn find(app: &App, login: &str) -> Answer<UserRecord> {
    let unknown = || HttpProblem::not_found("There is no such user.");
    let login = Login::new(login).map_err(|_| unknown())?;
    app.services.store.user_by_login(login.as_str()).await?.ok_or_else(unknown)
}

fn address(login: &Login) -> String {
    format!("/people/users/{login}")
}

/// Whether htmx has sent the form: it shows a problem beside it, and leaves what was typed as it is.
struct Htmx(bool);

impl<S: Send + Sync> FromRequestParts<S> for Htmx {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(parts.headers.contains_key("hx-request")))
    }
}

/// Where a form goes on to when it is done; the page there says so.
fn done(htmx: &Htmx, place: &str, done: Done) -> Response {
    let place = format!("{place}?done={}", done.name());
    let value = HeaderValue::try_from(place).unwrap_or(HeaderValue::from_static("/people"));
    if htmx.0 {
        (StatusCode::NO_CONTENT, [(HeaderName::from_static("hx-redirect"), value)]).into_response()
    } else {
        (StatusCode::SEE_OTHER, [(LOCATION, value)]).into_response()
    }
}

macro_rules! done {
    ($($(#[$doc:meta])* $variant:ident = $name:literal $words:literal;)*) => {
        /// What was done; the address of the next page carries its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        enum Done { $($(#[$doc])* $variant,)* }

        impl Done {
            const ALL: &[Self] = &[$(Self::$variant),*];

            const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words,)* }
            }
        }
    };
}

done! {
    /// A user was added.
    Added = "added" "The user is added.";
    /// A user was changed.
    Changed = "changed" "It is changed.";
    /// A badge was given or taken.
    Badge = "badge" "The badge is changed.";
    /// A PIN was set or taken.
    Pin = "pin" "The PIN is changed.";
    /// A password was set.
    Password = "password" "The password is set. All other logins with it have ended.";
    /// A user was enabled or disabled.
    Enabled = "enabled" "It is changed.";
    /// Logins were ended.
    Ended = "ended" "The logins have ended.";
    /// A token was revoked.
    Revoked = "revoked" "The token is revoked. It opens nothing any more.";
}

/// What the address of a page says was done before.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
struct Before {
    done: String,
}

impl Before {
    fn said(&self) -> Markup {
        let done = Done::ALL.iter().find(|done| done.name() == self.done);
        html! { @if let Some(done) = done { p.note role="status" { (done.words()) } } }
    }
}

/// The token that a session's form carries, for browsers that run no script.
fn csrf(person: &Principal) -> Markup {
    html! {
        @if let Via::Session { csrf, .. } = &person.via { input type="hidden" name="csrf" value=(csrf); }
    }
}

/// A time, which the browser shows in its own zone. `shown_as` is what the common script knows: `minute`, `ago` and so on.
fn time(at: Timestamp, shown_as: &str) -> Markup {
    let utc = utc(at);
    let words = utc.get(..16).unwrap_or_default().replace('T', " ");
    html! { time datetime=(utc) data-as=(shown_as) { (words) " UTC" } }
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Operator => "Operator",
        Role::Engineer => "Engineer",
        Role::Auditor => "Auditor",
        Role::Admin => "Administrator",
    }
}

/// What people of a role do, in a line.
const fn role_words(role: Role) -> &'static str {
    match role {
        Role::Operator => "works at the line: slots, units, labels",
        Role::Engineer => "runs the line: work orders, recipes, ports, certificates",
        Role::Auditor => "reads everything and changes nothing",
        Role::Admin => "does everything, and says who may do what",
    }
}

const fn via_word(via: LoginVia) -> &'static str {
    match via {
        LoginVia::Password => "password",
        LoginVia::Badge => "badge",
    }
}

/// A field that asks for a role.
fn role_field(current: Role) -> Markup {
    html! {
        fieldset.roles {
            legend { "Role" }
            @for role in Role::ALL {
                label.choice {
                    input type="radio" name="role" value=(role.name()) required checked[*role == current];
                    span { strong { (role_word(*role)) } " " span.muted { (role_words(*role)) } }
                }
            }
        }
    }
}

/// A field that asks for a language.
fn language_field(current: Option<Language>, id: &str) -> Markup {
    html! {
        .field {
            label for=(id) { "Language" }
            select id=(id) name="language" {
                option value="" selected[current.is_none()] { "As the browser says" }
                @for language in Language::ALL {
                    option value=(language.tag()) selected[current == Some(language)] {
                        (super::login::own_name(language))
                    }
                }
            }
        }
    }
}

/// A field for a reason, which goes on record.
fn reason_field(id: &str) -> Markup {
    html! {
        .field {
            label for=(id) { "Reason " span.muted { "(optional; goes on record with your name)" } }
            input id=(id) name="reason" type="text" maxlength="200" autocomplete="off";
        }
    }
}

/// A language of a form: empty is the browser's.
fn language_of(tag: &str) -> Answer<Option<Language>> {
    if tag.is_empty() {
        return Ok(None);
    }
    let parsed = tag.parse().map(Some);
    parsed
        .map_err(|_| HttpProblem::bad_request("language", "It is none of the languages.", "Choose one from the list."))
}

/// A role of a form.
fn role_of(name: &str) -> Answer<Role> {
    let unknown = || HttpProblem::bad_request("role", "It is none of the roles.", "Choose one from the list.");
    Role::named(name).ok_or_else(unknown)
}

/// Why something is done, as it goes on record.
fn reason_of(typed: &str) -> String {
    const REASON_MAX: usize = 200;
    let plain = typed.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(REASON_MAX).collect::<String>().trim().to_owned()
}
