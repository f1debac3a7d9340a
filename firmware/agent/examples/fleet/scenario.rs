//! What the fleet loses, for how long, and how the service answers meanwhile.

use firstpass_agent::{BrokerFailure, EspError, HttpFailure, HttpResponse, OpaqueBytes, Quirks, SessionInNvs};
use firstpass_contract::Secret;

/// The driver's clock at the instant of the loss.
pub(crate) const AT_LOSS_MS: u64 = 10_000;

/// Fixed, so that the curve is the same every time.
const SEED: u64 = 0x5eed_f1ee_7000_0000;

/// One run of the simulation.
#[derive(Debug, Clone)]
pub(crate) struct Scenario {
    pub(crate) units: u32,
    pub(crate) seed: u64,
    pub(crate) loss: Loss,
    pub(crate) quirks: Quirks,
}

/// What is lost by all units at one instant. Times are from that instant, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Connected units lose the broker, which refuses every connection until then.
    Broker { away_ms: u64 },
    /// Connected units lose the network, and all get it back at that time.
    Network { away_ms: u64 },
    /// Units that provision get no connection until then.
    Provisioning { away_ms: u64 },
    /// Units that provision get HTTP 429 until then.
    Throttled { away_ms: u64 },
    /// Units that provision get HTTP 429 whenever that many were let in within the same second.
    Overloaded { admits_per_s: u64 },
}

impl Loss {
    pub(crate) const fn is_over(self, since_ms: u64) -> bool {
        match self {
            Self::Broker { away_ms }
            | Self::Network { away_ms }
            | Self::Provisioning { away_ms }
            | Self::Throttled { away_ms } => since_ms >= away_ms,
            Self::Overloaded { .. } => true,
        }
    }

    pub(crate) const fn admits_per_s(self) -> Option<u64> {
        match self {
            Self::Overloaded { admits_per_s } => Some(admits_per_s),
            Self::Broker { .. } | Self::Network { .. } | Self::Provisioning { .. } | Self::Throttled { .. } => None,
        }
    }
}

impl Scenario {
    pub(crate) fn new(units: u32, loss: Loss) -> Self {
        Self { units, seed: SEED, loss, quirks: Quirks::default() }
    }

    /// What a unit of this scenario has in NVS.
    pub(crate) fn session(&self) -> SessionInNvs {
        match self.loss {
            Loss::Broker { .. } | Loss::Network { .. } => SessionInNvs {
                device_id: "dev-1".into(),
                device_key: "key-1".into(),
                workspace_slug: "acme".into(),
                mqtt_host: "broker.test".into(),
                mqtt_username: "user-1".into(),
                mqtt_password: Secret::new("pass-1"),
                ..SessionInNvs::default()
            },
            Loss::Provisioning { .. } | Loss::Throttled { .. } | Loss::Overloaded { .. } => SessionInNvs {
                auth_code: Secret::new("CODE-1"),
                prov_url: "https://line.test/api/v1".into(),
                workspace_id: "5b0c1f0e-0000-4000-8000-000000000001".into(),
                ..SessionInNvs::default()
            },
        }
    }
}

/// Nobody listens at the broker's place.
pub(crate) const REFUSED: BrokerFailure = BrokerFailure { sock_errno: 111, tls_esp_err: 0x8004, certificate: None };

/// Nobody listens at the provisioning service's place.
pub(crate) const UNREACHABLE: HttpFailure =
    HttpFailure { error: EspError("ESP_ERR_HTTP_CONNECT"), tls_esp_err: 0x8004 };

const ANSWER: &str = r#"{"device_id":"dev-1","device_key":"key-1","workspace_slug":"acme","mqtt_host":"broker.test","mqtt_username":"user-1","mqtt_password":"pass-1"}"#;

/// A provisioning that is granted.
pub(crate) fn granted() -> HttpResponse {
    HttpResponse { status: 201, retry_after_s: None, body: OpaqueBytes(ANSWER.into()) }
}

/// A provisioning that is asked to come later.
pub(crate) fn too_many() -> HttpResponse {
    HttpResponse { status: 429, retry_after_s: None, body: OpaqueBytes::default() }
}
