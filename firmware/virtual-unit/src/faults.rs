//! What a unit can be told to do wrong: one table of faults. Knows the list, not how a fault is acted out.

mod switches;

use serde::{Deserialize, Serialize};

pub use self::switches::Faults;
use crate::flash_size::FlashSize;
use crate::mac::Mac;

macro_rules! catalogue {
    ($([$place:ident] $($variant:ident $({ $(#[$attribute:meta])* $field:ident: $type:ty = $example:literal })?
        = $name:literal, $what:literal;)*)*) => {
        /// One thing that goes wrong. As JSON, `{"fault":"drop_ack","nth":3}`; the names are promises.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(tag = "fault", deny_unknown_fields)]
        pub enum Fault {
            $($(
                #[doc = $what]
                #[serde(rename = $name)]
                $variant $({
                    #[doc = concat!("Such as `", $example, "`.")]
                    $(#[$attribute])*
                    $field: $type,
                })?,
            )*)*
        }

        impl Fault {
            /// How each fault is written, in the order of the unit's life.
            pub const FORMS: &[Form] = &[$($(
                Form { place: Place::$place, name: $name, field: &[$((stringify!($field), $example))?], what: $what },
            )*)*];
        }
    };
}

catalogue! {
    [Loader]
    DropAck { nth: u32 = "3" } = "drop_ack",
        "The acknowledgement of the nth data block (from 1, counted from when the fault is set) is never sent.";
    CorruptAck { nth: u32 = "3" } = "corrupt_ack", "The acknowledgement of the nth data block arrives damaged.";
    Vanish { bytes: u32 = "50000" } = "vanish",
        "The terminal goes away when so many bytes of flash have been written since the fault was set.";
    Renumber { bytes: u32 = "50000" } = "renumber",
        "The terminal goes away after so many written bytes and comes back at once under another number; the link follows.";
    WrongFlashSize { size: FlashSize = "8MB" } = "wrong_flash_size", "The flash chip says that it has another size.";
    WrongChip { chip: ForeignChip = "esp32s3" } = "wrong_chip", "The ROM says that it is another chip.";
    OldRevision = "old_revision", "The chip is of revision v0.1.";
    OtherMac { mac: Mac = "02:00:00:00:0f:fe" } = "other_mac", "From the next reset on, a unit with another MAC answers.";
    BadMd5 = "bad_md5", "The MD5 of a flash region is answered wrongly.";
    FlashSilent = "flash_silent", "The flash chip does not answer: its id is ff ff ff, and all of it reads 0xff.";
    WornFlash { offset: u32 = "65600" } = "worn_flash", "The byte at this offset keeps its value, whatever is written.";
    SecureBoot = "secure_boot", "Secure boot is burned into the eFuses.";
    FlashEncryption = "flash_encryption", "Flash encryption is burned into the eFuses.";
    SecureDownload = "secure_download", "The ROM is in secure download mode: no register, no RAM, no stub, no read.";
    MaxBaud { baud: u32 = "460800" } = "max_baud", "Above this rate, bytes arrive garbled in both directions.";
    LoaderMute = "loader_mute", "The loader prints its banner and hears nothing.";
    [Boot]
    SilentAfterBoot = "silent_after_boot", "The boot loader loads the app, which then neither prints nor does anything.";
    BootLoop = "boot_loop", "The app panics at its start, again and again.";
    BrownOut = "brown_out", "The supply breaks down when the app starts, again and again.";
    FlashReadErr = "flash_read_err", "The ROM cannot read the second stage from the flash.";
    InvalidHeader = "invalid_header", "The ROM reads another word than the second stage's header.";
    StuckInDownload = "stuck_in_download", "The boot strap is stuck: every reset leads into the ROM loader.";
    WrongAppSlot = "wrong_app_slot", "The second stage begins with another app partition than the one chosen.";
    [Network]
    NoNetwork = "no_network", "The app has no network, and says no reason.";
    WifiNotFound = "wifi_not_found", "There is no access point of that name (reason 201).";
    WifiWrongPassword = "wifi_wrong_password", "The access point does not accept the password (reasons 15 and 204).";
    DhcpSilent = "dhcp_silent", "The unit joins its network and gets no address.";
    DnsFailed = "dns_failed", "No name can be resolved.";
    Clock { unix_s: i64 = "1000" } = "clock", "The unit's clock stands at this time, which its TLS checks go by.";
    [Provisioning]
    WrongCode = "wrong_code", "The unit sends another code than it was given.";
    WrongWorkspace = "wrong_workspace", "The unit names another workspace than it was given.";
    NoCode = "no_code", "The firmware does not read its code.";
    KeepsCode = "keeps_code", "The code stays in NVS after the provisioning.";
    NvsFull = "nvs_full", "NVS has no room for the session.";
    NvsCorrupt = "nvs_corrupt", "NVS is damaged: it can be neither read nor written.";
    NvsWriteFailed = "nvs_write_failed", "NVS can be read, but writing fails.";
    NvsKeyTooLong = "nvs_key_too_long", "The firmware stores the session under a key of 16 characters.";
    [Mqtt]
    WrongPassword = "wrong_password", "The unit logs in with another password than it was given.";
    WrongTopics = "wrong_topics", "The unit subscribes to commands, the classic mistake.";
    NoPresence = "no_presence", "The unit does not say that it is there.";
    StalePresence { kind: StaleKind = "offline" } = "stale_presence", "The unit says OFFLINE, or ONLINE without retaining it.";
    NoPingAnswer = "no_ping_answer", "The unit does not answer the ping command.";
    DropAfterConnect = "drop_after_connect", "The unit's connection breaks as soon as the broker has let it in.";
    Flapping { times: u32 = "100" } = "flapping",
        "The connection breaks shortly after the unit is ready, so many times; it comes back a second later.";
    Hammering = "hammering", "The unit logs in with a wrong password, and does not wait before it tries again.";
    NoCertificate = "no_certificate", "The unit does not show its client certificate.";
    WrongFirmwareAnswer = "wrong_firmware_answer", "The unit names another version and hash than those of its image.";
    MqttFlood = "mqtt_flood", "The unit publishes telemetry without end.";
    [Attest]
    FlashChanged = "flash_changed", "Once connected, the firmware writes into its own app.";
    SessionChanged = "session_changed", "Once connected, the firmware stores another password.";
    CodeElsewhere = "code_elsewhere", "The firmware copies its code into flash that no partition holds.";
    [Anywhere]
    LogLine { text: String = "hello" } = "log_line", "The app prints this line when it starts.";
    PrintsSecrets = "prints_secrets",
        "The firmware prints its code and passphrase at its start, and password, token and private key once connected.";
    ClientError { class: String = "NetworkError" } = "client_error",
        "The app is an LwM2M-type client: it reports this class of error and does nothing more.";
    Jitter { ms: u32 = "120" } = "jitter",
        "Legal: every answer and every act on the network is delayed by up to so many milliseconds.";
    Flood { #[serde(default = "flood_baud")] baud: u32 = "115200" } = "flood",
        "In place of the app's words, noise comes on the UART without end, at this rate (115200 unless said).";
}

/// Where on the unit's way a fault is at home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In download mode.
    Loader,
    /// From the reset to the app.
    Boot,
    /// Wi-Fi, address, names, time.
    Network,
    /// Code, request and session.
    Provisioning,
    /// The broker.
    Mqtt,
    /// What the flash holds at the end.
    Attest,
    /// Anywhere.
    Anywhere,
}

/// How a fault is written.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Where it is at home.
    pub place: Place,
    /// Its name in JSON.
    pub name: &'static str,
    /// Its field with an example, if it has one.
    pub field: &'static [(&'static str, &'static str)],
    /// What it does.
    pub what: &'static str,
}

/// A chip that is not the one expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ForeignChip {
    /// ESP32-S3.
    Esp32s3,
    /// ESP32-C6.
    Esp32c6,
    /// ESP32-H2.
    Esp32h2,
}

/// What is wrong with a presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaleKind {
    /// `OFFLINE`, retained.
    Offline,
    /// `ONLINE`, not retained.
    NotRetained,
}

fn flood_baud() -> u32 {
    115_200
}
