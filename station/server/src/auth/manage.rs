//! What is done with users and tokens, for pages, API and command line alike: checks what is asked, and has it recorded.

use std::time::Duration;

use axum::http::StatusCode;
use firstpass_domain::{Action, Role, Timestamp};
use firstpass_store::{NewToken, SecretHash, TokenId, UserChange, UserId, UserRecord};

use super::{
    password::{Typed, check_password, check_pin},
    secret::Secret,
};
use crate::{
    App,
    access::{Principal, Via},
    problem::{Answer, HttpProblem},
};

/// Longest name to show, in characters.
pub(crate) const NAME_MAX: usize = 80;
/// Longest name of a token.
pub(crate) const TOKEN_NAME_MAX: usize = 40;
/// Longest life of a token, in days.
pub(crate) const TOKEN_DAYS_MAX: u32 = 731;
/// Life of a token when nobody says otherwise, in days.
pub(crate) const TOKEN_DAYS: u32 = 90;

const DAY: Duration = Duration::from_secs(86_400);

/// A name as it is kept: without what cannot be seen, not too long; `None` when nothing is left.
pub(crate) fn clean_name(typed: &str) -> Option<String> {
    let seen: String = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name: String = seen.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(NAME_MAX).collect();
    (!name.is_empty()).then_some(name)
}

/// What is understood, and cannot be.
pub(crate) fn unfit(code: &str, why: impl Into<String>, remedy: impl Into<String>) -> HttpProblem {
    let what = "The request cannot be carried out.";
    HttpProblem::new(StatusCode::UNPROCESSABLE_ENTITY, code, what, why, remedy)
}

/// Hash of a new password of somebody, when it may be one.
pub(crate) async fn new_password(app: &App, typed: Typed, login: &str) -> Answer<SecretHash> {
    check_password(&typed, login).map_err(|weak| {
        let remedy = "Choose another one: a few words that you can remember are best.";
        unfit("password_weak", format!("This cannot be the password: {weak}."), remedy)
    })?;
    app.auth.hasher.hash(typed).await
}

/// Hash of a new PIN, when it may be one.
pub(crate) async fn new_pin(app: &App, typed: Typed) -> Answer<SecretHash> {
    check_pin(&typed).map_err(|weak| {
        unfit("pin_weak", format!("This cannot be the PIN: {weak}."), "Choose other digits, in no order.")
    })?;
    app.auth.hasher.hash(typed).await
}

/// Lets nobody say how people log in who may do more than they do themselves: a token that is for managing people only would
/// become whoever it likes.
pub(crate) fn check_reach(person: &Principal, role: Role) -> Answer<()> {
    if person.covers(role) {
        return Ok(());
    }
    let why = format!("Whoever is {} may do more than you, or your token, may do here.", role.name());
    let remedy = "Use a token that is for everything that they may do, or log in with your password.";
    Err(HttpProblem::new(StatusCode::FORBIDDEN, "beyond_reach", "You may not do this.", why, remedy))
}

/// Lets nobody change people, or make them what they are not, beyond themselves. Names, languages and the end of logins are no
/// way to become somebody.
pub(crate) fn check_change(person: &Principal, user: &UserRecord, change: &UserChange) -> Answer<()> {
    let UserChange { name: _, role, language: _, badge, enabled } = change;
    let other = role.filter(|role| *role != user.role);
    if other.is_some() || badge.is_some() || *enabled == Some(true) {
        check_reach(person, user.role)?;
    }
    other.map_or(Ok(()), |role| check_reach(person, role))
}

/// A token that is asked for.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Its name.
    pub(crate) name: String,
    /// Whose it is to be.
    pub(crate) owner: UserRecord,
    /// What it is to be for.
    pub(crate) actions: Vec<Action>,
    /// For how many days.
    pub(crate) days: u32,
}

/// Issues a token. Nobody can make one that may do more than they may, nor more than its owner may; a token makes none that
/// outlives it.
pub(crate) async fn issue_token(
    app: &App,
    person: &Principal,
    wanted: Wanted,
    reason: &str,
) -> Answer<(TokenId, Secret)> {
    check_token(person, &wanted)?;
    let now = (app.services.clock)();
    let secret = Secret::make();
    let mut token = new_token(&secret, wanted.name, wanted.owner.id, wanted.actions, wanted.days, now);
    if let Via::Token { expires, .. } = &person.via {
        token.expires = token.expires.min(*expires);
    }
    let id = app.services.store.issue_token(&token, &person.act(reason), now).await?;
    Ok((id, secret))
}

/// A token for the record.
pub(crate) fn new_token(
    secret: &Secret,
    name: String,
    user: UserId,
    mut actions: Vec<Action>,
    days: u32,
    now: Timestamp,
) -> NewToken {
    actions.sort_unstable();
    actions.dedup();
    NewToken { hash: secret.hash(), name, user, actions, expires: now.plus(DAY.saturating_mul(days)) }
}

/// Whether a text can be the name of a token: it stands beside its owner's in the audit log.
pub(crate) fn is_token_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=TOKEN_NAME_MAX).contains(&name.len()) && name.bytes().all(plain)
}

fn check_token(person: &Principal, wanted: &Wanted) -> Answer<()> {
    if !is_token_name(&wanted.name) {
        let why = format!("The name of a token is 1 to {TOKEN_NAME_MAX} of A-Z a-z 0-9 . _ -.");
        return Err(unfit("token_name", why, "Name it after the program that is to have it."));
    }
    if wanted.actions.is_empty() {
        return Err(unfit("token_actions", "A token is for at least one action.", "Choose what it is for."));
    }
    if !(1..=TOKEN_DAYS_MAX).contains(&wanted.days) {
        let why = format!("A token lives for 1 to {TOKEN_DAYS_MAX} days.");
        return Err(unfit("token_days", why, "Choose another end; a new one can be issued before it."));
    }
    let too_much = |action: &&Action| !person.may(**action) || !wanted.owner.role.may(**action);
    match wanted.actions.iter().find(too_much) {
        None => Ok(()),
        Some(action) => {
            let why = format!("You, or the token's owner, may not {}.", action.name().replace('_', " "));
            Err(unfit("token_actions", why, "Choose actions that both of you may do."))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_of_what_can_be_seen() {
        assert_eq!(clean_name("  Grace \n\u{7}Hopper ").as_deref(), Some("Grace Hopper"));
        assert_eq!(clean_name(" \t"), None);
        assert_eq!(clean_name(&"x".repeat(500)).map(|name| name.len()), Some(NAME_MAX));
    }

    #[test]
    fn a_token_name_cannot_be_taken_for_anything_else() {
        for name in ["", "a b", "a/b", "ä", &"x".repeat(41)] {
            assert!(!is_token_name(name), "{name}");
        }
        assert!(is_token_name("MES-2.line_1"));
    }
}
