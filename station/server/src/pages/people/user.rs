//! One user: what they are, how they log in, where they are logged in.

use axum::{extract::State, response::Html};
use firstpass_domain::Action;
use firstpass_store::{PersonSession, UserRecord};
use maud::{Markup, html};

use super::{
    Before, Tab, address, csrf, find, language_field,
    list::{status, ways},
    reason_field, role_field, role_word, show, tabs, time, via_word,
};
use crate::{
    AppState,
    access::Principal,
    auth::{
        identify::sessions_of,
        password::{PIN_MAX, PIN_MIN},
    },
    extract::{Path, Query},
    pages::layout::Nav,
    problem::Answer,
};

pub(super) async fn page(
    State(app): State<AppState>,
    person: Principal,
    Path(login): Path<String>,
    Query(before): Query<Before>,
) -> Answer<Html<String>> {
    let user = find(&app, &login).await?;
    let sessions = sessions_of(&app, user.id).await?;
    let manages = person.may(Action::ManagePeople);
    let body = html! {
        .toolbar { h1 { (user.name) } (status(&user)) }
        (tabs(Tab::Users))
        (before.said())
        .grid {
            div.stack-y {
                (facts(&user))
                (logins(&person, &user, &sessions, manages))
            }
            @if manages {
                div.stack-y {
                    (change_form(&person, &user))
                    (badge_form(&person, &user))
                    (password_form(&person, &user))
                    (enabled_form(&person, &user))
                }
            }
        }
    };
    Ok(show(&user.name, &person, Nav::People, body))
}

fn facts(user: &UserRecord) -> Markup {
    html! {
        section.card {
            h2 { "User" }
            dl.facts {
                dt { "Login name" } dd.mono { (user.login) }
                dt { "Role" } dd { (role_word(user.role)) }
                dt { "Logs in with" } dd { (ways(user)) }
                dt { "Badge" } dd { (if user.badge.is_some() { "given" } else { "none" }) }
                dt { "PIN" } dd { (if user.has_pin { "set" } else { "none" }) }
                dt { "Added" } dd { (time(user.created, "minute")) }
                dt { "Last login" } dd { @match user.last_login { Some(at) => (time(at, "minute")), None => "never" } }
                @if let Some(at) = user.disabled { dt { "Disabled" } dd { (time(at, "minute")) } }
            }
        }
    }
}

fn logins(person: &Principal, user: &UserRecord, sessions: &[PersonSession], manages: bool) -> Markup {
    html! {
        section.card {
            h2 { "Logged in now" }
            @if sessions.is_empty() {
                p.muted { "Nowhere." }
            } @else {
                .table-wrap {
                    table.data.dense {
                        thead { tr { th scope="col" { "With" } th scope="col" { "From" } th scope="col" { "Last used" } } }
                        tbody {
                            @for session in sessions {
                                tr {
                                    td { (via_word(session.via)) }
                                    td.mono { (session.address) }
                                    td { (time(session.seen, "ago")) }
                                }
                            }
                        }
                    }
                }
                @if manages {
                    form method="post" action={ (address(&user.login)) "/logins/end" } data-confirm="End all logins?"
                        data-confirm-text={ (user.name) " must log in again everywhere." } data-confirm-button="End them" {
                        (csrf(person))
                        button.danger type="submit" { "End all logins" }
                    }
                }
            }
        }
    }
}

fn change_form(person: &Principal, user: &UserRecord) -> Markup {
    let action = address(&user.login);
    html! {
        form.card.stack method="post" action=(action) hx-post=(action) hx-swap="none" {
            h2 { "Change" }
            (csrf(person))
            .field {
                label for="name" { "Name" }
                input #name name="name" type="text" required maxlength="80" value=(user.name) autocomplete="off";
            }
            (role_field(user.role))
            (language_field(user.language, "language"))
            (reason_field("change-reason"))
            button.primary type="submit" { "Save" }
            p.hint.muted { "Another role ends the user's logins." }
        }
    }
}

fn badge_form(person: &Principal, user: &UserRecord) -> Markup {
    let (badge, pin) = (format!("{}/badge", address(&user.login)), format!("{}/pin", address(&user.login)));
    html! {
        section.card {
            h2 { "Badge and PIN" }
            p.muted { "At the line, badge and PIN give an operator's rights, whatever the role, until the shift ends." }
            form.stack method="post" action=(badge) hx-post=(badge) hx-swap="none" autocomplete="off" {
                (csrf(person))
                .field {
                    label for="number" { (if user.badge.is_some() { "Another badge" } else { "Badge" }) }
                    input #number name="number" type="text" maxlength="64" autocomplete="off" autocapitalize="off"
                        spellcheck="false" aria-describedby="number-hint";
                    span.hint #number-hint { "Scan it here. Only a keyed hash is kept. Empty takes the badge away." }
                }
                button type="submit" { "Set the badge" }
            }
            form.stack method="post" action=(pin) hx-post=(pin) hx-swap="none" autocomplete="off" {
                (csrf(person))
                .field {
                    label for="pin" { (if user.has_pin { "Another PIN" } else { "PIN" }) }
                    input #pin name="pin" type="password" inputmode="numeric" maxlength=(PIN_MAX)
                        autocomplete="new-password" aria-describedby="pin-hint";
                    span.hint #pin-hint { (PIN_MIN) " to " (PIN_MAX) " digits, in no order. Empty takes the PIN away." }
                }
                button type="submit" { "Set the PIN" }
            }
        }
    }
}

fn password_form(person: &Principal, user: &UserRecord) -> Markup {
    let action = format!("{}/password", address(&user.login));
    html! {
        form.card.stack method="post" action=(action) data-confirm="Make a new password?"
            data-confirm-text={ "It is shown to you once. " (user.name) " is logged out everywhere." }
            data-confirm-button="Make it" {
            h2 { "Password" }
            (csrf(person))
            p { "Makes a new password and shows it once, to be handed over. The user changes it under My account." }
            button type="submit" { "Make a new password" }
        }
    }
}

fn enabled_form(person: &Principal, user: &UserRecord) -> Markup {
    let action = format!("{}/enabled", address(&user.login));
    let enabled = user.disabled.is_none();
    html! {
        form.card.stack method="post" action=(action) hx-post=(action) hx-swap="none" {
            h2 { (if enabled { "Disable" } else { "Enable" }) }
            (csrf(person))
            input type="hidden" name="enabled" value=(if enabled { "no" } else { "yes" });
            @if enabled {
                p { "Ends all logins and API tokens at once. Users are never deleted: the audit log names them." }
                (reason_field("enabled-reason"))
                button.danger type="submit" { "Disable " (user.login) }
            } @else {
                p { "The user may log in again, and their API tokens work again until they end." }
                (reason_field("enabled-reason"))
                button type="submit" { "Enable " (user.login) }
            }
        }
    }
}
