//! Whoever keeps secrets out of a unit's log hears them before the unit does.

use std::sync::{Arc, Mutex};

use firstpass_contract::Secret;
use firstpass_domain::RunId;
use firstpass_gateway::https::Confidence;

use crate::station::Station;

fn listen(station: &Station, run: RunId) -> (Confidence, Arc<Mutex<Vec<Secret>>>) {
    let heard = Arc::<Mutex<Vec<Secret>>>::default();
    let ear = Arc::clone(&heard);
    (station.provisioner.confide(run, Arc::new(move |secret| ear.lock().unwrap().push(secret.clone()))), heard)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidant_hears_every_secret_of_its_run_and_of_no_other() {
    let station = Station::start().await;
    let (unit, other) = (station.unit(true).await, station.unit(true).await);
    let (_confidence, heard) = listen(&station, unit.run);
    station.provision(&other).await.session();
    assert!(heard.lock().unwrap().is_empty());
    let session = station.provision(&unit).await.session();
    let expected = [Some(session.mqtt_password), session.device_http_token, session.private_key_pem];
    assert_eq!(*heard.lock().unwrap(), expected.map(|secret| secret.expect("the session is complete")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confidant_hears_of_a_session_on_behalf_and_nothing_after_the_run() {
    let station = Station::start().await;
    let (run, mac) = station.run().await;
    let (confidence, heard) = listen(&station, run);
    let issued = station.on_behalf(run, mac, false, station.now()).await;
    assert!(heard.lock().unwrap().contains(&issued.response.mqtt_password));
    drop(confidence);
    let unit = station.unit(false).await;
    let (confidence, heard) = listen(&station, unit.run);
    drop(confidence);
    station.provision(&unit).await.session();
    assert!(heard.lock().unwrap().is_empty());
}
