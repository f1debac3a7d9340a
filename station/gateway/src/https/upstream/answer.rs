//! What a service's grant must be before a unit may see it. Knows no network.

use bytes::Bytes;
use firstpass_contract::{
    ProvisionResponse, Secret, Topics,
    limits::{RESPONSE_BODY_MAX, TooLong},
    mqtt::topic::is_topic_name,
};
use firstpass_domain::DeviceId;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::https::{answer::AnswerBody, draft::FirmwareOffer};

/// Fields of the answer that tell of firmware; they may also stand in `data`.
const FIRMWARE_FIELDS: [&str; 3] = ["firmware_url", "firmware_checksum_sha256", "firmware_size_bytes"];

/// A grant that a unit can take.
#[derive(Debug)]
pub struct UpstreamAnswer {
    /// What the unit will read in it.
    pub response: ProvisionResponse,
    /// The identity in it.
    pub device_id: DeviceId,
    /// The broker's port.
    pub mqtt_port: u16,
    /// As it came.
    body: AnswerBody,
}

/// A grant cannot be used. The words hold no value out of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Unusable {
    /// The unit's buffer would cut it.
    #[error("it is longer than the {RESPONSE_BODY_MAX} bytes that a unit takes")]
    TooLarge,
    /// It is not the JSON of the device contract.
    #[error("it is not the JSON of the device contract (line {line}, column {column})")]
    Malformed {
        /// From 1 on.
        line: usize,
        /// From 1 on.
        column: usize,
    },
    /// A text would not fit the unit's buffer.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// A field that a complete session needs is empty or absent.
    #[error("{0} is empty or absent")]
    Missing(&'static str),
    /// A field holds what no unit could use.
    #[error("{0} has a form that cannot be used")]
    Form(&'static str),
    /// The answer brings a client certificate, and the station's broker trusts only its own authority's.
    #[error("it holds a client certificate of another authority than this station's")]
    Certificate,
    /// The identity, topic key, user name or token is another session's on record.
    #[error("its {0} is on record for another session")]
    Taken(&'static str),
}

impl UpstreamAnswer {
    /// Reads the body of a 200 or 201 answer, and checks it as the unit will.
    pub fn parse(body: Bytes) -> Result<Self, Unusable> {
        if body.len() > RESPONSE_BODY_MAX {
            return Err(Unusable::TooLarge);
        }
        // The words of the error could quote a secret; its place cannot.
        let response: ProvisionResponse = serde_json::from_slice(&body)
            .map_err(|error| Unusable::Malformed { line: error.line(), column: error.column() })?;
        let response = response.flatten();
        response.check_limits()?;
        check_complete(&response)?;
        if response.certificate_pem.is_some() || response.private_key_pem.is_some() {
            return Err(Unusable::Certificate);
        }
        let device_id = DeviceId::new(&*response.device_id).map_err(|_| Unusable::Form("device_id"))?;
        let mqtt_port = response.effective_mqtt_port().ok_or(Unusable::Form("mqtt_port"))?;
        let slug = response.workspace_slug.as_deref().unwrap_or_default();
        if !is_topic_name(Topics::new(slug, &response.device_key).prefix()) {
            return Err(Unusable::Form("workspace_slug or device_key"));
        }
        Ok(Self { response, device_id, mqtt_port, body: AnswerBody(body) })
    }

    /// The body for the unit: as it came, unless something was added or left out.
    pub(in crate::https) fn body(&self, changes: &Changes<'_>) -> Result<AnswerBody, Unusable> {
        if changes.is_empty() {
            return Ok(self.body.clone());
        }
        let mut fields: Map<String, Value> = serde_json::from_slice(&self.body.0).expect("it was read before");
        changes.make(&mut fields);
        let body = serde_json::to_vec(&fields).expect("a map is JSON");
        if body.len() > RESPONSE_BODY_MAX { Err(Unusable::TooLarge) } else { Ok(AnswerBody(body.into())) }
    }
}

/// What the contract calls a complete session.
fn check_complete(response: &ProvisionResponse) -> Result<(), Unusable> {
    let fields = [
        ("device_id", response.device_id.as_str()),
        ("device_key", &response.device_key),
        ("workspace_slug", response.workspace_slug.as_deref().unwrap_or_default()),
        ("mqtt_host", &response.mqtt_host),
        ("mqtt_username", &response.mqtt_username),
        ("mqtt_password", response.mqtt_password.expose()),
    ];
    let empty = fields.into_iter().find(|(_, text)| text.is_empty());
    empty.map_or(Ok(()), |(name, _)| Err(Unusable::Missing(name)))
}

/// What this station makes of the answer before the unit gets it.
#[derive(Debug)]
pub(in crate::https) struct Changes<'a> {
    /// Whether the service's firmware stays.
    pub(in crate::https) keep_firmware: bool,
    /// The line's own offer; it takes the place of the service's.
    pub(in crate::https) firmware: Option<&'a FirmwareOffer>,
    /// The certificate of this station's authority, with its key unless the unit made it.
    pub(in crate::https) certificate: Option<(&'a str, Option<&'a Secret>)>,
}

impl Changes<'_> {
    const fn is_empty(&self) -> bool {
        self.keep_firmware && self.firmware.is_none() && self.certificate.is_none()
    }

    fn make(&self, fields: &mut Map<String, Value>) {
        if !self.keep_firmware || self.firmware.is_some() {
            FIRMWARE_FIELDS.iter().for_each(|name| drop(fields.remove(*name)));
            if let Some(Value::Object(data)) = fields.get_mut("data") {
                FIRMWARE_FIELDS.iter().for_each(|name| drop(data.remove(*name)));
            }
        }
        if let Some(offer) = self.firmware {
            let values = [offer.url.as_str().into(), offer.sha256.to_string().into(), offer.size.into()];
            fields.extend(FIRMWARE_FIELDS.into_iter().map(str::to_owned).zip(values));
        }
        if let Some((certificate, key)) = self.certificate {
            fields.insert("certificate_pem".to_owned(), certificate.into());
            fields.extend(key.map(|key| ("private_key_pem".to_owned(), key.expose().into())));
        }
    }
}

