//! Whether the station can listen where its configuration says.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use super::Check;
use crate::config::Config;

/// HTTPS, MQTT and the dashboard.
pub(super) fn check(config: &Config) -> [Check; 3] {
    [
        listen("HTTPS port", "[gateway] https_listen", config.gateway.https_listen),
        listen("MQTT port", "[gateway] mqtt_listen", config.gateway.mqtt_listen),
        listen("dashboard port", "[server] listen", config.server.listen),
    ]
}

fn listen(name: &'static str, setting: &str, address: SocketAddr) -> Check {
    match TcpListener::bind(address) {
        Ok(_) => Check::ok(name, format!("{address} is free")),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            let remedy = format!("Stop what listens there (a station that runs already is one), or change {setting}.");
            Check::fail(name, format!("{address} is in use"), remedy)
        }
        Err(error) => {
            let what = format!("{address} cannot be listened on: {error}");
            Check::fail(name, what, format!("Change {setting}; ports below 1024 are the administrator's."))
        }
    }
}
