//! How runs end.

use firstpass_domain::{DiagnosisCode, Evidence, Fact, KnownUnit, Policy, RunId, RunState, Step, StepOutcome};
use firstpass_store::{NewCertificate, NewSession, RunEnd};

use super::{
    fixture::{Place, act, assert_conflict, evidence, failure, mac, now, policy},
    line::Line,
    proof,
};

/// Whether session and certificate may still be used.
async fn alive(line: &Line, (session, certificate): &(NewSession, NewCertificate)) -> (bool, bool) {
    let session = line.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    let certificate = line.store.certificate(&certificate.serial).await.unwrap().unwrap();
    (session.revoked.is_none(), certificate.revoked.is_none())
}

async fn state(line: &Line, run: RunId) -> RunState {
    line.store.run(run).await.unwrap().unwrap().run.state
}

pub(crate) async fn a_failed_run_voids_its_codes_and_revokes_what_it_issued(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    let issued = line.provision(run).await;
    let unused = line.code(run, false).await;
    let other = line.admitted_run("A2").await;
    let untouched = line.provision(other).await;
    let (at, seen) = (now(), evidence());
    line.store.finish_run(run, &failure(), std::slice::from_ref(&seen), at).await.unwrap();

    let detail = line.store.run(run).await.unwrap().unwrap();
    assert_eq!(detail.run.state, RunState::Failed { code: DiagnosisCode::BootSilent });
    assert_eq!((detail.run.ended, detail.evidence.last()), (Some(at), Some(&seen)));
    assert_eq!(RunEnd::Failed(detail.diagnosis.unwrap()), failure());
    assert_eq!(line.store.find_code(unused).await.unwrap().unwrap().voided, Some(at));
    assert_eq!(alive(&line, &issued).await, (false, false));
    assert_eq!(alive(&line, &untouched).await, (true, true));
    let story = line.story(run).await;
    assert_eq!(story[story.len() - 3..], ["code.voided", "session.revoked", "run.failed"]);
    assert_eq!(line.story(&issued.1.serial).await, ["certificate.issued", "certificate.revoked"]);
}

pub(crate) async fn a_pass_needs_an_admitted_unit_and_an_attested_end(place: &dyn Place) {
    let line = Line::start(place).await;
    let (run, unit) = (line.begin("A1").await.id, mac());
    let pass = async || line.store.finish_run(run, &RunEnd::Passed, &proof::of(unit), now()).await;
    assert_conflict!(pass(), "no unit that was admitted");
    line.identify(run, unit).await;
    assert_conflict!(pass(), "was not attested");
    line.store.begin_step(run, Step::Attest, now()).await.unwrap();
    assert_conflict!(pass(), "step attest of run");
    assert_eq!(state(&line, run).await, RunState::Open);
    assert!(line.store.run(run).await.unwrap().unwrap().evidence.is_empty());
    line.store.end_step(run, Step::Attest, StepOutcome::Done, now()).await.unwrap();
    pass().await.unwrap();
    assert_eq!(state(&line, run).await, RunState::Passed);

    let failed_step = line.admitted_run("A1").await;
    line.store.begin_step(failed_step, Step::Boot, now()).await.unwrap();
    line.store.end_step(failed_step, Step::Boot, StepOutcome::Failed, now()).await.unwrap();
    line.step(failed_step, Step::Attest).await;
    assert_conflict!(line.store.finish_run(failed_step, &RunEnd::Passed, &[], now()), "step boot of run");
}

pub(crate) async fn a_pass_needs_evidence_that_makes_one_when_it_is_committed(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    line.step(run, Step::Attest).await;
    let pass = async |evidence: &[Evidence]| line.store.finish_run(run, &RunEnd::Passed, evidence, now()).await;
    assert_conflict!(pass(&[]), "step identify is not complete");
    let mut proof = proof::of(unit);
    let last = proof.pop().unwrap();
    line.store.add_evidence(run, &proof).await.unwrap();
    assert_conflict!(pass(&[]), "step attest is not complete");
    let other = Evidence { at: now(), fact: Fact::Reconnected { mac: mac() } };
    assert_conflict!(pass(&[last.clone(), other.clone()]), "it fails with other_unit");
    // A refused pass leaves nothing behind, so that the same run passes with what was missing.
    assert_eq!(line.store.run(run).await.unwrap().unwrap().evidence, proof);
    assert_eq!(pass(&[last]).await.unwrap(), Vec::<String>::new());
    // What another witness adds between the caller's judging and the commit is not overlooked.
    let late = line.admitted_run("A1").await;
    line.step(late, Step::Attest).await;
    let mac = line.store.run(late).await.unwrap().unwrap().run.mac.unwrap();
    line.store.add_evidence(late, &proof::of(mac)).await.unwrap();
    line.store.add_evidence(late, &[other]).await.unwrap();
    assert_conflict!(line.store.finish_run(late, &RunEnd::Passed, &[], now()), "it fails with other_unit");
    assert_eq!(state(&line, late).await, RunState::Open);
}

