//! Whether the station can listen where its configuration says, units can find it, and its service can be used.

use std::{
    io,
    net::{IpAddr, SocketAddr, TcpListener},
};

use firstpass_domain::Problem;

use super::Check;
use crate::{config::Config, exit::Failure};

/// Longest host name, and longest part of one, in bytes. Source: RFC 1123, section 2.1.
const HOST_LEN_MAX: usize = 253;
const LABEL_LEN_MAX: usize = 63;

/// HTTPS, MQTT, the dashboard, the name that units are told, and the service that is relayed to.
pub(super) fn check(config: &Config) -> Vec<Check> {
    let mut checks = vec![
        listen("HTTPS port", "[gateway] https_listen", config.gateway.https_listen),
        listen("MQTT port", "[gateway] mqtt_listen", config.gateway.mqtt_listen),
        listen("dashboard port", "[server] listen", config.server.listen),
        public_host(&config.gateway.public_host),
    ];
    checks.extend(config.upstream.as_ref().map(|upstream| match upstream.check() {
        Ok(()) => Check::ok("upstream", "[upstream] can be used as configured"),
        Err(Failure { problem: Problem { what, why, remedy, .. }, .. }) => {
            Check::fail("upstream", format!("{what} {why}"), remedy)
        }
    }));
    checks
}

fn public_host(host: &str) -> Check {
    const NAME: &str = "public host";
    if host.parse::<IpAddr>().is_ok() || is_host_name(host) {
        return Check::ok(NAME, format!("units are told {host}"));
    }
    let remedy = "Write the station's name or address alone under [gateway] public_host: no scheme, port or path.";
    Check::fail(NAME, format!("{host:?} is no host name"), remedy)
}

fn is_host_name(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=LABEL_LEN_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= HOST_LEN_MAX && host.split('.').all(is_label)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_host_is_a_name_or_an_address_alone() {
        for host in ["localhost", "line-3.factory.example", "192.168.4.1", "fd00::7"] {
            assert_eq!(public_host(host).state, super::super::State::Ok, "{host}");
        }
        for host in ["", "https://line-3", "line-3:8443", "line 3", "line_3", "-line", "a..b", &"a".repeat(64)] {
            assert_eq!(public_host(host).state, super::super::State::Fail, "{host}");
        }
    }
}
