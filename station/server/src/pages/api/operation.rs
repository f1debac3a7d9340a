//! One operation of the API: what it takes, what it answers, and a form to try it when it only reads.

use maud::{Markup, html};
use serde_json::Value;

use super::schema;

/// Paths whose answer never ends, or is no text: they are not tried on a page.
const NOT_TRIED: [&str; 3] = ["/api/v1/events", "/api/v1/runs/{run}/log", "/api/v1/crl"];

fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// An operation, folded up.
pub(super) fn show(path: &str, method: &str, operation: &Value) -> Markup {
    let id = words(&operation["operationId"]);
    html! {
        details.operation.card id=(id) data-words={ (path) " " (words(&operation["summary"])) } {
            summary {
                span.method data-method=(method) { (method) }
                code { (path) }
                span.muted { (words(&operation["summary"])) }
            }
            @if let Some(description) = operation["description"].as_str() { (paragraphs(description)) }
            (parameters(operation))
            (request(operation))
            (answers(operation))
            @if method == "get" && !NOT_TRIED.contains(&path) { (attempt(id, path, operation)) }
        }
    }
}

fn paragraphs(text: &str) -> Markup {
    html! { @for part in text.split("\n\n") { p { (part) } } }
}

fn listed(operation: &Value) -> &[Value] {
    operation["parameters"].as_array().map_or(&[], Vec::as_slice)
}

fn parameters(operation: &Value) -> Markup {
    let parameters = listed(operation);
    html! {
        @if !parameters.is_empty() {
            h3 { "Parameters" }
            .table-wrap {
                table.data.dense {
                    thead { tr { th scope="col" { "Name" } th scope="col" { "In" } th scope="col" { "Type" } th scope="col" { "What" } } }
                    tbody {
                        @for parameter in parameters {
                            tr {
                                th scope="row" {
                                    code { (words(&parameter["name"])) }
                                    @if parameter["required"] == true { " " span.muted { "needed" } }
                                }
                                td { (words(&parameter["in"])) }
                                td { (schema::kind(&parameter["schema"])) }
                                td { (words(&parameter["description"])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn request(operation: &Value) -> Markup {
    let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    html! { @if !schema.is_null() { h3 { "Body" } p { "JSON: " (schema::kind(schema)) } } }
}

fn answers(operation: &Value) -> Markup {
    let answers = operation["responses"].as_object().into_iter().flatten();
    html! {
        h3 { "Answers" }
        .table-wrap {
            table.data.dense {
                thead { tr { th scope="col" { "Status" } th scope="col" { "What" } th scope="col" { "Body" } } }
                tbody {
                    @for (status, answer) in answers {
                        tr {
                            th scope="row" { (status) }
                            td { (words(&answer["description"])) }
                            td {
                                @for (media_type, content) in answer["content"].as_object().into_iter().flatten() {
                                    div { code { (media_type) } " " (schema::kind(&content["schema"])) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A form that asks the station, as whoever is logged in.
fn attempt(id: &str, path: &str, operation: &Value) -> Markup {
    let fields = listed(operation).iter().filter(|parameter| parameter["in"] == "path" || parameter["in"] == "query");
    html! {
        h3 { "Try it" }
        form.inline.attempt data-path=(path) {
            @for field in fields {
                @let name = words(&field["name"]);
                .field {
                    label for={ (id) "-" (name) } { (name) }
                    input id={ (id) "-" (name) } name=(name) data-in=(words(&field["in"])) autocomplete="off"
                        required[field["required"] == true] placeholder=[field["example"].as_str()];
                }
            }
            button type="submit" { "Send" }
        }
        .answer hidden { p.status {} pre.mono tabindex="0" aria-label="Answer" {} }
    }
}
