//! The certificate of provisioning: one sheet for a unit that stands as passed, made to be printed or kept as PDF, with a
//! code that leads back to the audit log. For any other unit it says plainly why there is none.

pub(crate) mod paper;
mod qr;

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::{
    Action, AuditEntry, AuditKind, Fact, Mac, RunState, SerialNumber, Sha256Digest, Timestamp, Verdict,
    policy::RegionPolicy,
};
use firstpass_store::{
    BatchRecord, CertificateRecord, HoldKind, RunDetail, SessionRecord, Standing, Store, UnitDetail,
};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Path, Query},
    pages::{
        layout::{Nav, Page},
        units::{Replayed, batch_of, query, standing_badge},
        when::{on_paper, utc},
    },
    problem::{Answer, HttpProblem},
    routes::Routes,
};
use paper::Claim;

/// Runs that are looked through for the one that passed, the newest.
const RUNS_LOOKED_AT_MAX: usize = 50;

pub(crate) fn routes() -> Routes {
    Routes::default().get("/units/{mac}/certificate", Access::May(Action::SeeUnits), show)
}

/// What a paper claims, when its code was read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Claimed {
    seq: Option<i64>,
    hash: Option<String>,
}

/// All that a certificate states.
struct Proof {
    unit: UnitDetail,
    detail: RunDetail,
    entry: AuditEntry,
    batch: Option<BatchRecord>,
    session: SessionRecord,
    certificate: Option<CertificateRecord>,
}

/// Why there is no certificate.
struct Nothing {
    unit: UnitDetail,
    why: Vec<String>,
}

async fn show(
    State(app): State<AppState>,
    person: Principal,
    Path(mac): Path<String>,
    Query(claimed): Query<Claimed>,
) -> Answer<Response> {
    let mac = query::mac(&mac)?;
    let (store, now) = (app.services.store.as_ref(), (app.services.clock)());
    let body = match prove(store, mac).await? {
        Ok(proof) => sheet(&proof, &claimed, now),
        Err(nothing) => refusal(&nothing),
    };
    let title = format!("Certificate of provisioning {mac}");
    let scripts = &["js/record.js"];
    Ok(Html(Page { title: &title, nav: Nav::Units, person: Some(&person), scripts, body }.render().0).into_response())
}

async fn prove(store: &dyn Store, mac: Mac) -> Answer<Result<Box<Proof>, Box<Nothing>>> {
    let unit = store.unit(mac).await?;
    let unit = unit.ok_or_else(|| HttpProblem::not_found(format!("No run on record had unit {mac}.")))?;
    let detail = match newest_pass(&unit) {
        Some(run) => store.run(run).await?,
        None => None,
    };
    let why = against(&unit, detail.as_ref());
    let session = living_session(&unit).cloned();
    let (Some(detail), Some(session), true) = (detail, session, why.is_empty()) else {
        return Ok(Err(Box::new(Nothing { unit, why })));
    };
    let Some(entry) = detail.entries.iter().find(|entry| entry.kind == AuditKind::RunPassed).cloned() else {
        let why = vec!["The audit log does not tell that its run passed.".to_owned()];
        return Ok(Err(Box::new(Nothing { unit, why })));
    };
    let batch = match batch_of(&detail.entries) {
        Some(id) => store.batch(id).await?,
        None => None,
    };
    let fingerprint = session.certificate;
    let certificate =
        unit.certificates.iter().find(|known| Some(known.certificate.fingerprint) == fingerprint).cloned();
    Ok(Ok(Box::new(Proof { unit, detail, entry, batch, session, certificate })))
}

/// The newest run that tested the unit and passed.
fn newest_pass(unit: &UnitDetail) -> Option<firstpass_domain::RunId> {
    let mut newest = unit.runs.iter().rev().take(RUNS_LOOKED_AT_MAX);
    newest.find(|run| run.state == RunState::Passed && !run.repair).map(|run| run.id)
}

fn living_session(unit: &UnitDetail) -> Option<&SessionRecord> {
    unit.sessions.iter().rev().find(|session| session.may_log_in())
}

