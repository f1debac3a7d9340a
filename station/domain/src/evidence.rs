//! What the witnesses saw. Typed, timed, and kept on record whole, so that a verdict can be computed again.

use serde::{Deserialize, Serialize};

use crate::{Chip, DeviceId, DiagnosisCode, FlashSize, Mac, Revision, SerialNumber, Sha256Digest, Step, Timestamp};

/// One observation of one witness.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// When it was seen, by the station's clock.
    pub at: Timestamp,
    /// What was seen.
    pub fact: Fact,
}

/// Who speaks about a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Witness {
    /// The flasher, through the ROM loader or its stub.
    Flasher,
    /// The unit's own log.
    Uart,
    /// The provisioning server.
    Provisioning,
    /// The MQTT broker.
    Broker,
    /// The line itself: deadlines, interruptions, policy.
    Line,
}

/// What a witness saw. Serialised with its name in `fact`; names are promises, variants are only ever added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "snake_case")]
pub enum Fact {
    /// The ROM loader said who the unit is.
    Identified(Identity),
    /// After a reconnect the MAC was read again.
    Reconnected {
        /// The MAC as read now.
        mac: Mac,
    },
    /// What this unit gets was made and stands on record; nothing is written yet.
    Prepared {
        /// Serial number given to the unit.
        serial: SerialNumber,
        /// SHA-256 of the unit's NVS image; of nothing when its NVS stays as it is ([`Self::SessionKept`]).
        nvs_sha256: Sha256Digest,
        /// The app that was made for this unit (injection `image`): its bytes as they are written.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app: Option<OwnApp>,
    },
    /// A unit that came back keeps the session that is on record; nothing was issued.
    SessionKept {
        /// Its identity.
        device_id: DeviceId,
        /// Its broker user name.
        mqtt_username: String,
        /// Fingerprint of its certificate, when it has one.
        certificate: Option<Sha256Digest>,
    },
    /// The unit's NVS held a complete session before anything was written, and that session is not on record here.
    SessionFound {
        /// Identity in it.
        device_id: String,
    },
    /// The link did not hold at a baud rate, and a lower one was taken.
    BaudReduced {
        /// Rate that failed.
        from: u32,
        /// Rate that was taken.
        to: u32,
    },
    /// The port was gone and came back under another name on the same place of the USB tree.
    PortMoved {
        /// Name before.
        from: String,
        /// Name now.
        to: String,
    },
    /// Every byte of the flash was accounted for, and the auth code searched in all that is not known by its hash.
    FlashSearched {
        /// Bytes that the chip's MD5 showed to be known or erased.
        known: u64,
        /// Bytes that were read and searched.
        searched: u64,
        /// First byte of the code, when it was found.
        found_at: Option<u32>,
    },
    /// A region was written and the chip's own MD5 of it compared with ours.
    RegionWritten(RegionDigest),
    /// A region was hashed again by the chip at the end.
    RegionAttested(RegionDigest),
    /// NVS was read back from the chip.
    NvsReadBack(NvsReadBack),
    /// Talking to the unit or its port failed.
    LinkFailed {
        /// During which step.
        step: Step,
        /// How.
        fault: LinkFault,
        /// The underlying error in words.
        detail: String,
    },
    /// The unit's log said something that matters.
    Uart(UartFact),
    /// The provisioning server issued a session to this unit.
    ProvisionAccepted {
        /// Identity issued.
        device_id: DeviceId,
        /// Broker user name issued.
        mqtt_username: String,
        /// MAC that the unit sent, when it sent one.
        mac: Option<Mac>,
        /// Fingerprint of the certificate issued, when one was.
        certificate: Option<Sha256Digest>,
        /// Whether the line provisioned on the unit's behalf (injection `session`).
        on_behalf: bool,
    },
    /// The provisioning server refused this unit's request.
    ProvisionRefused {
        /// HTTP status answered.
        status: u16,
        /// Stable code of the reason.
        reason: String,
    },
    /// The unit fetched firmware from this station.
    FirmwareServed {
        /// SHA-256 of the image.
        sha256: Sha256Digest,
        /// Bytes sent, over all ranges.
        bytes: u64,
        /// Time from the first request to the last byte, in milliseconds.
        duration_ms: u64,
    },
    /// The provisioning service that this station relays to did not grant the request.
    UpstreamFailed {
        /// HTTP status, when there was an answer.
        status: Option<u16>,
        /// Stable code of the reason: `unreachable`, `throttled`, `refused`, `failed`, `unreadable`, `foreign_broker`,
        /// `known_unit`, `unrecorded`, `left_alone`.
        reason: String,
    },
    /// A TLS handshake from the unit's address with one of this station's services failed.
    HandshakeFailed {
        /// Which service.
        service: Service,
        /// The TLS alert that the unit sent, such as `unknown_ca`; else `eof`, `timed_out` or `other`.
        reason: String,
        /// Whether the certificate that the service showed was valid by this station's clock.
        certificate_valid: bool,
    },
    /// The broker accepted a connection with this unit's session.
    MqttConnected {
        /// Number of the connection, unique while the station runs.
        connection: u64,
        /// User name of the login.
        username: String,
        /// Identity in the client certificate, when one was shown.
        certificate: Option<DeviceId>,
    },
    /// The broker refused a login with this unit's user name.
    MqttRefused {
        /// CONNACK return code.
        code: u8,
        /// Stable code of the reason.
        reason: String,
    },
    /// The broker granted a subscription.
    Subscribed {
        /// On which connection.
        connection: u64,
        /// Topic filter.
        filter: String,
    },
    /// The broker denied a topic or a filter.
    TopicDenied {
        /// On which connection.
        connection: u64,
        /// The topic or filter.
        topic: String,
        /// Whether it was a subscription (or else a publish).
        subscribe: bool,
    },
    /// The unit published its presence. It counts as ONLINE only when it is retained, as the contract has it.
    Presence {
        /// On which connection.
        connection: u64,
        /// Whether it said ONLINE (or else something different).
        online: bool,
    },
    /// The unit answered the line's ping.
    PingAnswered {
        /// On which connection.
        connection: u64,
        /// Firmware version that the unit names.
        fw_version: String,
        /// App hash that the unit names, as sent.
        app_sha256: String,
    },
    /// Everything was proved on the connection, and then it held.
    ConnectionHeld {
        /// Which connection.
        connection: u64,
        /// For how long after the last piece of the proof, in milliseconds.
        for_ms: u32,
    },
    /// The broker saw the connection end.
    MqttDisconnected {
        /// Which connection.
        connection: u64,
        /// Stable code of the reason.
        reason: String,
    },
    /// The unit sent more than a run can take in.
    Flooded,
    /// A step did not finish within its time.
    TimedOut {
        /// Which step.
        step: Step,
        /// After how long, in milliseconds.
        after_ms: u64,
    },
    /// The recipe's rules do not let this unit go on.
    Refused {
        /// Which rule.
        rule: Rule,
    },
    /// What the unit was to pass with may not log in any more: it was revoked while the run was open.
    CredentialsRevoked {
        /// Its broker user name.
        mqtt_username: String,
    },
    /// The run was open when the station stopped, or was cancelled.
    Interrupted {
        /// In which step.
        step: Step,
        /// Whether a person asked for it (or else the station died).
        cancelled: bool,
    },
}

