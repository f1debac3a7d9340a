//! The figures of batches and of the record.

use std::time::Duration;

use firstpass_domain::{Diagnosis, DiagnosisCode, KnownUnit, Mac, Policy, RunId, Step, StepOutcome, Timestamp};
use firstpass_store::{BatchFigures, BatchSearch, BatchState, RecordCounts, RunEnd, Store};

use super::{
    fixture::{Place, act, certificate, mac, now, pattern, policy},
    line::Line,
    proof,
};

/// What triggers keep, against what follows from the record: how many rows are there too many or too few.
const DIFFERENCES: [&str; 9] = [
    "SELECT COUNT(*) FROM (SELECT * FROM batch_units EXCEPT SELECT * FROM batch_units_now) AS d",
    "SELECT COUNT(*) FROM (SELECT * FROM batch_units_now EXCEPT SELECT * FROM batch_units) AS d",
    "SELECT COUNT(*) FROM (
         SELECT * FROM batch_counts EXCEPT
         SELECT batch, SUM(units), SUM(first_passed), SUM(passed), SUM(failed), SUM(quarantined), SUM(scrapped),
                SUM(in_work), SUM(runs), SUM(retests), SUM(interrupted), SUM(places), SUM(held_places)
         FROM batch_units GROUP BY batch
     ) AS d",
    "SELECT COUNT(*) FROM (
         SELECT * FROM batch_tallies EXCEPT
         SELECT batch, topic, station, slot, name, bucket, COUNT(*)
         FROM (SELECT batch, topic, station, slot, name, bucket FROM run_tallies UNION ALL
               SELECT batch, topic, station, slot, name, bucket FROM step_tallies) AS t
         GROUP BY batch, topic, station, slot, name, bucket
     ) AS d",
    "SELECT COUNT(*) FROM (
         SELECT run, batch FROM run_tallies WHERE batch NOT IN (SELECT batch FROM batch_tallies)
     ) AS d",
    "SELECT COUNT(*) FROM (
         SELECT name, count FROM record_counts WHERE count <> 0 EXCEPT
         SELECT 'units.' || COALESCE(hold, standing, 'new'), COUNT(*) FROM units
         GROUP BY 'units.' || COALESCE(hold, standing, 'new') EXCEPT
         SELECT 'runs', COUNT(*) FROM runs EXCEPT
         SELECT 'certificates', COUNT(*) FROM certificates EXCEPT
         SELECT 'certificates.revoked', COUNT(*) FROM certificates WHERE revoked_at IS NOT NULL
     ) AS d",
    "SELECT COUNT(*) FROM (
         SELECT a.seq FROM audit a EXCEPT
         SELECT m.seq FROM audit_marks m JOIN audit_groups g ON g.id = m.grp AND LENGTH(g.batch) = 0
     ) AS d",
    "SELECT COUNT(*) FROM (
         SELECT b.seq, b.batch FROM audit_batches b WHERE b.batch IS NOT NULL EXCEPT
         SELECT m.seq, g.batch FROM audit_marks m JOIN audit_groups g ON g.id = m.grp
     ) AS d",
    "SELECT COUNT(*) FROM (
         SELECT mac, name FROM unit_names WHERE kind <> 'mac' AND kind <> 'fingerprint' EXCEPT
         SELECT mac, serial FROM serials EXCEPT SELECT mac, device_id FROM sessions EXCEPT
         SELECT mac, serial FROM certificates
     ) AS d",
];

pub(crate) async fn check_kept(place: &dyn Place) {
    for sql in DIFFERENCES {
        assert_eq!(place.count(sql).await, 0, "{sql}");
    }
}

fn again() -> Policy {
    Policy { known_unit: KnownUnit::Reissue, ..policy() }
}

async fn end(line: &Line, run: RunId, code: DiagnosisCode) {
    let end = RunEnd::Failed(Diagnosis::new(code, Step::Boot, ""));
    line.store.finish_run(run, &end, &[], now()).await.unwrap();
}

