//! A session that is on record and whose answer never left waits for the unit that bought it, and for no other.

use std::time::Duration;

use firstpass_domain::{Diagnosis, DiagnosisCode, Fact, Step};
use firstpass_gateway::https::{GatewayEvent, Limits, Rate};
use firstpass_store::{RunEnd, Store};

use crate::{
    life::EVENTS,
    raw::Raw,
    station::{Station, Unit, refused, request},
};

/// Time for a request: short for a test, yet long for a commit on a busy machine.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// A station whose line is so far behind that no request which makes an event can be answered.
async fn stalled() -> Station {
    let per_peer = Rate { burst: 2 * EVENTS, interval: Duration::from_millis(1) };
    let limits = Limits { per_peer, request_timeout: REQUEST_TIMEOUT, ..Limits::default() };
    let station = Station::with(limits).await;
    let without_code = "POST /api/v1/provision/device HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n";
    let last = format!("{without_code}Connection: close\r\n\r\n");
    let flood = format!("{without_code}\r\n").repeat(EVENTS as usize - 1) + &last;
    Raw::connect(&station).await.exchange(&flood).await;
    station
}

/// Reads events until the one that says that the unit was provisioned.
async fn catch_up(station: &mut Station) {
    while !matches!(station.event().await, GatewayEvent::Provisioned { .. }) {}
}

/// A unit that was told that the station is busy, and whose session is on record all the same.
async fn unanswered(station: &mut Station) -> Unit {
    let unit = station.unit(false).await;
    assert_eq!(station.provision(&unit).await.refusal(), refused(503, "station_busy"));
    let evidence = station.evidence(unit.run).await;
    assert!(matches!(evidence[0].fact, Fact::ProvisionAccepted { .. }), "{evidence:?}");
    unit
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_that_was_told_to_come_back_gets_the_session_that_it_bought_once() {
    let mut station = stalled().await;
    let unit = unanswered(&mut station).await;
    // The first request is still at work: a second one waits its time, and issues nothing.
    assert_eq!(station.provision(&unit).await.refusal(), refused(503, "station_busy"));
    catch_up(&mut station).await;

    let session = station.provision(&unit).await.session();
    let detail = station.store.unit(unit.mac).await.unwrap().unwrap();
    assert_eq!(detail.sessions.len(), 1);
    let stored = station.store.session_by_username(&session.mqtt_username).await.unwrap().unwrap();
    assert!(stored.session.verifier.verify(session.mqtt_password.expose()));
    assert_eq!(station.provision(&unit).await.refusal(), refused(409, "used_code"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_waits_is_for_the_same_request_and_ends_with_its_run() {
    let mut station = stalled().await;
    let unit = unanswered(&mut station).await;
    catch_up(&mut station).await;
    assert_eq!(station.post(&unit.code, &request(None)).await.refusal(), refused(409, "used_code"));
    let end = RunEnd::Failed(Diagnosis::new(DiagnosisCode::BootSilent, Step::Boot, "no byte"));
    station.store.finish_run(unit.run, &end, &[], station.now()).await.unwrap();
    assert_eq!(station.provision(&unit).await.refusal(), refused(409, "used_code"));
}
