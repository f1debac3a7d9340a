//! The ESP32-C3 as the driver's platform.

use core::cell::RefCell;
use core::fmt;

use embassy_net::IpAddress;
use embassy_net::dns::DnsQueryType;
use embassy_net::tcp::ConnectError;
use embassy_net::udp::{PacketMetadata, UdpSocket};
use esp_hal::peripherals::TIMG1;
use esp_hal::rng::Trng;
use esp_hal::timer::timg::Wdt;
use esp_storage::FlashStorage;
use firstpass_agent::{Event, NvsRead};
use firstpass_contract::logline::Level;
use firstpass_contract::nvs;
use firstpass_unit_driver::{DeviceNvs, LinkFailure, PartitionTable, Platform};

use crate::network::{Credentials, Network};
use crate::socket::Socket;
use crate::{console, events};

/// Datagrams that wait, and their bytes.
const DATAGRAMS: usize = 2;
const DATAGRAM_BYTES: usize = 256;

/// Flash, network, randomness and watchdog.
pub(crate) struct Board {
    flash: RefCell<FlashStorage<'static>>,
    network: Network,
    trng: Trng,
    watchdog: RefCell<Wdt<TIMG1<'static>>>,
}

impl Board {
    pub(crate) fn new(
        flash: RefCell<FlashStorage<'static>>,
        network: Network,
        trng: Trng,
        watchdog: Wdt<TIMG1<'static>>,
    ) -> Self {
        Self { flash, network, trng, watchdog: RefCell::new(watchdog) }
    }

    /// Tells the network the credentials that NVS holds.
    pub(crate) fn join(&self, table: &PartitionTable) {
        let credentials = DeviceNvs::mount(&self.flash, table).and_then(|mut nvs| {
            let mut text = |key| nvs.text(key).map(Option::unwrap_or_default);
            Ok(Credentials { ssid: text(nvs::WIFI_SSID)?, passphrase: text(nvs::WIFI_PASS)? })
        });
        self.network.join(credentials.unwrap_or_default());
    }

    async fn address(&self, host: &str) -> Result<IpAddress, LinkFailure> {
        let found = self.network.stack().dns_query(host, DnsQueryType::A).await;
        let found = found.map_err(|_| LinkFailure::unresolved(host))?;
        found.first().copied().ok_or_else(|| LinkFailure::unresolved(host))
    }
}

impl Platform for Board {
    type Stream = Socket;
    type Flash = FlashStorage<'static>;

    async fn next_event(&self) -> Event {
        events::next().await
    }

    async fn connect(&self, host: &str, port: u16) -> Result<Socket, LinkFailure> {
        let address = self.address(host).await?;
        let mut socket = Socket::new(self.network.stack());
        socket.connect((address, port)).await.map_err(|error| match error {
            ConnectError::ConnectionReset => LinkFailure::refused(),
            ConnectError::TimedOut => LinkFailure::timeout(),
            ConnectError::NoRoute | ConnectError::InvalidState => LinkFailure::unreachable(),
        })?;
        Ok(socket)
    }

    async fn exchange(&self, host: &str, port: u16, question: &[u8], answer: &mut [u8]) -> Result<usize, LinkFailure> {
        let address = self.address(host).await?;
        let (mut incoming, mut outgoing) = ([PacketMetadata::EMPTY; DATAGRAMS], [PacketMetadata::EMPTY; DATAGRAMS]);
        let (mut received, mut sent) = ([0; DATAGRAM_BYTES], [0; DATAGRAM_BYTES]);
        let stack = self.network.stack();
        let mut socket = UdpSocket::new(stack, &mut incoming, &mut received, &mut outgoing, &mut sent);
        socket.bind(0).map_err(|_| LinkFailure::unreachable())?;
        socket.send_to(question, (address, port)).await.map_err(|_| LinkFailure::unreachable())?;
        let (length, _) = socket.recv_from(answer).await.map_err(|_| LinkFailure::reset())?;
        Ok(length)
    }

    fn flash(&self) -> &RefCell<FlashStorage<'static>> {
        &self.flash
    }

    fn log(&self, level: Level, tag: &str, text: fmt::Arguments<'_>) {
        console::log(level, tag, text);
        #[cfg(feature = "marks")]
        crate::marks::print();
    }

    fn now_ms(&self) -> u64 {
        console::now_ms()
    }

    fn random(&self) -> u64 {
        u64::from(self.trng.random()) << 32 | u64::from(self.trng.random())
    }

    fn alive(&self) {
        self.watchdog.borrow_mut().feed();
    }
}
