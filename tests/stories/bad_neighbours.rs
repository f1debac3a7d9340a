//! A unit that floods the line fails alone; units that are slow but legal pass.

use std::{net::SocketAddr, time::Duration};

use serde_json::Value;
use tests::{
    Gateway, Injection, Outcome, Process, Product, Station, VirtualUnit,
    network::{FaultyNetwork, NetworkFault, Service},
};

/// Units beside the one that floods.
const NEIGHBOURS: u8 = 7;
/// The unit that floods.
const NOISY: &str = "62:55:f9:00:e1:ff";
/// What a slow network holds up every piece by.
const HOLD_UP: Duration = Duration::from_millis(60);

fn mac(n: u8) -> String {
    format!("62:55:f9:00:e1:{n:02x}")
}

#[test]
fn a_unit_that_floods_its_uart_fails_alone() {
    let outcome = beside("flood=2000000");
    let failed = &outcome.events("failed")[0];
    assert_eq!(failed["slot"], "noisy", "{failed}");
    assert!(failed["problem"]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{failed}");
}

#[test]
fn a_unit_that_floods_the_broker_fails_alone() {
    let outcome = beside("mqtt-flood");
    let failed = &outcome.events("failed")[0];
    assert_eq!((&failed["slot"], &failed["problem"]["code"]), (&"noisy".into(), &"unit_floods".into()), "{failed}");
}

/// Seven healthy units and one with a fault: the seven pass.
fn beside(fault: &str) -> Outcome {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product
        .recipe(Injection::Nvs, &[("provision_s = 30", "provision_s = 20"), ("connect_s = 30", "connect_s = 20")]);
    let start = |name: &str, mac: &str, options: &[&str]| VirtualUnit::start(product.folder(), name, mac, options);
    let mut units = vec![start("noisy", NOISY, &["--fault", fault])];
    units.extend((1..=NEIGHBOURS).map(|n| start(&format!("A{n}"), &mac(n), &[])));
    let units: Vec<&VirtualUnit> = units.iter().collect();
    let outcome = station.flash(&recipe, &units, &[]).expect_code(1).expect_counts(u64::from(NEIGHBOURS), 1);
    for n in 1..=NEIGHBOURS {
        assert_eq!(station.unit(&mac(n)).states(), ["passed"], "{fault}");
    }
    station.audit();
    outcome
}

#[test]
fn units_that_answer_late_but_legally_pass() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let unit = |n: u8| VirtualUnit::start(product.folder(), &format!("J{n}"), &mac(n), &["--fault", "jitter=120"]);
    let units: Vec<VirtualUnit> = (1..=4).map(unit).collect();
    let units: Vec<&VirtualUnit> = units.iter().collect();
    station.flash(&recipe, &units, &[]).expect_code(0).expect_counts(4, 0);
    station.audit();
}

#[test]
fn a_unit_on_a_slow_network_passes() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[]);
    let gateway = Gateway::of(&station);
    let authority = station.data().join("ca");
    let slow = |port| {
        let address: SocketAddr = format!("{}:{port}", gateway.host).parse().unwrap();
        let service = Service { address, authority: &authority };
        FaultyNetwork::open(NetworkFault::Slow(HOLD_UP), &service).unwrap()
    };
    let (https, mqtt) = (slow(gateway.https), slow(gateway.mqtt));
    let routes = [format!("https={}", https.address()), format!("mqtt={}", mqtt.address())];
    let options = ["--route", &routes[0], "--route", &routes[1]];
    let unit = VirtualUnit::start(product.folder(), "A1", &mac(1), &options);
    let batch = Process::start(&mut station.flash_command_at(&gateway, &recipe, &[&unit], &[]));
    let outcome = batch.finish().expect_code(0).expect_counts(1, 0);
    assert_ne!(outcome.events("passed")[0]["mac"], Value::Null);
    station.audit();
}
