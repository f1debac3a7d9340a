//! Units that are set aside: quarantine, release, scrap.

use firstpass_domain::{Diagnosis, DiagnosisCode, Evidence, KnownUnit, Mac, Policy, RunId, Step, evidence::Rule};
use firstpass_store::{Act, Admission, ClaimError, HoldKind, RunEnd, Standing, UnitActError, UnitFilter};

use super::{
    fixture::{Place, act, assert_conflict, digest, mac, now, policy},
    line::Line,
    proof,
};

/// Asserts that a call on a unit is refused for a reason.
macro_rules! assert_refused {
    ($call:expr, $($reason:tt)+) => {
        match $call.await {
            Err(UnitActError::$($reason)+) => {}
            other => panic!("not refused so: {other:?}"),
        }
    };
}

async fn end(line: &Line, run: RunId, code: DiagnosisCode) {
    let end = RunEnd::Failed(Diagnosis::new(code, Step::Attest, ""));
    line.store.finish_run(run, &end, &[], now()).await.unwrap();
}

async fn admission(line: &Line, unit: Mac, policy: &Policy) -> Admission {
    let run = line.begin("A9").await.id;
    let admission = line.store.identify_run(run, unit, policy, now()).await.unwrap();
    line.fail(run).await;
    admission
}

async fn standing(line: &Line, unit: Mac) -> Option<Standing> {
    line.store.unit(unit).await.unwrap().unwrap().summary.standing
}

pub(crate) async fn a_failure_that_asks_for_it_puts_the_unit_into_quarantine(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    end(&line, run, DiagnosisCode::SessionMismatch).await;
    let hold = line.store.unit(unit).await.unwrap().unwrap().hold.unwrap();
    assert_eq!(
        (hold.kind, hold.reason.as_str(), hold.actor.as_str()),
        (HoldKind::Quarantined, "session_mismatch", "line")
    );
    assert_eq!(admission(&line, unit, &policy()).await, Admission::Refused { attempt: 2, rule: Rule::Quarantined });
    assert_eq!(standing(&line, unit).await, Some(Standing::Quarantined));
    let other = mac();
    let run = line.run_with("A1", other, &policy()).await;
    end(&line, run, DiagnosisCode::BootSilent).await;
    assert_eq!(standing(&line, other).await, Some(Standing::Failed));
    assert_eq!(line.story(unit).await, ["unit.quarantined"]);
    assert_eq!(line.story(other).await, Vec::<&str>::new());
}

pub(crate) async fn a_released_unit_has_its_attempts_again(place: &dyn Place) {
    let line = Line::start(place).await;
    let (unit, two) = (mac(), Policy { max_attempts: 2, ..policy() });
    for _ in 0..2 {
        let run = line.run_with("A1", unit, &two).await;
        line.fail(run).await;
    }
    let run = line.begin("A1").await.id;
    let refused = line.store.identify_run(run, unit, &two, now()).await.unwrap();
    assert_eq!(refused, Admission::Refused { attempt: 3, rule: Rule::AttemptsUsedUp });
    end(&line, run, DiagnosisCode::AttemptsUsedUp).await;
    assert_eq!(standing(&line, unit).await, Some(Standing::Quarantined));
    line.store.release_unit(unit, &act(), now()).await.unwrap();
    assert_eq!(standing(&line, unit).await, Some(Standing::Failed));
    for attempt in [3, 4] {
        assert_eq!(admission(&line, unit, &two).await, Admission::Admitted { attempt });
    }
    let used_up = Admission::Refused { attempt: 5, rule: Rule::AttemptsUsedUp };
    assert_eq!(admission(&line, unit, &two).await, used_up);
    assert_eq!(line.story(unit).await, ["unit.quarantined", "unit.released"]);
}

pub(crate) async fn attempts_in_one_batch_run_out_and_are_free_in_another(place: &dyn Place) {
    let line = Line::start(place).await;
    let (unit, two) = (mac(), Policy { max_batch_attempts: 2, ..policy() });
    for attempt in [1, 2] {
        assert_eq!(admission(&line, unit, &two).await, Admission::Admitted { attempt });
    }
    let used_up = Admission::Refused { attempt: 3, rule: Rule::BatchAttemptsUsedUp };
    assert_eq!(admission(&line, unit, &two).await, used_up);
    let other = Line::on(line.store.clone(), None).await;
    assert_eq!(admission(&other, unit, &two).await, Admission::Admitted { attempt: 3 });
    line.store.quarantine_unit(unit, &act(), now()).await.unwrap();
    line.store.release_unit(unit, &act(), now()).await.unwrap();
    assert_eq!(admission(&line, unit, &two).await, Admission::Admitted { attempt: 4 });
}

pub(crate) async fn a_scrapped_unit_loses_everything_at_once_and_for_ever(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    let (session, certificate) = line.provision(run).await;
    line.pass(run).await;
    let token = session.token.unwrap();
    assert_eq!(line.store.live_session(unit).await.unwrap().unwrap().session.mqtt_username, session.mqtt_username);
    let ended = line.store.scrap_unit(unit, &act(), now()).await.unwrap();
    assert_eq!(ended, std::slice::from_ref(&session.mqtt_username));
    assert!(line.store.live_session(unit).await.unwrap().is_none());
    let session = line.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    assert!(session.revoked.is_some() && session.certificate_revoked.is_some());
    let (_, reason) = line.store.certificate(&certificate.serial).await.unwrap().unwrap().revoked.unwrap();
    assert_eq!(reason, act().reason);
    let claimed = line.store.bind_claim(token, digest(), now()).await;
    assert!(matches!(claimed, Err(ClaimError::UnknownToken)), "{claimed:?}");
    let reissue = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    assert_eq!(admission(&line, unit, &reissue).await, Admission::Refused { attempt: 2, rule: Rule::Scrapped });
    for call in [line.store.release_unit(unit, &act(), now()), line.store.scrap_unit(unit, &act(), now())] {
        assert_refused!(call, Scrapped);
    }
    assert_refused!(line.store.quarantine_unit(unit, &act(), now()), Scrapped);
    assert_eq!(line.story(unit).await, ["unit.scrapped"]);
    let ended_by: Vec<_> =
        line.audit().await.into_iter().filter(|entry| entry.kind.name().ends_with(".revoked")).collect();
    assert!(ended_by.iter().all(|entry| entry.actor == "ada"), "{ended_by:?}");
    assert_eq!(ended_by.len(), 2);
}

