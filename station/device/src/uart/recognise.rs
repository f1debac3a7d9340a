//! Recognises the lines of a unit's log that matter: those of the ROM, of ESP-IDF and of clients in the modules below,
//! those of the device contract through [`LogLine`]. Knows no stream.

mod boot;
mod client;
mod firmware;
mod network;
mod store;
mod tls;

use firstpass_contract::LogLine;
use firstpass_domain::evidence::UartFact;

/// Longest text of a line that a fact keeps, in characters.
const TEXT_MAX: usize = 240;
/// Lines of a back trace that are told for each boot.
const BACKTRACE_LINES_MAX: u8 = 3;
/// Troubles that are told in a row, without any progress between them; a unit in trouble may repeat itself for hours.
const TROUBLES_MAX: u16 = 64;

/// What has been seen so far.
#[derive(Debug, Default)]
pub(super) struct Recogniser {
    bytes_came: bool,
    /// The boot that began the capture is under way: its banner was read, or, if that was lost, what comes after it.
    booted: bool,
    /// A boot failure or panic is told once for each boot: a blank flash repeats its line for ever.
    failure_told: bool,
    brown_out_told: bool,
    backtrace_lines: u8,
    troubles: u16,
    client: client::Client,
}

impl Recogniser {
    /// To be called with what arrives: the first byte is a fact. A reset alone makes none, although its glitch on the
    /// line may be read as a break, which is a NUL, and lines may end before any text.
    pub(super) fn bytes_came(&mut self, bytes: &[u8]) -> Option<UartFact> {
        let said_something = bytes.iter().any(|byte| !matches!(byte, 0 | b'\r' | b'\n'));
        (said_something && !std::mem::replace(&mut self.bytes_came, true)).then_some(UartFact::FirstByte)
    }

    /// What `line` says: nothing, a fact, or a refusal with the delay that follows it.
    pub(super) fn line(&mut self, line: &str) -> Vec<UartFact> {
        if let Some(reason) = boot::reset_reason(line) {
            let again = std::mem::replace(&mut self.booted, true);
            *self = Self { bytes_came: self.bytes_came, booted: true, ..Self::default() };
            return again.then_some(UartFact::Restarted { reason }).into_iter().collect();
        }
        self.booted |= boot::is_after_banner(line);
        if let Some(line) = LogLine::parse(line) {
            return facts(line).into_iter().filter(|fact| self.is_news(fact)).collect();
        }
        self.other(line).into_iter().collect()
    }

    /// A line that is none of the contract's.
    fn other(&mut self, line: &str) -> Option<UartFact> {
        if boot::is_brown_out(line) {
            return first_time(&mut self.brown_out_told).then_some(UartFact::BrownOut);
        }
        if boot::is_panic(line) {
            return first_time(&mut self.failure_told).then(|| UartFact::Panicked { text: cut(line) });
        }
        if boot::is_backtrace(line) {
            self.backtrace_lines = self.backtrace_lines.saturating_add(1);
            let wanted = self.backtrace_lines <= BACKTRACE_LINES_MAX;
            return wanted.then(|| UartFact::Backtrace { text: cut(line) });
        }
        if boot::is_failure(line) {
            return first_time(&mut self.failure_told).then(|| UartFact::BootFailed { text: cut(line) });
        }
        let known = boot::progress(line).or_else(|| tls::read(line)).or_else(|| network::read(line));
        let known = known.or_else(|| store::read(line)).or_else(|| self.client.read(line));
        known.or_else(|| firmware::read(line)).filter(|fact| self.is_news(fact))
    }

    /// Trouble that repeats itself is no news any more; progress makes the next trouble news again.
    fn is_news(&mut self, fact: &UartFact) -> bool {
        if !is_repeatable_trouble(fact) {
            self.troubles = 0;
            return true;
        }
        self.troubles = self.troubles.saturating_add(1);
        self.troubles <= TROUBLES_MAX
    }
}

fn first_time(told: &mut bool) -> bool {
    !std::mem::replace(told, true)
}

/// Whether a unit may say so again and again, and the verdict needs it once.
const fn is_repeatable_trouble(fact: &UartFact) -> bool {
    matches!(
        fact,
        UartFact::WifiDisconnected { .. }
            | UartFact::DnsFailed { .. }
            | UartFact::TlsFailed { .. }
            | UartFact::NvsFailed { .. }
            | UartFact::ClientError { .. }
            | UartFact::FirmwareFault { .. }
            | UartFact::BackingOff { .. }
    )
}

/// The beginning of a text, which is all that a fact keeps of a long one.
fn cut(text: &str) -> String {
    text.trim_end().chars().take(TEXT_MAX).collect()
}

/// The facts that a line of the device contract is.
fn facts(line: LogLine) -> Vec<UartFact> {
    match line {
        LogLine::MqttRefused { refusal, backoff_ms } => {
            let delay = UartFact::BackingOff { delay_ms: backoff_ms.into() };
            let refused = UartFact::MqttRefused { code: refusal.code() };
            if backoff_ms == 0 { vec![refused] } else { vec![refused, delay] }
        }
        other => vec![fact(other)],
    }
}

fn fact(line: LogLine) -> UartFact {
    match line {
        LogLine::WifiRetry { attempt } => UartFact::WifiDisconnected { reason: network::reason_in(&attempt) },
        LogLine::WifiConnected { ip } => UartFact::NetworkUp { ip: ip.parse().ok() },
        LogLine::WifiFailed { text } => UartFact::NetworkFailed { text: cut(&text) },
        LogLine::ProvisionStarted { .. } => UartFact::ProvisionStarted,
        LogLine::ProvisionSkipped => UartFact::ProvisionSkipped,
        LogLine::ProvisionImpossible => UartFact::ProvisionImpossible,
        LogLine::ProvisionRefused { status } => UartFact::ProvisionRefused { status },
        LogLine::ProvisionTransport { error } => UartFact::ProvisionTransport { error: cut(&error) },
        LogLine::ProvisionUnreadable => UartFact::ProvisionUnreadable,
        LogLine::ProvisionBackingOff { delay_ms, .. } => UartFact::BackingOff { delay_ms },
        LogLine::Provisioned { username, .. } => UartFact::Provisioned { username },
        LogLine::InitComplete { device_id, .. } => UartFact::InitComplete { device_id },
        LogLine::MqttConnected => UartFact::MqttConnected,
        LogLine::MqttRefused { refusal, .. } => UartFact::MqttRefused { code: refusal.code() },
        LogLine::MqttError { text } => UartFact::MqttError { text: cut(&text) },
        LogLine::OtaSkipped => UartFact::OtaSkipped,
        LogLine::OtaStarted { .. } => UartFact::OtaStarted,
        LogLine::OtaFinished => UartFact::OtaFinished,
        LogLine::OtaFailed { error } => UartFact::OtaFailed { error: cut(&error) },
    }
}

#[cfg(test)]
mod tests;
