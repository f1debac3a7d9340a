//! The commands on a record and a CA: empty folders, a chain made by the store, certificates, the machine's check.

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

use firstpass_authority::{Authority, Settings};
use firstpass_domain::{StationId, Timestamp, audit::ChainVerifier};
use firstpass_store::{SqliteStore, Store};
use tempfile::TempDir;

use crate::program::{Answer, station, tree};

/// How often the record was opened: each time is an audit entry. More than one page of the commands.
const ENTRIES: i64 = 1500;

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap())
}

/// A data folder with a CA and a record that knows no unit.
async fn data_folder(entries: i64) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    Authority::open_or_create(&folder.path().join("ca"), Settings::default(), now()).unwrap();
    let name = StationId::new("s1").unwrap();
    let store = SqliteStore::open(folder.path().join("record.sqlite"), name).await.unwrap();
    for _ in 0..entries {
        store.start_station(now()).await.unwrap();
    }
    store.close().await;
    folder
}

fn on(folder: &Path, arguments: &[&str]) -> Answer {
    station(folder, &[arguments, &["--data", "."]].concat())
}

#[test]
fn reading_where_nothing_is_makes_nothing_and_says_where_it_looked() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["audit", "verify"][..],
        &["audit", "export"],
        &["audit", "replay"],
        &["units", "list"],
        &["units", "show", "62:55:f9:00:00:01"],
        &["ca", "revoke", "00", "--reason", "lost"],
    ] {
        on(folder.path(), arguments).refused(&["[no_record]", "./record.sqlite", "--data"]);
        let answer = on(folder.path(), &[arguments, &["--json"]].concat());
        assert_eq!((answer.code, answer.problem_code().as_str()), (2, "no_record"));
    }
    for arguments in [&["ca", "show"][..], &["ca", "issue", "alice"]] {
        on(folder.path(), arguments).refused(&["[no_ca]", "./ca/root.pem"]);
    }
    assert!(tree(folder.path()).is_empty());
}

#[tokio::test]
async fn a_long_chain_verifies_replays_and_is_exported_whole() {
    let folder = data_folder(ENTRIES).await;
    let [summary] = on(folder.path(), &["audit", "verify", "--json"]).objects().try_into().unwrap();
    assert_eq!((&summary["entries"], &summary["intact"]), (&ENTRIES.into(), &true.into()));

    let answer = on(folder.path(), &["audit", "export", "--out", "log.jsonl", "--json"]);
    let [exported] = answer.objects().try_into().unwrap();
    assert_eq!((&exported["entries"], &exported["head"]), (&ENTRIES.into(), &summary["head"]));
    let mut verifier = ChainVerifier::new();
    for line in fs::read_to_string(folder.path().join("log.jsonl")).unwrap().lines() {
        verifier.check(&serde_json::from_str(line).unwrap()).unwrap();
    }
    assert_eq!((verifier.checked(), summary["head"].as_str()), (ENTRIES, Some(verifier.head().to_string().as_str())));

    let answer = on(folder.path(), &["audit", "replay", "--json"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (0, "{\"event\":\"summary\",\"replayed\":0,\"differing\":0}\n"));
    on(folder.path(), &["audit", "export", "--out", "gone/log.jsonl"]).refused(&["[out_unwritable]"]);
}

#[tokio::test]
async fn a_reader_that_goes_away_ends_the_export_quietly() {
    let folder = data_folder(ENTRIES).await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_station"));
    command.args(["audit", "export", "--data"]).arg(folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut first = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.starts_with("{\"seq\":1,"), "{first}");
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8(output.stderr).unwrap().as_str()), (Some(0), ""));
}

#[tokio::test]
async fn a_unit_that_is_not_on_record_and_a_mac_that_is_none_are_refused() {
    let folder = data_folder(1).await;
    assert_eq!(on(folder.path(), &["units", "list", "--json"]).stdout, "");
    on(folder.path(), &["units", "show", "62:55:f9:00:00:01"]).refused(&["[unit_unknown]", "62:55:f9:00:00:01"]);
    on(folder.path(), &["units", "show", "nonsense"]).refused(&["nonsense", "MAC address"]);
    on(folder.path(), &["units", "list", "--passed", "--failed"]).refused(&["cannot be used with"]);
}

#[tokio::test]
async fn a_certificate_is_issued_once_and_revoked_once() {
    let folder = data_folder(1).await;
    let [issued] = on(folder.path(), &["ca", "issue", "alice", "--json"]).objects().try_into().unwrap();
    let serial = issued["serial"].as_str().unwrap();
    let mode = fs::metadata(folder.path().join("alice.key.pem")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let key = fs::read(folder.path().join("alice.key.pem")).unwrap();
    on(folder.path(), &["ca", "issue", "alice"]).refused(&["[out_exists]", "never overwritten"]);
    assert_eq!(fs::read(folder.path().join("alice.key.pem")).unwrap(), key);
    on(folder.path(), &["ca", "issue", "al ice"]).refused(&["[name_invalid]"]);
    on(folder.path(), &["ca", "issue", "bob", "--out", "gone"]).refused(&["[out_missing]"]);

    let revoke =
        |serial: &str| on(folder.path(), &["ca", "revoke", serial, "--reason", "lost", "--by", "eve", "--json"]);
    assert_eq!((revoke("00ff").code, revoke("00ff").problem_code().as_str()), (2, "certificate_unknown"));
    for newly in [true, false] {
        let answer = revoke(&serial.to_uppercase());
        assert_eq!((answer.code, &answer.objects()[0]["newly_revoked"]), (0, &newly.into()));
    }
    let mut openssl = Command::new("openssl");
    openssl.args(["crl", "-noout", "-text", "-in"]).arg(folder.path().join("ca/crl.pem"));
    let list = openssl.output().unwrap_or_else(|error| panic!("openssl: {error}; run ./test, which installs it"));
    assert!(String::from_utf8(list.stdout).unwrap().contains(&serial.to_uppercase()));
    let shown = on(folder.path(), &["ca", "show", "--json"]).objects();
    assert_eq!((shown.len(), &shown[2]["subject"], &shown[2]["revoked_reason"]), (3, &"alice".into(), &"lost".into()));
    assert!(on(folder.path(), &["ca", "show", "--root-pem"]).stdout.starts_with("-----BEGIN CERTIFICATE-----\n"));
}

#[tokio::test]
async fn the_doctor_finds_an_exposed_key_and_a_taken_port() {
    let folder = data_folder(ENTRIES).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let config = format!(
        "[gateway]\nhttps_listen = \"{address}\"\nmqtt_listen = \"127.0.0.1:0\"\n[server]\nlisten = \"127.0.0.1:0\"\n"
    );
    fs::write(folder.path().join("station.toml"), config).unwrap();
    fs::set_permissions(folder.path().join("ca/root.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let answer = on(folder.path(), &["doctor", "--json", "--config", "station.toml"]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    let objects = answer.objects();
    let failed: Vec<_> = objects.iter().filter(|check| check["state"] == "fail").map(|check| &check["check"]).collect();
    assert!(failed.contains(&&"CA keys".into()) && failed.contains(&&"HTTPS port".into()), "{failed:?}");
    let record = objects.iter().find(|check| check["check"] == "record").unwrap();
    assert_eq!(record["what"], format!("{ENTRIES} audit entries, the chain of the last 1000 is intact"));
}
