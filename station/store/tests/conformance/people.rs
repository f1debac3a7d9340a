//! Users, their logins and API tokens.

use std::{sync::Arc, time::Duration};

use firstpass_domain::{Action, Language, Role, Timestamp};
use firstpass_store::{
    Credentials, Login, LoginVia, NewPersonSession, NewToken, NewUser, PeopleError, SecretHash, Store, TokenId,
    UserChange, UserId, Verified,
};
use uuid::Uuid;

use super::fixture::{Place, act, digest, later, now};

/// Asserts that a call is refused for a reason.
macro_rules! assert_refused {
    ($call:expr, $reason:pat) => {
        match $call.await {
            Err($reason) => {}
            other => panic!("not refused so: {other:?}"),
        }
    };
}

fn user(login: &str, role: Role) -> NewUser {
    let password = Some(SecretHash::new("$argon2id$of-a-password".to_owned()));
    NewUser { login: Login::new(login).unwrap(), name: login.to_uppercase(), role, language: None, password }
}

async fn add(store: &Arc<dyn Store>, login: &str, role: Role) -> UserId {
    store.add_user(&user(login, role), &act(), now()).await.unwrap()
}

/// What is on record now for a login of this kind.
async fn verified(store: &Arc<dyn Store>, user: UserId, via: LoginVia) -> Verified {
    let login = store.user(user).await.unwrap().unwrap().login;
    let Credentials { user, password, pin } = store.credentials_by_login(login.as_str()).await.unwrap().unwrap();
    match via {
        LoginVia::Password => Verified::Password(password.unwrap()),
        LoginVia::Badge => Verified::Badge { badge: user.badge.unwrap(), pin: pin.unwrap() },
    }
}

fn session(user: UserId, verified: Verified) -> NewPersonSession {
    let (address, agent) = ("192.0.2.7".to_owned(), "browser".to_owned());
    NewPersonSession { token: digest(), user, verified, address, agent, expires: later() }
}

async fn log_in(store: &Arc<dyn Store>, user: UserId, via: LoginVia) -> NewPersonSession {
    let session = session(user, verified(store, user, via).await);
    store.open_session(&session, now()).await.unwrap();
    session
}

async fn give_badge(store: &Arc<dyn Store>, id: UserId) {
    change(store, id, UserChange { badge: Some(Some(digest())), ..UserChange::default() }).await.unwrap();
    store.set_pin(id, Some(&SecretHash::new("$argon2id$of-a-pin".to_owned())), &act(), now()).await.unwrap();
}

async fn is_open(store: &Arc<dyn Store>, session: &NewPersonSession) -> bool {
    store.session(session.token, now()).await.unwrap().is_some()
}

async fn story(store: &Arc<dyn Store>, subject: &str) -> Vec<(String, &'static str)> {
    let entries = store.audit_entries(0, 1000).await.unwrap();
    let of_subject = entries.into_iter().filter(|entry| entry.subject == subject);
    of_subject.map(|entry| (entry.actor, entry.kind.name())).collect()
}

async fn change(store: &Arc<dyn Store>, id: UserId, change: UserChange) -> Result<bool, PeopleError> {
    store.change_user(id, &change, &act(), now()).await
}

pub(crate) async fn a_user_comes_back_as_added_and_every_change_names_who_made_it(place: &dyn Place) {
    let store = place.open("s1").await;
    let id = add(&store, "Grace", Role::Operator).await;
    let added = store.user_by_login("grace").await.unwrap().unwrap();
    assert_eq!((added.id, added.role, added.has_password, added.has_pin), (id, Role::Operator, true, false));
    let badge = digest();
    let asked = UserChange {
        role: Some(Role::Engineer),
        language: Some(Some(Language::SimplifiedChinese)),
        badge: Some(Some(badge)),
        ..UserChange::default()
    };
    assert!(change(&store, id, asked.clone()).await.unwrap());
    assert!(!change(&store, id, asked).await.unwrap(), "it was so before");
    store.set_pin(id, Some(&SecretHash::new("$argon2id$of-a-pin".to_owned())), &act(), now()).await.unwrap();
    let credentials = store.credentials_by_badge(badge).await.unwrap().unwrap();
    assert_eq!((credentials.user.role, credentials.user.language), (Role::Engineer, Some(Language::SimplifiedChinese)));
    assert_eq!(credentials.pin.unwrap().phc(), "$argon2id$of-a-pin");
    assert_eq!(store.users().await.unwrap(), [store.user(id).await.unwrap().unwrap()]);
    let by_ada = |kind| ("ada".to_owned(), kind);
    let told = [by_ada("user.added"), by_ada("user.changed"), by_ada("credential.set")];
    assert_eq!(story(&store, "grace").await, told);
}

