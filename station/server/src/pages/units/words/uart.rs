//! What a unit's own log said, in words.

use firstpass_domain::evidence::{TlsFault, UartFact};

/// A recognised line in a sentence.
pub(super) fn said(fact: &UartFact) -> String {
    match fact {
        UartFact::FirstByte => "the first byte after the reset came".to_owned(),
        UartFact::AppLoaded { offset: Some(offset) } => format!("the app was loaded from {offset:#x}"),
        UartFact::AppLoaded { offset: None } => "the app was loaded".to_owned(),
        UartFact::BootFailed { text } => format!("the loader refuses the flash: {text}"),
        UartFact::Restarted { reason } => format!("the unit restarted by itself: {reason}"),
        UartFact::Panicked { text } => format!("the app panicked: {text}"),
        UartFact::Backtrace { text } => format!("back trace: {text}"),
        UartFact::BrownOut => "the brown-out detector was triggered".to_owned(),
        UartFact::Noise { bytes } => format!("{bytes} bytes made no readable line"),
        UartFact::DownloadMode => "the unit waits for a download".to_owned(),
        UartFact::NetworkUp { ip: Some(ip) } => format!("the network is up with address {ip}"),
        UartFact::NetworkUp { ip: None } => "the network is up".to_owned(),
        UartFact::WifiJoined => "joined the Wi-Fi network, no address yet".to_owned(),
        UartFact::WifiDisconnected { reason: Some(reason) } => format!("no Wi-Fi connection, reason {reason}"),
        UartFact::WifiDisconnected { reason: None } => "no Wi-Fi connection".to_owned(),
        UartFact::DnsFailed { text } => format!("a host name was not resolved: {text}"),
        UartFact::TlsFailed { fault, text } => format!("TLS refused the server ({}): {text}", tls(*fault)),
        UartFact::NvsFailed { error } => format!("NVS failed: {error}"),
        UartFact::ClientError { class, text } => format!("the client reports {class}: {text}"),
        UartFact::FirmwareFault { code, text } => format!("a fault of the firmware, {}: {text}", code.name()),
        UartFact::BackingOff { delay_ms } => format!("waits {delay_ms} ms before the next attempt"),
        UartFact::NetworkFailed { text } => format!("the network failed: {text}"),
        UartFact::ProvisionStarted => "began to provision".to_owned(),
        UartFact::ProvisionSkipped => "skipped provisioning: it has a session".to_owned(),
        UartFact::ProvisionImpossible => "cannot provision: it has neither code nor session".to_owned(),
        UartFact::ProvisionRefused { status } => format!("provisioning was answered with HTTP {status}"),
        UartFact::ProvisionTransport { error } => format!("the provisioning request failed: {error}"),
        UartFact::ProvisionUnreadable => "could not read the provisioning answer".to_owned(),
        UartFact::Provisioned { username } => format!("was provisioned as broker user {username}"),
        UartFact::InitComplete { device_id } => format!("is ready as device {device_id}"),
        UartFact::MqttConnected => "connected to the broker".to_owned(),
        UartFact::MqttRefused { code } => format!("its login was refused with CONNACK {code}"),
        UartFact::MqttError { text } => format!("MQTT failed: {text}"),
        UartFact::OtaSkipped => "skipped the update: it has this firmware".to_owned(),
        UartFact::OtaStarted => "began an update".to_owned(),
        UartFact::OtaFinished => "finished the update and restarts".to_owned(),
        UartFact::OtaFailed { error } => format!("the update failed: {error}"),
    }
}

const fn tls(fault: TlsFault) -> &'static str {
    match fault {
        TlsFault::UnknownCa => "unknown CA",
        TlsFault::WrongName => "wrong name",
        TlsFault::Expired => "expired",
        TlsFault::NotYetValid => "not yet valid",
        TlsFault::Other => "other reason",
    }
}
