//! The audit log: searched, newest first; one entry on its own; verified from the page; exported.

pub(crate) mod entry;
pub(crate) mod query;
mod verify;

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::{Action, AuditEntry, AuditKind, Sha256Digest};
use maud::{Markup, html};

use crate::{
    AppState,
    access::{Access, Principal},
    export::Format,
    extract::{Path, Query},
    pages::layout::{Nav, Page},
    problem::{Answer, HttpProblem},
    routes::Routes,
};
use query::{AuditQuery, PAGE_ENTRIES};

pub(crate) use verify::Verifications;

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get("/audit", Access::May(Action::SeeAudit), list)
        .get("/audit/verify", Access::May(Action::SeeAudit), verify::verify)
        .get("/audit/{seq}", Access::May(Action::SeeAudit), one)
}

async fn list(State(app): State<AppState>, person: Principal, Query(query): Query<AuditQuery>) -> Answer<Response> {
    let store = app.services.store.as_ref();
    let search = query.search(store).await?;
    let mut entries = store.search_audit(&search).await?;
    let more = entries.len() > PAGE_ENTRIES as usize;
    entries.truncate(PAGE_ENTRIES as usize);
    let next = entries.last().filter(|_| more).map(|last| query.before(last.seq));
    let head = store.audit_head().await?;
    let body = body(&person, &query, head, &entries, next);
    let scripts = &["js/record.js"];
    Ok(Html(Page { title: "Audit", nav: Nav::Audit, person: Some(&person), scripts, body }.render().0).into_response())
}

fn body(
    person: &Principal,
    query: &AuditQuery,
    head: Option<(i64, Sha256Digest)>,
    entries: &[AuditEntry],
    next: Option<AuditQuery>,
) -> Markup {
    let export = person.may(Action::ExportRecord);
    html! {
        .page-head {
            h1 { "Audit" }
            @if export { .toolbar.no-print { (exports(query)) } }
        }
        .audit-top { (form(query)) (chain(head)) }
        @if entries.is_empty() {
            .card { .empty {
                h2 { "No entry fits." }
                p { "Ask for less: every field that is filled in must fit." }
            } }
        } @else {
            .card.flush { (entry::table(entries)) }
        }
        nav.toolbar.no-print aria-label="Pages" {
            @if !query.before.is_empty() { a.button href={ "/audit?" (first(query).address()) } { "Newest" } }
            @if let Some(next) = next { a.button.push href={ "/audit?" (next.address()) } rel="next" { "Older" } }
        }
    }
}

fn first(query: &AuditQuery) -> AuditQuery {
    AuditQuery { before: String::new(), format: String::new(), ..query.clone() }
}

/// The end of the chain, and its verification.
fn chain(head: Option<(i64, Sha256Digest)>) -> Markup {
    html! {
        section.card.chain-card aria-labelledby="chain" {
            h2 #chain { "Hash chain" }
            @match head {
                None => { p.muted { "The log is empty." } }
                Some((seq, hash)) => {
                    dl.facts {
                        dt { "Newest entry" } dd { a href={ "/audit/" (seq) } { (seq) } }
                        dt { "Its hash" } dd.mono.small { (hash) }
                    }
                }
            }
            form #verify method="get" action="/audit/verify" {
                details {
                    summary { "Compare with a hash that you keep" }
                    .field {
                        label for="known-seq" { "Position of the entry" }
                        input id="known-seq" name="seq" inputmode="numeric" pattern="[0-9]*" autocomplete="off"
                            aria-describedby="known-hint";
                    }
                    .field {
                        label for="known-hash" { "Its hash" }
                        input.mono id="known-hash" name="hash" maxlength="64" autocomplete="off" spellcheck="false"
                            aria-describedby="known-hint";
                    }
                    p.muted.small #known-hint {
                        "One that you noted earlier, or that stands on a certificate. It shows that nothing up to it was made anew."
                    }
                }
                .toolbar {
                    button.primary type="submit" { "Verify the whole log" }
                    button type="button" #verify-stop hidden { "Stop" }
                }
            }
            #verify-result role="status" aria-live="polite" {}
            progress #verify-progress value="0" max="100" aria-label="Verification" hidden {}
        }
    }
}