/// Everything that changes how units are counted, in many orders: the seed says which.
async fn anything(line: &Line, repairs: &Line, units: &[Mac], seed: u64) {
    let unit = units[(seed / 7) as usize % units.len()];
    let store: &dyn Store = &*line.store;
    match seed % 7 {
        0 => drop(store.quarantine_unit(unit, &act(), now()).await),
        1 => drop(store.release_unit(unit, &act(), now()).await),
        2 if seed.is_multiple_of(5) => drop(store.scrap_unit(unit, &act(), now()).await),
        3 => {
            let begun = repairs.begin("R1").await.id;
            let repair = Policy { repair: true, ..again() };
            repairs.store.identify_run(begun, unit, &repair, now()).await.unwrap();
            proceed(repairs, begun, seed).await;
        }
        _ => {
            let begun = line.begin("A1").await.id;
            store.identify_run(begun, unit, &again(), now()).await.unwrap();
            proceed(line, begun, seed).await;
        }
    }
}

/// Takes a run to one of its ends; some are left open on a slot of their own.
async fn proceed(line: &Line, run: RunId, seed: u64) {
    use DiagnosisCode::{BootSilent, Cancelled, Interrupted, SessionMismatch};
    if !seed.is_multiple_of(3) && line.store.allocate_serial(run, &pattern("AN"), now()).await.is_ok() {
        line.provision(run).await;
    }
    let mac = line.store.run(run).await.unwrap().unwrap().run.mac;
    if let (Some(mac), 0..=4) = (mac, seed % 11) {
        line.step(run, Step::Attest).await;
        if line.store.finish_run(run, &RunEnd::Passed, &proof::of(mac), now()).await.is_ok() {
            return;
        }
    }
    let codes = [BootSilent, Cancelled, Interrupted, SessionMismatch];
    end(line, run, codes[(seed / 3) as usize % codes.len()]).await;
}

pub(crate) async fn what_is_counted_is_what_is_there_whatever_happens(place: &dyn Place) {
    let line = Line::start(place).await;
    let other = Line::on(line.store.clone(), None).await;
    let repair = Policy { repair: true, ..again() };
    let repairs = Line::of(line.store.clone(), &repair, None).await;
    let units = [mac(), mac(), mac(), mac(), mac()];
    for seed in 0..60_u64 {
        let mixed = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 17;
        let at = if mixed % 2 == 0 { &line } else { &other };
        anything(at, &repairs, &units, mixed / 2).await;
    }
    // One that stays in a slot, and one that was refused meanwhile.
    let free = mac();
    line.run_with("A1", free, &again()).await;
    let refused = other.begin("A2").await.id;
    other.store.identify_run(refused, free, &again(), now()).await.unwrap();
    end(&other, refused, DiagnosisCode::InWorkElsewhere).await;
    check_kept(place).await;
}

/// An attempt on a slot that takes so long, after a step that takes half of it.
async fn attempt(line: &Line, slot: &str, began: Timestamp, took: Duration, code: Option<DiagnosisCode>) -> RunId {
    let (unit, ends) = (mac(), began.plus(took));
    let run = line.store.begin_run(&line.new_run(slot), began).await.unwrap().id;
    line.store.identify_run(run, unit, &policy(), began).await.unwrap();
    line.store.begin_step(run, Step::Attest, began).await.unwrap();
    let outcome = if code.is_none() { StepOutcome::Done } else { StepOutcome::Failed };
    line.store.end_step(run, Step::Attest, outcome, began.plus(took / 2)).await.unwrap();
    let (end, evidence) = match code {
        None => (RunEnd::Passed, proof::of(unit)),
        Some(code) => (RunEnd::Failed(Diagnosis::new(code, Step::Attest, "")), Vec::new()),
    };
    line.store.finish_run(run, &end, &evidence, ends).await.unwrap();
    run
}

const HOUR: Duration = Duration::from_secs(3600);

