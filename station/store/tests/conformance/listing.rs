//! What can be looked up.

use firstpass_domain::{CodeHash, Mac, Policy, RunState};
use firstpass_store::{Admission, Standing, StoreError, UnitFilter};

use super::{
    fixture::{Place, act, assert_conflict, certificate, digest, mac, now, pattern, policy, run_id, slot},
    line::Line,
};

pub(crate) async fn units_come_in_pages_and_by_how_they_stand(place: &dyn Place) {
    let line = Line::start(place).await;
    let units = [mac(), mac(), mac(), mac()];
    for (index, unit) in units.into_iter().enumerate() {
        let run = line.run_with("A1", unit, &policy()).await;
        if index % 2 == 0 {
            line.pass(run).await
        } else {
            line.fail(run).await
        };
    }
    // A passed unit that comes back by mistake is still a passed unit.
    let refused = line.begin("A1").await.id;
    line.identify(refused, units[0]).await;
    line.fail(refused).await;
    let list = async |after: Option<Mac>, standing, limit| -> Vec<Mac> {
        let found = line.store.units(&UnitFilter { after, standing, limit }).await.unwrap();
        found.into_iter().map(|unit| unit.mac).collect()
    };
    assert_eq!(list(None, None, 3).await, units[..3]);
    assert_eq!(list(Some(units[2]), None, 3).await, units[3..]);
    assert_eq!(list(None, Some(Standing::Passed), 9).await, [units[0], units[2]]);
    assert_eq!(list(None, Some(Standing::Failed), 9).await, [units[1], units[3]]);
    assert_eq!(list(Some(units[0]), Some(Standing::Passed), 9).await, [units[2]]);
    let first = line.store.units(&UnitFilter { after: None, standing: None, limit: 1 }).await.unwrap().remove(0);
    assert_eq!((first.attempts, first.last_run.map(|run| run.id)), (1, Some(refused)));
}

pub(crate) async fn ended_runs_come_in_pages(place: &dyn Place) {
    let line = Line::start(place).await;
    let mut ended = Vec::new();
    for _ in 0..3 {
        ended.push(line.admitted_run("A1").await);
        line.fail(*ended.last().unwrap()).await;
    }
    line.begin("A1").await;
    assert_eq!(line.store.ended_runs(None, 2).await.unwrap(), ended[..2]);
    assert_eq!(line.store.ended_runs(Some(ended[1]), 2).await.unwrap(), ended[2..]);
    assert_eq!(line.store.ended_runs(Some(ended[2]), 2).await.unwrap(), []);
}

pub(crate) async fn a_unit_shows_all_that_belongs_to_it(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let first = line.run_with("A1", unit, &policy()).await;
    let (first_session, first_certificate) = line.provision(first).await;
    line.fail(first).await;
    let second = line.run_with("A1", unit, &policy()).await;
    let (second_session, second_certificate) = line.provision(second).await;
    let serial = line.store.allocate_serial(second, &pattern("FP"), now()).await.unwrap();
    line.pass(second).await;
    let bystander = line.admitted_run("A2").await;
    line.provision(bystander).await;

    let detail = line.store.unit(unit).await.unwrap().unwrap();
    assert_eq!((detail.summary.serial, detail.summary.attempts), (Some(serial), 2));
    assert_eq!(detail.summary.last_run.unwrap().state, RunState::Passed);
    assert_eq!(detail.runs.iter().map(|run| (run.id, run.attempt)).collect::<Vec<_>>(), [(first, 1), (second, 2)]);
    let users: Vec<_> = detail.sessions.iter().map(|record| &record.session.mqtt_username).collect();
    assert_eq!(users, [&first_session.mqtt_username, &second_session.mqtt_username]);
    let serials: Vec<_> = detail.certificates.iter().map(|record| &record.certificate.serial).collect();
    assert_eq!(serials, [&first_certificate.serial, &second_certificate.serial]);
    assert_eq!(detail.refused, []);
}

pub(crate) async fn a_unit_tells_which_of_its_runs_the_rules_refused(place: &dyn Place) {
    let line = Line::start(place).await;
    let unit = mac();
    let first = line.run_with("A1", unit, &policy()).await;
    line.fail(first).await;
    let one = Policy { max_attempts: 1, ..policy() };
    let second = line.begin("A1").await.id;
    let admission = line.store.identify_run(second, unit, &one, now()).await.unwrap();
    assert!(matches!(admission, Admission::Refused { .. }), "{admission:?}");
    line.fail(second).await;
    let third = line.run_with("A1", unit, &policy()).await;
    line.pass(third).await;
    let detail = line.store.unit(unit).await.unwrap().unwrap();
    assert_eq!((detail.runs.len(), detail.refused), (3, vec![second]));
}