/// An app that was made for one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnApp {
    /// SHA-256 of the bytes that are written.
    pub region_sha256: Sha256Digest,
    /// SHA-256 appended to the image, as the running app names it.
    pub app_sha256: Sha256Digest,
}

/// A service of this station that units talk to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// HTTPS provisioning.
    Https,
    /// The MQTT broker.
    Mqtt,
}

/// What the ROM loader says of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The chip; `None` when its id is not known to us.
    pub chip: Option<Chip>,
    /// Silicon revision.
    pub revision: Option<Revision>,
    /// Flash size by its JEDEC id; `None` when the id tells none (such as ff ff ff).
    pub flash_size: Option<FlashSize>,
    /// The flash chip's JEDEC id: manufacturer, type, capacity. `ff ff ff` or `00 00 00` is no flash chip's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flash_id: Option<[u8; 3]>,
    /// eFuse base MAC.
    pub mac: Mac,
    /// Security state.
    pub security: Security,
}

/// Security state of a unit. Source: GET_SECURITY_INFO of the ROM loader.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Security {
    /// Secure boot is on.
    pub secure_boot: bool,
    /// Flash encryption is on.
    pub flash_encryption: bool,
    /// The ROM is in secure download mode.
    pub secure_download: bool,
}

/// A region and the chip's word on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegionDigest {
    /// Name in the policy.
    pub name: String,
    /// First byte in flash.
    pub offset: u32,
    /// Length in bytes.
    pub len: u32,
    /// SHA-256 of what the line meant to write.
    pub sha256: Sha256Digest,
    /// Whether the chip's MD5 equals the MD5 of that.
    pub md5_matches: bool,
}

