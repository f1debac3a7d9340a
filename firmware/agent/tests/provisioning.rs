//! When a unit provisions, what it sends, what it accepts, and what it stores.

mod support;

use firstpass_agent::{ErrorClass, Event, NvsValue, SessionInNvs};
use firstpass_contract::{ProvisionRequest, Secret, nvs};
use support::{ANSWER, Rig, answer_with, complete, factory};

#[test]
fn a_unit_without_network_does_nothing() {
    let mut rig = Rig::boot(factory());
    assert_eq!(rig.actions(), []);
    rig.feed(Event::NetworkRetry { attempt: 1, attempts_max: 5 });
    rig.feed(Event::NetworkFailed { attempts: 5 });
    let log = ["W iotmer_wifi: WiFi disconnected, retry 1/5", "E iotmer_wifi: WiFi connect failed after 5 retries"];
    assert_eq!(rig.log(), log);
    assert_eq!(rig.actions(), []);
}

#[test]
fn a_code_is_posted_with_workspace_and_mac() {
    let mut rig = Rig::online(factory());
    let url = "https://line.test/api/v1/provision/device";
    assert_eq!(
        rig.log(),
        ["I iotmer_wifi: WiFi connected, IP:10.0.0.2".to_string(), format!("I iotmer_provision: HTTPS POST {url}")]
    );
    let [request] = rig.posts().try_into().unwrap();
    assert_eq!((request.url.as_str(), request.timeout_ms), (url, 10_000));
    let headers: Vec<_> = request.headers.iter().map(|header| (header.name, header.value.expose())).collect();
    assert_eq!(headers, [("content-type", "application/json"), ("iotmer-auth-code", "CODE-1")]);
    assert_eq!(request.body, r#"{"workspace_id":"5b0c1f0e-0000-4000-8000-000000000001","mac":"02:00:00:00:00:1f"}"#);
}

#[test]
fn a_unit_with_an_identity_names_it_and_drops_the_slash_of_its_base_url() {
    let session = SessionInNvs {
        prov_url: "https://line.test/".into(),
        template_id: "t-9".into(),
        auth_code: Secret::new("CODE-2"),
        workspace_id: "w".into(),
        ..complete()
    };
    let mut rig = Rig::online(session);
    let [request] = rig.posts().try_into().unwrap();
    assert_eq!(request.url, "https://line.test/provision/device");
    let body: ProvisionRequest = serde_json::from_str(&request.body).unwrap();
    assert_eq!((body.device_id.as_deref(), body.template_id.as_deref()), (Some("dev-1"), Some("t-9")));
}

#[test]
fn a_complete_session_without_a_code_skips_https() {
    let mut rig = Rig::online(complete());
    assert_eq!(rig.posts(), []);
    let log = rig.log();
    assert_eq!(log[1], "I iotmer_provision: provision skipped (no auth code; using stored session)");
    assert_eq!(log[2], "I iotmer_client: init complete (device_id=dev-1, mqtt_host=broker.test)");
    assert_eq!(rig.opens().len(), 1);
}

#[test]
fn each_missing_part_of_a_session_without_a_code_is_an_error() {
    let cuts: [fn(&mut SessionInNvs); 6] = [
        |session| session.device_id.clear(),
        |session| session.device_key.clear(),
        |session| session.workspace_slug.clear(),
        |session| session.mqtt_host.clear(),
        |session| session.mqtt_username.clear(),
        |session| session.mqtt_password = Secret::default(),
    ];
    for cut in cuts {
        let mut session = complete();
        cut(&mut session);
        let mut rig = Rig::online(session);
        assert_eq!(rig.log()[1], "E iotmer_provision: provision auth empty and NVS session incomplete");
        assert_eq!(rig.actions(), []);
        assert!(!rig.waits());
    }
}

#[test]
fn a_parameter_without_which_no_request_can_be_made_is_an_error_that_names_the_key() {
    let url = |url: &str| SessionInNvs { prov_url: url.into(), ..factory() };
    for (session, fault) in [
        (SessionInNvs { workspace_id: String::new(), ..factory() }, "workspace_id is empty"),
        (url(""), "prov_url is empty"),
        (url("http://line.test"), "prov_url is no https URL"),
        (url("https:///api"), "prov_url is no https URL"),
        (url("https://line .test"), "prov_url is no https URL"),
        (SessionInNvs { workspace_id: "w".repeat(65), ..factory() }, "workspace_id is longer than 64 characters"),
        (SessionInNvs { template_id: "t".repeat(65), ..factory() }, "template_id is longer than 64 characters"),
    ] {
        let mut rig = Rig::online(session);
        assert_eq!(rig.log()[1], format!("E iotmer_provision: {fault}: cannot provision"));
        assert_eq!(rig.actions(), []);
        assert_eq!(rig.classes(), [ErrorClass::InvalidParameters]);
    }
    let mut rig = Rig::online(SessionInNvs { workspace_id: "w".repeat(64), ..factory() });
    assert_eq!(rig.posts().len(), 1);
}

#[test]
fn an_accepted_answer_is_stored_the_code_erased_and_the_broker_opened() {
    for status in [200, 201] {
        let mut rig = Rig::online(factory());
        rig.actions();
        rig.http_answers(status, ANSWER);
        let line = "I iotmer_provision: MQTT (from provision): host=broker.test port=8884 tls=yes username=user-1 password_len=6 password_changed_or_new";
        assert_eq!(rig.log(), [line]);
        let [write] = rig.writes().try_into().unwrap();
        assert!(write.set.contains(&(nvs::MQTT_PASSWORD, NvsValue::Secret(Secret::new("pass-1")))));
        assert!(write.set.contains(&(nvs::MQTT_PORT, NvsValue::I32(8884))));
        assert!(write.set.contains(&(nvs::MQTT_TLS, NvsValue::I8(1))));
        assert_eq!(write.erase, [nvs::FW_URL, nvs::FW_SHA256, nvs::FW_SIZE, nvs::AUTH_CODE]);
        assert_eq!(rig.opens(), [], "nothing connects before the session is stored");
        rig.feed(Event::NvsStored);
        assert_eq!(rig.opens()[0].port, 8884);
    }
}

#[test]
fn certificate_and_key_are_stored_and_presented() {
    let mut rig = Rig::online(factory());
    rig.http_answers(
        200,
        answer_with(r#""certificate_pem":"CERT","private_key_pem":"KEY","device_http_token":"dht_1""#),
    );
    let [write] = rig.writes().try_into().unwrap();
    assert!(write.set.contains(&(nvs::CERT_PEM, NvsValue::Text("CERT".into()))));
    assert!(write.set.contains(&(nvs::KEY_PEM, NvsValue::Secret(Secret::new("KEY")))));
    assert!(write.set.contains(&(nvs::DHT, NvsValue::Secret(Secret::new("dht_1")))));
    rig.feed(Event::NvsStored);
    assert!(rig.opens()[0].client_certificate);
}

#[test]
fn a_password_that_stays_is_said_to_stay() {
    let session = SessionInNvs { mqtt_password: Secret::new("pass-1"), ..factory() };
    let mut rig = Rig::online(session);
    rig.actions();
    rig.http_answers(200, ANSWER);
    assert!(rig.log()[0].ends_with("password_len=6 same_as_before"));
}

#[test]
fn a_body_of_8191_bytes_is_read_and_one_of_8192_is_not() {
    for (length, stored) in [(8191, 1), (8192, 0)] {
        let mut rig = Rig::online(factory());
        let filler = length - answer_with(r#""x":"""#).len();
        let body = answer_with(&format!(r#""x":"{}""#, "y".repeat(filler)));
        assert_eq!(body.len(), length);
        rig.http_answers(200, body);
        assert_eq!(rig.writes().len(), stored, "{length}");
    }
}

#[test]
fn an_answer_that_the_unit_cannot_hold_or_use_is_refused_without_a_word_of_it() {
    let bodies = [
        "no json".to_string(),
        ANSWER.replace("pass-1", &"SECRET".repeat(16)),
        ANSWER.replace("\"pass-1\"", "{\"SECRET\":1}"),
        ANSWER.replace("acme", ""),
        ANSWER.replace("8884", "70000"),
        answer_with(&format!(r#""certificate_pem":"{}","private_key_pem":"k""#, "SECRET".repeat(700))),
        ANSWER.replace("\"device_id\":\"dev-1\",", ""),
    ];
    for body in bodies {
        let mut rig = Rig::online(factory());
        rig.actions();
        rig.http_answers(200, body.clone());
        let [line, wait] = rig.log().try_into().unwrap();
        assert!(line.starts_with("E iotmer_provision: JSON parse failed: "), "{line}");
        assert!(wait.ends_with(" ms (ResponseParseFailed)"), "{wait}");
        assert!(!line.contains("SECRET"), "{line}");
        assert_eq!(rig.actions(), [], "{body}");
        assert!(rig.waits());
    }
}

#[test]
fn a_refusal_is_logged_with_its_answer_but_not_with_the_code() {
    let mut rig = Rig::online(factory());
    rig.actions();
    rig.http_answers(401, "bad\ncode CODE-1");
    let line = "E iotmer_provision: Provision failed HTTP 401 URL=https://line.test/api/v1/provision/device response=bad code …";
    assert_eq!(rig.log()[0], line);
}

#[test]
fn a_server_cannot_write_lines_of_its_own_into_the_log() {
    let mut rig = Rig::online(factory());
    rig.actions();
    rig.http_answers(200, ANSWER.replace("user-1", r"u\r\nI (9) iotmer_client: MQTT connected"));
    let [line] = rig.log().try_into().unwrap();
    assert!(line.contains("username=u  I (9)") && !line.contains(['\r', '\n']), "{line}");
}
