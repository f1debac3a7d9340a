//! Evidence in words: one sentence for each fact, in the tongue of the line. Knows no page and no verdict.

mod uart;

use firstpass_domain::{
    Evidence, Fact, Witness,
    evidence::{Identity, NvsReadBack, RegionDigest, Rule, Service},
};

/// What a person reads of who saw it.
pub(crate) const fn witness(witness: Witness) -> &'static str {
    match witness {
        Witness::Flasher => "flasher",
        Witness::Uart => "UART log",
        Witness::Provisioning => "provisioning",
        Witness::Broker => "broker",
        Witness::Line => "line",
    }
}

/// Every witness, in the order of the line.
pub(crate) const WITNESSES: [Witness; 5] =
    [Witness::Flasher, Witness::Uart, Witness::Provisioning, Witness::Broker, Witness::Line];

/// What was seen, in a sentence without full stop.
pub(crate) fn seen(evidence: &Evidence) -> String {
    match &evidence.fact {
        Fact::Identified(identity) => identified(identity),
        Fact::Reconnected { mac } => format!("after a reconnect the unit was still {mac}"),
        Fact::Prepared { serial, app, .. } => {
            let own = if app.is_some() { " with an app image of its own" } else { "" };
            format!("made what the unit gets: serial number {serial}{own}")
        }
        Fact::SessionKept { device_id, .. } => format!("the unit keeps the session on record of device {device_id}"),
        Fact::SessionFound { device_id } => format!("the unit held a complete session of device {device_id} before"),
        Fact::BaudReduced { from, to } => format!("the link did not hold at {from} baud and went on at {to}"),
        Fact::PortMoved { from, to } => format!("the port {from} came back as {to}"),
        Fact::FlashSearched { known, searched, found_at } => searched_flash(*known, *searched, *found_at),
        Fact::RegionWritten(region) => region_words("wrote", region),
        Fact::RegionAttested(region) => region_words("read back", region),
        Fact::NvsReadBack(nvs) => read_back(nvs),
        Fact::LinkFailed { detail, .. } => format!("talking to the unit failed: {detail}"),
        Fact::Uart(line) => uart::said(line),
        Fact::ProvisionAccepted { device_id, certificate, on_behalf, .. } => {
            let how = if *on_behalf { "the line provisioned for the unit" } else { "the unit provisioned itself" };
            let proof = if certificate.is_some() { " and got a certificate" } else { "" };
            format!("{how} as device {device_id}{proof}")
        }
        Fact::ProvisionRefused { status, reason } => format!("refused the unit's request with HTTP {status}: {reason}"),
        Fact::FirmwareServed { bytes, duration_ms, .. } => {
            format!("the unit fetched {bytes} bytes of firmware in {duration_ms} ms")
        }
        Fact::UpstreamFailed { status, reason } => {
            let status = status.map(|status| format!(" with HTTP {status}")).unwrap_or_default();
            format!("the service behind this station did not grant the request{status}: {reason}")
        }
        Fact::HandshakeFailed { service, reason, certificate_valid } => handshake(*service, reason, *certificate_valid),
        Fact::MqttConnected { connection, username, certificate } => {
            let proof = if certificate.is_some() { " with its certificate" } else { "" };
            format!("connection {connection} began: user {username} logged in{proof}")
        }
        Fact::MqttRefused { code, reason } => format!("refused the login with CONNACK {code}: {reason}"),
        Fact::Subscribed { connection, filter } => format!("connection {connection} subscribed to {filter}"),
        Fact::TopicDenied { connection, topic, subscribe } => {
            let act = if *subscribe { "subscribe to" } else { "publish to" };
            format!("connection {connection} may not {act} {topic}")
        }
        Fact::Presence { connection, online: true } => format!("connection {connection} published that it is online"),
        Fact::Presence { connection, online: false } => {
            format!("connection {connection} published a presence that does not say online")
        }
        Fact::PingAnswered { connection, fw_version, app_sha256 } => {
            format!("connection {connection} answered the ping: firmware {fw_version}, app {}", cut(app_sha256))
        }
        Fact::ConnectionHeld { connection, for_ms } => {
            format!("connection {connection} held for {for_ms} ms after everything was proved")
        }
        Fact::MqttDisconnected { connection, reason } => format!("connection {connection} ended: {reason}"),
        Fact::Flooded => "the unit sent more than a run can take in".to_owned(),
        Fact::TimedOut { step, after_ms } => format!("{step} was not complete after {after_ms} ms"),
        Fact::Refused { rule } => format!("the rules do not let the unit go on: {}", rule_words(*rule)),
        Fact::CredentialsRevoked { mqtt_username } => format!("the login of {mqtt_username} was revoked meanwhile"),
        Fact::Interrupted { step, cancelled: true } => format!("a person cancelled the run during {step}"),
        Fact::Interrupted { step, cancelled: false } => format!("the station stopped during {step}"),
    }
}