pub(crate) async fn a_batch_has_its_steps_slots_hours_and_newest_runs(place: &dyn Place) {
    use DiagnosisCode::{BootSilent, NoAnswer};
    let line = Line::start(place).await;
    let began = Timestamp::from_micros(1_800_000_000_000_000);
    let seconds = Duration::from_secs;
    let first = attempt(&line, "A1", began, seconds(40), None).await;
    attempt(&line, "A1", began.plus(HOUR), seconds(60), None).await;
    attempt(&line, "A2", began.plus(HOUR), seconds(50), Some(BootSilent)).await;
    let silent = line.store.begin_run(&line.new_run("A2"), began).await.unwrap().id;
    end(&line, silent, NoAnswer).await;
    let open = line.begin("A3").await.id;
    let BatchFigures { yield_, per_step, per_slot, throughput, recent } =
        line.store.batch_figures(line.batch).await.unwrap();
    assert_eq!(yield_, line.store.batch_yield(line.batch).await.unwrap());
    assert_eq!((yield_.passed, yield_.failed, yield_.runs), (2, 1, 3));
    let [step] = &per_step[..] else { panic!("{per_step:?}") };
    assert_eq!((step.step, step.count, step.failed), (Step::Attest, 2, 1));
    let close =
        |found: Option<u64>, expected: u64| found.is_some_and(|found| found.abs_diff(expected) * 16 <= expected);
    assert!(close(step.times.percentile_ms(50), 20_000) && close(step.times.percentile_ms(90), 30_000), "{step:?}");
    let slots: Vec<_> = per_slot.iter().map(|slot| (slot.slot.as_str(), slot.runs, slot.passed, slot.failed)).collect();
    assert_eq!(slots, [("A1", 2, 2, 0), ("A2", 1, 0, 1)]);
    assert!(close(per_slot[0].cycle.percentile_ms(90), 60_000), "{per_slot:?}");
    assert_eq!(per_slot[1].diagnoses, [(BootSilent, 1)]);
    assert_eq!((&per_slot[0].unidentified[..], &per_slot[1].unidentified[..]), (&[][..], &[(NoAnswer, 1)][..]));
    let hours: Vec<_> = throughput.iter().map(|hour| (hour.began, hour.passed, hour.failed)).collect();
    assert_eq!(hours, [(began, 1, 0), (began.plus(HOUR), 1, 1)]);
    let ids: Vec<_> = recent.iter().map(|point| point.run).collect();
    assert_eq!((ids.len(), ids[0], ids[4]), (5, open, first));
    assert_eq!(recent[1].code(), Some(NoAnswer));
    let page = line.store.runs_of_batch(line.batch, Some(ids[1]), 2).await.unwrap();
    assert_eq!(page, recent[2..4]);
    check_kept(place).await;
}

/// A run that fails in its first step, with a unit that the rules let in, that they refuse, or that is not known.
async fn fails_early(line: &Line, unit: Option<Mac>, code: DiagnosisCode) {
    let run = line.begin("A1").await.id;
    line.store.begin_step(run, Step::Identify, now()).await.unwrap();
    if let Some(unit) = unit {
        line.identify(run, unit).await;
    }
    line.store.end_step(run, Step::Identify, StepOutcome::Failed, now()).await.unwrap();
    end(line, run, code).await;
}

pub(crate) async fn a_step_is_failed_in_by_attempts_and_by_units_that_never_became_known(place: &dyn Place) {
    use DiagnosisCode::{BootSilent, Cancelled, InWorkElsewhere, Interrupted, NoAnswer, PassedBefore};
    let line = Line::start(place).await;
    let passed = mac();
    let run = line.run_with("A1", passed, &policy()).await;
    line.pass(run).await;
    for (unit, code, failed) in [
        (None, NoAnswer, 1),
        (Some(mac()), BootSilent, 2),
        (Some(passed), PassedBefore, 2),
        (Some(mac()), Cancelled, 2),
        (None, Interrupted, 2),
        (None, InWorkElsewhere, 2),
    ] {
        fails_early(&line, unit, code).await;
        let figures = line.store.batch_figures(line.batch).await.unwrap();
        let step = figures.per_step.iter().find(|step| step.step == Step::Identify);
        assert_eq!(step.map_or(0, |step| step.failed), failed, "{code:?}");
    }
    check_kept(place).await;
}

pub(crate) async fn the_usual_time_of_a_step_is_the_median_of_the_newest_passed_runs(place: &dyn Place) {
    let line = Line::start(place).await;
    for (seconds, code) in [(10, None), (30, None), (20, None), (500, Some(DiagnosisCode::BootSilent))] {
        attempt(&line, "A1", now(), Duration::from_secs(seconds), code).await;
    }
    assert_eq!(line.store.usual_step_times(line.recipe).await.unwrap(), [(Step::Attest, 10_000)]);
    let other = Line::on(line.store.clone(), None).await;
    assert_eq!(line.store.usual_step_times(other.recipe).await.unwrap(), []);
}

