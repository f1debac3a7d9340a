//! The certificate of provisioning: one sheet for a unit that stands as passed, made to be printed or kept as PDF, with a
//! code that leads back to the audit log. For any other unit it says plainly why there is none.

pub(crate) mod paper;
mod qr;

use axum::{
    extract::State,
    response::{Html, IntoResponse, Response},
};
use firstpass_domain::{
    Action, AuditEntry, AuditKind, Fact, Mac, SerialNumber, Sha256Digest, Timestamp, Verdict, policy::RegionPolicy,
};
use firstpass_store::{BatchRecord, RunDetail, SessionRecord, Store, UnitDetail};
use maud::{Markup, html};
use serde::Deserialize;

use crate::{
    AppState,
    access::{Access, Principal},
    extract::{Path, Query},
    pages::{
        layout::{Nav, Page},
        units::{
            Replayed, batch_of,
            proof::{self, Credentials},
            query, standing_badge,
        },
        when::on_paper,
    },
    problem::{Answer, HttpProblem},
    routes::Routes,
};
use paper::Claim;

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
    /// The run that tested the unit and passed.
    pass: Sealed,
    /// The run that the credentials were proved in since, when it is another one.
    repair: Option<Sealed>,
    batch: Option<BatchRecord>,
    credentials: Credentials,
}

/// A run with the audit entry that sealed its pass.
struct Sealed {
    detail: RunDetail,
    entry: AuditEntry,
}

/// Why there is no certificate.
struct Nothing {
    unit: UnitDetail,
    why: String,
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
    let proof = match proof::proof(store, &unit).await? {
        Ok(proof) => proof,
        Err(doubt) => return Ok(Err(Nothing::new(unit, sentence(&doubt.to_string())))),
    };
    let proof::Proof { pass, repair, credentials } = *proof;
    let Some(credentials) = credentials else {
        let why = without_credentials(&unit);
        return Ok(Err(Nothing::new(unit, why.to_owned())));
    };
    let sealed = Sealed::of(pass).and_then(|pass| Ok((pass, repair.map(Sealed::of).transpose()?)));
    let (pass, repair) = match sealed {
        Ok(runs) => runs,
        Err(why) => return Ok(Err(Nothing::new(unit, why))),
    };
    let batch = match batch_of(&pass.detail.entries) {
        Some(id) => store.batch(id).await?,
        None => None,
    };
    Ok(Ok(Box::new(Proof { unit, pass, repair, batch, credentials })))
}

impl Nothing {
    fn new(unit: UnitDetail, why: String) -> Box<Self> {
        Box::new(Self { unit, why })
    }
}

impl Sealed {
    /// Judges the run again; an error says what of it does not agree with the record.
    fn of(detail: RunDetail) -> Result<Self, String> {
        let replayed = Replayed::of(&detail);
        let run = detail.run.id;
        if !replayed.agrees() || replayed.verdict != Verdict::Pass {
            return Err(format!(
                "Computed again from the record, the verdict of its run {run} does not agree with the record."
            ));
        }
        match detail.entries.iter().find(|entry| entry.kind == AuditKind::RunPassed).cloned() {
            Some(entry) => Ok(Self { detail, entry }),
            None => Err(format!("The audit log does not tell that its run {run} passed.")),
        }
    }
}

fn without_credentials(unit: &UnitDetail) -> &'static str {
    if unit.sessions.iter().any(SessionRecord::may_log_in) {
        "The session that may log in is not the one that its newest run left it with."
    } else {
        "It has no session that may log in: its credentials were revoked, or none were issued."
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut rest = clause.chars();
    let first = rest.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(rest).chain(['.']).collect()
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
            p.why { (nothing.why) }
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
            (recipe_part(&proof.pass.detail))
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
    let entry = &proof.pass.entry;
    let same = seq == entry.seq && hash.parse::<Sha256Digest>().ok() == Some(entry.hash);
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
    let Sealed { detail, entry } = &proof.pass;
    let claim = Claim { mac: summary.mac, run: detail.run.id, seq: entry.seq, hash: entry.hash };
    html! {
        header {
            div {
                p.issuer { "Firstpass · station " (detail.run.station) }
                h1 #certificate { "Certificate of provisioning" }
                p.lead {
                    "This unit has proved that it works: it was provisioned, connected with its own credentials, and its "
                    "flash was read back and holds what was written."
                }
                p { span.badge.ok { "passed" } " " (on_paper(detail.run.ended.unwrap_or(detail.run.began))) }
            }
            figure { (qr::svg(&claim.to_string())) figcaption { "Names unit, run and audit entry" } }
        }
    }
}

fn unit_part(proof: &Proof) -> Markup {
    let (summary, detail) = (&proof.unit.summary, &proof.pass.detail);
    let run = &detail.run;
    let product = proof.batch.as_ref().map(|batch| batch.batch.product.as_str()).filter(|product| !product.is_empty());
    html! {
        section {
            h2 { "Unit" }
            dl.facts {
                dt { "Product" } dd { (product.unwrap_or(&detail.recipe_name)) }
                dt { "Serial number" } dd.mono { (summary.serial.as_ref().map_or("none", SerialNumber::as_str)) }
                dt { "MAC" } dd.mono { (summary.mac) }
                @if let Some(words) = chip(detail) { dt { "Chip" } dd { (words) } }
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
    let Credentials { session, certificate } = &proof.credentials;
    let session = &session.session;
    html! {
        section {
            h2 { "Credentials" }
            dl.facts {
                dt { "Device id" } dd.mono { (session.device_id) }
                dt { "Broker user" } dd.mono { (session.mqtt_username) }
                @match certificate {
                    Some(record) => {
                        dt { "Certificate serial" } dd.mono { (record.certificate.serial) }
                        dt { "Fingerprint" } dd.mono.small { (record.certificate.fingerprint) }
                        dt { "Valid" } dd { (on_paper(record.certificate.not_before)) " to " (on_paper(record.certificate.not_after)) }
                    }
                    None => { dt { "Certificate" } dd { "none was issued with the session" } }
                }
                @if let Some(Sealed { detail, entry }) = &proof.repair {
                    dt { "Proved in run" }
                    dd {
                        span.mono { (detail.run.id) } ", a repair or check after the pass, "
                        (on_paper(detail.run.ended.unwrap_or(detail.run.began)))
                    }
                    dt { "Its audit entry" } dd { (entry.seq) " " span.mono.small { (entry.hash) } }
                    dt { "Its evidence" }
                    dd { (detail.evidence.len()) " pieces " span.mono.small { (detail.evidence_digest) } }
                }
            }
        }
    }
}

fn recipe_part(detail: &RunDetail) -> Markup {
    let policy = &detail.policy;
    let (field, app) = (policy.field.as_ref(), proof::final_app(detail));
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
                @if let Some(ota) = proof::update(detail) { dt { "update" } dd.mono.small { (ota.sha256) } }
            }
        }
    }
}

fn proof_part(proof: &Proof) -> Markup {
    let Sealed { detail, entry } = &proof.pass;
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
