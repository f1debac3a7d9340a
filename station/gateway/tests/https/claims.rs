//! A unit's owner claims it with the unit's token.

use crate::station::{Answer, Station, refused};

const PATH: &str = "/api/v1/devices/auth/bind-claim";

pub(crate) async fn claim(station: &Station, token: &str, body: &str) -> Answer {
    let bearer = format!("Authorization: Bearer {token}");
    station.curl(PATH, &["-H", &bearer, "-H", "Content-Type: application/json", "-d", body]).await
}

async fn token(station: &Station) -> String {
    let unit = station.unit(false).await;
    station.provision(&unit).await.session().device_http_token.unwrap().expose().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_claimed_once_and_a_claim_code_claims_one_unit() {
    let station = Station::start().await;
    let (first, second) = (token(&station).await, token(&station).await);
    for _ in 0..2 {
        let answer = claim(&station, &first, r#"{"claim_code":"blue"}"#).await;
        assert_eq!((answer.status, answer.json()), (200, serde_json::json!({ "ok": true })));
    }
    let other = claim(&station, &first, r#"{"claim_code":"red"}"#).await;
    assert_eq!(other.refusal(), refused(409, "already_claimed"));
    let same = claim(&station, &second, r#"{"claim_code":"blue"}"#).await;
    assert_eq!(same.refusal(), refused(409, "claim_used"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_without_a_good_token_or_code_is_refused() {
    let station = Station::start().await;
    let unknown = claim(&station, "dht_guessed", r#"{"claim_code":"blue"}"#).await;
    assert_eq!(unknown.refusal(), refused(401, "unknown_token"));
    assert!(unknown.head.contains("www-authenticate: bearer"), "{}", unknown.head);
    let none = station.curl(PATH, &["-H", "Content-Type: application/json", "-d", "{}"]).await;
    assert_eq!(none.refusal(), refused(401, "not_authenticated"));
    let token = token(&station).await;
    let long = format!(r#"{{"claim_code":"{}"}}"#, "x".repeat(256));
    for (body, code) in
        [("{", "malformed_json"), (r#"{"claim_code":""}"#, "invalid_request"), (&long, "invalid_request")]
    {
        assert_eq!(claim(&station, &token, body).await.refusal(), refused(400, code));
    }
}
