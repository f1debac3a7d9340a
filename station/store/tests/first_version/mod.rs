//! A record as the first version of the program made it, and what must become of it.

use std::sync::Arc;

use firstpass_domain::{
    AuditEntry, AuditKind, Diagnosis, DiagnosisCode, Mac, RunId, Sha256Digest, StationId, Step, Timestamp,
    audit::GENESIS,
};
use firstpass_store::{AuditSearch, BatchId, BatchState, SerialFate, Standing, Store, UnitSearch};
use sqlx::{
    SqlSafeStr as _,
    migrate::{Migration, MigrationType, Migrator},
};
use uuid::Uuid;

use crate::conformance::{
    fixture::{now, pattern, policy},
    line::Line,
};

const UNITS: [Mac; 3] = [Mac::new([2; 6]), Mac::new([3; 6]), Mac::new([4; 6])];
const BATCHES: [BatchId; 2] = [BatchId(Uuid::from_u128(10)), BatchId(Uuid::from_u128(11))];
const RUNS: [RunId; 3] = [RunId(Uuid::from_u128(20)), RunId(Uuid::from_u128(21)), RunId(Uuid::from_u128(22))];
const TEXT: &str = "# the recipe of the first version";
const SEEN_AT: i64 = 1_000;
const GIVEN_AT: i64 = 2_000;

/// The migrations of the first version. `sql`: its text for the database.
pub(crate) fn migrator(sql: &'static str) -> Migrator {
    let first = Migration::new(1, "record".into(), MigrationType::Simple, sql.into_sql_str(), false);
    Migrator::with_migrations(vec![first])
}

/// Statements that fill the record: a unit that passed, one that failed, and one that is in work. `blob` writes bytes as
/// the database reads them.
pub(crate) fn rows(blob: fn(&[u8]) -> String) -> Vec<String> {
    let recipe = recipe();
    let policy = serde_json::to_string(&policy()).unwrap();
    let hash = blob(recipe.bytes());
    let mut sql = vec![
        "INSERT INTO stations VALUES ('s1', 1, 1)".to_owned(),
        format!("INSERT INTO recipes VALUES ({hash}, 'lamp', '{TEXT}', '{policy}', 1)"),
    ];
    for (batch, opened) in BATCHES.iter().zip([10, 11]) {
        let id = blob(batch.0.as_bytes());
        sql.push(format!("INSERT INTO batches VALUES ({id}, 'order 7', {hash}, NULL, {opened})"));
    }
    let diagnosis = Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "no byte in 5 s");
    let diagnosis = format!("'{}'", serde_json::to_string(&diagnosis).unwrap());
    let ends = [("passed", "NULL", "50"), ("failed", diagnosis.as_str(), "50"), ("open", "NULL", "NULL")];
    for (index, (state, diagnosis, ended)) in ends.into_iter().enumerate() {
        let (mac, run) = (blob(&UNITS[index].octets()), blob(RUNS[index].0.as_bytes()));
        let batch = blob(BATCHES[index / 2].0.as_bytes());
        let standing = if state == "open" { "NULL".to_owned() } else { format!("'{state}'") };
        let serial = format!("FP0000000{}", index + 1);
        sql.push(format!("INSERT INTO units VALUES ({mac}, '{serial}', 1, {standing}, {SEEN_AT})"));
        sql.push(format!(
            "INSERT INTO runs VALUES ({run}, 's1', 'A{index}', {batch}, {hash}, {mac}, 1, 1, '{state}', {diagnosis}, 40,
             {ended})"
        ));
        sql.push(format!("INSERT INTO serials VALUES ('FP', {}, '{serial}', {mac})", index + 1));
    }
    sql.extend(audit().iter().map(|entry| audit_row(entry, blob)));
    sql
}

/// The log tells when the first serial number was given, and of no other.
fn audit() -> [AuditEntry; 2] {
    let seal = |seq, at, kind, body: &str, prev| {
        let (at, station) = (Timestamp::from_micros(at), StationId::new("s1").unwrap());
        AuditEntry::seal(seq, at, station, "line".to_owned(), kind, "s1".to_owned(), body.to_owned(), prev)
    };
    let first = seal(1, 1, AuditKind::StationStarted, "{}", GENESIS);
    let body = r#"{"serial":"FP00000001"}"#;
    let second = seal(2, GIVEN_AT, AuditKind::SerialAllocated, body, first.hash);
    [first, second]
}

