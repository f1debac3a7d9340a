//! How audit entries are found: whatever is asked for, the answer is what reading the whole log would give.

use std::time::Duration;

use firstpass_domain::{AuditEntry, AuditKind, Mac, StationId, Timestamp};
use firstpass_store::{Act, AuditSearch, BatchId};

use super::{
    fixture::{Place, act, certificate, mac, now, policy},
    line::Line,
};

/// Work of two stations whose clocks differ by an hour, in three batches, with what people do.
struct Worked {
    line: Line,
    units: [Mac; 3],
    batches: [BatchId; 3],
}

fn person(name: &str) -> Act {
    Act { actor: name.to_owned(), reason: "as told".to_owned() }
}

async fn work(place: &dyn Place) -> Worked {
    let line = Line::start(place).await;
    let [first, second, third] = [mac(), mac(), mac()];
    let run = line.run_with("A1", first, &policy()).await;
    line.provision(run).await;
    line.pass(run).await;
    let other = Line::on(place.open("s2").await, None).await;
    let late = now().plus(Duration::from_secs(3600));
    let run = other.begin("B1").await.id;
    other.store.identify_run(run, second, &policy(), late).await.unwrap();
    other.provision(run).await;
    other.fail(run).await;
    other.store.quarantine_unit(second, &person("ada"), late).await.unwrap();
    line.store.quarantine_unit(first, &person("ben"), now()).await.unwrap();
    line.store.release_unit(first, &person("ada"), now()).await.unwrap();
    let again = Line::on(line.store.clone(), None).await;
    let run = again.run_with("A1", third, &policy()).await;
    again.fail(run).await;
    line.store.scrap_unit(third, &person("ben"), now()).await.unwrap();
    let early = Timestamp::from_micros(1);
    line.store.note(AuditKind::ExportMade, "audit", serde_json::json!({}), &act(), early).await.unwrap();
    Worked { batches: [line.batch, other.batch, again.batch], line, units: [first, second, third] }
}

fn fits(search: &AuditSearch, entry: &AuditEntry) -> bool {
    search.from.is_none_or(|from| entry.at >= from)
        && search.to.is_none_or(|to| entry.at < to)
        && search.actor.as_ref().is_none_or(|actor| *actor == entry.actor)
        && search.station.as_ref().is_none_or(|station| *station == entry.station)
        && search.subject.as_ref().is_none_or(|subject| *subject == entry.subject)
        && (search.kinds.is_empty() || search.kinds.contains(&entry.kind))
        && search.before.is_none_or(|before| entry.seq < before)
}

/// Every combination of what may be asked for.
fn searches(log: &[AuditEntry]) -> Vec<AuditSearch> {
    let mut searches = vec![AuditSearch { limit: 1000, ..AuditSearch::default() }];
    let mut ask = |choices: &[&dyn Fn(&mut AuditSearch)]| {
        let asked: Vec<_> = searches
            .iter()
            .flat_map(|search| {
                choices.iter().map(|choice| {
                    let mut search = search.clone();
                    choice(&mut search);
                    search
                })
            })
            .collect();
        searches.extend(asked);
    };
    let (middle, late) = (log[log.len() / 2].at, log.iter().map(|entry| entry.at).max().unwrap());
    ask(&[&|s| s.from = Some(middle), &|s| s.to = Some(middle), &|s| (s.from, s.to) = (Some(late), Some(late))]);
    ask(&[&|s| s.actor = Some("line".into()), &|s| s.actor = Some("ada".into()), &|s| s.actor = Some("nobody".into())]);
    ask(&[&|s| s.station = StationId::new("s2").ok(), &|s| s.station = StationId::new("s3").ok()]);
    ask(&[&|s| s.kinds = vec![AuditKind::UnitQuarantined], &|s| {
        s.kinds = vec![AuditKind::StepBegan, AuditKind::RunFailed, AuditKind::ExportMade]
    }]);
    let (run, unit) = (log[5].subject.clone(), log[log.len() - 3].subject.clone());
    ask(&[&|s| s.subject = Some(run.clone()), &|s| s.subject = Some(unit.clone())]);
    ask(&[&|s| s.before = Some(log[log.len() / 3].seq)]);
    searches
}

pub(crate) async fn whatever_is_asked_together_finds_what_the_whole_log_holds(place: &dyn Place) {
    let worked = work(place).await;
    let log = worked.line.audit().await;
    for search in searches(&log) {
        let expected: Vec<_> = log.iter().rev().filter(|entry| fits(&search, entry)).cloned().collect();
        assert_eq!(worked.line.store.search_audit(&search).await.unwrap(), expected, "{search:?}");
    }
}

