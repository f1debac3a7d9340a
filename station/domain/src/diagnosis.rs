//! The catalogue of failures: one stable code each, with the words that people see.

use serde::{Deserialize, Serialize};

use crate::{Problem, Step};

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

    /// What a person is shown.
    pub fn problem(&self) -> Problem {
        let words = self.code.words();
        let why =
            if self.seen.is_empty() { words.why.to_owned() } else { format!("{} Seen: {}.", words.why, self.seen) };
        Problem { code: self.code.name().to_owned(), what: words.what.to_owned(), why, remedy: words.remedy.to_owned() }
    }
}

/// The words of one code in one language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    /// What happened.
    pub what: &'static str,
    /// The likely cause.
    pub why: &'static str,
    /// What the operator does next.
    pub remedy: &'static str,
}

macro_rules! catalogue {
    ($($code:ident = $name:literal: $what:literal, $why:literal, $remedy:literal;)*) => {
        /// Stable code of a failure. Names are promises; codes are only ever added.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum DiagnosisCode { $(#[doc = $what] #[serde(rename = $name)] $code,)* }

        impl DiagnosisCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$code),*];

            /// The name on record.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// The English words.
            pub const fn words(self) -> Words {
                match self { $(Self::$code => Words { what: $what, why: $why, remedy: $remedy },)* }
            }
        }
    };
}