#[cfg(test)]
mod tests {
    use firstpass_domain::Sha256Digest;

    use super::*;

    const GRANT: &str = r#"{ "device_id":"d1", "device_key":"k1", "mqtt_host":"broker", "mqtt_username":"u1",
        "mqtt_password":"pä55", "extra":1.50, "data":{"workspace_slug":"acme","firmware_url":"https://f/1"} }"#;

    fn parse(change: impl FnOnce(&mut Map<String, Value>)) -> Result<UpstreamAnswer, Unusable> {
        let mut fields: Map<String, Value> = serde_json::from_str(GRANT).unwrap();
        change(&mut fields);
        UpstreamAnswer::parse(serde_json::to_vec(&fields).unwrap().into())
    }

    fn with(name: &str, value: impl Into<Value>) -> Result<UpstreamAnswer, Unusable> {
        parse(|fields| drop(fields.insert(name.to_owned(), value.into())))
    }

    #[test]
    fn an_answer_with_nothing_to_change_goes_on_byte_by_byte() {
        let answer = UpstreamAnswer::parse(Bytes::from_static(GRANT.as_bytes())).unwrap();
        let none = Changes { keep_firmware: true, firmware: None, certificate: None };
        assert_eq!(answer.body(&none).unwrap().0, GRANT.as_bytes());
        assert_eq!((answer.mqtt_port, answer.response.workspace_slug.as_deref()), (8883, Some("acme")));
    }

    #[test]
    fn what_is_added_takes_the_place_of_the_services_and_the_rest_stays() {
        let answer = UpstreamAnswer::parse(Bytes::from_static(GRANT.as_bytes())).unwrap();
        let offer = FirmwareOffer { url: "https://here".to_owned(), sha256: Sha256Digest::of(b"x"), size: 7 };
        let key = Secret::new("the key");
        let certificate = Some(("the certificate", Some(&key)));
        let body = answer.body(&Changes { keep_firmware: true, firmware: Some(&offer), certificate }).unwrap();
        let read: ProvisionResponse = serde_json::from_slice(&body.0).unwrap();
        let read = read.flatten();
        assert_eq!(read.mqtt_password.expose(), "pä55");
        assert_eq!(read.workspace_slug.as_deref(), Some("acme"));
        assert_eq!(read.firmware_url.as_deref(), Some("https://here"));
        assert_eq!(read.firmware_size_bytes, Some(7));
        assert_eq!(read.private_key_pem, Some(key.clone()));
        let dropped = answer.body(&Changes { keep_firmware: false, firmware: None, certificate: None }).unwrap();
        let dropped: ProvisionResponse = serde_json::from_slice(&dropped.0).unwrap();
        assert_eq!(dropped.flatten().firmware_url, None);
    }

    #[test]
    fn what_a_unit_could_not_use_is_named() {
        for (outcome, expected) in [
            (with("device_id", "x".repeat(64)), "device_id is 64 bytes long"),
            (with("mqtt_password", ""), "mqtt_password is empty"),
            (parse(|fields| drop(fields.remove("data"))), "workspace_slug is empty"),
            (with("device_id", "a b"), "device_id has a form"),
            (with("mqtt_port", 70_000), "mqtt_port has a form"),
            (with("device_key", "#"), "device_key has a form"),
            (with("certificate_pem", "x"), "certificate of another"),
            (with("filler", "x".repeat(8191)), "8191 bytes"),
            (with("mqtt_username", 7), "line 1"),
        ] {
            let error = outcome.unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_words_of_a_refusal_quote_nothing() {
        let truncated = &GRANT.as_bytes()[..GRANT.len() - 90];
        let error = UpstreamAnswer::parse(Bytes::copy_from_slice(truncated)).unwrap_err();
        assert!(matches!(error, Unusable::Malformed { .. }));
        let granted = UpstreamAnswer::parse(Bytes::from_static(GRANT.as_bytes())).unwrap();
        let error = format!("{granted:?} {error} {error:?} {}", with("mqtt_port", "pä55").unwrap_err());
        assert!(!error.contains("55"), "{error}");
    }
}
