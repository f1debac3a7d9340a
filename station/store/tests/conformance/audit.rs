//! The audit chain, and what protects it.

use firstpass_domain::{AuditKind, RunState, Step, audit::ChainError};
use firstpass_store::{Act, RunDetail};

use super::{
    fixture::{Place, Table, mac, now, pattern, policy, session},
    line::Line,
};

pub(crate) async fn every_act_of_a_run_is_in_the_log_and_the_chain_verifies(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    line.store.allocate_serial(run, &pattern("FP"), now()).await.unwrap();
    line.provision(run).await;
    line.step(run, Step::Connect).await;
    line.pass(run).await;
    let begun = ["run.began", "run.identified", "serial.allocated", "code.issued", "code.redeemed", "session.issued"];
    let ended = ["step.began", "step.ended", "step.began", "step.ended", "run.passed"];
    assert_eq!(line.story(run).await, [&begun[..], &ended[..]].concat());
    assert_eq!(line.story("s1").await, ["station.started"]);
    assert_eq!(line.story(line.batch.0).await, ["batch.opened"]);
    let entries = line.audit().await;
    assert_eq!(line.verify().await, Ok(i64::try_from(entries.len()).unwrap()));
    assert!(entries.iter().all(|entry| entry.station.as_str() == "s1"));
    let actors = entries.iter().filter(|entry| entry.kind.name() == "session.issued").map(|entry| &entry.actor);
    assert_eq!(actors.collect::<Vec<_>>(), ["unit"]);
}

async fn unprotect(place: &dyn Place, table: Table) {
    for sql in place.unprotect(table) {
        place.tamper(sql).await.unwrap();
    }
}

pub(crate) async fn a_tampered_entry_is_found_at_its_place(place: &dyn Place) {
    let line = Line::start(place).await;
    line.admitted_run("A1").await;
    unprotect(place, Table::Audit).await;
    place.tamper("UPDATE audit SET actor = 'nobody' WHERE seq = 3").await.unwrap();
    assert_eq!(line.verify().await, Err(ChainError::Changed { seq: 3 }));
}

pub(crate) async fn a_removed_entry_is_found_at_its_place(place: &dyn Place) {
    let line = Line::start(place).await;
    line.admitted_run("A1").await;
    unprotect(place, Table::Audit).await;
    place.tamper("DELETE FROM audit WHERE seq = 2").await.unwrap();
    assert_eq!(line.verify().await, Err(ChainError::Gap { expected: 2, found: 3 }));
}

/// The digest in the audit entry that ended the run.
fn sealed_digest(detail: &RunDetail) -> String {
    let body: serde_json::Value = serde_json::from_str(&detail.entries[1].body).unwrap();
    body["evidence_digest"].as_str().unwrap().to_owned()
}

pub(crate) async fn a_run_names_its_recipe_and_its_end_in_the_log(place: &dyn Place) {
    let line = Line::start(place).await;
    let (passed, failed) = (line.admitted_run("A1").await, line.admitted_run("A2").await);
    assert_eq!(line.store.run(passed).await.unwrap().unwrap().entries.len(), 1);
    line.pass(passed).await;
    line.fail(failed).await;
    for (run, end) in [(passed, AuditKind::RunPassed), (failed, AuditKind::RunFailed)] {
        let detail = line.store.run(run).await.unwrap().unwrap();
        let kinds: Vec<_> = detail.entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [AuditKind::RunBegan, end]);
        let log = line.audit().await;
        assert!(detail.entries.iter().all(|entry| log.contains(entry)));
        let bodies = detail.entries.iter().map(|entry| serde_json::from_str::<serde_json::Value>(&entry.body).unwrap());
        let bodies: Vec<_> = bodies.collect();
        assert!(bodies.iter().all(|body| body["recipe"] == line.recipe.to_string()));
        assert_eq!(bodies[0]["batch"], line.batch.0.to_string());
        assert_eq!(bodies[1]["mac"], detail.run.mac.unwrap().to_string());
        assert_eq!(bodies[1]["diagnosis"], serde_json::to_value(&detail.diagnosis).unwrap());
        assert_eq!(bodies[1]["evidence_digest"], detail.evidence_digest.to_string());
    }
}

