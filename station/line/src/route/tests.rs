//! What holds up a broker's evidence, and what does not.

use std::time::Duration;

use firstpass_domain::{DeviceId, Fact, PasswordVerifier};
use firstpass_gateway::mqtt::{BrokerEventKind, ConnectionId, DisconnectReason, Origin};
use firstpass_store::NewSession;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

use super::*;
use crate::testing::{Bench, NOW};

/// Long enough for one answer of the record, however slow the machine.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

fn session(name: &str) -> NewSession {
    NewSession {
        device_id: DeviceId::new(format!("device-{name}")).unwrap(),
        device_key: format!("key-{name}"),
        workspace_slug: "factory".to_owned(),
        mqtt_host: "localhost".to_owned(),
        mqtt_port: 8883,
        mqtt_username: name.to_owned(),
        verifier: PasswordVerifier::make("password", [0; 16]),
        token: None,
    }
}

fn left(username: &str) -> BrokerEvent {
    let peer = "127.0.0.1:50000".parse().unwrap();
    let username = Some(username.to_owned());
    let origin = Origin { connection: ConnectionId(7), peer, certificate: None, username };
    BrokerEvent { at: NOW, origin, kind: BrokerEventKind::Disconnected(DisconnectReason::Flooding) }
}

#[tokio::test]
async fn a_damaged_session_on_record_holds_up_no_other_units_evidence() {
    let bench = Bench::new(None).await;
    let run = bench.begin().await;
    bench.prove(run).await;
    let seen = Evidence { at: NOW, fact: Fact::Flooded };
    for name in ["damaged", "healthy"] {
        bench.store.issue_session(run, &session(name), None, &seen, NOW).await.unwrap();
    }
    let record = SqliteConnectOptions::new().filename(bench.folder.path().join("record.sqlite")).foreign_keys(false);
    let mut record = record.connect().await.unwrap();
    let damage = "UPDATE sessions SET mac = x'00' WHERE mqtt_username = 'damaged'";
    sqlx::query(damage).execute(&mut record).await.unwrap();
    record.close().await.unwrap();

    let router = Router::new(Arc::clone(&bench.store));
    let mut inbox = router.open(run);
    let delivered = async {
        router.deliver_broker(&left("damaged")).await;
        router.deliver_broker(&left("healthy")).await;
    };
    tokio::time::timeout(ANSWER_TIMEOUT, delivered).await.expect("nobody waits for what stays damaged");
    assert_eq!(inbox.receiver.try_recv().unwrap().evidence, seen);
    assert!(inbox.receiver.try_recv().is_err(), "of a damaged session nothing is known");
}
