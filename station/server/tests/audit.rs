//! The audit log over the server: searched, shown, verified.

#![expect(clippy::unwrap_used, reason = "a test says with a panic that its claim is wrong")]

mod record;
mod support;

use firstpass_domain::{AuditKind, Role, Timestamp};
use firstpass_store::Act;
use serde_json::{Value, json};

use record::{Factory, tamper};
use support::{Answer, Bench};

async fn page(bench: &Bench, path: &str) -> Answer {
    bench.ask_as(Role::Auditor, "GET", path).await.accept_html().send().await
}

/// Positions of the entries on a page, in its order.
fn positions(answer: &Answer) -> Vec<i64> {
    let rows = answer.text.split("<td class=\"num\"><a href=\"/audit/").skip(1);
    rows.map(|row| row.split_once('"').unwrap().0.parse().unwrap()).collect()
}

async fn head(bench: &Bench) -> (i64, String) {
    let (seq, hash) = bench.store.audit_head().await.unwrap().unwrap();
    (seq, hash.to_string())
}

async fn verify(bench: &Bench, query: &str) -> Vec<Value> {
    let answer = bench.get(Role::Auditor, &format!("/audit/verify{query}")).await;
    assert!(answer.header("content-type").starts_with("text/event-stream"), "{answer:?}");
    let data = answer.text.lines().filter_map(|line| line.strip_prefix("data:"));
    data.map(|data| serde_json::from_str(data.trim()).unwrap()).collect()
}

