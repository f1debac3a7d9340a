//! Who gets in, who does not, and what ends a login.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod support;

use std::time::Duration;

use firstpass_domain::{Action, Role};
use firstpass_store::{Credentials, Login, NewUser, UserChange};
use serde_json::json;
use support::{Answer, Bench, PASSWORD, Session, act};

const HOUR: Duration = Duration::from_secs(3600);
const BADGE: &str = "B-004217";
const PIN: &str = "290417";

/// Asks for one's own account with a cookie.
async fn account(bench: &Bench, session: &Session) -> Answer {
    bench.ask("GET", "/account").header("cookie", &session.cookie).send().await
}

async fn is_in(bench: &Bench, session: &Session) -> bool {
    account(bench, session).await.status == 200
}

async fn change(bench: &Bench, role: Role, change: UserChange) {
    bench.store.change_user(bench.user(role).await, &change, &act(), bench.now()).await.unwrap();
}

/// Gives a role's user the badge and the PIN.
async fn give_badge(bench: &Bench, role: Role) {
    let place = format!("/people/users/{}", role.name());
    let given = bench.post(Role::Admin, &format!("{place}/badge"), &[("number", BADGE)]).await;
    assert_eq!(given.status, 303, "{given:?}");
    assert_eq!(bench.post(Role::Admin, &format!("{place}/pin"), &[("pin", PIN)]).await.status, 303);
}

async fn scan(bench: &Bench, badge: &str, pin: &str) -> Answer {
    bench.ask("POST", "/login/badge").form(&[("badge", badge), ("pin", pin)]).send().await
}

async fn kinds(bench: &Bench) -> Vec<(String, &'static str, String)> {
    let entries = bench.store.audit_entries(0, 1000).await.unwrap();
    entries.into_iter().map(|entry| (entry.actor, entry.kind.name(), entry.subject)).collect()
}

#[tokio::test]
async fn a_login_goes_on_to_where_somebody_wanted_and_to_no_other_site() {
    let bench = Bench::start().await;
    for (next, place) in [("/units?text=60", "/units?text=60"), ("//evil.test", "/"), ("https://evil.test/", "/")] {
        let fields = [("login", "Engineer"), ("password", PASSWORD), ("next", next)];
        let answer = bench.ask("POST", "/login").form(&fields).send().await;
        assert_eq!((answer.status, answer.header("location")), (303, place));
        assert!(answer.header("set-cookie").contains("HttpOnly; SameSite=Strict; Path=/"), "{answer:?}");
    }
    let asked = bench.ask("GET", "/people?x=1").accept_html().send().await;
    assert_eq!((asked.status, asked.header("location")), (303, "/login?next=%2Fpeople%3Fx%3D1"));
    assert_eq!(bench.ask("GET", "/people").send().await.status, 401, "a program is told, not sent on");
}

#[tokio::test]
async fn whether_it_was_the_name_or_the_password_is_not_told() {
    let bench = Bench::start().await;
    let wrong = bench.log_in("engineer", "not the password").await.unwrap_err();
    let unknown = bench.log_in("nobody-here", "not the password").await.unwrap_err();
    assert_eq!((wrong.status, unknown.status), (401, 401));
    let without_name = |answer: &Answer, name: &str| answer.text.replace(name, "");
    assert_eq!(without_name(&wrong, "engineer"), without_name(&unknown, "nobody-here"));
    assert!(wrong.text.contains("Name or password is wrong."), "{wrong:?}");
    assert!(!wrong.text.contains("not the password"));
}

#[tokio::test]
async fn the_login_speaks_the_readers_language() {
    let bench = Bench::start().await;
    let page =
        |path: &'static str, accepts: &'static str| bench.ask("GET", path).header("accept-language", accepts).send();
    assert!(page("/login", "de-DE,de;q=0.9").await.text.contains("Anmeldename"));
    assert!(page("/login", "zh-CN").await.text.contains("用户名"));
    assert!(page("/login?lang=en", "de").await.text.contains("Login name"));
}

