//! Units in quarantine come back only by a person's word; scrapped ones never, and what they had opens nothing.

use tests::{Injection, Outcome, Product, Secrets, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:25:01";
const BY: [&str; 4] = ["--reason", "supply was wrong", "--by", "ada"];

#[test]
fn a_diagnosis_that_asks_for_it_sets_the_unit_aside_until_somebody_releases_it() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &["--fault", "wrong-flash-size=8MB"]);
    assert_fails(&station.flash(&recipe, &[&unit], &[]), "wrong_flash_size");
    unit.order(r#"{"op":"fault","clear":true}"#);
    assert_fails(&station.flash(&recipe, &[&unit], &[]), "quarantined");
    let hold = station.unit(MAC).shown["hold"].clone();
    assert_eq!(hold["kind"], "quarantined", "{hold}");
    assert!(hold["reason"].as_str().unwrap().contains("wrong_flash_size"), "it says why: {hold}");

    let mute = station.json(["units", "release", MAC, "--reason", " ", "--by", "ada"]).expect_code(2);
    assert_eq!(mute.problem()["code"], "act_unexplained");
    act(&station, "release").expect_code(0);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    let released = station.audit().of_kind("unit.released");
    assert!(released[0].1.to_string().contains("supply was wrong"), "{released:?}");
}

#[test]
fn a_person_sets_a_unit_aside_with_a_reason_and_a_name() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[("max_attempts = 3", "known_unit = \"reissue\"")]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&unit], &[]).expect_code(0);
    let stranger = [&["units", "quarantine", "62:55:f9:00:25:99"][..], &BY].concat();
    assert_eq!(station.json(stranger).expect_code(2).problem()["code"], "unit_unknown");
    act(&station, "quarantine").expect_code(0);
    assert_eq!(act(&station, "quarantine").expect_code(2).problem()["code"], "unit_quarantined");
    let hold = station.unit(MAC).shown["hold"].clone();
    assert_eq!((&hold["by"], &hold["reason"]), (&"ada".into(), &"supply was wrong".into()), "{hold}");
    let before = unit.flash();
    let told = station.flash(&recipe, &[&unit], &[]);
    assert_fails(&told, "quarantined");
    assert_eq!(unit.flash(), before, "it was not touched");
    act(&station, "release").expect_code(0);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
}

#[test]
fn scrap_cuts_the_units_connection_and_revokes_all_that_it_had() {
    let (station, product) = (Station::new(), Product::new());
    let edits = [("client_certificate = true", "client_certificate = false")];
    let recipe = product.recipe(Injection::Nvs, &edits);
    let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&hardware], &[]).expect_code(0);
    let (unit, secrets) = (station.unit(MAC), Secrets::in_flash(&hardware.flash()));
    let text = |field: &str| unit.sessions()[0][field].as_str().unwrap().to_owned();
    let (user, filter) = (text("mqtt_username"), format!("demo/{}/cmd/#", text("device_key")));
    let (serving, gateway) = station.serve(&recipe);
    let client = gateway.stay_subscribed(&user, secrets.of("mqtt_password")[0], &filter);

    let scrapped = act(&station, "scrap").expect_code(0).last();
    assert_eq!(scrapped["sessions_ended"], 1, "{scrapped}");
    // The client comes back by itself, and ends when it is refused: so it was cut, and is not let in again.
    let cut = client.finish();
    assert!(cut.stderr.contains("not authorised"), "{cut:?}");
    serving.stop();
    assert!(station.unit(MAC).live_sessions().is_empty());
    assert_scrap_is_for_ever(&station, &recipe, &hardware);
}

#[test]
fn scrap_revokes_the_certificate() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Session, &[]);
    let hardware = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&hardware], &[]).expect_code(0);
    assert!(station.unit(MAC).certificates()[0]["revoked"].is_null());
    act(&station, "scrap").expect_code(0);
    assert!(station.unit(MAC).certificates()[0]["revoked"].is_string());
    assert_scrap_is_for_ever(&station, &recipe, &hardware);
}

fn assert_scrap_is_for_ever(station: &Station, recipe: &std::path::Path, hardware: &VirtualUnit) {
    let before = hardware.flash();
    assert_fails(&station.flash(recipe, &[hardware], &[]), "scrapped");
    assert!(hardware.flash() == before, "it was not touched");
    assert_eq!(act(station, "release").expect_code(2).problem()["code"], "unit_scrapped");
    assert_eq!(station.unit(MAC).shown["standing"], "scrapped");
    let audit = station.audit().of_kind("unit.scrapped");
    assert!(audit[0].1.to_string().contains("supply was wrong"), "{audit:?}");
}

fn act(station: &Station, deed: &str) -> Outcome {
    station.json([&["units", deed, MAC][..], &BY].concat())
}

#[track_caller]
fn assert_fails(outcome: &Outcome, code: &str) {
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let problem = &outcome.events("failed")[0]["problem"];
    assert_eq!(problem["code"], code, "{problem}");
    assert!(!problem["remedy"].as_str().unwrap().is_empty(), "{problem}");
}
