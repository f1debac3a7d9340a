//! What every request and every answer goes through.

#![expect(clippy::unwrap_used, reason = "in a test, a panic is the report")]

mod support;

use firstpass_domain::{Action, Role};
use firstpass_server::Limits;
use firstpass_store::UserChange;
use serde_json::json;
use support::{Bench, PASSWORD, act};

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     font-src 'self'; media-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

#[tokio::test]
async fn every_answer_holds_browsers_back() {
    let bench = Bench::start().await;
    for path in ["/login", "/account", "/people", "/nowhere", "/healthz", "/static/css/firstpass.css", "/api/v1/users"]
    {
        let answer = bench.get(Role::Admin, path).await;
        assert_eq!(answer.header("content-security-policy"), POLICY, "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
        let kept = if path.starts_with("/static/") { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), kept, "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "without TLS it means nothing");
    }
}

#[tokio::test]
async fn no_page_holds_script_style_or_handlers_of_its_own() {
    let bench = Bench::start().await;
    let pages = ["/login", "/account", "/people", "/people/new", "/people/users/operator", "/people/tokens"];
    for path in pages {
        let page = bench.get(Role::Admin, path).await.text;
        assert!(page.starts_with("<!DOCTYPE html>"), "{path}");
        for (before, allowed) in [("<script", " src="), ("<style", "never")] {
            let parts: Vec<&str> = page.split(before).skip(1).collect();
            assert!(parts.iter().all(|part| part.starts_with(allowed)), "{path}: {before}");
        }
        for inline in [" style=", " onclick=", " onsubmit=", " onload=", "javascript:"] {
            assert!(!page.contains(inline), "{path}: {inline}");
        }
    }
}

#[tokio::test]
async fn what_goes_wrong_is_a_problem_with_a_remedy_for_programs() {
    let bench = Bench::start().await;
    let large = "x".repeat(300 << 10);
    let admin = |method: &'static str, path: &'static str| bench.ask_as(Role::Admin, method, path);
    let answers = [
        (404, "no_such_page", admin("GET", "/nowhere").await.send().await),
        (404, "no_such_page", admin("GET", "/api/v1/nowhere").await.send().await),
        (405, "method_not_allowed", admin("DELETE", "/login").await.send().await),
        (405, "method_not_allowed", admin("DELETE", "/api/v1/users").await.send().await),
        (415, "media_type", admin("POST", "/api/v1/users").await.body("text/plain", b"{}".to_vec()).send().await),
        (
            400,
            "body_invalid",
            admin("POST", "/api/v1/users").await.body("application/json", b"{".to_vec()).send().await,
        ),
        (422, "body_invalid", admin("POST", "/api/v1/users").await.json(&json!({ "login": 1 })).send().await),
        (413, "body_too_large", admin("POST", "/api/v1/users").await.json(&json!({ "login": large })).send().await),
        (413, "body_too_large", admin("POST", "/people").await.form(&[("login", &large)]).send().await),
    ];
    for (status, code, answer) in answers {
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json", "{answer:?}");
        let problem = answer.json();
        assert_eq!(problem["code"], code, "{answer:?}");
        for part in ["type", "title", "detail", "remedy"] {
            assert!(problem[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {answer:?}");
        }
        assert_eq!(problem["status"], status);
        assert_eq!(answer.header("allow").is_empty(), status != 405, "{answer:?}");
    }
}

#[tokio::test]
async fn what_goes_wrong_is_a_page_for_people_and_a_fragment_for_htmx() {
    let bench = Bench::start().await;
    let page = bench.ask_as(Role::Operator, "GET", "/people").await.accept_html().send().await;
    assert_eq!((page.status, page.header("content-type")), (403, "text/html; charset=utf-8"));
    assert!(page.text.contains("OPERATOR") && page.text.contains("You may not do this."), "{page:?}");
    let htmx = bench.ask_as(Role::Operator, "GET", "/people").await.header("hx-request", "true").send().await;
    assert_eq!(htmx.status, 403);
    assert!(htmx.text.starts_with("<div class=\"problem\""), "{htmx:?}");
    let api = bench.ask_as(Role::Operator, "GET", "/api/v1/users").await.accept_html().send().await;
    assert_eq!(api.header("content-type"), "application/problem+json");
    let gone = bench.ask("GET", "/people").header("hx-request", "true").send().await;
    assert_eq!((gone.status, gone.header("hx-redirect")), (401, "/login"));
}

#[tokio::test]
async fn pages_are_compressed_for_who_asks() {
    let bench = Bench::start().await;
    let packed = bench.ask_as(Role::Admin, "GET", "/people").await.header("accept-encoding", "gzip").send().await;
    assert_eq!((packed.status, packed.header("content-encoding")), (200, "gzip"));
    assert_eq!(bench.get(Role::Admin, "/people").await.header("content-encoding"), "");
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again_and_nobody_else_is() {
    let bench = Bench::start_with(|settings, _| {
        settings.limits = Limits { burst: 40, per_second: 1, ..Limits::default() };
    })
    .await;
    let token = bench.token(Role::Admin, &[Action::SeePeople]).await;
    let ask = || bench.ask("GET", "/api/v1/users").header("authorization", &format!("Bearer {token}")).send();
    let mut refused = None;
    for _ in 0..60 {
        refused = Some(ask().await).filter(|answer| answer.status == 429);
        if refused.is_some() {
            break;
        }
    }
    let refused = refused.expect("there is an end to it");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.json()["code"], "too_many_requests");
    assert_eq!(bench.get(Role::Admin, "/people").await.status, 200, "its owner is not slowed down");
}

#[tokio::test]
async fn no_secret_is_on_a_page_or_in_an_answer() {
    let bench = Bench::start().await;
    let token = bench.token(Role::Admin, &[Action::SeePeople]).await;
    let session = bench.session(Role::Admin).await;
    let cookie = session.cookie.split_once('=').unwrap().1.to_owned();
    let hash = bench.store.credentials_by_login("admin").await.unwrap().unwrap().password.unwrap();
    let secrets = [token[3..].to_owned(), cookie, hash.phc().to_owned(), PASSWORD.to_owned(), "$argon2id".to_owned()];
    let paths =
        ["/account", "/people", "/people/users/admin", "/people/tokens", "/api/v1/users", "/api/v1/tokens", "/login"];
    let mut answers = Vec::new();
    for path in paths {
        answers.push(bench.get(Role::Admin, path).await);
        answers.push(bench.ask_as(Role::Admin, "GET", path).await.accept_html().send().await);
    }
    let wrong = json!({ "login": "eve", "name": "Eve", "role": "operator", "password": PASSWORD, "surplus": 1 });
    answers.push(bench.send(Role::Admin, "POST", "/api/v1/users", &wrong).await);
    answers.push(bench.log_in("admin", "correct horse batterx").await.unwrap_err());
    for answer in answers {
        for secret in &secrets {
            assert!(!answer.text.contains(secret), "{secret}: {answer:?}");
            let in_header = answer.headers.values().any(|value| value.to_str().is_ok_and(|text| text.contains(secret)));
            assert!(!in_header, "{secret}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_live_stream_ends_with_the_login_that_opened_it_and_no_sooner() {
    let bench = Bench::start().await;
    let (stays, goes) = (bench.session(Role::Auditor).await, bench.session(Role::Operator).await);
    let open = |cookie: &str| bench.ask("GET", "/api/v1/events").header("cookie", cookie).open();
    let (stays, mut goes) = (open(&stays.cookie).await, open(&goes.cookie).await);
    let disabled = UserChange { enabled: Some(false), ..UserChange::default() };
    bench.store.change_user(bench.user(Role::Operator).await, &disabled, &act(), bench.now()).await.unwrap();
    goes.end().await;
    assert!(!stays.has_ended(), "another person's goes on");
}

#[tokio::test]
async fn the_server_ends_while_somebody_holds_a_connection_open() {
    let mut bench = Bench::start().await;
    let place = bench.url.trim_start_matches("http://").to_owned();
    let _idle = tokio::net::TcpStream::connect(&place).await.unwrap();
    assert_eq!(bench.get(Role::Admin, "/account").await.status, 200);
    bench.stop().await;
    assert!(tokio::net::TcpStream::connect(&place).await.is_err());
}
