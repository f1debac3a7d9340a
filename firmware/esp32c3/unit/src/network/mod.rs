//! The unit's network: a stack with an address from DHCP, over Wi-Fi or over the emulator's Ethernet.

#[cfg(feature = "qemu")]
mod ethernet;
#[cfg(feature = "qemu")]
mod open_eth;
#[cfg(feature = "wifi")]
mod wifi;

use alloc::format;
use alloc::string::String;

use embassy_net::{Runner, Stack, StackResources};
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, with_timeout};
use esp_hal::rng::Rng;
use firstpass_agent::Event;
use firstpass_contract::logline::Level;
use static_cell::StaticCell;

use crate::{console, events};

#[cfg(feature = "qemu")]
pub(crate) use ethernet::start;
#[cfg(feature = "wifi")]
pub(crate) use wifi::start;

const TAG: &str = "iotmer_wifi";

/// DHCP, DNS, a time server, HTTPS, the broker, and two that say goodbye.
const SOCKETS_MAX: usize = 7;
/// How long an address is waited for.
const ADDRESS_TIMEOUT: Duration = Duration::from_secs(10);

static JOIN: Signal<CriticalSectionRawMutex, Credentials> = Signal::new();
static RESOURCES: StaticCell<StackResources<SOCKETS_MAX>> = StaticCell::new();

/// Name and passphrase of a Wi-Fi network.
#[derive(Default)]
#[cfg_attr(feature = "qemu", expect(dead_code, reason = "the emulator's Ethernet needs neither"))]
pub(crate) struct Credentials {
    pub(crate) ssid: String,
    pub(crate) passphrase: String,
}

/// A handle to the network.
pub(crate) struct Network {
    stack: Stack<'static>,
}

impl Network {
    pub(crate) fn stack(&self) -> Stack<'static> {
        self.stack
    }

    /// Begins to join.
    pub(crate) fn join(&self, credentials: Credentials) {
        JOIN.signal(credentials);
    }
}

fn stack_over<D: embassy_net::driver::Driver>(driver: D) -> (Stack<'static>, Runner<'static, D>) {
    let rng = Rng::new();
    let seed = u64::from(rng.random()) << 32 | u64::from(rng.random());
    let config = embassy_net::Config::dhcpv4(embassy_net::DhcpConfig::default());
    embassy_net::new(driver, config, RESOURCES.init(StackResources::new()), seed)
}

/// Waits for an address and tells of it; `false`: none came in time.
async fn get_address(stack: Stack<'static>) -> bool {
    if with_timeout(ADDRESS_TIMEOUT, stack.wait_config_up()).await.is_err() {
        let text = format_args!("WiFi connect timed out after {} ms", ADDRESS_TIMEOUT.as_millis());
        console::log(Level::Error, TAG, text);
        return false;
    }
    if let Some(config) = stack.config_v4() {
        events::tell(Event::NetworkUp { ip: format!("{}", config.address.address()) }).await;
    }
    true
}
