//! `audit replay` on a record that someone has changed past the store: each change is found and named.

use std::path::Path;

use firstpass_domain::{
    Chip, DiagnosisCode, Evidence, Fact, FlashSize, Injection, Mac, Policy, RunId, SlotId, StationId, Timestamp,
    Verdict, evidence::LinkFault, judge,
};
use firstpass_store::{NewBatch, NewRun, RecipeRecord, RunEnd, SqliteStore, Store};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

use crate::program::{Answer, station};

const SLOTS: [&str; 2] = ["A1", "A2"];

/// A data folder whose record holds two failed runs of the same recipe, and another recipe.
async fn record() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let name = StationId::new("s1").unwrap();
    let store = SqliteStore::open(folder.path().join("record.sqlite"), name).await.unwrap();
    let at = Timestamp::from_micros(1_700_000_000_000_000);
    store.start_station(at).await.unwrap();
    let recipe = recipe("one");
    for text in ["one", "two"] {
        store.use_recipe(&self::recipe(text), &[], at).await.unwrap();
    }
    let (name, product) = ("order 7".to_owned(), String::new());
    let batch = NewBatch { name, product, recipe: recipe.hash, quantity: None, quota: None };
    let batch = store.open_batch(&batch, at).await.unwrap();
    for (number, slot) in (1..).zip(SLOTS) {
        let id = RunId(format!("00000000-0000-7000-8000-00000000000{number}").parse().unwrap());
        let run = NewRun { id, slot: SlotId::new(slot).unwrap(), batch, recipe: recipe.hash };
        store.begin_run(&run, at).await.unwrap();
        store.identify_run(id, Mac::new([0x60, 0x55, 0, 0, 0, number]), &recipe.policy, at).await.unwrap();
        fail(&store, id, &recipe.policy, at).await;
    }
    store.close().await;
    folder
}

async fn fail(store: &SqliteStore, run: RunId, policy: &Policy, at: Timestamp) {
    let (step, fault) = (firstpass_domain::Step::Flash, LinkFault::NoAnswer);
    let evidence = [Evidence { at, fact: Fact::LinkFailed { step, fault, detail: "no answer".to_owned() } }];
    let Verdict::Fail(diagnosis) = judge(policy, &evidence) else { panic!("a lost link fails") };
    assert_eq!(diagnosis.code, DiagnosisCode::NoAnswer);
    store.finish_run(run, &RunEnd::Failed(diagnosis), &evidence, at).await.unwrap();
}

fn recipe(text: &str) -> RecipeRecord {
    let policy = Policy {
        presence: true,
        ..Policy::plain(Injection::Nvs, Chip::Esp32c3, FlashSize::from_bytes(4 << 20).unwrap())
    };
    RecipeRecord { hash: policy.recipe_hash(text), name: "lamp".to_owned(), text: text.to_owned(), policy }
}

/// Changes the record as someone with the file would, who takes its protection away first.
async fn tamper(folder: &Path, sql: &str) {
    let options = SqliteConnectOptions::new().filename(folder.join("record.sqlite")).foreign_keys(false);
    let mut connection = options.connect().await.unwrap();
    let unprotect = "DROP TRIGGER audit_refuses_update; DROP TRIGGER audit_refuses_delete;
                     DROP TRIGGER audit_refuses_replace; DROP TRIGGER evidence_refuses_update;
                     DROP TRIGGER evidence_refuses_delete;";
    sqlx::raw_sql(AssertSqlSafe(format!("{unprotect} {sql}"))).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

fn replay(folder: &Path, arguments: &[&str]) -> Answer {
    station(folder, &[&["audit", "replay", "--data", "."], arguments].concat())
}

/// Kinds of the differences that are found in one record, in order, and their words.
fn differences(folder: &Path) -> Vec<(String, String)> {
    let mut objects = replay(folder, &["--json"]).objects();
    let summary = objects.pop().unwrap();
    assert_eq!((&summary["event"], objects.is_empty()), (&"summary".into(), summary["differing"] == 0));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    objects.iter().map(|object| (text(&object["kind"]), text(&object["what"]))).collect()
}

#[tokio::test]
async fn a_record_that_nobody_changed_replays() {
    let folder = record().await;
    let answer = replay(folder.path(), &[]);
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "2 verdicts computed again, 0 differ.\n"));
}