/// Everything that stands against a certificate.
fn against(unit: &UnitDetail, detail: Option<&RunDetail>) -> Vec<String> {
    let mut why = Vec::new();
    match (unit.summary.standing, unit.hold.as_ref()) {
        (Some(Standing::Passed), None) => {}
        (_, Some(hold)) => {
            let word = match hold.kind {
                HoldKind::Quarantined => "in quarantine",
                HoldKind::Scrapped => "scrapped",
            };
            why.push(format!("It is {word} since {}: {}", utc(hold.since), hold.reason));
        }
        (Some(Standing::Failed), None) => why.push("Its newest test failed.".to_owned()),
        (None, None) => why.push("No run has tested it to its end.".to_owned()),
        (Some(Standing::Quarantined | Standing::Scrapped), None) => why.push("It is set aside.".to_owned()),
    }
    if living_session(unit).is_none() {
        why.push("It has no session that may log in: its credentials were revoked, or none were issued.".to_owned());
    }
    match detail {
        None => why.push("No run of it has passed.".to_owned()),
        Some(detail) => {
            let replayed = Replayed::of(detail);
            if !replayed.agrees() || replayed.verdict != Verdict::Pass {
                why.push(
                    "Computed again from the record, the verdict of its run does not agree with the record.".into(),
                );
            }
        }
    }
    why
}

fn refusal(nothing: &Nothing) -> Markup {
    let mac = nothing.unit.summary.mac;
    html! {
        .page-head {
            p.crumbs { a href="/units" { "Units" } " › " a.mono href={ "/units/" (mac) } { (mac) } }
            h1 { "No certificate of provisioning" }
        }
        .problem {
            p.what { "Unit " (mac) " has no certificate of provisioning." }
            ul { @for why in &nothing.why { li { (why) } } }
            p.remedy { "Take the unit through the line until it passes; the unit's page tells what happened to it." }
        }
        p { "It stands as " (standing_badge(nothing.unit.summary.standing)) "." }
    }
}

fn sheet(proof: &Proof, claimed: &Claimed, now: Timestamp) -> Markup {
    let mac = proof.unit.summary.mac;
    html! {
        .page-head.no-print {
            p.crumbs { a href="/units" { "Units" } " › " a.mono href={ "/units/" (mac) } { (mac) } }
            .toolbar {
                button.primary type="button" data-prints { "Print or save as PDF" }
                a.button href={ "/units/" (mac) } { "Back to the unit" }
            }
        }
        (claim_note(proof, claimed))
        article.sheet-a4 aria-labelledby="certificate" {
            (sheet_head(proof))
            (unit_part(proof))
            (credentials_part(proof))
            (recipe_part(&proof.detail))
            (proof_part(proof))
            footer {
                p { "Printed " (on_paper(now)) ". This sheet states what was on record then; the audit log decides." }
            }
        }
    }
}

/// Whether a paper, whose code was read, says what is on record.
fn claim_note(proof: &Proof, claimed: &Claimed) -> Markup {
    let (Some(seq), Some(hash)) = (claimed.seq, &claimed.hash) else { return html! {} };
    let same = seq == proof.entry.seq && hash.parse::<Sha256Digest>().ok() == Some(proof.entry.hash);
    html! {
        @if same {
            p.note.no-print role="status" { span.badge.ok { "genuine" } " The code that was read names this very entry of the audit log." }
        } @else {
            .problem.no-print role="alert" {
                p.what { "The code that was read names another entry of the audit log." }
                p.why { "It names entry " (seq) " with hash " span.mono { (hash) } "." }
                p.remedy { "The unit may have passed again since; look the entry up. If its hash differs there, the paper is forged." }
            }
        }
    }
}

fn sheet_head(proof: &Proof) -> Markup {
    let summary = &proof.unit.summary;
    let claim = Claim { mac: summary.mac, run: proof.detail.run.id, seq: proof.entry.seq, hash: proof.entry.hash };
    html! {
        header {
            div {
                p.issuer { "Firstpass · station " (proof.detail.run.station) }
                h1 #certificate { "Certificate of provisioning" }
                p.lead {
                    "This unit has proved that it works: it was provisioned, connected with its own credentials, and its "
                    "flash was read back and holds what was written."
                }
                p { span.badge.ok { "passed" } " " (on_paper(proof.detail.run.ended.unwrap_or(proof.detail.run.began))) }
            }
            figure { (qr::svg(&claim.to_string())) figcaption { "Names unit, run and audit entry" } }
        }
    }
}

