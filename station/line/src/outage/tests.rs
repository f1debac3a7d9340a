//! What becomes of a run that an outage cut.

use firstpass_domain::Diagnosis;

use super::*;
use crate::testing::{Bench, MAC, NOW};

#[test]
fn the_pause_doubles_and_has_an_end() {
    assert_eq!(pause(1), CHECK_PAUSE);
    assert_eq!(pause(2), CHECK_PAUSE * 2);
    assert_eq!(pause(40), CHECK_PAUSE_MAX);
    assert_eq!(pause(u32::MAX), CHECK_PAUSE_MAX);
}

#[test]
fn a_folder_that_is_not_there_takes_no_writes() {
    assert!(try_write(Path::new("/nonexistent/firstpass/probe")).is_err());
}

#[tokio::test]
async fn a_run_that_never_began_leaves_nothing_to_settle() {
    let bench = Bench::new(None).await;
    let unknown = RunId(uuid::Uuid::now_v7());
    assert!(settle(bench.store.as_ref(), unknown, NOW, |_| ()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_run_that_was_cut_is_closed_as_interrupted_although_its_proof_is_complete() {
    let bench = Bench::new(None).await;
    let run = bench.begin().await;
    bench.prove(run).await;
    assert!(settle(bench.store.as_ref(), run, NOW, |_| ()).await.unwrap().is_none());
    let state = bench.store.run(run).await.unwrap().unwrap().run.state;
    assert_eq!(state, RunState::Failed { code: DiagnosisCode::Interrupted });
    // And it stays so, however often it is asked for.
    assert!(settle(bench.store.as_ref(), run, NOW, |_| ()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_pass_whose_answer_was_lost_is_found_on_record() {
    let bench = Bench::new(None).await;
    let run = bench.pass().await;
    let report = settle(bench.store.as_ref(), run, NOW, |_| ()).await.unwrap().unwrap();
    assert!(report.passed && report.mac == Some(MAC) && report.run == run);
}

#[tokio::test]
async fn a_failure_whose_answer_was_lost_is_found_on_record() {
    let bench = Bench::new(None).await;
    let run = bench.begin().await;
    let failed = RunEnd::Failed(Diagnosis::new(DiagnosisCode::NoAnswer, Step::Identify, ""));
    bench.store.finish_run(run, &failed, &[], NOW).await.unwrap();
    let report = settle(bench.store.as_ref(), run, NOW, |_| ()).await.unwrap().unwrap();
    assert_eq!((report.passed, report.code()), (false, Some(DiagnosisCode::NoAnswer)));
}
