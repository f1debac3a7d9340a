//! Recognises the lines of a unit's log that matter: those of the ROM and the second stage here, those of the device
//! contract through [`LogLine`]. Knows no stream.
//!
//! Source of the boot lines: ESP32-C3 ROM (api1-20210207) and the boot loader of ESP-IDF 6.1, as they print them.

use firstpass_contract::LogLine;
use firstpass_contract::logline::split_idf_line;
use firstpass_domain::evidence::UartFact;

/// What has been seen so far.
#[derive(Debug, Default)]
pub(super) struct Recogniser {
    bytes_came: bool,
    /// The boot that began the capture is under way: its banner was read, or, if that was lost, what comes after it.
    booted: bool,
    /// A boot failure or panic is told once for each boot: a blank flash repeats its line for ever.
    failure_told: bool,
}

impl Recogniser {
    /// To be called with what arrives: the first byte is a fact. A reset alone makes none, although its glitch on the
    /// line may be read as a break, which is a NUL, and a virtual unit marks its resets with a NUL and a line end.
    pub(super) fn bytes_came(&mut self, bytes: &[u8]) -> Option<UartFact> {
        let said_something = bytes.iter().any(|byte| !matches!(byte, 0 | b'\r' | b'\n'));
        (said_something && !std::mem::replace(&mut self.bytes_came, true)).then_some(UartFact::FirstByte)
    }

    /// What `line` says.
    pub(super) fn line(&mut self, line: &str) -> Option<UartFact> {
        if let Some(reason) = reset_reason(line) {
            self.failure_told = false;
            let again = std::mem::replace(&mut self.booted, true);
            return again.then_some(UartFact::Restarted { reason });
        }
        self.booted |= is_after_banner(line);
        if let Some(line) = LogLine::parse(line) {
            return fact(line);
        }
        if is_panic(line) {
            return self.once(UartFact::Panicked { text: line.to_owned() });
        }
        if is_boot_failure(line) {
            return self.once(UartFact::BootFailed { text: line.to_owned() });
        }
        boot_progress(line)
    }

    fn once(&mut self, fact: UartFact) -> Option<UartFact> {
        (!std::mem::replace(&mut self.failure_told, true)).then_some(fact)
    }
}

/// `0xc (RTC_SW_CPU_RST)` out of the ROM's `rst:0xc (RTC_SW_CPU_RST),boot:0x8 (SPI_FAST_FLASH_BOOT)`. A reset may leave
/// noise before the banner.
fn reset_reason(line: &str) -> Option<String> {
    let (_, banner) = line.split_once("rst:0x")?;
    let (reason, _) = banner.split_once(",boot:0x")?;
    Some(format!("0x{reason}"))
}

/// Whether `line` is printed only after the ROM's banner: by the ROM about what it loads, or by anything that it loaded.
fn is_after_banner(line: &str) -> bool {
    const BY_THE_ROM: [&str; 4] = ["load:0x", "entry 0x", "invalid header: ", "csum err:"];
    BY_THE_ROM.iter().any(|text| line.starts_with(text)) || split_idf_line(line).is_some() || is_panic(line)
}

fn boot_progress(line: &str) -> Option<UartFact> {
    if line.contains("waiting for download") || line.starts_with("wait uart") {
        return Some(UartFact::DownloadMode);
    }
    let (tag, text) = split_idf_line(line)?;
    let partition = text.strip_prefix("Loaded app from partition").filter(|_| tag == "boot")?;
    Some(UartFact::AppLoaded { offset: offset(partition) })
}

/// `0x10000` out of ` at offset 0x10000`; `None` when the number arrived damaged.
fn offset(partition: &str) -> Option<u32> {
    let digits = partition.strip_prefix(" at offset 0x")?;
    u32::from_str_radix(digits, 16).ok()
}

/// Errors of the ROM, or of the second stage under its tags.
fn is_boot_failure(line: &str) -> bool {
    if line.starts_with("invalid header: ") || line.starts_with("flash read err") {
        return true;
    }
    let error = split_idf_line(line).filter(|_| is_error(line));
    error.is_some_and(|(tag, _)| matches!(tag, "boot" | "esp_image" | "flash_parts") || tag.starts_with("boot."))
}

/// Whether an ESP-IDF line, perhaps in colour, has level E.
fn is_error(line: &str) -> bool {
    let plain = line.strip_prefix('\u{1b}').and_then(|rest| rest.split_once('m')).map_or(line, |(_, rest)| rest);
    plain.starts_with("E (")
}

/// Last words of ESP-IDF's panic handler, of `abort`, of a failed assertion, and of esp-backtrace in Rust firmware.
fn is_panic(line: &str) -> bool {
    const BEGINNINGS: [&str; 4] = ["Guru Meditation Error", "abort() was called", "assert failed:", "***ERROR***"];
    BEGINNINGS.iter().any(|text| line.starts_with(text)) || line.contains("= PANIC =")
}

/// The fact that a line of the device contract is; `None` for lines that decide nothing.
fn fact(line: LogLine) -> Option<UartFact> {
    Some(match line {
        LogLine::WifiRetry { .. } => return None,
        LogLine::WifiConnected { ip } => UartFact::NetworkUp { ip: ip.parse().ok() },
        LogLine::WifiFailed { text } => UartFact::NetworkFailed { text },
        LogLine::ProvisionStarted { .. } => UartFact::ProvisionStarted,
        LogLine::ProvisionSkipped => UartFact::ProvisionSkipped,
        LogLine::ProvisionImpossible => UartFact::ProvisionImpossible,
        LogLine::ProvisionRefused { status } => UartFact::ProvisionRefused { status },
        LogLine::ProvisionTransport { error } => UartFact::ProvisionTransport { error },
        LogLine::ProvisionUnreadable => UartFact::ProvisionUnreadable,
        LogLine::ProvisionBackingOff { delay_ms, .. } => UartFact::BackingOff { delay_ms },
        LogLine::Provisioned { username, .. } => UartFact::Provisioned { username },
        LogLine::InitComplete { device_id, .. } => UartFact::InitComplete { device_id },
        LogLine::MqttConnected => UartFact::MqttConnected,
        LogLine::MqttRefused { refusal, .. } => UartFact::MqttRefused { code: refusal.code() },
        LogLine::MqttError { text } => UartFact::MqttError { text },
        LogLine::OtaSkipped => UartFact::OtaSkipped,
        LogLine::OtaStarted { .. } => UartFact::OtaStarted,
        LogLine::OtaFinished => UartFact::OtaFinished,
        LogLine::OtaFailed { error } => UartFact::OtaFailed { error },
    })
}

#[cfg(test)]
mod tests;