fn unit_part(proof: &Proof) -> Markup {
    let (summary, run) = (&proof.unit.summary, &proof.detail.run);
    let product = proof.batch.as_ref().map(|batch| batch.batch.product.as_str()).filter(|product| !product.is_empty());
    html! {
        section {
            h2 { "Unit" }
            dl.facts {
                dt { "Product" } dd { (product.unwrap_or(&proof.detail.recipe_name)) }
                dt { "Serial number" } dd.mono { (summary.serial.as_ref().map_or("none", SerialNumber::as_str)) }
                dt { "MAC" } dd.mono { (summary.mac) }
                @if let Some(words) = chip(&proof.detail) { dt { "Chip" } dd { (words) } }
                dt { "Run" } dd.mono { (run.id) }
                dt { "Station, slot" } dd { (run.station) ", " (run.slot) }
                @if let Some(batch) = &proof.batch { dt { "Work order" } dd { (batch.batch.name) } }
            }
        }
    }
}

fn chip(detail: &RunDetail) -> Option<String> {
    detail.evidence.iter().find_map(|evidence| match &evidence.fact {
        Fact::Identified(identity) => {
            let chip = identity.chip.map(|chip| chip.to_string());
            let revision = identity.revision.map(|revision| revision.to_string());
            let flash = identity.flash_size.map(|size| format!("{size} flash"));
            Some([chip, revision, flash].into_iter().flatten().collect::<Vec<_>>().join(", "))
        }
        _ => None,
    })
}

fn credentials_part(proof: &Proof) -> Markup {
    let session = &proof.session.session;
    html! {
        section {
            h2 { "Credentials" }
            dl.facts {
                dt { "Device id" } dd.mono { (session.device_id) }
                dt { "Broker user" } dd.mono { (session.mqtt_username) }
                @match &proof.certificate {
                    Some(record) => {
                        dt { "Certificate serial" } dd.mono { (record.certificate.serial) }
                        dt { "Fingerprint" } dd.mono.small { (record.certificate.fingerprint) }
                        dt { "Valid" } dd { (on_paper(record.certificate.not_before)) " to " (on_paper(record.certificate.not_after)) }
                    }
                    None => { dt { "Certificate" } dd { "none was issued with the session" } }
                }
            }
        }
    }
}

fn recipe_part(detail: &RunDetail) -> Markup {
    let policy = &detail.policy;
    let field = policy.field.as_ref();
    let app = field.and_then(|field| field.app.as_ref()).or(policy.app.as_ref());
    let regions: Vec<&RegionPolicy> =
        policy.regions.iter().chain(field.into_iter().flat_map(|field| &field.regions)).collect();
    html! {
        section {
            h2 { "Recipe and firmware" }
            dl.facts {
                dt { "Recipe" } dd { (detail.recipe_name) " " span.mono.small { (detail.run.recipe) } }
                @if let Some(app) = app {
                    dt { "Firmware" } dd { "version " (app.version) " " span.mono.small { (app.sha256) } }
                }
                @for region in regions {
                    @if let Some(sha256) = region.sha256 { dt { (region.name) } dd.mono.small { (sha256) } }
                }
            }
        }
    }
}

fn proof_part(proof: &Proof) -> Markup {
    let Proof { detail, entry, .. } = proof;
    html! {
        section {
            h2 { "Proof" }
            dl.facts {
                dt { "Audit entry" } dd { (entry.seq) " " span.mono.small { (entry.hash) } }
                dt { "Evidence" } dd { (detail.evidence.len()) " pieces " span.mono.small { (detail.evidence_digest) } }
                dt { "Verdict" }
                dd { span.badge.ok { "passed" } " computed again from recipe and evidence when this sheet was made" }
            }
            p.small {
                "To check: export the audit log, run “station audit verify”, and compare the hash of entry " (entry.seq)
                ". It covers the recipe's hash and the evidence's."
            }
        }
    }
}
