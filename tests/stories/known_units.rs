//! A unit that has passed comes back: it is stopped, gets a new identity that makes the old one worthless, or keeps
//! what it has, byte for byte. One that was provisioned elsewhere is not touched.

use std::path::PathBuf;

use tests::{Gateway, Injection, Login, NVS_LEN, NVS_OFFSET, Outcome, Process, Product, Station, Unit, VirtualUnit};

const MAC: &str = "62:55:f9:00:23:01";
const RULE: &str = "max_attempts = 3";

#[test]
fn a_unit_that_has_passed_is_stopped_and_keeps_what_it_has() {
    let line = Line::passed("max_attempts = 3");
    let before = line.hardware.flash();
    let outcome = line.flash().expect_code(1).expect_counts(0, 1);
    let problem = outcome.events("failed")[0]["problem"].clone();
    assert_eq!(problem["code"], "passed_before", "{problem}");
    assert!(!problem["remedy"].as_str().unwrap().is_empty(), "{problem}");
    let unit = line.station.unit(MAC);
    assert_eq!(unit.states(), ["passed", "passed_before"]);
    assert_eq!((unit.live_sessions().len(), unit.shown["standing"].as_str()), (1, Some("passed")));
    assert_eq!(line.hardware.flash(), before, "not a byte of it was written");
}

#[test]
fn a_new_identity_revokes_the_old_session_and_certificate_and_its_login_is_refused() {
    let line = Line::passed("max_attempts = 3\nknown_unit = \"reissue\"\nrefuse_provisioned = true");
    let old = Login::of(&line.station, &line.hardware, 0);
    line.flash().expect_code(0).expect_counts(1, 0);
    let unit = line.station.unit(MAC);
    assert_eq!(unit.states(), ["passed", "passed"]);
    let revoked = |list: &[serde_json::Value]| list.iter().map(|one| one["revoked"].is_string()).collect::<Vec<_>>();
    assert_eq!(revoked(unit.sessions()), [true, false]);
    assert_eq!(revoked(unit.certificates()), [true, false]);
    let new = Login::of(&line.station, &line.hardware, 1);
    let (serving, gateway) = line.station.serve(&line.recipe());
    assert_eq!(new.try_at(&gateway), Ok(()), "the new identity opens the door");
    let refused = old.try_at(&gateway).unwrap_err();
    assert!(refused.contains("not authorised"), "{refused}");
    serving.stop();
    line.station.audit();
}

#[test]
fn a_kept_unit_has_the_same_session_certificate_and_nvs() {
    let line = Line::passed("max_attempts = 3\nknown_unit = \"keep\"");
    let (before, nvs) = (line.station.unit(MAC), line.nvs());
    line.flash().expect_code(0).expect_counts(1, 0);
    let after = line.station.unit(MAC);
    assert_eq!(after.states(), ["passed", "passed"]);
    assert_eq!((after.sessions(), after.certificates()), (before.sessions(), before.certificates()));
    assert!(line.nvs() == nvs, "not a byte of its NVS has changed");
    let run = &after.runs()[1];
    assert_eq!(Unit::evidence(run, "session_kept")[0]["mqtt_username"], before.sessions()[0]["mqtt_username"]);
    assert!(Unit::evidence(run, "region_written").iter().all(|region| region["name"] != "nvs"));
    let log = line.station.uart_log(run);
    assert!(log.contains("provision skipped") && !log.contains("HTTPS POST"), "{log}");
    assert_eq!(line.station.audit().of_kind("code.issued").len(), 1, "no code was made for it");
}

#[test]
fn what_the_recipe_keeps_secret_is_in_no_log_of_a_unit_that_prints_it_and_keeps_what_it_has() {
    let (station, product) = (Station::new(), Product::new());
    let (pass, api_key) = ("correct-horse-battery-staple", "sk_live_51HzQ4TkX9");
    for (name, secret) in [("wifi.pass", pass), ("api.key", api_key)] {
        std::fs::write(product.folder().join(name), secret).unwrap();
    }
    let secrets = "wifi_pass = { file = \"wifi.pass\" }\n\
                   extra.api_key = { type = \"str\", value = { file = \"api.key\" } }\n";
    let ssid = "wifi_ssid = \"factory-line\"\n";
    let recipe = product.recipe(
        Injection::Nvs,
        &[(ssid, &format!("{ssid}{secrets}")), (RULE, "max_attempts = 3\nknown_unit = \"keep\"")],
    );
    let line = format!("log-line=joins with {pass} and calls with {api_key}.");
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &["--fault", &line]);
    let gateway = Gateway::of(&station);
    for _ in 0..2 {
        let run = Process::start(&mut station.flash_command_at(&gateway, &recipe, &[&unit], &[]));
        run.finish().expect_code(0).expect_counts(1, 0);
    }
    let shown = station.unit(MAC);
    assert_eq!(Unit::evidence(&shown.runs()[1], "session_kept").len(), 1);
    for run in shown.runs() {
        let log = station.uart_log(run);
        assert!(log.contains("joins with [secret] and calls with [secret]."), "{log}");
        assert!(!log.contains(pass) && !log.contains(api_key), "{log}");
    }
}

#[test]
fn a_unit_that_another_station_has_provisioned_is_not_touched() {
    let (elsewhere, here, product) = (Station::new(), Station::new(), Product::new());
    let edit = ("flash_size = \"4MB\"", "flash_size = \"4MB\"\nrefuse_provisioned = true");
    let recipe = product.recipe(Injection::Nvs, &[edit]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    elsewhere.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    let before = unit.flash();
    let refused = Process::start(&mut here.flash_command(&recipe, &[&unit], &[])).finish();
    let refused = refused.expect_code(1).expect_counts(0, 1);
    assert_eq!(refused.events("failed")[0]["problem"]["code"], "already_provisioned");
    assert_eq!(unit.flash(), before, "not a byte of it was written");
    assert!(here.audit().of_kind("code.issued").is_empty());
}

/// A unit that has passed once.
struct Line {
    station: Station,
    gateway: Gateway,
    product: Product,
    hardware: VirtualUnit,
}

impl Line {
    /// `rule` takes the place of the recipe's number of attempts.
    fn passed(rule: &str) -> Self {
        let (station, product) = (Station::new(), Product::new());
        product.recipe(Injection::Nvs, &[(RULE, rule)]);
        let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
        let line = Self { gateway: Gateway::of(&station), station, product, hardware };
        line.flash().expect_code(0).expect_counts(1, 0);
        line
    }

    /// Another run, at the same addresses: a kept session names the broker's.
    fn flash(&self) -> Outcome {
        Process::start(&mut self.station.flash_command_at(&self.gateway, &self.recipe(), &[&self.hardware], &[]))
            .finish()
    }

    fn recipe(&self) -> PathBuf {
        self.product.folder().join("demo-nvs.toml")
    }

    fn nvs(&self) -> Vec<u8> {
        self.hardware.flash()[NVS_OFFSET..NVS_OFFSET + NVS_LEN].to_vec()
    }
}
