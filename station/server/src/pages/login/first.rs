//! The first administrator, made with the code that the station's console shows.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{Html, IntoResponse},
};
use firstpass_domain::{Language, Role};
use firstpass_store::{Act, Login, NewUser, PeopleError, SecretHash, Verified};
use maud::{Markup, html};
use serde::Deserialize;

use super::{Asked, form::languages, language, to, trust};
use crate::{
    App, AppState,
    auth::{
        log_in::{Visitor, count_wrong, open},
        manage::clean_name,
        password::{PASSWORD_MIN, Typed, check_password},
        peer::From,
        throttle::{Attempt, Way},
    },
    extract::{Form, Query},
    pages::layout::{Nav, Page},
    problem::{Answer, too_often},
    words::{SetUpWords, fill, setup as words},
};

#[derive(Debug, Deserialize)]
pub(super) struct First {
    code: String,
    name: String,
    login: String,
    password: Typed,
    again: Typed,
    #[serde(default)]
    lang: String,
}

/// Whether there is still nobody. A user may have been added on the command line meanwhile.
pub(super) async fn is_due(app: &App) -> Answer<bool> {
    if app.auth.setup.is_open() && !app.services.store.users().await?.is_empty() {
        app.auth.setup.end();
    }
    Ok(app.auth.setup.is_open())
}

pub(super) async fn show(State(app): State<AppState>, Query(asked): Query<Asked>, headers: HeaderMap) -> Answer {
    if !is_due(&app).await? {
        return Ok(to("/login"));
    }
    Ok(Html(page(&app, language(&asked.lang, &headers), None, None).into_string()).into_response())
}

pub(super) async fn make(
    State(app): State<AppState>,
    From(address): From,
    headers: HeaderMap,
    Form(form): Form<First>,
) -> Answer {
    let visitor = Visitor::new(address, &headers);
    let language = language(&form.lang, &headers);
    let words = words(language);
    let again = |status: StatusCode, wrong: &str| {
        let page = page(&app, language, Some(&form), Some(wrong));
        Ok((status, Html(page.into_string())).into_response())
    };
    let attempt = Attempt::new(Way::SetUp, "", address);
    let begun = match app.auth.throttle.begin(&attempt, (app.services.clock)()) {
        Ok(begun) => begun,
        Err(wait) => return Ok(too_often(wait)),
    };
    if !app.auth.setup.fits(&form.code) {
        count_wrong(&app, begun, None, &visitor).await;
        return again(StatusCode::FORBIDDEN, words.code_wrong);
    }
    begun.right((app.services.clock)());
    let user = match new_user(&form, words) {
        Ok(user) => user,
        Err(wrong) => return again(StatusCode::UNPROCESSABLE_ENTITY, &wrong),
    };
    let password = app.auth.hasher.hash(form.password.clone()).await?;
    add(&app, &visitor, user, password).await
}

/// The user that is asked for, still without a password, or what is wrong with it.
fn new_user(form: &First, words: &SetUpWords) -> Result<NewUser, String> {
    let login = Login::new(&form.login).map_err(|_| words.user_wrong.to_owned())?;
    let name = clean_name(&form.name).unwrap_or_else(|| login.to_string());
    check_password(&form.password, login.as_str()).map_err(|weak| fill(words.password_weak, &[&weak.to_string()]))?;
    if form.password != form.again {
        return Err(words.differ.to_owned());
    }
    Ok(NewUser { login, name, role: Role::Admin, language: form.lang.parse().ok(), password: None })
}

async fn add(app: &App, visitor: &Visitor, user: NewUser, password: SecretHash) -> Answer {
    let user = NewUser { password: Some(password.clone()), ..user };
    let act = Act { actor: "setup".to_owned(), reason: "first administrator, by the set-up code".to_owned() };
    let store = &app.services.store;
    let id = match store.add_first_user(&user, &act, (app.services.clock)()).await {
        Ok(id) => id,
        Err(PeopleError::NotFirst) => {
            app.auth.setup.end();
            return Err(PeopleError::NotFirst.into());
        }
        Err(other) => return Err(other.into()),
    };
    app.auth.setup.end();
    match open(app, visitor, id, Verified::Password(password)).await {
        Ok(secret) => {
            let mut response = to("/people");
            response.headers_mut().insert(SET_COOKIE, app.auth.cookie.set(&secret));
            Ok(response)
        }
        Err(refused) => Ok(refused.into_response()),
    }
}

fn page(app: &App, language: Language, typed: Option<&First>, wrong: Option<&str>) -> Markup {
    let words = words(language);
    let body = html! {
        .login.narrow {
            header.login-head {
                h1 { (words.title) }
                p.muted { (app.services.station) }
            }
            @if let Some(wrong) = wrong { .problem role="alert" { p.what { strong { (wrong) } } } }
            (form(words, language, typed))
            (languages(language, ""))
            (trust::line(app, words))
        }
    };
    Page { title: words.title, nav: Nav::Elsewhere, person: None, scripts: &[], body }.render_in(language)
}

fn form(words: &SetUpWords, language: Language, typed: Option<&First>) -> Markup {
    let (code, name, login) = typed.map(|form| (&*form.code, &*form.name, &*form.login)).unwrap_or_default();
    html! {
        form.card.stack method="post" action="/setup" {
            p { (words.intro) }
            .field {
                label for="code" { (words.code) }
                input.mono #code name="code" type="text" required autocomplete="off" autocapitalize="characters"
                    spellcheck="false" maxlength="40" value=(code) aria-describedby="code-hint" autofocus;
                span.hint #code-hint { (words.code_hint) }
            }
            .field {
                label for="name" { (words.name) }
                input #name name="name" type="text" required autocomplete="name" maxlength="80" value=(name);
            }
            .field {
                label for="login" { (words.user) }
                input #login name="login" type="text" required autocomplete="username" autocapitalize="off"
                    spellcheck="false" maxlength="40" value=(login) aria-describedby="login-hint";
                span.hint #login-hint { (words.user_hint) }
            }
            .field {
                label for="password" { (words.password) }
                input #password name="password" type="password" required autocomplete="new-password" maxlength="200"
                    aria-describedby="password-hint";
                span.hint #password-hint { (fill(words.password_hint, &[&PASSWORD_MIN.to_string()])) }
            }
            .field {
                label for="again" { (words.again) }
                input #again name="again" type="password" required autocomplete="new-password" maxlength="200";
            }
            input type="hidden" name="lang" value=(language.tag());
            button.primary type="submit" { (words.submit) }
        }
    }
}
