//! Secrets: refused where they are written out, taken from where they lie, warned about where others may read them, and
//! never shown.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use crate::{
    product::{change, product},
    program::{Answer, station},
};

const RECIPE: &str = include_str!("../../../../configs/recipes/demo-nvs.toml");
const SSID: &str = "wifi_ssid = \"factory-line\"";
const SECRET: &str = "correct-horse-battery";

fn check(folder: &Path) -> Answer {
    let answer = station(folder, &["recipe", "check", "recipe.toml", "--json"]);
    assert!(!answer.stdout.contains(SECRET) && !answer.stderr.contains(SECRET), "{}{}", answer.stdout, answer.stderr);
    answer
}

/// A product whose passphrase lies in a file of these rights.
fn with_file(mode: u32) -> tempfile::TempDir {
    let folder = product(RECIPE);
    change(folder.path(), RECIPE, (SSID, "wifi_pass = { file = \"wifi.txt\" }"));
    let file = folder.path().join("wifi.txt");
    fs::write(&file, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    folder
}

fn warnings(answer: &Answer) -> Vec<String> {
    let warned = answer.objects().into_iter().filter(|object| object["event"] == "warning");
    warned.map(|object| object["problem"]["why"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_secret_that_is_written_out_is_refused_and_not_shown() {
    let folder = product(RECIPE);
    for written in [
        format!("wifi_pass = \"{SECRET}\""),
        format!("wifi_pass = '''{SECRET}'''"),
        format!("extra.api_token = {{ type = \"str\", value = \"{SECRET}\" }}"),
        format!("wifi_ssid = \"dht_{SECRET}\""),
        format!("# wifi_pass was dht_{SECRET}"),
        format!("wifi_password = \"{SECRET}\""),
        format!("wifi_pass = \"{SECRET}"),
    ] {
        change(folder.path(), RECIPE, (SSID, &written));
        let answer = check(folder.path());
        let [object] = answer.objects().try_into().unwrap();
        assert_eq!((answer.code, &object["problem"]["code"]), (2, &"secret_in_file".into()), "{written}: {object}");
        assert_eq!(object["line"], 21, "{object}");
        assert!(object["problem"]["remedy"].as_str().unwrap().contains("{ env = "), "{object}");
    }
    change(folder.path(), RECIPE, (SSID, "wifi_pass = 12345678"));
    let answer = check(folder.path());
    assert!(answer.code == 2 && !answer.stdout.contains("12345678"), "{}", answer.stdout);
}

#[test]
fn a_secret_is_taken_from_environment_file_or_credential() {
    let folder = with_file(0o600);
    assert_eq!((check(folder.path()).code, warnings(&check(folder.path()))), (0, Vec::new()));
    for (source, code) in [("env = \"HOME\"", 0), ("env = \"FIRSTPASS_NOT_SET\"", 2), ("credential = \"wifi\"", 2)] {
        change(folder.path(), RECIPE, (SSID, &format!("wifi_pass = {{ {source} }}")));
        let answer = check(folder.path());
        assert_eq!(answer.code, code, "{source}: {}", answer.stdout);
        assert!(code == 0 || answer.stdout.contains("secret_missing"), "{}", answer.stdout);
    }
    change(folder.path(), RECIPE, (SSID, "wifi_pass = { keyring = \"wifi\" }"));
    assert!(check(folder.path()).stdout.contains("secret_in_file"));
}

#[test]
fn a_credential_of_the_service_is_read_from_its_folder() {
    let folder = product(RECIPE);
    change(folder.path(), RECIPE, (SSID, "wifi_pass = { credential = \"wifi\" }"));
    let credentials = tempfile::tempdir().unwrap();
    fs::write(credentials.path().join("wifi"), SECRET).unwrap();
    fs::set_permissions(credentials.path().join("wifi"), fs::Permissions::from_mode(0o400)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_station"));
    command.args(["recipe", "check", "recipe.toml"]).current_dir(folder.path());
    let output = command.env("CREDENTIALS_DIRECTORY", credentials.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_secret_file_that_others_may_read_is_warned_about() {
    let folder = with_file(0o644);
    let answer = check(folder.path());
    let [why] = warnings(&answer).try_into().unwrap();
    assert!(answer.code == 0 && why.contains("wifi.txt has mode 644"), "{why}");
}

#[test]
fn a_secret_file_that_git_tracks_is_warned_about_and_an_untracked_one_is_not() {
    let folder = with_file(0o600);
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        let output = git.args(arguments).current_dir(folder.path()).output();
        assert!(output.unwrap_or_else(|error| panic!("git: {error}")).status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    assert!(warnings(&check(folder.path())).is_empty());
    git(&["add", "wifi.txt"]);
    let [why] = warnings(&check(folder.path())).try_into().unwrap();
    assert!(why.contains("git tracks ./wifi.txt") || why.contains("git tracks wifi.txt"), "{why}");
}

#[test]
fn a_secret_in_the_configuration_is_refused_and_not_shown() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("station.toml"), format!("[station]\nname = \"s\"\napi_key = \"{SECRET}\"\n"))
        .unwrap();
    let answer = station(folder.path(), &["units", "list", "--config", "station.toml"]);
    answer.refused(&["[secret_in_file]", "station.toml, line 3, column 11", "api_key", "{ credential = "]);
    assert!(!answer.stderr.contains(SECRET));
}
