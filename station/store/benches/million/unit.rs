//! A unit's way over the line: the rows of its runs, and what the log tells of them.

use firstpass_domain::{
    AuditKind, Chip, DeviceId, Diagnosis, DiagnosisCode, Fact, FlashSize, Mac, PasswordVerifier, RunId, SerialNumber,
    Sha256Digest, Step, Timestamp,
    evidence::{Identity, NvsReadBack, RegionDigest, Security, UartFact},
};
use firstpass_store::BatchId;
use serde_json::{Value, json};

use crate::{
    floor::{self, End, SECOND, SLOTS, STATIONS, STEPS, WAVE, digest},
    record::{Act, Record},
    rows::row,
};

/// What all units have in common.
pub(crate) struct Order {
    pub(crate) units: usize,
    pub(crate) recipe: Sha256Digest,
    pub(crate) batches: Vec<BatchId>,
    pub(crate) verifier: PasswordVerifier,
}

/// One attempt.
struct Attempt<'a> {
    order: &'a Order,
    unit: usize,
    mac: Mac,
    id: RunId,
    number: usize,
    station: usize,
    began: i64,
    end: End,
}

/// The longest way takes three attempts.
const ATTEMPT_TAKES: i64 = 150 * SECOND;
const RUNS_MAX: u64 = 3;

/// Writes a unit; adds what is to be noted to `acts`.
pub(crate) async fn write(
    record: &mut Record<'_>,
    order: &Order,
    unit: usize,
    acts: &mut Vec<Act>,
) -> Result<(), sqlx::Error> {
    let (wave, place) = (unit / WAVE, unit % WAVE);
    let ends = floor::ends(unit);
    let mac = floor::mac(unit);
    let time = floor::wave_at(wave) + (floor::chance("delay", unit as u64) % 20) as i64 * SECOND;
    let station = place / SLOTS;
    for (index, &end) in ends.iter().enumerate() {
        let began = time + index as i64 * ATTEMPT_TAKES;
        let id = floor::run_id(began, unit as u64 * RUNS_MAX + index as u64);
        let attempt = Attempt { order, unit, mac, id, number: index + 1, station, began, end };
        attempt.write(record, acts).await?;
    }
    let passed = ends.last() == Some(&End::Passed);
    let seen = floor::clock(station, wave, order.units.div_ceil(WAVE), time).as_micros();
    let standing = if passed { "passed" } else { "failed" };
    let held = held(unit, passed, time + 400 * SECOND, station, acts);
    let (kind, reason, actor) = held.map_or((None, None, None), |kind| (Some(kind), Some("looked odd"), Some("ada")));
    let serial = serial(unit).to_string();
    record
        .units
        .add(
            record.to,
            row![
                mac.octets().as_slice(),
                serial.clone(),
                ends.len() as i64,
                standing,
                seen,
                kind,
                reason,
                actor,
                held.map(|_| seen)
            ],
        )
        .await?;
    record.serials.add(record.to, row!["FP", unit as i64 + 1, serial, mac.octets().as_slice(), seen]).await
}

/// Some are set aside by a person, and a few of them scrapped.
fn held(unit: usize, passed: bool, time: i64, station: usize, acts: &mut Vec<Act>) -> Option<&'static str> {
    let (name, kind) = match floor::chance("hold", unit as u64) % 2000 {
        0..4 => ("quarantined", AuditKind::UnitQuarantined),
        4 if !passed => ("scrapped", AuditKind::UnitScrapped),
        _ => return None,
    };
    let (at, station) = (Timestamp::from_micros(time), STATIONS[station]);
    let (subject, body) = (floor::mac(unit).to_string(), json!({ "reason": "looked odd", "run": null }));
    acts.push(Act { time, at, station, actor: "ada", kind, subject, body });
    Some(name)
}

/// Its serial number.
pub(crate) fn serial(unit: usize) -> SerialNumber {
    SerialNumber::new(format!("FP{:08}", unit + 1)).expect("ten characters are a serial number")
}

