//! A unit without chip and wire, and the servers that it talks to: real sockets, real TLS, certificates made here.
#![expect(dead_code, reason = "every test file uses another part")]

pub(crate) mod peer;
pub(crate) mod pki;
pub(crate) mod unit;

use std::time::Duration;

/// Longest wait for something that should happen at once.
pub(crate) const SOON: Duration = Duration::from_secs(15);

/// Values of a complete session on the broker at `port`, without certificates.
pub(crate) fn session(port: u16) -> Vec<(&'static str, unit::Value)> {
    let text = |text: &str| unit::Value::Text(text.to_owned());
    vec![
        ("device_id", text("dev-1")),
        ("device_key", text("key-1")),
        ("workspace_slug", text("acme")),
        ("mqtt_host", text("localhost")),
        ("mqtt_port", unit::Value::I32(port.into())),
        ("mqtt_tls", unit::Value::I8(1)),
        ("mqtt_username", text("user-1")),
        ("mqtt_password", text("pass-1")),
    ]
}

/// What a line writes into a factory unit.
pub(crate) fn factory(https_port: u16, ca_pem: &str) -> Vec<(&'static str, unit::Value)> {
    let text = |text: String| unit::Value::Text(text);
    vec![
        ("auth_code", text(CODE.into())),
        ("prov_url", text(format!("https://localhost:{https_port}/api/v1"))),
        ("workspace_id", text("5b0c1f0e-0000-4000-8000-000000000001".into())),
        ("ca_pem", text(ca_pem.into())),
    ]
}

/// The auth code of [`factory`].
pub(crate) const CODE: &str = "FACTORY-CODE-0123456789";

/// A provisioning answer that sends the unit to the broker at `port`; `more` are further members, each with a comma
/// before it.
pub(crate) fn answer(port: u16, more: &str) -> String {
    format!(
        r#"{{"device_id":"dev-1","device_key":"key-1","workspace_slug":"acme","mqtt_host":"localhost","mqtt_port":{port},"mqtt_tls":true,"mqtt_username":"user-1","mqtt_password":"pass-1"{more}}}"#
    )
}