pub(crate) async fn no_audit_entry_of_people_holds_a_hash(place: &dyn Place) {
    let store = place.open("s1").await;
    let id = add(&store, "grace", Role::Operator).await;
    let badge = digest();
    change(&store, id, UserChange { badge: Some(Some(badge)), ..UserChange::default() }).await.unwrap();
    store.set_password(id, &SecretHash::new("$argon2id$next".to_owned()), &act(), now()).await.unwrap();
    let session = log_in(&store, id, LoginVia::Password).await;
    let token = token(id, "mes");
    store.issue_token(&token, &act(), now()).await.unwrap();
    for entry in store.audit_entries(0, 1000).await.unwrap() {
        for secret in ["$argon2id".to_owned(), badge.to_string(), session.token.to_string(), token.hash.to_string()] {
            assert!(!entry.body.contains(&secret), "{}", entry.body);
        }
    }
}

pub(crate) async fn login_names_and_badges_belong_to_one_user_and_the_first_is_added_once(place: &dyn Place) {
    let store = place.open("s1").await;
    store.add_first_user(&user("ada", Role::Admin), &act(), now()).await.unwrap();
    assert_refused!(store.add_first_user(&user("eve", Role::Admin), &act(), now()), PeopleError::NotFirst);
    assert_refused!(store.add_user(&user("ADA", Role::Operator), &act(), now()), PeopleError::LoginTaken);
    let (bob, cyd) = (add(&store, "bob", Role::Operator).await, add(&store, "cyd", Role::Operator).await);
    let badge = UserChange { badge: Some(Some(digest())), ..UserChange::default() };
    change(&store, bob, badge.clone()).await.unwrap();
    assert_refused!(change(&store, cyd, badge), PeopleError::BadgeTaken);
    assert_refused!(change(&store, UserId(Uuid::nil()), UserChange::default()), PeopleError::UnknownUser);
}

pub(crate) async fn the_last_admin_stays_one(place: &dyn Place) {
    let store = place.open("s1").await;
    let ada = add(&store, "ada", Role::Admin).await;
    let less = UserChange { role: Some(Role::Engineer), ..UserChange::default() };
    let disabled = UserChange { enabled: Some(false), ..UserChange::default() };
    assert_refused!(change(&store, ada, less.clone()), PeopleError::LastAdmin);
    assert_refused!(change(&store, ada, disabled.clone()), PeopleError::LastAdmin);
    let eve = add(&store, "eve", Role::Admin).await;
    assert!(change(&store, ada, less).await.unwrap());
    assert_refused!(change(&store, eve, disabled), PeopleError::LastAdmin);
}

pub(crate) async fn what_a_login_rests_on_ends_it_when_it_changes(place: &dyn Place) {
    let store = place.open("s1").await;
    add(&store, "ada", Role::Admin).await;
    let id = add(&store, "grace", Role::Operator).await;
    let hash = SecretHash::new("$argon2id$new".to_owned());
    give_badge(&store, id).await;
    let by_password = log_in(&store, id, LoginVia::Password).await;
    let by_badge = log_in(&store, id, LoginVia::Badge).await;
    store.set_pin(id, Some(&hash), &act(), now()).await.unwrap();
    assert!(is_open(&store, &by_password).await && !is_open(&store, &by_badge).await, "a PIN is the badge's");
    let by_badge = log_in(&store, id, LoginVia::Badge).await;
    change(&store, id, UserChange { badge: Some(None), ..UserChange::default() }).await.unwrap();
    assert!(is_open(&store, &by_password).await && !is_open(&store, &by_badge).await, "the badge was taken");
    store.set_password(id, &hash, &act(), now()).await.unwrap();
    assert!(!is_open(&store, &by_password).await, "the password was set");
    let before = log_in(&store, id, LoginVia::Password).await;
    change(&store, id, UserChange { name: Some("G".to_owned()), ..UserChange::default() }).await.unwrap();
    assert!(is_open(&store, &before).await, "a name is no right");
    change(&store, id, UserChange { role: Some(Role::Auditor), ..UserChange::default() }).await.unwrap();
    assert!(!is_open(&store, &before).await, "the role was changed");
    let before = log_in(&store, id, LoginVia::Password).await;
    change(&store, id, UserChange { enabled: Some(false), ..UserChange::default() }).await.unwrap();
    assert!(!is_open(&store, &before).await, "the user was disabled");
    let again = NewPersonSession { token: digest(), ..before };
    assert_refused!(store.open_session(&again, now()), PeopleError::Disabled);
}

