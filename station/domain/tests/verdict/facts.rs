//! A policy, and all the evidence of a good unit under it.

use firstpass_domain::{
    Chip, DeviceId, DiagnosisCode as Code, Evidence, Fact, FlashSize, Injection, Mac, Policy, RegionPolicy, Revision,
    SerialNumber, Sha256Digest, Timestamp, Verdict,
    evidence::{Identity, NvsReadBack, RegionDigest, Security, UartFact},
    judge,
    policy::AppPolicy,
};

pub(crate) const APP: Sha256Digest = Sha256Digest::new([7; 32]);
pub(crate) const CERTIFICATE: Sha256Digest = Sha256Digest::new([8; 32]);

pub(crate) fn policy() -> Policy {
    let region = |name: &str, offset, written_by_unit: bool| RegionPolicy {
        name: name.to_owned(),
        offset,
        len: 4096,
        sha256: (!written_by_unit).then_some(APP),
        written_by_unit,
    };
    Policy {
        min_revision: Some(Revision { major: 0, minor: 3 }),
        client_certificate: true,
        presence: true,
        regions: vec![region("app", 0x10000, false), region("nvs", 0x9000, true)],
        app: Some(AppPolicy { version: "1.0.0".to_owned(), sha256: APP }),
        ..Policy::plain(Injection::Nvs, Chip::Esp32c3, "4MB".parse::<FlashSize>().unwrap())
    }
}

pub(crate) fn identity() -> Identity {
    Identity {
        chip: Some(Chip::Esp32c3),
        revision: Some(Revision { major: 0, minor: 4 }),
        flash_size: Some("4MB".parse().unwrap()),
        flash_id: None,
        mac: mac(),
        security: Security::default(),
    }
}

pub(crate) fn mac() -> Mac {
    Mac::new([2, 0, 0, 0, 0, 1])
}

pub(crate) fn digest(name: &str, offset: u32) -> RegionDigest {
    RegionDigest { name: name.to_owned(), offset, len: 4096, sha256: APP, md5_matches: true }
}

pub(crate) fn read_back() -> NvsReadBack {
    NvsReadBack {
        device_id: Some("d-1".to_owned()),
        device_key: Some("k-1".to_owned()),
        workspace_slug: Some("acme".to_owned()),
        mqtt_username: Some("u-1".to_owned()),
        password_matches: true,
        session_matches: true,
        auth_code_present: false,
        certificate: Some(CERTIFICATE),
        sha256: APP,
    }
}

pub(crate) fn good() -> Vec<Fact> {
    let device = || DeviceId::new("d-1").unwrap();
    vec![
        Fact::Identified(identity()),
        Fact::Prepared { serial: SerialNumber::new("FP00000001").unwrap(), nvs_sha256: APP, app: None },
        Fact::RegionWritten(digest("app", 0x10000)),
        Fact::RegionWritten(digest("nvs", 0x9000)),
        Fact::Uart(UartFact::FirstByte),
        Fact::Uart(UartFact::AppLoaded { offset: Some(0x10000) }),
        Fact::Uart(UartFact::NetworkUp { ip: None }),
        Fact::Uart(UartFact::ProvisionStarted),
        Fact::ProvisionAccepted {
            device_id: device(),
            mqtt_username: "u-1".to_owned(),
            mac: Some(mac()),
            certificate: Some(CERTIFICATE),
            on_behalf: false,
        },
        Fact::Uart(UartFact::Provisioned { username: "u-1".to_owned() }),
        Fact::MqttConnected { connection: 5, username: "u-1".to_owned(), certificate: Some(device()) },
        Fact::Subscribed { connection: 5, filter: "acme/k-1/cmd/#".to_owned() },
        Fact::Subscribed { connection: 5, filter: "acme/k-1/config/#".to_owned() },
        Fact::Presence { connection: 5, online: true },
        Fact::PingAnswered { connection: 5, fw_version: "1.0.0".to_owned(), app_sha256: APP.to_string() },
        Fact::MqttDisconnected { connection: 5, reason: "connection_lost".to_owned() },
        Fact::Reconnected { mac: mac() },
        Fact::RegionAttested(digest("app", 0x10000)),
        Fact::NvsReadBack(read_back()),
    ]
}

pub(crate) fn evidence(facts: Vec<Fact>) -> Vec<Evidence> {
    let at = |index: usize| Timestamp::from_micros(index as i64);
    facts.into_iter().enumerate().map(|(index, fact)| Evidence { at: at(index), fact }).collect()
}

pub(crate) fn verdict(facts: Vec<Fact>) -> Verdict {
    judge(&policy(), &evidence(facts))
}

pub(crate) fn code(facts: Vec<Fact>) -> Option<Code> {
    code_under(&policy(), facts)
}

pub(crate) fn code_under(policy: &Policy, facts: Vec<Fact>) -> Option<Code> {
    match judge(policy, &evidence(facts)) {
        Verdict::Fail(diagnosis) => Some(diagnosis.code),
        Verdict::Pass | Verdict::Open { .. } => None,
    }
}