#[tokio::test]
async fn a_session_ends_after_an_hour_without_use_and_after_twelve_in_any_case() {
    let bench = Bench::start().await;
    let session = bench.log_in("engineer", PASSWORD).await.unwrap();
    bench.pass(HOUR / 2);
    assert!(is_in(&bench, &session).await);
    bench.pass(HOUR / 2 + HOUR / 4);
    assert!(is_in(&bench, &session).await, "it was used in between");
    bench.pass(HOUR + HOUR / 60);
    assert!(!is_in(&bench, &session).await, "it was not used for an hour");
    let login = bench.ask("GET", "/login").header("cookie", &session.cookie).send().await;
    assert!(login.text.contains("Your session has ended."), "{login:?}");
    let session = bench.log_in("engineer", PASSWORD).await.unwrap();
    for _ in 0..17 {
        bench.pass(HOUR / 4 * 3 - HOUR / 60);
        account(&bench, &session).await;
    }
    assert!(!is_in(&bench, &session).await, "twelve hours are over");
}

#[tokio::test]
async fn what_a_login_rests_on_ends_it_at_once_when_it_changes() {
    let bench = Bench::start().await;
    let session = bench.log_in("engineer", PASSWORD).await.unwrap();
    change(&bench, Role::Engineer, UserChange { role: Some(Role::Auditor), ..UserChange::default() }).await;
    assert!(!is_in(&bench, &session).await, "another role");
    let session = bench.log_in("engineer", PASSWORD).await.unwrap();
    let password = firstpass_server::people::hash_password("another good password", "engineer").unwrap();
    let id = bench.user(Role::Engineer).await;
    bench.store.set_password(id, &password, &act(), bench.now()).await.unwrap();
    assert!(!is_in(&bench, &session).await, "another password");
    let session = bench.log_in("engineer", "another good password").await.unwrap();
    change(&bench, Role::Engineer, UserChange { enabled: Some(false), ..UserChange::default() }).await;
    assert!(!is_in(&bench, &session).await, "disabled");
    let refused = bench.log_in("engineer", "another good password").await.unwrap_err();
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("disabled"), "who knows the password is told why");
}

