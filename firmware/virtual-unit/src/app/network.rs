//! The unit's network: the host's, unless the unit is told what is wrong with it. Knows nothing of sockets.
//!
//! Lines of the driver as ESP-IDF prints them; reasons from its `wifi_err_reason_t`.

use std::future::pending;
use std::net::Ipv4Addr;
use std::time::Duration;

use firstpass_agent::Event;
use tokio::time::Instant;

use crate::{Console, Fault, Faults, Level};

const TAG: &str = "iotmer_wifi";

/// How long joining takes.
const JOIN: Duration = Duration::from_millis(20);

/// Pause between two attempts to join.
const RETRY: Duration = Duration::from_millis(500);

/// Attempts after the first before the unit gives up.
const RETRIES_MAX: u16 = 5;

/// How long an address is waited for.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(10);

/// The address that a unit has on the host's loopback unless it is given one.
const ADDRESS: Ipv4Addr = Ipv4Addr::LOCALHOST;

const NO_AP_FOUND: u16 = 201;
const FOUR_WAY_HANDSHAKE_TIMEOUT: u16 = 15;
const HANDSHAKE_TIMEOUT: u16 = 204;

/// Joins once per boot.
#[derive(Debug)]
pub(super) struct Network {
    faults: Faults,
    console: Console,
    ip: Ipv4Addr,
    step: Step,
    retries: u16,
}

/// What is waited for.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// An attempt to join, until then.
    Join(Instant),
    /// An address, until then.
    Address(Instant),
    /// Nothing: the unit has a network, or has given up.
    Nothing,
}

/// What is wrong with the network.
enum Trouble {
    Unknown,
    NotFound,
    Refused,
    NoAddress,
}

impl Network {
    /// `delay`: how much longer than usual joining takes.
    pub(super) fn new(faults: Faults, console: Console, ip: Option<Ipv4Addr>, delay: Duration) -> Self {
        let step = Step::Join(Instant::now() + JOIN + delay);
        Self { faults, console, ip: ip.unwrap_or(ADDRESS), step, retries: 0 }
    }

    /// The next thing that happens to the network.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            match self.step {
                Step::Join(ends_at) => {
                    tokio::time::sleep_until(ends_at).await;
                    if let Some(event) = self.joined() {
                        return event;
                    }
                }
                Step::Address(ends_at) => {
                    tokio::time::sleep_until(ends_at).await;
                    let text = format_args!("WiFi connect timed out after {} ms", ADDRESS_TIMEOUT.as_millis());
                    self.console.log(Level::Error, TAG, text);
                    self.step = Step::Nothing;
                }
                Step::Nothing => return pending().await,
            }
        }
    }

    /// An attempt has ended.
    fn joined(&mut self) -> Option<Event> {
        match self.trouble() {
            None => {
                self.step = Step::Nothing;
                return Some(Event::NetworkUp { ip: self.ip.to_string() });
            }
            Some(Trouble::NoAddress) => {
                self.associate();
                let text = "connected with line, aid = 1, channel 6, BW20, bssid = 02:00:5e:10:00:01";
                self.console.driver(Level::Info, text);
                self.step = Step::Address(Instant::now() + ADDRESS_TIMEOUT);
                return None;
            }
            Some(Trouble::Refused) => {
                let reason = [FOUR_WAY_HANDSHAKE_TIMEOUT, HANDSHAKE_TIMEOUT][usize::from(self.retries % 2)];
                self.associate();
                self.console.driver(Level::Info, format_args!("state: run -> init ({:#x})", reason << 8));
                self.left(reason);
            }
            Some(Trouble::NotFound) => self.left(NO_AP_FOUND),
            Some(Trouble::Unknown) => {}
        }
        if self.retries == RETRIES_MAX {
            self.step = Step::Nothing;
            return Some(Event::NetworkFailed { attempts: RETRIES_MAX });
        }
        self.retries += 1;
        self.step = Step::Join(Instant::now() + RETRY);
        Some(Event::NetworkRetry { attempt: self.retries, attempts_max: RETRIES_MAX })
    }

    fn associate(&self) {
        for state in ["init -> auth (0xb0)", "auth -> assoc (0x0)", "assoc -> run (0x10)"] {
            self.console.driver(Level::Info, format_args!("state: {state}"));
        }
    }

    fn left(&self, reason: u16) {
        self.console.log(Level::Warning, TAG, format_args!("disconnected from the access point, reason={reason}"));
    }

    fn trouble(&self) -> Option<Trouble> {
        self.faults.find(|fault| match fault {
            Fault::NoNetwork => Some(Trouble::Unknown),
            Fault::WifiNotFound => Some(Trouble::NotFound),
            Fault::WifiWrongPassword => Some(Trouble::Refused),
            Fault::DhcpSilent => Some(Trouble::NoAddress),
            _ => None,
        })
    }
}