impl Attempt<'_> {
    fn clock(&self, time: i64) -> Timestamp {
        floor::clock(self.station, self.unit / WAVE, self.order.units.div_ceil(WAVE), time)
    }

    fn act(&self, time: i64, actor: &'static str, kind: AuditKind, subject: String, body: Value) -> Act {
        Act { time, at: self.clock(time), station: STATIONS[self.station], actor, kind, subject, body }
    }

    fn batch(&self) -> BatchId {
        self.order.batches[floor::batch(self.unit, self.order.units)]
    }

    async fn write(&self, record: &mut Record<'_>, acts: &mut Vec<Act>) -> Result<(), sqlx::Error> {
        let (id, mac) = (self.id.to_string(), self.mac);
        let line = |time, kind, body| self.act(time, "line", kind, id.clone(), body);
        let slot = format!("A{}", self.unit % SLOTS + 1);
        let began = json!({ "slot": slot, "batch": self.batch().0.to_string(), "recipe": self.order.recipe });
        acts.push(line(self.began, AuditKind::RunBegan, began));
        let known = json!({ "mac": mac, "attempt": self.number, "refused": null });
        acts.push(line(self.began + SECOND, AuditKind::RunIdentified, known));
        if self.number == 1 {
            let body = json!({ "serial": serial(self.unit), "mac": mac });
            acts.push(line(self.began + SECOND + 1, AuditKind::SerialAllocated, body));
        }
        let mut time = self.began + 2 * SECOND;
        for (seq, step) in (1..).zip(STEPS) {
            let took = (2 + floor::chance(step.name(), self.unit as u64) % 9) as i64 * SECOND + 1234;
            let failed = matches!(self.end, End::Failed(_, at) if at == step);
            let outcome = if failed { "failed" } else { "done" };
            let (from, to) = (self.clock(time).as_micros(), self.clock(time + took).as_micros());
            record
                .steps
                .add(record.to, row![self.id.0.as_bytes().as_slice(), seq, step.name(), from, to, outcome])
                .await?;
            acts.push(line(time, AuditKind::StepBegan, json!({ "step": step })));
            if step == Step::Provision {
                self.provision(record, acts, time + SECOND).await?;
            }
            time += took;
            acts.push(line(time, AuditKind::StepEnded, json!({ "step": step, "outcome": outcome })));
            if failed {
                break;
            }
        }
        let sealed = self.evidence(record, time).await?;
        self.finish(record, acts, time + 1000, slot, sealed).await
    }

    /// Code, certificate and session, which end with a run that fails.
    async fn provision(&self, record: &mut Record<'_>, acts: &mut Vec<Act>, time: i64) -> Result<(), sqlx::Error> {
        let number = self.unit as u64 * RUNS_MAX + self.number as u64;
        let (code, fingerprint, token) = (digest("code", number), digest("print", number), digest("token", number));
        let (run, mac, at) = (self.id.0.as_bytes().as_slice(), self.mac.octets(), self.clock(time).as_micros());
        let revoked = (self.end != End::Passed).then_some(at + 60 * SECOND);
        let device = device(number);
        let serial = fingerprint.to_string()[32..].to_owned();
        record
            .codes
            .add(record.to, row![code.bytes().as_slice(), run, mac.as_slice(), 1, at, at + 600 * SECOND, at])
            .await?;
        let reason = revoked.map(|_| "the run that issued it failed");
        let until = at + 315_360_000 * SECOND;
        record
            .certificates
            .add(
                record.to,
                row![
                    serial.clone(),
                    fingerprint.bytes().as_slice(),
                    pem(number),
                    device.as_str(),
                    at,
                    until,
                    mac.as_slice(),
                    run,
                    at,
                    revoked,
                    reason
                ],
            )
            .await?;
        record
            .sessions
            .add(
                record.to,
                row![
                    device.as_str(),
                    format!("key-{number}"),
                    "factory",
                    "broker.factory.example",
                    8883,
                    format!("user-{number}"),
                    self.order.verifier.to_bytes().as_slice(),
                    token.bytes().as_slice(),
                    code.bytes().as_slice(),
                    fingerprint.bytes().as_slice(),
                    mac.as_slice(),
                    run,
                    at,
                    revoked
                ],
            )
            .await?;
        let id = self.id.to_string();
        let mut note =
            |actor, kind, subject: &str, body| acts.push(self.act(time, actor, kind, subject.to_owned(), body));
        let expires = Timestamp::from_micros(at + 600 * SECOND);
        let body = json!({ "code": code, "mac": self.mac, "expires": expires, "certificate": true });
        note("line", AuditKind::CodeIssued, &id, body);
        note("unit", AuditKind::CodeRedeemed, &id, json!({ "code": code, "mac": self.mac }));
        let body =
            json!({ "fingerprint": fingerprint, "subject": device, "mac": self.mac, "run": self.id, "reason": "" });
        note("unit", AuditKind::CertificateIssued, &serial, body);
        let body = json!({ "mac": self.mac, "device_id": device, "mqtt_username": format!("user-{number}") });
        note("unit", AuditKind::SessionIssued, &id, body);
        if let Some(revoked) = revoked {
            let reason = json!({ "reason": "the run that issued it failed" });
            let later = self.began + 120 * SECOND;
            let revoke = |kind, subject| Act {
                at: Timestamp::from_micros(revoked),
                ..self.act(later, "line", kind, subject, reason.clone())
            };
            acts.push(revoke(AuditKind::CertificateRevoked, serial));
            acts.push(revoke(AuditKind::SessionRevoked, id));
        }
        Ok(())
    }

    /// Writes what the run has seen; returns its count and digest, as the log seals it.
    async fn evidence(&self, record: &mut Record<'_>, time: i64) -> Result<(i64, Sha256Digest), sqlx::Error> {
        let mut digested = b"firstpass-evidence-v1".to_vec();
        let at = self.clock(time).as_micros();
        let facts = facts(self.mac, self.unit);
        for (seq, fact) in (1..).zip(&facts) {
            let fact = serde_json::to_string(fact).expect("a fact is plain data");
            digested.extend(at.to_be_bytes());
            digested.extend((fact.len() as u64).to_be_bytes());
            digested.extend(fact.as_bytes());
            record.evidence.add(record.to, row![self.id.0.as_bytes().as_slice(), seq, at, fact]).await?;
        }
        Ok((facts.len() as i64, Sha256Digest::of(&digested)))
    }

    async fn finish(
        &self,
        record: &mut Record<'_>,
        acts: &mut Vec<Act>,
        time: i64,
        slot: String,
        (count, sealed): (i64, Sha256Digest),
    ) -> Result<(), sqlx::Error> {
        let (state, kind, diagnosis): (_, _, Option<Diagnosis>) = match self.end {
            End::Passed => ("passed", AuditKind::RunPassed, None),
            End::Failed(code, step) => ("failed", AuditKind::RunFailed, Some(diagnosis(code, step))),
        };
        let code = diagnosis.as_ref().map(|diagnosis| diagnosis.code.name());
        let text = diagnosis.as_ref().map(|diagnosis| serde_json::to_string(diagnosis).expect("plain data"));
        let body = json!({
            "recipe": self.order.recipe, "mac": self.mac, "diagnosis": diagnosis, "evidence_count": count,
            "evidence_digest": sealed,
        });
        acts.push(self.act(time, "line", kind, self.id.to_string(), body));
        let (batch, mac) = (self.batch(), self.mac.octets());
        record
            .runs
            .add(
                record.to,
                row![
                    self.id.0.as_bytes().as_slice(),
                    STATIONS[self.station],
                    slot,
                    batch.0.as_bytes().as_slice(),
                    self.order.recipe.bytes().as_slice(),
                    mac.as_slice(),
                    self.number as i64,
                    1,
                    state,
                    text,
                    self.clock(self.began).as_micros(),
                    self.clock(time).as_micros(),
                    code
                ],
            )
            .await
    }
}

