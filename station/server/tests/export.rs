//! Exports over the server: archives that public tools unpack, read and check.

#![expect(clippy::unwrap_used, reason = "a test says with a panic that its claim is wrong")]

mod record;
mod support;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use bytes::Bytes;
use firstpass_domain::{AuditEntry, AuditKind, Policy, Role, Sha256Digest, Timestamp, audit::ChainVerifier};
use firstpass_store::{Act, AuditSearch, NewCertificate};
use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::Field,
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use record::Factory;
use support::Bench;

fn python() -> PathBuf {
    let fallback = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv");
    let venv = std::env::var_os("FIRSTPASS_VENV").map_or_else(fallback, PathBuf::from);
    let python = venv.join("bin/python");
    assert!(python.exists(), "no Python tools at {}: run ./test, which installs them", venv.display());
    python
}

/// An archive, unpacked and checked with public tools.
struct Unpacked {
    folder: TempDir,
    manifest: Value,
    archive: Bytes,
}

impl Unpacked {
    async fn of(bench: &Bench, role: Role, path: &str) -> Self {
        let answer = bench.get(role, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "application/zip");
        assert!(answer.header("content-disposition").starts_with("attachment; filename=\"firstpass-bench-1-"));
        let folder = tempfile::tempdir().unwrap();
        let archive = folder.path().join("export.zip");
        fs::write(&archive, &answer.bytes).unwrap();
        let status = Command::new(python()).args(["-m", "zipfile", "-e"]).arg(&archive).arg(folder.path()).status();
        assert!(status.unwrap().success(), "Python unpacks it");
        let check =
            Command::new("sha256sum").args(["--check", "--strict", "SHA256SUMS"]).current_dir(folder.path()).output();
        let check = check.unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
        let manifest = serde_json::from_slice(&fs::read(folder.path().join("manifest.json")).unwrap()).unwrap();
        Self { folder, manifest, archive: answer.bytes }
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder.path().join(name)).unwrap()
    }

    fn lines(&self, name: &str) -> Vec<Value> {
        let text = String::from_utf8(self.read(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn csv(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let bytes = self.read(name);
        csv::Reader::from_reader(&bytes[..]).deserialize().map(Result::unwrap).collect()
    }

    fn parquet(&self, name: &str) -> Vec<BTreeMap<String, Field>> {
        let reader = SerializedFileReader::new(Bytes::from(self.read(name))).unwrap();
        let rows = reader.get_row_iter(None).unwrap().map(Result::unwrap);
        rows.map(|row| row.get_column_iter().map(|(name, field)| (name.clone(), field.clone())).collect()).collect()
    }
}

async fn entries(bench: &Bench) -> Vec<AuditEntry> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = bench.store.audit_entries(after, 1000).await.unwrap();
        let Some(last) = page.last() else { return all };
        after = last.seq;
        all.extend(page);
    }
}

/// A bench with a record in which something happened, and the auditor logged in.
async fn bench() -> (Bench, Factory) {
    let bench = Bench::start_with(|settings, services| {
        services.uart_dir = settings.data_dir.as_ref().map(|folder| folder.join("uart"));
    })
    .await;
    let factory = Factory::on(bench.store.clone()).await;
    factory.pass().await;
    factory.fail("Guru Meditation Error").await;
    let act = Act { actor: "=cmd|' /C calc'!A0".to_owned(), reason: "'quoted, \"twice\"\nand broken".to_owned() };
    let made = factory.pass().await;
    bench.store.quarantine_unit(made.mac, &act, bench.now()).await.unwrap();
    bench.session(Role::Auditor).await;
    (bench, factory)
}

/// The body of the newest entry that tells of an export.
async fn noted(bench: &Bench) -> (AuditEntry, Value) {
    let search = AuditSearch { kinds: vec![AuditKind::ExportMade], limit: 1, ..AuditSearch::default() };
    let entry = bench.store.search_audit(&search).await.unwrap().remove(0);
    let body = serde_json::from_str(&entry.body).unwrap();
    (entry, body)
}

