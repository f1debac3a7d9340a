//! How batches are counted.

use firstpass_domain::{Diagnosis, DiagnosisCode, KnownUnit, Mac, Policy, RunId, Step};
use firstpass_store::{BatchId, BatchYield, RunEnd};
use uuid::Uuid;

use super::{
    fixture::{Place, act, mac, now, policy},
    line::Line,
};

fn again() -> Policy {
    Policy { known_unit: KnownUnit::Reissue, ..policy() }
}

async fn count(line: &Line) -> BatchYield {
    line.store.batch_yield(line.batch).await.unwrap()
}

/// One attempt that passes, or fails with `code`.
async fn attempt(line: &Line, unit: Mac, code: Option<DiagnosisCode>) -> RunId {
    let run = line.run_with("A1", unit, &again()).await;
    match code {
        None => drop(line.pass(run).await),
        Some(code) => end(line, run, code).await,
    }
    run
}

async fn end(line: &Line, run: RunId, code: DiagnosisCode) {
    let end = RunEnd::Failed(Diagnosis::new(code, Step::Boot, ""));
    line.store.finish_run(run, &end, &[], now()).await.unwrap();
}

const SILENT: Option<DiagnosisCode> = Some(DiagnosisCode::BootSilent);

pub(crate) async fn a_retest_improves_the_final_yield_and_never_the_first_pass(place: &dyn Place) {
    let line = Line::start(place).await;
    let (good, reworked, bad, lost) = (mac(), mac(), mac(), mac());
    attempt(&line, good, None).await;
    for code in [SILENT, SILENT, None] {
        attempt(&line, reworked, code).await;
    }
    attempt(&line, bad, SILENT).await;
    // A unit that passed and failed after that has failed, and was a first pass all the same.
    attempt(&line, lost, None).await;
    attempt(&line, lost, Some(DiagnosisCode::MqttDropped)).await;
    let expected = BatchYield {
        units: 4,
        first_passed: 2,
        passed: 2,
        failed: 2,
        runs: 7,
        retests: 3,
        diagnoses: vec![(DiagnosisCode::BootSilent, 3), (DiagnosisCode::MqttDropped, 1)],
        ..BatchYield::default()
    };
    assert_eq!(count(&line).await, expected);
}

pub(crate) async fn interrupted_cancelled_and_refused_runs_are_no_attempts(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    attempt(&line, unit, Some(DiagnosisCode::Interrupted)).await;
    attempt(&line, unit, Some(DiagnosisCode::Cancelled)).await;
    assert_eq!((count(&line).await.in_work, count(&line).await.runs), (1, 0));
    attempt(&line, unit, None).await;
    attempt(&line, unit, Some(DiagnosisCode::Interrupted)).await;
    let refused = line.begin("A1").await.id;
    line.identify(refused, unit).await;
    end(&line, refused, DiagnosisCode::PassedBefore).await;
    let unknown = line.begin("A1").await.id;
    end(&line, unknown, DiagnosisCode::NoAnswer).await;
    let counted = count(&line).await;
    let expected = BatchYield {
        units: 1,
        first_passed: 1,
        passed: 1,
        runs: 1,
        interrupted: 3,
        diagnoses: counted.diagnoses.clone(),
        ..BatchYield::default()
    };
    assert_eq!(counted, expected);
    use DiagnosisCode::{Cancelled, Interrupted, NoAnswer, PassedBefore};
    assert_eq!(counted.diagnoses, [(Interrupted, 2), (Cancelled, 1), (NoAnswer, 1), (PassedBefore, 1)]);
}

pub(crate) async fn every_unit_of_a_batch_is_counted_in_one_place(place: &dyn Place) {
    let line = Line::start(place).await;
    let [passed, failed, held, scrapped, in_work, back] = [mac(), mac(), mac(), mac(), mac(), mac()];
    attempt(&line, passed, None).await;
    attempt(&line, failed, SILENT).await;
    attempt(&line, held, Some(DiagnosisCode::SessionMismatch)).await;
    attempt(&line, scrapped, None).await;
    line.store.scrap_unit(scrapped, &act(), now()).await.unwrap();
    line.run_with("A2", in_work, &again()).await;
    attempt(&line, back, None).await;
    line.run_with("A3", back, &again()).await;
    let counted = count(&line).await;
    assert_eq!((counted.units, counted.first_passed), (6, 3));
    assert_eq!((counted.passed, counted.failed, counted.in_work), (1, 1, 2));
    assert_eq!((counted.quarantined, counted.scrapped), (1, 1));
    // Who is released is again what its runs made it.
    line.store.release_unit(held, &act(), now()).await.unwrap();
    assert_eq!((count(&line).await.failed, count(&line).await.quarantined), (2, 0));
}

pub(crate) async fn a_batch_counts_only_its_own_runs(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    attempt(&line, unit, SILENT).await;
    let other = Line::on(line.store.clone(), None).await;
    attempt(&other, unit, None).await;
    assert_eq!((count(&line).await.first_passed, count(&line).await.failed), (0, 1));
    let counted = count(&other).await;
    assert_eq!((counted.units, counted.first_passed, counted.passed, counted.retests), (1, 1, 1, 0));
    let nobody = line.store.batch_yield(BatchId(Uuid::nil())).await.unwrap();
    assert_eq!(nobody, BatchYield::default());
}