fn exports(query: &AuditQuery) -> Markup {
    let everything = query.filters_nothing();
    html! {
        details.menu.export-menu {
            summary { "Export" }
            .sheet {
                @for (format, word) in Format::ALL {
                    @let query = AuditQuery { format: format.name().to_owned(), ..first(query) };
                    a href={ "/export/audit?" (query.address()) } download {
                        @if everything { "Whole log as " } @else { "What fits as " } (word)
                    }
                }
            }
        }
    }
}

fn form(query: &AuditQuery) -> Markup {
    let field = |id: &str, label: &str, value: &str, list: &str| {
        html! {
            .field {
                label for=(id) { (label) }
                input id=(id) name=(id) value=(value) maxlength="256" autocomplete="off" spellcheck="false" placeholder=(list);
            }
        }
    };
    let moment = |id: &str, label: &str, value: &str| {
        html! {
            .field {
                label for=(id) { (label) " (" span data-zone { "UTC" } ")" }
                input type="datetime-local" step="any" id=(id) name=(id) value=(value.trim_end_matches('Z')) data-moment;
            }
        }
    };
    html! {
        form.card.search-grid.no-print method="get" action="/audit" role="search" {
            (moment("from", "From", &query.from))
            (moment("to", "To", &query.to))
            (field("actor", "Person", &query.actor, "login, line or unit"))
            .field { label for="kind" { "Kind" } (kinds(&query.kind)) }
            (field("batch", "Work order", &query.batch, "name or id"))
            (field("station", "Station", &query.station, "name"))
            .field.wide {
                label for="subject" { "Subject" }
                input id="subject" name="subject" value=(query.subject) maxlength="256" autocomplete="off" spellcheck="false"
                    placeholder="MAC, run, certificate serial, login";
            }
            .field.buttons {
                button.primary type="submit" { "Search" }
                @if !query.filters_nothing() { a.button href="/audit" { "Clear" } }
            }
        }
    }
}

/// Every kind, under its family, which can be chosen as a whole.
fn kinds(chosen: &str) -> Markup {
    let family = |kind: &AuditKind| kind.name().split_once('.').map_or("", |(family, _)| family);
    let mut families: Vec<&str> = AuditKind::ALL.iter().map(family).collect();
    families.sort_unstable();
    families.dedup();
    html! {
        select id="kind" name="kind" {
            option value="" selected[chosen.is_empty()] { "any" }
            @for name in families {
                @let all = format!("{name}.");
                optgroup label=(name) {
                    option value=(all) selected[chosen == all] { "all of " (name) }
                    @for kind in AuditKind::ALL.iter().filter(|kind| family(kind) == name) {
                        option value=(kind.name()) selected[chosen == kind.name()] { (kind.name()) }
                    }
                }
            }
        }
    }
}

async fn one(State(app): State<AppState>, person: Principal, Path(seq): Path<String>) -> Answer<Response> {
    let wrong =
        || HttpProblem::bad_request("position_wrong", format!("{seq} is no position."), "Follow a link to the entry.");
    let position: i64 = seq.parse().ok().filter(|seq| *seq > 0).ok_or_else(wrong)?;
    let found = app.services.store.audit_entries(position - 1, 1).await?;
    let found = found.into_iter().next().filter(|entry| entry.seq == position);
    let found = found.ok_or_else(|| HttpProblem::not_found(format!("There is no audit entry {position}.")))?;
    let body = html! {
        .page-head {
            p.crumbs { a href="/audit" { "Audit" } }
            h1 { "Audit entry " (position) }
            .toolbar.no-print {
                @if position > 1 { a.button href={ "/audit/" (position - 1) } rel="prev" { "Entry before" } }
                a.button href={ "/audit/" (position + 1) } rel="next" { "Entry after" }
            }
        }
        (entry::whole(&found))
    };
    let title = format!("Audit entry {position}");
    let scripts = &["js/record.js"];
    Ok(Html(Page { title: &title, nav: Nav::Audit, person: Some(&person), scripts, body }.render().0).into_response())
}
