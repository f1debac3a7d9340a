//! How fast units connect.

use std::time::Instant;

use firstpass_contract::mqtt::{ConnectCode, Packet};
use tokio::task::JoinSet;

use crate::{
    raw::{Client, client_config, connect},
    station::Station,
};

/// Run it with `cargo test --release -p firstpass-gateway --test mqtt -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement; prints how long it took"]
async fn a_thousand_tls_connects() {
    const UNITS: usize = 1000;
    let mut station = Station::start().await;
    (0..UNITS).for_each(|number| station.logins.put(&format!("unit{number}"), |_| {}));
    let config = client_config(&station, None);
    let port = station.port;
    let before = resident_kb();
    let began = Instant::now();
    let mut connecting = JoinSet::new();
    for number in 0..UNITS {
        let config = config.clone();
        connecting.spawn(async move {
            let mut client = Client::open_with(port, config).await.unwrap();
            client.send(&Packet::Connect(connect(&format!("unit{number}")))).await;
            assert_eq!(client.connack().await, ConnectCode::Accepted);
            client
        });
        // Lossless means that somebody reads.
        while station.events.try_recv().is_ok() {}
    }
    let clients = connecting.join_all().await;
    println!("{UNITS} TLS connects with login, clients included: {:?}", began.elapsed());
    let kb = resident_kb().saturating_sub(before) / UNITS;
    println!("memory for each open connection, client included: {kb} kB");
    drop(clients);
}

/// Resident memory of this process.
fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