/// What the NVS partition held at the end, compared with the record. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NvsReadBack {
    /// `device_id` in NVS.
    pub device_id: Option<String>,
    /// `device_key` in NVS.
    pub device_key: Option<String>,
    /// `workspace_slug` in NVS.
    pub workspace_slug: Option<String>,
    /// `mqtt_username` in NVS.
    pub mqtt_username: Option<String>,
    /// Whether the password in NVS is the one on record, by its verifier.
    pub password_matches: bool,
    /// Whether identity, key, slug, host, port, TLS, user name and device token all equal the session on record, and the
    /// private key is that of the certificate.
    pub session_matches: bool,
    /// Whether a non-empty auth code was found, under its key or anywhere in the partition's raw bytes.
    pub auth_code_present: bool,
    /// Fingerprint of the client certificate in NVS.
    pub certificate: Option<Sha256Digest>,
    /// SHA-256 of the raw partition.
    pub sha256: Sha256Digest,
}

/// How talking to a unit failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkFault {
    /// Another program holds the port.
    PortBusy,
    /// The port does not exist, or went away.
    PortGone,
    /// The path is no serial port, or may not be opened.
    PortUnusable,
    /// The port was renumbered and was not found again.
    PortMoved,
    /// The fixture's control channel failed.
    FixtureFailed,
    /// No answer from the ROM loader or the stub.
    NoAnswer,
    /// Answers came, but broken.
    Garbled,
    /// The loader answered with an error.
    Rejected,
    /// The chip's MD5 of a written region differs.
    VerifyFailed,
    /// NVS could not be read back or holds no readable session.
    NvsUnreadable,
    /// Another unit answered than the one that the run began with.
    OtherUnit,
    /// The chip is in secure download mode: nothing of it can be read or checked.
    SecureDownload,
}

/// A line of the unit's log that matters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "line", rename_all = "snake_case")]
pub enum UartFact {
    /// First byte after the reset.
    FirstByte,
    /// The second stage loaded the app.
    AppLoaded {
        /// Offset of the partition that it was loaded from, as printed.
        #[serde(default)]
        offset: Option<u32>,
    },
    /// The ROM or the second stage refuses what is in flash.
    BootFailed {
        /// The line.
        text: String,
    },
    /// The unit reset by itself.
    Restarted {
        /// Reset reason as the ROM prints it.
        reason: String,
    },
    /// The app panicked.
    Panicked {
        /// The line.
        text: String,
    },
    /// The back trace of a panic: `Backtrace:` or `Stack memory:` with addresses.
    Backtrace {
        /// The line, cut to a bounded length.
        text: String,
    },
    /// The brown-out detector was triggered.
    BrownOut,
    /// Bytes arrived that make no readable line. Told once for each log.
    Noise {
        /// How many, when it was told.
        bytes: u64,
    },
    /// The unit waits for a download: run straps were not seen.
    DownloadMode,
    /// `WiFi connected`.
    NetworkUp {
        /// The unit's address as printed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ip: Option<std::net::IpAddr>,
    },
    /// The unit joined a Wi-Fi network and has no address yet.
    WifiJoined,
    /// The unit's Wi-Fi connection ended or was not made, and is tried again.
    WifiDisconnected {
        /// `wifi_err_reason_t` of ESP-IDF, when the line tells it: 201 no access point found, 15, 202 and 204 wrong
        /// password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<u16>,
    },
    /// A host name could not be resolved.
    DnsFailed {
        /// The line.
        text: String,
    },
    /// The unit's TLS refused the server.
    TlsFailed {
        /// Why.
        fault: TlsFault,
        /// The line.
        text: String,
    },
    /// NVS could not be read or written.
    NvsFailed {
        /// Name of the ESP-IDF error, such as `ESP_ERR_NVS_NOT_ENOUGH_SPACE`.
        error: String,
    },
    /// An error that an LwM2M-type client reports. Source: recovery rules, section 2.
    ClientError {
        /// Its class, such as `BootstrapFailed`.
        class: String,
        /// The line.
        text: String,
    },
    /// A fault of the firmware's Bluetooth or build that its log shows. Source: recovery rules, section 3.
    FirmwareFault {
        /// The diagnosis.
        code: DiagnosisCode,
        /// The line.
        text: String,
    },
    /// The unit says that it waits before it tries again, in milliseconds.
    BackingOff {
        /// How long.
        delay_ms: u64,
    },
    /// `WiFi connect failed` or timed out.
    NetworkFailed {
        /// The line.
        text: String,
    },
    /// `HTTPS POST`.
    ProvisionStarted,
    /// `provision skipped`; expected with a stored session.
    ProvisionSkipped,
    /// The unit has neither code nor session.
    ProvisionImpossible,
    /// The server's answer was not 200 or 201.
    ProvisionRefused {
        /// HTTP status.
        status: u16,
    },
    /// The request failed below HTTP.
    ProvisionTransport {
        /// Name of the ESP-IDF error.
        error: String,
    },
    /// The answer could not be read.
    ProvisionUnreadable,
    /// The unit names its new broker user.
    Provisioned {
        /// User name.
        username: String,
    },
    /// `init complete`.
    InitComplete {
        /// Identity that the unit names.
        device_id: String,
    },
    /// `MQTT connected`.
    MqttConnected,
    /// CONNACK 4 or 5, as the unit saw it.
    MqttRefused {
        /// Return code.
        code: u8,
    },
    /// Transport or TLS failure of MQTT.
    MqttError {
        /// The line.
        text: String,
    },
    /// `OTA skipped (same SHA…)`; expected.
    OtaSkipped,
    /// A download began.
    OtaStarted,
    /// A download ended well; a reset follows.
    OtaFinished,
    /// A download failed.
    OtaFailed {
        /// Name of the ESP-IDF error.
        error: String,
    },
}