pub(crate) async fn certificates_come_newest_first_and_are_revoked_once(place: &dyn Place) {
    let line = Line::start(place).await;
    let (old, new) = (certificate(None), certificate(None));
    let (issued, revoked) = (now(), now());
    line.store.add_certificate(&old, &act(), issued).await.unwrap();
    line.store.add_certificate(&new, &act(), now()).await.unwrap();
    let listed = line.store.certificates(9).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|record| record.certificate).collect();
    assert_eq!(listed, [new.clone(), old.clone()]);
    assert_eq!(line.store.certificates(1).await.unwrap().len(), 1);
    assert_conflict!(line.store.add_certificate(&old, &act(), now()), "is on record");

    assert!(line.store.revoke_certificate(&old.serial, &act(), revoked).await.unwrap());
    assert!(!line.store.revoke_certificate(&old.serial, &act(), now()).await.unwrap());
    assert_conflict!(line.store.revoke_certificate("ab12", &act(), now()), "is not on record");
    let record = line.store.certificate(&old.serial).await.unwrap().unwrap();
    assert_eq!((record.run, record.issued), (None, issued));
    assert_eq!(record.revoked, Some((revoked, act().reason)));
    assert_eq!(line.store.certificate(&new.serial).await.unwrap().unwrap().revoked, None);
    let entries = line.audit().await;
    let last = entries.last().unwrap();
    assert_eq!((last.actor.as_str(), last.kind.name()), ("ada", "certificate.revoked"));
}

pub(crate) async fn a_closed_record_answers_no_more(place: &dyn Place) {
    let line = Line::start(place).await;
    let store = line.store.clone();
    store.close().await;
    store.close().await;
    assert!(matches!(store.certificates(1).await, Err(StoreError::Unavailable { .. })));
    assert!(matches!(store.start_station(now()).await, Err(StoreError::Unavailable { .. })));
    place.open("s1").await.start_station(now()).await.unwrap();
}

pub(crate) async fn what_is_not_on_record_is_none(place: &dyn Place) {
    let line = Line::start(place).await;
    assert!(line.store.run(run_id()).await.unwrap().is_none());
    assert!(line.store.unit(mac()).await.unwrap().is_none());
    assert!(line.store.find_code(CodeHash(digest())).await.unwrap().is_none());
    assert!(line.store.session_by_username("nobody").await.unwrap().is_none());
    assert!(line.store.certificate("00").await.unwrap().is_none());
    assert_conflict!(line.store.add_evidence(run_id(), &[]), "is not on record");
}

pub(crate) async fn revoked_certificates_come_in_pages_by_their_serial_number(place: &dyn Place) {
    let line = Line::start(place).await;
    let certificates = [0; 4].map(|_| certificate(None));
    for certificate in &certificates {
        line.store.add_certificate(certificate, &act(), now()).await.unwrap();
    }
    let [first, second, third, fourth] = certificates.each_ref().map(|certificate| certificate.serial.as_str());
    for serial in [fourth, first, third] {
        line.store.revoke_certificate(serial, &act(), now()).await.unwrap();
    }
    let list = async |after: Option<&str>, limit| -> Vec<String> {
        let found = line.store.revoked_certificates(after, limit).await.unwrap();
        assert!(found.iter().all(|record| record.revoked.is_some()));
        found.into_iter().map(|record| record.certificate.serial).collect()
    };
    assert_eq!(list(None, 9).await, [first, third, fourth]);
    assert_eq!(list(None, 2).await, [first, third]);
    assert_eq!(list(Some(second), 9).await, [third, fourth]);
}

pub(crate) async fn a_slot_remembers_the_baud_rate_that_held(place: &dyn Place) {
    let line = Line::start(place).await;
    let (a1, a2) = (slot("A1"), slot("A2"));
    assert_eq!(line.store.slot_baud(&a1).await.unwrap(), None);
    for baud in [921_600, 460_800, 460_800] {
        line.store.remember_slot_baud(&a1, baud, now()).await.unwrap();
        assert_eq!(line.store.slot_baud(&a1).await.unwrap(), Some(baud));
    }
    assert_eq!(line.story("A1").await, ["slot.baud_noted", "slot.baud_noted"]);
    assert_eq!(line.store.slot_baud(&a2).await.unwrap(), None);
    let other = Line::on(place.open("s2").await, None).await;
    assert_eq!(other.store.slot_baud(&a1).await.unwrap(), None);
}

pub(crate) async fn a_record_that_takes_writes_says_so_and_leaves_no_entry(place: &dyn Place) {
    let line = Line::start(place).await;
    let before = line.audit().await;
    line.store.check().await.unwrap();
    assert_eq!(line.audit().await, before);
    place.tamper("DELETE FROM pulse").await.unwrap();
    let checked = line.store.check().await;
    assert!(matches!(checked, Err(StoreError::Corrupt { .. })), "{checked:?}");
}