#[tokio::test]
async fn every_change_of_the_record_is_found_and_named() {
    const FIRST: &str = "id = (SELECT MIN(id) FROM runs)";
    let first = |sql: &str| format!("{sql} WHERE {FIRST};");
    let end = "kind = 'run.failed' AND seq = (SELECT MIN(seq) FROM audit WHERE kind = 'run.failed')";
    let cases = [
        (first("UPDATE runs SET state = 'passed', diagnosis = NULL"), &["verdict", "end"][..]),
        (first("UPDATE runs SET state = 'open', diagnosis = NULL, ended_at = NULL"), &["end"]),
        (first("UPDATE runs SET diagnosis = REPLACE(diagnosis, 'no answer', 'bad cable')"), &["diagnosis"]),
        (first("UPDATE runs SET mac = (SELECT MAX(mac) FROM units)"), &["unit"]),
        (first("UPDATE runs SET recipe = (SELECT hash FROM recipes WHERE text = 'two')"), &["recipe_swapped"]),
        (first("DELETE FROM runs"), &["missing"]),
        (first("UPDATE runs SET diagnosis = 'nonsense'"), &["unreadable"]),
        ("UPDATE recipes SET text = 'One' WHERE text = 'one';".to_owned(), &["recipe", "recipe"]),
        (
            "UPDATE recipes SET policy = REPLACE(policy, '\"presence\":true', '\"presence\":false')
             WHERE text = 'one';"
                .to_owned(),
            &["recipe", "recipe"],
        ),
        ("UPDATE evidence SET at = at + 1 WHERE run = (SELECT MIN(id) FROM runs);".to_owned(), &["evidence"]),
        ("DELETE FROM evidence WHERE run = (SELECT MIN(id) FROM runs);".to_owned(), &["verdict", "evidence"]),
        (format!("DELETE FROM audit WHERE {end};"), &["log"]),
        (format!("UPDATE audit SET body = '{{}}' WHERE {end};"), &["log"]),
        (format!("UPDATE audit SET kind = 'run.passed' WHERE {end};"), &["end"]),
        (
            format!(
                "INSERT INTO audit SELECT 1000, at, station, actor, 'run.passed', subject, body, randomblob(32),
                 randomblob(32)
                 FROM audit WHERE {end};"
            ),
            &["log"],
        ),
    ];
    for (sql, expected) in cases {
        let folder = record().await;
        tamper(folder.path(), &sql).await;
        let found = differences(folder.path());
        assert_eq!(found.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), expected, "{sql}");
        let answer = replay(folder.path(), &[]);
        assert_eq!(answer.code, 1, "{sql}");
        for (_, words) in found {
            assert!(answer.stdout.contains(&words), "{words:?} is missing in: {}", answer.stdout);
        }
    }
}

#[tokio::test]
async fn a_difference_says_what_is_recorded_and_what_follows() {
    let folder = record().await;
    let sql = "UPDATE runs SET state = 'passed', diagnosis = NULL WHERE id = (SELECT MIN(id) FROM runs);";
    tamper(folder.path(), sql).await;
    let answer = replay(folder.path(), &[]);
    let run = "run 00000000-0000-7000-8000-000000000001, unit 60:55:00:00:00:01";
    let expected = [
        format!(
            "{run}: policy and evidence make another verdict than the recorded one: recorded passed, but failed: no_answer"
        ),
        format!(
            "{run}: the run's state is not the one that the audit log tells of its end: recorded passed, but failed"
        ),
        "2 verdicts computed again, 1 differ.".to_owned(),
    ];
    assert_eq!(answer.stdout.lines().collect::<Vec<_>>(), expected);
}