fn diagnosis(code: DiagnosisCode, step: Step) -> Diagnosis {
    Diagnosis::new(code, step, "nothing more was seen of it within the time that the recipe gives")
}

/// What the first attempt of a unit that came that far was given.
fn first_number(unit: usize) -> u64 {
    unit as u64 * RUNS_MAX + 1
}

/// The device id of its first session.
pub(crate) fn device_of(unit: usize) -> DeviceId {
    device(first_number(unit))
}

/// The fingerprint of its first certificate.
pub(crate) fn print_of(unit: usize) -> String {
    digest("print", first_number(unit)).to_string()
}

/// The serial number of its first certificate.
pub(crate) fn certificate_of(unit: usize) -> String {
    print_of(unit)[32..].to_owned()
}

fn device(number: u64) -> DeviceId {
    DeviceId::new(format!("dev-{}", &digest("device", number).to_string()[..24]))
        .expect("28 characters are a device id")
}

/// As long as a certificate of ours; what it says is chance.
fn pem(number: u64) -> String {
    let lines: Vec<_> = (0..11).map(|line| digest("pem", number * 11 + line).to_string()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn facts(mac: Mac, unit: usize) -> Vec<Fact> {
    let (nvs, user) = (digest("nvs", unit as u64), format!("user-{unit}"));
    let flash_size = FlashSize::from_bytes(4 << 20).ok();
    let security = Security::default();
    let region = RegionDigest { name: "app".into(), offset: 0x10000, len: 950_272, sha256: nvs, md5_matches: true };
    vec![
        Fact::Identified(Identity {
            chip: Some(Chip::Esp32c3),
            revision: "v0.4".parse().ok(),
            flash_size,
            flash_id: None,
            mac,
            security,
        }),
        Fact::Prepared { serial: serial(unit), nvs_sha256: nvs, app: None },
        Fact::RegionWritten(region.clone()),
        Fact::Uart(UartFact::NetworkUp { ip: None }),
        Fact::MqttConnected { connection: unit as u64, username: user.clone(), certificate: Some(device(unit as u64)) },
        Fact::PingAnswered { connection: unit as u64, fw_version: "1.4.2".into(), app_sha256: nvs.to_string() },
        Fact::RegionAttested(region),
        Fact::NvsReadBack(NvsReadBack {
            device_id: Some(format!("dev-{unit}")),
            device_key: Some(format!("key-{unit}")),
            workspace_slug: Some("factory".into()),
            mqtt_username: Some(user),
            password_matches: true,
            session_matches: true,
            auth_code_present: false,
            certificate: Some(nvs),
            sha256: nvs,
        }),
    ]
}
