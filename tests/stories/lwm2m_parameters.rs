//! Factory parameters of LwM2M-type clients are checked part by part before they are injected, and stand on the unit as
//! they were written.

use std::fs;

use serde_json::Value;
use tests::{Injection, NVS_LEN, NVS_OFFSET, Product, Station, VirtualUnit};

const MAC: &str = "62:55:f9:00:2b:01";
const URI: &str = "coaps://bootstrap.example.com:5684?aid=0168b2f70c1a02420a010c0e";

#[test]
fn parameters_stand_in_the_units_nvs_as_the_recipe_says() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[("[provision]", &section(URI, "lamp-{mac}"))]);
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(&recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    let image = product.folder().join("nvs.bin");
    fs::write(&image, &unit.flash()[NVS_OFFSET..NVS_OFFSET + NVS_LEN]).unwrap();
    let entries = station.json(["nvs", "dump", &image.display().to_string()]).expect_code(0).objects();
    let value = |key: &str| {
        let found = entries.iter().find(|entry| entry["namespace"] == "lwm2m" && entry["key"] == key);
        found.map_or(Value::Null, |entry| entry["value"].clone())
    };
    assert_eq!(value("bootstrap_uri"), URI);
    assert_eq!(value("endpoint"), "lamp-6255f9002b01");
}

#[test]
fn a_wrong_parameter_is_refused_before_a_unit_is_touched_and_its_wrong_part_is_named() {
    let (station, product) = (Station::new(), Product::new());
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    let long = format!("coaps://bootstrap.example.com:5684?aid={}", "a".repeat(65));
    let cases = [
        ("coap://bootstrap.example.com:5684?aid=1", "the scheme of the URI is wrong"),
        ("coaps://:5684?aid=1", "the host of the URI is wrong"),
        ("coaps://300.1.2.3:5684?aid=1", "the host of the URI is wrong"),
        ("coaps://bootstrap.example.com?aid=1", "the port of the URI is wrong"),
        ("coaps://bootstrap.example.com:65536?aid=1", "the port of the URI is wrong"),
        ("coaps://bootstrap.example.com:5684/bs?aid=1", "the path of the URI is wrong"),
        ("coaps://bootstrap.example.com:5684", "the query of the URI is wrong"),
        ("coaps://bootstrap.example.com:5684?iad=1", "the query of the URI is wrong"),
        ("coaps://bootstrap.example.com:5684?aid=", "the account id (aid) of the URI is wrong"),
        (&long, "65 characters long; 64 are possible"),
    ];
    for (uri, words) in cases {
        assert_refused(&station, &product, &unit, &section(uri, "lamp-{mac}"), words);
    }
    assert_refused(&station, &product, &unit, &section(URI, "lamp"), "every unit would have the same endpoint name");
    let long = format!("{}{{mac}}", "a".repeat(53));
    assert_refused(&station, &product, &unit, &section(URI, &long), "the endpoint name is 65 characters long");
    assert!(!station.data().join("record.sqlite").exists(), "nothing was begun");
}

fn section(uri: &str, endpoint: &str) -> String {
    format!(
        "[lwm2m]\nnamespace = \"lwm2m\"\nbootstrap_uri = {{ key = \"bootstrap_uri\", value = {uri:?} }}\n\
         endpoint = {{ key = \"endpoint\", value = {endpoint:?} }}\n\n[provision]"
    )
}

#[track_caller]
fn assert_refused(station: &Station, product: &Product, unit: &VirtualUnit, section: &str, words: &str) {
    let recipe = product.recipe(Injection::Nvs, &[("[provision]", section)]);
    let problem = station.flash(&recipe, &[unit], &[]).expect_code(2).problem();
    let text = problem.to_string();
    assert!(text.contains(words) && text.contains("line ") && text.contains("demo-nvs.toml"), "{section}: {text}");
    assert!(!problem["remedy"].as_str().unwrap().is_empty(), "{problem}");
}
