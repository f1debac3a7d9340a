//! A unit that makes its own key: request, answer, and what it refuses.

mod support;

use firstpass_agent::{
    Action, BrokerFailure, CertificateFault, ClientKey, CompiledIn, ErrorClass, EspError, Event, SessionInNvs, Setup,
};
use firstpass_contract::{ProvisionRequest, Secret, nvs};
use support::{Rig, answer_with, factory};

/// A platform's key in three states.
struct Key(Result<&'static str, EspError>);

impl ClientKey for Key {
    fn certificate_request(&mut self, common_name: &str) -> Result<String, EspError> {
        self.0.map(|key| format!("CSR of {key} for {common_name}"))
    }
}

fn own_key() -> Setup {
    Setup { own_key: true, ..Setup::default() }
}

/// Boots a unit with its own key and lets the platform answer.
fn requested() -> Rig {
    let mut rig = Rig::online_as(factory(), own_key());
    let common_name = rig.wanted_common_name();
    rig.feed(Key(Ok("k")).answer(&common_name));
    rig
}

#[test]
fn the_request_is_made_before_the_post_and_goes_with_it() {
    let mut rig = Rig::online_as(factory(), own_key());
    assert_eq!(rig.posts(), []);
    assert_eq!(rig.wanted_common_name(), "02:00:00:00:00:1f");
    rig.feed(Key(Ok("k")).answer("02:00:00:00:00:1f"));
    let [request] = rig.posts().try_into().unwrap();
    let body: ProvisionRequest = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body.csr_pem.as_deref(), Some("CSR of k for 02:00:00:00:00:1f"));
}

#[test]
fn the_certificate_is_stored_without_a_key_and_presented() {
    let mut rig = requested();
    rig.http_answers(200, answer_with(r#""certificate_pem":"CERT""#));
    let [write] = rig.writes().try_into().unwrap();
    assert!(write.set.iter().any(|(key, _)| *key == nvs::CERT_PEM));
    assert!(!write.set.iter().any(|(key, _)| *key == nvs::KEY_PEM) && !write.erase.contains(&nvs::KEY_PEM));
    rig.feed(Event::NvsStored);
    assert!(rig.opens()[0].client_certificate);
}

#[test]
fn a_key_made_elsewhere_is_refused() {
    let mut rig = requested();
    rig.log();
    rig.http_answers(200, answer_with(r#""certificate_pem":"CERT","private_key_pem":"KEY""#));
    let line = "E iotmer_provision: JSON parse failed: a private key in the answer to a certificate request";
    assert_eq!(rig.log()[0], line);
    assert_eq!(rig.writes(), []);
}

#[test]
fn without_a_wish_for_it_a_certificate_without_a_key_is_not_used() {
    let mut rig = Rig::online(factory());
    rig.http_answers(200, answer_with(r#""certificate_pem":"CERT""#));
    rig.feed(Event::NvsStored);
    assert!(!rig.opens()[0].client_certificate);
}

#[test]
fn a_retry_sends_the_same_request() {
    let mut rig = requested();
    let first = rig.posts();
    rig.http_answers(503, "");
    rig.sleep();
    assert_eq!(rig.posts(), first);
}

#[test]
fn a_key_that_cannot_be_made_is_said_and_tried_again() {
    let mut rig = Rig::online_as(factory(), own_key());
    rig.actions();
    rig.feed(Key(Err(EspError("ESP_ERR_NO_MEM"))).answer("x"));
    assert_eq!(rig.log()[0], "E iotmer_provision: own key cannot be made: ESP_ERR_NO_MEM");
    assert_eq!(rig.classes(), [ErrorClass::MemoryConnectFail]);
    rig.sleep();
    assert!(matches!(&rig.actions()[..], [Action::MakeCertificateRequest { .. }]));
}

#[test]
fn a_unit_with_a_stored_session_makes_no_request() {
    let mut rig = Rig::online_as(SessionInNvs { client_certificate: true, ..support::complete() }, own_key());
    assert_eq!(rig.opens().len(), 1);
    assert!(!rig.actions().iter().any(|action| matches!(action, Action::MakeCertificateRequest { .. })));
}

#[test]
fn a_reset_that_may_have_erased_the_key_is_followed_by_a_new_request() {
    let compiled_in = CompiledIn { auth_code: Secret::new("CODE-C"), ..CompiledIn::default() };
    let mut rig = Rig::online_as(factory(), Setup { compiled_in, ..own_key() });
    let common_name = rig.wanted_common_name();
    rig.feed(Key(Ok("k")).answer(&common_name));
    rig.http_answers(200, answer_with(r#""certificate_pem":"CERT""#));
    rig.feed(Event::NvsStored);
    rig.posts();
    rig.feed(Event::BrokerFailed(BrokerFailure { certificate: Some(CertificateFault::Unusable), ..support::RESET }));
    rig.feed(Event::NvsStored);
    assert_eq!(rig.posts(), []);
    assert_eq!(rig.wanted_common_name(), common_name);
}
