//! Everybody's own account: language, password, PIN, and where they are logged in.

use axum::{extract::State, response::Html};
use firstpass_store::{PersonSession, UserRecord};
use maud::{Markup, html};

use super::{Before, csrf, language_field, role_word, role_words, show, time, via_word};
use crate::{
    AppState,
    access::{Principal, Via},
    auth::{
        identify::sessions_of,
        password::{PASSWORD_MIN, PIN_MAX, PIN_MIN},
    },
    extract::Query,
    pages::layout::Nav,
    problem::Answer,
};

pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Query(before): Query<Before>,
) -> Answer<Html<String>> {
    let user = super::find(&app, &person.login).await?;
    let sessions = sessions_of(&app, user.id).await?;
    let body = html! {
        h1 { "My account" }
        (before.said())
        .grid {
            div.stack-y {
                (facts(&person, &user))
                (logins(&person, &sessions))
            }
            @if person.is_at_home() {
                div.stack-y {
                    (password_form(&person))
                    (pin_form(&person, &user))
                }
            }
        }
    };
    Ok(show("My account", &person, Nav::Elsewhere, body))
}

fn facts(person: &Principal, user: &UserRecord) -> Markup {
    html! {
        section.card {
            h2 { (user.name) }
            dl.facts {
                dt { "Login name" } dd.mono { (user.login) }
                dt { "Role" } dd { (role_word(user.role)) " " span.muted { (role_words(user.role)) } }
                dt { "Badge" } dd { (if user.badge.is_some() { "given" } else { "none: an administrator gives one" }) }
            }
            @if !person.is_at_home() {
                p.note { "You are here with your badge, with an operator's rights. Log in with your password for the rest." }
            }
            form.inline method="post" action="/account/language" {
                (csrf(person))
                (language_field(user.language, "language"))
                button type="submit" { "Use it" }
            }
        }
    }
}

fn logins(person: &Principal, sessions: &[PersonSession]) -> Markup {
    html! {
        section.card {
            h2 { "Where I am logged in" }
            .table-wrap {
                table.data.dense {
                    thead {
                        tr {
                            th scope="col" { "With" }
                            th scope="col" { "From" }
                            th scope="col" { "Since" }
                            th scope="col" { "Last used" }
                            th.actions scope="col" { span.visually-hidden { "Actions" } }
                        }
                    }
                    tbody { @for session in sessions { (session_row(person, session)) } }
                }
            }
            @if person.is_at_home() && sessions.len() > 1 {
                form method="post" action="/account/logins/end-others" {
                    (csrf(person))
                    button type="submit" { "Log out everywhere else" }
                }
            }
        }
    }
}

fn session_row(person: &Principal, session: &PersonSession) -> Markup {
    let here = matches!(&person.via, Via::Session { token, .. } if *token == session.token);
    html! {
        tr {
            td { (via_word(session.via)) }
            td title=(session.agent) { span.mono { (session.address) } }
            td { (time(session.opened, "minute")) }
            td { (time(session.seen, "ago")) }
            td.actions {
                @if here {
                    span.badge.info { "here" }
                } @else if person.is_at_home() {
                    form method="post" action="/account/logins/end" {
                        (csrf(person))
                        input type="hidden" name="login" value=(session.token);
                        button type="submit" aria-label={ "End the login from " (session.address) } { "End" }
                    }
                }
            }
        }
    }
}

fn password_form(person: &Principal) -> Markup {
    html! {
        form.card.stack method="post" action="/account/password" hx-post="/account/password" hx-swap="none" {
            h2 { "Password" }
            (csrf(person))
            input type="hidden" name="username" autocomplete="username" value=(person.login);
            .field {
                label for="current" { "Present password" }
                input #current name="current" type="password" required autocomplete="current-password" maxlength="200";
            }
            .field {
                label for="new" { "New password" }
                input #new name="new" type="password" required autocomplete="new-password" minlength=(PASSWORD_MIN)
                    maxlength="200" aria-describedby="new-hint";
                span.hint #new-hint { "At least " (PASSWORD_MIN) " characters; a few words that you can remember are best." }
            }
            .field {
                label for="again" { "New password again" }
                input #again name="again" type="password" required autocomplete="new-password" maxlength="200";
            }
            button.primary type="submit" { "Change the password" }
            p.hint.muted { "Ends your logins everywhere else." }
        }
    }
}

fn pin_form(person: &Principal, user: &UserRecord) -> Markup {
    html! {
        form.card.stack method="post" action="/account/pin" hx-post="/account/pin" hx-swap="none" {
            h2 { "PIN for the badge" }
            (csrf(person))
            .field {
                label for="pin-current" { "Present password" }
                input #pin-current name="current" type="password" required autocomplete="current-password" maxlength="200";
            }
            .field {
                label for="pin" { (if user.has_pin { "New PIN" } else { "PIN" }) }
                input #pin name="pin" type="password" inputmode="numeric" maxlength=(PIN_MAX)
                    autocomplete="new-password" aria-describedby="pin-hint";
                span.hint #pin-hint { (PIN_MIN) " to " (PIN_MAX) " digits, in no order. Empty takes it away." }
            }
            button type="submit" { "Set the PIN" }
        }
    }
}
