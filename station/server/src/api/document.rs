//! The description of the API, OpenAPI 3.1: what the handlers say of themselves, and what holds for all of them.
//!
//! Who may use a route, and how it is refused, comes from the table of routes: the two cannot part.

use std::sync::LazyLock;

use axum::{
    body::Bytes,
    http::{Method, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::{OpenApi, ToSchema};

use super::{audit, batches, certificates, command::KEY_HEADER, events, hooks, people, runs, slots, stock, units};
use crate::{
    access::Access,
    auth::cookie::CookieStyle,
    routes::{RouteInfo, Routes, route_table},
};

/// Where everything of this module lies.
pub(crate) const PREFIX: &str = "/api/v1/";
/// Where the description is served.
const PLACE: &str = "/api/v1/openapi.json";

pub(super) fn routes() -> Routes {
    Routes::default().get(PLACE, Access::Public, describe)
}

/// Frame of the description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Firstpass station",
        description = "What a line station knows, and what can be asked of it. Times are RFC 3339 in UTC. Lists come in \
            pages: follow `next`. Errors are problems (RFC 9457) with a stable `code`, and say what to do. A command may \
            carry an `Idempotency-Key`: the same request with the same key is carried out once, and answered alike for \
            a day."
    ),
    paths(describe),
    components(schemas(ProblemShown)),
    tags(
        (name = "slots", description = "The slots of the line, live."),
        (name = "batches", description = "Work orders."),
        (name = "units", description = "Units and their serial numbers."),
        (name = "labels", description = "Labels of units."),
        (name = "runs", description = "Runs with evidence and verdict."),
        (name = "certificates", description = "Certificates and the list of revoked ones."),
        (name = "audit", description = "The audit log, and whether its chain is whole."),
        (name = "engineering", description = "Recipes and images."),
        (name = "people", description = "Users and API tokens."),
        (name = "webhooks", description = "Webhooks and their messages."),
        (name = "station", description = "The station itself.")
    )
)]
struct Frame;

/// What is wrong, why, and what to do (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
struct ProblemShown {
    /// Names the kind of the problem.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference", examples("/problems/not_found"))]
    kind: String,
    /// What happened.
    title: String,
    /// HTTP status.
    status: u16,
    /// Why.
    detail: String,
    /// Stable code.
    #[schema(examples("not_found"))]
    code: String,
    /// What to do next.
    remedy: String,
}

/// Describes this API.
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "describe", tag = "station",
    responses((status = 200, description = "OpenAPI 3.1.", body = Object, content_type = "application/json")))]
async fn describe() -> Response {
    ([(CONTENT_TYPE, "application/json")], served()).into_response()
}

/// The description as it is served: made once, because everybody may ask for it, and making it is work.
fn served() -> Bytes {
    static SERVED: LazyLock<Bytes> = LazyLock::new(|| text().into());
    SERVED.clone()
}

/// The description as JSON text. Always the same for the same program.
pub(crate) fn text() -> String {
    let mut text = serde_json::to_string_pretty(&document()).expect("a description is plain data");
    text.push('\n');
    text
}

/// The description.
pub(crate) fn document() -> Value {
    let mut all = Frame::openapi();
    all.info.version = env!("CARGO_PKG_VERSION").to_owned();
    all.info.license = None;
    let parts = [
        slots::Doc::openapi(),
        batches::Doc::openapi(),
        units::Doc::openapi(),
        runs::Doc::openapi(),
        certificates::Doc::openapi(),
        audit::Doc::openapi(),
        stock::Doc::openapi(),
        events::Doc::openapi(),
        people::Doc::openapi(),
        hooks::Doc::openapi(),
        crate::labels::ApiDoc::openapi(),
    ];
    parts.into_iter().for_each(|part| all.merge(part));
    let mut document = serde_json::to_value(all).expect("a description is plain data");
    document["components"]["securitySchemes"] = schemes();
    for route in route_table().iter().filter(|route| route.path.starts_with(PREFIX)) {
        complete(&mut document, route);
    }
    document
}

fn schemes() -> Value {
    json!({
        "token": {
            "type": "http", "scheme": "bearer",
            "description": "An API token: `Authorization: Bearer …`. It is for some actions only, and ends by itself.",
        },
        "session": {
            "type": "apiKey", "in": "cookie", "name": CookieStyle::Host.name(),
            "description": "A session of the dashboard. Commands carry its CSRF token in `X-CSRF-Token` besides.",
        },
    })
}

/// Adds to an operation what its route says: who may use it, and how it is refused.
fn complete(document: &mut Value, route: &RouteInfo) {
    let method = route.method.as_str().to_ascii_lowercase();
    let Some(operation) = document["paths"][route.path][&method].as_object_mut() else { return };
    let is_command = route.method != Method::GET;
    secure(operation, route.access);
    let statuses = refusals(route, is_command, operation.contains_key("requestBody"));
    let responses = operation["responses"].as_object_mut().expect("an operation has responses");
    for (status, answer) in responses.iter_mut() {
        if status.starts_with(['4', '5']) {
            *answer = problem(answer["description"].as_str().unwrap_or_default());
        }
    }
    for (status, words) in statuses {
        responses.entry(status).or_insert_with(|| problem(words));
    }
    if is_command {
        let parameters = operation.entry("parameters").or_insert_with(|| json!([]));
        parameters.as_array_mut().expect("parameters are a list").push(key_parameter());
    }
}

fn secure(operation: &mut Map<String, Value>, access: Access) {
    let (security, needs) = match access {
        Access::Public => (json!([]), None),
        Access::Person => (json!([{ "token": [] }, { "session": [] }]), None),
        Access::Session | Access::Own => (json!([{ "session": [] }]), None),
        Access::May(action) => (json!([{ "token": [] }, { "session": [] }]), Some(action.name())),
    };
    operation.insert("security".to_owned(), security);
    if let Some(needs) = needs {
        operation.insert("x-needs".to_owned(), needs.into());
        let said = operation.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{said}\n\nNeeds `{needs}`.");
        operation.insert("description".to_owned(), description.trim().into());
    }
}

/// How an operation may be refused.
fn refusals(route: &RouteInfo, is_command: bool, has_body: bool) -> Vec<(&'static str, &'static str)> {
    let mut all = vec![
        ("400", "The request is not understood."),
        ("404", "What it names is not there."),
        ("405", "The path takes other methods only."),
        ("408", "The request did not come in time."),
        ("413", "The request is too large."),
        ("429", "More requests came than the station lets through; see `Retry-After`."),
        ("500", "The station failed in this."),
        ("503", "The station or its record is not available now."),
    ];
    if route.access != Access::Public {
        all.push(("401", "Nobody is known to have asked."));
        all.push(("403", "Whoever asks may not do this."));
    }
    if has_body {
        all.push(("415", "The body is of another kind than JSON."));
    }
    if is_command {
        all.push(("409", "It does not go with what is on record, or with what is being done."));
        all.push(("422", "The request cannot be carried out as it is."));
    }
    all
}

fn problem(words: &str) -> Value {
    let schema = json!({ "$ref": "#/components/schemas/Problem" });
    json!({ "description": words, "content": { "application/problem+json": { "schema": schema } } })
}

fn key_parameter() -> Value {
    json!({
        "name": KEY_HEADER.as_str(), "in": "header", "required": false,
        "description": "A name for this command that its sender chooses. Sent again with the same key, it is answered \
                        as before.",
        "schema": { "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" },
    })
}

#[cfg(test)]
mod tests;
