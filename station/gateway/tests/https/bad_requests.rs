//! What is no proper request gets a clear answer, and costs no code.

use std::time::Duration;

use firstpass_gateway::https::{Limits, Rate};
use firstpass_store::Store;

use crate::station::{Station, Unit, WORKSPACE, refused, request};

const PATH: &str = "/api/v1/provision/device";
const JSON: [&str; 2] = ["-H", "Content-Type: application/json"];

/// The code is still good.
async fn assert_unspent(station: &Station, unit: &Unit) {
    assert!(station.store.unit(unit.mac).await.unwrap().unwrap().sessions.is_empty());
    station.provision(unit).await.session();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_no_proper_request_names_its_place() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    let cases = [
        ("{\"workspace_id\":\n !}", "malformed_json", "line 2 column 2"),
        ("", "malformed_json", "line 1 column 0"),
        ("[1]", "malformed_json", "line 1"),
        ("{}", "malformed_json", "workspace_id"),
        (r#"{"workspace_id":"x"}"#, "invalid_request", "workspace_id"),
        (&format!(r#"{{"workspace_id":"{WORKSPACE}","mac":"60:55"}}"#), "invalid_request", "mac"),
    ];
    for (body, code, place) in cases {
        let answer = station.post(&unit.code, body).await;
        assert_eq!(answer.refusal(), refused(400, code), "{body}");
        assert!(answer.json()["why"].as_str().unwrap().contains(place), "{place} in {}", answer.body);
    }
    assert_eq!(station.refusals(unit.run).await.len(), cases.len());
    assert_unspent(&station, &unit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_certificate_request_is_refused_before_the_code_is_spent() {
    let station = Station::start().await;
    let unit = station.unit(true).await;
    let body = format!(r#"{{"workspace_id":"{WORKSPACE}","csr_pem":"no pem"}}"#);
    let answer = station.post(&unit.code, &body).await;
    assert_eq!(answer.refusal(), refused(400, "invalid_request"));
    assert!(answer.json()["why"].as_str().unwrap().contains("csr_pem"), "{}", answer.body);
    assert_unspent(&station, &unit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_media_type_is_refused_and_parameters_of_the_right_one_are_not() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    let (code, body) = (format!("iotmer-auth-code: {}", unit.code), request(None));
    for media_type in ["Content-Type: text/plain", "Content-Type:", "Content-Type: application/json5"] {
        let answer = station.curl(PATH, &["-H", &code, "-H", media_type, "-d", &body]).await;
        assert_eq!(answer.refusal(), refused(415, "wrong_content_type"), "{media_type}");
    }
    let right = "Content-Type: Application/JSON; charset=utf-8";
    station.curl(PATH, &["-H", &code, "-H", right, "-d", &body]).await.session();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_huge_body_is_refused_however_it_is_sent() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    let code = format!("iotmer-auth-code: {}", unit.code);
    for len in [17 * 1024, 300 * 1024, 5 * 1024 * 1024] {
        let file = station.folder.path().join("huge.json");
        std::fs::write(&file, vec![b' '; len]).unwrap();
        let data = format!("@{}", file.display());
        for extra in ["Accept: */*", "Transfer-Encoding: chunked"] {
            if len > 1024 * 1024 && extra.starts_with("Transfer") {
                continue; // Closed on the sender, which may then miss the answer.
            }
            let arguments = [&JSON[..], &["-H", &code, "-H", extra, "--data-binary", &data]].concat();
            let answer = station.curl(PATH, &arguments).await;
            assert_eq!(answer.refusal(), refused(413, "body_too_large"), "{len} {extra}");
        }
    }
    assert_unspent(&station, &unit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_a_code_is_told_how_to_authenticate() {
    let station = Station::start().await;
    let body = request(None);
    for code in ["X-Other: 1", "iotmer-auth-code;"] {
        let answer = station.curl(PATH, &[&JSON[..], &["-H", code, "-d", &body]].concat()).await;
        assert_eq!(answer.refusal(), refused(401, "not_authenticated"), "{code}");
        assert!(answer.head.contains("www-authenticate: iotmer-auth-code"), "{}", answer.head);
    }
    let twice = ["-H", "iotmer-auth-code: a", "-H", "iotmer-auth-code: b", "-d", &body];
    assert_eq!(station.curl(PATH, &[&JSON[..], &twice].concat()).await.refusal(), refused(400, "invalid_request"));
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_paths_and_wrong_methods_are_named_as_such() {
    let station = Station::start().await;
    for path in ["/", "/api/v1/provision/device/", "/provision/device", "/api/v2/provision/device"] {
        assert_eq!(station.curl(path, &["-d", "{}"]).await.refusal(), refused(404, "no_such_path"), "{path}");
    }
    let answer = station.curl(PATH, &[]).await;
    assert_eq!(answer.refusal(), refused(405, "wrong_method"));
    assert!(answer.head.contains("allow: post"), "{}", answer.head);
    assert_eq!(station.curl("/healthz", &[]).await.json(), serde_json::json!({ "ok": true }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_is_tried_too_often_must_wait_and_only_the_beginning_is_on_record() {
    let per_code = Rate { burst: 2, interval: Duration::from_secs(60) };
    let station = Station::with(Limits { per_code, ..Limits::default() }).await;
    let unit = station.unit(false).await;
    for _ in 0..2 {
        assert_eq!(station.post(&unit.code, "{").await.status, 400);
    }
    for _ in 0..3 {
        let answer = station.provision(&unit).await;
        assert_eq!(answer.refusal(), refused(429, "rate_limited"));
        assert!(answer.head.contains("retry-after: 60"), "{}", answer.head);
    }
    assert_eq!(station.refusals(unit.run).await.len(), 3);
    station.advance(Duration::from_secs(60));
    assert_unspent(&station, &unit).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_asks_too_often_must_wait() {
    let per_peer = Rate { burst: 2, interval: Duration::from_millis(2500) };
    let station = Station::with(Limits { per_peer, ..Limits::default() }).await;
    for _ in 0..2 {
        assert_eq!(station.curl("/healthz", &[]).await.status, 200);
    }
    let answer = station.curl("/healthz", &[]).await;
    assert_eq!(answer.refusal(), refused(429, "rate_limited"));
    assert!(answer.head.contains("retry-after: 3"), "{}", answer.head);
}
