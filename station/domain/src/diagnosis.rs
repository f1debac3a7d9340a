//! The catalogue of failures: one stable code each, where it shows, whose fault it is and what the line does next.
//!
//! What people read of a code stands in `words`, one table for each language.

pub mod line;
mod words;

use serde::{Deserialize, Serialize};

use crate::{Problem, Step};

pub use words::{Language, Words};

/// Why a unit failed, and what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Stable code.
    pub code: DiagnosisCode,
    /// In which step.
    pub step: Step,
    /// What was seen, in words; holds no secret.
    pub seen: String,
}

impl Diagnosis {
    /// A diagnosis of `code` in `step`.
    pub fn new(code: DiagnosisCode, step: Step, seen: impl Into<String>) -> Self {
        Self { code, step, seen: seen.into() }
    }

    /// What a person is shown, in English.
    pub fn problem(&self) -> Problem {
        self.problem_in(Language::English)
    }

    /// What a person is shown.
    pub fn problem_in(&self, language: Language) -> Problem {
        let words = self.code.words(language);
        let why = match self.seen.as_str() {
            "" => words.why.to_owned(),
            seen => format!("{}{}{}", words.why, language.gap(), language.seen(seen)),
        };
        Problem { code: self.code.name().to_owned(), what: words.what.to_owned(), why, remedy: words.remedy.to_owned() }
    }
}

/// Where on a unit's way a failure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Before the line: in the build of the firmware or in files.
    Build,
    /// The unit is looked at.
    Identify,
    /// What it gets is made.
    Prepare,
    /// It is written.
    Flash,
    /// It starts.
    Boot,
    /// It looks for its network and its server.
    Network,
    /// It provisions.
    Provision,
    /// It connects to the broker.
    Connect,
    /// It is read back.
    Attest,
    /// Anywhere.
    Any,
}

/// Where the fault lies, as far as what was seen can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The unit: its hardware, or what its firmware does on it alone.
    Unit,
    /// The fixture: port, cable, pins, supply.
    Fixture,
    /// The recipe, or the firmware that it names: every unit would fail so.
    Recipe,
    /// The network between the unit and the services.
    Network,
    /// The provisioning service or the broker.
    Service,
    /// This station.
    Station,
    /// Whoever handled the unit or the batch.
    Person,
}

/// What the line does after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextAction {
    /// The unit may run again where it is, when the recipe allows retries.
    RetryHere,
    /// The unit leaves the line for rework, and may come back.
    Rework,
    /// The unit is set aside until a person releases it.
    Quarantine,
    /// The slot takes no further unit until a person has looked at it.
    StopSlot,
    /// The batch takes no further unit: the next one would fail likewise.
    StopLine,
}

macro_rules! catalogue {
    ($($code:ident = $name:literal: $phase:ident, $owner:ident, $next:ident;)*) => {
        /// Stable code of a failure. Names are promises; codes are only ever added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum DiagnosisCode { $(#[doc = concat!("`", $name, "`")] #[serde(rename = $name)] $code,)* }

        impl DiagnosisCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The name on record.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// Where on the unit's way it shows.
            pub const fn phase(self) -> Phase {
                match self { $(Self::$code => Phase::$phase,)* }
            }

            /// Where the fault lies.
            pub const fn owner(self) -> Owner {
                match self { $(Self::$code => Owner::$owner,)* }
            }

            /// What the line does next.
            pub const fn next_action(self) -> NextAction {
                match self { $(Self::$code => NextAction::$next,)* }
            }
        }
    };
}