catalogue! {
    PortBusy = "port_busy": "The port is in use.",
        "Another program holds the port open.",
        "Close the other program, or wait until it is done, and try again.";
    PortGone = "port_gone": "The port went away.",
        "The adapter or the unit was unplugged, or its cable has a bad contact.",
        "Plug the unit in again; if it happens on this slot again, change the cable.";
    PortUnusable = "port_unusable": "The port cannot be used.",
        "The path is no serial port, or this user may not open it.",
        "Check the slot's port in the configuration, and that the user is in the group that owns the port.";
    FixtureFailed = "fixture_failed": "The fixture did not reset the unit.",
        "The fixture's control channel did not answer or refused the command.",
        "Check the fixture's power and its control connection.";
    NoAnswer = "no_answer": "The unit does not answer.",
        "The chip's loader sent nothing back: no power, not in download mode, or TX and RX do not make contact.",
        "Seat the unit again and check the pogo pins; then try another unit on this slot.";
    LinkGarbled = "link_garbled": "The unit's answers arrive damaged.",
        "Bytes were lost or changed between the unit and the station.",
        "Check cable and ground; choose a lower baud rate in the recipe.";
    LoaderRejected = "loader_rejected": "The chip's loader refused a command.",
        "The loader answered with an error.",
        "Try again; if it stays, put the unit aside for repair.";
    WrongChip = "wrong_chip": "This is another chip than the recipe is for.",
        "The images of this recipe do not run on it.",
        "Check that the right product is on the line, or choose the recipe for this chip.";
    RevisionTooOld = "revision_too_old": "The chip's revision is too old for this recipe.",
        "The images need a newer silicon revision.",
        "Put the unit aside; tell the line engineer which batch of modules it came from.";
    WrongFlashSize = "wrong_flash_size": "The flash has another size than the recipe asks for.",
        "Another flash chip was mounted, or it does not answer correctly.",
        "Put the unit aside; tell the line engineer which batch of modules it came from.";
    SecurityEnabled = "security_enabled": "Secure boot, flash encryption or secure download is already on.",
        "The eFuses of this unit were burned before, so the recipe's plain images cannot run or be checked on it.",
        "Put the unit aside; it cannot be made blank again.";
    OtherUnit = "other_unit": "Another unit answers than the one this run began with.",
        "The MAC that was read after the reconnect differs.",
        "Do not swap units during a run; start again with this unit.";
    AttemptsUsedUp = "attempts_used_up": "This unit has used up its attempts.",
        "The recipe limits the runs of one unit.",
        "Put the unit into rework.";
    PassedBefore = "passed_before": "This unit has passed before.",
        "A unit with the same MAC is on record as passed; running it again would make its credentials invalid.",
        "If it should run again, allow it in the recipe (repeat_passed); else put it with the finished ones.";
    InWorkElsewhere = "in_work_elsewhere": "This unit is in work on another slot.",
        "Two slots read the same MAC: a cloned module, or one cable in two slots.",
        "Put one of the two units aside and tell the line engineer.";
    QuotaReached = "quota_reached": "The batch's quota is used up.",
        "As many units as ordered have been issued credentials.",
        "Close the batch, or raise its quantity.";
    FlashVerifyFailed = "flash_verify_failed": "The flash does not hold what was written.",
        "The chip's own MD5 of a region differs from the image's: bad flash, or damage on the wire.",
        "Try again once; if it stays, the flash chip is bad: put the unit into rework.";
    BootSilent = "boot_silent": "The unit prints nothing after reset.",
        "It did not start, its TX line makes no contact, or it does not log at 115200 baud.",
        "Seat the unit again and check its TX pin.";
    BootImageInvalid = "boot_image_invalid": "The boot loader refuses the image in flash.",
        "What stands in flash is damaged or is no image for this chip.",
        "Run the unit again; if it stays, put it into rework.";
    BootAppMissing = "boot_app_missing": "The app did not start.",
        "The unit printed something after reset, but the boot loader never loaded an app.",
        "Look at the unit's log in its record; check that the recipe's images belong together.";
    DownloadMode = "download_mode": "The unit waits for a download instead of running.",
        "Its boot strap is held low after the reset.",
        "Check the fixture's boot pin.";
    BootLoop = "boot_loop": "The unit keeps restarting.",
        "The app panicked or the unit reset by itself.",
        "Look at the panic in the unit's log; check its supply; put the unit into rework.";
    AppSilent = "app_silent": "The app started and then said nothing.",
        "The app was loaded, but it printed no line of the device contract in time.",
        "Check that the recipe's app is the right firmware; else put the unit into rework.";
    NetworkFailed = "network_failed": "The unit gets no network.",
        "It could not join the Wi-Fi network, or got no address.",
        "Check the access point and the recipe's Wi-Fi name and password; then the unit's antenna.";
    ProvisionImpossible = "provision_impossible": "The unit has neither an auth code nor a complete session.",
        "Its firmware does not read what the line wrote into NVS.",
        "Check namespace and keys in the recipe against the firmware.";
    ProvisionRefused = "provision_refused": "The provisioning server refused the unit.",
        "The code was unknown, used, or bound to another unit, or the request was malformed.",
        "Run the unit again with a fresh code; if it stays, check the recipe's workspace.";
    ProvisionTransport = "provision_transport": "The unit could not reach the provisioning server.",
        "The connection failed below HTTP: address, firewall, TLS trust, name or dates.",
        "Check that the unit's network reaches the station, and that the recipe's URL and CA are those of this station.";
    ProvisionUnreadable = "provision_unreadable": "The unit could not read the provisioning answer.",
        "The answer was cut or not the expected JSON.",
        "Check that the configured service is a compatible one.";
    ProvisionTimedOut = "provision_timed_out": "The unit did not provision in time.",
        "The app runs, but no provisioning request arrived and succeeded.",
        "Look at the unit's log in its record; check its network.";
    ProvisionUnexpected = "provision_unexpected": "The unit did not do what its injection asks for.",
        "A unit with a session provisioned anyway, skipped although it has a code, or names another user.",
        "Check that recipe and firmware belong together.";
    MqttRefused = "mqtt_refused": "The broker refused the unit's login.",
        "User name, password, client id or certificate in NVS are not what the broker expects.",
        "Provision the unit again, or erase its NVS and run it again.";
    TopicDenied = "topic_denied": "The unit used a topic that it may not use.",
        "Its topics or filters do not match the access list, such as `commands` instead of `cmd/#`.",
        "Use firmware whose topics match the access list.";
    MqttTransport = "mqtt_transport": "The unit could not reach the broker.",
        "The connection failed below MQTT: address, firewall, TLS trust, name or dates.",
        "Check that the unit's network reaches the broker, and the CA in the recipe.";
    MqttDropped = "mqtt_dropped": "The unit connected and lost the connection again.",
        "The connection ended before the unit proved that it works.",
        "Look at the reason in the record; check supply and network of the unit.";
    MqttTimedOut = "mqtt_timed_out": "The unit did not prove its MQTT connection in time.",
        "One of connect, subscriptions, presence or the answer to the ping is missing.",
        "Look at the record to see what is missing; check the firmware.";
    CertificateMissing = "certificate_missing": "The unit did not show its own client certificate.",
        "The recipe asks for one, and the connection came without it or with another.",
        "Check that the firmware stores and presents the certificate.";
    WrongFirmware = "wrong_firmware": "Another firmware runs than the one that was flashed.",
        "Version or app hash in the unit's answer differ from the image of the recipe.",
        "Check for a second app partition or an update right after provisioning.";
    OtaFailed = "ota_failed": "The unit's firmware update failed.",
        "The unit was offered firmware after provisioning and could not apply it.",
        "Check the update's URL and hash; or switch updates off in the recipe.";
    FlashChanged = "flash_changed": "The flash no longer holds what was written.",
        "A region's MD5 at the end differs from the one after writing.",
        "Put the unit into rework; if many units show it, the firmware writes where it must not.";
    NvsUnreadable = "nvs_unreadable": "The session in flash cannot be read.",
        "The NVS partition holds no readable session after provisioning.",
        "Erase the unit's NVS and run it again; if it stays, put it into rework.";
    SessionMismatch = "session_mismatch": "The session in flash is not the one on record.",
        "The unit stored other credentials than it was issued.",
        "Erase the unit's NVS and run it again.";
    CodeLeftBehind = "code_left_behind": "The factory auth code is still in the unit's flash.",
        "The firmware did not erase the code after provisioning.",
        "Use firmware that erases its code, or allow it in the recipe (keep_auth_code).";
    UnitFloods = "unit_floods": "The unit sends without end.",
        "It reported more than any healthy unit does.",
        "Take the unit off the slot and put it into rework; check its firmware.";
    StepTimedOut = "step_timed_out": "A step did not finish in time.",
        "The station gave up waiting.",
        "Run the unit again; if it stays, check the slot.";
    Interrupted = "interrupted": "The station stopped while the unit was in work.",
        "Power, a crash or a restart of the station ended the run before its verdict.",
        "Run the unit again; its old code has been made unusable.";
    Cancelled = "cancelled": "The run was stopped by a person.",
        "Someone ended the batch while the unit was in work.",
        "Run the unit again; its old code has been made unusable.";
}
