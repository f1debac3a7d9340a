//! No secret of a unit is found on the station's side: not in the record, the logs, the exports or what was printed. The
//! firmware is of the worst kind: it prints its code, its password, its token and its private key on its UART.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use tests::{Gateway, Injection, Outcome, Process, Product, Secrets, Station, Traces, VirtualUnit, is_code};

const MAC: &str = "62:55:f9:00:70:01";
/// The passphrase of the factory's network, and the name under which it is found.
const WIFI_PASS: &str = "correct-horse-battery-staple";
const WIFI_NAME: &str = "FACTORY_WIFI_PASS";

#[test]
fn a_unit_with_a_code_leaves_no_secret_behind() {
    let left = Left::by_two_runs(Injection::Nvs, "boot:begun", "env");
    // The first run died before the unit had used its code, so there the code is seen once.
    let codes: Vec<&String> = left.secrets.iter().filter(|(key, _)| key == "auth_code").map(|(_, code)| code).collect();
    assert!(matches!(codes[..], [code] if is_code(code.as_bytes(), &left.codes)), "the search would find a code");
    left.assert_clean(&["mqtt_password", "dht", "key_pem", "wifi_pass"]);
}

#[test]
fn a_unit_with_a_session_leaves_no_secret_behind() {
    Left::by_two_runs(Injection::Session, "flash:ended", "file").assert_clean(&["mqtt_password", "dht", "key_pem"]);
}

#[test]
fn a_unit_with_a_code_in_its_image_leaves_no_secret_behind() {
    Left::by_two_runs(Injection::Image, "boot:begun", "credential").assert_clean(&["mqtt_password", "dht"]);
}

#[test]
fn a_unit_of_two_stages_leaves_no_secret_behind() {
    Left::by_two_runs(Injection::TwoStage, "boot:begun", "env").assert_clean(&["mqtt_password", "dht"]);
}

#[test]
fn a_unit_that_keeps_its_session_leaves_no_secret_behind() {
    let left = Left::by(Injection::Nvs, &[], "credential", &[("max_attempts = 3", "known_unit = \"keep\"")]);
    assert_eq!(left.codes.len(), 1, "the second run made nothing");
    left.assert_clean(&["mqtt_password", "dht", "key_pem"]);
}

#[test]
fn a_unit_that_is_updated_leaves_no_secret_behind() {
    Left::by_two_runs(Injection::Update, "provision:ended", "file").assert_clean(&["mqtt_password", "dht", "key_pem"]);
}

/// Everything that the station left, and every secret that its unit had.
struct Left {
    traces: Traces,
    authority: Traces,
    authority_keys: Vec<String>,
    secrets: BTreeSet<(String, String)>,
    /// Hashes of the codes.
    codes: BTreeSet<String>,
}

impl Left {
    /// A run that dies at `place`, one that passes, and every command that prints the record; all with all logs on.
    fn by_two_runs(injection: Injection, place: &str, source: &str) -> Self {
        let left = Self::by(injection, &["--crash-at", place], source, &[]);
        assert_eq!(left.codes.len(), if injection == Injection::Session { 0 } else { 2 });
        left
    }

    /// The same with these options of the first run, and a recipe with these changes.
    fn by(injection: Injection, first: &[&str], source: &str, edits: &[(&str, &str)]) -> Self {
        let (station, product) = (Station::new(), Product::new());
        let unit = VirtualUnit::start(product.folder(), "A1", MAC, &["--fault", "prints-secrets"]);
        let pass = format!("wifi_ssid = \"factory-line\"\nwifi_pass = {{ {source} = \"{WIFI_NAME}\" }}");
        let recipe = product.recipe(injection, &[&[("wifi_ssid = \"factory-line\"", pass.as_str())], edits].concat());
        fs::write(product.folder().join(WIFI_NAME), WIFI_PASS).unwrap();
        // One address for both runs: a session that is kept names it.
        let gateway = Gateway::of(&station);
        let flash = |options: &[&str]| {
            let mut command = station.flash_command_at(&gateway, &recipe, &[&unit], options);
            with_passphrase(&mut command, source, product.folder());
            Process::start(&mut command).finish()
        };
        let mut printed = vec![flash(first)];
        let mut secrets = secrets_of(&unit);
        printed.push(flash(&[]).expect_code(0).expect_counts(1, 0));
        secrets.extend(secrets_of(&unit));
        assert_printed(&station);
        printed.extend(everything_told(&station, &recipe, source, product.folder()));
        let codes = station.audit().of_kind("code.issued").into_iter();
        let codes: BTreeSet<String> = codes.map(|(_, body)| body["code"].as_str().unwrap().to_owned()).collect();
        let is_authority = |place: &Path| place.starts_with(station.data().join("ca"));
        let authority_keys = ["root.key", "intermediate.key", "server.key"].map(|name| {
            let bundle = fs::read_to_string(station.data().join("ca").join(name)).unwrap();
            bundle.split_once("-----END PRIVATE KEY").expect("a key").0.to_owned()
        });
        Self {
            traces: Traces::of(&station, &printed),
            authority: Traces::of(&station, &printed).without(is_authority),
            authority_keys: authority_keys.into(),
            secrets,
            codes,
        }
    }

    #[track_caller]
    fn assert_clean(&self, keys: &[&str]) {
        for key in keys {
            assert!(self.secrets.iter().any(|(name, _)| name == key), "the unit has a {key}");
        }
        for (key, secret) in &self.secrets {
            self.traces.assert_free_of(key, secret);
        }
        self.traces.assert_free_of("the passphrase", WIFI_PASS);
        self.traces.assert_no_code(&self.codes);
        // The authority's keys stand in its own folder, and nowhere else.
        for key in &self.authority_keys {
            self.authority.assert_free_of("a key of the authority", key);
        }
    }
}

/// Where the recipe looks for the passphrase; and all logs are on.
fn with_passphrase(command: &mut Command, source: &str, folder: &Path) {
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "full").env("CREDENTIALS_DIRECTORY", folder);
    if source == "env" {
        command.env(WIFI_NAME, WIFI_PASS);
    }
}

/// The firmware has told its secrets, and what it told was taken out.
#[track_caller]
fn assert_printed(station: &Station) {
    let logs = fs::read_dir(station.data().join("uart")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
    let logs: String = logs.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect();
    for key in ["wifi_pass", "mqtt_password", "dht"] {
        assert!(logs.contains(&format!("app: {key}=[secret]")), "the unit printed its {key}: {logs}");
    }
}

/// Every command that tells of what happened, for people and for programs.
fn everything_told(station: &Station, recipe: &Path, source: &str, folder: &Path) -> Vec<Outcome> {
    let recipe = recipe.display().to_string();
    let log = fs::read_dir(station.data().join("uart")).unwrap().next().unwrap().unwrap().path().display().to_string();
    let commands: [&[&str]; 11] = [
        &["units", "show", MAC],
        &["units", "list"],
        &["batch", "list"],
        &["serials", "list"],
        &["audit", "verify"],
        &["audit", "export"],
        &["audit", "replay"],
        &["ca", "show"],
        &["recipe", "check", &recipe],
        &["diagnose", &log],
        &["doctor"],
    ];
    let tell = |command: &[&str], json: bool| {
        let mut command = station.command(command);
        with_passphrase(&mut command, source, folder);
        if json {
            command.arg("--json");
        }
        Process::start(&mut command).finish()
    };
    commands.iter().flat_map(|command| [tell(command, false), tell(command, true)]).collect()
}

fn secrets_of(unit: &VirtualUnit) -> BTreeSet<(String, String)> {
    Secrets::in_flash(&unit.flash()).iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}