/// Why a unit's TLS refused a server. Source of the texts: `mbedtls_x509_crt_verify_info` of Mbed TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// Not signed by a trusted CA.
    UnknownCa,
    /// The certificate is for another name.
    WrongName,
    /// Its validity has ended, by the unit's clock.
    Expired,
    /// Its validity has not begun, by the unit's clock.
    NotYetValid,
    /// Anything else.
    Other,
}

/// A rule of the recipe that can stop a unit before anything irreversible is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The unit has used up its attempts.
    AttemptsUsedUp,
    /// The unit has passed before.
    PassedBefore,
    /// The same MAC is in work on another slot.
    InWorkElsewhere,
    /// The batch's quota is used up.
    QuotaReached,
    /// The unit has used up its attempts in this batch.
    BatchAttemptsUsedUp,
    /// The unit is in quarantine until a person releases it.
    Quarantined,
    /// The unit was scrapped.
    Scrapped,
}

impl Fact {
    /// Who saw it.
    pub const fn witness(&self) -> Witness {
        match self {
            Self::Identified(_)
            | Self::Reconnected { .. }
            | Self::RegionWritten(_)
            | Self::RegionAttested(_)
            | Self::NvsReadBack(_)
            | Self::SessionFound { .. }
            | Self::BaudReduced { .. }
            | Self::PortMoved { .. }
            | Self::FlashSearched { .. }
            | Self::LinkFailed { .. } => Witness::Flasher,
            Self::Uart(_) => Witness::Uart,
            Self::ProvisionAccepted { .. }
            | Self::ProvisionRefused { .. }
            | Self::FirmwareServed { .. }
            | Self::UpstreamFailed { .. }
            | Self::HandshakeFailed { service: Service::Https, .. } => Witness::Provisioning,
            Self::MqttConnected { .. }
            | Self::MqttRefused { .. }
            | Self::Subscribed { .. }
            | Self::TopicDenied { .. }
            | Self::Presence { .. }
            | Self::PingAnswered { .. }
            | Self::MqttDisconnected { .. }
            | Self::HandshakeFailed { service: Service::Mqtt, .. } => Witness::Broker,
            Self::Prepared { .. }
            | Self::ConnectionHeld { .. }
            | Self::SessionKept { .. }
            | Self::Flooded
            | Self::TimedOut { .. }
            | Self::Refused { .. }
            | Self::CredentialsRevoked { .. }
            | Self::Interrupted { .. } => Witness::Line,
        }
    }
}