pub(crate) async fn a_run_that_was_changed_on_record_differs_from_the_log(place: &dyn Place) {
    let line = Line::start(place).await;
    let other = Line::on(line.store.clone(), None).await;
    let run = line.admitted_run("A1").await;
    line.fail(run).await;
    for sql in [
        "UPDATE runs SET state = 'passed', diagnosis = NULL",
        "UPDATE runs SET recipe = (SELECT hash FROM recipes WHERE hash <> (SELECT recipe FROM runs))",
    ] {
        place.tamper(sql).await.unwrap();
    }
    let detail = line.store.run(run).await.unwrap().unwrap();
    assert_eq!((detail.run.state, detail.run.recipe), (RunState::Passed, other.recipe));
    let [began, ended] = &detail.entries[..] else { panic!("{:?}", detail.entries) };
    assert_eq!(ended.kind, AuditKind::RunFailed);
    assert!([began, ended].iter().all(|entry| entry.body.contains(&line.recipe.to_string())));
}

pub(crate) async fn tampered_evidence_no_longer_fits_the_digest_in_the_log(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    line.provision(run).await;
    line.pass(run).await;
    let detail = line.store.run(run).await.unwrap().unwrap();
    let sealed = sealed_digest(&detail);
    assert_eq!(detail.evidence_digest.to_string(), sealed);
    unprotect(place, Table::Evidence).await;
    place.tamper("UPDATE evidence SET at = at + 1 WHERE seq = 2").await.unwrap();
    assert_ne!(line.store.run(run).await.unwrap().unwrap().evidence_digest.to_string(), sealed);
}

pub(crate) async fn the_log_and_the_evidence_refuse_changes(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.admitted_run("A1").await;
    line.fail(run).await;
    let before = line.audit().await;
    for sql in [
        "UPDATE audit SET actor = 'nobody'",
        "DELETE FROM audit",
        "UPDATE evidence SET fact = '{}'",
        "DELETE FROM evidence",
    ] {
        let error = place.tamper(sql).await.unwrap_err();
        assert!(error.to_string().contains("is append-only"), "{sql}: {error}");
    }
    assert_eq!(line.audit().await, before);
    assert_eq!(line.store.run(run).await.unwrap().unwrap().evidence.len(), 1);
}

pub(crate) async fn a_refused_act_leaves_no_entry(place: &dyn Place) {
    let line = Line::start(place).await;
    let run = line.run_with("A1", mac(), &policy()).await;
    let code = line.code(run, true).await;
    let before = line.audit().await;
    let seen = super::fixture::evidence();
    line.store.redeem_code(code, Some(mac()), &session(), None, &seen, now()).await.unwrap_err();
    line.store.begin_run(&line.new_run("A1"), now()).await.unwrap_err();
    assert_eq!(line.audit().await, before);
}

pub(crate) async fn an_act_that_changes_nothing_else_is_noted_with_its_person_and_reason(place: &dyn Place) {
    let line = Line::start(place).await;
    let act = Act { actor: "ada".to_owned(), reason: "for the customer".to_owned() };
    let body = serde_json::json!({ "rows": 7 });
    line.store.note(AuditKind::ExportMade, "audit", body, &act, now()).await.unwrap();
    let noted = line.audit().await.pop().unwrap();
    assert_eq!((noted.kind, noted.actor.as_str(), noted.subject.as_str()), (AuditKind::ExportMade, "ada", "audit"));
    let body: serde_json::Value = serde_json::from_str(&noted.body).unwrap();
    assert_eq!(body, serde_json::json!({ "rows": 7, "reason": "for the customer" }));
    line.verify().await.unwrap();
}
