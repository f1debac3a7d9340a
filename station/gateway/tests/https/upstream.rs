//! A station that relays to a service: what goes there, what comes back, and what is on record.

use std::{sync::Arc, time::Duration};

use firstpass_domain::{Diagnosis, DiagnosisCode, Fact, Mac, RunId, Sha256Digest, Step};
use firstpass_gateway::https::{FirmwareImage, GatewayEvent, Limits, OnBehalf, Upstream, UpstreamState};
use firstpass_store::{RunEnd, Store};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    service::{FACTORY_CODE, PASSWORD, Reply, Service, TOKEN, grant},
    station::{PATIENCE, Station, Unit, WORKSPACE, refused, request},
};

/// Shortest first delay.
const FIRST_DELAY: Duration = Duration::from_secs(2);

async fn relaying() -> (Station, Service) {
    relaying_with(Limits::default(), |_| {}).await
}

async fn relaying_with(limits: Limits, change: impl FnOnce(&mut Upstream)) -> (Station, Service) {
    let service = Service::start(crate::station::today()).await;
    let mut settings = service.settings();
    change(&mut settings);
    (Station::relaying(limits, settings).await, service)
}

/// Status and reason of the service's failures on record.
async fn failures(station: &Station, unit: &Unit) -> Vec<(Option<u16>, String)> {
    let failure = |fact| match fact {
        Fact::UpstreamFailed { status, reason } => Some((status, reason)),
        _ => None,
    };
    station.evidence(unit.run).await.into_iter().filter_map(|evidence| failure(evidence.fact)).collect()
}

fn failure(status: impl Into<Option<u16>>, reason: &str) -> Vec<(Option<u16>, String)> {
    vec![(status.into(), reason.to_owned())]
}

