//! How firmware can be built: with its code compiled in, with a key of its own, and updated on trial.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod app_support;

use app_support::peer::{Broker, Https};
use app_support::pki::Authority;
use app_support::unit::{Unit, Value};
use app_support::{CODE, answer, factory, session};
use virtual_unit::Surroundings;
use virtual_unit::image::{self, AppImage, CompiledCode};

const PLACEHOLDER: &str = "@@PUT-THE-CODE-HERE-0123456789@@";

/// An image with a place for a code, in which `code` was put as `station image patch` puts it.
fn stock(code: Option<&str>) -> Vec<u8> {
    let wanted = AppImage { size: 0x8000, seed: 1, version: "1.0.0".into(), project: "stock".into() };
    let mut image = image::app_with_code(&wanted, PLACEHOLDER);
    if let Some(code) = code {
        let at = image.windows(PLACEHOLDER.len()).position(|bytes| bytes == PLACEHOLDER.as_bytes()).unwrap();
        image[at..at + PLACEHOLDER.len()].fill(0);
        image[at..at + code.len()].copy_from_slice(code.as_bytes());
    }
    image
}

fn compiled(image: &[u8]) -> Option<CompiledCode> {
    CompiledCode::find(&image[image::inspect(image).segments[0].offset..])
}

#[test]
fn an_image_has_its_placeholder_once_and_is_sound_with_it() {
    let image = stock(None);
    assert!(image::inspect(&image).outcome.is_ok());
    assert_eq!(image.windows(PLACEHOLDER.len()).filter(|bytes| *bytes == PLACEHOLDER.as_bytes()).count(), 1);
    assert_eq!(compiled(&image), Some(CompiledCode::Empty));
    assert_eq!(compiled(&stock(Some("C-1"))), Some(CompiledCode::Code("C-1".into())));
    assert_eq!(compiled(&stock(Some(""))), Some(CompiledCode::Empty));
}

#[test]
fn stock_firmware_takes_its_code_from_the_image_sends_no_mac_and_provisions_on_every_boot() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let port = broker.port;
    let https = Https::serve(authority.right_server(), move |_, _| (200, answer(port, "").into()));
    let mut unit = Unit::new(&factory(https.port, &authority.pem()));
    for _boot in 0..2 {
        unit.compiled_code = compiled(&stock(Some("CODE-OF-THE-IMAGE")));
        let running = unit.run();
        running.says("iotmer_client: MQTT connected");
        let request = https.requests.recv().unwrap();
        assert!(request.head.contains("iotmer-auth-code: CODE-OF-THE-IMAGE"), "{}", request.head);
        assert!(!request.body.contains("mac"), "{}", request.body);
        unit = running.reset();
    }
}

#[test]
fn stock_firmware_without_a_code_skips_or_cannot_provision_whatever_nvs_holds() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let complete = [session(broker.port), vec![("ca_pem", Value::Text(authority.pem()))]].concat();
    let with_code = [complete, vec![("auth_code", Value::Text(CODE.into()))]].concat();
    for (values, text) in [
        (with_code, "iotmer_provision: provision skipped"),
        (factory(1, &authority.pem()), "iotmer_provision: provision auth empty and NVS session incomplete"),
    ] {
        let mut unit = Unit::new(&values);
        unit.compiled_code = Some(CompiledCode::Empty);
        unit.run().says(text);
    }
}

#[test]
fn a_unit_with_its_own_key_sends_a_request_and_keeps_its_key_to_itself() {
    let authority = Authority::new("Test CA");
    let broker = Broker::serve(authority.right_server(), vec![]);
    let port = broker.port;
    let https = Https::serve(authority.right_server(), move |_, _| (200, answer(port, "").into()));
    let mut unit = Unit::new(&factory(https.port, &authority.pem()));
    unit.surroundings = Surroundings::new(None, true);
    let running = unit.run();
    let request = https.requests.recv().unwrap();
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert!(body["csr_pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE REQUEST-----"));
    assert!(!request.body.contains("PRIVATE KEY"));
    assert!(running.reset().nvs_text("key_pem").unwrap().contains("PRIVATE KEY"));
}
