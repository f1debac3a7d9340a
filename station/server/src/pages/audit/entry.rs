//! Audit entries as people read them: what was done, by whom, and the hashes. Changes nothing of what was hashed.

use firstpass_domain::{AuditEntry, Mac, RunId};
use maud::{Markup, html};

use crate::pages::when::time;

/// Characters of a value that a list shows.
const VALUE_CHARS_MAX: usize = 160;

/// Entries in a list.
pub(crate) fn table(entries: &[AuditEntry]) -> Markup {
    html! {
        .table-wrap {
            table.data.audit {
                thead { tr {
                    th.num scope="col" { "Entry" } th scope="col" { "When" } th scope="col" { "Who" } th scope="col" { "What" }
                    th scope="col" { "Subject and details" } th scope="col" { "Hash" }
                } }
                tbody { @for entry in entries { (row(entry)) } }
            }
        }
        @if entries.is_empty() { p.muted.padded { "There are none." } }
    }
}

fn row(entry: &AuditEntry) -> Markup {
    let hash = entry.hash.to_string();
    html! {
        tr {
            td.num { a href={ "/audit/" (entry.seq) } { (entry.seq) } }
            td.nowrap { (time(entry.at)) }
            td { (entry.actor) div.muted.small.nowrap { (entry.station) } }
            td.mono.small.nowrap { (entry.kind.name()) }
            td.break { (subject(&entry.subject)) (body(&entry.body)) }
            td.mono.small {
                span title=(hash) { (&hash[..12]) "…" }
                @if entry.computed_hash() != entry.hash { " " span.badge.bad { "changed" } }
                div.print-only { (hash) }
            }
        }
    }
}

/// What an entry is about, with the way there.
fn subject(subject: &str) -> Markup {
    html! {
        @if subject.parse::<Mac>().is_ok() { a.mono href={ "/units/" (subject) } { (subject) } }
        @else if subject.parse::<RunId>().is_ok() { a.mono.small href={ "/runs/" (subject) } { (subject) } }
        @else { span.mono { (subject) } }
    }
}

/// The fields of a body; what is no object is shown as it stands.
fn body(body: &str) -> Markup {
    let Ok(serde_json::Value::Object(fields)) = serde_json::from_str(body) else {
        return html! { p.mono.small { (body) } };
    };
    html! {
        @if !fields.is_empty() {
            ul.fields {
                @for (name, value) in &fields {
                    @if !value.is_null() {
                        li { span.muted { (name.replace('_', " ")) } " " span.break { (short(value)) } }
                    }
                }
            }
        }
    }
}

fn short(value: &serde_json::Value) -> String {
    let text = match value {
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= VALUE_CHARS_MAX {
        text
    } else {
        text.chars().take(VALUE_CHARS_MAX).chain(['…']).collect()
    }
}

/// One entry with everything in it.
pub(crate) fn whole(entry: &AuditEntry) -> Markup {
    let pretty = serde_json::from_str::<serde_json::Value>(&entry.body).ok();
    let pretty = pretty.and_then(|body| serde_json::to_string_pretty(&body).ok());
    html! {
        section.card {
            p {
                @if entry.computed_hash() == entry.hash {
                    span.badge.ok { "as written" } " Its content matches its hash."
                } @else {
                    span.badge.bad { "changed" } " Its content does not match its hash: it was changed after it was written."
                }
            }
            dl.facts {
                dt { "When" } dd { (time(entry.at)) " " span.muted.small { (entry.at.as_micros()) " µs" } }
                dt { "What" } dd.mono { (entry.kind.name()) }
                dt { "Who" } dd { (entry.actor) }
                dt { "Station" } dd { (entry.station) }
                dt { "Subject" } dd { (subject(&entry.subject)) }
                dt { "Hash" } dd.mono.small { (entry.hash) }
                dt { "Hash before" } dd.mono.small { (entry.prev) }
            }
            h2 { "Details" }
            pre tabindex="0" { (pretty.as_deref().unwrap_or(&entry.body)) }
            details.no-print {
                summary { "Exactly as hashed" }
                pre tabindex="0" { (entry.body) }
            }
        }
    }
}
