//! What lies around a unit and is no part of it: the address its network gives it, the ways its connections take, and
//! how its firmware was built. Knows no socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

/// The surroundings of one unit. Clones share the routes, so a change is seen by the next connection.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The unit's address; its connections come from there. Without one they come from wherever the host sends them.
    pub ip: Option<Ipv4Addr>,
    /// Whether the firmware makes its own key and asks for a certificate with a request.
    pub own_key: bool,
    routes: Arc<Mutex<[Option<SocketAddr>; 2]>>,
}

/// A service that a unit connects to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Provisioning and downloads.
    Https,
    /// The broker.
    Mqtt,
}

impl Surroundings {
    /// Surroundings without a route.
    #[must_use]
    pub fn new(ip: Option<Ipv4Addr>, own_key: bool) -> Self {
        Self { ip, own_key, routes: Arc::default() }
    }

    /// Leads the unit's connections to `service` to another address; names and checks stay as they are. `None`: directly.
    pub fn set_route(&self, service: Service, to: Option<SocketAddr>) {
        self.routes.lock().expect("no holder of this lock panics")[service as usize] = to;
    }

    /// Where the unit's connections to `service` are led to.
    #[must_use]
    pub fn route(&self, service: Service) -> Option<SocketAddr> {
        self.routes.lock().expect("no holder of this lock panics")[service as usize]
    }
}

/// A route on the command line: `https=127.0.0.1:4001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// Which connections.
    pub service: Service,
    /// Where they are led to.
    pub to: SocketAddr,
}

/// A text that is no route.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no route: write https=ADDRESS:PORT or mqtt=ADDRESS:PORT")]
pub struct RouteError(String);

impl FromStr for Route {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        let parse = || {
            let (service, to) = text.split_once('=')?;
            let service = match service {
                "https" => Service::Https,
                "mqtt" => Service::Mqtt,
                _ => return None,
            };
            Some(Self { service, to: to.parse().ok()? })
        };
        parse().ok_or_else(|| RouteError(text.to_owned()))
    }
}
