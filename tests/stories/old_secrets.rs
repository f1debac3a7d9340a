//! What a dead run left in a unit's flash opens nothing any more.

use std::path::Path;

use tests::{Injection, Product, Secrets, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:50:01";

#[test]
fn the_code_of_a_run_that_died_is_refused_by_the_provisioning_server() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = killed(&station, &product, &recipe, "boot:begun");
    let secrets = Secrets::in_flash(&unit.flash());
    let [code] = secrets.of("auth_code")[..] else { panic!("the code is in flash: {secrets:?}") };
    let (serving, gateway) = station.serve(&recipe);
    let answer = gateway.provision(code);
    assert!(answer.starts_with("HTTP/1.1 410 ") && answer.contains("\"code\":\"void_code\""), "{answer}");
    serving.stop();
    assert!(station.unit(MAC).sessions().is_empty(), "the old code bought nothing");
    station.audit();
}

#[test]
fn the_credentials_of_a_run_that_died_are_refused_by_the_broker() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Session, &[("client_certificate = true", "client_certificate = false")]);
    let unit = killed(&station, &product, &recipe, "flash:ended");
    let secrets = Secrets::in_flash(&unit.flash());
    let [password] = secrets.of("mqtt_password")[..] else { panic!("the password is in flash: {secrets:?}") };
    let (serving, gateway) = station.serve(&recipe);
    let session = station.unit(MAC).sessions()[0].clone();
    assert!(session["revoked"].is_string());
    let user = session["mqtt_username"].as_str().unwrap();
    let filter = format!("demo/{}/cmd/#", session["device_key"].as_str().unwrap());
    let refused = gateway.subscribe(user, password, &filter);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && text.contains("not authorised"), "{refused:?}");
    serving.stop();
}

/// A unit whose station died at `place`.
fn killed(station: &Station, product: &Product, recipe: &Path, place: &str) -> VirtualUnit {
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    let outcome = station.flash(recipe, &[&unit], &["--crash-at", place]);
    assert!(outcome.signal.is_some(), "{outcome:?}");
    unit
}
