//! The provisioning request and response. Source: device contract, section 1.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::{
    Secret,
    limits::{self, TooLong},
};

/// Path of the provisioning endpoint below the base URL.
pub const PROVISION_PATH: &str = "/provision/device";

/// Path of the claim endpoint below the base URL.
pub const BIND_CLAIM_PATH: &str = "/devices/auth/bind-claim";

/// Request header that carries the factory auth code.
pub const AUTH_CODE_HEADER: &str = "iotmer-auth-code";

/// First characters of every device HTTP token.
pub const DEVICE_HTTP_TOKEN_PREFIX: &str = "dht_";

/// MQTT port that a response without a port, or with port 0, means.
pub const MQTT_PORT_DEFAULT: u16 = 8883;

/// Body of `POST {base}/provision/device`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionRequest {
    /// UUID of the workspace.
    pub workspace_id: String,
    /// Template to make the device from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template_id: Option<String>,
    /// Present only when the unit already has an identity (repeat registration).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Ours: eFuse MAC as `aa:bb:cc:dd:ee:ff`; the stock SDK does not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// Ours: PKCS #10 request for a device-made key; the stock SDK does not send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csr_pem: Option<String>,
}

/// Body of a 200 or 201 answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionResponse {
    /// Identity of the device.
    pub device_id: String,
    /// Topic key.
    pub device_key: String,
    /// Workspace part of topics; may also stand in `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// Broker host.
    pub mqtt_host: String,
    /// Broker port; 0 or absent means 8883.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqtt_port: Option<i32>,
    /// Whether the broker speaks TLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mqtt_tls: Option<bool>,
    /// Broker user name.
    pub mqtt_username: String,
    /// Broker password.
    pub mqtt_password: Secret,
    /// Token for later device calls; may also stand in `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_http_token: Option<Secret>,
    /// Offered firmware; may also stand in `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_url: Option<String>,
    /// SHA-256 of the offered firmware; may also stand in `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_checksum_sha256: Option<String>,
    /// Size of the offered firmware in bytes; may also stand in `data`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_size_bytes: Option<u32>,
    /// Ours: PEM chain of the client certificate, leaf first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_pem: Option<String>,
    /// Ours: PEM of the client key, when the authority made it (no `csr_pem` in the request).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key_pem: Option<Secret>,
    /// Second place for some of the fields.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<ProvisionData>,
}

/// The nested object in which some servers put optional fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionData {
    /// See [`ProvisionResponse::workspace_slug`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace_slug: Option<String>,
    /// See [`ProvisionResponse::device_http_token`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_http_token: Option<Secret>,
    /// See [`ProvisionResponse::firmware_url`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_url: Option<String>,
    /// See [`ProvisionResponse::firmware_checksum_sha256`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_checksum_sha256: Option<String>,
    /// See [`ProvisionResponse::firmware_size_bytes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firmware_size_bytes: Option<u32>,
}

impl ProvisionResponse {
    /// Moves fields out of `data` to the top level; a top-level value wins.
    pub fn flatten(mut self) -> Self {
        if let Some(data) = self.data.take() {
            self.workspace_slug = self.workspace_slug.or(data.workspace_slug);
            self.device_http_token = self.device_http_token.or(data.device_http_token);
            self.firmware_url = self.firmware_url.or(data.firmware_url);
            self.firmware_checksum_sha256 = self.firmware_checksum_sha256.or(data.firmware_checksum_sha256);
            self.firmware_size_bytes = self.firmware_size_bytes.or(data.firmware_size_bytes);
        }
        self
    }

    /// The broker port that this response means.
    pub fn effective_mqtt_port(&self) -> Option<u16> {
        match self.mqtt_port {
            None | Some(0) => Some(MQTT_PORT_DEFAULT),
            Some(port) => u16::try_from(port).ok(),
        }
    }

    /// Checks every text against the unit's buffers. Call it on a flattened response.
    pub fn check_limits(&self) -> Result<(), TooLong> {
        limits::DEVICE_ID.check(&self.device_id)?;
        limits::DEVICE_KEY.check(&self.device_key)?;
        limits::MQTT_HOST.check(&self.mqtt_host)?;
        limits::MQTT_USERNAME.check(&self.mqtt_username)?;
        limits::MQTT_PASSWORD.check(self.mqtt_password.expose())?;
        let optional = [
            (limits::WORKSPACE_SLUG, self.workspace_slug.as_deref()),
            (limits::DEVICE_HTTP_TOKEN, self.device_http_token.as_ref().map(Secret::expose)),
            (limits::FIRMWARE_URL, self.firmware_url.as_deref()),
            (limits::FIRMWARE_CHECKSUM_SHA256, self.firmware_checksum_sha256.as_deref()),
        ];
        for (field, text) in optional {
            text.map_or(Ok(()), |text| field.check(text))?;
        }
        Ok(())
    }
}

/// Body of `POST {base}/devices/auth/bind-claim`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindClaimRequest {
    /// The claim code that the owner was shown.
    pub claim_code: Secret,
}

/// Body of a 200 answer to a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindClaimResponse {
    /// Always true in a 200 answer.
    pub ok: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOLDEN: &str = r#"{"device_id":"d1","device_key":"k1","mqtt_host":"broker","mqtt_username":"u1","mqtt_password":"p","data":{"workspace_slug":"acme"}}"#;

    #[test]
    fn fields_in_data_count_as_top_level() {
        let response: ProvisionResponse = serde_json::from_str(GOLDEN).unwrap();
        let response = response.flatten();
        assert_eq!(response.workspace_slug.as_deref(), Some("acme"));
        assert_eq!(response.effective_mqtt_port(), Some(8883));
        assert_eq!(response.check_limits(), Ok(()));
    }

    #[test]
    fn a_text_that_fills_the_buffer_without_room_for_the_nul_is_refused() {
        let mut response: ProvisionResponse = serde_json::from_str(GOLDEN).unwrap();
        response.device_id = "x".repeat(64);
        assert_eq!(response.check_limits(), Err(TooLong { field: "device_id", len: 64, max: 63 }));
    }
}
