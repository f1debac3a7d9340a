//! What a parser says of a body is told without the body.

use axum::{body::Body, http::header::CONTENT_TYPE};
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only what does not fit is of interest")]
struct Asked {
    #[serde(default)]
    text: String,
    #[serde(default)]
    small: u8,
    #[serde(default)]
    kind: Option<Kind>,
    #[serde(default)]
    list: Vec<bool>,
    #[serde(default)]
    id: Option<uuid::Uuid>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    One,
    Two,
}

async fn told(body: &str) -> String {
    let request =
        Request::post("/").header(CONTENT_TYPE, "application/json").body(Body::from(body.to_owned())).unwrap();
    let refused = Json::<Asked>::from_request(request, &()).await.map(drop).unwrap_err();
    refused.0.problem.why
}

#[tokio::test]
async fn what_was_sent_is_not_repeated_and_what_was_expected_is_said() {
    for (body, expected) in [
        (r#"{"text":290417}"#, "In the body: text: expected a string at line 1 column 14."),
        (r#"{"text":["290417"]}"#, "In the body: text: expected a string at line 1 column 8."),
        (r#""290417""#, "In the body: expected struct Asked at line 1 column 8."),
        (r#""290417, expected 290417""#, "In the body: expected struct Asked at line 1 column 25."),
        ("290417", "In the body: expected struct Asked at line 1 column 6."),
        (r#"{"small":290417}"#, "In the body: small: expected u8 at line 1 column 15."),
        (r#"{"kind":"290417"}"#, "In the body: kind: expected `one` or `two` at line 1 column 16."),
        (r#"{"list":[true,"290417"]}"#, "In the body: list[1]: expected a boolean at line 1 column 22."),
    ] {
        let told = told(body).await;
        assert!(!told.contains("290417"), "{told}");
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn words_that_are_not_known_are_not_passed_on() {
    let told = told(r#"{"id":"290417-290417"}"#).await;
    assert!(!told.contains("290417"), "{told}");
    assert!(told.contains("a value is not of the kind"), "{told}");
}

#[tokio::test]
async fn a_misspelt_field_is_named_and_a_text_in_its_place_is_not() {
    assert!(told(r#"{"txet":"290417"}"#).await.contains("unknown field `txet`, expected one of `text`, `small`"));
    let long = format!(r#"{{"{}":1}}"#, "290417 ".repeat(20));
    assert!(!told(&long).await.contains("290417"));
}

#[tokio::test]
async fn broken_json_is_told_where_it_breaks() {
    assert_eq!(told(r#"{"text":"290417"#).await, "In the body: text: EOF while parsing a string at line 1 column 15.");
    assert_eq!(told("").await, "In the body: EOF while parsing a value at line 1 column 0.");
    assert!(!told(r#"{290417:1}"#).await.contains("290417"));
}

#[test]
fn an_answer_to_what_no_handler_saw_is_marked() {
    let response = unfit(StatusCode::UNPROCESSABLE_ENTITY, "body", "x: y").into_response();
    assert!(response.extensions().get::<Unread>().is_some());
}
