//! What people tell slots, and how golden units come out.

use firstpass_domain::{Diagnosis, DiagnosisCode, Evidence, Fact, KnownUnit, Policy, RunId, Step, evidence::Rule};
use firstpass_store::{
    BatchState, GoldenCheck, GoldenResult, GoldenStanding, GoldenUnit, RunEnd, SlotMove, SlotPlan, Standing, StoreError,
};

use super::{
    fixture::{Place, act, assert_conflict, mac, now, policy, run_id, slot, unique},
    line::Line,
};

fn plan(name: &str, port: Option<&str>, line: Option<&Line>) -> SlotPlan {
    let batch = line.map(|line| line.batch);
    SlotPlan { slot: slot(name), port: port.map(str::to_owned), batch, stopped: batch.is_none() }
}

fn moved(name: &str, from: &str, to: &str) -> SlotMove {
    SlotMove { slot: slot(name), from: from.to_owned(), to: to.to_owned() }
}

fn golden() -> GoldenUnit {
    GoldenUnit { mac: mac(), recipe: format!("lamp {}", unique()) }
}

pub(crate) async fn what_a_slot_was_told_stays_until_it_is_told_otherwise(place: &dyn Place) {
    let line = Line::start(place).await;
    let store = &line.store;
    store.start_slots(line.batch, &[slot("A1"), slot("A2")], &act(), now()).await.unwrap();
    store.map_slots(&[moved("A1", "/dev/a", "/dev/b")], &act(), now()).await.unwrap();
    store.stop_slot(&slot("A2"), true, &act(), now()).await.unwrap();
    let plans = store.slot_plans().await.unwrap();
    assert_eq!(plans, [plan("A1", Some("/dev/b"), Some(&line)), plan("A2", None, None)]);
    assert_eq!(line.story("A1").await, ["slot.started", "slot.mapped"]);
    assert_eq!(line.story("A2").await, ["slot.started", "slot.stopped"]);
    line.verify().await.unwrap();
    store.map_slots(&[moved("A3", "/dev/c", "/dev/d")], &act(), now()).await.unwrap();
    assert!(!store.slot_plans().await.unwrap()[2].stopped, "nobody stopped it");
    let other = place.open("s2").await;
    other.start_station(now()).await.unwrap();
    assert_eq!(other.slot_plans().await.unwrap(), [], "slots are a station's own");
}

pub(crate) async fn a_closed_batch_sets_no_slot_to_work(place: &dyn Place) {
    let line = Line::start(place).await;
    line.store.set_batch_state(line.batch, BatchState::Closed, &act(), now()).await.unwrap();
    let refused = line.store.start_slots(line.batch, &[slot("A1")], &act(), now()).await;
    assert!(matches!(refused, Err(StoreError::BatchNotOpen { .. })), "{refused:?}");
    assert_eq!(line.store.slot_plans().await.unwrap(), []);
    assert!(line.story("A1").await.is_empty());
}

pub(crate) async fn a_retry_by_a_person_is_in_the_units_story(place: &dyn Place) {
    let (line, mac) = (Line::start(place).await, mac());
    line.store.note_retry(&slot("A1"), Some(mac), &act(), now()).await.unwrap();
    line.store.note_retry(&slot("A1"), None, &act(), now()).await.unwrap();
    assert_eq!(line.story(mac).await, ["unit.retried"]);
    assert_eq!(line.story("A1").await, ["unit.retried"]);
}

pub(crate) async fn a_golden_unit_is_named_once_and_taken_back_once(place: &dyn Place) {
    let (line, unit) = (Line::start(place).await, golden());
    let store = &line.store;
    assert!(store.name_golden(&unit, &act(), now()).await.unwrap());
    assert!(!store.name_golden(&unit, &act(), now()).await.unwrap());
    let found = store.golden_units(10).await.unwrap();
    assert_eq!((&found[0].unit, found[0].by.as_str(), found.len()), (&unit, "ada", 1));
    assert!(store.unname_golden(&unit, &act(), now()).await.unwrap());
    assert!(!store.unname_golden(&unit, &act(), now()).await.unwrap());
    assert_eq!(store.golden_units(10).await.unwrap(), []);
    assert_eq!(line.story(unit.mac).await, ["golden.named", "golden.named"]);
}

pub(crate) async fn a_golden_check_says_what_its_run_on_record_says(place: &dyn Place) {
    let (line, unit) = (Line::start(place).await, golden());
    let check = |run: RunId, passed| GoldenCheck { slot: slot("A1"), unit: unit.clone(), run, passed };
    let note = async |check: &GoldenCheck| line.store.note_golden_check(check, &act(), now()).await;
    assert_conflict!(note(&check(run_id(), true)), "is not on record");
    let failed = line.run_with("A1", unit.mac, &policy()).await;
    assert_conflict!(note(&check(failed, false)), "has not ended");
    line.fail(failed).await;
    assert_conflict!(note(&check(failed, true)), "says otherwise");
    let elsewhere = GoldenCheck { slot: slot("A2"), ..check(failed, false) };
    assert_conflict!(note(&elsewhere), "says otherwise");
    let stranger = line.run_with("A1", mac(), &policy()).await;
    line.pass(stranger).await;
    assert_conflict!(note(&check(stranger, true)), "says otherwise");
    let broken = line.run_with("A1", mac(), &policy()).await;
    line.fail(broken).await;
    assert_conflict!(note(&check(broken, false)), "says otherwise");
    line.store.quarantine_unit(unit.mac, &act(), now()).await.unwrap();
    let refused = line.begin("A1").await.id;
    line.identify(refused, unit.mac).await;
    let diagnosis = Diagnosis::new(DiagnosisCode::Quarantined, Step::Prepare, "");
    let seen = Evidence { at: now(), fact: Fact::Refused { rule: Rule::Quarantined } };
    line.store.finish_run(refused, &RunEnd::Failed(diagnosis), &[seen], now()).await.unwrap();
    assert_conflict!(note(&check(refused, false)), "tested nothing: quarantined");
    note(&check(failed, false)).await.unwrap();
    assert_conflict!(note(&check(failed, false)), "already");
    let noted = line.store.golden_checks(10).await.unwrap();
    assert_eq!((&noted[0].check, noted[0].by.as_str(), noted.len()), (&check(failed, false), "ada", 1));
}