#[tokio::test]
async fn json_lines_of_the_whole_log_are_the_entries_and_their_chain_verifies_elsewhere() {
    let (bench, _) = bench().await;
    let before = entries(&bench).await;
    let export = Unpacked::of(&bench, Role::Auditor, "/export/audit?format=jsonl").await;
    let text = String::from_utf8(export.read("audit.jsonl")).unwrap();
    let read: Vec<AuditEntry> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, before);
    let mut verifier = ChainVerifier::new();
    read.iter().try_for_each(|entry| verifier.check(entry)).unwrap();
    let last = before.last().unwrap();
    assert_eq!(export.manifest["audit_head"], json!({ "seq": last.seq, "hash": last.hash }));
    assert_eq!(export.manifest["audit_chain"], json!({ "checked": "whole", "intact": true }));
    assert_eq!((&export.manifest["rows"], &export.manifest["filter"]), (&json!(before.len()), &json!({})));
    assert_eq!((&export.manifest["made_by"], &export.manifest["station"]), (&json!("auditor"), &json!("bench-1")));
}

#[tokio::test]
async fn csv_holds_every_value_and_no_formula() {
    let (bench, _) = bench().await;
    let before = entries(&bench).await;
    let export = Unpacked::of(&bench, Role::Auditor, "/export/audit?format=csv").await;
    let text = |cell: &str| cell.strip_prefix('\'').unwrap_or(cell).to_owned();
    let read: Vec<AuditEntry> = export
        .csv("audit.csv")
        .iter()
        .map(|row| AuditEntry {
            seq: row["seq"].parse().unwrap(),
            at: Timestamp::from_micros(row["at"].parse().unwrap()),
            station: text(&row["station"]).parse().unwrap(),
            actor: text(&row["actor"]),
            kind: AuditKind::ALL.iter().copied().find(|kind| kind.name() == row["kind"]).unwrap(),
            subject: text(&row["subject"]),
            body: text(&row["body"]),
            prev: row["prev"].parse().unwrap(),
            hash: row["hash"].parse().unwrap(),
        })
        .collect();
    assert_eq!(read, before);
    let raw = export.csv("audit.csv");
    assert!(raw.iter().any(|row| row["actor"] == "'=cmd|' /C calc'!A0"));
    assert!(raw.iter().flat_map(BTreeMap::values).all(|cell| !cell.starts_with(['=', '+', '-', '@', '\t', '\r'])));
    assert!(raw.iter().all(|row| row["at_utc"].starts_with("20") && row["at_utc"].ends_with('Z')));
    assert!(export.manifest["note"].as_str().unwrap().contains("spreadsheet"));
}

#[tokio::test]
async fn parquet_is_read_back_by_its_own_library_and_by_pyarrow() {
    let (bench, _) = bench().await;
    let before = entries(&bench).await;
    let export = Unpacked::of(&bench, Role::Auditor, "/export/audit?format=parquet").await;
    let rows = export.parquet("audit.parquet");
    assert_eq!(rows.len(), before.len());
    for (row, entry) in rows.iter().zip(&before) {
        assert_eq!(row["seq"], Field::Long(entry.seq));
        assert_eq!(row["at"], Field::TimestampMicros(entry.at.as_micros()));
        assert_eq!(row["body"], Field::Str(entry.body.clone()));
        assert_eq!(row["hash"], Field::Str(entry.hash.to_string()));
    }
    let script = "
import sys, json, pyarrow.parquet as pq
table = pq.read_table(sys.argv[1])
print(json.dumps({'types': [str(f.type) for f in table.schema], 'names': table.schema.names,
                  'rows': table.num_rows, 'hash': table.column('hash')[-1].as_py(),
                  'at': table.column('at')[0].as_py().isoformat(), 'nulls': sum(c.null_count for c in table.columns)}))";
    let file = export.folder.path().join("audit.parquet");
    let output = Command::new(python()).args(["-c", script]).arg(&file).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Value = serde_json::from_slice(&output.stdout).unwrap();
    let names = ["seq", "at", "station", "actor", "kind", "subject", "body", "prev", "hash"];
    let types =
        ["int64", "timestamp[us, tz=UTC]", "string", "string", "string", "string", "string", "string", "string"];
    assert_eq!((&read["names"], &read["types"]), (&json!(names), &json!(types)));
    assert_eq!((&read["rows"], &read["nulls"]), (&json!(before.len()), &json!(0)));
    assert_eq!(read["hash"], json!(before.last().unwrap().hash));
}