pub(crate) async fn who_sets_a_unit_aside_tells_name_and_reason(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    assert_refused!(line.store.quarantine_unit(unit, &act(), now()), InWork { .. });
    assert_refused!(line.store.scrap_unit(unit, &act(), now()), InWork { .. });
    line.fail(run).await;
    let silent = [
        Act { actor: " ".to_owned(), reason: "dropped".to_owned() },
        Act { actor: "ada".to_owned(), reason: String::new() },
    ];
    let before = line.audit().await;
    for act in &silent {
        assert_refused!(line.store.quarantine_unit(unit, act, now()), Unexplained);
        assert_refused!(line.store.scrap_unit(unit, act, now()), Unexplained);
    }
    assert_refused!(line.store.release_unit(unit, &act(), now()), NotQuarantined);
    assert_refused!(line.store.scrap_unit(mac(), &act(), now()), UnknownUnit);
    assert_eq!(line.audit().await, before);
    line.store.quarantine_unit(unit, &act(), now()).await.unwrap();
    assert_refused!(line.store.quarantine_unit(unit, &act(), now()), Quarantined);
    assert_refused!(line.store.release_unit(unit, &silent[1], now()), Unexplained);
    let last = line.audit().await.pop().unwrap();
    assert_eq!((last.actor.as_str(), last.body.contains("lost module")), ("ada", true));
}

pub(crate) async fn units_on_hold_are_listed_as_that_and_nowhere_else(place: &dyn Place) {
    let line = Line::start(place).await;
    let units = [mac(), mac(), mac()];
    for unit in units {
        let run = line.run_with("A1", unit, &policy()).await;
        line.pass(run).await;
    }
    line.store.quarantine_unit(units[0], &act(), now()).await.unwrap();
    line.store.scrap_unit(units[1], &act(), now()).await.unwrap();
    for (standing, unit) in [Standing::Quarantined, Standing::Scrapped, Standing::Passed].into_iter().zip(units) {
        let filter = UnitFilter { after: None, standing: Some(standing), limit: 9 };
        let found = line.store.units(&filter).await.unwrap();
        assert_eq!(found.iter().map(|unit| (unit.mac, unit.standing)).collect::<Vec<_>>(), [(unit, Some(standing))]);
    }
}

pub(crate) async fn a_session_with_a_revoked_certificate_binds_no_claim(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    let (session, certificate) = line.provision(run).await;
    line.store.revoke_certificate(&certificate.serial, &act(), now()).await.unwrap();
    let claimed = line.store.bind_claim(session.token.unwrap(), digest(), now()).await;
    assert!(matches!(claimed, Err(ClaimError::UnknownToken)), "{claimed:?}");
    let mac = line.store.run(run).await.unwrap().unwrap().run.mac.unwrap();
    assert!(line.store.live_session(mac).await.unwrap().is_none());
}

pub(crate) async fn a_pass_leaves_the_session_that_it_kept_and_needs_it_alive(place: &dyn Place) {
    let (unit, keeping) = (mac(), Policy { known_unit: KnownUnit::Keep, ..policy() });
    let line = Line::of(place.open("s1").await, &keeping, None).await;
    let first = line.run_with("A1", unit, &keeping).await;
    let (session, certificate) = line.provision(first).await;
    line.pass(first).await;
    let finish = async |run, proof: Vec<Evidence>| {
        line.step(run, Step::Attest).await;
        line.store.finish_run(run, &RunEnd::Passed, &proof, now()).await
    };
    let second = line.run_with("A1", unit, &keeping).await;
    assert_eq!(finish(second, proof::of_kept(unit, &session)).await.unwrap(), Vec::<String>::new());
    assert!(line.store.live_session(unit).await.unwrap().is_some());
    // What the unit keeps must be its own, and must still be good for a login.
    let other = line.admitted_run("A2").await;
    let other_session = line.provision(other).await.0;
    let third = line.run_with("A1", unit, &keeping).await;
    assert_conflict!(finish(third, proof::of_kept(unit, &other_session)), "which may not log in");
    line.store.revoke_certificate(&certificate.serial, &act(), now()).await.unwrap();
    let proof = proof::of_kept(unit, &session);
    let pass = line.store.finish_run(third, &RunEnd::Passed, &proof, now());
    assert_conflict!(pass, "which may not log in");
}

pub(crate) async fn a_refused_run_sets_no_unit_aside_that_another_run_has_in_work(place: &dyn Place) {
    let line = Line::start(place).await;
    let (unit, once) = (mac(), Policy { max_attempts: 1, ..policy() });
    let first = line.run_with("A1", unit, &once).await;
    line.fail(first).await;
    let refused = line.begin("A1").await.id;
    line.store.identify_run(refused, unit, &once, now()).await.unwrap();
    let working = line.run_with("A2", unit, &policy()).await;
    end(&line, refused, DiagnosisCode::AttemptsUsedUp).await;
    line.pass(working).await;
    assert_eq!(standing(&line, unit).await, Some(Standing::Passed));
}