pub(crate) async fn the_newest_golden_check_counts_and_the_newest_pass_is_remembered(place: &dyn Place) {
    let (line, unit) = (Line::start(place).await, golden());
    let mut times = Vec::new();
    let again = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    for passed in [true, false] {
        let run = line.run_with("A1", unit.mac, &again).await;
        if passed {
            drop(line.pass(run).await)
        } else {
            drop(line.fail(run).await)
        }
        times.push(now());
        let check = GoldenCheck { slot: slot("A1"), unit: unit.clone(), run, passed };
        line.store.note_golden_check(&check, &act(), *times.last().unwrap()).await.unwrap();
    }
    let standing = GoldenStanding {
        slot: slot("A1"),
        recipe: unit.recipe.clone(),
        checked: times[1],
        passed: false,
        last_passed: Some(times[0]),
    };
    assert_eq!(line.store.golden_standings().await.unwrap(), [standing]);
    let results = async |from, to| line.store.golden_results(from, to).await.unwrap();
    let result = |checks, failed| GoldenResult { slot: slot("A1"), recipe: unit.recipe.clone(), checks, failed };
    assert_eq!(results(times[0], times[1]).await, [result(1, 0)], "just before the second");
    assert_eq!(results(times[0], now()).await, [result(2, 1)]);
    assert_eq!(results(times[1], now()).await, [result(1, 1)]);
    let newest: Vec<bool> =
        line.store.golden_checks(10).await.unwrap().iter().map(|found| found.check.passed).collect();
    assert_eq!(newest, [false, true]);
    assert_eq!(line.story(unit.mac).await, ["golden.checked", "golden.checked"]);
}

pub(crate) async fn who_asks_a_slot_or_begins_its_check_stands_in_its_story(place: &dyn Place) {
    let line = Line::start(place).await;
    line.store.note_question(&slot("A1"), &act(), now()).await.unwrap();
    line.store.begin_golden_check(&slot("A1"), "lamp", &act(), now()).await.unwrap();
    assert_eq!(line.story("A1").await, ["slot.asked", "golden.began"]);
    let entry = line.audit().await.pop().unwrap();
    assert_eq!((entry.actor.as_str(), entry.body.contains("lamp")), ("ada", true), "{}", entry.body);
}

/// What a unit is set aside for on the line, and in a repair of its credentials.
pub(crate) async fn a_golden_check_sets_no_unit_aside_and_changes_no_yield(place: &dyn Place) {
    let line = Line::start(place).await;
    for (golden, standing) in [(true, Standing::Passed), (false, Standing::Quarantined)] {
        let unit = mac();
        let run = line.run_with("A1", unit, &policy()).await;
        line.pass(run).await;
        let before = line.store.batch_yield(line.batch).await.unwrap();
        let repair = Policy { known_unit: KnownUnit::Reissue, repair: true, golden, ..policy() };
        let checks = Line::of(line.store.clone(), &repair, None).await;
        let run = checks.run_with("B1", unit, &repair).await;
        let diagnosis = Diagnosis::new(DiagnosisCode::SessionMismatch, Step::Attest, "");
        line.store.finish_run(run, &RunEnd::Failed(diagnosis), &[], now()).await.unwrap();
        let found = line.store.unit(unit).await.unwrap().unwrap().summary.standing;
        assert_eq!(found, Some(standing), "golden: {golden}");
        assert_eq!(line.store.batch_yield(line.batch).await.unwrap() == before, golden);
    }
}

pub(crate) async fn a_check_stands_for_its_port_and_its_unit_alone(place: &dyn Place) {
    let (line, lamp, plug) = (Line::start(place).await, golden(), golden());
    let store = &line.store;
    let again = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    for (name, unit) in [("A1", &lamp), ("A1", &plug), ("A2", &lamp), ("A2", &plug)] {
        store.name_golden(unit, &act(), now()).await.unwrap();
        let run = line.run_with(name, unit.mac, &again).await;
        line.pass(run).await;
        let check = GoldenCheck { slot: slot(name), unit: unit.clone(), run, passed: true };
        store.note_golden_check(&check, &act(), now()).await.unwrap();
    }
    let standing = async || -> Vec<(String, String)> {
        let found = store.golden_standings().await.unwrap();
        found.into_iter().map(|found| (found.slot.to_string(), found.recipe)).collect()
    };
    assert_eq!(standing().await.len(), 4);
    store.map_slots(&[moved("A1", "/dev/a", "/dev/b")], &act(), now()).await.unwrap();
    let of = |unit: &GoldenUnit| ("A2".to_owned(), unit.recipe.clone());
    assert_eq!(standing().await, [of(&lamp), of(&plug)], "nothing is known of the new port of A1");
    store.unname_golden(&lamp, &act(), now()).await.unwrap();
    assert_eq!(standing().await, [of(&plug)]);
    assert_eq!(store.golden_checks(10).await.unwrap().len(), 4, "what happened stays on record");
}