#[tokio::test]
async fn logging_out_ends_this_login_and_logging_out_elsewhere_all_others() {
    let bench = Bench::start().await;
    let (here, there) =
        (bench.log_in("engineer", PASSWORD).await.unwrap(), bench.log_in("engineer", PASSWORD).await.unwrap());
    let others = bench.ask("POST", "/account/logins/end-others").header("cookie", &here.cookie);
    assert_eq!(others.form(&[("csrf", &here.csrf)]).send().await.status, 303);
    assert!(is_in(&bench, &here).await && !is_in(&bench, &there).await);
    let out = bench.ask("POST", "/logout").header("cookie", &here.cookie).send().await;
    assert_eq!((out.status, out.cookie()), (303, None));
    assert!(out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    assert!(!is_in(&bench, &here).await);
}

#[tokio::test]
async fn a_change_needs_the_pages_token_and_the_pages_origin() {
    let bench = Bench::start().await;
    let session = bench.session(Role::Admin).await;
    let other = bench.session(Role::Engineer).await;
    let change = |csrf: Option<&str>, extra: Option<(&str, &str)>| {
        let ask = bench.ask("POST", "/account/language").header("cookie", &session.cookie);
        let ask = csrf.into_iter().fold(ask, |ask, csrf| ask.header("x-csrf-token", csrf));
        let ask = extra.into_iter().fold(ask, |ask, (name, value)| ask.header(name, value));
        ask.form(&[("language", "de")]).send()
    };
    assert_eq!(change(Some(&session.csrf), None).await.status, 303);
    assert_eq!(change(None, None).await.json()["code"], "foreign_request");
    assert_eq!(change(Some(&other.csrf), None).await.status, 403, "somebody else's token");
    for foreign in [("origin", "https://evil.test"), ("origin", "null"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(change(Some(&session.csrf), Some(foreign)).await.status, 403, "{foreign:?}");
    }
    let login = bench.ask("POST", "/login").header("origin", "https://evil.test");
    let login = login.form(&[("login", "engineer"), ("password", PASSWORD)]).send().await;
    assert_eq!((login.status, login.cookie()), (403, None), "nobody is logged in by another site");
}

#[tokio::test]
async fn a_token_does_what_it_is_for_as_long_as_it_and_its_owner_may() {
    let bench = Bench::start().await;
    let token = bench.token(Role::Engineer, &[Action::SeePeople, Action::ManagePeople]).await;
    let ask =
        |path: &str, token: &str| bench.ask("GET", path).header("authorization", &format!("Bearer {token}")).send();
    assert_eq!(ask("/api/v1/users", &token).await.status, 200);
    assert_eq!(ask("/api/v1/batches", &token).await.status, 403, "it is not for this");
    let add = bench.ask("POST", "/api/v1/users").header("authorization", &format!("Bearer {token}"));
    let add = add.json(&json!({ "login": "eve", "name": "Eve", "role": "admin" })).send().await;
    assert_eq!(add.status, 403, "its owner may not");
    for wrong in ["fp_x", "", &token[3..], &format!("{token}A")] {
        assert_eq!(ask("/api/v1/users", wrong).await.json()["code"], "token_not_good", "{wrong}");
    }
    assert_eq!(ask("/account", &token).await.status, 403, "an account is its owner's");
    change(&bench, Role::Engineer, UserChange { enabled: Some(false), ..UserChange::default() }).await;
    assert_eq!(ask("/api/v1/users", &token).await.status, 401, "its owner is disabled");
    let token = bench.token(Role::Auditor, &[Action::SeePeople]).await;
    bench.pass(HOUR);
    assert_eq!(ask("/api/v1/users", &token).await.status, 401, "its time is over");
}

#[tokio::test]
async fn a_token_that_is_issued_on_the_page_works_until_it_is_revoked_there() {
    let bench = Bench::start().await;
    let fields = [("name", "mes"), ("action", "see_people"), ("action", "see_units"), ("days", "7")];
    let issued = bench.post(Role::Admin, "/people/tokens", &fields).await;
    let token = issued.between("id=\"secret\">", "<").unwrap();
    assert!(token.starts_with("fp_"), "{issued:?}");
    let bearer = format!("Bearer {token}");
    let listed = bench.ask("GET", "/api/v1/tokens").header("authorization", &bearer).send().await;
    assert_eq!(listed.json()["items"][0]["actions"], json!(["see_units", "see_people"]));
    assert!(
        !listed.text.contains(&token[3..])
            && !bench.get(Role::Admin, "/people/tokens").await.text.contains(&token[3..])
    );
    let id = listed.json()["items"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(bench.post(Role::Admin, &format!("/people/tokens/{id}/revoke"), &[]).await.status, 303);
    assert_eq!(bench.ask("GET", "/api/v1/tokens").header("authorization", &bearer).send().await.status, 401);
    let told = kinds(&bench).await;
    for kind in ["token.issued", "token.revoked"] {
        assert!(told.contains(&("admin".to_owned(), kind, "mes".to_owned())), "{told:?}");
    }
}

#[tokio::test]
async fn nobody_issues_a_token_that_may_do_more_than_its_owner() {
    let bench = Bench::start().await;
    for (user, action, days) in [("auditor", "run_line", 7), ("admin", "fly", 7), ("admin", "see_units", 9999)] {
        let wanted = json!({ "name": "x", "user": user, "actions": [action], "days": days });
        let refused = bench.send(Role::Admin, "POST", "/api/v1/tokens", &wanted).await;
        assert_eq!(refused.status, 422, "{wanted}: {refused:?}");
    }
}

#[tokio::test]
async fn a_badge_gives_an_operators_rights_to_whoever_has_it_until_the_shift_ends() {
    let bench = Bench::start().await;
    give_badge(&bench, Role::Admin).await;
    assert_eq!(scan(&bench, BADGE, "111222").await.status, 401);
    assert_eq!(scan(&bench, "B-999999", PIN).await.status, 401);
    let session = bench.enter(scan(&bench, " b-004217\r", PIN).await).await.unwrap();
    let get = |path: &str| bench.ask("GET", path).header("cookie", &session.cookie).send();
    assert_eq!(get("/people").await.status, 403, "an administrator at the line is an operator");
    assert_ne!(get("/api/v1/slots").await.status, 403);
    let own = bench.ask("POST", "/account/pin").header("cookie", &session.cookie).header("x-csrf-token", &session.csrf);
    let own = own.form(&[("current", PASSWORD), ("pin", "")]).send().await;
    assert_eq!(own.json()["code"], "password_login_needed");
    for _ in 0..20 {
        bench.pass(HOUR / 2);
        account(&bench, &session).await;
    }
    assert!(!is_in(&bench, &session).await, "ten hours are over");
}

#[tokio::test]
async fn the_end_of_the_shift_ends_what_a_badge_has_opened() {
    let bench = Bench::start_with(|settings, _| {
        settings.shift_ends = (0..24).map(|hour| format!("{hour:02}:00").parse().unwrap()).collect();
    })
    .await;
    give_badge(&bench, Role::Operator).await;
    // The shift is ten minutes old.
    let hour = i64::try_from(HOUR.as_micros()).unwrap();
    let into = Duration::from_micros(u64::try_from(bench.now().as_micros() % hour).unwrap());
    bench.pass(HOUR - into + HOUR / 6);
    let by_badge = bench.enter(scan(&bench, BADGE, PIN).await).await.unwrap();
    let by_password = bench.log_in("operator", PASSWORD).await.unwrap();
    bench.pass(HOUR / 2);
    assert!(is_in(&bench, &by_badge).await && is_in(&bench, &by_password).await, "it is 40 minutes old");
    bench.pass(HOUR / 2);
    assert!(!is_in(&bench, &by_badge).await && is_in(&bench, &by_password).await);
}

#[tokio::test]
async fn another_persons_badge_takes_the_browser_over() {
    let bench = Bench::start().await;
    give_badge(&bench, Role::Operator).await;
    let before = bench.log_in("engineer", PASSWORD).await.unwrap();
    let switch = bench.ask("POST", "/login/badge").header("cookie", &before.cookie);
    let switched = switch.form(&[("badge", BADGE), ("pin", PIN)]).send().await;
    let after = bench.enter(switched).await.unwrap();
    assert!(!is_in(&bench, &before).await);
    assert!(account(&bench, &after).await.text.contains("OPERATOR"));
}

#[tokio::test]
async fn badge_pin_and_password_are_on_record_only_as_what_they_were_made_into() {
    let bench = Bench::start().await;
    give_badge(&bench, Role::Operator).await;
    let Credentials { user, password, pin } = bench.store.credentials_by_login("operator").await.unwrap().unwrap();
    for hash in [password.unwrap(), pin.unwrap()] {
        assert!(hash.phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    }
    assert_ne!(
        user.badge.unwrap(),
        firstpass_domain::Sha256Digest::of(BADGE.as_bytes()),
        "a plain hash is soon guessed"
    );
    bench.store.check().await.unwrap();
    for file in ["record.sqlite", "record.sqlite-wal"] {
        let bytes = std::fs::read(bench.folder.path().join(file)).unwrap_or_default();
        for secret in [BADGE, PIN, PASSWORD] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret} in {file}");
        }
    }
}

#[tokio::test]
async fn whoever_guesses_waits_and_the_person_gets_in_with_the_badge() {
    let bench = Bench::start().await;
    give_badge(&bench, Role::Operator).await;
    let mut refused = None;
    for _ in 0..8 {
        let answer = bench.log_in("operator", "a wrong password").await.unwrap_err();
        refused = Some(answer).filter(|answer| answer.status == 429).or(refused);
    }
    let refused = refused.expect("a guesser is held up");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(bench.log_in("operator", PASSWORD).await.unwrap_err().status, 429, "right or wrong, it must wait here");
    assert_eq!(scan(&bench, BADGE, PIN).await.status, 303, "the badge is held up by itself");
    assert!(bench.log_in("engineer", PASSWORD).await.is_ok(), "nobody else is held up");
    bench.pass(Duration::from_secs(30));
    assert!(bench.log_in("operator", PASSWORD).await.is_ok());
    let held_up = ("station".to_owned(), "login.held_up", "operator".to_owned());
    assert_eq!(kinds(&bench).await.iter().filter(|entry| **entry == held_up).count(), 1);
}

#[tokio::test]
async fn the_first_administrator_is_made_with_the_code_and_nobody_after() {
    let bench = Bench::start_for(&[], |_, _| {}).await;
    assert_eq!(bench.ask("GET", "/login").send().await.header("location"), "/setup");
    let file = bench.folder.path().join("setup-code");
    let code = std::fs::read_to_string(&file).unwrap();
    let fields = |code: &str, password: &str| {
        let login = [("login", "ada"), ("name", "Ada"), ("password", password), ("again", password), ("code", code)];
        bench.ask("POST", "/setup").form(&login).send()
    };
    assert_eq!(fields("AAAAA-AAAAA-AAAAA-AAAAA", PASSWORD).await.status, 403);
    assert_eq!(fields(&code, "short").await.status, 422);
    assert!(bench.store.users().await.unwrap().is_empty());
    let session = bench.enter(fields(&code, PASSWORD).await).await.unwrap();
    assert!(is_in(&bench, &session).await);
    assert_eq!(bench.store.user_by_login("ada").await.unwrap().unwrap().role, Role::Admin);
    assert!(!file.exists());
    assert_eq!(fields(&code, PASSWORD).await.status, 403, "the code is used up");
    assert_eq!(bench.ask("GET", "/setup").send().await.header("location"), "/login");
    let first = ("setup".to_owned(), "user.added", "ada".to_owned());
    assert!(kinds(&bench).await.contains(&first));
}

#[tokio::test]
async fn who_was_added_on_the_command_line_logs_in_without_the_code() {
    let bench = Bench::start_for(&[], |_, _| {}).await;
    let password = Some(firstpass_server::people::hash_password(PASSWORD, "ada").unwrap());
    let (login, name) = (Login::new("ada").unwrap(), "Ada".to_owned());
    let user = NewUser { login, name, role: Role::Admin, language: None, password };
    bench.store.add_user(&user, &act(), bench.now()).await.unwrap();
    assert_eq!(bench.ask("GET", "/login").send().await.status, 200);
    assert!(bench.log_in("ada", PASSWORD).await.is_ok());
    assert!(!bench.folder.path().join("setup-code").exists());
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_a_new_one_made_by_an_administrator() {
    let bench = Bench::start().await;
    let next = "some other good words";
    let fields = |current: &'static str| [("current", current), ("new", next), ("again", next)];
    let wrong = bench.post(Role::Engineer, "/account/password", &fields("not the password")).await;
    assert_eq!((wrong.status, wrong.json()["code"].as_str()), (403, Some("password_wrong")));
    assert_eq!(bench.post(Role::Engineer, "/account/password", &fields(PASSWORD)).await.status, 303);
    assert_eq!(bench.log_in("engineer", PASSWORD).await.unwrap_err().status, 401);
    assert!(bench.log_in("engineer", next).await.is_ok());
    let made = bench.post(Role::Admin, "/people/users/engineer/password", &[]).await;
    let made = made.between("id=\"secret\">", "<").unwrap();
    assert!(bench.log_in("engineer", &made).await.is_ok());
}

#[tokio::test]
async fn the_last_administrator_cannot_be_taken_away_by_hand() {
    let bench = Bench::start().await;
    let refused = bench.post(Role::Admin, "/people/users/admin/enabled", &[("enabled", "no")]).await;
    assert_eq!((refused.status, refused.json()["code"].as_str()), (409, Some("last_admin")));
}
