//! Batches, units and serial numbers: what a person does stands on record with reason and name, also while another
//! process works on the same record.

use std::path::Path;

use firstpass_domain::{Mac, RunId, SlotId, StationId, Timestamp, audit::ChainVerifier};
use firstpass_store::{NewRun, SqliteStore, Store};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    product::product,
    program::{Answer, station},
};

const RECIPE: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");
const UNIT: &str = "60:55:f9:00:00:01";
const BY: [&str; 4] = ["--reason", "drop test", "--by", "eve"];

fn on(folder: &Path, arguments: &[&str]) -> Answer {
    station(folder, &[arguments, &["--data", "data"]].concat())
}

/// The only object that a command prints.
#[track_caller]
fn object(folder: &Path, arguments: &[&str]) -> Value {
    let answer = on(folder, &[arguments, &["--json"]].concat());
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let [object] = answer.objects().try_into().unwrap();
    object
}

/// A product, and a record in `data` with an open batch `W7`.
fn with_batch() -> TempDir {
    let folder = product(RECIPE);
    let open = ["batch", "open", "W7", "--recipe", "recipe.toml", "--quantity", "5", "--quota", "6"];
    let opened = object(folder.path(), &open);
    assert_eq!((&opened["event"], &opened["product"]), (&json!("batch_opened"), &json!("demo-nvs")));
    folder
}

async fn store(folder: &Path) -> SqliteStore {
    let name = StationId::new("s1").unwrap();
    SqliteStore::open(folder.join("data/record.sqlite"), name).await.unwrap()
}

fn run_id() -> RunId {
    RunId("00000000-0000-7000-8000-000000000001".parse().unwrap())
}

/// Begins a run of the batch `W7` on a unit, and gives it a serial number.
async fn begin_run(store: &SqliteStore) -> RunId {
    let (at, id) = (Timestamp::from_micros(1_700_000_000_000_000), run_id());
    store.start_station(at).await.unwrap();
    let batch = store.batch_by_name("W7").await.unwrap().unwrap();
    let recipe = batch.batch.recipe;
    let run = NewRun { id, slot: SlotId::new("A1").unwrap(), batch: batch.id, recipe };
    store.begin_run(&run, at).await.unwrap();
    let policy = store.run(id).await.unwrap().unwrap().policy;
    store.identify_run(id, UNIT.parse::<Mac>().unwrap(), &policy, at).await.unwrap();
    store.allocate_serial(id, &"FP{number:08}".parse().unwrap(), at).await.unwrap();
    id
}

#[test]
fn a_batch_is_opened_paused_resumed_and_closed_once() {
    let folder = with_batch();
    let folder = folder.path();
    on(folder, &["batch", "open", "W7", "--recipe", "recipe.toml"]).refused(&["[batch_open]", "is open"]);
    for (command, state, changed) in
        [("pause", "paused", true), ("pause", "paused", false), ("resume", "open", true), ("close", "closed", true)]
    {
        let answer = object(folder, &[&["batch", command, "W7"], &BY[..]].concat());
        assert_eq!((&answer["state"], &answer["changed"]), (&json!(state), &json!(changed)), "{command}");
    }
    on(folder, &[&["batch", "resume", "W7"], &BY[..]].concat()).refused(&["[batch_closed]", "open another"]);
    on(folder, &[&["batch", "pause", "W8"], &BY[..]].concat()).refused(&["[batch_unknown]", "W8"]);
    on(folder, &["batch", "pause", "W7", "--reason", " "]).refused(&["[act_unexplained]", "--reason"]);
    on(folder, &["batch", "open", "W\n8", "--recipe", "recipe.toml"]).refused(&["[batch_name]"]);
    let listed = on(folder, &["batch", "list", "--json"]).objects();
    assert_eq!((listed.len(), &listed[0]["name"], &listed[0]["reason"]), (1, &json!("W7"), &json!("drop test")));
    let exported = on(folder, &["audit", "export"]).stdout;
    assert!(exported.contains("batch.closed") && exported.contains("eve"), "{exported}");
}

#[test]
fn an_empty_batch_shows_no_yield_rather_than_a_perfect_one() {
    let folder = with_batch();
    let shown = object(folder.path(), &["batch", "show", "W7"]);
    assert_eq!((&shown["first_pass_yield"], &shown["units"], &shown["quota"]), (&json!(null), &json!(0), &json!(6)));
    let text = on(folder.path(), &["batch", "show", "W7"]).stdout;
    assert!(text.contains("first-pass yield -, final yield -"), "{text}");
}

