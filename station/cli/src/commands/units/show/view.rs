//! The shapes of `station units show --json`. Field names are promises; none of them holds a secret.

use std::collections::BTreeMap;

use firstpass_domain::{
    DeviceId, Evidence, Fact, Language, Mac, Problem, RunId, SerialNumber, Sha256Digest, SlotId, StationId, Step,
    StepOutcome, Witness,
};
use firstpass_store::{Hold, RunDetail, SessionRecord, Standing, StepRecord, UnitDetail};
use serde::Serialize;

use crate::{
    commands::{ca::CertificateView, units::state_words},
    output::utc,
};

/// A unit with all that belongs to it. Times are RFC 3339, UTC.
#[derive(Debug, Serialize)]
pub(super) struct UnitView {
    pub(super) mac: Mac,
    pub(super) serial: Option<SerialNumber>,
    pub(super) attempts: u32,
    /// `passed`, `failed`, `quarantined` or `scrapped`; `None` before its first run has ended.
    pub(super) standing: Option<&'static str>,
    /// Why it is set aside.
    pub(super) hold: Option<HoldView>,
    /// Oldest first.
    pub(super) runs: Vec<RunView>,
    /// Oldest first.
    pub(super) sessions: Vec<SessionView>,
    /// Oldest first.
    pub(super) certificates: Vec<CertificateView>,
}

/// Why a unit is set aside, by whom and since when.
#[derive(Debug, Serialize)]
pub(super) struct HoldView {
    /// `quarantined` or `scrapped`.
    pub(super) kind: &'static str,
    pub(super) reason: String,
    pub(super) by: String,
    pub(super) since: String,
}

impl HoldView {
    fn of(hold: &Hold) -> Self {
        let Hold { kind, reason, actor, since } = hold;
        Self { kind: kind.name(), reason: reason.clone(), by: actor.clone(), since: utc(*since) }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct RunView {
    pub(super) run: RunId,
    pub(super) attempt: u32,
    /// Whether it only repaired the unit's credentials, so that its state is none of the unit's.
    pub(super) repair: bool,
    pub(super) station: StationId,
    pub(super) slot: SlotId,
    pub(super) recipe: String,
    pub(super) recipe_hash: Sha256Digest,
    /// `passed`, `failed` or `open`.
    pub(super) state: &'static str,
    pub(super) began: String,
    pub(super) ended: Option<String>,
    /// In which step it failed.
    pub(super) failed_step: Option<Step>,
    /// Why it failed.
    pub(super) problem: Option<Problem>,
    pub(super) steps: Vec<StepView>,
    /// How much each witness said.
    pub(super) evidence_counts: BTreeMap<&'static str, usize>,
    pub(super) evidence_digest: Sha256Digest,
    pub(super) evidence: Vec<EvidenceView>,
}

#[derive(Debug, Serialize)]
pub(super) struct StepView {
    pub(super) step: Step,
    pub(super) began: String,
    pub(super) ended: Option<String>,
    pub(super) outcome: Option<StepOutcome>,
    pub(super) duration_ms: Option<u128>,
}

#[derive(Debug, Serialize)]
pub(super) struct EvidenceView {
    pub(super) at: String,
    pub(super) witness: Witness,
    #[serde(flatten)]
    pub(super) fact: Fact,
}

#[derive(Debug, Serialize)]
pub(super) struct SessionView {
    pub(super) device_id: DeviceId,
    pub(super) device_key: String,
    pub(super) workspace_slug: String,
    pub(super) mqtt_host: String,
    pub(super) mqtt_port: u16,
    pub(super) mqtt_username: String,
    pub(super) run: RunId,
    /// Fingerprint of the certificate that was issued with it.
    pub(super) certificate: Option<Sha256Digest>,
    pub(super) issued: String,
    pub(super) revoked: Option<String>,
}

impl UnitView {
    pub(super) fn of(unit: &UnitDetail, runs: Vec<RunView>) -> Self {
        Self {
            mac: unit.summary.mac,
            serial: unit.summary.serial.clone(),
            attempts: unit.summary.attempts,
            standing: unit.summary.standing.map(Standing::name),
            hold: unit.hold.as_ref().map(HoldView::of),
            runs,
            sessions: unit.sessions.iter().map(SessionView::of).collect(),
            certificates: unit.certificates.iter().map(CertificateView::of).collect(),
        }
    }
}

impl RunView {
    pub(super) fn of(detail: &RunDetail, language: Language) -> Self {
        let run = &detail.run;
        let mut evidence_counts = BTreeMap::new();
        for evidence in &detail.evidence {
            *evidence_counts.entry(witness_name(evidence.fact.witness())).or_default() += 1;
        }
        Self {
            run: run.id,
            attempt: run.attempt,
            repair: run.repair,
            station: run.station.clone(),
            slot: run.slot.clone(),
            recipe: detail.recipe_name.clone(),
            recipe_hash: run.recipe,
            state: state_words(run.state).0,
            began: utc(run.began),
            ended: run.ended.map(utc),
            failed_step: detail.diagnosis.as_ref().map(|diagnosis| diagnosis.step),
            problem: detail.diagnosis.as_ref().map(|diagnosis| diagnosis.problem_in(language)),
            steps: detail.steps.iter().map(StepView::of).collect(),
            evidence_counts,
            evidence_digest: detail.evidence_digest,
            evidence: detail.evidence.iter().map(EvidenceView::of).collect(),
        }
    }
}

impl StepView {
    fn of(record: &StepRecord) -> Self {
        Self {
            step: record.step,
            began: utc(record.began),
            ended: record.ended.map(|(at, _)| utc(at)),
            outcome: record.ended.map(|(_, outcome)| outcome),
            duration_ms: record.ended.map(|(at, _)| at.since(record.began).as_millis()),
        }
    }
}

impl EvidenceView {
    fn of(evidence: &Evidence) -> Self {
        Self { at: utc(evidence.at), witness: evidence.fact.witness(), fact: evidence.fact.clone() }
    }
}

impl SessionView {
    /// Leaves out the password's verifier and the token's hash: nobody who looks a unit up needs them.
    fn of(record: &SessionRecord) -> Self {
        let session = record.session.clone();
        Self {
            device_id: session.device_id,
            device_key: session.device_key,
            workspace_slug: session.workspace_slug,
            mqtt_host: session.mqtt_host,
            mqtt_port: session.mqtt_port,
            mqtt_username: session.mqtt_username,
            run: record.run,
            certificate: record.certificate,
            issued: utc(record.issued),
            revoked: record.revoked.map(utc),
        }
    }
}

const fn witness_name(witness: Witness) -> &'static str {
    match witness {
        Witness::Flasher => "flasher",
        Witness::Uart => "uart",
        Witness::Provisioning => "provisioning",
        Witness::Broker => "broker",
        Witness::Line => "line",
    }
}
