//! The viewer of the API's description: every operation with its parameters, answers and schemas, and a try at what only
//! reads. All of it comes from the description itself; nothing is fetched from elsewhere.

mod operation;
mod schema;

use std::sync::LazyLock;

use axum::response::Html;
use maud::{Markup, html};
use serde_json::Value;

use super::layout::{Nav, Page};
use crate::{
    access::{Access, Principal},
    api::document,
    routes::Routes,
};

/// Always the same for the same program.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document::document);
static BODY: LazyLock<String> = LazyLock::new(|| body(&DOCUMENT).into_string());

pub(crate) fn routes() -> Routes {
    Routes::default().get("/api", Access::Person, page)
}

async fn page(person: Principal) -> Html<String> {
    let scripts = &["js/api.js"];
    let body = maud::PreEscaped(BODY.clone());
    Html(Page { title: "API", nav: Nav::Elsewhere, person: Some(&person), scripts, body }.render().into_string())
}

fn body(document: &Value) -> Markup {
    let words = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    html! {
        h1 { "API" }
        .toolbar {
            .field.grow {
                label for="api-search" { "Find an operation" }
                input #api-search type="search" autocomplete="off" placeholder="units, revoke, …" data-search;
            }
            a.button.push href="/api/v1/openapi.json" download="firstpass-openapi.json" { "openapi.json" }
        }
        p { (words(&document["info"]["description"])) }
        .api {
            @for tag in document["tags"].as_array().into_iter().flatten() {
                @let name = words(&tag["name"]);
                section data-tag=(name) {
                    h2 id={ "tag-" (name) } { (name) }
                    p.muted { (words(&tag["description"])) }
                    @for (path, method, operation) in of_tag(document, &name) {
                        (operation::show(path, method, operation))
                    }
                }
            }
            section data-tag="schemas" {
                h2 id="schemas" { "schemas" }
                p.muted { "What bodies of requests and answers are made of." }
                @for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
                    (schema::show(name, schema))
                }
            }
        }
    }
}

/// The operations of a tag, by path.
fn of_tag<'a>(document: &'a Value, tag: &str) -> Vec<(&'a str, &'a str, &'a Value)> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let all = paths.flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        methods.map(move |(method, operation)| (path.as_str(), method.as_str(), operation))
    });
    all.filter(|(_, _, operation)| operation["tags"][0] == tag).collect()
}