pub(crate) async fn a_login_ends_by_itself_by_hand_and_with_all_others(place: &dyn Place) {
    let store = place.open("s1").await;
    let (grace, other) = (add(&store, "grace", Role::Operator).await, add(&store, "eve", Role::Operator).await);
    give_badge(&store, grace).await;
    let sessions = [log_in(&store, grace, LoginVia::Password).await, log_in(&store, grace, LoginVia::Badge).await];
    let after = sessions[0].expires.plus(Duration::from_secs(1));
    assert!(store.session(sessions[0].token, after).await.unwrap().is_none(), "its time is over");
    assert!(!store.end_session(other, sessions[0].token, &act(), now()).await.unwrap(), "it is somebody else's");
    let used = now();
    store.touch_session(sessions[0].token, used).await.unwrap();
    assert_eq!(store.session(sessions[0].token, used).await.unwrap().unwrap().seen, used);
    let newest_first = store.sessions_of(grace, now()).await.unwrap();
    assert_eq!(newest_first.iter().map(|open| open.via).collect::<Vec<_>>(), [LoginVia::Badge, LoginVia::Password]);
    assert_eq!(store.end_sessions(grace, Some(sessions[1].token), &act(), now()).await.unwrap(), 1);
    assert!(!is_open(&store, &sessions[0]).await && is_open(&store, &sessions[1]).await);
    assert!(store.end_session(grace, sessions[1].token, &act(), now()).await.unwrap());
    assert!(!is_open(&store, &sessions[1]).await);
    let told = story(&store, "grace").await;
    assert_eq!(told.iter().filter(|(actor, kind)| (actor.as_str(), *kind) == ("grace", "login.succeeded")).count(), 2);
    assert_eq!(told.iter().filter(|(actor, kind)| (actor.as_str(), *kind) == ("ada", "login.ended")).count(), 2);
    assert_eq!(store.end_sessions(grace, None, &act(), now()).await.unwrap(), 0);
    assert_eq!(story(&store, "grace").await, told, "where none is ended there is nothing to tell");
    assert_eq!(story(&store, "eve").await.len(), 1, "and nobody ended a login of hers");
}

pub(crate) async fn a_login_is_opened_only_while_what_it_was_verified_against_stands(place: &dyn Place) {
    let store = place.open("s1").await;
    add(&store, "ada", Role::Admin).await;
    let id = add(&store, "grace", Role::Operator).await;
    give_badge(&store, id).await;
    let (password, badge) =
        (verified(&store, id, LoginVia::Password).await, verified(&store, id, LoginVia::Badge).await);
    let hash = |text: &str| SecretHash::new(format!("$argon2id${text}"));
    store.set_password(id, &hash("next"), &act(), now()).await.unwrap();
    let late = session(id, password);
    assert_refused!(store.open_session(&late, now()), PeopleError::CredentialChanged);
    store.open_session(&session(id, badge.clone()), now()).await.unwrap();
    store.set_pin(id, Some(&hash("next-pin")), &act(), now()).await.unwrap();
    assert_refused!(store.open_session(&session(id, badge), now()), PeopleError::CredentialChanged);
    let badge = verified(&store, id, LoginVia::Badge).await;
    change(&store, id, UserChange { badge: Some(Some(digest())), ..UserChange::default() }).await.unwrap();
    assert_refused!(store.open_session(&session(id, badge), now()), PeopleError::CredentialChanged);
    let badge = verified(&store, id, LoginVia::Badge).await;
    store.set_pin(id, None, &act(), now()).await.unwrap();
    assert_refused!(store.open_session(&session(id, badge), now()), PeopleError::CredentialChanged);
    assert!(store.sessions_of(id, now()).await.unwrap().is_empty() && !is_open(&store, &late).await);
}