#[tokio::test]
async fn entries_are_listed_newest_first_page_by_page_and_none_is_missing() {
    let bench = Bench::start().await;
    let factory = Factory::on(bench.store.clone()).await;
    for _ in 0..6 {
        factory.pass().await;
    }
    bench.session(Role::Auditor).await;
    let (last, _) = head(&bench).await;
    let (mut seen, mut path) = (Vec::new(), "/audit".to_owned());
    loop {
        let answer = page(&bench, &path).await;
        seen.extend(positions(&answer));
        match answer.between("href=\"/audit?before=", "\"") {
            Some(before) => path = format!("/audit?before={before}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=last).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn entries_are_found_by_person_station_batch_kind_subject_and_time() {
    let bench = Bench::start().await;
    let factory = Factory::on(bench.store.clone()).await;
    let (made, other) = (factory.pass().await, factory.fail("panic'ed").await);
    let act = Act { actor: "ada lovelace".to_owned(), reason: "a & b".to_owned() };
    bench.store.quarantine_unit(made.mac, &act, bench.now()).await.unwrap();
    let all: Vec<_> = bench.store.audit_entries(0, 1000).await.unwrap();
    let expect = |fits: &dyn Fn(&firstpass_domain::AuditEntry) -> bool| {
        all.iter().rev().filter(|entry| fits(entry)).map(|entry| entry.seq).collect::<Vec<_>>()
    };
    let of_run = |entry: &firstpass_domain::AuditEntry| entry.subject == made.run.to_string();
    let cases: [(String, Vec<i64>); 7] = [
        ("actor=ada%20lovelace".to_owned(), expect(&|entry| entry.actor == "ada lovelace")),
        ("kind=run.failed".to_owned(), expect(&|entry| entry.kind == AuditKind::RunFailed)),
        ("kind=unit.".to_owned(), expect(&|entry| entry.kind.name().starts_with("unit."))),
        (format!("subject={}", made.run), expect(&of_run)),
        (
            format!("subject={}&kind=run.passed", made.run),
            expect(&|entry| of_run(entry) && entry.kind == AuditKind::RunPassed),
        ),
        ("station=elsewhere".to_owned(), Vec::new()),
        (format!("subject={}&from=2099-01-01T00:00", other.run), Vec::new()),
    ];
    for (query, expected) in cases {
        assert_eq!(positions(&page(&bench, &format!("/audit?{query}")).await), expected, "{query}");
    }
    let batch = positions(&page(&bench, &format!("/audit?batch={}", factory.batch_name)).await);
    let by_id = positions(&page(&bench, &format!("/audit?batch={}", factory.batch.0)).await);
    assert!(!batch.is_empty() && batch == by_id && expect(&of_run).iter().all(|seq| batch.contains(seq)));
}

#[tokio::test]
async fn an_intact_log_verifies_to_its_head_and_knows_what_the_auditor_kept() {
    let bench = Bench::start().await;
    let factory = Factory::on(bench.store.clone()).await;
    factory.pass().await;
    bench.session(Role::Auditor).await;
    let (seq, hash) = head(&bench).await;
    let end = verify(&bench, "").await.pop().unwrap();
    assert_eq!(end, json!({ "event": "intact", "checked": seq, "head": hash, "known": null }));
    let third = bench.store.audit_entries(2, 1).await.unwrap().remove(0);
    let end = verify(&bench, &format!("?seq=3&hash={}", third.hash)).await.pop().unwrap();
    assert_eq!(end["known"], true);
    let end = verify(&bench, &format!("?seq=4&hash={}", third.hash)).await.pop().unwrap();
    assert_eq!((end["event"].as_str(), end["known"].as_bool()), (Some("intact"), Some(false)));
    let cut_off = verify(&bench, &format!("?seq=999999&hash={}", third.hash)).await.pop().unwrap();
    assert_eq!(cut_off["known"], false, "an entry that is gone is not there");
}

#[tokio::test]
async fn the_first_entry_that_is_wrong_is_named() {
    let cases = [
        ("UPDATE audit SET actor = 'nobody' WHERE seq = 5;", 5, "was changed"),
        ("DELETE FROM audit WHERE seq = 4;", 4, "is missing"),
        ("UPDATE audit SET kind = 'no.kind' WHERE seq = 6;", 6, "cannot be read"),
    ];
    for (sql, seq, why) in cases {
        let bench = Bench::start().await;
        Factory::on(bench.store.clone()).await.pass().await;
        bench.session(Role::Auditor).await;
        let before = bench.store.audit_entries(seq - 2, 1).await.unwrap().remove(0);
        tamper(bench.folder.path(), sql).await;
        let end = verify(&bench, "").await.pop().unwrap();
        assert_eq!((end["event"].as_str(), end["seq"].as_i64()), (Some("broken"), Some(seq)), "{sql}");
        assert_eq!(
            (end["checked"].as_i64(), end["head"].as_str()),
            (Some(seq - 1), Some(before.hash.to_string().as_str()))
        );
        assert!(end["why"].as_str().unwrap().contains(why), "{end}");
    }
}

#[tokio::test]
async fn an_entry_shows_whether_it_is_as_it_was_written() {
    let bench = Bench::start().await;
    let factory = Factory::on(bench.store.clone()).await;
    let made = factory.pass().await;
    let entry = bench.store.run(made.run).await.unwrap().unwrap().entries.pop().unwrap();
    let path = format!("/audit/{}", entry.seq);
    let answer = page(&bench, &path).await;
    assert!(answer.text.contains("as written") && answer.text.contains(&entry.hash.to_string()));
    assert!(answer.text.contains(&entry.prev.to_string()) && answer.text.contains("evidence_digest"));
    tamper(bench.folder.path(), &format!("UPDATE audit SET at = at + 1 WHERE seq = {};", entry.seq)).await;
    assert!(page(&bench, &path).await.text.contains("does not match its hash"));
    assert!(page(&bench, "/audit").await.text.contains("<span class=\"badge bad\">changed</span>"));
}

#[tokio::test]
async fn who_may_not_see_the_log_is_refused() {
    let bench = Bench::start().await;
    for path in ["/audit", "/audit/1", "/audit/verify"] {
        assert_eq!(bench.get(Role::Operator, path).await.status, 403, "{path}");
        assert_eq!(bench.ask("GET", path).send().await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused_with_a_remedy() {
    let bench = Bench::start().await;
    let long = format!("/audit?subject={}", "x".repeat(300));
    let paths = [
        "/audit?from=yesterday",
        "/audit?station=a%20b",
        "/audit?batch=no-such-order",
        "/audit?kind=nonsense",
        "/audit?before=x",
        "/audit?colour=red",
        "/audit/nonsense",
        "/audit/0",
        "/audit/verify?seq=1",
        "/audit/verify?seq=x&hash=y",
        &long,
    ];
    for path in paths {
        let answer = bench.get(Role::Auditor, path).await;
        assert_eq!(answer.status, 400, "{path}: {answer:?}");
        assert!(!answer.json()["remedy"].as_str().unwrap().is_empty(), "{path}");
    }
    assert_eq!(bench.get(Role::Auditor, "/audit/99999999").await.status, 404);
}

#[tokio::test]
async fn times_of_a_search_are_by_utc_and_end_before_the_second_one() {
    let bench = Bench::start().await;
    Factory::on(bench.store.clone()).await.pass().await;
    // The factory's clock begins at noon of 2026-01-01; the bench's own entries are of today.
    let all = bench.store.audit_entries(0, 1000).await.unwrap();
    let noon = Timestamp::from_micros(1_767_268_800_000_000);
    let second = noon.plus(std::time::Duration::from_secs(1));
    let expected: Vec<i64> = all.iter().rev().filter(|e| e.at >= noon && e.at < second).map(|e| e.seq).collect();
    let found = positions(&page(&bench, "/audit?from=2026-01-01T12:00&to=2026-01-01T12:00:01Z").await);
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
}
