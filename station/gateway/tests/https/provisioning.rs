//! A unit with a code gets a session, once.

use std::time::Duration;

use firstpass_authority::{parse_certificate, san_device_id};
use firstpass_domain::{DeviceId, Diagnosis, DiagnosisCode, Fact, Sha256Digest, Step};
use firstpass_gateway::https::{GatewayEvent, Refusal};
use firstpass_store::{IssueError, RunEnd, Store};

use crate::station::{Station, refused, request};

#[tokio::test(flavor = "multi_thread")]
async fn curl_provisions_with_a_code_and_the_record_knows_it_first() {
    let mut station = Station::start().await;
    let unit = station.unit(false).await;
    let answer = station.provision(&unit).await;
    assert!(answer.head.contains("content-type: application/json") && answer.head.contains("cache-control: no-store"));
    let session = answer.session();
    assert_eq!(session.check_limits(), Ok(()));
    assert_eq!((session.workspace_slug.as_deref(), session.mqtt_tls), (Some("acme"), Some(true)));
    let stored = station.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    assert_eq!((stored.mac, stored.run), (unit.mac, unit.run));
    assert_eq!(stored.session.device_id.as_str(), session.device_id);
    assert!(stored.session.verifier.verify(session.mqtt_password.expose()));
    let token = session.device_http_token.unwrap();
    assert!(token.expose().starts_with("dht_"));
    assert_eq!(stored.session.token, Some(Sha256Digest::of(token.expose().as_bytes())));
    let evidence = station.evidence(unit.run).await;
    let [accepted] = evidence.as_slice() else { panic!("{evidence:?}") };
    assert!(
        matches!(&accepted.fact, Fact::ProvisionAccepted { mac: Some(mac), on_behalf: false, .. } if *mac == unit.mac)
    );
    assert_eq!(station.event().await, GatewayEvent::Provisioned { run: unit.run, evidence: accepted.clone() });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_does_not_send_its_mac_is_known_by_its_code() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    let session = station.post(&unit.code, &request(None)).await.session();
    let stored = station.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    assert_eq!(stored.mac, unit.mac);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_buys_a_certificate_brings_one_with_its_key() {
    let station = Station::start().await;
    let unit = station.unit(true).await;
    let answer = station.provision(&unit).await;
    assert!(answer.body.len() <= firstpass_contract::limits::RESPONSE_BODY_MAX);
    let session = answer.session();
    let chain = session.certificate_pem.unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2);
    assert!(session.private_key_pem.unwrap().expose().contains("BEGIN PRIVATE KEY"));
    let info = parse_certificate(&chain).unwrap();
    assert_eq!(info.device_id, Some(DeviceId::new(session.device_id).unwrap()));
    let stored = station.store.certificate(&info.serial).await.unwrap().unwrap();
    assert_eq!((stored.certificate.fingerprint, stored.certificate.mac), (info.fingerprint, Some(unit.mac)));
    let evidence = station.evidence(unit.run).await;
    assert!(
        matches!(&evidence[0].fact, Fact::ProvisionAccepted { certificate, .. } if *certificate == Some(info.fingerprint))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_made_key_stays_on_the_device() {
    let station = Station::start().await;
    let unit = station.unit(true).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let csr = rcgen::CertificateParams::default().serialize_request(&key).unwrap().pem().unwrap();
    let body = serde_json::json!({ "workspace_id": crate::station::WORKSPACE, "csr_pem": csr }).to_string();
    let session = station.post(&unit.code, &body).await.session();
    assert!(session.private_key_pem.is_none());
    let chain = session.certificate_pem.unwrap();
    let der =
        <rustls::pki_types::CertificateDer<'_> as rustls::pki_types::pem::PemObject>::from_pem_slice(chain.as_bytes());
    assert_eq!(san_device_id(&der.unwrap()).unwrap().as_str(), session.device_id);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reused_code_is_refused_and_the_refusal_is_on_record() {
    let mut station = Station::start().await;
    let unit = station.unit(false).await;
    station.provision(&unit).await.session();
    assert_eq!(station.provision(&unit).await.refusal(), refused(409, "used_code"));
    assert_eq!(station.refusals(unit.run).await, [refused(409, "used_code")]);
    assert!(matches!(station.event().await, GatewayEvent::Provisioned { .. }));
    let event = station.event().await;
    assert!(matches!(event, GatewayEvent::ProvisionRefused { run: Some(run), .. } if run == unit.run), "{event:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_racing_requests_with_one_code_exactly_one_gets_a_session() {
    let station = std::sync::Arc::new(Station::start().await);
    let unit = station.unit(true).await;
    let racers: Vec<_> = (0..6)
        .map(|_| {
            let (station, unit) = (std::sync::Arc::clone(&station), unit.clone());
            tokio::spawn(async move { station.provision(&unit).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for racer in racers {
        statuses.push(racer.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409]);
    let detail = station.store.unit(unit.mac).await.unwrap().unwrap();
    assert_eq!((detail.sessions.len(), detail.certificates.len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_two_units_share_anything() {
    let station = Station::start().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..4 {
        let unit = station.unit(false).await;
        let session = station.provision(&unit).await.session();
        let password = session.mqtt_password.expose().to_owned();
        let token = session.device_http_token.unwrap().expose().to_owned();
        for text in [session.device_id, session.device_key, session.mqtt_username, password, token] {
            assert!(seen.insert(text));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_code_is_refused_and_no_run_hears_of_it() {
    let mut station = Station::start().await;
    assert_eq!(station.post("guessed", &request(None)).await.refusal(), refused(401, "unknown_code"));
    assert!(matches!(station.event().await, GatewayEvent::ProvisionRefused { run: None, .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_whose_time_ran_out_is_gone() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    station.advance(Duration::from_secs(3601));
    assert_eq!(station.provision(&unit).await.refusal(), refused(410, "void_code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_of_an_ended_run_is_gone_and_the_run_stays_as_it_is() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    let end = RunEnd::Failed(Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "no byte"));
    station.store.finish_run(unit.run, &end, &[], station.now()).await.unwrap();
    assert_eq!(station.provision(&unit).await.refusal(), refused(410, "void_code"));
    assert!(station.refusals(unit.run).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_units_code_is_forbidden() {
    let station = Station::start().await;
    let (unit, other) = (station.unit(false).await, station.unit(false).await);
    let answer = station.post(&unit.code, &request(Some(other.mac))).await;
    assert_eq!(answer.refusal(), refused(403, "other_unit"));
    assert_eq!(station.refusals(unit.run).await, [refused(403, "other_unit")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_of_another_workspace_is_forbidden() {
    let station = Station::start().await;
    let unit = station.unit(false).await;
    let body = r#"{"workspace_id":"00000000-0000-0000-0000-000000000000"}"#;
    assert_eq!(station.post(&unit.code, body).await.refusal(), refused(403, "wrong_workspace"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_may_belong_to_another_workspace_than_the_stations_while_it_is_in_work() {
    const OTHER: &str = "00000000-0000-0000-0000-000000000007";
    let station = Station::start().await;
    let (unit, neighbour) = (station.unit(false).await, station.unit(false).await);
    let body = format!(r#"{{"workspace_id":"{OTHER}"}}"#);
    assert!(station.provisioner.check_workspace(OTHER.parse().unwrap(), &"x".repeat(500)).is_err());
    let tenancy = station.provisioner.house(unit.run, OTHER.parse().unwrap(), "globex");
    assert_eq!(station.post(&unit.code, &request(None)).await.refusal(), refused(403, "wrong_workspace"));
    assert_eq!(station.post(&neighbour.code, &body).await.refusal(), refused(403, "wrong_workspace"));
    let granted = station.post(&unit.code, &body).await;
    assert_eq!((granted.status, &granted.json()["workspace_slug"]), (200, &"globex".into()));
    drop(tenancy);
    let (run, mac) = station.run().await;
    let own = station.on_behalf(run, mac, false, station.now()).await;
    assert_eq!(own.response.workspace_slug.as_deref(), Some("acme"));
    let tenancy = station.provisioner.house(run, OTHER.parse().unwrap(), "globex");
    let housed = station.on_behalf(run, mac, false, station.now()).await;
    assert_eq!(housed.response.workspace_slug.as_deref(), Some("globex"));
    drop(tenancy);
}

#[test]
fn a_quota_that_is_used_up_is_told_as_such() {
    // The record holds a place for every admitted unit, so that only a quota that was lowered since refuses a code.
    let refusal = Refusal::from(&IssueError::QuotaReached);
    assert_eq!((refusal.status().as_u16(), refusal.code()), (403, "quota_reached"));
}