pub(crate) async fn users_and_tokens_come_in_pages(place: &dyn Place) {
    let store = place.open("s1").await;
    let mut names = Vec::new();
    for n in 0..5 {
        let id = add(&store, &format!("user-{n}"), Role::Engineer).await;
        store.issue_token(&token(id, &format!("token-{n}")), &act(), now()).await.unwrap();
        names.push(format!("user-{n}"));
    }
    let (mut after, mut users) = (None, Vec::new());
    loop {
        let page = store.users_page(after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.login.clone());
        users.extend(page.into_iter().map(|user| user.login.to_string()));
    }
    assert_eq!(users, names);
    let (mut after, mut tokens) = (None, Vec::new());
    loop {
        let page = store.tokens(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        tokens.extend(page.into_iter().map(|token| token.name));
    }
    assert_eq!(tokens, ["token-4", "token-3", "token-2", "token-1", "token-0"]);
    assert!(store.tokens(Some(TokenId(Uuid::nil())), 2).await.unwrap().is_empty(), "after one that is not there");
}

/// Tokens of one instant have an order too.
pub(crate) async fn tokens_of_one_instant_come_once_each(place: &dyn Place) {
    let store = place.open("s1").await;
    let (id, at) = (add(&store, "grace", Role::Engineer).await, now());
    for n in 0..5 {
        store.issue_token(&token(id, &format!("token-{n}")), &act(), at).await.unwrap();
    }
    let (mut after, mut seen) = (None, std::collections::BTreeSet::new());
    while let Some(next) = store.tokens(after, 1).await.unwrap().pop() {
        after = Some(next.id);
        assert!(seen.insert(next.name), "it came before");
    }
    assert_eq!(seen.len(), 5);
}

pub(crate) async fn a_user_has_a_bounded_number_of_logins(place: &dyn Place) {
    let store = place.open("s1").await;
    let grace = add(&store, "grace", Role::Operator).await;
    let first = log_in(&store, grace, LoginVia::Password).await;
    let mut newest = first.clone();
    for _ in 0..32 {
        newest = log_in(&store, grace, LoginVia::Password).await;
    }
    assert_eq!(store.sessions_of(grace, now()).await.unwrap().len(), 32);
    assert!(!is_open(&store, &first).await && is_open(&store, &newest).await);
}

fn token(user: UserId, name: &str) -> NewToken {
    let actions = vec![Action::SeeUnits, Action::ManageBatches];
    NewToken { hash: digest(), name: name.to_owned(), user, actions, expires: later() }
}

pub(crate) async fn a_token_is_found_by_its_hash_until_anybody_forgets_it(place: &dyn Place) {
    let store = place.open("s1").await;
    let grace = add(&store, "grace", Role::Engineer).await;
    let new = token(grace, "mes");
    let id = store.issue_token(&new, &act(), now()).await.unwrap();
    assert_refused!(store.issue_token(&token(grace, "mes"), &act(), now()), PeopleError::TokenNameTaken);
    let used = now();
    store.touch_token(id, used).await.unwrap();
    let found = store.token_by_hash(new.hash).await.unwrap().unwrap();
    assert_eq!((found.id, found.actions, found.used, found.revoked), (id, new.actions, Some(used), None));
    assert_eq!(found.user.login.as_str(), "grace");
    assert!(store.revoke_token(id, &act(), now()).await.unwrap());
    assert!(!store.revoke_token(id, &act(), now()).await.unwrap(), "it was revoked before");
    assert!(store.token_by_hash(new.hash).await.unwrap().unwrap().revoked.is_some());
    store.issue_token(&token(grace, "mes"), &act(), now()).await.unwrap();
    assert_eq!(store.tokens(None, 10).await.unwrap().len(), 2);
    assert_eq!(store.tokens(None, 1).await.unwrap()[0].revoked, None, "newest first");
    let told = story(&store, "mes").await;
    assert_eq!(
        told.iter().map(|(_, kind)| *kind).collect::<Vec<_>>(),
        ["token.issued", "token.revoked", "token.issued"]
    );
    change(&store, grace, UserChange { enabled: Some(false), ..UserChange::default() }).await.unwrap();
    assert_refused!(store.issue_token(&token(grace, "erp"), &act(), now()), PeopleError::Disabled);
}

pub(crate) async fn logins_that_are_held_up_stand_in_the_log(place: &dyn Place) {
    let store = place.open("s1").await;
    store.note_held_up(Some("grace"), "192.0.2.9", 7, Timestamp::from_micros(1)).await.unwrap();
    store.note_held_up(None, "192.0.2.9", 9, now()).await.unwrap();
    assert_eq!(story(&store, "grace").await, [("station".to_owned(), "login.held_up")]);
    assert_eq!(story(&store, "unknown").await.len(), 1);
}
