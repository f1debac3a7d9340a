//! The rules that a unit meets when it is identified.

use firstpass_domain::{Diagnosis, DiagnosisCode, KnownUnit, Policy, Step, evidence::Rule};
use firstpass_store::{Admission, RunEnd};

use super::{
    fixture::{Place, assert_conflict, mac, now, pattern, policy},
    line::Line,
};

fn refused(attempt: u32, rule: Rule) -> Admission {
    Admission::Refused { attempt, rule }
}

pub(crate) async fn a_unit_in_work_is_refused_elsewhere_and_stays_with_its_first_run(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let first = line.run_with("A1", unit, &policy()).await;
    let second = line.begin("A2").await.id;
    assert_eq!(line.identify(second, unit).await, refused(2, Rule::InWorkElsewhere));
    let runs = [line.store.run(first).await, line.store.run(second).await];
    let macs = runs.map(|run| run.unwrap().unwrap().run.mac);
    assert_eq!(macs, [Some(unit), None]);
    line.fail(first).await;
    line.fail(second).await;
    let third = line.begin("A2").await.id;
    assert_eq!(line.identify(third, unit).await, Admission::Admitted { attempt: 2 });
}

pub(crate) async fn a_unit_that_passed_is_refused_unless_the_policy_lets_it_repeat(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    line.pass(run).await;
    let again = line.begin("A1").await.id;
    assert_eq!(line.identify(again, unit).await, refused(2, Rule::PassedBefore));
    line.fail(again).await;
    let repeating = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    line.run_with("A1", unit, &repeating).await;
}

pub(crate) async fn attempts_run_out_and_refused_runs_do_not_count(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let two = Policy { max_attempts: 2, ..policy() };
    for _ in 0..2 {
        let run = line.run_with("A1", unit, &two).await;
        line.fail(run).await;
    }
    for _ in 0..2 {
        let run = line.begin("A1").await.id;
        let admission = line.store.identify_run(run, unit, &two, now()).await.unwrap();
        assert_eq!(admission, refused(3, Rule::AttemptsUsedUp));
        line.fail(run).await;
    }
    let run = line.begin("A1").await.id;
    let three = Policy { max_attempts: 3, ..policy() };
    let admission = line.store.identify_run(run, unit, &three, now()).await.unwrap();
    assert_eq!(admission, Admission::Admitted { attempt: 3 });
}

pub(crate) async fn a_pass_forgives_the_attempts_before_it(place: &dyn Place) {
    let line = Line::start(place).await;
    let known = Policy { max_attempts: 2, max_batch_attempts: 2, known_unit: KnownUnit::Reissue, ..policy() };
    let unit = mac();
    for passes in [false, true, true, false] {
        let run = line.run_with("A1", unit, &known).await;
        if passes {
            line.pass(run).await
        } else {
            line.fail(run).await
        };
    }
    let last = line.run_with("A1", unit, &known).await;
    line.fail(last).await;
    let beyond = line.begin("A1").await.id;
    let admission = line.store.identify_run(beyond, unit, &known, now()).await.unwrap();
    assert_eq!(admission, refused(6, Rule::AttemptsUsedUp), "two have failed since it passed");
}

pub(crate) async fn a_refused_run_leaves_the_unit_free_and_shows_in_its_history(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let passed = line.run_with("A1", unit, &policy()).await;
    line.pass(passed).await;
    let refused = line.begin("A1").await.id;
    line.identify(refused, unit).await;
    assert_conflict!(line.store.allocate_serial(refused, &pattern("FP"), now()), "no unit that was admitted");
    // The refused run is still open, and does not keep the unit from a run that may have it.
    let repeating = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    let repeated = line.run_with("A2", unit, &repeating).await;
    let detail = line.store.unit(unit).await.unwrap().unwrap();
    let ids: Vec<_> = detail.runs.iter().map(|run| run.id).collect();
    assert_eq!(ids, [passed, refused, repeated]);
    assert_eq!(detail.summary.attempts, 2);
}

pub(crate) async fn a_full_batch_refuses_further_units_but_not_one_of_its_own(place: &dyn Place) {
    let line = Line::with_quota(place, Some(1)).await;
    let unit = mac();
    let run = line.run_with("A1", unit, &policy()).await;
    line.provision(run).await;
    line.pass(run).await;
    let other = line.begin("A1").await.id;
    assert_eq!(line.identify(other, mac()).await, refused(1, Rule::QuotaReached));
    let repeating = Policy { known_unit: KnownUnit::Reissue, ..policy() };
    let repeated = line.run_with("A2", unit, &repeating).await;
    line.provision(repeated).await;
    line.pass(repeated).await;
}

pub(crate) async fn an_open_run_has_its_place_in_the_batch_before_it_has_a_session(place: &dyn Place) {
    let line = Line::with_quota(place, Some(2)).await;
    let (first, second) = (line.admitted_run("A1").await, line.admitted_run("A2").await);
    let full = refused(1, Rule::QuotaReached);
    let third = line.begin("A3").await.id;
    assert_eq!(line.identify(third, mac()).await, full);
    // A refused run takes no place, and a failed one gives its place back.
    line.fail(first).await;
    let fourth = line.admitted_run("A1").await;
    line.fail(third).await;
    line.provision(second).await;
    line.pass(second).await;
    let fifth = line.begin("A2").await.id;
    assert_eq!(line.identify(fifth, mac()).await, full);
    line.provision(fourth).await;
    line.pass(fourth).await;
    // Another batch has places of its own.
    let other = Line::on(line.store.clone(), Some(1)).await;
    other.admitted_run("A1").await;
}

pub(crate) async fn a_run_is_tied_to_one_unit_only_once(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    assert_conflict!(line.store.identify_run(run, mac(), &policy(), now()), "tied to a unit already");
}

pub(crate) async fn interrupted_and_cancelled_runs_use_up_no_attempts(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let one = Policy { max_attempts: 1, max_batch_attempts: 1, ..policy() };
    for code in [DiagnosisCode::Interrupted, DiagnosisCode::Cancelled, DiagnosisCode::Interrupted] {
        let run = line.run_with("A1", unit, &one).await;
        let end = RunEnd::Failed(Diagnosis::new(code, Step::Flash, ""));
        line.store.finish_run(run, &end, &[], now()).await.unwrap();
    }
    let run = line.begin("A1").await.id;
    let admission = line.store.identify_run(run, unit, &one, now()).await.unwrap();
    assert_eq!(admission, Admission::Admitted { attempt: 1 });
    line.fail(run).await;
    let run = line.begin("A1").await.id;
    let admission = line.store.identify_run(run, unit, &one, now()).await.unwrap();
    assert_eq!(admission, refused(2, Rule::AttemptsUsedUp));
    assert_eq!(line.store.unit(unit).await.unwrap().unwrap().summary.attempts, 1);
}
