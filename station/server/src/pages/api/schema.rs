//! Schemas of the API, as people read them.

use maud::{Markup, html};
use serde_json::Value;

/// Where schemas are in the description.
const PLACE: &str = "#/components/schemas/";

/// A schema with its fields, folded up.
pub(super) fn show(name: &str, schema: &Value) -> Markup {
    html! {
        details.operation.card id={ "schema-" (name) } data-words=(name) {
            summary { code { (name) } span.muted { (schema["description"].as_str().unwrap_or_default()) } }
            @if let Some(values) = schema["enum"].as_array() {
                p { @for value in values { code { (value.as_str().unwrap_or_default()) } " " } }
            }
            @for part in schema["allOf"].as_array().into_iter().flatten() {
                @if part["$ref"].is_string() { p { "All of " (kind(part)) "." } } @else { (fields(part)) }
            }
            (fields(schema))
        }
    }
}

fn fields(schema: &Value) -> Markup {
    let Some(fields) = schema["properties"].as_object() else { return html! {} };
    let is_needed = |name: &String| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
    html! {
        .table-wrap {
            table.data.dense {
                thead { tr { th scope="col" { "Field" } th scope="col" { "Type" } th scope="col" { "What" } } }
                tbody {
                    @for (name, field) in fields {
                        tr {
                            th scope="row" { code { (name) } @if !is_needed(name) { " " span.muted { "may be absent" } } }
                            td { (kind(field)) }
                            td { (field["description"].as_str().unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    }
}

/// What a schema is in one line; one that has a name leads to it.
pub(super) fn kind(schema: &Value) -> Markup {
    if let Some(name) = schema["$ref"].as_str().and_then(|place| place.strip_prefix(PLACE)) {
        return html! { a href={ "#schema-" (name) } { (name) } };
    }
    if schema["type"] == "array" {
        return html! { "list of " (kind(&schema["items"])) };
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return html! { @for (at, choice) in choices.iter().enumerate() { @if at > 0 { " or " } (kind(choice)) } };
    }
    let format = schema["format"].as_str().map(|format| format!(" ({format})")).unwrap_or_default();
    html! { (types(&schema["type"])) (format) }
}

fn types(kind: &Value) -> String {
    match kind {
        Value::String(one) => one.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    }
}