#[tokio::test]
async fn an_export_holds_what_the_search_finds_and_says_by_what_it_was_filtered() {
    let (bench, _) = bench().await;
    let path = "/export/audit?format=jsonl&kind=run.&from=2020-01-01";
    let export = Unpacked::of(&bench, Role::Auditor, path).await;
    let expected: Vec<i64> =
        entries(&bench).await.iter().rev().filter(|e| e.kind.name().starts_with("run.")).map(|e| e.seq).collect();
    let found: Vec<i64> = export.lines("audit.jsonl").iter().map(|line| line["seq"].as_i64().unwrap()).collect();
    assert_eq!(found, expected);
    assert_eq!(export.manifest["filter"], json!({ "kind": "run.", "from": "2020-01-01" }));
    assert_eq!(export.manifest["audit_chain"], json!({ "checked": "each", "intact": true }));
    assert_eq!(export.manifest["order"], "newest first");
}

#[tokio::test]
async fn units_and_runs_are_exported_with_the_same_names_in_every_format() {
    let (bench, factory) = bench().await;
    for what in ["units", "runs"] {
        let read =
            async |format: &str| Unpacked::of(&bench, Role::Auditor, &format!("/export/{what}?format={format}")).await;
        let (jsonl, csv, parquet) = (read("jsonl").await, read("csv").await, read("parquet").await);
        let (lines, cells) = (jsonl.lines(&format!("{what}.jsonl")), csv.csv(&format!("{what}.csv")));
        let rows = parquet.parquet(&format!("{what}.parquet"));
        assert_eq!((lines.len(), cells.len(), rows.len()), (3, 3, 3));
        for ((line, cells), row) in lines.iter().zip(&cells).zip(&rows) {
            let names: Vec<&String> = line.as_object().unwrap().keys().collect();
            let columns: Vec<&String> = cells.keys().filter(|name| !name.ends_with("_utc")).collect();
            let mut sorted = names.clone();
            sorted.sort();
            assert_eq!((&columns, row.keys().collect::<Vec<_>>()), (&sorted, sorted.clone()));
            for name in names {
                assert_eq!(cell_of(&line[name]), cells[name], "{what} {name}");
                assert_eq!(cell_of(&line[name]), field_text(&row[name]), "{what} {name}");
            }
        }
    }
    let runs = Unpacked::of(&bench, Role::Engineer, "/export/runs?format=jsonl").await.lines("runs.jsonl");
    assert!(runs.iter().all(|run| run["batch"] == json!(factory.batch_name) && run["recipe"] == json!(factory.recipe)));
    assert_eq!(runs.iter().filter(|run| run["diagnosis"] == "boot_loop").count(), 1);
    let held = Unpacked::of(&bench, Role::Auditor, "/export/units?format=jsonl&standing=quarantined").await;
    assert_eq!(held.lines("units.jsonl").len(), 1);
}

