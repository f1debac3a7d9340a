//! Public tools agree with the station: on its certificates, its answers, and on what stands in a passed unit's flash.

use std::fs;

use tests::{
    Injection, NVS_LEN, NVS_OFFSET, Product, Secrets, Station, VirtualUnit,
    tools::{python_tool, run_tool},
};

const MAC: &str = "62:55:f9:00:c0:01";

#[test]
fn openssl_verifies_both_ports() {
    let (station, product) = (Station::new(), Product::new());
    let (serving, gateway) = station.serve(&product.recipe(Injection::Nvs, &[]));
    for (port, version) in
        [gateway.https, gateway.mqtt].into_iter().flat_map(|port| [(port, "-tls1_2"), (port, "-tls1_3")])
    {
        let server = format!("{}:{port}", gateway.host);
        let verify = ["-verify_return_error", "-verify_ip", &gateway.host, "-CAfile", &gateway.root(), version];
        let output = run_tool("openssl", &[&["s_client", "-connect", &server][..], &verify].concat());
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains("Verify return code: 0 (ok)"), "{output:?}");
    }
    let refused = ["s_client", "-connect", &format!("{}:{}", gateway.host, gateway.https), "-tls1_1"];
    assert!(!run_tool("openssl", &refused).status.success(), "TLS 1.1 is too old");
    serving.stop().expect_code(0);
}

#[test]
fn curl_with_a_code_that_nobody_issued_is_refused_in_words() {
    let (station, product) = (Station::new(), Product::new());
    let (serving, gateway) = station.serve(&product.recipe(Injection::Nvs, &[]));
    let answer = gateway.provision(&"0".repeat(64));
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    assert!(answer.contains("\"remedy\":"), "{answer}");
    let unauthorised = gateway.curl("/devices/auth/bind-claim", &["--json", r#"{"claim_code":"x"}"#]);
    assert!(unauthorised.starts_with("HTTP/1.1 401 "), "{unauthorised}");
    serving.stop().expect_code(0);
}

#[test]
fn mosquitto_logs_in_with_a_unit_s_own_credentials_and_with_no_others() {
    let (station, product) = (Station::new(), Product::new());
    let recipe = product.recipe(Injection::Nvs, &[("client_certificate = true", "client_certificate = false")]);
    let unit = passed(&station, &product, &recipe);
    let secrets = Secrets::in_flash(&unit.flash());
    let session = station.unit(MAC).sessions()[0].clone();
    let text = |field: &str| session[field].as_str().unwrap().to_owned();
    let (user, filter) = (text("mqtt_username"), format!("demo/{}/cmd/#", text("device_key")));
    let (serving, gateway) = station.serve(&recipe);
    let own = gateway.subscribe(&user, secrets.of("mqtt_password")[0], &filter);
    assert!(own.status.success(), "{own:?}");
    for (user, password, words) in [
        (user.as_str(), "guess", "bad user name or password"),
        ("u0", secrets.of("mqtt_password")[0], "bad user name or password"),
    ] {
        let refused = gateway.subscribe(user, password, &filter);
        assert!(!refused.status.success(), "{refused:?}");
        assert!(String::from_utf8_lossy(&refused.stderr).contains(words), "{refused:?}");
    }
    serving.stop().expect_code(0);
}

#[test]
fn esptool_finds_the_images_in_the_flash_of_a_passed_unit() {
    let (station, product) = (Station::new(), Product::new());
    let unit = passed(&station, &product, &product.recipe(Injection::Nvs, &[]));
    let image = |name: &str| product.folder().join(name).display().to_string();
    let (boot, app) = (image("bootloader.bin"), image("app.bin"));
    esptool(&unit, &["verify-flash", "0x0", &boot, "0x10000", &app]);
    let read = image("nvs-as-read.bin");
    esptool(&unit, &["read-flash", &NVS_OFFSET.to_string(), &NVS_LEN.to_string(), &read]);
    let nvs = fs::read(read).unwrap();
    assert_eq!(nvs, unit.flash()[NVS_OFFSET..][..NVS_LEN]);
    let user = station.unit(MAC).sessions()[0]["mqtt_username"].as_str().unwrap().to_owned();
    assert!(nvs.windows(user.len()).any(|window| window == user.as_bytes()), "the session on record is in it");
}

fn passed(station: &Station, product: &Product, recipe: &std::path::Path) -> VirtualUnit {
    let unit = VirtualUnit::start(product.folder(), "A1", MAC, &[]);
    station.flash(recipe, &[&unit], &[]).expect_code(0).expect_counts(1, 0);
    unit
}

/// Runs `esptool` on a unit that was reset into its loader.
#[track_caller]
fn esptool(unit: &VirtualUnit, arguments: &[&str]) {
    unit.order(r#"{"op":"download"}"#);
    let (tool, port) = (python_tool("esptool").display().to_string(), unit.link().display().to_string());
    let fixed = ["--chip", "esp32c3", "--port", &port, "--before", "no-reset", "--after", "no-reset"];
    let output = run_tool(&tool, &[&fixed, arguments].concat());
    assert!(output.status.success(), "{output:?}");
}
