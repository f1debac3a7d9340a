//! What nobody gets by trying, by being quick, or with a token that is for something else; and what is told of it.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod support;

use std::time::Duration;

use firstpass_domain::{Action, Role};
use firstpass_store::UserChange;
use serde_json::{Value, json};
use support::{Answer, Ask, Bench, PASSWORD, act};

const HOUR: Duration = Duration::from_secs(3600);
const PIN: &str = "290417365182";
const PHRASE: &str = "my very secret one";

fn with_token(bench: &Bench, method: &str, path: &str, token: &str) -> Ask {
    bench.ask(method, path).header("authorization", &format!("Bearer {token}"))
}

fn try_login(bench: &Bench, login: &str, password: &str) -> tokio::task::JoinHandle<Answer> {
    tokio::spawn(bench.ask("POST", "/login").form(&[("login", login), ("password", password)]).send())
}

/// Actor, kind and subject of what the audit log says of logins that were ended.
async fn ended(bench: &Bench) -> Vec<(String, String, String)> {
    let entries = bench.store.audit_entries(0, 1000).await.unwrap();
    let ended = entries.into_iter().filter(|entry| entry.kind.name() == "login.ended");
    let reason = |body: &str| serde_json::from_str::<Value>(body).unwrap()["reason"].as_str().unwrap().to_owned();
    ended.map(|entry| (entry.actor, entry.subject, reason(&entry.body))).collect()
}

fn entry(actor: &str, subject: &str, reason: &str) -> (String, String, String) {
    (actor.to_owned(), subject.to_owned(), reason.to_owned())
}