pub(crate) async fn who_ends_a_run_is_told_whose_sessions_ended_with_it(place: &dyn Place) {
    let line = Line::start(place).await;
    let (unit, repeating) = (mac(), Policy { known_unit: KnownUnit::Reissue, ..policy() });
    let bystander = line.admitted_run("A2").await;
    line.provision(bystander).await;
    let first = line.run_with("A1", unit, &repeating).await;
    let old = line.provision(first).await.0.mqtt_username;
    assert_eq!(line.pass(first).await, Vec::<String>::new());
    let second = line.run_with("A1", unit, &repeating).await;
    let failed = line.provision(second).await.0.mqtt_username;
    assert_eq!(line.fail(second).await, [failed]);
    let third = line.run_with("A1", unit, &repeating).await;
    line.provision(third).await;
    assert_eq!(line.pass(third).await, [old]);
    let nobody = line.begin("A1").await.id;
    assert_eq!(line.fail(nobody).await, Vec::<String>::new());
}

pub(crate) async fn a_new_session_leaves_the_old_one_alive_until_its_run_passes(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let repeating = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    let first = line.run_with("A1", unit, &repeating).await;
    let old = line.provision(first).await;
    line.pass(first).await;
    let second = line.run_with("A1", unit, &repeating).await;
    let new = line.provision(second).await;
    assert_eq!(alive(&line, &old).await, (true, true));
    line.pass(second).await;
    assert_eq!(alive(&line, &old).await, (false, false));
    assert_eq!(alive(&line, &new).await, (true, true));
    // A pass without a session of its own leaves the session that the unit lives by.
    let third = line.run_with("A1", unit, &repeating).await;
    line.pass(third).await;
    assert_eq!(alive(&line, &new).await, (true, true));
    // What was revoked before keeps its time.
    let revoked = async || line.store.certificate(&old.1.serial).await.unwrap().unwrap().revoked;
    let before = revoked().await;
    let fourth = line.run_with("A1", unit, &repeating).await;
    line.provision(fourth).await;
    line.pass(fourth).await;
    assert_eq!(alive(&line, &new).await, (false, false));
    assert_eq!(revoked().await, before);
}

pub(crate) async fn a_failed_repeat_leaves_the_passed_run_and_its_session_alone(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let repeating = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    let first = line.run_with("A1", unit, &repeating).await;
    let old = line.provision(first).await;
    line.pass(first).await;
    let second = line.run_with("A1", unit, &repeating).await;
    let new = line.provision(second).await;
    line.fail(second).await;
    assert_eq!(alive(&line, &old).await, (true, true));
    assert_eq!(alive(&line, &new).await, (false, false));
    assert_eq!(state(&line, first).await, RunState::Passed);
}

pub(crate) async fn an_ended_run_stays_as_it_is(place: &dyn Place) {
    let line = Line::start(place).await;
    let (passed, failed) = (line.admitted_run("A1").await, line.admitted_run("A2").await);
    line.pass(passed).await;
    line.step(failed, Step::Attest).await;
    line.fail(failed).await;
    let before = line.audit().await;
    assert_conflict!(line.store.finish_run(passed, &failure(), &[evidence()], now()), "has ended");
    assert_conflict!(line.store.finish_run(failed, &RunEnd::Passed, &[evidence()], now()), "has ended");
    assert_eq!(state(&line, passed).await, RunState::Passed);
    assert_eq!(line.audit().await, before);
}

pub(crate) async fn a_pass_needs_credentials_that_still_work(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    let (_, certificate) = line.provision(run).await;
    line.step(run, Step::Attest).await;
    let mac = line.store.run(run).await.unwrap().unwrap().run.mac.unwrap();
    line.store.add_evidence(run, &proof::of(mac)).await.unwrap();
    assert!(line.store.revoke_certificate(&certificate.serial, &act(), now()).await.unwrap());
    assert_conflict!(line.store.finish_run(run, &RunEnd::Passed, &[], now()), "may not log in any more");
    assert_eq!(state(&line, run).await, RunState::Open);
}
