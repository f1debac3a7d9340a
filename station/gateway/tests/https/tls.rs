//! Public TLS clients verify the station, in both versions.

use std::process::Stdio;

use firstpass_authority::{Authority, Settings, UnitKey};
use firstpass_domain::DeviceId;
use tokio::process::Command;

use crate::station::{Station, request};

async fn s_client(station: &Station, arguments: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", &format!("localhost:{}", station.port), "-brief", "-CAfile"]);
    command.arg(station.root_file()).args(["-verify_return_error"]).args(arguments).stdin(Stdio::null());
    let output = command.kill_on_drop(true).output().await.expect("openssl is installed");
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn openssl_verifies_chain_and_name_with_tls_1_2_and_1_3() {
    let station = Station::start().await;
    for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
        for name in [["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"]] {
            let seen = s_client(&station, &[&[flag][..], &name].concat()).await;
            assert!(
                seen.contains(&format!("Protocol version: {version}")) && seen.contains("Verification: OK"),
                "{seen}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn older_versions_and_other_names_do_not_connect() {
    let station = Station::start().await;
    for arguments in [&["-tls1_1", "-cipher", "ALL@SECLEVEL=0"][..], &["-verify_hostname", "evil.example"]] {
        let seen = s_client(&station, arguments).await;
        assert!(!seen.contains("Verification: OK"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_certificate_of_ours_is_taken_and_one_of_strangers_is_not() {
    let station = Station::start().await;
    let strangers =
        Authority::open_or_create(&station.folder.path().join("strangers"), Settings::default(), station.now())
            .unwrap();
    let device = DeviceId::new("dev-1").unwrap();
    let mut outcomes = Vec::new();
    for authority in [station.authority.as_ref(), &strangers] {
        let issued = authority.issue_unit(&device, UnitKey::Fresh, station.now()).unwrap();
        let (chain, key) = (station.folder.path().join("c.pem"), station.folder.path().join("c.key"));
        std::fs::write(&chain, &issued.chain_pem).unwrap();
        std::fs::write(&key, issued.private_key_pem.unwrap().expose()).unwrap();
        let mut command = Command::new("curl");
        command.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", "--cacert"]).arg(station.root_file());
        command.arg("--cert").arg(&chain).arg("--key").arg(&key).arg(station.url("/healthz")).kill_on_drop(true);
        let output = command.output().await.unwrap();
        outcomes.push((output.status.success(), String::from_utf8(output.stdout).unwrap()));
    }
    assert_eq!(outcomes, [(true, "200".to_owned()), (false, "000".to_owned())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn curl_provisions_with_either_version() {
    let station = Station::start().await;
    for version in ["1.2", "1.3"] {
        let unit = station.unit(false).await;
        let code = format!("iotmer-auth-code: {}", unit.code);
        let body = request(Some(unit.mac));
        let only = format!("--tlsv{version}");
        let arguments = [&only, "--tls-max", version, "-H", "Content-Type: application/json", "-H", &code, "-d", &body];
        station.curl("/api/v1/provision/device", &arguments).await.session();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_certificate_is_served_without_a_restart() {
    let station = Station::start().await;
    let before = station.authority.server_certificate(station.now()).unwrap();
    station.advance(std::time::Duration::from_secs(300 * 24 * 60 * 60));
    assert_eq!(station.curl("/healthz", &["-k"]).await.status, 200);
    let after = station.authority.server_certificate(station.now()).unwrap();
    assert_ne!(before.info.serial, after.info.serial);
}