/// Waits until the state is what is wanted.
async fn until(state: &mut watch::Receiver<UpstreamState>, here: bool) -> UpstreamState {
    let wanted = state.wait_for(|state| (*state == UpstreamState::Here) == here);
    tokio::time::timeout(PATIENCE, wanted).await.expect("the state changes").unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unit_gets_the_services_answer_byte_by_byte_and_the_record_gets_no_secret() {
    let (mut station, mut service) = relaying().await;
    let unit = station.unit(false).await;
    let answer = station.provision(&unit).await;
    assert_eq!((answer.status, answer.body), (200, grant().to_string()));
    assert!(matches!(station.event().await, GatewayEvent::Provisioned { run, .. } if run == unit.run));

    let asked = service.request().await;
    assert!(asked.head.starts_with("post /cloud/v1/provision/device http/1.1"), "{}", asked.head);
    assert!(asked.head.contains(&format!("iotmer-auth-code: {FACTORY_CODE}")), "{}", asked.head);
    assert!(asked.head.contains(&format!("host: localhost:{}", service.port)));
    assert_eq!(asked.body, json!({ "workspace_id": WORKSPACE }));

    let record = station.store.session_by_username("cu1").await.unwrap().unwrap();
    assert!(record.session.verifier.verify(PASSWORD) && record.mac == unit.mac);
    assert_eq!((record.session.workspace_slug.as_str(), record.session.mqtt_port), ("cloud", 8883));
    assert_eq!(record.session.token, Some(Sha256Digest::of(TOKEN.as_bytes())));
    assert!(matches!(&station.evidence(unit.run).await[0].fact, Fact::ProvisionAccepted { mqtt_username, mac, .. }
        if mqtt_username == "cu1" && *mac == Some(unit.mac)));
    for file in std::fs::read_dir(station.folder.path()).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = if file.is_file() { std::fs::read(&file).unwrap() } else { Vec::new() };
        for secret in [FACTORY_CODE, PASSWORD, TOKEN, unit.code.as_str()] {
            assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "{}", file.display());
        }
    }
    assert_eq!(station.provision(&unit).await.refusal(), refused(409, "used_code"));
    assert_eq!(service.further(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_that_the_station_does_not_know_go_on_and_mac_and_workspace_as_configured() {
    let workspace = uuid::Uuid::from_u128(7);
    let change = |settings: &mut Upstream| {
        (settings.forward_mac, settings.workspace_id) = (true, Some(workspace));
    };
    let (station, mut service) = relaying_with(Limits::default(), change).await;
    let unit = station.unit(false).await;
    let body = json!({ "workspace_id": WORKSPACE, "template_id": "t1", "hw": { "rev": 3 } });
    assert_eq!(station.post(&unit.code, &body.to_string()).await.status, 200);
    let expected = json!({
        "workspace_id": workspace.to_string(), "template_id": "t1", "hw": { "rev": 3 }, "mac": unit.mac.to_string(),
    });
    assert_eq!(service.request().await.body, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_the_station_refuses_never_reaches_the_service() {
    let (station, mut service) = relaying().await;
    let (unit, other) = (station.unit(false).await, station.unit(false).await);
    assert_eq!(station.post("unknown", &request(None)).await.refusal(), refused(401, "unknown_code"));
    assert_eq!(station.post(&unit.code, &request(Some(other.mac))).await.refusal(), refused(403, "other_unit"));
    station.advance(Duration::from_secs(3600));
    assert_eq!(station.provision(&unit).await.refusal(), refused(410, "void_code"));
    assert_eq!(service.further(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_refusal_is_on_record_and_is_no_absence() {
    let (mut station, service) = relaying().await;
    service.reply(Reply::Http("403 Forbidden", format!("your code {FACTORY_CODE} is blocked")));
    let unit = station.unit(false).await;
    let answer = station.provision(&unit).await;
    assert_eq!(answer.refusal(), refused(502, "upstream_refused"));
    assert!(answer.body.contains("HTTP 403") && !answer.body.contains(FACTORY_CODE), "{}", answer.body);
    assert_eq!(failures(&station, &unit).await, failure(403, "refused"));
    assert!(matches!(station.event().await, GatewayEvent::UpstreamFailed { run, .. } if run == unit.run));
    assert_eq!(*station.provisioner.upstream_state().borrow(), UpstreamState::Here);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_gone_is_left_alone_and_found_again_without_a_unit() {
    let (station, mut service) = relaying().await;
    let mut state = station.provisioner.upstream_state();
    service.reply(Reply::Hangs);
    let (unit, other) = (station.unit(false).await, station.unit(false).await);
    let answer = station.provision(&unit).await;
    assert_eq!(answer.refusal(), refused(503, "upstream_away"));
    assert!(answer.head.contains("retry-after: 2\r\n"), "{}", answer.head);
    assert_eq!(failures(&station, &unit).await, failure(None, "unreachable"));
    let since = station.now();
    assert_eq!(until(&mut state, false).await, UpstreamState::Away { since, reason: "unreachable" });
    assert_eq!(service.further(), 1);

    // While it is left alone, nobody is sent there, and no failure of its is claimed.
    assert_eq!(station.provision(&other).await.refusal(), refused(503, "upstream_away"));
    assert_eq!((service.further(), failures(&station, &other).await), (0, Vec::new()));

    service.reply(Reply::Http("200 OK", grant().to_string()));
    station.advance(FIRST_DELAY);
    until(&mut state, true).await;
    assert_eq!(service.further(), 0);
    assert_eq!(station.provision(&other).await.body, grant().to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_where_nobody_listens_and_a_foreign_authority_are_unreachable() {
    let (station, mut service) = relaying().await;
    service.stop().await;
    let unit = station.unit(false).await;
    assert_eq!(station.provision(&unit).await.refusal(), refused(503, "upstream_away"));
    assert_eq!(failures(&station, &unit).await, failure(None, "unreachable"));

    let stranger = Service::start(crate::station::today()).await;
    let trust = stranger.settings().trust;
    let (station, mut service) = relaying_with(Limits::default(), |settings| settings.trust = trust).await;
    let unit = station.unit(false).await;
    assert_eq!(station.provision(&unit).await.refusal(), refused(503, "upstream_away"));
    assert_eq!((failures(&station, &unit).await, service.further()), (failure(None, "unreachable"), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_429_is_a_minute_of_silence_and_a_500_the_beginning_of_the_delays() {
    for (status, reason, code, wait) in [
        ("429 Too Many Requests", "throttled", 429, Duration::from_secs(60)),
        ("500 Internal Server Error", "failed", 500, FIRST_DELAY),
    ] {
        let (station, service) = relaying().await;
        let mut state = station.provisioner.upstream_state();
        service.reply(Reply::Http(status, String::new()));
        let unit = station.unit(false).await;
        let answer = station.provision(&unit).await;
        assert_eq!(answer.refusal(), refused(503, "upstream_away"));
        assert!(answer.head.contains(&format!("retry-after: {}\r\n", wait.as_secs())), "{}", answer.head);
        assert_eq!(failures(&station, &unit).await, failure(code, reason));
        assert_eq!(until(&mut state, false).await, UpstreamState::Away { since: station.now(), reason });
        service.reply(Reply::Http("404 Not Found", String::new()));
        station.advance(wait);
        until(&mut state, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_no_unit_could_store_is_named_and_the_code_is_not_sent_twice() {
    let (station, mut service) = relaying().await;
    for (name, value, reason, words) in [
        ("mqtt_password", json!("p".repeat(96)), "unreadable", "mqtt_password is 96 bytes long"),
        ("mqtt_username", Value::Null, "unreadable", "device contract"),
        ("filler", json!("x".repeat(8192)), "unreadable", "8191 bytes"),
        ("certificate_pem", json!("x"), "unreadable", "client certificate"),
        ("mqtt_host", json!("mqtt.cloud.example"), "foreign_broker", "mqtt.cloud.example:8883"),
        ("mqtt_port", json!(1883), "foreign_broker", "LOCALHOST:1883"),
        ("mqtt_tls", json!(false), "foreign_broker", "LOCALHOST:8883"),
    ] {
        service.grant_with(&[(name, value)]);
        let unit = station.unit(false).await;
        for _ in 0..2 {
            let answer = station.provision(&unit).await;
            assert_eq!(answer.refusal(), refused(502, &format!("upstream_{reason}")));
            assert!(answer.body.contains(words) && !answer.body.contains("ppp"), "{}", answer.body);
        }
        assert_eq!(failures(&station, &unit).await, failure(201, reason));
        assert_eq!(service.further(), 1, "{name}");
        assert!(station.store.unit(unit.mac).await.unwrap().unwrap().sessions.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_is_on_record_for_another_unit_is_refused() {
    let (station, _service) = relaying().await;
    let (first, second) = (station.unit(false).await, station.unit(false).await);
    assert_eq!(station.provision(&first).await.status, 200);
    let answer = station.provision(&second).await;
    assert_eq!(answer.refusal(), refused(502, "upstream_unreadable"));
    assert!(answer.body.contains("mqtt_username is on record for another session"), "{}", answer.body);
    assert_eq!(failures(&station, &second).await, failure(200, "unreadable"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_came_too_late_for_the_unit_waits_for_its_next_try() {
    let limits = Limits { request_timeout: Duration::from_secs(1), ..Limits::default() };
    let (mut station, mut service) = relaying_with(limits, |_| {}).await;
    service.gate.forget_permits(usize::MAX);
    let unit = station.unit(false).await;
    assert_eq!(station.provision(&unit).await.refusal(), refused(503, "station_busy"));
    service.gate.add_permits(1);
    assert!(matches!(station.event().await, GatewayEvent::Provisioned { .. }));
    assert_eq!(station.provision(&unit).await.body, grant().to_string());
    assert_eq!(service.further(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_record_refuses_is_told_as_made_in_vain() {
    let (mut station, mut service) = relaying().await;
    service.gate.forget_permits(usize::MAX);
    let unit = station.unit(false).await;
    let (answer, ()) = tokio::join!(station.provision(&unit), async {
        service.request().await;
        let end = RunEnd::Failed(Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "no byte"));
        station.store.finish_run(unit.run, &end, &[], station.now()).await.unwrap();
        service.gate.add_permits(1);
    });
    assert_eq!(answer.refusal(), refused(410, "void_code"));
    let event = station.event().await;
    let GatewayEvent::UpstreamFailed { run, evidence } = event else { panic!("{event:?}") };
    assert_eq!(run, unit.run);
    assert!(matches!(evidence.fact, Fact::UpstreamFailed { reason, .. } if reason == "unrecorded"));
    assert!(station.store.session_by_username("cu1").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lines_offer_and_the_stations_certificate_are_added_to_the_services_answer() {
    let (station, service) = relaying().await;
    service.grant_with(&[("firmware_url", json!("https://cloud/fw")), ("firmware_size_bytes", json!(9))]);
    let unit = station.unit(true).await;
    let image: Arc<[u8]> = Arc::from(*b"firmware");
    let firmware = FirmwareImage { sha256: Sha256Digest::of(&image), image };
    let _offer = station.provisioner.offer(unit.run, &firmware, &station.url("/api/v1")).unwrap();
    let answer = station.provision(&unit).await.session();
    assert!(answer.firmware_url.unwrap().starts_with(&station.url("/api/v1/firmware/")));
    assert_eq!(answer.firmware_size_bytes, Some(8));
    assert_eq!(answer.mqtt_password.expose(), PASSWORD);
    let info = firstpass_authority::parse_certificate(&answer.certificate_pem.unwrap()).unwrap();
    assert_eq!(info.device_id.unwrap().as_str(), "cloud-1");
    assert!(answer.private_key_pem.is_some());
    let record = station.store.session_by_username("cu1").await.unwrap().unwrap();
    assert_eq!(record.certificate, Some(info.fingerprint));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_services_firmware_is_kept_from_units_when_configured_so() {
    for forward in [true, false] {
        let change = |settings: &mut Upstream| settings.forward_firmware = forward;
        let (station, service) = relaying_with(Limits::default(), change).await;
        service.grant_with(&[("firmware_url", json!("https://cloud/fw"))]);
        let unit = station.unit(false).await;
        assert_eq!(station.provision(&unit).await.session().firmware_url.is_some(), forward);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_on_a_units_behalf_comes_from_the_service_too() {
    let (station, mut service) = relaying().await;
    let (run, mac) = station.run().await;
    let issued = station.on_behalf(run, mac, false, station.now()).await;
    assert_eq!(issued.response.mqtt_password.expose(), PASSWORD);
    assert_eq!(service.request().await.body, json!({ "workspace_id": WORKSPACE }));
    assert!(station.store.session_by_username("cu1").await.unwrap().is_some());

    service.reply(Reply::Http("401 Unauthorized", String::new()));
    let (run, mac) = station.run().await;
    assert_eq!(not_granted(&station, run, mac).await, (Some(401), "refused".to_owned()));
}

/// What is on record of a session on a unit's behalf that is not granted.
async fn not_granted(station: &Station, run: RunId, mac: Mac) -> (Option<u16>, String) {
    let asked = station.provisioner.issue_on_behalf(run, mac, false, station.now()).await.unwrap();
    let OnBehalf::NotGranted(evidence) = asked else { panic!("{asked:?}") };
    assert_eq!(station.evidence(run).await, std::slice::from_ref(&evidence));
    let Fact::UpstreamFailed { status, reason } = evidence.fact else { panic!("{evidence:?}") };
    (status, reason)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_away_is_on_record_of_every_unit_that_it_should_have_granted_a_session_on_behalf() {
    let (station, mut service) = relaying().await;
    service.reply(Reply::Hangs);
    let (run, mac) = station.run().await;
    assert_eq!(not_granted(&station, run, mac).await, (None, "unreachable".to_owned()));
    let (run, mac) = station.run().await;
    assert_eq!(not_granted(&station, run, mac).await, (None, "left_alone".to_owned()));
    assert_eq!(service.further(), 1, "it was left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_on_behalf_with_another_sessions_key_is_the_services_doing() {
    let (station, service) = relaying().await;
    let (run, mac) = station.run().await;
    station.on_behalf(run, mac, false, station.now()).await;
    service.grant_with(&[("device_id", json!("cloud-2")), ("mqtt_username", json!("cu2"))]);
    let (run, mac) = station.run().await;
    assert_eq!(not_granted(&station, run, mac).await, (None, "unrecorded".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_the_service_recognises_is_refused_with_the_way_out() {
    let (station, service) = relaying_with(Limits::default(), |settings| settings.forward_mac = true).await;
    let first = station.unit(false).await;
    assert_eq!(station.provision(&first).await.status, 200);
    let end = RunEnd::Failed(Diagnosis::new(DiagnosisCode::MqttDropped, Step::Connect, "connection_lost"));
    station.store.finish_run(first.run, &end, &[], station.now()).await.unwrap();
    for username in ["cu1", "cu1-again"] {
        service.grant_with(&[("mqtt_username", json!(username))]);
        let again = station.again(&first).await;
        let answer = station.provision(&again).await;
        assert_eq!(answer.refusal(), refused(502, "upstream_known_unit"));
        assert!(answer.body.contains("Delete the device") && answer.body.contains("forward_mac"), "{}", answer.body);
        assert_eq!(failures(&station, &again).await, failure(201, "known_unit"));
        let end = RunEnd::Failed(Diagnosis::new(DiagnosisCode::UpstreamKnownUnit, Step::Provision, ""));
        station.store.finish_run(again.run, &end, &[], station.now()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_the_record_could_not_take_is_recorded_with_the_units_next_try() {
    let (station, mut service) = relaying().await;
    service.gate.forget_permits(usize::MAX);
    let unit = station.unit(false).await;
    let (record, away) = (station.folder.path().join("record.db"), station.folder.path().join("away.db"));
    let (answer, ()) = tokio::join!(station.provision(&unit), async {
        service.request().await;
        std::fs::rename(&record, &away).unwrap();
        service.gate.add_permits(1);
    });
    assert_eq!(answer.refusal(), refused(503, "record_unavailable"));
    std::fs::rename(&away, &record).unwrap();
    assert_eq!(station.provision(&unit).await.body, grant().to_string());
    assert_eq!(service.further(), 0);
    assert!(station.store.session_by_username("cu1").await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_requests_with_one_code_at_once_one_reaches_the_service() {
    let (station, mut service) = relaying().await;
    service.gate.forget_permits(usize::MAX);
    let unit = station.unit(false).await;
    let (anonymous, named) = (request(None), request(Some(unit.mac)));
    let release = async {
        service.request().await;
        // Time for the second one to come to its turn; it has no way past the first, whenever it comes.
        for _ in 0..3 {
            assert_eq!(station.post("unknown", &named).await.status, 401);
        }
        service.gate.add_permits(2);
    };
    let (first, second, ()) =
        tokio::join!(station.post(&unit.code, &anonymous), station.post(&unit.code, &named), release);
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!((statuses, service.further()), ([200, 409], 0));
}