#[test]
fn a_batch_of_another_recipe_is_not_worked_on() {
    let folder = with_batch();
    crate::product::change(folder.path(), RECIPE, ("code_lifetime_s = 900", "code_lifetime_s = 901"));
    on(folder.path(), &flash_w7(folder.path())).refused(&["[batch_other_recipe]", "W7"]);
}

#[test]
fn a_batch_that_was_closed_is_not_begun_anew_under_its_name() {
    let folder = with_batch();
    object(folder.path(), &[&["batch", "close", "W7"], &BY[..]].concat());
    on(folder.path(), &flash_w7(folder.path())).refused(&["[batch_closed]", "W7", "batch open"]);
    assert_eq!(on(folder.path(), &["batch", "list", "--json"]).objects().len(), 1);
}

/// `station flash` on the batch `W7`, by a configuration of its own.
fn flash_w7(folder: &Path) -> [&'static str; 9] {
    let config = "[gateway]\nhttps_listen = \"127.0.0.1:0\"\nmqtt_listen = \"127.0.0.1:0\"\n";
    std::fs::write(folder.join("station.toml"), config).unwrap();
    ["flash", "--recipe", "recipe.toml", "--ports", "/dev/none", "--batch", "W7", "--config", "station.toml"]
}

#[tokio::test]
async fn a_unit_is_set_aside_and_scrapped_beside_a_process_that_writes() {
    let folder = with_batch();
    let working = store(folder.path()).await;
    begin_run(&working).await;
    let folder = folder.path();
    let act = |command: &str| on(folder, &[&["units", command, UNIT], &BY[..]].concat());
    act("scrap").refused(&["[unit_in_work]", UNIT]);
    let run = run_id();
    let at = Timestamp::from_micros(1_700_000_001_000_000);
    let step = firstpass_domain::Step::Identify;
    let fact = firstpass_domain::Fact::Interrupted { step, cancelled: true };
    let evidence = [firstpass_domain::Evidence { at, fact }];
    let policy = working.run(run).await.unwrap().unwrap().policy;
    let firstpass_domain::Verdict::Fail(diagnosis) = firstpass_domain::judge(&policy, &evidence) else { panic!() };
    working.finish_run(run, &firstpass_store::RunEnd::Failed(diagnosis), &evidence, at).await.unwrap();

    act("release").refused(&["[unit_not_quarantined]"]);
    assert_eq!(act("quarantine").code, 0);
    act("quarantine").refused(&["[unit_quarantined]"]);
    let listed = on(folder, &["units", "list", "--quarantined", "--json"]).objects();
    assert_eq!((listed.len(), &listed[0]["standing"]), (1, &json!("quarantined")));
    assert_eq!(object(folder, &["units", "show", UNIT])["hold"]["reason"], "drop test");
    // The process that works goes on writing to the same chain.
    working.check().await.unwrap();
    assert_eq!(act("release").code, 0);
    assert_eq!(act("scrap").code, 0);
    act("release").refused(&["[unit_scrapped]", "for ever"]);
    on(folder, &["units", "scrap", "60:55:f9:00:00:02", "--reason", "x", "--by", "y"]).refused(&["[unit_unknown]"]);

    let [serial, summary] = on(folder, &["serials", "list", "--json"]).objects().try_into().unwrap();
    assert_eq!(
        (&serial["serial"], &serial["mac"], &serial["fate"], &serial["borne"]),
        (&json!("FP00000001"), &json!(UNIT), &json!("scrapped"), &json!(true))
    );
    assert_eq!((&summary["given"], &summary["fates"]["scrapped"]), (&json!(1), &json!(1)));
    let mut verifier = ChainVerifier::new();
    for entry in working.audit_entries(0, 1000).await.unwrap() {
        verifier.check(&entry).unwrap();
    }
    working.close().await;
}

#[test]
fn failures_are_told_in_the_language_that_was_asked_for() {
    let folder = with_batch();
    on(folder.path(), &["batch", "show", "W7", "--language", "fr"]).refused(&["fr", "zh-Hans"]);
    for language in ["en", "de", "zh-Hans"] {
        assert_eq!(on(folder.path(), &["batch", "show", "W7", "--language", language]).code, 0);
    }
}