fn audit_row(entry: &AuditEntry, blob: fn(&[u8]) -> String) -> String {
    let AuditEntry { seq, at, station, actor, kind, subject, body, prev, hash } = entry;
    let (at, kind) = (at.as_micros(), kind.name());
    let (prev, hash) = (blob(prev.bytes()), blob(hash.bytes()));
    format!(
        "INSERT INTO audit VALUES ({seq}, {at}, '{station}', '{actor}', '{kind}', '{subject}', '{body}', {prev}, {hash})"
    )
}

fn recipe() -> Sha256Digest {
    policy().recipe_hash(TEXT)
}

/// What the record held is there in the terms of this version, and the line goes on with it.
pub(crate) async fn goes_on(store: Arc<dyn Store>) {
    let line = Line { store, batch: BATCHES[1], recipe: recipe() };
    let open: Vec<_> = line.store.start_station(now()).await.unwrap().iter().map(|run| run.id).collect();
    assert_eq!(open, [RUNS[2]]);
    // Of the batches of one name only the newest is open.
    let states = [line.store.batch(BATCHES[0]).await, line.store.batch(BATCHES[1]).await];
    assert_eq!(states.map(|batch| batch.unwrap().unwrap().state), [BatchState::Closed, BatchState::Open]);
    assert_eq!(line.store.batch_by_name("order 7").await.unwrap().unwrap().id, BATCHES[1]);
    let counted = line.store.batch_yield(BATCHES[0]).await.unwrap();
    assert_eq!((counted.units, counted.first_passed, counted.passed, counted.failed), (2, 1, 1, 1));
    assert_eq!(counted.diagnoses, [(DiagnosisCode::BootSilent, 1)]);
    check_serials(&line).await;
    check_found(&line).await;
    line.fail(RUNS[2]).await;
    let standing = line.store.unit(UNITS[0]).await.unwrap().unwrap().summary.standing;
    assert_eq!(standing, Some(Standing::Passed));
    let run = line.admitted_run("A1").await;
    let serial = line.store.allocate_serial(run, &pattern("FP"), now()).await.unwrap();
    assert_eq!(serial.as_str(), "FP00000004");
    line.provision(run).await;
    line.pass(run).await;
    line.verify().await.unwrap();
}

/// What finds and counts is filled from what was on record.
async fn check_found(line: &Line) {
    let search = UnitSearch { text: "p0000000".to_owned(), after: None, limit: 9 };
    let found = line.store.search_units(&search).await.unwrap();
    let found: Vec<_> = found.iter().map(|hit| (hit.summary.mac, hit.matched_text.as_str())).collect();
    assert_eq!(found, [(UNITS[2], "FP00000003"), (UNITS[1], "FP00000002"), (UNITS[0], "FP00000001")]);
    let (from, kinds) = (Some(Timestamp::from_micros(GIVEN_AT)), vec![AuditKind::SerialAllocated]);
    let search = AuditSearch { from, kinds, limit: 9, ..AuditSearch::default() };
    let found = line.store.search_audit(&search).await.unwrap();
    assert_eq!(found.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2]);
    let counts = line.store.record_counts().await.unwrap();
    assert_eq!((counts.units, counts.passed, counts.failed, counts.runs, counts.open_runs), (3, 1, 1, 3, 1));
    let slots = line.store.batch_figures(BATCHES[0]).await.unwrap().per_slot;
    let slots: Vec<_> = slots.iter().map(|slot| (slot.slot.as_str(), slot.passed, slot.failed)).collect();
    assert_eq!(slots, [("A0", 1, 0), ("A1", 0, 1)]);
}

async fn check_serials(line: &Line) {
    let found = line.store.serials(None, 9).await.unwrap();
    let found: Vec<_> =
        found.iter().map(|record| (record.mac, record.allocated.as_micros(), record.is_borne, record.fate)).collect();
    let expected = [
        (UNITS[0], GIVEN_AT, true, SerialFate::Passed),
        (UNITS[1], SEEN_AT, true, SerialFate::Failed),
        (UNITS[2], SEEN_AT, true, SerialFate::InWork),
    ];
    assert_eq!(found, expected);
}