#[tokio::test]
async fn a_password_in_the_wrong_place_is_repeated_nowhere_and_the_key_may_be_used_again() {
    let bench = Bench::start().await;
    let number: Value = serde_json::from_str(PIN).unwrap();
    let user = |field: &str| format!("/api/v1/users/operator{field}");
    for (n, (method, path, wrong, right)) in [
        ("PUT", user("/pin"), json!({ "pin": number }), json!({ "pin": PIN })),
        ("PUT", user("/pin"), json!({ "pin": [PIN] }), json!({ "pin": PIN })),
        ("PUT", user("/password"), json!(PHRASE), json!({ "password": PHRASE })),
        ("PUT", user("/password"), json!({ "password": { PHRASE: 1 } }), json!({ "password": PHRASE })),
        ("PATCH", user(""), json!({ "badge": number }), json!({ "badge": PIN })),
        ("PATCH", user(""), json!({ "role": PHRASE }), json!({ "role": "operator" })),
    ]
    .into_iter()
    .enumerate()
    {
        let send = async |body: &Value| {
            let ask = bench.ask_as(Role::Admin, method, &path).await.header("idempotency-key", &format!("key-{n}"));
            ask.json(body).send().await
        };
        let refused = send(&wrong).await;
        assert_eq!((refused.status, refused.json()["code"].as_str()), (422, Some("body_invalid")), "{refused:?}");
        assert!(!refused.text.contains(PIN) && !refused.text.contains(PHRASE), "{refused:?}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("expected"), "{refused:?}");
        let done = send(&right).await;
        assert!([200, 204].contains(&done.status), "the same key, mended: {done:?}");
    }
    bench.store.check().await.unwrap();
    for file in ["record.sqlite", "record.sqlite-wal"] {
        let bytes = std::fs::read(bench.folder.path().join(file)).unwrap_or_default();
        for secret in [PIN, PHRASE] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} in {file}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_was_changed_while_it_was_verified_opens_nothing() {
    let bench = Bench::start().await;
    let next = firstpass_server::people::hash_password("some other good words", "engineer").unwrap();
    let id = bench.user(Role::Engineer).await;
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..5 {
        let login = try_login(&bench, "engineer", PASSWORD);
        logins.spawn(async { login.await.unwrap() });
    }
    // Some wait for their turn, with the hash in their hands.
    let mut answers = vec![logins.join_next().await.unwrap().unwrap()];
    bench.store.set_password(id, &next, &act(), bench.now()).await.unwrap();
    answers.extend(logins.join_all().await);
    for cookie in answers.iter().filter_map(Answer::cookie) {
        let asked = bench.ask("GET", "/account").header("cookie", &cookie).send().await;
        assert_eq!(asked.status, 401, "a login with the old password is open");
    }
    assert!(bench.store.sessions_of(id, bench.now()).await.unwrap().is_empty());
    assert!(bench.log_in("engineer", "some other good words").await.is_ok());
}

#[tokio::test]
async fn a_live_stream_ends_with_its_token() {
    let bench = Bench::start().await;
    let mut streams = Vec::new();
    for role in [Role::Admin, Role::Engineer, Role::Auditor, Role::Operator] {
        let token = bench.token(role, &[Action::SeeLine]).await;
        streams.push(with_token(&bench, "GET", "/api/v1/events", &token).open().await);
    }
    let [mut stays, mut disabled, mut changed, mut revoked]: [_; 4] = streams.try_into().unwrap();
    let change = async |role: Role, change: UserChange| {
        bench.store.change_user(bench.user(role).await, &change, &act(), bench.now()).await.unwrap();
    };
    change(Role::Engineer, UserChange { enabled: Some(false), ..UserChange::default() }).await;
    change(Role::Auditor, UserChange { role: Some(Role::Operator), ..UserChange::default() }).await;
    let tokens = bench.store.tokens(None, 10).await.unwrap();
    let token = tokens.iter().find(|token| token.user.login.as_str() == "operator").unwrap();
    assert!(bench.store.revoke_token(token.id, &act(), bench.now()).await.unwrap());
    for stream in [&mut disabled, &mut changed, &mut revoked] {
        stream.end().await;
    }
    assert!(!stays.has_ended(), "a token that is good goes on");
    bench.pass(2 * HOUR);
    stays.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_guesses_at_the_same_time_get_no_further_than_many_one_after_the_other() {
    let bench = Bench::start().await;
    let guesses: Vec<_> = (0..30).map(|n| try_login(&bench, "operator", &format!("a wrong password {n}"))).collect();
    let mut verified = 0;
    for guess in guesses {
        match guess.await.unwrap().status {
            401 => verified += 1,
            other => assert_eq!(other, 429),
        }
    }
    assert!(verified <= 5, "{verified} of 30 were verified");
}

#[tokio::test]
async fn whoever_tries_every_name_from_an_address_holds_nobody_up_who_has_logged_in_from_there() {
    let bench = Bench::start().await;
    assert!(bench.log_in("engineer", PASSWORD).await.is_ok());
    let mut tried = 0;
    while bench.log_in(&format!("nobody-{tried}"), "a wrong password").await.unwrap_err().status != 429 {
        tried += 1;
        assert!(tried <= 120, "whoever tries every name is held up");
    }
    assert!(bench.log_in("engineer", PASSWORD).await.is_ok());
    assert_eq!(bench.log_in("engineer", "a wrong password").await.unwrap_err().status, 401);
}

#[tokio::test]
async fn who_ends_a_login_stands_in_the_log() {
    let bench = Bench::start().await;
    let cookie = |session: &support::Session| session.cookie.clone();
    bench.log_in("engineer", PASSWORD).await.unwrap();
    let by_admin = bench.post(Role::Admin, "/people/users/engineer/logins/end", &[]).await;
    assert_eq!(by_admin.status, 303, "{by_admin:?}");
    assert_eq!(ended(&bench).await, [entry("admin", "engineer", "ended by an administrator")]);

    let (here, there) =
        (bench.log_in("operator", PASSWORD).await.unwrap(), bench.log_in("operator", PASSWORD).await.unwrap());
    let others = bench.ask("POST", "/account/logins/end-others").header("cookie", &here.cookie);
    assert_eq!(others.form(&[("csrf", &here.csrf)]).send().await.status, 303);
    let again = bench.ask("POST", "/logout").header("cookie", &cookie(&there)).send().await;
    assert_eq!(again.status, 303, "that one has ended already, which is nothing to tell");
    let before = bench.ask("POST", "/login").header("cookie", &cookie(&here));
    let fields = [("login", "auditor"), ("password", PASSWORD)];
    let auditor = bench.enter(before.form(&fields).send().await).await.unwrap();
    bench.ask("POST", "/logout").header("cookie", &cookie(&auditor)).send().await;
    let told = [
        entry("operator", "operator", "own"),
        entry("operator", "operator", "another login in this browser"),
        entry("auditor", "auditor", "logged out"),
    ];
    assert_eq!(ended(&bench).await[1..], told);
}

#[tokio::test]
async fn a_login_that_was_not_used_for_too_long_is_not_shown_as_one() {
    let bench = Bench::start().await;
    bench.log_in("engineer", PASSWORD).await.unwrap();
    assert!(!bench.get(Role::Admin, "/people/users/engineer").await.text.contains("Nowhere."));
    bench.pass(2 * HOUR);
    bench.forget().await;
    let page = bench.get(Role::Admin, "/people/users/engineer").await;
    assert!(page.text.contains("Nowhere."), "{page:?}");
    let account = bench.get(Role::Admin, "/account").await;
    assert_eq!(account.text.matches("<td>password</td>").count(), 1, "only the one that is here: {account:?}");
}

/// Ways of becoming an administrator with a token that is for managing people.
fn ways_up() -> [(&'static str, &'static str, Value); 7] {
    [
        ("PUT", "/api/v1/users/admin/password", json!({ "password": PHRASE })),
        ("PUT", "/api/v1/users/admin/pin", json!({ "pin": PIN })),
        ("PATCH", "/api/v1/users/admin", json!({ "badge": PIN })),
        ("PATCH", "/api/v1/users/admin", json!({ "enabled": true })),
        ("PATCH", "/api/v1/users/admin", json!({ "role": "operator" })),
        ("PATCH", "/api/v1/users/operator", json!({ "role": "admin" })),
        ("POST", "/api/v1/users", json!({ "login": "eve", "name": "Eve", "role": "admin", "password": PHRASE })),
    ]
}

#[tokio::test]
async fn a_token_for_managing_people_makes_nobody_more_than_it_is() {
    let bench = Bench::start().await;
    let operators = Action::ALL.iter().copied().filter(|action| Role::Operator.may(*action));
    let with_people = |actions: Vec<Action>| [actions, vec![Action::SeePeople, Action::ManagePeople]].concat();
    let bare = bench.token(Role::Admin, &with_people(Vec::new())).await;
    let wider = bench.token(Role::Admin, &with_people(operators.collect())).await;
    for token in [&bare, &wider] {
        for (method, path, body) in ways_up() {
            let answer = with_token(&bench, method, path, token).json(&body).send().await;
            let code = answer.json()["code"].clone();
            assert_eq!((answer.status, code), (403, json!("beyond_reach")), "{method} {path} {body}");
        }
        for (path, fields) in [
            ("/people/users/admin/password", vec![]),
            ("/people/users/admin/pin", vec![("pin", PIN)]),
            ("/people/users/admin/badge", vec![("number", PIN)]),
            ("/people/users/operator", vec![("name", "Op"), ("role", "admin")]),
            ("/people", vec![("login", "eve"), ("name", "Eve"), ("role", "admin"), ("password", PHRASE)]),
        ] {
            let answer = with_token(&bench, "POST", path, token).form(&fields).send().await;
            assert_eq!(answer.status, 403, "{path}: {answer:?}");
        }
    }
    let set = |token: &str| {
        let body = json!({ "password": PHRASE });
        with_token(&bench, "PUT", "/api/v1/users/operator/password", token).json(&body).send()
    };
    assert_eq!(set(&bare).await.status, 403, "an operator may more than it");
    assert_eq!(set(&wider).await.status, 204, "it is for all that an operator may");
    let rename = with_token(&bench, "PATCH", "/api/v1/users/admin", &bare).json(&json!({ "name": "Ada" })).send().await;
    assert_eq!((rename.status, &rename.json()["name"]), (200, &json!("Ada")), "a name is no right");
    assert!(bench.log_in("admin", PASSWORD).await.is_ok(), "and nothing else was changed");
}

#[tokio::test]
async fn a_token_makes_none_that_outlives_it() {
    let bench = Bench::start().await;
    let token = bench.token(Role::Admin, &[Action::SeePeople, Action::ManagePeople]).await;
    let wanted = json!({ "name": "child", "actions": ["manage_people"], "days": 731 });
    let issued = with_token(&bench, "POST", "/api/v1/tokens", &token).json(&wanted).send().await;
    assert_eq!(issued.status, 201, "{issued:?}");
    let child = issued.json()["secret"].as_str().unwrap().to_owned();
    let mine = bench.store.tokens(None, 10).await.unwrap();
    assert_eq!(mine[0].expires, mine[1].expires, "{mine:?}");
    bench.pass(2 * HOUR);
    assert_eq!(with_token(&bench, "GET", "/api/v1/users", &child).send().await.status, 401);
}

#[tokio::test]
async fn one_token_or_person_takes_some_of_the_places_of_listeners_only() {
    let bench = Bench::start().await;
    let tokens =
        [bench.token(Role::Auditor, &[Action::SeeLine]).await, bench.token(Role::Auditor, &[Action::SeeLine]).await];
    let session = bench.session(Role::Operator).await;
    let by_token = |token: &str| with_token(&bench, "GET", "/api/v1/events", token);
    let by_person = |path: &str| bench.ask("GET", path).header("cookie", &session.cookie);
    let mut streams = Vec::new();
    for _ in 0..16 {
        streams.push(by_token(&tokens[0]).open().await);
        streams.push(by_person("/api/v1/events").open().await);
    }
    let full = by_token(&tokens[0]).send().await;
    assert_eq!((full.status, &full.json()["code"]), (503, &json!("listeners_full")));
    assert!(full.json()["detail"].as_str().unwrap().contains("16 times"), "{full:?}");
    assert_eq!(by_person("/line/events").status().await, 503, "pages and systems count together");
    assert_eq!(by_token(&tokens[1]).status().await, 200, "another token has its own");
    assert!(streams.iter().all(|stream| !stream.has_ended()));
}

async fn scan(ask: Ask, text: &str) -> Value {
    let answer = ask.form(&[("text", text)]).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json()
}

#[tokio::test]
async fn badges_are_not_found_by_trying_numbers_at_the_line() {
    let bench = Bench::start().await;
    let badge = "B-004217";
    let given = bench.post(Role::Admin, "/people/users/engineer/badge", &[("number", badge)]).await;
    assert_eq!(given.status, 303);
    let token = bench.token(Role::Operator, &[Action::SeeLine]).await;
    for text in [badge, "BADGE:B-004217"] {
        let told = scan(with_token(&bench, "POST", "/line/scan", &token), text).await;
        assert_eq!(told["do"], "say", "a program has no badge in its hand: {told}");
    }
    let by_hand = async |text: &str| scan(bench.ask_as(Role::Operator, "POST", "/line/scan").await, text).await;
    for _ in 0..30 {
        assert_eq!(by_hand(badge).await["do"], "badge", "whoever scans badges is not held up");
    }
    let mut tried = 0;
    while !by_hand(&format!("BADGE:B-{tried:06}")).await["why"].as_str().unwrap().contains("Too many attempts") {
        tried += 1;
        assert!(tried <= 50, "there is an end to it");
    }
    assert!(tried >= 10, "some labels are misread: {tried}");
    for text in [badge, "BADGE:B-004217"] {
        assert_eq!(by_hand(text).await["do"], "say", "it is not told now");
    }
    assert_eq!(by_hand("HELP").await["do"], "help", "all else goes on");
    let entries = bench.store.audit_entries(0, 1000).await.unwrap();
    let held =
        entries.iter().filter(|entry| (entry.kind.name(), entry.subject.as_str()) == ("login.held_up", "operator"));
    assert_eq!(held.count(), 1);
    bench.pass(HOUR / 60);
    assert_eq!(by_hand(badge).await["do"], "badge");
}

#[tokio::test]
async fn an_unknown_cursor_begins_nowhere() {
    let bench = Bench::start().await;
    for path in ["/api/v1/users?cursor=MTpub19sb2dpbiE", "/api/v1/tokens?cursor=x"] {
        let refused = bench.get(Role::Admin, path).await;
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("cursor_unfit")), "{path}");
    }
}