fn cell_of(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn field_text(field: &Field) -> String {
    match field {
        Field::Null => String::new(),
        Field::Str(text) => text.clone(),
        Field::Long(number) | Field::TimestampMicros(number) => number.to_string(),
        Field::Bool(is) => is.to_string(),
        other => panic!("no column holds {other:?}"),
    }
}

#[tokio::test]
async fn what_a_search_finds_is_exported_and_nothing_else_also_page_by_page() {
    let (bench, factory) = bench().await;
    let (made, other) = (factory.pass().await, factory.pass().await);
    let path = format!("/export/units?format=jsonl&q={}", made.device_id);
    let export = Unpacked::of(&bench, Role::Auditor, &path).await;
    let found: Vec<Value> = export.lines("units.jsonl").into_iter().map(|unit| unit["mac"].clone()).collect();
    assert!(found.contains(&json!(made.mac)) && !found.contains(&json!(other.mac)), "{found:?}");
    assert_eq!(export.manifest["filter"], json!({ "standing": null, "q": made.device_id }));
    let held = Unpacked::of(&bench, Role::Auditor, "/export/units?format=jsonl&q=dev-&standing=quarantined").await;
    assert_eq!(held.lines("units.jsonl").len(), 1);
    let all = Unpacked::of(&bench, Role::Auditor, "/export/units?format=jsonl&q=dev-").await;
    assert_eq!(all.lines("units.jsonl").len(), 5);
    let none = Unpacked::of(&bench, Role::Auditor, "/export/units?format=jsonl&q=zzzz").await;
    assert_eq!(none.lines("units.jsonl").len(), 0);
    let page = bench.get(Role::Auditor, "/units?q=dev-&standing=passed").await;
    assert!(page.text.contains("/export/units?format=csv&amp;q=dev-&amp;standing=passed"), "{page:?}");
}

#[tokio::test]
async fn an_export_refuses_what_it_would_not_choose_by() {
    let (bench, _) = bench().await;
    for (path, field) in [
        ("/export/runs?format=csv&standing=failed", "standing"),
        ("/export/runs?format=csv&q=zzz", "q"),
        ("/export/runs?format=csv&after=60:55:f9:00:00:0a", "after"),
        ("/export/units?format=csv&after=60:55:f9:00:00:0a", "after"),
        ("/export/audit?format=csv&before=10", "before"),
        ("/export/audit?format=csv&kind=run.&before=10", "before"),
    ] {
        let refused = bench.get(Role::Auditor, path).await;
        let problem = refused.json();
        assert_eq!((refused.status, problem["code"].as_str()), (400, Some("filter_not_applied")), "{path}");
        assert!(refused.text.contains(&format!("Nothing is chosen by {field} here.")), "{problem}");
    }
}

#[tokio::test]
async fn a_manifest_says_of_when_its_rows_are() {
    let (bench, _) = bench().await;
    for path in ["/export/units?format=csv", "/export/runs?format=csv"] {
        let manifest = Unpacked::of(&bench, Role::Auditor, path).await.manifest;
        let (begin, end) = (&manifest["audit_head"], &manifest["audit_head_at_end"]);
        assert!(end["seq"].as_i64().unwrap() >= begin["seq"].as_i64().unwrap(), "{manifest}");
        let moment = manifest["moment"].as_str().unwrap();
        assert!(moment.contains("between audit_head and audit_head_at_end"), "{manifest}");
        let entry = bench.store.audit_entries(end["seq"].as_i64().unwrap() - 1, 1).await.unwrap().remove(0);
        assert_eq!(end["hash"], json!(entry.hash));
    }
    for path in ["/export/audit?format=csv", "/export/audit?format=csv&kind=run."] {
        let manifest = Unpacked::of(&bench, Role::Auditor, path).await.manifest;
        assert_eq!(manifest["moment"], "as of audit_head");
    }
}

#[tokio::test]
async fn a_units_export_has_the_entries_of_all_its_certificates() {
    let (bench, factory) = bench().await;
    let made = factory.pass().await;
    let act = Act { actor: "ada".to_owned(), reason: "spare".to_owned() };
    let serials: Vec<String> = (0..510_u32).map(|n| format!("{n:040x}")).collect();
    for serial in &serials {
        let certificate = NewCertificate {
            serial: serial.clone(),
            fingerprint: Sha256Digest::of(serial.as_bytes()),
            pem: "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".to_owned(),
            subject: "spare".to_owned(),
            not_before: bench.now(),
            not_after: bench.now(),
            mac: Some(made.mac),
        };
        bench.store.add_certificate(&certificate, &act, bench.now()).await.unwrap();
    }
    let export = Unpacked::of(&bench, Role::Auditor, &format!("/export/units/{}", made.mac)).await;
    let entries = export.lines("audit.jsonl");
    let told = |serial: &&String| entries.iter().any(|entry| entry["subject"] == json!(serial));
    assert_eq!(serials.iter().filter(told).count(), serials.len());
    assert!(entries.iter().any(|entry| entry["subject"] == json!(made.certificate)));
    assert_eq!(export.manifest["incomplete"], Value::Null);
}

#[tokio::test]
async fn every_export_is_in_the_log_with_its_person_and_the_hash_of_what_was_sent() {
    let (bench, _) = bench().await;
    let export = Unpacked::of(&bench, Role::Engineer, "/export/audit?format=csv&actor=line").await;
    let (entry, body) = noted(&bench).await;
    assert_eq!((entry.actor.as_str(), entry.subject.as_str()), ("engineer", "audit"));
    assert_eq!(body["sha256"], json!(Sha256Digest::of(&export.archive)));
    assert_eq!((&body["bytes"], &body["complete"]), (&json!(export.archive.len()), &json!(true)));
    assert_eq!((&body["filter"], &body["format"]), (&json!({ "actor": "line" }), &json!("csv")));
    assert_eq!(body["files"]["audit.csv"], json!(Sha256Digest::of(&export.read("audit.csv"))));
    assert_eq!(body["rows"], export.manifest["rows"]);
}

#[tokio::test]
async fn a_head_request_takes_nothing_out_and_notes_nothing() {
    let (bench, _) = bench().await;
    let before = bench.store.audit_head().await.unwrap();
    let answer = bench.ask_as(Role::Auditor, "HEAD", "/export/audit?format=csv").await.send().await;
    assert_eq!((answer.status, answer.bytes.len()), (200, 0));
    assert_eq!(bench.store.audit_head().await.unwrap(), before);
}

/// Puts more on record than any buffer between here and there holds, and nothing that packs well.
async fn fill(bench: &Bench) {
    let act = Act { actor: "ada".to_owned(), reason: String::new() };
    for n in 0_u32..24 {
        let mut digest = Sha256Digest::of(&n.to_be_bytes());
        let mut text = String::new();
        for _ in 0..16_384 {
            digest = Sha256Digest::of(digest.bytes());
            text.push_str(&digest.to_string());
        }
        bench.store.note(AuditKind::LabelPrinted, "x", json!({ "text": text }), &act, bench.now()).await.unwrap();
    }
}

/// A client of an export that has read the beginning of it.
async fn begin(bench: &Bench) -> tokio::net::TcpStream {
    let session = bench.session(Role::Auditor).await;
    let address = bench.url.trim_start_matches("http://").to_owned();
    let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request =
        format!("GET /export/audit?format=jsonl HTTP/1.1\r\nhost: {address}\r\ncookie: {}\r\n\r\n", session.cookie);
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut some = [0; 512];
    assert!(socket.read(&mut some).await.unwrap() > 0);
    socket
}

/// What is noted of an export in the end.
async fn end(bench: &Bench) -> (AuditEntry, Value) {
    let noted = async {
        loop {
            let search = AuditSearch { kinds: vec![AuditKind::ExportMade], limit: 1, ..AuditSearch::default() };
            if !bench.store.search_audit(&search).await.unwrap().is_empty() {
                return noted(bench).await;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(60), noted).await.expect("the export ends")
}

#[tokio::test]
async fn an_export_whose_client_goes_away_is_noted_as_not_complete() {
    let (bench, _) = bench().await;
    fill(&bench).await;
    drop(begin(&bench).await);
    let (entry, body) = end(&bench).await;
    assert_eq!((entry.actor.as_str(), &body["complete"], &body["sha256"]), ("auditor", &json!(false), &Value::Null));
}

#[tokio::test]
async fn an_export_of_which_nothing_is_taken_is_noted_from_its_beginning_and_ends() {
    let bench = Bench::start_with(|settings, _| settings.limits.write_timeout_s = 1).await;
    fill(&bench).await;
    let _stalled = begin(&bench).await;
    let search = AuditSearch { kinds: vec![AuditKind::ExportBegun], limit: 2, ..AuditSearch::default() };
    let begun = bench.store.search_audit(&search).await.unwrap();
    let [entry] = begun.as_slice() else { panic!("it is noted before its first byte: {begun:?}") };
    assert_eq!((entry.actor.as_str(), entry.subject.as_str()), ("auditor", "audit"));
    let body: Value = serde_json::from_str(&entry.body).unwrap();
    assert_eq!((&body["what"], &body["format"]), (&json!("audit"), &json!("jsonl")));
    assert_eq!(end(&bench).await.1["complete"], json!(false));
}

#[tokio::test]
async fn a_units_export_lets_its_verdict_be_computed_again_elsewhere() {
    let (bench, factory) = bench().await;
    let made = factory.pass().await;
    Factory::keep_log(&bench.folder.path().join("uart"), made.run, b"hello\x00\xff\n");
    let export = Unpacked::of(&bench, Role::Auditor, &format!("/export/units/{}", made.mac)).await;
    assert_eq!(export.read(&format!("uart-{}.log", made.run)), b"hello\x00\xff\n");
    let run = export.lines("runs.jsonl").remove(0);
    // The recipe's hash covers its text and its policy.
    let policy: Policy = serde_json::from_value(run["policy"].clone()).unwrap();
    let recipe = policy.recipe_hash(run["recipe_text"].as_str().unwrap());
    assert_eq!((json!(recipe), &run["state"]), (run["recipe"].clone(), &json!("passed")));
    // The evidence's digest covers time and text of every fact.
    let mut digested = b"firstpass-evidence-v1".to_vec();
    let text = String::from_utf8(export.read("evidence.jsonl")).unwrap();
    for line in text.lines() {
        let at: i64 = serde_json::from_str::<Value>(line).unwrap()["at"].as_i64().unwrap();
        let fact = line.split_once("\"fact\":").unwrap().1.strip_suffix('}').unwrap();
        digested.extend(at.to_be_bytes());
        digested.extend((fact.len() as u64).to_be_bytes());
        digested.extend(fact.as_bytes());
    }
    let digest = json!(Sha256Digest::of(&digested));
    assert_eq!(digest, run["evidence_digest"]);
    let audit = export.lines("audit.jsonl");
    let end = audit.iter().find(|entry| entry["kind"] == "run.passed").unwrap();
    let body: Value = serde_json::from_str(end["body"].as_str().unwrap()).unwrap();
    assert_eq!(body["evidence_digest"], digest);
    let unit: Value = serde_json::from_slice(&export.read("unit.json")).unwrap();
    assert_eq!((&unit["standing"], &unit["sessions"][0]["device_id"]), (&json!("passed"), &json!(made.device_id)));
    assert!(!String::from_utf8_lossy(&export.read("unit.json")).contains("verifier"));
    assert_eq!(noted(&bench).await.0.subject, made.mac.to_string());
}

#[tokio::test]
async fn who_may_not_export_is_refused_and_what_is_no_export_has_a_remedy() {
    let (bench, _) = bench().await;
    for path in ["/export/audit?format=csv", "/export/units?format=csv", "/export/runs?format=csv"] {
        assert_eq!(bench.get(Role::Operator, path).await.status, 403, "{path}");
    }
    let cases = [
        ("/export/audit", 400),
        ("/export/audit?format=xml", 400),
        ("/export/audit?format=csv&from=x", 400),
        ("/export/units?format=csv&standing=well", 400),
        ("/export/units/nonsense", 400),
        ("/export/units/60:55:f9:ff:ff:ff", 404),
    ];
    for (path, status) in cases {
        let answer = bench.get(Role::Auditor, path).await;
        assert_eq!(answer.status, status, "{path}: {answer:?}");
        assert!(!answer.json()["remedy"].as_str().unwrap().is_empty(), "{path}");
    }
}
