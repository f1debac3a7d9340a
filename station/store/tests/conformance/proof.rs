//! A recipe's policy, and evidence that makes a unit pass by it.

use firstpass_domain::{
    Chip, DeviceId, Evidence, Fact, FlashSize, Injection, Mac, Policy, RegionPolicy, SerialNumber, Sha256Digest,
    evidence::{Identity, NvsReadBack, RegionDigest, Security, UartFact},
    policy::{APP_REGION, AppPolicy},
};
use firstpass_store::NewSession;

use super::fixture::now;

const APP: Sha256Digest = Sha256Digest::new([7; 32]);
const OFFSET: u32 = 0x10000;
const LEN: u32 = 4096;
const USER: &str = "user-of-the-proof";
const CONNECTION: u64 = 5;

pub(crate) fn policy() -> Policy {
    let app = RegionPolicy {
        name: APP_REGION.to_owned(),
        offset: OFFSET,
        len: LEN,
        sha256: Some(APP),
        written_by_unit: false,
    };
    Policy {
        presence: true,
        regions: vec![app],
        app: Some(AppPolicy { version: "1.0.0".to_owned(), sha256: APP }),
        ..Policy::plain(Injection::Nvs, Chip::Esp32c3, flash_size())
    }
}

fn flash_size() -> FlashSize {
    FlashSize::from_bytes(4 << 20).unwrap()
}

/// Everything that [`policy`] demands, in order; whatever came before does not matter.
pub(crate) fn of(mac: Mac) -> Vec<Evidence> {
    let facts = [identified(mac), prepared(), written(), seen(UartFact::NetworkUp { ip: None })].into_iter();
    let facts = facts.chain(provisioned(mac)).chain(connected(USER)).chain(attested(mac, USER));
    facts.map(|fact| Evidence { at: now(), fact }).collect()
}

/// The same of a unit that keeps its session, for a policy that lets it.
pub(crate) fn of_kept(mac: Mac, session: &NewSession) -> Vec<Evidence> {
    let user = session.mqtt_username.as_str();
    let kept =
        Fact::SessionKept { device_id: session.device_id.clone(), mqtt_username: user.to_owned(), certificate: None };
    let facts = [identified(mac), prepared(), kept, written(), seen(UartFact::ProvisionSkipped)].into_iter();
    let facts = facts.chain(connected(user)).chain(attested(mac, user));
    facts.map(|fact| Evidence { at: now(), fact }).collect()
}

pub(crate) fn identified(mac: Mac) -> Fact {
    let (chip, revision, flash_size) = (Some(Chip::Esp32c3), "v0.4".parse().ok(), Some(flash_size()));
    Fact::Identified(Identity { chip, revision, flash_size, flash_id: None, mac, security: Security::default() })
}

fn prepared() -> Fact {
    Fact::Prepared { serial: SerialNumber::new("FP00000001").unwrap(), nvs_sha256: APP, app: None }
}

fn digest() -> RegionDigest {
    RegionDigest { name: APP_REGION.to_owned(), offset: OFFSET, len: LEN, sha256: APP, md5_matches: true }
}

fn written() -> Fact {
    Fact::RegionWritten(digest())
}

const fn seen(line: UartFact) -> Fact {
    Fact::Uart(line)
}

fn provisioned(mac: Mac) -> [Fact; 2] {
    let accepted = Fact::ProvisionAccepted {
        device_id: DeviceId::new("device-of-the-proof").unwrap(),
        mqtt_username: USER.to_owned(),
        mac: Some(mac),
        certificate: None,
        on_behalf: false,
    };
    [accepted, seen(UartFact::Provisioned { username: USER.to_owned() })]
}

fn connected(user: &str) -> [Fact; 5] {
    let subscribed = |name: &str| Fact::Subscribed { connection: CONNECTION, filter: format!("factory/key/{name}/#") };
    [
        Fact::MqttConnected { connection: CONNECTION, username: user.to_owned(), certificate: None },
        subscribed("cmd"),
        subscribed("config"),
        Fact::Presence { connection: CONNECTION, online: true },
        Fact::PingAnswered { connection: CONNECTION, fw_version: "1.0.0".to_owned(), app_sha256: APP.to_string() },
    ]
}

fn attested(mac: Mac, user: &str) -> [Fact; 3] {
    let read_back = NvsReadBack {
        device_id: None,
        device_key: None,
        workspace_slug: None,
        mqtt_username: Some(user.to_owned()),
        password_matches: true,
        session_matches: true,
        auth_code_present: false,
        certificate: None,
        sha256: APP,
    };
    [Fact::Reconnected { mac }, Fact::RegionAttested(digest()), Fact::NvsReadBack(read_back)]
}