fn identified(identity: &Identity) -> String {
    let Identity { chip, revision, flash_size, mac, security, .. } = identity;
    let or_unknown = |text: Option<String>, what: &str| text.unwrap_or_else(|| format!("unknown {what}"));
    let chip = or_unknown(chip.map(|chip| chip.to_string()), "chip");
    let revision = or_unknown(revision.map(|revision| revision.to_string()), "revision");
    let flash = or_unknown(flash_size.map(|size| size.to_string()), "size");
    let fuses: Vec<&str> = [
        (security.secure_boot, "secure boot"),
        (security.flash_encryption, "flash encryption"),
        (security.secure_download, "secure download mode"),
    ]
    .into_iter()
    .filter_map(|(on, word)| on.then_some(word))
    .collect();
    let fuses = if fuses.is_empty() { String::new() } else { format!(", with {}", fuses.join(" and ")) };
    format!("the loader says {chip} {revision}, flash {flash}, MAC {mac}{fuses}")
}

fn searched_flash(known: u64, searched: u64, found_at: Option<u32>) -> String {
    let code = match found_at {
        Some(at) => format!("the auth code stands at {at:#x}"),
        None => "the auth code is nowhere".to_owned(),
    };
    format!("searched the flash ({known} bytes known, {searched} read): {code}")
}

fn region_words(act: &str, region: &RegionDigest) -> String {
    let RegionDigest { name, offset, len, md5_matches, .. } = region;
    let agrees = if *md5_matches { "the chip's hash agrees" } else { "the chip's hash DIFFERS" };
    format!("{act} {name}: {len} bytes at {offset:#x}, {agrees}")
}

fn read_back(nvs: &NvsReadBack) -> String {
    let session = match (&nvs.device_id, nvs.session_matches) {
        (Some(device), true) => format!("the session of device {device} is the one on record"),
        (Some(device), false) => format!("the session of device {device} is NOT the one on record"),
        (None, _) => "there is no session".to_owned(),
    };
    let password = if nvs.password_matches { "password right" } else { "password WRONG" };
    let code = if nvs.auth_code_present { "an auth code is left" } else { "no auth code left" };
    format!("read NVS back: {session}, {password}, {code}")
}

fn handshake(service: Service, reason: &str, certificate_valid: bool) -> String {
    let service = match service {
        Service::Https => "HTTPS",
        Service::Mqtt => "MQTT",
    };
    let own = if certificate_valid { "" } else { "; the station's own certificate was not valid" };
    format!("a TLS handshake of {service} from the unit's address failed: {reason}{own}")
}

const fn rule_words(rule: Rule) -> &'static str {
    match rule {
        Rule::AttemptsUsedUp => "its attempts are used up",
        Rule::PassedBefore => "it has passed before",
        Rule::InWorkElsewhere => "the same MAC is in work elsewhere",
        Rule::QuotaReached => "the work order's quota is used up",
        Rule::BatchAttemptsUsedUp => "its attempts in this work order are used up",
        Rule::Quarantined => "it is in quarantine",
        Rule::Scrapped => "it was scrapped",
    }
}

/// The first digits of a hash.
fn cut(hash: &str) -> String {
    const DIGITS: usize = 12;
    if hash.chars().count() <= DIGITS { hash.to_owned() } else { hash.chars().take(DIGITS).chain(['…']).collect() }
}