catalogue! {
    PortBusy = "port_busy": Identify, Station, StopSlot;
    PortGone = "port_gone": Any, Fixture, RetryHere;
    PortUnusable = "port_unusable": Identify, Station, StopSlot;
    FixtureFailed = "fixture_failed": Any, Fixture, StopSlot;
    NoAnswer = "no_answer": Identify, Fixture, RetryHere;
    LinkGarbled = "link_garbled": Any, Fixture, RetryHere;
    LoaderRejected = "loader_rejected": Any, Unit, RetryHere;
    WrongChip = "wrong_chip": Identify, Recipe, Rework;
    RevisionTooOld = "revision_too_old": Identify, Unit, Quarantine;
    WrongFlashSize = "wrong_flash_size": Identify, Unit, Quarantine;
    SecurityEnabled = "security_enabled": Identify, Unit, Quarantine;
    OtherUnit = "other_unit": Any, Person, Rework;
    AttemptsUsedUp = "attempts_used_up": Prepare, Unit, Quarantine;
    PassedBefore = "passed_before": Prepare, Person, Rework;
    InWorkElsewhere = "in_work_elsewhere": Prepare, Unit, Rework;
    QuotaReached = "quota_reached": Prepare, Person, StopLine;
    FlashVerifyFailed = "flash_verify_failed": Flash, Unit, RetryHere;
    BootSilent = "boot_silent": Boot, Unit, RetryHere;
    BootImageInvalid = "boot_image_invalid": Boot, Unit, RetryHere;
    BootAppMissing = "boot_app_missing": Boot, Recipe, Rework;
    DownloadMode = "download_mode": Boot, Fixture, RetryHere;
    BootLoop = "boot_loop": Boot, Unit, Rework;
    AppSilent = "app_silent": Boot, Recipe, Rework;
    NetworkFailed = "network_failed": Network, Network, RetryHere;
    ProvisionImpossible = "provision_impossible": Provision, Recipe, Rework;
    ProvisionRefused = "provision_refused": Provision, Recipe, Rework;
    ProvisionTransport = "provision_transport": Provision, Network, RetryHere;
    ProvisionUnreadable = "provision_unreadable": Provision, Service, RetryHere;
    ProvisionTimedOut = "provision_timed_out": Provision, Unit, RetryHere;
    ProvisionUnexpected = "provision_unexpected": Provision, Recipe, Rework;
    MqttRefused = "mqtt_refused": Connect, Unit, Rework;
    TopicDenied = "topic_denied": Connect, Recipe, Rework;
    MqttTransport = "mqtt_transport": Connect, Network, RetryHere;
    MqttDropped = "mqtt_dropped": Connect, Unit, RetryHere;
    MqttTimedOut = "mqtt_timed_out": Connect, Unit, RetryHere;
    CertificateMissing = "certificate_missing": Connect, Recipe, Rework;
    WrongFirmware = "wrong_firmware": Connect, Recipe, Rework;
    OtaFailed = "ota_failed": Connect, Service, Rework;
    FlashChanged = "flash_changed": Attest, Unit, Quarantine;
    NvsUnreadable = "nvs_unreadable": Attest, Unit, Rework;
    SessionMismatch = "session_mismatch": Attest, Unit, Quarantine;
    CodeLeftBehind = "code_left_behind": Attest, Recipe, Quarantine;
    UnitFloods = "unit_floods": Any, Unit, Rework;
    StepTimedOut = "step_timed_out": Any, Unit, RetryHere;
    Interrupted = "interrupted": Any, Station, RetryHere;
    Cancelled = "cancelled": Any, Person, RetryHere;
    FlashSilent = "flash_silent": Identify, Unit, Quarantine;
    BrownOut = "brown_out": Boot, Fixture, RetryHere;
    PortMoved = "port_moved": Any, Fixture, RetryHere;
    AlreadyProvisioned = "already_provisioned": Prepare, Unit, Quarantine;
    Quarantined = "quarantined": Prepare, Unit, Rework;
    Scrapped = "scrapped": Prepare, Unit, Quarantine;
    BatchAttemptsUsedUp = "batch_attempts_used_up": Prepare, Unit, Rework;
    WifiNotFound = "wifi_not_found": Network, Network, RetryHere;
    WifiRefused = "wifi_refused": Network, Recipe, Rework;
    DhcpSilent = "dhcp_silent": Network, Network, RetryHere;
    DnsFailed = "dns_failed": Network, Network, RetryHere;
    CaptivePortal = "captive_portal": Network, Network, RetryHere;
    TlsUnknownCa = "tls_unknown_ca": Network, Recipe, Rework;
    TlsWrongName = "tls_wrong_name": Network, Recipe, Rework;
    TlsExpired = "tls_expired": Network, Service, RetryHere;
    TlsNotYetValid = "tls_not_yet_valid": Network, Service, RetryHere;
    UnitClockWrong = "unit_clock_wrong": Network, Unit, RetryHere;
    StationCertificateInvalid = "station_certificate_invalid": Network, Station, StopLine;
    ProvisionThrottled = "provision_throttled": Provision, Service, RetryHere;
    ProvisionServiceFailed = "provision_service_failed": Provision, Service, RetryHere;
    ProvisionCutOff = "provision_cut_off": Provision, Network, RetryHere;
    UpstreamAway = "upstream_away": Provision, Service, StopLine;
    UpstreamRefused = "upstream_refused": Provision, Service, Rework;
    UpstreamForeignBroker = "upstream_foreign_broker": Provision, Service, StopLine;
    MqttHammering = "mqtt_hammering": Connect, Unit, Rework;
    MqttFlapping = "mqtt_flapping": Connect, Network, RetryHere;
    PingUnanswered = "ping_unanswered": Connect, Recipe, Rework;
    PresenceMissing = "presence_missing": Connect, Recipe, Rework;
    PresenceStale = "presence_stale": Connect, Recipe, Rework;
    SubscriptionMissing = "subscription_missing": Connect, Recipe, Rework;
    OtaTimedOut = "ota_timed_out": Connect, Service, RetryHere;
    NvsFull = "nvs_full": Provision, Recipe, Rework;
    NvsCorrupt = "nvs_corrupt": Provision, Unit, RetryHere;
    NvsKeyTooLong = "nvs_key_too_long": Provision, Recipe, Rework;
    NvsWriteFailed = "nvs_write_failed": Provision, Unit, Rework;
    BootstrapQuota = "bootstrap_quota": Provision, Service, StopLine;
    BootstrapRejected = "bootstrap_rejected": Provision, Service, Rework;
    InvalidParameters = "invalid_parameters": Provision, Recipe, Rework;
    NotRegistered = "not_registered": Provision, Recipe, Rework;
    RegistrationTimedOut = "registration_timed_out": Provision, Service, RetryHere;
    NetworkLost = "network_lost": Network, Network, RetryHere;
    ResponseUnreadable = "response_unreadable": Provision, Service, Rework;
    CredentialsMemory = "credentials_memory": Provision, Unit, Rework;
    CallNotAllowed = "call_not_allowed": Provision, Recipe, Rework;
    SecureConnectionFailed = "secure_connection_failed": Network, Service, Rework;
    CredentialsUnstorable = "credentials_unstorable": Provision, Unit, Rework;
    CredentialsUnreadable = "credentials_unreadable": Provision, Unit, Rework;
    CredentialsInvalid = "credentials_invalid": Provision, Unit, Rework;
    SecretInFile = "secret_in_file": Build, Person, StopLine;
    BleComponentMissing = "ble_component_missing": Build, Recipe, StopLine;
    BleAdvertisementTooLong = "ble_advertisement_too_long": Boot, Recipe, Rework;
    BleUuidByteOrder = "ble_uuid_byte_order": Boot, Recipe, Rework;
    BuildConfigurationStale = "build_configuration_stale": Build, Recipe, StopLine;
    UpstreamKnownUnit = "upstream_known_unit": Provision, Service, Rework;
    UartNoise = "uart_noise": Boot, Fixture, RetryHere;
    AppHung = "app_hung": Boot, Recipe, Rework;
    CredentialsRevoked = "credentials_revoked": Any, Person, Rework;
}

impl DiagnosisCode {
    /// Whether the rules refused the unit before anything was done to it, so that its run has tested nothing.
    pub const fn is_refusal(self) -> bool {
        matches!(
            self,
            Self::AttemptsUsedUp
                | Self::BatchAttemptsUsedUp
                | Self::PassedBefore
                | Self::InWorkElsewhere
                | Self::QuotaReached
                | Self::Quarantined
                | Self::Scrapped
        )
    }
}
