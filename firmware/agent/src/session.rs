//! The session in NVS: what is read at boot, and what a provisioning changes.

mod write;

use alloc::string::String;

use firstpass_contract::{Secret, nvs, provision::MQTT_PORT_DEFAULT};

use crate::EspError;

pub(crate) use write::CREDENTIALS;
pub use write::{NvsValue, SessionWrite};

/// Reads keys of the session's namespace. A missing key or namespace is `Ok(None)`.
pub trait NvsRead {
    /// Reads a string.
    fn text(&mut self, key: &'static str) -> Result<Option<String>, EspError>;
    /// Reads an `i32`.
    fn i32(&mut self, key: &'static str) -> Result<Option<i32>, EspError>;
    /// Reads an `i8`.
    fn i8(&mut self, key: &'static str) -> Result<Option<i8>, EspError>;
    /// Reads a `u32`.
    fn u32(&mut self, key: &'static str) -> Result<Option<u32>, EspError>;
}

/// What the agent keeps of the session; an absent text is empty, as the stock SDK reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionInNvs {
    /// Identity of the device.
    pub device_id: String,
    /// Topic key.
    pub device_key: String,
    /// Workspace part of topics.
    pub workspace_slug: String,
    /// Broker host.
    pub mqtt_host: String,
    /// Broker port as stored; 0 means 8883.
    pub mqtt_port: i32,
    /// Whether the broker speaks TLS; true when the key is absent.
    pub mqtt_tls: bool,
    /// Broker user name, also the client id.
    pub mqtt_username: String,
    /// Broker password.
    pub mqtt_password: Secret,
    /// Firmware that the last provisioning offered.
    pub firmware: Option<FirmwareOffer>,
    /// SHA-256 of the image last applied over the air.
    pub ota_sha: String,
    /// One-time factory auth code.
    pub auth_code: Secret,
    /// Provisioning base URL.
    pub prov_url: String,
    /// Workspace UUID.
    pub workspace_id: String,
    /// Template of the request, optional.
    pub template_id: String,
    /// Whether certificate and key for the broker are stored.
    pub client_certificate: bool,
}

/// Firmware metadata with both of its required parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmwareOffer {
    /// Where the image lies.
    pub url: String,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
    /// Its size in bytes, if known.
    pub size: Option<u32>,
}

impl Default for SessionInNvs {
    /// The session of an empty NVS.
    fn default() -> Self {
        Self {
            device_id: String::new(),
            device_key: String::new(),
            workspace_slug: String::new(),
            mqtt_host: String::new(),
            mqtt_port: 0,
            mqtt_tls: true,
            mqtt_username: String::new(),
            mqtt_password: Secret::default(),
            firmware: None,
            ota_sha: String::new(),
            auth_code: Secret::default(),
            prov_url: String::new(),
            workspace_id: String::new(),
            template_id: String::new(),
            client_certificate: false,
        }
    }
}

impl SessionInNvs {
    /// Reads the session. Only a failing flash is an error; an empty NVS is an empty session.
    pub fn load(store: &mut impl NvsRead) -> Result<Self, EspError> {
        let mut text = |key| store.text(key).map(Option::unwrap_or_default);
        let mut session = Self {
            device_id: text(nvs::DEVICE_ID)?,
            device_key: text(nvs::DEVICE_KEY)?,
            workspace_slug: text(nvs::WORKSPACE_SLUG)?,
            mqtt_host: text(nvs::MQTT_HOST)?,
            mqtt_port: 0,
            mqtt_tls: true,
            mqtt_username: text(nvs::MQTT_USERNAME)?,
            mqtt_password: Secret::new(text(nvs::MQTT_PASSWORD)?),
            firmware: FirmwareOffer::of(text(nvs::FW_URL)?, text(nvs::FW_SHA256)?, None),
            ota_sha: first_non_empty(text(nvs::OTA_SHA)?, text(nvs::FW_DONE_SHA256)?),
            auth_code: Secret::new(text(nvs::AUTH_CODE)?),
            prov_url: text(nvs::PROV_URL)?,
            workspace_id: text(nvs::WORKSPACE_ID)?,
            template_id: text(nvs::TEMPLATE_ID)?,
            client_certificate: !text(nvs::CERT_PEM)?.is_empty() && !text(nvs::KEY_PEM)?.is_empty(),
        };
        session.load_numbers(store)?;
        Ok(session)
    }

    fn load_numbers(&mut self, store: &mut impl NvsRead) -> Result<(), EspError> {
        self.mqtt_port = store.i32(nvs::MQTT_PORT)?.unwrap_or(0);
        self.mqtt_tls = store.i8(nvs::MQTT_TLS)?.is_none_or(|flag| flag != 0);
        let size = store.u32(nvs::FW_SIZE)?.filter(|size| *size != 0);
        if let Some(firmware) = &mut self.firmware {
            firmware.size = size;
        }
        Ok(())
    }

    /// Whether every key of [`nvs::COMPLETE_SESSION`] holds a text.
    pub fn is_complete(&self) -> bool {
        let texts = [&self.device_id, &self.device_key, &self.workspace_slug, &self.mqtt_host, &self.mqtt_username];
        texts.iter().all(|text| !text.is_empty()) && !self.mqtt_password.is_empty()
    }

    /// What a factory reset leaves of it.
    pub(crate) fn without_credentials(&self) -> Self {
        Self {
            auth_code: self.auth_code.clone(),
            prov_url: self.prov_url.clone(),
            workspace_id: self.workspace_id.clone(),
            template_id: self.template_id.clone(),
            ..Self::default()
        }
    }

    /// The broker port that the session means; `None` when the stored number is no port.
    pub fn effective_mqtt_port(&self) -> Option<u16> {
        match self.mqtt_port {
            0 => Some(MQTT_PORT_DEFAULT),
            port => u16::try_from(port).ok(),
        }
    }
}

impl FirmwareOffer {
    /// An offer, when both URL and checksum are known.
    pub(crate) fn of(url: String, sha256: String, size: Option<u32>) -> Option<Self> {
        (!url.is_empty() && !sha256.is_empty()).then_some(Self { url, sha256, size })
    }
}

fn first_non_empty(first: String, second: String) -> String {
    if first.is_empty() { second } else { first }
}