pub(crate) async fn entries_come_in_pages_newest_first(place: &dyn Place) {
    let worked = work(place).await;
    let kinds = vec![AuditKind::StepBegan, AuditKind::StepEnded, AuditKind::RunBegan, AuditKind::RunIdentified];
    let search = AuditSearch { kinds, limit: 1000, ..AuditSearch::default() };
    let all = worked.line.store.search_audit(&search).await.unwrap();
    for limit in [1, 2, 3, 7] {
        let mut paged: Vec<AuditEntry> = Vec::new();
        loop {
            let before = paged.last().map(|entry| entry.seq);
            let page = worked.line.store.search_audit(&AuditSearch { limit, before, ..search.clone() }).await.unwrap();
            if page.is_empty() {
                break;
            }
            assert!(page.len() <= limit as usize);
            paged.extend(page);
        }
        assert_eq!(paged, all, "{limit} at a time");
    }
}

pub(crate) async fn a_batch_has_the_entries_of_its_runs_certificates_and_units(place: &dyn Place) {
    let worked = work(place).await;
    let of_batch = async |batch, subject: Option<String>| {
        let search = AuditSearch { batch: Some(batch), subject, limit: 1000, ..AuditSearch::default() };
        let found = worked.line.store.search_audit(&search).await.unwrap();
        found.iter().rev().map(|entry| entry.kind.name()).collect::<Vec<_>>()
    };
    let run = ["run.began", "run.identified", "code.issued", "code.redeemed", "certificate.issued", "session.issued"];
    let passed = ["step.began", "step.ended", "run.passed"];
    let [first, second, third] = worked.batches;
    let held = ["unit.quarantined", "unit.released"];
    assert_eq!(of_batch(first, None).await, [&["batch.opened"], &run[..], &passed[..], &held[..]].concat());
    let failed = ["session.revoked", "certificate.revoked", "run.failed", "unit.quarantined"];
    assert_eq!(of_batch(second, None).await, [&["batch.opened"], &run[..], &failed[..]].concat());
    let scrapped = ["batch.opened", "run.began", "run.identified", "run.failed", "unit.scrapped"];
    assert_eq!(of_batch(third, None).await, scrapped);
    assert_eq!(of_batch(first, Some(worked.units[0].to_string())).await, held);
    assert_eq!(of_batch(second, Some(worked.units[0].to_string())).await, Vec::<&str>::new());
}

pub(crate) async fn a_unit_has_the_entries_of_its_runs_and_certificates_in_order(place: &dyn Place) {
    let worked = work(place).await;
    let [first, ..] = worked.units;
    let found = worked.line.store.audit_of_unit(first, 100).await.unwrap();
    let kinds: Vec<_> = found.iter().map(|entry| entry.kind.name()).collect();
    let run = ["run.began", "run.identified", "code.issued", "code.redeemed", "certificate.issued", "session.issued"];
    let end = ["step.began", "step.ended", "run.passed", "unit.quarantined", "unit.released"];
    assert_eq!(kinds, [&run[..], &end[..]].concat());
    assert_eq!(worked.line.store.audit_of_unit(first, 3).await.unwrap(), found[found.len() - 3..]);
    assert_eq!(worked.line.store.audit_of_unit(mac(), 3).await.unwrap(), []);
    let last = worked.line.audit().await.pop().unwrap();
    assert_eq!(worked.line.store.audit_head().await.unwrap(), Some((last.seq, last.hash)));
}

pub(crate) async fn a_unit_has_the_entries_of_all_its_certificates_when_as_many_are_wanted(place: &dyn Place) {
    const MANY: u32 = 503;
    let line = Line::start(place).await;
    let unit = mac();
    for _ in 0..MANY {
        line.store.add_certificate(&certificate(Some(unit)), &act(), now()).await.unwrap();
    }
    let found = async |limit| line.store.audit_of_unit(unit, limit).await.unwrap();
    let all = found(MANY + 1).await;
    assert_eq!(all.len(), MANY as usize);
    assert!(all.iter().all(|entry| entry.kind == AuditKind::CertificateIssued) && all.is_sorted_by_key(|e| e.seq));
    assert_eq!(found(3).await, all[all.len() - 3..]);
}

pub(crate) async fn what_finds_entries_cannot_be_taken_away(place: &dyn Place) {
    work(place).await;
    for sql in [
        "DELETE FROM audit_marks",
        "UPDATE audit_marks SET seq = seq + 1000000",
        "DELETE FROM audit_groups WHERE kind = 'run.failed'",
        "UPDATE audit_groups SET actor = 'nobody'",
        "DELETE FROM audit_spans",
    ] {
        let error = place.tamper(sql).await.unwrap_err();
        assert!(error.to_string().contains("is append-only"), "{sql}: {error}");
    }
}