pub(crate) async fn the_record_is_counted(place: &dyn Place) {
    let line = Line::start(place).await;
    assert_eq!(line.store.record_counts().await.unwrap().units, 0);
    let (passed, failed, scrapped) = (mac(), mac(), mac());
    let run = line.run_with("A1", passed, &policy()).await;
    line.pass(run).await;
    for unit in [failed, scrapped] {
        let run = line.run_with("A1", unit, &policy()).await;
        line.provision(run).await;
        line.fail(run).await;
    }
    line.store.scrap_unit(scrapped, &act(), now()).await.unwrap();
    line.store.add_certificate(&certificate(None), &act(), now()).await.unwrap();
    line.admitted_run("A1").await;
    let closed = Line::on(line.store.clone(), None).await;
    line.store.set_batch_state(closed.batch, BatchState::Closed, &act(), now()).await.unwrap();
    let expected = RecordCounts {
        units: 4,
        passed: 1,
        failed: 1,
        quarantined: 0,
        scrapped: 1,
        runs: 4,
        open_runs: 1,
        batches: 2,
        open_batches: 1,
        recipes: 2,
        images: 0,
        certificates: 3,
        revoked_certificates: 2,
        audit_entries: line.audit().await.len() as u64,
    };
    assert_eq!(line.store.record_counts().await.unwrap(), expected);
    check_kept(place).await;
}

pub(crate) async fn batches_are_found_by_name_product_and_state_page_by_page(place: &dyn Place) {
    let line = Line::start(place).await;
    let mut batches = vec![line.batch];
    for _ in 0..4 {
        batches.push(Line::on(line.store.clone(), None).await.batch);
    }
    line.store.set_batch_state(batches[1], BatchState::Paused, &act(), now()).await.unwrap();
    let find = async |search: BatchSearch| -> Vec<_> {
        line.store.batch_page(&search).await.unwrap().into_iter().map(|record| record.id).collect()
    };
    let all = BatchSearch { limit: 9, ..BatchSearch::default() };
    let newest: Vec<_> = batches.iter().rev().copied().collect();
    assert_eq!(find(all.clone()).await, newest);
    assert_eq!(find(BatchSearch { text: " LAMP ".into(), ..all.clone() }).await, newest);
    let name = line.store.batch(batches[2]).await.unwrap().unwrap().batch.name;
    assert_eq!(find(BatchSearch { text: name.to_uppercase(), ..all.clone() }).await, [batches[2]]);
    assert_eq!(find(BatchSearch { text: "no%such_".into(), ..all.clone() }).await, []);
    assert_eq!(find(BatchSearch { state: Some(BatchState::Paused), ..all.clone() }).await, [batches[1]]);
    assert_eq!(find(BatchSearch { limit: 2, ..all.clone() }).await, newest[..2]);
    assert_eq!(find(BatchSearch { before: Some(newest[1]), limit: 2, ..all.clone() }).await, newest[2..4]);
    let recipes = line.store.recipes(9).await.unwrap();
    assert_eq!((recipes.len(), recipes[4].recipe.hash), (5, line.recipe));
    assert_eq!(line.store.images(9).await.unwrap(), []);
}

pub(crate) async fn certificates_come_in_pages_newest_first(place: &dyn Place) {
    let line = Line::start(place).await;
    let mut serials = Vec::new();
    for _ in 0..5 {
        let certificate = certificate(None);
        line.store.add_certificate(&certificate, &act(), now()).await.unwrap();
        serials.insert(0, certificate.serial);
    }
    let page = async |before: Option<&str>| -> Vec<_> {
        let found = line.store.certificate_page(before, 2).await.unwrap();
        found.into_iter().map(|record| record.certificate.serial).collect()
    };
    assert_eq!(page(None).await, serials[..2]);
    assert_eq!(page(Some(&serials[1])).await, serials[2..4]);
    assert_eq!(page(Some(&serials[3])).await, serials[4..]);
    assert_eq!(page(Some("ff")).await, Vec::<String>::new());
}
