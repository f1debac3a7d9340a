//! `station users`: people are added, changed and let in again without the dashboard.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::{Value, json};

use crate::program::station;

const PASSWORD: &str = "correct horse battery";

/// Runs `station users` with a line on its standard input; returns the exit code and what was printed.
fn users(folder: &Path, arguments: &[&str], line: &str) -> (i32, Vec<Value>) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_station"));
    command.args(["--json", "--data", "data", "users"]).args(arguments).current_dir(folder);
    command.env_remove("FIRSTPASS_DATA").env_remove("FIRSTPASS_CONFIG").env("USER", "ada").env("HOME", folder);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    writeln!(child.stdin.take().unwrap(), "{line}").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for said in [&text, &String::from_utf8(output.stderr).unwrap()] {
        assert!(!said.contains(line), "what was typed is shown: {said}");
    }
    (output.status.code().unwrap(), text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

#[test]
fn people_are_added_and_let_in_again_on_the_stations_own_machine() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let added = users(folder, &["add", "Grace", "--role", "admin", "--name", "Grace Hopper"], PASSWORD);
    assert_eq!(added, (0, vec![json!({ "event": "user_added", "login": "grace" })]));
    let (code, problem) = users(folder, &["add", "grace", "--role", "admin"], PASSWORD);
    assert_eq!((code, problem[0]["problem"]["code"].as_str()), (2, Some("login_taken")));
    assert_eq!(users(folder, &["set-password", "grace"], "another good password").0, 0);
    let (code, problem) = users(folder, &["set-password", "grace"], "short");
    assert_eq!((code, problem[0]["problem"]["code"].as_str()), (2, Some("password_weak")));
    let (code, problem) = users(folder, &["disable", "grace"], "-- nothing is read --");
    assert_eq!((code, problem[0]["problem"]["code"].as_str()), (2, Some("last_admin")));
    let listed = station(folder, &["--json", "--data", "data", "users", "list"]);
    let [grace] = listed.objects().try_into().unwrap();
    assert_eq!(
        (grace["login"].as_str(), grace["role"].as_str(), grace["enabled"].as_bool()),
        (Some("grace"), Some("admin"), Some(true))
    );
    let exported = station(folder, &["--json", "--data", "data", "audit", "export"]);
    let kinds: Vec<String> =
        exported.objects().iter().filter_map(|entry| entry["kind"].as_str().map(Into::into)).collect();
    assert_eq!(kinds, ["user.added", "credential.set"], "each change stands in the log: {}", exported.stdout);
}

#[test]
fn a_token_is_printed_once_and_never_does_more_than_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(users(folder, &["add", "mes", "--role", "auditor", "--no-password"], "-- nothing is read --").0, 0);
    let token = ["token", "mes", "--name", "mes-2", "--action", "see_units", "--days", "30"];
    let (code, issued) = users(folder, &token, "-- nothing is read --");
    assert_eq!(code, 0);
    assert!(issued[0]["token"].as_str().unwrap().starts_with("fp_"), "{issued:?}");
    let more = ["token", "mes", "--name", "more", "--action", "run_line"];
    let (code, problem) = users(folder, &more, "-- nothing is read --");
    assert_eq!((code, problem[0]["problem"]["code"].as_str()), (2, Some("token_actions")));
}
