//! The line provisions on a unit's behalf (injection `session`).

use firstpass_domain::Fact;
use firstpass_gateway::https::{Provisioner, SessionError, Workspace};
use firstpass_store::Store;

use crate::station::{Station, workspace};

#[tokio::test(flavor = "multi_thread")]
async fn a_session_on_behalf_is_on_record_with_its_evidence() {
    let station = Station::start().await;
    let (run, mac) = station.run().await;
    let issued = station.on_behalf(run, mac, true, station.now()).await;
    assert!(matches!(issued.evidence.fact, Fact::ProvisionAccepted { on_behalf: true, mac: None, .. }));
    assert_eq!(station.evidence(run).await, [issued.evidence]);
    let stored = station.store.session_by_username(&issued.response.mqtt_username).await.unwrap().unwrap();
    assert!(stored.session.verifier.verify(issued.response.mqtt_password.expose()));
    assert_eq!(stored.certificate, issued.certificate.map(|certificate| certificate.fingerprint));
    assert!(issued.response.private_key_pem.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workspace_whose_sessions_would_not_fit_a_unit_is_refused_at_the_start() {
    let station = Station::start().await;
    let too_long = Workspace { mqtt_host: "x".repeat(128), ..workspace() };
    let now = station.now();
    let made =
        Provisioner::new(station.store.clone(), station.authority.clone(), too_long, std::sync::Arc::new(move || now));
    let error = made.err().expect("it is refused");
    assert!(matches!(&error, SessionError::FieldTooLong(error) if (error.field, error.max) == ("mqtt_host", 127)));
    let problem = error.problem();
    assert!(problem.why.contains("mqtt_host") && problem.code == "answer_does_not_fit", "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_shows_in_debug_output() {
    let station = Station::start().await;
    let (run, mac) = station.run().await;
    let issued = station.on_behalf(run, mac, true, station.now()).await;
    let printed = format!("{issued:?}");
    assert!(!printed.contains(issued.response.mqtt_password.expose()) && !printed.contains("PRIVATE KEY"));
}
